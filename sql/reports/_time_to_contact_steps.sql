-- One row per source + campaign + elapsed time at which a target was reached or ended, and one for each point of the
-- grid of reports.time_to_contact_curve: the estimator of Aalen and Johansen for the share reached by then.
-- The `campaign_key` `all` is the whole source, with each target once.
-- Time runs from a target's first attempt. For a reached target it runs to the first attempt that reached it. For a
-- target with a competing end (no tries left, refusal, bad contact info, reached by another campaign) it runs to its
-- last attempt. For an open target it runs to the source's own moment (core.observed), and the target is censored
-- there. At equal times, contacts and ends come before censoring.
-- An attempt in flight is no failure: its target is not at risk when it begins. The target is censored just before it,
-- or, if a later attempt has ended, is at risk again afterwards.
-- Key: source, campaign_key, elapsed_us
WITH curves AS (
    SELECT source, campaign_key, row_number() OVER (ORDER BY source ASC, campaign_key ASC) AS curve
    FROM (
        SELECT DISTINCT source, campaign_key
        FROM reports._history_counts
    ) AS campaigns
),

-- From here on a campaign is a number. There are as many rows as targets, and numbers sort faster than names.
spans AS (
    SELECT
        curves.curve,
        CASE
            WHEN histories.ended_by = 'contact' THEN 1
            WHEN histories.in_flight_since IS NOT NULL THEN 3
            WHEN histories.ended_by IS NOT NULL THEN 2
            ELSE 3
        END AS kind,
        date_diff(
            'microsecond',
            histories.first_attempt_at,
            CASE
                WHEN histories.ended_by = 'contact' THEN histories.first_contact_at
                WHEN histories.in_flight_since IS NOT NULL THEN histories.in_flight_since
                WHEN histories.ended_by IS NOT NULL THEN histories.last_attempt_at
                ELSE clock.observed_until
            END
        )
        -- The last moment before the attempt that is in flight. If it is the first attempt, that is before the curve.
        - CASE WHEN histories.ended_by = 'contact' OR histories.in_flight_since IS NULL THEN 0 ELSE 1 END AS elapsed_us
    FROM reports._target_histories AS histories
    INNER JOIN core.observed AS clock ON clock.source = histories.source
    INNER JOIN curves ON curves.source = histories.source AND curves.campaign_key = histories.campaign_key
    WHERE histories.measures_contact AND histories.first_attempt_at IS NOT NULL
),

grid AS (
    SELECT CAST(points.seconds AS BIGINT) * 1000000 AS elapsed_us
    FROM (VALUES
        (0), (60), (300), (900), (1800), (3600), (7200), (14400), (28800), (43200), (86400), (172800), (259200),
        (345600), (432000), (518400), (604800), (1209600), (2592000), (5184000), (7776000)
    ) AS points (seconds)
),

marks AS (
    SELECT curve, kind, elapsed_us
    FROM spans
    WHERE elapsed_us IS NOT NULL
    UNION ALL
    SELECT curves.curve, 4, date_diff('microsecond', overtaken.first_attempt_at, overtaken.attempted_at)
    FROM core._attempts_in_flight AS overtaken
    INNER JOIN curves ON curves.source = overtaken.source AND curves.campaign_key = overtaken.campaign_key
    WHERE overtaken.overtaken_at > overtaken.attempted_at
    UNION ALL
    SELECT tried.curve, 0, grid.elapsed_us
    FROM (SELECT DISTINCT curve FROM spans) AS tried
    CROSS JOIN grid
),

moments AS (
    SELECT
        curve,
        elapsed_us,
        count(CASE WHEN kind = 0 THEN 1 END) > 0 AS is_point,
        count(CASE WHEN kind IN (1, 2, 3) THEN 1 END) AS leaving,
        count(CASE WHEN kind = 4 THEN 1 END) AS overtaken,
        count(CASE WHEN kind = 1 THEN 1 END) AS contacts,
        count(CASE WHEN kind = 2 THEN 1 END) AS competing_ends
    FROM marks
    GROUP BY curve, elapsed_us
),

counted AS (
    SELECT
        moments.*,
        CAST(sum(leaving) OVER whole AS BIGINT) AS started,
        max(CASE WHEN leaving > 0 THEN elapsed_us END) OVER whole AS followed_us,
        CAST(sum(leaving) OVER onwards AS BIGINT) - overtaken AS at_risk
    FROM moments
    WINDOW
        whole AS (PARTITION BY curve),
        onwards AS (
            PARTITION BY curve ORDER BY elapsed_us DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )
),

