-- One row per VoIPBIN campaign + outcome of the replay: how many of its targets have this outcome.
-- A target counts once, in the campaign of its latest call. If it was never called, it counts in the campaign of its
-- outdial. Targets without a known campaign have a null campaign_id. The shares of a campaign sum to 1.
-- Key: campaign_id, outcome
-- Example: In which campaigns are targets stranded, and how many?
--   SELECT campaign_id, campaign_name, targets, targets_in_campaign FROM reports.campaign_outcomes
--   WHERE outcome = 'stranded' ORDER BY targets DESC, campaign_id
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
    counted.campaign_id, -- the campaign; null if none is known [null]
    campaigns.campaign_name, -- the campaign's name in its source
    counted.outcome, -- the outcome, as in replay.target_outcomes
    counted.targets, -- targets of the campaign with this outcome [count]
    -- targets / all targets of the campaign [share]
    CAST(counted.targets AS DOUBLE) / sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS share,
    -- all targets of the campaign: the whole that share is a part of [count]
    CAST(sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS BIGINT) AS targets_in_campaign,
    counted.as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM counted
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = 'voipbin:' || CAST(counted.campaign_id AS VARCHAR)
