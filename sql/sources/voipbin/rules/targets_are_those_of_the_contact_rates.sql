-- The inventory gives a campaign the same targets, attempted targets, attempts and penetration as its contact rates.
-- Table: reports.inventory
-- Severity: error
SELECT rates.campaign_key, rates.targets AS targets_of_the_rates, inventory.targets,
    rates.targets_attempted, inventory.attempted, rates.attempts AS attempts_of_the_rates, inventory.attempts
FROM reports.campaign_contact_rates AS rates
FULL JOIN (
    FROM reports.inventory
    WHERE campaign_key <> 'all'
) AS inventory
    ON inventory.campaign_key = rates.campaign_key
WHERE
    coalesce(rates.source, 'voipbin') = 'voipbin'
    AND coalesce(rates.targets, inventory.targets) > 0
    AND (
        rates.targets IS DISTINCT FROM inventory.targets
        OR rates.targets_attempted IS DISTINCT FROM inventory.attempted
        OR rates.attempts IS DISTINCT FROM inventory.attempts
        OR rates.penetration IS DISTINCT FROM inventory.penetration
    )
