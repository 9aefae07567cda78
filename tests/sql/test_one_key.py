"""One more row of any source touches its own target's rows alone, and gives what building everything gives."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import ingest, load_dispositions
from pipelines.ingest.files import LandingFolder
from pipelines.models.incremental import Builder, build_whole
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from tests.sql.logs import NOWHERE, Row, action_builder, liondesk, merged, outreach, uuid, voipbin
from tests.support import examples, fetch, ledger

MODELS = load_models()
KEYED = (
    "core.attempts",
    "core._targets",
    "core._attempts_in_flight",
    "replay.contact_outcomes",
    "reports._target_histories",
)
SUMS = tuple(model.table for model in MODELS.values() if model.sums is not None)
CHAIN = with_upstream(MODELS, [*KEYED, *SUMS, "reports.campaign_contact_rates"])

WORDS = {
    "action_builder": ["NA", "C", "BAD", "SKIP"],
    "outreach": ["NA", "C", "VM", "BAD"],
    "voipbin": ["NA", "C", "OPEN"],
    "liondesk": ["SENT", "TICKED"],
}
FIRST = {
    "action_builder": "action_builder_contact_attempts",
    "outreach": "outreach_calls",
    "voipbin": "voipbin_campaigncalls",
    "liondesk": "liondesk_contact_communications",
}
PERSON = {
    "action_builder": "entity_id",
    "outreach": "prospect_id",
    "voipbin": "outdial_target_id",
    "liondesk": "contact_id",
}
MAKE: Mapping[str, Callable[..., dict[str, list[Row]]]] = {
    "action_builder": action_builder,
    "outreach": outreach,
    "voipbin": voipbin,
    "liondesk": liondesk,
}


class Ledger:
    """A warehouse that is filled by ingest, from files written row by row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con: duckdb.DuckDBPyConnection = ledger()
        self.files = 0
        load_dispositions(self.con, NOWHERE, Settings().mappings)

    def arrive(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Land the rows in one new file a resource, and ingest them."""
        self.files += 1
        for resource in RESOURCES:
            if records := rows.get(resource.table):
                path = self.folder / "landing" / resource.source / resource.name / f"{self.files}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join(json.dumps(record, default=str) for record in records))
            result = ingest(self.con, resource, LandingFolder(self.folder / "landing"), self.folder)
            assert result.rejected == 0

    def build(self) -> dict[str, str]:
        builder = Builder(self.con)
        return {model.table: builder.build(model) for model in CHAIN}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {model.table: fetch(self.con, f"FROM {model.table} ORDER BY ALL") for model in CHAIN}


def log_of(source: str, targets: Mapping[int, Sequence[str]]) -> dict[str, list[Row]]:
    rows = MAKE[source](targets)
    for number, row in enumerate(rows.get("liondesk_contact_communications", ())):
        row.pop("communication_key")
        row["id"] = number
    return {table: list(records) for table, records in rows.items()}


TARGETS = {
    source: st.dictionaries(
        st.integers(1, 4), st.lists(st.sampled_from(words), min_size=1, max_size=3), min_size=1, max_size=4
    )
    for source, words in WORDS.items()
}


@pytest.mark.parametrize("source", WORDS)
@settings(max_examples=examples(4))
@given(data=st.data())
def test_one_more_row_touches_its_target_alone(source: str, data: st.DataObject) -> None:
    logs = {name: log_of(name, data.draw(targets, name)) for name, targets in TARGETS.items()}
    table = FIRST[source]
    last = logs[source][table][-1]
    more = dict(data.draw(st.sampled_from(logs[source][table]), "of the target of"))
    more["id"] = uuid(0x9999) if source == "voipbin" else 9999
    if source != "liondesk" and data.draw(st.booleans(), "names nobody"):
        more[PERSON[source]] = None
    later = timedelta(hours=5)
    for field in (
        "created_at",
        "updated_at",
        "dialed_at",
        "completed_at",
        "tm_create",
        "tm_update",
        "send_at",
    ):
        if more.get(field) is not None:
            more[field] = last[field] + later if last.get(field) is not None else more[field]
    with tempfile.TemporaryDirectory() as folder:
        one = Ledger(Path(folder))
        one.arrive(merged(*logs.values()))
        one.build()
        one.arrive({table: [more]})
        extents = one.build()
        person = more[PERSON[source]]
        resource = next(resource for resource in RESOURCES if resource.table == table)
        key = f"{source}:{person}" if person is not None else f"{source}:{resource.name}:{more['id']}"
        assert not {extents[name] for name in (*KEYED, *SUMS)} & {"whole"}
        assert fetch(one.con, "SELECT DISTINCT target_key FROM scratch.added_core_attempts") == [
            {"target_key": key}
        ]
        its_rows = fetch(one.con, f"FROM core.attempts WHERE target_key = '{key}' ORDER BY ALL")
        assert fetch(one.con, "FROM scratch.added_core_attempts ORDER BY ALL") == its_rows
        stepwise = one.rows()
        for model in CHAIN:
            build_whole(one.con, model)
        assert stepwise == one.rows()
        one.con.close()


def test_a_row_that_moves_to_another_target_touches_both(tmp_path: Path) -> None:
    one = Ledger(tmp_path)
    rows = action_builder({1: ["NA", "C"], 2: ["NA"], 3: ["NA"]})
    one.arrive(rows)
    one.build()
    moved = rows["action_builder_contact_attempts"][1]
    one.arrive(
        {
            "action_builder_contact_attempts": [
                moved | {"entity_id": 2, "updated_at": moved["updated_at"] + timedelta(1)}
            ]
        }
    )
    one.build()
    found = fetch(one.con, "SELECT DISTINCT target_key FROM scratch.added_core_attempts ORDER BY ALL")
    assert [row["target_key"] for row in found] == ["action_builder:1", "action_builder:2"]
    stepwise = one.rows()
    for model in CHAIN:
        build_whole(one.con, model)
    assert stepwise == one.rows()


def test_a_row_marked_as_deleted_where_it_stands_touches_its_target(tmp_path: Path) -> None:
    one = Ledger(tmp_path)
    one.arrive(action_builder({1: ["NA", "C"], 2: ["NA"]}))
    one.build()
    path = tmp_path / "landing" / "action_builder" / "contact_attempts" / "deleted.jsonl"
    path.write_text(json.dumps({"id": 2, "_sdc_deleted_at": "2026-04-01T00:00:00Z"}))
    one.arrive({})
    one.build()
    found = fetch(one.con, "SELECT target_key, attempt_number FROM core.attempts ORDER BY ALL")
    assert found == [
        {"target_key": "action_builder:1", "attempt_number": 1},
        {"target_key": "action_builder:2", "attempt_number": 1},
    ]
    stepwise = one.rows()
    for model in CHAIN:
        build_whole(one.con, model)
    assert stepwise == one.rows()


def updated(number: int, **changes: Any) -> str:
    """An event that carries only what changed of a call of Outreach."""
    attributes = {name: value for name, value in changes.items() if name != "prospect"}
    data: dict[str, Any] = {"type": "call", "id": number, "attributes": attributes}
    if "prospect" in changes:
        data["relationships"] = {"prospect": {"data": {"type": "prospect", "id": changes["prospect"]}}}
    return json.dumps(
        {"data": data, "meta": {"eventName": "call.updated", "deliveredAt": "2026-05-01T00:00:00Z"}}
    )


def test_a_part_of_a_row_touches_the_targets_that_it_changes(tmp_path: Path) -> None:
    """The first part moves a row to another target; the second arrives later, is older, and leaves the row's file."""
    one = Ledger(tmp_path)
    one.arrive(outreach({1: ["NA", "C"], 2: ["NA"], 3: ["NA"]}))
    one.build()
    folder = tmp_path / "landing" / "outreach" / "calls"
    calls = fetch(one.con, "SELECT id, prospect_id FROM raw.outreach_calls ORDER BY prospect_id, id")
    moved, other = calls[0]["id"], calls[2]["prospect_id"]
    for name, event, touched in (
        (
            "moved",
            updated(moved, prospect=other, updatedAt="2026-04-02T00:00:00Z"),
            [calls[0]["prospect_id"], other],
        ),
        ("late", updated(moved, state="busy", updatedAt="2026-04-01T00:00:00Z"), [other]),
    ):
        (folder / f"{name}.jsonl").write_text(event)
        one.arrive({})
        one.build()
        found = fetch(one.con, "SELECT DISTINCT target_key FROM scratch.added_core_attempts ORDER BY ALL")
        assert [row["target_key"] for row in found] == [f"outreach:{person}" for person in sorted(touched)], (
            name
        )
        stepwise = one.rows()
        for model in CHAIN:
            build_whole(one.con, model)
        assert stepwise == one.rows(), name
    kept = fetch(one.con, f"SELECT state, prospect_id FROM raw.outreach_calls WHERE id = {moved}")
    assert kept == [{"state": "busy", "prospect_id": other}]


def test_a_version_of_a_stream_touches_the_targets_that_it_lacks(tmp_path: Path) -> None:
    one = Ledger(tmp_path)
    log = outreach({1: ["NA"], 2: ["C"], 3: ["NA"]})
    one.arrive({table: rows for table, rows in log.items() if table != "outreach_calls"})
    folder = tmp_path / "landing" / "outreach" / "calls"
    folder.mkdir(parents=True)
    for version, rows in ((1, log["outreach_calls"]), (2, log["outreach_calls"][1:])):
        messages = [
            {"type": "RECORD", "stream": "calls", "version": version, "record": dict(row)} for row in rows
        ]
        active = {"type": "ACTIVATE_VERSION", "stream": "calls", "version": version}
        (folder / f"{version}.jsonl").write_text(
            "\n".join(json.dumps(m, default=str) for m in [*messages, active])
        )
        one.arrive({})
        one.build()
        stepwise = one.rows()
        for model in CHAIN:
            build_whole(one.con, model)
        assert stepwise == one.rows()
    assert fetch(one.con, "SELECT count(*) AS n FROM core.attempts") == [{"n": 2}]


def test_a_row_that_a_later_page_gives_to_another_touches_both(tmp_path: Path) -> None:
    """The raw table of such pages is rebuilt whole, so no row of it tells which target has lost one."""
    one = Ledger(tmp_path)
    log = log_of("liondesk", {1: ["SENT", "PAST"], 2: ["SENT"], 3: ["SENT"]})
    one.arrive(log)
    one.build()
    moved = log["liondesk_contact_communications"][1]
    assert moved["is_active"]
    sent = moved | {"contact_id": 2, "is_active": False, "completed_at": moved["send_at"]}
    one.arrive({"liondesk_contact_communications": [sent]})
    one.build()
    found = fetch(one.con, "SELECT target_key, count(*) AS n FROM core.attempts GROUP BY ALL ORDER BY ALL")
    assert [(row["target_key"], row["n"]) for row in found] == [
        ("liondesk:1", 1),
        ("liondesk:2", 2),
        ("liondesk:3", 1),
    ]
    stepwise = one.rows()
    for model in CHAIN:
        build_whole(one.con, model)
    assert stepwise == one.rows()


def test_targets_that_share_a_hash_are_never_wrong(tmp_path: Path) -> None:
    """With a hash of two values, every target collides with many: a few rows more are built, and the same comes out."""
    one = Ledger(tmp_path)
    one.con.execute("CREATE OR REPLACE MACRO hash(x) AS CAST(length(CAST(x AS VARCHAR)) % 2 AS UBIGINT)")
    one.arrive(merged(action_builder({1: ["NA"], 22: ["C"], 333: ["NA"]}), outreach({1: ["NA"], 22: ["C"]})))
    one.build()
    one.arrive(
        {
            "action_builder_contact_attempts": [
                {
                    "id": 99,
                    "entity_id": 333,
                    "campaign_id": 1,
                    "disposition": 0,
                    "created_at": "2026-04-01T00:00:00Z",
                    "updated_at": "2026-04-01T00:00:00Z",
                }
            ]
        }
    )
    one.build()
    found = fetch(one.con, "SELECT target_key, count(*) AS n FROM core.attempts GROUP BY ALL ORDER BY ALL")
    assert [(row["target_key"], row["n"]) for row in found] == [
        ("action_builder:1", 1),
        ("action_builder:22", 1),
        ("action_builder:333", 2),
        ("outreach:1", 1),
        ("outreach:22", 1),
    ]
