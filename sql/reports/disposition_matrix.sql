-- One row per source + campaign + attempt number + disposition: what each attempt ended in. `unknown` is a bucket of
-- its own. Rows that are no attempt have no number and stand in reports.campaign_dispositions.
-- Key: source, campaign_key, attempt_number, disposition
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id or name>`
--   attempt_number: 1.. within the target
--   disposition: unified disposition
--   attempts: attempts with this number that ended so
--   share_of_attempts: attempts / all attempts with this number in the campaign (0..1)
--   is_thin: whether fewer than 5 attempts have this number
SELECT
    source,
    campaign_key,
    attempt_number,
    disposition,
    attempts,
    CAST(attempts AS DOUBLE) / sum(attempts) OVER of_number AS share_of_attempts,
    sum(attempts) OVER of_number < 5 AS is_thin
FROM reports.attempt_counts
WHERE is_attempt
WINDOW of_number AS (PARTITION BY source, campaign_key, attempt_number)
