"""The dialer's state machine in plain Python: one target at a time, one event after the other.

Belongs here: the rules of the replay, written from the rules and not from the SQL, so that tests can hold one to the
other. Does not belong here: what reports make of the outcomes (``outcomes.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.recount.rows import Row, Rows, cut_off, existing

INDEXES = range(5)
ALWAYS = datetime(1, 1, 1)
CENTURY_MS = 36_500 * 86_400_000


@dataclass(frozen=True)
class Plan:
    """One version of an outplan: most tries at each destination, and the least wait between a hangup and a dial."""

    maxima: tuple[int, ...]
    interval: timedelta


@dataclass(frozen=True)
class Violation:
    """A rule that a call broke. ``target`` is None for a call that names none."""

    target: str | None
    call: str
    code: str
    verdict: str
    at: datetime


@dataclass(frozen=True)
class Transition:
    """One status write."""

    target: str
    sequence: int
    call: str
    at: datetime
    event: str
    before: str
    after: str
    index: int
    tries: int


@dataclass
class Outcome:
    """What became of one target."""

    target: str
    outdial: str | None
    campaign: str | None
    status: str
    outcome: str
    tries: list[int]
    attempts: int
    first_at: datetime | None
    last_at: datetime | None
    hangup_at: datetime | None
    reached_at: datetime | None
    tries_left: int | None
    next_index: int | None
    eligible_at: datetime | None
    platform_status: str | None
    status_agreement: str
    tries_agreement: str
    deleted_at: datetime | None
    violations: int = 0


@dataclass(frozen=True)
class Dial:
    """One call that had begun. ``is_planned``: an outplan was in force at its dial."""

    call: str
    campaign: str | None
    is_planned: bool


@dataclass
class Result:
    """Everything the replay derives: outcomes by target, status writes, broken rules, and the calls it read."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    dials: list[Dial] = field(default_factory=list)


def _address(value: Any) -> tuple[str, str] | None:
    """Type and target of an address; None for every spelling of "no destination"."""
    if not value or not value.get("type") or not value.get("target"):
        return None
    return value["type"], value["target"]


@dataclass
class _Call:
    """A campaigncall as it stands at the moment of the replay. ``ended`` is None while it is open."""

    row: Row
    id: str
    target: str | None
    index: int
    began: datetime
    ended: datetime | None
    result: str | None


@dataclass
class _Life:
    """A target while its log is read: what the machine remembers from one event to the next."""

    target: str | None
    row: Row | None
    status: str = "idle"
    calls: list[_Call] = field(default_factory=list)
    open: dict[str, _Call] = field(default_factory=dict)
    counts: list[int] = field(default_factory=lambda: [0] * 5)
    highest: list[int] = field(default_factory=lambda: [0] * 5)
    last_hangup: datetime | None = None
    reached: datetime | None = None
    transitions: list[Transition] = field(default_factory=list)

    def tries(self, index: int) -> int:
        return max(self.counts[index], self.highest[index])

    def has(self, index: int) -> bool:
        if self.row is None:
            return self.counts[index] > 0
        return _address(self.row.get(f"destination_{index}")) is not None

    def left(self, plan: Plan) -> list[int]:
        return [index for index in INDEXES if self.has(index) and self.tries(index) < plan.maxima[index]]


