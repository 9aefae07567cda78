-- One row per campaign of the dialer.
SELECT
    CAST(id AS VARCHAR) AS campaign,
    name,
    outdial_id
FROM raw.voipbin_campaigns
