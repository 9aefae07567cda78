-- One row per prospect + number or e-mail address: of the prospect's own lists, without a state, and of the tables of
-- phone numbers and e-mail addresses, with their state. So one point may stand twice.
-- A list that came as one text with commas or semicolons is taken apart. Rows that were deleted are left out.
WITH prospects AS (
    SELECT
        coalesce(bento || '.', '') || coalesce(o_id || '.', '') || CAST(id AS VARCHAR) AS person,
        emails, mobile_phones, work_phones, home_phones, other_phones, voip_phones
    FROM known.outreach_prospects
),

listed AS (
    SELECT person, 'email' AS kind, unnest(emails) AS texts FROM prospects
    UNION ALL
    SELECT person, 'phone', unnest(mobile_phones) FROM prospects
    UNION ALL
    SELECT person, 'phone', unnest(work_phones) FROM prospects
    UNION ALL
    SELECT person, 'phone', unnest(home_phones) FROM prospects
    UNION ALL
    SELECT person, 'phone', unnest(other_phones) FROM prospects
    UNION ALL
    SELECT person, 'phone', unnest(voip_phones) FROM prospects
),

parts AS (
    SELECT person, kind, unnest(regexp_split_to_array(texts, '[,;|]')) AS value
    FROM listed
),

united AS (
    SELECT person, kind, value, CAST(NULL AS VARCHAR) AS status, CAST(NULL AS TIMESTAMP) AS status_at
    FROM parts
    UNION ALL
    SELECT
        coalesce(numbers.bento || '.', '') || coalesce(numbers.o_id || '.', '') || CAST(numbers.prospect_id AS VARCHAR),
        'phone',
        coalesce(nullif(trim(numbers.number), ''), numbers.raw_number),
        numbers.status,
        numbers.status_changed_at
    FROM known.outreach_phone_numbers AS numbers
    INNER JOIN core._cutoff AS clock ON clock.source = 'outreach'
    WHERE coalesce(numbers._deleted_at > clock.cutoff_at, numbers._deleted_at IS NULL)
    UNION ALL
    SELECT
        coalesce(addresses.bento || '.', '') || coalesce(addresses.o_id || '.', '')
        || CAST(addresses.prospect_id AS VARCHAR),
        'email',
        addresses.email,
        addresses.status,
        addresses.status_changed_at
    FROM known.outreach_email_addresses AS addresses
    INNER JOIN core._cutoff AS clock ON clock.source = 'outreach'
    WHERE coalesce(addresses._deleted_at > clock.cutoff_at, addresses._deleted_at IS NULL)
)

SELECT DISTINCT
    person,
    kind,
    trim(value) AS value,
    status,
    status_at
FROM united
WHERE person IS NOT NULL AND trim(value) <> ''
