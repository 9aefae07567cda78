-- One row per source: where its log is cut off, and the settings of tables that are built from changed keys alone.
-- These tables read this row instead of core.observed. While a source's moment moves on with its log, this row stays
-- the same. So new rows of some targets do not cause the rows of all other targets to be built again.
-- Key: source
SELECT
    observed.source, -- the source, as in core.sources
    -- what happened after this time does not count (UTC); the year 9999 if nothing is cut off
    CASE
        WHEN observed.observed_until < observed.latest_at THEN observed.observed_until
        ELSE TIMESTAMP '9999-12-31 00:00:00'
    END AS cutoff_at,
    settings.clock_tolerance_ms, -- how far the clocks of two services may differ (milliseconds)
    settings.country -- the country of numbers that are written without one, as an ISO code
FROM core.observed AS observed
CROSS JOIN landing.settings AS settings
