"""What is read off the replay: agreement with the platform, the policy's audit, outcomes by campaign and by source.

Belongs here: those tables, counted by hand. Does not belong here: the rules of the replay (``test_replay.py``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import pytest

from tests.sql.logs import START, action_builder, merged, outreach, voipbin, with_mapping
from tests.support import build, fetch

DAY = timedelta(days=1)


def dialer(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    """Four targets: reached; failed once and waiting; exhausted, one call beyond the limit; never called."""
    return voipbin(
        {1: ["NA", "C"], 2: ["NA"], 3: ["NA", "NA", "NA"], 4: []}, maxima=(2, 0, 0, 0, 0), **changes
    )


def built(rows: dict[str, list[dict[str, Any]]], table: str) -> duckdb.DuckDBPyConnection:
    con = with_mapping(rows, as_of=START + DAY)
    build(con, table)
    return con


def test_outcomes_by_campaign() -> None:
    con = built(dialer(), "reports.campaign_outcomes")
    rows = fetch(
        con, "SELECT campaign_name, outcome, targets, share FROM reports.campaign_outcomes ORDER BY outcome"
    )
    assert rows == [
        {"campaign_name": "Dialer 1", "outcome": outcome, "targets": 1, "share": 0.25}
        for outcome in ("exhausted", "reached", "retry_due", "untouched")
    ]


def test_targets_without_a_campaign_are_a_bucket_of_their_own() -> None:
    rows = dialer()
    rows["voipbin_campaigns"] = []
    con = built(rows, "reports.campaign_outcomes")
    found = fetch(
        con, "SELECT outcome, targets, share FROM reports.campaign_outcomes WHERE campaign_id IS NULL"
    )
    assert found == [{"outcome": "untouched", "targets": 1, "share": 1.0}]


def test_agreement_with_the_platform() -> None:
    rows = dialer()
    counters = {1: ("done", 2), 2: ("progressing", 1), 3: ("idle", 2), 4: ("idle", 0)}
    for target, (status, tries) in zip(rows["voipbin_outdialtargets"], counters.values(), strict=True):
        target |= {"status": status, "try_count_0": tries, "tm_update": START + timedelta(hours=1)}
    con = built(rows, "reports.platform_agreement")
    found = fetch(
        con,
        """SELECT status_agreement, tries_agreement, is_expected, targets, share
           FROM reports.platform_agreement ORDER BY ALL""",
    )
    assert [tuple(row.values()) for row in found] == [
        ("exhausted_left_idle", "lost_increment", False, 1, 0.25),
        ("lost_write", "match", False, 1, 0.25),
        ("match", "match", True, 2, 0.5),
    ]
    examples = fetch(con, "SELECT examples FROM reports.platform_agreement WHERE is_expected")
    ids = [row["id"] for row in rows["voipbin_outdialtargets"]]
    assert examples == [{"examples": f"{ids[0]}, {ids[3]}"}]


def test_the_shares_are_those_of_each_campaign() -> None:
    rows = merged(voipbin({1: ["C"]}), voipbin({2: ["C"], 3: ["C"]}, campaign=2, first_call=0x2000))
    rows["voipbin_outdialtargets"][1] |= {"status": "done", "try_count_0": 1}
    for target in rows["voipbin_outdialtargets"]:
        target["tm_update"] = START + timedelta(hours=1)
    con = built(rows, "reports.platform_agreement")
    found = fetch(con, "SELECT campaign_name, targets, share FROM reports.platform_agreement ORDER BY ALL")
    assert [tuple(row.values()) for row in found] == [
        ("Dialer 1", 1, 1),
        ("Dialer 2", 1, 0.5),
        ("Dialer 2", 1, 0.5),
    ]


def audit(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[Any, ...]]:
    rows = fetch(con, "SELECT * FROM reports.policy_audit")
    return {
        row["code"]: (
            row["calls"],
            row["targets"],
            row["illegal_calls"],
            row["tolerated_calls"],
            row["unverifiable_calls"],
            row["judged_calls"],
            row["fitness"],
        )
        for row in rows
    }


def test_the_audit_of_a_campaign() -> None:
    con = built(dialer(), "reports.policy_audit")
    assert audit(con) == {
        "all": (1, 1, 1, 0, 0, 6, pytest.approx(5 / 6)),
        "try_limit_exceeded": (1, 1, 1, 0, 0, 6, pytest.approx(5 / 6)),
    }
    (row,) = fetch(con, "SELECT * FROM reports.policy_audit WHERE code = 'all'")
    assert (row["campaign_name"], row["campaign_calls"], row["share_of_calls"]) == (
        "Dialer 1",
        6,
        pytest.approx(1 / 6),
    )
    assert row["first_at"] == row["last_at"] == START + timedelta(minutes=5)


def test_the_audit_names_the_first_and_last_violation_and_their_calls() -> None:
    rows = dialer()
    early = rows["voipbin_campaigncalls"][0]
    early["result"] = None
    con = built(rows, "reports.policy_audit")
    found = {row["code"]: row for row in fetch(con, "SELECT * FROM reports.policy_audit")}
    late = found["try_limit_exceeded"]["examples"]
    last = START + timedelta(minutes=5)
    assert {code: (row["first_at"], row["last_at"], row["examples"]) for code, row in found.items()} == {
        "all": (early["tm_update"], last, f"{early['id']}, {late}"),
        "result_missing": (early["tm_update"], early["tm_update"], str(early["id"])),
        "try_limit_exceeded": (last, last, late),
    }


def test_a_campaign_that_broke_nothing_is_in_the_audit() -> None:
    con = built(voipbin({1: ["NA", "C"]}), "reports.policy_audit")
    assert audit(con) == {"all": (0, 0, 0, 0, 0, 2, 1.0)}


def test_what_cannot_be_judged_is_not_counted_as_kept() -> None:
    rows = dialer()
    rows["voipbin_outplans"] = []
    rows["voipbin_campaigncalls"][0]["result"] = None
    found = audit(built(rows, "reports.policy_audit"))
    # Without an outplan the one call that broke a rule for sure is all that was judged.
    assert found["all"] == (4, 2, 1, 0, 3, 1, 0.0)
    assert found["retry_too_soon"] == (3, 2, 0, 0, 3, 0, None)
    assert found["result_missing"] == (1, 1, 1, 0, 0, 6, pytest.approx(5 / 6))


def test_calls_of_no_campaign_are_audited_too() -> None:
    rows = dialer()
    for call in rows["voipbin_campaigncalls"]:
        call["campaign_id"] = None
    con = built(rows, "reports.policy_audit")
    assert audit(con)["all"][:3] == (1, 1, 1)
    assert fetch(con, "SELECT DISTINCT campaign_id FROM reports.policy_audit") == [{"campaign_id": None}]


def test_one_table_tells_of_every_source_in_the_same_words() -> None:
    rows = {
        **dialer(),
        **action_builder({1: ["NA", "C", "NA"], 2: ["NA"], 3: ["NA", "BAD"], 4: ["DNC"], 5: ["SKIP"]}),
        **outreach({1: ["VM"], 2: ["C"], 3: ["BAD"], 4: ["BAD", "NA"]}),
    }
    con = built(rows, "replay.contact_outcomes")
    found = fetch(
        con,
        """SELECT source, target_key, outcome, detail, attempts, reached_at
           FROM replay.contact_outcomes ORDER BY source, target_key""",
    )
    assert [(row["source"], row["outcome"], row["detail"], row["attempts"]) for row in found] == [
        ("action_builder", "reached", "no_contact", 3),
        ("action_builder", "attempted", "no_contact", 1),
        ("action_builder", "closed", "bad_contact_info", 2),
        ("action_builder", "closed", "do_not_contact", 1),
        ("action_builder", "untouched", "skipped", 0),
        ("outreach", "attempted", "voicemail", 1),
        ("outreach", "reached", "contacted", 1),
        ("outreach", "closed", "bad_contact_info", 1),
        ("outreach", "attempted", "no_contact", 2),
        ("voipbin", "reached", "reached", 2),
        ("voipbin", "attempted", "retry_due", 1),
        ("voipbin", "closed", "exhausted", 3),
        ("voipbin", "untouched", "untouched", 0),
    ]
    assert [row["reached_at"] is not None for row in found] == [row["outcome"] == "reached" for row in found]
    assert found[0]["reached_at"] == START + timedelta(minutes=1)
    assert con.sql(
        "SELECT DISTINCT campaign_key FROM replay.contact_outcomes WHERE source = 'action_builder'"
    ).fetchall() == [("action_builder:1",)]
