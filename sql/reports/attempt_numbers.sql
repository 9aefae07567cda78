-- One row per number of attempts, from 1 to the most that any target had: the steps of curves. Whoever had the most has
-- as many rows in core.attempts: so many rows of it, whichever they are, are enough to count by.
-- Key: attempt_number
-- Internal: yes
-- Columns:
--   attempt_number: 1, 2, 3, …
SELECT CAST(row_number() OVER () AS INTEGER) AS attempt_number
FROM (
    -- Which rows they are makes no difference.
    SELECT source
    FROM core.attempts
    LIMIT (SELECT coalesce(max(attempts), 0) FROM reports.history_counts)  -- noqa: AM09
) AS steps
