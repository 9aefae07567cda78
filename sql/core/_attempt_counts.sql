-- One row per source + campaign + attempt number + disposition: how many rows of core.attempts are of it, real attempts
-- or not. What is said of dispositions is worked out from here.
-- Key: source, campaign_key, attempt_number, disposition, is_attempt
-- Sums: from core.attempts
SELECT
    source, -- the system
    campaign_key, -- `<source>:<native id or name>`
    attempt_number, -- 1.. within the target; null for what is no attempt [null]
    disposition, -- unified disposition
    is_attempt, -- whether they are real attempts
    count(*) AS attempts, -- how many they are [count]
    count(CASE WHEN is_latest THEN 1 END) AS latest -- of them, the last of their target [count]
FROM core.attempts
GROUP BY source, campaign_key, attempt_number, disposition, is_attempt
