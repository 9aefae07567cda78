"""What a chapter is made of: sections, their charts and their cautions, as data.

Belongs here: the form of a declaration. Does not belong here: any section, or how one is made into markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.report.naming import Naming
from pipelines.report.reader import Row

Place = Literal["results", "effort", "dialer", "across", "further", "campaign", "quality", "reference"]


@dataclass(frozen=True)
class Beside:
    """Rows of another published table."""

    table: str
    where: str = ""
    order: str = ""


@dataclass(frozen=True)
class Copied:
    """A column whose lines are to be written into a file of the landing folder: the file's name and its header."""

    column: str
    file: str
    header: str


@dataclass(frozen=True)
class Chart:
    """A chart's name in ``charts.CHARTS``, its title, and which columns it draws.

    ``where``: of which rows; ``split``: the column with a chart of its own for each value. ``beside``: other published
    rows that it draws too, by the name under which it takes them.
    """

    name: str
    title: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""
    beside: Mapping[str, Beside] = field(default_factory=dict)


@dataclass(frozen=True)
class Caution:
    """A warning that a published table gives: ``say`` makes a sentence of each of its rows.

    Rows are those with a value of the column ``shared`` that the section's rows have too; only the first of them in
    ``order`` where ``is_single``. An empty sentence is left out.
    """

    table: str
    shared: Literal["source", "campaign_key"]
    say: Callable[[Row, Naming], str]
    where: str = ""
    order: str = ""
    is_single: bool = False


@dataclass(frozen=True)
class Section:
    """One published table on the page, whole or filtered (``where``), in the given ``order``.

    ``lead`` columns come first; when ``only_lead``, the others wait behind "all columns" (the CSV has them all).
    ``of`` says for a share which columns are its numerator and denominator; ``thin`` which column says that a figure
    is thin. ``caution`` stands out: what the section would be misread for; ``cautions`` add what other tables say of
    its rows. ``note`` is a column whose text is printed once for all rows that share it. ``ends`` says which two
    columns are the interval of a figure, where their names do not. ``flags``: what a column of yes and no says
    instead. ``labels`` are headings for columns whose names would say something else here. ``empty`` is shown when
    there are no rows; without one, the section is left out then. ``open``: a short table starts open. ``limit``: at
    most so many rows are printed; ``saved``, if more: so many are packed into the page for its CSV. ``words``: a column's
    values and what they say in plain words. ``copied``: lines to write into a file. ``is_traced``: a person's key leads to
    the search for what was done to it.
    """

    id: str
    table: str
    title: str
    reading: str = ""
    charts: tuple[Chart, ...] = ()
    where: str = ""
    order: str = ""
    lead: tuple[str, ...] = ()
    only_lead: bool = False
    of: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    thin: Mapping[str, str] = field(default_factory=dict)
    caution: str = ""
    cautions: tuple[Caution, ...] = ()
    note: str = ""
    ends: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    flags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    empty: str = ""
    open: bool = False
    limit: int = 5_000
    saved: int = 0
    words: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    copied: Copied | None = None
    is_traced: bool = False


@dataclass(frozen=True)
class Chapter:
    """A chapter of the page: its place, its heading and its sections in order.

    ``cautions``: what all of it would be misread for. ``empty`` stands in its place when it has no section to show.
    """

    place: Place
    title: str
    sections: tuple[Section, ...]
    cautions: tuple[str, ...] = ()
    empty: str = ""
