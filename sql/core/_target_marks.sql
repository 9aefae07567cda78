-- One row per target with a mark that is in force at as-of: the gravest.
-- A mark on a point that names no target is on every target at this point.
-- Key: target_key
-- Incremental: hash(target_key)
WITH marked AS (
    SELECT marks.target_key, marks.point_key, marks.kind
    FROM core.restrictions AS marks
    CROSS JOIN core.as_of AS clock
    WHERE coalesce(marks.until > clock.as_of, TRUE)
),

named AS (
    SELECT target_key, kind FROM marked
WHERE target_key IS NOT NULL
    UNION ALL
    SELECT points.target_key, marked.kind
    FROM marked
    INNER JOIN core.contact_points AS points ON points.point_key = marked.point_key
    WHERE marked.target_key IS NULL
)

SELECT
    target_key, -- the target, as in core.attempts
    -- 1 house_list, 2 do_not_contact, 3 opted_out, 4 bad_contact_info
    min(CASE kind WHEN 'house_list' THEN 1 WHEN 'do_not_contact' THEN 2 WHEN 'opted_out' THEN 3 ELSE 4 END) AS gravest
FROM named
GROUP BY target_key
