-- One row per phone number, e-mail address or postal address that is marked as bad or as do not contact.
-- `updated_at` is the latest moment that the state can be from. A mark outlasts the deletion of its row.
WITH points AS (
    SELECT
        'phone_numbers' AS place, id, owner_id, owner_type, 'phone' AS point_kind, trim(number) AS point_value,
        CAST(NULL AS VARCHAR) AS point_id, status, updated_at
    FROM known.action_builder_phone_numbers
    UNION ALL
    SELECT 'emails', id, owner_id, owner_type, 'email', trim(email), NULL, status, updated_at
    FROM known.action_builder_emails
    UNION ALL
    SELECT
        'addresses', id, owner_id, owner_type, 'address', trim(street_address), CAST(id AS VARCHAR), status, updated_at
    FROM known.action_builder_addresses
),

worded AS (
    SELECT points.*, regexp_replace(lower(trim(status)), '[^a-z]+', '_', 'g') AS word
    FROM points
    WHERE point_value <> '' OR point_id IS NOT NULL
)

SELECT
    place || ':' || CAST(id AS VARCHAR) AS mark,
    CASE WHEN owner_type = 'Entity' THEN CAST(owner_id AS VARCHAR) END AS person,
    point_kind,
    point_value,
    point_id,
    CASE WHEN word = 'bad' THEN 'bad_contact_info' ELSE 'do_not_contact' END AS kind,
    CAST(NULL AS VARCHAR) AS channels,
    updated_at AS since,
    CASE WHEN updated_at IS NULL THEN 'unknown' ELSE 'updated_at_latest' END AS since_basis,
    place || '.status = ' || word AS evidence
FROM worded
WHERE word IN ('bad', 'do_not_contact')
