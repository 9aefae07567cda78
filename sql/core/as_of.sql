-- One row: the moment that the replay and the reports speak of, and the settings that say how.
-- The moment is the setting CONTACT_LEDGER_AS_OF, or else the latest thing that happened in the input: a call, an
-- attempt, a completion, a row's creation, update or deletion, in any table. Dimension rows count too: a campaign that
-- was stopped after its last call tells that the log was still being kept then. So, by default, nothing in the input
-- lies after the moment. What does not count: a time something is scheduled for (`send_at`), a sentinel (the raw tables
-- hold none), and a copy's own deletion marker, which tells when the copy noticed.
-- Without any input the moment is null.
-- Key: timezone
-- Columns:
--   as_of: the moment (UTC); null when nothing has happened and none was set
--   as_of_basis: the setting, or the raw table and column it came from
--   latest_at: the latest thing that happened in the input (UTC), whatever the setting; null without any input
--   timezone: IANA zone in which days, weekdays and hours are reported
--   stuck_after_ms: a call open for longer than this is stuck (milliseconds)
--   clock_tolerance_ms: how far two services' clocks may differ (milliseconds)
WITH happened AS (
    SELECT max(created_at) AS moment, 'action_builder_contact_attempts.created_at' AS basis
    FROM raw.action_builder_contact_attempts
    UNION ALL
    SELECT max(updated_at), 'action_builder_contact_attempts.updated_at' FROM raw.action_builder_contact_attempts
    UNION ALL
    SELECT max(greatest(created_at, coalesce(updated_at, created_at))), 'action_builder_campaigns.updated_at'
    FROM raw.action_builder_campaigns
    UNION ALL
    SELECT max(greatest(created_at, coalesce(updated_at, created_at))), 'action_builder_actions.updated_at'
    FROM raw.action_builder_actions
    UNION ALL
    SELECT max(tm_create), 'voipbin_campaigncalls.tm_create' FROM raw.voipbin_campaigncalls
    UNION ALL
    SELECT max(tm_update), 'voipbin_campaigncalls.tm_update' FROM raw.voipbin_campaigncalls
    UNION ALL
    SELECT max(tm_delete), 'voipbin_campaigncalls.tm_delete' FROM raw.voipbin_campaigncalls
    UNION ALL
    SELECT max(tm_create), 'voipbin_outdialtargets.tm_create' FROM raw.voipbin_outdialtargets
    UNION ALL
    SELECT max(tm_update), 'voipbin_outdialtargets.tm_update' FROM raw.voipbin_outdialtargets
    UNION ALL
    SELECT max(tm_delete), 'voipbin_outdialtargets.tm_delete' FROM raw.voipbin_outdialtargets
    UNION ALL
    SELECT max(tm_create), 'voipbin_outplans.tm_create' FROM raw.voipbin_outplans
    UNION ALL
    SELECT max(tm_update), 'voipbin_outplans.tm_update' FROM raw.voipbin_outplans
    UNION ALL
    SELECT max(tm_delete), 'voipbin_outplans.tm_delete' FROM raw.voipbin_outplans
    UNION ALL
    SELECT max(tm_create), 'voipbin_campaigns.tm_create' FROM raw.voipbin_campaigns
    UNION ALL
    SELECT max(tm_update), 'voipbin_campaigns.tm_update' FROM raw.voipbin_campaigns
    UNION ALL
    SELECT max(tm_delete), 'voipbin_campaigns.tm_delete' FROM raw.voipbin_campaigns
    UNION ALL
    SELECT max(dialed_at), 'outreach_calls.dialed_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(answered_at), 'outreach_calls.answered_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(completed_at), 'outreach_calls.completed_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(returned_at), 'outreach_calls.returned_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(state_changed_at), 'outreach_calls.state_changed_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(created_at), 'outreach_calls.created_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(updated_at), 'outreach_calls.updated_at' FROM raw.outreach_calls
    UNION ALL
    SELECT max(greatest(created_at, coalesce(updated_at, created_at))), 'outreach_call_dispositions.updated_at'
    FROM raw.outreach_call_dispositions
    UNION ALL
    SELECT max(greatest(created_at, coalesce(updated_at, created_at))), 'outreach_sequences.updated_at'
    FROM raw.outreach_sequences
    UNION ALL
    SELECT max(completed_at), 'liondesk_contact_communications.completed_at'
    FROM raw.liondesk_contact_communications
),

latest AS (
    SELECT moment, basis, row_number() OVER (ORDER BY moment DESC NULLS LAST, basis ASC) AS place
    FROM happened
)

SELECT
    coalesce(settings.as_of, latest.moment) AS as_of,
    CASE
        WHEN settings.as_of IS NOT NULL THEN 'CONTACT_LEDGER_AS_OF'
        WHEN latest.moment IS NOT NULL THEN 'raw.' || latest.basis
        ELSE 'nothing has happened'
    END AS as_of_basis,
    latest.moment AS latest_at,
    settings.timezone,
    settings.stuck_after_ms,
    settings.clock_tolerance_ms
FROM landing.settings AS settings
CROSS JOIN latest
WHERE latest.place = 1
