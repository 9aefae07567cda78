"""The web UI as `make dev` serves it, in a browser: the graph, a refresh started by hand, and what it leaves to see.

Belongs here: that Dagster shows what the project tells it. Does not belong here: the numbers (tests/integration), and
the report's page (test_report).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.settings import ROOT, SAMPLE

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_S = 120
"""How long the slowest thing here may take on a busy machine; nothing waits longer than it must."""
SWITCH = "label[class*=Switch] input[type=checkbox]"
GROUPS = ("landing", "core", "replay", "reports", "published")


@dataclass
class Server:
    """A running `dagster dev`: where it listens, where it writes, what it says."""

    url: str
    output: Path
    log: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.output / "contact_ledger.duckdb", read_only=True) as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`dagster dev` over some of the sample: web server, daemon and code location, ended when the module is done."""
    assert chromium
    folder = tmp_path_factory.mktemp("web_ui")
    home = folder / "home"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    for part in ("outreach", "voipbin/campaigns", "voipbin/outplans", "voipbin/campaigncalls/2026-10-12"):
        shutil.copytree(SAMPLE / part, folder / "landing" / part)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}", folder / "output", folder / "dev.log")
    command = [sys.executable, "-m", "dagster", "dev", "--workspace", "workspace.yaml"]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                "DAGSTER_HOME": str(home),
                "CONTACT_LEDGER_LANDING": str(folder / "landing"),
                "CONTACT_LEDGER_OUTPUT": str(server.output),
                "CONTACT_LEDGER_WATCH": "off",  # a run that nobody here asked for would get in the way
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: process.poll() is not None or answers(f"{server.url}/server_info"))
        assert process.poll() is None, server.log.read_text(encoding="utf-8")
        yield server
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started: by asking, and those that do not listen by force."""
    process.send_signal(signal.SIGTERM)
    try:
        wait_until(lambda: process.poll() is not None and not session(process.pid), within=20)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    left = session(process.pid)
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # ended while we looked
        if int(its_session) == leader and state != "Z":
            found.append(int(folder.name))
    return found


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - http to this machine
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(holds: Callable[[], bool], within: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)


@pytest.fixture
def screen(page: Page, request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> Iterator[Page]:
    """The page, wide enough for the UI; a picture of it and the server's log lie in the test's folder afterwards."""
    page.set_viewport_size({"width": 1500, "height": 950})
    page.set_default_timeout(PATIENCE_S * 1000)
    yield page
    picture = tmp_path / f"{request.node.name}.png"
    page.screenshot(path=picture)
    shutil.copy(server.log, tmp_path)
    print(f"the page as the test left it: {picture}")


def see(page: Page, text: str | re.Pattern[str], *, exact: bool = False) -> None:
    """Wait until a text is on the page."""
    page.get_by_text(text, exact=exact).filter(visible=True).first.wait_for()


def test_the_asset_graph_shows_five_groups_in_the_order_of_the_flow(server: Server, screen: Page) -> None:
    screen.goto(f"{server.url}/asset-groups")
    lefts = []
    for group in GROUPS:
        box = screen.locator("foreignObject").get_by_text(group, exact=True).first
        box.wait_for()
        place = box.bounding_box()
        assert place is not None
        lefts.append(place["x"])
    assert lefts == sorted(set(lefts)), dict(zip(GROUPS, lefts, strict=True))


def test_the_schedule_is_on_and_the_sensor_is_as_it_was_set(server: Server, screen: Page) -> None:
    screen.goto(f"{server.url}/automation")
    see(screen, "At 05:00 AM UTC")

    def is_on(automation: str) -> bool:
        line = screen.locator("div").filter(has_text=automation).filter(has=screen.locator(SWITCH)).last
        return line.locator(SWITCH).is_checked()

    # The page may be there before it has heard how the switches stand.
    wait_until(lambda: is_on("daily_refresh") and not is_on("landing_files"))


def test_somebody_starts_a_refresh_and_reads_what_it_did(server: Server, screen: Page) -> None:
    screen.goto(f"{server.url}/locations/contact_ledger/jobs/refresh")
    see(screen, "Read the new files of the landing folder")
    screen.get_by_role("button", name="Materialize all").click()
    see(screen, re.compile("Launched run"))

    screen.goto(f"{server.url}/runs")
    ended = screen.get_by_text(re.compile("^(Success|Failure)$")).first
    ended.wait_for()
    assert ended.inner_text() == "Success", server.log.read_text(encoding="utf-8")
    ((rows,),) = server.query("SELECT count(*) FROM reports.campaign_contact_rates")
    assert rows > 1

    asset = f"{server.url}/assets/reports/campaign_contact_rates"
    screen.goto(asset)
    see(screen, "One row per source + campaign")
    see(screen, re.compile(r"Open\s+\S*\.sql"))
    see(screen, "contact-ledger", exact=True)
    # Columns with their types and descriptions, as the SQL file has them.
    see(screen, "contact_rate_per_attempt_low", exact=True)
    see(screen, "lower end of its 95 % interval, clustered by target")
    see(screen, "TIMESTAMP", exact=True)
    # Rows, now and over time.
    screen.get_by_text("Row count", exact=True).locator("xpath=../..").get_by_text(
        str(rows), exact=True
    ).wait_for()
    screen.get_by_role("button", name="Plots").click()
    see(screen, "contact_rate_per_target", exact=True)
    screen.locator("canvas").filter(visible=True).first.wait_for()

    screen.goto(f"{asset}?view=checks")
    checks = server.query(
        "SELECT check_name FROM quality.check_results WHERE table_name = 'reports.campaign_contact_rates'"
    )
    assert len(checks) > 3
    for (check,) in checks:
        screen.get_by_title(check, exact=True).first.wait_for()
    see(screen, "Passed", exact=True)

    # The calls that were laid out name targets which were not: a warning, in words and with the offending rows.
    screen.goto(f"{server.url}/assets/replay/violations?view=checks&checkDetail=no_orphan_calls")
    see(screen, "Every call names a target that has a row")
    see(screen, "Failed", exact=True)
    ((orphans,),) = server.query("SELECT count(*) FROM replay.violations WHERE code = 'orphan_call'")
    see(screen, re.compile(f"^{orphans} offending, "))
    see(screen, "campaigncall_id", exact=True)


HOLD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Another process has the warehouse open, as a run in a shell would; its id."""
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None and holder.stdout is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
    finally:
        holder.stdin.close()
        holder.wait(timeout=PATIENCE_S)
        holder.stdout.close()


def test_somebody_cancels_a_refresh_that_waits_and_its_place_is_free(server: Server, screen: Page) -> None:
    warehouse = server.output / "warehouse.duckdb"
    with held(warehouse) as holder:
        screen.goto(f"{server.url}/locations/contact_ledger/jobs/refresh")
        see(screen, "Read the new files of the landing folder")
        screen.get_by_role("button", name="Materialize all").click()
        see(screen, re.compile("Launched run"))
        screen.goto(f"{server.url}/runs")
        screen.locator("a[href*='/runs/']").first.click()
        # It says whom it waits for.
        see(screen, re.compile(rf"waiting for .*{holder}"))
        started = screen.get_by_text(re.compile(r"Started process for run \(pid: \d+\)")).first.inner_text()
        pid = int(re.findall(r"pid: (\d+)", started)[0])
        screen.get_by_role("button", name="Terminate").first.click()
        screen.get_by_role("dialog").get_by_role("button", name="Terminate").click()
        see(screen, re.compile("^Cancel(l)?ed$"))
        wait_until(lambda: not Path(f"/proc/{pid}").exists())
    with duckdb.connect(warehouse):  # nobody holds it any more
        pass
