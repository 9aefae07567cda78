-- One row per call that was made or logged.
-- Five fields say what became of a call. They are read in this order, and the first one that the mapping knows decides:
-- the call's disposition, a voicemail recording, `outcome`, `state`, `answeredAt`. `answeredAt` alone is never a
-- contact, because it is also set when a voicemail box answers.
-- The call's disposition is looked up by its name in the dimension; else by the outcome that the organization gave it;
-- else, if the dimension lacks it, by the known default id.
-- Calls of every direction are kept, because manual logs say `inbound` for calls that a user made.
WITH mapping AS (
    SELECT field, value, label, disposition
    FROM core.dispositions
    WHERE source = 'outreach'
),

-- What each disposition of the organization means. These are tried in order: its exact name, a pattern of names (a
-- beginning before any other, then the longest), its flag, its outcome.
named AS (
    SELECT
        names.id, names.name, mapping.field, mapping.value,
        row_number() OVER (
            PARTITION BY names.id
            ORDER BY
                CASE mapping.field
                    WHEN 'call_disposition' THEN 1
                    WHEN 'call_disposition.default_for_outbound_voicemail' THEN 2
                    ELSE 3
                END ASC,
                mapping.value = lower(trim(names.name)) DESC,
                mapping.value LIKE '!%%' ESCAPE '!' ASC,
                length(mapping.value) DESC,
                mapping.value ASC
        ) AS place
    FROM raw.outreach_call_dispositions AS names
    INNER JOIN mapping
        ON
            (
                mapping.field = 'call_disposition'
                AND (
                    lower(trim(names.name)) = mapping.value
                    OR (mapping.value LIKE '%!%%' ESCAPE '!' AND lower(trim(names.name)) LIKE mapping.value)
                )
            )
            OR (
                mapping.field = 'call_disposition.default_for_outbound_voicemail'
                AND names.default_for_outbound_voicemail
                AND mapping.value = 'true'
            )
            OR (mapping.field = 'call_disposition.outcome' AND lower(trim(names.outcome)) = mapping.value)
),

dispositions AS (
    SELECT id, name, field, value
    FROM named
    WHERE place = 1
    UNION ALL
    SELECT TRY_CAST(value AS BIGINT), label, field, value
    FROM mapping
    WHERE
        field = 'call_disposition_id'
        AND TRY_CAST(value AS BIGINT) NOT IN (SELECT names.id FROM raw.outreach_call_dispositions AS names)
),

calls AS (
    SELECT
        calls.*,
        CASE WHEN voicemail_recording_url <> '' THEN 'present' END AS voicemail,
        CASE
            WHEN outcome IS NOT NULL OR state IS NOT NULL THEN NULL
            WHEN answered_at IS NOT NULL THEN 'present'
            WHEN dialed_at IS NOT NULL THEN 'absent'
        END AS answer
    FROM raw.outreach_calls AS calls
)

SELECT
    CAST(calls.id AS VARCHAR) AS native_id,
    CAST(calls.sequence_id AS VARCHAR) AS campaign,
    CAST(calls.prospect_id AS VARCHAR) AS person,
    'phone' AS channel,
    coalesce(calls.direction, 'unknown') AS direction,
    coalesce(calls.dialed_at, calls.answered_at, calls.completed_at, calls.created_at) AS began_at,
    calls.completed_at AS ended_at,
    CASE
        WHEN calls.dialed_at IS NOT NULL THEN 'dialed_at'
        WHEN calls.answered_at IS NOT NULL THEN 'answered_at'
        WHEN calls.completed_at IS NOT NULL THEN 'completed_at'
        WHEN calls.created_at IS NOT NULL THEN 'created_at'
    END AS time_basis,
    coalesce(
        by_disposition.field, by_voicemail.field, by_outcome.field, by_state.field, by_answer.field
    ) AS mapping_field,
    coalesce(
        by_disposition.value, by_voicemail.value, by_outcome.value, by_state.value, by_answer.value
    ) AS mapping_value,
    CASE
        WHEN by_disposition.field IS NOT NULL THEN by_disposition.name
        WHEN by_voicemail.field IS NOT NULL THEN by_voicemail.label
        WHEN by_outcome.field IS NOT NULL THEN calls.outcome
        WHEN by_state.field IS NOT NULL THEN calls.state
        WHEN by_answer.field IS NOT NULL THEN by_answer.label
        ELSE coalesce(
            names.name,
            'call disposition ' || CAST(calls.call_disposition_id AS VARCHAR),
            calls.outcome,
            calls.state
        )
    END AS raw_disposition,
    FALSE AS is_automated,
    CAST(calls.user_id AS VARCHAR) AS agent,
    calls._deleted_at AS deleted_at
FROM calls
LEFT JOIN raw.outreach_call_dispositions AS names ON names.id = calls.call_disposition_id
LEFT JOIN dispositions AS by_disposition ON by_disposition.id = calls.call_disposition_id
LEFT JOIN mapping AS by_voicemail
    ON by_voicemail.field = 'voicemail_recording_url' AND by_voicemail.value = calls.voicemail
LEFT JOIN mapping AS by_outcome ON by_outcome.field = 'outcome' AND by_outcome.value = lower(trim(calls.outcome))
LEFT JOIN mapping AS by_state ON by_state.field = 'state' AND by_state.value = lower(trim(calls.state))
LEFT JOIN mapping AS by_answer ON by_answer.field = 'answered_at' AND by_answer.value = calls.answer
