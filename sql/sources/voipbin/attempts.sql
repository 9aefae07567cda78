-- One row per campaigncall, as it stood at the cut-off (core._cutoff).
-- A call that ended later was still open. A call to an empty destination was never placed, unless it is recorded as a
-- success. Then somebody was reached, and only the address is missing.
WITH calls AS (
    SELECT
        calls.*,
        CASE
            WHEN calls.status = 'done' AND calls.tm_update > clock.cutoff_at THEN 'open at as-of'
            WHEN calls.status = 'done' AND calls.result = 'success' THEN 'done/success'
            WHEN calls.status = 'done' AND calls.result = 'fail' THEN 'done/fail'
            ELSE calls.status
        END AS state,
        CASE
            WHEN calls.status = 'done' AND coalesce(calls.tm_update <= clock.cutoff_at, TRUE) THEN calls.tm_update
        END AS ended_at,
        coalesce(calls.destination.type, '') = '' OR coalesce(calls.destination.target, '') = '' AS has_no_destination
    FROM known.voipbin_campaigncalls AS calls
    INNER JOIN core._cutoff AS clock ON clock.source = 'voipbin'
)

SELECT
    id AS native_id,
    campaign_id AS campaign,
    outdial_target_id AS person,
    CASE
        WHEN reference_type = 'call' OR destination.type IN ('tel', 'sip') THEN 'phone'
        WHEN destination.type = 'email' OR reference_type = 'email' THEN 'email'
        WHEN destination.type IN ('sms', 'line', 'whatsapp') OR reference_type IN ('sms', 'message', 'conversation')
            THEN 'text'
        ELSE 'unknown'
    END AS channel,
    'outbound' AS direction,
    tm_create AS began_at,
    ended_at,
    'tm_create' AS time_basis,
    CASE
        WHEN has_no_destination AND coalesce(state, '') <> 'done/success' THEN 'destination' ELSE 'status/result'
    END AS mapping_field,
    CASE WHEN has_no_destination AND coalesce(state, '') <> 'done/success' THEN 'none' ELSE state END AS mapping_value,
    state AS raw_disposition,
    TRUE AS is_automated,
    CAST(NULL AS VARCHAR) AS agent,
    destination_index,
    try_count,
    outdial_target_id,
    CASE
        WHEN destination.type IN ('tel', 'sms', 'whatsapp') THEN 'phone'
        WHEN destination.type = 'email' THEN 'email'
    END AS point_kind,
    destination.target AS point_value,
    CASE WHEN destination.type IN ('tel', 'sms', 'whatsapp', 'email') AND destination.target <> '' THEN 'destination' END
        AS point_basis,
    'dialled' AS timing
FROM calls
