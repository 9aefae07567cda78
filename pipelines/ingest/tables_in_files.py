"""Files that hold tables: workbooks, Avro, SQLite and DuckDB. The resource's table is written as a plain file.

Belongs here: finding the sheet or the table that holds the resource's rows, and writing its values as they are stored.
Does not belong here: compression (``archives``), and what the columns and the values mean.

A workbook's sheet becomes CSV, and ``unpack`` tells its header like that of any CSV. The other tables become JSON lines
or Parquet. None of the readers is imported before such a file is there.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from xml.etree import ElementTree as ET

from pipelines.ingest import archives
from pipelines.ingest.archives import Corrupt
from pipelines.sql_text import literal, quoted

if TYPE_CHECKING:
    import duckdb
    from python_calamine import CalamineSheet, CalamineWorkbook

Kind = Literal["zip", "workbook", "avro", "sqlite", "duckdb"]
"""``zip``: a workbook, if anything. ``workbook``: one in the older format, or with a password."""

_DIGITS = 10**15
"""From here on a spreadsheet keeps the first 15 digits of a number, and makes the others zeros."""

_LOOKED_AT = 50
"""Rows at the beginning of a sheet in which its header is looked for."""

_BLOCK = 256 << 20
"""Bytes of the longest block of an Avro file that is read; writers make blocks of some kilobytes or megabytes."""

_HEADER = 16 << 20
"""Bytes of the longest header of an Avro file; it holds the schema."""

_NAMES = 20
"""How many names of other tables a refusal gives."""


@dataclass(frozen=True, slots=True)
class Found:
    """The resource's table, written to ``path``.

    ``left`` names what else holds something. ``fault`` says what could not be read of the table, and ``said`` is what a
    library says of that, which may quote the file.
    """

    path: str
    format: Literal["csv", "lines", "parquet"]
    left: tuple[str, ...] = ()
    fault: str | None = None
    said: str | None = None


class NoTable(Exception):
    """There is no table that could be read. The message says why; ``value`` adds names, or a library's words."""

    def __init__(self, why: str, value: str | None = None) -> None:
        super().__init__(why)
        self.value = value


IsKnown = Callable[[str], bool]


def kind_of(head: bytes) -> Kind | None:
    """What a file with these first bytes holds its table in; None for text and Parquet."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "workbook"
    if head.startswith(b"Obj\x01"):
        return "avro"
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    return "duckdb" if head[8:12] == b"DUCK" else None


def read(kind: Kind, path: str, scratch: Path, number: int, is_known: IsKnown, names: Sequence[str]) -> Found:
    """Write the resource's table to a file in ``scratch``, whose name is made from ``number``.

    ``names`` are the names that the table may have, and ``is_known`` says whether a column's name is one of the
    resource's. Raises NoTable, and OSError when the file cannot be read at all.
    """
    target = str(scratch / f"{number}.table")
    if kind in ("zip", "workbook"):
        return _read_workbook(path, target, is_known, names, in_zip=kind == "zip")
    if kind == "avro":
        return _read_avro(path, target)
    if kind == "sqlite":
        return _read_sqlite(path, target, names)
    return _read_duckdb(path, target, scratch, names)


def _same(name: str) -> str:
    """A name without what people write differently: case, spaces, ``-`` and ``_``."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def _choose(tables: Sequence[str], names: Sequence[str]) -> int:
    """The place of the table with one of these names, or of the only one. Raises NoTable."""
    wanted = [_same(name) for name in names]
    exact = [i for i, table in enumerate(tables) if table in names]
    alike = [i for i, table in enumerate(tables) if _same(table) in wanted]
    for places in (exact, alike):
        if len(places) == 1:
            return places[0]
        if places:
            raise NoTable(
                f"a database with {len(places)} tables named {' or '.join(names)}: keep one of them",
                f"its tables: {', '.join(tables[i] for i in places)}",
            )
    if len(tables) == 1:
        return 0
    if not tables:
        raise NoTable("a database without a table")
    more = f", and {len(tables) - _NAMES} more" if len(tables) > _NAMES else ""
    raise NoTable(
        f"a database with several tables, and none is named {' or '.join(names)}",
        f"its tables: {', '.join(sorted(tables)[:_NAMES])}{more}",
    )


