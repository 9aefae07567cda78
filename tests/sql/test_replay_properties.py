"""The replay in SQL held to the reference replay: random logs and simulated ones, target by target and code by code.

Belongs here: properties over logs that nobody wrote by hand. Does not belong here: the rules themselves
(``test_replay.py`` shows them one by one, ``tests/recount/replay.py`` has them in Python).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.models.incremental import Builder, build_whole
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.sources import DUCKDB_TYPES
from pipelines.warehouse.tables import raw_columns
from tests.recount.replay import Result
from tests.recount.replay import replay as reference
from tests.simulation.damage import inject_faults, lose_writes
from tests.simulation.dialer import any_scenario, simulate, to_datetime
from tests.support import TABLES, examples, file_arrives, ledger, note_moments

START = datetime(2026, 3, 2, 9)
Rows = dict[str, list[dict[str, Any]]]
SHAPES: dict[str, Any] = {
    DUCKDB_TYPES["address"]: dict.fromkeys(("type", "target", "target_name", "name", "detail"), "VARCHAR")
}
# Read once: reading the files takes longer than building a small log.
MODELS = with_upstream(load_models(), ["replay.transitions", "replay.target_outcomes"])


def uuid(kind: int, number: int) -> str:
    return f"00000000-0000-4000-{kind:04d}-{number:012d}"


def at(ticks: int) -> datetime:
    return START + timedelta(milliseconds=2500 * ticks)


def phone(index: int) -> dict[str, str]:
    return {"type": "tel", "target": f"+1202555010{index}", "target_name": "", "name": "", "detail": ""}


# Few ids, few moments (one tick is half the clock tolerance), so that everything collides with everything.
moments = st.integers(0, 40).map(at)
maybe_moment = st.none() | moments
addresses = st.sampled_from([None, {"type": "", "target": ""}, phone(0), phone(1), phone(9)])
counts = st.sampled_from([None, 0, 1, 2, 3])


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    index = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 4]))
    status = draw(st.sampled_from(["done", "done", "done", "done", "progressing", "dialing"]))
    return {
        "campaign_id": draw(st.sampled_from([None, uuid(3, 0), uuid(3, 1), uuid(3, 7)])),
        "outplan_id": draw(st.sampled_from([None, uuid(4, 0), uuid(4, 0), uuid(4, 1), uuid(4, 7)])),
        "outdial_id": uuid(2, draw(st.integers(0, 1))),
        "outdial_target_id": draw(st.sampled_from([*[uuid(1, n) for n in range(3)], uuid(1, 7), None])),
        "status": status,
        "result": draw(
            st.sampled_from(
                ["fail", "fail", "fail", "success", None] if status == "done" else [None, None, "fail"]
            )
        ),
        "destination": draw(st.sampled_from([phone(index), phone(index), phone(index), None, phone(9)])),
        "destination_index": index,
        "try_count": draw(st.integers(1, 3)),
        "tm_create": draw(moments),
        "tm_update": draw(maybe_moment),
    }


@st.composite
def targets(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "outdial_id": uuid(2, draw(st.integers(0, 1))),
        "status": draw(st.sampled_from([None, "idle", "progressing", "done"])),
        **{
            f"destination_{index}": draw(st.sampled_from([phone(index), phone(index), None]))
            for index in (0, 1, 2)
        },
        "destination_4": draw(addresses),
        **{f"try_count_{index}": draw(counts) for index in range(5)},
        "tm_create": draw(maybe_moment),
        "tm_update": draw(maybe_moment),
        "tm_delete": draw(st.none() | st.none() | moments),
        "_deleted_at": draw(st.none() | st.none() | moments),
    }


@st.composite
def outplans(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": uuid(4, draw(st.integers(0, 1))),
        "try_interval": draw(st.sampled_from([None, -1, 0, 2500, 10_000, 60_000, 2**62])),
        **{f"max_try_count_{index}": draw(st.sampled_from([None, -1, 0, 1, 2, 2, 3])) for index in range(5)},
        "tm_create": draw(maybe_moment),
        "tm_update": draw(maybe_moment),
    }


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "status": draw(st.sampled_from([None, "run", "run", "stopping", "stop"])),
        "outplan_id": draw(st.sampled_from([None, uuid(4, 0), uuid(4, 1)])),
        "outdial_id": draw(st.sampled_from([None, uuid(2, 0), uuid(2, 1)])),
        "tm_create": draw(maybe_moment),
        "tm_delete": draw(st.none() | st.none() | moments),
    }


@st.composite
def sensible_lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Calls of one target, nearly as a dialer would make them: in order, counted, now and then too early."""
    target, counted, clock = draw(st.integers(0, 2)), [0] * 5, draw(st.integers(0, 4))
    made = []
    for _ in range(draw(st.integers(0, 5))):
        index = draw(st.sampled_from([0, 0, 0, 1, 1, 2]))
        counted[index] += draw(st.sampled_from([1, 1, 1, 1, 1, 1, 2]))
        clock += draw(st.sampled_from([0, 1, 2, 3, 4, 4, 5, 8]))
        ended = clock + draw(st.integers(0, 5))
        status = draw(st.sampled_from(["done"] * 9 + ["dialing"]))
        made.append(
            {
                "campaign_id": uuid(3, 0),
                "outplan_id": uuid(4, 0),
                "outdial_id": uuid(2, 0),
                "outdial_target_id": uuid(1, target),
                "status": status,
                "result": draw(st.sampled_from(["fail"] * 8 + ["success"])) if status == "done" else None,
                "destination": phone(index),
                "destination_index": index,
                "try_count": counted[index],
                "tm_create": at(clock),
                "tm_update": at(ended) if status == "done" else None,
            }
        )
        clock = ended
    return made


