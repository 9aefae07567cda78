"""Contact trace, call list and best hours by the called party's clock: small logs, counted by hand.

Belongs here: what these reports say of a few rows. Does not belong here: who is whom, what is a mark, and which attempt
broke a rule (the tests of core and compliance across systems).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipelines.ingest.contact_rules import load_contact_rules
from pipelines.ingest.reference import load_reference
from pipelines.models.incremental import Builder
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.settings import Settings
from pipelines.validation.rules.reports import REPORT_RULES
from tests.sql.logs import NOWHERE, Row, merged, uuid, with_mapping
from tests.support import build, fetch, file_arrives

Log = dict[str, list[Row]]

NOW = datetime(2026, 11, 20, 16, 0)
"""A Friday: 11:00 in New York, 10:00 in Chicago, 8:00 in Los Angeles."""
LONG_AGO = datetime(2026, 1, 5)
NEW_YORK = "+12125550101"
NEW_YORK_2 = "+12125550102"
NEW_YORK_3 = "+12125550103"
LOS_ANGELES = "+12135550101"
PENSACOLA = "+18505550101"
"""A number of an area code with two clocks, Eastern and Central."""
DETROIT = "+13135550101"
CLOSES = datetime(2026, 11, 21, 1, 0)
"""20:00 in New York."""


def at(hour: int, minute: int = 0, *, day: int = 20) -> datetime:
    """A moment of November 2026 (UTC)."""
    return datetime(2026, 11, day, hour, minute)


def tel(number: str) -> Row:
    return {"type": "tel", "target": number, "target_name": "", "name": "", "detail": ""}


def dialer(*, interval: timedelta = timedelta(hours=2), maximum: int = 3, status: str = "run") -> Log:
    """A campaign with its outplan."""
    times = {"tm_create": LONG_AGO, "tm_update": LONG_AGO}
    return {
        "voipbin_campaigns": [
            {
                "id": uuid(0xC01),
                "name": "Dialer",
                "status": status,
                "outplan_id": uuid(0xE01),
                "outdial_id": uuid(0xD01),
                **times,
            }
        ],
        "voipbin_outplans": [
            {
                "id": uuid(0xE01),
                "try_interval": interval // timedelta(milliseconds=1),
                "max_try_count_0": maximum,
                "max_try_count_1": maximum,
                **times,
            }
        ],
    }


def listed(target: int, *numbers: str, name: str | None = None, **fields: Any) -> Log:
    """An entry of the dialer's list."""
    row = {
        "id": uuid(target),
        "outdial_id": uuid(0xD01),
        "name": name,
        "status": "idle",
        **{f"destination_{index}": tel(number) for index, number in enumerate(numbers)},
        **{f"try_count_{index}": 0 for index in range(5)},
        "tm_create": LONG_AGO,
        "tm_update": LONG_AGO,
    }
    return {"voipbin_outdialtargets": [row | fields]}


def dialled(target: int, number: str, *moments: datetime, result: str | None = "fail", index: int = 0) -> Log:
    """Calls of the dialer, each 20 seconds long; without a result the last one is still open."""
    return {
        "voipbin_campaigncalls": [
            {
                "id": uuid(0x1000 * target + place),
                "campaign_id": uuid(0xC01),
                "outplan_id": uuid(0xE01),
                "outdial_id": uuid(0xD01),
                "outdial_target_id": uuid(target),
                "reference_type": "call",
                "status": "dialing" if result is None and place == len(moments) else "done",
                "result": result or (None if place == len(moments) else "fail"),
                "source": tel("+12125550199"),
                "destination": tel(number),
                "destination_index": index,
                "try_count": place,
                "tm_create": moment,
                "tm_update": moment + timedelta(seconds=20),
            }
            for place, moment in enumerate(moments, 1)
        ]
    }


def prospect(number: int, phone: str | None, first_name: str | None = None, **fields: Any) -> Log:
    row = {"id": number, "mobile_phones": [phone] if phone else [], "first_name": first_name,
           "created_at": LONG_AGO, "updated_at": LONG_AGO}  # fmt: skip
    return {"outreach_prospects": [row | fields]}


def called(prospect: int, number: str, *moments: datetime, disposition: int = 6) -> Log:
    """Outreach's calls: 1 is a contact, 6 no answer, 9 a bad number."""
    return {
        "outreach_calls": [
            {
                "id": 1000 * prospect + place,
                "prospect_id": prospect,
                "sequence_id": 1,
                "user_id": 7,
                "direction": "outbound",
                "to": number,
                "call_disposition_id": disposition,
                "dialed_at": moment,
                "completed_at": moment + timedelta(seconds=30),
                "created_at": moment,
                "updated_at": moment,
            }
            for place, moment in enumerate(moments, 1)
        ]
    }


