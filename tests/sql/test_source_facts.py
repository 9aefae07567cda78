"""What each source says of points, places, names and marks, and where its attempts went: small logs, known answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pipelines.models.sql_files import SQL_ROOT, _unions, load_models
from pipelines.sources import SOURCES
from tests.sql.logs import with_mapping
from tests.support import build, ledger

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

NOON = datetime(2026, 10, 5, 12)
LATER = NOON + timedelta(days=3)
TARGET, OTHER, CALL, VOICE, CAMPAIGN = (UUID(int=number) for number in range(1, 6))

OWNER = {"owner_id": 501, "owner_type": "Entity"}
ENTITIES: Rows = {
    "action_builder_phone_numbers": [
        {
            **OWNER,
            "id": 88001,
            "number": "+12125550142",
            "status": "do_not_contact",
            "updated_at": NOON,
        },
        {**OWNER, "id": 88002, "number": "+12125550143", "status": "verified", "updated_at": NOON},
        {**OWNER, "id": 88003, "number": "+12125550144", "status": "bad"},
        {
            "id": 88004,
            "number": "+12125550145",
            "status": "bad",
            "owner_id": 9,
            "owner_type": "User",
            "updated_at": NOON,
        },
        {**OWNER, "id": 88005, "number": " ", "status": "do_not_contact", "updated_at": NOON},
    ],
    "action_builder_emails": [{**OWNER, "id": 1, "email": "ada@example.com", "status": "user_added"}],
    "action_builder_addresses": [
        {
            **OWNER,
            "id": 7,
            "street_address": "1 Main St",
            "city": "Albany",
            "state": "NY",
            "country": "US",
            "timezone": "America/New_York",
            "status": "verified",
            "updated_at": NOON,
        },
        {
            **OWNER,
            "id": 8,
            "state": "CA",
            "timezone": "America/Los_Angeles",
            "status": "bad",
            "updated_at": NOON,
        },
    ],
    "action_builder_entities": [
        {
            "id": 501,
            "first_name": "Maria",
            "last_name": "Lopez",
            "custom_id": "crm-1",
            "interact_id": "abc",
        },
        {"id": 502, "first_name": "José", "interact_id": "def"},
        {"id": 503},
    ],
}

CONTACT: Mapping[str, Any] = {
    "id": 76,
    "first_name": "José",
    "last_name": "Lopez",
    "email": "jose@example.com",
    "mobile_phone": "1-212-555-0142",
    "home_phone": "212 555 0143",
    "tags": ["warm, Do Not Call", "OPT-OUT"],
}


def facts(kind: str, source: str, rows: Rows, **settings: Any) -> list[dict[str, Any]]:
    """What the source's SQL file of this kind gives for these rows, sorted, without what is null."""
    con = ledger(rows, **settings)
    build(con, "core._cutoff", "core.dispositions")
    (branch,) = (b for b in _unions(SQL_ROOT, SOURCES)[f"sources.{kind}"] if b.source.name == source)
    found = con.sql(f"FROM ({branch.select}) ORDER BY ALL")
    names = found.columns
    rows_found = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return [{k: v for k, v in row.items() if v is not None and k != "source"} for row in rows_found]


def tel(number: str, kind: str = "tel") -> dict[str, str]:
    return {"type": kind, "target": number}


def attempts(rows: Rows, **settings: Any) -> list[tuple[Any, ...]]:
    """Where each attempt went: key, basis and timing, in the order of the attempts' keys."""
    con = ledger(rows, **settings)
    build(con, "core.attempts")
    return con.sql("SELECT point_key, point_basis, timing FROM core.attempts ORDER BY attempt_key").fetchall()


