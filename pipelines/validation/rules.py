"""What must hold of every table: the rules, as data.

Belongs here: one entry a rule, in words and as a query for the rows that break it, or read from the contract or a SQL
file's header where that already says it. Does not belong here: how a rule is evaluated (``engine``) or shown
(``checks``).

Severity ``error``: were the rule broken, published numbers would be wrong, so nothing is published. ``warn``: the
numbers stand, somebody should look. A rule that nobody would act on is left out.

A query returns the rows that break its rule, with what identifies them and what is wrong; never a name, a note or a
phone number. A rule counts again what a table was built from, in another way than the table's own SQL does; and the
vocabularies stand here a second time, so that a change of meaning is caught and not merely followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pipelines.models.sql_files import SQL_ROOT, Model, ModelError, load_models
from pipelines.sources import RESOURCES, SOURCES, Resource, Source
from pipelines.sql_text import literal, quoted
from pipelines.validation.drift import DRIFT_RULES
from pipelines.validation.rule import Rule, Severity, filled, one_of, unique, within

DISPOSITIONS: Mapping[str, tuple[bool, bool]] = {
    "contacted": (True, True),
    "no_contact": (True, False),
    "voicemail": (True, False),
    "bad_contact_info": (True, False),
    "do_not_contact": (True, False),
    "skipped": (False, False),
    "in_progress": (True, False),
    "never_placed": (False, False),
    "scheduled": (False, False),
    "overdue": (False, False),
    "dispatched": (True, False),
    "completed_manually": (False, False),
    "unknown": (True, False),
}
"""Unified disposition → whether somebody was tried, and whether somebody was reached."""

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "reached": ("done",),
    "stuck": ("progressing",),
    "in_flight": ("progressing",),
    "untouched": ("idle",),
    "not_dialable": ("idle",),
    "unresolved": ("idle", "done"),
    "exhausted": ("done",),
    "stranded": ("idle",),
    "retry_due": ("idle",),
    "retry_waiting": ("idle",),
}
"""Outcome of a replayed target → the statuses it can have."""

VIOLATIONS = (
    "dial_after_done",
    "dial_while_active",
    "retry_too_soon",
    "try_limit_exceeded",
    "destination_out_of_order",
    "destination_missing",
    "destination_mismatch",
    "try_count_mismatch",
    "result_missing",
    "result_premature",
    "time_reversed",
    "orphan_call",
    "dial_after_delete",
)
FINAL_OUTCOMES = ("reached", "exhausted", "not_dialable", "in_flight", "stuck")
"""Outcomes after which the platform will not dial again, or not before the open call has ended."""

UNKNOWN_SHARE = 0.05
"""Largest share of attempts without a known disposition that a source may have before somebody should map them."""
REJECTED_SHARE = 0.01
"""Largest share of a resource's rows that may be rejected before somebody should look at the files."""
EPSILON = 1e-9
"""Rounding that rates and shares are allowed."""


def raw_rules(resource: Resource) -> Iterator[Rule]:
    """What ingest promises of a resource's table, read from the resource's contract."""
    table, key = f"raw.{resource.table}", resource.key
    yield unique(table, key, nullable=(resource.version,) if resource.version else ())
    for column in resource.fields:
        if column.required and column.name not in key:
            yield filled(table, column.name, key)
        if column.closed:
            values = tuple(int(value) if column.kind == "integer" else value for value in column.closed)
            yield one_of(table, column.name, values, key)
    bounds = {
        f.name: (f.minimum, f.maximum) for f in resource.fields if (f.minimum, f.maximum) != (None, None)
    }
    if bounds:
        yield within(table, bounds, key)


def slack(figure: str) -> str:
    """SQL: how far a figure may be off by nothing but rounding; a count in millions has fewer digits behind the point."""
    return f"{EPSILON} * greatest(1, abs({figure}))"


def key_rules(models: Mapping[str, Model]) -> Iterator[Rule]:
    """That the key which a published table's SQL file states does name its rows.

    A part of the key may be null when its column is marked ``[null]``. The books in schema ``quality`` are lists,
    kept as they come.
    """
    for model in models.values():
        if not model.internal and model.schema != "quality":
            nullable = tuple(part for part in model.key if "null" in model.marks[part])
            yield unique(model.table, model.key, nullable)


def figure_rules(models: Mapping[str, Model]) -> Iterator[Rule]:
    """What a SQL file says of its figures: ``[share]`` marks a share, ``x_low`` and ``x_high`` hold ``x``."""
    for model in models.values():
        shares = [name for name, marks in model.marks.items() if "share" in marks]
        held = [name for name in model.columns if {f"{name}_low", f"{name}_high"} <= model.columns.keys()]
        ends = [f"{name}_{end}" for name in held for end in ("low", "high")]
        broken = [
            *(f"{name} NOT BETWEEN 0 AND 1" for name in shares),
            *(
                f"{name} IS NOT NULL AND NOT coalesce("
                f"{name}_low - {name} <= {slack(name)} AND {name} - {name}_high <= {slack(name)}, FALSE)"
                for name in held
            ),
            *(
                f"{name}_{end} NOT BETWEEN 0 AND 1"
                for name in held
                if name in shares
                for end in ("low", "high")
            ),
        ]
        if broken and not model.internal:
            columns = ", ".join(dict.fromkeys((*model.key, *shares, *held, *ends)))
            yield Rule(
                model.table,
                "rates_lie_between_0_and_1" if shares else "intervals_hold_their_figures",
                "Every rate and share lies between 0 and 1, and every figure within its interval.",
                query=f"SELECT {columns} FROM {model.table} WHERE {' OR '.join(broken)}",
            )


def _texts(values: Iterable[str]) -> str:
    return ", ".join(map(literal, values))


def _rows(rows: Iterable[tuple[object, ...]]) -> str:
    """Rows of a VALUES list."""
    return ", ".join(
        f"({', '.join(literal(value) if isinstance(value, str) else str(value) for value in row)})"
        for row in rows
    )


