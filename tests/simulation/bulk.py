"""Millions of calls in seconds, for benchmarks: one block simulated honestly, then copied set by set.

Belongs here: the copying, and putting a log into tables or files wholesale. Does not belong here: the simulation
(`dialer.py`) and the measuring (`tests/benchmarks`).

A copy has its own calls and targets under fresh ids, a little earlier than the block's by up to half an hour. Copies
fall into a few groups that share campaigns, outdials and outplans, so that there are a few dozens of campaigns
however many calls. Numbers are drawn anew, and look like numbers of the United States: a target of one copy and another
target of the next copy are one person on two lists, with one name and one set of numbers. Outplans change in the morning,
when nobody has dialled for hours: a shifted call is judged by the same version as its original, and a clean block makes
clean copies.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import polars as pl

from tests.simulation.damage import inject_faults
from tests.simulation.dialer import (
    AREA_CODES,
    DAY,
    HOUR,
    MINUTE,
    Answering,
    Campaign,
    Change,
    Dice,
    Log,
    Outdial,
    Outplan,
    Scenario,
    identifier,
    moment,
    simulate,
)

GROUPS = 8
BLOCK_TARGETS = 16_000
CALLS_PER_TARGET = 2.5
"""About what the block's campaigns make; only used to size a small block."""

_ADDRESS = pl.Struct(dict.fromkeys(("type", "target", "target_name", "name", "detail"), pl.String))
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": _ADDRESS,
    "destination": _ADDRESS,
    "service_level": pl.Int32,
    "dial_timeout": pl.Int64,
    "try_interval": pl.Int64,
    **{f"destination_{index}": _ADDRESS for index in range(5)},
    **{f"try_count_{index}": pl.Int32 for index in range(5)},
    **{f"max_try_count_{index}": pl.Int32 for index in range(5)},
    "destination_index": pl.Int32,
    "try_count": pl.Int32,
}


def frames(log: Log) -> dict[str, pl.DataFrame]:
    """The log as one frame a raw table (`voipbin_campaigncalls`, …): ids as text, times naive UTC."""
    return {
        table: pl.DataFrame(
            rows,
            schema={
                name: _TYPES.get(name, pl.Datetime("us") if name.startswith("tm_") else pl.String)
                for name in rows[0]
            },
        )
        for table, rows in log.rows().items()
        if rows
    }


def load(con: duckdb.DuckDBPyConnection, log: Log) -> None:
    """Add a log's rows to the raw tables of a warehouse, which must exist."""
    # DuckDB reads no Polars frame without pyarrow, which nothing else here needs: go through Parquet.
    with tempfile.TemporaryDirectory() as folder:
        for table, frame in frames(log).items():
            path = Path(folder) / f"{table}.parquet"
            frame.write_parquet(path)
            con.execute(f"INSERT INTO raw.{table} BY NAME SELECT * FROM read_parquet(?)", [str(path)])


