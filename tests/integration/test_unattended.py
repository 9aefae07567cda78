"""What happens when nobody looks: runs that are killed, that find no room, that meet each other, and their readers.

Belongs here: whole runs in processes of their own, and what they leave to people. Does not belong here: when a run is
asked for (test_automation), what is remembered of it (test_history), and the command line on a good day (test_command).

`make long` runs the long versions (KILLS and SOAK in the environment).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.models.incremental import update_table
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.publish.release import drafted, publish
from pipelines.settings import ROOT, SAMPLE, Settings
from pipelines.validation.drift import DRIFT_RULES
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import open_warehouse
from tests.integration.started import FORKS, Started
from tests.support import note_moments

KILLS = int(os.environ.get("KILLS", "10"))
SOAK = int(os.environ.get("SOAK", "3"))
DAYS = 4
"""Days on which files arrive, in the test that kills: each has its share of the kills and one run that ends."""

SOME = {
    model.table: model
    for model in with_upstream(load_models(), ["quality.run_history", "reports.campaign_daily_snapshot"])
}
ONE_CALL_MORE = """
INSERT INTO raw.outreach_calls BY NAME
SELECT last.id + 1 AS id, 'outbound' AS direction, 7 AS prospect_id, 'No Answer' AS outcome,
    TIMESTAMP '2026-03-01 12:00:00' AS created_at, last.id + 1 AS _file_id
FROM (SELECT coalesce(max(id), 0) AS id FROM raw.outreach_calls) AS last
"""

VOLATILE = {
    "quality.run_history": "SELECT DISTINCT published FROM quality.run_history WHERE published",
    "quality.check_results": (
        "SELECT table_name, check_name, severity, passed, observed, detail FROM quality.check_results "
        f"WHERE check_name NOT IN ({', '.join(repr(rule.name) for rule in DRIFT_RULES)})"
    ),
    "quality.check_summary": "SELECT checks FROM quality.check_summary",
}
"""Tables that tell of runs, of when, and of the publication before; what of them no number of kills may change."""


def tables(release: Path) -> dict[str, Counter[str]]:
    """The rows of each published table, whatever their order; of fractions twelve digits, for sums have an order."""

    def text(value: Any) -> str:
        return f"{value:.12g}" if isinstance(value, float) else repr(value)

    with duckdb.connect(release / "contact_ledger.duckdb", read_only=True) as con:
        names = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1"
        ).fetchall()
        return {
            name: Counter(
                " ".join(map(text, row)) for row in con.execute(VOLATILE.get(name, f"FROM {name}")).fetchall()
            )
            for (name,) in names
        }


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder with a fingerprint of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass
class Output:
    """An output folder as its readers see it."""

    path: Path

    @property
    def release(self) -> Path | None:
        """The release in force, from which file and page both come; None before the first."""
        link = self.path / "release"
        if not link.is_symlink():
            assert not (self.path / "contact_ledger.duckdb").exists()
            assert not (self.path / "report").exists()
            return None
        release = link.resolve()
        assert (self.path / "contact_ledger.duckdb").resolve().parent == release
        assert (self.path / "report" / "index.html").resolve().parent.parent == release
        return release

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path / "contact_ledger.duckdb", read_only=True) as con:
            return con.execute(sql).fetchall()


def arrivals(parts: int) -> list[list[Path]]:
    """Some of the sample's files, dealt out over so many days."""
    folders = (
        "outreach/call_dispositions",
        "outreach/calls",
        "voipbin/campaigns",
        "voipbin/outplans",
        "action_builder",
    )
    files = sorted(path for folder in folders for path in (SAMPLE / folder).rglob("*") if path.is_file())
    return [files[day::parts] for day in range(parts)]


