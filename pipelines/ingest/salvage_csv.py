"""Salvage of CSV that DuckDB does not read as it stands: its rows as plain CSV, with a marker for each that is malformed.

Belongs here: telling the rows of such a file apart. Does not belong here: the grammar of a row (``csv_text``), and reading
whole files, which DuckDB does faster (``flat_files``).

What is written is read by DuckDB again, so a value is typed in the same way whichever way it came.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from pipelines.ingest import csv_text
from pipelines.ingest.csv_text import BOM, Dialect, NotCsv
from pipelines.ingest.unpack import KEPT, LONGEST, UNREADABLE, Note, Unpacked, about

_LONG = "\x00long\x00"
"""Stands before a line that is longer than ``LONGEST``, of which only the beginning is kept."""

_READ_AGAIN = 16 * LONGEST
"""Characters of a file that may be read twice because a row before swallowed them."""


@dataclass(frozen=True, slots=True)
class _Bad:
    """A malformed row: why, and the beginning of its text."""

    detail: str
    text: str


_Row = tuple[str, list[str] | _Bad]
"""The text of a row, and its values, or what is wrong with it."""


def mend_csv(file: Unpacked, scratch: Path, number: int) -> Unpacked:
    """Write the rows of a CSV file as plain CSV. A malformed row has a marker as its last value, and no other value."""
    target = scratch / f"{number}.mended"
    with open(file.path, "rb") as source:
        reader = _Reader(source, file)
        with open(target, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([*file.header, UNREADABLE])
            empty = [""] * len(file.header)
            for row in reader.rows():
                if isinstance(row, _Bad):
                    marked = about(row.detail, row.text[: KEPT + 1].encode("utf-8", "surrogateescape"))
                    writer.writerow([*empty, json.dumps(marked)])
                else:
                    writer.writerow([*row, ""])
    notes = tuple(Note("no_record", rows, what) for what, rows in sorted(reader.dropped.items()))
    return replace(
        file,
        path=str(target),
        delimiter=",",
        header=(*file.header, UNREADABLE),
        has_header=True,
        condition="mended",
        notes=(*file.notes, *notes),
    )


@dataclass(slots=True)
class _Reader:
    """The rows of one file. ``dropped`` counts what stands there and is no row."""

    stream: BinaryIO
    file: Unpacked
    dropped: Counter[str] = field(default_factory=Counter)
    dialect: Dialect = field(init=False)

    def __post_init__(self) -> None:
        delimiter = self.file.delimiter
        votes = csv_text.count(self.file.path, self.file.body, delimiter).backslashed
        escapes = csv_text.escapes_quotes(votes, delimiter, len(self.file.header))
        self.dialect = Dialect(delimiter, escapes)

    def rows(self) -> Iterator[list[str] | _Bad]:
        """The rows in order: those that are whole, and those that are malformed."""
        may_surpass = self._all_surpass()
        names = [name.strip() for name in self.file.header]
        last: _Row | None = None
        for text, row in self._records():
            if not isinstance(row, _Bad):
                if not _filled(row):
                    self.dropped[csv_text.BLANK] += 1
                    continue
                if len(names) > 1 and csv_text.is_clients(row):
                    self.dropped[csv_text.CLIENT] += 1
                    continue
                if [value.strip().lstrip(BOM) for value in row] == names:
                    self.dropped[csv_text.AGAIN] += 1
                    continue
            if last is not None:
                yield last[1]
            last = text, row if isinstance(row, _Bad) else self._fitted(text, row, may_surpass)
        yield from self._end(last)

    def _end(self, last: _Row | None) -> Iterator[list[str] | _Bad]:
        """The last row, and what is missing after it if the compressed data ended too early."""
        if self.file.condition != "cut":
            if last is not None:
                yield last[1]
            return
        self.stream.seek(-1, os.SEEK_END)
        ended = self.stream.read(1) == b"\n"
        missing = "the compressed data ends before its end"
        if last is None:
            yield _Bad(missing, "")
        elif ended:
            yield last[1]
            yield _Bad(missing, "")
        else:
            # A last row without a line end may lack a part of its last value.
            yield last[1] if isinstance(last[1], _Bad) else _Bad(missing, last[0])

    def _fitted(self, text: str, row: list[str], may_surpass: bool) -> list[str] | _Bad:
        """The row, with as many values as there are columns."""
        width = len(self.file.header)
        if len(row) != width and not (may_surpass and len(row) > width and not _filled(row[width:])):
            return _Bad(f"{len(row)} values under {width} columns", text.rstrip("\r\n"))
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return _Bad("not UTF-8", text.rstrip("\r\n"))
        return row[:width]

    def _all_surpass(self) -> bool:
        """True if no row has as many values as there are columns: then empty ones at the end of every row are no values."""
        width = len(self.file.header)
        found = False
        for _, row in self._records():
            if not isinstance(row, _Bad) and _filled(row):
                if len(row) == width:
                    return False
                found = found or (len(row) > width and not _filled(row[width:]))
        return found

    def _records(self) -> Iterator[_Row]:
        """Text and values of each record after the header.

        A malformed record that spans lines ends before the next line that could be one, because the quote that it opens
        may not be meant as one. The lines after it are then read again.
        """
        self.stream.seek(self.file.body)
        width = len(self.file.header)
        taken: list[str] = []
        again: deque[str] = deque()
        spare = _READ_AGAIN
        lines = _lines(self.stream, taken, again)
        records = csv_text.records_of(lines, self.dialect)
        while True:
            taken.clear()
            try:
                record = next(records, None)
                if record is None:
                    return
                text, row = record
                if not row or (len(row) == 1 and not row[0].strip(BOM)):
                    continue  # a blank line
                if any(_LONG in line for line in taken):
                    detail = f"a line longer than {LONGEST} bytes"
                elif (
                    len(taken) > 1
                    and len(row) != width
                    and not (len(row) > width and not _filled(row[width:]))
                ):
                    detail = f"{len(row)} values under {width} columns"
                else:
                    yield text, row
                    continue
            except NotCsv as error:
                detail = str(error)
                if any(_LONG in line for line in taken):
                    detail = f"a line longer than {LONGEST} bytes"
            # A line with as many delimiters as a row has may be one.
            own = next(
                (i for i, line in enumerate(taken) if i and line.count(self.dialect.delimiter) >= width - 1),
                len(taken),
            )
            shown = _as_it_came(taken[:own])
            yield shown, _Bad(detail, shown)
            spare -= sum(map(len, taken[own:]))
            again.extendleft(reversed(taken[own:]))
            if spare < 0:
                rest = _as_it_came(again)
                yield rest, _Bad("the rest cannot be told apart into rows: its quotes do not match", rest)
                return
            lines = _lines(self.stream, taken, again)
            records = csv_text.records_of(lines, self.dialect)


def _filled(values: Iterable[str]) -> bool:
    """True if one of the values is more than space."""
    return any(value.strip() for value in values)


def _as_it_came(lines: Iterable[str]) -> str:
    """The beginning of the lines' text."""
    kept = ""
    for line in lines:
        kept += line
        if len(kept) > KEPT:
            break
    return kept.replace(_LONG, "").rstrip("\r\n")[: KEPT + 1]


