"""Comparisons of two contact rates: campaigns, weeks and agents, each with its interval and its p, family by family.

Belongs here: who is compared with whom, and how. Does not belong here: the rates (``rates.py``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from tests.recount.attempts import MEASURING, Attempt, History, Key
from tests.recount.rates import Figures, clustered, local, slices, wilson

MANY = 20
"""With more campaigns, each is compared with the rest."""


class Side(NamedTuple):
    """One side: how many were reached of how many tried, and how many independent trials that is worth."""

    reached: int
    tried: int
    size: float
    is_thin: bool

    @property
    def rate(self) -> float:
        """Reached / tried."""
        return self.reached / self.tried


Pair = tuple[str, str, Side, Side]


def comparisons(
    campaigns: Mapping[Key, Sequence[History]],
    ledger: Sequence[Attempt],
    as_of: Mapping[str, datetime],
    zone: str,
) -> dict[tuple[str, str, str, str, str], Figures]:
    """reports.comparisons, by source, campaign, family and both sides. ``as_of``: the moment of each source."""
    found: dict[tuple[str, str, str, str, str], Figures] = {}
    for source in MEASURING:
        for pair, figures in _judged(_campaigns(source, campaigns), "targets"):
            found[source, "all", "campaigns", *pair] = figures
    for (source, campaign), attempts in _by_campaign(ledger).items():
        share = _clusters(attempts).size / len(attempts)
        today = local(as_of[source], zone).date()
        for pair, figures in _judged(_weeks(attempts, share, today, zone), "attempts"):
            found[source, campaign, "weeks", *pair] = figures
        if campaign != "all":
            for pair, figures in _judged(_agents(attempts, share), "attempts"):
                found[source, campaign, "agents", *pair] = figures
    return found


# ------------------------------------------------------------------------------------------------ who with whom


def _campaigns(source: str, campaigns: Mapping[Key, Sequence[History]]) -> list[Pair]:
    tried = {
        campaign: [history for history in targets if history.attempts]
        for (of, campaign), targets in campaigns.items()
        if of == source
    }
    tried = {campaign: targets for campaign, targets in tried.items() if targets}
    people = {history.target for targets in tried.values() for history in targets}
    distinct = len(people) / sum(map(len, tried.values())) if tried else 1.0
    sides = {
        campaign: Side(
            sum(history.contacts > 0 for history in targets), len(targets), len(targets), len(targets) < 5
        )
        for campaign, targets in tried.items()
        if campaign != f"{source}:none"
    }
    if len(sides) <= MANY:
        return [(one, two, sides[one], sides[two]) for one, two in itertools.combinations(sorted(sides), 2)]
    pairs = []
    for campaign, side in sides.items():
        others = [other for name, other in sides.items() if name != campaign]
        reached, size = sum(other.reached for other in others), sum(other.tried for other in others)
        worth = size * min(1.0, distinct)
        pairs.append((campaign, "rest", side, Side(reached, size, worth, worth < 5)))
    return pairs


def _by_campaign(ledger: Iterable[Attempt]) -> dict[Key, list[Attempt]]:
    found: dict[Key, list[Attempt]] = {}
    for attempt in ledger:
        if attempt.is_real and attempt.source in MEASURING:
            for campaign in (attempt.campaign, "all"):
                found.setdefault((attempt.source, campaign), []).append(attempt)
    return found


def _clusters(attempts: Sequence[Attempt]) -> Side:
    """Attempts as one side; its size is that of contact rates per attempt."""
    hits: dict[str, list[bool]] = {}
    for attempt in attempts:
        hits.setdefault(attempt.target, []).append(attempt.is_contact)
    effective = clustered((len(own), sum(own)) for own in hits.values()).effective or 0.0
    return Side(sum(map(sum, hits.values())), len(attempts), effective, len(hits) < 5)


def _at_most(side: Side, share: float) -> Side:
    """The side with a design effect that is not below the campaign's."""
    return side._replace(size=min(side.size, side.tried * share))


def _weeks(attempts: Sequence[Attempt], share: float, today: date, zone: str) -> list[Pair]:
    weeks: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        week = slices(attempt, zone)["week"]
        if date.fromisoformat(week) + timedelta(days=7) <= today:
            weeks.setdefault(week, []).append(attempt)
    sides = {week: _at_most(_clusters(own), share) for week, own in weeks.items()}
    return [(later, week, sides[later], sides[week]) for week, later in itertools.pairwise(sorted(sides))]


def _agents(attempts: Sequence[Attempt], share: float) -> list[Pair]:
    agents: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.agent:
            agents.setdefault(attempt.agent, []).append(attempt)
    reached = sum(attempt.is_contact for attempt in attempts)
    pairs = []
    for agent, own in agents.items():
        side = _at_most(_clusters(own), share)
        if rest := len(attempts) - len(own):
            other = Side(reached - side.reached, rest, rest * share, rest * share < 5)
            pairs.append((agent, "rest", side, other))
    return pairs


# ----------------------------------------------------------------------------------------------------- how sure


def _judged(pairs: Sequence[Pair], unit: str) -> list[tuple[tuple[str, str], Figures]]:
    """The figures of one family."""
    p_values = {
        (side, other): p_value(ours, theirs)
        for side, other, ours, theirs in pairs
        if not (ours.is_thin or theirs.is_thin)
    }
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    found = []
    for side, other, ours, theirs in pairs:
        low, high = newcombe(ours, theirs)
        adjusted = corrected.get((side, other))
        figures = {
            "unit": unit,
            "reached": ours.reached, "tried": ours.tried, "rate": ours.rate, "size": ours.size,
            "other_reached": theirs.reached, "other_tried": theirs.tried, "other_rate": theirs.rate,
            "other_size": theirs.size,
            "difference": ours.rate - theirs.rate, "low": low, "high": high,
            "p": p_values.get((side, other)), "p_holm": adjusted, "comparisons": len(p_values),
            "is_clear": adjusted is not None and adjusted < 0.05 and (low > 0 or high < 0),
            "is_thin": adjusted is None,
        }  # fmt: skip
        found.append(((side, other), figures))
    return found


def newcombe(ours: Side, theirs: Side) -> tuple[float, float]:
    """Newcombe's hybrid score interval: squares of the distances to Wilson's bounds, added."""
    (low, high), (other_low, other_high) = (
        (max(0.0, low), min(1.0, high))
        for low, high in (wilson(side.rate * side.size, side.size) for side in (ours, theirs))
    )
    difference = ours.rate - theirs.rate
    return (
        difference - math.hypot(ours.rate - low, other_high - theirs.rate),
        difference + math.hypot(high - ours.rate, theirs.rate - other_low),
    )


def p_value(ours: Side, theirs: Side) -> float:
    """The larger p of chi-squared and of the likelihood ratio: observed against expected in four cells."""
    total = ours.size + theirs.size
    pooled = (ours.rate * ours.size + theirs.rate * theirs.size) / total
    chi = ratio = 0.0
    for side in (ours, theirs):
        for observed, expected in ((side.rate, pooled), (1 - side.rate, 1 - pooled)):
            if expected > 1e-12:
                chi += side.size * (observed - expected) ** 2 / expected
                ratio += 2 * side.size * observed * math.log(observed / expected) if observed > 1e-12 else 0.0
    return math.erfc(math.sqrt(max(0.0, min(chi, ratio)) / 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p of each: the greatest of (how many p are not below q) times q, over every q up to its own."""
    return [max(min(1.0, q * sum(r >= q for r in p_values)) for q in p_values if q <= p) for p in p_values]
