-- One row per target: which person it is, and how sure that is.
-- Targets are one person if they share a link (core._match_links): a line of the organization's crosswalk, an external
-- id, an e-mail address, or a number together with a first name; and so are those that are linked through others. A
-- number alone joins nobody, because people share numbers.
-- The crosswalk wins. Targets that it names as two persons are never one, whatever they share. What would join them is
-- left out, with all links of its level and of the levels below, and the targets that it would join are ambiguous.
-- Links are followed in rounds: each target takes the least target that it is linked with, and then the least that this
-- one is linked with. The rounds are written out, because not every engine knows a recursion that leaves out what it has
-- met. Six rounds follow a chain of some hundred targets; a check holds that no link leads on.
-- Key: target_key
-- Incremental: hash(target_key)
-- Metric: people = count(DISTINCT person_key)
-- Metric: matched_share = avg(CASE WHEN strength = 'alone' THEN 0.0 ELSE 1.0 END)
-- Example: Which people are in three systems or more?
--   SELECT person_key, count(DISTINCT split_part(target_key, ':', 1)) AS systems FROM core.person_targets
--   GROUP BY person_key HAVING count(DISTINCT split_part(target_key, ':', 1)) >= 3 ORDER BY systems DESC, person_key
WITH levels AS (
    SELECT unnest(generate_series(0, 3)) AS level
),

-- Numbers in the order of the keys: they are compared faster than text.
numbered AS (
    SELECT target_key, row_number() OVER (ORDER BY target_key ASC) AS number
    FROM (SELECT DISTINCT target_key FROM core._match_links
WHERE link IS NOT NULL) AS linked
),

linked AS (
    SELECT links.level, numbered.number, dense_rank() OVER (ORDER BY links.link ASC) AS link
    FROM core._match_links AS links
    INNER JOIN numbered ON numbered.target_key = links.target_key
    WHERE links.link IS NOT NULL
),

members AS (
    SELECT levels.level, linked.number, linked.link
    FROM linked
    INNER JOIN levels ON levels.level >= linked.level
),

start AS (
    SELECT DISTINCT level, number, number AS label FROM members
),

met_1 AS (
    SELECT level, number, min(least) AS label
    FROM (
        SELECT members.level, members.number, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN start AS known ON known.level = members.level AND known.number = members.number
    ) AS reached
    GROUP BY level, number
),

round_1 AS (
    SELECT met.level, met.number, least(met.label, further.label) AS label
    FROM met_1 AS met
    INNER JOIN met_1 AS further ON further.level = met.level AND further.number = met.label
),

met_2 AS (
    SELECT level, number, min(least) AS label
    FROM (
        SELECT members.level, members.number, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_1 AS known ON known.level = members.level AND known.number = members.number
    ) AS reached
    GROUP BY level, number
),

round_2 AS (
    SELECT met.level, met.number, least(met.label, further.label) AS label
    FROM met_2 AS met
    INNER JOIN met_2 AS further ON further.level = met.level AND further.number = met.label
),

met_3 AS (
    SELECT level, number, min(least) AS label
    FROM (
        SELECT members.level, members.number, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_2 AS known ON known.level = members.level AND known.number = members.number
    ) AS reached
    GROUP BY level, number
),

round_3 AS (
    SELECT met.level, met.number, least(met.label, further.label) AS label
    FROM met_3 AS met
    INNER JOIN met_3 AS further ON further.level = met.level AND further.number = met.label
),

met_4 AS (
    SELECT level, number, min(least) AS label
    FROM (
        SELECT members.level, members.number, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_3 AS known ON known.level = members.level AND known.number = members.number
    ) AS reached
    GROUP BY level, number
),

round_4 AS (
    SELECT met.level, met.number, least(met.label, further.label) AS label
    FROM met_4 AS met
    INNER JOIN met_4 AS further ON further.level = met.level AND further.number = met.label
),

met_5 AS (
    SELECT level, number, min(least) AS label
    FROM (
        SELECT members.level, members.number, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_4 AS known ON known.level = members.level AND known.number = members.number
    ) AS reached
    GROUP BY level, number
),