# --- JSON lines --------------------------------------------------------------------------------------------------


def _line(record: Any) -> bytes:
    """A record as a line of JSON. Bytes of a text that are not UTF-8 stay, and are refused where lines are read."""
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, default=_as_json)
    except ValueError:
        text = json.dumps(_without_nan(record), ensure_ascii=False, default=_as_json)
    return text.encode("utf-8", "surrogateescape") + b"\n"


def _as_json(value: object) -> object:
    """What JSON has no form for, as text: times in ISO 8601 (UTC where the zone is known), and exact decimals."""
    if isinstance(value, bytes):
        return bytes_as_text(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(timespec="microseconds")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def bytes_as_text(value: bytes) -> str:
    """Bytes as the text that they are, as a UUID if there are 16 of another kind, else in hexadecimal digits."""
    try:
        text = value.decode("utf-8")
        if text.isprintable() or not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return text
    except UnicodeDecodeError:
        pass  # told apart below
    return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()


def _without_nan(value: Any) -> Any:
    """The value with null in the place of each number that is none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_nan(member) for name, member in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, list | tuple) else value


# --- workbooks ---------------------------------------------------------------------------------------------------

_ERROR_CELL = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\st=\"e\")[^>]*?\sr=\"([A-Z]{1,3})([0-9]{1,7})\"[^>]*>"
    rb"(?:<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>))?<(?:\w+:)?v>([^<]{1,20})</"
)
_CELL = 1 << 16
"""Bytes of the longest cell with an error: a formula has at most 8,192 characters."""


def _read_workbook(path: str, target: str, is_known: IsKnown, names: Sequence[str], *, in_zip: bool) -> Found:
    """Write one sheet as CSV: the one with a name of the resource, else the first with a header."""
    parts = _check_workbook(path) if in_zip else {}
    import python_calamine

    visible = python_calamine.SheetVisibleEnum.Visible
    try:
        with python_calamine.load_workbook(path) as book:
            sheets = [
                meta.name
                for meta in sorted(book.sheets_metadata, key=lambda m: m.visible != visible)
                if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
            chosen, left = _choose_sheet(book, sheets, is_known, names)
            sheet = book.get_sheet_by_name(chosen)
            errors = _error_cells(path, parts.get(chosen))
            with open(target, "w", encoding="utf-8", newline="") as out:
                csv.writer(out, lineterminator="\n").writerows(_sheet_rows(sheet, errors, is_known))
    except python_calamine.PasswordError:
        raise NoTable("a workbook with a password: save it without one") from None
    except python_calamine.CalamineError as error:
        raise NoTable("a damaged workbook", str(error)) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the reader's own, of no class that can be named
            raise
        raise NoTable("a damaged workbook", str(error)) from None
    return Found(target, "csv", left)


def _choose_sheet(
    book: CalamineWorkbook, sheets: Sequence[str], is_known: IsKnown, names: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """The sheet with the resource's rows, and the other sheets that hold something."""
    filled, headed = [], []
    for name in sheets:
        sheet = book.get_sheet_by_name(name)
        if sheet.height:
            filled.append(name)
            headed.append((name, max(_known_in_first_rows(sheet, is_known), default=0)))
    if not filled:
        raise NoTable("a workbook without a filled cell")
    wanted = [_same(name) for name in names]
    fitting = [
        *(name for name in filled if _same(name) in wanted),
        # One cell of a cover sheet may be called like a column.
        *(name for name, known in headed if known > 1),
        *(name for name, known in headed if known),
    ]
    chosen = fitting[0] if fitting else filled[0]
    return chosen, tuple(name for name in filled if name != chosen)


def _known_in_first_rows(sheet: CalamineSheet, is_known: IsKnown) -> Iterator[int]:
    """For each of the first rows that hold something, how many of its cells are known columns."""
    filled = (row for row in sheet.iter_rows() if any(cell != "" for cell in row))
    for row in islice(filled, _LOOKED_AT):
        yield sum(isinstance(cell, str) and is_known(cell) for cell in row)


def _sheet_rows(
    sheet: CalamineSheet, errors: dict[tuple[int, int], str], is_known: IsKnown
) -> Iterator[list[str]]:
    """The sheet's rows as texts, without those that hold nothing.

    A value that stands in several merged rows below the header is given to each of them. A spreadsheet keeps it in the
    first.
    """
    first = sheet.start[1] if sheet.start is not None else 0
    merged: dict[int, list[tuple[int, int]]] = {}
    for (top, column), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top:
            merged.setdefault(top, []).append((column - first, bottom))
    errors_in = {row for row, _ in errors}
    spanning: dict[int, tuple[int, str]] = {}
    is_below = False
    for number, row in enumerate(sheet.iter_rows()):
        cells = [_cell(value) for value in row] + [""] * (sheet.width - len(row))
        if number in errors_in:
            for i in range(len(cells)):
                cells[i] = errors.get((number, i + first), cells[i])
        for column, (bottom, value) in list(spanning.items()):
            if number > bottom:
                del spanning[column]
            else:
                cells[column] = cells[column] or value
        if is_below and number in merged:
            spanning |= {column: (bottom, cells[column]) for column, bottom in merged[number]}
        is_below = is_below or any(map(is_known, filter(None, cells)))
        if any(cells):
            yield cells


def _cell(value: Any) -> str:
    """The text of a cell's value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return ""
        if abs(value) >= _DIGITS:
            return f"{value:.14E}"
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, datetime):
        return _to_milliseconds(value).isoformat(" ")
    if isinstance(value, timedelta):
        seconds = _to_milliseconds(datetime(1, 1, 1) + abs(value)) - datetime(1, 1, 1)
        hours, rest = divmod(seconds, timedelta(hours=1))
        return f"{'-' if value < timedelta() else ''}{hours:02}:{(datetime(1, 1, 1) + rest).time().isoformat()[3:]}"
    if isinstance(value, time):
        return value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _to_milliseconds(moment: datetime) -> datetime:
    """A spreadsheet shows milliseconds, and keeps a fraction of a day that is a little off."""
    return (
        moment
        - timedelta(microseconds=moment.microsecond)
        + timedelta(milliseconds=round(moment.microsecond / 1000))
    )


def _check_workbook(path: str) -> dict[str, str]:
    """Sheet → its part in the workbook's archive. Raises NoTable if it is no workbook, or a damaged one."""
    try:
        parts = {member.name: member for member in archives.members(path, os.path.getsize(path))}
        if not any(name.startswith("xl/workbook.") or name == "content.xml" for name in parts):
            raise NoTable("a zip archive under another name: let its name end in .zip")
        if refused := next((member.refused for member in parts.values() if member.refused), None):
            raise NoTable("a damaged workbook", refused)
        for member in parts.values():  # the reader has no bound of its own
            for _ in archives.read_member(path, member):
                pass
        if "xl/workbook.xml" not in parts or "xl/_rels/workbook.xml.rels" not in parts:
            return {}
        read = {
            name: ET.fromstring(b"".join(archives.read_member(path, parts[name])))  # noqa: S314 - bounded above; no entity is loaded from outside
            for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        }
    except (Corrupt, ET.ParseError) as error:
        raise NoTable("a damaged workbook", str(error)) from None
    links = {each.get("Id"): each.get("Target", "") for each in read["xl/_rels/workbook.xml.rels"]}
    found = {}
    for each in read["xl/workbook.xml"].iter():
        link = next((value for name, value in each.items() if name.endswith("}id")), None)
        if each.tag.endswith("}sheet") and (part := links.get(link)):
            found[each.get("name", "")] = part.lstrip("/") if part.startswith("/") else f"xl/{part}"
    return found


def _error_cells(path: str, part: str | None) -> dict[tuple[int, int], str]:
    """Row and column (from 0) of each cell that holds an error, and its word: the reader gives an empty text for it."""
    found: dict[tuple[int, int], str] = {}
    with_name = [m for m in archives.members(path, os.path.getsize(path)) if m.name == part] if part else []
    for member in with_name[:1]:
        held = b""
        for chunk in archives.read_member(path, member):
            held += chunk
            end = 0
            for match in _ERROR_CELL.finditer(held):
                letters, row, word = match.groups()
                column = 0
                for letter in letters:
                    column = column * 26 + letter - 64
                found[int(row) - 1, column - 1] = word.decode("utf-8", "replace")
                end = match.end()
            held = held[max(end, len(held) - _CELL) :]
    return found


# --- Avro --------------------------------------------------------------------------------------------------------

_AVRO_HEADER = {
    "type": "record",
    "name": "header",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
    ],
}

