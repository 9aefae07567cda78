"""Logs of events, deletions in every form, and documents that are no records: as tools of the field write them."""

from __future__ import annotations

import json
import random
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import load_dispositions
from pipelines.settings import Settings
from pipelines.warehouse.tables import write_settings
from tests.landing_folder import Landing, Row, Writer, array, lines, resource_object, to_csv, to_parquet
from tests.support import build, examples, fetch

CALLS = "outreach.calls"
DELIVERED = "2026-10-22T10:00:00Z"


@pytest.fixture
def calls(tmp_path: Path) -> Landing:
    return Landing(tmp_path, CALLS)


def row(number: int, updated: str | None = "2026-10-21T15:06:12Z", **changes: object) -> Row:
    """A flat row of a call."""
    return {
        "id": number, "direction": "outbound", "outcome": "Answered", "state": "completed", "note": None,
        "dialed_at": "2026-10-21T15:00:04Z", "created_at": "2026-10-21T15:00:03Z", "updated_at": updated,
        "call_disposition_id": 3, "prospect_id": 900 + number, "sequence_id": 5, **changes,
    }  # fmt: skip


def event(name: str, record: Row, delivered: str | None = DELIVERED, kind: str = "call") -> Row:
    """A webhook's event about a flat row, or about a part of one."""
    data = resource_object(kind, record)
    data = {member: value for member, value in data.items() if value != {}}
    return {"data": data, "meta": {"eventName": f"{kind}.{name}", "deliveredAt": delivered, "jobId": "j"}}


def counted(landing: Landing) -> list[int]:
    """The calls that count as attempts in the ledger."""
    write_settings(landing.con, Settings())
    load_dispositions(landing.con, landing.path, Settings().mappings)
    build(landing.con, "core.attempts")
    found = fetch(landing.con, "SELECT attempt_key FROM core.attempts ORDER BY attempt_key")
    return [int(each["attempt_key"].rpartition(":")[2]) for each in found]


# --- logs of events ----------------------------------------------------------------------------------------------

HOOKS = [
    event("created", row(41)),
    event("created", row(42, outcome="Not Answered", call_disposition_id=6)),
    event("created", row(43, tags=["q4"])),
    {
        "data": {"type": "call", "id": 41, "attributes": {"note": "sent deck", "updatedAt": "2026-10-23T10:00:00Z"}},
        "beforeUpdate": {"note": None},
        "meta": {"eventName": "call.updated", "deliveredAt": "2026-10-23T10:00:01Z"},
    },
    event("destroyed", row(42, "2026-10-24T10:00:00Z"), "2026-10-24T10:00:01Z"),
]  # fmt: skip


def test_a_log_of_webhooks(calls: Landing) -> None:
    calls.put("hooks.jsonl", lines(HOOKS))
    calls.run()
    calls.law()
    dialed = datetime(2026, 10, 21, 15, 0, 4)
    assert calls.columns("id", "note", "dialed_at", "prospect_id", "sequence_id", "_deleted_at") == [
        (41, "sent deck", dialed, 941, 5, None),
        (42, None, dialed, 942, 5, datetime(2026, 10, 24, 10, 0, 1)),
        (43, None, dialed, 943, 5, None),
    ]
    assert calls.files() == {"hooks.jsonl": (5, 3, 2, 0)}
    assert calls.rejected() == []
    assert counted(calls) == [41, 43]


def test_events_of_other_types_are_no_calls(calls: Landing) -> None:
    calls.put(
        "hooks.json",
        array(
            [
                event("created", row(1)),
                event(
                    "updated", {"id": 900, "first_name": "Ada", "updated_at": "2026-10-23"}, kind="prospect"
                ),
                event("created", {"id": 7, "subject": "Hello"}, kind="mailing"),
                {"data": {"type": "account", "id": 8}, "meta": {"eventName": "account.destroyed"}},
                event("created", {"id": 9, "name": "Answered"}, kind="callDisposition"),
                {"data": {"type": "calls", "id": 2, "attributes": {"direction": "inbound"}}},
            ]
        ),
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "direction") == [(1, "outbound"), (2, "inbound")]
    assert calls.rejected() == [
        (2, "wrong_stream"),
        (3, "wrong_stream"),
        (4, "wrong_stream"),
        (5, "wrong_stream"),
    ]
    assert calls.notices("new_field") == []


