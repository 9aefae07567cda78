"""Events that carry a part of a row: what they change is merged over the row, whatever the order of arrival.

Belongs here: the table of parts (``tables.kept_parts``), and the row that comes of it. Does not belong here: which of
several whole rows stays (``merge``), and how events are read (``shapes``, ``load``).

The state of a row is its latest whole version, and then, in order of time, each part that is not older: a part sets the
fields that it carries, and no other. A part's time is its version, or else the time at which it was told. A deletion may
stand alone, since it carries the row's last state. Any other part whose row is unknown waits, and counts as rejected
(``UNKNOWN``) until the row arrives.

The whole version of a row with parts is kept as it came, beside the parts. Each merge of such a row starts from it.
"""

from __future__ import annotations

import duckdb

from pipelines.ingest.shapes import GONE, PARTIAL, WHOLE
from pipelines.sources import Resource
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.tables import kept_parts, raw_columns

UNKNOWN = "partial_unknown"
"""The reason of a rejected part whose row is unknown."""

_UNKNOWN_DETAIL = "an update that carries only what changed, of a row that no file has brought yet"


def take_out(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int, *, everything: bool) -> bool:
    """Put the whole versions of rows back into the raw table, where new parts or new rows change them.

    Rows of files numbered from ``first_id`` are new. ``everything``: of all rows with parts. Returns False, with nothing
    done, if no row with parts is concerned. Otherwise call ``put_back`` after the whole versions are merged.
    """
    if not resource.takes_parts:
        return False
    raw, parts, key = resource.raw_table, kept_parts(resource), _key(resource)
    if not con.execute(f"SELECT count(*) FROM (FROM {parts} LIMIT 1)").fetchall()[0][0]:
        return False
    chosen = "" if everything else f"WHERE _kind <> '{WHOLE}' AND _file_id >= {first_id:d}"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE ingest_touched AS
        SELECT DISTINCT {key} FROM {parts} {chosen}
        UNION
        SELECT DISTINCT {key} FROM {parts} AS p
        SEMI JOIN (FROM {raw} WHERE _file_id >= {first_id:d}) AS r ON {resource.same_key("r", "p")}"""
    )
    if not con.execute("SELECT count(*) FROM ingest_touched").fetchall()[0][0]:
        con.execute("DROP TABLE ingest_touched")
        return False
    columns = ", ".join(map(quoted, raw_columns(resource)))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE ingest_before_parts AS
        FROM {raw} AS r SEMI JOIN ingest_touched AS t ON {resource.same_key("r", "t")} WHERE _file_id < {first_id:d}"""
    )
    # A row that had parts before is made of them. Any other row stands in the table as it came.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE ingest_made AS
        SELECT DISTINCT {key} FROM {parts} AS p SEMI JOIN ingest_touched AS t ON {resource.same_key("p", "t")}
        WHERE _file_id < {first_id:d}"""
    )
    con.execute(
        f"DELETE FROM {raw} AS r USING ingest_made AS m WHERE _file_id < {first_id:d} AND {resource.same_key('r', 'm')}"
    )
    con.execute(
        f"""INSERT INTO {raw} ({columns})
        SELECT {columns} FROM {parts} AS p SEMI JOIN ingest_made AS m ON {resource.same_key("p", "m")}
        WHERE _kind = '{WHOLE}'"""
    )
    con.execute(
        f"DELETE FROM {parts} AS p USING ingest_made AS m WHERE _kind = '{WHOLE}' AND {resource.same_key('p', 'm')}"
    )
    con.execute("DROP TABLE ingest_made")
    return True


def put_back(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int) -> None:
    """Keep the merged whole versions that ``take_out`` concerned, and put the rows that come of their parts in their place.

    Also writes the rejected rows of parts that wait, counts the rows of every file of the resource again, and notes the
    targets of rows that changed. ``ingest_parted`` holds the keys of these rows, for ``earlier_versions``.
    """
    raw, parts = resource.raw_table, kept_parts(resource)
    names = list(raw_columns(resource))
    columns = ", ".join(map(quoted, names))
    con.execute(
        f"""INSERT INTO {parts} ({columns}, _kind)
        SELECT {columns}, '{WHOLE}' FROM {raw} AS r SEMI JOIN ingest_touched AS t ON {resource.same_key("r", "t")}"""
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE ingest_applied AS {_applied(resource)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE ingest_folded AS {_folded(resource)}")
    con.execute(f"DELETE FROM {raw} AS r USING ingest_touched AS t WHERE {resource.same_key('r', 't')}")
    con.execute(f"INSERT INTO {raw} ({columns}) SELECT {columns} FROM ingest_folded")
    _note_changes(con, resource, first_id)
    _reject_waiting(con, resource)
    _account(con, resource)
    con.execute("CREATE OR REPLACE TEMP TABLE ingest_parted AS FROM ingest_touched")
    for table in ("ingest_touched", "ingest_before_parts", "ingest_applied", "ingest_folded"):
        con.execute(f"DROP TABLE {table}")


def _key(resource: Resource) -> str:
    return ", ".join(map(quoted, resource.key))


def _applied(resource: Resource) -> str:
    """SQL: the whole versions and the parts that make up the rows concerned, with their place in order of time."""
    version = quoted(resource.version or "")
    content = ", ".join(quoted(field.name) for field in resource.fields)
    return f"""
        SELECT *, row_number() OVER (PARTITION BY {_key(resource)}
            ORDER BY _kind = '{WHOLE}' DESC, _moment NULLS FIRST, _at NULLS FIRST, _kind = '{GONE}',
                CAST(json_array({content}, extra, _carried, _unknown) AS VARCHAR), _file_id, _position) AS _place
        FROM (
            SELECT p.*, coalesce({version}, _at) AS _moment,
                max(CASE WHEN _kind = '{WHOLE}' THEN {version} END) OVER (PARTITION BY {_key(resource)}) AS _since
            FROM {kept_parts(resource)} AS p SEMI JOIN ingest_touched AS t ON {resource.same_key("p", "t")}
        )
        WHERE _kind = '{WHOLE}' OR _since IS NULL OR coalesce(_moment >= _since, false)"""


def _folded(resource: Resource) -> str:
    """SQL: the rows that come of ``ingest_applied``, with the columns of the raw table."""
    taken = []
    for field in resource.fields:
        name = quoted(field.name)
        if field.name not in resource.key:
            carried = f"_kind = '{WHOLE}' OR list_contains(_carried, {literal(field.name)})"
            taken.append(f"last({name} ORDER BY _place) FILTER (WHERE {carried}) AS {name}")
    key = _key(resource)
    return f"""
        WITH fields AS (
            SELECT {", ".join([key, *taken])},
                last(_deleted_at ORDER BY _place) FILTER (WHERE _kind IN ('{WHOLE}', '{GONE}')) AS _deleted_at,
                last(_file_id ORDER BY _place) AS _file_id
            FROM ingest_applied GROUP BY {key} HAVING bool_or(_kind <> '{PARTIAL}')
        ),
        named AS (
            SELECT {key}, _place, extra,
                unnest(CASE WHEN _kind = '{WHOLE}' THEN json_keys(extra) ELSE _unknown END) AS name
            FROM ingest_applied
        ),
        latest AS (
            SELECT {key}, name, last(json_extract(extra, '/' || replace(replace(name, '~', '~0'), '/', '~1'))
                ORDER BY _place) AS value
            FROM named GROUP BY {key}, name
        ),
        extras AS (
            SELECT {key}, to_json(map_from_entries(list(struct_pack(k := name, v := value) ORDER BY name))) AS extra
            FROM latest WHERE value IS NOT NULL GROUP BY {key}
        )
        SELECT fields.*, extras.extra
        FROM fields LEFT JOIN extras ON {resource.same_key("fields", "extras")}"""


def _note_changes(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int) -> None:
    """Note the targets of rows that are no longer what they were, where a new file's number does not show it."""
    nothing = "CAST(NULL AS VARCHAR)"
    target = resource.id_in_keys(resource.target) if resource.target else nothing
    own = resource.id_in_keys(resource.own_key[0]) if len(resource.own_key) == 1 else nothing
    columns = ", ".join(quoted(field.name) for field in resource.fields)
    state = f"{_key(resource)}, {target} AS target, {own} AS own_key, hash({columns}, extra, _deleted_at) AS state"
    con.execute(
        f"""INSERT INTO landing.changed_targets
        WITH r AS (SELECT {state} FROM ingest_before_parts),
        n AS (SELECT {state} FROM ingest_folded),
        changed AS (
            SELECT r.target AS old_target, n.target AS new_target, r.own_key
            FROM r JOIN n ON {resource.same_key("r", "n")} WHERE r.state <> n.state
        )
        SELECT {literal(resource.raw_table)}, {first_id:d}, old_target, own_key FROM changed
        UNION
        SELECT {literal(resource.raw_table)}, {first_id:d}, new_target, own_key FROM changed"""
    )


