-- One row per source + campaign + outcome rate: response, cooperation, refusal and contact rates as AAPOR defines them
-- (Standard Definitions, 10th edition, 2023).
-- The rates are calculated from the classes and e of reports.aapor_classes. The macro reports.aapor gives the same
-- rates for counts and an e of your own.
-- Key: source, campaign_key, rate
-- Example: What is response rate 3 of each campaign?
--   SELECT source, campaign_key, campaign_name, numerator, denominator, value, value_low, value_high, e, is_thin
--   FROM reports.aapor_rates LEFT JOIN core.campaigns USING (source, campaign_key)
--   WHERE rate = 'rr3' AND campaign_key <> 'all' ORDER BY campaign_key
WITH classes AS (
    SELECT
        source,
        campaign_key,
        e,
        CAST(i AS DOUBLE) AS i,
        CAST(i + p AS DOUBLE) AS ip,
        CAST(r AS DOUBLE) AS r,
        CAST(i + p + r + o AS DOUBLE) AS ipro,
        CAST(i + p + r AS DOUBLE) AS ipr,
        CAST(k AS DOUBLE) AS k,
        CAST(k + u AS DOUBLE) AS ku,
        -- If nobody is of unknown eligibility, e does not matter.
        CASE WHEN u = 0 THEN CAST(k AS DOUBLE) ELSE k + e * u END AS keu
    FROM reports.aapor_classes
),

rates AS (
    SELECT source, campaign_key, e, 'rr1' AS rate, 'I / (K + U)' AS formula, i AS numerator, ku AS denominator
    FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'rr2', '(I + P) / (K + U)', ip, ku FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'rr3', 'I / (K + e U)', i, keu FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'rr4', '(I + P) / (K + e U)', ip, keu FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'rr5', 'I / K', i, k FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'rr6', '(I + P) / K', ip, k FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'coop1', 'I / (I + P + R + O)', i, ipro FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'coop2', '(I + P) / (I + P + R + O)', ip, ipro FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'coop3', 'I / (I + P + R)', i, ipr FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'coop4', '(I + P) / (I + P + R)', ip, ipr FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'ref1', 'R / (K + U)', r, ku FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'ref2', 'R / (K + e U)', r, keu FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'ref3', 'R / K', r, k FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'con1', '(I + P + R + O) / (K + U)', ipro, ku FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'con2', '(I + P + R + O) / (K + e U)', ipro, keu FROM classes
    UNION ALL
    SELECT source, campaign_key, e, 'con3', '(I + P + R + O) / K', ipro, k FROM classes
),

valued AS (
    SELECT rates.*, numerator / nullif(denominator, 0) AS value
    FROM rates
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    rate, -- the rate: rr1 to rr6, coop1 to coop4, ref1 to ref3, con1 to con3
    formula, -- its formula in AAPOR's letters
    CAST(numerator AS BIGINT) AS numerator, -- targets in the numerator [count]
    -- targets in the denominator; where the formula says so, those of unknown eligibility are weighted by e
    denominator,
    value, -- numerator / denominator; null if the denominator is 0 or e is not known [share]
    -- lower end of its 95 % interval (Wilson; e is taken as known) [share]
    reports.wilson_low(numerator, denominator) AS value_low,
    reports.wilson_high(numerator, denominator) AS value_high, -- upper end of its 95 % interval [share]
    e, -- share of targets of unknown eligibility that counts as eligible [share]
    denominator < 5 AS is_thin -- true if the denominator is less than 5
FROM valued
