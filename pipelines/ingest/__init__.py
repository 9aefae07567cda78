"""Ingest: files that people drop into the landing folder become typed raw tables, and every row is accounted for.

Belongs here: the way from bytes to ``raw.*``, and the books kept of it in ``landing.*``. Does not belong here: facts
about one system (``pipelines.sources``) and what is made of the rows (``sql/``).

The parts, in the order in which a file meets them: ``files`` finds it, ``unpack`` makes its bytes readable,
``shapes`` its records, ``names`` and ``values`` its fields, ``load`` writes them, ``merge`` (or ``page_sets``, for rows
without an identity) decides which version stays. ``assets`` shows all of it to Dagster, of which the rest knows nothing.
"""

from pipelines.ingest.dispositions import load_dispositions
from pipelines.ingest.files import note_unread
from pipelines.ingest.run import IngestError, IngestResult, ingest

__all__ = ["IngestError", "IngestResult", "ingest", "load_dispositions", "note_unread"]
