-- One row per day + source + campaign: the main figures as they were published on that day, so that changes of the past
-- are seen.
-- A source that withdraws, corrects or adds rows changes the figures of past days. What was published on a day stays
-- here as it was. If a day had several publications, the last one counts. The setting CONTACT_LEDGER_HISTORY_DAYS says
-- for how long days are kept.
-- Key: published_on, source, campaign_key
-- Example: What has changed in each campaign's figures since they were published the time before?
--   SELECT published_on, source, campaign_key, campaign_name, attempts, contacts,
--   attempts - lag(attempts) OVER days AS more_attempts, contacts - lag(contacts) OVER days AS more_contacts
--   FROM reports.campaign_daily_snapshot
--   WINDOW days AS (PARTITION BY source, campaign_key ORDER BY published_on)
--   ORDER BY campaign_key, published_on
WITH latest AS (
    SELECT max(number) AS number FROM landing.runs
),

-- The run that builds this table counts as published, because whoever reads the table reads what this run has
-- published.
publications AS (
    SELECT runs.number, runs.day
    FROM landing.runs AS runs
    INNER JOIN latest ON runs.number = latest.number OR runs.published
),

last_of_day AS (
    SELECT day, max(number) AS number
    FROM publications
    GROUP BY day
),

figures AS (
    SELECT
        kept.number, kept.source, kept.campaign_key, kept.campaign_name, kept.targets, kept.targets_attempted,
        kept.targets_contacted, kept.attempts, kept.contacts, kept.contact_rate_per_attempt,
        kept.contact_rate_per_attempt_low, kept.contact_rate_per_attempt_high, kept.contact_rate_per_target,
        kept.contact_rate_per_target_low, kept.contact_rate_per_target_high, kept.as_of
    FROM landing.daily_figures AS kept
    INNER JOIN latest ON kept.number < latest.number
    UNION ALL
    SELECT
        latest.number, own.source, own.campaign_key, own.campaign_name, own.targets, own.targets_attempted,
        own.targets_contacted, own.attempts, own.contacts, own.contact_rate_per_attempt,
        own.contact_rate_per_attempt_low, own.contact_rate_per_attempt_high, own.contact_rate_per_target,
        own.contact_rate_per_target_low, own.contact_rate_per_target_high, own.as_of
    FROM reports.campaign_contact_rates AS own
    CROSS JOIN latest
)

SELECT
    last_of_day.day AS published_on, -- day of the run that published the figures, in the reporting time zone
    figures.source, -- the source, as in core.sources
    -- the campaign: `<source>:<native id>`; `<source>:none` stands for attempts that belong to no campaign
    figures.campaign_key,
    figures.campaign_name, -- the campaign's name in its source on that day
    figures.targets, -- targets that the campaign means to reach [count]
    figures.targets_attempted, -- targets with at least one real attempt [count]
    figures.targets_contacted, -- targets reached at least once [count]
    figures.attempts, -- real attempts [count]
    figures.contacts, -- attempts that reached a person [count]
    figures.contact_rate_per_attempt, -- contacts / attempts [share]
    figures.contact_rate_per_attempt_low, -- lower end of its 95 % interval [share]
    figures.contact_rate_per_attempt_high, -- upper end of its 95 % interval [share]
    figures.contact_rate_per_target, -- targets_contacted / targets_attempted [share]
    figures.contact_rate_per_target_low, -- lower end of its 95 % interval [share]
    figures.contact_rate_per_target_high, -- upper end of its 95 % interval [share]
    figures.as_of -- as-of: the moment that the figures describe (UTC)
FROM figures
INNER JOIN last_of_day ON last_of_day.number = figures.number
