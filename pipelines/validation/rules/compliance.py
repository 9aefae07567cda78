"""The rules of schema ``compliance``: every breach says of which attempt, by which rule, and on what it rests."""

from __future__ import annotations

from pipelines.validation.rule import Rule, one_of, value_rows
from pipelines.validation.rules.vocabulary import REASONS, UNITS, VERDICTS, VIAS, ZONE_BASES

_REASONS = [
    (kind, verdict, reason)
    for kind, verdicts in REASONS.items()
    for verdict, reasons in verdicts.items()
    for reason in reasons
]

COMPLIANCE_RULES = (
    one_of("compliance.breaches", "verdict", VERDICTS, ("attempt_key", "rule")),
    one_of("compliance.breaches", "via", VIAS, ("attempt_key", "rule")),
    one_of("compliance.breaches", "unit", UNITS, ("attempt_key", "rule")),
    one_of("compliance.breaches", "zone_basis", ZONE_BASES, ("attempt_key", "rule")),
    Rule(
        "compliance.breaches",
        "attempts_exist",
        "Every row names a real attempt that the organization made, with its source, campaign, target, time and point.",
        query="""
SELECT breaches.attempt_key, breaches.rule, attempts.is_attempt, attempts.direction
FROM compliance.breaches AS breaches
LEFT JOIN core.attempts AS attempts ON attempts.attempt_key = breaches.attempt_key
WHERE NOT coalesce(
    attempts.is_attempt AND attempts.direction <> 'inbound' AND attempts.attempted_at = breaches.occurred_at
    AND attempts.source = breaches.source AND attempts.campaign_key = breaches.campaign_key
    AND attempts.target_key = breaches.target_key
    AND attempts.point_key IS NOT DISTINCT FROM breaches.point_key, FALSE
)""",
        is_keyed=True,
    ),
    Rule(
        "compliance.breaches",
        "people_are_those_of_the_targets",
        "Every row names the person of its target.",
        query="""
SELECT breaches.attempt_key, breaches.rule, breaches.target_key
FROM compliance.breaches AS breaches
LEFT JOIN core.person_targets AS people ON people.target_key = breaches.target_key
WHERE people.person_key IS DISTINCT FROM breaches.person_key""",
        is_keyed=True,
    ),
    Rule(
        "compliance.breaches",
        "rules_are_in_force",
        "Every row names a contact rule that is switched on, with a version that is in force near that day.",
        query="""
SELECT breaches.attempt_key, breaches.rule, breaches.occurred_at
FROM compliance.breaches AS breaches
WHERE NOT EXISTS (
    SELECT 1 FROM core.contact_rules AS rules
    WHERE rules.rule = breaches.rule AND rules.enabled
        -- The day is that of the called party's clock, which may be another one than that of UTC.
        AND coalesce(rules.in_force_from <= CAST(breaches.occurred_at AS DATE) + 1, TRUE)
        AND coalesce(rules.in_force_until >= CAST(breaches.occurred_at AS DATE) - 1, TRUE)
)""",
    ),
    Rule(
        "compliance.breaches",
        "reasons_fit_their_verdict",
        "The kind of the rule and the verdict decide which reasons there can be.",
        query=f"""
SELECT breaches.attempt_key, breaches.rule, rules.kind, breaches.verdict, breaches.reason
FROM compliance.breaches AS breaches
INNER JOIN (
    SELECT rule, min(kind) AS kind FROM core.contact_rules WHERE enabled GROUP BY rule HAVING min(kind) = max(kind)
) AS rules ON rules.rule = breaches.rule
WHERE coalesce((rules.kind, breaches.verdict, breaches.reason) NOT IN ({value_rows(_REASONS)}), TRUE)""",
    ),
    Rule(
        "compliance.breaches",
        "rows_say_what_they_rest_on",
        "A row about hours says the clocks, if a zone is known. A row about a limit says how many attempts are counted, "
        "and which, and they are more than the limit. A row about a mark names it.",
        query="""
SELECT breaches.attempt_key, breaches.rule, rules.kind, breaches.via, breaches.count_in_period,
    len(breaches.other_attempts) AS others, breaches.local_from, breaches.local_until
FROM compliance.breaches AS breaches
INNER JOIN (
    SELECT rule, min(kind) AS kind, min(coalesce(cap, 0)) AS cap
    FROM core.contact_rules WHERE enabled GROUP BY rule HAVING min(kind) = max(kind)
) AS rules ON rules.rule = breaches.rule
WHERE NOT coalesce(
    (breaches.via IS NULL) = (rules.kind = 'hours')
    AND (breaches.restriction_key IS NOT NULL) = (rules.kind = 'after_mark')
    AND (breaches.local_from IS NOT NULL) = (rules.kind = 'hours' AND breaches.reason <> 'no_location')
    AND coalesce(breaches.local_from <= breaches.local_until, TRUE)
    AND CASE rules.kind
        WHEN 'cap'
            THEN breaches.count_in_period > rules.cap
                AND coalesce(len(breaches.other_attempts), 0) + 1 = breaches.count_in_period
        WHEN 'after_contact'
            THEN breaches.count_in_period > 0 AND coalesce(len(breaches.other_attempts), 0) = breaches.count_in_period
        ELSE breaches.count_in_period IS NULL AND breaches.other_attempts IS NULL
    END, FALSE
)""",
    ),
    Rule(
        "compliance.breaches",
        "counted_attempts_exist",
        "The other attempts that are counted are real attempts, not later than the one that is judged.",
        query="""
SELECT listed.attempt_key, listed.rule, listed.other_attempt, attempts.attempted_at, listed.occurred_at
FROM (
    SELECT attempt_key, rule, occurred_at, unnest(other_attempts) AS other_attempt FROM compliance.breaches
) AS listed
LEFT JOIN core.attempts AS attempts ON attempts.attempt_key = listed.other_attempt
WHERE NOT coalesce(
    attempts.is_attempt AND attempts.direction <> 'inbound' AND attempts.attempted_at <= listed.occurred_at
    AND listed.other_attempt <> listed.attempt_key, FALSE
)""",
    ),
    Rule(
        "compliance.breaches",
        "marks_exist",
        "A mark that a row names is in core.restrictions. A breach came after it began, and before it ended; a "
        "mark without a date never makes one, unless the house's own list has it. A rule by "
        "point hears marks that a point is bad, any other rule those that somebody does not want contact.",
        query="""
SELECT breaches.attempt_key, breaches.rule, breaches.occurred_at, marks.kind, marks.since, marks.until
FROM compliance.breaches AS breaches
LEFT JOIN core.restrictions AS marks ON marks.restriction_key = breaches.restriction_key
WHERE breaches.restriction_key IS NOT NULL
    AND NOT coalesce(
        -- A line of the house's list without a date always held.
        coalesce(marks.since < breaches.occurred_at, marks.since_basis = 'list' OR breaches.verdict = 'unverifiable')
        AND coalesce(marks.until > breaches.occurred_at, TRUE)
        AND (
            (marks.kind = 'bad_contact_info') = (breaches.unit IS NOT DISTINCT FROM 'point')
            OR breaches.rule IN (
                SELECT rule FROM core.contact_rules GROUP BY rule HAVING count(DISTINCT coalesce(unit, '')) > 1
            )
        ), FALSE
    )""",
    ),
)
