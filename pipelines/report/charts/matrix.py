"""Maps of two things by one another, shaded by a count: systems by systems, weekdays by hours.

Belongs here: their geometry. Does not belong here: any count shown: each is a column.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from pipelines.report.charts.heat import DAYS, Heat, HeatCell
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import number, raw

PALEST, DARKEST = 4, 8


def matrix(
    rows: Iterable[Row], naming: Naming, *, title: str, down: str, across: str, value: str, unit: str,
    own: str = "",
) -> Heat | None:  # fmt: skip
    """A cell for each value of the columns ``down`` and ``across``, shaded by ``value``; lines of nothing are left out.

    A cell of a system with itself has no part in the shades, and ``own`` stands below its count. The columns ``weekday``
    and ``hour`` are named as such, others are systems.
    """
    cells = {(row[down], row[across]): row[value] for row in rows if row.get(value) is not None}
    met = {place for places, count in cells.items() if count for place in places}
    lines = [
        place for place in dict.fromkeys(place for place, _ in cells) if down == "weekday" or place in met
    ]
    if across == "hour":
        hours = [hour for (_, hour), count in cells.items() if count]
        columns: list[Any] = list(range(min(hours), max(hours) + 1)) if hours else []
    else:
        columns = [place for place in dict.fromkeys(place for _, place in cells) if place in met]
    is_square = down != "weekday"
    counts = [count for (one, other), count in cells.items() if not (is_square and one == other)]
    top = max(counts, default=0)
    if not top:
        return None

    def cell(one: Any, other: Any) -> HeatCell:
        count = cells.get((one, other))
        if count is None:
            return HeatCell(-1)
        if is_square and one == other:
            return HeatCell(PALEST, number(count), own, raw(count))
        return HeatCell(PALEST + math.ceil((DARKEST - PALEST) * count / top), number(count), "", raw(count))

    return Heat(
        "heat_chart",
        title,
        [f"{column:02d}" if across == "hour" else naming.title(str(column)) for column in columns],
        [
            (
                DAYS[int(line) - 1] if down == "weekday" else naming.title(str(line)),
                [cell(line, other) for other in columns],
            )
            for line in (lines if is_square else range(1, 8))
        ],
        [(PALEST, f"no {unit}"), (DARKEST, f"{number(top)} {unit}")],
    )
