"""The vendors' own example records, as they stand on their pages (and in the sample), and every field described there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from pipelines.settings import ROOT
from pipelines.sql_text import quoted
from tests.landing_folder import Landing, Row
from tests.support import fetch

SAMPLE = ROOT / "data" / "sample"
TEL = {"type": "tel", "target_name": "", "name": "", "detail": ""}


def example(tmp_path: Path, resource: str, *names: str) -> Landing:
    """The resource with nothing in its landing folder but these examples."""
    landing = Landing(tmp_path, resource)
    for name in names:
        landing.put(name, (SAMPLE / resource.replace(".", "/") / name).read_bytes())
    landing.run()
    landing.law()
    return landing


def filled(landing: Landing) -> list[Row]:
    """The table's rows, without what is null."""
    rows = fetch(
        landing.con, f"SELECT * EXCLUDE (_file_id) FROM raw.{quoted(landing.resource.table)} ORDER BY ALL"
    )
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def test_campaigncall(tmp_path: Path) -> None:
    assert filled(example(tmp_path, "voipbin.campaigncalls", "vendor_example.json")) == [
        {
            "id": UUID("56347901-5bb9-422d-add5-5a2ca47fa737"),
            "campaign_id": UUID("183c0d5c-691e-42f3-af2b-9bffc2740f83"),
            "outplan_id": UUID("d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e"),
            "outdial_id": UUID("40bea034-1d17-474d-a5de-da00d0861c69"),
            "outdial_target_id": UUID("f50b169d-ce02-4bc9-a6e7-bb632c71e450"),
            "queue_id": UUID("99bf739a-932f-433c-b1bf-103d33d7e9bb"),
            "activeflow_id": UUID("02aad54d-270e-43c7-82c5-bf42502c8bc6"),
            "reference_type": "call",
            "reference_id": UUID("a69189aa-7295-4c3a-b51f-df1dbbded5f6"),
            "status": "done",
            "result": "success",
            "source": {**TEL, "target": "+15559876543"},
            "destination": {**TEL, "target": "+15559876543"},
            "destination_index": 0,
            "try_count": 1,
            "tm_create": datetime(2022, 4, 29, 7, 1, 45, 808944),
            "tm_update": datetime(2022, 4, 29, 7, 2, 48, 304704),
        }
    ]


def test_outdialtarget(tmp_path: Path) -> None:
    assert filled(example(tmp_path, "voipbin.outdialtargets", "vendor_example.json")) == [
        {
            "id": UUID("1b3d7a92-7146-466d-90f5-4bc701ada4c0"),
            "outdial_id": UUID("40bea034-1d17-474d-a5de-da00d0861c69"),
            "name": "test destination 0",
            "detail": "test detatination 0 detail",
            "data": "test data",
            "status": "done",
            "destination_0": {**TEL, "target": "+821100000001"},
            "try_count_0": 1,
            "try_count_1": 0,
            "try_count_2": 0,
            "try_count_3": 0,
            "try_count_4": 0,
            "tm_create": datetime(2022, 4, 30, 17, 52, 16, 484341),
            "tm_update": datetime(2022, 4, 30, 17, 53, 51, 183345),
        }
    ]


def test_the_outreach_example_is_refused_for_its_placeholder_alone(tmp_path: Path) -> None:
    # It says "string" for every text, and a direction is one of two words.
    landing = example(tmp_path, "outreach.calls", "vendor_example.json")
    assert filled(landing) == []
    assert landing.wrong() == [("direction is not one of inbound, outbound", "direction", "string")]
    assert landing.notices("new_field") == []


def test_the_outreach_example_with_a_direction(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    text = (SAMPLE / "outreach/calls/vendor_example.json").read_text()
    landing.put("a.json", text.replace('"direction": "string"', '"direction": "outbound"'))
    landing.run()
    when = datetime(2019, 8, 24, 14, 15, 22)
    times = "answered_at completed_at created_at dialed_at returned_at state_changed_at updated_at".split()
    texts = (
        "external_vendor from note outcome recording_url sequence_action state to uid user_call_type vendor_call_id "
        "voicemail_recording_url"
    ).split()
    relations = (
        "call_disposition call_purpose opportunity phone_number prospect sequence sequence_state sequence_step task user"
    ).split()
    assert filled(landing) == [
        {
            "id": 0,
            "direction": "outbound",
            "should_record_call": True,
            "tags": ["string"],
            **dict.fromkeys(times, when),
            **dict.fromkeys(texts, "string"),
            **{f"{relation}_id": 0 for relation in relations},
        }
    ]
    assert [field for field, _, _ in landing.notices("unknown_value")] == [
        "outcome", "sequence_action", "state", "user_call_type"
    ]  # fmt: skip


@pytest.mark.parametrize("loaded", [False, True])
def test_the_liondesk_examples(tmp_path: Path, loaded: bool) -> None:
    folder = "vendor_example_loaded" if loaded else "vendor_example"
    names = [
        path.relative_to(SAMPLE / "liondesk/contact_communications").as_posix()
        for path in (SAMPLE / "liondesk/contact_communications" / folder).rglob("*.json")
    ]
    landing = example(tmp_path, "liondesk.contact_communications", *names)
    columns = (
        "contact_id",
        "campaign_name",
        "type",
        "is_active",
        "send_at",
        "completed_at",
        "completing_user_id",
    )
    active = (76, "New Contact Campaign", "Text Contact", True, datetime(2028, 9, 12, 18, 31, 35), None, 76)
    sent = datetime(2017, 12, 6, 22, 11, 2)
    assert landing.columns(*columns) == [
        active,
        (76, "Old Contact Campaign", "Email Contact", False, sent, sent, None),
    ]
    users = [(row[1] or {}).get("first_name") for row in landing.columns("campaign_name", "send_from_user")]
    assert users == (["Ana", "Gabriel"] if loaded else [None, None])
    # Active, with a completing user: the vendor's own first row breaks the vendor's rule.
    assert landing.notices("inconsistent") == [("completing_user_id", None, 1)]
    assert landing.notices("page_total") == landing.notices("new_field") == []


def test_every_field_of_the_sql_mirror(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "action_builder.contact_attempts")
    landing.put(
        "a.csv",
        "id,entity_id,action_entity_id,action_id,campaign_id,contact_info_type,contact_info_id,disposition,"
        "created_by_id,created_at,updated_at,target_type,target_id,note\n"
        "1,2,3,4,5,PhoneNumber,6,4,7,2024-03-01 10:00:00,2024-03-02 11:30:00.5,CustomForm,8,left a note\n"
        "2,,,,,,,,,2024-03-01 10:00:00,2024-03-01 10:00:00,,,\n",
    )
    landing.run()
    day = datetime(2024, 3, 1, 10)
    assert filled(landing) == [
        {
            "id": 1, "entity_id": 2, "action_entity_id": 3, "action_id": 4, "campaign_id": 5,
            "contact_info_type": "PhoneNumber", "contact_info_id": 6, "disposition": 4, "created_by_id": 7,
            "created_at": day, "updated_at": datetime(2024, 3, 2, 11, 30, 0, 500000), "target_type": "CustomForm",
            "target_id": 8, "note": "left a note",
        },
        {"id": 2, "created_at": day, "updated_at": day},
    ]  # fmt: skip
