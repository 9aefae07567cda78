-- One row per Outreach call made or logged by the moment of the ledger.
-- What became of a call is read in this order, and the first field that the mapping knows decides: the call's
-- disposition (by its name in the dimension; else by the outcome the organization gave that disposition; else, when the
-- dimension lacks it, by the known default id), a voicemail recording, `outcome`, `state`, `answeredAt`. `answeredAt`
-- alone is never a contact: it is also set when a voicemail box answers. A value that no line of the mapping knows
-- stays `unknown`, with the value kept.
-- Calls are kept whatever their direction: manual logs say `inbound` for calls that a user made.
-- Key: attempt_key
-- Internal: yes
-- Columns:
--   attempt_key: `outreach:calls:<id>`
--   source: outreach
--   campaign_key: `outreach:<sequence id>`, or `outreach:none` for a call outside any sequence
--   target_key: `outreach:<prospect id>`, or `outreach:calls:<id>` when the call names none
--   channel: phone
--   direction: outbound, inbound or unknown, as the user saw it
--   attempted_at: when the call was dialled, else answered, completed, created (UTC)
--   ended_at: when the call was completed (UTC)
--   attempted_at_basis: which of dialed_at, answered_at, completed_at, created_at gave the time
--   attempt_number: 1.. within campaign and target, over real attempts; null for the others
--   is_latest: whether it is the target's last real attempt in the campaign, or its last row when none is real
--   disposition: unified disposition
--   raw_disposition: the value that decided, or for `unknown` the first that was there
--   disposition_basis: the mapping's field that decided; null when none did
--   aapor_class: final class this attempt would give its target, in AAPOR's terms
--   is_attempt: whether somebody was really tried
--   is_contact: whether a person was reached
--   measures_contact: true: the source tells whether a person was reached
--   is_automated: false: a user calls
--   agent_key: `outreach:<user id>`
--   destination_index: null
--   try_count: null
--   scheduled_at: null
--   outdial_target_id: null
WITH mapping AS (
    SELECT field, value, label, disposition, aapor_class, is_attempt, is_contact
    FROM core.dispositions
    WHERE source = 'outreach'
),

-- What each disposition of the organization means: its exact name, then a pattern of names (a beginning before any
-- other, then the longest), then its flag, then its outcome.
named AS (
    SELECT
        names.id, names.name, mapping.disposition, mapping.aapor_class, mapping.is_attempt, mapping.is_contact,
        mapping.field,
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
    SELECT id, name, disposition, aapor_class, is_attempt, is_contact, field
    FROM named
    WHERE place = 1
    UNION ALL
    SELECT TRY_CAST(value AS BIGINT), label, disposition, aapor_class, is_attempt, is_contact, field
    FROM mapping
    WHERE
        field = 'call_disposition_id'
        AND TRY_CAST(value AS BIGINT) NOT IN (SELECT names.id FROM raw.outreach_call_dispositions AS names)
),

calls AS (
    SELECT
        calls.id,
        calls.sequence_id,
        CASE WHEN calls.prospect_id IS NULL THEN 'calls:' || CAST(calls.id AS VARCHAR)
            ELSE CAST(calls.prospect_id AS VARCHAR)
        END AS person,
        coalesce(calls.dialed_at, calls.answered_at, calls.completed_at, calls.created_at) AS attempted_at,
        CASE
            WHEN calls.dialed_at IS NOT NULL THEN 'dialed_at'
            WHEN calls.answered_at IS NOT NULL THEN 'answered_at'
            WHEN calls.completed_at IS NOT NULL THEN 'completed_at'
            WHEN calls.created_at IS NOT NULL THEN 'created_at'
        END AS attempted_at_basis,
        calls.completed_at,
        calls.direction,
        calls.user_id,
        calls.call_disposition_id,
        calls.outcome,
        calls.state,
        CASE WHEN calls.voicemail_recording_url <> '' THEN 'present' END AS voicemail,
        CASE
            WHEN calls.outcome IS NOT NULL OR calls.state IS NOT NULL THEN NULL
            WHEN calls.answered_at IS NOT NULL THEN 'present'
            WHEN calls.dialed_at IS NOT NULL THEN 'absent'
        END AS answer
    FROM raw.outreach_calls AS calls
    CROSS JOIN core.cutoff AS clock
    WHERE
        coalesce(
            coalesce(calls.dialed_at, calls.answered_at, calls.completed_at, calls.created_at) <= clock.cutoff, TRUE
        )
        AND coalesce(calls._deleted_at > clock.cutoff, calls._deleted_at IS NULL)
),

