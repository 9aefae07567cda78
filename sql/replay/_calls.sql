-- One row per campaigncall that had begun by the cut-off (core._cutoff), with what was known of its target at its dial.
-- This table is the one pass over the log in order. Every other table of the replay reads it and sorts nothing again.
-- A call that ended after the cut-off is still open here. The calls of a target are numbered by (dial time, id) over
-- all campaigns and outplans. A call that names no target stands alone. A hangup never comes before its own dial: where
-- the log says so, the call ends as it begins. Columns that show how a call broke the retry policy are null for calls
-- that kept it.
-- Key: campaigncall_id
-- Incremental: outdial_target_id from raw.voipbin_campaigncalls, raw.voipbin_outdialtargets
WITH targets AS (
    SELECT
        targets.id,
        CAST(
            CASE WHEN destination_0.type <> '' AND destination_0.target <> '' THEN 1 ELSE 0 END
            + CASE WHEN destination_1.type <> '' AND destination_1.target <> '' THEN 2 ELSE 0 END
            + CASE WHEN destination_2.type <> '' AND destination_2.target <> '' THEN 4 ELSE 0 END
            + CASE WHEN destination_3.type <> '' AND destination_3.target <> '' THEN 8 ELSE 0 END
            + CASE WHEN destination_4.type <> '' AND destination_4.target <> '' THEN 16 ELSE 0 END
        AS TINYINT) AS configured,
        coalesce(targets.status = 'done', FALSE) AND NOT coalesce(
            date_diff('microsecond', cutoff.cutoff_at, greatest(targets.tm_create, targets.tm_update))
            > cutoff.clock_tolerance_ms * 1000, FALSE
        ) AS says_done,
        destination_0.type AS type_0,
        destination_1.type AS type_1,
        destination_2.type AS type_2,
        destination_3.type AS type_3,
        destination_4.type AS type_4,
        destination_0.target AS address_0,
        destination_1.target AS address_1,
        destination_2.target AS address_2,
        destination_3.target AS address_3,
        destination_4.target AS address_4
    FROM known.voipbin_outdialtargets AS targets
    INNER JOIN core._cutoff AS cutoff ON cutoff.source = 'voipbin'
),

log AS (
    SELECT
        calls.id AS campaigncall_id,
        -- A call that is cut off, or that names no target, stands alone. Calls are cut off only after the windows, so
        -- that the planner knows the sizes of both sides of this join.
        coalesce(calls.tm_create <= cutoff.cutoff_at, FALSE) AS is_seen,
        calls.outdial_target_id IS NOT NULL AS names_target,
        coalesce(CASE WHEN calls.tm_create <= cutoff.cutoff_at THEN calls.outdial_target_id END, calls.id) AS life,
        calls.campaign_id,
        calls.outplan_id,
        CASE WHEN targets.id IS NULL THEN calls.outdial_id END AS orphan_outdial_id,
        calls.tm_create AS began_at,
        CASE
            WHEN calls.status = 'done' AND greatest(calls.tm_create, calls.tm_update) <= cutoff.cutoff_at
                THEN greatest(calls.tm_create, calls.tm_update)
        END AS ended_at,
        CASE
            WHEN greatest(calls.tm_create, calls.tm_update) <= cutoff.cutoff_at THEN calls.result = 'success'
        END AS succeeded,
        CAST(calls.destination_index AS TINYINT) AS destination_index,
        coalesce(calls.try_count, 0) AS try_count,
        targets.configured,
        targets.says_done,
        -- An empty address on the call means that nothing was dialled, not that another address was dialled.
        calls.destination.type <> '' AND calls.destination.target <> '' AND CASE calls.destination_index
            WHEN 0 THEN calls.destination.target <> targets.address_0 OR calls.destination.type <> targets.type_0
            WHEN 1 THEN calls.destination.target <> targets.address_1 OR calls.destination.type <> targets.type_1
            WHEN 2 THEN calls.destination.target <> targets.address_2 OR calls.destination.type <> targets.type_2
            WHEN 3 THEN calls.destination.target <> targets.address_3 OR calls.destination.type <> targets.type_3
            WHEN 4 THEN calls.destination.target <> targets.address_4 OR calls.destination.type <> targets.type_4
        END AS other_address
    FROM known.voipbin_campaigncalls AS calls
    INNER JOIN core._cutoff AS cutoff ON cutoff.source = 'voipbin'
    LEFT JOIN targets ON calls.outdial_target_id = targets.id
),

