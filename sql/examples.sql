-- Questions to contact_ledger.duckdb, each with its query. They run in DuckDB 1.2 and later, one by one or all
-- together: duckdb contact_ledger.duckdb < examples.sql
-- Two campaigns may have the same name, so each answer has the campaign's key too.
-- Belongs here: questions that people ask of the published file. Does not belong here: anything that the pipeline runs.

-- 1. What share of the targets that it attempted did each campaign reach, and how sure is that?
SELECT
    source, campaign_key, campaign_name, targets_contacted, targets_attempted, contact_rate_per_target,
    contact_rate_per_target_low, contact_rate_per_target_high, is_thin
FROM reports.campaign_contact_rates
ORDER BY is_thin ASC, contact_rate_per_target DESC NULLS LAST, campaign_key ASC;

-- 2. Which campaigns reach fewer than 30 % of their attempted targets, and have their whole interval below 30 %?
SELECT
    source, campaign_key, campaign_name, targets_contacted, targets_attempted, contact_rate_per_target,
    contact_rate_per_target_low, contact_rate_per_target_high
FROM reports.campaign_contact_rates
WHERE contact_rate_per_target_high < 0.3 AND NOT is_thin
ORDER BY contact_rate_per_target_high, campaign_key;

-- 3. How many attempts does it take to reach one target, without campaigns too thin to judge by?
SELECT
    source, campaign_key, campaign_name, attempts, targets_contacted, attempts_per_contact, contact_rate_per_target,
    contact_rate_per_target_low, contact_rate_per_target_high
FROM reports.campaign_contact_rates
WHERE NOT is_thin
ORDER BY attempts_per_contact NULLS LAST, campaign_key;

-- 4. How many targets of each campaign's list are untouched, and how many tries are left?
SELECT
    inventory.campaign_key, inventory.campaign_name, campaigns.outdial_id, inventory.targets, inventory.attempted,
    inventory.untouched, inventory.remaining_tries, inventory.stranded, inventory.stranded_tries
FROM reports.inventory AS inventory
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = inventory.source AND campaigns.campaign_key = inventory.campaign_key
WHERE inventory.campaign_key <> 'all'
ORDER BY inventory.untouched DESC, inventory.campaign_key ASC;

-- 5. How many targets did each source attempt, and how many would a sum over its campaigns count?
SELECT sums.source, sums.targets_summed_over_campaigns, totals.targets_attempted
FROM (
    SELECT source, sum(targets_attempted) AS targets_summed_over_campaigns
    FROM reports.campaign_contact_rates
    GROUP BY source
) AS sums
INNER JOIN reports.contact_rates_by AS totals
    ON totals.source = sums.source AND totals.campaign_key = 'all' AND totals.dimension = 'total'
ORDER BY sums.source;

-- 6. Is a third attempt worth it, without attempts too thin to judge by?
SELECT
    source, attempt_number, at_risk, contacts, hazard, hazard_low, hazard_high, cumulative_incidence,
    cumulative_incidence_low, cumulative_incidence_high
FROM reports.attempt_curve
WHERE campaign_key = 'all' AND attempt_number <= 5 AND NOT is_thin
ORDER BY source, attempt_number;

-- 7. How many attempts would a maximum of two have saved in each campaign, and how many targets would it have lost?
SELECT
    made.source, made.campaign_key, campaigns.campaign_name, made.targets, made.attempts,
    made.attempts - made.attempts_with_two AS attempts_saved, made.targets_contacted,
    made.targets_contacted - made.targets_contacted_with_two AS targets_lost
FROM (
    SELECT
        source, campaign_key, targets, max(attempts) AS attempts, max(targets_contacted) AS targets_contacted,
        max(CASE WHEN max_attempts <= 2 THEN attempts END) AS attempts_with_two,
        max(CASE WHEN max_attempts <= 2 THEN targets_contacted END) AS targets_contacted_with_two
    FROM reports.retry_what_if
    WHERE basis = 'log' AND campaign_key <> 'all'
    GROUP BY source, campaign_key, targets
) AS made
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = made.source AND campaigns.campaign_key = made.campaign_key
ORDER BY attempts_saved DESC, made.campaign_key ASC;

-- 8. How many targets might one, two or three further attempts reach, and between which numbers would it come out?
SELECT
    what_if.source, what_if.campaign_key, campaigns.campaign_name, what_if.max_attempts, what_if.targets,
    what_if.targets_contacted, what_if.targets_contacted_predicted_low, what_if.targets_contacted_predicted_high
FROM reports.retry_what_if AS what_if
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = what_if.source AND campaigns.campaign_key = what_if.campaign_key
WHERE what_if.basis = 'extrapolated' AND what_if.campaign_key <> 'all' AND what_if.targets >= 5
ORDER BY what_if.campaign_key, what_if.max_attempts;

