-- One row per system that the ledger can read: what it is called, and what a target of it is.
-- Key: source
-- Example: Which systems can tell whether a person was reached?
--   SELECT title FROM core.sources WHERE measures_contact
SELECT
    source, -- the system, as in every other table
    title, -- the system's name as its vendor writes it
    target_words, -- what a target of the system is, in words
    measures_contact -- whether the system can tell that a person was reached; only such systems enter contact rates
FROM landing.sources
