-- One row per open target: whom to call next, at which number, between which hours, and what holds a call back.
-- Open targets are those of the dialer's queue, and those of other sources that were tried, not reached and not ended.
-- Each row speaks of the moment until which its source is known (core.observed).
-- `held_back_by` is the first of these that holds: restricted (somebody asked not to be contacted: a mark in force on the
-- target, on another target of its person, or on the point); reached_elsewhere (another target of the same person was
-- reached, in whatever system); no_usable_point (no point is known, or it has no normal form, or a mark says that it is
-- bad); exhausted (the try in flight is the last one); in_flight (an attempt is open); cap (a rule that limits attempts
-- allows no further one yet, all systems counted, likely matches too); outside_hours (a rule about hours forbids it at
-- this moment). What lasts comes before what passes. With the first four, there is no time to call.
-- Rules are those of core.contact_rules that are on; a law row counts if the campaign's purpose is declared. The times are
-- a help and not legal advice: they use the zones of the number's area code where nothing better is known.
-- `score` orders the list: the hazard of the target's next attempt x the factor of the local hour at callable_from. The
-- hazard is that of the campaign at this attempt number (reports.attempt_curve); where this is thin, that of the whole
-- source; where this is thin too, that of the source's last number that is not. The factor is the hour's shrunk rate / the
-- mean of the campaign (reports.best_time, all attempts, by its default clock), and 1 where nobody was tried at that hour.
-- Key: target_key
-- Order: source, campaign_key, target_key
-- Incremental: hash(target_key)
-- Metric: callable_targets = count(*) FILTER (WHERE held_back_by IS NULL)
-- Metric: held_back_targets = count(*) FILTER (WHERE held_back_by IS NOT NULL)
-- Example: Whom should be called first?
--   SELECT target_key, point_key, callable_from, callable_until, tries_left, score FROM reports.call_next
--   WHERE held_back_by IS NULL ORDER BY score DESC NULLS LAST, callable_from, target_key LIMIT 20
WITH restricted AS (
    SELECT DISTINCT open.target_key
    FROM reports._open_targets AS open
    INNER JOIN reports._person_marks AS marks ON marks.person_key = open.person_key
    WHERE
        marks.kind <> 'bad_contact_info'
        AND coalesce(marks.until > open.moment, TRUE)
        AND (marks.channels IS NULL OR list_contains(string_split(marks.channels, ' '), open.channel))
        AND (marks.is_own OR marks.point_key = open.point_key)
),

rules AS (
    SELECT
        rule, in_force_from, in_force_until, days, unit, period, cap,
        coalesce(same_subject, FALSE) AS same_subject,
        coalesce(counts, 'dialled') = 'connected' AS counts_connected,
        CASE period
            WHEN '24h' THEN 86400000000 WHEN '7d' THEN 604800000000 WHEN '30d' THEN 2592000000000
            -- A day is 25 hours long at most.
            ELSE 90000000000
        END AS period_us
    FROM core.contact_rules
    WHERE kind = 'cap' AND enabled AND cap > 0
),

judged AS (
    SELECT
        contexts.context, contexts.zones, rules.rule, rules.in_force_from, rules.in_force_until, rules.days, rules.unit,
        rules.period, rules.cap, rules.same_subject, rules.counts_connected, rules.period_us
    FROM compliance._context_rules AS contexts
    INNER JOIN rules
        ON rules.rule = contexts.rule AND rules.in_force_from IS NOT DISTINCT FROM contexts.in_force_from
    WHERE contexts.kind = 'cap' AND contexts.is_judged
),

units AS (
    SELECT target_key, 'point' AS unit, point_key AS unit_key, context, subject, moment FROM reports._open_targets
    UNION ALL
    SELECT target_key, 'target', target_key AS unit_key, context, subject, moment FROM reports._open_targets
    UNION ALL
    SELECT target_key, 'person', person_key, context, subject, moment FROM reports._open_targets
),

wanted AS (
    SELECT DISTINCT unit, unit_key
    FROM units
    WHERE unit_key IS NOT NULL
),

