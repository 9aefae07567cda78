-- One row per source + campaign + target + attempt that is in flight (`in_progress`) and has no contact before it, and
-- the same over all campaigns (`campaign_key` is `all`): attempts of which nobody knows yet what they gave.
-- Curves leave these attempts out of those at risk. An attempt that is still ringing is no failure.
-- Key: source, campaign_key, target_key, attempt_number
-- Incremental: hash(target_key) from core.attempts
WITH concerned AS (
    SELECT DISTINCT target_key
    FROM core.attempts
    WHERE disposition = 'in_progress'
),

tried AS (
    SELECT
        attempts.source,
        attempts.campaign_key,
        attempts.target_key,
        attempts.attempt_key,
        attempts.attempt_number,
        attempts.attempted_at,
        attempts.disposition = 'in_progress' AS is_in_flight,
        attempts.is_contact,
        min(attempts.campaign_key) OVER target = max(attempts.campaign_key) OVER target AS is_in_one_campaign
    FROM core.attempts AS attempts
    INNER JOIN concerned ON concerned.target_key = attempts.target_key
    WHERE attempts.is_attempt
    WINDOW target AS (PARTITION BY attempts.target_key)
),

-- Over all campaigns, attempts have the numbers that they have in core._targets.
numbered AS (
    SELECT source, campaign_key, target_key, attempt_number, attempted_at, is_in_flight, is_contact
    FROM tried
    UNION ALL
    SELECT
        source,
        'all',
        target_key,
        CASE
            WHEN is_in_one_campaign THEN attempt_number
            ELSE CAST(row_number() OVER (
                PARTITION BY target_key ORDER BY attempted_at ASC NULLS LAST, attempt_key ASC
            ) AS INTEGER)
        END,
        attempted_at,
        is_in_flight,
        is_contact
    FROM tried
),

told AS (
    SELECT
        numbered.*,
        min(attempted_at) OVER whole AS first_attempt_at,
        coalesce(max(CASE WHEN is_contact THEN 1 END) OVER earlier, 0) = 1 AS is_after_contact,
        min(CASE WHEN NOT is_in_flight THEN attempted_at END) OVER later AS overtaken_at
    FROM numbered
    WINDOW
        whole AS (PARTITION BY campaign_key, target_key),
        earlier AS (
            PARTITION BY campaign_key, target_key ORDER BY attempt_number ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        later AS (
            PARTITION BY campaign_key, target_key ORDER BY attempt_number ASC
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`, or `all`
    target_key, -- the target, as in core.attempts
    attempt_number, -- number of the attempt within the target
    attempted_at, -- when the attempt began (UTC)
    first_attempt_at, -- time of the target's first real attempt (UTC)
    -- when the next attempt on the target began that has ended (UTC); null if no later one has
    overtaken_at
FROM told
WHERE is_in_flight AND NOT is_after_contact
