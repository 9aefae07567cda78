"""Which version of a row stays: the latest, in whatever order the files came. Also what is reported of the rows that stay.

Belongs here: versions of one key in a raw table, and rows that contradict themselves. Does not belong here: how rows get
into the table (``load``), and what a contradiction is (``sources``).

The rule ignores files and the order of arrival, so any split of the files over runs gives the same table. The latest
``version`` wins; a row without one is older than any with one. Then the greater ``settled`` wins, then the greater text.
A deletion that carries only its key gives its time to the row that it deletes, until a later version says otherwise.
"""

from __future__ import annotations

import duckdb

from pipelines.ingest import changes
from pipelines.sources import Resource
from pipelines.sql_text import quoted


def merge(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int) -> None:
    """Delete every row of the raw table that a later version of the same key supersedes, and account for it.

    Rows of files numbered from ``first_id`` are new. Versions are compared only for keys that occur twice; an aggregate
    over the key columns finds them.
    """
    table = f"raw.{quoted(resource.table)}"
    key = ", ".join(map(quoted, resource.key))
    same_key = " AND ".join(f"r.{quoted(k)} IS NOT DISTINCT FROM d.{quoted(k)}" for k in resource.key)
    has_older = con.execute(
        f"SELECT count(*) FROM (FROM {table} WHERE _file_id < ? LIMIT 1)", [first_id]
    ).fetchall()
    among = table
    if has_older[0][0]:
        first_key = quoted(resource.key[0])
        among = f"(FROM {table} WHERE {first_key} IN (SELECT {first_key} FROM {table} WHERE _file_id >= {first_id:d}))"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE ingest_twice AS SELECT {key} FROM {among} GROUP BY {key} HAVING count(*) > 1"
    )
    if con.execute("SELECT count(*) FROM ingest_twice").fetchall()[0][0]:
        con.execute(_ranked(resource, table, same_key))
        changes.note_superseded(con, resource, first_id)
        con.execute(
            f"UPDATE {table} AS r SET _deleted_at = v.deleted_at FROM ingest_versions AS v "
            "WHERE r.rowid = v.row_id AND v.place = 1 AND v.deleted_at IS DISTINCT FROM r._deleted_at"
        )
        con.execute(
            f"DELETE FROM {table} WHERE rowid IN (SELECT row_id FROM ingest_versions WHERE place > 1)"
        )
        con.execute(
            """UPDATE landing.files SET rows_accepted = rows_accepted - n, rows_superseded = rows_superseded + n
            FROM (SELECT _file_id, count(*) AS n FROM ingest_versions WHERE place > 1 GROUP BY _file_id)
            WHERE file_id = _file_id"""
        )
        con.execute("DROP TABLE ingest_versions")
    con.execute("DROP TABLE ingest_twice")


def finality(resource: Resource) -> str:
    """SQL: how final a row's state is, as a number; 0 if the resource does not say."""
    return f"coalesce(CAST({resource.settled} AS INTEGER), 0)" if resource.settled else "0"


def note_contradictions(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Write a notice (code ``inconsistent``) for each of the resource's rules and each file with rows that break it.

    Notices of earlier runs are replaced.
    """
    if not resource.contradictions:
        return
    con.execute(
        "DELETE FROM landing.notices WHERE source = $source AND resource = $resource AND code = 'inconsistent'",
        {"source": resource.source, "resource": resource.name},
    )
    for each in resource.contradictions:
        con.execute(
            f"""INSERT INTO landing.notices
            SELECT file_id, source, resource, file, 'inconsistent', $field, NULL, n, $words
            FROM (
                SELECT _file_id, count(*) AS n FROM raw.{quoted(resource.table)} WHERE {each.condition}
                GROUP BY _file_id
            ) JOIN landing.files ON file_id = _file_id""",
            {"field": each.field, "words": each.words},
        )


def _ranked(resource: Resource, table: str, same_key: str) -> str:
    """SQL that ranks every row whose key occurs twice among its versions, with the deletion that holds for the first."""
    key = ", ".join(quoted(k) for k in resource.key)
    rest = [quoted(f.name) for f in resource.fields if f.name not in resource.key]
    version = quoted(resource.version) if resource.version is not None else "CAST(NULL AS TIMESTAMP)"
    content = ", ".join([*rest, "extra"])
    return f"""
        CREATE OR REPLACE TEMP TABLE ingest_versions AS
        SELECT row_id, _file_id, place,
            CASE WHEN version IS NULL OR latest_deletion >= version THEN latest_deletion ELSE _deleted_at END AS deleted_at
        FROM (
            SELECT row_id, _file_id, _deleted_at, version,
                row_number() OVER (PARTITION BY {key} ORDER BY bare, version DESC NULLS LAST, settled DESC,
                    content DESC, _deleted_at DESC NULLS LAST, _file_id, row_id) AS place,
                max(_deleted_at) OVER (PARTITION BY {key}) AS latest_deletion
            FROM (
                SELECT {", ".join("r." + quoted(k) for k in resource.key)}, r.rowid AS row_id, r._file_id, r._deleted_at,
                    {version} AS version, {finality(resource)} AS settled,
                    _deleted_at IS NOT NULL AND coalesce({", ".join(f"CAST({c} AS VARCHAR)" for c in rest)}) IS NULL AS bare,
                    CAST(json_array({content}) AS VARCHAR) AS content
                FROM {table} AS r SEMI JOIN ingest_twice AS d ON {same_key}
            )
        )"""
