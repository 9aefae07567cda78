"""Reports on what became of targets: by campaign, against the platform's own rows, against the policy, in one vocabulary.

Belongs here: counts over what the replay derives, what a queue did with answered calls, and LionDesk's counts of what was
sent. Does not belong here: the state machine (``replay.py``).
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.recount.attempts import Attempt, History, Key
from tests.recount.rates import simple
from tests.recount.replay import INDEXES, Outcome, Result, Violation
from tests.recount.rows import Row, Rows, existing

Figures = dict[str, Any]

IN_PLAY = ("untouched", "in_flight", "stuck", "retry_due", "retry_waiting")
OUTCOMES = (*IN_PLAY, "reached", "stranded", "exhausted", "not_dialable", "unresolved")
POLICY = ("retry_too_soon", "try_limit_exceeded", "destination_out_of_order")
"""Rules of the retry policy: a call can break them only where an outplan was in force."""


# ------------------------------------------------------------------------------------------------- the replay


def target_outcomes(outcomes: Mapping[str, Outcome]) -> dict[tuple[str], Figures]:
    """replay.target_outcomes."""
    return {
        (target,): {
            "outdial_id": outcome.outdial,
            "campaign_id": outcome.campaign,
            "status": outcome.status,
            "outcome": outcome.outcome,
            "ever_reached": outcome.reached_at is not None,
            **{f"try_count_{index}": outcome.tries[index] for index in INDEXES},
            "attempts": outcome.attempts,
            "first_attempt_at": outcome.first_at,
            "last_attempt_at": outcome.last_at,
            "last_hangup_at": outcome.hangup_at,
            "reached_at": outcome.reached_at,
            "tries_left": outcome.tries_left,
            "next_destination_index": outcome.next_index,
            "next_eligible_at": outcome.eligible_at,
            "platform_status": outcome.platform_status,
            "status_agreement": outcome.status_agreement,
            "tries_agreement": outcome.tries_agreement,
            "deleted_at": outcome.deleted_at,
            "violations": outcome.violations,
        }
        for target, outcome in outcomes.items()
    }


def transitions(replay: Result) -> dict[tuple[str, int], Figures]:
    """replay.transitions."""
    return {
        (write.target, write.sequence): {
            "campaigncall_id": write.call,
            "occurred_at": write.at,
            "event": write.event,
            "from_status": write.before,
            "to_status": write.after,
            "destination_index": write.index,
            "tries_used": write.tries,
        }
        for write in replay.transitions
    }


def violations(replay: Result) -> dict[tuple[str, str], Figures]:
    """replay.violations."""
    return {
        (broken.call, broken.code): {
            "outdial_target_id": broken.target,
            "verdict": broken.verdict,
            "occurred_at": broken.at,
        }
        for broken in replay.violations
    }


def contact_outcomes(
    campaigns: Mapping[Key, Sequence[History]], outcomes: Mapping[str, Outcome]
) -> dict[tuple[str, str, str], Figures]:
    """replay.contact_outcomes: the dialer's targets by the replay, the others by their attempts."""
    found: dict[tuple[str, str, str], Figures] = {}
    for (source, campaign), targets in campaigns.items():
        for history in targets if source in ("action_builder", "outreach") else ():
            tried, first = history.attempts, history.first_contact
            if first:
                outcome = "reached"
            elif not tried:
                outcome = "untouched"
            else:
                outcome = "closed" if history.end in ("bad_contact_info", "do_not_contact") else "attempted"
            found[source, campaign, history.target] = {
                "outcome": outcome,
                "detail": history.latest.disposition,
                "attempts": len(tried),
                "first_attempt_at": tried[0].at if tried else None,
                "last_attempt_at": tried[-1].at if tried else None,
                "reached_at": tried[first - 1].at if first else None,
            }
    for target, dialed in outcomes.items():
        found["voipbin", f"voipbin:{dialed.campaign or 'none'}", f"voipbin:{target}"] = {
            "outcome": _dialed(dialed),
            "detail": dialed.outcome,
            "attempts": dialed.attempts,
            "first_attempt_at": dialed.first_at,
            "last_attempt_at": dialed.last_at,
            "reached_at": dialed.reached_at,
        }
    return found


def _dialed(target: Outcome) -> str:
    """Where a target of the dialer stands, in the words of every source. What is done and not reached is over."""
    if target.outcome in ("reached", "untouched"):
        return target.outcome
    return "closed" if target.status == "done" or target.outcome == "not_dialable" else "attempted"


# ------------------------------------------------------------------------------------------------- by campaign


def campaign_outcomes(outcomes: Mapping[str, Outcome]) -> dict[tuple[str | None, str], Figures]:
    """reports.campaign_outcomes."""
    counted = Counter((outcome.campaign, outcome.outcome) for outcome in outcomes.values())
    totals = Counter(outcome.campaign for outcome in outcomes.values())
    return {
        (campaign, name): {"targets": count, "share": count / totals[campaign]}
        for (campaign, name), count in counted.items()
    }