_AVRO_ERRORS = (
    ArithmeticError, AttributeError, EOFError, LookupError, RecursionError, StopIteration, TypeError, ValueError
)  # fmt: skip
"""What its reader raises for bytes that are no record of the schema."""


def _read_avro(path: str, target: str) -> Found:
    """Write the records as JSON lines. Damaged blocks are left out; the next block is found by the file's own mark."""
    import fastavro

    fastavro.read.LOGICAL_READERS.setdefault("long-timestamp-nanos", _from_nanoseconds)
    with open(path, "rb") as stream, open(target, "wb") as out:
        try:
            # Of bytes in memory, the reader takes no more than there are, whatever length a damaged header tells of.
            start = io.BytesIO(stream.read(_HEADER))
            header: Any = fastavro.schemaless_reader(start, _AVRO_HEADER, None)
            stream.seek(start.tell())
            codec = header["meta"].get("avro.codec", b"null").decode()
            schema = fastavro.parse_schema(json.loads(header["meta"]["avro.schema"]))
        except (*_AVRO_ERRORS, fastavro.schema.SchemaParseException) as error:
            raise NoTable("a damaged Avro file: its header cannot be read", str(error)) from None
        fault = said = None
        while stream.peek(1):
            begun = stream.tell()
            try:
                count, data = _avro_block(stream, codec, header["sync"])
                block = io.BytesIO(data)
                out.writelines(_line(fastavro.schemaless_reader(block, schema, None)) for _ in range(count))
                if block.read(1):
                    raise ValueError("a block is longer than its records")
            except Corrupt as error:
                fault, said = f"an Avro file with a damaged block: {error}", None
            except _AVRO_ERRORS as error:
                fault, said = "an Avro file with a damaged block", str(error)
            else:
                continue
            if not _find(stream, header["sync"], begun + 1):
                break
    return Found(target, "lines", fault=fault, said=said)


