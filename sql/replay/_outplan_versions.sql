-- One row per outplan + version: the retry policy, and when it was in force.
-- Every snapshot of an outplan is kept. So a call is judged by the policy of its own time, and never by a later one.
-- A version is in force from its update until the next version begins. A version without an update is in force from its
-- creation; without either, from the start. A snapshot that states no maximum at all states no policy, and is left out.
-- A deleted outplan keeps its versions, because calls were made by them.
-- Key: outplan_id, version
WITH snapshots AS (
    SELECT
        *,
        coalesce(tm_update, tm_create, TIMESTAMP '0001-01-01 00:00:00') AS valid_from
    FROM raw.voipbin_outplans
    WHERE coalesce(max_try_count_0, max_try_count_1, max_try_count_2, max_try_count_3, max_try_count_4) IS NOT NULL
),

versions AS (
    SELECT
        *,
        id AS outplan_id,
        CAST(row_number() OVER in_order AS INTEGER) AS version,
        coalesce(lead(valid_from) OVER in_order, TIMESTAMP '9999-12-31 00:00:00') AS valid_to
    FROM snapshots
    WINDOW in_order AS (PARTITION BY id ORDER BY valid_from ASC NULLS FIRST, tm_update ASC NULLS FIRST)
)

SELECT
    versions.outplan_id, -- the outplan
    versions.version, -- 1, 2, 3, … in the order of time
    versions.valid_from, -- when this version comes into force (UTC, inclusive)
    versions.valid_to, -- when it is no longer in force (UTC, exclusive); the year 9999 for the latest version
    -- true if it is in force at the dialer's own moment
    coalesce(clock.observed_until >= versions.valid_from AND clock.observed_until < versions.valid_to, FALSE)
        AS is_current,
    -- the retry interval: the least time between a hangup and the next dial (milliseconds; negative or missing counts
    -- as 0)
    least(
        greatest(coalesce(versions.try_interval, 0), 0),
        3153600000000  -- a century: a longer interval would overflow in microseconds
    ) AS try_interval_ms,
    -- the budget: most tries at destination 0 (0 = disabled; negative or missing counts as 0) [count]
    greatest(coalesce(versions.max_try_count_0, 0), 0) AS max_try_count_0,
    greatest(coalesce(versions.max_try_count_1, 0), 0) AS max_try_count_1, -- the same for destination 1 [count]
    greatest(coalesce(versions.max_try_count_2, 0), 0) AS max_try_count_2, -- the same for destination 2 [count]
    greatest(coalesce(versions.max_try_count_3, 0), 0) AS max_try_count_3, -- the same for destination 3 [count]
    greatest(coalesce(versions.max_try_count_4, 0), 0) AS max_try_count_4 -- the same for destination 4 [count]
FROM versions
CROSS JOIN replay._clock AS clock
