-- One row per attempt + rule by point + attempt that the rule counts with it: itself, and those before it. Attempts
-- that cannot be beyond the limit are left out.
-- No rule of the project's own is by point.
-- Key: attempt_key, rule, other_key
-- Group: core
-- Incremental: hash(point_key) across compliance._approaches
WITH suspects AS (
    SELECT
        approaches.attempt_key, approaches.point_key, approaches.target_key, approaches.sure_key,
        approaches.subject AS own_subject, approaches.is_connected, epoch_us(approaches.attempted_at) AS moment,
        limits.*
    FROM compliance._approaches AS approaches
    INNER JOIN compliance._limits AS limits ON limits.context = approaches.context
    WHERE
        limits.unit = 'point'
        AND approaches.point_key IS NOT NULL
        AND reports.is_in_force_at(
            epoch_us(approaches.attempted_at), limits.zone, limits.zone,
            limits.in_force_from, limits.in_force_until, limits.days
        )
)

SELECT
    suspects.attempt_key, -- the attempt that is judged, as in core.attempts
    suspects.point_key, -- its point
    suspects.rule, -- the rule, as in core.contact_rules
    other.attempt_key AS other_key, -- the attempt that is counted with it
    suspects.kind, -- cap or after_contact
    suspects.cap, -- how many attempts the rule allows
    suspects.doubt, -- why nothing in its context is a breach; null if something can be
    -- true if the rule counts connected calls, and nobody can tell whether the judged one is one
    suspects.counts_connected AND suspects.is_connected IS NULL AS may_not_count,
    other.attempt_key = suspects.attempt_key AS is_itself, -- true for the judged attempt itself
    coalesce(other.point_key = suspects.point_key, FALSE) AS is_same_point, -- true if both went to one point
    other.target_key = suspects.target_key AS is_same_target, -- true if both are of one target
    -- true if both are surely of the unit that the rule counts by
    suspects.unit <> 'person' OR other.sure_key = suspects.sure_key AS is_surely_same,
    -- true if it surely is what the rule counts
    suspects.kind = 'after_contact' OR NOT suspects.counts_connected OR coalesce(other.is_connected, FALSE) AS surely_counts
FROM suspects
INNER JOIN compliance._approaches AS other
    ON other.point_key = suspects.point_key
INNER JOIN compliance._limits AS theirs
    ON
        theirs.context = other.context AND theirs.rule = suspects.rule
        AND theirs.in_force_from IS NOT DISTINCT FROM suspects.in_force_from
WHERE
    (NOT suspects.same_subject OR other.subject = suspects.own_subject)
    AND (NOT suspects.counts_connected OR coalesce(other.is_connected, TRUE))
    AND reports.counts_together(
        suspects.kind, suspects.period, other.attempt_key = suspects.attempt_key, other.is_contact,
        epoch_us(other.attempted_at), suspects.moment, suspects.period_us, suspects.tolerance, suspects.zone,
        suspects.zone
    )
