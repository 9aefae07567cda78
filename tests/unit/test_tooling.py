"""The project's own promises: locks that pin, hash and name no address; nothing machine-bound in what is kept.

Belongs here: what can be read off the repository's files. Does not belong here: what the pipeline does.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(\[[a-z,]+\])?==(\S+)( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def kept_files() -> list[Path]:
    """The files that git keeps, or would keep: everything that is not ignored."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no git repository here: the project was unpacked, not cloned")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def pins(lock: Path) -> dict[str, set[str]]:
    """Package → its pinned versions (more than one where Python versions differ)."""
    found: dict[str, set[str]] = {}
    for match in filter(None, map(PIN.match, lock.read_text().splitlines())):
        found.setdefault(match[1], set()).add(match[3])
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_there_are_locks_for_run_dev_bench_the_old_client_and_the_installer() -> None:
    assert [lock.name for lock in LOCKS] == [
        "requirements-bench.lock",
        "requirements-client.lock",
        "requirements-dev.lock",
        "requirements-installer.lock",
        "requirements.lock",
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: Path) -> None:
    lines = lock.read_text().splitlines()
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    # Every pin is followed by a hash, and every block of hashes ends where the next pin begins.
    for line, following in zip(lines, [*lines[1:], "end \\"], strict=True):
        assert line.endswith("\\") == bool(HASH.match(following)), line


@pytest.mark.parametrize("name", ["requirements-dev.lock", "requirements-bench.lock"])
def test_the_other_environments_hold_the_same_runtime(name: str) -> None:
    runtime, other = pins(ROOT / "requirements.lock"), pins(ROOT / name)
    assert {package: other.get(package) for package in runtime} == runtime


def test_the_locks_satisfy_what_the_project_asks_for() -> None:
    runtime, dev = pins(ROOT / "requirements.lock"), pins(ROOT / "requirements-dev.lock")
    wanted = project()
    for requirements, locked in (
        (wanted["project"]["dependencies"], runtime),
        (wanted["dependency-groups"]["dev"], dev),
        (wanted["dependency-groups"]["bench"], pins(ROOT / "requirements-bench.lock")),
        (wanted["dependency-groups"]["client"], pins(ROOT / "requirements-client.lock")),
        (wanted["dependency-groups"]["installer"], pins(ROOT / "requirements-installer.lock")),
    ):
        for requirement in requirements:
            name = re.split(r"[\[<>=!~ ]", requirement)[0]
            assert name in locked, f"{requirement}: run `make lock`"
            if series := re.search(r"==([\d.]+)\.\*", requirement):
                assert all(version.startswith(series[1] + ".") for version in locked[name]), requirement


def test_no_agpl_tool_is_in_the_environment_that_runs() -> None:
    assert "pm4py" not in pins(ROOT / "requirements.lock") | pins(ROOT / "requirements-dev.lock")


def test_what_the_pipeline_imports_is_asked_for() -> None:
    """No import leans on a package that another package happens to bring."""
    imported: set[str] = set()
    for path in (ROOT / "pipelines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                imported.add(node.module.partition(".")[0])
    distributions = packages_distributions()
    asked = {re.split(r"[\[<>=!~ ]", line)[0] for line in project()["project"]["dependencies"]}
    foreign = imported - sys.stdlib_module_names - {"pipelines"}
    owners = {
        name: {owner.lower().replace("_", "-") for owner in distributions.get(name, [name])}
        for name in foreign
    }
    assert {name: owner for name, owner in owners.items() if not owner & asked} == {}


def test_our_code_moves_no_rows_through_pandas() -> None:
    users = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "pipelines").rglob("*.py")
        if re.search(r"^\s*(import|from)\s+pandas|\.(df|to_pandas|fetchdf)\(", path.read_text(), re.MULTILINE)
    ]
    assert users == []


def test_no_kept_file_names_a_machine_or_a_package_address() -> None:
    forbidden = re.compile(
        # Written so that this file does not find itself.
        "|".join(
            ["py" + r"pi\.org", "python" + r"hosted\.org", "--(extra-)?index" + "-url", "--find" + "-links"]
        )
        + "|"
        + "|".join(
            rf"(?<![\w.$}}])/{folder}/" for folder in ("root", "home/[a-z]+", "Users", "work", "tmp/[a-z]+")
        )
    )
    found = []
    for path in kept_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # compressed or columnar sample data, pictures
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in forbidden.finditer(text)]
    assert found == []


def test_nothing_that_is_kept_is_large() -> None:
    kept = kept_files()
    assert [str(path) for path in kept if path.stat().st_size > 1_000_000] == []
    sample = sum(path.stat().st_size for path in kept if path.is_relative_to(ROOT / "data" / "sample"))
    assert sample < 2_000_000


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.lstrip().startswith("Apache License")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert project()["project"]["license"] == "Apache-2.0"


def test_make_help_lists_the_promised_commands() -> None:
    make = shutil.which("make")
    assert make is not None
    text = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in ("run", "test", "dev", "bench", "lint", "help"):
        assert re.search(rf"^  make {command} +\S", text, re.MULTILINE), command


