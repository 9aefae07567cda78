"""Every report against the recount (tests/recount), over generated logs of all systems at once.

Belongs here: logs that nobody wrote by hand. Does not belong here: the sample (tests/integration/test_refresh.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recount import comparison
from tests.recount.comparison import assert_communications_counted, assert_counted
from tests.recount.recount import TABLES, Recount
from tests.sql.logs import START, Row, action_builder, liondesk, merged, outreach, uuid, voipbin, with_mapping
from tests.support import build, examples, fetch

Log = tuple[dict[str, list[Row]], datetime | None, str]
"""Raw rows, the moment that is set, and the reporting time zone."""

ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"]
SECOND = timedelta(seconds=1)
REASONS = (
    "failed", "amd", "busy", "noanswer", "unanswer", "dialout", "cancel", " AMD ", "normal", "timeout", "odd", None,
)  # fmt: skip
STAYS = st.lists(st.sampled_from(["abandoned", "done", "service", "waiting"]), max_size=2)
STEPS = [timedelta(minutes=1), timedelta(minutes=47), timedelta(hours=7), timedelta(hours=31, seconds=7)]


def histories_of(words: list[str], most: int = 4) -> st.SearchStrategy[dict[int, list[str]]]:
    return st.dictionaries(st.integers(1, 9), st.lists(st.sampled_from(words), max_size=most), max_size=9)


def add_voice(dialed: dict[str, list[Row]], call: Row, reason: str | None, stays: list[str]) -> None:
    """Add a campaigncall's voice call, hung up for a reason, and its stays in a queue, one after the other."""
    began, ended = call["tm_create"], call["tm_update"]
    times = {"tm_create": began, "tm_update": ended}
    voice = {
        "id": call["reference_id"],
        "status": "hangup",
        "hangup_reason": reason,
        "tm_progressing": began + SECOND if stays else None,
        "tm_hangup": ended,
        **times,
    }
    dialed.setdefault("voipbin_calls", []).append(voice)
    for number, status in enumerate(stays):
        stay = {
            "id": str(UUID(int=UUID(call["reference_id"]).int * 16 + number)),
            "reference_type": "call",
            "reference_id": call["reference_id"],
            "status": status,
            "duration_waiting": 1500 * number if status == "abandoned" else None,
            "tm_service": began + 2 * SECOND if status == "service" else None,
            **times,
        }
        dialed.setdefault("voipbin_queuecalls", []).append(stay)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """A log of all systems, with targets that two campaigns of each system tried."""
    every = draw(st.sampled_from(STEPS))
    dialed = voipbin(
        draw(histories_of(["NA", "NA", "C", "OPEN", "PHANTOM", "MUTE"])),
        maxima=(draw(st.integers(1, 4)), draw(st.integers(0, 2)), 0, 0, 0),
        only_second=draw(st.lists(st.integers(1, 9), max_size=3)),
        every=every,
    )
    for target in dialed["voipbin_outdialtargets"]:
        # The platform goes on dialling whom it has deleted.
        target["tm_delete"] = draw(st.none() | st.integers(0, 8).map(lambda steps: START + steps * every))
    # A second campaign dials the same list, and took some of the calls; some name no campaign.
    dialed["voipbin_campaigns"].append(dialed["voipbin_campaigns"][0] | {"id": uuid(0xC02), "name": "Second"})
    campaign = st.sampled_from([uuid(0xC01), uuid(0xC01), uuid(0xC02), uuid(0xC02), None])
    for call in dialed["voipbin_campaigncalls"]:
        call["campaign_id"] = draw(campaign)
    for number, call in enumerate(dialed["voipbin_campaigncalls"]):
        if draw(st.booleans()):
            call["reference_id"] = uuid(0x9000 + number)
            add_voice(dialed, call, draw(st.sampled_from(REASONS)), draw(STAYS))
    canvassed = ["NA", "NA", "C", "BAD", "SKIP", "DNC"]
    called = ["NA", "NA", "C", "REFUSED", "WRONG", "VM", "BAD"]
    rows = merged(
        dialed,
        action_builder(draw(histories_of(canvassed)), every=every),
        action_builder(draw(histories_of(canvassed, 2)), every=every, campaign=2, first_id=500),
        outreach(draw(histories_of(called)), every=every),
        outreach(draw(histories_of(called, 2)), every=every, sequence=None, first_id=500),
        liondesk(draw(histories_of(["SENT", "TICKED", "PAST", "FUTURE"]))),
    )
    for row in rows["liondesk_contact_communications"]:
        if row["completed_at"]:
            row["completed_at"] += timedelta(minutes=draw(st.integers(-10, 90)))
    as_of = draw(st.none() | st.integers(0, 30).map(lambda steps: START + steps * every))
    return rows, as_of, draw(st.sampled_from(ZONES))


