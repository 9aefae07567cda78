"""One run told to a person at a terminal: a line a step, then the headline table and what became of the rows.

Belongs here: what the terminal shows. Does not belong here: anything that ``dagster job execute -j refresh`` would not
do as well.
"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from typing import Any

import dagster as dg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipelines.cli.summary import summary
from pipelines.definitions import build_defs
from pipelines.settings import Settings
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import DAMAGED_HELP

_NO_ROOM = ("No space left", "File too large", "disk is full", "disk I/O error", "Disk quota exceeded")
_DAMAGED = ("Corrupt database file", "not a valid DuckDB database", "Could not read enough bytes")
_TOLD_TO_STOP = "the run was told to stop"


def refresh(settings: Settings) -> int:
    """Carry out one run. Returns the process's exit code: 1, with one readable line, when it did not end well."""
    started, before = time.monotonic(), run_log.in_force(settings)
    progress, aside = _Progress(), io.StringIO()
    job = dg.Definitions.merge(
        build_defs(settings), dg.Definitions(loggers={"progress": progress.definition()})
    )
    failure: str | None = None
    try:
        # Dagster writes an essay to the standard error for each event that it cannot keep; the reason below says it all.
        with resend_lost_interrupts(), redirect_stderr(aside), _instance() as instance:
            result = job.resolve_job_def("refresh").execute_in_process(
                run_config={"loggers": {"progress": {}}}, instance=instance, raise_on_error=False
            )
            # What is left takes a moment, and there is nothing to stop any more.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        if not result.success:
            failure = progress.reason()
        sys.stderr.write(aside.getvalue())
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        failure = progress.reason(_TOLD_TO_STOP)
    except dg.DagsterError as error:
        failure = progress.reason(_advised(_first_line(str(error))))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        words = str(error.orig) if isinstance(error, DBAPIError) else _first_line(str(error))
        failure = progress.reason(_advised(f"Dagster cannot keep its history: {words}"))
    if failure is not None:
        is_published = run_log.in_force(settings) != before
        return fail(f"{'published, but' if is_published else 'nothing was published;'} {failure}")
    print("\n".join(summary(settings)))
    print(f"done in {time.monotonic() - started:.1f} s")
    return 0


@contextmanager
def resend_lost_interrupts() -> Iterator[None]:
    """See to it that being told to stop is not lost.

    Dagster tells the run by an exception, raised wherever the main thread is. Where that is a finalizer, Python prints a
    traceback, and goes on as if nothing had happened: then the signal is sent again, until it falls elsewhere.
    """

    def heed(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)):
            # From a thread and a little later: here and now it would fall into this very function.
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            before(lost)

    before, sys.unraisablehook = sys.unraisablehook, heed
    try:
        yield
    finally:
        sys.unraisablehook = before


def _instance() -> dg.DagsterInstance:
    """The instance of ``DAGSTER_HOME``, or one that is forgotten.

    What steps print is for this terminal alone: to keep it as well, Dagster would start two processes a run, which
    answer Ctrl-C with a traceback each. Telemetry is off also where nobody has laid the project's settings.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        return dg.DagsterInstance.ephemeral()
    compute_logs = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    overrides = {"compute_logs": compute_logs, "telemetry": {"enabled": False}}
    return dg.DagsterInstance.local_temp(home, overrides=overrides)


def fail(reason: str) -> int:
    """Print the one line of a run that failed. Returns the exit code, 1."""
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

    def reason(self, otherwise: str = "the run failed") -> str:
        """Why the run failed, in one line; ``otherwise`` where no step and no check did."""
        if self._failed_checks:
            return "failed checks: " + "; ".join(self._failed_checks)
        first, *others = self._failures or [otherwise]  # what stops one step often stops others
        more = f" (and {len(others)} more steps failed)" if others else ""
        return f"{first}{more}"

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
        return _TOLD_TO_STOP
    # DuckDB's first line says what happened; advice that no user of the pipeline can follow comes after it.
    told = _first_line(message) if "duckdb." in message.partition(":")[0] else message
    words = " ".join(told.split())
    # Our own errors speak to the person; where in the code they come from does not.
    return _advised(
        re.sub(r"^(pipelines\.[\w.]+|OSError): ", "", words), data.error.to_string() if error else ""
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _advised(words: str, essay: str = "") -> str:
    """A failure's words with what helps. ``essay`` is all that is known of it: what came of a full disk may come first."""
    if sign := next((sign for sign in _NO_ROOM if sign in words or sign in essay), None):
        why = "" if sign in words else f" ({sign})"
        return f"{words.rstrip('.')}{why}; make room on the disk of the output folder, and start again"
    if any(sign in words for sign in _DAMAGED) and DAMAGED_HELP not in words:
        return f"{words}; {DAMAGED_HELP}"
    return words


def _observed(metadata: Mapping[str, Any]) -> str:
    """What a failed check found: its counts, then the first offending row or why it could not be evaluated."""
    found = [str(metadata[name].value) for name in ("observed", "detail") if name in metadata]
    return f" ({'; '.join(found)})" if found else ""