def platform_agreement(
    outcomes: Mapping[str, Outcome],
) -> dict[tuple[str | None, str, str], Figures]:
    """reports.platform_agreement."""
    groups: dict[tuple[str | None, str, str], list[str]] = defaultdict(list)
    totals = Counter(outcome.campaign for outcome in outcomes.values())
    for target, outcome in outcomes.items():
        groups[outcome.campaign, outcome.status_agreement, outcome.tries_agreement].append(target)
    return {
        (campaign, status, tries): {
            "is_expected": status in ("match", "exhausted_left_idle", "not_yet_comparable")
            and tries in ("match", "not_yet_comparable"),
            "targets": len(targets),
            "share": len(targets) / totals[campaign],
            "examples": first_and_last(targets),
        }
        for (campaign, status, tries), targets in groups.items()
    }


def policy_audit(replay: Result) -> dict[tuple[str | None, str], Figures]:
    """reports.policy_audit: each campaign and rule that its calls broke, and each campaign over all rules."""
    found: dict[tuple[str | None, str], Figures] = {}
    dials = {dial.call: dial for dial in replay.dials}
    for campaign in {dial.campaign for dial in replay.dials}:
        theirs = [dial.call for dial in replay.dials if dial.campaign == campaign]
        planned = {call for call in theirs if dials[call].is_planned}
        broken = [violation for violation in replay.violations if dials[violation.call].campaign == campaign]
        for code in {violation.code for violation in broken}:
            those = [violation for violation in broken if violation.code == code]
            unsure = {violation.call for violation in those if violation.verdict == "unverifiable"}
            judged = len(planned - unsure) if code in POLICY else len(theirs)
            found[campaign, code] = _audit(those, judged, len(theirs))
        unsure = {call for call in theirs if _gravest(broken, call) == "unverifiable"}
        illegal = {call for call in theirs if _gravest(broken, call) == "illegal"}
        found[campaign, "all"] = _audit(broken, len((planned - unsure) | illegal), len(theirs))
    return found


def _gravest(violations: Iterable[Violation], call: str) -> str | None:
    verdicts = {violation.verdict for violation in violations if violation.call == call}
    return next((word for word in ("illegal", "unverifiable", "tolerated") if word in verdicts), None)


def _audit(broken: Sequence[Violation], judged: int, campaign_calls: int) -> Figures:
    calls = {violation.call for violation in broken}
    verdicts = Counter(_gravest(broken, call) for call in calls)
    return {
        "calls": len(calls),
        "targets": len({violation.target for violation in broken} - {None}),
        "share_of_calls": len(calls) / campaign_calls,
        "illegal_calls": verdicts["illegal"],
        "tolerated_calls": verdicts["tolerated"],
        "unverifiable_calls": verdicts["unverifiable"],
        "judged_calls": judged,
        "fitness": 1 - verdicts["illegal"] / judged if judged else None,
        "campaign_calls": campaign_calls,
        "first_at": min((violation.at for violation in broken), default=None),
        "last_at": max((violation.at for violation in broken), default=None),
        "examples": first_and_last(calls),
    }


def first_and_last(names: Iterable[str]) -> str | None:
    """The lowest and the highest name, as text; the one name when there is only one."""
    names = sorted(names)
    return ", ".join(dict.fromkeys((names[0], names[-1]))) if names else None


# ---------------------------------------------------------------------------------------------------- what is left


def inventory(targets: Sequence[History], outcomes: Mapping[str, Outcome]) -> Figures:
    """reports.inventory of one campaign of the dialer, or of all of them.

    A call that names no target is a target of its own, ``unnamed``: no outcome is known of it.
    """
    targets = [history for history in targets if history.attempts or history.is_listed]
    theirs = [
        outcomes[target]
        for history in targets
        if (target := history.target.removeprefix("voipbin:")) in outcomes
    ]
    counts = Counter(outcome.outcome for outcome in theirs)
    kept = [outcome for outcome in theirs if outcome.deleted_at is None]
    in_play = [outcome for outcome in kept if outcome.outcome in IN_PLAY]
    untouched = [outcome for outcome in in_play if outcome.outcome == "untouched"]
    waiting = [outcome.eligible_at for outcome in in_play if outcome.outcome == "retry_waiting"]
    attempted = sum(1 for history in targets if history.attempts)
    attempts = sum(len(history.attempts) for history in targets)
    return {
        **{name: counts[name] for name in OUTCOMES},
        "unnamed": len(targets) - len(theirs),
        "targets": len(targets),
        "attempted": attempted,
        "attempts": attempts,
        "penetration": attempted / len(targets) if any(history.is_listed for history in targets) else None,
        "saturation": attempts / len(targets),
        "deleted": len(theirs) - len(kept),
        "remaining_tries": _tries_left(in_play),
        "remaining_tries_untouched": _tries_left(untouched),
        "stranded_tries": sum(outcome.tries_left or 0 for outcome in kept if outcome.outcome == "stranded"),
        "next_eligible_at": min((at for at in waiting if at is not None), default=None),
    }


