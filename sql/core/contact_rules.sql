-- One row per contact rule and version.
-- Key: rule, in_force_from
-- Example: Which rules are on?
--   SELECT rule FROM core.contact_rules WHERE enabled
SELECT
    rule, -- x
    title, -- x
    kind, -- x
    jurisdiction, -- x
    in_force_from, -- x [null]
    in_force_until, -- x
    purposes, -- x
    channels, -- x
    consent_lifts, -- x
    location_presumption, -- x
    days, -- x
    from_local, -- x
    until_local, -- x
    cap, -- x
    period, -- x
    unit, -- x
    same_subject, -- x
    counts, -- x
    grace, -- x
    grace_unit, -- x
    marks, -- x
    effect, -- x
    enabled, -- x
    origin -- x
FROM landing.contact_rules
