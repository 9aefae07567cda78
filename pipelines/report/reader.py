"""Reading the published file: its tables, their comments and their rows.

Belongs here: every query the page makes of the file's catalogue, and the frames it hands on. Does not belong here:
what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

_TYPES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT"), pl.Int64),
    "DOUBLE": pl.Float64,
    "BOOLEAN": pl.Boolean,
    "VARCHAR": pl.String,
    "DATE": pl.Date,
    "TIMESTAMP": pl.Datetime("us"),
}
"""DuckDB's type → polars', so that a frame without rows has its types too; others are taken from the values."""


@dataclass(frozen=True)
class Published:
    """An open published file.

    ``tables`` and ``columns`` hold comments, a table's columns in their order; ``macros`` are by ``schema.name``.
    """

    con: duckdb.DuckDBPyConnection
    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    macros: frozenset[str]

    def has(self, table: str, *columns: str) -> bool:
        """Whether the file holds the table, with all of these columns."""
        return table in self.tables and all(column in self.columns[table] for column in columns)

    def answers(self, query: str) -> bool:
        """Whether the file has all tables and columns that the query names."""
        try:
            self.con.sql(query)
        except (duckdb.BinderException, duckdb.CatalogException):
            return False
        return True

    def frame(self, query: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """The query's rows: few, so they may go through Python.

        Arrow's stream would be shorter, but polars keeps the type of what it was handed until the process ends, and
        DuckDB's bindings then report it as leaked, in 35 lines on the terminal.
        """
        found = self.con.sql(query, params=list(parameters))
        schema = {name: _TYPES.get(str(kind)) for name, kind in zip(found.columns, found.types, strict=True)}
        return pl.DataFrame(found.fetchall(), schema=schema, orient="row", infer_schema_length=None)

    def row(self, query: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
        """The first row of a query, empty when it has none."""
        return next(self.frame(query, parameters).iter_rows(named=True), {})


@contextmanager
def open_published(path: Path) -> Iterator[Published]:
    """Open the file for reading and close every handle after: a handle left open would show the old file for ever.

    Raises ``duckdb.IOException`` when there is no such file.
    """
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET autoinstall_known_extensions = false")
        con.execute("SET autoload_known_extensions = false")
        con.execute("SET enable_progress_bar = false")
        tables = {
            name: comment or ""
            for name, comment in con.sql(
                "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() WHERE NOT internal "
                "UNION ALL "
                "SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal "
                "ORDER BY 1"
            ).fetchall()
        }
        columns: dict[str, dict[str, str]] = {name: {} for name in tables}
        for table, column, comment in con.sql(
            "SELECT schema_name || '.' || table_name, column_name, comment FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY 1, column_index"
        ).fetchall():
            columns.setdefault(table, {})[column] = comment or ""
        macros = frozenset(
            name
            for (name,) in con.sql(
                "SELECT DISTINCT schema_name || '.' || function_name FROM duckdb_functions() "
                "WHERE NOT internal AND function_type IN ('macro', 'table_macro')"
            ).fetchall()
        )
        yield Published(con, tables, columns, macros)
