"""Breaches, the audit and the counts of people against the recount (tests/recount/across.py), over generated logs.

Belongs here: logs that nobody wrote by hand: several systems, numbers that they share, marks, zones, a clock change.
Does not belong here: the worked cases (test_across_worked.py), and who is one person with whom (that is taken as built).
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import ingest
from pipelines.ingest.files import LandingFolder
from pipelines.models.incremental import Builder, build_whole, create
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.sources import RESOURCES
from tests.recount.across import Across, Breach, Given, Member, Prefix, phone
from tests.sql.across_logs import (
    AS_OF,
    DAY,
    HOUR,
    LONDON,
    LOS_ANGELES,
    MIAMI,
    NEW_YORK,
    NOWHERE_NUMBER,
    PENSACOLA,
    SEATTLE,
    SECOND,
    TORONTO,
    Log,
    address,
    called,
    contact,
    crosswalk,
    declared,
    dialled,
    email_state,
    emails,
    entity,
    number_state,
    outdialtarget,
    phone_number,
    prospect,
    sent,
    suppressed,
    tried,
    with_across,
)
from tests.sql.logs import Row, merged, uuid
from tests.sql.test_reports import with_macros
from tests.support import build, examples, fetch

TABLES = (
    "core.contact_points",
    "core.attempt_points",
    "core.person_targets",
    "core.people",
    "core.restrictions",
    "compliance.breaches",
    "reports.contact_rule_audit",
    "reports.contact_pressure",
    "reports.system_overlap",
    "reports.people_reached",
    "reports.contact_trace",
    "reports.best_time",
)
NUMBERS = (NEW_YORK, LOS_ANGELES, MIAMI, PENSACOLA, SEATTLE, LONDON, TORONTO, NOWHERE_NUMBER)
NUMBER = st.sampled_from(NUMBERS)
ANN, BOB = "ann@example.org", "bob@example.org"
FIRST_NAME = st.sampled_from(["Ann", "Bob"])
ZONES = ["America/New_York", "America/Phoenix"]
ZONE = st.sampled_from([None, None, *ZONES])
FIRST_DAY = datetime(2025, 10, 27)
"""A Monday. The clocks of North America change on the following Sunday.

