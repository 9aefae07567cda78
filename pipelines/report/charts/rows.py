"""Charts of rows below one another on one horizontal scale: what dots with whiskers and stacked bars share.

Belongs here: a row's shape, what it is called, and which rows are shown first. Does not belong here: either kind of
chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.report.charts.scale import Tick
from pipelines.report.naming import Naming
from pipelines.report.text import MISSING, label, raw

FEW_ROWS = 30
"""A chart of more rows shows so many, those with the most behind them; the rest is one click away."""

PARTS = (
    "contacted", "reached", "in_flight", "in_progress", "voicemail", "no_contact", "exhausted", "retry_due",
    "retry_waiting", "untouched", "bad_contact_info", "stranded", "do_not_contact", "stuck", "dispatched",
    "completed_manually", "scheduled", "overdue", "skipped", "never_placed", "not_dialable", "unresolved", "unknown",
    "kept", "tolerated", "unverifiable", "breaches",
)  # fmt: skip
"""The order of a bar's parts, from reached to unknown, and from kept to broken.

Neighbours differ in lightness, so grey print keeps them apart.
"""

RANK = {name: rank for rank, name in enumerate(PARTS)}


@dataclass(frozen=True)
class Bar:
    """One part of a stacked bar."""

    name: str
    text: str
    at: str
    width: str
    middle: str
    inside: str
    value: str

    @property
    def css(self) -> str:
        """Its class; a name that no style knows gets the neutral one."""
        return self.name if self.name in RANK else "other"


@dataclass(frozen=True)
class Line:
    """One row of a chart: whose it is, what is drawn, and the same in words."""

    name: str
    note: str
    find: str
    link: str
    words: str
    aside: str = ""
    value: str = ""
    at: str = ""
    low: str = ""
    high: str = ""
    span: str = ""
    thin: bool = False
    bars: Sequence[Bar] = ()
    of_these: str = ""


@dataclass(frozen=True)
class RowChart:
    """The rows shown, those behind one more click, the scale's ticks and the legend."""

    macro: str
    title: str
    lines: Sequence[Line]
    more: Sequence[Line]
    ticks: Sequence[Tick]
    legend: Sequence[tuple[str, str]] = ()
    unit: str = ""


def slice_name(value: Any, name: str, naming: Naming) -> str:
    """What a row that is no campaign is called, from the value of the column ``name``: a number carries its column's name."""
    if value is None:
        return MISSING
    if name == "source":
        return naming.title(value)
    if name == "rate":
        return label(value)
    return f"{label(name)} {value}" if isinstance(value, int) else raw(value)


def shortened(lines: Sequence[tuple[float, Line]]) -> tuple[list[Line], list[Line]]:
    """The rows with the most behind them (the number beside each), in their own order, and the others."""
    if len(lines) <= FEW_ROWS:
        return [line for _, line in lines], []
    by_weight = sorted(range(len(lines)), key=lambda index: -lines[index][0])
    kept = set(by_weight[:FEW_ROWS])
    return (
        [line for index, (_, line) in enumerate(lines) if index in kept],
        [line for index, (_, line) in enumerate(lines) if index not in kept],
    )
