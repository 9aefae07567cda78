"""The questions of the tables and of sql/examples.sql, on small logs that show a wrong query.

Every campaign has a name that another one has too. A thin campaign reaches a larger share than the others. A target is
tried in two campaigns. LionDesk sends six times to one contact. Every answer is counted by hand.

Belongs here: what a question must answer. Does not belong here: whether the tables are right (test_reports.py and the
recount), and the answers on the sample (tests/integration/test_readme.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import duckdb
import pytest

from pipelines.models.sql_files import SQL_ROOT, load_models
from tests.sql.logs import (
    MINUTE,
    START,
    WORKED_ACTION_BUILDER,
    WORKED_OUTREACH,
    Row,
    action_builder,
    liondesk,
    merged,
    outreach,
    uuid,
    voipbin,
    with_mapping,
    with_rules,
)
from tests.support import build

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

QUESTIONS = {model.table: model.example[1] for model in load_models().values() if model.example is not None}
QUESTIONS |= dict(
    re.findall(r"^-- (\d+)\. .+\n([^;]+);$", (SQL_ROOT / "examples.sql").read_text("utf-8"), re.MULTILINE)
)
"""A table's name, or the number of a question of examples.sql → the query."""


def named(table: str, names: dict[int, str]) -> dict[str, list[Row]]:
    rows = [
        {"id": key, "name": name, "created_at": START, "updated_at": START} for key, name in names.items()
    ]
    return {table: rows}


def dialer() -> dict[str, list[Row]]:
    """The worked log in campaign 1, and a stopped campaign 2 of the same name, an hour later.

    The platform's rows agree with the calls, except that it counted no try of target 2, and holds target 9, which was
    reached, for idle. It has no row of target 13.
    """
    first = voipbin(
        {
            1: ["NA", "NA", "C"], 2: ["C"], 3: ["NA", "NA", "NA"], 4: ["NA", "C"], 5: ["NA"], 6: ["NA"], 7: [],
            8: ["NA", "NA"], 9: ["C"], 10: ["C"],
        },
        only_second=[6],
    )  # fmt: skip
    second = voipbin({11: ["NA", "C"], 12: ["NA"], 13: ["NA"]}, campaign=2, first_call=0x2000)
    second["voipbin_campaigns"][0] |= {"name": "Dialer 1", "status": "stop"}
    for call in second["voipbin_campaigncalls"]:
        call["tm_create"] += HOUR
        call["tm_update"] += HOUR
    second["voipbin_outdialtargets"].pop()
    counted = {1: 3, 2: 0, 3: 3, 4: 2, 5: 1, 6: 1, 7: 0, 8: 2, 9: 1, 10: 1, 11: 2, 12: 1}
    rows = merged(first, second)
    for target in rows["voipbin_outdialtargets"]:
        number = UUID(target["id"]).int
        target[f"try_count_{1 if number == 6 else 0}"] = counted[number]
        target["status"] = "done" if number in (1, 2, 4, 10, 11) else "idle"
        target["tm_update"] = START + (61 if number == 7 else 16) * MINUTE
    return rows


def log() -> dict[str, list[Row]]:
    return merged(
        WORKED_ACTION_BUILDER,
        action_builder({3: ["NA", "NA"], 50: ["C", "NA", "NA"]}, campaign=2, first_id=1000),
        named("action_builder_campaigns", {1: "Doors", 2: "Doors"}),
        WORKED_OUTREACH,
        outreach(
            {20: ["C", "VM"], 21: ["VM"], 22: ["NA"], 23: ["NA"], 24: ["NA"]}, sequence=None, first_id=500
        ),
        named("outreach_sequences", {1: "Doors"}),
        dialer(),
        liondesk({1: ["SENT"] * 6, 2: ["PAST", "FUTURE"], 3: ["TICKED"]}),
    )


def built(rows: dict[str, list[Row]]) -> duckdb.DuckDBPyConnection:
    """A ledger with everything built, and with the published macros."""
    con = with_mapping(rows)
    with_rules(con, rules=[{"rule": "house_day", "cap": "2"}, {"rule": "us-wa", "enabled": "no"}])
    build(con)
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    return con


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return built(log())


