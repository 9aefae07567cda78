-- One row per target of the dialer: its outcome at as-of, and whether the platform's own row agrees.
-- As-of is here the dialer's own moment, as in core.observed.
-- Targets that only calls name are here too. Targets that were created after as-of and not called yet are not here.
-- The outcome is the first one of these that applies: reached (a call ended in success); stuck (a call is open for too
-- long); in_flight (a call is open); not_dialable (never called, and no destination could ever be dialled); untouched
-- (never called); unresolved (no outplan is known); exhausted (no tries are left); stranded (the campaign does not
-- run); retry_due (the retry interval is over); retry_waiting (it is not over).
-- The budgets are those of the latest call's outplan, in the version in force at as-of. For a target without a call,
-- they are those of its outdial's campaign. A deleted target keeps its outcome.
-- Key: outdial_target_id
-- Incremental: hash('voipbin:' || CAST(outdial_target_id AS VARCHAR))
-- Metric: targets = count(*)
-- Metric: reached_share = avg(CAST(ever_reached AS INTEGER))
-- Example: Which targets are due for another try, and how many tries have they left?
--   SELECT campaign_id, campaign_name, outdial_target_id, next_destination_index, tries_left, next_eligible_at
--   FROM replay.target_outcomes LEFT JOIN core.campaigns ON campaign_key = 'voipbin:' || campaign_id
--   WHERE outcome = 'retry_due' AND deleted_at IS NULL ORDER BY next_eligible_at, outdial_target_id
WITH polls AS (
    -- The log does not record when each list was polled. The latest write by as-of that each list shows comes closest
    -- to it.
    SELECT
        -- If the moment was set, the lists were polled until then. If it follows from the input, it may come from a
        -- campaign or an outplan. What happened there after the last poll must not make a disagreement look old enough
        -- to judge.
        CASE
            WHEN clock.is_set THEN clock.observed_until
            ELSE greatest(calls.latest_at, targets.latest_at)
        END AS polled_at,
        coalesce(abs(date_diff(
            'microsecond',
            calls.latest_at,
            targets.latest_at
        )), 0) + clock.clock_tolerance_ms * 1000 AS comparable_after_us
    FROM replay._clock AS clock
    CROSS JOIN (
        SELECT
            greatest(
                max(CASE WHEN rows.tm_create <= moment.observed_until THEN rows.tm_create END),
                max(CASE WHEN rows.tm_update <= moment.observed_until THEN rows.tm_update END)
            ) AS latest_at
        FROM known.voipbin_campaigncalls AS rows
        CROSS JOIN replay._clock AS moment
    ) AS calls
    CROSS JOIN (
        SELECT
            greatest(
                max(CASE WHEN rows.tm_create <= moment.observed_until THEN rows.tm_create END),
                max(CASE WHEN rows.tm_update <= moment.observed_until THEN rows.tm_update END)
            ) AS latest_at
        FROM known.voipbin_outdialtargets AS rows
        CROSS JOIN replay._clock AS moment
    ) AS targets
),

open_calls AS (
    SELECT DISTINCT outdial_target_id
    FROM replay._calls
    WHERE ended_at IS NULL
),

-- Targets with an open call are few. For them, the latest call alone shows neither which call is open nor the last
-- hangup.
open_targets AS (
    SELECT
        calls.outdial_target_id,
        min(CASE WHEN calls.ended_at IS NULL THEN calls.began_at END) AS oldest_open_at,
        max(calls.ended_at) AS last_hangup_at
    FROM replay._calls AS calls
    SEMI JOIN open_calls ON calls.outdial_target_id = open_calls.outdial_target_id
    GROUP BY calls.outdial_target_id
),

broken AS (
    SELECT
        outdial_target_id,
        CAST(count(*) AS INTEGER) AS violations
    FROM replay.violations
    GROUP BY outdial_target_id
),