class TestVoipbin:
    def test_points_are_the_destinations_of_targets_and_of_calls_to_nobodys_target(self) -> None:
        rows: Rows = {
            "voipbin_outdialtargets": [
                {
                    "id": TARGET,
                    "destination_0": tel("+12125550142"),
                    "destination_1": tel("ada@example.com", "email"),
                    "destination_2": tel("+12125550142", "sms"),
                    "destination_3": tel("100", "extension"),
                    "destination_4": tel("+12125550143", "whatsapp"),
                }
            ],
            "voipbin_campaigncalls": [
                {
                    "id": CALL,
                    "outdial_target_id": TARGET,
                    "destination": tel("+12125550149"),
                    "tm_create": NOON,
                },
                {
                    "id": VOICE,
                    "outdial_target_id": OTHER,
                    "destination": tel("+12125550144"),
                    "tm_create": NOON,
                },
                {"id": OTHER, "destination": tel("+12125550145"), "tm_create": NOON},
            ],
        }
        of_target = [
            {"person": str(TARGET), "kind": "email", "value": "ada@example.com"},
            {"person": str(TARGET), "kind": "phone", "value": "+12125550142"},
            {"person": str(TARGET), "kind": "phone", "value": "+12125550143"},
        ]
        orphan = {"person": str(OTHER), "kind": "phone", "value": "+12125550144"}
        assert facts("points", "voipbin", rows) == [*of_target, orphan]
        before = facts("points", "voipbin", rows, as_of=NOON - timedelta(hours=1))
        assert before == of_target

    def test_the_first_word_of_a_name_is_the_first_name(self) -> None:
        named = ["Maria Lopez", "  Ada  King   Lovelace ", "Cher", " ", None]
        rows: Rows = {
            "voipbin_outdialtargets": [{"id": UUID(int=i), "name": name} for i, name in enumerate(named, 1)]
        }
        assert [
            (row["first_name"], row.get("last_name")) for row in facts("identities", "voipbin", rows)
        ] == [
            ("Maria", "Lopez"),
            ("Ada", "King Lovelace"),
            ("Cher", None),
        ]

    def test_an_attempt_went_to_its_destination_when_it_was_dialled(self) -> None:
        to = [tel("+12125550142"), tel("ADA@example.com", "email"), tel("100", "extension"), tel("")]
        calls = [
            {"id": UUID(int=i), "status": "dialing", "tm_create": NOON, "destination": destination}
            for i, destination in enumerate(to, 1)
        ]
        assert attempts({"voipbin_campaigncalls": calls}) == [
            ("phone:+12125550142", "destination", "dialled"),
            ("email:ada@example.com", "destination", "dialled"),
            (None, None, "dialled"),
            (None, None, "dialled"),
        ]