def _avro_block(stream: BinaryIO, codec: str, sync: bytes) -> tuple[int, bytes]:
    """How many records the next block has, and their bytes. Raises Corrupt, or one of ``_AVRO_ERRORS``."""
    count, size = _long(stream), _long(stream)
    if not 0 <= size <= _BLOCK:
        raise Corrupt("its length is none")
    data = stream.read(size)
    if stream.read(16) != sync:
        raise Corrupt("it does not end where it should")
    plain = archives.block(data, codec, _BLOCK)
    if not 0 <= count <= len(plain):
        raise Corrupt("it has more records than bytes")
    return count, plain


def _long(stream: BinaryIO) -> int:
    """The next whole number, as Avro writes one."""
    value = 0
    for shift in range(0, 64, 7):
        byte = stream.read(1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
    raise Corrupt("its length is none")


def _find(stream: BinaryIO, mark: bytes, start: int) -> bool:
    """Go behind the next place, from ``start`` on, at which the mark stands. False if there is none."""
    stream.seek(start)
    held = b""
    while chunk := stream.read(archives.CHUNK):
        held = held[-len(mark) + 1 :] + chunk
        if (at := held.find(mark)) >= 0:
            stream.seek(at + len(mark) - len(held), os.SEEK_CUR)
            return True
    return False


def _from_nanoseconds(value: int, *_: object) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 1000)


