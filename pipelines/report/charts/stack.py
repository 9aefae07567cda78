"""Stacked bars of 100%.

Belongs here: their geometry and the words they carry. Does not belong here: the arithmetic of any figure shown: what a
bar's shares are shares of is a column too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.report.charts.rows import PARTS, RANK, Bar, Line, RowChart, shortened, slice_name
from pipelines.report.charts.scale import pc, share_ticks
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import label, number, percent, raw


def stack(
    rows: Iterable[Row],
    naming: Naming,
    *,
    by: str,
    count: str,
    share: str,
    total: str,
    title: str,
    name: str = "",
    unit: str = "",
    attempts: str = "",
) -> RowChart | None:
    """One bar a campaign, its parts in the order of ``PARTS``. Unknown is a part of its own, never left out.

    ``total``: the column that says what a bar's shares are shares of. ``name``: the column with one bar for each value
    instead, in their order. ``unit``: what is counted, where a part may be no attempt (``is_attempt``): such parts say
    so, and the bar says how many are attempts (the column ``attempts``).
    """
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        if row.get(share):
            groups.setdefault(row[name] if name else naming.key(row) or "", []).append(row)
    if not groups:
        return None
    lines: list[tuple[float, Line]] = []
    seen: dict[str, str] = {}
    for key, group in sorted(groups.items()):
        parts = sorted(group, key=lambda row: (RANK.get(row[by], len(PARTS)), row[by]))
        who, note, find, link = (slice_name(key, name, naming), "", "", "") if name else naming.line(parts[0])
        at, bars = 0.0, []
        for row in parts:
            width = row[share]
            seen[row[by]] = label(row[by]) + (", no attempt" if row.get("is_attempt") is False else "")
            bars.append(
                Bar(
                    name=row[by],
                    text=f"{seen[row[by]]} {percent(width)} ({number(row[count])})",
                    at=pc(at),
                    width=pc(width),
                    middle=pc(at + width / 2),
                    inside=f"{width:.0%}" if width >= 0.07 else "",
                    value=raw(width),
                )
            )
            at += width
        whole, real = parts[0].get(total), parts[0].get(attempts)
        line = Line(
            name=who,
            note=note,
            find=find,
            link=link,
            words="; ".join(bar.text for bar in bars),
            aside="" if whole is None else number(whole),
            bars=bars,
            of_these=""
            if real in {None, whole}
            else f"{number(real)} {'attempt' if real == 1 else 'attempts'}",
        )
        lines.append((whole or 0, line))
    if not name:
        lines.sort(key=lambda pair: (-pair[0], pair[1].name))
    if len(lines) == 1 and not name:
        legend = [(bar.css, bar.text) for bar in lines[0][1].bars]
        return RowChart("lone_chart", title, [line for _, line in lines], [], [], legend, unit)
    first, more = shortened(lines)
    legend = [
        (part if part in RANK else "other", seen[part])
        for part in sorted(seen, key=lambda part: (RANK.get(part, len(PARTS)), part))
    ]
    return RowChart("stack_chart", title, first, more, share_ticks(1.0, 0.25), legend, unit)
