"""Every report against an independent count (tests/sql/recount.py), over generated logs of all systems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql import recount
from tests.sql.logs import START, Row, action_builder, liondesk, merged, outreach, uuid, voipbin, with_mapping
from tests.support import build, fetch

ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"]
STEPS = [timedelta(minutes=1), timedelta(minutes=47), timedelta(hours=7), timedelta(hours=31, seconds=7)]


def histories_of(words: list[str], most: int = 4) -> st.SearchStrategy[dict[int, list[str]]]:
    return st.dictionaries(st.integers(1, 9), st.lists(st.sampled_from(words), max_size=most), max_size=9)


@st.composite
def logs(draw: st.DrawFn) -> tuple[dict[str, list[Row]], datetime | None, str]:
    """Raw rows of all systems, with targets tried by two campaigns of each; a moment; a time zone."""
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


def same(found: Mapping[str, Any], expected: Mapping[str, Any], where: object) -> None:
    """Every expected figure is found, floats to nine digits."""
    for name, value in expected.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-9), (where, name)
        else:
            assert found[name] == value, (where, name)


@dataclass(frozen=True)
class Case:
    """A built ledger beside the count of its rows: histories by (source, campaign or `all`)."""

    con: duckdb.DuckDBPyConnection
    rows: dict[str, list[Row]]
    as_of: datetime
    zone: str

    @cached_property
    def people(self) -> dict[recount.Key, list[recount.History]]:
        return recount.histories(self.rows, self.as_of)

    @cached_property
    def campaigns(self) -> dict[recount.Key, list[recount.History]]:
        return {key: targets for key, targets in self.people.items() if key[1] != "all"}

    @cached_property
    def tried(self) -> dict[recount.Key, list[recount.History]]:
        return {key: t for key, t in self.people.items() if any(history.attempts for history in t)}

    def table(self, name: str, *key: str) -> dict[tuple[Any, ...], Row]:
        """A table's rows by source, campaign and the rest of its key, LionDesk's left out."""
        rows = fetch(self.con, f"FROM {name} WHERE source <> 'liondesk'")
        return {tuple(row[column] for column in ("source", "campaign_key", *key)): row for row in rows}


def attempts_are_counted(case: Case) -> None:
    found = case.table("core.attempts", "attempt_key")
    ledger = recount.attempts(case.rows, case.as_of)
    assert found.keys() == {(attempt.source, attempt.campaign, attempt.key) for attempt in ledger}
    for key, targets in case.campaigns.items():
        for history in targets:
            for number, attempt in enumerate(history.attempts, 1):
                expected = {
                    "target_key": history.target,
                    "disposition": attempt.disposition,
                    "attempt_number": number,
                    "attempted_at": attempt.at,
                    "is_contact": attempt.is_contact,
                    "is_latest": number == len(history.attempts),
                }
                same(found[*key, attempt.key], expected, attempt.key)


def contact_rates_are_counted(case: Case) -> None:
    rates = case.table("reports.campaign_contact_rates")
    assert rates.keys() == case.campaigns.keys()
    for key, targets in case.campaigns.items():
        same(rates[key], recount.contact_rates(targets) | {"as_of": case.as_of}, key)
    slices = case.table("reports.contact_rates_by", "dimension", "value")
    expected = recount.rates_by(recount.attempts(case.rows, case.as_of), case.zone)
    assert slices.keys() == expected.keys()
    for cell, figures in expected.items():
        same(slices[cell], figures, cell)


def dispositions_are_counted(case: Case) -> None:
    found = case.table("reports.campaign_dispositions", "disposition")
    assert {key: (row["attempts"], row["targets"]) for key, row in found.items()} == {
        (*key, name): counts
        for key, targets in case.campaigns.items()
        for name, counts in recount.dispositions(targets).items()
    }
    for key in {row[:2] for row in found}:
        for share in ("share_of_attempts", "share_of_targets"):
            assert sum(row[share] for name, row in found.items() if name[:2] == key) == pytest.approx(1)
    cells = case.table("reports.disposition_matrix", "attempt_number", "disposition")
    assert {key: row["attempts"] for key, row in cells.items()} == {
        (*key, *cell): count
        for key, targets in case.campaigns.items()
        for cell, count in recount.matrix(targets).items()
    }


def curves_are_counted(case: Case) -> None:
    steps = case.table("reports.attempt_curve", "attempt_number")
    expected = {
        (*key, step["attempt_number"]): step for key, t in case.tried.items() for step in recount.curve(t)
    }
    assert steps.keys() == expected.keys()
    for key, figures in expected.items():
        same(steps[key], figures, key)


def times_are_counted(case: Case) -> None:
    times = case.table("reports.time_to_contact")
    points = case.table("reports.time_to_contact_curve", "elapsed_seconds")
    assert times.keys() == case.tried.keys()
    for key, targets in case.tried.items():
        same(times[key], {"median_seconds": recount.median(targets, case.as_of)}, key)
        for name, seconds in (("1h", 3600), ("1d", 86400), ("7d", 604800)):
            share = recount.within(targets, case.as_of, seconds) or (None, None, None)
            expected = zip(
                (f"within_{name}", f"within_{name}_low", f"within_{name}_high"), share, strict=True
            )
            same(times[key], dict(expected), key)
        for seconds in (0, 60, 28800, 172800):
            share = recount.within(targets, case.as_of, seconds) or (None, None, None)
            same(points[*key, seconds], {"cumulative_incidence": share[0]}, (key, seconds))


def maxima_are_counted(case: Case) -> None:
    maxima = case.table("reports.retry_what_if", "max_attempts")
    for key, targets in case.tried.items():
        logged = recount.what_if(targets)
        for most, attempts, reached in logged:
            row = maxima.pop((*key, most))
            assert (row["attempts"], row["targets_contacted"], row["basis"]) == (attempts, reached, "log")
            assert row["attempts_low"] == row["attempts_high"] == attempts
        for further in (1, 2, 3):
            row = maxima.pop((*key, len(logged) + further))
            assert row["basis"] == "extrapolated"
            same(row, recount.raised(targets, further), (key, further))
    assert maxima == {}


def hours_are_counted(case: Case) -> None:
    hours = case.table("reports.best_time", "attempts_kind", "weekday", "hour")
    for key, targets in case.campaigns.items():
        for kind in ("first", "all") if key in case.tried else ():
            for cell, figures in recount.best_time(targets, case.zone, kind == "first").items():
                row = hours.pop((*key, kind, *cell))
                assert (row["attempts"], row["contacts"]) == (figures["attempts"], figures["contacts"])
                assert row["contact_rate_per_attempt_low"] == pytest.approx(figures["low"], abs=1e-7)
                assert row["contact_rate_per_attempt_high"] == pytest.approx(figures["high"], abs=1e-7)
                assert row["shrunk_rate_per_attempt"] == pytest.approx(figures["shrunk"], abs=1e-5)
    assert hours == {}


def classes_are_counted(case: Case) -> None:
    classes = case.table("reports.aapor_classes")
    rates = case.table("reports.aapor_rates", "rate")
    assert classes.keys() == case.people.keys()
    for key, targets in case.people.items():
        theirs = [history.aapor for history in targets]
        assert classes[key]["targets"] == len(theirs)
        for name in ("I", "P", "R", "NC", "O", "UH", "UR", "UO", "NE"):
            assert classes[key][name.lower()] == theirs.count(name), (key, name)
        known = len(theirs) - sum(theirs.count(name) for name in ("UH", "UR", "UO", "NE"))
        unknown = len(theirs) - known - theirs.count("NE")
        share = known / (known + theirs.count("NE")) if known + theirs.count("NE") else None
        same(classes[key], {"k": known, "u": unknown, "e": share}, key)
        for rate, value in recount.aapor(theirs.count).items():
            same(rates[*key, rate], {"value": value}, (key, rate))


def inventory_is_counted(case: Case) -> None:
    found = case.table("reports.inventory")
    expected = {
        key: targets
        for key, targets in case.people.items()
        if key[0] == "voipbin" and any(history.attempts or history.is_listed for history in targets)
    }
    assert found.keys() == expected.keys()
    for key, targets in expected.items():
        same(found[key], recount.inventory(case.rows, targets, case.as_of), key)


def communications_are_counted(case: Case) -> None:
    rows = fetch(case.con, "FROM reports.scheduled_communications")
    found = {(row["campaign_key"], row["type"], row["agent_key"]): row for row in rows}
    expected = recount.communications(case.rows, case.as_of)
    assert found.keys() == expected.keys() and len(rows) == len(found)
    for key, figures in expected.items():
        same(found[key], figures, key)


@contextmanager
def counted(log: tuple[dict[str, list[Row]], datetime | None, str], *tables: str) -> Iterator[Case]:
    """The log's ledger with these tables built, or all when none is named."""
    rows, as_of, zone = log
    con = with_mapping(rows, as_of=as_of, timezone=zone)
    try:
        build(con, *tables)
        (moment,) = fetch(con, "SELECT as_of FROM core.as_of")
        yield Case(con, rows, moment["as_of"] or START, zone)
    finally:
        con.close()