# --- databases ---------------------------------------------------------------------------------------------------


def _read_sqlite(path: str, target: str, names: Sequence[str]) -> Found:
    """Write the table as JSON lines. The file is not trusted: nothing in it is run, and nothing is written."""
    import sqlite3

    con = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    con.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        con.execute("PRAGMA trusted_schema = OFF")
        con.execute("PRAGMA cell_size_check = ON")
        tables = [
            name
            for name, sql in con.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
            and not re.match(r"\s*CREATE\s+VIRTUAL", sql or "", re.IGNORECASE)
        ]
        table = tables[_choose(tables, names)]
        rows = con.execute(f"SELECT * FROM {quoted(table)}")
        columns = [column[0] for column in rows.description]
    except (sqlite3.Error, AttributeError, UnicodeError) as error:
        con.close()
        raise NoTable("a damaged SQLite file", str(error)) from None
    except NoTable:
        con.close()
        raise
    fault = said = None
    try:
        with open(target, "wb") as out:
            out.writelines(_line(dict(zip(columns, row, strict=True))) for row in rows)
    except sqlite3.Error as error:
        fault, said = "a damaged SQLite file: the rest of the table cannot be read", str(error)
    finally:
        con.close()
    return Found(target, "lines", fault=fault, said=said)


_TEXT_ONLY = re.compile(r"HUGEINT|UNION|BIT\b|INTERVAL|BIGNUM|VARINT|TIME WITH|TIMETZ|VARIANT")
"""Types of DuckDB that Parquet keeps otherwise, or not at all."""


def _read_duckdb(path: str, target: str, scratch: Path, names: Sequence[str]) -> Found:
    """Write the table as Parquet, by a connection that can read this file and write to ``scratch``, and no more."""
    import duckdb

    try:
        with duckdb.connect(
            path, read_only=True, config={"autoload_known_extensions": False, "threads": 1}
        ) as con:
            con.execute(f"SET allowed_directories = [{literal(str(scratch.absolute()))}]")
            con.execute("SET enable_external_access = false")
            con.execute("SET lock_configuration = true")
            tables = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() "
                "WHERE NOT internal AND NOT temporary AND database_name = current_database() ORDER BY ALL"
            ).fetchall()
            schema, table = tables[_choose([name for _, name in tables], names)]
            columns = con.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() "
                "AND schema_name = ? AND table_name = ? ORDER BY column_index",
                [schema, table],
            ).fetchall()
            listed = ", ".join(
                f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}"
                if _TEXT_ONLY.search(kind)
                else quoted(name)
                for name, kind in columns
            )
            con.execute(
                f"COPY (SELECT {listed} FROM {quoted(schema)}.{quoted(table)}) TO {literal(target)} (FORMAT parquet)"
            )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise _refuse_duckdb(error) from None
    return Found(target, "parquet")


def _refuse_duckdb(error: duckdb.Error) -> NoTable:
    said = str(error).partition("\n")[0]
    if "Could not set lock" in said:
        return NoTable("a DuckDB file that another program has open for writing: close it there")
    if "newer version" in said or "version number" in said:
        return NoTable("a DuckDB file of a version that is not read", said)
    return NoTable("a damaged DuckDB file", said)
