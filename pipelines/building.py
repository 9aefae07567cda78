"""The SQL files as assets: which must be built again, and how much of each: nothing, the changed keys' rows, or all.

Belongs here: versions of tables, the restriction of a SELECT to changed keys, and the assets. Does not belong here:
the form of a SQL file (``pipelines.models``), or anything of the domain.

A table's version says what its rows are: for a raw table the last file that changed it, for any other a digest of its
rows. A model whose SELECT and whose inputs' versions are those of its last build is not built. A model with a line
``Incremental: column`` in its header, of whose inputs only keyed ones have changed, is built for the changed keys
alone: every keyed table in its SELECT is restricted to them, and the rows they give replace those that were there.
That is right for a SELECT in which a row depends only on rows of the keyed inputs with the same key. Where other inputs
have changed (the clock has moved on), the SELECT is run over everything, and what it gives is compared with what is
there: so whatever is built from the table still learns for which keys it has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import dagster as dg
import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.catalog import OWNERS, POOL, asset_key, code_reference, table_metadata, upstream_keys
from pipelines.lineage import Origin, column_lineage
from pipelines.models import Model, ModelError, load_models, with_upstream
from pipelines.sources import RESOURCES
from pipelines.warehouse import Warehouse, quoted

Extent = Literal["unchanged", "changed keys", "compared", "whole"]

CHECK_LOG = "landing.check_log"

_CHANGES = """CREATE TEMP TABLE IF NOT EXISTS changes (
    table_name VARCHAR, key_column VARCHAR, before VARCHAR, after VARCHAR, keys VARCHAR
)"""
_REWRITTEN_SHARE = 0.2
"""Of a table whose changed keys are more than this share of its rows all rows are written anew."""

_RAW_TABLES = frozenset(f"raw.{r.table}" for r in RESOURCES)
# Of a resource without a time of change, a row's key can itself change with its neighbours.
_RAW_KEYS = {f"raw.{r.table}": r.key[0] for r in RESOURCES if len(r.key) == 1 and r.version}


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds models on one connection.

    What each table was last built from is kept in ``landing.builds``, so that the next run knows it. By which keys a
    build has changed a table is kept in temporary tables, for the builds downstream in the same run.
    """

    con: duckdb.DuckDBPyConnection

    def build(self, model: Model) -> Extent:
        """Bring one table up to date with its inputs, which must be so already. One transaction belongs around it.

        Raises ModelError when the columns are not those the header lists.
        """
        inputs = {table: version_of(self.con, table) for table in sorted(model.upstream)}
        last = self._last_build(model)
        if last is None or last.code != model.select or last.inputs.keys() != inputs.keys():
            return self._build_whole(model, inputs, last)
        stale = {table for table, version in inputs.items() if last.inputs[table] != version}
        if not stale:
            return "unchanged"
        if model.incremental is None:
            return self._build_whole(model, inputs, last)
        keys = self._changed_keys(model, stale, last, inputs)
        extent: Extent = "compared" if keys is None else "changed keys"
        if keys is None:
            keys = self._build_compared(model)
        else:
            self._build_keys(model, keys)
        self._remember(model, inputs, last, keys)
        return extent

    def lineage(self, model: Model) -> dict[str, list[Origin]]:
        """Column → the ``schema.table`` and column pairs it is made from. Raises SqlglotError where it cannot be told.

        Working it out takes longer than many a build: it is kept with what it was read from.
        """
        columns = {
            table: {name: kind for name, kind, *_ in self.con.sql(f"DESCRIBE {table}").fetchall()}
            for table in sorted(model.upstream)
        }
        basis = hashlib.sha256(json.dumps([model.select, columns]).encode()).hexdigest()
        kept = self.con.execute(
            "SELECT origins FROM landing.lineage WHERE table_name = ? AND basis = ?", [model.table, basis]
        ).fetchall()
        if kept:
            return {name: [(t, c) for t, c in found] for name, found in json.loads(kept[0][0]).items()}
        origins = column_lineage(model.select, columns)
        self.con.execute("DELETE FROM landing.lineage WHERE table_name = ?", [model.table])
        self.con.execute(
            "INSERT INTO landing.lineage VALUES (?, ?, ?)", [model.table, basis, json.dumps(origins)]
        )
        return origins

    def _build_whole(self, model: Model, inputs: Mapping[str, str], last: _Build | None) -> Extent:
        build_whole(self.con, model)
        self._remember(model, inputs, last, None)
        return "whole"

    def _build_keys(self, model: Model, keys: str) -> None:
        key = model.incremental
        assert key is not None
        target = f"{model.schema}.{quoted(model.name)}"
        self.con.execute(f"DELETE FROM {target} AS t WHERE {_is_in(f't.{quoted(key.column)}', keys)}")
        self.con.execute(f"INSERT INTO {target} {restricted(model, keys)}")

    def _build_compared(self, model: Model) -> str:
        """Build everything beside the table, and change in it what is different; the table of the keys of that."""
        key = model.incremental
        assert key is not None
        built, keys = "temp.main.built", f"temp.main.changed_{model.schema}_{model.name}"
        create(self.con, model, "TEMP TABLE", built)
        target = f"{model.schema}.{quoted(model.name)}"
        compared = ", ".join(quoted(name) for name in model.columns if name not in model.constant)
        self.con.execute(
            f"""CREATE OR REPLACE TEMP TABLE {keys.removeprefix("temp.main.")} AS SELECT key FROM (
                SELECT {quoted(key.column)} AS key, CAST(hash({compared}) AS HUGEINT) AS rows FROM {target}
                UNION ALL
                SELECT {quoted(key.column)}, -CAST(hash({compared}) AS HUGEINT) FROM {built}
            ) GROUP BY key HAVING sum(rows) <> 0"""
        )
        changed, rows = self.con.sql(
            f"SELECT (SELECT count(*) FROM {keys}), (SELECT count(*) FROM {built})"
        ).fetchall()[0]
        if changed > _REWRITTEN_SHARE * rows:
            self.con.execute(f"CREATE OR REPLACE TABLE {target} AS FROM {built}")
        else:
            self.con.execute(f"DELETE FROM {target} AS t WHERE {_is_in(f't.{quoted(key.column)}', keys)}")
            set_constants(self.con, model.constant, built, target)
            self.con.execute(
                f"INSERT INTO {target} SELECT * FROM {built} AS t WHERE {_is_in(f't.{quoted(key.column)}', keys)}"
            )
        self.con.execute(f"DROP TABLE {built}")
        return keys

    def _changed_keys(
        self, model: Model, stale: set[str], last: _Build, inputs: Mapping[str, str]
    ) -> str | None:
        """The name of a temporary table of the keys to build again; None when the whole table must be."""
        if model.incremental is None or not stale <= model.incremental.inputs.keys():
            return None
        parts = [self._keys_of(model, table, last.inputs[table], inputs[table]) for table in sorted(stale)]
        if None in parts:
            return None
        name = f"changed_{model.schema}_{model.name}"
        keys = " UNION ALL ".join(part for part in parts if part)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT key FROM ({keys})")
        return f"temp.main.{name}"

    def _keys_of(self, model: Model, table: str, before: str, after: str) -> str | None:
        """A query for the keys by which an input differs between two versions; None when that is not known."""
        key = model.incremental
        assert key is not None
        column = key.inputs[table]
        if table in _RAW_KEYS and column != _RAW_KEYS[table] and key.row is not None:
            rows = changed_keys(self.con, table, _RAW_KEYS[table], before, after)
            if rows is None:
                return None
            # A row may have had another key before: the model still shows it under that one. Whoever is built from
            # the same raw rows without showing them one by one finds here what has changed.
            name = f"changed_{table.replace('.', '_')}"
            self.con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS "
                f"SELECT {quoted(column)} AS key FROM {table} WHERE {quoted(_RAW_KEYS[table])} IN ({rows}) UNION "
                f"SELECT {quoted(key.column)} FROM {model.schema}.{quoted(model.name)} "
                f"WHERE {quoted(key.row)} IN ({rows})"
            )
            _note_change(self.con, table, column, before, after, f"temp.main.{name}")
        return changed_keys(self.con, table, column, before, after)

    def _last_build(self, model: Model) -> _Build | None:
        found = self.con.execute(
            "SELECT code, inputs, version FROM landing.builds WHERE table_name = ?", [model.table]
        ).fetchall()
        return _Build(found[0][0], json.loads(found[0][1]), found[0][2]) if found else None

    def _remember(
        self, model: Model, inputs: Mapping[str, str], last: _Build | None, keys: str | None
    ) -> None:
        version = digest(self.con, model.table)
        self.con.execute("DELETE FROM landing.builds WHERE table_name = ?", [model.table])
        self.con.execute(
            "INSERT INTO landing.builds VALUES (?, ?, ?, ?)",
            [model.table, model.select, json.dumps(inputs), version],
        )
        if last is not None and keys is not None and model.incremental is not None:
            _note_change(self.con, model.table, model.incremental.column, last.version, version, keys)


