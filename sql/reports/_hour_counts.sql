-- One row per source + campaign + kind of attempts + weekday + hour with at least one attempt: the sums over targets
-- from which reports.best_time is calculated.
-- n and x are the attempts and contacts of one target in the cell.
-- Key: source, campaign_key, attempts_kind, weekday, hour
-- Sums: from core.attempts
WITH timed AS (
    SELECT
        attempts.source,
        attempts.campaign_key,
        attempts.target_key,
        attempts.attempt_number,
        attempts.is_contact,
        CASE
            WHEN settings.timezone = 'UTC' THEN attempts.attempted_at
            ELSE (attempts.attempted_at AT TIME ZONE 'UTC') AT TIME ZONE settings.timezone
        END AS local_at
    FROM core.attempts AS attempts
    CROSS JOIN landing.settings AS settings
    WHERE attempts.is_attempt AND attempts.measures_contact AND attempts.attempted_at IS NOT NULL
),

clusters AS (
    SELECT
        source,
        campaign_key,
        target_key,
        isodow(local_at) AS weekday,
        hour(local_at) AS hour,
        count(*) AS attempts,
        count(CASE WHEN is_contact THEN 1 END) AS contacts,
        count(CASE WHEN attempt_number = 1 THEN 1 END) AS first_attempts,
        count(CASE WHEN attempt_number = 1 AND is_contact THEN 1 END) AS first_contacts
    FROM timed
    GROUP BY source, campaign_key, target_key, isodow(local_at), hour(local_at)
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`
    'all' AS attempts_kind, -- first (each target's first attempt in the campaign) or all
    weekday, -- 1 Monday to 7 Sunday, in the reporting time zone
    hour, -- 0 to 23, in the reporting time zone
    count(*) AS targets, -- targets that were tried in the cell [count]
    CAST(sum(attempts) AS BIGINT) AS attempts, -- attempts in the cell [count]
    CAST(sum(contacts) AS BIGINT) AS contacts, -- attempts that reached a person [count]
    CAST(sum(attempts * attempts) AS BIGINT) AS sum_nn, -- sum of n * n over targets [count]
    CAST(sum(attempts * contacts) AS BIGINT) AS sum_nx, -- sum of n * x over targets [count]
    CAST(sum(contacts * contacts) AS BIGINT) AS sum_xx, -- sum of x * x over targets [count]
    CAST(sum(attempts * attempts * attempts) AS BIGINT) AS sum_nnn -- sum of n * n * n over targets [count]
FROM clusters
GROUP BY source, campaign_key, weekday, hour
UNION ALL
SELECT
    source,
    campaign_key,
    'first',
    weekday,
    hour,
    CAST(sum(first_attempts) AS BIGINT),
    CAST(sum(first_attempts) AS BIGINT),
    CAST(sum(first_contacts) AS BIGINT),
    CAST(sum(first_attempts) AS BIGINT),
    CAST(sum(first_contacts) AS BIGINT),
    CAST(sum(first_contacts) AS BIGINT),
    CAST(sum(first_attempts) AS BIGINT)
FROM clusters
WHERE first_attempts > 0
GROUP BY source, campaign_key, weekday, hour
