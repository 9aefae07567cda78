"""The reports, case by case: small logs counted by hand, and examples from the literature, each named.

Belongs here: what can be told in a few rows. Does not belong here: the worked log (test_reports_worked.py) and the
recount over generated logs (test_reports_recount.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.models.sql_files import SQL_ROOT, load_models
from tests.recount.aapor import outcome_rates
from tests.recount.rates import wilson as wilson_recounted
from tests.sql.logs import (
    MINUTE,
    START,
    WORKED_ACTION_BUILDER,
    WORKED_OUTREACH,
    WORKED_VOIPBIN,
    Row,
    action_builder,
    liondesk,
    merged,
    outreach,
    uuid,
    voipbin,
    with_mapping,
)
from tests.support import build, fetch

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def report(rows: dict[str, list[Row]], name: str, order: str = "ALL", **settings: Any) -> list[Row]:
    """One report over these raw rows."""
    con = with_mapping(rows, **settings)
    build(con, f"reports.{name}")
    return fetch(con, f"FROM reports.{name} ORDER BY {order}")


def with_macros() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reports")
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    return con


MACROS = with_macros()


def wilson(k: float, n: float) -> Any:
    (found,) = MACROS.execute(
        "SELECT reports.wilson_low($k, $n), reports.wilson_high($k, $n)", {"k": k, "n": n}
    ).fetchall()
    return found


def aapor(*counts: int, e: Sequence[float | None] = (None, None, None)) -> dict[str, Any]:
    relation = MACROS.sql(f"FROM reports.aapor({', '.join('?' * 12)})", params=[*counts, *e])
    return dict(zip(relation.columns, relation.fetchall()[0], strict=True))


class TestLiterature:
    @pytest.mark.parametrize(
        ("k", "n", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    )
    def test_wilson(self, k: int, n: int, low: float, high: float) -> None:
        """Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3."""
        assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)

    def test_aapor(self) -> None:
        """The example of the R package outcomerate (Pilliard Hellwig, rOpenSci): 12 people, e = 9/10."""
        expected = {
            "rr1": 0.364, "rr2": 0.545, "rr3": 0.370, "rr4": 0.556, "rr5": 0.444, "rr6": 0.667,
            "coop1": 0.500, "coop2": 0.750, "coop3": 0.571, "coop4": 0.857,
            "ref1": 0.091, "ref2": 0.093, "ref3": 0.111, "con1": 0.727, "con2": 0.741, "con3": 0.889,
        }  # fmt: skip
        assert aapor(4, 2, 1, 1, 1, 1, 0, 1, 1) == pytest.approx(expected, abs=5e-4)

    def test_survival_without_competing_ends(self) -> None:
        """Freireich et al. (1963), remissions under 6-MP: Kaplan-Meier and Greenwood's errors as in the textbooks."""
        remissions = [6, 6, 6, 7, 10, 13, 16, 22, 23]
        censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
        lives = [(weeks, True) for weeks in remissions] + [(weeks, False) for weeks in censored]
        now = START + timedelta(weeks=40)
        rows: list[Row] = []
        for entity, (weeks, is_event) in enumerate(lives):
            began = now - timedelta(weeks=weeks) - (timedelta(weeks=1) if is_event else timedelta(0))
            row = {"entity_id": entity, "campaign_id": 1, "updated_at": now}
            rows.append(row | {"id": 2 * entity, "created_at": began, "disposition": 1})
            if is_event:
                rows.append(
                    row
                    | {"id": 2 * entity + 1, "created_at": began + timedelta(weeks=weeks), "disposition": 0}
                )
        con = with_mapping({"action_builder_contact_attempts": rows})
        build(con, "reports.time_to_contact")
        week = 7 * 86400 * 10**6
        steps = fetch(
            con,
            f"SELECT elapsed_us // {week} AS week, cumulative_incidence, sqrt(variance) AS error "
            "FROM reports._time_to_contact_steps WHERE campaign_key = 'all' AND contacts > 0 ORDER BY 1",
        )
        assert [step["week"] for step in steps] == [6, 7, 10, 13, 16, 22, 23]
        assert [1 - step["cumulative_incidence"] for step in steps] == pytest.approx(
            [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5
        )
        assert [step["error"] for step in steps] == pytest.approx(
            [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5
        )
        (total,) = fetch(con, "FROM reports.time_to_contact WHERE campaign_key = 'all'")
        assert total["median_seconds"] == 23 * 7 * 86400

    def test_cumulative_incidence_with_competing_ends(self) -> None:
        """Satagopan et al. (2004), British Journal of Cancer 91:1229-1235, table 2: 305 patients, nine listed."""
        followed = [(7, 0), (10, 1), (14, 0), (16, 1), (18, 2), (23, 1), (24, 0), (26, 2), (27, 1)] + [
            (60, 0)
        ] * 296
        now = START + timedelta(days=70)
        rows: list[Row] = []
        for entity, (months, kind) in enumerate(followed):
            began = now - timedelta(days=months if kind == 0 else months + 1)
            row = {"entity_id": entity, "campaign_id": 1, "updated_at": now}
            rows.append(row | {"id": 2 * entity, "created_at": began, "disposition": 1})
            if kind:
                rows.append(
                    row
                    | {
                        "id": 2 * entity + 1,
                        "created_at": began + months * DAY,
                        "disposition": (0, 4)[kind - 1],
                    }
                )
        con = with_mapping({"action_builder_contact_attempts": rows})
        build(con, "reports._time_to_contact_steps")
        steps = fetch(
            con,
            "FROM reports._time_to_contact_steps WHERE campaign_key = 'all' AND contacts + competing_ends > 0 "
            "ORDER BY elapsed_us",
        )
        assert [step["at_risk"] for step in steps] == [304, 302, 301, 300, 298, 297]
        assert [step["open_after"] for step in steps] == pytest.approx(
            [0.997, 0.993, 0.990, 0.987, 0.983, 0.980], abs=5e-4
        )
        assert [step["cumulative_incidence"] for step in steps if step["contacts"]] == pytest.approx(
            [0.003, 0.006, 0.009, 0.012], abs=1.5e-3
        )


class TestMacros:
    @pytest.mark.parametrize(
        ("freedom", "quantile"),
        [
            (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (7, 2.365), (8, 2.306), (9, 2.262),
            (10, 2.228), (11, 2.201), (12, 2.179), (13, 2.160), (14, 2.145), (15, 2.131), (20, 2.086), (25, 2.060),
            (30, 2.042), (40, 2.021), (60, 2.000), (120, 1.980), (1e9, 1.960),
        ],
    )  # fmt: skip
    def test_t_is_that_of_the_tables(self, freedom: float, quantile: float) -> None:
        """Fisher and Yates (1963), Statistical Tables, table III: Student's t, 5 % in both tails."""
        ((found,),) = MACROS.execute("SELECT reports.t_quantile($1)", [freedom]).fetchall()
        assert found == pytest.approx(quantile, abs=6e-4)

    @pytest.mark.parametrize("freedom", [1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3.3, 4.7, 7.9, 19.5])
    def test_t_between_whole_degrees_leaves_a_twentieth_in_its_tails(self, freedom: float) -> None:
        """The density, summed by Simpson's rule over the angle whose tangent is t / sqrt(freedom)."""
        ((found,),) = MACROS.execute("SELECT reports.t_quantile($1)", [freedom]).fetchall()
        end, steps = math.atan(found / math.sqrt(freedom)), 2000
        area = sum(
            (1 if step in (0, steps) else 4 if step % 2 else 2) * math.cos(end * step / steps) ** (freedom - 1)
            for step in range(steps + 1)
        ) * end / steps / 3  # fmt: skip
        constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
        assert 2 * area * constant == pytest.approx(0.95, abs=3e-5)

    @pytest.mark.parametrize(
        ("clusters", "correlation", "freedom"),
        [
            ([(4, 0), (4, 4), (4, 0), (4, 4)], 1, 3),  # equal sizes: one degree less than there are targets
            ([(2, 1), (2, 1), (2, 1), (2, 1), (2, 1)], 0.2, 4),  # less than none: taken as a fifth
            ([(1, 0), (1, 1), (1, 0), (100, 100)], 1, 1),  # one target is nearly everything
        ],
    )
    def test_degrees_of_freedom(
        self, clusters: list[tuple[int, int]], correlation: float, freedom: float
    ) -> None:
        sums = [
            sum(n for n, _ in clusters), sum(x for _, x in clusters), sum(n * n for n, _ in clusters),
            sum(n * x for n, x in clusters), sum(x * x for _, x in clusters), sum(n**3 for n, _ in clusters),
        ]  # fmt: skip
        ((found,),) = MACROS.execute(
            "SELECT reports.attempt_correlation($1, $2, $3, $4, $5, $6)", sums
        ).fetchall()
        assert found == pytest.approx(correlation)
        ((found,),) = MACROS.execute(
            "SELECT reports.degrees_of_freedom($1, $2, $3, $4, $5)",
            [len(clusters), sums[0], sums[2], sums[5], correlation],
        ).fetchall()
        assert found == pytest.approx(freedom)

    @given(
        st.lists(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=1)
    )
    def test_clustered_attempts_are_never_surer_than_the_same_attempts_apart(
        self, clusters: list[tuple[int, int]]
    ) -> None:
        attempts, contacts = sum(n for n, _ in clusters), sum(x for _, x in clusters)
        squares = sum(n * n for n, _ in clusters)
        ((found,),) = MACROS.execute(
            "SELECT reports.effective_attempts($1, $2, $3, $4, $5, $6, $7)",
            [
                len(clusters), attempts, contacts, squares, sum(n * x for n, x in clusters),
                sum(x * x for _, x in clusters), sum(n**3 for n, _ in clusters),
            ],
        ).fetchall()  # fmt: skip
        assert attempts**2 / squares - 1e-9 <= found <= attempts
        rate = contacts / attempts
        low, high = wilson(rate * found, found)
        assert 0 <= low <= rate + 1e-12
        assert rate - 1e-12 <= high <= 1
        assert low <= wilson(contacts, attempts)[0] + 1e-12
        assert high >= wilson(contacts, attempts)[1] - 1e-12

    @given(st.integers(0, 500), st.integers(0, 500))
    def test_wilson_keeps_its_bounds(self, k: int, n: int) -> None:
        low, high = wilson(k, n)
        if n == 0 or k > n:
            assert (low, high) == (None, None)
        else:
            assert 0 <= low <= k / n <= high <= 1
            assert (low, high) == pytest.approx(wilson_recounted(k, n), abs=1e-9)
            assert (low == 0) == (k == 0)
            assert (high == 1) == (k == n)

    @given(
        st.lists(st.integers(0, 60), min_size=9, max_size=9),
        st.lists(st.none() | st.floats(0, 1), min_size=3, max_size=3),
    )
    def test_aapors_identities(self, counts: list[int], e: list[float | None]) -> None:
        names = ("I", "P", "R", "NC", "O", "UH", "UR", "UO", "NE")
        rates = aapor(*counts, e=e)
        expected = outcome_rates(dict(zip(names, counts, strict=True)).__getitem__, *e)
        assert rates.keys() == expected.keys()
        for name, value in expected.items():
            assert rates[name] == (None if value is None else pytest.approx(value)), name
        for response, contact in (("rr1", "con1"), ("rr3", "con2"), ("rr5", "con3")):
            if None not in (rates[response], rates[contact], rates["coop1"]):
                assert rates[response] == pytest.approx(rates[contact] * rates["coop1"])
        if None not in (rates["rr1"], rates["rr3"], rates["rr5"]):
            assert rates["rr1"] <= rates["rr3"] + 1e-12
            assert rates["rr3"] <= rates["rr5"] + 1e-12

    @given(st.lists(st.integers(0, 60), min_size=9, max_size=9))
    def test_the_bounds_of_e(self, counts: list[int]) -> None:
        assume(sum(counts[:5]) > 0)
        assert aapor(*counts, e=(1, 1, 1))["rr3"] == pytest.approx(aapor(*counts)["rr1"])
        assert aapor(*counts, e=(0, 0, 0))["rr3"] == pytest.approx(aapor(*counts)["rr5"])

    def test_nothing_over_nothing_is_null(self) -> None:
        assert set(aapor(*[0] * 9).values()) == {None}
        assert wilson(0, 0) == (None, None)


class TestContactRates:
    def test_nothing_landed(self) -> None:
        con = with_mapping({})
        build(con)
        for table in load_models():
            rows = fetch(con, f"FROM {table}")
            assert rows == [] or table in (
                "compliance._business_days",
                "core.as_of",
                "core._cutoff",
                "core.dispositions",
                "core.observed",
                "core.sources",
                "replay._clock",
                "reports.aapor_coverage",
                "reports.headline",
                "quality.check_summary",
            ), table

    def test_nobody_tried_is_null_and_not_0(self) -> None:
        skipped, untouched = report(
            merged(action_builder({1: ["SKIP"]}), voipbin({1: [], 2: []})), "campaign_contact_rates"
        )
        for rates in (skipped, untouched):
            assert (rates["attempts"], rates["targets_attempted"]) == (0, 0)
            assert [
                name for name, value in rates.items() if "contact_rate" in name and value is not None
            ] == []
            assert rates["attempts_per_contact"] is None
        assert (skipped["targets"], skipped["penetration"], skipped["saturation"]) == (0, None, None)
        assert (untouched["targets"], untouched["penetration"], untouched["saturation"]) == (2, 0.0, 0.0)

    def test_all_and_nothing_have_intervals_too(self) -> None:
        every, none = report(
            merged(
                action_builder({1: ["C"], 2: ["C"]}),
                action_builder({1: ["NA"], 2: ["NA"]}, campaign=2, first_id=9),
            ),
            "campaign_contact_rates",
        )
        assert (every["contact_rate_per_target"], none["contact_rate_per_target"]) == (1, 0)
        assert (every["contact_rate_per_target_low"], every["contact_rate_per_target_high"]) == pytest.approx(
            wilson(2, 2)
        )
        assert (none["contact_rate_per_attempt_low"], none["contact_rate_per_attempt_high"]) == pytest.approx(
            wilson(0, 2)
        )

    def test_with_one_attempt_each_the_clustered_interval_is_wilsons(self) -> None:
        (rates,) = report(
            action_builder({n: ["C" if n < 4 else "NA"] for n in range(11)}), "campaign_contact_rates"
        )
        assert rates["effective_attempts"] == pytest.approx(11)
        assert rates["contact_rate_per_attempt_low"] == pytest.approx(rates["contact_rate_per_target_low"])
        assert rates["contact_rate_per_attempt_high"] == pytest.approx(rates["contact_rate_per_target_high"])

    def test_attempts_that_tell_nothing_new_do_not_make_it_surer(self) -> None:
        """20 targets, each with five attempts that all end alike, are as sure as 20 attempts."""
        words = {n: ["C"] * 5 if n < 8 else ["NA"] * 5 for n in range(20)}
        (rates,) = report(action_builder(words), "campaign_contact_rates")
        assert rates["effective_attempts"] == pytest.approx(20)
        width = rates["contact_rate_per_attempt_high"] - rates["contact_rate_per_attempt_low"]
        assert width > 1.9 * (wilson(40, 100)[1] - wilson(40, 100)[0])

    def test_one_target_is_one_observation(self) -> None:
        (rates,) = report(action_builder({1: ["NA", "NA", "C"]}), "campaign_contact_rates")
        assert rates["effective_attempts"] == 1
        assert rates["is_thin"] is True

    def test_targets_are_the_list_and_whom_else_it_dialled(self) -> None:
        rows = voipbin({1: ["C"], 2: ["NA"], 3: []})
        rows["voipbin_outdialtargets"] = [
            row for row in rows["voipbin_outdialtargets"] if row["id"] != uuid(2)
        ]
        (rates,) = report(rows, "campaign_contact_rates")
        assert (rates["targets"], rates["targets_attempted"], rates["penetration"]) == (
            3,
            2,
            pytest.approx(2 / 3),
        )

    def test_without_any_list_penetration_is_null(self) -> None:
        rows = voipbin({1: ["C"], 2: ["NA"]})
        del rows["voipbin_outdialtargets"]
        (rates,) = report(rows, "campaign_contact_rates")
        assert (rates["targets"], rates["penetration"], rates["saturation"]) == (2, None, 1.0)

    def test_a_campaign_that_only_its_calls_name(self) -> None:
        rows = voipbin({1: ["C"], 2: []})
        del rows["voipbin_campaigns"]
        (rates,) = report(rows, "campaign_contact_rates")
        assert (rates["campaign_name"], rates["targets"]) == (uuid(0xC01), 2)

    def test_what_was_sent_is_no_contact_rate(self) -> None:
        rows = merged(liondesk({1: ["SENT"]}), action_builder({1: ["NA"]}))
        for name in ("campaign_contact_rates", "contact_rates_by", "attempt_curve", "time_to_contact", "best_time",
                     "retry_what_if", "aapor_classes", "aapor_rates"):  # fmt: skip
            assert {row["source"] for row in report(rows, name)} == {"action_builder"}, name

    def test_totals_count_people_once(self) -> None:
        rows = merged(
            action_builder({1: ["NA"], 2: ["C"]}),
            action_builder({1: ["C"], 2: ["C"]}, campaign=2, first_id=9, every=3 * DAY),
        )
        found = {
            row["campaign_key"]: (
                row["targets_attempted"],
                row["targets_contacted"],
                row["attempts"],
                row["contacts"],
            )
            for row in report(rows, "contact_rates_by")
            if row["dimension"] == "total"
        }
        assert found == {
            "action_builder:1": (2, 1, 2, 1),
            "action_builder:2": (2, 2, 2, 2),
            "all": (2, 2, 4, 3),
        }

    def test_days_and_weeks_are_those_of_the_reporting_zone(self) -> None:
        rows = action_builder({1: ["NA"]})
        late = datetime(2026, 3, 1, 23, 30)  # a Sunday in UTC, a Monday in Berlin
        rows["action_builder_contact_attempts"][0] |= {"created_at": late, "updated_at": late}
        for zone, day, week in (
            ("UTC", "2026-03-01", "2026-02-23"),
            ("Europe/Berlin", "2026-03-02", "2026-03-02"),
        ):
            found = {
                row["dimension"]: row["value"] for row in report(rows, "contact_rates_by", timezone=zone)
            }
            assert (found["day"], found["week"]) == (day, week)

    def test_slices(self) -> None:
        rows = merged(voipbin({1: ["NA", "C"], 2: ["NA"]}, only_second=[2]), outreach({1: ["C"]}))
        rows["outreach_calls"][0] |= {"user_id": None, "direction": "inbound"}
        rows["outreach_calls"][0]["dialed_at"] = None
        found = {
            (row["source"], row["dimension"], row["value"]): (row["contacts"], row["attempts"])
            for row in report(rows, "contact_rates_by")
            if row["campaign_key"] == "all" and row["dimension"] not in ("day", "week")
        }
        assert found == {
            ("outreach", "agent", "none"): (1, 1),
            ("outreach", "channel", "phone"): (1, 1),
            ("outreach", "direction", "inbound"): (1, 1),
            ("outreach", "total", "all"): (1, 1),
            ("voipbin", "agent", "none"): (1, 3),
            ("voipbin", "channel", "phone"): (1, 3),
            ("voipbin", "destination_index", "0"): (1, 2),
            ("voipbin", "destination_index", "1"): (0, 1),
            ("voipbin", "direction", "outbound"): (1, 3),
            ("voipbin", "total", "all"): (1, 3),
        }


class TestDispositions:
    def test_by_attempt_and_by_latest_attempt(self) -> None:
        rows = action_builder({1: ["NA", "C"], 2: ["NA", "SKIP"], 3: ["SKIP"]})
        rows["action_builder_contact_attempts"].append(
            {"id": 99, "entity_id": 4, "campaign_id": 1, "created_at": START, "updated_at": START}
        )
        found = {
            row["disposition"]: (row["attempts"], row["targets"], row["is_attempt"])
            for row in report(rows, "campaign_dispositions")
        }
        assert found == {
            "contacted": (1, 1, True),
            "no_contact": (2, 1, True),  # a skipped row after an attempt does not take the attempt's place
            "skipped": (2, 1, False),
            "unknown": (1, 1, True),
        }

    def test_matrix(self) -> None:
        cells = report(WORKED_OUTREACH, "disposition_matrix", "attempt_number, disposition")
        assert [(row["attempt_number"], row["disposition"], row["attempts"]) for row in cells] == [
            (1, "bad_contact_info", 1), (1, "contacted", 3), (1, "no_contact", 4), (1, "voicemail", 1),
            (2, "contacted", 1), (2, "no_contact", 3),
            (3, "contacted", 1), (3, "no_contact", 1),
        ]  # fmt: skip
        assert [row["share_of_attempts"] for row in cells[:4]] == pytest.approx([1 / 9, 3 / 9, 4 / 9, 1 / 9])
        assert [row["is_thin"] for row in cells] == [False] * 4 + [True] * 4


class TestCurves:
    def test_who_is_tried_in_several_campaigns_is_numbered_over_all(self) -> None:
        rows = merged(
            action_builder({1: ["NA", "NA"]}),
            action_builder({1: ["NA", "C"]}, campaign=2, first_id=9, every=3 * DAY),
        )
        for row in rows["action_builder_contact_attempts"][2:]:
            row["created_at"] += HOUR
        curve = {
            (row["campaign_key"], row["attempt_number"]): row["contacts"]
            for row in report(rows, "attempt_curve")
        }
        assert curve == {
            ("action_builder:1", 1): 0, ("action_builder:1", 2): 0,
            ("action_builder:2", 1): 0, ("action_builder:2", 2): 1,
            ("all", 1): 0, ("all", 2): 0, ("all", 3): 0, ("all", 4): 1,
        }  # fmt: skip

    def test_without_censoring_the_incidence_is_the_share(self) -> None:
        """And its interval Wilson's: the effective number of targets is their number."""
        words = {n: ["NA"] * (n % 3) + ["C"] for n in range(9)} | {n: ["NA", "DNC"] for n in range(9, 14)}
        *_, last = report(action_builder(words), "attempt_curve", "campaign_key DESC, attempt_number")
        assert last["cumulative_incidence"] == pytest.approx(9 / 14)
        assert (last["cumulative_incidence_low"], last["cumulative_incidence_high"]) == pytest.approx(
            wilson(9, 14)
        )

    def test_everybody_reached_is_exactly_everybody(self) -> None:
        rows = report(
            action_builder({n: ["NA"] * (n % 4) + ["C"] for n in range(40)}),
            "attempt_curve",
            "attempt_number",
        )
        assert rows[-1]["cumulative_incidence"] == pytest.approx(1, abs=1e-12)
        assert rows[-1]["cumulative_incidence"] <= 1
        assert rows[-1]["one_minus_kaplan_meier"] == 1

    @pytest.mark.parametrize("reached", [(3, 2, 2), (10, 11, 3, 7), (1, 0, 1)])
    def test_rounding_makes_nobody_less_sure_that_all_were_reached(self, reached: tuple[int, ...]) -> None:
        """What is left of 1 and of its variance is rounding; divided by each other, they stood for any number."""
        tried = [["NA"] * number + ["C"] for number, targets in enumerate(reached) for _ in range(targets)]
        *_, last = report(
            action_builder(dict(enumerate(tried))), "attempt_curve", "campaign_key DESC, attempt_number"
        )
        assert (last["cumulative_incidence_low"], last["cumulative_incidence_high"]) == pytest.approx(
            wilson(len(tried), len(tried))
        )

    def test_a_refusal_that_was_followed_up_was_no_end(self) -> None:
        first, second = report(
            action_builder({1: ["DNC", "C"]}), "attempt_curve", "campaign_key, attempt_number"
        )[:2]
        assert (first["competing_ends"], second["contacts"], second["cumulative_incidence"]) == (0, 1, 1)

    def test_reached_by_another_campaign_is_an_end(self) -> None:
        rows = voipbin({1: ["NA", "C"]})
        rows["voipbin_campaigns"].append(rows["voipbin_campaigns"][0] | {"id": uuid(0xC02)})
        rows["voipbin_campaigncalls"][1]["campaign_id"] = uuid(0xC02)
        found = {row["campaign_key"]: row for row in report(rows, "attempt_curve", "attempt_number")}
        assert found[f"voipbin:{uuid(0xC01)}"]["competing_ends"] == 1
        assert found[f"voipbin:{uuid(0xC02)}"]["contacts"] == 1
        assert found["all"]["attempt_number"] == 2

    def test_a_last_one_at_risk_does_not_make_it_sure(self) -> None:
        """Of ten 3 are reached at once and 1 refuses; 5 are left open, and the only one tried again is reached: .9."""
        words = (
            {n: ["C"] for n in range(3)} | {3: ["DNC"], 4: ["NA", "C"]} | {n: ["NA"] for n in range(5, 10)}
        )
        first, second = report(action_builder(words), "attempt_curve", "campaign_key, attempt_number")[:2]
        assert (first["cumulative_incidence_low"], first["cumulative_incidence_high"]) == pytest.approx(
            wilson(3, 10)
        )
        assert (second["at_risk"], second["cumulative_incidence"]) == (1, pytest.approx(0.9))
        as_sure_as = 1 / 0.6  # one target at risk stands for the six tenths that were open
        assert (second["cumulative_incidence_low"], second["cumulative_incidence_high"]) == pytest.approx(
            wilson(0.9 * as_sure_as, as_sure_as)
        )

    def test_one_contact_does_not_vouch_for_the_time_after_it(self) -> None:
        """The last one followed is reached after half an hour; others were open when the log ended."""
        rows = action_builder({1: ["NA", "C"], 2: ["C"], 3: ["NA"]}, every=HOUR / 6)
        times = {1: [0 * HOUR, HOUR / 2], 2: [0 * HOUR], 3: [HOUR / 4]}
        for row in rows["action_builder_contact_attempts"]:
            row["created_at"] = row["updated_at"] = START + times[row["entity_id"]].pop(0)
        con = with_mapping(rows)
        build(con, "reports.time_to_contact")
        shares = {
            row["elapsed_seconds"]: row
            for row in fetch(con, "FROM reports.time_to_contact_curve WHERE campaign_key = 'all'")
        }
        assert shares[900]["cumulative_incidence"] == pytest.approx(1 / 3)
        assert shares[1800]["cumulative_incidence"] == pytest.approx(1)
        assert shares[1800]["effective_targets"] == pytest.approx(1 / (2 / 3))
        assert shares[1800]["is_thin"] is True
        assert [shares[3600][name] for name in ("cumulative_incidence", "effective_targets")] == [None, None]
        (total,) = fetch(con, "FROM reports.time_to_contact WHERE campaign_key = 'all'")
        assert (total["within_1h"], total["within_7d"], total["contacted"]) == (None, None, 2)

    def test_fewer_at_risk_by_a_time_make_it_less_sure(self) -> None:
        """One of 20 is reached at once, and all but one were tried too late to be followed for an hour."""
        rows = action_builder({n: ["C" if n == 1 else "NA"] for n in range(20)}, every=MINUTE)
        for row in rows["action_builder_contact_attempts"]:
            row["created_at"] = row["updated_at"] = START + (50 if row["entity_id"] else 0) * MINUTE
        rows["action_builder_campaigns"] = [
            {"id": 1, "name": "Doors", "created_at": START, "updated_at": START + HOUR}
        ]
        shares = {
            row["elapsed_seconds"]: row
            for row in report(rows, "time_to_contact_curve")
            if row["campaign_key"] == "all"
        }
        assert (
            shares[300]["cumulative_incidence"] == shares[3600]["cumulative_incidence"] == pytest.approx(0.05)
        )
        assert shares[300]["effective_targets"] == pytest.approx(20)
        assert shares[3600]["effective_targets"] == pytest.approx(1 / 0.95)
        assert (shares[300]["is_thin"], shares[3600]["is_thin"]) == (False, True)

    def test_time_to_contact(self) -> None:
        words = {1: ["C"], 2: ["NA", "C"], 3: ["NA", "NA", "C"], 4: ["NA", "BAD"]}
        rows = action_builder(words)
        times = {1: [0 * HOUR], 2: [0 * HOUR, HOUR], 3: [0 * HOUR, 2 * HOUR, 3 * DAY], 4: [0 * HOUR, 5 * DAY]}
        for row in rows["action_builder_contact_attempts"]:
            row["created_at"] = START + times[row["entity_id"]].pop(0)
        rows["action_builder_campaigns"] = [
            {"id": 1, "name": "Doors", "created_at": START, "updated_at": START + 9 * DAY}
        ]
        found = report(rows, "time_to_contact", "campaign_key")[0]
        assert (found["campaign_name"], found["targets"], found["contacted"]) == ("Doors", 4, 3)
        assert found["median_seconds"] == 3600
        assert [found[f"within_{name}"] for name in ("1h", "1d", "7d")] == pytest.approx([0.5, 0.5, 0.75])
        assert (found["within_7d_low"], found["within_7d_high"]) == pytest.approx(wilson(3, 4))

    def test_a_median_beside_the_end_of_the_log(self) -> None:
        """Of 20 tried, 9 are reached at once. One alone is followed for an hour, and reached then.

        The curve jumps from .45 to 1. The one at risk stands for 11 / 20, so as few targets as 1 / .55 vouch for it.
        """
        rows = action_builder({n: ["C" if n < 9 else "NA"] for n in range(19)} | {19: ["NA", "C"]})
        for row in rows["action_builder_contact_attempts"]:
            late = (row["entity_id"] != 19) * 59 + (row["entity_id"] == 19 and row["disposition"] == 0) * 60
            row["created_at"] = row["updated_at"] = START + late * MINUTE
        found = report(rows, "time_to_contact", "campaign_key")[0]
        assert (found["targets"], found["contacted"]) == (20, 10)
        assert (found["quarter_seconds"], found["quarter_is_thin"]) == (0, False)
        assert (found["quarter_seconds_low"], found["quarter_seconds_high"]) == (0, 0)
        assert wilson(9, 20)[0] > 0.25
        assert (found["median_seconds"], found["median_is_thin"]) == (3600, True)
        assert wilson(9, 20)[1] > 0.5
        assert (found["median_seconds_low"], found["median_seconds_high"]) == (0, None)
        assert wilson(1 / 0.55, 1 / 0.55)[0] < 0.5
        assert (found["three_quarters_seconds_low"], found["three_quarters_seconds_high"]) == (3600, None)

    def test_quantiles_where_nothing_is_censored(self) -> None:
        """20 are reached one after the other: the interval ends where Wilson's of k of 20 passes one half."""
        rows = action_builder({n: ["NA", "C"] for n in range(20)})
        for number, row in enumerate(rows["action_builder_contact_attempts"]):
            passed = (number // 2 + 1) * MINUTE if row["disposition"] == 0 else 0 * MINUTE
            row["created_at"] = row["updated_at"] = START + passed
        found = report(rows, "time_to_contact", "campaign_key")[0]
        low = next(k for k in range(1, 21) if wilson(k, 20)[1] >= 0.5)
        high = next(k for k in range(1, 21) if wilson(k, 20)[0] >= 0.5)
        assert (low, high) == (6, 15)
        assert [found[f"median_seconds{end}"] for end in ("_low", "", "_high")] == [6 * 60, 10 * 60, 15 * 60]
        assert found["median_is_thin"] is False
        assert (found["three_quarters_seconds"], found["three_quarters_is_thin"]) == (15 * 60, False)

    def test_no_quantile_where_the_curve_does_not_get_there(self) -> None:
        rows = action_builder({n: ["C" if n < 4 else "NA"] for n in range(20)})
        found = report(rows, "time_to_contact", "campaign_key")[0]
        for name in ("quarter", "median", "three_quarters"):
            assert (found[f"{name}_seconds"], found[f"{name}_is_thin"]) == (None, None)
            assert found[f"{name}_seconds_high"] is None
        assert (found["quarter_seconds_low"], found["median_seconds_low"]) == (0, None)

    def test_nobody_followed_so_long_is_null(self) -> None:
        rows = action_builder({1: ["NA"], 2: ["C"]}, every=HOUR / 2)
        found = report(rows, "time_to_contact", "campaign_key")[0]
        assert found["followed_seconds"] == 1800
        assert (found["within_1h"], found["within_1h_low"], found["within_1h_high"]) == (None, None, None)


def by_hour(cells: dict[int, tuple[int, int]]) -> dict[str, list[Row]]:
    """Hour → (reached, tried): each a target of one campaign, tried once."""
    rows: list[Row] = []
    for hour, (reached, tried) in cells.items():
        for number in range(tried):
            moment = START.replace(hour=hour, minute=number % 60)
            rows.append({"id": len(rows), "entity_id": len(rows), "campaign_id": 1, "created_at": moment,
                         "updated_at": moment, "disposition": 0 if number < reached else 1})  # fmt: skip
    return {"action_builder_contact_attempts": rows}


def first_hours(cells: dict[int, tuple[int, int]]) -> dict[int, Row]:
    return {
        row["hour"]: row for row in report(by_hour(cells), "best_time") if row["attempts_kind"] == "first"
    }


def everybody_or_nobody(word: str, last: Sequence[int]) -> dict[str, list[Row]]:
    """A campaign of each source: so many targets were tried once, so many twice, and so on, and all end with this word."""
    lengths = [number for number, count in enumerate(last, 1) for _ in range(count)]
    words = {target: ["NA"] * (length - 1) + [word] for target, length in enumerate(lengths, 1)}
    return merged(voipbin(words, maxima=(9, 1, 0, 0, 0)), action_builder(words), outreach(words))


class TestAttemptsInFlight:
    """An attempt that is still ringing is no failure."""

    # Target 1 rings for the first time, target 2 for the second. Targets 3 and 4 go on; target 5 is exhausted. Target 6
    # was dialled again while its first call rings.
    WORDS: ClassVar = {
        1: ["OPEN"],
        2: ["NA", "OPEN"],
        3: ["C"],
        4: ["NA", "C"],
        5: ["NA"] * 3,
        6: ["OPEN", "NA", "C"],
    }
    MAXIMA = (3, 0, 0, 0, 0)

    def curve(self, name: str, order: str) -> list[Row]:
        rows = report(voipbin(self.WORDS, maxima=self.MAXIMA), name, order)
        return [row for row in rows if row["campaign_key"] == "all"]

    def test_it_leaves_those_at_risk(self) -> None:
        steps = self.curve("attempt_curve", "attempt_number")
        columns = ("at_risk", "contacts", "competing_ends", "censored", "overtaken")
        assert [tuple(step[name] for name in columns) for step in steps] == [
            (
                4,
                1,
                0,
                1,
                1,
            ),  # 2, 3, 4, 5; target 2 leaves, as its next call rings; target 6 is not at risk yet
            (3, 1, 0, 0, 0),  # 4, 5, 6
            (2, 1, 1, 0, 0),  # 5, 6
        ]
        assert [step["hazard"] for step in steps] == pytest.approx([1 / 4, 1 / 3, 1 / 2])
        assert [step["cumulative_incidence"] for step in steps] == pytest.approx([1 / 4, 1 / 2, 3 / 4])

    def test_it_leaves_those_at_risk_over_time(self) -> None:
        at_once = self.curve("time_to_contact_curve", "elapsed_seconds")[0]
        assert (at_once["elapsed_seconds"], at_once["targets"], at_once["contacted"]) == (0, 6, 1)
        assert at_once["cumulative_incidence"] == pytest.approx(1 / 4)
        assert at_once["effective_targets"] == pytest.approx(4)

    def test_a_campaign_of_which_every_call_rings_has_no_curve(self) -> None:
        rows = voipbin({1: ["OPEN"], 2: ["OPEN"]})
        assert report(rows, "attempt_curve") == []
        points = report(rows, "time_to_contact_curve")
        assert {(point["targets"], point["cumulative_incidence"]) for point in points} == {(2, None)}
        (total, _) = report(rows, "time_to_contact", "campaign_key = 'all' DESC")
        assert (total["targets"], total["followed_seconds"], total["within_1h"]) == (2, 0, None)
        (logged, _) = report(rows, "retry_what_if", "campaign_key = 'all' DESC")
        assert (logged["basis"], logged["attempts"], logged["targets_contacted"]) == ("log", 2, 0)

    def test_headline_counts_them_as_open(self) -> None:
        (row,) = report(voipbin(self.WORDS, maxima=self.MAXIMA), "headline_sources")
        assert (row["targets_attempted"], row["targets_contacted"]) == (6, 3)
        assert (row["targets_open"], row["targets_closed"]) == (2, 1)

    def test_a_call_that_ended_after_as_of_was_in_flight(self) -> None:
        rows = voipbin({1: ["NA"], 2: ["C"]}, every=timedelta(seconds=15))
        (step, _) = report(rows, "attempt_curve", as_of=START + timedelta(seconds=25))
        assert (step["at_risk"], step["contacts"]) == (1, 0)


class TestEdges:
    """Where everybody was reached, or nobody, no interval says more than Wilson's for as many targets."""

    @pytest.mark.parametrize(
        ("last", "low"), [((3, 2, 2), 0.646), ((31,), 0.890), ((1, 29, 1), 0.890), ((1,) * 7, 0.646)]
    )
    def test_everybody_reached(self, last: Sequence[int], low: float) -> None:
        con = with_mapping(everybody_or_nobody("C", last))
        build(con)
        for curve, number in (
            ("attempt_curve", "attempt_number"),
            ("time_to_contact_curve", "elapsed_seconds"),
        ):
            ends = fetch(
                con,
                f"SELECT cumulative_incidence, cumulative_incidence_low, cumulative_incidence_high FROM reports.{curve} "
                f"QUALIFY row_number() OVER (PARTITION BY source, campaign_key ORDER BY {number} DESC) = 1",
            )
            assert len(ends) == 6
            for end in ends:
                assert (end["cumulative_incidence"], end["cumulative_incidence_high"]) == (1, 1)
                assert end["cumulative_incidence_low"] == pytest.approx(low, abs=5e-4)
                assert end["cumulative_incidence_low"] == pytest.approx(
                    wilson(sum(last), sum(last))[0], abs=1e-9
                )

    @settings(max_examples=20)
    @given(st.sampled_from(["C", "NA"]), st.lists(st.integers(0, 6), min_size=1, max_size=6), st.booleans())
    def test_no_interval_is_surer_than_wilsons(self, word: str, last: list[int], once: bool) -> None:
        assume(sum(last))
        con = with_mapping(everybody_or_nobody(word, [sum(last)] if once else last))
        build(con)
        checked = 0
        for table, rate, size in (
            *((table, f"contact_rate_per_{unit}", "targets_attempted")
              for table in ("campaign_contact_rates", "contact_rates_by") for unit in ("target", "attempt")),
            ("headline", "contact_rate_per_target", "targets_attempted"),
            ("best_time", "contact_rate_per_attempt", "targets"),
            ("attempt_curve", "hazard", "at_risk"),
            ("attempt_curve", "cumulative_incidence", str(sum(last))),
            ("time_to_contact_curve", "cumulative_incidence", "targets"),
            ("time_to_contact", "within_1h", "targets"),
            ("aapor_rates", "value", "denominator"),
        ):  # fmt: skip
            query = (
                f"SELECT {rate}, {rate}_low, {rate}_high, {size} FROM reports.{table} WHERE {rate} IN (0, 1)"
            )
            for value, low, high, targets in con.execute(query).fetchall():
                checked += 1
                least, most = wilson(value * targets, targets)
                assert 0 <= low <= least + 1e-9, (table, rate)
                assert most - 1e-9 <= high <= 1, (table, rate)
                assert (low == 0, high == 1) == (value == 0, value == 1), (table, rate)
        assert checked > 30

    def test_hours_in_which_everybody_was_reached_are_not_told_apart(self) -> None:
        """The spread between them is rounding."""
        cells = first_hours({hour: (count, count) for hour, count in enumerate((7, 11, 13, 17, 19, 23), 8)})
        for cell in cells.values():
            assert (cell["shrunk_rate_per_attempt"], cell["prior_attempts"]) == (1, None)


class TestBestTime:
    def test_a_thin_cell_does_not_win(self) -> None:
        """One lucky call at 8 against a good hour and bad ones with many."""
        cells = first_hours({8: (1, 1), 9: (30, 60), 10: (5, 60), 11: (8, 60), 12: (7, 60), 13: (9, 60)})
        assert cells[8]["contact_rate_per_attempt"] == 1
        assert cells[8]["is_thin"] is True
        assert max((row["shrunk_rate_per_attempt"], hour) for hour, row in cells.items())[1] == 9
        assert cells[9]["campaign_rate_per_attempt"] == pytest.approx(60 / 301)
        assert 0.4 < cells[9]["shrunk_rate_per_attempt"] < 0.5
        assert (
            cells[9]["contact_rate_per_attempt_low"],
            cells[9]["contact_rate_per_attempt_high"],
        ) == pytest.approx(wilson(30, 60))

    def test_the_prior_by_hand(self) -> None:
        """Five cells of 20, rates .1 .1 .1 .5 .7: mean .3, squares 20 * .32 = 6.4, by chance 4 * .21 = .84.

        The correlation within cells is (6.4 - .84) / (.21 * (100 - 2000 / 100 - 4)) = .3484: the mean would be worth
        1.9 attempts, and is worth 5.
        """
        cells = first_hours({9: (2, 20), 10: (2, 20), 11: (2, 20), 12: (10, 20), 13: (14, 20)})
        assert {row["prior_attempts"] for row in cells.values()} == {5}
        assert cells[13]["shrunk_rate_per_attempt"] == pytest.approx((14 + 5 * 0.3) / 25)
        # Of 40 each, .2 .2 .2 .4 .5: squares 3.2, so (3.2 - .84) / (.21 * (200 - 40 - 4)).
        cells = first_hours({9: (8, 40), 10: (8, 40), 11: (8, 40), 12: (16, 40), 13: (20, 40)})
        worth = 0.21 * 156 / 2.36 - 1
        assert [row["prior_attempts"] for row in cells.values()] == [pytest.approx(worth)] * 5

    def test_four_cells_tell_no_spread_and_five_do(self) -> None:
        cells = {9: (1, 20), 10: (1, 20), 11: (12, 20), 12: (14, 20), 13: (2, 4)}
        assert {row["prior_attempts"] for row in first_hours(cells).values()} == {None}
        assert {row["shrunk_rate_per_attempt"] for row in first_hours(cells).values()} == {30 / 84}
        assert {row["prior_attempts"] for row in first_hours(cells | {13: (2, 5)}).values()} == {5}

    @pytest.mark.parametrize(("best", "tells"), [(13, False), (14, True)])
    def test_a_spread_that_chance_gives_one_time_in_twenty_tells_nothing(
        self, best: int, tells: bool
    ) -> None:
        """Chi-squared of 6, 6, 6, 6 and 13 (14) of 20 at 4 degrees of freedom: 8.4 (10.9); 95 % lie below 9.5."""
        cells = first_hours({9: (6, 20), 10: (6, 20), 11: (6, 20), 12: (6, 20), 13: (best, 20), 14: (2, 2)})
        assert (cells[13]["prior_attempts"] is not None) == tells
        assert (cells[13]["shrunk_rate_per_attempt"] > cells[9]["shrunk_rate_per_attempt"]) == tells

    def test_one_lucky_cell_beside_one_good_one_tells_of_no_spread(self) -> None:
        cells = first_hours({9: (9, 59), 10: (1, 1)})
        assert [row["contact_rate_per_attempt"] for row in cells.values()] == [pytest.approx(9 / 59), 1]
        assert [row["shrunk_rate_per_attempt"] for row in cells.values()] == pytest.approx([10 / 60, 10 / 60])

    def test_with_no_spread_beyond_chance_every_cell_is_the_mean(self) -> None:
        cells = first_hours(dict.fromkeys(range(9, 17), (5, 10)))
        assert {row["shrunk_rate_per_attempt"] for row in cells.values()} == {0.5}
        assert {row["prior_attempts"] for row in cells.values()} == {None}

    def test_weekday_and_hour_are_those_of_the_reporting_zone(self) -> None:
        rows = action_builder({1: ["NA"]})
        for zone, weekday, hour in (
            ("UTC", 1, 9),
            ("Asia/Kathmandu", 1, 14),
            ("Pacific/Auckland", 1, 22),
            ("Pacific/Kiritimati", 1, 23),
        ):
            found = report(rows, "best_time", timezone=zone)[0]
            assert (found["weekday"], found["hour"]) == (weekday, hour), zone

    def test_first_attempts_and_all_attempts_are_apart(self) -> None:
        rows = report(action_builder({1: ["NA", "C"], 2: ["SKIP", "C"]}), "best_time")
        assert {row["attempts_kind"]: (row["contacts"], row["attempts"], row["targets"]) for row in rows} == {
            "first": (1, 2, 2),
            "all": (2, 3, 2),
        }


class TestWhatIf:
    def test_lower_maxima_are_counted(self) -> None:
        rows = [
            row
            for row in report(WORKED_VOIPBIN, "retry_what_if", "max_attempts")
            if row["campaign_key"] == "all"
        ]
        assert [(row["max_attempts"], row["attempts"], row["targets_contacted"]) for row in rows[:3]] == [
            (1, 9, 3), (2, 13, 4), (3, 15, 5),
        ]  # fmt: skip
        assert {row["basis"] for row in rows[:3]} == {"log"}
        assert rows[2]["contact_rate_per_target"] == pytest.approx(5 / 9)
        for row, contacted in zip(rows, (3, 4, 5), strict=False):
            assert row["targets"] == 9
            assert (
                row["contact_rate_per_target_low"],
                row["contact_rate_per_target_high"],
            ) == pytest.approx(wilson(contacted, 9))

    def test_the_thin_end_of_the_log_does_not_carry_an_extrapolation(self) -> None:
        """At the third attempt 1 of 2 was reached, at the second none of 42: together 1 of 44."""
        words = {n: ["NA", "NA"] for n in range(40)} | {98: ["NA", "NA", "NA"], 99: ["NA", "NA", "C"]}
        fourth = next(
            row for row in report(action_builder(words), "retry_what_if") if row["max_attempts"] == 4
        )
        assert (fourth["basis"], fourth["extra_attempts"]) == ("extrapolated", 1)
        assert fourth["extra_contacted"] == pytest.approx(1 / 44)

    def test_higher_maxima_are_extrapolated_with_a_band(self) -> None:
        """t3 and t6 had used up their tries; of so few targets all hazards are taken together: 5 of 15."""
        rows = [
            row
            for row in report(WORKED_VOIPBIN, "retry_what_if", "max_attempts")
            if row["campaign_key"] == "all"
        ]
        assert [row["max_attempts"] for row in rows[3:]] == [4, 5, 6]
        fourth = rows[3]
        assert fourth["basis"] == "extrapolated"
        assert fourth["attempts"] == pytest.approx(15 + 2)
        assert fourth["targets_contacted"] == pytest.approx(5 + 2 * 5 / 15)
        low, high = wilson(5, 15)
        assert fourth["targets_contacted_low"] == pytest.approx(5 + 2 * low)
        assert fourth["targets_contacted_high"] == pytest.approx(5 + 2 * high)
        assert fourth["contact_rate_per_target_low"] == pytest.approx((5 + 2 * low) / 9)
        assert fourth["contact_rate_per_target_high"] == pytest.approx((5 + 2 * high) / 9)
        assert rows[4]["attempts"] == pytest.approx(15 + 2 + 2 * 10 / 15)
        for less, more in pairwise(rows):
            assert more["extra_attempts"] == pytest.approx(more["attempts"] - less["attempts"])
            assert more["extra_contacted"] == pytest.approx(
                more["targets_contacted"] - less["targets_contacted"]
            )
            assert more["attempts_per_extra_contact"] == pytest.approx(
                more["extra_attempts"] / more["extra_contacted"]
            )

    @pytest.mark.parametrize("reached", range(1, 60, 7))
    def test_one_attempt_more_is_as_many_attempts_whatever_the_hazard(self, reached: int) -> None:
        """To the last digit: a band that misses its own figure by rounding is refused, and nothing published."""
        words = {n: ["C" if n < reached else "NA"] for n in range(60)}
        second = next(
            row for row in report(action_builder(words), "retry_what_if") if row["max_attempts"] == 2
        )
        assert second["basis"] == "extrapolated"
        assert second["attempts"] == second["attempts_low"] == second["attempts_high"] == 120 - reached

    def test_few_targets_have_an_exact_interval_of_what_would_come_out(self) -> None:
        """Two wait, and 5 of the last 15 attempts reached somebody: 5.5 and 10.5 with Jeffreys's prior.

        None of the two is reached at once with the chance 10.5 · 11.5 ÷ (16 · 17) = .444, both with .131. Neither
        is unlikely, so nothing is cut off.
        """
        rows = [
            row
            for row in report(WORKED_VOIPBIN, "retry_what_if", "max_attempts")
            if row["campaign_key"] == "all"
        ]
        ends = [
            (row["targets_contacted_predicted_low"], row["targets_contacted_predicted_high"]) for row in rows
        ]
        assert ends == [(3, 3), (4, 4), (5, 5), (5, 7), (5, 7), (5, 7)]
        ends = [(row["attempts_predicted_low"], row["attempts_predicted_high"]) for row in rows]
        # A second round takes 2 to 0 attempts. Three rounds take 2 to 6 of them: 2 if both are reached at once (.131).
        assert ends == [(9, 9), (13, 13), (15, 15), (17, 17), (17, 19), (17, 21)]
        assert rows[3]["contact_rate_per_target_predicted_high"] == pytest.approx(7 / 9)

    @pytest.mark.parametrize(
        ("waiting", "high"),
        [
            # 1 of 39 + waiting + 1 was reached: a = 1.5, so the chance of one contact more is 1.5 / (n + 1) …
            (1, 1),  # … .036: below the 5 % of the mid-P rule, but the interval holds its expectation
            (4, 1),  # … of two or more .013: half of that of exactly two is less than 2.5 %
        ],
    )
    def test_the_interval_of_few_targets_cuts_off_what_is_unlikely(self, waiting: int, high: int) -> None:
        words = {n: ["NA"] for n in range(38)} | {n: ["NA", "NA"] for n in range(100, 100 + waiting)}
        rows = report(action_builder(words | {200: ["C"]}), "retry_what_if", "max_attempts")
        third = next(row for row in rows if row["max_attempts"] == 3 and row["campaign_key"] == "all")
        assert third["targets_contacted"] == pytest.approx(1 + waiting / (39 + 2 * waiting))
        assert third["targets_contacted_predicted_low"] == 1
        assert third["targets_contacted_predicted_high"] == 1 + high

    def test_many_targets_add_the_square_of_chance_to_that_of_the_band(self) -> None:
        words = {n: ["C" if n < 20 else "NA"] for n in range(100)}
        second = next(
            row for row in report(action_builder(words), "retry_what_if") if row["max_attempts"] == 2
        )
        square = 1.959963984540054**2
        low, high = wilson(20, 100)
        middle = (20 + square / 2) / (100 + square)
        chance = square * 80 * middle * (1 - middle)
        assert second["targets_contacted_predicted_low"] == math.ceil(
            20 + 16 - math.sqrt((16 - 80 * low) ** 2 + chance)
        )
        assert second["targets_contacted_predicted_high"] == math.floor(
            20 + 16 + math.sqrt((80 * high - 16) ** 2 + chance)
        )
        assert (second["attempts_predicted_low"], second["attempts_predicted_high"]) == (180, 180)

    @pytest.mark.parametrize("mark", ["tm_delete", "_deleted_at"])
    def test_deleted_targets_bring_nothing(self, mark: str) -> None:
        words = {1: ["NA", "NA"], 2: ["NA", "NA"], 3: ["C"]}
        rows = voipbin(words, maxima=(2, 0, 0, 0, 0))
        rows["voipbin_outdialtargets"][0][mark] = START + MINUTE

        def third(**settings: Any) -> Row:
            found = report(rows, "retry_what_if", "max_attempts", **settings)
            return next(row for row in found if row["max_attempts"] == 3 and row["campaign_key"] == "all")

        assert third()["attempts"] == 5 + 1
        assert third()["targets_contacted"] == pytest.approx(1 + 1 / 5)
        assert third()["targets_contacted_predicted_high"] == 2
        rows["voipbin_outdialtargets"][0][mark] = START + timedelta(days=9)
        assert third(as_of=START + timedelta(days=1))["attempts"] == 5 + 2

    def test_a_target_whose_last_call_rings_waits_for_nothing(self) -> None:
        """It is no failure in the hazard of the last attempts, and nobody knows whether it needs another attempt."""
        rows = voipbin({1: ["NA", "OPEN"], 2: ["NA", "NA"], 3: ["NA", "C"]}, maxima=(2, 0, 0, 0, 0))
        third = next(
            row
            for row in report(rows, "retry_what_if", "max_attempts")
            if row["max_attempts"] == 3 and row["campaign_key"] == "all"
        )
        assert third["attempts"] == 6 + 1
        assert third["targets_contacted"] == pytest.approx(1 + 1 / 5)


class TestInventory:
    def test_worked_log(self) -> None:
        (total, campaign) = report(WORKED_VOIPBIN, "inventory", "campaign_key")
        assert campaign["campaign_name"] == "Dialer 1"
        for row in (total, campaign):
            assert (row["targets"], row["attempted"], row["reached"], row["exhausted"]) == (10, 9, 5, 2)
            assert row["untouched"] == 1
            assert row["retry_due"] + row["retry_waiting"] == 2
            assert row["remaining_tries"] == 3 + 2 + 1  # t7, t5, t8
            assert row["remaining_tries_untouched"] == 3
            assert (row["penetration"], row["saturation"]) == (0.9, 1.5)

    def test_outcomes_sum_to_targets(self) -> None:
        rows = voipbin({1: ["NA"], 2: ["OPEN"], 3: ["NA"] * 4, 4: [], 5: ["C"]})
        rows["voipbin_campaigns"][0]["status"] = "stop"
        for row in report(rows, "inventory"):
            outcomes = ("reached", "untouched", "in_flight", "stuck", "retry_due", "retry_waiting", "stranded",
                        "exhausted", "not_dialable", "unresolved", "unnamed")  # fmt: skip
            assert sum(row[name] for name in outcomes) == row["targets"] == 5
            assert (row["stranded"], row["stranded_tries"]) == (1, 2)

    def test_a_latest_call_that_names_no_campaign_takes_nobody_off_the_list(self) -> None:
        rows = voipbin({1: ["NA"], 2: ["C"], 3: []})
        rows["voipbin_campaigncalls"][0]["campaign_id"] = None
        found = {row["campaign_key"]: row for row in report(rows, "inventory")}
        campaign, unnamed = found[f"voipbin:{uuid(0xC01)}"], found["voipbin:none"]
        assert (campaign["targets"], campaign["attempted"], campaign["penetration"]) == (
            3,
            1,
            pytest.approx(1 / 3),
        )
        assert (campaign["remaining_tries"], campaign["retry_due"], campaign["untouched"]) == (2 + 3, 1, 1)
        assert (unnamed["targets"], unnamed["attempted"], unnamed["penetration"]) == (1, 1, None)
        (aapor,) = [
            row for row in report(rows, "aapor_classes") if row["campaign_key"] == campaign["campaign_key"]
        ]
        assert (aapor["targets"], aapor["i"], aapor["uh"]) == (3, 1, 2)

    def test_without_a_list_or_an_outplan_what_is_not_known_is_null(self) -> None:
        rows = voipbin({1: ["NA"], 2: ["OPEN"]})
        del rows["voipbin_outdialtargets"], rows["voipbin_outplans"]
        for row in report(rows, "inventory"):
            assert (row["targets"], row["attempted"], row["penetration"]) == (2, 2, None)
            assert (row["remaining_tries"], row["remaining_tries_untouched"]) == (None, 0)
            assert (row["unresolved"], row["in_flight"] + row["stuck"]) == (1, 1)

    def test_a_call_that_names_nobody_is_a_target_of_its_own(self) -> None:
        rows = voipbin({1: ["NA"], 2: [], 3: [], 4: ["C"]})
        rows["voipbin_campaigncalls"][-1]["outdial_target_id"] = None
        con = with_mapping(rows)
        build(con, "reports.inventory", "reports.campaign_contact_rates")
        (rates,) = fetch(con, "FROM reports.campaign_contact_rates")
        (campaign,) = fetch(con, "FROM reports.inventory WHERE campaign_key <> 'all'")
        assert (campaign["targets"], campaign["unnamed"], campaign["untouched"]) == (5, 1, 3)
        assert (campaign["attempted"], campaign["attempts"], campaign["penetration"]) == (2, 2, 0.4)
        for name in ("targets", "attempts", "penetration", "saturation"):
            assert campaign[name] == rates[name], name

    def test_whom_a_foreign_campaign_did_not_really_call_it_did_not_mean(self) -> None:
        rows = merged(voipbin({1: ["C"]}), voipbin({2: ["PHANTOM"]}, campaign=2, first_call=0x2000))
        for row in rows["voipbin_outdialtargets"]:
            row["outdial_id"] = uuid(0xD01)
        con = with_mapping(rows)
        build(con, "reports.inventory", "reports.campaign_contact_rates")
        listed, foreign = (f"voipbin:{uuid(campaign)}" for campaign in (0xC01, 0xC02))
        for table in ("inventory", "campaign_contact_rates"):
            found = {row["campaign_key"]: row["targets"] for row in fetch(con, f"FROM reports.{table}")}
            assert (found[listed], found.get(foreign, 0)) == (2, 0), table

    def test_a_campaign_without_a_row_is_measured_by_every_list_it_dialled(self) -> None:
        """A dials the first target and B dials it later, and the second; nobody dials the third. One list."""
        rows = merged(
            voipbin({1: ["NA"]}),
            voipbin({1: ["NA"], 2: ["NA"], 3: []}, campaign=2, first_call=0x2000, every=2 * MINUTE),
        )
        rows["voipbin_outdialtargets"] = rows["voipbin_outdialtargets"][1:]
        del rows["voipbin_campaigns"]
        found = {row["campaign_key"]: row for row in report(rows, "inventory")}
        for campaign, attempted in ((0xC01, 1), (0xC02, 2)):
            row = found[f"voipbin:{uuid(campaign)}"]
            assert (row["targets"], row["attempted"]) == (3, attempted)
            assert row["penetration"] == pytest.approx(attempted / 3)


class TestAapor:
    def test_classes_of_the_worked_log(self) -> None:
        """t9 is O, t10 refused, t6 not eligible; in Action Builder a contact tells no more, and t7 was never tried."""
        (row,) = [row for row in report(WORKED_OUTREACH, "aapor_classes") if row["campaign_key"] == "all"]
        assert [row[name] for name in ("i", "p", "r", "nc", "o", "uh", "ur", "uo", "ne")] == [
            3,
            0,
            1,
            3,
            1,
            0,
            0,
            0,
            1,
        ]
        assert (row["k"], row["u"], row["e"]) == (8, 0, pytest.approx(8 / 9))
        (row,) = [
            row for row in report(WORKED_ACTION_BUILDER, "aapor_classes") if row["campaign_key"] == "all"
        ]
        assert [row[name] for name in ("i", "p", "r", "nc", "o", "uh", "ur", "uo", "ne")] == [
            5,
            0,
            0,
            3,
            0,
            1,
            0,
            0,
            1,
        ]
        assert "contacted = I, no_contact = NC" in row["class_mapping"]
        (row,) = [row for row in report(WORKED_VOIPBIN, "aapor_classes") if row["campaign_key"] == "all"]
        assert (row["i"], row["nc"], row["uh"], row["targets"]) == (5, 4, 1, 10)

    def test_rates_are_the_macros(self) -> None:
        con = with_mapping(merged(WORKED_OUTREACH, WORKED_ACTION_BUILDER, WORKED_VOIPBIN))
        # The project's own mapping gives no partial interviews and few unknowns; another mapping may.
        for value, name in (("contacted", "P"), ("no_contact", "UR"), ("do_not_contact", "I")):
            con.execute(
                "UPDATE landing.dispositions SET aapor_class = ? WHERE source = '*' AND value = ?",
                [name, value],
            )
        build(con, "reports.aapor_rates")
        (found,) = con.sql("SELECT sum(p), sum(r), sum(ur), sum(ne) FROM reports.aapor_classes").fetchall()
        assert all(found), found
        con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        for row in fetch(con, "FROM reports.aapor_rates"):
            (same,) = fetch(
                con,
                f"SELECT rates.{row['rate']} AS value FROM reports.aapor_classes AS c, "
                "reports.aapor(c.i, c.p, c.r, c.nc, c.o, c.uh, c.ur, c.uo, c.ne, NULL, NULL, NULL) AS rates "
                f"WHERE c.source = '{row['source']}' AND c.campaign_key = '{row['campaign_key']}'",
            )
            assert row["value"] == pytest.approx(same["value"])
            if row["value"] is not None:
                assert row["value"] == pytest.approx(row["numerator"] / row["denominator"])
                assert row["value_low"] <= row["value"] <= row["value_high"]

    def test_the_mapping_is_a_setting(self) -> None:
        con = with_mapping(WORKED_ACTION_BUILDER)
        con.execute(
            "UPDATE landing.dispositions SET aapor_class = 'UO' WHERE source = '*' AND value = 'bad_contact_info'"
        )
        build(con, "reports.aapor_classes")
        (row,) = fetch(con, "FROM reports.aapor_classes WHERE campaign_key = 'all'")
        assert (row["ne"], row["uo"]) == (0, 1)
        assert "bad_contact_info = UO" in row["class_mapping"]

    def test_the_mapping_in_force_names_what_a_source_has_of_its_own(self) -> None:
        rows = report(merged(WORKED_OUTREACH, WORKED_ACTION_BUILDER), "aapor_classes")
        mappings = {row["source"]: row["class_mapping"] for row in rows if row["campaign_key"] == "all"}
        default, _, own = mappings["outreach"].partition("; but ")
        assert mappings["action_builder"] == default
        assert "call_disposition answered - not interested = R" in own.split(", ")
        assert "call_disposition_id 5 = O" in own.split(", ")
        assert {entry.rpartition(" = ")[2] for entry in own.split(", ")} == {"R", "O"}

    def test_unknown_eligibility_alone_is_null(self) -> None:
        rates = {row["rate"]: row["value"] for row in report(action_builder({1: ["SKIP"]}), "aapor_rates")}
        assert (rates["rr1"], rates["rr3"], rates["rr5"], rates["coop1"]) == (0, None, None, None)


def test_scheduled_communications() -> None:
    rows = merged(
        liondesk({1: ["SENT", "SENT", "FUTURE"], 3: ["PAST", "TICKED"], 2: ["PAST"]}),
        action_builder({1: ["NA"]}, every=DAY),
    )
    rows["liondesk_contact_communications"][1]["completed_at"] += 8 * MINUTE
    found = {
        (row["type"], row["agent_key"]): row
        for row in report(rows, "scheduled_communications", as_of=START + 2 * HOUR)
    }
    email = found["Email Contact", "liondesk:41"]
    assert (email["communications"], email["contacts"]) == (3, 1)
    assert (email["dispatched"], email["scheduled"], email["overdue"]) == (2, 1, 0)
    assert (email["dispatch_lag_seconds_median"], email["dispatch_lag_seconds_max"]) == (360, 600)
    assert email["share_overdue"] == 0
    assert (
        found["Text Contact", "liondesk:41"]["overdue"],
        found["Text Contact", "liondesk:44"]["completed_manually"],
    ) == (1, 1)
    assert found["Call Contact", "liondesk:40"]["share_overdue"] == 1


def examples() -> list[tuple[str, str]]:
    text = (SQL_ROOT / "examples.sql").read_text(encoding="utf-8")
    parts = [part.strip() for part in text.split(";") if part.strip()]
    return [(next(line for line in part.splitlines() if line[3:4].isdigit())[3:], part) for part in parts]


def test_the_longer_questions_are_answered() -> None:
    rows = merged(
        WORKED_VOIPBIN, WORKED_OUTREACH, WORKED_ACTION_BUILDER, liondesk({1: ["SENT", "PAST", "FUTURE"]})
    )
    for number, row in enumerate(
        action_builder({n: ["NA", "C", "NA"] for n in range(20)}, campaign=2)[
            "action_builder_contact_attempts"
        ]
    ):
        moment = row["created_at"] + number // 20 * timedelta(days=7)  # in three weeks, of which two are over
        rows["action_builder_contact_attempts"].append(
            row
            | {
                "id": 1000 + number,
                "created_by_id": 8 + number % 2,
                "created_at": moment,
                "updated_at": moment,
            }
        )
    con = with_mapping(rows)
    con.execute(
        "INSERT INTO landing.files (file_id, source, resource, file, rows_read, rows_accepted, rows_superseded, "
        "rows_rejected) VALUES (1, 'voipbin', 'campaigncalls', 'a', 4, 2, 1, 1)"
    )
    con.execute("UPDATE raw.outreach_calls SET call_disposition_id = NULL, state = 'mystery' WHERE id = 1")
    build(con)
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    questions = examples()
    assert [int(question.split(".")[0]) for question, _ in questions] == list(range(1, 34))
    for question, query in questions[:23]:  # the others are about people: test_across_questions
        answer = con.sql(query)
        assert question.endswith("?")
        empty = question.startswith("2.") and not answer.fetchall()
        assert empty or con.sql(query).fetchall(), question


def test_every_interval_holds_its_rate() -> None:
    """In every report, whatever has an interval has its rate within it, and all of them within 0 and 1."""
    con = with_mapping(
        merged(WORKED_VOIPBIN, WORKED_OUTREACH, WORKED_ACTION_BUILDER, liondesk({1: ["SENT"]}))
    )
    build(con)
    checked = 0
    for table, model in load_models().items():
        for column in model.columns:
            if column.endswith("_low") and "share" in model.marks[column]:
                ends = column.removesuffix("_low")
                rate = ends.removesuffix("_predicted")
                for row in fetch(
                    con, f"SELECT {rate} AS rate, {ends}_low AS low, {ends}_high AS high FROM {table}"
                ):
                    checked += 1
                    if row["rate"] is None:
                        assert (row["low"], row["high"]) == (None, None), (table, rate)
                    else:
                        assert 0 <= row["low"] <= row["rate"] + 1e-12, (table, rate)
                        assert row["rate"] - 1e-12 <= row["high"] <= 1, (table, rate)
                        assert not math.isnan(row["low"]), (table, rate)
    assert checked > 100
