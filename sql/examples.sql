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

-- 24. Which people are in several systems, how sure is that, and how often did all systems together try and reach them?
-- `sure` if a crosswalk, an id or an e-mail address joins all their targets, `likely` if a number joins some of them.
SELECT
    people.person_key, people.systems, people.targets,
    CASE WHEN matched.likely_targets > 0 THEN 'likely' ELSE 'sure' END AS match, people.attempts, people.contacts,
    people.restriction
FROM core.people AS people
INNER JOIN (
    SELECT person_key, count(CASE WHEN strength = 'likely' THEN 1 END) AS likely_targets
    FROM core.person_targets
    GROUP BY person_key
) AS matched ON matched.person_key = people.person_key
WHERE people.systems > 1
ORDER BY people.systems DESC, people.attempts DESC, people.person_key ASC
LIMIT 50;

-- 25. Who was tried by one system after having asked another one not to be contacted, and how many days after?
-- A verdict `unverifiable` says that it may be another person or another number, or that nobody knows since when.
SELECT
    breaches.person_key, marks.source AS asked_in, marks.kind, marks.since AS asked_at, breaches.source AS tried_by,
    breaches.occurred_at AS tried_at,
    round((epoch_ms(breaches.occurred_at) - epoch_ms(marks.since)) / 86400000.0, 1) AS days_after,
    breaches.verdict, breaches.reason, breaches.attempt_key
FROM compliance.breaches AS breaches
INNER JOIN core.restrictions AS marks ON marks.restriction_key = breaches.restriction_key
WHERE breaches.rule = 'house_mark' AND marks.source <> breaches.source
ORDER BY breaches.verdict ASC, breaches.occurred_at ASC, breaches.attempt_key ASC;

-- 26. Which telephone numbers have several retry budgets, and how often were they tried already, by all systems?
-- Each target has tries of its own. A number in three targets is tried three times as often as anybody meant.
SELECT
    open.point_key, open.budgets, open.tries_left, coalesce(made.attempts, 0) AS attempts_made,
    coalesce(made.systems, 0) AS systems
FROM (
    SELECT points.point_key, count(*) AS budgets, CAST(sum(listed.tries_left) AS BIGINT) AS tries_left
    FROM reports.call_next AS listed
    INNER JOIN core.contact_points AS points ON points.target_key = listed.target_key
    WHERE points.kind = 'phone' AND listed.tries_left > 0
    GROUP BY points.point_key
    HAVING count(*) > 1
) AS open
LEFT JOIN (
    SELECT point_key, count(*) AS attempts, count(DISTINCT source) AS systems
    FROM core.attempts
    WHERE is_attempt AND direction <> 'inbound'
    GROUP BY point_key
) AS made ON made.point_key = open.point_key
ORDER BY open.budgets DESC, open.tries_left DESC, open.point_key ASC;

-- 27. Which attempts were the fourth or a later one on one person within 24 hours, and how many systems made them?
SELECT
    late.attempt_key, late.person_key, late.occurred_at, late.count_in_period, late.verdict, late.reason,
    count(DISTINCT split_part(late.counted_attempt, ':', 1)) AS systems
FROM (
    SELECT
        attempt_key, person_key, occurred_at, count_in_period, verdict, reason,
        unnest(list_append(other_attempts, attempt_key)) AS counted_attempt
    FROM compliance.breaches
    WHERE rule = 'house_day' AND count_in_period >= 4
) AS late
GROUP BY late.attempt_key, late.person_key, late.occurred_at, late.count_in_period, late.verdict, late.reason
ORDER BY late.occurred_at, late.attempt_key;

-- 28. How many people do the systems know, try and reach, and what share of a sum over the systems is counted twice?
SELECT
    figures.figure, figures.people, figures.summed_over_systems,
    figures.summed_over_systems - figures.people AS counted_again,
    CASE
        WHEN figures.summed_over_systems > 0
            THEN CAST(figures.summed_over_systems - figures.people AS DOUBLE) / figures.summed_over_systems
    END AS share_counted_again
FROM (
    SELECT
        'known' AS figure,
        CAST(sum(CASE WHEN source = 'all' THEN people END) AS BIGINT) AS people,
        CAST(sum(CASE WHEN source <> 'all' THEN people END) AS BIGINT) AS summed_over_systems
    FROM reports.people_reached
    UNION ALL
    SELECT
        'tried',
        CAST(sum(CASE WHEN source = 'all' THEN people_attempted END) AS BIGINT),
        CAST(sum(CASE WHEN source <> 'all' THEN people_attempted END) AS BIGINT)
    FROM reports.people_reached
    UNION ALL
    SELECT
        'reached',
        CAST(sum(CASE WHEN source = 'all' THEN people_contacted END) AS BIGINT),
        CAST(sum(CASE WHEN source <> 'all' THEN people_contacted END) AS BIGINT)
    FROM reports.people_reached
) AS figures
ORDER BY figures.people DESC, figures.figure ASC;

