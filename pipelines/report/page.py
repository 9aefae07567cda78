"""From the published file to the finished page.

Belongs here: putting chapters, tables and campaigns together, packing what is long, and the hand-over of the file. Does
not belong here: which tables are shown (``chapters``), geometry (``charts``), looks (``templates``), or any figure.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.report import charts, tables, text
from pipelines.report.chapters import CHAPTERS, Caution, Place, Section
from pipelines.report.head import read_head, targets
from pipelines.report.naming import Campaign, Naming, native_ids, read_rules, read_sources
from pipelines.report.reader import Published, Row, open_published
from pipelines.report.trace import TRACE, Trace, read_trace

TEMPLATES = Path(__file__).with_name("templates")

INLINE_CELLS = 60_000
"""Up to so many cells in the campaigns' short tables, their sections stand in the page as they are, readable without a
script, and only their long tables are packed. Beyond it the sections are packed, and long tables everywhere."""

LONG_TABLE = 60
"""A table of more rows than this is long: it starts closed."""

DECLARED = {section.table for chapter in CHAPTERS for section in chapter.sections}
"""The tables that a chapter names."""


@dataclass(frozen=True)
class Block:
    """One section made ready: its charts, its table, and what it would be misread for.

    ``copied``: the lines to write into a file. ``trace``: the persons for the search, which stands in the table's place.
    """

    section: Section
    id: str
    charts: Sequence[Any]
    table: tables.Table | None
    cautions: Sequence[str] = ()
    notes: Sequence[tuple[str, str]] = ()
    copied: Sequence[str] = ()
    trace: Trace | None = None


@dataclass(frozen=True)
class Definition:
    """What a published table is and what its columns mean, from the file's comments.

    ``columns``: name, heading, comment without marks, and what the marks say.
    """

    table: str
    title: str
    first: str
    rest: str
    columns: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Rows:
    """A section's rows, at most its limit, and how its columns are shown. ``total``: rows of the whole."""

    rows: Sequence[Row]
    kinds: Mapping[str, text.Kind]
    total: int


def render(published: Path) -> str:
    """The page as one HTML document with everything it needs inside; it makes no request.

    Raises ``duckdb.IOException`` when the published file cannot be opened.
    """
    with open_published(published) as file:
        return _Page(file).html()


