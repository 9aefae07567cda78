"""What is remembered of runs and publications: one row a run, the last figures of a day, and what a killed run had done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.models.incremental import Builder
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.publish import release as publishing
from pipelines.publish.release import publish
from pipelines.settings import Settings
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import Warehouse, open_warehouse
from tests.support import fetch, note_moments

_ALL = load_models()
MODELS = {
    model.table: model
    for model in with_upstream(
        _ALL, ["quality.run_history", "reports.campaign_daily_snapshot", "core.attempts"]
    )
}
"""What is remembered, and what it is remembered of: the rest would only take time."""
CALL = """
INSERT INTO raw.outreach_calls BY NAME
SELECT (SELECT coalesce(max(id), 0) + 1 FROM raw.outreach_calls) AS id, 'outbound' AS direction, 7 AS prospect_id,
    'No Answer' AS outcome, TIMESTAMP '2026-03-01 12:00:00' AS created_at,
    (SELECT coalesce(max(_file_id), 0) + 1 FROM raw.outreach_calls) AS _file_id
"""


class Clock(datetime):
    """A clock that stands where a test puts it."""

    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # noqa: ARG003
        return cls.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(Clock, "moment", datetime(2026, 3, 1, 12, tzinfo=UTC))
    monkeypatch.setattr(run_log, "datetime", Clock)
    return Clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "landing").mkdir()
    return Settings(landing=tmp_path / "landing", output=tmp_path / "output")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the run's own is done after it."""


@contextmanager
def run(settings: Settings, name: str, calls: int = 0) -> Iterator[Warehouse]:
    """A run without Dagster: so many calls more, every table, and publication at its end when the block ends well."""
    with open_warehouse(settings) as warehouse, run_log.record_run(warehouse, name):
        for _ in range(calls):
            warehouse.con.execute(CALL)
        build(warehouse)
        yield warehouse
        publish(warehouse, MODELS)


def build(warehouse: Warehouse) -> None:
    note_moments(warehouse.con)
    builder = Builder(warehouse.con, _ALL)
    for model in MODELS.values():
        builder.build(model)


def withdraw(warehouse: Warehouse, keep: int) -> None:
    """The source takes back all but so many calls."""
    warehouse.con.execute(
        "UPDATE raw.outreach_calls SET _deleted_at = TIMESTAMP '2026-03-01 12:00:00', _file_id = 99 WHERE id > ?",
        [keep],
    )


def refresh(settings: Settings, name: str, calls: int = 0) -> None:
    with run(settings, name, calls):
        pass


def runs(settings: Settings) -> list[tuple[object, ...]]:
    with open_warehouse(settings) as warehouse:
        run_log.finalize_runs(warehouse)
        return warehouse.con.sql("SELECT run_id, published FROM landing.runs ORDER BY number").fetchall()


def published(settings: Settings, sql: str) -> list[dict[str, object]]:
    import duckdb

    with duckdb.connect(settings.published_path, read_only=True) as con:
        return fetch(con, sql)


SNAPSHOT = (
    "SELECT CAST(published_on AS VARCHAR) AS day, attempts FROM reports.campaign_daily_snapshot ORDER BY ALL"
)


def days(settings: Settings) -> dict[object, object]:
    return {row["day"]: row["attempts"] for row in published(settings, SNAPSHOT)}


def test_the_published_file_has_the_run_that_published_it(settings: Settings) -> None:
    refresh(settings, "first", calls=2)
    (row,) = published(settings, "FROM quality.run_history")
    assert row["run_id"] == "first"
    assert row["published"] is True
    assert row["as_of"] == datetime(2026, 3, 1, 12)
    assert isinstance(row["seconds"], float)
    assert 0 < row["seconds"] < 60
    assert (row["rows_in"], row["rows_rejected"], row["checks_failed"]) == (0, 0, 0)


def test_what_was_said_of_a_run_at_its_publication_does_not_change(settings: Settings) -> None:
    refresh(settings, "first", calls=1)
    said = published(settings, "FROM quality.run_history")
    refresh(settings, "second", calls=1)
    assert published(settings, "FROM quality.run_history WHERE run_id = 'first'") == said
    assert [row["run_id"] for row in published(settings, "FROM quality.run_history ORDER BY started_at")] == [
        "first",
        "second",
    ]


def test_rows_in_are_those_of_files_that_were_new(settings: Settings) -> None:
    def add(warehouse: Warehouse, number: int, rows: int, rejected: int) -> None:
        warehouse.con.execute(
            "INSERT INTO landing.files BY NAME SELECT $1 AS file_id, $2 AS rows_read, $3 AS rows_rejected",
            [number, rows, rejected],
        )

    with open_warehouse(settings) as warehouse, run_log.record_run(warehouse, "first"):
        add(warehouse, 1, 100, 3)
        build(warehouse)
        publish(warehouse, MODELS)
    with (
        pytest.raises(ZeroDivisionError),
        open_warehouse(settings) as warehouse,
        run_log.record_run(warehouse, "failed"),
    ):
        add(warehouse, 2, 20, 0)
        raise ZeroDivisionError
    with open_warehouse(settings) as warehouse, run_log.record_run(warehouse, "third"):
        add(warehouse, 3, 5, 1)
        add(warehouse, 4, 2, 0)
        build(warehouse)
        publish(warehouse, MODELS)
    rows = published(settings, "FROM quality.run_history ORDER BY started_at")
    assert [(row["run_id"], row["rows_in"], row["rows_rejected"], row["published"]) for row in rows] == [
        ("first", 100, 3, True),
        ("failed", 20, 0, False),
        ("third", 7, 1, True),
    ]
    assert rows[1]["as_of"] is None
    assert rows[1]["seconds"] is not None


