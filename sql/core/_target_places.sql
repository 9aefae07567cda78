-- One row per target whose source says where it is: country, region and time zones, by the best that it says.
-- An address counts more than a stated zone, and a stated zone more than one that the source inferred. Zones that no
-- clock knows are left out.
-- Key: target_key
WITH said AS (
    SELECT
        places.source || ':' || CAST(places.person AS VARCHAR) AS target_key,
        upper(nullif(trim(places.country), '')) AS country,
        upper(nullif(trim(places.region), '')) AS region,
        zones.zone,
        places.zone_basis,
        CASE places.zone_basis WHEN 'address' THEN 1 WHEN 'stated' THEN 2 WHEN 'inferred' THEN 3 END AS place
    FROM sources.places AS places
    LEFT JOIN landing.zones AS zones ON zones.zone = trim(places.zone)
),

best AS (
    SELECT target_key, min(CASE WHEN zone IS NOT NULL THEN place END) AS place, max(country) AS country, max(region) AS region
    FROM said
    GROUP BY target_key
)

SELECT
    best.target_key, -- the target, as in core.attempts
    best.country, -- the country of its address; null if nothing says it
    best.region, -- the state or province of its address, as the source writes it, in capitals
    -- its time zones, IANA names in the order of the alphabet; null if it has none
    list_sort(array_agg(DISTINCT said.zone) FILTER (WHERE said.zone IS NOT NULL)) AS zones,
    max(said.zone_basis) AS zone_basis -- how the source knows them: address, stated or inferred; null without a zone
FROM best
LEFT JOIN said ON said.target_key = best.target_key AND said.place = best.place AND said.zone IS NOT NULL
GROUP BY best.target_key, best.country, best.region
