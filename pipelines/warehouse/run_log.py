"""The run log: when each run started, what it read, whether it published, and the figures that it published.

Belongs here: the tables ``landing.runs``, ``landing.daily_figures`` and ``landing.published_figures``, and how a run that
died is told from one that published. Does not belong here: how they are shown (``sql/quality/run_history.sql``,
``sql/reports/campaign_daily_snapshot.sql``).

A run may be killed after the rename that publishes and before it can record that. So a run records its release, by name,
before the rename. Later, the run itself or the next one compares that name with the release in force.
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
"""The columns of ``reports.campaign_contact_rates`` that the last publication of each day keeps."""

MEMORY = "landing.published_figures"
"""The table of published figures: one row per publication with other figures than the one before, figure and scope.

``published_at`` is UTC.
"""

PUBLICATIONS_KEPT = 400
"""How many publications keep their figures: more than a year of days with new files."""

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
"""The current figures: figure, scope, value."""

_LAST = "(SELECT max(number) FROM landing.runs)"


@contextmanager
def record_run(warehouse: Warehouse, run_id: str) -> Iterator[None]:
    """Record a run while it lasts; first finalize runs that died.

    A run belongs to the day on which it started, in the reporting time zone.
    """
    finalize_runs(warehouse)
    now = datetime.now(UTC)
    with warehouse.transaction() as con:
        _delete_old(con, warehouse.settings, now)
        con.execute(
            "INSERT INTO landing.runs (number, run_id, started_at, day, last_file_id, published) "
            f"SELECT coalesce({_LAST}, 0) + 1, ?, ?, ?, coalesce((SELECT max(file_id) FROM landing.files), 0), FALSE",
            [run_id, now.replace(tzinfo=None), _day(warehouse.settings, now)],
        )
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # the warehouse can no longer write: the next run finalizes this one
            seconds = (datetime.now(UTC) - now).total_seconds()
            warehouse.con.execute(
                f"UPDATE landing.runs SET seconds = ? WHERE number = {_LAST} AND rows_in IS NULL", [seconds]
            )
            finalize_runs(warehouse)


def record_release(warehouse: Warehouse, release: str) -> None:
    """Record the figures of a release that is about to be published. They count once it is in force."""
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
    """Record for every unfinished run whether it published, what it read, and how many checks failed."""
    now_in_force = in_force(warehouse.settings)
    unsettled = warehouse.con.sql(
        "SELECT number, run_id, release FROM landing.runs WHERE rows_in IS NULL ORDER BY number"
    ).fetchall()
    for number, run_id, release in unsettled:
        if release is not None and release == now_in_force:
            # Nothing was built since, so the warehouse still holds what was published.
            remember_published(warehouse, run_id)
            _close_published(warehouse, number)
        else:
            _close_unpublished(warehouse, number)


def _close_published(warehouse: Warehouse, number: int) -> None:
    """Copy the run's row from ``quality.run_history`` as it was published: what people saw does not change."""
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


def _delete_old(con: duckdb.DuckDBPyConnection, settings: Settings, now: datetime) -> None:
    """Delete runs older than ``history_days``, and figures that a later publication of the same day replaced."""
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
    """Return the name of the release that people see; None before the first."""
    try:
        return Path(os.readlink(settings.output / "release")).name
    except OSError:
        return None


def remember_published(warehouse: Warehouse, run_id: str) -> None:
    """Store the figures of what was just published. Call it after every publication, and only then.

    If they are those of the last publication, nothing is stored: what was compared with them stands.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    with warehouse.transaction() as con:
        last = f"SELECT figure, scope, value FROM {MEMORY} WHERE published_at = (SELECT max(published_at) FROM {MEMORY})"
        (differing,) = con.sql(
            f"SELECT count(*) FROM (((FROM ({FIGURES})) EXCEPT ({last})) UNION ALL (({last}) EXCEPT (FROM ({FIGURES}))))"
        ).fetchall()[0]
        if not differing:
            return
        con.execute(f"INSERT INTO {MEMORY} SELECT ?, ?, figure, scope, value FROM ({FIGURES})", [run_id, now])
        con.execute(
            f"DELETE FROM {MEMORY} WHERE published_at NOT IN "
            f"(SELECT DISTINCT published_at FROM {MEMORY} ORDER BY published_at DESC LIMIT {PUBLICATIONS_KEPT})"
        )
