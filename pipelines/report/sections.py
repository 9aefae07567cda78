"""What the page shows, in order: published tables, each with the chart and the columns it leads with.

Belongs here: the declared list, and the words that are the page's own (titles, how to read a chart). Does not belong
here: what a table or a column means; that is its comment in the published file.

A section whose table, or a column that its query names, was not published is left out. A table of ``reports`` that is not
in the list is shown after those that are, under its own name: with each campaign if its rows are a campaign's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.report.charts import Drawn

Place = Literal["results", "effort", "dialer", "further", "campaign", "quality", "reference"]

CHAPTERS: Mapping[Place, str] = {
    "results": "Results",
    "effort": "Attempts and time",
    "dialer": "The dialer",
    "further": "Further reports",
    "campaign": "Campaigns",
    "quality": "Quality",
    "reference": "Reference",
}
"""The page's chapters in their order; ``campaign`` sections stand in every campaign's own section."""


@dataclass(frozen=True)
class Chart:
    """A chart's name in ``charts.CHARTS``, its title, and which columns it draws.

    ``where``: of which rows; ``split``: the column that has a chart of its own for each value.
    """

    name: str
    title: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""


@dataclass(frozen=True)
class Section:
    """One published table on the page.

    ``query`` (default: the whole table) may count a long table down. ``lead`` columns come first; when ``only_lead``,
    the others wait behind "all columns" (the CSV has them all). ``of`` says for a share which columns are its numerator
    and denominator. ``caution`` stands out: what the chart would be misread for. ``labels`` are headings for columns
    whose names would say something else here. ``empty`` is the sentence shown when the table has no rows; without one, an
    empty table is left out.
    """

    id: str
    table: str
    title: str
    place: Place
    reading: str = ""
    charts: tuple[Chart, ...] = ()
    query: str = ""
    order: str = ""
    lead: tuple[str, ...] = ()
    only_lead: bool = False
    of: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    caution: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    empty: str = ""
    open: bool = False
    limit: int = 5_000

    @property
    def rows(self) -> str:
        """The section's rows in their order, as a SELECT."""
        order = f" ORDER BY {self.order}" if self.order else ""
        return f"SELECT * FROM ({self.query or f'SELECT * FROM {self.table}'}){order}"


RATES_OF = {
    "contact_rate_per_target": ("targets_contacted", "targets_attempted"),
    "contact_rate_per_attempt": ("contacts", "attempts"),
    "penetration": ("targets_attempted", "targets"),
    "attempts_per_contact": ("attempts", "targets_contacted"),
}

