-- One row per campaign + outdialtarget of the lists by which the campaign is measured, dialled or not; and one row per
-- outdialtarget over all campaigns.
-- The replay says what ended a target.
-- Incremental: from replay.target_outcomes
WITH outcomes AS (
    SELECT
        outdial_target_id,
        outdial_id,
        status_agreement <> 'no_platform_row' AS is_listed,
        CASE
            WHEN status = 'done' AND outcome = 'reached' THEN 'reached_elsewhere'
            WHEN status = 'done' THEN 'exhausted'
        END AS ended_by,
        deleted_at IS NOT NULL AS is_deleted
    FROM replay.target_outcomes
)

SELECT
    outdials.campaign_id AS campaign,
    outcomes.outdial_target_id AS person,
    TRUE AS is_listed,
    outcomes.ended_by,
    outcomes.is_deleted
FROM outcomes
INNER JOIN replay._campaign_outdials AS outdials ON outdials.outdial_id = outcomes.outdial_id
WHERE outcomes.is_listed
UNION ALL
SELECT
    NULL,
    outdial_target_id,
    is_listed,
    ended_by,
    is_deleted
FROM outcomes
