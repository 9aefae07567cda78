-- One row per contact attempt or scheduled communication, all sources.
-- What had not begun by the moment of the ledger (core.as_of) is left out, save communications scheduled for later.
-- Rows that are no attempt (skipped, never placed, scheduled, overdue, completed by hand) are here and say so.
-- Key: attempt_key
-- Order: source, campaign_key, attempted_at, attempt_key
-- Incremental: outdial_target_id from core.attempts_voipbin.outdial_target_id,
--   core.attempts_action_builder.outdial_target_id, core.attempts_outreach.outdial_target_id,
--   core.attempts_liondesk.outdial_target_id
-- Metric: attempts = count(*) FILTER (WHERE is_attempt)
-- Metric: contacts = count(*) FILTER (WHERE is_contact)
-- Metric: unknown_share = avg(CASE WHEN disposition = 'unknown' THEN 1.0 ELSE 0.0 END)
-- Columns:
--   attempt_key: `<source>:<resource>:<native id>`, unique
--   source: the system: action_builder, voipbin, outreach or liondesk
--   campaign_key: `<source>:<native id or name>`; `<source>:none` for what belongs to no campaign
--   campaign_name: what the source calls the campaign
--   target_key: `<source>:<who was contacted>`: entity, outdialtarget, prospect or contact. A row that names nobody is
--     a target of its own, `<source>:<resource>:<native id>`
--   channel: phone, door, email, text or unknown
--   direction: outbound, inbound or unknown
--   attempted_at: when the attempt began, or when a communication is or was to be sent (UTC)
--   ended_at: when it ended (UTC); null while open, and where the source does not tell
--   attempted_at_basis: the source column that attempted_at came from
--   attempt_number: 1.. within source + campaign + target over real attempts, by attempted_at, then attempt_key; null
--     for rows that are no attempt
--   is_latest: whether the row stands for its target in the campaign: its last real attempt, or its last row when it
--     was never really tried
--   disposition: unified disposition; core.dispositions tells where each comes from
--   raw_disposition: the source's own value
--   disposition_basis: the mapping's field that decided; null when none did
--   aapor_class: final class this attempt would give its target in AAPOR's terms; null where a row is no outcome
--   is_attempt: whether somebody was really tried
--   is_contact: whether a person was reached
--   measures_contact: whether the source can tell that a person was reached; only such rows enter contact rates
--   is_automated: whether a machine did it
--   agent_key: `<source>:<user id>`; null where nobody is named
--   destination_index: VoIPBIN: which of the target's destinations was dialled, 0 to 4
--   try_count: VoIPBIN: number of the try at that destination, as the source has it
--   scheduled_at: LionDesk: when the communication is or was to be sent (UTC)
--   outdial_target_id: VoIPBIN: the outdialtarget, as in replay.target_outcomes; null for the other sources
WITH united AS (
    SELECT
        attempt_key, source, campaign_key, target_key, channel, direction, attempted_at, ended_at,
        attempted_at_basis, attempt_number, is_latest, disposition, raw_disposition, disposition_basis,
        aapor_class, is_attempt, is_contact, measures_contact, is_automated, agent_key, destination_index,
        try_count, scheduled_at, outdial_target_id
    FROM core.attempts_action_builder
    UNION ALL
    SELECT
        'voipbin:campaigncalls:' || CAST(campaigncall_id AS VARCHAR) AS attempt_key,
        'voipbin' AS source,
        'voipbin:' || coalesce(CAST(campaign_id AS VARCHAR), 'none') AS campaign_key,
        CASE
            WHEN outdial_target_id IS NULL THEN 'voipbin:campaigncalls:' || CAST(campaigncall_id AS VARCHAR)
            ELSE 'voipbin:' || CAST(outdial_target_id AS VARCHAR)
        END AS target_key,
        channel,
        'outbound' AS direction,
        attempted_at,
        ended_at,
        'tm_create' AS attempted_at_basis,
        attempt_number,
        is_latest,
        disposition,
        raw_disposition,
        disposition_basis,
        aapor_class,
        is_attempt,
        is_contact,
        TRUE AS measures_contact,
        TRUE AS is_automated,
        CAST(NULL AS VARCHAR) AS agent_key,
        destination_index,
        try_count,
        CAST(NULL AS TIMESTAMP) AS scheduled_at,
        outdial_target_id
    FROM core.attempts_voipbin
    UNION ALL
    SELECT
        attempt_key, source, campaign_key, target_key, channel, direction, attempted_at, ended_at,
        attempted_at_basis, attempt_number, is_latest, disposition, raw_disposition, disposition_basis,
        aapor_class, is_attempt, is_contact, measures_contact, is_automated, agent_key, destination_index,
        try_count, scheduled_at, outdial_target_id
    FROM core.attempts_outreach
    UNION ALL
    SELECT
        attempt_key, source, campaign_key, target_key, channel, direction, attempted_at, ended_at,
        attempted_at_basis, attempt_number, is_latest, disposition, raw_disposition, disposition_basis,
        aapor_class, is_attempt, is_contact, measures_contact, is_automated, agent_key, destination_index,
        try_count, scheduled_at, outdial_target_id
    FROM core.attempts_liondesk
)

SELECT
    united.attempt_key,
    united.source,
    united.campaign_key,
    campaigns.campaign_name,
    united.target_key,
    united.channel,
    united.direction,
    united.attempted_at,
    united.ended_at,
    united.attempted_at_basis,
    united.attempt_number,
    united.is_latest,
    united.disposition,
    united.raw_disposition,
    united.disposition_basis,
    united.aapor_class,
    united.is_attempt,
    united.is_contact,
    united.measures_contact,
    united.is_automated,
    united.agent_key,
    united.destination_index,
    united.try_count,
    united.scheduled_at,
    united.outdial_target_id
FROM united
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = united.source AND campaigns.campaign_key = united.campaign_key
