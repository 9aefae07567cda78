-- One row per source + campaign: how long it took to reach targets, from the first attempt on each.
-- The shares are the estimator of Aalen and Johansen over elapsed time. They are shares of all attempted targets, not
-- of those reached. While targets are open, they are no counts: they say what share would have been reached by then, if
-- the open targets had been followed like the others. reports.time_to_contact_curve has the whole curve.
-- reports.attempt_curve explains ends and intervals.
-- The time by which the curve reaches a quarter, half or three quarters has the interval of Brookmeyer and Crowley
-- (1982): every time at which the curve's own interval holds that share. Where few targets were followed for so
-- long, the upper end is often null: the log does not rule out any longer time.
-- Key: source, campaign_key
-- Example: How long does it take to reach half of the attempted targets?
--   SELECT source, campaign_key, campaign_name, targets, contacted, median_seconds / 3600 AS median_hours,
--   median_seconds_low / 3600 AS median_hours_low, median_seconds_high / 3600 AS median_hours_high, median_is_thin
--   FROM reports.time_to_contact
--   WHERE campaign_key <> 'all' AND targets >= 5 AND NOT coalesce(median_is_thin, FALSE)
--   ORDER BY median_hours NULLS LAST, campaign_key
WITH spans AS (
    SELECT
        source,
        campaign_key,
        max(started) AS targets,
        max(contacted) AS contacted,
        max(followed_us) AS followed_us
    FROM reports._time_to_contact_steps
    GROUP BY source, campaign_key
),

-- Each moment here is one at which a target was reached, or the first attempt itself. Until a target is reached, the share
-- is 0, and its upper end is above that.
quantiles AS (
    SELECT
        source,
        campaign_key,
        min(CASE WHEN cumulative_incidence >= 0.25 - 1e-9 THEN elapsed_us END) AS quarter_us,
        min(CASE WHEN share_at_most >= 0.25 THEN elapsed_us END) AS quarter_us_low,
        min(CASE WHEN share_at_least >= 0.25 THEN elapsed_us END) AS quarter_us_high,
        max(CASE WHEN cumulative_incidence >= 0.25 - 1e-9 THEN at_risk + overtaken END) AS quarter_at_risk,
        min(CASE WHEN cumulative_incidence >= 0.5 - 1e-9 THEN elapsed_us END) AS median_us,
        min(CASE WHEN share_at_most >= 0.5 THEN elapsed_us END) AS median_us_low,
        min(CASE WHEN share_at_least >= 0.5 THEN elapsed_us END) AS median_us_high,
        max(CASE WHEN cumulative_incidence >= 0.5 - 1e-9 THEN at_risk + overtaken END) AS median_at_risk,
        min(CASE WHEN cumulative_incidence >= 0.75 - 1e-9 THEN elapsed_us END) AS three_quarters_us,
        min(CASE WHEN share_at_most >= 0.75 THEN elapsed_us END) AS three_quarters_us_low,
        min(CASE WHEN share_at_least >= 0.75 THEN elapsed_us END) AS three_quarters_us_high,
        max(CASE WHEN cumulative_incidence >= 0.75 - 1e-9 THEN at_risk + overtaken END) AS three_quarters_at_risk
    FROM reports._time_to_contact_steps
    WHERE contacts > 0 OR elapsed_us = 0
    GROUP BY source, campaign_key
),

points AS (
    SELECT
        source,
        campaign_key,
        max(CASE WHEN elapsed_seconds = 3600 THEN cumulative_incidence END) AS within_1h,
        max(CASE WHEN elapsed_seconds = 3600 THEN cumulative_incidence_low END) AS within_1h_low,
        max(CASE WHEN elapsed_seconds = 3600 THEN cumulative_incidence_high END) AS within_1h_high,
        max(CASE WHEN elapsed_seconds = 86400 THEN cumulative_incidence END) AS within_1d,
        max(CASE WHEN elapsed_seconds = 86400 THEN cumulative_incidence_low END) AS within_1d_low,
        max(CASE WHEN elapsed_seconds = 86400 THEN cumulative_incidence_high END) AS within_1d_high,
        max(CASE WHEN elapsed_seconds = 604800 THEN cumulative_incidence END) AS within_7d,
        max(CASE WHEN elapsed_seconds = 604800 THEN cumulative_incidence_low END) AS within_7d_low,
        max(CASE WHEN elapsed_seconds = 604800 THEN cumulative_incidence_high END) AS within_7d_high,
        max(CASE WHEN elapsed_seconds IN (3600, 86400, 604800) AND is_thin THEN 1 ELSE 0 END) = 1 AS is_thin
    FROM reports.time_to_contact_curve
    GROUP BY source, campaign_key
)

