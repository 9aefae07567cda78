-- One row per call that was made or logged.
-- What became of a call is asked in this order. The first answer decides:
-- 1. the organization's flag for voicemails on the call's disposition, and a voicemail's recording;
-- 2. the call's disposition: its name, then the outcome that the organization gave it; if the dimension lacks the
--    disposition or its name, the known default id. A disposition that none of these knows is unknown, whatever the
--    fields below say;
-- 3. `outcome`;
-- 4. `state`. `completed` is unknown, because the vendor sets it for a voicemail too;
-- 5. `answeredAt`. It is never a contact, because it is also set when a voicemail box answers.
-- A disposition, an outcome or a state that no line of the mapping names is handed on, so that the ledger lists it.
-- Names are compared word by word: case, spaces, punctuation marks and the kind of dash do not count.
-- Ids are unique within an organization only. Where a file names the organization, it stands in front of every id.
-- Calls of every direction are kept, because manual logs say `inbound` for calls that a user made.
-- The prospect's number is in `to`, of an inbound call in `from`. If it is missing there, the row of `phone_number_id`
-- says it. Only a call with `dialedAt` has the time of its dial.
WITH mapping AS (
    SELECT
        field, value, label, disposition,
        coalesce(nullif(trim(regexp_replace(
            regexp_replace(value, '[\s\p{Z}_.,;:!?/|()"\[\]]+', ' ', 'g'), ' ?[\p{Pd}−]+ ?', ' - ', 'g'
        )), ''), value) AS words
    FROM core.dispositions
    WHERE source = 'outreach'
),

names AS (
    SELECT
        id, name, outcome, default_for_outbound_voicemail,
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') AS organization,
        coalesce(nullif(trim(regexp_replace(
            regexp_replace(lower(name), '[\s\p{Z}_.,;:!?/|()"\[\]]+', ' ', 'g'), ' ?[\p{Pd}−]+ ?', ' - ', 'g'
        )), ''), nullif(lower(trim(name)), '')) AS words
    FROM known.outreach_call_dispositions
),

-- The lines that know a disposition of the organization. These are tried in order: its flag, its exact name, a pattern
-- of names (a beginning before any other, then the longest), its outcome.
found AS (
    SELECT
        names.organization, names.id, mapping.field, mapping.value,
        row_number() OVER (
            PARTITION BY names.organization, names.id
            ORDER BY
                CASE mapping.field
                    WHEN 'call_disposition.default_for_outbound_voicemail' THEN 1
                    WHEN 'call_disposition' THEN 2
                    ELSE 3
                END ASC,
                mapping.words = names.words DESC,
                mapping.value LIKE '!%%' ESCAPE '!' ASC,
                length(mapping.value) DESC,
                mapping.value ASC
        ) AS place
    FROM names
    INNER JOIN mapping
        ON
            (
                mapping.field = 'call_disposition'
                AND (
                    names.words = mapping.words
                    OR (mapping.value LIKE '%!%%' ESCAPE '!' AND names.words LIKE mapping.words)
                )
            )
            OR (
                mapping.field = 'call_disposition.default_for_outbound_voicemail'
                AND names.default_for_outbound_voicemail
                AND mapping.value = 'true'
            )
            OR (mapping.field = 'call_disposition.outcome' AND lower(trim(names.outcome)) = mapping.value)
),

-- What each disposition of the organization means, or the name that no line knows.
meanings AS (
    SELECT
        names.organization, names.id, names.name, names.outcome,
        coalesce(found.field, CASE WHEN names.words IS NOT NULL THEN 'call_disposition' END) AS field,
        coalesce(found.value, CASE WHEN names.words IS NOT NULL THEN lower(trim(names.name)) END) AS value,
        coalesce(found.field = 'call_disposition.default_for_outbound_voicemail', FALSE) AS is_by_flag
    FROM names
    LEFT JOIN found ON found.organization = names.organization AND found.id = names.id AND found.place = 1
),

numbers AS (
    SELECT id, number, raw_number, coalesce(bento || '.', '') || coalesce(o_id || '.', '') AS organization
    FROM known.outreach_phone_numbers
),

calls AS (
    SELECT
        calls.*,
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') AS organization,
        nullif(trim(CASE WHEN direction = 'inbound' THEN "from" ELSE "to" END), '') AS own_number,
        CASE WHEN voicemail_recording_url <> '' THEN 'present' END AS voicemail,
        CASE WHEN call_disposition_id IS NULL THEN nullif(lower(trim(outcome)), '') END AS outcome_said,
        CASE WHEN call_disposition_id IS NULL THEN nullif(lower(trim(state)), '') END AS state_said
    FROM known.outreach_calls AS calls
),

