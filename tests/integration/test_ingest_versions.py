"""Latest version wins, nothing is read twice, deletions mark: whatever the order and number of runs."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.ingest import IngestError, load_dispositions
from pipelines.ingest import run as ingest_run
from tests.landing_folder import Landing, Row, airbyte, lines, to_csv
from tests.support import fetch

CALLS = "voipbin.campaigncalls"
ATTEMPTS = "action_builder.contact_attempts"
ID = "56347901-5bb9-422d-add5-5a2ca47fa737"


def call(**changes: object) -> Row:
    return {
        "id": ID,
        "status": "dialing",
        "destination_index": 0,
        "try_count": 1,
        "tm_create": "2026-02-01",
        **changes,
    }


@pytest.fixture
def calls(tmp_path: Path) -> Landing:
    return Landing(tmp_path, CALLS)


@pytest.mark.parametrize("first", ["older", "newer"])
def test_the_later_version_wins_in_whatever_order(calls: Landing, first: str) -> None:
    versions = {
        "older": call(tm_update="2026-02-01 10:00:00"),
        "newer": call(status="done", result="fail", tm_update="2026-02-01T10:00:00.5Z"),
    }
    second = "newer" if first == "older" else "older"
    calls.put("1.ndjson", lines([versions[first]]))
    assert (calls.run().accepted, calls.run().files_read) == (1, 0)
    calls.put("2.ndjson", lines([versions[second]]))
    result = calls.run()
    assert (result.rows_read, result.accepted, result.superseded) == (
        (1, 1, 0) if second == "newer" else (1, 0, 1)
    )
    assert calls.columns("status") == [("done",)]
    calls.law()


@pytest.mark.parametrize(
    ("one", "other", "winner"),
    [
        (call(tm_update=None, status="done"), call(tm_update="2020-01-01"), "dialing"),
        (
            call(tm_update="2026-02-02", status="done"),
            call(tm_update="2026-02-02", status="progressing"),
            "done",
        ),
        (call(tm_update=None), call(tm_update=None, status="progressing"), "progressing"),
    ],
    ids=["no time is older than any", "a tie is won by done", "then by content"],
)
def test_ties(tmp_path: Path, one: Row, other: Row, winner: str) -> None:
    for name, order in (("ab", [one, other]), ("ba", [other, one])):
        landing = Landing(tmp_path / name, CALLS)
        for i, row in enumerate(order):
            landing.put(f"{i}.ndjson", lines([row]))
            landing.run()
        assert landing.columns("status") == [(winner,)]
        landing.law()


@pytest.mark.parametrize("unset", ["", None])
def test_of_two_that_are_done_the_one_that_says_how_wins(tmp_path: Path, unset: str | None) -> None:
    versions = [call(tm_update="2026-02-02", status="done", result=result) for result in ("fail", unset)]
    early = call(tm_update="2026-02-02", status="progressing", result="success")
    for name, order in (("ab", [*versions, early]), ("ba", [early, *reversed(versions)])):
        landing = Landing(tmp_path / name, CALLS)
        for i, row in enumerate(order):
            landing.put(f"{i}.ndjson", lines([row]))
            landing.run()
        assert landing.columns("status", "result") == [("done", "fail")]
        landing.law()


def test_outplans_keep_all_their_versions(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.outplans")
    versions = [{"id": ID, "max_try_count_0": n, "tm_update": f"2026-02-0{n}"} for n in (1, 2, 3)]
    landing.put("1.ndjson", lines(versions[:2]))
    landing.run()
    landing.put("2.ndjson", lines(versions[1:]))
    landing.run()
    assert [row[0] for row in landing.columns("max_try_count_0")] == [1, 2, 3]
    assert landing.files() == {"1.ndjson": (2, 2, 0, 0), "2.ndjson": (2, 1, 1, 0)}
    landing.law()


def test_the_same_bytes_are_not_read_twice(calls: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    content = lines([call(), call(id="x"), call(tm_update="2026-02-02")])
    calls.put("a.ndjson", content)
    calls.put("b.ndjson", content)
    calls.run()
    assert calls.files() == {"a.ndjson": (3, 1, 1, 1), "b.ndjson": (3, 0, 3, 0)}
    monkeypatch.setattr(ingest_run.shapes, "survey", None)  # whoever reads now fails
    calls.put("c/again.csv", content)
    result = calls.run()
    assert (result.files_read, result.rows_read, result.superseded) == (0, 3, 3)
    (calls.folder / "a.ndjson").rename(calls.folder / "moved.ndjson")
    calls.run()
    assert calls.files()["moved.ndjson"] == (3, 0, 3, 0)
    calls.law()


def test_a_known_file_is_not_even_opened(calls: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    calls.put("a.ndjson", lines([call()]))
    calls.run()
    monkeypatch.setattr(ingest_run.files, "fingerprint", None)
    monkeypatch.setattr(ingest_run.unpack, "unpack", None)
    assert calls.run().files_seen == 1


def test_a_touched_file_is_no_new_file_and_a_changed_one_is(calls: Landing) -> None:
    path = calls.put("a.ndjson", lines([call()]))
    calls.run()
    os.utime(path, ns=(1, 1))
    assert calls.run().rows_read == 0
    assert calls.con.sql("SELECT count(*), max(modified_ns) FROM landing.files").fetchall() == [(1, 1)]
    calls.put("a.ndjson", lines([call(), call(id=ID.replace("5", "6"))]))
    result = calls.run()
    assert (result.rows_read, result.accepted, result.superseded) == (2, 1, 1)
    calls.law()


def test_the_landing_folder_is_never_written_to(calls: Landing) -> None:
    calls.put("a.ndjson", lines([call()]) + b"{broken\n")
    calls.put("b.csv", b"\xef\xbb\xbf" + to_csv([call()]))
    before = {path: path.stat().st_mtime_ns for path in calls.path.rglob("*")}
    calls.run()
    assert {path: path.stat().st_mtime_ns for path in calls.path.rglob("*")} == before
    assert list(calls.work.iterdir()) == []


def test_a_file_that_is_written_to_meanwhile_waits_for_the_next_run(
    calls: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = calls.put("growing.ndjson", lines([call()]))
    calls.put("quiet.ndjson", lines([call(id=ID.replace("5", "6"))]))
    survey = ingest_run.shapes.survey

    def grow(*arguments: object) -> object:
        found = survey(*arguments)  # type: ignore[arg-type]
        with path.open("ab") as out:
            out.write(b" ")
        return found

    monkeypatch.setattr(ingest_run.shapes, "survey", grow)
    assert calls.run().files_read == 1
    assert set(calls.files()) == {"quiet.ndjson"}
    monkeypatch.undo()
    calls.run()
    assert set(calls.files()) == {"quiet.ndjson", "growing.ndjson"}
    calls.law()


def test_all_or_nothing(calls: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    calls.put("a.ndjson", lines([call()]))
    monkeypatch.setattr(ingest_run.load, "insert", lambda *_: 0)
    monkeypatch.setattr(ingest_run.load, "reject", lambda *_: 0)
    with pytest.raises(IngestError, match="1 rows read, 0 taken, 0 rejected"):
        calls.run()
    assert calls.files() == {}
    monkeypatch.undo()
    assert calls.run().accepted == 1


# --- large files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "rows", "rejected", "news"),
    [
        (call(id=ID[:-1] + "8"), 2_501, [], []),
        (call(id=ID[:-1] + "8", late="x"), 2_501, [], [("late", None, 1)]),
        (
            call(id=ID[:-1] + "8", status="?"),
            2_500,
            [("status is not one of dialing, progressing, done", "status", "?")],
            [],
        ),
        ({"type": "RECORD", "stream": "campaigncalls", "record": call(id=ID[:-1] + "8")}, 2_501, [], []),
        ("x", 2_500, [("unreadable", None, None)], []),
    ],
    ids=["as at first sight", "a new field", "a bad value", "another shape", "broken"],
)
def test_a_large_file_whose_first_rows_do_not_tell_all(
    calls: Landing, last: object, rows: int, rejected: list[object], news: list[object]
) -> None:
    calls.large = True
    first = lines([call(id=f"00000000-0000-4000-8000-{i:012}") for i in range(2_500)])
    calls.put("a.ndjson", first + (last.encode() if isinstance(last, str) else lines([last])))
    calls.put("b.ndjson", lines([call(id="00000000-0000-4000-8000-000000000001", tm_update="2026-02-02")]))
    calls.run()
    assert len(calls.rows()) == rows
    assert calls.wrong() == rejected
    assert calls.notices("new_field") == news
    assert calls.files()["a.ndjson"] == (2_501, rows - 1, 1, len(rejected))
    calls.law()


# --- deletions ---------------------------------------------------------------------------------------------------

LIVE = {"id": 1, "entity_id": 7, "disposition": 0, "created_at": "2026-02-01", "updated_at": "2026-02-01"}


@pytest.mark.parametrize(
    ("marks", "deleted"),
    [
        ({"_ab_cdc_deleted_at": "2026-02-03T00:00:00Z", "_ab_cdc_lsn": 5}, datetime(2026, 2, 3)),
        ({"_sdc_deleted_at": "2026-02-03T00:00:00Z", "_sdc_batched_at": "2026-02-04"}, datetime(2026, 2, 3)),
        ({"_fivetran_deleted": True, "_fivetran_synced": "2026-02-03T00:00:00Z"}, datetime(2026, 2, 3)),
        ({"_fivetran_deleted": "true"}, datetime(2026, 2, 1)),
        ({"_fivetran_deleted": False, "_fivetran_synced": "2026-02-03T00:00:00Z"}, None),
        ({"_ab_cdc_deleted_at": None}, None),
    ],
)
def test_markers_mark_and_never_drop(tmp_path: Path, marks: Row, deleted: datetime | None) -> None:
    landing = Landing(tmp_path, ATTEMPTS)
    landing.put("a.jsonl", airbyte("contact_attempts")([{**LIVE, **marks}]))
    landing.run()
    assert landing.columns("id", "entity_id", "_deleted_at", "extra") == [(1, 7, deleted, None)]
    assert landing.notices("new_field") == []


def test_the_dialers_own_time_of_deletion_marks(calls: Landing) -> None:
    calls.put(
        "a.ndjson",
        lines([call(tm_delete="2026-02-03 00:00:00"), call(id=ID[:-1] + "8", tm_delete="9999-01-01")]),
    )
    calls.run()
    assert calls.columns("id", "_deleted_at") == [
        (calls.columns("id")[0][0], datetime(2026, 2, 3)), (calls.columns("id")[1][0], None)
    ]  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_deletion_that_carries_only_its_key(tmp_path: Path, order: tuple[int, ...]) -> None:
    versions = [
        LIVE,
        {"id": 1, "_ab_cdc_deleted_at": "2026-02-03"},
        {**LIVE, "entity_id": 8, "updated_at": "2026-02-02"},
    ]
    landing = Landing(tmp_path, ATTEMPTS)
    for i in order:
        landing.put(f"{i}.ndjson", lines([versions[i]]))
        landing.run()
        landing.law()
    assert landing.columns("id", "entity_id", "_deleted_at") == [(1, 8, datetime(2026, 2, 3))]
    landing.put("back.ndjson", lines([{**LIVE, "entity_id": 9, "updated_at": "2026-02-04"}]))
    landing.run()
    assert landing.columns("id", "entity_id", "_deleted_at") == [(1, 9, None)]
    landing.law()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_deletion_that_carries_only_its_key_keeps_a_row_without_a_time(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    versions = [call(), {"id": ID, "_ab_cdc_deleted_at": "2026-02-03"}]
    landing = Landing(tmp_path, CALLS)
    for i in order:
        landing.put(f"{i}.ndjson", lines([versions[i]]))
        landing.run()
    assert landing.columns("status", "_deleted_at") == [("dialing", datetime(2026, 2, 3))]
    landing.law()


def test_a_deletion_needs_none_of_the_required_fields_but_its_key(calls: Landing) -> None:
    calls.put(
        "a.ndjson",
        lines([{"id": ID, "_ab_cdc_deleted_at": "2026-02-03"}, {"_ab_cdc_deleted_at": "2026-02-03"}]),
    )
    calls.run()
    assert calls.columns("status", "_deleted_at") == [(None, datetime(2026, 2, 3))]
    assert calls.rejected() == [(2, "id is missing")]
    assert calls.wrong() == [("id is missing", "id", None)]


def test_a_marker_that_is_no_time_is_refused(tmp_path: Path) -> None:
    landing = Landing(tmp_path, ATTEMPTS)
    landing.put(
        "a.ndjson", lines([{**LIVE, "_ab_cdc_deleted_at": "soon"}, {**LIVE, "_fivetran_deleted": "perhaps"}])
    )
    landing.run()
    assert landing.wrong() == [
        ("_ab_cdc_deleted_at is not a time", "_ab_cdc_deleted_at", "soon"),
        ("_fivetran_deleted is not true or false", "_fivetran_deleted", "perhaps"),
    ]


# --- Action Builder's dumps --------------------------------------------------------------------------------------


def test_dumps_of_11_and_of_14_columns_and_aliases(tmp_path: Path) -> None:
    landing = Landing(tmp_path, ATTEMPTS)
    old = ["id", "entity_id", "action_entity_id", "action_id", "campaign_id", "contact_info_type", "contact_info_id",
           "disposition", "created_by_id", "utc_created_at", "utc_updated_at"]  # fmt: skip
    assert len(old) == 11
    landing.put(
        "2023.csv",
        to_csv([dict(zip(old, [1, 2, 3, 4, 5, "Email", 6, 1, 7, "2023-05-01", "2023-05-02"], strict=True))]),
    )
    new = [name.removeprefix("utc_") for name in old] + ["target_type", "target_id", "note"]
    assert len(new) == 14
    row = [2, 2, 3, 4, 5, "Email", 6, 1, 7, "2024-05-01", "2024-05-02", "Action", 4, "a note"]
    landing.put("2024.csv", to_csv([dict(zip(new, row, strict=True))]))
    landing.run()
    assert landing.notices("new_field") == []
    assert landing.columns("id", "created_at", "updated_at", "target_type", "note") == [
        (1, datetime(2023, 5, 1), datetime(2023, 5, 2), None, None),
        (2, datetime(2024, 5, 1), datetime(2024, 5, 2), "Action", "a note"),
    ]


# --- the mapping of dispositions ---------------------------------------------------------------------------------


def test_the_landing_folder_overrides_single_lines_of_the_mapping(calls: Landing, tmp_path: Path) -> None:
    default = tmp_path / "default.csv"
    default.write_text("source,field,value,label,disposition\nA,f,1,one,contacted\nA,f,2,two,no_contact\n")
    override = calls.path / "dispositions.csv"
    lines_of_it = [
        "a,F,1,one again,no_contact,",
        "A,f,3,three,contacted,2",
        "A,f,4,four,nonsense,",
        "A,f",
        "A,,5,,contacted,",
        "A,f,6,six,contacted,new",
    ]
    override.write_text("source,field,value,label,disposition,version\n" + "\n".join(lines_of_it) + "\n")
    assert load_dispositions(calls.con, calls.path, default) == 3
    loaded = fetch(calls.con, "SELECT * FROM landing.dispositions ORDER BY value")
    assert [(line["label"], line["disposition"], line["origin"]) for line in loaded] == [
        ("one again", "no_contact", "landing folder"),
        ("two", "no_contact", "default"),
        ("three", "contacted", "landing folder"),
    ]
    # The line is the value; field and detail tell what is wrong with it.
    assert calls.con.sql(
        "SELECT field, value, rows, detail FROM landing.notices WHERE code = 'mapping' ORDER BY ALL NULLS FIRST"
    ).fetchall() == [
        (None, "A,f", 1, "2 values under 6 columns"),
        ("disposition", "A,f,4,nonsense", 1, "its disposition is none of the unified ones"),
        ("field", "A,,5,contacted", 1, "has no field"),
        ("version", "A,f,6,contacted,new", 1, "its version is not a whole number"),
    ]
    override.unlink()
    load_dispositions(calls.con, calls.path, default)
    assert calls.con.sql(
        "SELECT count(*), count(*) FILTER (origin = 'default') FROM landing.dispositions"
    ).fetchall() == [(2, 2)]
    assert calls.notices("mapping") == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b'source,"', b"a,b\n1,2\n", b"\xef\xbb\xbfsource,field,value,disposition\n"],
)
def test_a_broken_mapping_is_reported_and_changes_nothing(
    calls: Landing, tmp_path: Path, content: bytes
) -> None:
    default = tmp_path / "default.csv"
    default.write_text("source,field,value,label,disposition\nA,f,1,one,contacted\n")
    (calls.path / "dispositions.csv").write_bytes(content)
    assert load_dispositions(calls.con, calls.path, default) == 1
