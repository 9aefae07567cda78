"""The tables that no SQL file builds: schemas `raw` and `landing`.

Belongs here: their columns, and how they are made. Does not belong here: what fills them (`ingest`) or what is built from
them (`models`).
"""

from __future__ import annotations

import hashlib
import secrets

import duckdb

from pipelines.settings import Settings
from pipelines.sources import BOOK_FIELDS, RESOURCES, Resource
from pipelines.sql_text import quoted

SCHEMAS = ("landing", "raw", "core", "replay", "reports", "quality")


CHECK_LOG = "landing.check_log"
"""The latest result of every check. What reads it is built after the checks."""

_LANDING_TABLES = """
CREATE TABLE IF NOT EXISTS landing.settings (
    landing VARCHAR, layout VARCHAR, as_of TIMESTAMP, timezone VARCHAR, stuck_after_ms BIGINT, clock_tolerance_ms BIGINT,
    personal_data VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.files (
    file_id INTEGER PRIMARY KEY, source VARCHAR, resource VARCHAR, file VARCHAR, size BIGINT, modified_ns BIGINT,
    content_hash VARCHAR, same_as INTEGER, shape VARCHAR,
    rows_read BIGINT, rows_accepted BIGINT, rows_superseded BIGINT, rows_rejected BIGINT,
    is_current BOOLEAN DEFAULT TRUE
);
CREATE TABLE IF NOT EXISTS landing.rejected_rows (
    file_id INTEGER, source VARCHAR, resource VARCHAR, file VARCHAR, position BIGINT, reason VARCHAR, field VARCHAR,
    value VARCHAR, record VARCHAR, detail VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.notices (
    file_id INTEGER, source VARCHAR, resource VARCHAR, file VARCHAR, code VARCHAR, field VARCHAR, value VARCHAR,
    rows BIGINT, detail VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.dispositions (
    source VARCHAR, field VARCHAR, value VARCHAR, label VARCHAR, disposition VARCHAR, aapor_class VARCHAR,
    version INTEGER, note VARCHAR, origin VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.builds (
    table_name VARCHAR PRIMARY KEY, code VARCHAR, inputs VARCHAR, version VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.lineage (table_name VARCHAR PRIMARY KEY, basis VARCHAR, origins VARCHAR);
CREATE TABLE IF NOT EXISTS landing.published_tables (
    release VARCHAR, table_name VARCHAR, shape VARCHAR, version VARCHAR, unsorted BIGINT
);
CREATE TABLE IF NOT EXISTS landing.check_log (
    table_name VARCHAR, check_name VARCHAR, severity VARCHAR, passed BOOLEAN, observed VARCHAR,
    detail VARCHAR, checked_at TIMESTAMP, run_id VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.published_figures (
    run_id VARCHAR, published_at TIMESTAMP, figure VARCHAR, scope VARCHAR, value DOUBLE
);
CREATE TABLE IF NOT EXISTS landing.runs (
    number INTEGER, run_id VARCHAR, started_at TIMESTAMP, day DATE, last_file_id INTEGER, release VARCHAR,
    published BOOLEAN, as_of TIMESTAMP, seconds DOUBLE, rows_in BIGINT, rows_rejected BIGINT, checks_failed BIGINT,
    checks_warned BIGINT
);
CREATE TABLE IF NOT EXISTS landing.daily_figures (
    number INTEGER, source VARCHAR, campaign_key VARCHAR, campaign_name VARCHAR, targets BIGINT,
    targets_attempted BIGINT, targets_contacted BIGINT, attempts BIGINT, contacts BIGINT,
    contact_rate_per_attempt DOUBLE, contact_rate_per_attempt_low DOUBLE, contact_rate_per_attempt_high DOUBLE,
    contact_rate_per_target DOUBLE, contact_rate_per_target_low DOUBLE, contact_rate_per_target_high DOUBLE,
    as_of TIMESTAMP
);
CREATE TABLE IF NOT EXISTS landing.salt (salt VARCHAR);
"""


def raw_columns(resource: Resource) -> dict[str, str]:
    """Column → DuckDB type of a resource's raw table, in order."""
    return {field.name: field.duckdb_type for field in (*resource.fields, *BOOK_FIELDS)}


def layout() -> str:
    """A text that differs when the tables that ingest fills have other columns than in another version of the project."""
    columns = [(resource.table, *raw_columns(resource).items()) for resource in RESOURCES]
    return hashlib.sha256(repr((_LANDING_TABLES, columns)).encode()).hexdigest()


def create_schemas(con: duckdb.DuckDBPyConnection) -> None:
    """Make every schema and every table that ingest fills, where they are missing; what is there stays."""
    for schema in SCHEMAS:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    con.execute(_LANDING_TABLES)
    for resource in RESOURCES:
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in raw_columns(resource).items())
        con.execute(f"CREATE TABLE IF NOT EXISTS raw.{quoted(resource.table)} ({columns})")


def write_settings(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Put the run's settings where SQL can read them: ``landing.settings``, one row.

    The first time, draw the text that keys the hashes of personal data: ``landing.salt``.
    """
    con.execute("DELETE FROM landing.settings")
    con.execute(
        "INSERT INTO landing.settings VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            str(settings.landing),
            layout(),
            settings.as_of,
            settings.timezone,
            settings.stuck_after_ms,
            settings.clock_tolerance_ms,
            settings.personal_data,
        ],
    )
    con.execute(
        "INSERT INTO landing.salt SELECT ? WHERE NOT EXISTS (SELECT 1 FROM landing.salt)",
        [secrets.token_hex(32)],
    )
