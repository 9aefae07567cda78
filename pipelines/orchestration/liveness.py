"""Liveness: which process carries out a run, and marking a run as failed if its process is gone.

Belongs here: telling live processes from dead ones. Does not belong here: when a run is requested (``automation``), or
what a dead process left in the output folder (``warehouse``, ``publish``).

Dagster does not notice that a process was killed. It counts the run as started, and starts no queued run. Every process
that carries out runs therefore holds a lock on a file of its own, and every run names that file in a tag. The operating
system releases the lock when the process ends, however it ends. Unlike a process id, the file's name is never used
again, and a container that shares the output folder sees the lock too.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from pipelines.settings import Settings

TAG = "contact_ledger/process"
"""The run tag that names the process: host, process id, and a time in nanoseconds."""

_CLAIMED_WITHIN = timedelta(minutes=10)
"""A run is claimed before anything else happens in it. A run that is not claimed by then died at its start."""

_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]

_held: dict[Path, str] = {}
"""Folder → the file in it that this process has locked."""


def claim_run(instance: dg.DagsterInstance, run_id: str, settings: Settings) -> None:
    """Name this process in the run's tags as the process that carries the run out."""
    folder = _folder(settings)
    if folder not in _held or not (folder / _held[folder]).exists():
        _held[folder] = _hold(folder)
    instance.add_run_tags(run_id, {TAG: _held[folder]})


def fail_orphaned_runs(
    instance: dg.DagsterInstance, settings: Settings, log: Callable[[str], None]
) -> list[str]:
    """Mark every started run whose process is gone as failed, and log it. Returns the ids of these runs."""
    folder = _folder(settings)
    dead: list[str] = []
    alive: set[str] = set()
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY)):
        run, name = record.dagster_run, record.dagster_run.tags.get(TAG)
        if name is None:
            since = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
            if datetime.now(UTC) - since < _CLAIMED_WITHIN:
                continue
        elif _is_alive(folder / name):
            alive.add(name)
            continue
        message = f"run {run.run_id} failed: its process ({name or 'unknown'}) is gone"
        instance.report_run_failed(run, message)
        log(message)
        dead.append(run.run_id)
    for path in folder.glob("*"):
        if path.name not in alive and not _is_alive(path):
            path.unlink(missing_ok=True)
    return dead


def _folder(settings: Settings) -> Path:
    return settings.output / "processes"


def _hold(folder: Path) -> str:
    """Create a file and lock it for as long as this process lives. Returns its name."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"
        # Never closed: closing would release the lock.
        handle = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (folder / name).exists():  # another process may remove the file before it is locked
            return name
        os.close(handle)


def _is_alive(path: Path) -> bool:
    """True if the process that made the file is still alive."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
