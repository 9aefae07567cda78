"""Core: what each source's row becomes in core.attempts, and the moment all of it speaks of.

Belongs here: one small case for each rule. Does not belong here: what is made of the attempts (test_reports*.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from pipelines.sources import SOURCES
from tests.sql.logs import (
    ADDRESS,
    MINUTE,
    START,
    Row,
    action_builder,
    liondesk,
    merged,
    outreach,
    uuid,
    voipbin,
    with_mapping,
)
from tests.support import build, fetch

HOUR = timedelta(hours=1)


def attempts(rows: dict[str, list[Row]], **settings: Any) -> list[Row]:
    """core.attempts of these raw rows, by key."""
    con = with_mapping(rows, **settings)
    build(con, "core.attempts")
    return fetch(con, "FROM core.attempts ORDER BY attempt_key")


def as_of(rows: dict[str, list[Row]], **settings: Any) -> Row:
    con = with_mapping(rows, **settings)
    build(con, "core.as_of")
    (row,) = fetch(con, "FROM core.as_of")
    return row


def observed(rows: dict[str, list[Row]], **settings: Any) -> dict[str, Row]:
    """Each source's row of core.observed, with where its log is cut off."""
    con = with_mapping(rows, **settings)
    build(con, "core._cutoff")
    found = fetch(con, "FROM core.observed JOIN core._cutoff USING (source)")
    assert len(found) == sum(source.has_attempts for source in SOURCES)
    return {row["source"]: row for row in found}


class TestAsOf:
    def test_is_the_latest_thing_that_happened(self) -> None:
        rows = merged(voipbin({1: ["NA"]}), outreach({1: ["C"]}), action_builder({1: ["NA"]}))
        assert as_of(rows)["as_of"] == START + timedelta(seconds=30)
        assert as_of(rows)["as_of_basis"] == "raw.outreach_calls.completed_at"

    def test_is_no_scheduled_time(self) -> None:
        rows = merged(liondesk({1: ["FUTURE", "PAST"]}), action_builder({1: ["NA"]}))
        assert as_of(rows)["as_of"] == START

    @pytest.mark.parametrize(
        ("table", "row"),
        [
            ("voipbin_campaigns", {"id": uuid(1), "tm_create": START, "tm_update": START + HOUR}),
            ("voipbin_outdialtargets", {"id": uuid(1), "tm_create": START, "tm_delete": START + HOUR}),
            ("voipbin_outplans", {"id": uuid(1), "tm_update": START + HOUR}),
            ("outreach_sequences", {"id": 1, "created_at": START, "updated_at": START + HOUR}),
            ("outreach_call_dispositions", {"id": 1, "created_at": START + HOUR}),
            ("action_builder_actions", {"id": 1, "created_at": START, "updated_at": START + HOUR}),
            ("action_builder_campaigns", {"id": 1, "updated_at": START + HOUR, "created_at": START}),
            ("liondesk_contact_communications", {"communication_key": "k", "completed_at": START + HOUR}),
        ],
    )
    def test_counts_every_tables_own_writes(self, table: str, row: Row) -> None:
        assert as_of(merged(action_builder({1: ["NA"]}), {table: [row]}))["as_of"] == START + HOUR

    def test_is_the_setting_when_there_is_one(self) -> None:
        moment = datetime(2026, 3, 1)
        found = as_of(action_builder({1: ["NA"]}), as_of=moment)
        assert (found["as_of"], found["as_of_basis"]) == (moment, "CONTACT_LEDGER_AS_OF")
        assert found["latest_at"] == START

    def test_is_null_when_nothing_has_happened(self) -> None:
        assert as_of({})["as_of"] is None
        assert as_of(liondesk({1: ["FUTURE"]}))["as_of"] is None


