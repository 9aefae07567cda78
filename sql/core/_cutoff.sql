-- One row: where the log is cut off, and the clock tolerance, for tables that are built from changed keys alone.
-- These tables read this row instead of core.as_of. While as-of moves on with the log, this row stays the same. So new
-- rows of some targets do not cause the rows of all other targets to be built again.
-- Key: cutoff_at
SELECT
    -- what happened after this time does not count (UTC); the year 9999 if nothing is cut off
    CASE WHEN as_of < latest_at THEN as_of ELSE TIMESTAMP '9999-12-31 00:00:00' END AS cutoff_at,
    clock_tolerance_ms -- how far the clocks of two services may differ (milliseconds)
FROM core.as_of
