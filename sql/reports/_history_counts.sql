-- One row per source + campaign + length and end of a history: how many targets have it. What reports need to know of
-- targets one by one, and not when anything happened, they read here. Only targets of sources that can tell a contact.
-- Key: source, campaign_key, attempts, first_contact_number, ended_by, aapor_class
-- Sums: from reports._target_histories
SELECT
    source, -- the system
    campaign_key, -- `<source>:<native id>`, or `all`
    attempts, -- real attempts of each of them
    first_contact_number, -- number of the first attempt that reached a person; null when none did [null]
    -- what keeps them from further attempts, as in reports._target_histories; null while they are open [null]
    ended_by,
    aapor_class, -- final class
    count(*) AS targets -- how many they are [count]
FROM reports._target_histories
WHERE measures_contact
GROUP BY source, campaign_key, attempts, first_contact_number, ended_by, aapor_class
