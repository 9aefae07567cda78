-- One row per value that no line of the mapping names: how many rows have it, and the line to write.
-- The disposition of these rows is `unknown`. To map the value, append the line to `dispositions.csv` in the landing
-- folder, below the header `source,field,value,disposition`, and write the right disposition in place of `unknown`.
-- Key: source, field, value
-- Group: reports
-- Example: Which values of my systems does the mapping not know, and what do I write to map them?
--   SELECT source, field, value, rows, line FROM quality.unmapped_values ORDER BY rows DESC, line
WITH counted AS (
    SELECT
        source, unmapped_field, unmapped_value,
        -- As somebody wrote it, if that is what is looked up.
        coalesce(
            min(CASE WHEN lower(trim(raw_disposition)) = unmapped_value THEN trim(raw_disposition) END), unmapped_value
        ) AS written,
        count(*) AS rows,
        count(CASE WHEN is_attempt THEN 1 END) AS attempts,
        max(attempted_at) AS last_attempted_at
    FROM core.attempts
    WHERE unmapped_field IS NOT NULL
    GROUP BY source, unmapped_field, unmapped_value
)

SELECT
    source, -- the source, as in core.sources
    unmapped_field AS field, -- the source's field that holds the value, as in core.dispositions
    unmapped_value AS value, -- the value in lower case, as in core.dispositions
    rows, -- rows of core.attempts that are unknown because of it [count]
    attempts, -- of these rows, real attempts [count]
    last_attempted_at, -- when the latest of these rows began (UTC); null if none has a time
    -- the line for the landing folder's dispositions.csv, with `unknown` as the disposition
    source || ',' || unmapped_field || ','
    || CASE
        WHEN translate(written, ',;|"' || chr(9) || chr(10) || chr(13), '') <> written
            THEN '"' || replace(written, '"', '""') || '"'
        ELSE written
    END
    || ',unknown' AS line
FROM counted
