-- One row per content that lies in the landing folder now: the first file that holds it.
-- The rows of files with the same bytes are read once and rejected once; they are told of this file.
-- Key: original_id
-- Group: landing
SELECT
    coalesce(same_as, file_id) AS original_id, -- the number of the file that the content was read from
    -- the number of the first file that has it now; another one where that file has changed since [count]
    min(file_id) AS file_id
FROM landing.files
WHERE is_current
GROUP BY coalesce(same_as, file_id)
