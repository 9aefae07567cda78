"""A landing file that changes: its accounts speak of the file as it is now, and stay provable after every change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest import files as landing_files
from pipelines.refresh import refresh as run_refresh
from pipelines.settings import Settings
from pipelines.validation import load_rules
from pipelines.validation.engine import evaluate
from tests.landing_folder import Landing, Row, lines
from tests.support import build, fetch

TABLES = ("quality.row_accounting", "quality.rejected_rows", "quality.notices")
FOLDER = "outreach/calls/"
SOME_ROW = "some_row_is_taken"
"""The one error that a folder of refused rows is meant to break (test_field_runs); the accounts must hold there too."""


def call(number: int, **changes: object) -> Row:
    """A good call, but for the changes."""
    return {"id": number, "direction": "outbound", "state": "completed", "updatedAt": "2026-02-01", **changes}


@pytest.fixture
def calls(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "outreach.calls")


def refresh(landing: Landing) -> dict[str, tuple[int, int, int, int]]:
    """Ingest, build the tables that account for it, and check them; file → read, accepted, superseded, rejected."""
    landing.run()
    landing.law()
    build(landing.con, *TABLES)
    rules = [
        rule
        for rule in load_rules()
        if rule.table in TABLES and rule.severity == "error" and rule.name != SOME_ROW
    ]
    broken = [finding for finding in evaluate(landing.con, rules) if finding.error or not finding.passed]
    assert broken == []
    return {
        file.removeprefix(FOLDER): tuple(counts)
        for file, *counts in landing.con.sql(
            "SELECT file, rows_read, rows_accepted, rows_superseded, rows_rejected FROM quality.row_accounting"
        ).fetchall()
    }


def rejected(landing: Landing) -> list[tuple[str, int]]:
    """File and position of what `quality.rejected_rows` lists."""
    return [
        (file.removeprefix(FOLDER), position)
        for file, position in landing.con.sql(
            "SELECT file, position FROM quality.rejected_rows ORDER BY file, position"
        ).fetchall()
    ]


BAD = call(2, direction="sideways")


def test_a_file_with_a_rejected_row_that_grows(calls: Landing) -> None:
    calls.put("a.jsonl", lines([call(1), BAD]))
    assert refresh(calls) == {"a.jsonl": (2, 1, 0, 1)}
    calls.put("a.jsonl", lines([call(1), BAD, call(3)]))
    # The first row came again: once in the ledger, and once superseded.
    assert refresh(calls) == {"a.jsonl": (4, 2, 1, 1)}
    assert rejected(calls) == [("a.jsonl", 2)]
    assert fetch(calls.con, "SELECT rows_in_file FROM quality.row_accounting") == [{"rows_in_file": 3}]


def test_a_row_that_is_corrected_is_no_longer_rejected(calls: Landing) -> None:
    calls.put("a.jsonl", lines([call(1), BAD]))
    refresh(calls)
    calls.put("a.jsonl", lines([call(1), call(2)]))
    assert refresh(calls) == {"a.jsonl": (3, 2, 1, 0)}
    assert rejected(calls) == []


def test_a_bad_file_in_the_place_of_another(calls: Landing) -> None:
    calls.put("a.jsonl", "{no\n")
    refresh(calls)
    calls.put("a.jsonl", lines([BAD, BAD]))
    assert refresh(calls) == {"a.jsonl": (2, 0, 0, 2)}
    assert rejected(calls) == [("a.jsonl", 1), ("a.jsonl", 2)]


def test_rows_that_a_newer_version_lacks_stay_accounted_for(calls: Landing) -> None:
    calls.put("a.jsonl", lines([call(1), BAD, call(3)]))
    refresh(calls)
    calls.put("a.jsonl", lines([call(4)]))
    assert refresh(calls) == {"a.jsonl": (3, 3, 0, 0)}
    calls.put("a.jsonl", lines([call(n, updatedAt="2026-02-02") for n in (1, 3, 4)]))
    assert refresh(calls) == {"a.jsonl": (3, 3, 0, 0)}


def test_a_file_that_is_as_it_was_before(calls: Landing) -> None:
    first, second = lines([call(1), BAD]), lines([call(1), call(2)])
    for content in (first, second):
        calls.put("a.jsonl", content)
        refresh(calls)
    calls.put("a.jsonl", first)
    assert calls.run().rows_read == 0  # the same bytes under the same name are known
    assert refresh(calls) == {"a.jsonl": (3, 2, 0, 1)}
    assert rejected(calls) == [("a.jsonl", 2)]
    assert calls.run().files_read == 0


def test_a_copy_of_a_version_that_is_gone_takes_its_rejected_rows_over(calls: Landing) -> None:
    content = lines([call(1), BAD])
    calls.put("a.jsonl", content)
    calls.put("copy.jsonl", content)
    assert refresh(calls) == {"a.jsonl": (2, 1, 0, 1), "copy.jsonl": (2, 0, 2, 0)}
    calls.put("a.jsonl", lines([call(1), call(2)]))
    assert refresh(calls) == {"a.jsonl": (3, 2, 1, 0), "copy.jsonl": (2, 0, 1, 1)}
    assert rejected(calls) == [("copy.jsonl", 2)]
    calls.put("copy.jsonl", lines([call(1), call(2)]))
    assert refresh(calls) == {"a.jsonl": (3, 2, 1, 0), "copy.jsonl": (2, 0, 2, 0)}
    assert rejected(calls) == []


def _folder(path: Path) -> None:
    path.mkdir()


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_folder, _dangling, _pipe], ids=["folder", "dangling link", "pipe"])
def test_what_was_no_file_becomes_one_or_goes(calls: Landing, make: Callable[[Path], None]) -> None:
    path = calls.folder / "x.json"

    def remove() -> None:
        path.rmdir() if path.is_dir() else path.unlink()

    make(path)
    assert refresh(calls) == {"x.json": (1, 0, 0, 1)}
    remove()
    assert refresh(calls) == {}
    make(path)
    assert refresh(calls) == {"x.json": (1, 0, 0, 1)}
    remove()
    calls.put("x.json", lines([call(1)]))
    assert refresh(calls) == {"x.json": (1, 1, 0, 0)}
    assert rejected(calls) == []


def test_a_file_that_could_not_be_read_for_a_while(calls: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    calls.put("a.jsonl", lines([call(1), BAD]))
    refresh(calls)
    # Tests may run as root, whom no mode of a file keeps out.
    monkeypatch.setattr(landing_files.os, "access", lambda *_: False)
    assert refresh(calls) == {"a.jsonl": (2, 1, 0, 1)}
    assert fetch(calls.con, "SELECT reason, record FROM quality.rejected_rows") == [
        {"reason": "unreadable", "record": "no permission to read it"}
    ]
    assert calls.run().rows_read == 0
    monkeypatch.undo()
    assert calls.run().rows_read == 0
    assert refresh(calls) == {"a.jsonl": (2, 1, 0, 1)}
    assert rejected(calls) == [("a.jsonl", 2)]
    monkeypatch.setattr(landing_files, "fingerprint", None)  # nothing is left to find out
    assert calls.run().files_read == 0


def test_a_folder_that_could_not_be_listed_leaves_nothing(
    calls: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls.put("inner/a.jsonl", lines([call(1)]))
    scandir = os.scandir

    def refuse(folder: str | int) -> object:
        if str(folder).endswith("/inner"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(landing_files.os, "scandir", refuse)
    assert refresh(calls) == {"inner": (1, 0, 0, 1)}
    monkeypatch.undo()
    assert refresh(calls) == {"inner/a.jsonl": (1, 1, 0, 0)}
    assert rejected(calls) == []


def test_the_share_of_rejected_rows_is_that_of_the_files_as_they_are(calls: Landing) -> None:
    (rule,) = (rule for rule in load_rules() if rule.name == "rejected_share_is_low")
    for rows, is_low in (
        ([call(1), BAD], False),
        ([call(1), BAD] + [call(n) for n in range(3, 8)], False),
        ([call(1), call(2)], True),
        ([BAD], False),
    ):
        calls.put("a.jsonl", lines(rows))
        refresh(calls)
        (finding,) = evaluate(calls.con, [rule])
        assert finding.passed is is_low, rows


def test_a_value_outside_the_known_ones_is_told_once_of_a_file_that_grows(calls: Landing) -> None:
    strange = call(1, state="pondering")
    calls.put("a.jsonl", lines([strange]))
    refresh(calls)
    calls.put("a.jsonl", lines([strange, call(2), call(3, state="pondering")]))
    refresh(calls)
    assert fetch(calls.con, "SELECT value, rows FROM quality.notices WHERE code = 'unknown_value'") == [
        {"value": "pondering", "rows": 2}
    ]


def test_a_second_run_changes_nothing_of_a_file_that_changed(calls: Landing) -> None:
    for rows in ([call(1), BAD], [call(1), BAD, call(3)]):
        calls.put("a.jsonl", lines(rows))
        refresh(calls)
    before = [calls.con.sql(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES]
    refresh(calls)
    assert [calls.con.sql(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES] == before


def test_a_page_of_a_list_that_changed(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "liondesk.contact_communications")
    row = {"campaign_name": "C", "type": "Email", "is_active": False, "completed_at": "2026-02-01"}
    bad = {**row, "send_at": "never"}
    for rows in ([row, bad], [row, bad, {**row, "template_name": "T"}], [row, row, row]):
        landing.put(
            "contacts/76/page.json",
            json.dumps({"total": len(rows), "limit": 10, "skip": 0, "data": rows}),
        )
        ((_, counts),) = refresh(landing).items()
        assert counts[3] == rows.count(bad), counts


def test_a_run_publishes_after_every_change_of_a_file(tmp_path: Path) -> None:
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    folder = settings.landing / "outreach" / "calls"
    folder.mkdir(parents=True)
    path = folder / "a.json"

    def published(run: str) -> list[Any]:
        run_refresh(settings, run)
        with duckdb.connect(settings.published_path, read_only=True) as con:
            failed = con.sql(
                "SELECT check_name FROM quality.check_results WHERE severity = 'ERROR' AND NOT passed"
            ).fetchall()
            assert failed == ([(SOME_ROW,)] if run == "a folder" else []), run
            return con.sql(
                "SELECT file, rows_read, rows_accepted, rows_superseded, rows_rejected FROM quality.row_accounting"
            ).fetchall()

    path.mkdir()
    assert published("a folder") == [("outreach/calls/a.json", 1, 0, 0, 1)]
    path.rmdir()
    for rows, accounts in (
        ([call(1), BAD], (2, 1, 0, 1)),
        ([call(1), BAD, call(3)], (4, 2, 1, 1)),
        ([call(1), call(2), call(3)], (5, 3, 2, 0)),
        ([call(1), BAD], (4, 3, 0, 1)),  # the first version again
    ):
        path.write_bytes(lines(rows))
        assert published(str(accounts)) == [("outreach/calls/a.json", *accounts)]
        if accounts in (
            (2, 1, 0, 1),
            (4, 3, 0, 1),
        ):  # the first and the last: nothing is new in the file as it is
            assert published(f"{accounts} again") == [("outreach/calls/a.json", *accounts)]
