-- The formulas: a campaign's key, Wilson's interval, the effective number of clustered attempts, the difference of two
-- rates, AAPOR's outcome rates. The reports use these macros. The published file has them too, so that analysts can use
-- them on counts of their own.
-- Belongs here: CREATE MACRO statements that run in DuckDB 1.2 and later.
--   SELECT reports.wilson_low(81, 263), reports.wilson_high(81, 263)
--   SELECT reports.diff_low(56, 70, 48, 80), reports.diff_high(56, 70, 48, 80), reports.diff_p(56, 70, 48, 80)
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

-- The complementary error function of x, which is 0 or more: the rational approximations of Cody (1969), as in his
-- CALERF. Its relative error is below 1e-13. The p of a normal deviate z, both sides, is reports.erfc(abs(z) / sqrt(2)).
CREATE OR REPLACE MACRO reports.erfc(x) AS
CASE
    WHEN x < 0.46875
        THEN 1 - x * (
            (((1.85777706184603153e-1 * (x * x) + 3.16112374387056560e0) * (x * x) + 1.13864154151050156e2) * (x * x)
            + 3.77485237685302021e2) * (x * x) + 3.20937758913846947e3
        ) / (
            ((((x * x) + 2.36012909523441209e1) * (x * x) + 2.44024637934444173e2) * (x * x)
            + 1.28261652607737228e3) * (x * x) + 2.84423683343917062e3
        )
    WHEN x <= 4
        THEN exp(-(x * x)) * (
            (((((((2.15311535474403846e-8 * x + 5.64188496988670089e-1) * x + 8.88314979438837594e0) * x
            + 6.61191906371416295e1) * x + 2.98635138197400131e2) * x + 8.81952221241769090e2) * x
            + 1.71204761263407058e3) * x + 2.05107837782607147e3) * x + 1.23033935479799725e3
        ) / (
            (((((((x + 1.57449261107098347e1) * x + 1.17693950891312499e2) * x + 5.37181101862009858e2) * x
            + 1.62138957456669019e3) * x + 3.29079923573345963e3) * x + 4.36261909014324716e3) * x
            + 3.43936767414372164e3) * x + 1.23033935480374942e3
        )
    WHEN x > 4
        THEN exp(-(x * x)) / x * (
            0.5641895835477563e0 - 1 / (x * x) * (
                ((((1.63153871373020978e-2 * (1 / (x * x)) + 3.05326634961232344e-1) * (1 / (x * x))
                + 3.60344899949804439e-1) * (1 / (x * x)) + 1.25781726111229246e-1) * (1 / (x * x))
                + 1.60837851487422766e-2) * (1 / (x * x)) + 6.58749161529837803e-4
            ) / (
                (((((1 / (x * x)) + 2.56852019228982242e0) * (1 / (x * x)) + 1.87295284992346047e0) * (1 / (x * x))
                + 5.27905102951428412e-1) * (1 / (x * x)) + 6.05183413124413191e-2) * (1 / (x * x))
                + 2.33520497626869185e-3
            )
        )
END;

-- Lower end of the 95 % interval of the difference k1 / n1 - k2 / n2 of two independent rates: Newcombe's hybrid score
-- interval (1998, method 10), which is built from Wilson's interval of each rate. It is null where one of those is.
CREATE OR REPLACE MACRO reports.diff_low(k1, n1, k2, n2) AS
CAST(k1 AS DOUBLE) / nullif(n1, 0) - CAST(k2 AS DOUBLE) / nullif(n2, 0) - sqrt(
    power(CAST(k1 AS DOUBLE) / nullif(n1, 0) - reports.wilson_low(k1, n1), 2)
    + power(reports.wilson_high(k2, n2) - CAST(k2 AS DOUBLE) / nullif(n2, 0), 2)
);

-- Upper end of that interval. It is null in the same cases.
CREATE OR REPLACE MACRO reports.diff_high(k1, n1, k2, n2) AS
CAST(k1 AS DOUBLE) / nullif(n1, 0) - CAST(k2 AS DOUBLE) / nullif(n2, 0) + sqrt(
    power(reports.wilson_high(k1, n1) - CAST(k1 AS DOUBLE) / nullif(n1, 0), 2)
    + power(CAST(k2 AS DOUBLE) / nullif(n2, 0) - reports.wilson_low(k2, n2), 2)
);

