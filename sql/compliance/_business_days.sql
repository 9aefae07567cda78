-- One row per country + day: how many business days there were from 2015 until this day, this day included.
-- Business days are Monday to Friday without the country's holidays (data/holidays.csv), until 2040. The country '' stands
-- for every country without a list of holidays.
-- Key: country, day
-- Group: core
WITH countries AS (
    SELECT country FROM landing.holidays
    UNION
    SELECT '' AS country
),

days AS (
    SELECT DATE '2015-01-01' + CAST(place AS INTEGER) AS day
    FROM (SELECT unnest(generate_series(0, 9496)) AS place) AS places
)

SELECT
    countries.country, -- ISO code; empty for countries without a list
    days.day, -- the day
    -- true if it is a business day
    isodow(days.day) <= 5 AND holidays.day IS NULL AS is_business_day,
    CAST(sum(CASE WHEN isodow(days.day) <= 5 AND holidays.day IS NULL THEN 1 ELSE 0 END) OVER (
        PARTITION BY countries.country ORDER BY days.day ASC
    ) AS BIGINT) AS number -- business days until then [count]
FROM countries
CROSS JOIN days
LEFT JOIN landing.holidays AS holidays ON holidays.country = countries.country AND holidays.day = days.day
