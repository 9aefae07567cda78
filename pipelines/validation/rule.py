"""What a rule is, what it finds, and the kinds of rule that many tables share.

Belongs here: the vocabulary in which ``rules`` is written. Does not belong here: any rule of one table, or how a rule
is evaluated (``engine``) or shown (``checks``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import sqlglot
from sqlglot import exp

from pipelines.sql_text import literal, quoted

Severity = Literal["error", "warn"]


@dataclass(frozen=True, eq=False)
class Rule:
    """One thing that must hold of ``table`` (``schema.table``), under a name unique there.

    Either ``query`` gives the rows that break it, or ``expectation`` names one of Great Expectations' own, with its
    ``arguments``; ``sample_columns`` then tell which row is meant.
    """

    table: str
    name: str
    description: str
    severity: Severity = "error"
    query: str | None = None
    expectation: str = "ExpectNoRows"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    sample_columns: tuple[str, ...] = ()

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every ``schema.table`` the rule looks at, its own included."""
        if self.query is None:
            return frozenset({self.table})
        tables = sqlglot.parse_one(self.query, dialect="duckdb").find_all(exp.Table)
        return frozenset({self.table, *(f"{table.db}.{table.name}" for table in tables if table.db)})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. ``offending`` rows of ``checked`` rows; ``error`` says why it could not be evaluated."""

    rule: Rule
    passed: bool
    offending: int | None = None
    checked: int | None = None
    sample: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None


def one_of(table: str, column: str, values: tuple[Any, ...], key: tuple[str, ...]) -> Rule:
    """The column is null or has one of the values."""
    return Rule(
        table,
        f"{column}_is_known",
        f"`{column}` is one of {', '.join(map(str, values))}, or null.",
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": list(values)},
        sample_columns=key,
    )


def filled(table: str, column: str, key: tuple[str, ...]) -> Rule:
    """The column is never null."""
    return Rule(
        table,
        f"{column}_is_filled",
        f"`{column}` is never null.",
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": column},
        sample_columns=key,
    )


def unique(table: str, key: tuple[str, ...], nullable: tuple[str, ...] = ()) -> Rule:
    """The key names one row: no value twice, and no part of it null but those that may be."""
    columns = ", ".join(map(quoted, key))
    broken = ["count(*) > 1", *(f"{quoted(part)} IS NULL" for part in key if part not in nullable)]
    return Rule(
        table,
        f"{key[0]}_is_unique" if len(key) == 1 else "key_is_unique",
        f"`{' + '.join(key)}` is filled and names one row.",
        query=f"SELECT {columns}, count(*) AS rows FROM {table} GROUP BY {columns} HAVING {' OR '.join(broken)}",
    )


def within(table: str, bounds: Mapping[str, tuple[float | None, float | None]], key: tuple[str, ...]) -> Rule:
    """Each column is null or between its bounds, both included."""
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
    words = "; ".join(
        f"`{column}` {f'at least {low}' if high is None else f'{low} to {high}'}"
        for column, (low, high) in bounds.items()
    )
    return Rule(
        table,
        "numbers_lie_in_range",
        f"{words}.",
        query=f"SELECT {shown} FROM {table} WHERE {' OR '.join(tests)}",
    )


def text_list(values: Iterable[str]) -> str:
    """SQL: texts as literals, separated by commas."""
    return ", ".join(map(literal, values))


def value_rows(rows: Iterable[tuple[object, ...]]) -> str:
    """SQL: the rows of a VALUES list. Texts become literals; other values are written as they print."""
    return ", ".join(
        f"({', '.join(literal(value) if isinstance(value, str) else str(value) for value in row)})"
        for row in rows
    )
