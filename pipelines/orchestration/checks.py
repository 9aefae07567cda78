"""The rules as Dagster asset checks: one check a rule, with its own history, severity and offending rows.

Belongs here: which checks exist, what they show, and the log of their results. Does not belong here: what must hold
(``rules``), how it is evaluated (``engine``), or which columns are personal (``publish.personal_data``).

Every check is blocking. Only a failure of severity ERROR stops what comes after it; a WARN check that blocks merely has
to have run first, so nothing is published before everything has been looked at.
"""

# No deferred annotations here: Dagster looks at the check function's own.
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import dagster as dg

from pipelines.errors import LedgerError
from pipelines.orchestration.metadata import POOL, asset_key, upstream_keys
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
    """One check definition for each schema that the rules speak of; each holds a check for each of its rules.

    They need the resource ``warehouse``. A selection may take any of the checks; Dagster splits a definition where one
    of its tables is built from another.
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
        description=f"The rules that every table in schema {schema} must keep.",
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
            yield check_result(without_personal_data(finding) if is_hidden else finding)

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


def without_personal_data(finding: Finding) -> Finding:
    """The finding with the values of personal columns withheld, and so a failure's message, which may quote any value.

    A column is personal when it has the name of a personal column of a table that the rule reads.
    """
    secret = frozenset[str]().union(*map(personal_data.columns, finding.rule.reads))
    return replace(
        finding,
        sample=tuple(
            {name: personal_data.WITHHELD if name in secret else value for name, value in row.items()}
            for row in finding.sample
        ),
        error=None if finding.error is None else personal_data.WITHHELD,
    )


def check_result(finding: Finding) -> dg.AssetCheckResult:
    """What Dagster keeps of a finding: counts that plot over time, and of a broken rule the first offending rows."""
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
    return dg.AssetCheckResult(
        asset_key=asset_key(finding.rule.table),
        check_name=finding.rule.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity(severity_of(finding)),
        description=None if finding.passed else "; ".join(filter(None, (observed(finding), found))),
        metadata=metadata,
    )


def _table(finding: Finding) -> dg.TableMetadataValue:
    """The offending rows as a table: cells, not markup, so that a value cannot pass for anything but a value."""
    columns = list(finding.sample[0])
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({column: shown(row.get(column)) for column in columns}) for row in finding.sample
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(name=column, type="string") for column in columns]),
    )


def _schema(rule: Rule) -> str:
    return rule.table.partition(".")[0]
