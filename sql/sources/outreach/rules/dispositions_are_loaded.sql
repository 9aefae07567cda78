-- Every call's disposition is in raw.outreach_call_dispositions. Without it, the call's outcome is a guess.
-- Table: raw.outreach_calls
-- Severity: warn
SELECT calls.call_disposition_id, count(*) AS calls
FROM raw.outreach_calls AS calls
WHERE calls.call_disposition_id NOT IN (SELECT names.id FROM raw.outreach_call_dispositions AS names)
GROUP BY calls.call_disposition_id
ORDER BY calls DESC, calls.call_disposition_id ASC
