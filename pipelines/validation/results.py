"""What the rules found, kept in the warehouse: `landing.check_log`.

Belongs here: a finding in words, and the log of the latest result of every rule. Does not belong here: what must hold
(`rules`), how it is evaluated (`engine`), or how Dagster shows it.
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
    """A finding in counts: how many rows offend, of how many. It quotes no row."""
    if finding.error is not None:
        return "could not be evaluated"
    text = f"{finding.offending} offending"
    return text if finding.checked is None else f"{text}, {finding.checked} rows checked"


def detail(finding: Finding) -> str | None:
    """The first offending row as text, or why the rule could not be evaluated; None when the rule held."""
    if finding.error is not None:
        return _cut(finding.error, _DETAIL_WIDTH)
    if not finding.sample:
        return None
    row = ", ".join(f"{column} {shown(value)}" for column, value in finding.sample[0].items())
    return _cut(row, _DETAIL_WIDTH)


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
    """Add to the run's own row in the books how many checks failed so far; the log keeps no count by run."""
    broken = Counter(severity_of(finding) for finding in findings if not finding.passed)
    warehouse.con.execute(
        "UPDATE landing.runs SET checks_failed = coalesce(checks_failed, 0) + ?, "
        "checks_warned = coalesce(checks_warned, 0) + ? WHERE number = (SELECT max(number) FROM landing.runs)",
        [broken["ERROR"], broken["WARN"]],
    )


def forget_others(warehouse: Warehouse, schema: str, rules: Iterable[Rule]) -> None:
    """Drop the results of checks that no longer exist: a rule that was broken when it was retired is not broken."""
    known = [f"{rule.table} {rule.name}" for rule in rules]
    warehouse.con.execute(
        "DELETE FROM landing.check_log "
        "WHERE starts_with(table_name, ?) AND table_name || ' ' || check_name NOT IN (SELECT unnest(?))",
        [f"{schema}.", known],
    )


def severity_of(finding: Finding) -> str:
    """``ERROR`` or ``WARN``. A rule that could not be evaluated is an error: nobody knows what it would say."""
    if finding.rule.severity == "error" or finding.error is not None:
        return "ERROR"
    return "WARN"


def shown(value: object) -> str:
    """A value as the text of one table cell."""
    return "null" if value is None else _cut(str(value), _CELL_WIDTH)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