class TestObserved:
    ROWS = merged(
        action_builder({1: ["NA", "NA"]}), outreach({1: ["C"]}, every=HOUR), liondesk({1: ["FUTURE"]})
    )

    def test_is_the_latest_thing_that_happened_in_the_source(self) -> None:
        found = observed(self.ROWS)
        assert found["action_builder"]["observed_until"] == START + timedelta(minutes=1)
        assert found["action_builder"]["basis"] == "raw.action_builder_contact_attempts.created_at"
        assert found["outreach"]["observed_until"] == START + timedelta(seconds=30)
        assert found["outreach"]["latest_at"] == START + timedelta(seconds=30)

    def test_is_null_where_nothing_has_happened(self) -> None:
        for source in ("liondesk", "voipbin"):
            found = observed(self.ROWS)[source]
            assert (found["observed_until"], found["basis"]) == (None, "nothing has happened")

    def test_is_the_setting_when_there_is_one(self) -> None:
        for row in observed(self.ROWS, as_of=START).values():
            assert (row["observed_until"], row["basis"]) == (START, "CONTACT_LEDGER_AS_OF")

    def test_a_moment_that_is_no_rows_counts(self) -> None:
        """Something else may tell that a source is known until later, for example that it was asked and had no news."""
        asked = {"source": "outreach", "moment": START + HOUR, "basis": "asked"}
        con = with_mapping(self.ROWS)
        con.execute(
            "INSERT INTO landing.moments BY NAME SELECT $source AS source, $moment AS moment, $basis AS basis",
            asked,
        )
        build(con, "core.as_of", "core._cutoff")
        assert fetch(con, "SELECT observed_until, basis FROM core.observed WHERE source = 'outreach'") == [
            {"observed_until": START + HOUR, "basis": "asked"}
        ]
        assert fetch(con, "SELECT as_of, as_of_basis FROM core.as_of") == [
            {"as_of": START + HOUR, "as_of_basis": "asked"}
        ]

    def test_cuts_the_log_only_where_the_log_goes_on(self) -> None:
        """Where another source's log goes on does not matter: a mark that comes later than the log still counts."""
        never, minute = datetime(9999, 12, 31), timedelta(minutes=1)

        def cut(**settings: Any) -> list[datetime]:
            found = observed(self.ROWS, **settings)
            return [found[source]["cutoff_at"] for source in ("action_builder", "outreach")]

        assert cut() == [never, never]
        assert cut(as_of=START + HOUR) == [never, never]
        assert cut(as_of=START + minute / 2 + minute / 4) == [START + minute / 2 + minute / 4, never]
        assert cut(as_of=START) == [START, START]


