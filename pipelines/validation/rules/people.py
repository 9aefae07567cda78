"""The rules of schema ``core`` about people: points, targets, people and marks.

Belongs here: what must hold of the tables that say who was tried, and where. Does not belong here: attempts and the
mapping (``core``), or what is made of people and marks (``compliance``, ``reports``).
"""

from __future__ import annotations

from pipelines.validation.rule import Rule, one_of, text_list, value_rows
from pipelines.validation.rules.vocabulary import (
    MARK_TIMES,
    MARKS,
    MATCHES,
    POINT_KINDS,
    TIME_BASES,
    ZONE_BASES,
)

PEOPLE_RULES = (
    one_of("core.contact_points", "kind", POINT_KINDS, ("target_key",)),
    one_of("core.contact_points", "zone_basis", ZONE_BASES, ("target_key",)),
    Rule(
        "core.contact_points",
        "point_keys_have_their_normal_form",
        "A point's key begins with its kind. A usable number is E.164, and a usable e-mail address is in lower case "
        "without spaces, so that a point has one key in all systems.",
        query="""
SELECT target_key, kind, is_usable
FROM core.contact_points
WHERE NOT coalesce(
    starts_with(point_key, kind || ':')
    AND CASE kind
        WHEN 'phone' THEN is_usable = regexp_full_match(point_key, 'phone:[+][1-9][0-9]{7,14}')
        WHEN 'email'
            THEN lower(point_key) = point_key AND is_usable = regexp_full_match(point_key, 'email:[^@ ]+@[^@ ]+')
        ELSE is_usable AND length(point_key) > 8
    END, FALSE
)""",
    ),
    Rule(
        "core.contact_points",
        "zones_have_a_basis",
        "A point has zones if, and only if, it is said how they are known. Its country is an ISO code.",
        query="""
SELECT target_key, kind, country, zones, zone_basis
FROM core.contact_points
WHERE coalesce(len(zones) > 0, FALSE) <> (zone_basis <> 'none')
    OR NOT coalesce(regexp_full_match(country, '[A-Z]{2}'), TRUE)""",
    ),
    Rule(
        "core.contact_points",
        "shared_points_are_counted",
        "The rows of a point are the targets at it, and a point of several targets is shared.",
        query="""
SELECT min(target_key) AS target_key, min(targets_at_point) AS targets_at_point, count(*) AS targets
FROM core.contact_points
GROUP BY point_key
HAVING min(targets_at_point) <> count(*) OR max(targets_at_point) <> count(*)
    OR bool_or(is_shared <> (targets_at_point > 1))""",
    ),
    one_of("core.attempt_points", "time_basis", TIME_BASES, ("attempt_key",)),
    one_of("core.attempt_points", "consent", ("yes", "no", "unknown"), ("attempt_key",)),
    Rule(
        "core.attempt_points",
        "every_attempt_has_one_row",
        "Every row of core.attempts has its row here, with the same point, and there are no others.",
        query="""
SELECT coalesce(attempts.attempt_key, placed.attempt_key) AS attempt_key, attempts.target_key,
    placed.target_key AS target_here
FROM core.attempts AS attempts
FULL JOIN core.attempt_points AS placed ON placed.attempt_key = attempts.attempt_key
WHERE attempts.target_key IS DISTINCT FROM placed.target_key OR attempts.campaign_key IS DISTINCT FROM placed.campaign_key
    OR attempts.point_key IS DISTINCT FROM placed.point_key OR attempts.timing IS DISTINCT FROM placed.time_basis""",
        is_keyed=True,
    ),
    Rule(
        "core.attempt_points",
        "points_are_known",
        "The point of an attempt is one of its target's points in core.contact_points, and somebody says so.",
        query="""
SELECT placed.attempt_key, placed.target_key, placed.point_basis
FROM core.attempt_points AS placed
LEFT JOIN core.contact_points AS points
    ON points.target_key = placed.target_key AND points.point_key = placed.point_key
WHERE (placed.point_key IS NOT NULL) <> (points.point_key IS NOT NULL)
    OR (placed.point_key IS NOT NULL) <> (placed.point_basis IS NOT NULL)""",
        is_keyed=True,
    ),
    one_of("core.person_targets", "basis", tuple(MATCHES), ("target_key",)),
    Rule(
        "core.person_targets",
        "strength_follows_the_basis",
        "A match by crosswalk, id or e-mail is sure, one by number is likely, and a target without a match is alone.",
        query=f"""
SELECT target_key, basis, strength
FROM core.person_targets
WHERE coalesce((basis, strength) NOT IN ({value_rows(MATCHES.items())}), TRUE)
    OR person_key IS NULL OR sure_key IS NULL OR is_ambiguous IS NULL""",
    ),
    Rule(
        "core.person_targets",
        "every_target_is_one_person",
        "Every target that an attempt, a point or a list names has a person, and there are no others.",
        query="""
SELECT coalesce(known.target_key, people.target_key) AS target_key, known.target_key IS NOT NULL AS is_known
FROM (
    SELECT target_key FROM core.attempts
    UNION SELECT target_key FROM core.contact_points
    UNION SELECT target_key FROM core._known_targets
) AS known
FULL JOIN core.person_targets AS people ON people.target_key = known.target_key
WHERE known.target_key IS NULL OR people.target_key IS NULL""",
        is_keyed=True,
    ),
    Rule(
        "core.person_targets",
        "surely_one_is_one_person",
        "Targets that are surely one person are one person, named by the least of them.",
        query="""
SELECT sure_key, count(DISTINCT person_key) AS people, min(target_key) AS least_target
FROM core.person_targets
GROUP BY sure_key
HAVING count(DISTINCT person_key) > 1 OR min(target_key) <> sure_key""",
    ),
    Rule(
        "core.person_targets",
        "crosswalk_wins",
        "Targets that house/people gives one person are that person, and no others are. A line whose target has another "
        "person on another line joins nobody.",
        query="""
WITH lines AS (
    SELECT target_key, 'person:' || link AS person_key FROM core._match_links WHERE level = 0
),

torn AS (
    SELECT DISTINCT lines.person_key
    FROM lines
    INNER JOIN lines AS other ON other.target_key = lines.target_key AND other.person_key <> lines.person_key
)

SELECT lines.target_key, people.basis, people.is_ambiguous
FROM lines
LEFT JOIN core.person_targets AS people ON people.target_key = lines.target_key
WHERE lines.person_key NOT IN (FROM torn) AND people.person_key IS DISTINCT FROM lines.person_key
UNION ALL
SELECT people.target_key, people.basis, people.is_ambiguous
FROM core.person_targets AS people
WHERE people.person_key IN (FROM torn)""",
    ),
    Rule(
        "core.person_targets",
        "no_link_leads_out_of_a_person",
        "Targets that share a link are one person, unless each of them is ambiguous. If they are not, lines of "
        "house/people that name the person join them.",
        "warn",
        query="""
SELECT links.level, min(links.target_key) AS first_target, max(links.target_key) AS last_target,
    count(DISTINCT people.person_key) AS people
FROM core._match_links AS links
INNER JOIN core.person_targets AS people ON people.target_key = links.target_key
WHERE links.link IS NOT NULL
GROUP BY links.level, links.link
HAVING min(people.person_key) <> max(people.person_key) AND NOT bool_and(people.is_ambiguous)""",
    ),
    Rule(
        "core.people",
        "people_partition_the_targets",
        "Every person of core.person_targets has one row, and its targets and systems are those of that table.",
        query="""
SELECT coalesce(people.person_key, matched.person_key) AS person_key, people.targets, matched.targets AS targets_matched,
    people.systems, matched.systems AS systems_matched
FROM core.people AS people
FULL JOIN (
    SELECT person_key, count(*) AS targets, count(DISTINCT split_part(target_key, ':', 1)) AS systems
    FROM core.person_targets
    GROUP BY person_key
) AS matched ON matched.person_key = people.person_key
WHERE people.targets IS DISTINCT FROM matched.targets OR people.systems IS DISTINCT FROM matched.systems""",
    ),
    Rule(
        "core.people",
        "attempts_add_up",
        "The attempts and contacts of all people are those of core.attempts: nobody's are lost, and none count twice.",
        query="""
SELECT people.attempts, ledger.attempts AS attempts_made, people.contacts, ledger.contacts AS contacts_made
FROM (SELECT coalesce(sum(attempts), 0) AS attempts, coalesce(sum(contacts), 0) AS contacts FROM core.people) AS people
CROSS JOIN (
    SELECT count(*) AS attempts, count(*) FILTER (WHERE is_contact) AS contacts FROM core.attempts WHERE is_attempt
) AS ledger
WHERE people.attempts <> ledger.attempts OR people.contacts <> ledger.contacts""",
    ),
    Rule(
        "core.people",
        "counts_are_in_order",
        "Contacts ≤ attempts, most in 24 hours ≤ most in 7 days ≤ attempts, and systems ≤ targets; the first attempt is "
        "not after the last.",
        query="""
SELECT person_key, systems, targets, contacts, attempts, most_in_24h, most_in_7d
FROM core.people
WHERE NOT coalesce(
    contacts BETWEEN 0 AND attempts AND most_in_24h BETWEEN 0 AND most_in_7d AND most_in_7d <= attempts
    AND systems BETWEEN 1 AND targets AND coalesce(first_attempt_at <= last_attempt_at, TRUE), FALSE
)""",
    ),
    one_of("core.people", "restriction", MARKS, ("person_key",)),
    one_of("core.restrictions", "kind", MARKS, ("source", "target_key")),
    one_of("core.restrictions", "since_basis", MARK_TIMES, ("source", "target_key")),
    Rule(
        "core.restrictions",
        "marks_are_on_somebody",
        "A mark is on a target, on a point, or on both.",
        query="""
SELECT source, kind, since, since_basis
FROM core.restrictions
WHERE target_key IS NULL AND point_key IS NULL""",
    ),
    Rule(
        "core.restrictions",
        "marks_end_after_they_begin",
        "No mark ends before it began. One that does forbids nothing: correct its dates in the list that it comes from.",
        "warn",
        query="""
SELECT source, kind, target_key, since, since_basis, until
FROM core.restrictions
WHERE until <= since""",
    ),
    Rule(
        "core.restrictions",
        "every_refusal_is_a_mark",
        "Every attempt that ended with a wish not to be contacted, or with bad contact details, is a mark.",
        query=f"""
SELECT attempts.attempt_key, attempts.disposition, marks.kind
FROM core.attempts AS attempts
LEFT JOIN core.restrictions AS marks ON marks.restriction_key = attempts.attempt_key
WHERE attempts.disposition IN ({text_list(("do_not_contact", "bad_contact_info"))})
    AND marks.kind IS DISTINCT FROM attempts.disposition""",
    ),
)
