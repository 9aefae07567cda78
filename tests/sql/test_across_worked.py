"""Points, people, marks, hours and caps across systems: small logs, each worked out by hand.

Belongs here: one log a definition, with what it must give. Does not belong here: the recount over generated logs
(test_across_recount.py), and how people are matched in a population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import pytest

from pipelines.validation.engine import evaluate
from pipelines.validation.rules.compliance import COMPLIANCE_RULES
from pipelines.validation.rules.people import PEOPLE_RULES
from tests.sql.across_logs import (
    DO_NOT_CALL,
    HOUR,
    LONDON,
    LOS_ANGELES,
    MIAMI,
    NEW_YORK,
    PENSACOLA,
    PENSACOLA_OVERLAY,
    SEATTLE,
    Log,
    address,
    called,
    contact,
    dialled,
    do_not_call_disposition,
    entity,
    every_campaign,
    phone_number,
    prospect,
    sent,
    suppressed,
    tried,
    with_across,
)
from tests.sql.logs import Row, merged, uuid
from tests.sql.test_across_recount import counted, differences, recorded
from tests.support import build, fetch

TABLES = (
    "core.contact_points",
    "core.attempt_points",
    "core.person_targets",
    "core.people",
    "core.restrictions",
    "core.contact_rules",
    "compliance.breaches",
    "reports.contact_rule_audit",
)
SOLICITATION = every_campaign("solicitation")


def at(text: str) -> datetime:
    """A moment of 2026 (UTC)."""
    return datetime.fromisoformat(f"2026-{text}")


def across(
    *logs: Log,
    purposes: Sequence[Row] = SOLICITATION,
    switched_on: Sequence[str] = (),
    rules: Sequence[Mapping[str, Any]] = (),
) -> duckdb.DuckDBPyConnection:
    """The tables of these logs as of 2026-11-20, with a tolerance of five seconds; the recount finds the same rows."""
    log = merged(*logs)
    con = with_across(log, purposes=purposes, switched_on=switched_on, rules=rules)
    build(con, *TABLES)
    assert differences(recorded(con), counted(con, log).breaches) == {}
    return con


def breaches(con: duckdb.DuckDBPyConnection, *rules: str) -> list[Row]:
    """The rows of these rules, in the order of time."""
    names = ", ".join(f"'{rule}'" for rule in rules)
    return fetch(
        con,
        f"FROM compliance.breaches WHERE rule IN ({names}) ORDER BY occurred_at, attempt_key, rule",
    )


def verdicts(con: duckdb.DuckDBPyConnection, *rules: str) -> list[tuple[str, str]]:
    """Day and hour of each attempt with a row, and the verdict."""
    return [(f"{row['occurred_at']:%m-%d %H:%M}", row["verdict"]) for row in breaches(con, *rules)]


def audit(con: duckdb.DuckDBPyConnection, rule: str) -> Row:
    """The only line of the audit for a rule."""
    (row,) = fetch(con, f"FROM reports.contact_rule_audit WHERE rule = '{rule}'")
    return row


# ----------------------------------------------------------------------------------------------------------- hours


def test_1_inside_by_its_own_zones_is_no_row() -> None:
    """Noon in New York; that it would be six in Honolulu accuses nobody."""
    con = across(dialled(1, NEW_YORK, at("10-20 16:00")))
    assert breaches(con, "us-hours", "house_hours") == []
    kept = audit(con, "us-hours")
    assert (kept["attempts"], kept["judged"], kept["not_judged"]) == (1, 1, 0)
    assert (kept["breaches"], kept["unverifiable"], kept["share_kept"]) == (0, 0, 1)


def test_2_outside_in_every_zone_of_the_country_is_a_breach() -> None:
    con = across(dialled(1, NEW_YORK, at("10-20 10:30")))
    (row,) = breaches(con, "us-hours")
    assert (row["verdict"], row["zone_basis"]) == ("breach", "area_code")
    assert row["occurred_at"] == at("10-20 10:30")
    assert row["local_from"] == at("10-20 00:30")
    assert row["local_until"] == at("10-20 06:30")
    assert row["point_key"] == f"phone:{NEW_YORK}"
    kept = audit(con, "us-hours")
    assert (kept["judged"], kept["breaches"], kept["people"], kept["share_kept"]) == (1, 1, 1, 0)


def test_3_a_zone_that_the_source_states_leaves_no_other_zone_open() -> None:
    con = across(
        prospect(900, NEW_YORK, time_zone_iana="America/New_York"),
        called(1, NEW_YORK, at("10-21 02:30")),
    )
    (row,) = breaches(con, "us-hours")
    assert (row["verdict"], row["zone_basis"]) == ("breach", "stated")
    assert row["local_from"] == row["local_until"] == at("10-20 22:30")


def test_3_without_the_stated_zone_it_might_be_elsewhere() -> None:
    """At 22:30 in New York it is 19:30 in Los Angeles, where a number of New York may be."""
    con = across(prospect(900, NEW_YORK), called(1, NEW_YORK, at("10-21 02:30")))
    (row,) = breaches(con, "us-hours")
    assert (row["verdict"], row["zone_basis"]) == ("unverifiable", "area_code")


@pytest.mark.parametrize("number", [PENSACOLA, PENSACOLA_OVERLAY])
def test_4_an_area_code_with_two_clocks_is_unverifiable_between_them(number: str) -> None:
    """20:30 Eastern and 19:30 Central; the overlay inherits both clocks."""
    con = across(dialled(1, number, at("10-21 00:30")))
    (row,) = breaches(con, "us-fl")
    assert (row["verdict"], row["zone_basis"]) == ("unverifiable", "area_code")
    assert (row["local_from"], row["local_until"]) == (at("10-20 19:30"), at("10-20 20:30"))
    assert breaches(con, "us-hours") == []
    (point,) = fetch(con, "FROM core.contact_points")
    assert set(point["zones"]) == {"America/New_York", "America/Chicago"}
    assert (point["zone_basis"], point["country"], point["region"]) == ("area_code", "US", "FL")


def test_5_a_recorded_time_is_never_a_breach_of_hours() -> None:
    con = across(
        entity(501, first_name="Ann", last_name="Lee"),
        phone_number(88001, NEW_YORK),
        address(7001, "America/New_York"),
        tried(1, 88001, at("10-21 02:30")),
    )
    (row,) = breaches(con, "us-hours")
    assert (row["verdict"], row["zone_basis"]) == ("unverifiable", "address")
    assert row["local_from"] == row["local_until"] == at("10-20 22:30")
    (basis,) = fetch(con, "SELECT time_basis, purpose, consent, point_key FROM core.attempt_points")
    assert basis == {
        "time_basis": "recorded",
        "purpose": "solicitation",
        "consent": "no",
        "point_key": f"phone:{NEW_YORK}",
    }


# ------------------------------------------------------------------------------------------------------------ caps


def test_6_a_period_of_24_hours_is_no_calendar_day() -> None:
    """Three calls on each of two days: a counter that starts at midnight sees none beyond three."""
    moments = ["10-20 14:00", "10-20 16:00", "10-20 23:00", "10-21 13:59", "10-21 14:00", "10-21 16:00"]
    con = across(*(dialled(number, MIAMI, at(moment)) for number, moment in enumerate(moments, 1)))
    rows = breaches(con, "us-fl-cap")
    assert [(row["occurred_at"], row["count_in_period"], row["verdict"]) for row in rows] == [
        (at("10-21 13:59"), 4, "breach"),
        (at("10-21 14:00"), 4, "breach"),
        (at("10-21 16:00"), 4, "breach"),
    ]
    keys = {moment: f"voipbin:campaigncalls:{uuid(0x1000 + n)}" for n, moment in enumerate(moments, 1)}
    assert [set(row["other_attempts"]) for row in rows] == [
        {keys[moment] for moment in moments[:3]},
        {keys[moment] for moment in moments[1:4]},
        {keys[moment] for moment in moments[2:5]},
    ]
    kept = audit(con, "us-fl-cap")
    assert (kept["judged"], kept["breaches"], kept["share_kept"]) == (6, 3, 0.5)


# ----------------------------------------------------------------------------------------------------------- marks


def test_7_ten_business_days_of_grace_leave_out_a_holiday() -> None:
    """Asked on Monday 5 October; the 12th is a holiday, so the tenth business day is the 20th."""
    con = across(
        do_not_call_disposition(),
        called(1, NEW_YORK, at("10-05 15:00"), disposition=DO_NOT_CALL),
        *(
            called(number, NEW_YORK, at(f"{day} 15:00"))
            for number, day in enumerate(["10-07", "10-19", "10-20", "10-21"], 2)
        ),
        switched_on=["us-dnc-own"],
    )
    assert verdicts(con, "us-dnc-own") == [
        ("10-07 15:00", "tolerated"),
        ("10-19 15:00", "tolerated"),
        ("10-20 15:00", "tolerated"),
        ("10-21 15:00", "breach"),
    ]
    rows = breaches(con, "house_mark")
    assert [row["verdict"] for row in rows] == ["breach"] * 4
    assert {row["via"] for row in rows} == {"same_point"}
    (mark,) = fetch(con, "FROM core.restrictions")
    assert (mark["kind"], mark["point_key"], mark["since_basis"]) == (
        "do_not_contact",
        f"phone:{NEW_YORK}",
        "attempt",
    )
    assert {row["restriction_key"] for row in rows} == {mark["restriction_key"]}
    kept = audit(con, "us-dnc-own")
    assert (kept["tolerated"], kept["breaches"]) == (3, 1)


def test_7_holds_whoever_calls_the_number() -> None:
    """The salesperson was asked in one system, and the dialer of another goes on."""
    con = across(
        do_not_call_disposition(),
        called(1, NEW_YORK, at("10-05 15:00"), disposition=DO_NOT_CALL),
        *(
            dialled(number, NEW_YORK, at(f"{day} 15:00"))
            for number, day in enumerate(["10-07", "10-19", "10-20", "10-21"], 2)
        ),
        switched_on=["us-dnc-own"],
    )
    assert [verdict for _, verdict in verdicts(con, "us-dnc-own")] == ["tolerated"] * 3 + ["breach"]
    assert [verdict for _, verdict in verdicts(con, "house_mark")] == ["breach"] * 4


def test_8_a_mark_holds_from_the_latest_moment_it_can_be_from() -> None:
    con = across(
        entity(501, first_name="Ann", last_name="Lee"),
        phone_number(88001, NEW_YORK, status="do_not_contact", updated_at=at("10-10 09:00")),
        phone_number(88002, MIAMI),
        tried(1, 88001, at("10-09 15:00")),
        tried(2, 88001, at("10-12 15:00")),
        tried(3, 88002, at("10-12 16:00")),
    )
    rows = breaches(con, "house_mark")
    assert [(row["attempt_key"][-1], row["verdict"], row["via"]) for row in rows] == [
        ("2", "breach", "same_point"),
        ("3", "unverifiable", "same_target"),
    ]
    (mark,) = fetch(con, "FROM core.restrictions")
    assert (mark["kind"], mark["since"], mark["since_basis"]) == (
        "do_not_contact",
        at("10-10 09:00"),
        "updated_at_latest",
    )


def test_9_a_later_opt_in_ends_a_mark() -> None:
    con = across(
        do_not_call_disposition(),
        prospect(900, NEW_YORK, calls_opt_status="opted_in", calls_opted_at=at("10-15 12:00")),
        called(1, NEW_YORK, at("10-05 15:00"), disposition=DO_NOT_CALL),
        called(2, NEW_YORK, at("10-10 15:00")),
        called(3, NEW_YORK, at("10-30 15:00")),
    )
    assert verdicts(con, "house_mark") == [("10-10 15:00", "breach")]
    marks = fetch(con, "FROM core.restrictions WHERE kind IN ('do_not_contact', 'opted_out')")
    assert [mark["until"] for mark in marks] == [at("10-15 12:00")]


# ------------------------------------------------------------------------------------------- connected and declared

CALLS_OF_10 = ["09-07", "09-08", "09-08", "09-09", "09-10", "09-10", "09-11", "09-12", "09-13"]


def collected(result: str) -> duckdb.DuckDBPyConnection:
    """A debt is collected by calls at 15:00 in Los Angeles."""
    return across(
        *(
            dialled(number, LOS_ANGELES, at(f"{day} 22:00"), result=result)
            for number, day in enumerate(CALLS_OF_10, 1)
        ),
        purposes=every_campaign("debt_collection"),
    )


def test_10_the_eighth_connected_call_in_seven_days_is_presumed_too_many() -> None:
    con = collected("success")
    rows = breaches(con, "us-regf-7in7")
    assert [(f"{row['occurred_at']:%m-%d}", row["verdict"], row["count_in_period"]) for row in rows] == [
        ("09-12", "breach", 8),
        ("09-13", "breach", 9),
    ]
    (rule,) = fetch(con, "SELECT DISTINCT effect FROM core.contact_rules WHERE rule = 'us-regf-7in7'")
    assert rule == {"effect": "presumed"}


def test_10_calls_of_which_nobody_knows_whether_they_connected_are_unverifiable() -> None:
    assert verdicts(collected("fail"), "us-regf-7in7") == [
        ("09-12 22:00", "unverifiable"),
        ("09-13 22:00", "unverifiable"),
    ]


def test_11_an_undeclared_purpose_is_not_judged_by_law_and_counted() -> None:
    con = across(dialled(1, NEW_YORK, at("10-20 10:30")), purposes=[])
    assert breaches(con, "us-hours") == []
    kept = audit(con, "us-hours")
    assert (kept["attempts"], kept["judged"], kept["not_judged"]) == (1, 0, 1)
    assert kept["not_judged_because"] == "purpose_undeclared"
    assert kept["share_kept"] is None
    assert [row["verdict"] for row in breaches(con, "house_hours")] == ["breach"]


# ---------------------------------------------------------------------------------------------------------- people

PER_POINT = {
    "rule": "three_a_point",
    "title": "Three a day per number",
    "kind": "cap",
    "jurisdiction": "*",
    "cap": 3,
    "period": "24h",
    "unit": "point",
    "counts": "dialled",
    "effect": "house",
    "enabled": True,
}


def four_at_one_number(*, with_contact: bool = True) -> duckdb.DuckDBPyConnection:
    """One number is in four systems, written in four ways."""
    start = at("10-20 15:00")
    return across(
        entity(501, first_name="Maria", last_name="Lopez"),
        phone_number(88001, "(212) 555-0142"),
        tried(1, 88001, start),
        dialled(1, NEW_YORK, start + HOUR, target=0x10),
        prospect(900, "+1 212 555 0142", first_name="Maria", last_name="Lopez"),
        called(1, "+1 212 555 0142", start + 2 * HOUR),
        *(
            [
                contact(76, first_name="José", last_name="Lopez", mobile_phone="1-212-555-0142"),
                sent(1, start + 3 * HOUR),
            ]
            if with_contact
            else []
        ),
        rules=[PER_POINT],
    )


def test_12_a_nameless_number_joins_nobody_where_two_names_share_it() -> None:
    con = four_at_one_number()
    points = fetch(con, "FROM core.contact_points WHERE kind = 'phone'")
    assert {point["point_key"] for point in points} == {f"phone:{NEW_YORK}"}
    assert {(point["targets_at_point"], point["is_shared"]) for point in points} == {(4, True)}
    found = {row["target_key"]: row for row in fetch(con, "FROM core.person_targets")}
    nameless = f"voipbin:{uuid(0x10)}"
    assert found.keys() == {"action_builder:501", "outreach:900", "liondesk:76", nameless}
    person = {target: row["person_key"] for target, row in found.items()}
    assert person["action_builder:501"] == person["outreach:900"]
    assert len(set(person.values())) == 3
    assert {
        (found[target]["basis"], found[target]["strength"])
        for target in ("action_builder:501", "outreach:900")
    } == {("phone_and_name", "likely")}
    assert {found[target]["strength"] for target in ("liondesk:76", nameless)} == {"alone"}
    assert found[nameless]["is_ambiguous"]


def test_12_caps_per_point_count_every_target_at_the_number() -> None:
    con = four_at_one_number()
    assert fetch(con, "SELECT DISTINCT point_key FROM core.attempt_points") == [
        {"point_key": f"phone:{NEW_YORK}"}
    ]
    (row,) = breaches(con, "three_a_point")
    assert (row["verdict"], row["count_in_period"], row["unit"]) == ("breach", 4, "point")
    assert row["attempt_key"].startswith("liondesk:")


def test_12_without_the_second_name_three_targets_are_one_person() -> None:
    con = four_at_one_number(with_contact=False)
    (person,) = fetch(con, "FROM core.people")
    assert (person["targets"], person["systems"], person["points"], person["attempts"]) == (3, 3, 1, 3)
    assert {row["strength"] for row in fetch(con, "FROM core.person_targets")} == {"likely"}


# ------------------------------------------------------------------------------------------------- nothing else changes


def test_14_one_more_attempt_changes_its_number_and_its_person_alone() -> None:
    """Two people whose calls and marks stand beside one another; the first is called once more."""
    start = at("10-20 15:00")
    logs = [
        *(dialled(n, NEW_YORK, start + n * HOUR / 2, target=1) for n in range(1, 4)),
        *(dialled(n, MIAMI, start + n * HOUR / 2, target=2) for n in range(4, 8)),
        called(1, NEW_YORK, start + 6 * HOUR, disposition=9),
        called(2, MIAMI, start + 6 * HOUR, prospect=901, disposition=9),
    ]
    before = across(*logs)
    after = across(*logs, dialled(99, NEW_YORK, start + 12 * HOUR, target=1))
    tables = [
        ("core.contact_points", "point_key"),
        ("core.attempt_points", "point_key"),
        ("core.restrictions", "point_key"),
        ("compliance.breaches", "point_key"),
    ]
    for table, column in tables:
        others = f"FROM {table} WHERE {column} <> 'phone:{NEW_YORK}' ORDER BY ALL"
        assert fetch(before, others) == fetch(after, others) != [], table
    person = f"(SELECT person_key FROM core.person_targets WHERE target_key = 'voipbin:{uuid(1)}')"
    others = f"FROM core.people WHERE person_key <> {person} ORDER BY ALL"
    assert fetch(before, others) == fetch(after, others) != []
    its_own = f"FROM compliance.breaches WHERE point_key = 'phone:{NEW_YORK}' ORDER BY ALL"
    assert fetch(before, its_own) != fetch(after, its_own)


def test_an_attempt_at_a_number_in_no_plan_has_no_location() -> None:
    con = across(dialled(1, "5550142", at("10-20 10:30") - timedelta(hours=2)))
    (row,) = breaches(con, "house_hours")
    assert (row["verdict"], row["reason"], row["zone_basis"]) == ("unverifiable", "no_location", "none")


# ------------------------------------------------------------------------------------------------ what the cases leave open


def test_a_call_that_a_system_ticked_off_may_not_have_connected() -> None:
    """LionDesk says that a call was completed, not that anybody or anything answered."""
    rule = PER_POINT | {"rule": "one_connected", "cap": 1, "counts": "connected"}
    start = at("10-20 15:00")
    con = across(
        contact(76, first_name="Ann", last_name="Lee", mobile_phone=NEW_YORK),
        sent(1, start),
        sent(2, start + HOUR),
        rules=[rule],
    )
    assert [verdict for _, verdict in verdicts(con, "one_connected")] == ["unverifiable"]


def test_a_zone_by_the_address_brings_the_country_of_the_address() -> None:
    """A number of London is an entity's with an address in Arizona; the dialer calls it at 03:30 there."""
    con = across(
        entity(501, first_name="Ann", last_name="Lee"),
        phone_number(88001, LONDON),
        address(7001, "America/Phoenix"),
        dialled(1, LONDON, at("10-20 10:30")),
    )
    places = fetch(
        con, f"SELECT DISTINCT zones, country FROM core.contact_points WHERE point_key = 'phone:{LONDON}'"
    )
    assert places == [{"zones": ["America/Phoenix"], "country": "US"}]
    assert [row["verdict"] for row in breaches(con, "us-hours")] == ["breach"]