-- How far two independent rates lie apart, as a normal deviate, 0 or more. It is the smaller of two: the score test's
-- (Pearson 1900: the root of chi-squared) and the likelihood ratio's (Wilks 1938: the root of G-squared). The first
-- finds too much where one side is small and rates are low, the second where a side reached nobody. The smaller one
-- keeps its 5 % in both cases, also for a hundred comparisons at once. It is null where Wilson's interval is.
CREATE OR REPLACE MACRO reports.diff_z(k1, n1, k2, n2) AS
CASE
    WHEN k1 < 0 OR k1 > n1 OR k2 < 0 OR k2 > n2 OR n1 <= 0 OR n2 <= 0 THEN NULL
    WHEN k1 + k2 = 0 OR k1 + k2 = n1 + n2 THEN 0.0
    WHEN k1 + k2 > 0 THEN least(
        abs(CAST(k1 AS DOUBLE) / n1 - CAST(k2 AS DOUBLE) / n2)
        * sqrt(CAST(n1 AS DOUBLE) * n2 / (k1 + k2) * (n1 + n2) / (n1 + n2 - k1 - k2)),
        sqrt(greatest(0.0, 2 * (
            CASE WHEN k1 > 0 THEN k1 * ln(CAST(k1 AS DOUBLE) / n1 * (n1 + n2) / (k1 + k2)) ELSE 0.0 END
            + CASE WHEN k2 > 0 THEN k2 * ln(CAST(k2 AS DOUBLE) / n2 * (n1 + n2) / (k1 + k2)) ELSE 0.0 END
            + CASE
                WHEN k1 < n1 THEN (n1 - k1) * ln(CAST(n1 - k1 AS DOUBLE) / n1 * (n1 + n2) / (n1 + n2 - k1 - k2)) ELSE 0.0
            END
            + CASE
                WHEN k2 < n2 THEN (n2 - k2) * ln(CAST(n2 - k2 AS DOUBLE) / n2 * (n1 + n2) / (n1 + n2 - k1 - k2)) ELSE 0.0
            END
        )))
    )
END;

-- The p of that deviate, both sides: how often equal rates lie as far apart by chance. It is for one comparison; for
-- several at once see reports.comparisons.
CREATE OR REPLACE MACRO reports.diff_p(k1, n1, k2, n2) AS
(
    SELECT reports.erfc(deviates.z / sqrt(2.0e0))
    FROM (SELECT reports.diff_z(k1, n1, k2, n2) AS z) AS deviates
);

-- What 95 % of a gamma distribution with this mean and variance lie below (Wilson and Hilferty 1931). The variance of
-- chi-squared is twice its mean.
CREATE OR REPLACE MACRO reports.gamma_limit(mean, variance) AS
mean * power(
    1 - greatest(0.0, variance) / (9.0e0 * mean * mean)
    + 1.6448536269514722e0 * sqrt(greatest(0.0, variance)) / (3.0e0 * mean), 3
);

-- The middle of Wilson's 95 % interval for k of n: a share that is never 0 or 1 (Agresti and Coull 1998).
CREATE OR REPLACE MACRO reports.wilson_middle(k, n) AS (k + 1.9207294103470618e0) / (n + 3.8414588206941236e0);

-- Half of the 95 % interval of a figure that is still to come out, from half of the interval of its expectation and from
-- the variance that chance gives it: the squares add up (Zou and Donner 2008).
CREATE OR REPLACE MACRO reports.predicted_half(band_half, variance) AS
sqrt(band_half * band_half + 3.8414588206941236e0 * variance);

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

-- Parts of reports.phone: the number without an extension and without what people write between digits, and the choice.
CREATE OR REPLACE MACRO reports.bare_phone(value) AS
regexp_replace(
    regexp_replace(lower(trim(value)), '[ ,;]*(#|x|ext[.]?|extension)[ .:]*[0-9]{1,6}$', ''),
    '^tel:|[(]0[)]|[^+0-9a-z]', '', 'g'
);

CREATE OR REPLACE MACRO reports.phone_of_bare(value, bare, country) AS
CASE
    WHEN regexp_matches(bare, '^([+]|00)[1-9][0-9]{7,14}$') THEN '+' || regexp_replace(bare, '^([+]|00)', '')
    WHEN
        regexp_matches(bare, '^1?[2-9][0-9]{2}[2-9][0-9]{6}$') AND country IN (
            'US', 'CA', 'AG', 'AI', 'AS', 'BB', 'BM', 'BS', 'DM', 'DO', 'GD', 'GU', 'JM', 'KN', 'KY', 'LC', 'MP', 'MS',
            'PR', 'SX', 'TC', 'TT', 'VC', 'VG', 'VI'
        )
        THEN '+1' || right(bare, 10)
    ELSE trim(value)
END;

-- A telephone number in its normal form: E.164 where it can be told, otherwise the text as it came, without the spaces
-- around it. `00` in front is a plus. A number of ten digits, or of eleven with a 1 in front, gets +1 if `country`, the
-- ISO code of the setting CONTACT_LEDGER_COUNTRY, is in the North American plan. An extension is left out, because the
-- call goes to the number. A text with letters in it is no number.
CREATE OR REPLACE MACRO reports.phone(value, country) AS
CASE
    WHEN regexp_matches(value, '^[+][1-9][0-9]{7,14}$') THEN value
    ELSE reports.phone_of_bare(value, reports.bare_phone(value), country)
END;

-- The key of a point: `phone:+1…`, `email:…` or `address:<id>`. An e-mail address is trimmed and in lower case;
-- its dots and its part behind a plus are kept. Null for no value.
CREATE OR REPLACE MACRO reports.point_key(kind, value, point_id, country) AS
CASE
    WHEN kind = 'phone' AND trim(value) <> '' THEN 'phone:' || reports.phone(value, country)
    WHEN kind = 'email' AND trim(value) <> '' THEN 'email:' || lower(trim(value))
    WHEN kind = 'address' AND point_id IS NOT NULL THEN 'address:' || point_id
