-- One row per point that was tried: how many attempts there were at it at once, over all systems.
-- Key: point_key
-- Group: core
-- Incremental: hash(point_key) across compliance._approaches
WITH timed AS (
    SELECT point_key, source, epoch_us(attempted_at) AS moment
    FROM compliance._approaches
    WHERE point_key IS NOT NULL
),

counted AS (
    SELECT
        point_key,
        source,
        count(*) OVER (
            PARTITION BY point_key ORDER BY moment ASC RANGE BETWEEN 86399999999 PRECEDING AND CURRENT ROW
        ) AS in_24h,
        count(*) OVER (
            PARTITION BY point_key ORDER BY moment ASC RANGE BETWEEN 604799999999 PRECEDING AND CURRENT ROW
        ) AS in_7d,
        count(*) OVER (
            PARTITION BY point_key ORDER BY moment ASC RANGE BETWEEN 2591999999999 PRECEDING AND CURRENT ROW
        ) AS in_30d
    FROM timed
)

SELECT
    point_key, -- the point, as in core.contact_points
    count(DISTINCT source) AS systems_tried, -- systems that tried it [count]
    max(in_24h) AS most_in_24h, -- the most attempts within 24 hours [count]
    max(in_7d) AS most_in_7d, -- the most attempts within 7 days [count]
    max(in_30d) AS most_in_30d -- the most attempts within 30 days [count]
FROM counted
GROUP BY point_key
