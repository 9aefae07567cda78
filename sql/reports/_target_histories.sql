-- One row per source + campaign + target, and one per source + target over all campaigns (`campaign_key` is `all`): the
-- history of the target.
-- Every report that counts targets reads this table, so all of them count the same targets. A total over campaigns has
-- each target once, with its attempts numbered again over all campaigns.
-- Targets that a source's list names are here, whether they were tried or not. A source without lists shows only the
-- targets that it tried.
-- Key: source, campaign_key, target_key
-- Incremental: hash(target_key) from core._targets, core._attempts_in_flight, sources.targets
WITH listed AS (
    SELECT
        source,
        source || ':' || CAST(person AS VARCHAR) AS target_key,
        CASE WHEN campaign IS NULL THEN 'all' ELSE reports.campaign_key(source, CAST(campaign AS VARCHAR)) END AS campaign_key,
        is_listed,
        ended_by,
        coalesce(is_deleted, FALSE) AS is_deleted
    FROM sources.targets
),

-- From the first of these attempts on, nobody knows what the attempts on the target gave.
in_flight AS (
    SELECT
        campaign_key,
        target_key,
        min(attempt_number) - 1 AS attempts_ended,
        min(attempted_at) AS in_flight_since
    FROM core._attempts_in_flight
    WHERE overtaken_at IS NULL
    GROUP BY campaign_key, target_key
),

-- Targets that were tried, with what the lists say of them; and targets that a list names and nobody tried.
joined AS (
    SELECT
        coalesce(targets.source, listed.source) AS source,
        coalesce(targets.campaign_key, listed.campaign_key) AS campaign_key,
        coalesce(targets.target_key, listed.target_key) AS target_key,
        coalesce(targets.measures_contact, sources.measures_contact) AS measures_contact,
        coalesce(listed.is_listed, FALSE) AS is_listed,
        coalesce(targets.attempts, 0) AS attempts,
        coalesce(targets.contacts, 0) AS contacts,
        targets.first_attempt_at,
        targets.last_attempt_at,
        targets.first_contact_at,
        targets.first_contact_number,
        targets.latest_disposition,
        targets.latest_class,
        coalesce(targets.telling, 0) AS telling,
        coalesce(listed.ended_by, ends.ended_by) AS ended_by,
        coalesce(listed.is_deleted, ends.is_deleted, FALSE) AS is_deleted
    FROM core._targets AS targets
    FULL OUTER JOIN listed ON listed.target_key = targets.target_key AND listed.campaign_key = targets.campaign_key
    -- A target that the campaign tried, but that is not on its lists, has the end that it has over all campaigns.
    LEFT JOIN listed AS ends
        ON
            ends.campaign_key = 'all'
            AND ends.target_key = CASE WHEN listed.target_key IS NULL THEN targets.target_key END
    LEFT JOIN core.sources AS sources ON sources.source = listed.source
    WHERE targets.target_key IS NOT NULL OR listed.is_listed
),

united AS (
    SELECT
        joined.*,
        CASE telling
            WHEN 4 THEN 'I'
            WHEN 3 THEN 'P'
            WHEN 2 THEN 'R'
            WHEN 1 THEN 'O'
            ELSE CASE WHEN attempts > 0 THEN coalesce(latest_class, 'UO') END
        END AS class_by_attempts,
        CASE
            WHEN first_contact_number IS NOT NULL THEN 'contact'
            WHEN attempts = 0 THEN NULL
            WHEN latest_disposition IN ('bad_contact_info', 'do_not_contact') THEN latest_disposition
            ELSE ended_by
        END AS ended
    FROM joined
)

SELECT
    united.source, -- the source, as in core.sources
    united.campaign_key, -- the campaign: `<source>:<native id or name>`, or `all`
    united.target_key, -- the target, as in core.attempts
    united.measures_contact, -- true if the source can tell whether a person was reached
    united.is_listed, -- true if a list says that the campaign meant to reach the target
    united.attempts, -- real attempts [count]
    united.contacts, -- attempts that reached a person [count]
    united.first_attempt_at, -- time of the first real attempt (UTC)
    united.last_attempt_at, -- time of the last real attempt (UTC)
    united.first_contact_at, -- time of the first attempt that reached a person (UTC)
    united.first_contact_number, -- number of the first attempt that reached a person; null without one
    -- final AAPOR class: that of the most telling attempt (I, then P, R, O), else that of the last attempt; UH (the
    -- class of `skipped`) if the target was never tried
    coalesce(united.class_by_attempts, never.aapor_class) AS aapor_class,
    -- `contact`, or what keeps the target from further attempts: bad_contact_info or do_not_contact if its last
    -- disposition says so, else what its source says: exhausted (no tries left) or reached_elsewhere (by another
    -- campaign); null while it is open
    united.ended AS ended_by,
    united.is_deleted, -- true if the source had deleted the target by the moment that the ledger speaks of
    -- number of the last attempt that has ended; as `attempts`, unless attempts after it are in flight and none of them
    -- follows a contact [count]
    coalesce(in_flight.attempts_ended, united.attempts) AS attempts_ended,
    in_flight.in_flight_since -- when the first attempt after that one began (UTC); null if none is in flight
FROM united
LEFT JOIN in_flight
    ON in_flight.campaign_key = united.campaign_key AND in_flight.target_key = united.target_key
LEFT JOIN core.dispositions AS never
    ON never.source = '*' AND never.field = 'disposition' AND never.value = 'skipped'
