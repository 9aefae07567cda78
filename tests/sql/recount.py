"""Every report once more, counted in plain Python: one attempt after the other, one target after the other.

Belongs here: the definitions, written from their words and not from the SQL, over the raw rows that tests/sql/logs.py
makes. Does not belong here: anything the product uses; it is slow and means to be read.

It knows only what those logs contain: the dispositions they use, and targets with one destination each.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests import reference_replay

Z = 1.959963984540054

Row = Mapping[str, Any]
Key = tuple[str, str]

REAL = {
    "contacted",
    "no_contact",
    "voicemail",
    "bad_contact_info",
    "do_not_contact",
    "in_progress",
    "dispatched",
    "unknown",
}
VOIPBIN = {"success": ("contacted", "I"), "fail": ("no_contact", "NC"), None: ("unknown", "UO")}
OUTREACH = {
    1: ("contacted", "I"),
    3: ("contacted", "R"),
    5: ("contacted", "O"),
    6: ("no_contact", "NC"),
    7: ("voicemail", "NC"),
    9: ("bad_contact_info", "NE"),
}
ACTION_BUILDER = [
    ("contacted", "I"), ("no_contact", "NC"), ("bad_contact_info", "NE"), ("skipped", "UH"), ("do_not_contact", "R"),
]  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """One row of the ledger."""

    key: str
    source: str
    campaign: str
    target: str
    at: datetime
    disposition: str
    aapor: str | None
    agent: str = "none"
    index: int | None = None

    @property
    def is_real(self) -> bool:
        return self.disposition in REAL

    @property
    def is_contact(self) -> bool:
        return self.disposition == "contacted"


@dataclass(frozen=True)
class History:
    """One target in one campaign, or over all: its real attempts in order, all its rows, and how it ended."""

    target: str
    attempts: Sequence[Attempt]
    rows: Sequence[Attempt]
    is_listed: bool
    is_done: bool
    is_reached: bool

    @property
    def first_contact(self) -> int | None:
        """Number of the first attempt that reached the target."""
        return next((number for number, attempt in enumerate(self.attempts, 1) if attempt.is_contact), None)

    @property
    def end(self) -> str | None:
        if self.first_contact:
            return "contact"
        if not self.attempts:
            return None
        if self.attempts[-1].disposition in ("bad_contact_info", "do_not_contact"):
            return self.attempts[-1].disposition
        if self.is_done:
            return "reached_elsewhere" if self.is_reached else "exhausted"
        return None

    @property
    def aapor(self) -> str:
        classes = [row.aapor for row in self.rows]
        for telling in ("I", "P", "R", "O"):
            if telling in classes:
                return telling
        return str(self.attempts[-1].aapor) if self.attempts else "UH"


def attempts(rows: Mapping[str, Sequence[Row]], as_of: datetime) -> list[Attempt]:
    """The ledger of these raw rows, as of a moment."""
    found: list[Attempt] = []
    for row in rows.get("action_builder_contact_attempts", ()):
        disposition, aapor = ACTION_BUILDER[row["disposition"]]
        found.append(
            Attempt(
                f"action_builder:contact_attempts:{row['id']}",
                "action_builder",
                f"action_builder:{row['campaign_id']}",
                f"action_builder:{row['entity_id']}",
                row["created_at"],
                disposition,
                aapor,
                f"action_builder:{row['created_by_id']}",
            )
        )
    for row in rows.get("voipbin_campaigncalls", ()):
        if row["destination"] is None and row["result"] != "success":
            disposition, aapor = "never_placed", "UH"
        elif row["status"] != "done" or row["tm_update"] > as_of:
            disposition, aapor = "in_progress", "UH"
        else:
            disposition, aapor = VOIPBIN[row["result"]]
        found.append(
            Attempt(
                f"voipbin:campaigncalls:{row['id']}", "voipbin", f"voipbin:{row['campaign_id'] or 'none'}",
                f"voipbin:{row['outdial_target_id']}", row["tm_create"], disposition, aapor, "none",
                row["destination_index"],
            )
        )  # fmt: skip
    for row in rows.get("outreach_calls", ()):
        disposition, aapor = OUTREACH[row["call_disposition_id"]]
        found.append(
            Attempt(
                f"outreach:calls:{row['id']}", "outreach", f"outreach:{row['sequence_id'] or 'none'}",
                f"outreach:{row['prospect_id']}", row["dialed_at"], disposition, aapor, f"outreach:{row['user_id']}",
            )
        )  # fmt: skip
    return sorted(
        (attempt for attempt in found if attempt.at <= as_of), key=lambda attempt: (attempt.at, attempt.key)
    )


def histories(rows: Mapping[str, Sequence[Row]], as_of: datetime) -> dict[Key, list[History]]:
    """(source, campaign or `all`) → the histories of its targets, VoIPBIN's never dialled ones included."""
    grouped: dict[Key, dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
    for attempt in attempts(rows, as_of):
        for campaign in (attempt.campaign, "all"):
            grouped[attempt.source, campaign][attempt.target].append(attempt)
    listed: set[tuple[str, str]] = set()
    for dialer in rows.get("voipbin_campaigns", ()):
        for target in rows["voipbin_outdialtargets"]:
            if target["outdial_id"] == dialer["outdial_id"]:
                for name in (f"voipbin:{dialer['id']}", "all"):
                    listed.add((name, f"voipbin:{target['id']}"))
                    grouped["voipbin", name].setdefault(f"voipbin:{target['id']}", [])
    done, reached = _ends(rows, as_of)
    return {
        (source, campaign): [
            History(
                target,
                [row for row in theirs if row.is_real],
                theirs,
                (campaign, target) in listed,
                target in done,
                target in reached,
            )
            for target, theirs in targets.items()
        ]
        for (source, campaign), targets in grouped.items()
    }


def _ends(rows: Mapping[str, Sequence[Row]], as_of: datetime) -> tuple[set[str], set[str]]:
    """VoIPBIN's targets that are done, and those of them that were reached."""
    plans = {row["id"]: row for row in rows.get("voipbin_outplans", ())}
    calls: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows.get("voipbin_campaigncalls", ()), key=lambda row: (row["tm_create"], row["id"])):
        if row["tm_create"] <= as_of:
            calls[row["outdial_target_id"]].append(row)
    done, reached = set(), set()
    for target, theirs in calls.items():
        ended = [row for row in theirs if row["status"] == "done" and row["tm_update"] <= as_of]
        if any(row["result"] == "success" for row in ended):
            reached.add(f"voipbin:{target}")
            done.add(f"voipbin:{target}")
        elif len(ended) == len(theirs):
            most = plans[theirs[-1]["outplan_id"]]
            index = theirs[-1]["destination_index"]
            tries = max(len(theirs), *(row["try_count"] for row in theirs))
            if tries >= most[f"max_try_count_{index}"]:
                done.add(f"voipbin:{target}")
    return done, reached


