"""The published numbers counted once more, from the landing files themselves, one record at a time.

Belongs here: readers for the containers that the sample is in, and the rules of the four systems as plain loops over
dictionaries. Does not belong here: any code, SQL or mapping of the product. What is written twice is meant to be: a
number that both ways agree on is right, or wrong for a reason that two people thought of.

It reads the whole folder into memory and is written to be read, not to be fast.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

Record = dict[str, Any]

EXTENSIONS = (".json", ".jsonl", ".ndjson", ".csv", ".parquet")
ENVELOPES = frozenset({"SCHEMA", "STATE", "ACTIVATE_VERSION", "LOG", "TRACE"})
"""Lines of a Singer or Airbyte file that are about the transfer, not records."""
STUCK_AFTER = timedelta(hours=2)
NEVER = datetime(9999, 1, 1)
INDEXES = range(5)
REFUSING = ("bad_contact_info", "do_not_contact")


@dataclass
class File:
    """One landing file: its records, as they stand in it, and how many of its rows were turned away, by reason."""

    path: str
    resource: str
    records: list[Record] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    content: bytes = b""

    @property
    def rows_read(self) -> int:
        """Rows found in the file, turned away or not."""
        return len(self.records) + self.rejected.total()


# ------------------------------------------------------------------------------------------------- containers


def read_folder(landing: Path) -> list[File]:
    """Every data file below ``<source>/<resource>/``, in order of path; records under canonical field names."""
    files = []
    for path in sorted(landing.rglob("*")):
        parts = path.relative_to(landing).parts
        if len(parts) > 2 and path.is_file() and _extension(path.name) in EXTENSIONS:
            files.append(_read(path, "/".join(parts), f"{parts[0]}.{parts[1]}"))
    return files


def _extension(name: str) -> str:
    return Path(name.removesuffix(".gz").removesuffix(".zst")).suffix


def _read(path: Path, name: str, resource: str) -> File:
    file = File(name, resource, content=path.read_bytes())
    if _extension(path.name) == ".csv":
        documents: Iterable[Any] = pl.read_csv(path, infer_schema=False).to_dicts()
    elif _extension(path.name) == ".parquet":
        documents = pl.read_parquet(path).to_dicts()
    else:
        raw = gzip.decompress(file.content) if path.suffix == ".gz" else file.content
        documents = _json(raw.decode("utf-8-sig"), file)
    for document in documents:
        _unpack(document, file, contact=_contact_in(name))
    return file


def _json(text: str, file: File) -> Iterator[Any]:
    """The one JSON value of a text, or those of its lines.

    A line that is none is turned away; one that does not begin like a record goes on with such a line before it.
    """
    try:
        yield json.loads(text)
    except json.JSONDecodeError:
        goes_on = False
        for line in filter(str.strip, text.split("\n")):
            try:
                yield json.loads(line)
                goes_on = False
            except json.JSONDecodeError:
                file.rejected["unreadable"] += line.startswith(("{", "[")) or not goes_on
                goes_on = True


def _contact_in(name: str) -> int | None:
    found = re.search(r"(?:^|/)contacts/(\d+)/|(?:^|/)contact_id=(\d+)/", name)
    return int(found[1] or found[2]) if found else None


def _unpack(value: Any, file: File, contact: int | None) -> None:
    """Take one value apart until records are left, and put those into the file."""
    stream = file.resource.partition(".")[2]
    match value:
        case list():
            for item in value:
                _unpack(item, file, contact)
        case {"type": "RECORD", "record": {"stream": found, "data": inner}}:  # Airbyte
            _of_stream(found, stream, inner, file, contact)
        case {"type": "RECORD", "stream": found, "record": inner}:  # Singer
            _of_stream(found, stream, inner, file, contact)
        case {"type": kind, **rest} if kind in ENVELOPES and "id" not in rest:
            pass
        case {"_airbyte_data": inner}:
            _unpack(json.loads(inner) if isinstance(inner, str) else inner, file, contact)
        case {"contact_id": found, "response": inner}:  # LionDesk, by whoever wrapped the page
            _unpack(inner, file, int(found))
        case {"result": list() as inner, **rest} if "id" not in rest:  # VoIPBIN
            _unpack(inner, file, contact)
        case {"data": list() | dict() as inner, **rest} if "id" not in rest:  # LionDesk, JSON:API
            _unpack(inner, file, contact)
        case dict():
            file.records.append(_flat(value) | ({} if contact is None else {"contact_id": contact}))


def _of_stream(found: str, wanted: str, inner: Any, file: File, contact: int | None) -> None:
    if _canonical(found) == wanted:
        _unpack(inner, file, contact)
    else:
        file.rejected["wrong_stream"] += 1


def _canonical(name: str) -> str:
    name = re.sub(r"^(attributes|relationships?)(__|\.|_)", "", name)
    name = re.sub(r"(__|\.|_)data(__|\.|_)id$", "_id", name)
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _flat(record: Record) -> Record:
    """One level of canonical names, from a flat record or from a JSON:API resource."""
    flat: Record = {}
    for name, value in record.items():
        if name in ("attributes", "relationships") and isinstance(value, dict):
            flat |= _flat(value)
        else:
            flat[_canonical(name)] = value
    return flat


# ------------------------------------------------------------------------------------------------------ values


class BadValueError(ValueError):
    """A value that turns its row away; the message is field and value."""


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
    """A whole number, also when quoted or written with a point."""
    return None if value is None or value == "" else int(float(value))


def one(value: Any) -> int | None:
    """The id in a relation's value: n, '5', [n], [], {'id': n}, {'data': …} or null."""
    if isinstance(value, list):
        return one(value[0]) if value else None
    if isinstance(value, dict):
        return one(value.get("data") if "data" in value else value.get("id"))
    return number(value)


