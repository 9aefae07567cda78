-- One row per target + point: whose it is, and the place that decides which contact rules hold there.
-- Key: target_key, point_key
-- Group: core
-- Incremental: hash(target_key) from core.contact_points, core.person_targets
SELECT
    points.target_key, -- the target, as in core.attempts
    points.point_key, -- the point, as in core.contact_points
    people.person_key, -- its person, as in core.person_targets
    people.sure_key, -- the targets that are surely the same person
    points.zone_basis, -- how its zones are known, as in core.contact_points
    -- what names its place, as in compliance._places
    reports.place_key(points.country, points.region, points.zone_basis, points.zones) AS place_key
FROM core.contact_points AS points
INNER JOIN core.person_targets AS people ON people.target_key = points.target_key
