"""The head of the report page and its kin, held against counts by hand."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from math import sqrt
from typing import Any

import pytest

from tests.sql.logs import (
    WORKED_ACTION_BUILDER,
    WORKED_OUTREACH,
    WORKED_VOIPBIN,
    Row,
    action_builder,
    liondesk,
    merged,
    outreach,
    voipbin,
    with_mapping,
)
from tests.support import build, fetch, ledger

TARGETS = (
    "targets_attempted", "targets_contacted", "targets_not_contacted", "targets_open", "targets_closed",
    "targets_unknown",
)  # fmt: skip
CAMPAIGNS = (
    "campaigns_tried", "campaigns_not_tried", "campaigns_not_measured", "attempts_outside_campaigns"
)  # fmt: skip


def headline(log: dict[str, list[Row]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The headline of a log, and its sources' rows by source."""
    with with_mapping(log) as con:
        build(con, "reports.headline")
        (row,) = fetch(con, "FROM reports.headline")
        return row, {each["source"]: each for each in fetch(con, "FROM reports.headline_sources")}


def counts(row: dict[str, Any], names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(row[name] for name in names)


def test_the_worked_logs() -> None:
    """Of each log 9 were tried and 5 reached; of the dialer's others two are used up, elsewhere one number is bad."""
    row, sources = headline(merged(WORKED_VOIPBIN, WORKED_OUTREACH, WORKED_ACTION_BUILDER))
    assert counts(row, TARGETS) == (27, 15, 12, 8, 4, 0)
    assert counts(row, CAMPAIGNS) == (3, 0, 0, 0)
    ends = {name: counts(each, ("targets_open", "targets_closed")) for name, each in sources.items()}
    assert ends == {"voipbin": (2, 2), "outreach": (3, 1), "action_builder": (3, 1)}
    z, n, p = 1.959963984540054, 27, 15 / 27
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert row["contact_rate_per_target"] == pytest.approx(p, abs=1e-12)
    assert row["contact_rate_per_target_low"] == pytest.approx((middle - half) / (1 + z * z / n), abs=1e-12)
    assert row["contact_rate_per_target_high"] == pytest.approx((middle + half) / (1 + z * z / n), abs=1e-12)


def test_a_target_counts_once_and_its_last_attempt_over_all_campaigns_decides() -> None:
    """Entity 1 was reached three times, by two campaigns; of 6 the last attempt over both found a bad number.

    Of the dialer's, 3 is being called, and so is 5, reached before.
    """
    row, _ = headline(
        merged(
            action_builder({1: ["C", "C"], 2: ["NA"], 6: ["BAD"], 7: ["NA", "DNC"]}),
            action_builder({1: ["C"], 6: ["NA"]}, campaign=2, first_id=500),
            voipbin({3: ["NA", "OPEN"], 4: ["NA"], 5: ["C", "OPEN"]}),
        )
    )
    assert counts(row, TARGETS) == (7, 2, 5, 3, 2, 1)
    assert row["campaigns_tried"] == 3


def test_campaigns_are_tried_or_not_or_not_measured() -> None:
    other = liondesk({2: ["FUTURE"]}, campaign="Other")
    other["liondesk_contact_communications"][0]["communication_key"] = "other"
    row, sources = headline(
        merged(
            voipbin({1: ["NA"]}),
            voipbin({2: []}, campaign=2, first_call=0x2000),
            outreach({1: ["NA", "NA"], 2: ["C"]}, sequence=None),
            liondesk({1: ["SENT"]}),
            other,
        )
    )
    assert counts(row, CAMPAIGNS) == (1, 1, 2, 3)
    assert {name: counts(each, CAMPAIGNS) for name, each in sources.items()} == {
        "voipbin": (1, 1, 0, 0),
        "outreach": (0, 0, 0, 3),
        "liondesk": (0, 0, 2, 0),
    }
    assert counts(sources["liondesk"], ("targets_attempted", "targets_contacted", "targets_open")) == (
        0,
        0,
        0,
    )


def test_an_empty_ledger_has_a_headline_of_noughts() -> None:
    with ledger() as con:
        build(con, "reports.headline")
        (row,) = fetch(con, "FROM reports.headline")
        assert fetch(con, "FROM reports.headline_sources") == []
    assert {row[name] for name in (*TARGETS, *CAMPAIGNS, "files", "rows_read", "rows_rejected")} == {0}
    assert row["as_of"] is row["contact_rate_per_target"] is row["contact_rate_per_target_low"] is None


@pytest.mark.parametrize("seed", range(4))
def test_every_count_is_that_of_the_attempts(seed: int) -> None:
    """Counted again in Python from ``core.attempts``, over logs drawn at random."""
    draw = random.Random(seed)

    def drawn(words: list[str]) -> dict[int, list[str]]:
        return {target: draw.choices(words, k=draw.randrange(5)) for target in range(1, 25)}

    log = merged(
        action_builder(drawn(["C", "NA", "NA", "BAD", "SKIP", "DNC"])),
        action_builder(drawn(["C", "NA", "NA", "BAD"]), campaign=2, first_id=900, every=timedelta(hours=1)),
        voipbin(drawn(["C", "NA", "NA", "OPEN", "PHANTOM", "MUTE"])),
        outreach(drawn(["C", "NA", "VM", "BAD", "REFUSED"]), sequence=draw.choice([1, None])),
        liondesk(drawn(["SENT", "TICKED", "PAST"])),
    )
    with with_mapping(log) as con:
        build(con)
        (row,) = fetch(con, "FROM reports.headline")
        attempts = fetch(
            con,
            "FROM core.attempts WHERE is_attempt AND measures_contact ORDER BY attempted_at, attempt_key",
        )
        violations = fetch(con, "FROM replay.violations")
        outcomes = fetch(con, "FROM replay.target_outcomes")
        violation_counts = fetch(con, "FROM reports.violation_counts")
        agreement_counts = fetch(con, "FROM reports.agreement_counts")
    reached = {each["target_key"] for each in attempts if each["is_contact"]}
    latest = {each["target_key"]: each["disposition"] for each in attempts}
    others = latest.keys() - reached
    unknown = [target for target in others if latest[target] in {"unknown", "in_progress"}]
    assert row["targets_attempted"] == len(latest)
    assert row["targets_contacted"] == len(reached)
    assert row["targets_open"] + row["targets_closed"] == row["targets_not_contacted"] == len(others)
    assert row["targets_unknown"] == len(unknown)
    campaigns = {each["campaign_key"] for each in attempts}
    assert row["campaigns_tried"] == len([key for key in campaigns if not key.endswith(":none")])
    assert row["attempts_outside_campaigns"] == len(
        [each for each in attempts if each["campaign_key"].endswith(":none")]
    )

    assert violations
    by_code = Counter((each["code"], each["verdict"]) for each in violations)
    assert {(each["code"], each["verdict"]): each["calls"] for each in violation_counts} == by_code
    for each in violation_counts:
        these = [
            one for one in violations if (one["code"], one["verdict"]) == (each["code"], each["verdict"])
        ]
        assert each["targets"] == len({one["outdial_target_id"] for one in these} - {None})
        assert each["first_at"] == min(one["occurred_at"] for one in these)
        assert each["last_at"] == max(one["occurred_at"] for one in these)
    verdicts = Counter(("status", each["status_agreement"]) for each in outcomes)
    verdicts += Counter(("tries", each["tries_agreement"]) for each in outcomes)
    assert {(each["compared"], each["agreement"]): each["targets"] for each in agreement_counts} == verdicts
    for each in agreement_counts:
        assert each["share"] == pytest.approx(each["targets"] / len(outcomes), abs=1e-12)


def test_a_first_pass_stands_better_than_it_was() -> None:
    """Campaign 1 reached 1 of 4; campaign 2 called the other three again and reached one: they stand there."""
    again = voipbin({2: ["NA"], 3: ["C"], 4: ["NA"]}, campaign=2, first_call=0x2000)
    del again["voipbin_outdialtargets"]
    for call in again["voipbin_campaigncalls"]:
        call["tm_create"] += timedelta(hours=1)
        call["tm_update"] += timedelta(hours=1)
    log = merged(voipbin({1: ["C"], 2: ["NA"], 3: ["NA"], 4: ["NA"]}), again, outreach({1: ["C"]}))
    with with_mapping(log) as con:
        build(con, "reports.campaign_standing")
        first, second = fetch(con, "FROM reports.campaign_standing ORDER BY place")
    assert first["campaign_name"] == "Dialer 1"
    assert (first["reached"], first["targets"], first["share_reached"]) == (1, 1, 1.0)
    assert (first["targets_contacted"], first["targets_attempted"]) == (1, 4)
    assert (first["difference"], first["is_far_apart"], first["place"]) == (0.75, True, 1)
    assert second["campaign_name"] == "Dialer 2"
    assert (second["reached"], second["targets"], second["targets_attempted"]) == (1, 3, 3)
    assert (second["difference"], second["is_far_apart"], second["place"]) == (0.0, False, 2)


def test_a_source_covers_the_classes_that_its_words_give() -> None:
    with with_mapping({}) as con:
        con.execute(
            "INSERT INTO landing.dispositions BY NAME SELECT 'acme' AS source, 'state' AS field, 'no' AS value, "
            "'no_contact' AS disposition, 'O' AS aapor_class UNION ALL SELECT 'acme', 'state', 'yes', 'contacted', NULL"
        )
        build(con, "reports.aapor_coverage")
        found = {
            row["source"]: (
                row["records_refusals"], row["records_other_contacts"], row["records_ineligible"]
            )
            for row in fetch(con, "FROM reports.aapor_coverage")
        }  # fmt: skip
    assert found["acme"] == (False, True, False)
    assert found["voipbin"] == (False, False, False)
    assert found["outreach"] == (True, True, True)
    assert "*" not in found


def test_checks_are_counted_by_their_latest_result() -> None:
    with ledger() as con:
        con.execute(
            "INSERT INTO landing.check_log VALUES "
            "('core.a', 'one', 'ERROR', TRUE, '', NULL, TIMESTAMP '2026-01-02', 'r'), "
            "('core.a', 'one', 'ERROR', FALSE, '', NULL, TIMESTAMP '2026-01-01', 'r'), "
            "('core.a', 'two', 'WARN', FALSE, '', NULL, TIMESTAMP '2026-01-02', 'r'), "
            "('core.b', 'two', 'ERROR', FALSE, '', NULL, TIMESTAMP '2026-01-02', 'r')"
        )
        build(con, "quality.check_summary")
        assert fetch(con, "FROM quality.check_summary") == [
            {"checks": 3, "passed": 1, "failed": 2, "errors": 1}
        ]
