-- No call's id stands both with and without an organization. Such calls are probably the same, out of the API and out
-- of data sharing, and count twice.
-- Table: raw.outreach_calls
-- Severity: warn
SELECT id, min(bento) AS bento, min(o_id) AS o_id, count(*) AS calls
FROM raw.outreach_calls
WHERE id IN (
    SELECT named.id
    FROM raw.outreach_calls AS named
    WHERE named.bento IS NOT NULL OR named.o_id IS NOT NULL
)
GROUP BY id
HAVING count(DISTINCT CAST(bento IS NULL AS INTEGER) + 2 * CAST(o_id IS NULL AS INTEGER)) > 1
ORDER BY id
