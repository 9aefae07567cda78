"""One writer, one landing folder, and nothing outside the two folders."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.warehouse.connection import (
    LandingMissingError,
    WarehouseBusyError,
    WarehouseDamagedError,
    WarehouseNewerError,
    open_warehouse,
)
from pipelines.warehouse.tables import create_schemas
from tests.support import new_warehouse
from tests.unit.test_failures import files_up_to, of_newer_version


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    landing = tmp_path / "landing"
    landing.mkdir()
    return Settings(landing=landing, output=tmp_path / "output")


HOLD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_second_process_waits_for_the_first_and_says_for_whom(settings: Settings) -> None:
    settings.output.mkdir()
    said: list[str] = []
    command = [sys.executable, "-c", HOLD, str(settings.warehouse_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin and holder.stdout
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(WarehouseBusyError, match=f"PID {holder.pid}"),
            open_warehouse(replace(settings, lock_wait_s=0), said.append),
        ):
            pass

        def release(message: str, pipe: IO[str] = holder.stdin) -> None:
            said.append(message)
            pipe.write("\n")
            pipe.flush()

        said.clear()
        with open_warehouse(settings, release) as warehouse:
            assert warehouse.con.sql("SELECT count(*) FROM landing.files").fetchall() == [(0,)]
    assert len(said) == 1
    assert f"PID {holder.pid}" in said[0]


def test_a_warehouse_that_a_newer_duckdb_wrote_is_left_alone(settings: Settings) -> None:
    with open_warehouse(settings):
        pass
    content = of_newer_version(settings.warehouse_path.read_bytes())
    settings.warehouse_path.write_bytes(content)
    with (
        pytest.raises(
            WarehouseNewerError, match=r"storage version number 9999.*newer version of the project"
        ),
        open_warehouse(settings),
    ):
        pass
    assert settings.warehouse_path.read_bytes() == content


def test_a_damaged_warehouse_is_named_with_what_helps(settings: Settings) -> None:
    with open_warehouse(settings):
        pass
    content = settings.warehouse_path.read_bytes()
    settings.warehouse_path.write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(
            WarehouseDamagedError, match=rf"^{settings.warehouse_path}: .*; move warehouse.duckdb aside"
        ),
        open_warehouse(settings),
    ):
        pass


def test_a_full_disk_is_not_taken_for_a_damaged_warehouse(settings: Settings) -> None:
    with (
        files_up_to(8192),
        pytest.raises(duckdb.IOException, match="File too large"),
        open_warehouse(settings),
    ):
        pass
    settings.warehouse_path.unlink()  # what the full disk left of it
    with open_warehouse(settings) as warehouse:
        assert warehouse.con.sql("SELECT count(*) FROM landing.files").fetchall() == [(0,)]


def test_a_warehouse_of_another_landing_folder_is_set_aside_and_kept(
    settings: Settings, tmp_path: Path
) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.con.execute("INSERT INTO landing.files (file_id, file) VALUES (1, 'mine.json')")
    said: list[str] = []
    (tmp_path / "another").mkdir()
    with open_warehouse(replace(settings, landing=tmp_path / "another"), said.append) as warehouse:
        assert warehouse.con.sql("SELECT count(*) FROM landing.files").fetchall() == [(0,)]
    assert len(said) == 1 and "warehouse.set-aside-1.duckdb" in said[0]
    with duckdb.connect(settings.output / "warehouse.set-aside-1.duckdb", read_only=True) as aside:
        assert aside.sql("SELECT file FROM landing.files").fetchall() == [("mine.json",)]


def test_a_warehouse_of_another_version_is_set_aside_and_kept(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.con.execute("INSERT INTO landing.files (file_id, file) VALUES (1, 'mine.json')")
        warehouse.con.execute("UPDATE landing.settings SET layout = 'of another version'")
    said: list[str] = []
    with open_warehouse(settings, said.append) as warehouse:
        assert warehouse.con.sql("SELECT count(*) FROM landing.files").fetchall() == [(0,)]
    assert "another version" in said[0] and "warehouse.set-aside-1.duckdb" in said[0]


def test_the_same_landing_folder_finds_its_warehouse_again(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.con.execute("INSERT INTO landing.files (file_id, file) VALUES (1, 'mine.json')")
    with open_warehouse(replace(settings, timezone="Europe/Berlin")) as warehouse:
        assert warehouse.con.sql("SELECT file FROM landing.files").fetchall() == [("mine.json",)]
        assert warehouse.con.sql("SELECT timezone FROM landing.settings").fetchall() == [("Europe/Berlin",)]


def test_a_landing_folder_that_is_not_there_is_named_and_nothing_is_made(
    settings: Settings, tmp_path: Path
) -> None:
    with (
        pytest.raises(
            LandingMissingError, match="the landing folder .*nowhere does not exist; .*CONTACT_LEDGER_LANDING"
        ),
        open_warehouse(replace(settings, landing=tmp_path / "nowhere")),
    ):
        pass
    assert not settings.output.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{outside}')",
        "COPY (SELECT 1) TO '{outside}'",
        "ATTACH '{outside}.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_nothing_outside_the_two_folders_can_be_touched(
    settings: Settings, tmp_path: Path, statement: str
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    with open_warehouse(settings) as warehouse, pytest.raises(duckdb.Error):
        warehouse.con.execute(statement.format(outside=outside)).fetchall()
    assert outside.read_text() == "secret"


def test_a_block_that_fails_leaves_nothing(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        with pytest.raises(ZeroDivisionError), warehouse.transaction() as con:
            con.execute("INSERT INTO landing.files (file_id) VALUES (1)")
            raise ZeroDivisionError
        assert warehouse.con.sql("SELECT count(*) FROM landing.files").fetchall() == [(0,)]


ZONES = """
import sys
from pathlib import Path
from pipelines.settings import Settings
from pipelines.warehouse.connection import open_warehouse
with open_warehouse(Settings(landing=Path(sys.argv[1]), output=Path(sys.argv[2]))) as warehouse:
    for con in (warehouse.con, warehouse.con.cursor()):
        print(con.sql("SELECT current_setting('TimeZone')").fetchall()[0][0])
