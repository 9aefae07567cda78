-- One row per source + campaign: what was tried, who was reached, and how sure that is.
-- Targets are independent, so their rate has Wilson's interval. Attempts on one target are not independent. Therefore
-- the variance of contacts / attempts is linearised and clustered by target. The attempts are divided by the design
-- effect that this gives (Kish 1965), and multiplied by (z / t)^2, with Student's t at the degrees of freedom of that
-- variance (Korn and Graubard 1998; Bell and McCaffrey 2002). Wilson's interval is then taken at these effective attempts.
-- They are never above the attempts made. They are the number of targets if every attempt ended alike, and 1 if there is
-- one target. If each target had one attempt, the result is Wilson's interval itself. The macros of
-- reports.effective_attempts have the formulas; docs/coverage.md says how often the interval holds the truth.
-- Sources that cannot tell whether anybody was reached are not here.
-- Key: source, campaign_key
-- Metric: contact_rate_per_target = sum(targets_contacted) / nullif(sum(targets_attempted), 0)
-- Metric: contact_rate_per_attempt = sum(contacts) / nullif(sum(attempts), 0)
-- Metric: attempts = sum(attempts)
-- Example: Which campaigns have the whole interval of their contact rate below 30 %?
--   SELECT source, campaign_key, campaign_name, targets_contacted, targets_attempted, contact_rate_per_target,
--   contact_rate_per_target_low, contact_rate_per_target_high FROM reports.campaign_contact_rates
--   WHERE contact_rate_per_target_high < 0.3 AND NOT is_thin ORDER BY contact_rate_per_target_high, campaign_key
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
        CAST(sum(attempts * attempts * attempts) AS DOUBLE) AS sum_nnn,
        min(first_attempt_at) AS first_attempt_at,
        max(last_attempt_at) AS last_attempt_at
    FROM reports._target_histories
    WHERE measures_contact AND campaign_key <> 'all'
    GROUP BY source, campaign_key
),

correlated AS (
    SELECT
        *,
        reports.attempt_correlation(attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn) AS correlation
    FROM sums
),

judged AS (
    SELECT *, reports.degrees_of_freedom(targets_attempted, attempts, sum_nn, sum_nnn, correlation) AS freedom
    FROM correlated
),

rates AS (
    SELECT
        *,
        CAST(contacts AS DOUBLE) / nullif(attempts, 0) AS per_attempt,
        CAST(targets_contacted AS DOUBLE) / nullif(targets_attempted, 0) AS per_target,
        reports.clustered_attempts(
            targets_attempted, attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn, correlation, freedom
        ) AS effective_attempts
    FROM judged
),

intervals AS (
    SELECT
        rates.*,
        reports.wilson_low(per_attempt * effective_attempts, effective_attempts) AS contact_rate_per_attempt_low,
        reports.wilson_high(per_attempt * effective_attempts, effective_attempts) AS contact_rate_per_attempt_high,
        reports.wilson_low(targets_contacted, targets_attempted) AS contact_rate_per_target_low,
        reports.wilson_high(targets_contacted, targets_attempted) AS contact_rate_per_target_high
    FROM rates
)

SELECT
    intervals.source, -- the source, as in core.sources
    -- the campaign: `<source>:<native id>`; `<source>:none` stands for attempts that belong to no campaign
    intervals.campaign_key,
    campaigns.campaign_name, -- the campaign's name in its source
    -- targets that the campaign means to reach: where the source has lists, those of the campaign's list, tried or not,
    -- and any others that it tried; elsewhere targets_attempted [count]
    intervals.targets,
    intervals.targets_attempted, -- targets with at least one real attempt [count]
    intervals.targets_contacted, -- targets reached at least once [count]
    intervals.attempts, -- real attempts [count]
    intervals.contacts, -- attempts that reached a person [count]
    intervals.per_attempt AS contact_rate_per_attempt, -- contacts / attempts [share]
    intervals.contact_rate_per_attempt_low, -- lower end of its 95 % interval, clustered by target [share]
    intervals.contact_rate_per_attempt_high, -- upper end of its 95 % interval [share]
    intervals.per_target AS contact_rate_per_target, -- targets_contacted / targets_attempted [share]
    intervals.contact_rate_per_target_low, -- lower end of its 95 % interval (Wilson) [share]
    intervals.contact_rate_per_target_high, -- upper end of its 95 % interval [share]
    -- targets_attempted / targets; null where no list says who was meant [share]
    CASE
        WHEN intervals.is_listed THEN CAST(intervals.targets_attempted AS DOUBLE) / nullif(intervals.targets, 0)
    END AS penetration,
    CAST(intervals.attempts AS DOUBLE) / nullif(intervals.targets, 0) AS saturation, -- attempts / targets [ratio]
    -- attempts / targets_contacted; attempts on targets that were never reached count too [ratio]
    CAST(intervals.attempts AS DOUBLE) / nullif(intervals.targets_contacted, 0) AS attempts_per_contact,
    intervals.effective_attempts, -- independent attempts that would be as sure as these attempts
    intervals.targets_attempted < 5 AS is_thin, -- true if fewer than 5 targets were attempted: too few to judge by
    intervals.first_attempt_at, -- time of the first real attempt (UTC)
    intervals.last_attempt_at, -- time of the last real attempt (UTC)
    clock.observed_until AS as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM intervals
INNER JOIN core.observed AS clock ON clock.source = intervals.source
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = intervals.source AND campaigns.campaign_key = intervals.campaign_key
