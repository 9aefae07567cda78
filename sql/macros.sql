-- The formulas: a campaign's key, Wilson's interval, the effective number of clustered attempts, AAPOR's outcome rates.
-- The reports use these macros. The published file has them too, so that analysts can use them on counts of their own.
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

-- Student's t: the 97.5 % quantile for degrees of freedom of 1 or more, whole or not. It is the expansion of Fisher and
-- Cornish (Abramowitz and Stegun 1964, 26.7.5), with two more terms that make it exact at 1 and 2. It is off by less
-- than 0.04 %.
CREATE OR REPLACE MACRO reports.t_quantile(freedom) AS
1.959963984540054e0 + (2.372271230298562e0 + (2.8224986157396112e0 + (2.555849679507722e0 + (1.5895340533938225e0 + (
    0.900963490e0 + 0.505123682e0 / (CAST(freedom AS DOUBLE) * freedom)
) / freedom) / freedom) / freedom) / freedom) / freedom;

-- For the macros up to reports.effective_attempts, n is the attempts and x the contacts of one target. `targets` is the
-- number of targets with an attempt, `attempts` the sum of n, `contacts` the sum of x, and sum_nn, sum_nx, sum_xx and
-- sum_nnn are the sums of n * n, n * x, x * x and n * n * n.

-- The sum over targets of (x - r * n)^2, where r = contacts / attempts: how far targets lie from their common rate.
CREATE OR REPLACE MACRO reports.sum_of_squares(attempts, contacts, sum_nn, sum_nx, sum_xx) AS
greatest(
    0.0,
    sum_xx - 2 * (CAST(contacts AS DOUBLE) / attempts) * sum_nx
    + (CAST(contacts AS DOUBLE) / attempts) * (CAST(contacts AS DOUBLE) / attempts) * sum_nn
);

-- How alike the attempts on one target end: their correlation, estimated from the sum of squares by the method of moments.
-- It is taken as 0.2 at least and 1 at most, because the estimate is blind where few targets have most of the attempts:
-- the common rate is then theirs. With no lower bound, intervals of 12 such targets hold the truth in 90 % of logs.
CREATE OR REPLACE MACRO reports.attempt_correlation(attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn) AS
least(1.0, greatest(0.2, coalesce((
    reports.sum_of_squares(attempts, contacts, sum_nn, sum_nx, sum_xx)
    / nullif(CAST(contacts AS DOUBLE) / attempts * (1 - CAST(contacts AS DOUBLE) / attempts), 0)
    - (attempts - CAST(sum_nn AS DOUBLE) / attempts)
) / nullif(
    sum_nn + CAST(sum_nn AS DOUBLE) / attempts * (CAST(sum_nn AS DOUBLE) / attempts)
    - 2 * CAST(sum_nnn AS DOUBLE) / attempts - (attempts - CAST(sum_nn AS DOUBLE) / attempts), 0
), 0.0)));

-- The share of the variance of a sum of contacts that the sum of squares is expected to show, if attempts on one target
-- are correlated so. The rest is lost because r comes from the same targets. If each of m targets had equally many
-- attempts, the share is (m - 1) / m.
CREATE OR REPLACE MACRO reports.variance_shown(attempts, sum_nn, sum_nnn, correlation) AS
greatest(0.0, 1 + CAST(sum_nn AS DOUBLE) / attempts / attempts - 2 * CAST(sum_nn AS DOUBLE) / attempts
* (1 + correlation * (CAST(sum_nnn AS DOUBLE) / sum_nn - 1)) / (attempts + correlation * (sum_nn - attempts)));

