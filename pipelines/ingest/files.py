"""The landing folder as a list of files: which there are, which can be read, and a hash of their content.

Belongs here: listing, refusing and hashing files, and reporting those that no resource reads. Does not belong here:
what a file contains (``unpack``, ``shapes``), how a zip archive is read (``archives``), and what earlier runs know about
a file (``run``). Nothing here or elsewhere in the project writes to this folder.

A file in a zip archive is a file of its own, as if the archive were a folder: ``full.zip/full.csv``.
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

from pipelines.ingest import archives, csv_text
from pipelines.ingest.archives import Member
from pipelines.ingest.column_names import ColumnNames
from pipelines.sources import RESOURCES, Resource
from pipelines.sql_text import transaction

MAPPING = "dispositions.csv"
"""The file in the landing folder itself that overrides lines of the project's mapping."""

CONTACT_RULES = "contact_rules.csv"
"""The file in the landing folder itself that overrides the project's contact rules, or adds some."""

PURPOSES = "purposes.csv"
"""The file in the landing folder itself that says what each campaign is for."""

OWN_FILES = (MAPPING, CONTACT_RULES, PURPOSES)
"""The files in the landing folder itself that say how to read and to judge what lies below it."""

SOURCES = tuple(dict.fromkeys(resource.source for resource in RESOURCES))

_ENDINGS = tuple("json jsonl ndjson csv tsv txt parquet avro xlsx xlsm sqlite sqlite3 db duckdb".split())
_PACKED = ("gz", "zst", "bz2", "xz")
_LAYERS = rf"(\.({'|'.join(_PACKED)})){{0,{archives.LAYERS}}}"
_NAMED = re.compile(rf".*\.({'|'.join(_ENDINGS)}){_LAYERS}|.*\.zip", re.IGNORECASE | re.DOTALL)
_UNNAMED = re.compile(rf"([^.]+|.*\.[0-9_-]+){_LAYERS}", re.IGNORECASE | re.DOTALL)
"""No ending, or digits in its place (``0000_part_00``, ``export.2026-10-20``): warehouses write such names."""

_MANIFEST = re.compile(r"manifest(\.json)?$", re.IGNORECASE)
_BESIDE_DATABASE = re.compile(r"\.(sqlite3?|db|duckdb)(-wal|-shm|-journal|\.wal)$", re.IGNORECASE)
_UNSAVED = ("-wal", "-journal", ".wal")
"""What the name of a database's file ends in that holds changes which are not in the database yet."""

