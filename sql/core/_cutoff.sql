-- One row: where the log is cut off, and the clock tolerance, for the tables that are built from changed targets alone.
-- This is core.as_of as those tables need it. As long as the moment moves on with the log, the row stays the same, so
-- that new rows of some targets do not make the rows of all others be built again.
-- Key: cutoff_at
SELECT
    -- what happened after this had not happened yet (UTC); the year 9999 when nothing is cut off
    CASE WHEN as_of < latest_at THEN as_of ELSE TIMESTAMP '9999-12-31 00:00:00' END AS cutoff_at,
    clock_tolerance_ms -- how far two services' clocks may differ (milliseconds)
FROM core.as_of
