"""A published file for tests of the page: generated rows of all four systems, through the project's own SQL.

Belongs here: raw rows of plausible shape, drawn from a hash in SQL so that every run gives the same. Does not belong
here: landing files and what is wrong with them (tests/simulation), or any check of the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipelines.models import incremental
from pipelines.models.sql_files import load_models
from pipelines.publish.duckdb_file import write_database
from pipelines.settings import Settings
from pipelines.sql_text import literal
from pipelines.warehouse.tables import create_schemas, write_settings

ROWS = Path(__file__).with_name("published_rows.sql")

NAMES = (
    "Autumn door knock, North Side", "Riverside phone bank", "Welcome calls", "Renewal reminders",
    "Tenants’ survey", "Members who lapsed in 2025", "Bus drivers’ ballot", "Anniversary letters",
    "Night-shift nurses, first contact", "Renewals, second wave", "Call-back list", "Spring invitations",
)  # fmt: skip
"""Campaigns go to Action Builder, VoIPBIN, Outreach and LionDesk in turn."""

HOSTILE = (
    "<script>alert(1)</script>", "=1+1", '"quoted" & \u2028 </script> <!-- --> \'; DROP', "@cmd|' /C calc'!A0",
    "<img src=x onerror=alert(1)>", "+SUM(A1)", "-2+3", "\t=2+2", "two\r\nlines", "Ünïcödé 🎈 " + "long " * 40,
)  # fmt: skip


def write_published(
    path: Path,
    names: Sequence[str] = NAMES,
    targets: int = 200,
    timezone: str = "Europe/Berlin",
    without: Sequence[str] = (),
) -> Path:
    """Write a published file with one campaign per name and at most so many people in each; returns its path.

    ``without``: published tables that are dropped from it afterwards.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(timezone=timezone)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        create_schemas(con)
        write_settings(con, settings)
        con.execute(
            "INSERT INTO landing.dispositions BY NAME "
            "SELECT *, 'dispositions.csv' AS origin "
            f"FROM read_csv({literal(str(settings.mappings))}, all_varchar = true)"
        )
        con.execute(f"SET VARIABLE names = [{', '.join(map(literal, names))}]")
        con.execute(f"SET VARIABLE targets = {targets}")
        con.execute(ROWS.read_text(encoding="utf-8"))
        incremental.build(con)
        write_database(con, path, load_models())
    complete(path)
    with duckdb.connect(str(path)) as con:
        for table in without:
            con.execute(f"DROP TABLE {table}")
    return path


# -- what the SQL files do not publish yet -----------------------------------------------------------------------------

SOURCES = (
    ("action_builder", "Action Builder", "a record of its own, counted once however many campaigns tried it", True),
    ("voipbin", "VoIPBIN", "an entry of one of its lists: a person on two lists is two targets", True),
    ("outreach", "Outreach", "a record of its own, counted once however many campaigns tried it", True),
    ("liondesk", "LionDesk", "a contact", False),
)  # fmt: skip

TOTALS = (
    ("reports.campaign_dispositions", "records_in_campaign", "sum(attempts)", "source, campaign_key"),
    (
        "reports.campaign_dispositions",
        "attempts_in_campaign",
        "coalesce(sum(attempts) FILTER (is_attempt), 0)",
        "source, campaign_key",
    ),
    ("reports.campaign_outcomes", "targets_in_campaign", "sum(targets)", "campaign_id"),
    (
        "reports.disposition_matrix",
        "attempts_with_number",
        "sum(attempts)",
        "source, campaign_key, attempt_number",
    ),
)
"""Table, the column that says what its shares are shares of, how it is counted, and of which rows."""

COUNTS_IN_DOUBLES = {
    ("retry_what_if", name) for name in ("attempts", "extra_attempts", "targets_contacted", "extra_contacted")
}


def complete(path: Path) -> None:
    """Add what the page reads and the SQL files do not give yet; what is there stays.

    That is ``core.sources``, what the shares of a stacked bar are shares of, and the marks of the columns.
    """
    with duckdb.connect(str(path)) as con:
        _add_sources(con)
        for table, column, total, of in TOTALS:
            con.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} BIGINT")
            con.execute(
                f"UPDATE {table} AS t SET {column} = (SELECT {total} FROM {table} AS o WHERE "
                + " AND ".join(f"o.{part} IS NOT DISTINCT FROM t.{part}" for part in of.split(", "))
                + f") WHERE {column} IS NULL"
            )
            con.execute(f"COMMENT ON COLUMN {table}.{column} IS 'what its shares are shares of [count]'")
        _add_marks(con)


def _add_sources(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE TABLE IF NOT EXISTS core.sources "
        "(source VARCHAR, title VARCHAR, target_words VARCHAR, measures_contact BOOLEAN)"
    )
    if not con.sql("FROM core.sources").fetchall():
        con.executemany("INSERT INTO core.sources VALUES (?, ?, ?, ?)", [list(row) for row in SOURCES])


def _add_marks(con: duckdb.DuckDBPyConnection) -> None:
    found = con.sql(
        "SELECT schema_name, table_name, column_name, coalesce(comment, ''), data_type FROM duckdb_columns() "
        "WHERE NOT internal AND schema_name IN ('core', 'replay', 'reports', 'quality')"
    ).fetchall()
    for schema, table, column, comment, kind in found:
        if "(0..1)" in comment:
            mark = "share"
        elif "_seconds" in column:
            mark = "seconds"
        elif (kind == "BIGINT" and column != "position") or (table, column) in COUNTS_IN_DOUBLES:
            mark = "count"
        else:
            continue
        if f"[{mark}]" not in comment:
            con.execute(f"COMMENT ON COLUMN {schema}.{table}.{column} IS {literal(f'{comment} [{mark}]')}")
