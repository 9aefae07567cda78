-- One row per entity and id in another system: the organization's own id, and the id across the vendor's products. An
-- entity without either has one row with its name.
WITH entities AS (
    SELECT
        CAST(id AS VARCHAR) AS person,
        nullif(trim(first_name), '') AS first_name,
        nullif(trim(last_name), '') AS last_name,
        nullif(trim(custom_id), '') AS custom_id,
        nullif(trim(interact_id), '') AS interact_id
    FROM known.action_builder_entities
)

SELECT person, first_name, last_name, coalesce(custom_id, interact_id) AS external_id
FROM entities
WHERE coalesce(first_name, last_name, custom_id, interact_id) IS NOT NULL
UNION ALL
SELECT person, first_name, last_name, interact_id
FROM entities
WHERE custom_id <> interact_id
