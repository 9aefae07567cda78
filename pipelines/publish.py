"""The hand-over to analysts: one DuckDB file and one page, of the same run, put in place in one step.

Belongs here: how the old release gives way to the new one, and the published assets. Does not belong here: what is in
the file (``pipelines.database``) or what the page looks like (``pipelines.report``).

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
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb

from pipelines import history
from pipelines.catalog import OWNERS, POOL, asset_key, code_reference
from pipelines.database import STORAGE_VERSION, Draft
from pipelines.models import SQL_ROOT, Model
from pipelines.report import templates, write_report
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

GROUP = "published"
DATABASE = dg.AssetKey([GROUP, "contact_ledger"])
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
        draft.close()  # it was tried before, or somebody has written to what it was copied from
    with _drafted(warehouse, models) as draft:
        return _publish(warehouse, draft)


@contextmanager
def drafted(warehouse: Warehouse, models: Mapping[str, Model]) -> Iterator[Warehouse]:
    """The warehouse with its next published file, which takes in each table once it is built, while others still are.

    Only where the last file can be gone on with: a file that is written whole takes every core and much memory, and
    would be in the way of who builds the tables.
    """
    if history.in_force(warehouse.settings) is None or not _is_untouched(warehouse.settings):
        yield warehouse
        return
    with _drafted(warehouse, models) as draft:
        yield replace(warehouse, draft=draft)


@contextmanager
def _drafted(warehouse: Warehouse, models: Mapping[str, Model]) -> Iterator[Draft]:
    """A draft in a new release's folder, which is gone afterwards if it has not been put in force."""
    settings = warehouse.settings
    before = history.in_force(settings)
    release = settings.output / "releases" / uuid.uuid4().hex
    release.mkdir(parents=True)
    last = release.with_name(before) if before and _is_untouched(settings) else None
    try:
        with (
            ThreadPoolExecutor(max_workers=1) as beside,
            closing(Draft(warehouse.con, release / settings.published_path.name, models, last)) as draft,
        ):
            beside.submit(_clear, release.parent, (release.name, before))
            beside.submit(templates)
            yield draft
    finally:
        if history.in_force(settings) != release.name:
            shutil.rmtree(release, ignore_errors=True)


def _publish(warehouse: Warehouse, draft: Draft) -> dict[str, int]:
    settings, release = warehouse.settings, draft.path.parent
    try:
        read_back = draft.finish()
        write_report(draft.path, release / settings.report_path.parent.name)
        rows = read_back.result()
        shutil.copyfile(SQL_ROOT / EXAMPLES, release / EXAMPLES)
        _flush(release)
        history.announce(warehouse, release.name)
        _put_in_force(settings, release)
    except BaseException:
        if history.in_force(settings) != release.name:
            draft.close()
            shutil.rmtree(release, ignore_errors=True)
        raise
    with suppress(
        duckdb.Error
    ):  # published it is; a warehouse that cannot write any more is told so by the next run
        history.settle(warehouse)
    return rows


def published_assets(models: Mapping[str, Model], freshness: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """The two published assets, made together: neither is ever of another run than the other."""
    read = frozenset[str]().union(*(model.upstream for model in models.values()))
    last = [asset_key(table) for table in models if table not in read]
    report = dg.AssetKey(["published", "report"])

    @dg.multi_asset(
        name="publish",
        specs=[
            dg.AssetSpec(
                DATABASE,
                deps=last,
                group_name=GROUP,
                owners=OWNERS,
                kinds={"duckdb"},
                freshness_policy=freshness,
                metadata=code_reference(Path(__file__)),
                description="The file analysts open: every published table, commented, in one DuckDB file that is "
                f"replaced in one step. Opens in DuckDB {STORAGE_VERSION.removeprefix('v')} and later.",
            ),
            dg.AssetSpec(
                report,
                deps=[DATABASE],
                group_name=GROUP,
                owners=OWNERS,
                kinds={"html"},
                freshness_policy=freshness,
                metadata=code_reference(Path(__file__).parent / "report" / "page.py"),
                description="The page anyone opens: one self-contained HTML file, made from the published file.",
            ),
        ],
        pool=POOL,
    )
    def asset(warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.MaterializeResult[None]]:
        rows = publish(warehouse, models)
        settings = warehouse.settings
        yield dg.MaterializeResult(
            asset_key=DATABASE,
            metadata={
                "path": dg.MetadataValue.path(str(settings.published_path)),
                "dagster/row_count": sum(rows.values()),
                "tables": len(rows),
                "size_mb": round(settings.published_path.stat().st_size / 1e6, 2),
            },
        )
        yield dg.MaterializeResult(
            asset_key=report,
            metadata={
                "path": dg.MetadataValue.path(str(settings.report_path)),
                "size_mb": round(settings.report_path.stat().st_size / 1e6, 2),
            },
        )

    return asset


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
