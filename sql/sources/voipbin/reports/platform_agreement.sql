-- One row per VoIPBIN campaign + status agreement + tries agreement: for how many targets the platform's own row agrees
-- with the replay, or differs from it.
-- status_agreement compares the status. It is one of: match; exhausted_left_idle (the documentation says done, the
-- platform leaves idle: expected); done_unexplained (done, and no call shows why); lost_write (progressing, and no call
-- is open); open_call_unseen (idle or done, and a call is open); differs; not_yet_comparable (too recent to tell from
-- the polls); no_platform_row.
-- tries_agreement compares the counters. It is one of: match; missing_calls (the platform counted more tries than the
-- log shows); lost_increment (one less); impossible (two or more less); not_yet_comparable; no_platform_row.
-- Key: campaign_id, status_agreement, tries_agreement
-- Example: Where does the platform's own row contradict its log?
--   SELECT campaign_id, campaign_name, status_agreement, tries_agreement, targets, examples
--   FROM reports.platform_agreement WHERE NOT is_expected AND status_agreement <> 'no_platform_row'
--   ORDER BY targets DESC, campaign_id, status_agreement, tries_agreement
WITH counted AS (
    SELECT
        campaign_id,
        status_agreement,
        tries_agreement,
        count(*) AS targets,
        CAST(min(outdial_target_id) AS VARCHAR) AS lowest,
        CAST(max(outdial_target_id) AS VARCHAR) AS highest,
        max(as_of) AS as_of
    FROM replay.target_outcomes
    GROUP BY campaign_id, status_agreement, tries_agreement
)

SELECT
    counted.campaign_id, -- the campaign, as in replay.target_outcomes; null if none is known [null]
    campaigns.campaign_name, -- the campaign's name in its source
    counted.status_agreement, -- one of the words above
    counted.tries_agreement, -- one of the words above
    -- true if nothing needs an explanation: status_agreement is match, exhausted_left_idle or not_yet_comparable, and
    -- tries_agreement is match or not_yet_comparable
    counted.status_agreement IN ('match', 'exhausted_left_idle', 'not_yet_comparable')
    AND counted.tries_agreement IN ('match', 'not_yet_comparable') AS is_expected,
    counted.targets, -- targets of the campaign with these two agreements [count]
    -- targets / all targets of the campaign [share]
    CAST(counted.targets AS DOUBLE) / sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS share,
    -- ids of up to two of these targets
    CASE
        WHEN counted.lowest = counted.highest THEN counted.lowest
        ELSE counted.lowest || ', ' || counted.highest
    END AS examples,
    counted.as_of -- the moment that this row describes (UTC): that of its source, as in core.observed
FROM counted
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = 'voipbin:' || CAST(counted.campaign_id AS VARCHAR)
