"""`python -m pipelines`, also as `make run` starts it: what it prints, what it leaves behind, and how it ends on a bad day.

Belongs here: the process as its user sees it, exit code, output, files. Does not belong here: whether the numbers are
right (test_refresh). Whatever happens, nobody is answered with a traceback.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import re
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import ROOT, SAMPLE
from tests.recount.recount import Recount

CAN_READ_ANYTHING = os.geteuid() == 0


@dataclass
class Run:
    """A finished process and the output folder it wrote to."""

    output: Path
    code: int
    stdout: str
    stderr: str

    @property
    def published(self) -> Path:
        return self.output / "contact_ledger.duckdb"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.published, read_only=True) as con:
            return con.execute(sql).fetchall()


def run(
    output: Path,
    landing: Path | None = None,
    command: tuple[str, ...] = ("-m", "pipelines"),
    settings: Mapping[str, str] | None = None,
    checkout: Path = ROOT,
) -> Run:
    environment = {**os.environ, "CONTACT_LEDGER_OUTPUT": str(output)}
    if landing is not None:
        environment["CONTACT_LEDGER_LANDING"] = str(landing)
    finished = subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env={**environment, **(settings or {})},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in finished.stdout + finished.stderr, finished.stdout + finished.stderr
    return Run(output, finished.returncode, finished.stdout, finished.stderr)


def assert_fails(ended: Run, *words: str) -> None:
    """The run ended with code 1 and one line for a person, which says these words."""
    assert ended.code == 1, ended.stdout + ended.stderr
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("contact-ledger: ")
    for word in words:
        assert word in lines[0], f"{word!r} is not in {lines[0]!r}"


def part_of_sample(landing: Path, *parts: str) -> Path:
    """A landing folder with some of the sample's files or folders."""
    for part in parts:
        source, target = SAMPLE / part, landing / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    return landing


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder with a fingerprint of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# ------------------------------------------------------------------------------------------------- a good run


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The sample, as `make run` reads it when nothing is set."""
    return run(tmp_path_factory.mktemp("good") / "output")


def test_a_good_run_ends_well_and_quietly(good: Run) -> None:
    assert good.code == 0, good.stdout + good.stderr
    assert not good.stderr


def test_it_prints_a_line_a_step_with_rows_and_seconds(good: Run) -> None:
    steps = re.findall(r"^(\S+) +([\d,]+) rows +(\d+\.\d\d) s$", good.stdout, re.MULTILINE)
    rows = {step: int(count.replace(",", "")) for step, count, _ in steps}
    for table in ("raw/voipbin/campaigncalls", "core/attempts", "replay/target_outcomes"):
        name = table.replace("raw/voipbin/", "raw.voipbin_").replace("/", ".")
        assert rows[table] == good.query(f"SELECT count(*) FROM {name}")[0][0]


def test_it_prints_the_headline_table(good: Run) -> None:
    for name, source, targets, attempts, contacts, per_attempt, low, high in good.query("""
        SELECT campaign_name, source, targets, attempts, contacts, contact_rate_per_attempt,
            contact_rate_per_attempt_low, contact_rate_per_attempt_high
        FROM reports.campaign_contact_rates
    """):
        (line,) = [line for line in good.stdout.splitlines() if f"| {name}" in line and f"| {source}" in line]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[:5] == [name, source, str(targets), str(attempts), str(contacts)]
        printed = [float(number) for number in re.findall(r"\d+\.\d+", cells[5])]
        assert printed == pytest.approx([100 * per_attempt, 100 * low, 100 * high], abs=0.051)
        assert len(cells) == 7


def test_it_prints_where_everything_is(good: Run) -> None:
    assert f"published  {good.published}\n" in good.stdout
    assert f"report     {good.output / 'report' / 'index.html'}\n" in good.stdout
    assert good.published.is_file()
    assert (good.output / "report" / "index.html").is_file()


# ------------------------------------------------------------------------------------------ what is in the way


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run over an empty landing folder, with a moment set that is to come, and the home folder it was given."""
    folder = tmp_path_factory.mktemp("empty")
    for name in ("landing", "home"):
        (folder / name).mkdir()
    settings = {
        "DAGSTER_HOME": str(folder / "home"),
        "HOME": str(folder),
        "CONTACT_LEDGER_AS_OF": "2198-01-01",
    }
    return run(folder / "output", folder / "landing", settings=settings), folder


