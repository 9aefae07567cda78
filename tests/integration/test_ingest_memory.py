"""A file may be ten times as large as the memory that DuckDB is given: it is read in pieces, whole or broken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import duckdb
import pytest

from pipelines.sql_text import literal
from pipelines.warehouse.connection import tune
from pipelines.warehouse.tables import create_schemas
from tests.landing_folder import Landing

ROWS = 1_100_000
LIMIT_MB = 100
"""DuckDB's JSON reader alone holds 32 MB for every thread; with one thread this leaves little beside it."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of ten times the memory, written once; whoever changes its end restores it."""
    path = tmp_path_factory.mktemp("large") / "large.ndjson"
    with duckdb.connect() as con:
        con.execute(
            f"""COPY (
                SELECT uuid() AS id, uuid() AS outdial_target_id, 'done' AS status, 'fail' AS result,
                    0 AS destination_index, 1 AS try_count, TIMESTAMP '2026-01-01' + to_seconds(n) AS tm_create,
                    {{'type': 'tel', 'target': '+15555550100', 'target_name': repeat('long ', 140)}} AS destination
                FROM range({ROWS}) AS t(n)
            ) TO {literal(str(path))} (FORMAT json)"""
        )
    yield path
    path.unlink()


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    landing.con.close()
    landing.con = duckdb.connect(tmp_path / "warehouse.duckdb")
    tune(landing.con)
    landing.con.execute(f"SET memory_limit = '{LIMIT_MB}MB'")
    landing.con.execute("SET threads = 1")
    landing.con.execute(f"SET temp_directory = {literal(str(tmp_path / 'spill'))}")
    create_schemas(landing.con)
    yield landing
    landing.con.close()
    (tmp_path / "warehouse.duckdb").unlink()


def _whole(path: Path) -> None:
    pass


def _one_row_is_not_good(path: Path) -> None:
    with path.open("a") as lines:
        lines.write('{"id": "none", "status": "done"}\n')


def _the_end_is_cut_off(path: Path) -> None:
    with path.open("r+b") as lines:
        lines.truncate(path.stat().st_size - 100)


@contextmanager
def changed_end(path: Path, change: Callable[[Path], None]) -> Iterator[None]:
    """Change the last bytes of a file, and restore them."""
    size, kept = path.stat().st_size, 1_000
    with path.open("rb") as file:
        file.seek(size - kept)
        end = file.read()
    change(path)
    try:
        yield
    finally:
        with path.open("r+b") as file:
            file.seek(size - kept)
            file.write(end)
            file.truncate()


@pytest.mark.parametrize(
    ("change", "accepted", "rejected"),
    [(_whole, ROWS, 0), (_one_row_is_not_good, ROWS, 1), (_the_end_is_cut_off, ROWS - 1, 1)],
)
def test_a_file_of_ten_times_the_memory(
    landing: Landing, large: Path, change: Callable[[Path], None], accepted: int, rejected: int
) -> None:
    with changed_end(large, change):
        assert large.stat().st_size > 10 * LIMIT_MB * 1_000_000
        os.link(large, landing.folder / "large.ndjson")
        result = landing.run()
    assert (result.accepted, result.rejected) == (accepted, rejected)
    landing.law()
    places = landing.con.execute("SELECT position FROM landing.rejected_rows").fetchall()
    assert places == [(accepted + 1,)] * rejected


def test_pages_of_more_than_the_memory(landing: Landing, large: Path) -> None:
    """A page is never held as a whole; but the reader holds a block of pages twice, as text and as rows."""
    rows, paged = 450_000, landing.folder / "pages.ndjson"
    with large.open("rb") as lines, paged.open("wb") as pages:
        for start in range(0, rows, 500):
            page = [line.rstrip() for line in islice(lines, min(500, rows - start))]
            pages.write(b'{"result":[' + b",".join(page) + b"]}\n")
    landing.con.execute("SET memory_limit = '300MB'")
    assert paged.stat().st_size > 400_000_000
    result = landing.run()
    paged.unlink()
    assert (result.accepted, result.rejected) == (rows, 0)
    landing.law()
