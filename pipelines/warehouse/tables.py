"""The tables that no SQL file builds: schemas ``raw`` and ``landing``.

Belongs here: the columns of these tables, and creating them. Does not belong here: what fills them (``ingest``) or what
is built from them (``models``).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.settings import ROOT, Settings
from pipelines.sources import COMMON_FIELDS, RESOURCES, SOURCES, Resource
from pipelines.sql_text import quoted

SCHEMAS = ("landing", "raw", "core", "replay", "compliance", "reports", "quality")
MACROS = ROOT / "sql" / "macros.sql"
"""The macros. The SQL files use them, and the published file holds them."""

CHECK_LOG = "landing.check_log"
"""The table with the latest finding of every rule. Tables that read it are built after the checks."""

_LANDING_TABLES = """
CREATE TABLE IF NOT EXISTS landing.settings (
    landing VARCHAR, layout VARCHAR, as_of TIMESTAMP, timezone VARCHAR, stuck_after_ms BIGINT, clock_tolerance_ms BIGINT,
    personal_data VARCHAR, country VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.files (
    file_id INTEGER PRIMARY KEY, source VARCHAR, resource VARCHAR, file VARCHAR, size BIGINT, modified_ns BIGINT,
    columns VARCHAR[], content_hash VARCHAR, same_as INTEGER, shape VARCHAR,
    rows_read BIGINT, rows_accepted BIGINT, rows_superseded BIGINT, rows_rejected BIGINT,
    is_current BOOLEAN DEFAULT TRUE, is_present BOOLEAN DEFAULT TRUE
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
CREATE TABLE IF NOT EXISTS landing.contact_rules (
    rule VARCHAR, title VARCHAR, kind VARCHAR, jurisdiction VARCHAR, in_force_from DATE, in_force_until DATE,
    purposes VARCHAR[], channels VARCHAR[], consent_lifts BOOLEAN, location_presumption VARCHAR, days INTEGER[],
    from_local TIME, until_local TIME, cap INTEGER, period VARCHAR, unit VARCHAR, same_subject BOOLEAN, counts VARCHAR,
    grace INTEGER, grace_unit VARCHAR, effect VARCHAR, citation VARCHAR, url VARCHAR, checked_on DATE,
    checked_how VARCHAR, enabled BOOLEAN, note VARCHAR, origin VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.purposes (
    line INTEGER, source VARCHAR, campaign VARCHAR, purpose VARCHAR, consent VARCHAR, subject VARCHAR,
    since TIMESTAMP, until TIMESTAMP
);
CREATE TABLE IF NOT EXISTS landing.number_plan (prefix VARCHAR, country VARCHAR, region VARCHAR, zones VARCHAR[]);
CREATE TABLE IF NOT EXISTS landing.nicknames (name VARCHAR, first_name VARCHAR);
CREATE TABLE IF NOT EXISTS landing.holidays (country VARCHAR, day DATE);
CREATE TABLE IF NOT EXISTS landing.regions (country VARCHAR, region VARCHAR, name VARCHAR);
CREATE TABLE IF NOT EXISTS landing.zones (zone VARCHAR);
CREATE TABLE IF NOT EXISTS landing.sources (
    source VARCHAR, title VARCHAR, target_words VARCHAR, measures_contact BOOLEAN
);
CREATE TABLE IF NOT EXISTS landing.moments (
    source VARCHAR, table_name VARCHAR, field VARCHAR, moment TIMESTAMP, basis VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.changed_targets (
    table_name VARCHAR, file_id INTEGER, target VARCHAR, row_key VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.sightings (
    table_name VARCHAR, row_key VARCHAR, alive_at TIMESTAMP, ended_at TIMESTAMP, stream_version BIGINT,
    changed_at TIMESTAMP, is_gone BOOLEAN, is_new BOOLEAN, marked_at TIMESTAMP, own_deleted_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS landing.stream_versions (
    table_name VARCHAR, version BIGINT, is_activated BOOLEAN, extracted_at TIMESTAMP, changed_at TIMESTAMP,
    is_new BOOLEAN
);
CREATE TABLE IF NOT EXISTS landing.builds (
    table_name VARCHAR PRIMARY KEY, code VARCHAR, inputs VARCHAR, version VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.published_tables (
    release VARCHAR, table_name VARCHAR, shape VARCHAR, version VARCHAR, unsorted BIGINT
);
CREATE TABLE IF NOT EXISTS landing.check_log (
    table_name VARCHAR, check_name VARCHAR, severity VARCHAR, passed BOOLEAN, observed VARCHAR,
    detail VARCHAR, checked_at TIMESTAMP, run_id VARCHAR
);
CREATE TABLE IF NOT EXISTS landing.findings (
    table_name VARCHAR, check_name VARCHAR, basis VARCHAR, evaluated_at TIMESTAMP, passed BOOLEAN, offending BIGINT,
    checked BIGINT, sample VARCHAR
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
    """Return the columns of a resource's raw table, in order: name → DuckDB type."""
    return {field.name: field.duckdb_type for field in (*resource.fields, *COMMON_FIELDS)}


def kept_rows(resource: Resource) -> str:
    """Return the table that keeps every row read of a resource with page sets, and its place in its page."""
    return f"landing.{quoted(f'{resource.table}_rows')}"


def kept_pages(resource: Resource) -> str:
    """Return the table that keeps every page read of a resource with page sets: its owner, and its place in its set."""
    return f"landing.{quoted(f'{resource.table}_pages')}"


def kept_parts(resource: Resource) -> str:
    """Return the table that keeps the events that carry a part of a row, and the whole rows that they change."""
    return f"landing.{quoted(f'{resource.table}_parts')}"


def kept_versions(resource: Resource) -> str:
    """Return the table that keeps the earlier versions of a resource's rows, with the time in which each held."""
    return f"landing.{quoted(f'{resource.table}_versions')}"


def _resource_tables(resource: Resource) -> dict[str, dict[str, str]]:
    """Return every table of one resource: name → columns with their DuckDB types."""
    raw = raw_columns(resource)
    tables = {f"raw.{quoted(resource.table)}": raw}
    if resource.has_versions:
        time = {"_kind": "VARCHAR", "_since": "TIMESTAMP", "_until": "TIMESTAMP"}
        tables[kept_versions(resource)] = {**raw, **time}
    if resource.takes_parts:
        event = {"_kind": "VARCHAR", "_carried": "VARCHAR[]", "_unknown": "VARCHAR[]", "_at": "TIMESTAMP"}
        tables[kept_parts(resource)] = {**raw, **event, "_position": "BIGINT", "_record": "VARCHAR"}
    if (sets := resource.page_sets) is not None:
        place = {"total": "BIGINT", "skip": "BIGINT"}
        tables[kept_rows(resource)] = {**raw, "page": "BIGINT", "item": "BIGINT", **place}
        owner = {"page": "BIGINT", "owner": raw[sets.owner]}
        tables[kept_pages(resource)] = {"file_id": "INTEGER", **owner, **place, "rows": "BIGINT"}
    return tables


def layout() -> str:
    """Return a hash of the tables in this module. A warehouse with another hash has other columns, and is set aside."""
    columns = [(table, *columns.items()) for r in RESOURCES for table, columns in _resource_tables(r).items()]
    return hashlib.sha256(repr((_LANDING_TABLES, columns)).encode()).hexdigest()


def create_schemas(
    con: duckdb.DuckDBPyConnection, resources: Iterable[Resource] = RESOURCES, macros: Path = MACROS
) -> None:
    """Create every schema and every table of this module that is missing, and the macros. Existing tables stay as is."""
    for schema in SCHEMAS:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    con.execute(_LANDING_TABLES)
    for resource in resources:
        for table, columns in _resource_tables(resource).items():
            listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
            con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({listed})")
    con.execute(macros.read_text(encoding="utf-8"))


def write_settings(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Write the run's settings and the sources of attempts to ``landing.settings`` and ``landing.sources``, for SQL.

    In a new warehouse, also draw the random key of the hashes of personal data: ``landing.salt``.
    """
    con.execute("DELETE FROM landing.settings")
    con.execute(
        "INSERT INTO landing.settings VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            str(settings.landing),
            layout(),
            settings.as_of,
            settings.timezone,
            settings.stuck_after_ms,
            settings.clock_tolerance_ms,
            settings.personal_data,
            settings.country,
        ],
    )
    con.execute("DELETE FROM landing.sources")
    con.executemany(
        "INSERT INTO landing.sources VALUES (?, ?, ?, ?)",
        [
            [source.name, source.title, source.target, source.measures_contact]
            for source in SOURCES
            if source.has_attempts
        ],
    )
    con.execute(
        "INSERT INTO landing.zones SELECT name FROM pg_timezone_names() "
        "WHERE NOT EXISTS (SELECT 1 FROM landing.zones) ORDER BY name"
    )
    con.execute(
        "INSERT INTO landing.salt SELECT ? WHERE NOT EXISTS (SELECT 1 FROM landing.salt)",
        [secrets.token_hex(32)],
    )
