-- One row per target: which person it is, and how sure that is.
-- Targets are one person if they share a link (core._match_links): a line of the organization's crosswalk, an external
-- id, an e-mail address, or a number together with a first name; and so are those that are linked through others. A
-- number alone joins nobody, because people share numbers.
-- The crosswalk wins. Targets that it names as two persons are never one, whatever they share. What would join them is
-- left out, with all links of its level and of the levels below, and the targets that it would join are ambiguous.
-- Links are followed in rounds: each target takes the least target that it is linked with, and then the least that this
-- one is linked with. Six rounds follow a chain of some hundred targets; a check holds that no link leads on.
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

members AS (
    SELECT levels.level, links.target_key, links.link
    FROM core._match_links AS links
    INNER JOIN levels ON levels.level >= links.level
    WHERE links.link IS NOT NULL
),

start AS (
    SELECT DISTINCT level, target_key, target_key AS label FROM members
),

met_1 AS (
    SELECT level, target_key, min(least) AS label
    FROM (
        SELECT members.level, members.target_key, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN start AS known ON known.level = members.level AND known.target_key = members.target_key
    ) AS reached
    GROUP BY level, target_key
),

round_1 AS (
    SELECT met.level, met.target_key, least(met.label, further.label) AS label
    FROM met_1 AS met
    INNER JOIN met_1 AS further ON further.level = met.level AND further.target_key = met.label
),

met_2 AS (
    SELECT level, target_key, min(least) AS label
    FROM (
        SELECT members.level, members.target_key, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_1 AS known ON known.level = members.level AND known.target_key = members.target_key
    ) AS reached
    GROUP BY level, target_key
),

round_2 AS (
    SELECT met.level, met.target_key, least(met.label, further.label) AS label
    FROM met_2 AS met
    INNER JOIN met_2 AS further ON further.level = met.level AND further.target_key = met.label
),

met_3 AS (
    SELECT level, target_key, min(least) AS label
    FROM (
        SELECT members.level, members.target_key, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_2 AS known ON known.level = members.level AND known.target_key = members.target_key
    ) AS reached
    GROUP BY level, target_key
),

round_3 AS (
    SELECT met.level, met.target_key, least(met.label, further.label) AS label
    FROM met_3 AS met
    INNER JOIN met_3 AS further ON further.level = met.level AND further.target_key = met.label
),

met_4 AS (
    SELECT level, target_key, min(least) AS label
    FROM (
        SELECT members.level, members.target_key, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_3 AS known ON known.level = members.level AND known.target_key = members.target_key
    ) AS reached
    GROUP BY level, target_key
),

round_4 AS (
    SELECT met.level, met.target_key, least(met.label, further.label) AS label
    FROM met_4 AS met
    INNER JOIN met_4 AS further ON further.level = met.level AND further.target_key = met.label
),

met_5 AS (
    SELECT level, target_key, min(least) AS label
    FROM (
        SELECT members.level, members.target_key, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_4 AS known ON known.level = members.level AND known.target_key = members.target_key
    ) AS reached
    GROUP BY level, target_key
),

round_5 AS (
    SELECT met.level, met.target_key, least(met.label, further.label) AS label
    FROM met_5 AS met
    INNER JOIN met_5 AS further ON further.level = met.level AND further.target_key = met.label
),

met_6 AS (
    SELECT level, target_key, min(least) AS label
    FROM (
        SELECT members.level, members.target_key, min(known.label) OVER (PARTITION BY members.level, members.link) AS least
        FROM members
        INNER JOIN round_5 AS known ON known.level = members.level AND known.target_key = members.target_key
    ) AS reached
    GROUP BY level, target_key
),

round_6 AS (
    SELECT met.level, met.target_key, least(met.label, further.label) AS label
    FROM met_6 AS met
    INNER JOIN met_6 AS further ON further.level = met.level AND further.target_key = met.label
),

-- How many persons of the crosswalk each group of targets holds.
groups AS (
    SELECT
        labels.level, labels.label,
        count(DISTINCT links.link) AS persons,
        min(links.link) AS person
    FROM round_6 AS labels
    LEFT JOIN core._match_links AS links ON links.target_key = labels.target_key AND links.level = 0
    GROUP BY labels.level, labels.label
),

-- The widest group of each target in which the crosswalk knows one person at most.
chosen AS (
    SELECT
        labels.target_key,
        max(labels.level) AS level,
        max_by(labels.label, labels.level) AS label,
        max_by(groups.person, labels.level) AS person
    FROM round_6 AS labels
    INNER JOIN groups ON groups.level = labels.level AND groups.label = labels.label
    WHERE groups.persons <= 1
    GROUP BY labels.target_key
),

bases AS (
    SELECT
        links.target_key,
        -- A number with a name is surer than a number alone.
        min_by(links.basis, links.level + CASE links.basis WHEN 'phone' THEN 1 ELSE 0 END)
            FILTER (WHERE links.link IS NOT NULL AND links.level <= chosen.level) AS basis,
        min(links.level) FILTER (WHERE links.link IS NOT NULL AND links.level <= chosen.level) AS level,
        bool_or(links.link IS NULL OR links.level > coalesce(chosen.level, -1)) AS is_ambiguous
    FROM core._match_links AS links
    LEFT JOIN chosen ON chosen.target_key = links.target_key
    GROUP BY links.target_key
)

SELECT
    targets.target_key, -- the target, as in core.attempts
    -- the person: `person:<least of its target keys>`; of a person of the crosswalk, `person:house:<its name there>`
    'person:' || CASE
        WHEN bases.level IS NULL THEN targets.target_key ELSE coalesce(chosen.person, chosen.label)
    END AS person_key,
    -- the surest that joins it to others: crosswalk, external_id, email, phone_and_name, phone (a target without a name
    -- at a number with one name), or alone
    coalesce(bases.basis, 'alone') AS basis,
    -- sure (crosswalk, external id, e-mail), likely (number and name) or alone
    CASE WHEN bases.level <= 2 THEN 'sure' WHEN bases.level = 3 THEN 'likely' ELSE 'alone' END AS strength,
    -- true if it may be one of several people, and is none of them here
    coalesce(bases.is_ambiguous, FALSE) AS is_ambiguous,
    -- the least target of those that are surely the same person
    coalesce(sure.label, targets.target_key) AS sure_key
FROM core._known_targets AS targets
LEFT JOIN bases ON bases.target_key = targets.target_key
LEFT JOIN chosen ON chosen.target_key = targets.target_key
LEFT JOIN round_6 AS sure
    ON sure.target_key = targets.target_key AND sure.level = least(chosen.level, 2)
