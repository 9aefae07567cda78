-- One row per source + campaign: what was tried, who was reached, and how sure that is.
-- Targets are independent: their rate has Wilson's interval. Attempts of one target are not: the variance of contacts /
-- attempts is linearised and clustered by target, the attempts are divided by the design effect that this makes (Kish
-- 1965), and Wilson's interval is taken at that number of independent attempts: never above the attempts made; the
-- number of targets when every attempt ended alike; 1 when there is one target. Where each target had one attempt it is
-- Wilson's interval itself. So done for proportions from clustered samples by Kott and Carr (1997), Korn and Graubard
-- (1998) and Franco, Little, Louis and Slud (2019).
-- Sources that cannot tell whether anybody was reached (LionDesk) are not here.
-- Key: source, campaign_key
-- Metric: contact_rate_per_target = sum(targets_contacted) / nullif(sum(targets_attempted), 0)
-- Metric: contact_rate_per_attempt = sum(contacts) / nullif(sum(attempts), 0)
-- Metric: attempts = sum(attempts)
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id>`; `<source>:none` for what belongs to no campaign
--   campaign_name: what the source calls the campaign
--   targets: whom the campaign means to reach: VoIPBIN's outdialtargets of the campaign's outdial, dialled or not, and whom
--     else it dialled; for sources without such a list, targets_attempted
--   targets_attempted: targets with at least one real attempt
--   targets_contacted: targets reached at least once
--   attempts: real attempts
--   contacts: attempts that reached a person
--   contact_rate_per_attempt: contacts / attempts (0..1)
--   contact_rate_per_attempt_low: lower end of its 95 % interval, clustered by target
--   contact_rate_per_attempt_high: upper end
--   contact_rate_per_target: targets_contacted / targets_attempted (0..1)
--   contact_rate_per_target_low: lower end of its 95 % interval (Wilson)
--   contact_rate_per_target_high: upper end
--   penetration: targets_attempted / targets (0..1); null where no list says who was meant
--   saturation: attempts / targets
--   attempts_per_contact: attempts / targets_contacted, attempts on targets never contacted included
--   effective_attempts: independent attempts that would be as sure as these
--   is_thin: whether fewer than 5 targets were attempted: too few to judge by
--   first_attempt_at: first real attempt (UTC)
--   last_attempt_at: last real attempt (UTC)
--   as_of: the moment all this speaks of (UTC)
WITH sums AS (
    SELECT
        source,
        campaign_key,
        bool_or(is_listed) AS is_listed,
        CAST(count(CASE WHEN is_listed OR attempts > 0 THEN 1 END) AS BIGINT) AS targets,
        CAST(count(CASE WHEN attempts > 0 THEN 1 END) AS BIGINT) AS targets_attempted,
        CAST(count(CASE WHEN contacts > 0 THEN 1 END) AS BIGINT) AS targets_contacted,
        CAST(sum(attempts) AS BIGINT) AS attempts,
        CAST(sum(contacts) AS BIGINT) AS contacts,
        CAST(sum(attempts * attempts) AS DOUBLE) AS sum_nn,
        CAST(sum(attempts * contacts) AS DOUBLE) AS sum_nx,
        CAST(sum(contacts * contacts) AS DOUBLE) AS sum_xx,
        min(first_attempt_at) AS first_attempt_at,
        max(last_attempt_at) AS last_attempt_at
    FROM reports.target_histories
    WHERE measures_contact AND campaign_key <> 'all'
    GROUP BY source, campaign_key
),

rates AS (
    SELECT
        sums.*,
        CAST(contacts AS DOUBLE) / nullif(attempts, 0) AS per_attempt,
        CAST(targets_contacted AS DOUBLE) / nullif(targets_attempted, 0) AS per_target
    FROM sums
),

-- Linearised variance of a ratio of sums over clusters: m / (m - 1) * sum((x - r n)^2) / (sum n)^2.
variances AS (
    SELECT
        rates.*,
        greatest(sum_xx - 2 * per_attempt * sum_nx + per_attempt * per_attempt * sum_nn, 0)
        * targets_attempted / nullif(targets_attempted - 1, 0)
        / nullif(CAST(attempts AS DOUBLE) * attempts, 0) AS variance
    FROM rates
),

effective AS (
    SELECT
        variances.*,
        CASE
            WHEN attempts = 0 THEN NULL
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
),

intervals AS (
    SELECT
        effective.*,
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
        END AS contact_rate_per_target_high
    FROM effective
)

SELECT
    intervals.source,
    intervals.campaign_key,
    campaigns.campaign_name,
    intervals.targets,
    intervals.targets_attempted,
    intervals.targets_contacted,
    intervals.attempts,
    intervals.contacts,
    intervals.per_attempt AS contact_rate_per_attempt,
    intervals.contact_rate_per_attempt_low,
    intervals.contact_rate_per_attempt_high,
    intervals.per_target AS contact_rate_per_target,
    intervals.contact_rate_per_target_low,
    intervals.contact_rate_per_target_high,
    CASE
        WHEN intervals.is_listed THEN CAST(intervals.targets_attempted AS DOUBLE) / nullif(intervals.targets, 0)
    END AS penetration,
    CAST(intervals.attempts AS DOUBLE) / nullif(intervals.targets, 0) AS saturation,
    CAST(intervals.attempts AS DOUBLE) / nullif(intervals.targets_contacted, 0) AS attempts_per_contact,
    intervals.effective_attempts,
    intervals.targets_attempted < 5 AS is_thin,
    intervals.first_attempt_at,
    intervals.last_attempt_at,
    clock.as_of
FROM intervals
CROSS JOIN core.as_of AS clock
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = intervals.source AND campaigns.campaign_key = intervals.campaign_key
