-- One row per target + link: what a target shares with others by which they are one person.
-- Links of level 0 are lines of the organization's own crosswalk, of level 1 ids that systems share, of level 2 e-mail
-- addresses, of level 3 telephone numbers together with a first name. Role addresses (info@, office@, …) link nobody.
-- A target without a name takes the name of the targets at its numbers if they all have one name. If they have several,
-- it may be any of them: it is ambiguous, and no number links it. If nobody at its numbers has a name, it is linked with
-- those that have exactly the same numbers.
-- Key: target_key, level, link
WITH phones AS (
    SELECT points.target_key, points.point_key, targets.first_name
    FROM core.contact_points AS points
    INNER JOIN core._known_targets AS targets ON targets.target_key = points.target_key
    WHERE points.kind = 'phone' AND points.is_usable AND points.is_shared
),

-- The names at each number.
names AS (
    SELECT point_key, min(first_name) AS least, max(first_name) AS most
    FROM phones
    GROUP BY point_key
),

-- The names at all numbers of each target without a name.
nameless AS (
    SELECT
        phones.target_key,
        coalesce(min(names.least) <> max(names.most), FALSE) AS is_ambiguous,
        count(names.least) = 0 AS is_among_nameless
    FROM phones
    INNER JOIN names ON names.point_key = phones.point_key
    WHERE phones.first_name IS NULL
    GROUP BY phones.target_key
),

-- All numbers of each target at whose numbers nobody has a name.
number_sets AS (
    SELECT points.target_key, array_to_string(list_sort(array_agg(points.point_key)), ' ') AS numbers
    FROM core.contact_points AS points
    INNER JOIN nameless ON nameless.target_key = points.target_key AND nameless.is_among_nameless
    WHERE points.kind = 'phone' AND points.is_usable
    GROUP BY points.target_key
),

linked AS (
    SELECT of_source || ':' || CAST(person AS VARCHAR) AS target_key, 0 AS level, 'house:' || trim(name) AS link, TRUE AS is_named
    FROM sources.crosswalk
    UNION ALL
    SELECT source || ':' || CAST(person AS VARCHAR), 1, 'external:' || trim(external_id), TRUE
    FROM sources.identities
    WHERE trim(external_id) <> ''
    UNION ALL
    SELECT target_key, 2, point_key, TRUE
    FROM core.contact_points
    WHERE
        kind = 'email' AND is_usable AND is_shared
        AND substring(split_part(point_key, '@', 1), 7) NOT IN ('info', 'office', 'admin', 'sales', 'contact')
    UNION ALL
    SELECT phones.target_key, 3, phones.point_key || '|' || phones.first_name, TRUE
    FROM phones
    WHERE phones.first_name IS NOT NULL
    UNION ALL
    SELECT phones.target_key, 3, phones.point_key || '|' || names.least, FALSE
    FROM phones
    INNER JOIN nameless ON nameless.target_key = phones.target_key AND NOT nameless.is_ambiguous
    INNER JOIN names ON names.point_key = phones.point_key AND names.least IS NOT NULL
    UNION ALL
    SELECT target_key, 3, numbers, FALSE
    FROM number_sets
),

counted AS (
    SELECT
        target_key, level, link, bool_or(is_named) AS is_named,
        count(*) OVER (PARTITION BY level, link) AS targets,
        sum(CASE WHEN bool_or(is_named) THEN 1 ELSE 0 END) OVER (PARTITION BY level, link) AS named
    FROM linked
    GROUP BY target_key, level, link
)

SELECT
    counted.target_key, -- the target, as in core.attempts
    counted.level, -- 0 to 3: how sure the link is, the surest first
    counted.link, -- what is shared; null for a target that is ambiguous [null]
    -- crosswalk, external_id, email, phone_and_name or phone: what joins the target to others
    CASE
        WHEN counted.level = 0 THEN 'crosswalk'
        WHEN counted.level = 1 THEN 'external_id'
        WHEN counted.level = 2 THEN 'email'
        WHEN counted.is_named AND counted.named > 1 THEN 'phone_and_name'
        ELSE 'phone'
    END AS basis
FROM counted
INNER JOIN core._known_targets AS targets ON targets.target_key = counted.target_key
WHERE counted.level = 0 OR counted.targets > 1
UNION ALL
SELECT target_key, 3, NULL, 'ambiguous'
FROM nameless
WHERE is_ambiguous
