-- One row per campaign.
-- Key: campaign_key
SELECT
    campaign AS campaign_key, -- x
    purpose, -- x
    consent, -- x
    subject, -- x
    since, -- x
    until -- x
FROM landing.purposes