def suppressed(number: str, **fields: Any) -> Log:
    return {"house_suppressions": [{"kind": "phone", "value": number, **fields}]}


def ledger(
    *logs: Log, purposes: Sequence[tuple[str, str, str]] = (), **settings: Any
) -> duckdb.DuckDBPyConnection:
    """A ledger as of NOW with the project's own rules and number plan, nothing built."""
    con = with_mapping(merged(*logs), **{"as_of": NOW, **settings})
    load_reference(con, Settings().data)
    load_contact_rules(con, NOWHERE, Settings().contact_rules)
    for line, purpose in enumerate(purposes, 2):
        con.execute(
            "INSERT INTO landing.purposes (line, source, campaign, purpose, consent) VALUES (?, ?, ?, ?, 'no')",
            [line, *purpose],
        )
    return con


def rules_hold(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    """No row breaks a rule of these tables."""
    checked = [rule for rule in REPORT_RULES if rule.table in tables and rule.query]
    assert checked
    for rule in checked:
        assert rule.query is not None
        assert con.execute(rule.query).fetchall() == [], rule.name


def call_next(con: duckdb.DuckDBPyConnection) -> dict[str, Row]:
    build(con, "reports.call_next")
    rules_hold(con, "reports.call_next")
    return {
        row["target_key"].removeprefix("voipbin:00000000-0000-0000-0000-0000000000"): row
        for row in fetch(
            con, f"SELECT {', '.join(load_models()['reports.call_next'].columns)} FROM reports.call_next"
        )
    }


def window(row: Row) -> tuple[str | None, datetime | None, datetime | None]:
    return row["held_back_by"], row["callable_from"], row["callable_until"]


# ------------------------------------------------------------------------------------------------------ call list


def test_house_hours_are_those_of_every_zone_of_the_point() -> None:
    """New York opened at 14:00 UTC and Chicago at 15:00; Los Angeles opens at 17:00. They close at 1:00, 2:00 and 4:00."""
    rows = call_next(
        ledger(
            dialer(), listed(1, NEW_YORK), listed(2, LOS_ANGELES), listed(3, PENSACOLA), listed(4, "5550142")
        )
    )
    assert window(rows["01"]) == (None, NOW, CLOSES)
    assert window(rows["02"]) == ("outside_hours", at(17), at(4, day=21))
    assert window(rows["03"]) == (None, NOW, CLOSES)
    assert sorted(rows["03"]["zones"]) == ["America/Chicago", "America/New_York"]
    assert window(rows["04"]) == ("no_usable_point", None, None)
    assert rows["01"] | {"score": None} == {
        "target_key": f"voipbin:{uuid(1)}", "source": "voipbin", "campaign_key": f"voipbin:{uuid(0xC01)}",
        "person_key": f"person:voipbin:{uuid(1)}", "point_key": f"phone:{NEW_YORK}", "zones": ["America/New_York"],
        "callable_from": NOW, "callable_until": CLOSES, "tries_left": 3, "score": None, "held_back_by": None, "as_of": NOW,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "held_back_by", "opens", "closes"),
    [
        # 19:30, 20:00:01 and 3:00 in New York. The clocks were put back on 2026-11-01: 9:00 is 13:00 UTC before.
        (at(0, 30), None, at(0, 30), at(1)),
        (datetime(2026, 11, 20, 1, 0, 1), "outside_hours", at(14), at(1, day=21)),
        (at(8), "outside_hours", at(14), at(1, day=21)),
        (datetime(2026, 10, 31, 8), "outside_hours", datetime(2026, 10, 31, 13), datetime(2026, 11, 1)),
        (datetime(2026, 11, 1, 4), "outside_hours", datetime(2026, 11, 1, 14), datetime(2026, 11, 2, 1)),
    ],
)
def test_hours_over_midnight_and_over_a_change_of_the_clock(
    moment: datetime, held_back_by: str | None, opens: datetime, closes: datetime
) -> None:
    rows = call_next(ledger(dialer(), listed(1, NEW_YORK), as_of=moment))
    assert window(rows["01"]) == (held_back_by, opens, closes)


