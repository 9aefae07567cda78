-- One row per time zone + half hour of UTC in which something was tried: what the zone's clock is ahead of UTC.
-- No zone changes its clock within a half hour of UTC.
-- Key: zone, half_hour
WITH half_hours AS (
    SELECT DISTINCT CAST(epoch_us(attempted_at) // 1800000000 AS BIGINT) AS half_hour
    FROM compliance._approaches
),

zones AS (
    SELECT zone FROM core._country_zones
    UNION
    SELECT unnest(zones) AS zone FROM compliance._places
),

moments AS (
    SELECT
        zones.zone, half_hours.half_hour,
        TIMESTAMP '1970-01-01 00:00:00' + half_hours.half_hour * INTERVAL 30 MINUTES AS moment
    FROM zones
    INNER JOIN landing.zones AS known ON known.zone = zones.zone
    CROSS JOIN half_hours
)

SELECT
    zone, -- IANA name
    half_hour, -- half hours since 1970 (UTC)
    -- microseconds that its clock is ahead of UTC
    epoch_us(moment AT TIME ZONE 'UTC' AT TIME ZONE zone) - epoch_us(moment) AS ahead
FROM moments
