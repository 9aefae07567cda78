-- One row per VoIPBIN campaign, and one for all its targets (`campaign_key` all): what is left to do, what is under way
-- and what is used up. The outcomes are those of replay.target_outcomes and sum to `targets`.
-- A target that several campaigns share is in each of them, and once in `all`. The other sources give no list of whom
-- they mean to reach and no budget of tries: they have no inventory. The yield of each destination index stands in
-- reports.contact_rates_by.
-- Key: campaign_key
-- Columns:
--   source: voipbin
--   campaign_key: `voipbin:<campaign id>`, or `all`
--   campaign_name: what the source calls the campaign; null for `all`
--   targets: targets of the campaign's outdial, and whom else it dialled
--   attempted: targets with at least one call that was placed
--   reached: some call ended in success
--   untouched: not called yet, tries left
--   in_flight: a call is open
--   stuck: a call has been open for too long
--   retry_due: tries left, and the interval is over
--   retry_waiting: tries left, the interval is not over
--   stranded: tries left, the campaign is not running
--   exhausted: no tries left
--   not_dialable: no destination could ever be dialled
--   unresolved: called, and no outplan is known
--   deleted: targets deleted by now, whatever their outcome
--   penetration: attempted / targets (0..1)
--   attempts: real attempts
--   saturation: attempts / targets
--   remaining_tries: tries left of targets still in play: untouched, open or waiting for a retry, and not deleted; a
--     target whose outplan is not known adds none
--   remaining_tries_untouched: of them, those of untouched targets
--   stranded_tries: tries left of stranded targets
--   next_eligible_at: earliest moment at which a waiting target may be dialled (UTC)
--   as_of: the moment all this speaks of (UTC)
SELECT
    histories.source,
    histories.campaign_key,
    max(campaigns.campaign_name) AS campaign_name,
    count(*) AS targets,
    count(CASE WHEN histories.attempts > 0 THEN 1 END) AS attempted,
    count(CASE WHEN outcomes.outcome = 'reached' THEN 1 END) AS reached,
    count(CASE WHEN outcomes.outcome = 'untouched' THEN 1 END) AS untouched,
    count(CASE WHEN outcomes.outcome = 'in_flight' THEN 1 END) AS in_flight,
    count(CASE WHEN outcomes.outcome = 'stuck' THEN 1 END) AS stuck,
    count(CASE WHEN outcomes.outcome = 'retry_due' THEN 1 END) AS retry_due,
    count(CASE WHEN outcomes.outcome = 'retry_waiting' THEN 1 END) AS retry_waiting,
    count(CASE WHEN outcomes.outcome = 'stranded' THEN 1 END) AS stranded,
    count(CASE WHEN outcomes.outcome = 'exhausted' THEN 1 END) AS exhausted,
    count(CASE WHEN outcomes.outcome = 'not_dialable' THEN 1 END) AS not_dialable,
    count(CASE WHEN outcomes.outcome = 'unresolved' THEN 1 END) AS unresolved,
    count(outcomes.deleted_at) AS deleted,
    CAST(count(CASE WHEN histories.attempts > 0 THEN 1 END) AS DOUBLE) / count(*) AS penetration,
    CAST(sum(histories.attempts) AS BIGINT) AS attempts,
    CAST(sum(histories.attempts) AS DOUBLE) / count(*) AS saturation,
    CAST(coalesce(sum(
        CASE
            WHEN
                outcomes.deleted_at IS NULL
                AND outcomes.outcome IN ('untouched', 'in_flight', 'stuck', 'retry_due', 'retry_waiting')
                THEN outcomes.tries_left
        END
    ), 0) AS BIGINT) AS remaining_tries,
    CAST(coalesce(sum(
        CASE WHEN outcomes.deleted_at IS NULL AND outcomes.outcome = 'untouched' THEN outcomes.tries_left END
    ), 0) AS BIGINT) AS remaining_tries_untouched,
    CAST(coalesce(sum(
        CASE WHEN outcomes.deleted_at IS NULL AND outcomes.outcome = 'stranded' THEN outcomes.tries_left END
    ), 0) AS BIGINT) AS stranded_tries,
    min(
        CASE WHEN outcomes.deleted_at IS NULL AND outcomes.outcome = 'retry_waiting' THEN outcomes.next_eligible_at END
    ) AS next_eligible_at,
    max(clock.as_of) AS as_of
FROM reports.target_histories AS histories
CROSS JOIN core.as_of AS clock
INNER JOIN replay.target_outcomes AS outcomes ON outcomes.outdial_target_id = histories.outdial_target_id
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = histories.source AND campaigns.campaign_key = histories.campaign_key
WHERE histories.source = 'voipbin'
GROUP BY histories.source, histories.campaign_key
