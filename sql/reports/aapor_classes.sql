-- One row per source + campaign: how many targets end in each of AAPOR's final classes, and e, the share of targets of
-- unknown eligibility that counts as eligible.
-- Every target of the campaign has one class: the class of its most telling attempt (I, then P, R, O), else the class
-- of its last attempt. A target that was never tried is UH, also if it was only skipped or called at no address. (Such
-- a target counts in reports.campaign_contact_rates only where a list says that it was meant.)
-- Which disposition gives which class is data: core.dispositions, column `aapor_class`. By default contacted gives I;
-- voicemail and no_contact give NC; do_not_contact gives R; bad_contact_info gives NE; in_progress and targets that
-- were never tried give UH; unknown gives UO. A line of a source may say otherwise: R for a refusal, O for a wrong
-- person.
-- e = K / (K + NE): the eligible share of the targets whose eligibility is known (American Association for Public
-- Opinion Research, Standard Definitions, 10th edition, 2023).
-- Key: source, campaign_key
-- Example: How many targets are in each AAPOR class?
--   SELECT source, campaign_key, campaign_name, i, p, r, nc, o, uh, ur, uo, ne FROM reports.aapor_classes
--   WHERE campaign_key <> 'all' ORDER BY campaign_key
WITH counts AS (
    SELECT
        source,
        campaign_key,
        CAST(sum(targets) AS BIGINT) AS targets,
        CAST(sum(CASE WHEN aapor_class = 'I' THEN targets ELSE 0 END) AS BIGINT) AS i,
        CAST(sum(CASE WHEN aapor_class = 'P' THEN targets ELSE 0 END) AS BIGINT) AS p,
        CAST(sum(CASE WHEN aapor_class = 'R' THEN targets ELSE 0 END) AS BIGINT) AS r,
        CAST(sum(CASE WHEN aapor_class = 'NC' THEN targets ELSE 0 END) AS BIGINT) AS nc,
        CAST(sum(CASE WHEN aapor_class = 'O' THEN targets ELSE 0 END) AS BIGINT) AS o,
        CAST(sum(CASE WHEN aapor_class = 'UH' THEN targets ELSE 0 END) AS BIGINT) AS uh,
        CAST(sum(CASE WHEN aapor_class = 'UR' THEN targets ELSE 0 END) AS BIGINT) AS ur,
        CAST(sum(CASE WHEN coalesce(aapor_class, 'UO') = 'UO' THEN targets ELSE 0 END) AS BIGINT) AS uo,
        CAST(sum(CASE WHEN aapor_class = 'NE' THEN targets ELSE 0 END) AS BIGINT) AS ne
    FROM reports._history_counts
    GROUP BY source, campaign_key
),

mapping AS (
    SELECT
        max(CASE WHEN value = 'contacted' THEN aapor_class END) AS contacted,
        max(CASE WHEN value = 'no_contact' THEN aapor_class END) AS no_contact,
        max(CASE WHEN value = 'voicemail' THEN aapor_class END) AS voicemail,
        max(CASE WHEN value = 'bad_contact_info' THEN aapor_class END) AS bad_contact_info,
        max(CASE WHEN value = 'do_not_contact' THEN aapor_class END) AS do_not_contact,
        max(CASE WHEN value = 'skipped' THEN aapor_class END) AS skipped,
        max(CASE WHEN value = 'in_progress' THEN aapor_class END) AS in_progress,
        max(CASE WHEN value = 'never_placed' THEN aapor_class END) AS never_placed,
        max(CASE WHEN value = 'unknown' THEN aapor_class END) AS unknown
    FROM core.dispositions
    WHERE source = '*' AND field = 'disposition'
),

-- Lines of a source whose class is not the class of their disposition. They are sorted, so that every run says the
-- same.
exceptions AS (
    SELECT
        own.source,
        array_to_string(
            list_sort(array_agg(own.field || ' ' || own.value || ' = ' || coalesce(own.aapor_class, '-'))), ', '
        ) AS words
    FROM core.dispositions AS own
    INNER JOIN core.dispositions AS unified
        ON unified.source = '*' AND unified.field = 'disposition' AND unified.value = own.disposition
    WHERE own.source <> '*' AND coalesce(own.aapor_class, '-') <> coalesce(unified.aapor_class, '-')
    GROUP BY own.source
)

SELECT
    counts.source, -- the source, as in core.sources
    counts.campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    campaigns.campaign_name, -- the campaign's name in its source; null for `all`
    counts.targets, -- targets of the campaign; each is in one class [count]
    -- I, complete interviews: here, targets that were reached, unless the mapping gives that contact another class [count]
    counts.i,
    counts.p, -- P, partial interviews [count]
    counts.r, -- R, refusals and break-offs [count]
    counts.nc, -- NC, non-contacts [count]
    counts.o, -- O, other [count]
    -- UH, unknown whether there is a household or its like; includes targets that were never tried, or whose last call is
    -- still open [count]
    counts.uh,
    counts.ur, -- UR, unknown whether there is an eligible respondent [count]
    counts.uo, -- UO, unknown for another reason [count]
    counts.ne, -- NE, not eligible [count]
    -- I + P + R + NC + O: targets known to be eligible [count]
    counts.i + counts.p + counts.r + counts.nc + counts.o AS k,
    counts.uh + counts.ur + counts.uo AS u, -- UH + UR + UO: targets whose eligibility is unknown [count]
    -- share of u that counts as eligible: k / (k + ne); null if k + ne is 0 [share]
    CAST(counts.i + counts.p + counts.r + counts.nc + counts.o AS DOUBLE)
    / nullif(counts.i + counts.p + counts.r + counts.nc + counts.o + counts.ne, 0) AS e,
    'K / (K + NE)' AS e_basis, -- the formula of e
    -- the mapping in force: disposition = class, then the source's own values that have another class
    'contacted = ' || coalesce(mapping.contacted, '-')
    || ', no_contact = ' || coalesce(mapping.no_contact, '-')
    || ', voicemail = ' || coalesce(mapping.voicemail, '-')
    || ', bad_contact_info = ' || coalesce(mapping.bad_contact_info, '-')
    || ', do_not_contact = ' || coalesce(mapping.do_not_contact, '-')
    || ', in_progress = ' || coalesce(mapping.in_progress, '-')
    || ', never_placed = ' || coalesce(mapping.never_placed, '-')
    || ', skipped or never tried = ' || coalesce(mapping.skipped, '-')
    || ', unknown = ' || coalesce(mapping.unknown, '-')
    || coalesce('; but ' || exceptions.words, '') AS class_mapping
FROM counts
CROSS JOIN mapping
LEFT JOIN exceptions ON exceptions.source = counts.source
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.source = counts.source AND campaigns.campaign_key = counts.campaign_key
