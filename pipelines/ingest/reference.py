"""What the project knows of the world: where a number is from, which names are one name, and which days are holidays.

Belongs here: reading the CSV files of ``data/`` into ``landing.number_plan``, ``landing.nicknames``, ``landing.holidays``
and ``landing.regions`` (what people write for a country, or for a state or province). Does not belong here: making them
(``tests/simulation``). No file of the landing folder overrides them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb

from pipelines.ingest.own_files import MappingError, write_rows
from pipelines.sql_text import transaction

_Row = tuple[object, ...]


def load_reference(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Fill the tables from the files of the same names in ``folder``.

    A table that holds what its file says is left as it is. Raises MappingError if a file cannot be read, or has a line
    that cannot be used.
    """
    with transaction(con):
        for name, (columns, take) in _FILES.items():
            write_rows(con, f"landing.{name}", columns, _rows(folder / f"{name}.csv", columns, take))


def _rows(path: Path, columns: Sequence[str], take: Callable[[Sequence[str]], _Row]) -> list[_Row]:
    rows: list[_Row] = []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            if (header := next(reader, [])) != list(columns):
                raise MappingError(path, ",".join(header), f"the columns must be {','.join(columns)}")
            for values in reader:
                try:
                    rows.append(take(values))
                except ValueError:
                    raise MappingError(path, ",".join(values), "cannot be used") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MappingError(path, "", f"cannot be read: {type(error).__name__}") from None
    return rows


def _number_plan(values: Sequence[str]) -> _Row:
    prefix, country, region, zones = values
    if not prefix.isdecimal():
        raise ValueError
    return prefix, country or None, region or None, zones.split()


def _nickname(values: Sequence[str]) -> _Row:
    name, first_name = values
    return name, first_name


def _region(values: Sequence[str]) -> _Row:
    country, region, name = values
    return country, region or None, name


def _holiday(values: Sequence[str]) -> _Row:
    country, day = values
    return country, date.fromisoformat(day)


_FILES: Mapping[str, tuple[tuple[str, ...], Callable[[Sequence[str]], _Row]]] = {
    "number_plan": (("prefix", "country", "region", "zones"), _number_plan),
    "nicknames": (("name", "first_name"), _nickname),
    "holidays": (("country", "day"), _holiday),
    "regions": (("country", "region", "name"), _region),
}
"""File and table → its columns, and what makes a row of a line."""