Of a year that every table of time zones knows: which clocks British Columbia keeps in 2026 differs between them.
"""
LAST_DAY = date(2025, 11, 1)
"""The Saturday before the clocks change, on which versions of rules end."""

CAPS: list[dict[str, Any]] = [
    {"rule": "point_day", "kind": "cap", "cap": 2, "period": "24h", "unit": "point"},
    {"rule": "target_date", "kind": "cap", "cap": 1, "period": "calendar_day", "unit": "target", "counts": "dialled"},
    {"rule": "person_connected", "kind": "cap", "cap": 1, "period": "7d", "unit": "person", "counts": "connected",
     "channels": ["phone"]},
    {"rule": "after_talk", "kind": "after_contact", "grace": 1, "grace_unit": "days", "unit": "person"},
    {"rule": "mark_two_days", "kind": "after_mark", "grace": 2, "grace_unit": "days", "unit": "person"},
    {"rule": "door_hours", "kind": "hours", "from_local": "10:00", "until_local": "18:00", "channels": ["door"],
     "days": [1, 2, 3, 4, 5]},
    {"rule": "wa_mark", "kind": "after_mark", "jurisdiction": "US-WA", "grace": 1, "grace_unit": "days", "unit": "person"},
    {"rule": "wa_day", "kind": "cap", "jurisdiction": "US-WA", "cap": 1, "period": "24h", "unit": "point",
     "consent_lifts": True},
    {"rule": "us_survey", "kind": "cap", "jurisdiction": "US", "cap": 1, "period": "7d", "unit": "person",
     "purposes": ["solicitation"], "consent_lifts": True},
    # Two rules that change on the day on which the clocks do, and one that is over by then.
    {"rule": "two_caps", "kind": "cap", "cap": 1, "period": "24h", "unit": "person", "in_force_until": LAST_DAY},
    {"rule": "two_caps", "kind": "cap", "cap": 2, "period": "7d", "unit": "target", "channels": ["phone"],
     "in_force_from": LAST_DAY + DAY},
    {"rule": "two_hours", "kind": "hours", "from_local": "10:00", "until_local": "18:00",
     "in_force_until": LAST_DAY},
    {"rule": "two_hours", "kind": "hours", "from_local": "08:00", "until_local": "20:00",
     "in_force_from": LAST_DAY + DAY, "channels": ["phone"]},
    {"rule": "old_hours", "kind": "hours", "from_local": "10:00", "until_local": "18:00",
     "in_force_until": LAST_DAY},
    {"rule": "two_graces", "kind": "after_mark", "grace": 3, "grace_unit": "days", "unit": "person",
     "in_force_until": LAST_DAY},
    {"rule": "two_graces", "kind": "after_mark", "grace": 5, "grace_unit": "business_days", "unit": "person",
     "in_force_from": LAST_DAY + DAY},
]  # fmt: skip
OWN_RULES = [{"title": rule["rule"], **rule} for rule in CAPS]
SWITCHED_ON = ("us-dnc-own",)

MACROS = with_macros()

Case = tuple[dict[str, list[Row]], list[Row]]
"""Raw rows, and the lines of purposes.csv."""


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """A full hour or the seconds around it, on one of eleven days."""
    near = draw(st.sampled_from([0, 0, 0, 0, -3, 3, -5, 5, -6, 6, 1800]))
    return FIRST_DAY + draw(st.integers(0, 10)) * DAY + draw(st.integers(0, 23)) * HOUR + near * SECOND


@st.composite
def busy_moments(draw: st.DrawFn) -> list[datetime]:
    """Moments of which many lie about one day apart."""
    first = draw(moments())
    gaps = st.sampled_from(
        [HOUR, 6 * HOUR, DAY, DAY - 5 * SECOND, DAY - 4 * SECOND, DAY - 6 * SECOND, DAY + SECOND, 3 * DAY,
         timedelta(0), 2 * SECOND]
    )  # fmt: skip
    found = [first]
    for gap in draw(st.lists(gaps, max_size=5)):
        found.append(found[-1] + gap)
    return found


@st.composite
def dialers_list(draw: st.DrawFn) -> Log:
    """Three entries of the dialer's list, named or nameless."""
    names = st.sampled_from([None, "Ann Lee", "Bob Ray"])
    return merged(
        *(outdialtarget(target, draw(NUMBER), draw(NUMBER), name=draw(names)) for target in (1, 2, 3))
    )


@st.composite
def prospects(draw: st.DrawFn) -> Log:
    """Three prospects that share names, e-mail addresses and numbers; some opted out, some in again.

    A number and an e-mail address of theirs have a state.
    """
    words = st.sampled_from([None, "Opted Out", "wrong_number", "bad", "do_not_call", "subscribed"])
    states = (
        number_state(
            1,
            draw(NUMBER),
            prospect=draw(st.integers(900, 902)),
            status=draw(words),
            status_changed_at=draw(st.none() | moments()),
        ),
        email_state(
            2,
            draw(st.sampled_from([ANN, BOB])),
            prospect=draw(st.integers(900, 902)),
            status=draw(st.sampled_from([None, None, "Bounced", "Unsubscribed"])),
            status_changed_at=draw(moments()),
            unsubscribed_at=draw(st.none() | moments()),
        ),
    )
    return merged(
        *(state for state in states if draw(st.booleans())),
        *(
            prospect(
                target,
                draw(NUMBER),
                first_name=draw(FIRST_NAME),
                last_name="Lee",
                emails=draw(st.sampled_from([[], [ANN], [BOB]])),
                calls_opt_status=draw(st.sampled_from([None, None, "opted_in", "opted_out"])),
                calls_opted_at=draw(moments()),
                emails_opt_status=draw(st.sampled_from([None, None, "opted_in", "opted_out"])),
                emails_opted_at=draw(moments()),
                opted_out=draw(st.sampled_from([None, None, False, True])),
                opted_out_at=draw(st.none() | moments()),
                time_zone_iana=draw(ZONE),
                time_zone_inferred=draw(st.sampled_from([None, False, True])),
            )
            for target in (900, 901, 902)
        ),
    )