class TestOutreach:
    def test_points_come_from_lists_and_from_tables_with_states(self) -> None:
        rows: Rows = {
            "outreach_prospects": [
                {
                    "id": 900,
                    "emails": ["ada@example.com;king@example.com"],
                    "mobile_phones": ["+12125550142", "+12125550143, +12125550144"],
                    "work_phones": [],
                },
                {"id": 901, "bento": "app1", "o_id": "7", "voip_phones": ["+12125550145"]},
            ],
            "outreach_phone_numbers": [
                {
                    "id": 1,
                    "prospect_id": 900,
                    "number": "+12125550142",
                    "status": "bad",
                    "status_changed_at": NOON,
                },
                {"id": 2, "prospect_id": 900, "number": " ", "raw_number": "(212) 555-0146"},
                {"id": 3, "prospect_id": 900, "number": "+12125550147", "_deleted_at": NOON},
                {"id": 4, "number": "+12125550148"},
            ],
            "outreach_email_addresses": [
                {"id": 1, "prospect_id": 900, "email": "ada@example.com", "status": "valid"}
            ],
        }
        phone, email = {"person": "900", "kind": "phone"}, {"person": "900", "kind": "email"}
        assert facts("points", "outreach", rows) == [
            {**email, "value": "ada@example.com", "status": "valid"},
            {**email, "value": "ada@example.com"},
            {**email, "value": "king@example.com"},
            {**phone, "value": "(212) 555-0146"},
            {**phone, "value": "+12125550142", "status": "bad", "status_at": NOON},
            {**phone, "value": "+12125550142"},
            {**phone, "value": "+12125550143"},
            {**phone, "value": "+12125550144"},
            {"person": "app1.7.901", "kind": "phone", "value": "+12125550145"},
        ]

    def test_a_zone_is_stated_inferred_or_unusable(self) -> None:
        rows: Rows = {
            "outreach_prospects": [
                {"id": 1, "time_zone_iana": "America/New_York", "time_zone": "Eastern"},
                {"id": 2, "time_zone_iana": "America/Chicago", "time_zone_inferred": True},
                {"id": 3, "time_zone": "America/Los_Angeles"},
                {"id": 4, "time_zone": "Eastern Time (US & Canada)", "address_state": "NY"},
                {"id": 5, "address_country": "United States"},
                {"id": 6, "first_name": "Ada"},
            ]
        }
        assert facts("places", "outreach", rows) == [
            {"person": "1", "zone": "America/New_York", "zone_basis": "stated"},
            {"person": "2", "zone": "America/Chicago", "zone_basis": "inferred"},
            {"person": "3", "zone": "America/Los_Angeles", "zone_basis": "stated"},
            {"person": "4", "region": "NY"},
            {"person": "5", "country": "United States"},
        ]

    def test_names_and_ids_of_other_systems(self) -> None:
        rows: Rows = {
            "outreach_prospects": [
                {
                    "id": 900,
                    "o_id": "7",
                    "first_name": "Maria",
                    "last_name": " Lopez ",
                    "external_id": "crm-1",
                },
                {"id": 901, "external_id": "crm-2"},
                {"id": 902, "first_name": " "},
            ]
        }
        assert facts("identities", "outreach", rows) == [
            {"person": "7.900", "first_name": "Maria", "last_name": "Lopez", "external_id": "crm-1"},
            {"person": "901", "external_id": "crm-2"},
        ]

    def test_marks(self) -> None:
        rows: Rows = {
            "outreach_phone_numbers": [
                {
                    "id": 1,
                    "prospect_id": 900,
                    "number": "+12125550142",
                    "status": "Bad",
                    "status_changed_at": NOON,
                },
                {"id": 2, "number": "+12125550143", "status": "opted out"},
                {"id": 3, "prospect_id": 900, "number": "+12125550144", "status": "good"},
                {"id": 4, "prospect_id": 900, "status": "bad"},
            ],
            "outreach_email_addresses": [
                {
                    "id": 5,
                    "prospect_id": 900,
                    "email": "ada@example.com",
                    "status": "bounced",
                    "unsubscribed_at": LATER,
                }
            ],
            "outreach_prospects": [
                {"id": 1, "call_opted_out": True},
                {"id": 2, "call_opted_out": True, "calls_opt_status": "opted_in", "calls_opted_at": NOON},
                {"id": 3, "calls_opt_status": "opted_out", "calls_opted_at": NOON},
                {"id": 4, "emails_opt_status": "opted_out", "emails_opted_at": NOON},
                {"id": 5, "opted_out": True, "opted_out_at": LATER},
                {"id": 6, "opted_out": False, "opted_out_at": LATER},
                {"id": 7, "call_opted_out": False},
            ],
        }
        found = {row["mark"]: row for row in facts("marks", "outreach", rows)}
        shown = {
            mark: (
                row.get("person"),
                row.get("point_value"),
                row["kind"],
                row.get("channels"),
                row.get("since"),
            )
            for mark, row in found.items()
        }
        assert shown == {
            "phone_numbers:1:status": ("900", "+12125550142", "bad_contact_info", None, NOON),
            "phone_numbers:2:status": (None, "+12125550143", "opted_out", None, None),
            "email_addresses:5:status": ("900", "ada@example.com", "bad_contact_info", None, None),
            "email_addresses:5:unsubscribed": ("900", "ada@example.com", "opted_out", "email", LATER),
            "prospects:1:calls": ("1", None, "opted_out", "phone", None),
            "prospects:2:calls": ("2", None, "opted_in", "phone", NOON),
            "prospects:3:calls": ("3", None, "opted_out", "phone", NOON),
            "prospects:4:emails": ("4", None, "opted_out", "email", NOON),
            "prospects:5:all": ("5", None, "opted_out", None, LATER),
        }
        bases = {row["since_basis"] for row in found.values() if "since" in row}
        assert bases == {"status_changed"}
        assert {row["since_basis"] for row in found.values() if "since" not in row} == {"unknown"}
        assert found["phone_numbers:1:status"]["evidence"] == "phone_numbers.status = bad"
        assert found["prospects:1:calls"]["evidence"] == "prospects.call_opted_out"

    def test_where_a_call_went(self) -> None:
        call = {"direction": "outbound", "created_at": NOON}
        rows: Rows = {
            "outreach_calls": [
                {**call, "id": 1, "to": "(212) 555-0142", "from": "+13125550199", "dialed_at": NOON},
                {**call, "id": 2, "direction": "inbound", "from": "+12125550142", "completed_at": NOON},
                {**call, "id": 3, "phone_number_id": 88, "answered_at": NOON},
                {**call, "id": 4, "to": "+12125550144", "phone_number_id": 88},
                {**call, "id": 5, "from": "+13125550199"},
                {**call, "id": 6, "o_id": "7", "phone_number_id": 88},
            ],
            "outreach_phone_numbers": [{"id": 88, "number": "+12125550143"}],
        }
        assert attempts(rows) == [
            ("phone:+12125550142", "to", "dialled"),
            ("phone:+12125550142", "from", "completed"),
            ("phone:+12125550143", "phone_number_id", "completed"),
            ("phone:+12125550144", "to", "recorded"),
            (None, None, "recorded"),
            (None, None, "recorded"),
        ]
        # Ten digits are a number of the North American plan only where the default country is in it.
        assert attempts(rows, country="GB")[0][0] == "phone:(212) 555-0142"


