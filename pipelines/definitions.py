"""The code location: everything that Dagster loads, put together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import dagster as dg

from pipelines import automation, history, processes
from pipelines.building import model_assets
from pipelines.ingest.assets import landing_assets
from pipelines.landing import assert_landing
from pipelines.models import load_models
from pipelines.publish import DATABASE, drafted, published_assets
from pipelines.settings import Settings
from pipelines.validation import build_checks
from pipelines.warehouse import Warehouse, open_warehouse


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors, on the given settings or the environment's."""
    used = settings or Settings.from_environment()
    models = load_models()

    @dg.resource(
        description="The run's one connection to the warehouse, held from its first step to its last."
    )
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        say = context.log.warning if context.log else print
        run_id = context.run.run_id if context.run else None
        if context.instance and run_id:
            processes.sign(context.instance, run_id, used)
            processes.fail_the_dead(context.instance, used, say)
        assert_landing(used.landing)
        with open_warehouse(used, say) as opened, history.recorded(opened, run_id or "no run"):
            chosen = context.run.asset_selection if context.run else None  # none, or empty: everything
            with (
                drafted(opened, models) if not chosen or DATABASE in chosen else nullcontext(opened) as ready
            ):
                yield ready

    return dg.Definitions(
        assets=[*landing_assets(), *model_assets(models), published_assets(models, automation.freshness())],
        asset_checks=build_checks(),
        jobs=[automation.refresh],
        schedules=[automation.daily_refresh(used)],
        sensors=[automation.landing_files(used)],
        resources={"warehouse": warehouse},
        executor=dg.in_process_executor,
    )


defs = build_defs()
