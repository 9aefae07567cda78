"""Processes that carry out a run, started fast: forked from one that has all imports behind it, and free to be killed.

Belongs here: starting, killing and reading what they said. Does not belong here: any expectation.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.integration.preload"])


class Started:
    """`python -m pipelines` in a process (and a process group) of its own."""

    def __init__(
        self, output: Path, landing: Path, *, file_limit: int | None = None, **settings: str
    ) -> None:
        output.mkdir(parents=True, exist_ok=True)
        self.output = output
        self.said = (
            output.parent / f"{output.name}.{len(list(output.parent.glob(f'{output.name}.*.log')))}.log"
        )
        environment = {
            "CONTACT_LEDGER_OUTPUT": str(output),
            "CONTACT_LEDGER_LANDING": str(landing),
            **settings,
        }
        self.process = FORKS.Process(target=_run, args=(environment, str(self.said), file_limit))
        self.process.start()

    @property
    def text(self) -> str:
        """What the process has printed so far, both streams."""
        return self.said.read_text(encoding="utf-8") if self.said.exists() else ""

    def kill(self) -> None:
        """End it as the system does when memory runs out: at once and without a word."""
        self.process.kill()
        self.process.join()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def code(self, within: float = 120) -> int:
        """Wait for its end; the exit code."""
        self.process.join(within)
        if self.process.exitcode is None:
            self.kill()
            raise AssertionError(f"not done within {within} s:\n{self.text}")
        return self.process.exitcode


def _run(environment: dict[str, str], said: str, file_limit: int | None) -> None:
    os.setsid()
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    os.environ.update(environment)
    if file_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    from pipelines.__main__ import main

    try:
        code = main()
    except BaseException:  # noqa: BLE001 - a test reads what is printed
        traceback.print_exc()
        code = 99
    sys.exit(code)
