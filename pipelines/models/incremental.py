"""The SQL files as assets: which must be built again, and how much of each: nothing, the changed keys' rows, or all.

Belongs here: versions of tables, the restriction of a SELECT to changed keys, and the assets. Does not belong here:
the form of a SQL file (``models.sql_files``), or anything of the domain.

A table's version says what its rows are: for a raw table the last file that changed it, for any other a digest of its
rows, or of what a known version has come to by a change. A model whose SELECT and whose inputs' versions are those of
its last build is not built. A model with a line ``Incremental: column`` in its header, of whose inputs only keyed ones
have changed, is built for the changed keys alone: every keyed table in its SELECT is restricted to them, and the rows
they give replace those that were there. That is right for a SELECT in which a row depends only on rows of the keyed
inputs with the same key. Where other inputs have changed (the clock has moved on), the SELECT is run over everything,
and what it gives is compared with what is there: so whatever is built from the table still learns for which keys it has
changed. A model with a line ``Sums:`` is brought up to date by the difference that the changed keys make.

The rows that a build has put in are kept until the run ends, and so is what sums need of those it has taken out: who
is built from them next, and the published file, need not look for them in the whole table. They are kept in a database
in memory, ``scratch``, which every connection of the process sees. A transaction writes to one database alone, so a
build first makes there what it needs, and then changes its table in one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.models.lineage import Origin, column_lineage
from pipelines.models.sql_files import Model, ModelError, load_models, with_upstream
from pipelines.models.versions import (
    RAW_KEYS,
    Change,
    change_of,
    digest,
    next_version,
    note_change,
    version_of,
)
from pipelines.sql_text import quoted, transaction
from pipelines.warehouse.connection import Warehouse

Extent = Literal["unchanged", "changed keys", "compared", "whole"]


_REWRITTEN_SHARE = 0.2
"""Of a table whose changed keys are more than this share of its rows all rows are written anew."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds models on one connection.

    What each table was last built from is kept in ``landing.builds``, so that the next run knows it. By which keys a
    build has changed a table is kept in the database ``scratch``, for the builds downstream in the same run.
    """

    con: duckdb.DuckDBPyConnection

    def build(self, model: Model) -> Extent:
        """Bring one table up to date with its inputs, which must be so already; all of it or nothing.

        No transaction may be under way. Raises ModelError when the columns are not those the header lists.
        """
        inputs = {table: version_of(self.con, table) for table in sorted(model.upstream)}
        last = self._last_build(model)
        if last is None or last.code != model.select or last.inputs.keys() != inputs.keys():
            return self._build_whole(model, inputs)
        stale = {table for table, version in inputs.items() if last.inputs[table] != version}
        if not stale:
            return "unchanged"
        changes = self._changes(model, stale, last, inputs)
        if model.sums is not None and changes and all(change.removed for change in changes.values()):
            return self._build_sums(model, inputs, changes)
        if model.incremental is None:
            return self._build_whole(model, inputs)
        if changes is None:
            return self._build_compared(model, inputs, last)
        return self._build_keys(model, inputs, last, changes)

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
        with transaction(self.con):
            self.con.execute("DELETE FROM landing.lineage WHERE table_name = ?", [model.table])
            self.con.execute(
                "INSERT INTO landing.lineage VALUES (?, ?, ?)", [model.table, basis, json.dumps(origins)]
            )
        return origins

    def _build_whole(self, model: Model, inputs: Mapping[str, str]) -> Extent:
        with transaction(self.con):
            build_whole(self.con, model)
            self._remember(model, inputs, digest(self.con, model.table))
        return "whole"

    def _build_keys(
        self, model: Model, inputs: Mapping[str, str], last: _Build, changes: Mapping[str, Change]
    ) -> Extent:
        keys = self._keys(model, changes)
        change = self._prepare(model, keys, filter_to_keys(model, keys, self._at_hand(keys, changes)))
        version = next_version(self.con, last.version, change)
        with transaction(self.con):
            self._replace(model, change)
            self._remember(model, inputs, version)
        self._note(model, last.version, version, change)
        return "changed keys"

    def _build_compared(self, model: Model, inputs: Mapping[str, str], last: _Build) -> Extent:
        """Build everything beside the table, and change in it what is different."""
        key = model.incremental
        assert key is not None
        built, target = f"scratch.built_{model.schema}_{model.name}", f"{model.schema}.{quoted(model.name)}"
        create(self.con, model, built)
        compared = ", ".join(quoted(name) for name in model.columns if name not in model.constant)
        keys = self._scratch(
            model,
            "changed",
            f"""SELECT key FROM (
                SELECT {quoted(key.column)} AS key, CAST(hash({compared}) AS HUGEINT) AS rows FROM {target}
                UNION ALL
                SELECT {quoted(key.column)}, -CAST(hash({compared}) AS HUGEINT) FROM {built}
            ) GROUP BY key HAVING sum(rows) <> 0""",
        )
        is_new = _is_in(f"t.{quoted(key.column)}", keys)
        if self._count(keys) > _REWRITTEN_SHARE * self._count(built):
            change = Change(
                f"SELECT key FROM {keys}", self._count(keys), None, self._keep_removed(model, keys)
            )
            with transaction(self.con):
                self.con.execute(f"CREATE OR REPLACE TABLE {target} AS FROM {built}")
                version = digest(self.con, model.table)
                self._remember(model, inputs, version)
        else:
            change = self._prepare(model, keys, f"SELECT * FROM {built} AS t WHERE {is_new}")
            moved = changed_constants(self.con, model.constant, built, target)
            version = next_version(self.con, last.version, change, moved)
            with transaction(self.con):
                set_constants(self.con, moved, target)
                self._replace(model, change)
                self._remember(model, inputs, version)
        self._note(model, last.version, version, change)
        self.con.execute(f"DROP TABLE {built}")
        return "compared"

    def _build_sums(self, model: Model, inputs: Mapping[str, str], changes: Mapping[str, Change]) -> Extent:
        """Take out what the changed keys had put in, and put in what they give now."""
        keys = self._keys(model, changes)
        now = self._at_hand(keys, changes)
        was = {}
        for table, change in changes.items():
            was[table] = f"SELECT * FROM {change.removed}"
            if table not in now:
                # Under keys by which another input alone has changed, this one's rows are what they were.
                column = f"t.{quoted(model.keyed_inputs[table])}"
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
                f"""CREATE OR REPLACE TABLE {target} AS SELECT {", ".join(map(quoted, model.columns))} FROM (
                    SELECT {own}, {summed} FROM (
                        FROM {target} UNION ALL BY NAME FROM ({filter_to_keys(model, keys, now)})
                        UNION ALL BY NAME SELECT {own}, {taken} FROM ({filter_to_keys(model, keys, was)})
                    ) GROUP BY {own}
                ) WHERE {" OR ".join(f"{quoted(name)} <> 0" for name in sums)}"""
            )
            self._remember(model, inputs, digest(self.con, model.table))
        return "changed keys"

    def _prepare(self, model: Model, keys: str, select: str) -> Change:
        """Put beside the table the rows that are to stand in it under the keys (a table), and what they replace."""
        added = self._scratch(model, "added", select)
        return Change(f"SELECT key FROM {keys}", self._count(keys), added, self._keep_removed(model, keys))

    def _replace(self, model: Model, change: Change) -> None:
        """Put the rows that lie beside the table in place of those that are there under their keys."""
        assert model.incremental is not None
        target = f"{model.schema}.{quoted(model.name)}"
        is_old = _is_in(f"t.{quoted(model.incremental.column)}", f"({change.keys})")
        self.con.execute(f"DELETE FROM {target} AS t WHERE {is_old}")
        self.con.execute(f"INSERT INTO {target} FROM {change.added}")

    def _keep_removed(self, model: Model, keys: str) -> str | None:
        """A table of what sums need of the rows that are about to go; None when no sums are made of the table."""
        if not model.summed or model.incremental is None:
            return None
        columns = ", ".join(f"t.{quoted(column)}" for column in sorted(model.summed))
        is_old = _is_in(f"t.{quoted(model.incremental.column)}", keys)
        return self._scratch(model, "removed", f"SELECT {columns} FROM {model.table} AS t WHERE {is_old}")

    def _changes(
        self, model: Model, stale: set[str], last: _Build, inputs: Mapping[str, str]
    ) -> dict[str, Change] | None:
        """How each stale input has changed; None where one has in a way that is not known by the model's keys."""
        keyed = model.keyed_inputs
        changes: dict[str, Change] = {}
        for table in sorted(stale):
            if table not in keyed:
                return None
            change = self._change_of(model, table, keyed[table], last.inputs[table], inputs[table])
            if change is None:
                return None
            changes[table] = change
        return changes

    def _change_of(self, model: Model, table: str, column: str, before: str, after: str) -> Change | None:
        key = model.incremental
        if key is not None and table in RAW_KEYS and column != RAW_KEYS[table] and key.row is not None:
            change = change_of(self.con, table, RAW_KEYS[table], before, after)
            if change is None:
                return None
            # A row may have had another key before: the model still shows it under that one. Whoever is built from
            # the same raw rows without showing them one by one finds here what has changed.
            name = f"scratch.changed_{table.replace('.', '_')}"
            self.con.execute(
                f"CREATE OR REPLACE TABLE {name} AS "
                f"SELECT {quoted(column)} AS key FROM {table} WHERE {quoted(RAW_KEYS[table])} IN ({change.keys}) UNION "
                f"SELECT {quoted(key.column)} FROM {model.schema}.{quoted(model.name)} "
                f"WHERE {quoted(key.row)} IN ({change.keys})"
            )
            note_change(self.con, table, column, before, after, Change(f"SELECT key FROM {name}"))
        return change_of(self.con, table, column, before, after)

    def _keys(self, model: Model, changes: Mapping[str, Change]) -> str:
        """The name of a table of the keys to build again, each once."""
        keys = " UNION ".join(change.keys for change in changes.values())
        return self._scratch(model, "changed", f"SELECT DISTINCT key FROM ({keys})")

    def _scratch(self, model: Model, role: str, select: str) -> str:
        """Make a table in memory of what a SELECT gives; its name."""
        name = f"scratch.{role}_{model.schema}_{model.name}"
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS {select}")
        return name

    def _note(self, model: Model, before: str, after: str, change: Change) -> None:
        assert model.incremental is not None
        note_change(self.con, model.table, model.incremental.column, before, after, change)

    def _at_hand(self, keys: str, changes: Mapping[str, Change]) -> dict[str, str]:
        """Of the inputs whose rows under these keys a build has just put in, and kept: a query for the rows.

        The keys of a change are among all keys; where they are as many, they are the same.
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
            [model.table, model.select, json.dumps(inputs), version],
        )


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


def update_table(warehouse: Warehouse, model: Model) -> Extent:
    """Build one table as far as it must be, and hand it to the published file that is in the making, where one is."""
    extent = Builder(warehouse.con).build(model)
    if warehouse.draft is not None and extent != "unchanged":
        warehouse.draft.add(model.table)
    return extent


def build_whole(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Build one table anew. Raises ModelError when its columns are not those the header lists."""
    create(con, model, f"{model.schema}.{quoted(model.name)}")


