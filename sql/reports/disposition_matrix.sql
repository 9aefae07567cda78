-- One row per source + campaign + attempt number + disposition: how the attempts with this number ended.
-- `unknown` is a disposition of its own. Rows that are no attempt have no number. They stand in
-- reports.campaign_dispositions.
-- Key: source, campaign_key, attempt_number, disposition
-- Example: Do later attempts meet voicemail more often?
--   SELECT campaign_key, attempt_number, share_of_attempts FROM reports.disposition_matrix
--   WHERE disposition = 'voicemail' ORDER BY campaign_key, attempt_number
SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`
    attempt_number, -- 1, 2, 3, … within the target
    disposition, -- unified disposition
    attempts, -- attempts with this number and this disposition [count]
    -- attempts / all attempts with this number in the campaign [share]
    CAST(attempts AS DOUBLE) / sum(attempts) OVER of_number AS share_of_attempts,
    sum(attempts) OVER of_number < 5 AS is_thin, -- true if fewer than 5 attempts have this number
    -- all attempts with this number in the campaign: the whole that share_of_attempts is a part of [count]
    CAST(sum(attempts) OVER of_number AS BIGINT) AS attempts_with_number
FROM core._attempt_counts
WHERE is_attempt
WINDOW of_number AS (PARTITION BY source, campaign_key, attempt_number)
