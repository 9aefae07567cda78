-- One row per attempt that rules may judge: how many there were on its person, and at its point, in the time before it.
-- A period reaches back from the attempt, which is counted; what was exactly as long ago is not in it.
-- Key: attempt_key
WITH timed AS (
    SELECT attempt_key, target_key, person_key, point_key, attempted_at, epoch_us(attempted_at) AS moment
    FROM compliance._approaches
)

SELECT
    attempt_key, -- the attempt, as in core.attempts
    person_key, -- its person
    point_key, -- its point; null if nobody says where it went
    -- attempts on its person within 24 hours [count]
    count(*) OVER (PARTITION BY person_key ORDER BY moment RANGE BETWEEN 86399999999 PRECEDING AND CURRENT ROW) AS person_24h,
    -- attempts on its person within 7 days [count]
    count(*) OVER (PARTITION BY person_key ORDER BY moment RANGE BETWEEN 604799999999 PRECEDING AND CURRENT ROW) AS person_7d,
    -- attempts on its person within 30 days [count]
    count(*) OVER (PARTITION BY person_key ORDER BY moment RANGE BETWEEN 2591999999999 PRECEDING AND CURRENT ROW) AS person_30d,
    -- attempts at its point within 24 hours; null without a point [count]
    CASE
        WHEN
            point_key IS NOT NULL
            THEN count(*) OVER (PARTITION BY point_key ORDER BY moment RANGE BETWEEN 86399999999 PRECEDING AND CURRENT ROW)
    END AS point_24h,
    -- attempts at its point within 7 days; null without a point [count]
    CASE
        WHEN
            point_key IS NOT NULL
            THEN count(*) OVER (PARTITION BY point_key ORDER BY moment RANGE BETWEEN 604799999999 PRECEDING AND CURRENT ROW)
    END AS point_7d,
    -- attempts at its point within 30 days; null without a point [count]
    CASE
        WHEN
            point_key IS NOT NULL
            THEN count(*) OVER (PARTITION BY point_key ORDER BY moment RANGE BETWEEN 2591999999999 PRECEDING AND CURRENT ROW)
    END AS point_30d
FROM timed
