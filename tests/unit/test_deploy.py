"""The examples in deploy/, the Dockerfile and compose.yaml: what can be told without a container engine.

Belongs here: that they agree with the project and keep to the rules of deploy/README.md. Does not belong here: running
them.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
SETTING = re.compile(r"CONTACT_LEDGER_([A-Z_]+)")


def test_the_dockerfile_copies_what_is_there_and_what_the_builder_is_sent() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    sent = {
        line.strip("!/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    sources = [
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if not {source, source.split("/")[0]} & sent] == []
    # A run reads all of the project's own data files.
    assert {f"data/{path.name}" for path in (ROOT / "data").glob("*.csv")} <= set(sources)


def test_the_image_runs_as_nobody_special_and_from_the_lock() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", dockerfile, re.MULTILINE)
    assert "--require-hashes" in dockerfile
    assert "VOLUME /ledger/output" in dockerfile


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_is_locked_down_and_watched(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["healthcheck"]["test"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert any(volume.endswith("/ledger/landing:ro") for volume in service["volumes"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_only_the_web_server_leaves_its_network() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [name for name, service in COMPOSE["services"].items() if service["networks"] != ["inside"]] == [
        "web"
    ]


@pytest.mark.parametrize(
    "path", [*UNITS, ROOT / "compose.yaml", ROOT / "Dockerfile"], ids=lambda path: path.name
)
def test_only_settings_that_exist_are_set(path: Path) -> None:
    known = {field.upper() for field in Settings.__dataclass_fields__}
    assert set(SETTING.findall(path.read_text())) <= known


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_no_root_and_keeps_to_this_machine(path: Path) -> None:
    lines = path.read_text().splitlines()
    for line in ("User=contact-ledger", "NoNewPrivileges=yes", "ProtectSystem=strict", "IPAddressDeny=any"):
        assert line in lines


def test_the_entrypoint_lays_the_settings_and_becomes_the_service(tmp_path: Path) -> None:
    home = tmp_path / "dagster home"
    finished = subprocess.run(
        [ROOT / "deploy" / "entrypoint", "echo", "up"],
        cwd=ROOT,
        env={**os.environ, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout == "up\n"
    assert [path.name for path in home.iterdir()] == ["dagster.yaml"]
    assert (home / "dagster.yaml").read_text() == (ROOT / "deploy" / "dagster.yaml").read_text()
