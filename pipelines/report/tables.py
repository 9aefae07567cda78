"""Tables: published columns and rows in, set columns and cells out.

Belongs here: which column is set how, and the markup of the cells. Python makes it column by column: a report of many
campaigns has millions of characters of it, and a template would take most of a minute for them. Does not belong here:
which tables are shown (``chapters``), or the markup around the cells (``templates/blocks.html``).

Everything that comes from data goes through ``escape``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import markupsafe
from markupsafe import Markup

from pipelines.report.chapters import Section
from pipelines.report.charts.scale import THIN
from pipelines.report.naming import Naming
from pipelines.report.reader import Row
from pipelines.report.text import Kind, label, number, raw, shown

MARK = '<span class="mark">thin</span>'
FACTS_ABOVE = 8
"""A table of one row and more columns than this is set downwards, one figure a line."""

_SAID_BY_ITS_PLACE = {"campaign_key", "campaign_name", "campaign_id", "source", "as_of"}
_LONG_TEXT = {
    "campaign_name",
    "campaign_key",
    "campaign_id",
    "record",
    "detail",
    "note",
    "file",
    "class_mapping",
    "title",
    "rule",
    "reason",
    "person_key",
    "line",
    "citation",
}


@lru_cache(maxsize=4096)
def escape(value: str) -> Markup:
    """Text as markup. A carriage return as its number: an HTML parser would read a bare one as a line feed.

    The same names and words stand in thousands of cells.
    """
    escaped = markupsafe.escape(value)
    return escaped if "\r" not in escaped else Markup("&#13;").join(escaped.split("\r"))


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``extra`` ones wait behind "all columns"; ``parts`` are columns printed inside its cells: the ends of its interval.
    ``band``: the ends of another interval of it, which have columns of their own.
    """

    name: str
    label: str
    kind: Kind
    extra: bool = False
    parts: tuple[str, ...] = ()
    band: tuple[str, ...] = ()

    @property
    def css(self) -> str:
        """Its cells' classes: n(umber), t(ext that stays on one line), w(ide), extra."""
        if self.kind in {"share", "difference", "probability", "seconds", "count", "integer", "decimal"}:
            names = ["n"]
        elif self.kind == "time" or self.name == "source":
            names = ["t"]
        else:
            names = ["w"] if self.name in _LONG_TEXT else []
        return " ".join([*names, *(["extra"] if self.extra else [])])


@dataclass(frozen=True)
class Table:
    """A table as the template sets it.

    ``published``: its columns in the published order, for the CSV. ``rows``: what the campaign search looks at, and
    the cells' markup. ``facts``: the cells of its one row, set downwards. ``total``: rows of the published table.
    ``saved``: the rows of its CSV, packed, and how many they are, where it has more than are printed.
    """

    id: str
    name: str
    title: str
    columns: Sequence[Column]
    published: Sequence[str]
    rows: Sequence[tuple[str, Markup]]
    facts: Sequence[Markup]
    total: int
    saved: tuple[str, int] | None = None

    @property
    def has_extra(self) -> bool:
        """Whether some columns wait behind "all columns"."""
        return any(column.extra for column in self.columns)


def table(
    section: Section,
    kinds: Mapping[str, Kind],
    rows: Sequence[Row],
    naming: Naming,
    anchor: str,
    *,
    alone: bool,
    total: int,
    saved: tuple[str, int] | None = None,
) -> Table:
    """The table of a section.

    ``kinds``: its columns in the published order, and how each is shown. ``rows``: at least one, the first of ``total``.
    ``alone``: it stands in its campaign's own section, which says whose it is.
    """
    names = list(kinds)
    ends, bands = {}, {}
    for name in names:
        band, predicted = (f"{name}_low", f"{name}_high"), (f"{name}_predicted_low", f"{name}_predicted_high")
        if set(predicted) <= kinds.keys():
            ends[name], bands[name] = predicted, band
        elif set(band) <= kinds.keys():
            ends[name] = band
    ends |= {name: pair for name, pair in section.ends.items() if {name, *pair} <= kinds.keys()}
    inside = {end for pair in ends.values() for end in pair}
    aside = {end for pair in bands.values() for end in pair}
    lead = [name for name in section.lead if name in kinds]
    columns = []
    for name in dict.fromkeys((*lead, *names)):
        if name in inside:
            continue
        extra = (
            (section.only_lead and name not in lead)
            or (alone and name in _SAID_BY_ITS_PLACE)
            or name == "is_thin"
            or name in section.thin.values()
            or name in aside
        )
        columns.append(
            Column(
                name,
                section.labels.get(name) or label(name),
                kinds[name],
                extra,
                ends.get(name, ()),
                bands.get(name, ()),
            )
        )
    columns.sort(key=lambda column: column.extra)
    body = list(zip(*(_cells(section, column, rows, naming, alone) for column in columns), strict=True))
    searched = (naming.line(row)[2] if naming.key(row) and not alone else "" for row in rows)
    facts = total == 1 and len(columns) > FACTS_ABOVE
    return Table(
        anchor, section.table, section.title, columns, names,
        [] if facts else [(find, Markup("".join(row))) for find, row in zip(searched, body, strict=True)],  # noqa: S704 - escaped in _cells
        [Markup(cell) for cell in body[0]] if facts else [],  # noqa: S704 - escaped in _cells
        total,
        saved,
    )  # fmt: skip


