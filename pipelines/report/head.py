"""The head of the page: the first sentence, the moment it speaks of, and the counts beside it.

Belongs here: reading ``reports.headline`` and its kin, and which systems the words name. Does not belong here: any
count or share: each is a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipelines.report.naming import Naming, Source
from pipelines.report.reader import Published, Row
from pipelines.report.text import listed

CAMPAIGNS: Mapping[str, str] = {
    "campaigns_tried": "",
    "campaigns_not_tried": "no attempt yet: ",
    "campaigns_not_measured": "contact not measured: ",
}
"""Column of ``reports.headline_sources`` → what stands before its counts. The first are those of the first sentence."""


@dataclass(frozen=True)
class Head:
    """What the head says.

    ``figures``: the row of ``reports.headline``; ``people``: that of ``reports.people_reached`` for all systems, in which
    a person counts once; ``checks``: that of ``quality.check_summary``; each empty when it was not published.
    ``moment``: the as-of moment in words. ``untils``: systems and their own moments in words, unless each is the as-of
    moment. ``campaigns``: words, then titles with their counts.
    ``targets``: systems that were tried with, and what a target is there. ``unmeasured``: systems that cannot tell
    whether anybody was reached. ``several``: more than one system is in the figures.
    """

    figures: Row
    people: Row
    checks: Row
    moment: Row
    untils: Sequence[tuple[str, str]]
    campaigns: Sequence[tuple[str, Sequence[tuple[str, int]]]]
    targets: Sequence[tuple[str, str]]
    unmeasured: str
    several: bool


def read_head(file: Published, naming: Naming) -> Head:
    """Read the head's tables."""
    figures = file.row("reports.headline")
    sources = sorted(
        file.rows("reports.headline_sources"), key=lambda row: naming.title(row["source"]).casefold()
    )
    tried = [row["source"] for row in sources if row["campaigns_tried"] or row["attempts_outside_campaigns"]]
    known = [naming.sources[row["source"]] for row in sources if row["source"] in naming.sources]
    counts = (
        (words, [(naming.title(row["source"]), row[column]) for row in sources if row[column]])
        for column, words in CAMPAIGNS.items()
    )
    return Head(
        figures=figures,
        people=next(iter(file.rows("reports.people_reached", "source = 'all'")), {}),
        checks=file.row("quality.check_summary"),
        moment=_moment(figures),
        untils=_untils(file, naming, figures, [row["source"] for row in sources]),
        campaigns=[(words, counted) for words, counted in counts if counted],
        targets=targets(source for source in known if source.name in tried),
        unmeasured=listed([source.title for source in known if not source.measures_contact]),
        several=len(tried) > 1,
    )


def targets(sources: Iterable[Source]) -> list[tuple[str, str]]:
    """Systems, and what a target is there; those that say the same stand together."""
    said: dict[str, list[str]] = {}
    for source in sources:
        if source.target:
            said.setdefault(source.target.rstrip("."), []).append(source.title)
    return [(listed(titles), words) for words, titles in said.items()]


def _untils(file: Published, naming: Naming, figures: Row, shown: Sequence[str]) -> list[tuple[str, str]]:
    """Titles of the systems in the ledger, and until when each is known; none if all are known until as-of."""
    known = {row["source"]: row["observed_until"] for row in file.rows("core.observed")}
    found = [(naming.title(name), known[name]) for name in shown if known.get(name) is not None]
    if all(until == figures.get("as_of") for _, until in found):
        return []
    zone = ZoneInfo(figures.get("timezone") or "UTC")
    latest = _in_zone(figures["as_of"], zone)
    local = [(title, _in_zone(until, zone)) for title, until in found]
    return [
        (title, f"{at.day} {at:{'%b' if at.year == latest.year else '%b %Y'}}, {at:%H:%M}")
        for title, at in local
    ]


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone)


def _moment(figures: Row) -> Row:
    """The as-of moment in UTC and in words of the reporting zone, and where it came from."""
    as_of, zone = figures.get("as_of"), figures.get("timezone") or "UTC"
    found: Row = {"utc": as_of, "zone": zone, "basis": figures.get("as_of_basis") or "", "local": ""}
    if as_of is not None:
        local = _in_zone(as_of, ZoneInfo(zone))
        found["local"] = f"{local:%A}, {local.day} {local:%B %Y}, {local:%H:%M}"
    return found