class TestActionBuilder:
    def test_points(self) -> None:
        person = {"person": "501"}
        assert facts("points", "action_builder", ENTITIES) == [
            {
                **person,
                "kind": "address",
                "value": "1 Main St, Albany, NY, US",
                "point_id": "7",
                "status": "verified",
                "status_at": NOON,
            },
            {
                **person,
                "kind": "address",
                "value": "CA",
                "point_id": "8",
                "status": "bad",
                "status_at": NOON,
            },
            {**person, "kind": "email", "value": "ada@example.com", "status": "user_added"},
            {
                **person,
                "kind": "phone",
                "value": "+12125550142",
                "status": "do_not_contact",
                "status_at": NOON,
            },
            {**person, "kind": "phone", "value": "+12125550143", "status": "verified", "status_at": NOON},
            {**person, "kind": "phone", "value": "+12125550144", "status": "bad"},
        ]

    def test_places_are_those_of_good_addresses(self) -> None:
        assert facts("places", "action_builder", ENTITIES) == [
            {
                "person": "501",
                "country": "US",
                "region": "NY",
                "zone": "America/New_York",
                "zone_basis": "address",
            }
        ]

    def test_an_entity_has_a_row_for_each_of_its_ids(self) -> None:
        maria = {"person": "501", "first_name": "Maria", "last_name": "Lopez"}
        assert facts("identities", "action_builder", ENTITIES) == [
            {**maria, "external_id": "abc"},
            {**maria, "external_id": "crm-1"},
            {"person": "502", "first_name": "José", "external_id": "def"},
        ]

    def test_marks(self) -> None:
        found = [
            (
                row["mark"],
                row.get("person"),
                row.get("point_value") or row.get("point_id"),
                row["kind"],
                row.get("since"),
                row["since_basis"],
            )
            for row in facts("marks", "action_builder", ENTITIES)
        ]
        assert found == [
            ("addresses:8", "501", "8", "bad_contact_info", NOON, "updated_at_latest"),
            ("phone_numbers:88001", "501", "+12125550142", "do_not_contact", NOON, "updated_at_latest"),
            ("phone_numbers:88003", "501", "+12125550144", "bad_contact_info", None, "unknown"),
            ("phone_numbers:88004", None, "+12125550145", "bad_contact_info", NOON, "updated_at_latest"),
        ]

    def test_where_an_attempt_went(self) -> None:
        told = [("PhoneNumber", 88002), ("Email", 1), ("Address", 7), ("PhoneNumber", 99999), (None, None)]
        made = [
            {
                "id": i,
                "disposition": 1,
                "created_at": NOON,
                "contact_info_type": kind,
                "contact_info_id": number,
            }
            for i, (kind, number) in enumerate(told, 1)
        ]
        rows = {**ENTITIES, "action_builder_contact_attempts": made}
        assert attempts(rows) == [
            ("phone:+12125550143", "contact_info_id", "recorded"),
            ("email:ada@example.com", "contact_info_id", "recorded"),
            ("address:7", "contact_info_id", "recorded"),
            (None, None, "recorded"),
            (None, None, "recorded"),
        ]


