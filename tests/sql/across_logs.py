"""Logs for tests across systems: short words for who was tried, where and when become raw rows of every system.

Belongs here: rows, the ledgers that hold them together with rules, purposes and the number plan. Does not belong here:
what the product must make of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb

from pipelines.ingest.contact_rules import load_contact_rules
from pipelines.ingest.reference import load_reference
from pipelines.settings import ROOT
from tests.sql.logs import NOWHERE, Row, uuid, with_mapping

AS_OF = datetime(2026, 11, 20)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

NEW_YORK = "+12125550142"
LOS_ANGELES = "+12135550142"
MIAMI = "+13055550142"
PENSACOLA = "+18505550142"
"""A number of an area code with two clocks: Eastern and Central time."""
PENSACOLA_OVERLAY = "+14485550142"
LONDON = "+442079460142"
SEATTLE = "+12065550142"
"""A number of Washington, where the state's rule takes no area code for a place."""
TORONTO = "+14165550142"
"""A number of another country of the North American plan."""
NOWHERE_NUMBER = "5550142"
"""Too short for a number: nobody can say where it is."""

DO_NOT_CALL = 77
"""The organization's own disposition "Do Not Call"."""

Log = dict[str, list[Row]]


def tel(number: str, kind: str = "tel") -> dict[str, str]:
    """An address as the dialer writes it."""
    return {"type": kind, "target": number, "target_name": "", "name": "", "detail": ""}


def dialled(
    call: int,
    number: str | None,
    at: datetime,
    *,
    target: int = 1,
    campaign: int = 1,
    result: str | None = "fail",
) -> Log:
    """One call of VoIPBIN, 20 seconds long. No result: it is still open. No number: it had nothing to dial."""
    return {
        "voipbin_campaigncalls": [
            {
                "id": uuid(0x1000 + call),
                "campaign_id": uuid(0xC00 + campaign),
                "outplan_id": uuid(0xE01),
                "outdial_id": uuid(0xD01),
                "outdial_target_id": uuid(target),
                "reference_type": "call",
                "status": "done" if result else "dialing",
                "result": result,
                "source": tel("+12125550101"),
                "destination": None if number is None else tel(number),
                "destination_index": 0,
                "try_count": 1,
                "tm_create": at,
                "tm_update": at + 20 * SECOND,
            }
        ]
    }


def outdialtarget(target: int, *numbers: str, name: str | None = None) -> Log:
    """An entry of the dialer's list, with up to five numbers."""
    return {
        "voipbin_outdialtargets": [
            {
                "id": uuid(target),
                "outdial_id": uuid(0xD01),
                "name": name,
                "status": "idle",
                **{f"destination_{index}": tel(number) for index, number in enumerate(numbers)},
                **{f"try_count_{index}": 0 for index in range(5)},
                "tm_create": datetime(2026, 1, 5),
                "tm_update": datetime(2026, 1, 5),
            }
        ]
    }


def called(
    call: int,
    number: str | None,
    at: datetime,
    *,
    prospect: int | None = 900,
    sequence: int | None = 1,
    disposition: int | None = 6,
    direction: str = "outbound",
    by_hand: bool = False,
    phone_number: int | None = None,
) -> Log:
    """One call of Outreach; disposition 1 is a contact, 6 no answer, 7 a voicemail, 9 a bad number.

    An inbound call comes from the number. A call that was logged by hand has no time of dialling.
    """
    return {
        "outreach_calls": [
            {
                "id": call,
                "prospect_id": prospect,
                "sequence_id": sequence,
                "user_id": 7,
                "direction": direction,
                "from": number if direction == "inbound" else "+12125550101",
                "to": None if direction == "inbound" else number,
                "phone_number_id": phone_number,
                "call_disposition_id": disposition,
                "dialed_at": None if by_hand else at,
                "completed_at": at if by_hand else at + 30 * SECOND,
                "created_at": at,
                "updated_at": at + 60 * SECOND,
            }
        ]
    }


def do_not_call_disposition() -> Log:
    """The organization's disposition of that name."""
    return {
        "outreach_call_dispositions": [
            {"id": DO_NOT_CALL, "name": "Do Not Call", "updated_at": datetime(2026, 1, 5)}
        ]
    }


def prospect(number: int, *phones: str, **fields: Any) -> Log:
    """A prospect of Outreach with mobile phones; ``fields`` are further columns."""
    return {
        "outreach_prospects": [
            {
                "id": number,
                "mobile_phones": list(phones),
                "created_at": datetime(2026, 1, 5),
                "updated_at": datetime(2026, 1, 5),
                **fields,
            }
        ]
    }


def number_state(number: int, value: str, *, prospect: int = 900, **fields: Any) -> Log:
    """A row of Outreach's own table of phone numbers; ``fields`` are its state and since when."""
    return {"outreach_phone_numbers": [{"id": number, "number": value, "prospect_id": prospect, **fields}]}


def email_state(number: int, value: str, *, prospect: int = 900, **fields: Any) -> Log:
    """A row of Outreach's own table of e-mail addresses; ``fields`` are its state and since when."""
    return {"outreach_email_addresses": [{"id": number, "email": value, "prospect_id": prospect, **fields}]}


