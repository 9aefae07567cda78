"""One campaign: the sections that stand in every campaign's own section."""

from __future__ import annotations

from pipelines.report.chapters.further import COVERAGE
from pipelines.report.chapters.section import Caution, Chapter, Chart, Section
from pipelines.report.charts import Drawn
from pipelines.report.vocabulary import (
    AAPOR,
    AAPOR_ORDER,
    AUDIT_LABELS,
    AUDIT_LEAD,
    BY_ANY,
    BY_TARGET,
    CLEAR,
    CLOCKS,
    COMPARED,
    COMPARED_ENDS,
    COMPARED_LEAD,
    COMPARED_OF,
    COMPARED_READING,
    CURVE,
    ESTIMATE,
    HEAT,
    LEFT_TO_DO,
    NOT_JUDGED,
    QUANTILES,
    QUANTILES_THIN,
    RATES_OF,
    RECORDS,
    RECORDS_READING,
    STACK_BY_NUMBER,
    STACK_BY_OUTCOME,
    STACK_OF_RECORDS,
    STANDS,
    TIME,
    WHAT_IF,
    WHAT_IF_OF,
    WHAT_IF_READING,
    say_standing,
)

CHAPTER = Chapter(
    "campaign",
    "Campaigns",
    (
        Section(
            id="rates",
            table="reports.campaign_contact_rates",
            title="In figures",
            of=RATES_OF,
            open=True,
        ),
        Section(
            id="dispositions",
            table="reports.campaign_dispositions",
            title="How attempts ended",
            reading=RECORDS_READING,
            charts=(Chart("stack", "Share of records by disposition", STACK_OF_RECORDS),),
            labels=RECORDS,
            order="attempts DESC, disposition",
        ),
        Section(
            id="outcomes",
            table="reports.campaign_outcomes",
            title="Where its targets stand",
            caution=STANDS,
            cautions=(
                Caution("reports.campaign_standing", "campaign_key", say_standing, where="is_far_apart"),
            ),
            charts=(Chart("stack", "Share of targets by replayed outcome", STACK_BY_OUTCOME),),
            order="targets DESC, outcome",
        ),
        Section(
            id="attempt-curve",
            table="reports.attempt_curve",
            title="What each further attempt brought",
            reading=ESTIMATE,
            charts=(Chart("plot", "Reached at and by each attempt", CURVE),),
            order="attempt_number",
            of={"hazard": ("contacts", "at_risk")},
        ),
        Section(
            id="matrix",
            table="reports.disposition_matrix",
            title="How each attempt ended",
            charts=(
                Chart(
                    "stack",
                    "Share of attempts by disposition, attempt by attempt",
                    STACK_BY_NUMBER,
                ),
            ),
            order="attempt_number, attempts DESC, disposition",
        ),
        Section(
            id="time-to-contact",
            table="reports.time_to_contact",
            title="How long it took",
            reading="Of all attempted targets, not only of those reached. While targets are open, these are estimates of "
            "what further attempts would give, not counts.",
            thin=QUANTILES_THIN,
            labels=QUANTILES,
            open=True,
        ),
        Section(
            id="time-curve",
            table="reports.time_to_contact_curve",
            title="Reached within …",
            reading=ESTIMATE,
            charts=(
                Chart(
                    "plot",
                    "Share of attempted targets reached, by time since the first attempt",
                    TIME,
                ),
            ),
            order="elapsed_seconds",
        ),
        Section(
            id="rates-by",
            table="reports.contact_rates_by",
            title="By channel, agent, destination and day",
            charts=(
                Chart(
                    "intervals",
                    "Reached, by channel",
                    {**BY_TARGET, "name": "value"},
                    where={"dimension": "channel"},
                ),
                Chart(
                    "intervals",
                    "Reached, by destination",
                    {**BY_TARGET, "name": "value", "prefix": "Destination ", "ordered": True},
                    where={"dimension": "destination_index"},
                ),
                Chart(
                    "intervals",
                    "Reached, by agent",
                    {**BY_TARGET, "name": "value"},
                    where={"dimension": "agent"},
                ),
                Chart(
                    "plot",
                    "Reached, by day",
                    {
                        "x": "value",
                        "x_kind": "day",
                        "x_title": "Day, in the reporting time zone",
                        "count": "targets_attempted",
                        "dots": (
                            Drawn(
                                "contact_rate_per_target",
                                "rate",
                                "Of the targets tried that day, reached that day",
                            ),
                        ),
                    },
                    where={"dimension": "day"},
                ),
            ),
            order="dimension, value",
            of=RATES_OF,
        ),
        Section(
            id="comparisons",
            table="reports.comparisons",
            title="Weeks and agents beside one another",
            reading="By the share of attempts that reached a person; each agent beside everybody else in this campaign. "
            f"{COMPARED_READING}",
            order="family, is_clear DESC, is_thin, p, side, other",
            lead=COMPARED_LEAD,
            only_lead=True,
            of=COMPARED_OF,
            ends=COMPARED_ENDS,
            flags=CLEAR,
            labels=COMPARED,
            open=True,
        ),
        Section(
            id="best-time",
            table="reports.best_time",
            title="When people were reached",
            reading="Hours are told by the clock of whoever was called where it is known for 80% of the campaign's attempts, "
            "otherwise by that of the reporting time zone. "
            "Read with care: first attempts are made at other hours than later ones, and those who are easy to "
            "reach are reached first. An hour that looks good may only have had the easier people. Where hours differ by "
            "more than chance, each is drawn towards the campaign's mean, the more the fewer its attempts.",
            charts=(
                *(
                    Chart(
                        "heat",
                        f"{title}: contacts per attempt, by {words}",
                        HEAT,
                        where={"attempts_kind": kind, "clock": clock},
                    )
                    for kind, title in {"first": "First attempts", "all": "All attempts"}.items()
                    for clock, words in CLOCKS.items()
                ),
            ),
            where="is_default",
            order="attempts_kind DESC, weekday, hour",
        ),
        Section(
            id="what-if",
            table="reports.retry_what_if",
            title="Had the limit on attempts been another",
            reading=WHAT_IF_READING,
            charts=(Chart("plot", "Targets reached, by the most attempts allowed", WHAT_IF),),
            order="max_attempts",
            of=WHAT_IF_OF,
        ),
        Section(
            id="inventory",
            table="reports.inventory",
            title="What is left to do",
            reading=LEFT_TO_DO,
            labels=BY_ANY,
            open=True,
        ),
        Section(
            id="contact-rules",
            table="reports.contact_rule_audit",
            title="Contact rules: kept, broken, or nobody can tell",
            reading="The share kept leaves out what nobody can tell. It is no legal advice.",
            order="breaches DESC, unverifiable DESC, judged DESC, rule",
            lead=AUDIT_LEAD,
            only_lead=True,
            labels=AUDIT_LABELS,
            words={"not_judged_because": NOT_JUDGED},
        ),
        Section(
            id="aapor",
            table="reports.aapor_rates",
            title="AAPOR outcome rates",
            cautions=COVERAGE,
            charts=(Chart("intervals", "Outcome rates, with 95% interval", AAPOR),),
            order=AAPOR_ORDER,
            of={"value": ("numerator", "denominator")},
        ),
        Section(
            id="aapor-classes",
            table="reports.aapor_classes",
            title="AAPOR final classes, and e",
            cautions=COVERAGE,
            open=True,
        ),
        Section(
            id="scheduled",
            table="reports.scheduled_communications",
            title="Scheduled communications",
            reading="They say that something was sent, not that anybody was reached.",
            order="communications DESC, type, agent_key",
            of={"share_dispatched": ("dispatched", "communications")},
            open=True,
        ),
        Section(
            id="history",
            table="reports.campaign_daily_snapshot",
            title="What was reported on earlier days",
            reading="The figures as they were published then: a past that is mended later does not change them.",
            charts=(
                Chart(
                    "plot",
                    "Share of attempted targets reached, as reported day by day",
                    {
                        "x": "published_on",
                        "x_kind": "day",
                        "x_title": "Day of the report",
                        "count": "targets_attempted",
                        "dots": (Drawn("contact_rate_per_target", "rate", "Reached, with 95% interval"),),
                    },
                ),
            ),
            order="published_on",
            of=RATES_OF,
        ),
    ),
)