class TestActionBuilder:
    @pytest.mark.parametrize(
        ("number", "disposition", "is_attempt", "is_contact"),
        [
            (0, "contacted", True, True),
            (1, "no_contact", True, False),
            (2, "bad_contact_info", True, False),
            (3, "skipped", False, False),
            (4, "do_not_contact", True, False),
            (None, "unknown", True, False),
        ],
    )
    def test_dispositions(
        self, number: int | None, disposition: str, is_attempt: bool, is_contact: bool
    ) -> None:
        rows = action_builder({1: ["C"]})
        rows["action_builder_contact_attempts"][0]["disposition"] = number
        (attempt,) = attempts(rows)
        assert attempt["attempt_key"] == "action_builder:contact_attempts:1"
        assert attempt["disposition"] == disposition
        assert (attempt["is_attempt"], attempt["is_contact"]) == (is_attempt, is_contact)
        assert attempt["raw_disposition"] == (None if number is None else str(number))
        assert attempt["attempt_number"] == (1 if is_attempt else None)

    @pytest.mark.parametrize(
        ("info", "task", "channel"),
        [
            ("Address", None, "door"),
            ("Email", "phone_bank", "email"),
            ("PhoneNumber", "phone_bank", "phone"),
            ("PhoneNumber", "Text Bank", "text"),
            ("PhoneNumber", "peer_to_peer_sms", "text"),
            ("PhoneNumber", None, "phone"),
            (None, "canvass", "door"),
            (None, None, "unknown"),
            ("Pigeon", None, "unknown"),
        ],
    )
    def test_channel(self, info: str | None, task: str | None, channel: str) -> None:
        rows = action_builder({1: ["C"]})
        rows["action_builder_contact_attempts"][0] |= {"contact_info_type": info, "action_id": 5}
        rows["action_builder_actions"] = [{"id": 5, "action_type": task, "created_at": START}]
        assert attempts(rows)[0]["channel"] == channel

    def test_the_task_is_also_found_as_the_target(self) -> None:
        rows = action_builder({1: ["C"]})
        rows["action_builder_contact_attempts"][0] |= {"target_type": "Action", "target_id": 5}
        rows["action_builder_actions"] = [{"id": 5, "action_type": "text", "created_at": START}]
        assert attempts(rows)[0]["channel"] == "text"

    def test_who_and_where(self) -> None:
        rows = action_builder({9: ["C"]}, campaign=4)
        rows["action_builder_campaigns"] = [{"id": 4, "name": "Union drive", "created_at": START}]
        (attempt,) = attempts(rows)
        assert attempt["campaign_key"] == "action_builder:4"
        assert attempt["campaign_name"] == "Union drive"
        assert attempt["target_key"] == "action_builder:9"
        assert attempt["agent_key"] == "action_builder:71"
        assert (attempt["attempted_at"], attempt["attempted_at_basis"]) == (START, "created_at")
        assert attempt["ended_at"] is None
        assert attempt["is_automated"] is False

    def test_a_campaign_without_a_name_is_called_by_its_id(self) -> None:
        assert attempts(action_builder({9: ["C"]}, campaign=4))[0]["campaign_name"] == "4"

    def test_nobody_named_is_nobody_else(self) -> None:
        rows = action_builder({1: ["C"], 2: ["NA"]})
        for row in rows["action_builder_contact_attempts"]:
            row |= {"entity_id": None, "campaign_id": None, "created_by_id": None}
        first, second = attempts(rows)
        assert first["target_key"] == "action_builder:contact_attempts:1"
        assert second["target_key"] == "action_builder:contact_attempts:2"
        assert first["campaign_key"] == "action_builder:none"
        assert (first["campaign_name"], first["agent_key"]) == ("none", None)

    def test_what_the_source_deleted_is_gone(self) -> None:
        rows = action_builder({1: ["C", "NA"]})
        rows["action_builder_contact_attempts"][0]["_deleted_at"] = START
        assert [attempt["attempt_key"][-1] for attempt in attempts(rows)] == ["2"]


