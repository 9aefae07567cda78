"""How the share of targets reached grows: by attempt number, by time, and had more or fewer attempts been allowed.

Belongs here: Aalen and Johansen's estimator, its interval, and what is read off it. Does not belong here: rates that
know no order (``rates.py``).

A life is (time, kind): how long a target was followed, and how that ended. Time is an attempt number or microseconds.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

from tests.recount.attempts import History
from tests.recount.rates import NO_RATE, Rate, bounded, simple, wilson

Figures = dict[str, Any]
Life = tuple[float, int]

NOBODY: Mapping[float, int] = {}
"""No life is away."""

OPEN, CONTACT, OTHER_END = range(3)
"""How a life ends: not yet, with a contact, with anything else."""

GRID = (
    0, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 345600, 432000, 518400, 604800,
    1209600, 2592000, 5184000, 7776000,
)  # fmt: skip
"""Seconds after the first attempt."""


# --------------------------------------------------------------------------------------------------- estimator


class Step(NamedTuple):
    """A time at which lives ended. ``before``: share still open before it; ``share``: reached by then."""

    time: float
    at_risk: int
    contacts: int
    ends: int
    before: float
    share: float

    @property
    def after(self) -> float:
        """Share still open after it."""
        return self.before * (1 - (self.contacts + self.ends) / self.at_risk)


def aalen_johansen(lives: Sequence[Life], away: Mapping[float, int] = NOBODY) -> list[Step]:
    """Every time at which a life ended, in order, and the share reached by then.

    ``away``: how many of the lives are not at risk at a time, although they go on after it.
    """
    counts = Counter(lives)
    at_risk, before, share = len(lives), 1.0, 0.0
    steps = []
    for time in sorted({time for time, _ in lives}):
        contacts, ends = counts[time, CONTACT], counts[time, OTHER_END]
        if contacts + ends:
            here = at_risk - away.get(time, 0)
            share += before * contacts / here
            steps.append(Step(time, here, contacts, ends, before, share))
            before = steps[-1].after
        at_risk -= contacts + ends + counts[time, OPEN]
    return steps


def share_by(
    lives: Sequence[Life], steps: Sequence[Step], at: float, away: Mapping[float, int] = NOBODY
) -> Rate:
    """The share reached by a time, with its interval.

    The variance is the double sum of the delta method. The interval is Wilson's at the number of targets that would
    be as sure without censoring, at most as many as the share still open and those still at risk speak for.
    """
    past = list(takewhile(lambda step: step.time <= at, steps))
    share = past[-1].share if past else 0.0
    variance = 0.0
    for step in past:
        leaving, risk = step.contacts + step.ends, step.at_risk
        if leaving < risk:
            variance += (share - step.share) ** 2 * leaving / (risk * (risk - leaving))
        variance += step.before**2 * step.contacts * (risk - step.contacts) / risk**3
        variance -= 2 * (share - step.share) * step.before * step.contacts / risk**2
    effective = float(len(lives))
    at_risk = sum(time >= at for time, _ in lives) - away.get(at, 0)
    if at_risk:
        open_before = 1.0 if not past else past[-1].before if past[-1].time == at else past[-1].after
        # Where nobody is open any more, only a target is left whose earlier attempt is in flight.
        effective = min(effective, at_risk / open_before) if open_before else effective
        if 1e-12 < share < 1 - 1e-12 and variance > 0:
            effective = min(effective, share * (1 - share) / variance)
    return Rate(share, *wilson(min(max(share, 0), 1) * effective, effective), effective)


# --------------------------------------------------------------------------------------------- attempt numbers


def attempt_curve(targets: Sequence[History]) -> dict[tuple[int], Figures]:
    """reports.attempt_curve of one campaign, by attempt number."""
    tried = [history for history in targets if history.last_known]
    lives = [
        (
            history.last_known,
            CONTACT
            if history.first_contact
            else OTHER_END
            if history.end and history.last_known == len(history.attempts)
            else OPEN,
        )
        for history in tried
    ]
    counts = Counter(lives)
    away: Counter[float] = Counter(
        number
        for history in tried
        for number in range(1, history.last_known + 1)
        if not history.is_at_risk(number)
    )
    steps = aalen_johansen(lives, away)
    found: dict[tuple[int], Figures] = {}
    survival = 1.0
    for number in range(1, 1 + max((time for time, _ in lives), default=0)):
        at_risk = sum(history.is_at_risk(number) for history in tried)
        if not at_risk:
            continue
        contacts = counts[number, CONTACT]
        survival *= 1 - contacts / at_risk
        found[(number,)] = {
            "at_risk": at_risk,
            "contacts": contacts,
            "competing_ends": counts[number, OTHER_END],
            "censored": counts[number, OPEN],
            "overtaken": away[number],
            **simple(contacts, at_risk).columns("hazard"),
            **share_by(lives, steps, number, away).columns("cumulative_incidence"),
            "one_minus_kaplan_meier": 1 - survival,
            "is_thin": at_risk < 5,
        }
    return found


# -------------------------------------------------------------------------------------------------------- time


def by_time(targets: Sequence[History], as_of: datetime) -> list[Life]:
    """Each attempted target's microseconds from the first attempt to its end, or to the moment of the ledger."""
    found: list[Life] = []
    for history in targets:
        if not history.attempts:
            continue
        if history.first_contact:
            end, kind = history.attempts[history.first_contact - 1].at, CONTACT
        elif history.last_known < len(history.attempts):
            # The attempt after the last known one is in flight: the target is open up to the moment before it.
            end, kind = history.attempts[history.last_known].at - timedelta(microseconds=1), OPEN
        elif history.end:
            end, kind = history.attempts[-1].at, OTHER_END
        else:
            end, kind = as_of, OPEN
        found.append(((end - history.attempts[0].at) // timedelta(microseconds=1), kind))
    return found


def away_by_time(targets: Sequence[History]) -> Counter[float]:
    """How many targets are not at risk so many microseconds after their first attempt, although they are later.

    An attempt of theirs is in flight that began then, and a later one has ended.
    """
    away: Counter[float] = Counter()
    for history in targets:
        for number in range(1, history.last_known):
            attempt = history.attempts[number - 1]
            next_ended = next(
                (later for later in history.attempts[number:] if later.disposition != "in_progress"), attempt
            )
            if not history.is_at_risk(number) and next_ended.at > attempt.at:
                away[(attempt.at - history.attempts[0].at) // timedelta(microseconds=1)] += 1
    return away


def within(lives: Sequence[Life], steps: Sequence[Step], seconds: int, away: Mapping[float, int]) -> Rate:
    """The share reached within a time; no rate when a target is open and none was at risk or followed so long."""
    at = seconds * 1_000_000
    at_risk = sum(time >= at for time, _ in lives) - away.get(at, 0)
    if at_risk <= 0 and any(kind == OPEN or time > at for time, kind in lives):
        return NO_RATE
    return share_by(lives, steps, at, away)


def time_to_contact(targets: Sequence[History], as_of: datetime) -> Figures:
    """reports.time_to_contact of one campaign."""
    lives = by_time(targets, as_of)
    away = away_by_time(targets)
    steps = aalen_johansen(lives, away)
    figures: Figures = {
        "targets": len(lives),
        "contacted": sum(kind == CONTACT for _, kind in lives),
        "followed_seconds": max(0, *(time for time, _ in lives)) / 1e6,
    }
    reached = [
        (step, share_by(lives, steps, step.time, away)) for step in steps if step.contacts or step.time == 0
    ]
    begun = sum(time >= 0 for time, _ in lives) - away[0]
    if begun and not (steps and steps[0].time == 0):
        reached.insert(0, (Step(0, begun, 0, 0, 1, 0), share_by(lives, steps, 0, away)))
    for name, part in (("quarter", 0.25), ("median", 0.5), ("three_quarters", 0.75)):
        at = next((step for step, rate in reached if (rate.value or 0) >= part - 1e-9), None)
        low = next((step.time / 1e6 for step, rate in reached if (rate.high or 0) >= part), None)
        high = next((step.time / 1e6 for step, rate in reached if (rate.low or 0) >= part), None)
        figures |= bounded(f"{name}_seconds", at.time / 1e6 if at else None, low, high)
        figures[f"{name}_is_thin"] = at.at_risk + away[at.time] < 5 if at else None
    for name, seconds in (("1h", 3600), ("1d", 86400), ("7d", 604800)):
        figures |= within(lives, steps, seconds, away).columns(f"within_{name}")
    return figures


def time_to_contact_curve(targets: Sequence[History], as_of: datetime) -> dict[tuple[int], Figures]:
    """reports.time_to_contact_curve of one campaign, by seconds since the first attempt."""
    lives = by_time(targets, as_of)
    away = away_by_time(targets)
    steps = aalen_johansen(lives, away)
    return {
        (seconds,): {
            "targets": len(lives),
            "contacted": sum(kind == CONTACT and time <= seconds * 1_000_000 for time, kind in lives),
            **within(lives, steps, seconds, away).columns("cumulative_incidence"),
        }
        for seconds in GRID
    }


# ----------------------------------------------------------------------------------------------- other maxima


def what_if(targets: Sequence[History]) -> dict[tuple[int], Figures]:
    """reports.retry_what_if of one campaign, by the most attempts that a target may have."""
    tried = [history for history in targets if history.attempts]
    longest = max((len(history.attempts) for history in tried), default=0)
    found: dict[tuple[int], Figures] = {}
    attempts = reached = 0
    for most in range(1, longest + 1):
        before, had = attempts, reached
        attempts = sum(min(len(history.attempts), most) for history in tried)
        reached = sum((history.first_contact or math.inf) <= most for history in tried)
        found[(most,)] = {
            "basis": "log",
            "targets": len(tried),
            **bounded("attempts", attempts, attempts, attempts),
            **bounded("targets_contacted", reached, reached, reached),
            **simple(reached, len(tried)).columns("contact_rate_per_target"),
            **_predicted((attempts, attempts), (reached, reached), len(tried)),
            **_extra(attempts - before, reached - had),
        }
    if any(history.last_known for history in tried):
        for further in (1, 2, 3):
            found[(longest + further,)] = _raised(tried, longest, (attempts, reached), further)
    return found


def _extra(attempts: float, reached: float) -> Figures:
    return {
        "extra_attempts": attempts,
        "extra_contacted": reached,
        "attempts_per_extra_contact": attempts / reached if reached else None,
    }


def _raised(tried: Sequence[History], longest: int, logged: tuple[float, float], further: int) -> Figures:
    """Beyond the log: each waiting target is tried again, round after round, as well as the last attempts did.

    ``logged`` are the attempts made and the targets reached by the log's own maximum.
    """
    last: list[Figures] = []
    for step in reversed(attempt_curve(tried).values()):
        if sum(later["at_risk"] for later in last) < 30:
            last.append(step)
    hazard = simple(sum(step["contacts"] for step in last), sum(step["at_risk"] for step in last))
    waiting = sum(
        history.end == "exhausted" or (history.end is None and len(history.attempts) == longest)
        for history in tried
        if not history.is_deleted and history.attempts[-1].disposition != "in_progress"
    )

    def play(chance: float | None, rounds: int) -> tuple[float, float]:
        left, (attempts, reached) = float(waiting), logged
        for _ in range(rounds):
            hit = left * min(max(chance or 0.0, 0.0), 1.0)
            attempts, reached, left = attempts + left, reached + hit, left - hit
        return attempts, reached

    attempts, reached = play(hazard.value, further)
    most_attempts, fewest_reached = play(hazard.low, further)
    fewest_attempts, most_reached = play(hazard.high, further)
    before, had = play(hazard.value, further - 1)
    people = len(tried)
    return {
        "basis": "extrapolated",
        "targets": people,
        **bounded("attempts", attempts, fewest_attempts, most_attempts),
        **bounded("targets_contacted", reached, fewest_reached, most_reached),
        **bounded(
            "contact_rate_per_target", reached / people, fewest_reached / people, most_reached / people
        ),
        **_predicted(
            _within(attempts, logged[0], _attempts_made(hazard, last, waiting, further)),
            _within(reached, logged[1], _targets_reached(hazard, last, waiting, further)),
            people,
        ),
        **_extra(attempts - before, reached - had),
    }


# ------------------------------------------------------------------------------------------- what would come out


def _predicted(attempts: tuple[float, float], reached: tuple[float, float], people: int) -> Figures:
    ends = {"attempts": attempts, "targets_contacted": reached}
    ends["contact_rate_per_target"] = (reached[0] / people, reached[1] / people)
    return {
        f"{name}_predicted_{end}": value
        for name, pair in ends.items()
        for end, value in zip(("low", "high"), pair, strict=True)
    }


def _within(expected: float, logged: float, further: tuple[float, float]) -> tuple[float, float]:
    """An interval of the further count as one of the whole, wide enough to hold what is expected."""
    low, high = further
    return (
        min(logged + low, math.floor(expected + 1e-9)),
        max(logged + high, math.ceil(expected - 1e-9)),
    )


def _targets_reached(hazard: Rate, last: Sequence[Figures], waiting: int, rounds: int) -> tuple[float, float]:
    """Between which numbers of the waiting targets are reached in so many rounds, in 95 of 100 cases."""

    def share(chance: float) -> float:
        return 1 - (1 - chance) ** rounds

    if 1 <= waiting <= 12:
        masses: dict[int, float] = defaultdict(float)
        for chance, weight in _posterior(last):
            for count in range(waiting + 1):
                masses[count] += weight * _binomial(count, waiting, share(chance))
        return _mid_p(masses)
    middle = share(_middle(last))
    low, high = _squares(
        waiting,
        [share(chance or 0.0) for chance in (hazard.low, hazard.value, hazard.high)],
        middle * (1 - middle),
    )
    return max(0.0, low), min(float(waiting), high)


def _attempts_made(hazard: Rate, last: Sequence[Figures], waiting: int, rounds: int) -> tuple[float, float]:
    """Between which numbers of attempts so many rounds take, in 95 of 100 cases."""

    def mean(chance: float) -> float:
        return sum((1 - chance) ** made for made in range(rounds))

    if 1 <= waiting <= 12:
        masses: dict[int, float] = defaultdict(float)
        for chance, weight in _posterior(last):
            for second in range(waiting + 1):
                at_second = weight * _binomial(second, waiting, 1 - chance)
                for third in range(second + 1):
                    made = waiting + (second if rounds > 1 else 0) + (third if rounds > 2 else 0)
                    masses[made] += at_second * _binomial(third, second, 1 - chance)
        return _mid_p(masses)
    middle = _middle(last)
    chances = [middle * (1 - middle) ** made for made in range(rounds - 1)] + [(1 - middle) ** (rounds - 1)]
    variance = sum(n * n * chance for n, chance in enumerate(chances, 1)) - mean(middle) ** 2
    low, high = _squares(
        waiting, [mean(chance or 0.0) for chance in (hazard.high, hazard.value, hazard.low)], variance
    )
    return max(float(waiting), low), min(float(rounds * waiting), high)


def _squares(waiting: int, band: Sequence[float], variance: float) -> tuple[float, float]:
    """The band of one target's mean, and chance, squared and added; the whole numbers within."""
    low, mean, high = band
    chance = 1.959963984540054**2 * waiting * variance
    return (
        math.ceil(waiting * mean - math.sqrt((waiting * (mean - low)) ** 2 + chance) - 1e-9),
        math.floor(waiting * mean + math.sqrt((waiting * (high - mean)) ** 2 + chance) + 1e-9),
    )


def _middle(last: Sequence[Figures]) -> float:
    contacts, at_risk = (sum(step[name] for step in last) for name in ("contacts", "at_risk"))
    square = 1.959963984540054**2
    middle: float = (contacts + square / 2) / (at_risk + square)
    return middle


def _posterior(last: Sequence[Figures]) -> list[tuple[float, float]]:
    """Hazards and their weights after the last attempts, by Jeffreys's prior: points on the scale of log odds."""
    contacts, at_risk = (sum(step[name] for step in last) for name in ("contacts", "at_risk"))
    hits, misses = contacts + 0.5, at_risk - contacts + 0.5
    peak, spread = math.log(hits / misses), math.sqrt(1 / hits + 1 / misses)
    start, end = peak - max(8 * spread, 18 / hits), peak + max(8 * spread, 18 / misses)
    points = [start + (end - start) * step / 400 for step in range(401)]
    heights = [
        math.exp(hits * (odds - peak) - (hits + misses) * (_softplus(odds) - _softplus(peak)))
        for odds in points
    ]
    return [
        (1 / (1 + math.exp(-odds)), height / sum(heights))
        for odds, height in zip(points, heights, strict=True)
    ]


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def _binomial(count: int, of: int, chance: float) -> float:
    return math.comb(of, count) * chance**count * (1 - chance) ** (of - count)


def _mid_p(masses: Mapping[int, float]) -> tuple[float, float]:
    """The values that leave at most 2.5 % on either side, where a value counts by half on each."""
    below, kept = 0.0, []
    for value in sorted(masses):
        middle = below + masses[value] / 2
        below += masses[value]
        if 0.025 <= middle <= 0.975:
            kept.append(value)
    return kept[0], kept[-1]
