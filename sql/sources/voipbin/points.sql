-- One row per outdialtarget + destination, and per outdialtarget without a row + destination that a call went to.
-- Only numbers and e-mail addresses are points. A SIP address, an extension or an agent is none.
WITH destinations AS (
    SELECT id AS person, destination_0 AS destination
    FROM known.voipbin_outdialtargets
    UNION ALL
    SELECT id, destination_1 FROM known.voipbin_outdialtargets
    UNION ALL
    SELECT id, destination_2 FROM known.voipbin_outdialtargets
    UNION ALL
    SELECT id, destination_3 FROM known.voipbin_outdialtargets
    UNION ALL
    SELECT id, destination_4 FROM known.voipbin_outdialtargets
    UNION ALL
    SELECT calls.outdial_target_id, calls.destination
    FROM known.voipbin_campaigncalls AS calls
    INNER JOIN core._cutoff AS clock ON clock.source = 'voipbin'
    LEFT JOIN known.voipbin_outdialtargets AS targets ON targets.id = calls.outdial_target_id
    WHERE calls.outdial_target_id IS NOT NULL AND targets.id IS NULL AND calls.tm_create <= clock.cutoff_at
)

SELECT DISTINCT
    CAST(person AS VARCHAR) AS person,
    CASE WHEN destination.type = 'email' THEN 'email' ELSE 'phone' END AS kind,
    trim(destination.target) AS value
FROM destinations
WHERE destination.type IN ('tel', 'sms', 'whatsapp', 'email') AND trim(destination.target) <> ''
