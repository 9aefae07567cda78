-- One row per source + campaign + kind of attempts + weekday + hour in which anybody was tried: how often that reached
-- them, in the reporting time zone.
-- Read with care: the order of attempts confounds. Later attempts fall to other hours than first ones and are made to
-- people who are harder to reach, and who is tried at which hour is seldom left to chance. First attempts alone are
-- free of the former, not of the latter.
-- The shrunk rate draws each cell towards its campaign's mean, the more the thinner the cell, so that a thin cell does
-- not win by luck: (contacts + m * mean) / (attempts + m), taken at the effective attempts, where m is the number of
-- attempts that the mean is worth. m comes from the spread between cells beyond chance by the method of moments for the
-- beta-binomial (Kleinman 1973), over cells that are not thin, and is at least 5. Where there are fewer than 5 such
-- cells, or their spread is no more than chance gives one time in 20 (chi-squared; Wilson and Hilferty 1931), the log
-- does not tell one hour from another: every cell gets the mean.
-- Key: source, campaign_key, attempts_kind, weekday, hour
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id>`
--   attempts_kind: first (each target's first attempt in the campaign) or all
--   weekday: 1 Monday to 7 Sunday, in the reporting time zone
--   hour: 0 to 23, in the reporting time zone
--   targets: targets tried in the cell
--   attempts: attempts in the cell
--   contacts: attempts that reached a person
--   contact_rate_per_attempt: contacts / attempts (0..1)
--   contact_rate_per_attempt_low: lower end of its 95 % interval: Wilson; over all attempts clustered by target
--   contact_rate_per_attempt_high: upper end
--   shrunk_rate_per_attempt: the rate drawn towards the campaign's mean (0..1): compare cells by this
--   campaign_rate_per_attempt: contacts / attempts over all cells of the kind (0..1)
--   prior_attempts: m, the number of attempts that the mean is worth; null when it is worth all: then the log does not
--     tell one hour from another
--   is_thin: whether the cell has fewer than 5 attempts
WITH rates AS (
    SELECT cells.*, CAST(contacts AS DOUBLE) / attempts AS rate
    FROM reports.hour_counts AS cells
),

-- As in reports.campaign_contact_rates: linearised variance of a ratio of sums over clusters.
variances AS (
    SELECT
        rates.*,
        greatest(sum_xx - 2 * rate * sum_nx + rate * rate * sum_nn, 0)
        * targets / nullif(targets - 1, 0) / (CAST(attempts AS DOUBLE) * attempts) AS variance
    FROM rates
),

effective AS (
    SELECT
        variances.*,
        CASE
            WHEN targets = attempts THEN CAST(attempts AS DOUBLE)
            WHEN targets = 1 THEN 1.0
            WHEN contacts = 0 OR contacts = attempts THEN CAST(targets AS DOUBLE)
            ELSE least(
                CAST(attempts AS DOUBLE),
                coalesce(
                    rate * (1 - rate) / nullif(variance, 0) * attempts / (attempts - 1), CAST(attempts AS DOUBLE)
                )
            )
        END AS weight
    FROM variances
),

intervals AS (
    SELECT
        effective.*,
        greatest(0.0, (
            rate * weight + 1.9207294103470618e0
            - 1.959963984540054e0 * sqrt(rate * (1 - rate) * weight + 0.9603647051735309e0)
        ) / (weight + 3.8414588206941236e0)) AS contact_rate_per_attempt_low,
        least(1.0, (
            rate * weight + 1.9207294103470618e0
            + 1.959963984540054e0 * sqrt(rate * (1 - rate) * weight + 0.9603647051735309e0)
        ) / (weight + 3.8414588206941236e0)) AS contact_rate_per_attempt_high
    FROM effective
),

means AS (
    SELECT
        source,
        campaign_key,
        attempts_kind,
        CAST(sum(contacts) AS DOUBLE) / sum(attempts) AS mean,
        -- A thin cell tells nothing of how much cells differ, and by luck may tell that they differ without bound.
        count(CASE WHEN attempts >= 5 THEN 1 END) AS cells,
        sum(CASE WHEN attempts >= 5 THEN weight END) AS sum_w,
        sum(CASE WHEN attempts >= 5 THEN weight * weight END) AS sum_ww,
        sum(CASE WHEN attempts >= 5 THEN weight * rate END) AS sum_wr,
        sum(CASE WHEN attempts >= 5 THEN weight * rate * rate END) AS sum_wrr
    FROM effective
    GROUP BY source, campaign_key, attempts_kind
),

-- Over cells that are not thin: how far their rates lie from their own mean, and how far chance alone would put them.
spreads AS (
    SELECT
        means.*,
        sum_wr / sum_w * (1 - sum_wr / sum_w) AS chance,
        sum_wrr - sum_wr * sum_wr / sum_w AS squares,
        sum_w - sum_ww / sum_w - (cells - 1) AS scale
    FROM means
    WHERE cells >= 5
),

priors AS (
    SELECT
        means.source,
        means.campaign_key,
        means.attempts_kind,
        means.mean,
        CASE
            WHEN
                spreads.scale > 0
                AND spreads.squares > spreads.chance * (spreads.cells - 1) * power(
                    1 - 2.0e0 / (9 * (spreads.cells - 1))
                    + 1.6448536269514722e0 * sqrt(2.0e0 / (9 * (spreads.cells - 1))), 3
                )
                THEN greatest(
                    spreads.chance * spreads.scale / (spreads.squares - spreads.chance * (spreads.cells - 1)) - 1, 5.0
                )
        END AS prior_attempts
    FROM means
    LEFT JOIN spreads
        ON
            spreads.source = means.source
            AND spreads.campaign_key = means.campaign_key
            AND spreads.attempts_kind = means.attempts_kind
)

SELECT
    intervals.source,
    intervals.campaign_key,
    intervals.attempts_kind,
    CAST(intervals.weekday AS INTEGER) AS weekday,
    CAST(intervals.hour AS INTEGER) AS hour,
    intervals.targets,
    intervals.attempts,
    intervals.contacts,
    intervals.rate AS contact_rate_per_attempt,
    intervals.contact_rate_per_attempt_low,
    intervals.contact_rate_per_attempt_high,
    CASE
        WHEN priors.prior_attempts IS NULL THEN priors.mean
        ELSE (intervals.rate * intervals.weight + priors.prior_attempts * priors.mean)
            / (intervals.weight + priors.prior_attempts)
    END AS shrunk_rate_per_attempt,
    priors.mean AS campaign_rate_per_attempt,
    priors.prior_attempts,
    intervals.attempts < 5 AS is_thin
FROM intervals
INNER JOIN priors
    ON
        priors.source = intervals.source
        AND priors.campaign_key = intervals.campaign_key
        AND priors.attempts_kind = intervals.attempts_kind