def test_an_empty_landing_folder_gives_empty_reports(empty: tuple[Run, Path]) -> None:
    ended, folder = empty
    assert ended.code == 0, ended.stderr
    assert "no contact attempts" in ended.stdout
    assert ended.query("SELECT count(*) FROM core.attempts") == [(0,)]
    assert ended.query("SELECT count(*) FROM reports.campaign_contact_rates") == [(0,)]
    assert ended.query(
        "SELECT count(*) FROM quality.check_results WHERE NOT passed AND severity = 'ERROR'"
    ) == [(0,)]
    assert (folder / "output" / "report" / "index.html").is_file()


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Path, Path]]:
    """A run over one system's good files, everything else that can lie in a folder beside them, and nothing else.

    Gives the run, its landing folder, and a folder of the good files alone.
    """
    folder = tmp_path_factory.mktemp("troubled")
    clean = part_of_sample(folder / "clean", "outreach/calls/2026-10-12", "outreach/call_dispositions")
    landing = part_of_sample(folder / "landing", "outreach/calls/2026-10-12", "outreach/call_dispositions")
    calls = landing / "outreach" / "calls"
    (calls / "garbage.json").write_bytes(bytes(range(256)) * 20)
    (calls / "prose.ndjson").write_text(
        "Dear colleague,\nplease find the calls attached.\n", encoding="utf-8"
    )
    (calls / "cut.json.gz").write_bytes(gzip.compress(b'{"data": [' + b" " * 5000)[:30])
    (calls / "not.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 8)
    (calls / "wrong.csv").write_text("name,colour\nAna,blue\n", encoding="utf-8")
    (calls / "empty.json").touch()
    (calls / "header.csv").write_text("id,outcome,direction\n", encoding="utf-8")
    (calls / "mark.json").write_bytes(b"\xef\xbb\xbf")
    (calls / "folder.json").mkdir()
    (calls / "dangling.json").symlink_to(folder / "nowhere.json")
    (calls / "outside.json").symlink_to(SAMPLE / "outreach/calls/2026-10-12/page-1.json")
    (calls / "a 'quoted'; name\n&<b>.json").write_text('{"data": [', encoding="utf-8")
    (calls / "notes.pdf").write_text("not data", encoding="utf-8")
    (landing / "salesforce").mkdir()
    (landing / "salesforce" / "calls.json").write_text("[]", encoding="utf-8")
    (landing / "outreach" / "meetings").mkdir()
    (landing / "outreach" / "meetings" / "all.json").write_text("[]", encoding="utf-8")
    locked = calls / "locked.json"
    locked.write_text('{"data": []}', encoding="utf-8")
    locked.chmod(0)
    before = sorted(str(path) for path in landing.rglob("*"))
    ended = run(folder / "output", landing)
    assert sorted(str(path) for path in landing.rglob("*")) == before, (
        "the landing folder is never written to"
    )
    yield ended, landing, clean
    locked.chmod(0o600)


def test_trouble_beside_good_files_does_not_stop_a_run(troubled: tuple[Run, Path, Path]) -> None:
    ended, _, _ = troubled
    assert ended.code == 0, ended.stderr
    assert not ended.stderr


@pytest.mark.parametrize(
    "name",
    [
        "garbage.json",
        "prose.ndjson",
        "cut.json.gz",
        "not.parquet",
        "wrong.csv",
        "dangling.json",
        "outside.json",
        "a 'quoted'; name\n&<b>.json",
        pytest.param(
            "locked.json", marks=pytest.mark.skipif(CAN_READ_ANYTHING, reason="root reads any file")
        ),
    ],
)
def test_trouble_is_named_in_rejected_rows(troubled: tuple[Run, Path, Path], name: str) -> None:
    ended, _, _ = troubled
    rejected = ended.query("SELECT file, reason FROM quality.rejected_rows")
    reasons = [reason for file, reason in rejected if file.endswith(f"calls/{name}")]
    assert reasons, rejected
    assert all(reason.strip() for reason in reasons)


def test_the_good_files_count_as_if_nothing_lay_beside_them(troubled: tuple[Run, Path, Path]) -> None:
    ended, _, clean = troubled
    recount = Recount.of_folder(clean).table("reports.campaign_contact_rates")
    published = ended.query(
        "SELECT source, campaign_key, targets, attempts, contacts FROM reports.campaign_contact_rates"
    )
    assert set(published) == {
        (*key, counted["targets"], counted["attempts"], counted["contacts"])
        for key, counted in recount.items()
    }
    assert all(
        read == accepted + superseded + rejected
        for read, accepted, superseded, rejected in ended.query(
            "SELECT rows_read, rows_accepted, rows_superseded, rows_rejected FROM quality.row_accounting"
        )
    )


def test_a_missing_source_is_empty_tables_and_no_error(troubled: tuple[Run, Path, Path]) -> None:
    ended, _, _ = troubled
    for table in (
        "raw.voipbin_campaigncalls",
        "raw.action_builder_contact_attempts",
        "raw.outreach_sequences",
    ):
        assert ended.query(f"SELECT count(*) FROM {table}") == [(0,)]
    assert {source for (source,) in ended.query("SELECT DISTINCT source FROM core.attempts")} == {"outreach"}


def test_a_landing_folder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    assert_fails(run(tmp_path / "output", tmp_path / "elsewhere"), str(tmp_path / "elsewhere"))


@pytest.mark.parametrize(
    ("at", "hint"),
    [
        ("landing/outreach", "did you mean CONTACT_LEDGER_LANDING={}/landing?"),
        ("", "did you mean CONTACT_LEDGER_LANDING={}/landing?"),
        ("landing/outreach/call_dispositions", "set CONTACT_LEDGER_LANDING to"),
    ],
)
def test_a_landing_folder_that_is_one_level_off_does_not_replace_good_figures(
    tmp_path: Path, at: str, hint: str
) -> None:
    part_of_sample(tmp_path / "landing", "outreach/call_dispositions")
    ended = run(tmp_path.with_name(f"{tmp_path.name}-output"), tmp_path / at)
    assert_fails(
        ended, "nothing was published", "found: ", "action_builder, house, liondesk", hint.format(tmp_path)
    )
    assert not ended.published.exists()


def test_an_output_folder_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("mine", encoding="utf-8")
    assert_fails(
        run(tmp_path / "output", part_of_sample(tmp_path / "landing", "outreach/sequences")), "output"
    )
    assert (tmp_path / "output").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AS_OF", "yesterday"),
        ("TIMEZONE", "Mars/Olympus"),
        ("STUCK_AFTER_MS", "soon"),
        ("SCHEDULE", "every morning"),
        ("WATCH", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_used_is_said_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    ended = run(tmp_path / "output", settings={f"CONTACT_LEDGER_{name}": value})
    assert_fails(ended, f"CONTACT_LEDGER_{name}", value)
    assert not (tmp_path / "output").exists()


AS_MAKE = ("-m", "pipelines", "run")


def test_an_output_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for output in (tmp_path / "file", tmp_path / "file" / "inside", Path("/proc/no-such/ledger")):
        assert_fails(run(output, command=AS_MAKE), "CONTACT_LEDGER_OUTPUT", str(output), "cannot be written")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["a%2Fb", "a*b", "out[b]"])
@pytest.mark.parametrize("command", ["run", "dev"])
def test_a_folder_that_dagster_would_take_for_another_is_said_in_one_line(
    tmp_path: Path, name: str, command: str
) -> None:
    """Its settings are found by a pattern and its history by a URL: telemetry would be on, or a traceback come."""
    ended = run(tmp_path / name, command=("-m", "pipelines", command))
    assert_fails(ended, "CONTACT_LEDGER_OUTPUT", name, "DAGSTER_HOME")
    assert not (tmp_path / name / "dagster").exists()


def test_a_folder_that_duckdb_would_take_for_another_is_said_in_one_line(tmp_path: Path) -> None:
    assert_fails(run(tmp_path / "a?b"), "CONTACT_LEDGER_OUTPUT", "a?b", "DuckDB")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_such_a_name_will_do_with_dagsters_home_elsewhere(tmp_path: Path) -> None:
    landing = part_of_sample(tmp_path / "landing", "outreach/calls/2026-10-12", "outreach/call_dispositions")
    home = tmp_path / "home"
    ended = run(tmp_path / "a%2F*[b] #c", landing, AS_MAKE, settings={"DAGSTER_HOME": str(home)})
    assert ended.code == 0, ended.stderr
    assert ended.query("SELECT count(*) > 0 FROM core.attempts") == [(True,)]
    assert (home / "dagster.yaml").read_bytes() == (ROOT / "deploy" / "dagster.yaml").read_bytes()
    assert not (home / "logs").exists()


def test_telemetry_is_off_whoever_made_dagsters_home(empty: tuple[Run, Path]) -> None:
    _, folder = empty
    assert {path.name for path in (folder / "home").iterdir()} == {"history", "schedules"}
    assert not (folder / ".dagster").exists()


def test_the_landing_folder_is_no_place_for_dagsters_home(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    home = {"DAGSTER_HOME": str(tmp_path / "landing" / "home")}
    assert_fails(
        run(tmp_path / "output", tmp_path / "landing", AS_MAKE, home), "DAGSTER_HOME", "never written to"
    )
    assert list((tmp_path / "landing").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("TIMEZONE", "Nope"), ("SCHEDULE", "every morning"), ("OUTPUT", "/proc/no-such/ledger")],
)
def test_nothing_is_served_with_a_setting_that_cannot_be_used(tmp_path: Path, name: str, value: str) -> None:
    settings = {f"CONTACT_LEDGER_{name}": value}
    ended = run(tmp_path / "output", command=("-m", "pipelines", "dev"), settings=settings)
    assert_fails(ended, f"CONTACT_LEDGER_{name}", value)
    assert not ended.stdout


def test_a_sql_file_that_says_nothing_of_its_table_is_named_in_one_line(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for folder in ("pipelines", "sql", "deploy"):
        shutil.copytree(ROOT / folder, checkout / folder)
    (checkout / "data").mkdir()
    for path in (ROOT / "data").glob("*.csv"):
        shutil.copy(path, checkout / "data")
    (checkout / "sql" / "core" / "mine.sql").write_text("SELECT 1 AS one\n", encoding="utf-8")
    ended = run(tmp_path / "output", checkout / "data", AS_MAKE, checkout=checkout)
    assert_fails(ended, str(Path("sql") / "core" / "mine.sql"))
    assert not ended.published.exists()


# ------------------------------------------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("after", [0.3, 1.5, "raw/"])
def test_ctrl_c_at_a_terminal_is_answered_with_one_line(tmp_path: Path, after: float | str) -> None:
    """The terminal tells every process that the run has started, at whatever they are: loading, or reading files."""
    keyboard, screen = os.openpty()
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *AS_MAKE],
        cwd=ROOT,
        env={**os.environ, "CONTACT_LEDGER_OUTPUT": str(tmp_path / "output")},
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - a terminal of its own
    ) as process:
        os.close(screen)
        shown, is_pressed = "", False
        while (more := _read(keyboard)) is not None:
            assert time.monotonic() - started < 120, shown
            shown += more
            waited = after in shown if isinstance(after, str) else time.monotonic() - started > after
            if waited and not is_pressed:
                is_pressed = os.write(keyboard, b"\x03") == 1
        os.close(keyboard)
    assert process.returncode == 1, shown
    assert "Traceback" not in shown
    _, _, answer = shown.replace("\r", "").partition("^C")
    lines = [line for line in answer.split("\n") if line.strip() and not re.search(" FAILED| rows", line)]
    assert len(lines) == 1, shown
    assert re.fullmatch(r"contact-ledger: nothing was published; (\S+: )?the run was told to stop", lines[0])


