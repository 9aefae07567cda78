"""What all charts share: positions, scales and their ticks.

Belongs here: geometry. Does not belong here: a single kind of chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

THIN = 5
"""Shares of fewer than this many are shown, and marked as thin."""


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, with its text and what stands below it."""

    at: str
    text: str
    note: str = ""


def pc(share: float) -> str:
    """A share of the drawing's width or height as an SVG percentage."""
    return f"{100 * share:.2f}%".replace(".00%", "%")


def share_scale(value: float) -> tuple[float, float]:
    """The end of a scale from 0 that holds a share, and the distance of its ticks."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2):
        if value <= 5 * step:
            return max(step, step * math.ceil(value / step - 1e-9)), step
    return 1.0, 0.25


def count_scale(value: float) -> tuple[float, float]:
    """As ``share_scale``, for numbers of things."""
    size = 10 ** max(0, math.floor(math.log10(max(value, 1))) - 1)
    step = next(step * size for step in (1, 2, 5, 10, 20, 50) if value <= 5 * step * size)
    return max(step, step * math.ceil(value / step)), step


def share_ticks(top: float, step: float) -> Sequence[Tick]:
    """The ticks of a horizontal scale of shares."""
    return [Tick(pc(n * step / top), f"{n * step:.0%}") for n in range(round(top / step) + 1)]
