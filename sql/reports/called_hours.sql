-- One row per source + weekday + hour, and per weekday + hour over all sources (`source` is `all`): attempts by the clock
-- of whoever was called.
-- The attempts are those of reports.best_time by the clock `called`: of sources that can tell whether a person was reached,
-- at points whose zones all show the same hour.
-- Key: source, weekday, hour
-- Example: How many attempts fell before nine or after eight, by the clock of those called?
--   SELECT source, sum(attempts) AS attempts FROM reports.called_hours WHERE hour < 9 OR hour >= 20
--   GROUP BY source ORDER BY source
SELECT
    coalesce(source, 'all') AS source, -- the source, as in core.sources, or `all`
    weekday, -- 1 Monday to 7 Sunday, by the called party's clock
    hour, -- 0 to 23, by the called party's clock
    CAST(sum(attempts) AS BIGINT) AS attempts, -- real attempts in the cell [count]
    CAST(sum(contacts) AS BIGINT) AS contacts, -- attempts that reached a person [count]
    CAST(sum(contacts) AS DOUBLE) / sum(attempts) AS contact_rate_per_attempt -- contacts / attempts [share]
FROM reports.best_time
WHERE clock = 'called' AND attempts_kind = 'all'
GROUP BY GROUPING SETS ((source, weekday, hour), (weekday, hour))
