-- One row per comparison of two contact rates: how far they lie apart, and whether chance alone explains it.
-- Three families are compared. `campaigns` (in the rows whose `campaign_key` is `all`): the campaigns of a source with
-- one another, or each with the rest if there are more than 20. `weeks`: each week of a campaign, or of a whole source,
-- with the week before in which anybody was tried. A week that is not over by the moment of its source is left out: its
-- attempts are still coming in. `agents`: each agent of a campaign with everybody else in that campaign.
-- Campaigns are compared per target: reached in the campaign / tried by the campaign. A target that two campaigns tried
-- stands on both sides, and the two sides count as independent. Weeks and agents are compared per attempt. Attempts on
-- one target are not independent, so a side is as large as its effective attempts, whose design effect is at least the
-- one of all attempts of the campaign. The rest of a campaign has that design effect. The rest of the campaigns is made
-- smaller by as much as campaigns share targets.
-- The interval is Newcombe's (1998, method 10). The p is the larger of two: of the score test (Pearson 1900) and of the
-- likelihood ratio (Wilks 1938). Each finds too much where the other does not: at a rate of 1 %, the score test alone
-- names one of 20 equal agents in a fifth of all logs.
-- Many comparisons at once find something by chance. So p is corrected for all comparisons of its family in its
-- campaign, or in its source, by the steps of Holm (1979). With 20 equal agents, comparing them one by one names
-- somebody in 59 % of logs; `is_clear` does so in at most 5 %. A thin comparison is not judged and does not count.
-- A difference that is clear is no cause. Who is called when, by whom, and in which campaign, is seldom left to chance.
-- Key: source, campaign_key, family, side, other
-- Example: Which campaigns differ in their contact rates by more than chance allows?
--   SELECT source, side, side_name, other, other_name, rate, other_rate, difference, low, high
--   FROM reports.comparisons WHERE family = 'campaigns' AND is_clear ORDER BY source, p_holm, side, other
WITH listed AS (
    SELECT
        source,
        campaign_key,
        campaign_name,
        targets_contacted,
        targets_attempted,
        is_thin,
        sum(targets_attempted) OVER (PARTITION BY source) AS targets_of_all
    FROM reports.campaign_contact_rates
    WHERE targets_attempted > 0
),

campaigns AS (
    SELECT
        listed.*,
        -- A target that several campaigns tried stands in each of them.
        least(1.0, CAST(totals.targets_attempted AS DOUBLE) / listed.targets_of_all) AS distinct_share,
        count(*) OVER whole AS campaigns,
        sum(listed.targets_contacted) OVER whole - listed.targets_contacted AS rest_contacted,
        sum(listed.targets_attempted) OVER whole - listed.targets_attempted AS rest_attempted
    FROM listed
    INNER JOIN reports.contact_rates_by AS totals
        ON totals.source = listed.source AND totals.campaign_key = 'all' AND totals.dimension = 'total'
    WHERE listed.campaign_key <> listed.source || ':none'
    WINDOW whole AS (PARTITION BY listed.source)
),

totals AS (
    SELECT source, campaign_key, attempts, contacts, effective_attempts / attempts AS effective_share
    FROM reports.contact_rates_by
    WHERE dimension = 'total'
),

todays AS (
    SELECT
        rates.source,
        CAST(CASE
            WHEN settings.timezone = 'UTC' THEN max(rates.as_of)
            ELSE (max(rates.as_of) AT TIME ZONE 'UTC') AT TIME ZONE settings.timezone
        END AS DATE) AS today
    FROM reports.campaign_contact_rates AS rates
    CROSS JOIN landing.settings AS settings
    GROUP BY rates.source, settings.timezone
),

weeks AS (
    SELECT
        slices.source,
        slices.campaign_key,
        slices.value,
        slices.attempts,
        slices.contacts,
        least(slices.effective_attempts, slices.attempts * totals.effective_share) AS size,
        slices.is_thin,
        row_number() OVER (PARTITION BY slices.source, slices.campaign_key ORDER BY slices.value) AS place
    FROM reports.contact_rates_by AS slices
    INNER JOIN totals ON totals.source = slices.source AND totals.campaign_key = slices.campaign_key
    INNER JOIN todays ON todays.source = slices.source
    WHERE
        slices.dimension = 'week'
        AND CASE WHEN slices.value <> 'unknown' THEN CAST(slices.value AS DATE) + INTERVAL 7 DAY END <= todays.today
),

