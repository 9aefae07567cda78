-- One row per notice, a fact about the input that somebody should know: a new field, a value outside the known ones, a
-- contradiction, or a place whose files nothing reads.
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
    source, -- the source, as in core.sources; null where the file belongs to no source [null]
    resource, -- the kind of record; null where the file belongs to none [null]
    file, -- path within the landing folder
    -- the kind of notice: new_field, unknown_value, inconsistent, page_total, round_page, loader_changed, mapping or
    -- not_read
    code,
    field, -- the field that the notice is about; null for not_read and round_page [null]
    value, -- the value that was found, as it came; null where the notice is about no value [null]
    -- rows in which it was found, in the latest version of the file that had any; for not_read, files [count]
    rows,
    detail -- what is wrong, in words; it quotes nothing of the input
FROM ranked
WHERE place = 1
