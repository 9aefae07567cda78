"""The release: one run's published file and page, put in force in one step.

Belongs here: writing a release, and putting it in force. Does not belong here: what is in the file
(``publish.duckdb_file``) or what the page looks like (``pipelines.report``).

In the output folder, ``contact_ledger.duckdb`` and ``report`` are links into ``release``, which is a link to the release
in force. Renaming that one link changes both at once. A reader therefore always sees the file and the page of one run,
even if a run is killed. Whoever has the old file open keeps it.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from pipelines.models.sql_files import SQL_ROOT, Model
from pipelines.publish.duckdb_file import DuckDBDraft
from pipelines.publish.personal_data import withhold_errors
from pipelines.report import templates, write_report
from pipelines.settings import Settings
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import Draft, Warehouse

EXAMPLES = "examples.sql"
"""Questions to the published file, each with its query. A release holds the questions that fit its file."""


def publish(warehouse: Warehouse, models: Mapping[str, Model]) -> dict[str, int]:
    """Write the published file and the page, and put them in force. Returns rows by ``schema.table``.

    Both are written beside the release in force, read back and flushed to disk; one rename puts them in force. Raises
    PublicationError, and changes nothing, if the file differs from the warehouse.
    """
    settings = warehouse.settings
    draft = warehouse.draft
    with withhold_errors(warehouse.con):
        if draft is not None:
            if draft.is_open and _is_untouched(settings):
                return _publish(warehouse, draft)
            draft.discard()  # ``close`` was called before, or somebody has written to the file it was copied from
        with _drafted(warehouse, models) as draft:
            return _publish(warehouse, draft)


@contextmanager
def drafted(warehouse: Warehouse, models: Mapping[str, Model]) -> Iterator[Warehouse]:
    """Yield the warehouse with a draft, into which each table is copied once it is built.

    Without a release in force, or if its file was modified, the warehouse has no draft while tables are built: writing
    the file whole takes every core and much memory, and would slow the building.
    """
    if run_log.in_force(warehouse.settings) is None or not _is_untouched(warehouse.settings):
        yield warehouse
        return
    with _drafted(warehouse, models) as draft:
        yield replace(warehouse, draft=draft)


@contextmanager
def _drafted(warehouse: Warehouse, models: Mapping[str, Model]) -> Iterator[Draft]:
    """Yield a draft in the folder of a new release. The folder is deleted at the end unless the release is in force."""
    settings = warehouse.settings
    before = run_log.in_force(settings)
    release = settings.output / "releases" / uuid.uuid4().hex
    release.mkdir(parents=True)
    last = release.with_name(before) if before and _is_untouched(settings) else None
    try:
        with ThreadPoolExecutor(max_workers=1) as beside, ExitStack() as stack:
            draft = DuckDBDraft(warehouse.con, release / settings.published_path.name, models, last)
            stack.callback(draft.discard)
            beside.submit(_clear, release.parent, (release.name, before))
            beside.submit(templates)
            yield draft
    finally:
        if run_log.in_force(settings) != release.name:
            shutil.rmtree(release, ignore_errors=True)


def _publish(warehouse: Warehouse, draft: Draft) -> dict[str, int]:
    settings, release = warehouse.settings, draft.path.parent
    try:
        read_back = draft.close()
        write_report(draft.path, release / settings.report_path.parent.name)
        rows = read_back.result()
        shutil.copyfile(SQL_ROOT / EXAMPLES, release / EXAMPLES)
        _flush(release)
        run_log.record_release(warehouse, release.name)
        _put_in_force(settings, release)
    except BaseException:
        if run_log.in_force(settings) != release.name:
            draft.discard()
            shutil.rmtree(release, ignore_errors=True)
        raise
    # The release is in force. If the warehouse can no longer be written to, the next run says so.
    with suppress(duckdb.Error):
        run_log.finalize_runs(warehouse)
    return rows


def _put_in_force(settings: Settings, release: Path) -> None:
    output = settings.output
    for name in (settings.published_path.name, settings.report_path.parent.name, EXAMPLES):
        _link(output, name, f"release/{name}")
    # If an analyst wrote to the old file, DuckDB may have left a write-ahead log. It must not enter the new file.
    settings.published_path.with_name(settings.published_path.name + ".wal").unlink(missing_ok=True)
    _link(output, "release", f"releases/{release.name}")


def _is_untouched(settings: Settings) -> bool:
    """True if the published file is unmodified since its release. Only then may the next file start as a copy of it."""
    try:
        put_in_force = os.lstat(settings.output / "release").st_mtime_ns
        return settings.published_path.stat().st_mtime_ns <= put_in_force
    except OSError:
        return False


def _link(folder: Path, name: str, target: str) -> None:
    path = folder / name
    if path.is_symlink() and os.readlink(path) == target:
        return
    beside = folder / f".{name}.next"
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    os.replace(beside, path)
    _flush_file(folder)


def _flush(folder: Path) -> None:
    """Wait until everything below the folder is on disk, so that a link never leads to files that are not."""
    for base, _, files in os.walk(folder, topdown=False):
        for name in files:
            _flush_file(Path(base) / name)
        _flush_file(Path(base))
    _flush_file(folder.parent)


def _flush_file(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear(releases: Path, kept: Collection[str | None]) -> None:
    """Delete the releases that are not in ``kept``. Runs in a thread, because deleting a large file takes long.

    The release that was in force until the last publication stays until the next run. Opening a file takes more than one
    step: a reader who followed the links just before they changed must still find the file.
    """
    for folder in releases.iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
