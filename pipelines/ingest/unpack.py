"""A landing file's bytes made readable: decompressed, in UTF-8, and with its format known.

Belongs here: byte order marks, and telling formats apart by content. Does not belong here: compression (``archives``),
files that hold tables (``tables_in_files``), mending broken text (``salvage_json``, ``salvage_csv``), and records and
fields (``shapes``). Nothing here knows what a row means.

Everything streams: memory holds at most ``LONGEST`` bytes of a file at once, times a small factor. Bytes that cannot be
read are replaced by a marker document (``UNREADABLE``). So they are counted, keep their position, and reach the rejected
rows on the same way as every other row.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pipelines.ingest import archives, csv_text, tables_in_files
from pipelines.ingest.archives import CHUNK, Corrupt, Member
from pipelines.ingest.tables_in_files import Found, NoTable

Format = Literal["lines", "array", "documents", "csv", "parquet", "empty"]
"""``lines``: one JSON document a line. ``documents``: JSON documents that span lines. ``array``: one JSON array."""

Condition = Literal["whole", "broken", "cut", "mended", "unreadable"]
"""What is known of a file's text.

``whole``: nothing speaks against it. ``broken``: it has to be salvaged. ``cut``: broken, and the compressed data ends
before its end. ``mended``: salvaged, with markers for the rest. ``unreadable``: one marker, and nothing else.
"""

UNREADABLE = "$unreadable"
"""The only member of a marker document. Its own members are ``reason``, ``detail``, ``text`` and ``value``.

``reason`` is the reason of the reject, and ``detail`` says more, in our own words. ``text`` is what stood there.
``value`` is what a library said, which may quote it.
"""

LONGEST = 16 * 1024 * 1024
"""Bytes of the longest document or line that is read as one (DuckDB's own limit for a JSON object)."""

KEPT = 2_000
"""Characters of an unreadable stretch that its rejected record keeps."""

_HEAD = 1 << 16
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_./ +=,@%~:-]+")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader of the file should know; it becomes a notice.

    ``field`` and ``value`` are a column's name and a value as they came. ``detail`` quotes nothing of the file.
    """

    code: str
    rows: int
    detail: str
    field: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A plain file that DuckDB can be pointed at, and how to read it."""

    path: str
    format: Format
    delimiter: str = ","
    header: tuple[str, ...] = ()
    """The names of a CSV file's columns. A mended one has one more, ``UNREADABLE``, for markers (JSON)."""
    has_header: bool = True
    """False if a CSV file's names are not in the file, but given by the user."""
    body: int = 0
    """Bytes of a CSV file before its first record after the header."""
    condition: Condition = "whole"
    is_recoded: bool = False
    """True if the text was not UTF-8, and is now."""
    notes: tuple[Note, ...] = ()
    longest: int = LONGEST
    """Bytes of the longest document of a mended file; a reader sets aside a multiple of it."""

    @property
    def has_markers(self) -> bool:
        """True if marker documents stand for what could not be read."""
        return self.condition in ("mended", "unreadable")


class _NoRecords(Exception):
    """The file has no records that could be told apart: ``reason`` in a word, and the message in a sentence."""

    def __init__(self, detail: str, reason: str = "unreadable") -> None:
        super().__init__(detail)
        self.reason = reason


def unpack(
    path: str,
    scratch: Path,
    number: int,
    is_known: Callable[[str], bool],
    *,
    given: Sequence[str] = (),
    member: Member | None = None,
    tables: Sequence[str] = (),
    is_id: Callable[[str], bool] | None = None,
) -> Unpacked:
    """Make the file at ``path`` readable, or a member of the archive there. A file that is so already is not copied.

    ``is_known`` says whether a column name is one of the resource's. ``given`` are the names of the columns, for a CSV
    file without a header. ``is_id`` says whether a name is that of the row's id (``csv_text.tell``). ``tables`` are the
    names that a sheet or a table with the resource's rows may have. ``scratch`` is the folder for files that have to be written;
    their names are made from ``number``. Raises OSError when the file cannot be read at all.
    """
    plain, is_cut = path, False
    left: tuple[str, ...] = ()
    try:
        if member is not None:
            plain = str(scratch / f"{number}.member")
            _copy(archives.read_member(path, member), plain)
        head = _head(plain)
        if archives.is_packed(head):
            packed, plain = plain, str(scratch / f"{number}.plain")
            with open(packed, "rb") as stream:
                is_cut = _copy(archives.unpacked(stream, os.path.getsize(packed)), plain)
            head = _head(plain)
    except Corrupt as error:
        return unreadable(scratch, number, "damaged compressed data", value=str(error))
    if is_cut and os.path.getsize(plain) == 0:
        return unreadable(scratch, number, "compressed data that ends before its first byte")
    if (kind := tables_in_files.kind_of(head)) is not None:
        try:
            found = tables_in_files.read(kind, plain, scratch, number, is_known, tables)
        except NoTable as error:
            return unreadable(scratch, number, str(error), value=error.value)
        if found.format != "csv":
            return _of_table(found, is_cut)
        plain, left = found.path, found.left
        head = _head(plain)
    encoding = _encoding(head)
    if encoding is not None:
        plain, head = _recode(plain, scratch, number, *encoding)
    if not _PLAIN_NAME.fullmatch(plain):
        # DuckDB takes * ? [ ] in a path for a pattern.
        linked = scratch / f"{number}.link"
        os.symlink(plain, linked)
        plain = str(linked)
    try:
        told = _tell(plain, head, member.name if member is not None else path, is_known, is_id)
        result = told if isinstance(told, Unpacked) else _as_csv(told, plain, scratch, number, given)
        result = replace(result, notes=(*result.notes, *_sheets_left(left)))
    except _NoRecords as error:
        text = head[: KEPT * 4].decode("utf-8", "replace")
        return unreadable(scratch, number, str(error), text, reason=error.reason)
    if is_cut and result.format in ("lines", "array", "documents", "csv"):
        return replace(result, condition="cut")
    return result


