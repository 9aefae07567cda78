-- One row per campaign whose answered calls were routed to a queue in the last 30 days: how many of them were gone before
-- an agent took them.
-- The share is an upper bound of what regulators call abandoned. The log does not say when a greeting ended, or whether
-- the called party hung up at once, so each call that waited and was gone before service counts. A call is counted once,
-- however often it entered a queue, and not at all if an agent took it in the end.
-- The 30 days end at the dialer's own moment (core.observed). Inbound calls in the same queue are left out.
-- Key: source, campaign_key
-- Example: Which campaigns may have abandoned more than 3 % of their answered calls?
--   SELECT campaign_name, campaign_key, calls_abandoned, calls_queued, abandoned_share, abandoned_share_low,
--   abandoned_share_high FROM reports.abandonment WHERE abandoned_share > 0.03 ORDER BY abandoned_share DESC, campaign_key
WITH stays AS (
    SELECT
        waits.reference_id,
        max(CASE WHEN waits.tm_service IS NOT NULL OR waits.status IN ('service', 'done') THEN 1 ELSE 0 END) AS was_served,
        max(CASE WHEN waits.status = 'abandoned' THEN 1 ELSE 0 END) AS was_abandoned,
        max(waits.duration_waiting) AS waited_ms
    FROM known.voipbin_queuecalls AS waits
    WHERE coalesce(waits.reference_type, 'call') = 'call'
    GROUP BY waits.reference_id
),

queued AS (
    SELECT
        reports.campaign_key('voipbin', CAST(calls.campaign_id AS VARCHAR)) AS campaign_key,
        calls.campaign_id,
        clock.observed_until,
        stays.was_abandoned = 1 AND stays.was_served = 0 AS is_abandoned,
        stays.waited_ms
    FROM known.voipbin_campaigncalls AS calls
    INNER JOIN stays ON stays.reference_id = calls.reference_id
    INNER JOIN core.observed AS clock ON clock.source = 'voipbin'
    LEFT JOIN known.voipbin_calls AS voice ON voice.id = calls.reference_id
    WHERE
        calls.tm_create > clock.observed_until - INTERVAL 30 DAY
        AND calls.tm_create <= clock.observed_until
        AND (voice.id IS NULL OR voice.tm_progressing IS NOT NULL)
),

counted AS (
    SELECT
        campaign_key,
        campaign_id,
        observed_until,
        count(*) AS calls_queued,
        count(CASE WHEN is_abandoned THEN 1 END) AS calls_abandoned,
        avg(CASE WHEN is_abandoned THEN waited_ms / 1000.0e0 END) AS mean_wait_seconds
    FROM queued
    GROUP BY campaign_key, campaign_id, observed_until
)

SELECT
    'voipbin' AS source, -- the source, as in core.sources
    counted.campaign_key, -- `<source>:<native id>`
    -- the campaign's name; its native id if it has no name
    coalesce(campaigns.campaign_name, CAST(counted.campaign_id AS VARCHAR), 'none') AS campaign_name,
    counted.calls_queued, -- answered calls that reached a queue [count]
    -- of these, calls that waited and were gone before an agent took them: an upper bound of the abandoned [count]
    counted.calls_abandoned,
    -- calls_abandoned / calls_queued [share]
    CAST(counted.calls_abandoned AS DOUBLE) / counted.calls_queued AS abandoned_share,
    -- lower end of its interval [share]
    reports.wilson_low(counted.calls_abandoned, counted.calls_queued) AS abandoned_share_low,
    -- upper end of its interval [share]
    reports.wilson_high(counted.calls_abandoned, counted.calls_queued) AS abandoned_share_high,
    -- mean time that the abandoned calls had waited; null without one, and where the platform does not say [seconds]
    counted.mean_wait_seconds,
    counted.observed_until - INTERVAL 30 DAY AS since_at, -- the 30 days begin after this moment (UTC)
    counted.observed_until AS as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM counted
LEFT JOIN core._listed_campaigns AS campaigns ON campaigns.campaign_key = counted.campaign_key
