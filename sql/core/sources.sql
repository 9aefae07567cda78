-- One row per source that the ledger can read: its title, and what its targets are.
-- Key: source
-- Example: Which sources can tell whether a person was reached, and what is a target of each?
--   SELECT source, title, target_words FROM core.sources WHERE measures_contact ORDER BY source
SELECT
    source, -- the source, as in every other table
    title, -- the system's name as its vendor writes it
    target_words, -- what a target of the source is, in words
    measures_contact -- true if the source can tell whether a person was reached; only such sources enter contact rates
FROM landing.sources
