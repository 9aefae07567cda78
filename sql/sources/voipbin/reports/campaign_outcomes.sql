-- One row per VoIPBIN campaign + outcome of the replay: how many of its targets ended up there.
-- A target counts once, in the campaign of its latest call (never called: in the campaign of its outdial); targets that
-- no campaign is known of have a null campaign_id. The shares of a campaign sum to 1.
-- Key: campaign_id, outcome
-- Example: How many targets are stranded?
--   SELECT campaign_name, targets FROM reports.campaign_outcomes WHERE outcome = 'stranded'
WITH counted AS (
    SELECT
        campaign_id,
        outcome,
        count(*) AS targets,
        max(as_of) AS as_of
    FROM replay.target_outcomes
    GROUP BY campaign_id, outcome
)

SELECT
    counted.campaign_id, -- the campaign; null when none is known [null]
    campaigns.campaign_name, -- what the source calls it
    counted.outcome, -- as in replay.target_outcomes
    counted.targets, -- its targets with this outcome [count]
    -- targets / all targets of the campaign [share]
    CAST(counted.targets AS DOUBLE) / sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS share,
    -- all targets of the campaign: what share is a share of [count]
    CAST(sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS BIGINT) AS targets_in_campaign,
    counted.as_of -- the moment this speaks of (UTC)
FROM counted
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = 'voipbin:' || CAST(counted.campaign_id AS VARCHAR)