def _read(terminal: int) -> str | None:
    """What has come to a terminal's screen by now, None when nobody is left to write to it."""
    if not select.select([terminal], [], [], 0.05)[0]:
        return ""
    try:
        return os.read(terminal, 65536).decode("utf-8", "replace") or None
    except OSError:
        return None


# -------------------------------------------------------------------------------------------------- a bad day


@dataclass
class BadDay:
    """A run whose warehouse had a row twice, what lay published before and after it, and a run with that undone."""

    run: Run
    before: dict[str, str]
    after: dict[str, str]
    next: Run


@pytest.fixture(scope="module")
def bad_day(troubled: tuple[Run, Path, Path], tmp_path_factory: pytest.TempPathFactory) -> BadDay:
    """What came after the good run of ``troubled``, in a copy of its output folder."""
    good, landing, _ = troubled
    output = tmp_path_factory.mktemp("bad") / "output"
    shutil.copytree(good.output, output, symlinks=True)
    before = contents(output / "release")
    twice = "raw.outreach_call_dispositions"
    with duckdb.connect(output / "warehouse.duckdb") as con:
        con.execute(f"INSERT INTO {twice} SELECT * FROM {twice} WHERE id = 6")
    bad = run(output, landing)
    after = contents(output / "release")
    with duckdb.connect(output / "warehouse.duckdb") as con:
        con.execute(f"DELETE FROM {twice} WHERE rowid = (SELECT max(rowid) FROM {twice} WHERE id = 6)")
    return BadDay(bad, before, after, run(output, landing))


