"""Contact rates with their intervals: of campaigns, of slices of them, of hours; and what attempts ended in.

Belongs here: how a rate and its interval are worked out. Does not belong here: rates over time or over attempt
numbers (``curves.py``).
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.recount.attempts import MEASURING, Attempt, History
from tests.recount.meanings import NO_ATTEMPT

Figures = dict[str, Any]

Z = statistics.NormalDist().inv_cdf(0.975)


# --------------------------------------------------------------------------------------------------- intervals


def wilson(k: float, n: float) -> tuple[float, float]:
    """The two p at which k of n is exactly Z standard errors away: roots of (k/n - p)^2 = Z^2 p (1 - p) / n."""
    p = k / n
    a, b, c = 1 + Z * Z / n, -(2 * p + Z * Z / n), p * p
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def bounded(name: str, value: float | None, low: float | None, high: float | None) -> Figures:
    """A figure and its bounds, under the names of the three columns."""
    return {name: value, f"{name}_low": low, f"{name}_high": high}


class Rate(NamedTuple):
    """A rate, its interval, and the number of independent trials that would be as sure."""

    value: float | None
    low: float | None
    high: float | None
    effective: float | None

    def columns(self, name: str) -> Figures:
        """The rate and its interval, under the names of the three columns."""
        return bounded(name, self.value, self.low, self.high)


NO_RATE = Rate(None, None, None, None)


def simple(k: float, n: float) -> Rate:
    """The rate of k successes in n independent trials."""
    return Rate(k / n, *wilson(k, n), n) if n else NO_RATE


def clustered(clusters: Iterable[tuple[int, int]]) -> Rate:
    """Contacts per attempt, given (attempts, contacts) of each target: attempts of one target are not independent."""
    counts = [(n, x) for n, x in clusters if n]
    total, hits, size = sum(n for n, _ in counts), sum(x for _, x in counts), len(counts)
    if not total:
        return NO_RATE
    rate = hits / total
    if size == 1:
        effective = 1.0
    elif hits in (0, total):
        effective = float(size)
    elif size == total:
        effective = float(total)
    else:
        squares = math.fsum((x - rate * n) ** 2 for n, x in counts)
        effective = float(total)
        if squares > 1e-10:
            model = _Exchangeable([n for n, _ in counts], squares / (rate * (1 - rate)))
            variance = squares / model.shown / total**2 if model.shown > 0 else math.inf
            if_independent = rate * (1 - rate) / (total - 1)
            surer = (Z / t_quantile(model.freedom)) ** 2
            alike = total**2 / sum(n * n for n, _ in counts)
            effective = min(effective, max(alike, total * if_independent / variance * surer))
    return Rate(rate, *wilson(rate * effective, effective), effective)


class _Exchangeable:
    """Attempts of which any two on one target have the same correlation, and attempts on different targets none.

    ``sizes``: the attempts on each target. ``seen``: the sum of squared residuals / the variance of one attempt.
    """

    def __init__(self, sizes: Sequence[int], seen: float) -> None:
        self.total = sum(sizes)
        self.weights = [n / self.total for n in sizes]
        pairs = math.fsum(n**2 for n in sizes)
        self.mean_size = math.fsum(n**3 for n in sizes) / pairs
        self.sizes = sizes
        # What the squares sum to grows in a straight line from independence to perfect correlation.
        apart, together = self._expected(0), self._expected(1)
        self.correlation = (
            min(max((seen - apart) / (together - apart), 0.2), 1) if abs(together - apart) > 1e-9 else 0.2
        )
        variances = self._variances(self.correlation)
        self.shown = self._expected(self.correlation) / math.fsum(variances)
        self.freedom = self._freedom()

    def _variances(self, correlation: float) -> list[float]:
        """The variance of each target's contacts."""
        return [n * (1 + correlation * (n - 1)) for n in self.sizes]

    def _expected(self, correlation: float) -> float:
        """The trace of B D: B takes each target's share of the total residual away, D holds the variances."""
        variances = self._variances(correlation)
        spread = math.fsum(w * w for w in self.weights)
        return math.fsum(v * (1 - 2 * w + spread) for v, w in zip(variances, self.weights, strict=True))

    def _freedom(self) -> float:
        """Satterthwaite's: (tr B D)^2 / tr B D B D, of attempts whose fellows number as many as on the mean of all pairs."""
        inflated = 1 + self.correlation * (
            self.mean_size - 1
        )  # the variance of a target of that size / its attempts
        whole = math.fsum(self._variances(self.correlation))
        spread = math.fsum(w * w for w in self.weights)
        cubed = math.fsum(
            w * w * n for w, n in zip(self.weights, self.sizes, strict=True)
        )  # sum of n^3 / N^2
        twos = math.fsum(n * n for n in self.sizes)
        crossed = inflated * twos / self.total  # sum of h v
        double = (
            inflated**2 * (twos * (1 + 2 * spread) - 4 * self.total * cubed)
            + 2 * whole * inflated * cubed
            + 2 * crossed**2
            + (spread * whole) ** 2
            - 4 * spread * whole * crossed
        )
        expected = self._expected(self.correlation)
        if double <= 0:
            return 1.0
        return max(1.0, min(len(self.sizes) - 1, expected**2 / double))


