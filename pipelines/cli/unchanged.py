"""A run that finds nothing new, as a person at a terminal sees it: since when all stands, and the headline table.

Belongs here: what the terminal shows of such a run. Does not belong here: whether anything is new (``standing``), and
what Dagster keeps of it (``orchestration.unchanged_run``).
"""

from __future__ import annotations

import io
import os
import sys
import time
from contextlib import redirect_stderr
from datetime import datetime

from pipelines.cli import dagster_home, lines
from pipelines.cli.summary import summary
from pipelines.errors import LedgerError
from pipelines.orchestration.history import NOT_KEPT, not_kept, open_history
from pipelines.orchestration.unchanged_run import knows_run, record_unchanged_run
from pipelines.settings import Settings
from pipelines.standing import Publication


def report_unchanged(settings: Settings, publication: Publication, *, has_home: bool) -> bool:
    """Record the run in Dagster's history, and print the lines of the publication that stands.

    ``has_home``: True if the history lies in the project's own home for it. Returns False, and does nothing, if the
    history does not have the run that published: then a run has to tell it everything. Raises LedgerError if the history
    cannot be kept.
    """
    started = time.monotonic()
    if has_home:
        dagster_home.prepare(settings)
    if os.environ.get(dagster_home.VARIABLE) and not _is_recorded(publication):
        return False
    since = datetime.fromisoformat(publication.published_at)
    lines.write(
        f"nothing is new: files, settings, code and day are those of the run that published at {since:%Y-%m-%d %H:%M:%S} UTC",
        *summary(settings),
        f"done in {time.monotonic() - started:.1f} s",
    )
    return True


def _is_recorded(publication: Publication) -> bool:
    # Dagster writes pages to the standard error for each event that it cannot store; the error's one line replaces them.
    aside = io.StringIO()
    try:
        with redirect_stderr(aside), open_history() as history:
            is_recorded = knows_run(history, publication) and record_unchanged_run(history, publication)
    except NOT_KEPT as error:
        raise LedgerError(f"nothing was published; {not_kept(error)}") from None
    sys.stderr.write(aside.getvalue())
    return is_recorded
