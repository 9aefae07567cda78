-- One row per attempt + rule that limits attempts, if the attempt is beyond the limit or may be.
-- Counted are the attempts of the unit that the rule judges within (t - period, t], over all systems. Two attempts that
-- lie a whole period apart are not in one period, and what lies within the clock tolerance of that is not counted.
-- A rule of kind `after_contact` limits attempts to none after a contact: it counts contacts before the attempt.
-- For a rule by person, an attempt counts surely if it went to the same target, or to a target that is surely the same
-- person; and for a rule that counts connected calls, if it surely connected. If what counts surely stays within the
-- limit, and what may count is beyond it, nobody can tell.
-- Key: attempt_key, rule
WITH rules AS (
    SELECT
        rules.rule, rules.kind, rules.in_force_from, rules.in_force_until, rules.days, rules.unit, rules.period,
        coalesce(rules.cap, 0) AS cap,
        coalesce(rules.same_subject, FALSE) AS same_subject,
        coalesce(rules.counts, 'dialled') = 'connected' AS counts_connected,
        CASE
            WHEN rules.kind = 'after_contact' AND rules.grace_unit = 'hours' THEN rules.grace * 3600000000
            WHEN rules.kind = 'after_contact' THEN rules.grace * 86400000000
            WHEN rules.period = '24h' THEN 86400000000
            WHEN rules.period = '7d' THEN 604800000000
            WHEN rules.period = '30d' THEN 2592000000000
        END AS period_us,
        settings.clock_tolerance_ms * 1000 AS tolerance,
        settings.timezone
    FROM core.contact_rules AS rules
    CROSS JOIN landing.settings AS settings
    WHERE rules.kind IN ('cap', 'after_contact') AND rules.enabled
),

asked AS (
    SELECT asked.context, asked.rule, asked.in_force_from, asked.may_be_lifted, asked.zones
    FROM compliance._context_rules AS asked
    WHERE asked.kind IN ('cap', 'after_contact') AND asked.is_judged
),

-- Attempts with more before them than the limit, whatever the rule counts of these.
suspects AS (
    SELECT
        approaches.*, rules.*, asked.may_be_lifted, asked.zones,
        epoch_us(approaches.attempted_at) AS moment
    FROM compliance._approaches AS approaches
    INNER JOIN compliance._pressure AS pressure ON pressure.attempt_key = approaches.attempt_key
    INNER JOIN asked ON asked.context = approaches.context
    INNER JOIN rules ON rules.rule = asked.rule AND rules.in_force_from IS NOT DISTINCT FROM asked.in_force_from
    WHERE
        CASE
            -- A grace may be longer than any period that is counted.
            WHEN rules.kind = 'after_contact' THEN 1
            WHEN rules.unit = 'point' AND rules.period = '24h' THEN pressure.point_24h
            WHEN rules.unit = 'point' AND rules.period = '30d' THEN pressure.point_30d
            WHEN rules.unit = 'point' THEN pressure.point_7d
            WHEN rules.period = '24h' THEN pressure.person_24h
            WHEN rules.period = '30d' THEN pressure.person_30d
            ELSE pressure.person_7d
        END > rules.cap
        AND reports.is_in_force(epoch_us(approaches.attempted_at), rules.in_force_from, rules.in_force_until, rules.days)
),

-- Each suspect with all attempts of its unit.
pairs AS (
    SELECT suspects.attempt_key, suspects.rule, suspects.in_force_from, other.attempt_key AS other_key
    FROM suspects
    INNER JOIN compliance._approaches AS other ON other.person_key = suspects.person_key
    WHERE suspects.unit = 'person'
    UNION ALL
    SELECT suspects.attempt_key, suspects.rule, suspects.in_force_from, other.attempt_key AS other_key
    FROM suspects
    INNER JOIN compliance._approaches AS other ON other.target_key = suspects.target_key
    WHERE suspects.unit = 'target'
    UNION ALL
    SELECT suspects.attempt_key, suspects.rule, suspects.in_force_from, other.attempt_key AS other_key
    FROM suspects
    INNER JOIN compliance._approaches AS other ON other.point_key = suspects.point_key
    WHERE suspects.unit = 'point'
),

