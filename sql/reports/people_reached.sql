-- One row per source that knows somebody, and one over all (`source` is `all`): people, each counted once, and how many
-- of them were reached.
-- In the row `all` a person in several systems counts once. Only sources that can tell whether a person was reached enter
-- people_attempted and people_contacted.
-- Key: source
-- Example: How many people were really reached, over all systems?
--   SELECT people_contacted, people_attempted, contact_rate, contact_rate_low, contact_rate_high, is_matched_share
--   FROM reports.people_reached WHERE source = 'all'
WITH of_people AS (
    SELECT
        person_key, source,
        sum(attempts) AS attempts,
        bool_or(is_attempted) AS is_attempted,
        bool_or(is_attempted AND contacts > 0) AS is_contacted
    FROM core._target_people
    GROUP BY person_key, source
),

scoped AS (
    SELECT source, person_key, attempts, is_attempted, is_contacted FROM of_people
    UNION ALL
    SELECT 'all', person_key, sum(attempts), bool_or(is_attempted), bool_or(is_contacted)
    FROM of_people
    GROUP BY person_key
),

counted AS (
    SELECT
        source,
        count(*) AS people,
        count(CASE WHEN is_attempted THEN 1 END) AS people_attempted,
        count(CASE WHEN is_contacted THEN 1 END) AS people_contacted,
        CAST(sum(attempts) AS BIGINT) AS attempts
    FROM scoped
    GROUP BY source
),

matched AS (
    SELECT
        coalesce(source, 'all') AS source,
        count(*) AS targets,
        count(CASE WHEN is_matchable THEN 1 END) AS matchable
    FROM core._target_people
    GROUP BY GROUPING SETS ((source), ())
)

SELECT
    sources.source, -- the source, as in core.sources, or `all`
    coalesce(counted.people, 0) AS people, -- people that it knows, each counted once [count]
    -- people with a real attempt, in sources that can tell whether a person was reached [count]
    coalesce(counted.people_attempted, 0) AS people_attempted,
    coalesce(counted.people_contacted, 0) AS people_contacted, -- people that were reached [count]
    -- people_contacted / people_attempted [share]
    CASE WHEN counted.people_attempted > 0 THEN CAST(counted.people_contacted AS DOUBLE) / counted.people_attempted END
        AS contact_rate,
    -- lower end of its 95 % interval (Wilson) [share]
    reports.wilson_low(counted.people_contacted, counted.people_attempted) AS contact_rate_low,
    -- upper end of its 95 % interval (Wilson) [share]
    reports.wilson_high(counted.people_contacted, counted.people_attempted) AS contact_rate_high,
    coalesce(counted.attempts, 0) AS attempts, -- real attempts [count]
    coalesce(matched.targets, 0) AS targets, -- targets that it knows [count]
    -- targets that can be matched with those of other systems / targets [share]
    CASE WHEN matched.targets > 0 THEN CAST(matched.matchable AS DOUBLE) / matched.targets END AS is_matched_share
FROM (SELECT source FROM core.sources
UNION ALL
SELECT 'all') AS sources
LEFT JOIN counted ON counted.source = sources.source
INNER JOIN matched ON matched.source = sources.source AND matched.targets > 0
