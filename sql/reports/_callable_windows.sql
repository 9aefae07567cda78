-- One row per source + context + stretch of time in which all rules about hours allow an attempt, from the source's own
-- moment on, for 36 days.
-- A rule allows a time if it is within its hours in every zone of the context's place, or if it is not in force on that
-- local day. Rules whose purpose is not declared judge nothing, as in compliance.
-- Key: source, context, opens_at
WITH asked AS (
    SELECT DISTINCT source, context, zones, moment
    FROM reports._open_targets
    WHERE zones IS NOT NULL AND moment IS NOT NULL
),

days AS (
    SELECT CAST(unnest(generate_series(-2, 37)) AS INTEGER) AS place
),

rules AS (
    SELECT rule, in_force_from, in_force_until, days, from_local, until_local
    FROM core.contact_rules
    WHERE kind = 'hours' AND enabled
),

each_zone AS (
    SELECT DISTINCT
        asked.source, asked.context, asked.moment, unnest(asked.zones) AS zone,
        rules.in_force_from, rules.in_force_until, rules.days, rules.from_local, rules.until_local
    FROM asked
    INNER JOIN compliance._context_rules AS judged
        ON judged.context = asked.context AND judged.kind = 'hours' AND judged.is_judged
    INNER JOIN rules ON rules.rule = judged.rule AND rules.in_force_from IS NOT DISTINCT FROM judged.in_force_from
),

each_day AS (
    SELECT
        each_zone.source, each_zone.context, each_zone.zone, each_zone.from_local, each_zone.until_local,
        CAST(each_zone.moment AS DATE) + days.place AS day
    FROM each_zone
    CROSS JOIN days
    WHERE
        reports.is_in_force(
            epoch_us(CAST(CAST(each_zone.moment AS DATE) + days.place AS TIMESTAMP)),
            each_zone.in_force_from, each_zone.in_force_until, each_zone.days
        )
),

-- What is forbidden, as local time: from midnight until the rule opens, and from when it closes until midnight.
local AS (
    SELECT source, context, zone, CAST(day AS TIMESTAMP) AS begins, day + from_local AS ends
    FROM each_day
    UNION
    SELECT source, context, zone, day + until_local, CAST(day + 1 AS TIMESTAMP)
    FROM each_day
),

-- The moment and the end of the 36 days cut the time, and forbid nothing.
cut AS (
    SELECT
        source, context,
        begins AT TIME ZONE zone AT TIME ZONE 'UTC' AS begins_at,
        ends AT TIME ZONE zone AT TIME ZONE 'UTC' AS ends_at
    FROM local
    UNION
    SELECT source, context, moment AS begins_at, moment AS ends_at FROM asked
    UNION
    SELECT source, context, moment + INTERVAL 36 DAY, moment + INTERVAL 36 DAY FROM asked
),

gaps AS (
    SELECT
        source, context,
        max(ends_at) OVER (
            PARTITION BY source, context ORDER BY begins_at ASC, ends_at ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS opens_at,
        begins_at AS closes_at
    FROM cut
)

SELECT
    gaps.source, -- the source, as in core.sources
    gaps.context, -- channel, purpose, consent and place, as in compliance._approaches
    gaps.opens_at, -- when it begins (UTC)
    gaps.closes_at, -- when it ends (UTC)
    -- true if no rule ends it within the 36 days
    gaps.closes_at = asked.moment + INTERVAL 36 DAY AS is_endless,
    -- 1, 2, 3, … in the order of time
    row_number() OVER (PARTITION BY gaps.source, gaps.context ORDER BY gaps.opens_at ASC) AS place
FROM gaps
INNER JOIN asked ON asked.source = gaps.source AND asked.context = gaps.context
WHERE gaps.opens_at < gaps.closes_at AND gaps.opens_at >= asked.moment AND gaps.opens_at < asked.moment + INTERVAL 36 DAY
