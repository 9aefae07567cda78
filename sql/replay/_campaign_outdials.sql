-- One row per campaign + outdial: the lists of targets by which a campaign is measured.
-- A campaign's outdial is the one that its own row names. A campaign without a row has the outdials that it dialled.
-- Key: campaign_id, outdial_id
WITH named AS (
    SELECT
        id AS campaign_id,
        outdial_id
    FROM known.voipbin_campaigns
    WHERE outdial_id IS NOT NULL
)

SELECT
    campaign_id, -- the campaign
    outdial_id -- the outdial
FROM named
UNION
SELECT
    calls.campaign_id,
    outcomes.outdial_id
FROM replay._calls AS calls
INNER JOIN replay.target_outcomes AS outcomes ON calls.outdial_target_id = outcomes.outdial_target_id
ANTI JOIN named ON calls.campaign_id = named.campaign_id
WHERE calls.campaign_id IS NOT NULL AND outcomes.outdial_id IS NOT NULL
