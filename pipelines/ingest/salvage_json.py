"""Salvage of broken JSON: the documents and rows that can still be read, with a marker for each stretch that cannot.

Belongs here: finding documents in bytes, taking list pages apart into rows, and writing documents and markers as lines.
Does not belong here: reading whole files, which DuckDB does faster (``shapes``).

A stretch that cannot be read counts as one record when it begins like one. Otherwise it continues the bad stretch
before it, if there is one.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from pipelines.ingest.unpack import CHUNK, KEPT, LONGEST, Unpacked, marker

Valid = Callable[[list[str]], list[bool]]
"""Says of each text whether DuckDB reads it as JSON."""

_PAGE = 1 << 18
"""Bytes of a page that is put together again from the rows of a larger or a broken one."""

_CHECKED = 4 << 20
"""Bytes of documents that are checked by one statement."""

_TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|["{}\[\]]')
_SCALAR_LINE = re.compile(rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?[0-9][0-9.eE+-]*|true|false|null)[ \t\r]*')
_SCALAR = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|[A-Za-z0-9+.-]+')
_SPACE = b" \t\r\n"
_MARK = codecs.BOM_UTF8


def mend_json(file: Unpacked, scratch: Path, number: int, valid: Valid, owner: str | None) -> Unpacked:
    """Write what is readable of a broken JSON file as one document a line, with markers for the rest.

    ``owner`` is the member of a page that says whose rows are in it, if its rows need one.
    """
    target = scratch / f"{number}.mended"
    name = f'"{owner}"'.encode() if owner is not None else None
    with open(file.path, "rb") as source, open(target, "wb") as out:
        pieces = _documents(source, valid, name)
        if file.condition == "cut":
            # It continues the bad stretch before it, if there is one.
            pieces = chain(pieces, [Bad("the compressed data ends before its end", b"", begins=False)])
        longest = 0
        for line in write_pieces(pieces, valid, name):
            out.write(line)
            longest = max(longest, len(line))
    return Unpacked(str(target), "lines", condition="mended", longest=longest)


# --- pieces ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bad:
    """A stretch that is no document: why, and the beginning of its text. ``value`` is what a library said of it.

    ``begins``: True if it begins like a record, and so counts as one; False if it continues the bad stretch before it.
    """

    detail: str
    text: bytes
    begins: bool = True
    value: str | None = None


Piece = bytes | Bad
"""A document, or a stretch that is none."""


class _Sound(bytes):
    """A document that is known to be JSON."""


def write_pieces(pieces: Iterator[Piece], valid: Valid, owner: bytes | None = None) -> Iterator[bytes]:
    """The pieces as lines: a document each, and a marker for a bad stretch together with what continues it."""
    was_bad = False
    for batch in _batches(pieces):
        for piece in _check(batch, valid, owner):
            if isinstance(piece, Bad):
                if piece.begins or not was_bad:
                    yield marker(piece.detail, piece.text, piece.value)
            else:
                # Outside of strings a line break is only white space; inside one it would not be valid.
                yield piece.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"
            was_bad = isinstance(piece, Bad)


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece) if isinstance(piece, bytes) else 100
        if size > _CHECKED or len(batch) >= 2_000:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _check(
    batch: list[Piece], valid: Valid, owner: bytes | None, *, opens_pages: bool = True
) -> Iterator[Piece]:
    """The batch, with every document that is not JSON made bad. ``opens_pages``: keep the good rows of a bad page."""
    texts = [_decoded(piece) for piece in batch]
    verdicts = iter(valid([text for text in texts if text is not None]))
    for piece, text in zip(batch, texts, strict=True):
        if isinstance(piece, Bad | _Sound) or (text is not None and next(verdicts)):
            yield piece
            continue
        bad = Bad("not JSON" if text is not None else "not UTF-8", piece[: KEPT * 4])
        rows: list[Piece] = []
        if opens_pages and piece.startswith(b"{"):
            rows = list(_page(_Text(io.BytesIO(), piece), owner, largest=0))
        if any(isinstance(row, bytes) for row in rows):
            yield from _check(rows, valid, owner, opens_pages=False)
        else:
            yield bad


def _decoded(piece: Piece) -> str | None:
    if isinstance(piece, Bad | _Sound):
        return None
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return None


# --- documents ---------------------------------------------------------------------------------------------------


class _Text:
    """A window that moves over a stream of bytes. ``at`` is the place of the next byte in ``data``."""

    def __init__(self, stream: BinaryIO, data: bytes = b"") -> None:
        self.stream = stream
        self.data = data
        self.at = 0
        self.gone = 0
        """Bytes of the stream before the window."""
        self.judged = 0
        """Bytes of the stream whose lines are all known to be documents, or known to be none."""
        self.whole: dict[int, int] = {}
        """The lines among them that are documents: start → end, in the stream."""

    def more(self) -> bool:
        """Read more of the file; False at its end."""
        chunk = self.stream.read(CHUNK)
        if self.at > 4 * CHUNK:
            self.gone += self.at - 1
            self.data, self.at = self.data[self.at - 1 :], 1  # one byte back: is this the start of a line?
        self.data += chunk
        return bool(chunk)

    def peek(self) -> int | None:
        """Go to the next byte that is not white space, and return it; None at the end of the file.

        A byte order mark counts as white space: files that are put together may each begin with one.
        """
        while True:
            while self.at < len(self.data):
                if self.data[self.at] not in _SPACE:
                    if self.data[self.at] != _MARK[0]:
                        return self.data[self.at]
                    while len(self.data) - self.at < len(_MARK) and self.more():
                        pass
                    if not self.data.startswith(_MARK, self.at):
                        return self.data[self.at]
                    self.at += len(_MARK) - 1
                self.at += 1
            if not self.more():
                return None

    def document_line(self, valid: Valid) -> _Sound | None:
        """Take the next line if all of it is one document. Otherwise take nothing and return None.

        Lines are checked many at a time, each once: taking a document apart costs ten times as much.
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
        """Check every complete line in the window; read more if there is none."""
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
        """Take one object or array. If it does not end, or is too long, take nothing and return None.

        ``stop_at_line``: give up at a line with ``{`` in its first column, where another document starts.
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
        """Take one string, number or word; None if there is none here."""
        if self.peek() is None:
            return None
        while len(self.data) - self.at < LONGEST and self.more() and len(self.data) - self.at < CHUNK:
            pass
        found = _SCALAR.match(self.data, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def line(self, limit: int = LONGEST) -> tuple[bytes, int]:
        """Take the rest of the line. Returns its first ``limit`` bytes and its whole length."""
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
        """True if no line has ended since ``place``. False also if ``place`` is no longer in the window."""
        return place >= self.gone and b"\n" not in self.data[place - self.gone : self.at]

    def at_document(self) -> bool:
        """True if the window stands at a bracket in the first column of a line: another document may start here."""
        return (
            0 < self.at < len(self.data)
            and self.data[self.at - 1] == ord("\n")
            and self.data[self.at] in b"{["
        )

    def skip_to_document(self) -> int:
        """Go to the next line with a bracket in its first column. Returns the number of bytes skipped."""
        length = 0
        while True:
            if self.at >= len(self.data) and not self.more():
                return length
            if self.at_document():
                return length
            length += self.line(0)[1]

    def rest(self) -> bytes:
        """Take everything that is left. Returns the start of it."""
        kept = self.data[self.at : self.at + KEPT * 4]
        while self.more():
            self.at = len(self.data)
        self.at = len(self.data)
        return kept


def _documents(stream: BinaryIO, valid: Valid, owner: bytes | None) -> Iterator[Piece]:
    """The documents of a stream, and the bad stretches between them."""
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
            line, length = text.line(KEPT * 4)
            if length == len(line) and _SCALAR_LINE.fullmatch(line):
                yield line  # a document by itself, though no record
                continue
            yield Bad("not JSON" if length <= LONGEST else f"a line of {length} bytes", line, begins=False)
            continue
        document = text.value(stop_at_line=True)
        if document is None:
            yield from _page(text, owner)
            continue
        yield document
        yield from _tail(text)


def _tail(text: _Text) -> Iterator[Bad]:
    """Text that follows a document on its line and does not begin another one."""
    while text.at < len(text.data) or text.more():
        byte = text.data[text.at]
        if byte == ord("\n") or byte == ord("{"):
            return
        if byte == _MARK[0]:
            return
        if byte not in _SPACE:
            yield Bad("text after the end of a document", text.line(KEPT * 4)[0], begins=False)
            return
        text.at += 1


def _elements(text: _Text, start: int) -> Iterator[Piece]:
    """The elements of an array whose opening bracket was taken. From the first broken one on, the rest is one bad stretch.

    ``start`` is where the document that holds the array begins. If that is on this line, the rest is that of the line,
    since the next line may be another page. Otherwise it is the rest of the file.
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
            yield Bad(broken, b"", begins=False)
            return
        element = text.value() if first in (ord("{"), ord("[")) else text.scalar()
        if element is None:
            yield Bad(broken, text.line(KEPT * 4)[0] if text.is_on_line_of(start) else text.rest())
            return
        yield element
        follows = True


