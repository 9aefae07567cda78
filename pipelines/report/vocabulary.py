"""Words and column maps that several chapters share.

Belongs here: sentences that stand in more than one place, and which columns a chart draws of a table that more than one
section shows. Does not belong here: a section, or what a column means.
"""

from __future__ import annotations

from pipelines.report.charts import Drawn
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import listed, number, percent

# -- numerators and denominators ---------------------------------------------------------------------------------------

RATES_OF = {
    "contact_rate_per_target": ("targets_contacted", "targets_attempted"),
    "contact_rate_per_attempt": ("contacts", "attempts"),
    "penetration": ("targets_attempted", "targets"),
    "attempts_per_contact": ("attempts", "targets_contacted"),
}
COMPARED_OF = {"rate": ("reached", "tried"), "other_rate": ("other_reached", "other_tried")}
COMPARED_ENDS = {"difference": ("low", "high")}
QUANTILES_THIN = {
    "quarter_seconds": "quarter_is_thin",
    "median_seconds": "median_is_thin",
    "three_quarters_seconds": "three_quarters_is_thin",
}
WHAT_IF_OF = {"contact_rate_per_target": ("targets_contacted", "targets")}

# -- charts ------------------------------------------------------------------------------------------------------------

BY_TARGET = {"value": "contact_rate_per_target", "part": "targets_contacted", "whole": "targets_attempted"}
STACK_OF_RECORDS = {
    "by": "disposition",
    "count": "attempts",
    "share": "share_of_attempts",
    "total": "records_in_campaign",
    "attempts": "attempts_in_campaign",
    "unit": "records",
}
STACK_BY_NUMBER = {
    "by": "disposition",
    "count": "attempts",
    "share": "share_of_attempts",
    "total": "attempts_with_number",
    "name": "attempt_number",
}
STACK_BY_OUTCOME = {"by": "outcome", "count": "targets", "share": "share", "total": "targets_in_campaign"}
HEAT = {
    "value": "shrunk_rate_per_attempt",
    "count": "attempts",
    "mean": "campaign_rate_per_attempt",
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
    "x_kind": "seconds",
    "x_title": "Time since the first attempt (not to scale)",
    "steps": (Drawn("cumulative_incidence", "incidence", "Reached by then (95% interval): an estimate"),),
}
WHAT_IF = {
    "x": "max_attempts",
    "x_title": "Most attempts allowed; below it, the attempts that takes",
    "x_note": "attempts",
    "counts": True,
    "dots": (
        Drawn("targets_contacted", "rate", "Counted in the log", ("basis", "log")),
        Drawn(
            "targets_contacted",
            "guess",
            "Extrapolated: what to expect, and where 95 of 100 results would lie",
            ("basis", "extrapolated"),
            interval="_predicted",
        ),
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

CLOCKS = {"called": "the clock of those called", "reporting": "the clock of the reporting time zone"}

# -- orders, headings --------------------------------------------------------------------------------------------------

AAPOR_ORDER = "CASE left(rate, 3) WHEN 'coo' THEN 2 WHEN 'ref' THEN 3 WHEN 'con' THEN 4 ELSE 1 END, rate"
QUANTILES = {
    "quarter_seconds": "Until a quarter was reached",
    "median_seconds": "Until half was reached (median)",
    "three_quarters_seconds": "Until three quarters were reached",
}
RECORDS = {"attempts": "Records", "share_of_attempts": "Share of records"}
COMPARED = {
    "side_name": "One side",
    "other_name": "Beside",
    "rate": "Rate of the one",
    "other_rate": "Rate beside",
    "difference": "Difference, in points",
    "is_clear": "Verdict",
}
CLEAR = {"is_clear": ("clear", "not told apart")}
COMPARED_LEAD = ("family", "side_name", "other_name", "rate", "other_rate", "difference", "is_clear")
BY_ANY = {"reached": "Reached by any campaign"}

# -- contact rules: their words in plain ones --------------------------------------------------------------------------

VERDICTS = {
    "breach": "Broken",
    "unverifiable": "Nobody can tell",
    "tolerated": "Within the grace",
}
REASONS = {
    "outside_hours": "Outside the hours in every zone that the number may be in",
    "outside_hours_in_some_zones": "Outside the hours in some of the zones that the number may be in, inside in others",
    "recorded_not_dialled": "The time is that of a note or of the end, not of the dial",
    "consent_unknown": "Consent would lift the rule, and nobody says whether there was any",
    "no_location": "Nothing says in which time zone the number is",
    "over_cap": "More attempts than the cap allows",
    "likely_match": "Counts only if it is the same person: the match is likely, not sure",
    "may_not_have_connected": "Counts only if the attempts got through, and nobody says so",
    "after_contact": "Too soon after a conversation",
    "after_mark": "After a mark that forbids it",
    "within_grace": "After a mark, within the time that the rule allows for heeding it",
    "marked_on_another_point": "The mark is on another number or address of the same person",
    "mark_without_date": "Nothing says since when the mark holds",
}
NOT_JUDGED = {
    "purpose_undeclared": "Nobody declared what the campaign is for",
    "other_purpose": "The rule is about other purposes",
    "other_channel": "The rule is about other channels",
    "other_jurisdiction": "The rule holds elsewhere",
    "no_location": "Nothing says in which country the number is",
    "no_point": "Nobody says where the attempt went",
    "consent": "The people consented, which lifts the rule",
}
EFFECTS = {
    "forbidden": "Forbidden",
    "presumed": "Presumed too much, unless facts show otherwise",
    "house": "Your own rule",
}
YOURS = "Yours to set; no law is meant"
CHECKED = {
    "official": "at the official place",
    "quote": "as others quote it",
    "secondary": "as others describe it",
}
VIA = {
    "same_point": "the same number or address",
    "same_target": "the same target",
    "matched_person": "the same person, by matching",
}
ZONE_BASES = {
    "address": "the postal address",
    "stated": "stated by the system",
    "inferred": "inferred by the system",
    "area_code": "the area code",
    "country": "the country code",
    "none": "nothing",
}
RESTRICTIONS = {
    "house_list": "On your own list",
    "do_not_contact": "Asked not to be contacted",
    "opted_out": "Opted out",
    "bad_contact_info": "Wrong number or address",
}
HELD_BACK = {
    "restricted": "A mark forbids it",
    "cap": "A cap is reached",
    "outside_hours": "Outside the hours just now",
    "in_flight": "An attempt is under way",
    "exhausted": "No tries left",
    "no_usable_point": "No usable number",
    "reached_elsewhere": "Reached in another system",
}
AUDIT_LEAD = (
    "rule", "share_kept", "breaches", "unverifiable", "tolerated", "judged", "not_judged", "not_judged_because",
)  # fmt: skip
AUDIT_LABELS = {
    "breaches": "Broken",
    "unverifiable": "Nobody can tell",
    "tolerated": "Within the grace",
    "not_judged_because": "Mostly because",
}

# -- sentences ---------------------------------------------------------------------------------------------------------

RECORDS_READING = (
    "Every record, by how it ended. Some records are no attempt: nobody was tried where something was skipped, scheduled, "
    "ticked off by hand or never placed. They are part of the bar, the legend marks them, and the number of attempts "
    "stands beside."
)
ESTIMATE = (
    "Where targets are still open, the line is an estimate of what further attempts would give, if they go as they went "
    "with the others. It does not count those reached."
)
STANDS = (
    "Do not read the reached share here as a contact rate. A target stands only in the campaign that called it last. "
    "Those whom a campaign did not reach and another called later stand in that other one; those it reached stay. A first "
    "pass therefore looks better here than it was. Contact rates are the figures to judge a campaign by."
)
COMPARED_READING = (
    "Clear: the difference is more than chance allows, all comparisons of the same kind counted together. Not told apart: "
    "chance alone may have made it. Its interval is that of one comparison by itself, so it can leave out 0 where many "
    "are made and none is clear. A week is compared with the week before in which anybody was tried; a week that is not "
    "over is left out. Clear is no cause: easier people, other hours or a later attempt may stand behind it."
)
LEFT_TO_DO = (
    "Reached means reached by any campaign, not only by the one in whose row it stands. A dash for tries or for the "
    "penetration means that the log does not tell."
)
WHAT_IF_READING = (
    "A lower maximum can be counted in the log. A higher one is a guess: it takes the next attempts to work as well as "
    "the last ones did. The figure is what to expect. Below it stands the range in which what would really come out lies "
    "in 95 of 100 cases, if that holds; the range does not cover that being wrong."
)


NO_ADVICE = (
    "This is an audit of what the systems recorded against rules as they are written down here. It is not legal advice: "
    "the rules are short, exceptions are not in them, and a law may have changed since its line was checked. An area code "
    "is not a place: people keep their number when they move. Hours are broken by an area code alone only where it was the "
    "wrong time in every zone of the country. No system sees consent: it is known only where somebody declared it."
)
PURPOSES = (
    "Rules of law ask what a campaign is for, and nobody has declared it of these. So no law was applied to them: they are "
    "neither found to keep it nor to break it. To have them judged, copy the lines into purposes.csv in the landing "
    "folder and fill in the purpose (solicitation, fundraising, debt_collection, survey, organizing, political, service, "
    "b2b) and the consent (yes, no, unknown)."
)


def say_standing(row: Row, naming: Naming) -> str:
    """How far a campaign's contact rate is from the share of reached targets among those that stand in it."""
    name, *_ = naming.line(row)
    return (
        f"{name} reached {percent(row['contact_rate_per_target'])} of those it tried ({number(row['targets_contacted'])} "
        f"of {number(row['targets_attempted'])}), and {percent(row['share_reached'])} of those that stand in it "
        f"({number(row['reached'])} of {number(row['targets'])}) are reached."
    )


def say_coverage(row: Row, naming: Naming) -> str:
    """Which AAPOR rates say nothing of a source, because it has no word for a class; empty where it has all."""
    lacking, void = [], []
    if not row["records_refusals"]:
        lacking.append("a refusal (R)")
        void.append("a REF of 0%")
    if not row["records_other_contacts"]:
        void.append("a COOP of 100%")
    if not row["records_ineligible"]:
        lacking.append("bad contact information (NE)")
        void.append("an e of 1")
    if not lacking:
        return ""
    measured = "is no measurement" if len(void) == 1 else "are no measurements"
    return f"{naming.title(row['source'])} cannot record {' or '.join(lacking)}: there {listed(void)} {measured}."
