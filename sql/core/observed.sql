-- One row per source: the moment until which the source is known, and where that moment comes from.
-- The moment is the setting CONTACT_LEDGER_AS_OF. Without the setting, it is the time of the latest thing that happened
-- in this source, and so never after as-of (core.as_of, which also says what counts as happening).
-- Exports are of different age. So every row of a source is judged by the source's own moment: how long an open target
-- was followed, which call is stuck, which retry is due, and which communication is overdue. A late row of another
-- source changes none of this.
-- Key: source
-- Example: Which export is the oldest?
--   SELECT source, observed_until, basis FROM core.observed ORDER BY observed_until, source
WITH happened AS (
    SELECT source, moment, basis, row_number() OVER (PARTITION BY source ORDER BY moment DESC, basis ASC) AS place
    FROM landing.moments
)

SELECT
    sources.source, -- the source, as in core.sources
    -- the moment that every row of the source describes (UTC); null if there is neither a setting nor any input
    coalesce(settings.as_of, latest.moment) AS observed_until,
    -- where it comes from: the setting, or the raw table and column; without both, `nothing has happened`
    CASE
        WHEN settings.as_of IS NOT NULL THEN 'CONTACT_LEDGER_AS_OF'
        ELSE coalesce(latest.basis, 'nothing has happened')
    END AS basis,
    -- time of the latest thing that happened in the source (UTC), whatever the setting; null without input
    latest.moment AS latest_at
FROM core.sources AS sources
CROSS JOIN landing.settings AS settings
LEFT JOIN happened AS latest ON latest.source = sources.source AND latest.place = 1