def test_a_law_row_counts_where_the_purpose_is_declared() -> None:
    """In Quebec solicitation is allowed from 9:00 to 21:30 on weekdays and from 10:00 to 18:00 on weekends."""
    log = merged(dialer(), listed(1, "+15145550101"))
    saturday = at(13, 30, day=21)  # 8:30 in Montreal
    rows = call_next(ledger(log, as_of=saturday))
    assert window(rows["01"]) == ("outside_hours", at(14, day=21), at(1, day=22))
    rows = call_next(
        ledger(log, as_of=saturday, purposes=[("voipbin", f"voipbin:{uuid(0xC01)}", "solicitation")])
    )
    assert window(rows["01"]) == ("outside_hours", at(15, day=21), at(23, day=21))


def test_three_attempts_in_24_hours_over_all_systems_are_the_cap() -> None:
    """The dialer dialled Maria once and Outreach called her twice. The first of the three leaves the day at 18:00."""
    rows = call_next(
        ledger(
            dialer(interval=timedelta(minutes=10)),
            listed(1, NEW_YORK, name="Maria Lopez"),
            dialled(1, NEW_YORK, at(14)),
            prospect(900, NEW_YORK, "Maria"),
            called(900, NEW_YORK, at(18, day=19), at(15)),
        )
    )
    assert rows["01"]["person_key"] == rows["outreach:900"]["person_key"]
    assert window(rows["01"]) == ("cap", at(18), CLOSES)
    assert window(rows["outreach:900"]) == ("cap", at(18), CLOSES)
    assert (rows["01"]["tries_left"], rows["outreach:900"]["tries_left"]) == (2, None)


def test_an_attempt_exactly_24_hours_ago_is_free_again() -> None:
    """Three attempts, the first of them a day ago to the second: none holds a call back."""
    log = merged(dialer(interval=timedelta(minutes=10)), listed(1, NEW_YORK))
    rows = call_next(ledger(log, dialled(1, NEW_YORK, at(16, day=19), at(13)), prospect(900, NEW_YORK)))
    assert window(rows["01"]) == (None, NOW, CLOSES)
    rows = call_next(
        ledger(log, prospect(900, NEW_YORK), called(900, NEW_YORK, at(16, day=19), at(13), at(14)))
    )
    assert rows["outreach:900"]["held_back_by"] is None


def test_a_cap_that_frees_outside_the_hours_waits_for_the_next_ones() -> None:
    """Free at 23:00 in New York: the next hours begin at 9:00."""
    calls = called(900, NEW_YORK, at(4), at(14), at(15))
    rows = call_next(ledger(prospect(900, NEW_YORK), calls))
    assert window(rows["outreach:900"]) == ("cap", at(14, day=21), at(1, day=22))


def test_a_retry_waits_for_its_interval() -> None:
    """Hung up at 15:30:20; two hours later it is 17:30:20."""
    rows = call_next(ledger(dialer(), listed(1, NEW_YORK), dialled(1, NEW_YORK, at(15, 30))))
    assert window(rows["01"]) == (None, datetime(2026, 11, 20, 17, 30, 20), CLOSES)
    rows = call_next(
        ledger(dialer(interval=timedelta(hours=24)), listed(1, NEW_YORK), dialled(1, NEW_YORK, at(2)))
    )
    # Due at 21:00:20 in New York, after the hours of that day.
    assert window(rows["01"]) == (None, at(14, day=21), at(1, day=22))


def test_who_is_held_back_and_in_which_order() -> None:
    moment = at(15, 59)
    rows = call_next(
        ledger(
            dialer(interval=timedelta(0)),
            listed(1, NEW_YORK), dialled(1, NEW_YORK, moment, result=None),  # in flight
            listed(2, NEW_YORK_2), dialled(2, NEW_YORK_2, at(10), at(11), moment, result=None),  # the last try in flight
            listed(3, NEW_YORK_3), suppressed(NEW_YORK_3),
            # Outreach found the number to be bad.
            listed(4, LOS_ANGELES), called(904, LOS_ANGELES, at(18, day=10), disposition=9),
            # Outreach reached Ann.
            listed(5, DETROIT, name="Ann Miller"), prospect(905, DETROIT, "Ann"),
            called(905, DETROIT, at(18, day=10), disposition=1),
            # A restriction comes first.
            listed(6, PENSACOLA), suppressed(PENSACOLA), dialled(6, PENSACOLA, moment, result=None),
            # These are not open.
            listed(7, "+12125550107"), dialled(7, "+12125550107", at(10), result="success"),
            listed(8, "+12125550108"), dialled(8, "+12125550108", at(10), at(11), at(12)),
            listed(9, "+12125550109", tm_delete=at(10)),
        )
    )  # fmt: skip
    assert {key: row["held_back_by"] for key, row in rows.items()} == {
        "01": "in_flight", "02": "exhausted", "03": "restricted", "04": "no_usable_point", "05": "reached_elsewhere",
        "06": "restricted",
    }  # fmt: skip
    assert {key for key, row in rows.items() if row["callable_from"]} == {"01"}
    assert rows["02"]["tries_left"] == 0


