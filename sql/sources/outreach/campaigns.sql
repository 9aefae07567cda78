-- One row per sequence, which is the campaign of a call. The organization stands in front of its id (attempts.sql).
SELECT
    coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(id AS VARCHAR) AS campaign,
    name
FROM known.outreach_sequences
