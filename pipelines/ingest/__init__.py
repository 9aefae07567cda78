"""Ingest: files in the landing folder become typed raw tables, and every row is accounted for.

Belongs here: the way from bytes to ``raw.*``, and the record of it in ``landing.*``. Does not belong here: facts about
one system (``pipelines.sources``), and what is built from the rows (``sql/``).

The modules in the order in which a file meets them: ``files`` lists it. ``unpack`` makes its bytes readable, with
``archives`` for packed files, ``tables_in_files`` for workbooks, Avro and databases, and ``salvage_json`` and
``salvage_csv`` for broken text. ``shapes`` finds its records; ``names`` and ``values`` its fields.
``load`` writes them. ``merge``, or ``page_sets`` for rows without an identity, decides which version of a row stays.
``run`` calls all of them in order.
"""

from pipelines.ingest.dispositions import load_dispositions
from pipelines.ingest.files import note_unread
from pipelines.ingest.run import IngestError, IngestResult, ingest

__all__ = ["IngestError", "IngestResult", "ingest", "load_dispositions", "note_unread"]
