-- One row per campaign that its source lists.
-- Key: source, campaign_key
SELECT
    source, -- the source, as in core.sources
    reports.campaign_key(source, campaign) AS campaign_key, -- the campaign: `<source>:<native id or name>`
    -- its name; its native id if it has no name
    CASE WHEN trim(coalesce(name, '')) <> '' THEN name ELSE campaign END AS campaign_name,
    outdial_id -- the list of targets that it dials; null where the source has no lists
FROM sources.campaigns
