-- One row per source + campaign + dimension + value: the sums over targets from which reports.contact_rates_by is
-- calculated.
-- n and x are the attempts and contacts of one target in the slice. The `campaign_key` `all` is the whole source. There
-- each target counts once, however many campaigns tried it.
-- Key: source, campaign_key, dimension, value
-- Sums: from core.attempts, core._targets
WITH timed AS NOT MATERIALIZED (
    -- Read again for each dimension. Kept in memory, it would take three times the space and no less time.
    SELECT
        attempts.source,
        attempts.campaign_key,
        attempts.target_key,
        attempts.is_contact,
        attempts.channel,
        attempts.direction,
        coalesce(attempts.agent_key, 'none') AS agent,
        CAST(attempts.destination_index AS VARCHAR) AS destination_index,
        CAST(CASE
            WHEN settings.timezone = 'UTC' THEN attempts.attempted_at
            ELSE (attempts.attempted_at AT TIME ZONE 'UTC') AT TIME ZONE settings.timezone
        END AS DATE) AS day
    FROM core.attempts AS attempts
    CROSS JOIN landing.settings AS settings
    WHERE attempts.is_attempt AND attempts.measures_contact
),

-- n attempts and x contacts of each target in each slice of each campaign, one dimension after the other. GROUPING SETS
-- would need one query for all of them, and would take twice the time.
clusters AS (
    SELECT source, campaign_key, 'total' AS dimension, 'all' AS value, attempts AS n, contacts AS x
    FROM core._targets
    WHERE campaign_key <> 'all' AND measures_contact AND attempts > 0
    UNION ALL
    SELECT
        source, campaign_key, 'channel', channel, count(*), count(CASE WHEN is_contact THEN 1 END)
    FROM timed
    GROUP BY source, campaign_key, target_key, channel
    UNION ALL
    SELECT
        source, campaign_key, 'direction', direction, count(*), count(CASE WHEN is_contact THEN 1 END)
    FROM timed
    GROUP BY source, campaign_key, target_key, direction
    UNION ALL
    SELECT
        source, campaign_key, 'agent', agent, count(*), count(CASE WHEN is_contact THEN 1 END)
    FROM timed
    GROUP BY source, campaign_key, target_key, agent
    UNION ALL
    SELECT
        source, campaign_key, 'day', coalesce(CAST(day AS VARCHAR), 'unknown'),
        count(*), count(CASE WHEN is_contact THEN 1 END)
    FROM timed
    GROUP BY source, campaign_key, target_key, day
    UNION ALL
    SELECT
        source, campaign_key, 'week', coalesce(CAST(CAST(date_trunc('week', day) AS DATE) AS VARCHAR), 'unknown'),
        count(*), count(CASE WHEN is_contact THEN 1 END)
    FROM timed
    GROUP BY source, campaign_key, target_key, date_trunc('week', day)
    UNION ALL
    SELECT
        source, campaign_key, 'destination_index', destination_index, count(*), count(CASE WHEN is_contact THEN 1 END)
    FROM timed
    WHERE destination_index IS NOT NULL
    GROUP BY source, campaign_key, target_key, destination_index
),

slices AS (
    SELECT
        source, campaign_key, dimension, value, count(*) AS targets_attempted,
        count(CASE WHEN x > 0 THEN 1 END) AS targets_contacted, sum(n) AS attempts, sum(x) AS contacts,
        sum(n * n) AS sum_nn, sum(n * x) AS sum_nx, sum(x * x) AS sum_xx, sum(n * n * n) AS sum_nnn
    FROM clusters
    GROUP BY source, campaign_key, dimension, value
),

-- The sums of the campaigns also hold over all campaigns, except for targets that several campaigns tried. For these,
-- what each campaign put in is taken out, and what they are as one target is put in.
shared AS (
    SELECT target_key
    FROM core._targets
    WHERE campaign_key <> 'all' AND attempts > 0
    GROUP BY target_key
    HAVING count(*) > 1
),

shared_attempts AS (
    SELECT
        timed.source,
        timed.campaign_key,
        timed.target_key,
        timed.is_contact,
        dimensions.dimension,
        CASE dimensions.dimension
            WHEN 'channel' THEN timed.channel
            WHEN 'direction' THEN timed.direction
            WHEN 'agent' THEN timed.agent
            WHEN 'day' THEN coalesce(CAST(timed.day AS VARCHAR), 'unknown')
            WHEN 'week' THEN coalesce(CAST(CAST(date_trunc('week', timed.day) AS DATE) AS VARCHAR), 'unknown')
            WHEN 'destination_index' THEN timed.destination_index
            ELSE 'all'
        END AS value
    FROM timed
    INNER JOIN shared ON shared.target_key = timed.target_key
    CROSS JOIN (
        VALUES ('total'), ('channel'), ('direction'), ('agent'), ('day'), ('week'), ('destination_index')
    ) AS dimensions (dimension)
),

apart AS (
    SELECT
        source, campaign_key, dimension, value, target_key,
        count(*) AS n, count(CASE WHEN is_contact THEN 1 END) AS x
    FROM shared_attempts
    WHERE value IS NOT NULL
    GROUP BY source, campaign_key, dimension, value, target_key
),

together AS (
    SELECT source, dimension, value, target_key, sum(n) AS n, sum(x) AS x
    FROM apart
    GROUP BY source, dimension, value, target_key
),

parts AS (
    SELECT
        source, campaign_key, dimension, value, targets_attempted, targets_contacted, attempts, contacts,
        sum_nn, sum_nx, sum_xx, sum_nnn
    FROM slices
    UNION ALL
    SELECT
        source, 'all', dimension, value, targets_attempted, targets_contacted, attempts, contacts,
        sum_nn, sum_nx, sum_xx, sum_nnn
    FROM slices
    UNION ALL
    SELECT
        source, 'all', dimension, value, -1, CASE WHEN x > 0 THEN -1 ELSE 0 END, -n, -x, -n * n, -n * x, -x * x,
        -n * n * n
    FROM apart
    UNION ALL
    SELECT
        source, 'all', dimension, value, 1, CASE WHEN x > 0 THEN 1 ELSE 0 END, n, x, n * n, n * x, x * x,
        n * n * n
    FROM together
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    dimension, -- total, channel, direction, agent, day, week or destination_index
    value, -- the slice, as in reports.contact_rates_by
    -- targets with at least one real attempt in the slice [count]
    CAST(sum(targets_attempted) AS BIGINT) AS targets_attempted,
    CAST(sum(targets_contacted) AS BIGINT) AS targets_contacted, -- targets reached in the slice [count]
    CAST(sum(attempts) AS BIGINT) AS attempts, -- real attempts [count]
    CAST(sum(contacts) AS BIGINT) AS contacts, -- attempts that reached a person [count]
    CAST(sum(sum_nn) AS BIGINT) AS sum_nn, -- sum of n * n over targets [count]
    CAST(sum(sum_nx) AS BIGINT) AS sum_nx, -- sum of n * x over targets [count]
    CAST(sum(sum_xx) AS BIGINT) AS sum_xx, -- sum of x * x over targets [count]
    CAST(sum(sum_nnn) AS BIGINT) AS sum_nnn -- sum of n * n * n over targets [count]
FROM parts
GROUP BY source, campaign_key, dimension, value
