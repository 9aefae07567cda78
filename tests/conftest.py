"""What every test runs under: offline, in a strange time zone, with none of the user's settings.

Belongs here: the guards, the fixtures that reach outside Python (Chromium, the oldest DuckDB client), and the words
at the end of a run. Does not belong here: data and ledgers for tests (tests/support.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests.offline import sitecustomize as guard  # importing it is what guards this process

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = ROOT / "tests" / "offline"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET_CHROMIUM = "apt-get install chromium (Debian, Ubuntu), or put any Chromium or Chrome on the PATH"

LONG = {"test_unattended.py", "test_web_ui.py", "test_command.py", "test_security.py", "test_ingest_fuzz.py"}

# Machine speed decides no test; a failure prints how to run the same example again.
hypothesis_settings.register_profile("project", deadline=None, print_blob=True)
hypothesis_settings.load_profile("project")


def pytest_configure() -> None:
    """Lay the environment that this process and every process started by a test lives in."""
    for name in list(os.environ):
        if name.startswith("CONTACT_LEDGER_") or name == "DAGSTER_HOME":
            del os.environ[name]
    os.environ.update(DAGSTER_DISABLE_TELEMETRY="1", GX_ANALYTICS_ENABLED="false")
    # Off from UTC by hours and minutes: whoever takes local time for UTC is found out.
    os.environ["TZ"] = "Pacific/Chatham"
    time.tzset()

    if guard.LOG_VARIABLE not in os.environ:  # a worker of pytest-xdist shares its parent's
        handle, os.environ[guard.LOG_VARIABLE] = tempfile.mkstemp(prefix="refused-")
        os.close(handle)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(OFFLINE), os.environ.get("PYTHONPATH")]))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser, and leave it out where there is none; under CI=true that is an error."""
    browser_tests = [item for item in items if "chromium" in getattr(item, "fixturenames", ())]
    for item in browser_tests:
        item.add_marker("ui")
    if not browser_tests or find_chromium():
        return
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        raise pytest.UsageError(
            f"CI runs the browser tests, and no Chromium was found: {HOW_TO_GET_CHROMIUM}"
        )
    for item in browser_tests:
        item.add_marker(pytest.mark.skip(reason="no Chromium"))


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_start_with_the_longest(items: list[pytest.Item]) -> None:
    """Files that start processes and browsers go first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which anything tried to leave the machine, even where the caller swallowed the refusal."""
    if refused() and not hasattr(session.config, "workerinput") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests counted (``record_property("figure", …)``), then what was left out and why."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")
    left_out = [report for report in terminalreporter.stats.get("skipped", []) if "ui" in report.keywords]
    if left_out:
        count = f"{len(left_out)} browser test{'s' * (len(left_out) != 1)}"
        terminalreporter.write_line(
            f"{count} left out, for want of a Chromium: {HOW_TO_GET_CHROMIUM}.", yellow=True
        )
    for line in refused():
        terminalreporter.write_line(f"refused to leave this machine: {line}", red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the guard's log, and let a process that only imported Great Expectations end as quietly as one that used it."""
    if not hasattr(config, "workerinput"):
        Path(os.environ[guard.LOG_VARIABLE]).unlink(missing_ok=True)
    if engine := sys.modules.get("pipelines.validation.engine"):
        engine.freeze_imports()


def refused() -> list[str]:
    """The calls that the offline guard refused in this run, in any process."""
    log = Path(os.environ[guard.LOG_VARIABLE])
    return list(dict.fromkeys(log.read_text(encoding="utf-8").splitlines())) if log.exists() else []


def find_chromium() -> str | None:
    """The path of the system's Chromium, None without one."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium. Asking for it (or for `page`) makes a test a browser test, marked `ui`."""
    path = find_chromium()
    assert path is not None, "pytest_collection_modifyitems leaves such tests out"
    return path


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A page of a headless Chromium that reaches this machine alone.

    Fails the test at its end when the page asked another machine for anything or a script of it failed. One browser
    a test: Playwright keeps an event loop running in the thread while it lives, which would be in others' way.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        page = browser.new_page()
        asked: list[str] = []
        failures: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failures.append(str(error)))
        yield page
        browser.close()
    local = ("file:", "data:", "blob:", "about:", "http://127.0.0.1", "http://localhost", "ws://127.0.0.1")
    abroad = [url for url in asked if not url.startswith(local)]
    assert not abroad, f"the page asked other machines: {abroad}"
    assert not failures, f"scripts of the page failed: {failures}"


@pytest.fixture(scope="session")
def old_duckdb() -> Callable[..., Any]:
    """Run Python with the oldest supported DuckDB client, in a process of its own.

    ``old_duckdb(code, **arguments)``: the code finds the arguments (JSON values) as names, and what it leaves in
    ``result`` comes back, through JSON (what JSON does not know, as text). An error there fails the caller with the
    client's own message.
    """
    client = Path(sys.prefix) / "duckdb-1.2"
    assert (client / "duckdb").is_dir(), f"no older DuckDB client in {client}: `make test` installs it"

    def run(code: str, **arguments: Any) -> Any:
        program = "import json, sys\nnames = json.loads(sys.argv[2])\nexec(sys.argv[1], names)\n"
        program += "print(json.dumps(names['result'], default=str))"
        finished = subprocess.run(
            [sys.executable, "-c", program, code, json.dumps(arguments)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(client), str(OFFLINE)])},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return run