targets AS (
    SELECT
        targets.id AS outdial_target_id,
        targets.outdial_id,
        coalesce(latest.campaign_id, home.campaign_id) AS campaign_id,
        CASE WHEN latest.call_number IS NULL THEN home.outplan_id ELSE latest.outplan_id END AS outplan_id,
        coalesce(latest.call_number, 0) AS attempts,
        latest.first_began_at,
        latest.began_at,
        latest.ended_at,
        latest.succeeded,
        latest.earlier_end_at,
        latest.earlier_reached_at,
        coalesce(latest.uses_up, FALSE) AS uses_up,
        coalesce(latest.tries_0, 0) AS tries_0,
        coalesce(latest.tries_1, 0) AS tries_1,
        coalesce(latest.tries_2, 0) AS tries_2,
        coalesce(latest.tries_3, 0) AS tries_3,
        coalesce(latest.tries_4, 0) AS tries_4,
        coalesce(latest.destinations, CAST(
            CASE WHEN targets.destination_0.type <> '' AND targets.destination_0.target <> '' THEN 1 ELSE 0 END
            + CASE WHEN targets.destination_1.type <> '' AND targets.destination_1.target <> '' THEN 2 ELSE 0 END
            + CASE WHEN targets.destination_2.type <> '' AND targets.destination_2.target <> '' THEN 4 ELSE 0 END
            + CASE WHEN targets.destination_3.type <> '' AND targets.destination_3.target <> '' THEN 8 ELSE 0 END
            + CASE WHEN targets.destination_4.type <> '' AND targets.destination_4.target <> '' THEN 16 ELSE 0 END
        AS TINYINT)) AS destinations,
        TRUE AS has_row,
        targets.status AS platform_status,
        CAST(targets.try_count_0 AS BIGINT) - coalesce(latest.tries_0, 0) AS drift_0,
        CAST(targets.try_count_1 AS BIGINT) - coalesce(latest.tries_1, 0) AS drift_1,
        CAST(targets.try_count_2 AS BIGINT) - coalesce(latest.tries_2, 0) AS drift_2,
        CAST(targets.try_count_3 AS BIGINT) - coalesce(latest.tries_3, 0) AS drift_3,
        CAST(targets.try_count_4 AS BIGINT) - coalesce(latest.tries_4, 0) AS drift_4,
        targets.tm_create AS created_at,
        greatest(targets.tm_create, targets.tm_update) AS platform_at,
        coalesce(targets.tm_delete, targets._deleted_at) AS deleted_at
    FROM known.voipbin_outdialtargets AS targets
    CROSS JOIN replay._clock AS clock
    LEFT JOIN replay._calls AS latest ON targets.id = latest.outdial_target_id AND latest.is_latest
    LEFT JOIN replay._outdial_campaigns AS home ON targets.outdial_id = home.outdial_id
    WHERE latest.call_number IS NOT NULL OR coalesce(targets.tm_create <= clock.observed_until, TRUE)
    UNION ALL
    SELECT
        latest.outdial_target_id,
        latest.orphan_outdial_id AS outdial_id,
        coalesce(latest.campaign_id, home.campaign_id) AS campaign_id,
        latest.outplan_id,
        latest.call_number AS attempts,
        latest.first_began_at,
        latest.began_at,
        latest.ended_at,
        latest.succeeded,
        latest.earlier_end_at,
        latest.earlier_reached_at,
        latest.uses_up,
        latest.tries_0,
        latest.tries_1,
        latest.tries_2,
        latest.tries_3,
        latest.tries_4,
        latest.destinations,
        FALSE AS has_row,
        NULL AS platform_status,
        NULL AS drift_0,
        NULL AS drift_1,
        NULL AS drift_2,
        NULL AS drift_3,
        NULL AS drift_4,
        NULL AS created_at,
        NULL AS platform_at,
        NULL AS deleted_at
    FROM replay._calls AS latest
    LEFT JOIN replay._outdial_campaigns AS home ON latest.orphan_outdial_id = home.outdial_id
    WHERE latest.is_latest AND latest.target_check = 'unknown' AND latest.outdial_target_id IS NOT NULL
),

budgets AS (
    SELECT
        targets.*,
        clock.observed_until,
        clock.stuck_after_ms,
        clock.clock_tolerance_ms,
        open_targets.oldest_open_at,
        CASE
            WHEN open_targets.outdial_target_id IS NULL THEN greatest(targets.earlier_end_at, targets.ended_at)
            ELSE open_targets.last_hangup_at
        END AS last_hangup_at,
        least(targets.earlier_reached_at, CASE WHEN targets.succeeded THEN targets.ended_at END) AS reached_at,
        plan.try_interval_ms,
        plan.max_try_count_0,
        plan.max_try_count_1,
        plan.max_try_count_2,
        plan.max_try_count_3,
        plan.max_try_count_4,
        -- True if the platform's row describes a later moment than as-of.
        coalesce(
            date_diff('microsecond', clock.observed_until, targets.platform_at) > clock.clock_tolerance_ms * 1000, FALSE
        ) AS is_later,
        CASE
            WHEN (targets.destinations & 1) <> 0 AND targets.tries_0 < plan.max_try_count_0 THEN 0
            WHEN (targets.destinations & 2) <> 0 AND targets.tries_1 < plan.max_try_count_1 THEN 1
            WHEN (targets.destinations & 4) <> 0 AND targets.tries_2 < plan.max_try_count_2 THEN 2
            WHEN (targets.destinations & 8) <> 0 AND targets.tries_3 < plan.max_try_count_3 THEN 3
            WHEN (targets.destinations & 16) <> 0 AND targets.tries_4 < plan.max_try_count_4 THEN 4
        END AS next_index
    FROM targets
    CROSS JOIN replay._clock AS clock
    LEFT JOIN open_targets ON targets.outdial_target_id = open_targets.outdial_target_id
    LEFT JOIN replay._outplan_versions AS plan ON targets.outplan_id = plan.outplan_id AND plan.is_current
),

