-- One row per campaign that its source lists.
-- Key: source, campaign_key
SELECT
    source, -- the system
    source || ':' || campaign AS campaign_key, -- `<source>:<native id or name>`
    CASE WHEN trim(coalesce(name, '')) <> '' THEN name ELSE campaign END AS campaign_name, -- its name, or else its id
    outdial_id -- the list of targets that it dials, where the source has lists
FROM sources.campaigns
