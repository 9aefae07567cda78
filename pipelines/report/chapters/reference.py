"""Reference: what the words mean, and the head of the page as tables. The glossary and the definitions stand around it."""

from __future__ import annotations

from pipelines.report.chapters.section import Chapter, Section

CHAPTER = Chapter(
    "reference",
    "Reference",
    (
        Section(
            id="headline",
            table="reports.headline",
            title="The head of this page, in figures",
            of={"contact_rate_per_target": ("targets_contacted", "targets_attempted")},
        ),
        Section(
            id="headline-sources",
            table="reports.headline_sources",
            title="The head of this page, source by source",
            order="source",
        ),
        Section(
            id="mapping",
            table="core.dispositions",
            title="What each source's words were read as",
            reading="Source value → unified disposition, as loaded for this report. A value that no line names is unknown.",
            order="source, field, value",
            lead=(
                "source", "field", "value", "label", "disposition", "is_attempt", "is_contact", "aapor_class"
            ),
            limit=2_000,
        ),
    ),
)  # fmt: skip
