-- One row per source + campaign: its name, and whether the ledger has anything of it.
-- A campaign is what its source calls one: a campaign, a sequence, a drip. Attempts that belong to none form the
-- campaign `none` of their source. A campaign that is really called `none` is another one (`reports.campaign_key`). A
-- campaign that attempts name, but that the source's list lacks, has its id as its name.
-- Key: source, campaign_key
-- Example: Which campaigns are in the ledger?
--   SELECT source, campaign_key, campaign_name FROM core.campaigns WHERE is_in_ledger
--   ORDER BY source, campaign_name, campaign_key
WITH met AS (
    SELECT DISTINCT source, campaign_key, substring(campaign_key, length(source) + 2) AS native
    FROM core._attempt_counts
)

SELECT
    coalesce(met.source, listed.source) AS source, -- the source, as in core.sources
    coalesce(met.campaign_key, listed.campaign_key) AS campaign_key, -- the campaign: `<source>:<native id or name>`
    -- the campaign's name in its source; if it has none, the id or name in its key
    coalesce(
        listed.campaign_name,
        -- The key of a campaign that is really called `none` has `named ` in front.
        CASE
            WHEN met.native LIKE 'named %none' AND replace(met.native, 'named ', '') = 'none'
                THEN substring(met.native, length('named ') + 1)
            ELSE met.native
        END
    ) AS campaign_name,
    met.campaign_key IS NOT NULL AS is_in_ledger, -- true if core.attempts has rows of the campaign
    listed.campaign_key IS NOT NULL AS is_listed, -- true if the source's own list of campaigns has it
    listed.outdial_id -- the list of targets that it dials; null where the source has no lists
FROM met
FULL OUTER JOIN core._listed_campaigns AS listed
    ON met.source = listed.source AND met.campaign_key = listed.campaign_key
