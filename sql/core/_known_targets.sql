-- One row per target that any list or attempt names, with the name by which it is compared.
-- Nicknames count as the name that they stand for (data/nicknames.csv).
-- Key: target_key
-- Incremental: hash(target_key)
WITH named AS (
    SELECT
        identities.source,
        identities.source || ':' || CAST(identities.person AS VARCHAR) AS target_key,
        max(trim(concat_ws(' ', nullif(trim(identities.first_name), ''), nullif(trim(identities.last_name), ''))))
            AS display_name,
        max(reports.first_name(identities.first_name)) AS first_name
    FROM sources.identities AS identities
    GROUP BY identities.source, identities.person
),

known AS (
    SELECT source, target_key FROM core._targets
WHERE campaign_key = 'all'
    UNION
    SELECT source, target_key FROM core._target_points
    UNION
    SELECT source, target_key FROM named
)

SELECT
    known.source, -- the source, as in core.sources
    known.target_key, -- the target, as in core.attempts
    nullif(named.display_name, '') AS display_name, -- its name as the source writes it; null if it has none
    -- its first name as names are compared; null if it has none
    coalesce(nicknames.first_name, named.first_name) AS first_name
FROM known
LEFT JOIN named ON named.target_key = known.target_key
LEFT JOIN landing.nicknames AS nicknames ON nicknames.name = named.first_name
