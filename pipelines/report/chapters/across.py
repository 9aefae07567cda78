"""Across systems: one person counted once, what was done to it over all systems, and which contact rules that kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.report.chapters.section import Beside, Chapter, Chart, Copied, Section
from pipelines.report.vocabulary import (
    AUDIT_LABELS,
    AUDIT_LEAD,
    CHECKED,
    EFFECTS,
    HELD_BACK,
    NO_ADVICE,
    NOT_JUDGED,
    PURPOSES,
    REASONS,
    RESTRICTIONS,
    VERDICTS,
    VIA,
    YOURS,
    ZONE_BASES,
)

SHOWN = 50
"""So many attempts that broke a rule are printed."""

SHOWN_PEOPLE = 20
"""So many people of a list are printed."""

SAVED = 20_000
"""So many of them are packed into the page for the CSV: some 1 MB."""

PERIODS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
UNITS = {"point": "Numbers and addresses", "person": "People"}

RULE_LABELS = {
    "title": "Rule",
    "breaches": "Broken",
    "unverifiable": "Nobody can tell",
    "tolerated": "Within the grace",
    "people": "On people",
    "is_on": "On",
    "checked_how": "Checked how",
    "note": "What the line leaves out",
}
RULE_WORDS: Mapping[str, Mapping[Any, str]] = {
    "effect": EFFECTS,
    "checked_how": CHECKED,
    "citation": {None: YOURS},
}

CHAPTER = Chapter(
    "across",
    "Across systems",
    (
        Section(
            id="undeclared-purposes",
            table="reports.undeclared_purposes",
            title="What could not be judged, and the lines that change it",
            reading=PURPOSES,
            order="not_judged DESC, campaign_key",
            lead=("campaign_name", "source", "not_judged", "attempts", "rules", "line"),
            only_lead=True,
            labels={"not_judged": "Attempts not judged", "rules": "Rules that ask", "line": "Line to write"},
            copied=Copied("line", "purposes.csv", "source,campaign,purpose,consent"),
            open=True,
        ),
        Section(
            id="people-reached",
            table="reports.people_reached",
            title="People, each counted once",
            reading="In the row of all systems a person who is in several counts once. So the systems do not sum to it. A "
            "target that nothing could match counts as a person of its own: the smaller the matched share, the more people "
            "may still be counted twice.",
            charts=(
                Chart(
                    "intervals",
                    "Share of the people tried who were reached, with 95% interval",
                    {
                        "value": "contact_rate",
                        "part": "people_contacted",
                        "whole": "people_attempted",
                        "name": "source",
                        "ordered": True,
                    },
                ),
            ),
            where="people > 0",
            order="source <> 'all', source",
            of={"contact_rate": ("people_contacted", "people_attempted")},
            labels={"is_matched_share": "Targets that can be matched"},
        ),
        Section(
            id="people-in-several",
            table="core.people",
            title="People in two systems or more",
            reading="Most attempts first. A mark that is in force in one system stands here, whichever system tried next.",
            where="systems >= 2",
            order="attempts DESC, person_key",
            lead=(
                "display_name",
                "person_key",
                "systems",
                "targets",
                "attempts",
                "contacts",
                "most_in_24h",
                "most_in_7d",
                "restriction",
                "last_attempt_at",
            ),
            only_lead=True,
            labels={
                "display_name": "Name",
                "person_key": "Person",
                "most_in_24h": "Most in 24 h",
                "most_in_7d": "Most in 7 d",
                "restriction": "Mark in force",
            },
            words={"restriction": RESTRICTIONS},
            limit=SHOWN_PEOPLE,
            saved=SAVED,
            open=True,
            is_traced=True,
        ),
        Section(
            id="system-overlap",
            table="reports.system_overlap",
            title="Who is in which systems",
            reading="A system with itself is everybody whom it knows. In the second map, a count off the diagonal is people "
            "who were marked in one system, by their own wish or because the number was wrong, and tried by another "
            "afterwards.",
            charts=(
                Chart(
                    "matrix",
                    "People whom both systems know",
                    {
                        "down": "first_source",
                        "across": "second_source",
                        "value": "people_in_both",
                        "unit": "people",
                        "own": "in all",
                    },
                ),
                Chart(
                    "matrix",
                    "People marked in the system of the row, and tried afterwards by the system of the column",
                    {
                        "down": "first_source",
                        "across": "second_source",
                        "value": "restricted_in_first_attempted_in_second",
                        "unit": "people",
                        "own": "itself",
                    },
                ),
            ),
            where="EXISTS (SELECT 1 FROM reports.system_overlap "
            "WHERE first_source <> second_source AND people_in_both > 0)",
            order="first_source, second_source",
            labels={
                "first_source": "System",
                "second_source": "Other system",
                "restricted_in_first_attempted_in_second": "Marked in the one, tried by the other",
            },
        ),
        Section(
            id="contact-pressure",
            table="reports.contact_pressure",
            title="How often the same number, and the same person, was tried",
            reading="All systems together, each number or person by the most attempts it ever had within such a time. The "
            "lines are the caps that judged an attempt. A cap for each person says nothing certain of a number that several "
            "people share.",
            charts=tuple(
                Chart(
                    "pressure",
                    f"{title} by the most attempts within {words}",
                    where={"unit": unit, "period": period},
                    beside={
                        "caps": Beside(
                            "core.contact_rules",
                            f"kind = 'cap' AND enabled AND period = '{period}' "
                            "AND rule IN (SELECT rule FROM reports.contact_rule_audit WHERE judged > 0)",
                            "cap, rule",
                        )
                    },
                )
                for period, words in PERIODS.items()
                for unit, title in UNITS.items()
            ),
            order="period, unit DESC, attempts",
            labels={"people": "People, or numbers", "in_several_systems": "Tried by several systems"},
        ),
        Section(
            id="called-hours",
            table="reports.called_hours",
            title="At what hour it was for those called",
            reading="By the clock of whoever was called, as far as the number or the address tells it. Attempts at a number "
            "whose zones do not share one hour are in no cell.",
            charts=(
                Chart(
                    "matrix",
                    "Attempts by the called party’s weekday and hour, all systems",
                    {"down": "weekday", "across": "hour", "value": "attempts", "unit": "attempts"},
                    where={"source": "all"},
                ),
            ),
            order="source <> 'all', source, weekday, hour",
            of={"contact_rate_per_attempt": ("contacts", "attempts")},
        ),
        Section(
            id="contact-rule-counts",
            table="reports.contact_rule_counts",
            title="Contact rules: kept, broken, or nobody can tell",
            reading="The share kept leaves out what nobody can tell. House rules are yours to set, in contact_rules.csv of the "
            "landing folder. Not judged: the rule asks for another purpose, channel or place. A rule that rests on second-hand "
            "reading is off until you switch it on.",
            charts=(
                Chart(
                    "verdicts",
                    "Attempts that each rule judged, by verdict",
                    {"unit": "attempts judged", "yours": YOURS},
                ),
            ),
            where="judged > 0",
            order="breaches DESC, unverifiable DESC, judged DESC, rule",
            lead=(
                "title",
                "share_kept",
                "breaches",
                "people",
                "unverifiable",
                "tolerated",
                "judged",
                "not_judged",
                "citation",
                "checked_on",
                "checked_how",
            ),
            only_lead=True,
            labels=RULE_LABELS,
            words=RULE_WORDS,
            flags={"is_on": ("on", "off")},
            open=True,
        ),
        Section(
            id="contact-rules-idle",
            table="reports.contact_rule_counts",
            title="Rules that judged nothing",
            reading="On, and no campaign or number that they are about; or off. Rules of law judge only campaigns whose "
            "purpose was declared.",
            where="judged = 0 AND EXISTS (SELECT 1 FROM reports.contact_rule_audit)",
            order="is_on DESC, rule",
            lead=("title", "is_on", "jurisdiction", "citation", "checked_on", "checked_how", "note"),
            only_lead=True,
            labels=RULE_LABELS,
            words=RULE_WORDS,
            flags={"is_on": ("on", "off")},
        ),
        Section(
            id="contact-rule-audit",
            table="reports.contact_rule_audit",
            title="The same, campaign by campaign",
            where="judged > 0",
            order="breaches DESC, unverifiable DESC, campaign_name, rule",
            lead=("campaign_name", *AUDIT_LEAD),
            only_lead=True,
            labels=AUDIT_LABELS,
            words={"not_judged_because": NOT_JUDGED},
        ),
        Section(
            id="breaches",
            table="compliance.breaches",
            title="Attempts that broke a rule, or may have",
            reading="Broken ones first, the latest at the top. Each row is one attempt and one rule; the person leads to all "
            "that was done to it.",
            order="verdict <> 'breach', verdict <> 'unverifiable', occurred_at DESC, attempt_key, rule",
            lead=(
                "occurred_at",
                "rule",
                "verdict",
                "reason",
                "source",
                "campaign_key",
                "person_key",
                "point_key",
                "count_in_period",
                "via",
                "local_from",
                "local_until",
                "zone_basis",
                "attempt_key",
            ),
            only_lead=True,
            labels={
                "occurred_at": "When (UTC)",
                "reason": "Why",
                "source": "System",
                "campaign_key": "Campaign",
                "count_in_period": "Attempts in the period",
                "via": "Counted together by",
                "local_from": "Their clock, at the earliest",
                "local_until": "Their clock, at the latest",
                "zone_basis": "Zone known by",
                "point_key": "Number or address",
                "person_key": "Person",
            },
            words={
                "verdict": VERDICTS,
                "reason": REASONS,
                "via": VIA,
                "zone_basis": ZONE_BASES,
                "effect": EFFECTS,
            },
            limit=SHOWN,
            saved=SAVED,
            open=True,
            is_traced=True,
        ),
        Section(
            id="contact-trace",
            table="reports.contact_trace",
            title="What was done to one person",
            reading="The answer to a complaint: every attempt and every mark of one person, over all systems, in the order of "
            "time. Search for a name, a number in any spelling, an e-mail address, a target or a person.",
        ),
        Section(
            id="call-next",
            table="reports.call_next",
            title="Whom to try next: the call list",
            reading="Open targets that nothing holds back, best first: the chance of the next attempt, by its number and by "
            "the hour it is for them. A person who was reached in another system, is marked anywhere, or is at a cap is not "
            "on the list. It is as of the moment of this report; load it before it is old.",
            where="held_back_by IS NULL",
            order="score DESC NULLS LAST, callable_from, target_key",
            lead=(
                "person_key",
                "point_key",
                "callable_from",
                "callable_until",
                "campaign_key",
                "tries_left",
                "score",
                "zones",
            ),
            only_lead=True,
            words={"held_back_by": HELD_BACK},
            labels={
                "person_key": "Person",
                "point_key": "Number or address",
                "callable_from": "From (UTC)",
                "callable_until": "Until (UTC)",
                "zones": "Time zones",
                "campaign_key": "Campaign",
            },
            limit=SHOWN_PEOPLE,
            saved=SAVED,
            open=True,
            is_traced=True,
        ),
    ),
    cautions=(NO_ADVICE,),
    empty="No attempt, and nobody who is known in two systems: there is nothing to say across systems in this report.",
)
