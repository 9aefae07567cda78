"""The purposes: what the user says each campaign is for.

Belongs here: reading ``purposes.csv`` of the landing folder into ``landing.purposes``. Does not belong here: which line
counts for a campaign (``sql/core/_purposes.sql``), and the rules that ask for a purpose (``contact_rules``). The project
has no lines of its own: only the user knows what a campaign is for.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipelines.ingest.files import PURPOSES, SOURCES
from pipelines.ingest.own_files import Form, Line, Unusable, read_own, write_notices, write_rows
from pipelines.sql_text import transaction

WORDS = (
    "solicitation",
    "fundraising",
    "debt_collection",
    "survey",
    "organizing",
    "political",
    "service",
    "b2b",
)
"""The purposes that the project's contact rules know, or that none of them is about."""

_CONSENT = ("yes", "no", "unknown")
_FORM = Form(
    columns=("source", "campaign", "purpose", "consent", "subject", "since", "until"),
    needed=("source", "campaign", "purpose"),
    shown=("source", "campaign", "purpose"),
)


def load_purposes(con: duckdb.DuckDBPyConnection, landing: Path) -> int:
    """Fill ``landing.purposes`` from ``<landing>/purposes.csv``, if it exists.

    ``line`` numbers the usable lines from 1. Words are in lower case. A blank consent is ``unknown``. ``since`` and
    ``until`` are UTC; a day in ``until`` counts as a whole. A line that cannot be used is left out, with a notice (code
    ``purposes``, the line as its ``value``). A purpose that is neither in ``WORDS`` nor named by a contact rule is kept,
    with a notice. Load the contact rules first. Returns the number of lines in the table.
    """
    file = read_own(landing / PURPOSES, _FORM)
    unusable = [*file.unusable, *file.unknown_columns(_FORM)]
    named = con.sql("SELECT DISTINCT unnest(purposes) FROM landing.contact_rules").fetchall()
    known = {*WORDS, *(word for (word,) in named)}
    rows: list[tuple[object, ...]] = []
    for line in file.lines:
        if (problem := _problem(line)) is not None:
            unusable.append(Unusable(_FORM.show(line), *problem))
            continue
        purpose = _word(line["purpose"])
        if purpose not in known:
            why = (
                f"no contact rule names its purpose (the line counts all the same); known: {', '.join(WORDS)}"
            )
            unusable.append(Unusable(_FORM.show(line), "purpose", why))
        since, until = _moment(line.get("since")), _moment(line.get("until"), is_end=True)
        consent, subject = _word(line.get("consent")) or "unknown", _word(line.get("subject"))
        source = _word(line["source"])
        rows.append((len(rows) + 1, source, line["campaign"], purpose, consent, subject, since, until))
    columns = ("line", "source", "campaign", "purpose", "consent", "subject", "since", "until")
    with transaction(con):
        write_rows(con, "landing.purposes", columns, rows)
        write_notices(con, "purposes", PURPOSES, unusable)
    return len(rows)


def _problem(line: Line) -> tuple[str, str] | None:
    """The column that makes the line unusable, and what to tell; None for a usable line."""
    if _word(line["source"]) not in SOURCES:
        return "source", f"its source is none of {', '.join(SOURCES)}"
    if not is_purpose(_word(line["purpose"]) or ""):
        return "purpose", "its purpose is not one word of at most 40 letters, digits, _ and -"
    if (_word(line.get("consent")) or "unknown") not in _CONSENT:
        return "consent", f"its consent is none of {', '.join(_CONSENT)}"
    since, until = _moment(line.get("since")), _moment(line.get("until"), is_end=True)
    for name, moment in (("since", since), ("until", until)):
        if line.get(name) and moment is None:
            return name, f"its {name} is not a day or a time such as 2026-01-31 or 2026-01-31T09:00:00Z"
    if since is not None and until is not None and since >= until:
        return "until", "its until is not after its since"
    return None


def is_purpose(word: str) -> bool:
    """True if a word can be a purpose: it is published as it is, so it is a word and no text."""
    return re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", word) is not None


def _word(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _moment(text: str | None, *, is_end: bool = False) -> datetime | None:
    """The moment (UTC) that a day or a time stands for; None if it is neither. ``is_end``: of a day, the end."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None
    try:
        return datetime.combine(day + timedelta(days=is_end), time())
    except OverflowError:
        return None
