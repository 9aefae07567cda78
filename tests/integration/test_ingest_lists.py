"""The optional lists of points, people and marks: every shape gives the same rows, and a house list is a whole one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest

from pipelines.sources import RESOURCE
from tests.landing_folder import Landing, Row, jsonapi, jsonapi_lines, lines, shapes_of, to_csv

TIME = "2026-10-05T09:00:00Z"
AT = datetime(2026, 10, 5, 9)
ONE, TWO, THREE = (str(UUID(int=number)) for number in (1, 2, 3))
ADDRESS = {"type": "tel", "target": "+12125550142", "target_name": "", "name": "", "detail": ""}
OWNER = {"owner_id": 501, "owner_type": "Entity", "created_at": TIME, "updated_at": TIME}

LISTS: dict[str, list[Row]] = {
    "voipbin.calls": [
        {
            "id": number,
            "status": "hangup",
            "hangup_by": "remote",
            "hangup_reason": "busy",
            "source": ADDRESS,
            "destination": ADDRESS,
            "tm_ringing": TIME,
            "tm_hangup": TIME,
            "tm_create": TIME,
            "tm_update": TIME,
        }
        for number in (ONE, TWO)
    ],
    "voipbin.queuecalls": [
        {
            "id": number,
            "reference_type": "call",
            "reference_id": THREE,
            "status": "abandoned",
            "duration_waiting": 8000,
            "duration_service": 0,
            "tm_create": TIME,
            "tm_update": TIME,
        }
        for number in (ONE, TWO)
    ],
    "outreach.prospects": [
        {
            "id": number,
            "first_name": "Maria",
            "last_name": "Lopez",
            "emails": ["maria@example.com"],
            "mobile_phones": ["+12125550142", "+12125550143"],
            "call_opted_out": True,
            "calls_opt_status": "opted_out",
            "calls_opted_at": TIME,
            "time_zone_iana": "America/New_York",
            "time_zone_inferred": False,
            "created_at": TIME,
            "updated_at": TIME,
        }
        for number in (900, 901)
    ],
    "outreach.phone_numbers": [
        {
            "id": number,
            "number": "+12125550142",
            "phone_type": "mobile",
            "status": "bad",
            "status_changed_at": TIME,
            "prospect_id": 900,
        }
        for number in (1, 2)
    ],
    "outreach.email_addresses": [
        {
            "id": number,
            "email": "maria@example.com",
            "status": "bounced",
            "status_changed_at": TIME,
            "unsubscribed_at": TIME,
            "prospect_id": 900,
        }
        for number in (1, 2)
    ],
    "outreach.users": [{"id": number, "first_name": "Ada", "last_name": "King"} for number in (7, 8)],
    "action_builder.phone_numbers": [
        {
            "id": number,
            "number": "+12125550142",
            "ext": "12",
            "number_type": "mobile",
            "status": "bad",
            **OWNER,
        }
        for number in (1, 2)
    ],
    "action_builder.emails": [
        {"id": number, "email": "maria@example.com", "status": "verified", **OWNER} for number in (1, 2)
    ],
    "action_builder.addresses": [
        {
            "id": number,
            "street_address": "1 Main St",
            "city": "Albany",
            "state": "NY",
            "postal_code": "12207",
            "country": "US",
            "timezone": "America/New_York",
            "status": "user_added",
            **OWNER,
        }
        for number in (1, 2)
    ],
    "action_builder.entities": [
        {
            "id": number,
            "interact_id": "abc",
            "first_name": "Maria",
            "last_name": "Lopez",
            "custom_id": "crm-1",
            "created_at": TIME,
            "updated_at": TIME,
        }
        for number in (501, 502)
    ],
    "action_builder.users": [{"id": number, "first_name": "Ada", "last_name": "King"} for number in (7, 8)],
    "liondesk.contacts": [
        {
            "id": number,
            "first_name": "José",
            "last_name": "Lopez",
            "email": "jose@example.com",
            "mobile_phone": "1-212-555-0142",
            "company": "Acme",
            "tags": ["warm", "do not call"],
            "created_at": TIME,
            "modified_at": TIME,
        }
        for number in (76, 77)
    ],
    "house.suppressions": [
        {
            "kind": "phone",
            "value": value,
            "channel": "phone",
            "reason": "asked",
            "since": TIME,
            "until": "2027-10-05T09:00:00Z",
        }
        for value in ("+12125550142", "+12125550143")
    ],
    "house.people": [
        {"source": "outreach", "target_id": target, "person": "maria"} for target in ("900", "901")
    ],
}
SAMPLED = ("lines.ndjson", "table.csv", "table.parquet", "singer.jsonl", "airbyte_raw.csv", "camel.ndjson")
WHOLE = ("outreach.prospects", "voipbin.queuecalls", "house.suppressions")
"""Resources that are tried in every shape: with lists, with ids and times, and without an id."""


@pytest.mark.parametrize("resource", LISTS)
def test_every_shape_gives_the_same_rows(tmp_path: Path, resource: str) -> None:
    rows = LISTS[resource]
    shapes = {
        name: write for name, write in shapes_of(resource).items() if resource in WHOLE or name in SAMPLED
    }
    if resource.startswith("outreach."):
        kind = {
            "prospects": "prospect",
            "users": "user",
            "phone_numbers": "phoneNumber",
            "email_addresses": "emailAddress",
        }[resource.partition(".")[2]]
        shapes |= {"jsonapi.json": jsonapi(kind), "jsonapi.ndjson": jsonapi_lines(kind)}
    tables: dict[str, list[Row]] = {}
    for name, write in shapes.items():
        landing = Landing(tmp_path / name, resource)
        landing.put(name, write(rows))
        landing.run()
        landing.law()
        assert landing.files()[name] == (2, 2, 0, 0), name
        assert landing.notices("unknown_value") == [], name
        tables[name] = landing.rows()
    first = tables["lines.ndjson"]
    assert all(row["extra"] is None and row["_deleted_at"] is None for row in first)
    assert {name: found for name, found in tables.items() if found != first} == {}
    filled = {name for row in first for name, value in row.items() if value is not None}
    assert filled == set(rows[0])


def test_the_lists_are_all_that_is_new() -> None:
    assert {name for name in LISTS if name not in RESOURCE} == set()


def prospects(tmp_path: Path, content: bytes, name: str) -> tuple[Any, ...]:
    landing = Landing(tmp_path / name, "outreach.prospects")
    landing.put(name, content)
    landing.run()
    landing.law()
    (found,) = landing.columns("emails", "work_phones")
    return (*found, landing.notices("left_out"))


def test_lists_as_files_write_them(tmp_path: Path) -> None:
    emails, phones = ["a@example.com", "b@example.com"], ["+12125550142"]
    as_list: tuple[Any, ...] = (emails, phones, [])
    row: Row = {"id": 900, "emails": emails, "work_phones": phones}
    frame = pl.DataFrame([row])
    frame.write_parquet(tmp_path / "lists.parquet")
    assert prospects(tmp_path, lines([row]), "a.ndjson") == as_list
    assert prospects(tmp_path, to_csv([row]), "a.csv") == as_list
    assert prospects(tmp_path, (tmp_path / "lists.parquet").read_bytes(), "a.parquet") == as_list
    postgres = {**row, "emails": "{a@example.com,b@example.com}", "work_phones": "{+12125550142}"}
    assert prospects(tmp_path, to_csv([postgres]), "b.csv") == as_list
    one = {**row, "emails": "a@example.com;b@example.com", "work_phones": ""}
    assert prospects(tmp_path, to_csv([one]), "c.csv") == (["a@example.com;b@example.com"], None, [])


def test_a_list_that_cannot_be_read_costs_the_field_and_not_the_row(tmp_path: Path) -> None:
    row = {"id": 900, "emails": "['a@example.com']", "work_phones": ["+12125550142"]}
    assert prospects(tmp_path, lines([row]), "a.ndjson") == (
        None,
        ["+12125550142"],
        [("emails", "['a@example.com']", 1)],
    )


def test_a_later_state_of_a_number_counts(tmp_path: Path) -> None:
    numbers = Landing(tmp_path, "outreach.phone_numbers")
    (row, _) = LISTS["outreach.phone_numbers"]
    numbers.put("b.ndjson", lines([{**row, "status": "good", "status_changed_at": "2026-10-06T09:00:00Z"}]))
    numbers.put("a.ndjson", lines([row]))
    numbers.run()
    assert numbers.columns("status", "status_changed_at") == [("good", datetime(2026, 10, 6, 9))]
    numbers.law()


class TestWholeLists:
    """What the files of a house list say now is the list."""

    HEAD = "kind,value,channel,since,until\n"

    def test_a_line_that_is_taken_off_goes(self, tmp_path: Path) -> None:
        house = Landing(tmp_path, "house.suppressions")
        house.put("a.csv", f"{self.HEAD}phone,+12125550142,,,\nphone,+12125550143,,,\n")
        house.put("b.csv", f"{self.HEAD}email,a@example.com,,,\n")
        house.run()
        assert [value for (value,) in house.columns("value")] == [
            "+12125550142",
            "+12125550143",
            "a@example.com",
        ]
        house.put("a.csv", f"{self.HEAD}phone,+12125550143,,,2026-11-01\n")
        house.run()
        assert house.columns("value", "until") == [
            ("+12125550143", datetime(2026, 11, 1)),
            ("a@example.com", None),
        ]
        (house.folder / "b.csv").unlink()
        house.run()
        assert house.columns("value") == [("+12125550143",)]
        house.law()
        (house.folder / "a.csv").unlink()
        house.run()
        assert house.columns("value") == []
        house.law()
        assert house.run().files_read == 0

    def test_it_does_not_matter_in_which_runs_the_files_came(self, tmp_path: Path) -> None:
        together, apart = (Landing(tmp_path / name, "house.suppressions") for name in ("1", "2"))
        files = [
            f"{self.HEAD}phone,+12125550142,,2026-10-05,{until}\n"
            for until in ("", "2026-11-01", "2026-12-01")
        ]
        for name, content in zip("abc", files, strict=True):
            together.put(f"{name}.csv", content)
        together.run()
        for name, content in reversed(list(zip("abc", files, strict=True))):
            apart.put(f"{name}.csv", content)
            apart.run()
        assert together.rows() == apart.rows()
        assert len(together.rows()) == 1
        together.law()
        apart.law()

    def test_a_file_that_goes_back_to_what_it_held_is_read_again(self, tmp_path: Path) -> None:
        house = Landing(tmp_path, "house.suppressions")
        first, second = (f"{self.HEAD}phone,+1212555014{digit},,,\n" for digit in "23")
        for content in (first, second, first):
            house.put("a.csv", content)
            house.run()
        assert house.columns("value") == [("+12125550142",)]
        house.law()

    def test_a_file_that_cannot_be_read_holds_no_lines_until_it_can(self, tmp_path: Path) -> None:
        house = Landing(tmp_path, "house.people")
        house.put("a.csv", "source,target_id,person\noutreach,900,maria\n")
        house.put("b.csv", "source,target_id,person\noutreach,901,maria\n")
        house.run()
        kept = (house.folder / "b.csv").rename(tmp_path / "kept.csv")
        house.put("b.parquet", b"PAR1 and no more")
        house.run()
        assert house.columns("target_id") == [("900",)]
        (house.folder / "b.parquet").unlink()
        kept.rename(house.folder / "b.csv")
        house.run()
        assert house.columns("target_id") == [("900",), ("901",)]
        house.law()

    def test_a_kind_that_nobody_knows_is_refused(self, tmp_path: Path) -> None:
        house = Landing(tmp_path, "house.suppressions")
        house.put("a.csv", f"{self.HEAD}fax,+12125550142,,,\nphone,,,,\nphone,+12125550142,smoke,,\n")
        house.run()
        assert [position for position, _ in house.rejected()] == [1, 2]
        assert house.columns("value", "channel") == [("+12125550142", "smoke")]
        assert house.notices("unknown_value") == [("channel", "smoke", 1)]
        house.law()
