-- One row per campaign of the dialer.
SELECT
    CAST(id AS VARCHAR) AS campaign,
    name,
    outdial_id
FROM known.voipbin_campaigns
