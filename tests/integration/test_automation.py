"""What runs by itself: the sensor's patience, the schedule's hour, and runs whose process is gone."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator  # what its daemon asks

from pipelines.orchestration import automation, liveness
from pipelines.orchestration.automation import daily_refresh, landing_files
from pipelines.settings import SettingError, Settings
from pipelines.warehouse.connection import LandingMissingError

CALLS = Path("outreach/calls")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "landing" / CALLS).mkdir(parents=True)
    return Settings(landing=tmp_path / "landing", output=tmp_path / "output")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


class Watch:
    """The sensor, looked at now and then; its memory outlives it, as it does in Dagster."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self.settings = settings
        self.instance = instance
        self.cursor: str | None = None
        self.asked: list[str] = []

    def look(self) -> int:
        """One look; the number of runs it asks for."""
        context = dg.build_sensor_context(self.instance, cursor=self.cursor)
        result = landing_files(self.settings)(
            context
        )  # a new sensor each time: the code location was reloaded
        if isinstance(result, dg.SensorResult):
            self.cursor = result.cursor
            self.asked += [str(request.run_key) for request in result.run_requests or ()]
            return len(result.run_requests or ())
        assert isinstance(result, dg.SkipReason)
        self.cursor = context.cursor
        return 0


@pytest.fixture
def watch(settings: Settings, instance: dg.DagsterInstance) -> Watch:
    return Watch(settings, instance)


def put(settings: Settings, name: str, content: str = "[]") -> Path:
    path = settings.landing / CALLS / name
    path.write_text(content, encoding="utf-8")
    return path


# ----------------------------------------------------------------------------------------------------- the sensor


def test_many_files_are_one_run_once_they_stay_the_same(settings: Settings, watch: Watch) -> None:
    for number in range(500):
        put(settings, f"{number}.json")
    assert [watch.look() for _ in range(4)] == [0, 1, 0, 0]


def test_it_waits_while_files_grow(settings: Settings, watch: Watch) -> None:
    for size in range(1, 6):
        put(settings, "growing.json", "[" * size)
        assert watch.look() == 0
    assert [watch.look() for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize(
    "change", ["new", "changed", "touched", "removed", "dispositions", "contact_rules", "purposes"]
)
def test_what_happens_to_files_is_seen(settings: Settings, watch: Watch, change: str) -> None:
    first = put(settings, "first.json")
    assert [watch.look() for _ in range(3)] == [0, 1, 0]
    match change:
        case "new":
            put(settings, "second.json")
        case "changed":
            put(settings, "first.json", "[1]")
        case "touched":
            os.utime(first, ns=(1, 1))
        case "removed":
            first.unlink()
        case _:
            (settings.landing / f"{change}.csv").write_text("source,field,value\n", encoding="utf-8")
    assert [watch.look() for _ in range(3)] == [0, 1, 0]
    assert len(set(watch.asked)) == 2


def test_a_folder_that_holds_again_what_it_held_is_asked_for_again(settings: Settings, watch: Watch) -> None:
    """Dagster starts no second run under one key, so no two requests may share one."""
    path = put(settings, "first.json")
    status = path.stat()
    assert [watch.look(), watch.look()] == [0, 1]
    path.unlink()
    assert [watch.look(), watch.look()] == [0, 1]
    put(settings, "first.json")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [watch.look(), watch.look()] == [0, 1]
    assert len(set(watch.asked)) == 3


@pytest.mark.parametrize("name", [".hidden.json", "notes.pdf", "calls.json.part", "../meetings.log"])
def test_what_ingest_does_not_read_starts_nothing(settings: Settings, watch: Watch, name: str) -> None:
    put(settings, "first.json")
    assert [watch.look(), watch.look()] == [0, 1]
    put(settings, name)
    assert [watch.look(), watch.look()] == [0, 0]


def test_a_file_that_never_stops_growing_does_not_keep_the_others_waiting(
    settings: Settings, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 30))
    monkeypatch.setattr(automation, "time", SimpleNamespace(time=lambda: 1e9 + next(clock)))
    asked = []
    for size in range(1, 130):
        put(settings, "growing.json", "[" * size)
        asked.append(watch.look())
    assert sum(asked) == 2  # two half hours
    assert asked.index(1) == 60


def test_a_landing_folder_that_is_missing_is_named_and_starts_nothing(
    settings: Settings, instance: dg.DagsterInstance, watch: Watch
) -> None:
    put(settings, "first.json")
    assert [watch.look(), watch.look()] == [0, 1]
    away = settings.landing.rename(settings.landing.with_name("not mounted"))
    assert [watch.look() for _ in range(3)] == [0, 0, 0]
    context = dg.build_sensor_context(instance, cursor=watch.cursor)
    skipped = landing_files(settings)(context)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == str(LandingMissingError(settings.landing))
    assert str(settings.landing) in str(skipped.skip_message)
    away.rename(settings.landing)
    assert [watch.look() for _ in range(3)] == [0, 0, 0]  # it holds what it held


def test_both_run_by_default_and_can_be_switched_off(settings: Settings) -> None:
    running, stopped = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED
    assert landing_files(settings).default_status == running
    assert landing_files(replace(settings, watch=False)).default_status == stopped
    assert daily_refresh(settings).default_status.value == "RUNNING"
    assert daily_refresh(replace(settings, schedule=None)).default_status.value == "STOPPED"
    assert Settings.from_environment({"CONTACT_LEDGER_WATCH": "off"}).watch is False
    assert Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "off"}).schedule is None


