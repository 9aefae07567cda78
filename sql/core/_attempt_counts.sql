-- One row per source + campaign + attempt number + disposition: how many rows of core.attempts it has, attempts or not.
-- The reports on dispositions are calculated from these counts.
-- Key: source, campaign_key, attempt_number, disposition, is_attempt
-- Sums: from core.attempts
SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`
    attempt_number, -- 1, 2, 3, … within the target; null for rows that are no attempt [null]
    disposition, -- unified disposition
    is_attempt, -- true if the rows are real attempts
    count(*) AS attempts, -- rows of core.attempts [count]
    count(CASE WHEN is_latest THEN 1 END) AS latest -- of these rows, the latest of their target [count]
FROM core.attempts
GROUP BY source, campaign_key, attempt_number, disposition, is_attempt
