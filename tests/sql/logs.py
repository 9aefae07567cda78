"""Logs for tests of core and reports: short words for what was tried become raw rows of one system.

Belongs here: rows, and the ledgers that hold them. Does not belong here: what the product must make of them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import duckdb

from pipelines.ingest import load_contact_rules, load_dispositions, load_purposes, load_reference
from pipelines.settings import Settings
from tests.support import ledger

Row = dict[str, Any]

START = datetime(2026, 3, 2, 9, 0)  # a Monday
MINUTE = timedelta(minutes=1)
NOWHERE = Path("/no/such/folder")
ADDRESS = {"type": "tel", "target": "+12125550101", "target_name": "", "name": "", "detail": ""}


def uuid(number: int) -> str:
    """The n-th id: greater numbers sort later."""
    return str(UUID(int=number))


def with_mapping(rows: Mapping[str, Sequence[Row]], **settings: Any) -> duckdb.DuckDBPyConnection:
    """A ledger with these raw rows and the default mapping of dispositions."""
    con = ledger(rows, **settings)
    load_dispositions(con, NOWHERE, Settings().mappings)
    return con


def with_rules(
    con: duckdb.DuckDBPyConnection,
    purposes: Sequence[Mapping[str, str]] = (),
    rules: Sequence[Mapping[str, str]] = (),
) -> duckdb.DuckDBPyConnection:
    """The ledger with the reference data, the default contact rules, and these lines of the two files of the user.

    A line is column → text, as in ``purposes.csv`` and ``contact_rules.csv``. Every line must be usable.
    """
    with TemporaryDirectory() as folder:
        for name, lines in (("purposes", purposes), ("contact_rules", rules)):
            columns = list(dict.fromkeys(column for line in lines for column in line))
            with (Path(folder) / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, columns)
                writer.writeheader()
                writer.writerows(lines)
        load_reference(con, Settings().data)
        load_contact_rules(con, Path(folder), Settings().contact_rules)
        load_purposes(con, Path(folder))
    unused = con.sql("SELECT * FROM landing.notices WHERE code IN ('contact_rules', 'purposes')").fetchall()
    assert unused == []
    return con


ACTION_BUILDER = {"C": 0, "NA": 1, "BAD": 2, "SKIP": 3, "DNC": 4}


def action_builder(
    targets: Mapping[int, Sequence[str]], *, campaign: int = 1, first_id: int = 1, every: timedelta = MINUTE
) -> dict[str, list[Row]]:
    """Contact attempts: entity → its dispositions in order (C, NA, BAD, SKIP, DNC), ``every`` so often one of them."""
    rows = [(entity, word) for entity, words in targets.items() for word in words]
    return {
        "action_builder_contact_attempts": [
            {
                "id": first_id + number,
                "entity_id": entity,
                "campaign_id": campaign,
                "contact_info_type": "PhoneNumber",
                "disposition": ACTION_BUILDER[word],
                "created_by_id": 70 + entity % 2,
                "created_at": START + number * every,
                "updated_at": START + number * every,
            }
            for number, (entity, word) in enumerate(rows)
        ]
    }


VOIPBIN = {
    "C": ("done", "success"),
    "NA": ("done", "fail"),
    "OPEN": ("dialing", None),
    "PHANTOM": ("done", "fail"),
    "MUTE": ("done", None),
}


def voipbin(
    targets: Mapping[int, Sequence[str]],
    *,
    maxima: Sequence[int] = (3, 1, 0, 0, 0),
    only_second: Sequence[int] = (),
    campaign: int = 1,
    first_call: int = 0x1000,
    every: timedelta = MINUTE,
) -> dict[str, list[Row]]:
    """A dialer's log: target → results of its calls in order, ``every`` so often one of them.

    C and NA are success and fail, OPEN is still open, PHANTOM had nothing to dial, MUTE has no result. Every target has
    one destination: the first, or the second for those in ``only_second``.
    """
    outdial, outplan = uuid(0xD00 + campaign), uuid(0xE00 + campaign)
    calls: list[Row] = []
    for target, words in targets.items():
        for number, word in enumerate(words, 1):
            status, result = VOIPBIN[word]
            moment = START + len(calls) * every
            calls.append(
                {
                    "id": uuid(first_call + len(calls)),
                    "campaign_id": uuid(0xC00 + campaign),
                    "outplan_id": outplan,
                    "outdial_id": outdial,
                    "outdial_target_id": uuid(target),
                    "reference_type": "call",
                    "status": status,
                    "result": result,
                    "source": ADDRESS,
                    "destination": None if word == "PHANTOM" else ADDRESS,
                    "destination_index": 1 if target in only_second else 0,
                    "try_count": number,
                    "tm_create": moment,
                    "tm_update": moment + timedelta(seconds=20),
                }
            )
    return {
        "voipbin_campaigncalls": calls,
        "voipbin_outdialtargets": [
            {
                "id": uuid(target),
                "outdial_id": outdial,
                "status": "idle",
                f"destination_{1 if target in only_second else 0}": ADDRESS,
                **{f"try_count_{index}": 0 for index in range(5)},
                "tm_create": START - MINUTE,
                "tm_update": START - MINUTE,
            }
            for target in targets
        ],
        "voipbin_outplans": [
            {
                "id": outplan,
                "try_interval": 1000,
                "dial_timeout": 30_000,
                **{f"max_try_count_{index}": most for index, most in enumerate(maxima)},
                "tm_create": START - MINUTE,
                "tm_update": START - MINUTE,
            }
        ],
        "voipbin_campaigns": [
            {
                "id": uuid(0xC00 + campaign),
                "name": f"Dialer {campaign}",
                "status": "run",
                "outplan_id": outplan,
                "outdial_id": outdial,
                "tm_create": START - MINUTE,
                "tm_update": START - MINUTE,
            }
        ],
    }


OUTREACH = {"C": 1, "REFUSED": 3, "WRONG": 5, "NA": 6, "VM": 7, "BAD": 9}


def outreach(
    targets: Mapping[int, Sequence[str]],
    *,
    sequence: int | None = 1,
    first_id: int = 1,
    every: timedelta = MINUTE,
) -> dict[str, list[Row]]:
    """Calls with Outreach's default dispositions: prospect → C, REFUSED, WRONG, NA, VM, BAD in order."""
    rows = [(prospect, word) for prospect, words in targets.items() for word in words]
    return {
        "outreach_calls": [
            {
                "id": first_id + number,
                "prospect_id": prospect,
                "sequence_id": sequence,
                "user_id": 7,
                "direction": "outbound",
                "call_disposition_id": OUTREACH[word],
                "dialed_at": START + number * every,
                "completed_at": START + number * every + timedelta(seconds=30),
                "created_at": START + number * every,
                "updated_at": START + number * every,
            }
            for number, (prospect, word) in enumerate(rows)
        ]
    }


