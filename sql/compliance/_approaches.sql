-- One row per attempt that contact rules may judge: a real attempt that the organization made. Calls that came in count
-- towards no rule.
-- Key: attempt_key
-- Incremental: hash(target_key) from core.attempts, core.person_targets, core.contact_points
SELECT
    attempts.attempt_key, -- the attempt, as in core.attempts
    attempts.source, -- its source
    attempts.campaign_key, -- its campaign
    attempts.target_key, -- its target
    people.person_key, -- its person, as in core.person_targets
    people.sure_key, -- the targets that are surely the same person
    attempts.point_key, -- the point that it went to; null if nobody says where
    attempts.channel, -- phone, door, email, text or unknown
    attempts.attempted_at, -- when it began (UTC)
    attempts.timing AS time_basis, -- dialled, completed, recorded or scheduled
    purposes.purpose, -- the campaign's declared purpose; null if none is declared
    purposes.consent, -- yes, no or unknown; null without a declared purpose
    coalesce(purposes.subject, attempts.campaign_key) AS subject, -- what it was about: the declared subject, or its campaign
    attempts.is_contact, -- true if a person was reached
    -- true if it surely connected to what was dialled, false if it surely did not; null if its source cannot tell
    CASE
        WHEN attempts.disposition IN ('contacted', 'voicemail', 'do_not_contact') THEN TRUE
    END AS is_connected,
    contact.zone_basis, -- how the zone of its point is known, as in core.contact_points; null without a point
    -- what decides which rules apply: channel, purpose, consent and place
    concat_ws(
        '|', attempts.channel, coalesce(purposes.purpose, ''), coalesce(purposes.consent, ''),
        concat_ws(
            ' ', coalesce(contact.country, '-'), coalesce(contact.region, '-'), contact.zone_basis,
            array_to_string(contact.zones, ',')
        )
    ) AS context
FROM core.attempts AS attempts
LEFT JOIN core._purposes AS purposes
    ON
        purposes.campaign_key = attempts.campaign_key
        AND purposes.since <= attempts.attempted_at
        AND attempts.attempted_at < purposes.until
INNER JOIN core.person_targets AS people ON people.target_key = attempts.target_key
LEFT JOIN core.contact_points AS contact
    ON contact.target_key = attempts.target_key AND contact.point_key = attempts.point_key
WHERE attempts.is_attempt AND attempts.direction <> 'inbound' AND attempts.attempted_at IS NOT NULL
