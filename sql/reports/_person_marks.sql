-- One row per person + mark that concerns it: marks on its targets, and marks on its points, whoever took them.
-- Key: person_key, restriction_key
-- Incremental: hash(target_key)
WITH met AS (
    SELECT people.person_key, marks.restriction_key, people.target_key, TRUE AS is_own
    FROM core.restrictions AS marks
    INNER JOIN core.person_targets AS people ON people.target_key = marks.target_key
    UNION ALL
    SELECT people.person_key, marks.restriction_key, people.target_key, marks.target_key IS NULL
    FROM core.restrictions AS marks
    INNER JOIN core.contact_points AS points ON points.point_key = marks.point_key
    INNER JOIN core.person_targets AS people ON people.target_key = points.target_key
),

united AS (
    SELECT person_key, restriction_key, min(target_key) AS target_key, bool_or(is_own) AS is_own
    FROM met
    GROUP BY person_key, restriction_key
)

SELECT
    united.person_key, -- the person, as in core.person_targets
    united.restriction_key, -- the mark, as in core.restrictions
    -- a target of the person that the mark is on, or that has the marked point; the least of several
    united.target_key,
    -- true if the mark is on the person, or on a point and on nobody else; false if it is on somebody else at the point
    united.is_own,
    marks.source, -- who took the mark: a source as in core.sources, or house
    marks.kind, -- do_not_contact, opted_out, bad_contact_info or house_list
    marks.point_key, -- the point that is marked; null: the whole target
    marks.channels, -- the channels that it is about, with spaces between; null for all
    marks.since, -- since when (UTC); null if nothing says it
    marks.until -- when it ended (UTC); null while it holds
FROM united
INNER JOIN core.restrictions AS marks ON marks.restriction_key = united.restriction_key
