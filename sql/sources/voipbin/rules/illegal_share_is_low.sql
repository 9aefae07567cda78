-- At most 1 % of all calls have an illegal violation.
-- Table: replay.violations
-- Severity: warn
SELECT broken.calls, logged.calls AS of_calls, broken.most_common
FROM (
    SELECT count(DISTINCT campaigncall_id) AS calls, mode(code) AS most_common
    FROM replay.violations
    WHERE verdict = 'illegal'
) AS broken
CROSS JOIN (SELECT count(*) AS calls FROM raw.voipbin_campaigncalls) AS logged
WHERE broken.calls > 0.01 * logged.calls
