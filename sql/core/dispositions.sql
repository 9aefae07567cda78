-- One row per value of a source: which unified disposition it stands for, and what that counts as.
-- The lines come from data/dispositions.csv. The landing folder's own dispositions.csv overrides them line by line. A
-- value that no line names is `unknown`: it is an attempt and no contact, and its raw value is kept.
-- This table fixes what a unified disposition counts as. The lines of source `*` give its default AAPOR final class.
-- Key: source, field, value
-- Example: Which values of each source count as a contact?
--   SELECT source, field, value, label FROM core.dispositions WHERE is_contact AND source <> '*'
--   ORDER BY source, field, value
WITH lines AS (
    SELECT
        source, field, lower(trim(value)) AS value, label, lower(trim(disposition)) AS disposition,
        upper(trim(aapor_class)) AS aapor_class, version, note, origin,
        row_number() OVER (
            PARTITION BY source, field, lower(trim(value)) ORDER BY version DESC NULLS LAST, disposition ASC
        ) AS place
    FROM landing.dispositions
),

known AS (
    SELECT
        source, field, value, label, version, note, origin,
        CASE
            WHEN disposition IN (
                'contacted', 'no_contact', 'voicemail', 'bad_contact_info', 'do_not_contact', 'skipped', 'in_progress',
                'never_placed', 'scheduled', 'overdue', 'dispatched', 'completed_manually', 'unknown'
            ) THEN disposition
            ELSE 'unknown'
        END AS disposition,
        CASE
            WHEN aapor_class IN ('I', 'P', 'R', 'NC', 'O', 'UH', 'UR', 'UO', 'NE') THEN aapor_class
        END AS aapor_class
    FROM lines
    WHERE place = 1
)

SELECT
    known.source, -- the source, as in core.sources, or `*` for the unified dispositions themselves
    known.field, -- the source's field that holds the value
    known.value, -- the value in lower case; where a source lets its users choose names, % stands for any text
    known.label, -- what the source calls the value
    known.disposition, -- the unified disposition; a name that does not exist becomes `unknown`
    -- true if it counts as a real attempt: somebody was really tried
    known.disposition NOT IN ('skipped', 'never_placed', 'scheduled', 'overdue', 'completed_manually') AS is_attempt,
    known.disposition = 'contacted' AS is_contact, -- true if it counts as a contact: a person was reached
    -- final AAPOR class (I, P, R, NC, O, UH, UR, UO or NE); null if such a row is no outcome
    coalesce(known.aapor_class, unified.aapor_class) AS aapor_class,
    known.version, -- version of the mapping that last changed the line
    known.note, -- why the value is mapped in this way
    known.origin -- default (a line of the project) or landing folder (a line that overrides it)
FROM known
LEFT JOIN known AS unified
    ON unified.source = '*' AND unified.field = 'disposition' AND unified.value = known.disposition
