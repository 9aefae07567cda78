-- One row per attempt: where it went, what its time is the time of, and for what purpose it was made.
-- The purpose is what the landing folder's purposes.csv declares of the campaign.
-- Key: attempt_key
-- Incremental: hash(target_key) from core.attempts
-- Metric: attempts_without_point = count(*) FILTER (WHERE point_key IS NULL)
-- Example: Of how many attempts does nobody say where they went?
--   SELECT split_part(attempt_key, ':', 1) AS source, count(*) AS attempts,
--     count(*) FILTER (WHERE point_key IS NULL) AS without_point
--   FROM core.attempt_points GROUP BY source ORDER BY source
SELECT
    attempts.attempt_key, -- the attempt, as in core.attempts
    attempts.target_key, -- its target
    attempts.campaign_key, -- its campaign
    attempts.point_key, -- the point that it went to, or came from if it is inbound; null if nobody says where
    attempts.point_basis, -- the source's field that says it; null without a point
    -- what its time is the time of: dialled, completed, recorded or scheduled
    attempts.timing AS time_basis,
    purposes.purpose, -- the campaign's declared purpose; null if none is declared
    purposes.consent, -- whether the people consented: yes, no or unknown; null without a declared purpose
    purposes.subject -- the declared subject, by which campaigns about the same matter are known; null if none is declared
FROM core.attempts AS attempts
LEFT JOIN core._purposes AS purposes
    ON
        purposes.campaign_key = attempts.campaign_key
        AND purposes.since <= attempts.attempted_at
        AND attempts.attempted_at < purposes.until
