"""One run told to a person at a terminal: a line a step, then the headline table and what became of the rows.

Belongs here: what the terminal shows. Does not belong here: anything that ``dagster job execute -j refresh`` would not
do as well.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines.definitions import build_defs
from pipelines.settings import Settings

HEADLINE = """
SELECT
    coalesce(campaign_name, campaign_key) AS campaign, source, targets, attempts, contacts,
    contact_rate_per_attempt, contact_rate_per_attempt_low, contact_rate_per_attempt_high,
    contact_rate_per_target, contact_rate_per_target_low, contact_rate_per_target_high
FROM reports.campaign_contact_rates
ORDER BY source, attempts DESC, campaign
"""


def refresh(settings: Settings) -> int:
    """Carry out one run. Returns the process's exit code: 1, with one readable line, when it did not end well."""
    started = time.monotonic()
    progress = _Progress()
    job = dg.Definitions.merge(
        build_defs(settings), dg.Definitions(loggers={"progress": progress.definition()})
    )
    with _instance() as instance:
        result = job.resolve_job_def("refresh").execute_in_process(
            run_config={"loggers": {"progress": {}}}, instance=instance, raise_on_error=False
        )
        # What is left takes a moment, and there is nothing to stop any more.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not result.success:
        return _sorry(progress.reason())
    _headline(settings)
    print(f"\npublished  {settings.published_path}\nreport     {settings.report_path}")
    print(f"done in {time.monotonic() - started:.1f} s")
    return 0


def _instance() -> dg.DagsterInstance:
    """The instance of ``DAGSTER_HOME``, or one that is forgotten.

    What steps print is for this terminal alone: to keep it as well, Dagster would start two processes a run, which
    answer Ctrl-C with a traceback each.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        return dg.DagsterInstance.ephemeral()
    module = "dagster._core.storage.noop_compute_log_manager"
    return dg.DagsterInstance.local_temp(
        home, overrides={"compute_logs": {"module": module, "class": "NoOpComputeLogManager"}}
    )


def _sorry(reason: str) -> int:
    print(f"contact-ledger: {reason}", file=sys.stderr)
    return 1


class _Progress(logging.Handler):
    """Turns the run's events into lines for a person, and keeps why it failed."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: dict[str, str] = {}
        self._failed_checks: list[str] = []
        self._failures: list[str] = []

    def definition(self) -> dg.LoggerDefinition:
        """A Dagster logger whose only handler is this one."""

        def progress(_: dg.InitLoggerContext) -> logging.Logger:
            logger = logging.getLogger("contact_ledger.progress")
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
            logger.handlers = [self]
            return logger

        return dg.LoggerDefinition(progress, description="One line a step, for a terminal.")

    def reason(self) -> str:
        if self._failed_checks:
            return "nothing was published; failed checks: " + "; ".join(self._failed_checks)
        first, *others = self._failures or ["the run failed"]  # what stops one step often stops others
        more = f" (and {len(others)} more steps failed)" if others else ""
        return f"nothing was published; {first}{more}"

    def emit(self, record: logging.LogRecord) -> None:
        event = _event(record)
        if event is None:
            if (
                record.levelno == logging.WARNING
            ):  # ours; Dagster tells of every step it skips at other levels
                print(_message(record), flush=True)
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            materialization = event.step_materialization_data.materialization
            rows = materialization.metadata.get("dagster/row_count")
            if event.step_key and rows is not None:
                self._facts[event.step_key] = f"{rows.value:>12,} rows"
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._check(event.asset_check_evaluation_data)
        elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            self._line(event.step_key or "", event.step_success_data.duration_ms / 1000)
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            self._line(f"{event.step_key} FAILED", None)
            self._failures.append(f"{event.step_key}: {_cause(event)}")
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE and not self._failures:
            self._failures.append(_cause(event))

    def _check(self, evaluation: dg.AssetCheckEvaluation) -> None:
        if evaluation.passed:
            return
        name = f"{'/'.join(evaluation.asset_key.path)} {evaluation.check_name}"
        blocking = evaluation.severity == dg.AssetCheckSeverity.ERROR
        print(f"  {'FAILED' if blocking else 'warning'}: {name}{_observed(evaluation.metadata)}", flush=True)
        if blocking:
            self._failed_checks.append(name + _observed(evaluation.metadata))

    def _line(self, step: str, seconds: float | None) -> None:
        took = "" if seconds is None else f"{seconds:8.2f} s"
        print(f"{step.replace('__', '/'):<52}{self._facts.pop(step, ''):>18}{took}", flush=True)


def _event(record: logging.LogRecord) -> Any:
    meta = getattr(record, "dagster_meta", None)
    return meta.get("dagster_event") if isinstance(meta, Mapping) else None


def _message(record: logging.LogRecord) -> str:
    meta = getattr(record, "dagster_meta", None)
    return (
        str(meta.get("orig_message") or record.getMessage())
        if isinstance(meta, Mapping)
        else record.getMessage()
    )


def _cause(event: Any) -> str:
    """The innermost error's own words, in one line."""
    data = event.event_specific_data
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    message = error.message if error else event.message or "unknown"
    # Whoever notices first: Dagster between two steps, or DuckDB in the middle of a query.
    if (
        error is not None and error.cls_name == "DagsterExecutionInterruptedError"
    ) or "Query interrupted" in message:
        return "the run was told to stop"
    # DuckDB's first line says what happened; advice that no user of the pipeline can follow comes after it.
    told = message.partition("\n")[0] if "duckdb." in message.partition(":")[0] else message
    words = " ".join(told.split())
    # Our own errors speak to the person; where in the code they come from does not.
    return re.sub(r"^pipelines\.[\w.]+: ", "", words)


def _observed(metadata: Mapping[str, Any]) -> str:
    observed = metadata.get("observed")
    return f" ({observed.value})" if observed is not None else ""


def _headline(settings: Settings) -> None:
    with duckdb.connect(settings.published_path, read_only=True) as con:
        found = con.sql(HEADLINE)
        rows = pl.DataFrame(found.fetchall(), schema=found.columns, orient="row", infer_schema_length=None)
        as_of, zone = con.sql("SELECT as_of, timezone FROM core.as_of").fetchall()[0]
    if rows.is_empty():
        print("\nno contact attempts in the landing folder: the reports are empty")
        return
    shown = rows.select(
        "campaign",
        "source",
        "targets",
        "attempts",
        "contacts",
        _rate("contact_rate_per_attempt").alias("per attempt (95 %)"),
        _rate("contact_rate_per_target").alias("per target (95 %)"),
    )
    print(f"\nContact rates as of {as_of} UTC (days and hours in {zone})")
    with pl.Config(
        tbl_rows=40,
        tbl_cols=-1,
        tbl_width_chars=160,
        fmt_str_lengths=40,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_formatting="ASCII_MARKDOWN",
    ):
        print(shown)


def _rate(name: str) -> pl.Expr:
    def percent(column: str) -> pl.Expr:
        return (pl.col(column) * 100).round(1).cast(pl.String)

    return (
        pl.when(pl.col(name).is_null())
        .then(pl.lit("–"))
        .otherwise(
            pl.concat_str(
                percent(name),
                pl.lit(" % ["),
                percent(f"{name}_low"),
                pl.lit("–"),
                percent(f"{name}_high"),
                pl.lit("]"),
            )
        )
    )
