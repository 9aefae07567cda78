"""Whether a publication still stands: everything that it rests on, changed one by one.

Belongs here: the signature and the files beside a release. Does not belong here: what a run does if nothing is new
(``test_unchanged_run``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest

from pipelines import standing
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A landing folder with two files, and an output folder with a release that was just noted."""
    landing, output = tmp_path / "landing", tmp_path / "output"
    folder = landing / "liondesk" / "contact_communications"
    folder.mkdir(parents=True)
    (folder / "page.json").write_text("{}")
    (folder / "_manifest.json").write_text("{}")
    release = output / "releases" / "one"
    (release / "report").mkdir(parents=True)
    (output / "release").symlink_to("releases/one")
    (output / "report").symlink_to("release/report")
    (output / "contact_ledger.duckdb").symlink_to("release/contact_ledger.duckdb")
    for path in (
        release / "contact_ledger.duckdb",
        release / "report" / "index.html",
        output / "warehouse.duckdb",
    ):
        path.write_bytes(b"as published")
    settings = Settings(landing=landing, output=output)
    standing.note_publication(settings, "run", standing.signature(settings))
    return settings


def test_a_publication_stands_while_nothing_has_changed(settings: Settings) -> None:
    found = standing.standing_publication(settings)
    assert found is not None
    assert found.run_id == "run"
    assert abs((datetime.now(UTC) - datetime.fromisoformat(found.published_at)).total_seconds()) < 60
    (settings.landing / ".DS_Store").write_text("a hidden file is no data")
    assert standing.standing_publication(settings) == found


def touched(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


CHANGES: dict[str, Callable[[Settings], object]] = {
    "a file more": lambda s: (s.landing / "liondesk" / "contact_communications" / "2.json").write_text("{}"),
    "a file less": lambda s: (s.landing / "liondesk" / "contact_communications" / "page.json").unlink(),
    "a file changed": lambda s: touched(s.landing / "liondesk" / "contact_communications" / "page.json"),
    "a file made readable": lambda s: (s.landing / "liondesk" / "contact_communications" / "page.json").chmod(0o640),
    "a file that nothing reads": lambda s: (s.landing / "notes.docx").write_text(""),
    "the folder gone": lambda s: s.landing.rename(s.landing.with_name("elsewhere")),
    "the warehouse touched": lambda s: touched(s.warehouse_path),
    "the warehouse gone": lambda s: s.warehouse_path.unlink(),
    "a run that died": lambda s: s.warehouse_path.with_name("warehouse.duckdb.wal").write_bytes(b"rows"),
    "the published file touched": lambda s: touched(s.published_path),
    "the page gone": lambda s: s.report_path.unlink(),
    "the release gone": lambda s: (s.output / "release").unlink(),
    "the note cut short": lambda s: (s.output / "release" / "basis.json").write_text('{"run_id": "run"'),
    "the note of another version": lambda s: (s.output / "release" / "basis.json").write_text("{}"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_it_no_longer_stands_after(change: str, settings: Settings) -> None:
    CHANGES[change](settings)
    assert standing.standing_publication(settings) is None


def test_every_setting_counts(settings: Settings) -> None:
    assert standing.standing_publication(replace(settings, timezone="Europe/Berlin")) is None
    assert standing.standing_publication(replace(settings, personal_data="hash")) is None


def test_the_projects_own_files_count(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pipelines/a.py", "sql/core/a.sql", "data/dispositions.csv", "data/contact_rules.csv"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as it was")
    monkeypatch.setattr(standing, "ROOT", tmp_path / "project")
    seen = {standing.signature(settings)}
    for name in ("pipelines/a.py", "sql/core/a.sql", "data/dispositions.csv", "data/contact_rules.csv"):
        (tmp_path / "project" / name).write_text("changed")
        seen.add(standing.signature(settings))
    assert len(seen) == 5


def test_a_new_day_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last publication of each day keeps its figures, so the first run of a day publishes."""

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Tomorrow:
            return cls(2100, 1, 1, tzinfo=tz)

    monkeypatch.setattr(standing, "datetime", Tomorrow)
    assert standing.standing_publication(settings) is None


def test_links_in_a_circle_are_followed_once(settings: Settings) -> None:
    (settings.landing / "liondesk" / "again").symlink_to(settings.landing)
    assert standing.signature(settings) == standing.signature(settings)


def test_a_note_that_cannot_be_kept_costs_a_run_and_nothing_else(settings: Settings) -> None:
    (settings.output / "release").unlink()
    standing.note_publication(settings, "run", "anything")
    assert standing.standing_publication(settings) is None