-- The attempts on these that may still count towards a limit, in whatever system they were made.
recent AS (
    SELECT
        judged.rule, judged.in_force_from, judged.unit, judged.cap, judged.period, judged.period_us, judged.zones,
        wanted.unit_key,
        CASE WHEN judged.same_subject THEN approaches.subject ELSE '' END AS subject,
        approaches.attempt_key,
        approaches.attempted_at
    FROM compliance._approaches AS approaches
    CROSS JOIN (SELECT min(moment) AS moment FROM reports._open_targets) AS oldest
    INNER JOIN judged ON judged.context = approaches.context
    INNER JOIN wanted
        ON
            wanted.unit = judged.unit
            AND wanted.unit_key = CASE judged.unit
                WHEN 'point' THEN approaches.point_key
                WHEN 'target' THEN approaches.target_key
                ELSE approaches.person_key
            END
    WHERE
        epoch_us(approaches.attempted_at) > epoch_us(oldest.moment) - judged.period_us
        AND (NOT judged.counts_connected OR coalesce(approaches.is_connected, TRUE))
),

-- The unit is free again when the last of `cap` attempts has left the period.
ranked AS (
    SELECT
        recent.*,
        row_number() OVER (
            PARTITION BY rule, in_force_from, unit_key, subject ORDER BY attempted_at DESC, attempt_key ASC
        ) AS place
    FROM recent
),

full_units AS (
    SELECT
        ranked.rule, ranked.in_force_from, ranked.unit, ranked.unit_key, ranked.subject,
        CASE ranked.period
            WHEN 'calendar_day'
                THEN
                    CAST(reports.local_day(ranked.attempted_at, ranked.zones[1], settings.timezone) + 1 AS TIMESTAMP)
                    AT TIME ZONE coalesce(ranked.zones[1], settings.timezone) AT TIME ZONE 'UTC'
            ELSE ranked.attempted_at + to_microseconds(ranked.period_us)
        END AS frees_at
    FROM ranked
    CROSS JOIN landing.settings AS settings
    WHERE ranked.place = ranked.cap
),

capped AS (
    SELECT units.target_key, max(full_units.frees_at) AS frees_at
    FROM units
    INNER JOIN full_units ON full_units.unit = units.unit AND full_units.unit_key = units.unit_key
    INNER JOIN judged
        ON
            judged.context = units.context AND judged.rule = full_units.rule
            AND judged.in_force_from IS NOT DISTINCT FROM full_units.in_force_from
    CROSS JOIN landing.settings AS settings
    WHERE
        full_units.frees_at > units.moment
        AND full_units.subject IN ('', units.subject)
        AND reports.is_in_force_at(
            epoch_us(units.moment), judged.zones[1], settings.timezone, judged.in_force_from, judged.in_force_until, judged.days
        )
    GROUP BY units.target_key
),

held AS (
    SELECT
        open.*,
        CASE
            WHEN restricted.target_key IS NOT NULL THEN 'restricted'
            WHEN people.contacts > 0 THEN 'reached_elsewhere'
            WHEN NOT open.is_usable THEN 'no_usable_point'
            WHEN open.tries_left = 0 THEN 'exhausted'
        END AS ended_by,
        capped.frees_at,
        greatest(open.moment, open.eligible_at, capped.frees_at) AS starts_at
    FROM reports._open_targets AS open
    LEFT JOIN restricted ON restricted.target_key = open.target_key
    LEFT JOIN core.people AS people ON people.person_key = open.person_key
    LEFT JOIN capped ON capped.target_key = open.target_key
),

-- Most targets may be tried at once, so that the first stretch of their hours is theirs.
timed AS (
    SELECT
        held.target_key,
        greatest(windows.opens_at, held.starts_at) AS callable_from,
        CASE WHEN NOT windows.is_endless THEN windows.closes_at END AS callable_until
    FROM held
    INNER JOIN reports._callable_windows AS windows
        ON windows.source = held.source AND windows.context = held.context AND windows.place = 1
    WHERE held.ended_by IS NULL AND held.starts_at <= windows.closes_at
    UNION ALL
    SELECT
        held.target_key,
        min(greatest(windows.opens_at, held.starts_at)),
        min_by(CASE WHEN NOT windows.is_endless THEN windows.closes_at END, windows.opens_at)
    FROM held
    INNER JOIN reports._callable_windows AS first
        ON first.source = held.source AND first.context = held.context AND first.place = 1
    INNER JOIN reports._callable_windows AS windows
        ON windows.source = held.source AND windows.context = held.context AND windows.closes_at >= held.starts_at
    WHERE held.ended_by IS NULL AND held.starts_at > first.closes_at
    GROUP BY held.target_key
),

