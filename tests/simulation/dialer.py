"""The dialer, simulated: what a VoIPBIN campaign manager would have written, call by call.

Belongs here: the simulation itself, the log it leaves (calls, targets, outplan history, campaigns), and
random worlds to run it on. Does not belong here: damage done to a log on purpose (`damage.py`), millions of
calls (`bulk.py`), file formats (`landing.py`), and the rules of the replay. Nothing here reads those rules;
that is what makes this log a fair test of them.

Pure and seeded: the same scenario and seed give the same log on every machine. Only `Random.random()` is
used (the one method whose sequence Python promises to keep) with + - * /, ids are hashes of names, and
times are integer microseconds since 1970-01-01 UTC. Nothing depends on the clock or on hash order.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeVar

T = TypeVar("T")
Address = dict[str, str]

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

DESTINATIONS = 5
DIAL_GAP = SECOND // 2
DEFAULT_DIAL_TIMEOUT_MS = 30_000

# Area codes with the exchange 555 and the last four digits 0100..0199: kept free for fiction.
AREA_CODES = (
    "201 203 205 207 209 212 215 217 219 224 240 253 267 270 272 301 303 309 312 315 330 339 347 351 360 "
    "401 405 407 410 412 414 419 423 434 440 443 470 478 484 502 507 512 516 530 540 551 559 561 567 570"
).split()
FIRST_NAMES = (
    "Amara Ben Chloé Dmitri Elif Farah Grzegorz Hana Ines João Kofi Lena Mateo Nadia Omar Priya Quentin "
    "Rosa Søren Tomás Uma Viktor Wanda Ximena Yusuf Zofia"
).split()
LAST_NAMES = (
    "Abara Bianchi Carver Duarte Eriksen Fofana Gallo Haddad Ivanova Jansen Kowalska Lindqvist Müller "
    "Nguyen O'Neill Park Quispe Rossi Silva Tanaka Ueda Vargas Whitfield Xu Yilmaz Zielińska"
).split()


# ------------------------------------------------------------------------------------------ chance and names


class Dice:
    """Chance that is the same everywhere. Seeded with any values; built on `Random.random()` alone."""

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("/".join(map(str, seed)))

    def roll(self) -> float:
        """A number in 0..1, 1 left out."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """True as often as `probability` says."""
        return self.roll() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number in low..high, both ends included."""
        return low + int(self.roll() * (high - low + 1))

    def skewed(self, low: int, high: int) -> int:
        """As `between`, but short ones are commoner: durations of talks."""
        share = self.roll()
        return low + int(share * share * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of them, each as likely."""
        return options[self.between(0, len(options) - 1)]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """One of them, as likely as its weight."""
        rest = self.roll() * sum(weight for _, weight in options)
        for option, weight in options:
            rest -= weight
            if rest < 0:
                return option
        return options[-1][0]

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """All of them in some order."""
        deck = list(items)
        for last in range(len(deck) - 1, 0, -1):
            other = self.between(0, last)
            deck[last], deck[other] = deck[other], deck[last]
        return deck

    def sample(self, items: Iterable[T], size: int) -> list[T]:
        """Up to `size` different ones."""
        return self.shuffled(items)[:size]


def identifier(*parts: object) -> str:
    """A UUID that looks random (version 4) and is always the same for the same parts."""
    digits = bytearray(blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest())
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def moment(text: str) -> int:
    """ISO-8601 (no zone = UTC) → microseconds since 1970-01-01 UTC."""
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def to_datetime(at: int | None) -> datetime | None:
    """Microseconds → a naive UTC `datetime`, as the raw tables hold it."""
    return None if at is None else datetime(1970, 1, 1) + timedelta(microseconds=at)


def phone(dice: Dice) -> str:
    """A US number nobody can own: +1 NXX 555 0100..0199."""
    return f"+1{dice.pick(AREA_CODES)}55501{dice.between(0, 99):02d}"


def address(target: str, name: str = "") -> Address:
    """A telephone number as VoIPBIN writes addresses."""
    return {"type": "tel", "target": target, "target_name": name, "name": "", "detail": ""}


# ------------------------------------------------------------------------------------------------- the world


@dataclass(frozen=True)
class Change:
    """A new version of an outplan, in force from `at`. What is None stays as it was."""

    at: int
    max_try_count: tuple[int, ...] | None = None
    try_interval_ms: int | None = None
    dial_timeout_ms: int | None = None


@dataclass(frozen=True)
class Outplan:
    """Retry policy. `max_try_count` has one entry a destination; 0 or less disables it. Times in ms."""

    name: str
    max_try_count: tuple[int, ...]
    try_interval_ms: int
    dial_timeout_ms: int = DEFAULT_DIAL_TIMEOUT_MS
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Outdial:
    """A list of targets.

    `destinations` weighs which indexes a target has: ((0,), 5.0) for one phone at index 0,
    ((0, 2), 1.0) for two with a gap, ((), 0.1) for none. `added` and `deleted` say when targets come and
    (a share `deleted_share` of them) go; both are spans of time.
    """

    name: str
    targets: int
    destinations: tuple[tuple[tuple[int, ...], float], ...] = (((0,), 1.0),)
    added: tuple[int, int] | None = None
    deleted: tuple[int, int] | None = None
    deleted_share: float = 0.0


@dataclass(frozen=True)
class Campaign:
    """One dialing campaign over an outdial.

    `hours` are the spans in which somebody is there to take calls; empty = always. `lines` is the most
    calls it keeps open at once; 0 = no limit. `after` names a campaign that must have ended first (the
    platform's `next_campaign_id`). `stopped_at`: an operator stops it, retries or not.
    """

    name: str
    outdial: str
    outplan: str
    start: int
    hours: tuple[tuple[int, int], ...] = ()
    lines: int = 0
    after: str | None = None
    stopped_at: int | None = None
    end_handle: str = "stop"
    detail: str = ""


@dataclass(frozen=True)
class Answering:
    """How likely a dial reaches a person.

    By attempt (1st, 2nd, … the last entry goes on), times a weight for the UTC hour, times what the target is
    like: some people never pick up, some numbers are dead.
    """

    by_attempt: tuple[float, ...] = (0.2, 0.16, 0.13, 0.11, 0.1)
    by_hour: tuple[float, ...] = (1.0,) * 24
    dead_numbers: float = 0.06
    never_answer: float = 0.1
    talk: tuple[int, int] = (15 * SECOND, 240 * SECOND)


@dataclass(frozen=True)
class Scenario:
    """A world to simulate from `begin` to `end`; calls open at `end` stay open in the log."""

    begin: int
    end: int
    outplans: tuple[Outplan, ...]
    outdials: tuple[Outdial, ...]
    campaigns: tuple[Campaign, ...]
    answering: Answering = field(default_factory=Answering)
    dial_gap: int = DIAL_GAP
    # The documentation says an exhausted target becomes `done`; the implementation leaves it `idle`.
    exhausted_status: str = "idle"


# --------------------------------------------------------------------------------------------------- the log


@dataclass(slots=True)
class Call:
    """One campaigncall, as it stands at the end of the log. `answered_at` is not part of the row."""

    id: str
    campaign_id: str
    outplan_id: str
    outdial_id: str
    target_id: str
    queue_id: str | None
    source: Address | None
    destination: Address | None
    index: int
    try_count: int
    status: str
    result: str | None
    tm_create: int
    tm_update: int | None
    answered_at: int | None = None
    has_reference: bool = True

    @property
    def ended_at(self) -> int | None:
        """When the call was hung up; None while it is open."""
        return self.tm_update if self.status == "done" else None

    def at(self, when: int) -> Call | None:
        """The row as a poll at `when` would have seen it; None before it existed."""
        if self.tm_create > when:
            return None
        if self.status == "done" and self.tm_update is not None and self.tm_update <= when:
            return self
        if self.answered_at is not None and self.answered_at <= when:
            return replace(self, status="progressing", result=self._early(), tm_update=self.answered_at)
        return replace(self, status="dialing", result=self._early(), tm_update=None)

    def _early(self) -> str | None:
        return None if self.status == "done" else self.result


@dataclass(slots=True)
class Write:
    """A write of the platform to a target's row: its new status, and the index whose tries go up."""

    at: int
    status: str
    index: int | None = None


@dataclass(slots=True)
class Target:
    """One outdialtarget: what it has, and every write the platform made to it."""

    id: str
    outdial_id: str
    name: str
    detail: str
    data: str
    destinations: list[Address | None]
    tm_create: int
    tm_delete: int | None = None
    writes: list[Write] = field(default_factory=list)

    def state(self, when: int | None = None) -> tuple[str, list[int], int]:
        """Status, tries and `tm_update` as the platform's row held them at `when` (None = at the end)."""
        status, tries, changed = "idle", [0] * DESTINATIONS, self.tm_create
        for write in sorted(self.writes, key=lambda write: write.at):
            if when is not None and write.at > when:
                break
            status, changed = write.status, write.at
            if write.index is not None:
                tries[write.index] += 1
        if self.tm_delete is not None and (when is None or self.tm_delete <= when):
            changed = max(changed, self.tm_delete)
        return status, tries, changed


@dataclass(slots=True)
class OutplanVersion:
    """One snapshot of an outplan, in force from `tm_update` until the next version's."""

    id: str
    name: str
    detail: str
    source: Address
    max_try_count: tuple[int, ...]
    try_interval_ms: int
    dial_timeout_ms: int
    tm_create: int
    tm_update: int

    @property
    def interval(self) -> int:
        """The least wait between tries, in microseconds."""
        return self.try_interval_ms * MILLISECOND


@dataclass(slots=True)
class CampaignRow:
    """One campaign as it stands at the end of the log."""

    id: str
    name: str
    detail: str
    status: str
    end_handle: str
    service_level: int
    outplan_id: str
    outdial_id: str
    queue_id: str
    next_campaign_id: str | None
    tm_create: int
    tm_update: int


@dataclass(slots=True)
class Log:
    """Everything the platform would hand out at `end`. Calls are in the order they were dialled."""

    calls: list[Call]
    targets: list[Target]
    outplans: list[OutplanVersion]
    campaigns: list[CampaignRow]
    end: int

    def in_force(self, outplan_id: str, when: int) -> OutplanVersion | None:
        """The version of an outplan in force at `when`; None when none is known."""
        versions = [plan for plan in self.outplans if plan.id == outplan_id and plan.tm_update <= when]
        return max(versions, key=lambda plan: plan.tm_update, default=None)

    def by_target(self) -> dict[str, list[Call]]:
        """Calls of each target in the order they began."""
        calls: dict[str, list[Call]] = defaultdict(list)
        for call in sorted(self.calls, key=lambda call: (call.tm_create, call.id)):
            calls[call.target_id].append(call)
        return calls

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """The log as rows of the raw tables, by table name (`voipbin_campaigncalls`, …).

        Times are naive UTC, ids text, and what is unset is None.
        """
        return {
            "voipbin_campaigncalls": [call_row(call) for call in self.calls],
            "voipbin_outdialtargets": [target_row(target) for target in self.targets],
            "voipbin_outplans": [outplan_row(plan) for plan in self.outplans],
            "voipbin_campaigns": [campaign_row(campaign) for campaign in self.campaigns],
        }


def call_row(call: Call) -> dict[str, Any]:
    """A call as a row of its raw table."""
    return {
        "id": call.id,
        "campaign_id": call.campaign_id,
        "outplan_id": call.outplan_id,
        "outdial_id": call.outdial_id,
        "outdial_target_id": call.target_id,
        "queue_id": call.queue_id,
        "activeflow_id": identifier("activeflow", call.id),
        "reference_type": "call" if call.has_reference else "none",
        "reference_id": identifier("reference", call.id) if call.has_reference else None,
        "status": call.status,
        "result": call.result,
        "source": call.source,
        "destination": call.destination,
        "destination_index": call.index,
        "try_count": call.try_count,
        "tm_create": to_datetime(call.tm_create),
        "tm_update": to_datetime(call.tm_update),
        "tm_delete": None,
    }


def target_row(target: Target, when: int | None = None) -> dict[str, Any]:
    """A target as a row of its raw table, as the platform held it at `when` (None = at the end)."""
    status, tries, changed = target.state(when)
    deleted = target.tm_delete if when is None or (target.tm_delete or 0) <= when else None
    return {
        "id": target.id,
        "outdial_id": target.outdial_id,
        "name": target.name,
        "detail": target.detail,
        "data": target.data,
        "status": status,
        **{f"destination_{index}": target.destinations[index] for index in range(DESTINATIONS)},
        **{f"try_count_{index}": tries[index] for index in range(DESTINATIONS)},
        "tm_create": to_datetime(target.tm_create),
        "tm_update": to_datetime(changed),
        "tm_delete": to_datetime(deleted),
    }


def outplan_row(plan: OutplanVersion) -> dict[str, Any]:
    """A version of an outplan as a row of its raw table."""
    return {
        "id": plan.id,
        "name": plan.name,
        "detail": plan.detail,
        "source": plan.source,
        "dial_timeout": plan.dial_timeout_ms,
        "try_interval": plan.try_interval_ms,
        **{f"max_try_count_{index}": plan.max_try_count[index] for index in range(DESTINATIONS)},
        "tm_create": to_datetime(plan.tm_create),
        "tm_update": to_datetime(plan.tm_update),
        "tm_delete": None,
    }


def campaign_row(campaign: CampaignRow) -> dict[str, Any]:
    """A campaign as a row of its raw table."""
    return {
        "id": campaign.id,
        "type": "call",
        "name": campaign.name,
        "detail": campaign.detail,
        "status": campaign.status,
        "service_level": campaign.service_level,
        "end_handle": campaign.end_handle,
        "outplan_id": campaign.outplan_id,
        "outdial_id": campaign.outdial_id,
        "queue_id": campaign.queue_id,
        "next_campaign_id": campaign.next_campaign_id,
        "tm_create": to_datetime(campaign.tm_create),
        "tm_update": to_datetime(campaign.tm_update),
        "tm_delete": None,
    }


# -------------------------------------------------------------------------------------------- the simulation

# What happens at one instant happens in this order: lines come free, policies change, dialers dial.
_HANGUP, _CHANGE, _TICK = 0, 1, 2


@dataclass(slots=True)
class _Person:
    """A target while the dialer runs: the state its queries look at, and how likely it answers."""

    number: int
    target: Target
    tries: list[int]
    dead: list[bool]
    ease: float
    status: str = "idle"
    changed: int = 0


class _Dialer:
    """One campaign at work.

    Keeps two queues of idle targets, by `tm_update`: fresh ones, which may be dialled at once, and called ones,
    which must wait. Entries go stale when a target changes and are dropped when they come up.
    """

    def __init__(self, campaign: Campaign, row: CampaignRow, plan: OutplanVersion) -> None:
        self.campaign, self.row, self.plan = campaign, row, plan
        self.started = self.ended = False
        self.open = 0
        self.last_dial: int | None = None
        self.tick_at: int | None = None
        self.fresh: list[tuple[int, int, _Person]] = []
        self.called: list[tuple[int, int, _Person]] = []

    def queue(self, person: _Person) -> None:
        heap = self.called if any(person.tries) else self.fresh
        heapq.heappush(heap, (person.changed, person.number, person))

    def next_index(self, person: _Person) -> int | None:
        """The lowest configured destination with tries left under the outplan now in force."""
        for index in range(DESTINATIONS):
            configured = person.target.destinations[index] is not None
            if configured and person.tries[index] < self.plan.max_try_count[index]:
                return index
        return None

    def head(self, heap: list[tuple[int, int, _Person]], now: int) -> _Person | None:
        """The oldest that may still be dialled by this campaign, at once or later."""
        while heap:
            changed, _, person = heap[0]
            deleted = person.target.tm_delete is not None and person.target.tm_delete <= now
            current = person.status == "idle" and person.changed == changed and not deleted
            if current and self.next_index(person) is not None:
                return person
            heapq.heappop(heap)
        return None

    def candidate(self, now: int) -> tuple[_Person | None, int | None]:
        """Whom to dial now, or when to look again (None: nobody until something else happens)."""
        ready: list[tuple[int, int, _Person]] = []
        later: list[int] = []
        for heap, wait in ((self.fresh, 0), (self.called, self.plan.interval)):
            person = self.head(heap, now)
            if person is None:
                continue
            if person.changed + wait <= now:
                ready.append((person.changed, person.number, person))
            else:
                later.append(person.changed + wait)
        if ready:
            return min(ready)[2], None
        return None, min(later, default=None)

    def opens(self, now: int) -> int | None:
        """The first moment from `now` on within the campaign's hours; None when there is none left."""
        if not self.campaign.hours:
            return now
        return min((max(now, start) for start, end in self.campaign.hours if now < end), default=None)


class _Simulation:
    def __init__(self, scenario: Scenario, seed: object) -> None:
        self.scenario, self.seed = scenario, seed
        self.dice = Dice("dialer", seed)
        self.events: list[tuple[int, int, int, Any]] = []
        self.serial = 0
        self.calls: list[Call] = []
        self.versions = self._versions()
        self.people = {outdial.name: self._people(outdial) for outdial in scenario.outdials}
        self.dialers = {campaign.name: self._dialer(campaign) for campaign in scenario.campaigns}

    def id(self, *parts: object) -> str:
        return identifier(self.seed, *parts)

    # ---- set-up

    def _versions(self) -> dict[str, list[OutplanVersion]]:
        versions: dict[str, list[OutplanVersion]] = {}
        for plan in self.scenario.outplans:
            dice = Dice("outplan", self.seed, plan.name)
            first = OutplanVersion(
                id=self.id("outplan", plan.name),
                name=plan.name,
                detail="",
                source=address(phone(dice), plan.name),
                max_try_count=plan.max_try_count,
                try_interval_ms=plan.try_interval_ms,
                dial_timeout_ms=plan.dial_timeout_ms,
                tm_create=self.scenario.begin - DAY,
                tm_update=self.scenario.begin - DAY,
            )
            versions[plan.name] = [first]
            for change in sorted(plan.changes, key=lambda change: change.at):
                last = versions[plan.name][-1]
                fresh = replace(
                    last,
                    max_try_count=change.max_try_count or last.max_try_count,
                    try_interval_ms=last.try_interval_ms
                    if change.try_interval_ms is None
                    else change.try_interval_ms,
                    dial_timeout_ms=change.dial_timeout_ms or last.dial_timeout_ms,
                    tm_update=change.at,
                )
                versions[plan.name].append(fresh)
                if change.at <= self.scenario.end:
                    self._push(change.at, _CHANGE, (plan.name, fresh))
        return versions

    def _people(self, outdial: Outdial) -> list[_Person]:
        dice, answering = Dice("outdial", self.seed, outdial.name), self.scenario.answering
        added = outdial.added or (self.scenario.begin - HOUR, self.scenario.begin - 1)
        people: list[_Person] = []
        for number in range(outdial.targets):
            indexes = dice.weighted(outdial.destinations)
            name = f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}"
            created = dice.between(*added)
            deleted = None
            if outdial.deleted and dice.chance(outdial.deleted_share):
                deleted = max(created + SECOND, dice.between(*outdial.deleted))
            target = Target(
                id=self.id("target", outdial.name, number),
                outdial_id=self.id("outdial", outdial.name),
                name=name,
                detail="",
                data=f'{{"person":{10_000 + number}}}',
                destinations=[
                    address(phone(dice), name) if index in indexes else None for index in range(DESTINATIONS)
                ],
                tm_create=created,
                tm_delete=deleted if deleted is not None and deleted <= self.scenario.end else None,
            )
            person = _Person(
                number=number,
                target=target,
                tries=[0] * DESTINATIONS,
                dead=[dice.chance(answering.dead_numbers) for _ in range(DESTINATIONS)],
                ease=0.0 if dice.chance(answering.never_answer) else 0.6 + 0.8 * dice.roll(),
                changed=created,
            )
            people.append(person)
        return people

    def _dialer(self, campaign: Campaign) -> _Dialer:
        following = [other.name for other in self.scenario.campaigns if other.after == campaign.name]
        created = self.scenario.begin - HOUR
        row = CampaignRow(
            id=self.id("campaign", campaign.name),
            name=campaign.name,
            detail=campaign.detail,
            status="stop",
            end_handle=campaign.end_handle,
            service_level=100,
            outplan_id=self.id("outplan", campaign.outplan),
            outdial_id=self.id("outdial", campaign.outdial),
            queue_id=self.id("queue", campaign.name),
            next_campaign_id=self.id("campaign", following[0]) if following else None,
            tm_create=created,
            tm_update=created,
        )
        dialer = _Dialer(campaign, row, self.versions[campaign.outplan][0])
        for person in self.people[campaign.outdial]:
            dialer.queue(person)
        if campaign.after is None:
            self._wake(dialer, campaign.start)
        if campaign.stopped_at is not None:
            self._push(campaign.stopped_at, _CHANGE, (dialer, None))
        return dialer

    # ---- the event loop

    def _push(self, at: int, kind: int, what: Any) -> None:
        self.serial += 1
        heapq.heappush(self.events, (at, kind, self.serial, what))

    def _wake(self, dialer: _Dialer, at: int) -> None:
        """Look again at `at`, unless a sooner look is planned already."""
        if not dialer.ended and (dialer.tick_at is None or at < dialer.tick_at):
            dialer.tick_at = at
            self._push(at, _TICK, dialer)

    def run(self) -> Log:
        while self.events and self.events[0][0] <= self.scenario.end:
            now, kind, _, what = heapq.heappop(self.events)
            if kind == _HANGUP:
                self._hang_up(now, *what)
            elif kind == _CHANGE:
                self._change(now, *what)
            elif what.tick_at == now:
                what.tick_at = None
                self._tick(what, now)
        for call in self.calls:
            if call.status == "done":
                continue
            if call.answered_at is not None and call.answered_at <= self.scenario.end:
                call.status, call.tm_update = "progressing", call.answered_at
        return Log(
            calls=self.calls,
            targets=[person.target for people in self.people.values() for person in people],
            outplans=[
                version
                for versions in self.versions.values()
                for version in versions
                if version.tm_update <= self.scenario.end
            ],
            campaigns=[dialer.row for dialer in self.dialers.values()],
            end=self.scenario.end,
        )

    def _change(self, now: int, what: Any, version: OutplanVersion | None) -> None:
        if version is None:
            self._end(what, now)
            return
        for dialer in self.dialers.values():
            if dialer.campaign.outplan != what:
                continue
            dialer.plan = version
            dialer.fresh, dialer.called = [], []
            for person in self.people[dialer.campaign.outdial]:
                if person.status == "idle":
                    dialer.queue(person)
            if dialer.started:
                self._wake(dialer, now)

    def _end(self, dialer: _Dialer, now: int) -> None:
        if dialer.ended:
            return
        dialer.ended = True
        dialer.row.status = "stopping" if dialer.open else "stop"
        dialer.row.tm_update = now
        if not dialer.open:
            self._start_next(dialer, now)

    def _start_next(self, dialer: _Dialer, now: int) -> None:
        for other in self.dialers.values():
            if other.campaign.after == dialer.campaign.name:
                self._wake(other, max(now, other.campaign.start))

    def _tick(self, dialer: _Dialer, now: int) -> None:
        if dialer.ended:
            return
        if not dialer.started:
            dialer.started = True
            dialer.row.status, dialer.row.tm_update = "run", now
        opens = dialer.opens(now)
        if opens is None:
            return
        if opens > now:
            self._wake(dialer, opens)
            return
        if dialer.campaign.lines and dialer.open >= dialer.campaign.lines:
            return  # a hangup will wake it
        if dialer.last_dial is not None and now < dialer.last_dial + self.scenario.dial_gap:
            self._wake(dialer, dialer.last_dial + self.scenario.dial_gap)
            return
        person, later = dialer.candidate(now)
        if person is not None:
            self._dial(dialer, person, now)
            self._wake(dialer, now + self.scenario.dial_gap)
        elif later is not None:
            self._wake(dialer, later)
        elif dialer.campaign.end_handle == "stop" and not self._busy(dialer):
            self._end(dialer, now)

    def _busy(self, dialer: _Dialer) -> bool:
        """Whether a call is open that could still give this campaign something to do."""
        return any(person.status == "progressing" for person in self.people[dialer.campaign.outdial])

    # ---- one call

    def _dial(self, dialer: _Dialer, person: _Person, now: int) -> None:
        index = dialer.next_index(person)
        if index is None:
            raise AssertionError(f"{person.target.id} was picked with no tries left")
        person.tries[index] += 1
        rings, talks, result = self._answer(dialer.plan, person, index, now)
        call = Call(
            id=self.id("call", len(self.calls)),
            campaign_id=dialer.row.id,
            outplan_id=dialer.row.outplan_id,
            outdial_id=dialer.row.outdial_id,
            target_id=person.target.id,
            queue_id=dialer.row.queue_id,
            source=dialer.plan.source,
            destination=person.target.destinations[index],
            index=index,
            try_count=person.tries[index],
            status="dialing",
            result=None,
            tm_create=now,
            tm_update=None,
            answered_at=None if talks is None else now + rings,
        )
        self.calls.append(call)
        self._write(person, now, "progressing", index)
        dialer.open += 1
        dialer.last_dial = now
        self._push(now + rings + (talks or 0), _HANGUP, (dialer, person, call, result))

    def _answer(
        self, plan: OutplanVersion, person: _Person, index: int, now: int
    ) -> tuple[int, int | None, str]:
        """How long it rings, how long they talk (None: nobody picked up), and the result."""
        dice, answering = self.dice, self.scenario.answering
        timeout = (plan.dial_timeout_ms or DEFAULT_DIAL_TIMEOUT_MS) * MILLISECOND
        attempt = min(sum(person.tries), len(answering.by_attempt))
        hour = now // HOUR % 24
        likely = answering.by_attempt[attempt - 1] * answering.by_hour[hour] * person.ease
        if person.dead[index]:
            return dice.between(200 * MILLISECOND, 2 * SECOND), None, "fail"
        if dice.chance(likely):
            rings = min(dice.between(3 * SECOND, 22 * SECOND), timeout - SECOND // 4)
            return max(rings, 1), dice.skewed(*answering.talk), "success"
        how = dice.roll()
        if how < 0.12:  # busy
            return dice.between(SECOND, 6 * SECOND), None, "fail"
        if how < 0.15:  # picked up and cut off: progressing, and yet no normal hangup
            return (
                min(dice.between(3 * SECOND, 15 * SECOND), timeout),
                dice.between(SECOND, 5 * SECOND),
                "fail",
            )
        return timeout + dice.between(20 * MILLISECOND, 400 * MILLISECOND), None, "fail"

    def _hang_up(self, now: int, dialer: _Dialer, person: _Person, call: Call, result: str) -> None:
        call.status, call.result, call.tm_update = "done", result, now
        exhausted = dialer.next_index(person) is None
        self._write(
            person,
            now,
            "done" if result == "success" else self.scenario.exhausted_status if exhausted else "idle",
        )
        dialer.open -= 1
        if dialer.ended and not dialer.open:
            dialer.row.status, dialer.row.tm_update = "stop", now
            self._start_next(dialer, now)
        for other in self.dialers.values():
            if other.campaign.outdial != dialer.campaign.outdial:
                continue
            if person.status == "idle":
                other.queue(person)
            if other.started:
                self._wake(other, now)

    def _write(self, person: _Person, now: int, status: str, index: int | None = None) -> None:
        """The target's row is written by another service, a moment after the call's own."""
        at = now + self.dice.between(MILLISECOND, 40 * MILLISECOND)
        person.status, person.changed = status, at
        person.target.writes.append(Write(at, status, index))


def simulate(scenario: Scenario, seed: object = 0) -> Log:
    """Run the dialer over a scenario. A clean log: no call in it breaks the retry policy in force."""
    return _Simulation(scenario, seed).run()


# ------------------------------------------------------------------------------------------- worlds to try


def any_scenario(seed: object, targets: int = 100) -> Scenario:
    """A world drawn at random, for property tests.

    One to three campaigns that share outdials, follow one another or are stopped; outplans that change midway,
    with disabled destinations and intervals from nothing to hours; targets with gaps or no destination at all,
    added late or deleted.
    """
    dice = Dice("scenario", seed)
    begin = moment("2026-10-05T08:00:00")
    span = dice.pick([5 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY])
    end = begin + span

    def when() -> int:
        return begin + dice.between(0, span)

    def maxima() -> tuple[int, ...]:
        return tuple(
            dice.pick([0, 1, 1, 2, 2, 3, 4]) if index else dice.pick([0, 1, 2, 2, 3, 4]) for index in range(5)
        )

    def interval() -> int:
        return dice.pick([0, 1_000, 20_000, 60_000, 900_000, 4 * 3_600_000])

    def change() -> Change:
        return Change(
            at=when(),
            max_try_count=maxima() if dice.chance(0.7) else None,
            try_interval_ms=interval() if dice.chance(0.5) else None,
        )

    outplans = tuple(
        Outplan(
            name=f"plan {number}",
            max_try_count=maxima(),
            try_interval_ms=interval(),
            dial_timeout_ms=dice.pick([0, 5_000, 20_000, 30_000]),
            changes=tuple(change() for _ in range(dice.pick([0, 0, 1, 2]))),
        )
        for number in range(dice.between(1, 3))
    )
    shapes = (
        ((0,), 4.0),
        ((0, 1), 3.0),
        ((0, 1, 2), 2.0),
        ((0, 2), 1.0),
        ((1, 3), 0.7),
        (tuple(range(5)), 1.0),
        ((), 0.3),
    )
    lists = dice.between(1, 2)
    outdials = tuple(
        Outdial(
            name=f"list {number}",
            targets=max(1, targets // lists),
            destinations=shapes,
            added=(begin - HOUR, begin + span // 2) if dice.chance(0.3) else None,
            deleted=(begin, end) if dice.chance(0.4) else None,
            deleted_share=0.05,
        )
        for number in range(lists)
    )
    campaigns: list[Campaign] = []
    for number in range(dice.between(1, 3)):
        campaigns.append(
            Campaign(
                name=f"campaign {number}",
                outdial=dice.pick(outdials).name,
                outplan=dice.pick(outplans).name,
                start=begin + dice.between(0, span // 4),
                hours=((begin + span // 8, begin + span // 2), (begin + span // 2 + HOUR // 4, end))
                if dice.chance(0.4)
                else (),
                lines=dice.pick([0, 0, 1, 2, 5]),
                after=dice.pick(campaigns).name if campaigns and dice.chance(0.3) else None,
                stopped_at=when() if dice.chance(0.25) else None,
                end_handle=dice.pick(["stop", "continue"]),
            )
        )
    return Scenario(begin, end, outplans, outdials, tuple(campaigns))
