-- One row per clock + source + campaign + kind of attempts + weekday + hour with at least one attempt: the sums over
-- targets from which reports.best_time is calculated.
-- n and x are the attempts and contacts of one target in the cell.
-- By the called party's clock, an attempt counts if the zones of its point are known and all show the same hour.
-- Key: source, campaign_key, clock, attempts_kind, weekday, hour
-- Sums: from core.attempts, core.contact_points
WITH placed AS (
    SELECT
        attempts.source, attempts.campaign_key, attempts.target_key, attempts.attempt_number, attempts.is_contact, points.zones,
        CAST(epoch_us(attempts.attempted_at) // 900000000 AS BIGINT) AS quarter_hour
    FROM core.attempts AS attempts
    INNER JOIN core.contact_points AS points
        ON points.target_key = attempts.target_key AND points.point_key = attempts.point_key
    WHERE attempts.is_attempt AND attempts.measures_contact AND attempts.attempted_at IS NOT NULL AND points.zones IS NOT NULL
),

-- No zone changes its hour within a quarter of an hour. So few clocks are read, however many attempts there are.
read_clocks AS (
    SELECT
        zones, quarter_hour,
        date_trunc('hour', make_timestamp(quarter_hour * 900000000) AT TIME ZONE 'UTC' AT TIME ZONE zone) AS local_hour
    FROM (
        SELECT zones, quarter_hour, unnest(zones) AS zone
        FROM (SELECT DISTINCT zones, quarter_hour FROM placed) AS met
    ) AS each_zone
),

called_clocks AS (
    SELECT zones, quarter_hour, min(local_hour) AS local_hour
    FROM read_clocks
    GROUP BY zones, quarter_hour
    HAVING min(local_hour) = max(local_hour)
),

timed AS (
    SELECT
        'reporting' AS clock,
        attempts.source,
        attempts.campaign_key,
        attempts.target_key,
        attempts.attempt_number,
        attempts.is_contact,
        CASE
            WHEN settings.timezone = 'UTC' THEN attempts.attempted_at
            ELSE (attempts.attempted_at AT TIME ZONE 'UTC') AT TIME ZONE settings.timezone
        END AS local_at
    FROM core.attempts AS attempts
    CROSS JOIN landing.settings AS settings
    WHERE attempts.is_attempt AND attempts.measures_contact AND attempts.attempted_at IS NOT NULL
    UNION ALL
    SELECT
        'called', placed.source, placed.campaign_key, placed.target_key, placed.attempt_number, placed.is_contact,
        clocks.local_hour
    FROM placed
    INNER JOIN called_clocks AS clocks ON clocks.zones = placed.zones AND clocks.quarter_hour = placed.quarter_hour
),

clusters AS (
    SELECT
        clock,
        source,
        campaign_key,
        target_key,
        isodow(local_at) AS weekday,
        hour(local_at) AS hour,
        count(*) AS attempts,
        count(CASE WHEN is_contact THEN 1 END) AS contacts,
        count(CASE WHEN attempt_number = 1 THEN 1 END) AS first_attempts,
        count(CASE WHEN attempt_number = 1 AND is_contact THEN 1 END) AS first_contacts
    FROM timed
    GROUP BY clock, source, campaign_key, target_key, isodow(local_at), hour(local_at)
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`
    clock, -- called (the clock of whoever was called) or reporting (the clock of the reporting time zone)
    'all' AS attempts_kind, -- first (each target's first attempt in the campaign) or all
    weekday, -- 1 Monday to 7 Sunday, by that clock
    hour, -- 0 to 23, by that clock
    count(*) AS targets, -- targets that were tried in the cell [count]
    CAST(sum(attempts) AS BIGINT) AS attempts, -- attempts in the cell [count]
    CAST(sum(contacts) AS BIGINT) AS contacts, -- attempts that reached a person [count]
    CAST(sum(attempts * attempts) AS BIGINT) AS sum_nn, -- sum of n * n over targets [count]
    CAST(sum(attempts * contacts) AS BIGINT) AS sum_nx, -- sum of n * x over targets [count]
    CAST(sum(contacts * contacts) AS BIGINT) AS sum_xx, -- sum of x * x over targets [count]
    CAST(sum(attempts * attempts * attempts) AS BIGINT) AS sum_nnn -- sum of n * n * n over targets [count]
FROM clusters
GROUP BY source, campaign_key, clock, weekday, hour
UNION ALL
SELECT
    source,
    campaign_key,
    clock,
    'first',
    weekday,
    hour,
    CAST(sum(first_attempts) AS BIGINT),
    CAST(sum(first_attempts) AS BIGINT),
    CAST(sum(first_contacts) AS BIGINT),
    CAST(sum(first_attempts) AS BIGINT),
    CAST(sum(first_contacts) AS BIGINT),
    CAST(sum(first_contacts) AS BIGINT),
    CAST(sum(first_attempts) AS BIGINT)
FROM clusters
WHERE first_attempts > 0
GROUP BY source, campaign_key, clock, weekday, hour
