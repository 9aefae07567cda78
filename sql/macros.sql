-- Functions for analysts, made in the published file: AAPOR's outcome rates and Wilson's interval for their own counts.
-- Belongs here: CREATE MACRO statements that DuckDB 1.2 and later take. Does not belong here: anything the pipeline's
-- own tables are made with; those stay plain SELECTs.
--   SELECT reports.wilson_low(81, 263), reports.wilson_high(81, 263)
--   FROM reports.aapor(120, 5, 60, 200, 10, 300, 20, 15, 90, NULL, NULL, NULL)
-- The linter takes the parameters' names for types:
-- noqa: disable=CP05

-- Lower end of Wilson's 95 % interval for k of n; null when n is 0 or k is not within 0 to n.
CREATE OR REPLACE MACRO reports.wilson_low(k, n) AS
CASE
    WHEN n > 0 AND k = 0 THEN 0.0
    WHEN n > 0 AND k > 0 AND k <= n THEN greatest(0.0, (
        k + 1.9207294103470618e0
        - 1.959963984540054e0 * sqrt(CAST(k AS DOUBLE) * (n - k) / n + 0.9603647051735309e0)
    ) / (n + 3.8414588206941236e0))
END;

-- Upper end of the same.
CREATE OR REPLACE MACRO reports.wilson_high(k, n) AS
CASE
    WHEN n > 0 AND k = n THEN 1.0
    WHEN n > 0 AND k >= 0 AND k < n THEN least(1.0, (
        k + 1.9207294103470618e0
        + 1.959963984540054e0 * sqrt(CAST(k AS DOUBLE) * (n - k) / n + 0.9603647051735309e0)
    ) / (n + 3.8414588206941236e0))
END;

-- One row with every outcome rate of AAPOR's Standard Definitions (10th edition, 2023). Counts by final class: i
-- complete, p partial, r refusal, nc non-contact, o other, uh, ur, uo unknown eligibility, ne not eligible. e_uh, e_ur,
-- e_uo: which share of each unknown class is taken for eligible; null takes k / (k + ne). A rate over 0 is null.
CREATE OR REPLACE MACRO reports.aapor(i, p, r, nc, o, uh, ur, uo, ne, e_uh, e_ur, e_uo) AS TABLE
WITH known AS (
    SELECT
        CAST(i AS DOUBLE) AS complete,
        CAST(p AS DOUBLE) AS partly,
        CAST(r AS DOUBLE) AS refused,
        CAST(i + p + r + o AS DOUBLE) AS reached,
        CAST(i + p + r AS DOUBLE) AS asked,
        CAST(i + p + r + nc + o AS DOUBLE) AS eligible,
        CAST(i + p + r + nc + o + uh + ur + uo AS DOUBLE) AS anybody,
        CAST(i + p + r + nc + o AS DOUBLE) / nullif(i + p + r + nc + o + ne, 0) AS share
),

weighed AS (
    SELECT
        *,
        eligible
        + CASE WHEN uh = 0 THEN 0 ELSE coalesce(e_uh, share) * uh END
        + CASE WHEN ur = 0 THEN 0 ELSE coalesce(e_ur, share) * ur END
        + CASE WHEN uo = 0 THEN 0 ELSE coalesce(e_uo, share) * uo END AS estimated
    FROM known
)

SELECT
    complete / nullif(anybody, 0) AS rr1,
    (complete + partly) / nullif(anybody, 0) AS rr2,
    complete / nullif(estimated, 0) AS rr3,
    (complete + partly) / nullif(estimated, 0) AS rr4,
    complete / nullif(eligible, 0) AS rr5,
    (complete + partly) / nullif(eligible, 0) AS rr6,
    complete / nullif(reached, 0) AS coop1,
    (complete + partly) / nullif(reached, 0) AS coop2,
    complete / nullif(asked, 0) AS coop3,
    (complete + partly) / nullif(asked, 0) AS coop4,
    refused / nullif(anybody, 0) AS ref1,
    refused / nullif(estimated, 0) AS ref2,
    refused / nullif(eligible, 0) AS ref3,
    reached / nullif(anybody, 0) AS con1,
    reached / nullif(estimated, 0) AS con2,
    reached / nullif(eligible, 0) AS con3
FROM weighed;
