-- One row per VoIPBIN campaign + what the platform's status says + what its counters say, against the replay.
-- status_agreement: match · exhausted_left_idle (the documentation says done, the platform leaves idle: expected) ·
-- done_unexplained (done, and no call shows why) · lost_write (progressing, and no call is open) · open_call_unseen (idle
-- or done, and a call is open) · differs · not_yet_comparable (younger than the polls allow to tell) · no_platform_row.
-- tries_agreement: match · missing_calls (the platform counted more than the log shows) · lost_increment (one less) ·
-- impossible (two or more less) · not_yet_comparable · no_platform_row.
-- Key: campaign_id, status_agreement, tries_agreement
-- Example: Where does the platform's own row contradict its log?
--   SELECT campaign_name, status_agreement, targets, examples FROM reports.platform_agreement
--   WHERE NOT is_expected
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
    counted.campaign_id, -- the campaign, as in replay.target_outcomes; null when none is known [null]
    campaigns.campaign_name, -- what the source calls it
    counted.status_agreement, -- as above
    counted.tries_agreement, -- as above
    -- neither needs an explanation: match, exhausted_left_idle or not_yet_comparable
    counted.status_agreement IN ('match', 'exhausted_left_idle', 'not_yet_comparable')
    AND counted.tries_agreement IN ('match', 'not_yet_comparable') AS is_expected,
    counted.targets, -- targets of the campaign that agree or disagree so [count]
    -- targets / all targets of the campaign [share]
    CAST(counted.targets AS DOUBLE) / sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS share,
    -- up to two of them
    CASE
        WHEN counted.lowest = counted.highest THEN counted.lowest
        ELSE counted.lowest || ', ' || counted.highest
    END AS examples,
    counted.as_of -- the moment this speaks of (UTC)
FROM counted
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = 'voipbin:' || CAST(counted.campaign_id AS VARCHAR)