SELECT
    spans.source, -- the source, as in core.sources
    spans.campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    campaigns.campaign_name, -- the campaign's name in its source; null for `all`
    spans.targets, -- attempted targets [count]
    spans.contacted, -- of these targets, those reached at any time [count]
    -- the longest time for which any target was followed [seconds]
    greatest(spans.followed_us, 0) / 1e6 AS followed_seconds,
    -- time by which the curve has reached a quarter of the attempted targets; null if it never does [seconds] [null]
    quantiles.quarter_us / 1e6 AS quarter_seconds,
    -- lower end of its 95 % interval; null if the curve's upper end never gets there [seconds] [null]
    quantiles.quarter_us_low / 1e6 AS quarter_seconds_low,
    -- upper end of its 95 % interval; null if the curve's lower end never gets there: it may take any time [seconds] [null]
    quantiles.quarter_us_high / 1e6 AS quarter_seconds_high,
    -- true if fewer than 5 targets were at risk then; null if the curve never gets there [null]
    quantiles.quarter_at_risk < 5 AS quarter_is_thin,
    -- time by which the curve has reached half of the attempted targets; null if it never does [seconds] [null]
    quantiles.median_us / 1e6 AS median_seconds,
    -- lower end of its 95 % interval; null if the curve's upper end never gets there [seconds] [null]
    quantiles.median_us_low / 1e6 AS median_seconds_low,
    -- upper end of its 95 % interval; null if the curve's lower end never gets there: it may take any time [seconds] [null]
    quantiles.median_us_high / 1e6 AS median_seconds_high,
    -- true if fewer than 5 targets were at risk then; null if the curve never gets there [null]
    quantiles.median_at_risk < 5 AS median_is_thin,
    -- time by which the curve has reached three quarters of the attempted targets; null if it never does [seconds] [null]
    quantiles.three_quarters_us / 1e6 AS three_quarters_seconds,
    -- lower end of its 95 % interval; null if the curve's upper end never gets there [seconds] [null]
    quantiles.three_quarters_us_low / 1e6 AS three_quarters_seconds_low,
    -- upper end of its 95 % interval; null if the curve's lower end never gets there: it may take any time [seconds] [null]
    quantiles.three_quarters_us_high / 1e6 AS three_quarters_seconds_high,
    -- true if fewer than 5 targets were at risk then; null if the curve never gets there [null]
    quantiles.three_quarters_at_risk < 5 AS three_quarters_is_thin,
    -- the curve's share reached within one hour; null if no target was followed for so long, unless every target was
    -- reached or had ended by then [share]
    points.within_1h,
    points.within_1h_low, -- lower end of its 95 % interval [share]
    points.within_1h_high, -- upper end of its 95 % interval [share]
    -- the curve's share reached within one day; null in the same cases [share]
    points.within_1d,
    points.within_1d_low, -- lower end of its 95 % interval [share]
    points.within_1d_high, -- upper end of its 95 % interval [share]
    -- the curve's share reached within seven days; null in the same cases [share]
    points.within_7d,
    points.within_7d_low, -- lower end of its 95 % interval [share]
    points.within_7d_high, -- upper end of its 95 % interval [share]
    points.is_thin -- true if any of these shares rests on fewer than 5 targets, attempted or effective
FROM spans
LEFT JOIN quantiles ON quantiles.source = spans.source AND quantiles.campaign_key = spans.campaign_key
INNER JOIN points ON points.source = spans.source AND points.campaign_key = spans.campaign_key
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = spans.source AND campaigns.campaign_key = spans.campaign_key
