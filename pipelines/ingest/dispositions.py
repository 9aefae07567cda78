"""The mapping: the project's own lines, overridden by those of the landing folder's file.

Belongs here: reading the two CSV files into ``landing.dispositions``. Does not belong here: what a disposition means
(``sql/core``) and which dispositions there are (``data/dispositions.csv``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.ingest.files import MAPPING
from pipelines.ingest.own_files import (
    Form,
    Line,
    MappingError,
    Unusable,
    read_default,
    read_own,
    write_notices,
)
from pipelines.sql_text import transaction

__all__ = ["MappingError", "load_dispositions"]

_FORM = Form(
    columns=("source", "field", "value", "label", "disposition", "aapor_class", "version", "note"),
    needed=("source", "field", "value", "disposition"),
    shown=("source", "field", "value", "disposition"),
)


def load_dispositions(con: duckdb.DuckDBPyConnection, landing: Path, default_csv: Path) -> int:
    """Fill ``landing.dispositions`` from ``default_csv`` and, if it exists, ``<landing>/dispositions.csv``.

    A line of the landing folder's file replaces the default line with the same source, field and value; case does not
    matter there, nor in the disposition. Of two lines of that file with the same three, the last counts, and a notice
    says so if they give two dispositions. A line that cannot be used is left out, with a notice (code ``mapping``, the
    line as its ``value``). Returns the number of lines in the table. Raises MappingError if ``default_csv`` has a line
    that cannot be used.
    """
    lines: dict[tuple[str, ...], Line] = {}
    default = read_default(default_csv, _FORM)
    for _, told in _wrong_versions(default):
        raise MappingError(default_csv, told.line, told.why)
    for line in default:
        lines[_key(line)] = {**line, "origin": "default"}
    allowed = _by_folded(line["disposition"] for line in default)
    sources = _by_folded(line["source"] for line in default)
    fields = _by_folded(line["field"] for line in default)
    given: dict[tuple[str, ...], Line] = {}
    own = read_own(landing / MAPPING, _FORM)
    wrong = _wrong_versions(own.lines)
    unusable = [*own.unusable, *(told for _, told in wrong)]
    for line in own.lines:
        if any(line is refused for refused, _ in wrong):
            continue
        disposition = allowed.get((line["disposition"] or "").casefold())
        if disposition is None:
            unusable.append(
                Unusable(_FORM.show(line), "disposition", "its disposition is none of the unified ones")
            )
            continue
        key = _key(line)
        before = given.get(key)
        if before is not None and lines[key]["disposition"] != disposition:
            why = "a later line gives the same value another disposition; the later one counts"
            unusable.append(Unusable(_FORM.show(before), "value", why))
        given[key] = line
        source, field = key[:2]
        lines[key] = {
            **line,
            "disposition": disposition,
            "source": sources.get(source, line["source"]),
            "field": fields.get(field, line["field"]),
            "origin": "landing folder",
        }
    names = (*_FORM.columns, "origin")
    with transaction(con):
        con.execute("DELETE FROM landing.dispositions")
        con.execute(
            f"INSERT INTO landing.dispositions ({', '.join(names)}) "
            f"SELECT {', '.join(['unnest(CAST(? AS VARCHAR[]))'] * len(names))}",
            [[line.get(name) for line in lines.values()] for name in names],
        )
        write_notices(con, "mapping", MAPPING, unusable)
    return len(lines)


def _wrong_versions(lines: Iterable[Line]) -> list[tuple[Line, Unusable]]:
    """The lines whose version is not a whole number, with what to tell of each."""
    return [
        (line, Unusable(f"{_FORM.show(line)},{version}", "version", "its version is not a whole number"))
        for line in lines
        if (version := line.get("version")) and not version.isdecimal()
    ]


def _by_folded(words: Iterable[str | None]) -> dict[str, str]:
    """The words of the project's own mapping by what they are when case does not matter."""
    return {word.casefold(): word for word in words if word}


def _key(line: Line) -> tuple[str, ...]:
    return tuple((line[name] or "").casefold() for name in ("source", "field", "value"))
