"""The rules of schema ``reports``: each counts its report again from the tables that the report was built from."""

from __future__ import annotations

from pipelines.validation.rule import Rule, one_of
from pipelines.validation.rules.vocabulary import DISPOSITIONS, EPSILON, HELD_BACK, OUTCOMES

REPORT_RULES = (
    Rule(
        "reports.campaign_contact_rates",
        "rates_are_their_counts",
        "Every rate is its numerator divided by its denominator, and null if the denominator is 0.",
        query=f"""
SELECT source, campaign_key, rate, numerator, denominator, value
FROM (
    SELECT source, campaign_key, 'contact_rate_per_attempt' AS rate, contacts AS numerator, attempts AS denominator,
        contact_rate_per_attempt AS value
    FROM reports.campaign_contact_rates
    UNION ALL
    SELECT source, campaign_key, 'contact_rate_per_target', targets_contacted, targets_attempted,
        contact_rate_per_target
    FROM reports.campaign_contact_rates
)
WHERE NOT coalesce(
    CASE
        WHEN denominator = 0 THEN value IS NULL
        ELSE abs(value - numerator / denominator) <= {EPSILON}
    END, FALSE
)""",
    ),
    Rule(
        "reports.campaign_contact_rates",
        "contacts_do_not_exceed_attempts",
        "Targets reached ≤ targets attempted ≤ targets, targets reached ≤ contacts ≤ attempts, and targets attempted "
        "≤ attempts.",
        query="""
SELECT source, campaign_key, targets, targets_attempted, targets_contacted, attempts, contacts
FROM reports.campaign_contact_rates
WHERE NOT coalesce(
    0 <= contacts AND contacts <= attempts AND targets_contacted <= contacts AND targets_contacted <= targets_attempted
    AND targets_attempted <= attempts AND targets_attempted <= targets, FALSE
)""",
    ),
    Rule(
        "reports.campaign_contact_rates",
        "counts_equal_the_attempts",
        "A campaign's attempts and contacts, and its targets attempted and reached, equal those in core.attempts.",
        query="""
SELECT coalesce(reported.campaign_key, counted.campaign_key) AS campaign_key,
    reported.attempts, counted.attempts AS counted_attempts, reported.contacts,
    counted.contacts AS counted_contacts, reported.targets_attempted,
    counted.targets_attempted AS counted_targets_attempted, reported.targets_contacted,
    counted.targets_contacted AS counted_targets_contacted
FROM reports.campaign_contact_rates AS reported
FULL OUTER JOIN (
    SELECT source, campaign_key, sum(attempts) AS attempts, sum(contacts) AS contacts,
        count(*) FILTER (WHERE attempts > 0) AS targets_attempted,
        count(*) FILTER (WHERE contacts > 0) AS targets_contacted
    FROM (
        SELECT source, campaign_key, target_key, count(*) FILTER (WHERE is_attempt) AS attempts,
            count(*) FILTER (WHERE is_contact) AS contacts
        FROM core.attempts
        WHERE measures_contact
        GROUP BY source, campaign_key, target_key
    )
    GROUP BY source, campaign_key
) AS counted ON counted.source = reported.source AND counted.campaign_key = reported.campaign_key
WHERE coalesce(reported.attempts, 0) <> coalesce(counted.attempts, 0)
    OR coalesce(reported.contacts, 0) <> coalesce(counted.contacts, 0)
    OR coalesce(reported.targets_attempted, 0) <> coalesce(counted.targets_attempted, 0)
    OR coalesce(reported.targets_contacted, 0) <> coalesce(counted.targets_contacted, 0)""",
    ),
    one_of("reports.campaign_dispositions", "disposition", tuple(DISPOSITIONS), ("source", "campaign_key")),
    Rule(
        "reports.campaign_dispositions",
        "shares_sum_to_one",
        "The shares of a campaign's dispositions sum to 1, of attempts and of targets.",
        query=f"""
SELECT source, campaign_key, sum(share_of_attempts) AS share_of_attempts, sum(share_of_targets) AS share_of_targets
FROM reports.campaign_dispositions
GROUP BY source, campaign_key
HAVING NOT (
    coalesce(abs(sum(share_of_attempts) - 1) <= {EPSILON}, sum(attempts) = 0)
    AND coalesce(abs(sum(share_of_targets) - 1) <= {EPSILON}, sum(targets) = 0)
)""",
    ),
    Rule(
        "reports.campaign_dispositions",
        "counts_equal_the_attempts",
        "Each disposition of a campaign has as many rows as in core.attempts.",
        query="""
SELECT coalesce(reported.campaign_key, counted.campaign_key) AS campaign_key,
    coalesce(reported.disposition, counted.disposition) AS disposition, reported.attempts, counted.attempts AS counted
FROM reports.campaign_dispositions AS reported
FULL OUTER JOIN (
    SELECT source, campaign_key, disposition, count(*) AS attempts
    FROM core.attempts
    GROUP BY source, campaign_key, disposition
) AS counted ON counted.source = reported.source AND counted.campaign_key = reported.campaign_key
    AND counted.disposition = reported.disposition
WHERE coalesce(reported.attempts, 0) <> coalesce(counted.attempts, 0)""",
    ),
    one_of("reports.campaign_outcomes", "outcome", tuple(OUTCOMES), ("campaign_id",)),
    Rule(
        "reports.campaign_outcomes",
        "shares_sum_to_one",
        "The shares of a campaign's outcomes sum to 1.",
        query=f"""
SELECT campaign_id, sum(share) AS share
FROM reports.campaign_outcomes
GROUP BY campaign_id
HAVING NOT coalesce(abs(sum(share) - 1) <= {EPSILON}, sum(targets) = 0)""",
    ),
    Rule(
        "reports.campaign_outcomes",
        "targets_equal_the_replay",
        "Each outcome of a campaign has as many targets as in replay.target_outcomes.",
        query="""
SELECT coalesce(reported.campaign_id, counted.campaign_id) AS campaign_id,
    coalesce(reported.outcome, counted.outcome) AS outcome, reported.targets, counted.targets AS counted
FROM (SELECT *, coalesce(CAST(campaign_id AS VARCHAR), '') AS campaign FROM reports.campaign_outcomes) AS reported
FULL OUTER JOIN (
    SELECT campaign_id, coalesce(CAST(campaign_id AS VARCHAR), '') AS campaign, outcome, count(*) AS targets
    FROM replay.target_outcomes
    GROUP BY campaign_id, outcome
) AS counted ON counted.campaign = reported.campaign AND counted.outcome = reported.outcome
WHERE coalesce(reported.targets, 0) <> coalesce(counted.targets, 0)""",
    ),
    Rule(
        "reports.attempt_curve",
        "hazards_are_their_counts",
        "Each hazard is the first contacts divided by the targets at risk, and there are no more contacts than targets "
        "at risk.",
        query=f"""
SELECT source, campaign_key, attempt_number, at_risk, contacts, hazard
FROM reports.attempt_curve
WHERE NOT coalesce(contacts BETWEEN 0 AND at_risk AND abs(hazard - contacts / at_risk) <= {EPSILON}, FALSE)""",
    ),
    Rule(
        "reports.attempt_curve",
        "incidence_never_falls",
        "From one attempt to the next, the cumulative incidence does not fall and the targets at risk do not grow. Those "
        "whose attempt is in flight although a later one has ended are added to the targets at risk.",
        query=f"""
SELECT source, campaign_key, attempt_number, at_risk, at_risk_before, cumulative_incidence, incidence_before
FROM (
    SELECT source, campaign_key, attempt_number, at_risk + overtaken AS at_risk, cumulative_incidence,
        lag(at_risk + overtaken) OVER curve AS at_risk_before,
        coalesce(lag(cumulative_incidence) OVER curve, 0) AS incidence_before
    FROM reports.attempt_curve
    WINDOW curve AS (PARTITION BY source, campaign_key ORDER BY attempt_number)
)
WHERE at_risk > at_risk_before OR NOT coalesce(
    cumulative_incidence BETWEEN incidence_before - {EPSILON} AND 1 + {EPSILON}, FALSE
)""",
    ),
    Rule(
        "reports.disposition_matrix",
        "shares_sum_to_one",
        "The shares of the dispositions at one attempt number sum to 1.",
        query=f"""
SELECT source, campaign_key, attempt_number, sum(share_of_attempts) AS share
FROM reports.disposition_matrix
GROUP BY source, campaign_key, attempt_number
HAVING NOT coalesce(abs(sum(share_of_attempts) - 1) <= {EPSILON}, FALSE)""",
    ),
    Rule(
        "reports.contact_rates_by",
        "totals_equal_the_campaigns",
        "A campaign's `total` row has the counts of reports.campaign_contact_rates.",
        query="""
SELECT campaigns.source, campaigns.campaign_key, campaigns.attempts, totals.attempts AS total_attempts,
    campaigns.contacts, totals.contacts AS total_contacts, campaigns.targets_attempted,
    totals.targets_attempted AS total_targets_attempted, campaigns.targets_contacted,
    totals.targets_contacted AS total_targets_contacted
FROM reports.campaign_contact_rates AS campaigns
LEFT JOIN reports.contact_rates_by AS totals
    ON totals.source = campaigns.source AND totals.campaign_key = campaigns.campaign_key
    AND totals.dimension = 'total'
WHERE campaigns.attempts > 0 AND (
    totals.attempts IS DISTINCT FROM campaigns.attempts OR totals.contacts IS DISTINCT FROM campaigns.contacts
    OR totals.targets_attempted IS DISTINCT FROM campaigns.targets_attempted
    OR totals.targets_contacted IS DISTINCT FROM campaigns.targets_contacted
)""",
    ),
    one_of("reports.comparisons", "family", ("campaigns", "weeks", "agents"), ("source", "campaign_key")),
    Rule(
        "reports.comparisons",
        "sides_equal_the_rates",
        "Both sides have the counts of reports.campaign_contact_rates and reports.contact_rates_by. An agent and the rest "
        "sum to the campaign.",
        query="""
WITH counted AS (
    SELECT source, 'all' AS campaign_key, 'campaigns' AS family, campaign_key AS name, targets_contacted AS reached,
        targets_attempted AS tried
    FROM reports.campaign_contact_rates
    UNION ALL
    SELECT source, campaign_key, dimension || 's', value, contacts, attempts
    FROM reports.contact_rates_by
    WHERE dimension IN ('week', 'agent')
)
SELECT compared.source, compared.campaign_key, compared.family, compared.side, compared.other, compared.reached,
    compared.tried, compared.other_reached, compared.other_tried
FROM reports.comparisons AS compared
LEFT JOIN counted AS ours ON ours.source = compared.source AND ours.campaign_key = compared.campaign_key
    AND ours.family = compared.family AND ours.name = compared.side
LEFT JOIN counted AS theirs ON theirs.source = compared.source AND theirs.campaign_key = compared.campaign_key
    AND theirs.family = compared.family AND theirs.name = compared.other
LEFT JOIN reports.contact_rates_by AS totals ON totals.source = compared.source
    AND totals.campaign_key = compared.campaign_key AND totals.dimension = 'total'
WHERE compared.reached IS DISTINCT FROM ours.reached OR compared.tried IS DISTINCT FROM ours.tried
    OR CASE
        WHEN compared.other <> 'rest'
            THEN compared.other_reached IS DISTINCT FROM theirs.reached OR compared.other_tried IS DISTINCT FROM theirs.tried
        WHEN compared.family = 'agents'
            THEN compared.other_reached IS DISTINCT FROM totals.contacts - compared.reached
                OR compared.other_tried IS DISTINCT FROM totals.attempts - compared.tried
        ELSE FALSE
    END""",
    ),
    Rule(
        "reports.comparisons",
        "every_campaign_is_compared",
        "The campaigns of a source are compared each with each other one, or each once if they are more than 20.",
        query="""
SELECT listed.source, listed.campaigns, coalesce(compared.comparisons, 0) AS comparisons
FROM (
    SELECT source, count(*) AS campaigns
    FROM reports.campaign_contact_rates
    WHERE targets_attempted > 0 AND campaign_key <> source || ':none'
    GROUP BY source
) AS listed
LEFT JOIN (
    SELECT source, count(*) AS comparisons FROM reports.comparisons WHERE family = 'campaigns' GROUP BY source
) AS compared ON compared.source = listed.source
WHERE coalesce(compared.comparisons, 0) <> CASE
    WHEN listed.campaigns > 20 THEN listed.campaigns
    ELSE listed.campaigns * (listed.campaigns - 1) // 2
END""",
    ),
    Rule(
        "reports.comparisons",
        "differences_are_their_rates",
        "Each rate is its counts, and the difference of the rates lies within its interval.",
        query=f"""
SELECT source, campaign_key, family, side, other, rate, other_rate, difference, low, high
FROM reports.comparisons
WHERE NOT coalesce(
    abs(rate - reached / tried) <= {EPSILON} AND abs(other_rate - other_reached / other_tried) <= {EPSILON}
    AND abs(difference - (rate - other_rate)) <= {EPSILON}
    AND low <= difference + {EPSILON} AND difference <= high + {EPSILON}, FALSE
)""",
    ),
    Rule(
        "reports.comparisons",
        "clear_is_more_than_chance",
        "A comparison is clear if its corrected p is below 0.05 and its interval leaves 0 out. The corrected p is never "
        "below p, never above p times the comparisons of the family, and rises with p. A thin comparison has neither.",
        query=f"""
SELECT source, campaign_key, family, side, other, p, p_holm, p_holm_before, comparisons, low, high, is_clear, is_thin
FROM (
    SELECT *, lag(p_holm) OVER (
        PARTITION BY source, campaign_key, family, is_thin ORDER BY p, p_holm
    ) AS p_holm_before
    FROM reports.comparisons
)
WHERE NOT coalesce(
    CASE
        WHEN is_thin THEN p IS NULL AND p_holm IS NULL AND NOT is_clear
        ELSE p_holm BETWEEN p AND least(1, p * comparisons) + {EPSILON}
            AND p_holm >= coalesce(p_holm_before, least(1, p * comparisons) - {EPSILON})
            AND is_clear = (p_holm < 0.05 AND (low > 0 OR high < 0))
    END, FALSE
)""",
    ),
    Rule(
        "reports.inventory",
        "outcomes_sum_to_targets",
        "The outcomes of a campaign, and its calls that name nobody, sum to its targets.",
        query="""
SELECT campaign_key, targets,
    reached + untouched + in_flight + stuck + retry_due + retry_waiting + stranded + exhausted + not_dialable
    + unresolved + unnamed AS outcomes
FROM reports.inventory
WHERE targets IS DISTINCT FROM
    reached + untouched + in_flight + stuck + retry_due + retry_waiting + stranded + exhausted + not_dialable
    + unresolved + unnamed""",
    ),
    Rule(
        "reports.retry_what_if",
        "uncapped_equals_the_log",
        "At the highest `max_attempts`, attempts and targets reached equal those of reports.campaign_contact_rates.",
        query="""
SELECT capped.source, capped.campaign_key, capped.max_attempts, capped.attempts, logged.attempts AS logged_attempts,
    capped.targets_contacted, logged.targets_contacted AS logged_targets_contacted
FROM (
    SELECT source, campaign_key, max(max_attempts) AS max_attempts, max_by(attempts, max_attempts) AS attempts,
        max_by(targets_contacted, max_attempts) AS targets_contacted
    FROM reports.retry_what_if
    WHERE basis = 'log'
    GROUP BY source, campaign_key
) AS capped
INNER JOIN reports.campaign_contact_rates AS logged
    ON logged.source = capped.source AND logged.campaign_key = capped.campaign_key
WHERE capped.attempts IS DISTINCT FROM logged.attempts
    OR capped.targets_contacted IS DISTINCT FROM logged.targets_contacted""",
    ),
    Rule(
        "reports.aapor_classes",
        "classes_sum_to_targets",
        "The AAPOR classes of a campaign sum to its targets.",
        query="""
SELECT source, campaign_key, targets, i + p + r + nc + o + uh + ur + uo + ne AS classed
FROM reports.aapor_classes
WHERE targets IS DISTINCT FROM i + p + r + nc + o + uh + ur + uo + ne""",
    ),
    Rule(
        "reports.aapor_rates",
        "aapor_identities_hold",
        "AAPOR's rates fit together: RR1 = CON1 · COOP1, RR3 = CON2 · COOP1, RR5 = CON3 · COOP1, and RR1 ≤ RR3 ≤ RR5.",
        query=f"""
SELECT *
FROM (
    SELECT source, campaign_key,
        max(CASE WHEN rate = 'rr1' THEN value END) AS rr1, max(CASE WHEN rate = 'rr3' THEN value END) AS rr3,
        max(CASE WHEN rate = 'rr5' THEN value END) AS rr5, max(CASE WHEN rate = 'coop1' THEN value END) AS coop1,
        max(CASE WHEN rate = 'con1' THEN value END) AS con1, max(CASE WHEN rate = 'con2' THEN value END) AS con2,
        max(CASE WHEN rate = 'con3' THEN value END) AS con3
    FROM reports.aapor_rates
    GROUP BY source, campaign_key
)
WHERE abs(rr1 - con1 * coop1) > {EPSILON} OR abs(rr3 - con2 * coop1) > {EPSILON}
    OR abs(rr5 - con3 * coop1) > {EPSILON} OR rr1 > rr3 + {EPSILON} OR rr3 > rr5 + {EPSILON}""",
    ),
    Rule(
        "reports.aapor_coverage",
        "sources_with_classes_are_covered",
        "Every source in reports.aapor_classes has a row.",
        query="""
SELECT DISTINCT classes.source
FROM reports.aapor_classes AS classes
LEFT JOIN reports.aapor_coverage AS coverage ON coverage.source = classes.source
WHERE coverage.source IS NULL""",
    ),
    Rule(
        "reports.violation_counts",
        "calls_equal_the_violations",
        "Each code and verdict has as many calls as replay.violations has rows of it, and no more targets than calls.",
        query="""
SELECT coalesce(reported.code, counted.code) AS code, coalesce(reported.verdict, counted.verdict) AS verdict,
    reported.calls, counted.calls AS counted
FROM reports.violation_counts AS reported
FULL OUTER JOIN (
    SELECT code, verdict, count(*) AS calls FROM replay.violations GROUP BY code, verdict
) AS counted ON counted.code = reported.code AND counted.verdict = reported.verdict
WHERE reported.calls IS DISTINCT FROM counted.calls OR NOT coalesce(reported.targets <= reported.calls, FALSE)""",
    ),
    Rule(
        "reports.agreement_counts",
        "targets_equal_the_replay",
        "Each result of a comparison has as many targets as in replay.target_outcomes.",
        query="""
SELECT coalesce(reported.compared, counted.compared) AS compared,
    coalesce(reported.agreement, counted.agreement) AS agreement, reported.targets, counted.targets AS counted
FROM reports.agreement_counts AS reported
FULL OUTER JOIN (
    SELECT 'status' AS compared, status_agreement AS agreement, count(*) AS targets
    FROM replay.target_outcomes
    GROUP BY status_agreement
    UNION ALL
    SELECT 'tries', tries_agreement, count(*) FROM replay.target_outcomes GROUP BY tries_agreement
) AS counted ON counted.compared = reported.compared AND counted.agreement = reported.agreement
WHERE reported.targets IS DISTINCT FROM counted.targets""",
    ),
    Rule(
        "reports.agreement_counts",
        "shares_sum_to_one",
        "The shares of a comparison's results sum to 1.",
        query=f"""
SELECT compared, sum(share) AS share
FROM reports.agreement_counts
GROUP BY compared
HAVING NOT coalesce(abs(sum(share) - 1) <= {EPSILON}, FALSE)""",
    ),
    Rule(
        "reports.campaign_standing",
        "shares_are_their_counts",
        "Each share is its numerator divided by its denominator, and the difference is `share_reached` minus "
        "`contact_rate_per_target`.",
        query=f"""
SELECT source, campaign_key, reached, targets, share_reached, targets_contacted, targets_attempted,
    contact_rate_per_target, difference
FROM reports.campaign_standing
WHERE NOT coalesce(
    reached BETWEEN 0 AND targets AND abs(share_reached - reached / targets) <= {EPSILON}
    AND abs(contact_rate_per_target - targets_contacted / targets_attempted) <= {EPSILON}
    AND abs(difference - (reached / targets - targets_contacted / targets_attempted)) <= {EPSILON}, FALSE
)""",
    ),
    Rule(
        "reports.headline_sources",
        "counts_equal_the_attempts",
        "A source's campaigns tried, and its attempts outside campaigns, equal those in core.attempts.",
        query="""
SELECT coalesce(reported.source, counted.source) AS source, reported.campaigns_tried,
    counted.campaigns_tried AS counted_campaigns_tried, reported.attempts_outside_campaigns,
    counted.attempts_outside_campaigns AS counted_attempts_outside_campaigns
FROM reports.headline_sources AS reported
FULL OUTER JOIN (
    SELECT source,
        count(*) FILTER (WHERE attempts > 0 AND campaign_key <> source || ':none') AS campaigns_tried,
        coalesce(sum(attempts) FILTER (WHERE campaign_key = source || ':none'), 0) AS attempts_outside_campaigns
    FROM (
        SELECT source, campaign_key, count(*) FILTER (WHERE is_attempt AND measures_contact) AS attempts
        FROM core.attempts
        GROUP BY source, campaign_key
    )
    GROUP BY source
) AS counted ON counted.source = reported.source
WHERE reported.source IS NULL OR reported.campaigns_tried <> coalesce(counted.campaigns_tried, 0)
    OR reported.attempts_outside_campaigns <> coalesce(counted.attempts_outside_campaigns, 0)""",
    ),
    Rule(
        "reports.headline",
        "counts_equal_the_attempts",
        "There is one row. Its targets attempted and reached equal those in core.attempts, each counted once per "
        "source.",
        query="""
SELECT reported.targets_attempted, counted.targets_attempted AS counted_targets_attempted,
    reported.targets_contacted, counted.targets_contacted AS counted_targets_contacted, reported.rows
FROM (
    SELECT count(*) AS rows, sum(targets_attempted) AS targets_attempted, sum(targets_contacted) AS targets_contacted
    FROM reports.headline
) AS reported
CROSS JOIN (
    SELECT count(*) FILTER (WHERE attempts > 0) AS targets_attempted,
        count(*) FILTER (WHERE contacts > 0) AS targets_contacted
    FROM (
        SELECT count(*) FILTER (WHERE is_attempt) AS attempts, count(*) FILTER (WHERE is_contact) AS contacts
        FROM core.attempts
        WHERE measures_contact
        GROUP BY source, target_key
    )
) AS counted
WHERE reported.rows <> 1 OR reported.targets_attempted IS DISTINCT FROM counted.targets_attempted
    OR reported.targets_contacted IS DISTINCT FROM counted.targets_contacted""",
    ),
    Rule(
        "reports.headline",
        "sums_equal_the_sources",
        "Targets attempted, reached, open and closed are the sums over the sources.",
        query="""
SELECT headline.targets_attempted, sums.targets_attempted AS summed_targets_attempted, headline.targets_contacted,
    sums.targets_contacted AS summed_targets_contacted, headline.targets_open, sums.targets_open AS summed_targets_open,
    headline.targets_closed, sums.targets_closed AS summed_targets_closed
FROM reports.headline AS headline
CROSS JOIN (
    SELECT coalesce(sum(targets_attempted), 0) AS targets_attempted,
        coalesce(sum(targets_contacted), 0) AS targets_contacted,
        coalesce(sum(targets_open), 0) AS targets_open, coalesce(sum(targets_closed), 0) AS targets_closed
    FROM reports.headline_sources
) AS sums
WHERE headline.targets_attempted <> sums.targets_attempted OR headline.targets_contacted <> sums.targets_contacted
    OR headline.targets_open <> sums.targets_open OR headline.targets_closed <> sums.targets_closed""",
    ),
    Rule(
        "reports.headline",
        "rate_is_its_counts",
        "The rate is the targets reached divided by the targets attempted, and null if no target was attempted.",
        query=f"""
SELECT targets_contacted, targets_attempted, contact_rate_per_target
FROM reports.headline
WHERE NOT coalesce(
    CASE
        WHEN targets_attempted = 0 THEN contact_rate_per_target IS NULL
        ELSE abs(contact_rate_per_target - targets_contacted / targets_attempted) <= {EPSILON}
    END, FALSE
)""",
    ),
    Rule(
        "reports.headline",
        "others_are_open_or_closed",
        "Every target that was attempted and not reached is either open or closed. The targets of unknown end are among "
        "them.",
        query="""
SELECT targets_attempted, targets_contacted, targets_not_contacted, targets_open, targets_closed, targets_unknown
FROM reports.headline
WHERE NOT coalesce(
    targets_not_contacted = targets_attempted - targets_contacted
    AND targets_open + targets_closed = targets_not_contacted
    AND least(targets_open, targets_closed) >= 0 AND targets_unknown BETWEEN 0 AND targets_not_contacted, FALSE
)""",
    ),
    Rule(
        "reports.headline",
        "unknown_ends_equal_the_attempts",
        "The targets of unknown end equal those in core.attempts: not reached, and the last attempt is `unknown` or "
        "`in_progress`.",
        query="""
SELECT reported.targets_unknown, counted.targets_unknown AS counted
FROM reports.headline AS reported
CROSS JOIN (
    SELECT count(*) AS targets_unknown
    FROM (
        SELECT arg_max(disposition, (attempted_at, attempt_key)) AS latest
        FROM core.attempts
        WHERE is_attempt AND measures_contact AND target_key IN (
            SELECT target_key
            FROM core.attempts
            WHERE disposition IN ('unknown', 'in_progress') AND is_attempt AND measures_contact
        )
        GROUP BY source, target_key
        HAVING NOT bool_or(is_contact)
    )
    WHERE latest IN ('unknown', 'in_progress')
) AS counted
WHERE reported.targets_unknown IS DISTINCT FROM counted.targets_unknown""",
    ),
    Rule(
        "reports.headline",
        "rows_equal_the_accounting",
        "Files, rows read and rows rejected equal those of quality.row_accounting, and rows read = accepted + "
        "superseded + rejected.",
        query="""
SELECT reported.files, counted.files AS counted_files, reported.rows_read, counted.rows_read AS counted_rows_read,
    reported.rows_accepted, reported.rows_superseded, reported.rows_rejected,
    counted.rows_rejected AS counted_rows_rejected
FROM reports.headline AS reported
CROSS JOIN (
    SELECT count(*) AS files, coalesce(sum(rows_read), 0) AS rows_read,
        coalesce(sum(rows_rejected), 0) AS rows_rejected
    FROM quality.row_accounting
) AS counted
WHERE reported.files IS DISTINCT FROM counted.files OR reported.rows_read IS DISTINCT FROM counted.rows_read
    OR reported.rows_rejected IS DISTINCT FROM counted.rows_rejected
    OR reported.rows_read
    IS DISTINCT FROM reported.rows_accepted + reported.rows_superseded + reported.rows_rejected""",
    ),
    Rule(
        "reports.best_time",
        "one_clock_is_the_default",
        "One clock of each campaign is the default. It is the called party's if this clock is known for 80 % of the "
        "campaign's attempts, and no more attempts have it than the reporting clock.",
        query="""
SELECT source, campaign_key, called, reporting, defaults, default_clock
FROM (
    SELECT source, campaign_key,
        coalesce(sum(attempts) FILTER (WHERE clock = 'called' AND attempts_kind = 'all'), 0) AS called,
        sum(attempts) FILTER (WHERE clock = 'reporting' AND attempts_kind = 'all') AS reporting,
        count(DISTINCT clock) FILTER (WHERE is_default) AS defaults,
        max(clock) FILTER (WHERE is_default) AS default_clock
    FROM reports.best_time
    GROUP BY source, campaign_key
)
WHERE NOT coalesce(
    defaults = 1 AND called <= reporting AND (default_clock = 'called') = (5 * called >= 4 * reporting), FALSE
)""",
    ),
    one_of("reports.best_time", "clock", ("called", "reporting"), ("source", "campaign_key")),
    one_of("reports.contact_trace", "event", ("attempt", "not_tried", "mark"), ("person_key",)),
    Rule(
        "reports.contact_trace",
        "every_attempt_is_traced_once",
        "The trace has every row of core.attempts once, under the person of its target, and no other attempt.",
        query="""
SELECT coalesce(traced.attempt_key, attempts.attempt_key) AS attempt_key, traced.person_key, people.person_key AS person
FROM (SELECT person_key, attempt_key FROM reports.contact_trace WHERE event <> 'mark') AS traced
FULL OUTER JOIN core.attempts AS attempts ON attempts.attempt_key = traced.attempt_key
LEFT JOIN core.person_targets AS people ON people.target_key = attempts.target_key
WHERE traced.person_key IS DISTINCT FROM people.person_key OR traced.attempt_key IS NULL OR attempts.attempt_key IS NULL""",
        is_keyed=True,
    ),
    Rule(
        "reports.contact_trace",
        "marks_and_people_exist",
        "Every mark in the trace is in core.restrictions and names no attempt; every person is in core.people.",
        query="""
SELECT traced.person_key, traced.event, traced.attempt_key, traced.restriction_key
FROM reports.contact_trace AS traced
LEFT JOIN core.restrictions AS marks ON marks.restriction_key = traced.restriction_key
LEFT JOIN core.people AS people ON people.person_key = traced.person_key
WHERE people.person_key IS NULL
    OR (traced.event = 'mark') <> (marks.restriction_key IS NOT NULL)
    OR (traced.event = 'mark') <> (traced.attempt_key IS NULL)""",
    ),
    Rule(
        "reports.contact_trace",
        "marks_of_targets_are_traced",
        "Every mark on a target is in the trace of its person.",
        query="""
SELECT marks.restriction_key, people.person_key
FROM core.restrictions AS marks
INNER JOIN core.person_targets AS people ON people.target_key = marks.target_key
LEFT JOIN reports.contact_trace AS traced
    ON traced.person_key = people.person_key AND traced.restriction_key = marks.restriction_key
WHERE traced.restriction_key IS NULL""",
    ),
    Rule(
        "reports.contact_trace",
        "rules_broken_are_the_breaches",
        "An attempt in the trace has as many broken rules as breaches in compliance.breaches.",
        query="""
SELECT coalesce(traced.attempt_key, counted.attempt_key) AS attempt_key, traced.rules, counted.rules AS counted
FROM (
    SELECT attempt_key, len(rules_broken) AS rules FROM reports.contact_trace WHERE rules_broken IS NOT NULL
) AS traced
FULL OUTER JOIN (
    SELECT attempt_key, count(*) AS rules FROM compliance.breaches WHERE verdict = 'breach' GROUP BY attempt_key
) AS counted ON counted.attempt_key = traced.attempt_key
WHERE traced.rules IS DISTINCT FROM counted.rules""",
    ),
    one_of(
        "reports.call_next",
        "held_back_by",
        HELD_BACK,
        ("target_key",),
    ),
    Rule(
        "reports.call_next",
        "times_are_in_order",
        "The moment ≤ callable_from ≤ callable_until. Nobody is called who is restricted, was reached elsewhere, has no try "
        "left or no usable point; whom nothing holds back has a point.",
        query="""
SELECT target_key, held_back_by, as_of, callable_from, callable_until
FROM reports.call_next
WHERE callable_from < as_of OR callable_until < callable_from OR (callable_from IS NULL AND callable_until IS NOT NULL)
    OR (
        held_back_by IN ('restricted', 'reached_elsewhere', 'no_usable_point', 'exhausted') AND callable_from IS NOT NULL
    )
    OR (held_back_by IN ('cap', 'outside_hours') AND callable_from = as_of)
    OR (held_back_by IS NULL AND point_key IS NULL)
    OR (score IS NOT NULL AND (callable_from IS NULL OR score < 0))""",
    ),
    Rule(
        "reports.call_next",
        "targets_are_open",
        "Every target belongs to the person that the row names, and no attempt has reached it.",
        query="""
SELECT listed.target_key, listed.person_key, people.person_key AS person, reached.contacts
FROM reports.call_next AS listed
LEFT JOIN core.person_targets AS people ON people.target_key = listed.target_key
LEFT JOIN (
    SELECT target_key, count(*) AS contacts FROM core.attempts WHERE is_contact GROUP BY target_key
) AS reached ON reached.target_key = listed.target_key
WHERE people.person_key IS DISTINCT FROM listed.person_key OR reached.contacts > 0""",
    ),
    Rule(
        "reports.call_next",
        "others_reached_the_person",
        "Somebody was reached elsewhere if another target of the same person has a contact.",
        query="""
SELECT listed.target_key, listed.held_back_by, listed.person_key
FROM reports.call_next AS listed
LEFT JOIN (
    SELECT DISTINCT people.person_key
    FROM core.attempts AS attempts
    INNER JOIN core.person_targets AS people ON people.target_key = attempts.target_key
    WHERE attempts.is_contact
) AS reached ON reached.person_key = listed.person_key
WHERE (listed.held_back_by = 'reached_elsewhere' AND reached.person_key IS NULL)
    OR (listed.held_back_by IS DISTINCT FROM 'reached_elsewhere' AND listed.held_back_by IS DISTINCT FROM 'restricted'
        AND reached.person_key IS NOT NULL)""",
    ),
)