def create(con: duckdb.DuckDBPyConnection, model: Model, name: str) -> None:
    """Make a table of what the model's SELECT gives.

    Raises ModelError when its columns are not those the header lists, or hold other text than its words.
    """
    con.execute(f"CREATE OR REPLACE TABLE {name} AS\n{model.statement}")
    built = {row[0]: row[1] for row in con.sql(f"DESCRIBE {name}").fetchall()}
    if list(built) != list(model.columns):
        raise ModelError(
            f"{model.path}: the header lists the columns {', '.join(model.columns)}; the SELECT gives {', '.join(built)}"
        )
    if texts := [column for column in model.words if not built[column].startswith("ENUM")]:
        raise ModelError(
            f"{model.path}: the header lists words of {', '.join(texts)}; the SELECT gives other text"
        )


def changed_constants(
    con: duckdb.DuckDBPyConnection, columns: Iterable[str], source: str, target: str
) -> dict[str, Any]:
    """Of the columns that are the same in every row of a table: those that differ between two, with their new value."""
    names = list(columns)
    if not names:
        return {}
    listed = ", ".join(map(quoted, names))
    new, old = (con.sql(f"SELECT {listed} FROM {table} LIMIT 1").fetchall() for table in (source, target))
    if not new or not old:
        return {}
    return {name: now for name, now, was in zip(names, new[0], old[0], strict=True) if now != was}


