"""One run as plain steps: open, ingest, build, check, publish.

Belongs here: the steps and their order. Does not belong here: what a step does, and Dagster, which calls the same steps
one by one (``orchestration``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from pipelines import standing
from pipelines.errors import LedgerError
from pipelines.ingest import (
    IngestError,
    IngestResult,
    ingest,
    load_contact_rules,
    load_dispositions,
    load_purposes,
    load_reference,
    note_unread,
)
from pipelines.ingest.files import LandingFolder, Unread
from pipelines.ingest.landing_folder import assert_landing
from pipelines.models import incremental
from pipelines.models.incremental import Extent
from pipelines.models.sql_files import Model, load_models, with_upstream
from pipelines.publish.personal_data import create_macros, is_hidden, masked, withhold_errors
from pipelines.publish.release import drafted, publish
from pipelines.settings import Settings
from pipelines.sources import RESOURCES, Resource
from pipelines.validation import Finding, Rule, load_rules
from pipelines.validation.due import find
from pipelines.validation.results import count_broken, log_findings
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import Warehouse, open_warehouse
from pipelines.warehouse.tables import CHECK_LOG


@dataclass(frozen=True, slots=True)
class Run(Warehouse):
    """An open run: its warehouse, and the files of the landing folder as they were at its start."""

    landing: LandingFolder = field(kw_only=True)


@contextmanager
def open_run(
    settings: Settings,
    run_id: str,
    models: Mapping[str, Model],
    log: Callable[[str], None] = print,
    *,
    publishes: bool = True,
    is_whole: bool = True,
) -> Iterator[Run]:
    """Hold the warehouse for one run, and record the run in the run log.

    ``publishes``: True if the run will publish; tables are then copied into a draft while others are built.
    ``is_whole``: True if the run does everything, so that a run with nothing new need not follow it. Raises a
    LedgerError if there is no landing folder, if it holds files but no source's folder, or if the warehouse is held by
    another process or cannot be read.
    """
    assert_landing(LandingFolder(settings.landing), names=settings.personal_data == "keep")
    # Before anything is read: what changes while the run lasts is new for the next run.
    rests_on, before = standing.signature(settings), run_log.in_force(settings)
    with (
        open_warehouse(settings, log) as opened,
        run_log.record_run(opened, run_id),
        drafted(opened, models) if publishes else nullcontext(opened) as warehouse,
    ):
        if is_hidden(warehouse.con):
            create_macros(warehouse.con)
        # The folder is listed once for all steps, and after the wait for the warehouse.
        landing = LandingFolder(settings.landing)
        yield Run(warehouse.con, warehouse.settings, warehouse.draft, landing=landing)
    if is_whole and run_log.in_force(settings) != before:
        standing.note_publication(settings, run_id, rests_on)


def load_mapping(run: Run) -> list[Unread]:
    """Load what says how to read and to judge: the mapping, the contact rules, the purposes, and the reference data.

    Returns the files and folders of the landing folder that nothing reads. Raises MappingError if a file of the project
    cannot be used.
    """
    with withhold_errors(run.con):
        load_reference(run.con, run.settings.data)
        load_contact_rules(run.con, run.settings.landing, run.settings.contact_rules)
        load_purposes(run.con, run.settings.landing)
        load_dispositions(run.con, run.settings.landing, run.settings.mappings)
        return note_unread(run.con, run.landing)


def ingest_resource(run: Run, resource: Resource) -> IngestResult:
    """Read the resource's new files into its raw table. Returns counts of files and rows.

    Raises IngestError, and writes nothing, if the row accounting of a file does not add up. If personal data is hidden,
    it is a LedgerError that names the file as the published tables do.
    """
    try:
        with withhold_errors(run.con):
            result = ingest(run.con, resource, run.landing, run.settings.output)
    except IngestError as error:
        if not is_hidden(run.con):
            raise
        raise LedgerError(error.what, where=masked(run.con, error.where), cure=error.cure) from None
    if run.draft is not None and result.files_read:
        run.draft.add(f"raw.{resource.table}")
    return result


def build_table(warehouse: Warehouse, model: Model, models: Mapping[str, Model]) -> Extent:
    """Update one table, and queue it for the draft if it has changed. Returns how much was built."""
    with withhold_errors(warehouse.con):
        return incremental.update_table(warehouse, model, models)


def built_after_checks(models: Mapping[str, Model]) -> list[str]:
    """Return the tables that are built from the log of checks, directly or not; upstream before downstream."""
    return [
        table
        for table in models
        if any(CHECK_LOG in model.upstream for model in with_upstream(models, [table]))
    ]


def check(warehouse: Warehouse, rules: Iterable[Rule], run_id: str) -> list[Finding]:
    """Find out which rules hold, and write the findings to the log of checks. Returns one finding for each rule.

    A rule is evaluated only if it, or a table that it reads, has changed since it was last evaluated. A broken rule
    raises nothing: the caller decides what a failed error stops.
    """
    with withhold_errors(warehouse.con):
        findings = find(warehouse, rules)
        log_findings(warehouse, findings, run_id)
        count_broken(warehouse, findings)
    return findings


def refresh(settings: Settings, run_id: str, *, checked: bool = True) -> dict[str, int]:
    """Read, build, check and publish in one call. Returns rows by published table.

    ``checked=False`` leaves the checks out, which saves seconds. A broken rule does not stop this publication; in
    Dagster's job, a failed error does. Raises a LedgerError if a step fails.
    """
    models = load_models()
    with open_run(settings, run_id, models, is_whole=checked) as run:
        load_mapping(run)
        for resource in RESOURCES:
            ingest_resource(run, resource)
        last = built_after_checks(models)
        for model in models.values():
            if model.table not in last:
                build_table(run, model, models)
        if checked:
            check(run, load_rules(), run_id)
        for table in last:
            build_table(run, models[table], models)
        return publish(run, models)
