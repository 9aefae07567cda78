-- One row per context + rule: whether the rule judges attempts in this context, and if not, why. Contexts are those of
-- attempts that were made, and those that the next attempt on any point may have.
-- A context is what an attempt's channel, its campaign's purpose and consent, and its place are.
-- Key: context, rule, in_force_from
-- Group: core
WITH purposes AS (
    SELECT DISTINCT purpose, consent FROM core._purposes
    UNION ALL
    SELECT NULL, NULL
),

channels AS (
    SELECT 'phone' AS channel
    UNION ALL
    SELECT 'email'
    UNION ALL
    SELECT 'door'
),

contexts AS (
    SELECT
        context,
        split_part(context, '|', 1) AS channel,
        nullif(split_part(context, '|', 2), '') AS purpose,
        nullif(split_part(context, '|', 3), '') AS consent,
        regexp_extract(context, '^[^|]*[|][^|]*[|][^|]*[|](.*)$', 1) AS place_key
    FROM (
        SELECT context FROM compliance._approaches
        UNION
        SELECT reports.rule_context(channels.channel, purposes.purpose, purposes.consent, places.place_key) AS context
        FROM compliance._places AS places
        CROSS JOIN purposes
        CROSS JOIN channels
    ) AS met
),

placed AS (
    SELECT
        contexts.context, contexts.channel, contexts.purpose, contexts.consent,
        places.country, places.region, places.zones, coalesce(places.zone_basis, 'nowhere') AS zone_basis
    FROM contexts
    LEFT JOIN compliance._places AS places ON places.place_key = contexts.place_key
),

asked AS (
    SELECT
        placed.*,
        rules.rule, rules.kind, rules.unit, rules.in_force_from, rules.in_force_until, rules.effect,
        CASE
            WHEN rules.channels IS NOT NULL AND NOT list_contains(rules.channels, placed.channel) THEN 'other_channel'
            WHEN
                rules.jurisdiction <> '*'
                AND rules.jurisdiction NOT IN (placed.country, placed.country || '-' || coalesce(placed.region, ''))
                THEN 'other_jurisdiction'
            WHEN rules.purposes IS NOT NULL AND placed.purpose IS NULL THEN 'purpose_undeclared'
            WHEN rules.purposes IS NOT NULL AND NOT list_contains(rules.purposes, placed.purpose) THEN 'other_purpose'
            WHEN rules.consent_lifts AND placed.consent = 'yes' THEN 'consent'
            WHEN placed.zone_basis = 'nowhere' AND (rules.kind = 'hours' OR rules.unit = 'point') THEN 'no_point'
            WHEN rules.jurisdiction <> '*' AND placed.country IS NULL THEN 'no_location'
        END AS because,
        CASE
            WHEN
                rules.jurisdiction LIKE '%-%' AND placed.zone_basis <> 'address'
                AND coalesce(rules.location_presumption, 'none') = 'none'
                THEN 'area_code_is_no_place'
            WHEN rules.consent_lifts AND coalesce(placed.consent, 'unknown') <> 'no' THEN 'consent_unknown'
        END AS doubt
    FROM placed
    CROSS JOIN core.contact_rules AS rules
    WHERE rules.enabled
)

SELECT
    context, -- channel, purpose, consent and place, as in compliance._approaches
    rule, -- the rule, as in core.contact_rules
    in_force_from, -- the version of the rule: since when it is in force; null if it always was [null]
    kind, -- hours, cap, after_contact or after_mark
    because IS NULL AS is_judged, -- true if the rule judges attempts in this context
    because, -- why it does not; null if it does
    -- why nothing in this context is a breach of the rule: area_code_is_no_place (only an area code says that it holds
    -- there) or consent_unknown (consent would lift it, and nobody says whether there was any); null if something can be
    doubt,
    country, -- the country of the place; null if unknown
    zones, -- the time zones of the place; null if unknown
    zone_basis -- how they are known, as in core.contact_points; `nowhere` without a point
FROM asked
