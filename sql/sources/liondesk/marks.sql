-- One row per contact + tag that says not to contact. The vendor has no other field for it, and nothing says since when.
-- Tags are compared by their words: case, spaces and marks do not count.
WITH tagged AS (
    SELECT id, unnest(tags) AS texts
    FROM known.liondesk_contacts
),

parts AS (
    SELECT id, unnest(regexp_split_to_array(texts, '[,;|]')) AS tag
    FROM tagged
),

words AS (
    SELECT DISTINCT id, trim(regexp_replace(lower(tag), '[^a-z]+', ' ', 'g')) AS tag
    FROM parts
),

said AS (
    SELECT
        id,
        tag,
        CASE
            WHEN tag IN ('do not contact', 'donotcontact', 'no contact') THEN 'do_not_contact'
            WHEN tag IN ('do not call', 'donotcall', 'dnc', 'no calls') THEN 'do_not_contact'
            WHEN tag IN ('do not text', 'do not email', 'do not mail') THEN 'do_not_contact'
            WHEN tag IN ('opt out', 'opted out', 'optout', 'optedout', 'unsubscribe', 'unsubscribed') THEN 'opted_out'
        END AS kind,
        CASE
            WHEN tag IN ('do not call', 'donotcall', 'dnc', 'no calls') THEN 'phone'
            WHEN tag = 'do not text' THEN 'text'
            WHEN tag IN ('do not email', 'do not mail') THEN 'email'
            WHEN tag IN ('unsubscribe', 'unsubscribed') THEN 'email text'
        END AS channels
    FROM words
)

SELECT
    'contacts:' || CAST(id AS VARCHAR) || ':' || replace(tag, ' ', '_') AS mark,
    CAST(id AS VARCHAR) AS person,
    kind,
    channels,
    CAST(NULL AS TIMESTAMP) AS since,
    'unknown' AS since_basis,
    'contacts.tags = ' || tag AS evidence
FROM said
WHERE kind IS NOT NULL
