"""Great Expectations on the run's own DuckDB connection: rules in, findings out.

Belongs here: everything that knows Great Expectations, SQLAlchemy or ``duckdb_engine``. Import it where it is used, not
at the top of a module: Great Expectations alone takes seconds to import.

All work is pushed down. The rules of one table are one suite, so that its column rules share one scan; what comes back
is counts, and of a broken rule at most ``SAMPLE_ROWS`` offending rows. No frame library is involved.
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
    # Great Expectations 1.24 imports sre_constants, which Python 3.11 deprecates.
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
"""The key in an expectation's meta under which it carries its rule's name."""


class ExpectNoRows(BatchExpectation):
    """Holds when a query over any tables returns no row; the rows it returns are the offending ones.

    Great Expectations' own ``UnexpectedRowsExpectation`` runs the query twice, once to count and once to fetch rows
    that nobody asked for. This one only counts, exactly.
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
    """What each rule finds in the database behind ``con``, table by table.

    A rule that cannot be evaluated (its table or a column is missing, its query fails) is a finding with an ``error``,
    never an exception. Nothing is written, and nothing is left open.
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
    """Make a process that has imported Great Expectations run fast and end quietly. ``evaluate`` calls it.

    Freezes what the imports created: it lives as long as the process, and searching it for garbage would take a quarter
    of a second each time while a run goes on. Registers the emptying of DuckDB's package at exit. A second call does
    nothing.
    """
    gc.freeze()
    atexit.register(_empty_duckdb)


def _empty_duckdb() -> None:
    """Let go of DuckDB's types before the interpreter ends.

    Libraries written in Rust (rpds, which Great Expectations brings, and Polars) outlive the interpreter's modules and
    keep these types alive. DuckDB's bindings would then print a page of "leaked" lines.
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
            except (
                duckdb.Error
            ) as failure:  # counting the rows computes no column, so nothing failed until now
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
            # Asked only of rules that are broken: it costs Great Expectations two more queries a rule.
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
    """Rule's name → whether it holds, Great Expectations' result, and why it could not be evaluated."""
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
    """The query as Great Expectations wants it: it fills in what stands in braces, SQLAlchemy what follows a colon."""
    return query.replace(":", "\\:").replace("{", "{{").replace("}", "}}")


def _failure(exception_info: Mapping[str, Any]) -> str | None:
    """Why an expectation raised, in one line; None when it did not.

    The information is one record, or one record for each metric that could not be computed.
    """
    records = [exception_info, *(value for value in exception_info.values() if isinstance(value, Mapping))]
    message = next(
        (record["exception_message"] for record in records if record.get("exception_message")), None
    )
    if message is None:
        return "the expectation raised without a message" if exception_info.get("raised_exception") else None
    return _one_line(str(message))


def _one_line(message: str) -> str:
    """A message's first paragraph in one line, without the type that SQLAlchemy puts before it."""
    first = re.split(r"\n\s*\n|\n\[SQL", message.strip(), maxsplit=1)[0]
    return " ".join(re.sub(r"^\(_?duckdb\.\w+\)\s*", "", first).split())


def _first_rows(con: duckdb.DuckDBPyConnection, query: str) -> tuple[dict[str, Any], ...]:
    # A rule may say which offending rows to show first; where it does not, the same ones are shown every time.
    is_ordered = sqlglot.parse_one(query, dialect="duckdb").args.get("order") is not None
    rows = con.sql(f"SELECT * FROM ({query}) {'' if is_ordered else 'ORDER BY ALL'} LIMIT {SAMPLE_ROWS}")
    return tuple(dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall())


class _Borrowed(ConnectionWrapper):
    """The run's connection, lent to SQLAlchemy: it may read with it, not begin, end or close anything.

    Great Expectations fetches rows after it has given its connection back, and SQLAlchemy rolls back whatever is given
    back; on one shared DuckDB connection that discards the rows. So every statement gets a cursor of its own, which
    streams, and is closed with the last of them. A cursor sees what is committed.
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
    """A Great Expectations data source over the open connection, in a context that leaves nothing behind."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    borrowed = _Borrowed(con)
    sources: Any = context.data_sources  # its methods are typed without what they pass on to the engine
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