def t_quantile(freedom: float) -> float:
    """Student's t, 97.5 %: Fisher and Cornish's expansion in powers of 1 / freedom, exact at 1 and 2."""
    z = Z
    terms = [
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    ]
    at_1 = math.tan(0.475 * math.pi) - sum(terms)
    at_2 = 0.95 * math.sqrt(2 / (1 - 0.95**2)) - sum(term / 2**power for power, term in enumerate(terms))
    seventh = (32 * at_2 - at_1) / (1 / 4 - 1)
    terms += [at_1 - seventh, 0, seventh]
    return sum(term / freedom**power for power, term in enumerate(terms))


# --------------------------------------------------------------------------------------------------- campaigns


def contact_rates(targets: Sequence[History]) -> Figures:
    """reports.campaign_contact_rates of one campaign."""
    tried = [history for history in targets if history.attempts]
    reached = sum(1 for history in tried if history.contacts)
    meant = [history for history in targets if history.attempts or history.is_listed]
    total = sum(len(history.attempts) for history in tried)
    moments = [attempt.at for history in tried for attempt in history.attempts]
    per_attempt = clustered((len(history.attempts), history.contacts) for history in tried)
    return {
        "targets": len(meant),
        "targets_attempted": len(tried),
        "targets_contacted": reached,
        "attempts": total,
        "contacts": sum(history.contacts for history in tried),
        **per_attempt.columns("contact_rate_per_attempt"),
        **simple(reached, len(tried)).columns("contact_rate_per_target"),
        "penetration": len(tried) / len(meant) if any(history.is_listed for history in meant) else None,
        "saturation": total / len(meant) if meant else None,
        "attempts_per_contact": total / reached if reached else None,
        "effective_attempts": per_attempt.effective,
        "is_thin": len(tried) < 5,
        "first_attempt_at": min(moments, default=None),
        "last_attempt_at": max(moments, default=None),
    }


# ------------------------------------------------------------------------------------------------------ slices


