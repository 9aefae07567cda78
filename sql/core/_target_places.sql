-- One row per target whose source says where it is: country, region and time zones, by the best that it says.
-- An address counts more than a stated zone, and a stated zone more than one that the source inferred. Zones that no
-- clock knows are left out.
-- Key: target_key
WITH named AS (
    SELECT
        places.source || ':' || CAST(places.person AS VARCHAR) AS target_key,
        lower(trim(places.country)) AS country,
        lower(trim(places.region)) AS region,
        trim(places.zone) AS zone,
        places.zone_basis,
        CASE places.zone_basis WHEN 'address' THEN 1 WHEN 'stated' THEN 2 WHEN 'inferred' THEN 3 END AS place
    FROM sources.places AS places
),

-- Codes and names of countries, and of states and provinces. A code of a state is known by its country alone.
countries AS (
    SELECT lower(country) AS name, country FROM landing.number_plan
WHERE country <> ''
    UNION
    SELECT name, country FROM landing.regions
WHERE region IS NULL
),

regions AS (
    SELECT name, country, region FROM landing.regions
WHERE region IS NOT NULL
    UNION
    SELECT lower(region), country, region FROM landing.regions
WHERE region IS NOT NULL
),

said AS (
    SELECT
        named.target_key,
        coalesce(countries.country, regions.country) AS country,
        regions.region,
        zones.zone,
        named.zone_basis,
        named.place
    FROM named
    CROSS JOIN landing.settings AS settings
    LEFT JOIN landing.zones AS zones ON zones.zone = named.zone
    LEFT JOIN countries ON countries.name = named.country
    LEFT JOIN regions
        ON regions.name = named.region AND regions.country = coalesce(countries.country, settings.country)
),

best AS (
    -- Two addresses in two countries, or in two states, say neither.
    SELECT
        target_key,
        min(CASE WHEN zone IS NOT NULL THEN place END) AS place,
        CASE WHEN min(country) = max(country) THEN min(country) END AS country,
        CASE WHEN min(country) = max(country) AND min(region) = max(region) THEN min(region) END AS region
    FROM said
    GROUP BY target_key
)

SELECT
    best.target_key, -- the target, as in core.attempts
    best.country, -- the country of its address, as an ISO code; null if nothing that is known says it
    best.region, -- the state or province of its address, as a code; null if nothing that is known says it
    -- its time zones, IANA names in the order of the alphabet; null if it has none
    list_sort(array_agg(DISTINCT said.zone) FILTER (WHERE said.zone IS NOT NULL)) AS zones,
    max(said.zone_basis) AS zone_basis -- how the source knows them: address, stated or inferred; null without a zone
FROM best
LEFT JOIN said ON said.target_key = best.target_key AND said.place = best.place AND said.zone IS NOT NULL
GROUP BY best.target_key, best.country, best.region