BY_TARGET = {"value": "contact_rate_per_target", "part": "targets_contacted", "whole": "targets_attempted"}
STACK_BY_DISPOSITION = {"by": "disposition", "count": "attempts", "share": "share_of_attempts"}
STACK_OF_RECORDS = {**STACK_BY_DISPOSITION, "unit": "records"}
RECORDS = {"attempts": "Records", "share_of_attempts": "Share of records"}
RECORDS_READING = (
    "Every record, by how it ended. Some are no attempt: nobody was tried where something was skipped, scheduled, ticked "
    "off by hand or never placed. They are part of the bar, the legend marks them, and the number of attempts is given "
    "beside."
)
STACK_BY_OUTCOME = {"by": "outcome", "count": "targets", "share": "share"}
HEAT = {
    "value": "shrunk_rate_per_attempt",
    "count": "attempts",
    "part": "contacts",
    "day": "weekday",
    "hour": "hour",
    "prior": "prior_attempts",
}
CURVE = {
    "x": "attempt_number",
    "x_title": "Attempt number",
    "count": "at_risk",
    "dots": (
        Drawn(
            "hazard",
            "hazard",
            "Hazard: of those who got this attempt unreached, reached by it (95% interval)",
        ),
    ),
    "steps": (
        Drawn(
            "cumulative_incidence",
            "incidence",
            "Cumulative incidence: of all tried, reached by this attempt if those still open are tried on (estimate)",
        ),
        Drawn("one_minus_kaplan_meier", "other", "1 − Kaplan–Meier, for comparison: too high"),
    ),
}
TIME = {
    "x": "elapsed_seconds",
    "x_title": "Time since the first attempt (not to scale)",
    "steps": (Drawn("cumulative_incidence", "incidence", "Reached by then (95% interval): an estimate"),),
}
ESTIMATE = (
    "Where targets are still open, the line estimates what further attempts would give, taking it that they go as they "
    "went with the others; it is not a count of those reached."
)
WHAT_IF_OF = {"contact_rate_per_target": ("targets_contacted", "targets")}
WHAT_IF = {
    "x": "max_attempts",
    "x_title": "Most attempts allowed; below it, the attempts that takes",
    "x_note": "attempts",
    "counts": True,
    "dots": (
        Drawn("targets_contacted", "rate", "Counted in the log", ("basis", "log")),
        Drawn("targets_contacted", "guess", "Extrapolated, with its band", ("basis", "extrapolated")),
    ),
}
AAPOR = {
    "value": "value",
    "part": "numerator",
    "whole": "denominator",
    "name": "rate",
    "note": "formula",
    "ordered": True,
}
AAPOR_ORDER = "CASE left(rate, 3) WHEN 'coo' THEN 2 WHEN 'ref' THEN 3 WHEN 'con' THEN 4 ELSE 1 END, rate"
STANDS = (
    "Do not read the reached share here as a contact rate. A target stands only in the campaign that called it last: "
    "those whom a campaign did not reach and another called later stand in that other one, and those it reached stay. A "
    "first pass therefore looks better here than it was. How many of those it tried a campaign reached is under Contact "
    "rates."
)
BY_ANY = {"reached": "Reached by any campaign"}
LEFT_TO_DO = (
    "Reached means reached by any campaign, not only by the one in whose row it stands. A dash for "
    "tries or for the penetration says that the log does not tell."
)
WHAT_IF_READING = (
    "A lower maximum can be counted in the log. A higher one is a guess: it takes the next attempts to work as well as "
    "the last ones did, and the band does not cover that being wrong."
)