others AS (
    SELECT
        suspects.attempt_key, suspects.rule, suspects.cap, suspects.kind, suspects.counts_connected,
        suspects.is_connected, suspects.may_be_lifted,
        other.attempt_key AS other_key,
        other.attempt_key = suspects.attempt_key AS is_itself,
        coalesce(other.point_key = suspects.point_key, FALSE) AS is_same_point,
        other.target_key = suspects.target_key AS is_same_target,
        suspects.unit <> 'person' OR other.sure_key = suspects.sure_key AS is_surely_same,
        CASE
            WHEN suspects.kind = 'after_contact' THEN TRUE
            WHEN suspects.counts_connected THEN coalesce(other.is_connected, FALSE)
            ELSE TRUE
        END AS surely_counts
    FROM pairs
    INNER JOIN suspects
        ON
            suspects.attempt_key = pairs.attempt_key AND suspects.rule = pairs.rule
            AND suspects.in_force_from IS NOT DISTINCT FROM pairs.in_force_from
    INNER JOIN compliance._approaches AS other ON other.attempt_key = pairs.other_key
    INNER JOIN asked AS theirs
        ON
            theirs.context = other.context AND theirs.rule = suspects.rule
            AND theirs.in_force_from IS NOT DISTINCT FROM suspects.in_force_from
    WHERE
        (NOT suspects.same_subject OR other.subject = suspects.subject)
        AND CASE
            WHEN suspects.kind = 'after_contact'
                THEN
                    other.is_contact AND other.attempt_key <> suspects.attempt_key
                    AND epoch_us(other.attempted_at) < suspects.moment - suspects.tolerance
                    AND epoch_us(other.attempted_at) > suspects.moment - suspects.period_us + suspects.tolerance
            WHEN suspects.period = 'calendar_day'
                THEN
                    epoch_us(other.attempted_at) <= suspects.moment
                    AND reports.local_day(other.attempted_at, suspects.zones[1], suspects.timezone)
                    = reports.local_day(suspects.attempted_at, suspects.zones[1], suspects.timezone)
            ELSE
                epoch_us(other.attempted_at) <= suspects.moment
                AND (
                    epoch_us(other.attempted_at) > suspects.moment - suspects.period_us + suspects.tolerance
                    OR other.attempt_key = suspects.attempt_key
                )
        END
        AND (NOT suspects.counts_connected OR coalesce(other.is_connected, TRUE))
),

counted AS (
    SELECT
        attempt_key, rule, cap,
        max(kind) AS kind,
        bool_or(may_be_lifted) AS may_be_lifted,
        bool_or(counts_connected AND is_connected IS NULL) AS may_not_count,
        count(*) AS possible,
        count(CASE WHEN is_surely_same THEN 1 END) AS linked,
        count(CASE WHEN surely_counts AND (is_surely_same) THEN 1 END) AS sure,
        list_sort(array_agg(other_key) FILTER (WHERE NOT is_itself)) AS possible_others,
        list_sort(
            array_agg(other_key) FILTER (
                WHERE NOT is_itself AND surely_counts AND (is_surely_same)
            )
        ) AS sure_others,
        bool_and(is_same_point) AS all_same_point,
        bool_and(is_same_target) AS all_same_target,
        bool_and(is_same_point) FILTER (WHERE is_surely_same) AS sure_same_point,
        bool_and(is_same_target) FILTER (WHERE is_surely_same) AS sure_same_target
    FROM others
    GROUP BY attempt_key, rule, cap
    HAVING count(*) > cap
),

weighed AS (
    SELECT
        counted.*,
        sure > cap AND NOT may_be_lifted AND NOT may_not_count AS is_breach
    FROM counted
)

SELECT
    attempt_key, -- the attempt, as in core.attempts
    rule, -- the rule, as in core.contact_rules
    CASE WHEN is_breach THEN 'breach' ELSE 'unverifiable' END AS verdict, -- breach or unverifiable
    -- why: over_cap or after_contact, or why nobody can tell
    CASE
        WHEN is_breach AND kind = 'after_contact' THEN 'after_contact'
        WHEN is_breach THEN 'over_cap'
        WHEN linked <= cap THEN 'likely_match'
        WHEN sure <= cap OR may_not_count THEN 'may_not_have_connected'
        ELSE 'consent_unknown'
    END AS reason,
    -- what makes them attempts of one unit: same_point, same_target or matched_person
    CASE
        WHEN is_breach AND sure_same_point OR NOT is_breach AND all_same_point THEN 'same_point'
        WHEN is_breach AND sure_same_target OR NOT is_breach AND all_same_target THEN 'same_target'
        ELSE 'matched_person'
    END AS via,
    -- attempts in the period, this one included: those that count surely for a breach, otherwise those that may [count]
    CAST(CASE WHEN is_breach THEN sure ELSE possible END AS BIGINT) AS count_in_period,
    CASE WHEN is_breach THEN sure_others ELSE possible_others END AS other_attempts -- the other attempts that are counted
FROM weighed
