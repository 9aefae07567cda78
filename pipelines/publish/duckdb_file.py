"""The published file: which tables of the warehouse it holds, with which types, comments and order.

Belongs here: writing that file, whole or by updating a copy of the last one. Does not belong here: when and how it is
put in force (``publish.release``).

The next file starts as a copy of the last release's file. Unchanged tables stay as they are. If a table's changed keys
are known, only their rows are replaced. Every other table is written whole. Replaced rows lie behind the sorted ones;
once they are a tenth of a table, the table is written whole, in its order. Each table can be copied as soon as it is
built, while other tables are still being built.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import duckdb

from pipelines.errors import LedgerError
from pipelines.models.incremental import changed_constants, set_constants
from pipelines.models.sql_files import HASH_COLUMN, SQL_ROOT, Model
from pipelines.models.versions import RAW, Change, change_of, changed_rows, version_of
from pipelines.publish import personal_data
from pipelines.sources import COMMON_FIELDS, RESOURCES
from pipelines.sql_text import literal, quoted, transaction

STORAGE_VERSION = "v1.2.0"
"""The oldest DuckDB that opens the published file."""

_MACROS = SQL_ROOT / "macros.sql"
_UNSORTED_SHARE = 0.1
"""The largest share of a table's rows that may lie behind the sorted ones (0 to 1)."""
_PART_ROWS = 1_500_000
"""A large table is written in parts of so many rows, which takes about 1 GB. Half as many rows take a fifth longer."""
_MOST_GROUPS = 10_000
"""A table is cut by its first two columns only if they have at most so many different pairs of values."""


class PublicationError(LedgerError):
    """The published file is wrong, so it was not put in force."""


class RowsDifferError(PublicationError):
    """A published table has another number of rows than the table in the warehouse."""

    def __init__(self, table: str, expected: int, found: int) -> None:
        super().__init__(
            f"{expected} rows in the warehouse, {found} in the published file",
            where=table,
            cure="run again; report it if it happens twice",
        )


class UncommentedError(PublicationError):
    """Columns of published tables (``schema.table.column``) have no comment."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(
            f"columns without a comment: {', '.join(columns)}",
            cure="describe them in their tables' SQL files",
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: how it is named, sorted and described.

    ``name`` is ``schema.table``. ``order`` is its ORDER BY. ``key`` is the column by which changed rows are found; None
    if there is none. ``hashed``: the key is a hidden column, the hash of this SQL expression over the published columns.
    ``constant``: the columns that have one value in all rows. ``columns``: column → comment. ``is_hidden``: True if
    personal data is hidden.
    """

    name: str
    order: str
    key: str | None
    hashed: str | None
    constant: tuple[str, ...]
    comment: str
    columns: Mapping[str, str]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """A table in the last release: how it was written, its fingerprint, and how many rows are out of order."""

    shape: str
    version: str
    unsorted: int


def published_tables(models: Mapping[str, Model], *, is_hidden: bool = False) -> list[Table]:
    """Return every table of the published file: the raw tables, then the tables of SQL files that are not intermediate.

    ``is_hidden``: True if personal data is hidden.
    """

    def described(table: str, columns: Mapping[str, str]) -> dict[str, str]:
        return {
            name: personal_data.comment(table, name, text, is_hidden=is_hidden)
            for name, text in columns.items()
        }

    raw = [
        Table(
            name=f"raw.{resource.table}",
            order=", ".join(quoted(column) for column in resource.key),
            # Without a time of change, a row's key can change when rows beside it do.
            key=resource.own_key[0] if resource.version and len(resource.own_key) == 1 else None,
            hashed=None,
            constant=(),
            comment=resource.description,
            columns=described(
                f"raw.{resource.table}",
                {field.name: field.description for field in (*resource.fields, *COMMON_FIELDS)},
            ),
            is_hidden=is_hidden,
        )
        for resource in RESOURCES
    ]
    built = [
        Table(
            name=model.table,
            order=model.order,
            key=model.incremental.column if model.incremental else None,
            hashed=model.incremental.expression
            if model.incremental and model.incremental.is_hashed
            else None,
            constant=model.constant,
            comment=model.description,
            columns=described(model.table, model.columns),
            is_hidden=is_hidden,
        )
        for model in models.values()
        if not model.internal
    ]
    return raw + built