"""


def test_times_are_utc_on_every_connection_of_a_run_wherever_the_machine_stands(settings: Settings) -> None:
    told = subprocess.run(
        [sys.executable, "-c", ZONES, str(settings.landing), str(settings.output)],
        env={**os.environ, "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["UTC", "UTC"]


def test_the_warehouse_of_other_tests_is_one_of_the_project() -> None:
    """Tests copy a template (``tests.support.new_warehouse``): it has all that ``create_schemas`` makes, and no row."""
    catalog = (
        "SELECT schema_name, table_name, column_name, data_type, column_default, is_nullable FROM duckdb_columns()",
        "SELECT schema_name, table_name, constraint_type, constraint_text FROM duckdb_constraints()",
        "SELECT schema_name, function_name, parameters, macro_definition FROM duckdb_functions() WHERE NOT internal",
        "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal",
        (
            "SELECT index_name, sql FROM duckdb_indexes() UNION ALL FROM (SELECT view_name, sql FROM duckdb_views() "
            "WHERE NOT internal) UNION ALL FROM (SELECT sequence_name, sql FROM duckdb_sequences())"
        ),
        "SELECT sum(estimated_size) FROM duckdb_tables()",
    )
    with duckdb.connect() as made, new_warehouse() as copied:
        create_schemas(made)
        for query in catalog:
            expected = made.sql(f"{query} ORDER BY ALL").fetchall()
            assert copied.sql(f"{query} ORDER BY ALL").fetchall() == expected, query
        assert len(made.sql(f"{catalog[2]} ORDER BY ALL").fetchall()) > 10
