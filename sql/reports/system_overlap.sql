-- One row per pair of systems that know somebody, in both orders, and of each system with itself: people that both
-- know, tried and reached.
-- Key: first_source, second_source
-- Example: Whom did one system restrict and another try afterwards?
--   SELECT first_source, second_source, restricted_in_first_attempted_in_second AS people FROM reports.system_overlap
--   WHERE first_source <> second_source AND restricted_in_first_attempted_in_second > 0 ORDER BY people DESC, 1, 2
WITH marked AS (
    SELECT people.person_key, marks.source, min(marks.since) AS since
    FROM core.restrictions AS marks
    INNER JOIN core.person_targets AS people ON people.target_key = marks.target_key
    GROUP BY people.person_key, marks.source
),

known AS (
    SELECT
        person_key, source,
        bool_or(attempts > 0) AS is_attempted,
        bool_or(contacts > 0) AS is_contacted,
        max(last_attempt_at) AS last_attempt_at
    FROM core._target_people
    GROUP BY person_key, source
),

facts AS (
    SELECT known.*, marked.since
    FROM known
    LEFT JOIN marked ON marked.person_key = known.person_key AND marked.source = known.source
),

counted AS (
    SELECT
        one.source AS first_source,
        other.source AS second_source,
        count(*) AS people_in_both,
        count(CASE WHEN one.is_attempted AND other.is_attempted THEN 1 END) AS attempted_in_both,
        count(CASE WHEN one.is_contacted AND other.is_contacted THEN 1 END) AS contacted_in_both,
        count(CASE WHEN other.last_attempt_at > one.since THEN 1 END) AS restricted_in_first_attempted_in_second
    FROM facts AS one
    INNER JOIN facts AS other ON other.person_key = one.person_key
    GROUP BY one.source, other.source
),

systems AS (
    SELECT DISTINCT source FROM known
)

SELECT
    firsts.source AS first_source, -- a system, as in core.sources
    seconds.source AS second_source, -- another system, or the same
    coalesce(counted.people_in_both, 0) AS people_in_both, -- people that both know [count]
    coalesce(counted.attempted_in_both, 0) AS attempted_in_both, -- people that both tried [count]
    coalesce(counted.contacted_in_both, 0) AS contacted_in_both, -- people that both reached [count]
    -- people that the first marked, and that the second tried after that [count]
    coalesce(counted.restricted_in_first_attempted_in_second, 0) AS restricted_in_first_attempted_in_second
FROM systems AS firsts
CROSS JOIN systems AS seconds
LEFT JOIN counted ON counted.first_source = firsts.source AND counted.second_source = seconds.source
