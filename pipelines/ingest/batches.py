"""What the readers of a batch have in common: the batch itself, what a survey finds in it, and its relation of records.

Belongs here: these three, and how one statement reads several files. Does not belong here: any format (``shapes``,
``flat_files``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.ingest.names import Column
from pipelines.ingest.unpack import Note, Unpacked


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one format, read by one statement, in order: their landing file ids, and what their paths say.

    That is the owner of a page, and the values of fields in folders named ``key=value``.
    """

    files: tuple[Unpacked, ...]
    ids: tuple[int, ...]
    owners: tuple[str | None, ...]
    folders: tuple[Mapping[str, str], ...]

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> Batch:
        """Several batches of one format as one."""
        return cls(
            tuple(file for batch in batches for file in batch.files),
            tuple(number for batch in batches for number in batch.ids),
            tuple(owner for batch in batches for owner in batch.owners),
            tuple(folder for batch in batches for folder in batch.folders),
        )

    @property
    def format(self) -> str:
        """The format of all its files."""
        return self.files[0].format

    @property
    def kind(self) -> tuple[object, ...]:
        """What the files of a batch have in common."""
        first = self.files[0]
        return first.format, first.delimiter, first.header, first.has_header, first.has_markers

    @property
    def paths(self) -> list[str]:
        """The paths of its files, in order."""
        return [file.path for file in self.files]

    def only(self, chosen: Sequence[int]) -> Batch:
        """The batch of the files at these places."""
        return Batch(
            tuple(self.files[i] for i in chosen),
            tuple(self.ids[i] for i in chosen),
            tuple(self.owners[i] for i in chosen),
            tuple(self.folders[i] for i in chosen),
        )

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches, each with half of the files."""
        middle = len(self.files) // 2
        return self.only(range(middle)), self.only(range(middle, len(self.files)))


@dataclass(slots=True)
class Survey:
    """The rows, shapes and columns of a batch: by file (its index), columns with the number of rows that have them."""

    rows: Counter[int] = field(default_factory=Counter)
    shapes: dict[int, set[str]] = field(default_factory=dict)
    columns: Counter[tuple[int, Column]] = field(default_factory=Counter)
    types: dict[str, str] = field(default_factory=dict)
    """The DuckDB types of a Parquet file's columns, by place; bytes are ``BLOB``."""
    names: tuple[str, ...] = ()
    """The names of all columns of a flat file, in order."""
    flat: list[Column] = field(default_factory=list)
    """The columns of a flat file, in order; of several with one name, the first."""
    wrapped: bool = False
    """True if a document is more than a plain record."""
    list_in: str = ""
    """The member that lists the records, if every document is a plain list page; else empty."""
    nulls: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    """By column of a flat file (its place) and file: the words that stand for null."""
    floats: dict[str, list[int]] = field(default_factory=dict)
    """By column of a flat file that holds ids as texts (its place): the files that write them as floats, ``8.0``."""
    notes: list[tuple[int, Note]] = field(default_factory=list)
    """What a reader of a file should know, by the file's index."""
    repeated: Counter[tuple[int, str]] = field(default_factory=Counter)
    """By file and field (or name): the records that tell it twice, by two names or by one name that stands twice."""
    repeated_places: set[str] = field(default_factory=set)
    """The places of the names that stand twice in one record. A path leads to the first of them alone."""
    events: set[int] = field(default_factory=set)
    """The files in which a record is an event that may carry only a part of its row."""
    versions: bool = False
    """True if the file tells versions of a Singer stream: what the active version lacks was deleted."""
    changed_by_loader: bool = False
    """True if a loading tool may say of a row that it changed a value (``_airbyte_meta``)."""
    docs: str = ""
    """SQL for the document in a row of a flat file, if its columns hold documents (``_airbyte_data``, ``attributes``)."""

    @property
    def flat_at(self) -> dict[str, Column]:
        """The columns of a flat file by their place."""
        return {column.where: column for column in self.flat}

    def add(self, file: int, shape: str, rows: int, columns: Iterable[Column]) -> None:
        """Count ``rows`` records of one shape, each with these columns."""
        self.rows[file] += rows
        self.shapes.setdefault(file, set()).add(shape)
        for column in set(columns):
            self.columns[file, column] += rows


@dataclass(frozen=True, slots=True)
class Records:
    """A relation with one row a record. Beside the record's own columns it has columns about the record.

    Those are ``in_file`` (the file's index), ``in_status`` (a reason to reject it, or null), ``in_detail`` (more about
    that reason, in our words), ``in_value`` (more about it in a library's words, which may quote the file), ``in_page``
    (ordinal of its document), ``in_item`` (its place in the document), and what the document around it says
    (``in_owner``, ``in_total``, ``in_skip``; of an event ``in_event``, what it carries, and ``in_at``, when it was told;
    ``in_version``, the version of its Singer stream).

    By a column's place, ``text`` is SQL for its text, and ``json`` is SQL for its value as JSON. ``structs`` are the
    places of columns that are structs already. ``record`` is SQL for the record as it came. ``not_utf8`` is SQL, true if the
    bytes of a column are to be a text and are none; only columns that may hold bytes have it.
    """

    sql: str
    parameters: dict[str, Any]
    text: dict[str, str]
    json: dict[str, str]
    structs: frozenset[str]
    record: str
    not_utf8: dict[str, str] = field(default_factory=dict)


class Doubtful(Exception):
    """DuckDB reads the CSV file, but may take other values from it than are meant: it has to be salvaged."""


class Refused(Exception):
    """A file whose rows are not to be taken: the reason in a word, and the message in a sentence that quotes nothing."""

    def __init__(self, reason: str, detail: str, value: str | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.value = value


def scan(batch: Batch, reader: str, columns: str, apart: bool) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for a batch's files, with ``f``, the file's index. ``reader`` is a call with {} for the files.

    ``apart``: read each file by a scan of its own. A scan over several files may silently drop rows that it cannot read
    (seen with DuckDB 2.0 on more than one thread); a scan over one file raises. So files are surveyed apart. Once all
    are known to be whole they are read together, which plans faster.
    """
    if apart and len(batch.files) > 1:
        scans = [
            f"SELECT {i} AS f, {columns} FROM {reader.format(f'$file{i}')}" for i in range(len(batch.files))
        ]
        return " UNION ALL ".join(scans), {f"file{i}": [path] for i, path in enumerate(batch.paths)}
    index = "CAST(file_index AS INTEGER)" if len(batch.files) > 1 else "0"
    return f"SELECT {index} AS f, {columns} FROM {reader.format('$files')}", {"files": batch.paths}


UNWRAPPED = (
    "CAST(NULL AS VARCHAR) AS in_owner, CAST(NULL AS BIGINT) AS in_total, CAST(NULL AS BIGINT) AS in_skip, "
    "0 AS in_page, CAST(NULL AS JSON) AS in_meta, CAST(NULL AS VARCHAR) AS in_event, "
    "CAST(NULL AS VARCHAR) AS in_at, CAST(NULL AS BIGINT) AS in_version"
)


NO_DETAIL = f"CAST(NULL AS VARCHAR) AS in_detail, CAST(NULL AS VARCHAR) AS in_value, {UNWRAPPED}"

NO_WRAPPER = f"CAST(NULL AS VARCHAR) AS in_status, {NO_DETAIL}"
