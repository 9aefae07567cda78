"""CSV as text: which bytes are which letters, how a file separates its values, and where its records begin.

Belongs here: encodings, delimiters, escapes, the header, and the grammar of one record. Does not belong here: reading
whole files, which DuckDB does faster (``flat_files``), rows that cannot be read (``salvage_csv``), and what a column means
(``names``).

A value is quoted or not. Spaces around a quoted value do not count. A quote inside an unquoted value is a letter. This
is what DuckDB's strict reader accepts, too, so both take the same values from the same text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

_DELIMITERS = (",", ";", "\t", "|", "\x01", "^", "~")
_LOOKED_AT = 50
"""Records among which the header is looked for."""

_SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>[^"\r\n])"?[ \t]*', re.IGNORECASE)
_VALUE_LIKE = re.compile(
    r"[+-]?[0-9][0-9 .,:/+-]*|\d{4}-\d\d-\d\d.*|[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}"
)
"""A number, a time or a UUID: no name of a column."""

_CHUNK = 1 << 20
_VOTES = 1_000
"""Lines with backslashes that decide whether a backslash escapes what follows."""

NAMES = "columns.csv"
"""The file in which a user names the columns of files that have no header: a pattern of file names, and the names."""

BLANK, AGAIN, CLIENT = "blank rows", "the header again", "lines of a database client"
"""What stands among the rows of a file and is none."""

_CLIENT_COUNT = re.compile(
    r"\([0-9]+ rows?(?: affected)?\)|[0-9]+ rows? (?:in set|selected|returned)\b.*", re.IGNORECASE
)
_CLIENT_RULE = re.compile(r"[-+=]{2,}[-+= ]*")

BOM = "\ufeff"


_MALFORMED = "not CSV: quotes or line breaks do not match"


class NotCsv(ValueError):
    """A record whose quotes do not match. The message is in our words."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written. ``escapes``: a backslash takes its meaning from a quote, a delimiter or a backslash."""

    delimiter: str = ","
    escapes: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What the first records of a file tell: its delimiter, its header, and the lines before the header.

    ``at`` and ``body`` are the bytes (UTF-8) before the header, and before the first record after it. ``titles`` counts
    the records before the header. ``width`` is the number of values in the first record. ``names`` is empty if the file
    has no header. ``by_chance``: its first record has names of columns, but holds a value and does not name the row's id.
    """

    delimiter: str = ","
    names: tuple[str, ...] = ()
    at: int = 0
    body: int = 0
    titles: int = 0
    width: int = 0
    by_chance: bool = False


def is_clients(values: Sequence[str]) -> bool:
    """True if a record is what database clients write around rows: ``(3 rows)``, or a line of dashes below the header."""
    filled = [value.strip() for value in values if value.strip()]
    if len(filled) == 1 and _CLIENT_COUNT.fullmatch(filled[0]):
        return True
    return len(filled) in (1, len(values)) and all(map(_CLIENT_RULE.fullmatch, filled)) and bool(filled)


# --- records -----------------------------------------------------------------------------------------------------


@cache
def _patterns(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """The rest of a quoted value with its quote, an unquoted value, and an escaped character."""
    stop = re.escape(dialect.delimiter)
    inside = r'(?:[^"\\]|""|\\.)*+"' if dialect.escapes else r'(?:[^"]|"")*+"'
    outside = rf"(?:[^{stop}\\]|\\.|\\\Z)*+" if dialect.escapes else rf"[^{stop}]*+"
    escaped = rf'\\(["\\\r\n{stop}])'
    return re.compile(inside, re.DOTALL), re.compile(outside, re.DOTALL), re.compile(escaped, re.DOTALL)


def lines_of(text: str) -> list[str]:
    """The lines of a text, with their ends: a line feed, a carriage return, or both."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z", text)


def records_of(lines: Iterator[str], dialect: Dialect) -> Iterator[tuple[str, list[str]]]:
    """Text and values of each record in the lines. A blank line is a record with one empty value.

    Raises NotCsv at one that is malformed: a quoted value does not end, or is followed by anything but spaces.
    """
    inside, outside, escaped = _patterns(dialect)
    delimiter = dialect.delimiter
    for first in lines:
        line = first.rstrip("\r\n")
        if '"' not in line and not (dialect.escapes and "\\" in line):
            yield first, line.split(delimiter)
            continue
        line, text, place = first, [first], 0
        values: list[str] = []
        while True:
            start = place
            while line.startswith(" ", start):
                start += 1
            if line.startswith('"', start):
                parts, start = [], start + 1
                while (match := inside.match(line, start)) is None:
                    parts.append(line[start:])
                    line, start = next(lines, ""), 0
                    if not line:
                        raise NotCsv(_MALFORMED)
                    text.append(line)
                value = "".join([*parts, match[0][:-1]]).replace('""', '"')
                place = match.end()
                while line.startswith(" ", place):
                    place += 1
            else:
                match = outside.match(line, place, len(line.rstrip("\r\n")))
                assert match is not None  # it may be empty
                value, place = match[0], match.end()
            values.append(escaped.sub(r"\1", value) if dialect.escapes else value)
            if not line.startswith(delimiter, place):
                break
            place += len(delimiter)
        if line[place:].strip("\r\n"):
            raise NotCsv(_MALFORMED)
        yield "".join(text), values


# --- what the first records tell -----------------------------------------------------------------------------------


