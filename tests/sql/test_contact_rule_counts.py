"""The counts of each contact rule, the campaigns without a purpose, and attempts by the called party's hour.

Belongs here: small logs with counts known beforehand. Does not belong here: the verdicts themselves
(test_across_worked.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from tests.sql.across_logs import MIAMI, NEW_YORK, Log, called, declared, dialled, every_campaign, with_across
from tests.sql.logs import Row, merged
from tests.support import build, fetch

TABLES = ("reports.contact_rule_counts", "reports.undeclared_purposes", "reports.called_hours")


def counted(*logs: Log, purposes: Sequence[Row]) -> duckdb.DuckDBPyConnection:
    con = with_across(merged(*logs), purposes=purposes)
    build(con, *TABLES)
    return con


def at(text: str) -> datetime:
    """A moment of October 2026 (UTC)."""
    return datetime.fromisoformat(f"2026-10-{text}")


def rule(con: duckdb.DuckDBPyConnection, name: str) -> Row:
    (row,) = fetch(con, f"FROM reports.contact_rule_counts WHERE rule = '{name}'")
    return row


SIX = [
    dialled(number, MIAMI, at(moment))
    for number, moment in enumerate(
        ("20 14:00", "20 16:00", "20 23:00", "21 13:59", "21 14:00", "21 16:00"), 1
    )
]
"""Six calls to one number: the last three are the fourth within 24 hours."""


def test_a_rule_is_counted_over_all_campaigns_and_systems() -> None:
    con = counted(*SIX, called(1, NEW_YORK, at("20 15:00")), purposes=every_campaign("solicitation"))
    cap = rule(con, "us-fl-cap")
    assert [cap[name] for name in ("attempts", "judged", "not_judged", "kept", "breaches", "people")] == [
        7, 6, 1, 3, 3, 1,
    ]  # fmt: skip
    assert cap["share_kept"] == 0.5
    assert cap["is_on"]
    assert cap["citation"]
    assert cap["checked_on"] is not None
    day = rule(con, "house_day")
    assert (day["judged"], day["breaches"], day["citation"]) == (7, 3, None)
    off = rule(con, "us-md")
    assert (off["is_on"], off["judged"], off["share_kept"]) == (False, 0, None)
    for row in fetch(con, "FROM reports.contact_rule_counts"):
        assert row["kept"] + row["breaches"] + row["unverifiable"] + row["tolerated"] == row["judged"]
        assert row["judged"] + row["not_judged"] == row["attempts"]


def test_every_rule_has_one_row() -> None:
    con = counted(*SIX, purposes=())
    names = [row["rule"] for row in fetch(con, "SELECT rule FROM reports.contact_rule_counts")]
    assert sorted(names) == sorted({row["rule"] for row in fetch(con, "SELECT rule FROM core.contact_rules")})


def test_a_campaign_without_a_purpose_has_the_line_to_write() -> None:
    con = counted(
        *SIX,
        called(1, NEW_YORK, at("20 15:00"), sequence=1),
        called(2, NEW_YORK, at("21 15:00"), sequence=2),
        purposes=declared(("outreach", "outreach:2", "solicitation")),
    )
    found = fetch(con, "FROM reports.undeclared_purposes ORDER BY not_judged DESC")
    keys = [row["campaign_key"] for row in fetch(con, "SELECT DISTINCT campaign_key FROM core.attempts")]
    assert {row["campaign_key"] for row in found} == set(keys) - {"outreach:2"}
    assert [row["not_judged"] for row in found] == [6, 1]
    assert [row["line"] for row in found] == [f"{row['source']},{row['campaign_key']},," for row in found]
    assert fetch(counted(*SIX, purposes=every_campaign("survey")), "FROM reports.undeclared_purposes") == []


def test_hours_are_counted_by_the_clock_of_those_called() -> None:
    con = counted(*SIX, called(1, NEW_YORK, at("20 15:00"), disposition=1), purposes=())
    found = {
        (row["source"], row["weekday"], row["hour"]): (row["attempts"], row["contacts"])
        for row in fetch(con, "FROM reports.called_hours")
    }
    # Four hours behind UTC until 1 November. 20 October is a Tuesday.
    dialer = {(2, 10): 1, (2, 12): 1, (2, 19): 1, (3, 9): 1, (3, 10): 1, (3, 12): 1}
    assert {place[1:]: count for place, (count, _) in found.items() if place[0] == "voipbin"} == dialer
    assert found["outreach", 2, 11] == (1, 1)
    everything = {place[1:]: count for place, (count, _) in found.items() if place[0] == "all"}
    assert everything == {**dialer, (2, 11): 1}
