"""The file ``columns.csv``: a user's names for the columns of files that have no header.

Belongs here: reading it, and finding the line for a file. Does not belong here: using the names (``unpack``).

It lies beside the files, or in a folder above them up to the landing folder itself. An archive is a folder. It has
two columns: a pattern of file names (``*`` and ``?`` stand for any text and any letter), and the names, separated by
commas. The nearest file with a pattern that fits counts, and in it the first such pattern.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from pipelines.ingest import archives, csv_text
from pipelines.ingest.archives import Member

_LARGEST = 1 << 20
_HEADER = ("file", "columns")


class ColumnNames:
    """The ``columns.csv`` files in the landing folder and below. Each is read once, when it is first needed."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing
        self._read: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        self._members: dict[str, tuple[str, Member]] = {}

    def add_member(self, folder: str, archive: str, member: Member) -> None:
        """Let a file in an archive count: ``folder`` is where it lies, named as the files beside it are."""
        self._members[folder] = archive, member

    def for_file(self, name: str) -> tuple[str, ...]:
        """Return the names for a file, given by its own name (relative to the landing folder). Empty if none fit."""
        parts = name.split("/")
        for depth in range(len(parts) - 1, -1, -1):
            for pattern, names in self._lines("/".join(parts[:depth])):
                if fnmatchcase(parts[-1], pattern) or fnmatchcase("/".join(parts[depth:]), pattern):
                    return names
        return ()

    def _lines(self, folder: str) -> list[tuple[str, tuple[str, ...]]]:
        """Pattern and names of each line of the file in a folder; empty if there is none that can be read."""
        if folder not in self._read:
            try:
                self._read[folder] = _parsed(self._content(folder))
            except (OSError, csv_text.NotCsv, archives.Corrupt):
                self._read[folder] = []
        return self._read[folder]

    def _content(self, folder: str) -> bytes:
        """The bytes of the file in a folder; none if it is too large, or a link that leads out of the landing folder."""
        if (found := self._members.get(folder)) is not None:
            return b"".join(archives.read_member(*found)) if found[1].size <= _LARGEST else b""
        path = self._landing / folder / csv_text.NAMES
        if not path.resolve().is_relative_to(self._landing.resolve()) or path.stat().st_size > _LARGEST:
            return b""
        return path.read_bytes()


def _parsed(data: bytes) -> list[tuple[str, tuple[str, ...]]]:
    """Pattern and names of each line. Raises csv_text.NotCsv at a malformed one."""
    header, rows = csv_text.rows_of(data, lambda name: name.strip().lower() in _HEADER)
    places = [i for wanted in _HEADER for i, name in enumerate(header) if name.lower() == wanted]
    pattern, names = places if len(places) == len(_HEADER) else (0, 1)
    found = []
    for row in rows:
        if len(row) > max(pattern, names) and row[pattern].strip():
            # Names that are not quoted as one value fill the values after the first.
            listed = ",".join(row[names:]) if names > pattern else row[names]
            found.append((row[pattern].strip(), tuple(n.strip() for n in listed.split(",") if n.strip())))
    return found
