"""Names on the page: what a system and a campaign are called, and where a campaign's section is.

Belongs here: titles, anchors, and telling which campaign a row is of. Does not belong here: any fact about a system that
``core.sources`` does not publish.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipelines.report.reader import Published, Row
from pipelines.report.text import MISSING

OUTSIDE = "No campaign"
"""What the campaign ``<source>:none`` is called: it holds what belongs to no campaign."""


@dataclass(frozen=True)
class Source:
    """A system: its title, what a target is there, in words, and whether it can tell that anybody was reached."""

    name: str
    title: str
    target: str = ""
    measures_contact: bool = True


@dataclass(frozen=True)
class Campaign:
    """A campaign: what it is called, where its section stands, and its row of contact rates, if it has one."""

    key: str
    name: str
    source: str
    title: str
    rates: Row = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Its section's place in the page."""
        return anchor(self.key)

    @property
    def is_none(self) -> bool:
        """True if it holds what belongs to no campaign."""
        return self.key.partition(":")[2] == "none"

    @property
    def find(self) -> str:
        """What the search looks at."""
        return f"{self.name} {self.title} {self.key}".lower()


@dataclass(frozen=True)
class Naming:
    """How rows are called and linked.

    ``campaigns``: those with a section. ``keys``: a campaign's native id → its key. ``rules``: a contact rule → its title.
    """

    sources: Mapping[str, Source] = field(default_factory=dict)
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)

    def title(self, source: str | None) -> str:
        """A system's name as its vendor writes it; its own name with spaces where none was published."""
        if not source:
            return MISSING
        if source == "all":
            return "All systems"
        return self.sources[source].title if source in self.sources else source.replace("_", " ")

    def key(self, row: Row) -> str | None:
        """The campaign's key in a row of any published table; None where the row is of none, or of all."""
        if row.get("campaign_key") and row["campaign_key"] != "all":
            return str(row["campaign_key"])
        if "campaign_key" not in row and row.get("campaign_id"):
            return self.keys.get(str(row["campaign_id"]))
        return None

    def line(self, row: Row) -> tuple[str, str, str, str]:
        """Name, note, search text and link of a row's campaign; of its first text where it is of none."""
        key = self.key(row)
        if key is not None:
            if found := self.campaigns.get(key):
                return found.name, found.title, found.find, f"#{found.anchor}"
            unknown = self.campaign(key, row)
            return unknown.name, unknown.title, unknown.find, ""
        if {"campaign_key", "campaign_id"} & row.keys() and row.get("campaign_key") != "all":
            return "No campaign known", "", "", ""
        first = next((value for value in row.values() if isinstance(value, str)), "")
        return first, "", first.lower(), ""

    def campaign(self, key: str, row: Row, rates: Row | None = None) -> Campaign:
        """A campaign as the page calls it, from a row that may name it."""
        source, _, native = key.partition(":")
        source = row.get("source") or source
        name = OUTSIDE if native == "none" else row.get("campaign_name") or native or key
        return Campaign(key, name, source, self.title(source), rates or {})


def read_sources(file: Published) -> dict[str, Source]:
    """Every system of ``core.sources``, by name; none when it was not published."""
    if not file.has("core.sources", "source", "title", "target_words", "measures_contact"):
        return {}
    return {
        row["source"]: Source(
            row["source"], row["title"], row["target_words"] or "", bool(row["measures_contact"])
        )
        for row in file.rows("core.sources", order="source")
    }


def read_rules(file: Published) -> dict[str, str]:
    """The titles of the contact rules; none when they were not published."""
    return {
        row["rule"]: row["title"] or row["rule"]
        for row in file.rows("core.contact_rules", order="in_force_from")
    }


def native_ids(keys: Iterable[str]) -> dict[str, str]:
    """Native id → campaign key. An id that two systems use names no campaign."""
    found: dict[str, str] = {}
    twice = set()
    for key in keys:
        native = key.partition(":")[2]
        if native in found:
            twice.add(native)
        found[native] = key
    return {native: key for native, key in found.items() if native not in twice}


def anchor(key: str) -> str:
    """A campaign's place in the page, the same in every run: ``dialer:ab-1`` → ``campaign-dialer-ab-1``.

    A key that loses something on the way carries a digest of itself, so that two keys do not meet.
    """
    slug = re.sub(r"[^a-z0-9_]+", "-", key.lower()).strip("-")
    if slug == key.replace(":", "-", 1) and len(slug) <= 60:
        return f"campaign-{slug}"
    return f"campaign-{slug[:60]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
