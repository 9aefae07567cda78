-- One row per attempt that rules may judge, by person: how many there were on its person in the time before it.
-- A period reaches back from the attempt, which is counted; what was exactly as long ago is not in it.
-- Key: attempt_key
-- Group: core
-- Incremental: hash(person_key) across compliance._approaches
WITH timed AS (
    SELECT approaches.*, epoch_us(approaches.attempted_at) AS moment
    FROM compliance._approaches AS approaches
)

SELECT
    attempt_key, -- the attempt, as in core.attempts
    source, -- its source
    campaign_key, -- its campaign
    target_key, -- its target
    person_key, -- its person, as in core.person_targets
    sure_key, -- the targets that are surely the same person
    point_key, -- the point that it went to; null if nobody says where
    attempted_at, -- when it began (UTC)
    subject, -- what it was about: the declared subject, or its campaign
    is_contact, -- true if a person was reached
    is_connected, -- true if it surely connected to what was dialled; null if its source cannot tell
    zone_basis, -- how the zone of its point is known; null without a point
    context, -- channel, purpose, consent and place, as in compliance._approaches
    -- attempts on its person within 24 hours [count]
    count(*) OVER (
        PARTITION BY person_key ORDER BY moment ASC RANGE BETWEEN 86399999999 PRECEDING AND CURRENT ROW
    ) AS in_24h,
    -- attempts on its person within 7 days [count]
    count(*) OVER (
        PARTITION BY person_key ORDER BY moment ASC RANGE BETWEEN 604799999999 PRECEDING AND CURRENT ROW
    ) AS in_7d,
    -- attempts on its person within 30 days [count]
    count(*) OVER (
        PARTITION BY person_key ORDER BY moment ASC RANGE BETWEEN 2591999999999 PRECEDING AND CURRENT ROW
    ) AS in_30d
FROM timed
