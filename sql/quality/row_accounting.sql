-- One row per landing file: how many rows were read, and what became of them. read = accepted + superseded + rejected.
-- Key: source, resource, file
-- Group: landing
-- Columns:
--   source: the system
--   resource: the kind of record
--   file: path within the landing folder
--   rows_read: rows in the file
--   rows_accepted: rows that are in the ledger
--   rows_superseded: rows of which another version, or the same file under another name, is in the ledger
--   rows_rejected: rows that could not be taken; quality.rejected_rows tells why
--   shape: the container's shape that was recognized
SELECT
    source,
    resource,
    file,
    rows_read,
    rows_accepted,
    rows_superseded,
    rows_rejected,
    shape
FROM landing.files
