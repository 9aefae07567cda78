"""``python -m pipelines``: one run. ``… run`` and ``… dev`` are what `make run` and `make dev` start.

Belongs here: the command's words, and how it ends when it is told to stop. Does not belong here: what a run prints
(``terminal``). Nothing heavy is imported before the handlers below are in place: loading Dagster takes seconds, in which
a person may well press Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from pipelines.settings import ROOT, SettingError, Settings, unknown_settings


def main(arguments: Sequence[str] = ()) -> int:
    """Run the pipeline once, or serve it. Returns the exit code: 1, with one readable line, when it did not end well.

    Without a command Dagster's history is kept where ``DAGSTER_HOME`` says, and nowhere without it; ``run`` and ``dev``
    see to it that there is one.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    asked = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment()
        for sentence in unknown_settings():
            print(f"warning: {sentence}", flush=True)
        from pipelines.cli import dagster_home
        from pipelines.orchestration.automation import daily_refresh

        daily_refresh(settings)  # whether its setting is a schedule, Dagster alone knows
        if asked.command:
            dagster_home.prepare(settings)
        else:
            dagster_home.make_output(settings)
        if asked.command == "dev":
            return _serve(asked.port)
        from pipelines.cli import terminal

        return terminal.refresh(settings)
    except SettingError as error:
        print(f"contact-ledger: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines", description="Run the pipeline once, or serve it."
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("run", help="run once, and keep Dagster's history beside what is written")
    dev = commands.add_parser("dev", help="serve the web UI and its daemon")
    dev.add_argument("--port", default="3000", help="where to listen on 127.0.0.1 (3000)")
    return parser


def _serve(port: str) -> int:
    """Become ``dagster dev``."""
    os.chdir(ROOT)
    # `dagster dev` is on its way out in favour of another tool, and says so at every start.
    ignored = "ignore:Function `dev_command`"
    words = ("-m", "dagster", "dev", "--workspace", "workspace.yaml", "--host", "127.0.0.1", "--port", port)
    os.execv(sys.executable, [sys.executable, "-W", ignored, *words])  # noqa: S606 - no shell is meant


def _stop(*_: object) -> None:
    """Told to stop while nothing is under way that would have to be put in order: a run has handlers of its own."""
    # Neither an exception, which a library being imported may swallow or decorate, nor print, which may be interrupted.
    os.write(2, b"contact-ledger: nothing was published; the run was told to stop\n")
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