-- The degrees of freedom of the sum of squares, from 1 to targets - 1: twice its expectation squared / its variance
-- (Satterthwaite 1946; Bell and McCaffrey 2002). If each of m targets had equally many attempts, they are m - 1. If few
-- targets had most of the attempts, they are nearer to the number of these few. The sums of n^4 and n^5 that the variance
-- takes are written as if every pair of attempts lay in a target of the mean size, sum_nnn / sum_nn.
CREATE OR REPLACE MACRO reports.degrees_of_freedom(targets, attempts, sum_nn, sum_nnn, correlation) AS
greatest(1.0, least(targets - 1.0e0, coalesce(
    power(reports.variance_shown(attempts, sum_nn, sum_nnn, correlation), 2) / nullif(greatest(0.0,
        (
            sum_nn + 4 * CAST(sum_nn AS DOUBLE) / attempts * (CAST(sum_nn AS DOUBLE) / attempts)
            - 4 * CAST(sum_nnn AS DOUBLE) / attempts
        ) * power((1 + correlation * (CAST(sum_nnn AS DOUBLE) / sum_nn - 1)) / (attempts + correlation * (sum_nn - attempts)), 2)
        - (4 * CAST(sum_nn AS DOUBLE) / attempts * (CAST(sum_nn AS DOUBLE) / attempts) - 2 * CAST(sum_nnn AS DOUBLE) / attempts)
        / attempts * (1 + correlation * (CAST(sum_nnn AS DOUBLE) / sum_nn - 1)) / (attempts + correlation * (sum_nn - attempts))
        + power(CAST(sum_nn AS DOUBLE) / attempts / attempts, 2)
    ), 0), 1.0
)));

-- Effective attempts: Wilson's interval for so many independent attempts is the interval of contacts / attempts, though
-- these attempts are clustered by target.
-- The variance of r = contacts / attempts is linearised: the sum of squares / attempts^2, / the share of it that is
-- shown. The attempts are divided by the design effect that this gives (Kish 1965), and multiplied by (z / t)^2, where t
-- is Student's quantile at the degrees of freedom (Korn and Graubard 1998; Franco, Little, Louis and Slud 2019).
-- The result is never above the attempts made, nor below attempts^2 / sum_nn, the number if attempts on one target always
-- ended alike (Kish 1965). If every attempt ended alike, it is the number of targets; if there is one target, it is 1.
-- `correlation` and `freedom` are reports.attempt_correlation and reports.degrees_of_freedom of the same sums.
CREATE OR REPLACE MACRO reports.clustered_attempts(
    targets, attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn, correlation, freedom
) AS
CASE
    WHEN attempts = 0 THEN NULL
    WHEN targets = attempts THEN CAST(attempts AS DOUBLE)
    WHEN targets = 1 THEN 1.0
    WHEN contacts = 0 OR contacts = attempts THEN CAST(targets AS DOUBLE)
    ELSE least(CAST(attempts AS DOUBLE), greatest(CAST(attempts AS DOUBLE) * attempts / sum_nn, coalesce(
        CAST(contacts AS DOUBLE) * (attempts - contacts) / (attempts - 1.0e0) * attempts
        * reports.variance_shown(attempts, sum_nn, sum_nnn, correlation)
        / nullif(reports.sum_of_squares(attempts, contacts, sum_nn, sum_nx, sum_xx), 0)
        * power(1.959963984540054e0 / reports.t_quantile(freedom), 2),
        CAST(attempts AS DOUBLE)
    )))
END;

-- The same in one step, for counts of your own.
CREATE OR REPLACE MACRO reports.effective_attempts(targets, attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn) AS
reports.clustered_attempts(
    targets, attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn,
    reports.attempt_correlation(attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn),
    reports.degrees_of_freedom(
        targets, attempts, sum_nn, sum_nnn,
        reports.attempt_correlation(attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn)
    )
);

-- Effective targets: Wilson's interval for so many targets is the interval of a cumulative incidence with this variance
-- (delta method). The result is never above the targets that started, nor above those at risk / the share that was open
-- before (Peto et al. 1977). An incidence of 0 or 1 has no variance: there the interval is that of these targets.
CREATE OR REPLACE MACRO reports.effective_targets(started, at_risk, open_before, incidence, variance) AS
least(
    CAST(started AS DOUBLE),
    at_risk / nullif(open_before, 0),
    CASE WHEN incidence > 0 AND incidence < 1 AND variance > 0 THEN incidence * (1 - incidence) / variance END
);

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
