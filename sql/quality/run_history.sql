-- One row per run: when it ran, what it read, and whether its figures were published.
-- The last row is the run that published this file. The row of a published run does not change afterwards.
-- Key: run_id
-- Group: reports
-- Order: started_at, run_id
-- Metric: rows_in = arg_max(rows_in, started_at)
-- Metric: seconds = arg_max(seconds, started_at)
-- Example: When did a run last publish, and which moment do its figures describe?
--   SELECT started_at, as_of FROM quality.run_history WHERE published ORDER BY started_at DESC, run_id LIMIT 1
WITH latest AS (
    SELECT max(number) AS number FROM landing.runs
),

-- The run that builds this table. It counts as published, because whoever reads the table reads what this run has
-- published.
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

-- Every check of this run has been made by now. The log holds the latest result of each check, so it holds this run's
-- results.
own_checks AS (
    SELECT
        count(CASE WHEN checks.severity = 'ERROR' THEN 1 END) AS failed,
        count(CASE WHEN checks.severity <> 'ERROR' THEN 1 END) AS warned
    FROM landing.check_log AS checks
    WHERE NOT checks.passed
)

SELECT
    runs.run_id, -- Dagster's id of the run
    runs.as_of, -- as-of: the moment that its figures describe (UTC); null if it published nothing
    runs.started_at, -- when it took the warehouse (UTC)
    -- from started_at until the figures were ready to be published; for a run that published nothing, until it ended;
    -- null if it died without a report [seconds]
    runs.seconds,
    runs.rows_in, -- rows that were read from new files [count]
    runs.rows_rejected, -- of these rows, those that could not be taken [count]
    runs.published, -- true if its figures were published
    runs.checks_failed, -- failed checks of severity ERROR, which stop a publication [count]
    runs.checks_warned -- failed checks of severity WARN [count]
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
