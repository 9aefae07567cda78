"""Reading the published file: its tables, their comments and their rows.

Belongs here: every query the page makes. Does not belong here: what is done with the rows, or any figure: a query
selects rows of one table, filters them and puts them in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.sql_text import quoted

Row = dict[str, Any]

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
    """An open published file. ``tables`` and ``columns`` hold the comments, a table's columns in their order."""

    con: duckdb.DuckDBPyConnection
    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    def has(self, table: str, *columns: str) -> bool:
        """True if the file holds the table with all of these columns."""
        return table in self.tables and all(column in self.columns[table] for column in columns)

    def answers(self, table: str, where: str = "", order: str = "") -> bool:
        """True if the file holds the table and every column that the filter and the order name."""
        try:
            self.con.sql(_select(table, where, order))
        except (duckdb.BinderException, duckdb.CatalogException):
            return False
        return True

    def length(self, table: str, where: str = "") -> int:
        """How many rows of the table the filter leaves."""
        return self.con.sql(_select(table, where)).shape[0]

    def frame(self, table: str, where: str = "", order: str = "", limit: int | None = None) -> pl.DataFrame:
        """The table's rows, filtered and in order, at most ``limit``. They are few, so they may go through Python.

        Arrow's stream would be shorter, but polars keeps the type of what it was handed until the process ends, and
        DuckDB's bindings then report it as leaked, in 35 lines on the terminal.
        """
        found = self.con.sql(_select(table, where, order, limit))
        schema = {name: _TYPES.get(str(kind)) for name, kind in zip(found.columns, found.types, strict=True)}
        return pl.DataFrame(found.fetchall(), schema=schema, orient="row", infer_schema_length=None)

    def rows(self, table: str, where: str = "", order: str = "", limit: int | None = None) -> list[Row]:
        """As ``frame``, a dictionary for each row; none when the file lacks the table or a column."""
        if not self.answers(table, where, order):
            return []
        return list(self.frame(table, where, order, limit).iter_rows(named=True))

    def row(self, table: str) -> Row:
        """The row of a table that has one; empty when the file lacks it."""
        return next(iter(self.rows(table)), {})


@contextmanager
def open_published(path: Path) -> Iterator[Published]:
    """Open the file for reading, and close every handle after: an open handle would show the old file for ever.

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
        yield Published(con, tables, columns)


def _select(table: str, where: str, order: str = "", limit: int | None = None) -> str:
    schema, _, name = table.partition(".")
    parts = [f"SELECT * FROM {quoted(schema)}.{quoted(name)}"]
    parts += [f"WHERE {where}"] if where else []
    parts += [f"ORDER BY {order}"] if order else []
    parts += [f"LIMIT {limit}"] if limit is not None else []
    return " ".join(parts)