class TestVoipbin:
    @pytest.mark.parametrize(
        ("call", "disposition", "is_attempt"),
        [
            ({"status": "done", "result": "success"}, "contacted", True),
            ({"status": "done", "result": "fail"}, "no_contact", True),
            ({"status": "done", "result": None}, "unknown", True),
            ({"status": "dialing", "result": None}, "in_progress", True),
            ({"status": "progressing", "result": None}, "in_progress", True),
            ({"status": "progressing", "result": "success"}, "in_progress", True),
            ({"status": None, "result": None}, "unknown", True),
            ({"destination": None}, "never_placed", False),
            ({"destination": ADDRESS | {"target": ""}}, "never_placed", False),
            ({"destination": ADDRESS | {"type": ""}}, "never_placed", False),
            ({"destination": ADDRESS | {"target": None}}, "never_placed", False),
            ({"destination": None, "result": "success"}, "contacted", True),
        ],
    )
    def test_dispositions(self, call: Row, disposition: str, is_attempt: bool) -> None:
        rows = voipbin({1: ["NA"]})
        rows["voipbin_campaigncalls"][0] |= call
        (attempt,) = attempts(rows)
        assert attempt["disposition"] == disposition
        assert attempt["is_attempt"] is is_attempt
        assert attempt["is_contact"] is (disposition == "contacted")

    def test_who_and_where(self) -> None:
        (attempt,) = attempts(voipbin({1: ["C"]}))
        assert attempt["attempt_key"] == f"voipbin:campaigncalls:{uuid(0x1000)}"
        assert attempt["campaign_key"] == f"voipbin:{uuid(0xC01)}"
        assert attempt["campaign_name"] == "Dialer 1"
        assert attempt["target_key"] == f"voipbin:{uuid(1)}"
        assert (attempt["channel"], attempt["direction"]) == ("phone", "outbound")
        assert (attempt["attempted_at"], attempt["attempted_at_basis"]) == (START, "tm_create")
        assert attempt["ended_at"] == START + timedelta(seconds=20)
        assert (attempt["is_automated"], attempt["agent_key"]) == (True, None)
        assert (attempt["destination_index"], attempt["try_count"]) == (0, 1)
        assert attempt["raw_disposition"] == "done/success"

    @pytest.mark.parametrize(
        ("reference", "kind", "channel"),
        [
            ("call", "tel", "phone"),
            ("none", "sip", "phone"),
            ("none", "email", "email"),
            ("message", "line", "text"),
        ],
    )
    def test_channel(self, reference: str, kind: str, channel: str) -> None:
        rows = voipbin({1: ["C"]})
        rows["voipbin_campaigncalls"][0] |= {
            "reference_type": reference,
            "destination": ADDRESS | {"type": kind},
        }
        assert attempts(rows)[0]["channel"] == channel

    def test_calls_without_a_target_are_not_one_person(self) -> None:
        rows = voipbin({1: ["NA", "NA"]})
        for call in rows["voipbin_campaigncalls"]:
            call["outdial_target_id"] = None
        found = attempts(rows)
        assert [attempt["target_key"] for attempt in found] == [attempt["attempt_key"] for attempt in found]
        assert [attempt["attempt_number"] for attempt in found] == [1, 1]

    def test_a_call_without_a_campaign_is_of_none(self) -> None:
        rows = voipbin({1: ["NA"]})
        rows["voipbin_campaigncalls"][0]["campaign_id"] = None
        con = with_mapping(rows)
        build(con, "core.campaigns")
        assert fetch(con, "SELECT campaign_key, campaign_name FROM core.attempts") == [
            {"campaign_key": "voipbin:none", "campaign_name": "none"}
        ]
        assert {"campaign_key": "voipbin:none", "is_in_ledger": True, "is_listed": False} in fetch(
            con, "SELECT campaign_key, is_in_ledger, is_listed FROM core.campaigns"
        )

    def test_as_seen_at_an_earlier_moment(self) -> None:
        rows = voipbin({1: ["NA", "C"]})
        (attempt,) = attempts(rows, as_of=START + timedelta(seconds=10))
        assert (attempt["disposition"], attempt["raw_disposition"]) == ("in_progress", "open at as-of")
        assert attempt["ended_at"] is None
        (attempt,) = attempts(rows, as_of=START + timedelta(seconds=20))
        assert (attempt["disposition"], attempt["ended_at"]) == ("no_contact", START + timedelta(seconds=20))

    def test_a_deleted_record_of_a_call_does_not_undo_the_call(self) -> None:
        rows = voipbin({1: ["C"]})
        rows["voipbin_campaigncalls"][0]["tm_delete"] = START + HOUR
        assert len(attempts(rows)) == 1


VOICEMAIL = {"voicemail_recording_url": "https://voicemail.example/1"}


def call(**fields: Any) -> dict[str, list[Row]]:
    """One Outreach call with these fields, and the organization's dispositions."""
    return {
        "outreach_calls": [{"id": 1, "prospect_id": 3, "created_at": START, "updated_at": START} | fields],
        "outreach_call_dispositions": [
            {"id": 21, "name": "answered - MEETING ", "outcome": "completed"},
            {"id": 22, "name": "Answered - Wrong Contact", "outcome": "completed"},
            {"id": 23, "name": "Wrong Number", "outcome": "completed"},
            {"id": 24, "name": "Gatekeeper", "outcome": "Answered"},
            {"id": 25, "name": "Try again", "outcome": "no_answer"},
            {"id": 26, "name": "No Answer - Left Voicemail", "outcome": "no_answer"},
            {"id": 27, "name": "LM", "outcome": "no_answer", "default_for_outbound_voicemail": True},
            {"id": 28, "name": "Answered - asked to leave a voicemail", "outcome": "completed"},
            {"id": 29, "name": "Quux", "outcome": None},
            {"id": 30, "name": "Please do not call", "outcome": "completed"},
            {"id": 6, "name": "Answered - Happy", "outcome": "completed"},
        ],
    }