def local(moment: datetime, zone: str) -> datetime:
    """A moment (UTC) on the clock of a zone."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def slices(attempt: Attempt, zone: str) -> dict[str, str]:
    """The value that an attempt has in each dimension."""
    day = local(attempt.at, zone).date()
    found = {
        "total": "all",
        "channel": attempt.channel,
        "direction": attempt.direction,
        "agent": attempt.agent or "none",
        "day": day.isoformat(),
        "week": (day - timedelta(days=day.weekday())).isoformat(),
    }
    index = attempt.destination_index
    return found if index is None else found | {"destination_index": str(index)}


def rates_by(ledger: Sequence[Attempt], zone: str) -> dict[tuple[str, str, str, str], Figures]:
    """reports.contact_rates_by."""
    cells: dict[tuple[str, str, str, str], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for attempt in ledger:
        if attempt.is_real and attempt.source in MEASURING:
            for dimension, value in slices(attempt, zone).items():
                for campaign in (attempt.campaign, "all"):
                    cell = cells[attempt.source, campaign, dimension, value]
                    cell[attempt.target].append(attempt.is_contact)
    return {cell: _slice(targets) for cell, targets in cells.items()}


def _slice(targets: Mapping[str, Sequence[bool]]) -> Figures:
    clusters = [(len(hits), sum(hits)) for hits in targets.values()]
    total, reached = sum(n for n, _ in clusters), sum(x > 0 for _, x in clusters)
    per_attempt = clustered(clusters)
    return {
        "targets_attempted": len(clusters),
        "targets_contacted": reached,
        "attempts": total,
        "contacts": sum(x for _, x in clusters),
        **per_attempt.columns("contact_rate_per_attempt"),
        **simple(reached, len(clusters)).columns("contact_rate_per_target"),
        "attempts_per_contact": total / reached if reached else None,
        "effective_attempts": per_attempt.effective,
        "is_thin": len(clusters) < 5,
    }


# ------------------------------------------------------------------------------------------------ dispositions


def dispositions(targets: Sequence[History]) -> dict[tuple[str], Figures]:
    """reports.campaign_dispositions of one campaign, by disposition."""
    rows = Counter(row.disposition for history in targets for row in history.rows)
    latest = Counter(history.latest.disposition for history in targets if history.rows)
    return {
        (name,): {
            "is_attempt": name not in NO_ATTEMPT,
            "attempts": count,
            "share_of_attempts": count / rows.total(),
            "targets": latest[name],
            "share_of_targets": latest[name] / latest.total(),
        }
        for name, count in rows.items()
    }


def matrix(targets: Sequence[History]) -> dict[tuple[int, str], Figures]:
    """reports.disposition_matrix of one campaign, by attempt number and disposition."""
    cells = Counter(
        (number, attempt.disposition)
        for history in targets
        for number, attempt in enumerate(history.attempts, 1)
    )
    totals = Counter(number for history in targets for number, _ in enumerate(history.attempts, 1))
    return {
        (number, name): {
            "attempts": count,
            "share_of_attempts": count / totals[number],
            "is_thin": totals[number] < 5,
        }
        for (number, name), count in cells.items()
    }


# ------------------------------------------------------------------------------------------------------- hours


def best_time(targets: Sequence[History], zone: str) -> dict[tuple[str, int, int], Figures]:
    """reports.best_time of one campaign by the clock of a zone, by kind of attempts, weekday and hour."""
    return hours_by(targets, lambda attempt: local(attempt.at, zone))


def hours_by(
    targets: Sequence[History], clock: Callable[[Attempt], datetime | None]
) -> dict[tuple[str, int, int], Figures]:
    """The same by any clock. An attempt of which the clock says nothing is left out."""
    return {
        (kind, *cell): figures
        for kind, most in (("first", 1), ("all", None))
        for cell, figures in _hours(targets, clock, most).items()
    }


def _hours(
    targets: Sequence[History], clock: Callable[[Attempt], datetime | None], most: int | None
) -> dict[tuple[int, int], Figures]:
    people: dict[tuple[int, int], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for history in targets:
        for attempt in history.attempts[:most]:
            moment = clock(attempt)
            if moment is not None:
                people[moment.isoweekday(), moment.hour][history.target].append(attempt.is_contact)
    cells = {cell: [(len(hits), sum(hits)) for hits in theirs.values()] for cell, theirs in people.items()}
    rates = {cell: clustered(clusters) for cell, clusters in cells.items()}
    attempts = {cell: sum(n for n, _ in clusters) for cell, clusters in cells.items()}
    contacts = {cell: sum(x for _, x in clusters) for cell, clusters in cells.items()}
    mean = sum(contacts.values()) / sum(attempts.values()) if attempts else 0
    thick = [cell for cell, n in attempts.items() if n >= 5]
    prior = prior_attempts(
        [(contacts[cell] / attempts[cell], rates[cell].effective or 0) for cell in thick],
        sum(contacts[cell] for cell in thick),
        sum(attempts[cell] - contacts[cell] for cell in thick),
    )

    def shrunk(cell: tuple[int, int]) -> float:
        rate, weight = contacts[cell] / attempts[cell], rates[cell].effective or 0
        return mean if prior == math.inf else (weight * rate + prior * mean) / (weight + prior)

    return {
        cell: {
            "targets": len(cells[cell]),
            "attempts": attempts[cell],
            "contacts": contacts[cell],
            **rates[cell].columns("contact_rate_per_attempt"),
            "shrunk_rate_per_attempt": shrunk(cell),
            "campaign_rate_per_attempt": mean,
            "prior_attempts": None if prior == math.inf else prior,
            "is_thin": attempts[cell] < 5,
        }
        for cell in cells
    }


def prior_attempts(cells: Sequence[tuple[float, float]], contacts: int, misses: int) -> float:
    """Kleinman's prior of cells (rate, size), at least 5; infinite when so few or so equal that they tell nothing.

    ``contacts`` and ``misses`` are the attempts in these cells that reached somebody, and the others.
    """
    if len(cells) < 5 or min(contacts, misses) < 5:
        return math.inf
    total = math.fsum(size for _, size in cells)
    mean = math.fsum(rate * size for rate, size in cells) / total
    squares = math.fsum(size * (rate - mean) ** 2 for rate, size in cells)
    by_chance = mean * (1 - mean) * (len(cells) - 1)
    scale = math.fsum(size * (1 - size / total) for _, size in cells) - (len(cells) - 1)
    if scale <= 0 or total <= 3 or squares <= mean * (1 - mean) * spread_limit(cells) + 1e-12:
        return math.inf
    correlation = (squares - by_chance) / (mean * (1 - mean) * scale)
    return max(1 / correlation - 1, 5)


def spread_limit(cells: Sequence[tuple[float, float]]) -> float:
    """What chi-squared of cells (rate, size) passes one time in 20: the greater of its table's and the exact moments'.

    The exact mean and variance, of a table with these margins, are Dawson's (Biometrika 41:280, 1954).
    """
    free = len(cells) - 1
    total = math.fsum(size for _, size in cells)
    reached = math.fsum(rate * size for rate, size in cells)

    def margin(counts: Sequence[float]) -> tuple[float, float]:
        kinds = len(counts)
        uneven = (total * math.fsum(1 / count for count in counts) - kinds**2) / (total - 2)
        return (kinds - 1) * (total - kinds) / (total - 1), uneven

    (v1, w1), (v2, w2) = margin([size for _, size in cells]), margin([reached, total - reached])
    mean = total * free / (total - 1)
    variance = 2 * total / (total - 3) * (v1 - w1) * (v2 - w2) + total**2 / (total - 1) * w1 * w2
    return max(_hilferty(free), mean / (2 * mean**2 / variance) * _hilferty(2 * mean**2 / variance))


def _hilferty(free: float) -> float:
    """What 95 % of chi-squared lie below at so many degrees of freedom."""
    third = 2 / (9 * free)
    return free * (1 - third + statistics.NormalDist().inv_cdf(0.95) * math.sqrt(third)) ** 3