def test_a_state_that_only_an_area_code_says_breaks_no_rule_of_the_state() -> None:
    """03:30 in Seattle is outside the hours of the whole country; whether Washington's rule holds, nobody can tell."""
    con = across(dialled(1, SEATTLE, at("10-20 10:30")))
    (row,) = breaches(con, "us-wa")
    assert (row["verdict"], row["reason"]) == ("unverifiable", "area_code_is_no_place")
    assert [row["verdict"] for row in breaches(con, "us-hours")] == ["breach"]


def test_a_state_that_an_address_says_can_be_broken() -> None:
    con = across(
        entity(501, first_name="Ann", last_name="Lee"),
        phone_number(88001, NEW_YORK),
        address(7001, "America/Los_Angeles", state="WA"),
        dialled(1, NEW_YORK, at("10-20 10:30")),
    )
    (row,) = breaches(con, "us-wa")
    assert (row["verdict"], row["reason"], row["zone_basis"]) == ("breach", "outside_hours", "address")


def test_two_addresses_in_two_states_say_neither() -> None:
    con = across(
        entity(501, first_name="Ann", last_name="Lee"),
        phone_number(88001, LONDON),
        address(7001, "America/Los_Angeles", state="WA"),
        address(7002, "America/Phoenix", state="AZ"),
        dialled(1, LONDON, at("10-20 10:30")),
    )
    places = fetch(
        con, f"SELECT DISTINCT country, region FROM core.contact_points WHERE point_key = 'phone:{LONDON}'"
    )
    assert places == [{"country": "US", "region": None}]
    assert breaches(con, "us-wa") == []


