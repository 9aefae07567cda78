-- One row per VoIPBIN campaign, and one for all its targets (`campaign_key` all): what is left to do, what is under way
-- and what is used up. The outcomes are those of replay.target_outcomes: what became of a target by whatever campaign.
-- With `unnamed` they sum to `targets`, and these are those of reports.campaign_contact_rates.
-- A target that several campaigns share is in each of them, and once in `all`. The other sources give no list of whom
-- they mean to reach and no budget of tries: they have no inventory. The yield of each destination index stands in
-- reports.contact_rates_by.
-- Key: campaign_key
-- Example: How many tries are left?
--   SELECT campaign_name, remaining_tries FROM reports.inventory WHERE campaign_key <> 'all'
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
    counted.campaign_key, -- `voipbin:<campaign id>`, or `all`
    campaigns.campaign_name, -- what the source calls the campaign; null for `all`
    -- targets of the campaign's outdial, dialled or not, and whom else it dialled; a call that names nobody is a
    -- target of its own [count]
    counted.targets,
    counted.attempted, -- targets with at least one call that was placed [count]
    counted.reached, -- some call ended in success, be it of another campaign [count]
    counted.untouched, -- not called yet, tries left [count]
    counted.in_flight, -- a call is open [count]
    counted.stuck, -- a call has been open for too long [count]
    counted.retry_due, -- tries left, and the interval is over [count]
    counted.retry_waiting, -- tries left, the interval is not over [count]
    counted.stranded, -- tries left, the campaign is not running [count]
    counted.exhausted, -- no tries left [count]
    counted.not_dialable, -- no destination could ever be dialled [count]
    counted.unresolved, -- called, and no outplan is known [count]
    counted.unnamed, -- calls that name no target, of which no outcome can be told [count]
    counted.deleted, -- targets deleted by now, whatever their outcome [count]
    -- attempted / targets; null where no list says who was meant [share]
    CASE WHEN counted.is_listed THEN CAST(counted.attempted AS DOUBLE) / counted.targets END AS penetration,
    counted.attempts, -- real attempts [count]
    CAST(counted.attempts AS DOUBLE) / counted.targets AS saturation, -- attempts / targets [ratio]
    -- tries left of targets still in play: untouched, open or waiting for a retry, and not deleted; a target whose
    -- outplan is not known adds none; null when none is known [count]
    CAST(CASE WHEN counted.in_play = 0 THEN 0 ELSE counted.tries_in_play END AS BIGINT) AS remaining_tries,
    -- of them, those of untouched targets [count]
    CAST(CASE WHEN counted.untouched_in_play = 0 THEN 0 ELSE counted.untouched_tries END AS BIGINT)
        AS remaining_tries_untouched,
    -- tries left of stranded targets that are not deleted [count]
    CAST(coalesce(counted.stranded_tries, 0) AS BIGINT) AS stranded_tries,
    counted.next_eligible_at, -- earliest moment at which a waiting target may be dialled (UTC)
    clock.as_of -- the moment all this speaks of (UTC)
FROM counted
CROSS JOIN core.as_of AS clock
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = counted.source AND campaigns.campaign_key = counted.campaign_key
