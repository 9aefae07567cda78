-- One row per landing file: how many rows were read, and what became of them. read = accepted + superseded + rejected.
-- A file that changed is accounted for as it is now, with those rows of its earlier versions that are still in the
-- ledger; what else earlier versions held, and was rejected or superseded, is counted no longer.
-- Key: source, resource, file
-- Group: landing
-- Example: Was every row accounted for?
--   SELECT file, rows_read, rows_accepted, rows_superseded, rows_rejected FROM quality.row_accounting
WITH versions AS (
    SELECT
        files.source,
        files.resource,
        files.file,
        files.rows_accepted,
        CASE WHEN files.is_current THEN files.rows_read ELSE files.rows_accepted END AS rows_read,
        CASE WHEN files.is_current THEN files.rows_superseded ELSE 0 END AS rows_superseded,
        CASE WHEN files.is_current THEN files.rows_rejected ELSE 0 END AS rows_rejected,
        CASE WHEN files.is_current THEN files.rows_read ELSE 0 END AS rows_in_file,
        -- A copy counts all of its rows as superseded, until it is the one that holds what was rejected.
        coalesce(originals.rows_rejected, 0) AS rows_taken_over,
        CASE WHEN files.is_current THEN files.shape END AS shape
    FROM landing.files AS files
    LEFT JOIN quality._current_contents AS holders
        ON holders.file_id = files.file_id AND holders.original_id <> files.file_id
    LEFT JOIN landing.files AS originals ON originals.file_id = holders.original_id
    WHERE files.is_current OR files.rows_accepted > 0
)

SELECT
    source, -- the system
    resource, -- the kind of record
    file, -- path within the landing folder
    -- rows in the file as it is now, and rows of earlier versions of it that are in the ledger [count]
    CAST(sum(rows_read) AS BIGINT) AS rows_read,
    CAST(sum(rows_accepted) AS BIGINT) AS rows_accepted, -- of these, rows that are in the ledger [count]
    -- rows of which another version, or the same again, is in the ledger, or that stand in another file with the same
    -- bytes [count]
    CAST(sum(rows_superseded - rows_taken_over) AS BIGINT) AS rows_superseded,
    -- rows in the file as it is now that could not be taken; quality.rejected_rows tells why [count]
    CAST(sum(rows_rejected + rows_taken_over) AS BIGINT) AS rows_rejected,
    CAST(sum(rows_in_file) AS BIGINT) AS rows_in_file, -- rows in the file as it is now [count]
    max(shape) AS shape -- the container's shape that was recognized
FROM versions
GROUP BY source, resource, file