class TestOutreach:
    @pytest.mark.parametrize(
        ("fields", "disposition", "raw", "basis"),
        [
            # The disposition's name, whatever else is said.
            ({"call_disposition_id": 21, "state": "no_answer"}, "contacted", "answered - MEETING ", "call_disposition"),
            ({"call_disposition_id": 22}, "contacted", "Answered - Wrong Contact", "call_disposition"),
            ({"call_disposition_id": 23}, "bad_contact_info", "Wrong Number", "call_disposition"),
            ({"call_disposition_id": 26}, "voicemail", "No Answer - Left Voicemail", "call_disposition"),
            ({"call_disposition_id": 28}, "voicemail", "Answered - asked to leave a voicemail", "call_disposition"),
            ({"call_disposition_id": 30}, "do_not_contact", "Please do not call", "call_disposition"),
            # A name that says nothing: its flag, its outcome.
            ({"call_disposition_id": 27}, "voicemail", "LM", "call_disposition.default_for_outbound_voicemail"),
            ({"call_disposition_id": 24, "state": "no_answer"}, "contacted", "Gatekeeper", "call_disposition.outcome"),
            ({"call_disposition_id": 25, "outcome": "Answered"}, "no_contact", "Try again", "call_disposition.outcome"),
            # The dimension's own 6 is not the default's.
            ({"call_disposition_id": 6}, "contacted", "Answered - Happy", "call_disposition"),
            # Default ids, when the dimension lacks them.
            ({"call_disposition_id": 1}, "contacted", "Answered - Meeting Set", "call_disposition_id"),
            ({"call_disposition_id": 3}, "contacted", "Answered - Not Interested", "call_disposition_id"),
            ({"call_disposition_id": 5}, "contacted", "Answered - Wrong Contact", "call_disposition_id"),
            ({"call_disposition_id": 7, "answered_at": START}, "voicemail", "Left Voicemail", "call_disposition_id"),
            ({"call_disposition_id": 9}, "bad_contact_info", "Bad Number", "call_disposition_id"),
            # A disposition that nothing is known of is unknown, whatever the next fields say.
            ({"call_disposition_id": 99, "outcome": "Answered"}, "unknown", "call disposition 99", None),
            ({"call_disposition_id": 29, "state": "busy", "answered_at": START}, "unknown", "Quux", None),
            ({"call_disposition_id": 99}, "unknown", "call disposition 99", None),
            ({"call_disposition_id": 29}, "unknown", "Quux", None),
            # A voicemail's recording, whatever else is said.
            (VOICEMAIL | {"outcome": "Answered"}, "voicemail", "voicemail recording", "voicemail_recording_url"),
            ({"voicemail_recording_url": "", "outcome": "Answered"}, "contacted", "Answered", "outcome"),
            (VOICEMAIL | {"call_disposition_id": 21}, "voicemail", "voicemail recording", "voicemail_recording_url"),
            (VOICEMAIL | {"call_disposition_id": 99}, "voicemail", "voicemail recording", "voicemail_recording_url"),
            # Outcome, then state.
            ({"outcome": "Answered", "state": "no_answer"}, "contacted", "Answered", "outcome"),
            ({"outcome": "Not Answered", "answered_at": START}, "no_contact", "Not Answered", "outcome"),
            ({"outcome": "completed"}, "contacted", "completed", "outcome"),
            ({"outcome": "no_answer"}, "no_contact", "no_answer", "outcome"),
            ({"state": "no_answer", "answered_at": START}, "no_contact", "no_answer", "state"),
            # A line that maps a value to unknown decides nothing.
            ({"state": "completed"}, "unknown", "completed", None),
            ({"state": "completed", "answered_at": START}, "unknown", "completed", None),
            ({"outcome": "Whatever", "state": "completed"}, "unknown", "Whatever", None),
            ({"outcome": "Whatever", "state": "busy"}, "no_contact", "busy", "state"),
            ({"outcome": "Whatever"}, "unknown", "Whatever", None),
            ({"state": "Ringing", "dialed_at": START}, "unknown", "Ringing", None),
            # answeredAt alone is not a contact: a voicemail box answers too.
            ({"answered_at": START}, "unknown", "answered by somebody or something", None),
            ({"dialed_at": START}, "no_contact", "never answered", "answered_at"),
            ({}, "unknown", None, None),
        ],
    )  # fmt: skip
    def test_dispositions(self, fields: Row, disposition: str, raw: str | None, basis: str | None) -> None:
        (attempt,) = attempts(call(**fields))
        assert (attempt["disposition"], attempt["raw_disposition"]) == (disposition, raw)
        assert attempt["disposition_basis"] == basis
        assert attempt["is_attempt"] is True
        assert attempt["is_contact"] is (disposition == "contacted")

    def test_time_of_a_call(self) -> None:
        moments = {
            "dialed_at": START,
            "answered_at": START + MINUTE,
            "completed_at": START + 2 * MINUTE,
            "created_at": START + 3 * MINUTE,
        }
        while moments:
            (attempt,) = attempts(call(**{"created_at": None} | moments), as_of=START + HOUR)
            basis = next(iter(moments))
            assert (attempt["attempted_at"], attempt["attempted_at_basis"]) == (moments.pop(basis), basis)
        (attempt,) = attempts(call(created_at=None), as_of=START + HOUR)
        assert (attempt["attempted_at"], attempt["attempted_at_basis"]) == (None, None)
        assert attempt["attempt_number"] == 1

    def test_who_and_where(self) -> None:
        rows = call(sequence_id=8, user_id=7, direction="inbound", completed_at=START)
        rows["outreach_sequences"] = [{"id": 8, "name": "  "}]
        (attempt,) = attempts(rows)
        assert attempt["attempt_key"] == "outreach:calls:1"
        assert (attempt["campaign_key"], attempt["campaign_name"]) == ("outreach:8", "8")
        assert (attempt["target_key"], attempt["agent_key"]) == ("outreach:3", "outreach:7")
        assert (attempt["channel"], attempt["direction"]) == ("phone", "inbound")
        assert attempt["ended_at"] == START

    def test_outside_any_sequence(self) -> None:
        (attempt,) = attempts(call(prospect_id=None))
        assert (attempt["campaign_key"], attempt["campaign_name"]) == ("outreach:none", "none")
        assert (attempt["target_key"], attempt["direction"]) == ("outreach:calls:1", "unknown")

    def test_the_organizations_own_mapping_wins(self) -> None:
        con = with_mapping(call(call_disposition_id=29))
        con.execute(
            "INSERT INTO landing.dispositions (source, field, value, disposition) "
            "VALUES ('outreach', 'call_disposition', 'QUUX', 'do_not_contact'), "
            "('outreach', 'state', 'nonsense', 'no such thing')"
        )
        build(con, "core.attempts")
        (attempt,) = fetch(con, "FROM core.attempts")
        assert (attempt["disposition"], attempt["aapor_class"]) == ("do_not_contact", "R")
        assert fetch(con, "SELECT disposition FROM core.dispositions WHERE value = 'nonsense'") == [
            {"disposition": "unknown"}
        ]


