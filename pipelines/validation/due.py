"""Findings that still stand: a rule is evaluated again only if the rule, or a table that it reads, has changed.

Belongs here: what a finding rests on, which findings stand, and which rules can be evaluated over changed rows alone. Does
not belong here: how a rule is evaluated (``engine``), and what analysts see of findings (``results``).

A finding rests on the rule's own text, on the version of Great Expectations, and on the fingerprints of the tables that
the rule reads (``models.versions``). ``landing.findings`` keeps them, with all that Dagster shows of a finding.

A rule that no row broke can only be broken by what has changed since. If the builds of this run have kept the changed
rows and keys, three kinds of rules are evaluated over less than their tables: over the changed rows alone if the rule
judges each row by itself; over the rows that share a key with a changed row if it asks that a key names one row; over the
rows of changed keys if it judges the rows of each key by themselves (``Rule.is_keyed``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.models.incremental import with_tables
from pipelines.models.sql_files import load_models
from pipelines.models.versions import Change, change_of, version_of
from pipelines.sql_text import quoted
from pipelines.validation.rule import Finding, Rule
from pipelines.warehouse.connection import Warehouse

_ROW_BY_ROW = frozenset(
    {
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToNotBeNull",
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToMatchRegex",
    }
)
"""Great Expectations' classes that judge each value by itself."""

_ACROSS_ROWS = (
    exp.AggFunc, exp.Window, exp.Subquery, exp.CTE, exp.Join, exp.Group, exp.Having, exp.Distinct, exp.Limit,
    exp.SetOperation, exp.Exists, exp.Unnest, exp.UDTF, exp.Qualify,
)  # fmt: skip
"""Parts of a query with which a row's verdict may depend on other rows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that JSON has no word for, as text. It is shown as the value itself would be."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Basis:
    """What a finding rests on: the rule's text, and the fingerprint of each table that it reads."""

    rule: str
    versions: Mapping[str, str]

    @cached_property
    def text(self) -> str:
        """The basis as JSON."""
        return json.dumps([self.rule, dict(sorted(self.versions.items()))])


def bases_of(con: duckdb.DuckDBPyConnection, rules: Iterable[Rule]) -> dict[Rule, Basis]:
    """Return what each rule's finding would rest on now. Each table is looked at once."""
    rules, engine = list(rules), version("great_expectations")
    versions: dict[str, str | None] = {}
    for table in sorted({table for rule in rules for table in rule.reads}):
        try:
            versions[table] = version_of(con, table)
        except duckdb.CatalogException:
            versions[table] = (
                None  # a table that is missing has no fingerprint, and its rules are always evaluated
            )
    found: dict[Rule, Basis] = {}
    for rule in rules:
        own = {table: seen for table in rule.reads if (seen := versions[table]) is not None}
        if len(own) == len(rule.reads):
            found[rule] = Basis(hashlib.sha256(f"{engine} {rule}".encode()).hexdigest(), own)
    return found


def find(warehouse: Warehouse, rules: Iterable[Rule]) -> list[Finding]:
    """Return one finding for each rule, sorted by table: those that stand, and those of the rules that are due.

    The first due rule of a process imports Great Expectations, which takes seconds. Raises InterruptException when the
    connection is interrupted.
    """
    con, wanted = warehouse.con, sorted(rules, key=lambda rule: rule.table)
    bases = bases_of(con, wanted)
    found = standing_findings(con, bases)
    due = [rule for rule in wanted if rule not in found]
    if due:
        fresh = [replace(finding, evaluated_at=_now()) for finding in _evaluate(con, due, bases)]
        keep_findings(warehouse, fresh, bases)
        found |= {finding.rule: finding for finding in fresh}
    return [found[rule] for rule in wanted]


def _evaluate(
    con: duckdb.DuckDBPyConnection, rules: Sequence[Rule], bases: Mapping[Rule, Basis]
) -> list[Finding]:
    from pipelines.validation.engine import evaluate

    whole = {
        narrow: rule for rule, narrow in narrowed(con, {r: bases[r] for r in rules if r in bases}).items()
    }
    found = [
        replace(finding, rule=whole[finding.rule], checked=_count(con, whole[finding.rule].table))
        for finding in (evaluate(con, whole) if whole else ())
        if finding.passed
    ]
    sound = {finding.rule for finding in found}
    rest = [rule for rule in rules if rule not in sound]
    return [*found, *(evaluate(con, rest) if rest else ())]


def standing_findings(con: duckdb.DuckDBPyConnection, bases: Mapping[Rule, Basis]) -> dict[Rule, Finding]:
    """Return the findings of these rules that still stand."""
    kept = {
        (table, name): row
        for table, name, *row in con.sql(
            "SELECT table_name, check_name, basis, evaluated_at, passed, offending, checked, sample FROM landing.findings"
        ).fetchall()
    }
    found: dict[Rule, Finding] = {}
    for rule, basis in bases.items():
        known = kept.get((rule.table, rule.name))
        if known is not None and known[0] == basis.text:
            _, evaluated_at, passed, offending, checked, sample = known
            rows = tuple(json.loads(sample, object_hook=_value))
            found[rule] = Finding(
                rule, passed, offending=offending, checked=checked, sample=rows, evaluated_at=evaluated_at
            )
    return found


