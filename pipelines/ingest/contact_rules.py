"""The contact rules: the project's own, overridden by those of the landing folder's file.

Belongs here: reading the two CSV files into ``landing.contact_rules``, and what makes a line of them usable. Does not
belong here: judging attempts by a rule (``sql/compliance``), and what the rules say (``data/contact_rules.csv``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from pipelines.ingest.files import CONTACT_RULES
from pipelines.ingest.own_files import (
    Form,
    Line,
    MappingError,
    Unusable,
    read_default,
    read_own,
    write_notices,
    write_rows,
)
from pipelines.ingest.purposes import is_purpose
from pipelines.sql_text import transaction

_FORM = Form(
    columns=tuple(
        "rule title kind jurisdiction in_force_from in_force_until purposes channels consent_lifts location_presumption "
        "days from_local until_local cap period unit same_subject counts grace effect citation url checked_on "
        "checked_how enabled note".split()
    ),
    needed=("rule",),
    shown=("rule", "kind", "in_force_from"),
)

_Value = str | int | bool | date | time | list[str] | list[int] | tuple[int, str]
_Row = dict[str, _Value | None]

_OF_KIND: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hours": (("from_local", "until_local"), ("days",)),
    "cap": (("cap", "period", "unit"), ("same_subject", "counts")),
    "after_contact": (("grace", "unit"), ("same_subject",)),
    "after_mark": (("unit",), ("grace",)),
}
"""Kind of rule → the columns of its own that it needs, and those that it may have."""

_DEFAULTS: Mapping[str, str] = {
    "jurisdiction": "*",
    "consent_lifts": "no",
    "location_presumption": "none",
    "same_subject": "no",
    "effect": "house",
    "enabled": "yes",
}
"""Column → what a blank means in a rule that the project does not have."""

_LIFTED = "any"
"""In a column that narrows a rule: the rule is not narrowed. A blank takes the value of the project's own line."""

_NARROWING = ("in_force_from", "in_force_until", "purposes", "channels", "days")

_YES, _NO = ("yes", "true", "on", "1", "y"), ("no", "false", "off", "0", "n")
_DAY_END = time(23, 59, 59, 999999)


class _Wrong(ValueError):
    """A value that cannot be used. The message says what it should be, and follows "its <column> "."""


def load_contact_rules(con: duckdb.DuckDBPyConnection, landing: Path, default_csv: Path) -> int:
    """Fill ``landing.contact_rules`` from ``default_csv`` and, if it exists, ``<landing>/contact_rules.csv``.

    A line is one version of a rule: its ``rule`` and the day on which it comes into force name it. The lines of the
    landing folder's file replace all versions of the rules that they name; case does not matter. A blank takes the value
    of the project's line of the same version, or of its last one; ``any`` leaves a rule's narrowing out. A version ends at
    the latest when the next one begins. Of two lines of one version the last counts, and a notice says so. A line that
    cannot be used is left out, with a notice (code ``contact_rules``, the line as its ``value``), and the project's own
    lines stay in force. Returns the number of lines in the table. Raises MappingError if ``default_csv`` has a line that
    cannot be used.
    """
    rules: dict[str, dict[_Value | None, _Row]] = {}
    given: dict[str, list[Line]] = {}
    for line in read_default(default_csv, _FORM):
        row, problem = _row(line, {}, "default")
        if row is None:
            raise MappingError(default_csv, problem.line, problem.why)
        versions = rules.setdefault(_key(line), {})
        if row["in_force_from"] in versions:
            raise MappingError(default_csv, _FORM.show(line), "stands twice")
        versions[row["in_force_from"]] = row
        given.setdefault(_key(line), []).append(line)
    file = read_own(landing / CONTACT_RULES, _FORM)
    unusable = [*file.unusable, *file.unknown_columns(_FORM)]
    own: dict[str, dict[_Value | None, tuple[Line, _Row]]] = {}
    for line in file.lines:
        row, problem = _row(line, _base(line, given.get(_key(line), [])), "landing folder")
        if row is None:
            unusable.append(problem)
            continue
        versions_of_it = own.setdefault(_key(line), {})
        if (before := versions_of_it.pop(row["in_force_from"], None)) is not None:
            why = "a later line gives the same version of the rule; the later one counts"
            unusable.append(Unusable(_FORM.show(before[0]), "rule", why))
        versions_of_it[row["in_force_from"]] = (line, row)
    for key, replaced in own.items():
        rules[key] = {since: row for since, (_, row) in replaced.items()}
    rows = [row for versions in rules.values() for row in _in_order(versions.values())]
    columns = (*_FORM.columns, "grace_unit", "origin")
    with transaction(con):
        write_rows(con, "landing.contact_rules", columns, [[row[name] for name in columns] for row in rows])
        write_notices(con, "contact_rules", CONTACT_RULES, unusable)
    return len(rows)


