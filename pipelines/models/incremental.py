"""Updating tables: deciding how much of each to build again, and building it.

Belongs here: how much of a table is built, and the statements that build it. Does not belong here: what a fingerprint is
(``versions``), the form of a SQL file (``sql_files``), or anything of the domain.

If a table's SELECT and its inputs' fingerprints are unchanged since its last build, the table is not built. Otherwise it
is built in one of four ways:

- *changed keys*: only inputs that the table reads by its key have changed. The SELECT runs over the rows of the changed
  keys alone, and its result replaces their rows in the table. This is right if a row of the SELECT depends only on rows
  of these inputs with the same key. Of an input that is kept by another key, the changed keys are those in its rows
  that were added or removed.
- *compared*: other inputs have changed, for example because as-of has moved on. The SELECT runs over everything. Its
  result is compared with the table, so that the changed keys are known to the tables built from it. Of a union of
  sources, only the sources whose inputs have changed are built and compared.
- *sums*: the old contribution of the changed keys is subtracted, and the new one is added.
- *whole*: anything else.

Keys of text are kept as 64-bit hashes. Two keys that share a hash are built together. That costs a few rows and is never
wrong.

Until the run ends, the rows that a build has added are kept, and of the rows that it has removed the columns that sums
need. Tables built from them, and the published file, then need not search the whole table. They are kept in the
in-memory database ``scratch``, which every connection of the process sees. A transaction writes to one database only, so
a build first writes what it needs to ``scratch``, and then changes its table in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.models.sql_files import Branch, Incremental, Model, ModelError, load_models, with_upstream
from pipelines.models.versions import (
    RAW,
    Change,
    change_of,
    changed_nobodies,
    changed_targets,
    digest,
    next_version,
    note_change,
    target_of,
    type_of_target,
    version_of,
)
from pipelines.sources import Resource
from pipelines.sql_text import literal, quoted, transaction
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.tables import kept_versions

Extent = Literal["unchanged", "changed keys", "compared", "whole"]
"""How much of a table was built."""

_REWRITTEN_SHARE = 0.2
"""If the changed keys are more than this share of a table's rows (0 to 1), all its rows are written again."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds models on one connection.

    ``landing.builds`` keeps what each table was last built from, for the next run. The database ``scratch`` keeps the
    changed keys of each build, for later builds of the same run. ``models`` say by which column each input is keyed; by
    default they are the project's own.
    """

    con: duckdb.DuckDBPyConnection
    models: Mapping[str, Model] = field(default_factory=load_models)

    def build(self, model: Model) -> Extent:
        """Update one table from its inputs, which must be up to date. Returns how much was built.

        The update is done whole or not at all. No transaction may be open. Raises ModelError if a column holds text that
        is none of its words.
        """
        inputs = {table: version_of(self.con, table) for table in sorted(model.upstream)}
        last = self._last_build(model)
        if last is None or last.code != _code(model) or last.inputs.keys() != inputs.keys():
            return self._build_whole(model, inputs)
        stale = {table for table, version in inputs.items() if last.inputs[table] != version}
        if not stale:
            return "unchanged"
        if model.incremental is not None and any(
            branch.inputs[0] in RAW for branch in _branches(model) if branch.inputs
        ):
            return self._build_by_source(model, inputs, last, stale)
        changes = self._changes(model, stale, last, inputs)
        if model.sums is not None and changes and all(change.removed for change in changes.values()):
            return self._build_sums(model, inputs, changes)
        if model.incremental is None:
            return self._build_whole(model, inputs)
        if changes is None:
            return self._build_compared(model, inputs, last)
        return self._build_keys(model, inputs, last, changes)

    # --- the ways to build ---------------------------------------------------------------------------------------

    def _build_whole(self, model: Model, inputs: Mapping[str, str]) -> Extent:
        with transaction(self.con):
            build_whole(self.con, model)
            self._remember(model, inputs, digest(self.con, model.table))
        return "whole"

    def _build_keys(
        self, model: Model, inputs: Mapping[str, str], last: _Build, changes: Mapping[str, Change]
    ) -> Extent:
        assert model.incremental is not None
        keys = self._keys(model, changes)
        select = _keyed(model, self._filter_to_keys(model, keys, self._at_hand(keys, changes)))
        if not model.upstream <= model.keyed_inputs:
            # An input that is not read by key may give rows of other keys too.
            select = (
                f"SELECT * FROM ({select}) AS t WHERE {_is_in(f't.{quoted(model.incremental.column)}', keys)}"
            )
        self._put_in_place(model, inputs, last, keys, select)
        return "changed keys"

    def _build_compared(self, model: Model, inputs: Mapping[str, str], last: _Build) -> Extent:
        """Build the whole result in ``scratch``, and change the rows of the table that differ from it."""
        assert model.incremental is not None
        built, target = f"scratch.built_{model.schema}_{model.name}", f"{model.schema}.{quoted(model.name)}"
        create(self.con, model, built)
        keys = self._scratch(model, "changed", _differing(model, target, built))
        column = quoted(model.incremental.column)
        if self._count(keys) > _REWRITTEN_SHARE * self._count(built):
            change = Change(
                f"SELECT key FROM {keys}", self._count(keys), None, self._keep_removed(model, keys)
            )
            with transaction(self.con):
                self.con.execute(f"CREATE OR REPLACE TABLE {target} AS FROM {built}")
                version = digest(self.con, model.table)
                self._remember(model, inputs, version)
            note_change(self.con, model.table, last.version, version, change)
        else:
            moved = changed_constants(self.con, model.constant, built, target)
            select = f"SELECT * FROM {built} AS t WHERE {_is_in(f't.{column}', keys)}"
            self._put_in_place(model, inputs, last, keys, select, moved)
        self.con.execute(f"DROP TABLE {built}")
        return "compared"

    def _build_by_source(
        self, model: Model, inputs: Mapping[str, str], last: _Build, stale: set[str]
    ) -> Extent:
        """Build a union of sources. Of each source, build nothing, or the changed targets' rows, or all and compare.

        If an input that is not a source's own has changed, all sources are built and compared.
        """
        branches = _branches(model)
        if stale & _own_upstream(model):
            return self._build_compared(model, inputs, last)
        changed, compared = [], []
        for branch in branches:
            theirs = stale & branch.upstream
            if theirs and not theirs <= set(branch.inputs):
                compared.append(branch)
            elif theirs:
                changed.append(branch)
        (union,) = model.unions
        assert model.incremental is not None
        target, column = f"{model.schema}.{quoted(model.name)}", quoted(model.incremental.column)
        found = ["SELECT CAST(NULL AS UBIGINT) AS key WHERE FALSE"]
        for branch in changed:
            found += self._keep_changed_targets(branch, last.inputs[branch.inputs[0]])
        built = ""
        if compared:
            built = f"scratch.built_{model.schema}_{model.name}"
            rows = model.expanded_with({union: [branch.select for branch in compared]})
            self.con.execute(f"CREATE OR REPLACE TABLE {built} AS {_keyed(model, rows)}")
            own = ", ".join(literal(branch.source.name) for branch in compared)
            found.append(_differing(model, f"(FROM {target} WHERE source IN ({own}))", built))
        keys = self._scratch(model, "changed", f"SELECT DISTINCT key FROM ({' UNION ALL '.join(found)})")
        # Other targets may have the same hash. Their rows are removed too, so they must be built again.
        met = self._scratch(
            model,
            "met",
            f"SELECT DISTINCT source, target_key FROM {target} AS t WHERE {_is_in(f't.{column}', keys)}",
        )
        parts = [
            self._filter_to_targets(branch, met, is_changed=branch in changed)
            for branch in branches
            if branch not in compared
        ]
        rows = model.expanded_with({union: parts}) if parts else ""
        selects = [_keyed(model, rows)] if parts else []
        if built:
            selects.append(f"SELECT * FROM {built} AS t WHERE {_is_in(f't.{column}', keys)}")
        self._put_in_place(model, inputs, last, keys, "\nUNION ALL\n".join(selects))
        if built:
            self.con.execute(f"DROP TABLE {built}")
        return "changed keys" if changed or not compared else "compared"

    def _build_sums(self, model: Model, inputs: Mapping[str, str], changes: Mapping[str, Change]) -> Extent:
        """Subtract the old contribution of the changed keys from the sums, and add the new one."""
        keys = self._keys(model, changes)
        now = self._at_hand(keys, changes)
        was = {}
        for table, change in changes.items():
            was[table] = f"SELECT * FROM {change.removed}"
            if table not in now:
                # Some keys changed in another input alone. Under those, this input's rows are unchanged.
                column = f"t.{quoted(self._key_column(table))}"
                was[table] += (
                    f" UNION ALL BY NAME SELECT * FROM {table} AS t WHERE {_is_in(column, keys)} "
                    f"AND NOT {_is_in(column, f'({change.keys})')}"
                )
        target = f"{model.schema}.{quoted(model.name)}"
        kinds = {name: kind for name, kind, *_ in self.con.sql(f"DESCRIBE {target}").fetchall()}
        own = ", ".join(map(quoted, model.key))
        sums = [name for name in model.columns if name not in model.key]
        taken = ", ".join(f"-{quoted(name)} AS {quoted(name)}" for name in sums)
        summed = ", ".join(f"CAST(sum({quoted(name)}) AS {kinds[name]}) AS {quoted(name)}" for name in sums)
        with transaction(self.con):
            self.con.execute(
                f"""CREATE OR REPLACE TABLE {target} AS
                SELECT {", ".join(map(quoted, model.columns))} FROM (
                    SELECT {own}, {summed} FROM (
                        FROM {target}
                        UNION ALL BY NAME FROM ({self._filter_to_keys(model, keys, now)})
                        UNION ALL BY NAME SELECT {own}, {taken} FROM ({self._filter_to_keys(model, keys, was)})
                    ) GROUP BY {own}
                ) WHERE {" OR ".join(f"{quoted(name)} <> 0" for name in sums)}"""
            )
            self._remember(model, inputs, digest(self.con, model.table))
        return "changed keys"

    # --- parts of them -------------------------------------------------------------------------------------------

    def _put_in_place(
        self,
        model: Model,
        inputs: Mapping[str, str],
        last: _Build,
        keys: str,
        select: str,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace the table's rows of the keys in the table ``keys`` by the result of the SELECT, and note the change."""
        assert model.incremental is not None
        added = self._scratch(model, "added", select)
        change = Change(f"SELECT key FROM {keys}", self._count(keys), added, self._keep_removed(model, keys))
        version = next_version(self.con, last.version, change, constants)
        target = f"{model.schema}.{quoted(model.name)}"
        is_old = _is_in(f"t.{quoted(model.incremental.column)}", f"({change.keys})")
        with transaction(self.con):
            set_constants(self.con, constants or {}, target)
            self.con.execute(f"DELETE FROM {target} AS t WHERE {is_old}")
            self.con.execute(f"INSERT INTO {target} FROM {added}")
            self._remember(model, inputs, version)
        note_change(self.con, model.table, last.version, version, change)

    def _keep_removed(self, model: Model, keys: str) -> str | None:
        """Copy what sums need of the rows that will be removed. Returns the copy's name; None if no sums need them."""
        if not model.summed or model.incremental is None:
            return None
        key = model.incremental.column
        columns = ", ".join(f"t.{quoted(column)}" for column in sorted({key, *model.summed}))
        is_old = _is_in(f"t.{quoted(key)}", keys)
        return self._scratch(model, "removed", f"SELECT {columns} FROM {model.table} AS t WHERE {is_old}")

    def _changes(
        self, model: Model, stale: set[str], last: _Build, inputs: Mapping[str, str]
    ) -> dict[str, Change] | None:
        """Return how each stale input has changed; None if the changed keys of one of them are not known."""
        changes: dict[str, Change] = {}
        for table in sorted(stale):
            if table not in model.keyed_inputs:
                return None
            if table in RAW:
                # A table that is read by the target's column alone cannot tell two scopes apart.
                keys = None if RAW[table].scope else changed_targets(RAW[table], last.inputs[table])
                change = Change(keys) if keys is not None else None
            else:
                change = change_of(self.con, table, last.inputs[table], inputs[table])
                if change is not None and model.incremental and table in model.incremental.across:
                    change = self._regrouped(model.incremental, change)
            if change is None:
                return None
            changes[table] = change
        return changes

    def _regrouped(self, key: Incremental, change: Change) -> Change | None:
        """Return a change of a table that is kept by another key: the keys in its new rows, and in its old ones.

        Returns None unless the change has kept both.
        """
        if change.number == 0:
            return change
        if change.added is None or change.removed is None:
            return None
        return Change(
            " UNION ".join(
                f"SELECT {key.of_row} AS key FROM {rows}" for rows in (change.added, change.removed)
            )
        )

    def _keys(self, model: Model, changes: Mapping[str, Change]) -> str:
        """Write the keys to build again to a table, each once. Returns its name."""
        keys = " UNION ".join(change.keys for change in changes.values())
        return self._scratch(model, "changed", f"SELECT DISTINCT key FROM ({keys})")

    def _key_column(self, table: str) -> str:
        """Return the column by which an input is filtered to keys. Raises ModelError if the input has none."""
        if table in RAW:
            return RAW[table].target or ""
        incremental = self.models[table].incremental
        if incremental is None:
            raise ModelError(
                "is read by key, but has no 'Incremental:'",
                where=table,
                cure="write one into its SQL file, or do not read it by key",
            )
        return incremental.column

    def _filter_to_keys(self, model: Model, keys: str, at_hand: Mapping[str, str]) -> str:
        """Return the model's SELECT with every input that it reads by key filtered to the given keys.

        ``at_hand`` gives, for some inputs, a query for exactly these rows.
        """
        across = model.incremental.across if model.incremental else ()
        queries = {
            table: at_hand.get(table)
            or f"SELECT * FROM {table} AS t WHERE {_is_in(f't.{quoted(self._key_column(table))}', keys)}"
            for table in model.keyed_inputs.difference(across)
        }
        if model.incremental is not None:
            of_row = model.incremental.of_row
            # A hash is never null. A column may be, and null is a key like any other.
            is_key = (
                f"{of_row} IN (SELECT key FROM {keys})"
                if model.incremental.is_hashed
                else _is_in(of_row, keys)
            )
            queries |= {table: f"SELECT * FROM {table} WHERE {is_key}" for table in across}
        for table in model.keyed_inputs & RAW.keys():
            queries |= self._filter_earlier(
                RAW[table], f"{_is_in(f't.{quoted(self._key_column(table))}', keys)}"
            )
        return with_tables(model.tree, queries)

    def _filter_earlier(self, resource: Resource, condition: str) -> dict[str, str]:
        """Return the table of the resource's earlier versions, if it has any, with a query for the rows of some keys."""
        if not resource.has_versions:
            return {}
        table = kept_versions(resource)
        return {table.replace('"', ""): f"SELECT * FROM {table} AS t WHERE {condition}"}

    def _keep_changed_targets(self, branch: Branch, before: str) -> list[str]:
        """Write the changed targets of a source's raw table to ``scratch``, by their own ids.

        Returns queries for their hashed keys.
        """
        resource = RAW[branch.inputs[0]]
        source = literal(f"{resource.source}:")
        nobody = literal(f"{resource.source}:{resource.name}:")
        targets, rows = _kept(branch)
        known = changed_targets(resource, before)
        assert known is not None, f"{resource.raw_table} has no target"
        self.con.execute(
            f"CREATE OR REPLACE TABLE {targets} AS SELECT key FROM ({known}) WHERE key IS NOT NULL"
        )
        self.con.execute(f"CREATE OR REPLACE TABLE {rows} AS {changed_nobodies(resource, before)}")
        return [
            f"SELECT hash({source} || CAST(key AS VARCHAR)) AS key FROM {targets}",
            f"SELECT hash({nobody} || key) AS key FROM {rows}",
        ]

    def _filter_to_targets(self, branch: Branch, met: str, *, is_changed: bool) -> str:
        """Return a branch's SELECT over the rows of its changed targets, and of the targets in the table ``met``.

        The targets in ``met`` have the same hashes as changed ones. ``is_changed``: True if the source has changed
        targets of its own.
        """
        resource = RAW[branch.inputs[0]]
        kind, named = type_of_target(resource), target_of(resource, "t")
        targets, rows = _kept(branch)
        source, nobody = f"{resource.source}:", f"{resource.source}:{resource.name}:"
        if not is_changed:
            self.con.execute(f"CREATE OR REPLACE TABLE {targets} (key {kind})")
            self.con.execute(f"CREATE OR REPLACE TABLE {rows} (key VARCHAR)")
        theirs = f"FROM {met} WHERE source = {literal(resource.source)}"
        own = f"TRY_CAST(substring(target_key, {len(source) + 1}) AS {kind})"
        self.con.execute(f"INSERT INTO {targets} SELECT {own} {theirs} AND {own} IS NOT NULL")
        self.con.execute(
            f"INSERT INTO {rows} SELECT substring(target_key, {len(nobody) + 1}) {theirs} "
            f"AND starts_with(target_key, {literal(nobody)})"
        )
        wanted = [f"{named} IN (SELECT key FROM {targets})"] if self._count(targets) else []
        field = resource.field_named(resource.target or "")
        if wanted and resource.scope and field.kind != "text":
            # The plain ids are compared first, as they are compared faster. In front of the last dot stands the scope.
            ids = f"SELECT TRY_CAST(split_part(key, '.', -1) AS {field.duckdb_type}) FROM {targets}"
            wanted = [f"(t.{quoted(field.name)} IN ({ids}) AND {wanted[0]})"]
        if self._count(rows):
            row = resource.id_in_keys(resource.own_key[0], "t")
            wanted.append(f"({named} IS NULL AND {row} IN (SELECT key FROM {rows}))")
        condition = " OR ".join(wanted) or "FALSE"
        queries = {resource.raw_table: f"SELECT * FROM {resource.raw_table} AS t WHERE {condition}"}
        queries |= self._filter_earlier(resource, condition)
        return with_tables(sqlglot.parse_one(branch.select, dialect="duckdb"), queries)

    def _scratch(self, model: Model, role: str, select: str) -> str:
        """Write the result of a SELECT to a table in ``scratch``. Returns its name."""
        name = f"scratch.{role}_{model.schema}_{model.name}"
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
        return name

    def _at_hand(self, keys: str, changes: Mapping[str, Change]) -> dict[str, str]:
        """Return a query for an input's rows of these keys, for each input whose last build has kept exactly these.

        The keys of a change are some of all keys. If they are as many, they are the same.
        """
        number = self._count(keys)
        return {
            table: f"SELECT * FROM {change.added}"
            for table, change in changes.items()
            if change.added is not None and change.number == number
        }

    def _count(self, table: str) -> int:
        return int(self.con.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0])

    def _last_build(self, model: Model) -> _Build | None:
        found = self.con.execute(
            "SELECT code, inputs, version FROM landing.builds WHERE table_name = ?", [model.table]
        ).fetchall()
        return _Build(found[0][0], json.loads(found[0][1]), found[0][2]) if found else None

    def _remember(self, model: Model, inputs: Mapping[str, str], version: str) -> None:
        self.con.execute("DELETE FROM landing.builds WHERE table_name = ?", [model.table])
        self.con.execute(
            "INSERT INTO landing.builds VALUES (?, ?, ?, ?)",
            [model.table, _code(model), json.dumps(inputs), version],
        )