@st.composite
def logs(draw: st.DrawFn) -> Rows:
    def numbered(kind: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"id": uuid(kind, number), **row} for number, row in enumerate(rows)]

    plans = draw(st.lists(outplans(), max_size=5, unique_by=lambda row: (row["id"], row["tm_update"])))
    lives = draw(st.lists(sensible_lives(), max_size=3))
    made = draw(
        st.permutations([call for life in lives for call in life] + draw(st.lists(calls(), max_size=6)))
    )
    return {
        # Ids are given apart from times: calls of one moment come in any order of ids.
        "voipbin_campaigncalls": numbered(5, made),
        "voipbin_outdialtargets": numbered(1, draw(st.lists(targets(), max_size=3))),
        "voipbin_outplans": plans,
        "voipbin_campaigns": numbered(3, draw(st.lists(campaigns(), max_size=3))),
    }


def text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def rows_of(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(text(value) for value in row) for row in con.sql(query).fetchall()]


def assert_same(con: duckdb.DuckDBPyConnection, expected: Result) -> None:
    """Every outcome, violation and transition in SQL is the reference's, and there are no others."""
    outcomes = rows_of(
        con,
        """SELECT outdial_target_id, outdial_id, campaign_id, status, outcome,
               [try_count_0, try_count_1, try_count_2, try_count_3, try_count_4], attempts, first_attempt_at,
               last_attempt_at, last_hangup_at, reached_at, tries_left, next_destination_index, next_eligible_at,
               platform_status,
               status_agreement, tries_agreement, deleted_at, violations
           FROM replay.target_outcomes ORDER BY outdial_target_id""",
    )
    assert outcomes == [tuple(row.__dict__.values()) for _, row in sorted(expected.outcomes.items())]
    violations = rows_of(
        con, "SELECT outdial_target_id, campaigncall_id, code, verdict, occurred_at FROM replay.violations"
    )
    assert Counter(violations) == Counter(tuple(row.__dict__.values()) for row in expected.violations)
    transitions = rows_of(con, "SELECT * FROM replay.transitions ORDER BY outdial_target_id, sequence")
    assert [
        (target, sequence, call, moment, event, before, after, index, tries)
        for target, sequence, call, moment, event, before, after, index, tries in transitions
    ] == [
        tuple(row.__dict__.values())
        for row in sorted(expected.transitions, key=lambda row: (row.target, row.sequence))
    ]


