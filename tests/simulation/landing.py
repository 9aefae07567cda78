"""The sample: landing files of all four systems, as people really have them.

Belongs here: which campaigns the sample tells of, and the containers, spellings and blemishes its files come in.
Does not belong here: how the dialer behaves (`dialer.py`, `damage.py`) and anything that reads files.

The same bytes every time: fixed seed and dates, gzip without a time, one order everywhere. Phone numbers are from
ranges kept free for fiction, addresses are example.com's; the vendors' own example records stand as they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from tests.simulation.bulk import frames
from tests.simulation.containers import Folder, chunks, csv_text, dumps, iso, millis, spaced
from tests.simulation.damage import Drift, Fault, inject_faults, lose_calls, lose_writes
from tests.simulation.dialer import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Answering,
    Call,
    Campaign,
    Change,
    Dice,
    Log,
    Outdial,
    Outplan,
    Scenario,
    call_row,
    campaign_row,
    identifier,
    moment,
    outplan_row,
    phone,
    simulate,
    target_row,
)
from tests.simulation.lists import write_lists

SEED = "contact ledger"
END = moment("2026-10-30T20:10:00")
"""The moment of the last poll; what happens after it is not in the sample, only scheduled."""

Row = dict[str, Any]
NOTES = (
    'Said "call me after six", then hung up',
    '=HYPERLINK("https://example.com","not a formula")',
    "<b>Very</b> interested; asked for Zoë & the <script>schedule</script>",
    "Left a card 🗳️ — dog at the gate 🐕",
    "Moved; new number on file; $20 pledged",
    "Será voluntaria el sábado",
    "Two lines:\nsecond one",
    "",
)

_ABOUT = "README.md"


# -------------------------------------------------------------------------------------- VoIPBIN: its story


def _evenings(first: str, last: str, opens: int = 16, closes: int = 21) -> tuple[tuple[int, int], ...]:
    """The hours (UTC) in which somebody is there, on working days."""
    days = (moment(last) - moment(first)) // DAY + 1
    # 1970-01-01, day 0, was a Thursday: days 2 and 3 of each seven are Saturday and Sunday.
    starts = [moment(first) + day * DAY for day in range(days)]
    spans = [
        (start + opens * HOUR, start + closes * HOUR) for start in starts if start // DAY % 7 not in (2, 3)
    ]
    return tuple(spans)


PILOT = "Pilot plan"
"""The outplan of this name was deleted before anybody took a copy: its calls are known, its policy is not."""

VOTERS = (((0,), 5.0), ((0, 1), 4.0), ((0, 1, 2), 1.5), ((0, 2), 0.4), ((1,), 0.3), ((), 0.1))
MEMBERS = (
    ((0,), 5.0),
    ((0, 1), 3.0),
    ((0, 1, 3), 1.0),
    ((0, 3), 0.5),
    ((2,), 0.15),
    ((), 0.1),
    ((0, 1, 2, 3, 4), 0.3),
)
VOLUNTEERS = (((0,), 4.0), ((0, 1), 3.0), ((0, 1, 2, 3, 4), 2.0))

STORY = Scenario(
    begin=moment("2026-10-05T12:00:00"),
    end=END,
    outplans=(
        Outplan(
            "Turnout plan",
            (2, 1, 1, 0, 0),
            6 * 3_600_000,
            changes=(Change(moment("2026-10-12T09:00:00"), (3, 2, 1, 0, 0), 4 * 3_600_000),),
        ),
        Outplan("Second pass plan", (5, 3, 2, 1, 0), 20 * 3_600_000, 25_000),
        Outplan(
            "Renewal plan",
            (3, 2, 0, 2, 0),
            20 * 3_600_000,
            changes=(Change(moment("2026-10-26T08:30:00"), try_interval_ms=90 * 60_000),),
        ),
        Outplan("Volunteer plan", (2, 1, 1, 1, 1), 30 * 60_000, 20_000),
        Outplan("Final weekend plan", (3, 2, 1, 0, 0), 12 * 60_000, 20_000),
        Outplan(PILOT, (2, 1, 0, 0, 0), 3_600_000),
    ),
    outdials=(
        Outdial(
            "Registered voters, ward 7",
            280,
            VOTERS,
            deleted=(moment("2026-10-08T00:00:00"), moment("2026-10-20T00:00:00")),
            deleted_share=0.03,
        ),
        Outdial(
            "Members up for renewal",
            230,
            MEMBERS,
            added=(moment("2026-10-16T08:00:00"), moment("2026-10-30T18:00:00")),
        ),
        Outdial("Clinic volunteers", 180, VOLUNTEERS),
        Outdial(
            "Final weekend list",
            170,
            VOTERS,
            added=(moment("2026-10-30T18:00:00"), moment("2026-10-30T20:12:00")),
        ),
        Outdial("Pilot list", 40),
    ),
    campaigns=(
        Campaign(
            "Autumn turnout — phones",
            "Registered voters, ward 7",
            "Turnout plan",
            start=moment("2026-10-06T16:00:00"),
            hours=_evenings("2026-10-06", "2026-10-15"),
            lines=4,
            stopped_at=moment("2026-10-15T21:05:00"),
            end_handle="continue",
            detail="First pass over ward 7",
        ),
        Campaign(
            "Autumn turnout — second pass",
            "Registered voters, ward 7",
            "Second pass plan",
            start=moment("2026-10-16T15:00:00"),
            hours=_evenings("2026-10-16", "2026-10-30", 15, 21),
            lines=4,
            after="Autumn turnout — phones",
            detail='Whoever the first pass left; more tries, "longer" pause',
        ),
        Campaign(
            "Member renewals <final notice>",
            "Members up for renewal",
            "Renewal plan",
            start=moment("2026-10-19T14:00:00"),
            hours=_evenings("2026-10-19", "2026-10-30", 14, 21),
            lines=3,
            end_handle="continue",
        ),
        Campaign(
            "Clinic volunteers 🩺 weekend shift",
            "Clinic volunteers",
            "Volunteer plan",
            start=moment("2026-10-20T17:00:00"),
            hours=_evenings("2026-10-20", "2026-10-23", 17, 20),
            lines=2,
            stopped_at=moment("2026-10-21T17:40:00"),
            detail="Stopped: the roster was full",
        ),
        Campaign(
            "Final weekend — get out the vote",
            "Final weekend list",
            "Final weekend plan",
            start=moment("2026-10-30T19:35:00"),
            lines=4,
            end_handle="continue",
        ),
        Campaign(
            "Pilot (old list)",
            "Pilot list",
            PILOT,
            start=moment("2026-10-05T15:00:00"),
            hours=_evenings("2026-10-05", "2026-10-05", 15, 18),
            lines=2,
            stopped_at=moment("2026-10-05T18:00:00"),
        ),
    ),
    answering=Answering(
        by_attempt=(0.24, 0.21, 0.19, 0.17, 0.15, 0.13),
        # People are at home after 17:00 UTC (noon in the east) and best around 20:00.
        by_hour=(0.6,) * 14 + (0.7, 0.75, 0.85, 1.0, 1.1, 1.2, 1.3, 1.1, 0.8, 0.6),
    ),
)


NUMBERS_ONLY = "Final weekend — get out the vote"
"""The campaign of this name dials a list that came as bare numbers, without names."""


def _leave_names_out(log: Log) -> None:
    """Take the names off the list of numbers: off its targets, and off the addresses that its calls went to."""
    (outdial,) = {campaign.outdial_id for campaign in log.campaigns if campaign.name == NUMBERS_ONLY}
    for target in log.targets:
        if target.outdial_id == outdial:
            target.name = ""
            for place in target.destinations:
                if place is not None:
                    place["target_name"] = ""


@dataclass
class Dialed:
    """The VoIPBIN part of the sample: its log, and what is known to be wrong with it."""

    log: Log
    faults: list[Fault]
    drifts: list[Drift]
    lost: list[Call]


def dialed() -> Dialed:
    """The story simulated, then damaged: faults of every code, calls lost, platform writes lost."""
    log = simulate(STORY, SEED)
    _leave_names_out(log)
    log.outplans = [plan for plan in log.outplans if plan.name != PILOT]
    log, faults = inject_faults(log, SEED, each=2)
    touched = {fault.target_id for fault in faults}
    log, drifts = lose_writes(log, SEED, each=2, avoid=touched)
    touched |= {drift.target_id for drift in drifts}
    log, lost = lose_calls(log, SEED, count=4, avoid=touched)
    return Dialed(log, faults, drifts, lost)


# -------------------------------------------------------------------------------------- VoIPBIN: its files

ZERO = "00000000-0000-0000-0000-000000000000"
NEVER = "9999-01-01 00:00:00.000000"
_UUIDS = (
    "campaign_id",
    "outplan_id",
    "outdial_id",
    "outdial_target_id",
    "queue_id",
    "activeflow_id",
    "reference_id",
    "next_campaign_id",
)


def _native(row: Row, old: bool, deletable: bool = True) -> Row:
    """A row as VoIPBIN's API writes it.

    The old era has spaces, sentinels and null destinations; the new one T and Z, trimmed zeros, nulls and empty
    objects.
    """
    native: Row = {}
    for name, value in row.items():
        if isinstance(value, datetime) or name.startswith("tm_"):
            if name == "tm_delete" and not deletable:
                continue
            at = None if value is None else moment(value.isoformat())
            native[name] = (spaced(at) or NEVER) if old else iso(at)
        elif value is None and name in _UUIDS:
            native[name] = ZERO
        elif value is None and name == "result":
            native[name] = ""
        elif value is None and name.startswith("destination"):
            native[name] = None if old else {}
        else:
            native[name] = value
    return native


def _calls(calls: Iterable[Call], old: bool) -> list[Row]:
    return [_native(call_row(call), old, deletable=False) for call in calls]


def _poll(log: Log, since: int, when: int) -> list[Call]:
    """What a poll at `when` hands out, newest first: calls since the last poll, and those it saw open."""
    seen: list[Call] = []
    for call in log.calls:
        before, now = call.at(since), call.at(when)
        if now is not None and (before is None or before.status != "done"):
            seen.append(now)
    return sorted(seen, key=lambda call: (-call.tm_create, call.id))


def _pages(rows: Sequence[Row], size: int, token: str, overlap: bool) -> list[Row]:
    """List pages. The token is never empty.

    With `overlap`, every page but the first begins with the last row of the one before: a row that came in between
    has shifted the list by one.
    """
    pages = []
    for number, page in enumerate(chunks(rows, size)):
        repeated = [rows[number * size - 1]] if overlap and number else []
        pages.append(
            {"result": [*repeated, *page], "next_page_token": page[-1].get(token) if page else "none"}
        )
    return pages


def _singer(stream: str, key: str, rows: Iterable[Row]) -> list[Row]:
    schema = {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}, "key_properties": [key]}
    records = [{"type": "RECORD", "stream": stream, "record": row} for row in rows]
    return [schema, *records, {"type": "STATE", "value": {"bookmarks": {stream: "2026-10-16T06:00:00Z"}}}]


def _voipbin(folder: Folder) -> Log:
    """Write the calls and the dialer's lists; return the log."""
    log = dialed().log
    polls = [
        moment(text)
        for text in (
            "2026-10-05T19:00:00",
            "2026-10-12T06:00:00",
            "2026-10-16T06:00:00",
            "2026-10-20T18:30:07",
            "2026-10-21T17:39:30",
            "2026-10-27T06:00:00",
            "2026-10-30T20:07:30",
            "2026-10-30T20:10:00",
        )
    ]
    runs = [_poll(log, since, when) for since, when in zip([0, *polls], polls, strict=False)]
    base = "voipbin/campaigncalls"

    flat = [
        {name: dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
        for row in _calls(runs[0], old=True)
    ]
    folder.csv(f"{base}/2026-10-05_pilot.csv", list(flat[0]), flat)
    for number, page in enumerate(_pages(_calls(runs[1], old=True), 200, "tm_create", overlap=True), 1):
        folder.json(f"{base}/2026-10-12/page-{number:02d}.json.gz", page)
    folder.lines(
        f"{base}/2026-10-16.singer.jsonl.gz", _singer("campaigncalls", "id", _calls(runs[2], old=True))
    )
    folder.lines(f"{base}/2026-10-20.ndjson.gz", _calls(runs[3], old=False))
    folder.json(f"{base}/2026-10-21.json.gz", _calls(runs[4], old=False))
    frame = frames(Log(runs[5], [], [], [], END))["voipbin_campaigncalls"]
    folder.frame(f"{base}/2026-10-27/part-0.parquet", frame)
    for number, page in enumerate(_pages(_calls(runs[6], old=False), 150, "tm_create", overlap=True), 1):
        folder.json(f"{base}/2026-10-30/page-{number:02d}.json.gz", page)
    for number, page in enumerate(_pages(_calls(runs[7], old=False), 40, "tm_create", overlap=False), 1):
        folder.json(f"{base}/2026-10-30_evening/page-{number:02d}.json", page)
    folder.json(f"{base}/vendor_example.json", VENDOR_CAMPAIGNCALL, indent=4)

    # Targets were polled 50 s before the calls were: what happened in between cannot be compared yet.
    base = "voipbin/outdialtargets"
    names = {campaign.outdial_id: campaign.name for campaign in log.campaigns}
    earlier = moment("2026-10-27T06:00:00")
    raw = [
        {
            "_airbyte_ab_id": identifier(SEED, "airbyte", target.id),
            "_airbyte_emitted_at": "2026-10-27T06:00:01Z",
            "_airbyte_data": dumps(_native(target_row(target, earlier), old=False)),
        }
        for target in log.targets
        if names[target.outdial_id].startswith("Member") and target.tm_create <= earlier
    ]
    folder.csv(f"{base}/2026-10-27_airbyte_raw.csv.gz", list(raw[0]), raw)
    final = END - 50 * SECOND
    targets = [target for target in log.targets if target.tm_create <= final]
    targets.sort(key=lambda target: (-target.tm_create, target.id))
    for number, page in enumerate(
        _pages(
            [_native(target_row(target, final), old=True) for target in targets],
            300,
            "tm_create",
            overlap=True,
        ),
        1,
    ):
        folder.json(f"{base}/2026-10-30/page-{number:02d}.json.gz", page)
    folder.json(f"{base}/vendor_example.json", VENDOR_OUTDIALTARGET, indent=4)

    # Each poll of the outplans kept what was then in force: together they are their history.
    first = [
        _native(outplan_row(plan), old=True) for plan in log.outplans if plan.tm_update < moment("2026-10-06")
    ]
    later = [
        _native(outplan_row(plan), old=False)
        for plan in log.outplans
        if plan.tm_update >= moment("2026-10-06")
    ]
    folder.json(
        "voipbin/outplans/2026-10-05.json", {"result": first, "next_page_token": first[-1]["tm_create"]}, 1
    )
    folder.lines("voipbin/outplans/changes.ndjson", later)
    folder.json(
        "voipbin/campaigns/2026-10-30.json",
        {
            "result": [_native(campaign_row(campaign), old=False) for campaign in log.campaigns],
            "next_page_token": "2026-10-05T11:00:00Z",
        },
        1,
    )
    return log


VENDOR_CAMPAIGNCALL: Row = {
    "id": "56347901-5bb9-422d-add5-5a2ca47fa737",
    "campaign_id": "183c0d5c-691e-42f3-af2b-9bffc2740f83",
    "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
    "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
    "outdial_target_id": "f50b169d-ce02-4bc9-a6e7-bb632c71e450",
    "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
    "activeflow_id": "02aad54d-270e-43c7-82c5-bf42502c8bc6",
    "reference_type": "call",
    "reference_id": "a69189aa-7295-4c3a-b51f-df1dbbded5f6",
    "status": "done",
    "result": "success",
    "source": {"type": "tel", "target": "+15559876543", "target_name": "", "name": "", "detail": ""},
    "destination": {"type": "tel", "target": "+15559876543", "target_name": "", "name": "", "detail": ""},
    "destination_index": 0,
    "try_count": 1,
    "tm_create": "2022-04-29 07:01:45.808944",
    "tm_update": "2022-04-29 07:02:48.304704",
}
VENDOR_OUTDIALTARGET: Row = {
    "id": "1b3d7a92-7146-466d-90f5-4bc701ada4c0",
    "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
    "name": "test destination 0",
    "detail": "test detatination 0 detail",
    "data": "test data",
    "status": "done",
    "destination_0": {"type": "tel", "target": "+821100000001", "target_name": "", "name": "", "detail": ""},
    "destination_1": None,
    "destination_2": None,
    "destination_3": None,
    "destination_4": None,
    "try_count_0": 1,
    "try_count_1": 0,
    "try_count_2": 0,
    "try_count_3": 0,
    "try_count_4": 0,
    "tm_create": "2022-04-30 17:52:16.484341",
    "tm_update": "2022-04-30 17:53:51.183345",
    "tm_delete": "9999-01-01 00:00:00.000000",
}


# --------------------------------------------------------------------------------------------- Action Builder

ATTEMPT_COLUMNS = (
    "id entity_id action_entity_id action_id campaign_id contact_info_type contact_info_id disposition "
    "created_by_id created_at updated_at target_type target_id note"
).split()
OLD_ATTEMPT_COLUMNS = ATTEMPT_COLUMNS[:11]

# Campaign: id, name, people, and the tasks people are asked in (id, name, type, weight).
DRIVES: tuple[tuple[int, str, int, tuple[tuple[int, str, str, float], ...]], ...] = (
    (
        41,
        "Fall turnout — doors & phones",
        170,
        (
            (4101, "Doors: turf 12", "canvass", 3.0),
            (4102, "Phone bank Tuesdays", "phone_bank", 3.0),
            (4103, "Election text", "text_bank", 1.0),
        ),
    ),
    (
        42,
        "Tenants' union: Maple Court",
        110,
        ((4201, "Doors: Maple Court", "canvass", 4.0), (4202, "Follow-up calls", "phone_bank", 1.5)),
    ),
    (
        43,
        "Contract vote 🗳️ ratify",
        150,
        (
            (4301, "Ratification phone bank", "phone_bank", 4.0),
            (4302, "Reminder texts", "text_bank", 2.0),
            (4303, "Vote-by-mail e-mail", "email", 1.0),
        ),
    ),
    (
        44,
        "Steward check-in; 2026",
        90,
        ((4401, "Steward calls", "phone_bank", 3.0), (4402, "Shop floor visits", "canvass", 1.0)),
    ),
)
ARCHIVE = (
    40,
    "Winter listening project (archive)",
    60,
    ((4001, "Doors: north side", "canvass", 2.0), (4002, "Winter phone bank", "phone_bank", 2.0)),
)
_INFO = {"canvass": "Address", "phone_bank": "PhoneNumber", "text_bank": "PhoneNumber", "email": "Email"}
# contacted, attempted, bad, skipped, do not contact, no disposition
_ODDS = {
    "canvass": (0.24, 0.6, 0.03, 0.1, 0.02, 0.01),
    "phone_bank": (0.17, 0.66, 0.08, 0.06, 0.02, 0.01),
    "text_bank": (0.09, 0.82, 0.05, 0.0, 0.04, 0.0),
    "email": (0.05, 0.88, 0.05, 0.0, 0.02, 0.0),
}


@dataclass
class _Entry:
    """A row and its later version, each with the time from which the source had it."""

    row: Row
    since: int
    later: Row | None = None
    later_since: int = 0

    def at(self, when: int) -> Row | None:
        if self.later is not None and self.later_since <= when:
            return self.later
        return self.row if self.since <= when else None


def _drive(dice: Dice, drive: tuple[int, str, int, Any], first: int, start: int, days: int) -> list[_Entry]:
    """The attempts of one campaign: each person is tried again, a day or several later, until an end is found."""
    campaign, _, people, tasks = drive
    entries: list[tuple[int, int, int, Row]] = []
    for person in range(people):
        entity = campaign * 1_000 + person
        at = start + dice.between(0, days * DAY // 2)
        for _ in range(dice.weighted([(1, 1.5), (2, 2.0), (3, 3.0), (4, 2.0), (6, 1.0), (0, 0.3)])):
            at = at - at % DAY + dice.between(14 * HOUR, 23 * HOUR) + dice.between(0, 999_999)
            if at > min(END - 10 * MINUTE, start + days * DAY):
                break
            task, _, kind, _ = dice.weighted([(task, task[3]) for task in tasks])
            disposition = dice.weighted(list(zip((0, 1, 2, 3, 4, None), _ODDS[kind], strict=True)))
            form = dice.chance(0.08)
            info = None if form and dice.chance(0.5) else _INFO[kind]
            row: Row = {
                "id": 0,
                "entity_id": entity,
                "action_entity_id": None if form else entity * 10 + task % 10,
                "action_id": None if form else task,
                "campaign_id": campaign,
                "contact_info_type": info,
                "contact_info_id": None if info is None else entity * 10 + len(info) % 7,
                "disposition": disposition,
                "created_by_id": 900 + dice.between(1, 14),
                "created_at": at,
                "updated_at": at + dice.between(0, 3 * SECOND),
                "target_type": "CustomForm" if form else "Action",
                "target_id": 77 if form else task,
                "note": dice.pick(NOTES) if dice.chance(0.12) else None,
            }
            entries.append((at, entity, len(entries), row))
            if disposition == 4 or (disposition == 0 and dice.chance(0.85)):
                break
            at += dice.between(1, 5) * DAY
    entries.sort(key=lambda entry: entry[:3])
    versions: list[_Entry] = []
    for number, (_, _, _, row) in enumerate(entries):
        row["id"] = first + number
        entry = _Entry(row, row["updated_at"])
        if dice.chance(0.09):
            edited = min(row["updated_at"] + dice.between(HOUR, 12 * DAY), END - dice.between(MINUTE, HOUR))
            if edited > row["updated_at"]:
                entry.later = row | {"updated_at": edited, "note": dice.pick(NOTES)}
                if dice.chance(0.5):
                    others = [value for value in (0, 1, 2) if value != row["disposition"]]
                    entry.later["disposition"] = dice.pick(others)
                entry.later_since = edited
        versions.append(entry)
    return versions


def _mirrored(row: Row) -> Row:
    return row | {"created_at": spaced(row["created_at"]), "updated_at": spaced(row["updated_at"])}


def _action_builder(folder: Folder) -> list[Row]:
    """Write the attempts with their campaigns and tasks; return the attempts in their last version."""
    dice = Dice(SEED, "action builder")
    drives = [
        _drive(dice, drive, 500_000 + number * 10_000, moment("2026-10-05"), 26)
        for number, drive in enumerate(DRIVES)
    ]
    base = "action_builder/contact_attempts"

    archive = _drive(dice, ARCHIVE, 100_000, moment("2024-01-08"), 20)
    folder.csv(
        f"{base}/2024-01_archive.csv", OLD_ATTEMPT_COLUMNS, [_mirrored(entry.row) for entry in archive]
    )

    full, final = moment("2026-10-23T05:00:00"), END
    mirrored = [entry for drive in drives[:3] for entry in drive]
    dump = [_mirrored(row) for entry in mirrored if (row := entry.at(full)) is not None]
    folder.csv(f"{base}/2026-10-23_full.csv.gz", ATTEMPT_COLUMNS, dump)
    delta = [
        _mirrored(row)
        for entry in mirrored
        if (row := entry.at(final)) is not None and row["updated_at"] > full
    ]
    folder.csv(f"{base}/2026-10-30_delta.csv", ATTEMPT_COLUMNS, delta)
    folder.csv(f"{base}/2026-10-30_delta (1).csv", ATTEMPT_COLUMNS, delta)  # downloaded twice

    # The fourth campaign comes from a warehouse that calls the two times otherwise.
    warehouse = pl.DataFrame(
        [row for entry in drives[3] if (row := entry.at(final)) is not None],
        schema={
            name: pl.Int64
            if name.endswith(("id", "_at"))
            else pl.Int32
            if name == "disposition"
            else pl.String
            for name in ATTEMPT_COLUMNS
        },
    )
    warehouse = warehouse.with_columns(pl.col("created_at", "updated_at").cast(pl.Datetime("us")))
    warehouse = warehouse.rename({"created_at": "utc_created_at", "updated_at": "utc_updated_at"})
    folder.frame(f"{base}/warehouse/part-0.parquet", warehouse)

    # A change-data-capture feed: one attempt corrected, one deleted at the source.
    captured = [_mirrored(entry.row) for entry in drives[1][:3]]
    corrected = moment("2026-10-29T09:00:00")
    feed = [
        row
        | {
            "disposition": disposition,
            "updated_at": spaced(corrected + number * SECOND),
            "_ab_cdc_updated_at": iso(corrected + number * SECOND),
            "_ab_cdc_deleted_at": iso(corrected + number * SECOND) if number == 2 else None,
            "_airbyte_extracted_at": "2026-10-29T09:05:00Z",
        }
        for number, (row, disposition) in enumerate(zip(captured, (0, 1, 1), strict=True))
    ]
    folder.lines(f"{base}/corrections.airbyte.ndjson", feed)

    # Opened in a spreadsheet and saved: a byte-order mark, CRLF, numbers with a point, and rows gone wrong.
    good = _mirrored(mirrored[0].row) | {"id": "599901", "disposition": "0.0", "entity_id": "41001.0"}
    edited = [
        good,
        good | {"id": "599902", "disposition": "7"},
        good | {"id": "", "disposition": "1"},
        good | {"id": "599904", "created_at": "yesterday"},
        good | {"id": "599905", "note": '=1+1; "quoted" <i>text</i>'},
    ]
    folder.write(
        f"{base}/edited_by_hand.csv", ("\ufeff" + csv_text(ATTEMPT_COLUMNS, edited, "\r\n")).encode()
    )

    created = spaced(moment("2026-09-01T12:00:00"))
    campaigns = [
        {"id": drive[0], "name": drive[1], "created_at": created, "updated_at": created}
        for drive in (ARCHIVE, *DRIVES)
    ]
    folder.csv("action_builder/campaigns/campaigns.csv", list(campaigns[0]), campaigns)
    actions = [
        {
            "id": task,
            "campaign_id": drive[0],
            "name": name,
            "action_type": kind,
            "created_at": created,
            "updated_at": created,
        }
        for drive in (ARCHIVE, *DRIVES)
        for task, name, kind, _ in drive[3]
    ]
    folder.frame("action_builder/actions/actions.csv.zst", pl.DataFrame(actions))
    return [row for drive in (archive, *drives) for entry in drive if (row := entry.at(final)) is not None]


# ------------------------------------------------------------------------------------------------- Outreach

SEQUENCES = (
    (11, "Q4 renewals — 5 touches", "Renewals due by year's end", "interval"),
    (12, 'Webinar follow-up: "Calling in 2026"', "Everyone who registered", "date"),
    (13, "Re-engage closed-lost", None, "interval"),
    (14, "Inbound demo requests <24h", "Answer within a day", "interval"),
)
# id, name, outcome, is the default for voicemails. The first six are every organization's; the rest this one's own.
DISPOSITIONS = (
    (1, "Answered - Meeting Set", "completed", False),
    (3, "Answered - Not Interested", "completed", False),
    (5, "Answered - Wrong Contact", "completed", False),
    (6, "No Answer", "no_answer", False),
    (7, "Left Voicemail", "no_answer", True),
    (9, "Bad Number", "no_answer", False),
    (12, "Answered - Call Back Later", "completed", False),
    (14, "Gatekeeper 🚪", "completed", False),
    (15, "Do Not Call", "completed", False),
)
UNKNOWN_DISPOSITION = 21
"""Deleted from the dimension; one call still names it."""

_RELATIONS = (
    "callDisposition callPurpose opportunity phoneNumber prospect sequence sequenceState sequenceStep task user"
).split()


def _outreach_calls(dice: Dice) -> list[_Entry]:
    """Calls as attributes and relations, with a later version where somebody came back to one."""
    entries: list[_Entry] = []
    timeline: list[tuple[int, int, Row]] = []
    for prospect in range(2_001, 2_381):
        sequence = dice.weighted([(11, 3.0), (12, 2.0), (13, 2.0), (14, 1.0), (None, 2.0)])
        to = phone(dice) if dice.chance(0.9) else f"+447700900{dice.between(100, 199)}"
        at = moment("2026-10-05T13:00:00") + dice.between(0, 14 * DAY)
        for step in range(1, 1 + dice.weighted([(1, 1.0), (2, 2.0), (3, 3.0), (4, 2.0), (6, 0.7)])):
            at = at - at % DAY + dice.between(13 * HOUR, 22 * HOUR) + dice.between(0, 999) * MILLISECOND
            if at > END - 30 * MINUTE:
                break
            row, over = _outreach_call(dice, prospect, sequence, step, to, at)
            timeline.append((at, prospect, row))
            if over:
                break
            at += dice.between(1, 4) * DAY
    timeline.sort(key=lambda item: item[:2])
    for number, (_, _, row) in enumerate(timeline):
        row["id"] = 700_001 + number
        entry = _Entry(row, row["updatedAt"])
        if dice.chance(0.06):  # somebody listened to the recording and said so
            changed = min(
                row["updatedAt"] + dice.between(HOUR, 8 * DAY), END - dice.between(5 * MINUTE, HOUR)
            )
            if changed > row["updatedAt"]:
                entry.later = row | {"updatedAt": changed, "note": dice.pick(NOTES), "tags": ["Reviewed"]}
                if row["callDisposition"] == 6 and dice.chance(0.5):
                    entry.later["callDisposition"] = 7
                entry.later_since = changed
        entries.append(entry)
    return entries


def _outreach_call(
    dice: Dice, prospect: int, sequence: int | None, step: int, to: str, at: int
) -> tuple[Row, bool]:
    """One call, and whether the prospect is done with."""
    disposition = dice.weighted(
        [(6, 52.0), (7, 24.0), (9, 3.0), (1, 4.0), (3, 6.0), (5, 2.0), (12, 4.0), (14, 3.0), (15, 1.0)]
    )
    answered = disposition in (1, 3, 5, 12, 14, 15)
    by_hand = dice.chance(0.07)
    rings = dice.between(4 * SECOND, 25 * SECOND)
    talk = dice.skewed(20 * SECOND, 900 * SECOND) if answered else dice.between(0, 40 * SECOND)
    ended = at + rings + talk
    row: Row = {
        "id": 0,
        "answeredAt": at + rings if answered or disposition == 7 else None,
        "completedAt": ended,
        "createdAt": ended + dice.between(0, 2 * SECOND),
        "dialedAt": at,
        "direction": "outbound",
        "externalVendor": dice.pick(["Twilio", "Twilio", ""]),
        "from": "+12125550142",
        "note": dice.pick(NOTES) if dice.chance(0.1) else None,
        "outcome": "Answered" if answered else "Not Answered",
        "recordingUrl": f"https://recordings.example.com/{prospect}-{step}.mp3"
        if answered and dice.chance(0.5)
        else None,
        "returnedAt": None,
        "sequenceAction": None if sequence is None else "Finish - Replied" if disposition == 1 else "Advance",
        "shouldRecordCall": answered,
        "state": "completed" if answered else {6: "no_answer", 7: "left_voicemail", 9: "failed"}[disposition],
        "stateChangedAt": ended,
        "tags": ["Interested", "Meeting Booked"] if disposition == 1 else [],
        "to": to,
        "uid": identifier("uid", prospect, step),
        "updatedAt": ended + dice.between(SECOND, 20 * SECOND),
        "userCallType": dice.pick(["voip", "voip", "bridge"]),
        "vendorCallId": f"CA{identifier('vendor', prospect, step).replace('-', '')}",
        "voicemailRecordingUrl": f"https://recordings.example.com/vm/{prospect}-{step}.mp3"
        if disposition == 7
        else None,
        "callDisposition": disposition,
        "callPurpose": dice.pick([None, 1, 2]),
        "opportunity": None,
        "phoneNumber": 30_000 + prospect,
        "prospect": prospect,
        "sequence": sequence,
        "sequenceState": None if sequence is None else 40_000 + prospect,
        "sequenceStep": None if sequence is None else sequence * 10 + step,
        "task": 50_000 + prospect * 10 + step if dice.chance(0.7) else None,
        "user": dice.between(1, 6),
    }
    if by_hand:  # written down afterwards: no dial, no answer, perhaps the wrong way round
        inbound = dice.chance(0.4)
        row |= {
            "dialedAt": None,
            "answeredAt": None,
            "vendorCallId": None,
            "uid": None,
            "externalVendor": None,
        }
        row |= {"recordingUrl": None, "voicemailRecordingUrl": None, "userCallType": None, "state": None}
        row |= {"direction": "inbound", "to": None, "from": to} if inbound else {}
        row["completedAt"] = ended if dice.chance(0.7) else None
    elif dice.chance(0.08):  # nobody chose a disposition: the outcome, the state or nothing must do
        row["callDisposition"] = None
        row["outcome"] = row["outcome"] if dice.chance(0.6) else None
        row["state"] = row["state"] if dice.chance(0.8) else "parked"
    return row, disposition in (1, 9, 15) or (answered and dice.chance(0.5))


def _attributes(row: Row) -> Row:
    return {
        name: iso(value) if name.endswith("At") else value
        for name, value in row.items()
        if name != "id" and name not in _RELATIONS
    }


def _resource(row: Row) -> Row:
    """A JSON:API resource."""
    return {
        "type": "call",
        "id": row["id"],
        "attributes": _attributes(row),
        "relationships": {
            name: {"data": None if row[name] is None else {"type": name, "id": row[name]}}
            for name in _RELATIONS
        },
        "links": {"self": f"https://api.outreach.example.com/api/v2/calls/{row['id']}"},
    }


def _flat(row: Row, number: int) -> Row:
    """A row as a connector flattens it; how it writes a relation depends on its version, so here on the row."""
    flat = {
        "id": str(row["id"]),
        **_attributes(row),
        "outcome": {"Answered": "completed", "Not Answered": "no_answer"}.get(row["outcome"]),
    }
    for position, name in enumerate(_RELATIONS):
        value, snake = (
            row[name],
            "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name),
        )
        style = (number // 20 + position) % 7
        if style == 0:
            flat[name] = [] if value is None else [value]
        elif style == 1:
            flat[name] = value
        elif style == 2:
            flat[f"{snake}_id"] = None if value is None else str(value)
        elif style == 3:
            flat[f"{name}Id"] = value
        elif style == 4:
            flat[f"relationship_{snake}_id"] = value
        elif style == 5:
            flat[f"relationships__{snake}__data__id"] = value
        else:
            flat[f"relationships.{name}.data.id"] = value
    return flat | {
        "_airbyte_raw_id": identifier("flat", row["id"]),
        "_airbyte_extracted_at": "2026-10-26T04:00:00Z",
    }


def _clock_change(dice: Dice) -> list[Row]:
    """Calls to London in the evening, before and after its clocks went back on 25 October 2026.

    Both are at 19:30 UTC: half past eight in the evening of the 23rd and 24th, half past seven on the 26th and 27th.
    """
    rows: list[Row] = []
    for step, day in enumerate(("2026-10-23", "2026-10-24", "2026-10-26", "2026-10-27"), 1):
        at = moment(f"{day}T19:30:00") + dice.between(0, 5 * MINUTE)
        row, _ = _outreach_call(dice, 2_381, 11, step, "+447700900201", at)
        disposition = 12 if step == 4 else 6
        answered = disposition == 12
        rows.append(
            row
            | {
                "id": 795_000 + step,
                "dialedAt": at,
                "answeredAt": at + 9 * SECOND if answered else None,
                "completedAt": at + 90 * SECOND,
                "createdAt": at + 91 * SECOND,
                "updatedAt": at + 95 * SECOND,
                "direction": "outbound",
                "from": "+12125550142",
                "to": "+447700900201",
                "callDisposition": disposition,
                "outcome": "Answered" if answered else "Not Answered",
                "state": "completed" if answered else "no_answer",
                "voicemailRecordingUrl": None,
                "note": None,
            }
        )
    return rows


def _outreach(folder: Folder) -> list[Row]:
    """Write the calls with their dispositions and sequences; return the calls in their last version."""
    dice = Dice(SEED, "outreach")
    entries = _outreach_calls(dice)
    runs = [
        moment(text) for text in ("2026-10-12T04:00:00", "2026-10-19T04:00:00", "2026-10-26T04:00:00")
    ] + [END]
    extracts: list[list[Row]] = []
    since = 0
    for when in runs:
        # By time of change, both edges included: the last row of one run is the first of the next.
        rows = [row for entry in entries if (row := entry.at(when)) is not None and row["updatedAt"] >= since]
        since = max(row["updatedAt"] for row in rows)
        extracts.append(dice.shuffled(rows))
    base = "outreach/calls"
    pages = chunks(extracts[0], 100)
    for number, page in enumerate(pages, 1):
        document: Row = {"data": [_resource(row) for row in page]}
        if number == 1:
            document["included"] = [
                {"type": "user", "id": 1, "attributes": {"name": "Sam Okafor"}, "relationships": {}}
            ]
        if number < len(pages):
            document["links"] = {
                "next": f"https://api.outreach.example.com/api/v2/calls?page[offset]={number * 100}"
            }
        folder.json(f"{base}/2026-10-12/page-{number}.json{'.gz' if number > 1 else ''}", document)
    folder.lines(f"{base}/2026-10-19.jsonl.gz", [_resource(row) for row in extracts[1]])
    folder.lines(
        f"{base}/2026-10-26.airbyte.ndjson.gz", [_flat(row, number) for number, row in enumerate(extracts[2])]
    )
    last = extracts[3]
    last[0] = last[0] | {"callDisposition": UNKNOWN_DISPOSITION}
    messages: list[Row] = [
        {
            "type": "RECORD",
            "record": {"stream": "calls", "data": _resource(row), "emitted_at": 1_793_390_400_000},
        }
        for row in last
    ]
    stray = {
        "stream": "prospects",
        "data": {"id": 2_001, "firstName": "Ines"},
        "emitted_at": 1_793_390_400_000,
    }
    messages[3:3] = [
        {"type": "RECORD", "record": stray},
        {"type": "LOG", "log": {"level": "INFO", "message": "half way"}},
    ]
    messages.append({"type": "STATE", "state": {"data": {"calls": {"updatedAt": iso(since)}}}})
    folder.lines(f"{base}/2026-10-30.airbyte.jsonl.gz", messages)
    # A transfer that broke off in the middle of a line.
    cut = [dumps(_resource(row | {"id": 790_001 + number})) for number, row in enumerate(extracts[0][:6])]
    folder.write(f"{base}/broken_off.ndjson", "\n".join([*cut[:5], cut[5][:180]]).encode())
    evenings = _clock_change(Dice(SEED, "clock change"))
    folder.json(f"{base}/2026-10-28_london.json", {"data": [_resource(row) for row in evenings]})
    folder.json(f"{base}/vendor_example.json", VENDOR_OUTREACH_CALL, indent=2)

    stamp = "2026-01-05T09:00:00.000Z"
    folder.json(
        "outreach/call_dispositions/call_dispositions.json",
        {
            "data": [
                {
                    "type": "callDisposition",
                    "id": number,
                    "attributes": {
                        "createdAt": stamp,
                        "defaultForOutboundVoicemail": voicemail,
                        "name": name,
                        "order": order,
                        "outcome": outcome,
                        "updatedAt": stamp,
                    },
                    "relationships": {
                        "calls": {"links": {"related": f"https://api.outreach.example.com/{number}"}}
                    },
                }
                for order, (number, name, outcome, voicemail) in enumerate(DISPOSITIONS)
            ]
        },
        1,
    )
    folder.lines(
        "outreach/sequences/sequences.ndjson",
        [
            {
                "type": "sequence",
                "id": number,
                "attributes": {
                    "createdAt": stamp,
                    "description": description,
                    "enabled": number != 13,
                    "name": name,
                    "sequenceType": kind,
                    "updatedAt": stamp,
                },
            }
            for number, name, description, kind in SEQUENCES
        ],
    )
    return [*(row for entry in entries if (row := entry.at(END)) is not None), *evenings]


# The vendor's page prints types for values: its direction is "string", which no call may have.
VENDOR_OUTREACH_CALL: Row = {
    "data": [
        {
            "attributes": {
                "answeredAt": "2019-08-24T14:15:22Z",
                "completedAt": "2019-08-24T14:15:22Z",
                "createdAt": "2019-08-24T14:15:22Z",
                "dialedAt": "2019-08-24T14:15:22Z",
                "direction": "string",
                "externalVendor": "string",
                "from": "string",
                "note": "string",
                "outcome": "string",
                "recordingUrl": "string",
                "returnedAt": "2019-08-24T14:15:22Z",
                "sequenceAction": "string",
                "shouldRecordCall": True,
                "state": "string",
                "stateChangedAt": "2019-08-24T14:15:22Z",
                "tags": ["string"],
                "to": "string",
                "uid": "string",
                "updatedAt": "2019-08-24T14:15:22Z",
                "userCallType": "string",
                "vendorCallId": "string",
                "voicemailRecordingUrl": "string",
            },
            "id": 0,
            "relationships": {name: {"data": {"id": 0, "type": name}} for name in _RELATIONS},
            "type": "string",
        }
    ]
}


# ------------------------------------------------------------------------------------------------- LionDesk

# Campaign: folder, and its steps (type, template, subject, days after the start).
DRIPS: tuple[tuple[str, str, tuple[tuple[str, str, str, int], ...]], ...] = (
    (
        "New buyer welcome",
        "Buyers",
        (
            ("Email Contact", "Welcome e-mail", "Welcome — let's find your place", 0),
            ("Text Contact", "First text", "Quick hello", 1),
            ("Call Contact", "First call", "Introduce yourself", 3),
            ("Email Contact", "Listings e-mail", "Homes you may like", 7),
            ("Call Contact", "Second call", "Answer questions", 14),
            ("Email Contact", "Month one", "How is the search going?", 30),
        ),
    ),
    (
        "Seller check-in; 90 days",
        "Sellers",
        (
            ("Call Contact", "Pricing call", "Talk about the price", 0),
            ("Email Contact", "Market report", "Your market <b>this month</b>", 5),
            ("Text Contact", "Open house text", "Open house on Sunday?", 10),
            ("Call Contact", "Ninety-day call", "Renew the listing", 28),
        ),
    ),
    (
        "Past client anniversary 🎉",
        "Past clients",
        (
            ("Email Contact", "Anniversary card", "Happy house-iversary!", 0),
            ("Call Contact", "Anniversary call", "Say hello", 2),
            ("Text Contact", "Referral text", "Know anyone moving?", 21),
        ),
    ),
)
AGENTS = ((3, "Ana", "Amari"), (4, "Gabriel", "Reyes"), (8, "Mei-Ling", "Zhou"))


def _drip(dice: Dice) -> list[Row]:
    """The communications of one contact: what is due is mostly sent; calls wait to be ticked off."""
    rows: list[Row] = []
    for name, template_folder, steps in dice.sample(DRIPS, dice.weighted([(1, 3.0), (2, 1.0)])):
        start = (
            moment("2026-10-01T14:00:00") + dice.between(0, 27) * DAY + dice.between(0, 6 * 3_600) * SECOND
        )
        agent = dice.pick(AGENTS)[0]
        for kind, template, subject, days in steps:
            send_at = start + days * DAY
            completed: int | None = None
            user: int | None = None
            if send_at < END - HOUR:
                call = kind == "Call Contact"
                fate = dice.roll()
                if fate < (0.25 if call else 0.9):
                    completed = send_at + dice.between(0, 90 * SECOND)
                elif fate < (0.75 if call else 0.94):
                    completed = min(send_at + dice.between(HOUR, 3 * DAY), END - dice.between(MINUTE, HOUR))
                    user = dice.pick(AGENTS)[0]
            rows.append(
                {
                    "campaign_name": name,
                    "type": kind,
                    "is_stopped_on_text_reply": kind == "Text Contact",
                    "template_subject": subject,
                    "template_name": template,
                    "template_folder_name": template_folder,
                    "is_active": completed is None,
                    "send_at": millis(send_at),
                    "completed_at": millis(completed),
                    "send_from_user_id": agent,
                    "completing_user_id": user,
                }
            )
    return rows


def _people(row: Row) -> Row:
    """What `$load=send_from_user,completing_user` adds."""
    agents = {
        number: {"id": number, "first_name": first, "last_name": last} for number, first, last in AGENTS
    }
    return row | {
        "send_from_user": agents.get(row["send_from_user_id"]),
        "completing_user": agents.get(row["completing_user_id"]),
    }


def _list_page(rows: Sequence[Row], total: int | None = None, skip: int = 0) -> Row:
    return {"total": len(rows) if total is None else total, "limit": 10, "skip": skip, "data": list(rows)}


def _liondesk(folder: Folder) -> None:
    dice = Dice(SEED, "liondesk")
    base = "liondesk/contact_communications"
    contacts = {contact: _drip(dice) for contact in range(101, 155)}
    for contact in range(101, 117):
        rows = contacts[contact]
        if contact == 103:  # the same message set up twice: two rows, no difference between them
            rows = [*rows, rows[-1]]
        if contact == 104:
            rows = [_people(row) for row in rows]
        if contact == 105:  # written by hand through the API
            rows = [row | {"is_active": "true" if row["is_active"] else "false"} for row in rows]
        total = len(rows) + 2 if contact == 106 else len(rows)  # two rows are on a page nobody fetched
        for number, page in enumerate(chunks(rows, 5 if contact < 103 else 10)):
            size = 5 if contact < 103 else 10
            document = _list_page(page, total, number * size) | {"limit": size}
            folder.json(
                f"{base}/contacts/{contact}/page-{number + 1}.json", document, 1 if contact == 101 else None
            )
    folder.json(f"{base}/contact_id=117/page-1.json", _list_page(contacts[117]))
    wrapped = [
        {"contact_id": contact, "response": _list_page(contacts[contact])} for contact in range(118, 140)
    ]
    folder.lines(f"{base}/wrapped.ndjson.gz", wrapped)
    flat = [
        {"id": contact * 100 + number, "contact_id": contact, **row}
        for contact in range(140, 154)
        for number, row in enumerate(contacts[contact])
    ]
    flat.append(
        flat[0] | {"type": "Postcard Contact", "id": 99_001}
    )  # a kind the vendor's page does not name
    folder.lines(f"{base}/flat.ndjson", flat)
    folder.json(f"{base}/strays/page-1.json", _list_page(contacts[154]))  # whose these are, nobody can say
    folder.json(
        f"{base}/vendor_example/contacts/76/page-1.json", vendor_communications(loaded=False), indent=2
    )
    folder.json(
        f"{base}/vendor_example_loaded/contacts/76/page-1.json", vendor_communications(loaded=True), indent=2
    )


def vendor_communications(loaded: bool) -> Row:
    """The two list pages of the vendor's documentation: as listed, and with `$load`."""
    first: Row = {
        "campaign_name": "New Contact Campaign",
        "type": "Text Contact",
        "is_stopped_on_text_reply": True,
        "template_subject": "Import Deadline",
        "template_name": "Text Template",
        "template_folder_name": "New Contacts Template Folder",
        "is_active": True,
        "send_at": "2028-09-12T18:31:35.000Z",
        "completed_at": None,
        "send_from_user_id": 3,
        "completing_user_id": 76,
    }
    second: Row = {
        "campaign_name": "Old Contact Campaign",
        "type": "Email Contact",
        "is_stopped_on_text_reply": False,
        "template_subject": "Saying Hello",
        "template_name": "Email Template",
        "template_folder_name": "Old Contacts Template Folder",
        "is_active": False,
        "send_at": "2017-12-06T22:11:02.000Z",
        "completed_at": "2017-12-06T22:11:02.000Z",
        "send_from_user_id": 4,
        "completing_user_id": None,
    }
    if loaded:
        first |= {
            "send_from_user": {"id": 99, "first_name": "Ana", "last_name": "Amari"},
            "completing_user": {"id": 76, "first_name": "Jack", "last_name": "Morrison"},
        }
        second |= {
            "send_from_user": {"id": 44, "first_name": "Gabriel", "last_name": "Reyes"},
            "completing_user": None,
        }
    return {"total": 2, "limit": 10, "skip": 0, "data": [first, second]}


# ---------------------------------------------------------------------------------------------------- all

ABOUT = """# Sample landing files

Written by `make sample`, byte for byte the same every time. Nobody in here exists:
names are drawn from a list, phone numbers are from ranges kept free for fiction, and the rest are the vendors' own
documentation examples.

One folder a system, one a resource. The files come in many shapes on purpose: list pages, JSON:API, NDJSON, a JSON
array, CSV, Parquet, Singer and Airbyte; gzip and zstd; overlapping pages, open calls polled again, the same file
twice, a transfer that broke off, a spreadsheet's leavings. VoIPBIN's log comes from a simulated dialer, with a few
calls added that break each rule of the retry policy.

The lists tell who the people are. Some are on several systems: under a nickname, without an accent, or with a number
typed otherwise. Some share a landline, and some numbers have moved to somebody else. Some asked one system not to be
called, and another one called. Prospect 2381 in London was called at the same hour before and after the clocks went
back. `house/` holds the organization's own lists, and `purposes.csv` what some of the campaigns are for.
"""


def write_sample(root: Path) -> dict[str, int]:
    """Write the whole sample under `root` and return each file's size in bytes.

    Replaces the sample that is there. Raises `FileExistsError` when `root` holds anything else.
    """
    if root.exists() and any(root.iterdir()):
        about = root / _ABOUT
        if not about.is_file() or about.read_text(encoding="utf-8") != ABOUT:
            raise FileExistsError(f"{root} is not empty and holds no sample: name another folder")
        for source in ("action_builder", "house", "liondesk", "outreach", "voipbin"):
            shutil.rmtree(root / source, ignore_errors=True)
        (root / "purposes.csv").unlink(missing_ok=True)
    folder = Folder(root)
    folder.write(_ABOUT, ABOUT.encode())
    attempts = _action_builder(folder)
    _liondesk(folder)
    calls = _outreach(folder)
    log = _voipbin(folder)
    write_lists(folder, SEED, log, calls, attempts, range(101, 154))
    return folder.written