class TestLiondesk:
    @pytest.mark.parametrize(
        ("fields", "disposition", "basis"),
        [
            ({"is_active": True, "send_at": START + HOUR}, "scheduled", "send_at"),
            ({"is_active": True, "send_at": START - HOUR}, "overdue", "send_at"),
            ({"is_active": False, "completed_at": START}, "dispatched", "completed_at"),
            (
                {"is_active": False, "completed_at": START, "completing_user_id": 7},
                "completed_manually",
                "completed_at",
            ),
            # The vendor's own first example: active, and yet with a completing user.
            ({"is_active": True, "send_at": START + HOUR, "completing_user_id": 76}, "scheduled", "send_at"),
            # A completion that had not happened yet.
            ({"is_active": False, "send_at": START, "completed_at": START + 2 * HOUR}, "overdue", "send_at"),
            ({"is_active": True}, "unknown", None),
            ({"is_active": None, "send_at": START}, "unknown", "send_at"),
        ],
    )
    def test_state(self, fields: Row, disposition: str, basis: str | None) -> None:
        row = {
            "communication_key": "k",
            "contact_id": 5,
            "campaign_name": "Drip",
            "send_from_user_id": 3,
        } | fields
        (attempt,) = attempts({"liondesk_contact_communications": [row]}, as_of=START + HOUR / 2)
        assert (attempt["disposition"], attempt["attempted_at_basis"]) == (disposition, basis)
        assert attempt["is_attempt"] is (disposition in ("dispatched", "unknown"))
        assert attempt["is_contact"] is False
        assert attempt["measures_contact"] is False

    def test_nothing_is_overdue_before_anything_has_happened(self) -> None:
        assert [row["disposition"] for row in attempts(liondesk({1: ["PAST", "FUTURE"]}))] == [
            "scheduled"
        ] * 2

    def test_who_and_where(self) -> None:
        sent, ticked = attempts(liondesk({1: ["SENT"], 2: ["TICKED"]}))
        assert sent["attempt_key"] == "liondesk:contact_communications:k000"
        assert (sent["campaign_key"], sent["campaign_name"]) == ("liondesk:Drip", "Drip")
        assert (sent["target_key"], sent["agent_key"]) == ("liondesk:1", "liondesk:41")
        assert (sent["channel"], sent["is_automated"]) == ("email", True)
        assert (ticked["channel"], ticked["is_automated"]) == ("phone", False)
        assert ticked["agent_key"] == "liondesk:44"
        assert attempts(liondesk({1: ["SENT"]}, campaign=None))[0]["campaign_key"] == "liondesk:none"

    def test_a_campaign_that_is_called_none_is_one(self) -> None:
        names = (None, "none", "named none", "named named none", "None", "unnamed none", "nonamed ne")
        rows = [
            row | {"communication_key": f"{place}"}
            for place, name in enumerate(names)
            for row in liondesk({1: ["SENT"]}, campaign=name)["liondesk_contact_communications"]
        ]
        con = with_mapping({"liondesk_contact_communications": rows})
        build(con, "core.campaigns")
        found = fetch(con, "SELECT campaign_key, campaign_name FROM core.attempts ORDER BY attempt_key")
        assert [(row["campaign_key"], row["campaign_name"]) for row in found] == [
            ("liondesk:none", "none"),
            ("liondesk:named none", "none"),
            ("liondesk:named named none", "named none"),
            ("liondesk:named named named none", "named named none"),
            ("liondesk:None", "None"),
            ("liondesk:unnamed none", "unnamed none"),
            ("liondesk:nonamed ne", "nonamed ne"),
        ]
        campaigns = fetch(con, "SELECT campaign_key, campaign_name FROM core.campaigns")
        assert sorted(map(str, campaigns)) == sorted(map(str, found))