@cache
def templates() -> Environment:
    """The page's templates, compiled once a process: that takes a good part of the time of a small page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.globals.update(
        pack=_pack,
        long_table=LONG_TABLE,
        percent=text.percent,
        number=text.number,
    )
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
    return environment


def write_report(published: Path, folder: Path) -> Path:
    """Write ``index.html`` into the folder (made if missing) and return its path.

    A reader sees the old page or the new one, never half of one: it is written beside, flushed to the disk and moved.
    Raises ``duckdb.IOException`` when the published file cannot be opened.
    """
    page = render(published)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.joinpath("index.html")
    beside = folder.joinpath(f".index.html.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(page)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


class _Page:
    """One rendering: what was read of the file, and the blocks made of it."""

    def __init__(self, file: Published) -> None:
        self.file = file
        self.definitions: dict[str, Definition] = {}
        self.said: dict[Caution, list[Row]] = {}
        known = Naming(read_sources(file), rules=read_rules(file))
        self.known = self._known_campaigns(known)
        self.naming = replace(known, keys=native_ids(self.known))
        self.blocks: dict[str, list[Block]] = {}
        self._make_campaigns()

    # -- the whole ------------------------------------------------------------------------------------------------

    def html(self) -> str:
        """Everything, in order."""
        environment = templates()
        style = TEMPLATES.joinpath("page.css").read_text(encoding="utf-8")
        script = TEMPLATES.joinpath("page.js").read_text(encoding="utf-8")
        chapters = {
            chapter.place: (chapter, self._blocks(chapter.place))
            for chapter in CHAPTERS
            if chapter.place != "campaign"
        }
        packed = self._is_large()
        section_html = environment.get_template("campaign.html").render
        sections = {key: section_html(blocks_of=blocks, packed=packed) for key, blocks in self.blocks.items()}
        return environment.get_template("page.html").render(
            style=Markup(style),  # noqa: S704 - the project's own file
            script=Markup(script),  # noqa: S704 - the project's own file
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
            head=read_head(self.file, self.naming),
            targets=targets(source for source in self.naming.sources.values() if source.measures_contact),
            chapters=chapters,
            campaigns=list(self.naming.campaigns.values()),
            sections={
                key: _pack(html) if packed else Markup(html)  # noqa: S704 - made by an autoescaping template
                for key, html in sections.items()
            },
            packed=packed,
            definitions=list(self.definitions.values()),
        )

    def _is_large(self) -> bool:
        """True if the campaigns' short tables have too many cells to stand in the page as they are."""
        all_tables = (block.table for blocks in self.blocks.values() for block in blocks)
        short = (table for table in all_tables if table and table.total <= LONG_TABLE)
        return sum(table.total * len(table.columns) for table in short) > INLINE_CELLS

    # -- campaigns ------------------------------------------------------------------------------------------------

    def _known_campaigns(self, naming: Naming) -> dict[str, Campaign]:
        """Every campaign that has contact rates or a name, by key."""
        found: dict[str, Campaign] = {}
        if self.file.has("reports.campaign_contact_rates", "campaign_key", "campaign_name", "source"):
            for row in self.file.rows("reports.campaign_contact_rates"):
                found[row["campaign_key"]] = naming.campaign(row["campaign_key"], row, row)
        if self.file.has("core.campaigns", "campaign_key", "campaign_name", "source"):
            for row in self.file.rows("core.campaigns"):
                found.setdefault(row["campaign_key"], naming.campaign(row["campaign_key"], row))
        return found

    def _make_campaigns(self) -> None:
        """Make the blocks of every campaign that some report has rows of, by name; sets how campaigns are called.

        Each table is read once and handed out by campaign.
        """
        found: dict[str, Campaign] = {}
        handed: list[tuple[Section, Rows, dict[str, list[Row]]]] = []
        for section in self._sections("campaign"):
            read = self._read(section, None)
            by_key: dict[str, list[Row]] = {}
            for row in read.rows:
                if key := self.naming.key(row):
                    by_key.setdefault(key, []).append(row)
                    if key not in found:
                        found[key] = self.known.get(key) or self.naming.campaign(key, row)
            handed.append((section, read, by_key))
        found = dict(sorted(found.items(), key=lambda item: (item[1].name.casefold(), item[0])))
        self.naming = replace(self.naming, campaigns=found)
        self.blocks = {key: [] for key in found}
        for section, read, by_key in handed:
            for key, rows in by_key.items():
                own = Rows(rows, read.kinds, len(rows))
                self.blocks[key].append(
                    self._block(section, own, f"{found[key].anchor}-{section.id}", alone=True)
                )

    # -- sections -------------------------------------------------------------------------------------------------

    def _sections(self, place: Place) -> Iterable[Section]:
        """The declared sections of a place whose table and columns are there, then the undeclared report tables."""
        for chapter in CHAPTERS:
            for section in chapter.sections:
                if chapter.place == place and self.file.answers(section.table, section.where, section.order):
                    yield section
        for table in self.file.tables:
            if not table.startswith("reports.") or table in DECLARED:
                continue
            name = table.removeprefix("reports.")
            anchor, title = name.replace("_", "-"), text.label(name)
            if not {"campaign_key", "campaign_id"} & self.file.columns[table].keys():
                if place == "further":
                    yield Section(anchor, table, title)
            elif place == "campaign":
                yield Section(anchor, table, title)
            elif place == "further" and self.file.has(table, "campaign_key"):
                yield Section(f"{anchor}-overall", table, title, where="campaign_key = 'all'")

    def _read(self, section: Section, limit: int | None) -> Rows:
        """Read a section's rows, and note what its table and its columns mean."""
        self._define(section)
        frame = self.file.frame(section.table, section.where, section.order, limit)
        comments = self.file.columns[section.table]
        kinds = {name: text.kind_of(comments.get(name, ""), kind) for name, kind in frame.schema.items()}
        total = len(frame)
        if limit is not None and total == limit:
            total = self.file.length(section.table, section.where)
        return Rows(list(frame.iter_rows(named=True)), kinds, total)

    def _blocks(self, place: Place) -> list[Block]:
        blocks = []
        for section in self._sections(place):
            if section.table == TRACE:
                if trace := read_trace(self.file, self.naming):
                    self._define(section)
                    blocks.append(Block(section, section.id, [], None, trace=trace))
                continue
            read = self._read(section, section.limit)
            if read.rows or section.empty:
                blocks.append(self._block(section, read, section.id))
        return blocks

    def _block(self, section: Section, read: Rows, anchor: str, *, alone: bool = False) -> Block:
        drawn = []
        for chart in section.charts:
            these = [row for row in read.rows if chart.where.items() <= row.items()]
            parts: dict[str, list[Row]] = {}
            for row in these:
                parts.setdefault(str(row[chart.split]) if chart.split else "", []).append(row)
            for value, part in parts.items():
                title = f"{self.naming.title(value)}: {chart.title}" if value else chart.title
                beside = {
                    name: self.file.rows(rows.table, rows.where, rows.order)
                    for name, rows in chart.beside.items()
                }
                drawn.append(
                    charts.CHARTS[chart.name](part, self.naming, title=title, **chart.columns, **beside)
                )
        if section.is_traced and not self.file.has(TRACE):
            section = replace(section, is_traced=False)
        table = (
            tables.table(
                section, read.kinds, read.rows, self.naming, anchor, alone=alone, total=read.total,
                saved=self._saved(section, read),
            )
            if read.rows
            else None
        )  # fmt: skip
        return Block(
            section,
            anchor,
            [chart for chart in drawn if chart],
            table,
            self._cautions(section, read.rows),
            [] if alone else self._notes(section, read.rows),
            [row[section.copied.column] for row in read.rows] if section.copied else [],
        )

    def _saved(self, section: Section, read: Rows) -> tuple[str, int] | None:
        """The rows of a section's CSV as packed JSON, and how many they are; None where the printed ones are all."""
        if read.total <= len(read.rows) or not section.saved:
            return None
        rows = self.file.rows(section.table, section.where, section.order, section.saved)
        numbers = [name for name, kind in read.kinds.items() if kind not in {"text", "time", "flag"}]
        saved = {
            "columns": list(read.kinds),
            "numbers": numbers,
            "rows": [[text.raw(value) for value in row.values()] for row in rows],
        }
        return _pack(json.dumps(saved, ensure_ascii=False, separators=(",", ":"))), len(rows)

    def _cautions(self, section: Section, rows: Sequence[Row]) -> list[str]:
        """What a section would be misread for: its own words with what other tables say of its rows, or that alone."""
        found = [said for caution in section.cautions for said in self._said(caution, rows)]
        return [" ".join([section.caution, *found])] if section.caution else found

    def _said(self, caution: Caution, rows: Sequence[Row]) -> list[str]:
        def shared(row: Row) -> Any:
            return self.naming.key(row) if caution.shared == "campaign_key" else row.get(caution.shared)

        if caution not in self.said:
            self.said[caution] = self.file.rows(caution.table, caution.where, caution.order)
        those = {shared(row) for row in rows}
        found = [row for row in self.said[caution] if shared(row) in those]
        said = [caution.say(row, self.naming) for row in (found[:1] if caution.is_single else found)]
        return [words for words in said if words]

    def _notes(self, section: Section, rows: Iterable[Row]) -> list[tuple[str, str]]:
        """The texts of a section's note column, each once, with the systems whose rows have it."""
        said: dict[str, dict[str, None]] = {}
        for row in rows:
            if words := row.get(section.note):
                said.setdefault(words, {})[self.naming.title(row.get("source"))] = None
        return [(text.listed(list(titles)), words) for words, titles in said.items()]

    def _define(self, section: Section) -> None:
        # A comment keeps the line breaks of the file it was written in: set it anew, its first sentence apart.
        first, _, rest = " ".join(self.file.tables[section.table].split()).partition(". ")
        first += "" if first.endswith(".") or not first else "."
        listed = self.definitions.get(section.table)
        self.definitions[section.table] = Definition(
            section.table,
            listed.title if listed else section.title,
            first,
            rest,
            [
                (name, section.labels.get(name) or text.label(name), *text.definition(comment))
                for name, comment in self.file.columns[section.table].items()
            ],
        )


def _csp_hash(content: str) -> str:
    """The source expression that allows exactly this inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _pack(html: str) -> str:
    """Markup as compressed text: it costs the browser nothing until it is opened."""
    return base64.b64encode(gzip.compress(html.encode(), 6, mtime=0)).decode()
