-- One row per check: its latest result.
-- Key: table_name, check_name
-- Group: reports
-- Example: Which checks failed?
--   SELECT table_name, check_name, severity, observed, detail FROM quality.check_results WHERE NOT passed
--   ORDER BY severity, table_name, check_name
WITH ranked AS (
    SELECT
        table_name, check_name, severity, passed, observed, detail, checked_at, run_id,
        row_number() OVER (
            PARTITION BY table_name, check_name ORDER BY checked_at DESC NULLS LAST, run_id DESC
        ) AS place
    FROM landing.check_log
)

SELECT
    table_name, -- the table that was checked
    check_name, -- the name of the rule
    severity, -- ERROR (a failure stops the publication) or WARN (it does not)
    passed, -- true if the rule held
    observed, -- counts only: how many rows break the rule, of how many
    detail, -- the first row that breaks the rule, or why the rule could not be evaluated; null if the rule held
    checked_at, -- when this result was first found (UTC); a later run that finds it again does not change it
    run_id -- the run that first found this result
FROM ranked
WHERE place = 1
