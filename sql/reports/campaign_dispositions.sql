-- One row per source + campaign + disposition: how often it was met, and how many targets it left off with. Every row
-- of core.attempts counts in one disposition, real attempt or not, so that the shares of a campaign sum to 1;
-- `is_attempt` tells which are real. Each target counts once, in the disposition of its last real attempt, or of its
-- last row when it was never really tried. Targets without any row are not here. `unknown` is a bucket of its own.
-- Key: source, campaign_key, disposition
-- Example: How much of each campaign ends in something nobody understands?
--   SELECT campaign_key, share_of_attempts FROM reports.campaign_dispositions WHERE disposition = 'unknown'
WITH by_attempt AS (
    SELECT
        source, campaign_key, disposition, bool_or(is_attempt) AS is_attempt,
        CAST(sum(attempts) AS BIGINT) AS attempts, CAST(sum(latest) AS BIGINT) AS targets
    FROM core._attempt_counts
    GROUP BY source, campaign_key, disposition
)

SELECT
    source, -- the system
    campaign_key, -- `<source>:<native id or name>`
    disposition, -- unified disposition
    is_attempt, -- whether rows of this disposition are real attempts
    attempts, -- rows of core.attempts with this disposition [count]
    -- attempts / all rows of the campaign [share]
    CAST(attempts AS DOUBLE) / sum(attempts) OVER (PARTITION BY source, campaign_key) AS share_of_attempts,
    targets, -- targets whose latest attempt ended so [count]
    -- targets / all targets of the campaign with any row [share]
    CAST(targets AS DOUBLE) / sum(targets) OVER (PARTITION BY source, campaign_key) AS share_of_targets,
    -- all rows of the campaign: what share_of_attempts is a share of [count]
    CAST(sum(attempts) OVER (PARTITION BY source, campaign_key) AS BIGINT) AS records_in_campaign,
    -- of these rows, real attempts [count]
    CAST(coalesce(
        sum(CASE WHEN is_attempt THEN attempts END) OVER (PARTITION BY source, campaign_key), 0
    ) AS BIGINT) AS attempts_in_campaign
FROM by_attempt
