"""The published file and the page as Dagster assets, made by one step.

Belongs here: what Dagster shows of a release. Does not belong here: how a release is put in force (``publish``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg

from pipelines.models.sql_files import Model
from pipelines.orchestration.metadata import asset_key, code_reference
from pipelines.orchestration.names import DATABASE, OWNERS, POOL, PUBLISHED, REPORT
from pipelines.publish.duckdb_file import STORAGE_VERSION
from pipelines.publish.release import publish
from pipelines.settings import ROOT
from pipelines.warehouse.connection import Warehouse


def published_assets(models: Mapping[str, Model], freshness: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """Return the definition of the two published assets. One step makes both, so both are always of the same run."""
    read = frozenset[str]().union(*(model.upstream for model in models.values()))
    last = [asset_key(table) for table in models if table not in read]

    @dg.multi_asset(
        name="publish",
        specs=[
            dg.AssetSpec(
                DATABASE,
                deps=last,
                group_name=PUBLISHED,
                owners=OWNERS,
                kinds={"duckdb"},
                freshness_policy=freshness,
                metadata=code_reference(ROOT / "pipelines" / "publish" / "duckdb_file.py"),
                description="The published file, for analysts: one DuckDB file with every published table and its "
                "comments, replaced in one step. "
                f"It opens in DuckDB {STORAGE_VERSION.removeprefix('v')} and later.",
            ),
            dg.AssetSpec(
                REPORT,
                deps=[DATABASE],
                group_name=PUBLISHED,
                owners=OWNERS,
                kinds={"html"},
                freshness_policy=freshness,
                metadata=code_reference(ROOT / "pipelines" / "report" / "page.py"),
                description="The page, for everyone: one HTML file, made from the published file, that needs no network.",
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
            asset_key=REPORT,
            metadata={
                "path": dg.MetadataValue.path(str(settings.report_path)),
                "size_mb": round(settings.report_path.stat().st_size / 1e6, 2),
            },
        )

    return asset
