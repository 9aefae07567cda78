-- One row per day + source + campaign: the headline figures as they were published that day, so that a changed past is
-- seen. A source that withdraws, mends or adds rows changes the figures of days gone by; what was said on a day stays
-- here as it was said. Of several publications of a day the last counts. Days are kept as long as the setting
-- CONTACT_LEDGER_HISTORY_DAYS says.
-- Key: published_on, source, campaign_key
-- Example: Has the past changed?
--   SELECT published_on, sum(contacts) AS contacts FROM reports.campaign_daily_snapshot GROUP BY published_on
--   ORDER BY published_on
WITH latest AS (
    SELECT max(number) AS number FROM landing.runs
),

-- The run that builds this table counts as published: who reads of it reads what it has published.
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
    last_of_day.day AS published_on, -- the day, in the reporting zone, of the run that published the figures
    figures.source, -- the system
    figures.campaign_key, -- `<source>:<native id>`; `<source>:none` for what belongs to no campaign
    figures.campaign_name, -- what the source called the campaign then
    figures.targets, -- whom the campaign means to reach [count]
    figures.targets_attempted, -- targets with at least one real attempt [count]
    figures.targets_contacted, -- targets reached at least once [count]
    figures.attempts, -- real attempts [count]
    figures.contacts, -- attempts that reached a person [count]
    figures.contact_rate_per_attempt, -- contacts / attempts [share]
    figures.contact_rate_per_attempt_low, -- lower end of its 95 % interval [share]
    figures.contact_rate_per_attempt_high, -- upper end [share]
    figures.contact_rate_per_target, -- targets_contacted / targets_attempted [share]
    figures.contact_rate_per_target_low, -- lower end of its 95 % interval [share]
    figures.contact_rate_per_target_high, -- upper end [share]
    figures.as_of -- the moment the figures spoke of (UTC)
FROM figures
INNER JOIN last_of_day ON last_of_day.number = figures.number