class TestAttempts:
    def test_numbers_count_real_attempts_in_order_of_time(self) -> None:
        rows = action_builder({1: ["SKIP", "NA", "SKIP", "NA", "C"], 2: ["SKIP", "SKIP"]})
        found = attempts(rows)
        assert [attempt["attempt_number"] for attempt in found] == [None, 1, None, 2, 3, None, None]
        assert [attempt["is_latest"] for attempt in found] == [False, False, False, False, True, False, True]

    def test_numbers_start_anew_in_each_campaign(self) -> None:
        rows = merged(action_builder({1: ["NA", "NA"]}), action_builder({1: ["NA"]}, campaign=2, first_id=10))
        assert sorted((row["campaign_key"], row["attempt_number"]) for row in attempts(rows)) == [
            ("action_builder:1", 1),
            ("action_builder:1", 2),
            ("action_builder:2", 1),
        ]

    def test_equal_times_are_ordered_by_key(self) -> None:
        for rows in (
            action_builder({1: ["NA"] * 3}, every=timedelta(0), first_id=9),
            outreach({1: ["NA"] * 3}, every=timedelta(0), first_id=9),
            voipbin({1: ["NA"] * 3}, every=timedelta(0), first_call=0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE),
        ):
            found = attempts(rows)  # ordered by key
            assert [attempt["attempt_number"] for attempt in found] == [1, 2, 3]

    def test_what_had_not_begun_is_left_out(self) -> None:
        rows = merged(
            voipbin({1: ["NA", "C"]}),
            outreach({1: ["NA", "C"]}),
            action_builder({1: ["NA", "C"]}),
            liondesk({1: ["FUTURE"]}),
        )
        found = attempts(rows, as_of=START + MINUTE / 2)
        assert sorted(attempt["source"] for attempt in found) == [
            "action_builder",
            "liondesk",
            "outreach",
            "voipbin",
        ]
        assert len(attempts(rows)) == 7

    def test_keys_are_unique_and_nothing_is_lost(self) -> None:
        rows = merged(
            voipbin({1: ["NA", "C"]}),
            outreach({1: ["NA"]}),
            action_builder({1: ["NA"]}),
            liondesk({1: ["SENT"]}),
        )
        found = attempts(rows)
        assert len({attempt["attempt_key"] for attempt in found}) == len(found) == 5

    def test_campaigns(self) -> None:
        rows = merged(voipbin({1: ["NA"]}), outreach({1: ["NA"]}))
        rows["voipbin_campaigns"].append({"id": uuid(0xC09), "name": "Idle", "outdial_id": uuid(0xD01)})
        con = with_mapping(rows)
        build(con, "core.campaigns")
        dialer, idle = f"voipbin:{uuid(0xC01)}", f"voipbin:{uuid(0xC09)}"
        assert fetch(
            con, "SELECT campaign_key, campaign_name, is_in_ledger, is_listed FROM core.campaigns ORDER BY ALL"
        ) == [
            {"campaign_key": "outreach:1", "campaign_name": "1", "is_in_ledger": True, "is_listed": False},
            {"campaign_key": dialer, "campaign_name": "Dialer 1", "is_in_ledger": True, "is_listed": True},
            {"campaign_key": idle, "campaign_name": "Idle", "is_in_ledger": False, "is_listed": True},
        ]  # fmt: skip


