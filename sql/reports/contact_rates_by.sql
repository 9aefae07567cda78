-- One row per source + campaign + dimension + value: contact rates of a slice of the attempts. `campaign_key` all is
-- the whole source, in which each target counts once, in however many campaigns it was tried; dimension `total` is all
-- attempts in one row.
-- Within a slice a target is attempted when an attempt on it falls into the slice, and contacted when one of those
-- reached it: the targets of several slices do not sum to the total. Intervals as in reports.campaign_contact_rates:
-- Wilson per target, clustered by target per attempt. Sources are not summed: nothing tells who in one system is whom
-- in another.
-- Key: source, campaign_key, dimension, value
-- Example: Does the second phone number yield anything?
--   SELECT campaign_key, value, contacts, attempts FROM reports.contact_rates_by
--   WHERE dimension = 'destination_index'
WITH rates AS (
    SELECT
        counts.*,
        CAST(contacts AS DOUBLE) / attempts AS per_attempt,
        CAST(targets_contacted AS DOUBLE) / targets_attempted AS per_target,
        reports.effective_attempts(targets_attempted, attempts, contacts, sum_nn, sum_nx, sum_xx) AS effective_attempts
    FROM reports._contact_rate_counts AS counts
)

SELECT
    source, -- the system
    campaign_key, -- `<source>:<native id>`, or `all`
    dimension, -- total, channel, direction, agent, day, week or destination_index
    -- the slice: all; phone, door, …; the agent's key or `none`; the day, or the week's Monday, as YYYY-MM-DD in the
    -- reporting time zone; 0 to 4
    value,
    targets_attempted, -- targets with at least one real attempt in the slice [count]
    targets_contacted, -- targets reached in the slice [count]
    attempts, -- real attempts [count]
    contacts, -- attempts that reached a person [count]
    per_attempt AS contact_rate_per_attempt, -- contacts / attempts [share]
    -- lower end of its 95 % interval, clustered by target [share]
    reports.wilson_low(per_attempt * effective_attempts, effective_attempts) AS contact_rate_per_attempt_low,
    -- upper end [share]
    reports.wilson_high(per_attempt * effective_attempts, effective_attempts) AS contact_rate_per_attempt_high,
    per_target AS contact_rate_per_target, -- targets_contacted / targets_attempted [share]
    -- lower end of its 95 % interval (Wilson) [share]
    reports.wilson_low(targets_contacted, targets_attempted) AS contact_rate_per_target_low,
    -- upper end [share]
    reports.wilson_high(targets_contacted, targets_attempted) AS contact_rate_per_target_high,
    -- attempts / targets_contacted [ratio]
    CAST(attempts AS DOUBLE) / nullif(targets_contacted, 0) AS attempts_per_contact,
    effective_attempts, -- independent attempts that would be as sure as these
    targets_attempted < 5 AS is_thin -- whether fewer than 5 targets were attempted: too few to judge by
FROM rates
