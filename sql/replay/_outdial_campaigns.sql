-- One row per outdial: the campaign that dials it, for targets whose campaign no call tells.
-- If several campaigns dial one outdial, one of them is chosen: a campaign that is not deleted before one that is, one
-- that runs before one that does not, then the one that was created last, then the lowest id.
-- Key: outdial_id
WITH ranked AS (
    SELECT
        campaigns.outdial_id,
        campaigns.id AS campaign_id,
        campaigns.outplan_id,
        row_number() OVER (
            PARTITION BY campaigns.outdial_id
            ORDER BY
                CASE
                    WHEN coalesce(campaigns.tm_delete, campaigns._deleted_at) <= cutoff.cutoff_at THEN 1 ELSE 0
                END,
                CASE WHEN campaigns.status = 'run' THEN 0 ELSE 1 END,
                campaigns.tm_create DESC NULLS LAST,
                campaigns.id ASC
        ) AS place
    FROM known.voipbin_campaigns AS campaigns
    INNER JOIN core._cutoff AS cutoff ON cutoff.source = 'voipbin'
    WHERE campaigns.outdial_id IS NOT NULL
)

SELECT
    outdial_id, -- the outdial (list of targets)
    campaign_id, -- the campaign
    outplan_id -- the outplan by which that campaign dials
FROM ranked
WHERE place = 1