def test_quality_shows_the_latest_result_of_each_check() -> None:
    con = with_mapping({})
    for hour, passed in ((1, True), (3, False), (2, True)):
        con.execute(
            "INSERT INTO landing.check_log "
            "(table_name, check_name, severity, passed, observed, detail, checked_at, run_id) "
            "VALUES ('core.attempts', 'keys_are_unique', 'ERROR', ?, ?, ?, ?, ?)",
            [passed, str(hour), f"id {hour}", START + hour * HOUR, f"run {hour}"],
        )
    con.execute(
        "INSERT INTO landing.files (file_id, source, resource, file, rows_read, rows_accepted, rows_superseded, "
        "rows_rejected) VALUES (1, 'voipbin', 'campaigncalls', 'a.json', 4, 2, 1, 1)"
    )
    con.execute(
        "INSERT INTO landing.rejected_rows (file_id, source, resource, file, position, reason, field, value, record) "
        "VALUES (1, 'voipbin', 'campaigncalls', 'a.json', 3, 'id is not a UUID', 'id', 'x', '{\"id\":\"x\"}')"
    )
    build(con, "quality.check_results", "quality.row_accounting", "quality.rejected_rows", "quality.notices")
    (result,) = fetch(con, "FROM quality.check_results")
    assert (result["passed"], result["observed"], result["detail"]) == (False, "3", "id 3")
    (account,) = fetch(con, "FROM quality.row_accounting")
    assert (
        account["rows_read"]
        == account["rows_accepted"] + account["rows_superseded"] + account["rows_rejected"]
    )
    assert fetch(con, "SELECT position, reason, field, value, record, detail FROM quality.rejected_rows") == [
        {
            "position": 3,
            "reason": "id is not a UUID",
            "field": "id",
            "value": "x",
            "record": '{"id":"x"}',
            "detail": None,
        }
    ]
    assert fetch(con, "FROM quality.notices") == []