def _cells(section: Section, column: Column, rows: Sequence[Row], naming: Naming, alone: bool) -> list[str]:
    """One cell a row: what it says, and in ``data-value`` the published value where the text is not that."""
    opening = f'<td class="{column.css}"' if column.css else "<td"
    say = _says(section, column, naming, alone)
    additions = [*_interval(column), *_notes(section, column)]
    plain = column.kind != "text"
    cells = []
    for row in rows:
        value = raw(row[column.name])
        words = say(row)
        more = "".join(add(row) for add in additions) if additions else ""
        exact = "" if words == value and not more else f' data-value="{value if plain else escape(value)}"'
        cells.append(f"{opening}{exact}>{words}{more}</td>")
    return cells


def _says(section: Section, column: Column, naming: Naming, alone: bool) -> Callable[[Row], str]:
    """The text of a column's cells, as markup."""
    name, kind = column.name, column.kind
    if name in section.flags:
        yes, no = map(escape, section.flags[name])
        return lambda row: yes if row[name] else no
    if name in {"campaign_name", "campaign_key", "campaign_id"} and not alone:

        def linked(row: Row) -> str:
            if row.get("campaign_key") == "all":
                return "All campaigns"
            key = naming.key(row)
            found = naming.campaigns.get(key) if key else None
            if found is None or row[name] is None:
                return escape(shown(kind)(row[name]))
            return f'<a href="#{escape(found.anchor)}">{escape(found.name)}</a>'

        return linked
    if name in {"source", "first_source", "second_source"}:
        return lambda row: escape(naming.title(row[name]))
    if name in section.words:
        plain = section.words[name]
        return lambda row: escape(plain.get(row[name]) or shown(kind)(row[name]))
    if name == "rule":
        return lambda row: escape(naming.rules.get(row[name]) or shown(kind)(row[name]))
    if name == "person_key" and section.is_traced:
        return lambda row: (
            f'<button type="button" class="trace" data-person="{escape(row[name])}">{escape(row[name])}</button>'
        )
    say = shown(kind)
    if kind == "text":
        return lambda row: escape(say(row[name]))
    return lambda row: say(row[name])  # figures, times, yes and no: nothing to escape


def _interval(column: Column) -> Iterator[Callable[[Row], str]]:
    """The two ends below a figure that has some; of a figure that may be predicted, those of the prediction.

    A figure that is counted has no prediction. Its other interval stands there, if it has one.
    """
    if not column.parts:
        return
    name, (low, high), say = column.name, column.parts, shown(column.kind)

    def interval(row: Row) -> str:
        first, last = f'<data value="{raw(row[low])}">', f'<data value="{raw(row[high])}">'
        if row[name] is None and row[low] and row[high] is None:
            return f"<small>{first}{say(row[low])} or more</data>{last}</data></small>"  # not seen yet, but so much is known
        if row[name] is None or row[low] == row[name] == row[high]:
            # Nothing to say between its ends, or counted and so without any: the CSV has them all the same.
            below, above = (row[end] for end in column.band or column.parts)
            if row[name] is None or below == row[name] == above:
                return f"{first}</data>{last}</data>"
            return f"{first}</data>{last}</data><small>{say(below)} to {say(above)}</small>"
        if row[low] is None or row[high] is None:
            # The log gives one end alone, or none.
            begins = f"{say(row[low])} or more" if row[low] is not None else ""
            ends = f"{say(row[high])} or less" if row[high] is not None else ""
            return f"<small>{first}{begins}</data>{last}{ends}</data></small>"
        return f"<small>{first}{say(row[low])}</data> to {last}{say(row[high])}</data></small>"

    yield interval


def _notes(section: Section, column: Column) -> Iterator[Callable[[Row], str]]:
    """Numerator and denominator below a share, and whether a figure is thin."""
    if column.name in section.thin:
        flag = section.thin[column.name]
        yield lambda row: f"<small>{MARK}</small>" if row[flag] else ""
    if column.name not in section.of:
        return
    part, whole = section.of[column.name]
    over = "of" if column.kind == "share" else "÷"

    def note(row: Row) -> str:
        if row[column.name] is None or row.get(part) is None or row.get(whole) is None:
            return ""
        thin = row.get("is_thin", row[whole] < THIN)
        mark = f" {MARK}" if thin else ""
        return f"<small>{number(row[part])} {over} {number(row[whole])}{mark}</small>"

    yield note