def test_a_number_of_another_country_is_not_in_the_state_of_its_prospect() -> None:
    con = across(
        prospect(
            900, LONDON, NEW_YORK, time_zone_iana="America/Chicago", address_country="US", address_state="TX"
        )
    )
    assert fetch(con, "SELECT point_key, country, region FROM core.contact_points ORDER BY point_key") == [
        {"point_key": f"phone:{NEW_YORK}", "country": "US", "region": "NY"},
        {"point_key": f"phone:{LONDON}", "country": "GB", "region": None},
    ]


def test_unknown_consent_is_named_after_a_state_that_nobody_knows() -> None:
    con = across(
        dialled(1, SEATTLE, at("10-20 10:30")), purposes=every_campaign("solicitation", consent="unknown")
    )
    reasons = {row["rule"]: row["reason"] for row in breaches(con, "us-wa", "us-hours")}
    assert reasons == {"us-wa": "area_code_is_no_place", "us-hours": "consent_unknown"}


def test_a_line_of_the_houses_list_without_a_date_always_held() -> None:
    con = across(suppressed(NEW_YORK), dialled(1, NEW_YORK, at("10-20 16:00")))
    (row,) = breaches(con, "house_mark")
    assert (row["verdict"], row["reason"], row["via"]) == ("breach", "after_mark", "same_point")


