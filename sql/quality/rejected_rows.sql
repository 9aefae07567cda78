-- One row per row that could not be taken: where it stood, why, and the row as it came.
-- Of a file that changed, the rows of the file as it is now: one that was corrected is no longer here. Of files with the
-- same bytes, those of the first.
-- Key: source, resource, file, position, reason
-- Group: landing
-- Order: source, resource, file, position
-- Example: Why not?
--   SELECT file, position, reason, record FROM quality.rejected_rows
SELECT
    rejected.source, -- the system
    rejected.resource, -- the kind of record
    files.file, -- path within the landing folder
    rejected.position, -- where in the file the row stands, counted from 1
    rejected.reason, -- what is wrong with it
    rejected.record, -- the row as it came, as text
    rejected.detail -- what makes it unreadable, where the reason is `unreadable`; else null
FROM landing.rejected_rows AS rejected
INNER JOIN quality._current_contents AS holders ON holders.original_id = rejected.file_id
INNER JOIN landing.files AS files ON files.file_id = holders.file_id
