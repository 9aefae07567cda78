-- One row per attempt that contact rules may judge: a real attempt that the organization made. Calls that came in count
-- towards no rule.
-- Key: attempt_key
-- Group: core
-- Incremental: hash(target_key) from core.attempts, core.person_targets, compliance._points
SELECT
    attempts.attempt_key, -- the attempt, as in core.attempts
    attempts.source, -- its source
    attempts.campaign_key, -- its campaign
    attempts.target_key, -- its target
    coalesce(points.person_key, people.person_key) AS person_key, -- its person, as in core.person_targets
    coalesce(points.sure_key, people.sure_key) AS sure_key, -- the targets that are surely the same person
    attempts.point_key, -- the point that it went to; null if nobody says where
    attempts.channel, -- phone, door, email, text or unknown
    attempts.attempted_at, -- when it began (UTC)
    attempts.timing AS time_basis, -- dialled, completed, recorded or scheduled
    coalesce(purposes.subject, attempts.campaign_key) AS subject, -- what it was about: the declared subject, or its campaign
    attempts.is_contact, -- true if a person was reached
    -- true if it surely connected to what was dialled, false if it surely did not; null if its source cannot tell
    CASE
        WHEN attempts.disposition IN ('contacted', 'voicemail', 'do_not_contact') THEN TRUE
    END AS is_connected,
    points.zone_basis, -- how the zone of its point is known, as in core.contact_points; null without a point
    -- what decides which rules apply: channel, purpose, consent and place
    reports.rule_context(attempts.channel, purposes.purpose, purposes.consent, points.place_key) AS context
FROM core.attempts AS attempts
LEFT JOIN core._purposes AS purposes
    ON
        purposes.campaign_key = attempts.campaign_key
        AND purposes.since <= attempts.attempted_at
        AND attempts.attempted_at < purposes.until
LEFT JOIN compliance._points AS points
    ON points.target_key = attempts.target_key AND points.point_key = attempts.point_key
-- Only attempts that went nowhere that is known need their target's person.
LEFT JOIN core.person_targets AS people
    ON people.target_key = attempts.target_key AND attempts.point_key IS NULL
WHERE attempts.is_attempt AND attempts.direction <> 'inbound' AND attempts.attempted_at IS NOT NULL
