-- Every target that existed by as-of has an outcome, whether it was dialled or not.
-- Table: replay.target_outcomes
-- Severity: error
SELECT targets.id AS outdial_target_id, targets.outdial_id, targets.tm_create
FROM known.voipbin_outdialtargets AS targets
CROSS JOIN replay._clock AS clock
LEFT JOIN replay.target_outcomes AS outcomes ON outcomes.outdial_target_id = targets.id
WHERE outcomes.outdial_target_id IS NULL AND coalesce(targets.tm_create <= clock.observed_until, TRUE)
