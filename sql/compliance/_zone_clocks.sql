-- One row per time zone + time in which its clock stays the same, over the years in which something was tried.
-- Clocks change at a half hour of UTC. Before the first and after the last change the clock is taken to stay.
-- Key: zone, from_us
-- Group: core
WITH years AS (
    SELECT
        extract('year' FROM min(attempted_at)) - 1 AS first_year,
        extract('year' FROM max(attempted_at)) + 1 AS last_year
    FROM compliance._approaches
),

days AS (
    SELECT unnest(generate_series(
        date_diff('day', DATE '1970-01-01', make_date(CAST(first_year AS BIGINT), 1, 1)),
        date_diff('day', DATE '1970-01-01', make_date(CAST(last_year AS BIGINT), 12, 31))
    )) AS day
    FROM years
    WHERE first_year IS NOT NULL
),

zones AS (
    SELECT named.zone
    FROM (
        SELECT of_country.zone
        FROM core._country_zones AS of_country
        INNER JOIN compliance._places AS places ON places.country = of_country.country
        UNION
        SELECT unnest(zones) AS zone FROM compliance._places
    ) AS named
    INNER JOIN landing.zones AS known ON known.zone = named.zone
),

-- What the clock is ahead of UTC at the beginning of each day, and of the day after.
daily AS (
    SELECT
        zones.zone, days.day,
        reports.clock_ahead(days.day * 86400000000, zones.zone) AS ahead,
        reports.clock_ahead((days.day + 1) * 86400000000, zones.zone) AS ahead_after
    FROM zones
    CROSS JOIN days
),

half_hours AS (
    SELECT daily.zone, daily.day * 86400000000 + places.place * 1800000000 AS moment
    FROM daily
    CROSS JOIN (SELECT unnest(generate_series(1, 48)) AS place) AS places
    WHERE daily.ahead <> daily.ahead_after
),

changes AS (
    SELECT zone, moment
    FROM half_hours
    WHERE reports.clock_ahead(moment, zone) <> reports.clock_ahead(moment - 1800000000, zone)
    UNION ALL
    SELECT zone, min(day) * 86400000000 AS moment
    FROM daily
    GROUP BY zone
),

spans AS (
    SELECT
        zone, moment,
        row_number() OVER in_order AS place,
        lead(moment) OVER in_order AS next_moment
    FROM changes
    WINDOW in_order AS (PARTITION BY zone ORDER BY moment ASC)
)

SELECT
    zone, -- IANA name
    -- since when, in microseconds since 1970 (UTC)
    CASE WHEN place = 1 THEN -9223372036854775807 ELSE moment END AS from_us,
    coalesce(next_moment, 9223372036854775807) AS until_us, -- until when, itself not included
    reports.clock_ahead(moment, zone) AS ahead -- microseconds that the zone's clock is ahead of UTC
FROM spans