-- 29. Which is the best hour of each campaign by the clock of those it calls, and which one does the office's clock show?
-- Hours are those of all attempts. Where they do not differ by more than chance, no hour is the best.
SELECT
    called.source, called.campaign_key, campaigns.campaign_name, called.hours_differ, called.attempts_in_campaign,
    CASE WHEN called.hours_differ THEN called.hour END AS called_hour,
    CASE WHEN office.hours_differ THEN office.hour END AS office_hour,
    CASE WHEN called.hours_differ THEN called.contact_rate_per_attempt END AS contact_rate_per_attempt,
    CASE WHEN called.hours_differ THEN called.contact_rate_per_attempt_low END AS contact_rate_per_attempt_low,
    CASE WHEN called.hours_differ THEN called.contact_rate_per_attempt_high END AS contact_rate_per_attempt_high
FROM (
    SELECT
        cells.*,
        cells.prior_attempts IS NOT NULL AND NOT cells.is_thin AS hours_differ,
        CAST(sum(cells.attempts) OVER (PARTITION BY cells.source, cells.campaign_key, cells.clock) AS BIGINT)
            AS attempts_in_campaign,
        row_number() OVER (
            PARTITION BY cells.source, cells.campaign_key, cells.clock
            ORDER BY cells.is_thin ASC, cells.shrunk_rate_per_attempt DESC, cells.weekday ASC, cells.hour ASC
        ) AS place
    FROM reports.best_time AS cells
    WHERE cells.attempts_kind = 'all'
) AS called
LEFT JOIN (
    SELECT
        cells.source, cells.campaign_key, cells.hour,
        cells.prior_attempts IS NOT NULL AND NOT cells.is_thin AS hours_differ,
        row_number() OVER (
            PARTITION BY cells.source, cells.campaign_key
            ORDER BY cells.is_thin ASC, cells.shrunk_rate_per_attempt DESC, cells.weekday ASC, cells.hour ASC
        ) AS place
    FROM reports.best_time AS cells
    WHERE cells.attempts_kind = 'all' AND cells.clock = 'reporting'
) AS office
    ON office.source = called.source AND office.campaign_key = called.campaign_key AND office.place = 1
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = called.source AND campaigns.campaign_key = called.campaign_key
WHERE called.clock = 'called' AND called.place = 1
ORDER BY called.campaign_key;

-- 30. Which campaigns have no declared purpose, so that no law's rule judges them, and which line would declare it?
-- Write the line into purposes.csv of the landing folder, with a purpose and with yes, no or unknown for the consent.
SELECT
    source, campaign_key, campaign_name, max(attempts) AS attempts, max(not_judged) AS attempts_not_judged,
    count(*) AS rules_that_do_not_judge, line
FROM reports.contact_rule_audit
WHERE not_judged_because = 'purpose_undeclared'
GROUP BY source, campaign_key, campaign_name, line
ORDER BY attempts_not_judged DESC, campaign_key ASC;

-- 31. Whose marks did which system break, and on how many people?
SELECT
    marks.source AS marked_in, marks.kind, breaches.source AS broken_by, breaches.rule, count(*) AS attempts,
    count(DISTINCT breaches.person_key) AS people, min(breaches.occurred_at) AS first_at, max(breaches.occurred_at) AS last_at
FROM compliance.breaches AS breaches
INNER JOIN core.restrictions AS marks ON marks.restriction_key = breaches.restriction_key
WHERE breaches.verdict = 'breach'
GROUP BY marks.source, marks.kind, breaches.source, breaches.rule
ORDER BY attempts DESC, marked_in ASC, marks.kind ASC, broken_by ASC, breaches.rule ASC;

-- 32. Whom should each campaign call next and when, and what holds the others back?
-- Five targets of each campaign for each answer, with how many there are. Times are UTC.
SELECT
    listed.source, listed.campaign_key, campaigns.campaign_name, listed.held_back_by, listed.targets, listed.target_key,
    listed.callable_from, listed.callable_until, listed.tries_left, listed.score
FROM (
    SELECT
        *,
        count(*) OVER (PARTITION BY source, campaign_key, held_back_by) AS targets,
        row_number() OVER (
            PARTITION BY source, campaign_key, held_back_by
            ORDER BY score DESC NULLS LAST, callable_from ASC NULLS LAST, target_key ASC
        ) AS place
    FROM reports.call_next
) AS listed
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = listed.source AND campaigns.campaign_key = listed.campaign_key
WHERE listed.place <= 5
ORDER BY listed.campaign_key ASC, listed.held_back_by ASC NULLS FIRST, listed.place ASC;

-- 33. A number complains: what was done at it, by which system, for whom, and which rules did that break?
-- Here it is the number at which most attempts broke a rule. Write `= 'phone:+1…'` for the number that complains.
SELECT
    traced.occurred_at, traced.source, traced.campaign_name AS campaign, traced.event, traced.words, traced.person_key,
    traced.target_key, traced.rules_broken
FROM reports.contact_trace AS traced
WHERE
    traced.point_key = (
        SELECT breaches.point_key
        FROM compliance.breaches AS breaches
        WHERE breaches.verdict = 'breach' AND breaches.point_key IS NOT NULL
        GROUP BY breaches.point_key
        ORDER BY count(DISTINCT breaches.attempt_key) DESC, breaches.point_key ASC
        LIMIT 1
    )
ORDER BY
    traced.occurred_at ASC NULLS FIRST, traced.person_key ASC, traced.event ASC, traced.attempt_key ASC,
    traced.restriction_key ASC;