def answer(con: duckdb.DuckDBPyConnection, question: str, columns: str) -> list[tuple[Any, ...]]:
    """These columns of the answer, in its order, with ids as text and fractions to four digits.

    Every column that has an interval must lie within it. Null is an end that the log does not give.
    """
    relation = con.sql(QUESTIONS[question])
    names = relation.columns
    rows = [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    for name in names:
        rate, _, end = name.rpartition("_") if name not in ("low", "high") else ("difference", "", name)
        rate = rate.removesuffix("_predicted")
        if rate in names and end in ("low", "high"):
            sign = 1 if end == "low" else -1
            for row in rows:
                if row[rate] is not None and row[name] is not None:
                    assert sign * row[name] <= sign * row[rate] + 1e-12, (question, row)
    return [tuple(_plain(row[column]) for column in columns.split()) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return str(value) if isinstance(value, UUID) else value


AB_1, AB_2, OUT_1, OUT_NONE = "action_builder:1", "action_builder:2", "outreach:1", "outreach:none"
C1, C2 = uuid(0xC01), uuid(0xC02)
VB_1, VB_2, DRIP = f"voipbin:{C1}", f"voipbin:{C2}", "liondesk:Drip"
NAMES = {
    AB_1: "Doors", AB_2: "Doors", OUT_1: "Doors", OUT_NONE: "none", VB_1: "Dialer 1", VB_2: "Dialer 1", DRIP: "Drip",
}  # fmt: skip


def of(key: str, *rest: Any) -> tuple[Any, ...]:
    """A row of a campaign: its key, its name, and the rest."""
    return (key, NAMES[key], *rest)


KEYS = "campaign_key campaign_name"
PREDICTED = "targets_contacted_predicted_low targets_contacted_predicted_high"
PER_TARGET = f"{KEYS} targets_contacted targets_attempted contact_rate_per_target"

CASES: list[tuple[str, str, list[tuple[Any, ...]]]] = [
    ("core.as_of", "as_of as_of_basis", [(datetime(2026, 3, 2, 10, 3, 20), "raw.voipbin_campaigncalls.tm_update")]),
    # The last call ends half a minute after 9:14; the 16th row is a skip; the ninth message is ticked off two minutes late.
    ("core.observed", "source observed_until basis", [
        ("outreach", datetime(2026, 3, 2, 9, 14, 30), "raw.outreach_calls.completed_at"),
        ("action_builder", datetime(2026, 3, 2, 9, 15), "raw.action_builder_contact_attempts.created_at"),
        ("liondesk", datetime(2026, 3, 2, 9, 32, 48), "raw.liondesk_contact_communications.completed_at"),
        ("voipbin", datetime(2026, 3, 2, 10, 3, 20), "raw.voipbin_campaigncalls.tm_update"),
    ]),
    # Of the dialer's rows, nobody has five. LionDesk's contact 1 was sent six, and nobody knows whether it was reached.
    # Entity 3 has five, in two campaigns.
    ("core.attempts", "source target_key attempts", [("action_builder", "action_builder:3", 5)]),
    (
        "core.campaigns",
        KEYS,
        [of(AB_1), of(AB_2), of(DRIP), of(OUT_1), of(OUT_NONE), of(VB_1), of(VB_2)],
    ),
    ("core.contact_rules", "rule checked_how origin", [
        ("ca-dnc", "quote", "default"), ("ca-hours", "quote", "default"), ("ca-hours-weekend", "quote", "default"),
        ("house_bad_number", None, "default"), ("house_day", None, "landing folder"),
        ("house_hours", None, "default"), ("house_mark", None, "default"), ("house_week", None, "default"),
        ("us-fl", "quote", "default"), ("us-fl-cap", "quote", "default"), ("us-hours", "quote", "default"),
        ("us-regf-7in7", "quote", "default"), ("us-regf-after", "quote", "default"),
    ]),
    ("core.sources", "source title", [
        ("action_builder", "Action Builder"), ("outreach", "Outreach"), ("voipbin", "VoIPBIN")
    ]),
    ("replay.contact_outcomes", f"{KEYS} outcome targets", [
        of(AB_1, "attempted", 3), of(AB_1, "closed", 1), of(AB_1, "reached", 5), of(AB_1, "untouched", 1),
        of(AB_2, "attempted", 1), of(AB_2, "reached", 1),
        of(OUT_1, "attempted", 3), of(OUT_1, "closed", 1), of(OUT_1, "reached", 5),
        of(OUT_NONE, "attempted", 4), of(OUT_NONE, "reached", 1),
        of(VB_1, "attempted", 2), of(VB_1, "closed", 2), of(VB_1, "reached", 5), of(VB_1, "untouched", 1),
        of(VB_2, "attempted", 2), of(VB_2, "reached", 1),
    ]),
    ("replay.target_outcomes", "campaign_id campaign_name outdial_target_id tries_left", [
        (C1, "Dialer 1", uuid(5), 2), (C1, "Dialer 1", uuid(8), 1)
    ]),
    # Of targets 1 and 3, which have three calls each, the first.
    ("replay.transitions", "outdial_target_id sequence event from_status to_status", [
        (uuid(1), 1, "dial", "idle", "progressing"), (uuid(1), 2, "hangup", "progressing", "idle"),
        (uuid(1), 3, "dial", "idle", "progressing"), (uuid(1), 4, "hangup", "progressing", "idle"),
        (uuid(1), 5, "dial", "idle", "progressing"), (uuid(1), 6, "hangup", "progressing", "done"),
    ]),
    ("replay.violations", "code calls", [("orphan_call", 1)]),
    ("reports.aapor_classes", f"{KEYS} i p r nc o uh ur uo ne", [
        of(AB_1, 5, 0, 0, 3, 0, 1, 0, 0, 1), of(AB_2, 1, 0, 0, 1, 0, 0, 0, 0, 0),
        of(OUT_1, 3, 0, 1, 3, 1, 0, 0, 0, 1), of(OUT_NONE, 1, 0, 0, 4, 0, 0, 0, 0, 0),
        of(VB_1, 5, 0, 0, 4, 0, 1, 0, 0, 0), of(VB_2, 1, 0, 0, 2, 0, 0, 0, 0, 0),
    ]),
    ("reports.aapor_coverage", "source", [("liondesk",), ("voipbin",)]),
    # e is 8 / 9 where one of nine targets is not eligible: 5 / (8 + 8 / 9) and 3 / 8.
    ("reports.aapor_rates", f"{KEYS} numerator value is_thin", [
        of(AB_1, 5, 0.5625, False), of(AB_2, 1, 0.5, True), of(OUT_1, 3, 0.375, False), of(OUT_NONE, 1, 0.2, False),
        of(VB_1, 5, 0.5, False), of(VB_2, 1, 0.3333, True),
    ]),
    ("reports.agreement_counts", "compared agreement targets", [
        ("status", "match", 9), ("status", "exhausted_left_idle", 2), ("status", "differs", 1),
        ("status", "no_platform_row", 1),
        ("tries", "match", 11), ("tries", "lost_increment", 1), ("tries", "no_platform_row", 1),
    ]),
    # Action Builder's second attempts are four targets', and so are Outreach's: thin.
    ("reports.attempt_curve", "source attempt_number at_risk contacts", [
        ("action_builder", 1, 10, 4), ("outreach", 1, 14, 4), ("voipbin", 1, 12, 3), ("voipbin", 2, 5, 2),
    ]),
    # The dialer says which numbers it dialled, all in New York.
    ("reports.best_time", f"{KEYS} hours_differ clock weekday hour attempts shrunk_rate_per_attempt", [
        of(AB_1, False, "reporting", 1, 9, 9, 0.3333), of(OUT_1, False, "reporting", 1, 9, 9, 0.3333),
        of(OUT_NONE, False, "reporting", 1, 9, 5, 0.2), of(VB_1, False, "called", 1, 4, 9, 0.3333),
    ]),
    ("reports.campaign_dispositions", f"{KEYS} attempts unknown_ends", [
        of(AB_1, 15, 0), of(AB_2, 5, 0), of(DRIP, 6, 0), of(OUT_1, 15, 0), of(OUT_NONE, 6, 0), of(VB_1, 15, 0),
        of(VB_2, 4, 0),
    ]),
    ("reports.campaign_outcomes", "campaign_id campaign_name targets targets_in_campaign", [(C2, "Dialer 1", 2, 3)]),
    # 5 of 10 stand reached, 5 of 9 attempted were: target 7 was never tried.
    ("reports.campaign_standing", f"{KEYS} reached targets difference", [of(VB_1, 5, 10, -0.0556)]),
    # One target has a second number only: thin.
    ("reports.contact_rates_by", f"{KEYS} destination_index attempts contacts", [of(VB_1, "0", 14, 5)]),
    ("reports.disposition_matrix", f"{KEYS} attempt_number attempts voicemails share", [
        of(OUT_1, 1, 9, 1, 0.1111), of(OUT_NONE, 1, 5, 1, 0.2)
    ]),
    ("reports.headline", "targets_contacted targets_attempted contact_rate_per_target", [(18, 36, 0.5)]),
    ("reports.headline_sources", "source campaigns_tried campaigns_not_tried campaigns_not_measured", [
        ("action_builder", 2, 0, 0), ("liondesk", 0, 0, 1), ("outreach", 1, 0, 0), ("voipbin", 2, 0, 0)
    ]),
    ("reports.inventory", f"{KEYS} targets remaining_tries stranded_tries", [of(VB_1, 10, 6, 0), of(VB_2, 3, 0, 4)]),
    ("reports.platform_agreement", "campaign_id campaign_name status_agreement tries_agreement targets examples", [
        (C1, "Dialer 1", "differs", "match", 1, uuid(9)), (C1, "Dialer 1", "match", "lost_increment", 1, uuid(2)),
    ]),
    ("reports.policy_audit", "campaign_id campaign_name fitness illegal_calls judged_calls", [
        (C2, "Dialer 1", 0.75, 1, 4), (C1, "Dialer 1", 1.0, 0, 15)
    ]),
    ("reports.retry_what_if", f"{KEYS} targets attempts targets_contacted", [
        of(AB_1, 9, 13, 4), of(AB_2, 2, 4, 1), of(OUT_1, 9, 13, 4), of(OUT_NONE, 5, 6, 1), of(VB_1, 9, 13, 4),
        of(VB_2, 3, 4, 1),
    ]),
    ("reports.scheduled_communications", f"{KEYS} type agent_key overdue", [
        of(DRIP, "Call Contact", "liondesk:40", 1)
    ]),
    # Campaigns of two and three targets are left out, although they would be the fastest. Three campaigns reached half of
    # their targets when fewer than five were at risk. Of `none`, one of five is reached at once: it may be half of all.
    ("reports.time_to_contact", f"{KEYS} targets contacted median_hours median_hours_low median_hours_high", [
        of(OUT_NONE, 5, 1, None, 0.0, None)
    ]),
    ("reports.time_to_contact_curve", f"{KEYS} targets contacted is_thin", [
        of(AB_1, 9, 5, False), of(AB_2, 2, 1, True), of(OUT_1, 9, 5, False), of(OUT_NONE, 5, 1, False),
        of(VB_1, 9, 5, False), of(VB_2, 3, 1, True),
    ]),
    ("reports.violation_counts", "code calls illegal_calls", [("orphan_call", 1, 1)]),
    ("1", f"{PER_TARGET} is_thin", [
        of(AB_1, 5, 9, 0.5556, False), of(OUT_1, 5, 9, 0.5556, False), of(VB_1, 5, 9, 0.5556, False),
        of(OUT_NONE, 1, 5, 0.2, False), of(AB_2, 1, 2, 0.5, True), of(VB_2, 1, 3, 0.3333, True),
    ]),
    ("3", f"{KEYS} attempts targets_contacted attempts_per_contact", [
        of(AB_1, 15, 5, 3.0), of(OUT_1, 15, 5, 3.0), of(VB_1, 15, 5, 3.0), of(OUT_NONE, 6, 1, 6.0)
    ]),
    ("4", f"{KEYS} outdial_id targets attempted untouched remaining_tries stranded stranded_tries", [
        of(VB_1, uuid(0xD01), 10, 9, 1, 6, 0, 0), of(VB_2, uuid(0xD02), 3, 3, 0, 0, 2, 4)
    ]),
    # Entity 3 was tried in two campaigns.
    ("5", "source targets_summed_over_campaigns targets_attempted", [
        ("action_builder", 11, 10), ("outreach", 14, 14), ("voipbin", 12, 12)
    ]),
    # Target 6 had no tries left after the first: 0.25 + 8 / 12 * 2 / 5.
    ("6", "source attempt_number at_risk contacts cumulative_incidence", [
        ("action_builder", 1, 10, 4, 0.4), ("outreach", 1, 14, 4, 0.2857), ("voipbin", 1, 12, 3, 0.25),
        ("voipbin", 2, 5, 2, 0.5167),
    ]),
    ("7", f"{KEYS} targets attempts attempts_saved targets_contacted targets_lost", [
        of(AB_1, 9, 15, 2, 5, 1), of(OUT_1, 9, 15, 2, 5, 1), of(VB_1, 9, 15, 2, 5, 1), of(AB_2, 2, 5, 1, 1, 0),
        of(OUT_NONE, 5, 6, 0, 1, 0), of(VB_2, 3, 4, 0, 1, 0),
    ]),
    # One target goes on (two of the dialer's), with the hazard 5 / 15. Nobody of `none` had two attempts in vain. With so
    # few, nobody or everybody may be reached.
    (
        "8",
        f"{KEYS} max_attempts targets targets_contacted {PREDICTED}",
        [
            of(AB_1, 4, 9, 5.3333, 5, 6), of(AB_1, 5, 9, 5.5556, 5, 6), of(AB_1, 6, 9, 5.7037, 5, 6),
            of(OUT_1, 4, 9, 5.3333, 5, 6), of(OUT_1, 5, 9, 5.5556, 5, 6), of(OUT_1, 6, 9, 5.7037, 5, 6),
            of(OUT_NONE, 3, 5, 1, 1, 1), of(OUT_NONE, 4, 5, 1, 1, 1), of(OUT_NONE, 5, 5, 1, 1, 1),
            of(VB_1, 4, 9, 5.6667, 5, 7), of(VB_1, 5, 9, 6.1111, 5, 7), of(VB_1, 6, 9, 6.4074, 5, 7),
        ],
    ),
    # The median of three campaigns is thin, and held back; that of `none` was never reached.
    ("9", f"{KEYS} targets contacted median_hours median_hours_high median_is_thin", [
        of(AB_1, 9, 5, None, None, True), of(OUT_1, 9, 5, None, None, True), of(OUT_NONE, 5, 1, None, None, None),
        of(VB_1, 9, 5, None, None, True),
    ]),
    ("10", f"{KEYS} hours_differ best_weekday best_hour", [
        of(key, False, None, None) for key in (AB_1, AB_2, OUT_1, OUT_NONE, VB_1, VB_2)
    ]),
    ("11", "source week attempts contacts", [
        ("action_builder", "2026-03-02", 20, 6), ("outreach", "2026-03-02", 21, 6), ("voipbin", "2026-03-02", 19, 6)
    ]),
    # Agent 71 tried entities 1, 3, 5, 9: four, so thin. The dialer names no agent.
    ("12", "source agent_key targets_attempted attempts contacts contact_rate_per_attempt source_rate", [
        ("action_builder", "action_builder:70", 6, 10, 4, 0.4, 0.3), ("outreach", "outreach:7", 14, 21, 6, 0.2857, 0.2857)
    ]),
    ("13", f"{KEYS} destination_index targets_attempted attempts contacts", [of(VB_1, "0", 8, 14, 5)]),
    ("14", f"{KEYS} disposition is_attempt targets targets_in_campaign", [
        of(AB_1, "contacted", True, 5, 10), of(AB_1, "no_contact", True, 3, 10),
        of(AB_1, "bad_contact_info", True, 1, 10), of(AB_1, "skipped", False, 1, 10),
        of(AB_2, "no_contact", True, 2, 2),
        of(DRIP, "completed_manually", False, 1, 3), of(DRIP, "dispatched", True, 1, 3),
        of(DRIP, "scheduled", False, 1, 3),
        of(OUT_1, "contacted", True, 5, 9), of(OUT_1, "no_contact", True, 3, 9),
        of(OUT_1, "bad_contact_info", True, 1, 9),
        of(OUT_NONE, "no_contact", True, 3, 5), of(OUT_NONE, "voicemail", True, 2, 5),
        of(VB_1, "contacted", True, 5, 9), of(VB_1, "no_contact", True, 4, 9),
        of(VB_2, "no_contact", True, 2, 3), of(VB_2, "contacted", True, 1, 3),
    ]),
    ("16", f"{KEYS} rate value is_thin", [
        of(key, rate, value, is_thin)
        for key, is_thin, values in (
            (AB_1, False, (0.5556, 0.5556, 0.5625, 0.625)), (AB_2, True, (0.5, 0.5, 0.5, 0.5)),
            (OUT_1, False, (0.625, 0.375, 0.375, 0.375)), (OUT_NONE, False, (0.2, 0.2, 0.2, 0.2)),
            (VB_1, False, (0.5, 0.5, 0.5, 0.5556)), (VB_2, True, (0.3333, 0.3333, 0.3333, 0.3333)),
        )
        for rate, value in zip(("con1", "rr1", "rr3", "rr5"), values, strict=True)
    ]),
    # 5 / (8 + 1 / 4) and 5 / (9 + 1 / 4).
    ("17", f"{KEYS} i uh rr3", [
        of(AB_1, 5, 1, 0.6061), of(AB_2, 1, 0, 0.5), of(OUT_1, 3, 0, 0.375), of(OUT_NONE, 1, 0, 0.2),
        of(VB_1, 5, 1, 0.5405), of(VB_2, 1, 0, 0.3333),
    ]),
    ("18", f"{KEYS} type agent_key overdue oldest_overdue_at", [
        of(DRIP, "Call Contact", "liondesk:40", 1, datetime(2026, 3, 2, 9, 30, 36))
    ]),
    ("19", f"{KEYS} target_key later_attempts", [
        of(AB_2, "action_builder:50", 2), of(OUT_NONE, "outreach:20", 1)
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "columns", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_answer(
    con: duckdb.DuckDBPyConnection, question: str, columns: str, expected: list[tuple[Any, ...]]
) -> None:
    assert answer(con, question, columns) == expected


def test_every_question_has_a_test() -> None:
    """The others have tests of their own, because their answers on the log above would be empty."""
    across = {
        *(
            f"core.{name}"
            for name in ("contact_points", "attempt_points", "person_targets", "people", "restrictions")
        ),
        *(
            f"reports.{name}"
            for name in (
                "contact_rule_audit",
                "contact_rule_counts",
                "undeclared_purposes",
                "called_hours",
                "contact_pressure",
                "system_overlap",
                "people_reached",
            )
        ),
        "compliance.breaches",
        *(str(number) for number in range(24, 34)),
    }  # test_across_questions.py
    elsewhere = {
        *across,
        "reports.abandonment",
        "core.dispositions", "reports.campaign_contact_rates", "reports.campaign_daily_snapshot", "reports.comparisons",
        "reports.call_next", "reports.contact_trace",  # test_across_reports.py
        "2", "15", "20", "21", "22", "23",
        *(table for table in QUESTIONS if table.startswith("quality.")),
    }  # fmt: skip
    assert {case[0] for case in CASES} | elsewhere == QUESTIONS.keys()


def insert(con: duckdb.DuckDBPyConnection, table: str, *rows: Row) -> None:
    for row in rows:
        con.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
        )


def test_values_of_the_unified_dispositions_are_no_values_of_a_source(con: duckdb.DuckDBPyConnection) -> None:
    found = answer(con, "core.dispositions", "source value label")
    assert {source for source, _, _ in found} == {"action_builder", "outreach", "voipbin"}
    assert ("action_builder", "0", "contacted") in found


@pytest.mark.parametrize("question", ["2", "reports.campaign_contact_rates"])
def test_only_campaigns_whose_whole_interval_is_low(question: str) -> None:
    """0 of 9 has the upper end .2992, 2 of 20 has .3010, 0 of 4 is thin, and 1 of 40 has .1288."""
    sizes = {1: (0, 9), 2: (2, 20), 3: (0, 4), 4: (1, 40)}
    con = built(
        merged(
            *(
                action_builder(
                    {1000 * campaign + n: ["C" if n < reached else "NA"] for n in range(targets)},
                    campaign=campaign,
                    first_id=1000 * campaign,
                )
                for campaign, (reached, targets) in sizes.items()
            ),
            named("action_builder_campaigns", dict.fromkeys(sizes, "Doors")),
        )
    )
    assert answer(con, question, PER_TARGET) == [
        ("action_builder:4", "Doors", 1, 40, 0.025),
        ("action_builder:1", "Doors", 0, 9, 0.0),
    ]


def by_hour(hours: Sequence[tuple[int, int, int]], campaign: int) -> dict[str, list[Row]]:
    """One attempt on each target: (hour, attempts, contacts)."""
    parts = []
    for hour, attempts, contacts in hours:
        first = campaign * 100_000 + hour * 1000
        part = action_builder(
            {first + n: ["C" if n < contacts else "NA"] for n in range(attempts)},
            campaign=campaign,
            first_id=first,
            every=timedelta(seconds=1),
        )
        for row in part["action_builder_contact_attempts"]:
            row["created_at"] += timedelta(hours=hour - 9)
        parts.append(part)
    return merged(*parts)


def test_a_thin_hour_does_not_win_and_a_better_campaign_is_no_better_hour() -> None:
    """Campaign 1 has two contacts of two attempts at 8, and is best at 14; campaign 2 reaches more at every hour."""
    con = built(
        merged(
            by_hour(
                [(8, 2, 2), (10, 40, 4), (11, 40, 5), (12, 40, 6), (13, 40, 4), (14, 40, 30)], campaign=1
            ),
            by_hour([(10, 40, 36), (11, 40, 36), (12, 40, 36), (13, 40, 35), (14, 40, 36)], campaign=2),
            named("action_builder_campaigns", {1: "Doors", 2: "Doors"}),
        )
    )
    columns = f"{KEYS} hours_differ best_weekday best_hour attempts contact_rate"
    assert answer(con, "10", columns) == [
        of(AB_1, True, 1, 14, 40, 0.75), of(AB_2, False, None, None, None, None)
    ]  # fmt: skip
    found = answer(con, "reports.best_time", f"{KEYS} hours_differ hour attempts")
    assert found[0] == of(AB_1, True, 14, 40)
    assert {row[3] for row in found if row[0] == AB_1} == {10, 11, 12, 13, 14}
    assert {row[2] for row in found if row[0] == AB_2} == {False}


def attempts_once(
    reached: int,
    tried: int,
    *,
    first: int,
    campaign: int = 1,
    agent: int | None = 70,
    later: timedelta = 0 * DAY,
) -> dict[str, list[Row]]:
    """One attempt on each of so many targets, by one agent and at one time."""
    part = action_builder(
        {first + n: ["C" if n < reached else "NA"] for n in range(tried)},
        campaign=campaign,
        first_id=first,
        every=timedelta(seconds=1),
    )
    for row in part["action_builder_contact_attempts"]:
        row |= {"created_by_id": agent, "created_at": row["created_at"] + later}
        row["updated_at"] = row["created_at"]
    return part


@pytest.mark.parametrize("question", ["21", "reports.comparisons"])
def test_only_campaigns_that_differ_after_all_comparisons_are_counted(question: str) -> None:
    """32, 4, 23 and 24 of 40; 4 of 4 is thin.

    Campaign 2 differs from each of the three. 32 v 23 of 40 has p = 0.031 and an interval without 0, but it is the fourth
    of six comparisons: 3 x 0.031 is more than 0.05.
    """
    sizes = {1: (32, 40), 2: (4, 40), 3: (23, 40), 4: (24, 40), 5: (4, 4)}
    con = built(
        merged(
            *(attempts_once(*size, first=1000 * n, campaign=n) for n, size in sizes.items()),
            named("action_builder_campaigns", dict.fromkeys(sizes, "Doors")),
        )
    )
    keys = "side side_name other other_name" if question == "reports.comparisons" else (
        f"{KEYS} other_key other_name"
    )  # fmt: skip
    assert answer(con, question, f"source {keys} rate other_rate difference") == [
        ("action_builder", AB_1, "Doors", AB_2, "Doors", 0.8, 0.1, 0.7),
        ("action_builder", AB_2, "Doors", "action_builder:4", "Doors", 0.1, 0.6, -0.5),
        ("action_builder", AB_2, "Doors", "action_builder:3", "Doors", 0.1, 0.575, -0.475),
    ]
    pair = "family = 'campaigns' AND side = 'action_builder:1' AND other = 'action_builder:3'"
    [(low, p, p_holm)] = con.sql(f"SELECT low, p, p_holm FROM reports.comparisons WHERE {pair}").fetchall()
    assert low > 0
    assert p < 0.05 < p_holm == pytest.approx(3 * p)


def test_a_week_is_compared_with_the_one_before_in_which_anybody_was_tried() -> None:
    """Nobody is tried in the second week, only three in the fourth, and the last one is not over."""
    weeks = {0: (30, 40), 2: (4, 40), 3: (3, 3), 4: (5, 40), 5: (6, 40), 6: (20, 20)}
    con = built(
        merged(
            *(attempts_once(*size, first=1000 + 100 * n, later=7 * n * DAY) for n, size in weeks.items()),
            named("action_builder_campaigns", {1: "Doors"}),
        )
    )
    columns = "source week_before week other_reached other_tried reached tried difference is_clear"
    assert answer(con, "22", columns) == [
        ("action_builder", "2026-03-02", "2026-03-16", 30, 40, 4, 40, -0.65, True),
        ("action_builder", "2026-03-30", "2026-04-06", 5, 40, 6, 40, 0.025, False),
    ]


def test_an_agent_is_compared_with_everybody_else_in_the_campaign() -> None:
    """Agent 70 reaches 24 of 30. Agent 73 reaches three of three, and is thin. Some attempts name no agent.

    In campaign 2, agent 71 has nobody beside him.
    """
    agents: dict[int | None, tuple[int, int]] = {
        70: (24, 30), 71: (10, 30), 72: (12, 30), 73: (3, 3), None: (10, 30)
    }  # fmt: skip
    con = built(
        merged(
            *(
                attempts_once(*size, first=1000 + 100 * n, agent=agent)
                for n, (agent, size) in enumerate(agents.items())
            ),
            attempts_once(20, 20, first=5000, campaign=2, agent=71),
            named("action_builder_campaigns", {1: "Doors", 2: "Doors"}),
        )
    )
    columns = f"{KEYS} agent_key reached tried other_reached other_tried is_clear"
    assert answer(con, "23", columns) == [
        of(AB_1, "action_builder:70", 24, 30, 35, 93, True),
        of(AB_1, "action_builder:71", 10, 30, 49, 93, False),
        of(AB_1, "action_builder:72", 12, 30, 47, 93, False),
    ]


def test_a_median_that_is_not_thin_is_told_with_its_interval() -> None:
    """All of 20 targets are tried in vain at the start. Then one is reached each minute, eleven in all.

    When the tenth is reached, eleven are at risk. The other nine are tried again in the twelfth minute.
    """
    rows = action_builder(
        {n: ["NA", "C" if n <= 11 else "NA"] for n in range(1, 21)}, every=timedelta(0)
    )["action_builder_contact_attempts"]  # fmt: skip
    for n, row in enumerate(rows):
        if n % 2:
            row["created_at"] += min(n // 2 + 1, 12) * MINUTE
            row["updated_at"] = row["created_at"]
    con = built({"action_builder_contact_attempts": rows, **named("action_builder_campaigns", {1: "Doors"})})
    minute = 1 / 60
    columns = f"{KEYS} targets contacted median_hours median_is_thin"
    for question in ("9", "reports.time_to_contact"):
        [found] = answer(con, question, f"{columns} median_hours_low median_hours_high")
        assert found[:6] == of(AB_1, 20, 11, round(10 * minute, 4), False)
        # Wilson: 6 of 20 has the upper end .519, 5 of 20 has .469. No count up to 11 of 20 has a lower end of .5.
        assert found[6:] == (round(6 * minute, 4), None)


def test_a_campaign_keeps_its_history_under_a_new_name() -> None:
    con = built(WORKED_ACTION_BUILDER)
    con.execute("DELETE FROM reports.campaign_daily_snapshot")
    days = [date(2026, 3, day) for day in (2, 3, 5)]
    for key, names, attempts in (
        ("x:1", ("Old", "Old", "New"), (10, 15, 12)),
        ("x:2", ("New", "New", "New"), (1, 1, 4)),
    ):
        for day, name, made in zip(days, names, attempts, strict=True):
            insert(
                con,
                "reports.campaign_daily_snapshot",
                {"published_on": day, "source": "x", "campaign_key": key, "campaign_name": name}
                | {"attempts": made, "contacts": made // 5},
            )
    columns = f"published_on {KEYS} attempts more_attempts more_contacts"
    assert answer(con, "reports.campaign_daily_snapshot", columns) == [
        (days[0], "x:1", "Old", 10, None, None),
        (days[1], "x:1", "Old", 15, 5, 1),
        (days[2], "x:1", "New", 12, -3, -1),
        (days[0], "x:2", "New", 1, None, None),
        (days[1], "x:2", "New", 1, 0, 0),
        (days[2], "x:2", "New", 4, 3, 0),
    ]


def test_violations_of_all_verdicts_are_counted_and_the_illegal_ones_apart() -> None:
    con = built(WORKED_ACTION_BUILDER)
    for code, verdict, calls in (
        ("retry_too_soon", "tolerated", 5),
        ("retry_too_soon", "illegal", 2),
        ("orphan_call", "illegal", 3),
        ("dial_after_done", "illegal", 3),
        ("try_limit_exceeded", "unverifiable", 6),
    ):
        insert(con, "reports.violation_counts", {"code": code, "verdict": verdict, "calls": calls})
    assert answer(con, "reports.violation_counts", "code calls illegal_calls") == [
        ("retry_too_soon", 7, 2),
        ("try_limit_exceeded", 6, 0),
        ("dial_after_done", 3, 3),
        ("orphan_call", 3, 3),
    ]


def test_unknown_values_and_their_ends() -> None:
    """Three calls have no known end: two by one value, one by another."""
    rows = merged(outreach({n: ["NA"] for n in range(1, 8)}), named("outreach_sequences", {1: "Doors"}))
    for call, state in zip(rows["outreach_calls"], ("mystery", "mystery", "riddle"), strict=False):
        call |= {"call_disposition_id": None, "state": state}
    con = built(rows)
    lines = [
        ("outreach", "mystery", 2, "outreach,state,mystery,unknown"),
        ("outreach", "riddle", 1, "outreach,state,riddle,unknown"),
    ]
    for question in ("15", "quality.unmapped_values"):
        assert answer(con, question, "source value rows line") == lines
    assert answer(con, "reports.campaign_dispositions", f"{KEYS} attempts unknown_ends") == [of(OUT_1, 7, 3)]
    assert answer(con, "14", f"{KEYS} disposition targets targets_in_campaign share_of_targets") == [
        of(OUT_1, "no_contact", 4, 7, 0.5714), of(OUT_1, "unknown", 3, 7, 0.4286)
    ]  # fmt: skip


def test_what_was_read_rejected_and_checked() -> None:
    con = built(WORKED_ACTION_BUILDER)
    for table in (
        "row_accounting",
        "rejected_rows",
        "notices",
        "run_history",
        "check_results",
        "check_summary",
    ):
        con.execute(f"DELETE FROM quality.{table}")
    counts = ("rows_read", "rows_accepted", "rows_superseded", "rows_rejected")
    calls = {"source": "outreach", "resource": "calls"}
    insert(
        con,
        "quality.row_accounting",
        {**calls, "file": "b", **dict(zip(counts, (10, 7, 1, 2), strict=True))},
        {**calls, "file": "a", **dict(zip(counts, (5, 5, 0, 0), strict=True))},
        {"source": "x", "resource": "y", "file": "c", **dict(zip(counts, (3, 3, 0, 0), strict=True))},
    )
    insert(
        con,
        "quality.rejected_rows",
        {**calls, "file": "b", "position": 9, "reason": "id is missing"},
        {**calls, "file": "b", "position": 4, "reason": "id is missing"},
    )
    insert(
        con,
        "quality.notices",
        {**calls, "file": "b", "code": "new_field", "field": "mood"},
        {**calls, "file": "b", "code": "unknown_value", "field": "state", "value": "odd"},
    )
    first, second = datetime(2026, 3, 2), datetime(2026, 3, 3)
    insert(
        con,
        "quality.run_history",
        {"run_id": "1", "started_at": first, "as_of": first - DAY, "published": True},
        {"run_id": "2", "started_at": second, "published": False},
    )
    insert(
        con,
        "quality.check_results",
        {"table_name": "b", "check_name": "z", "severity": "WARN", "passed": False, "observed": "1 of 2"},
        {"table_name": "a", "check_name": "y", "severity": "WARN", "passed": False, "observed": "1 of 3"},
        {"table_name": "a", "check_name": "x", "severity": "ERROR", "passed": True, "observed": "0 of 3"},
    )
    insert(con, "quality.check_summary", {"checks": 3, "passed": 1, "failed": 2, "errors": 0})

    def told(name: str, columns: str) -> list[tuple[Any, ...]]:
        return answer(con, f"quality.{name}", columns)

    assert told("row_accounting", f"every_row files {' '.join(counts)}") == [(True, 3, 18, 15, 1, 2)]
    assert told("rejected_rows", "file position reason") == [
        ("b", 4, "id is missing"),
        ("b", 9, "id is missing"),
    ]
    assert told("notices", "source resource field file") == [("outreach", "calls", "mood", "b")]
    assert told("run_history", "started_at as_of") == [(first, first - DAY)]
    assert told("check_results", "table_name check_name") == [("a", "y"), ("b", "z")]
    assert told("check_summary", "every_check_passed checks failed") == [(False, 3, 2)]
    assert answer(con, "20", "finding place check_name observed") == [
        ("check failed", "a", "y", "1 of 3"),
        ("check failed", "b", "z", "1 of 2"),
        ("rows rejected", "outreach.calls", None, "2 of 15 rows"),
    ]
    con.execute("UPDATE quality.row_accounting SET rows_accepted = 6 WHERE file = 'b'")
    assert told("row_accounting", "every_row") == [(False,)]
    con.execute("DELETE FROM quality.check_summary")
    insert(con, "quality.check_summary", {"checks": 0, "passed": 0, "failed": 0, "errors": 0})
    assert told("check_summary", "every_check_passed") == [(False,)]