def arrive(landing: Path, files: list[Path]) -> None:
    for file in files:
        target = landing / file.relative_to(SAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


# ------------------------------------------------------------------------------------------------------- kill -9


@pytest.mark.slow
@pytest.mark.timeout(60 * KILLS)
def test_a_killed_run_leaves_the_last_release_and_the_next_run_mends(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    landing, killed, unharmed = (
        tmp_path / "landing",
        Output(tmp_path / "killed"),
        Output(tmp_path / "unharmed"),
    )
    kills = published_by_the_killed = 0
    lasts = 4.0
    for day, files in enumerate(arrivals(DAYS)):
        arrive(landing, files)
        before = killed.release
        good = (before, contents(before)) if before else None
        reference = Started(unharmed.path, landing)
        after_kills = []
        for _ in range(KILLS // DAYS + (day < KILLS % DAYS)):
            victim = Started(killed.path, landing)
            victim.process.join(chance.uniform(0, lasts))
            if victim.process.exitcode is None:
                kills += 1
            victim.kill()
            release = killed.release
            if release is None or (good and release == good[0]):
                assert (contents(release) if release else None) == (good[1] if good else None), (
                    f"kill {kills} (seed {seed})"
                )
            else:  # it was killed after the moment of publication, or was faster than we
                published_by_the_killed += 1
                good = (release, contents(release))
                after_kills.append(tables(release))
        assert reference.code() == 0, reference.text
        began = time.monotonic()
        ended = Started(killed.path, landing)
        assert ended.code() == 0, ended.text
        lasts = min(lasts, 1.05 * (time.monotonic() - began)) if day else 1.05 * (time.monotonic() - began)
        assert killed.release and unharmed.release
        expected = tables(unharmed.release)
        for found in (*after_kills, tables(killed.release)):
            assert found.keys() == expected.keys()
            for table, rows in expected.items():
                assert found[table] == rows, f"{table} on day {day}, after {kills} kills (seed {seed})"
    record_property(
        "figure", f"{kills} kills, {published_by_the_killed} of them after publication; seed {seed}"
    )
    assert kills >= KILLS * 0.6
    left = {path.name for path in killed.path.iterdir()}
    assert not [name for name in left if name.startswith(("ingest-", "spill", "."))]
    assert len(list((killed.path / "releases").iterdir())) <= 2
    ends = dict(killed.query("SELECT published, count(*) FROM quality.run_history GROUP BY ALL"))
    assert ends[True] == DAYS + published_by_the_killed
    assert killed.query("SELECT count(*) FROM reports.campaign_daily_snapshot") != [(0,)]


def publish_again_and_again(settings: Settings) -> None:
    """In a process of its own: one publication after the other, each of one call more."""
    number = 0
    while True:
        number += 1
        with (
            open_warehouse(settings) as opened,
            run_log.record_run(opened, f"{os.getpid()}-{number}"),
            drafted(opened, SOME) as warehouse,
        ):
            warehouse.con.execute(ONE_CALL_MORE)
            note_moments(warehouse.con)
            for model in SOME.values():
                update_table(warehouse, model)
            publish(warehouse, SOME)


@pytest.mark.slow
@pytest.mark.timeout(60 * KILLS)
def test_publication_itself_is_killed(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """File, page and history are of one run whenever a process dies that does little else than publish."""
    (tmp_path / "landing").mkdir()
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    output = Output(settings.output)
    seen: list[int] = []
    kills = max(4, KILLS // 3)
    for number in range(kills):
        victim = FORKS.Process(target=publish_again_and_again, args=(settings,))
        victim.start()
        # Only the one link is read while it may change between two looks.
        before = run_log.in_force(settings)
        while run_log.in_force(settings) == before:  # at least one publication each
            assert victim.exitcode is None
            time.sleep(0.02)
        victim.join(random.uniform(0, 1.5))
        victim.kill()
        victim.join()
        release = output.release
        assert release is not None
        ((calls,),) = output.query("SELECT count(*) FROM raw.outreach_calls")
        assert output.query("SELECT sum(attempts) FROM reports.campaign_contact_rates") == [(calls,)]
        assert output.query(
            "SELECT attempts FROM reports.campaign_daily_snapshot ORDER BY published_on DESC LIMIT 1"
        ) == [(calls,)]
        assert not (settings.output / "contact_ledger.duckdb.wal").exists()
        seen.append(calls)
        ((own,),) = output.query(
            "SELECT arg_max(run_id, started_at) FROM quality.run_history WHERE published"
        )
        with open_warehouse(settings) as warehouse:
            run_log.finalize_runs(warehouse)
            known = warehouse.con.sql(
                "SELECT run_id FROM landing.runs WHERE published ORDER BY number DESC LIMIT 1"
            ).fetchall()
        assert known == [(own,)], f"after {number + 1} kills, the run log names another run than the file"
    assert seen == sorted(seen)
    record_property("figure", f"{kills} kills of processes that publish; {seen[-1]} publications begun")


# ------------------------------------------------------------------------------------------------- no room left


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Output, Path]:
    """A good run over some of the sample, to be copied; and its landing folder, to which more has come since."""
    folder = tmp_path_factory.mktemp("good")
    first, second = arrivals(2)
    arrive(folder / "landing", first)
    ended = Started(folder / "output", folder / "landing")
    assert ended.code() == 0, ended.text
    arrive(folder / "landing", second)
    return Output(folder / "output"), folder / "landing"


@pytest.fixture
def output(good: tuple[Output, Path], tmp_path: Path) -> Output:
    shutil.copytree(good[0].path, tmp_path / "output", symlinks=True)
    return Output(tmp_path / "output")


def assert_fails(ended: Started, *words: str) -> None:
    assert ended.code() == 1, ended.text
    *_, last = ended.text.strip().splitlines()
    assert "Traceback" not in ended.text
    assert last.startswith("contact-ledger: nothing was published; ")
    assert all(word in last for word in words), last
    assert len(last) < 500


def assert_good_again(output: Output, landing: Path, before: dict[str, str]) -> None:
    """What was published is untouched, and the next run publishes what is new."""
    assert output.release
    assert contents(output.release) == before
    count = "SELECT count(*) FROM core.attempts"
    attempts = output.query(count)
    ended = Started(output.path, landing)
    assert ended.code() == 0, ended.text
    assert output.query(count) > attempts


@pytest.mark.slow
@pytest.mark.parametrize("in_the_way", ["warehouse.duckdb", "contact_ledger.duckdb"])
def test_a_full_disk_costs_nothing_but_the_run(
    good: tuple[Output, Path], output: Output, in_the_way: str
) -> None:
    """No file may grow beyond a limit, which to a process is a full disk: met early, or not before publication."""
    assert output.release
    before = contents(output.release)
    limit = 2 << 20 if in_the_way == "warehouse.duckdb" else (output.path / in_the_way).stat().st_size
    assert_fails(
        Started(output.path, good[1], file_limit=limit), "File too large", in_the_way, "make room on the disk"
    )
    assert_good_again(output, good[1], before)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [100 << 10, 600 << 10])
def test_a_disk_too_full_for_dagsters_own_history_is_said_in_one_line(tmp_path: Path, limit: int) -> None:
    """Met before the run begins, or in its middle: SQLite says so by errors of its own, and Dagster by essays."""
    (tmp_path / "landing" / "outreach").mkdir(parents=True)
    home = tmp_path / "home"
    home.mkdir()
    ended = Started(tmp_path / "output", tmp_path / "landing", file_limit=limit, DAGSTER_HOME=str(home))
    assert_fails(ended, "make room on the disk")
    assert [line for line in ended.text.splitlines() if "sqlalche" in line or "Exception" in line] == []


@pytest.mark.slow
def test_too_little_memory_costs_nothing_but_the_run(good: tuple[Output, Path], output: Output) -> None:
    assert output.release
    before = contents(output.release)
    assert_fails(Started(output.path, good[1], CONTACT_LEDGER_MEMORY_LIMIT="12MB"), "Out of Memory")
    assert_good_again(output, good[1], before)


# --------------------------------------------------------------------------------------------------- one writer


@pytest.mark.slow
def test_runs_at_once_wait_for_each_other_and_all_succeed(
    good: tuple[Output, Path], output: Output, tmp_path: Path
) -> None:
    """Two as `make run` starts them, one as Dagster does."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "pipelines.definitions",
        "-j",
        "refresh",
    ]
    environment = {
        **os.environ,
        "CONTACT_LEDGER_OUTPUT": str(output.path),
        "CONTACT_LEDGER_LANDING": str(good[1]),
    }
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"DAGSTER_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as dagsters:
        try:
            shells = [Started(output.path, good[1]) for _ in range(2)]
            assert [shell.code() for shell in shells] == [0, 0], [shell.text for shell in shells]
            said, _ = dagsters.communicate(timeout=120)
        finally:
            if dagsters.poll() is None:
                os.killpg(dagsters.pid, signal.SIGKILL)
    assert dagsters.returncode == 0, said
    waited = [
        text for text in (*(shell.text for shell in shells), said) if "waiting for warehouse.duckdb" in text
    ]
    assert waited
    assert all(re.search(r"it is held by \S+ \(PID \d+\)", text) for text in waited)
    ends = output.query("SELECT published, count(*) FROM quality.run_history GROUP BY ALL")
    assert ends == [(True, 4)]


@pytest.mark.slow
def test_a_killed_run_does_not_hold_up_dagsters_queue(
    good: tuple[Output, Path], output: Output, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    victim = Started(output.path, good[1], DAGSTER_HOME=str(home))
    wait_until(lambda: "raw/" in victim.text)
    victim.kill()
    assert states(home) == ["STARTED"]
    ended = Started(output.path, good[1], DAGSTER_HOME=str(home))
    assert ended.code() == 0, ended.text
    assert "is gone" in ended.text
    assert states(home) == ["FAILURE", "SUCCESS"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_says_one_line_and_lets_go(
    good: tuple[Output, Path], output: Output, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "home").mkdir()
    assert output.release
    before = contents(output.release)
    stopped = Started(output.path, good[1], DAGSTER_HOME=str(tmp_path / "home"))
    wait_until(lambda: "raw/" in stopped.text)
    stopped.signal(number)
    assert stopped.code() == 1, stopped.text
    assert "Traceback" not in stopped.text
    last = stopped.text.strip().splitlines()[-1]
    assert re.fullmatch(r"contact-ledger: nothing was published; \S+: the run was told to stop", last)
    assert states(tmp_path / "home")[0] in ("CANCELED", "FAILURE")
    assert contents(output.release) == before
    with open_warehouse(Settings(landing=good[1], output=output.path, lock_wait_s=0)) as warehouse:
        assert warehouse.con.sql("SELECT count(*) > 0 FROM landing.files").fetchall() == [(True,)]


def states(home: Path) -> list[str]:
    """The state of every run that Dagster knows of, the first one first."""
    with sqlite3.connect(home / "history" / "runs.db") as con:
        return [state for (state,) in con.execute("SELECT status FROM runs ORDER BY id")]


def wait_until(true: Callable[[], bool], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ------------------------------------------------------------------------------------- readers, and the long run

AGREE = """
SELECT (SELECT coalesce(sum(attempts), 0) FROM reports.campaign_contact_rates),
    (SELECT count(*) FROM core.attempts WHERE is_attempt AND measures_contact),
    (SELECT sum(rows_accepted) FROM quality.row_accounting WHERE source = 'outreach' AND resource = 'calls'),
    (SELECT count(*) FROM raw.outreach_calls)
"""


def read_until(stop: Any, path: str, hold: bool, say: Any) -> None:
    """In a process of its own: read again and again, over one connection or a new one each time; say what was seen."""
    seen: list[tuple[Any, ...]] = []
    reads = 0
    try:
        held = duckdb.connect(path, read_only=True) if hold else None
        while not stop.is_set():
            con = held or duckdb.connect(path, read_only=True)
            row = con.execute(AGREE).fetchall()[0]
            if not held:
                con.close()
            reads += 1
            time.sleep(0.05 if held else 0.002)  # the machine is for the runs
            if row not in seen:
                seen.append(row)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test is to see it
        say.send((reads, seen, repr(error)))
    else:
        say.send((reads, seen, None))


@pytest.mark.slow
@pytest.mark.timeout(60 * SOAK)
def test_runs_over_arriving_files_with_readers_attached(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    landing, output = tmp_path / "landing", Output(tmp_path / "output")
    shutil.copytree(SAMPLE / "action_builder", landing / "action_builder")
    (landing / "outreach" / "calls").mkdir(parents=True)
    lines = gzip.decompress((SAMPLE / "outreach/calls/2026-10-19.jsonl.gz").read_bytes()).splitlines()
    sample = [json.loads(line) for line in lines]
    stop = FORKS.Event()
    readers: list[tuple[ForkServerProcess, Connection]] = []
    sizes: list[tuple[int, int]] = []
    try:
        for day in range(SOAK):
            rows = [{**row, "id": 10_000 * (day + 1) + number} for number, row in enumerate(sample)]
            path = landing / "outreach" / "calls" / f"day-{day}.ndjson"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            ended = Started(output.path, landing)
            assert ended.code() == 0, ended.text
            assert "waiting for" not in ended.text
            assert output.query("SELECT count(*) FROM raw.outreach_calls") == [((day + 1) * len(sample),)]
            warehouse, published = output.path / "warehouse.duckdb", output.path / "contact_ledger.duckdb"
            sizes.append((warehouse.stat().st_size, published.stat().st_size))
            for hold in (
                (True, False) if day < min(3, SOAK - 1) else ()
            ):  # in any number, and some from the first day to the last
                hear, say = FORKS.Pipe(duplex=False)
                reader = FORKS.Process(
                    target=read_until, args=(stop, str(output.path / "contact_ledger.duckdb"), hold, say)
                )
                reader.start()
                readers.append((reader, hear))
        stop.set()
        reports = [hear.recv() for _, hear in readers]
    finally:
        for reader, _ in readers:
            reader.kill()
            reader.join()
    assert [error for _, _, error in reports if error] == []
    assert all(reads for reads, _, _ in reports)
    for _, seen, _ in reports:
        assert all(rate == attempts and accepted == calls for rate, attempts, accepted, calls in seen), seen
    holding, coming = reports[::2], reports[1::2]
    assert [len(seen) for _, seen, _ in holding] == [1] * len(
        holding
    )  # who holds the file sees one day, whole
    assert len(coming[0][1]) > 1  # who opens it anew sees the days go by
    assert output.query("SELECT count(*), sum(rows_in), bool_and(published) FROM quality.run_history")[0][
        ::2
    ] == (SOAK, True)
    settled, last = sizes[SOAK // 2], sizes[-1]
    assert all(now < 1.5 * then + (4 << 20) for then, now in zip(settled, last, strict=True)), sizes
    reads = sum(reads for reads, _, _ in reports)
    record_property(
        "figure",
        f"{SOAK} runs, {len(readers)} readers, {reads} reads; MB of warehouse and published file: "
        + ", ".join(f"{a / 1e6:.0f}+{b / 1e6:.0f}" for a, b in sizes),
    )
