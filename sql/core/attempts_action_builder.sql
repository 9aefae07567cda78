-- One row per contact attempt that Action Builder had recorded by the moment of the ledger.
-- A phone number cannot tell a call from a text: the task's type can. Where there is no task, or its type says neither,
-- a number counts as called. An attempt without an entity is a target of its own. Rows that the source has marked as
-- deleted are left out: the organization withdrew them.
-- Key: attempt_key
-- Internal: yes
-- Columns:
--   attempt_key: `action_builder:contact_attempts:<id>`
--   source: action_builder
--   campaign_key: `action_builder:<campaign id>`, or `action_builder:none`
--   target_key: `action_builder:<entity id>`, or `action_builder:contact_attempts:<id>` when the attempt names none
--   channel: phone, door, email, text or unknown, by contact info and the task's type
--   direction: outbound
--   attempted_at: when the attempt was recorded (UTC)
--   ended_at: null: the source knows one time only
--   attempted_at_basis: created_at
--   attempt_number: 1.. within campaign and target, over real attempts; null for the others
--   is_latest: whether it is the target's last real attempt in the campaign, or its last row when none is real
--   disposition: unified disposition
--   raw_disposition: the source's number, 0 to 4
--   disposition_basis: the mapping's field that decided
--   aapor_class: final class this attempt would give its target, in AAPOR's terms
--   is_attempt: whether somebody was really tried
--   is_contact: whether a person was reached
--   measures_contact: true: the source tells whether a person was reached
--   is_automated: false: a person records it
--   agent_key: `action_builder:<user id>`
--   destination_index: null
--   try_count: null
--   scheduled_at: null
--   outdial_target_id: null
WITH attempts AS (
    SELECT
        attempts.id,
        attempts.campaign_id,
        CASE WHEN attempts.entity_id IS NULL THEN 'contact_attempts:' || CAST(attempts.id AS VARCHAR)
            ELSE CAST(attempts.entity_id AS VARCHAR)
        END AS person,
        attempts.created_at,
        attempts.created_by_id,
        attempts.contact_info_type,
        lower(coalesce(tasks.action_type, '')) AS task_type,
        CAST(attempts.disposition AS VARCHAR) AS raw_disposition
    FROM raw.action_builder_contact_attempts AS attempts
    CROSS JOIN core.cutoff AS clock
    LEFT JOIN raw.action_builder_actions AS tasks
        ON tasks.id = coalesce(
            attempts.action_id, CASE WHEN attempts.target_type = 'Action' THEN attempts.target_id END
        )
    WHERE
        coalesce(attempts.created_at <= clock.cutoff, TRUE)
        AND coalesce(attempts._deleted_at > clock.cutoff, attempts._deleted_at IS NULL)
),

mapped AS (
    SELECT
        attempts.*,
        'action_builder:contact_attempts:' || CAST(attempts.id AS VARCHAR) AS attempt_key,
        coalesce(mapping.disposition, 'unknown') AS disposition,
        coalesce(mapping.aapor_class, unknown.aapor_class) AS aapor_class,
        coalesce(mapping.is_attempt, TRUE) AS is_attempt,
        coalesce(mapping.is_contact, FALSE) AS is_contact
    FROM attempts
    LEFT JOIN core.dispositions AS mapping
        ON
            mapping.source = 'action_builder'
            AND mapping.field = 'disposition'
            AND mapping.value = attempts.raw_disposition
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
        PARTITION BY campaign_id, person ORDER BY is_attempt ASC, created_at ASC NULLS LAST, attempt_key ASC
    )
)

SELECT
    attempt_key,
    'action_builder' AS source,
    'action_builder:' || coalesce(CAST(campaign_id AS VARCHAR), 'none') AS campaign_key,
    'action_builder:' || person AS target_key,
    CASE
        WHEN contact_info_type = 'Address' THEN 'door'
        WHEN contact_info_type = 'Email' THEN 'email'
        WHEN task_type LIKE '%text%' OR task_type LIKE '%sms%' THEN 'text'
        WHEN contact_info_type = 'PhoneNumber' THEN 'phone'
        WHEN task_type LIKE '%phone%' OR task_type LIKE '%call%' OR task_type LIKE '%dial%' THEN 'phone'
        WHEN task_type LIKE '%door%' OR task_type LIKE '%canvass%' OR task_type LIKE '%walk%' THEN 'door'
        WHEN task_type LIKE '%email%' THEN 'email'
        ELSE 'unknown'
    END AS channel,
    'outbound' AS direction,
    created_at AS attempted_at,
    CAST(NULL AS TIMESTAMP) AS ended_at,
    'created_at' AS attempted_at_basis,
    CAST(CASE WHEN is_attempt THEN place - not_tried END AS INTEGER) AS attempt_number,
    is_latest,
    disposition,
    raw_disposition,
    'disposition' AS disposition_basis,
    aapor_class,
    is_attempt,
    is_contact,
    TRUE AS measures_contact,
    FALSE AS is_automated,
    'action_builder:' || CAST(created_by_id AS VARCHAR) AS agent_key,
    CAST(NULL AS INTEGER) AS destination_index,
    CAST(NULL AS INTEGER) AS try_count,
    CAST(NULL AS TIMESTAMP) AS scheduled_at,
    CAST(NULL AS UUID) AS outdial_target_id
FROM numbered
