-- One row per contact rule, over all systems and campaigns: how many attempts it judged, how many broke it, and what the
-- rule rests on. Rules that are off stand here too; they judge nothing.
-- Of a rule with several versions, the words and the citation are those of the latest.
-- Key: rule
-- Example: Which rules were broken, and when was each checked against its source?
--   SELECT rule, title, breaches, judged, citation, checked_on, checked_how FROM reports.contact_rule_counts
--   WHERE breaches > 0 ORDER BY breaches DESC, rule
WITH versions AS (
    SELECT
        rules.*,
        bool_or(enabled) OVER (PARTITION BY rule) AS is_on,
        row_number() OVER (PARTITION BY rule ORDER BY in_force_from DESC NULLS LAST) AS place
    FROM core.contact_rules AS rules
),

counted AS (
    SELECT
        rule,
        CAST(sum(attempts) AS BIGINT) AS attempts,
        CAST(sum(judged) AS BIGINT) AS judged,
        CAST(sum(not_judged) AS BIGINT) AS not_judged,
        CAST(sum(breaches) AS BIGINT) AS breaches,
        CAST(sum(unverifiable) AS BIGINT) AS unverifiable,
        CAST(sum(tolerated) AS BIGINT) AS tolerated
    FROM reports.contact_rule_audit
    GROUP BY rule
),

-- A person on whom two campaigns broke a rule counts once.
people AS (
    SELECT rule, count(DISTINCT person_key) AS people
    FROM compliance.breaches
    WHERE verdict = 'breach'
    GROUP BY rule
),

outcomes AS (
    SELECT
        versions.*,
        coalesce(counted.attempts, 0) AS attempts,
        coalesce(counted.judged, 0) AS judged,
        coalesce(counted.not_judged, 0) AS not_judged,
        coalesce(counted.breaches, 0) AS breaches,
        coalesce(counted.unverifiable, 0) AS unverifiable,
        coalesce(counted.tolerated, 0) AS tolerated,
        coalesce(people.people, 0) AS people
    FROM versions
    LEFT JOIN counted ON counted.rule = versions.rule
    LEFT JOIN people ON people.rule = versions.rule
    WHERE versions.place = 1
)

SELECT
    rule, -- the rule, as in core.contact_rules
    title, -- what the rule says, in words
    effect, -- forbidden; presumed: taken for forbidden unless facts show otherwise; house: the organization's own rule
    jurisdiction, -- where it holds, as in core.contact_rules
    is_on, -- true if attempts are judged by it
    attempts, -- real attempts that the organization made; 0 if the rule is off [count]
    judged, -- attempts that the rule judged [count]
    not_judged, -- attempts that it did not judge; reports.contact_rule_audit says why [count]
    judged - breaches - unverifiable - tolerated AS kept, -- judged attempts that kept it [count]
    breaches, -- judged attempts that broke it [count]
    unverifiable, -- judged attempts of which nobody can tell [count]
    tolerated, -- judged attempts within its grace [count]
    people, -- people on whom it was broken, each counted once [count]
    -- judged attempts that kept the rule, or fell into its grace / judged attempts of which it can be told [share]
    CASE
        WHEN judged - unverifiable > 0
            THEN CAST(judged - unverifiable - breaches AS DOUBLE) / (judged - unverifiable)
    END AS share_kept,
    citation, -- the law or regulation; null for the organization's own rules
    url, -- where it stands
    checked_on, -- when the line was checked against it
    checked_how, -- official: at the official place; quote: as others quote it; secondary: as others describe it
    note, -- what the line leaves out
    origin -- default (a line of the project) or landing folder
FROM outcomes
