-- One row per attempt + contact rule that the attempt broke, or may have broken.
-- `breach`: it broke the rule as the rule is written down in core.contact_rules. `unverifiable`: nobody can tell from what
-- the systems say; `reason` says what is missing. `tolerated`: within the rule's grace. A likely match never makes a
-- breach. An area code makes one only if it was the wrong time in every zone of the country, or if the rule takes an area
-- code for a place. This is an audit of records and not legal advice.
-- Key: attempt_key, rule
-- Order: occurred_at, attempt_key, rule
-- Group: core
-- Metric: breaches = count(*) FILTER (WHERE verdict = 'breach')
-- Metric: unverifiable = count(*) FILTER (WHERE verdict = 'unverifiable')
-- Incremental: hash(target_key)
-- Example: Which attempts came after somebody had asked, in another system, not to be contacted?
--   SELECT breaches.attempt_key, breaches.occurred_at, marks.source AS asked_in, marks.since
--   FROM compliance.breaches AS breaches
--   INNER JOIN core.restrictions AS marks ON marks.restriction_key = breaches.restriction_key
--   WHERE breaches.verdict = 'breach' AND marks.source <> split_part(breaches.attempt_key, ':', 1)
--   ORDER BY breaches.occurred_at, breaches.attempt_key, breaches.rule
WITH found AS (
    SELECT
        attempt_key, rule, verdict, reason, local_from, local_until,
        CAST(NULL AS VARCHAR) AS via, CAST(NULL AS BIGINT) AS count_in_period,
        CAST(NULL AS VARCHAR[]) AS other_attempts, CAST(NULL AS VARCHAR) AS restriction_key
    FROM compliance._hours
    UNION ALL
    SELECT attempt_key, rule, verdict, reason, NULL, NULL, via, count_in_period, other_attempts, NULL
    FROM compliance._caps
    UNION ALL
    SELECT attempt_key, rule, verdict, reason, NULL, NULL, via, NULL, NULL, restriction_key
    FROM compliance._marks
),

rules AS (
    SELECT rule, max(unit) AS unit, max(effect) AS effect
    FROM core.contact_rules
    GROUP BY rule
)

SELECT
    found.attempt_key, -- the attempt, as in core.attempts
    found.rule, -- the rule, as in core.contact_rules
    found.verdict, -- breach, unverifiable or tolerated
    found.reason, -- why the verdict is what it is
    rules.effect, -- what the rule says of it: forbidden, presumed (to be too much, until shown otherwise) or house
    approaches.source, -- the attempt's source
    approaches.campaign_key, -- its campaign
    approaches.target_key, -- its target
    approaches.attempted_at AS occurred_at, -- when it began (UTC)
    found.local_from, -- the earliest clock among the zones; null for rules that are not about hours, and without a zone
    found.local_until, -- the latest clock among the zones
    coalesce(approaches.zone_basis, 'none') AS zone_basis, -- how the zones are known, as in core.contact_points
    rules.unit, -- what the rule counts by: point, target or person
    -- what makes it the same unit: same_point, same_target or matched_person; null for rules about hours
    found.via,
    -- attempts in the period, this one included; of a rule after a contact, the contacts before it; null for rules about
    -- hours and marks [count]
    found.count_in_period,
    found.other_attempts, -- the other attempts that are counted; null for rules that limit no number
    found.restriction_key, -- the mark, as in core.restrictions; null for rules about something else
    approaches.point_key, -- the point that was tried; null if nobody says where it went
    approaches.person_key -- the person, as in core.person_targets
FROM found
INNER JOIN compliance._approaches AS approaches ON approaches.attempt_key = found.attempt_key
INNER JOIN rules ON rules.rule = found.rule
