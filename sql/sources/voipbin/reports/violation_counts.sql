-- One row per code and verdict: how many calls broke a rule of the dialer so, and how many targets that concerns. What
-- the codes and verdicts mean is said in replay.violations, which names each call.
-- Key: code, verdict
-- Example: Which rules of the dialer are broken most often?
--   SELECT code, sum(calls) AS calls FROM reports.violation_counts
--   GROUP BY code ORDER BY calls DESC
SELECT
    code, -- the rule, as in replay.violations
    verdict, -- illegal, unverifiable or tolerated
    count(*) AS calls, -- calls that broke the rule with this verdict [count]
    -- targets with at least one of these calls; a call that names no target adds none [count]
    count(DISTINCT outdial_target_id) AS targets,
    min(occurred_at) AS first_at, -- the earliest of them (UTC)
    max(occurred_at) AS last_at -- the latest of them (UTC)
FROM replay.violations
GROUP BY code, verdict
