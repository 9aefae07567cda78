-- One row per content that lies in the landing folder now: the first file that holds it.
-- Files with the same bytes are read once, so a row in them is rejected once. Such rows are shown under this file.
-- Key: original_id
-- Group: landing
SELECT
    coalesce(same_as, file_id) AS original_id, -- the number of the file that the content was read from
    -- the number of the first file that has the content now; it is another one if that file has changed since
    min(file_id) AS file_id
FROM landing.files
WHERE is_current
GROUP BY coalesce(same_as, file_id)
