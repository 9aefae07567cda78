-- One row per VoIPBIN campaign + outdial: the lists of targets that a campaign is measured by.
-- The outdial of a campaign is the one that its own row names; of a campaign without a row, those that it dialled.
-- Key: campaign_key, outdial_id
-- Internal: yes
-- Columns:
--   campaign_key: `voipbin:<campaign id>`
--   outdial_id: the outdial
SELECT campaign_key, outdial_id
FROM core.campaigns
WHERE source = 'voipbin' AND outdial_id IS NOT NULL
UNION
SELECT called.campaign_key, called.outdial_id
FROM (
    SELECT DISTINCT 'voipbin:' || CAST(campaign_id AS VARCHAR) AS campaign_key, outdial_id
    FROM replay.target_outcomes
    WHERE campaign_id IS NOT NULL AND outdial_id IS NOT NULL
) AS called
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = called.campaign_key AND campaigns.outdial_id IS NOT NULL
WHERE campaigns.campaign_key IS NULL
