-- One row per campaign of the organization.
SELECT
    CAST(id AS VARCHAR) AS campaign,
    name
FROM known.action_builder_campaigns