BROKEN_WALKS = """
WITH walked AS (
    SELECT *,
        lag(to_status, 1, 'idle') OVER (PARTITION BY outdial_target_id ORDER BY sequence) AS left_at,
        row_number() OVER (PARTITION BY outdial_target_id ORDER BY sequence) AS place,
        lead(sequence) OVER (PARTITION BY outdial_target_id ORDER BY sequence) IS NULL AS is_last,
        lead(sequence) OVER (PARTITION BY outdial_target_id, destination_index ORDER BY sequence) IS NULL AS is_last_there
    FROM replay.transitions
)
SELECT outdial_target_id, sequence FROM walked WHERE from_status <> left_at OR sequence <> place
UNION ALL
SELECT outdial_target_id, walked.sequence
FROM replay.target_outcomes AS outcomes LEFT JOIN walked USING (outdial_target_id)
WHERE (walked.is_last AND walked.to_status <> outcomes.status) OR (walked.sequence IS NULL) <> (attempts = 0)
    OR (walked.sequence IS NULL AND outcomes.status <> 'idle' AND outcomes.outcome <> 'unresolved')
    OR (walked.is_last_there AND walked.tries_used <> CASE walked.destination_index WHEN 0 THEN try_count_0
        WHEN 1 THEN try_count_1 WHEN 2 THEN try_count_2 WHEN 3 THEN try_count_3 ELSE try_count_4 END)
UNION ALL
SELECT outdial_target_id, sequence FROM walked ANTI JOIN replay.target_outcomes USING (outdial_target_id)
"""


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return ledger()


