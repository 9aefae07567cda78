-- Twenty questions to contact_ledger.duckdb, each with its query. They run in DuckDB 1.2 and later, one by one or all
-- together: duckdb contact_ledger.duckdb < examples.sql
-- Belongs here: questions that people ask of the published file. Does not belong here: anything that the pipeline runs.

-- 1. What share of the targets that it attempted did each campaign reach, and how sure is that?
SELECT
    source, campaign_name, targets_contacted, targets_attempted, contact_rate_per_target,
    contact_rate_per_target_low, contact_rate_per_target_high
FROM reports.campaign_contact_rates
ORDER BY contact_rate_per_target DESC NULLS LAST;

-- 2. Which campaigns reach fewer than 30 % of their attempted targets, and have their whole interval below 30 %?
SELECT source, campaign_name, contact_rate_per_target, contact_rate_per_target_high
FROM reports.campaign_contact_rates
WHERE contact_rate_per_target_high < 0.3
ORDER BY contact_rate_per_target_high;

-- 3. How many attempts does it take to reach one target?
SELECT source, campaign_name, attempts, targets_contacted, attempts_per_contact
FROM reports.campaign_contact_rates
WHERE NOT is_thin
ORDER BY attempts_per_contact NULLS LAST;

-- 4. How many targets of each list are untouched, and how many tries are left?
SELECT campaign_name, targets, attempted, penetration, untouched, remaining_tries
FROM reports.inventory
WHERE campaign_key <> 'all'
ORDER BY penetration;

-- 5. How many targets did each source attempt, and how many would a sum over its campaigns count?
SELECT
    sums.source, sums.targets_summed_over_campaigns, totals.targets_attempted AS people
FROM (
    SELECT source, sum(targets_attempted) AS targets_summed_over_campaigns
    FROM reports.campaign_contact_rates
    GROUP BY source
) AS sums
INNER JOIN reports.contact_rates_by AS totals
    ON totals.source = sums.source AND totals.campaign_key = 'all' AND totals.dimension = 'total'
ORDER BY sums.source;

-- 6. Is a third attempt worth it?
SELECT source, campaign_key, attempt_number, at_risk, hazard, hazard_low, hazard_high, cumulative_incidence
FROM reports.attempt_curve
WHERE campaign_key = 'all' AND attempt_number <= 5
ORDER BY source, attempt_number;

-- 7. How many attempts would a maximum of two have saved, and how many targets would it have lost?
SELECT
    two.source, two.campaign_key, made.attempts - two.attempts AS attempts_saved,
    made.targets_contacted - two.targets_contacted AS people_lost
FROM reports.retry_what_if AS two
INNER JOIN (
    SELECT source, campaign_key, max(attempts) AS attempts, max(targets_contacted) AS targets_contacted
    FROM reports.retry_what_if
    WHERE basis = 'log'
    GROUP BY source, campaign_key
) AS made
    ON made.source = two.source AND made.campaign_key = two.campaign_key
WHERE two.max_attempts = 2 AND two.basis = 'log'
ORDER BY attempts_saved DESC;

-- 8. What might further attempts bring, and within which band?
SELECT
    source, campaign_key, max_attempts, extra_attempts, extra_contacted,
    targets_contacted_low, targets_contacted_high
FROM reports.retry_what_if
WHERE basis = 'extrapolated' AND campaign_key <> 'all'
ORDER BY source, campaign_key, max_attempts;

-- 9. How long does it take to reach half of the attempted targets?
SELECT source, campaign_name, targets, median_seconds / 3600 AS median_hours, within_1d, within_1d_low, within_1d_high
FROM reports.time_to_contact
WHERE campaign_key <> 'all'
ORDER BY median_hours NULLS LAST;

