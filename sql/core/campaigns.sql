-- One row per source + campaign: its name, and whether anything was tried in it.
-- A campaign is what its source says it is: a campaign, a sequence, a drip. What belongs to none is the source's campaign
-- `none`. A campaign that attempts name but the source's own list lacks is called by its id.
-- Key: source, campaign_key
-- Example: Which campaigns are in the ledger?
--   SELECT source, campaign_name FROM core.campaigns WHERE is_in_ledger
WITH met AS (
    SELECT DISTINCT source, campaign_key
    FROM core._attempt_counts
)

SELECT
    coalesce(met.source, listed.source) AS source, -- the system
    coalesce(met.campaign_key, listed.campaign_key) AS campaign_key, -- `<source>:<native id or name>`
    -- what the source calls it; its id or name in the key where it has no name
    coalesce(listed.campaign_name, substring(met.campaign_key, length(met.source) + 2)) AS campaign_name,
    met.campaign_key IS NOT NULL AS is_in_ledger, -- whether core.attempts has rows of it
    listed.campaign_key IS NOT NULL AS is_listed, -- whether the source's own list of campaigns has it
    listed.outdial_id -- the list of targets that it dials, where the source has lists
FROM met
FULL OUTER JOIN core._listed_campaigns AS listed ON met.source = listed.source AND met.campaign_key = listed.campaign_key
