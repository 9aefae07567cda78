"""The user's own CSV files in the landing folder itself, and the project's files that they override.

Belongs here: reading such a file line by line, whatever a spreadsheet made of it, and telling what is wrong with a line.
Does not belong here: what the lines mean (``dispositions``, ``contact_rules``, ``purposes``) and files of records
(``flat_files``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import LedgerError
from pipelines.ingest import csv_text

_LARGEST = 4 << 20

Line = dict[str, str | None]
"""One line: column → value. A value that is blank is None."""


class MappingError(LedgerError):
    """A CSV file of the project itself cannot be used, because of one line or as a whole."""

    def __init__(self, path: Path, line: str, problem: str) -> None:
        super().__init__(f"{line}: {problem}" if line else problem, where=path.name, cure="correct the file")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that cannot be used, or a part of it.

    ``line`` is the line as it came. ``field`` is the column that is wrong; None if it is the whole line. ``why`` quotes
    nothing of the line.
    """

    line: str
    field: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a file of this kind looks like.

    ``columns`` may stand in any order, and those that are not ``needed`` may be missing. A line is shown by the columns
    ``shown``.
    """

    columns: tuple[str, ...]
    needed: tuple[str, ...]
    shown: tuple[str, ...]

    def show(self, line: Line) -> str:
        """Return the line as a notice quotes it."""
        return ",".join(line.get(name) or "" for name in self.shown)


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What was read of a file: the lines that can be used, what cannot, and the columns that the form does not have."""

    lines: tuple[Line, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    unknown: tuple[str, ...] = ()

    def unknown_columns(self, form: Form) -> list[Unusable]:
        """Return what to tell of the columns that nothing reads."""
        return [
            Unusable(name, name, f"unknown column (ignored); there are {', '.join(form.columns)}")
            for name in self.unknown
        ]


def read_default(path: Path, form: Form) -> tuple[Line, ...]:
    """Return the lines of a file of the project. Raises MappingError if it has a line that cannot be used."""
    found = _read(path, form)
    if found.unusable:
        raise MappingError(path, found.unusable[0].line, found.unusable[0].why)
    if found.unknown:
        raise MappingError(path, found.unknown[0], "unknown column")
    return found.lines


def read_own(path: Path, form: Form) -> OwnFile:
    """Read the user's file. No file is an empty one.

    Only a regular file inside the landing folder is read, since anyone may have put it there.
    """
    if not (path.exists() or path.is_symlink()):
        return OwnFile()
    if not path.resolve().is_relative_to(path.parent.resolve()):
        return OwnFile(unusable=(Unusable("", None, "a link that leads out of the landing folder"),))
    if not path.is_file():
        return OwnFile(unusable=(Unusable("", None, "not a regular file"),))
    return _read(path, form)


def write_notices(con: duckdb.DuckDBPyConnection, code: str, file: str, unusable: Iterable[Unusable]) -> None:
    """Write what cannot be used of a user's file to ``landing.notices``, instead of what the last run told of it."""
    con.execute("DELETE FROM landing.notices WHERE code = ? AND file = ?", [code, file])
    for each in unusable:
        con.execute(
            "INSERT INTO landing.notices (file, code, field, value, rows, detail) VALUES (?, ?, ?, ?, 1, ?)",
            [file, code, each.field, each.line, each.why],
        )


def write_rows(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Replace the rows of a table, unless it holds just these rows in this order.

    ``rows`` hold values as DuckDB returns them.
    """
    listed = ", ".join(columns)
    wanted = [tuple(row) for row in rows]
    if con.sql(f"SELECT {listed} FROM {table}").fetchall() == wanted:
        return
    con.execute(f"DELETE FROM {table}")
    if not wanted:
        return
    types = dict(con.sql(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall())
    values = ", ".join(f"unnest(CAST(? AS {types[name]}[]))" for name in columns)
    con.execute(
        f"INSERT INTO {table} ({listed}) SELECT {values}", [list(each) for each in zip(*wanted, strict=True)]
    )


def _read(path: Path, form: Form) -> OwnFile:
    """Read one file."""
    try:
        if path.stat().st_size > _LARGEST:
            return _nothing(f"a file of more than {_LARGEST} bytes is not read")
        data = path.read_bytes()
    except OSError as error:
        return _nothing(f"cannot be read: {error.strerror}")
    try:
        names, rows = csv_text.rows_of(data, lambda name: name.strip().lower() in form.columns)
    except csv_text.NotCsv as error:
        return _nothing(str(error))
    header = [name.lower() for name in names]
    if missing := [name for name in form.needed if name not in header]:
        if not rows and not header:
            return OwnFile()
        why = f"has no column {', '.join(missing)}"
        return OwnFile(unusable=(Unusable(",".join(names or rows[0]), missing[0], why),))
    if twice := [name for name in form.columns if header.count(name) > 1]:
        return OwnFile(unusable=(Unusable(",".join(names), twice[0], "has a column twice"),))
    lines: list[Line] = []
    problems: list[Unusable] = []
    for row in rows:
        line: Line = {
            name: value.strip() or None
            for name, value in zip(header, row, strict=False)
            if name in form.columns
        }
        if len(row) != len(header) and (len(row) < len(header) or any(row[len(header) :])):
            why = f"{len(row)} values under {len(header)} columns"
            problems.append(Unusable(",".join(row), None, why))
        elif empty := [name for name in form.needed if not line.get(name)]:
            problems.append(Unusable(form.show(line), empty[0], f"has no {', '.join(empty)}"))
        else:
            lines.append(line)
    unknown = tuple(name for name in names if name and name.lower() not in form.columns)
    return OwnFile(tuple(lines), tuple(problems), unknown)


def _nothing(why: str) -> OwnFile:
    return OwnFile(unusable=(Unusable("", None, why),))
