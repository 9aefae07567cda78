"""Automation: the job, its daily schedule, the sensor that watches the landing folder, and the freshness policy.

Belongs here: when a run is requested. Does not belong here: what the run does (``refresh``).
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import dagster as dg

from pipelines.ingest.files import OWN_FILES, LandingFolder
from pipelines.orchestration import liveness
from pipelines.orchestration.names import JOB
from pipelines.settings import DAILY, SettingError, Settings
from pipelines.sources import RESOURCES
from pipelines.warehouse.connection import LandingMissingError

_LOOK_EVERY_S = 30
"""The time between two looks of the sensor (seconds)."""
_PATIENCE_S = 30 * 60
"""How long the sensor waits for files to stop growing (seconds). Ingest leaves a file that grows for the next run."""

refresh = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Read the new files of the landing folder, build every table, evaluate every rule, and publish.",
)


def daily_refresh(settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule: the job once a day, at the hour and in the time zone of the settings.

    Raises SettingError if the setting is not a cron expression.
    """

    def due(context: dg.ScheduleEvaluationContext) -> bool:
        # An orphaned run still counts as started, and would hold this run up.
        liveness.fail_orphaned_runs(context.instance, settings, context.log.warning)
        return True

    try:
        return dg.ScheduleDefinition(
            name="daily_refresh",
            job=refresh,
            cron_schedule=settings.schedule or DAILY,
            execution_timezone=settings.timezone,
            should_execute=due,
            default_status=(
                dg.DefaultScheduleStatus.RUNNING if settings.schedule else dg.DefaultScheduleStatus.STOPPED
            ),
            description=(
                "Refreshes once a day, so that as-of and everything that depends on it move on without new files."
            ),
        )
    except dg.DagsterInvalidDefinitionError:
        raise SettingError(
            "CONTACT_LEDGER_SCHEDULE",
            settings.schedule,
            "is not a cron expression",
            f"write e.g. '{DAILY}' (05:00 every day), or off",
        ) from None


def landing_files(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor: it requests one run for all changes in the landing folder, once the folder stays the same."""

    @dg.sensor(
        name="landing_files",
        job=refresh,
        minimum_interval_seconds=_LOOK_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.watch else dg.DefaultSensorStatus.STOPPED,
        description=(
            "Requests one run when files have arrived or changed in the landing folder, however many there are. It "
            f"waits until two looks {_LOOK_EVERY_S} s apart find the same files."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        liveness.fail_orphaned_runs(context.instance, settings, context.log.warning)
        if not settings.landing.is_dir():
            # A run would fail. The cursor is kept until the folder is back.
            return dg.SkipReason(str(LandingMissingError(settings.landing)))
        found, now = fingerprint(settings.landing), time.time()
        cursor = json.loads(context.cursor) if context.cursor else {}
        if found == cursor.get("asked_for"):
            return dg.SkipReason("nothing new in the landing folder")
        since = cursor.get("changing_since") or now
        if found != cursor.get("seen") and now - since < _PATIENCE_S:
            context.update_cursor(json.dumps({**cursor, "seen": found, "changing_since": since}))
            return dg.SkipReason("the landing folder has changed; waiting until it stays the same")
        number = cursor.get("number", 0) + 1  # the folder may hold the same files as at an earlier run
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{number}-{found}")],
            cursor=json.dumps({"asked_for": found, "number": number}),
        )

    return sensor


def fingerprint(landing: Path) -> str:
    """Return a hash of the names, sizes and times of change of the files that ingest would find.

    Opens no file, except for the list of what is in a zip archive.
    """
    folder = LandingFolder(landing)
    found = [file for resource in RESOURCES for file in folder.files(resource)]
    lines = [f"{file.name}\0{file.size}\0{file.modified_ns}\0{file.refused}" for file in found]
    for name in OWN_FILES:
        with suppress(OSError):  # the usual case: the folder has none of its own
            own = (landing / name).stat()
            lines.append(f"{name}\0{own.st_size}\0{own.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def freshness() -> dg.FreshnessPolicy:
    """Build the freshness policy of the published assets: they warn after 26 hours and fail after 50."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
