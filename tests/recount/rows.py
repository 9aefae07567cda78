"""The form in which the recount takes its input: rows of raw tables, and the latest moment in them.

Input are the rows of each raw table (``<source>_<resource>``) as dictionaries. Times are UTC without a zone, ids of
VoIPBIN are text, addresses are dictionaries, and a field that is absent is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

PLANS_AND_MARKS = ("send_at", "_deleted_at")
"""Times at which nothing happened: a plan, and the time at which a copy noticed a deletion."""


def of_source(rows: Rows, source: str) -> Rows:
    """The tables of one source."""
    return {table: records for table, records in rows.items() if table.startswith(f"{source}_")}


def latest_moment(rows: Rows) -> datetime | None:
    """The latest thing that happened, in any table; None when nothing did."""
    return max(
        (
            value
            for table in rows.values()
            for row in table
            for name, value in row.items()
            if isinstance(value, datetime) and name not in PLANS_AND_MARKS
        ),
        default=None,
    )
