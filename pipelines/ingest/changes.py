"""What a file changes in a raw table besides the rows that it brings, and the latest value of each stamp.

Belongs here: filling ``landing.changed_targets`` and ``landing.moments``. Does not belong here: which version of a row
stays (``merge``, ``page_sets``), and what is built from the changes (``models``).

Tables that are built by changed targets need every target whose rows differ from before. Most are found by the file
number on the rows that a file brought. Three changes do not show there: a row named another target before; an older row
stays and is now marked as deleted; and rows without an id of their own change when rows beside them do.
"""

from __future__ import annotations

import duckdb

from pipelines.sources import Resource
from pipelines.sql_text import literal, quoted


def note_superseded(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int) -> None:
    """Note the targets that rows of ``ingest_versions`` named before, and the rows that are now marked as deleted.

    Call it after the versions are ranked and before superseded rows are deleted. The changes are noted under file
    ``first_id``.
    """
    table = resource.raw_table
    nothing = "CAST(NULL AS VARCHAR)"
    target = resource.id_in_keys(resource.target, "r") if resource.target else nothing
    keys = [quoted(key) for key in resource.key]
    row_key = resource.id_in_keys(resource.own_key[0], "r") if len(resource.own_key) == 1 else nothing
    con.execute(
        f"""INSERT INTO landing.changed_targets
        WITH versions AS (
            SELECT v.place, v.deleted_at, r._deleted_at, r._file_id, {target} AS target, {row_key} AS row_key,
                {", ".join(f"r.{key}" for key in keys)}
            FROM ingest_versions AS v JOIN {table} AS r ON r.rowid = v.row_id
        )
        SELECT {literal(table)}, {first_id:d}, old.target, old.row_key
        FROM versions AS old JOIN versions AS kept ON kept.place = 1 AND {resource.same_key("old", "kept")}
        WHERE old.place > 1 AND old.target IS DISTINCT FROM kept.target
        UNION ALL
        SELECT {literal(table)}, {first_id:d}, target, row_key
        FROM versions
        WHERE place = 1 AND _file_id < {first_id:d} AND deleted_at IS DISTINCT FROM _deleted_at"""
    )


def keep_fingerprints(con: duckdb.DuckDBPyConnection, resource: Resource, name: str) -> None:
    """Write a fingerprint of each target's rows to the temporary table ``name``, for ``note_differences``."""
    columns = ", ".join(quoted(field.name) for field in resource.fields)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS "
        f"SELECT {resource.id_in_keys(resource.target or '')} AS target, "
        f"sum(hash({columns}, extra, _deleted_at)) AS fingerprint FROM {resource.raw_table} GROUP BY ALL"
    )


def note_differences(con: duckdb.DuckDBPyConnection, resource: Resource, before: str, first_id: int) -> None:
    """Note every target whose rows differ from those that ``keep_fingerprints`` saw, under file ``first_id``.

    ``before`` is the table that ``keep_fingerprints`` wrote; it is dropped.
    """
    keep_fingerprints(con, resource, "ingest_fingerprints")
    con.execute(
        f"""INSERT INTO landing.changed_targets
        SELECT {literal(resource.raw_table)}, {first_id:d}, coalesce(now.target, was.target), NULL
        FROM ingest_fingerprints AS now FULL OUTER JOIN {before} AS was ON was.target IS NOT DISTINCT FROM now.target
        WHERE now.fingerprint IS DISTINCT FROM was.fingerprint"""
    )
    con.execute("DROP TABLE ingest_fingerprints")
    con.execute(f"DROP TABLE {before}")


def write_moments(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Write the latest value (UTC) of each stamp of the resource to ``landing.moments``.

    The default as-of and each source's own moment follow from that table. A row of it may come from elsewhere, as long as
    it names its source: until then the source is known.
    """
    con.execute("DELETE FROM landing.moments WHERE table_name = ?", [resource.raw_table])
    stamps = [field.name for field in resource.fields if field.stamp]
    if not stamps:
        return
    latest = ", ".join(f"max({quoted(stamp)})" for stamp in stamps)
    moments = con.sql(f"SELECT {latest} FROM {resource.raw_table}").fetchall()[0]
    for stamp, moment in zip(stamps, moments, strict=True):
        if moment is not None:
            con.execute(
                "INSERT INTO landing.moments VALUES (?, ?, ?, ?, ?)",
                [resource.source, resource.raw_table, stamp, moment, f"{resource.raw_table}.{stamp}"],
            )
