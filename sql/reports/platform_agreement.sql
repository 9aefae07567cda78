-- One row per VoIPBIN campaign + what the platform's status says + what its counters say, against the replay.
-- status_agreement: match · exhausted_left_idle (the documentation says done, the platform leaves idle: expected) ·
-- done_unexplained (done, and no call shows why) · lost_write (progressing, and no call is open) · open_call_unseen (idle
-- or done, and a call is open) · differs · not_yet_comparable (younger than the polls allow to tell) · no_platform_row.
-- tries_agreement: match · missing_calls (the platform counted more than the log shows) · lost_increment (one less) ·
-- impossible (two or more less) · not_yet_comparable · no_platform_row.
-- Key: campaign_id, status_agreement, tries_agreement
-- Columns:
--   campaign_id: the campaign, as in replay.target_outcomes; null when none is known
--   campaign_name: what the source calls it
--   status_agreement: as above
--   tries_agreement: as above
--   is_expected: neither needs an explanation: match, exhausted_left_idle or not_yet_comparable
--   targets: targets of the campaign that agree or disagree so
--   share: targets / all targets of the campaign (0..1)
--   examples: up to two of them
--   as_of: the moment this speaks of (UTC)
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
    counted.campaign_id,
    campaigns.campaign_name,
    counted.status_agreement,
    counted.tries_agreement,
    counted.status_agreement IN ('match', 'exhausted_left_idle', 'not_yet_comparable')
    AND counted.tries_agreement IN ('match', 'not_yet_comparable') AS is_expected,
    counted.targets,
    CAST(counted.targets AS DOUBLE) / sum(counted.targets) OVER (PARTITION BY counted.campaign_id) AS share,
    CASE
        WHEN counted.lowest = counted.highest THEN counted.lowest
        ELSE counted.lowest || ', ' || counted.highest
    END AS examples,
    counted.as_of
FROM counted
LEFT JOIN core.campaigns AS campaigns
    ON campaigns.campaign_key = 'voipbin:' || CAST(counted.campaign_id AS VARCHAR)
