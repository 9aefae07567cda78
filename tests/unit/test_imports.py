"""Importing a module does nothing else: it reads no file of the project, opens nothing, starts nothing, leaves nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from pipelines.settings import ROOT

WATCH = """
import atexit, gc, importlib, json, os, pkgutil, sys, threading

root, seen = sys.argv[1], {"files": [], "opened": [], "handlers": []}

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path = os.path.relpath(os.path.abspath(arguments[0]), root)
        if not path.startswith(("..", ".venv")) and not path.endswith((".py", ".pyc")) and "__pycache__" not in path:
            seen["files"].append(path)
    elif event in ("sqlite3.connect", "socket.connect", "subprocess.Popen", "os.fork", "os.posix_spawn"):
        seen["opened"].append(event)

def register(handler, *arguments, **named):
    if str(getattr(handler, "__module__", "")).startswith("pipelines"):
        seen["handlers"].append(handler.__qualname__)
    return registered(handler, *arguments, **named)

import dagster, duckdb, duckdb_engine  # two of these start a program and open a database when they are imported
connect, registered, atexit.register = duckdb.connect, atexit.register, register
duckdb.connect = lambda *a, **k: (seen["opened"].append("duckdb.connect"), connect(*a, **k))[1]
sys.addaudithook(watch)

import pipelines
modules = [module.name for module in pkgutil.walk_packages(pipelines.__path__, "pipelines.")]
for name in modules:
    importlib.import_module(name)
print(json.dumps({
    **seen,
    "modules": modules,
    "frozen": gc.get_freeze_count(),
    "threads": [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()],
    "definitions": sum(isinstance(each, dagster.Definitions) for each in gc.get_objects()),
}), flush=True)
os._exit(0)  # without what Great Expectations prints at the end of a process that has only imported it
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, Any]:
    """What a fresh process sees while it imports every module of the project."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(ROOT)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("left", ["files", "opened", "handlers", "threads"])
def test_importing_every_module_does_nothing_else(imported: dict[str, Any], left: str) -> None:
    assert {"pipelines.__main__", "pipelines.validation.engine"} <= set(imported["modules"])
    assert imported[left] == []


def test_importing_freezes_nothing_and_builds_no_definitions(imported: dict[str, Any]) -> None:
    assert imported["frozen"] == 0
    assert imported["definitions"] == 0
