-- One row per source: which of AAPOR's final classes its own words can give. What a source cannot record is no
-- measurement: a refusal rate of 0 from a source without a word for a refusal says nothing.
-- Key: source
-- Example: Which systems have no word for a refusal?
--   SELECT source FROM reports.aapor_coverage WHERE NOT records_refusals
SELECT
    source, -- the system
    -- whether some word of the source gives R; without one, its REF is 0 whatever happened
    bool_or(coalesce(aapor_class = 'R', FALSE)) AS records_refusals,
    -- whether some word gives P, R or O, a contact that is no complete interview; without one, its COOP is 1 whatever
    -- happened
    bool_or(coalesce(aapor_class IN ('P', 'R', 'O'), FALSE)) AS records_other_contacts,
    -- whether some word gives NE; without one, its e is 1 whatever happened
    bool_or(coalesce(aapor_class = 'NE', FALSE)) AS records_ineligible
FROM core.dispositions
WHERE source <> '*'
GROUP BY source
