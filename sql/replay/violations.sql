-- One row per call + code: a call that broke the retry policy, or that contradicts the rest of the log, and how sure
-- that is.
-- Every call is judged by the version of its outplan that was in force at its dial.
-- The verdict is `tolerated` if only the clock tolerance excuses the call: two services write these times, and their
-- clocks may differ. The verdict is `unverifiable` if the code needs an outplan and none was in force. For the order of
-- destinations and their limits, it is also `unverifiable` if the platform's own counters (in its row, or on a call)
-- show that calls at that destination are missing from the log. Else the verdict is `illegal`.
-- Without an outplan in force, only what an ordinary plan (at least one try at every destination) could forbid is
-- listed: a dial after a hangup, a second try, a destination that is not the first.
-- A call that names no target has a null outdial_target_id.
-- Key: campaigncall_id, code
-- Order: outdial_target_id, occurred_at, campaigncall_id, code
-- Incremental: outdial_target_id from replay._calls, raw.voipbin_campaigncalls, raw.voipbin_outdialtargets
-- Metric: illegal = count(CASE WHEN verdict = 'illegal' THEN 1 END)
-- Metric: tolerated = count(CASE WHEN verdict = 'tolerated' THEN 1 END)
-- Metric: unverifiable = count(CASE WHEN verdict = 'unverifiable' THEN 1 END)
-- Example: How many calls broke a rule for certain, by code?
--   SELECT code, count(*) AS calls FROM replay.violations WHERE verdict = 'illegal'
--   GROUP BY code ORDER BY calls DESC, code
WITH tolerance AS (
    SELECT
        cutoff_at,
        clock_tolerance_ms * 1000 AS tolerance_us
    FROM core._cutoff
    WHERE source = 'voipbin'
),

-- The few calls whose own row shows that they are violations, or that they cannot be judged.
flagged AS (
    SELECT *
    FROM replay._calls
    WHERE
        earlier_reached_at <= began_at
        OR earlier_end_at > began_at
        OR interval_broken_ms IS NOT NULL
        OR limit_broken IS NOT NULL
        OR skipped_index IS NOT NULL
        OR target_check IS NOT NULL
        OR claimed_try IS NOT NULL
        OR (ended_at IS NULL) <> (succeeded IS NULL)
        OR (outplan_version IS NULL AND (earlier_end_at IS NOT NULL OR tries_used > 1))
),

over_budget AS (
    SELECT *
    FROM flagged
    WHERE skipped_index IS NOT NULL OR limit_broken IS NOT NULL OR (outplan_version IS NULL AND tries_used > 1)
),

logged AS (
    SELECT
        calls.outdial_target_id,
        count(CASE WHEN calls.destination_index = 0 THEN 1 END) AS calls_0,
        count(CASE WHEN calls.destination_index = 1 THEN 1 END) AS calls_1,
        count(CASE WHEN calls.destination_index = 2 THEN 1 END) AS calls_2,
        count(CASE WHEN calls.destination_index = 3 THEN 1 END) AS calls_3,
        count(CASE WHEN calls.destination_index = 4 THEN 1 END) AS calls_4
    FROM replay._calls AS calls
    SEMI JOIN over_budget ON calls.outdial_target_id = over_budget.outdial_target_id
    GROUP BY calls.outdial_target_id
),

-- What only the verdict on limits and order needs: the whole policy, and whether the platform counted more tries, in
-- its row or on a call, than there are calls in the log. A call that names no target stands alone: it has no latest call
-- but itself, and is the only one of its log.
suspects AS (
    SELECT
        calls.*,
        greatest(counters.try_count_0, coalesce(latest.tries_0, calls.tries_0))
        > coalesce(logged.calls_0, CASE WHEN calls.destination_index = 0 THEN 1 ELSE 0 END) AS missing_0,
        greatest(counters.try_count_1, coalesce(latest.tries_1, calls.tries_1))
        > coalesce(logged.calls_1, CASE WHEN calls.destination_index = 1 THEN 1 ELSE 0 END) AS missing_1,
        greatest(counters.try_count_2, coalesce(latest.tries_2, calls.tries_2))
        > coalesce(logged.calls_2, CASE WHEN calls.destination_index = 2 THEN 1 ELSE 0 END) AS missing_2,
        greatest(counters.try_count_3, coalesce(latest.tries_3, calls.tries_3))
        > coalesce(logged.calls_3, CASE WHEN calls.destination_index = 3 THEN 1 ELSE 0 END) AS missing_3,
        greatest(counters.try_count_4, coalesce(latest.tries_4, calls.tries_4))
        > coalesce(logged.calls_4, CASE WHEN calls.destination_index = 4 THEN 1 ELSE 0 END) AS missing_4,
        plan.max_try_count_0,
        plan.max_try_count_1,
        plan.max_try_count_2,
        plan.max_try_count_3
    FROM over_budget AS calls
    LEFT JOIN replay._calls AS latest
        ON calls.outdial_target_id = latest.outdial_target_id AND latest.is_latest
    LEFT JOIN logged ON calls.outdial_target_id = logged.outdial_target_id
    CROSS JOIN tolerance
    LEFT JOIN known.voipbin_outdialtargets AS counters
        ON
            calls.outdial_target_id = counters.id
            -- Counters that were written after the cut-off include calls that are rightly not here.
            AND coalesce(
                date_diff('microsecond', tolerance.cutoff_at, greatest(counters.tm_create, counters.tm_update))
                <= tolerance.tolerance_us, TRUE
            )
    LEFT JOIN replay._outplan_versions AS plan
        ON calls.outplan_id = plan.outplan_id AND calls.outplan_version = plan.version
),

