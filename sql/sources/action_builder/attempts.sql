-- One row per contact attempt.
-- A phone number does not tell a call from a text, but the type of the task does. Without a task, or if its type says
-- neither, an attempt at a number counts as a call. Rows that the source has marked as deleted are withdrawn.
-- Where it went stands in the table of contact_info_type. A postal address is told by its id alone.
WITH attempts AS (
    SELECT
        attempts.*,
        lower(coalesce(tasks.action_type, '')) AS task_type,
        CASE
            WHEN attempts.contact_info_type = 'PhoneNumber' THEN nullif(trim(numbers.number), '')
            WHEN attempts.contact_info_type = 'Email' THEN nullif(trim(emails.email), '')
        END AS point_value,
        CASE WHEN attempts.contact_info_type = 'Address' THEN CAST(attempts.contact_info_id AS VARCHAR) END AS point_id
    FROM known.action_builder_contact_attempts AS attempts
    LEFT JOIN known.action_builder_actions AS tasks
        ON tasks.id = coalesce(
            attempts.action_id, CASE WHEN attempts.target_type = 'Action' THEN attempts.target_id END
        )
    LEFT JOIN known.action_builder_phone_numbers AS numbers
        ON numbers.id = attempts.contact_info_id AND attempts.contact_info_type = 'PhoneNumber'
    LEFT JOIN known.action_builder_emails AS emails
        ON emails.id = attempts.contact_info_id AND attempts.contact_info_type = 'Email'
)

SELECT
    CAST(id AS VARCHAR) AS native_id,
    CAST(campaign_id AS VARCHAR) AS campaign,
    CAST(entity_id AS VARCHAR) AS person,
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
    created_at AS began_at,
    CAST(NULL AS TIMESTAMP) AS ended_at,
    'created_at' AS time_basis,
    'disposition' AS mapping_field,
    CAST(disposition AS VARCHAR) AS mapping_value,
    CAST(disposition AS VARCHAR) AS raw_disposition,
    FALSE AS is_automated,
    CAST(created_by_id AS VARCHAR) AS agent,
    _deleted_at AS deleted_at,
    CASE
        WHEN contact_info_type = 'PhoneNumber' THEN 'phone'
        WHEN contact_info_type = 'Email' THEN 'email'
        WHEN contact_info_type = 'Address' THEN 'address'
    END AS point_kind,
    point_value,
    point_id,
    CASE WHEN point_value IS NOT NULL OR point_id IS NOT NULL THEN 'contact_info_id' END AS point_basis,
    'recorded' AS timing
FROM attempts
