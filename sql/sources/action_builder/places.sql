-- One row per postal address of an entity. An address that is marked as bad, or was deleted, says nothing about a place.
SELECT
    CAST(addresses.owner_id AS VARCHAR) AS person,
    nullif(trim(addresses.country), '') AS country,
    nullif(trim(addresses.state), '') AS region,
    nullif(trim(addresses.timezone), '') AS zone,
    CASE WHEN trim(addresses.timezone) <> '' THEN 'address' END AS zone_basis
FROM known.action_builder_addresses AS addresses
INNER JOIN core._cutoff AS clock ON clock.source = 'action_builder'
WHERE
    addresses.owner_type = 'Entity'
    AND addresses.owner_id IS NOT NULL
    AND coalesce(lower(trim(addresses.status)), '') <> 'bad'
    AND trim(concat(addresses.country, addresses.state, addresses.timezone)) <> ''
    AND coalesce(addresses._deleted_at > clock.cutoff_at, addresses._deleted_at IS NULL)
