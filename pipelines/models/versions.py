"""Versions of tables: a fingerprint of a table's rows, and by which keys two versions differ.

Belongs here: fingerprints and changed keys. Does not belong here: what is built from them (``incremental``).

A raw table's version is the last file that changed it. Ingest keeps in ``landing.changed_targets`` what a file changed
beside the rows that it brought: a row that named another target before, a row marked as deleted where it stands, and
of rows without an identity every target whose rows came out different. Any other table's version is a hash of its
rows, or of the version before and the change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.sources import RESOURCES, Resource
from pipelines.sql_text import literal, quoted

_CHANGES = """CREATE TABLE IF NOT EXISTS scratch.changes (
    table_name VARCHAR, before VARCHAR, after VARCHAR,
    keys VARCHAR, number BIGINT, added VARCHAR, removed VARCHAR
)"""

RAW: Mapping[str, Resource] = {resource.raw_table: resource for resource in RESOURCES}
"""Every raw table with its resource."""


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
    """The table's version: a text that differs when its rows do."""
    if table in RAW:
        last, rows = con.sql(f"SELECT coalesce(max(_file_id), 0), count(*) FROM {table}").fetchall()[0]
        changed = con.execute(
            "SELECT coalesce(max(file_id), 0) FROM landing.changed_targets WHERE table_name = ?", [table]
        ).fetchall()[0][0]
        return f"{max(last, changed)}:{rows}"
    known = con.execute("SELECT version FROM landing.builds WHERE table_name = ?", [table]).fetchall()
    return known[0][0] if known else digest(con, table)


def changed_rows(resource: Resource, before: str) -> str | None:
    """A query for the keys of the rows of a raw table that differ since a version, as ``key``; None when that is not known.

    It is known of a table whose rows have one column for a key, and a time of change: of the others a row's key can
    itself change with its neighbours.
    """
    if len(resource.key) != 1 or resource.version is None:
        return None
    key = resource.field_named(resource.key[0])
    return (
        f"SELECT {quoted(key.name)} AS key FROM {resource.raw_table} WHERE _file_id > {_since(before)} "
        f"UNION SELECT CAST(row_key AS {key.duckdb_type}) FROM {_changed(resource, before)}"
    )


def changed_targets(resource: Resource, before: str) -> str | None:
    """A query for the targets whose rows in a raw table differ since a version, as ``key``; None when that is not known.

    A null stands for the rows that name nobody.
    """
    if resource.target is None:
        return None
    target = resource.field_named(resource.target)
    moved = f"SELECT CAST(target AS {target.duckdb_type}) AS key FROM {_changed(resource, before)}"
    if resource.version is None:
        return moved
    return f"SELECT {quoted(target.name)} AS key FROM {resource.raw_table} WHERE _file_id > {_since(before)} UNION {moved}"


def changed_nobodies(resource: Resource, before: str) -> str:
    """A query for the changed rows of a raw table that name nobody, by their own key as text: ``key``."""
    moved = f"SELECT row_key AS key FROM {_changed(resource, before)} WHERE target IS NULL AND row_key IS NOT NULL"
    if resource.version is None:
        return moved
    own = quoted(resource.key[0])
    return (
        f"SELECT CAST({own} AS VARCHAR) AS key FROM {resource.raw_table} "
        f"WHERE _file_id > {_since(before)} AND {quoted(resource.target or '')} IS NULL UNION {moved}"
    )


def _changed(resource: Resource, before: str) -> str:
    return (
        "(SELECT target, row_key FROM landing.changed_targets "
        f"WHERE table_name = {literal(resource.raw_table)} AND file_id > {_since(before)})"
    )


def _since(before: str) -> int:
    return int(before.partition(":")[0])


def change_of(con: duckdb.DuckDBPyConnection, table: str, before: str, after: str) -> Change | None:
    """By which keys a built table differs between two versions; None when that is not known.

    It is known when the table was built for changed keys in this run.
    """
    con.execute(_CHANGES)
    known = con.execute(
        "SELECT keys, number, added, removed FROM scratch.changes WHERE table_name = ? AND before = ? AND after = ?",
        [table, before, after],
    ).fetchall()
    return Change(*known[0]) if known else None


def note_change(con: duckdb.DuckDBPyConnection, table: str, before: str, after: str, change: Change) -> None:
    """Remember for this run by which keys a table has changed between two versions."""
    con.execute(_CHANGES)
    con.execute("DELETE FROM scratch.changes WHERE table_name = ?", [table])
    con.execute(
        "INSERT INTO scratch.changes VALUES (?, ?, ?, ?, ?, ?, ?)",
        [table, before, after, change.keys, change.number, change.added, change.removed],
    )


def next_version(
    con: duckdb.DuckDBPyConnection, version: str, change: Change, constants: Mapping[str, Any] | None = None
) -> str:
    """The version after a change: a hash of the version before and the change, without a look at the whole table."""
    if not change.number and not constants:
        return version
    parts = con.sql(
        f"SELECT (SELECT sum(hash(k)) FROM ({change.keys}) AS k), (SELECT sum(hash(t)) FROM {change.added} AS t)"
    ).fetchall()
    return hashlib.sha256(repr((version, parts, constants)).encode()).hexdigest()


def digest(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A hash of all rows of a table, whatever their order."""
    rows, total = con.sql(f"SELECT count(*), coalesce(sum(hash(t)), 0) FROM {table} AS t").fetchall()[0]
    return f"{rows}:{total}"
