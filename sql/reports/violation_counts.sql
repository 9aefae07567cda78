-- One row per code and verdict: how many calls broke a rule of the dialer so, and how many targets that concerns. What
-- the codes and verdicts mean is said in replay.violations, which names each call.
-- Key: code, verdict
-- Columns:
--   code: the rule, as in replay.violations
--   verdict: illegal, unverifiable or tolerated
--   calls: calls that broke the rule with this verdict [count]
--   targets: targets with at least one of these calls; a call that names no target adds none [count]
--   first_at: the earliest of them (UTC)
--   last_at: the latest of them (UTC)
SELECT
    code,
    verdict,
    count(*) AS calls,
    count(DISTINCT outdial_target_id) AS targets,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
FROM replay.violations
GROUP BY code, verdict