-- 9. How long does it take to reach half of the attempted targets, and what share is reached within a day?
-- A median without an upper end may take any longer time. A thin one is held back: it rests on fewer than five targets.
SELECT
    source, campaign_key, campaign_name, targets, contacted, followed_seconds / 3600 AS followed_hours,
    CASE WHEN NOT median_is_thin THEN median_seconds / 3600 END AS median_hours,
    median_seconds_low / 3600 AS median_hours_low, median_seconds_high / 3600 AS median_hours_high, median_is_thin,
    within_1d, within_1d_low, within_1d_high, is_thin
FROM reports.time_to_contact
WHERE campaign_key <> 'all' AND targets >= 5
ORDER BY median_hours NULLS LAST, campaign_key;

-- 10. At which weekday and hour do first attempts of each campaign reach a person most often, if its hours differ at all?
-- Hours are those of whoever was called (`called`), or of the reporting time zone if their clock is seldom known.
SELECT
    ranked.source, ranked.campaign_key, campaigns.campaign_name, ranked.hours_differ, ranked.clock,
    CASE WHEN ranked.hours_differ THEN ranked.weekday END AS best_weekday,
    CASE WHEN ranked.hours_differ THEN ranked.hour END AS best_hour,
    CASE WHEN ranked.hours_differ THEN ranked.attempts END AS attempts,
    CASE WHEN ranked.hours_differ THEN ranked.shrunk_rate_per_attempt END AS shrunk_rate,
    CASE WHEN ranked.hours_differ THEN ranked.contact_rate_per_attempt END AS contact_rate,
    CASE WHEN ranked.hours_differ THEN ranked.contact_rate_per_attempt_low END AS contact_rate_low,
    CASE WHEN ranked.hours_differ THEN ranked.contact_rate_per_attempt_high END AS contact_rate_high
FROM (
    SELECT
        cells.*,
        -- Thin cells stay out. Without an m, the log does not tell one hour from another, and no hour is the best.
        cells.prior_attempts IS NOT NULL AND NOT cells.is_thin AS hours_differ,
        row_number() OVER (
            PARTITION BY cells.source, cells.campaign_key
            ORDER BY cells.is_thin ASC, cells.shrunk_rate_per_attempt DESC, cells.weekday ASC, cells.hour ASC
        ) AS place
    FROM reports.best_time AS cells
    WHERE cells.is_default AND cells.attempts_kind = 'first'
) AS ranked
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = ranked.source AND campaigns.campaign_key = ranked.campaign_key
WHERE ranked.place = 1
ORDER BY ranked.campaign_key;

-- 11. What was the contact rate of each source from week to week, without weeks too thin to judge by?
-- Question 22 says between which weeks it changed.
SELECT
    source, value AS week, attempts, contacts, contact_rate_per_attempt, contact_rate_per_attempt_low,
    contact_rate_per_attempt_high
FROM reports.contact_rates_by
WHERE campaign_key = 'all' AND dimension = 'week' AND NOT is_thin
ORDER BY source, week;

-- 12. How often does an attempt of each agent reach a person, beside the rate of the whole source?
-- With many agents, some interval misses the rate of the source by chance alone. Question 23 says who differs.
SELECT
    agents.source, agents.value AS agent_key, agents.targets_attempted, agents.attempts, agents.contacts,
    agents.contact_rate_per_attempt, agents.contact_rate_per_attempt_low, agents.contact_rate_per_attempt_high,
    totals.contact_rate_per_attempt AS source_rate, totals.contact_rate_per_attempt_low AS source_rate_low,
    totals.contact_rate_per_attempt_high AS source_rate_high
FROM reports.contact_rates_by AS agents
INNER JOIN reports.contact_rates_by AS totals
    ON totals.source = agents.source AND totals.campaign_key = 'all' AND totals.dimension = 'total'
WHERE
    agents.campaign_key = 'all' AND agents.dimension = 'agent' AND agents.value <> 'none' AND NOT agents.is_thin
ORDER BY agents.source ASC, agents.contact_rate_per_attempt DESC, agents.value ASC;

-- 13. Does a target's second phone number still yield contacts?
SELECT
    slices.source, slices.campaign_key, campaigns.campaign_name, slices.value AS destination_index,
    slices.targets_attempted, slices.attempts, slices.contacts, slices.contact_rate_per_attempt,
    slices.contact_rate_per_attempt_low, slices.contact_rate_per_attempt_high
FROM reports.contact_rates_by AS slices
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = slices.source AND campaigns.campaign_key = slices.campaign_key
WHERE
    slices.dimension = 'destination_index' AND slices.value IN ('0', '1') AND slices.campaign_key <> 'all'
    AND NOT slices.is_thin
ORDER BY slices.campaign_key, destination_index;

-- 14. In which disposition does each campaign leave its targets, and what share of them has an unknown end?
SELECT
    ends.source, ends.campaign_key, campaigns.campaign_name, ends.disposition, ends.is_attempt, ends.targets,
    ends.targets_in_campaign, ends.share_of_targets
FROM (
    SELECT
        dispositions.*,
        sum(dispositions.targets) OVER (
            PARTITION BY dispositions.source, dispositions.campaign_key
        ) AS targets_in_campaign
    FROM reports.campaign_dispositions AS dispositions
) AS ends
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = ends.source AND campaigns.campaign_key = ends.campaign_key
WHERE ends.targets > 0
ORDER BY ends.campaign_key ASC, ends.targets DESC, ends.disposition ASC;