def test_a_mark_that_ended_holds_nobody_back() -> None:
    log = merged(dialer(), listed(1, NEW_YORK), listed(2, NEW_YORK_2))
    rows = call_next(ledger(log, suppressed(NEW_YORK, until=at(10)), suppressed(NEW_YORK_2, channel="email")))
    assert {row["held_back_by"] for row in rows.values()} == {None}


def test_a_stranded_target_is_not_open() -> None:
    log = merged(listed(1, NEW_YORK), dialled(1, NEW_YORK, at(10)))
    assert len(call_next(ledger(dialer(), log))) == 1
    assert call_next(ledger(dialer(status="stop"), log)) == {}


def test_the_dialers_next_destination_and_elsewhere_the_best_point() -> None:
    """Destination 0 has no try left. The first number of 901 is marked as bad; 902 shares the first of its numbers."""
    rows = call_next(
        ledger(
            dialer(maximum=1),
            listed(1, NEW_YORK, LOS_ANGELES),
            dialled(1, NEW_YORK, at(10)),
            prospect(901, None, mobile_phones=[NEW_YORK_2, NEW_YORK_3]),
            called(901, NEW_YORK_3, at(10)),
            called(999, NEW_YORK_2, at(10), disposition=9),
            prospect(902, None, mobile_phones=["+12125550110", "+12125550120"]),
            prospect(903, None, mobile_phones=["+12125550110"]),
            called(902, "+12125550110", at(10)),
        )
    )
    assert rows["01"]["point_key"] == f"phone:{LOS_ANGELES}"
    assert rows["outreach:901"]["point_key"] == f"phone:{NEW_YORK_3}"
    assert rows["outreach:902"]["point_key"] == "phone:+12125550120"


def test_the_score_is_the_hazard_of_the_next_attempt_by_the_factor_of_its_hour() -> None:
    """Of 30 targets, 6 were reached at the first attempt, all at 10:00; of 24, 12 at the second. Target 50 was never tried."""
    logs = [dialer(interval=timedelta(0), maximum=9)]
    for target in range(1, 31):
        number = f"+1212555{100 + target:04}"
        moments = [at(15, day=16), at(15, day=17)]
        logs += [listed(target, number)]
        if target <= 6:
            logs += [dialled(target, number, moments[0], result="success")]
        else:
            calls = dialled(target, number, *moments)
            calls["voipbin_campaigncalls"][1]["result"] = "success" if target <= 18 else "fail"
            logs += [calls]
    rows = call_next(ledger(*logs, listed(50, "+12125550190")))
    # The third attempt: nobody made one, so the source's last number that is not thin, 12 of 24, stands for it.
    # Now it is 11:00 on a Friday in New York. Nobody was tried at that hour: the factor is 1.
    assert rows["32"]["score"] == pytest.approx(6 / 30)
    assert rows["1e"]["score"] == pytest.approx(12 / 24)
    con = ledger(*logs, listed(50, "+12125550190"), as_of=datetime(2026, 11, 23, 15, 30))  # Monday, 10:30
    rows = call_next(con)
    ((shrunk, mean),) = con.execute("""
SELECT shrunk_rate_per_attempt, campaign_rate_per_attempt FROM reports.best_time
WHERE is_default AND attempts_kind = 'all' AND weekday = 1 AND hour = 10""").fetchall()
    assert rows["32"]["score"] == pytest.approx(6 / 30 * shrunk / mean)
    assert fetch(con, "SELECT DISTINCT clock FROM reports.best_time WHERE is_default") == [
        {"clock": "called"}
    ]


