"""Damage done to a dialer's log on purpose, with a note of what was done where.

Belongs here: calls that break one rule each, rows lost from the log, writes lost by the platform, and polls that
hand out the same call twice. Does not belong here: the log itself (`dialer.py`) and any judging. Each function
takes a log, leaves it alone, and returns a damaged copy beside what a correct reader must find in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

from tests.simulation.dialer import (
    DESTINATIONS,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Call,
    Dice,
    Log,
    OutplanVersion,
    Target,
    Write,
    address,
    identifier,
)

Calls = list[Call]
Fits = Callable[[Target, Calls], bool]
Taken = Iterator[tuple[Target, Calls]]

# Clear of the clock tolerance on one side, well within it on the other.
_EXCUSED = 2 * SECOND


@dataclass(frozen=True)
class Fault:
    """One call that breaks one rule, and no other."""

    call_id: str
    target_id: str
    code: str
    verdict: str = "illegal"


@dataclass(frozen=True)
class Drift:
    """What a target whose platform row was damaged must be reported as."""

    target_id: str
    status_agreement: str
    tries_agreement: str
    outcome: str | None = None


class _Bench:
    """A copy of a log to work on. Each target is taken once, so that one damage never hides another."""

    def __init__(self, log: Log, seed: object, avoid: Collection[str] = ()) -> None:
        self.log = Log(
            calls=[replace(call) for call in log.calls],
            targets=deepcopy(log.targets),
            outplans=list(log.outplans),
            campaigns=[replace(campaign) for campaign in log.campaigns],
            end=log.end,
        )
        self.seed = seed
        self.dice = Dice("damage", seed)
        self.calls = self.log.by_target()
        self.targets = {target.id: target for target in self.log.targets}
        self.order = self.dice.shuffled(target_id for target_id in self.calls if target_id in self.targets)
        self.taken = set(avoid)
        self.gone: set[str] = set()
        self.made = 0
        # A poll shows its own time only by the latest thing in it, which may be well before the log's end.
        self.latest = last_end(log.calls) if log.calls else log.end

    def finish(self) -> Log:
        """The damaged log, in order."""
        self.log.calls = [call for call in self.log.calls if call.id not in self.gone]
        self.log.calls.sort(key=lambda call: (call.tm_create, call.id))
        return self.log

    # ---- choosing targets

    def take(self, fits: Fits, wanted: int, trim: bool = False) -> Taken:
        """Up to `wanted` targets with calls that are not taken yet and fit; they are taken by this.

        With `trim`, a target may also fit as it was some calls ago: what came later is struck from the log and
        from the platform's row, as if the dialer had never come back to it.
        """
        for target_id in self.order:
            if wanted <= 0:
                return
            if target_id in self.taken:
                continue
            target, calls = self.targets[target_id], self.calls[target_id]
            for keep in range(len(calls), 0 if trim else len(calls) - 1, -1):
                if fits(target, calls[:keep]):
                    self._strike(target, calls, keep)
                    self.taken.add(target_id)
                    wanted -= 1
                    yield target, calls
                    break

    def _strike(self, target: Target, calls: Calls, keep: int) -> None:
        if keep < len(calls):
            since = calls[keep].tm_create
            # A dial's own write comes after it; a hangup's may come at the very moment of the next dial.
            target.writes = [write for write in target.writes if write.at <= since]
            self.gone.update(call.id for call in calls[keep:])
            del calls[keep:]

    def settled(self, target: Target, calls: Calls) -> bool:
        """All calls over for a while, the target alive, every outplan known."""
        return (
            target.tm_delete is None
            and all(call.status == "done" for call in calls)
            and last_end(calls) < self.log.end - HOUR
            and all(self.log.in_force(call.outplan_id, call.tm_create) for call in calls)
        )

    def aged(self, target: Target, calls: Calls) -> bool:
        """Settled so long ago that its row can be compared, and a call that is open still is stuck."""
        return self.settled(target, calls) and last_end(calls) < self.latest - 3 * HOUR

    def failed(self, target: Target, calls: Calls) -> bool:
        """Settled, and its last call reached nobody."""
        return self.settled(target, calls) and calls[-1].result == "fail"

    def one_policy(self, calls: Calls) -> bool:
        """One version in force from the last call until a further call is over, and the log goes on so long."""
        until = self._until(calls)
        plan = self.log.in_force(calls[-1].outplan_id, calls[-1].tm_create)
        return until < self.log.end - 10 * MINUTE and plan is self.log.in_force(calls[-1].outplan_id, until)

    def retryable(self, target: Target, calls: Calls) -> bool:
        """Settled, never reached, with tries left."""
        return self._waits(target, calls) and bool(self.left(target, calls))

    def exhausted(self, target: Target, calls: Calls) -> bool:
        """Settled, never reached, with no tries left."""
        return self._waits(target, calls) and not self.left(target, calls)

    def reached(self, target: Target, calls: Calls) -> bool:
        """Settled, reached by its last call, with tries left that nobody needs."""
        return (
            self.settled(target, calls)
            and calls[-1].result == "success"
            and self.one_policy(calls)
            and bool(self.left(target, calls))
        )

    def _waits(self, target: Target, calls: Calls) -> bool:
        return (
            self.settled(target, calls)
            and all(call.result == "fail" for call in calls)
            and self.one_policy(calls)
        )

    # ---- what the policy says

    def policy(self, calls: Calls) -> OutplanVersion:
        """The version in force at the last call, which `settled` says is known."""
        plan = self.log.in_force(calls[-1].outplan_id, calls[-1].tm_create)
        if plan is None:
            raise LookupError(f"no outplan was in force at call {calls[-1].id}")
        return plan

    def spare(self, target: Target, calls: Calls) -> list[int]:
        """Tries left at each destination; 0 where there is none."""
        plan = self.policy(calls)
        return [
            max(0, plan.max_try_count[index] - sum(call.index == index for call in calls))
            if target.destinations[index]
            else 0
            for index in range(DESTINATIONS)
        ]

    def left(self, target: Target, calls: Calls) -> list[int]:
        """Destinations with tries left, lowest first."""
        return [index for index, tries in enumerate(self.spare(target, calls)) if tries]

    def next_legal(self, calls: Calls) -> int:
        """A moment at which the last call's campaign might dial again."""
        return last_end(calls) + self.policy(calls).interval + self.dice.between(MINUTE, 20 * MINUTE)

    def _until(self, calls: Calls) -> int:
        """By when whatever is added after the last call is over."""
        plan = self.log.in_force(calls[-1].outplan_id, calls[-1].tm_create)
        return last_end(calls) + (plan.interval if plan else 0) + 25 * MINUTE

    # ---- changing the log

    def dial(self, target: Target, calls: Calls, index: int, when: int, lasts: int = 31 * SECOND) -> Call:
        """One more failed call of the target, and the platform's two writes for it."""
        self.made += 1
        call = replace(
            calls[-1],
            id=identifier(self.seed, "fault", self.made, calls[-1].id),
            destination=target.destinations[index],
            index=index,
            try_count=sum(call.index == index for call in calls) + 1,
            status="done",
            result="fail",
            tm_create=when,
            tm_update=when + lasts,
            answered_at=None,
        )
        self.log.calls.append(call)
        calls.append(call)
        target.writes.append(Write(when + 5 * MILLISECOND, "progressing", index))
        target.writes.append(Write(when + lasts + 5 * MILLISECOND, "idle"))
        return call


