"""The published file and page: complete, commented, of one run, and put in place in one step or not at all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.models.incremental import Builder, build, update_table
from pipelines.models.sql_files import load_models
from pipelines.publish import duckdb_file
from pipelines.publish.duckdb_file import DuckDBDraft, PublicationError, write_database
from pipelines.publish.release import drafted, publish
from pipelines.settings import Settings
from pipelines.warehouse.connection import Warehouse
from tests.support import fetch, file_arrives, ledger

MODELS = load_models()
CALL = {
    "id": "56347901-5bb9-422d-add5-5a2ca47fa737",
    "campaign_id": "183c0d5c-691e-42f3-af2b-9bffc2740f83",
    "outdial_target_id": "f50b169d-ce02-4bc9-a6e7-bb632c71e450",
    "status": "done",
    "result": "success",
    "destination": {"type": "tel", "target": "+15555550100", "target_name": "", "name": "", "detail": ""},
    "destination_index": 0,
    "try_count": 1,
    "tm_create": "2026-04-29 07:01:45.808944",
    "tm_update": "2026-04-29 07:02:48.304704",
    "_file_id": 1,
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    con = ledger({"voipbin_campaigncalls": [CALL]})
    build(con)
    return Warehouse(con, Settings(output=tmp_path))


def campaigns(path: Path) -> list[Any]:
    with duckdb.connect(path, read_only=True) as con:
        return con.sql("SELECT campaign_key, attempts FROM reports.campaign_contact_rates").fetchall()


def add_a_call(warehouse: Warehouse) -> None:
    warehouse.con.execute(
        "INSERT INTO raw.voipbin_campaigncalls BY NAME SELECT * REPLACE (uuid() AS id, uuid() AS outdial_target_id, "
        "2 AS _file_id) FROM raw.voipbin_campaigncalls LIMIT 1"
    )
    build(warehouse.con)


ONE = [("voipbin:183c0d5c-691e-42f3-af2b-9bffc2740f83", 1)]
TWO = [("voipbin:183c0d5c-691e-42f3-af2b-9bffc2740f83", 2)]


def test_everything_published_is_there_and_commented(warehouse: Warehouse) -> None:
    rows = publish(warehouse, MODELS)
    with duckdb.connect(warehouse.settings.published_path, read_only=True) as con:
        tables = fetch(con, "SELECT schema_name || '.' || table_name AS name, comment FROM duckdb_tables()")
        columns = fetch(
            con, "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal"
        )
    assert {table["name"] for table in tables} == rows.keys()
    assert {model.table for model in MODELS.values() if not model.internal} <= rows.keys()
    assert not any(model.table in rows for model in MODELS.values() if model.internal)
    assert [t["name"] for t in tables if not t["comment"]] == []
    assert [c for c in columns if not c["comment"]] == []
    assert [c for c in columns if c["data_type"] == "UUID" or "ZONE" in c["data_type"]] == []


def test_the_oldest_client_reads_it_and_its_macros(
    warehouse: Warehouse, old_duckdb: Callable[..., Any]
) -> None:
    publish(warehouse, MODELS)
    code = """
