"""Core and the sums made of it, brought up to date for changed targets alone, are what building from nothing gives."""

from __future__ import annotations

from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.incremental import Builder
from pipelines.models.sql_files import load_models, with_upstream
from tests.sql.logs import Row, action_builder, merged, uuid, voipbin, with_mapping
from tests.support import build, examples, fetch, file_arrives

SUMS = (
    "core._attempt_counts",
    "reports._contact_rate_counts",
    "reports._history_counts",
    "reports._hour_counts",
)
TABLES = ("core.attempts", "core._targets", "core._attempts_in_flight", *SUMS)
LOGS = st.dictionaries(
    st.integers(1, 6), st.lists(st.sampled_from(["NA", "C", "OPEN", "PHANTOM"]), max_size=4), max_size=6
)


def arrive(con: duckdb.DuckDBPyConnection, file: int, calls: list[Row]) -> None:
    """The calls' latest versions come with a file."""
    if not calls:
        return
    with file_arrives(con, "voipbin_campaigncalls", file):
        con.execute(
            f"DELETE FROM raw.voipbin_campaigncalls WHERE id IN ({', '.join('?' * len(calls))})",
            [c["id"] for c in calls],
        )
        for call in calls:
            row = {**call, "_file_id": file}
            columns = ", ".join(f'"{name}"' for name in row)
            con.execute(
                f"INSERT INTO raw.voipbin_campaigncalls ({columns}) VALUES ({', '.join('?' * len(row))})",
                list(row.values()),
            )


def brought_up_to_date(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    models = load_models()
    builder = Builder(con, models)
    return {model.table: builder.build(model) for model in with_upstream(models, TABLES)}


def rows_of(con: duckdb.DuckDBPyConnection) -> list[Any]:
    return [fetch(con, f"FROM {table} ORDER BY ALL") for table in TABLES]


@settings(max_examples=examples(6))
@given(LOGS, st.data())
def test_changed_targets_alone(targets: dict[int, list[str]], data: st.DataObject) -> None:
    log = voipbin(targets)
    calls = log.pop("voipbin_campaigncalls")
    # A second campaign of the same list took some calls: these targets are shared, and counted once over both.
    for call in calls:
        if data.draw(st.booleans(), "taken"):
            call["campaign_id"] = uuid(0xC02)
    other = action_builder({1: ["NA", "C"]})
    later = [call for call in calls if data.draw(st.booleans(), "later")]
    moved = [
        # A later version of a call can name another target, another campaign, or none.
        call
        | {
            "outdial_target_id": data.draw(
                st.sampled_from([None, uuid(1), uuid(2), call["outdial_target_id"]])
            ),
            "campaign_id": data.draw(st.sampled_from([uuid(0xC02), call["campaign_id"]])),
        }
        for call in calls
        if call not in later and data.draw(st.booleans(), "moved")
    ]
    con = with_mapping(merged(log, other))
    arrive(con, 1, [call for call in calls if call not in later])
    brought_up_to_date(con)
    arrive(con, 2, later + moved)
    extents = brought_up_to_date(con)
    assert extents["core.attempts"] != "whole" or extents["core.campaigns"] != "unchanged"
    if {extents["core.attempts"], extents["core._targets"]} <= {"unchanged", "changed keys"}:
        assert {extents[table] for table in SUMS} <= {"unchanged", "changed keys"}
    found = rows_of(con)
    build(con, *TABLES)
    assert found == rows_of(con)
    con.close()
