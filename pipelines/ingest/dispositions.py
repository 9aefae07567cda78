"""The mapping: the project's own lines, overridden by those of the landing folder's file.

Belongs here: reading the two CSV files into ``landing.dispositions``. Does not belong here: what a disposition means
(``sql/core``) and which dispositions there are (``data/dispositions.csv``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import LedgerError
from pipelines.ingest import csv_text
from pipelines.ingest.files import MAPPING
from pipelines.sql_text import transaction

_COLUMNS = ("source", "field", "value", "label", "disposition", "aapor_class", "version", "note")
_NEEDED = ("source", "field", "value", "disposition")
_LARGEST = 4 << 20

_Line = dict[str, str | None]


class MappingError(LedgerError):
    """The project's own mapping cannot be used, because of one line or as a whole."""

    def __init__(self, path: Path, line: str, problem: str) -> None:
        super().__init__(f"{line}: {problem}" if line else problem, where=path.name, cure="correct the file")


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A line that cannot be used.

    ``line`` is the line as it came. ``field`` is the column that is wrong; None if it is the whole line. ``why`` quotes
    nothing of the line.
    """

    line: str
    field: str | None
    why: str


def load_dispositions(con: duckdb.DuckDBPyConnection, landing: Path, default_csv: Path) -> int:
    """Fill ``landing.dispositions`` from ``default_csv`` and, if it exists, ``<landing>/dispositions.csv``.

    A line of the landing folder's file replaces the default line with the same source, field and value; case does not
    matter there, nor in the disposition. Of two lines of that file with the same three, the last counts, and a notice
    says so if they give two dispositions. A line that cannot be used is left out, with a notice (code ``mapping``, the
    line as its ``value``). Returns the number of lines in the table. Raises MappingError if ``default_csv`` has a line
    that cannot be used.
    """
    lines: dict[tuple[str, ...], _Line] = {}
    default, problems = _read(default_csv)
    if problems:
        raise MappingError(default_csv, problems[0].line, problems[0].why)
    for line in default:
        lines[_key(line)] = {**line, "origin": "default"}
    allowed = _by_folded(line["disposition"] for line in default)
    sources = _by_folded(line["source"] for line in default)
    fields = _by_folded(line["field"] for line in default)
    given: dict[tuple[str, ...], _Line] = {}
    override = landing / MAPPING
    unusable: list[_Unusable] = []
    if override.exists() or override.is_symlink():
        own, unusable = _read_own(override)
        for line in own:
            disposition = allowed.get((line["disposition"] or "").casefold())
            if disposition is not None:
                key = _key(line)
                before = given.get(key)
                if before is not None and lines[key]["disposition"] != disposition:
                    why = "a later line gives the same value another disposition; the later one counts"
                    unusable.append(_Unusable(_shown(before), "value", why))
                given[key] = line
                source, field = key[:2]
                lines[key] = {
                    **line,
                    "disposition": disposition,
                    "source": sources.get(source, line["source"]),
                    "field": fields.get(field, line["field"]),
                    "origin": "landing folder",
                }
            else:
                why = "its disposition is none of the unified ones"
                unusable.append(_Unusable(_shown(line), "disposition", why))
    names = (*_COLUMNS, "origin")
    with transaction(con):
        con.execute("DELETE FROM landing.dispositions")
        con.execute(
            f"INSERT INTO landing.dispositions ({', '.join(names)}) "
            f"SELECT {', '.join(['unnest(CAST(? AS VARCHAR[]))'] * len(names))}",
            [[line.get(name) for line in lines.values()] for name in names],
        )
        con.execute("DELETE FROM landing.notices WHERE code = 'mapping' AND file = ?", [MAPPING])
        for each in unusable:
            con.execute(
                "INSERT INTO landing.notices (file, code, field, value, rows, detail) "
                "VALUES (?, 'mapping', ?, ?, 1, ?)",
                [MAPPING, each.field, each.line, each.why],
            )
    return len(lines)


def _read_own(path: Path) -> tuple[list[_Line], list[_Unusable]]:
    """Read as ``_read`` does, but only a regular file inside the landing folder, since anyone may have put it there."""
    if not path.resolve().is_relative_to(path.parent.resolve()):
        return [], [_Unusable("", None, "a link that leads out of the landing folder")]
    if not path.is_file():
        return [], [_Unusable("", None, "not a regular file")]
    return _read(path)


def _read(path: Path) -> tuple[list[_Line], list[_Unusable]]:
    """Return the lines that can be used, and those that cannot."""
    try:
        if path.stat().st_size > _LARGEST:
            return [], [_Unusable("", None, f"a mapping of more than {_LARGEST} bytes is not read")]
        data = path.read_bytes()
    except OSError as error:
        return [], [_Unusable("", None, f"cannot be read: {error.strerror}")]
    lines: list[_Line] = []
    problems: list[_Unusable] = []
    try:
        names, rows = csv_text.rows_of(data, lambda name: name.strip().lower() in _COLUMNS)
    except csv_text.NotCsv as error:
        return [], [_Unusable("", None, str(error))]
    header = [name.lower() for name in names]
    if missing := [name for name in _NEEDED if name not in header]:
        if not rows and not header:
            return [], []
        return [], [_Unusable(",".join(names or rows[0]), missing[0], f"has no column {', '.join(missing)}")]
    for row in rows:
        line: _Line = {
            name: value.strip() or None for name, value in zip(header, row, strict=False) if name in _COLUMNS
        }
        if len(row) != len(header) and (len(row) < len(header) or any(row[len(header) :])):
            why = f"{len(row)} values under {len(header)} columns"
            problems.append(_Unusable(",".join(row), None, why))
        elif empty := [name for name in _NEEDED if not line.get(name)]:
            problems.append(_Unusable(_shown(line), empty[0], f"has no {', '.join(empty)}"))
        elif line.get("version") and not str(line["version"]).isdecimal():
            shown = f"{_shown(line)},{line['version']}"
            problems.append(_Unusable(shown, "version", "its version is not a whole number"))
        else:
            lines.append(line)
    return lines, problems


def _by_folded(words: Iterable[str | None]) -> dict[str, str]:
    """The words of the project's own mapping by what they are when case does not matter."""
    return {word.casefold(): word for word in words if word}


def _key(line: _Line) -> tuple[str, ...]:
    return tuple((line[name] or "").casefold() for name in ("source", "field", "value"))


def _shown(line: _Line) -> str:
    return ",".join(line.get(name) or "" for name in _NEEDED)
