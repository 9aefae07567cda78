-- One row per source + campaign + maximum: how many attempts would have been made, and how many targets reached, if no
-- target had had more attempts than this maximum.
-- The `campaign_key` `all` is the whole source, with each target once.
-- A lower maximum is exact (`basis` is `log`). With a maximum of k on top of the limits in force, contacts(k) are the
-- first contacts at attempt k or before, and attempts(k) is the sum over targets of the lesser of its attempts and k.
-- Up to the most attempts that any target had, this is counted and not estimated, so the band is the value itself.
-- A higher maximum is an extrapolation (`basis` is `extrapolated`). It gives up to three more attempts to every target
-- that was never reached, did not refuse, has no bad contact info, and had used up its tries or had the most attempts.
-- It assumes that a further attempt works as well as the last ones in the log did. The last ones are those with the
-- highest numbers, as many numbers as it takes for 30 targets to have been at risk in them. The band follows from the
-- 95 % interval of their hazard (Wilson). The band does not cover the case that the assumption is wrong, and hazards
-- mostly fall.
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
        ended_by IS NULL OR ended_by = 'exhausted' AS could_go_on,
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
        tails.source,
        tails.campaign_key,
        tails.hazard,
        reports.wilson_low(contacts, at_risk) AS hazard_low,
        reports.wilson_high(contacts, at_risk) AS hazard_high
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
            AS further_attempts_high
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

estimated AS (
    SELECT
        source,
        campaign_key,
        max_attempts,
        targets,
        attempts + waiting * further_attempts AS attempts,
        attempts + waiting * further_attempts_low AS attempts_low,
        attempts + waiting * further_attempts_high AS attempts_high,
        contacted + waiting * reached AS contacted,
        contacted + waiting * reached_low AS contacted_low,
        contacted + waiting * reached_high AS contacted_high,
        waiting * power(1 - hazard, j - 1) AS extra_attempts,
        waiting * power(1 - hazard, j - 1) * hazard AS extra_contacted
    FROM raised
),

united AS (
    SELECT
        source, campaign_key, max_attempts, 'log' AS basis, targets, attempts, attempts AS attempts_low,
        attempts AS attempts_high, contacted, contacted AS contacted_low, contacted AS contacted_high, extra_attempts,
        extra_contacted
    FROM logged
    UNION ALL
    SELECT
        source, campaign_key, max_attempts, 'extrapolated', targets, attempts, attempts_low, attempts_high, contacted,
        contacted_low, contacted_high, extra_attempts, extra_contacted
    FROM estimated
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    CAST(max_attempts AS INTEGER) AS max_attempts, -- the maximum: most attempts that a target may have
    basis, -- `log` (counted) or `extrapolated` (estimated)
    CAST(targets AS BIGINT) AS targets, -- attempted targets [count]
    attempts, -- attempts that would have been made [count]
    attempts_low, -- lower end of its band [count]
    attempts_high, -- upper end of its band [count]
    contacted AS targets_contacted, -- targets that would have been reached [count]
    contacted_low AS targets_contacted_low, -- lower end of its band [count]
    contacted_high AS targets_contacted_high, -- upper end of its band [count]
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
    extra_attempts, -- attempts more than with a maximum of one less [count]
    extra_contacted, -- targets reached more than with a maximum of one less [count]
    -- extra_attempts / extra_contacted [ratio]
    extra_attempts / nullif(extra_contacted, 0) AS attempts_per_extra_contact
FROM united
