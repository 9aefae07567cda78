-- One row: how many checks there are, and how many passed. quality.check_results names them.
-- Key: checks
-- Group: reports
-- Example: Did every check pass?
--   SELECT passed, checks FROM quality.check_summary
SELECT
    count(*) AS checks, -- checks with a result [count]
    count(CASE WHEN passed THEN 1 END) AS passed, -- of them, passed [count]
    count(CASE WHEN NOT passed THEN 1 END) AS failed, -- of them, failed [count]
    -- of the failed, those that would have stopped the publication [count]
    count(CASE WHEN NOT passed AND severity = 'ERROR' THEN 1 END) AS errors
FROM quality.check_results