sides AS (
    SELECT
        ours.source, 'all' AS campaign_key, 'campaigns' AS family, 'targets' AS unit,
        ours.campaign_key AS side, ours.campaign_name AS side_name,
        theirs.campaign_key AS other, theirs.campaign_name AS other_name,
        ours.targets_contacted AS reached, ours.targets_attempted AS tried,
        CAST(ours.targets_attempted AS DOUBLE) AS size,
        theirs.targets_contacted AS other_reached, theirs.targets_attempted AS other_tried,
        CAST(theirs.targets_attempted AS DOUBLE) AS other_size,
        ours.is_thin OR theirs.is_thin AS is_thin
    FROM campaigns AS ours
    INNER JOIN campaigns AS theirs ON theirs.source = ours.source AND theirs.campaign_key > ours.campaign_key
    WHERE ours.campaigns <= 20
    UNION ALL
    SELECT
        source, 'all', 'campaigns', 'targets', campaign_key, campaign_name, 'rest', 'rest',
        targets_contacted, targets_attempted, CAST(targets_attempted AS DOUBLE),
        rest_contacted, rest_attempted, rest_attempted * distinct_share,
        is_thin OR rest_attempted * distinct_share < 5
    FROM campaigns
    WHERE campaigns > 20
    UNION ALL
    SELECT
        later.source, later.campaign_key, 'weeks', 'attempts',
        later.value AS side, later.value AS side_name, earlier.value AS other, earlier.value AS other_name,
        later.contacts AS reached, later.attempts AS tried, later.size,
        earlier.contacts AS other_reached, earlier.attempts AS other_tried, earlier.size AS other_size,
        later.is_thin OR earlier.is_thin
    FROM weeks AS later
    INNER JOIN weeks AS earlier
        ON
            earlier.source = later.source
            AND earlier.campaign_key = later.campaign_key
            AND earlier.place = later.place - 1
    UNION ALL
    SELECT
        agents.source, agents.campaign_key, 'agents', 'attempts',
        agents.value AS side, agents.value AS side_name, 'rest', 'rest',
        agents.contacts, agents.attempts,
        least(agents.effective_attempts, agents.attempts * totals.effective_share),
        totals.contacts - agents.contacts, totals.attempts - agents.attempts,
        (totals.attempts - agents.attempts) * totals.effective_share,
        agents.is_thin OR (totals.attempts - agents.attempts) * totals.effective_share < 5
    FROM reports.contact_rates_by AS agents
    INNER JOIN totals ON totals.source = agents.source AND totals.campaign_key = agents.campaign_key
    WHERE
        agents.dimension = 'agent'
        AND agents.value <> 'none'
        AND agents.campaign_key <> 'all'
        AND totals.attempts > agents.attempts
),

rates AS (
    SELECT
        sides.*,
        CAST(reached AS DOUBLE) / tried AS rate,
        CAST(other_reached AS DOUBLE) / other_tried AS other_rate
    FROM sides
),

deviates AS (
    SELECT
        rates.*,
        reports.diff_low(rate * size, size, other_rate * other_size, other_size) AS low,
        reports.diff_high(rate * size, size, other_rate * other_size, other_size) AS high,
        reports.diff_z(rate * size, size, other_rate * other_size, other_size) AS deviate
    FROM rates
),

tested AS (
    SELECT
        deviates.*,
        CASE WHEN NOT is_thin THEN reports.erfc(deviate / sqrt(2.0e0)) END AS p
    FROM deviates
),

ranked AS (
    SELECT
        tested.*,
        count(p) OVER (PARTITION BY source, campaign_key, family) AS comparisons,
        row_number() OVER (
            PARTITION BY source, campaign_key, family, is_thin ORDER BY p ASC, side ASC, other ASC
        ) AS place
    FROM tested
),

corrected AS (
    SELECT
        ranked.*,
        -- The smallest p counts for all comparisons, the next one for one fewer. None may be below one before it.
        max(CASE WHEN NOT is_thin THEN least(1.0, p * (comparisons - place + 1)) END) OVER (
            PARTITION BY source, campaign_key, family, is_thin ORDER BY place ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS p_holm
    FROM ranked
)

SELECT
    corrected.source, -- the source, as in core.sources
    -- the campaign in which weeks or agents are compared: `<source>:<native id>`; `all` for the whole source
    corrected.campaign_key,
    names.campaign_name, -- the campaign's name in its source; null for the whole source
    corrected.family, -- what is compared: campaigns, weeks or agents
    corrected.side, -- the first side: a campaign's key, the Monday of a week (YYYY-MM-DD), or an agent's key
    corrected.other, -- the second side: a campaign's key, the Monday of the week before, or `rest`
    corrected.side_name, -- the first side: a campaign's name, a Monday, or an agent's key
    corrected.other_name, -- the second side in the same way
    corrected.unit, -- what is counted on both sides: targets or attempts
    CAST(corrected.reached AS BIGINT) AS reached, -- on the first side, targets reached, or attempts that reached a person [count]
    CAST(corrected.tried AS BIGINT) AS tried, -- on the first side, targets tried, or attempts made [count]
    corrected.rate, -- reached / tried [share]
    CAST(corrected.other_reached AS BIGINT) AS other_reached, -- the same on the second side [count]
    CAST(corrected.other_tried AS BIGINT) AS other_tried, -- the same on the second side [count]
    corrected.other_rate, -- other_reached / other_tried [share]
    corrected.size, -- independent trials that would be as sure as the first side's
    corrected.other_size, -- independent trials that would be as sure as the second side's
    corrected.rate - corrected.other_rate AS difference, -- rate - other_rate [difference]
    corrected.low, -- lower end of its 95 % interval (Newcombe), for this comparison alone [difference]
    corrected.high, -- upper end of its 95 % interval [difference]
    -- how often equal rates would lie as far apart by chance, for this comparison alone; null if it is thin [probability]
    corrected.p,
    -- p corrected for all comparisons of the family (Holm); null if the comparison is thin [probability]
    corrected.p_holm,
    CAST(corrected.comparisons AS BIGINT) AS comparisons, -- comparisons of the family that are not thin [count]
    -- true if chance does not explain the difference: p_holm is below 0.05, and 0 lies outside the interval
    coalesce(corrected.p_holm < 0.05 AND (corrected.low > 0 OR corrected.high < 0), FALSE) AS is_clear,
    -- true if a side has fewer than 5 targets, or a rest is worth fewer than 5 trials: too few to judge by
    corrected.is_thin
FROM corrected
LEFT JOIN listed AS names ON names.source = corrected.source AND names.campaign_key = corrected.campaign_key
