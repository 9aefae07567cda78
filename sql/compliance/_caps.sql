-- One row per attempt + rule that limits attempts, if the attempt is beyond the limit or may be.
-- Counted are the attempts of the unit that the rule judges within (t - period, t], over all systems. Two attempts that
-- lie a whole period apart are not in one period, and what lies within the clock tolerance of that is not counted.
-- A rule of kind `after_contact` limits attempts to none after a contact: it counts contacts before the attempt.
-- For a rule by person, an attempt counts surely if it went to the same target, or to a target that is surely the same
-- person; and for a rule that counts connected calls, if it surely connected. If what counts surely stays within the
-- limit, and what may count is beyond it, nobody can tell.
-- Key: attempt_key, rule
-- Group: core
WITH pairs AS (
    SELECT
        attempt_key, rule, other_key, kind, cap, doubt, may_not_count, is_itself, is_same_point, is_same_target,
        is_surely_same, surely_counts
    FROM compliance._person_cap_pairs
    UNION ALL
    SELECT
        attempt_key, rule, other_key, kind, cap, doubt, may_not_count, is_itself, is_same_point, is_same_target,
        is_surely_same, surely_counts
    FROM compliance._point_cap_pairs
),

counted AS (
    SELECT
        attempt_key, rule, cap,
        max(kind) AS kind,
        max(doubt) AS doubt,
        bool_or(may_not_count) AS may_not_count,
        count(*) AS possible,
        count(CASE WHEN is_surely_same THEN 1 END) AS linked,
        count(CASE WHEN surely_counts AND is_surely_same THEN 1 END) AS sure,
        list_sort(array_agg(other_key) FILTER (WHERE NOT is_itself)) AS possible_others,
        list_sort(
            array_agg(other_key) FILTER (
                WHERE NOT is_itself AND surely_counts AND is_surely_same
            )
        ) AS sure_others,
        bool_and(is_same_point) AS all_same_point,
        bool_and(is_same_target) AS all_same_target,
        bool_and(is_same_point) FILTER (WHERE surely_counts AND is_surely_same) AS sure_same_point,
        bool_and(is_same_target) FILTER (WHERE surely_counts AND is_surely_same) AS sure_same_target
    FROM pairs
    GROUP BY attempt_key, rule, cap
    HAVING count(*) > cap
),

weighed AS (
    SELECT
        counted.*,
        sure > cap AND doubt IS NULL AND NOT may_not_count AS is_breach
    FROM counted
)

SELECT
    attempt_key, -- the attempt, as in core.attempts
    rule, -- the rule, as in core.contact_rules
    CASE WHEN is_breach THEN 'breach' ELSE 'unverifiable' END AS verdict, -- breach or unverifiable
    -- why: over_cap or after_contact, or why nobody can tell
    CASE
        WHEN is_breach AND kind = 'after_contact' THEN 'after_contact'
        WHEN is_breach THEN 'over_cap'
        WHEN linked <= cap THEN 'likely_match'
        WHEN sure <= cap OR may_not_count THEN 'may_not_have_connected'
        ELSE doubt
    END AS reason,
    -- what makes them attempts of one unit: same_point, same_target or matched_person
    CASE
        WHEN is_breach AND sure_same_point OR NOT is_breach AND all_same_point THEN 'same_point'
        WHEN is_breach AND sure_same_target OR NOT is_breach AND all_same_target THEN 'same_target'
        ELSE 'matched_person'
    END AS via,
    -- attempts in the period, this one included: those that count surely for a breach, otherwise those that may [count]
    CAST(CASE WHEN is_breach THEN sure ELSE possible END AS BIGINT) AS count_in_period,
    CASE WHEN is_breach THEN sure_others ELSE possible_others END AS other_attempts -- the other attempts that are counted
FROM weighed
