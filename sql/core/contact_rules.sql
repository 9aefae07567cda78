-- One row per contact rule and version: when, how often and after what a person may be contacted.
-- The lines come from data/contact_rules.csv. The landing folder's own contact_rules.csv overrides them rule by rule, and
-- may add some. House rules are yours to set, and no law is meant by them. The other lines state facts about laws, with
-- where and how they were checked. None of this is legal advice.
-- Key: rule, in_force_from
-- Example: Which rules are in force, and what do they rest on?
--   SELECT rule, title, citation, checked_on, checked_how, origin FROM core.contact_rules WHERE enabled
--   ORDER BY rule, in_force_from
SELECT
    rule, -- the name of the rule
    title, -- the rule in a few words
    -- hours: not outside these hours; cap: at most so many in a period; after_contact: none within a time after a
    -- conversation; after_mark: none after somebody asked for it, or after the point was marked as bad
    kind,
    jurisdiction, -- where it holds: * for everywhere, or the ISO code of a country or of a part of one, such as US-FL
    in_force_from, -- the first day on which this version is in force, by the called party's clock; null: always was [null]
    in_force_until, -- the last day on which it is in force; null: it has no end
    purposes, -- the purposes of the campaigns that it judges; null: every campaign, also one without a purpose
    channels, -- the channels that it judges; null: every channel
    consent_lifts, -- true if it does not hold for a campaign with the consent of those contacted
    location_presumption, -- area_code: a number's area code is taken for a place; none: it is not
    days, -- the weekdays on which these hours hold, 1 (Monday) to 7; null: every day. Other days are not judged by it
    from_local, -- the first moment of the day at which contacts may begin, by the called party's clock
    until_local, -- the last moment; it is itself allowed
    cap, -- how many attempts may lie in the period
    period, -- 24h, 7d, 30d or calendar_day
    -- whose attempts are counted together: point, target or person. In a rule after_mark, point: marks that say that the
    -- point is bad; target or person: marks by which somebody asked not to be contacted
    unit,
    same_subject, -- true if only attempts on one subject count together
    -- dialled: every attempt counts; connected: only those that got through, so that one of which nobody says it does not
    -- surely count
    counts,
    grace, -- after_mark: how long after the mark attempts are tolerated; after_contact: how long there may be none
    grace_unit, -- hours, days or business_days
    effect, -- forbidden; presumed: taken for forbidden unless facts show otherwise; house: by your own rule
    citation, -- the law or regulation
    url, -- where it stands
    checked_on, -- when the line was checked against it
    checked_how, -- official: at the official place; quote: as others quote it; secondary: as others describe it
    enabled, -- true if attempts are judged by it
    note, -- what the line leaves out
    origin -- default (a line of the project) or landing folder
FROM landing.contact_rules
