-- One row per source + campaign + attempt number: the chance that this attempt is the first to reach its target, and
-- the share of targets reached by then. `campaign_key` all is the whole source, each target once.
-- Hazard: first contacts at attempt k over the targets that made attempt k without an earlier contact, with Wilson's
-- interval. Cumulative incidence: Aalen and Johansen's estimator. What keeps a target from further attempts (no tries
-- left, refusal, bad contact info, reached by another campaign) competes with contact; open targets are censored after
-- their last attempt: it is what would have been reached by then, had they been tried on like the others. Its interval is
-- Wilson's at the number of targets that would be as sure without censoring (Rothman 1978; Dorey and Korn 1987), the
-- variance by the delta method (Marubini and Valsecchi 1995); and never surer than by the targets still at risk over the
-- share still open (Peto et al. 1977: on the safe side), for where all of the last few at risk are reached the delta
-- method sees no doubt. 1 - Kaplan-Meier, which takes competing ends for censoring and so reads too high, stands beside
-- it for comparison only.
-- Key: source, campaign_key, attempt_number
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id>`, or `all`
--   attempt_number: 1.. within the target
--   at_risk: targets that made this attempt without an earlier contact
--   contacts: of them, reached for the first time by this attempt
--   competing_ends: of them, ended otherwise after this attempt
--   censored: of them, open after this attempt and not yet tried again
--   hazard: contacts / at_risk (0..1)
--   hazard_low: lower end of its 95 % interval (Wilson)
--   hazard_high: upper end
--   cumulative_incidence: share of attempted targets reached by this attempt (0..1; Aalen-Johansen): where targets are
--     still open an estimate, not a count
--   cumulative_incidence_low: lower end of its 95 % interval
--   cumulative_incidence_high: upper end
--   one_minus_kaplan_meier: what ignoring the competing ends would give (0..1): too high
--   is_thin: whether fewer than 5 targets were at risk
WITH lives AS (
    SELECT
        source,
        campaign_key,
        coalesce(first_contact_number, attempts) AS last_number,
        CAST(sum(targets) AS BIGINT) AS targets,
        CAST(coalesce(sum(CASE WHEN ended_by = 'contact' THEN targets END), 0) AS BIGINT) AS contacts,
        CAST(coalesce(sum(CASE WHEN ended_by <> 'contact' THEN targets END), 0) AS BIGINT) AS competing_ends
    FROM reports.history_counts
    WHERE attempts > 0
    GROUP BY source, campaign_key, coalesce(first_contact_number, attempts)
),

lengths AS (
    SELECT source, campaign_key, max(last_number) AS longest
    FROM lives
    GROUP BY source, campaign_key
),

steps AS (
    SELECT
        lengths.source,
        lengths.campaign_key,
        numbers.attempt_number,
        coalesce(lives.contacts, 0) AS contacts,
        coalesce(lives.competing_ends, 0) AS competing_ends,
        coalesce(lives.targets, 0) - coalesce(lives.contacts, 0) - coalesce(lives.competing_ends, 0) AS censored,
        CAST(sum(coalesce(lives.targets, 0)) OVER (
            PARTITION BY lengths.source, lengths.campaign_key ORDER BY numbers.attempt_number DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS at_risk
    FROM lengths
    INNER JOIN reports.attempt_numbers AS numbers ON numbers.attempt_number <= lengths.longest
    LEFT JOIN lives
        ON
            lives.source = lengths.source
            AND lives.campaign_key = lengths.campaign_key
            AND lives.last_number = numbers.attempt_number
),

-- A running product is a running sum of logarithms; once a factor is 0 the product stays 0.
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

incidences AS (
    SELECT
        products.*,
        least(1.0, sum(open_before * hazard) OVER so_far) AS incidence,
        CASE
            WHEN contacts + competing_ends < at_risk
                THEN CAST(contacts + competing_ends AS DOUBLE) / at_risk / (at_risk - contacts - competing_ends)
            ELSE 0.0
        END AS term_a,
        open_before * open_before * hazard * (1 - hazard) / at_risk AS term_b,
        open_before * hazard / at_risk AS term_g
    FROM products
    WINDOW
        so_far AS (
            PARTITION BY source, campaign_key ORDER BY attempt_number ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
),

-- Var F(k) = sum over j <= k of (F(k) - F(j))^2 a(j) + b(j) - 2 (F(k) - F(j)) g(j), multiplied out into running sums.
variances AS (
    SELECT
        incidences.*,
        incidence * incidence * sum(term_a) OVER so_far
        - 2 * incidence * sum(incidence * term_a + term_g) OVER so_far
        + sum(incidence * incidence * term_a + term_b + 2 * incidence * term_g) OVER so_far AS variance,
        max(at_risk) OVER so_far AS started
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
        least(
            CAST(started AS DOUBLE),
            at_risk / open_before,
            CASE WHEN incidence > 0 AND incidence < 1 AND variance > 0 THEN incidence * (1 - incidence) / variance END
        ) AS effective_targets
    FROM variances
)

SELECT
    source,
    campaign_key,
    attempt_number,
    at_risk,
    contacts,
    competing_ends,
    censored,
    hazard,
    CASE
        WHEN hazard IS NOT NULL THEN greatest(0.0, (
            contacts + 1.9207294103470618e0
            - 1.959963984540054e0 * sqrt(hazard * (1 - hazard) * at_risk + 0.9603647051735309e0)
        ) / (at_risk + 3.8414588206941236e0))
    END AS hazard_low,
    CASE
        WHEN hazard IS NOT NULL THEN least(1.0, (
            contacts + 1.9207294103470618e0
            + 1.959963984540054e0 * sqrt(hazard * (1 - hazard) * at_risk + 0.9603647051735309e0)
        ) / (at_risk + 3.8414588206941236e0))
    END AS hazard_high,
    incidence AS cumulative_incidence,
    CASE
        WHEN incidence IS NOT NULL THEN greatest(0.0, (
            incidence * effective_targets + 1.9207294103470618e0
            - 1.959963984540054e0 * sqrt(incidence * (1 - incidence) * effective_targets + 0.9603647051735309e0)
        ) / (effective_targets + 3.8414588206941236e0))
    END AS cumulative_incidence_low,
    CASE
        WHEN incidence IS NOT NULL THEN least(1.0, (
            incidence * effective_targets + 1.9207294103470618e0
            + 1.959963984540054e0 * sqrt(incidence * (1 - incidence) * effective_targets + 0.9603647051735309e0)
        ) / (effective_targets + 3.8414588206941236e0))
    END AS cumulative_incidence_high,
    1 - kaplan_meier AS one_minus_kaplan_meier,
    at_risk < 5 AS is_thin
FROM effective
