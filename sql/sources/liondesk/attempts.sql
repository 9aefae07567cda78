-- One row per communication: scheduled, overdue, sent by the system, or ticked off by a user.
-- The state is derived, because the vendor's page contradicts itself about `completing_user_id`. `is_active` says
-- whether the communication is still to be sent. If it is, `send_at` against as-of tells scheduled from overdue. If it
-- is not, the completing user tells whose doing the completion was.
-- A completion after as-of has not happened yet. If nothing has happened at all, as-of is null, and nothing can be
-- overdue. An active row without `send_at` is unknown, and so is a row whose `is_active` is missing.
-- Where it went, the contact's own row says: the mobile number, else the home or the office number, or the e-mail address.
WITH communications AS (
    SELECT
        rows.*,
        clock.observed_until,
        NOT rows.is_active AND coalesce(rows.completed_at <= clock.observed_until, TRUE) AS is_completed,
        nullif(trim(contacts.mobile_phone), '') AS mobile_phone,
        nullif(trim(contacts.home_phone), '') AS home_phone,
        nullif(trim(contacts.office_phone), '') AS office_phone,
        nullif(trim(contacts.email), '') AS email
    FROM raw.liondesk_contact_communications AS rows
    INNER JOIN core.observed AS clock ON clock.source = 'liondesk'
    LEFT JOIN known.liondesk_contacts AS contacts ON contacts.id = rows.contact_id
),

derived AS (
    SELECT
        communications.*,
        CASE WHEN is_completed THEN completed_at END AS ended_at,
        CASE
            WHEN is_completed AND completing_user_id IS NOT NULL THEN 'completed/user'
            WHEN is_completed THEN 'completed/nobody'
            WHEN is_completed IS NULL THEN NULL
            WHEN send_at IS NULL THEN 'active/no send_at'
            WHEN send_at <= observed_until THEN 'active/past'
            ELSE 'active/future'
        END AS state,
        CASE
            WHEN lower(type) LIKE '%email%' THEN 'email'
            WHEN lower(type) LIKE '%call%' THEN 'phone'
            WHEN lower(type) LIKE '%text%' THEN 'text'
            ELSE 'unknown'
        END AS channel
    FROM communications
)

SELECT
    communication_key AS native_id,
    campaign_name AS campaign,
    CAST(contact_id AS VARCHAR) AS person,
    channel,
    'outbound' AS direction,
    ended_at AS began_at,
    ended_at,
    CASE
        WHEN ended_at IS NOT NULL THEN 'completed_at'
        WHEN send_at IS NOT NULL THEN 'send_at'
    END AS time_basis,
    'is_active/send_at' AS mapping_field,
    state AS mapping_value,
    state AS raw_disposition,
    coalesce(state, '') <> 'completed/user' AS is_automated,
    CAST(CASE WHEN state = 'completed/user' THEN completing_user_id ELSE send_from_user_id END AS VARCHAR) AS agent,
    send_at AS scheduled_at,
    _deleted_at AS deleted_at,
    CASE WHEN channel = 'email' THEN 'email' WHEN channel IN ('phone', 'text') THEN 'phone' END AS point_kind,
    CASE
        WHEN channel = 'email' THEN email
        WHEN channel IN ('phone', 'text') THEN coalesce(mobile_phone, home_phone, office_phone)
    END AS point_value,
    CASE
        WHEN channel = 'email' AND email IS NOT NULL THEN 'email'
        WHEN channel NOT IN ('phone', 'text') THEN NULL
        WHEN mobile_phone IS NOT NULL THEN 'mobile_phone'
        WHEN home_phone IS NOT NULL THEN 'home_phone'
        WHEN office_phone IS NOT NULL THEN 'office_phone'
    END AS point_basis,
    CASE WHEN ended_at IS NULL THEN 'scheduled' ELSE 'completed' END AS timing
FROM derived
