"""The code location: everything that Dagster loads, put together.

Belongs here: ``build_defs``. Does not belong here: anything else.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from pipelines.models.sql_files import load_models
from pipelines.orchestration import automation, liveness
from pipelines.orchestration.checks import build_checks
from pipelines.orchestration.ingest_assets import landing_assets
from pipelines.orchestration.model_assets import model_assets
from pipelines.orchestration.names import DATABASE
from pipelines.orchestration.published_assets import published_assets
from pipelines.refresh import Run, open_run
from pipelines.settings import Settings


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Return all assets, checks, jobs, schedules and sensors. ``settings``: by default those of the environment.

    Raises a LedgerError if a setting, a SQL file or a rule is wrong.
    """
    used = settings or Settings.from_environment()
    models = load_models()

    @dg.resource(
        description="The run's one connection to the warehouse, held from its first step to its last."
    )
    def warehouse(context: dg.InitResourceContext) -> Iterator[Run]:
        log = context.log.warning if context.log else print
        run_id = context.run.run_id if context.run else None
        if context.instance and run_id:
            liveness.claim_run(context.instance, run_id, used)
            liveness.fail_orphaned_runs(context.instance, used, log)
        selected = context.run.asset_selection if context.run else None  # None or empty means everything
        publishes = not selected or DATABASE in selected
        with open_run(
            used, run_id or "no run", models, log, publishes=publishes, is_whole=not selected
        ) as opened:
            yield opened

    return dg.Definitions(
        assets=[*landing_assets(), *model_assets(models), published_assets(models, automation.freshness())],
        asset_checks=build_checks(),
        jobs=[automation.refresh],
        schedules=[automation.daily_refresh(used)],
        sensors=[automation.landing_files(used)],
        resources={"warehouse": warehouse},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions that Dagster loads, on the environment's settings."""
    return build_defs()
