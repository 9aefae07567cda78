"""Salvage of Parquet files whose texts are not all UTF-8: a copy in which texts are declared as bytes.

Belongs here: the declaration of a Parquet file's columns, in its footer. Does not belong here: turning bytes into texts, and
what becomes of a row whose bytes are none (``shapes``).

DuckDB refuses a whole file for one value that is declared a text and is not UTF-8. Of bytes it reads any value. So the copy
has the same pages, and a footer without the words that make a column of bytes one of texts.

The footer is a Thrift struct, FileMetaData, in the compact protocol. Its second field lists the columns, each a
SchemaElement: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from pipelines.ingest.unpack import Unpacked

_MAGIC = b"PAR1"
_TAIL = 8
"""Bytes behind the footer: its length in four, and the magic word."""

_SCHEMA = 2
"""The field of FileMetaData that lists the columns."""

_CONVERTED, _LOGICAL = 6, 10
"""The fields of SchemaElement that say what a column's bytes mean, in the old way and in the new one."""

_TEXTS_CONVERTED = {0, 4, 19}
"""What is text in the old way: UTF8, ENUM and JSON."""

_TEXTS_LOGICAL = {1, 4, 12}
"""What is text in the new way: STRING, ENUM and JSON."""

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(14)
"""Types of the compact protocol."""

_SIZES = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
"""Type of a fixed size → its bytes."""

_DEEPEST = 32
"""Structs and lists within one another that are followed. Parquet's own footer needs 6."""


def mend_parquet(file: Unpacked, scratch: Path, number: int) -> Unpacked | None:
    """Write a copy of a Parquet file that declares its texts as bytes. None if there are none, or no footer to change.

    Raises OSError when the file cannot be read or the copy cannot be written.
    """
    with open(file.path, "rb") as source:
        size = os.fstat(source.fileno()).st_size
        if size < len(_MAGIC) + _TAIL:
            return None
        source.seek(size - _TAIL)
        tail = source.read(_TAIL)
        length = int.from_bytes(tail[:4], "little")
        start = size - _TAIL - length
        if tail[4:] != _MAGIC or start < len(_MAGIC):
            return None
        source.seek(start)
        footer = source.read(length)
        try:
            changed = _without_texts(footer)
        except (IndexError, ValueError):
            return None
        if changed == footer:
            return None
        target = scratch / f"{number}.bytes.parquet"
        source.seek(0)
        with open(target, "wb") as out:
            shutil.copyfileobj(source, out)
            out.seek(start)
            out.truncate()
            out.write(changed + len(changed).to_bytes(4, "little") + _MAGIC)
    return replace(file, path=str(target), condition="mended")


def _without_texts(footer: bytes) -> bytes:
    """Return the footer with every text declared as bytes. Raises ValueError or IndexError if it is damaged."""
    cursor = _Cursor(footer)
    number = 0
    while (header := cursor.field(number)) is not None:
        number, kind = header
        if number == _SCHEMA and kind == _LIST:
            return _declare(cursor)
        cursor.skip(kind)
    raise ValueError("the footer lists no columns")


def _declare(cursor: _Cursor) -> bytes:
    """Return the cursor's bytes with every text declared as bytes. It stands at the list of columns."""
    footer = cursor.data
    count, kind = cursor.list_header()
    if kind != _STRUCT:
        raise ValueError("the columns are no structs")
    parts = [footer[: cursor.at]]
    for _ in range(count):
        written = number = 0
        while True:
            header = cursor.field(number)
            if header is None:
                parts.append(b"\x00")
                break
            number, kind = header
            if not 0 < number - written < 16:
                raise ValueError("a column's fields are not in order")
            start = cursor.at
            if not _is_text(cursor, number, kind):
                # A field's header says how far its number is from that of the field before, which may be left out.
                parts.append(bytes([number - written << 4 | kind]) + footer[start : cursor.at])
                written = number
    return b"".join([*parts, footer[cursor.at :]])


def _is_text(cursor: _Cursor, number: int, kind: int) -> bool:
    """Read one field of a SchemaElement. True if it says that the column's bytes are a text."""
    if number == _CONVERTED and kind == _I32:
        return cursor.zigzag() in _TEXTS_CONVERTED
    if number == _LOGICAL and kind == _STRUCT:
        ahead = _Cursor(cursor.data, cursor.at)
        cursor.skip(kind)
        header = ahead.field(0)
        return header is not None and header[0] in _TEXTS_LOGICAL
    cursor.skip(kind)
    return False


class _Cursor:
    """A place in a text of the compact protocol. Whatever is asked for beyond its end raises IndexError or ValueError."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def zigzag(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def field(self, before: int) -> tuple[int, int] | None:
        """The number and type of the next field of a struct; None at its end. ``before`` is the number of the last one."""
        header = self.byte()
        if header == _STOP:
            return None
        distance, kind = header >> 4, header & 0x0F
        return (before + distance if distance else self.zigzag()), kind

    def list_header(self) -> tuple[int, int]:
        """The number and type of a list's elements."""
        header = self.byte()
        count = header >> 4
        return (self.varint() if count == 15 else count), header & 0x0F

    def skip(self, kind: int, depth: int = 0, *, in_list: bool = False) -> None:
        """Pass over a value. True and false stand in a field's header, but in a list each is a byte."""
        if depth > _DEEPEST:
            raise ValueError("too deep")
        if kind in (_TRUE, _FALSE):
            self.at += in_list
        elif kind in _SIZES:
            self.at += _SIZES[kind]
        elif kind in (_I16, _I32, _I64):
            self.varint()
        elif kind == _BINARY:
            length = self.varint()
            self.at += length
        elif kind == _STRUCT:
            number = 0
            while (header := self.field(number)) is not None:
                number, inner = header
                self.skip(inner, depth + 1)
        else:
            count, kinds = self._elements(kind)
            for _ in range(count):
                for element in kinds:
                    self.skip(element, depth + 1, in_list=True)
        if self.at > len(self.data):
            raise ValueError("it ends too early")

    def _elements(self, kind: int) -> tuple[int, tuple[int, ...]]:
        """How many elements a list, a set or a map has, and of what types each of them consists."""
        if kind in (_LIST, _SET):
            count, element = self.list_header()
            return count, (element,)
        if kind == _MAP:
            count = self.varint()
            kinds = self.byte() if count else 0
            return count, (kinds >> 4, kinds & 0x0F)
        raise ValueError(f"no type {kind}")
