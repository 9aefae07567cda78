-- One row per target whose person the organization knows. The target may be written with its source in front, as in
-- `target_key`.
WITH lines AS (
    SELECT
        lower(trim(source)) AS of_source,
        trim(target_id) AS target,
        trim(person) AS name
    FROM raw.house_people
),

plain AS (
    SELECT
        of_source,
        CASE WHEN starts_with(target, of_source || ':') THEN substr(target, length(of_source) + 2) ELSE target END AS target,
        name
    FROM lines
)

SELECT
    of_source,
    CASE
        WHEN regexp_matches(target, '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$') THEN lower(target)
        ELSE target
    END AS person,
    name
FROM plain
WHERE of_source <> '' AND target <> '' AND name <> ''
