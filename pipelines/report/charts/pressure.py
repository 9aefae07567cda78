"""How many were tried how often, one bar for each number of attempts, with the caps drawn between the bars.

Belongs here: the bars' geometry and where a cap lies. Does not belong here: any count shown, or what a cap is: both are
columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.report.charts.scale import pc
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import number, raw

FEW_BARS = 16
"""So many bars are shown; the rest is one click away."""


@dataclass(frozen=True)
class Pressed:
    """One number of attempts, and how many were tried so often; or a cap, in words, that lies below the bars before it."""

    name: str
    words: str = ""
    aside: str = ""
    value: str = ""
    width: str = ""
    is_over: bool = False
    is_cap: bool = False


@dataclass(frozen=True)
class Pressure:
    """Bars and caps from few attempts to many."""

    macro: str
    title: str
    bars: Sequence[Pressed]
    more: Sequence[Pressed]


def pressure(
    rows: Iterable[Row], _naming: Naming, *, title: str, caps: Sequence[Row] = ()
) -> Pressure | None:
    """One bar a number of attempts, in their order. ``caps``: rows of contact rules; a bar beyond any of them is marked."""
    known = sorted((row for row in rows if row.get("people")), key=lambda row: row["attempts"])
    if not known:
        return None
    top = max(row["people"] for row in known)
    waiting = sorted(
        (cap for cap in caps if cap.get("cap") is not None), key=lambda cap: (cap["cap"], cap["rule"])
    )
    least = waiting[0]["cap"] if waiting else None
    bars: list[Pressed] = []
    for row in known:
        while waiting and row["attempts"] > waiting[0]["cap"]:
            bars.append(_cap(waiting.pop(0)))
        several = row.get("in_several_systems")
        bars.append(
            Pressed(
                name=f"{number(row['attempts'])} {'attempt' if row['attempts'] == 1 else 'attempts'}",
                words=number(row["people"]),
                aside=f"{number(several)} by several systems" if several else "",
                value=raw(row["people"]),
                width=pc(row["people"] / top),
                is_over=least is not None and row["attempts"] > least,
            )
        )
    bars += [_cap(cap) for cap in waiting]
    return Pressure("pressure_chart", title, bars[:FEW_BARS], bars[FEW_BARS:])


def _cap(row: Row) -> Pressed:
    return Pressed(name=f"at most {number(row['cap'])} for each {row['unit']}: {row['title']}", is_cap=True)