def unreadable(
    scratch: Path,
    number: int,
    detail: str,
    text: str = "",
    value: str | None = None,
    reason: str = "unreadable",
) -> Unpacked:
    """A file with one marker, for a file of which nothing can be read. ``value`` is what a library said of it."""
    path = scratch / f"{number}.unreadable"
    path.write_bytes(marker(detail, text.encode("utf-8", "replace"), value, reason))
    return Unpacked(str(path), "lines", condition="unreadable")


def marker(detail: str, text: bytes, value: str | None = None, reason: str = "unreadable") -> bytes:
    """A marker document, as a line."""
    return json.dumps({UNREADABLE: about(detail, text, value, reason)}).encode() + b"\n"


def about(
    detail: str, text: bytes, value: str | None = None, reason: str = "unreadable"
) -> dict[str, str | None]:
    """What a marker says."""
    kept = text[: KEPT * 4].decode("utf-8", "replace")[:KEPT]
    return {"reason": reason, "detail": detail, "text": kept, "value": value}


def _of_table(found: Found, is_cut: bool) -> Unpacked:
    """The rows of a table that were written as lines or Parquet. What could not be read is one more row, a marker."""
    if found.fault is None and is_cut:
        found = replace(found, fault="the compressed data ends before its end")
    if found.fault is None:
        is_empty = os.path.getsize(found.path) == 0
        return Unpacked(found.path, "empty" if is_empty else found.format, notes=_sheets_left(found.left))
    is_lost = os.path.getsize(found.path) == 0
    with open(found.path, "ab") as out:
        out.write(marker(found.fault, b"", found.said))
    return Unpacked(
        found.path, "lines", condition="unreadable" if is_lost else "mended", notes=_sheets_left(found.left)
    )


def _sheets_left(names: Iterable[str]) -> tuple[Note, ...]:
    what = "a sheet beside the one that is read; only one is, and it may be named like the resource"
    return tuple(Note("other_sheet", 1, what, value=name) for name in names)


# --- bytes and encoding ------------------------------------------------------------------------------------------


def _head(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(_HEAD)


def _copy(chunks: Iterable[bytes], path: str) -> bool:
    """Write what can be unpacked; True if the data ends before its end. Raises Corrupt when it is damaged."""
    with open(path, "wb") as out:
        try:
            out.writelines(chunks)
        except EOFError:
            return True
    return False


def _encoding(head: bytes) -> tuple[str, int] | None:
    """The text's encoding and the length of its byte order mark; None if it simply starts as UTF-8."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8", len(head) - len(re.sub(rb"^(\xef\xbb\xbf)+", b"", head))  # tools add one to one
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"), 2
    return _unmarked(head[:1_024])


def _unmarked(head: bytes) -> tuple[str, int] | None:
    """UTF-16 without a mark: nearly every second byte is zero, since nearly all letters are ASCII; else None."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 8 or b"\0" not in head:
        return None
    for name, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) * 10 >= len(zeros) * 9 and not letters.count(0):
            return name, 0
    return None


def _recode(path: str, scratch: Path, number: int, encoding: str, mark: int) -> tuple[str, bytes]:
    """Write the text as UTF-8 without a mark. Returns the new file's path and its first bytes."""
    target = scratch / f"{number}.{'1252' if encoding == 'cp1252' else 'utf8'}"
    with open(path, "rb") as source, open(target, "wb") as out:
        source.seek(mark)
        if encoding == "utf-8":
            shutil.copyfileobj(source, out, CHUNK)
        else:
            decoder = codecs.getincrementaldecoder(encoding)("replace")
            while chunk := source.read(CHUNK):
                out.write(decoder.decode(chunk).encode("utf-8", "replace"))
            out.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    with open(target, "rb") as stream:
        return str(target), stream.read(_HEAD)


