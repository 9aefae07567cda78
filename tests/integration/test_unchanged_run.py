"""A run that finds nothing new: what it prints, what it leaves alone, and what Dagster ends up holding.

Belongs here: the second of two runs on one landing folder. Does not belong here: what counts as new
(``test_standing``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import (
    extract_data_provenance_from_entry,
    extract_data_version_from_entry,
)

from pipelines.definitions import build_defs
from pipelines.settings import ROOT, Settings
from tests.integration.test_command import Run, contents, part_of_sample, run

DATABASE, REPORT = dg.AssetKey(["published", "contact_ledger"]), dg.AssetKey(["published", "report"])
TABLE = dg.AssetKey(["core", "attempts"])


@dataclass
class Two:
    """Two runs on one folder, with what lay in the output folder after each (Dagster's history left out)."""

    first: Run
    second: Run
    after_first: dict[str, str]
    after_second: dict[str, str]
    landing: Path


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    landing, output = tmp_path_factory.mktemp("landing"), tmp_path_factory.mktemp("output")
    part_of_sample(landing, "action_builder/campaigns")

    def lasting() -> dict[str, str]:
        return {n: h for n, h in contents(output).items() if not n.startswith(("dagster/", "processes/"))}

    first = run(output, landing, ("-m", "pipelines", "run"))
    after_first = lasting()
    second = run(output, landing, ("-m", "pipelines", "run"))
    return Two(first, second, after_first, lasting(), landing)


@pytest.fixture(scope="module")
def history(two: Two) -> Iterator[dg.DagsterInstance]:
    """The history, by Dagster's own classes, as the web UI reads it."""
    with dg.DagsterInstance.local_temp(str(two.first.output / "dagster")) as instance:
        yield instance


def test_it_says_so_and_prints_the_headline_and_the_paths(two: Two) -> None:
    assert two.first.code == two.second.code == 0, two.first.stderr + two.second.stderr
    assert "nothing is new" not in two.first.stdout
    lines = two.second.stdout.splitlines()
    assert lines[0].startswith(
        "nothing is new: files, settings, code and day are those of the run that published at 2"
    )
    told = [
        line for line in two.first.stdout.splitlines() if line.startswith(("rows ", "published ", "report "))
    ]
    assert len(told) == 3
    assert [line for line in lines if line in told] == told
    assert lines[-1].startswith("done in ")


def test_it_changes_no_file(two: Two) -> None:
    assert two.after_second == two.after_first


def test_dagster_holds_both_runs(two: Two, history: dg.DagsterInstance) -> None:
    second, first = history.get_run_records()
    assert first.dagster_run.status == second.dagster_run.status == dg.DagsterRunStatus.SUCCESS
    assert first.dagster_run.job_name == second.dagster_run.job_name == "refresh"
    assert "contact_ledger/nothing_new_since" in second.dagster_run.tags
    assert "contact_ledger/nothing_new_since" not in first.dagster_run.tags


def test_a_table_stands_as_the_run_left_it_that_built_it(history: dg.DagsterInstance) -> None:
    _, first = history.get_run_records()
    event = history.get_latest_materialization_event(TABLE)
    assert event is not None
    assert event.run_id == first.dagster_run.run_id


def test_what_is_published_is_fresh_since_the_second_run(history: dg.DagsterInstance) -> None:
    second, first = history.get_run_records()
    shown: dict[str, Mapping[str, Any]] = {}
    for key in (DATABASE, REPORT):
        event = history.get_latest_materialization_event(key)
        assert event is not None
        assert event.run_id == second.dagster_run.run_id
        assert event.asset_materialization is not None
        shown[key.path[-1]] = {
            name: value.value for name, value in event.asset_materialization.metadata.items()
        }
    for metadata in shown.values():
        assert first.start_time is not None
        assert second.start_time is not None
        assert first.start_time < metadata["unchanged_since"] < second.start_time
        # Dagster goes on to plot the size.
        assert metadata["size_mb"] > 0
    assert shown["report"]["path"].endswith("report/index.html")
    assert shown["contact_ledger"]["dagster/row_count"] > 0


def test_what_is_published_is_in_sync_with_what_it_was_made_from(
    history: dg.DagsterInstance, two: Two
) -> None:
    """The web UI marks an asset as out of sync whose inputs are others than its definition's, or newer."""
    definitions = build_defs(Settings(landing=two.landing, output=two.first.output))
    graph = definitions.resolve_asset_graph()
    for key in (DATABASE, REPORT):
        event = history.get_latest_materialization_event(key)
        provenance = extract_data_provenance_from_entry(event) if event is not None else None
        assert provenance is not None
        assert set(provenance.input_data_versions) == graph.get(key).parent_keys
        for parent in graph.get(key).parent_keys - {DATABASE}:
            latest = history.get_latest_materialization_event(parent)
            assert latest is not None
            version = extract_data_version_from_entry(latest)
            assert version == provenance.input_data_versions[parent], parent


def test_every_check_stands_with_the_moment_of_its_evaluation(history: dg.DagsterInstance) -> None:
    _, first = history.get_run_records()
    planned = [
        event.asset_check_planned_data.asset_check_key
        for event in (entry.dagster_event for entry in history.all_logs(first.dagster_run.run_id))
        if event is not None and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    ]
    assert len(planned) > 100
    records = history.event_log_storage.get_latest_asset_check_execution_by_key(planned)
    assert {record.run_id for record in records.values()} == {first.dagster_run.run_id}
    assert {record.status.value for record in records.values()} <= {"SUCCEEDED", "FAILED"}


def test_a_new_file_ends_it(two: Two, tmp_path: Path) -> None:
    """Also if Dagster's history is another one: what that does not have, a run tells it."""
    again = run(two.first.output, two.landing, settings={"DAGSTER_HOME": str(tmp_path)})
    assert "nothing is new" not in again.stdout
    assert again.code == 0
    part_of_sample(two.landing, "action_builder/actions")
    third = run(two.first.output, two.landing, settings={"DAGSTER_HOME": str(tmp_path)})
    assert third.code == 0
    assert "nothing is new" not in third.stdout


def test_a_history_that_cannot_be_written_is_told_in_one_line(two: Two, tmp_path: Path) -> None:
    (tmp_path / "history").write_text("a file in the place of a folder")
    ended = run(two.first.output, two.landing, settings={"DAGSTER_HOME": str(tmp_path)})
    assert ended.code == 1
    assert "Dagster cannot keep its history" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert os.path.exists(two.first.output / "release")


def test_a_reader_who_leaves_ends_no_run(two: Two, tmp_path: Path) -> None:
    """Neither a whole run, whose history is a new one here, nor one that finds nothing new."""
    environment = {
        **os.environ,
        "CONTACT_LEDGER_LANDING": str(two.landing),
        "CONTACT_LEDGER_OUTPUT": str(two.first.output),
        "DAGSTER_HOME": str(tmp_path),
    }
    for _ in range(2):
        started = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "run"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert (started.wait(240), started.stderr.read()) == (0, "")
        started.stderr.close()
