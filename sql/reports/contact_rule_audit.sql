-- One row per source + campaign + rule that is enabled: how many attempts the rule judged, and how many broke it.
-- Attempts that the rule does not judge are counted, with the most frequent reason. If it is `purpose_undeclared`, a line
-- in the landing folder's purposes.csv declares the purpose: `line` is the line to write.
-- Nobody can tell of an unverifiable attempt. It is left out of the denominator of share_kept.
-- Key: source, campaign_key, rule
-- Metric: breaches = sum(breaches)
-- Metric: not_judged = sum(not_judged)
-- Example: Which campaigns broke which rules, and how often?
--   SELECT source, campaign_key, campaign_name, rule, breaches, judged, share_kept FROM reports.contact_rule_audit
--   WHERE breaches > 0 ORDER BY breaches DESC, source, campaign_key, rule
WITH contexts AS (
    SELECT source, campaign_key, context, count(*) AS attempts
    FROM compliance._approaches
    GROUP BY source, campaign_key, context
),

-- Of a rule with several versions, an attempt is judged by one of them.
asked AS (
    SELECT context, rule, bool_or(is_judged) AS is_judged, min(because) AS because
    FROM compliance._context_rules
    GROUP BY context, rule
),

reasons AS (
    SELECT
        contexts.source, contexts.campaign_key, asked.rule, asked.because, asked.is_judged,
        sum(contexts.attempts) AS attempts
    FROM contexts
    INNER JOIN asked ON asked.context = contexts.context
    GROUP BY contexts.source, contexts.campaign_key, asked.rule, asked.because, asked.is_judged
),

ranked AS (
    SELECT
        reasons.*,
        row_number() OVER (
            PARTITION BY source, campaign_key, rule ORDER BY is_judged ASC, attempts DESC, because ASC
        ) AS place
    FROM reasons
),

counted AS (
    SELECT
        source, campaign_key, rule,
        CAST(sum(attempts) AS BIGINT) AS attempts,
        CAST(sum(CASE WHEN is_judged THEN attempts ELSE 0 END) AS BIGINT) AS judged,
        max(CASE WHEN place = 1 AND NOT is_judged THEN because END) AS because
    FROM ranked
    GROUP BY source, campaign_key, rule
),

found AS (
    SELECT
        source, campaign_key, rule,
        count(CASE WHEN verdict = 'breach' THEN 1 END) AS breaches,
        count(CASE WHEN verdict = 'unverifiable' THEN 1 END) AS unverifiable,
        count(CASE WHEN verdict = 'tolerated' THEN 1 END) AS tolerated,
        count(DISTINCT CASE WHEN verdict = 'breach' THEN person_key END) AS people
    FROM compliance.breaches
    GROUP BY source, campaign_key, rule
),

titles AS (
    SELECT rule, max(title) AS title FROM core.contact_rules
GROUP BY rule
)

SELECT
    counted.source, -- the source, as in core.sources
    counted.campaign_key, -- the campaign, as in core.attempts
    coalesce(campaigns.campaign_name, counted.campaign_key) AS campaign_name, -- its name
    counted.rule, -- the rule, as in core.contact_rules
    titles.title, -- what the rule says, in words
    counted.attempts, -- real attempts that the organization made [count]
    counted.judged, -- attempts that the rule judges [count]
    counted.attempts - counted.judged AS not_judged, -- attempts that it does not judge [count]
    -- why not, if it does not judge all: the most frequent of purpose_undeclared, other_purpose, other_channel,
    -- other_jurisdiction, no_location, no_point and consent
    counted.because AS not_judged_because,
    coalesce(found.breaches, 0) AS breaches, -- judged attempts that broke the rule [count]
    coalesce(found.unverifiable, 0) AS unverifiable, -- judged attempts of which nobody can tell [count]
    coalesce(found.tolerated, 0) AS tolerated, -- judged attempts within the rule's grace [count]
    coalesce(found.people, 0) AS people, -- people on whom the rule was broken [count]
    -- judged attempts that kept the rule / judged attempts of which it can be told [share]
    CASE
        WHEN counted.judged - coalesce(found.unverifiable, 0) > 0
            THEN
                CAST(counted.judged - coalesce(found.unverifiable, 0) - coalesce(found.breaches, 0) AS DOUBLE)
                / (counted.judged - coalesce(found.unverifiable, 0))
    END AS share_kept,
    -- the line to write into purposes.csv, with the purpose and the consent to fill in; null if nothing is to declare
    CASE WHEN counted.because = 'purpose_undeclared' THEN counted.source || ',' || counted.campaign_key || ',,' END AS line
FROM counted
INNER JOIN titles ON titles.rule = counted.rule
LEFT JOIN (
    SELECT campaign_key, max(campaign_name) AS campaign_name FROM core.attempts
GROUP BY campaign_key
) AS campaigns ON campaigns.campaign_key = counted.campaign_key
LEFT JOIN found
    ON found.source = counted.source AND found.campaign_key = counted.campaign_key AND found.rule = counted.rule
