"""AAPOR's final classes and outcome rates (Standard Definitions, 10th edition, 2023), from counts of targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.recount.attempts import History
from tests.recount.rates import simple

Figures = dict[str, Any]

CLASSES = ("I", "P", "R", "NC", "O", "UH", "UR", "UO", "NE")


def classes(targets: Sequence[History]) -> Figures:
    """reports.aapor_classes of one campaign."""
    counts = Counter(history.aapor for history in targets)
    known = sum(counts[name] for name in ("I", "P", "R", "NC", "O"))
    return {
        **{name.lower(): counts[name] for name in CLASSES},
        "targets": len(targets),
        "k": known,
        "u": sum(counts[name] for name in ("UH", "UR", "UO")),
        "e": known / (known + counts["NE"]) if known + counts["NE"] else None,
    }


def rates(targets: Sequence[History]) -> dict[tuple[str], Figures]:
    """reports.aapor_rates of one campaign, by rate."""
    counts = Counter(history.aapor for history in targets)
    found: dict[tuple[str], Figures] = {}
    for name, (top, bottom) in fractions(counts.__getitem__).items():
        rate = simple(top, bottom or 0)
        found[(name,)] = {
            "numerator": top,
            "denominator": bottom,
            "value": rate.value,
            "value_low": rate.low,
            "value_high": rate.high,
            "e": classes(targets)["e"],
        }
    return found


def outcome_rates(
    count: Callable[[str], int],
    e_uh: float | None = None,
    e_ur: float | None = None,
    e_uo: float | None = None,
) -> dict[str, float | None]:
    """Every rate from counts by class; None where the denominator is 0 or not known."""
    return {
        name: simple(top, bottom or 0).value
        for name, (top, bottom) in fractions(count, e_uh, e_ur, e_uo).items()
    }


def fractions(
    count: Callable[[str], int],
    e_uh: float | None = None,
    e_ur: float | None = None,
    e_uo: float | None = None,
) -> dict[str, tuple[int, float | None]]:
    """Numerator and denominator of every rate. A share e that is not given is K / (K + NE)."""
    i, p, r, nc, o, uh, ur, uo, ne = map(count, CLASSES)
    known = i + p + r + nc + o
    e = known / (known + ne) if known + ne else None
    unknown = [
        (uh, e if e_uh is None else e_uh),
        (ur, e if e_ur is None else e_ur),
        (uo, e if e_uo is None else e_uo),
    ]
    weighed: float | None = known
    for number, share in unknown:
        if number:
            weighed = None if share is None or weighed is None else weighed + number * share
    everybody = known + uh + ur + uo
    return {
        "rr1": (i, everybody), "rr2": (i + p, everybody), "rr3": (i, weighed), "rr4": (i + p, weighed),
        "rr5": (i, known), "rr6": (i + p, known),
        "coop1": (i, i + p + r + o), "coop2": (i + p, i + p + r + o),
        "coop3": (i, i + p + r), "coop4": (i + p, i + p + r),
        "ref1": (r, everybody), "ref2": (r, weighed), "ref3": (r, known),
        "con1": (i + p + r + o, everybody), "con2": (i + p + r + o, weighed), "con3": (i + p + r + o, known),
    }  # fmt: skip