class DuckDBDraft:
    """The next published file, which a thread writes on its own connection.

    It starts as a copy of the file in ``last``, the folder of a release; None starts an empty file. Errors of the thread
    are raised by ``close``. Call ``discard`` at the end: until then the file is attached as ``published``, and no other
    draft can be made.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, path: Path, models: Mapping[str, Model], last: Path | None
    ) -> None:
        self.path = path
        self._con = con.cursor()
        self._last = last
        self._tables = {
            table.name: table for table in published_tables(models, is_hidden=personal_data.is_hidden(con))
        }
        self._held: dict[str, _Held] = {}
        self._is_attached = self._is_closed = False
        self.is_open = True
        """True until the first call of ``close`` or ``discard``."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="draft")
        self._tasks: list[Future[None]] = [self._thread.submit(self._begin)]

    def add(self, table: str) -> None:
        """Queue a table (``schema.name``) for copying. Tables that are not published are ignored."""
        if table in self._tables:
            self._tasks.append(self._thread.submit(self._add, self._tables[table]))

    def close(self) -> Future[dict[str, int]]:
        """Copy the remaining tables and close the file. Can be called once.

        Returns a future: rows by ``schema.table`` once the file has been read back, or PublicationError if a table
        differs from the warehouse's. Others may read the file meanwhile.
        """
        self.is_open = False
        for task in self._tasks:
            task.result()
        self._close()
        return self._thread.submit(self._read_back)

    def discard(self) -> None:
        """Release the file, closed or not. A second call does nothing."""
        if self._is_closed:
            return
        self.is_open, self._is_closed = False, True
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._con.interrupt()
        self._thread.shutdown(wait=True)
        self._detach()
        self._con.close()

    def _begin(self) -> None:
        if self._last is not None:
            self._held = _held(self._con, self._last.name)
        if self._last is not None and self._held:
            shutil.copyfile(self._last / self.path.name, self.path)
            with self.path.open("rb") as copied:
                os.fsync(copied.fileno())  # the next flush then waits only for what changes from here on
        self._attach()

    def _add(self, table: Table) -> None:
        shape, held = _shape(self._con, table), self._held.get(table.name)
        if held is not None and held.shape == shape:  # otherwise ``close`` writes a new file
            self._held[table.name] = _write(self._con, table, shape, held)
            self._con.execute("CHECKPOINT published")

    def _close(self) -> None:
        tables = list(self._tables.values())
        shapes = {table.name: _shape(self._con, table) for table in tables}
        if {name: known.shape for name, known in self._held.items()} != shapes:
            self._begin_anew(tables)
        for table in tables:
            self._held[table.name] = _write(self._con, table, shapes[table.name], self._held.get(table.name))
        self._con.execute("CHECKPOINT published")
        self._detach()

    def _read_back(self) -> dict[str, int]:
        rows = _verify(self._con, self.path, list(self._tables.values()))
        _remember(self._con, self.path.parent.name, self._last.name if self._last else None, self._held)
        return rows

    def _begin_anew(self, tables: list[Table]) -> None:
        self._detach()
        self.path.unlink(missing_ok=True)
        self._held = {}
        self._attach()
        for schema in dict.fromkeys(table.name.partition(".")[0] for table in tables):
            self._con.execute(f"CREATE SCHEMA published.{schema}")
        with _database(self._con, "published"):
            self._con.execute(_MACROS.read_text(encoding="utf-8"))

    def _attach(self) -> None:
        version = literal(STORAGE_VERSION)
        self._con.execute(f"ATTACH {literal(str(self.path))} AS published (STORAGE_VERSION {version})")
        self._is_attached = True

    def _detach(self) -> None:
        if self._is_attached:
            self._con.execute("DETACH published")
            self._is_attached = False


def write_database(
    con: duckdb.DuckDBPyConnection, path: Path, models: Mapping[str, Model], last: Path | None = None
) -> dict[str, int]:
    """Write the published file to ``path``, from a copy of the file in ``last``, the folder of a release, if one is given.

    Returns rows by ``schema.table``. Ids are text in the published file. Raises PublicationError if a table differs from
    the warehouse's.
    """
    draft = DuckDBDraft(con, path, models, last)
    try:
        return draft.close().result()
    finally:
        draft.discard()


