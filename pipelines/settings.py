"""Settings: the environment read once, into one typed object.

Belongs here: names, defaults and meanings of the environment's variables. Does not belong here: anything that acts
on them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: relative settings and the SQL files are found from here."""

SAMPLE = ROOT / "data" / "sample"
OUTPUT = ROOT / "data" / "output"
DAILY = "0 5 * * *"
"""When the daily run starts, in the reporting time zone, unless a setting says otherwise."""


class SettingError(ValueError):
    """A setting has a value that cannot be used; the message names the variable, the value and what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can set. ``as_of`` is UTC without a zone, None for the default."""

    landing: Path = SAMPLE
    output: Path = OUTPUT
    as_of: datetime | None = None
    timezone: str = "UTC"
    stuck_after_ms: int = 2 * 60 * 60 * 1000
    clock_tolerance_ms: int = 5_000
    memory_limit: str | None = None
    lock_wait_s: int = 900
    schedule: str | None = DAILY
    watch: bool = True
    history_days: int = 730
    personal_data: str = "keep"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the ``CONTACT_LEDGER_…`` variables; an unset or empty one takes its default.

        Raises SettingError for a value that cannot be used.
        """

        def get(name: str) -> str | None:
            return environment.get(f"CONTACT_LEDGER_{name}") or None

        def folder(name: str, default: Path) -> Path:
            value = get(name)
            return (ROOT / Path(value).expanduser()).resolve() if value else default

        return cls(
            landing=folder("LANDING", SAMPLE),
            output=folder("OUTPUT", OUTPUT),
            as_of=_moment("CONTACT_LEDGER_AS_OF", get("AS_OF")),
            timezone=_zone("CONTACT_LEDGER_TIMEZONE", get("TIMEZONE") or "UTC"),
            stuck_after_ms=_whole(
                "CONTACT_LEDGER_STUCK_AFTER_MS", get("STUCK_AFTER_MS"), 7_200_000, "milliseconds"
            ),
            clock_tolerance_ms=_whole(
                "CONTACT_LEDGER_CLOCK_TOLERANCE_MS", get("CLOCK_TOLERANCE_MS"), 5_000, "milliseconds"
            ),
            memory_limit=get("MEMORY_LIMIT"),
            lock_wait_s=_whole("CONTACT_LEDGER_LOCK_WAIT_S", get("LOCK_WAIT_S"), 900, "seconds"),
            schedule=None if (get("SCHEDULE") or "").lower() == "off" else get("SCHEDULE") or DAILY,
            watch=_switch("CONTACT_LEDGER_WATCH", get("WATCH")),
            history_days=_whole("CONTACT_LEDGER_HISTORY_DAYS", get("HISTORY_DAYS"), 730, "days"),
            personal_data=_choice("CONTACT_LEDGER_PERSONAL_DATA", get("PERSONAL_DATA"), ("keep", "hash")),
        )

    @property
    def mappings(self) -> Path:
        """Source value → unified disposition, as the project ships it."""
        return ROOT / "data" / "dispositions.csv"

    @property
    def warehouse_path(self) -> Path:
        """The pipeline's own database."""
        return self.output / "warehouse.duckdb"

    @property
    def published_path(self) -> Path:
        """The file analysts open."""
        return self.output / "contact_ledger.duckdb"

    @property
    def report_path(self) -> Path:
        """The page anyone opens."""
        return self.output / "report" / "index.html"


def _moment(name: str, value: str | None) -> datetime | None:
    if value is None:
        return None
    example = "write e.g. 2026-10-30T18:00:00Z"
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise SettingError(f"{name}={value!r} is not an ISO-8601 time; {example}") from None
    if moment.year == 9999:
        raise SettingError(f"{name}={value!r} is the year that stands for never, and no moment; {example}")
    return moment


def _zone(name: str, value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"{name}={value!r} is not an IANA time zone; write e.g. Europe/Berlin") from None
    return value


def _whole(name: str, value: str | None, default: int, unit: str) -> int:
    if value is None:
        return default
    if not value.isascii() or not value.isdigit():
        raise SettingError(f"{name}={value!r} is not a whole number of {unit}; write e.g. {default}")
    return int(value)


def _choice(name: str, value: str | None, choices: tuple[str, str]) -> str:
    """One of two words, in whatever case; the first when nothing is set."""
    chosen = (value or choices[0]).lower()
    if chosen not in choices:
        raise SettingError(f"{name}={value!r} is neither {choices[0]} nor {choices[1]}")
    return chosen


def _switch(name: str, value: str | None) -> bool:
    return _choice(name, value, ("on", "off")) == "on"
