-- One row per person, over all systems: how often it was tried and reached, and what restricts it.
-- A person is the targets that core.person_targets takes for one. Attempts are real attempts, as in the contact rates.
-- Key: person_key
-- Incremental: hash(person_key)
-- Metric: people = count(*)
-- Metric: people_in_several_systems = count(*) FILTER (WHERE systems > 1)
-- Example: Who was tried most within a week, over all systems?
--   SELECT person_key, systems, targets, most_in_7d, contacts FROM core.people
--   ORDER BY most_in_7d DESC NULLS LAST, person_key LIMIT 20
WITH tried AS (
    SELECT
        people.person_key,
        count(*) AS attempts,
        count(CASE WHEN attempts.is_contact THEN 1 END) AS contacts,
        min(attempts.attempted_at) AS first_attempt_at,
        max(attempts.attempted_at) AS last_attempt_at
    FROM core.attempts AS attempts
    INNER JOIN core.person_targets AS people ON people.target_key = attempts.target_key
    WHERE attempts.is_attempt
    GROUP BY people.person_key
),

pressed AS (
    SELECT person_key, max(person_24h) AS most_in_24h, max(person_7d) AS most_in_7d
    FROM compliance._pressure
    GROUP BY person_key
),

counted AS (
    SELECT
        people.person_key,
        count(DISTINCT targets.source) AS systems,
        count(*) AS targets,
        min(targets.display_name) AS display_name
    FROM core.person_targets AS people
    INNER JOIN core._known_targets AS targets ON targets.target_key = people.target_key
    GROUP BY people.person_key
),

points AS (
    SELECT people.person_key, count(DISTINCT points.point_key) AS points
    FROM core.contact_points AS points
    INNER JOIN core.person_targets AS people ON people.target_key = points.target_key
    GROUP BY people.person_key
),

-- Marks on a target, and marks on a point that name no target: these hold for everybody at the point.
marked AS (
    SELECT people.person_key, marks.kind
    FROM core.restrictions AS marks
    INNER JOIN core.person_targets AS people ON people.target_key = marks.target_key
    CROSS JOIN core.as_of AS clock
    WHERE coalesce(marks.until > clock.as_of, TRUE)
    UNION ALL
    SELECT people.person_key, marks.kind
    FROM core.restrictions AS marks
    INNER JOIN core.contact_points AS points ON points.point_key = marks.point_key
    INNER JOIN core.person_targets AS people ON people.target_key = points.target_key
    CROSS JOIN core.as_of AS clock
    WHERE coalesce(marks.until > clock.as_of, TRUE) AND marks.target_key IS NULL
),

restricted AS (
    SELECT
        person_key,
        min(CASE kind WHEN 'house_list' THEN 1 WHEN 'do_not_contact' THEN 2 WHEN 'opted_out' THEN 3 ELSE 4 END) AS gravest
    FROM marked
    GROUP BY person_key
)

SELECT
    counted.person_key, -- the person, as in core.person_targets
    counted.systems, -- systems that know it [count]
    counted.targets, -- its targets in all systems [count]
    coalesce(points.points, 0) AS points, -- numbers and addresses that it can be reached at [count]
    coalesce(tried.attempts, 0) AS attempts, -- real attempts, over all systems [count]
    coalesce(tried.contacts, 0) AS contacts, -- attempts that reached somebody, over all systems [count]
    tried.first_attempt_at, -- time of the first real attempt (UTC); null without one
    tried.last_attempt_at, -- time of the last real attempt (UTC); null without one
    coalesce(pressed.most_in_24h, 0) AS most_in_24h, -- the most attempts made on it within 24 hours [count]
    coalesce(pressed.most_in_7d, 0) AS most_in_7d, -- the most attempts made on it within 7 days [count]
    -- the gravest mark in force: house_list, do_not_contact, opted_out or bad_contact_info; null without one
    CASE restricted.gravest
        WHEN 1 THEN 'house_list' WHEN 2 THEN 'do_not_contact' WHEN 3 THEN 'opted_out' WHEN 4 THEN 'bad_contact_info'
    END AS restriction,
    counted.display_name -- a name of the person, as one of its sources writes it; null if nobody names it
FROM counted
LEFT JOIN points ON points.person_key = counted.person_key
LEFT JOIN tried ON tried.person_key = counted.person_key
LEFT JOIN pressed ON pressed.person_key = counted.person_key
LEFT JOIN restricted ON restricted.person_key = counted.person_key
