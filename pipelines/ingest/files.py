"""The landing folder as a list of files: which there are, which can be read, and a hash of their content.

Belongs here: listing, refusing and hashing files, and reporting those that no resource reads. Does not belong here:
what a file contains (``unpack``, ``shapes``), and what earlier runs know about it (``run``). Nothing here or elsewhere
in the project writes to this folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import duckdb

from pipelines.ingest import csv_text
from pipelines.ingest.column_names import ColumnNames
from pipelines.sources import RESOURCES, Resource
from pipelines.sql_text import transaction

MAPPING = "dispositions.csv"
"""The file in the landing folder itself that overrides lines of the project's mapping."""

SOURCES = tuple(dict.fromkeys(resource.source for resource in RESOURCES))
_ENDINGS = ("json", "jsonl", "ndjson", "csv", "parquet")
_PACKED = ("gz", "zst")
_DATA = re.compile(rf"\.({'|'.join(_ENDINGS)})(\.({'|'.join(_PACKED)}))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LandingFile:
    """One entry with a data file's name. ``refused`` says why it cannot be read; it is None when it can."""

    path: str
    name: str
    """Relative to the landing folder, with ``/`` between its parts."""
    size: int
    modified_ns: int
    refused: str | None = None
    columns: tuple[str, ...] = ()
    """The names of its columns, which a user gives for a file without a header."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Files in one place that no resource reads: the first name, the number of files, and why."""

    name: str
    files: int
    why: str


class LandingFolder:
    """The landing folder as it is during one run: each folder in it is listed once, when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # A file is known by its name below the landing folder, whatever links lead to that folder.
        self.real_path = Path(os.path.realpath(path))
        self._listed: dict[str, _Listing] = {}
        self._column_names = ColumnNames(self.real_path)

    def files(self, resource: Resource) -> list[LandingFile]:
        """Every entry below ``<landing>/<source>/<resource>`` that has a data file's name, by name.

        Empty when there is no such folder.
        """
        return self._list(resource).files

    @cached_property
    def unread(self) -> list[Unread]:
        """The files that no resource reads, by name: their folder is unknown, or their format is.

        Names that begin with a dot or an underscore belong to a tool, and a ``.md`` is for people: they are left out.
        """
        others = [other for resource in RESOURCES for other in self._list(resource).others]
        found: dict[tuple[str, str], list[str]] = {}
        for parts, name in sorted([*self._elsewhere(), *others]):
            if (why := _why_unread(parts, name)) is not None:
                found.setdefault(("/".join(parts[:2]), why), []).append("/".join([*parts, name]))
        return [Unread(_as_text(names[0]), len(names), why) for (_, why), names in found.items()]

    def _list(self, resource: Resource) -> _Listing:
        if resource.full_name not in self._listed:
            listing = _Listing(str(self.real_path))
            listing.enter_resource(resource)
            listing.files = [
                replace(file, columns=self._column_names.for_file(file.name))
                for file in sorted(listing.files, key=lambda file: file.name)
                if file.name.rpartition("/")[2] != csv_text.NAMES
            ]
            self._listed[resource.full_name] = listing
        return self._listed[resource.full_name]

    def _elsewhere(self) -> Iterator[tuple[list[str], str]]:
        """Folder (its parts) and name of every file outside the resources' folders that may have to be reported."""
        read = {(resource.source, resource.name) for resource in RESOURCES}
        for folder, folders, names in os.walk(self.real_path):
            place = os.path.relpath(folder, self.real_path)
            parts = [] if place == "." else place.split(os.sep)
            folders[:] = [
                name for name in folders if not name.startswith((".", "_")) and (*parts, name) not in read
            ]
            yield from ((parts, name) for name in names if not _is_private(name))


def note_unread(con: duckdb.DuckDBPyConnection, landing: LandingFolder) -> list[Unread]:
    """Write the files that no resource reads to ``landing.notices`` (code ``not_read``), instead of the last run's."""
    with transaction(con):
        con.execute("DELETE FROM landing.notices WHERE code = 'not_read'")
        for each in landing.unread:
            con.execute(
                "INSERT INTO landing.notices (file, code, rows, detail) VALUES (?, 'not_read', ?, ?)",
                [each.name, each.files, each.why],
            )
    return landing.unread


def fingerprint(path: str) -> str:
    """SHA-256 of the file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _why_unread(parts: list[str], name: str) -> str | None:
    """Why no resource reads a file of this name in this folder; None if one does. It quotes no name: the file has it."""
    if not parts and name == MAPPING:
        return None
    if not parts or parts[0] not in SOURCES:
        return f"it lies in no source's folder; there are {', '.join(SOURCES)}"
    resources = [resource.name for resource in RESOURCES if resource.source == parts[0]]
    if len(parts) == 1 and name in resources:
        return None  # in the place of a resource's folder: refused there
    if len(parts) == 1 or parts[1] not in resources:
        return f"it lies in no resource's folder of {parts[0]}; there are {', '.join(resources)}"
    if _DATA.search(name) is None:
        plain, packed = ", .".join(_ENDINGS), " or .".join(_PACKED)
        return f"its name ends in none of .{plain}, nor in one of them with .{packed}"
    return None


def _is_private(name: str) -> bool:
    return name.startswith((".", "_")) or name.lower().endswith(".md")


def _as_text(name: str) -> str:
    """The name with a replacement character for each byte that is not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(slots=True)
class _Listing:
    """What lies below one resource's folder: files with a data file's name, and others that have to be reported.

    ``inside`` is the landing folder's real path: no link may lead out of it.
    """

    inside: str
    files: list[LandingFile] = field(default_factory=list)
    others: list[tuple[list[str], str]] = field(default_factory=list)

    def enter_resource(self, resource: Resource) -> None:
        """List the resource's folder, and every folder below it."""
        top = f"{self.inside}/{resource.source}/{resource.name}"
        name = f"{resource.source}/{resource.name}"
        if not os.path.lexists(top):
            return
        if not _is_within(os.path.realpath(top), self.inside):
            self._refuse(top, name, "a link that leads out of the landing folder")
        elif not os.path.isdir(top):
            self._refuse(top, name, "no folder: make a folder of this name, and put the files into it")
        else:
            through_link = os.path.islink(top) or os.path.islink(os.path.dirname(top))
            self._enter_folder(top, name, frozenset(), reports=not through_link)

    def _enter_folder(self, folder: str, name: str, above: frozenset[str], *, reports: bool) -> None:
        """List one folder. ``above``: the folders that it lies in. ``reports``: report the files that are not data."""
        real = os.path.realpath(folder)
        if real in above:  # a link back to a folder that it lies in
            return
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            self._refuse(folder, name, f"a folder that cannot be listed: {error.strerror}")
            return
        for entry in entries:
            if not entry.name.startswith("."):  # a file that is still being copied, or the desktop's own
                if reports and not _is_private(entry.name) and not _is_data(entry) and not _is_folder(entry):
                    self.others.append((name.split("/"), entry.name))
                self._enter(entry, f"{name}/{entry.name}", above | {real}, reports=reports)

    def _enter(self, entry: os.DirEntry[str], name: str, above: frozenset[str], *, reports: bool) -> None:
        is_data = _is_data(entry)
        shown = _as_text(name)
        try:
            if entry.is_symlink() and not _is_within(os.path.realpath(entry.path), self.inside):
                if is_data or entry.is_dir():
                    self._refuse(entry.path, shown, "a link that leads out of the landing folder")
                return
            status = entry.stat()
        except OSError as error:
            if is_data:
                self._refuse(entry.path, shown, f"cannot be opened: {error.strerror}")
            return
        if stat.S_ISDIR(status.st_mode):
            if is_data:
                self._refuse(entry.path, shown, "a folder with the name of a file")
            below = reports and not entry.is_symlink() and not entry.name.startswith("_")
            self._enter_folder(entry.path, name, above, reports=below)
        elif not is_data:
            return
        elif not stat.S_ISREG(status.st_mode):
            self._refuse(entry.path, shown, "not a regular file")
        elif shown != name:
            self._refuse(entry.path, shown, "its name is not UTF-8")
        elif not os.access(entry.path, os.R_OK):
            self._refuse(entry.path, shown, "no permission to read it")
        else:
            self.files.append(LandingFile(entry.path, name, status.st_size, status.st_mtime_ns))

    def _refuse(self, path: str, name: str, why: str) -> None:
        self.files.append(LandingFile(path, name, 0, 0, why))


def _is_data(entry: os.DirEntry[str]) -> bool:
    return _DATA.search(entry.name) is not None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
