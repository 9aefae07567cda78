"""The same rows through every container shape, name spelling and compression give the same raw table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pipelines.ingest import shapes
from pipelines.ingest.batches import Survey
from tests.landing_folder import Landing, Row, lines, shapes_of
from tests.support import fetch

ADDRESS = {
    "type": "tel",
    "target": "+15550100123",
    "target_name": "",
    "name": 'O"Neill; Ltd',
    "detail": "=1+1",
}

ROWS: dict[str, list[Row]] = {
    "voipbin.campaigncalls": [
        {
            "id": f"56347901-5bb9-422d-add5-5a2ca47fa73{i}",
            "campaign_id": "183c0d5c-691e-42f3-af2b-9bffc2740f83",
            "outplan_id": None,
            "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
            "outdial_target_id": "f50b169d-ce02-4bc9-a6e7-bb632c71e450",
            "queue_id": "00000000-0000-0000-0000-000000000000",
            "reference_type": "call",
            "reference_id": "a69189aa-7295-4c3a-b51f-df1dbbded5f6",
            "status": status,
            "result": result,
            "source": ADDRESS,
            "destination": ADDRESS if i else None,
            "destination_index": i,
            "try_count": i + 1,
            "tm_create": "2022-04-29 07:01:45.808944",
            "tm_update": update,
            "tm_delete": "9999-01-01 00:00:00.000000",
        }
        for i, (status, result, update) in enumerate(
            [
                ("done", "success", "2022-04-29T07:02:48.3Z"),
                ("done", "fail", "2022-04-29T09:02:48.3+02:00"),
                ("dialing", None, None),
            ]
        )
    ],
    "voipbin.outdialtargets": [
        {
            "id": "1b3d7a92-7146-466d-90f5-4bc701ada4c0",
            "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
            "name": "Zoë 🙂",
            "detail": "two\nlines",
            "data": '{"crm": 7}',
            "status": "idle",
            "destination_0": ADDRESS,
            "destination_1": None,
            "try_count_0": 1,
            "try_count_1": 0,
            "tm_create": "2022-04-30 17:52:16.484341",
            "tm_update": "2022-04-30T17:53:51",
            "tm_delete": None,
        }
    ],
    "action_builder.contact_attempts": [
        {
            "id": 2**40 + i,
            "entity_id": 7,
            "action_id": 3 if i else None,
            "campaign_id": 1,
            "contact_info_type": "PhoneNumber",
            "disposition": i,
            "created_by_id": 9,
            "created_at": "2024-03-01 10:00:00",
            "updated_at": "2024-03-01",
            "target_type": "Action",
            "target_id": 3,
            "note": "said <b>\"no\"</b>, 'maybe'; $1",
        }
        for i in range(5)
    ],
    "outreach.calls": [
        {
            "id": 11 + i,
            "answered_at": "2019-08-24T14:15:22Z" if i else None,
            "created_at": "2019-08-24T14:15:22.123456789Z",
            "direction": "outbound",
            "from": "+15550100111",
            "to": None,
            "note": "",
            "outcome": "Answered",
            "should_record_call": bool(i),
            "tags": ["Interested", "Meeting Booked"] if i else [],
            "updated_at": "2019-08-24T16:15:22+02:00",
            "vendor_call_id": "CA-1",
            "call_disposition_id": 4,
            "prospect_id": None,
            "user_id": 1,
        }
        for i in range(2)
    ],
    "outreach.call_dispositions": [
        {
            "id": 5,
            "name": "Answered - Wrong Contact",
            "outcome": "completed",
            "order": 3,
            "default_for_outbound_voicemail": False,
            "created_at": "2019-08-24T14:15:22Z",
        }
    ],
}


def own(row: Row, number: int) -> Row:
    """The row with another key, so that it stands beside the same row of other files."""
    key = row["id"]
    return row | {"id": f"{number:08x}{key[8:]}" if isinstance(key, str) else key + 1_000 * number}


def rows_by_file(landing: Landing) -> dict[str, list[Row]]:
    """File name → its rows in the raw table, without their keys, in the order of the keys."""
    found: dict[str, list[Row]] = {name: [] for name in landing.files()}
    start = len(f"{landing.resource.source}/{landing.resource.name}/")
    rows = fetch(
        landing.con,
        f"SELECT file, t.* EXCLUDE (id, _file_id) FROM {landing.resource.raw_table} AS t "
        "JOIN landing.files ON file_id = _file_id ORDER BY id",
    )
    for row in rows:
        found[row.pop("file")[start:]].append(row)
    return found


@pytest.mark.parametrize("resource", ROWS)
def test_every_shape_gives_the_same_table(tmp_path: Path, resource: str) -> None:
    """A file of each shape, with keys of its own, read by itself."""
    rows = ROWS[resource]
    landing = Landing(tmp_path, resource)
    landing.apart = True
    for number, (name, write) in enumerate(shapes_of(resource).items(), start=1):
        landing.put(name, write([own(row, number) for row in rows]))
    landing.run()
    assert landing.rejected() == []
    assert landing.notices("new_field") == []
    landing.law()
    tables = rows_by_file(landing)
    assert tables.keys() == shapes_of(resource).keys()
    expected = tables["lines.ndjson"]
    assert len(expected) == len(rows)
    for name, table in tables.items():
        if resource == "outreach.calls":  # CSV has no empty text beside null
            assert [{**row, "note": row["note"] or None} for row in table] == [
                {**row, "note": row["note"] or None} for row in expected
            ], name
        else:
            assert table == expected, name


@pytest.mark.parametrize("resource", ROWS)
def test_a_large_file_of_records_is_loaded_by_a_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    """Surveyed first, it takes half as long again. A call has a ``result``, as a page has, and a target has ``data``."""
    guesses: list[Survey | None] = []
    guess = shapes.guess

    def remember(*about: Any) -> Survey | None:
        guesses.append(guess(*about))
        return guesses[-1]

    monkeypatch.setattr(shapes, "guess", remember)
    landing = Landing(tmp_path, resource)
    landing.large = True
    landing.put("a.ndjson", lines(ROWS[resource]))
    landing.run()
    assert [guessed is not None for guessed in guesses] == [True]


def test_many_small_files_with_the_same_columns_are_judged_once(tmp_path: Path) -> None:
    """Judged file by file, 500 pages took twenty times as long, and 3,000 a hundred times."""
    landing = Landing(tmp_path, "outreach.calls")
    for number in range(100):
        landing.put(f"{number}.ndjson", lines([{"id": number, "outcome": "Answered"}]))
    with mock.patch.object(shapes, "has_own_fields", wraps=shapes.has_own_fields) as judged:
        landing.run()
    assert judged.call_count == 1
    assert len(landing.rows()) == 100


def test_values_are_typed(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    landing.put("a.ndjson", lines(ROWS["voipbin.campaigncalls"]))
    landing.run()
    columns = (
        "id",
        "queue_id",
        "result",
        "destination",
        "destination_index",
        "tm_update",
        "tm_delete",
        "_deleted_at",
    )
    assert [tuple(map(str, row)) for row in landing.columns(*columns)] == [
        (
            "56347901-5bb9-422d-add5-5a2ca47fa730",
            "None",
            "success",
            "None",
            "0",
            "2022-04-29 07:02:48.300000",
            "None",
            "None",
        ),
        (
            "56347901-5bb9-422d-add5-5a2ca47fa731",
            "None",
            "fail",
            str(ADDRESS),
            "1",
            "2022-04-29 07:02:48.300000",
            "None",
            "None",
        ),
        ("56347901-5bb9-422d-add5-5a2ca47fa732", "None", "None", str(ADDRESS), "2", "None", "None", "None"),
    ]


def test_shapes_are_told_apart_by_content(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    for name, write in shapes_of("voipbin.campaigncalls").items():
        landing.put(name, write(ROWS["voipbin.campaigncalls"]))
    landing.run()
    shapes = landing.shapes()
    assert shapes["named_wrongly.csv"] == "records"
    assert shapes["named_wrongly.json"] == "csv"
    assert shapes["singer.jsonl"] == "singer"
    assert shapes["airbyte_bare.jsonl"] == shapes["airbyte.jsonl"] == "airbyte"
    assert shapes["airbyte_raw.csv"] == shapes["airbyte_raw.parquet"] == "airbyte_raw"
    assert shapes["page.json"] == "pages"
    landing.law()
    assert len(landing.rows()) == 3


RELATION_VALUES = [
    (4, 4), ("4", 4), ([4], 4), ([], None), ({"id": 4}, 4), ({"data": {"id": 4}}, 4), ({"data": None}, None),
    ({"data": []}, None), ({"data": [{"id": 4}]}, 4), ([{"id": 4}], 4), ({"links": {"related": "x"}}, None),
    (None, None), ("", None), ("[4]", 4), ({}, None), (4.0, 4), ("4.0", 4),
]  # fmt: skip


@pytest.mark.parametrize(
    "spelling",
    [
        "call_disposition",
        "callDispositionId",
        "relationship_call_disposition_id",
        "relationships__callDisposition__data__id",
        "relationships.callDisposition.data.id",
        "calldisposition",
        "CALL_DISPOSITION_ID",
    ],
)
def test_relations_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    landing.put(
        "calls.ndjson",
        lines([{"id": i, spelling: value, "user": 1} for i, (value, _) in enumerate(RELATION_VALUES)]),
    )
    landing.run()
    assert landing.rejected() == []
    assert landing.columns("id", "call_disposition_id", "user_id", "extra") == [
        (i, expected, 1, None) for i, (_, expected) in enumerate(RELATION_VALUES)
    ]


def test_a_relation_that_is_no_id_is_refused(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    values = [[1, 2], {"foo": 1}, "x", True, {"data": {"id": "x"}}, [True], 1.5]
    landing.put("calls.ndjson", lines([{"id": 1, "user": value} for value in values]))
    landing.run()
    came = [
        "[1,2]",
        '{"foo":1}',
        "x",
        "true",
        "x",
        "true",
        "1.5",
    ]  # an id that stands in an object, without it
    assert landing.wrong() == [("user_id is not a whole number", "user_id", value) for value in came]


def test_a_json_api_document_of_one_and_of_another_type(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    landing.put(
        "one.json", json.dumps({"data": {"type": "call", "id": 7, "attributes": {"outcome": "Answered"}}})
    )
    landing.put(
        "other.json", json.dumps({"data": [{"type": "prospect", "id": 8, "attributes": {"outcome": "x"}}]})
    )
    landing.run()
    assert landing.columns("id", "outcome") == [(7, "Answered")]
    assert landing.rejected() == [(1, "wrong_stream")]