SECTIONS = (
    Section(
        id="contact-rates",
        table="reports.campaign_contact_rates",
        title="Contact rates",
        place="results",
        reading="Of the targets that were tried, how many were reached at least once. The dot is the measured rate, the "
        "line its 95% interval. The rows are in the order of the measured rates, some of which chance made: intervals "
        "that overlap do not tell by themselves which of two campaigns is the higher.",
        charts=(
            Chart(
                "intervals",
                "Share of attempted targets reached, with 95% interval",
                BY_TARGET,
            ),
        ),
        order="targets_attempted < 5, contact_rate_per_target DESC NULLS LAST, campaign_name",
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
        id="dispositions",
        table="reports.campaign_dispositions",
        title="How attempts ended",
        place="results",
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
        id="attempt-curve-overall",
        table="reports.attempt_curve",
        title="What each further attempt brings",
        place="effort",
        reading=f"All campaigns of a source together. The campaigns' own curves are in their sections. {ESTIMATE}",
        charts=(Chart("plot", "Reached at and by each attempt", CURVE, split="source"),),
        query="SELECT * FROM reports.attempt_curve WHERE campaign_key = 'all'",
        order="source, attempt_number",
        of={"hazard": ("contacts", "at_risk")},
    ),
    Section(
        id="time-to-contact-overall",
        table="reports.time_to_contact",
        title="How long it took",
        place="effort",
        reading="The share of all attempted targets, not only of those reached. Where targets are still open it is an "
        "estimate of what further attempts would give, not a count; so it has no numerator.",
        charts=(
            Chart(
                "intervals",
                "Share of attempted targets reached within a day of the first attempt, estimated",
                {"value": "within_1d"},
            ),
        ),
        order="campaign_key = 'all', targets < 5, within_1d DESC NULLS LAST, campaign_name",
        lead=(
            "campaign_name",
            "source",
            "targets",
            "contacted",
            "median_seconds",
            "within_1h",
            "within_1d",
            "within_7d",
        ),
    ),
    Section(
        id="time-curve-overall",
        table="reports.time_to_contact_curve",
        title="Reached within …",
        place="effort",
        reading=ESTIMATE,
        charts=(
            Chart(
                "plot",
                "Share of attempted targets reached, by time since the first attempt",
                TIME,
                split="source",
            ),
        ),
        query="SELECT * FROM reports.time_to_contact_curve WHERE campaign_key = 'all'",
        order="source, elapsed_seconds",
    ),
    Section(
        id="rates-by-overall",
        table="reports.contact_rates_by",
        title="Contact rates by source, channel, agent and time",
        place="results",
        reading="All campaigns of a source together, each target counted once in a slice. The slices of one source do "
        "not sum to its total: a target that was tried on two days is in both.",
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
        query="SELECT * FROM reports.contact_rates_by WHERE campaign_key = 'all'",
        order="source, dimension, value",
        of=RATES_OF,
    ),
    Section(
        id="what-if-overall",
        table="reports.retry_what_if",
        title="Had the limit on attempts been another",
        place="effort",
        reading=WHAT_IF_READING,
        charts=(Chart("plot", "Targets reached, by the most attempts allowed", WHAT_IF, split="source"),),
        query="SELECT * FROM reports.retry_what_if WHERE campaign_key = 'all'",
        order="source, max_attempts",
        of=WHAT_IF_OF,
    ),
    Section(
        id="aapor-overall",
        table="reports.aapor_rates",
        title="AAPOR outcome rates",
        place="further",
        reading="For comparison with surveys. The classes are read from dispositions, as listed with the final classes: "
        "somebody reached stands for a completed interview.",
        query="SELECT * FROM reports.aapor_rates WHERE campaign_key = 'all'",
        order=f"source, {AAPOR_ORDER}",
        of={"value": ("numerator", "denominator")},
    ),
    Section(
        id="aapor-classes-overall",
        table="reports.aapor_classes",
        title="AAPOR final classes, and e",
        place="further",
        reading="A target that was only skipped, or called at no address, is UH here; no contact rate counts it as tried.",
        query="SELECT * FROM reports.aapor_classes WHERE campaign_key = 'all'",
        order="source",
        lead=("source", "targets", "i", "p", "r", "nc", "o", "uh", "ur", "uo", "ne", "k", "u", "e"),
        only_lead=True,
    ),
    Section(
        id="scheduled-overall",
        table="reports.scheduled_communications",
        title="Scheduled communications",
        place="further",
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
    Section(
        id="outcomes",
        table="reports.campaign_outcomes",
        title="Where each VoIPBIN target stands",
        place="dialer",
        reading="The call log replayed through the dialer's rules: what became of every target, as of the moment of "
        "this report. Each target counts once, in the campaign of its latest call.",
        caution=STANDS,
        charts=(
            Chart(
                "stack",
                "Share of targets by replayed outcome, campaign by campaign",
                STACK_BY_OUTCOME,
            ),
        ),
        order="campaign_id, targets DESC, outcome",
        lead=("campaign_name", "outcome", "targets", "share"),
        only_lead=True,
    ),
    Section(
        id="inventory-overall",
        table="reports.inventory",
        title="What is left to do",
        place="dialer",
        reading="VoIPBIN alone knows whom it means to reach and how often. A target that several campaigns share is in "
        f"each of them, and once in all campaigns. {LEFT_TO_DO}",
        order="campaign_key = 'all' DESC, remaining_tries DESC NULLS LAST, campaign_name",
        labels=BY_ANY,
        lead=(
            "campaign_name",
            "targets",
            "remaining_tries",
            "untouched",
            "retry_due",
            "retry_waiting",
            "next_eligible_at",
            "in_flight",
            "stuck",
            "reached",
            "exhausted",
            "stranded",
            "not_dialable",
            "unresolved",
            "unnamed",
        ),
        only_lead=True,
        open=True,
    ),
    Section(
        id="violations",
        table="replay.violations",
        title="Calls that broke the dialer's rules",
        place="dialer",
        reading="Illegal: the rule was broken. Tolerated: only the clock tolerance excuses it. Unverifiable: the log "
        "does not hold what the rule needs, so nobody can say.",
        query="SELECT code, verdict, count(*)::BIGINT AS calls, count(DISTINCT outdial_target_id)::BIGINT AS targets, "
        "min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM replay.violations GROUP BY code, verdict",
        order="calls DESC, code, verdict",
        comments={
            "calls": "rows of the table with this code and verdict: one per call and code",
            "targets": "outdial targets with at least one of them",
            "first_at": "the earliest of them (UTC)",
            "last_at": "the latest of them (UTC)",
        },
        empty="No call broke a rule that the log can check.",
        open=True,
    ),
    Section(
        id="agreement",
        table="replay.target_outcomes",
        title="Agreement with the platform's own records",
        place="dialer",
        reading="The replayed state of every target against the row the platform keeps. A difference is named, never "
        "corrected.",
        query="SELECT 'status' AS compared, status_agreement AS agreement, count(*)::BIGINT AS targets, "
        "count(*) / sum(count(*)) OVER ()::DOUBLE AS share FROM replay.target_outcomes GROUP BY status_agreement "
        "UNION ALL SELECT 'tries', tries_agreement, count(*)::BIGINT, count(*) / sum(count(*)) OVER ()::DOUBLE "
        "FROM replay.target_outcomes GROUP BY tries_agreement",
        order="compared, targets DESC, agreement",
        comments={
            "compared": "status: `status_agreement`; tries: `tries_agreement`",
            "agreement": "the verdict of the comparison",
            "targets": "outdial targets with this verdict",
            "share": "of all outdial targets, 0..1",
        },
        open=True,
    ),
    Section(
        id="rates",
        table="reports.campaign_contact_rates",
        title="In figures",
        place="campaign",
        of=RATES_OF,
        open=True,
    ),
    Section(
        id="dispositions",
        table="reports.campaign_dispositions",
        title="How attempts ended",
        place="campaign",
        reading=RECORDS_READING,
        charts=(Chart("stack", "Share of records by disposition", STACK_OF_RECORDS),),
        labels=RECORDS,
        order="attempts DESC, disposition",
    ),
    Section(
        id="outcomes",
        table="reports.campaign_outcomes",
        title="Where its targets stand",
        place="campaign",
        caution=STANDS,
        charts=(Chart("stack", "Share of targets by replayed outcome", STACK_BY_OUTCOME),),
        order="targets DESC, outcome",
    ),
    Section(
        id="attempt-curve",
        table="reports.attempt_curve",
        title="What each further attempt brought",
        place="campaign",
        reading=ESTIMATE,
        charts=(Chart("plot", "Reached at and by each attempt", CURVE),),
        order="attempt_number",
        of={"hazard": ("contacts", "at_risk")},
    ),
    Section(
        id="matrix",
        table="reports.disposition_matrix",
        title="How each attempt ended",
        place="campaign",
        charts=(
            Chart(
                "stack",
                "Share of attempts by disposition, attempt by attempt",
                {**STACK_BY_DISPOSITION, "name": "attempt_number"},
            ),
        ),
        order="attempt_number, attempts DESC, disposition",
    ),
    Section(
        id="time-to-contact",
        table="reports.time_to_contact",
        title="How long it took",
        place="campaign",
        open=True,
    ),
    Section(
        id="time-curve",
        table="reports.time_to_contact_curve",
        title="Reached within …",
        place="campaign",
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
        place="campaign",
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
                "intervals", "Reached, by agent", {**BY_TARGET, "name": "value"}, where={"dimension": "agent"}
            ),
            Chart(
                "plot",
                "Reached, by day",
                {
                    "x": "value",
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
        id="best-time",
        table="reports.best_time",
        title="When people were reached",
        place="campaign",
        reading="Read with care: first attempts are made at other hours than later ones, and those who are easy to "
        "reach are reached first. An hour that looks good may only have had the easier people. Where hours differ by more than "
        "chance, each is drawn towards the campaign's mean, the more the fewer its attempts.",
        charts=(
            Chart(
                "heat",
                "First attempts: contacts per attempt",
                HEAT,
                where={"attempts_kind": "first"},
            ),
            Chart(
                "heat",
                "All attempts: contacts per attempt",
                HEAT,
                where={"attempts_kind": "all"},
            ),
        ),
        order="attempts_kind DESC, weekday, hour",
    ),
    Section(
        id="what-if",
        table="reports.retry_what_if",
        title="Had the limit on attempts been another",
        place="campaign",
        reading=WHAT_IF_READING,
        charts=(Chart("plot", "Targets reached, by the most attempts allowed", WHAT_IF),),
        order="max_attempts",
        of=WHAT_IF_OF,
    ),
    Section(
        id="inventory",
        table="reports.inventory",
        title="What is left to do",
        place="campaign",
        reading=LEFT_TO_DO,
        labels=BY_ANY,
        open=True,
    ),
    Section(
        id="aapor",
        table="reports.aapor_rates",
        title="AAPOR outcome rates",
        place="campaign",
        charts=(Chart("intervals", "Outcome rates, with 95% interval", AAPOR),),
        order=AAPOR_ORDER,
        of={"value": ("numerator", "denominator")},
    ),
    Section(
        id="aapor-classes",
        table="reports.aapor_classes",
        title="AAPOR final classes, and e",
        place="campaign",
        open=True,
    ),
    Section(
        id="scheduled",
        table="reports.scheduled_communications",
        title="Scheduled communications",
        place="campaign",
        reading="They say that something was sent, not that anybody was reached.",
        order="communications DESC, type, agent_key",
        of={"share_dispatched": ("dispatched", "communications")},
        open=True,
    ),
    Section(
        id="history",
        table="reports.campaign_daily_snapshot",
        title="What was reported on earlier days",
        place="campaign",
        reading="The figures as they were published then: a past that is mended later does not change them.",
        charts=(
            Chart(
                "plot",
                "Share of attempted targets reached, as reported day by day",
                {
                    "x": "published_on",
                    "x_title": "Day of the report",
                    "count": "targets_attempted",
                    "dots": (Drawn("contact_rate_per_target", "rate", "Reached, with 95% interval"),),
                },
            ),
        ),
        order="published_on",
        of=RATES_OF,
    ),
    Section(
        id="failed-checks",
        table="quality.check_results",
        title="Checks that failed",
        place="quality",
        query="SELECT * FROM quality.check_results WHERE NOT passed",
        order="severity, table_name, check_name",
        lead=("table_name", "check_name", "severity", "observed", "checked_at"),
        empty="None failed.",
        open=True,
    ),
    Section(
        id="row-accounting",
        table="quality.row_accounting",
        title="Every row accounted for",
        place="quality",
        reading="Read = accepted + superseded + rejected, for every file. Superseded rows are older versions of a row, "
        "or the same file again. Of a file that changed: its rows now, and those of before that are still in the ledger.",
        order="source, resource, file",
        open=True,
    ),
    Section(
        id="rejected-rows",
        table="quality.rejected_rows",
        title="Rows that were rejected",
        place="quality",
        reading="Kept as they came, with the reason; they are in no figure above.",
        order="source, resource, file, position",
        lead=("reason", "field", "value", "source", "resource", "file", "position", "record"),
        empty="No row was rejected.",
        limit=1_000,
    ),
    Section(
        id="notices",
        table="quality.notices",
        title="Worth knowing of the input",
        place="quality",
        reading="Values that were read and kept although they were new or contradict another field, and files that "
        "nothing reads.",
        order="source, resource, file, code, field, value",
        empty="Nothing out of the ordinary was read.",
        limit=1_000,
    ),
    Section(
        id="mapping",
        table="core.dispositions",
        title="What each source's words were read as",
        place="reference",
        reading="Source value → unified disposition, as loaded for this report. A value that no line names is unknown.",
        order="source, field, value",
        lead=("source", "field", "value", "label", "disposition", "is_attempt", "is_contact", "aapor_class"),
        limit=2_000,
    ),
)
