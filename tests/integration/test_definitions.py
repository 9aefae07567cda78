"""Everything that Dagster loads, held against a committed snapshot, so that no change of the graph slips through.

After a change that is meant, write the snapshot again and read its diff before committing it::

    UPDATE_SNAPSHOT=1 make test ARGS=tests/integration/test_definitions.py
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.settings import ROOT, Settings

SNAPSHOT = Path(__file__).with_name("definitions.snapshot.txt")
GROUPS = {"landing", "core", "replay", "reports", "published"}
HEAVY = ("great_expectations", "pandas", "sqlalchemy")
"""Packages that cost seconds, which no reload of the code location is to wait for."""


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_defs(Settings(output=tmp_path_factory.mktemp("output")))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return sorted(definitions.resolve_all_asset_specs(), key=lambda spec: spec.key)


def described(definitions: dg.Definitions) -> Iterator[str]:
    """The code location in words: a block for each asset, check, job, schedule and sensor; sorted throughout."""
    graph = definitions.resolve_asset_graph()
    for spec in sorted(definitions.resolve_all_asset_specs(), key=lambda spec: spec.key):
        yield f"asset {name(spec.key)}"
        yield f"  group {spec.group_name}, kinds {', '.join(sorted(spec.kinds))}, owners {', '.join(spec.owners)}"
        yield from (
            f"  tag {tag} = {value}" for tag, value in sorted(spec.tags.items()) if "/kind/" not in tag
        )
        yield from (f"  from {key}" for key in sorted(name(dep.asset_key) for dep in spec.deps))
        for key in sorted(graph.get_check_keys_for_assets({spec.key}), key=lambda key: key.name):
            check = graph.get_check_spec(key)
            severity = check.metadata.get("severity", "severity not said")
            yield f"  check {check.name}: {severity}, {'blocking' if check.blocking else 'not blocking'}"
    repository = definitions.get_repository_def()
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if job.name.startswith("__"):
            continue  # Dagster's own, for materializing from the asset graph
        left_out = graph.get_all_asset_keys() - set(job.asset_layer.executable_asset_keys)
        unchecked = graph.asset_check_keys - job.asset_layer.asset_graph.asset_check_keys
        yield f"job {job.name}"
        yield f"  all assets but {', '.join(map(name, sorted(left_out))) or 'none'}"
        yield f"  all checks but {', '.join(sorted(f'{name(k.asset_key)} {k.name}' for k in unchecked)) or 'none'}"
    for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name):
        yield f"schedule {schedule.name}"
        yield f"  {schedule.cron_schedule} {schedule.execution_timezone}, job {schedule.job_name}"
        yield f"  {schedule.default_status.value}"
    for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name):
        yield f"sensor {sensor.name}"
        yield f"  every {sensor.minimum_interval_seconds} s, job {sensor.job_name}"
        yield f"  {sensor.default_status.value}"


def name(key: dg.AssetKey) -> str:
    return "/".join(key.path)


def test_everything_is_as_the_snapshot_says(definitions: dg.Definitions) -> None:
    now = "".join(f"{line}\n" for line in described(definitions))
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(now, encoding="utf-8")
    before = SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else ""
    changes = difflib.unified_diff(
        before.splitlines(), now.splitlines(), "snapshot", "definitions", lineterm="", n=1
    )
    assert now == before, "\n".join(["run with UPDATE_SNAPSHOT=1 if this is meant:", *changes])


def test_every_asset_says_what_it_is_whose_it_is_and_where_it_is_written(specs: list[dg.AssetSpec]) -> None:
    lacking = [
        f"{name(spec.key)} has no {what}"
        for spec in specs
        for what, value in {
            "description": (spec.description or "").strip(),
            "owner": spec.owners,
            "kinds": spec.kinds,
            "link to its code": spec.metadata.get("dagster/code_references"),
            "group of the five": spec.group_name in GROUPS,
        }.items()
        if not value
    ]
    assert not lacking, "\n".join(lacking)


def test_code_links_lead_to_files_of_the_project(specs: list[dg.AssetSpec]) -> None:
    for spec in specs:
        for reference in spec.metadata["dagster/code_references"].code_references:
            path = Path(reference.file_path)
            assert path.is_file(), f"{name(spec.key)}: {path}"
            assert path.is_relative_to(ROOT), f"{name(spec.key)}: {path}"


def test_what_the_contract_names_is_there(definitions: dg.Definitions, specs: list[dg.AssetSpec]) -> None:
    promised = """
        raw/action_builder/contact_attempts raw/action_builder/campaigns raw/action_builder/actions
        raw/voipbin/campaigncalls raw/voipbin/outdialtargets raw/voipbin/outplans raw/voipbin/campaigns
        raw/outreach/calls raw/outreach/call_dispositions raw/outreach/sequences
        raw/liondesk/contact_communications
        core/attempts replay/target_outcomes replay/transitions replay/violations
        reports/campaign_contact_rates reports/campaign_dispositions reports/campaign_outcomes reports/attempt_curve
        quality/row_accounting quality/rejected_rows quality/check_results
        published/contact_ledger published/report
    """.split()
    assert not set(promised) - {name(spec.key) for spec in specs}
    assert definitions.resolve_job_def("refresh")
    assert definitions.resolve_schedule_def("daily_refresh")
    assert definitions.resolve_sensor_def("landing_files")


def test_the_groups_stand_in_the_order_of_the_flow(definitions: dg.Definitions) -> None:
    """No asset is made from one of a later group; what is known of the landing folder may show anywhere."""
    rank = {"landing": 0, "core": 1, "replay": 2, "reports": 3, "published": 4}
    groups = {spec.key: spec.group_name for spec in definitions.resolve_all_asset_specs()}
    backwards = [
        f"{name(dep.asset_key)} ({groups[dep.asset_key]}) -> {name(spec.key)} ({spec.group_name})"
        for spec in definitions.resolve_all_asset_specs()
        for dep in spec.deps
        if rank[groups[dep.asset_key] or ""] > rank[spec.group_name or ""]
    ]
    assert not backwards, backwards


def test_every_check_says_its_rule_in_words(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert checks
    for check in checks:
        assert (check.description or "").strip().endswith("."), check.name
        assert check.metadata["severity"] in {"error", "warn"}, check.name


def test_every_check_stands_before_publication(definitions: dg.Definitions) -> None:
    """Nothing is published before every blocking check upstream has been evaluated."""
    graph = definitions.resolve_asset_graph()
    published = dg.AssetKey(["published", "contact_ledger"])
    upstream = graph.get_ancestor_asset_keys(published)
    for key in graph.asset_check_keys:
        assert graph.get_check_spec(key).blocking, key
        assert key.asset_key in upstream, f"{key} is not upstream of the published file"


def test_loading_the_code_location_imports_nothing_heavy() -> None:
    """What makes a reload slow is seen in what is imported; a clock would only tell how busy the machine is."""
    code = "import sys, pipelines.definitions; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code, *HEAVY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert not loaded.stdout.split(), "imported by loading the definitions"
    assert not loaded.stderr, "loading the definitions is not quiet"
