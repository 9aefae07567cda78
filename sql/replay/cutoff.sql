-- One row: where the log is cut off, and the clock tolerance, as the tables need them that are built from changed calls.
-- It stays the same while the as-of moment moves on with the log, so that only targets with new rows are replayed.
-- Key: cutoff_at
-- Internal: yes
-- Columns:
--   cutoff_at: what was written later than this is not looked at (UTC); the year 9999 when nothing is cut off
--   clock_tolerance_ms: how far two services' clocks may differ (milliseconds)
SELECT
    coalesce(cutoff.cutoff, TIMESTAMP '9999-12-31 00:00:00') AS cutoff_at,
    as_of.clock_tolerance_ms
FROM core.cutoff AS cutoff
CROSS JOIN core.as_of AS as_of
