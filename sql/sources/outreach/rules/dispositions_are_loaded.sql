-- Every call's disposition is in raw.outreach_call_dispositions, under the call's own organization. Without it, the
-- call's outcome is a guess.
-- Table: raw.outreach_calls
-- Severity: warn
SELECT calls.bento, calls.o_id, calls.call_disposition_id, count(*) AS calls
FROM raw.outreach_calls AS calls
LEFT JOIN raw.outreach_call_dispositions AS names
    ON
        names.id = calls.call_disposition_id
        AND names.bento IS NOT DISTINCT FROM calls.bento
        AND names.o_id IS NOT DISTINCT FROM calls.o_id
WHERE calls.call_disposition_id IS NOT NULL AND names.id IS NULL
GROUP BY calls.bento, calls.o_id, calls.call_disposition_id
ORDER BY calls DESC, calls.bento ASC, calls.o_id ASC, calls.call_disposition_id ASC
