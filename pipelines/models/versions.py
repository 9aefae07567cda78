"""Fingerprints of tables, and the changed keys between two fingerprints.

Belongs here: fingerprints and changed keys. Does not belong here: what is built from them (``incremental``).

A raw table's fingerprint is the id of the last file that changed it, and its number of rows. The fingerprint of a table
of earlier versions is a hash of those that hold at the cut-off: while nothing is cut off, it stays the same. Any other table's
fingerprint is a hash of its rows, or of its previous fingerprint and the change.

The rows that a file brought carry its id. What else it changed, ingest keeps in ``landing.changed_targets``: rows that
named another target before, rows that are now marked as deleted, and, of rows without an id of their own, every target
whose rows differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.models.known_rows import EARLIER, holds_at_cutoff
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
    """The keys under which a table differs between two fingerprints.

    ``keys`` is a query for them, with the column ``key``. ``number``: how many different keys there are; None if it is
    not known. ``added`` names a table with the present rows of these keys. ``removed`` names a table with their
    previous rows, of which it holds the columns that sums need. Both are None if the rows were not kept.
    """

    keys: str
    number: int | None = None
    added: str | None = None
    removed: str | None = None


def version_of(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return the table's fingerprint: a text that differs if its rows differ."""
    if table in RAW:
        last, rows = con.sql(f"SELECT coalesce(max(_file_id), 0), count(*) FROM {table}").fetchall()[0]
        changed = con.execute(
            "SELECT coalesce(max(file_id), 0) FROM landing.changed_targets WHERE table_name = ?", [table]
        ).fetchall()[0][0]
        return f"{max(last, changed)}:{rows}"
    if table in EARLIER:
        return digest(
            con,
            f"(SELECT e.* FROM {table} AS e INNER JOIN core._cutoff AS clock "
            f"ON clock.source = {literal(EARLIER[table].source)} WHERE {holds_at_cutoff('e', 'clock')})",
        )
    known = con.execute("SELECT version FROM landing.builds WHERE table_name = ?", [table]).fetchall()
    return known[0][0] if known else digest(con, table)


def changed_rows(resource: Resource, before: str) -> str | None:
    """Return a query, with the column ``key``, for the keys of a raw table's rows that differ since a fingerprint.

    Of a key with a scope they are the ids alone, in whatever scope. Returns None unless the rest of the key is one column
    and the rows have a time of change. Without that time, a row's key can change when rows beside it do.
    """
    if len(resource.own_key) != 1 or resource.version is None:
        return None
    key = resource.field_named(resource.own_key[0])
    # In front of the last dot stands the scope.
    own = "split_part(row_key, '.', -1)" if resource.scope else "row_key"
    return (
        f"SELECT {quoted(key.name)} AS key FROM {resource.raw_table} WHERE _file_id > {_since(before)} "
        f"UNION SELECT CAST({own} AS {key.duckdb_type}) FROM {_changed(resource, before)}"
    )


def changed_targets(resource: Resource, before: str) -> str | None:
    """Return a query, with the column ``key``, for the targets whose rows in a raw table differ since a fingerprint.

    A null key stands for the rows that name nobody. The key has the target's own type (``type_of_target``). Returns None if
    the resource names no targets.
    """
    if resource.target is None:
        return None
    moved = f"SELECT CAST(target AS {type_of_target(resource)}) AS key FROM {_changed(resource, before)}"
    if resource.version is None:
        return moved
    own = target_of(resource)
    return f"SELECT {own} AS key FROM {resource.raw_table} WHERE _file_id > {_since(before)} UNION {moved}"


def target_of(resource: Resource, row: str = "") -> str:
    """Return SQL for a row's target: its own id, or the text with the scope in front. ``row`` is the row's alias."""
    assert resource.target is not None, f"{resource.raw_table} has no target"
    if resource.scope:
        return resource.id_in_keys(resource.target, row)
    return f"{row}.{quoted(resource.target)}" if row else quoted(resource.target)


def type_of_target(resource: Resource) -> str:
    """Return the DuckDB type of what ``target_of`` gives."""
    assert resource.target is not None, f"{resource.raw_table} has no target"
    return "VARCHAR" if resource.scope else resource.field_named(resource.target).duckdb_type


def changed_nobodies(resource: Resource, before: str) -> str:
    """Return a query for the rows of a raw table that name nobody and differ since a fingerprint.

    Its column ``key`` is the row's own key, as text.
    """
    moved = f"SELECT row_key AS key FROM {_changed(resource, before)} WHERE target IS NULL AND row_key IS NOT NULL"
    if resource.version is None:
        return moved
    return (
        f"SELECT {resource.id_in_keys(resource.own_key[0])} AS key FROM {resource.raw_table} "
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
    """Return how a built table differs between two fingerprints.

    Returns None unless this run has built the table by changed keys, or compared it.
    """
    con.execute(_CHANGES)
    known = con.execute(
        "SELECT keys, number, added, removed FROM scratch.changes WHERE table_name = ? AND before = ? AND after = ?",
        [table, before, after],
    ).fetchall()
    return Change(*known[0]) if known else None


def note_change(con: duckdb.DuckDBPyConnection, table: str, before: str, after: str, change: Change) -> None:
    """Keep, until the run ends, how a table has changed between two fingerprints."""
    con.execute(_CHANGES)
    con.execute("DELETE FROM scratch.changes WHERE table_name = ?", [table])
    con.execute(
        "INSERT INTO scratch.changes VALUES (?, ?, ?, ?, ?, ?, ?)",
        [table, before, after, change.keys, change.number, change.added, change.removed],
    )


def next_version(
    con: duckdb.DuckDBPyConnection, version: str, change: Change, constants: Mapping[str, Any] | None = None
) -> str:
    """Return the fingerprint after a change: a hash of the previous one and the change. It reads no unchanged row."""
    if not change.number and not constants:
        return version
    parts = con.sql(
        f"SELECT (SELECT sum(hash(k)) FROM ({change.keys}) AS k), (SELECT sum(hash(t)) FROM {change.added} AS t)"
    ).fetchall()
    return hashlib.sha256(repr((version, parts, constants)).encode()).hexdigest()


def digest(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return the number of a table's rows and a hash of all of them, as text. Their order does not matter."""
    rows, total = con.sql(f"SELECT count(*), coalesce(sum(hash(t)), 0) FROM {table} AS t").fetchall()[0]
    return f"{rows}:{total}"
