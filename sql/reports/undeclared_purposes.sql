-- One row per source + campaign whose purpose nobody declared, wherever a contact rule asks for it: the attempts that no
-- such rule judges, and the line to write.
-- Key: source, campaign_key
-- Example: Which campaigns are judged by no law, and what line would change it?
--   SELECT source, campaign_key, campaign_name, not_judged, line FROM reports.undeclared_purposes
--   ORDER BY not_judged DESC, campaign_key
SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign, as in core.attempts
    max(campaign_name) AS campaign_name, -- its name
    max(attempts) AS attempts, -- real attempts that the organization made [count]
    max(not_judged) AS not_judged, -- the most attempts that a rule leaves unjudged there, mostly for want of a purpose [count]
    count(*) AS rules, -- contact rules that would judge attempts there if a purpose were declared [count]
    -- the line to write into the landing folder's purposes.csv, with the purpose and the consent to fill in
    max(line) AS line
FROM reports.contact_rule_audit
WHERE not_judged_because = 'purpose_undeclared'
GROUP BY source, campaign_key