class TestLiondesk:
    def test_points_and_names(self) -> None:
        rows: Rows = {"liondesk_contacts": [CONTACT, {"id": 77, "company": "Acme", "office_phone": " "}]}
        assert facts("points", "liondesk", rows) == [
            {"person": "76", "kind": "email", "value": "jose@example.com"},
            {"person": "76", "kind": "phone", "value": "1-212-555-0142"},
            {"person": "76", "kind": "phone", "value": "212 555 0143"},
        ]
        assert facts("identities", "liondesk", rows) == [
            {"person": "76", "first_name": "José", "last_name": "Lopez"}
        ]

    def test_a_tag_can_be_a_mark(self) -> None:
        found = facts("marks", "liondesk", {"liondesk_contacts": [CONTACT, {"id": 77, "tags": []}]})
        assert [(row["mark"], row["kind"], row.get("channels"), row["since_basis"]) for row in found] == [
            ("contacts:76:do_not_call", "do_not_contact", "phone", "unknown"),
            ("contacts:76:opt_out", "opted_out", None, "unknown"),
        ]

    def test_where_a_communication_went(self) -> None:
        sent = {"is_active": False, "completed_at": NOON}
        due = {"is_active": True, "send_at": LATER}
        rows: Rows = {
            "liondesk_contacts": [CONTACT, {"id": 77, "home_phone": "2125550144"}],
            "liondesk_contact_communications": [
                {"communication_key": "1", "contact_id": 76, "type": "Text Contact", **sent},
                {"communication_key": "2", "contact_id": 76, "type": "Email Contact", **due},
                {"communication_key": "3", "contact_id": 77, "type": "Call Contact", **sent},
                {"communication_key": "4", "contact_id": 78, "type": "Call Contact", **sent},
                {"communication_key": "5", "contact_id": 77, "type": "Email Contact", **sent},
            ],
        }
        assert attempts(rows) == [
            ("phone:+12125550142", "mobile_phone", "completed"),
            ("email:jose@example.com", "email", "scheduled"),
            ("phone:+12125550144", "home_phone", "completed"),
            (None, None, "completed"),
            (None, None, "completed"),
        ]


class TestHouse:
    def test_a_line_of_the_list_is_a_mark_on_a_point(self) -> None:
        rows: Rows = {
            "house_suppressions": [
                {"kind": "phone", "value": " +12125550142 ", "since": NOON, "until": LATER},
                {"kind": "phone", "value": "+12125550143", "channel": "SMS"},
                {"kind": "email", "value": "ada@example.com", "channel": "email"},
                {"kind": "address", "value": "7", "channel": "smoke signals"},
            ]
        }
        assert [
            (
                row["point_kind"],
                row.get("point_value"),
                row.get("point_id"),
                row.get("channels"),
                row.get("since"),
                row.get("until"),
            )
            for row in facts("marks", "house", rows)
        ] == [
            ("address", None, "7", None, None, None),
            ("email", "ada@example.com", None, "email", None, None),
            ("phone", "+12125550142", None, None, NOON, LATER),
            ("phone", "+12125550143", None, "text", None, None),
        ]
        for row in facts("marks", "house", rows):
            assert (row["kind"], row["since_basis"]) == ("house_list", "list")
            assert "person" not in row
            assert "555" not in row["mark"]

    def test_the_crosswalk_takes_ids_as_people_write_them(self) -> None:
        rows: Rows = {
            "house_people": [
                {"source": "VoIPBIN", "target_id": str(UUID(int=0xABC)).upper(), "person": "Ada"},
                {"source": "outreach", "target_id": "outreach:app1.7.900", "person": " Ada "},
                {"source": "liondesk", "target_id": "76", "person": " "},
            ]
        }
        assert facts("crosswalk", "house", rows) == [
            {"of_source": "outreach", "person": "app1.7.900", "name": "Ada"},
            {"of_source": "voipbin", "person": str(UUID(int=0xABC)), "name": "Ada"},
        ]


