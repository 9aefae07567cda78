-- One row per source + campaign: its name, and whether anything was tried in it.
-- A campaign is what its source says it is: Action Builder's campaign, VoIPBIN's campaign, Outreach's sequence,
-- LionDesk's campaign name. What belongs to none is the source's campaign `none`. A campaign that attempts name but the
-- source's own list lacks is called by its id.
-- Key: source, campaign_key
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id or name>`
--   campaign_name: what the source calls it; its id or name in the key where it has no name
--   is_in_ledger: whether core.attempts has rows of it
--   is_listed: whether the source's own list of campaigns has it
--   outdial_id: VoIPBIN: the outdial whose targets it dials
WITH listed AS (
    SELECT
        'action_builder' AS source, 'action_builder:' || CAST(id AS VARCHAR) AS campaign_key, name,
        CAST(NULL AS UUID) AS outdial_id
    FROM raw.action_builder_campaigns
    UNION ALL
    SELECT
        'voipbin', 'voipbin:' || CAST(id AS VARCHAR), name, outdial_id
    FROM raw.voipbin_campaigns
    UNION ALL
    SELECT 'outreach', 'outreach:' || CAST(id AS VARCHAR), name, CAST(NULL AS UUID)
    FROM raw.outreach_sequences
),

met AS (
    SELECT DISTINCT source, campaign_key FROM core.attempts_action_builder
    UNION ALL
    SELECT 'voipbin', 'voipbin:' || coalesce(CAST(campaign_id AS VARCHAR), 'none')
    FROM (SELECT DISTINCT campaign_id FROM core.attempts_voipbin) AS dialled
    UNION ALL
    SELECT DISTINCT source, campaign_key FROM core.attempts_outreach
    UNION ALL
    SELECT DISTINCT source, campaign_key FROM core.attempts_liondesk
)

SELECT
    coalesce(met.source, listed.source) AS source,
    coalesce(met.campaign_key, listed.campaign_key) AS campaign_key,
    CASE
        WHEN trim(coalesce(listed.name, '')) <> '' THEN listed.name
        ELSE substring(
            coalesce(met.campaign_key, listed.campaign_key), length(coalesce(met.source, listed.source)) + 2
        )
    END AS campaign_name,
    met.campaign_key IS NOT NULL AS is_in_ledger,
    listed.campaign_key IS NOT NULL AS is_listed,
    listed.outdial_id
FROM met
FULL OUTER JOIN listed ON met.source = listed.source AND met.campaign_key = listed.campaign_key
