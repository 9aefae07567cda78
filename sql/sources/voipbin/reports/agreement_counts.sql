-- One row per comparison + agreement: for how many targets the platform's own row agrees with the replay, or differs
-- from it in one way.
-- reports.platform_agreement explains the agreements, and gives them by campaign.
-- Key: compared, agreement
-- Example: How often does the platform's own row agree with its log?
--   SELECT compared, agreement, targets, share FROM reports.agreement_counts
--   ORDER BY compared, targets DESC, agreement
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
    compared, -- what is compared: status (the platform's status) or tries (its counters)
    agreement, -- what the comparison says, as in reports.platform_agreement
    targets, -- targets for which it says so [count]
    -- targets / all targets of the dialer [share]
    CAST(targets AS DOUBLE) / sum(targets) OVER (PARTITION BY compared) AS share
FROM counted
