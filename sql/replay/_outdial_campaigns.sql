-- One row per outdial: the campaign that dials it, for targets that no call tells the campaign of.
-- Of several campaigns on one outdial: one that is not deleted before one that is, one that runs before one that does
-- not, then the one created last, then the lowest id.
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
    outplan_id -- the outplan that campaign dials by
FROM ranked
WHERE place = 1
