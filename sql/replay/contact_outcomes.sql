-- One row per source + campaign + target: where it stands, in words that mean the same whatever the source.
-- The dialer's targets are those of replay.target_outcomes, each in its one campaign. The other sources have no state
-- machine: there a target is reached for good by its first contact; else closed while its last real attempt says bad
-- contact info or do not contact; else attempted; and untouched when nobody was really tried. Sources that tell of
-- sending, not of reaching, are not here.
-- Key: source, campaign_key, target_key
-- Incremental: hash(target_key) from core._targets, replay.target_outcomes
-- Metric: targets = count(*)
-- Example: How many targets are still open in each campaign?
--   SELECT campaign_key, outcome, count(*) FROM replay.contact_outcomes GROUP BY ALL
SELECT
    source, -- the system
    campaign_key, -- `<source>:<native id or name>`
    target_key, -- `<source>:<who was contacted>`
    -- untouched, attempted (and still open), reached or closed (will not be tried again)
    CASE
        WHEN contacts > 0 THEN 'reached'
        WHEN attempts = 0 THEN 'untouched'
        WHEN latest_disposition IN ('bad_contact_info', 'do_not_contact') THEN 'closed'
        ELSE 'attempted'
    END AS outcome,
    latest_disposition AS detail, -- why, in the source's terms: the dialer's outcome, or the last disposition
    CAST(attempts AS INTEGER) AS attempts, -- real attempts; of the dialer: calls [count]
    first_attempt_at, -- the first of them (UTC)
    last_attempt_at, -- the last of them (UTC)
    first_contact_at AS reached_at, -- the first that reached the person (UTC); of the dialer: its hangup
    CAST(NULL AS UUID) AS outdial_target_id -- dialers: the entry of the list; null elsewhere
FROM core._targets
WHERE measures_contact AND source <> 'voipbin' AND campaign_key <> 'all'
UNION ALL
SELECT
    'voipbin' AS source,
    'voipbin:' || coalesce(CAST(campaign_id AS VARCHAR), 'none') AS campaign_key,
    'voipbin:' || CAST(outdial_target_id AS VARCHAR) AS target_key,
    CASE
        WHEN outcome = 'reached' THEN 'reached'
        WHEN outcome = 'untouched' THEN 'untouched'
        WHEN outcome IN ('exhausted', 'not_dialable') THEN 'closed'
        ELSE 'attempted'
    END AS outcome,
    outcome AS detail,
    attempts,
    first_attempt_at,
    last_attempt_at,
    reached_at,
    outdial_target_id
FROM replay.target_outcomes