def liondesk(states: Mapping[int, Sequence[str]], *, campaign: str | None = "Drip") -> dict[str, list[Row]]:
    """Communications: contact → SENT, TICKED, PAST, FUTURE in order, around an hour after the start."""
    rows: list[Row] = []
    now = START + timedelta(hours=1)
    for contact, words in states.items():
        for word in words:
            number = len(rows)
            is_done = word in ("SENT", "TICKED")
            send_at = (
                now
                + (timedelta(days=3) if word == "FUTURE" else -timedelta(minutes=30))
                + number * MINUTE / 10
            )
            rows.append(
                {
                    "communication_key": f"k{number:03}",
                    "contact_id": contact,
                    "campaign_name": campaign,
                    "type": ("Text Contact", "Email Contact", "Call Contact")[contact % 3],
                    "is_active": not is_done,
                    "send_at": send_at,
                    "completed_at": send_at + 2 * MINUTE if is_done else None,
                    "send_from_user_id": 40 + contact % 2,
                    "completing_user_id": 44 if word == "TICKED" else None,
                }
            )
    return {"liondesk_contact_communications": rows}


def merged(*parts: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Several logs as one."""
    rows: dict[str, list[Row]] = {}
    for part in parts:
        for table, records in part.items():
            rows.setdefault(table, []).extend(records)
    return rows


# The definitions of the reports are worked through on this log: ten targets, at most three tries each. C, wrong person
# and refused are live contacts. Targets 5 and 8 wait for their next try; target 7 was never tried.
WORKED_VOIPBIN = voipbin(
    {
        1: ["NA", "NA", "C"],
        2: ["C"],
        3: ["NA", "NA", "NA"],
        4: ["NA", "C"],
        5: ["NA"],
        6: [
            "NA"
        ],  # one try, at its second destination: it ends here, as bad contact info ends it in other systems
        7: [],
        8: ["NA", "NA"],
        9: ["C"],
        10: ["C"],
    },
    only_second=[6],
)
WORKED_OUTREACH = outreach(
    {
        1: ["NA", "NA", "C"],
        2: ["C"],
        3: ["NA", "NA", "NA"],
        4: ["NA", "C"],
        5: ["NA"],
        6: ["BAD"],
        8: ["VM", "NA"],
        9: ["WRONG"],
        10: ["REFUSED"],
    }
)
WORKED_ACTION_BUILDER = action_builder(
    {
        1: ["NA", "NA", "C"],
        2: ["C"],
        3: ["NA", "NA", "NA"],
        4: ["NA", "C"],
        5: ["NA"],
        6: ["BAD"],
        7: ["SKIP"],
        8: ["NA", "NA"],
        9: ["C"],
        10: ["C"],
    }
)
