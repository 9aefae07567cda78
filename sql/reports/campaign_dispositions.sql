-- One row per source + campaign + disposition: how often it occurs, and for how many targets it is the latest.
-- Every row of core.attempts counts in one disposition, whether it is a real attempt or not, so the shares of a
-- campaign sum to 1. `is_attempt` says which rows are real attempts. Each target counts once, in the disposition of its
-- last real attempt, or of its last row if it was never really tried. Targets without any row are not here. `unknown`
-- is a disposition of its own.
-- Key: source, campaign_key, disposition
-- Example: How many attempts of each campaign have an unknown end?
--   SELECT source, campaign_key, campaign_name, max(attempts_in_campaign) AS attempts,
--   sum(CASE WHEN disposition = 'unknown' THEN attempts ELSE 0 END) AS unknown_ends
--   FROM reports.campaign_dispositions LEFT JOIN core.campaigns USING (source, campaign_key)
--   GROUP BY ALL ORDER BY unknown_ends DESC, campaign_key
WITH by_attempt AS (
    SELECT
        source, campaign_key, disposition, bool_or(is_attempt) AS is_attempt,
        CAST(sum(attempts) AS BIGINT) AS attempts, CAST(sum(latest) AS BIGINT) AS targets
    FROM core._attempt_counts
    GROUP BY source, campaign_key, disposition
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`
    disposition, -- unified disposition
    is_attempt, -- true if rows of this disposition are real attempts
    attempts, -- rows of core.attempts with this disposition [count]
    -- attempts / all rows of the campaign [share]
    CAST(attempts AS DOUBLE) / sum(attempts) OVER (PARTITION BY source, campaign_key) AS share_of_attempts,
    targets, -- targets that have this disposition in their latest row [count]
    -- targets / all targets of the campaign that have any row [share]
    CAST(targets AS DOUBLE) / sum(targets) OVER (PARTITION BY source, campaign_key) AS share_of_targets,
    -- all rows of the campaign: the whole that share_of_attempts is a part of [count]
    CAST(sum(attempts) OVER (PARTITION BY source, campaign_key) AS BIGINT) AS records_in_campaign,
    -- of these rows, the real attempts [count]
    CAST(coalesce(
        sum(CASE WHEN is_attempt THEN attempts END) OVER (PARTITION BY source, campaign_key), 0
    ) AS BIGINT) AS attempts_in_campaign
FROM by_attempt