@dataclass(frozen=True, slots=True)
class _Build:
    """What a table was last built from: its code, its inputs' fingerprints, and its own fingerprint after it."""

    code: str
    inputs: Mapping[str, str]
    version: str


def build(con: duckdb.DuckDBPyConnection, names: Iterable[str] | None = None) -> None:
    """Build all models whole, or the named ones and everything they are built from, in order."""
    models = load_models()
    for model in with_upstream(models, models if names is None else names):
        build_whole(con, model)


def update_table(warehouse: Warehouse, model: Model, models: Mapping[str, Model] | None = None) -> Extent:
    """Update one table, and queue it for the draft if it has changed. Returns how much was built."""
    extent = Builder(warehouse.con, models or load_models()).build(model)
    if warehouse.draft is not None and extent != "unchanged":
        warehouse.draft.add(model.table)
    return extent


def build_whole(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Build one table whole. Raises ModelError if a column holds text that is none of its words."""
    create(con, model, f"{model.schema}.{quoted(model.name)}")


def create(con: duckdb.DuckDBPyConnection, model: Model, name: str) -> None:
    """Write the result of the model's SELECT to the table ``name``, with the hidden column of a hashed key.

    Raises ModelError if a column holds text that is none of its words.
    """
    con.execute(f"CREATE OR REPLACE TABLE {name} AS\n{_keyed(model, model.statement)}")
    if model.words:
        built = {row[0]: row[1] for row in con.sql(f"DESCRIBE {name}").fetchall()}
        if texts := [column for column in model.words if not built[column].startswith("ENUM")]:
            raise ModelError(
                f"the SELECT gives other text than the words of {', '.join(texts)}",
                where=str(model.path),
                cure="add the text to 'Words:'",
            )


def changed_constants(
    con: duckdb.DuckDBPyConnection, columns: Iterable[str], source: str, target: str
) -> dict[str, Any]:
    """Return the constant columns whose value differs between two tables: column → its value in ``source``.

    ``columns`` are columns that have one value in all rows. Empty if one of the tables is.
    """
    names = list(columns)
    if not names:
        return {}
    listed = ", ".join(map(quoted, names))
    new, old = (con.sql(f"SELECT {listed} FROM {table} LIMIT 1").fetchall() for table in (source, target))
    if not new or not old:
        return {}
    return {name: now for name, now, was in zip(names, new[0], old[0], strict=True) if now != was}


def set_constants(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], target: str) -> None:
    """Set each column to its value in all rows of the table ``target``."""
    for column, value in values.items():
        con.execute(f"UPDATE {target} SET {quoted(column)} = ?", [value])


def _code(model: Model) -> str:
    """Return the text that makes the table. If it changes, the table is built whole."""
    return f"{model.expanded}\n-- {model.incremental} {model.words}"


def _branches(model: Model) -> list[Branch]:
    return [branch for union in model.unions.values() for branch in union]


def _own_upstream(model: Model) -> frozenset[str]:
    """Return the tables that the SELECT reads itself, not through its branches."""
    return frozenset(
        f"{table.db}.{table.name}"
        for table in sqlglot.parse_one(model.select, dialect="duckdb").find_all(exp.Table)
        if table.db
    )


def _keyed(model: Model, select: str) -> str:
    """Return the SELECT with the hidden column of the table's key, if the key is hashed."""
    key = model.incremental
    if key is None or not key.is_hashed:
        return select
    return f"SELECT *, hash({key.expression}) AS {quoted(key.column)} FROM (\n{select}\n)"


def _differing(model: Model, old: str, new: str) -> str:
    """Return a query, with the column ``key``, for the keys under which two tables hold different rows.

    Rows are compared by DuckDB's own hash, whatever the hash of keys is.
    """
    assert model.incremental is not None
    key = quoted(model.incremental.column)
    compared = ", ".join(quoted(name) for name in model.columns if name not in model.constant)
    return f"""SELECT key FROM (
        SELECT {key} AS key, CAST(system.main.hash({compared}) AS HUGEINT) AS rows FROM {old}
        UNION ALL
        SELECT {key}, -CAST(system.main.hash({compared}) AS HUGEINT) FROM {new}
    ) GROUP BY key HAVING sum(rows) <> 0"""


def _kept(branch: Branch) -> tuple[str, str]:
    """Return the tables in ``scratch`` that hold a source's changed targets, and its changed rows that name nobody."""
    name = branch.source.name
    return f"scratch.targets_{name}", f"scratch.nobodies_{name}"


def with_tables(tree: exp.Expr, queries: Mapping[str, str]) -> str:
    """Return the SELECT with the named tables replaced by queries."""
    tree = tree.copy()
    for table in list(tree.find_all(exp.Table)):
        query = queries.get(f"{table.db}.{table.name}")
        if query is not None:
            parsed = sqlglot.parse_one(query, dialect="duckdb")
            assert isinstance(parsed, exp.Query)
            table.replace(parsed.subquery(table.alias or table.name))
    return tree.sql(dialect="duckdb")


def _is_in(column: str, keys: str) -> str:
    """Return SQL: true if the column's value is among the keys. Null is a key like any other."""
    return f"EXISTS (SELECT 1 FROM {keys} AS k WHERE k.key IS NOT DISTINCT FROM {column})"
