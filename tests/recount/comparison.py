"""A table of the product held to its recount: the same keys, and the same figures.

Belongs here: reading a table, and the comparison. Does not belong here: what a figure ought to be.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import duckdb
import pytest

from tests.recount.attempts import Attempt
from tests.recount.recount import NOTHING_YET, TABLES, Figures, Recount

COUNTED = {"core.attempts": "source <> 'liondesk'", "reports.best_time": "clock = 'reporting'"}
"""Table → the rows that are counted again here, if these are not all.

Hours by the called party's clock rest on where points are: tests/recount/across.py counts them.
"""


def read_table(con: duckdb.DuckDBPyConnection, name: str, where: str = "true") -> list[Figures]:
    """The rows of a table as dictionaries, ids as text."""
    relation = con.sql(f"SELECT * FROM {name} WHERE {where}")
    return [
        {
            column: str(value) if isinstance(value, UUID) else value
            for column, value in zip(relation.columns, row, strict=True)
        }
        for row in relation.fetchall()
    ]


def assert_counted(con: duckdb.DuckDBPyConnection, recount: Recount, name: str) -> None:
    """Every row of the table is in the recount and the other way round, and each figure that is counted agrees.

    Numbers agree to nine digits. Where a table has them, the campaign's name and the moment are checked as well.
    """
    columns, _ = TABLES[name]
    rows = read_table(con, name, COUNTED.get(name, "true"))
    found = {tuple(row[column] for column in columns): row for row in rows}
    assert len(found) == len(rows), f"{name}: {columns} is not its key"
    expected = recount.table(name)
    assert found.keys() == expected.keys(), name
    for key, figures in expected.items():
        row = found[key]
        if "as_of" in row:
            moment = recount.moments[row.get("source", "voipbin")]
            assert row["as_of"] == (None if moment == NOTHING_YET else moment), (name, key)
        if "campaign_name" in row:
            assert row["campaign_name"] == _campaign_name(row, recount), (name, key)
        for column, value in figures.items():
            if isinstance(value, float):
                assert row[column] == pytest.approx(value, rel=1e-9, abs=1e-9), (name, key, column)
            else:
                assert row[column] == value, (name, key, column)


def _campaign_name(row: Figures, recount: Recount) -> str | None:
    if "campaign_key" in row:
        return None if row["campaign_key"] == "all" else recount.name(row["campaign_key"])
    return None if row["campaign_id"] is None else recount.name(f"voipbin:{row['campaign_id']}")


def assert_communications_counted(con: duckdb.DuckDBPyConnection, recount: Recount) -> None:
    """LionDesk's rows of core.attempts are those of the recount. Their keys are the product's own invention."""
    columns = (
        "campaign_key", "target_key", "attempted_at", "ended_at", "attempt_number", "is_latest", "disposition",
        "channel", "agent_key", "is_attempt", "is_contact",
    )  # fmt: skip
    expected: Counter[tuple[Any, ...]] = Counter()
    for (source, campaign), targets in recount.histories.items():
        for history in targets if source == "liondesk" and campaign != "all" else ():
            numbers = {attempt.key: number for number, attempt in enumerate(history.attempts, 1)}
            expected.update(
                _communication(row, numbers.get(row.key), is_latest=row is history.latest)
                for row in history.rows
            )
    rows = read_table(con, "core.attempts", "source = 'liondesk'")
    assert Counter(tuple(row[column] for column in columns) for row in rows) == expected


def _communication(row: Attempt, number: int | None, *, is_latest: bool) -> tuple[Any, ...]:
    return (
        row.campaign, row.target, row.at, row.ended_at, number, is_latest, row.disposition, row.channel, row.agent,
        row.is_real, row.is_contact,
    )  # fmt: skip
