-- One row per campaign of the dialer with a contact rate: the share of reached targets among those that stand in it,
-- beside its contact rate.
-- A target stands only in the campaign that called it last. A target that one campaign did not reach, and that another
-- campaign called later, stands in the later one. So the two shares of a campaign can lie far apart.
-- Key: source, campaign_key
-- Order: place
-- Example: In which campaigns do the two shares lie far apart?
--   SELECT campaign_key, campaign_name, reached, targets, targets_contacted, targets_attempted, difference
--   FROM reports.campaign_standing WHERE is_far_apart ORDER BY place
WITH standing AS (
    SELECT
        CAST(campaign_id AS VARCHAR) AS campaign_id,
        CAST(sum(targets) AS BIGINT) AS targets,
        CAST(sum(CASE WHEN outcome = 'reached' THEN targets ELSE 0 END) AS BIGINT) AS reached
    FROM reports.campaign_outcomes
    WHERE campaign_id IS NOT NULL
    GROUP BY campaign_id
),

compared AS (
    SELECT
        rates.source,
        rates.campaign_key,
        rates.campaign_name,
        standing.targets,
        standing.reached,
        CAST(standing.reached AS DOUBLE) / standing.targets AS share_reached,
        rates.targets_attempted,
        rates.targets_contacted,
        rates.contact_rate_per_target
    FROM standing
    INNER JOIN reports.campaign_contact_rates AS rates
        ON rates.campaign_key = rates.source || ':' || standing.campaign_id
    WHERE rates.contact_rate_per_target IS NOT NULL
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`
    campaign_name, -- the campaign's name in its source
    targets, -- targets that stand in the campaign, as in reports.campaign_outcomes [count]
    reached, -- of these targets, those that are reached [count]
    share_reached, -- reached / targets [share]
    targets_attempted, -- targets that the campaign attempted, as in reports.campaign_contact_rates [count]
    targets_contacted, -- of these targets, those that the campaign reached [count]
    contact_rate_per_target, -- targets_contacted / targets_attempted [share]
    share_reached - contact_rate_per_target AS difference, -- share_reached - contact_rate_per_target (-1 to 1)
    -- true if the difference is 0.05 or more, in either direction
    abs(share_reached - contact_rate_per_target) >= 0.05 AS is_far_apart,
    -- 1 for the campaign whose two shares lie furthest apart, 2 for the next, …
    CAST(row_number() OVER (
        ORDER BY abs(share_reached - contact_rate_per_target) DESC, campaign_key ASC
    ) AS INTEGER) AS place
FROM compared
