-- One row per phone number, e-mail address and postal address of an entity. Rows that were deleted are left out.
-- `updated_at` is the latest moment that a state can be from.
WITH points AS (
    SELECT
        owner_id, owner_type, 'phone' AS kind, number AS value, CAST(NULL AS VARCHAR) AS point_id, status, updated_at,
        _deleted_at
    FROM known.action_builder_phone_numbers
    UNION ALL
    SELECT owner_id, owner_type, 'email', email, NULL, status, updated_at, _deleted_at
    FROM known.action_builder_emails
    UNION ALL
    SELECT
        owner_id,
        owner_type,
        'address',
        concat_ws(
            ', ',
            nullif(trim(street_address), ''), nullif(trim(city), ''), nullif(trim(state), ''),
            nullif(trim(postal_code), ''), nullif(trim(country), '')
        ),
        CAST(id AS VARCHAR),
        status,
        updated_at,
        _deleted_at
    FROM known.action_builder_addresses
)

SELECT
    CAST(points.owner_id AS VARCHAR) AS person,
    points.kind,
    trim(points.value) AS value,
    points.point_id,
    points.status,
    CASE WHEN points.status IS NOT NULL THEN points.updated_at END AS status_at
FROM points
INNER JOIN core._cutoff AS clock ON clock.source = 'action_builder'
WHERE
    points.owner_type = 'Entity'
    AND points.owner_id IS NOT NULL
    AND (points.kind = 'address' OR trim(points.value) <> '')
    AND coalesce(points._deleted_at > clock.cutoff_at, points._deleted_at IS NULL)
