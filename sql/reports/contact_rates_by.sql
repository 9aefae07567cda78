-- One row per source + campaign + dimension + value: the contact rates of one slice of the attempts.
-- The `campaign_key` `all` is the whole source. There each target counts once, however many campaigns tried it. The
-- dimension `total` has all attempts in one row.
-- A target is attempted in a slice if an attempt on it falls into the slice. It is contacted in the slice if one of
-- those attempts reached it. So the targets of several slices do not sum to the total.
-- The intervals are those of reports.campaign_contact_rates: Wilson's per target, clustered by target per attempt.
-- Sources are not summed, because nothing tells who in one source is who in another.
-- Key: source, campaign_key, dimension, value
-- Example: Does the second phone number yield contacts?
--   SELECT source, campaign_key, campaign_name, value AS destination_index, attempts, contacts,
--   contact_rate_per_attempt, contact_rate_per_attempt_low, contact_rate_per_attempt_high
--   FROM reports.contact_rates_by LEFT JOIN core.campaigns USING (source, campaign_key)
--   WHERE dimension = 'destination_index' AND value IN ('0', '1') AND campaign_key <> 'all' AND NOT is_thin
--   ORDER BY campaign_key, value
WITH correlated AS (
    SELECT
        *,
        reports.attempt_correlation(attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn) AS correlation
    FROM reports._contact_rate_counts
),

judged AS (
    SELECT *, reports.degrees_of_freedom(targets_attempted, attempts, sum_nn, sum_nnn, correlation) AS freedom
    FROM correlated
),

rates AS (
    SELECT
        *,
        CAST(contacts AS DOUBLE) / attempts AS per_attempt,
        CAST(targets_contacted AS DOUBLE) / targets_attempted AS per_target,
        reports.clustered_attempts(
            targets_attempted, attempts, contacts, sum_nn, sum_nx, sum_xx, sum_nnn, correlation, freedom
        ) AS effective_attempts
    FROM judged
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    dimension, -- total, channel, direction, agent, day, week or destination_index
    -- the slice of the dimension: `all`; phone, door, …; outbound, …; the agent's key or `none`; the day, or the Monday
    -- of the week, as YYYY-MM-DD in the reporting time zone, or `unknown`; the destination index, 0 to 4
    value,
    targets_attempted, -- targets with at least one real attempt in the slice [count]
    targets_contacted, -- targets reached in the slice [count]
    attempts, -- real attempts [count]
    contacts, -- attempts that reached a person [count]
    per_attempt AS contact_rate_per_attempt, -- contacts / attempts [share]
    -- lower end of its 95 % interval, clustered by target [share]
    reports.wilson_low(per_attempt * effective_attempts, effective_attempts) AS contact_rate_per_attempt_low,
    -- upper end of its 95 % interval [share]
    reports.wilson_high(per_attempt * effective_attempts, effective_attempts) AS contact_rate_per_attempt_high,
    per_target AS contact_rate_per_target, -- targets_contacted / targets_attempted [share]
    -- lower end of its 95 % interval (Wilson) [share]
    reports.wilson_low(targets_contacted, targets_attempted) AS contact_rate_per_target_low,
    -- upper end of its 95 % interval [share]
    reports.wilson_high(targets_contacted, targets_attempted) AS contact_rate_per_target_high,
    -- attempts / targets_contacted [ratio]
    CAST(attempts AS DOUBLE) / nullif(targets_contacted, 0) AS attempts_per_contact,
    effective_attempts, -- independent attempts that would be as sure as these attempts
    targets_attempted < 5 AS is_thin -- true if fewer than 5 targets were attempted: too few to judge by
FROM rates
