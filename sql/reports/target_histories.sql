-- One row per source + campaign + target, and per source + target over all campaigns (`campaign_key` all): its history.
-- Every report that counts people reads this table, so that all of them count the same people: a total over campaigns
-- has each target once, with its attempts numbered anew over all campaigns. VoIPBIN's targets are here whether they
-- were dialled or not; the other sources give no list of whom they meant to reach.
-- The name of a VoIPBIN target is its outdialtarget's id and is not kept twice.
-- Key: source, campaign_key, outdial_target_id, target_key
-- Internal: yes
-- Incremental: outdial_target_id from core.targets.outdial_target_id, replay.target_outcomes.outdial_target_id
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id or name>`, or `all`
--   outdial_target_id: VoIPBIN: the outdialtarget; null for the other sources
--   target_key: `<source>:<who was contacted>`; null where `outdial_target_id` says it
--   measures_contact: whether the source can tell that a person was reached
--   is_listed: whether a list of whom the campaign meant to reach has it
--   attempts: real attempts
--   contacts: attempts that reached a person
--   first_attempt_at: first real attempt (UTC)
--   last_attempt_at: last real attempt (UTC)
--   first_contact_at: first attempt that reached a person (UTC)
--   first_contact_number: number of that attempt
--   aapor_class: final class: the most telling of its attempts (I, then P, R, O), else the last attempt's; UH (that of
--     `skipped`) when never tried
--   ended_by: contact; else what keeps the target from further attempts: bad_contact_info or do_not_contact as its last
--     disposition, exhausted (VoIPBIN: no tries left), reached_elsewhere (by another campaign); null while it is open
WITH outcomes AS (
    SELECT
        outdial_target_id, outdial_id, status, outcome,
        status_agreement <> 'no_platform_row' AS has_row
    FROM replay.target_outcomes
),

tried AS (
    SELECT
        targets.source,
        targets.campaign_key,
        targets.outdial_target_id,
        CASE WHEN targets.outdial_target_id IS NULL THEN targets.target_key END AS target_key,
        targets.measures_contact,
        coalesce(outcomes.has_row AND (targets.campaign_key = 'all' OR outdials.outdial_id IS NOT NULL), FALSE)
            AS is_listed,
        targets.attempts,
        targets.contacts,
        targets.first_attempt_at,
        targets.last_attempt_at,
        targets.first_contact_at,
        targets.first_contact_number,
        CASE targets.telling
            WHEN 4 THEN 'I'
            WHEN 3 THEN 'P'
            WHEN 2 THEN 'R'
            WHEN 1 THEN 'O'
            ELSE CASE WHEN targets.attempts > 0 THEN coalesce(targets.latest_class, 'UO') END
        END AS aapor_class,
        CASE
            WHEN targets.first_contact_number IS NOT NULL THEN 'contact'
            WHEN targets.attempts = 0 THEN NULL
            WHEN targets.latest_disposition IN ('bad_contact_info', 'do_not_contact') THEN targets.latest_disposition
            WHEN outcomes.status = 'done' AND outcomes.outcome = 'reached' THEN 'reached_elsewhere'
            WHEN outcomes.status = 'done' THEN 'exhausted'
        END AS ended_by
    FROM core.targets AS targets
    LEFT JOIN outcomes ON outcomes.outdial_target_id = targets.outdial_target_id
    LEFT JOIN reports.campaign_outdials AS outdials
        ON outdials.campaign_key = targets.campaign_key AND outdials.outdial_id = outcomes.outdial_id
),

candidates AS (
    SELECT outdials.campaign_key, outcomes.outdial_target_id
    FROM outcomes
    INNER JOIN reports.campaign_outdials AS outdials ON outdials.outdial_id = outcomes.outdial_id
    WHERE outcomes.has_row
    UNION ALL
    SELECT 'all', outdial_target_id
    FROM outcomes
    WHERE has_row
),

untried AS (
    SELECT candidates.campaign_key, candidates.outdial_target_id
    FROM candidates
    LEFT JOIN core.targets AS targets
        ON
            targets.outdial_target_id = candidates.outdial_target_id
            AND targets.campaign_key = candidates.campaign_key
    WHERE targets.target_key IS NULL
),

united AS (
    SELECT
        source, campaign_key, outdial_target_id, target_key, measures_contact, is_listed, attempts, contacts,
        first_attempt_at, last_attempt_at, first_contact_at, first_contact_number, aapor_class, ended_by
    FROM tried
    UNION ALL
    SELECT
        'voipbin', campaign_key, outdial_target_id, NULL, TRUE, TRUE, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL
    FROM untried
)

SELECT
    united.source,
    united.campaign_key,
    united.outdial_target_id,
    united.target_key,
    united.measures_contact,
    united.is_listed,
    united.attempts,
    united.contacts,
    united.first_attempt_at,
    united.last_attempt_at,
    united.first_contact_at,
    united.first_contact_number,
    coalesce(united.aapor_class, never.aapor_class) AS aapor_class,
    united.ended_by
FROM united
LEFT JOIN core.dispositions AS never
    ON never.source = '*' AND never.field = 'disposition' AND never.value = 'skipped'
