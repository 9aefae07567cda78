-- One row per unit + window + number of attempts: how many people, and how many points, had at most so many attempts at
-- once. Each is counted once in every window, with the most attempts that it ever had within a time of that length.
-- Key: unit, period, attempts
-- Example: How many numbers were dialled four times or more within 24 hours?
--   SELECT sum(people) AS numbers FROM reports.contact_pressure
--   WHERE unit = 'point' AND period = '24h' AND attempts >= 4
WITH most AS (
    SELECT
        'person' AS unit, person_key AS unit_key,
        max(person_24h) AS most_24h, max(person_7d) AS most_7d, max(person_30d) AS most_30d
    FROM compliance._pressure
    GROUP BY person_key
    UNION ALL
    SELECT 'point', point_key, max(point_24h), max(point_7d), max(point_30d)
    FROM compliance._pressure
    WHERE point_key IS NOT NULL
    GROUP BY point_key
),

systems AS (
    SELECT 'person' AS unit, person_key AS unit_key, count(DISTINCT source) AS systems
    FROM compliance._approaches
    GROUP BY person_key
    UNION ALL
    SELECT 'point', point_key, count(DISTINCT source)
    FROM compliance._approaches
    WHERE point_key IS NOT NULL
    GROUP BY point_key
),

windows AS (
    SELECT unit, unit_key, '24h' AS period, most_24h AS attempts FROM most
    UNION ALL
    SELECT unit, unit_key, '7d', most_7d FROM most
    UNION ALL
    SELECT unit, unit_key, '30d', most_30d FROM most
),

counted AS (
    SELECT
        windows.unit, windows.period, windows.attempts,
        count(*) AS people,
        count(CASE WHEN systems.systems > 1 THEN 1 END) AS in_several_systems
    FROM windows
    INNER JOIN systems ON systems.unit = windows.unit AND systems.unit_key = windows.unit_key
    GROUP BY windows.unit, windows.period, windows.attempts
)

SELECT
    unit, -- person or point
    period, -- 24h, 7d or 30d
    attempts, -- the most attempts within such a time, over all systems [count]
    people, -- people, or points, of which this is the most [count]
    -- people / people that were tried; of points in the same way [share]
    CAST(people AS DOUBLE) / sum(people) OVER (PARTITION BY unit, period) AS share,
    in_several_systems -- those of them that several systems tried [count]
FROM counted
