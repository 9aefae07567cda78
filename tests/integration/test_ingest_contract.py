"""What ingest knows of a system is what its module says: a resource that no code has heard of is read by its contract."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import FrameType
from uuid import UUID

import pytest

from pipelines.ingest import names
from pipelines.refresh import ingest_resource, load_mapping, open_run
from pipelines.settings import Settings
from pipelines.sources import RESOURCE, RESOURCES, Field, PageSets, Resource
from pipelines.sources.contract import Contradiction
from pipelines.warehouse.tables import create_schemas
from tests.landing_folder import Landing, lines

VISITS = Resource(
    source="crm",
    name="visits",
    description="One row per visit.",
    version="seen_at",
    sentinels={"timestamp": ("1900", "0001"), "uuid": ("ffffffff-ffff-ffff-ffff-ffffffffffff",)},
    deleted_at="gone_at",
    contradictions=(Contradiction("gone_at", "gone_at < seen_at", "gone before it was seen"),),
    fields=(
        Field("id", "uuid", "Identifier.", required=True),
        Field("place_id", "uuid", "Where it was."),
        Field("seen_at", "timestamp", "When it was last seen (UTC)."),
        Field("gone_at", "timestamp", "When it was deleted (UTC)."),
    ),
)
NOTES = Resource(
    source="crm",
    name="notes",
    description="One row per note about a person; the lists do not say which.",
    key=("note_key",),
    version=None,
    target="person_id",
    page_sets=PageSets(
        native="id",
        same=("person_id", "text"),
        owner="person_id",
        owner_in_path=r"/person-(\w+)(?=/)",
        ownerless="no_person",
    ),
    fields=(
        Field("note_key", "text", "The note's key."),
        Field("id", "bigint", "Identifier, if there is one."),
        Field("person_id", "text", "The person the note is about.", required=True),
        Field("text", "text", "What it says."),
    ),
)


def landing(folder: Path, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> Landing:
    """A landing folder and a warehouse for a resource of no source of the project."""
    monkeypatch.setitem(RESOURCE, resource.full_name, resource)
    made = Landing(folder, resource.full_name)
    create_schemas(made.con, [resource])
    return made


def visit(number: int, **changes: object) -> dict[str, object]:
    return {"id": str(UUID(int=number)), "place_id": str(UUID(int=9)), "seen_at": "2026-02-01", **changes}


@pytest.mark.parametrize("large", [False, True], ids=["surveyed", "guessed"])
def test_a_systems_own_spellings_of_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    visits = landing(tmp_path, VISITS, monkeypatch)
    visits.large = large
    nowhere = "FFFFFFFF-ffff-ffff-ffff-ffffffffffff"
    visits.put(
        "a.ndjson",
        lines([visit(1, gone_at="1900-01-01"), visit(2, gone_at="0001-01-01T00:00:00Z", place_id=nowhere)]),
    )
    visits.put("b.ndjson", lines([visit(3, gone_at="9999-01-01"), visit(4, id=nowhere)]))
    visits.run()
    assert visits.rejected() == [(2, "id is missing")]
    assert visits.columns("id", "place_id", "gone_at", "_deleted_at") == [
        (UUID(int=1), UUID(int=9), None, None),
        (UUID(int=2), None, None, None),
        (UUID(int=3), UUID(int=9), datetime(9999, 1, 1), datetime(9999, 1, 1)),
    ]
    visits.law()


def test_a_systems_own_mark_of_deletion_and_its_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = landing(tmp_path, VISITS, monkeypatch)
    visits.put("a.ndjson", lines([visit(1, gone_at="2026-01-01"), visit(2, gone_at="2026-03-01"), visit(3)]))
    visits.run()
    assert [row[1] for row in visits.columns("id", "_deleted_at")] == [
        datetime(2026, 1, 1),
        datetime(2026, 3, 1),
        None,
    ]
    assert visits.notices("inconsistent") == [("gone_at", None, 1)]
    visits.put("b.ndjson", lines([visit(1, gone_at="2026-04-01", seen_at="2026-02-02")]))
    visits.run()
    assert visits.notices("inconsistent") == []


@pytest.mark.parametrize(
    ("name", "document", "person"),
    [
        ("person-ada/page.json", {}, "ada"),
        ("page.json", {"person_id": "bob"}, "bob"),
        ("person-ada/person-eve/page.json", {}, "eve"),
        ("person-ada/page.json", {"person_id": "bob"}, "bob"),
    ],
)
@pytest.mark.parametrize("broken", [False, True], ids=["whole", "broken"])
def test_a_systems_own_way_to_say_whose_a_list_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    document: dict[str, object],
    person: str,
    broken: bool,
) -> None:
    notes = landing(tmp_path, NOTES, monkeypatch)
    page = {"total": 3, "data": [{"text": "a"}, {"text": "a"}, {"text": "b"}]}
    content = json.dumps({**document, "response": page} if document else page)
    notes.put(name, content[:-1] + "\n{bad}" * broken if broken else content)
    notes.run()
    assert notes.columns("person_id", "text") == [(person, "a"), (person, "a"), (person, "b")]
    assert notes.notices("page_total") == []
    notes.law()


def test_a_row_that_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = landing(tmp_path, NOTES, monkeypatch)
    notes.put("page.json", json.dumps({"total": 2, "data": [{"text": "a"}]}))
    notes.put("person-ada/page.json", json.dumps({"total": 2, "data": [{"text": "a"}]}))
    notes.run()
    assert notes.rejected() == [(1, "no_person")]
    assert notes.notices("page_total") == [("person_id", "ada", 1), ("person_id", None, 1)]
    notes.law()


# --- what is done once -------------------------------------------------------------------------------------------


def test_one_run_lists_each_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    for name in (
        "voipbin/campaigncalls/2026/a.ndjson",
        "outreach/calls/b.csv",
        "stray/deep/c.json",
        "outreach/d.json",
    ):
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    scandir, listed = os.scandir, Counter[str]()

    def count(folder: str | Path | int) -> object:
        if not isinstance(folder, int) and Path(folder).is_relative_to(settings.landing):
            listed[os.path.relpath(folder, settings.landing)] += 1
        return scandir(folder)

    with open_run(settings, "a run", {}, publishes=False) as run:
        monkeypatch.setattr(os, "scandir", count)
        unread = load_mapping(run)
        seen = sum(ingest_resource(run, resource).files_seen for resource in RESOURCES)
        monkeypatch.undo()
    assert (seen, len(unread)) == (2, 2)
    assert listed == dict.fromkeys(
        (
            ".",
            "outreach",
            "outreach/calls",
            "stray",
            "stray/deep",
            "voipbin",
            "voipbin/campaigncalls",
            "voipbin/campaigncalls/2026",
        ),
        1,
    )


def test_the_columns_are_matched_by_batch_and_not_by_file(tmp_path: Path) -> None:
    calls = Landing(tmp_path, "outreach.calls")
    for number in range(3):
        calls.put(f"{number}.ndjson", lines([{"id": number, "direction": "outbound"}]))
        calls.put(f"{number}.csv", f"id,direction\n{number + 10},outbound\n")
    matched = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal matched
        matched += event == "call" and frame.f_code is names.match.__code__

    sys.setprofile(count)
    try:
        result = calls.run()
    finally:
        sys.setprofile(None)
    assert result.accepted == 6
    assert matched == 3  # a batch of lines once; one of CSV in its survey, and once when all is known of it
