"""The questions about people over all systems, on one small log whose answers are counted by hand.

Maria is in all four systems and has two entries in the dialer's list; she opted out in Outreach. José is in three, and
Action Builder marked his number. Ann is in one, Kim in two. Wrong queries show: one system's attempts alone never reach a
limit, an incoming call counts towards none, and a mark of the own system is none of another one.

Belongs here: what a question about people must answer. Does not belong here: questions about one source
(test_questions.py), and whether the tables are right (test_across_worked.py, test_across_reports.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from pipelines.models.sql_files import SQL_ROOT
from tests.sql.across_logs import (
    DAY,
    HOUR,
    LOS_ANGELES,
    MIAMI,
    NEW_YORK,
    PENSACOLA,
    Log,
    called,
    contact,
    declared,
    dialled,
    emails,
    entity,
    outdialtarget,
    phone_number,
    prospect,
    tried,
    with_across,
)
from tests.sql.logs import merged, uuid
from tests.sql.test_questions import answer
from tests.support import build

NOON = datetime(2026, 10, 20, 16)
"""A Tuesday: 12:00 in New York, 9:00 in Los Angeles."""
LONG_AGO = datetime(2026, 1, 5)
CAMPAIGN = f"voipbin:{uuid(0xC01)}"
MARIA, JOSE, ANN, KIM = (
    "person:action_builder:501",
    "person:action_builder:502",
    "person:outreach:902",
    "person:liondesk:78",
)


def dialer() -> Log:
    """The dialer's campaign: three tries at each number."""
    times = {"tm_create": LONG_AGO, "tm_update": LONG_AGO}
    return {
        "voipbin_campaigns": [
            {
                "id": uuid(0xC01),
                "name": "Dialer",
                "status": "run",
                "end_handle": "stop",
                "outplan_id": uuid(0xE01),
                "outdial_id": uuid(0xD01),
                **times,
            }
        ],
        "voipbin_outplans": [
            {
                "id": uuid(0xE01),
                "try_interval": 60_000,
                "dial_timeout": 30_000,
                **{f"max_try_count_{index}": 3 for index in range(5)},
                **times,
            }
        ],
    }


def log() -> Log:
    return merged(
        dialer(),
        # Maria: a name in three systems at one number, and two entries of the dialer that have no name.
        entity(501, first_name="Maria", last_name="Lopez"),
        phone_number(88001, NEW_YORK),
        prospect(
            900,
            NEW_YORK,
            first_name="Maria",
            emails=["maria@example.org"],
            calls_opt_status="opted_out",
            calls_opted_at=NOON - 10 * DAY,
        ),
        contact(76, first_name="Maria", email="maria@example.org", mobile_phone=MIAMI),
        outdialtarget(1, NEW_YORK),
        outdialtarget(2, NEW_YORK),
        tried(1, None, NOON - 19 * DAY),
        dialled(1, NEW_YORK, NOON - 2 * HOUR, target=1),
        dialled(2, NEW_YORK, NOON - 1 * HOUR, target=1),
        dialled(3, NEW_YORK, NOON, target=2),
        called(10, NEW_YORK, NOON + 1 * HOUR),
        called(11, NEW_YORK, NOON + 2 * HOUR, direction="inbound", disposition=6),
        # José: an e-mail address in two systems, and his number in the dialer's list.
        entity(502, first_name="José"),
        phone_number(88002, LOS_ANGELES, owner=502, status="do_not_contact", updated_at=NOON - 5 * DAY),
        emails(6, "jose@example.org", owner=502),
        contact(77, first_name="José", email="Jose@example.org"),
        outdialtarget(3, LOS_ANGELES),
        dialled(4, LOS_ANGELES, NOON + 2 * HOUR, target=3),
        dialled(5, LOS_ANGELES, NOON + 3 * HOUR, target=3, result="success"),
        # Ann: four calls of one system. Kim: known to two, tried by none.
        prospect(902, PENSACOLA, first_name="Ann"),
        *(called(20 + n, PENSACOLA, NOON + n * HOUR, prospect=902) for n in range(4)),
        prospect(903, first_name="Kim", emails=["kim@example.org"]),
        contact(78, first_name="Kim", email="kim@example.org"),
    )


