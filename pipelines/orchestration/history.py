"""Dagster's history, as a run in a terminal writes it.

Belongs here: opening it, and saying why it cannot be kept. Does not belong here: where it lies (``dagster_home``).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipelines.orchestration import event_log
from pipelines.warehouse.failures import first_line, recognize, with_cure

NOT_KEPT = (SQLAlchemyError, sqlite3.Error, OSError)
"""What Dagster raises if it cannot write its history."""


def open_history() -> dg.DagsterInstance:
    """Return the instance of ``DAGSTER_HOME``, or without it one that keeps nothing.

    Dagster does not store what steps print: it would start two processes for that, and each answers Ctrl-C with a
    traceback. Telemetry is off even in a home that does not have the project's settings.
    """
    home = os.environ.get("DAGSTER_HOME")
    if not home:
        return dg.DagsterInstance.ephemeral()
    compute_logs = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    overrides: dict[str, Any] = {"compute_logs": compute_logs, "telemetry": {"enabled": False}}
    if not _names_storage(Path(home) / "dagster.yaml"):
        overrides["event_log_storage"] = event_log.configuration(Path(home))
    return dg.DagsterInstance.local_temp(home, overrides=overrides)


def _names_storage(path: Path) -> bool:
    """True if the home's settings keep the history elsewhere than in SQLite files below the home."""
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    return isinstance(settings, dict) and not {"storage", "event_log_storage"}.isdisjoint(settings)


def not_kept(error: BaseException) -> str:
    """Return, in one line, why Dagster cannot keep its history, and what to do."""
    words = str(error.orig) if isinstance(error, DBAPIError) else first_line(str(error))
    return with_cure(f"Dagster cannot keep its history: {words}", recognize(error))
