-- One row: what the head of the report page says. How many targets were attempted and reached over all campaigns, what
-- became of the others, and how many rows that was read from.
-- A target counts once per source; nothing tells who in one source is whom in another. Sources that cannot tell whether
-- anybody was reached are in no count of targets. Without any attempt the counts are 0 and the rate is null.
-- Key: timezone
-- Metric: contact_rate_per_target = max(contact_rate_per_target)
-- Metric: targets_attempted = max(targets_attempted)
-- Example: How many people were reached, of how many tried?
--   SELECT targets_contacted, targets_attempted, contact_rate_per_target FROM reports.headline
WITH totals AS (
    SELECT
        CAST(coalesce(sum(campaigns_tried), 0) AS BIGINT) AS campaigns_tried,
        CAST(coalesce(sum(campaigns_not_tried), 0) AS BIGINT) AS campaigns_not_tried,
        CAST(coalesce(sum(campaigns_not_measured), 0) AS BIGINT) AS campaigns_not_measured,
        CAST(coalesce(sum(attempts_outside_campaigns), 0) AS BIGINT) AS attempts_outside_campaigns,
        CAST(coalesce(sum(targets_attempted), 0) AS BIGINT) AS targets_attempted,
        CAST(coalesce(sum(targets_contacted), 0) AS BIGINT) AS targets_contacted,
        CAST(coalesce(sum(targets_open), 0) AS BIGINT) AS targets_open,
        CAST(coalesce(sum(targets_closed), 0) AS BIGINT) AS targets_closed,
        CAST(coalesce(sum(targets_unknown), 0) AS BIGINT) AS targets_unknown
    FROM reports.headline_sources
),

rates AS (
    SELECT
        totals.*,
        CAST(targets_contacted AS DOUBLE) / nullif(targets_attempted, 0) AS rate
    FROM totals
),

accounts AS (
    SELECT
        count(*) AS files,
        CAST(coalesce(sum(rows_read), 0) AS BIGINT) AS rows_read,
        CAST(coalesce(sum(rows_accepted), 0) AS BIGINT) AS rows_accepted,
        CAST(coalesce(sum(rows_superseded), 0) AS BIGINT) AS rows_superseded,
        CAST(coalesce(sum(rows_rejected), 0) AS BIGINT) AS rows_rejected
    FROM quality.row_accounting
)

SELECT
    clock.as_of, -- the moment all this speaks of (UTC); null without any input
    clock.as_of_basis, -- the setting, or the raw table and column, that the moment came from
    clock.timezone, -- IANA zone in which days, weekdays and hours are reported
    rates.campaigns_tried, -- campaigns with at least one real attempt [count]
    rates.campaigns_not_tried, -- campaigns that have no real attempt yet [count]
    rates.campaigns_not_measured, -- campaigns of which their source cannot tell whether anybody was reached [count]
    rates.attempts_outside_campaigns, -- real attempts that belong to no campaign [count]
    rates.targets_attempted, -- targets with at least one real attempt [count]
    rates.targets_contacted, -- of them, reached at least once [count]
    -- the others: targets_attempted - targets_contacted [count]
    rates.targets_attempted - rates.targets_contacted AS targets_not_contacted,
    rates.targets_open, -- of the others, those that may still be tried [count]
    -- of the others, those that will not be tried again: no tries left, or the last attempt says bad contact
    -- information or do not contact [count]
    rates.targets_closed,
    -- of the others, those whose last attempt has an unknown end, or none yet; each is open or closed as well [count]
    rates.targets_unknown,
    -- targets_contacted / targets_attempted; null without any attempt [share]
    rates.rate AS contact_rate_per_target,
    -- lower end of its 95 % interval (Wilson) [share]
    reports.wilson_low(rates.targets_contacted, rates.targets_attempted) AS contact_rate_per_target_low,
    -- upper end [share]
    reports.wilson_high(rates.targets_contacted, rates.targets_attempted) AS contact_rate_per_target_high,
    accounts.files, -- files of the landing folder that rows were read from [count]
    accounts.rows_read, -- rows in them; read = accepted + superseded + rejected [count]
    accounts.rows_accepted, -- of these, rows that are in the ledger [count]
    accounts.rows_superseded, -- of these, rows of which another version, or the same again, is in the ledger [count]
    accounts.rows_rejected -- of these, rows that could not be taken; quality.rejected_rows tells why [count]
FROM rates
CROSS JOIN accounts
CROSS JOIN core.as_of AS clock