@st.composite
def entities(draw: st.DrawFn) -> Log:
    """Two people with two numbers each, of which some are marked; some have an address or an e-mail address."""
    logs: list[Log] = []
    status = st.sampled_from(["verified", "verified", "user_added", "bad", "do_not_contact"])
    for target in (501, 502):
        logs.append(entity(target, first_name=draw(FIRST_NAME), last_name="Lee"))
        logs += [
            phone_number(info, draw(NUMBER), owner=target, status=draw(status), updated_at=draw(moments()))
            for info in (10 * target + 1, 10 * target + 2)
        ]
        if draw(st.booleans()):
            zones = draw(st.lists(st.sampled_from(ZONES), max_size=2))
            marks = st.sampled_from(["verified", "verified", "bad"])
            logs += [
                address(
                    10 * target + number,
                    zone,
                    owner=target,
                    status=draw(marks),
                    state=draw(st.sampled_from([None, "WA", "AZ"])),
                    country=draw(st.sampled_from(["US", "US", "US", "CA", None])),
                )
                for number, zone in enumerate(zones)
            ]
        if draw(st.booleans()):
            logs.append(emails(10 * target, draw(st.sampled_from([ANN, BOB])), owner=target))
    return merged(*logs)


@st.composite
def house_lists(draw: st.DrawFn) -> Log:
    """The organization's own lists: a number that is not to be contacted, and two targets that are one person."""
    logs: list[Log] = []
    if draw(st.booleans()):
        logs += [crosswalk("voipbin", uuid(1), "ann"), crosswalk("outreach", "900", "ann")]
    if draw(st.booleans()):
        since, until = sorted([draw(moments()), draw(moments())])
        logs.append(
            suppressed(
                draw(NUMBER),
                since=draw(st.sampled_from([None, since])),
                until=draw(st.sampled_from([None, until + DAY])),
                channel=draw(st.sampled_from([None, "phone", "text"])),
            )
        )
    return merged(*logs)


@st.composite
def attempts(draw: st.DrawFn) -> Log:
    """A few series of attempts, each of one system at one target."""
    logs: list[Log] = []
    for _ in range(draw(st.integers(1, 4))):
        source = draw(st.sampled_from(["voipbin", "voipbin", "outreach", "action_builder", "liondesk"]))
        series = draw(SERIES[source])
        first = len(logs) + 1
        logs += [series(number, moment) for number, moment in enumerate(draw(busy_moments()), first)]
    return merged(*logs)


Series = Callable[[int, datetime], Log]
"""The number of an attempt and its moment → its row."""


@st.composite
def dialer_series(draw: st.DrawFn) -> Series:
    to, target, campaign = draw(NUMBER), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    result = st.sampled_from(["fail", "fail", "success", None])
    return lambda call, at: dialled(call, to, at, target=target, campaign=campaign, result=draw(result))