timed AS (
    SELECT
        budgets.*,
        CASE
            WHEN budgets.attempts = 0 THEN budgets.created_at
            -- Not `+ INTERVAL … * n`: it overflows beyond 24 days of milliseconds.
            ELSE make_timestamp(
                date_diff('microsecond', TIMESTAMP '1970-01-01 00:00:00', budgets.last_hangup_at)
                + budgets.try_interval_ms * 1000
            )
        END AS eligible_at,
        coalesce(
            date_diff(
                'microsecond', greatest(budgets.began_at, budgets.last_hangup_at, budgets.platform_at), polls.polled_at
            ) < polls.comparable_after_us, FALSE
        ) AS is_young
    FROM budgets
    CROSS JOIN polls
),

judged AS (
    SELECT
        timed.*,
        CASE
            WHEN timed.reached_at IS NOT NULL THEN 'reached'
            WHEN date_diff('microsecond', timed.oldest_open_at, timed.observed_until) > timed.stuck_after_ms * 1000
                THEN 'stuck'
            WHEN timed.oldest_open_at IS NOT NULL THEN 'in_flight'
            WHEN timed.attempts = 0 AND timed.destinations = 0 THEN 'not_dialable'
            -- The interval of an outplan is never null. Null means that no outplan is known, and then nothing is
            -- forbidden.
            WHEN timed.attempts = 0 AND timed.next_index IS NULL AND timed.try_interval_ms IS NOT NULL
                THEN 'not_dialable'
            WHEN timed.attempts = 0 THEN 'untouched'
            WHEN timed.try_interval_ms IS NULL THEN 'unresolved'
            WHEN timed.next_index IS NULL THEN 'exhausted'
            WHEN
                campaigns.status <> 'run'
                OR coalesce(campaigns.tm_delete, campaigns._deleted_at) <= timed.observed_until
                THEN 'stranded'
            WHEN timed.eligible_at <= timed.observed_until THEN 'retry_due'
            ELSE 'retry_waiting'
        END AS outcome,
        CASE
            WHEN timed.reached_at IS NOT NULL THEN 'done'
            WHEN timed.oldest_open_at IS NOT NULL THEN 'progressing'
            WHEN timed.uses_up THEN 'done'
            ELSE 'idle'
        END AS status,
        CASE
            WHEN timed.drift_0 <= -2 OR timed.drift_1 <= -2 OR timed.drift_2 <= -2 OR timed.drift_3 <= -2
                OR timed.drift_4 <= -2 THEN 'impossible'
            WHEN timed.drift_0 > 0 OR timed.drift_1 > 0 OR timed.drift_2 > 0 OR timed.drift_3 > 0 OR timed.drift_4 > 0
                THEN 'missing_calls'
            WHEN timed.drift_0 < 0 OR timed.drift_1 < 0 OR timed.drift_2 < 0 OR timed.drift_3 < 0 OR timed.drift_4 < 0
                THEN 'lost_increment'
            WHEN coalesce(timed.drift_0, timed.drift_1, timed.drift_2, timed.drift_3, timed.drift_4) = 0 THEN 'match'
        END AS tries_compared
    FROM timed
    LEFT JOIN known.voipbin_campaigns AS campaigns ON timed.campaign_id = campaigns.id
)

