"""The bulk of rows that benchmarks read: nothing in it is rejected, noticed or unmapped, and it is the same every time."""

from collections import Counter
from pathlib import Path

import pytest

from pipelines.ingest import ingest, load_dispositions
from pipelines.ingest.files import LandingFolder
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from tests.simulation.bulk_lists import WRITERS
from tests.support import build, fetch, ledger

ROWS = 700
MAIN = {
    "outreach": "outreach/calls",
    "action_builder": "action_builder/contact_attempts",
    "liondesk": "liondesk/contact_communications",
}


def _lines(folder: Path, source: str, part: str) -> list[str]:
    return (folder / MAIN[source] / f"{part}.ndjson").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both parts of every source's rows, and in a folder beside it all of them at once."""
    folder = tmp_path_factory.mktemp("bulk")
    for write in WRITERS.values():
        before, after = (write(folder / "landing", ROWS, part) for part in ("before", "after"))
        assert before + after == write(folder / "whole", ROWS, "all") >= ROWS
        assert 1 <= after < ROWS / 50
    return folder


@pytest.mark.parametrize("source", sorted(WRITERS))
def test_the_parts_are_the_whole_and_the_same_every_time(source: str, landing: Path, tmp_path: Path) -> None:
    whole = _lines(landing / "whole", source, "all")
    parts = _lines(landing / "landing", source, "before") + _lines(landing / "landing", source, "after")
    assert parts == whole
    WRITERS[source](tmp_path, ROWS, "all")
    written = {
        path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert written == {name: (landing / "whole" / name).read_bytes() for name in written}


def test_every_row_is_accepted_and_mapped(landing: Path, tmp_path: Path) -> None:
    con = ledger()
    load_dispositions(con, landing / "landing", Settings().mappings)
    files = LandingFolder(landing / "landing")
    for resource in RESOURCES:
        if (landing / "landing" / resource.source / resource.name).is_dir():
            assert ingest(con, resource, files, tmp_path).rows_read > 0
    build(con, "core.attempts", "quality.unmapped_values", "quality.notices", "quality.row_accounting")
    assert fetch(con, "SELECT * FROM quality.notices") == []
    assert fetch(con, "SELECT * FROM quality.unmapped_values") == []
    assert fetch(con, "SELECT * FROM quality.row_accounting WHERE rows_superseded + rows_rejected > 0") == []
    attempts = fetch(con, "SELECT * FROM core.attempts")
    assert {attempt["source"] for attempt in attempts} == set(WRITERS)
    for source, least in (("outreach", 5), ("action_builder", 5), ("liondesk", 4)):
        own = [attempt for attempt in attempts if attempt["source"] == source]
        assert len(own) >= ROWS
        found = Counter(attempt["disposition"] for attempt in own)
        assert len(found) >= least, found
        assert "unknown" not in found
        assert len({attempt["campaign_key"] for attempt in own}) > 20
        assert all(attempt["agent_key"] is not None for attempt in own)
        assert 1.5 < len(own) / len({attempt["target_key"] for attempt in own}) < 5