@st.composite
def sales_series(draw: st.DrawFn) -> Series:
    to, target, sequence = draw(NUMBER), draw(st.integers(900, 901)), draw(st.integers(1, 2))
    disposition, direction = st.sampled_from([6, 6, 1, 7, 9]), st.sampled_from([*["outbound"] * 3, "inbound"])
    return lambda call, at: called(
        call,
        to,
        at,
        prospect=target,
        sequence=sequence,
        disposition=draw(disposition),
        direction=draw(direction),
        by_hand=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def canvass_series(draw: st.DrawFn) -> Series:
    target, campaign, disposition = (
        draw(st.integers(501, 502)),
        draw(st.integers(1, 2)),
        st.sampled_from([1, 1, 0, 2, 3, 4]),
    )
    return lambda call, at: tried(
        call,
        10 * target + draw(st.integers(1, 2)),
        at,
        entity=target,
        campaign=campaign,
        disposition=draw(disposition),
    )


@st.composite
def drip_series(draw: st.DrawFn) -> Series:
    campaign, kind = (
        draw(st.integers(1, 2)),
        st.sampled_from(["Text Contact", "Email Contact", "Call Contact"]),
    )
    return lambda call, at: sent(call, at, kind=draw(kind), campaign=f"Drip {campaign}")


SERIES: Mapping[str, st.SearchStrategy[Series]] = {
    "voipbin": dialer_series(),
    "outreach": sales_series(),
    "action_builder": canvass_series(),
    "liondesk": drip_series(),
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A log of four systems that share numbers, with marks, zones and purposes."""
    person = contact(76, first_name="Ann", last_name="Lee", mobile_phone=draw(NUMBER), email=ANN)
    rows = merged(
        draw(dialers_list()),
        draw(prospects()),
        draw(entities()),
        draw(house_lists()),
        person,
        draw(attempts()),
    )
    purpose = st.sampled_from(["solicitation", "solicitation", "debt_collection", None])
    lines = [(source, "%", word) for source in SERIES if (word := draw(purpose)) is not None]
    return rows, declared(*lines, consent=draw(st.sampled_from(["no", "no", "yes", "unknown"])))


# ------------------------------------------------------------------------------------------------------- the recount


def given_of(con: duckdb.DuckDBPyConnection, *, people: bool = True) -> Given:
    """What the recount takes as it is: rules, purposes, plan and holidays, and (if built) who is one person."""
    plan = [
        Prefix(row["prefix"], row["country"], row["region"], row["zones"] or ())
        for row in fetch(con, "FROM landing.number_plan")
    ]
    members = {
        row["target_key"]: Member(row["person_key"], row["sure_key"], row["strength"] != "alone")
        for row in (fetch(con, "FROM core.person_targets") if people else ())
    }
    return Given(
        plan=plan,
        rules=fetch(con, "FROM landing.contact_rules"),
        purposes=fetch(con, "FROM landing.purposes ORDER BY line"),
        holidays=frozenset((row["country"], row["day"]) for row in fetch(con, "FROM landing.holidays")),
        people=members,
    )


def counted(
    con: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Row]], *, people: bool = True
) -> Across:
    """The recount of a ledger that is built."""
    return Across(rows, AS_OF, given_of(con, people=people))


def recorded(con: duckdb.DuckDBPyConnection) -> list[Breach]:
    """compliance.breaches in the recount's form; what a kind of rule does not count is left out."""
    kinds = {row["rule"]: row["kind"] for row in fetch(con, "SELECT rule, kind FROM landing.contact_rules")}
    return [
        Breach(
            row["attempt_key"],
            row["rule"],
            row["verdict"],
            row["reason"],
            row["count_in_period"] if kinds[row["rule"]] == "cap" else None,
            None if kinds[row["rule"]] == "hours" else row["via"],
            row["zone_basis"] if kinds[row["rule"]] == "hours" else None,
        )
        for row in fetch(con, "FROM compliance.breaches ORDER BY attempt_key, rule")
    ]


def differences(
    found: Sequence[Breach], wanted: Sequence[Breach]
) -> dict[tuple[str, str], list[Breach | None]]:
    """Attempt and rule → the row of compliance.breaches and that of the recount, where they differ."""
    both = [{(breach.attempt, breach.rule): breach for breach in side} for side in (found, wanted)]
    keys = sorted(both[0].keys() | both[1].keys())
    assert len(both[0]) == len(found)
    return {key: sides for key in keys if (sides := [side.get(key) for side in both])[0] != sides[1]}


PIECES = st.sampled_from(
    [*"0123456789", "212", "555", "0142", "+", "00", "+1", "1", " ", "-", ".", "(", ")", "(0)", "/", " x12", "#3", " ext. 4",
     "tel:", "a", "+44", "\u00a0", ";", "\u0663"]
)  # fmt: skip


@settings(max_examples=examples(300))
@given(st.lists(PIECES, max_size=14).map("".join), st.sampled_from(["US", "CA", "DE"]))
def test_the_normal_form_of_numbers_is_recounted(value: str, country: str) -> None:
    assert MACROS.execute("SELECT reports.phone(?, ?)", [value, country]).fetchall() == [
        (phone(value, country),)
    ]


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=examples(10), suppress_health_check=SLOW)
@given(cases())
def test_everything_across_systems_is_recounted(case: Case) -> None:
    rows, purposes = case
    con = with_across(rows, purposes=purposes, switched_on=SWITCHED_ON, rules=OWN_RULES)
    try:
        build(con, *TABLES)
        recount = counted(con, rows)
        for recounted in RECOUNTED:
            recounted(con, recount)
    finally:
        con.close()


def points_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    at_point = Counter(point for _, point in recount.points)
    found = {
        (row["target_key"], row["point_key"]): (
            frozenset(row["zones"] or ()), row["zone_basis"], row["country"], row["region"],
            row["targets_at_point"], row["is_shared"],
        )
        for row in fetch(con, "FROM core.contact_points")
    }  # fmt: skip
    assert found == {
        (target, point): (
            place.zones,
            place.basis,
            place.country,
            place.region,
            at_point[point],
            at_point[point] > 1,
        )
        for (target, point), place in recount.points.items()
    }


def restrictions_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    names = ("source", "kind", "target_key", "point_key", "channels", "since", "until")
    found = Counter(tuple(row[name] for name in names) for row in fetch(con, "FROM core.restrictions"))
    assert found == Counter(
        (
            mark.source, mark.kind, mark.target, mark.point,
            " ".join(sorted(mark.channels)) if mark.channels else None, mark.since, mark.until,
        )
        for mark in recount.marks
    )  # fmt: skip


def breaches_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    assert differences(recorded(con), recount.breaches) == {}


def people_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    rows = fetch(con, "SELECT * EXCLUDE (_key) FROM core.people")
    assert {row.pop("person_key"): row for row in rows} == recount.people


def reports_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    """The audit, the counts of people, the overlap and the pressure: every key, and every figure that is recounted."""
    for table, key, wanted in (
        ("contact_rule_audit", ("source", "campaign_key", "rule"), recount.audit),
        ("system_overlap", ("first_source", "second_source"), recount.overlap),
    ):
        found = {tuple(row[name] for name in key): row for row in fetch(con, f"FROM reports.{table}")}
        assert {
            place: {name: row[name] for name in wanted.get(place, {})} for place, row in found.items()
        } == wanted, table
    reached = {row["source"]: row for row in fetch(con, "FROM reports.people_reached")}
    assert {
        source: {name: row[name] for name in recount.reached.get(source, {})}
        for source, row in reached.items()
    } == recount.reached
    assert {
        (row["unit"], row["period"], row["attempts"]): (row["people"], row["in_several_systems"])
        for row in fetch(con, "FROM reports.contact_pressure")
    } == recount.pressure


def hours_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    """The best hours by the called party's clock."""
    key = ("source", "campaign_key", "attempts_kind", "weekday", "hour")
    rows = fetch(con, "FROM reports.best_time WHERE clock = 'called'")
    found = {tuple(row[name] for name in key): row for row in rows}
    assert found.keys() == recount.called_hours.keys()
    for cell, figures in recount.called_hours.items():
        for name, value in figures.items():
            wanted = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert found[cell][name] == wanted, (cell, name)


def traces_are_recounted(con: duckdb.DuckDBPyConnection, recount: Across) -> None:
    attempts = ("person_key", "occurred_at", "event", "source", "channel", "direction", "disposition", "point_key",
                "target_key", "attempt_key")  # fmt: skip
    found: Counter[tuple[Any, ...]] = Counter()
    for row in fetch(con, "FROM reports.contact_trace"):
        if row["event"] != "mark":
            found[*(row[name] for name in attempts), tuple(row["rules_broken"] or ())] += 1
            continue
        _, until, day = row["words"].partition(", until ")
        # A mark of an attempt has the attempt's key.
        is_outcome = row["restriction_key"].split(":")[1] in ATTEMPT_TABLES and row["source"] != "house"
        found[
            row["person_key"], row["occurred_at"], "mark", row["source"], row["channel"], row["disposition"],
            row["point_key"], row["restriction_key"] if is_outcome else None,
            "somebody else" if "somebody else" in row["words"] else None, date.fromisoformat(day) if until else None,
        ] += 1  # fmt: skip
    assert found == recount.trace


ATTEMPT_TABLES = ("campaigncalls", "calls", "contact_attempts", "contact_communications")
RECOUNTED = (
    points_are_recounted,
    restrictions_are_recounted,
    breaches_are_recounted,
    people_are_recounted,
    reports_are_recounted,
    hours_are_recounted,
    traces_are_recounted,
)


# -------------------------------------------------------------------------------------------------- order and splits

CHAIN = with_upstream(load_models(), TABLES)


class Landing:
    """A warehouse that ingest fills from files, one file a resource for each part of a log."""

    def __init__(self, folder: Path, purposes: Sequence[Row]) -> None:
        self.folder = folder
        self.con = with_across({}, purposes=purposes, switched_on=SWITCHED_ON, rules=OWN_RULES)
        self.files = 0

    def write(self, rows: Mapping[str, Sequence[Row]], name: str) -> None:
        for resource in RESOURCES:
            if records := rows.get(resource.table):
                path = self.folder / "landing" / resource.source / resource.name / f"{name}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                lines = [json.dumps(_as_landed(record), default=str) for record in records]
                path.write_text("\n".join(lines), encoding="utf-8")

    def run(self) -> None:
        """Ingest the files that are there, and bring every table up to date."""
        for resource in RESOURCES:
            result = ingest(self.con, resource, LandingFolder(self.folder / "landing"), self.folder)
            assert result.rejected == 0
        builder = Builder(self.con)
        for model in CHAIN:
            builder.build(model)

    def rows(self) -> dict[str, list[Row]]:
        return {table: fetch(self.con, f"FROM {table} ORDER BY ALL") for table in TABLES}


def _as_landed(record: Row) -> Row:
    """LionDesk's rows have a key of ingest's own making; in the files they have an id."""
    if "communication_key" in record:
        return {"id": int(record["communication_key"][1:])} | {
            name: value for name, value in record.items() if name != "communication_key"
        }
    return record


def parts_of(
    rows: Mapping[str, Sequence[Row]], where: Mapping[str, Sequence[int]], part: int
) -> dict[str, list[Row]]:
    """The rows that arrive with a part."""
    return {
        table: [row for row, its_part in zip(records, where[table], strict=True) if its_part == part]
        for table, records in rows.items()
    }


@settings(max_examples=examples(2), suppress_health_check=SLOW)
@given(cases(), st.data())
def test_any_split_over_runs_and_any_order_of_files_give_the_same_tables(
    case: Case, data: st.DataObject
) -> None:
    rows, purposes = case
    where = {
        # A list of the organization is whole in each of its files.
        table: [0 if table.startswith("house_") else data.draw(st.integers(0, 2), table) for _ in records]
        for table, records in rows.items()
    }
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        stepwise, at_once = Landing(Path(one), purposes), Landing(Path(other), purposes)
        for part in range(3):
            stepwise.write(parts_of(rows, where, part), f"part-{part}")
            stepwise.run()
            at_once.write(parts_of(rows, where, part), f"{2 - part}-part")
        at_once.run()
        found = stepwise.rows()
        assert found == at_once.rows()
        for model in CHAIN:
            build_whole(stepwise.con, model)
        assert found == stepwise.rows()
        stepwise.con.close()
        at_once.con.close()


@settings(max_examples=examples(3), suppress_health_check=SLOW)
@given(cases(), st.data())
def test_one_more_attempt_changes_its_number_and_its_person_alone(case: Case, data: st.DataObject) -> None:
    rows, purposes = case
    number = data.draw(st.sampled_from(NUMBERS[:5]), "number")
    moment = data.draw(moments(), "moment")
    more = dialled(5000, number, moment, target=data.draw(st.integers(1, 3), "target"))
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder), purposes)
        landing.write(rows, "first")
        landing.run()
        before = landing.rows()
        landing.write(more, "second")
        landing.run()
        after = landing.rows()
        target = f"voipbin:{more['voipbin_campaigncalls'][0]['outdial_target_id']}"
        its_own = {target} | {
            row["target_key"]
            for row in before["core.contact_points"] + after["core.contact_points"]
            if row["point_key"] == f"phone:{number}"
        }
        touched = {
            row["person_key"]
            for row in before["core.person_targets"] + after["core.person_targets"]
            if row["target_key"] in its_own
        }
        for table in (
            "core.attempt_points",
            "core.contact_points",
            "core.person_targets",
            "core.people",
            "compliance.breaches",
        ):
            change = Counter(map(repr, after[table]))
            change.subtract(Counter(map(repr, before[table])))
            changed = [row for row in after[table] + before[table] if change[repr(row)]]
            for row in changed:
                assert (
                    row.get("point_key") == f"phone:{number}"
                    or row.get("person_key") in touched
                    or row.get("target_key") in its_own
                ), (table, row)
        landing.con.close()


