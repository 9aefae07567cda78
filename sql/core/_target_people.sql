-- One row per target that any list or attempt names: its person, its points, and what was tried.
-- Key: target_key
-- Incremental: hash(target_key) from core._known_targets, core.person_targets, core._targets, core.contact_points,
--   core._target_marks
WITH points AS (
    SELECT
        target_key,
        array_agg(point_key) AS points,
        bool_or(is_usable AND kind IN ('phone', 'email')) AS is_matchable
    FROM core.contact_points
    GROUP BY target_key
)

SELECT
    targets.source, -- the source, as in core.sources
    targets.target_key, -- the target, as in core.attempts
    people.person_key, -- its person, as in core.person_targets
    targets.display_name, -- its name as the source writes it; null if it has none
    points.points, -- its points, as in core.contact_points; null without one
    -- true if it can be matched at all: it has a usable number or e-mail address, or something else links it
    coalesce(points.is_matchable, FALSE) OR people.strength <> 'alone' AS is_matchable,
    coalesce(tried.attempts, 0) AS attempts, -- real attempts [count]
    coalesce(tried.contacts, 0) AS contacts, -- attempts that reached somebody [count]
    coalesce(tried.attempts > 0 AND tried.measures_contact, FALSE) AS is_attempted, -- true if a source that can tell tried it
    tried.first_attempt_at, -- time of the first real attempt (UTC); null without one
    tried.last_attempt_at, -- time of the last real attempt (UTC); null without one
    marks.gravest AS mark -- the gravest mark in force, as in core._target_marks; null without one
FROM core._known_targets AS targets
INNER JOIN core.person_targets AS people ON people.target_key = targets.target_key
LEFT JOIN core._targets AS tried ON tried.target_key = targets.target_key AND tried.campaign_key = 'all'
LEFT JOIN points ON points.target_key = targets.target_key
LEFT JOIN core._target_marks AS marks ON marks.target_key = targets.target_key
