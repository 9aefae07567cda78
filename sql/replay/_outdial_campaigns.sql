-- One row per outdial: the campaign that dials it, for targets whose campaign no call tells.
-- If several campaigns dial one outdial, one of them is chosen: a campaign that is not deleted before one that is, one
-- that runs before one that does not, then the one that was created last, then the lowest id.
-- Key: outdial_id
WITH ranked AS (
    SELECT
        outdial_id,
        id AS campaign_id,
        outplan_id,
        row_number() OVER (
            PARTITION BY outdial_id
            ORDER BY
                CASE WHEN coalesce(tm_delete, _deleted_at) IS NULL THEN 0 ELSE 1 END,
                CASE WHEN status = 'run' THEN 0 ELSE 1 END,
                tm_create DESC NULLS LAST,
                id ASC
        ) AS place
    FROM raw.voipbin_campaigns
    WHERE outdial_id IS NOT NULL
)

SELECT
    outdial_id, -- the outdial (list of targets)
    campaign_id, -- the campaign
    outplan_id -- the outplan by which that campaign dials
FROM ranked
WHERE place = 1