-- A running product is a running sum of logarithms. Once a factor is 0, the product stays 0. Factors of 0 are left out
-- of the sum, so that the factor of the row itself can be told from those before it.
products AS (
    SELECT
        curve,
        elapsed_us,
        is_point,
        at_risk,
        overtaken,
        contacts,
        competing_ends,
        started,
        followed_us,
        CASE WHEN contacts > 0 THEN CAST(contacts AS DOUBLE) / at_risk ELSE 0.0 END AS hazard,
        CAST(sum(contacts) OVER so_far AS BIGINT) AS contacted,
        sum(contacts + competing_ends) OVER so_far = started AS all_ended,
        CASE
            WHEN max(
                CASE WHEN contacts + competing_ends > 0 AND contacts + competing_ends = at_risk THEN 1 ELSE 0 END
            ) OVER so_far = 1
                THEN 0.0
            ELSE exp(coalesce(sum(
                CASE
                    WHEN contacts + competing_ends < at_risk
                        THEN ln(1 - CAST(contacts + competing_ends AS DOUBLE) / at_risk)
                END
            ) OVER so_far, 0.0))
        END AS open_after
    FROM counted
    WHERE contacts + competing_ends > 0 OR is_point
    WINDOW so_far AS (
        PARTITION BY curve ORDER BY elapsed_us ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),

befores AS (
    SELECT products.*, coalesce(lag(open_after) OVER so_far, 1.0) AS open_before
    FROM products
    WINDOW so_far AS (PARTITION BY curve ORDER BY elapsed_us ASC)
),

sums AS (
    SELECT
        befores.*,
        sum(open_before * hazard) OVER (
            PARTITION BY curve ORDER BY elapsed_us ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS summed
    FROM befores
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
        CASE WHEN contacts > 0 THEN open_before * open_before * hazard * (1 - hazard) / at_risk ELSE 0.0 END AS term_b,
        CASE WHEN contacts > 0 THEN open_before * hazard / at_risk ELSE 0.0 END AS term_g
    FROM sums
),

-- The sum of squares of the variance, multiplied out into running sums as in reports.attempt_curve.
variances AS (
    SELECT
        incidences.*,
        greatest(
            0.0,
            incidence * incidence * sum(term_a) OVER so_far
            - 2 * incidence * sum(incidence * term_a + term_g) OVER so_far
            + sum(incidence * incidence * term_a + term_b + 2 * incidence * term_g) OVER so_far
        ) AS variance
    FROM incidences
    WINDOW so_far AS (PARTITION BY curve ORDER BY elapsed_us ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),

-- If no target is open, nothing was censored: the share is a count.
effective AS (
    SELECT
        variances.*,
        CASE
            WHEN all_ended THEN CAST(started AS DOUBLE)
            WHEN elapsed_us <= followed_us AND at_risk > 0
                THEN reports.effective_targets(started, at_risk, open_before, incidence, variance)
        END AS effective_targets
    FROM variances
)

SELECT
    curves.source, -- the source, as in core.sources
    curves.campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    effective.elapsed_us, -- time since the first attempt (microseconds)
    effective.is_point, -- true if it is a point of the grid
    effective.at_risk, -- targets that were neither reached nor ended nor censored before this time [count]
    -- targets that are not at risk at this time, because an attempt that began then is in flight, but are later [count]
    effective.overtaken,
    effective.contacts, -- of these targets, those reached at this time [count]
    effective.competing_ends, -- of these targets, those that ended otherwise at this time [count]
    effective.contacted, -- targets reached by this time [count]
    effective.started, -- attempted targets [count]
    effective.followed_us, -- the longest time for which any target was followed (microseconds)
    effective.all_ended, -- true if every target was reached or ended by this time, and none is open
    effective.open_before, -- share of targets neither reached nor ended before this time [share]
    effective.open_after, -- share of targets neither reached nor ended by this time [share]
    effective.incidence AS cumulative_incidence, -- share of targets reached by this time [share]
    effective.variance, -- variance of that share, by the delta method
    -- targets that would be as sure without censoring; null beyond the longest time for which any target was followed
    effective.effective_targets,
    -- lower end of the share's 95 % interval [share]
    reports.wilson_low(effective.incidence * effective.effective_targets, effective.effective_targets) AS share_at_least,
    -- upper end of the share's 95 % interval [share]
    reports.wilson_high(effective.incidence * effective.effective_targets, effective.effective_targets) AS share_at_most
FROM effective
INNER JOIN curves ON curves.curve = effective.curve
