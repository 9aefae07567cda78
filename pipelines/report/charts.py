"""Geometry of the charts: published numbers in, positions in percent of the drawing out.

Belongs here: scales, ticks, order, and the words a chart carries. Does not belong here: markup (``templates/
charts.html``), colours (``page.css``) or the arithmetic of any figure shown.

The charts are SVG laid out in percent, so text keeps its size at every width, nothing is drawn by a script, and the
page's policy can forbid inline styles. Every figure in a chart also stands as text beside it or in its table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipelines.report.text import MISSING, elapsed, label, number, percent, raw, source_name

Row = dict[str, Any]

FEW_ROWS = 30
"""A chart of more rows shows so many, those with the most behind them; the rest is one click away."""

THIN = 5
"""Shares of fewer than this many are shown, and marked as thin."""

# Order of the parts of a bar, from reached to unknown: neighbours differ in lightness, so grey print keeps them apart.
PARTS = (
    "contacted", "reached", "in_flight", "in_progress", "voicemail", "no_contact", "exhausted", "retry_due",
    "retry_waiting", "untouched", "bad_contact_info", "stranded", "do_not_contact", "stuck", "dispatched",
    "completed_manually", "scheduled", "overdue", "skipped", "never_placed", "not_dialable", "unresolved", "unknown",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(PARTS)}


def pc(share: float) -> str:
    """A share of the drawing's width or height as an SVG percentage."""
    return f"{100 * share:.2f}%".replace(".00%", "%")


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: str
    text: str
    note: str = ""


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
        return self.name if self.name in _RANK else "other"


@dataclass(frozen=True)
class Line:
    """One row of a chart of rows: whose it is, what is drawn, and the same in words."""

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
    """Rows below one another on one horizontal scale: dots with whiskers, or stacked bars."""

    macro: str
    title: str
    lines: Sequence[Line]
    more: Sequence[Line]
    ticks: Sequence[Tick]
    legend: Sequence[tuple[str, str]] = ()
    unit: str = ""


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


@dataclass(frozen=True)
class Naming:
    """How the rows of a chart are called and linked: campaign key → (name, source, anchor)."""

    campaigns: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def line(self, row: Row) -> tuple[str, str, str, str]:
        """Name, note, search text and link of a row's campaign; of its first text otherwise."""
        key = campaign_of(row)
        if key is not None:
            name, source, link = self.campaigns.get(
                key, (row.get("campaign_name") or key, row.get("source", ""), "")
            )
            return name, source, f"{name} {source} {key}".lower(), link
        if {"campaign_key", "campaign_id"} & row.keys() and row.get("campaign_key") != "all":
            return "No campaign known", "", "", ""
        first = next((value for value in row.values() if isinstance(value, str)), "")
        return first, "", first.lower(), ""


def campaign_of(row: Row) -> str | None:
    """The campaign's key in a row of any published table; None where it has none."""
    if row.get("campaign_key") and row["campaign_key"] != "all":
        return str(row["campaign_key"])
    if "campaign_key" not in row and row.get("campaign_id"):
        return f"voipbin:{row['campaign_id']}"
    return None


def nice_top(value: float) -> tuple[float, float]:
    """The end of a scale from 0 that holds a share, and the distance of its ticks."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2):
        if value <= 5 * step:
            return max(step, step * math.ceil(value / step - 1e-9)), step
    return 1.0, 0.25


def _ticks(top: float, step: float) -> list[Tick]:
    return [Tick(pc(n * step / top), f"{n * step:.0%}") for n in range(round(top / step) + 1)]


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
    """One dot with its 95% whisker a row, highest first, thin ones last; rows without a rate are in the table alone.

    ``name``: the column that names a row after the ``prefix`` (default: its campaign), ``note`` one that goes below it;
    such a chart of one row would say nothing and is not drawn. ``ordered``: as the table is, not by the rate.
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
    top, step = nice_top(max(row.get(f"{value}_high") or row[value] for row in known))
    lines: list[tuple[float, Line]] = []
    for row in known:
        who, below, find, link = (
            (prefix + _slice(row[name], name), raw(row[note]) if note else "", "", "")
            if name
            else (naming.line(row))
        )
        low, high = row.get(f"{value}_low"), row.get(f"{value}_high")
        aside = f"{percent(low)} to {percent(high)}" if low is not None and high is not None else ""
        if whole:
            aside += f" · {number(row[part])} of {number(row[whole])}"
        lines.append(
            (
                row.get(whole) or 0,
                Line(
                    who,
                    below,
                    find,
                    link,
                    percent(row[value]),
                    aside,
                    raw(row[value]),
                    pc(row[value] / top),
                    "" if low is None else pc(low / top),
                    "" if high is None else pc(high / top),
                    "" if low is None or high is None else pc((high - low) / top),
                    _is_thin(row, whole),
                ),
            )
        )
    first, more = _shortened(lines)
    return RowChart("interval_chart", title, first, more, _ticks(top, step))


