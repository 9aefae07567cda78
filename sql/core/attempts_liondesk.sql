-- One row per LionDesk communication: scheduled, overdue, sent by the system, or ticked off by a user. The state is
-- derived, for the vendor's page contradicts itself about `completing_user_id`: `is_active` tells whether it is still
-- to be sent, then `send_at` against the moment of the ledger tells scheduled from overdue, and the completing user
-- tells whose doing a completion was. Where nothing has yet happened there is no moment, and nothing can be overdue. A
-- completion later than the moment had not happened. An active row without `send_at`, and one whose `is_active` is
-- missing, are unknown.
-- These rows tell that something was sent, not that anybody was reached: they stay out of every contact rate.
-- Key: attempt_key
-- Internal: yes
-- Columns:
--   attempt_key: `liondesk:contact_communications:<communication key>`
--   source: liondesk
--   campaign_key: `liondesk:<campaign name>`, or `liondesk:none`
--   target_key: `liondesk:<contact id>`
--   channel: email, phone or text by the communication's type; else unknown
--   direction: outbound
--   attempted_at: when it was completed, else when it is to be sent (UTC)
--   ended_at: when it was completed (UTC)
--   attempted_at_basis: completed_at or send_at
--   attempt_number: 1.. within campaign and contact, over what was sent by the system; null for the others
--   is_latest: whether it is the contact's last sent one in the campaign, or its last row when none was sent
--   disposition: unified disposition
--   raw_disposition: what the state was derived from
--   disposition_basis: the mapping's field that decided
--   aapor_class: null, save for unknown rows
--   is_attempt: whether something was really sent
--   is_contact: false
--   measures_contact: false: the source does not tell whether a person was reached
--   is_automated: whether the system sends it; false when a user ticked it off
--   agent_key: `liondesk:<user id>`: who ticked it off, else in whose name it is sent
--   destination_index: null
--   try_count: null
--   scheduled_at: when it is or was to be sent (UTC)
--   outdial_target_id: null
WITH communications AS (
    SELECT
        rows.communication_key,
        rows.contact_id,
        rows.campaign_name,
        rows.type,
        rows.send_at,
        rows.send_from_user_id,
        rows.completing_user_id,
        NOT rows.is_active AND coalesce(rows.completed_at <= clock.as_of, TRUE) AS is_completed,
        CASE
            WHEN NOT rows.is_active AND coalesce(rows.completed_at <= clock.as_of, TRUE) THEN rows.completed_at
        END AS completed_at,
        clock.as_of
    FROM raw.liondesk_contact_communications AS rows
    CROSS JOIN core.as_of AS clock
    WHERE coalesce(rows._deleted_at > clock.as_of, rows._deleted_at IS NULL)
),

derived AS (
    SELECT
        communications.*,
        CASE
            WHEN is_completed AND completing_user_id IS NOT NULL THEN 'completed/user'
            WHEN is_completed THEN 'completed/nobody'
            WHEN is_completed IS NULL THEN NULL
            WHEN send_at IS NULL THEN 'active/no send_at'
            WHEN send_at <= as_of THEN 'active/past'
            ELSE 'active/future'
        END AS raw_disposition
    FROM communications
),

mapped AS (
    SELECT
        derived.*,
        'liondesk:contact_communications:' || derived.communication_key AS attempt_key,
        coalesce(derived.completed_at, derived.send_at) AS attempted_at,
        coalesce(mapping.disposition, 'unknown') AS disposition,
        CASE WHEN mapping.disposition IS NULL THEN unknown.aapor_class ELSE mapping.aapor_class END AS aapor_class,
        coalesce(mapping.is_attempt, TRUE) AS is_attempt
    FROM derived
    LEFT JOIN core.dispositions AS mapping
        ON
            mapping.source = 'liondesk'
            AND mapping.field = 'is_active/send_at'
            AND mapping.value = derived.raw_disposition
    LEFT JOIN core.dispositions AS unknown
        ON unknown.source = '*' AND unknown.field = 'disposition' AND unknown.value = 'unknown'
),

-- Rows that are no attempt come first, so that one sort gives both the number of each attempt and the last row.
numbered AS (
    SELECT
        mapped.*,
        row_number() OVER in_order AS place,
        sum(CASE WHEN is_attempt THEN 0 ELSE 1 END) OVER in_order AS not_tried,
        lead(attempt_key) OVER in_order IS NULL AS is_latest
    FROM mapped
    WINDOW in_order AS (
        PARTITION BY campaign_name, contact_id ORDER BY is_attempt ASC, attempted_at ASC NULLS LAST, attempt_key ASC
    )
)

SELECT
    attempt_key,
    'liondesk' AS source,
    'liondesk:' || coalesce(campaign_name, 'none') AS campaign_key,
    'liondesk:' || CAST(contact_id AS VARCHAR) AS target_key,
    CASE
        WHEN lower(type) LIKE '%email%' THEN 'email'
        WHEN lower(type) LIKE '%call%' THEN 'phone'
        WHEN lower(type) LIKE '%text%' THEN 'text'
        ELSE 'unknown'
    END AS channel,
    'outbound' AS direction,
    attempted_at,
    completed_at AS ended_at,
    CASE
        WHEN completed_at IS NOT NULL THEN 'completed_at'
        WHEN send_at IS NOT NULL THEN 'send_at'
    END AS attempted_at_basis,
    CAST(CASE WHEN is_attempt THEN place - not_tried END AS INTEGER) AS attempt_number,
    is_latest,
    disposition,
    raw_disposition,
    'is_active/send_at' AS disposition_basis,
    aapor_class,
    is_attempt,
    FALSE AS is_contact,
    FALSE AS measures_contact,
    disposition <> 'completed_manually' AS is_automated,
    'liondesk:' || CAST(
        CASE WHEN disposition = 'completed_manually' THEN completing_user_id ELSE send_from_user_id END AS VARCHAR
    ) AS agent_key,
    CAST(NULL AS INTEGER) AS destination_index,
    CAST(NULL AS INTEGER) AS try_count,
    send_at AS scheduled_at,
    CAST(NULL AS UUID) AS outdial_target_id
FROM numbered
