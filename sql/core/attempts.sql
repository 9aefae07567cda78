-- One row per contact attempt or scheduled communication, all sources.
-- What had not begun by the moment of the ledger (core.as_of) is left out, save communications scheduled for later. Rows
-- that the source has withdrawn are left out. Rows that are no attempt (skipped, never placed, scheduled, overdue,
-- completed by hand) are here and say so.
-- Key: attempt_key
-- Order: source, campaign_key, attempted_at, attempt_key
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
        facts.source || ':' || facts.resource || ':' || facts.native_id AS attempt_key,
        facts.source || ':' || coalesce(facts.campaign, 'none') AS campaign_key,
        facts.source || ':' || coalesce(facts.person, facts.resource || ':' || facts.native_id) AS target_key,
        coalesce(facts.began_at, facts.scheduled_at) AS attempted_at
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

-- Rows that are no attempt come first, so that one sort gives both the number of each attempt and the last row. Two
-- hashes stand for target and campaign, because numbers sort faster than text: two targets would meet only if both
-- hashes, 128 bits in all, did.
numbered AS (
    SELECT
        mapped.*,
        row_number() OVER in_order AS place,
        sum(CASE WHEN is_attempt THEN 0 ELSE 1 END) OVER in_order AS not_tried,
        lead(is_attempt) OVER in_order IS NULL AS is_latest
    FROM mapped
    WINDOW in_order AS (
        PARTITION BY hash(target_key), hash(campaign_key || ' ' || target_key)
        ORDER BY is_attempt ASC, attempted_at ASC NULLS LAST, attempt_key ASC
    )
)

SELECT
    numbered.attempt_key, -- `<source>:<resource>:<native id>`, unique
    numbered.source, -- the system, as in core.sources
    numbered.campaign_key, -- `<source>:<native id or name>`; `<source>:none` for what belongs to no campaign
    -- what the source calls the campaign
    coalesce(
        campaigns.campaign_name, substring(numbered.campaign_key, length(numbered.source) + 2)
    ) AS campaign_name,
    -- `<source>:<who was contacted>`, as core.sources says. A row that names nobody is a target of its own,
    -- `<source>:<resource>:<native id>`
    numbered.target_key,
    numbered.channel, -- phone, door, email, text or unknown
    numbered.direction, -- outbound, inbound or unknown
    numbered.attempted_at, -- when the attempt began, or when a communication is or was to be sent (UTC)
    numbered.ended_at, -- when it ended (UTC); null while open, and where the source does not tell
    numbered.time_basis AS attempted_at_basis, -- the source column that attempted_at came from
    -- 1.. within source + campaign + target over real attempts, by attempted_at, then attempt_key; null for rows that
    -- are no attempt
    CAST(CASE WHEN numbered.is_attempt THEN numbered.place - numbered.not_tried END AS INTEGER) AS attempt_number,
    -- whether the row stands for its target in the campaign: its last real attempt, or its last row when it was never
    -- really tried
    numbered.is_latest,
    numbered.disposition, -- unified disposition; core.dispositions tells where each comes from
    numbered.raw_disposition, -- the source's own value
    numbered.disposition_basis, -- the mapping's field that decided; null when none did
    -- final class this attempt would give its target in AAPOR's terms; null where a row is no outcome
    numbered.aapor_class,
    numbered.is_attempt, -- whether somebody was really tried
    numbered.is_contact, -- whether a person was reached
    -- whether the source can tell that a person was reached; only such rows enter contact rates
    numbered.measures_contact,
    numbered.is_automated, -- whether a machine did it
    numbered.source || ':' || numbered.agent AS agent_key, -- `<source>:<user id>`; null where nobody is named
    numbered.destination_index, -- dialers: which of the target's destinations was dialled, 0 to 4
    numbered.try_count, -- dialers: number of the try at that destination, as the source has it
    numbered.scheduled_at, -- when a scheduled communication is or was to be sent (UTC)
    numbered.outdial_target_id -- dialers: the entry of the list, as in replay.target_outcomes; null elsewhere
FROM numbered
LEFT JOIN core._listed_campaigns AS campaigns
    ON campaigns.source = numbered.source AND campaigns.campaign_key = numbered.campaign_key
