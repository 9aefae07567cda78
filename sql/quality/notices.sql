-- One row per thing that ought to be known: a new field, a value outside the known ones, a contradiction, a place whose
-- files nothing reads.
-- Key: source, resource, file, code, field, value, detail
-- Group: landing
-- Order: source, resource, file, code, field, value
-- Example: Which fields are new?
--   SELECT resource, field FROM quality.notices WHERE code = 'new_field'
WITH ranked AS (
    SELECT
        source, resource, file, code, field, value, rows, detail,
        row_number() OVER (
            PARTITION BY source, resource, file, code, field, value, detail ORDER BY file_id DESC
        ) AS place
    FROM landing.notices
)

SELECT
    source, -- the system
    resource, -- the kind of record
    file, -- path within the landing folder
    code, -- new_field, unknown_value, inconsistent, page_total, mapping, not_read
    field, -- the field it is about
    value, -- what was met, as it came
    -- how many rows it was met in, in the latest version of the file that had any; of not_read, how many files
    -- [count]
    rows,
    detail -- what is the matter, in words; it quotes nothing of the input
FROM ranked
WHERE place = 1