class TestReasonsForTheHangup:
    """VoIPBIN's calls refine what became of campaigncalls that failed."""

    def outcome(self, result: str, voice: Mapping[str, Any] | None) -> tuple[Any, ...]:
        call = {
            "id": CALL,
            "outdial_target_id": TARGET,
            "reference_type": "call",
            "reference_id": VOICE,
            "status": "done",
            "result": result,
            "destination": tel("+12125550142"),
            "destination_index": 0,
            "tm_create": NOON,
            "tm_update": NOON + timedelta(minutes=5),
        }
        rows: dict[str, list[dict[str, Any]]] = {"voipbin_campaigncalls": [call]}
        if voice is not None:
            rows["voipbin_calls"] = [{"id": VOICE, "tm_create": NOON, **voice}]
        con = with_mapping(rows)
        build(con, "core.attempts", "replay.transitions")
        (found,) = con.sql(
            "SELECT disposition, raw_disposition, disposition_basis, aapor_class, talk_seconds FROM core.attempts"
        ).fetchall()
        written = con.sql("SELECT to_status FROM replay.transitions ORDER BY ALL").fetchall()
        assert len(written) == 2  # the dial and the hangup, whatever the reason
        return tuple(found)

    def test_refines_a_call_that_failed(self) -> None:
        assert self.outcome("fail", {"hangup_reason": "busy"}) == (
            "no_contact",
            "busy",
            "hangup_reason",
            "NC",
            None,
        )
        assert self.outcome("fail", {"hangup_reason": "AMD"})[:3] == ("voicemail", "amd", "hangup_reason")
        assert self.outcome("fail", {"hangup_reason": "failed"})[3] == "UH"

    def test_leaves_alone_what_it_does_not_refine(self) -> None:
        plain = self.outcome("fail", None)
        assert plain == ("no_contact", "done/fail", "status/result", "NC", None)
        for voice in ({"hangup_reason": "timeout"}, {"hangup_reason": "gremlins"}, {}):
            assert self.outcome("fail", voice) == plain
        success = self.outcome("success", None)
        assert self.outcome("success", {"hangup_reason": "amd"}) == success

    def test_talk_is_from_the_answer_to_the_hangup(self) -> None:
        answered = {"tm_progressing": NOON + timedelta(seconds=20)}
        end = NOON + timedelta(seconds=80)
        assert self.outcome("success", {**answered, "tm_hangup": end})[-1] == 60.0
        assert self.outcome("success", {**answered, "tm_hangup": NOON})[-1] is None
        assert self.outcome("success", {"tm_hangup": end})[-1] is None


class TestAbandonment:
    def test_counts_calls_that_waited_and_were_gone(self) -> None:
        calls, waits, voices = [], [], []

        def call(number: int, *stays: Mapping[str, Any], days_ago: int = 0, **voice: Any) -> None:
            reference = UUID(int=1000 + number)
            began = NOON - timedelta(days=days_ago)
            calls.append(
                {
                    "id": UUID(int=number),
                    "campaign_id": CAMPAIGN,
                    "reference_id": reference,
                    "status": "done",
                    "result": "success",
                    "destination_index": 0,
                    "tm_create": began,
                }
            )
            for place, stay in enumerate(stays):
                waits.append(
                    {
                        "id": UUID(int=10_000 + 10 * number + place),
                        "reference_type": "call",
                        "reference_id": reference,
                        "tm_create": began,
                        **stay,
                    }
                )
            if voice:
                voices.append({"id": reference, "tm_create": began, **voice})

        gone = {"status": "abandoned", "duration_waiting": 8000}
        served = {"status": "done", "tm_service": NOON}
        call(1, gone)
        call(2, {**gone, "duration_waiting": 12000}, tm_progressing=NOON)
        call(3, served)
        call(4, gone, served)  # an agent took it in the end
        call(5, {"status": "waiting"})
        call(6)  # never reached a queue
        call(7, gone, days_ago=30)  # 30 days before the moment, to the microsecond: outside
        call(8, gone, days_ago=29)
        call(9, gone, tm_ringing=NOON)  # nobody answered
        waits.append({"id": UUID(int=9), "reference_id": UUID(int=99), "status": "abandoned"})  # inbound
        con = ledger(
            {"voipbin_campaigncalls": calls, "voipbin_queuecalls": waits, "voipbin_calls": voices}, as_of=NOON
        )
        build(con, "reports.abandonment")
        (row,) = con.sql(
            "SELECT calls_queued, calls_abandoned, abandoned_share, round(mean_wait_seconds, 6), since_at, as_of, "
            "abandoned_share_low < 0.5 AND abandoned_share_high > 0.5 FROM reports.abandonment"
        ).fetchall()
        assert row == (6, 3, 0.5, round(28 / 3, 6), NOON - timedelta(days=30), NOON, True)
        example = load_models()["reports.abandonment"].example
        assert example is not None
        (answer,) = con.sql(example[1]).fetchall()
        assert answer[:5] == (str(CAMPAIGN), f"voipbin:{CAMPAIGN}", 3, 6, 0.5)

    def test_is_empty_without_queuecalls(self) -> None:
        con = ledger({"voipbin_campaigncalls": [{"id": CALL, "reference_id": VOICE, "tm_create": NOON}]})
        build(con, "reports.abandonment")
        assert con.sql("SELECT count(*) FROM reports.abandonment").fetchall() == [(0,)]
