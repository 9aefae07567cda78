"""Ingest: files in the landing folder become typed raw tables, and every row is accounted for.

Belongs here: the way from bytes to ``raw.*``, and the record of it in ``landing.*``. Does not belong here: facts about
one system (``pipelines.sources``), and what is built from the rows (``sql/``).

The modules in the order in which a file meets them: ``files`` lists it. ``unpack`` makes its bytes readable, with
``archives`` for packed files and ``tables_in_files`` for workbooks, Avro and databases. ``csv_text`` tells how a CSV
file is written, and ``column_names`` the names that a user gives its columns. ``salvage_json``, ``salvage_csv`` and
``salvage_parquet`` take what can be read out of broken files. ``shapes`` finds the records, with ``flat_files`` and
``null_words`` for CSV and Parquet, and ``batches`` for what these have in common; ``names`` and ``values`` their
fields. ``load`` writes them. ``merge`` decides which version of a row stays, with ``parts`` for events that carry
only what changed and ``sightings`` for rows of which a file tells that they ended; ``page_sets`` does so for rows
without an identity. ``changes`` notes which targets are no longer what they were. ``run`` calls all of them in order.
"""

from pipelines.ingest.contact_rules import load_contact_rules
from pipelines.ingest.dispositions import load_dispositions
from pipelines.ingest.files import note_unread
from pipelines.ingest.purposes import load_purposes
from pipelines.ingest.reference import load_reference
from pipelines.ingest.run import IngestError, IngestResult, ingest

__all__ = [
    "IngestError",
    "IngestResult",
    "ingest",
    "load_contact_rules",
    "load_dispositions",
    "load_purposes",
    "load_reference",
    "note_unread",
]
