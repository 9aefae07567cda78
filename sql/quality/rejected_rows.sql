-- One row per row that could not be taken: where it stood, why, and the row as it came.
-- A file whose rest could not be read is one such row, `unreadable`.
-- Key: source, resource, file, position, reason
-- Group: landing
-- Order: source, resource, file, position
-- Columns:
--   source: the system
--   resource: the kind of record
--   file: path within the landing folder
--   position: where in the file the row stands, counted from 1
--   reason: what is wrong with it
--   record: the row as it came, as text
--   detail: more on the reason, such as field and value
--   detail: what stopped the reading, where the reason is `unreadable`; else null
SELECT
    source,
    resource,
    file,
    position,
    reason,
    record,
    detail
FROM landing.rejected_rows
