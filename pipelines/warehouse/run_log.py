"""What is remembered of runs and publications: when each run was, what it read, and the figures it put before people.

Belongs here: the books ``landing.runs`` and ``landing.daily_figures``, and how a run that died is told from one that
published. Does not belong here: how they are shown (``sql/quality/run_history.sql``,
``sql/reports/campaign_daily_snapshot.sql``).

A run that is killed writes no last word, and it may be killed after the rename that published and before it could say
so. So what a publication is about to put in force is written down before the rename, under the release's name; whether
it came to that is read from the release that is in force, by the run itself or by the next one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from pipelines.settings import Settings
from pipelines.warehouse.connection import Warehouse

DAILY_COLUMNS = (
    "source, campaign_key, campaign_name, targets, targets_attempted, targets_contacted, attempts, contacts, "
    "contact_rate_per_attempt, contact_rate_per_attempt_low, contact_rate_per_attempt_high, "
    "contact_rate_per_target, contact_rate_per_target_low, contact_rate_per_target_high, as_of"
)
"""The columns of ``reports.campaign_contact_rates`` that are kept of every day's last publication."""

MEMORY = "landing.published_figures"
"""One row per publication, figure and scope: run_id, published_at (UTC), figure, scope, value."""

PUBLICATIONS_KEPT = 400
"""Publications whose figures are remembered: over a year of daily runs."""

FIGURES = """
SELECT 'attempts' AS figure, source AS scope, CAST(count(*) AS DOUBLE) AS value
FROM core.attempts
WHERE is_attempt
GROUP BY source
UNION ALL
SELECT 'contact_rate', source, avg(CASE WHEN is_contact THEN 1.0 ELSE 0.0 END)
FROM core.attempts
WHERE is_attempt AND measures_contact
GROUP BY source
UNION ALL
SELECT 'unknown_share', source, avg(CASE WHEN disposition = 'unknown' THEN 1.0 ELSE 0.0 END)
FROM core.attempts
WHERE is_attempt
GROUP BY source
UNION ALL
SELECT 'rows_of_value', source || ' ' || raw_disposition, CAST(count(*) AS DOUBLE)
FROM core.attempts
WHERE raw_disposition IS NOT NULL
GROUP BY source, raw_disposition"""
"""The figures of now: figure, scope, value."""

_LAST = "(SELECT max(number) FROM landing.runs)"


@contextmanager
def record_run(warehouse: Warehouse, run_id: str) -> Iterator[None]:
    """Enter a run into the books for as long as it lasts; first close the books of runs that could not themselves.

    The run's day is the one on which it began, in the reporting zone.
    """
    finalize_runs(warehouse)
    now = datetime.now(UTC)
    with warehouse.transaction() as con:
        _forget(con, warehouse.settings, now)
        con.execute(
            "INSERT INTO landing.runs (number, run_id, started_at, day, last_file_id, published) "
            f"SELECT coalesce({_LAST}, 0) + 1, ?, ?, ?, coalesce((SELECT max(file_id) FROM landing.files), 0), FALSE",
            [run_id, now.replace(tzinfo=None), _day(warehouse.settings, now)],
        )
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # a warehouse that can no longer write: the next run closes the books
            seconds = (datetime.now(UTC) - now).total_seconds()
            warehouse.con.execute(
                f"UPDATE landing.runs SET seconds = ? WHERE number = {_LAST} AND rows_in IS NULL", [seconds]
            )
            finalize_runs(warehouse)


def record_release(warehouse: Warehouse, release: str) -> None:
    """Write down what the release that is about to be put in force shows. It counts once it is in force."""
    with warehouse.transaction() as con:
        con.execute(
            f"UPDATE landing.runs SET release = ?, as_of = (SELECT as_of FROM core.as_of) WHERE number = {_LAST}",
            [release],
        )
        con.execute(f"DELETE FROM landing.daily_figures WHERE number = {_LAST}")
        con.execute(
            f"INSERT INTO landing.daily_figures BY NAME SELECT own.number, {DAILY_COLUMNS} "
            f"FROM reports.campaign_contact_rates CROSS JOIN (SELECT number FROM landing.runs WHERE number = {_LAST}) AS own"
        )


def finalize_runs(warehouse: Warehouse) -> None:
    """Close the books of every run still open in them: whether it published, what it read, which checks failed."""
    now_in_force = in_force(warehouse.settings)
    unsettled = warehouse.con.sql(
        "SELECT number, run_id, release FROM landing.runs WHERE rows_in IS NULL ORDER BY number"
    ).fetchall()
    for number, run_id, release in unsettled:
        if release is not None and release == now_in_force:
            # Nothing has been built since, so the warehouse still holds what was published.
            remember_published(warehouse, run_id)
            _close_published(warehouse, number)
        else:
            _close_unpublished(warehouse, number)


def _close_published(warehouse: Warehouse, number: int) -> None:
    """The row in the books becomes the one that was published: what people have seen does not change."""
    warehouse.con.execute(
        "UPDATE landing.runs SET published = TRUE, seconds = seen.seconds, rows_in = seen.rows_in, "
        "rows_rejected = seen.rows_rejected, checks_failed = seen.checks_failed, checks_warned = seen.checks_warned "
        "FROM quality.run_history AS seen WHERE seen.run_id = landing.runs.run_id AND landing.runs.number = ?",
        [number],
    )


def _close_unpublished(warehouse: Warehouse, number: int) -> None:
    warehouse.con.execute(
        """UPDATE landing.runs SET as_of = NULL, rows_in = read.rows_in, rows_rejected = read.rows_rejected,
            checks_failed = coalesce(checks_failed, 0), checks_warned = coalesce(checks_warned, 0)
        FROM (
            SELECT coalesce(sum(rows_read), 0) AS rows_in, coalesce(sum(rows_rejected), 0) AS rows_rejected
            FROM landing.files
            WHERE file_id > (SELECT last_file_id FROM landing.runs WHERE number = $1)
        ) AS read
        WHERE landing.runs.number = $1""",
        [number],
    )


def _forget(con: duckdb.DuckDBPyConnection, settings: Settings, now: datetime) -> None:
    """Drop what is older than the books are kept, and figures that a later publication of their day replaced."""
    con.execute(
        "DELETE FROM landing.runs WHERE day < CAST(? AS DATE) - CAST(? AS INTEGER)",
        [_day(settings, now), settings.history_days],
    )
    con.execute(
        "DELETE FROM landing.daily_figures "
        "WHERE number NOT IN (SELECT max(number) FROM landing.runs WHERE published GROUP BY day)"
    )


def _day(settings: Settings, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(settings.timezone)).date().isoformat()


def in_force(settings: Settings) -> str | None:
    """The name of the release that people see; None before the first."""
    try:
        return Path(os.readlink(settings.output / "release")).name
    except OSError:
        return None


def remember_published(warehouse: Warehouse, run_id: str) -> None:
    """Remember what was just published. To be called after every publication, and only then."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with warehouse.transaction() as con:
        con.execute(f"INSERT INTO {MEMORY} SELECT ?, ?, figure, scope, value FROM ({FIGURES})", [run_id, now])
        con.execute(
            f"DELETE FROM {MEMORY} WHERE published_at NOT IN "
            f"(SELECT DISTINCT published_at FROM {MEMORY} ORDER BY published_at DESC LIMIT {PUBLICATIONS_KEPT})"
        )