found AS (
    SELECT
        calls.outdial_target_id,
        calls.campaigncall_id,
        'dial_after_done' AS code,
        CASE
            WHEN date_diff('microsecond', calls.earlier_reached_at, calls.began_at) <= tolerance.tolerance_us
                THEN 'tolerated'
            ELSE 'illegal'
        END AS verdict,
        calls.began_at AS occurred_at,
        'began ' || CAST(date_diff('millisecond', calls.earlier_reached_at, calls.began_at) AS VARCHAR)
        || ' ms after the target was reached' AS detail
    FROM flagged AS calls
    CROSS JOIN tolerance
    WHERE calls.earlier_reached_at <= calls.began_at
    UNION ALL
    SELECT
        calls.outdial_target_id,
        calls.campaigncall_id,
        'dial_while_active' AS code,
        CASE
            WHEN date_diff('microsecond', calls.began_at, calls.earlier_end_at) <= tolerance.tolerance_us
                THEN 'tolerated'
            ELSE 'illegal'
        END AS verdict,
        calls.began_at AS occurred_at,
        CASE
            WHEN calls.earlier_end_at = TIMESTAMP '9999-12-31 00:00:00' THEN 'an earlier call is still open'
            ELSE 'an earlier call ended '
                || CAST(date_diff('millisecond', calls.began_at, calls.earlier_end_at) AS VARCHAR)
                || ' ms after this one began'
        END AS detail
    FROM flagged AS calls
    CROSS JOIN tolerance
    WHERE calls.earlier_end_at > calls.began_at
    UNION ALL
    SELECT
        calls.outdial_target_id,
        calls.campaigncall_id,
        'retry_too_soon' AS code,
        CASE
            WHEN calls.interval_broken_ms IS NULL THEN 'unverifiable'
            WHEN date_diff('microsecond', calls.earlier_end_at, calls.began_at) + tolerance.tolerance_us
                >= calls.interval_broken_ms * 1000 THEN 'tolerated'
            ELSE 'illegal'
        END AS verdict,
        calls.began_at AS occurred_at,
        'began ' || CAST(date_diff('millisecond', calls.earlier_end_at, calls.began_at) AS VARCHAR)
        || ' ms after the last hangup; '
        || coalesce(
            'the outplan asks for ' || CAST(calls.interval_broken_ms AS VARCHAR) || ' ms', 'no outplan is known'
        ) AS detail
    FROM flagged AS calls
    CROSS JOIN tolerance
    WHERE
        calls.interval_broken_ms IS NOT NULL
        OR (
            calls.outplan_version IS NULL
            AND calls.earlier_end_at <= calls.began_at
        )
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        'try_limit_exceeded' AS code,
        CASE
            WHEN limit_broken IS NULL THEN 'unverifiable'
            WHEN CASE destination_index
                WHEN 0 THEN missing_0
                WHEN 1 THEN missing_1
                WHEN 2 THEN missing_2
                WHEN 3 THEN missing_3
                WHEN 4 THEN missing_4
            END THEN 'unverifiable'
            ELSE 'illegal'
        END AS verdict,
        began_at AS occurred_at,
        'try ' || CAST(tries_used AS VARCHAR) || ' at destination ' || CAST(destination_index AS VARCHAR) || '; '
        || coalesce('the outplan allows ' || CAST(limit_broken AS VARCHAR), 'no outplan is known') AS detail
    FROM suspects
    WHERE limit_broken IS NOT NULL OR (outplan_version IS NULL AND tries_used > 1)
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        'destination_out_of_order' AS code,
        CASE
            WHEN destination_index > 0 AND (destinations & 1) <> 0 AND NOT missing_0 AND tries_0 < max_try_count_0
                THEN 'illegal'
            WHEN destination_index > 1 AND (destinations & 2) <> 0 AND NOT missing_1 AND tries_1 < max_try_count_1
                THEN 'illegal'
            WHEN destination_index > 2 AND (destinations & 4) <> 0 AND NOT missing_2 AND tries_2 < max_try_count_2
                THEN 'illegal'
            WHEN destination_index > 3 AND (destinations & 8) <> 0 AND NOT missing_3 AND tries_3 < max_try_count_3
                THEN 'illegal'
            ELSE 'unverifiable'
        END AS verdict,
        began_at AS occurred_at,
        'dialled destination ' || CAST(destination_index AS VARCHAR) || ' though destination '
        || CAST(skipped_index AS VARCHAR)
        || CASE
            WHEN outplan_version IS NULL THEN ' comes before it; no outplan is known'
            ELSE ' still had tries left'
        END AS detail
    FROM suspects
    WHERE skipped_index IS NOT NULL
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        CASE target_check WHEN 'missing' THEN 'destination_missing' ELSE 'destination_mismatch' END AS code,
        'illegal' AS verdict,
        began_at AS occurred_at,
        CASE target_check
            WHEN 'missing' THEN 'the target has no destination ' || CAST(destination_index AS VARCHAR)
            ELSE 'dialled another address than the target has at ' || CAST(destination_index AS VARCHAR)
        END AS detail
    FROM flagged
    WHERE target_check IN ('missing', 'other')
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        'try_count_mismatch' AS code,
        'illegal' AS verdict,
        began_at AS occurred_at,
        'says try ' || CAST(claimed_try AS VARCHAR) || ', is call ' || CAST(counted_try AS VARCHAR)
        || ' at destination ' || CAST(destination_index AS VARCHAR) AS detail
    FROM flagged
    WHERE claimed_try IS NOT NULL AND outdial_target_id IS NOT NULL
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        'result_missing' AS code,
        'illegal' AS verdict,
        ended_at AS occurred_at,
        'done without a result' AS detail
    FROM flagged
    WHERE ended_at IS NOT NULL AND succeeded IS NULL
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        'result_premature' AS code,
        'illegal' AS verdict,
        began_at AS occurred_at,
        'says ' || CASE WHEN succeeded THEN 'success' ELSE 'fail' END || ' and is not done' AS detail
    FROM flagged
    WHERE ended_at IS NULL AND succeeded IS NOT NULL
    UNION ALL
    SELECT
        calls.outdial_target_id,
        calls.id AS campaigncall_id,
        'time_reversed' AS code,
        CASE
            WHEN date_diff('microsecond', calls.tm_update, calls.tm_create) <= tolerance.tolerance_us THEN 'tolerated'
            ELSE 'illegal'
        END AS verdict,
        calls.tm_create AS occurred_at,
        'ended ' || CAST(date_diff('microsecond', calls.tm_update, calls.tm_create) AS VARCHAR)
        || ' us before it began' AS detail
    FROM known.voipbin_campaigncalls AS calls
    CROSS JOIN tolerance
    WHERE calls.status = 'done' AND calls.tm_update < calls.tm_create AND calls.tm_create <= tolerance.cutoff_at
    UNION ALL
    SELECT
        outdial_target_id,
        campaigncall_id,
        'orphan_call' AS code,
        'illegal' AS verdict,
        began_at AS occurred_at,
        CASE WHEN outdial_target_id IS NULL THEN 'names no target' ELSE 'names a target that is not known' END AS detail
    FROM flagged
    WHERE target_check = 'unknown'
    UNION ALL
    SELECT
        calls.outdial_target_id,
        calls.campaigncall_id,
        'dial_after_delete' AS code,
        CASE
            WHEN date_diff('microsecond', deleted.deleted_at, calls.began_at) <= tolerance.tolerance_us
                THEN 'tolerated'
            ELSE 'illegal'
        END AS verdict,
        calls.began_at AS occurred_at,
        'began ' || CAST(date_diff('millisecond', deleted.deleted_at, calls.began_at) AS VARCHAR)
        || ' ms after the target was deleted' AS detail
    FROM replay._calls AS calls
    INNER JOIN (
        SELECT
            id,
            coalesce(tm_delete, _deleted_at) AS deleted_at
        FROM known.voipbin_outdialtargets
        WHERE coalesce(tm_delete, _deleted_at) IS NOT NULL
    ) AS deleted
        ON calls.outdial_target_id = deleted.id AND calls.began_at > deleted.deleted_at
    CROSS JOIN tolerance
)

SELECT
    outdial_target_id, -- the target that was dialled; null if the call names none
    campaigncall_id, -- the call
    -- what is wrong: dial_after_done, dial_while_active, retry_too_soon, try_limit_exceeded, destination_out_of_order,
    -- destination_missing, destination_mismatch, try_count_mismatch, result_missing, result_premature, time_reversed,
    -- orphan_call or dial_after_delete
    code,
    verdict, -- illegal, unverifiable or tolerated
    occurred_at, -- time of the write that is wrong (UTC): the dial; for result_missing and time_reversed, the hangup
    detail -- the facts, in words
FROM found
