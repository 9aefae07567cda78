-- One row per comparison and verdict: for how many targets the replay and the dialer's own row agree, or how they differ.
-- The verdicts are explained in reports.platform_agreement, which tells the campaigns apart.
-- Key: compared, agreement
-- Example: How often does the platform's own row agree with its log?
--   SELECT compared, agreement, share FROM reports.agreement_counts ORDER BY compared, share DESC
WITH verdicts AS (
    SELECT 'status' AS compared, status_agreement AS agreement, targets
    FROM reports.platform_agreement
    UNION ALL
    SELECT 'tries', tries_agreement, targets
    FROM reports.platform_agreement
),

counted AS (
    SELECT compared, agreement, CAST(sum(targets) AS BIGINT) AS targets
    FROM verdicts
    GROUP BY compared, agreement
)

SELECT
    compared, -- status (the platform's status) or tries (its counters)
    agreement, -- the verdict, as in reports.platform_agreement
    targets, -- targets with this verdict [count]
    -- targets / all targets of the dialer [share]
    CAST(targets AS DOUBLE) / sum(targets) OVER (PARTITION BY compared) AS share
FROM counted
