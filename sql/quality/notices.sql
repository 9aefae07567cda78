-- One row per thing that was kept but ought to be known: a new field, a value outside the known ones, a contradiction.
-- Key: source, resource, file, code, field, value, detail
-- Group: landing
-- Order: source, resource, file, code, field, value
-- Columns:
--   source: the system
--   resource: the kind of record
--   file: path within the landing folder
--   code: new_field, unknown_value, inconsistent, page_total, …
--   field: the field it is about
--   value: the value met
--   rows: how many rows it was met in
--   detail: in words
SELECT
    source,
    resource,
    file,
    code,
    field,
    value,
    rows,
    detail
FROM landing.notices