def source_rules(models: Mapping[str, Model]) -> Iterator[Rule]:
    """What must hold of every source, read from its contract: its first resource's rows are its attempts."""
    yield Rule(
        "core.attempts",
        "every_record_becomes_one_attempt",
        "Each source has as many attempts as its first resource has rows that had begun by the moment and were not "
        "withdrawn.",
        query=f"""
WITH recorded AS (
    {" UNION ALL ".join(_records(source) for source in SOURCES)}
)
SELECT recorded.source, recorded.records, coalesce(ledger.attempts, 0) AS attempts
FROM recorded
LEFT JOIN (SELECT source, count(*) AS attempts FROM core.attempts GROUP BY source) AS ledger
    ON ledger.source = recorded.source
WHERE recorded.records <> coalesce(ledger.attempts, 0)""",
    )
    listing = [branch.source.name for branch in models["core._listed_campaigns"].unions["sources.campaigns"]]
    yield Rule(
        "core.campaigns",
        "campaigns_are_listed",
        "Every campaign with attempts is in its source's list of campaigns; one that is not goes by its id.",
        "warn",
        query=f"""
SELECT source, campaign_key
FROM core.campaigns
WHERE is_in_ledger AND NOT is_listed AND source IN ({_texts(listing)}) AND campaign_key <> source || ':none'""",
    )


def _records(source: Source) -> str:
    """SQL: a source, and how many rows of its first resource count by the moment."""
    resource = source.resources[0]
    began = ", ".join(f"records.{quoted(name)}" for name in resource.began)
    begun = f"coalesce(coalesce({began}) <= clock.cutoff_at, TRUE)" if began else "TRUE"
    kept = (
        "TRUE"
        if resource.keeps_deleted
        else "coalesce(records._deleted_at > clock.cutoff_at, records._deleted_at IS NULL)"
    )
    return (
        f"SELECT {literal(source.name)} AS source, count(*) AS records "
        f"FROM {resource.raw_table} AS records, core._cutoff AS clock WHERE {begun} AND {kept}"
    )


SEVERITIES: Mapping[str, Severity] = {"error": "error", "warn": "warn"}


def rule_files(root: Path) -> Iterator[Rule]:
    """The rules of one system: ``sql/sources/<system>/rules/<name>.sql``, a comment block above a query.

    Raises ModelError for a file whose comment block lacks ``Table:`` or ``Severity:``.
    """
    for path in sorted((root / "sources").glob("*/rules/*.sql")):
        lines = path.read_text(encoding="utf-8").splitlines()
        length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
        words, labels = [], {}
        for line in lines[:length]:
            found = re.match(r"^-- (Table|Severity): (\S+)$", line)
            if found:
                labels[found[1]] = found[2]
            else:
                words.append(line[2:].strip())
        severity = SEVERITIES.get(labels.get("Severity", ""))
        if "Table" not in labels or severity is None:
            raise ModelError(
                "has no 'Table: <schema.table>' or no 'Severity: error|warn'",
                where=path.relative_to(root.parent).as_posix(),
                cure="write both below the description",
            )
        yield Rule(
            labels["Table"], path.stem, " ".join(words), severity, query="\n".join(lines[length:]).strip()
        )


