"""Dots with their 95% whiskers, one row each.

Belongs here: their geometry and the words they carry. Does not belong here: the arithmetic of any figure shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.report.charts.rows import Line, RowChart, shortened, slice_name
from pipelines.report.charts.scale import THIN, pc, share_scale, share_ticks
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import number, percent, raw


def intervals(
    rows: Iterable[Row],
    naming: Naming,
    *,
    value: str,
    title: str,
    part: str = "",
    whole: str = "",
    name: str = "",
    prefix: str = "",
    note: str = "",
    ordered: bool = False,
) -> RowChart | None:
    """One dot with its whisker a row, highest first, thin ones last. Rows without a rate are in the table alone.

    ``name``: the column that names a row after the ``prefix`` (default: its campaign); ``note``: one that goes below it.
    Such a chart of one row would say nothing and is not drawn. ``ordered``: as the table is, not by the rate.
    """
    known = [row for row in rows if row.get(value) is not None and (name or row.get("campaign_key") != "all")]
    if not ordered:
        known.sort(
            key=lambda row: (
                _is_thin(row, whole), -row[value], -(row.get(whole) or 0), str(row.get("campaign_name"))
            )
        )  # fmt: skip
    if not known or (name and len(known) < 2):
        return None
    top, step = share_scale(max(row.get(f"{value}_high") or row[value] for row in known))
    lines: list[tuple[float, Line]] = []
    for row in known:
        if name:
            who, find, link = prefix + slice_name(row[name], name, naming), "", ""
            below = raw(row[note]) if note else ""
        else:
            who, below, find, link = naming.line(row)
        low, high = row.get(f"{value}_low"), row.get(f"{value}_high")
        between, span = "", ""
        if low is not None and high is not None:
            between, span = f"{percent(low)} to {percent(high)}", pc((high - low) / top)
        aside = [
            between,
            f"{number(row[part])} of {number(row[whole])}" if whole else "",
        ]
        line = Line(
            name=who,
            note=below,
            find=find,
            link=link,
            words=percent(row[value]),
            aside=" · ".join(filter(None, aside)),
            value=raw(row[value]),
            at=pc(row[value] / top),
            low="" if low is None else pc(low / top),
            high="" if high is None else pc(high / top),
            span=span,
            thin=_is_thin(row, whole),
        )
        lines.append((row.get(whole) or 0, line))
    first, more = shortened(lines)
    return RowChart("interval_chart", title, first, more, share_ticks(top, step))


def _is_thin(row: Row, whole: str) -> bool:
    """True if the row's share is of too few to judge by: as the table says, else by its denominator."""
    return bool(row.get("is_thin", whole and (row.get(whole) or 0) < THIN))
