"""Which version of a row stays: the latest, in whatever order the files came. Also what is reported of the rows that stay.

Belongs here: versions of one key in a raw table, and rows that contradict themselves. Does not belong here: how rows get
into the table (``load``), where earlier versions go (``earlier_versions``), and what a contradiction is (``sources``).

The rule ignores files and the order of arrival, so any split of the files over runs gives the same table. The latest
``version`` wins; a row without one is older than any with one. Then the greater ``settled`` wins, then the greater text.
A deletion gives its time to the row that stays, until a later version says otherwise. So does the end of a row that is
told by other means than a row (``sightings``).
"""

from __future__ import annotations

import duckdb

from pipelines.ingest import changes, sightings
from pipelines.sources import Resource
from pipelines.sql_text import quoted
from pipelines.warehouse.tables import raw_columns


def merge(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int) -> bool:
    """Delete every row of the raw table that a later version of the same key supersedes, and account for it.

    Returns True if some are versions of their own: ``ingest_superseded`` then holds them, for ``earlier_versions``.
    Rows of files numbered from ``first_id`` are new. Versions are compared only for keys that occur twice; an aggregate
    over the key columns finds them.
    """
    table = f"raw.{quoted(resource.table)}"
    key = ", ".join(map(quoted, resource.key))
    same_key = resource.same_key("r", "d")
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
    has_marks = sightings.add_marked(con, resource)
    are_kept = False
    if con.execute("SELECT count(*) FROM ingest_twice").fetchall()[0][0]:
        con.execute(_ranked(resource, table, same_key, first_id if has_marks else None))
        changes.note_superseded(con, resource, first_id)
        if resource.has_versions:
            are_kept = _take_superseded(con, resource)
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
        if has_marks:
            sightings.remember(con, resource)
        con.execute("DROP TABLE ingest_versions")
    con.execute("DROP TABLE ingest_twice")
    return are_kept


def _take_superseded(con: duckdb.DuckDBPyConnection, resource: Resource) -> bool:
    """Write the superseded rows that are versions of their own to ``ingest_superseded``. False if there are none."""
    columns = ", ".join(f"r.{quoted(name)}" for name in raw_columns(resource))
    (taken,) = con.execute(
        f"""CREATE OR REPLACE TEMP TABLE ingest_superseded AS
        SELECT {columns}, CASE WHEN v.bare THEN 'deletion' ELSE 'version' END AS _kind
        FROM ingest_versions AS v JOIN {resource.raw_table} AS r ON r.rowid = v.row_id
        WHERE v.place > 1 AND (v.bare OR v.version IS DISTINCT FROM v.latest_version)"""
    ).fetchall()[0]
    if not taken:
        con.execute("DROP TABLE ingest_superseded")
    return bool(taken)


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


def _ranked(resource: Resource, table: str, same_key: str, first_id: int | None) -> str:
    """SQL that ranks every row whose key occurs twice among its versions, with the deletion that holds for the first.

    ``first_id``: the first new file, if rows may have ended by other means than a row (``ingest_marks``); else None.
    """
    key = ", ".join(quoted(k) for k in resource.key)
    rest = [quoted(f.name) for f in resource.fields if f.name not in resource.key]
    version = quoted(resource.version) if resource.version is not None else "CAST(NULL AS TIMESTAMP)"
    content = ", ".join([*rest, "extra"])
    own, mark, is_gone = "r._deleted_at", "CAST(NULL AS TIMESTAMP)", "false"
    marks, row_key = "", "CAST(NULL AS VARCHAR)"
    if first_id is not None:
        row_key = sightings.row_key(resource, "r.")
        marks = f"LEFT JOIN ingest_marks AS m ON m.row_key = {row_key}"
        mark, is_gone = "m.mark", "coalesce(m.is_gone, false)"
        own = f"CASE WHEN m.marked_at IS NOT NULL AND r._file_id < {first_id:d} THEN m.own_deleted_at ELSE r._deleted_at END"
    return f"""
        CREATE OR REPLACE TEMP TABLE ingest_versions AS
        SELECT row_id, row_key, _file_id, place, bare, version, latest_version, own_deleted_at, marked_at,
            CASE WHEN marked_at IS NULL OR own_deleted_at > marked_at THEN own_deleted_at ELSE marked_at END AS deleted_at
        FROM (
        SELECT row_id, row_key, _file_id, place, bare, version, latest_version,
            CASE WHEN version IS NULL OR latest_deletion >= version THEN latest_deletion
                ELSE _deleted_at END AS own_deleted_at,
            CASE WHEN version IS NULL OR mark >= version THEN mark WHEN is_gone THEN version END AS marked_at
        FROM (
            SELECT row_id, row_key, _file_id, _deleted_at, bare, version, mark, is_gone,
                max(version) OVER (PARTITION BY {key}) AS latest_version,
                row_number() OVER (PARTITION BY {key} ORDER BY bare, version DESC NULLS LAST, settled DESC,
                    content DESC, _deleted_at DESC NULLS LAST, _file_id, row_id) AS place,
                max(_deleted_at) OVER (PARTITION BY {key}) AS latest_deletion
            FROM (
                SELECT {", ".join("r." + quoted(k) for k in resource.key)}, r.rowid AS row_id, r._file_id,
                    {own} AS _deleted_at, {mark} AS mark, {is_gone} AS is_gone, {row_key} AS row_key,
                    {version} AS version, {finality(resource)} AS settled,
                    r._deleted_at IS NOT NULL AND coalesce({", ".join(f"CAST({c} AS VARCHAR)" for c in rest)}) IS NULL AS bare,
                    CAST(json_array({content}) AS VARCHAR) AS content
                FROM {table} AS r SEMI JOIN ingest_twice AS d ON {same_key} {marks}
            )
        )
        )"""
