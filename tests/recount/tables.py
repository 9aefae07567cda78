"""Turn a landing folder's records into rows of raw tables: typed values, one row a key, the latest version of each.

Belongs here: the fields that the recount reads, as data, and the rule for versions. Does not belong here: containers
(``reader.py``), and what a row counts as (``attempts.py``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from tests.recount.reader import File, Record, read_files
from tests.recount.rows import Row

Read = Callable[[Any], Any]

INDEXES = range(5)
NO_TIME = datetime(1, 1, 1)


# ------------------------------------------------------------------------------------------------------ values


def moment(value: Any) -> datetime | None:
    """UTC without a zone; None for null, '', 'null' and every form of the year 9999."""
    if value is None or value in ("", "null") or str(value).startswith("9999"):
        return None
    if isinstance(value, datetime):
        return value
    text = re.sub(r"(\.\d{1,6})\d*", lambda found: f"{found[1]:0<7}", str(value).strip())
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def number(value: Any) -> int | None:
    """A whole number, also when it is quoted or has a decimal point."""
    return None if value is None or value == "" else int(float(value))


def related(value: Any) -> int | None:
    """The id in a relation's value: n, '5', [n], [], {'id': n}, {'data': …} or null."""
    if isinstance(value, list):
        return related(value[0]) if value else None
    if isinstance(value, dict):
        return related(value.get("data") if "data" in value else value.get("id"))
    return number(value)


def text(value: Any) -> str | None:
    """Text; None for null and ''."""
    return None if value in (None, "") else str(value)


def truth(value: Any) -> bool | None:
    """True or False, also when it is written as text."""
    return None if value in (None, "") else str(value).lower() == "true"


def identifier(value: Any) -> str | None:
    """A UUID as text; None when it is unset."""
    return None if value in (None, "", "00000000-0000-0000-0000-000000000000") else str(value).lower()


def address(value: Any) -> Record | None:
    """An address as a dictionary, also when it is written as JSON text."""
    found: Record | None = json.loads(value) if isinstance(value, str) and value else value or None
    return found


def texts(value: Any) -> tuple[str, ...] | None:
    """A list of texts, also when it is written as JSON text."""
    found = json.loads(value) if isinstance(value, str) and value else value or ()
    return tuple(map(str, found)) if value is not None else None


def required(read: Read) -> Read:
    """A field that no row may lack."""

    def checked(value: Any) -> Any:
        found = read(value)
        if found is None:
            raise ValueError("required")
        return found

    return checked


def one_of(read: Read, *allowed: Any) -> Read:
    """A field with a closed list of values. Null is allowed."""

    def checked(value: Any) -> Any:
        found = read(value)
        if found not in (None, *allowed):
            raise ValueError("not in the list")
        return found

    return checked


# ------------------------------------------------------------------------------------------------------ tables


@dataclass(frozen=True)
class Table:
    """What the recount reads of a raw table, and how the versions of a key are told apart.

    Of two versions the one with the later ``version`` is kept; at the same time the more settled one; then the one
    that is the greater as text, so that the order of files makes no difference.
    """

    fields: Mapping[str, Read]
    key: tuple[str, ...] = ("id",)
    version: str | None = "updated_at"
    settled: Callable[[Row], int] = lambda _: 0

    def read(self, record: Record) -> Record:
        """The record's fields. Raises a ValueError when a value cannot be used."""
        row = {}
        for name, read in self.fields.items():
            spelling = next((found for found in (name, *SPELLINGS.get(name, ())) if found in record), name)
            try:
                row[name] = read(record.get(spelling))
            except ValueError as error:
                raise ValueError(name) from error
        return row

    def place(self, row: Row) -> tuple[datetime, int, str]:
        """The row's place among the versions of its key."""
        at = row[self.version] if self.version else None
        return at or NO_TIME, self.settled(row), json.dumps(row, default=str)


RELATIONS = ("call_disposition", "phone_number", "prospect", "sequence", "user")
SPELLINGS = {
    "created_at": ("utc_created_at",),
    "updated_at": ("utc_updated_at",),
    "_deleted_at": ("_ab_cdc_deleted_at",),
    **{f"{relation}_id": (relation,) for relation in RELATIONS},
}
"""Further names under which a record may carry a field."""

