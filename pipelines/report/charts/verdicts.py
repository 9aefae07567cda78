"""One bar a contact rule: what it judged, by verdict.

Belongs here: the bars' geometry. Does not belong here: any count shown: each is a column.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.report.charts.rows import Bar, Line, RowChart, shortened
from pipelines.report.charts.scale import pc, share_ticks
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import number, percent, raw

VERDICTS = {
    "kept": "Kept",
    "tolerated": "Within the grace",
    "unverifiable": "Nobody can tell",
    "breaches": "Broken",
}
"""Column of counts → what its part of the bar says."""


def verdicts(rows: Iterable[Row], _naming: Naming, *, title: str, unit: str, yours: str) -> RowChart | None:
    """A stacked bar for each rule that judged something, as the table is ordered; ``unit``: what is counted.

    ``yours``: what stands in place of a citation that a rule does not have.
    """
    lines: list[tuple[float, Line]] = []
    for row in rows:
        judged = row.get("judged")
        if not judged:
            continue
        at, bars = 0.0, []
        for column, said in VERDICTS.items():
            width = row[column] / judged
            if width:
                bars.append(
                    Bar(
                        name=column,
                        text=f"{said} {percent(width)} ({number(row[column])})",
                        at=pc(at),
                        width=pc(width),
                        middle=pc(at + width / 2),
                        inside=">99%" if 0.995 <= width < 1 else f"{width:.0%}" if width >= 0.07 else "",
                        value=raw(row[column]),
                    )
                )
            at += width
        broken = row["breaches"]
        lines.append(
            (
                judged,
                Line(
                    name=row["title"],
                    note=row["citation"] or yours,
                    find="",
                    link="",
                    words="; ".join(bar.text for bar in bars),
                    aside=number(judged),
                    bars=bars,
                    of_these=f"{number(broken)} broken" if broken else "none broken",
                ),
            )
        )
    if not lines:
        return None
    first, more = shortened(lines)
    return RowChart("stack_chart", title, first, more, share_ticks(1.0, 0.25), list(VERDICTS.items()), unit)
