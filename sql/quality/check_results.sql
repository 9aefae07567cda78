-- One row per validation: its latest result.
-- Key: table_name, check_name
-- Group: reports
-- Example: What failed?
--   SELECT table_name, check_name, severity, observed, detail FROM quality.check_results WHERE NOT passed
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
    check_name, -- the rule's name
    severity, -- ERROR (stops what is downstream) or WARN
    passed, -- whether the rule held
    observed, -- counts alone: how many rows offend, of how many
    detail, -- the first offending row, or why the rule could not be evaluated; null when the rule held
    checked_at, -- when this was first found (UTC); a later run that finds the same again leaves it
    run_id -- the run that first found it
FROM ranked
WHERE place = 1
