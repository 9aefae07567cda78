-- Every call's outplan is in raw.voipbin_outplans. Without it, the target's budget is unknown (`unresolved`).
-- Table: raw.voipbin_campaigncalls
-- Severity: warn
SELECT calls.outplan_id, count(*) AS calls
FROM raw.voipbin_campaigncalls AS calls
WHERE calls.outplan_id NOT IN (SELECT outplans.id FROM raw.voipbin_outplans AS outplans)
GROUP BY calls.outplan_id
ORDER BY calls DESC, calls.outplan_id ASC
