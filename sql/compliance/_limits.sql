-- One row per context + rule that limits attempts in this context, or forbids them after a contact.
-- Key: context, rule, in_force_from
-- Group: core
SELECT
    asked.context, -- channel, purpose, consent and place, as in compliance._context_rules
    asked.rule, -- the rule, as in core.contact_rules
    asked.in_force_from, -- the version of the rule; null if it always was in force [null]
    rules.in_force_until, -- its last day in force; null if it has no end
    rules.days, -- the weekdays on which it holds, 1 (Monday) to 7; null: every day
    rules.kind, -- cap or after_contact
    rules.unit, -- whose attempts it counts together: point, target or person
    rules.period, -- 24h, 7d, 30d or calendar_day; null after a contact
    coalesce(rules.cap, 0) AS cap, -- how many attempts it allows
    coalesce(rules.same_subject, FALSE) AS same_subject, -- true if only attempts on one subject count together
    coalesce(rules.counts, 'dialled') = 'connected' AS counts_connected, -- true if only connected calls count
    -- how long its period is (microseconds); null for a calendar day
    reports.period_us(rules.kind, rules.period, rules.grace, rules.grace_unit) AS period_us,
    settings.clock_tolerance_ms * 1000 AS tolerance, -- how far clocks may differ (microseconds)
    asked.doubt, -- why nothing in this context is a breach; null if something can be
    coalesce(asked.zones[1], settings.timezone) AS zone -- the zone whose days are counted
FROM compliance._context_rules AS asked
INNER JOIN core.contact_rules AS rules
    ON rules.rule = asked.rule AND rules.in_force_from IS NOT DISTINCT FROM asked.in_force_from
CROSS JOIN landing.settings AS settings
WHERE asked.kind IN ('cap', 'after_contact') AND asked.is_judged
