"""From the published file to the finished page.

Belongs here: putting sections, tables and campaigns together, packing what is long, and the hand-over of the file.
Does not belong here: which tables are shown (``sections``), geometry (``charts``), or looks (``templates``).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.report import charts, tables, text
from pipelines.report.reader import Published, open_published
from pipelines.report.sections import CHAPTERS, SECTIONS, Place, Section
from pipelines.sql_text import quoted

TEMPLATES = Path(__file__).parent / "templates"

INLINE_CELLS = 60_000
"""Up to so many cells in the campaigns' short tables, their sections stand in the page as they are, readable without a
script, and only their long tables are packed. Beyond it the sections are packed, and long tables everywhere."""

FAR_APART = 0.05
"""Two shares of a campaign that differ by less are not held against each other in words."""

LONG_TABLE = 60
"""A table of more rows than this is long: it starts closed."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Block:
    """One section made ready: its charts and its table."""

    section: Section
    id: str
    charts: Sequence[Any]
    table: tables.Table | None
    cautions: Sequence[str] = ()
    notes: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Definition:
    """What a published table is and what its columns mean, from the file's comments."""

    table: str
    title: str
    first: str
    rest: str
    columns: Sequence[tuple[str, str, str]]


@dataclass
class Campaign:
    """A campaign with a section of its own."""

    key: str
    name: str
    source: str
    anchor: str
    rates: Row = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        """Whether it holds what belongs to no campaign."""
        return self.key.endswith(":none")

    @property
    def find(self) -> str:
        """What the search looks at."""
        return f"{self.name} {text.source_name(self.source)} {self.key}".lower()


def render(published: Path) -> str:
    """The page as one HTML document with everything it needs inside; it makes no request.

    Raises ``duckdb.IOException`` when the published file cannot be opened.
    """
    with open_published(published) as file:
        return _Page(file).html()


@cache
def templates() -> Environment:
    """The page's templates, compiled: that takes a good part of the time of a small page, and is done once a process."""
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
        label=text.label,
        percent=text.percent,
        number=text.number,
        source=text.source_name,
    )
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
    return environment


