"""Each source by its own moment: late rows of another source change no figure of this one.

Belongs here: that law, over every published table. Does not belong here: what the moment is (``test_core``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import pytest

from pipelines.models.sql_files import SQL_ROOT, load_models
from tests.sql.logs import (
    START,
    WORKED_ACTION_BUILDER,
    WORKED_OUTREACH,
    WORKED_VOIPBIN,
    Row,
    liondesk,
    merged,
    uuid,
    with_mapping,
)
from tests.support import build, fetch

ROWS = merged(
    WORKED_VOIPBIN,
    WORKED_OUTREACH,
    WORKED_ACTION_BUILDER,
    liondesk({1: ["SENT", "PAST"], 2: ["TICKED", "FUTURE"]}),
)
LATE = START + timedelta(days=30)
LATE_ROWS: dict[str, dict[str, list[Row]]] = {
    "action_builder": {"action_builder_campaigns": [{"id": 9, "created_at": LATE, "updated_at": LATE}]},
    "outreach": {"outreach_calls": [{"id": 900, "prospect_id": 900, "dialed_at": LATE, "updated_at": LATE}]},
    "voipbin": {"voipbin_outdialtargets": [{"id": uuid(0x900), "tm_create": LATE, "tm_update": LATE}]},
    "liondesk": {
        "liondesk_contact_communications": [
            {"communication_key": "late", "contact_id": 9, "is_active": False, "completed_at": LATE}
        ]
    },
}
OF_THE_WHOLE = (
    "core.as_of", "core.people", "reports.aapor_coverage", "reports.contact_pressure", "reports.contact_rule_counts",
    "reports.headline", "reports.system_overlap",
)  # fmt: skip
"""Tables that speak of all sources at once."""


def tables_by_source(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[Row]]:
    """The rows of every published table, by table and source."""
    found: dict[tuple[str, str], list[Row]] = {}
    for table, model in load_models().items():
        if model.internal or model.schema == "quality" or table in OF_THE_WHOLE:
            continue
        rows = fetch(con, f"FROM {table} ORDER BY ALL")
        # A table without the source's name is the report of one system, or the replay, which is the dialer's.
        folder = model.path.relative_to(SQL_ROOT).parts
        own = folder[1] if folder[0] == "sources" else "voipbin"
        for row in rows:
            if row.get("source") == "all":  # people over all systems
                continue
            key = row.get("attempt_key") or row.get("target_key") or own
            found.setdefault((table, row.get("source", key.partition(":")[0])), []).append(row)
    return found


def tables_of(rows: dict[str, list[Row]], **settings: Any) -> dict[tuple[str, str], list[Row]]:
    con = with_mapping(rows, **settings)
    build(con)
    try:
        return tables_by_source(con)
    finally:
        con.close()


@pytest.fixture(scope="module")
def alone() -> dict[tuple[str, str], list[Row]]:
    return tables_of(ROWS)


@pytest.mark.parametrize("late", sorted(LATE_ROWS))
def test_a_late_row_of_another_source_changes_nothing(
    alone: dict[tuple[str, str], list[Row]], late: str
) -> None:
    found = tables_of(merged(ROWS, LATE_ROWS[late]))
    others = {key: rows for key, rows in alone.items() if key[1] != late}
    assert len({table for table, _ in others}) > 15
    assert {key: rows for key, rows in found.items() if key[1] != late} == others
    # It does move the moment of its own source, and with it what is told of that source.
    assert found[("core.observed", late)][0]["observed_until"] == LATE
    assert {key: rows for key, rows in found.items() if key[1] == late} != {
        key: rows for key, rows in alone.items() if key[1] == late
    }


def test_open_targets_are_followed_until_their_own_sources_moment() -> None:
    """400 targets, 344 of them reached in a minute: with 56 open ones followed for a day, no more is known of 7 days."""
    rows: list[Row] = [
        {
            "id": 10 * number + again, "prospect_id": number, "direction": "outbound",
            "call_disposition_id": 1 if again and number < 344 else 6,
            "dialed_at": START + again * timedelta(minutes=1), "updated_at": START,
        }
        for number in range(400)
        for again in (0, 1)
    ]  # fmt: skip
    log = {"outreach_calls": rows}
    query = "SELECT followed_seconds, within_1h, within_7d FROM reports.time_to_contact WHERE campaign_key = 'all'"
    for each in (log, merged(log, LATE_ROWS["action_builder"])):
        con = with_mapping(each)
        build(con, "reports.time_to_contact")
        assert fetch(con, query) == [{"followed_seconds": 60, "within_1h": None, "within_7d": None}]
