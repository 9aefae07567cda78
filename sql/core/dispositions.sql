-- One row per source value: which unified disposition it stands for, and what that counts as.
-- The lines are data/dispositions.csv, overridden line by line by the landing folder's own dispositions.csv. A value
-- that no line names is `unknown`: an attempt, no contact, its raw value kept. What a unified disposition counts as is
-- fixed here; lines of source `*` give its default AAPOR final class.
-- Key: source, field, value
-- Example: What counts as a contact?
--   SELECT source, field, value FROM core.dispositions WHERE is_contact
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
    known.source, -- the system, or `*` for the unified dispositions themselves
    known.field, -- the source's field that carries the value
    known.value, -- the value in lower case; where a source has free names, % stands for any text
    known.label, -- what the system calls it
    known.disposition, -- the unified disposition; one that does not exist has become `unknown`
    -- whether somebody was really tried
    known.disposition NOT IN ('skipped', 'never_placed', 'scheduled', 'overdue', 'completed_manually') AS is_attempt,
    known.disposition = 'contacted' AS is_contact, -- whether a person was reached
    -- final class in AAPOR's terms (I, P, R, NC, O, UH, UR, UO, NE); null where a row is no outcome
    coalesce(known.aapor_class, unified.aapor_class) AS aapor_class,
    known.version, -- the version of the mapping that last changed the line
    known.note, -- why it is mapped so
    known.origin -- default (the project's own line) or landing folder (an override)
FROM known
LEFT JOIN known AS unified
    ON unified.source = '*' AND unified.field = 'disposition' AND unified.value = known.disposition
