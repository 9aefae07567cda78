"""``python -m pipelines``: one run. `make run` and `make dev` start ``python -m pipelines run`` and ``… dev``.

Belongs here: the command's arguments, and how it ends when it is told to stop early. Does not belong here: what a run
prints (``terminal``). Heavy imports wait until the signal handlers are set: loading Dagster takes seconds, in which a
person may press Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from pipelines.cli import lines
from pipelines.errors import LedgerError
from pipelines.settings import ROOT, Settings, unknown_settings
from pipelines.standing import standing_publication


def main(arguments: Sequence[str] = ()) -> int:
    """Run the pipeline once, or serve it. Returns the exit code: 1, after one readable line, when it failed.

    ``run`` and ``dev`` make a home for Dagster's history. Without a command, Dagster keeps its history in
    ``DAGSTER_HOME``, and none when that is not set.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    asked = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment()
        for sentence in unknown_settings():
            lines.write(f"warning: {sentence}")
        if asked.command != "dev" and (publication := standing_publication(settings)) is not None:
            from pipelines.cli.unchanged import report_unchanged

            if report_unchanged(settings, publication, has_home=asked.command is not None):
                return 0
        from pipelines.cli import dagster_home
        from pipelines.orchestration.automation import daily_refresh

        daily_refresh(settings)  # raises SettingError: only Dagster knows what it accepts as a schedule
        if asked.command:
            dagster_home.prepare(settings)
        else:
            dagster_home.make_output(settings)
        if asked.command == "dev":
            return _serve(asked.port)
        from pipelines.cli import terminal

        return terminal.refresh(settings)
    except LedgerError as error:
        print(f"contact-ledger: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines", description="Run the pipeline once, or serve it."
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("run", help="run once, with Dagster's history in the output folder")
    dev = commands.add_parser("dev", help="serve the web UI and its daemon")
    dev.add_argument("--port", default="3000", help="where to listen on 127.0.0.1 (3000)")
    return parser


def _serve(port: str) -> int:
    """Replace this process by ``dagster dev``."""
    os.chdir(ROOT)
    # `dagster dev` announces at every start that another tool will replace it.
    ignored = "ignore:Function `dev_command`"
    words = ("-m", "dagster", "dev", "--workspace", "workspace.yaml", "--host", "127.0.0.1", "--port", port)
    os.execv(sys.executable, [sys.executable, "-W", ignored, *words])  # noqa: S606 - no shell is meant


def _stop(*_: object) -> None:
    """End at once: nothing has begun that needs to be undone. A run replaces this handler by its own."""
    # No exception, which a library being imported may swallow, and no print, which may be interrupted.
    os.write(2, b"contact-ledger: nothing was published; the run was told to stop\n")
    os._exit(1)


def _leave(code: int) -> NoReturn:
    """End the process, once its threads and exit handlers are done, without taking every object apart.

    After a run Python would need two seconds for that, and nothing is left to be written.
    """
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 - nothing public runs them before os._exit
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
