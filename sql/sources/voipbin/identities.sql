-- One row per outdialtarget with a name. The first word is the first name, and the rest is the last name.
WITH named AS (
    SELECT id, trim(regexp_replace(name, '\s+', ' ', 'g')) AS name
    FROM known.voipbin_outdialtargets
)

SELECT
    CAST(id AS VARCHAR) AS person,
    split_part(name, ' ', 1) AS first_name,
    nullif(trim(substr(name, length(split_part(name, ' ', 1)) + 1)), '') AS last_name
FROM named
WHERE name <> ''