def set_constants(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], target: str) -> None:
    """Give columns the same value in every row."""
    for column, value in values.items():
        con.execute(f"UPDATE {target} SET {quoted(column)} = ?", [value])


def filter_to_keys(model: Model, keys: str, at_hand: Mapping[str, str]) -> str:
    """The model's SELECT over the rows of the given keys alone: every keyed table that it reads is cut down to them.

    ``at_hand`` has queries for those that need no cutting.
    """
    keyed = model.keyed_inputs
    tree = model.tree.copy()
    for table in list(tree.find_all(exp.Table)):
        name = f"{table.db}.{table.name}"
        if name not in keyed:
            continue
        alias = table.alias or table.name
        bare = f"SELECT * FROM {table.db}.{quoted(table.name)} AS t WHERE {_is_in(f't.{quoted(keyed[name])}', keys)}"
        cut = sqlglot.parse_one(at_hand.get(name, bare), dialect="duckdb")
        assert isinstance(cut, exp.Query)
        table.replace(cut.subquery(alias))
    return tree.sql(dialect="duckdb")


def _is_in(column: str, keys: str) -> str:
    """Membership that takes null for a key like any other."""
    return f"EXISTS (SELECT 1 FROM {keys} AS k WHERE k.key IS NOT DISTINCT FROM {column})"