round_5 AS (
    SELECT met.level, met.number, least(met.label, further.label) AS label
    FROM met_5 AS met
    INNER JOIN met_5 AS further ON further.level = met.level AND further.number = met.label
),

met_6 AS (
    SELECT level, number, min(least) AS label
    FROM (
        SELECT members.level, members.number, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_5 AS known ON known.level = members.level AND known.number = members.number
    ) AS reached
    GROUP BY level, number
),

round_6 AS (
    SELECT met.level, met.number, least(met.label, further.label) AS label
    FROM met_6 AS met
    INNER JOIN met_6 AS further ON further.level = met.level AND further.number = met.label
),

-- How many persons of the crosswalk each group of targets holds.
groups AS (
    SELECT
        labels.level, labels.label,
        count(DISTINCT links.link) AS persons,
        min(links.link) AS person
    FROM round_6 AS labels
    INNER JOIN numbered ON numbered.number = labels.number
    LEFT JOIN core._match_links AS links ON links.target_key = numbered.target_key AND links.level = 0
    GROUP BY labels.level, labels.label
),

-- The widest group of each target in which the crosswalk knows one person at most.
chosen AS (
    SELECT
        labels.number,
        max(labels.level) AS level,
        max_by(labels.label, labels.level) AS label,
        max_by(groups.person, labels.level) AS person
    FROM round_6 AS labels
    INNER JOIN groups ON groups.level = labels.level AND groups.label = labels.label
    WHERE groups.persons <= 1
    GROUP BY labels.number
),

grouped AS (
    SELECT numbered.target_key, chosen.level, chosen.person, least_of.target_key AS label, sure_of.target_key AS sure_key
    FROM chosen
    INNER JOIN numbered ON numbered.number = chosen.number
    INNER JOIN numbered AS least_of ON least_of.number = chosen.label
    LEFT JOIN round_6 AS sure ON sure.number = chosen.number AND sure.level = least(chosen.level, 2)
    LEFT JOIN numbered AS sure_of ON sure_of.number = sure.label
),

bases AS (
    SELECT
        links.target_key,
        -- A number with a name is surer than a number alone.
        min_by(links.basis, links.level + CASE links.basis WHEN 'phone' THEN 1 ELSE 0 END)
            FILTER (WHERE links.link IS NOT NULL AND links.level <= grouped.level) AS basis,
        min(links.level) FILTER (WHERE links.link IS NOT NULL AND links.level <= grouped.level) AS level,
        bool_or(links.link IS NULL OR links.level > coalesce(grouped.level, -1)) AS is_ambiguous
    FROM core._match_links AS links
    LEFT JOIN grouped ON grouped.target_key = links.target_key
    GROUP BY links.target_key
)

SELECT
    targets.target_key, -- the target, as in core.attempts
    -- the person: `person:<least of its target keys>`; of a person of the crosswalk, `person:house:<its name there>`
    'person:' || CASE
        WHEN bases.level IS NULL THEN targets.target_key ELSE coalesce(grouped.person, grouped.label)
    END AS person_key,
    -- the surest that joins it to others: crosswalk, external_id, email, phone_and_name, phone (a target without a name
    -- at a number with one name), or alone
    coalesce(bases.basis, 'alone') AS basis,
    -- sure (crosswalk, external id, e-mail), likely (number and name) or alone
    CASE WHEN bases.level <= 2 THEN 'sure' WHEN bases.level = 3 THEN 'likely' ELSE 'alone' END AS strength,
    -- true if it may be one of several people, and is none of them here
    coalesce(bases.is_ambiguous, FALSE) AS is_ambiguous,
    -- the least target of those that are surely the same person
    coalesce(grouped.sure_key, targets.target_key) AS sure_key
FROM core._known_targets AS targets
LEFT JOIN bases ON bases.target_key = targets.target_key
LEFT JOIN grouped ON grouped.target_key = targets.target_key
