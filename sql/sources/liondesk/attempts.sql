-- One row per communication: scheduled, overdue, sent by the system, or ticked off by a user.
-- The state is derived, because the vendor's page contradicts itself about `completing_user_id`. `is_active` says
-- whether the communication is still to be sent. If it is, `send_at` against as-of tells scheduled from overdue. If it
-- is not, the completing user tells whose doing the completion was.
-- A completion after as-of has not happened yet. If nothing has happened at all, as-of is null, and nothing can be
-- overdue. An active row without `send_at` is unknown, and so is a row whose `is_active` is missing.
WITH communications AS (
    SELECT
        rows.*,
        clock.observed_until,
        NOT rows.is_active AND coalesce(rows.completed_at <= clock.observed_until, TRUE) AS is_completed
    FROM raw.liondesk_contact_communications AS rows
    INNER JOIN core.observed AS clock ON clock.source = 'liondesk'
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
        END AS state
    FROM communications
)

SELECT
    communication_key AS native_id,
    campaign_name AS campaign,
    CAST(contact_id AS VARCHAR) AS person,
    CASE
        WHEN lower(type) LIKE '%email%' THEN 'email'
        WHEN lower(type) LIKE '%call%' THEN 'phone'
        WHEN lower(type) LIKE '%text%' THEN 'text'
        ELSE 'unknown'
    END AS channel,
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
    _deleted_at AS deleted_at
FROM derived