numbers AS (
    SELECT DISTINCT source, campaign_key, attempts + 1 AS attempt_number
    FROM reports._open_targets
),

hazards AS (
    SELECT
        numbers.source, numbers.campaign_key, numbers.attempt_number, curve.hazard,
        row_number() OVER (
            PARTITION BY numbers.source, numbers.campaign_key, numbers.attempt_number
            ORDER BY curve.attempt_number DESC, CASE curve.campaign_key WHEN 'all' THEN 2 ELSE 1 END ASC
        ) AS place
    FROM numbers
    INNER JOIN reports.attempt_curve AS curve
        ON
            curve.source = numbers.source AND NOT curve.is_thin
            AND (
                curve.campaign_key = numbers.campaign_key AND curve.attempt_number = numbers.attempt_number
                OR curve.campaign_key = 'all' AND curve.attempt_number <= numbers.attempt_number
            )
),

cells AS (
    SELECT
        source, campaign_key, clock, weekday, hour,
        shrunk_rate_per_attempt / nullif(campaign_rate_per_attempt, 0) AS factor
    FROM reports.best_time
    WHERE is_default AND attempts_kind = 'all'
),

campaign_clocks AS (
    SELECT DISTINCT source, campaign_key, clock FROM cells
),

local AS (
    SELECT
        held.*,
        timed.callable_from,
        timed.callable_until,
        campaign_clocks.clock,
        timed.callable_from AT TIME ZONE 'UTC' AT TIME ZONE CASE
            WHEN campaign_clocks.clock = 'called' THEN held.zones[1] ELSE settings.timezone
        END AS local_from
    FROM held
    CROSS JOIN landing.settings AS settings
    LEFT JOIN timed ON timed.target_key = held.target_key
    LEFT JOIN campaign_clocks
        ON campaign_clocks.source = held.source AND campaign_clocks.campaign_key = held.campaign_key
)

SELECT
    local.target_key, -- the target, as in core.attempts
    local.source, -- the source, as in core.sources
    local.campaign_key, -- the campaign that tries it next, or that tried it last, as in core.campaigns
    local.person_key, -- its person, as in core.person_targets
    -- the point to be tried next: the dialer's next destination, otherwise the best usable point; null if there is none
    local.point_key,
    local.zones, -- time zones that the point may be in, IANA names; null if unknown
    -- the earliest time to call (UTC), from the source's moment on: a limit is free again, the retry interval is over, and
    -- every zone is within the hours of the rules; null if there is none within 36 days, and if the zones are not known
    local.callable_from,
    -- until when the hours last that begin there or have begun (UTC); null if callable_from is, and if no rule ends them
    local.callable_until,
    local.tries_left, -- tries left at all destinations; null if its source has no budget [count]
    -- the hazard of the next attempt x the factor of the hour: the higher, the sooner to call; null without a time to call,
    -- and if the log has no hazard that is not thin
    CASE WHEN local.callable_from IS NOT NULL THEN hazards.hazard * coalesce(cells.factor, 1) END AS score,
    -- what holds a call back: one of the words above; null if nothing does
    CASE
        WHEN local.ended_by IS NOT NULL THEN local.ended_by
        WHEN local.is_in_flight THEN 'in_flight'
        WHEN local.frees_at IS NOT NULL THEN 'cap'
        WHEN windows.opens_at > local.moment THEN 'outside_hours'
    END AS held_back_by,
    local.moment AS as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM local
LEFT JOIN reports._callable_windows AS windows
    ON windows.source = local.source AND windows.context = local.context AND windows.place = 1
LEFT JOIN hazards
    ON
        hazards.source = local.source AND hazards.campaign_key = local.campaign_key
        AND hazards.attempt_number = local.attempts + 1 AND hazards.place = 1
LEFT JOIN cells
    ON
        cells.source = local.source AND cells.campaign_key = local.campaign_key AND cells.clock = local.clock
        AND cells.weekday = isodow(local.local_from) AND cells.hour = hour(local.local_from)
