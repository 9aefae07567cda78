"""A landing file's bytes, made readable: unpacked, told apart by content, and mended when they are broken.

Belongs here: compression, byte order marks, what kind of text it is, and salvage. Does not belong here: records and
fields (``shapes``): nothing here knows what a row means.

Everything streams; no more than ``LONGEST`` bytes of a file are in memory at once, times a small factor. What cannot
be read is written in its place as a marker document (``UNREADABLE``), so that it is counted, has its position, and
reaches the rejected rows on the same way as every other row.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import os
import re
import shutil
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import zstandard

Format = Literal["lines", "array", "documents", "csv", "parquet", "empty"]

UNREADABLE = "$unreadable"
"""The one member of a marker document: ``{"$unreadable": {"detail": …, "text": …, "value": …}}``.

``detail`` says in our own words why; ``text`` is what stood there; ``value`` is what a library said, which may quote it.
"""

LONGEST = 16 * 1024 * 1024
"""Bytes of the longest document or line that is read as one (DuckDB's own limit for a JSON object)."""

_CHUNK = 1 << 20
_HEAD = 1 << 16
_KEPT = 2_000
"""Characters of an unreadable stretch that its rejected record keeps."""
_PAGE = 1 << 18
"""Bytes of a page that is put together again from the rows of a larger or broken one."""

_CHECKED = 4 << 20
"""Bytes of documents that are checked by one statement."""

_DELIMITERS = (",", ";", "\t", "|")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_./ +=,@%~:-]+")

Valid = Callable[[list[str]], list[bool]]
"""Says of each text whether DuckDB reads it as JSON."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A plain file that DuckDB can be pointed at, and how to read it."""

    path: str
    format: Format
    delimiter: str = ","
    header: tuple[str, ...] = ()
    mended: bool = False
    cut: bool = False
    """What it was unpacked from ends before its end."""


class Corrupt(Exception):
    """The compressed data is damaged: nothing that came out of it can be trusted. The message is the library's."""


class _NoRecords(Exception):
    """The file is of another kind: it has no records that could be told apart."""


def unpack(path: str, scratch: Path, number: int, known: Callable[[str], bool]) -> Unpacked:
    """Make the file at ``path`` readable. Files that are so already are not copied.

    ``known`` says whether a column name is one of the resource's. ``scratch`` takes what has to be written, under
    names made from ``number``. Raises OSError when the file cannot be read at all.
    """
    plain, truncated = path, False
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
            opener = _opener(head)
            if opener is not None:
                stream.seek(0)
                plain = str(scratch / f"{number}.plain")
                with open(plain, "wb") as out:
                    truncated = _copy(opener(stream), out)
    except Corrupt as error:
        return unreadable(scratch, number, "damaged compressed data", value=str(error))
    if truncated and os.path.getsize(plain) == 0:
        return unreadable(scratch, number, "compressed data that ends before its first byte")
    if plain != path:
        with open(plain, "rb") as stream:
            head = stream.read(_HEAD)
    encoding = _encoding(head)
    if encoding is not None:
        plain, head = _recode(plain, scratch, number, *encoding)
    if not _PLAIN_NAME.fullmatch(plain):
        # DuckDB takes * ? [ ] in a path for a pattern.
        linked = scratch / f"{number}.link"
        os.symlink(plain, linked)
        plain = str(linked)
    try:
        result = _tell(plain, head, path, known)
    except _NoRecords as error:
        return unreadable(scratch, number, str(error), head[: _KEPT * 4].decode("utf-8", "replace"))
    if truncated and result.format in ("lines", "array", "documents", "csv"):
        return replace(result, mended=True, cut=True)
    return result


def unreadable(scratch: Path, number: int, detail: str, text: str = "", value: str | None = None) -> Unpacked:
    """A file of one marker: nothing of the original can be read. ``value`` is what a library said of it."""
    path = scratch / f"{number}.unreadable"
    path.write_bytes(_marker(detail, text.encode("utf-8", "replace"), value))
    return Unpacked(str(path), "lines", mended=True)


# --- compression and encoding ------------------------------------------------------------------------------------


def _opener(head: bytes) -> Callable[[BinaryIO], Iterator[bytes]] | None:
    if head.startswith(b"\x1f\x8b"):
        return _gz
    return _zst if head.startswith(b"\x28\xb5\x2f\xfd") else None


