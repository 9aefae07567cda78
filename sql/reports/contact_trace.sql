-- One row per person + attempt or mark: everything that was done to one person, over all systems, and what it asked for.
-- It answers a complaint. Sort the rows of one person by occurred_at.
-- The attempts of a person are those on its targets, as core.person_targets takes them for one. Marks are those on its
-- targets, and those on its numbers and addresses, also if somebody else at the same number asked for them.
-- Key: person_key, event, attempt_key, restriction_key
-- Order: source, campaign_name, occurred_at, event, attempt_key, restriction_key, person_key
-- Incremental: hash(target_key) from core.attempts, core.person_targets, compliance.breaches, reports._person_marks
-- Example: What was done to the person whom most attempts broke a rule on?
--   SELECT person_key, occurred_at, words, source, campaign_name AS campaign, rules_broken FROM reports.contact_trace
--   WHERE person_key = (
--     SELECT person_key FROM compliance.breaches WHERE verdict = 'breach'
--     GROUP BY person_key ORDER BY count(DISTINCT attempt_key) DESC, person_key LIMIT 1
--   ) ORDER BY occurred_at NULLS FIRST, event, attempt_key, restriction_key
WITH broken AS (
    SELECT attempt_key, list_sort(array_agg(DISTINCT rule)) AS rules_broken
    FROM compliance.breaches
    WHERE verdict = 'breach'
    GROUP BY attempt_key
)

SELECT
    people.person_key, -- the person, as in core.person_targets
    attempts.attempted_at AS occurred_at, -- when it began; of a mark, since when it holds (UTC); null if nothing says it
    -- attempt, not_tried (skipped, never placed, scheduled, overdue or completed by hand) or mark
    CASE WHEN attempts.is_attempt THEN 'attempt' ELSE 'not_tried' END AS event,
    attempts.source, -- the source, as in core.sources; of a mark also house
    attempts.campaign_name, -- the campaign, as in core.attempts; null for a mark
    attempts.channel, -- phone, door, email, text or unknown; of a mark the channels that it is about, null for all
    attempts.direction, -- outbound, inbound or unknown; null for a mark
    attempts.disposition, -- how the attempt ended, as in core.dispositions; of a mark what it says, as in core.restrictions
    attempts.point_key, -- the point that was tried or marked; null if nobody says where, and for a mark on the whole person
    attempts.target_key, -- the target, as in core.attempts
    attempts.attempt_key, -- the attempt, as in core.attempts; null for a mark [null]
    CAST(NULL AS VARCHAR) AS restriction_key, -- the mark, as in core.restrictions; null for an attempt [null]
    broken.rules_broken, -- the rules that the attempt broke (verdict breach), as in core.contact_rules; null if none
    -- what happened, in words
    CASE attempts.channel
        WHEN 'phone' THEN CASE attempts.direction WHEN 'inbound' THEN 'Call from the person' ELSE 'Call' END
        WHEN 'door' THEN 'Visit'
        WHEN 'email' THEN 'E-mail'
        WHEN 'text' THEN 'Text message'
        ELSE 'Attempt'
    END
    || CASE attempts.disposition
        WHEN 'contacted' THEN ': reached'
        WHEN 'no_contact' THEN ': not reached'
        WHEN 'voicemail' THEN ': voicemail'
        WHEN 'bad_contact_info' THEN ': the number or address is wrong'
        WHEN 'do_not_contact' THEN ': asked not to be contacted'
        WHEN 'skipped' THEN ': skipped, nobody was tried'
        WHEN 'in_progress' THEN ': not over yet'
        WHEN 'never_placed' THEN ': never placed'
        WHEN 'scheduled' THEN ': scheduled'
        WHEN 'overdue' THEN ': overdue'
        WHEN 'dispatched' THEN ': sent'
        WHEN 'completed_manually' THEN ': ticked off by hand'
        ELSE ': nobody knows how it ended'
    END AS words
FROM core.attempts AS attempts
INNER JOIN core.person_targets AS people ON people.target_key = attempts.target_key
LEFT JOIN broken ON broken.attempt_key = attempts.attempt_key
UNION ALL
SELECT
    person_key, since, 'mark', source, NULL, channels, NULL, kind, point_key, target_key, NULL, restriction_key, NULL,
    CASE
        WHEN is_own AND point_key IS NULL THEN 'Mark on the person'
        WHEN is_own THEN 'Mark on the number or address'
        ELSE 'Mark on somebody else at the number or address'
    END
    || CASE kind
        WHEN 'house_list' THEN ': on the organization''s own list'
        WHEN 'do_not_contact' THEN ': do not contact'
        WHEN 'opted_out' THEN ': opted out'
        ELSE ': wrong number or address'
    END
    || CASE WHEN until IS NULL THEN '' ELSE ', until ' || CAST(CAST(until AS DATE) AS VARCHAR) END
FROM reports._person_marks
