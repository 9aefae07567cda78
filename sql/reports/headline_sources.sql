-- One row per source with anything in the ledger: its campaigns and its targets, which reports.headline sums up.
-- A campaign counts once: as tried, as not tried, or as not measured. A campaign of which only the name is known, without
-- a row in core.attempts or a target on a list, does not count; core.campaigns has it. A target counts once, however
-- many campaigns of the source tried it. The counts of targets are 0 where the source cannot tell whether anybody was
-- reached, and so is attempts_outside_campaigns.
-- Key: source
-- Example: How many campaigns of each source were tried, and how many were not yet?
--   SELECT source, campaigns_tried, campaigns_not_tried, campaigns_not_measured FROM reports.headline_sources
--   ORDER BY source
WITH campaigns AS (
    SELECT
        campaigns.source,
        campaigns.campaign_key = campaigns.source || ':none' AS is_none,
        rates.attempts
    FROM core.campaigns AS campaigns
    LEFT JOIN reports.campaign_contact_rates AS rates
        ON rates.source = campaigns.source AND rates.campaign_key = campaigns.campaign_key
    WHERE campaigns.is_in_ledger OR rates.campaign_key IS NOT NULL
),

counted AS (
    SELECT
        source,
        count(CASE WHEN NOT is_none AND attempts > 0 THEN 1 END) AS campaigns_tried,
        count(CASE WHEN NOT is_none AND attempts = 0 THEN 1 END) AS campaigns_not_tried,
        count(CASE WHEN NOT is_none AND attempts IS NULL THEN 1 END) AS campaigns_not_measured,
        CAST(coalesce(sum(CASE WHEN is_none THEN attempts END), 0) AS BIGINT) AS attempts_outside_campaigns
    FROM campaigns
    GROUP BY source
),

-- A target that was tried and not reached has come to another end, or is open.
ends AS (
    SELECT
        source,
        CAST(sum(CASE WHEN ended_by IS NULL THEN targets ELSE 0 END) AS BIGINT) AS targets_open,
        CAST(sum(CASE WHEN ended_by <> 'contact' THEN targets ELSE 0 END) AS BIGINT) AS targets_closed
    FROM reports._history_counts
    WHERE campaign_key = 'all' AND attempts > 0
    GROUP BY source
),

unknowns AS (
    SELECT source, count(*) AS targets_unknown
    FROM core._targets
    WHERE
        campaign_key = 'all' AND measures_contact AND attempts > 0 AND contacts = 0
        AND latest_disposition IN ('unknown', 'in_progress')
    GROUP BY source
)

SELECT
    counted.source, -- the source, as in core.sources
    counted.campaigns_tried, -- campaigns with at least one real attempt [count]
    counted.campaigns_not_tried, -- campaigns without any real attempt yet [count]
    counted.campaigns_not_measured, -- campaigns whose source cannot tell whether anybody was reached [count]
    counted.attempts_outside_campaigns, -- real attempts that belong to no campaign [count]
    coalesce(totals.targets_attempted, 0) AS targets_attempted, -- targets with at least one real attempt [count]
    -- of these targets, those that were reached at least once [count]
    coalesce(totals.targets_contacted, 0) AS targets_contacted,
    -- of the targets not contacted, those that may still be tried [count]
    coalesce(ends.targets_open, 0) AS targets_open,
    -- of the targets not contacted, those that will not be tried again: no tries are left, or the last attempt says bad
    -- contact info or do not contact [count]
    coalesce(ends.targets_closed, 0) AS targets_closed,
    -- of the targets not contacted, those whose last attempt has an unknown end, or none yet; each of them is open or
    -- closed as well [count]
    coalesce(unknowns.targets_unknown, 0) AS targets_unknown
FROM counted
LEFT JOIN reports.contact_rates_by AS totals
    ON totals.source = counted.source AND totals.campaign_key = 'all' AND totals.dimension = 'total'
LEFT JOIN ends ON ends.source = counted.source
LEFT JOIN unknowns ON unknowns.source = counted.source
