-- One row per person, over all systems: how often it was tried and reached, and what restricts it.
-- A person is the targets that core.person_targets takes for one. Attempts are real attempts, as in the contact rates.
-- Key: person_key
-- Incremental: hash(person_key) from compliance._by_person across core._target_people
-- Metric: people = count(*)
-- Metric: people_in_several_systems = count(*) FILTER (WHERE systems > 1)
-- Example: Who was tried most within a week, over all systems?
--   SELECT person_key, systems, targets, most_in_7d, contacts FROM core.people
--   ORDER BY most_in_7d DESC NULLS LAST, person_key LIMIT 20
WITH counted AS (
    SELECT
        person_key,
        count(DISTINCT source) AS systems,
        count(*) AS targets,
        CAST(sum(attempts) AS BIGINT) AS attempts,
        CAST(sum(contacts) AS BIGINT) AS contacts,
        min(first_attempt_at) AS first_attempt_at,
        max(last_attempt_at) AS last_attempt_at,
        min(mark) AS gravest,
        min(display_name) AS display_name
    FROM core._target_people
    GROUP BY person_key
),

named_points AS (
    SELECT person_key, unnest(points) AS point_key
    FROM core._target_people
),

points AS (
    SELECT person_key, count(DISTINCT point_key) AS points
    FROM named_points
    GROUP BY person_key
),

pressed AS (
    SELECT
        person_key,
        count(DISTINCT source) AS systems_tried,
        max(in_24h) AS most_in_24h,
        max(in_7d) AS most_in_7d,
        max(in_30d) AS most_in_30d
    FROM compliance._by_person
    GROUP BY person_key
)

SELECT
    counted.person_key, -- the person, as in core.person_targets
    counted.systems, -- systems that know it [count]
    coalesce(pressed.systems_tried, 0) AS systems_tried, -- systems that tried it [count]
    counted.targets, -- its targets in all systems [count]
    coalesce(points.points, 0) AS points, -- numbers and addresses that it can be reached at [count]
    counted.attempts, -- real attempts, over all systems, those that came in included [count]
    counted.contacts, -- attempts that reached somebody, over all systems [count]
    counted.first_attempt_at, -- time of the first real attempt (UTC); null without one
    counted.last_attempt_at, -- time of the last real attempt (UTC); null without one
    coalesce(pressed.most_in_24h, 0) AS most_in_24h, -- the most attempts made on it within 24 hours [count]
    coalesce(pressed.most_in_7d, 0) AS most_in_7d, -- the most attempts made on it within 7 days [count]
    coalesce(pressed.most_in_30d, 0) AS most_in_30d, -- the most attempts made on it within 30 days [count]
    -- the gravest mark in force: house_list, do_not_contact, opted_out or bad_contact_info; null without one
    CASE counted.gravest
        WHEN 1 THEN 'house_list' WHEN 2 THEN 'do_not_contact' WHEN 3 THEN 'opted_out' WHEN 4 THEN 'bad_contact_info'
    END AS restriction,
    counted.display_name -- a name of the person, as one of its sources writes it; null if nobody names it
FROM counted
LEFT JOIN points ON points.person_key = counted.person_key
LEFT JOIN pressed ON pressed.person_key = counted.person_key
