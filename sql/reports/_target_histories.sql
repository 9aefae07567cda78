-- One row per source + campaign + target, and per source + target over all campaigns (`campaign_key` all): its history.
-- Every report that counts people reads this table, so that all of them count the same people: a total over campaigns
-- has each target once, with its attempts numbered anew over all campaigns. Targets that a source's list names are here
-- whether they were tried or not; a source without lists shows only whom it tried.
-- Key: source, campaign_key, target_key
-- Incremental: hash(target_key) from core._targets, sources.targets
WITH listed AS (
    SELECT
        source,
        source || ':' || person AS target_key,
        CASE WHEN campaign = 'all' THEN 'all' ELSE source || ':' || campaign END AS campaign_key,
        is_listed,
        ended_by
    FROM sources.targets
),

tried AS (
    SELECT
        targets.source,
        targets.campaign_key,
        targets.target_key,
        targets.measures_contact,
        coalesce(listed.is_listed, FALSE) AS is_listed,
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
            ELSE ends.ended_by
        END AS ended_by
    FROM core._targets AS targets
    LEFT JOIN listed ON listed.target_key = targets.target_key AND listed.campaign_key = targets.campaign_key
    LEFT JOIN listed AS ends ON ends.target_key = targets.target_key AND ends.campaign_key = 'all'
),

untried AS (
    SELECT listed.source, listed.campaign_key, listed.target_key
    FROM listed
    LEFT JOIN core._targets AS targets
        ON targets.target_key = listed.target_key AND targets.campaign_key = listed.campaign_key
    WHERE listed.is_listed AND targets.target_key IS NULL
),

united AS (
    SELECT
        source, campaign_key, target_key, measures_contact, is_listed, attempts, contacts,
        first_attempt_at, last_attempt_at, first_contact_at, first_contact_number, aapor_class, ended_by
    FROM tried
    UNION ALL
    SELECT
        untried.source, untried.campaign_key, untried.target_key, sources.measures_contact, TRUE, 0, 0,
        NULL, NULL, NULL, NULL, NULL, NULL
    FROM untried
    INNER JOIN core.sources AS sources ON sources.source = untried.source
)

SELECT
    united.source, -- the system
    united.campaign_key, -- `<source>:<native id or name>`, or `all`
    united.target_key, -- `<source>:<who was contacted>`
    united.measures_contact, -- whether the source can tell that a person was reached
    united.is_listed, -- whether a list of whom the campaign meant to reach has it
    united.attempts, -- real attempts [count]
    united.contacts, -- attempts that reached a person [count]
    united.first_attempt_at, -- first real attempt (UTC)
    united.last_attempt_at, -- last real attempt (UTC)
    united.first_contact_at, -- first attempt that reached a person (UTC)
    united.first_contact_number, -- number of that attempt
    -- final class: the most telling of its attempts (I, then P, R, O), else the last attempt's; UH (that of `skipped`)
    -- when never tried
    coalesce(united.aapor_class, never.aapor_class) AS aapor_class,
    -- contact; else what keeps the target from further attempts: bad_contact_info or do_not_contact as its last
    -- disposition, or what its source tells: exhausted (no tries left), reached_elsewhere (by another campaign); null
    -- while it is open
    united.ended_by
FROM united
LEFT JOIN core.dispositions AS never
    ON never.source = '*' AND never.field = 'disposition' AND never.value = 'skipped'
