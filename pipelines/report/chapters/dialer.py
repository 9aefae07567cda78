"""The dialer: the one system with lists, a retry policy and a log that can be replayed."""

from __future__ import annotations

from pipelines.report.chapters.section import Caution, Chapter, Chart, Section
from pipelines.report.vocabulary import BY_ANY, LEFT_TO_DO, STACK_BY_OUTCOME, STANDS, say_standing

CHAPTER = Chapter(
    "dialer",
    "The dialer",
    (
        Section(
            id="outcomes",
            table="reports.campaign_outcomes",
            title="Where each of the dialer's targets stands",
            reading="The call log replayed through the dialer's rules: what became of every target, as of the moment of "
            "this report. Each target counts once, in the campaign of its latest call.",
            caution=STANDS,
            cautions=(
                Caution(
                    "reports.campaign_standing",
                    "campaign_key",
                    say_standing,
                    where="is_far_apart",
                    order="place",
                    is_single=True,
                ),
            ),
            charts=(
                Chart(
                    "stack",
                    "Share of targets by replayed outcome, campaign by campaign; number of targets",
                    STACK_BY_OUTCOME,
                ),
            ),
            order="campaign_name, campaign_id, targets DESC, outcome",
            lead=("campaign_name", "outcome", "targets", "share"),
            only_lead=True,
        ),
        Section(
            id="standing",
            table="reports.campaign_standing",
            title="Reached, of those that stand there and of those tried",
            reading="Furthest apart first. Judge a campaign by its contact rate: the other share leaves out those whom "
            "another campaign called later.",
            order="place",
            lead=("campaign_name", "share_reached", "contact_rate_per_target"),
            only_lead=True,
            of={
                "share_reached": ("reached", "targets"),
                "contact_rate_per_target": ("targets_contacted", "targets_attempted"),
            },
        ),
        Section(
            id="inventory-overall",
            table="reports.inventory",
            title="What is left to do",
            reading="Only the dialer knows whom it means to reach and how often. A target that several campaigns share "
            f"counts in each of them, and once in all campaigns. {LEFT_TO_DO}",
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
            table="reports.violation_counts",
            title="Calls that broke the dialer's rules",
            reading="Illegal: the rule was broken. Tolerated: only the clock tolerance excuses it. Unverifiable: the log "
            "does not hold what the rule needs, so nobody can say.",
            order="calls DESC, code, verdict",
            empty="No call broke a rule that the log can check.",
            open=True,
        ),
        Section(
            id="agreement",
            table="reports.agreement_counts",
            title="Agreement with the platform's own records",
            reading="The replayed state of every target against the row the platform keeps. A difference is named, never "
            "corrected.",
            order="compared, targets DESC, agreement",
            open=True,
        ),
    ),
)
