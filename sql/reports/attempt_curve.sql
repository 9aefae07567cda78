-- One row per source + campaign + attempt number: the chance that this attempt is the first to reach its target, and
-- the share of targets reached by then.
-- The `campaign_key` `all` is the whole source, with each target once.
-- The hazard is the first contacts at attempt k / the targets at risk, which are those that made attempt k without an
-- earlier contact. Its interval is Wilson's. An attempt in flight is no failure: its target is not at risk at it, and is
-- censored before it. A number at which nobody was at risk has no row.
-- The cumulative incidence is the estimator of Aalen and Johansen. What keeps a target from further attempts (no tries
-- left, refusal, bad contact info, reached by another campaign) is an end that competes with contact. Open targets are
-- censored after their last attempt. So the figure is the share that would have been reached by then, if the open
-- targets had been tried on like the others.
-- Its interval is Wilson's at the number of targets that would be as sure without censoring (Rothman 1978; Dorey and
-- Korn 1987). The variance follows the delta method (Marubini and Valsecchi 1995). The number is never above the
-- targets still at risk / the share still open (Peto et al. 1977, on the safe side), because the delta method sees no
-- doubt where all of the last few targets at risk are reached. Where everybody was reached, or nobody, it is Wilson's at
-- that number.
-- 1 - Kaplan-Meier stands beside it for comparison only. It treats competing ends as censoring, and so reads too high.
-- Key: source, campaign_key, attempt_number
-- Example: Is a third attempt worth it?
--   SELECT source, attempt_number, at_risk, contacts, hazard, hazard_low, hazard_high
--   FROM reports.attempt_curve WHERE campaign_key = 'all' AND attempt_number <= 3 AND NOT is_thin
--   ORDER BY source, attempt_number
WITH lives AS (
    SELECT
        source,
        campaign_key,
        coalesce(first_contact_number, attempts_ended) AS last_number,
        CAST(sum(targets) AS BIGINT) AS targets,
        CAST(coalesce(sum(CASE WHEN ended_by = 'contact' THEN targets END), 0) AS BIGINT) AS contacts,
        CAST(coalesce(sum(
            CASE WHEN ended_by <> 'contact' AND attempts_ended = attempts THEN targets END
        ), 0) AS BIGINT) AS competing_ends
    FROM reports._history_counts
    WHERE coalesce(first_contact_number, attempts_ended) > 0
    GROUP BY source, campaign_key, coalesce(first_contact_number, attempts_ended)
),

-- Attempts in flight on targets that were tried again: these targets are at risk at their other attempts alone.
overtakings AS (
    SELECT source, campaign_key, attempt_number, count(*) AS targets
    FROM core._attempts_in_flight
    WHERE overtaken_at IS NOT NULL
    GROUP BY source, campaign_key, attempt_number
),

numbers AS (
    SELECT source, campaign_key, CAST(unnest(generate_series(1, max(last_number))) AS INTEGER) AS attempt_number
    FROM lives
    GROUP BY source, campaign_key
),

