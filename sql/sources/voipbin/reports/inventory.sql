-- One row per VoIPBIN campaign, and one for all its targets (`campaign_key` is `all`): what is left to do, what is
-- under way and what is used up.
-- The outcomes are those of replay.target_outcomes: what became of a target, by whatever campaign. The counts of the
-- outcomes and `unnamed` sum to `targets`, and `targets` is the same as in reports.campaign_contact_rates.
-- A target that several campaigns share counts in each of them, and once in `all`. The other sources state no list of
-- targets and no budget of tries, so they have no inventory. The yield of each destination index stands in
-- reports.contact_rates_by.
-- Key: campaign_key
-- Example: How many tries are left in each campaign?
--   SELECT campaign_key, campaign_name, targets, remaining_tries, stranded_tries FROM reports.inventory
--   WHERE campaign_key <> 'all' ORDER BY remaining_tries DESC NULLS LAST, campaign_key
WITH standing AS (
    SELECT
        histories.*,
        outcomes.outcome,
        outcomes.deleted_at,
        outcomes.tries_left,
        outcomes.next_eligible_at,
        CASE
            WHEN outcomes.deleted_at IS NOT NULL THEN 'deleted'
            WHEN outcomes.outcome IN ('untouched', 'in_flight', 'stuck', 'retry_due', 'retry_waiting') THEN 'in play'
        END AS play
    FROM reports._target_histories AS histories
    LEFT JOIN replay.target_outcomes AS outcomes
        ON histories.target_key = 'voipbin:' || CAST(outcomes.outdial_target_id AS VARCHAR)
    WHERE histories.source = 'voipbin' AND (histories.is_listed OR histories.attempts > 0)
),

counted AS (
    SELECT
        source,
        campaign_key,
        count(*) AS targets,
        count(CASE WHEN attempts > 0 THEN 1 END) AS attempted,
        count(CASE WHEN outcome = 'reached' THEN 1 END) AS reached,
        count(CASE WHEN outcome = 'untouched' THEN 1 END) AS untouched,
        count(CASE WHEN outcome = 'in_flight' THEN 1 END) AS in_flight,
        count(CASE WHEN outcome = 'stuck' THEN 1 END) AS stuck,
        count(CASE WHEN outcome = 'retry_due' THEN 1 END) AS retry_due,
        count(CASE WHEN outcome = 'retry_waiting' THEN 1 END) AS retry_waiting,
        count(CASE WHEN outcome = 'stranded' THEN 1 END) AS stranded,
        count(CASE WHEN outcome = 'exhausted' THEN 1 END) AS exhausted,
        count(CASE WHEN outcome = 'not_dialable' THEN 1 END) AS not_dialable,
        count(CASE WHEN outcome = 'unresolved' THEN 1 END) AS unresolved,
        count(CASE WHEN outcome IS NULL THEN 1 END) AS unnamed,
        count(deleted_at) AS deleted,
        bool_or(is_listed) AS is_listed,
        CAST(sum(attempts) AS BIGINT) AS attempts,
        count(CASE WHEN play = 'in play' THEN 1 END) AS in_play,
        sum(CASE WHEN play = 'in play' THEN tries_left END) AS tries_in_play,
        count(CASE WHEN play = 'in play' AND outcome = 'untouched' THEN 1 END) AS untouched_in_play,
        sum(CASE WHEN play = 'in play' AND outcome = 'untouched' THEN tries_left END) AS untouched_tries,
        sum(CASE WHEN deleted_at IS NULL AND outcome = 'stranded' THEN tries_left END) AS stranded_tries,
        min(CASE WHEN play = 'in play' AND outcome = 'retry_waiting' THEN next_eligible_at END) AS next_eligible_at
    FROM standing
    GROUP BY source, campaign_key
)

SELECT
    counted.source, -- voipbin
    counted.campaign_key, -- the campaign: `voipbin:<campaign id>`, or `all`
    campaigns.campaign_name, -- the campaign's name in its source; null for `all`
    -- targets of the campaign's outdial, dialled or not, and any others that the campaign dialled; a call that names
    -- nobody is a target of its own [count]
    counted.targets,
    counted.attempted, -- targets with at least one call that was placed [count]
    counted.reached, -- targets for which some call ended in success, also a call of another campaign [count]
    counted.untouched, -- targets that are not called yet, and have tries left or no known outplan [count]
    counted.in_flight, -- targets with an open call [count]
    counted.stuck, -- targets with a call that has been open for too long [count]
    counted.retry_due, -- targets with tries left, whose retry interval is over [count]
    counted.retry_waiting, -- targets with tries left, whose retry interval is not over [count]
    counted.stranded, -- targets with tries left, whose campaign does not run [count]
    counted.exhausted, -- targets that were called and have no tries left [count]
    counted.not_dialable, -- targets never called, without a destination that could be dialled [count]
    counted.unresolved, -- targets that were called, and whose outplan is not known [count]
    counted.unnamed, -- calls that name no target: their outcome cannot be told [count]
    counted.deleted, -- targets that were deleted by as-of, whatever their outcome [count]
    -- attempted / targets; null where no list says who was meant [share]
    CASE WHEN counted.is_listed THEN CAST(counted.attempted AS DOUBLE) / counted.targets END AS penetration,
    counted.attempts, -- real attempts [count]
    CAST(counted.attempts AS DOUBLE) / counted.targets AS saturation, -- attempts / targets [ratio]
    -- tries left of the targets in play. A target is in play if it is not deleted, and is untouched, has an open call
    -- or waits for a retry. A target without a known outplan adds none; null if no outplan is known [count]
    CAST(CASE WHEN counted.in_play = 0 THEN 0 ELSE counted.tries_in_play END AS BIGINT) AS remaining_tries,
    -- of these tries, those of untouched targets [count]
    CAST(CASE WHEN counted.untouched_in_play = 0 THEN 0 ELSE counted.untouched_tries END AS BIGINT)
        AS remaining_tries_untouched,
    -- tries left of stranded targets that are not deleted [count]
    CAST(coalesce(counted.stranded_tries, 0) AS BIGINT) AS stranded_tries,
    counted.next_eligible_at, -- earliest time at which a waiting target may be dialled (UTC)
    clock.observed_until AS as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM counted
CROSS JOIN replay._clock AS clock
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = counted.source AND campaigns.campaign_key = counted.campaign_key
