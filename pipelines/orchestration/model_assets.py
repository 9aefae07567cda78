"""The SQL files as Dagster assets: one for each table, with its dependencies, description and columns.

Belongs here: what Dagster shows of such a table. Does not belong here: how a table is built (``models``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import dagster as dg

from pipelines.models.lineage import Origin, lineage_of
from pipelines.models.sql_files import Model
from pipelines.orchestration.metadata import asset_key, code_reference, table_metadata, upstream_keys
from pipelines.orchestration.names import OWNERS, POOL
from pipelines.refresh import build_table, built_after_checks
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.tables import CHECK_LOG


def model_assets(models: Mapping[str, Model]) -> Iterator[dg.AssetsDefinition]:
    """Yield one asset for each model."""
    lineage = cache(lambda: lineage_of(models))  # only a run needs it
    for model in models.values():
        yield _model_asset(model, models, lineage)


def _dependencies(model: Model, models: Mapping[str, Model]) -> list[dg.AssetKey]:
    if CHECK_LOG not in model.upstream:
        return upstream_keys(model.upstream)
    # Every check writes to the log. A table that reads the log therefore comes after all tables that are built before
    # the checks. It is enough to depend on those of them that no other reads.
    last = built_after_checks(models)
    checked = {name: other.upstream for name, other in models.items() if name not in last}
    read = frozenset[str]().union(*checked.values())
    return upstream_keys((model.upstream - {CHECK_LOG}) | (checked.keys() - read))


def _model_asset(
    model: Model, models: Mapping[str, Model], lineage: Callable[[], Mapping[str, Mapping[str, list[Origin]]]]
) -> dg.AssetsDefinition:
    @dg.asset(
        key=asset_key(model.table),
        deps=_dependencies(model, models),
        group_name=model.group,
        description=model.description,
        owners=OWNERS,
        kinds={"sql", "duckdb"},
        pool=POOL,
        metadata={
            "key": ", ".join(model.key),
            **code_reference(model.path),
        },
    )
    def asset(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        extent = build_table(warehouse, model, models)
        known = table_metadata(warehouse.con, model.table, model.columns, metrics=model.metrics)
        return dg.MaterializeResult(
            metadata={**known, "built": extent, **_lineage(lineage().get(model.table))}
        )

    return asset


def _lineage(found: Mapping[str, list[Origin]] | None) -> dict[str, Any]:
    """Return the metadata with each column's origins; empty if they are not known."""
    if found is None:
        return {}
    deps = {
        column: [
            dg.TableColumnDep(asset_key=asset_key(table), column_name=name)
            for table, name in origins
            if upstream_keys([table]) == [asset_key(table)]
        ]
        for column, origins in found.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)}
