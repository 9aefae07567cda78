"""Earlier versions of rows: what a past as-of needs, kept beside the raw table with the time in which each held.

Belongs here: ``tables.kept_versions``. Does not belong here: which version of a row is the latest (``merge``,
``parts``), and which one counts (``pipelines.models.known_rows``).

A version holds from its own time of change until that of the next. The first that is known holds from the start, and the
last one until the time of change of the row in the raw table. Rows of three kinds are kept (``_kind``):

- ``version``: a version as it came. Of several with one time of change, the one that ``merge`` would keep.
- ``made``: what parts of a row made of it (``parts``). These are made anew when a part or a version arrives.
- ``deletion``: a deletion that carries nothing but its key. It holds at no time, but tells when the version before it
  ended.

What is kept follows from everything that ever came, so the order in which files arrive does not matter. A file without a
second version of a row costs nothing here.
"""

from __future__ import annotations

import duckdb

from pipelines.ingest.merge import finality
from pipelines.ingest.shapes import GONE, PARTIAL, WHOLE
from pipelines.sources import Resource
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.tables import kept_parts, kept_versions, raw_columns

_START = "TIMESTAMP '0001-01-01 00:00:00'"


def keep(
    con: duckdb.DuckDBPyConnection, resource: Resource, *, has_superseded: bool, has_parts: bool
) -> None:
    """Keep the versions that ``merge`` has superseded (``ingest_superseded``), and drop that table.

    Call it when the raw table is finished. With parts, ``ingest_parted`` holds the keys of rows that they change.
    """
    given = {"ingest_superseded": has_superseded, "ingest_parted": has_parts}
    tables = {name for name, is_there in given.items() if is_there}
    if not tables:
        return
    key = ", ".join(map(quoted, resource.key))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ingest_changed AS "
        + " UNION ".join(f"SELECT DISTINCT {key} FROM {table}" for table in sorted(tables))
    )
    kept, raw = kept_versions(resource), resource.raw_table
    columns = ", ".join(map(quoted, raw_columns(resource)))
    same = resource.same_key("v", "c")
    came = [
        f"SELECT {columns}, _kind FROM {kept} AS v SEMI JOIN ingest_changed AS c ON {same} WHERE _kind <> 'made'"
    ]
    if "ingest_superseded" in tables:
        came.append(f"SELECT {columns}, _kind FROM ingest_superseded")
    con.execute(f"CREATE OR REPLACE TEMP TABLE ingest_came AS {_once(resource, ' UNION ALL '.join(came))}")
    if "ingest_parted" in tables:
        con.execute(f"INSERT INTO ingest_came ({columns}, _kind, _moment) {_made(resource)}")
    con.execute(f"DELETE FROM {kept} AS v USING ingest_changed AS c WHERE {same}")
    con.execute(f"INSERT INTO {kept} ({columns}, _kind, _since, _until) {_held(resource, raw)}")
    for table in (*sorted(tables), "ingest_changed", "ingest_came"):
        con.execute(f"DROP TABLE {table}")


def _content(resource: Resource) -> str:
    fields = [quoted(field.name) for field in resource.fields if field.name not in resource.key]
    return f"CAST(json_array({', '.join([*fields, 'extra'])}) AS VARCHAR)"


def _once(resource: Resource, came: str) -> str:
    """SQL: of the versions of one key and time of change, the one that ``merge`` would keep; every deletion once."""
    key, version = ", ".join(map(quoted, resource.key)), quoted(resource.version or "")
    columns = ", ".join(map(quoted, raw_columns(resource)))
    return f"""
        SELECT {columns}, _kind, {version} AS _moment FROM (
            SELECT *, row_number() OVER (
                PARTITION BY {key}, _kind, CASE _kind WHEN 'version' THEN {version} ELSE _deleted_at END
                ORDER BY {finality(resource)} DESC, {_content(resource)} DESC, _deleted_at DESC NULLS LAST, _file_id
            ) AS place
            FROM ({came})
        ) WHERE place = 1"""


