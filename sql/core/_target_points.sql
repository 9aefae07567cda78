-- One row per target + point: what can be dialled or written to, from the source's lists and from its attempts.
-- Of several rows of a list, the one whose state is the latest counts.
-- Key: target_key, point_key
-- Incremental: hash(target_key) from core.attempts
WITH stated AS (
    SELECT
        points.source,
        points.source || ':' || CAST(points.person AS VARCHAR) AS target_key,
        reports.point_key(points.kind, points.value, points.point_id, settings.country) AS point_key,
        trim(points.value) AS value,
        points.status,
        points.status_at,
        TRUE AS is_listed
    FROM sources.points AS points
    CROSS JOIN landing.settings AS settings
    UNION ALL
    SELECT source, target_key, point_key, NULL, NULL, NULL, FALSE
    FROM core.attempts
    GROUP BY source, target_key, point_key
),

ranked AS (
    SELECT
        stated.*,
        row_number() OVER (
            PARTITION BY target_key, point_key
            ORDER BY is_listed DESC, status_at DESC NULLS LAST, status DESC NULLS LAST, value ASC NULLS LAST
        ) AS place
    FROM stated
    WHERE point_key IS NOT NULL
)

SELECT
    source, -- the source, as in core.sources
    target_key, -- the target, as in core.attempts
    point_key, -- the point: `phone:+1…`, `email:…` or `address:<id>`
    split_part(point_key, ':', 1) AS kind, -- phone, email or address
    -- the point as the source's list writes it; if only attempts name it, in its normal form
    coalesce(value, substring(point_key, position(':' IN point_key) + 1)) AS value,
    status, -- the source's own word for the point's state; null if it has none
    status_at -- when the state was set (UTC); null if nothing says it
FROM ranked
WHERE place = 1