def _lines(stream: BinaryIO, taken: list[str], again: deque[str]) -> Iterator[str]:
    """The lines of ``again``, and then those of the stream, as far as one row may reach.

    Each line is also put into ``taken``, which the caller empties after every row.
    """
    size = 0
    while True:
        if not taken:
            size = 0
        elif size > LONGEST:
            return
        if not again:
            again.extend(_more(stream))
        if not again:
            return
        line = again.popleft()
        if not taken:
            line = line.lstrip(BOM)
        size += len(line)
        taken.append(line)
        yield line


def _more(stream: BinaryIO) -> list[str]:
    """The next line, or several that end with a carriage return alone.

    Of a line that is too long, ``_LONG`` and its beginning.
    """
    line = stream.readline(LONGEST)
    if len(line) == LONGEST and not line.endswith(b"\n"):
        if b"\r" in line:
            place = line.rindex(b"\r") + 1
            stream.seek(place - len(line), io.SEEK_CUR)
            line = line[:place]
        else:
            while (more := stream.readline(LONGEST)) and not more.endswith(b"\n"):
                pass
            return [_LONG + line[: KEPT * 4].replace(b'"', b"'").decode("utf-8", "replace") + "\n"]
    text = line.decode("utf-8", "surrogateescape")
    return csv_text.lines_of(text) if "\r" in text else [text] if text else []
