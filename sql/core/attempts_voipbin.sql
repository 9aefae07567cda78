-- One row per campaigncall that had begun by the moment of the ledger, as it then stood.
-- A call that ended later was still open. A call to an empty destination was never placed, unless it is on record as a
-- success: then somebody was reached and the address is what is missing. A call without a target is a target of its
-- own, so that unknown people are not taken for one person. What is text in core.attempts is not made here: a log has
-- millions of calls, and their ids are a third of that text.
-- Key: campaigncall_id
-- Internal: yes
-- Incremental: outdial_target_id row campaigncall_id from raw.voipbin_campaigncalls.outdial_target_id
-- Columns:
--   campaigncall_id: the call
--   campaign_id: the campaign that dialled; null when the call names none
--   outdial_target_id: the outdialtarget; null when the call names none
--   channel: phone, email, text or unknown, by the call's reference and the kind of its destination
--   attempted_at: when the dial started (UTC)
--   ended_at: when the call ended (UTC); null while it is open
--   attempt_number: 1.. within campaign and target, over real attempts; null for the others
--   is_latest: whether it is the target's last real attempt in the campaign, or its last row when none is real
--   disposition: unified disposition
--   raw_disposition: status and result as the source has them
--   disposition_basis: the mapping's field that decided
--   aapor_class: final class this attempt would give its target, in AAPOR's terms
--   is_attempt: whether somebody was really tried
--   is_contact: whether a person was reached
--   destination_index: which of the target's destinations was dialled, 0 to 4
--   try_count: number of the try at that destination, as the source has it
WITH calls AS (
    SELECT
        calls.id,
        calls.campaign_id,
        calls.outdial_target_id,
        coalesce(calls.outdial_target_id, calls.id) AS person_id,
        calls.tm_create,
        CASE WHEN calls.status = 'done' AND coalesce(calls.tm_update <= clock.cutoff, TRUE) THEN calls.tm_update END
            AS ended_at,
        CASE
            WHEN calls.status = 'done' AND calls.tm_update > clock.cutoff THEN 'open at as-of'
            WHEN calls.status = 'done' AND calls.result = 'success' THEN 'done/success'
            WHEN calls.status = 'done' AND calls.result = 'fail' THEN 'done/fail'
            ELSE calls.status
        END AS raw_disposition,
        coalesce(calls.destination.type, '') = '' OR coalesce(calls.destination.target, '') = '' AS has_no_destination,
        CASE
            WHEN calls.reference_type = 'call' OR calls.destination.type IN ('tel', 'sip') THEN 'phone'
            WHEN calls.destination.type = 'email' OR calls.reference_type = 'email' THEN 'email'
            WHEN
                calls.destination.type IN ('sms', 'line', 'whatsapp')
                OR calls.reference_type IN ('sms', 'message', 'conversation') THEN 'text'
            ELSE 'unknown'
        END AS channel,
        calls.destination_index,
        calls.try_count
    FROM raw.voipbin_campaigncalls AS calls
    CROSS JOIN core.cutoff AS clock
    WHERE coalesce(calls.tm_create <= clock.cutoff, TRUE)
),

mapped AS (
    SELECT
        calls.id,
        calls.campaign_id,
        calls.person_id,
        calls.outdial_target_id,
        calls.tm_create,
        calls.ended_at,
        calls.raw_disposition,
        calls.channel,
        calls.destination_index,
        calls.try_count,
        coalesce(mapping.disposition, 'unknown') AS disposition,
        coalesce(mapping.aapor_class, unknown.aapor_class) AS aapor_class,
        coalesce(mapping.is_attempt, TRUE) AS is_attempt,
        coalesce(mapping.is_contact, FALSE) AS is_contact,
        coalesce(mapping.field, 'status/result') AS disposition_basis
    FROM calls
    LEFT JOIN core.dispositions AS mapping
        ON
            mapping.source = 'voipbin'
            AND mapping.field = CASE
                WHEN calls.has_no_destination AND coalesce(calls.raw_disposition, '') <> 'done/success'
                    THEN 'destination'
                ELSE 'status/result'
            END
            AND mapping.value = CASE
                WHEN calls.has_no_destination AND coalesce(calls.raw_disposition, '') <> 'done/success' THEN 'none'
                ELSE calls.raw_disposition
            END
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
        PARTITION BY campaign_id, person_id ORDER BY is_attempt ASC, tm_create ASC NULLS LAST, id ASC
    )
)

SELECT
    id AS campaigncall_id,
    campaign_id,
    outdial_target_id,
    channel,
    tm_create AS attempted_at,
    ended_at,
    CAST(CASE WHEN is_attempt THEN place - not_tried END AS INTEGER) AS attempt_number,
    is_latest,
    disposition,
    raw_disposition,
    disposition_basis,
    aapor_class,
    is_attempt,
    is_contact,
    destination_index,
    try_count
FROM numbered