-- 10. At which weekday and hour do first attempts reach a person most often, if thin cells are drawn to the mean?
SELECT source, campaign_key, weekday, hour, attempts, contact_rate_per_attempt, shrunk_rate_per_attempt
FROM reports.best_time
WHERE attempts_kind = 'first'
ORDER BY shrunk_rate_per_attempt DESC, attempts DESC
LIMIT 20;

-- 11. Did the contact rate change from week to week, by more than chance allows?
SELECT source, other AS week_before, side AS week, other_rate AS rate_before, rate, difference, low, high, is_clear
FROM reports.comparisons
WHERE campaign_key = 'all' AND family = 'weeks'
ORDER BY source, week;

-- 12. How do agents compare with the rest of their campaign, and who differs by more than chance allows?
SELECT
    source, campaign_name, side AS agent, tried AS attempts, rate, other_rate AS rate_of_the_rest,
    difference, low, high, is_clear
FROM reports.comparisons
WHERE family = 'agents' AND NOT is_thin
ORDER BY is_clear DESC, p_holm ASC, p ASC, agent ASC;

-- 13. Does a target's second phone number still yield contacts?
SELECT campaign_key, value AS destination_index, attempts, contacts, contact_rate_per_attempt
FROM reports.contact_rates_by
WHERE source = 'voipbin' AND dimension = 'destination_index'
ORDER BY campaign_key, destination_index;

-- 14. How do attempts end, and what share of them has an unknown end?
SELECT source, campaign_key, disposition, attempts, share_of_attempts
FROM reports.campaign_dispositions
ORDER BY source ASC, campaign_key ASC, attempts DESC;

-- 15. Which values of the sources have no known disposition yet?
SELECT source, field, value, attempts, line
FROM quality.unmapped_values
ORDER BY attempts DESC, line ASC;

-- 16. What are each campaign's response rates and contact rate in AAPOR's terms?
SELECT
    classes.source, classes.campaign_name, rates.rate, rates.formula,
    rates.value, rates.value_low, rates.value_high, rates.e
FROM reports.aapor_rates AS rates
INNER JOIN reports.aapor_classes AS classes
    ON classes.source = rates.source AND classes.campaign_key = rates.campaign_key
WHERE rates.rate IN ('rr1', 'rr3', 'rr5', 'con1') AND rates.campaign_key <> 'all'
ORDER BY classes.source, classes.campaign_name, rates.rate;

-- 17. What would these rates be if a quarter of the targets that were never tried were eligible?
SELECT classes.source, classes.campaign_name, rates.rr3, rates.con2
FROM reports.aapor_classes AS classes,
    reports.aapor(
        classes.i, classes.p, classes.r, classes.nc, classes.o, classes.uh, classes.ur, classes.uo, classes.ne,
        0.25, NULL, NULL
    ) AS rates
ORDER BY classes.source, classes.campaign_name;

-- 18. Which communications are overdue, and in whose name?
SELECT campaign_name, type, agent_key, overdue, oldest_overdue_at
FROM reports.scheduled_communications
WHERE overdue > 0
ORDER BY oldest_overdue_at;

-- 19. Which targets were tried again after they had been reached?
SELECT campaign_name, target_key, count(*) AS later_attempts
FROM (
    SELECT
        campaign_name, target_key, attempt_number,
        min(CASE WHEN is_contact THEN attempt_number END) OVER (PARTITION BY campaign_key, target_key) AS reached_by
    FROM core.attempts
    WHERE is_attempt AND measures_contact
) AS attempts
WHERE attempt_number > reached_by
GROUP BY campaign_name, target_key
ORDER BY later_attempts DESC, target_key ASC
LIMIT 20;

-- 20. Can these figures be relied on: which rows were rejected, and which checks failed?
SELECT source, resource, sum(rows_read) AS rows_read, sum(rows_rejected) AS rows_rejected, NULL AS check_name
FROM quality.row_accounting
GROUP BY source, resource
UNION ALL
SELECT table_name, severity, NULL, NULL, check_name
FROM quality.check_results
WHERE NOT passed
ORDER BY source, resource;