def fill(con: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """The raw tables hold these rows and no others, in one statement a table."""
    for table, records in rows.items():
        columns = raw_columns(TABLES[table])
        shape = json.dumps([{name: SHAPES.get(kind, kind) for name, kind in columns.items()}])
        names = ", ".join(f'row."{name}"' for name in columns)
        con.execute(f"DELETE FROM raw.{table}")
        con.execute(
            f"INSERT INTO raw.{table} SELECT {names} FROM (SELECT unnest(from_json(?, '{shape}')) AS row)",
            [json.dumps(records, default=str)],
        )


def replayed(con: duckdb.DuckDBPyConnection, rows: Rows, as_of: datetime) -> Result:
    """Replay these rows in SQL, and give what the reference makes of them."""
    fill(con, rows)
    note_moments(con)
    con.execute("UPDATE landing.settings SET as_of = ?", [as_of])
    for model in MODELS:
        build_whole(con, model)
    assert con.sql(BROKEN_WALKS).fetchall() == []
    return reference(rows, as_of)


@settings(
    max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=logs(), as_of=st.integers(-1, 60).map(at))
def test_any_log_at_any_moment(con: duckdb.DuckDBPyConnection, rows: Rows, as_of: datetime) -> None:
    assert_same(con, replayed(con, rows, as_of))


def test_a_moment_before_every_write_by_less_than_the_tolerance(con: duckdb.DuckDBPyConnection) -> None:
    """Neither list shows when it was polled, and still a row written just after the moment is compared."""
    counts = {f"try_count_{index}": None for index in range(5)}
    target = {
        "id": uuid(1, 0), "outdial_id": uuid(2, 0), "status": None, **counts, "try_count_4": 1,
        **{f"destination_{index}": None for index in (0, 1, 2, 4)},
        "tm_create": None, "tm_update": at(1), "tm_delete": None, "_deleted_at": None,
    }  # fmt: skip
    rows: Rows = {name: [] for name in ("voipbin_campaigncalls", "voipbin_outplans", "voipbin_campaigns")}
    expected = replayed(con, rows | {"voipbin_outdialtargets": [target]}, at(0))
    assert [row.tries_agreement for row in expected.outcomes.values()] == ["not_yet_comparable"]
    assert_same(con, expected)


WORLDS = 8


@pytest.mark.parametrize("seed", range(WORLDS))
def test_any_world_of_the_dialer_at_any_moment(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Clean logs: overlapping campaigns, changed outplans, deleted targets; rows in any order; no illegal call."""
    log = simulate(any_scenario(seed, targets=300), seed)
    rows = log.rows()
    for number in range(3):
        for records in rows.values():
            Random(f"{seed}/{number}").shuffle(records)
        begin, end = min((call.tm_create for call in log.calls), default=log.end), log.end
        moment = to_datetime(begin + (end - begin) * number // 2)
        assert moment is not None
        expected = replayed(con, rows, moment)
        assert_same(con, expected)
        # That a target is dialled although it was deleted is what the platform does: clean, and still told.
        illegal = {row.code for row in expected.violations if row.verdict == "illegal"}
        assert illegal <= {"dial_after_delete"}


@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_fault_is_found_and_nothing_else(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    log, faults = inject_faults(simulate(any_scenario(seed, targets=300), seed), seed, each=3)
    moment = to_datetime(log.end)
    assert moment is not None
    assert_same(con, replayed(con, log.rows(), moment))
    found = rows_of(
        con, "SELECT campaigncall_id, code, verdict FROM replay.violations WHERE verdict <> 'unverifiable'"
    )
    assert Counter(found) == Counter((fault.call_id, fault.code, fault.verdict) for fault in faults)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_drift_of_the_platform_is_named(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    log, drifts = lose_writes(simulate(any_scenario(seed, targets=300), seed), seed, each=3)
    moment = to_datetime(log.end)
    assert moment is not None
    assert_same(con, replayed(con, log.rows(), moment))
    named = {
        target: (status, tries, outcome)
        for target, status, tries, outcome in rows_of(
            con,
            "SELECT outdial_target_id, status_agreement, tries_agreement, outcome FROM replay.target_outcomes",
        )
    }
    for drift in drifts:
        status, tries, outcome = named[drift.target_id]
        assert (status, tries) == (drift.status_agreement, drift.tries_agreement), drift
        assert drift.outcome in (None, outcome), drift


def arrive(con: duckdb.DuckDBPyConnection, rows: Rows, file: int) -> None:
    """A file brings these rows: each is now the latest version of its key."""
    for table, records in rows.items():
        key = ("id", "tm_update") if table == "voipbin_outplans" else ("id",)
        with file_arrives(con, table, file):
            con.execute("CREATE OR REPLACE TEMP TABLE kept AS FROM raw." + table)
            fill(con, {table: [{**record, "_file_id": file} for record in records]})
            same = " AND ".join(f"new.{column} IS NOT DISTINCT FROM kept.{column}" for column in key)
            con.execute(
                f"INSERT INTO raw.{table} FROM kept "
                f"WHERE NOT EXISTS (SELECT 1 FROM raw.{table} AS new WHERE {same})"
            )


def contents(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        model.table: con.sql(f"SELECT * FROM {model.table} ORDER BY ALL").fetchall()
        for model in MODELS
        if model.schema == "replay"
    }


@settings(max_examples=examples(15), deadline=None)
@given(
    files=st.lists(logs(), min_size=2, max_size=4),
    moments=st.lists(st.none() | st.none() | st.integers(0, 60).map(at), min_size=4, max_size=4),
)
def test_file_by_file_is_the_same_as_all_at_once(files: list[Rows], moments: list[datetime | None]) -> None:
    """Whatever each file changes (calls that move to another target, outplans, campaigns) and wherever as-of goes."""
    step, whole = ledger(), ledger()
    for number, (rows, moment) in enumerate(zip(files, moments, strict=False), start=1):
        for one in (step, whole):
            arrive(one, rows, number)
            one.execute("UPDATE landing.settings SET as_of = ?", [moment])
        builder = Builder(step)
        for model in MODELS:
            builder.build(model)
            build_whole(whole, model)
        assert contents(step) == contents(whole)


def test_new_calls_of_one_target_replay_that_target_alone() -> None:
    log = simulate(any_scenario(3, targets=50), 3)
    rows = log.rows()
    step = ledger()
    arrive(step, rows, 1)
    builder = Builder(step)
    for model in MODELS:
        builder.build(model)
    last = max(log.calls, key=lambda call: call.tm_create)
    added = {**next(row for row in rows["voipbin_campaigncalls"] if row["id"] == last.id)}
    moment = to_datetime(log.end + 3_600_000_000)
    added |= {"id": uuid(5, 1), "tm_create": moment, "tm_update": moment}
    arrive(step, {"voipbin_campaigncalls": [added]}, 2)
    built = {model.table: builder.build(model) for model in MODELS}
    assert {table for table, extent in built.items() if extent == "whole"} <= {
        "core.as_of",
        "core._cutoff",
        "core.observed",
        "core.sources",
        "replay._clock",
        "replay._outplan_versions",
        "replay.target_outcomes",
    }
    assert [built[f"replay.{name}"] for name in ("_calls", "violations", "transitions")] == [
        "changed keys"
    ] * 3
    kept = contents(step)
    for model in MODELS:
        build_whole(step, model)
    assert contents(step) == kept