def stack(
    rows: Iterable[Row],
    naming: Naming,
    *,
    by: str,
    count: str,
    share: str,
    title: str,
    name: str = "",
    unit: str = "",
) -> RowChart | None:
    """One bar of 100% a campaign, its parts in the order of ``PARTS``; unknown is a part of its own, never left out.

    ``name``: the column with one bar for each value instead, in their order. ``unit``: what is counted, where a part
    may be no attempt (``is_attempt``): such parts say so, and the bar says how many attempts are in it.
    """
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        if row.get(share):
            groups.setdefault(row[name] if name else campaign_of(row) or "", []).append(row)
    if not groups:
        return None
    lines: list[tuple[float, Line]] = []
    seen: dict[str, str] = {}
    for key, group in sorted(groups.items()):
        parts = sorted(group, key=lambda row: (_RANK.get(row[by], len(PARTS)), row[by]))
        who, note, find, link = (_slice(key, name), "", "", "") if name else naming.line(parts[0])
        total = sum(row[count] for row in parts)
        at, bars, words = 0.0, [], []
        for row in parts:
            width = row[share]
            seen[row[by]] = label(row[by]) + (", no attempt" if row.get("is_attempt") is False else "")
            text = f"{seen[row[by]]} {percent(width)} ({number(row[count])})"
            words.append(text)
            bars.append(
                Bar(
                    row[by],
                    text,
                    pc(at),
                    pc(width),
                    pc(at + width / 2),
                    f"{width:.0%}" if width >= 0.07 else "",
                    raw(width),
                )
            )
            at += width
        real = sum(row[count] for row in parts if row.get("is_attempt") is not False)
        these = f"{number(real)} {'attempt' if real == 1 else 'attempts'}" if unit and real < total else ""
        lines.append(
            (
                total,
                Line(who, note, find, link, "; ".join(words), number(total), bars=bars, of_these=these),
            )
        )
    if not name:
        lines.sort(key=lambda pair: (-pair[0], pair[1].name))
    first, more = _shortened(lines)
    if len(lines) == 1 and not name:
        legend = [(bar.css, bar.text) for bar in lines[0][1].bars]
        return RowChart("lone_chart", title, [line for _, line in lines], [], [], legend, unit)
    legend = [
        (part if part in _RANK else "other", seen[part])
        for part in sorted(seen, key=lambda part: (_RANK.get(part, len(PARTS)), part))
    ]
    return RowChart("stack_chart", title, first, more, _ticks(1.0, 0.25), legend, unit)


def _slice(value: Any, name: str) -> str:
    """What a row that is no campaign is called: a number carries its column's name."""
    if value is None:
        return MISSING
    if name == "source":
        return source_name(value)
    if name == "rate":
        return label(value)
    return f"{label(name)} {value}" if isinstance(value, int) else raw(value)


def _is_thin(row: Row, whole: str) -> bool:
    """Whether a row's share is of too few to judge by: as the table says, else by its denominator."""
    return bool(row.get("is_thin", whole and (row.get(whole) or 0) < THIN))


def _shortened(lines: Sequence[tuple[float, Line]]) -> tuple[list[Line], list[Line]]:
    """The rows with the most behind them, in their own order, and the others."""
    if len(lines) <= FEW_ROWS:
        return [line for _, line in lines], []
    by_weight = sorted(range(len(lines)), key=lambda index: -lines[index][0])
    kept = set(by_weight[:FEW_ROWS])
    return (
        [line for index, (_, line) in enumerate(lines) if index in kept],
        [line for index, (_, line) in enumerate(lines) if index not in kept],
    )


