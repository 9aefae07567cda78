-- One row per place that points may be in: a country, a region, and zones with their basis.
-- Key: place_key
-- Group: core
WITH places AS (
    SELECT DISTINCT country, region, zones, zone_basis
    FROM core.contact_points
)

SELECT
    -- what names the place
    reports.place_key(country, region, zone_basis, zones) AS place_key,
    country, -- the country, as in core.contact_points; null if unknown
    region, -- the state or province; null if unknown
    zones, -- the time zones that it may be in; null if unknown
    zone_basis -- how the zones are known, as in core.contact_points
FROM places
