"""The form in which the recount takes its input: rows of raw tables, and the latest moment in them.

Input are the rows of each raw table (``<source>_<resource>``) as dictionaries. Times are UTC without a zone, ids of
VoIPBIN are text, addresses are dictionaries, and a field that is absent is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

NEVER = datetime(9999, 1, 1)
Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

PLANS_AND_MARKS = ("send_at", "_deleted_at", "since", "until")
"""Times at which nothing happened: a plan, the time at which a copy noticed a deletion, and the time for which the
organization decided something."""


CREATED = {
    "action_builder_campaigns": "created_at",
    "outreach_sequences": "created_at",
    "voipbin_calls": "tm_create",
    "voipbin_campaigns": "tm_create",
    "voipbin_outdialtargets": "tm_create",
    "voipbin_queuecalls": "tm_create",
}
"""Lists, and the field that says since when there is such a row."""


def existing(rows: Rows, table: str, until: datetime) -> Sequence[Row]:
    """The rows of a list that were there by a moment."""
    created = CREATED[table]
    return [row for row in rows.get(table, ()) if row.get(created) is None or row[created] <= until]


def of_source(rows: Rows, source: str) -> Rows:
    """The tables of one source."""
    return {table: records for table, records in rows.items() if table.startswith(f"{source}_")}


def cut_off(rows: Rows, source: str, moment: datetime) -> datetime:
    """Where a source's rows are cut off: at the moment if they go on after it, else never."""
    latest = latest_moment(of_source(rows, source))
    return NEVER if latest is None or moment >= latest else moment


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
