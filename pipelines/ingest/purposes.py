"""The purposes: what the user says each campaign is for.

Belongs here: reading ``purposes.csv`` of the landing folder into ``landing.purposes``. Does not belong here: which line
counts for a campaign (``sql/core/_purposes.sql``), and the rules that ask for a purpose (``contact_rules``). The project
has no lines of its own: only the user knows what a campaign is for.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipelines.ingest.files import PURPOSES, SOURCES
from pipelines.ingest.own_files import Form, Unusable, read_own, write_notices, write_rows
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
    named = {
        word for (word,) in con.sql("SELECT DISTINCT unnest(purposes) FROM landing.contact_rules").fetchall()
    }
    known = [*WORDS, *sorted(named.difference(WORDS))]
    rows: list[tuple[object, ...]] = []
    for line in file.lines:
        purpose, consent = _word(line["purpose"]), _word(line.get("consent")) or "unknown"
        source = _word(line["source"])
        since, until = _moment(line.get("since")), _moment(line.get("until"), is_end=True)
        field, why = None, ""
        if source not in SOURCES:
            field, why = "source", f"its source is none of {', '.join(SOURCES)}"
        elif consent not in _CONSENT:
            field, why = "consent", f"its consent is none of {', '.join(_CONSENT)}"
        elif line.get("since") and since is None:
            field, why = (
                "since",
                "its since is not a day or a time such as 2026-01-31 or 2026-01-31T09:00:00Z",
            )
        elif line.get("until") and until is None:
            field, why = (
                "until",
                "its until is not a day or a time such as 2026-01-31 or 2026-01-31T09:00:00Z",
            )
        elif since is not None and until is not None and since >= until:
            field, why = "until", "its until is not after its since"
        elif purpose not in known:
            told = (
                f"no contact rule names its purpose (the line counts all the same); known: {', '.join(known)}"
            )
            unusable.append(Unusable(_FORM.show(line), "purpose", told))
        if field is not None:
            unusable.append(Unusable(_FORM.show(line), field, why))
            continue
        subject = _word(line.get("subject"))
        rows.append((len(rows) + 1, source, line["campaign"], purpose, consent, subject, since, until))
    columns = ("line", "source", "campaign", "purpose", "consent", "subject", "since", "until")
    with transaction(con):
        write_rows(con, "landing.purposes", columns, rows)
        write_notices(con, "purposes", PURPOSES, unusable)
    return len(rows)


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