def relation(record: Record, name: str) -> int | None:
    """The id of a to-one relation, under whichever of its two canonical names it came."""
    return next((one(record[key]) for key in (name, f"{name}_id") if key in record), None)


def has_address(value: Any) -> bool:
    """Whether something could be dialled there."""
    address = json.loads(value) if isinstance(value, str) and value else value
    return bool(address) and bool(address.get("type")) and bool(address.get("target"))


def identifier(value: Any) -> str | None:
    """A UUID as text; None when it is unset."""
    return None if value in (None, "", "00000000-0000-0000-0000-000000000000") else str(value).lower()


# ------------------------------------------------------------------------------------------------- the systems


@dataclass(frozen=True)
class Attempt:
    """One contact attempt or communication, with what the reports count of it."""

    source: str
    campaign: str
    target: str
    at: datetime | None
    key: str
    disposition: str

    @property
    def is_attempt(self) -> bool:
        """Whether somebody was really tried."""
        return self.disposition not in {
            "skipped", "never_placed", "scheduled", "overdue", "completed_manually",
        }  # fmt: skip

    @property
    def is_contact(self) -> bool:
        """Whether a person was reached."""
        return self.disposition == "contacted"


@dataclass
class Campaign:
    """What was counted of one campaign."""

    targets: int = 0
    targets_attempted: int = 0
    targets_contacted: int = 0
    attempts: int = 0
    contacts: int = 0