@dataclass(frozen=True)
class Drawn:
    """A column drawn in a plot, in which style, what it is called; of which rows (``where``: column, value)."""

    column: str
    style: str
    words: str
    where: tuple[str, Any] | None = None

    def value(self, row: Row, end: str = "") -> Any:
        """The row's value, or that of its interval's ``_low`` or ``_high`` end; None where nothing is drawn."""
        if self.where and row.get(self.where[0]) != self.where[1]:
            return None
        return row.get(self.column + end)


def plot(
    rows: Iterable[Row], _naming: Naming, *, title: str, x: str, x_title: str, x_note: str = "",
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
    top, step = _count_top(max(reach)) if counts else nice_top(max(reach))
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
                words = f"{drawn.words}, {place(row[x], x)}: {say(value)}{between}{n}"
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
    every = -(-len(known) // (8 if x in {"value", "published_on"} else 12))
    said = "; ".join(
        f"{place(row[x], x)}: "
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
                across(index), place(row[x], x), number(row[x_note]).replace("about ", "≈") if x_note else ""
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


def _count_top(value: float) -> tuple[float, float]:
    """As ``nice_top``, for numbers of things."""
    size = 10 ** max(0, math.floor(math.log10(max(value, 1))) - 1)
    step = next(step * size for step in (1, 2, 5, 10, 20, 50) if value <= 5 * step * size)
    return max(step, step * math.ceil(value / step)), step


def place(value: Any, name: str) -> str:
    """A place on the horizontal axis in words: a length of time where the column's name says it is one, a day."""
    if name.endswith("_seconds"):
        return elapsed(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        value = date.fromisoformat(value)
    if isinstance(value, date):
        return f"{value.day} {value:%b}"
    return raw(value)


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def heat(
    rows: Iterable[Row],
    _naming: Naming,
    *,
    title: str,
    value: str,
    count: str,
    part: str,
    day: str,
    hour: str,
    prior: str,
) -> Heat | Remark | None:
    """Weekdays (1 = Monday) by hours; the shade is the distance from the mean of all, n stands in every cell.

    ``prior``: null where every hour has the mean: words instead of a map of one colour.
    """
    cells = {
        (int(row[day]), int(row[hour])): row for row in rows if row.get(count) and row.get(value) is not None
    }
    if not cells:
        return None
    parts, counts = (sum(row[column] for row in cells.values()) for column in (part, count))
    mean = parts / counts
    if all(row.get(prior, 0) is None for row in cells.values()):
        solid = sum(row[count] >= THIN for row in cells.values())
        why = (
            f"of the {number(len(cells))} hours of the week with attempts, {number(solid)} have {THIN} or more, and their "
            "contact rates differ no more than chance can explain"
            if solid >= THIN
            else f"{number(solid)} hours of the week have {THIN} attempts or more, and {THIN} such hours are the least that "
            "can be compared"
        )
        return Remark(
            "remark_chart",
            title,
            f"The log does not tell one hour from another: {why}. The best guess for every hour is the campaign's mean, "
            f"{percent(mean)} ({number(parts)} of {number(counts)} {'attempt' if counts == 1 else 'attempts'}).",
        )
    # At least five points to either side, so that noise around the mean stays pale.
    reach = max(0.05, *(abs(row[value] - mean) for row in cells.values()))
    hours = range(min(hour for _, hour in cells), max(hour for _, hour in cells) + 1)

    def cell(at: tuple[int, int]) -> HeatCell:
        row = cells.get(at)
        if row is None:
            return HeatCell(-1)
        shade = 4 + round(4 * (row[value] - mean) / reach)
        return HeatCell(
            shade, f"{row[value]:.0%}", f"n {number(row[count])}", raw(row[value]), row[count] < THIN
        )

    return Heat(
        "heat_chart",
        title,
        [f"{hour:02d}" for hour in hours],
        [(DAYS[day - 1], [cell((day, hour)) for hour in hours]) for day in range(1, 8)],
        [
            (0, f"{percent(max(0.0, mean - reach))} or less"),
            (4, f"the mean, {percent(mean)}"),
            (8, f"{percent(min(1.0, mean + reach))} or more; n in italics: fewer than {THIN}"),
        ],
    )


CHARTS: dict[str, Callable[..., RowChart | Plot | Heat | Remark | None]] = {
    "intervals": intervals,
    "stack": stack,
    "plot": plot,
    "heat": heat,
}