import duckdb
con = duckdb.connect(path, read_only=True)
tables = [row[0] for row in con.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()]
result = {
    "version": duckdb.__version__,
    "rows": {table: len(con.sql(f"SELECT * FROM {table}").fetchall()) for table in tables},
    "target": con.sql("SELECT outdial_target_id, outcome FROM replay.target_outcomes").fetchall(),
    "wilson": con.sql("SELECT reports.wilson_low(5, 9), reports.wilson_high(5, 9)").fetchall()[0],
    "difference": con.sql(
        "SELECT reports.diff_low(k, 10, 3, 10), reports.diff_high(k, 10, 3, 10), reports.diff_p(k, 10, 3, 10) "
        "FROM (VALUES (9)) AS counts (k)"
    ).fetchall()[0],
}
"""
    result = old_duckdb(code, path=str(warehouse.settings.published_path))
    assert result["version"].startswith("1.2.")
    assert result["rows"]["core.attempts"] == 1
    assert result["target"] == [["f50b169d-ce02-4bc9-a6e7-bb632c71e450", "reached"]]
    assert [round(bound, 3) for bound in result["wilson"]] == [0.267, 0.811]
    assert [round(figure, 4) for figure in result["difference"]] == [0.1705, 0.8090, 0.0062]


def test_who_has_the_old_file_open_keeps_it_and_who_comes_next_sees_the_new(warehouse: Warehouse) -> None:
    publish(warehouse, MODELS)
    path = warehouse.settings.published_path
    reader = os.open(path, os.O_RDONLY)
    before = os.pread(reader, os.fstat(reader).st_size, 0)
    add_a_call(warehouse)
    publish(warehouse, MODELS)
    assert os.pread(reader, os.fstat(reader).st_size, 0) == before
    os.close(reader)
    assert campaigns(path) == TWO


@pytest.mark.parametrize("step", ["write_report", "DuckDBDraft.close", "_flush"])
def test_a_publication_that_fails_changes_nothing_and_leaves_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    publish(warehouse, MODELS)
    settings = warehouse.settings
    page = settings.report_path.read_bytes()
    add_a_call(warehouse)

    def fail(*_: object) -> None:
        raise PublicationError("made to fail")

    with monkeypatch.context() as patch:
        patch.setattr(f"pipelines.publish.release.{step}", fail)
        with pytest.raises(PublicationError, match="made to fail"):
            publish(warehouse, MODELS)
    assert campaigns(settings.published_path) == ONE
    assert settings.report_path.read_bytes() == page
    assert len(list((settings.output / "releases").iterdir())) == 1
    publish(warehouse, MODELS)
    assert campaigns(settings.published_path) == TWO


def test_a_file_that_does_not_hold_what_the_warehouse_holds_is_refused(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = duckdb_file._write_whole

    def lose_a_row(con: duckdb.DuckDBPyConnection, table: duckdb_file.Table) -> None:
        whole(con, table)
        con.execute(f"DELETE FROM published.{table.name}")

    monkeypatch.setattr(duckdb_file, "_write_whole", lose_a_row)
    with pytest.raises(PublicationError, match="rows in the warehouse, 0 in the published file"):
        publish(warehouse, MODELS)
    assert not warehouse.settings.published_path.exists()


def test_a_log_left_beside_the_old_file_does_not_reach_the_new_one(warehouse: Warehouse) -> None:
    publish(warehouse, MODELS)
    path = warehouse.settings.published_path
    path.with_name(path.name + ".wal").write_bytes(b"of another file")
    publish(warehouse, MODELS)
    assert campaigns(path) == ONE


def test_what_a_killed_run_left_is_cleared_by_the_next(warehouse: Warehouse) -> None:
    left = warehouse.settings.output / "releases" / "of a killed run"
    left.mkdir(parents=True)
    (left / "contact_ledger.duckdb").write_bytes(b"half")
    publish(warehouse, MODELS)
    assert not left.exists()
    assert campaigns(warehouse.settings.published_path) == ONE


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tables(path: Path) -> dict[str, list[Any]]:
    with duckdb.connect(path, read_only=True) as con:
        names = con.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
        return {name: con.sql(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for (name,) in names}


def arrive(con: duckdb.DuckDBPyConnection, file: int, calls: int, shift: int) -> None:
    """A file brings calls: new ones, and later versions of some that move to another target."""
    with file_arrives(con, "voipbin_campaigncalls", file):
        con.execute(
            "DELETE FROM raw.voipbin_campaigncalls WHERE CAST(right(CAST(id AS VARCHAR), 4) AS INTEGER) % 97 = ?",
            [file],
        )
        con.execute(
            """INSERT INTO raw.voipbin_campaigncalls BY NAME
            SELECT CAST('56347901-5bb9-422d-add5-5a2ca47f' || lpad(CAST(n AS VARCHAR), 4, '0') AS UUID) AS id,
                CAST('183c0d5c-691e-42f3-af2b-9bffc2740f83' AS UUID) AS campaign_id,
                CASE WHEN n % 60 > 0 THEN CAST('f50b169d-ce02-4bc9-a6e7-bb632c71'
                    || lpad(CAST((n + $shift) % 400 AS VARCHAR), 4, '0') AS UUID) END AS outdial_target_id,
                'done' AS status, CASE WHEN n % 5 = 0 THEN 'success' ELSE 'fail' END AS result, 0 AS destination_index,
                1 AS try_count, TIMESTAMP '2026-04-29' + to_minutes(n) AS tm_create,
                TIMESTAMP '2026-04-29 00:00:30' + to_minutes(n) AS tm_update, $file AS _file_id
            FROM range($calls) AS r(n)
            WHERE CAST('56347901-5bb9-422d-add5-5a2ca47f' || lpad(CAST(n AS VARCHAR), 4, '0') AS UUID)
                NOT IN (SELECT id FROM raw.voipbin_campaigncalls)""",
            {"shift": shift, "calls": calls, "file": file},
        )


def test_a_file_brought_up_to_date_holds_what_one_written_anew_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    con = ledger()
    warehouse = Warehouse(con, Settings(output=tmp_path))
    written: set[str] = set()
    whole = duckdb_file._write_whole

    def note(con: duckdb.DuckDBPyConnection, table: duckdb_file.Table) -> None:
        whole(con, table)
        written.add(table.name)

    monkeypatch.setattr(duckdb_file, "_write_whole", note)
    extents: list[set[str]] = []
    for file, (calls, shift) in enumerate(
        [(1200, 0), (1203, 0), (1205, 1), (1205, 1), (1400, 0), (1400, 0)], start=1
    ):
        if file == 6:  # the clock alone moves on, and nobody stands differently
            con.execute("UPDATE landing.settings SET as_of = TIMESTAMP '2030-01-01'")
        elif file != 4:
            arrive(con, file, calls, shift)
        builder = Builder(con)
        extents.append({builder.build(model) for model in MODELS.values()})
        written.clear()
        publish(warehouse, MODELS)
        # Few rows are put into the table that is there; with many behind the sorted ones it is written anew.
        assert ("replay.target_outcomes" in written) == (file in (1, 5))
        assert ("core.attempts" in written) == (file in (1, 3, 5))
        last = tables(warehouse.settings.published_path)
        # What the ledger knows of the release in force is kept from the file written beside it.
        known = con.sql("FROM landing.published_tables").fetchall()
        anew = tmp_path / f"anew-{file}"
        anew.mkdir()
        write_database(con, anew / "contact_ledger.duckdb", MODELS)
        con.execute("DELETE FROM landing.published_tables")
        con.executemany("INSERT INTO landing.published_tables VALUES (?, ?, ?, ?, ?)", known)
        assert last == tables(anew / "contact_ledger.duckdb")
    assert extents[3] == {"unchanged"}
    assert any("changed keys" in extent for extent in extents)


@pytest.mark.parametrize("hidden", [False, True], ids=["as they are", "hidden"])
@pytest.mark.parametrize("part_rows", [70_000, 10**6], ids=["in parts", "at once"])
def test_rows_lie_in_the_order_of_their_table(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, part_rows: int, hidden: bool
) -> None:
    monkeypatch.setattr(duckdb_file, "_PART_ROWS", part_rows)
    # More rows than one thread takes at a time: nobody writes before whose turn it is.
    warehouse.con.execute(
        "INSERT INTO raw.voipbin_campaigncalls BY NAME SELECT * EXCLUDE (range) REPLACE (uuid() AS id, "
        "uuid() AS outdial_target_id, tm_create + to_seconds(range % 7919) AS tm_create, "
        "CAST(md5(CAST(range % 11 AS VARCHAR)) AS UUID) AS campaign_id) "
        "FROM raw.voipbin_campaigncalls, range(300_000)"
    )
    warehouse.con.execute("UPDATE landing.settings SET personal_data = ?", ["hash" if hidden else "keep"])
    build(warehouse.con, ["core.attempts"])
    # The same campaigns by another source, and rows that belong to no target.
    warehouse.con.execute(
        "INSERT INTO core.attempts SELECT * REPLACE ('liondesk' AS source) FROM core.attempts LIMIT 100_000"
    )
    warehouse.con.execute(
        "INSERT INTO replay.violations BY NAME SELECT CASE WHEN n % 9 > 0 THEN uuid() END AS outdial_target_id, "
        "uuid() AS campaigncall_id FROM range(200_000) AS r(n)"
    )
    publish(warehouse, MODELS)
    with duckdb.connect(warehouse.settings.published_path, read_only=True) as con:
        for table, order, number in (
            ("raw.voipbin_campaigncalls", "id", 300_001),
            ("core.attempts", MODELS["core.attempts"].order, 400_001),
            ("replay.violations", "outdial_target_id", 200_001),
        ):
            rows = con.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            assert rows == number
            misplaced = (
                f"SELECT count(*) FROM (SELECT rowid, row_number() OVER (ORDER BY {order}) - 1 AS place FROM {table}) "
                "WHERE rowid <> place"
            )
            assert con.sql(misplaced).fetchall() == [(0,)], table


def test_the_next_file_takes_in_tables_as_they_are_built(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with drafted(warehouse, MODELS) as ready:
        assert ready.draft is None  # nothing was published yet
        publish(ready, MODELS)
    releases = warehouse.settings.output / "releases"
    (first,) = releases.iterdir()
    written: list[tuple[str, bool]] = []
    whole, close = duckdb_file._write_whole, DuckDBDraft.close
    ending = threading.Event()

    def note(con: duckdb.DuckDBPyConnection, table: duckdb_file.Table) -> None:
        whole(con, table)
        written.append((table.name, ending.is_set()))

    def end(draft: DuckDBDraft) -> Future[dict[str, int]]:
        ending.set()
        return close(draft)

    monkeypatch.setattr(duckdb_file, "_write_whole", note)
    monkeypatch.setattr(DuckDBDraft, "close", end)
    with drafted(warehouse, MODELS) as ready:
        assert ready.draft is not None
        add_a_call(warehouse)
        for table in (
            "core.attempts",
            "core.dispositions",
            "reports._contact_rate_counts",
        ):  # the last is internal
            ready.draft.add(table)
        until(lambda: ("core.attempts", False) in written)
        assert campaigns(warehouse.settings.published_path) == ONE
        publish(ready, MODELS)
        drafts = ready.draft.path
        assert warehouse.settings.published_path.resolve() == drafts.resolve()
        # Another publication in the same run starts from what that one has put in force.
        publish(ready, MODELS)
        assert warehouse.settings.published_path.resolve() != drafts.resolve()
    assert campaigns(warehouse.settings.published_path) == TWO
    assert [at_the_end for name, at_the_end in written if name == "core.attempts"] == [False]
    assert "core.dispositions" not in dict(written)
    assert dict(written)["reports.campaign_contact_rates"]
    assert first not in releases.iterdir()


def test_a_table_that_changes_after_it_was_queued_is_published_as_it_ends(
    warehouse: Warehouse,
) -> None:
    publish(warehouse, MODELS)
    with drafted(warehouse, MODELS) as ready:
        assert ready.draft is not None
        for _ in range(3):
            add_a_call(warehouse)
            ready.draft.add("core.attempts")
        publish(ready, MODELS)
    with duckdb.connect(warehouse.settings.published_path, read_only=True) as con:
        assert con.sql("SELECT count(*) FROM core.attempts").fetchall() == [(4,)]


def test_a_run_hands_what_it_builds_to_the_next_file(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in MODELS.values():
        update_table(warehouse, model)
    publish(warehouse, MODELS)
    brought: list[str] = []
    monkeypatch.setattr(DuckDBDraft, "add", lambda _, table: brought.append(table))
    warehouse.con.execute("UPDATE raw.voipbin_campaigncalls SET result = 'fail', _file_id = 2")
    with drafted(warehouse, MODELS) as ready:
        extents = {model.table: update_table(ready, model) for model in MODELS.values()}
    assert brought == [table for table, extent in extents.items() if extent != "unchanged"]
    assert "reports.campaign_contact_rates" in brought
    assert "core.dispositions" not in brought


def test_a_table_that_is_described_otherwise_is_published_so(tmp_path: Path) -> None:
    """One comment has changed since the last file, and of that very table a few rows, which come before the rest."""
    warehouse = Warehouse(ledger(), Settings(output=tmp_path))
    arrive(warehouse.con, 1, 1200, 0)
    for model in MODELS.values():
        update_table(warehouse, model)
    publish(warehouse, MODELS)
    changed = MODELS["core.attempts"]
    models = {**MODELS, changed.table: replace(changed, description="Said better.")}
    arrive(warehouse.con, 2, 1201, 0)
    with drafted(warehouse, models) as ready:
        extents = {model.table: update_table(ready, model) for model in models.values()}
        assert extents[changed.table] == "changed keys"
        publish(ready, models)
    with duckdb.connect(warehouse.settings.published_path, read_only=True) as con:
        said = con.sql(
            "SELECT comment FROM duckdb_tables() WHERE schema_name = 'core' AND table_name = 'attempts'"
        )
        assert said.fetchall() == [("Said better.",)]


def test_a_draft_that_is_not_published_is_gone(warehouse: Warehouse) -> None:
    publish(warehouse, MODELS)
    with pytest.raises(RuntimeError, match="a check failed"), drafted(warehouse, MODELS) as ready:
        assert ready.draft is not None
        add_a_call(warehouse)
        ready.draft.add("core.attempts")
        raise RuntimeError("a check failed")
    assert len(list((warehouse.settings.output / "releases").iterdir())) == 1
    assert campaigns(warehouse.settings.published_path) == ONE
    publish(warehouse, MODELS)
    assert campaigns(warehouse.settings.published_path) == TWO


def test_what_goes_wrong_while_tables_are_taken_in_is_told_at_publication(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(warehouse, MODELS)

    def fail(*_: object) -> None:
        raise PublicationError("no room left")

    with drafted(warehouse, MODELS) as ready:
        assert ready.draft is not None
        add_a_call(warehouse)
        with monkeypatch.context() as patch:
            patch.setattr(duckdb_file, "_write_whole", fail)
            ready.draft.add("core.attempts")
            with pytest.raises(PublicationError, match="no room left"):
                publish(ready, MODELS)
        assert campaigns(warehouse.settings.published_path) == ONE
        publish(ready, MODELS)  # as a retry of the step does
    assert campaigns(warehouse.settings.published_path) == TWO


def test_a_draft_is_not_used_when_somebody_wrote_to_what_it_was_copied_from(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(warehouse, MODELS)
    begin = DuckDBDraft._begin

    def begin_late(draft: DuckDBDraft) -> None:
        with duckdb.connect(warehouse.settings.published_path) as con:
            con.execute("UPDATE reports.campaign_contact_rates SET attempts = 1000")
        begin(draft)

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBDraft, "_begin", begin_late)
        with drafted(warehouse, MODELS) as ready:
            assert ready.draft is not None
            until(ready.draft.path.exists)
            patch.undo()
            publish(ready, MODELS)
    assert campaigns(warehouse.settings.published_path) == ONE


def test_a_table_that_is_the_same_is_not_written_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(warehouse, MODELS)
    written: list[str] = []
    whole = duckdb_file._write_whole

    def note(con: duckdb.DuckDBPyConnection, table: duckdb_file.Table) -> None:
        written.append(table.name)
        whole(con, table)

    monkeypatch.setattr(duckdb_file, "_write_whole", note)
    publish(warehouse, MODELS)
    assert written == []
    add_a_call(warehouse)
    publish(warehouse, MODELS)
    assert "reports.campaign_contact_rates" in written
    assert "raw.outreach_calls" not in written


def test_who_was_just_opening_the_old_file_still_finds_it(warehouse: Warehouse) -> None:
    """DuckDB follows the links first and opens what they lead to after: a publication may come between."""
    publish(warehouse, MODELS)
    on_the_way = warehouse.settings.published_path.resolve()
    add_a_call(warehouse)
    publish(warehouse, MODELS)
    assert campaigns(on_the_way) == ONE


def test_what_somebody_wrote_into_the_published_file_is_gone_with_the_next(warehouse: Warehouse) -> None:
    publish(warehouse, MODELS)
    path = warehouse.settings.published_path
    with duckdb.connect(path) as con:
        con.execute("UPDATE reports.campaign_contact_rates SET attempts = 1000")
        con.execute("CREATE TABLE mine AS SELECT 1")
    assert campaigns(path) != ONE
    publish(warehouse, MODELS)
    assert campaigns(path) == ONE
    with duckdb.connect(path, read_only=True) as con:
        assert con.sql("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mine'").fetchall() == [(0,)]
