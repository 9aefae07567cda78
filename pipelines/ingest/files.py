"""The landing folder as a list of files: which there are, which may be read, and what identifies their content.

Belongs here: walking, refusing and hashing, and what lies there and nobody reads. Does not belong here: what is in a
file (``unpack``, ``shapes``), and what is known of it from earlier runs (``run``). Nothing here or elsewhere in the
project writes to this folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.sources import RESOURCES

MAPPING = "dispositions.csv"
"""The file in the landing folder itself that overrides lines of the project's mapping."""

SOURCES = tuple(dict.fromkeys(resource.source for resource in RESOURCES))
_ENDINGS = ("json", "jsonl", "ndjson", "csv", "parquet")
_PACKED = ("gz", "zst")
_DATA = re.compile(rf"\.({'|'.join(_ENDINGS)})(\.({'|'.join(_PACKED)}))?$", re.IGNORECASE)
_CONTACT = re.compile(r"(?:^|/)contact(?:s/|_id=)(?P<contact>\d{1,18})(?=/|$|\.)")


@dataclass(frozen=True, slots=True)
class LandingFile:
    """One entry with a data file's name. ``refused`` says why it may not be read, None when it may."""

    path: str
    name: str
    """Relative to the landing folder, ``/`` between its parts."""
    size: int
    modified_ns: int
    refused: str | None = None

    @property
    def contact(self) -> str | None:
        """The contact that the path names (``contacts/76/…``, ``contact_id=76/…``), the innermost if several."""
        found = _CONTACT.findall(self.name)
        return str(found[-1]) if found else None

    @property
    def folder(self) -> str:
        """The folder it lies in, relative to the landing folder."""
        return self.name.rpartition("/")[0]


def find(landing: Path, source: str, resource: str) -> list[LandingFile]:
    """Every entry below ``<landing>/<source>/<resource>`` with a data file's name, by name; none when it is missing."""
    top = landing / source / resource
    inside = os.path.realpath(landing)
    name = f"{source}/{resource}"
    if not os.path.lexists(top):
        return []
    if not _within(os.path.realpath(top), inside):
        return [LandingFile(str(top), name, 0, 0, "a link that leads out of the landing folder")]
    if not top.is_dir():
        why = "no folder: make a folder of this name, and put the files into it"
        return [LandingFile(str(top), name, 0, 0, why)]
    return sorted(_walk(str(top), name, inside, frozenset()), key=lambda file: file.name)


@dataclass(frozen=True, slots=True)
class Unread:
    """Files of one place that no resource reads: the first of them, how many they are, and why."""

    name: str
    files: int
    why: str


def unread(landing: Path) -> list[Unread]:
    """What lies in the landing folder and is read by nobody, by name: a folder may be unknown_settings, a format unknown.

    Names that begin with a dot or an underscore are a tool's own, and a ``.md`` is for people.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for folder, folders, names in os.walk(landing):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        place = os.path.relpath(folder, landing)
        parts = [] if place == "." else place.split(os.sep)
        for name in sorted(names):
            if name.startswith((".", "_")) or name.lower().endswith(".md"):
                continue
            if (why := _why_unread(parts, name)) is not None:
                found.setdefault(("/".join(parts[:2]), why), []).append("/".join([*parts, name]))
    return [
        Unread(names[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace"), len(names), why)
        for (_, why), names in found.items()
    ]


def note_unread(con: duckdb.DuckDBPyConnection, landing: Path) -> list[Unread]:
    """Keep what ``unread`` finds in ``landing.notices``, code ``not_read``, in place of what was found before."""
    found = unread(landing)
    con.execute("BEGIN")
    try:
        con.execute("DELETE FROM landing.notices WHERE code = 'not_read'")
        for each in found:
            con.execute(
                "INSERT INTO landing.notices (file, code, rows, detail) VALUES (?, 'not_read', ?, ?)",
                [each.name, each.files, each.why],
            )
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
    return found


def _why_unread(parts: list[str], name: str) -> str | None:
    """Why no resource reads a file in this folder; None when one does. The words quote no name: the file has it."""
    if not parts and name == MAPPING:
        return None
    if not parts or parts[0] not in SOURCES:
        return f"it lies in no source's folder; there are {', '.join(SOURCES)}"
    resources = [resource.name for resource in RESOURCES if resource.source == parts[0]]
    if len(parts) == 1 and name in resources:
        return None  # in the place of a resource's folder: told by ``find``
    if len(parts) == 1 or parts[1] not in resources:
        return f"it lies in no resource's folder of {parts[0]}; there are {', '.join(resources)}"
    if _DATA.search(name) is None:
        plain, packed = ", .".join(_ENDINGS), " or .".join(_PACKED)
        return f"its name ends in none of .{plain}, nor in one of them with .{packed}"
    return None


def fingerprint(path: str) -> str:
    """SHA-256 of the file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _walk(folder: str, name: str, inside: str, above: frozenset[str]) -> Iterator[LandingFile]:
    real = os.path.realpath(folder)
    if real in above:  # a link back to a folder that it lies in
        return
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        yield LandingFile(folder, name, 0, 0, f"a folder that cannot be listed: {error.strerror}")
        return
    for entry in entries:
        if not entry.name.startswith("."):  # what is being copied in, or a desktop's own
            yield from _entry(entry, f"{name}/{entry.name}", inside, above | {real})


def _entry(entry: os.DirEntry[str], name: str, inside: str, above: frozenset[str]) -> Iterator[LandingFile]:
    is_data = _DATA.search(entry.name) is not None
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def refused(why: str) -> LandingFile:
        return LandingFile(entry.path, shown, 0, 0, why)

    try:
        if entry.is_symlink() and not _within(os.path.realpath(entry.path), inside):
            if is_data or entry.is_dir():
                yield refused("a link that leads out of the landing folder")
            return
        status = entry.stat()
    except OSError as error:
        if is_data:
            yield refused(f"cannot be opened: {error.strerror}")
        return
    if stat.S_ISDIR(status.st_mode):
        if is_data:
            yield refused("a folder with the name of a file")
        yield from _walk(entry.path, name, inside, above)
    elif not is_data:
        return
    elif not stat.S_ISREG(status.st_mode):
        yield refused("not a regular file")
    elif shown != name:
        yield refused("its name is not UTF-8")
    elif not os.access(entry.path, os.R_OK):
        yield refused("no permission to read it")
    else:
        yield LandingFile(entry.path, name, status.st_size, status.st_mtime_ns)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
