-- One row per code + verdict: how many calls have this violation, and how many targets they concern.
-- replay.violations explains the codes and verdicts, and lists each call.
-- Key: code, verdict
-- Example: Which violations are most frequent, and how many of them are certain?
--   SELECT code, sum(calls) AS calls, sum(CASE WHEN verdict = 'illegal' THEN calls ELSE 0 END) AS illegal_calls
--   FROM reports.violation_counts GROUP BY code ORDER BY calls DESC, code
SELECT
    code, -- the code, as in replay.violations
    verdict, -- illegal, unverifiable or tolerated
    count(*) AS calls, -- calls with this violation and verdict [count]
    -- targets with at least one of these calls; a call that names no target adds none [count]
    count(DISTINCT outdial_target_id) AS targets,
    min(occurred_at) AS first_at, -- time of the first of them (UTC)
    max(occurred_at) AS last_at -- time of the last of them (UTC)
FROM replay.violations
GROUP BY code, verdict