@dataclass(frozen=True, slots=True)
class _Build:
    """What a table was last built from."""

    code: str
    inputs: Mapping[str, str]
    version: str


def build(con: duckdb.DuckDBPyConnection, names: Iterable[str] | None = None) -> None:
    """Build all models anew, or the named ones with everything they are built from, in order."""
    models = load_models()
    for model in with_upstream(models, models if names is None else names):
        build_whole(con, model)


def build_whole(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Build one table anew. Raises ModelError when its columns are not those the header lists."""
    create(con, model, "TABLE", f"{model.schema}.{quoted(model.name)}")


def create(con: duckdb.DuckDBPyConnection, model: Model, kind: str, name: str) -> None:
    """Make a table (``kind``: TABLE or TEMP TABLE) of what the model's SELECT gives.

    Raises ModelError when its columns are not those the header lists.
    """
    con.execute(f"CREATE OR REPLACE {kind} {name} AS\n{model.select}")
    built = [row[0] for row in con.sql(f"DESCRIBE {name}").fetchall()]
    if built != list(model.columns):
        raise ModelError(
            f"{model.path}: the header lists the columns {', '.join(model.columns)}; the SELECT gives {', '.join(built)}"
        )


def set_constants(con: duckdb.DuckDBPyConnection, columns: Iterable[str], source: str, target: str) -> None:
    """Give the columns that are the same in every row of ``source`` that value in every row of ``target``."""
    for column in map(quoted, columns):
        value = f"(SELECT {column} FROM {source} LIMIT 1)"
        con.execute(f"UPDATE {target} SET {column} = {value} WHERE {column} IS DISTINCT FROM {value}")


def restricted(model: Model, keys: str) -> str:
    """The model's SELECT over the rows of the given keys alone: every keyed table it reads is cut down to them."""
    assert model.incremental is not None
    tree = sqlglot.parse_one(model.select, dialect="duckdb")
    for table in list(tree.find_all(exp.Table)):
        column = model.incremental.inputs.get(f"{table.db}.{table.name}")
        if column is None:
            continue
        alias = table.alias or table.name
        bare = f"{table.db}.{quoted(table.name)}"
        cut = sqlglot.parse_one(
            f"SELECT * FROM {bare} AS t WHERE {_is_in(f't.{quoted(column)}', keys)}", dialect="duckdb"
        )
        assert isinstance(cut, exp.Query)
        table.replace(cut.subquery(alias))
    return tree.sql(dialect="duckdb")


def version_of(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """What a table's rows are, as a text that differs when they do."""
    if table in _RAW_TABLES:
        last, rows = con.sql(f"SELECT coalesce(max(_file_id), 0), count(*) FROM {table}").fetchall()[0]
        return f"{last}:{rows}:{_marks(con, table, last)}"
    known = con.execute("SELECT version FROM landing.builds WHERE table_name = ?", [table]).fetchall()
    return known[0][0] if known else digest(con, table)


def changed_keys(
    con: duckdb.DuckDBPyConnection, table: str, column: str, before: str, after: str
) -> str | None:
    """A query for the values of a column by which a table differs between two versions; None when that is not known.

    Of a raw table it is known by the table's own key, unless an older row was marked as deleted where it stands; of a
    built one, when it was built for changed keys in this run.
    """
    if table in _RAW_TABLES and column == _RAW_KEYS.get(table):
        since, _, marks = before.split(":")
        if _marks(con, table, int(since)) != marks:
            return None
        return f"SELECT {quoted(column)} AS key FROM {table} WHERE _file_id > {int(since)}"
    con.execute(_CHANGES)
    known = con.execute(
        "SELECT keys FROM temp.main.changes WHERE table_name = ? AND key_column = ? AND before = ? AND after = ?",
        [table, column, before, after],
    ).fetchall()
    return f"SELECT key FROM {known[0][0]}" if known else None


def _note_change(
    con: duckdb.DuckDBPyConnection, table: str, column: str, before: str, after: str, keys: str
) -> None:
    con.execute(_CHANGES)
    con.execute("DELETE FROM temp.main.changes WHERE table_name = ? AND key_column = ?", [table, column])
    con.execute("INSERT INTO temp.main.changes VALUES (?, ?, ?, ?, ?)", [table, column, before, after, keys])


def _marks(con: duckdb.DuckDBPyConnection, table: str, until: int) -> str:
    """Which rows of the files up to one are marked as deleted: a mark can come later than the row it is put on."""
    marked = con.sql(
        f"SELECT coalesce(sum(hash(t)), 0) FROM {table} AS t WHERE _deleted_at IS NOT NULL AND _file_id <= {until}"
    )
    return str(marked.fetchall()[0][0])


def digest(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """A text that differs when the table's rows do, whatever their order."""
    rows, total = con.sql(f"SELECT count(*), coalesce(sum(hash(t)), 0) FROM {table} AS t").fetchall()[0]
    return f"{rows}:{total}"


def model_assets(models: Mapping[str, Model]) -> Iterator[dg.AssetsDefinition]:
    """One asset for each model: dependencies, description and columns as the SQL file gives them."""
    for model in models.values():
        yield _model_asset(model, _dependencies(model, models))


def _dependencies(model: Model, models: Mapping[str, Model]) -> list[dg.AssetKey]:
    if CHECK_LOG not in model.upstream:
        return upstream_keys(model.upstream)
    # Every check writes the log, so who reads it comes after every checked table. The last of each line is enough.
    checked = {name: other.upstream for name, other in models.items() if CHECK_LOG not in other.upstream}
    read = frozenset[str]().union(*checked.values())
    return upstream_keys((model.upstream - {CHECK_LOG}) | (checked.keys() - read))


def _model_asset(model: Model, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=asset_key(model.table),
        deps=deps,
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
        with warehouse.transaction() as con:
            extent = Builder(con).build(model)
            lineage = _lineage(con, model)
        known = table_metadata(warehouse.con, model.table, model.columns, metrics=model.metrics)
        return dg.MaterializeResult(metadata={**known, "built": extent, **lineage})

    return asset


def _lineage(con: duckdb.DuckDBPyConnection, model: Model) -> dict[str, Any]:
    """The columns that each column is made from; nothing where SQLGlot cannot tell, for it only decorates the asset."""
    try:
        found = Builder(con).lineage(model)
    except SqlglotError:
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


def _is_in(column: str, keys: str) -> str:
    """Membership that takes null for a key like any other."""
    return f"EXISTS (SELECT 1 FROM {keys} AS k WHERE k.key IS NOT DISTINCT FROM {column})"
