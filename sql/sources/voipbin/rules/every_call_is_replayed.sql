-- Each target has as many attempts as the log has calls of it by as-of, with the same first and last time.
-- Table: replay.target_outcomes
-- Severity: error
SELECT coalesce(outcomes.outdial_target_id, logged.outdial_target_id) AS outdial_target_id,
    logged.calls, outcomes.attempts, logged.first_at, outcomes.first_attempt_at, logged.last_at,
    outcomes.last_attempt_at
FROM replay.target_outcomes AS outcomes
FULL OUTER JOIN (
    SELECT calls.outdial_target_id, count(*) AS calls, min(calls.tm_create) AS first_at, max(calls.tm_create) AS last_at
    FROM known.voipbin_campaigncalls AS calls
    CROSS JOIN replay._clock AS clock
    WHERE calls.outdial_target_id IS NOT NULL AND calls.tm_create <= clock.observed_until
    GROUP BY calls.outdial_target_id
) AS logged ON logged.outdial_target_id = outcomes.outdial_target_id
WHERE outcomes.attempts IS DISTINCT FROM coalesce(logged.calls, 0)
    OR outcomes.first_attempt_at IS DISTINCT FROM logged.first_at
    OR outcomes.last_attempt_at IS DISTINCT FROM logged.last_at
