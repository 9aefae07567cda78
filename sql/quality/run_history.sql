-- One row per run: when it was, what it read, and whether its figures were published.
-- The run that published the file is its last row. What is written of a run at its publication does not change after.
-- Key: run_id
-- Group: reports
-- Order: started_at, run_id
-- Metric: rows_in = arg_max(rows_in, started_at)
-- Metric: seconds = arg_max(seconds, started_at)
-- Example: When did a run last publish?
--   SELECT max(started_at) FROM quality.run_history WHERE published
WITH latest AS (
    SELECT max(number) AS number FROM landing.runs
),

-- The run that builds this table. Who reads of it reads what it has published.
own AS (
    SELECT runs.run_id, runs.started_at, runs.last_file_id
    FROM landing.runs AS runs
    INNER JOIN latest ON latest.number = runs.number
),

own_rows AS (
    SELECT
        CAST(coalesce(sum(files.rows_read), 0) AS BIGINT) AS rows_in,
        CAST(coalesce(sum(files.rows_rejected), 0) AS BIGINT) AS rows_rejected
    FROM landing.files AS files
    CROSS JOIN own
    WHERE files.file_id > own.last_file_id
),

-- By now every check has been made in this run, so the log, which holds the latest result of each, holds its results.
own_checks AS (
    SELECT
        count(CASE WHEN checks.severity = 'ERROR' THEN 1 END) AS failed,
        count(CASE WHEN checks.severity <> 'ERROR' THEN 1 END) AS warned
    FROM landing.check_log AS checks
    WHERE NOT checks.passed
)

SELECT
    runs.run_id, -- Dagster's name for the run
    runs.as_of, -- the moment its figures speak of (UTC); null when it published nothing
    runs.started_at, -- when it took hold of the warehouse (UTC)
    -- from then until its figures were ready to be published; for a run that published nothing, until it ended; null
    -- when it died without a word
    runs.seconds,
    runs.rows_in, -- rows read from files that were new [count]
    runs.rows_rejected, -- of these, rows that could not be taken [count]
    runs.published, -- whether its figures were published
    runs.checks_failed, -- checks of severity ERROR that failed: they stop a publication [count]
    runs.checks_warned -- checks of severity WARN that failed [count]
FROM landing.runs AS runs
INNER JOIN latest ON runs.number < latest.number
UNION ALL
SELECT
    own.run_id,
    clock.as_of,
    own.started_at,
    (epoch_us(CAST(current_timestamp AS TIMESTAMP)) - epoch_us(own.started_at)) / 1e6 AS seconds,
    own_rows.rows_in,
    own_rows.rows_rejected,
    TRUE AS published,
    own_checks.failed AS checks_failed,
    own_checks.warned AS checks_warned
FROM own
CROSS JOIN own_rows
CROSS JOIN own_checks
CROSS JOIN core.as_of AS clock
