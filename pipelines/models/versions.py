"""Versions of tables: which rows a table holds, and by which keys it has changed since another version.

Belongs here: fingerprints and changed keys. Does not belong here: what is built from them (`incremental`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.sources import RESOURCES
from pipelines.sql_text import quoted

_CHANGES = """CREATE TABLE IF NOT EXISTS scratch.changes (
    table_name VARCHAR, key_column VARCHAR, before VARCHAR, after VARCHAR,
    keys VARCHAR, number BIGINT, added VARCHAR, removed VARCHAR
)"""


_RAW_TABLES = frozenset(f"raw.{r.table}" for r in RESOURCES)


# Of a resource without a time of change, a row's key can itself change with its neighbours.
RAW_KEYS = {f"raw.{r.table}": r.key[0] for r in RESOURCES if len(r.key) == 1 and r.version}


@dataclass(frozen=True, slots=True)
class Change:
    """By which keys a table differs between two versions.

    ``keys`` is a query for them, as column ``key``; ``number`` says how many they are, each named once, where that is
    known. ``added`` names a table of the rows that there are now under these keys, ``removed`` one of those that there
    were, with the columns that sums are made of; None where they were not kept.
    """

    keys: str
    number: int | None = None
    added: str | None = None
    removed: str | None = None


def version_of(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """What a table's rows are, as a text that differs when they do."""
    if table in _RAW_TABLES:
        last, rows = con.sql(f"SELECT coalesce(max(_file_id), 0), count(*) FROM {table}").fetchall()[0]
        return f"{last}:{rows}:{_marks(con, table, last)}"
    known = con.execute("SELECT version FROM landing.builds WHERE table_name = ?", [table]).fetchall()
    return known[0][0] if known else digest(con, table)


def change_of(
    con: duckdb.DuckDBPyConnection, table: str, column: str, before: str, after: str
) -> Change | None:
    """By which values of a column a table differs between two versions; None when that is not known.

    Of a raw table it is known by the table's own key, unless an older row was marked as deleted where it stands; of a
    built one, when it was built for changed keys in this run.
    """
    if table in _RAW_TABLES and column == RAW_KEYS.get(table):
        since, _, marks = before.split(":")
        if _marks(con, table, int(since)) != marks:
            return None
        return Change(f"SELECT {quoted(column)} AS key FROM {table} WHERE _file_id > {int(since)}")
    con.execute(_CHANGES)
    known = con.execute(
        "SELECT keys, number, added, removed FROM scratch.changes "
        "WHERE table_name = ? AND key_column = ? AND before = ? AND after = ?",
        [table, column, before, after],
    ).fetchall()
    return Change(*known[0]) if known else None


def note_change(
    con: duckdb.DuckDBPyConnection, table: str, column: str, before: str, after: str, change: Change
) -> None:
    """Remember for this run by which keys a table has changed between two versions."""
    con.execute(_CHANGES)
    con.execute("DELETE FROM scratch.changes WHERE table_name = ? AND key_column = ?", [table, column])
    con.execute(
        "INSERT INTO scratch.changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [table, column, before, after, change.keys, change.number, change.added, change.removed],
    )


def next_version(
    con: duckdb.DuckDBPyConnection, version: str, change: Change, constants: Mapping[str, Any] | None = None
) -> str:
    """The version that a table comes to by a change: a digest of that and of where it started, without a look at it all."""
    if not change.number and not constants:
        return version
    parts = con.sql(
        f"SELECT (SELECT sum(hash(k)) FROM ({change.keys}) AS k), (SELECT sum(hash(t)) FROM {change.added} AS t)"
    ).fetchall()
    return hashlib.sha256(repr((version, parts, constants)).encode()).hexdigest()


def _marks(con: duckdb.DuckDBPyConnection, table: str, until: int) -> str:
    """Which rows of the files up to one are marked as deleted: a mark can come later than the row it is put on."""
    marked = con.sql(
        f"SELECT coalesce(sum(hash(t)), 0) FROM {table} AS t WHERE _deleted_at IS NOT NULL AND _file_id <= {until}"
    )
    return str(marked.fetchall()[0][0])


def digest(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A text that differs when the table's rows do, whatever their order."""
    rows, total = con.sql(f"SELECT count(*), coalesce(sum(hash(t)), 0) FROM {table} AS t").fetchall()[0]
    return f"{rows}:{total}"
