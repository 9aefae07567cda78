"""What ``make bench`` makes of its tries, and how it runs a process. The measuring itself is no test's."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks import work
from tests.benchmarks.__main__ import DEFAULT, PARTS, Bench, compare, figure, show


def test_a_figure_is_best_by_best_and_its_spread_is_turn_by_turn() -> None:
    ours = [{"seconds": 3.0, "rows": 10.0}, {"seconds": 2.0, "rows": 10.0}]
    other = [{"seconds": 1.0}, {"seconds": 2.0}]
    found = compare("replay", ours, other, "<=", 1.8)
    assert found["value"] == 2.0
    assert found["spread"] == [1.0, 3.0]
    assert found["met"] is False
    assert found["rows"] == 10
    assert compare("idle", ours[:1], other[:1])["spread"] is None


def test_the_table_has_a_line_for_each_figure() -> None:
    head, first, second = show(
        [figure("idle", 1.5, "<=", 2.0, spread=(1.25, 1.75)), figure("seconds", 12.0, rows=5_000_000)]
    )
    assert head.split() == ["figure", "value", "goal", "met", "rows", "tries"]
    assert first.split() == ["idle", "1.500", "<=", "2.0", "yes", "sample", "1.250–1.750"]
    assert second.split() == ["seconds", "12.000", "–", "5,000,000"]


def test_scale_is_a_part_that_has_to_be_asked_for() -> None:
    assert [part for part in PARTS if part not in DEFAULT] == ["scale"]
    assert all(callable(getattr(Bench, part)) for part in PARTS)


def test_too_little_disk_is_one_line_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"scale needs \d+ GB of free disk in .* and finds \d+ GB"):
        Bench(tmp_path, 1_000_000.0, 1).scale()
    assert list(tmp_path.iterdir()) == []


def test_a_process_is_measured_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACT_LEDGER_AS_OF", "2026-10-30")
    child = (
        "import os, subprocess, sys; assert not [name for name in os.environ if name.startswith('CONTACT_LEDGER_')]; "
        "subprocess.run([sys.executable, '-c', 'sum(i * i for i in range(2_000_000))'])"
    )
    alone = work._process([sys.executable, "-c", "pass"], {})
    found = work._process([sys.executable, "-c", child], {})
    assert found["cpu_seconds"] > alone["cpu_seconds"] + 0.05
    assert found["seconds"] > 0
    assert found["peak_mb"] > 1


def test_a_process_that_fails_says_its_last_lines() -> None:
    with pytest.raises(RuntimeError, match=r"ended with 3:\nno such call"):
        work._process([sys.executable, "-c", "print('no such call'); raise SystemExit(3)"], {})


def test_what_files_take_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one").write_bytes(b"x" * 1_000_000)
    assert 0.9 < work.disk_mb(tmp_path) < 1.2
    assert work.disk_mb(tmp_path / "in" / "one") == work.disk_mb(tmp_path)
    assert work.disk_mb(tmp_path / "none") == 0