class _Replay:
    def __init__(
        self,
        rows: Rows,
        as_of: datetime,
        stuck_after: timedelta,
        tolerance: timedelta,
        is_set: bool,
    ) -> None:
        self.as_of, self.stuck_after, self.tolerance = as_of, stuck_after, tolerance
        self.is_set = is_set
        self.rows = rows
        self.call_rows = rows.get("voipbin_campaigncalls", ())
        self.until = cut_off(rows, "voipbin", as_of)
        self.target_rows = {row["id"]: row for row in existing(rows, "voipbin_outdialtargets", self.until)}
        self.campaigns = {row["id"]: row for row in existing(rows, "voipbin_campaigns", self.until)}
        self.plans: dict[str, list[tuple[datetime, Plan]]] = {}
        snapshots = sorted(
            rows.get("voipbin_outplans", ()),
            key=lambda row: (
                row.get("tm_update") or row.get("tm_create") or ALWAYS,
                row.get("tm_update") is not None,
            ),
        )
        for row in snapshots:
            maxima = [row.get(f"max_try_count_{index}") for index in INDEXES]
            if all(maximum is None for maximum in maxima):
                continue
            since = row.get("tm_update") or row.get("tm_create") or ALWAYS
            interval = timedelta(milliseconds=min(max(row.get("try_interval") or 0, 0), CENTURY_MS))
            plan = Plan(tuple(max(maximum or 0, 0) for maximum in maxima), interval)
            self.plans.setdefault(row["id"], []).append((since, plan))
        self.result = Result()

    def in_force(self, outplan: str | None, when: datetime) -> Plan | None:
        found = None
        for since, plan in self.plans.get(outplan or "", ()):
            if since <= when:
                found = plan
        return found

    # ---------------------------------------------------------------------------------------------- the log

    def seen(self, row: Row) -> _Call | None:
        began = row.get("tm_create")
        if began is None or began > self.as_of:
            return None
        # A call hangs up after it dials, whatever the clocks say.
        written = max(began, row.get("tm_update") or began)
        known = written <= self.as_of
        return _Call(
            row=row,
            id=row["id"],
            target=row.get("outdial_target_id"),
            index=row["destination_index"],
            began=began,
            ended=written if known and row["status"] == "done" else None,
            result=row.get("result") if known else None,
        )

    @staticmethod
    def events(calls: Iterable[_Call]) -> list[tuple[str, _Call]]:
        keyed: list[tuple[tuple[Any, ...], str, _Call]] = []
        for call in calls:
            keyed.append(((call.began, 1, call.id, 0), "dial", call))
            if call.ended is not None:
                rank = 1 if call.ended == call.began else 0
                keyed.append(((call.ended, rank, call.id, 1), "hangup", call))
        return [(event, call) for _, event, call in sorted(keyed, key=lambda item: item[0])]

    def run(self) -> Result:
        lives: dict[str, list[_Call]] = {identity: [] for identity in self.target_rows}
        for row in self.call_rows:
            call = self.seen(row)
            if call is None:
                continue
            plan = self.in_force(row.get("outplan_id"), call.began)
            self.result.dials.append(Dial(call.id, row.get("campaign_id"), plan is not None))
            if call.target is None:
                self.lonely(call)
            else:
                lives.setdefault(call.target, []).append(call)
        for target, calls in lives.items():
            self.live(_Life(target, self.target_rows.get(target)), calls)
        return self.result

    def lonely(self, call: _Call) -> None:
        """Judge a call that names no target."""
        self.violate(call, "orphan_call", "illegal", call.began)
        self.facts(call)
        alone = _Life(None, None)
        alone.counts[call.index] = 1
        alone.highest[call.index] = call.row.get("try_count") or 0
        suspects: list[tuple[_Call, str, list[int], bool]] = []
        self.judge_budget(alone, call, suspects)
        self.settle(alone, suspects)

    def live(self, life: _Life, calls: list[_Call]) -> None:
        suspects: list[tuple[_Call, str, list[int], bool]] = []
        events = self.events(calls)
        for number, (event, call) in enumerate(events, start=1):
            before = life.status
            if event == "dial":
                self.dial(life, call, suspects)
            else:
                self.hang_up(life, call)
            assert life.target is not None
            life.transitions.append(
                Transition(
                    life.target,
                    number,
                    call.id,
                    call.began if event == "dial" else (call.ended or call.began),
                    event,
                    before,
                    life.status,
                    call.index,
                    life.tries(call.index),
                )
            )
        self.settle(life, suspects)
        outcome = self.outcome(life)
        if life.transitions and life.transitions[-1].event == "hangup":
            # The last write leaves the status that the target has now: an outplan may have changed since.
            last = life.transitions[-1]
            life.transitions[-1] = Transition(**{**last.__dict__, "after": outcome.status})
        self.result.transitions.extend(life.transitions)
        self.result.outcomes[outcome.target] = outcome
        outcome.violations = sum(violation.target == outcome.target for violation in self.result.violations)

    def settle(self, life: _Life, suspects: list[tuple[_Call, str, list[int], bool]]) -> None:
        """Give the verdict on limits and order, once all calls of the target are known."""
        for call, code, where, planned in suspects:
            proven = planned and any(not self.calls_missing(life, index) for index in where)
            self.violate(call, code, "illegal" if proven else "unverifiable", call.began)

    # ------------------------------------------------------------------------------------------- the writes

    def dial(self, life: _Life, call: _Call, suspects: list[tuple[_Call, str, list[int], bool]]) -> None:
        self.judge_time(life, call)
        if life.row is None:
            self.violate(call, "orphan_call", "illegal", call.began)
        else:
            self.judge_target(life.row, call)
        self.facts(call)
        life.calls.append(call)
        life.open[call.id] = call
        life.counts[call.index] += 1
        claimed = call.row.get("try_count")
        life.highest[call.index] = max(life.highest[call.index], claimed or 0)
        if claimed is not None and claimed != life.counts[call.index]:
            self.violate(call, "try_count_mismatch", "illegal", call.began)
        self.judge_budget(life, call, suspects)
        if life.reached is None:
            life.status = "progressing"

    def hang_up(self, life: _Life, call: _Call) -> None:
        assert call.ended is not None
        del life.open[call.id]
        life.last_hangup = call.ended
        if call.result == "success" and life.reached is None:
            life.reached = call.ended
        if life.reached is not None:
            life.status = "done"
        elif not life.open:
            plan = self.in_force(call.row.get("outplan_id"), call.ended)
            life.status = "done" if plan is not None and not life.left(plan) else "idle"

    # ---------------------------------------------------------------------------------------- the judgements

    def violate(self, call: _Call, code: str, verdict: str, at: datetime) -> None:
        self.result.violations.append(Violation(call.target, call.id, code, verdict, at))

    def facts(self, call: _Call) -> None:
        """Judge what a call alone tells, whatever its target."""
        if call.ended is not None and call.result is None:
            self.violate(call, "result_missing", "illegal", call.ended)
        if call.ended is None and call.result is not None:
            self.violate(call, "result_premature", "illegal", call.began)
        updated = call.row.get("tm_update")
        if call.ended is not None and updated is not None and updated < call.began:
            excused = call.began - updated <= self.tolerance
            self.violate(call, "time_reversed", "tolerated" if excused else "illegal", call.ended)

    def judge_time(self, life: _Life, call: _Call) -> None:
        if life.reached is not None:
            excused = call.began - life.reached <= self.tolerance
            self.violate(call, "dial_after_done", "tolerated" if excused else "illegal", call.began)
        if life.open:
            ends = [other.ended for other in life.open.values()]
            excused = all(end is not None and end - call.began <= self.tolerance for end in ends)
            self.violate(call, "dial_while_active", "tolerated" if excused else "illegal", call.began)
        elif life.last_hangup is not None:
            plan = self.in_force(call.row.get("outplan_id"), call.began)
            if plan is None:
                self.violate(call, "retry_too_soon", "unverifiable", call.began)
            elif call.began < life.last_hangup + plan.interval:
                excused = call.began + self.tolerance >= life.last_hangup + plan.interval
                self.violate(call, "retry_too_soon", "tolerated" if excused else "illegal", call.began)

    def judge_target(self, row: Row, call: _Call) -> None:
        deleted = row.get("tm_delete") or row.get("_deleted_at")
        if deleted is not None and call.began > deleted:
            excused = call.began - deleted <= self.tolerance
            self.violate(call, "dial_after_delete", "tolerated" if excused else "illegal", call.began)
        planned, dialled = (
            _address(row.get(f"destination_{call.index}")),
            _address(call.row.get("destination")),
        )
        if planned is None:
            self.violate(call, "destination_missing", "illegal", call.began)
        elif dialled is not None and dialled != planned:
            self.violate(call, "destination_mismatch", "illegal", call.began)

    def judge_budget(
        self, life: _Life, call: _Call, suspects: list[tuple[_Call, str, list[int], bool]]
    ) -> None:
        plan = self.in_force(call.row.get("outplan_id"), call.began)
        if plan is None:
            lower = [index for index in range(call.index) if life.has(index)]
            if life.tries(call.index) > 1:
                suspects.append((call, "try_limit_exceeded", [call.index], False))
        else:
            lower = [index for index in life.left(plan) if index < call.index]
            if life.tries(call.index) > plan.maxima[call.index]:
                suspects.append((call, "try_limit_exceeded", [call.index], True))
        if lower:
            suspects.append((call, "destination_out_of_order", lower, plan is not None))

    def polled_later(self, row: Row) -> bool:
        times = [row[name] for name in ("tm_create", "tm_update") if row.get(name) is not None]
        return bool(times) and max(times) - self.as_of > self.tolerance

    def calls_missing(self, life: _Life, index: int) -> bool:
        """Whether the platform counted more tries, on its row or on a call, than the log has calls."""
        counted = life.highest[index]
        if life.row is not None and not self.polled_later(life.row):
            counted = max(counted, life.row.get(f"try_count_{index}") or 0)
        return counted > life.counts[index]

    # ------------------------------------------------------------------------------------------- the outcome

    def outcome(self, life: _Life) -> Outcome:
        assert life.target is not None
        row = life.row or {}
        latest = life.calls[-1] if life.calls else None
        outdial = (
            row["outdial_id"] if life.row is not None else (latest.row.get("outdial_id") if latest else None)
        )
        home = self.campaign_of(outdial)
        campaign = (latest.row.get("campaign_id") if latest else None) or (home["id"] if home else None)
        outplan = latest.row.get("outplan_id") if latest else (home.get("outplan_id") if home else None)
        plan = self.in_force(outplan, self.as_of)
        left = life.left(plan) if plan is not None else []
        eligible = (
            life.last_hangup + plan.interval if life.last_hangup is not None and plan is not None else None
        )
        name = self.name(life, plan, left, eligible, campaign)
        platform = row.get("status")
        if name in ("reached", "exhausted"):
            status = "done"
        elif name in ("stuck", "in_flight"):
            status = "progressing"
        elif name == "unresolved" and platform == "done" and not self.polled_later(row):
            status = "done"
        else:
            status = "idle"
        waiting = name in ("stranded", "retry_due", "retry_waiting")
        deleted = row.get("tm_delete") or row.get("_deleted_at")
        return Outcome(
            target=life.target,
            outdial=outdial,
            campaign=campaign,
            status=status,
            outcome=name,
            tries=[life.tries(index) for index in INDEXES],
            attempts=len(life.calls),
            first_at=life.calls[0].began if life.calls else None,
            last_at=latest.began if latest else None,
            hangup_at=life.last_hangup,
            reached_at=life.reached,
            tries_left=(
                sum(max(plan.maxima[index] - life.tries(index), 0) for index in INDEXES if life.has(index))
                if plan is not None
                and name in ("untouched", "in_flight", "stuck", "stranded", "retry_due", "retry_waiting")
                else None
            ),
            next_index=min(left) if left and (waiting or name == "untouched") else None,
            eligible_at=eligible if waiting else (row.get("tm_create") if name == "untouched" else None),
            platform_status=platform,
            status_agreement=self.status_agreement(life, name, status),
            tries_agreement=self.tries_agreement(life),
            deleted_at=deleted if deleted is not None and deleted <= self.as_of else None,
        )

    def campaign_of(self, outdial: str | None) -> Row | None:
        """The campaign that dials an outdial: not deleted before deleted, running before not, then the newest."""
        best: Row | None = None
        for row in sorted(self.campaigns.values(), key=lambda row: str(row["id"])):
            if outdial is None or row.get("outdial_id") != outdial:
                continue
            if best is None or self._rank(row) > self._rank(best):
                best = row
        return best

    def _rank(self, row: Row) -> tuple[bool, bool, datetime]:
        deleted = row.get("tm_delete") or row.get("_deleted_at")
        alive = deleted is None or deleted > self.until
        return alive, row.get("status") == "run", row.get("tm_create") or ALWAYS

    def name(
        self, life: _Life, plan: Plan | None, left: list[int], eligible: datetime | None, campaign: str | None
    ) -> str:
        if life.reached is not None:
            return "reached"
        if life.open:
            oldest = min(call.began for call in life.open.values())
            return "stuck" if self.as_of - oldest > self.stuck_after else "in_flight"
        if not life.calls:
            could = any(life.has(index) for index in INDEXES) and (plan is None or bool(left))
            return "untouched" if could else "not_dialable"
        if plan is None:
            return "unresolved"
        if not left:
            return "exhausted"
        owner = self.campaigns.get(campaign or "")
        if owner is not None:
            deleted = owner.get("tm_delete") or owner.get("_deleted_at")
            if owner.get("status") not in (None, "run") or (deleted is not None and deleted <= self.as_of):
                return "stranded"
        assert eligible is not None
        return "retry_due" if eligible <= self.as_of else "retry_waiting"

    # ----------------------------------------------------------------------------------------- the agreement

    @cached_property
    def polls(self) -> list[datetime]:
        """When calls and targets were last polled, by the latest write of each; the earlier poll first."""

        def latest(rows: Iterable[Row]) -> datetime | None:
            written = [row.get(name) for row in rows for name in ("tm_create", "tm_update")]
            return max((at for at in written if at is not None and at <= self.as_of), default=None)

        polled = (latest(self.call_rows), latest(self.target_rows.values()))
        return sorted(at for at in polled if at is not None)

    def young(self, life: _Life) -> bool:
        """Whether the target changed so lately that one of the two polls may have missed it."""
        row = life.row or {}
        times = [call.began for call in life.calls]
        times += [
            at for at in (life.last_hangup, row.get("tm_create"), row.get("tm_update")) if at is not None
        ]
        if not times:
            return False
        # A moment that was set says that the lists were polled until then; else their own latest write is the poll.
        now = self.as_of if self.is_set or not self.polls else self.polls[-1]
        # Nothing may be written by a set moment but what the clock tolerance lets in: then no poll lies before another.
        apart = self.polls[-1] - self.polls[0] if self.polls else timedelta()
        return now - max(times) < apart + self.tolerance

    def status_agreement(self, life: _Life, name: str, status: str) -> str:
        platform = (life.row or {}).get("status")
        if life.row is None:
            return "no_platform_row"
        if platform is None or self.polled_later(life.row):
            return "not_yet_comparable"
        if platform == status:
            return "match"
        if name == "exhausted" and platform == "idle":
            return "exhausted_left_idle"
        if self.young(life):
            return "not_yet_comparable"
        if platform == "progressing" and not life.open:
            return "lost_write"
        if platform in ("idle", "done") and life.open:
            return "open_call_unseen"
        return "done_unexplained" if platform == "done" else "differs"

    def tries_agreement(self, life: _Life) -> str:
        if life.row is None:
            return "no_platform_row"
        row = life.row
        drifts = [
            row[f"try_count_{index}"] - life.tries(index)
            for index in INDEXES
            if row.get(f"try_count_{index}") is not None
        ]
        if not drifts or self.polled_later(row):
            return "not_yet_comparable"
        if not any(drifts):
            return "match"
        if self.young(life):
            return "not_yet_comparable"
        if min(drifts) <= -2:
            return "impossible"
        return "missing_calls" if max(drifts) > 0 else "lost_increment"


def replay(
    rows: Rows,
    as_of: datetime,
    stuck_after: timedelta = timedelta(hours=2),
    tolerance: timedelta = timedelta(seconds=5),
    *,
    is_set: bool = True,
) -> Result:
    """What became of every target in these rows of raw tables by ``as_of``. The order of rows does not matter.

    ``is_set``: the moment was set, and is not just the dialer's latest in the rows.
    """
    return _Replay(rows, as_of, stuck_after, tolerance, is_set).run()
