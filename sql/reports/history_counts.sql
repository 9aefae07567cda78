-- One row per source + campaign + length and end of a history: how many targets have it. What reports need to know of
-- targets one by one, and not when anything happened, they read here. Only targets of sources that can tell a contact.
-- Key: source, campaign_key, attempts, first_contact_number, ended_by, aapor_class
-- Internal: yes
-- Sums: from reports.target_histories.outdial_target_id
-- Columns:
--   source: the system
--   campaign_key: `<source>:<native id>`, or `all`
--   attempts: real attempts of each of them
--   first_contact_number: number of the first attempt that reached a person; null when none did
--   ended_by: what keeps them from further attempts, as in reports.target_histories; null while they are open
--   aapor_class: final class
--   targets: how many they are
SELECT
    source,
    campaign_key,
    attempts,
    first_contact_number,
    ended_by,
    aapor_class,
    count(*) AS targets
FROM reports.target_histories
WHERE measures_contact
GROUP BY source, campaign_key, attempts, first_contact_number, ended_by, aapor_class
