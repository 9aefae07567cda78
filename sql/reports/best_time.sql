-- One row per source + campaign + clock + kind of attempts + weekday + hour with at least one attempt: how often attempts
-- at that time reached a person.
-- Weekdays and hours are told by two clocks: `called` is the clock of whoever was called, by the zones of the point that
-- was tried (core.contact_points); `reporting` is the clock of the reporting time zone. By the called party's clock an
-- attempt counts if all zones of its point show the same hour. Read the rows of one clock. `is_default` marks the better
-- one: the called party's if it is known for 80 % of a campaign's attempts, otherwise the reporting time zone's.
-- Read this table with care, because the order of attempts confounds. Later attempts fall to other hours than first
-- attempts, and they go to targets that are harder to reach. It is also seldom left to chance who is tried at which
-- hour. First attempts alone are free of the first problem, not of the second.
-- The shrunk rate draws each cell towards the mean of its campaign. The thinner the cell, the more it is drawn, so that
-- a thin cell does not win by luck. The shrunk rate is (contacts + m * mean) / (attempts + m), taken at the effective
-- attempts.
-- m is the number of attempts that the mean is worth, and at least 5. It comes from the spread between cells beyond
-- chance, by the method of moments for the beta-binomial (Kleinman 1973), over cells that are not thin. There may be
-- fewer than 5 such cells, fewer than 5 contacts in them or fewer than 5 attempts without one, or their spread may be no
-- more than chance gives one time in 20. Then the log does not tell one hour from another, and every cell gets the mean.
-- The spread is Pearson's chi-squared of the cells. Where few contacts are expected in a cell, it varies by more than
-- its table says: at a rate of 1 % in uneven cells, chance passes the table's limit one time in 5. So the limit is the
-- larger of two: the table's, and the one of a gamma distribution with the mean and the variance that chi-squared has
-- given the numbers of attempts and contacts (Haldane 1940; Dawson 1954; both limits by Wilson and Hilferty 1931).
-- Key: source, campaign_key, clock, attempts_kind, weekday, hour
-- Example: When do first attempts reach a person most often, without thin cells, and do hours differ at all?
--   SELECT source, campaign_key, campaign_name, prior_attempts IS NOT NULL AS hours_differ, clock, weekday, hour, attempts,
--   shrunk_rate_per_attempt, contact_rate_per_attempt, contact_rate_per_attempt_low, contact_rate_per_attempt_high
--   FROM reports.best_time LEFT JOIN core.campaigns USING (source, campaign_key)
--   WHERE is_default AND attempts_kind = 'first' AND NOT is_thin
--   ORDER BY hours_differ DESC, campaign_key, shrunk_rate_per_attempt DESC, weekday, hour
WITH correlated AS (
    SELECT
        *,
        reports.attempt_correlation(attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn) AS correlation
    FROM reports._hour_counts
),

judged AS (
    SELECT *, reports.degrees_of_freedom(targets, attempts, sum_nn, sum_nnn, correlation) AS freedom
    FROM correlated
),

rates AS (
    SELECT
        *,
        CAST(contacts AS DOUBLE) / attempts AS rate,
        reports.clustered_attempts(
            targets, attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn, correlation, freedom
        ) AS weight
    FROM judged
),

intervals AS (
    SELECT
        rates.*,
        reports.wilson_low(rate * weight, weight) AS contact_rate_per_attempt_low,
        reports.wilson_high(rate * weight, weight) AS contact_rate_per_attempt_high
    FROM rates
),

means AS (
    SELECT
        source,
        campaign_key,
        clock,
        attempts_kind,
        CAST(sum(contacts) AS DOUBLE) / sum(attempts) AS mean,
        -- A thin cell does not show how much cells differ. By luck, it may show a difference without bound.
        count(CASE WHEN attempts >= 5 THEN 1 END) AS cells,
        sum(CASE WHEN attempts >= 5 THEN contacts END) AS cell_contacts,
        sum(CASE WHEN attempts >= 5 THEN attempts - contacts END) AS cell_misses,
        sum(CASE WHEN attempts >= 5 THEN 1 / weight END) AS sum_v,
        sum(CASE WHEN attempts >= 5 THEN weight END) AS sum_w,
        sum(CASE WHEN attempts >= 5 THEN weight * weight END) AS sum_ww,
        sum(CASE WHEN attempts >= 5 THEN weight * rate END) AS sum_wr,
        sum(CASE WHEN attempts >= 5 THEN weight * rate * rate END) AS sum_wrr
    FROM rates
    GROUP BY source, campaign_key, clock, attempts_kind
),

