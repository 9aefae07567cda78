-- One row per campaign and span of time: what its attempts are for, by the line of purposes.csv that decides.
-- A line names a campaign by its key, its name, or a pattern of names with `%`. A key goes before a name, a name before a
-- pattern, and a longer pattern before a shorter one. Of two alike, the later line counts. Spans begin and end where lines
-- do, and never overlap. A campaign without a line has no row, and neither has a time in which no line holds.
-- Key: campaign_key, since
WITH matching AS (
    SELECT
        campaigns.source, campaigns.campaign_key, lines.line, lines.purpose, lines.consent, lines.subject,
        coalesce(lines.since, TIMESTAMP '0001-01-01 00:00:00') AS since,
        coalesce(lines.until, TIMESTAMP '9999-12-31 00:00:00') AS until,
        CASE
            WHEN lower(lines.campaign) = lower(campaigns.campaign_key) THEN 0
            WHEN lower(lines.campaign) = lower(campaigns.campaign_name) THEN 1
            ELSE 2
        END AS place,
        length(lines.campaign) AS letters
    FROM core.campaigns AS campaigns
    INNER JOIN landing.purposes AS lines
        ON
            lines.source = campaigns.source
            AND (
                lower(lines.campaign) = lower(campaigns.campaign_key)
                OR lower(lines.campaign) = lower(campaigns.campaign_name)
                OR (
                    contains(lines.campaign, '%')
                    AND lower(campaigns.campaign_name)
                    LIKE replace(replace(lower(lines.campaign), '!', '!!'), '_', '!_') ESCAPE '!'
                )
            )
),

edges AS (
    SELECT campaign_key, since AS edge FROM matching
    UNION
    SELECT campaign_key, until AS edge FROM matching
),

spans AS (
    SELECT campaign_key, edge AS since, lead(edge) OVER (PARTITION BY campaign_key ORDER BY edge ASC) AS until
    FROM edges
),

ranked AS (
    SELECT
        matching.source, spans.campaign_key, matching.purpose, matching.consent, matching.subject, spans.since, spans.until,
        row_number() OVER (
            PARTITION BY spans.campaign_key, spans.since
            ORDER BY
                matching.place ASC, CASE WHEN matching.place = 2 THEN matching.letters END DESC NULLS LAST, matching.line DESC
        ) AS nth
    FROM spans
    INNER JOIN matching
        ON
            matching.campaign_key = spans.campaign_key
            AND matching.since <= spans.since
            AND matching.until >= spans.until
    WHERE spans.until IS NOT NULL
)

SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id or name>`
    purpose, -- what its attempts are for: solicitation, fundraising, debt_collection, survey, …
    consent, -- yes, no or unknown: whether those contacted have agreed
    subject, -- what they are about; caps on one subject count attempts of the same one together; null: nobody says
    since, -- the first moment of the span (UTC); the year 1 if the line has no beginning
    until -- the first moment after it (UTC); the year 9999 if the line has no end
FROM ranked
WHERE nth = 1