# --- formats -----------------------------------------------------------------------------------------------------


def _tell(
    plain: str,
    head: bytes,
    named: str,
    is_known: Callable[[str], bool],
    is_id: Callable[[str], bool] | None,
) -> Unpacked | csv_text.Told:
    """The format of the file at ``plain``, whose first bytes are ``head``, or what these tell if it is CSV.

    ``named`` is the path it came from. Its ending counts in one case: text whose first line has no known column is
    broken JSON if it is named so, and a CSV file otherwise. Raises _NoRecords when it has no format.
    """
    if head.startswith(b"PAR1"):
        return Unpacked(plain, "parquet")
    if head[257:262] == b"ustar":
        raise _NoRecords(
            "a tar archive is not read: unpack it, and put the files that are in it into the folder"
        )
    text = head.lstrip(b" \t\r\n")
    if not text and len(head) < _HEAD:
        return Unpacked(plain, "empty")
    if text.startswith(b"["):
        return Unpacked(plain, "array")
    if text.startswith(b"{") or not text:
        line = text.partition(b"\n")[0]
        is_complete = len(line) < len(text) or len(head) < _HEAD
        if is_complete and not _is_object(line):
            return Unpacked(plain, "documents")
        return Unpacked(plain, "lines")
    told = csv_text.tell(head.decode("utf-8", "surrogateescape"), is_known, is_id)
    if told.names:
        return told
    if b'\n{"' not in head and (text.startswith(b"<") or b"\0" in head):
        # An error page or a picture has lines, but they are no rows.
        what = "markup" if text.startswith(b"<") else "binary data"
        raise _NoRecords(f"{what}, not records: no column of its first line is known")
    if re.search(r"\.(json|jsonl|ndjson)(\.|$)", named.lower().rpartition("/")[2]):
        return Unpacked(plain, "lines", condition="broken")
    return told


def _as_csv(told: csv_text.Told, plain: str, scratch: Path, number: int, given: Sequence[str]) -> Unpacked:
    """How to read the CSV file at ``plain``. Lines before its header are left out of a copy.

    Raises _NoRecords when it has no header, and no fitting names are given.
    """
    delimiter = told.delimiter
    if not told.names:
        if given and len(given) == told.width:
            return Unpacked(plain, "csv", delimiter, tuple(given), has_header=False)
        said = (
            "its first record holds a number, a time or a UUID, and does not name the row's id"
            if told.by_chance
            else f"none of the {told.width} values in its first record names a column of the resource"
        )
        why = (
            f"{csv_text.NAMES} gives {len(given)} names, but the file's first record has {told.width} values"
            if given
            else f"no header: {said}; export it with a header, or name its columns in {csv_text.NAMES}"
        )
        raise _NoRecords(why, "no header")
    if told.at:
        plain = _without(plain, told.at, scratch, number)
    notes = (Note("no_record", told.titles, "lines before the header"),) if told.titles else ()
    return Unpacked(plain, "csv", delimiter, told.names, body=told.body - told.at, notes=notes)


def _without(path: str, size: int, scratch: Path, number: int) -> str:
    """Write the file without its first ``size`` bytes. Returns the new file's path."""
    target = scratch / f"{number}.body"
    with open(path, "rb") as source, open(target, "wb") as out:
        source.seek(size)
        shutil.copyfileobj(source, out, CHUNK)
    return str(target)


def recode_csv(
    file: Unpacked,
    scratch: Path,
    number: int,
    is_known: Callable[[str], bool],
    is_id: Callable[[str], bool] | None = None,
) -> Unpacked | None:
    """Write a CSV file that is Windows-1252 as UTF-8; None if it is not.

    It is Windows-1252 if fewer of its lines with letters beyond ASCII are UTF-8 than are not, and it holds no byte that
    Windows-1252 lacks. A UTF-8 file with one bad row therefore stays one.
    """
    good = bad = 0
    word = None
    with open(file.path, "rb") as stream:
        while line := stream.readline(LONGEST):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError as error:
                bad += 1
                if re.search(rb"[\x00\x81\x8d\x8f\x90\x9d]", line):
                    return None
                word = word or _word_at(line, error.start)
    if bad <= good:
        return None
    path, head = _recode(file.path, scratch, number, "cp1252", 0)
    note = Note("encoding", bad, "lines that are not UTF-8: the file is read as Windows-1252", value=word)
    told = csv_text.tell(head.decode("utf-8", "surrogateescape"), is_known, is_id)
    again = _as_csv(told, path, scratch, number, file.header if not file.has_header else ())
    return replace(again, condition=file.condition, is_recoded=True, notes=(*file.notes, *again.notes, note))


def _word_at(line: bytes, place: int) -> str:
    """The word around a byte of a Windows-1252 text."""
    words = re.finditer(r"[^\s,;|\"]+", line.decode("cp1252"))
    return next((word[0] for word in words if word.start() <= place < word.end()), "")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
