-- One row per outdialtarget. It is open if it may still be dialled or is being dialled: not deleted, not reached, with
-- tries left as far as anybody knows, and with a campaign that runs.
-- The next destination is the lowest one with tries left, as the dialer chooses it.
WITH standing AS (
    SELECT
        outcomes.*,
        CASE outcomes.next_destination_index
            WHEN 0 THEN targets.destination_0
            WHEN 1 THEN targets.destination_1
            WHEN 2 THEN targets.destination_2
            WHEN 3 THEN targets.destination_3
            WHEN 4 THEN targets.destination_4
        END AS destination
    FROM replay.target_outcomes AS outcomes
    LEFT JOIN known.voipbin_outdialtargets AS targets ON targets.id = outcomes.outdial_target_id
)

SELECT
    campaign_id AS campaign,
    outdial_target_id AS person,
    outcome IN ('untouched', 'in_flight', 'stuck', 'retry_due', 'retry_waiting') AND deleted_at IS NULL AS is_open,
    outcome IN ('in_flight', 'stuck') AS is_in_flight,
    tries_left,
    next_eligible_at AS eligible_at,
    next_destination_index IS NOT NULL AS names_point,
    CASE
        WHEN destination.type IN ('tel', 'sms', 'whatsapp') THEN 'phone'
        WHEN destination.type = 'email' THEN 'email'
    END AS point_kind,
    destination.target AS point_value
FROM standing