def _reject_waiting(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Write a rejected row for each part whose row is unknown, in place of those of earlier runs."""
    about = {"source": resource.source, "resource": resource.name, "reason": UNKNOWN}
    con.execute(
        "DELETE FROM landing.rejected_rows WHERE source = $source AND resource = $resource AND reason = $reason",
        about,
    )
    parts = kept_parts(resource)
    con.execute(
        f"""INSERT INTO landing.rejected_rows
            (file_id, source, resource, file, position, reason, field, value, record, detail)
        SELECT f.file_id, f.source, f.resource, f.file, _position, $reason, NULL, NULL, _record, $detail
        FROM {parts} AS p
        ANTI JOIN (FROM {parts} WHERE _kind <> '{PARTIAL}') AS k ON {resource.same_key("p", "k")}
        JOIN landing.files AS f ON f.file_id = p._file_id
        WHERE $source IS NOT NULL AND $resource IS NOT NULL""",
        {**about, "detail": _UNKNOWN_DETAIL},
    )


def _account(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Count every file's rows anew: those in the raw table, those rejected, and the rest, which are superseded."""
    con.execute(
        f"""UPDATE landing.files SET rows_accepted = kept, rows_rejected = refused,
            rows_superseded = rows_read - kept - refused
        FROM (
            SELECT f.file_id AS id, coalesce(a.n, 0) AS kept, coalesce(r.n, 0) AS refused FROM landing.files AS f
            LEFT JOIN (SELECT _file_id, count(*) AS n FROM {resource.raw_table} GROUP BY ALL) AS a
                ON a._file_id = f.file_id
            LEFT JOIN (SELECT file_id, count(*) AS n FROM landing.rejected_rows GROUP BY ALL) AS r
                ON r.file_id = f.file_id
            WHERE f.source = $source AND f.resource = $resource
        ) WHERE id = file_id""",
        {"source": resource.source, "resource": resource.name},
    )