def write_report(published: Path, folder: Path) -> Path:
    """Write ``index.html`` into the folder (made if missing) and return its path.

    A reader sees the old page or the new one, never half of one: it is written beside, flushed to the disk and moved.
    """
    page = render(published)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    beside = folder / f".index.html.{os.getpid()}"
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
        self.naming = charts.Naming()
        self.unrecorded = self._unrecorded()
        self.rates = self._rates()
        self.campaigns = self._campaigns()

    # -- the whole ------------------------------------------------------------------------------------------------

    def html(self) -> str:
        """Everything, in order."""
        environment = templates()
        style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
        script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
        chapters = [
            (place, title, self._blocks(place)) for place, title in CHAPTERS.items() if place != "campaign"
        ]
        tables_of = (
            block.table for campaign in self.campaigns.values() for block in campaign.blocks if block.table
        )
        packed = sum(t.total * len(t.columns) for t in tables_of if t.total <= LONG_TABLE) > INLINE_CELLS
        section_html = environment.get_template("campaign.html").render
        sections = {key: section_html(campaign=each, packed=packed) for key, each in self.campaigns.items()}
        return environment.get_template("page.html").render(
            style=Markup(style),  # noqa: S704 - the project's own file
            script=Markup(script),  # noqa: S704 - the project's own file
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
            finding=self._finding(),
            moment=self._moment(),
            glance=self._glance(),
            chapters={place: (title, blocks) for place, title, blocks in chapters},
            campaigns=list(self.campaigns.values()),
            sections={
                key: _pack(html) if packed else Markup(html)  # noqa: S704 - made by an autoescaping template
                for key, html in sections.items()
            },
            packed=packed,
            definitions=list(self.definitions.values()),
        )

    # -- what the page says of itself -----------------------------------------------------------------------------

    def _moment(self) -> Row:
        """The as-of moment, in the reporting zone and in UTC, and where it came from."""
        found: Row = {}
        if self.file.has("core.as_of", "as_of"):
            found = self.file.row("SELECT * FROM core.as_of")
        elif self.file.has("reports.campaign_contact_rates", "as_of"):
            found = self.file.row("SELECT max(as_of) AS as_of FROM reports.campaign_contact_rates")
        as_of, zone = found.get("as_of"), found.get("timezone") or "UTC"
        if as_of is None:
            return {"utc": None, "zone": zone, "basis": found.get("as_of_basis") or ""}
        local = as_of.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
        return {
            "utc": as_of,
            "zone": zone,
            "local": f"{local:%A}, {local.day} {local:%B %Y}, {local:%H:%M}",
            "offset": f"{local:%Z}",
            "basis": found.get("as_of_basis") or "",
        }

    def _finding(self) -> Row:
        """Targets attempted and reached over all campaigns whose source can tell, each counted once per source.

        Of the others: how many are closed, how many open, and of how many nobody knows how the last attempt ended.
        """
        if not self.file.has("core.attempts", "measures_contact") or not self.file.has(
            "reports.contact_rates_by", "campaign_key"
        ):
            return {"attempted": 0}
        # The interval is the published file's own macro: no second formula that could differ.
        low, high = ("reports.wilson_low", "reports.wilson_high")
        if not {low, high} <= self.file.macros:
            return {"attempted": 0}
        found = self.file.row(
            f"""
            WITH counted AS (
                SELECT coalesce(sum(targets_attempted), 0)::BIGINT AS attempted,
                    coalesce(sum(targets_contacted), 0)::BIGINT AS reached
                FROM reports.contact_rates_by
                WHERE campaign_key = 'all' AND dimension = 'total'
            )
            SELECT *, attempted - reached AS others, reached / nullif(attempted, 0) AS rate,
                {low}(reached, attempted) AS low, {high}(reached, attempted) AS high
            FROM counted
            """
        )
        # Only of whom the latest attempt in some campaign is open is the latest over all campaigns looked for.
        found |= self.file.row(
            """
            SELECT count(*)::BIGINT AS unknown
            FROM (
                SELECT bool_or(is_contact) AS was_reached,
                    arg_max(disposition, (attempted_at, attempt_key)) AS latest
                FROM core.attempts
                WHERE is_attempt AND measures_contact AND target_key IN (
                    SELECT target_key FROM core.attempts
                    WHERE disposition IN ('unknown', 'in_progress') AND is_latest AND is_attempt AND measures_contact
                )
                GROUP BY target_key
            )
            WHERE NOT was_reached AND latest IN ('unknown', 'in_progress')
            """
        )
        found |= {"open": None, "closed": None}
        if self.file.has("reports.attempt_curve", "competing_ends", "censored"):
            # Who was tried and not reached has either come to another end or is open: the curve counts both.
            found |= self.file.row(
                "SELECT sum(censored)::BIGINT AS open, sum(competing_ends)::BIGINT AS closed "
                "FROM reports.attempt_curve WHERE campaign_key = 'all'"
            )
        tried = [campaign for campaign in self.campaigns.values() if campaign.rates.get("attempts")]
        found["campaigns"] = sum(not campaign.is_none for campaign in tried)
        found["outside"] = any(campaign.is_none for campaign in tried)
        found["sources"] = sorted({campaign.source for campaign in tried}, key=text.source_name)
        return found

    def _glance(self) -> Row:
        """Counts of checks and rows for the head of the page."""
        found: Row = {"checks": None, "rows": None}
        if self.file.has("quality.check_results", "passed"):
            found["checks"] = self.file.row(
                "SELECT count(*) FILTER (passed)::BIGINT AS passed, count(*) FILTER (NOT passed)::BIGINT AS failed "
                "FROM quality.check_results"
            )
        if self.file.has("quality.row_accounting", "rows_read"):
            found["rows"] = self.file.row(
                "SELECT sum(rows_read)::BIGINT AS read, sum(rows_accepted)::BIGINT AS accepted, "
                "sum(rows_superseded)::BIGINT AS superseded, sum(rows_rejected)::BIGINT AS rejected, "
                "count(*)::BIGINT AS files FROM quality.row_accounting"
            )
        # The first are the campaigns of the first sentence.
        kinds: dict[str, dict[str, int]] = {"tried": {}, "not_tried": {}, "not_measured": {}}
        for campaign in self.campaigns.values():
            if not campaign.is_none:
                kind = (
                    "not_measured"
                    if not campaign.rates
                    else "tried"
                    if campaign.rates["attempts"]
                    else "not_tried"
                )
                kinds[kind][campaign.source] = kinds[kind].get(campaign.source, 0) + 1
        found["campaigns"] = {
            kind: sorted(counts.items(), key=lambda item: text.source_name(item[0]))
            for kind, counts in kinds.items()
        }
        return found

    # -- campaigns ------------------------------------------------------------------------------------------------

    def _rates(self) -> dict[str, Row]:
        """Each campaign's contact rates, by key."""
        if not self.file.has(
            "reports.campaign_contact_rates", "campaign_key", "campaign_name", "source", "attempts"
        ):
            return {}
        frame = self.file.frame("SELECT * FROM reports.campaign_contact_rates")
        return {row["campaign_key"]: row for row in frame.iter_rows(named=True)}

    def _known_campaigns(self) -> dict[str, Campaign]:
        """Every campaign that has rates or a name, by key."""
        found = {key: _campaign(key, row, row) for key, row in self.rates.items()}
        if self.file.has("core.campaigns", "campaign_key", "campaign_name", "source"):
            for row in self.file.frame("SELECT * FROM core.campaigns").iter_rows(named=True):
                found.setdefault(row["campaign_key"], _campaign(row["campaign_key"], row, {}))
        return found

    def _campaigns(self) -> dict[str, Campaign]:
        """The campaigns that some report has rows of, by name, with their blocks; sets how campaigns are called.

        Each table is read once and handed out by campaign.
        """
        known = self._known_campaigns()
        found: dict[str, Campaign] = {}
        handed: list[tuple[Section, list[str], dict[str, list[Row]]]] = []
        for section in self._sections("campaign"):
            frame = self._rows(section)
            by_key: dict[str, list[Row]] = {}
            for row in frame.iter_rows(named=True):
                if key := charts.campaign_of(row):
                    by_key.setdefault(key, []).append(row)
                    if key not in found:
                        found[key] = known.get(key) or _campaign(key, row, {})
            handed.append((section, frame.columns, by_key))
        found = dict(sorted(found.items(), key=lambda item: (item[1].name.casefold(), item[0])))
        self.naming = charts.Naming(
            {
                key: (each.name, text.source_name(each.source), f"#{each.anchor}")
                for key, each in found.items()
            }
        )
        for section, columns, by_key in handed:
            for key, rows in by_key.items():
                anchor = f"{found[key].anchor}-{section.id}"
                found[key].blocks.append(self._block(section, columns, rows, anchor, alone=True))
        return found

    # -- sections -------------------------------------------------------------------------------------------------

    def _sections(self, place: Place) -> Iterable[Section]:
        """The declared sections of a place whose table and columns are there, then the undeclared report tables."""
        for section in SECTIONS:
            if section.place == place and self.file.has(section.table) and self.file.answers(section.rows):
                yield section
        declared = {section.table for section in SECTIONS}
        for table in self.file.tables:
            if not table.startswith("reports.") or table in declared:
                continue
            name = table.removeprefix("reports.")
            anchor, title = name.replace("_", "-"), text.label(name)
            rows = f"SELECT * FROM reports.{quoted(name)}"
            if not {"campaign_key", "campaign_id"} & self.file.columns[table].keys():
                if place == "further":
                    yield Section(anchor, table, title, place, query=rows)
            elif place == "campaign":
                yield Section(anchor, table, title, place, query=rows)
            elif place == "further" and self.file.has(table, "campaign_key"):
                yield Section(
                    f"{anchor}-overall", table, title, place, query=f"{rows} WHERE campaign_key = 'all'"
                )

    def _rows(self, section: Section) -> pl.DataFrame:
        self._define(section)
        return self.file.frame(section.rows)

    def _blocks(self, place: Place) -> list[Block]:
        blocks = []
        for section in self._sections(place):
            frame = self._rows(section)
            if len(frame) or section.empty:
                rows = list(frame.head(section.limit).iter_rows(named=True))
                blocks.append(self._block(section, frame.columns, rows, section.id, total=len(frame)))
        return blocks

    def _block(
        self, section: Section, columns: Sequence[str], rows: list[Row], anchor: str, *, alone: bool = False,
        total: int | None = None,
    ) -> Block:  # fmt: skip
        drawn = []
        for chart in section.charts:
            these = [
                row for row in rows if all(row.get(name) == value for name, value in chart.where.items())
            ]
            parts: dict[str, list[Row]] = {}
            for row in these:
                parts.setdefault(str(row[chart.split]) if chart.split else "", []).append(row)
            for value, part in parts.items():
                title = f"{text.source_name(value)}: {chart.title}" if value else chart.title
                drawn.append(charts.CHARTS[chart.name](part, self.naming, title=title, **chart.columns))
        comments = {**self.file.columns[section.table], **section.comments}
        set_table = (
            tables.table(
                section,
                columns,
                comments,
                rows,
                self.naming,
                anchor,
                alone=alone,
                total=len(rows) if total is None else total,
            )
            if rows
            else None
        )
        return Block(
            section,
            anchor,
            [chart for chart in drawn if chart],
            set_table,
            self._cautions(section, rows),
            [] if alone else _mappings(rows),
        )

    def _cautions(self, section: Section, rows: list[Row]) -> list[str]:
        """What a section would be misread for: its own words, and what the rows make of them."""
        cautions = []
        if section.caution:
            said = self._apart(rows) if section.table == "reports.campaign_outcomes" else ""
            cautions.append(f"{section.caution} {said}".rstrip())
        if section.table in {"reports.aapor_rates", "reports.aapor_classes"}:
            found = {row.get("source") for row in rows}
            cautions += [words for source, words in self.unrecorded.items() if source in found]
        return cautions

    def _apart(self, rows: list[Row]) -> str:
        """The campaign whose share of reached targets among those that stand in it is furthest from its contact rate."""
        standing: dict[str, int] = {}
        reached: dict[str, int] = {}
        for row in rows:
            if key := charts.campaign_of(row):
                standing[key] = standing.get(key, 0) + row["targets"]
                reached[key] = reached.get(key, 0) + row["targets"] * (row["outcome"] == "reached")
        known = {
            key: rates
            for key in standing
            if (rates := self.rates.get(key, {})).get("contact_rate_per_target") is not None
        }
        if not known:
            return ""

        def apart(key: str) -> float:
            return abs(reached[key] / standing[key] - float(known[key]["contact_rate_per_target"]))

        key = max(sorted(known), key=apart)
        if apart(key) < FAR_APART:
            return ""
        rates = known[key]
        return (
            f"{'Furthest apart' if len(standing) > 1 else 'Here'}: {_campaign(key, rates, rates).name} reached "
            f"{text.percent(rates['contact_rate_per_target'])} of those it tried ({text.number(rates['targets_contacted'])} "
            f"of {text.number(rates['targets_attempted'])}), and {text.percent(reached[key] / standing[key])} of those that "
            f"stand in it ({text.number(reached[key])} of {text.number(standing[key])}) are reached."
        )

    def _unrecorded(self) -> dict[str, str]:
        """Of each source that has no word for a refusal or for bad contact information: which AAPOR rates that empties."""
        found: dict[str, str] = {}
        if not self.file.has("core.dispositions", "source", "aapor_class"):
            return found
        classes: dict[str, set[str]] = {}
        for row in self.file.frame(
            "SELECT DISTINCT source, aapor_class FROM core.dispositions WHERE source <> '*'"
        ).iter_rows(named=True):
            classes.setdefault(row["source"], set()).add(row["aapor_class"])
        for source, known in sorted(classes.items()):
            lacking, empty = [], []
            if "R" not in known:
                lacking.append("a refusal (R)")
                empty.append("a REF of 0%")
                if not known & {"P", "O"}:
                    empty.append("a COOP of 100%")
            if "NE" not in known:
                lacking.append("bad contact information (NE)")
                empty.append("an e of 1")
            if lacking:
                measured = "is no measurement" if len(empty) == 1 else "are no measurements"
                found[source] = (
                    f"{text.source_name(source)} cannot record {' or '.join(lacking)}: there {_listed(empty)} {measured}."
                )
        return found

    def _define(self, section: Section) -> None:
        # A comment keeps the line breaks of the file it was written in: set it anew, its first sentence apart.
        first, _, rest = " ".join(self.file.tables[section.table].split()).partition(". ")
        first += "" if first.endswith(".") or not first else "."
        comments = {**self.file.columns[section.table], **section.comments}
        listed = self.definitions.get(section.table)
        names = dict(comments)
        if listed:
            names |= {name: comment for name, _, comment in listed.columns}
        self.definitions[section.table] = Definition(
            section.table, listed.title if listed else section.title, first, rest,
            [(name, section.labels.get(name) or text.label(name), comment) for name, comment in names.items()],
        )  # fmt: skip


