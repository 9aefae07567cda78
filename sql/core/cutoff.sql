-- One row: the moment after which the log is not read, or null when nothing in it lies later.
-- This is core.as_of as the tables need it that read the log itself. As long as the moment moves on with the log the
-- value stays null, so that new calls of some targets do not make the rows of all others be built again.
-- Key: cutoff
-- Internal: yes
-- Columns:
--   cutoff: what happened after this had not happened yet (UTC); null: all of the log counts
SELECT CASE WHEN as_of < latest_at THEN as_of END AS cutoff
FROM core.as_of
