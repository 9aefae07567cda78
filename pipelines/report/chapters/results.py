"""Results: who was reached, and how attempts ended."""

from __future__ import annotations

from pipelines.report.chapters.section import Chapter, Chart, Section
from pipelines.report.vocabulary import (
    BY_TARGET,
    CLEAR,
    COMPARED,
    COMPARED_ENDS,
    COMPARED_LEAD,
    COMPARED_OF,
    COMPARED_READING,
    RATES_OF,
    RECORDS,
    RECORDS_READING,
    STACK_OF_RECORDS,
)

CHAPTER = Chapter(
    "results",
    "Results",
    (
        Section(
            id="contact-rates",
            table="reports.campaign_contact_rates",
            title="Contact rates",
            reading="Of the targets that were tried, how many were reached at least once. The dot is the measured rate, "
            "the line its 95% interval. Rows stand in the order of the measured rates, part of which is chance: which "
            "campaigns differ by more than that is said below.",
            charts=(
                Chart(
                    "intervals",
                    "Share of attempted targets reached, with 95% interval",
                    BY_TARGET,
                ),
            ),
            order="is_thin, contact_rate_per_target DESC NULLS LAST, campaign_name",
            lead=(
                "campaign_name",
                "contact_rate_per_target",
                "source",
                "targets",
                "attempts",
                "contacts",
                "contact_rate_per_attempt",
                "penetration",
                "attempts_per_contact",
            ),
            only_lead=True,
            of=RATES_OF,
            open=True,
        ),
        Section(
            id="comparisons",
            table="reports.comparisons",
            title="Campaigns and weeks beside one another",
            reading="Campaigns of a source are compared by the share of attempted targets reached, its weeks by the share "
            f"of attempts that reached a person. {COMPARED_READING}",
            where="campaign_key = 'all'",
            order="family, is_clear DESC, source, is_thin, p, side, other",
            lead=("source", *COMPARED_LEAD),
            only_lead=True,
            of=COMPARED_OF,
            ends=COMPARED_ENDS,
            flags=CLEAR,
            labels=COMPARED,
            open=True,
        ),
        Section(
            id="dispositions",
            table="reports.campaign_dispositions",
            title="How attempts ended",
            reading=f"{RECORDS_READING} Unknown is a part of its own: it is neither reached nor not reached.",
            charts=(
                Chart(
                    "stack",
                    "Share of records by disposition, campaign by campaign; number of records",
                    STACK_OF_RECORDS,
                ),
            ),
            labels=RECORDS,
            order="campaign_key, attempts DESC, disposition",
            lead=(
                "campaign_key",
                "disposition",
                "is_attempt",
                "attempts",
                "share_of_attempts",
                "targets",
                "share_of_targets",
            ),
            only_lead=True,
        ),
        Section(
            id="rates-by-overall",
            table="reports.contact_rates_by",
            title="Contact rates by source, channel, agent and time",
            reading="All campaigns of a source together. A target counts once in a slice. The slices of one source do not "
            "sum to its total: a target that was tried on two days is in both.",
            charts=(
                Chart(
                    "intervals",
                    "Share of attempted targets reached, by source",
                    {**BY_TARGET, "name": "source"},
                    where={"dimension": "total"},
                ),
                Chart(
                    "intervals",
                    "by channel",
                    {**BY_TARGET, "name": "value"},
                    where={"dimension": "channel"},
                    split="source",
                ),
            ),
            where="campaign_key = 'all'",
            order="source, dimension, value",
            of=RATES_OF,
        ),
    ),
)