def _in_order(versions: Iterable[_Row]) -> list[_Row]:
    """The versions of one rule by the day on which they come into force. A new version ends the one before."""
    ordered = sorted(versions, key=lambda row: _first_day(row) or date.min)
    for before, after in pairwise(ordered):
        last, since = before["in_force_until"], _first_day(after)
        if since is not None and not (isinstance(last, date) and last < since):
            before["in_force_until"] = since - timedelta(days=1)
    return ordered


def _first_day(row: _Row) -> date | None:
    day = row["in_force_from"]
    return day if isinstance(day, date) else None


def _key(line: Line) -> str:
    return (line["rule"] or "").casefold()


def _base(line: Line, defaults: list[Line]) -> Line:
    """The project's line that a line of the landing folder takes its blanks from; empty for a rule of the user's own."""
    same = [each for each in defaults if each.get("in_force_from") == line.get("in_force_from")]
    return (same or defaults or [{}])[-1]


def _row(line: Line, base: Line, origin: str) -> tuple[_Row | None, Unusable]:
    """Return the line as a row of the table. If it cannot be used, return None and the reason."""
    texts = {**_DEFAULTS, **_filled(base), **_filled(line), "rule": base.get("rule") or line["rule"]}
    shown = _FORM.show({**base, **_filled(line)})
    row: _Row = {}
    for name in _FORM.columns:
        text = texts.get(name)
        if text is not None and text.casefold() == _LIFTED and name in _NARROWING:
            text = None
        try:
            row[name] = None if text is None else _PARSERS.get(name, _text)(text)
        except _Wrong as error:
            return None, Unusable(shown, name, f"its {name} {error}")
    if (problem := _wrong_for_its_kind(row) or _wrong_order(row)) is not None:
        return None, Unusable(shown, *problem)
    if row["kind"] == "cap" and row["counts"] is None:
        row["counts"] = "dialled"
    number, unit = row["grace"] if isinstance(row["grace"], tuple) else (None, None)
    if row["kind"] == "after_mark" and number is None:
        number, unit = 0, "days"
    row |= {"grace": number, "grace_unit": unit, "origin": origin, "title": row["title"] or row["rule"]}
    return row, Unusable("", None, "")


def _wrong_for_its_kind(row: _Row) -> tuple[str, str] | None:
    """The column that a rule of this kind lacks, or must not have, and what to tell; None if all is well."""
    kind = row["kind"]
    if not isinstance(kind, str):
        return "kind", f"has no kind; write one of {', '.join(_OF_KIND)}"
    needed, allowed = _OF_KIND[kind]
    if empty := [name for name in needed if row[name] is None]:
        return empty[0], f"has no {', '.join(empty)}, which a rule of kind {kind} needs"
    if kind == "after_contact" and isinstance(row["grace"], tuple) and row["grace"][1] == "business_days":
        return "grace", "its grace is in business days, which only a rule of kind after_mark counts"
    others = {name for columns in _OF_KIND.values() for each in columns for name in each}
    for name in sorted(others.difference(needed, allowed)):
        if row[name] not in (None, False):
            return name, f"has a {name}, which no rule of kind {kind} has; make it a rule of its own"
    return None


def _wrong_order(row: _Row) -> tuple[str, str] | None:
    """The column with an end that is not after its beginning, and what to tell; None if all is well."""
    first, last = row["from_local"], row["until_local"]
    if isinstance(first, time) and isinstance(last, time) and first >= last:
        why = "its until_local is not after its from_local; hours cannot go over midnight"
        return "until_local", why
    since, until = row["in_force_from"], row["in_force_until"]
    if isinstance(since, date) and isinstance(until, date) and since > until:
        return "in_force_until", "its in_force_until is before its in_force_from"
    return None