@contextmanager
def built(log: Log, *tables: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Recount]]:
    """The log's ledger with these tables built, or all when none is named; and its recount."""
    rows, as_of, zone = log
    con = with_mapping(rows, as_of=as_of, timezone=zone)
    try:
        build(con, *(tables and ("core.as_of", *tables)))
        recount = Recount(rows, as_of, zone)
        assert fetch(con, "SELECT as_of FROM core.as_of") == [{"as_of": recount.as_of}]
        yield con, recount
    finally:
        con.close()


def test_the_recount_uses_nothing_of_the_product() -> None:
    files = list(Path(comparison.__file__).parent.glob("*.py"))
    assert len(files) > 10
    assert [file.name for file in files if "pipelines" in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("step", range(0, 20, 2))
def test_inventory_at_every_step_of_a_full_log(step: int) -> None:
    """Every outcome with tries left and without, before, during and after each call."""
    words = {
        1: ["OPEN"], 2: ["NA", "OPEN"], 3: ["NA", "NA", "C"], 4: [], 5: ["NA", "NA", "NA"], 6: ["C"], 7: ["NA"], 8: ["PHANTOM"],
        9: ["NA", "MUTE"],
    }  # fmt: skip
    rows = voipbin(words, maxima=(3, 1, 0, 0, 0), only_second=[7], every=timedelta(minutes=47))
    rows["voipbin_outdialtargets"][2]["tm_delete"] = START + timedelta(hours=3)
    as_of = START + step * timedelta(minutes=47) + timedelta(seconds=10)
    with built((rows, as_of, "UTC"), "reports.inventory") as (con, recount):
        assert_counted(con, recount, "reports.inventory")


def test_every_reason_for_a_hangup_beside_every_result() -> None:
    """Only a campaigncall that failed, to somewhere, says more by the reason; half of all reasons fall before as-of."""
    words = ["NA", "C", "OPEN", "PHANTOM", "MUTE"]
    rows = voipbin(dict.fromkeys(range(1, len(REASONS) + 1), words), maxima=(9, 0, 0, 0, 0))
    for number, call in enumerate(rows["voipbin_campaigncalls"]):
        call["reference_id"] = uuid(0x9000 + number)
        add_voice(
            rows, call, REASONS[number // len(words)], [["abandoned"], ["abandoned", "service"]][number % 2]
        )
    tables = (
        "core.attempts",
        "reports.abandonment",
        "reports.campaign_dispositions",
        "reports.aapor_classes",
    )
    for as_of in (None, START + 30 * timedelta(minutes=1)):
        with built((rows, as_of, "UTC"), *tables) as (con, recount):
            for table in tables:
                assert_counted(con, recount, table)
                assert recount.table(table)


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(logs())
def test_inventory_and_communications_are_counted(log: Log) -> None:
    tables = ("reports.inventory", "reports.scheduled_communications")
    with built(log, *tables) as (con, recount):
        for table in tables:
            assert_counted(con, recount, table)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(logs())
def test_every_report_is_counted(log: Log) -> None:
    with built(log) as (con, recount):
        assert_communications_counted(con, recount)
        for table in TABLES:
            assert_counted(con, recount, table)
