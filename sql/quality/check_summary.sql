-- One row: how many checks there are, and how many passed. quality.check_results lists each of them.
-- Key: checks
-- Group: reports
-- Example: Did every check pass?
--   SELECT checks > 0 AND failed = 0 AS every_check_passed, checks, passed, failed, errors FROM quality.check_summary
SELECT
    count(*) AS checks, -- checks with a result [count]
    count(CASE WHEN passed THEN 1 END) AS passed, -- checks that passed [count]
    count(CASE WHEN NOT passed THEN 1 END) AS failed, -- checks that failed [count]
    -- failed checks of severity ERROR, which stop a publication [count]
    count(CASE WHEN NOT passed AND severity = 'ERROR' THEN 1 END) AS errors
FROM quality.check_results
