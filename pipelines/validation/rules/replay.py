"""The rules of schema ``replay``: status writes, outcomes and violations of the dialer's targets."""

from __future__ import annotations

from pipelines.validation.rule import Rule, one_of, text_list, value_rows
from pipelines.validation.rules.vocabulary import FINAL_OUTCOMES, OUTCOMES, VIOLATIONS

REPLAY_RULES = (
    one_of("replay.transitions", "event", ("dial", "hangup"), ("outdial_target_id", "sequence")),
    Rule(
        "replay.transitions",
        "every_transition_follows_the_last",
        "A target begins as `idle`. Its status writes are numbered 1, 2, 3, … in the order of their times, and each "
        "begins with the status that the one before it left.",
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
        is_keyed=True,
    ),
    Rule(
        "replay.transitions",
        "transitions_are_legal",
        "A dial makes a target `progressing`, or leaves it `done`. A hangup makes a `progressing` target `idle` or "
        "`done`, or leaves the status as it is.",
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
        "The last status write of a target leaves the status that the target has in replay.target_outcomes.",
        query="""
SELECT outcomes.outdial_target_id, outcomes.outcome, outcomes.status, writes.to_status
FROM replay.target_outcomes AS outcomes
LEFT JOIN (
    SELECT outdial_target_id, max_by(to_status, sequence) AS to_status
    FROM replay.transitions
    GROUP BY outdial_target_id
) AS writes ON writes.outdial_target_id = outcomes.outdial_target_id
WHERE (outcomes.attempts > 0 OR writes.to_status IS NOT NULL) AND writes.to_status IS DISTINCT FROM outcomes.status""",
        is_keyed=True,
    ),
    Rule(
        "replay.transitions",
        "tries_used_agree_with_outcome",
        "The tries in evidence after the last status write at a destination are the target's tries there in "
        "replay.target_outcomes.",
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
        is_keyed=True,
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
        "The outcome decides `ever_reached`, and allows the status.",
        query=f"""
SELECT outdial_target_id, outcome, status, ever_reached
FROM replay.target_outcomes
WHERE coalesce(
    (outcome, status) NOT IN (
        {value_rows((outcome, status) for outcome, statuses in OUTCOMES.items() for status in statuses)}
    ), TRUE
) OR ever_reached IS DISTINCT FROM (outcome = 'reached')""",
    ),
    Rule(
        "replay.target_outcomes",
        "next_try_follows_the_outcome",
        "A target whose retry is due or waiting has a next destination and a time; the retry is due if that time is "
        "not after as-of. A target that is reached, exhausted, not dialable, in flight or stuck has neither.",
        query=f"""
SELECT outdial_target_id, outcome, next_destination_index, next_eligible_at, as_of
FROM replay.target_outcomes
WHERE (
    outcome IN ({text_list(FINAL_OUTCOMES)}) AND (next_destination_index IS NOT NULL OR next_eligible_at IS NOT NULL)
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
        "Each target's count of violations is the number of its rows in replay.violations.",
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
        "No target is stuck. A stuck target has a call whose hangup was lost, or the platform hangs.",
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
        "The platform's own rows agree with the replay. Differences that are by design, and rows that are too recent to "
        "compare, are left out.",
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
        "Every call names a target that has a row. If it does not, a list of targets is missing, and so is its "
        "inventory.",
        "warn",
        query="""
SELECT campaigncall_id, outdial_target_id, occurred_at
FROM replay.violations
WHERE code = 'orphan_call'
ORDER BY occurred_at, campaigncall_id""",
    ),
)
