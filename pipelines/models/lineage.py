"""Column lineage: from which columns each column of a table is computed, read from its SELECT.

Belongs here: following a column through the parts of a SELECT. Does not belong here: how Dagster shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from pipelines.models.compiled import kept
from pipelines.models.sql_files import Model
from pipelines.warehouse.tables import create_schemas

Origin = tuple[str, str]
"""``schema.table`` and column."""


def lineage_of(models: Mapping[str, Model]) -> dict[str, dict[str, list[Origin]]]:
    """Return, by table and column, the sorted columns from which the column is computed.

    A table whose SELECT SQLGlot cannot follow has none, because nothing depends on it.
    """
    return kept("lineage", (model.expanded for model in models.values()), lambda: _follow(models))


def _follow(models: Mapping[str, Model]) -> dict[str, dict[str, list[Origin]]]:
    types: dict[str, Mapping[str, str]] = {name: model.types for name, model in models.items()}
    with duckdb.connect(config={"threads": 1}) as con:
        create_schemas(con)
        for table in frozenset[str]().union(*(model.upstream for model in models.values())) - types.keys():
            types[table] = {name: kind for name, kind, *_ in con.sql(f"DESCRIBE {table}").fetchall()}
    found: dict[str, dict[str, list[Origin]]] = {}
    for name, model in models.items():
        with suppress(SqlglotError):
            found[name] = column_lineage(model.expanded, {table: types[table] for table in model.upstream})
    return found


def column_lineage(select: str, columns: Mapping[str, Mapping[str, str]]) -> dict[str, list[Origin]]:
    """Return, for each output column, the sorted columns from which its value is computed.

    ``columns`` gives the DuckDB type of each column of each ``schema.table`` that the SELECT reads. Columns that only
    decide which rows there are (in joins and filters) are not among the origins. Raises SqlglotError if SQLGlot cannot
    resolve the SELECT.
    """
    schema: dict[str, object] = {}
    for database in {table.partition(".")[0] for table in columns}:
        schema[database] = {
            table.partition(".")[2]: dict(types)
            for table, types in columns.items()
            if table.partition(".")[0] == database
        }
    query = qualify(
        sqlglot.parse_one(select, dialect="duckdb"),
        dialect="duckdb",
        schema=schema,
        validate_qualify_columns=False,
        quote_identifiers=False,
    )
    root = build_scope(query)
    if root is None:
        return {}
    known: dict[tuple[int, str], set[Origin]] = {}
    return {name: sorted(_origins(root, name, known)) for name in _query(root).named_selects}


def _origins(scope: Scope, column: str, known: dict[tuple[int, str], set[Origin]]) -> set[Origin]:
    place = (id(scope), column)
    if place not in known:
        known[place] = set()  # a recursive part ends here
        known[place] = _found(scope, column, known)
    return known[place]


def _found(scope: Scope, column: str, known: dict[tuple[int, str], set[Origin]]) -> set[Origin]:
    query = _query(scope)
    if isinstance(query, exp.SetOperation):
        index = query.named_selects.index(column)
        branches = scope.set_operation_scopes or []
        return set().union(*(_origins(b, _query(b).named_selects[index], known) for b in branches))
    made = next((part for part in query.selects if part.alias_or_name == column), None)
    found: set[Origin] = set()
    for part in made.find_all(exp.Column) if made is not None else ():
        source = scope.sources.get(part.table)
        if isinstance(source, exp.Table):
            found.add((f"{source.db}.{source.name}", part.name))
        elif not isinstance(source, Scope) or not isinstance(source.expression, exp.Query):
            continue  # a list of values, which no column is part of
        elif part.name in source.expression.named_selects:
            found |= _origins(source, part.name, known)
    return found


def _query(scope: Scope) -> exp.Query:
    assert isinstance(scope.expression, exp.Query)
    return scope.expression