def test_events_of_another_resource_and_of_its_relations(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.call_dispositions")
    landing.put(
        "hooks.jsonl",
        lines(
            [
                event("created", {"id": 3, "name": "Spoke", "outcome": "completed"}, kind="callDisposition"),
                event("updated", {"id": 3, "name": "Spoke with them"}, kind="callDisposition"),
                event("created", row(1)),
            ]
        ),
    )
    landing.run()
    landing.law()
    assert landing.columns("id", "name", "outcome") == [(3, "Spoke with them", "completed")]
    assert landing.rejected() == [(3, "wrong_stream")]


def test_an_update_whose_row_is_unknown_waits_for_it(calls: Landing) -> None:
    update = event(
        "updated", {"id": 5, "note": None, "user_id": 8, "updated_at": "2026-10-23T10:00:00Z", "mood": "x"}
    )
    calls.put("1.jsonl", lines([row(4), update]))
    calls.run()
    calls.law()
    assert calls.files() == {"1.jsonl": (2, 1, 0, 1)}
    assert calls.rejected() == [(2, "partial_unknown")]
    assert "user" in calls.con.sql("SELECT record FROM landing.rejected_rows").fetchall()[0][0]
    assert calls.run().files_read == 0
    calls.put("2.csv", to_csv([row(5, note="old", user_id=7)]))
    calls.run()
    calls.law()
    assert calls.rejected() == []
    assert calls.files() == {"1.jsonl": (2, 2, 0, 0), "2.csv": (1, 0, 1, 0)}
    assert calls.columns("id", "note", "user_id", "prospect_id", "extra") == [
        (4, None, None, 904, None),
        (5, None, 8, 905, '{"mood":"x"}'),
    ]


def test_an_update_of_a_bad_value_is_refused_for_it(calls: Landing) -> None:
    calls.put("1.jsonl", lines([event("created", row(4)), event("updated", {"id": 4, "direction": "up"})]))
    calls.run()
    calls.law()
    assert calls.wrong() == [("direction is not one of inbound, outbound", "direction", "up")]
    assert calls.columns("id", "direction") == [(4, "outbound")]


def test_a_newer_whole_row_ends_what_updates_said(calls: Landing) -> None:
    calls.put(
        "1.jsonl", lines([row(4), event("updated", {"id": 4, "note": "n", "updated_at": "2026-10-22"})])
    )
    calls.run()
    assert calls.columns("note") == [("n",)]
    calls.put("2.jsonl", lines([row(4, "2026-10-23", note="whole")]))
    calls.run()
    calls.law()
    assert calls.columns("note") == [("whole",)]
    calls.put("3.jsonl", lines([event("updated", {"id": 4, "state": "busy"}, "2026-10-22T12:00:00Z")]))
    calls.run()
    calls.law()
    assert calls.columns("note", "state") == [("whole", "completed")]
    assert calls.files() == {"1.jsonl": (2, 0, 2, 0), "2.jsonl": (1, 1, 0, 0), "3.jsonl": (1, 0, 1, 0)}


# --- any order, any split: beside the property of whole versions in test_ingest_properties.py ------------------------

TIMES = [f"2026-10-2{day}T00:00:00Z" for day in range(1, 7)]
FIELDS = ("note", "outcome", "prospect_id", "mood")


def happening(chance: random.Random) -> Row:
    """A whole row, or an event, of one of a few calls: many ties, many updates before their row."""
    key, updated = chance.randrange(3), chance.choice([None, *TIMES])
    values: Row = {
        "note": chance.choice([None, "a", "b"]), "outcome": chance.choice([None, "Answered", "completed"]),
        "prospect_id": chance.choice([None, 1, 2]), "mood": chance.choice([None, "x", "y"]),
    }  # fmt: skip
    action = chance.choice(["row", "created", "updated", "updated", "updated", "destroyed"])
    if action == "row":
        return resource_object("call", {"id": key, "updated_at": updated, **values}) | (
            {"_sdc_deleted_at": chance.choice(TIMES)} if chance.random() < 0.2 else {}
        )
    delivered = chance.choice([None, *TIMES])
    if action == "created":
        return event(action, {"id": key, "updated_at": updated, **values}, delivered)
    carried = {name: values[name] for name in FIELDS if chance.random() < 0.5}
    if chance.random() < 0.7:
        carried["updated_at"] = updated
    return event(action, {"id": key, **carried}, delivered)


def folded(happenings: list[Row]) -> list[tuple[Any, ...]]:
    """What the happenings come to, by the rule: the latest whole row, then each part that is not older."""

    def flat(data: Row) -> Row:
        own = {name: value for name, value in data.get("attributes", {}).items() if name != "updatedAt"}
        if "updatedAt" in data.get("attributes", {}):
            own["updated_at"] = data["attributes"]["updatedAt"]
        if "prospect" in data.get("relationships", {}):
            linked = data["relationships"]["prospect"]["data"]
            own["prospect_id"] = linked and linked["id"]
        return own

    whole: dict[int, list[Row]] = {}
    parts: dict[int, list[tuple[Any, ...]]] = {}
    for each in happenings:
        if "meta" not in each:
            end = {name: value for name, value in each.items() if name == "_sdc_deleted_at"}
            whole.setdefault(each["id"], []).append(flat(each) | end)
            continue
        own, action = flat(each["data"]), each["meta"]["eventName"].partition(".")[2]
        if action == "created":
            whole.setdefault(each["data"]["id"], []).append(own)
            continue
        delivered = each["meta"]["deliveredAt"]
        gone = (delivered or own.get("updated_at") or "1970") if action == "destroyed" else ""
        parts.setdefault(each["data"]["id"], []).append(
            (own.get("updated_at") or delivered or "", delivered or "", gone != "", own, gone)
        )
    result = []
    for key in sorted(whole.keys() | parts.keys()):
        rows = whole.get(key, [])
        state: Row = dict.fromkeys((*FIELDS, "updated_at"))
        since, deleted = "", ""
        if rows:
            since = max(r.get("updated_at") or "" for r in rows)
            base = [r for r in rows if (r.get("updated_at") or "") == since]
            state = {name: base[0].get(name) for name in state}
            assert all({name: r.get(name) for name in state} == state for r in base), (
                "the test avoids such ties"
            )
            ends = [r["_sdc_deleted_at"] for r in rows if "_sdc_deleted_at" in r]
            own = base[0].get("_sdc_deleted_at", "")
            deleted = max((end for end in ends if end >= since), default=own)
        known = bool(rows)
        for moment, _, is_gone, own, gone in sorted(parts.get(key, []), key=lambda p: p[:3]):
            known |= is_gone
            if moment >= since:
                state |= own
                deleted = gone or deleted
        if known:
            result.append((key, *(state[name] for name in FIELDS), state["updated_at"], deleted))
    return result


def is_told_apart(happenings: list[Row]) -> bool:
    """False if two happenings of a call at one time say different things: then their text decides, not their time."""
    seen: dict[tuple[Any, ...], str] = {}
    for each in happenings:
        if "meta" not in each:
            place: tuple[Any, ...] = (each["id"], each["attributes"]["updatedAt"])
        elif each["meta"]["eventName"] == "call.created":
            place = (each["data"]["id"], each["data"]["attributes"]["updatedAt"])
        else:
            moment = each["data"].get("attributes", {}).get("updatedAt") or each["meta"]["deliveredAt"]
            place = (
                each["data"]["id"],
                "part",
                moment,
                each["meta"]["deliveredAt"],
                each["meta"]["eventName"],
            )
        text = json.dumps(each, sort_keys=True)
        if seen.setdefault(place, text) != text:
            return False
    return True


@settings(max_examples=examples(4))
@given(st.integers(0, 2**32))
def test_updates_give_the_same_in_any_order_and_split(seed: int) -> None:
    chance = random.Random(seed)
    happenings: list[Row] = []
    for _ in range(chance.randrange(2, 16)):
        if is_told_apart([*happenings, more := happening(chance)]):
            happenings.append(more)
    expected = folded(happenings)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("whole", "parts"):
            landing, left, number = Landing(Path(folder) / name, CALLS), list(happenings), 0
            if name == "parts":
                chance.shuffle(left)
            while left:
                size = len(left) if name == "whole" else chance.randrange(1, 5)
                piece, left = left[:size], left[size:]
                # A file may grow, and a file may go; the ledger forgets nothing.
                path = landing.put(
                    f"{chance.randrange(3)}.json" if name == "parts" else "a.json", array(piece)
                )
                landing.run()
                landing.law()
                if chance.random() < 0.2:
                    path.unlink()
                number += 1
            found = [
                (
                    key,
                    note,
                    outcome,
                    person,
                    extra and json.loads(extra)["mood"],
                    said(updated),
                    said(deleted) or "",
                )
                for key, note, outcome, person, extra, updated, deleted in landing.columns(
                    "id", "note", "outcome", "prospect_id", "extra", "updated_at", "_deleted_at"
                )
            ]
            assert found == [
                (*rest, "1970-01-01T00:00:00Z" if end == "1970" else end) for *rest, end in expected
            ], name


def said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat() + "Z"


# --- deletions ---------------------------------------------------------------------------------------------------


def test_an_operation_beside_the_record(calls: Landing) -> None:
    records = [resource_object("call", row(n)) | {"_meta": {"op": "c", "row_id": n}} for n in (41, 42, 43)]
    gone = resource_object("call", row(42)) | {"_meta": {"op": "d", "row_id": 9}}
    calls.put("e.jsonl", lines([*records, gone]))
    calls.run()
    calls.law()
    assert [(key, end and str(end)) for key, end in calls.columns("id", "_deleted_at")] == [
        (41, None), (42, "2026-10-21 15:06:12"), (43, None),
    ]  # fmt: skip
    assert calls.notices("new_field") == []
    assert counted(calls) == [41, 43]


@pytest.mark.parametrize(
    ("marks", "alive"),
    [
        ({"_meta/op": "d"}, {"_meta/op": "u"}),
        ({"_meta__op": "d"}, {"_meta__op": "c"}),
        ({"_meta": '{"op":"d","uuid":"x"}'}, {"_meta": '{"op":"u"}'}),
        ({"__deleted": "true", "__op": "d"}, {"__deleted": "false", "__op": "u"}),
        ({"Op": "D"}, {"Op": "I"}),
        ({"DML_TYPE": "delete"}, {"DML_TYPE": "update"}),
        ({"IS_DELETED_IN_APP": "true"}, {"IS_DELETED_IN_APP": "false"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("write", [to_csv, lines, to_parquet])
def test_deletions_in_flat_rows(calls: Landing, marks: Row, alive: Row, write: Any) -> None:
    calls.put("a.csv", write([row(1) | alive, row(2) | marks]))
    calls.run()
    calls.law()
    assert calls.columns("id", "_deleted_at", "extra") == [
        (1, None, None), (2, datetime(2026, 10, 21, 15, 6, 12), None),
    ]  # fmt: skip
    assert calls.rejected() == []
    assert calls.notices("new_field") == []


def test_a_data_share_says_when(calls: Landing) -> None:
    calls.put(
        "CALLS.csv",
        "ID,CALL_STATE,DIRECTION,DIALED_AT,UPDATED_AT,PROSPECT_ID,DML_TYPE,DML_AT,IS_DELETED_IN_APP\n"
        "41,completed,outbound,2026-10-21 15:00:04.000,2026-10-21 15:06:12.000,900,insert,2026-10-21 08:06:12.000,false\n"
        "42,no_answer,outbound,2026-10-21 15:07:00.000,2026-10-21 15:07:31.000,901,delete,2026-10-22 08:06:12.000,true\n",
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "state", "_deleted_at") == [
        (41, "completed", None),
        (42, "no_answer", datetime(2026, 10, 22, 8, 6, 12)),
    ]
    assert counted(calls) == [41]


def test_a_change_with_the_row_before_it(calls: Landing) -> None:
    moment = int(datetime.fromisoformat("2026-10-25T00:00:00+00:00").timestamp()) * 1000
    calls.put(
        "topic.jsonl",
        lines(
            [
                {"before": None, "after": row(1), "op": "c", "ts_ms": moment - 5000},
                {"before": None, "after": row(2), "op": "r", "ts_ms": moment - 5000},
                {
                    "before": row(1),
                    "after": row(1, "2026-10-22", note="n"),
                    "op": "u",
                    "ts_ms": moment - 1000,
                },
                {"before": {"id": 2}, "after": None, "op": "d", "ts_ms": moment},
            ]
        ),
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "note", "prospect_id", "_deleted_at") == [
        (1, "n", 901, None),
        (2, None, 902, datetime(2026, 10, 25)),
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_deletion_of_a_key_without_a_time(calls: Landing, order: tuple[int, ...]) -> None:
    files = [lines([row(1), row(2)]), lines([{"id": 2, "_meta": {"op": "d"}}])]
    for i in order:
        calls.put(f"{i}.jsonl", files[i])
        calls.run()
        calls.law()
    calls.put("more.jsonl", lines([row(2, "2026-10-22")]))
    calls.run()
    calls.law()
    assert calls.columns("id", "_deleted_at") == [(1, None), (2, datetime(2026, 10, 22))]


# History tables.


def history(number: int, start: str, end: str | None, updated: str | None = None, **changes: object) -> Row:
    return row(number, updated or start, **changes) | {
        "_fivetran_start": start, "_fivetran_end": end or "9999-12-31T23:59:59.999Z", "_fivetran_active": end is None,
        "_fivetran_synced": "2026-10-30T00:00:00Z",
    }  # fmt: skip


def test_a_history_with_and_without_an_active_version(calls: Landing) -> None:
    calls.put(
        "call.csv",
        to_csv(
            [
                history(41, "2026-10-21T15:06:12Z", "2026-10-22T09:00:00Z", outcome=None),
                history(41, "2026-10-22T09:00:00Z", None),
                history(42, "2026-10-21T15:07:31Z", "2026-10-23T09:00:00Z"),
            ]
        ),
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "outcome", "_deleted_at") == [
        (41, "Answered", None),
        (42, "Answered", datetime(2026, 10, 23, 9)),
    ]
    assert counted(calls) == [41]


VERSIONS = {
    "first": history(1, "2026-10-01", "2026-10-05", note="first"),
    "second": history(1, "2026-10-05", "2026-10-09", "2026-10-04", note="second"),
    "third": history(1, "2026-10-09", None, "2026-10-04", note="second"),
    "ended": history(1, "2026-10-09", "2026-10-12", "2026-10-04", note="second"),
    "again": history(1, "2026-10-20", None, "2026-10-04", note="second"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "end"),
    [
        (["first", "second", "third"], None),
        (["first", "second"], datetime(2026, 10, 9)),
        (["second", "third", "ended"], datetime(2026, 10, 12)),
        (["first", "ended"], datetime(2026, 10, 12)),
        (["ended", "third", "again"], None),
        (["first", "again", "ended", "second"], None),
    ],
    ids=str,
)
def test_histories_in_any_order_and_split(tmp_path: Path, names: list[str], end: datetime | None) -> None:
    for turn in range(examples(2)):
        landing = Landing(tmp_path / str(turn), CALLS)
        order = list(names)
        random.Random(turn).shuffle(order)
        for i, name in enumerate(order):
            landing.put(f"{i}.jsonl", lines([VERSIONS[name]]))
            if turn % 2:
                landing.run()
                landing.law()
        landing.run()
        landing.law()
        assert landing.columns("id", "note", "_deleted_at") == [(1, "second", end)], order


# Versions of a Singer stream.


def message(version: int, record: Row, **more: object) -> Row:
    return {"type": "RECORD", "stream": "calls", "version": version, "record": record, **more}


def activate(version: int, stream: str = "calls") -> Row:
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("split", [1, 2, 99])
def test_what_the_active_version_lacks_is_deleted(calls: Landing, before: bool, split: int) -> None:
    old = [message(1, row(n)) for n in (41, 42, 43)]
    new = [message(2, row(n)) for n in (41, 43)]
    log = [*old, activate(2), *new] if before else [*old, *new, activate(2)]
    for i in range(0, len(log), split):
        calls.put(f"{i}.jsonl", lines(log[i : i + split]))
        calls.run()
        calls.law()
    assert calls.columns("id", "_deleted_at") == [
        (41, None),
        (42, datetime(2026, 10, 21, 15, 6, 12)),
        (43, None),
    ]
    assert counted(calls) == [41, 43]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_stream_that_is_sent_again_and_again(tmp_path: Path, backwards: bool) -> None:
    first, second, third = 1_793_000_000_000, 1_793_100_000_000, 1_793_200_000_000
    files = [
        lines([message(first, row(n)) for n in (1, 2, 3)] + [activate(first)]),
        lines(
            [message(second, row(n), time_extracted="2026-10-28T00:00:00Z") for n in (1,)]
            + [activate(second)]
        ),
        lines([activate(third)] + [message(third, row(n)) for n in (1, 2)]),
        to_csv([row(9)]),
    ]
    landing = Landing(tmp_path, CALLS)
    for i, content in enumerate(reversed(files) if backwards else files):
        landing.put(f"{i}.x.csv", content)
        landing.run()
        landing.law()
        if i == 1 and not backwards:
            assert landing.columns("id", "_deleted_at") == [
                (1, None), (2, datetime(2026, 10, 28)), (3, datetime(2026, 10, 28)),
            ]  # fmt: skip
    # The second lives again; the fourth never was in the stream.
    assert landing.columns("id", "_deleted_at") == [
        (1, None),
        (2, None),
        (3, datetime(2026, 10, 28)),
        (9, None),
    ]


def test_a_version_of_another_stream_says_nothing(calls: Landing) -> None:
    calls.put("a.jsonl", lines([message(1, row(1)), activate(2, "users")]))
    calls.run()
    assert calls.columns("id", "_deleted_at") == [(1, None)]


def test_a_row_of_an_older_version_that_its_own_column_marks(calls: Landing) -> None:
    calls.put("a.jsonl", lines([message(1, row(1) | {"_sdc_deleted_at": "2026-11-01"}), message(1, row(2))]))
    calls.run()
    calls.put("b.jsonl", lines([activate(2)]))
    calls.run()
    calls.law()
    assert calls.columns("id", "_deleted_at") == [
        (1, datetime(2026, 11, 1)),
        (2, datetime(2026, 10, 21, 15, 6, 12)),
    ]
    calls.put("c.jsonl", lines([message(2, row(2))]))
    calls.put(
        "d.jsonl",
        lines([event("updated", {"id": 1, "note": "late"}), event("updated", {"id": 2, "note": "n"})]),
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "note", "_deleted_at") == [(1, "late", datetime(2026, 11, 1)), (2, "n", None)]
    calls.put("e.jsonl", lines([activate(3)]))
    calls.run()
    calls.law()
    assert calls.columns("id", "note", "_deleted_at")[1][1:] == ("n", datetime(2026, 10, 21, 15, 6, 12))


# --- streams and what tools say of them ----------------------------------------------------------------------------


STREAMS = {
    "outreach_calls": True,
    "public_calls": True,
    "src_outreach__calls": True,
    "prod-outreach-calls": True,
    "PROD.OUTREACH.CALLS": True,
    "outreachCalls": True,
    "call": True,
    "call_dispositions": False,
    "outreach_call_dispositions": False,
    "sequence_calls": False,
    "recalls": False,
    "calls_backup": False,
}
"""Name of a stream → whether it is the calls'."""


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """A file for each stream and tool, ``<tool>-<stream>.jsonl``, with one record."""
    landing = Landing(tmp_path_factory.mktemp("prefixed"), CALLS)
    for number, stream in enumerate(STREAMS):
        record = {"stream": stream, "data": row(100 + number), "emitted_at": 1}
        landing.put(f"airbyte-{stream}.jsonl", lines([{"type": "RECORD", "record": record}]))
        landing.put(
            f"singer-{stream}.jsonl", lines([{"type": "RECORD", "stream": stream, "record": row(number)}])
        )
    landing.run()
    landing.law()
    return landing


@pytest.mark.parametrize(("stream", "is_read"), list(STREAMS.items()))
@pytest.mark.parametrize("tool", ["singer", "airbyte"])
def test_a_prefix_before_the_streams_name(prefixed: Landing, stream: str, is_read: bool, tool: str) -> None:
    name = f"{tool}-{stream}.jsonl"
    assert prefixed.rejected(name) == ([] if is_read else [(1, "wrong_stream")])
    assert prefixed.files()[name] == ((1, 1, 0, 0) if is_read else (1, 0, 0, 1))


@pytest.mark.parametrize(("stream", "is_read"), [("outreach_calls", True), ("sequence_calls", False)])
def test_a_prefix_in_a_file_that_comes_alone(calls: Landing, stream: str, is_read: bool) -> None:
    calls.put("a.jsonl", lines([{"type": "RECORD", "stream": stream, "record": row(1)}]))
    calls.run()
    calls.law()
    assert calls.rejected() == ([] if is_read else [(1, "wrong_stream")])


CHANGES = {
    "changes": [
        {"field": "callDispositionId", "change": "NULLED", "reason": "DESTINATION_SERIALIZATION_ERROR"},
        {"field": "answered_at", "change": "TRUNCATED", "reason": "SOURCE_RECORD_SIZE_LIMITATION"},
    ],
    "sync_id": 7,
}
UNCHANGED: Row = {"changes": [], "sync_id": 7}


@pytest.mark.parametrize("shape", ["lines", "lines with text", "csv", "parquet", "raw lines", "raw csv"])
def test_a_value_that_the_loader_changed(calls: Landing, shape: str) -> None:
    metas = [CHANGES, UNCHANGED, CHANGES]
    rows = [row(n) for n in range(3)]
    if shape.startswith("raw"):
        rows = [{"_airbyte_data": each} for each in rows]
    rows = [{"_airbyte_raw_id": "r", "_airbyte_meta": m, **each} for m, each in zip(metas, rows, strict=True)]
    if shape == "lines with text":
        rows = [each | {"_airbyte_meta": json.dumps(each["_airbyte_meta"])} for each in rows]
    writers: dict[str, Writer] = {"csv": to_csv, "parquet": to_parquet, "raw csv": to_csv}
    write: Writer = writers.get(shape, lines)
    calls.put("a.jsonl", write(rows))
    calls.run()
    calls.law()
    assert calls.notices("loader_changed") == [
        ("answered_at", "TRUNCATED: SOURCE_RECORD_SIZE_LIMITATION", 2),
        ("call_disposition_id", "NULLED: DESTINATION_SERIALIZATION_ERROR", 2),
    ]
    assert calls.notices("new_field") == []


# --- documents that are no records ---------------------------------------------------------------------------------

NONE = [
    (
        {
            "type": "BATCH",
            "stream": "calls",
            "encoding": {"format": "jsonl"},
            "manifest": ["file://b/1.json.gz"],
        },
        "batch",
    ),
    ({"errors": [{"id": "expired", "title": "Token expired"}]}, "error page"),
    ({"data": None, "errors": [{"message": "no such field"}]}, "error page"),
    ({"error": "invalid_token", "error_description": "expired"}, "error page"),
    ({"message": "Too many requests", "statusCode": 429}, "error page"),
    ({"detail": "Not found."}, "error page"),
    ({"items": [row(1)], "next": None}, "under another name"),
    ({"results": [row(1), row(2)], "count": 2}, "under another name"),
    ({"data": {"people": {"edges": [{"node": row(1)}]}}}, "GraphQL"),
    ({"data": {"items": [row(1)]}}, "under another name"),
]


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "beside a record"])
def others(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Landing, bool]:
    """A file for each document of NONE, ``<place>.json``; and whether a record stands beside each."""
    landing = Landing(tmp_path_factory.mktemp("others"), CALLS)
    more = [{"type": "SCHEMA", "stream": "calls", "schema": {}}, {"type": "STATE", "value": {}}]
    for place, (document, _) in enumerate(NONE):
        landing.put(f"{place}.json", lines([*more, document, *([row(100 + place)] if request.param else [])]))
    landing.run()
    landing.law()
    return landing, request.param


@pytest.mark.parametrize(("place", "said"), list(enumerate(said for _, said in NONE)))
def test_what_is_no_record_is_told(others: tuple[Landing, bool], place: int, said: str) -> None:
    landing, has_record = others
    ((position, reason, field, detail),) = landing.con.execute(
        "SELECT position, reason, field, detail FROM landing.rejected_rows WHERE file = ?",
        [f"outreach/calls/{place}.json"],
    ).fetchall()
    assert (position, reason, field) == (1, "unreadable", None)
    assert said in detail
    assert landing.files()[f"{place}.json"] == (1 + has_record, int(has_record), 0, 1)
    assert [number for (number,) in landing.columns("id") if number == 100 + place] == [
        100 + place
    ] * has_record


@pytest.mark.parametrize("place", [0, 1, 6, 8])
def test_what_is_no_record_is_told_in_a_file_that_comes_alone(calls: Landing, place: int) -> None:
    """One document of each kind: a batch, an error page, a list under another name, an answer of GraphQL."""
    document, said = NONE[place]
    calls.put("a.json", lines([document]))
    calls.run()
    calls.law()
    ((reason, detail),) = calls.con.sql("SELECT reason, detail FROM landing.rejected_rows").fetchall()
    assert reason == "unreadable"
    assert said in detail
    assert calls.rows() == []


@pytest.mark.parametrize(
    "document",
    [
        {"calls": [row(1), row(2)]},
        {"Calls": [row(1), row(2)], "page": 1},
        {"data": {"calls": [row(1), row(2)]}},
        {"data": {"calls": {"nodes": [row(1), row(2)], "pageInfo": {"hasNextPage": False}}}},
        {"data": {"calls": {"edges": [{"cursor": "a", "node": row(1)}, {"cursor": "b", "node": row(2)}]}}},
        {"call": [resource_object("call", row(1)), resource_object("call", row(2))]},
    ],
)
def test_a_list_under_the_resources_name_is_read(calls: Landing, document: Row) -> None:
    calls.put("a.json", json.dumps(document, indent=1))
    calls.run()
    calls.law()
    assert calls.columns("id", "prospect_id") == [(1, 901), (2, 902)]
    assert calls.rejected() == []


# --- numbers that are none -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("none", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_null(tmp_path: Path, none: str, wrapped: bool) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    call: Row = {
        "id": "56347901-5bb9-422d-add5-5a2ca47fa737",
        "status": "done",
        "destination_index": 0,
        "tm_create": "2026-02-01",
    }
    text = json.dumps(
        call | {"try_count": 7, "tm_delete": 8, "reference_type": 9, "destination": 11, "mood": 10}
    )
    for number in ("7", "8", "9", "10", "11"):
        text = text.replace(f": {number}", f": {none}")
    more = json.dumps(
        call | {"id": call["id"][:-1] + "8", "try_count": 2, "tm_delete": None, "reference_type": none}
    )
    landing.put("a.json", f'{{"result":[{text},{more}]}}' if wrapped else f"{text}\n{more}\n")
    landing.run()
    landing.law()
    assert landing.rejected() == []
    assert landing.columns("try_count", "tm_delete", "reference_type", "destination", "extra") == [
        (2, None, none, None, None),
        (None, None, None, None, None),
    ]


# --- pulls that may have stopped ------------------------------------------------------------------------------------


def page_of(number: int, **more: object) -> str:
    return json.dumps({"data": [resource_object("call", row(n)) for n in range(number)], **more})


@pytest.mark.parametrize(
    ("name", "content", "is_told"),
    [
        ("a.json", page_of(100), True),
        ("a.json", page_of(250, links={"next": "https://x"}), True),
        ("a.json", array([row(n) for n in range(200)]), True),
        ("a.json", page_of(5_000), True),  # so large that it is taken apart
        ("a.json", page_of(99), False),
        ("a.json", page_of(100, total=100), False),
        ("a.json", page_of(5_000, total=5_000), False),
        ("a.jsonl", lines([row(n) for n in range(100)]), False),
        ("a.csv", to_csv([row(n) for n in range(100)]), False),
        ("a.jsonl", "\n".join([page_of(50)] * 2), False),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_pull_that_may_have_stopped(calls: Landing, name: str, content: Any, is_told: bool) -> None:
    calls.put(f"pull/{name}", content)
    calls.put("other/b.csv", to_csv([row(9_999)]))
    calls.run()
    calls.law()
    found = calls.con.sql("SELECT file FROM landing.notices WHERE code = 'round_page'").fetchall()
    assert found == ([(f"outreach/calls/pull/{name}",)] if is_told else [])


def test_another_page_ends_the_notice(calls: Landing) -> None:
    calls.put("pull/1.json", page_of(100))
    calls.run()
    assert len(calls.notices("round_page")) == 1
    calls.put("pull/2.json", page_of(7))
    calls.run()
    assert calls.notices("round_page") == []


# --- events whose type stands beside the record ------------------------------------------------------------------------

CAMPAIGNCALL = {
    "id": "11111111-1111-1111-1111-111111111111",
    "campaign_id": "22222222-2222-2222-2222-222222222222",
    "outdial_target_id": "33333333-3333-3333-3333-333333333333",
    "status": "done", "result": "success", "destination_index": 0, "try_count": 1,
    "tm_create": "2026-10-20 10:00:00", "tm_update": "2026-10-20 10:01:00",
}  # fmt: skip
TARGET = {
    "id": "44444444-4444-4444-4444-444444444444",
    "outdial_id": "55555555-5555-5555-5555-555555555555",
    "name": "Ada Muster", "status": "idle", "tm_create": "2026-10-20 10:00:00",
}  # fmt: skip
ALL_TYPES = [
    {"type": "campaigncall_updated", "data": CAMPAIGNCALL},
    {"type": "outdialtarget_created", "data": TARGET},
    {
        "type": "outplan_created",
        "data": {**TARGET, "id": "66666666-6666-6666-6666-666666666666", "max_try_count_0": 3},
    },
    {
        "type": "campaign_updated",
        "data": {"id": "22222222-2222-2222-2222-222222222222", "name": "Spring", "status": "run"},
    },
]


@pytest.mark.parametrize(
    ("resource", "place"), [("campaigncalls", 0), ("outdialtargets", 1), ("outplans", 2), ("campaigns", 3)]
)
def test_the_type_beside_a_record_says_whose_it_is(tmp_path: Path, resource: str, place: int) -> None:
    """Calls are no targets, and targets are no outplans."""
    landing = Landing(tmp_path, f"voipbin.{resource}")
    landing.put("hooks.jsonl", lines(ALL_TYPES))
    landing.run()
    landing.law()
    data = ALL_TYPES[place]["data"]
    assert isinstance(data, dict)
    assert [str(key) for (key,) in landing.columns("id")] == [data["id"]]
    assert [reason for _, reason in landing.rejected()] == ["wrong_stream"] * 3


def test_a_type_that_says_deleted_marks_the_row(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    landing.put("hooks.jsonl", lines(ALL_TYPES[:1]))
    landing.put("later.jsonl", lines([{"type": "campaigncall_deleted", "data": CAMPAIGNCALL}]))
    landing.run()
    landing.law()
    assert landing.columns("_deleted_at") == [(datetime(2026, 10, 20, 10, 1),)]


def test_changes_of_a_resource_with_a_field_named_source(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    landing.put(
        "changes.jsonl",
        lines(
            [
                {"op": "c", "before": None, "after": CAMPAIGNCALL, "ts_ms": 1792594000000},
                {"op": "d", "before": CAMPAIGNCALL, "after": None, "ts_ms": 1792700000000},
            ]
        ),
    )
    landing.run()
    landing.law()
    assert landing.columns("_deleted_at") == [(datetime(2026, 10, 22, 20, 13, 20),)]


def test_an_event_of_a_deletion_may_stand_alone_in_its_file(calls: Landing) -> None:
    calls.put("calls.jsonl", lines([row(41)]))
    calls.put(
        "hooks.jsonl",
        lines(
            [
                {
                    "data": {"type": "call", "id": 41},
                    "meta": {"eventName": "call.destroyed", "deliveredAt": DELIVERED},
                }
            ]
        ),
    )
    calls.run()
    calls.law()
    assert calls.rejected() == []
    assert calls.columns("id", "_deleted_at") == [(41, datetime(2026, 10, 22, 10))]


# --- Debezium --------------------------------------------------------------------------------------------------------

ATTEMPT = {"id": 1, "entity_id": 5, "disposition": 1, "created_at": 1760979731000000, "note": None}


def change(operation: str, before: Row | None, after: Row | None, *, bare: bool) -> Row:
    payload = {
        "before": before,
        "after": after,
        "op": operation,
        "ts_ms": 1760979732000,
        "source": {"table": "x"},
    }
    return payload if bare else {"schema": {"type": "struct", "fields": []}, "payload": payload}


@pytest.mark.parametrize("bare", [False, True], ids=["envelope", "bare"])
def test_a_change_log_of_debezium(tmp_path: Path, bare: bool) -> None:
    attempts = Landing(tmp_path, "action_builder.contact_attempts")
    second = {**ATTEMPT, "id": 2, "created_at": "2025-10-20T17:02:11Z", "note": "x"}
    attempts.put(
        "topic.jsonl",
        lines(
            [
                change("r", None, ATTEMPT, bare=bare),
                change("c", None, second, bare=bare),
                change("u", {"id": 1}, {**ATTEMPT, "disposition": 0, "updated_at": 1760979733000}, bare=bare),
                # Without a full replica identity the row before holds its key alone, and nulls.
                change("d", {"id": 2, "disposition": None, "note": None}, None, bare=bare),
                *([] if bare else [{"schema": None, "payload": None}]),
            ]
        ),
    )
    attempts.run()
    attempts.law()
    created = datetime(2025, 10, 20, 17, 2, 11)
    assert attempts.columns("id", "disposition", "note", "created_at", "_deleted_at") == [
        (1, 0, None, created, None),
        (2, 1, "x", created, datetime(2025, 10, 20, 17, 2, 12)),
    ]
    assert attempts.rejected() == []


def test_an_unwrapped_record_with_its_schema(tmp_path: Path) -> None:
    attempts = Landing(tmp_path, "action_builder.contact_attempts")
    rows = [
        {"schema": {"type": "struct"}, "payload": {"id": n, "disposition": 0, "__deleted": gone}}
        for n, gone in ((1, "false"), (2, "true"))
    ]
    attempts.put("topic.json", lines(rows))
    attempts.run()
    assert attempts.columns("id", "disposition", "_deleted_at") == [
        (1, 0, None),
        (2, 0, datetime(1970, 1, 1)),
    ]
    assert attempts.notices("undated_deletion") == [("_deleted_at", None, 1)]


def test_a_number_is_a_time_in_a_change_log_alone(tmp_path: Path) -> None:
    attempts = Landing(tmp_path, "action_builder.contact_attempts")
    attempts.put("a.jsonl", lines([change("c", None, ATTEMPT, bare=True), {**ATTEMPT, "id": 2}]))
    attempts.run()
    assert attempts.columns("id") == [(1,)]
    assert attempts.wrong() == [("created_at is not a time", "created_at", "1760979731000000")]


# --- deletions without a time ------------------------------------------------------------------------------------------


def test_a_deletion_without_a_time_is_told(calls: Landing) -> None:
    calls.put("a.csv", "id,note,_fivetran_deleted\n1,a,true\n2,b,false\n3,c,true\n")
    calls.put("b.csv", "id,note,updated_at,_fivetran_deleted\n4,a,2026-01-01,true\n")
    calls.run()
    assert calls.notices("undated_deletion") == [("_deleted_at", None, 2)]
    assert counted(calls) == [2]


# --- files that were put together --------------------------------------------------------------------------------------


def test_byte_order_marks_among_lines(calls: Landing) -> None:
    one = "\ufeff" + json.dumps(row(1), ensure_ascii=False) + "\n"
    two = "\ufeff" + json.dumps(row(2, note="\ufeffkept"), ensure_ascii=False)
    calls.put("all.jsonl", one + two + "\n" + one.replace('"id": 1', '"id": 3'))
    calls.put("glued.jsonl", two.replace('"id": 2', '"id": 4') + one.replace('"id": 1', '"id": 5'))
    calls.run()
    calls.law()
    assert calls.columns("id", "note") == [
        (1, None),
        (2, "\ufeffkept"),
        (3, None),
        (4, "\ufeffkept"),
        (5, None),
    ]
    assert calls.rejected() == []


# --- documents that hold nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["response", "_airbyte_data"])
def test_a_document_whose_record_is_null(calls: Landing, name: str) -> None:
    calls.put("a.jsonl", lines([{name: None}, {**row(1), "response": None}, row(2)]))
    calls.run()
    calls.law()
    assert calls.columns("id") == [(1,), (2,)]
    assert len(calls.rejected()) == 1