def block(targets: int = BLOCK_TARGETS, seed: object = 0, faults: int = 0) -> Log:
    """One honest block: four campaigns over two weeks, with `faults` of each violation code mixed in.

    One campaign is stopped, the others still dial at the end, and one outplan changes midway.
    """
    first = moment("2026-10-12T00:00:00")
    evenings = tuple((first + day * DAY + 14 * HOUR, first + day * DAY + 22 * HOUR) for day in range(12))
    shapes = (((0,), 5.0), ((0, 1), 4.0), ((0, 1, 2), 1.5), ((0, 2), 0.5), (tuple(range(5)), 0.5), ((), 0.05))
    names = ("North", "East", "South", "West")
    plans = (
        Outplan("North", (3, 2, 1, 1, 1), 4 * 3_600_000),
        Outplan(
            "East", (2, 1, 1, 0, 0), 3_600_000, changes=(Change(first + 5 * DAY + 8 * HOUR, (3, 2, 1, 0, 0)),)
        ),
        Outplan("South", (1, 1, 1, 1, 1), 20 * 3_600_000),
        Outplan("West", (4, 2, 0, 1, 0), 30 * 60_000),
    )
    scenario = Scenario(
        begin=first,
        end=first + 11 * DAY + 20 * HOUR,
        outplans=plans,
        outdials=tuple(Outdial(name, max(1, targets // 4), shapes) for name in names),
        campaigns=tuple(
            Campaign(
                name,
                name,
                name,
                start=first + 14 * HOUR + number * DAY,
                hours=evenings,
                # Enough lines for the list to be worked through in the time there is.
                lines=max(1, targets // (8_000, 8_000, 4_000, 8_000)[number]),
                stopped_at=first + 3 * DAY + 21 * HOUR if name == "South" else None,
                end_handle="continue",
            )
            for number, name in enumerate(names)
        ),
        answering=Answering(by_attempt=(0.2, 0.17, 0.15, 0.13, 0.11)),
    )
    log = simulate(scenario, ("bulk", seed))
    return inject_faults(log, seed, each=faults)[0] if faults else log


def fill(
    con: duckdb.DuckDBPyConnection,
    calls: int,
    seed: object = 0,
    faults: int = 0,
    part: str = "all",
    recent: float = 0.01,
) -> int:
    """Put at least `calls` calls, with their targets, outplans and campaigns, into the raw tables of `con`.

    `part`: `all`; `before`, without the `recent` share of calls that began last; or `after`, only those (and no
    other rows): what arrives between two refreshes. Returns the number of calls added.
    """
    _stage(con, calls, seed, faults, recent)
    for table in _COLUMNS if part != "after" else ("campaigncalls",):
        con.execute(f"INSERT INTO raw.voipbin_{table} BY NAME {_query(table, part)}")
    return _rows(con, f"({_query('campaigncalls', part)})")


def write(
    folder: Path,
    calls: int,
    seed: object = 0,
    faults: int = 0,
    kind: str = "ndjson",
    part: str = "all",
    recent: float = 0.01,
    repeated: float = 0.0,
    file_calls: int = 1_000_000,
) -> int:
    """Write at least `calls` calls as landing files under `folder`; return the number of different calls.

    `kind` is `ndjson` (as VoIPBIN's API spells its rows) or `parquet` (typed). `part` and `recent` are as in
    `fill`. A share `repeated` of the calls is written a second time, as it was right after the dial. A file holds
    about `file_calls` calls.
    """
    native = kind == "ndjson"
    form = "FORMAT json" if native else "FORMAT parquet, COMPRESSION zstd"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        _stage(con, calls, seed, faults, recent)
        copies = _rows(con, "bulk_copies")
        step = max(1, file_calls // _rows(con, "bulk_campaigncalls"))
        for table in _COLUMNS if part != "after" else ("campaigncalls",):
            place = folder / "voipbin" / table
            place.mkdir(parents=True, exist_ok=True)
            for number, start in enumerate(range(0, 1 if table in _WHOLE else copies, step)):
                some = None if table in _WHOLE else (start, start + step)
                query = _query(table, part, native, some)
                if repeated and table == "campaigncalls":
                    query += " UNION ALL BY NAME " + _query(table, part, native, some, repeated)
                con.execute(f"COPY ({query}) TO {_file(place / f'{part}-{number:04d}.{kind}')} ({form})")
        return _rows(con, f"({_query('campaigncalls', part)})")


def _file(path: Path) -> str:
    """A path as an SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def _rows(con: duckdb.DuckDBPyConnection, source: str) -> int:
    return int(con.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0])


def _stage(con: duckdb.DuckDBPyConnection, calls: int, seed: object, faults: int, recent: float) -> None:
    """The block as temporary tables, and one row a copy: its group, its keys and its shift."""
    targets = min(BLOCK_TARGETS, max(200, int(calls / CALLS_PER_TARGET)))
    log = block(targets, seed, faults)
    with tempfile.TemporaryDirectory() as folder:
        for table, frame in frames(log).items():
            path = Path(folder) / f"{table}.parquet"
            frame.write_parquet(path)
            ids = ", ".join(
                f'CAST("{name}" AS UUID) AS "{name}"'
                for name in frame.columns
                if name == "id" or (name.endswith("_id") and frame.schema[name] == pl.String)
            )
            name = table.replace("voipbin_", "bulk_")
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * REPLACE ({ids}) FROM read_parquet({_file(path)})"
            )
    copies = -(-calls // len(log.calls))
    dice = Dice("bulk", seed)
    rows = [
        (
            copy,
            # The first copy of the first group is the block itself.
            _key("group", seed, copy % GROUPS) if copy % GROUPS else 0,
            _key("copy", seed, copy) if copy else 0,
            dice.between(1, 30 * MINUTE) if copy else 0,
        )
        for copy in range(copies)
    ]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bulk_copies (copy INTEGER, group_key UHUGEINT, copy_key UHUGEINT, shift BIGINT)"
    )
    con.executemany("INSERT INTO bulk_copies VALUES (?, ?, ?, ?)", rows)
    _stage_partners(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bulk_cutoff AS "
        f"SELECT quantile_disc(tm_create, {1 - recent}) AS cutoff FROM bulk_campaigncalls"
    )


def _stage_partners(con: duckdb.DuckDBPyConnection) -> None:
    """Add to the block's calls and targets whose numbers they have in every second copy."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bulk_partners AS WITH placed AS ("
        "SELECT id, name, row_number() OVER (ORDER BY outdial_id, id) AS place, count(*) OVER () AS targets "
        "FROM bulk_outdialtargets) SELECT one.id, other.id AS partner, other.name AS partner_name FROM placed AS one "
        "JOIN placed AS other ON other.place = 1 + (one.place - 1 + one.targets * 2 // 5) % one.targets"
    )
    for table, target in (("campaigncalls", "outdial_target_id"), ("outdialtargets", "id")):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE bulk_{table} AS SELECT block.*, "
            f"partners.partner, partners.partner_name FROM bulk_{table} AS block "
            f"LEFT JOIN bulk_partners AS partners ON partners.id = block.{target}"
        )


def number(target: str, index: str, pair: str) -> str:
    """SQL: the number of a target's destination in a pair of copies, E.164. Evenly spread, and the same every time."""
    chance = f"hash({target}, {index}, {pair})"
    areas = ", ".join(f"'{area}'" for area in AREA_CODES)
    return (
        f"'+1' || [{areas}][1 + CAST({chance} % {len(AREA_CODES)} AS INTEGER)] "
        f"|| CAST(200 + ({chance} >> 8) % 800 AS VARCHAR) || lpad(CAST(({chance} >> 24) % 10000 AS VARCHAR), 4, '0')"
    )


def _key(*parts: object) -> int:
    """128 bits to flip in an id: ids stay unique and as random as they were, and copies share none."""
    return int(identifier(*parts).replace("-", ""), 16)


_SHARED = {"campaign_id", "outplan_id", "outdial_id", "queue_id", "next_campaign_id"}
_COLUMNS = {
    "campaigncalls": (
        "id campaign_id outplan_id outdial_id outdial_target_id queue_id activeflow_id reference_type reference_id "
        "status result source destination destination_index try_count tm_create tm_update"
    ).split(),
    "outdialtargets": (
        "id outdial_id name detail data status destination_0 destination_1 destination_2 destination_3 destination_4 "
        "try_count_0 try_count_1 try_count_2 try_count_3 try_count_4 tm_create tm_update tm_delete"
    ).split(),
    "outplans": (
        "id name detail source dial_timeout try_interval max_try_count_0 max_try_count_1 max_try_count_2 "
        "max_try_count_3 max_try_count_4 tm_create tm_update tm_delete"
    ).split(),
    "campaigns": (
        "id type name detail status service_level end_handle outplan_id outdial_id queue_id next_campaign_id "
        "tm_create tm_update tm_delete"
    ).split(),
}


_WHOLE = ("outplans", "campaigns")
"""Tables of which a group has one set, however many copies it has."""


def _query(
    table: str,
    part: str,
    native: bool = False,
    copies: tuple[int, int] | None = None,
    opened: float | None = None,
) -> str:
    """The rows of a table over all (or some) copies.

    `native`: spelled as the API does. `opened`: a share of the calls, as they were right after the dial.
    """
    columns = ", ".join(
        f'{_column(table, name, native, opened is not None)} AS "{name}"' for name in _COLUMNS[table]
    )
    where = ["true"]
    if copies is not None:
        where.append(f"copies.copy >= {copies[0]} AND copies.copy < {copies[1]}")
    if table == "campaigncalls" and part != "all":
        where.append(f"block.tm_create {'>' if part == 'after' else '<='} (SELECT cutoff FROM bulk_cutoff)")
    if opened is not None:
        where.append(f"hash(block.id, copies.copy) % 10000 < {int(opened * 10_000)}")
    source = "(SELECT DISTINCT group_key FROM bulk_copies)" if table in _WHOLE else "bulk_copies"
    return f"SELECT {columns} FROM {source} AS copies CROSS JOIN bulk_{table} AS block WHERE {' AND '.join(where)}"


def _column(table: str, name: str, native: bool, opened: bool) -> str:
    """One column of a copy, as SQL over the block's row and the copy's."""
    value = f'block."{name}"'
    if opened and name in _OPENED:
        value = _OPENED[name]
    elif name == "id" or name.endswith("_id"):
        key = "group_key" if table in _WHOLE or name in _SHARED else "copy_key"
        value = f"CAST(xor(CAST({value} AS UHUGEINT), copies.{key}) AS UUID)"
    elif name.startswith("destination") and name != "destination_index":
        own_id = "block.outdial_target_id" if name == "destination" else "block.id"
        target = f"CASE WHEN copies.copy % 2 = 1 THEN coalesce(block.partner, {own_id}) ELSE {own_id} END"
        index = "block.destination_index" if name == "destination" else name[-1]
        own = f"struct_update({value}, target := {number(target, index, 'copies.copy // 2')})"
        value = f"CASE WHEN {value}.target <> '' THEN {own} ELSE {value} END"
    elif name == "name" and table == "outdialtargets":
        value = f"CASE WHEN copies.copy % 2 = 1 THEN coalesce(block.partner_name, {value}) ELSE {value} END"
    elif name.startswith("tm_") and table not in _WHOLE:
        value = f"({value} - to_microseconds(copies.shift))"
    if not native:
        return value
    if name == "id" or name.endswith("_id"):
        return f"coalesce(CAST({value} AS VARCHAR), '00000000-0000-0000-0000-000000000000')"
    if name.startswith("tm_"):
        return f"coalesce(strftime({value}, '%Y-%m-%d %H:%M:%S.%f'), '9999-01-01 00:00:00.000000')"
    return f"coalesce({value}, '')" if name == "result" else value


_OPENED = {"status": "'dialing'", "result": "CAST(NULL AS VARCHAR)", "tm_update": "CAST(NULL AS TIMESTAMP)"}
"""What a call says of itself right after the dial."""