def test_why_an_attempt_is_not_judged_says_first_that_the_rule_is_about_elsewhere() -> None:
    """A number of London, no purpose: it is no matter of a declaration that a rule of Florida does not judge it."""
    con = across(dialled(1, LONDON, at("10-20 16:00")), purposes=[])
    assert audit(con, "us-fl")["not_judged_because"] == "other_jurisdiction"
    con = across(dialled(1, NEW_YORK, at("10-20 16:00")), purposes=[])
    assert audit(con, "us-hours")["not_judged_because"] == "purpose_undeclared"


def test_an_opt_in_to_e_mails_leaves_a_mark_on_a_number() -> None:
    con = across(
        do_not_call_disposition(),
        prospect(900, NEW_YORK, emails_opt_status="opted_in", emails_opted_at=at("10-15 12:00")),
        called(1, NEW_YORK, at("10-05 15:00"), disposition=DO_NOT_CALL),
        called(2, NEW_YORK, at("10-30 15:00")),
    )
    assert verdicts(con, "house_mark") == [("10-30 15:00", "breach")]


def test_a_version_of_a_rule_ends_at_midnight_where_the_point_is() -> None:
    """At 03:30 UTC on the first of November it is the evening before in New York, where the old version still holds."""
    versions = [
        PER_POINT | {"cap": 1, "in_force_until": date(2026, 10, 31)},
        PER_POINT | {"cap": 2, "in_force_from": date(2026, 11, 1)},
    ]
    calls = [at("11-01 02:30"), at("11-01 03:30"), at("11-01 04:30")]
    con = across(*(dialled(n, NEW_YORK, moment) for n, moment in enumerate(calls, 1)), rules=versions)
    rows = breaches(con, "three_a_point")
    assert [(row["occurred_at"], row["count_in_period"]) for row in rows] == [(calls[1], 2), (calls[2], 3)]


