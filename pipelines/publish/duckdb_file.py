"""The published DuckDB file: what of the warehouse is in it, under which types, comments and order.

Belongs here: writing that file, whole or by bringing a copy of the last one up to date. Does not belong here: when and
how it is put in place (``publish.release``).

A copy of the last release's file is where the next one starts: tables that are the same stay as they are, tables of
which only some keys' rows have changed get those rows, and only the rest is written again. Rows that come so lie behind
the sorted ones; once they are a tenth of a table, it is written again in its order. Each table can be brought up to
date as soon as it is built, while others still are.
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
from pipelines.sources import BOOK_FIELDS, RESOURCES
from pipelines.sql_text import literal, quoted, transaction

STORAGE_VERSION = "v1.2.0"
"""The oldest DuckDB that opens the published file."""

_MACROS = SQL_ROOT / "macros.sql"
_UNSORTED_SHARE = 0.1
_PART_ROWS = 1_500_000
"""Of a large table so many rows are written at a time, which takes a gigabyte or so. Half as many take a fifth longer."""
_MOST_GROUPS = 10_000


class PublicationError(LedgerError):
    """The published file is not what it should be, so it was not put in place."""


class RowsDifferError(PublicationError):
    """A published table has another number of rows than the warehouse's."""

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
    """A published table: ``name`` is ``schema.table``; ``key`` is the column by which changed rows can be told, if any.

    ``hashed``: that column is hidden and not published; it is the hash of this text over the published columns.

    ``constant`` are columns that have one value in all rows.
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
    """What the last release holds of a table: how it was written, which version, and how many rows out of order."""

    shape: str
    version: str
    unsorted: int


def published_tables(models: Mapping[str, Model], *, is_hidden: bool = False) -> list[Table]:
    """Every table of the published file: the sources' rows, then what the SQL files build and do not keep internal.

    ``is_hidden`` tells whether personal data is to be hidden.
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
            # Without a time of change a row's key can itself change with its neighbours.
            key=resource.key[0] if resource.version and len(resource.key) == 1 else None,
            hashed=None,
            constant=(),
            comment=resource.description,
            columns=described(
                f"raw.{resource.table}",
                {field.name: field.description for field in (*resource.fields, *BOOK_FIELDS)},
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
    """A published file in the making, in a thread and on a connection of its own.

    It starts as a copy of the file of the release ``last`` (a folder), where there is one. What goes wrong is raised by
    ``close``. Call ``discard`` at the end: until then, the file is attached as ``published``, and no other
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
        """Whether it can still be finished: that can be tried once."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="draft")
        self._tasks: list[Future[None]] = [self._thread.submit(self._begin)]

    def add(self, table: str) -> None:
        """Take in a table (``schema.name``) as it now is in the warehouse, by and by. It need not be a published one."""
        if table in self._tables:
            self._tasks.append(self._thread.submit(self._add, self._tables[table]))

    def close(self) -> Future[dict[str, int]]:
        """Take in whatever has not been, and close the file.

        Returns what will be told when it has been read back, which may go on while others read it too: rows by
        ``schema.table``, or PublicationError when a table came out different from the warehouse's.
        """
        self.is_open = False
        for task in self._tasks:
            task.result()
        self._close()
        return self._thread.submit(self._read_back)

    def discard(self) -> None:
        """Let go of the file, finished or not. May be called again."""
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
                os.fsync(copied.fileno())  # who flushes it next has only to wait for what was changed since
        self._attach()

    def _add(self, table: Table) -> None:
        shape, held = _shape(self._con, table), self._held.get(table.name)
        if held is not None and held.shape == shape:  # else the file is not one to start from
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
    """Write the published file, starting from the one of the release ``last`` (a folder) where there is one.

    Returns rows by ``schema.table``. Ids are text in the published file. Raises PublicationError when a table came out
    different from the warehouse's.
    """
    draft = DuckDBDraft(con, path, models, last)
    try:
        return draft.close().result()
    finally:
        draft.discard()


def _write(con: duckdb.DuckDBPyConnection, table: Table, shape: str, held: _Held | None) -> _Held:
    """Bring one table of the attached file up to the warehouse's, with as little writing as that takes."""
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
    """By which keys the table differs from what the last release holds; None when that is not known."""
    if table.name in RAW:
        keys = changed_rows(RAW[table.name], before)
        return Change(keys) if keys is not None else None
    return change_of(con, table.name, before, after)


def _write_whole(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    begin, go_on = (f"{verb} published.{table.name}" for verb in ("CREATE OR REPLACE TABLE", "INSERT INTO"))
    selected = _selected(con, table)
    if table.is_hidden:  # not in the order of what is hidden
        con.execute(f"{begin} AS SELECT {selected} FROM {table.name} ORDER BY {table.order}")
    else:
        # Sorted as ids, which are a third of their text, and a part at a time: a statement keeps its rows to its end.
        for number, part in enumerate(_parts(con, table)):
            rows = f"SELECT * FROM {table.name} WHERE {part} ORDER BY {table.order}"
            con.execute(f"{go_on if number else f'{begin} AS'} SELECT {selected} FROM ({rows})")
    con.execute(f"COMMENT ON TABLE published.{table.name} IS {literal(table.comment)}")
    for column, text in table.columns.items():
        con.execute(f"COMMENT ON COLUMN published.{table.name}.{quoted(column)} IS {literal(text)}")


def _parts(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Conditions that cut a large table into parts, in its order; one for all rows where it cannot be cut.

    Plain comparisons, which the scan itself can apply.
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
    """Conditions for what comes before the first start, from it to the next, and so on, to what comes from the last on."""
    if not starts:
        return ["TRUE"]
    inner = [f"{column} >= {start} AND {column} < {end}" for start, end in pairwise(starts)]
    return [f"{column} < {starts[0]}", *inner, f"{column} >= {starts[-1]}"]


def _replace(con: duckdb.DuckDBPyConnection, table: Table, change: Change) -> int:
    """Put the rows of the changed keys in place of those that are there; how many rows that is."""
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
    # Found by the key's column alone, then fetched by place: of the other columns only these rows are read.
    rows = change.added or (
        f"{table.name} WHERE rowid IN (SELECT t.rowid FROM {table.name} AS t "
        f"WHERE EXISTS (SELECT 1 FROM ({change.keys}) AS k WHERE k.key IS NOT DISTINCT FROM t.{key}))"
    )
    added = con.execute(f"INSERT INTO published.{table.name} SELECT {_selected(con, table)} FROM {rows}")
    return int(added.fetchall()[0][0])


def _selected(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """The SELECT list that turns a warehouse table into the published one."""
    secret = personal_data.columns(table.name) if table.is_hidden else frozenset[str]()

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
    """A text that differs when the table would be written in another way."""
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
    """Keep what this release holds, beside what the last one does: this one is not in force yet."""
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
    """Read the closed file back as an analyst would: every table with its rows, everything commented. Rows by table."""
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