def built(rows: Log, **settings: Any) -> duckdb.DuckDBPyConnection:
    con = with_across(rows, **settings)
    build(con)
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    return con


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return built(log(), purposes=declared(("outreach", "%", "solicitation")))


def call(number: int) -> str:
    return f"voipbin:campaigncalls:{uuid(0x1000 + number)}"


CASES: list[tuple[str, str, list[tuple[Any, ...]]]] = [
    ("core.contact_points", "point_key targets", [(f"phone:{NEW_YORK}", 4), (f"phone:{LOS_ANGELES}", 2)]),
    ("core.attempt_points", "source attempts without_point", [
        ("action_builder", 1, 1), ("outreach", 6, 0), ("voipbin", 5, 0)
    ]),
    ("core.person_targets", "person_key systems", [(MARIA, 4), (JOSE, 3)]),
    ("core.people", "person_key systems targets most_in_7d contacts", [
        (MARIA, 4, 5, 4, 0), (ANN, 1, 1, 4, 0), (JOSE, 3, 3, 2, 1), (KIM, 2, 2, 0, 0)
    ]),
    ("core.restrictions", "source target_key point_key since", [
        ("action_builder", "action_builder:502", f"phone:{LOS_ANGELES}", NOON - 5 * DAY)
    ]),
    ("compliance.breaches", "attempt_key asked_in", [(call(4), "action_builder"), (call(5), "action_builder")]),
    # Nobody can tell whether Maria's fourth call is one. Ann's number is in Florida, where three calls are the limit, too.
    ("reports.contact_rule_audit", "source campaign_name rule breaches judged share_kept", [
        ("voipbin", "Dialer", "house_mark", 2, 5, 0.0),
        ("outreach", "1", "house_day", 1, 5, 0.75), ("outreach", "1", "house_mark", 1, 5, 0.8),
        ("outreach", "1", "us-fl-cap", 1, 4, 0.75),
    ]),
    ("reports.contact_rule_counts", "rule breaches judged", [
        ("house_mark", 3, 11), ("house_day", 1, 11), ("us-fl-cap", 1, 4)
    ]),
    ("reports.undeclared_purposes", "campaign_key campaign_name not_judged line", [
        (CAMPAIGN, "Dialer", 5, f"voipbin,{CAMPAIGN},,"), ("action_builder:1", "1", 1, "action_builder,action_builder:1,,")
    ]),
    ("reports.contact_pressure", "numbers", [(2,)]),
    ("reports.system_overlap", "first_source second_source people", [
        ("action_builder", "voipbin", 1), ("outreach", "voipbin", 1)
    ]),
    ("reports.people_reached", "people_contacted people_attempted contact_rate is_matched_share", [(1, 3, 0.3333, 1.0)]),
    # The weakest link counts: Maria and José are in the dialer's list by their numbers.
    ("24", "person_key systems targets match attempts contacts restriction", [
        (MARIA, 4, 5, "likely", 6, 0, "opted_out"), (JOSE, 3, 3, "likely", 2, 1, "do_not_contact"),
        (KIM, 2, 2, "sure", 0, 0, None),
    ]),
    # Maria's own system called her, too: that is no answer here.
    ("25", "person_key asked_in tried_by tried_at days_after verdict reason", [
        (JOSE, "action_builder", "voipbin", NOON + 2 * HOUR, 5.1, "breach", "after_mark"),
        (JOSE, "action_builder", "voipbin", NOON + 3 * HOUR, 5.1, "breach", "after_mark"),
        *((MARIA, "outreach", "voipbin", NOON - n * HOUR, d, "unverifiable", "likely_match")
          for n, d in ((2, 9.9), (1, 10.0), (0, 10.0))),
    ]),
    # One try of three is left, and two of three. Outreach called the number once; the call that came in is no attempt.
    ("26", "point_key budgets tries_left attempts_made systems", [(f"phone:{NEW_YORK}", 2, 3, 4, 2)]),
    ("27", "attempt_key person_key count_in_period verdict reason systems", [
        ("outreach:calls:10", MARIA, 4, "unverifiable", "likely_match", 2),
        ("outreach:calls:23", ANN, 4, "breach", "over_cap", 1),
    ]),
    # Two, three, three and two people are four.
    ("28", "figure people summed_over_systems counted_again share_counted_again", [
        ("known", 4, 10, 6, 0.6), ("tried", 3, 5, 2, 0.4), ("reached", 1, 1, 0, 0.0)
    ]),
    # Three rules hold where the dialer called. Nobody knows where Action Builder's attempt went: nine may hold there.
    ("30", "campaign_key campaign_name attempts attempts_not_judged rules_that_do_not_judge line", [
        (CAMPAIGN, "Dialer", 5, 5, 3, f"voipbin,{CAMPAIGN},,"),
        ("action_builder:1", "1", 1, 1, 9, "action_builder,action_builder:1,,"),
    ]),
    ("31", "marked_in kind broken_by rule attempts people first_at last_at", [
        ("action_builder", "do_not_contact", "voipbin", "house_mark", 2, 1, NOON + 2 * HOUR, NOON + 3 * HOUR),
        ("outreach", "opted_out", "outreach", "house_mark", 1, 1, NOON + HOUR, NOON + HOUR),
    ]),
    ("32", "campaign_key campaign_name held_back_by targets target_key", [
        ("action_builder:1", "1", "restricted", 1, "action_builder:501"),
        ("outreach:1", "1", None, 1, "outreach:902"),
        ("outreach:1", "1", "restricted", 1, "outreach:900"),
        (CAMPAIGN, "Dialer", "restricted", 2, f"voipbin:{uuid(1)}"),
        (CAMPAIGN, "Dialer", "restricted", 2, f"voipbin:{uuid(2)}"),
    ]),
    ("33", "occurred_at source event words person_key rules_broken", [
        (NOON - 5 * DAY, "action_builder", "mark", "Mark on the number or address: do not contact", JOSE, None),
        (NOON + 2 * HOUR, "voipbin", "attempt", "Call: not reached", JOSE, ["house_mark"]),
        (NOON + 3 * HOUR, "voipbin", "attempt", "Call: reached", JOSE, ["house_mark"]),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "columns", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_answer(
    con: duckdb.DuckDBPyConnection, question: str, columns: str, expected: list[tuple[Any, ...]]
) -> None:
    assert answer(con, question, columns) == expected


def test_the_best_hour_is_one_of_those_who_are_called() -> None:
    """Everybody answers at 10 by the own clock, in New York and in Los Angeles. The office's clock, UTC, is 15 and 18."""
    rows: list[Log] = []
    for zone, (area, ahead) in enumerate((("212", 5), ("213", 8))):
        for hour in range(9, 14):
            for n in range(20):
                who = 10_000 * (zone + 1) + 100 * hour + n
                reached = n < (15 if hour == 10 else 2)
                moment = datetime(2026, 3, 2, hour + ahead, 0, n)
                rows += [
                    phone_number(who, f"+1{area}55501{n:02}", owner=who),
                    tried(who, who, moment, entity=who, disposition=0 if reached else 1),
                ]
    columns = (
        "campaign_key hours_differ attempts_in_campaign called_hour office_hour contact_rate_per_attempt"
    )
    assert answer(built(merged(*rows)), "29", columns) == [("action_builder:1", True, 200, 10, 15, 0.75)]


def test_an_early_hour_is_one_of_those_who_are_called() -> None:
    """12:30 UTC is half past eight in New York; 0:30 is half past eight in the evening, and 16:00 is noon."""
    moments = (datetime(2026, 10, 20, 12, 30), datetime(2026, 10, 20, 16), datetime(2026, 10, 21, 0, 30))
    con = built(merged(*(called(n, NEW_YORK, moment) for n, moment in enumerate(moments, 1))))
    assert answer(con, "reports.called_hours", "source attempts") == [("all", 2), ("outreach", 2)]
