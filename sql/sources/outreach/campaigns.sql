-- One row per sequence, which is the campaign of a call.
SELECT
    CAST(id AS VARCHAR) AS campaign,
    name
FROM raw.outreach_sequences
