"""The file ``columns.csv``: a user's names for the columns of files that have no header.

Belongs here: reading it, and finding the line for a file. Does not belong here: using the names (``unpack``).

It lies beside the files, or in a folder above them within the resource's folder. It has two columns: a pattern of file
names (``*`` and ``?`` stand for any text and any letter), and the names, separated by commas. The first pattern that
fits counts.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from pipelines.ingest import csv_text

_LARGEST = 1 << 20
_HEADER = ("file", "columns")


class ColumnNames:
    """The ``columns.csv`` files below the landing folder. Each is read once, when it is first needed."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing
        self._read: dict[str, list[tuple[str, tuple[str, ...]]]] = {}

    def for_file(self, name: str) -> tuple[str, ...]:
        """Return the names for a file, given by its own name (relative to the landing folder). Empty if none fit."""
        parts = name.split("/")
        for depth in range(len(parts) - 1, 1, -1):
            for pattern, names in self._lines("/".join(parts[:depth])):
                if fnmatchcase(parts[-1], pattern) or fnmatchcase("/".join(parts[depth:]), pattern):
                    return names
        return ()

    def _lines(self, folder: str) -> list[tuple[str, tuple[str, ...]]]:
        """Pattern and names of each line of the file in a folder; empty if there is none that can be read."""
        if folder not in self._read:
            self._read[folder] = _parsed(self._landing / folder / csv_text.NAMES, self._landing)
        return self._read[folder]


def _parsed(path: Path, landing: Path) -> list[tuple[str, tuple[str, ...]]]:
    try:
        if not path.resolve().is_relative_to(landing.resolve()) or path.stat().st_size > _LARGEST:
            return []
        header, rows = csv_text.rows_of(path.read_bytes(), lambda name: name.strip().lower() in _HEADER)
    except (OSError, csv_text.NotCsv):
        return []
    places = [i for wanted in _HEADER for i, name in enumerate(header) if name.lower() == wanted]
    pattern, names = places if len(places) == len(_HEADER) else (0, 1)
    found = []
    for row in rows:
        if len(row) > max(pattern, names) and row[pattern].strip():
            # Names that are not quoted as one value fill the values after the first.
            listed = ",".join(row[names:]) if names > pattern else row[names]
            found.append((row[pattern].strip(), tuple(n.strip() for n in listed.split(",") if n.strip())))
    return found
