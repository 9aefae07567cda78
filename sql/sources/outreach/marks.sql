-- One row per mark: what the states of numbers and e-mail addresses say, and what prospects said about being contacted.
-- Whoever opted in again has a mark `opted_in`, which ends earlier ones. `call_opted_out` is older than
-- `calls_opt_status` and counts only where that says nothing. A mark outlasts the deletion of its row: who asked not to
-- be called did not ask to be called again.
WITH states AS (
    SELECT
        'phone_numbers' AS place,
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') AS organization,
        id,
        prospect_id,
        'phone' AS point_kind,
        coalesce(nullif(trim(number), ''), trim(raw_number)) AS point_value,
        regexp_replace(lower(trim(status)), '[^a-z]+', '_', 'g') AS word,
        status_changed_at
    FROM known.outreach_phone_numbers
    UNION ALL
    SELECT
        'email_addresses',
        coalesce(bento || '.', '') || coalesce(o_id || '.', ''),
        id,
        prospect_id,
        'email',
        trim(email),
        regexp_replace(lower(trim(status)), '[^a-z]+', '_', 'g'),
        status_changed_at
    FROM known.outreach_email_addresses
),

by_state AS (
    SELECT
        place || ':' || organization || CAST(id AS VARCHAR) || ':status' AS mark,
        organization || CAST(prospect_id AS VARCHAR) AS person,
        point_kind,
        point_value,
        CASE
            WHEN word IN ('opted_out', 'opt_out', 'unsubscribed', 'unsubscribe') THEN 'opted_out'
            WHEN word IN ('do_not_call', 'do_not_contact', 'do_not_email', 'dnc') THEN 'do_not_contact'
            WHEN
                word IN (
                    'bad', 'bounced', 'hard_bounced', 'invalid', 'wrong', 'wrong_number', 'disconnected',
                    'not_in_service', 'out_of_service'
                )
                THEN 'bad_contact_info'
        END AS kind,
        CAST(NULL AS VARCHAR) AS channels,
        status_changed_at AS since,
        place || '.status = ' || word AS evidence
    FROM states
    WHERE point_value <> ''
),

unsubscribed AS (
    SELECT
        'email_addresses:' || coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(id AS VARCHAR)
        || ':unsubscribed' AS mark,
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(prospect_id AS VARCHAR) AS person,
        'email' AS point_kind,
        trim(email) AS point_value,
        'opted_out' AS kind,
        'email' AS channels,
        unsubscribed_at AS since,
        'email_addresses.unsubscribed_at' AS evidence
    FROM known.outreach_email_addresses
    WHERE unsubscribed_at IS NOT NULL AND trim(email) <> ''
),

prospects AS (
    SELECT
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(id AS VARCHAR) AS person,
        coalesce(lower(trim(calls_opt_status)), CASE WHEN call_opted_out THEN 'opted_out' END) AS about_calls,
        calls_opt_status IS NULL AS is_older_word,
        calls_opted_at,
        lower(trim(emails_opt_status)) AS about_emails,
        emails_opted_at,
        coalesce(opted_out, opted_out_at IS NOT NULL) AS is_opted_out,
        opted_out_at
    FROM known.outreach_prospects
),

said AS (
    SELECT
        'prospects:' || person || ':calls' AS mark,
        person,
        about_calls AS kind,
        'phone' AS channels,
        calls_opted_at AS since,
        CASE WHEN is_older_word THEN 'prospects.call_opted_out' ELSE 'prospects.calls_opt_status = ' || about_calls END
            AS evidence
    FROM prospects
    UNION ALL
    SELECT
        'prospects:' || person || ':emails',
        person,
        about_emails,
        'email',
        emails_opted_at,
        'prospects.emails_opt_status = ' || about_emails
    FROM prospects
    UNION ALL
    SELECT 'prospects:' || person || ':all', person, 'opted_out', NULL, opted_out_at, 'prospects.opted_out'
    FROM prospects
    WHERE is_opted_out
),

united AS (
    SELECT mark, person, point_kind, point_value, kind, channels, since, evidence
    FROM by_state
    UNION ALL
    SELECT mark, person, point_kind, point_value, kind, channels, since, evidence
    FROM unsubscribed
    UNION ALL
    SELECT mark, person, NULL, NULL, kind, channels, since, evidence
    FROM said
    WHERE kind IN ('opted_out', 'opted_in')
)

SELECT
    mark,
    person,
    point_kind,
    point_value,
    kind,
    channels,
    since,
    CASE WHEN since IS NULL THEN 'unknown' ELSE 'status_changed' END AS since_basis,
    evidence
FROM united
WHERE kind IS NOT NULL