def test_each_days_figures_stay_as_they_were_published(settings: Settings, clock: type[Clock]) -> None:
    refresh(settings, "1", calls=2)
    clock.moment += timedelta(days=1)
    refresh(settings, "2", calls=3)
    clock.moment += timedelta(days=1)
    with open_warehouse(settings) as warehouse:
        withdraw(warehouse, keep=1)
    refresh(settings, "3")
    assert days(settings) == {"2026-03-01": 2, "2026-03-02": 5, "2026-03-03": 1}


def test_the_last_publication_of_a_day_counts(settings: Settings, clock: type[Clock]) -> None:
    for name in ("1", "2", "3"):
        clock.moment += timedelta(hours=1)
        refresh(settings, name, calls=1)
        assert days(settings) == {"2026-03-01": int(name)}
    clock.moment += timedelta(days=1)
    refresh(settings, "4", calls=1)
    assert days(settings) == {"2026-03-01": 3, "2026-03-02": 4}
    with open_warehouse(settings) as warehouse:
        kept = warehouse.con.sql("SELECT number FROM landing.daily_figures ORDER BY number").fetchall()
    assert kept == [(3,), (4,)]  # of the first day's publications only the last takes room


def test_a_day_is_one_of_the_reporting_zone(settings: Settings, clock: type[Clock]) -> None:
    clock.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    refresh(replace(settings, timezone="Pacific/Auckland"), "1", calls=1)
    assert days(settings) == {"2026-03-02": 1}


def test_days_older_than_the_setting_are_dropped(settings: Settings, clock: type[Clock]) -> None:
    short = replace(settings, history_days=2)
    for name in range(4):
        refresh(short, str(name), calls=1)
        clock.moment += timedelta(days=1)
    assert days(short) == {"2026-03-02": 2, "2026-03-03": 3, "2026-03-04": 4}
    assert [row["run_id"] for row in published(short, "FROM quality.run_history ORDER BY started_at")] == [
        "1",
        "2",
        "3",
    ]


def test_a_day_without_campaigns_replaces_one_with_them(settings: Settings, clock: type[Clock]) -> None:
    refresh(settings, "1", calls=1)
    clock.moment += timedelta(hours=1)
    with open_warehouse(settings) as warehouse:
        withdraw(warehouse, keep=0)
    refresh(settings, "2")
    assert days(settings) == {}


@pytest.mark.parametrize(
    ("step", "came_to_it"),
    [("_flush", False), ("_put_in_force", False), ("finalize_runs", True)],
)
def test_whether_a_killed_run_had_published_is_known_to_the_next(
    settings: Settings, clock: type[Clock], monkeypatch: pytest.MonkeyPatch, step: str, came_to_it: bool
) -> None:
    """A run is killed just before the step: its row in the run log is open, its process gone."""
    refresh(settings, "good", calls=1)
    clock.moment += timedelta(days=1)

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with pytest.raises(Killed), open_warehouse(settings) as warehouse, monkeypatch.context() as patch:
        entered = run_log.record_run(warehouse, "killed")
        entered.__enter__()
        warehouse.con.execute(CALL)
        build(warehouse)
        patch.setattr(run_log, "finalize_runs", lambda _: None)  # no last words, and no tidying up
        patch.setattr(run_log if step == "finalize_runs" else publishing, step, killed)
        patch.setattr(publishing.shutil, "rmtree", killed)
        publish(warehouse, MODELS)
    assert runs(settings) == [("good", True), ("killed", came_to_it)]
    with open_warehouse(settings) as warehouse:
        remembered = warehouse.con.sql(
            "SELECT DISTINCT run_id FROM landing.published_figures ORDER BY 1"
        ).fetchall()
    assert remembered == [("good",), ("killed",)] if came_to_it else [("good",)]
    clock.moment += timedelta(days=1)
    refresh(settings, "next", calls=1)
    assert days(settings) == {"2026-03-01": 1} | ({"2026-03-02": 2} if came_to_it else {}) | {"2026-03-03": 3}
    assert len(list((settings.output / "releases").iterdir())) <= 2


def test_another_version_of_the_project_keeps_the_history(settings: Settings, clock: type[Clock]) -> None:
    refresh(settings, "1", calls=3)
    with open_warehouse(settings) as warehouse:
        warehouse.con.execute("UPDATE landing.settings SET layout = 'of another version'")
    clock.moment += timedelta(days=1)
    said: list[str] = []
    with open_warehouse(settings, said.append) as warehouse, run_log.record_run(warehouse, "2"):
        warehouse.con.execute(CALL)
        build(warehouse)
        publish(warehouse, MODELS)
    assert "keeps the old one as warehouse.set-aside-1.duckdb" in said[0]
    assert days(settings) == {"2026-03-01": 3, "2026-03-02": 1}


def test_another_landing_folder_has_a_history_of_its_own(settings: Settings, tmp_path: Path) -> None:
    refresh(settings, "1", calls=3)
    (tmp_path / "another").mkdir()
    refresh(replace(settings, landing=tmp_path / "another"), "2", calls=1)
    assert [row["run_id"] for row in published(settings, "FROM quality.run_history")] == ["2"]


def test_what_killed_runs_unpacked_and_spilled_is_removed(settings: Settings) -> None:
    for name in ("ingest-abc", "spill"):
        (settings.output / name).mkdir(parents=True)
        (settings.output / name / "left").write_bytes(b"x" * 100)
    with open_warehouse(settings):
        assert not any(name.startswith(("ingest-", "spill")) for name in os.listdir(settings.output))
