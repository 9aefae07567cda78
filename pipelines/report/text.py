"""Numbers, times and names as a reader sees them, and the raw value beside each.

Belongs here: formatting. Does not belong here: markup, or any arithmetic beyond rounding for display.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

MISSING = "–"

_RATE = re.compile(
    r"(^|_)(rate|share|hazard|incidence|penetration|yield|estimate|survival|within)(_|$)|^(rr|coop|ref|con)\d"
)
_RATIO = re.compile(r"_per_|(^|_)(saturation|mean|ratio)(_|$)")
_DURATION = re.compile(r"_seconds(?=_|$)")
_ACRONYMS = {
    "id": "ID", "utc": "UTC", "rr": "RR", "coop": "COOP", "ref": "REF", "con": "CON", "uh": "UH", "ur": "UR",
    "uo": "UO", "ne": "NE", "nc": "NC", "aapor": "AAPOR", "e": "e", "i": "I", "p": "P", "r": "R", "o": "O", "k": "K",
    "u": "U", "kaplan": "Kaplan", "meier": "Meier",
}  # fmt: skip
_LABELS = {"attempts_per_contact": "Attempts per target reached"}
"""Names that as words would say something else: this one divides by targets, and contacts are a column beside it."""

_SOURCES = {
    "action_builder": "Action Builder",
    "voipbin": "VoIPBIN",
    "outreach": "Outreach",
    "liondesk": "LionDesk",
}


def label(name: str) -> str:
    """A column's or table's name as words: ``contact_rate_per_target`` → ``Contact rate per target``."""
    # A length of time is shown with its units, so its name need not say in which it is stored.
    words = [
        _ACRONYMS.get(word) or (_ACRONYMS[found[1]] + found[2] if (found := _numbered(word)) else word)
        for word in _DURATION.sub("", name).split("_")
        if word
    ]
    if name in _LABELS:
        return _LABELS[name]
    text = " ".join(words)
    return text if words and words[0] == "e" else text[:1].upper() + text[1:]


def _numbered(word: str) -> re.Match[str] | None:
    found = re.fullmatch(r"([a-z]+)(\d)", word)
    return found if found and found[1] in _ACRONYMS else None


def source_name(source: str | None) -> str:
    """The system's name as its vendor writes it; one that is not known, as it stands."""
    return _SOURCES.get(source or "", source or MISSING)


def kind_of(name: str, comment: str, sample: Any) -> str:
    """How a column's values are shown: ``rate``, ``ratio``, ``number``, ``duration``, ``time``, ``flag``, ``text``.

    A length of time is stored in seconds and its name ends so; any other unit is shown as the number it is.
    """
    if isinstance(sample, bool):
        return "flag"
    if isinstance(sample, datetime | date):
        return "time"
    if isinstance(sample, float) and (_RATE.search(name) or "0..1" in comment):
        return "rate"
    if isinstance(sample, int | float | Decimal):
        if _DURATION.search(name):
            return "duration"
        return "ratio" if isinstance(sample, float) and _RATIO.search(name) else "number"
    return "text"


def raw(value: Any) -> str:
    """The published value, to the last digit, as tests and the CSV export read it; empty for null."""
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
    """A count with its thousands apart; one that was estimated, and so is not whole, as about a whole number."""
    if value == int(value):
        return f"{int(value):,}"
    return f"about {value:,.0f}" if value >= 1 else "less than 1"


def percent(value: float) -> str:
    """A share in 0..1 with one decimal. Only exact 0 and 1 print as such: a rounded one keeps a sign of it."""
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{value:.1%}"


def moment(value: datetime | date) -> str:
    """A time to the minute (UTC as published)."""
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
    parts = [(rest.days, "d"), (hours, "h"), (remainder // 60, "min"), (remainder % 60, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "rate": percent,
    "number": number,
    "ratio": "{:,.2f}".format,
    "duration": elapsed,
    "time": moment,
    "flag": lambda value: "yes" if value else "no",
    "text": raw,
}


def shown(kind: str) -> Callable[[Any], str]:
    """How values of a kind are said to a reader: a function of the value."""
    say = _SHOWN[kind]
    return lambda value: MISSING if value is None or value == "" else say(value)
