-- One row per landing file: how many rows were read, and what became of them.
-- For each file, rows_read = rows_accepted + rows_superseded + rows_rejected.
-- A file that has changed counts with its present version, and with those rows of its earlier versions that are still
-- in the ledger. Other rows of earlier versions, which were rejected or superseded, no longer count.
-- Key: source, resource, file
-- Group: landing
-- Example: Was every row accounted for?
--   SELECT bool_and(rows_read = rows_accepted + rows_superseded + rows_rejected) AS every_row,
--   count(*) AS files, sum(rows_read) AS rows_read, sum(rows_accepted) AS rows_accepted,
--   sum(rows_superseded) AS rows_superseded, sum(rows_rejected) AS rows_rejected FROM quality.row_accounting
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
        -- All rows of a copy count as superseded. If the copy is now the first file that holds the content, it takes
        -- over the rejected rows.
        coalesce(originals.rows_rejected, 0) AS rows_taken_over,
        CASE WHEN files.is_current THEN files.shape END AS shape
    FROM landing.files AS files
    LEFT JOIN quality._current_contents AS holders
        ON holders.file_id = files.file_id AND holders.original_id <> files.file_id
    LEFT JOIN landing.files AS originals ON originals.file_id = holders.original_id
    WHERE files.is_current OR files.rows_accepted > 0
)

SELECT
    source, -- the source, as in core.sources
    resource, -- the kind of record
    file, -- path within the landing folder
    -- rows in the present version of the file, and rows of its earlier versions that are in the ledger [count]
    CAST(sum(rows_read) AS BIGINT) AS rows_read,
    CAST(sum(rows_accepted) AS BIGINT) AS rows_accepted, -- of these rows, those in the ledger [count]
    -- of these rows, those of which another version, or the same row again, is in the ledger; and those that stand in
    -- another file with the same bytes [count]
    CAST(sum(rows_superseded - rows_taken_over) AS BIGINT) AS rows_superseded,
    -- rows in the present version of the file that could not be taken; quality.rejected_rows says why [count]
    CAST(sum(rows_rejected + rows_taken_over) AS BIGINT) AS rows_rejected,
    CAST(sum(rows_in_file) AS BIGINT) AS rows_in_file, -- rows in the present version of the file [count]
    max(shape) AS shape -- how the file holds its rows: the shape of the container that was recognized
FROM versions
GROUP BY source, resource, file
