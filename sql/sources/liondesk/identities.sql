-- One row per contact with a name.
SELECT
    CAST(id AS VARCHAR) AS person,
    nullif(trim(first_name), '') AS first_name,
    nullif(trim(last_name), '') AS last_name
FROM known.liondesk_contacts
WHERE trim(concat(first_name, last_name)) <> ''
