-- One row per line of the organization's list of points that are not to be contacted.
-- A line about a channel that no word here names closes every channel. The number in `mark` is the line's place among all
-- lines in order, so that no mark shows a number or an address.
SELECT
    'suppressions:' || CAST(row_number() OVER (
        ORDER BY kind ASC, value ASC, channel ASC NULLS FIRST, since ASC NULLS FIRST
    ) AS VARCHAR) AS mark,
    kind AS point_kind,
    CASE WHEN kind <> 'address' THEN trim(value) END AS point_value,
    CASE WHEN kind = 'address' THEN trim(value) END AS point_id,
    'house_list' AS kind,
    CASE
        WHEN lower(trim(channel)) IN ('phone', 'call', 'calls', 'voice', 'tel') THEN 'phone'
        WHEN lower(trim(channel)) IN ('text', 'texts', 'sms') THEN 'text'
        WHEN lower(trim(channel)) IN ('email', 'emails', 'e-mail') THEN 'email'
        WHEN lower(trim(channel)) IN ('door', 'visit') THEN 'door'
    END AS channels,
    since,
    'list' AS since_basis,
    until,
    'suppressions.value' AS evidence
FROM raw.house_suppressions
WHERE trim(value) <> ''