mapped AS (
    SELECT
        calls.id,
        calls.sequence_id,
        calls.person,
        calls.attempted_at,
        calls.attempted_at_basis,
        calls.completed_at,
        calls.direction,
        calls.user_id,
        'outreach:calls:' || CAST(calls.id AS VARCHAR) AS attempt_key,
        coalesce(
            by_disposition.disposition, by_voicemail.disposition, by_outcome.disposition, by_state.disposition,
            by_answer.disposition, 'unknown'
        ) AS disposition,
        CASE
            WHEN by_disposition.disposition IS NOT NULL THEN by_disposition.name
            WHEN by_voicemail.disposition IS NOT NULL THEN by_voicemail.label
            WHEN by_outcome.disposition IS NOT NULL THEN calls.outcome
            WHEN by_state.disposition IS NOT NULL THEN calls.state
            WHEN by_answer.disposition IS NOT NULL THEN by_answer.label
            ELSE coalesce(
                names.name,
                'call disposition ' || CAST(calls.call_disposition_id AS VARCHAR),
                calls.outcome,
                calls.state
            )
        END AS raw_disposition,
        coalesce(
            by_disposition.field, by_voicemail.field, by_outcome.field, by_state.field, by_answer.field
        ) AS disposition_basis,
        coalesce(
            by_disposition.aapor_class, by_voicemail.aapor_class, by_outcome.aapor_class, by_state.aapor_class,
            by_answer.aapor_class, unknown.aapor_class
        ) AS aapor_class,
        coalesce(
            by_disposition.is_attempt, by_voicemail.is_attempt, by_outcome.is_attempt, by_state.is_attempt,
            by_answer.is_attempt, TRUE
        ) AS is_attempt,
        coalesce(
            by_disposition.is_contact, by_voicemail.is_contact, by_outcome.is_contact, by_state.is_contact,
            by_answer.is_contact, FALSE
        ) AS is_contact
    FROM calls
    LEFT JOIN raw.outreach_call_dispositions AS names ON names.id = calls.call_disposition_id
    LEFT JOIN dispositions AS by_disposition ON by_disposition.id = calls.call_disposition_id
    LEFT JOIN mapping AS by_voicemail
        ON by_voicemail.field = 'voicemail_recording_url' AND by_voicemail.value = calls.voicemail
    LEFT JOIN mapping AS by_outcome ON by_outcome.field = 'outcome' AND by_outcome.value = lower(trim(calls.outcome))
    LEFT JOIN mapping AS by_state ON by_state.field = 'state' AND by_state.value = lower(trim(calls.state))
    LEFT JOIN mapping AS by_answer ON by_answer.field = 'answered_at' AND by_answer.value = calls.answer
    LEFT JOIN core.dispositions AS unknown
        ON unknown.source = '*' AND unknown.field = 'disposition' AND unknown.value = 'unknown'
),

-- Rows that are no attempt come first, so that one sort gives both the number of each attempt and the last row.
numbered AS (
    SELECT
        mapped.*,
        row_number() OVER in_order AS place,
        sum(CASE WHEN is_attempt THEN 0 ELSE 1 END) OVER in_order AS not_tried,
        lead(id) OVER in_order IS NULL AS is_latest
    FROM mapped
    WINDOW in_order AS (
        PARTITION BY sequence_id, person ORDER BY is_attempt ASC, attempted_at ASC NULLS LAST, attempt_key ASC
    )
)

SELECT
    attempt_key,
    'outreach' AS source,
    'outreach:' || coalesce(CAST(sequence_id AS VARCHAR), 'none') AS campaign_key,
    'outreach:' || person AS target_key,
    'phone' AS channel,
    coalesce(direction, 'unknown') AS direction,
    attempted_at,
    completed_at AS ended_at,
    attempted_at_basis,
    CAST(CASE WHEN is_attempt THEN place - not_tried END AS INTEGER) AS attempt_number,
    is_latest,
    disposition,
    raw_disposition,
    disposition_basis,
    aapor_class,
    is_attempt,
    is_contact,
    TRUE AS measures_contact,
    FALSE AS is_automated,
    'outreach:' || CAST(user_id AS VARCHAR) AS agent_key,
    CAST(NULL AS INTEGER) AS destination_index,
    CAST(NULL AS INTEGER) AS try_count,
    CAST(NULL AS TIMESTAMP) AS scheduled_at,
    CAST(NULL AS UUID) AS outdial_target_id
FROM numbered