def keep_findings(warehouse: Warehouse, findings: Sequence[Finding], bases: Mapping[Rule, Basis]) -> None:
    """Keep the findings, all or none, each in the place of its rule's previous one.

    That a rule could not be evaluated is not kept: the next run tries again.
    """
    rows = [
        [
            finding.rule.table,
            finding.rule.name,
            bases[finding.rule].text,
            finding.evaluated_at,
            finding.passed,
            finding.offending,
            finding.checked,
            json.dumps(finding.sample, default=lambda value: {"shown": str(value)}),
        ]
        for finding in findings
        if finding.rule in bases and finding.error is None
    ]
    with warehouse.transaction() as con:
        con.executemany(
            "DELETE FROM landing.findings WHERE table_name = ? AND check_name = ?",
            [[finding.rule.table, finding.rule.name] for finding in findings],
        )
        if rows:
            con.executemany("INSERT INTO landing.findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def narrowed(con: duckdb.DuckDBPyConnection, bases: Mapping[Rule, Basis]) -> dict[Rule, Rule]:
    """Return smaller versions of rules: rule → the same rule over changed rows or keys.

    A rule is left out if a row broke it when it was last evaluated, if its own text has changed, or if this run has not
    kept what has changed in its tables.
    """
    kept = {
        (table, name): json.loads(basis)
        for table, name, basis in con.sql(
            "SELECT table_name, check_name, basis FROM landing.findings WHERE passed"
        ).fetchall()
    }
    found: dict[Rule, Rule] = {}
    for rule, basis in bases.items():
        text, versions = kept.get((rule.table, rule.name), (None, {}))
        if text != basis.rule or versions.keys() != basis.versions.keys():
            continue
        moved = [table for table, after in basis.versions.items() if versions[table] != after]
        changes = {
            table: change
            for table in moved
            if (change := change_of(con, table, versions[table], basis.versions[table])) is not None
        }
        if len(changes) == len(moved) and (narrow := _narrow(rule, changes)) is not None:
            found[rule] = narrow
    return found


def _narrow(rule: Rule, changes: Mapping[str, Change]) -> Rule | None:
    own = changes.get(rule.table)
    if _reads_constants(rule):
        return None
    if rule.is_keyed:
        return _over_keys(rule, changes)
    if own is None or own.added is None:
        return None
    if rule.names_rows:
        same = " AND ".join(f"k.{quoted(c)} IS NOT DISTINCT FROM t.{quoted(c)}" for c in rule.names_rows)
        shared = f"SELECT * FROM {rule.table} AS t WHERE EXISTS (SELECT 1 FROM {own.added} AS k WHERE {same})"
        return _over(rule, {rule.table: shared})
    if not judges_rows(rule):
        return None
    if rule.query is None:
        return replace(rule, table=own.added)
    return _over(rule, {rule.table: f"SELECT * FROM {own.added}"})


def _reads_constants(rule: Rule) -> bool:
    """True if the rule reads a column with one value in all rows: a new value of it counts as no change of a row."""
    models = load_models()
    constant = {column for table in rule.reads if table in models for column in models[table].constant}
    if rule.query is None:
        return rule.arguments.get("column") in constant
    read = {column.name for column in sqlglot.parse_one(rule.query, dialect="duckdb").find_all(exp.Column)}
    return not constant.isdisjoint(read)


def _over_keys(rule: Rule, changes: Mapping[str, Change]) -> Rule | None:
    """Return the rule over the rows of the keys that have changed in any of its tables, all of which have such keys."""
    models = load_models()
    keys = {name: models[name].incremental if name in models else None for name in rule.reads}
    if None in keys.values():
        return None

    def is_changed(table: str) -> str:
        conditions = []
        for other, change in changes.items():
            key = keys[other]
            assert key is not None
            column = quoted(key.column) if other == table or not key.is_hashed else f"hash({key.expression})"
            conditions.append(f"{column} IN (SELECT key FROM ({change.keys}))")
        return " OR ".join(conditions)

    return _over(rule, {table: f"SELECT * FROM {table} WHERE {is_changed(table)}" for table in rule.reads})


def judges_rows(rule: Rule) -> bool:
    """True if the rule reads its own table alone, and judges each row by itself."""
    if rule.query is None:
        return rule.expectation in _ROW_BY_ROW
    if rule.reads != {rule.table}:
        return False
    tree = sqlglot.parse_one(rule.query, dialect="duckdb")
    tables = list(tree.find_all(exp.Table))
    return isinstance(tree, exp.Select) and len(tables) == 1 and tree.find(*_ACROSS_ROWS) is None


def _over(rule: Rule, queries: Mapping[str, str]) -> Rule:
    """Return the rule with queries in the place of tables."""
    assert rule.query is not None
    return replace(rule, query=with_tables(sqlglot.parse_one(rule.query, dialect="duckdb"), queries))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _value(found: dict[str, Any]) -> Any:
    return Shown(found["shown"]) if found.keys() == {"shown"} else found
