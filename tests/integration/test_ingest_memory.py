"""A file may be ten times as large as the memory that DuckDB is given: it is read in pieces."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.warehouse import create_schemas, literal, tune
from tests.landing_folder import Landing

ROWS = 400_000
LIMIT_MB = 100
"""DuckDB's JSON reader alone holds 32 MB for every thread; with one thread this leaves little beside it."""


def test_a_clean_file_of_ten_times_the_memory(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    landing.con.close()
    landing.con = duckdb.connect(tmp_path / "warehouse.duckdb")
    path = landing.folder / "large.ndjson"
    landing.con.execute(
        f"""COPY (
            SELECT uuid() AS id, uuid() AS outdial_target_id, 'done' AS status, 'fail' AS result,
                0 AS destination_index, 1 AS try_count, TIMESTAMP '2026-01-01' + to_seconds(n) AS tm_create,
                {{'type': 'tel', 'target': '+15555550100', 'target_name': repeat('long ', 480)}} AS destination
            FROM range({ROWS}) AS t(n)
        ) TO {literal(str(path))} (FORMAT json)"""
    )
    assert path.stat().st_size > 10 * LIMIT_MB * 1_000_000
    tune(landing.con)
    landing.con.execute(f"SET memory_limit = '{LIMIT_MB}MB'")
    landing.con.execute("SET threads = 1")
    landing.con.execute(f"SET temp_directory = {literal(str(tmp_path / 'spill'))}")
    create_schemas(landing.con)
    result = landing.run()
    assert (result.accepted, result.rejected) == (ROWS, 0)
    landing.law()
    landing.con.close()
