-- One row per contact + number or e-mail address. `spouse_…` is somebody else, and no point of the contact.
WITH points AS (
    SELECT id, 'phone' AS kind, mobile_phone AS value, _deleted_at
    FROM known.liondesk_contacts
    UNION ALL
    SELECT id, 'phone', home_phone, _deleted_at FROM known.liondesk_contacts
    UNION ALL
    SELECT id, 'phone', office_phone, _deleted_at FROM known.liondesk_contacts
    UNION ALL
    SELECT id, 'email', email, _deleted_at FROM known.liondesk_contacts
)

SELECT DISTINCT
    CAST(id AS VARCHAR) AS person,
    kind,
    trim(value) AS value
FROM points
WHERE trim(value) <> ''
