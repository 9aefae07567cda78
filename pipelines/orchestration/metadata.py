"""How a table shows in Dagster: its key, its group, and what is told of it when it has been built.

Belongs here: what raw tables and SQL models share as assets. Does not belong here: how either is built.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from pipelines.models.sql_files import HASH_COLUMN
from pipelines.publish import personal_data
from pipelines.sources import RESOURCES
from pipelines.sql_text import quoted

OWNERS = ["team:contact-ledger"]
POOL = "warehouse"
"""The pool every step that writes the warehouse belongs to: one run at a time may hold it."""

_RAW_KEYS = {f"raw.{r.table}": dg.AssetKey(["raw", r.source, r.name]) for r in RESOURCES}
_OF_THE_RUN = frozenset(
    {"landing.settings", "landing.sources", "landing.check_log", "landing.runs", "landing.daily_figures"}
)
"""Tables that no asset fills: a run writes them as it goes."""
_PREVIEW_ROWS = 5
_PREVIEW_WIDTH = 60


def asset_key(table: str) -> dg.AssetKey:
    """The asset of a ``schema.table``: ``raw/<source>/<resource>`` or ``<schema>/<table>``."""
    return _RAW_KEYS.get(table) or dg.AssetKey(table.split("."))


def upstream_keys(tables: Iterable[str]) -> list[dg.AssetKey]:
    """The assets behind the tables a SELECT reads.

    Every raw asset writes the landing folder's books, so who reads those depends on all of them.
    """
    keys: set[dg.AssetKey] = set()
    for table in tables:
        if table in ("landing.files", "landing.rejected_rows", "landing.notices", "landing.moments"):
            keys.update(_RAW_KEYS.values())
        elif table not in _OF_THE_RUN:
            keys.add(asset_key(table))
    return sorted(keys)


def code_reference(path: Path) -> dict[str, dg.MetadataValue]:
    """The link from the asset's page to the file that defines it."""
    with warnings.catch_warnings():
        # Dagster calls code references beta, once for every asset; the version is locked, and users can do nothing.
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=path.name)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def table_schema(table: str, columns: Mapping[str, str], types: Mapping[str, str]) -> dg.TableSchema:
    """Column schema of a ``schema.table`` from descriptions and types by column name; personal data is tagged."""
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
    """A type as it fits into a column of the web UI: a struct's fields are in its description."""
    return "STRUCT" if kind.startswith("STRUCT(") and not kind.endswith("[]") else kind


def table_metadata(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    *,
    metrics: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What is known of a built table: rows, columns with types, figures that plot over time, and its first rows.

    Columns that hold personal data are marked, and left out of the preview.
    """
    schema, _, name = table.partition(".")
    source = f"{schema}.{quoted(name)}"
    described = [row for row in con.sql(f"DESCRIBE {source}").fetchall() if row[0] != HASH_COLUMN]
    shown = [row[0] for row in described if row[0] not in personal_data.columns(table)]
    wanted = ", ".join(
        ["count(*)", *(f"CAST({expression} AS DOUBLE)" for expression in (metrics or {}).values())]
    )
    rows, *figures = con.sql(f"SELECT {wanted} FROM {source}").fetchall()[0]
    preview = con.sql(
        f"SELECT {', '.join(map(quoted, shown))} FROM {source} LIMIT {_PREVIEW_ROWS}"
    ).fetchall()
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
