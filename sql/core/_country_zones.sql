-- One row per country + time zone that its numbers may be in.
-- Key: country, zone
SELECT DISTINCT
    country, -- ISO code of two letters
    unnest(zones) AS zone -- IANA name
FROM landing.number_plan
WHERE country <> ''