SELECT
    judged.outdial_target_id, -- the target
    judged.outdial_id, -- the outdial (list of targets) that it is in
    -- campaign of the latest call; without a call, the campaign of the outdial. If the outdial has several, one that is
    -- not deleted comes first, then one that runs, then the one that was created last
    judged.campaign_id,
    judged.outplan_id, -- the outplan whose budgets apply
    judged.status, -- idle, progressing or done, as the replay of the calls gives it
    judged.outcome, -- what became of the target: one of the words above
    judged.reached_at IS NOT NULL AS ever_reached, -- true if some call ended in success
    -- tries in evidence at destination 0: the greater of its calls and the highest try_count on them [count]
    judged.tries_0 AS try_count_0,
    judged.tries_1 AS try_count_1, -- the same for destination 1 [count]
    judged.tries_2 AS try_count_2, -- the same for destination 2 [count]
    judged.tries_3 AS try_count_3, -- the same for destination 3 [count]
    judged.tries_4 AS try_count_4, -- the same for destination 4 [count]
    judged.attempts, -- calls in the log [count]
    -- tries in evidence minus calls in the log: calls that the log lacks [count]
    CAST(
        judged.tries_0 AS BIGINT  -- the sum of the largest counts that a log may claim exceeds an INTEGER
    ) + judged.tries_1 + judged.tries_2 + judged.tries_3 + judged.tries_4 - judged.attempts
        AS calls_missing,
    judged.first_began_at AS first_attempt_at, -- dial of the first call (UTC)
    judged.began_at AS last_attempt_at, -- dial of the latest call (UTC)
    judged.last_hangup_at, -- latest hangup (UTC)
    judged.reached_at, -- first hangup with success (UTC)
    -- tries left at all destinations together, of a target that may still be dialled or is being dialled, whether its
    -- campaign runs or not; null for any other target, and if no outplan is known [count]
    CASE
        WHEN
            judged.outcome IN ('untouched', 'in_flight', 'stuck', 'stranded', 'retry_due', 'retry_waiting')
            AND judged.try_interval_ms IS NOT NULL
            THEN
                CASE
                    WHEN (judged.destinations & 1) <> 0
                        THEN greatest(CAST(judged.max_try_count_0 AS BIGINT) - judged.tries_0, 0)
                    ELSE 0
                END
                + CASE
                    WHEN (judged.destinations & 2) <> 0
                        THEN greatest(CAST(judged.max_try_count_1 AS BIGINT) - judged.tries_1, 0)
                    ELSE 0
                END
                + CASE
                    WHEN (judged.destinations & 4) <> 0
                        THEN greatest(CAST(judged.max_try_count_2 AS BIGINT) - judged.tries_2, 0)
                    ELSE 0
                END
                + CASE
                    WHEN (judged.destinations & 8) <> 0
                        THEN greatest(CAST(judged.max_try_count_3 AS BIGINT) - judged.tries_3, 0)
                    ELSE 0
                END
                + CASE
                    WHEN (judged.destinations & 16) <> 0
                        THEN greatest(CAST(judged.max_try_count_4 AS BIGINT) - judged.tries_4, 0)
                    ELSE 0
                END
    END AS tries_left,
    -- the lowest destination with tries left; null if the target will not be dialled, or if no outplan is known
    CASE
        WHEN judged.outcome IN ('untouched', 'stranded', 'retry_due', 'retry_waiting') THEN judged.next_index
    END AS next_destination_index,
    -- earliest time of the next dial (UTC): the last hangup + the retry interval; for an untouched target, its creation
    CASE
        WHEN judged.outcome IN ('untouched', 'stranded', 'retry_due', 'retry_waiting') THEN judged.eligible_at
    END AS next_eligible_at,
    judged.platform_status, -- status in the platform's own row, as last polled
    -- match, exhausted_left_idle, done_unexplained, lost_write, open_call_unseen, differs, not_yet_comparable (also if
    -- the row has no status) or no_platform_row, as explained in reports.platform_agreement
    CASE
        WHEN NOT judged.has_row THEN 'no_platform_row'
        WHEN judged.is_later OR judged.platform_status IS NULL THEN 'not_yet_comparable'
        WHEN judged.platform_status = judged.status THEN 'match'
        WHEN judged.outcome = 'exhausted' AND judged.platform_status = 'idle' THEN 'exhausted_left_idle'
        WHEN judged.is_young THEN 'not_yet_comparable'
        WHEN judged.platform_status = 'progressing' AND judged.oldest_open_at IS NULL THEN 'lost_write'
        WHEN judged.platform_status IN ('idle', 'done') AND judged.oldest_open_at IS NOT NULL THEN 'open_call_unseen'
        WHEN judged.platform_status = 'done' THEN 'done_unexplained'
        ELSE 'differs'
    END AS status_agreement,
    -- match, missing_calls (the platform counted more tries), lost_increment (one less), impossible (two or more less),
    -- not_yet_comparable or no_platform_row. Of several destinations the gravest counts: impossible, then
    -- missing_calls, then lost_increment
    CASE
        WHEN NOT judged.has_row THEN 'no_platform_row'
        WHEN judged.is_later OR judged.tries_compared IS NULL THEN 'not_yet_comparable'
        WHEN judged.is_young AND judged.tries_compared <> 'match' THEN 'not_yet_comparable'
        ELSE judged.tries_compared
    END AS tries_agreement,
    coalesce(broken.violations, 0) AS violations, -- rows of replay.violations, of any verdict [count]
    -- when the target was deleted (UTC); null if it was not deleted by as-of
    CASE WHEN judged.deleted_at <= judged.observed_until THEN judged.deleted_at END AS deleted_at,
    judged.observed_until AS as_of -- the dialer's own moment (core.observed), which this row describes (UTC) [constant]
FROM judged
LEFT JOIN broken ON judged.outdial_target_id = broken.outdial_target_id
