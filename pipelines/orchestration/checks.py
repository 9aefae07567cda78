"""The rules as Dagster asset checks: one check for each rule, with its history, its severity and its offending rows.

Belongs here: which checks there are, and what they show. Does not belong here: what must hold (``validation.rules``),
how it is evaluated (``validation.engine``), or which columns are personal (``publish.personal_data``).

Every check is blocking. A failed check of severity ERROR stops everything after it. A check of severity WARN stops
nothing, but must have run, so nothing is published before all rules have been evaluated.
"""

# No deferred annotations here: Dagster reads those of the check function.
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from itertools import groupby
from typing import Any

import dagster as dg
import duckdb

from pipelines.errors import LedgerError
from pipelines.orchestration.metadata import asset_key, upstream_keys
from pipelines.orchestration.names import POOL
from pipelines.publish import personal_data
from pipelines.refresh import check
from pipelines.validation import load_rules
from pipelines.validation.drift import MEMORY
from pipelines.validation.results import detail, forget_others, observed, severity_of, shown
from pipelines.validation.rule import Finding, Rule
from pipelines.warehouse.connection import Warehouse


class RuleNameError(LedgerError):
    """Two rules of one table have the same name."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(
            f"two rules have the same name, {rule.name}",
            where=rule.table,
            cure="rename one of them in pipelines/validation/ or sql/sources/*/rules/",
        )


def build_checks(rules: Sequence[Rule] | None = None) -> list[dg.AssetChecksDefinition]:
    """Return one definition for each schema, with a check for each rule of its tables. ``rules``: by default all.

    The definitions need the resource ``warehouse``. A selection may take any of the checks. Dagster splits a definition
    if one of its tables is built from another. Raises RuleNameError if two rules of one table have the same name.
    """
    in_order = sorted(load_rules() if rules is None else rules, key=_schema)
    return [_checks_of(schema, list(group)) for schema, group in groupby(in_order, key=_schema)]


def _checks_of(schema: str, rules: list[Rule]) -> dg.AssetChecksDefinition:
    by_key: dict[dg.AssetCheckKey, Rule] = {}
    for rule in rules:
        key = dg.AssetCheckKey(asset_key(rule.table), rule.name)
        if key in by_key:
            raise RuleNameError(rule)
        by_key[key] = rule

    @dg.multi_asset_check(
        name=f"validate_{schema}",
        description=f"The rules of the tables in schema {schema}.",
        specs=[_spec(rule) for rule in rules],
        can_subset=True,
        pool=POOL,
    )
    def checks(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.AssetCheckResult]:
        selected = [rule for key, rule in by_key.items() if key in context.selected_asset_check_keys]
        findings = check(warehouse, selected, context.run.run_id)
        forget_others(warehouse, schema, rules)
        is_hidden = personal_data.is_hidden(warehouse.con)
        for finding in findings:
            yield check_result(without_personal_data(warehouse.con, finding) if is_hidden else finding)

    return checks


def _spec(rule: Rule) -> dg.AssetCheckSpec:
    metadata: dict[str, Any] = {"severity": rule.severity}
    if rule.query is not None:
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{rule.query}\n```")
    return dg.AssetCheckSpec(
        name=rule.name,
        asset=asset_key(rule.table),
        description=rule.description,
        blocking=True,
        metadata=metadata,
        additional_deps=[key for key in upstream_keys(rule.reads - {MEMORY}) if key != asset_key(rule.table)],
    )


def without_personal_data(con: duckdb.DuckDBPyConnection, finding: Finding) -> Finding:
    """Return the finding with everything hidden in its rows that is hidden in the tables that the rule reads.

    The message of a rule that could not be evaluated is withheld, because it may quote any value.
    """
    return replace(
        finding,
        sample=tuple(personal_data.masked_row(con, row, finding.rule.reads) for row in finding.sample),
        error=None if finding.error is None else personal_data.WITHHELD,
    )


def check_result(finding: Finding) -> dg.AssetCheckResult:
    """Return the check result that Dagster keeps: counts, which it plots over time, and the first offending rows."""
    metadata: dict[str, Any] = {"observed": observed(finding)}
    found = detail(finding)
    if found is not None:
        metadata["detail"] = found
    if finding.offending is not None:
        metadata["offending_rows"] = finding.offending
    if finding.checked is not None:
        metadata["checked_rows"] = finding.checked
    if finding.sample:
        metadata["sample"] = _table(finding)
    if finding.evaluated_at is not None:
        metadata["evaluated_at"] = dg.MetadataValue.timestamp(finding.evaluated_at.replace(tzinfo=UTC))
    return dg.AssetCheckResult(
        asset_key=asset_key(finding.rule.table),
        check_name=finding.rule.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity(severity_of(finding)),
        description=None if finding.passed else "; ".join(filter(None, (observed(finding), found))),
        metadata=metadata,
    )


def _table(finding: Finding) -> dg.TableMetadataValue:
    """Return the offending rows as a table. Its cells are no markup, so the web UI shows every value as plain text."""
    columns = list(finding.sample[0])
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({column: shown(row.get(column)) for column in columns}) for row in finding.sample
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(name=column, type="string") for column in columns]),
    )


def _schema(rule: Rule) -> str:
    return rule.table.partition(".")[0]
