-- One row per source + target + point: a telephone number, an e-mail address or a postal address of a target.
-- Numbers are compared in their normal form, E.164. A number that has none is kept, and is not usable.
-- Where a point is says the best of: the target's own address, its stated zone, a zone that its source inferred; the
-- same of other targets at the point; the country or the area code of the number. An area code is not a place: people
-- keep their number when they move.
-- Key: target_key, point_key
-- Order: source, target_key, point_key
-- Incremental: hash(target_key)
-- Metric: shared_points = count(*) FILTER (WHERE is_shared)
-- Example: Which numbers belong to several targets?
--   SELECT point_key, max(targets_at_point) AS targets FROM core.contact_points
--   WHERE is_shared AND kind = 'phone' GROUP BY point_key ORDER BY targets DESC, point_key
WITH stems AS (
    -- No prefix of the plan has more than seven digits.
    SELECT DISTINCT left(substring(point_key, 8), 7) AS stem
    FROM core._target_points
    WHERE regexp_matches(point_key, '^phone:[+][1-9][0-9]{7,14}$')
),

lengths AS (
    SELECT DISTINCT length(prefix) AS digits FROM landing.number_plan
),

plan AS (
    SELECT
        stems.stem, nullif(plan.country, '') AS country, nullif(plan.region, '') AS region,
        CASE WHEN len(plan.zones) > 0 THEN plan.zones END AS zones,
        CASE WHEN length(plan.prefix) = 4 AND plan.prefix LIKE '1%' THEN 'area_code' ELSE 'country' END AS zone_basis,
        row_number() OVER (PARTITION BY stems.stem ORDER BY length(plan.prefix) DESC) AS place
    FROM stems
    CROSS JOIN lengths
    INNER JOIN landing.number_plan AS plan ON plan.prefix = left(stems.stem, lengths.digits)
    WHERE length(stems.stem) >= lengths.digits
),

-- The best that any target at a point says of its zone.
said AS (
    SELECT
        points.point_key,
        places.zones,
        places.country,
        places.region,
        CASE places.zone_basis WHEN 'address' THEN 1 WHEN 'stated' THEN 2 WHEN 'inferred' THEN 3 END AS rank
    FROM core._target_points AS points
    INNER JOIN core._target_places AS places ON places.target_key = points.target_key
    WHERE points.kind = 'phone' AND places.zones IS NOT NULL
),

best AS (
    SELECT point_key, min(rank) AS rank FROM said
GROUP BY point_key
),

each_zone AS (
    SELECT best.point_key, best.rank, said.country, said.region, unnest(said.zones) AS zone
    FROM best
    INNER JOIN said ON said.point_key = best.point_key AND said.rank = best.rank
),

shared AS (
    SELECT
        point_key, list_sort(array_agg(DISTINCT zone)) AS zones,
        -- Two addresses in two countries, or in two states, say neither.
        CASE WHEN min(country) = max(country) THEN min(country) END AS country,
        CASE WHEN min(country) = max(country) AND min(region) = max(region) THEN min(region) END AS region,
        CASE rank WHEN 1 THEN 'address' WHEN 2 THEN 'stated' ELSE 'inferred' END AS zone_basis
    FROM each_zone
    GROUP BY point_key, rank
),

counted AS (
    SELECT
        points.*,
        count(*) OVER (PARTITION BY point_key) AS targets_at_point,
        CASE kind
            WHEN 'phone' THEN regexp_matches(point_key, '^phone:[+][1-9][0-9]{7,14}$')
            WHEN 'email' THEN regexp_matches(point_key, '^email:[^@ ]+@[^@ ]+$')
            ELSE TRUE
        END AS is_usable
    FROM core._target_points AS points
)

SELECT
    counted.point_key, -- the point: `phone:+1…`, `email:…` or `address:<id>`
    counted.source, -- the source, as in core.sources
    counted.target_key, -- the target, as in core.attempts
    counted.kind, -- phone, email or address
    counted.value, -- the point as its source writes it
    -- true if the point has a normal form, so that it is the same point in every system
    counted.is_usable,
    -- the country, as an ISO code; null if nothing says it
    coalesce(
        CASE WHEN places.zone_basis = 'address' THEN places.country END,
        CASE WHEN places.zones IS NULL AND shared.zone_basis = 'address' THEN shared.country END,
        plan.country, places.country
    ) AS country,
    -- the state or province: of the address that says the zone; without such an address, of the area code; null if
    -- nothing says it
    CASE
        WHEN places.zone_basis = 'address' THEN places.region
        WHEN places.zones IS NULL AND shared.zone_basis = 'address' THEN shared.region
        -- A number of another country is not in the state of its target.
        WHEN plan.country <> places.country THEN plan.region
        ELSE coalesce(plan.region, places.region)
    END AS region,
    coalesce(places.zones, shared.zones, plan.zones) AS zones, -- time zones that it may be in, IANA names; null if unknown
    -- how the zones are known: address, stated, inferred, area_code, country or none
    coalesce(
        CASE WHEN places.zones IS NOT NULL THEN places.zone_basis END,
        shared.zone_basis,
        CASE WHEN plan.zones IS NOT NULL THEN plan.zone_basis END,
        'none'
    ) AS zone_basis,
    counted.status, -- the source's own word for the point's state; null if it has none
    counted.status_at, -- when the state was set (UTC); null if nothing says it
    counted.targets_at_point, -- targets of all systems at this point [count]
    counted.targets_at_point > 1 AS is_shared -- true if several targets have this point
FROM counted
LEFT JOIN core._target_places AS places ON places.target_key = counted.target_key
LEFT JOIN shared ON shared.point_key = counted.point_key
LEFT JOIN plan
    ON counted.kind = 'phone' AND counted.is_usable AND plan.stem = left(substring(counted.point_key, 8), 7) AND plan.place = 1