def inventory(
    rows: Mapping[str, Sequence[Row]], targets: Sequence[History], as_of: datetime
) -> dict[str, Any]:
    """reports.inventory of these targets of one campaign, or of all; the one outplan of the log is always in force.

    What became of each target is the word of the plain state machine, not of the SQL.
    """
    outcomes = reference_replay.replay(rows, as_of).outcomes
    targets = [history for history in targets if history.attempts or history.is_listed]
    listed = {row["id"]: row for row in rows["voipbin_outdialtargets"]}
    (plan,) = rows["voipbin_outplans"]

    def tries_left(target: str) -> int:
        return sum(
            max(plan[f"max_try_count_{index}"] - outcomes[target].tries[index], 0)
            for index in range(5)
            if listed[target].get(f"destination_{index}")
        )

    ids = {history.target.removeprefix("voipbin:"): history for history in targets}
    kept = [target for target in ids if outcomes[target].deleted_at is None]
    in_play = ("untouched", "in_flight", "stuck", "retry_due", "retry_waiting")
    counts = Counter(outcomes[target].outcome for target in ids)
    attempted = sum(1 for history in targets if history.attempts)
    attempts = sum(len(history.attempts) for history in targets)
    waiting = [outcomes[target].eligible_at for target in kept if outcomes[target].outcome == "retry_waiting"]
    return {
        **{
            name: counts[name]
            for name in (*in_play, "reached", "stranded", "exhausted", "not_dialable", "unresolved")
        },
        "targets": len(targets),
        "attempted": attempted,
        "attempts": attempts,
        "penetration": attempted / len(targets) if any(history.is_listed for history in targets) else None,
        "saturation": attempts / len(targets),
        "deleted": len(ids) - len(kept),
        "remaining_tries": sum(tries_left(target) for target in kept if outcomes[target].outcome in in_play),
        "remaining_tries_untouched": sum(
            tries_left(target) for target in kept if outcomes[target].outcome == "untouched"
        ),
        "stranded_tries": sum(
            tries_left(target) for target in kept if outcomes[target].outcome == "stranded"
        ),
        "next_eligible_at": min((at for at in waiting if at is not None), default=None),
        "as_of": as_of,
    }