def _page(text: _Text, owner: bytes | None, largest: int = _PAGE) -> Iterator[Piece]:
    """The rows of an object that is broken, does not end, or is too long to be read as one, if it is a list page.

    Yields pages of up to ``largest`` bytes, each with at least one row, and a bad stretch for what is left.
    """
    shown = text.data[text.at : text.at + KEPT * 4].partition(b"\n")[0]
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
            broken = yield from _rows(text, start, name, members, owner, opened > 1, largest)
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
    yield Bad(
        "a document that does not end, or is broken"
        if length <= LONGEST
        else f"a line of over {length} bytes",
        shown,
    )


def _rows(
    text: _Text,
    start: int,
    name: bytes,
    members: dict[bytes, bytes],
    owner: bytes | None,
    nested: bool,
    largest: int,
) -> Generator[Piece, None, bool]:
    """The rows of a page: each as a document, or as smaller pages where the page says what its rows do not.

    ``name`` is the member that holds the rows, ``members`` are those before it. ``nested``: the rows lie in a document
    within the page. Returns True if the rows break off.
    """
    plain = not members.keys() & {b'"total"', b'"skip"', owner}
    rows: list[bytes] = []
    size, done = 0, 0
    broken: Bad | None = None

    def page() -> bytes:
        head = dict(members)
        if done and b'"skip"' in head and head[b'"skip"'].isdigit():
            head[b'"skip"'] = str(int(head[b'"skip"']) + done).encode()
        inner = b",".join(
            [*(key + b":" + value for key, value in head.items()), name + b":[" + b",".join(rows) + b"]"]
        )
        return b'{"response":{' + inner + b"}}" if nested else b"{" + inner + b"}"

    for element in _elements(text, start):
        if isinstance(element, Bad):
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
