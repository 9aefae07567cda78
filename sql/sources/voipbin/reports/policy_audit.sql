-- One row per VoIPBIN campaign + code of its violations, and one per campaign over all codes (`code` is `all`): how
-- well its calls kept to the policy.
-- Fitness = 1 - illegal calls / judged calls. A code of the retry policy (too soon, too often, out of order) judges a
-- call if an outplan was known to be in force at its dial, and if the log is complete enough to tell. Every other code
-- judges every call. Over all codes, a call counts as judged if no code had to leave it open, or if it has an illegal
-- violation.
-- A call with several violations counts once in `all`. A campaign without any violation also has its row `all`, and
-- its fitness is 1.
-- Key: campaign_id, code
-- Example: How well did each campaign keep to its retry policy?
--   SELECT campaign_id, campaign_name, fitness, illegal_calls, judged_calls, campaign_calls
--   FROM reports.policy_audit WHERE code = 'all' ORDER BY fitness NULLS LAST, campaign_id
WITH campaign_calls AS (
    SELECT
        campaign_id,
        count(*) AS calls,
        count(outplan_version) AS planned_calls
    FROM replay._calls
    GROUP BY campaign_id
),

-- The null campaign is a campaign like any other here. Joins compare campaigns as text, in which null has a value of
-- its own.
broken AS (
    SELECT
        calls.campaign_id,
        coalesce(CAST(calls.campaign_id AS VARCHAR), '') AS campaign,
        calls.outplan_version IS NOT NULL AS is_planned,
        violations.outdial_target_id,
        violations.campaigncall_id,
        violations.code,
        violations.verdict,
        violations.occurred_at
    FROM replay.violations AS violations
    INNER JOIN replay._calls AS calls ON violations.campaigncall_id = calls.campaigncall_id
),

broken_calls AS (
    SELECT
        campaign,
        campaigncall_id,
        outdial_target_id,
        is_planned,
        min(CASE verdict WHEN 'illegal' THEN 1 WHEN 'unverifiable' THEN 2 ELSE 3 END) AS gravest,
        min(occurred_at) AS first_at,
        max(occurred_at) AS last_at
    FROM broken
    GROUP BY campaign, campaigncall_id, outdial_target_id, is_planned
),

by_code AS (
    SELECT
        campaign,
        code,
        count(*) AS calls,
        count(DISTINCT outdial_target_id) AS targets,
        count(CASE WHEN verdict = 'illegal' THEN 1 END) AS illegal_calls,
        count(CASE WHEN verdict = 'tolerated' THEN 1 END) AS tolerated_calls,
        count(CASE WHEN verdict = 'unverifiable' THEN 1 END) AS unverifiable_calls,
        count(CASE WHEN verdict = 'unverifiable' AND is_planned THEN 1 END) AS planned_unverifiable_calls,
        CAST(0 AS BIGINT) AS unplanned_illegal_calls,
        min(occurred_at) AS first_at,
        max(occurred_at) AS last_at,
        CAST(min(campaigncall_id) AS VARCHAR) AS lowest,
        CAST(max(campaigncall_id) AS VARCHAR) AS highest
    FROM broken
    GROUP BY campaign, code
),

over_all AS (
    SELECT
        campaign,
        count(*) AS calls,
        count(DISTINCT outdial_target_id) AS targets,
        count(CASE WHEN gravest = 1 THEN 1 END) AS illegal_calls,
        count(CASE WHEN gravest = 3 THEN 1 END) AS tolerated_calls,
        count(CASE WHEN gravest = 2 THEN 1 END) AS unverifiable_calls,
        count(CASE WHEN gravest = 2 AND is_planned THEN 1 END) AS planned_unverifiable_calls,
        count(CASE WHEN gravest = 1 AND NOT is_planned THEN 1 END) AS unplanned_illegal_calls,
        min(first_at) AS first_at,
        max(last_at) AS last_at,
        CAST(min(campaigncall_id) AS VARCHAR) AS lowest,
        CAST(max(campaigncall_id) AS VARCHAR) AS highest
    FROM broken_calls
    GROUP BY campaign
),

rules AS (
    SELECT
        campaign_calls.campaign_id,
        campaign_calls.calls AS campaign_calls,
        by_code.*,
        CASE
            WHEN by_code.code IN ('retry_too_soon', 'try_limit_exceeded', 'destination_out_of_order')
                THEN campaign_calls.planned_calls - by_code.planned_unverifiable_calls
            ELSE campaign_calls.calls
        END AS judged_calls
    FROM campaign_calls
    INNER JOIN by_code ON coalesce(CAST(campaign_calls.campaign_id AS VARCHAR), '') = by_code.campaign
    UNION ALL
    SELECT
        campaign_calls.campaign_id,
        campaign_calls.calls AS campaign_calls,
        over_all.campaign,
        'all' AS code,
        coalesce(over_all.calls, 0) AS calls,
        coalesce(over_all.targets, 0) AS targets,
        coalesce(over_all.illegal_calls, 0) AS illegal_calls,
        coalesce(over_all.tolerated_calls, 0) AS tolerated_calls,
        coalesce(over_all.unverifiable_calls, 0) AS unverifiable_calls,
        over_all.planned_unverifiable_calls,
        over_all.unplanned_illegal_calls,
        over_all.first_at,
        over_all.last_at,
        over_all.lowest,
        over_all.highest,
        campaign_calls.planned_calls - coalesce(over_all.planned_unverifiable_calls, 0)
        + coalesce(over_all.unplanned_illegal_calls, 0) AS judged_calls
    FROM campaign_calls
    LEFT JOIN over_all ON coalesce(CAST(campaign_calls.campaign_id AS VARCHAR), '') = over_all.campaign
)

SELECT
    rules.campaign_id, -- the campaign that dialled; null for calls that name none [null]
    campaigns.campaign_name, -- the campaign's name in its source
    rules.code, -- the code, as in replay.violations, or `all`
    rules.calls, -- calls with this violation, of any verdict [count]
    rules.targets, -- targets that these calls dialled [count]
    CAST(rules.calls AS DOUBLE) / rules.campaign_calls AS share_of_calls, -- calls / all calls of the campaign [share]
    rules.illegal_calls, -- of these calls, those with the verdict illegal [count]
    rules.tolerated_calls, -- of these calls, those that only the clock tolerance excuses [count]
    -- of these calls, those that cannot be judged; in `all`, only those without an illegal violation [count]
    rules.unverifiable_calls,
    rules.judged_calls, -- calls of the campaign that the code could judge [count]
    -- 1 - illegal_calls / judged_calls; null if no call could be judged [share]
    1 - CAST(rules.illegal_calls AS DOUBLE) / nullif(rules.judged_calls, 0) AS fitness,
    rules.campaign_calls, -- all calls of the campaign [count]
    rules.first_at, -- time of the first of these violations (UTC)
    rules.last_at, -- time of the last of these violations (UTC)
    -- ids of up to two of these calls
    CASE WHEN rules.lowest = rules.highest THEN rules.lowest ELSE rules.lowest || ', ' || rules.highest END AS examples,
    clock.observed_until AS as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM rules
CROSS JOIN replay._clock AS clock
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = 'voipbin:' || CAST(rules.campaign_id AS VARCHAR)