def _made(resource: Resource) -> str:
    """SQL: what each part, and the latest whole version, made of the rows in ``ingest_parted``, with its time."""
    key = ", ".join(map(quoted, resource.key))
    names = list(raw_columns(resource))
    listed = ", ".join(map(quoted, names))
    version = quoted(resource.version or "")
    taken = []
    for name in names:
        column = quoted(name)
        if name in (*resource.key, "_file_id"):
            taken.append(column)
        elif name == "extra":
            taken.append("CAST(NULL AS JSON) AS extra")
        else:
            carried = (
                f"_kind IN ('{WHOLE}', '{GONE}')"
                if name == "_deleted_at"
                else f"_kind = '{WHOLE}' OR list_contains(_carried, {literal(name)})"
            )
            packed = f"CASE WHEN {carried} THEN struct_pack(v := {column}) END"
            taken.append(f"(last_value({packed} IGNORE NULLS) OVER so_far).v AS {column}")
    return f"""
        SELECT {listed}, 'made', _moment FROM (
            SELECT {", ".join(taken)}, _moment, _is_kept,
                max(CASE WHEN _kind <> '{PARTIAL}' THEN 1 ELSE 0 END) OVER so_far AS _has_begun,
                lead(_moment) OVER (PARTITION BY {key} ORDER BY _moment NULLS FIRST, _order, _at NULLS FIRST, _position)
                    IS NOT DISTINCT FROM _moment AS _is_passed
            FROM (
                SELECT {listed}, _kind, _carried, coalesce({version}, _at) AS _moment, _at, _position, TRUE AS _is_kept,
                    CASE _kind WHEN '{WHOLE}' THEN 0 WHEN '{GONE}' THEN 2 ELSE 1 END AS _order
                FROM {kept_parts(resource)} AS p
                SEMI JOIN ingest_parted AS c ON {resource.same_key("p", "c")}
                UNION ALL
                SELECT {listed}, '{WHOLE}', NULL, {version}, NULL, NULL, FALSE, 0
                FROM ingest_came AS v
                SEMI JOIN ingest_parted AS c ON {resource.same_key("v", "c")} WHERE _kind = 'version'
            )
            WINDOW so_far AS (
                PARTITION BY {key} ORDER BY _moment NULLS FIRST, _order, _at NULLS FIRST, _position
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            )
        ) WHERE _is_kept AND _has_begun = 1 AND NOT _is_passed AND _moment IS NOT NULL"""


def _held(resource: Resource, raw: str) -> str:
    """SQL: the rows of ``ingest_came`` that are earlier than the row in the raw table, and when each held."""
    key, version = ", ".join(map(quoted, resource.key)), quoted(resource.version or "")
    listed = ", ".join(f"s.{quoted(name)}" for name in raw_columns(resource) if name != "_deleted_at")
    order = ", ".join(
        "_ended_at AS _deleted_at" if name == "_deleted_at" else quoted(name)
        for name in raw_columns(resource)
    )
    return f"""
        WITH earlier AS (
            SELECT v.*, r.{version} AS _latest
            FROM ingest_came AS v INNER JOIN {raw} AS r ON {resource.same_key("v", "r")}
            WHERE r.{version} IS NOT NULL
                AND (v._kind = 'deletion' OR v._moment IS NULL OR v._moment < r.{version})
        ),
        states AS (
            SELECT *,
                CASE WHEN lag(_kind) OVER in_order IS NULL THEN {_START} ELSE _moment END AS _since,
                coalesce(lead(_moment) OVER in_order, _latest) AS _until
            FROM earlier WHERE _kind <> 'deletion'
            WINDOW in_order AS (PARTITION BY {key} ORDER BY _moment NULLS FIRST, _kind DESC)
        ),
        ended AS (
            SELECT {listed}, s._kind, s._since, s._until,
                coalesce(
                    max(CASE WHEN s._moment IS NULL OR d._deleted_at >= s._moment THEN d._deleted_at END),
                    max(CASE WHEN d._moment IS NOT DISTINCT FROM s._moment AND d._kind = s._kind THEN d._deleted_at END)
                ) AS _ended_at
            FROM states AS s
            LEFT JOIN ingest_came AS d
                ON {resource.same_key("d", "s")} AND d._deleted_at < s._until
                AND (d._kind = 'deletion' OR d._moment IS NULL OR d._moment <= s._moment)
            GROUP BY ALL
        )
        SELECT {order}, _kind, _since, _until FROM ended
        UNION ALL
        SELECT {", ".join(quoted(name) for name in raw_columns(resource))}, _kind, NULL, NULL
        FROM earlier WHERE _kind = 'deletion'"""
