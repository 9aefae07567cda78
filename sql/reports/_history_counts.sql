-- One row per source + campaign + length and end of a history: how many targets have such a history.
-- Reports that need every target, but no times, read this table. It holds only targets of sources that can tell whether
-- a person was reached.
-- Key: source, campaign_key, attempts, attempts_ended, first_contact_number, ended_by, is_deleted, aapor_class
-- Sums: from reports._target_histories
SELECT
    source, -- the source, as in core.sources
    campaign_key, -- the campaign: `<source>:<native id>`, or `all`
    attempts, -- real attempts on each of these targets [count]
    attempts_ended, -- number of the last of them that has ended [count]
    first_contact_number, -- number of the first attempt that reached a person; null if none did [null]
    -- what keeps these targets from further attempts, as in reports._target_histories; null while they are open [null]
    ended_by,
    is_deleted, -- true if the source had deleted these targets
    aapor_class, -- final AAPOR class; null if the mapping gives none [null]
    count(*) AS targets -- targets with this history [count]
FROM reports._target_histories
WHERE measures_contact
GROUP BY source, campaign_key, attempts, attempts_ended, first_contact_number, ended_by, is_deleted, aapor_class
