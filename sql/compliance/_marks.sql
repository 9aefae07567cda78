-- One row per attempt + rule about marks that the attempt may have broken: it came after a mark.
-- After the mark and the rule's grace: a breach, if the mark is on the point that was tried, on the whole target, or on
-- a target that is surely the same person. Within the grace: tolerated. If the mark is on another point of the target,
-- on a target that is only likely the same person, or has no date, nobody can tell.
-- A rule by point is about marks that the point is bad, any other rule about marks that somebody does not want contact.
-- Of several marks the one with the gravest verdict counts, and of those the earliest.
-- Key: attempt_key, rule
-- Group: core
WITH rules AS (
    SELECT
        rules.rule, rules.in_force_from, rules.in_force_until, rules.days, rules.jurisdiction,
        coalesce(rules.unit = 'point', FALSE) AS is_about_points,
        coalesce(rules.grace, 0) AS grace,
        coalesce(rules.grace_unit, 'hours') AS grace_unit,
        settings.clock_tolerance_ms * 1000 AS tolerance,
        settings.timezone
    FROM core.contact_rules AS rules
    CROSS JOIN landing.settings AS settings
    WHERE rules.kind = 'after_mark' AND rules.enabled
),

marks AS (
    SELECT marks.*, people.person_key, people.sure_key
    FROM core.restrictions AS marks
    LEFT JOIN core.person_targets AS people ON people.target_key = marks.target_key
),

met AS (
    SELECT approaches.attempt_key, marks.restriction_key
    FROM compliance._approaches AS approaches
    INNER JOIN marks ON marks.point_key = approaches.point_key
    UNION
    SELECT approaches.attempt_key, marks.restriction_key
    FROM compliance._approaches AS approaches
    INNER JOIN marks ON marks.person_key = approaches.person_key
    WHERE marks.kind <> 'bad_contact_info' OR marks.point_key IS NULL
),

related AS (
    SELECT
        approaches.attempt_key, approaches.attempted_at, approaches.context,
        marks.restriction_key, marks.kind, marks.since, marks.until,
        -- A line of the house's list without a date always held.
        marks.since IS NULL AND marks.since_basis <> 'list' AS is_undated,
        CASE
            WHEN marks.point_key = approaches.point_key THEN 'same_point'
            WHEN marks.target_key = approaches.target_key THEN 'same_target'
            ELSE 'matched_person'
        END AS via,
        CASE
            WHEN marks.point_key = approaches.point_key THEN 'after_mark'
            WHEN marks.point_key IS NOT NULL THEN 'marked_on_another_point'
            WHEN marks.target_key = approaches.target_key OR marks.sure_key = approaches.sure_key THEN 'after_mark'
            ELSE 'likely_match'
        END AS reason
    FROM met
    INNER JOIN compliance._approaches AS approaches ON approaches.attempt_key = met.attempt_key
    INNER JOIN marks ON marks.restriction_key = met.restriction_key
    WHERE
        marks.restriction_key <> approaches.attempt_key
        AND (marks.channels IS NULL OR list_contains(string_split(marks.channels, ' '), approaches.channel))
),

asked AS (
    SELECT
        related.*, rules.rule, rules.grace, rules.grace_unit, rules.tolerance, asked.doubt,
        epoch_us(related.attempted_at) AS moment,
        epoch_us(related.since) AS marked,
        CASE
            WHEN rules.grace_unit = 'business_days' THEN reports.local_day(related.attempted_at, asked.zones[1], rules.timezone)
        END AS day,
        CASE
            WHEN rules.grace_unit = 'business_days' THEN reports.local_day(related.since, asked.zones[1], rules.timezone)
        END AS day_of_mark,
        coalesce(listed.country, '') AS country
    FROM related
    INNER JOIN compliance._context_rules AS asked
        ON asked.context = related.context AND asked.kind = 'after_mark' AND asked.is_judged
    INNER JOIN rules ON rules.rule = asked.rule AND rules.in_force_from IS NOT DISTINCT FROM asked.in_force_from
    LEFT JOIN (SELECT DISTINCT country FROM landing.holidays) AS listed
        ON listed.country = coalesce(asked.country, left(rules.jurisdiction, 2))
    WHERE
        rules.is_about_points = (related.kind = 'bad_contact_info')
        AND coalesce(epoch_us(related.attempted_at) > epoch_us(related.since) + rules.tolerance, TRUE)
        AND coalesce(epoch_us(related.attempted_at) < epoch_us(related.until) - rules.tolerance, TRUE)
        AND reports.is_in_force_at(
            epoch_us(related.attempted_at), asked.zones[1], rules.timezone,
            rules.in_force_from, rules.in_force_until, rules.days
        )
),

-- The day on which a grace of business days ends. A country without a list of holidays counts Monday to Friday.
ends AS (
    SELECT asked.attempt_key, asked.rule, asked.restriction_key, min(later.day) AS last_day
    FROM asked
    INNER JOIN compliance._business_days AS own ON own.country = asked.country AND own.day = asked.day_of_mark
    INNER JOIN compliance._business_days AS later
        ON later.country = own.country AND later.number = own.number + asked.grace AND later.is_business_day
    WHERE asked.grace_unit = 'business_days'
    GROUP BY asked.attempt_key, asked.rule, asked.restriction_key
),

weighed AS (
    SELECT
        asked.*,
        CASE asked.grace_unit
            WHEN 'hours' THEN asked.moment <= asked.marked + asked.grace * 3600000000 + asked.tolerance AND asked.grace > 0
            WHEN 'days' THEN asked.moment <= asked.marked + asked.grace * 86400000000 + asked.tolerance AND asked.grace > 0
            ELSE asked.day <= ends.last_day
        END AS is_in_grace
    FROM asked
    LEFT JOIN ends
        ON
            ends.attempt_key = asked.attempt_key AND ends.rule = asked.rule
            AND ends.restriction_key = asked.restriction_key
),

judged AS (
    SELECT
        weighed.*,
        CASE
            WHEN reason <> 'after_mark' OR is_undated THEN 'unverifiable'
            WHEN is_in_grace THEN 'tolerated'
            WHEN doubt IS NOT NULL THEN 'unverifiable'
            ELSE 'breach'
        END AS verdict
    FROM weighed
),

ranked AS (
    SELECT
        judged.*,
        row_number() OVER (
            PARTITION BY attempt_key, rule
            ORDER BY
                CASE verdict WHEN 'breach' THEN 1 WHEN 'unverifiable' THEN 2 ELSE 3 END ASC,
                CASE via WHEN 'same_point' THEN 1 WHEN 'same_target' THEN 2 ELSE 3 END ASC,
                since ASC NULLS LAST,
                restriction_key ASC
        ) AS place
    FROM judged
)

SELECT
    attempt_key, -- the attempt, as in core.attempts
    rule, -- the rule, as in core.contact_rules
    verdict, -- breach, unverifiable or tolerated
    -- why: after_mark, within_grace, or why nobody can tell
    CASE
        WHEN reason <> 'after_mark' THEN reason
        WHEN is_undated THEN 'mark_without_date'
        WHEN verdict = 'tolerated' THEN 'within_grace'
        WHEN verdict = 'unverifiable' THEN doubt
        ELSE 'after_mark'
    END AS reason,
    via, -- what the mark is on: same_point, same_target or matched_person
    restriction_key -- the mark, as in core.restrictions
FROM ranked
WHERE place = 1
