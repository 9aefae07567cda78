-- One row: how many checks there are, and how many passed. quality.check_results names them.
-- Key: checks
-- Group: reports
-- Columns:
--   checks: checks with a result [count]
--   passed: of them, passed [count]
--   failed: of them, failed [count]
--   errors: of the failed, those that would have stopped the publication [count]
SELECT
    count(*) AS checks,
    count(CASE WHEN passed THEN 1 END) AS passed,
    count(CASE WHEN NOT passed THEN 1 END) AS failed,
    count(CASE WHEN NOT passed AND severity = 'ERROR' THEN 1 END) AS errors
FROM quality.check_results
