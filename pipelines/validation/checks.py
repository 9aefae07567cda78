"""The rules as Dagster asset checks: one check a rule, with its own history, severity and offending rows.

Belongs here: which checks exist, what they show, and the log of their results. Does not belong here: what must hold
(``rules``) or how it is evaluated (``engine``).

Every check is blocking. Only a failure of severity ERROR stops what comes after it; a WARN check that blocks merely has
to have run first, so nothing is published before everything has been looked at.
"""

# No deferred annotations here: Dagster looks at the check function's own.
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import dagster as dg

from pipelines.catalog import POOL, asset_key, upstream_keys
from pipelines.validation.drift import MEMORY
from pipelines.validation.rule import Finding, Rule
from pipelines.validation.rules import RULES
from pipelines.warehouse import Warehouse

_FINDING = "table_name, check_name, severity, passed, observed"
_CELL_WIDTH = 200
_OBSERVED_WIDTH = 300


def build_checks(rules: Sequence[Rule] = RULES) -> list[dg.AssetChecksDefinition]:
    """One check definition for each schema that the rules speak of; each holds a check for each of its rules.

    They need the resource ``warehouse``. A selection may take any of the checks; Dagster splits a definition where one
    of its tables is built from another.
    """
    in_order = sorted(rules, key=_schema)
    return [_checks_of(schema, list(group)) for schema, group in groupby(in_order, key=_schema)]


def _checks_of(schema: str, rules: list[Rule]) -> dg.AssetChecksDefinition:
    by_key = {dg.AssetCheckKey(asset_key(rule.table), rule.name): rule for rule in rules}
    if len(by_key) != len(rules):
        raise ValueError(f"two rules of one table in schema {schema} have the same name")

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
        from pipelines.validation.engine import (
            evaluate,
        )  # seconds of import, paid by the first check that runs

        selected = [rule for key, rule in by_key.items() if key in context.selected_asset_check_keys]
        findings = evaluate(warehouse.con, selected)
        log_findings(warehouse, findings, context.run.run_id)
        _count_broken(warehouse, findings)
        _forget_others(warehouse, schema, rules)
        for finding in findings:
            yield check_result(finding)

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


def check_result(finding: Finding) -> dg.AssetCheckResult:
    """What Dagster keeps of a finding: counts that plot over time, and of a broken rule the first offending rows."""
    metadata: dict[str, Any] = {"observed": observed(finding)}
    if finding.offending is not None:
        metadata["offending_rows"] = finding.offending
    if finding.checked is not None:
        metadata["checked_rows"] = finding.checked
    if finding.sample:
        metadata["sample"] = _table(finding)
    if finding.error is not None:
        metadata["error"] = finding.error
    return dg.AssetCheckResult(
        asset_key=asset_key(finding.rule.table),
        check_name=finding.rule.name,
        passed=finding.passed,
        severity=_severity(finding),
        description=None if finding.passed else observed(finding),
        metadata=metadata,
    )


def observed(finding: Finding) -> str:
    """A finding in one line: the count, and of a broken rule its first offending row."""
    if finding.error is not None:
        return _cut(f"could not be evaluated: {finding.error}", _OBSERVED_WIDTH)
    text = f"{finding.offending} offending"
    if finding.checked is not None:
        text += f", {finding.checked} rows checked"
    if finding.sample:
        row = ", ".join(f"{column} {_text(value)}" for column, value in finding.sample[0].items())
        text += f"; {'first' if finding.offending != 1 else 'it'}: {row}"
    return _cut(text, _OBSERVED_WIDTH)


def log_findings(warehouse: Warehouse, findings: Iterable[Finding], run_id: str) -> None:
    """Put the findings in ``landing.check_log``, each in place of its check's last one, all or none.

    A finding that is the last one again leaves it as it stands: ``checked_at`` and ``run_id`` are of the run that found
    it first, so that a run over nothing new changes no published row.
    """
    known = {tuple(row) for row in warehouse.con.sql(f"SELECT {_FINDING} FROM landing.check_log").fetchall()}
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (*found, now, run_id)
        for finding in findings
        if (
            found := (
                finding.rule.table,
                finding.rule.name,
                _severity(finding).value,
                finding.passed,
                observed(finding),
            )
        )
        not in known
    ]
    if not rows:
        return
    with warehouse.transaction() as con:
        con.executemany(
            "DELETE FROM landing.check_log WHERE table_name = ? AND check_name = ?",
            [list(r[:2]) for r in rows],
        )
        con.executemany(
            f"INSERT INTO landing.check_log ({_FINDING}, checked_at, run_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [list(row) for row in rows],
        )


def _count_broken(warehouse: Warehouse, findings: Sequence[Finding]) -> None:
    """Add to the run's own row in the books how many checks failed so far; the log keeps no count by run."""
    broken = Counter(_severity(finding) for finding in findings if not finding.passed)
    warehouse.con.execute(
        "UPDATE landing.runs SET checks_failed = coalesce(checks_failed, 0) + ?, "
        "checks_warned = coalesce(checks_warned, 0) + ? WHERE number = (SELECT max(number) FROM landing.runs)",
        [broken[dg.AssetCheckSeverity.ERROR], broken[dg.AssetCheckSeverity.WARN]],
    )


def _forget_others(warehouse: Warehouse, schema: str, rules: Iterable[Rule]) -> None:
    """Drop the results of checks that no longer exist: a rule that was broken when it was retired is not broken."""
    known = [f"{rule.table} {rule.name}" for rule in rules]
    warehouse.con.execute(
        "DELETE FROM landing.check_log "
        "WHERE starts_with(table_name, ?) AND table_name || ' ' || check_name NOT IN (SELECT unnest(?))",
        [f"{schema}.", known],
    )


def _severity(finding: Finding) -> dg.AssetCheckSeverity:
    """A rule that could not be evaluated is an error, whatever it would have been: nobody knows what it would say."""
    if finding.rule.severity == "error" or finding.error is not None:
        return dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckSeverity.WARN


def _table(finding: Finding) -> dg.TableMetadataValue:
    """The offending rows as a table: cells, not markup, so that a value cannot pass for anything but a value."""
    columns = list(finding.sample[0])
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({column: _text(row.get(column)) for column in columns}) for row in finding.sample
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(name=column, type="string") for column in columns]),
    )


def _text(value: object) -> str:
    return "null" if value is None else _cut(str(value), _CELL_WIDTH)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _schema(rule: Rule) -> str:
    return rule.table.partition(".")[0]