def test_whom_one_system_marked_another_tried_later() -> None:
    con = across(
        do_not_call_disposition(),
        prospect(900, NEW_YORK, first_name="Ann", last_name="Lee"),
        contact(76, first_name="Ann", last_name="Lee", mobile_phone=NEW_YORK),
        called(1, NEW_YORK, at("10-05 15:00"), disposition=DO_NOT_CALL),
        sent(1, at("10-07 15:00")),
    )
    build(con, "reports.system_overlap")
    found = fetch(
        con,
        "SELECT first_source, second_source FROM reports.system_overlap "
        "WHERE restricted_in_first_attempted_in_second > 0",
    )
    assert found == [{"first_source": "outreach", "second_source": "liondesk"}]


def test_business_days_of_a_country_without_holidays_are_monday_to_friday() -> None:
    """Asked on Thursday 15 October in London: the second business day is Monday the 19th."""
    rule = {
        "rule": "two_days",
        "kind": "after_mark",
        "unit": "person",
        "grace": 2,
        "grace_unit": "business_days",
    }
    con = across(
        prospect(900, LONDON, calls_opt_status="opted_out", calls_opted_at=at("10-15 12:00")),
        *(called(day, LONDON, at(f"10-{day} 12:00")) for day in (16, 17, 19, 20)),
        rules=[rule],
    )
    assert verdicts(con, "two_days") == [
        ("10-16 12:00", "tolerated"),
        ("10-17 12:00", "tolerated"),
        ("10-19 12:00", "tolerated"),
        ("10-20 12:00", "breach"),
    ]


def test_a_rule_that_has_ended_judges_no_attempt_of_which_nobody_knows_the_place() -> None:
    hours = {"kind": "hours", "from_local": time(9), "until_local": time(20)}
    con = across(
        dialled(1, "5550142", at("10-20 12:00")),
        rules=[
            hours | {"rule": "over", "in_force_until": date(2026, 1, 1)},
            hours | {"rule": "not_over", "in_force_until": date(2026, 12, 31)},
        ],
    )
    assert verdicts(con, "over") == []
    assert verdicts(con, "not_over") == [("10-20 12:00", "unverifiable")]


def test_every_rule_of_the_ledger_holds_on_marks_without_a_date() -> None:
    con = across(
        suppressed(NEW_YORK),
        prospect(900, LONDON, calls_opt_status="opted_out"),
        called(1, NEW_YORK, at("10-20 16:00"), prospect=7),
        called(2, LONDON, at("10-20 16:00")),
    )
    assert verdicts(con, "house_mark") == [("10-20 16:00", "breach"), ("10-20 16:00", "unverifiable")]
    rules = [*PEOPLE_RULES, *COMPLIANCE_RULES]
    assert [finding.rule.name for finding in evaluate(con, rules) if not finding.passed] == []
