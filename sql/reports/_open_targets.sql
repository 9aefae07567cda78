-- One row per open target: who may be tried next, by which campaign, and at which point.
-- A source that decides itself whom it tries next says which targets are open, and names the next point. Of another
-- source, a target is open if it was listed or tried, was not reached, and nothing ended it (as in
-- reports._target_histories); its campaign is the one that tried it last. Sources that cannot tell whether a person was
-- reached have no open targets.
-- The point is the best usable one that no mark says to be bad: a phone before an address and an e-mail address, one that
-- nobody shares before another, then the one whose state is the latest.
-- Key: target_key
WITH clocks AS (
    SELECT source, observed_until AS moment
    FROM core.observed
),

queues AS (
    SELECT DISTINCT source FROM sources.queue
),

listed AS (
    SELECT
        queue.source,
        queue.source || ':' || CAST(queue.person AS VARCHAR) AS target_key,
        reports.campaign_key(queue.source, CAST(queue.campaign AS VARCHAR)) AS campaign_key,
        queue.is_in_flight,
        queue.tries_left,
        queue.eligible_at,
        queue.names_point,
        reports.point_key(queue.point_kind, queue.point_value, NULL, settings.country) AS point_key
    FROM sources.queue AS queue
    CROSS JOIN landing.settings AS settings
    WHERE queue.is_open
    UNION ALL
    SELECT histories.source, histories.target_key, NULL, histories.in_flight_since IS NOT NULL, NULL, NULL, FALSE, NULL
    FROM reports._target_histories AS histories
    LEFT JOIN queues ON queues.source = histories.source
    WHERE
        queues.source IS NULL AND histories.campaign_key = 'all' AND histories.measures_contact
        AND histories.contacts = 0 AND histories.ended_by IS NULL AND NOT histories.is_deleted
),

campaigns AS (
    SELECT
        listed.target_key, histories.campaign_key, histories.attempts,
        row_number() OVER (
            PARTITION BY listed.target_key
            ORDER BY histories.last_attempt_at DESC NULLS LAST, histories.campaign_key ASC
        ) AS place
    FROM listed
    INNER JOIN reports._target_histories AS histories
        ON
            histories.target_key = listed.target_key AND histories.campaign_key <> 'all'
            AND histories.campaign_key = coalesce(listed.campaign_key, histories.campaign_key)
),

bad AS (
    SELECT DISTINCT marks.point_key, clocks.source
    FROM core.restrictions AS marks
    INNER JOIN clocks ON coalesce(marks.until > clocks.moment, TRUE)
    WHERE marks.kind = 'bad_contact_info' AND marks.point_key IS NOT NULL
),

ranked AS (
    SELECT
        points.target_key, points.point_key,
        row_number() OVER (
            PARTITION BY points.target_key
            ORDER BY
                CASE points.kind WHEN 'phone' THEN 1 WHEN 'address' THEN 2 ELSE 3 END ASC,
                points.is_shared ASC,
                points.status_at DESC NULLS LAST,
                points.point_key ASC
        ) AS place
    FROM core.contact_points AS points
    INNER JOIN listed ON listed.target_key = points.target_key AND NOT listed.names_point
    LEFT JOIN bad ON bad.point_key = points.point_key AND bad.source = points.source
    WHERE points.is_usable AND bad.point_key IS NULL
),

chosen AS (
    SELECT
        listed.source, listed.target_key, listed.is_in_flight, listed.tries_left, listed.eligible_at,
        coalesce(listed.campaign_key, campaigns.campaign_key, listed.source || ':none') AS campaign_key,
        coalesce(campaigns.attempts, 0) AS attempts,
        coalesce(listed.point_key, ranked.point_key) AS point_key
    FROM listed
    LEFT JOIN campaigns ON campaigns.target_key = listed.target_key AND campaigns.place = 1
    LEFT JOIN ranked ON ranked.target_key = listed.target_key AND ranked.place = 1
),

placed AS (
    SELECT
        chosen.*,
        clocks.moment,
        people.person_key,
        points.country, points.region, points.zones, points.zone_basis,
        points.is_usable AND bad.point_key IS NULL AS is_usable,
        CASE split_part(chosen.point_key, ':', 1) WHEN 'phone' THEN 'phone' WHEN 'email' THEN 'email' ELSE 'door' END AS channel,
        purposes.purpose, purposes.consent,
        coalesce(purposes.subject, chosen.campaign_key) AS subject
    FROM chosen
    INNER JOIN clocks ON clocks.source = chosen.source
    INNER JOIN core.person_targets AS people ON people.target_key = chosen.target_key
    LEFT JOIN core.contact_points AS points
        ON points.target_key = chosen.target_key AND points.point_key = chosen.point_key
    LEFT JOIN bad ON bad.point_key = chosen.point_key AND bad.source = chosen.source
    LEFT JOIN core._purposes AS purposes
        ON
            purposes.campaign_key = chosen.campaign_key
            AND purposes.since <= clocks.moment
            AND clocks.moment < purposes.until
)

SELECT
    source, -- the source, as in core.sources
    target_key, -- the target, as in core.attempts
    campaign_key, -- the campaign that tries it next, or that tried it last
    person_key, -- its person, as in core.person_targets
    moment, -- the moment until which its source is known (UTC)
    attempts, -- real attempts on it in this campaign [count]
    is_in_flight, -- true if an attempt is open
    tries_left, -- tries that are left; null if its source has no budget [count]
    eligible_at, -- the earliest time of the next attempt, as its source has it (UTC); null for any time
    point_key, -- the point to be tried next; null if there is none
    coalesce(is_usable, FALSE) AS is_usable, -- true if the point is usable, and no mark says that it is bad
    zones, -- time zones that the point may be in; null if unknown
    channel, -- phone, email or door: how the point is tried
    subject, -- what the attempt would be about: the declared subject, or its campaign
    -- what decides which contact rules apply, as in compliance._approaches
    reports.rule_context(channel, purpose, consent, reports.place_key(country, region, zone_basis, zones)) AS context
FROM placed
