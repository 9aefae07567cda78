-- One row per source + campaign + elapsed time on a fixed grid: the share of attempted targets reached within that time
-- of their first attempt (Aalen and Johansen's estimator; see reports.attempt_curve for ends and intervals). Beyond the
-- longest time that any target was followed nothing is known, unless all had left by then: null.
-- Key: source, campaign_key, elapsed_seconds
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id>`, or `all`
--   elapsed_seconds: time since the first attempt (seconds)
--   targets: attempted targets
--   contacted: targets reached by then
--   cumulative_incidence: share of targets reached by then (0..1)
--   cumulative_incidence_low: lower end of its 95 % interval
--   cumulative_incidence_high: upper end
--   is_thin: whether fewer than 5 targets were attempted
WITH grid AS (
    SELECT seconds.elapsed_seconds
    FROM (VALUES
        (0), (60), (300), (900), (1800), (3600), (7200), (14400), (28800), (43200), (86400), (172800), (259200),
        (345600), (432000), (518400), (604800), (1209600), (2592000), (5184000), (7776000)
    ) AS seconds (elapsed_seconds)
),

-- Every step falls to the first point of the grid that is not before it; a point shows the last step up to it.
placed AS (
    SELECT
        steps.source,
        steps.campaign_key,
        steps.elapsed_us,
        CASE
            WHEN elapsed_us <= 0 THEN 0
            WHEN elapsed_us <= 60000000 THEN 60
            WHEN elapsed_us <= 300000000 THEN 300
            WHEN elapsed_us <= 900000000 THEN 900
            WHEN elapsed_us <= 1800000000 THEN 1800
            WHEN elapsed_us <= 3600000000 THEN 3600
            WHEN elapsed_us <= 7200000000 THEN 7200
            WHEN elapsed_us <= 14400000000 THEN 14400
            WHEN elapsed_us <= 28800000000 THEN 28800
            WHEN elapsed_us <= 43200000000 THEN 43200
            WHEN elapsed_us <= 86400000000 THEN 86400
            WHEN elapsed_us <= 172800000000 THEN 172800
            WHEN elapsed_us <= 259200000000 THEN 259200
            WHEN elapsed_us <= 345600000000 THEN 345600
            WHEN elapsed_us <= 432000000000 THEN 432000
            WHEN elapsed_us <= 518400000000 THEN 518400
            WHEN elapsed_us <= 604800000000 THEN 604800
            WHEN elapsed_us <= 1209600000000 THEN 1209600
            WHEN elapsed_us <= 2592000000000 THEN 2592000
            WHEN elapsed_us <= 5184000000000 THEN 5184000
            WHEN elapsed_us <= 7776000000000 THEN 7776000
        END AS elapsed_seconds
    FROM reports.time_to_contact_steps AS steps
),

last_steps AS (
    SELECT source, campaign_key, elapsed_seconds, max(elapsed_us) AS elapsed_us
    FROM placed
    WHERE elapsed_seconds IS NOT NULL
    GROUP BY source, campaign_key, elapsed_seconds
),

spans AS (
    SELECT source, campaign_key, started AS targets, followed_us
    FROM reports.time_to_contact_steps
    WHERE elapsed_us = 0
),

points AS (
    SELECT
        spans.source,
        spans.campaign_key,
        spans.targets,
        spans.followed_us,
        grid.elapsed_seconds,
        max(last_steps.elapsed_us) AS elapsed_us
    FROM spans
    CROSS JOIN grid
    INNER JOIN last_steps
        ON
            last_steps.source = spans.source
            AND last_steps.campaign_key = spans.campaign_key
            AND last_steps.elapsed_seconds <= grid.elapsed_seconds
    GROUP BY spans.source, spans.campaign_key, spans.targets, spans.followed_us, grid.elapsed_seconds
),

shares AS (
    SELECT
        points.source,
        points.campaign_key,
        points.targets,
        points.elapsed_seconds,
        steps.contacted,
        CASE
            WHEN
                points.elapsed_seconds * CAST(1000000 AS BIGINT) <= points.followed_us
                OR steps.open_after <= 0 THEN steps.cumulative_incidence
        END AS share,
        steps.variance,
        CAST(steps.at_risk AS DOUBLE) AS at_risk
    FROM points
    INNER JOIN reports.time_to_contact_steps AS steps
        ON
            steps.source = points.source
            AND steps.campaign_key = points.campaign_key
            AND steps.elapsed_us = points.elapsed_us
),

effective AS (
    SELECT
        shares.*,
        CASE
            WHEN share <= 0 OR share >= 1 OR variance <= 0 THEN at_risk
            ELSE least(CAST(targets AS DOUBLE), share * (1 - share) / variance)
        END AS effective_targets
    FROM shares
)

SELECT
    source,
    campaign_key,
    elapsed_seconds,
    targets,
    contacted,
    share AS cumulative_incidence,
    CASE
        WHEN share IS NOT NULL THEN greatest(0.0, (
            share * effective_targets + 1.9207294103470618e0
            - 1.959963984540054e0 * sqrt(share * (1 - share) * effective_targets + 0.9603647051735309e0)
        ) / (effective_targets + 3.8414588206941236e0))
    END AS cumulative_incidence_low,
    CASE
        WHEN share IS NOT NULL THEN least(1.0, (
            share * effective_targets + 1.9207294103470618e0
            + 1.959963984540054e0 * sqrt(share * (1 - share) * effective_targets + 0.9603647051735309e0)
        ) / (effective_targets + 3.8414588206941236e0))
    END AS cumulative_incidence_high,
    targets < 5 AS is_thin
FROM effective