counted AS (
    SELECT
        numbers.source,
        numbers.campaign_key,
        numbers.attempt_number,
        coalesce(lives.contacts, 0) AS contacts,
        coalesce(lives.competing_ends, 0) AS competing_ends,
        coalesce(lives.targets, 0) - coalesce(lives.contacts, 0) - coalesce(lives.competing_ends, 0) AS censored,
        coalesce(overtakings.targets, 0) AS overtaken,
        CAST(sum(coalesce(lives.targets, 0)) OVER (
            PARTITION BY numbers.source, numbers.campaign_key ORDER BY numbers.attempt_number DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) - coalesce(overtakings.targets, 0) AS at_risk
    FROM numbers
    LEFT JOIN lives
        ON
            lives.source = numbers.source
            AND lives.campaign_key = numbers.campaign_key
            AND lives.last_number = numbers.attempt_number
    LEFT JOIN overtakings
        ON
            overtakings.source = numbers.source
            AND overtakings.campaign_key = numbers.campaign_key
            AND overtakings.attempt_number = numbers.attempt_number
),

steps AS (
    SELECT *
    FROM counted
    WHERE at_risk > 0
),

-- A running product is a running sum of logarithms. Once a factor is 0, the product stays 0.
products AS (
    SELECT
        steps.*,
        CAST(contacts AS DOUBLE) / at_risk AS hazard,
        CASE
            WHEN max(CASE WHEN contacts + competing_ends = at_risk THEN 1 ELSE 0 END) OVER before = 1 THEN 0.0
            ELSE exp(coalesce(sum(
                CASE
                    WHEN contacts + competing_ends < at_risk
                        THEN ln(1 - CAST(contacts + competing_ends AS DOUBLE) / at_risk)
                END
            ) OVER before, 0.0))
        END AS open_before,
        CASE
            WHEN max(CASE WHEN contacts = at_risk THEN 1 ELSE 0 END) OVER so_far = 1 THEN 0.0
            ELSE exp(coalesce(sum(
                CASE WHEN contacts < at_risk THEN ln(1 - CAST(contacts AS DOUBLE) / at_risk) END
            ) OVER so_far, 0.0))
        END AS kaplan_meier
    FROM steps
    WINDOW
        before AS (
            PARTITION BY source, campaign_key ORDER BY attempt_number ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        so_far AS (
            PARTITION BY source, campaign_key ORDER BY attempt_number ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
),

sums AS (
    SELECT
        products.*,
        sum(open_before * hazard) OVER (
            PARTITION BY source, campaign_key ORDER BY attempt_number ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS summed
    FROM products
),

incidences AS (
    SELECT
        sums.*,
        -- Where everybody was reached, what is left of 1 is rounding.
        CASE WHEN summed > 1 - 1e-9 THEN 1.0e0 ELSE summed END AS incidence,
        CASE
            WHEN contacts + competing_ends < at_risk
                THEN CAST(contacts + competing_ends AS DOUBLE) / at_risk / (at_risk - contacts - competing_ends)
            ELSE 0.0
        END AS term_a,
        open_before * open_before * hazard * (1 - hazard) / at_risk AS term_b,
        open_before * hazard / at_risk AS term_g
    FROM sums
),

-- Var F(k) = sum over j <= k of (F(k) - F(j))^2 a(j) + b(j) - 2 (F(k) - F(j)) g(j), multiplied out into running sums.
variances AS (
    SELECT
        incidences.*,
        incidence * incidence * sum(term_a) OVER so_far
        - 2 * incidence * sum(incidence * term_a + term_g) OVER so_far
        + sum(incidence * incidence * term_a + term_b + 2 * incidence * term_g) OVER so_far AS variance,
        max(at_risk + overtaken) OVER so_far AS started
    FROM incidences
    WINDOW
        so_far AS (
            PARTITION BY source, campaign_key ORDER BY attempt_number ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
),

effective AS (
    SELECT
        variances.*,
        reports.effective_targets(started, at_risk, open_before, incidence, variance) AS effective_targets
    FROM variances
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    attempt_number, -- 1, 2, 3, … within the target
    at_risk, -- targets that made this attempt without an earlier contact [count]
    contacts, -- of these targets, those that this attempt reached for the first time [count]
    competing_ends, -- of these targets, those that ended otherwise after this attempt [count]
    -- of these targets, those that are open after this attempt and not yet tried again, or of which a further attempt is
    -- in flight [count]
    censored,
    -- targets that are not at risk here, because this attempt is in flight, but that are at a later one [count]
    overtaken,
    hazard, -- contacts / at_risk [share]
    -- lower end of its 95 % interval (Wilson) [share]
    reports.wilson_low(contacts, at_risk) AS hazard_low,
    reports.wilson_high(contacts, at_risk) AS hazard_high, -- upper end of its 95 % interval [share]
    -- share of attempted targets reached by this attempt (Aalen-Johansen); where targets are still open it is an
    -- estimate, not a count [share]
    incidence AS cumulative_incidence,
    -- lower end of its 95 % interval [share]
    reports.wilson_low(incidence * effective_targets, effective_targets) AS cumulative_incidence_low,
    -- upper end of its 95 % interval [share]
    reports.wilson_high(incidence * effective_targets, effective_targets) AS cumulative_incidence_high,
    1 - kaplan_meier AS one_minus_kaplan_meier, -- the share if competing ends were ignored: too high [share]
    at_risk < 5 AS is_thin -- true if fewer than 5 targets were at risk
FROM effective
