"""The settings: every environment variable of the project, read once into one typed object.

Belongs here: names, defaults and meanings of the variables. Does not belong here: anything that acts on them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.errors import LedgerError

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder. Relative paths in settings start here."""

SAMPLE = ROOT / "data" / "sample"
OUTPUT = ROOT / "data" / "output"
DAILY = "0 5 * * *"
"""The default start of the daily run, in the reporting time zone."""

PREFIX = "CONTACT_LEDGER_"
_CENTURY_DAYS = 36_525
"""The longest time that a setting may give: DuckDB must be able to add it to a moment or subtract it."""
_OURS = ("contact_ledger.duckdb", "dagster", "processes", "release", "releases", "report", "spill")
"""What the pipeline replaces or removes in the output folder, beside folders named ``ingest-…``."""
_A_DAY = {"days": 1, "seconds": 86_400, "milliseconds": 86_400_000}


class SettingError(LedgerError):
    """A setting has a value that cannot be used.

    ``problem`` goes on with the sentence that the variable and its value begin: "is not a folder". ``cure`` says what
    to write.
    """

    def __init__(self, variable: str, value: object, problem: str, cure: str) -> None:
        self.variable = variable
        self.value = value
        super().__init__(f"{variable}={value!r} {problem}", cure=cure)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can set. ``as_of`` is UTC without a zone; None stands for the default."""

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
    country: str = "US"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the ``CONTACT_LEDGER_…`` variables. An unset or blank one takes its default.

        Raises SettingError for a value that cannot be used, and for two folders of which one would be written to or
        cleared by what the pipeline does with the other.
        """

        def get(name: str) -> str | None:
            value = environment.get(f"{PREFIX}{name}")
            return value if value and value.strip() else None

        own = cls()
        settings = cls(
            landing=_folder("CONTACT_LEDGER_LANDING", get("LANDING"), own.landing),
            output=_folder("CONTACT_LEDGER_OUTPUT", get("OUTPUT"), own.output),
            as_of=_moment("CONTACT_LEDGER_AS_OF", get("AS_OF")),
            timezone=_zone("CONTACT_LEDGER_TIMEZONE", get("TIMEZONE") or own.timezone),
            stuck_after_ms=_whole(
                "CONTACT_LEDGER_STUCK_AFTER_MS", get("STUCK_AFTER_MS"), own.stuck_after_ms, "milliseconds"
            ),
            clock_tolerance_ms=_whole(
                "CONTACT_LEDGER_CLOCK_TOLERANCE_MS",
                get("CLOCK_TOLERANCE_MS"),
                own.clock_tolerance_ms,
                "milliseconds",
            ),
            memory_limit=_memory("CONTACT_LEDGER_MEMORY_LIMIT", get("MEMORY_LIMIT")),
            lock_wait_s=_whole("CONTACT_LEDGER_LOCK_WAIT_S", get("LOCK_WAIT_S"), own.lock_wait_s, "seconds"),
            schedule=None if (get("SCHEDULE") or "").lower() == "off" else get("SCHEDULE") or own.schedule,
            watch=_switch("CONTACT_LEDGER_WATCH", get("WATCH")),
            history_days=_whole("CONTACT_LEDGER_HISTORY_DAYS", get("HISTORY_DAYS"), own.history_days, "days"),
            personal_data=_choice("CONTACT_LEDGER_PERSONAL_DATA", get("PERSONAL_DATA"), ("keep", "hash")),
            country=_country("CONTACT_LEDGER_COUNTRY", get("COUNTRY") or own.country),
        )
        _keep_apart(settings.landing, settings.output)
        return settings

    @property
    def data(self) -> Path:
        """The folder of the project's own CSV files."""
        return ROOT / "data"

    @property
    def mappings(self) -> Path:
        """The project's own mapping of source values to unified dispositions."""
        return self.data / "dispositions.csv"

    @property
    def contact_rules(self) -> Path:
        """The project's own contact rules."""
        return self.data / "contact_rules.csv"

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


def unknown_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a sentence for each ``CONTACT_LEDGER_…`` variable that is no setting, with the nearest setting.

    Such a variable is no error: another version of the project may share the environment and have other settings.
    """
    known = [field.upper() for field in Settings.__dataclass_fields__]
    sentences = []
    for name in sorted(environment):
        own = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and own not in known:
            near = difflib.get_close_matches(own, known, n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else 'see "Settings" in the README'
            sentences.append(f"unknown setting {name} (ignored); {hint}")
    return sentences


def _folder(name: str, value: str | None, default: Path) -> Path:
    if value is None:
        return default
    try:
        return (ROOT / Path(value).expanduser()).resolve()
    except (RuntimeError, ValueError, OSError):  # nobody's home, a byte no path can have, links in a circle
        raise SettingError(name, value, "is not a folder", "write e.g. /data/mine or ~/mine") from None


def _keep_apart(landing: Path, output: Path) -> None:
    """Refuse an output folder inside the landing folder, and a landing folder that the pipeline would clear."""
    if output.is_relative_to(landing):
        raise SettingError(
            "CONTACT_LEDGER_OUTPUT",
            str(output),
            f"lies in the landing folder {str(landing)!r}, which is never written to",
            "name a folder outside it",
        )
    if landing.is_relative_to(output):
        first = landing.relative_to(output).parts[0]
        if first in _OURS or first.startswith("ingest-"):
            raise SettingError(
                "CONTACT_LEDGER_LANDING",
                str(landing),
                f"lies in {str(output / first)!r}, where the pipeline writes and deletes",
                "name another folder",
            )


def _moment(name: str, value: str | None) -> datetime | None:
    if value is None:
        return None
    example = "write e.g. 2026-10-30T18:00:00Z"
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise SettingError(name, value, "is not an ISO-8601 time", example) from None
    if moment.year == 9999:
        raise SettingError(name, value, "lies in the year that stands for never", example)
    return moment


def _zone(name: str, value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(name, value, "is not an IANA time zone", "write e.g. Europe/Berlin") from None
    return value


def _whole(name: str, value: str | None, default: int, unit: str) -> int:
    if value is None:
        return default
    if not value.isascii() or not value.isdigit():
        raise SettingError(name, value, f"is not a whole number of {unit}", f"write e.g. {default}")
    most = _CENTURY_DAYS * _A_DAY[unit]
    if len(value.lstrip("0")) > len(str(most)) or int(value) > most:
        raise SettingError(name, value, "is more than a hundred years", f"write e.g. {default} ({unit})")
    return int(value)


def _memory(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    import duckdb  # only DuckDB knows what it accepts as an amount of memory

    with duckdb.connect(config={"threads": 1}) as con:
        try:
            con.execute("SET memory_limit = '" + value.replace("'", "''") + "'")
        except duckdb.Error:
            raise SettingError(name, value, "is not an amount of memory", "write e.g. 4GB") from None
    return value


def _choice(name: str, value: str | None, choices: tuple[str, str]) -> str:
    """Return one of two words, whatever its case; the first when nothing is set."""
    chosen = (value or choices[0]).lower()
    if chosen not in choices:
        raise SettingError(
            name, value, f"is neither {choices[0]} nor {choices[1]}", f"write {' or '.join(choices)}"
        )
    return chosen


def _country(name: str, value: str) -> str:
    """Return a country's ISO 3166 code of two letters, in capitals."""
    code = value.strip().upper()
    if not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise SettingError(name, value, "is no country's code of two letters", "write US, CA, GB, ...")
    return code


def _switch(name: str, value: str | None) -> bool:
    return _choice(name, value, ("on", "off")) == "on"