def last_end(calls: Calls) -> int:
    """When the last of these calls ended, as far as is known."""
    return max(call.tm_update or call.tm_create for call in calls)


# ------------------------------------------------------------------------------------------------ faults


def _dial_after_done(bench: _Bench, each: int) -> Iterator[Fault]:
    for target, calls in bench.take(bench.reached, each):
        call = bench.dial(target, calls, bench.left(target, calls)[0], bench.next_legal(calls))
        yield Fault(call.id, target.id, "dial_after_done")


def _dial_while_active(bench: _Bench, each: int) -> Iterator[Fault]:
    """Two calls within one long call: when the second begins its neighbour is over, the long one is not."""

    def fits(target: Target, calls: Calls) -> bool:
        return bench.retryable(target, calls) and sum(bench.spare(target, calls)) >= 2

    for target, calls in bench.take(fits, each, trim=True):
        long, hangup = calls[-1], _last_write(target)
        long.tm_update = long.tm_create + 20 * MINUTE
        hangup.at = long.tm_update + 5 * MILLISECOND
        for after in (2 * MINUTE, 6 * MINUTE):
            call = bench.dial(target, calls, bench.left(target, calls)[0], long.tm_create + after)
            yield Fault(call.id, target.id, "dial_while_active")


def _retry_too_soon(bench: _Bench, each: int) -> Iterator[Fault]:
    def fits(target: Target, calls: Calls) -> bool:
        return bench.retryable(target, calls) and bench.policy(calls).interval >= 30 * SECOND

    for number, (target, calls) in enumerate(bench.take(fits, each + 1, trim=True)):
        interval, excused = bench.policy(calls).interval, number == each
        when = last_end(calls) + (interval - _EXCUSED if excused else interval // 2)
        call = bench.dial(target, calls, bench.left(target, calls)[0], when)
        yield Fault(call.id, target.id, "retry_too_soon", _verdict(excused))


def _try_limit_exceeded(bench: _Bench, each: int) -> Iterator[Fault]:
    for target, calls in bench.take(bench.exhausted, each):
        call = bench.dial(target, calls, calls[-1].index, bench.next_legal(calls))
        yield Fault(call.id, target.id, "try_limit_exceeded")


def _destination_out_of_order(bench: _Bench, each: int) -> Iterator[Fault]:
    def fits(target: Target, calls: Calls) -> bool:
        return bench.retryable(target, calls) and len(bench.left(target, calls)) > 1

    for target, calls in bench.take(fits, each, trim=True):
        call = bench.dial(target, calls, bench.left(target, calls)[-1], bench.next_legal(calls))
        yield Fault(call.id, target.id, "destination_out_of_order")


def _destination_missing(bench: _Bench, each: int) -> Iterator[Fault]:
    """The phantom: an index that the outplan allows and the target does not have."""

    def phantoms(target: Target, calls: Calls) -> list[int]:
        allowed = bench.policy(calls).max_try_count
        return [
            index for index in range(DESTINATIONS) if allowed[index] > 0 and not target.destinations[index]
        ]

    def fits(target: Target, calls: Calls) -> bool:
        return bench.exhausted(target, calls) and bool(phantoms(target, calls))

    for target, calls in bench.take(fits, each):
        index = phantoms(target, calls)[0]
        call = bench.dial(target, calls, index, bench.next_legal(calls), lasts=40 * MILLISECOND)
        call.has_reference = False
        yield Fault(call.id, target.id, "destination_missing")


def _destination_mismatch(bench: _Bench, each: int) -> Iterator[Fault]:
    for target, calls in bench.take(bench.settled, each):
        known = {destination["target"] for destination in target.destinations if destination}
        other = next(
            number for number in ("+12125550199", "+13125550198", "+14125550197") if number not in known
        )
        calls[-1].destination = address(other, target.name)
        yield Fault(calls[-1].id, target.id, "destination_mismatch")


def _try_count_mismatch(bench: _Bench, each: int) -> Iterator[Fault]:
    def fits(target: Target, calls: Calls) -> bool:
        return bench.settled(target, calls) and calls[-1].try_count > 1

    for target, calls in bench.take(fits, each):
        calls[-1].try_count -= 1
        yield Fault(calls[-1].id, target.id, "try_count_mismatch")


def _result_missing(bench: _Bench, each: int) -> Iterator[Fault]:
    for target, calls in bench.take(bench.failed, each):
        calls[-1].result = None
        yield Fault(calls[-1].id, target.id, "result_missing")


def _result_premature(bench: _Bench, each: int) -> Iterator[Fault]:
    """On calls that are open anyway, and at least on one that is long over and never was closed."""

    def is_open(target: Target, calls: Calls) -> bool:
        return calls[-1].status == "progressing" and target.tm_delete is None

    made = 0
    for target, calls in bench.take(is_open, each - 1):
        calls[-1].result = "fail"
        made += 1
        yield Fault(calls[-1].id, target.id, "result_premature")
    for target, calls in bench.take(bench.failed, each - made):
        calls[-1].status = "progressing"
        calls[-1].tm_update = calls[-1].answered_at = calls[-1].tm_create + SECOND
        yield Fault(calls[-1].id, target.id, "result_premature")


def _time_reversed(bench: _Bench, each: int) -> Iterator[Fault]:
    for number, (target, calls) in enumerate(bench.take(bench.failed, each + 1)):
        excused = number == each
        calls[-1].tm_update = calls[-1].tm_create - (_EXCUSED if excused else 40 * SECOND)
        yield Fault(calls[-1].id, target.id, "time_reversed", _verdict(excused))


def _orphan_call(bench: _Bench, each: int) -> Iterator[Fault]:
    for target, calls in bench.take(bench.failed, each):
        stranger = replace(target, id=identifier(bench.seed, "stranger", target.id), writes=[])
        history = [replace(calls[0], target_id=stranger.id)]
        call = bench.dial(stranger, history, calls[0].index, calls[0].tm_create + 3 * SECOND)
        call.try_count = 1
        yield Fault(call.id, stranger.id, "orphan_call")


def _dial_after_delete(bench: _Bench, each: int) -> Iterator[Fault]:
    def fits(target: Target, calls: Calls) -> bool:
        since = last_end(calls[:-1]) if calls[:-1] else target.tm_create
        return bench.settled(target, calls) and calls[-1].tm_create - since > 2 * MINUTE

    for number, (target, calls) in enumerate(bench.take(fits, each + 1)):
        excused = number == each
        target.tm_delete = calls[-1].tm_create - (_EXCUSED if excused else MINUTE)
        yield Fault(calls[-1].id, target.id, "dial_after_delete", _verdict(excused))


def _verdict(excused: bool) -> str:
    return "tolerated" if excused else "illegal"


_FAULTS: dict[str, Callable[[_Bench, int], Iterator[Fault]]] = {
    "dial_after_done": _dial_after_done,
    "dial_while_active": _dial_while_active,
    "retry_too_soon": _retry_too_soon,
    "try_limit_exceeded": _try_limit_exceeded,
    "destination_out_of_order": _destination_out_of_order,
    "destination_missing": _destination_missing,
    "destination_mismatch": _destination_mismatch,
    "try_count_mismatch": _try_count_mismatch,
    "result_missing": _result_missing,
    "result_premature": _result_premature,
    "time_reversed": _time_reversed,
    "orphan_call": _orphan_call,
    "dial_after_delete": _dial_after_delete,
}
CODES = tuple(_FAULTS)
"""Every violation that can be put into a log."""


def inject_faults(
    log: Log, seed: object = 0, each: int = 2, avoid: Collection[str] = ()
) -> tuple[Log, list[Fault]]:
    """Break every rule `each` times, on different targets, one rule a call; `avoid` names targets to leave alone.

    A log that has no target fit for a fault (no second destination, nobody exhausted, …) goes without it. Some
    faults come once more in a form that only the clock tolerance excuses: their verdict is `tolerated`.
    """
    bench = _Bench(log, seed, avoid)
    faults = [fault for make in _FAULTS.values() for fault in make(bench, each)]
    return bench.finish(), faults


# ------------------------------------------------------------------------------------------------ losses


def lose_writes(
    log: Log, seed: object = 0, each: int = 1, avoid: Collection[str] = ()
) -> tuple[Log, list[Drift]]:
    """Let the platform forget: each way in which its own row can disagree with the log, `each` times.

    All of it hours before the log's end, so that nothing is too young to be compared.
    """
    bench = _Bench(log, seed, avoid)
    drifts = [*_status_drifts(bench, each), *_tries_drifts(bench, each), *_end_drifts(bench, each)]
    return bench.finish(), drifts


def _waiting(bench: _Bench) -> Fits:
    """Failed so far, some hours ago, with tries left then and under what is in force at the log's end."""

    def fits(target: Target, calls: Calls) -> bool:
        plan = bench.log.in_force(calls[-1].outplan_id, bench.log.end)
        return (
            bench.aged(target, calls)
            and all(call.result == "fail" for call in calls)
            and plan is bench.log.in_force(calls[-1].outplan_id, calls[-1].tm_create)
            and bool(bench.left(target, calls))
        )

    return fits


def _status_drifts(bench: _Bench, each: int) -> Iterator[Drift]:
    waiting = _waiting(bench)
    for target, _ in bench.take(waiting, each, trim=True):
        target.writes.remove(_last_write(target))
        yield Drift(target.id, "lost_write", "match")
    for target, _ in bench.take(waiting, each, trim=True):
        target.writes.append(Write(_last_write(target).at + MINUTE, "done"))
        yield Drift(target.id, "done_unexplained", "match")
    for target, calls in bench.take(waiting, each, trim=True):
        _reopen(calls[-1])
        yield Drift(target.id, "open_call_unseen", "match", "stuck")
    for target, calls in bench.take(waiting, each, trim=True):
        _reopen(calls[-1])
        target.writes.remove(_last_write(target))
        yield Drift(target.id, "match", "match", "stuck")


def _tries_drifts(bench: _Bench, each: int) -> Iterator[Drift]:
    waiting = _waiting(bench)

    def several(target: Target, calls: Calls) -> bool:
        # Without the last call, too: another campaign's outplan may rule what is left of the log.
        return len(calls) > 1 and waiting(target, calls) and waiting(target, calls[:-1])

    def same_twice(target: Target, calls: Calls) -> bool:
        return sum(call.index == calls[0].index for call in calls) > 1 and waiting(target, calls)

    for target, _ in bench.take(waiting, each, trim=True):
        _dials(target)[-1].index = None
        yield Drift(target.id, "match", "lost_increment")
    for target, calls in bench.take(same_twice, each, trim=True):
        for write in [write for write in _dials(target) if write.index == calls[0].index][:2]:
            write.index = None
        yield Drift(target.id, "match", "impossible")
    for target, calls in bench.take(several, each, trim=True):
        bench.gone.add(calls[-1].id)
        yield Drift(target.id, "match", "missing_calls")


def _end_drifts(bench: _Bench, each: int) -> Iterator[Drift]:
    """Targets that came to an end which the platform's row tells otherwise than is usual."""

    def reached(target: Target, calls: Calls) -> bool:
        return bench.aged(target, calls) and calls[-1].result == "success"

    def exhausted(target: Target, calls: Calls) -> bool:
        return (
            bench.aged(target, calls)
            and all(call.result == "fail" for call in calls)
            and bench.policy(calls) is bench.log.in_force(calls[-1].outplan_id, bench.log.end)
            and not bench.left(target, calls)
            and _last_write(target).status == "idle"
        )

    for target, _ in bench.take(reached, each):
        _last_write(target).status = "idle"
        yield Drift(target.id, "differs", "match", "reached")
    for target, _ in bench.take(exhausted, each):
        _last_write(target).status = "done"  # as documented, for once
        yield Drift(target.id, "match", "match", "exhausted")


def _last_write(target: Target) -> Write:
    return max(target.writes, key=lambda write: write.at)


def _dials(target: Target) -> list[Write]:
    return [write for write in target.writes if write.index is not None]


def _reopen(call: Call) -> None:
    """The hangup never arrived: the call rings on for ever."""
    call.status, call.result, call.tm_update, call.answered_at = "dialing", None, None, None


def lose_calls(
    log: Log, seed: object = 0, count: int = 5, avoid: Collection[str] = ()
) -> tuple[Log, list[Call]]:
    """Take calls out of the log, never a target's last: the next one's `try_count` or index gives it away."""
    bench = _Bench(log, seed, avoid)

    def several(target: Target, calls: Calls) -> bool:
        return len(calls) > 1 and bench.settled(target, calls)

    lost = [calls[bench.dice.between(0, len(calls) - 2)] for _, calls in bench.take(several, count)]
    bench.gone.update(call.id for call in lost)
    return bench.finish(), lost


def polled(log: Log, seed: object = 0, share: float = 0.2) -> list[Call]:
    """The calls as several polls would have handed them out, in any order.

    All of them, and a `share` once or more again, as they stand or as they stood while they were open. The latest
    version of each is the log's own.
    """
    dice = Dice("polled", seed)
    rows = list(log.calls)
    for call in log.calls:
        while dice.chance(share):
            end = call.tm_update or log.end
            earlier = call.at(dice.between(call.tm_create, max(call.tm_create, end)))
            rows.append(replace(earlier or call))
    return dice.shuffled(rows)
