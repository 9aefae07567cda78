-- One row per contact attempt or scheduled communication, of all sources.
-- Some rows are no real attempt: they were skipped, never placed, scheduled, overdue, or completed by hand. They stay
-- in the table, and their `is_attempt` is false.
-- Two kinds of rows are left out: those that had not begun by the source's own moment (core.observed), except
-- communications that are scheduled for later; and those that the source had withdrawn by then.
-- Key: attempt_key
-- Order: source, campaign_key, attempted_at, attempt_key
-- Each: sources.attempts
-- Incremental: hash(target_key) from sources.attempts
-- Metric: attempts = count(*) FILTER (WHERE is_attempt)
-- Metric: contacts = count(*) FILTER (WHERE is_contact)
-- Metric: unknown_share = avg(CASE WHEN disposition = 'unknown' THEN 1.0 ELSE 0.0 END)
-- Example: Which targets were tried five times or more and never reached?
--   SELECT source, target_key, count(*) AS attempts, max(attempted_at) AS last_attempt_at
--   FROM core.attempts WHERE is_attempt AND measures_contact GROUP BY source, target_key
--   HAVING count(*) >= 5 AND NOT bool_or(is_contact) ORDER BY attempts DESC, target_key
WITH facts AS (
    SELECT
        facts.*,
        clock.country,
        coalesce(facts.began_at, facts.scheduled_at) AS attempted_at,
        CASE WHEN facts.person IS NULL THEN facts.native_id END AS nobody
    FROM sources.attempts AS facts
    INNER JOIN core._cutoff AS clock ON clock.source = facts.source
    WHERE
        coalesce(facts.began_at <= clock.cutoff_at, TRUE)
        AND coalesce(facts.deleted_at > clock.cutoff_at, facts.deleted_at IS NULL)
),

mapped AS (
    SELECT
        facts.*,
        -- A line that maps a value to unknown says that the value decides nothing.
        CASE WHEN mapping.disposition <> 'unknown' THEN mapping.field END AS disposition_basis,
        CASE WHEN mapping.field IS NULL AND facts.mapping_value IS NOT NULL THEN facts.mapping_field END AS unmapped_field,
        CASE WHEN mapping.field IS NULL AND facts.mapping_field IS NOT NULL THEN facts.mapping_value END AS unmapped_value,
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

-- Rows that are no attempt come first. So one sort gives both the number of each attempt and the latest row.
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
        reports.campaign_key(source, CAST(campaign AS VARCHAR)) AS campaign_key,
        source || ':' || coalesce(CAST(person AS VARCHAR), resource || ':' || CAST(native_id AS VARCHAR)) AS target_key
    FROM numbered
)

SELECT
    keyed.attempt_key, -- `<source>:<resource>:<native id>`, unique
    keyed.source, -- the source, as in core.sources
    -- the campaign: `<source>:<native id or name>`; `<source>:none` stands for rows that belong to no campaign, and
    -- `<source>:named none` for a campaign that is really called `none`
    keyed.campaign_key,
    -- the campaign's name in its source; its native id if it has no name
    coalesce(campaigns.campaign_name, CAST(keyed.campaign AS VARCHAR), 'none') AS campaign_name,
    -- the target: `<source>:<native id>`; core.sources says what a target is. A row that names nobody is a target of
    -- its own: `<source>:<resource>:<native id>`
    keyed.target_key,
    keyed.channel, -- phone, door, email, text or unknown
    keyed.direction, -- outbound, inbound or unknown
    -- when the attempt began (UTC); for a communication that is not completed, when it is to be sent
    keyed.attempted_at,
    keyed.ended_at, -- when the attempt ended (UTC); null while it is open, and where the source does not say
    keyed.time_basis AS attempted_at_basis, -- the source's field that attempted_at comes from
    -- 1, 2, 3, … within source + campaign + target: the real attempts in the order of attempted_at, then of
    -- attempt_key; null for rows that are no attempt
    CAST(CASE WHEN keyed.is_attempt THEN keyed.place - keyed.not_tried END AS INTEGER) AS attempt_number,
    -- true for the one row that stands for its target in the campaign: the last real attempt, or the last row if the
    -- target was never really tried
    keyed.is_latest,
    -- unified disposition: how the attempt ended; core.dispositions says which value stands for which
    keyed.disposition,
    keyed.raw_disposition, -- the source's own value
    keyed.disposition_basis, -- the field of the mapping that decided; null if none did: then the disposition is unknown
    -- the field of the value that no line of the mapping names, so that the disposition is unknown; null if one does
    keyed.unmapped_field,
    keyed.unmapped_value, -- that value, in lower case; quality.unmapped_values counts its rows
    keyed.aapor_class, -- the final AAPOR class that this attempt would give its target; null if the row is no outcome
    keyed.is_attempt, -- true for a real attempt: somebody was really tried
    keyed.is_contact, -- true if a person was reached
    -- true if the source can tell whether a person was reached; only such rows enter contact rates
    keyed.measures_contact,
    keyed.is_automated, -- true if a machine did it
    keyed.source || ':' || keyed.agent AS agent_key, -- the agent: `<source>:<user id>`; null if nobody is named
    keyed.destination_index, -- dialers: which destination of the target was dialled, 0 to 4; null elsewhere
    keyed.try_count, -- dialers: number of the try at that destination, as the source states it; null elsewhere
    keyed.scheduled_at, -- when the communication is or was to be sent (UTC); null for other rows
    keyed.outdial_target_id, -- dialers: the entry of the list, as in replay.target_outcomes; null elsewhere
    -- where the attempt went, of an inbound one where it came from: `phone:<number>`, `email:<address>` or
    -- `address:<id>`; null if nobody says where
    reports.point_key(keyed.point_kind, keyed.point_value, keyed.point_id, keyed.country) AS point_key,
    keyed.point_basis, -- the source's field that says where; null if none does
    -- what attempted_at is the time of: dialled, completed (the attempt's end), recorded (somebody wrote it down) or
    -- scheduled
    keyed.timing,
    -- from the answer to the hangup, whoever answered; null if nobody answered, and where the source does not say [seconds]
    keyed.talk_seconds
FROM keyed
LEFT JOIN core._listed_campaigns AS campaigns
    ON campaigns.campaign_key = keyed.campaign_key
