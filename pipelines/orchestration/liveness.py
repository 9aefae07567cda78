"""Which process carries out a run, and what becomes of runs whose process is gone.

Belongs here: telling the living from the dead. Does not belong here: when a run is asked for (``automation``), or what
a dead one left in the output folder (``warehouse``, ``publish``).

A process that is killed says nothing, and Dagster goes on counting its run as one that is under way: no queued run
starts then. So every process that carries out runs holds a lock on a file of its own, which the system releases when
it ends, however it ends; and every run names the file in a tag. Unlike a process id, the lock is never another's, and
it is seen from another container that shares the output folder.
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
"""The run tag that names the process: host, process id, and a number that makes it the only one ever."""

_UNSIGNED = timedelta(minutes=10)
"""A run signs before it does anything else: one that has not by then died at its start."""

_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]

_held: dict[Path, str] = {}


def claim_run(instance: dg.DagsterInstance, run_id: str, settings: Settings) -> None:
    """Write into the run's tags that this process carries it out."""
    folder = _folder(settings)
    if folder not in _held or not (folder / _held[folder]).exists():
        _held[folder] = _hold(folder)
    instance.add_run_tags(run_id, {TAG: _held[folder]})


def fail_orphaned_runs(
    instance: dg.DagsterInstance, settings: Settings, say: Callable[[str], None]
) -> list[str]:
    """Mark as failed every run under way whose process is gone. Returns their ids."""
    folder = _folder(settings)
    dead: list[str] = []
    alive: set[str] = set()
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY)):
        run, name = record.dagster_run, record.dagster_run.tags.get(TAG)
        if name is None:
            since = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
            if datetime.now(UTC) - since < _UNSIGNED:
                continue
        elif _is_alive(folder / name):
            alive.add(name)
            continue
        message = f"run {run.run_id} died without a word: its process ({name or 'not known'}) is gone"
        instance.report_run_failed(run, message)
        say(message)
        dead.append(run.run_id)
    for path in folder.glob("*"):
        if path.name not in alive and not _is_alive(path):
            path.unlink(missing_ok=True)
    return dead


def _folder(settings: Settings) -> Path:
    return settings.output / "processes"


def _hold(folder: Path) -> str:
    """Make and lock a file for this process, for as long as it lives; its name."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"
        # Never closed: closing would release the lock.
        handle = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (folder / name).exists():  # else somebody has tidied up between the two lines above
            return name
        os.close(handle)


def _is_alive(path: Path) -> bool:
    """Whether the process that made the file still lives."""
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