def tell(head: str, is_known: Callable[[str], bool], is_id: Callable[[str], bool] | None = None) -> Told:
    """Tell the delimiter and the header from a file's first characters. ``names`` is empty if no record is a header.

    ``is_known`` says whether a column name is one of the resource's. The header is the record with the most known names.
    A record with more values than known names, as data has, is none, nor is one below records that look like its rows.
    ``is_id`` says whether a column name is that of the row's id. A record that holds a value, and not this name, is no
    header: values such as ``1,name,description`` may be known names by chance.
    """
    lines = lines_of(head)
    if len(lines) > 1 and not head.endswith(("\n", "\r")):
        lines.pop()  # it may be cut
    first = lines[0].rstrip("\r\n") if lines else ""
    given = _SEPARATOR_LINE.fullmatch(first)
    delimiters = (given["delimiter"],) if given is not None else _DELIMITERS
    found = [each for each in delimiters if each in head] or [","]
    ranked = [_header(lines, Told(delimiter), is_known, is_id) for delimiter in found]
    return max(ranked, key=lambda each: each[0])[1]


def _header(
    lines: Sequence[str],
    told: Told,
    is_known: Callable[[str], bool],
    is_id: Callable[[str], bool] | None,
) -> tuple[tuple[int, int], Told]:
    """How good the best header is with this delimiter (known names, values), and what is told with it."""
    best, found = (0, 0), told
    at = titles = 0
    width = None
    rows: set[int] = set()  # widths of records that look like data
    later = iter(lines)
    while True:
        try:
            text, values = next(records_of(later, Dialect(told.delimiter)), ("", []))
        except NotCsv:
            break
        if not text:
            break
        size = len(text.encode("utf-8", "surrogateescape"))
        if width is None:
            width = len(values)
        names = [value.lstrip(BOM) for value in values]
        known = sum(map(is_known, names))
        alike = sum(1 for name in names if _VALUE_LIKE.fullmatch(name.strip()))
        by_chance = alike > 0 and is_id is not None and not any(map(is_id, names))
        if at == 0 and by_chance and known > alike:
            told = replace(told, by_chance=True)
        if known > alike and known > best[0] and not by_chance:
            if len(values) in rows:
                # A sorted file has its header among its rows. Rows before it would be lost as titles.
                return (0, width), replace(told, width=width)
            best = known, len(values)
            found = replace(told, names=tuple(names), at=at, body=at + size, titles=titles, width=len(values))
            if known > 1 and known * 2 >= len(values):
                break
        filled = sum(1 for value in values if value.strip())
        if alike > 1 and alike * 2 >= filled:
            rows.add(len(values))
        titles += filled > 0
        at += size
        if titles >= _LOOKED_AT:
            break
    if not found.names:
        # Without a header the delimiter is the one that splits the first record most.
        return (0, width or 0), replace(told, width=width or 0)
    return best, found


def escapes_quotes(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """True if more of these lines, which hold backslashes, are whole records when a backslash escapes what follows."""

    def whole(dialect: Dialect) -> int:
        count = 0
        for line in lines:
            try:
                count += [len(values) for _, values in records_of(iter([line]), dialect)] == [width]
            except NotCsv:
                continue
        return count

    return whole(Dialect(delimiter, escapes=True)) > whole(Dialect(delimiter))


# --- whole files ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Facts:
    """Bytes counted in a whole file: its delimiters after the header, and what DuckDB would read in its own way."""

    delimiters: int = 0
    has_quotes: bool = False
    is_doubtful: bool = False
    """True if a byte order mark stands at the start of a later line, or several spaces before a quoted value."""
    backslashed: list[str] = field(default_factory=list)
    """Lines in which a backslash stands before a quote or a delimiter, the first of them."""


def count(path: str, body: int, delimiter: str) -> Facts:
    """Count what tells whether DuckDB's reader and ours take the same values from the file at ``path``."""
    found = Facts()
    one, end = delimiter.encode(), b""
    escape = re.compile(rb'\\["%s]' % re.escape(one))
    doubtful = re.compile(rb'[\r\n]\xef\xbb\xbf|[\r\n%s]  +"' % re.escape(one))
    with open(path, "rb") as stream:
        stream.seek(body)
        while chunk := stream.read(_CHUNK):
            found.delimiters += chunk.count(one)
            has_quotes = b'"' in chunk
            found.has_quotes = found.has_quotes or has_quotes
            # The letters that are sought are rare, and looking for one is far faster than for several in a row.
            if (b"\xef" in chunk or (has_quotes and b'  "' in chunk)) and doubtful.search(end + chunk):
                found.is_doubtful = True
            if b"\\" in chunk and len(found.backslashed) < _VOTES:
                lines = (end + chunk).splitlines(keepends=True)
                votes = [line.decode("utf-8", "replace") for line in lines if escape.search(line)]
                found.backslashed += votes[: _VOTES - len(found.backslashed)]
            end = chunk[-16:]
    return found


# --- small files ---------------------------------------------------------------------------------------------------


def decode(data: bytes) -> str:
    """The text of a small file: UTF-8 or UTF-16 with a mark, else UTF-8, else Windows-1252; never an error."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[2:].decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
    return text.lstrip(BOM)


def rows_of(data: bytes, is_known: Callable[[str], bool]) -> tuple[tuple[str, ...], list[list[str]]]:
    """The header and the other records of a small file. Blank records are left out.

    The header is empty if there is none; the records are then all of the file's. Raises NotCsv at a malformed record.
    """
    text = decode(data)
    told = tell(text, is_known)
    lines = lines_of(text)
    backslashed = [line for line in lines if "\\" in line]
    dialect = Dialect(told.delimiter, escapes_quotes(backslashed, told.delimiter, told.width))
    rest = iter(lines_of(text.encode()[told.body :].decode()))
    records = [values for _, values in records_of(rest, dialect) if any(value.strip() for value in values)]
    return tuple(name.strip() for name in told.names), records