# ------------------------------------------------------------------------------------------------- people that change

HOUSE_LINES = st.lists(
    st.tuples(
        st.sampled_from(
            [*(("voipbin", uuid(n)) for n in (1, 2)), ("outreach", "900"), ("action_builder", "501")]
        ),
        st.sampled_from(["ann", "bob"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda line: line[0],
)


@st.composite
def changes(draw: st.DrawFn, file: int) -> Log:
    """What a later file may say: other names, numbers of other owners, other entries of the list, and more attempts."""
    written = datetime(2026, 2, 1) + file * DAY
    logs: list[Log] = []
    if draw(st.booleans()):
        target = draw(st.integers(900, 902))
        name = draw(FIRST_NAME)
        logs.append(prospect(target, draw(NUMBER), first_name=name, last_name="Lee", updated_at=written))
    if draw(st.booleans()):
        info, owner = draw(st.sampled_from([5011, 5012, 5021])), draw(st.integers(501, 502))
        logs.append(phone_number(info, draw(NUMBER), owner=owner, updated_at=written))
    if draw(st.booleans()):
        entry = outdialtarget(
            draw(st.integers(1, 3)), draw(NUMBER), name=draw(st.none() | st.just("Bob Ray"))
        )
        entry["voipbin_outdialtargets"][0]["tm_update"] = written
        logs.append(entry)
    for number in range(draw(st.integers(0, 2))):
        # Some are later versions of calls that are there, on other targets.
        call = draw(st.sampled_from([1, 2, 100 * file + number]))
        logs.append(dialled(call, draw(NUMBER), draw(moments()), target=draw(st.integers(1, 3))))
        logs[-1]["voipbin_campaigncalls"][0]["tm_update"] = datetime(2025, 12, 1) + file * DAY
    return merged(*logs)


@settings(max_examples=examples(2), suppress_health_check=SLOW)
@given(cases(), st.data())
def test_targets_that_become_other_people_leave_the_tables_as_if_built_whole(
    case: Case, data: st.DataObject
) -> None:
    """Lines of the crosswalk come and go, names change, numbers and calls move to others."""
    rows, purposes = case
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder), purposes)
        landing.write({table: lines for table, lines in rows.items() if table != "house_people"}, "first")
        for file in range(1, 3):
            lines = data.draw(HOUSE_LINES, "crosswalk")
            landing.write(merged(*(crosswalk(*target, person) for target, person in lines)), "list")
            if file > 1:
                landing.write(data.draw(changes(file), "changes"), f"then-{file}")
            landing.run()
            for model in CHAIN:
                create(landing.con, model, "scratch.whole")
                found, wanted = (
                    fetch(landing.con, f"FROM {table} ORDER BY ALL")
                    for table in (model.table, "scratch.whole")
                )
                assert found == wanted, model.table
        landing.con.close()
