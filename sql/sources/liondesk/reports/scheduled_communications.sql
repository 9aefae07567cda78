-- One row per LionDesk campaign + type + agent: how many communications are scheduled, overdue, sent by the system, or
-- ticked off by a user.
-- These figures say that something was sent, not that anybody was reached. So they are in no contact rate.
-- The lag is the time from when a communication was to be sent to when it was sent. It is negative if the communication
-- went out early.
-- Key: source, campaign_key, type, agent_key
-- Example: Which communications are overdue?
--   SELECT campaign_key, campaign_name, type, agent_key, overdue, oldest_overdue_at
--   FROM reports.scheduled_communications WHERE overdue > 0
--   ORDER BY oldest_overdue_at, campaign_key, type, agent_key
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
    communications.campaign_key, -- the campaign: `liondesk:<campaign name>`
    communications.campaign_name, -- the campaign's name
    communications.type, -- the communication's type, as the source states it; `none` if it states none
    communications.channel, -- email, phone, text or unknown
    -- the user who ticked it off, else the user in whose name it is sent: `liondesk:<user id>`, or `none`
    communications.agent_key,
    count(*) AS communications, -- all communications [count]
    count(DISTINCT communications.target_key) AS contacts, -- contacts (people) that they are for [count]
    -- communications that are to be sent later [count]
    count(CASE WHEN communications.disposition = 'scheduled' THEN 1 END) AS scheduled,
    -- communications that should have been sent by as-of and were not [count]
    count(CASE WHEN communications.disposition = 'overdue' THEN 1 END) AS overdue,
    -- communications that the system sent [count]
    count(CASE WHEN communications.disposition = 'dispatched' THEN 1 END) AS dispatched,
    -- communications that a user ticked off [count]
    count(CASE WHEN communications.disposition = 'completed_manually' THEN 1 END) AS completed_manually,
    -- communications whose state cannot be told [count]
    count(CASE WHEN communications.disposition = 'unknown' THEN 1 END) AS unknown,
    -- dispatched / communications [share]
    CAST(count(CASE WHEN communications.disposition = 'dispatched' THEN 1 END) AS DOUBLE)
    / count(*) AS share_dispatched,
    -- overdue / communications that are overdue or done (overdue + dispatched + completed_manually) [share]
    CAST(count(CASE WHEN communications.disposition = 'overdue' THEN 1 END) AS DOUBLE) / nullif(
        count(CASE WHEN communications.disposition IN ('overdue', 'dispatched', 'completed_manually') THEN 1 END), 0
    ) AS share_overdue,
    -- median lag of the dispatched communications [seconds]
    median(communications.lag_seconds) AS dispatch_lag_seconds_median,
    avg(communications.lag_seconds) AS dispatch_lag_seconds_mean, -- mean lag of the dispatched communications [seconds]
    -- greatest lag of the dispatched communications [seconds]
    max(communications.lag_seconds) AS dispatch_lag_seconds_max,
    -- when the communication that is longest overdue was to be sent (UTC)
    min(CASE WHEN communications.disposition = 'overdue' THEN communications.scheduled_at END) AS oldest_overdue_at,
    -- when the next scheduled communication is to be sent (UTC)
    min(CASE WHEN communications.disposition = 'scheduled' THEN communications.scheduled_at END) AS next_scheduled_at,
    -- the moment that this row describes (UTC): that of its source, as in core.observed
    max(clock.observed_until) AS as_of
FROM communications
INNER JOIN core.observed AS clock ON clock.source = communications.source
GROUP BY
    communications.source,
    communications.campaign_key,
    communications.campaign_name,
    communications.type,
    communications.channel,
    communications.agent_key
