-- One row per row that could not be taken: where it stood, what is wrong with it, and the row as it came.
-- Of a file that changed, the rows of the file as it is now: one that was corrected is no longer here. Of files with the
-- same bytes, those of the first.
-- Key: source, resource, file, position, reason
-- Group: landing
-- Order: source, resource, file, position
-- Example: Why not?
--   SELECT file, position, reason, field, value, record FROM quality.rejected_rows
SELECT
    rejected.source, -- the system
    rejected.resource, -- the kind of record
    files.file, -- path within the landing folder
    rejected.position, -- where in the file the row stands, counted from 1
    rejected.reason, -- everything that is wrong with it, in the contract's words; it quotes no value
    rejected.field, -- the first field that is wrong; null when the whole record is
    -- that field's value as it came, up to 200 characters; null when it is missing. Of an unreadable record, what the
    -- library that reads it says, which may quote the record
    rejected.value,
    rejected.record, -- the row as it came, as text
    rejected.detail -- what makes the record unreadable, where the reason is `unreadable`; it quotes nothing. Else null
FROM landing.rejected_rows AS rejected
INNER JOIN quality._current_contents AS holders ON holders.original_id = rejected.file_id
INNER JOIN landing.files AS files ON files.file_id = holders.file_id
