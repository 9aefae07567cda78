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
WITH configured AS (
    SELECT
        outcomes.outdial_target_id,
        outcomes.outplan_id,
        outcomes.outcome,
        outcomes.try_count_0,
        outcomes.try_count_1,
        outcomes.try_count_2,
        outcomes.try_count_3,
        outcomes.try_count_4,
        outcomes.next_eligible_at,
        outcomes.deleted_at,
        outcomes.as_of,
        -- Of a target without a row of its own only the destinations that were dialled are known.
        CASE WHEN targets.id IS NULL THEN outcomes.try_count_0 > 0
            ELSE coalesce(targets.destination_0.type <> '' AND targets.destination_0.target <> '', FALSE)
        END AS has_0,
        CASE WHEN targets.id IS NULL THEN outcomes.try_count_1 > 0
            ELSE coalesce(targets.destination_1.type <> '' AND targets.destination_1.target <> '', FALSE)
        END AS has_1,
        CASE WHEN targets.id IS NULL THEN outcomes.try_count_2 > 0
            ELSE coalesce(targets.destination_2.type <> '' AND targets.destination_2.target <> '', FALSE)
        END AS has_2,
        CASE WHEN targets.id IS NULL THEN outcomes.try_count_3 > 0
            ELSE coalesce(targets.destination_3.type <> '' AND targets.destination_3.target <> '', FALSE)
        END AS has_3,
        CASE WHEN targets.id IS NULL THEN outcomes.try_count_4 > 0
            ELSE coalesce(targets.destination_4.type <> '' AND targets.destination_4.target <> '', FALSE)
        END AS has_4
    FROM replay.target_outcomes AS outcomes
    LEFT JOIN raw.voipbin_outdialtargets AS targets ON targets.id = outcomes.outdial_target_id
),

budgeted AS (
    SELECT
        configured.outdial_target_id,
        configured.outcome,
        configured.next_eligible_at,
        configured.deleted_at,
        CASE WHEN configured.has_0 THEN greatest(plans.max_try_count_0 - configured.try_count_0, 0) ELSE 0 END
        + CASE WHEN configured.has_1 THEN greatest(plans.max_try_count_1 - configured.try_count_1, 0) ELSE 0 END
        + CASE WHEN configured.has_2 THEN greatest(plans.max_try_count_2 - configured.try_count_2, 0) ELSE 0 END
        + CASE WHEN configured.has_3 THEN greatest(plans.max_try_count_3 - configured.try_count_3, 0) ELSE 0 END
        + CASE WHEN configured.has_4 THEN greatest(plans.max_try_count_4 - configured.try_count_4, 0) ELSE 0 END
            AS tries_left
    FROM configured
    LEFT JOIN replay.outplan_versions AS plans
        ON
            plans.outplan_id = configured.outplan_id
            AND plans.valid_from <= configured.as_of
            AND configured.as_of < plans.valid_to
)

SELECT
    histories.source,
    histories.campaign_key,
    max(campaigns.campaign_name) AS campaign_name,
    count(*) AS targets,
    count(CASE WHEN histories.attempts > 0 THEN 1 END) AS attempted,
    count(CASE WHEN budgeted.outcome = 'reached' THEN 1 END) AS reached,
    count(CASE WHEN budgeted.outcome = 'untouched' THEN 1 END) AS untouched,
    count(CASE WHEN budgeted.outcome = 'in_flight' THEN 1 END) AS in_flight,
    count(CASE WHEN budgeted.outcome = 'stuck' THEN 1 END) AS stuck,
    count(CASE WHEN budgeted.outcome = 'retry_due' THEN 1 END) AS retry_due,
    count(CASE WHEN budgeted.outcome = 'retry_waiting' THEN 1 END) AS retry_waiting,
    count(CASE WHEN budgeted.outcome = 'stranded' THEN 1 END) AS stranded,
    count(CASE WHEN budgeted.outcome = 'exhausted' THEN 1 END) AS exhausted,
    count(CASE WHEN budgeted.outcome = 'not_dialable' THEN 1 END) AS not_dialable,
    count(CASE WHEN budgeted.outcome = 'unresolved' THEN 1 END) AS unresolved,
    count(budgeted.deleted_at) AS deleted,
    CAST(count(CASE WHEN histories.attempts > 0 THEN 1 END) AS DOUBLE) / count(*) AS penetration,
    CAST(sum(histories.attempts) AS BIGINT) AS attempts,
    CAST(sum(histories.attempts) AS DOUBLE) / count(*) AS saturation,
    CAST(coalesce(sum(
        CASE
            WHEN
                budgeted.deleted_at IS NULL
                AND budgeted.outcome IN ('untouched', 'in_flight', 'stuck', 'retry_due', 'retry_waiting')
                THEN budgeted.tries_left
        END
    ), 0) AS BIGINT) AS remaining_tries,
    CAST(coalesce(sum(
        CASE WHEN budgeted.deleted_at IS NULL AND budgeted.outcome = 'untouched' THEN budgeted.tries_left END
    ), 0) AS BIGINT) AS remaining_tries_untouched,
    CAST(coalesce(sum(
        CASE WHEN budgeted.deleted_at IS NULL AND budgeted.outcome = 'stranded' THEN budgeted.tries_left END
    ), 0) AS BIGINT) AS stranded_tries,
    min(
        CASE WHEN budgeted.deleted_at IS NULL AND budgeted.outcome = 'retry_waiting' THEN budgeted.next_eligible_at END
    ) AS next_eligible_at,
    max(clock.as_of) AS as_of
FROM reports.target_histories AS histories
CROSS JOIN core.as_of AS clock
INNER JOIN budgeted ON budgeted.outdial_target_id = histories.outdial_target_id
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = histories.source AND campaigns.campaign_key = histories.campaign_key
WHERE histories.source = 'voipbin'
GROUP BY histories.source, histories.campaign_key
