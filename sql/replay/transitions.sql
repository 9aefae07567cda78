-- One row per status write of a target: a dial, or the hangup that ends it.
-- The writes of a target are ordered by time, a hangup before a dial at the same instant, then by call id. A call that
-- ends as it begins hangs up right after its own dial. The first from_status is idle. By `sequence`, each later
-- from_status is the to_status before it. The last to_status, and the last tries_used of each destination, are always
-- those of replay.target_outcomes.
-- A success makes the target done for good. Without one, the target is progressing while any call is open. The hangup
-- that closes the last open call leaves it done if no destination has tries left under the outplan in force at that
-- hangup, and idle otherwise. The very last write leaves the status that the target has at as-of, because an
-- outplan may have changed since.
-- Key: outdial_target_id, sequence
-- Words: event = dial, hangup; from_status, to_status = idle, progressing, done
-- Incremental: outdial_target_id from replay._calls
-- Metric: writes = count(*)
-- Example: What happened, step by step, to the target with the most calls?
--   SELECT outdial_target_id, sequence, occurred_at, event, destination_index, from_status, to_status
--   FROM replay.transitions WHERE outdial_target_id = (SELECT outdial_target_id FROM replay.target_outcomes
--   ORDER BY attempts DESC, outdial_target_id LIMIT 1) ORDER BY sequence
WITH overlapping AS (
    SELECT DISTINCT outdial_target_id
    FROM replay._calls
    WHERE earlier_end_at > began_at
),

-- One call after the other, as it should be. Then a call's own row says everything, and nothing needs sorting.
one_by_one AS (
    SELECT
        calls.outdial_target_id,
        2 * calls.call_number - 1 AS sequence,
        calls.campaigncall_id,
        calls.began_at AS occurred_at,
        'dial' AS event,
        CASE
            WHEN calls.earlier_reached_at IS NOT NULL OR previous.call_number IS NOT NULL THEN 'done'
            ELSE 'idle'
        END AS from_status,
        CASE WHEN calls.earlier_reached_at IS NOT NULL THEN 'done' ELSE 'progressing' END AS to_status,
        calls.destination_index,
        calls.tries_used
    FROM replay._calls AS calls
    ANTI JOIN overlapping ON calls.outdial_target_id = overlapping.outdial_target_id
    LEFT JOIN replay._calls AS previous
        ON
            calls.outdial_target_id = previous.outdial_target_id
            AND calls.call_number = previous.call_number + 1
            AND previous.uses_up
            AND NOT previous.is_latest
    WHERE calls.outdial_target_id IS NOT NULL
    UNION ALL
    SELECT
        calls.outdial_target_id,
        2 * calls.call_number AS sequence,
        calls.campaigncall_id,
        calls.ended_at AS occurred_at,
        'hangup' AS event,
        CASE WHEN calls.earlier_reached_at IS NOT NULL THEN 'done' ELSE 'progressing' END AS from_status,
        CASE
            WHEN calls.earlier_reached_at IS NOT NULL OR calls.succeeded OR calls.uses_up THEN 'done'
            ELSE 'idle'
        END AS to_status,
        calls.destination_index,
        calls.tries_used
    FROM replay._calls AS calls
    ANTI JOIN overlapping ON calls.outdial_target_id = overlapping.outdial_target_id
    WHERE calls.outdial_target_id IS NOT NULL AND calls.ended_at IS NOT NULL
),

-- Calls of one target that overlap, which is rare. Then only the events in their order show what each hangup leaves.
events AS (
    SELECT
        calls.*,
        calls.began_at AS occurred_at,
        'dial' AS event,
        1 AS after_hangups,
        1 AS opened,
        0 AS reached
    FROM replay._calls AS calls
    SEMI JOIN overlapping ON calls.outdial_target_id = overlapping.outdial_target_id
    UNION ALL
    SELECT
        calls.*,
        calls.ended_at AS occurred_at,
        'hangup' AS event,
        CASE WHEN calls.ended_at = calls.began_at THEN 1 ELSE 0 END AS after_hangups,
        -1 AS opened,
        CASE WHEN calls.succeeded THEN 1 ELSE 0 END AS reached
    FROM replay._calls AS calls
    SEMI JOIN overlapping ON calls.outdial_target_id = overlapping.outdial_target_id
    WHERE calls.ended_at IS NOT NULL
),

