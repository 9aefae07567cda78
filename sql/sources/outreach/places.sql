-- One row per prospect whose place or time zone is known.
-- `time_zone` is free text. It counts only if it has the form of an IANA name, and nobody gave `time_zone_iana`.
WITH prospects AS (
    SELECT
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(id AS VARCHAR) AS person,
        nullif(trim(address_country), '') AS country,
        nullif(trim(address_state), '') AS region,
        coalesce(
            nullif(trim(time_zone_iana), ''),
            CASE WHEN regexp_matches(trim(time_zone), '^[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+)+$') THEN trim(time_zone) END
        ) AS zone,
        coalesce(time_zone_inferred, FALSE) AS is_inferred
    FROM known.outreach_prospects
)

SELECT
    person,
    country,
    region,
    zone,
    CASE WHEN zone IS NOT NULL THEN CASE WHEN is_inferred THEN 'inferred' ELSE 'stated' END END AS zone_basis
FROM prospects
WHERE coalesce(country, region, zone) IS NOT NULL
