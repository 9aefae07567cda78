"""The rules of schema ``core``: as-of, the mapping, and the attempts of all sources."""

from __future__ import annotations

from pipelines.validation.rule import Rule, one_of, text_list, value_rows
from pipelines.validation.rules.vocabulary import DISPOSITIONS, UNKNOWN_SHARE

CORE_RULES = (
    Rule(
        "core.as_of",
        "one_moment_is_set",
        "There is exactly one as-of.",
        query="SELECT count(*) AS moments FROM core.as_of HAVING count(*) <> 1",
    ),
    Rule(
        "core.observed",
        "every_source_has_its_moment",
        "Every source has one moment of its own, and it is not after as-of.",
        query="""
SELECT sources.source, count(observed.source) AS moments, max(observed.observed_until) AS observed_until,
    max(clock.as_of) AS as_of
FROM core.sources AS sources
CROSS JOIN core.as_of AS clock
LEFT JOIN core.observed AS observed ON observed.source = sources.source
GROUP BY sources.source
HAVING count(observed.source) <> 1 OR max(observed.observed_until) > max(clock.as_of)""",
    ),
    Rule(
        "core.dispositions",
        "every_mapped_disposition_exists",
        "Every line of the mapping names a disposition that exists. Rows that another line maps count as `unknown`.",
        "warn",
        query=f"""
SELECT source, field, value, disposition, origin
FROM landing.dispositions
WHERE source <> '*' AND coalesce(disposition, '') NOT IN ({text_list(DISPOSITIONS)})""",
    ),
    Rule(
        "core.contact_rules",
        "rules_are_well_formed",
        "Every contact rule that is switched on has what its kind needs, and its hours and days lie in order.",
        query="""
SELECT rule, in_force_from, kind, jurisdiction
FROM core.contact_rules
WHERE enabled AND NOT coalesce(
    effect IN ('forbidden', 'presumed', 'house')
    AND (jurisdiction = '*' OR regexp_full_match(jurisdiction, '[A-Z]{2}(-[A-Z0-9]{1,3})?'))
    AND coalesce(in_force_from <= in_force_until, TRUE)
    AND CASE kind
        WHEN 'hours' THEN from_local < until_local AND coalesce(regexp_full_match(array_to_string(days, ''), '[1-7]+'), TRUE)
        WHEN 'cap'
            THEN cap > 0 AND period IN ('24h', '7d', '30d', 'calendar_day') AND unit IN ('point', 'target', 'person')
                AND counts IN ('dialled', 'connected')
        WHEN 'after_contact' THEN unit IN ('point', 'target', 'person') AND grace > 0 AND grace_unit IS NOT NULL
        WHEN 'after_mark' THEN unit IN ('point', 'target', 'person') AND grace >= 0 AND grace_unit IS NOT NULL
        ELSE FALSE
    END,
    FALSE
)""",
    ),
    Rule(
        "core.contact_rules",
        "one_version_is_in_force",
        "No two versions of one contact rule are in force on one day.",
        query="""
SELECT earlier.rule, earlier.in_force_from, later.in_force_from AS also_in_force_from
FROM core.contact_rules AS earlier
INNER JOIN core.contact_rules AS later
    ON later.rule = earlier.rule
    AND coalesce(later.in_force_from, DATE '0001-01-01') > coalesce(earlier.in_force_from, DATE '0001-01-01')
    AND coalesce(later.in_force_from <= earlier.in_force_until, TRUE)
WHERE earlier.enabled AND later.enabled""",
    ),
    Rule(
        "core.campaigns",
        "purposes_name_campaigns",
        "Every line of purposes.csv names a campaign that exists. A line that names none has no effect.",
        "warn",
        query="""
SELECT lines.line, lines.source, lines.purpose
FROM landing.purposes AS lines
WHERE NOT EXISTS (
    SELECT 1 FROM core.campaigns AS campaigns
    WHERE campaigns.source = lines.source
        AND (
            lower(lines.campaign) IN (lower(campaigns.campaign_key), lower(campaigns.campaign_name))
            OR (
                contains(lines.campaign, '%')
                AND regexp_full_match(
                    lower(campaigns.campaign_name),
                    '(?s)' || replace(replace(regexp_escape(lower(lines.campaign)), '\\%', '%'), '%', '.*')
                )
            )
        )
)""",
    ),
    Rule(
        "core.attempt_points",
        "a_campaign_has_one_purpose_at_a_time",
        "The spans of time in which a campaign has a purpose do not overlap.",
        query="""
SELECT campaign_key, since, until, next_since
FROM (
    SELECT *, lead(since) OVER (PARTITION BY campaign_key ORDER BY since) AS next_since FROM core._purposes
)
WHERE since >= until OR next_since < until""",
    ),
    one_of("core.attempts", "channel", ("phone", "door", "email", "text", "unknown"), ("attempt_key",)),
    one_of("core.attempts", "direction", ("outbound", "inbound", "unknown"), ("attempt_key",)),
    one_of("core.attempts", "disposition", tuple(DISPOSITIONS), ("attempt_key", "raw_disposition")),
    Rule(
        "core.attempts",
        "essentials_are_filled",
        "Source, campaign, target, channel, direction, disposition, `is_attempt` and `is_contact` are never null.",
        query="""
SELECT attempt_key, source, campaign_key, target_key, channel, direction, disposition, is_attempt, is_contact
FROM core.attempts
WHERE source IS NULL OR campaign_key IS NULL OR target_key IS NULL OR channel IS NULL OR direction IS NULL
    OR disposition IS NULL OR is_attempt IS NULL OR is_contact IS NULL""",
    ),
    Rule(
        "core.attempts",
        "keys_name_their_source",
        "Attempt, campaign and target keys begin with the source, so that ids of two systems are never the same key.",
        query="""
SELECT attempt_key, source, campaign_key, target_key
FROM core.attempts
WHERE NOT (
    starts_with(attempt_key, source || ':') AND starts_with(campaign_key, source || ':')
    AND starts_with(target_key, source || ':')
)""",
    ),
    Rule(
        "core.attempts",
        "disposition_says_what_counts",
        "The disposition decides whether a row is an attempt, and whether it is a contact.",
        query=f"""
SELECT attempts.attempt_key, attempts.disposition, attempts.is_attempt, attempts.is_contact
FROM core.attempts AS attempts
INNER JOIN (
    VALUES {value_rows((name, *counts) for name, counts in DISPOSITIONS.items())}
) AS defined (disposition, is_attempt, is_contact) ON defined.disposition = attempts.disposition
WHERE attempts.is_attempt IS DISTINCT FROM defined.is_attempt
    OR attempts.is_contact IS DISTINCT FROM defined.is_contact""",
    ),
    Rule(
        "core.attempts",
        "attempt_numbers_have_no_gaps",
        "The attempts on a target in a campaign are numbered 1, 2, 3, …; other rows have no number.",
        query="""
SELECT campaign_key, target_key, attempts, numbered, first, last
FROM (
    SELECT campaign_key, target_key, count(*) FILTER (WHERE is_attempt) AS attempts, count(attempt_number) AS numbered,
        count(*) FILTER (WHERE is_attempt AND attempt_number IS NOT NULL) AS numbered_attempts,
        min(attempt_number) AS first, max(attempt_number) AS last,
        sum(attempt_number) AS total, sum(attempt_number * attempt_number) AS squares
    FROM core.attempts
    GROUP BY source, campaign_key, target_key
)
WHERE numbered <> attempts OR numbered_attempts <> attempts OR first <> 1 OR last <> attempts
    OR 2 * total <> attempts * (attempts + 1) OR 6 * squares <> attempts * (attempts + 1) * (2 * attempts + 1)""",
        is_keyed=True,
    ),
    Rule(
        "core.attempts",
        "one_row_stands_for_each_target",
        "Exactly one row of each target in a campaign is marked as the latest.",
        query="""
SELECT campaign_key, target_key, count(*) FILTER (WHERE is_latest) AS latest
FROM core.attempts
GROUP BY source, campaign_key, target_key
HAVING count(*) FILTER (WHERE is_latest) <> 1""",
        is_keyed=True,
    ),
    Rule(
        "core.attempts",
        "no_attempt_lies_in_the_future",
        "No attempt began after its source's own moment.",
        query="""
SELECT attempts.attempt_key, attempts.attempted_at, attempts.attempted_at_basis,
    clock.observed_until
FROM core.attempts AS attempts
INNER JOIN core.observed AS clock ON clock.source = attempts.source
WHERE attempts.is_attempt AND attempts.attempted_at > clock.observed_until""",
    ),
    Rule(
        "core.attempts",
        "attempts_have_a_time",
        "Every attempt has a time. An attempt without one is counted, but on no day and in no order.",
        "warn",
        query="""
SELECT attempt_key, raw_disposition, disposition
FROM core.attempts
WHERE is_attempt AND attempted_at IS NULL""",
    ),
    Rule(
        "core.attempts",
        "unknown_share_is_low",
        f"At most {UNKNOWN_SHARE:.0%} of a source's attempts have the disposition `unknown`; if there are more, map "
        "their values.",
        "warn",
        query=f"""
SELECT source, count(*) FILTER (WHERE disposition = 'unknown') AS unknown, count(*) AS attempts,
    round(count(*) FILTER (WHERE disposition = 'unknown') / count(*), 4) AS share,
    mode(raw_disposition) FILTER (WHERE disposition = 'unknown') AS most_common
FROM core.attempts
WHERE is_attempt
GROUP BY source
HAVING count(*) FILTER (WHERE disposition = 'unknown') > {UNKNOWN_SHARE} * count(*)""",
    ),
)
