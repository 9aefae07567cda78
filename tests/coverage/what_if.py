"""Simulated logs whose next attempts are made too, and how often reports.retry_what_if had said what they bring.

Belongs here: the designs, and the comparison with what came out. Does not belong here: the table (``tests.coverage``).

Each log is a campaign of one ledger, as rows of reports._history_counts: two queries of the pipeline judge thousands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from pipelines.models.sql_files import load_models
from pipelines.warehouse.tables import create_schemas
from tests.coverage import Measured

SEED = 16
SIZES = (20, 100, 400, 2000)
FURTHER = (1, 2, 3)


class Design(NamedTuple):
    """So many tries for each target, and the range of the chance that a try reaches it.

    ``ringing``: share of the last tries that are in flight. ``deleted``: share of targets that the source deletes.
    """

    name: str
    tries: int
    chances: tuple[float, float]
    ringing: float = 0.0
    deleted: float = 0.0


DESIGNS = (
    Design("3 tries, 10 to 50 % reached", 3, (0.1, 0.5)),
    Design("5 tries, 5 to 20 % reached", 5, (0.05, 0.2)),
    Design("3 tries, 2 to 10 % reached", 3, (0.02, 0.1)),
    Design(
        "4 tries, 10 to 40 % reached, 30 % ringing, 30 % deleted", 4, (0.1, 0.4), ringing=0.3, deleted=0.3
    ),
)


class _Log(NamedTuple):
    """One log: its histories as (attempts, attempts ended, first contact, end, is deleted, targets), and what comes next.

    ``later``: targets reached and attempts made with 1, 2 and 3 tries more.
    """

    histories: Sequence[tuple[int, int, int | None, str | None, bool, int]]
    later: Sequence[tuple[int, int]]
    left: int


def what_if(logs: int, sizes: Sequence[int] = SIZES, kind: str = "_predicted") -> list[Measured]:
    """Measure the predicted intervals (``kind`` empty: the bands) of targets reached and of attempts.

    The attempts of one try more are known beforehand, so they are not measured. Where few targets are left to be tried,
    one more or less is a large part of all results: there only the lower bound is promised.
    """
    held: dict[tuple[str, str, int], int] = defaultdict(int)
    left: dict[tuple[str, int], int] = defaultdict(int)
    for design in DESIGNS:
        for targets in sizes:
            rng = np.random.default_rng([SEED, DESIGNS.index(design), targets])
            played = [_play(design, targets, rng) for _ in range(logs)]
            left[design.name, targets] = sum(log.left for log in played)
            said = _said([log.histories for log in played], kind)
            assert len(said) == len(FURTHER) * logs
            for (log, further), ends in said.items():
                for figure, came_out, (low, high) in zip(
                    ("targets reached", "attempts"), played[log].later[further - 1], ends, strict=True
                ):
                    if (figure, further) != ("attempts", 1):
                        what = f"What-if: {figure}, {further} more"
                        held[what, design.name, targets] += low - 1e-9 <= came_out <= high + 1e-9
    return [
        Measured(what, design, targets, logs, count, at_most=left[design, targets] > 40 * logs)
        for (what, design, targets), count in sorted(held.items(), key=lambda item: item[0][0])
    ]


def _play(design: Design, targets: int, rng: np.random.Generator) -> _Log:
    """Make a log, and go on with those of its targets that had used up their tries and are not deleted."""
    chance = rng.uniform(*design.chances)
    histories: list[tuple[int, int, int | None, str | None, bool, int]] = []
    left, reached, attempts = targets, 0, 0
    for number in range(1, design.tries + 1):
        attempts += left
        ringing = int(rng.binomial(left, design.ringing)) if number == design.tries else 0
        hits = int(rng.binomial(left - ringing, chance))
        histories.append((number, number, number, "contact", False, hits))
        histories.append((number, number - 1, None, None, False, ringing))
        left, reached = left - ringing - hits, reached + hits
    gone = int(rng.binomial(left, design.deleted))
    left -= gone
    histories.append((design.tries, design.tries, None, "exhausted", True, gone))
    histories.append((design.tries, design.tries, None, "exhausted", False, left))
    later, waiting = [], left
    for _ in FURTHER:
        attempts += waiting
        hits = int(rng.binomial(waiting, chance))
        reached, waiting = reached + hits, waiting - hits
        later.append((reached, attempts))
    return _Log([history for history in histories if history[-1]], later, left)


def _said(
    logs: Sequence[Sequence[tuple[int, int, int | None, str | None, bool, int]]], kind: str
) -> dict[tuple[int, int], tuple[tuple[float, float], tuple[float, float]]]:
    """Log and number of further tries → the intervals of targets reached and of attempts."""
    columns = list(
        zip(*((f"log:{log}", *history) for log, each in enumerate(logs) for history in each), strict=True)
    )
    types = ("VARCHAR", "INTEGER", "INTEGER", "INTEGER", "VARCHAR", "BOOLEAN", "BIGINT")
    names = "campaign_key, attempts, attempts_ended, first_contact_number, ended_by, is_deleted, targets"
    values = ", ".join(f"unnest(CAST(? AS {each}[]))" for each in types)
    models = load_models()
    with duckdb.connect() as con:
        create_schemas(con)
        con.execute(
            "CREATE TABLE core._attempts_in_flight "
            "(source VARCHAR, campaign_key VARCHAR, attempt_number INTEGER, overtaken_at TIMESTAMP)"
        )
        con.execute(
            f"CREATE TABLE reports._history_counts AS SELECT 'log' AS source, * FROM (SELECT {values}) "
            f"AS histories ({names})",
            [list(column) for column in columns],
        )
        for table in ("reports.attempt_curve", "reports.retry_what_if"):
            con.execute(f"CREATE TABLE {table} AS {models[table].select}")
        rows = con.sql(
            f"SELECT CAST(substring(campaign_key, 5) AS INTEGER), max_attempts, targets_contacted{kind}_low, "
            f"targets_contacted{kind}_high, attempts{kind}_low, attempts{kind}_high "
            "FROM reports.retry_what_if WHERE basis = 'extrapolated'"
        ).fetchall()
    made = [max(history[0] for history in each) for each in logs]
    return {(row[0], row[1] - made[row[0]]): ((row[2], row[3]), (row[4], row[5])) for row in rows}
