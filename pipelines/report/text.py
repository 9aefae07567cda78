"""Numbers, times and names as a reader sees them, and the raw value beside each.

Belongs here: formatting, and reading the marks of a column's comment. Does not belong here: markup, or any arithmetic
beyond rounding for display.

A column's comment says what kind of figure it holds, in marks: ``[share]`` (0 to 1), ``[difference]`` (of two
shares), ``[probability]``, ``[seconds]``, ``[count]``, and ``[null]`` where a value may be missing. Nothing is
guessed from a column's name or from the prose of its comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import polars as pl

MISSING = "–"

Kind = Literal[
    "share", "difference", "probability", "seconds", "count", "integer", "decimal", "time", "flag", "text"
]

_MARKS: Mapping[str, str] = {
    "share": "a share, 0 to 1",
    "difference": "a share minus a share, -1 to 1",
    "probability": "0 to 1",
    "ratio": "a quotient, 0 or more",
    "seconds": "in seconds",
    "count": "",
    "null": "may be empty",
}
"""Mark → what a definition on the page says in its place; that a number is a count needs no words."""

_MARK = re.compile(rf"\s*\[({'|'.join(_MARKS)})\]")

_UNIT = re.compile(r"_seconds(?=_|$)")
_ACRONYMS = {
    "id": "ID", "utc": "UTC", "rr": "RR", "coop": "COOP", "ref": "REF", "con": "CON", "uh": "UH", "ur": "UR",
    "uo": "UO", "ne": "NE", "nc": "NC", "aapor": "AAPOR", "e": "e", "i": "I", "p": "P", "r": "R", "o": "O", "k": "K",
    "u": "U", "kaplan": "Kaplan", "meier": "Meier",
}  # fmt: skip
_LABELS = {"attempts_per_contact": "Attempts per target reached"}
"""Names that as words would say something else: this one divides by targets, and contacts are a column beside it."""


def label(name: str) -> str:
    """A column's or table's name as words: ``contact_rate_per_target`` → ``Contact rate per target``."""
    # A length of time is shown with its units, so its name need not say in which it is stored.
    words = [
        _ACRONYMS.get(word) or (_ACRONYMS[found[1]] + found[2] if (found := _numbered(word)) else word)
        for word in _UNIT.sub("", name).split("_")
        if word
    ]
    if name in _LABELS:
        return _LABELS[name]
    text = " ".join(words)
    return text if words and words[0] == "e" else text[:1].upper() + text[1:]


def _numbered(word: str) -> re.Match[str] | None:
    found = re.fullmatch(r"([a-z]+)(\d)", word)
    return found if found and found[1] in _ACRONYMS else None


def kind_of(comment: str, dtype: pl.DataType) -> Kind:
    """How a column's values are shown: by its type, and for numbers by the marks of its comment."""
    if dtype == pl.Boolean:
        return "flag"
    if dtype.is_temporal():
        return "time"
    if not dtype.is_numeric():
        return "text"
    marks = _MARK.findall(comment)
    if "share" in marks:
        return "share"
    if "difference" in marks:
        return "difference"
    if "probability" in marks:
        return "probability"
    if "seconds" in marks:
        return "seconds"
    if "count" in marks:
        return "count"
    return "integer" if dtype.is_integer() else "decimal"


def definition(comment: str) -> tuple[str, str]:
    """A column's comment without its marks, and what the marks say, in words."""
    marks = _MARK.findall(comment)
    said = [words for mark, words in _MARKS.items() if mark in marks and words]
    return _MARK.sub("", comment).strip(), "; ".join(said)


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def raw(value: Any) -> str:
    """The published value to the last digit, as tests and the CSV export read it; empty for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else str(value)
    if isinstance(value, list):
        return ", ".join(raw(part) for part in value)
    return str(value)


def number(value: float | Decimal) -> str:
    """A count with its thousands apart. One that was estimated, and so is not whole, reads "about 437"."""
    if value == int(value):
        return f"{int(value):,}"
    return f"about {value:,.0f}" if value >= 1 else "less than 1"


def percent(value: float) -> str:
    """A share (0 to 1) with one decimal. Only exact 0 and 1 print as such: a rounded one keeps a sign of it."""
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value:.1%}"


def points(value: float) -> str:
    """A difference of two shares (-1 to 1), in percentage points with its sign: ``+8.1``, ``−0.4``, ``0.0``."""
    text = f"{abs(value) * 100:.1f}"
    if float(text) == 0:
        return text
    return f"{'−' if value < 0 else '+'}{text}"


def probability(value: float) -> str:
    """A p with three decimals; a smaller one reads "<0.001"."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def moment(value: datetime | date) -> str:
    """A time to the minute, UTC as published."""
    if not isinstance(value, datetime):
        return value.isoformat()
    return value.strftime("%Y-%m-%d %H:%M")


def elapsed(seconds: float) -> str:
    """A length of time in its two largest units: ``1 d 4 h``."""
    if seconds < 0:
        return f"−{elapsed(-seconds)}"
    if seconds < 1:
        return f"{seconds:.1f} s" if seconds else "0 s"
    rest = timedelta(seconds=round(seconds))
    hours, remainder = divmod(rest.seconds, 3600)
    minutes, left = divmod(remainder, 60)
    parts = [(rest.days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


_SHOWN: dict[Kind, Callable[[Any], str]] = {
    "share": percent,
    "difference": points,
    "probability": probability,
    "seconds": elapsed,
    "count": number,
    "integer": raw,
    "decimal": "{:,.2f}".format,
    "time": moment,
    "flag": lambda value: "yes" if value else "no",
    "text": raw,
}


def shown(kind: Kind) -> Callable[[Any], str]:
    """How values of a kind are said to a reader: a function of the value."""
    say = _SHOWN[kind]
    return lambda value: MISSING if value is None or value == "" else say(value)
