"""Findings that still stand: a rule is evaluated again only if the rule, or a table that it reads, has changed.

Belongs here: what a finding rests on, which findings stand, and which rules can be evaluated over changed rows alone. Does
not belong here: how a rule is evaluated (``engine``), and what analysts see of findings (``results``).

A finding rests on the rule's own text, on the version of Great Expectations, and on the fingerprints of the tables that
the rule reads (``models.versions``). ``landing.findings`` keeps them, with all that Dagster shows of a finding.

A rule that judges each row by itself, in one table, and that no row broke, can only be broken by rows that have changed
since. If the builds of this run have kept these rows, the rule is evaluated over them alone.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.models.versions import change_of, version_of
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


@cache
def import_engine() -> None:
    """Begin to import Great Expectations beside what DuckDB does; a second call does nothing.

    Call it as soon as a table has changed, so that some rule will be due.
    """
    threading.Thread(target=_import_engine, daemon=True).start()


def _import_engine() -> None:
    from pipelines.validation.engine import freeze_imports

    freeze_imports()


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

    changed = changed_rows(con, {rule: bases[rule] for rule in rules if rule in bases})
    narrow = {over(rule, rows): rule for rule, rows in changed.items()}
    found = [
        replace(finding, rule=narrow[finding.rule], checked=_count(con, narrow[finding.rule].table))
        for finding in (evaluate(con, narrow) if narrow else ())
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


def changed_rows(con: duckdb.DuckDBPyConnection, bases: Mapping[Rule, Basis]) -> dict[Rule, str]:
    """Return, for each rule that no row broke and that judges each row by itself, the table with the changed rows.

    Rules are left out whose own text has changed, and whose table's changed rows were not kept by this run.
    """
    kept = {
        (table, name): json.loads(basis)
        for table, name, basis in con.sql(
            "SELECT table_name, check_name, basis FROM landing.findings WHERE passed"
        ).fetchall()
    }
    found: dict[Rule, str] = {}
    for rule, basis in bases.items():
        text, versions = kept.get((rule.table, rule.name), (None, {}))
        if text != basis.rule or not judges_rows(rule) or versions.keys() != basis.versions.keys():
            continue
        change = change_of(con, rule.table, versions[rule.table], basis.versions[rule.table])
        if change is not None and change.added is not None:
            found[rule] = change.added
    return found


def judges_rows(rule: Rule) -> bool:
    """True if the rule reads its own table alone, and judges each row by itself."""
    if rule.query is None:
        return rule.expectation in _ROW_BY_ROW
    if rule.reads != {rule.table}:
        return False
    tree = sqlglot.parse_one(rule.query, dialect="duckdb")
    tables = list(tree.find_all(exp.Table))
    return isinstance(tree, exp.Select) and len(tables) == 1 and tree.find(*_ACROSS_ROWS) is None


def over(rule: Rule, rows: str) -> Rule:
    """Return the rule over the rows of another table with the same columns."""
    if rule.query is None:
        return replace(rule, table=rows)
    tree = sqlglot.parse_one(rule.query, dialect="duckdb")
    (table,) = tree.find_all(exp.Table)
    other = exp.to_table(rows, dialect="duckdb")
    other.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name)))
    table.replace(other)
    return replace(rule, table=rows, query=tree.sql(dialect="duckdb"))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _value(found: dict[str, Any]) -> Any:
    return Shown(found["shown"]) if found.keys() == {"shown"} else found
