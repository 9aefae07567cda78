"""The life of rows that is told by other means than a row: history tables, and the versions of a Singer stream.

Belongs here: ``landing.sightings`` and ``landing.stream_versions``, and the ends that follow from them. Does not belong
here: rows that are marked as deleted themselves (``load``), and which version of a row stays (``merge``).

A history table holds every version of a row, with the time at which it ended. A row has ended if its latest end is later
than the beginning of every active version. A Singer stream that is sent again has a new version. What the active version
lacks has ended; the end is the time at which the next active version was extracted, as far as a file says.

Both are told of a key by several files, in any order. So the latest times of each key are kept, and the ends follow from
them. A deletion that has no time, and carries nothing but its key, is kept here too: it holds for every version. The row
in the raw table is marked, and what it said itself is kept beside (``own_deleted_at``).
"""

from __future__ import annotations

import duckdb

from pipelines.sources import Resource
from pipelines.sql_text import quoted

_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
"""The years 2000 and 2100 as milliseconds since 1970: a stream's version between them is a time."""


def row_key(resource: Resource, alias: str = "") -> str:
    """SQL: the key of a row of the resource as one text."""
    columns = ", ".join(f"{alias}{quoted(key)}" for key in resource.key)
    return f"CAST(json_array({columns}) AS VARCHAR)"


def has_news(con: duckdb.DuckDBPyConnection, resource: Resource) -> bool:
    """True if this run has told something of the life of the resource's rows."""
    return bool(
        con.execute(
            """SELECT 1 FROM landing.sightings WHERE table_name = $table AND is_new
            UNION ALL SELECT 1 FROM landing.stream_versions WHERE table_name = $table AND is_new LIMIT 1""",
            {"table": resource.raw_table},
        ).fetchall()
    )


def add_marked(con: duckdb.DuckDBPyConnection, resource: Resource) -> bool:
    """Write the ends of rows to ``ingest_marks``, and the keys for which they may be new to ``ingest_twice``.

    Returns False, with nothing done, if nothing was ever told of the life of the resource's rows.
    """
    about = {"table": resource.raw_table}
    con.execute(
        f"""INSERT INTO landing.sightings (table_name, row_key, is_gone, is_new)
        SELECT DISTINCT $table, {row_key(resource, "r.")}, TRUE, TRUE
        FROM {resource.raw_table} AS r SEMI JOIN ingest_twice AS d ON {resource.same_key("r", "d")}
        WHERE r._deleted_at = TIMESTAMP 'epoch'""",
        about,
    )
    if not con.execute("SELECT 1 FROM landing.sightings WHERE table_name = $table LIMIT 1", about).fetchall():
        return False
    is_new = has_news(con, resource)
    if is_new:
        _consolidate(con, resource)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE ingest_marks AS
        WITH told AS (
            SELECT version, is_activated, coalesce(
                extracted_at,
                CASE WHEN version BETWEEN {_EARLIEST} AND {_LATEST} THEN make_timestamp(version * 1000) END,
                max(changed_at) OVER (ORDER BY version)) AS at
            FROM landing.stream_versions WHERE table_name = $table
        ),
        dropped AS (
            SELECT s.row_key, arg_min(told.at, told.version) AS at
            FROM landing.sightings AS s JOIN told ON told.is_activated AND told.version > s.stream_version
            WHERE s.table_name = $table GROUP BY s.row_key
        )
        SELECT s.row_key, s.is_gone, s.marked_at, s.own_deleted_at, greatest(
            CASE WHEN d.row_key IS NOT NULL THEN greatest(d.at, s.changed_at, TIMESTAMP 'epoch') END,
            CASE WHEN s.ended_at > s.alive_at OR s.alive_at IS NULL THEN s.ended_at END) AS mark
        FROM landing.sightings AS s LEFT JOIN dropped AS d USING (row_key)
        WHERE s.table_name = $table""",
        about,
    )
    con.execute("DELETE FROM ingest_marks WHERE mark IS NULL AND marked_at IS NULL AND is_gone IS NOT TRUE")
    if is_new:
        key = ", ".join(map(quoted, resource.key))
        con.execute(
            f"""INSERT INTO ingest_twice
            SELECT {key} FROM {resource.raw_table} WHERE {row_key(resource)} IN (SELECT row_key FROM ingest_marks)
            EXCEPT SELECT {key} FROM ingest_twice"""
        )
    return True


def remember(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Keep which rows are marked now, and what they said themselves, after the versions are ranked."""
    con.execute(
        """UPDATE landing.sightings AS s SET marked_at = v.marked_at, own_deleted_at = v.own_deleted_at
        FROM ingest_versions AS v WHERE v.place = 1 AND s.table_name = $table AND s.row_key = v.row_key""",
        {"table": resource.raw_table},
    )


def _consolidate(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Let one line stand for each key and for each version of a stream: the latest that was told."""
    about = {"table": resource.raw_table}
    sightings = ", ".join(
        f"{latest}({name}) AS {name}"
        for name, latest in (
            ("alive_at", "max"),
            ("ended_at", "max"),
            ("stream_version", "max"),
            ("changed_at", "max"),
            ("is_gone", "bool_or"),
            ("marked_at", "max"),
            ("own_deleted_at", "max"),
        )
    )
    versions = "bool_or(is_activated) AS is_activated, max(extracted_at) AS extracted_at, max(changed_at) AS changed_at"
    for table, columns, latest in (
        ("landing.sightings", "row_key", sightings),
        ("landing.stream_versions", "version", versions),
    ):
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE ingest_told AS
            SELECT table_name, {columns}, {latest}, FALSE AS is_new FROM {table} WHERE table_name = $table GROUP BY ALL""",
            about,
        )
        con.execute(f"DELETE FROM {table} WHERE table_name = $table", about)
        con.execute(f"INSERT INTO {table} BY NAME FROM ingest_told")
        con.execute("DROP TABLE ingest_told")