asked AS (
    SELECT
        calls.*,
        CAST(call_disposition_id AS VARCHAR) AS plain_id,
        CASE
            WHEN organization <> '' THEN lower(organization) || CAST(call_disposition_id AS VARCHAR)
        END AS id_in_organization,
        CASE
            WHEN call_disposition_id IS NOT NULL OR outcome_said IS NOT NULL OR state_said IS NOT NULL THEN NULL
            WHEN answered_at IS NOT NULL THEN 'present'
            WHEN dialed_at IS NOT NULL THEN 'absent'
        END AS answer
    FROM calls
),

decided AS (
    SELECT
        asked.*,
        coalesce(nullif(trim(numbers.number), ''), nullif(trim(numbers.raw_number), '')) AS number_of_id,
        meanings.name,
        meanings.outcome AS outcome_of_name,
        coalesce(by_voicemail.label, by_own_id.label, by_id.label, by_answer.label) AS label,
        coalesce(
            CASE WHEN meanings.is_by_flag THEN meanings.field END,
            by_voicemail.field, meanings.field, by_own_id.field, by_id.field,
            CASE WHEN asked.plain_id IS NOT NULL THEN 'call_disposition_id' END,
            by_outcome.field,
            -- A state that is mapped to unknown does not hide that the outcome lacks a line.
            CASE WHEN by_state.disposition <> 'unknown' OR asked.outcome_said IS NULL THEN by_state.field END,
            CASE WHEN asked.outcome_said IS NOT NULL THEN 'outcome' END,
            CASE WHEN asked.state_said IS NOT NULL THEN 'state' END,
            by_answer.field
        ) AS mapping_field,
        coalesce(
            CASE WHEN meanings.is_by_flag THEN meanings.value END,
            by_voicemail.value, meanings.value, by_own_id.value, by_id.value,
            asked.id_in_organization, asked.plain_id,
            by_outcome.value,
            CASE WHEN by_state.disposition <> 'unknown' OR asked.outcome_said IS NULL THEN by_state.value END,
            asked.outcome_said,
            asked.state_said,
            by_answer.value
        ) AS mapping_value
    FROM asked
    LEFT JOIN meanings
        ON meanings.id = asked.call_disposition_id AND meanings.organization = asked.organization
    LEFT JOIN mapping AS by_voicemail
        ON by_voicemail.field = 'voicemail_recording_url' AND by_voicemail.value = asked.voicemail
    LEFT JOIN mapping AS by_own_id
        ON by_own_id.field = 'call_disposition_id' AND by_own_id.value = asked.id_in_organization
    LEFT JOIN mapping AS by_id
        ON by_id.field = 'call_disposition_id' AND by_id.value = asked.plain_id
    LEFT JOIN mapping AS by_outcome ON by_outcome.field = 'outcome' AND by_outcome.value = asked.outcome_said
    LEFT JOIN mapping AS by_state ON by_state.field = 'state' AND by_state.value = asked.state_said
    LEFT JOIN mapping AS by_answer ON by_answer.field = 'answered_at' AND by_answer.value = asked.answer
    LEFT JOIN numbers ON numbers.id = asked.phone_number_id AND numbers.organization = asked.organization
)

SELECT
    organization || CAST(id AS VARCHAR) AS native_id,
    organization || CAST(sequence_id AS VARCHAR) AS campaign,
    organization || CAST(prospect_id AS VARCHAR) AS person,
    'phone' AS channel,
    coalesce(direction, 'unknown') AS direction,
    coalesce(dialed_at, answered_at, completed_at, created_at) AS began_at,
    completed_at AS ended_at,
    CASE
        WHEN dialed_at IS NOT NULL THEN 'dialed_at'
        WHEN answered_at IS NOT NULL THEN 'answered_at'
        WHEN completed_at IS NOT NULL THEN 'completed_at'
        WHEN created_at IS NOT NULL THEN 'created_at'
    END AS time_basis,
    mapping_field,
    mapping_value,
    CASE
        WHEN mapping_field IN ('voicemail_recording_url', 'answered_at') THEN label
        WHEN mapping_field = 'call_disposition_id'
            THEN coalesce(label, 'call disposition ' || organization || plain_id)
        WHEN mapping_field = 'outcome' THEN outcome
        WHEN mapping_field = 'state' THEN state
        ELSE coalesce(name, outcome_of_name)
    END AS raw_disposition,
    FALSE AS is_automated,
    organization || CAST(user_id AS VARCHAR) AS agent,
    _deleted_at AS deleted_at,
    CASE WHEN coalesce(own_number, number_of_id) IS NOT NULL THEN 'phone' END AS point_kind,
    coalesce(own_number, number_of_id) AS point_value,
    CASE
        WHEN own_number IS NOT NULL AND direction = 'inbound' THEN 'from'
        WHEN own_number IS NOT NULL THEN 'to'
        WHEN number_of_id IS NOT NULL THEN 'phone_number_id'
    END AS point_basis,
    CASE
        WHEN dialed_at IS NOT NULL THEN 'dialled'
        WHEN answered_at IS NOT NULL OR completed_at IS NOT NULL THEN 'completed'
        ELSE 'recorded'
    END AS timing
FROM decided
