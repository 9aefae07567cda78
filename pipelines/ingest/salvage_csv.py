"""Salvage of broken CSV: the rows that can still be read, with a marker for each row that cannot.

Belongs here: telling the rows of a broken CSV file apart. Does not belong here: how documents and markers are written
(``salvage_json``), and reading whole files, which DuckDB does faster (``shapes``).
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pipelines.ingest.names import make_unique
from pipelines.ingest.salvage_json import Bad, Piece, Valid, end_cut, write_pieces
from pipelines.ingest.unpack import KEPT, LONGEST, Unpacked

_NOT_CSV = "not CSV: quotes or line breaks do not match"

_LONG = "\x00long\x00"
"""Stands before a line that is longer than ``LONGEST``, of which only the beginning is kept."""

_READ_AGAIN = 16 * LONGEST
"""Characters of a file that may be read twice because a row before swallowed them."""


def mend_csv(file: Unpacked, scratch: Path, number: int, valid: Valid) -> Unpacked:
    """Write what is readable of a broken CSV file as one JSON document a row, with markers for the rest."""
    target = scratch / f"{number}.mended"
    with open(file.path, "rb") as source, open(target, "wb") as out:
        pieces = _rows(source, file)
        if file.condition == "cut":
            pieces = end_cut(pieces, source, rows_end_with_lines=True)
        out.writelines(write_pieces(pieces, valid))
    return Unpacked(str(target), "lines", condition="mended")


def _rows(stream: BinaryIO, file: Unpacked) -> Iterator[Piece]:
    """The rows of a CSV file, each as a document; a bad row is a bad piece.

    A bad row that spans lines ends before the next line that could be a row, because the quote that it opens may not be
    meant as one. The lines after it are then read again.
    """
    csv.field_size_limit(LONGEST)
    columns = make_unique(file.header)
    taken: list[str] = []
    again: deque[str] = deque()
    spare = _READ_AGAIN

    def reader() -> Iterator[list[str]]:
        return csv.reader(_lines(stream, taken, again), delimiter=file.delimiter, strict=True)

    rows = reader()
    try:
        next(rows, None)
    except csv.Error as error:
        yield Bad(f"the header is {_NOT_CSV}", _as_it_came(taken), value=str(error))
        return
    while True:
        taken.clear()
        said = None
        try:
            row = next(rows, None)
            if row is None:
                return
            if not row:
                continue
            detail = f"{len(row)} values under {len(columns)} columns" if len(row) != len(columns) else ""
        except csv.Error as error:
            row, detail, said = [], _NOT_CSV, str(error)
        if any(_LONG in line for line in taken):
            detail = f"a line longer than {LONGEST} bytes"
        if not detail:
            values = {column: value or None for column, value in zip(columns, row, strict=True)}
            try:
                yield json.dumps(values, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                yield Bad("not UTF-8", _as_it_came(taken))
            continue
        # A line with as many delimiters as a row has may be one.
        own = next(
            (i for i, line in enumerate(taken) if i and line.count(file.delimiter) >= len(columns) - 1),
            len(taken),
        )
        yield Bad(detail, _as_it_came(taken[:own]), value=said)
        spare -= sum(map(len, taken[own:]))
        if spare < 0:
            again.extendleft(reversed(taken[own:]))
            yield Bad("the rest cannot be told apart into rows: its quotes do not match", _as_it_came(again))
            return
        again.extendleft(reversed(taken[own:]))
        rows = reader()


def _as_it_came(lines: Iterable[str]) -> bytes:
    """The beginning of the lines' text, as bytes."""
    kept = ""
    for line in lines:
        kept += line
        if len(kept) > KEPT:
            break
    return kept.replace(_LONG, "").rstrip("\r\n")[: KEPT + 1].encode("utf-8", "surrogateescape")


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
        if again:
            line = again.popleft()
        elif not (line := _line(stream)):
            return
        size += len(line)
        taken.append(line)
        yield line


def _line(stream: BinaryIO) -> str:
    """The next line; of one that is too long, ``_LONG`` and its beginning."""
    line = stream.readline(LONGEST)
    if len(line) < LONGEST or line.endswith(b"\n"):
        return line.decode("utf-8", "surrogateescape")
    while (more := stream.readline(LONGEST)) and not more.endswith(b"\n"):
        pass
    return _LONG + line[: KEPT * 4].replace(b'"', b"'").decode("utf-8", "replace") + "\n"
