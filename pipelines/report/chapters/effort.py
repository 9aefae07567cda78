"""Attempts and time: what further attempts bring, and how long it takes."""

from __future__ import annotations

from pipelines.report.chapters.section import Chapter, Chart, Section
from pipelines.report.vocabulary import (
    CURVE,
    ESTIMATE,
    QUANTILES,
    QUANTILES_THIN,
    TIME,
    WHAT_IF,
    WHAT_IF_OF,
    WHAT_IF_READING,
)

CHAPTER = Chapter(
    "effort",
    "Attempts and time",
    (
        Section(
            id="attempt-curve-overall",
            table="reports.attempt_curve",
            title="What each further attempt brings",
            reading=f"All campaigns of a source together. Each campaign has its own curve in its section. {ESTIMATE}",
            charts=(Chart("plot", "Reached at and by each attempt", CURVE, split="source"),),
            where="campaign_key = 'all'",
            order="source, attempt_number",
            of={"hazard": ("contacts", "at_risk")},
        ),
        Section(
            id="time-to-contact-overall",
            table="reports.time_to_contact",
            title="How long it took",
            reading="The share of all attempted targets, not only of those reached. Where targets are still open it is an "
            "estimate of what further attempts would give, not a count; so it has no numerator.",
            charts=(
                Chart(
                    "intervals",
                    "Share of attempted targets reached within a day of the first attempt, estimated",
                    {"value": "within_1d"},
                ),
            ),
            order="campaign_key = 'all', is_thin, within_1d DESC NULLS LAST, campaign_name",
            lead=(
                "campaign_name",
                "source",
                "targets",
                "contacted",
                "quarter_seconds",
                "median_seconds",
                "three_quarters_seconds",
                "within_1h",
                "within_1d",
                "within_7d",
            ),
            thin=QUANTILES_THIN,
            labels=QUANTILES,
        ),
        Section(
            id="time-curve-overall",
            table="reports.time_to_contact_curve",
            title="Reached within …",
            reading=ESTIMATE,
            charts=(
                Chart(
                    "plot",
                    "Share of attempted targets reached, by time since the first attempt",
                    TIME,
                    split="source",
                ),
            ),
            where="campaign_key = 'all'",
            order="source, elapsed_seconds",
        ),
        Section(
            id="what-if-overall",
            table="reports.retry_what_if",
            title="Had the limit on attempts been another",
            reading=WHAT_IF_READING,
            charts=(Chart("plot", "Targets reached, by the most attempts allowed", WHAT_IF, split="source"),),
            where="campaign_key = 'all'",
            order="source, max_attempts",
            of=WHAT_IF_OF,
        ),
    ),
)