TIMES: dict[str, Read] = {"created_at": moment, "updated_at": moment}
TM_TIMES: dict[str, Read] = {"tm_create": moment, "tm_update": moment, "tm_delete": moment}
NAMES: dict[str, Read] = {"first_name": text, "last_name": text}
OWNED: dict[str, Read] = {
    "id": required(number),
    "status": text,
    "owner_id": number,
    "owner_type": text,
    **TIMES,
}
"""Action Builder: what every kind of contact info has."""

PHONES = tuple(f"{kind}_phones" for kind in ("mobile", "work", "home", "other", "voip"))

TABLES = {
    "action_builder_contact_attempts": Table(
        {
            "id": required(number),
            "entity_id": number,
            "action_id": number,
            "campaign_id": number,
            "contact_info_type": text,
            "contact_info_id": number,
            "disposition": one_of(number, 0, 1, 2, 3, 4),
            "created_by_id": number,
            **TIMES,
            "target_type": text,
            "target_id": number,
            "_deleted_at": moment,
        }
    ),
    "action_builder_campaigns": Table({"id": number, "name": text, **TIMES}),
    "action_builder_actions": Table({"id": number, "action_type": text, **TIMES}),
    "action_builder_entities": Table(
        {
            "id": required(number),
            "interact_id": text,
            "middle_name": text,
            "custom_id": text,
            **NAMES,
            **TIMES,
        }
    ),
    "action_builder_phone_numbers": Table({"number": text, "ext": text, "number_type": text, **OWNED}),
    "action_builder_emails": Table({"email": text, **OWNED}),
    "action_builder_addresses": Table(
        {
            "street_address": text,
            "city": text,
            "state": text,
            "postal_code": text,
            "country": text,
            "timezone": text,
            **OWNED,
        }
    ),
    "action_builder_users": Table({"id": required(number), **NAMES}, version=None),
    "voipbin_campaigncalls": Table(
        {
            "id": identifier,
            "campaign_id": identifier,
            "outplan_id": identifier,
            "outdial_id": identifier,
            "outdial_target_id": identifier,
            "reference_type": text,
            "reference_id": identifier,
            "status": text,
            "result": text,
            "destination": address,
            "destination_index": number,
            "try_count": number,
            **TM_TIMES,
        },
        version="tm_update",
        settled=lambda row: (row["status"] == "done") * 2 + (row["result"] is not None),
    ),
    "voipbin_calls": Table(
        {
            "id": required(identifier),
            "status": text,
            "hangup_by": text,
            "hangup_reason": text,
            "source": address,
            "destination": address,
            "tm_ringing": moment,
            "tm_progressing": moment,
            "tm_hangup": moment,
            "tm_create": moment,
            "tm_update": moment,
        },
        version="tm_update",
        settled=lambda row: int(row["status"] == "hangup"),
    ),
    "voipbin_queuecalls": Table(
        {
            "id": required(identifier),
            "reference_type": text,
            "reference_id": identifier,
            "status": text,
            "service_agent_id": identifier,
            "duration_waiting": number,
            "duration_service": number,
            "tm_service": moment,
            **TM_TIMES,
        },
        version="tm_update",
        settled=lambda row: int(row["status"] in ("done", "abandoned")),
    ),
    "voipbin_outdialtargets": Table(
        {
            "id": identifier,
            "outdial_id": identifier,
            "name": text,
            "status": text,
            **{f"destination_{index}": address for index in INDEXES},
            **{f"try_count_{index}": number for index in INDEXES},
            **TM_TIMES,
        },
        version="tm_update",
        settled=lambda row: int(row["status"] == "done"),
    ),
    "voipbin_outplans": Table(
        {
            "id": identifier,
            "try_interval": number,
            **{f"max_try_count_{index}": number for index in INDEXES},
            **TM_TIMES,
        },
        key=("id", "tm_update"),  # every version is kept
        version="tm_update",
    ),
    "voipbin_campaigns": Table(
        {
            "id": identifier,
            "name": text,
            "status": text,
            "outplan_id": identifier,
            "outdial_id": identifier,
            **TM_TIMES,
        },
        version="tm_update",
    ),
    "outreach_calls": Table(
        {
            "id": number,
            "prospect_id": related,
            "sequence_id": related,
            "user_id": related,
            "phone_number_id": related,
            "call_disposition_id": related,
            "direction": one_of(text, "inbound", "outbound"),
            "from": text,
            "to": text,
            "outcome": text,
            "state": text,
            "voicemail_recording_url": text,
            "dialed_at": moment,
            "answered_at": moment,
            "completed_at": moment,
            "returned_at": moment,
            "state_changed_at": moment,
            **TIMES,
        }
    ),
    "outreach_call_dispositions": Table({"id": number, "name": text, "outcome": text, **TIMES}),
    "outreach_sequences": Table({"id": number, "name": text, **TIMES}),
    "outreach_prospects": Table(
        {
            "id": required(number),
            **NAMES,
            "emails": texts,
            **dict.fromkeys(PHONES, texts),
            "call_opted_out": truth,
            "calls_opt_status": text,
            "calls_opted_at": moment,
            "emails_opt_status": text,
            "emails_opted_at": moment,
            "opted_out": truth,
            "opted_out_at": moment,
            "time_zone": text,
            "time_zone_iana": text,
            "time_zone_inferred": truth,
            "address_city": text,
            "address_state": text,
            "address_zip": text,
            "address_country": text,
            "external_id": text,
            "trashed_at": moment,
            **TIMES,
        }
    ),
    "outreach_phone_numbers": Table(
        {
            "id": required(number),
            "number": text,
            "raw_number": text,
            "country_code": text,
            "phone_type": text,
            "status": text,
            "status_changed_at": moment,
            "prospect_id": related,
        },
        version="status_changed_at",
    ),
    "outreach_email_addresses": Table(
        {
            "id": required(number),
            "email": text,
            "status": text,
            "status_changed_at": moment,
            "unsubscribed_at": moment,
            "prospect_id": related,
        },
        version="status_changed_at",
    ),
    "outreach_users": Table({"id": required(number), **NAMES}, version=None),
    "liondesk_contacts": Table(
        {
            "id": required(number),
            **NAMES,
            "email": text,
            "mobile_phone": text,
            "home_phone": text,
            "office_phone": text,
            "company": text,
            "tags": texts,
            "created_at": moment,
            "modified_at": moment,
        },
        version="modified_at",
    ),
    "liondesk_contact_communications": Table(
        {
            "id": number,
            "contact_id": required(number),
            "campaign_name": text,
            "type": text,
            "template_folder_name": text,
            "template_name": text,
            "is_active": truth,
            "send_at": moment,
            "completed_at": moment,
            "send_from_user_id": number,
            "completing_user_id": number,
        },
        key=("communication_key",),
        version=None,
        settled=lambda row: int(row["is_active"] is False),
    ),
    "house_suppressions": Table(
        {
            "kind": required(one_of(text, "phone", "email", "address")),
            "value": required(text),
            "channel": text,
            "reason": text,
            "since": moment,
            "until": moment,
        },
        key=("kind", "value", "channel", "since"),
        version=None,
    ),
    "house_people": Table(
        {"source": required(text), "target_id": required(text), "person": required(text)},
        key=("source", "target_id"),
        version=None,
    ),
}
"""The raw tables by name."""