def example(con: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    """The answer to the table's question."""
    question = load_models()[table].example
    assert question is not None
    return fetch(con, question[1])


def test_whom_to_call_first() -> None:
    """By the score: at the second attempt 5 of 5 were reached, at the first none. Who is held back is left out."""
    logs = [dialer(interval=timedelta(0))]
    for target in range(1, 6):
        calls = dialled(target, f"+1212555{100 + target:04}", at(10, day=16), at(10, day=17))
        calls["voipbin_campaigncalls"][1]["result"] = "success"
        logs += [listed(target, f"+1212555{100 + target:04}"), calls]
    con = ledger(
        *logs, listed(6, "+12125550106"), listed(7, "+12125550107"), dialled(7, "+12125550107", at(10, day=16)),
        listed(8, LOS_ANGELES), listed(9, "+12125550109"), suppressed("+12125550109"),
    )  # fmt: skip
    build(con, "reports.call_next")
    found = example(con, "reports.call_next")
    assert [(row["target_key"], row["score"]) for row in found] == [
        (f"voipbin:{uuid(7)}", 1.0), (f"voipbin:{uuid(6)}", 0.0),
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- contact trace


def trace(con: duckdb.DuckDBPyConnection) -> list[Row]:
    build(con, "reports.contact_trace", "core.people")
    rules_hold(con, "reports.contact_trace")
    return fetch(
        con,
        "FROM reports.contact_trace ORDER BY person_key, occurred_at NULLS FIRST, event, attempt_key, restriction_key",
    )


def test_a_person_is_traced_over_all_systems() -> None:
    """Outreach asks, the dialer dials on. The number is on the organization's list too; a stranger's attempt is not hers."""
    rows = trace(
        ledger(
            dialer(),
            listed(1, NEW_YORK, name="Maria Lopez"),
            dialled(1, NEW_YORK, at(15, day=12), at(8, day=14)),
            prospect(900, NEW_YORK, "Maria"),
            called(900, NEW_YORK, at(15, day=13), disposition=77),
            {"outreach_call_dispositions": [{"id": 77, "name": "Do Not Call", "updated_at": LONG_AGO}]},
            suppressed(NEW_YORK, since=at(0, day=11), until=at(0, day=13)),
            prospect(901, LOS_ANGELES, "Maria"),
            called(901, LOS_ANGELES, at(18, day=13)),
        )
    )
    hers = [row for row in rows if row["person_key"] == "person:outreach:900"]
    assert [
        (row["occurred_at"], row["event"], row["source"], row["disposition"], row["rules_broken"], row["words"]) for row in hers
    ] == [
        (at(0, day=11), "mark", "house", "house_list", None,
         "Mark on the number or address: on the organization's own list, until 2026-11-13"),
        (at(15, day=12), "attempt", "voipbin", "no_contact", ["house_mark"], "Call: not reached"),
        (at(15, day=13), "attempt", "outreach", "do_not_contact", None, "Call: asked not to be contacted"),
        (at(15, day=13), "mark", "outreach", "do_not_contact", None, "Mark on the number or address: do not contact"),
        # 3:00 in New York.
        (at(8, day=14), "attempt", "voipbin", "no_contact", ["house_hours", "house_mark"], "Call: not reached"),
    ]  # fmt: skip
    assert {row["point_key"] for row in hers} == {f"phone:{NEW_YORK}"}
    assert [row["person_key"] for row in rows if row not in hers] == ["person:outreach:901"]


def test_a_mark_of_somebody_else_at_the_number_says_so() -> None:
    rows = trace(
        ledger(
            prospect(900, NEW_YORK, "Maria"),
            prospect(901, NEW_YORK, "Peter"),
            called(900, NEW_YORK, at(10), disposition=9),
        )
    )
    assert {(row["person_key"], row["event"], row["words"]) for row in rows} == {
        ("person:outreach:900", "attempt", "Call: the number or address is wrong"),
        ("person:outreach:900", "mark", "Mark on the number or address: wrong number or address"),
        (
            "person:outreach:901",
            "mark",
            "Mark on somebody else at the number or address: wrong number or address",
        ),
    }


def test_the_person_on_whom_most_attempts_broke_a_rule() -> None:
    """Two calls to 901 at 3:00 in New York; one to 900, which broke two rules."""
    con = ledger(
        prospect(900, NEW_YORK), called(900, NEW_YORK, at(8, day=12)), suppressed(NEW_YORK, since=at(0, day=11)),
        prospect(901, NEW_YORK_2), called(901, NEW_YORK_2, at(8, day=12), at(8, day=13), at(15, day=14)),
    )  # fmt: skip
    build(con, "reports.contact_trace")
    found = example(con, "reports.contact_trace")
    assert [(row["person_key"], row["occurred_at"], row["rules_broken"]) for row in found] == [
        ("person:outreach:901", at(8, day=12), ["house_hours"]), ("person:outreach:901", at(8, day=13), ["house_hours"]),
        ("person:outreach:901", at(15, day=14), None),
    ]  # fmt: skip


TABLES = ("reports.contact_trace", "reports.call_next", "reports._hour_counts")


def brought_up_to_date(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    models = load_models()
    builder = Builder(con, models)
    return {model.table: builder.build(model) for model in with_upstream(models, TABLES)}


def test_one_more_call_builds_the_rows_of_its_target_alone() -> None:
    """The trace and the hours are brought up to date by key, and are what building from nothing gives."""
    more = called(900, NEW_YORK, at(8), at(9))["outreach_calls"]
    log = merged(
        dialer(),
        *(listed(n, f"+1212555{100 + n:04}", name="Maria Lopez" if n == 1 else None) for n in range(1, 40)),
        *(dialled(n, f"+1212555{100 + n:04}", at(15, day=12)) for n in range(1, 40)),
        prospect(900, NEW_YORK, "Maria"),
        called(905, LOS_ANGELES, at(18, day=12)),
    )
    con = ledger(log, {"outreach_calls": more[:1]})
    brought_up_to_date(con)
    with file_arrives(con, "outreach_calls", 2):
        row = {**more[1], "_file_id": 2}
        columns = ", ".join(f'"{name}"' for name in row)
        con.execute(
            f"INSERT INTO raw.outreach_calls ({columns}) VALUES ({', '.join('?' * len(row))})",
            list(row.values()),
        )
    extents = brought_up_to_date(con)
    assert extents["reports.contact_trace"] == "changed keys"
    assert extents["reports._hour_counts"] == "changed keys"
    found = {table: fetch(con, f"FROM {table} ORDER BY ALL") for table in TABLES}
    build(con, *TABLES)
    assert found == {table: fetch(con, f"FROM {table} ORDER BY ALL") for table in TABLES}


# ----------------------------------------------------------------------------------------------- the called's clock


def hours(con: duckdb.DuckDBPyConnection) -> list[tuple[str, bool, int, int, int]]:
    build(con, "reports.best_time")
    rows = con.execute("""
SELECT clock, is_default, weekday, hour, attempts FROM reports.best_time WHERE attempts_kind = 'all' ORDER BY ALL""").fetchall()
    rules_hold(con, "reports.best_time")
    return rows


def test_hours_by_the_clock_of_whoever_was_called() -> None:
    """At 4:30 UTC on a Friday it is Thursday 23:30 in New York, 20:30 in Los Angeles, and 5:30 in Berlin.

    Pensacola has two clocks, and they show 23:30 and 22:30. Of six attempts, five have a clock: 83 %.
    """
    moment = at(4, 30)
    calls = [(1, NEW_YORK), (2, NEW_YORK_2), (3, NEW_YORK_3), (4, LOS_ANGELES), (5, DETROIT)]
    log = merged(*(called(n, number, moment) for n, number in calls))
    con = ledger(log, called(6, PENSACOLA, moment), timezone="Europe/Berlin")
    assert hours(con) == [
        ("called", True, 4, 20, 1), ("called", True, 4, 23, 4), ("reporting", False, 5, 5, 6),
    ]  # fmt: skip
    # Five of seven: 71 %.
    con = ledger(log, called(6, PENSACOLA, moment), called(7, "5550101", moment), timezone="Europe/Berlin")
    assert hours(con) == [
        ("called", False, 4, 20, 1), ("called", False, 4, 23, 4), ("reporting", True, 5, 5, 7),
    ]  # fmt: skip


def test_four_of_five_is_80_percent() -> None:
    log = merged(*(called(n, NEW_YORK, at(14)) for n in range(1, 5)), called(5, "5550101", at(14)))
    assert hours(ledger(log)) == [("called", True, 5, 9, 4), ("reporting", False, 5, 14, 5)]


def test_a_clock_that_changes_within_the_log() -> None:
    """14:00 UTC is 10:00 in New York on 2026-10-31, and 9:00 from 2026-11-01."""
    log = called(1, NEW_YORK, datetime(2026, 10, 31, 14), datetime(2026, 11, 1, 14))
    assert [row[:1] + row[2:] for row in hours(ledger(log)) if row[0] == "called"] == [
        ("called", 6, 10, 1), ("called", 7, 9, 1),
    ]  # fmt: skip