CORE_RULES = (
    Rule(
        "core.as_of",
        "one_moment_is_set",
        "The ledger speaks of exactly one moment.",
        query="SELECT count(*) AS moments FROM core.as_of HAVING count(*) <> 1",
    ),
    Rule(
        "core.dispositions",
        "every_mapped_disposition_exists",
        "Every line of the mapping names a unified disposition; a line that does not counts as `unknown`.",
        "warn",
        query=f"""
SELECT source, field, value, disposition, origin
FROM landing.dispositions
WHERE source <> '*' AND coalesce(disposition, '') NOT IN ({_texts(DISPOSITIONS)})""",
    ),
    one_of("core.attempts", "channel", ("phone", "door", "email", "text", "unknown"), ("attempt_key",)),
    one_of("core.attempts", "direction", ("outbound", "inbound", "unknown"), ("attempt_key",)),
    one_of("core.attempts", "disposition", tuple(DISPOSITIONS), ("attempt_key", "raw_disposition")),
    Rule(
        "core.attempts",
        "essentials_are_filled",
        "Source, campaign, target, channel, direction, disposition and what it counts as are never null.",
        query="""
SELECT attempt_key, source, campaign_key, target_key, channel, direction, disposition, is_attempt, is_contact
FROM core.attempts
WHERE source IS NULL OR campaign_key IS NULL OR target_key IS NULL OR channel IS NULL OR direction IS NULL
    OR disposition IS NULL OR is_attempt IS NULL OR is_contact IS NULL""",
    ),
    Rule(
        "core.attempts",
        "keys_name_their_source",
        "Attempt, campaign and target keys begin with the source, so that ids of two systems never meet.",
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
        "A disposition is an attempt or not, a contact or not, as its definition says.",
        query=f"""
SELECT attempts.attempt_key, attempts.disposition, attempts.is_attempt, attempts.is_contact
FROM core.attempts AS attempts
INNER JOIN (
    VALUES {_rows((name, *counts) for name, counts in DISPOSITIONS.items())}
) AS defined (disposition, is_attempt, is_contact) ON defined.disposition = attempts.disposition
WHERE attempts.is_attempt IS DISTINCT FROM defined.is_attempt
    OR attempts.is_contact IS DISTINCT FROM defined.is_contact""",
    ),
    Rule(
        "core.attempts",
        "attempt_numbers_have_no_gaps",
        "Real attempts of a target in a campaign are numbered 1, 2, 3, …; other rows have no number.",
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
    ),
    Rule(
        "core.attempts",
        "one_row_stands_for_each_target",
        "Exactly one row of each target in a campaign is its latest.",
        query="""
SELECT campaign_key, target_key, count(*) FILTER (WHERE is_latest) AS latest
FROM core.attempts
GROUP BY source, campaign_key, target_key
HAVING count(*) FILTER (WHERE is_latest) <> 1""",
    ),
    Rule(
        "core.attempts",
        "no_attempt_lies_in_the_future",
        "No attempt began after the moment that the ledger speaks of.",
        query="""
SELECT attempts.attempt_key, attempts.attempted_at, attempts.attempted_at_basis, clock.as_of
FROM core.attempts AS attempts
CROSS JOIN core.as_of AS clock
WHERE attempts.is_attempt AND attempts.attempted_at > clock.as_of""",
    ),
    Rule(
        "core.attempts",
        "attempts_have_a_time",
        "Every real attempt has a time; one without is counted, but on no day and in no order.",
        "warn",
        query="""
SELECT attempt_key, raw_disposition, disposition
FROM core.attempts
WHERE is_attempt AND attempted_at IS NULL""",
    ),
    Rule(
        "core.attempts",
        "unknown_share_is_low",
        f"At most {UNKNOWN_SHARE:.0%} of a source's attempts have an unknown disposition; map more values if not.",
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

REPLAY_RULES = (
    one_of("replay.transitions", "event", ("dial", "hangup"), ("outdial_target_id", "sequence")),
    Rule(
        "replay.transitions",
        "every_transition_follows_the_last",
        "A target begins idle; its status writes are numbered 1, 2, 3, … in the order of their times, and each starts "
        "from the status that the one before it left.",
        query="""
SELECT outdial_target_id, sequence, sequence_before, occurred_at, occurred_before, from_status, to_status_before
FROM (
    SELECT outdial_target_id, sequence, occurred_at, from_status,
        coalesce(lag(sequence) OVER life, 0) AS sequence_before, lag(occurred_at) OVER life AS occurred_before,
        coalesce(lag(to_status) OVER life, 'idle') AS to_status_before
    FROM replay.transitions
    WINDOW life AS (PARTITION BY outdial_target_id ORDER BY sequence)
)
WHERE sequence <> sequence_before + 1 OR occurred_at < occurred_before
    OR from_status IS DISTINCT FROM to_status_before""",
    ),
    Rule(
        "replay.transitions",
        "transitions_are_legal",
        "A dial makes a target progressing, a hangup idle or done; a target that was done stays done.",
        query="""
SELECT outdial_target_id, sequence, event, from_status, to_status
FROM replay.transitions
WHERE coalesce(
    (event, from_status, to_status) NOT IN (
        ('dial', 'idle', 'progressing'), ('dial', 'progressing', 'progressing'), ('dial', 'done', 'progressing'),
        ('dial', 'done', 'done'), ('hangup', 'progressing', 'idle'), ('hangup', 'progressing', 'progressing'),
        ('hangup', 'progressing', 'done'), ('hangup', 'done', 'done')
    ), TRUE
)""",
    ),
    Rule(
        "replay.transitions",
        "last_transition_agrees_with_outcome",
        "The last status write of a target leaves the status that its outcome has.",
        query="""
SELECT outcomes.outdial_target_id, outcomes.outcome, outcomes.status, writes.to_status
FROM replay.target_outcomes AS outcomes
LEFT JOIN (
    SELECT outdial_target_id, max_by(to_status, sequence) AS to_status
    FROM replay.transitions
    GROUP BY outdial_target_id
) AS writes ON writes.outdial_target_id = outcomes.outdial_target_id
WHERE (outcomes.attempts > 0 OR writes.to_status IS NOT NULL) AND writes.to_status IS DISTINCT FROM outcomes.status""",
    ),
    Rule(
        "replay.transitions",
        "tries_used_agree_with_outcome",
        "The tries in evidence after a target's last write at a destination are those of its outcome.",
        query="""
SELECT writes.outdial_target_id, writes.destination_index, writes.tries_used, outcomes.try_count
FROM (
    SELECT outdial_target_id, destination_index, max(tries_used) AS tries_used
    FROM replay.transitions
    GROUP BY outdial_target_id, destination_index
) AS writes
LEFT JOIN (
    SELECT outdial_target_id, 0 AS destination_index, try_count_0 AS try_count FROM replay.target_outcomes
    UNION ALL SELECT outdial_target_id, 1, try_count_1 FROM replay.target_outcomes
    UNION ALL SELECT outdial_target_id, 2, try_count_2 FROM replay.target_outcomes
    UNION ALL SELECT outdial_target_id, 3, try_count_3 FROM replay.target_outcomes
    UNION ALL SELECT outdial_target_id, 4, try_count_4 FROM replay.target_outcomes
) AS outcomes USING (outdial_target_id, destination_index)
WHERE writes.tries_used IS DISTINCT FROM outcomes.try_count""",
    ),
    one_of("replay.target_outcomes", "outcome", tuple(OUTCOMES), ("outdial_target_id",)),
    one_of(
        "replay.target_outcomes",
        "status_agreement",
        (
            "match",
            "exhausted_left_idle",
            "done_unexplained",
            "lost_write",
            "open_call_unseen",
            "differs",
            "not_yet_comparable",
            "no_platform_row",
        ),
        ("outdial_target_id",),
    ),
    one_of(
        "replay.target_outcomes",
        "tries_agreement",
        ("match", "missing_calls", "lost_increment", "impossible", "not_yet_comparable", "no_platform_row"),
        ("outdial_target_id",),
    ),
    Rule(
        "replay.target_outcomes",
        "status_follows_the_outcome",
        "Status and `ever_reached` are those of the outcome.",
        query=f"""
SELECT outdial_target_id, outcome, status, ever_reached
FROM replay.target_outcomes
WHERE coalesce(
    (outcome, status) NOT IN (
        {_rows((outcome, status) for outcome, statuses in OUTCOMES.items() for status in statuses)}
    ), TRUE
) OR ever_reached IS DISTINCT FROM (outcome = 'reached')""",
    ),
    Rule(
        "replay.target_outcomes",
        "next_try_follows_the_outcome",
        "A target that will be dialled again has a next destination and a time by which its outcome stands; "
        "one that will not has neither.",
        query=f"""
SELECT outdial_target_id, outcome, next_destination_index, next_eligible_at, as_of
FROM replay.target_outcomes
WHERE (
    outcome IN ({_texts(FINAL_OUTCOMES)}) AND (next_destination_index IS NOT NULL OR next_eligible_at IS NOT NULL)
) OR (
    outcome IN ('retry_due', 'retry_waiting')
    AND (
        next_destination_index IS NULL OR next_eligible_at IS NULL
        OR (outcome = 'retry_due') <> (next_eligible_at <= as_of)
    )
)""",
    ),
    Rule(
        "replay.target_outcomes",
        "violations_are_all_counted",
        "Each target counts the violations that replay.violations lists of it.",
        query="""
SELECT outcomes.outdial_target_id, outcomes.violations, coalesce(listed.violations, 0) AS listed
FROM replay.target_outcomes AS outcomes
LEFT JOIN (
    SELECT outdial_target_id, count(*) AS violations FROM replay.violations GROUP BY outdial_target_id
) AS listed ON listed.outdial_target_id = outcomes.outdial_target_id
WHERE outcomes.violations IS DISTINCT FROM coalesce(listed.violations, 0)""",
    ),
    Rule(
        "replay.target_outcomes",
        "no_call_is_stuck",
        "No call has been open for longer than calls last: its hangup was lost, or the platform hangs.",
        "warn",
        query="""
SELECT outdial_target_id, campaign_id, last_attempt_at, as_of
FROM replay.target_outcomes
WHERE outcome = 'stuck'
ORDER BY last_attempt_at, outdial_target_id""",
    ),
    Rule(
        "replay.target_outcomes",
        "platform_agrees",
        "The platform's own rows agree with the log of calls; what differs by design or for want of time is left out.",
        "warn",
        query="""
SELECT outdial_target_id, outcome, status, platform_status, status_agreement, tries_agreement
FROM replay.target_outcomes
WHERE status_agreement IN ('done_unexplained', 'lost_write', 'open_call_unseen', 'differs')
    OR tries_agreement IN ('missing_calls', 'lost_increment', 'impossible')
ORDER BY outdial_target_id""",
    ),
    one_of("replay.violations", "code", VIOLATIONS, ("campaigncall_id",)),
    one_of(
        "replay.violations", "verdict", ("illegal", "unverifiable", "tolerated"), ("campaigncall_id", "code")
    ),
    Rule(
        "replay.violations",
        "no_orphan_calls",
        "Every call names a target that was loaded; otherwise a list of targets is missing, and so is its inventory.",
        "warn",
        query="""
SELECT campaigncall_id, outdial_target_id, occurred_at
FROM replay.violations
WHERE code = 'orphan_call'
ORDER BY occurred_at, campaigncall_id""",
    ),
)

REPORT_RULES = (
    Rule(
        "reports.campaign_contact_rates",
        "rates_are_their_counts",
        "Every rate is its numerator divided by its denominator, and null when that is 0.",
        query=f"""
SELECT source, campaign_key, rate, numerator, denominator, value
FROM (
    SELECT source, campaign_key, 'contact_rate_per_attempt' AS rate, contacts AS numerator, attempts AS denominator,
        contact_rate_per_attempt AS value
    FROM reports.campaign_contact_rates
    UNION ALL
    SELECT source, campaign_key, 'contact_rate_per_target', targets_contacted, targets_attempted,
        contact_rate_per_target
    FROM reports.campaign_contact_rates
)
WHERE NOT coalesce(
    CASE
        WHEN denominator = 0 THEN value IS NULL
        ELSE abs(value - numerator / denominator) <= {EPSILON}
    END, FALSE
)""",
    ),
    Rule(
        "reports.campaign_contact_rates",
        "contacts_do_not_exceed_attempts",
        "Contacted targets are attempted ones, attempted targets are targets, and contacts are attempts.",
        query="""
SELECT source, campaign_key, targets, targets_attempted, targets_contacted, attempts, contacts
FROM reports.campaign_contact_rates
WHERE NOT coalesce(
    0 <= contacts AND contacts <= attempts AND targets_contacted <= contacts AND targets_contacted <= targets_attempted
    AND targets_attempted <= attempts AND targets_attempted <= targets, FALSE
)""",
    ),
    Rule(
        "reports.campaign_contact_rates",
        "counts_equal_the_attempts",
        "Attempts, contacts and their targets are those that core.attempts has of the campaign.",
        query="""
SELECT coalesce(reported.campaign_key, counted.campaign_key) AS campaign_key,
    reported.attempts, counted.attempts AS counted_attempts, reported.contacts,
    counted.contacts AS counted_contacts, reported.targets_attempted,
    counted.targets_attempted AS counted_targets_attempted, reported.targets_contacted,
    counted.targets_contacted AS counted_targets_contacted
FROM reports.campaign_contact_rates AS reported
FULL OUTER JOIN (
    SELECT source, campaign_key, sum(attempts) AS attempts, sum(contacts) AS contacts,
        count(*) FILTER (WHERE attempts > 0) AS targets_attempted,
        count(*) FILTER (WHERE contacts > 0) AS targets_contacted
    FROM (
        SELECT source, campaign_key, target_key, count(*) FILTER (WHERE is_attempt) AS attempts,
            count(*) FILTER (WHERE is_contact) AS contacts
        FROM core.attempts
        WHERE measures_contact
        GROUP BY source, campaign_key, target_key
    )
    GROUP BY source, campaign_key
) AS counted ON counted.source = reported.source AND counted.campaign_key = reported.campaign_key
WHERE coalesce(reported.attempts, 0) <> coalesce(counted.attempts, 0)
    OR coalesce(reported.contacts, 0) <> coalesce(counted.contacts, 0)
    OR coalesce(reported.targets_attempted, 0) <> coalesce(counted.targets_attempted, 0)
    OR coalesce(reported.targets_contacted, 0) <> coalesce(counted.targets_contacted, 0)""",
    ),
    one_of("reports.campaign_dispositions", "disposition", tuple(DISPOSITIONS), ("source", "campaign_key")),
    Rule(
        "reports.campaign_dispositions",
        "shares_sum_to_one",
        "The shares of a campaign's dispositions sum to 1, over attempts and over targets.",
        query=f"""
SELECT source, campaign_key, sum(share_of_attempts) AS share_of_attempts, sum(share_of_targets) AS share_of_targets
FROM reports.campaign_dispositions
GROUP BY source, campaign_key
HAVING NOT (
    coalesce(abs(sum(share_of_attempts) - 1) <= {EPSILON}, sum(attempts) = 0)
    AND coalesce(abs(sum(share_of_targets) - 1) <= {EPSILON}, sum(targets) = 0)
)""",
    ),
    Rule(
        "reports.campaign_dispositions",
        "counts_equal_the_attempts",
        "Each disposition of a campaign has the rows that core.attempts has of it.",
        query="""
SELECT coalesce(reported.campaign_key, counted.campaign_key) AS campaign_key,
    coalesce(reported.disposition, counted.disposition) AS disposition, reported.attempts, counted.attempts AS counted
FROM reports.campaign_dispositions AS reported
FULL OUTER JOIN (
    SELECT source, campaign_key, disposition, count(*) AS attempts
    FROM core.attempts
    GROUP BY source, campaign_key, disposition
) AS counted ON counted.source = reported.source AND counted.campaign_key = reported.campaign_key
    AND counted.disposition = reported.disposition
WHERE coalesce(reported.attempts, 0) <> coalesce(counted.attempts, 0)""",
    ),
    one_of("reports.campaign_outcomes", "outcome", tuple(OUTCOMES), ("campaign_id",)),
    Rule(
        "reports.campaign_outcomes",
        "shares_sum_to_one",
        "The shares of a campaign's outcomes sum to 1.",
        query=f"""
SELECT campaign_id, sum(share) AS share
FROM reports.campaign_outcomes
GROUP BY campaign_id
HAVING NOT coalesce(abs(sum(share) - 1) <= {EPSILON}, sum(targets) = 0)""",
    ),
    Rule(
        "reports.campaign_outcomes",
        "targets_equal_the_replay",
        "Each outcome of a campaign has the targets that the replay gave it.",
        query="""
SELECT coalesce(reported.campaign_id, counted.campaign_id) AS campaign_id,
    coalesce(reported.outcome, counted.outcome) AS outcome, reported.targets, counted.targets AS counted
FROM (SELECT *, coalesce(CAST(campaign_id AS VARCHAR), '') AS campaign FROM reports.campaign_outcomes) AS reported
FULL OUTER JOIN (
    SELECT campaign_id, coalesce(CAST(campaign_id AS VARCHAR), '') AS campaign, outcome, count(*) AS targets
    FROM replay.target_outcomes
    GROUP BY campaign_id, outcome
) AS counted ON counted.campaign = reported.campaign AND counted.outcome = reported.outcome
WHERE coalesce(reported.targets, 0) <> coalesce(counted.targets, 0)""",
    ),
    Rule(
        "reports.attempt_curve",
        "hazards_are_their_counts",
        "Each hazard is its contacts divided by the targets at risk, of which they are some.",
        query=f"""
SELECT source, campaign_key, attempt_number, at_risk, contacts, hazard
FROM reports.attempt_curve
WHERE NOT coalesce(contacts BETWEEN 0 AND at_risk AND abs(hazard - contacts / at_risk) <= {EPSILON}, FALSE)""",
    ),
    Rule(
        "reports.attempt_curve",
        "incidence_never_falls",
        "From one attempt to the next the cumulative incidence does not fall, nor do the targets at risk grow.",
        query=f"""
SELECT source, campaign_key, attempt_number, at_risk, at_risk_before, cumulative_incidence, incidence_before
FROM (
    SELECT source, campaign_key, attempt_number, at_risk, cumulative_incidence,
        lag(at_risk) OVER curve AS at_risk_before,
        coalesce(lag(cumulative_incidence) OVER curve, 0) AS incidence_before
    FROM reports.attempt_curve
    WINDOW curve AS (PARTITION BY source, campaign_key ORDER BY attempt_number)
)
WHERE at_risk > at_risk_before OR NOT coalesce(
    cumulative_incidence BETWEEN incidence_before - {EPSILON} AND 1 + {EPSILON}, FALSE
)""",
    ),
    Rule(
        "reports.disposition_matrix",
        "shares_sum_to_one",
        "The shares of what an attempt of one number ended in sum to 1.",
        query=f"""
SELECT source, campaign_key, attempt_number, sum(share_of_attempts) AS share
FROM reports.disposition_matrix
GROUP BY source, campaign_key, attempt_number
HAVING NOT coalesce(abs(sum(share_of_attempts) - 1) <= {EPSILON}, FALSE)""",
    ),
    Rule(
        "reports.contact_rates_by",
        "totals_equal_the_campaigns",
        "The row of all attempts of a campaign has the counts of reports.campaign_contact_rates.",
        query="""
SELECT campaigns.source, campaigns.campaign_key, campaigns.attempts, totals.attempts AS total_attempts,
    campaigns.contacts, totals.contacts AS total_contacts, campaigns.targets_attempted,
    totals.targets_attempted AS total_targets_attempted, campaigns.targets_contacted,
    totals.targets_contacted AS total_targets_contacted
FROM reports.campaign_contact_rates AS campaigns
LEFT JOIN reports.contact_rates_by AS totals
    ON totals.source = campaigns.source AND totals.campaign_key = campaigns.campaign_key
    AND totals.dimension = 'total'
WHERE campaigns.attempts > 0 AND (
    totals.attempts IS DISTINCT FROM campaigns.attempts OR totals.contacts IS DISTINCT FROM campaigns.contacts
    OR totals.targets_attempted IS DISTINCT FROM campaigns.targets_attempted
    OR totals.targets_contacted IS DISTINCT FROM campaigns.targets_contacted
)""",
    ),
    Rule(
        "reports.inventory",
        "outcomes_sum_to_targets",
        "Every target of a campaign has one outcome, or is a call that names nobody.",
        query="""
SELECT campaign_key, targets,
    reached + untouched + in_flight + stuck + retry_due + retry_waiting + stranded + exhausted + not_dialable
    + unresolved + unnamed AS outcomes
FROM reports.inventory
WHERE targets IS DISTINCT FROM
    reached + untouched + in_flight + stuck + retry_due + retry_waiting + stranded + exhausted + not_dialable
    + unresolved + unnamed""",
    ),
    Rule(
        "reports.retry_what_if",
        "uncapped_equals_the_log",
        "With the highest maximum that any target used, attempts and people reached are those of the log.",
        query="""
SELECT capped.source, capped.campaign_key, capped.max_attempts, capped.attempts, logged.attempts AS logged_attempts,
    capped.targets_contacted, logged.targets_contacted AS logged_targets_contacted
FROM (
    SELECT source, campaign_key, max(max_attempts) AS max_attempts, max_by(attempts, max_attempts) AS attempts,
        max_by(targets_contacted, max_attempts) AS targets_contacted
    FROM reports.retry_what_if
    WHERE basis = 'log'
    GROUP BY source, campaign_key
) AS capped
INNER JOIN reports.campaign_contact_rates AS logged
    ON logged.source = capped.source AND logged.campaign_key = capped.campaign_key
WHERE capped.attempts IS DISTINCT FROM logged.attempts
    OR capped.targets_contacted IS DISTINCT FROM logged.targets_contacted""",
    ),
    Rule(
        "reports.aapor_classes",
        "classes_sum_to_targets",
        "Every target of a campaign has one of AAPOR's final classes.",
        query="""
SELECT source, campaign_key, targets, i + p + r + nc + o + uh + ur + uo + ne AS classed
FROM reports.aapor_classes
WHERE targets IS DISTINCT FROM i + p + r + nc + o + uh + ur + uo + ne""",
    ),
    Rule(
        "reports.aapor_rates",
        "aapor_identities_hold",
        "RR1 = CON1 · COOP1, RR3 = CON2 · COOP1, RR5 = CON3 · COOP1, and RR1 ≤ RR3 ≤ RR5.",
        query=f"""
SELECT *
FROM (
    SELECT source, campaign_key,
        max(CASE WHEN rate = 'rr1' THEN value END) AS rr1, max(CASE WHEN rate = 'rr3' THEN value END) AS rr3,
        max(CASE WHEN rate = 'rr5' THEN value END) AS rr5, max(CASE WHEN rate = 'coop1' THEN value END) AS coop1,
        max(CASE WHEN rate = 'con1' THEN value END) AS con1, max(CASE WHEN rate = 'con2' THEN value END) AS con2,
        max(CASE WHEN rate = 'con3' THEN value END) AS con3
    FROM reports.aapor_rates
    GROUP BY source, campaign_key
)
WHERE abs(rr1 - con1 * coop1) > {EPSILON} OR abs(rr3 - con2 * coop1) > {EPSILON}
    OR abs(rr5 - con3 * coop1) > {EPSILON} OR rr1 > rr3 + {EPSILON} OR rr3 > rr5 + {EPSILON}""",
    ),
    Rule(
        "reports.aapor_coverage",
        "sources_with_classes_are_covered",
        "Every source with targets in one of AAPOR's classes has a row.",
        query="""
SELECT DISTINCT classes.source
FROM reports.aapor_classes AS classes
LEFT JOIN reports.aapor_coverage AS coverage ON coverage.source = classes.source
WHERE coverage.source IS NULL""",
    ),
    Rule(
        "reports.violation_counts",
        "calls_equal_the_violations",
        "Each code and verdict has the calls that replay.violations names.",
        query="""
SELECT coalesce(reported.code, counted.code) AS code, coalesce(reported.verdict, counted.verdict) AS verdict,
    reported.calls, counted.calls AS counted
FROM reports.violation_counts AS reported
FULL OUTER JOIN (
    SELECT code, verdict, count(*) AS calls FROM replay.violations GROUP BY code, verdict
) AS counted ON counted.code = reported.code AND counted.verdict = reported.verdict
WHERE reported.calls IS DISTINCT FROM counted.calls OR NOT coalesce(reported.targets <= reported.calls, FALSE)""",
    ),
    Rule(
        "reports.agreement_counts",
        "targets_equal_the_replay",
        "Each verdict of a comparison has the targets that the replay gave it.",
        query="""
SELECT coalesce(reported.compared, counted.compared) AS compared,
    coalesce(reported.agreement, counted.agreement) AS agreement, reported.targets, counted.targets AS counted
FROM reports.agreement_counts AS reported
FULL OUTER JOIN (
    SELECT 'status' AS compared, status_agreement AS agreement, count(*) AS targets
    FROM replay.target_outcomes
    GROUP BY status_agreement
    UNION ALL
    SELECT 'tries', tries_agreement, count(*) FROM replay.target_outcomes GROUP BY tries_agreement
) AS counted ON counted.compared = reported.compared AND counted.agreement = reported.agreement
WHERE reported.targets IS DISTINCT FROM counted.targets""",
    ),
    Rule(
        "reports.agreement_counts",
        "shares_sum_to_one",
        "The shares of a comparison's verdicts sum to 1.",
        query=f"""
SELECT compared, sum(share) AS share
FROM reports.agreement_counts
GROUP BY compared
HAVING NOT coalesce(abs(sum(share) - 1) <= {EPSILON}, FALSE)""",
    ),
    Rule(
        "reports.campaign_standing",
        "shares_are_their_counts",
        "Each share is its numerator divided by its denominator, and the difference is one minus the other.",
        query=f"""
SELECT source, campaign_key, reached, targets, share_reached, targets_contacted, targets_attempted,
    contact_rate_per_target, difference
FROM reports.campaign_standing
WHERE NOT coalesce(
    reached BETWEEN 0 AND targets AND abs(share_reached - reached / targets) <= {EPSILON}
    AND abs(contact_rate_per_target - targets_contacted / targets_attempted) <= {EPSILON}
    AND abs(difference - (reached / targets - targets_contacted / targets_attempted)) <= {EPSILON}, FALSE
)""",
    ),
    Rule(
        "reports.headline_sources",
        "counts_equal_the_attempts",
        "Campaigns tried, and attempts outside of any, are those that core.attempts has of the source.",
        query="""
SELECT coalesce(reported.source, counted.source) AS source, reported.campaigns_tried,
    counted.campaigns_tried AS counted_campaigns_tried, reported.attempts_outside_campaigns,
    counted.attempts_outside_campaigns AS counted_attempts_outside_campaigns
FROM reports.headline_sources AS reported
FULL OUTER JOIN (
    SELECT source,
        count(*) FILTER (WHERE attempts > 0 AND campaign_key <> source || ':none') AS campaigns_tried,
        coalesce(sum(attempts) FILTER (WHERE campaign_key = source || ':none'), 0) AS attempts_outside_campaigns
    FROM (
        SELECT source, campaign_key, count(*) FILTER (WHERE is_attempt AND measures_contact) AS attempts
        FROM core.attempts
        GROUP BY source, campaign_key
    )
    GROUP BY source
) AS counted ON counted.source = reported.source
WHERE reported.source IS NULL OR reported.campaigns_tried <> coalesce(counted.campaigns_tried, 0)
    OR reported.attempts_outside_campaigns <> coalesce(counted.attempts_outside_campaigns, 0)""",
    ),
    Rule(
        "reports.headline",
        "counts_equal_the_attempts",
        "There is one row, whose targets are those that core.attempts has, each counted once per source.",
        query="""
SELECT reported.targets_attempted, counted.targets_attempted AS counted_targets_attempted,
    reported.targets_contacted, counted.targets_contacted AS counted_targets_contacted, reported.rows
FROM (
    SELECT count(*) AS rows, sum(targets_attempted) AS targets_attempted, sum(targets_contacted) AS targets_contacted
    FROM reports.headline
) AS reported
CROSS JOIN (
    SELECT count(*) FILTER (WHERE attempts > 0) AS targets_attempted,
        count(*) FILTER (WHERE contacts > 0) AS targets_contacted
    FROM (
        SELECT count(*) FILTER (WHERE is_attempt) AS attempts, count(*) FILTER (WHERE is_contact) AS contacts
        FROM core.attempts
        WHERE measures_contact
        GROUP BY source, target_key
    )
) AS counted
WHERE reported.rows <> 1 OR reported.targets_attempted IS DISTINCT FROM counted.targets_attempted
    OR reported.targets_contacted IS DISTINCT FROM counted.targets_contacted""",
    ),
    Rule(
        "reports.headline",
        "sums_equal_the_sources",
        "Targets attempted, reached, open and closed are the sums of those of the sources.",
        query="""
SELECT headline.targets_attempted, sums.targets_attempted AS summed_targets_attempted, headline.targets_contacted,
    sums.targets_contacted AS summed_targets_contacted, headline.targets_open, sums.targets_open AS summed_targets_open,
    headline.targets_closed, sums.targets_closed AS summed_targets_closed
FROM reports.headline AS headline
CROSS JOIN (
    SELECT coalesce(sum(targets_attempted), 0) AS targets_attempted,
        coalesce(sum(targets_contacted), 0) AS targets_contacted,
        coalesce(sum(targets_open), 0) AS targets_open, coalesce(sum(targets_closed), 0) AS targets_closed
    FROM reports.headline_sources
) AS sums
WHERE headline.targets_attempted <> sums.targets_attempted OR headline.targets_contacted <> sums.targets_contacted
    OR headline.targets_open <> sums.targets_open OR headline.targets_closed <> sums.targets_closed""",
    ),
    Rule(
        "reports.headline",
        "rate_is_its_counts",
        "The rate is the targets reached divided by the targets attempted, and null when none was.",
        query=f"""
SELECT targets_contacted, targets_attempted, contact_rate_per_target
FROM reports.headline
WHERE NOT coalesce(
    CASE
        WHEN targets_attempted = 0 THEN contact_rate_per_target IS NULL
        ELSE abs(contact_rate_per_target - targets_contacted / targets_attempted) <= {EPSILON}
    END, FALSE
)""",
    ),
    Rule(
        "reports.headline",
        "others_are_open_or_closed",
        "Every target that was tried and not reached is open or closed; those of unknown end are some of them.",
        query="""
SELECT targets_attempted, targets_contacted, targets_not_contacted, targets_open, targets_closed, targets_unknown
FROM reports.headline
WHERE NOT coalesce(
    targets_not_contacted = targets_attempted - targets_contacted
    AND targets_open + targets_closed = targets_not_contacted
    AND least(targets_open, targets_closed) >= 0 AND targets_unknown BETWEEN 0 AND targets_not_contacted, FALSE
)""",
    ),
    Rule(
        "reports.headline",
        "unknown_ends_equal_the_attempts",
        "The targets of unknown end are those that core.attempts shows: not reached, the last attempt unknown or open.",
        query="""
SELECT reported.targets_unknown, counted.targets_unknown AS counted
FROM reports.headline AS reported
CROSS JOIN (
    SELECT count(*) AS targets_unknown
    FROM (
        SELECT arg_max(disposition, (attempted_at, attempt_key)) AS latest
        FROM core.attempts
        WHERE is_attempt AND measures_contact AND target_key IN (
            SELECT target_key
            FROM core.attempts
            WHERE disposition IN ('unknown', 'in_progress') AND is_attempt AND measures_contact
        )
        GROUP BY source, target_key
        HAVING NOT bool_or(is_contact)
    )
    WHERE latest IN ('unknown', 'in_progress')
) AS counted
WHERE reported.targets_unknown IS DISTINCT FROM counted.targets_unknown""",
    ),
    Rule(
        "reports.headline",
        "rows_equal_the_accounting",
        "Files and rows are those of quality.row_accounting: read = accepted + superseded + rejected.",
        query="""
SELECT reported.files, counted.files AS counted_files, reported.rows_read, counted.rows_read AS counted_rows_read,
    reported.rows_accepted, reported.rows_superseded, reported.rows_rejected,
    counted.rows_rejected AS counted_rows_rejected
FROM reports.headline AS reported
CROSS JOIN (
    SELECT count(*) AS files, coalesce(sum(rows_read), 0) AS rows_read,
        coalesce(sum(rows_rejected), 0) AS rows_rejected
    FROM quality.row_accounting
) AS counted
WHERE reported.files IS DISTINCT FROM counted.files OR reported.rows_read IS DISTINCT FROM counted.rows_read
    OR reported.rows_rejected IS DISTINCT FROM counted.rows_rejected
    OR reported.rows_read
    IS DISTINCT FROM reported.rows_accepted + reported.rows_superseded + reported.rows_rejected""",
    ),
)

_RAW_COUNTS = " UNION ALL ".join(
    f"SELECT {literal(r.source)} AS source, {literal(r.name)} AS resource, count(*) AS rows FROM raw.{quoted(r.table)}"
    for r in RESOURCES
)

QUALITY_RULES = (
    Rule(
        "quality.row_accounting",
        "accounting_law_holds",
        "Of every file: rows read = accepted + superseded + rejected.",
        query="""
SELECT source, resource, file, rows_read, rows_accepted, rows_superseded, rows_rejected
FROM quality.row_accounting
WHERE NOT coalesce(rows_read = rows_accepted + rows_superseded + rows_rejected, FALSE)
    OR least(rows_read, rows_accepted, rows_superseded, rows_rejected) < 0""",
    ),
    Rule(
        "quality.row_accounting",
        "accepted_rows_equal_the_table",
        "The rows accepted from all files of a resource are the rows of its table.",
        query=f"""
SELECT stored.source, stored.resource, stored.rows, coalesce(accounted.rows, 0) AS accepted
FROM ({_RAW_COUNTS}) AS stored
LEFT JOIN (
    SELECT source, resource, sum(rows_accepted) AS rows FROM quality.row_accounting GROUP BY source, resource
) AS accounted ON accounted.source = stored.source AND accounted.resource = stored.resource
WHERE stored.rows <> coalesce(accounted.rows, 0)""",
    ),
    Rule(
        "quality.row_accounting",
        "rejected_rows_are_listed",
        "Every rejected row is kept with its reason.",
        query="""
SELECT accounted.source, accounted.resource, accounted.file, accounted.rows_rejected, coalesce(listed.rows, 0) AS listed
FROM quality.row_accounting AS accounted
LEFT JOIN (
    SELECT source, resource, file, count(*) AS rows FROM quality.rejected_rows GROUP BY source, resource, file
) AS listed
    ON listed.source = accounted.source AND listed.resource = accounted.resource AND listed.file = accounted.file
WHERE accounted.rows_rejected <> coalesce(listed.rows, 0)""",
    ),
    Rule(
        "quality.row_accounting",
        "rejected_share_is_low",
        f"At most {REJECTED_SHARE:.0%} of the rows in a resource's files, as they are now, are rejected.",
        "warn",
        query=f"""
SELECT source, resource, sum(rows_rejected) AS rejected, sum(rows_in_file) AS rows_in_files
FROM quality.row_accounting
GROUP BY source, resource
HAVING sum(rows_rejected) > {REJECTED_SHARE} * sum(rows_in_file)""",
    ),
    *(
        Rule(
            "quality.notices",
            name,
            description,
            "warn",
            query=f"""
SELECT source, resource, field, value, sum(rows) AS rows, min(file) AS first_file, min(detail) AS detail
FROM quality.notices
WHERE code = {literal(code)}
GROUP BY source, resource, field, value
ORDER BY rows DESC, source, resource, field, value""",
        )
        for name, code, description in (
            (
                "values_are_known",
                "unknown_value",
                "Fields with a known set of values have no other: map the new ones.",
            ),
            (
                "states_are_consistent",
                "inconsistent",
                "No row contradicts itself; the state of one that does is derived.",
            ),
            (
                "no_page_is_missing",
                "page_total",
                "A set of pages holds as many rows as its pages say there are.",
            ),
        )
    ),
    Rule(
        "quality.notices",
        "every_file_is_read",
        "Every file in the landing folder lies in a resource's folder, under a name that is read.",
        "warn",
        query="""
SELECT file AS first_file, rows AS files, detail
FROM quality.notices
WHERE code = 'not_read'
ORDER BY file, detail""",
    ),
)


@cache
def load_rules() -> tuple[Rule, ...]:
    """Every rule. Reads the SQL files, whose headers state some of them."""
    models = load_models()
    return (
        *(rule for resource in RESOURCES for rule in raw_rules(resource)),
        *key_rules(models),
        *figure_rules(models),
        *source_rules(models),
        *rule_files(SQL_ROOT),
        *CORE_RULES,
        *REPLAY_RULES,
        *REPORT_RULES,
        *QUALITY_RULES,
        *DRIFT_RULES,
    )
