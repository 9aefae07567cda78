-- One row per mark: somebody asked not to be contacted, a point was found to be bad, or the organization's own list
-- forbids it.
-- Marks come from the outcome of an attempt, from the lists of the sources, and from house/suppressions. They hold in all
-- systems, whichever took them.
-- A mark ends when its list says so; when the target, or the point, opts in again later; and a mark that a point is bad
-- when somebody is reached at this point.
-- Key: restriction_key
-- Order: source, since, restriction_key
-- Incremental: hash(restriction_key)
-- Metric: restrictions = count(*)
-- Example: Who asked one system not to be contacted, and was marked in no other?
--   SELECT restriction_key, source, target_key, point_key, since FROM core.restrictions
--   WHERE kind = 'do_not_contact' AND until IS NULL ORDER BY since, restriction_key
WITH stated AS (
    SELECT
        marks.source,
        marks.source || ':' || marks.mark || ':' || marks.kind AS restriction_key,
        marks.kind,
        reports.point_key(marks.point_kind, marks.point_value, marks.point_id, settings.country) AS point_key,
        marks.source || ':' || CAST(marks.person AS VARCHAR) AS target_key,
        nullif(trim(marks.channels), '') AS channels,
        marks.since,
        marks.since_basis,
        marks.until,
        marks.evidence
    FROM sources.marks AS marks
    CROSS JOIN landing.settings AS settings
),

every_mark AS (
    SELECT * FROM stated
WHERE kind <> 'opted_in'
    UNION ALL
    SELECT
        attempts.source,
        attempts.attempt_key,
        attempts.disposition,
        attempts.point_key,
        attempts.target_key,
        CAST(NULL AS VARCHAR),
        attempts.attempted_at,
        'attempt',
        CAST(NULL AS TIMESTAMP),
        coalesce(attempts.disposition_basis || ': ', '') || attempts.raw_disposition
    FROM core.attempts AS attempts
    WHERE attempts.disposition IN ('do_not_contact', 'bad_contact_info')
),

-- A point's mark ends by an opt-in of the point, a target's by one of the target. Both are the source's own word. A mark on
-- a number is about calls and texts, and one on an e-mail address about e-mails: an opt-in to the other ends neither.
opted_in AS (
    SELECT marks.restriction_key, min(agreed.since) AS until
    FROM every_mark AS marks
    INNER JOIN stated AS agreed ON agreed.kind = 'opted_in' AND agreed.since > marks.since
    WHERE
        marks.kind NOT IN ('bad_contact_info', 'house_list')
        AND (
            agreed.target_key = marks.target_key AND (agreed.point_key IS NULL OR agreed.point_key = marks.point_key)
            OR agreed.point_key = marks.point_key
        )
        AND (
            agreed.channels IS NULL OR agreed.channels = marks.channels
            OR marks.channels IS NULL AND (marks.point_key IS NULL OR split_part(marks.point_key, ':', 1) = agreed.channels)
        )
    GROUP BY marks.restriction_key
),

reached AS (
    SELECT marks.restriction_key, min(attempts.attempted_at) AS until
    FROM every_mark AS marks
    INNER JOIN core.attempts AS attempts
        ON attempts.point_key = marks.point_key AND attempts.is_contact AND attempts.attempted_at > marks.since
    WHERE marks.kind = 'bad_contact_info'
    GROUP BY marks.restriction_key
)

SELECT
    marks.restriction_key, -- the attempt's key, or `<source>:<what names the mark there>:<kind>`
    marks.source, -- who took the mark: a source as in core.sources, or house
    marks.kind, -- do_not_contact, opted_out, bad_contact_info or house_list
    marks.point_key, -- the point that is marked; null: the whole person
    marks.target_key, -- the target that is marked; null if the mark names a point alone
    marks.channels, -- the channels that it is about, with spaces between; null for all
    marks.since, -- since when (UTC); null if nothing says it
    -- where that time comes from: attempt, status_changed, updated_at_latest (the latest that it can be), list or unknown
    marks.since_basis,
    -- when it ended (UTC); null while it holds
    least(marks.until, opted_in.until, reached.until) AS until,
    marks.evidence -- the field and the word that say it
FROM every_mark AS marks
LEFT JOIN opted_in ON opted_in.restriction_key = marks.restriction_key
LEFT JOIN reached ON reached.restriction_key = marks.restriction_key
