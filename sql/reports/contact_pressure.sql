-- One row per unit + window + number of attempts: how many people, and how many points, had at most so many attempts at
-- once. Each is counted once in every window, with the most attempts that it ever had within a time of that length.
-- Key: unit, period, attempts
-- Example: How many numbers were dialled four times or more within 24 hours?
--   SELECT sum(people) AS numbers FROM reports.contact_pressure
--   WHERE unit = 'point' AND period = '24h' AND attempts >= 4
WITH most AS (
    SELECT 'person' AS unit, systems_tried, most_in_24h, most_in_7d, most_in_30d
    FROM core.people
    WHERE systems_tried > 0
    UNION ALL
    SELECT 'point', systems_tried, most_in_24h, most_in_7d, most_in_30d
    FROM compliance._point_pressure
),

windows AS (
    SELECT unit, systems_tried, '24h' AS period, most_in_24h AS attempts FROM most
    UNION ALL
    SELECT unit, systems_tried, '7d', most_in_7d FROM most
    UNION ALL
    SELECT unit, systems_tried, '30d', most_in_30d FROM most
),

counted AS (
    SELECT
        unit, period, attempts,
        count(*) AS people,
        count(CASE WHEN systems_tried > 1 THEN 1 END) AS in_several_systems
    FROM windows
    GROUP BY unit, period, attempts
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
