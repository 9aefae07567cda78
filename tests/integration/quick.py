"""A run without Dagster, for tests of what a run leaves behind: the same steps on the same warehouse, in a second.

Belongs here: the order of the steps. Does not belong here: any expectation, and anything Dagster does with them.
"""

from __future__ import annotations

from pipelines import history
from pipelines.building import bring_up_to_date
from pipelines.ingest import ingest, load_dispositions
from pipelines.models import load_models
from pipelines.publish import drafted, publish
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from pipelines.validation import RULES
from pipelines.validation.checks import log_findings
from pipelines.warehouse import open_warehouse

MODELS = load_models()
LAST = ("quality.check_results", "quality.run_history")
"""Built after the checks."""


def refresh(settings: Settings, run_id: str, *, checked: bool = False) -> dict[str, int]:
    """Read, build, check (or not) and publish; rows by published table."""
    with (
        open_warehouse(settings) as opened,
        history.recorded(opened, run_id),
        drafted(opened, MODELS) as warehouse,
    ):
        load_dispositions(warehouse.con, settings.landing, settings.mappings)
        for resource in RESOURCES:
            ingest(warehouse.con, resource, settings.landing, settings.output)
        for model in MODELS.values():
            if model.table not in LAST:
                bring_up_to_date(warehouse, model)
        if checked:
            from pipelines.validation.engine import evaluate

            log_findings(warehouse, evaluate(warehouse.con, RULES), run_id)
        for table in LAST:
            bring_up_to_date(warehouse, MODELS[table])
        return publish(warehouse, MODELS)
