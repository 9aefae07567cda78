-- One row per campaigncall, as it stood at the cut-off (core._cutoff).
-- A call that ended later was still open. A call to an empty destination was never placed, unless it is recorded as a
-- success. Then somebody was reached, and only the address is missing.
-- A campaigncall that failed says no more than that. The reason for the hangup of its call says why, if the call has a
-- row and a line of the mapping names the reason. A success is a success whatever the reason, and so nothing here changes
-- who was reached.
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
),

reasons AS (
    SELECT
        voice.id,
        mapping.value AS reason,
        CASE
            WHEN voice.tm_hangup >= voice.tm_progressing
                THEN date_diff('microsecond', voice.tm_progressing, voice.tm_hangup) / 1000000.0e0
        END AS talk_seconds
    FROM known.voipbin_calls AS voice
    LEFT JOIN core.dispositions AS mapping
        ON
            mapping.source = 'voipbin'
            AND mapping.field = 'hangup_reason'
            AND mapping.value = lower(trim(voice.hangup_reason))
),

refined AS (
    SELECT
        calls.*,
        CASE
            WHEN calls.has_no_destination AND coalesce(calls.state, '') <> 'done/success' THEN 'destination'
            WHEN calls.state = 'done/fail' AND reasons.reason IS NOT NULL THEN 'hangup_reason'
            ELSE 'status/result'
        END AS mapping_field,
        reasons.reason,
        CASE WHEN calls.ended_at IS NOT NULL THEN reasons.talk_seconds END AS talk_seconds
    FROM calls
    LEFT JOIN reasons ON reasons.id = calls.reference_id
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
    mapping_field,
    CASE mapping_field WHEN 'destination' THEN 'none' WHEN 'hangup_reason' THEN reason ELSE state END AS mapping_value,
    CASE WHEN mapping_field = 'hangup_reason' THEN reason ELSE state END AS raw_disposition,
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
    'dialled' AS timing,
    talk_seconds
FROM refined
