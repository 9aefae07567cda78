-- One row per number of attempts, from 1 to the most that any target had: the steps of curves.
-- Key: attempt_number
-- Internal: yes
-- Columns:
--   attempt_number: 1, 2, 3, …
WITH longest AS (
    SELECT arg_max(target_key, attempts) AS target_key
    FROM core.targets
)

SELECT CAST(row_number() OVER (ORDER BY attempts.attempt_key ASC) AS INTEGER) AS attempt_number
FROM core.attempts AS attempts
INNER JOIN longest ON longest.target_key = attempts.target_key
WHERE attempts.is_attempt
