-- One row: the moment that the replay and the reports speak of, and the settings that say how.
-- The moment is the setting CONTACT_LEDGER_AS_OF, or else the latest thing that happened in the input: a call, an
-- attempt, a completion, a row's creation, update or deletion, in any table. Each source's contract marks these times.
-- Dimension rows count too: a campaign that was stopped after its last call tells that the log was still being kept
-- then. So, by default, nothing in the input lies after the moment. What does not count: a time something is scheduled
-- for, a sentinel (the raw tables hold none), and a copy's own deletion marker, which tells when the copy noticed.
-- Without any input the moment is null.
-- Key: timezone
-- Example: Which moment is that, and why that one?
--   SELECT as_of, as_of_basis, timezone FROM core.as_of
WITH happened AS (
    SELECT moment, basis, row_number() OVER (ORDER BY moment DESC, basis ASC) AS place
    FROM landing.moments
),

latest AS (
    SELECT moment, basis
    FROM happened
    WHERE place = 1
)

SELECT
    coalesce(settings.as_of, latest.moment) AS as_of, -- the moment (UTC); null when nothing has happened and none was set
    -- the setting, or the raw table and column it came from
    CASE
        WHEN settings.as_of IS NOT NULL THEN 'CONTACT_LEDGER_AS_OF'
        WHEN latest.moment IS NOT NULL THEN 'raw.' || latest.basis
        ELSE 'nothing has happened'
    END AS as_of_basis,
    latest.moment AS latest_at, -- the latest thing that happened in the input (UTC), whatever the setting; null without any
    settings.timezone, -- IANA zone in which days, weekdays and hours are reported
    settings.stuck_after_ms, -- a call open for longer than this is stuck (milliseconds)
    settings.clock_tolerance_ms -- how far two services' clocks may differ (milliseconds)
FROM landing.settings AS settings
LEFT JOIN latest ON TRUE