def _gz(stream: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream) as unzipped:
        while chunk := unzipped.read1(_CHUNK):  # read() would lose what it has when the data ends too early
            yield chunk


def _zst(stream: BinaryIO) -> Iterator[bytes]:
    context = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame, begun = context.decompressobj(), False
    while data := stream.read(_CHUNK):
        while data:
            yield frame.decompress(data)
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, context.decompressobj()
                begun = bool(data)
            else:
                begun = True
    if begun:
        raise EOFError


def _copy(chunks: Iterator[bytes], target: BinaryIO) -> bool:
    """Write what can be unpacked; True when the data ends before its end. Raises Corrupt when it is damaged."""
    try:
        target.writelines(chunks)
    except EOFError:
        return True
    except (zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise Corrupt(str(error)) from None
    return False


def _encoding(head: bytes) -> tuple[str, int] | None:
    """The encoding and the length of the mark, when the text does not simply start as UTF-8."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8", 3
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"), 2
    return None


def _recode(path: str, scratch: Path, number: int, encoding: str, mark: int) -> tuple[str, bytes]:
    target = scratch / f"{number}.utf8"
    with open(path, "rb") as source, open(target, "wb") as out:
        source.seek(mark)
        if encoding == "utf-8":
            shutil.copyfileobj(source, out, _CHUNK)
        else:
            decoder = codecs.getincrementaldecoder(encoding)("replace")
            while chunk := source.read(_CHUNK):
                out.write(decoder.decode(chunk).encode("utf-8", "replace"))
            out.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
    with open(target, "rb") as stream:
        return str(target), stream.read(_HEAD)


def _tell(plain: str, head: bytes, named: str, known: Callable[[str], bool]) -> Unpacked:
    if head.startswith(b"PAR1"):
        return Unpacked(plain, "parquet")
    text = head.lstrip(b" \t\r\n")
    if not text and len(head) < _HEAD:
        return Unpacked(plain, "empty")
    if text.startswith(b"["):
        return Unpacked(plain, "array")
    if text.startswith(b"{") or not text:
        line = text.partition(b"\n")[0]
        complete = len(line) < len(text) or len(head) < _HEAD
        if complete and not _is_object(line):
            return Unpacked(plain, "documents")
        return Unpacked(plain, "lines")
    first = text.splitlines()[0].decode("utf-8", "replace")
    rows = {d: next(csv.reader([first], delimiter=d), []) for d in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda d: (sum(map(known, rows[d])), len(rows[d])))
    if not any(map(known, rows[delimiter])):
        if b'\n{"' not in head and (text.startswith(b"<") or b"\0" in head):
            # An error page or a picture has lines, but they are no rows.
            what = "markup" if text.startswith(b"<") else "binary data"
            raise _NoRecords(f"{what}, not records: no column of its first line is known")
        if re.search(r"\.(json|jsonl|ndjson)(\.|$)", named.lower().rpartition("/")[2]):
            return Unpacked(plain, "lines", mended=True)
    return Unpacked(plain, "csv", delimiter, tuple(rows[delimiter]))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


# --- salvage -----------------------------------------------------------------------------------------------------


def mend(file: Unpacked, scratch: Path, number: int, valid: Valid) -> Unpacked:
    """Write what is readable of a broken text file as one JSON document a line, with markers for the rest."""
    target = scratch / f"{number}.mended"
    with open(file.path, "rb") as source, open(target, "wb") as out:
        is_csv = file.format == "csv"
        pieces = _csv_rows(source, file) if is_csv else _documents(source, valid)
        out.writelines(_checked(_cut(pieces, source, is_csv) if file.cut else pieces, valid))
    return Unpacked(str(target), "lines", mended=True)


@dataclass(frozen=True, slots=True)
class _Bad:
    """A stretch that is no document, and why; of its text, the beginning is enough.

    ``value`` is what a library said of it.
    ``begins``: like a record of its own, so that it counts. Else it goes on with the bad stretch that it follows, if
    it follows one.
    """

    detail: str
    text: bytes
    begins: bool = True
    value: str | None = None


class _Sound(bytes):
    """A document that was found to be JSON already."""


def _marker(detail: str, text: bytes, value: str | None = None) -> bytes:
    kept = text[: _KEPT * 4].decode("utf-8", "replace")[:_KEPT]
    return json.dumps({UNREADABLE: {"detail": detail, "text": kept, "value": value}}).encode() + b"\n"


def _checked(pieces: Iterator[bytes | _Bad], valid: Valid) -> Iterator[bytes]:
    """Documents in order, one a line; a bad stretch becomes a marker, with what goes on with it."""
    was_bad = False
    for batch in _batches(pieces):
        for piece in _valid_only(batch, valid):
            if isinstance(piece, _Bad):
                if piece.begins or not was_bad:
                    yield _marker(piece.detail, piece.text, piece.value)
            else:
                # Outside of strings a line break is only white space; inside one it would not be valid.
                yield piece.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"
            was_bad = isinstance(piece, _Bad)


def _cut(
    pieces: Iterator[bytes | _Bad], source: BinaryIO, rows_end_with_lines: bool
) -> Iterator[bytes | _Bad]:
    """The pieces of a file whose end is missing, and a bad one for what is missing.

    A CSV row ends with its line: one at the end of what there is may lack the rest of its last value. A bad piece at
    the end is bad for what is missing, and is one with it; but not a CSV row whose line has ended.
    """
    last: bytes | _Bad | None = None
    for piece in pieces:
        if last is not None:
            yield last
        last = piece
    source.seek(-1, os.SEEK_END)
    ended = source.read(1) == b"\n"
    shown = b""
    if isinstance(last, bytes) and rows_end_with_lines and not ended:
        shown = last
    elif last is not None:
        yield last
    yield _Bad("the compressed data ends before its end", shown, begins=rows_end_with_lines and ended)


def _batches(pieces: Iterator[bytes | _Bad]) -> Iterator[list[bytes | _Bad]]:
    batch: list[bytes | _Bad] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece) if isinstance(piece, bytes) else 100
        if size > _CHECKED or len(batch) >= 2_000:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _valid_only(batch: list[bytes | _Bad], valid: Valid, *, whole: bool = True) -> Iterator[bytes | _Bad]:
    """The batch with what is no JSON made bad; of a page that is none (``whole``), the rows that are."""
    texts = [_decoded(piece) for piece in batch]
    verdicts = iter(valid([text for text in texts if text is not None]))
    for piece, text in zip(batch, texts, strict=True):
        if isinstance(piece, _Bad | _Sound) or (text is not None and next(verdicts)):
            yield piece
            continue
        bad = _Bad("not JSON" if text is not None else "not UTF-8", piece[: _KEPT * 4])
        rows = list(_page(_Text(io.BytesIO(), piece), largest=0)) if whole and piece.startswith(b"{") else []
        if any(isinstance(row, bytes) for row in rows):
            yield from _valid_only(rows, valid, whole=False)
        else:
            yield bad


def _decoded(piece: bytes | _Bad) -> str | None:
    if isinstance(piece, _Bad | _Sound):
        return None
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return None


_TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|["{}\[\]]')
_SCALAR = re.compile(rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?[0-9][0-9.eE+-]*|true|false|null)[ \t\r]*')
_SPACE = b" \t\r\n"


class _Text:
    """A window that moves over a stream of bytes."""

    def __init__(self, stream: BinaryIO, data: bytes = b"") -> None:
        self.stream = stream
        self.data = data
        self.at = 0
        self.ended = False
        self.gone = 0
        """Bytes of the stream before the window."""
        self.judged = 0
        """Bytes of the stream of which every line is known to be a document, or not to be one."""
        self.whole: dict[int, int] = {}
        """Of those lines that are: where in the stream they start and end."""

    def more(self) -> bool:
        """Read on; False at the end of the file."""
        chunk = self.stream.read(_CHUNK)
        self.ended = not chunk
        if self.at > 4 * _CHUNK:
            self.gone += self.at - 1
            self.data, self.at = self.data[self.at - 1 :], 1  # one byte back: is this the start of a line?
        self.data += chunk
        return bool(chunk)

    def peek(self) -> int | None:
        """The next byte that is no white space, without taking it; None at the end."""
        while True:
            while self.at < len(self.data):
                if self.data[self.at] not in _SPACE:
                    return self.data[self.at]
                self.at += 1
            if not self.more():
                return None

    def document_line(self, valid: Valid) -> _Sound | None:
        """Take a line that is one document, all of it; None, and nothing taken, when the next line is not known to be.

        Lines are looked at many at a time, each once: to take a document apart costs ten times as much.
        """
        if self.at and self.data[self.at - 1 : self.at] != b"\n":
            return None
        if self.gone + self.at >= self.judged:
            self._judge(valid)
        end = self.whole.get(self.gone + self.at)
        if end is None:
            return None
        taken = _Sound(self.data[self.at : end - self.gone].rstrip(b"\r"))
        self.at = end - self.gone + 1
        return taken

    def _judge(self, valid: Valid) -> None:
        while (
            (last := self.data.rfind(b"\n", self.at)) < 0
            and len(self.data) - self.at <= LONGEST
            and self.more()
        ):
            pass
        self.whole = {}
        start = self.gone + self.at
        self.judged = max(start, self.gone + last) + 1
        texts, places = [], []
        for line in self.data[self.at : last].split(b"\n") if last >= 0 else ():
            end = start + len(line)
            if line.startswith(b"{") and len(line) <= LONGEST and (text := _decoded(line)) is not None:
                texts.append(text)
                places.append((start, end))
            start = end + 1
        self.whole = {a: b for (a, b), is_valid in zip(places, valid(texts), strict=True) if is_valid}

    def value(self, stop_at_line: bool = False) -> bytes | None:
        """Take one object or array; None, and nothing taken, when it does not end or is too long.

        ``stop_at_line``: give up at a line that starts with ``{`` in its first column, where a new document starts.
        """
        depth, position = 0, self.at
        while True:
            match = _TOKEN.search(self.data, position)
            if match is None or match[0] == b'"':
                if match is not None and b"\n" in self.data[match.start() :]:
                    return None  # a string that its line does not end
                start = self.at
                resume = (len(self.data) if match is None else match.start()) - start
                if len(self.data) - start > LONGEST or not self.more():
                    return None
                position = self.at + resume
                continue
            token, begin = match[0][:1], match.start()
            if token in b"{[":
                if stop_at_line and depth and token == b"{" and self.data[begin - 1 : begin] == b"\n":
                    return None
                depth += 1
            elif token in b"}]":
                depth -= 1
                if depth == 0:
                    if match.end() - self.at > LONGEST:
                        return None
                    taken = self.data[self.at : match.end()]
                    self.at = match.end()
                    return taken
            position = match.end()

    def scalar(self) -> bytes | None:
        """Take one string, number or word; None when there is none."""
        if self.peek() is None:
            return None
        while len(self.data) - self.at < LONGEST and self.more() and len(self.data) - self.at < _CHUNK:
            pass
        found = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|[A-Za-z0-9+.-]+').match(self.data, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def line(self, limit: int = LONGEST) -> tuple[bytes, int]:
        """Take the rest of the line; its first ``limit`` bytes and its whole length."""
        kept, length = b"", 0
        while True:
            end = self.data.find(b"\n", self.at)
            stop = end if end >= 0 else len(self.data)
            if len(kept) < limit:
                kept += self.data[self.at : stop][: limit - len(kept)]
            length += stop - self.at
            self.at = stop
            if end >= 0:
                self.at += 1
                return kept, length
            if not self.more():
                return kept, length

    @property
    def place(self) -> int:
        """Where in the stream the window stands."""
        return self.gone + self.at

    def is_on_line_of(self, place: int) -> bool:
        """No line has ended since ``place``; False, too, when that is too long ago to be known."""
        return place >= self.gone and b"\n" not in self.data[place - self.gone : self.at]

    def at_document(self) -> bool:
        """A bracket in the first column of a line is here: a new document, when the one before is broken."""
        return (
            0 < self.at < len(self.data)
            and self.data[self.at - 1] == ord("\n")
            and self.data[self.at] in b"{["
        )

    def skip_to_document(self) -> int:
        """Go to the next line that starts with a bracket in its first column; the bytes gone over."""
        length = 0
        while True:
            if self.at >= len(self.data) and not self.more():
                return length
            if self.at_document():
                return length
            length += self.line(0)[1]

    def rest(self) -> bytes:
        """The start of everything that is left, and the end of the reading."""
        kept = self.data[self.at : self.at + _KEPT * 4]
        while self.more():
            self.at = len(self.data)
        self.at = len(self.data)
        return kept


def _documents(stream: BinaryIO, valid: Valid) -> Iterator[bytes | _Bad]:
    text = _Text(stream)
    while (first := text.peek()) is not None:
        if first == ord("{") and (sound := text.document_line(valid)) is not None:
            yield sound
            continue
        if first == ord("["):
            start = text.place
            text.at += 1
            yield from _elements(text, start)
            continue
        if first != ord("{"):
            line, length = text.line(_KEPT * 4)
            if length == len(line) and _SCALAR.fullmatch(line):
                yield line  # a document by itself, though no record
                continue
            yield _Bad("not JSON" if length <= LONGEST else f"a line of {length} bytes", line, begins=False)
            continue
        document = text.value(stop_at_line=True)
        if document is None:
            yield from _page(text)
            continue
        yield document
        yield from _tail(text)


def _tail(text: _Text) -> Iterator[_Bad]:
    """What follows a document on its line: nothing, or another one; anything else is bad."""
    while text.at < len(text.data) or text.more():
        byte = text.data[text.at]
        if byte == ord("\n") or byte == ord("{"):
            return
        if byte not in _SPACE:
            yield _Bad("text after the end of a document", text.line(_KEPT * 4)[0], begins=False)
            return
        text.at += 1


def _elements(text: _Text, start: int) -> Iterator[bytes | _Bad]:
    """The elements of an array whose bracket was taken; at the first that is broken the rest is one bad stretch.

    The rest is that of the file; but that of the line, where what holds the array began (at ``start``) on this line: in
    a file of pages, one a line, the next line is another page.
    """
    broken = "the array ends before its end, or is broken here"
    follows = False
    while True:
        first = text.peek()
        if first == ord("]"):
            text.at += 1
            return
        if first == ord(","):
            text.at += 1
            follows = False
            continue
        if follows and text.at_document():
            yield _Bad(broken, b"", begins=False)
            return
        element = text.value() if first in (ord("{"), ord("[")) else text.scalar()
        if element is None:
            yield _Bad(broken, text.line(_KEPT * 4)[0] if text.is_on_line_of(start) else text.rest())
            return
        yield element
        follows = True


def _page(text: _Text, largest: int = _PAGE) -> Iterator[bytes | _Bad]:
    """An object that does not end, is too long to be read as one, or is broken: a page, maybe, whose rows can be had.

    Gives pages of up to ``largest`` bytes, of one row at least.
    """
    shown = text.data[text.at : text.at + _KEPT * 4].partition(b"\n")[0]
    start = text.place
    members: dict[bytes, bytes] = {}
    text.at += 1
    opened = 1
    while True:
        first = text.peek()
        if first == ord(","):
            text.at += 1
            continue
        if first == ord("}"):
            text.at += 1
            opened -= 1
            if opened == 0:
                return
            continue
        name = text.scalar() if first == ord('"') else None
        if name is None or text.peek() != ord(":"):
            break
        text.at += 1
        value = text.peek()
        if text.at_document():
            break
        if value == ord("[") and name in (b'"data"', b'"result"'):
            text.at += 1
            broken = yield from _rows(text, start, name, members, opened > 1, largest)
            if broken:
                return
            continue
        if value == ord("{") and name == b'"response"':
            text.at += 1
            opened += 1
            continue
        taken = text.value(stop_at_line=value == ord("{")) if value in (ord("{"), ord("[")) else text.scalar()
        if taken is None:
            break
        members[name] = taken
    length = text.skip_to_document()
    yield _Bad(
        "a document that does not end, or is broken"
        if length <= LONGEST
        else f"a line of over {length} bytes",
        shown,
    )


def _rows(
    text: _Text, start: int, name: bytes, members: dict[bytes, bytes], nested: bool, largest: int
) -> Generator[bytes | _Bad, None, bool]:
    """The rows of a page, each as a document; where the page says what they lack, put together as smaller pages.

    Returns whether they ended before their end.
    """
    plain = not members.keys() & {b'"total"', b'"skip"', b'"contact_id"'}
    rows: list[bytes] = []
    size, done = 0, 0
    broken: _Bad | None = None

    def page() -> bytes:
        head = dict(members)
        if done and b'"skip"' in head and head[b'"skip"'].isdigit():
            head[b'"skip"'] = str(int(head[b'"skip"']) + done).encode()
        contact = head.pop(b'"contact_id"', None) if nested else None
        inner = b",".join(
            [*(key + b":" + value for key, value in head.items()), name + b":[" + b",".join(rows) + b"]"]
        )
        if nested:
            outer = b'"contact_id":' + contact + b"," if contact is not None else b""
            return b"{" + outer + b'"response":{' + inner + b"}}"
        return b"{" + inner + b"}"

    for element in _elements(text, start):
        if isinstance(element, _Bad):
            broken = element
            break
        if plain:
            yield element
            continue
        rows.append(element)
        size += len(element)
        if size > largest:
            yield page()
            done += len(rows)
            rows, size = [], 0
    if rows or not (plain or done):
        yield page()
    if broken is not None:
        yield replace(broken, detail="the page ends before its end, or is broken here")
    return broken is not None


def _csv_rows(stream: BinaryIO, file: Unpacked) -> Iterator[bytes | _Bad]:
    """The rows of a CSV file, each as a document; one that is none is a bad piece by itself.

    A bad row that spans lines ends before the next line that could be a row: the quote that it opens may be none.
    """
    csv.field_size_limit(LONGEST)
    columns = unique(file.header)
    taken: list[str] = []
    again: deque[str] = deque()
    spare = _READ_AGAIN

    def reader() -> Iterator[list[str]]:
        return csv.reader(_csv_lines(stream, taken, again), delimiter=file.delimiter, strict=True)

    rows = reader()
    try:
        next(rows, None)
    except csv.Error as error:
        yield _Bad(f"the header is {_NOT_CSV}", _as_it_came(taken), value=str(error))
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
                yield _Bad("not UTF-8", _as_it_came(taken))
            continue
        # A line with as many delimiters as a row has may be one.
        own = next(
            (i for i, line in enumerate(taken) if i and line.count(file.delimiter) >= len(columns) - 1),
            len(taken),
        )
        yield _Bad(detail, _as_it_came(taken[:own]), value=said)
        spare -= sum(map(len, taken[own:]))
        if spare < 0:
            again.extendleft(reversed(taken[own:]))
            yield _Bad("the rest cannot be told apart into rows: its quotes do not match", _as_it_came(again))
            return
        again.extendleft(reversed(taken[own:]))
        rows = reader()


_NOT_CSV = "not CSV: quotes or line breaks do not match"
_LONG = "\x00long\x00"

_READ_AGAIN = 16 * LONGEST
"""Characters of a CSV file that are read once more, all in all, because the row before had swallowed them."""


def _as_it_came(lines: Iterable[str]) -> bytes:
    """The beginning of these lines' text."""
    kept = ""
    for line in lines:
        kept += line
        if len(kept) > _KEPT:
            break
    return kept.replace(_LONG, "").rstrip("\r\n")[: _KEPT + 1].encode("utf-8", "surrogateescape")


def _csv_lines(stream: BinaryIO, taken: list[str], again: deque[str]) -> Iterator[str]:
    """The lines of ``again``, then those of the stream; each is put into ``taken``, which is emptied after each row.

    They end where a row becomes too long to be one.
    """
    size = 0
    while True:
        if not taken:
            size = 0
        elif size > LONGEST:
            return
        if again:
            line = again.popleft()
        elif not (line := _csv_line(stream)):
            return
        size += len(line)
        taken.append(line)
        yield line


def _csv_line(stream: BinaryIO) -> str:
    line = stream.readline(LONGEST)
    if len(line) < LONGEST or line.endswith(b"\n"):
        return line.decode("utf-8", "surrogateescape")
    while (more := stream.readline(LONGEST)) and not more.endswith(b"\n"):
        pass
    return _LONG + line[: _KEPT * 4].replace(b'"', b"'").decode("utf-8", "replace") + "\n"


def unique(header: Sequence[str]) -> list[str]:
    """The names with the repeated ones numbered, so that each names one column."""
    seen: dict[str, int] = {}
    names = []
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names