END;

-- A first name as names are compared: the first word, in lower case, without accents. Null for a single letter and for
-- what has no letter: that names nobody.
CREATE OR REPLACE MACRO reports.first_name(value) AS
nullif(
    regexp_extract(
        translate(
            lower(trim(value)), 'áàâäãåāéèêëēíìîïīóòôöõøōúùûüūñńçćčšśžźżýÿłđ',
            'aaaaaaaeeeeeiiiiiooooooouuuuunncccsszzzyyld'
        ),
        '^[^\p{L}]*(\p{L}[\p{L}''’]+)', 1
    ),
    ''
);

-- True if a rule that is in force from one day until another (both included; null: without an end), on the given days
-- of the week (1 is Monday; null: all), is in force at a local moment in microseconds since 1970.
CREATE OR REPLACE MACRO reports.is_in_force(local_moment, in_force_from, in_force_until, days) AS
coalesce(date_diff('day', DATE '1970-01-01', in_force_from) <= local_moment // 86400000000, TRUE)
AND coalesce(date_diff('day', DATE '1970-01-01', in_force_until) >= local_moment // 86400000000, TRUE)
AND coalesce(list_contains(days, CAST(1 + (local_moment // 86400000000 + 3) % 7 AS INTEGER)), TRUE);

-- The day of a moment (UTC) in a zone; in the other zone if the first is null.
CREATE OR REPLACE MACRO reports.local_day(moment, zone, other_zone) AS
CAST(moment AT TIME ZONE 'UTC' AT TIME ZONE coalesce(zone, other_zone) AS DATE);

-- True if a version of a rule is in force on the local day of a moment in microseconds since 1970 (UTC). Two days away
-- from both ends of the version it is not asked which day that is.
CREATE OR REPLACE MACRO reports.is_in_force_at(moment, zone, other_zone, in_force_from, in_force_until, days) AS
CASE
    WHEN
        days IS NULL
        AND coalesce(date_diff('day', DATE '1970-01-01', in_force_from) + 2 <= moment // 86400000000, TRUE)
        AND coalesce(date_diff('day', DATE '1970-01-01', in_force_until) - 2 >= moment // 86400000000, TRUE)
        THEN TRUE
    ELSE
        reports.is_in_force(
            CAST(
                date_diff(
                    'day', DATE '1970-01-01',
                    reports.local_day(TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(moment), zone, other_zone)
                ) AS BIGINT
            ) * 86400000000,
            in_force_from, in_force_until, days
        )
END;

-- Microseconds that a zone's clock is ahead of UTC at a moment in microseconds since 1970 (UTC).
CREATE OR REPLACE MACRO reports.clock_ahead(moment, zone) AS
epoch_us((TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(moment)) AT TIME ZONE 'UTC' AT TIME ZONE zone) - moment;

-- True if an attempt counts for a rule that limits attempts, together with the one that is judged. Moments are
-- microseconds since 1970. Of a rule after a contact: a contact within the time before it. Of a calendar day: the same
-- day in `zone`. Of a period: it reaches back from the judged attempt, which is counted; its beginning is not in it.
-- What lies within the tolerance of an edge does not count.
CREATE OR REPLACE MACRO reports.counts_together(
    kind, period, is_itself, is_contact, other_moment, moment, period_us, tolerance, zone, other_zone
) AS
CASE
    WHEN kind = 'after_contact' THEN is_contact AND NOT is_itself AND other_moment < moment - tolerance
    ELSE other_moment <= moment
END
AND CASE
    WHEN period = 'calendar_day'
        THEN
            reports.local_day(TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(other_moment), zone, other_zone)
            = reports.local_day(TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(moment), zone, other_zone)
    ELSE is_itself OR other_moment > moment - period_us + tolerance
END;

-- How long the period of a rule is, in microseconds; null for a calendar day.
CREATE OR REPLACE MACRO reports.period_us(kind, period, grace, grace_unit) AS
CASE
    WHEN kind = 'after_contact' AND grace_unit = 'hours' THEN grace * 3600000000
    WHEN kind = 'after_contact' THEN grace * 86400000000
    WHEN period = '24h' THEN 86400000000
    WHEN period = '7d' THEN 604800000000
    WHEN period = '30d' THEN 2592000000000
END;

-- What names a place: country, region, how the zones are known, and the zones.
CREATE OR REPLACE MACRO reports.place_key(country, region, zone_basis, zones) AS
concat_ws(' ', coalesce(country, '-'), coalesce(region, '-'), zone_basis, array_to_string(zones, ','));

-- What decides which contact rules judge an attempt: its channel, its campaign's purpose and consent, and its place.
CREATE OR REPLACE MACRO reports.rule_context(channel, purpose, consent, place_key) AS
channel || '|' || coalesce(purpose, '') || '|' || coalesce(consent, '') || '|' || coalesce(place_key, '');
