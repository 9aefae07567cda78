"""The hand-over to analysts: one DuckDB file and one page, of the same run, put in place in one step.

Belongs here: how the old release gives way to the new one, and the published assets. Does not belong here: what is in
the file (``publish.duckdb_file``) or what the page looks like (``pipelines.report``).

The output folder's ``contact_ledger.duckdb`` and ``report`` point into the folder ``release``, itself a link to
the release in force. Renaming that one link changes both at once, so a reader sees the file and the page of one run, whenever
a run is killed. Whoever has the old file open keeps it.
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

# Draft
from pipelines.report import templates, write_report
from pipelines.settings import Settings
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import Draft, Warehouse

EXAMPLES = "examples.sql"
"""Questions to the published file, each with its query: beside the file, so that they fit it."""


def publish(warehouse: Warehouse, models: Mapping[str, Model]) -> dict[str, int]:
    """Publish the warehouse's tables and the report made from them. Returns rows by ``schema.table``.

    Everything is written beside the release in force, read back, flushed to disk and put in place by one rename.
    Raises PublicationError, and changes nothing, when what was written is not what was meant.
    """
    settings = warehouse.settings
    draft = warehouse.draft
    if draft is not None:
        if draft.is_open and _is_untouched(settings):
            return _publish(warehouse, draft)
        draft.discard()  # it was tried before, or somebody has written to what it was copied from
    with _drafted(warehouse, models) as draft:
        return _publish(warehouse, draft)


@contextmanager
def drafted(warehouse: Warehouse, models: Mapping[str, Model]) -> Iterator[Warehouse]:
    """The warehouse with its next published file, which takes in each table once it is built, while others still are.

    Only where the last file can be gone on with: a file that is written whole takes every core and much memory, and
    would be in the way of who builds the tables.
    """
    if run_log.in_force(warehouse.settings) is None or not _is_untouched(warehouse.settings):
        yield warehouse
        return
    with _drafted(warehouse, models) as draft:
        yield replace(warehouse, draft=draft)


@contextmanager
def _drafted(warehouse: Warehouse, models: Mapping[str, Model]) -> Iterator[Draft]:
    """A draft in a new release's folder, which is gone afterwards if it has not been put in force."""
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
    with suppress(
        duckdb.Error
    ):  # published it is; a warehouse that cannot write any more is told so by the next run
        run_log.finalize_runs(warehouse)
    return rows


def _put_in_force(settings: Settings, release: Path) -> None:
    output = settings.output
    for name in (settings.published_path.name, settings.report_path.parent.name, EXAMPLES):
        _link(output, name, f"release/{name}")
    # A log that an analyst's own writing session left beside the old file must not be replayed into the new one.
    settings.published_path.with_name(settings.published_path.name + ".wal").unlink(missing_ok=True)
    _link(output, "release", f"releases/{release.name}")


def _is_untouched(settings: Settings) -> bool:
    """Whether nobody has written to the published file since it was put in force: only then may the next start from it."""
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
    """Wait until everything below the folder is on disk: a rename must never point at pages that were still to come."""
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
    """Delete what earlier and interrupted publications left: giving back the space of a large file takes long.

    The release that was in force until the last publication stays until the next run, because opening a file takes
    more than one step: who had followed the links just before they changed must still find what they led to.
    """
    for folder in releases.iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
