"""The rules of schema ``reports`` about people over all systems: audit, pressure, overlap, and people reached.

Belongs here: reports that count people or points, or audit contact rules. Does not belong here: reports about attempts
and targets of one source (``reports``), or the breaches themselves (``compliance``).
"""

from __future__ import annotations

from pipelines.validation.rule import Rule, one_of
from pipelines.validation.rules.vocabulary import EPSILON, NOT_JUDGED

ACROSS_RULES = (
    one_of(
        "reports.contact_rule_audit", "not_judged_because", NOT_JUDGED, ("source", "campaign_key", "rule")
    ),
    Rule(
        "reports.contact_rule_audit",
        "verdicts_add_up",
        "Attempts = judged + not judged, verdicts ≤ judged, and share_kept is its counts. A reason stands where, and only "
        "where, attempts are not judged.",
        query=f"""
SELECT source, campaign_key, rule, attempts, judged, not_judged, not_judged_because, breaches, unverifiable, tolerated,
    share_kept
FROM reports.contact_rule_audit
WHERE NOT coalesce(
    attempts = judged + not_judged AND breaches + unverifiable + tolerated <= judged
    AND (not_judged > 0) = (not_judged_because IS NOT NULL)
    AND people <= breaches AND (people > 0) = (breaches > 0)
    AND (line IS NOT NULL) = (not_judged_because IS NOT DISTINCT FROM 'purpose_undeclared')
    AND CASE
        WHEN judged = unverifiable THEN share_kept IS NULL
        ELSE abs(share_kept - (judged - unverifiable - breaches) / (judged - unverifiable)) <= {EPSILON}
    END, FALSE
)""",
    ),
    Rule(
        "reports.contact_rule_audit",
        "verdicts_are_the_breaches",
        "Breaches, unverifiable and tolerated attempts, and people, are the rows of compliance.breaches.",
        query="""
SELECT coalesce(audit.source, found.source) AS source, coalesce(audit.campaign_key, found.campaign_key) AS campaign_key,
    coalesce(audit.rule, found.rule) AS rule, audit.breaches, found.breaches AS breaches_found, audit.unverifiable,
    found.unverifiable AS unverifiable_found, audit.tolerated, found.tolerated AS tolerated_found
FROM reports.contact_rule_audit AS audit
FULL JOIN (
    SELECT source, campaign_key, rule,
        count(*) FILTER (WHERE verdict = 'breach') AS breaches,
        count(*) FILTER (WHERE verdict = 'unverifiable') AS unverifiable,
        count(*) FILTER (WHERE verdict = 'tolerated') AS tolerated,
        count(DISTINCT person_key) FILTER (WHERE verdict = 'breach') AS people
    FROM compliance.breaches
    GROUP BY source, campaign_key, rule
) AS found ON found.source = audit.source AND found.campaign_key = audit.campaign_key AND found.rule = audit.rule
WHERE audit.rule IS NULL OR audit.breaches <> coalesce(found.breaches, 0)
    OR audit.unverifiable <> coalesce(found.unverifiable, 0) OR audit.tolerated <> coalesce(found.tolerated, 0)
    OR audit.people <> coalesce(found.people, 0)""",
    ),
    Rule(
        "reports.contact_rule_audit",
        "every_attempt_is_asked",
        "Every campaign has a row for each rule that is switched on, and each counts all real attempts of the campaign that "
        "have a time and did not come in.",
        query="""
WITH made AS (
    SELECT source, campaign_key, count(*) AS attempts
    FROM core.attempts
    WHERE is_attempt AND direction <> 'inbound' AND attempted_at IS NOT NULL
    GROUP BY source, campaign_key
)

SELECT coalesce(audit.source, made.source) AS source, coalesce(audit.campaign_key, made.campaign_key) AS campaign_key,
    coalesce(audit.rule, rules.rule) AS rule, audit.attempts, made.attempts AS attempts_made
FROM (made CROSS JOIN (SELECT DISTINCT rule FROM core.contact_rules WHERE enabled) AS rules)
FULL JOIN reports.contact_rule_audit AS audit
    ON audit.source = made.source AND audit.campaign_key = made.campaign_key AND audit.rule = rules.rule
WHERE audit.attempts IS DISTINCT FROM made.attempts OR audit.rule IS NULL OR rules.rule IS NULL""",
    ),
    Rule(
        "reports.contact_rule_counts",
        "counts_equal_the_audit",
        "Every contact rule has one row, and its counts are those of its campaigns in reports.contact_rule_audit.",
        query="""
SELECT coalesce(counts.rule, audit.rule) AS rule, counts.judged, audit.judged AS judged_in_audit, counts.breaches,
    audit.breaches AS breaches_in_audit
FROM reports.contact_rule_counts AS counts
FULL JOIN (
    SELECT rules.rule, coalesce(sum(audit.attempts), 0) AS attempts, coalesce(sum(audit.judged), 0) AS judged,
        coalesce(sum(audit.breaches), 0) AS breaches, coalesce(sum(audit.unverifiable), 0) AS unverifiable,
        coalesce(sum(audit.tolerated), 0) AS tolerated
    FROM (SELECT DISTINCT rule FROM core.contact_rules) AS rules
    LEFT JOIN reports.contact_rule_audit AS audit ON audit.rule = rules.rule
    GROUP BY rules.rule
) AS audit ON audit.rule = counts.rule
WHERE NOT coalesce(
    counts.attempts = audit.attempts AND counts.judged = audit.judged AND counts.breaches = audit.breaches
    AND counts.unverifiable = audit.unverifiable AND counts.tolerated = audit.tolerated
    AND counts.kept + counts.breaches + counts.unverifiable + counts.tolerated = counts.judged
    AND counts.judged + counts.not_judged = counts.attempts AND counts.people <= counts.breaches, FALSE
)""",
    ),
    Rule(
        "reports.undeclared_purposes",
        "every_undeclared_campaign_is_named",
        "Every campaign that a rule in reports.contact_rule_audit leaves unjudged for want of a purpose has one row, and no "
        "other campaign has one.",
        query="""
SELECT coalesce(named.source, audit.source) AS source, coalesce(named.campaign_key, audit.campaign_key) AS campaign_key,
    named.rules, audit.rules AS rules_in_audit
FROM reports.undeclared_purposes AS named
FULL JOIN (
    SELECT source, campaign_key, count(*) AS rules
    FROM reports.contact_rule_audit
    WHERE line IS NOT NULL
    GROUP BY source, campaign_key
) AS audit ON audit.source = named.source AND audit.campaign_key = named.campaign_key
WHERE named.rules IS DISTINCT FROM audit.rules""",
    ),
    one_of("reports.contact_pressure", "unit", ("person", "point"), ("unit", "period", "attempts")),
    one_of("reports.contact_pressure", "period", ("24h", "7d", "30d"), ("unit", "period", "attempts")),
    Rule(
        "reports.contact_pressure",
        "everybody_stands_once_in_a_period",
        "Each unit and period counts everybody that was tried once: shares sum to one, and all periods count as many.",
        query=f"""
SELECT unit, period, sum(people) AS people, sum(share) AS share
FROM reports.contact_pressure AS pressure
GROUP BY unit, period
HAVING abs(sum(share) - 1) > {EPSILON} OR NOT coalesce(bool_and(in_several_systems <= people AND attempts > 0), FALSE)
    OR sum(people) <> (SELECT max(all_of.people) FROM (
        SELECT sum(people) AS people FROM reports.contact_pressure AS other
        WHERE other.unit = pressure.unit GROUP BY other.period
    ) AS all_of)""",
    ),
    Rule(
        "reports.contact_pressure",
        "people_are_those_of_the_people",
        "People by their most attempts in 24 hours and in 7 days are those of core.people.",
        query="""
SELECT coalesce(pressure.period, counted.period) AS period, coalesce(pressure.attempts, counted.attempts) AS attempts,
    pressure.people, counted.people AS people_counted
FROM (SELECT * FROM reports.contact_pressure WHERE unit = 'person' AND period <> '30d') AS pressure
FULL JOIN (
    SELECT '24h' AS period, most_in_24h AS attempts, count(*) AS people
    FROM core.people WHERE most_in_24h > 0 GROUP BY most_in_24h
    UNION ALL
    SELECT '7d', most_in_7d, count(*) FROM core.people WHERE most_in_7d > 0 GROUP BY most_in_7d
) AS counted ON counted.period = pressure.period AND counted.attempts = pressure.attempts
WHERE pressure.people IS DISTINCT FROM counted.people""",
    ),
    Rule(
        "reports.system_overlap",
        "both_orders_count_alike",
        "Whom two systems both know, tried and reached does not depend on their order. Reached ≤ tried ≤ known.",
        query="""
SELECT one.first_source, one.second_source, one.people_in_both, other.people_in_both AS people_in_other_order
FROM reports.system_overlap AS one
LEFT JOIN reports.system_overlap AS other
    ON other.first_source = one.second_source AND other.second_source = one.first_source
WHERE NOT coalesce(
    one.people_in_both = other.people_in_both AND one.attempted_in_both = other.attempted_in_both
    AND one.contacted_in_both = other.contacted_in_both
    AND one.contacted_in_both BETWEEN 0 AND one.attempted_in_both AND one.attempted_in_both <= one.people_in_both
    AND one.restricted_in_first_attempted_in_second BETWEEN 0 AND one.people_in_both, FALSE
)""",
    ),
    Rule(
        "reports.system_overlap",
        "people_are_those_of_the_sources",
        "A system knows with itself as many people as it knows, and with all systems together as many as core.people says.",
        query="""
SELECT overlap.first_source, overlap.people_in_both, reached.people
FROM reports.system_overlap AS overlap
LEFT JOIN reports.people_reached AS reached ON reached.source = overlap.first_source
WHERE overlap.first_source = overlap.second_source AND reached.people IS DISTINCT FROM overlap.people_in_both
UNION ALL
SELECT 'in several systems', overlap.pairs, people.pairs
FROM (
    SELECT coalesce(sum(people_in_both), 0) AS pairs FROM reports.system_overlap WHERE first_source <> second_source
) AS overlap
CROSS JOIN (SELECT coalesce(sum(systems * (systems - 1)), 0) AS pairs FROM core.people) AS people
WHERE overlap.pairs <> people.pairs""",
    ),
    Rule(
        "reports.people_reached",
        "all_counts_people_once",
        "All systems together know, tried and reached at least as many people as each of them, and at most as many as their "
        "sum. Attempts and targets add up. People of all systems are the rows of core.people.",
        query="""
SELECT totals.people, sums.people AS people_summed, known.people AS people_known, totals.people_contacted,
    sums.people_contacted AS contacted_summed, totals.attempts, sums.attempts AS attempts_summed
FROM (SELECT * FROM reports.people_reached WHERE source = 'all') AS totals
FULL JOIN (
    SELECT sum(people) AS people, max(people) AS most_people,
        sum(people_attempted) AS people_attempted, max(people_attempted) AS most_attempted,
        sum(people_contacted) AS people_contacted, max(people_contacted) AS most_contacted,
        sum(attempts) AS attempts, sum(targets) AS targets
    FROM reports.people_reached WHERE source <> 'all'
) AS sums ON TRUE
CROSS JOIN (SELECT count(*) AS people, coalesce(sum(targets), 0) AS targets FROM core.people) AS known
WHERE (known.people > 0 OR totals.people IS NOT NULL OR sums.people IS NOT NULL) AND NOT coalesce(
    totals.people BETWEEN sums.most_people AND sums.people
    AND totals.people_attempted BETWEEN sums.most_attempted AND sums.people_attempted
    AND totals.people_contacted BETWEEN sums.most_contacted AND sums.people_contacted
    AND totals.attempts = sums.attempts AND totals.targets = sums.targets
    AND totals.people = known.people AND totals.targets = known.targets, FALSE
)""",
    ),
    Rule(
        "reports.people_reached",
        "rates_are_their_counts",
        "People reached ≤ people tried ≤ people, and the rate is people reached / people tried.",
        query=f"""
SELECT source, people, people_attempted, people_contacted, contact_rate
FROM reports.people_reached
WHERE NOT coalesce(
    people_contacted BETWEEN 0 AND people_attempted AND people_attempted <= people
    AND CASE
        WHEN people_attempted = 0 THEN contact_rate IS NULL
        ELSE abs(contact_rate - people_contacted / people_attempted) <= {EPSILON}
    END, FALSE
)""",
    ),
)
