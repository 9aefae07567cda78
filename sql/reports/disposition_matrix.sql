-- One row per source + campaign + attempt number + disposition: what each attempt ended in. `unknown` is a bucket of
-- its own. Rows that are no attempt have no number and stand in reports.campaign_dispositions.
-- Key: source, campaign_key, attempt_number, disposition
-- Example: Do later attempts meet more voicemail?
--   SELECT campaign_key, attempt_number, share_of_attempts FROM reports.disposition_matrix
--   WHERE disposition = 'voicemail' ORDER BY campaign_key, attempt_number
SELECT
    source, -- the system
    campaign_key, -- `<source>:<native id or name>`
    attempt_number, -- 1.. within the target
    disposition, -- unified disposition
    attempts, -- attempts with this number that ended so [count]
    -- attempts / all attempts with this number in the campaign [share]
    CAST(attempts AS DOUBLE) / sum(attempts) OVER of_number AS share_of_attempts,
    sum(attempts) OVER of_number < 5 AS is_thin, -- whether fewer than 5 attempts have this number
    -- all attempts with this number in the campaign: what share_of_attempts is a share of [count]
    CAST(sum(attempts) OVER of_number AS BIGINT) AS attempts_with_number
FROM core._attempt_counts
WHERE is_attempt
WINDOW of_number AS (PARTITION BY source, campaign_key, attempt_number)