@pytest.mark.parametrize("step", range(0, 20, 2))
def test_what_is_left_to_do_is_the_count_at_every_step_of_a_full_log(step: int) -> None:
    """Every outcome with tries left and without, before, during and after each call."""
    words = {
        1: ["OPEN"], 2: ["NA", "OPEN"], 3: ["NA", "NA", "C"], 4: [], 5: ["NA", "NA", "NA"], 6: ["C"], 7: ["NA"], 8: ["PHANTOM"],
        9: ["NA", "MUTE"],
    }  # fmt: skip
    rows = voipbin(words, maxima=(3, 1, 0, 0, 0), only_second=[7], every=timedelta(minutes=47))
    rows["voipbin_outdialtargets"][2]["tm_delete"] = START + timedelta(hours=3)
    as_of = START + step * timedelta(minutes=47) + timedelta(seconds=10)
    with counted((rows, as_of, "UTC"), "reports.inventory") as case:
        inventory_is_counted(case)


@settings(max_examples=35, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(logs())
def test_what_is_left_to_do_is_the_count(log: tuple[dict[str, list[Row]], datetime | None, str]) -> None:
    with counted(log, "reports.inventory", "reports.scheduled_communications") as case:
        inventory_is_counted(case)
        communications_are_counted(case)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(logs())
def test_every_report_is_the_count(log: tuple[dict[str, list[Row]], datetime | None, str]) -> None:
    with counted(log) as case:
        attempts_are_counted(case)
        contact_rates_are_counted(case)
        dispositions_are_counted(case)
        curves_are_counted(case)
        times_are_counted(case)
        maxima_are_counted(case)
        hours_are_counted(case)
        classes_are_counted(case)
