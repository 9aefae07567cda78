-- One row: as-of, which is the moment that the ledger as a whole describes, and the settings that change what its
-- tables say. Every source has a moment of its own within it (core.observed), by which its rows are judged.
-- As-of is the setting CONTACT_LEDGER_AS_OF. Without the setting, as-of is the time of the latest thing that happened
-- in the input: a call, an attempt, a completion, or the creation, update or deletion of a row, in any raw table. The
-- contract of each source marks these fields.
-- Rows that describe a campaign or a plan count too. A campaign that was stopped after its last call shows that the log
-- was still kept then. So, by default, nothing in the input lies after as-of.
-- Three kinds of time do not count: a time for which something is scheduled; a sentinel, which no raw table holds; and
-- the deletion marker of a copying tool, which only says when the tool noticed the deletion.
-- Without any input, as-of is null.
-- Key: timezone
-- Example: What is as-of, and where does it come from?
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
    -- as-of (UTC); null if there is neither a setting nor any input
    coalesce(settings.as_of, latest.moment) AS as_of,
    -- where as-of comes from: the setting, or the raw table and column; without both, `nothing has happened`
    CASE
        WHEN settings.as_of IS NOT NULL THEN 'CONTACT_LEDGER_AS_OF'
        WHEN latest.moment IS NOT NULL THEN latest.basis
        ELSE 'nothing has happened'
    END AS as_of_basis,
    -- time of the latest thing that happened in the input (UTC), whatever the setting; null without input
    latest.moment AS latest_at,
    settings.timezone, -- the reporting time zone, as an IANA name: days, weekdays and hours are in this zone
    settings.stuck_after_ms, -- a call that is open for longer than this is stuck (milliseconds)
    settings.clock_tolerance_ms -- how far the clocks of two services may differ (milliseconds)
FROM landing.settings AS settings
LEFT JOIN latest ON TRUE
