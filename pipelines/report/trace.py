"""What was done to single persons, packed for the page's own search: it answers a complaint without a server.

Belongs here: which persons are in the page, what the search looks at, and the cells of their rows. Does not belong here:
what happened, in words (``reports.contact_trace``), or any count of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.report.naming import Naming
from pipelines.report.reader import Published, Row
from pipelines.report.text import MISSING, label, number, raw, shown
from pipelines.report.vocabulary import RESTRICTIONS
from pipelines.sql_text import literal

TRACE = "reports.contact_trace"

MOST_PEOPLE = 1_000
"""So many persons are in the page at most, those first of whom somebody is likely to ask."""

MOST_ROWS = 5_000
"""So many rows of theirs. A person is in with all rows, or not at all."""

_FIRST = (
    "person_key IN (SELECT person_key FROM compliance.breaches WHERE verdict = 'breach') DESC, "
    "restriction IS NOT NULL DESC, systems DESC, attempts DESC, person_key"
)
_COLUMNS = {
    "occurred_at": "When (UTC)",
    "words": "What happened",
    "source": "System",
    "campaign_name": "Campaign",
    "point_key": "Number or address",
    "rules_broken": "Rules broken",
    "target_key": "Target",
    "attempt_key": "Attempt",
    "restriction_key": "Mark",
}


@dataclass(frozen=True)
class Trace:
    """Persons for the search, as packed JSON, and how many are in of how many. ``columns``: name and heading."""

    text: str
    columns: Mapping[str, str]
    people: int
    rows: int
    all_people: int
    all_rows: int


def read_trace(file: Published, naming: Naming) -> Trace | None:
    """Read the persons of whom somebody is likely to ask; None without any.

    First those on whom a rule was broken, then those with a mark, then those in most systems.
    """
    columns = {name: words for name, words in _COLUMNS.items() if file.has(TRACE, name)}
    if not file.has(TRACE, "person_key", "occurred_at", "words", "point_key", "target_key"):
        return None
    people = file.rows("core.people", order=_FIRST, limit=MOST_PEOPLE)
    these = (
        f"person_key IN ({', '.join(literal(row['person_key']) for row in people)})" if people else "false"
    )
    done = _by_person(file.rows(TRACE, these, "occurred_at NULLS FIRST, words, target_key"))
    targets = _by_person(file.rows("core.person_targets", these, "target_key"))
    where = {row["target_key"]: key for key, rows in targets.items() for row in rows}
    points: dict[str, list[Row]] = {}
    known = f"target_key IN (SELECT target_key FROM core.person_targets WHERE {these})"
    for row in file.rows("core.contact_points", known, "target_key, point_key"):
        points.setdefault(where[row["target_key"]], []).append(row)
    packed = []
    rows_in = 0
    for person in people:
        key = person["person_key"]
        own = done.get(key, [])
        if not own or rows_in + len(own) > MOST_ROWS:
            continue
        rows_in += len(own)
        packed.append(
            {
                "key": key,
                "name": person.get("display_name") or "",
                "facts": _facts(person),
                "find": _find(person, targets.get(key, []), points.get(key, []), own),
                "digits": _digits(points.get(key, []), own),
                "rows": [_cells(row, columns, naming) for row in own],
            }
        )
    if not packed:
        return None
    return Trace(
        json.dumps(packed, ensure_ascii=False, separators=(",", ":")),
        columns,
        len(packed),
        rows_in,
        file.length("core.people"),
        file.length(TRACE),
    )


def _by_person(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["person_key"], []).append(row)
    return found


def _facts(person: Row) -> str:
    """The person's row of ``core.people`` in one line."""
    parts = [
        f"{number(person[name])} {name if person[name] != 1 else name.removesuffix('s')}"
        for name in ("systems", "targets", "attempts", "contacts")
        if person.get(name) is not None
    ]
    if person.get("restriction"):
        parts.append(RESTRICTIONS.get(person["restriction"], label(person["restriction"])))
    return " · ".join(parts)


def _find(person: Row, targets: Sequence[Row], points: Sequence[Row], rows: Sequence[Row]) -> str:
    """What the search looks at: name, person, targets, numbers and addresses, each once, in lower case."""
    said = [person.get("display_name"), person["person_key"]]
    said += [row["target_key"] for row in (*targets, *rows)]
    said += [text for row in points for text in (row["point_key"], row.get("value"))]
    said += [row["point_key"] for row in rows]
    return "\n".join(dict.fromkeys(str(text).lower() for text in said if text))


def _digits(points: Sequence[Row], rows: Sequence[Row]) -> str:
    """The digits of the person's numbers: a number is found however it is written."""
    keys = [row["point_key"] for row in (*points, *rows) if str(row["point_key"]).startswith("phone:")]
    digits = ("".join(filter(str.isdigit, key)) for key in keys)
    return " ".join(dict.fromkeys(filter(None, digits)))


def _cells(row: Row, columns: Iterable[str], naming: Naming) -> list[str | tuple[str, str]]:
    """A row's cells: the text, with the published value where that is another."""
    cells: list[str | tuple[str, str]] = []
    for name in columns:
        value = row[name]
        if name == "source":
            text = naming.title(value)
        elif name == "rules_broken":
            text = "; ".join(naming.rules.get(rule, rule) for rule in value or ()) or MISSING
        else:
            text = shown("time" if name == "occurred_at" else "text")(value)
        cells.append(text if text == raw(value) else (text, raw(value)))
    return cells
