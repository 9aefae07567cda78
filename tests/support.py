"""What tests of the SQL share: a ledger in memory, filled with a few rows, and tables built from it."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.ingest.changes import write_moments
from pipelines.models import incremental
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.connection import tune
from pipelines.warehouse.tables import create_schemas, raw_columns, write_settings


def examples(number: int) -> int:
    """How many logs a property is tried on: ``number``, or as many times that as EXAMPLES says (`make long`)."""
    return number * int(os.environ.get("EXAMPLES", "1"))


TABLES = {resource.table: resource for resource in RESOURCES}


@functools.cache
def _template() -> Path:
    """A warehouse file with every schema, table and macro, and no row; made once a process, removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="template-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "template.duckdb"
    with duckdb.connect(path) as con:
        create_schemas(con)
    return path


def new_warehouse(**config: int) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with every schema, table and macro, and no row.

    ``config`` are settings of DuckDB. A copy of the template takes half the time of the statements that create it,
    and a thousand tests want one.
    """
    con = duckdb.connect(config={**config})
    tune(con)
    con.execute(f"ATTACH {literal(str(_template()))} AS template (READ_ONLY)")
    con.execute("COPY FROM DATABASE template TO memory")
    con.execute("DETACH template")
    return con


def ledger(
    rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None, **settings: Any
) -> duckdb.DuckDBPyConnection:
    """An in-memory warehouse with these rows: raw table's name (no schema) → rows; absent fields are null.

    ``settings`` are fields of Settings, e.g. ``as_of``. A ``landing.…`` name fills a landing table instead.
    """
    con = new_warehouse()
    write_settings(con, Settings(**settings))
    for table, records in (rows or {}).items():
        name = table if "." in table else f"raw.{quoted(table)}"
        types = {} if "." in table else raw_columns(TABLES[table])
        for columns, group in itertools.groupby(records, key=tuple):
            row = ", ".join(f"CAST(? AS {types[column]})" if column in types else "?" for column in columns)
            into = f"INSERT INTO {name} ({', '.join(quoted(column) for column in columns)}) VALUES "
            same = list(group)
            for start in range(0, len(same), 100):
                some = same[start : start + 100]
                values = [value for record in some for value in record.values()]
                con.execute(into + ", ".join([f"({row})"] * len(some)), values)
    note_moments(con)
    return con


def note_moments(con: duckdb.DuckDBPyConnection) -> None:
    """Write the moments that the raw rows tell of, as ingest does."""
    for resource in RESOURCES:
        write_moments(con, resource)


@contextmanager
def file_arrives(con: duckdb.DuckDBPyConnection, table: str, file: int) -> Iterator[None]:
    """Change ``raw.<table>`` within, as file number ``file`` would; what ingest keeps of such a change is kept."""
    resource = TABLES[table]
    key, target = (quoted(name or resource.key[0]) for name in (resource.key[0], resource.target))
    con.execute(f"CREATE OR REPLACE TEMP TABLE before_file AS FROM raw.{table}")
    yield
    con.execute(
        f"INSERT INTO landing.changed_targets "
        f"SELECT 'raw.{table}', {file}, CAST(was.{target} AS VARCHAR), CAST(was.{key} AS VARCHAR) "
        f"FROM before_file AS was LEFT JOIN raw.{table} AS now ON now.{key} = was.{key} "
        f"WHERE now.{key} IS NULL OR now.{target} IS DISTINCT FROM was.{target}"
    )
    note_moments(con)


def build(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Build the named tables with everything they are built from; all when none is named."""
    note_moments(con)
    incremental.build(con, names or None)


def fetch(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The query's rows as dictionaries."""
    relation = con.sql(query)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
