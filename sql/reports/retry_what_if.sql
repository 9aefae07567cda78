-- One row per source + campaign + maximum: how many attempts would have been made, and how many targets reached, if no
-- target had had more attempts than this maximum.
-- The `campaign_key` `all` is the whole source, with each target once.
-- A lower maximum is exact (`basis` is `log`). With a maximum of k on top of the limits in force, contacts(k) are the
-- first contacts at attempt k or before, and attempts(k) is the sum over targets of the lesser of its attempts and k.
-- Up to the most attempts that any target had, this is counted and not estimated, so the band is the value itself.
-- A higher maximum is an extrapolation (`basis` is `extrapolated`). It gives up to three more attempts to every target
-- that was never reached, did not refuse, has no bad contact info, is not deleted, has no attempt in flight, and had
-- used up its tries or had the most attempts. Where no attempt has ended, there is nothing to extrapolate from.
-- It assumes that a further attempt works as well as the last ones in the log did. The last ones are those with the
-- highest numbers, as many numbers as it takes for 30 targets to have been at risk in them. Hazards mostly fall, and no
-- interval here covers the case that the assumption is wrong.
-- Such a row has two kinds of intervals. The band (`_low`, `_high`) is that of the expectation: it follows from the 95 %
-- interval of the hazard (Wilson), and leaves out chance. The predicted interval (`_predicted_low`, `_predicted_high`)
-- is that of the figure that would really come out: in 95 of 100 cases it holds it.
-- The predicted interval adds the square of the band's half to the square of chance's (Zou and Donner 2008; Newcombe
-- 1998 does the same for a difference). Chance has its variance at the middle of Wilson's interval (Agresti and Coull
-- 1998). Its ends are rounded inwards, to whole numbers.
-- With at most 12 targets to be tried again, the predicted interval is exact instead: it follows from the probability of
-- every course of the three rounds, given the log and Jeffreys's prior for the hazard (beta-binomial; Meeker, Hahn and
-- Escobar 2017), and cuts off 2.5 % at each end by the mid-P rule (Lancaster 1961; Berry and Armitage 1995). In either
-- case it is made to hold the expectation.
-- Key: source, campaign_key, max_attempts
-- Example: What would a maximum of two attempts have given?
--   SELECT source, campaign_key, campaign_name, targets, max(attempts) AS attempts,
--   max(targets_contacted) AS targets_contacted, max(contact_rate_per_target) AS contact_rate_per_target,
--   max(contact_rate_per_target_low) AS contact_rate_per_target_low,
--   max(contact_rate_per_target_high) AS contact_rate_per_target_high
--   FROM reports.retry_what_if LEFT JOIN core.campaigns USING (source, campaign_key)
--   WHERE max_attempts <= 2 AND basis = 'log' AND campaign_key <> 'all' GROUP BY ALL ORDER BY campaign_key
WITH lives AS (
    SELECT
        source,
        campaign_key,
        attempts,
        first_contact_number,
        (ended_by IS NULL OR ended_by = 'exhausted') AND NOT is_deleted AND attempts_ended = attempts AS could_go_on,
        coalesce(ended_by = 'exhausted', FALSE) AS is_exhausted,
        targets
    FROM reports._history_counts
    WHERE attempts > 0
),

lengths AS (
    SELECT source, campaign_key, CAST(max(attempts) AS INTEGER) AS longest, CAST(sum(targets) AS DOUBLE) AS targets
    FROM lives
    GROUP BY source, campaign_key
),

numbers AS (
    SELECT source, campaign_key, CAST(unnest(generate_series(1, longest)) AS INTEGER) AS attempt_number
    FROM lengths
),

by_attempts AS (
    SELECT source, campaign_key, attempts AS attempt_number, sum(targets) AS targets
    FROM lives
    GROUP BY source, campaign_key, attempts
),

by_contact AS (
    SELECT source, campaign_key, first_contact_number AS attempt_number, sum(targets) AS contacted
    FROM lives
    WHERE first_contact_number IS NOT NULL
    GROUP BY source, campaign_key, first_contact_number
),

