"""Ingest as Dagster assets: one for each resource, and one for the mapping.

Belongs here: what Dagster shows of a raw table and of the mapping. Does not belong here: how files are read
(``ingest``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from pipelines import sources
from pipelines.orchestration.metadata import code_reference, table_metadata, table_schema
from pipelines.orchestration.names import OWNERS, POOL
from pipelines.publish import personal_data
from pipelines.refresh import Run, ingest_resource, load_mapping
from pipelines.settings import ROOT
from pipelines.sources import COMMON_FIELDS, Resource
from pipelines.warehouse.tables import raw_columns

GROUP = "landing"

_DISPOSITION_COLUMNS = {
    "source": "The source of the value.",
    "field": "The field that holds the value.",
    "value": "The value as the source writes it. Case does not matter.",
    "label": "What the source calls the value.",
    "disposition": "The disposition that the value means.",
    "aapor_class": "The AAPOR class of the value, if it is not the default of its disposition.",
    "version": "The version of the mapping that last changed the line.",
    "note": "Why the value is mapped so.",
    "origin": "The file that holds the line: the project's own, or the landing folder's override.",
}


def _resource_asset(resource: Resource) -> dg.AssetsDefinition:
    columns = {field.name: field.description for field in (*resource.fields, *COMMON_FIELDS)}
    table = f"raw.{resource.table}"
    module = Path(sources.__file__).parent / f"{resource.source}.py"

    @dg.asset(
        key=["raw", resource.source, resource.name],
        group_name=GROUP,
        description=(
            f"{resource.description}\n\nRead from `{resource.source}/{resource.name}/` in the landing folder, and "
            f"stored in `raw.{resource.table}` with the latest version per {', '.join(resource.key)}."
        ),
        owners=OWNERS,
        kinds={"python", "duckdb"},
        pool=POOL,
        tags=personal_data.TAG if any(field.personal for field in resource.fields) else None,
        metadata={
            "dagster/column_schema": table_schema(table, columns, raw_columns(resource)),
            **code_reference(module),
        },
    )
    def asset(warehouse: dg.ResourceParam[Run]) -> dg.MaterializeResult[None]:
        result = ingest_resource(warehouse, resource)
        return dg.MaterializeResult(
            metadata={
                **table_metadata(warehouse.con, table, columns),
                "files_seen": result.files_seen,
                "files_read": result.files_read,
                "rows_read": result.rows_read,
                "rows_accepted": result.accepted,
                "rows_superseded": result.superseded,
                "rows_rejected": result.rejected,
            }
        )

    return asset


@dg.asset(
    key=["landing", "dispositions"],
    group_name=GROUP,
    description=(
        "One row per raw disposition, with the disposition that it means: the project's mapping, overridden by "
        "`dispositions.csv` in the landing folder if there is one. The same step loads the contact rules "
        "(`contact_rules.csv`), the purposes of campaigns (`purposes.csv`), the number plan, nicknames and holidays. Its "
        "log names files of the landing folder that nothing reads; `quality.notices` lists them."
    ),
    owners=OWNERS,
    kinds={"python", "duckdb", "csv"},
    pool=POOL,
    metadata=code_reference(ROOT / "data" / "dispositions.csv"),
)
def dispositions(warehouse: dg.ResourceParam[Run]) -> dg.MaterializeResult[None]:
    """Load the mapping, and log the files of the landing folder that nothing reads."""
    unread = load_mapping(warehouse)
    for each in unread:
        more = f" (and {each.files - 1} more there)" if each.files > 1 else ""
        name = personal_data.masked(warehouse.con, each.name)
        dg.get_dagster_logger().warning(f"not read: {name}{more}: {each.why}")
    return dg.MaterializeResult(
        metadata={
            **table_metadata(warehouse.con, "landing.dispositions", _DISPOSITION_COLUMNS),
            "files_not_read": sum(each.files for each in unread),
        }
    )


def landing_assets() -> Iterator[dg.AssetsDefinition]:
    """Yield the mapping's asset, and one asset for each resource."""
    yield dispositions
    for resource in sources.RESOURCES:
        yield _resource_asset(resource)
