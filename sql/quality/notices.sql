-- One row per notice, a fact about the input that somebody should know: a new field, a value outside the known ones, a
-- contradiction, a side matter that could not be read, or a place whose files nothing reads.
-- Key: source, resource, file, code, field, value, detail
-- Group: landing
-- Order: source, resource, file, code, field, value
-- Example: Which fields are new?
--   SELECT source, resource, field, file FROM quality.notices WHERE code = 'new_field'
--   ORDER BY source, resource, field, file
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
    -- the kind of notice. Of fields and values: new_field, unknown_value, left_out, inconsistent, null_word,
    -- repeated_column, folder_differs, loader_changed, float_id, undated_deletion. Of whole files: no_record, encoding,
    -- other_sheet, page_total, round_page, mapping, contact_rules, purposes, not_read
    code,
    field, -- the field that the notice is about; null where it is about none [null]
    value, -- the value that was found, as it came; null where the notice is about no value [null]
    -- rows in which it was found, in the latest version of the file that had any; for not_read, files [count]
    rows,
    detail -- what is wrong, in words; it quotes nothing of the input
FROM ranked
WHERE place = 1
