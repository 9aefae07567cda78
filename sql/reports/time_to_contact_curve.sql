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
        CASE WHEN elapsed_us <= followed_us OR all_ended THEN cumulative_incidence END AS share,
        CASE
            WHEN all_ended THEN CAST(started AS DOUBLE)
            WHEN elapsed_us <= followed_us THEN least(
                CAST(started AS DOUBLE),
                at_risk / open_before,
                CASE
                    WHEN cumulative_incidence > 0 AND cumulative_incidence < 1 - 1e-12 AND variance > 0
                        THEN cumulative_incidence * (1 - cumulative_incidence) / variance
                END
            )
        END AS effective_targets
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
    -- lower end of its 95 % interval [share]
    reports.wilson_low(share * effective_targets, effective_targets) AS cumulative_incidence_low,
    -- upper end of its 95 % interval [share]
    reports.wilson_high(share * effective_targets, effective_targets) AS cumulative_incidence_high,
    effective_targets, -- targets that would be as sure without censoring; null if the share is null
    -- true if the share rests on fewer than 5 targets, attempted or effective
    coalesce(effective_targets, targets) < 5 AS is_thin
FROM shares
