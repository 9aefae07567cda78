"""A published file for tests of the page: generated rows of all four systems, through the project's own SQL.

Belongs here: raw rows of plausible shape, drawn from a hash in SQL so that every run gives the same. Does not belong
here: landing files and what is wrong with them (tests/simulation), or any check of the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipelines.ingest import load_contact_rules, load_reference
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
        load_reference(con, settings.data)
        load_contact_rules(con, path.parent, settings.contact_rules)
        con.execute(f"SET VARIABLE names = [{', '.join(map(literal, names))}]")
        con.execute(f"SET VARIABLE targets = {targets}")
        con.execute(ROWS.read_text(encoding="utf-8"))
        incremental.build(con)
        write_database(con, path, load_models())
    with duckdb.connect(str(path)) as con:
        for table in without:
            con.execute(f"DROP TABLE {table}")
    return path