class Recount:
    """The landing folder counted. ``tables`` holds the rows that are left when every row has its latest version."""

    def __init__(self, landing: Path) -> None:
        self.files = read_folder(landing)
        self.tables: dict[str, list[Record]] = {}
        for resource, (key, version, read) in _RESOURCES.items():
            self.tables[resource] = self._latest(resource, key, version, read)

    def _latest(
        self,
        resource: str,
        key: Callable[[Record], Hashable],
        version: str | None,
        read: Callable[[Record], Record],
    ) -> list[Record]:
        """Good rows of all files of a resource, one a key. Of two versions the later wins, of equals a settled one."""
        kept: dict[Hashable, Record] = {}
        twins: Counter[Hashable] = Counter()
        for file in self.files:
            if file.resource != resource:
                continue
            good = []
            for record in file.records:
                try:
                    good.append(read(record))
                except (BadValueError, ValueError) as error:
                    file.rejected[str(error)] += 1
            file.records = good
            for row in good:
                if row.get(
                    "words"
                ):  # LionDesk: equal rows in one folder of pages are told apart by counting them
                    twins[Path(file.path).parent, row["words"]] += 1
                    row["words"] += (twins[Path(file.path).parent, row["words"]],)
                old = kept.get(key(row))
                if old is None or _place(row, version) >= _place(old, version):
                    kept[key(row)] = row
        return list(kept.values())

    @cached_property
    def as_of(self) -> datetime:
        """The latest thing that happened in the input; ``send_at`` is only planned."""
        return max(
            value
            for rows in self.tables.values()
            for row in rows
            for name, value in row.items()
            if isinstance(value, datetime) and name not in ("send_at", "deleted")
        )

    @cached_property
    def attempts(self) -> list[Attempt]:
        """Every attempt and communication of all four systems."""
        return [*self._action_builder(), *self._voipbin(), *self._outreach(), *self._liondesk()]

    def _action_builder(self) -> Iterator[Attempt]:
        words = {0: "contacted", 1: "no_contact", 2: "bad_contact_info", 3: "skipped", 4: "do_not_contact"}
        for row in self.tables["action_builder.contact_attempts"]:
            if row["deleted"] is None:
                yield Attempt(
                    "action_builder",
                    f"action_builder:{row['campaign_id']}",
                    f"action_builder:{row['entity_id']}",
                    row["created_at"],
                    f"action_builder:contact_attempts:{row['id']}",
                    words.get(row["disposition"], "unknown"),
                )

    def _voipbin(self) -> Iterator[Attempt]:
        for row in self.tables["voipbin.campaigncalls"]:
            done = row["status"] == "done"
            if not row["dialled"] and not (done and row["result"] == "success"):
                disposition = "never_placed"
            elif not done:
                disposition = "in_progress"
            else:
                disposition = {"success": "contacted", "fail": "no_contact"}.get(row["result"], "unknown")
            yield Attempt(
                "voipbin",
                f"voipbin:{row['campaign_id']}",
                f"voipbin:{row['outdial_target_id']}",
                row["tm_create"],
                f"voipbin:campaigncalls:{row['id']}",
                disposition,
            )

    def _outreach(self) -> Iterator[Attempt]:
        dimension = {row["id"]: row for row in self.tables["outreach.call_dispositions"]}
        for row in self.tables["outreach.calls"]:
            yield Attempt(
                "outreach",
                f"outreach:{row['sequence'] or 'none'}",
                f"outreach:{row['prospect']}",
                row["dialed_at"] or row["answered_at"] or row["completed_at"] or row["created_at"],
                f"outreach:calls:{row['id']}",
                _outreach_disposition(row, dimension.get(row["disposition"])),
            )

    def _liondesk(self) -> Iterator[Attempt]:
        for row in self.tables["liondesk.contact_communications"]:
            if row["is_active"]:
                disposition = "scheduled" if row["send_at"] > self.as_of else "overdue"
            else:
                disposition = "completed_manually" if row["completing_user_id"] else "dispatched"
            yield Attempt(
                "liondesk",
                f"liondesk:{row['campaign_name']}",
                f"liondesk:{row['contact_id']}",
                row["completed_at"] or row["send_at"],
                f"liondesk:{row['words'] or row['id']}",
                disposition,
            )

    # ------------------------------------------------------------------------------------------------ reports

    @cached_property
    def histories(self) -> dict[tuple[str, str], dict[str, list[Attempt]]]:
        """Source and campaign → target → its rows in order; for the sources that can tell of contacts."""
        histories: dict[tuple[str, str], dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
        for attempt in self.attempts:
            histories[attempt.source, attempt.campaign][attempt.target].append(attempt)
        for targets in histories.values():
            for rows in targets.values():
                rows.sort(key=lambda row: (row.at or datetime.max, row.key))  # noqa: DTZ901 - naive UTC throughout
        return histories

    @cached_property
    def campaigns(self) -> dict[tuple[str, str], Campaign]:
        """Contact rates' counts by source and campaign."""
        listed = self._listed()
        counted: dict[tuple[str, str], Campaign] = {}
        for key in self.histories.keys() | {("voipbin", campaign) for campaign in listed}:
            if key[0] == "liondesk":
                continue
            real = {
                target: tried
                for target, rows in self.histories.get(key, {}).items()
                if (tried := [row for row in rows if row.is_attempt])
            }
            counted[key] = Campaign(
                targets=len(real.keys() | listed.get(key[1], set())),
                targets_attempted=len(real),
                targets_contacted=sum(any(row.is_contact for row in rows) for rows in real.values()),
                attempts=sum(map(len, real.values())),
                contacts=sum(row.is_contact for rows in real.values() for row in rows),
            )
        return counted

    def _listed(self) -> dict[str, set[str]]:
        """VoIPBIN campaign → the targets of its outdial; that of a campaign without a row is the one it dialled."""
        members: dict[str | None, set[str]] = defaultdict(set)
        for target in self.tables["voipbin.outdialtargets"]:
            members[target["outdial_id"]].add(f"voipbin:{target['id']}")
        outdials = {call["campaign_id"]: call["outdial_id"] for call in self.tables["voipbin.campaigncalls"]}
        outdials |= {row["id"]: row["outdial_id"] for row in self.tables["voipbin.campaigns"]}
        return {f"voipbin:{campaign}": members[outdial] for campaign, outdial in outdials.items()}

    @cached_property
    def dispositions(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Source, campaign and disposition → rows, and targets whose latest real attempt (or last row) ended so."""
        rows: Counter[tuple[str, str, str]] = Counter()
        last: Counter[tuple[str, str, str]] = Counter()
        for key, targets in self.histories.items():
            for history in targets.values():
                rows.update((*key, row.disposition) for row in history)
                real = [row for row in history if row.is_attempt]
                last[*key, (real or history)[-1].disposition] += 1
        return {key: (rows[key], last[key]) for key in rows}

    @cached_property
    def curve(self) -> dict[tuple[str, str, int], tuple[int, int]]:
        """Source, campaign and attempt number → targets that made it without an earlier contact, first contacts."""
        at_risk: Counter[tuple[str, str, int]] = Counter()
        contacts: Counter[tuple[str, str, int]] = Counter()
        for key, targets in self.histories.items():
            if key[0] == "liondesk":
                continue
            for history in targets.values():
                for place, row in enumerate((row for row in history if row.is_attempt), 1):
                    at_risk[*key, place] += 1
                    if row.is_contact:
                        contacts[*key, place] += 1
                        break
        return {key: (count, contacts[key]) for key, count in at_risk.items()}

    @cached_property
    def outcomes(self) -> Counter[tuple[str | None, str]]:
        """VoIPBIN campaign and replay outcome → targets."""
        calls: dict[str | None, list[Record]] = defaultdict(list)
        for call in self.tables["voipbin.campaigncalls"]:
            calls[call["outdial_target_id"]].append(call)
        targets = {row["id"]: row for row in self.tables["voipbin.outdialtargets"]}
        counted: Counter[tuple[str | None, str]] = Counter()
        for target in targets.keys() | calls.keys():
            history = sorted(calls.get(target, []), key=lambda call: (call["tm_create"], call["id"]))
            row = targets.get(target)
            campaign = history[-1]["campaign_id"] if history else self._campaign_of(row)
            counted[campaign, self._outcome(row, history, campaign)] += 1
        return counted

    def _campaign_of(self, target: Record | None) -> str | None:
        """The campaign that dials an untouched target's list: one that runs before others, then the newest."""
        candidates = [
            row
            for row in self.tables["voipbin.campaigns"]
            if target and row["outdial_id"] == target["outdial_id"]
        ]
        candidates.sort(key=lambda row: (row["status"] == "run", row["tm_create"]))
        return candidates[-1]["id"] if candidates else None

    def _outcome(self, target: Record | None, calls: list[Record], campaign: str | None) -> str:
        campaigns = {row["id"]: row for row in self.tables["voipbin.campaigns"]}
        open_calls = [call for call in calls if call["status"] != "done"]
        if any(call["status"] == "done" and call["result"] == "success" for call in calls):
            return "reached"
        if any(call["tm_create"] < self.as_of - STUCK_AFTER for call in open_calls):
            return "stuck"
        if open_calls:
            return "in_flight"

        plan = self._plan(
            calls[-1]["outplan_id"] if calls else campaigns[campaign]["outplan_id"] if campaign else None
        )
        dialled = {call["destination_index"] for call in calls}
        configured = target["configured"] if target else dialled
        tries = {
            index: max(
                [
                    sum(call["destination_index"] == index for call in calls),
                    *(call["try_count"] for call in calls if call["destination_index"] == index),
                ]
            )
            for index in INDEXES
        }
        left = plan is not None and any(tries[index] < plan["maxima"][index] for index in configured)
        if not calls:
            return "untouched" if configured and (plan is None or left) else "not_dialable"
        if plan is None:
            return "unresolved"
        if not left:
            return "exhausted"
        if campaign in campaigns and campaigns[campaign]["status"] != "run":
            return "stranded"
        hangup = max(max(call["tm_create"], call["tm_update"]) for call in calls)
        due = hangup + timedelta(milliseconds=plan["try_interval"]) <= self.as_of
        return "retry_due" if due else "retry_waiting"

    def _plan(self, outplan: str | None) -> Record | None:
        """The outplan's version in force now."""
        versions = [row for row in self.tables["voipbin.outplans"] if row["id"] == outplan]
        return max(versions, key=lambda row: row["tm_update"], default=None)


def _place(row: Record, version: str | None) -> tuple[datetime, bool]:
    at = row.get(version) if version else None
    return (at or datetime.min, bool(row.get("settled")))  # noqa: DTZ901 - naive UTC throughout


# ---------------------------------------------------------------------------------------------- rows of resources


def _attempt_row(record: Record) -> Record:
    disposition = number(record.get("disposition"))
    if disposition not in (None, 0, 1, 2, 3, 4):
        raise BadValueError("disposition")
    if number(record.get("id")) is None:
        raise BadValueError("id")
    created = moment(record.get("created_at", record.get("utc_created_at")))
    return {
        "id": number(record["id"]),
        "entity_id": number(record["entity_id"]),
        "campaign_id": number(record["campaign_id"]),
        "disposition": disposition,
        "created_at": created,
        "updated_at": moment(record.get("updated_at", record.get("utc_updated_at"))),
        "deleted": moment(record.get("_ab_cdc_deleted_at")),
    }


def _dimension_row(record: Record) -> Record:
    return record | {
        "id": number(record["id"]),
        "created_at": moment(record["created_at"]),
        "updated_at": moment(record["updated_at"]),
    }


def _call_row(record: Record) -> Record:
    return {
        "id": identifier(record["id"]),
        "campaign_id": identifier(record["campaign_id"]),
        "outplan_id": identifier(record["outplan_id"]),
        "outdial_id": identifier(record["outdial_id"]),
        "outdial_target_id": identifier(record["outdial_target_id"]),
        "status": record["status"],
        "result": record["result"] or None,
        "dialled": has_address(record["destination"]),
        "destination_index": number(record["destination_index"]),
        "try_count": number(record["try_count"]),
        "tm_create": moment(record["tm_create"]),
        "tm_update": moment(record["tm_update"]),
        "settled": record["status"] == "done",
    }


def _target_row(record: Record) -> Record:
    return {
        "id": identifier(record["id"]),
        "outdial_id": identifier(record["outdial_id"]),
        "configured": {index for index in INDEXES if has_address(record[f"destination_{index}"])},
        "tm_create": moment(record["tm_create"]),
        "tm_update": moment(record["tm_update"]),
        "tm_delete": moment(record["tm_delete"]),
        "settled": record["status"] == "done",
    }


def _outplan_row(record: Record) -> Record:
    return {
        "id": identifier(record["id"]),
        "try_interval": number(record["try_interval"]),
        "maxima": [number(record[f"max_try_count_{index}"]) for index in INDEXES],
        "tm_create": moment(record["tm_create"]),
        "tm_update": moment(record["tm_update"]),
        "tm_delete": moment(record["tm_delete"]),
    }


def _campaign_row(record: Record) -> Record:
    return {
        "id": identifier(record["id"]),
        "status": record["status"],
        "outplan_id": identifier(record["outplan_id"]),
        "outdial_id": identifier(record["outdial_id"]),
        "tm_create": moment(record["tm_create"]),
        "tm_update": moment(record["tm_update"]),
        "tm_delete": moment(record["tm_delete"]),
    }


def _outreach_row(record: Record) -> Record:
    if record["direction"] not in ("inbound", "outbound", None):
        raise BadValueError("direction")
    times = "dialed_at answered_at completed_at created_at returned_at state_changed_at updated_at".split()
    return {
        "id": number(record["id"]),
        "disposition": relation(record, "call_disposition"),
        "prospect": relation(record, "prospect"),
        "sequence": relation(record, "sequence"),
        "outcome": record["outcome"],
        "state": record["state"],
        "voicemail": bool(record["voicemail_recording_url"]),
    } | {name: moment(record[name]) for name in times}


def _outreach_disposition(row: Record, known: Record | None) -> str:
    """Disposition, recording, outcome, state, answered: the first that says something."""
    if known:
        name, answered = known["name"], known["outcome"] == "completed"
        exact = {
            "Left Voicemail": "voicemail",
            "Bad Number": "bad_contact_info",
            "Do Not Call": "do_not_contact",
        }
        return exact.get(name) or ("contacted" if answered else "no_contact")
    if row["voicemail"]:
        return "voicemail"
    words = {
        "Answered": "contacted",
        "completed": "contacted",
        "Not Answered": "no_contact",
        "no_answer": "no_contact",
    }
    states = {
        "left_voicemail": "voicemail",
        "failed": "no_contact",
        "completed": "contacted",
        "no_answer": "no_contact",
    }
    for said in (words.get(row["outcome"]), states.get(row["state"])):
        if said:
            return said
    if row["outcome"] is None and row["state"] is None and row["answered_at"] is None and row["dialed_at"]:
        return "no_contact"
    return "unknown"


def _communication_row(record: Record) -> Record:
    if record.get("contact_id") is None:
        raise BadValueError("no_contact")
    words = ("campaign_name", "type", "template_folder_name", "template_name", "send_at")
    return {
        "id": number(record.get("id")),
        "contact_id": number(record["contact_id"]),
        "campaign_name": record["campaign_name"],
        "is_active": str(record["is_active"]).lower() == "true",
        "completing_user_id": number(record["completing_user_id"]),
        "send_at": moment(record["send_at"]),
        "completed_at": moment(record["completed_at"]),
        "words": (number(record["contact_id"]), *(record[name] for name in words))
        if record.get("id") is None
        else (),
        "settled": str(record["is_active"]).lower() != "true",
    }


def _id(row: Record) -> Hashable:
    key: Hashable = row["id"]
    return key


_RESOURCES: dict[str, tuple[Callable[[Record], Hashable], str | None, Callable[[Record], Record]]] = {
    "action_builder.contact_attempts": (_id, "updated_at", _attempt_row),
    "action_builder.campaigns": (_id, "updated_at", _dimension_row),
    "action_builder.actions": (_id, "updated_at", _dimension_row),
    "voipbin.campaigncalls": (_id, "tm_update", _call_row),
    "voipbin.outdialtargets": (_id, "tm_update", _target_row),
    "voipbin.outplans": (lambda row: (row["id"], row["tm_update"]), "tm_update", _outplan_row),
    "voipbin.campaigns": (_id, "tm_update", _campaign_row),
    "outreach.calls": (_id, "updated_at", _outreach_row),
    "outreach.call_dispositions": (_id, "updated_at", _dimension_row),
    "outreach.sequences": (_id, "updated_at", _dimension_row),
    "liondesk.contact_communications": (lambda row: row["words"] or row["id"], None, _communication_row),
}
