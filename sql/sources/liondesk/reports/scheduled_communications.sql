-- One row per LionDesk campaign + type + agent: what is scheduled, overdue, sent by the system, ticked off by a user.
-- These say that something was sent, not that anybody was reached: they are in no contact rate.
-- Lag: from the time a communication was to be sent to the time it was; negative when it went out early.
-- Key: source, campaign_key, type, agent_key
-- Example: What should have gone out and did not?
--   SELECT campaign_name, overdue, oldest_overdue_at FROM reports.scheduled_communications WHERE overdue > 0
WITH communications AS (
    SELECT
        attempts.source,
        attempts.campaign_key,
        attempts.campaign_name,
        coalesce(rows.type, 'none') AS type,
        attempts.channel,
        coalesce(attempts.agent_key, 'none') AS agent_key,
        attempts.target_key,
        attempts.disposition,
        attempts.scheduled_at,
        CASE
            WHEN attempts.disposition = 'dispatched'
                THEN date_diff('microsecond', attempts.scheduled_at, attempts.ended_at) / 1e6
        END AS lag_seconds
    FROM core.attempts AS attempts
    LEFT JOIN raw.liondesk_contact_communications AS rows
        ON attempts.attempt_key = 'liondesk:contact_communications:' || rows.communication_key
    WHERE attempts.source = 'liondesk'
)

SELECT
    communications.source, -- liondesk
    communications.campaign_key, -- `liondesk:<campaign name>`
    communications.campaign_name, -- the campaign's name
    communications.type, -- the communication's type, as the source has it
    communications.channel, -- email, phone, text or unknown
    communications.agent_key, -- who ticked it off, else in whose name it is sent: `liondesk:<user id>`, or `none`
    count(*) AS communications, -- all of them [count]
    count(DISTINCT communications.target_key) AS contacts, -- contacts they are for [count]
    count(CASE WHEN communications.disposition = 'scheduled' THEN 1 END) AS scheduled, -- to be sent later [count]
    -- should have been sent by now [count]
    count(CASE WHEN communications.disposition = 'overdue' THEN 1 END) AS overdue,
    count(CASE WHEN communications.disposition = 'dispatched' THEN 1 END) AS dispatched, -- sent by the system [count]
    -- ticked off by a user [count]
    count(CASE WHEN communications.disposition = 'completed_manually' THEN 1 END) AS completed_manually,
    -- none of these can be told [count]
    count(CASE WHEN communications.disposition = 'unknown' THEN 1 END) AS unknown,
    -- dispatched / communications [share]
    CAST(count(CASE WHEN communications.disposition = 'dispatched' THEN 1 END) AS DOUBLE)
    / count(*) AS share_dispatched,
    -- overdue / communications that were due by now [share]
    CAST(count(CASE WHEN communications.disposition = 'overdue' THEN 1 END) AS DOUBLE) / nullif(
        count(CASE WHEN communications.disposition IN ('overdue', 'dispatched', 'completed_manually') THEN 1 END), 0
    ) AS share_overdue,
    median(communications.lag_seconds) AS dispatch_lag_seconds_median, -- median lag of the dispatched [seconds]
    avg(communications.lag_seconds) AS dispatch_lag_seconds_mean, -- mean lag of the dispatched [seconds]
    max(communications.lag_seconds) AS dispatch_lag_seconds_max, -- greatest lag of the dispatched [seconds]
    -- when the longest overdue one should have been sent (UTC)
    min(CASE WHEN communications.disposition = 'overdue' THEN communications.scheduled_at END) AS oldest_overdue_at,
    -- when the next one is to be sent (UTC)
    min(CASE WHEN communications.disposition = 'scheduled' THEN communications.scheduled_at END) AS next_scheduled_at,
    max(clock.as_of) AS as_of -- the moment all this speaks of (UTC)
FROM communications
CROSS JOIN core.as_of AS clock
GROUP BY
    communications.source,
    communications.campaign_key,
    communications.campaign_name,
    communications.type,
    communications.channel,
    communications.agent_key
