-- One row per campaign of the organization.
SELECT
    CAST(id AS VARCHAR) AS campaign,
    name
FROM raw.action_builder_campaigns
