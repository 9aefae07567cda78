"""What runs by itself: the job, its daily schedule, the sensor that watches the landing folder, and freshness.

Belongs here: when a run is requested. Does not belong here: what the run does.
"""

from __future__ import annotations

import hashlib
import json
import time
from datetime import timedelta
from pathlib import Path

import dagster as dg

from pipelines.ingest.files import LandingFolder
from pipelines.orchestration import liveness
from pipelines.settings import DAILY, SettingError, Settings
from pipelines.sources import RESOURCES
from pipelines.warehouse.connection import LandingMissingError

JOB = "refresh"
_LOOK_EVERY_S = 30
_PATIENCE_S = 30 * 60
"""How long the sensor waits for files to stop growing. Ingest leaves a file that grows for the next run."""

refresh = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Read what is new in the landing folder, build every table, check it, and publish.",
)


def daily_refresh(settings: Settings) -> dg.ScheduleDefinition:
    """Build the schedule: the job once a day, at the hour and in the time zone of the settings.

    Raises SettingError when the setting is no cron expression.
    """

    def due(context: dg.ScheduleEvaluationContext) -> bool:
        # An orphaned run that still counts as started would hold this one up.
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
                "Refreshes once a day, so that as-of and what depends on it move on even when no file arrives."
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
    """Build the sensor: one run for whatever arrived in the landing folder, once it has stopped growing."""

    @dg.sensor(
        name="landing_files",
        job=refresh,
        minimum_interval_seconds=_LOOK_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.watch else dg.DefaultSensorStatus.STOPPED,
        description=(
            "Asks for one run when files have arrived or changed in the landing folder, however many there are, "
            f"after two looks {_LOOK_EVERY_S} s apart have found them the same."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        liveness.fail_orphaned_runs(context.instance, settings, context.log.warning)
        if not settings.landing.is_dir():
            # A run would only fail. The cursor keeps what was there until the folder is back.
            return dg.SkipReason(str(LandingMissingError(settings.landing)))
        found, now = fingerprint(settings.landing), time.time()
        cursor = json.loads(context.cursor) if context.cursor else {}
        if found == cursor.get("asked_for"):
            return dg.SkipReason("nothing new in the landing folder")
        since = cursor.get("changing_since") or now
        if found != cursor.get("seen") and now - since < _PATIENCE_S:
            context.update_cursor(json.dumps({**cursor, "seen": found, "changing_since": since}))
            return dg.SkipReason("the landing folder has changed; waiting until it stays the same")
        number = cursor.get("number", 0) + 1  # the folder may hold again what it held before
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{number}-{found}")],
            cursor=json.dumps({"asked_for": found, "number": number}),
        )

    return sensor


def fingerprint(landing: Path) -> str:
    """A hash of the names, sizes and times of change of what ingest would find. No file is opened."""
    folder = LandingFolder(landing)
    found = [file for resource in RESOURCES for file in folder.files(resource)]
    lines = [f"{file.name}\0{file.size}\0{file.modified_ns}\0{file.refused}" for file in found]
    try:
        mapping = (landing / "dispositions.csv").stat()
        lines.append(f"dispositions.csv\0{mapping.st_size}\0{mapping.st_mtime_ns}")
    except OSError:
        pass  # the usual case: the folder has no mapping of its own
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def freshness() -> dg.FreshnessPolicy:
    """Build the freshness policy of what is published: one missed day warns, two fail."""
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