# ----------------------------------------------------------------------------------------------------- folders


@dataclass(frozen=True)
class Landing:
    """A landing folder: its files, and the rows of each raw table. Each file has only its good records left."""

    files: list[File]
    rows: dict[str, list[Row]]


def read_landing(landing: Path) -> Landing:
    """Read a folder. A row that cannot be used is counted in its file's ``rejected``, under the field at fault."""
    files = read_files(landing)
    return Landing(files, {name: _latest(files, name) for name in TABLES})


def _latest(files: Sequence[File], name: str) -> list[Row]:
    """The latest version of each key in a table's files, in order of paths."""
    table = TABLES[name]
    kept: dict[Hashable, Row] = {}
    twins: Counter[Hashable] = Counter()
    for file in files:
        if file.table != name:
            continue
        rows = []
        for record in file.records:
            try:
                rows.append(table.read(record))
            except ValueError as error:
                file.rejected[str(error)] += 1
        file.records = rows
        for row in rows:
            if "communication_key" in table.key:
                row["communication_key"] = _communication_key(row, file, twins)
            key = tuple(row[column] for column in table.key)
            if key not in kept or table.place(row) > table.place(kept[key]):
                kept[key] = row
    return list(kept.values())


def _communication_key(row: Row, file: File, twins: Counter[Hashable]) -> str:
    """LionDesk: the row's id. A row without one is known by its words, and by its number among equals in a folder."""
    if row["id"] is not None:
        return str(row["id"])
    columns = ("contact_id", "campaign_name", "type", "template_folder_name", "template_name", "send_at")
    words = tuple(row[column] for column in columns)
    folder = PurePosixPath(file.path).parent
    twins[folder, words] += 1
    return repr((*words, twins[folder, words]))