in_order AS (
    SELECT
        outdial_target_id,
        campaigncall_id,
        outplan_id,
        occurred_at,
        event,
        destination_index,
        row_number() OVER life AS sequence,
        lead(event) OVER life IS NULL AS is_last,
        sum(opened) OVER life AS open_calls,
        max(reached) OVER life AS ever_reached,
        max(CASE WHEN is_latest AND uses_up THEN 1 ELSE 0 END) OVER life AS leaves_nothing,
        max(tries_0) OVER life AS tries_0,
        max(tries_1) OVER life AS tries_1,
        max(tries_2) OVER life AS tries_2,
        max(tries_3) OVER life AS tries_3,
        max(tries_4) OVER life AS tries_4,
        max(destinations & 1) OVER life AS has_0,
        max(destinations & 2) OVER life AS has_1,
        max(destinations & 4) OVER life AS has_2,
        max(destinations & 8) OVER life AS has_3,
        max(destinations & 16) OVER life AS has_4
    FROM events
    WINDOW life AS (
        PARTITION BY outdial_target_id
        ORDER BY occurred_at, after_hangups, campaigncall_id, event
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),

left_at AS (
    SELECT
        in_order.*,
        CASE
            WHEN in_order.ever_reached = 1 THEN 'done'
            WHEN in_order.open_calls > 0 THEN 'progressing'
            WHEN in_order.is_last THEN CASE WHEN in_order.leaves_nothing = 1 THEN 'done' ELSE 'idle' END
            WHEN
                (in_order.has_0 = 0 OR in_order.tries_0 >= plan.max_try_count_0)
                AND (in_order.has_1 = 0 OR in_order.tries_1 >= plan.max_try_count_1)
                AND (in_order.has_2 = 0 OR in_order.tries_2 >= plan.max_try_count_2)
                AND (in_order.has_3 = 0 OR in_order.tries_3 >= plan.max_try_count_3)
                AND (in_order.has_4 = 0 OR in_order.tries_4 >= plan.max_try_count_4)
                AND plan.version IS NOT NULL
                THEN 'done'
            ELSE 'idle'
        END AS to_status
    FROM in_order
    LEFT JOIN replay._outplan_versions AS plan
        ON
            in_order.outplan_id = plan.outplan_id
            AND in_order.occurred_at >= plan.valid_from
            AND in_order.occurred_at < plan.valid_to
),

overlapped AS (
    SELECT
        outdial_target_id,
        CAST(sequence AS INTEGER) AS sequence,
        campaigncall_id,
        occurred_at,
        event,
        coalesce(lag(to_status) OVER (PARTITION BY outdial_target_id ORDER BY sequence), 'idle') AS from_status,
        to_status,
        destination_index,
        CASE destination_index
            WHEN 0 THEN tries_0 WHEN 1 THEN tries_1 WHEN 2 THEN tries_2 WHEN 3 THEN tries_3 WHEN 4 THEN tries_4
        END AS tries_used
    FROM left_at
)

SELECT
    outdial_target_id, -- the target
    sequence, -- 1, 2, 3, … within the target
    campaigncall_id, -- the call that made the write
    occurred_at, -- time of the write (UTC)
    event, -- dial or hangup
    from_status, -- status of the target before the write: idle, progressing or done
    to_status, -- status of the target after the write
    destination_index, -- which destination the call dialled, 0 to 4
    tries_used -- tries in evidence at that destination after the write [count]
FROM one_by_one
UNION ALL
SELECT
    outdial_target_id,
    sequence,
    campaigncall_id,
    occurred_at,
    event,
    from_status,
    to_status,
    destination_index,
    tries_used
FROM overlapped