def communications(
    rows: Mapping[str, Sequence[Row]], as_of: datetime
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """reports.scheduled_communications: (campaign, type, agent) → figures."""
    groups: dict[tuple[str, str, str], list[tuple[Row, str]]] = defaultdict(list)
    for row in rows.get("liondesk_contact_communications", ()):
        if not row["is_active"] and row["completed_at"] <= as_of:
            state = "completed_manually" if row["completing_user_id"] else "dispatched"
        else:
            state = "overdue" if row["send_at"] <= as_of else "scheduled"
        agent = row["completing_user_id"] if state == "completed_manually" else row["send_from_user_id"]
        groups[f"liondesk:{row['campaign_name']}", row["type"], f"liondesk:{agent}"].append((row, state))
    found = {}
    for key, theirs in groups.items():
        states = Counter(state for _, state in theirs)
        due = len(theirs) - states["scheduled"]
        lags = sorted(
            (row["completed_at"] - row["send_at"]).total_seconds()
            for row, state in theirs
            if state == "dispatched"
        )
        middle = lags[(len(lags) - 1) // 2 : len(lags) // 2 + 1]
        found[key] = {
            **{name: states[name] for name in ("scheduled", "overdue", "dispatched", "completed_manually")},
            "unknown": 0,
            "communications": len(theirs),
            "contacts": len({row["contact_id"] for row, _ in theirs}),
            "channel": {"Text": "text", "Email": "email", "Call": "phone"}[key[1].partition(" ")[0]],
            "share_dispatched": states["dispatched"] / len(theirs),
            "share_overdue": states["overdue"] / due if due else None,
            "dispatch_lag_seconds_median": sum(middle) / len(middle) if lags else None,
            "dispatch_lag_seconds_mean": sum(lags) / len(lags) if lags else None,
            "dispatch_lag_seconds_max": lags[-1] if lags else None,
            "oldest_overdue_at": min(
                (row["send_at"] for row, state in theirs if state == "overdue"), default=None
            ),
            "next_scheduled_at": min(
                (row["send_at"] for row, state in theirs if state == "scheduled"), default=None
            ),
            "as_of": as_of,
        }
    return found


def wilson(k: float, n: float) -> tuple[float, float]:
    """The two p at which k of n is exactly Z standard errors away: roots of (k/n - p)^2 = Z^2 p (1 - p) / n."""
    p = k / n
    a, b, c = 1 + Z * Z / n, -(2 * p + Z * Z / n), p * p
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def clustered(clusters: Iterable[tuple[int, int]]) -> tuple[float, float, float] | None:
    """Rate and interval of contacts over attempts, given (attempts, contacts) of each target."""
    counts = [(n, x) for n, x in clusters if n]
    total, hits, size = sum(n for n, _ in counts), sum(x for _, x in counts), len(counts)
    if not total:
        return None
    rate = hits / total
    if size == 1:
        effective = 1.0
    elif hits in (0, total):
        effective = float(size)
    else:
        residuals = [x - rate * n for n, x in counts]
        variance = size / (size - 1) * math.fsum(r * r for r in residuals) / total**2
        simple = rate * (1 - rate) / (total - 1)  # the variance, had every attempt been drawn by itself
        effective = min(float(total), total * simple / variance) if variance > 1e-18 else float(total)
    return rate, *wilson(rate * effective, effective)


def contact_rates(targets: Sequence[History]) -> dict[str, Any]:
    """reports.campaign_contact_rates for one campaign."""
    tried = [history for history in targets if history.attempts]
    reached = [history for history in tried if history.first_contact]
    meant = [history for history in targets if history.attempts or history.is_listed]
    total = sum(len(history.attempts) for history in tried)
    hits = sum(attempt.is_contact for history in tried for attempt in history.attempts)
    per_attempt = clustered((len(h.attempts), sum(a.is_contact for a in h.attempts)) for h in tried)
    per_target = (len(reached) / len(tried), *wilson(len(reached), len(tried))) if tried else None
    return {
        "targets": len(meant),
        "targets_attempted": len(tried),
        "targets_contacted": len(reached),
        "attempts": total,
        "contacts": hits,
        "contact_rate_per_attempt": per_attempt and per_attempt[0],
        "contact_rate_per_attempt_low": per_attempt and per_attempt[1],
        "contact_rate_per_attempt_high": per_attempt and per_attempt[2],
        "contact_rate_per_target": per_target and per_target[0],
        "contact_rate_per_target_low": per_target and per_target[1],
        "contact_rate_per_target_high": per_target and per_target[2],
        "penetration": len(tried) / len(meant) if any(history.is_listed for history in meant) else None,
        "saturation": total / len(meant) if meant else None,
        "attempts_per_contact": total / len(reached) if reached else None,
        "is_thin": len(tried) < 5,
    }


def slices(attempt: Attempt, zone: str) -> dict[str, str]:
    """The slice of each dimension that an attempt falls into."""
    day = local(attempt.at, zone).date()
    found = {
        "total": "all",
        "channel": "phone",
        "direction": "outbound",
        "agent": attempt.agent,
        "day": day.isoformat(),
        "week": (day - timedelta(days=day.weekday())).isoformat(),
    }
    return found if attempt.index is None else found | {"destination_index": str(attempt.index)}


def rates_by(ledger: Sequence[Attempt], zone: str) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """reports.contact_rates_by."""
    cells: dict[tuple[str, str, str, str], dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
    for attempt in ledger:
        if attempt.is_real:
            for dimension, value in slices(attempt, zone).items():
                for campaign in (attempt.campaign, "all"):
                    cells[attempt.source, campaign, dimension, value][attempt.target].append(attempt)
    found = {}
    for cell, targets in cells.items():
        clusters = [(len(theirs), sum(a.is_contact for a in theirs)) for theirs in targets.values()]
        reached = sum(x > 0 for _, x in clusters)
        per_attempt, per_target = clustered(clusters), wilson(reached, len(clusters))
        assert per_attempt is not None
        found[cell] = {
            "targets_attempted": len(clusters),
            "targets_contacted": reached,
            "attempts": sum(n for n, _ in clusters),
            "contacts": sum(x for _, x in clusters),
            "contact_rate_per_attempt": per_attempt[0],
            "contact_rate_per_attempt_low": per_attempt[1],
            "contact_rate_per_attempt_high": per_attempt[2],
            "contact_rate_per_target": reached / len(clusters),
            "contact_rate_per_target_low": per_target[0],
            "contact_rate_per_target_high": per_target[1],
        }
    return found


def local(moment: datetime, zone: str) -> datetime:
    """A moment (UTC) on the clock of a zone."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def dispositions(targets: Sequence[History]) -> dict[str, tuple[int, int]]:
    """reports.campaign_dispositions for one campaign: disposition → rows, targets left off with it."""
    rows = Counter(row.disposition for history in targets for row in history.rows)
    latest = Counter((h.attempts or h.rows)[-1].disposition for h in targets if h.rows)
    return {name: (count, latest[name]) for name, count in rows.items()}


def matrix(targets: Sequence[History]) -> Counter[tuple[int, str]]:
    """reports.disposition_matrix for one campaign: (attempt number, disposition) → attempts."""
    return Counter(
        (number, attempt.disposition)
        for history in targets
        for number, attempt in enumerate(history.attempts, 1)
    )


def aalen_johansen(lives: Sequence[tuple[float, int]], at: float) -> tuple[float, float, float]:
    """Share reached by a time, its variance, and the share open before it, from (time, 1 contact, 2 other end, 0 open).

    Stepped through time by time; the variance is the double sum of the delta method, written as it stands.
    """
    moments = sorted({time for time, kind in lives if kind and time <= at})
    open_before, share = 1.0, 0.0
    steps: list[tuple[float, int, int, int, float]] = []
    for moment in moments:
        risk = sum(time >= moment for time, _ in lives)
        contacts = sum(time == moment and kind == 1 for time, kind in lives)
        ends = sum(time == moment and kind == 2 for time, kind in lives)
        share += open_before * contacts / risk
        steps.append((share, risk, contacts, ends, open_before))
        open_before *= 1 - (contacts + ends) / risk
    variance = 0.0
    for then, risk, contacts, ends, before in steps:
        leaving = contacts + ends
        if leaving < risk:
            variance += (share - then) ** 2 * leaving / (risk * (risk - leaving))
        variance += before**2 * contacts * (risk - contacts) / risk**3
        variance -= 2 * (share - then) * before * contacts / risk**2
    if moments and moments[-1] == at:
        open_before = steps[-1][-1]
    return share, variance, open_before


def share_interval(
    lives: Sequence[tuple[float, int]], share: float, variance: float, at: float, open_before: float
) -> tuple[float, float]:
    """Wilson's interval at the number of targets that would be as sure without censoring."""
    effective = float(len(lives))
    at_risk = sum(time >= at for time, _ in lives)
    if at_risk:
        effective = min(effective, at_risk / open_before)
        if 1e-12 < share < 1 - 1e-12 and variance > 0:
            effective = min(effective, share * (1 - share) / variance)
    return wilson(min(max(share, 0), 1) * effective, effective)


def by_number(targets: Sequence[History]) -> list[tuple[float, int]]:
    """(last attempt number without an earlier contact, kind of end) of each attempted target."""
    return [
        (h.first_contact or len(h.attempts), 1 if h.first_contact else 2 if h.end else 0)
        for h in targets
        if h.attempts
    ]


def by_time(targets: Sequence[History], as_of: datetime) -> list[tuple[float, int]]:
    """(microseconds from the first attempt to the end, kind of end) of each attempted target."""
    found: list[tuple[float, int]] = []
    for history in targets:
        if not history.attempts:
            continue
        start = history.attempts[0].at
        if history.first_contact:
            end, kind = history.attempts[history.first_contact - 1].at, 1
        elif history.end:
            end, kind = history.attempts[-1].at, 2
        else:
            end, kind = as_of, 0
        found.append(((end - start) // timedelta(microseconds=1), kind))
    return found


def curve(targets: Sequence[History]) -> list[dict[str, Any]]:
    """reports.attempt_curve for one campaign."""
    lives = by_number(targets)
    found = []
    survival = 1.0
    for number in range(1, 1 + max((int(time) for time, _ in lives), default=0)):
        at_risk = sum(time >= number for time, _ in lives)
        contacts = sum(time == number and kind == 1 for time, kind in lives)
        survival *= 1 - contacts / at_risk
        share, variance, open_before = aalen_johansen(lives, number)
        low, high = share_interval(lives, share, variance, number, open_before)
        found.append(
            {
                "attempt_number": number,
                "at_risk": at_risk,
                "contacts": contacts,
                "competing_ends": sum(time == number and kind == 2 for time, kind in lives),
                "censored": sum(time == number and kind == 0 for time, kind in lives),
                "hazard": contacts / at_risk,
                "hazard_low": wilson(contacts, at_risk)[0],
                "hazard_high": wilson(contacts, at_risk)[1],
                "cumulative_incidence": share,
                "cumulative_incidence_low": low,
                "cumulative_incidence_high": high,
                "one_minus_kaplan_meier": 1 - survival,
            }
        )
    return found


def within(targets: Sequence[History], as_of: datetime, seconds: int) -> tuple[float, float, float] | None:
    """Share of targets reached within a time, with its interval; None when nobody was followed so long."""
    lives = by_time(targets, as_of)
    at = seconds * 1_000_000
    share, variance, open_before = aalen_johansen(lives, at)
    if max(time for time, _ in lives) < at and any(kind == 0 for _, kind in lives):
        return None
    return share, *share_interval(lives, share, variance, at, open_before)


def median(targets: Sequence[History], as_of: datetime) -> float | None:
    """Seconds by which half of the targets were reached."""
    lives = by_time(targets, as_of)
    for moment in sorted({time for time, kind in lives if kind == 1}):
        if aalen_johansen(lives, moment)[0] >= 0.5 - 1e-9:
            return moment / 1e6
    return None


def what_if(targets: Sequence[History]) -> list[tuple[int, int, int]]:
    """reports.retry_what_if as far as the log goes: maximum, attempts, targets reached."""
    tried = [history for history in targets if history.attempts]
    longest = max((len(history.attempts) for history in tried), default=0)
    return [
        (
            most,
            sum(min(len(history.attempts), most) for history in tried),
            sum((history.first_contact or math.inf) <= most for history in tried),
        )
        for most in range(1, longest + 1)
    ]


def raised(targets: Sequence[History], further: int) -> dict[str, float]:
    """reports.retry_what_if beyond the log: every waiting target is tried again, round after round."""
    tried = [history for history in targets if history.attempts]
    longest = max(len(history.attempts) for history in tried)
    tail: list[dict[str, Any]] = []
    for step in reversed(curve(targets)):
        if sum(later["at_risk"] for later in tail) < 30:
            tail.append(step)
    contacts, at_risk = sum(step["contacts"] for step in tail), sum(step["at_risk"] for step in tail)
    waiting = sum(h.end == "exhausted" or (h.end is None and len(h.attempts) == longest) for h in tried)
    _, attempted, reached = what_if(targets)[-1]

    def play(hazard: float) -> tuple[float, float]:
        left, made, hit = float(waiting), float(attempted), float(reached)
        for _ in range(further):
            made += left
            hit += left * hazard
            left -= left * hazard
        return made, hit

    low, high = (min(max(end, 0.0), 1.0) for end in wilson(contacts, at_risk))
    return {
        "attempts": play(contacts / at_risk)[0],
        "attempts_low": play(high)[0],
        "attempts_high": play(low)[0],
        "targets_contacted": play(contacts / at_risk)[1],
        "targets_contacted_low": play(low)[1],
        "targets_contacted_high": play(high)[1],
    }


def best_time(
    targets: Sequence[History], zone: str, only_first: bool
) -> dict[tuple[int, int], dict[str, Any]]:
    """reports.best_time for one campaign and kind: (weekday, hour) → figures."""
    cells: dict[tuple[int, int], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for history in targets:
        for attempt in history.attempts[: 1 if only_first else None]:
            moment = local(attempt.at, zone)
            cells[moment.isoweekday(), moment.hour][history.target].append(attempt.is_contact)
    figures: dict[tuple[int, int], dict[str, Any]] = {}
    for cell, people in cells.items():
        clusters = [(len(hits), sum(hits)) for hits in people.values()]
        n, x = sum(n for n, _ in clusters), sum(x for _, x in clusters)
        if len(clusters) == n:
            interval, weight = wilson(x, n), float(n)
        else:
            found = clustered(clusters)
            assert found is not None
            interval, weight = found[1:], effective_size(found)
        figures[cell] = {
            "attempts": n,
            "contacts": x,
            "low": interval[0],
            "high": interval[1],
            "weight": weight,
        }
    mean = sum(f["contacts"] for f in figures.values()) / sum(f["attempts"] for f in figures.values())
    prior = prior_attempts(
        [(f["contacts"] / f["attempts"], f["weight"]) for f in figures.values() if f["attempts"] >= 5]
    )
    for f in figures.values():
        rate = f["contacts"] / f["attempts"]
        f["shrunk"] = (
            mean if prior == math.inf else (f["weight"] * rate + prior * mean) / (f["weight"] + prior)
        )
    return figures


def prior_attempts(cells: Sequence[tuple[float, float]]) -> float:
    """Kleinman's prior of cells (rate, size), at least 5; infinite when so few or so equal that they tell nothing."""
    if len(cells) < 5:
        return math.inf
    total = math.fsum(size for _, size in cells)
    mean = math.fsum(rate * size for rate, size in cells) / total
    squares = math.fsum(size * (rate - mean) ** 2 for rate, size in cells)
    by_chance = mean * (1 - mean) * (len(cells) - 1)
    freedom = 9 * (len(cells) - 1) / 2
    limit = (1 - 1 / freedom + statistics.NormalDist().inv_cdf(0.95) / math.sqrt(freedom)) ** 3
    scale = math.fsum(size * (1 - size / total) for _, size in cells) - (len(cells) - 1)
    if scale <= 0 or squares <= by_chance * limit + 1e-12:
        return math.inf
    correlation = (squares - by_chance) / (mean * (1 - mean) * scale)
    return max(1 / correlation - 1, 5)


def effective_size(rate_and_interval: tuple[float, float, float]) -> float:
    """The n at which Wilson's interval of a rate has the given width."""
    rate, low, high = rate_and_interval

    def width(n: float) -> float:
        return wilson(rate * n, n)[1] - wilson(rate * n, n)[0]

    small, large = 1e-6, 1e9
    for _ in range(200):
        middle = math.sqrt(small * large)
        small, large = (middle, large) if width(middle) > high - low else (small, middle)
    return small


def aapor(
    count: Callable[[str], int],
    e_uh: float | None = None,
    e_ur: float | None = None,
    e_uo: float | None = None,
) -> dict[str, float | None]:
    """AAPOR's outcome rates from counts by class."""
    i, p, r, nc, o, uh, ur, uo, ne = (
        count(name) for name in ("I", "P", "R", "NC", "O", "UH", "UR", "UO", "NE")
    )
    known = i + p + r + nc + o
    e = known / (known + ne) if known + ne else None
    parts = [
        (uh, e if e_uh is None else e_uh),
        (ur, e if e_ur is None else e_ur),
        (uo, e if e_uo is None else e_uo),
    ]
    if any(unknown and share is None for unknown, share in parts):
        weighed = None
    else:
        weighed = known + sum(unknown * share for unknown, share in parts if unknown and share is not None)
    everybody = known + uh + ur + uo

    def over(top: int, bottom: float | None) -> float | None:
        return top / bottom if bottom else None

    return {
        "rr1": over(i, everybody), "rr2": over(i + p, everybody), "rr3": over(i, weighed), "rr4": over(i + p, weighed),
        "rr5": over(i, known), "rr6": over(i + p, known),
        "coop1": over(i, i + p + r + o), "coop2": over(i + p, i + p + r + o),
        "coop3": over(i, i + p + r), "coop4": over(i + p, i + p + r),
        "ref1": over(r, everybody), "ref2": over(r, weighed), "ref3": over(r, known),
        "con1": over(i + p + r + o, everybody), "con2": over(i + p + r + o, weighed),
        "con3": over(i + p + r + o, known),
    }  # fmt: skip
