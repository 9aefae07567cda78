"""Numbers as the page words them, and its anchors: what needs no file and no browser."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipelines.report import charts, text
from pipelines.report.page import _anchor
from pipelines.report.sections import HEAT


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0.0%"), (0.0004, "<0.1%"), (0.3333, "33.3%"), (0.9996, ">99.9%"), (1, "100.0%")],
)
def test_a_share_never_rounds_to_none_or_all(value: float, words: str) -> None:
    assert text.percent(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (59.7, "1 min"),
        (3_600, "1 h"),
        (100_000, "1 d 3 h"),
        (-90, "−1 min 30 s"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert text.elapsed(seconds) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("contact_rate_per_target", "Contact rate per target"),
        ("outdial_target_id", "Outdial target ID"),
        ("median_seconds", "Median"),
        ("rr1", "RR1"),
        ("uh", "UH"),
        ("e", "e"),
        ("attempts_per_contact", "Attempts per target reached"),
        ("one_minus_kaplan_meier", "One minus Kaplan Meier"),
    ],
)
def test_labels(name: str, words: str) -> None:
    assert text.label(name) == words


def test_raw_values_keep_their_last_digit() -> None:
    assert text.raw(0.1 + 0.2) == "0.30000000000000004"
    assert text.raw(None) == ""
    assert text.raw(True) == "true"
    assert text.raw(datetime(2026, 10, 30, 17, 42, 10, 5)) == "2026-10-30T17:42:10.000005"


def test_numbers_are_whole_or_say_that_they_are_not() -> None:
    assert text.number(1234) == text.number(1234.0) == "1,234"
    assert text.number(437.44) == "about 437"
    assert text.number(1301.8) == "about 1,302"
    assert text.number(0.3) == "less than 1"


@pytest.mark.parametrize("top", [0.004, 0.05, 0.31, 0.5, 0.77, 0.96, 1.0])
def test_scales_hold_what_they_show(top: float) -> None:
    end, step = charts.nice_top(top)
    assert top <= end <= 1
    assert 1 <= round(end / step) <= 5


def test_a_scale_holds_the_interval_of_a_thin_point() -> None:
    rows = [
        {"day": "2026-10-01", "n": 40, "rate": 0.5, "rate_low": 0.35, "rate_high": 0.65},
        {"day": "2026-10-02", "n": 2, "rate": 0.5, "rate_low": 0.095, "rate_high": 0.905},
    ]
    drawn = charts.plot(
        rows,
        charts.Naming(),
        title="",
        x="day",
        x_title="",
        count="n",
        dots=[charts.Drawn("rate", "rate", "")],
    )
    assert drawn is not None
    assert drawn.y_ticks[-1].text == "100%"
    assert [dot.high for dot in drawn.dots] == ["35%", "9.50%"]


def hours(prior: float | None, each: int = 6) -> list[charts.Row]:
    return [
        {
            "weekday": 1, "hour": hour, "attempts": each, "contacts": 2, "shrunk_rate_per_attempt": 2 / each,
            "prior_attempts": prior,
        }
        for hour in range(6)
    ]  # fmt: skip


def test_hours_that_the_log_does_not_tell_apart_have_no_map() -> None:
    drawn = charts.heat(hours(None), charts.Naming(), title="All", **HEAT)
    assert isinstance(drawn, charts.Remark)
    assert "does not tell one hour from another" in drawn.words
    assert "6 hours of the week with attempts, 6 have 5 or more" in drawn.words
    assert "33.3% (12 of 36 attempts)" in drawn.words
    few = charts.heat(hours(None, each=4), charts.Naming(), title="All", **HEAT)
    assert isinstance(few, charts.Remark)
    assert "0 hours of the week have 5 attempts or more" in few.words
    assert isinstance(charts.heat(hours(20.0), charts.Naming(), title="All", **HEAT), charts.Heat)


def test_anchors_are_plain_and_never_meet() -> None:
    assert _anchor("voipbin:ab-1") == "campaign-voipbin-ab-1"
    assert _anchor("action_builder:7") == "campaign-action_builder-7"
    lossy = [
        _anchor(f"liondesk:{name}")
        for name in ("Spring", "spring", "spring!", "sp ring", "<b>", "=1+1", "x" * 300)
    ]
    assert len(set(lossy)) == len(lossy)
    assert all(anchor.replace("-", "").replace("_", "").isalnum() and len(anchor) < 90 for anchor in lossy)


def test_targets_without_a_campaign_are_not_taken_for_one() -> None:
    row = {"campaign_id": None, "outcome": "stuck", "targets": 2, "share": 1.0}
    assert charts.campaign_of(row) is None
    assert charts.Naming().line(row)[0] == "No campaign known"