def _tries_left(outcomes: Sequence[Outcome]) -> int | None:
    """Tries left of these targets. Those whose outplan is not known add none; None when none is known."""
    known = [outcome.tries_left for outcome in outcomes if outcome.tries_left is not None]
    return sum(known) if known or not outcomes else None


# ----------------------------------------------------------------------------------------------------- the queue


def abandonment(rows: Rows, until: datetime) -> dict[tuple[str, str], Figures]:
    """reports.abandonment: answered calls of the last 30 days that a queue took, and those gone before an agent.

    ``until``: the dialer's moment.
    """
    since = until - timedelta(days=30)
    voices = {row["id"]: row for row in existing(rows, "voipbin_calls", until)}
    stays: dict[str, list[Row]] = defaultdict(list)
    for row in existing(rows, "voipbin_queuecalls", until):
        if row["reference_type"] in (None, "call"):
            stays[row["reference_id"]].append(row)
    queued: dict[tuple[str, str], list[list[Row]]] = defaultdict(list)
    for row in rows.get("voipbin_campaigncalls", ()):
        theirs, voice = stays.get(row.get("reference_id") or ""), voices.get(row.get("reference_id") or "")
        was_answered = voice is None or voice["tm_progressing"] is not None
        if theirs and since < row["tm_create"] <= until and was_answered:
            queued["voipbin", f"voipbin:{row['campaign_id'] or 'none'}"].append(theirs)
    return {key: _abandoned(calls, since) for key, calls in queued.items()}


def _abandoned(calls: Sequence[Sequence[Row]], since: datetime) -> Figures:
    gone = [
        theirs
        for theirs in calls
        if any(stay["status"] == "abandoned" for stay in theirs)
        and not any(stay["tm_service"] or stay["status"] in ("service", "done") for stay in theirs)
    ]
    waits = [
        max(known) / 1000
        for theirs in gone
        if (known := [stay["duration_waiting"] for stay in theirs if stay["duration_waiting"] is not None])
    ]
    return {
        "calls_queued": len(calls),
        "calls_abandoned": len(gone),
        **simple(len(gone), len(calls)).columns("abandoned_share"),
        "mean_wait_seconds": statistics.fmean(waits) if waits else None,
        "since_at": since,
    }


# -------------------------------------------------------------------------------------------------- what was sent


def communications(ledger: Sequence[Attempt], rows: Rows) -> dict[tuple[str, str, str], Figures]:
    """reports.scheduled_communications: LionDesk's campaigns, types and agents."""
    attempts = {attempt.key: attempt for attempt in ledger}
    groups: dict[tuple[str, str, str], list[tuple[Row, Attempt]]] = defaultdict(list)
    for row in rows.get("liondesk_contact_communications", ()):
        sent = attempts[f"liondesk:contact_communications:{row['communication_key']}"]
        groups[sent.campaign, row["type"] or "none", sent.agent or "none"].append((row, sent))
    return {key: _communications(theirs) for key, theirs in groups.items()}


def _communications(theirs: Sequence[tuple[Row, Attempt]]) -> Figures:
    states = Counter(sent.disposition for _, sent in theirs)
    due = states["overdue"] + states["dispatched"] + states["completed_manually"]
    lags = sorted(
        (sent.ended_at - row["send_at"]).total_seconds()
        for row, sent in theirs
        if sent.disposition == "dispatched" and sent.ended_at and row["send_at"]
    )
    planned = {
        state: [row["send_at"] for row, sent in theirs if sent.disposition == state]
        for state in ("overdue", "scheduled")
    }
    return {
        **{
            state: states[state]
            for state in ("scheduled", "overdue", "dispatched", "completed_manually", "unknown")
        },
        "communications": len(theirs),
        "contacts": len({sent.target for _, sent in theirs}),
        "channel": theirs[0][1].channel,
        "share_dispatched": states["dispatched"] / len(theirs),
        "share_overdue": states["overdue"] / due if due else None,
        "dispatch_lag_seconds_median": statistics.median(lags) if lags else None,
        "dispatch_lag_seconds_mean": statistics.fmean(lags) if lags else None,
        "dispatch_lag_seconds_max": max(lags, default=None),
        "oldest_overdue_at": min(planned["overdue"], default=None),
        "next_scheduled_at": min(planned["scheduled"], default=None),
    }
