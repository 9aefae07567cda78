-- The formulas: a campaign's key, Wilson's interval, the design effect of attempts, AAPOR's outcome rates. The reports use these macros.
-- The published file has them too, so that analysts can use them on counts of their own.
-- Belongs here: CREATE MACRO statements that run in DuckDB 1.2 and later.
--   SELECT reports.wilson_low(81, 263), reports.wilson_high(81, 263)
--   FROM reports.aapor(120, 5, 60, 200, 10, 300, 20, 15, 90, NULL, NULL, NULL)
-- The linter takes the names of the parameters for types:
-- noqa: disable=CP05

-- A campaign's key: `<source>:<native id or name>`, and `<source>:none` for what belongs to no campaign. A campaign that
-- is really called `none` has the key `<source>:named none`, one called `named none` has `<source>:named named none`, and
-- so on. So no name that people choose is the key of another campaign, or of none.
CREATE OR REPLACE MACRO reports.campaign_key(source, campaign) AS
source || ':' || CASE
    WHEN campaign IS NULL THEN 'none'
    WHEN campaign LIKE '%none' AND replace(campaign, 'named ', '') = 'none' THEN 'named ' || campaign
    ELSE campaign
END;

-- Lower end of Wilson's 95 % interval for k of n. It is null if n is 0, or if k does not lie between 0 and n.
CREATE OR REPLACE MACRO reports.wilson_low(k, n) AS
CASE
    WHEN n > 0 AND k = 0 THEN 0.0
    WHEN n > 0 AND k > 0 AND k <= n THEN greatest(0.0, (
        k + 1.9207294103470618e0
        - 1.959963984540054e0 * sqrt(CAST(k AS DOUBLE) * (n - k) / n + 0.9603647051735309e0)
    ) / (n + 3.8414588206941236e0))
END;

-- Upper end of Wilson's 95 % interval for k of n. It is null in the same cases.
CREATE OR REPLACE MACRO reports.wilson_high(k, n) AS
CASE
    WHEN n > 0 AND k = n THEN 1.0
    WHEN n > 0 AND k >= 0 AND k < n THEN least(1.0, (
        k + 1.9207294103470618e0
        + 1.959963984540054e0 * sqrt(CAST(k AS DOUBLE) * (n - k) / n + 0.9603647051735309e0)
    ) / (n + 3.8414588206941236e0))
END;

-- Effective attempts: how many independent attempts would be as sure as these attempts, which are clustered by target.
-- Let n be the attempts and x the contacts of one target. Then targets is the number of targets, attempts the sum of n,
-- contacts the sum of x, and sum_nn, sum_nx and sum_xx are the sums of n * n, n * x and x * x. The variance of
-- r = contacts / attempts is linearised over m targets: m / (m - 1) * sum((x - r n)^2) / (sum n)^2. The attempts are
-- divided by the design effect that this variance gives (Kish 1965). The result is never above the attempts made. It is
-- the number of targets if every attempt ended alike, and 1 if there is one target.
CREATE OR REPLACE MACRO reports.effective_attempts(targets, attempts, contacts, sum_nn, sum_nx, sum_xx) AS
CASE
    WHEN attempts = 0 THEN NULL
    WHEN targets = attempts THEN CAST(attempts AS DOUBLE)
    WHEN targets = 1 THEN 1.0
    WHEN contacts = 0 OR contacts = attempts THEN CAST(targets AS DOUBLE)
    ELSE least(
        CAST(attempts AS DOUBLE),
        coalesce(
            CAST(contacts AS DOUBLE) / attempts * (1 - CAST(contacts AS DOUBLE) / attempts)
            / nullif(
                greatest(
                    sum_xx - 2 * (CAST(contacts AS DOUBLE) / attempts) * sum_nx
                    + (CAST(contacts AS DOUBLE) / attempts) * (CAST(contacts AS DOUBLE) / attempts) * sum_nn, 0
                ) * targets / (targets - 1) / (CAST(attempts AS DOUBLE) * attempts), 0
            ) * attempts / (attempts - 1),
            CAST(attempts AS DOUBLE)
        )
    )
END;

-- One row with every outcome rate of AAPOR's Standard Definitions (10th edition, 2023). The first nine arguments are
-- counts by final class: i complete, p partial, r refusal, nc non-contact, o other; uh, ur and uo unknown eligibility;
-- ne not eligible. e_uh, e_ur and e_uo say which share of each unknown class counts as eligible. Null stands for
-- k / (k + ne), where k = i + p + r + nc + o. A rate whose denominator is 0 is null.
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
