-- One row per contact attempt or scheduled communication, all sources.
-- What had not begun by the moment of the ledger (core.as_of) is left out, save communications scheduled for later. Rows
-- that the source has withdrawn are left out. Rows that are no attempt (skipped, never placed, scheduled, overdue,
-- completed by hand) are here and say so.
-- Key: attempt_key
-- Order: source, campaign_key, attempted_at, attempt_key
-- Each: sources.attempts
-- Incremental: hash(target_key) from sources.attempts
-- Metric: attempts = count(*) FILTER (WHERE is_attempt)
-- Metric: contacts = count(*) FILTER (WHERE is_contact)
-- Metric: unknown_share = avg(CASE WHEN disposition = 'unknown' THEN 1.0 ELSE 0.0 END)
-- Example: Who was called five times or more and never reached?
--   SELECT target_key, count(*) AS attempts FROM core.attempts WHERE is_attempt
--   GROUP BY target_key HAVING count(*) >= 5 AND NOT bool_or(is_contact)
WITH facts AS (
    SELECT
        facts.*,
        coalesce(facts.began_at, facts.scheduled_at) AS attempted_at,
        CASE WHEN facts.person IS NULL THEN facts.native_id END AS nobody
    FROM sources.attempts AS facts
    CROSS JOIN core._cutoff AS clock
    WHERE
        coalesce(facts.began_at <= clock.cutoff_at, TRUE)
        AND coalesce(facts.deleted_at > clock.cutoff_at, facts.deleted_at IS NULL)
),

mapped AS (
    SELECT
        facts.*,
        mapping.field AS disposition_basis,
        coalesce(mapping.disposition, 'unknown') AS disposition,
        CASE WHEN mapping.disposition IS NULL THEN unknown.aapor_class ELSE mapping.aapor_class END AS aapor_class,
        coalesce(mapping.is_attempt, TRUE) AS is_attempt,
        facts.measures_contact AND coalesce(mapping.is_contact, FALSE) AS is_contact
    FROM facts
    LEFT JOIN core.dispositions AS mapping
        ON
            mapping.source = facts.source
            AND mapping.field = facts.mapping_field
            AND mapping.value = facts.mapping_value
    LEFT JOIN core.dispositions AS unknown
        ON unknown.source = '*' AND unknown.field = 'disposition' AND unknown.value = 'unknown'
),

-- Rows that are no attempt come first, so that one sort gives both the number of each attempt and the last row.
numbered AS (
    SELECT
        mapped.*,
        row_number() OVER in_order AS place,
        sum(CASE WHEN is_attempt THEN 0 ELSE 1 END) OVER in_order AS not_tried,
        lead(is_attempt) OVER in_order IS NULL AS is_latest
    FROM mapped
    WINDOW in_order AS (
        PARTITION BY campaign, person, nobody
        ORDER BY is_attempt ASC, attempted_at ASC NULLS LAST, native_id ASC
    )
),

keyed AS (
    SELECT
        numbered.*,
        source || ':' || resource || ':' || CAST(native_id AS VARCHAR) AS attempt_key,
        source || ':' || coalesce(CAST(campaign AS VARCHAR), 'none') AS campaign_key,
        source || ':' || coalesce(CAST(person AS VARCHAR), resource || ':' || CAST(native_id AS VARCHAR)) AS target_key
    FROM numbered
)

SELECT
    keyed.attempt_key, -- `<source>:<resource>:<native id>`, unique
    keyed.source, -- the system, as in core.sources
    keyed.campaign_key, -- `<source>:<native id or name>`; `<source>:none` for what belongs to no campaign
    -- what the source calls the campaign
    coalesce(
        campaigns.campaign_name, substring(keyed.campaign_key, length(keyed.source) + 2)
    ) AS campaign_name,
    -- `<source>:<who was contacted>`, as core.sources says. A row that names nobody is a target of its own,
    -- `<source>:<resource>:<native id>`
    keyed.target_key,
    keyed.channel, -- phone, door, email, text or unknown
    keyed.direction, -- outbound, inbound or unknown
    keyed.attempted_at, -- when the attempt began, or when a communication is or was to be sent (UTC)
    keyed.ended_at, -- when it ended (UTC); null while open, and where the source does not tell
    keyed.time_basis AS attempted_at_basis, -- the source column that attempted_at came from
    -- 1.. within source + campaign + target over real attempts, by attempted_at, then attempt_key; null for rows that
    -- are no attempt
    CAST(CASE WHEN keyed.is_attempt THEN keyed.place - keyed.not_tried END AS INTEGER) AS attempt_number,
    -- whether the row stands for its target in the campaign: its last real attempt, or its last row when it was never
    -- really tried
    keyed.is_latest,
    keyed.disposition, -- unified disposition; core.dispositions tells where each comes from
    keyed.raw_disposition, -- the source's own value
    keyed.disposition_basis, -- the mapping's field that decided; null when none did
    -- final class this attempt would give its target in AAPOR's terms; null where a row is no outcome
    keyed.aapor_class,
    keyed.is_attempt, -- whether somebody was really tried
    keyed.is_contact, -- whether a person was reached
    -- whether the source can tell that a person was reached; only such rows enter contact rates
    keyed.measures_contact,
    keyed.is_automated, -- whether a machine did it
    keyed.source || ':' || keyed.agent AS agent_key, -- `<source>:<user id>`; null where nobody is named
    keyed.destination_index, -- dialers: which of the target's destinations was dialled, 0 to 4
    keyed.try_count, -- dialers: number of the try at that destination, as the source has it
    keyed.scheduled_at, -- when a scheduled communication is or was to be sent (UTC)
    keyed.outdial_target_id -- dialers: the entry of the list, as in replay.target_outcomes; null elsewhere
FROM keyed
LEFT JOIN core._listed_campaigns AS campaigns
    ON campaigns.campaign_key = keyed.campaign_key
