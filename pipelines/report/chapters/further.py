"""Further reports: for comparison with surveys, and what was only sent. Reports that no chapter names come after them."""

from __future__ import annotations

from pipelines.report.chapters.section import Caution, Chapter, Section
from pipelines.report.vocabulary import AAPOR_ORDER, say_coverage

COVERAGE = (Caution("reports.aapor_coverage", "source", say_coverage, order="source"),)

CHAPTER = Chapter(
    "further",
    "Further reports",
    (
        Section(
            id="aapor-overall",
            table="reports.aapor_rates",
            title="AAPOR outcome rates",
            reading="For comparison with surveys. The classes are read from dispositions, as listed with the final "
            "classes: somebody reached stands for a completed interview.",
            cautions=COVERAGE,
            where="campaign_key = 'all'",
            order=f"source, {AAPOR_ORDER}",
            of={"value": ("numerator", "denominator")},
        ),
        Section(
            id="aapor-classes-overall",
            table="reports.aapor_classes",
            title="AAPOR final classes, and e",
            reading="A target that was only skipped, or called at no address, is UH here; no contact rate counts it as "
            "tried. Which disposition gives which class stands below, source by source.",
            cautions=COVERAGE,
            note="class_mapping",
            where="campaign_key = 'all'",
            order="source",
            lead=("source", "targets", "i", "p", "r", "nc", "o", "uh", "ur", "uo", "ne", "k", "u", "e"),
            only_lead=True,
        ),
        Section(
            id="aapor-coverage",
            table="reports.aapor_coverage",
            title="What a source can record for AAPOR",
            order="source",
        ),
        Section(
            id="scheduled-overall",
            table="reports.scheduled_communications",
            title="Scheduled communications",
            reading="They say that something was sent, not that anybody was reached: they are in no contact rate.",
            order="campaign_name, communications DESC, type, agent_key",
            lead=(
                "campaign_name",
                "type",
                "agent_key",
                "communications",
                "scheduled",
                "overdue",
                "dispatched",
                "completed_manually",
                "unknown",
                "dispatch_lag_seconds_median",
            ),
            only_lead=True,
        ),
    ),
)
