"""What a publication rests on, and whether all of it still stands, so that a run would find nothing new.

Belongs here: the landing folder, the settings, the code and the day as one signature, kept beside each release. Does not
belong here: which tables have changed since they were built (``models.versions``), and what a run does if nothing is new
(``cli.terminal``). Nothing heavy is imported here: this is asked before anything else is loaded.

A publication rests on the names, sizes and times of all files in the landing folder, on the settings, on the project's
own files and the packages that they use, and on the day in the reporting time zone, whose last publication is kept. It
stands if none of these has changed, and if nobody has touched the warehouse, the published file or the page since.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.settings import ROOT, Settings

_NAME = "basis.json"
_PACKAGES = ("duckdb", "polars", "sqlglot", "great_expectations", "dagster")


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication and what it rests on. ``published_at`` is UTC, in ISO 8601."""

    run_id: str
    published_at: str
    signature: str
    files: dict[str, list[int] | None]
    """The warehouse, the published file and the page: each with its size (bytes) and its time of change (ns)."""


def signature(settings: Settings) -> str:
    """Return a hash of everything that a run's result follows from. Take it before the run reads anything.

    Raises OSError if a file of the project cannot be read. What cannot be read in the landing folder counts as it is.
    """
    found = hashlib.sha256()
    for line in (*_settings(settings), *_code(), *_landing(settings.landing)):
        found.update(line.encode(errors="surrogateescape"))
        found.update(b"\n")
    return found.hexdigest()


def note_publication(settings: Settings, run_id: str, rests_on: str) -> None:
    """Keep, beside the release in force, what it rests on. Call it after the warehouse was closed.

    If it cannot be kept, the next run finds nothing to compare with, and does everything.
    """
    known = Publication(run_id, datetime.now(UTC).isoformat(timespec="seconds"), rests_on, _files(settings))
    path = settings.output / "release" / _NAME
    beside = path.with_name(f".{_NAME}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(asdict(known)), encoding="utf-8")
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def standing_publication(settings: Settings) -> Publication | None:
    """Return the publication in force if all that it rests on still stands; None if a run may find something new."""
    try:
        known = Publication(**json.loads((settings.output / "release" / _NAME).read_text(encoding="utf-8")))
        stands = known.files == _files(settings) and known.signature == signature(settings)
    except (OSError, ValueError, TypeError):
        return None
    return known if stands else None


def _settings(settings: Settings) -> Iterator[str]:
    yield repr(settings)
    # The last publication of each day keeps its figures (``landing.daily_figures``).
    yield datetime.now(UTC).astimezone(ZoneInfo(settings.timezone)).date().isoformat()


def _code() -> Iterator[str]:
    yield sys.version
    yield from (f"{name} {version(name)}" for name in _PACKAGES)
    files = [path for folder in ("pipelines", "sql") for path in (ROOT / folder).rglob("*.*")]
    for path in sorted([*files, *(ROOT / "data").glob("*.csv")]):
        if path.parent.name != "__pycache__" and path.is_file():
            yield f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _landing(landing: Path) -> Iterator[str]:
    """Yield a line for each file and folder below the landing folder that is not hidden. It opens no file."""
    todo, seen = [str(landing)], set[str]()
    while todo:
        folder = todo.pop()
        real = os.path.realpath(folder)
        if real in seen:  # links in a circle
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield f"{folder} {error.errno}"
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                # The time of the last change of the entry itself tells that somebody has made the file readable.
                found = entry.stat()
                yield f"{entry.path} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
            except OSError as error:
                yield f"{entry.path} {error.errno}"
                continue
            if entry.is_dir():
                todo.append(entry.path)


def _files(settings: Settings) -> dict[str, list[int] | None]:
    log = settings.warehouse_path.with_name(f"{settings.warehouse_path.name}.wal")
    places = (settings.warehouse_path, log, settings.published_path, settings.report_path)
    return {path.name: _status(path) for path in places}


def _status(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_mtime_ns]
