"""Maps of weekdays by hours, shaded by the distance from the mean.

Belongs here: their geometry, and the words in their place where hours cannot be told apart. Does not belong here: the
mean, or any other figure shown: those are columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.report.charts.scale import THIN
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import number, percent, raw


@dataclass(frozen=True)
class HeatCell:
    """One weekday and hour. ``shade``: 0 (far below the mean), 4 (the mean) … 8 (far above); -1 without attempts."""

    shade: int
    text: str = ""
    count: str = ""
    value: str = ""
    thin: bool = False


@dataclass(frozen=True)
class Remark:
    """What stands in a chart's place where there is nothing to tell apart."""

    macro: str
    title: str
    words: str


@dataclass(frozen=True)
class Heat:
    """Weekdays by hours."""

    macro: str
    title: str
    columns: Sequence[str]
    lines: Sequence[tuple[str, Sequence[HeatCell]]]
    legend: Sequence[tuple[int, str]]


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def heat(
    rows: Iterable[Row],
    _naming: Naming,
    *,
    title: str,
    value: str,
    count: str,
    mean: str,
    day: str,
    hour: str,
    prior: str,
) -> Heat | Remark | None:
    """Weekdays (1 = Monday) by hours. The shade is the distance from the column ``mean``; n stands in every cell.

    ``prior``: null where the log does not tell one hour from another: words instead of a map of one colour.
    """
    cells = {
        (int(row[day]), int(row[hour])): row for row in rows if row.get(count) and row.get(value) is not None
    }
    if not cells:
        return None
    middle = next(iter(cells.values()))[mean]
    if all(row.get(prior, 0) is None for row in cells.values()):
        return Remark(
            "remark_chart",
            title,
            "The log does not tell one hour from another. Either too few hours of the week have enough attempts to be "
            "compared, or their contact rates differ no more than chance can explain. The best guess for every hour is "
            f"the campaign's mean, {percent(middle)}.",
        )
    # At least five points to either side, so that noise around the mean stays pale.
    reach = max(0.05, *(abs(row[value] - middle) for row in cells.values()))
    hours = range(min(hour for _, hour in cells), max(hour for _, hour in cells) + 1)

    def cell(at: tuple[int, int]) -> HeatCell:
        row = cells.get(at)
        if row is None:
            return HeatCell(-1)
        shade = 4 + round(4 * (row[value] - middle) / reach)
        return HeatCell(
            shade, f"{row[value]:.0%}", f"n {number(row[count])}", raw(row[value]), row[count] < THIN
        )

    return Heat(
        "heat_chart",
        title,
        [f"{hour:02d}" for hour in hours],
        [(DAYS[day - 1], [cell((day, hour)) for hour in hours]) for day in range(1, 8)],
        [
            (0, f"{percent(max(0.0, middle - reach))} or less"),
            (4, f"the mean, {percent(middle)}"),
            (8, f"{percent(min(1.0, middle + reach))} or more; n in italics: fewer than {THIN}"),
        ],
    )
