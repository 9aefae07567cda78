"""The log of findings in the warehouse: ``landing.check_log``.

Belongs here: a finding in words, and the log with the latest finding of every rule. Does not belong here: what must
hold (``rules``), how it is evaluated (``engine``), or how Dagster shows it (``orchestration.checks``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pipelines.validation.rule import Finding, Rule
from pipelines.warehouse.connection import Warehouse

_FINDING = "table_name, check_name, severity, passed, observed, detail"
_CELL_WIDTH = 200
_DETAIL_WIDTH = 300


def observed(finding: Finding) -> str:
    """Return how many rows offend, of how many, as text. It quotes no row."""
    if finding.error is not None:
        return "could not be evaluated"
    text = f"{finding.offending} offending"
    return text if finding.checked is None else f"{text}, {finding.checked} rows checked"


def detail(finding: Finding) -> str | None:
    """Return the first offending row as text, or why the rule could not be evaluated; None if the rule holds.

    A rule's own sentence says the row if it has one.
    """
    if finding.error is not None:
        return _cut(finding.error, _DETAIL_WIDTH)
    if not finding.sample:
        return None
    cells = {column: shown(value) for column, value in finding.sample[0].items()}
    if finding.rule.sentence:
        return _cut(finding.rule.sentence.format(**cells), _DETAIL_WIDTH)
    return _cut(", ".join(f"{column} {cell}" for column, cell in cells.items()), _DETAIL_WIDTH)


def log_findings(warehouse: Warehouse, findings: Iterable[Finding], run_id: str) -> None:
    """Write the findings to ``landing.check_log``, all or none. Each replaces its rule's previous finding.

    A finding that equals the previous one is not written. ``checked_at`` (UTC) and ``run_id`` therefore belong to the
    run that found it first, and a run without new files changes no published row.
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
                severity_of(finding),
                finding.passed,
                observed(finding),
                detail(finding),
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
            f"INSERT INTO landing.check_log ({_FINDING}, checked_at, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [list(row) for row in rows],
        )


def count_broken(warehouse: Warehouse, findings: Sequence[Finding]) -> None:
    """Add the number of failed errors and failed warnings to the run's row in the run log (``landing.runs``)."""
    broken = Counter(severity_of(finding) for finding in findings if not finding.passed)
    warehouse.con.execute(
        "UPDATE landing.runs SET checks_failed = coalesce(checks_failed, 0) + ?, "
        "checks_warned = coalesce(checks_warned, 0) + ? WHERE number = (SELECT max(number) FROM landing.runs)",
        [broken["ERROR"], broken["WARN"]],
    )


def forget_others(warehouse: Warehouse, schema: str, rules: Iterable[Rule]) -> None:
    """Delete a schema's findings of rules that no longer exist, so that a retired rule does not stay broken."""
    known = [f"{rule.table} {rule.name}" for rule in rules]
    for log in ("landing.check_log", "landing.findings"):
        warehouse.con.execute(
            f"DELETE FROM {log} "
            "WHERE starts_with(table_name, ?) AND table_name || ' ' || check_name NOT IN (SELECT unnest(?))",
            [f"{schema}.", known],
        )


def severity_of(finding: Finding) -> str:
    """Return ``ERROR`` or ``WARN``. A rule that could not be evaluated is an error, whatever its severity."""
    if finding.rule.severity == "error" or finding.error is not None:
        return "ERROR"
    return "WARN"


def shown(value: object) -> str:
    """Return a value as the text of one table cell, at most 200 characters long. A list's parts stand side by side."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "null" if value is None else _cut(text, _CELL_WIDTH)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