-- 15. Which values of the sources have no known disposition yet?
SELECT unmapped.source, unmapped.field, unmapped.value, unmapped.rows, unmapped.attempts, unmapped.line
FROM quality.unmapped_values AS unmapped
ORDER BY unmapped.rows DESC, unmapped.line ASC;

-- 16. What are each campaign's response rates and contact rate in AAPOR's terms?
SELECT
    rates.source, rates.campaign_key, classes.campaign_name, rates.rate, rates.formula, rates.numerator,
    rates.denominator, rates.value, rates.value_low, rates.value_high, rates.e, rates.is_thin
FROM reports.aapor_rates AS rates
INNER JOIN reports.aapor_classes AS classes
    ON classes.source = rates.source AND classes.campaign_key = rates.campaign_key
WHERE rates.rate IN ('rr1', 'rr3', 'rr5', 'con1') AND rates.campaign_key <> 'all'
ORDER BY rates.campaign_key, rates.rate;

-- 17. What would response rate 3 be if a quarter of the targets never tried or still being called (UH) were eligible?
SELECT
    classes.source, classes.campaign_key, classes.campaign_name, classes.i, classes.uh, rates.rr3,
    reports.wilson_low(
        classes.i, classes.k + 0.25 * classes.uh + CASE WHEN classes.u > classes.uh THEN classes.e ELSE 0 END
        * (classes.u - classes.uh)
    ) AS rr3_low,
    reports.wilson_high(
        classes.i, classes.k + 0.25 * classes.uh + CASE WHEN classes.u > classes.uh THEN classes.e ELSE 0 END
        * (classes.u - classes.uh)
    ) AS rr3_high
FROM reports.aapor_classes AS classes,
    reports.aapor(
        classes.i, classes.p, classes.r, classes.nc, classes.o, classes.uh, classes.ur, classes.uo, classes.ne,
        0.25, NULL, NULL
    ) AS rates
WHERE classes.campaign_key <> 'all'
ORDER BY classes.campaign_key;

-- 18. Which communications are overdue, and in whose name?
SELECT campaign_key, campaign_name, type, agent_key, overdue, oldest_overdue_at
FROM reports.scheduled_communications
WHERE overdue > 0
ORDER BY oldest_overdue_at, campaign_key, type, agent_key;

-- 19. Which twenty targets did a campaign try again most often after it had reached them?
SELECT source, campaign_key, campaign_name, target_key, count(*) AS later_attempts
FROM (
    SELECT
        source, campaign_key, campaign_name, target_key, attempt_number,
        min(CASE WHEN is_contact THEN attempt_number END) OVER (
            PARTITION BY source, campaign_key, target_key
        ) AS reached_by
    FROM core.attempts
    WHERE is_attempt AND measures_contact
) AS attempts
WHERE attempt_number > reached_by
GROUP BY source, campaign_key, campaign_name, target_key
ORDER BY later_attempts DESC, campaign_key ASC, target_key ASC
LIMIT 20;

-- 20. Can these figures be relied on: how many rows were rejected, and which checks failed?
SELECT
    'rows rejected' AS finding, source || '.' || resource AS place, NULL AS check_name, NULL AS severity,
    sum(rows_rejected) || ' of ' || sum(rows_read) || ' rows' AS observed
FROM quality.row_accounting
GROUP BY source, resource
HAVING sum(rows_rejected) > 0
UNION ALL
SELECT 'check failed', table_name, check_name, severity, observed
FROM quality.check_results
WHERE NOT passed
ORDER BY finding, place, check_name;

-- 21. Which campaigns of a source differ in their contact rates by more than chance allows?
SELECT
    source, side AS campaign_key, side_name AS campaign_name, other AS other_key, other_name, reached, tried, rate,
    other_reached, other_tried, other_rate, difference, low, high, p_holm
FROM reports.comparisons
WHERE family = 'campaigns' AND is_clear
ORDER BY source, p_holm, side, other;

-- 22. Did the contact rate of a source change from one week to the next by more than chance allows?
-- The week before is the last one in which anybody was tried. Weeks that are not over are left out.
SELECT
    source, other AS week_before, side AS week, other_reached, other_tried, other_rate, reached, tried, rate, difference,
    low, high, is_clear
FROM reports.comparisons
WHERE campaign_key = 'all' AND family = 'weeks' AND NOT is_thin
ORDER BY source, week;

-- 23. How do agents compare with the rest of their campaign, and who differs by more than chance allows?
SELECT
    source, campaign_key, campaign_name, side AS agent_key, reached, tried, rate, other_reached, other_tried, other_rate,
    difference, low, high, p_holm, is_clear
FROM reports.comparisons
WHERE family = 'agents' AND NOT is_thin
ORDER BY is_clear DESC, p_holm ASC, p ASC, source ASC, campaign_key ASC, agent_key ASC;
