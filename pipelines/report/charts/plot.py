"""Plots: shares or numbers over attempts or time, as dots with whiskers and as steps with bands.

Belongs here: their geometry and the words they carry. Does not belong here: the arithmetic of any figure shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pipelines.report.charts.scale import THIN, Tick, count_scale, pc, share_scale
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import elapsed, number, percent, raw

Axis = Literal["", "seconds", "day"]
"""What the places of the horizontal axis are, where they are no plain values."""


@dataclass(frozen=True)
class Dot:
    """A point of a plot with its whisker (``low`` empty: without one)."""

    css: str
    x: str
    y: str
    low: str
    high: str
    thin: bool
    text: str


@dataclass(frozen=True)
class Plot:
    """Shares or numbers over attempts or time, on one scale.

    Dots with whiskers, and step lines of (x1, y1, x2, y2) on bands of (x, y, width, height).
    """

    macro: str
    title: str
    x_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    dots: Sequence[Dot]
    steps: Sequence[tuple[str, Sequence[tuple[str, str, str, str]]]]
    bands: Sequence[tuple[str, str, str, str]]
    legend: Sequence[tuple[str, str]]
    words: str


@dataclass(frozen=True)
class Drawn:
    """A column drawn in a plot, in which style, what it is called; of which rows (``where``: column, value).

    ``interval``: what stands between the column's name and ``_low`` or ``_high`` in the names of its interval's ends.
    """

    column: str
    style: str
    words: str
    where: tuple[str, Any] | None = None
    interval: str = ""

    def value(self, row: Row, end: str = "") -> Any:
        """The row's value, or that of its interval's ``_low`` or ``_high`` end; None where nothing is drawn."""
        if self.where and row.get(self.where[0]) != self.where[1]:
            return None
        return row.get(self.column + (self.interval + end if end else ""))


def plot(
    rows: Iterable[Row], _naming: Naming, *, title: str, x: str, x_title: str, x_kind: Axis = "", x_note: str = "",
    dots: Sequence[Drawn] = (), steps: Sequence[Drawn] = (), count: str = "", counts: bool = False,
) -> Plot | None:  # fmt: skip
    """Shares (``counts``: numbers) in the order of ``x``, one place each, with ``x_note`` below the place's name.

    A dot has a whisker, a step a band, where the table has ``<column>_low`` and ``<column>_high``; a dot is thin where
    ``count`` is.
    """
    known = sorted((row for row in rows if row.get(x) is not None), key=lambda row: row[x])
    dots = [drawn for drawn in dots if any(drawn.value(row) is not None for row in known)]
    steps = [drawn for drawn in steps if any(drawn.value(row) is not None for row in known)]
    if not (dots or steps):
        return None
    # The scale holds every whisker to its end, a thin point's too: cut off, it would look surer than it is.
    reach = [
        max(drawn.value(row) or 0, drawn.value(row, "_high") or 0)
        for drawn in (*dots, *steps)
        for row in known
    ]
    top, step = count_scale(max(reach)) if counts else share_scale(max(reach))
    say = number if counts else percent

    def across(index: float) -> str:
        return pc((index + 0.5) / len(known))

    def down(value: float | None) -> str:
        return "" if value is None else pc(1 - value / top)

    points, lines, bands = [], [], []
    for drawn in dots:
        for index, row in enumerate(known):
            value, low, high = drawn.value(row), drawn.value(row, "_low"), drawn.value(row, "_high")
            if value is not None:
                between = (
                    "" if low is None or high is None or low == high else f" ({say(low)} to {say(high)})"
                )
                n = f", n = {number(row[count])}" if count else ""
                words = f"{drawn.words}, {place(row[x], x_kind)}: {say(value)}{between}{n}"
                thin = bool(count) and row[count] < THIN
                points.append(
                    Dot(f"dot-{drawn.style}", across(index), down(value), down(low), down(high), thin, words)
                )
    for drawn in steps:
        pieces: list[tuple[str, str, str, str]] = []
        before = None
        for index, row in enumerate(known):
            here, low, high = drawn.value(row), drawn.value(row, "_low"), drawn.value(row, "_high")
            if here is not None:
                left, right = pc(index / len(known)), pc((index + 1) / len(known))
                if before is not None:
                    pieces.append((left, down(before), left, down(here)))
                pieces.append((left, down(here), right, down(here)))
                if low is not None and high is not None:
                    height = pc((high - low) / top)
                    bands.append((left, down(high), pc(1 / len(known)), height))
            before = here
        lines.append((drawn.style, pieces))
    every = -(-len(known) // (8 if x_kind == "day" else 12))
    said = "; ".join(
        f"{place(row[x], x_kind)}: "
        + ", ".join(
            f"{drawn.words} {say(drawn.value(row))}"
            for drawn in (*dots, *steps)
            if drawn.value(row) is not None
        )
        for row in known
    )
    return Plot(
        macro="plot_chart",
        title=title,
        x_title=x_title,
        x_ticks=[
            Tick(
                across(index),
                place(row[x], x_kind),
                number(row[x_note]).replace("about ", "≈") if x_note else "",
            )
            for index, row in enumerate(known)
            if index % every == 0
        ],
        y_ticks=[
            Tick(down(n * step), number(round(n * step)) if counts else f"{n * step:.0%}")
            for n in range(round(top / step) + 1)
        ],
        dots=points,
        steps=lines,
        bands=bands,
        legend=[(f"dot-{drawn.style}", drawn.words) for drawn in dots]
        + [(drawn.style, drawn.words) for drawn in steps],
        words=f"{title}. {x_title}: {said}",
    )


def place(value: Any, kind: Axis) -> str:
    """A place on the horizontal axis in words."""
    if kind == "seconds":
        return elapsed(value)
    if kind == "day":
        day = value if isinstance(value, date) else _day(value)
        return raw(value) if day is None else f"{day.day} {day:%b}"
    return raw(value)


def _day(value: str) -> date | None:
    """The day that a text gives as YYYY-MM-DD; None where it gives none, such as "unknown"."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
