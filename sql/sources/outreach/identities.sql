-- One row per prospect with a name or an id in another system.
SELECT
    coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(id AS VARCHAR) AS person,
    nullif(trim(first_name), '') AS first_name,
    nullif(trim(last_name), '') AS last_name,
    nullif(trim(external_id), '') AS external_id
FROM known.outreach_prospects
WHERE trim(concat(first_name, last_name, external_id)) <> ''
