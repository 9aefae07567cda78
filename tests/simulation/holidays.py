"""The public holidays by which business days are counted: makes ``data/holidays.csv`` from the rule of each holiday.

Belongs here: the federal holidays of the United States and the national holidays of Canada, on the days on which they
are kept. Does not belong here: holidays of a state or a province, and counting business days (``sql/compliance``).

``python -m tests.simulation.holidays`` writes the file.
"""

from __future__ import annotations

import csv
import sys
from datetime import date, timedelta
from pathlib import Path

YEARS = range(2015, 2041)
COLUMNS = ("country", "day")

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_DAY = timedelta(days=1)


def holidays() -> list[tuple[str, date]]:
    """Return country and day of each holiday within ``YEARS``, in order."""
    found: set[tuple[str, date]] = set()
    for year in (*YEARS, YEARS[-1] + 1):  # New Year's Day may be kept on the last day of the year before
        found |= {("US", _nearest_workday(day)) for day in _united_states(year)}
        found |= {("CA", day) for day in _kept_in_canada(_canada(year))}
    return sorted((country, day) for country, day in found if day.year in YEARS)


def _united_states(year: int) -> list[date]:
    """The federal holidays: Juneteenth is one since 2021. Inauguration Day is kept in one city alone, and left out."""
    return [
        date(year, 1, 1),
        _nth(year, 1, _MONDAY, 3),
        _nth(year, 2, _MONDAY, 3),
        _nth(year, 6, _MONDAY, 1) - 7 * _DAY,  # the last Monday of May
        *([date(year, 6, 19)] if year >= 2021 else []),
        date(year, 7, 4),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 10, _MONDAY, 2),
        date(year, 11, 11),
        _nth(year, 11, _THURSDAY, 4),
        date(year, 12, 25),
    ]


def _canada(year: int) -> list[date]:
    """The holidays of the Canada Labour Code: the Day for Truth and Reconciliation is one since 2021."""
    victoria = date(year, 5, 24)  # the last Monday before 25 May
    return [
        date(year, 1, 1),
        _easter(year) - 2 * _DAY,
        victoria - victoria.weekday() * _DAY,
        date(year, 7, 1),
        _nth(year, 9, _MONDAY, 1),
        *([date(year, 9, 30)] if year >= 2021 else []),
        _nth(year, 10, _MONDAY, 2),
        date(year, 11, 11),
        date(year, 12, 25),
        date(year, 12, 26),
    ]


def _nearest_workday(day: date) -> date:
    """The day on which a federal holiday is kept: Friday for one on Saturday, Monday for one on Sunday."""
    return day + {_SATURDAY: -_DAY, _SUNDAY: _DAY}.get(day.weekday(), timedelta())


def _kept_in_canada(days: list[date]) -> set[date]:
    """The days on which the holidays are kept: one on a weekend on the next workday that is no holiday already."""
    kept = {day for day in days if day.weekday() < _SATURDAY}
    for day in sorted(set(days) - kept):
        later = day
        while later.weekday() >= _SATURDAY or later in kept:
            later += _DAY
        kept.add(later)
    return kept


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * _DAY


def _easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    epact -= (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + epact + 2 - century + century // 4) % 7
    offset = epact - weekday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))


def main(arguments: list[str]) -> int:
    """Write the file, and return the exit code."""
    path = Path(arguments[0]) if arguments else Path("data/holidays.csv")
    rows = holidays()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    print(f"{len(rows)} holidays in {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
