"""The worked log, to the digits: ten targets, fifteen attempts, five people reached, in three systems' own rows."""

from __future__ import annotations

import duckdb
import pytest

from tests.sql.logs import WORKED_ACTION_BUILDER, WORKED_OUTREACH, WORKED_VOIPBIN, with_mapping
from tests.support import build, fetch

WORKED = {"voipbin": WORKED_VOIPBIN, "outreach": WORKED_OUTREACH, "action_builder": WORKED_ACTION_BUILDER}


@pytest.fixture(params=WORKED)
def worked(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    con = with_mapping(WORKED[request.param])
    build(con, "reports.campaign_contact_rates", "reports.attempt_curve", "reports.campaign_dispositions")
    return con


def test_contact_rates(worked: duckdb.DuckDBPyConnection) -> None:
    (rates,) = fetch(worked, "FROM reports.campaign_contact_rates")
    is_listed = rates["source"] == "voipbin"
    assert (rates["contacts"], rates["attempts"]) == (5, 15)
    assert rates["contact_rate_per_attempt"] == pytest.approx(5 / 15)
    assert (rates["targets_contacted"], rates["targets_attempted"]) == (5, 9)
    assert rates["contact_rate_per_target"] == pytest.approx(5 / 9)
    assert rates["contact_rate_per_target_low"] == pytest.approx(0.267, abs=5e-4)
    assert rates["contact_rate_per_target_high"] == pytest.approx(0.811, abs=5e-4)
    assert rates["targets"] == (10 if is_listed else 9)
    assert rates["penetration"] == (9 / 10 if is_listed else None)
    assert rates["saturation"] == pytest.approx(1.5 if is_listed else 15 / 9)
    assert rates["attempts_per_contact"] == 3.0


def test_curve(worked: duckdb.DuckDBPyConnection) -> None:
    for campaign in ("= 'all'", "<> 'all'"):
        curve = fetch(
            worked, f"FROM reports.attempt_curve WHERE campaign_key {campaign} ORDER BY attempt_number"
        )
        assert [(row["contacts"], row["at_risk"]) for row in curve] == [(3, 9), (1, 4), (1, 2)]
        assert [row["hazard"] for row in curve] == pytest.approx([3 / 9, 1 / 4, 1 / 2])
        assert [row["cumulative_incidence"] for row in curve] == pytest.approx(
            [0.3333, 0.4722, 0.6806], abs=5e-5
        )
        assert curve[-1]["one_minus_kaplan_meier"] == pytest.approx(0.75)
