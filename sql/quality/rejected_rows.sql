-- One row per rejected row: where it stands, what is wrong with it, and the row as it came.
-- For a file that has changed, these are the rows of its present version. A row that was corrected is no longer here.
-- For files with the same bytes, the rows stand under the first of them.
-- Key: source, resource, file, position, reason
-- Group: landing
-- Order: source, resource, file, position
-- Example: Which rows were rejected, and why?
--   SELECT file, position, reason, field, value, detail, record FROM quality.rejected_rows
--   ORDER BY source, resource, file, position, reason
SELECT
    rejected.source, -- the source, as in core.sources
    rejected.resource, -- the kind of record
    files.file, -- path within the landing folder
    rejected.position, -- position of the row in the file, counted from 1
    rejected.reason, -- everything that is wrong with the row, in the contract's words; it quotes no value
    rejected.field, -- the first field that is wrong; null if the whole record is
    -- that field's value as it came, up to 200 characters; null if it is missing. For an unreadable record, the message
    -- of the library that reads it, which may quote the record
    rejected.value,
    rejected.record, -- the row as it came, as text
    -- what makes the record unreadable, if the reason is `unreadable`, or why it has to wait, if the reason is
    -- `partial_unknown`; it quotes nothing. Null for any other reason
    rejected.detail
FROM landing.rejected_rows AS rejected
INNER JOIN quality._current_contents AS holders ON holders.original_id = rejected.file_id
INNER JOIN landing.files AS files ON files.file_id = holders.file_id
