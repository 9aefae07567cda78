-- One row per source + campaign + elapsed time on a fixed grid: the share of attempted targets reached within that time
-- of their first attempt.
-- The share is the estimator of Aalen and Johansen. reports.attempt_curve explains ends and intervals. Beyond the
-- longest time for which any target was followed, nothing is known and the share is null, unless every target was
-- reached or ended by then.
-- Key: source, campaign_key, elapsed_seconds
-- Example: What share is reached within a day?
--   SELECT source, campaign_key, campaign_name, targets, contacted, cumulative_incidence,
--   cumulative_incidence_low, cumulative_incidence_high, is_thin
--   FROM reports.time_to_contact_curve LEFT JOIN core.campaigns USING (source, campaign_key)
--   WHERE elapsed_seconds = 86400 AND campaign_key <> 'all' ORDER BY campaign_key
WITH shares AS (
    SELECT
        source,
        campaign_key,
        CAST(elapsed_us / 1000000 AS INTEGER) AS elapsed_seconds,
        started AS targets,
        contacted,
        CASE WHEN effective_targets IS NOT NULL THEN cumulative_incidence END AS share,
        share_at_least,
        share_at_most,
        effective_targets
    FROM reports._time_to_contact_steps
    WHERE is_point
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    elapsed_seconds, -- time since the first attempt [seconds]
    targets, -- attempted targets [count]
    contacted, -- of these targets, those reached by then [count]
    share AS cumulative_incidence, -- share of targets reached by then [share]
    share_at_least AS cumulative_incidence_low, -- lower end of its 95 % interval [share]
    share_at_most AS cumulative_incidence_high, -- upper end of its 95 % interval [share]
    effective_targets, -- targets that would be as sure without censoring; null if the share is null
    -- true if the share rests on fewer than 5 targets, attempted or effective
    coalesce(effective_targets, targets) < 5 AS is_thin
FROM shares
