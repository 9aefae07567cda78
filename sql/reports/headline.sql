-- One row: the figures at the head of the page.
-- They say how many targets were attempted and reached over all campaigns, what became of the others, and from how many
-- rows this was calculated.
-- A target counts once per source, because nothing tells who in one source is who in another. Sources that cannot tell
-- whether anybody was reached are in no count of targets. Without any attempt, the counts are 0 and the rate is null.
-- Key: timezone
-- Metric: contact_rate_per_target = max(contact_rate_per_target)
-- Metric: targets_attempted = max(targets_attempted)
-- Example: How many targets were reached, of how many attempted?
--   SELECT targets_contacted, targets_attempted, contact_rate_per_target, contact_rate_per_target_low,
--   contact_rate_per_target_high FROM reports.headline
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
    clock.as_of, -- as-of: the moment that this row describes (UTC); null without any input
    clock.as_of_basis, -- where as-of comes from, as in core.as_of
    clock.timezone, -- the reporting time zone, as an IANA name: days, weekdays and hours are in this zone
    rates.campaigns_tried, -- campaigns with at least one real attempt [count]
    rates.campaigns_not_tried, -- campaigns without any real attempt yet [count]
    rates.campaigns_not_measured, -- campaigns whose source cannot tell whether anybody was reached [count]
    -- real attempts that belong to no campaign, of sources that can tell whether anybody was reached [count]
    rates.attempts_outside_campaigns,
    rates.targets_attempted, -- targets with at least one real attempt [count]
    rates.targets_contacted, -- of these targets, those that were reached at least once [count]
    -- of these targets, the others: targets_attempted - targets_contacted [count]
    rates.targets_attempted - rates.targets_contacted AS targets_not_contacted,
    rates.targets_open, -- of the targets not contacted, those that may still be tried [count]
    -- of the targets not contacted, those that will not be tried again: no tries are left, or the last attempt says bad
    -- contact info or do not contact [count]
    rates.targets_closed,
    -- of the targets not contacted, those whose last attempt has an unknown end, or none yet; each of them is open or
    -- closed as well [count]
    rates.targets_unknown,
    rates.rate AS contact_rate_per_target, -- targets_contacted / targets_attempted; null without any attempt [share]
    -- lower end of its 95 % interval (Wilson) [share]
    reports.wilson_low(rates.targets_contacted, rates.targets_attempted) AS contact_rate_per_target_low,
    -- upper end of its 95 % interval [share]
    reports.wilson_high(rates.targets_contacted, rates.targets_attempted) AS contact_rate_per_target_high,
    accounts.files, -- files of the landing folder from which rows were read [count]
    accounts.rows_read, -- rows in these files; rows_read = rows_accepted + rows_superseded + rows_rejected [count]
    accounts.rows_accepted, -- of these rows, those in the ledger [count]
    -- of these rows, those of which another version, or the same row again, is in the ledger [count]
    accounts.rows_superseded,
    accounts.rows_rejected -- of these rows, those that could not be taken; quality.rejected_rows says why [count]
FROM rates
CROSS JOIN accounts
CROSS JOIN core.as_of AS clock
