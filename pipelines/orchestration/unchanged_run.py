"""A run that finds nothing new, as Dagster shows it: one step that says so of what is published.

Belongs here: what Dagster keeps of such a run. Does not belong here: whether anything is new (``standing``). Nothing heavy
is imported here: such a run must cost little more than loading Dagster.

Tables and checks have no event in this run, so that Dagster goes on to show when each was last built and evaluated. The
published assets have one, because what they hold was found to be up to date: their freshness counts from it.
"""

# No deferred annotations here: Dagster reads those of the step's function.
import logging
from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from pipelines.orchestration.names import DATABASE, JOB, OWNERS, PUBLISHED, REPORT
from pipelines.standing import Publication

TAG = "contact_ledger/nothing_new_since"
"""The run tag with the time of the publication that still stands (UTC)."""
_INPUT = "dagster/input_data_version/"
"""What the tags of a materialization begin with that name an asset from which it was made."""


def knows_run(instance: dg.DagsterInstance, publication: Publication) -> bool:
    """True if Dagster's history has the run that published."""
    return instance.get_run_by_id(publication.run_id) is not None


def record_unchanged_run(instance: dg.DagsterInstance, publication: Publication) -> bool:
    """Carry out a run of the job that has one step and finds nothing new. Returns True if it succeeded."""
    since = datetime.fromisoformat(publication.published_at)
    known = {key: _last_materialization(instance, key) for key in (DATABASE, REPORT)}

    @dg.multi_asset(
        name="publish",
        specs=[
            dg.AssetSpec(key, deps=_inputs(last), group_name=PUBLISHED, owners=OWNERS)
            for key, last in known.items()
        ],
        description="Nothing is new, so what is published stands.",
    )
    def publish(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        context.log.info(
            "nothing is new: files, settings, code and day are those of run %s, so every table and every check stands as "
            "that run left it",
            publication.run_id,
        )
        for key, last in known.items():
            metadata = {**last.metadata, "unchanged_since": dg.MetadataValue.timestamp(since)}
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    definitions = dg.Definitions(
        assets=[publish],
        jobs=[dg.define_asset_job(JOB, selection=dg.AssetSelection.all())],
        executor=dg.in_process_executor,
        loggers={"silent": _silent()},
    )
    result = definitions.resolve_job_def(JOB).execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"loggers": {"silent": {}}},
        tags={TAG: publication.published_at},
    )
    return result.success


def _last_materialization(instance: dg.DagsterInstance, key: dg.AssetKey) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(key)
    found = event.asset_materialization if event is not None else None
    return found or dg.AssetMaterialization(key)


def _inputs(last: dg.AssetMaterialization) -> list[dg.AssetKey]:
    """Return what the asset was made from, by its last materialization: without it, Dagster would call it out of sync."""
    names = (tag.removeprefix(_INPUT) for tag in last.tags or {} if tag.startswith(_INPUT))
    return [dg.AssetKey.from_user_string(name) for name in names]


def _silent() -> dg.LoggerDefinition:
    """Build a logger that prints nothing: the terminal says what a person needs to know."""

    def silent(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.getLogger("contact_ledger.silent")
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
        return logger

    return dg.LoggerDefinition(silent, description="Prints nothing.")
