-- One row per source + campaign + target, and one per source + target over all campaigns (`campaign_key` is `all`): the
-- attempts on it and what came of them.
-- In the rows over all campaigns each target stands once. Its attempts are numbered again over all of them.
-- Key: source, campaign_key, target_key
-- Incremental: hash(target_key) from core.attempts
WITH of_campaigns AS (
    SELECT
        source,
        campaign_key,
        target_key,
        bool_or(measures_contact) AS measures_contact,
        count(attempt_number) AS attempts,
        count(CASE WHEN is_contact THEN 1 END) AS contacts,
        min(CASE WHEN is_attempt THEN attempted_at END) AS first_attempt_at,
        max(CASE WHEN is_attempt THEN attempted_at END) AS last_attempt_at,
        min(CASE WHEN is_contact THEN attempted_at END) AS first_contact_at,
        min(CASE WHEN is_contact THEN attempt_number END) AS first_contact_number,
        max(CASE WHEN is_latest THEN disposition END) AS latest_disposition,
        max(CASE WHEN is_latest THEN aapor_class END) AS latest_class,
        max(CASE aapor_class WHEN 'I' THEN 4 WHEN 'P' THEN 3 WHEN 'R' THEN 2 WHEN 'O' THEN 1 ELSE 0 END) AS telling
    FROM core.attempts
    GROUP BY source, campaign_key, target_key
),

of_several AS (
    SELECT target_key
    FROM of_campaigns
    GROUP BY target_key
    HAVING count(*) > 1
),

-- Only targets in several campaigns need new numbers. Rows that are no attempt come first, as in core.attempts.
numbered AS (
    SELECT
        attempts.*,
        row_number() OVER in_order AS place,
        sum(CASE WHEN attempts.is_attempt THEN 0 ELSE 1 END) OVER in_order AS not_tried,
        lead(attempts.attempt_key) OVER in_order IS NULL AS is_last
    FROM core.attempts AS attempts
    INNER JOIN of_several ON of_several.target_key = attempts.target_key
    WINDOW in_order AS (
        PARTITION BY attempts.target_key
        ORDER BY attempts.is_attempt ASC, attempts.attempted_at ASC NULLS LAST, attempts.attempt_key ASC
    )
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`, or `all`
    target_key, -- the target, as in core.attempts
    measures_contact, -- true if the source can tell whether a person was reached
    attempts, -- real attempts [count]
    contacts, -- attempts that reached a person [count]
    first_attempt_at, -- time of the first real attempt (UTC)
    last_attempt_at, -- time of the last real attempt (UTC)
    first_contact_at, -- time of the first attempt that reached a person (UTC)
    first_contact_number, -- attempt number of the first attempt that reached a person; null without one
    latest_disposition, -- disposition of the last real attempt; without a real attempt, of the last row
    latest_class, -- AAPOR class of that same row
    telling -- the most telling AAPOR class of any attempt: 4 for I, 3 for P, 2 for R, 1 for O, else 0
FROM of_campaigns
UNION ALL
SELECT
    of_campaigns.source,
    'all',
    of_campaigns.target_key,
    of_campaigns.measures_contact,
    of_campaigns.attempts,
    of_campaigns.contacts,
    of_campaigns.first_attempt_at,
    of_campaigns.last_attempt_at,
    of_campaigns.first_contact_at,
    of_campaigns.first_contact_number,
    of_campaigns.latest_disposition,
    of_campaigns.latest_class,
    of_campaigns.telling
FROM of_campaigns
LEFT JOIN of_several ON of_several.target_key = of_campaigns.target_key
WHERE of_several.target_key IS NULL
UNION ALL
SELECT
    source,
    'all',
    target_key,
    bool_or(measures_contact),
    count(attempt_number),
    count(CASE WHEN is_contact THEN 1 END),
    min(CASE WHEN is_attempt THEN attempted_at END),
    max(CASE WHEN is_attempt THEN attempted_at END),
    min(CASE WHEN is_contact THEN attempted_at END),
    min(CASE WHEN is_contact THEN CAST(place - not_tried AS INTEGER) END),
    max(CASE WHEN is_last THEN disposition END),
    max(CASE WHEN is_last THEN aapor_class END),
    max(CASE aapor_class WHEN 'I' THEN 4 WHEN 'P' THEN 3 WHEN 'R' THEN 2 WHEN 'O' THEN 1 ELSE 0 END)
FROM numbered
GROUP BY source, target_key
