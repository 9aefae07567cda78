-- One row per source + campaign + target: where the target stands, in words that mean the same for every source.
-- The dialer's targets are those of replay.target_outcomes, each in its one campaign. One that is done and was not
-- reached is `closed`, also where its budget is not known (`unresolved`): the curves count it as ended too.
-- The other sources have no state machine. Their target is `reached` for good by its first contact, and `untouched` if
-- nobody was really tried. Else it is `closed` while its last real attempt says bad contact info or do not contact, and
-- `attempted` otherwise.
-- Sources that record what was sent, and not who was reached, are not here.
-- Key: source, campaign_key, target_key
-- Incremental: hash(target_key) from core._targets, replay.target_outcomes
-- Metric: targets = count(*)
-- Example: Where do the targets of each campaign stand?
--   SELECT outcomes.source, campaign_key, campaign_name, outcome, count(*) AS targets
--   FROM replay.contact_outcomes AS outcomes LEFT JOIN core.campaigns USING (campaign_key)
--   GROUP BY ALL ORDER BY campaign_key, outcome
SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`
    target_key, -- the target, as in core.attempts
    -- untouched, attempted (and still open), reached, or closed (will not be tried again)
    CASE
        WHEN contacts > 0 THEN 'reached'
        WHEN attempts = 0 THEN 'untouched'
        WHEN latest_disposition IN ('bad_contact_info', 'do_not_contact') THEN 'closed'
        ELSE 'attempted'
    END AS outcome,
    latest_disposition AS detail, -- the reason in the source's own terms: the dialer's outcome, or the last disposition
    CAST(attempts AS INTEGER) AS attempts, -- real attempts; for the dialer, calls [count]
    first_attempt_at, -- time of the first of them (UTC)
    last_attempt_at, -- time of the last of them (UTC)
    -- time of the first of them that reached the person (UTC); for the dialer, its hangup
    first_contact_at AS reached_at,
    -- dialers: the entry of the list, as in replay.target_outcomes; null elsewhere
    CAST(NULL AS UUID) AS outdial_target_id
FROM core._targets
WHERE measures_contact AND source <> 'voipbin' AND campaign_key <> 'all'
UNION ALL
SELECT
    'voipbin' AS source,
    reports.campaign_key('voipbin', CAST(campaign_id AS VARCHAR)) AS campaign_key,
    'voipbin:' || CAST(outdial_target_id AS VARCHAR) AS target_key,
    CASE
        WHEN outcome = 'reached' THEN 'reached'
        WHEN outcome = 'untouched' THEN 'untouched'
        WHEN status = 'done' OR outcome = 'not_dialable' THEN 'closed'
        ELSE 'attempted'
    END AS outcome,
    outcome AS detail,
    attempts,
    first_attempt_at,
    last_attempt_at,
    reached_at,
    outdial_target_id
FROM replay.target_outcomes