@pytest.mark.parametrize("script", [".ci/run", "deploy/entrypoint"])
def test_scripts_can_be_started(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call make in a checkout whose Python is a script of the shell; ``settings`` are its environment."""
    found = shutil.which("make")
    assert found is not None
    for name in ("Makefile", "requirements.lock", "requirements-installer.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    uv = python.with_name("uv")
    uv.write_text('#!/bin/sh\necho "uv $* from $UV_DEFAULT_INDEX, $SSL_CERT_FILE"\n')
    uv.chmod(0o755)
    (tmp_path / ".venv" / "runtime.stamp").touch()

    def call(*arguments: str, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(
            [found, *arguments],
            cwd=tmp_path,
            env=environment | settings,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return call


@pytest.mark.parametrize("goal", ["run", "dev"])
def test_make_adds_nothing_to_a_good_run_and_one_line_to_a_failed_one(
    make: Callable[..., subprocess.CompletedProcess[str]], goal: str
) -> None:
    command = f"-m pipelines {goal}{' --port 3000' * (goal == 'dev')}\n"
    good = make(goal, script='echo "$*"')
    assert (good.returncode, good.stdout, good.stderr) == (0, command, "")
    failed = make(goal, script='echo "$*"; echo "contact-ledger: why" >&2; exit 1')
    assert (failed.returncode, failed.stdout) == (2, command)
    why, makes_own = failed.stderr.splitlines()
    assert why == "contact-ledger: why"
    assert re.fullmatch(rf"make: \*\*\* \[Makefile:\d+: {goal}\] Error 1", makes_own)


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("goal", ["run", "dev"])
def test_make_n_starts_nothing(
    make: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, goal: str, installed: bool
) -> None:
    """`make -n` prints the commands: it neither runs them nor installs what they need."""
    if not installed:
        (tmp_path / ".venv" / "runtime.stamp").unlink()
    shown = make("-n", goal, script="touch started")
    assert shown.returncode == 0, shown.stderr
    assert f".venv/bin/python -m pipelines {goal}" in shown.stdout
    assert ("-m pip install" in shown.stdout) == (not installed)
    assert not (tmp_path / "started").exists()
    assert (tmp_path / ".venv" / "runtime.stamp").exists() == installed
    assert make(goal, script="touch started").returncode == 0
    assert (tmp_path / "started").exists(), "a script that is started is noticed"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"PIP_INDEX_URL": "http://127.0.0.1/a", "PIP_CERT": "/a.pem"}, "http://127.0.0.1/a, /a.pem"),
        (
            {"PIP_INDEX_URL": "http://127.0.0.1/a", "UV_DEFAULT_INDEX": "http://127.0.0.1/b"},
            "http://127.0.0.1/b, ",
        ),
        ({}, "http://127.0.0.1/of-pips-file, "),
    ],
)
def test_the_installer_takes_the_index_that_pip_was_told_of(
    make: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    (tmp_path / ".venv" / "runtime.stamp").unlink()
    script = 'case "$*" in *"config get"*) echo http://127.0.0.1/of-pips-file;; esac'
    empty = dict.fromkeys(("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_CERT", "SSL_CERT_FILE"), "")
    ended = make("run", script=script, **empty | settings)
    assert ended.returncode == 0, ended.stderr
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("uv ")]
    assert line.startswith(
        "uv pip install --quiet --require-hashes --python .venv/bin/python --requirement requirements.lock"
    )
    assert line.endswith(f" from {told}")


def test_make_reads_no_setting_of_its_own(
    make: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """A folder's name may hold what means something to make or the shell."""
    name = "~/a $x (b) %.c 'd' \"e\" #f"
    ended = make("run", script='printf %s "$CONTACT_LEDGER_OUTPUT"', CONTACT_LEDGER_OUTPUT=name)
    assert (ended.stdout, ended.stderr) == (name, "")


def test_the_instance_settings_are_ones_that_dagster_takes(tmp_path: Path) -> None:
    from dagster import DagsterInstance

    shutil.copy(ROOT / "deploy" / "dagster.yaml", tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.global_op_concurrency_default_limit == 1


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
@pytest.mark.parametrize(
    "start", ["", "import subprocess, sys; subprocess.run([sys.executable, '-c', %r], check=True)"]
)
def test_no_python_leaves_this_machine(tmp_path: Path, address: str, start: str) -> None:
    """Neither a Python that a test starts nor one started by that."""
    log = tmp_path / "refused"
    code = f"import socket; socket.create_connection(({address!r}, 443), timeout=5)"
    finished = subprocess.run(
        [sys.executable, "-c", start % code if start else code],
        env={**os.environ, "TESTS_REFUSED_LOG": str(log)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "tests run offline" in finished.stderr
    assert address in log.read_text()


def test_the_older_client_is_the_oldest_promised(old_duckdb: Callable[..., Any]) -> None:
    answer = old_duckdb(
        "import duckdb; result = [duckdb.__version__, duckdb.execute('SELECT $n + 1', {'n': n}).fetchone()[0]]",
        n=41,
    )
    assert answer[0].startswith("1.2.")
    assert answer[1] == 42
