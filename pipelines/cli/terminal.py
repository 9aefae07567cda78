"""One run as a person at a terminal sees it: a line for each step, the headline table, and the rows by what became of them.

Belongs here: what the terminal shows. Does not belong here: anything that a run does; ``dagster job execute -j refresh``
does the same.
"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from typing import Any

import dagster as dg

from pipelines.cli import lines
from pipelines.cli.summary import summary
from pipelines.definitions import build_defs
from pipelines.orchestration.history import NOT_KEPT, not_kept, open_history
from pipelines.settings import Settings
from pipelines.warehouse import run_log
from pipelines.warehouse.failures import Failure, first_line, recognize, recognize_line, with_cure

_TOLD_TO_STOP = "the run was told to stop"


def refresh(settings: Settings) -> int:
    """Carry out one run. Returns the process's exit code: 1, after one readable line, when the run failed.

    Raises LedgerError when the definitions cannot be built, as with a SQL file that is not of the form.
    """
    started, before = time.monotonic(), run_log.in_force(settings)
    progress, aside = _Progress(), io.StringIO()
    job = dg.Definitions.merge(
        build_defs(settings), dg.Definitions(loggers={"progress": progress.definition()})
    )
    failure: str | None = None
    try:
        # Dagster writes pages to the standard error for each event that it cannot store; the line below replaces them.
        with resend_lost_interrupts(), redirect_stderr(aside), open_history() as history:
            result = job.resolve_job_def("refresh").execute_in_process(
                run_config={"loggers": {"progress": {}}}, instance=history, raise_on_error=False
            )
            # The rest takes a moment, and nothing is left to stop.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        if not result.success:
            failure = progress.reason()
        sys.stderr.write(aside.getvalue())
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        failure = progress.reason(_TOLD_TO_STOP)
    except dg.DagsterError as error:
        failure = progress.reason(with_cure(first_line(str(error)), recognize(error)))
    except NOT_KEPT as error:
        failure = progress.reason(not_kept(error))
    if failure is not None:
        is_published = run_log.in_force(settings) != before
        return fail(f"{'published, but' if is_published else 'nothing was published;'} {failure}")
    lines.write(*summary(settings), f"done in {time.monotonic() - started:.1f} s")
    return 0


@contextmanager
def resend_lost_interrupts() -> Iterator[None]:
    """Send a signal again when the exception that it raised was lost.

    Dagster raises that exception wherever the main thread is. In a finalizer, Python prints it and goes on; the signal
    is then sent again until the exception falls elsewhere.
    """

    def resend(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)):
            # From a thread and a little later, or it would fall into this very function.
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            before(lost)

    before, sys.unraisablehook = sys.unraisablehook, resend
    try:
        yield
    finally:
        sys.unraisablehook = before


def fail(reason: str) -> int:
    """Print the one line of a run that failed. Returns the exit code, 1."""
    print(f"contact-ledger: {reason}", file=sys.stderr)
    return 1


class _Progress(logging.Handler):
    """Prints a line for each event of the run that a person wants to see, and keeps why the run failed."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: dict[str, str] = {}
        self._failed_checks: list[str] = []
        self._failures: list[str] = []

    def definition(self) -> dg.LoggerDefinition:
        """Build the Dagster logger whose only handler this is."""

        def progress(_: dg.InitLoggerContext) -> logging.Logger:
            logger = logging.getLogger("contact_ledger.progress")
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
            logger.handlers = [self]
            return logger

        return dg.LoggerDefinition(progress, description="One line a step, for a terminal.")

    def reason(self, otherwise: str = "the run failed") -> str:
        """Return why the run failed, in one line; ``otherwise`` when no step and no check failed."""
        if self._failed_checks:
            return "failed checks: " + "; ".join(self._failed_checks)
        first, *others = self._failures or [otherwise]  # one cause often fails several steps
        more = f" (and {len(others)} more steps failed)" if others else ""
        return f"{first}{more}"

    def emit(self, record: logging.LogRecord) -> None:
        event = _event(record)
        if event is None:
            # The project logs warnings; Dagster logs every step that it skips, at other levels.
            if record.levelno == logging.WARNING:
                lines.write(_message(record))
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
        lines.write(f"  {'FAILED' if blocking else 'warning'}: {name}{_observed(evaluation.metadata)}")
        if blocking:
            self._failed_checks.append(name + _observed(evaluation.metadata))

    def _line(self, step: str, seconds: float | None) -> None:
        took = "" if seconds is None else f"{seconds:8.2f} s"
        lines.write(f"{step.replace('__', '/'):<52}{self._facts.pop(step, ''):>18}{took}")


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
    """Return why a step or the run failed, in one line: what happened, and what to do where that is known."""
    error = getattr(event.event_specific_data, "error", None)
    if error is None:
        return str(event.message or "unknown")
    origin = error
    while origin.cause is not None:
        origin = origin.cause
    if origin.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return _TOLD_TO_STOP
    # A full disk may be reported by an error that another one hides.
    known = ((each, recognize_line(each.message)) for each in (origin, *_errors(error)))
    told, failure = next((pair for pair in known if pair[1]), (origin, None))
    if failure is Failure.INTERRUPTED:
        return _TOLD_TO_STOP
    return with_cure(_plain(told.message), failure)


def _errors(error: Any) -> Iterator[Any]:
    """Yield an error as Dagster keeps it, after those that it came from."""
    for inner in (error.cause, error.context):
        if inner is not None:
            yield from _errors(inner)
    yield error


def _plain(message: str) -> str:
    """Return a traceback's last line or lines as one line without the class, where the words say enough without it."""
    words = first_line(message) if message.startswith("_duckdb.") else message
    return re.sub(r"^(pipelines\.[\w.]+|_duckdb\.\w+|OSError): ", "", " ".join(words.split()))


def _observed(metadata: Mapping[str, Any]) -> str:
    """What a failed check found: its counts, then the first offending row or why it could not be evaluated."""
    found = [str(metadata[name].value) for name in ("observed", "detail") if name in metadata]
    return f" ({'; '.join(found)})" if found else ""