# --------------------------------------------------------------------------------------------------- the schedule


@pytest.mark.parametrize(
    ("zone", "hour", "first", "second"),
    [
        ("UTC", "0 5 * * *", "2026-03-28T05:00", "2026-03-29T05:00"),
        (
            "Europe/Berlin",
            "0 5 * * *",
            "2026-03-28T04:00",
            "2026-03-29T03:00",
        ),  # the clocks go forward between them
        ("America/New_York", "30 23 * * *", "2026-03-28T03:30", "2026-03-29T03:30"),
    ],
)
def test_the_schedule_keeps_its_hour_in_its_zone(
    settings: Settings, zone: str, hour: str, first: str, second: str
) -> None:
    environment = {"CONTACT_LEDGER_TIMEZONE": zone, "CONTACT_LEDGER_SCHEDULE": hour}
    read = Settings.from_environment(environment)
    schedule = daily_refresh(replace(settings, timezone=read.timezone, schedule=read.schedule))
    start = datetime(2026, 3, 28, tzinfo=UTC).timestamp()
    ticks = schedule_execution_time_iterator(start, schedule.cron_schedule, schedule.execution_timezone)
    found = [next(ticks).astimezone(UTC).strftime("%Y-%m-%dT%H:%M") for _ in range(2)]
    assert found == [first, second]


@pytest.mark.parametrize("cron", ["at five", "61 5 * * *", "0 5 * *"])
def test_a_schedule_that_is_none_is_refused_in_words(settings: Settings, cron: str) -> None:
    with pytest.raises(SettingError, match="CONTACT_LEDGER_SCHEDULE=.*is not a cron expression; write e.g."):
        daily_refresh(replace(settings, schedule=cron))


# ------------------------------------------------------------------------------------------- runs that died


def hold(folder: str, said: Connection) -> None:
    """In a process of its own: sign as every process that carries out runs does, and never end."""
    said.send(liveness._hold(Path(folder)))
    time.sleep(300)


@pytest.fixture
def other(settings: Settings) -> Iterator[tuple[str, BaseProcess]]:
    """Another living process and the name it signed with."""
    context = multiprocessing.get_context("forkserver")
    hear, say = context.Pipe(duplex=False)
    process = context.Process(target=hold, args=(str(liveness._folder(settings)), say))
    process.start()
    yield hear.recv(), process
    process.kill()
    process.join()


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, signed: str | None = None) -> str:
    run = dg.DagsterRun(job_name="refresh", status=status, tags={liveness.TAG: signed} if signed else {})
    return instance.add_run(run).run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_run_whose_process_is_gone_is_failed_and_says_so(
    settings: Settings, instance: dg.DagsterInstance, other: tuple[str, BaseProcess], watch: Watch
) -> None:
    name, process = other
    run_id = add_run(instance, dg.DagsterRunStatus.STARTED, name)
    ended = add_run(instance, dg.DagsterRunStatus.SUCCESS, name)
    said: list[str] = []
    assert liveness.fail_orphaned_runs(instance, settings, said.append) == []
    assert said == []
    process.kill()
    process.join()
    watch.look()  # the sensor sees to it, files or no files
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert status(instance, ended) == dg.DagsterRunStatus.SUCCESS
    assert liveness.fail_orphaned_runs(instance, settings, said.append) == []
    assert list(liveness._folder(settings).iterdir()) == []


def test_a_cancelled_run_whose_process_is_gone_does_not_stay_half_cancelled(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    run_id = add_run(instance, dg.DagsterRunStatus.CANCELING, "a process of long ago")
    said: list[str] = []
    assert liveness.fail_orphaned_runs(instance, settings, said.append) == [run_id]
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert said == [f"run {run_id} failed: its process (a process of long ago) is gone"]


def test_a_run_that_has_not_begun_is_left_alone(settings: Settings, instance: dg.DagsterInstance) -> None:
    run_id = add_run(instance, dg.DagsterRunStatus.NOT_STARTED)
    assert liveness.fail_orphaned_runs(instance, settings, print) == []
    assert status(instance, run_id) == dg.DagsterRunStatus.NOT_STARTED


def test_a_run_that_was_never_claimed_is_given_time(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(instance, dg.DagsterRunStatus.STARTED)
    assert liveness.fail_orphaned_runs(instance, settings, print) == []
    monkeypatch.setattr(liveness, "_CLAIMED_WITHIN", timedelta(0))
    assert liveness.fail_orphaned_runs(instance, settings, lambda _: None) == [run_id]


def test_a_process_signs_all_its_runs_with_one_name(settings: Settings, instance: dg.DagsterInstance) -> None:
    runs = [add_run(instance, dg.DagsterRunStatus.STARTED) for _ in range(2)]
    for run_id in runs:
        liveness.claim_run(instance, run_id, settings)
    names = {run.tags[liveness.TAG] for run in instance.get_runs()}
    assert len(names) == 1
    assert f"-{os.getpid()}-" in names.pop()
    assert liveness.fail_orphaned_runs(instance, settings, print) == []
    assert len(list(liveness._folder(settings).iterdir())) == 1