def test_a_failing_blocking_check_is_named_in_one_line(bad_day: BadDay) -> None:
    assert_fails(bad_day.run, "raw/outreach/call_dispositions", "id_is_unique", "nothing was published")


def test_what_was_published_before_a_bad_day_stays_byte_for_byte(bad_day: BadDay) -> None:
    assert {"contact_ledger.duckdb", "report/index.html"} <= bad_day.before.keys()
    assert bad_day.after == bad_day.before
    assert bad_day.run.published.is_file()


def test_the_day_after_a_bad_day_is_a_good_one(bad_day: BadDay) -> None:
    good = bad_day.next
    assert good.code == 0, good.stderr
    assert good.query(
        "SELECT count(*) FROM quality.check_results WHERE NOT passed AND severity = 'ERROR'"
    ) == [(0,)]
    assert good.query("SELECT published, checks_failed FROM quality.run_history ORDER BY started_at") == [
        (True, 0),
        (False, 1),
        (True, 0),
    ]


@pytest.mark.parametrize("damage", ["cut", "other", "turned"])
def test_a_damaged_warehouse_is_named_with_what_helps(
    troubled: tuple[Run, Path, Path], tmp_path: Path, damage: str
) -> None:
    good, landing, _ = troubled
    shutil.copytree(good.output, tmp_path / "output", symlinks=True)
    before = contents(tmp_path / "output" / "release")
    warehouse = tmp_path / "output" / "warehouse.duckdb"
    content = warehouse.read_bytes()
    match damage:
        case "cut":
            warehouse.write_bytes(content[: len(content) // 2])
        case "other":
            warehouse.write_bytes(b"not what it was" * 1000)
        case "turned":
            warehouse.write_bytes(content[:5000] + bytes(255 - byte for byte in content[5000:]))
    ended = run(tmp_path / "output", landing)
    assert_fails(ended, "move warehouse.duckdb aside", "every landing file anew")
    assert contents(tmp_path / "output" / "release") == before
    if damage == "turned":
        warehouse.rename(warehouse.with_suffix(".damaged"))
        assert run(tmp_path / "output", landing).code == 0


# ------------------------------------------------------------------------------------------------ what it ends with


def test_what_became_of_the_rows_stands_under_the_table(troubled: tuple[Run, Path, Path]) -> None:
    ended, _, _ = troubled
    read, accepted, superseded, rejected = ended.query(
        "SELECT sum(rows_read), sum(rows_accepted), sum(rows_superseded), sum(rows_rejected) FROM quality.row_accounting"
    )[0]
    below = ended.stdout.partition("| source")[2]
    told = f": {accepted:,} accepted, {superseded:,} superseded, {rejected:,} rejected\n"
    assert f"\nrows       {read:,} read in " in below
    assert told in below
    files = dict(ended.query("SELECT file, count(*) FROM quality.rejected_rows GROUP BY file"))
    named = re.findall(r"^rejected +([\d,]+) in (.+?); first: \S.*$", below, re.MULTILINE)
    assert len(named) == 3
    shown = {file.replace("\n", " "): number for file, number in files.items()}
    assert all(shown[file] == int(number) for number, file in named)
    (rest,) = re.findall(r"^ +([\d,]+) in ([\d,]+) more files: quality.rejected_rows$", below, re.MULTILINE)
    assert int(rest[0]) + sum(int(number) for number, _ in named) == sum(files.values())
    assert int(rest[1]) + len(named) == len(files)


def test_failed_checks_that_stop_nothing_are_counted_and_named(good: Run) -> None:
    failed = good.query(
        "SELECT check_name FROM quality.check_results WHERE NOT passed ORDER BY table_name, check_name"
    )
    names = ", ".join(name for (name,) in failed[:3])
    assert (
        f"\nwarnings   {len(failed)} (quality.check_results): {names} and {len(failed) - 3} more\n"
        in good.stdout
    )
    assert len(good.stdout.partition("\nrows ")[2].partition("\npublished")[0].splitlines()) <= 10


# ------------------------------------------------------------------------------------------------ quiet mistakes


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run with much that is easily got wrong and stops nothing, and the home folder it was given."""
    folder = tmp_path_factory.mktemp("mistaken")
    landing = part_of_sample(folder / "landing", "outreach/calls/2026-10-12", "outreach/call_dispositions")
    (landing / "dispositions.csv").write_text(
        "source,field,value,disposition\noutreach,outcome,Answered,nobody\noutreach,outcome,Busy,bussy\n",
        encoding="utf-8",
    )
    (landing / "outreach" / "calls" / "a\nb\x1b[31m.json").write_text('{"data": [', encoding="utf-8")
    (landing / "outreach" / "sequences").mkdir()
    (landing / "outreach" / "sequences" / "all.json").write_text(
        '{"id": 1, "name": "later", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2199-05-01T10:00:00Z"}',
        encoding="utf-8",
    )
    settings = {"HOME": str(folder), "CONTACT_LEDGER_TIMEZNE": "Europe/Berlin"}
    before = set(ROOT.iterdir())
    ended = run(Path("~/ledger"), landing, AS_MAKE, settings=settings)
    assert set(ROOT.iterdir()) == before
    assert ended.code == 0, ended.stderr
    return replace(ended, output=folder / "ledger"), folder


def test_all_that_is_written_is_below_the_users_own_folder_when_that_is_named(
    mistaken: tuple[Run, Path],
) -> None:
    """`~/ledger`, as an environment file has it: no shell has expanded it."""
    _, folder = mistaken
    assert (folder / "ledger" / "contact_ledger.duckdb").is_file()
    home = folder / "ledger" / "dagster"
    assert {path.name for path in home.iterdir()} >= {"dagster.yaml", "history"}
    assert not (home / "logs").exists(), "telemetry is on"


def test_a_variable_that_is_no_setting_is_told(mistaken: tuple[Run, Path]) -> None:
    (line,) = [line for line in mistaken[0].stdout.splitlines() if "TIMEZNE" in line]
    assert line.startswith("warning: unknown setting CONTACT_LEDGER_TIMEZNE (ignored)")
    assert "did you mean CONTACT_LEDGER_TIMEZONE?" in line


def test_what_came_from_files_is_one_plain_line_each(mistaken: tuple[Run, Path]) -> None:
    (line,) = [line for line in mistaken[0].stdout.splitlines() if line.startswith("rejected ")]
    assert "outreach/calls/a b [31m.json; first: unreadable" in line
    assert "\x1b" not in mistaken[0].stdout


def test_wrong_lines_of_ones_own_mapping_are_told(mistaken: tuple[Run, Path]) -> None:
    ended, _ = mistaken
    told = ended.query("SELECT count(*) FROM quality.notices WHERE code = 'mapping'")[0][0]
    assert told
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("mapping ")]
    assert re.match(
        rf"mapping    {told} lines? (is|are) not used of dispositions.csv \(quality.notices\); first: ", line
    )
    assert line.endswith(
        "; first: outreach,outcome,Answered,nobody: its disposition is none of the unified ones"
    )


def test_a_moment_that_has_not_come_yet_is_told_with_where_it_comes_from(
    mistaken: tuple[Run, Path], empty: tuple[Run, Path], good: Run
) -> None:
    (line,) = [line for line in mistaken[0].stdout.splitlines() if "future" in line]
    assert line.startswith(
        "warning: as-of 2199-05-01 10:00:00 UTC (the latest row's in raw.outreach_sequences.updated_at)"
    )
    (line,) = [line for line in empty[0].stdout.splitlines() if "future" in line]
    assert "(set by CONTACT_LEDGER_AS_OF)" in line
    assert "future" not in good.stdout


# ------------------------------------------------------------------------------------------------- dagster's own


def test_dagsters_own_command_does_the_same(tmp_path: Path) -> None:
    landing = part_of_sample(tmp_path / "landing", "outreach/calls/2026-10-12", "outreach/call_dispositions")
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    command = ("-m", "dagster", "job", "execute", "-m", "pipelines.definitions", "-j", "refresh")
    ended = run(tmp_path / "output", landing, command, settings={"DAGSTER_HOME": str(home)})
    assert ended.code == 0, ended.stderr
    recount = Recount.of_folder(landing).table("reports.campaign_contact_rates")
    assert set(
        ended.query("SELECT source, campaign_key, attempts, contacts FROM reports.campaign_contact_rates")
    ) == {(*key, counted["attempts"], counted["contacts"]) for key, counted in recount.items()}
    assert (tmp_path / "output" / "report" / "index.html").is_file()
