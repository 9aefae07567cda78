-- One row per source + campaign + dimension + value: contact rates of a slice of the attempts. `campaign_key` all is
-- the whole source, in which each target counts once, in however many campaigns it was tried; dimension `total` is all
-- attempts in one row.
-- Within a slice a target is attempted when an attempt on it falls into the slice, and contacted when one of those
-- reached it: the targets of several slices do not sum to the total. Intervals as in reports.campaign_contact_rates:
-- Wilson per target, clustered by target per attempt. Sources are not summed: nothing tells who in one system is whom
-- in another.
-- Key: source, campaign_key, dimension, value
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id>`, or `all`
--   dimension: total, channel, direction, agent, day, week or destination_index
--   value: the slice: all; phone, door, …; the agent's key or `none`; the day, or the week's Monday, as YYYY-MM-DD in
--     the reporting time zone; 0 to 4
--   targets_attempted: targets with at least one real attempt in the slice
--   targets_contacted: targets reached in the slice
--   attempts: real attempts
--   contacts: attempts that reached a person
--   contact_rate_per_attempt: contacts / attempts (0..1)
--   contact_rate_per_attempt_low: lower end of its 95 % interval, clustered by target
--   contact_rate_per_attempt_high: upper end
--   contact_rate_per_target: targets_contacted / targets_attempted (0..1)
--   contact_rate_per_target_low: lower end of its 95 % interval (Wilson)
--   contact_rate_per_target_high: upper end
--   attempts_per_contact: attempts / targets_contacted
--   effective_attempts: independent attempts that would be as sure as these
--   is_thin: whether fewer than 5 targets were attempted: too few to judge by
WITH rates AS (
    SELECT
        counts.*,
        CAST(contacts AS DOUBLE) / attempts AS per_attempt,
        CAST(targets_contacted AS DOUBLE) / targets_attempted AS per_target
    FROM reports.contact_rate_counts AS counts
),

-- As in reports.campaign_contact_rates: linearised variance of a ratio of sums over clusters.
variances AS (
    SELECT
        rates.*,
        greatest(sum_xx - 2 * per_attempt * sum_nx + per_attempt * per_attempt * sum_nn, 0)
        * targets_attempted / nullif(targets_attempted - 1, 0)
        / (CAST(attempts AS DOUBLE) * attempts) AS variance
    FROM rates
),

effective AS (
    SELECT
        variances.*,
        CASE
            WHEN targets_attempted = 1 THEN 1.0
            WHEN contacts = 0 OR contacts = attempts THEN CAST(targets_attempted AS DOUBLE)
            ELSE least(
                CAST(attempts AS DOUBLE),
                coalesce(
                    per_attempt * (1 - per_attempt) / nullif(variance, 0) * attempts / (attempts - 1),
                    CAST(attempts AS DOUBLE)
                )
            )
        END AS effective_attempts
    FROM variances
)

SELECT
    source,
    campaign_key,
    dimension,
    value,
    targets_attempted,
    targets_contacted,
    attempts,
    contacts,
    per_attempt AS contact_rate_per_attempt,
    CASE
        WHEN per_attempt IS NOT NULL THEN greatest(0.0, (
            per_attempt * effective_attempts + 1.9207294103470618e0
            - 1.959963984540054e0
            * sqrt(per_attempt * (1 - per_attempt) * effective_attempts + 0.9603647051735309e0)
        ) / (effective_attempts + 3.8414588206941236e0))
    END AS contact_rate_per_attempt_low,
    CASE
        WHEN per_attempt IS NOT NULL THEN least(1.0, (
            per_attempt * effective_attempts + 1.9207294103470618e0
            + 1.959963984540054e0
            * sqrt(per_attempt * (1 - per_attempt) * effective_attempts + 0.9603647051735309e0)
        ) / (effective_attempts + 3.8414588206941236e0))
    END AS contact_rate_per_attempt_high,
    per_target AS contact_rate_per_target,
    CASE
        WHEN per_target IS NOT NULL THEN greatest(0.0, (
            per_target * targets_attempted + 1.9207294103470618e0
            - 1.959963984540054e0 * sqrt(per_target * (1 - per_target) * targets_attempted + 0.9603647051735309e0)
        ) / (targets_attempted + 3.8414588206941236e0))
    END AS contact_rate_per_target_low,
    CASE
        WHEN per_target IS NOT NULL THEN least(1.0, (
            per_target * targets_attempted + 1.9207294103470618e0
            + 1.959963984540054e0 * sqrt(per_target * (1 - per_target) * targets_attempted + 0.9603647051735309e0)
        ) / (targets_attempted + 3.8414588206941236e0))
    END AS contact_rate_per_target_high,
    CAST(attempts AS DOUBLE) / nullif(targets_contacted, 0) AS attempts_per_contact,
    effective_attempts,
    targets_attempted < 5 AS is_thin
FROM effective