-- Targets that made at least so many attempts: this is what the attempt with this number adds.
steps AS (
    SELECT
        lengths.source,
        lengths.campaign_key,
        lengths.targets,
        numbers.attempt_number,
        CAST(sum(coalesce(by_attempts.targets, 0)) OVER (
            PARTITION BY lengths.source, lengths.campaign_key ORDER BY numbers.attempt_number DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS DOUBLE) AS extra_attempts,
        CAST(coalesce(by_contact.contacted, 0) AS DOUBLE) AS extra_contacted
    FROM numbers
    INNER JOIN lengths ON lengths.source = numbers.source AND lengths.campaign_key = numbers.campaign_key
    LEFT JOIN by_attempts
        ON
            by_attempts.source = lengths.source
            AND by_attempts.campaign_key = lengths.campaign_key
            AND by_attempts.attempt_number = numbers.attempt_number
    LEFT JOIN by_contact
        ON
            by_contact.source = lengths.source
            AND by_contact.campaign_key = lengths.campaign_key
            AND by_contact.attempt_number = numbers.attempt_number
),

logged AS (
    SELECT
        source,
        campaign_key,
        attempt_number AS max_attempts,
        targets,
        extra_attempts,
        extra_contacted,
        sum(extra_attempts) OVER so_far AS attempts,
        sum(extra_contacted) OVER so_far AS contacted
    FROM steps
    WINDOW so_far AS (
        PARTITION BY source, campaign_key ORDER BY attempt_number ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),

-- The highest attempt numbers, as many as it takes for 30 targets to have been at risk in them.
backwards AS (
    SELECT
        source,
        campaign_key,
        contacts,
        at_risk,
        sum(at_risk) OVER (
            PARTITION BY source, campaign_key ORDER BY attempt_number DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS later
    FROM reports.attempt_curve
),

tails AS (
    SELECT
        source,
        campaign_key,
        CAST(sum(contacts) AS DOUBLE) / sum(at_risk) AS hazard,
        CAST(sum(contacts) AS DOUBLE) AS contacts,
        CAST(sum(at_risk) AS DOUBLE) AS at_risk
    FROM backwards
    WHERE later IS NULL OR later < 30
    GROUP BY source, campaign_key
),

hazards AS (
    SELECT
        source,
        campaign_key,
        contacts AS tail_contacts,
        at_risk AS tail_at_risk,
        hazard,
        reports.wilson_low(contacts, at_risk) AS hazard_low,
        reports.wilson_high(contacts, at_risk) AS hazard_high,
        reports.wilson_middle(contacts, at_risk) AS hazard_middle
    FROM tails
),

candidates AS (
    SELECT
        lives.source,
        lives.campaign_key,
        CAST(coalesce(sum(
            CASE
                WHEN lives.could_go_on AND (lives.is_exhausted OR lives.attempts = lengths.longest) THEN lives.targets
            END
        ), 0) AS DOUBLE) AS waiting
    FROM lives
    INNER JOIN lengths ON lengths.source = lives.source AND lengths.campaign_key = lives.campaign_key
    GROUP BY lives.source, lives.campaign_key
),

-- Of each waiting target, with hazard h: the share that is reached by the j-th further attempt, and the attempts that
-- this takes. The i-th attempt is made on targets that the ones before did not reach. It is written as that sum,
-- because at the first attempt it is then 1 whatever the hazard, to the last digit.
raised AS (
    SELECT
        logged.source,
        logged.campaign_key,
        logged.max_attempts + further.j AS max_attempts,
        logged.targets,
        logged.attempts,
        logged.contacted,
        candidates.waiting,
        hazards.hazard,
        hazards.hazard_low,
        hazards.hazard_high,
        further.j,
        1 - power(1 - hazards.hazard, further.j) AS reached,
        1 - power(1 - hazards.hazard_low, further.j) AS reached_low,
        1 - power(1 - hazards.hazard_high, further.j) AS reached_high,
        1 + further.has_2 * (1 - hazards.hazard) + further.has_3 * power(1 - hazards.hazard, 2) AS further_attempts,
        1 + further.has_2 * (1 - hazards.hazard_high) + further.has_3 * power(1 - hazards.hazard_high, 2)
            AS further_attempts_low,
        1 + further.has_2 * (1 - hazards.hazard_low) + further.has_3 * power(1 - hazards.hazard_low, 2)
            AS further_attempts_high,
        power(1 - hazards.hazard_middle, further.j) * (1 - power(1 - hazards.hazard_middle, further.j))
            AS reached_variance,
        1 + 3 * further.has_2 * (1 - hazards.hazard_middle) + 5 * further.has_3 * power(1 - hazards.hazard_middle, 2)
        - power(
            1 + further.has_2 * (1 - hazards.hazard_middle) + further.has_3 * power(1 - hazards.hazard_middle, 2), 2
        ) AS further_attempts_variance
    FROM logged
    INNER JOIN lengths
        ON
            lengths.source = logged.source
            AND lengths.campaign_key = logged.campaign_key
            AND lengths.longest = logged.max_attempts
    INNER JOIN candidates ON candidates.source = logged.source AND candidates.campaign_key = logged.campaign_key
    INNER JOIN hazards ON hazards.source = logged.source AND hazards.campaign_key = logged.campaign_key
    CROSS JOIN (VALUES (1, 0, 0), (2, 1, 0), (3, 1, 1)) AS further (j, has_2, has_3)
),

-- The square of a half interval is the square of the band's half and that of chance's.
approximate AS (
    SELECT
        source,
        campaign_key,
        max_attempts,
        waiting * reached
        - reports.predicted_half(waiting * (reached - reached_low), waiting * reached_variance) AS reached_low,
        waiting * reached
        + reports.predicted_half(waiting * (reached_high - reached), waiting * reached_variance) AS reached_high,
        waiting * further_attempts - reports.predicted_half(
            waiting * (further_attempts - further_attempts_low), waiting * further_attempts_variance
        ) AS attempts_low,
        waiting * further_attempts + reports.predicted_half(
            waiting * (further_attempts_high - further_attempts), waiting * further_attempts_variance
        ) AS attempts_high
    FROM raised
),

few AS (
    SELECT
        candidates.source,
        candidates.campaign_key,
        CAST(candidates.waiting AS INTEGER) AS waiting,
        hazards.tail_contacts,
        hazards.tail_at_risk
    FROM candidates
    INNER JOIN hazards ON hazards.source = candidates.source AND hazards.campaign_key = candidates.campaign_key
    WHERE candidates.waiting BETWEEN 1 AND 12
),

-- Logarithms of rising factorials: the chances of so many contacts, of so many misses, and of so many attempts in all.
-- Three rounds with 12 targets have at most 36 attempts.
urns AS (
    SELECT
        few.source,
        few.campaign_key,
        steps.size,
        coalesce(sum(ln(few.tail_contacts + 0.5 + steps.size)) OVER smaller, 0) AS contacts,
        coalesce(sum(ln(few.tail_at_risk - few.tail_contacts + 0.5 + steps.size)) OVER smaller, 0) AS misses,
        coalesce(sum(ln(few.tail_at_risk + 1 + steps.size)) OVER smaller, 0) AS attempts
    FROM few
    CROSS JOIN (SELECT CAST(unnest(generate_series(0, 36)) AS INTEGER) AS size) AS steps
    WINDOW smaller AS (
        PARTITION BY few.source, few.campaign_key ORDER BY steps.size ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

-- So many of the waiting targets are reached in the first, the second and the third round.
courses AS (
    SELECT
        few.source,
        few.campaign_key,
        few.waiting,
        round_1.reached AS reached_1,
        round_2.reached AS reached_2,
        round_3.reached AS reached_3,
        round_1.reached + round_2.reached + round_3.reached AS contacts,
        3 * few.waiting - 2 * round_1.reached - round_2.reached AS attempts
    FROM few
    CROSS JOIN (SELECT CAST(unnest(generate_series(0, 12)) AS INTEGER) AS reached) AS round_1
    CROSS JOIN (SELECT CAST(unnest(generate_series(0, 12)) AS INTEGER) AS reached) AS round_2
    CROSS JOIN (SELECT CAST(unnest(generate_series(0, 12)) AS INTEGER) AS reached) AS round_3
    WHERE round_1.reached + round_2.reached + round_3.reached <= few.waiting
),

likely AS (
    SELECT
        courses.*,
        CAST(factorial(courses.waiting) AS DOUBLE)
        / CAST(factorial(courses.reached_1) AS DOUBLE)
        / CAST(factorial(courses.reached_2) AS DOUBLE)
        / CAST(factorial(courses.reached_3) AS DOUBLE)
        / CAST(factorial(courses.waiting - courses.contacts) AS DOUBLE)
        * exp(reached.contacts + missed.misses - tried.attempts) AS chance
    FROM courses
    INNER JOIN urns AS reached
        ON
            reached.source = courses.source
            AND reached.campaign_key = courses.campaign_key
            AND reached.size = courses.contacts
    INNER JOIN urns AS missed
        ON
            missed.source = courses.source
            AND missed.campaign_key = courses.campaign_key
            AND missed.size = courses.attempts - courses.contacts
    INNER JOIN urns AS tried
        ON
            tried.source = courses.source
            AND tried.campaign_key = courses.campaign_key
            AND tried.size = courses.attempts
),

valued AS (
    SELECT
        likely.source,
        likely.campaign_key,
        likely.chance,
        further.j,
        further.figure,
        CASE further.figure
            WHEN 'reached' THEN
                likely.reached_1 + CASE WHEN further.j > 1 THEN likely.reached_2 ELSE 0 END
                + CASE WHEN further.j > 2 THEN likely.reached_3 ELSE 0 END
            ELSE
                likely.waiting + CASE WHEN further.j > 1 THEN likely.waiting - likely.reached_1 ELSE 0 END
                + CASE WHEN further.j > 2 THEN likely.waiting - likely.reached_1 - likely.reached_2 ELSE 0 END
        END AS value
    FROM likely
    CROSS JOIN (VALUES
        (1, 'reached'), (2, 'reached'), (3, 'reached'), (1, 'attempts'), (2, 'attempts'), (3, 'attempts')
    ) AS further (j, figure)
),

figures AS (
    SELECT source, campaign_key, j, figure, value, sum(chance) AS chance
    FROM valued
    GROUP BY source, campaign_key, j, figure, value
),

-- The chance of a smaller value, and half of that of the value itself.
cumulated AS (
    SELECT
        figures.*,
        sum(chance) OVER so_far - chance / 2 AS below
    FROM figures
    WINDOW so_far AS (
        PARTITION BY source, campaign_key, j, figure ORDER BY value ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),

exact AS (
    SELECT
        source,
        campaign_key,
        j,
        min(CASE WHEN figure = 'reached' AND below >= 0.025 THEN value END) AS reached_low,
        max(CASE WHEN figure = 'reached' AND below <= 0.975 THEN value END) AS reached_high,
        min(CASE WHEN figure = 'attempts' AND below >= 0.025 THEN value END) AS attempts_low,
        max(CASE WHEN figure = 'attempts' AND below <= 0.975 THEN value END) AS attempts_high
    FROM cumulated
    GROUP BY source, campaign_key, j
),

-- Rounding must not turn a whole number that was calculated into its neighbour.
predicted AS (
    SELECT
        raised.source,
        raised.campaign_key,
        raised.max_attempts,
        least(
            coalesce(exact.reached_low, greatest(0, ceil(approximate.reached_low - 1e-9))),
            floor(raised.waiting * raised.reached + 1e-9)
        ) AS reached_low,
        greatest(
            coalesce(exact.reached_high, least(raised.waiting, floor(approximate.reached_high + 1e-9))),
            ceil(raised.waiting * raised.reached - 1e-9)
        ) AS reached_high,
        least(
            coalesce(exact.attempts_low, greatest(raised.waiting, ceil(approximate.attempts_low - 1e-9))),
            floor(raised.waiting * raised.further_attempts + 1e-9)
        ) AS attempts_low,
        greatest(
            coalesce(exact.attempts_high, least(raised.j * raised.waiting, floor(approximate.attempts_high + 1e-9))),
            ceil(raised.waiting * raised.further_attempts - 1e-9)
        ) AS attempts_high
    FROM raised
    INNER JOIN approximate
        ON
            approximate.source = raised.source
            AND approximate.campaign_key = raised.campaign_key
            AND approximate.max_attempts = raised.max_attempts
    LEFT JOIN exact
        ON exact.source = raised.source AND exact.campaign_key = raised.campaign_key AND exact.j = raised.j
),

estimated AS (
    SELECT
        raised.source,
        raised.campaign_key,
        raised.max_attempts,
        raised.targets,
        raised.attempts + raised.waiting * raised.further_attempts AS attempts,
        raised.attempts + raised.waiting * raised.further_attempts_low AS attempts_low,
        raised.attempts + raised.waiting * raised.further_attempts_high AS attempts_high,
        raised.attempts + predicted.attempts_low AS attempts_predicted_low,
        raised.attempts + predicted.attempts_high AS attempts_predicted_high,
        raised.contacted + raised.waiting * raised.reached AS contacted,
        raised.contacted + raised.waiting * raised.reached_low AS contacted_low,
        raised.contacted + raised.waiting * raised.reached_high AS contacted_high,
        raised.contacted + predicted.reached_low AS contacted_predicted_low,
        raised.contacted + predicted.reached_high AS contacted_predicted_high,
        raised.waiting * power(1 - raised.hazard, raised.j - 1) AS extra_attempts,
        raised.waiting * power(1 - raised.hazard, raised.j - 1) * raised.hazard AS extra_contacted
    FROM raised
    INNER JOIN predicted
        ON
            predicted.source = raised.source
            AND predicted.campaign_key = raised.campaign_key
            AND predicted.max_attempts = raised.max_attempts
),

united AS (
    SELECT
        source, campaign_key, max_attempts, 'log' AS basis, targets, attempts, attempts AS attempts_low,
        attempts AS attempts_high, attempts AS attempts_predicted_low, attempts AS attempts_predicted_high, contacted,
        contacted AS contacted_low, contacted AS contacted_high, contacted AS contacted_predicted_low,
        contacted AS contacted_predicted_high, extra_attempts, extra_contacted
    FROM logged
    UNION ALL
    SELECT
        source, campaign_key, max_attempts, 'extrapolated', targets, attempts, attempts_low, attempts_high,
        attempts_predicted_low, attempts_predicted_high, contacted, contacted_low, contacted_high,
        contacted_predicted_low, contacted_predicted_high, extra_attempts, extra_contacted
    FROM estimated
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    CAST(max_attempts AS INTEGER) AS max_attempts, -- the maximum: most attempts that a target may have
    basis, -- `log` (counted) or `extrapolated` (estimated)
    CAST(targets AS BIGINT) AS targets, -- attempted targets [count]
    attempts, -- attempts that would have been made; if extrapolated, their expectation [count]
    attempts_low, -- lower end of the expectation's band [count]
    attempts_high, -- upper end of the expectation's band [count]
    -- lower end of the 95 % interval of the attempts that would really be made; if counted, the count [count]
    CAST(attempts_predicted_low AS BIGINT) AS attempts_predicted_low,
    CAST(attempts_predicted_high AS BIGINT) AS attempts_predicted_high, -- upper end of the same [count]
    contacted AS targets_contacted, -- targets that would have been reached; if extrapolated, their expectation [count]
    contacted_low AS targets_contacted_low, -- lower end of the expectation's band [count]
    contacted_high AS targets_contacted_high, -- upper end of the expectation's band [count]
    -- lower end of the 95 % interval of the targets that would really be reached; if counted, the count [count]
    CAST(contacted_predicted_low AS BIGINT) AS targets_contacted_predicted_low,
    CAST(contacted_predicted_high AS BIGINT) AS targets_contacted_predicted_high, -- upper end of the same [count]
    contacted / targets AS contact_rate_per_target, -- targets_contacted / targets [share]
    -- lower end of its 95 % interval (Wilson); if extrapolated, of its band [share]
    CASE
        WHEN basis = 'log' THEN reports.wilson_low(contacted, targets)
        ELSE contacted_low / targets
    END AS contact_rate_per_target_low,
    -- upper end of the same [share]
    CASE
        WHEN basis = 'log' THEN reports.wilson_high(contacted, targets)
        ELSE contacted_high / targets
    END AS contact_rate_per_target_high,
    -- lower end of the 95 % interval of the share that would really be reached; if counted, the share [share]
    contacted_predicted_low / targets AS contact_rate_per_target_predicted_low,
    contacted_predicted_high / targets AS contact_rate_per_target_predicted_high, -- upper end of the same [share]
    extra_attempts, -- attempts more than with a maximum of one less [count]
    extra_contacted, -- targets reached more than with a maximum of one less [count]
    -- extra_attempts / extra_contacted [ratio]
    extra_attempts / nullif(extra_contacted, 0) AS attempts_per_extra_contact
FROM united
