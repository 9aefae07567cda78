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
from tests.support import examples

LIMIT_MB = 100
"""DuckDB's JSON reader alone holds 32 MB for every thread; with one thread this leaves little beside it."""
ROWS_A_LIMIT = 110_000
"""Rows of a file that is a little larger than the limit."""
BROKEN_TIMES = min(10, examples(3))
"""How many times the memory a broken file is: it is read line by line, which takes three times as long (10 in `make long`)."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Path]]:
    """A file of so many times the memory, written once; whoever changes its end restores it."""
    folder = tmp_path_factory.mktemp("large")

    def written(times: int) -> Path:
        path = folder / f"{times}.ndjson"
        if not path.exists():
            with duckdb.connect() as con:
                con.execute(
                    f"""COPY (
                        SELECT uuid() AS id, uuid() AS outdial_target_id, 'done' AS status, 'fail' AS result,
                            0 AS destination_index, 1 AS try_count,
                            TIMESTAMP '2026-01-01' + to_seconds(n) AS tm_create,
                            {{'type': 'tel', 'target': '+15555550100', 'target_name': repeat('long ', 140)}}
                                AS destination
                        FROM range({times * ROWS_A_LIMIT}) AS t(n)
                    ) TO {literal(str(path))} (FORMAT json)"""
                )
        return path

    yield written
    for path in folder.iterdir():
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "times", "lost", "rejected"),
    [
        (_whole, 10, 0, 0),
        (_one_row_is_not_good, BROKEN_TIMES, 0, 1),
        (_the_end_is_cut_off, BROKEN_TIMES, 1, 1),
    ],
)
def test_a_file_of_many_times_the_memory(
    landing: Landing,
    large: Callable[[int], Path],
    change: Callable[[Path], None],
    times: int,
    lost: int,
    rejected: int,
) -> None:
    file, accepted = large(times), times * ROWS_A_LIMIT - lost
    with changed_end(file, change):
        assert file.stat().st_size > times * LIMIT_MB * 1_000_000
        os.link(file, landing.folder / "large.ndjson")
        result = landing.run()
    assert (result.accepted, result.rejected) == (accepted, rejected)
    landing.law()
    places = landing.con.execute("SELECT position FROM landing.rejected_rows").fetchall()
    assert places == [(accepted + 1,)] * rejected


def test_pages_of_more_than_the_memory(landing: Landing, large: Callable[[int], Path]) -> None:
    """A page is never held as a whole; but the reader holds a block of pages twice, as text and as rows."""
    rows, paged = 450_000, landing.folder / "pages.ndjson"
    with large(10).open("rb") as lines, paged.open("wb") as pages:
        for start in range(0, rows, 500):
            page = [line.rstrip() for line in islice(lines, min(500, rows - start))]
            pages.write(b'{"result":[' + b",".join(page) + b"]}\n")
    landing.con.execute("SET memory_limit = '300MB'")
    assert paged.stat().st_size > 400_000_000
    result = landing.run()
    paged.unlink()
    assert (result.accepted, result.rejected) == (rows, 0)
    landing.law()
