"""Numbers as the page words them, and its anchors: what needs no file and no browser."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from pipelines.models.sql_files import PUBLISHED_MARKS
from pipelines.report import charts, text
from pipelines.report.charts.plot import place
from pipelines.report.charts.scale import share_scale
from pipelines.report.naming import Naming, Source, anchor, native_ids
from pipelines.report.reader import Row
from pipelines.report.vocabulary import HEAT, say_coverage


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


def test_a_difference_has_its_sign_and_a_p_three_digits() -> None:
    said = [text.points(value) for value in (0.2, -0.0381, 0.0, 0.0004, -0.0004, 1.0)]
    assert said == ["+20.0", "−3.8", "0.0", "0.0", "0.0", "+100.0"]
    assert [text.probability(p) for p in (1.0, 0.0312, 0.001, 0.00099, 1e-20)] == [
        "1.000", "0.031", "0.001", "<0.001", "<0.001",
    ]  # fmt: skip


@pytest.mark.parametrize("top", [0.004, 0.05, 0.31, 0.5, 0.77, 0.96, 1.0])
def test_scales_hold_what_they_show(top: float) -> None:
    end, step = share_scale(top)
    assert top <= end <= 1
    assert 1 <= round(end / step) <= 5


def test_a_scale_holds_the_interval_of_a_thin_point() -> None:
    rows = [
        {"day": "2026-10-01", "n": 40, "rate": 0.5, "rate_low": 0.35, "rate_high": 0.65},
        {"day": "2026-10-02", "n": 2, "rate": 0.5, "rate_low": 0.095, "rate_high": 0.905},
    ]
    drawn = charts.plot(
        rows,
        Naming(),
        title="",
        x="day",
        x_title="",
        count="n",
        dots=[charts.Drawn("rate", "rate", "")],
    )
    assert drawn is not None
    assert drawn.y_ticks[-1].text == "100%"
    assert [dot.high for dot in drawn.dots] == ["35%", "9.50%"]


@pytest.mark.parametrize(
    ("comment", "dtype", "kind"),
    [
        ("contacts / attempts [share]", pl.Float64(), "share"),
        ("contacts / attempts [share] [null]", pl.Float64(), "share"),
        ("rate - other_rate [difference]", pl.Float64(), "difference"),
        ("how often by chance [probability]", pl.Float64(), "probability"),
        ("how long it took [seconds]", pl.Int64(), "seconds"),
        ("targets that would be reached [count]", pl.Float64(), "count"),
        ("attempts [count]", pl.Int64(), "count"),
        ("contacts / attempts (0..1)", pl.Float64(), "decimal"),
        ("hour of the day", pl.Int64(), "integer"),
        ("whether it is so [null]", pl.Boolean(), "flag"),
        ("when [null]", pl.Datetime(), "time"),
        ("one of [share] or [count]", pl.String(), "text"),
    ],
)
def test_marks_say_what_a_number_is(comment: str, dtype: pl.DataType, kind: str) -> None:
    assert text.kind_of(comment, dtype) == kind


def test_a_definition_says_marks_in_words() -> None:
    assert text.definition("contacts / attempts [null] [share]") == (
        "contacts / attempts",
        "a share, 0 to 1; may be empty",
    )
    assert text.definition("attempts [count]") == ("attempts", "")
    assert text.definition("who [null]. Personal data.") == ("who. Personal data.", "may be empty")
    assert text.definition("list[0]") == ("list[0]", "")


@pytest.mark.parametrize("mark", PUBLISHED_MARKS)
def test_no_mark_is_left_in_a_definition(mark: str) -> None:
    assert text.definition(f"attempts / targets [{mark}]")[0] == "attempts / targets"


def test_a_figure_without_a_mark_is_shown_as_it_is() -> None:
    assert text.shown("integer")(12345) == "12345"
    assert text.shown("count")(12345) == "12,345"
    assert text.shown("decimal")(0.456) == "0.46"
    assert text.shown("share")(None) == text.MISSING


def test_places_of_an_axis() -> None:
    assert place(90_000, "seconds") == "1 d 1 h"
    assert place("2026-10-05", "day") == "5 Oct"
    assert place("unknown", "day") == "unknown"
    assert place("2026-10-05", "") == "2026-10-05"


def test_titles_are_read_and_never_made_up() -> None:
    naming = Naming({"acme_dialer": Source("acme_dialer", "Acme™ Dialer")})
    assert naming.title("acme_dialer") == "Acme™ Dialer"
    assert naming.title("other_system") == "other system"
    assert naming.title(None) == text.MISSING


def test_a_native_id_names_a_campaign_unless_two_systems_use_it() -> None:
    keys = native_ids(["a:1", "b:1", "b:2"])
    assert keys == {"2": "b:2"}
    assert Naming(keys=keys).key({"campaign_id": "2"}) == "b:2"
    assert Naming(keys=keys).key({"campaign_id": "1"}) is None
    assert Naming(keys=keys).key({"campaign_id": "2", "campaign_key": "all"}) is None


ALL_VOID = (
    "cannot record a refusal (R) or bad contact information (NE): there a REF of 0%, a COOP of 100% and an e of 1 are no "
    "measurements."
)


@pytest.mark.parametrize(
    ("refusals", "others", "ineligible", "words"),
    [
        (True, True, True, ""),
        (False, False, False, ALL_VOID),
        (False, True, True, "cannot record a refusal (R): there a REF of 0% is no measurement."),
        (True, True, False, "cannot record bad contact information (NE): there an e of 1 is no measurement."),
    ],
)  # fmt: skip
def test_what_a_source_cannot_record_is_said(
    refusals: bool, others: bool, ineligible: bool, words: str
) -> None:
    row = {
        "source": "one",
        "records_refusals": refusals,
        "records_other_contacts": others,
        "records_ineligible": ineligible,
    }
    assert say_coverage(row, Naming()) == (f"one {words}" if words else "")


def hours(prior: float | None, each: int = 6) -> list[Row]:
    return [
        {
            "weekday": 1, "hour": hour, "attempts": each, "contacts": 2, "shrunk_rate_per_attempt": 2 / each,
            "campaign_rate_per_attempt": 0.25, "prior_attempts": prior,
        }
        for hour in range(6)
    ]  # fmt: skip


def test_hours_that_the_log_does_not_tell_apart_have_no_map() -> None:
    drawn = charts.heat(hours(None), Naming(), title="All", **HEAT)
    assert isinstance(drawn, charts.Remark)
    assert "does not tell one hour from another" in drawn.words
    assert "the campaign's mean, 25.0%" in drawn.words
    drawn = charts.heat(hours(20.0), Naming(), title="All", **HEAT)
    assert isinstance(drawn, charts.Heat)
    assert "the mean, 25.0%" in dict(drawn.legend)[4]


def test_anchors_are_plain_and_never_meet() -> None:
    assert anchor("dialer:ab-1") == "campaign-dialer-ab-1"
    assert anchor("action_builder:7") == "campaign-action_builder-7"
    lossy = [
        anchor(f"liondesk:{name}")
        for name in ("Spring", "spring", "spring!", "sp ring", "<b>", "=1+1", "x" * 300)
    ]
    assert len(set(lossy)) == len(lossy)
    assert all(anchor.replace("-", "").replace("_", "").isalnum() and len(anchor) < 90 for anchor in lossy)


def test_targets_without_a_campaign_are_not_taken_for_one() -> None:
    row = {"campaign_id": None, "outcome": "stuck", "targets": 2, "share": 1.0}
    assert Naming().key(row) is None
    assert Naming().line(row)[0] == "No campaign known"
