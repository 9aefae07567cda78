"""What a rule is, what a finding is, and the kinds of rule that many tables share.

Belongs here: what the modules of ``rules`` are written with. Does not belong here: a rule of one table, how a rule is
evaluated (``engine``), or how Dagster shows it (``orchestration.checks``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import sqlglot
from sqlglot import exp

from pipelines.sql_text import literal, quoted

Severity = Literal["error", "warn"]


@dataclass(frozen=True, eq=False)
class Rule:
    """One thing that must hold of a table. No other rule of the same table has its name.

    ``table`` is ``schema.table``. ``description`` is one sentence that says what holds. Either ``query`` returns the
    rows that break the rule, or ``expectation`` names one of Great Expectations' own classes and ``arguments`` are its
    arguments. Of an expectation, ``sample_columns`` are the columns that identify an offending row.
    ``sentence`` says in words what an offending row says; a column's name in braces stands for its value.
    ``is_keyed``: True if the query judges the rows of each key of its tables' incremental builds by themselves.
    ``names_rows``: the columns that must name one row, of a rule that asks for nothing else.
    """

    table: str
    name: str
    description: str
    severity: Severity = "error"
    query: str | None = None
    expectation: str = "ExpectNoRows"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    sample_columns: tuple[str, ...] = ()
    sentence: str = ""
    is_keyed: bool = False
    names_rows: tuple[str, ...] = ()

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every ``schema.table`` that the rule reads, its own included."""
        if self.query is None:
            return frozenset({self.table})
        tables = sqlglot.parse_one(self.query, dialect="duckdb").find_all(exp.Table)
        return frozenset({self.table, *(f"{table.db}.{table.name}" for table in tables if table.db)})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one evaluation of a rule found.

    ``offending``: how many rows break the rule; None if they could not be counted. ``checked``: how many rows the table
    has; None if the rule could not be evaluated. ``sample``: the first offending rows. ``error``: why the rule could not
    be evaluated; None if it could. ``evaluated_at`` is UTC; None while the finding is made.
    """

    rule: Rule
    passed: bool
    offending: int | None = None
    checked: int | None = None
    sample: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None
    evaluated_at: datetime | None = None


def one_of(table: str, column: str, values: tuple[Any, ...], key: tuple[str, ...]) -> Rule:
    """Return the rule that the column is null or has one of the values."""
    return Rule(
        table,
        f"{column}_is_known",
        f"`{column}` is null or one of {', '.join(map(str, values))}.",
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": list(values)},
        sample_columns=key,
    )


def filled(table: str, column: str, key: tuple[str, ...]) -> Rule:
    """Return the rule that the column is never null."""
    return Rule(
        table,
        f"{column}_is_filled",
        f"`{column}` is never null.",
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": column},
        sample_columns=key,
    )


def unique(
    table: str, key: tuple[str, ...], nullable: tuple[str, ...] = (), scope: tuple[str, ...] = ()
) -> Rule:
    """Return the rule that a key names one row.

    No key stands twice, and no part of it is null, except the parts in ``nullable`` and ``scope``. ``scope`` are the
    parts within which the others are unique; they do not give the rule its name.
    """
    own = [part for part in key if part not in scope]
    nullable = (*scope, *nullable)
    columns = ", ".join(map(quoted, key))
    broken = ["count(*) > 1", *(f"{quoted(part)} IS NULL" for part in key if part not in nullable)]
    return Rule(
        table,
        f"{own[0]}_is_unique" if len(own) == 1 else "key_is_unique",
        _key_words(key, nullable),
        query=f"SELECT {columns}, count(*) AS rows FROM {table} GROUP BY {columns} HAVING {' OR '.join(broken)}",
        names_rows=key,
    )


def _key_words(key: tuple[str, ...], nullable: tuple[str, ...]) -> str:
    """Return the sentence that says what holds of the key."""
    exceptions = " and ".join(f"`{part}`" for part in key if part in nullable)
    if exceptions:
        return f"`{' + '.join(key)}` names one row. {exceptions} may be null."
    return f"`{' + '.join(key)}` names one row, and no part of it is null."


def within(table: str, bounds: Mapping[str, tuple[float | None, float | None]], key: tuple[str, ...]) -> Rule:
    """Return the rule that each column is null or lies between its bounds, both included. A bound of None is open."""
    tests = [
        test
        for column, (low, high) in bounds.items()
        for test in (
            f"{quoted(column)} < {low}" if low is not None else None,
            f"{quoted(column)} > {high}" if high is not None else None,
        )
        if test
    ]
    shown = ", ".join(map(quoted, (*key, *bounds)))
    ranges = ", ".join(
        f"`{column}` {f'at least {low}' if high is None else f'{low} to {high}'}"
        for column, (low, high) in bounds.items()
    )
    return Rule(
        table,
        "numbers_lie_in_range",
        f"Each number is null or lies in its range: {ranges}.",
        query=f"SELECT {shown} FROM {table} WHERE {' OR '.join(tests)}",
    )


def text_list(values: Iterable[str]) -> str:
    """Return SQL: the texts as literals, separated by commas."""
    return ", ".join(map(literal, values))


def value_rows(rows: Iterable[tuple[object, ...]]) -> str:
    """Return SQL: the rows of a VALUES list. Texts become literals; other values are written as they print."""
    return ", ".join(
        f"({', '.join(literal(value) if isinstance(value, str) else str(value) for value in row)})"
        for row in rows
    )