def _write(con: duckdb.DuckDBPyConnection, table: Table, shape: str, held: _Held | None) -> _Held:
    """Make one table of the attached file equal to the warehouse's, and write as little as possible."""
    version = version_of(con, table.name)
    if held is not None and held.version == version:
        return held
    change = _change(con, table, held.version, version) if held and table.key else None
    if held is not None and change is not None:
        replaced = _replace(con, table, change)
        total = con.sql(f"SELECT count(*) FROM {table.name}").fetchall()[0][0]
        if held.unsorted + replaced <= _UNSORTED_SHARE * total:
            return _Held(shape, version, held.unsorted + replaced)
    _write_whole(con, table)
    return _Held(shape, version, 0)


def _change(con: duckdb.DuckDBPyConnection, table: Table, before: str, after: str) -> Change | None:
    """Return the keys under which the table differs from the last release's; None if they are not known."""
    if table.name in RAW:
        keys = changed_rows(RAW[table.name], before)
        return Change(keys) if keys is not None else None
    return change_of(con, table.name, before, after)


def _write_whole(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    begin, go_on = (f"{verb} published.{table.name}" for verb in ("CREATE OR REPLACE TABLE", "INSERT INTO"))
    selected = _selected(con, table)
    if table.is_hidden:  # sorted by the published values: the order must not reveal the hidden ones
        con.execute(f"{begin} AS SELECT {selected} FROM {table.name} ORDER BY {table.order}")
    else:
        # Sorted as ids, which take a third of the space of their text. In parts, as a statement keeps its rows to its end.
        for number, part in enumerate(_parts(con, table)):
            rows = f"SELECT * FROM {table.name} WHERE {part} ORDER BY {table.order}"
            con.execute(f"{go_on if number else f'{begin} AS'} SELECT {selected} FROM ({rows})")
    con.execute(f"COMMENT ON TABLE published.{table.name} IS {literal(table.comment)}")
    for column, text in table.columns.items():
        con.execute(f"COMMENT ON COLUMN published.{table.name}.{quoted(column)} IS {literal(text)}")


def _parts(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Return conditions that cut a large table into parts, in its order; one condition if it cannot be cut.

    They are plain comparisons, which DuckDB applies while it scans.
    """
    first, *further = (column.strip() for column in table.order.split(","))
    kinds = {name: kind for name, kind, *_ in con.sql(f"DESCRIBE {table.name}").fetchall()}
    rows, known = con.sql(f"SELECT count(*), count({first}) FROM {table.name}").fetchall()[0]
    number = -(-rows // _PART_ROWS)
    if number < 2:
        return ["TRUE"]
    if kinds.get(first.strip('"')) == "UUID":
        ids = [f"CAST('{uuid.UUID(int=(i << 128) // number)}' AS UUID)" for i in range(1, number)]
        return [*_between(first, ids), *([f"{first} IS NULL"] if known < rows else [])]
    if further and kinds.get(first) == kinds.get(further[0]) == "VARCHAR":
        return list(_groups(con, table, first, further[0])) or ["TRUE"]
    return ["TRUE"]


def _groups(con: duckdb.DuckDBPyConnection, table: Table, first: str, second: str) -> Iterator[str]:
    """Parts along two columns of text, of a table that has many rows for each pair of them; none where it has not."""
    found = con.sql(
        f"SELECT {first}, {second}, count(*) FROM {table.name} GROUP BY ALL ORDER BY ALL LIMIT {_MOST_GROUPS + 1}"
    ).fetchall()
    if len(found) > _MOST_GROUPS or any(one is None or other is None for one, other, _ in found):
        return
    for value, pairs in groupby(found, key=lambda pair: pair[0]):
        starts, rows = [], 0
        for _, other, number in pairs:
            if rows and rows + number > _PART_ROWS:
                starts.append(literal(other))
                rows = 0
            rows += number
        yield from (f"{first} = {literal(value)} AND {part}" for part in _between(second, starts))


def _between(column: str, starts: Sequence[str]) -> list[str]:
    """Return conditions that cut a column's values at each of ``starts``: before the first, …, from the last on."""
    if not starts:
        return ["TRUE"]
    inner = [f"{column} >= {start} AND {column} < {end}" for start, end in pairwise(starts)]
    return [f"{column} < {starts[0]}", *inner, f"{column} >= {starts[-1]}"]


def _replace(con: duckdb.DuckDBPyConnection, table: Table, change: Change) -> int:
    """Replace the published rows of the changed keys. Returns the number of rows written."""
    key = quoted(table.key or "")
    if table.hashed is not None:
        keys, own = f"SELECT key FROM ({change.keys})", f"hash({table.hashed})"
    else:
        keys, own = f"SELECT CAST(key AS VARCHAR) AS key FROM ({change.keys})", f"CAST(t.{key} AS VARCHAR)"
    con.execute(
        f"DELETE FROM published.{table.name} AS t "
        f"WHERE EXISTS (SELECT 1 FROM ({keys}) AS k WHERE k.key IS NOT DISTINCT FROM {own})"
    )
    published = f"published.{table.name}"
    set_constants(con, changed_constants(con, table.constant, table.name, published), published)
    # The rows are found by the key's column, then fetched by rowid: of the other columns only these rows are read.
    rows = change.added or (
        f"{table.name} WHERE rowid IN (SELECT t.rowid FROM {table.name} AS t "
        f"WHERE EXISTS (SELECT 1 FROM ({change.keys}) AS k WHERE k.key IS NOT DISTINCT FROM t.{key}))"
    )
    added = con.execute(f"INSERT INTO published.{table.name} SELECT {_selected(con, table)} FROM {rows}")
    return int(added.fetchall()[0][0])


def _selected(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Return the SELECT list that turns a warehouse table into the published one."""
    secret = personal_data.contents(table.name) if table.is_hidden else {}

    def value(name: str, kind: str) -> str:
        if name in secret:
            return f"{personal_data.hidden(table.name, name)} AS {quoted(name)}"
        is_text = kind == "UUID" or kind.startswith("ENUM")
        return f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" if is_text else quoted(name)

    return ", ".join(
        value(name, kind)
        for name, kind, *_ in con.sql(f"DESCRIBE {table.name}").fetchall()
        if name != HASH_COLUMN
    )


def _shape(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Return a hash of everything that decides how the table is written, its rows aside."""
    parts = (table, _selected(con, table), _MACROS.read_text(encoding="utf-8"), STORAGE_VERSION)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _held(con: duckdb.DuckDBPyConnection, release: str) -> dict[str, _Held]:
    found = con.execute(
        "SELECT table_name, shape, version, unsorted FROM landing.published_tables WHERE release = ?",
        [release],
    ).fetchall()
    return {name: _Held(shape, version, unsorted) for name, shape, version, unsorted in found}


def _remember(
    con: duckdb.DuckDBPyConnection, release: str, last: str | None, written: Mapping[str, _Held]
) -> None:
    """Record what this release holds. What the last release holds is kept, because this one is not in force yet."""
    with transaction(con):
        con.execute("DELETE FROM landing.published_tables WHERE release IS DISTINCT FROM ?", [last])
        con.executemany(
            "INSERT INTO landing.published_tables VALUES (?, ?, ?, ?, ?)",
            [[release, name, held.shape, held.version, held.unsorted] for name, held in written.items()],
        )


@contextmanager
def _database(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    before = con.sql("SELECT current_database()").fetchall()[0][0]
    con.execute(f"USE {name}")
    try:
        yield
    finally:
        con.execute(f"USE {quoted(before)}")


def _verify(con: duckdb.DuckDBPyConnection, path: Path, tables: list[Table]) -> dict[str, int]:
    """Open the closed file as an analyst would. Returns rows by ``schema.table``.

    Raises RowsDifferError if a table has another number of rows than in the warehouse, and UncommentedError if a column
    has no comment.
    """
    con.execute(f"ATTACH {literal(str(path))} AS published (READ_ONLY)")
    try:
        rows = {}
        for table in tables:
            found = con.sql(f"SELECT count(*) FROM published.{table.name}").fetchall()[0][0]
            there = con.sql(f"SELECT count(*) FROM {table.name}").fetchall()[0][0]
            if found != there:
                raise RowsDifferError(table.name, expected=there, found=found)
            rows[table.name] = found
        bare = con.sql(
            "SELECT schema_name || '.' || table_name || '.' || column_name FROM duckdb_columns() "
            "WHERE database_name = 'published' AND NOT internal AND coalesce(comment, '') = ''"
        ).fetchall()
        if bare:
            raise UncommentedError([row[0] for row in bare])
    finally:
        con.execute("DETACH published")
    return rows
