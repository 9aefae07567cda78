-- One row: the moment until which the dialer is known (core.observed), and the settings by which its calls are judged.
-- A new row of another source leaves this row as it is, so nothing of the replay is built again because of it.
-- Key: observed_until
SELECT
    observed.observed_until, -- the moment that the replay describes (UTC); null without any input [null]
    -- true if that moment was set; false if it is the latest thing that happened in the dialer's log
    settings.as_of IS NOT NULL AS is_set,
    settings.stuck_after_ms, -- a call that is open for longer than this is stuck (milliseconds)
    settings.clock_tolerance_ms -- how far the clocks of two services may differ (milliseconds)
FROM core.observed AS observed
CROSS JOIN landing.settings AS settings
WHERE observed.source = 'voipbin'