def tried(
    attempt: int,
    info: int | None,
    at: datetime,
    *,
    entity: int | None = 501,
    campaign: int | None = 1,
    disposition: int = 1,
    kind: str = "PhoneNumber",
) -> Log:
    """One contact attempt of Action Builder: 0 is a contact, 1 an attempt, 2 a bad number, 3 skipped, 4 do not contact."""
    return {
        "action_builder_contact_attempts": [
            {
                "id": attempt,
                "entity_id": entity,
                "campaign_id": campaign,
                "contact_info_type": kind,
                "contact_info_id": info,
                "disposition": disposition,
                "created_by_id": 70,
                "created_at": at,
                "updated_at": at,
            }
        ]
    }


def entity(number: int, **fields: Any) -> Log:
    """A person of Action Builder."""
    return {
        "action_builder_entities": [
            {
                "id": number,
                "created_at": datetime(2026, 1, 5),
                "updated_at": datetime(2026, 1, 5),
                **fields,
            }
        ]
    }


def phone_number(
    info: int,
    number: str,
    *,
    owner: int = 501,
    status: str = "verified",
    updated_at: datetime = datetime(2026, 1, 5),
) -> Log:
    """A phone number of a person in Action Builder."""
    return {
        "action_builder_phone_numbers": [
            {
                "id": info,
                "number": number,
                "status": status,
                "owner_id": owner,
                "owner_type": "Entity",
                "created_at": datetime(2026, 1, 5),
                "updated_at": updated_at,
            }
        ]
    }


def address(info: int, timezone: str | None, *, owner: int = 501, **fields: Any) -> Log:
    """A postal address of a person in Action Builder."""
    return {
        "action_builder_addresses": [
            {
                "id": info,
                "timezone": timezone,
                "country": "US",
                "status": "verified",
                "owner_id": owner,
                "owner_type": "Entity",
                "created_at": datetime(2026, 1, 5),
                "updated_at": datetime(2026, 1, 5),
                **fields,
            }
        ]
    }


def contact(number: int, **fields: Any) -> Log:
    """A contact of LionDesk."""
    return {
        "liondesk_contacts": [
            {
                "id": number,
                "created_at": datetime(2026, 1, 5),
                "modified_at": datetime(2026, 1, 5),
                **fields,
            }
        ]
    }


def sent(
    number: int,
    at: datetime,
    *,
    contact: int = 76,
    campaign: str | None = "Drip",
    kind: str = "Call Contact",
) -> Log:
    """A communication of LionDesk that the system itself has completed."""
    return {
        "liondesk_contact_communications": [
            {
                "communication_key": f"k{number:03}",
                "contact_id": contact,
                "campaign_name": campaign,
                "type": kind,
                "is_active": False,
                "send_at": at,
                "completed_at": at,
                "send_from_user_id": 40,
                "completing_user_id": None,
            }
        ]
    }


def declared(*lines: tuple[str, str, str], consent: str = "no", subject: str | None = None) -> list[Row]:
    """Lines of purposes.csv: (source, campaign, purpose)."""
    return [
        {
            "line": number,
            "source": source,
            "campaign": campaign,
            "purpose": purpose,
            "consent": consent,
            "subject": subject,
        }
        for number, (source, campaign, purpose) in enumerate(lines, 2)
    ]


def every_campaign(purpose: str, **fields: Any) -> list[Row]:
    """Lines that declare one purpose for every campaign of every source."""
    sources: Sequence[str] = ("voipbin", "outreach", "action_builder", "liondesk")
    return declared(*((source, "%", purpose) for source in sources), **fields)


def emails(number: int, address: str, *, owner: int = 501, status: str = "verified") -> Log:
    """An e-mail address of a person in Action Builder."""
    return {
        "action_builder_emails": [
            {
                "id": number,
                "email": address,
                "status": status,
                "owner_id": owner,
                "owner_type": "Entity",
                "created_at": datetime(2026, 1, 5),
                "updated_at": datetime(2026, 1, 5),
            }
        ]
    }


def suppressed(value: str, *, kind: str = "phone", **fields: Any) -> Log:
    """A line of the organization's own list."""
    return {"house_suppressions": [{"kind": kind, "value": value, **fields}]}


def crosswalk(source: str, target_id: str, person: str) -> Log:
    """A line of the organization's own word on who is who."""
    return {"house_people": [{"source": source, "target_id": target_id, "person": person}]}


def with_across(
    rows: Mapping[str, Sequence[Row]],
    *,
    purposes: Sequence[Row] = (),
    switched_on: Sequence[str] = (),
    rules: Sequence[Mapping[str, Any]] = (),
) -> duckdb.DuckDBPyConnection:
    """A ledger as of 2026-11-20 with the project's own rules, number plan, nicknames and holidays.

    ``switched_on`` are rules that the project ships switched off, ``rules`` further rows of landing.contact_rules.
    """
    con = with_mapping(rows, as_of=AS_OF, clock_tolerance_ms=5000)
    load_contact_rules(con, NOWHERE, ROOT / "data" / "contact_rules.csv")
    load_reference(con, ROOT / "data")
    for rule in switched_on:
        con.execute("UPDATE landing.contact_rules SET enabled = TRUE WHERE rule = ?", [rule])
    insert(con, "landing.contact_rules", [RULE | dict(rule) for rule in rules])
    insert(con, "landing.purposes", purposes)
    return con


RULE: Row = {
    "jurisdiction": "*",
    "consent_lifts": False,
    "location_presumption": "none",
    "same_subject": False,
    "effect": "house",
    "enabled": True,
    "origin": "landing folder",
}
"""What a rule of the landing folder's file is where its line is blank."""


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Put rows into a table; absent columns are null."""
    for row in rows:
        columns = ", ".join(f'"{column}"' for column in row)
        con.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", list(row.values())
        )