-- Over cells that are not thin: how far their rates lie from their own mean, and how far chance alone would put them.
spreads AS (
    SELECT
        means.*,
        sum_wr / sum_w * (1 - sum_wr / sum_w) AS chance,
        sum_wrr - sum_wr * sum_wr / sum_w AS squares,
        sum_w - sum_ww / sum_w - (cells - 1) AS scale,
        (cells - 1) * (sum_w - cells) / (sum_w - 1) AS cell_v,
        (sum_w * sum_v - cells * cells) / (sum_w - 2) AS cell_u,
        (sum_w - 2) / (sum_w - 1) AS contact_v,
        (1 / (sum_wr / sum_w * (1 - sum_wr / sum_w)) - 4) / (sum_w - 2) AS contact_u
    FROM means
    WHERE cells >= 5 AND cell_contacts >= 5 AND cell_misses >= 5 AND sum_w > 3
),

-- The mean and the variance of chi-squared by chance alone, given the numbers of attempts and contacts.
moments AS (
    SELECT
        spreads.*,
        (cells - 1) * sum_w / (sum_w - 1) AS chi_mean,
        2 * sum_w / (sum_w - 3) * (cell_v - cell_u) * (contact_v - contact_u)
        + sum_w * sum_w / (sum_w - 1) * cell_u * contact_u AS chi_variance
    FROM spreads
),

limits AS (
    SELECT
        moments.*,
        chance * greatest(
            reports.gamma_limit(cells - 1, 2 * (cells - 1)), reports.gamma_limit(chi_mean, chi_variance)
        ) AS squares_by_chance
    FROM moments
),

priors AS (
    SELECT
        means.source,
        means.campaign_key,
        means.clock,
        means.attempts_kind,
        means.mean,
        CASE
            WHEN
                limits.scale > 0
                -- Where everybody was reached, or nobody, what is left of the spread is rounding.
                AND limits.squares > 1e-9 * limits.sum_w
                AND limits.squares > limits.squares_by_chance
                THEN greatest(
                    limits.chance * limits.scale / (limits.squares - limits.chance * (limits.cells - 1)) - 1, 5.0
                )
        END AS prior_attempts
    FROM means
    LEFT JOIN limits
        ON
            limits.source = means.source
            AND limits.campaign_key = means.campaign_key
            AND limits.clock = means.clock
            AND limits.attempts_kind = means.attempts_kind
),

-- Of how many attempts each clock is known.
told AS (
    SELECT
        source,
        campaign_key,
        coalesce(sum(CASE WHEN clock = 'called' THEN attempts END), 0)
        >= 0.8 * sum(CASE WHEN clock = 'reporting' THEN attempts END) AS is_called
    FROM reports._hour_counts
    WHERE attempts_kind = 'all'
    GROUP BY source, campaign_key
)

SELECT
    intervals.source, -- the source, as in core.sources
    intervals.campaign_key, -- the campaign: `<source>:<native id>`
    -- called (the clock of whoever was called) or reporting (the clock of the reporting time zone)
    intervals.clock,
    -- true if the campaign's hours are best told by this clock: the called party's if it is known for 80 % of the attempts
    (intervals.clock = 'called') = told.is_called AS is_default,
    intervals.attempts_kind, -- `first` (each target's first attempt in the campaign) or `all`
    CAST(intervals.weekday AS INTEGER) AS weekday, -- 1 Monday to 7 Sunday, by that clock
    CAST(intervals.hour AS INTEGER) AS hour, -- 0 to 23, by that clock
    intervals.targets, -- targets that were tried in the cell [count]
    intervals.attempts, -- attempts in the cell [count]
    intervals.contacts, -- attempts that reached a person [count]
    intervals.rate AS contact_rate_per_attempt, -- contacts / attempts [share]
    -- lower end of its 95 % interval (Wilson), clustered by target for all attempts [share]
    intervals.contact_rate_per_attempt_low,
    intervals.contact_rate_per_attempt_high, -- upper end of its 95 % interval [share]
    -- the rate drawn towards the campaign's mean; compare cells by this rate [share]
    CASE
        WHEN priors.prior_attempts IS NULL THEN priors.mean
        ELSE (intervals.rate * intervals.weight + priors.prior_attempts * priors.mean)
            / (intervals.weight + priors.prior_attempts)
    END AS shrunk_rate_per_attempt,
    priors.mean AS campaign_rate_per_attempt, -- the mean: contacts / attempts over all cells of this kind [share]
    -- m, the number of attempts that the mean is worth; null if every cell gets the mean, because the log does not tell
    -- one hour from another
    priors.prior_attempts,
    intervals.attempts < 5 AS is_thin -- true if the cell has fewer than 5 attempts
FROM intervals
INNER JOIN priors
    ON
        priors.source = intervals.source
        AND priors.campaign_key = intervals.campaign_key
        AND priors.clock = intervals.clock
        AND priors.attempts_kind = intervals.attempts_kind
INNER JOIN told ON told.source = intervals.source AND told.campaign_key = intervals.campaign_key
