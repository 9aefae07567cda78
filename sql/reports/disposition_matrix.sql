-- One row per source + campaign + attempt number + disposition: how the attempts with this number ended.
-- `unknown` is a disposition of its own. Rows that are no attempt have no number. They stand in
-- reports.campaign_dispositions.
-- Key: source, campaign_key, attempt_number, disposition
-- Example: Do later attempts meet voicemail more often?
--   SELECT source, campaign_key, campaign_name, attempt_number, max(attempts_with_number) AS attempts,
--   sum(CASE WHEN disposition = 'voicemail' THEN attempts ELSE 0 END) AS voicemails,
--   sum(CASE WHEN disposition = 'voicemail' THEN share_of_attempts ELSE 0 END) AS share,
--   reports.wilson_low(voicemails, max(attempts_with_number)) AS share_low,
--   reports.wilson_high(voicemails, max(attempts_with_number)) AS share_high
--   FROM reports.disposition_matrix LEFT JOIN core.campaigns USING (source, campaign_key)
--   WHERE NOT is_thin AND source IN (SELECT source FROM core.attempts WHERE disposition = 'voicemail')
--   GROUP BY ALL ORDER BY campaign_key, attempt_number
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
