"""What Dagster shows of a table: its asset key, its upstream assets, its columns, and its metadata after a build.

Belongs here: what the assets of raw tables and of SQL files share. Does not belong here: how either is built.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from pipelines.models.known_rows import EARLIER
from pipelines.models.sql_files import HASH_COLUMN
from pipelines.publish import personal_data
from pipelines.sources import RESOURCES
from pipelines.sql_text import quoted

_RAW_KEYS = {f"raw.{r.table}": dg.AssetKey(["raw", r.source, r.name]) for r in RESOURCES}
_OF_THE_RUN = frozenset(
    {
        "landing.settings",
        "landing.sources",
        "landing.zones",
        "landing.check_log",
        "landing.runs",
        "landing.daily_figures",
    }
)
"""Tables that no asset fills, because every run writes them itself."""
_WITH_THE_MAPPING = frozenset(
    f"landing.{name}"
    for name in ("contact_rules", "purposes", "number_plan", "nicknames", "holidays", "regions")
)
"""Tables that the asset of the mapping fills in the same step."""
_PREVIEW_ROWS = 5
_PREVIEW_WIDTH = 60


def asset_key(table: str) -> dg.AssetKey:
    """Return the asset key of a ``schema.table``: ``raw/<source>/<resource>`` or ``<schema>/<table>``."""
    return _RAW_KEYS.get(table) or dg.AssetKey(table.split("."))


def upstream_keys(tables: Iterable[str]) -> list[dg.AssetKey]:
    """Return the sorted asset keys of the tables that a SELECT reads.

    Every raw asset writes to the tables of files, rejected rows, notices and moments. A SELECT that reads one of these
    depends on all raw assets.
    """
    keys: set[dg.AssetKey] = set()
    for table in tables:
        if table in ("landing.files", "landing.rejected_rows", "landing.notices", "landing.moments"):
            keys.update(_RAW_KEYS.values())
        elif table in EARLIER:
            keys.add(asset_key(EARLIER[table].raw_table))
        elif table in _WITH_THE_MAPPING:
            keys.add(asset_key("landing.dispositions"))
        elif table not in _OF_THE_RUN:
            keys.add(asset_key(table))
    return sorted(keys)


def code_reference(path: Path) -> dict[str, dg.MetadataValue]:
    """Return the metadata that links an asset to the file that defines it."""
    with warnings.catch_warnings():
        # Dagster warns for every asset that code references are beta. The version is locked, and users can do nothing.
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=path.name)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def table_schema(table: str, columns: Mapping[str, str], types: Mapping[str, str]) -> dg.TableSchema:
    """Return the column schema of a ``schema.table``, with a tag on every column that holds personal data.

    ``columns``: column → description. ``types``: column → DuckDB type.
    """
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=_short(types.get(name, "?")),
                description=text,
                tags=personal_data.TAG if name in personal_data.columns(table) else {},
            )
            for name, text in columns.items()
        ]
    )


def _short(kind: str) -> str:
    """Return a type that fits into a column of the web UI. A struct's members are left out."""
    return "STRUCT" if kind.startswith("STRUCT(") and not kind.endswith("[]") else kind


def table_metadata(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    *,
    metrics: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the metadata of a built table: number of rows, columns, metrics and its first rows.

    ``metrics``: name → aggregate, which Dagster plots over time. Columns that hold personal data have a tag, and are not
    among the first rows. If personal data is hidden, the other columns are as they are published.
    """
    schema, _, name = table.partition(".")
    source = f"{schema}.{quoted(name)}"
    described = [row for row in con.sql(f"DESCRIBE {source}").fetchall() if row[0] != HASH_COLUMN]
    shown = [row[0] for row in described if row[0] not in personal_data.columns(table)]
    wanted = ", ".join(
        ["count(*)", *(f"CAST({expression} AS DOUBLE)" for expression in (metrics or {}).values())]
    )
    rows, *figures = con.sql(f"SELECT {wanted} FROM {source}").fetchall()[0]
    hidden = personal_data.contents(table) if personal_data.is_hidden(con) else {}
    listed = (personal_data.hidden(table, name) if name in hidden else quoted(name) for name in shown)
    preview = con.sql(f"SELECT {', '.join(listed)} FROM {source} LIMIT {_PREVIEW_ROWS}").fetchall()
    metadata: dict[str, Any] = {
        "dagster/row_count": rows,
        "dagster/column_schema": table_schema(table, columns, {row[0]: row[1] for row in described}),
    }
    for metric, value in zip(metrics or {}, figures, strict=True):
        if value is not None:
            metadata[metric] = float(value)
    if preview:
        metadata["preview"] = dg.MetadataValue.md(_markdown(shown, preview))
    return metadata


def _markdown(columns: list[str], rows: list[tuple[object, ...]]) -> str:
    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        text = text if len(text) <= _PREVIEW_WIDTH else text[: _PREVIEW_WIDTH - 1] + "…"
        return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")

    lines = [columns, ["---"] * len(columns), *([cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