def _filled(line: Line) -> Line:
    return {name: value for name, value in line.items() if value is not None}


# --- values ------------------------------------------------------------------------------------------------------


def _text(text: str) -> _Value:
    return text


def _one_of(*words: str) -> Callable[[str], _Value]:
    def parse(text: str) -> _Value:
        if text.casefold() not in words:
            raise _Wrong(f"is none of {', '.join(words)}")
        return text.casefold()

    return parse


def _switch(text: str) -> _Value:
    if text.casefold() not in (*_YES, *_NO):
        raise _Wrong("is neither yes nor no")
    return text.casefold() in _YES


def _name(text: str) -> _Value:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", text) is None:
        raise _Wrong("is not made of at most 40 letters, digits, _ and -, a letter first")
    return text


def _words(text: str) -> _Value:
    words = list(dict.fromkeys(word.casefold() for word in re.split(r"[\s,;|]+", text) if word))
    if not words or not all(is_purpose(word) for word in words):
        raise _Wrong(f"is not made of words such as solicitation, with spaces between, or {_LIFTED}")
    return words


def _channels(text: str) -> _Value:
    known = ("phone", "door", "email", "text")
    words = list(dict.fromkeys(word.casefold() for word in re.split(r"[\s,;|]+", text) if word))
    if not words or not set(words) <= set(known):
        raise _Wrong(f"is not made of {', '.join(known)}, with spaces between, or {_LIFTED}")
    return words


def _jurisdiction(text: str) -> _Value:
    if re.fullmatch(r"\*|[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?", text) is None:
        raise _Wrong("is neither * nor an ISO code of a country or of a part of one, such as US or US-FL")
    return text.upper()


def _day(text: str) -> _Value:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Wrong("is not a day such as 2026-01-31") from None


def _weekdays(text: str) -> _Value:
    days: set[int] = set()
    for part in re.split(r"[\s,;|]+", text):
        match = re.fullmatch(r"([1-7])(?:-([1-7]))?", part)
        if match is None or int(match[1]) > int(match[2] or match[1]):
            raise _Wrong(f"is not made of 1 (Monday) to 7, such as 1-5 or 6 7, or {_LIFTED}")
        days.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return sorted(days)


def _clock(text: str) -> _Value:
    """A time of day; 24:00 is the last moment of it."""
    match = re.fullmatch(r"(\d{1,2}):(\d\d)(:00)?", text)
    if match is None or int(match[2]) > 59 or int(match[1]) > 24 or (int(match[1]) == 24 and int(match[2])):
        raise _Wrong("is not a time of day such as 09:00 or 21:30")
    return _DAY_END if int(match[1]) == 24 else time(int(match[1]), int(match[2]))


def _number(text: str) -> _Value:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 1_000_000:
        raise _Wrong("is not a whole number from 1 on")
    return int(text)


def _grace(text: str) -> _Value:
    match = re.fullmatch(r"(\d{1,4})\s*(hour|day|business[ _-]day)s?", text, re.IGNORECASE | re.ASCII)
    if match is None:
        raise _Wrong("is not a time such as 72 hours, 14 days or 10 business_days")
    return int(match[1]), re.sub("[ -]", "_", match[2].casefold()) + "s"


_PARSERS: Mapping[str, Callable[[str], _Value]] = {
    "rule": _name,
    "kind": _one_of(*_OF_KIND),
    "jurisdiction": _jurisdiction,
    "in_force_from": _day,
    "in_force_until": _day,
    "purposes": _words,
    "channels": _channels,
    "consent_lifts": _switch,
    "location_presumption": _one_of("none", "area_code"),
    "days": _weekdays,
    "from_local": _clock,
    "until_local": _clock,
    "cap": _number,
    "period": _one_of("24h", "7d", "30d", "calendar_day"),
    "unit": _one_of("point", "target", "person"),
    "same_subject": _switch,
    "counts": _one_of("dialled", "connected"),
    "grace": _grace,
    "effect": _one_of("forbidden", "presumed", "house"),
    "checked_on": _day,
    "checked_how": _one_of("official", "quote", "secondary"),
    "enabled": _switch,
}