numbered AS (
    SELECT
        *,
        row_number() OVER so_far AS call_number,
        lead(began_at) OVER so_far IS NULL AS is_latest,
        first_value(began_at) OVER so_far AS first_began_at,
        max(coalesce(ended_at, TIMESTAMP '9999-12-31 00:00:00')) OVER earlier AS earlier_end_at,
        min(CASE WHEN succeeded THEN ended_at END) OVER earlier AS earlier_reached_at,
        -- Two counters in one sum, exact in a DOUBLE up to 2^26 calls of a target at a destination. This saves a window
        -- for each.
        CAST(sum(
            CASE destination_index
                WHEN 0 THEN CAST(1 AS DOUBLE) WHEN 1 THEN CAST(67108864 AS DOUBLE) ELSE CAST(0 AS DOUBLE)
            END
        ) OVER so_far AS BIGINT) AS calls_0_1,
        CAST(sum(
            CASE destination_index
                WHEN 2 THEN CAST(1 AS DOUBLE) WHEN 3 THEN CAST(67108864 AS DOUBLE) ELSE CAST(0 AS DOUBLE)
            END
        ) OVER so_far AS BIGINT) AS calls_2_3,
        max(CASE WHEN destination_index = 0 THEN try_count ELSE 0 END) OVER so_far AS highest_0,
        max(CASE WHEN destination_index = 1 THEN try_count ELSE 0 END) OVER so_far AS highest_1,
        max(CASE WHEN destination_index = 2 THEN try_count ELSE 0 END) OVER so_far AS highest_2,
        max(CASE WHEN destination_index = 3 THEN try_count ELSE 0 END) OVER so_far AS highest_3,
        max(CASE WHEN destination_index = 4 THEN try_count ELSE 0 END) OVER so_far AS highest_4
    FROM log
    WINDOW
        so_far AS (
            PARTITION BY life ORDER BY began_at, campaigncall_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ),
        earlier AS (
            PARTITION BY life ORDER BY began_at, campaigncall_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
),

told_apart AS (
    SELECT
        *,
        calls_0_1 & 67108863 AS calls_0,
        calls_0_1 >> 26 AS calls_1,
        calls_2_3 & 67108863 AS calls_2,
        calls_2_3 >> 26 AS calls_3,
        call_number - (calls_0_1 & 67108863) - (calls_0_1 >> 26) - (calls_2_3 & 67108863) - (calls_2_3 >> 26) AS calls_4
    FROM numbered
    WHERE is_seen
),

counted AS (
    SELECT
        *,
        CAST(CASE destination_index
            WHEN 0 THEN calls_0 WHEN 1 THEN calls_1 WHEN 2 THEN calls_2 WHEN 3 THEN calls_3 WHEN 4 THEN calls_4
        END AS INTEGER) AS calls_at_index,
        CAST(greatest(calls_0, highest_0) AS INTEGER) AS tries_0,
        CAST(greatest(calls_1, highest_1) AS INTEGER) AS tries_1,
        CAST(greatest(calls_2, highest_2) AS INTEGER) AS tries_2,
        CAST(greatest(calls_3, highest_3) AS INTEGER) AS tries_3,
        CAST(greatest(calls_4, highest_4) AS INTEGER) AS tries_4,
        coalesce(configured, CAST(
            CASE WHEN calls_0 > 0 THEN 1 ELSE 0 END
            + CASE WHEN calls_1 > 0 THEN 2 ELSE 0 END
            + CASE WHEN calls_2 > 0 THEN 4 ELSE 0 END
            + CASE WHEN calls_3 > 0 THEN 8 ELSE 0 END
            + CASE WHEN calls_4 > 0 THEN 16 ELSE 0 END
        AS TINYINT)) AS destinations
    FROM told_apart
),

judged AS (
    SELECT
        counted.*,
        plan.version AS outplan_version,
        plan.try_interval_ms,
        CASE counted.destination_index
            WHEN 0 THEN counted.tries_0
            WHEN 1 THEN counted.tries_1
            WHEN 2 THEN counted.tries_2
            WHEN 3 THEN counted.tries_3
            WHEN 4 THEN counted.tries_4
        END AS tries_used,
        CASE counted.destination_index
            WHEN 0 THEN plan.max_try_count_0
            WHEN 1 THEN plan.max_try_count_1
            WHEN 2 THEN plan.max_try_count_2
            WHEN 3 THEN plan.max_try_count_3
            WHEN 4 THEN plan.max_try_count_4
        END AS max_try_count,
        CASE
            WHEN counted.destination_index = 0 THEN NULL
            WHEN (counted.destinations & 1) <> 0 AND counted.tries_0 < coalesce(plan.max_try_count_0, 2147483647) THEN 0
            WHEN counted.destination_index = 1 THEN NULL
            WHEN (counted.destinations & 2) <> 0 AND counted.tries_1 < coalesce(plan.max_try_count_1, 2147483647) THEN 1
            WHEN counted.destination_index = 2 THEN NULL
            WHEN (counted.destinations & 4) <> 0 AND counted.tries_2 < coalesce(plan.max_try_count_2, 2147483647) THEN 2
            WHEN counted.destination_index = 3 THEN NULL
            WHEN (counted.destinations & 8) <> 0 AND counted.tries_3 < coalesce(plan.max_try_count_3, 2147483647) THEN 3
        END AS skipped_index,
        CASE
            WHEN left_over.version IS NULL THEN counted.is_latest AND coalesce(counted.says_done, FALSE)
            ELSE
                ((counted.destinations & 1) = 0 OR counted.tries_0 >= left_over.max_try_count_0)
                AND ((counted.destinations & 2) = 0 OR counted.tries_1 >= left_over.max_try_count_1)
                AND ((counted.destinations & 4) = 0 OR counted.tries_2 >= left_over.max_try_count_2)
                AND ((counted.destinations & 8) = 0 OR counted.tries_3 >= left_over.max_try_count_3)
                AND ((counted.destinations & 16) = 0 OR counted.tries_4 >= left_over.max_try_count_4)
        END AS uses_up
    FROM counted
    LEFT JOIN replay._outplan_versions AS plan
        ON
            counted.outplan_id = plan.outplan_id
            AND counted.began_at >= plan.valid_from
            AND counted.began_at < plan.valid_to
    LEFT JOIN replay._outplan_versions AS left_over
        ON
            counted.outplan_id = left_over.outplan_id
            AND CASE
                WHEN counted.is_latest THEN left_over.is_current
                ELSE counted.ended_at >= left_over.valid_from AND counted.ended_at < left_over.valid_to
            END
)

SELECT
    campaigncall_id, -- the call
    CASE WHEN names_target THEN life END AS outdial_target_id, -- the target that it dialled; null if the log names none
    campaign_id, -- the campaign that dialled
    outplan_id, -- the outplan by which it dialled
    orphan_outdial_id, -- the outdial that the call names, if its target has no row; else null
    CAST(call_number AS INTEGER) AS call_number, -- 1, 2, 3, … within the target
    is_latest, -- true if the target has no later call
    began_at, -- the dial (UTC)
    ended_at, -- the hangup (UTC); null while the call is open
    succeeded, -- true if it ended in success, false if in failure, as known by the cut-off; null without a result
    CAST(destination_index AS INTEGER) AS destination_index, -- which destination was dialled, 0 to 4
    tries_used, -- tries in evidence at this destination so far, this call included [count]
    -- tries in evidence at destination 0 so far: the greater of its calls and the highest try_count on them [count]
    tries_0,
    tries_1, -- the same for destination 1 [count]
    tries_2, -- the same for destination 2 [count]
    tries_3, -- the same for destination 3 [count]
    tries_4, -- the same for destination 4 [count]
    -- which destinations the target has, as bits (1, 2, 4, 8, 16 for 0 to 4); for an unknown target, those dialled so
    -- far
    destinations,
    first_began_at, -- the dial of the target's first call (UTC)
    -- the latest hangup of all earlier calls (UTC); the year 9999 if one of them is still open; null for the first call
    earlier_end_at,
    earlier_reached_at, -- when an earlier call reached the target (UTC), before or after this dial; null if none did
    -- true if no destination has tries left after this call: by the outplan in force at its hangup; for the target's
    -- latest call, by the outplan in force at as-of, or, if no outplan is known, as the platform's own row says
    uses_up,
    outplan_version, -- version of the outplan in force at the dial; null if none is known
    -- unknown (the target has no row), missing (the target has no destination at this index), other (the target has
    -- another address there), else null
    CASE
        WHEN configured IS NULL THEN 'unknown'
        WHEN CASE destination_index
            WHEN 0 THEN configured & 1
            WHEN 1 THEN configured & 2
            WHEN 2 THEN configured & 4
            WHEN 3 THEN configured & 8
            WHEN 4 THEN configured & 16
        END = 0 THEN 'missing'
        WHEN other_address THEN 'other'
    END AS target_check,
    -- the number of this try that the call itself states, if it differs from counted_try; else null [count]
    CASE WHEN try_count <> calls_at_index AND try_count > 0 THEN try_count END AS claimed_try,
    -- calls of the target at this destination so far, this call included, if claimed_try differs; else null [count]
    CASE WHEN try_count <> calls_at_index AND try_count > 0 THEN calls_at_index END AS counted_try,
    -- the outplan's retry interval (milliseconds), if the call came before it was over; else null
    CASE
        WHEN earlier_end_at <= began_at AND date_diff('microsecond', earlier_end_at, began_at) < try_interval_ms * 1000
            THEN try_interval_ms
    END AS interval_broken_ms,
    -- the outplan's budget for the dialled destination, if the call exceeds it; else null [count]
    CASE WHEN tries_used > max_try_count THEN max_try_count END AS limit_broken,
    -- the lowest destination before the dialled one that still had tries left; without an outplan version in force, the
    -- lowest one that the target has; null if none was skipped
    skipped_index
FROM judged
