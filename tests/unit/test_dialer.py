"""The simulated dialer keeps its own law.

A judge written here, from the documentation, finds nothing to object to in a clean log, and exactly the faults that
were put into a damaged one. The replay is not tested here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.warehouse.tables import create_schemas
from tests.simulation import bulk
from tests.simulation.damage import CODES, inject_faults, lose_calls, lose_writes, polled
from tests.simulation.dialer import (
    HOUR,
    MINUTE,
    SECOND,
    Answering,
    Campaign,
    Change,
    Log,
    Outdial,
    Outplan,
    Scenario,
    any_scenario,
    call_row,
    identifier,
    moment,
    simulate,
    to_datetime,
)

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
TOLERANCE = timedelta(seconds=5)
BEGIN = moment("2026-10-05T08:00:00")


# ------------------------------------------------------------------------------------------------ the judge


def judge(rows: Rows) -> dict[str, dict[str, str]]:
    """Call id → {code: verdict} for every call that breaks a rule. One target, one call at a time."""
    targets = {row["id"]: row for row in rows["voipbin_outdialtargets"]}
    calls: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows["voipbin_campaigncalls"], key=lambda row: (row["tm_create"], row["id"])):
        calls[row["outdial_target_id"]].append(row)
    found: dict[str, dict[str, str]] = {}
    for target_id, history in calls.items():
        for position, call in enumerate(history):
            codes = _judge_call(call, history[:position], targets.get(target_id), rows["voipbin_outplans"])
            if codes:
                found[call["id"]] = codes
    return found


def _judge_call(
    call: Row, earlier: Sequence[Row], target: Row | None, outplans: Sequence[Row]
) -> dict[str, str]:
    codes = _judge_alone(call)
    if target is None:
        return codes | {"orphan_call": "illegal"}
    began, index = call["tm_create"], call["destination_index"]
    tries = Counter(one["destination_index"] for one in earlier)
    if target["tm_delete"] is not None and began > target["tm_delete"]:
        codes["dial_after_delete"] = verdict(began - target["tm_delete"])
    reached = [one["tm_update"] for one in earlier if one["status"] == "done" and one["result"] == "success"]
    if reached and began > min(reached):
        codes["dial_after_done"] = verdict(began - min(reached))
    if any(one["status"] != "done" or one["tm_update"] > began for one in earlier):
        codes["dial_while_active"] = "illegal"
    if call["try_count"] != tries[index] + 1:
        codes["try_count_mismatch"] = "illegal"
    destination = target[f"destination_{index}"]
    if destination is None:
        codes["destination_missing"] = "illegal"
    elif call["destination"] is None or call["destination"]["target"] != destination["target"]:
        codes["destination_mismatch"] = "illegal"
    versions = [plan for plan in outplans if plan["id"] == call["outplan_id"] and plan["tm_update"] <= began]
    if versions:
        plan = max(versions, key=lambda plan: plan["tm_update"])
        ends = [] if "dial_while_active" in codes else [one["tm_update"] for one in earlier]
        codes |= _judge_by_plan(call, plan, target, tries, ends)
    return codes


def _judge_alone(call: Row) -> dict[str, str]:
    codes: dict[str, str] = {}
    if call["status"] == "done" and call["result"] is None:
        codes["result_missing"] = "illegal"
    if call["status"] != "done" and call["result"] is not None:
        codes["result_premature"] = "illegal"
    if call["status"] == "done" and call["tm_update"] < call["tm_create"]:
        codes["time_reversed"] = verdict(call["tm_create"] - call["tm_update"])
    return codes


def _judge_by_plan(
    call: Row, plan: Row, target: Row, tries: Counter[int], ends: Sequence[datetime]
) -> dict[str, str]:
    codes: dict[str, str] = {}
    index = call["destination_index"]
    if ends:
        due = max(ends) + timedelta(milliseconds=plan["try_interval"])
        if call["tm_create"] < due:
            codes["retry_too_soon"] = verdict(due - call["tm_create"])
    if tries[index] >= plan[f"max_try_count_{index}"]:
        codes["try_limit_exceeded"] = "illegal"
    for lower in range(index):
        if target[f"destination_{lower}"] is not None and tries[lower] < plan[f"max_try_count_{lower}"]:
            codes["destination_out_of_order"] = "illegal"
    return codes


def verdict(by: timedelta) -> str:
    return "tolerated" if by <= TOLERANCE else "illegal"


def small(**changes: Any) -> Scenario:
    """Forty people with one or two numbers, one campaign, one plan, six hours."""
    settings: dict[str, Any] = {
        "begin": BEGIN,
        "end": BEGIN + 6 * HOUR,
        "outplans": (Outplan("plan", (2, 1, 0, 0, 0), 600_000),),
        "outdials": (Outdial("list", 40, (((0,), 1.0), ((0, 1), 1.0))),),
        "campaigns": (Campaign("campaign", "list", "plan", BEGIN),),
    }
    return Scenario(**(settings | changes))


# ------------------------------------------------------------------------------------------------ clean logs


@pytest.mark.parametrize("seed", range(40))
def test_a_clean_log_breaks_no_rule(seed: int) -> None:
    log = simulate(any_scenario(seed, targets=150), seed)
    assert judge(log.rows()) == {}


def test_random_worlds_differ_in_what_happens() -> None:
    logs = [simulate(any_scenario(seed, targets=150), seed) for seed in range(40)]
    statuses = Counter(call.status for log in logs for call in log.calls)
    assert set(statuses) == {"dialing", "progressing", "done"}
    assert {campaign.status for log in logs for campaign in log.campaigns} >= {"run", "stop"}
    assert any(len({plan.tm_update for plan in log.outplans}) > 1 for log in logs)
    assert any(
        len({call.campaign_id for call in calls}) > 1 for log in logs for calls in log.by_target().values()
    )
    indexes = [[call.index for call in calls] for log in logs for calls in log.by_target().values()]
    assert any(one > other for calls in indexes for one, other in pairwise(calls)), "goes back"


def test_same_seed_same_log() -> None:
    assert simulate(any_scenario(7), 7).rows() == simulate(any_scenario(7), 7).rows()
    assert simulate(any_scenario(7), 7).rows() != simulate(any_scenario(7), 8).rows()


@pytest.mark.parametrize("seed", range(3))
def test_dials_the_idle_target_with_the_oldest_update(seed: int) -> None:
    log = simulate(small(), seed)
    assert len(log.calls) > 60
    for call in log.calls:
        plan = log.in_force(call.outplan_id, call.tm_create)
        assert plan is not None
        waiting = {}
        for target in log.targets:
            status, tries, changed = target.state(call.tm_create)
            left = any(
                target.destinations[index] and tries[index] < plan.max_try_count[index] for index in range(5)
            )
            due = changed + (plan.interval if any(tries) else 0)
            if status == "idle" and left and due <= call.tm_create:
                waiting[target.id] = changed
        assert waiting[call.target_id] == min(waiting.values())


@pytest.mark.parametrize("lines", [0, 1, 3])
def test_half_a_second_between_dials_and_no_more_lines_than_there_are(lines: int) -> None:
    log = simulate(small(campaigns=(Campaign("campaign", "list", "plan", BEGIN, lines=lines),)))
    dials = [call.tm_create for call in log.calls]
    assert min(later - sooner for sooner, later in pairwise(dials)) >= SECOND // 2
    for call in log.calls:
        ends = [other.tm_update or log.end for other in log.calls if other.tm_create <= call.tm_create]
        assert not lines or sum(end > call.tm_create for end in ends) <= lines


def test_calls_open_at_the_end_stay_open() -> None:
    world = small(
        answering=Answering((0.9,), dead_numbers=0.0, never_answer=0.0, talk=(2 * MINUTE, 9 * MINUTE))
    )
    whole = simulate(world)
    for cut in range(4):
        end = BEGIN + 15 * SECOND + cut * 5 * SECOND
        log = simulate(small(end=end, answering=world.answering))
        assert {call.status for call in log.calls} & {"dialing", "progressing"}
        # A shorter simulation is what a poll at that moment would have seen of the longer one.
        seen = [call_row(row) for call in whole.calls if (row := call.at(end)) is not None]
        assert [call_row(call) for call in log.calls] == seen
        assert all(call.result is None for call in log.calls if call.status != "done")
        assert all((call.tm_update or 0) <= end for call in log.calls)


def test_nobody_dials_outside_the_hours_nor_after_the_stop() -> None:
    hours = ((BEGIN + HOUR, BEGIN + 2 * HOUR), (BEGIN + 4 * HOUR, BEGIN + 5 * HOUR))
    stop = BEGIN + 4 * HOUR + 5 * MINUTE
    log = simulate(
        small(campaigns=(Campaign("c", "list", "plan", BEGIN, hours=hours, lines=2, stopped_at=stop),))
    )
    assert log.calls
    assert all(any(start <= call.tm_create < end for start, end in hours) for call in log.calls)
    assert all(call.tm_create <= stop for call in log.calls)
    assert log.campaigns[0].status == "stop"


def test_campaigns_one_after_the_other() -> None:
    campaigns = (
        Campaign("second", "list", "generous", BEGIN, after="first"),
        Campaign("first", "list", "plan", BEGIN),
    )
    plans = (Outplan("plan", (1, 0, 0, 0, 0), 60_000), Outplan("generous", (2, 1, 0, 0, 0), 60_000))
    log = simulate(small(campaigns=campaigns, outplans=plans))
    names = {campaign.id: campaign.name for campaign in log.campaigns}
    dialled = {
        name: [call for call in log.calls if names[call.campaign_id] == name] for name in names.values()
    }
    assert dialled["first"]
    assert dialled["second"]
    assert max(call.ended_at or log.end for call in dialled["first"]) <= min(
        call.tm_create for call in dialled["second"]
    )
    first = next(campaign for campaign in log.campaigns if campaign.name == "first")
    assert first.status == "stop"
    assert names[first.next_campaign_id or ""] == "second"


def test_a_raised_maximum_wakes_the_exhausted() -> None:
    change = Change(BEGIN + 3 * HOUR, (3, 1, 0, 0, 0))
    plans = (Outplan("plan", (1, 1, 0, 0, 0), 60_000, changes=(change,)),)
    log = simulate(
        small(outplans=plans, campaigns=(Campaign("c", "list", "plan", BEGIN, end_handle="continue"),))
    )
    assert [plan.max_try_count[0] for plan in log.outplans] == [1, 3]
    assert max(call.try_count for call in log.calls if call.tm_create < change.at) == 1
    assert max(call.try_count for call in log.calls if call.tm_create > change.at) == 3


@pytest.mark.parametrize("status", ["idle", "done"])
def test_what_becomes_of_exhausted_targets_is_a_choice(status: str) -> None:
    log = simulate(small(exhausted_status=status))
    exhausted = [
        target for target in log.targets if all(call.result == "fail" for call in log.by_target()[target.id])
    ]
    assert exhausted
    assert {target.state()[0] for target in exhausted} == {status}


def test_platform_rows_count_what_the_log_has() -> None:
    for seed in range(10):
        log = simulate(any_scenario(seed), seed)
        calls = log.by_target()
        for target in log.targets:
            tries = Counter(call.index for call in calls.get(target.id, []))
            assert target.state()[1] == [tries[index] for index in range(5)]


def test_times_and_ids() -> None:
    assert moment("2026-10-05T08:00:00") == moment("2026-10-05T10:00:00+02:00")
    assert to_datetime(moment("2026-02-05T10:00:00.12")) == datetime(2026, 2, 5, 10, 0, 0, 120_000)
    assert identifier("a", 1) == identifier("a", 1) != identifier("a", 2)
    assert identifier("a", 1)[14] == "4"


# ------------------------------------------------------------------------------------------------ damage


@pytest.mark.parametrize("seed", range(25))
def test_faults_are_found_where_they_were_put_and_nowhere_else(seed: int) -> None:
    log = simulate(any_scenario(seed, targets=300), seed)
    before = log.rows()
    damaged, faults = inject_faults(log, seed)
    assert log.rows() == before, "the log given is left alone"
    assert judge(damaged.rows()) == {fault.call_id: {fault.code: fault.verdict} for fault in faults}
    assert len({fault.call_id for fault in faults}) == len(faults)


def test_every_code_can_be_put_into_an_ordinary_log() -> None:
    log = bulk.block(600)
    damaged, faults = inject_faults(log, "every", each=3)
    counts = Counter(fault.code for fault in faults)
    assert set(counts) == set(CODES)
    assert all(count >= 3 for count in counts.values())
    assert {fault.code for fault in faults if fault.verdict == "tolerated"} == {
        "retry_too_soon",
        "time_reversed",
        "dial_after_delete",
    }
    assert judge(damaged.rows()) == {fault.call_id: {fault.code: fault.verdict} for fault in faults}


def test_lost_writes_show_in_the_platform_row() -> None:
    log = bulk.block(600)
    damaged, drifts = lose_writes(log, 1, each=2)
    assert judge(damaged.rows()) == {}
    assert {drift.status_agreement for drift in drifts} == {
        "match",
        "lost_write",
        "done_unexplained",
        "open_call_unseen",
        "differs",
    }
    assert {drift.tries_agreement for drift in drifts} == {
        "match",
        "lost_increment",
        "impossible",
        "missing_calls",
    }
    calls = damaged.by_target()
    targets = {target.id: target for target in damaged.targets}
    for drift in drifts:
        status, tries, _ = targets[drift.target_id].state()
        counted = Counter(call.index for call in calls[drift.target_id])
        gaps = {tries[index] - counted[index] for index in range(5)} - {0}
        assert (
            gaps
            == {"match": set(), "lost_increment": {-1}, "impossible": {-2}, "missing_calls": {1}}[
                drift.tries_agreement
            ]
        )
        is_open = any(call.status != "done" for call in calls[drift.target_id])
        if drift.status_agreement == "lost_write":
            assert status == "progressing"
            assert not is_open
        if drift.status_agreement == "open_call_unseen":
            assert status != "progressing"
            assert is_open
        if drift.status_agreement == "done_unexplained":
            assert status == "done"
            assert all(call.result == "fail" for call in calls[drift.target_id])
        if drift.outcome == "stuck":
            assert is_open


def test_lost_calls_leave_a_trace() -> None:
    log = bulk.block(400)
    damaged, lost = lose_calls(log, 1, count=5)
    assert len(lost) == 5
    assert len(damaged.calls) == len(log.calls) - 5
    codes = {code for found in judge(damaged.rows()).values() for code in found}
    assert codes
    assert codes <= {"try_count_mismatch", "destination_out_of_order"}


def test_polls_repeat_calls_and_the_latest_version_is_the_log() -> None:
    log = simulate(any_scenario(6, targets=200), 6)
    rows = polled(log, 1, share=0.5)
    assert len(rows) > len(log.calls) * 1.4
    assert [row.tm_create for row in rows] != sorted(row.tm_create for row in rows)
    latest: dict[str, Any] = {}
    for row in rows:
        last = latest.get(row.id)
        if last is None or (row.tm_update or 0, row.status == "done") > (
            last.tm_update or 0,
            last.status == "done",
        ):
            latest[row.id] = row
    assert {row.id: call_row(row) for row in latest.values()} == {
        call.id: call_row(call) for call in log.calls
    }


# ------------------------------------------------------------------------------------------------ bulk


def raw(con: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for resource in ("campaigncalls", "outdialtargets", "outplans", "campaigns"):
        relation = con.sql(f"SELECT * FROM raw.voipbin_{resource}")
        tables[f"voipbin_{resource}"] = [
            dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()
        ]
    return tables


def warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    create_schemas(con)
    return con


def test_a_log_loads_into_the_raw_tables_as_it_is() -> None:
    log = simulate(any_scenario(2), 2)
    con = warehouse()
    bulk.load(con, log)
    for table, rows in log.rows().items():
        relation = con.sql(f"SELECT * FROM raw.{table}")
        got = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
        got = [
            {
                name: str(row[name]) if name == "id" or (name.endswith("_id") and row[name]) else row[name]
                for name in rows[0]
            }
            for row in got
        ]
        assert sorted(got, key=lambda row: (row["id"], str(row["tm_update"]))) == sorted(
            rows, key=lambda row: (row["id"], str(row["tm_update"]))
        )


def test_copies_of_a_clean_block_are_clean_and_share_campaigns_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BLOCK_TARGETS", 200)
    con = warehouse()
    count = bulk.fill(con, 6_000)
    rows = raw(con)
    calls = rows["voipbin_campaigncalls"]
    assert count == len(calls) >= 6_000
    assert len({row["id"] for row in calls}) == count
    assert judge(rows) == {}
    assert len(rows["voipbin_campaigns"]) == 4 * min(bulk.GROUPS, -(-count // (count // bulk.GROUPS)))
    known = {row["id"] for row in rows["voipbin_outdialtargets"]}
    assert {row["outdial_target_id"] for row in calls} <= known
    assert len(known) == len(rows["voipbin_outdialtargets"])
    assert {row["outplan_id"] for row in calls} <= {row["id"] for row in rows["voipbin_outplans"]}


def test_faults_are_copied_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BLOCK_TARGETS", 400)
    once, twice = warehouse(), warehouse()
    first = bulk.fill(once, 1_000, faults=1)
    assert bulk.fill(twice, first + 1, faults=1) == 2 * first
    one = Counter(code for codes in judge(raw(once)).values() for code in codes)
    two = Counter(code for codes in judge(raw(twice)).values() for code in codes)
    assert one
    assert two == Counter({code: 2 * count for code, count in one.items()})


def test_what_comes_later_is_the_last_hundredth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BLOCK_TARGETS", 400)
    whole, parted = warehouse(), warehouse()
    total = bulk.fill(whole, 4_000)
    before = bulk.fill(parted, 4_000, part="before")
    after = bulk.fill(parted, 4_000, part="after")
    assert before + after == total
    assert 0.005 < after / total < 0.02
    query = "SELECT * FROM raw.voipbin_campaigncalls ORDER BY id"
    assert whole.sql(query).fetchall() == parted.sql(query).fetchall()
    assert (
        whole.sql("SELECT count(*) FROM raw.voipbin_outdialtargets").fetchall()
        == parted.sql("SELECT count(*) FROM raw.voipbin_outdialtargets").fetchall()
    )


@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
def test_bulk_files(kind: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BLOCK_TARGETS", 200)
    count = bulk.write(tmp_path, 3_000, kind=kind, repeated=0.1, file_calls=1_000)
    files = sorted((tmp_path / "voipbin" / "campaigncalls").iterdir())
    assert len(files) > 2
    con = duckdb.connect()
    reader = "read_json" if kind == "ndjson" else "read_parquet"
    rows, ids = con.sql(
        f"SELECT count(*), count(DISTINCT id) FROM {reader}('{tmp_path}/voipbin/campaigncalls/*.{kind}')"
    ).fetchall()[0]
    assert ids == count
    assert 1.05 < rows / ids < 1.15
    folders = sorted(path.name for path in (tmp_path / "voipbin").iterdir())
    assert folders == ["campaigncalls", "campaigns", "outdialtargets", "outplans"]


def test_frames_are_typed() -> None:
    made = bulk.frames(simulate(any_scenario(1), 1))
    assert made["voipbin_campaigncalls"].schema["tm_create"] == pl.Datetime("us")
    assert isinstance(made["voipbin_outdialtargets"].schema["destination_3"], pl.Struct)


def test_a_log_without_rows_makes_no_frame() -> None:
    assert bulk.frames(Log([], [], [], [], 0)) == {}
