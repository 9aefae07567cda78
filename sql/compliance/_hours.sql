-- One row per attempt + rule about hours that the attempt may have broken.
-- Z are the zones of its point by the best that is known, and N all zones of its country. N is empty if the zone is that
-- of an address, or stated, or if the rule takes an area code for a place. Within the rule's hours in every zone of Z:
-- no row. Outside them in all zones of Z and N: a breach. Otherwise nobody can tell.
-- A time that was recorded by hand, or the time at which a call was over, says nobody's clock at the dial: never a
-- breach. Both ends of the hours are inside, and so is what lies within the clock tolerance of them.
-- Key: attempt_key, rule
-- Group: core
-- Incremental: hash(target_key) from compliance._approaches
WITH rules AS (
    SELECT
        rules.rule, rules.in_force_from, rules.in_force_until, rules.days,
        coalesce(rules.location_presumption, 'none') = 'area_code' AS presumes_place,
        CAST(epoch_us(DATE '1970-01-01' + rules.from_local) AS BIGINT) AS opens,
        CAST(epoch_us(DATE '1970-01-01' + rules.until_local) AS BIGINT) AS closes,
        settings.clock_tolerance_ms * 1000 AS tolerance
    FROM core.contact_rules AS rules
    CROSS JOIN landing.settings AS settings
    WHERE rules.kind = 'hours' AND rules.enabled
),

-- Every context once with each zone of its place.
placed AS (
    SELECT DISTINCT context, country, zones, zone_basis
    FROM compliance._context_rules
    WHERE kind = 'hours' AND is_judged
),

own_zones AS (
    SELECT context, unnest(zones) AS zone
    FROM placed
    WHERE zones IS NOT NULL
),

timed AS (
    SELECT
        attempt_key, target_key, context, epoch_us(attempted_at) AS moment,
        coalesce(time_basis = 'dialled' OR (time_basis = 'completed' AND channel <> 'phone'), FALSE) AS is_dialled
    FROM compliance._approaches
),

own_clocks AS (
    SELECT timed.attempt_key, timed.context, own_zones.zone, timed.moment + clocks.ahead AS local_moment
    FROM timed
    INNER JOIN own_zones ON own_zones.context = timed.context
    INNER JOIN
        compliance._zone_clocks AS clocks
    ON clocks.zone = own_zones.zone AND clocks.from_us <= timed.moment AND timed.moment < clocks.until_us
),

-- The attempts that are outside in one zone of Z at least.
suspects AS (
    SELECT DISTINCT own.attempt_key, asked.context, rules.rule, asked.doubt
    FROM own_clocks AS own
    INNER JOIN compliance._context_rules AS asked ON asked.context = own.context AND asked.kind = 'hours' AND asked.is_judged
    INNER JOIN rules ON rules.rule = asked.rule AND rules.in_force_from IS NOT DISTINCT FROM asked.in_force_from
    WHERE
        (
            own.local_moment % 86400000000 < rules.opens - rules.tolerance
            OR own.local_moment % 86400000000 > rules.closes + rules.tolerance
        )
        AND reports.is_in_force(own.local_moment, rules.in_force_from, rules.in_force_until, rules.days)
),

-- Each suspect with every version of the rule: at the end of one, two zones may have two days.
asked_versions AS (
    SELECT DISTINCT suspects.attempt_key, suspects.context, suspects.rule, asked.in_force_from
    FROM suspects
    INNER JOIN compliance._context_rules AS asked
        ON asked.context = suspects.context AND asked.rule = suspects.rule AND asked.is_judged
),

-- And with every zone of Z and N.
asked_zones AS (
    SELECT asked.attempt_key, asked.rule, asked.in_force_from, own_zones.zone
    FROM asked_versions AS asked
    INNER JOIN own_zones ON own_zones.context = asked.context
    UNION ALL
    SELECT asked.attempt_key, asked.rule, asked.in_force_from, others.zone
    FROM asked_versions AS asked
    INNER JOIN placed ON placed.context = asked.context
    INNER JOIN rules ON rules.rule = asked.rule AND rules.in_force_from IS NOT DISTINCT FROM asked.in_force_from
    INNER JOIN core._country_zones AS others ON others.country = placed.country
    WHERE placed.zone_basis NOT IN ('address', 'stated') AND NOT rules.presumes_place
),

judged AS (
    SELECT
        zones.attempt_key, zones.rule, zones.zone,
        timed.moment + clocks.ahead AS local_moment,
        (
            (timed.moment + clocks.ahead) % 86400000000 < rules.opens - rules.tolerance
            OR (timed.moment + clocks.ahead) % 86400000000 > rules.closes + rules.tolerance
        )
        AND reports.is_in_force(timed.moment + clocks.ahead, rules.in_force_from, rules.in_force_until, rules.days) AS is_outside
    FROM asked_zones AS zones
    INNER JOIN timed ON timed.attempt_key = zones.attempt_key
    INNER JOIN rules ON rules.rule = zones.rule AND rules.in_force_from IS NOT DISTINCT FROM zones.in_force_from
    INNER JOIN
        compliance._zone_clocks AS clocks
    ON clocks.zone = zones.zone AND clocks.from_us <= timed.moment AND timed.moment < clocks.until_us
),

in_zones AS (
    SELECT attempt_key, rule, zone, bool_or(is_outside) AS is_outside, min(local_moment) AS local_moment
    FROM judged
    GROUP BY attempt_key, rule, zone
),

weighed AS (
    SELECT
        attempt_key, rule, bool_and(is_outside) AS is_outside, min(local_moment) AS local_from, max(local_moment) AS local_until
    FROM in_zones
    GROUP BY attempt_key, rule
),

lifted AS (
    SELECT attempt_key, rule, max(doubt) AS doubt
    FROM suspects
    GROUP BY attempt_key, rule
),

-- Without any zone nobody can tell.
nowhere AS (
    SELECT DISTINCT timed.attempt_key, timed.target_key, asked.rule
    FROM timed
    INNER JOIN compliance._context_rules AS asked ON asked.context = timed.context
    INNER JOIN rules ON rules.rule = asked.rule AND rules.in_force_from IS NOT DISTINCT FROM asked.in_force_from
    WHERE
        asked.kind = 'hours' AND asked.is_judged AND asked.zones IS NULL
        AND reports.is_in_force(timed.moment, rules.in_force_from, rules.in_force_until, NULL)
)

SELECT
    weighed.attempt_key, -- the attempt, as in core.attempts
    timed.target_key, -- its target
    weighed.rule, -- the rule, as in core.contact_rules
    -- breach or unverifiable
    CASE WHEN weighed.is_outside AND timed.is_dialled AND lifted.doubt IS NULL THEN 'breach' ELSE 'unverifiable' END
        AS verdict,
    -- why: outside_hours, or why nobody can tell
    CASE
        WHEN NOT weighed.is_outside THEN 'outside_hours_in_some_zones'
        WHEN NOT timed.is_dialled THEN 'recorded_not_dialled'
        WHEN lifted.doubt IS NOT NULL THEN lifted.doubt
        ELSE 'outside_hours'
    END AS reason,
    TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(weighed.local_from) AS local_from, -- the earliest clock among the zones
    TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(weighed.local_until) AS local_until -- the latest clock among the zones
FROM weighed
INNER JOIN timed ON timed.attempt_key = weighed.attempt_key
INNER JOIN lifted ON lifted.attempt_key = weighed.attempt_key AND lifted.rule = weighed.rule
UNION ALL
SELECT attempt_key, target_key, rule, 'unverifiable', 'no_location', NULL, NULL
FROM nowhere
