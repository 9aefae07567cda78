-- One row per outplan and version of it: the retry policy, and from when until when it was in force.
-- Every snapshot of an outplan is kept, so that a call is judged by the policy of its own time and never by a later
-- one. A version holds from its update (the first one without an update: from its creation; without either: always)
-- until the next version begins. A snapshot that states no maximum at all states no policy and is left out.
-- Deleting an outplan does not undo the policy that its calls were made by.
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
    versions.version, -- 1.. in order of time
    versions.valid_from, -- first moment at which this version is in force (UTC, inclusive)
    versions.valid_to, -- first moment at which it no longer is (UTC, exclusive; the year 9999 for the latest version)
    -- in force at the as-of moment
    coalesce(as_of.as_of >= versions.valid_from AND as_of.as_of < versions.valid_to, FALSE) AS is_current,
    -- least wait between a hangup and the next dial (milliseconds; negative or missing counts as 0)
    least(
        greatest(coalesce(versions.try_interval, 0), 0),
        3153600000000  -- a century: a longer interval would overflow in microseconds
    ) AS try_interval_ms,
    -- most tries at destination 0 (0 = disabled; negative or missing counts as 0) [count]
    greatest(coalesce(versions.max_try_count_0, 0), 0) AS max_try_count_0,
    greatest(coalesce(versions.max_try_count_1, 0), 0) AS max_try_count_1, -- most tries at destination 1 [count]
    greatest(coalesce(versions.max_try_count_2, 0), 0) AS max_try_count_2, -- most tries at destination 2 [count]
    greatest(coalesce(versions.max_try_count_3, 0), 0) AS max_try_count_3, -- most tries at destination 3 [count]
    greatest(coalesce(versions.max_try_count_4, 0), 0) AS max_try_count_4 -- most tries at destination 4 [count]
FROM versions
CROSS JOIN core.as_of AS as_of
