"""Great Expectations on the run's DuckDB connection: it takes rules and returns findings.

Belongs here: everything that knows Great Expectations, SQLAlchemy or ``duckdb_engine``. Does not belong here: what must
hold (``rules``). Import this module inside the function that uses it: Great Expectations takes seconds to import.

DuckDB does all the work. The rules of one table form one suite, so that its column rules share one scan. The results
are counts, and for a broken rule at most ``SAMPLE_ROWS`` offending rows.
"""

from __future__ import annotations

import atexit
import gc
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from typing import Any, ClassVar

import duckdb
import sqlglot

with warnings.catch_warnings():
    # Great Expectations 1.24 imports sre_constants, which is deprecated since Python 3.11.
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.expectations.expectation import BatchExpectation

from duckdb_engine import ConnectionWrapper, CursorWrapper
from sqlalchemy.pool import StaticPool

from pipelines.validation.rule import Finding, Rule

SAMPLE_ROWS = 10
"""How many offending rows of a broken rule are kept."""

_RULE = "rule"
"""The key in an expectation's ``meta`` that holds its rule's name."""


class ExpectNoRows(BatchExpectation):
    """Succeeds if a query returns no row. The query may read any tables; the rows it returns are the offending ones.

    Great Expectations' own ``UnexpectedRowsExpectation`` runs the query twice: once to count the rows, once to fetch
    some that nobody asked for. This class only counts, and counts all rows.
    """

    query: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.row_count", "table.row_count")
    success_keys: ClassVar[tuple[str, ...]] = ("query",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        count = metrics["query.row_count"]
        return {
            "success": count == 0,
            "result": {"unexpected_count": count, "element_count": metrics["table.row_count"]},
        }


def evaluate(con: duckdb.DuckDBPyConnection, rules: Iterable[Rule]) -> list[Finding]:
    """Evaluate the rules in the database of ``con``. Returns one finding for each rule, sorted by table.

    If a rule cannot be evaluated (a table or a column is missing, or its query fails), its finding has an ``error``.
    Raises InterruptException when the connection is interrupted. Writes nothing, and leaves nothing open.
    """
    freeze_imports()
    by_table = sorted(rules, key=lambda rule: rule.table)
    with _datasource(con) as datasource:
        return [
            finding
            for table, group in groupby(by_table, key=lambda rule: rule.table)
            for finding in _evaluate_table(con, datasource, table, list(group))
        ]


@cache
def freeze_imports() -> None:
    """Keep the imports from slowing the run and from printing at exit. ``evaluate`` calls it; a second call does nothing.

    The objects that the imports created live as long as the process. Each search of them for garbage would take a
    quarter of a second, so they are excluded from it. At exit, ``_empty_duckdb`` runs.
    """
    gc.freeze()
    atexit.register(_empty_duckdb)


def _empty_duckdb() -> None:
    """Empty DuckDB's modules before the interpreter ends.

    Libraries written in Rust (rpds, which Great Expectations needs, and Polars) outlive the interpreter's modules and
    keep DuckDB's types alive. DuckDB's bindings would then print a page of "leaked" lines.
    """
    gc.unfreeze()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "duckdb":
            vars(module).clear()


def _evaluate_table(
    con: duckdb.DuckDBPyConnection, datasource: SQLDatasource, table: str, rules: Sequence[Rule]
) -> Iterator[Finding]:
    asset = datasource.add_query_asset(name=table, query=f"SELECT * FROM {table}")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    results = _validate(batch, rules, {"result_format": "BASIC", "partial_unexpected_count": 0})
    checked = next((result["element_count"] for _, result, _ in results.values() if result), None)
    for rule in rules:
        passed, result, error = results[rule.name]
        if error is not None:
            yield Finding(rule, passed=False, checked=checked, error=error)
        elif passed:
            yield Finding(rule, passed=True, offending=0, checked=checked)
        elif rule.query is not None:
            try:
                sample, error = _first_rows(con, rule.query), None
            except duckdb.InterruptException:
                raise
            except duckdb.Error as failure:
                # Counting the rows computes no column, so a column that fails does so only here.
                sample, error = (), _one_line(str(failure))
            yield Finding(
                rule,
                passed=False,
                offending=result["unexpected_count"],
                checked=checked,
                sample=sample,
                error=error,
            )
        else:
            # Only for broken rules: Great Expectations runs two more queries for each.
            details = {
                "result_format": "SUMMARY",
                "unexpected_index_column_names": list(rule.sample_columns),
                "partial_unexpected_count": SAMPLE_ROWS,
            }
            _, result, error = _validate(batch, [rule], details)[rule.name]
            yield Finding(
                rule,
                passed=False,
                offending=result.get("unexpected_count"),
                checked=checked if checked is not None else result.get("element_count"),
                sample=tuple(result.get("partial_unexpected_index_list") or ()),
                error=error,
            )


def _validate(
    batch: Any, rules: Sequence[Rule], result_format: str | dict[str, Any]
) -> dict[str, tuple[bool, Mapping[str, Any], str | None]]:
    """Return, by rule name: True if the rule holds, Great Expectations' result, and why it could not be evaluated."""
    suite = gx.ExpectationSuite(name="rules", expectations=[_expectation(rule) for rule in rules])
    validated = batch.validate(suite, result_format=result_format)
    return {
        result.expectation_config.meta[_RULE]: (
            bool(result.success),
            result.result,
            _failure(result.exception_info),
        )
        for result in validated.results
    }


def _expectation(rule: Rule) -> Any:
    common: dict[str, Any] = {
        "meta": {_RULE: rule.name},
        "severity": "critical" if rule.severity == "error" else "warning",
    }
    if rule.query is not None:
        return ExpectNoRows(query=_escaped(rule.query), **common)
    return getattr(gxe, rule.expectation)(**rule.arguments, **common)


def _escaped(query: str) -> str:
    """Return the query with escapes: Great Expectations replaces text in braces, SQLAlchemy words behind a colon."""
    return query.replace(":", "\\:").replace("{", "{{").replace("}", "}}")


def _failure(exception_info: Mapping[str, Any]) -> str | None:
    """Return why an expectation raised, in one line; None if it did not.

    ``exception_info`` is one record, or holds one record for each metric that could not be computed.
    """
    records = [exception_info, *(value for value in exception_info.values() if isinstance(value, Mapping))]
    message = next(
        (record["exception_message"] for record in records if record.get("exception_message")), None
    )
    if message is None:
        return "the expectation raised without a message" if exception_info.get("raised_exception") else None
    return _one_line(str(message))


def _one_line(message: str) -> str:
    """Return a message's first paragraph in one line, without the exception type that SQLAlchemy puts before it."""
    first = re.split(r"\n\s*\n|\n\[SQL", message.strip(), maxsplit=1)[0]
    return " ".join(re.sub(r"^\(_?duckdb\.\w+\)\s*", "", first).split())


def _first_rows(con: duckdb.DuckDBPyConnection, query: str) -> tuple[dict[str, Any], ...]:
    # A rule may order its rows. If it does not, they are sorted by all columns, so that every run shows the same ones.
    is_ordered = sqlglot.parse_one(query, dialect="duckdb").args.get("order") is not None
    rows = con.sql(f"SELECT * FROM ({query}) {'' if is_ordered else 'ORDER BY ALL'} LIMIT {SAMPLE_ROWS}")
    return tuple(dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall())


class _Borrowed(ConnectionWrapper):
    """The run's connection as SQLAlchemy sees it: it can read, and cannot begin, commit, roll back or close.

    Great Expectations fetches rows after it has returned its connection. SQLAlchemy rolls a returned connection back,
    which discards the rows of a shared DuckDB connection. Every statement therefore gets a cursor of its own, and
    ``close_cursors`` closes all of them. A cursor sees what is committed.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        self._lender = con
        self._cursors: list[duckdb.DuckDBPyConnection] = []

    def cursor(self) -> CursorWrapper:
        self._cursors.append(self._lender.cursor())
        return CursorWrapper(self._cursors[-1], self)

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...

    def close_cursors(self) -> None:
        while self._cursors:
            self._cursors.pop().close()


@contextmanager
def _datasource(con: duckdb.DuckDBPyConnection) -> Iterator[SQLDatasource]:
    """Yield a Great Expectations data source on the open connection. At exit, everything but the connection is closed."""
    context = _context()
    borrowed = _Borrowed(con)
    sources: Any = context.data_sources  # the types of its methods lack the arguments for the engine
    datasource: SQLDatasource = sources.add_sql(
        name="warehouse",
        connection_string="duckdb://",
        kwargs={"creator": lambda: borrowed, "poolclass": StaticPool},
    )
    try:
        yield datasource
    finally:
        borrowed.close_cursors()
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()
        sources.delete("warehouse")


@cache
def _context() -> gx.data_context.EphemeralDataContext:
    """Make Great Expectations' context: once, for it takes longer than most suites."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # With every asset, Great Expectations writes its whole configuration as YAML into a store that nobody reads.
    vars(context)["_save_project_config"] = lambda *_, **__: None
    return context
