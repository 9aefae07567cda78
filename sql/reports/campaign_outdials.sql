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
SELECT targets.campaign_key, outcomes.outdial_id
FROM core.campaigns AS campaigns
INNER JOIN core.targets AS targets ON targets.campaign_key = campaigns.campaign_key
INNER JOIN replay.target_outcomes AS outcomes ON outcomes.outdial_target_id = targets.outdial_target_id
WHERE
    campaigns.source = 'voipbin'
    AND campaigns.outdial_id IS NULL
    AND campaigns.campaign_key <> 'voipbin:none'
    AND outcomes.outdial_id IS NOT NULL
