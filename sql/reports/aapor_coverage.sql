-- One row per source: which of AAPOR's final classes its own values can give.
-- What a source cannot record is not measured. If a source has no value for a refusal, its refusal rate of 0 says
-- nothing.
-- Key: source
-- Example: Which sources have no value for a refusal?
--   SELECT source FROM reports.aapor_coverage WHERE NOT records_refusals ORDER BY source
SELECT
    source, -- the source, as in core.sources
    -- true if some value of the source gives R; without one, its REF is 0 whatever happened
    bool_or(coalesce(aapor_class = 'R', FALSE)) AS records_refusals,
    -- true if some value gives P, R or O, a contact that is no complete interview; without one, its COOP is 1 whatever
    -- happened
    bool_or(coalesce(aapor_class IN ('P', 'R', 'O'), FALSE)) AS records_other_contacts,
    -- true if some value gives NE; without one, its e is 1 whatever happened
    bool_or(coalesce(aapor_class = 'NE', FALSE)) AS records_ineligible
FROM core.dispositions
WHERE source <> '*'
GROUP BY source