_UNKNOWN_ENDING = (
    f"its name ends in none of .{', .'.join(_ENDINGS)}, .zip, nor in one of them with .{', .'.join(_PACKED[:-1])} "
    f"or .{_PACKED[-1]}"
)
_TAR = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz)$", re.IGNORECASE)
_IS_TAR = "a tar archive is not read: unpack it, and put the files that are in it into the folder"
_TOOLS_OWN = "names that begin with _ are left alone: they belong to the tool that wrote the files"
_TABLE_LOG = "the log of a table format is not read, so files that the table has dropped are read too"
_IS_MANIFEST = "a manifest is left alone: it lists files, and says nothing of contacts"


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
    member: Member | None = None
    """Set if it is a file in the zip archive at ``path``. Its time of change is the archive's."""

    def is_unchanged(self) -> bool:
        """True if the file is as it was when it was listed. Raises OSError if it cannot be looked at."""
        status = os.stat(self.path)
        size = self.size if self.member is None else self.member.archive_size
        return (status.st_size, status.st_mtime_ns) == (size, self.modified_ns)


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

        Names that begin with a dot are left out, and a ``.md``, which is for people. So are names that begin with an
        underscore, outside of the resources' folders.
        """
        others = [other for resource in RESOURCES for other in self._list(resource).others]
        for parts, name in self._elsewhere():
            if (why := _why_unread(parts, name)) is not None:
                others.append(("/".join([*parts, name]), why))
        found: dict[tuple[str, str], list[str]] = {}
        for path, why in sorted(others, key=lambda other: other[0].split("/")):
            found.setdefault(("/".join(path.split("/")[:-1][:2]), why), []).append(path)
        return [Unread(_as_text(names[0]), len(names), why) for (_, why), names in found.items()]

    def _list(self, resource: Resource) -> _Listing:
        if resource.full_name not in self._listed:
            listing = _Listing(str(self.real_path))
            listing.enter_resource(resource)
            for folder, (archive, member) in listing.column_names.items():
                self._column_names.add_member(folder, archive, member)
            listing.files = [
                replace(file, columns=self._column_names.for_file(file.name))
                for file in sorted(listing.files, key=lambda file: file.name)
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
            yield from ((parts, name) for name in names if not name.startswith("_") and not _is_private(name))


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


def fingerprint(file: LandingFile) -> str:
    """SHA-256 of the file's bytes, as they lie there or in the archive. A damaged archive has a hash, too."""
    if file.member is None:
        with open(file.path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    try:
        for chunk in archives.read_member(file.path, file.member):
            digest.update(chunk)
    except archives.Corrupt as error:
        digest.update(f"\0{error}".encode())
    return digest.hexdigest()


def _why_unread(parts: list[str], name: str) -> str | None:
    """Why no resource reads a file of this name in this folder; None if one does. It quotes no name: the file has it."""
    if not parts and name in OWN_FILES:
        return None
    if name == csv_text.NAMES and (not parts or (len(parts) == 1 and parts[0] in SOURCES)):
        return None
    if not parts or parts[0] not in SOURCES:
        return f"it lies in no source's folder; there are {', '.join(SOURCES)}"
    resources = [resource.name for resource in RESOURCES if resource.source == parts[0]]
    if len(parts) == 1 and name in resources:
        return None  # in the place of a resource's folder: refused there
    if len(parts) == 1 or parts[1] not in resources:
        return f"it lies in no resource's folder of {parts[0]}; there are {', '.join(resources)}"
    return None


def _is_private(name: str) -> bool:
    """True for a name that no warning names: hidden, for people, or another program's while it works on a file."""
    return (
        name.startswith((".", "~$"))
        or name.lower().endswith(".md")
        or name.lower() == "thumbs.db"
        or _BESIDE_DATABASE.search(name) is not None
    )


def _is_data(name: str) -> bool:
    """True for the name of a data file."""
    return (_NAMED.fullmatch(name) or _UNNAMED.fullmatch(name)) is not None


def _as_text(name: str) -> str:
    """The name with a replacement character for each byte that is not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(slots=True)
class _Listing:
    """What lies below one resource's folder: files with a data file's name, and others with the reason to report them.

    ``inside`` is the landing folder's real path: no link may lead out of it.
    """

    inside: str
    files: list[LandingFile] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    column_names: dict[str, tuple[str, Member]] = field(default_factory=dict)
    """The files in archives that name columns (``column_names``), by folder: the archive and the member."""

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
        names = {entry.name for entry in entries}
        if os.path.basename(folder) == "metadata" and _is_table_log(names):
            if reports:
                self.others.append((name, _TABLE_LOG))
            return
        for entry in entries:
            why = _why_left(entry.name, is_folder=_is_folder(entry))
            if why is None:
                unsaved = any(entry.name + ending in names for ending in _UNSAVED)
                self._enter(entry, f"{name}/{entry.name}", above | {real}, reports=reports, unsaved=unsaved)
            elif why and reports:
                self.others.append((f"{name}/{entry.name}", why))

    def _enter(
        self, entry: os.DirEntry[str], name: str, above: frozenset[str], *, reports: bool, unsaved: bool
    ) -> None:
        shown = _as_text(name)
        try:
            if entry.is_symlink() and not _is_within(os.path.realpath(entry.path), self.inside):
                self._refuse(entry.path, shown, "a link that leads out of the landing folder")
                return
            status = entry.stat()
        except OSError as error:
            self._refuse(entry.path, shown, f"cannot be opened: {error.strerror}")
            return
        if stat.S_ISDIR(status.st_mode):
            if _NAMED.fullmatch(entry.name):
                self._refuse(entry.path, shown, "a folder with the name of a file")
            self._enter_folder(entry.path, name, above, reports=reports and not entry.is_symlink())
        elif not stat.S_ISREG(status.st_mode):
            self._refuse(entry.path, shown, "not a regular file")
        elif shown != name:
            self._refuse(entry.path, shown, "its name is not UTF-8")
        elif not os.access(entry.path, os.R_OK):
            self._refuse(entry.path, shown, "no permission to read it")
        elif unsaved and _holds_changes(entry.path):
            self._refuse(
                entry.path,
                shown,
                "a database with unsaved changes beside it: close the program that writes it",
            )
        elif entry.name.lower().endswith(".zip"):
            self._enter_archive(entry.path, name, status, reports=reports)
        else:
            self.files.append(LandingFile(entry.path, name, status.st_size, status.st_mtime_ns))

    def _enter_archive(self, path: str, name: str, status: os.stat_result, *, reports: bool) -> None:
        """List a zip archive as if it were a folder. Only its directory is read."""
        try:
            members = archives.members(path, status.st_size)
        except archives.Corrupt as error:
            self._refuse(path, name, str(error))
            return
        except OSError as error:
            self._refuse(path, name, f"cannot be opened: {error.strerror}")
            return
        taken: set[str] = set()
        for member in members:
            *folders, last = [part for part in member.name.split("/") if part not in ("", ".", "..")] or ["-"]
            whys = [_why_left(folder, is_folder=True) for folder in folders] + [
                _why_left(last, is_folder=False)
            ]
            why = next((why for why in whys if why is not None), None) if "__MACOSX" not in folders else ""
            shown = "/".join([name, *folders, last])
            if last == csv_text.NAMES and member.refused is None:
                self.column_names.setdefault("/".join([name, *folders]), (path, member))
            if why is None:
                number = 1
                while (own := shown if number == 1 else f"{shown} ({number})") in taken:
                    number += 1
                taken.add(own)
                refused = member.refused
                if refused is None and last.lower().endswith(".zip"):
                    refused = (
                        "an archive in an archive: unpack it once, and put what is in it into the folder"
                    )
                if refused is None:
                    self.files.append(LandingFile(path, own, member.size, status.st_mtime_ns, member=member))
                else:
                    self._refuse(path, own, refused)
            elif why and reports:
                self.others.append((shown, why))
        if not taken and reports:
            self.others.append((name, "an archive without a data file"))

    def _refuse(self, path: str, name: str, why: str) -> None:
        self.files.append(LandingFile(path, name, 0, 0, why))


def _why_left(name: str, *, is_folder: bool) -> str | None:
    """Why an entry is not read, as told; empty if that is not told. None for a data file, or a folder to look into."""
    if name.startswith("_"):
        return _TABLE_LOG if name == "_delta_log" else _TOOLS_OWN
    if name.startswith("."):  # a file that is still being copied, or the desktop's own
        return ""
    if is_folder:
        return None
    if _is_private(name) or name == csv_text.NAMES:
        return ""
    if _MANIFEST.search(name):
        return _IS_MANIFEST
    if _TAR.search(name):
        return _IS_TAR
    return None if _is_data(name) else _UNKNOWN_ENDING


def _is_table_log(names: set[str]) -> bool:
    """True if a folder ``metadata`` with these names in it is that of a table format, and holds no data."""
    return "version-hint.text" in names or any(name.endswith(".metadata.json") for name in names)


def _holds_changes(path: str) -> bool:
    """True if changes lie beside a database that are not in it yet: a reader of the file alone would miss them."""
    for ending in _UNSAVED:
        try:
            if os.path.getsize(path + ending):
                return True
        except OSError:
            continue  # the usual case: there is none
    return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