def _campaign(key: str, row: Row, rates: Row) -> Campaign:
    """A campaign as the page calls it, from a row that names it."""
    source, _, rest = key.partition(":")
    name = row.get("campaign_name") or rest or key
    return Campaign(
        key, "No campaign" if rest == "none" else name, row.get("source") or source, _anchor(key), rates
    )


def _mappings(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """The mapping to AAPOR's classes that all sources share, and what a source has instead; empty where rows have none."""
    shared: dict[str, None] = {}
    own: list[tuple[str, str]] = []
    for row in rows:
        common, _, besides = (row.get("class_mapping") or "").partition("; but ")
        if common:
            shared[common] = None
        if besides:
            own.append((f"{text.source_name(row['source'])}, instead", besides))
    return [("Classes", words) for words in shared] + own


def _listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def _csp_hash(content: str) -> str:
    """The source expression that allows exactly this inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _pack(html: str) -> str:
    """Markup as compressed text: it costs the browser nothing until it is opened."""
    return base64.b64encode(gzip.compress(html.encode(), 6, mtime=0)).decode()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _anchor(key: str) -> str:
    """A campaign's place in the page, the same in every run: ``voipbin:ab-1`` → ``campaign-voipbin-ab-1``.

    A key that loses something on the way carries a digest of itself, so that two keys do not meet.
    """
    slug = re.sub(r"[^a-z0-9_]+", "-", key.lower()).strip("-")
    lost = slug != key.replace(":", "-", 1)
    return f"campaign-{slug[:60]}-{_digest(key)}" if lost or len(slug) > 60 else f"campaign-{slug}"
