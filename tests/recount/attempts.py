"""The ledger once more: the attempts in the rows of all four systems, then the history of each target.

Belongs here: what a row is (who was tried, when, how, with what result), and which targets a campaign means to reach.
Does not belong here: anything counted from that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.recount import meanings
from tests.recount.replay import Outcome
from tests.recount.rows import Row, Rows, cut_off, existing

Key = tuple[str, str]
"""Source and campaign; or source and ``all``."""

SOURCES = ("action_builder", "liondesk", "outreach", "voipbin")
MEASURING = ("action_builder", "outreach", "voipbin")
"""Sources that can tell whether a person was reached. LionDesk tells that something was sent."""


@dataclass(frozen=True)
class Attempt:
    """One row of the ledger, real attempt or not."""

    key: str
    source: str
    campaign: str
    target: str
    at: datetime
    ended_at: datetime | None
    disposition: str
    aapor: str | None
    channel: str
    direction: str
    agent: str | None
    destination_index: int | None = None
    unmapped: tuple[str, str] | None = None
    """Field and value that nobody has mapped, of a row that is unknown."""
    says: meanings.Meaning | None = None
    """VoIPBIN: the value that decided, and its field."""

    @property
    def is_real(self) -> bool:
        """Whether somebody was really tried."""
        return self.disposition not in meanings.NO_ATTEMPT

    @property
    def is_contact(self) -> bool:
        """Whether a person was reached."""
        return self.disposition == "contacted"


@dataclass(frozen=True)
class History:
    """One target in one campaign, or over all of its source's campaigns.

    ``rows`` are all its rows in order, ``attempts`` the real ones among them. ``is_listed``: the campaign has a list
    of whom it means to reach, and the target is on it. ``is_done`` and ``is_reached`` are what the dialer's replay says.
    """

    target: str
    attempts: Sequence[Attempt]
    rows: Sequence[Attempt]
    is_listed: bool
    is_done: bool
    is_reached: bool
    is_deleted: bool = False

    @property
    def contacts(self) -> int:
        """Attempts that reached the target."""
        return sum(attempt.is_contact for attempt in self.attempts)

    @property
    def first_contact(self) -> int | None:
        """Number of the first attempt that reached the target."""
        return next((number for number, attempt in enumerate(self.attempts, 1) if attempt.is_contact), None)

    @property
    def last_known(self) -> int:
        """Number of the attempt up to which it is known what came of the target.

        That is its first contact, or else the last attempt that is not in flight; 0 when all of them are.
        """
        ended = [n for n, attempt in enumerate(self.attempts, 1) if attempt.disposition != "in_progress"]
        return self.first_contact or max(ended, default=0)

    def is_at_risk(self, number: int) -> bool:
        """Whether the attempt of this number could have been the first to reach the target, and it is known if it was."""
        return number <= self.last_known and self.attempts[number - 1].disposition != "in_progress"

    @property
    def latest(self) -> Attempt:
        """The row that stands for the target: its last real attempt, or its last row when none is real."""
        return (self.attempts or self.rows)[-1]

    @property
    def end(self) -> str | None:
        """What keeps the target from further attempts; None while it is open."""
        if self.first_contact:
            return "contact"
        if not self.attempts:
            return None
        if self.latest.disposition in ("bad_contact_info", "do_not_contact"):
            return self.latest.disposition
        if self.is_done:
            return "reached_elsewhere" if self.is_reached else "exhausted"
        return None

    @property
    def aapor(self) -> str:
        """The target's final class: that of its most telling attempt, else of its last; UH when it was never tried."""
        classes = [row.aapor for row in self.rows]
        for telling in ("I", "P", "R", "O"):
            if telling in classes:
                return telling
        return self.latest.aapor or "UO" if self.attempts else "UH"


# ---------------------------------------------------------------------------------------------------- attempts


def attempts(rows: Rows, moments: Mapping[str, datetime]) -> list[Attempt]:
    """The ledger of these rows, each source's as of its own moment, in order of time.

    What began later is left out, and so is what the source had withdrawn by then. When the moment is not earlier than
    the latest thing in the source's rows, every withdrawal counts, for its mark tells when the copy was made.
    """
    found = [
        *_of_action_builder(rows, cut_off(rows, "action_builder", moments["action_builder"])),
        *_of_voipbin(rows, cut_off(rows, "voipbin", moments["voipbin"])),
        *_of_outreach(rows, cut_off(rows, "outreach", moments["outreach"])),
        *_of_liondesk(rows, moments["liondesk"]),
    ]
    return sorted(found, key=lambda attempt: (attempt.at, attempt.key))


def _has_begun(row: Row, at: datetime, until: datetime) -> bool:
    withdrawn = row.get("_deleted_at")
    return at <= until and (withdrawn is None or withdrawn > until)


def _unmapped(
    source: str, row: Row, disposition: str, dispositions: Mapping[int, Row] | None = None
) -> tuple[str, str] | None:
    return meanings.unmapped(source, row, dispositions or {}) if disposition == "unknown" else None


def _name(source: str, value: Any) -> str | None:
    return None if value is None else f"{source}:{value}"


def _by_name(source: str, name: str | None) -> str:
    """The key of a campaign that people name. The one called ``none`` is not the one of what belongs to none."""
    if name is None:
        return f"{source}:none"
    return f"{source}:named {name}" if re.fullmatch("(named )*none", name) else f"{source}:{name}"


def _of_action_builder(rows: Rows, until: datetime) -> Iterator[Attempt]:
    tasks = {row["id"]: row for row in rows.get("action_builder_actions", ())}
    for row in rows.get("action_builder_contact_attempts", ()):
        if _has_begun(row, row["created_at"], until):
            task = row.get("action_id")
            if task is None and row.get("target_type") == "Action":
                task = row["target_id"]
            disposition = meanings.of_action_builder(row)
            key = f"action_builder:contact_attempts:{row['id']}"
            yield Attempt(
                key=key,
                source="action_builder",
                campaign=_name("action_builder", row["campaign_id"]) or "action_builder:none",
                target=_name("action_builder", row["entity_id"]) or key,
                at=row["created_at"],
                ended_at=None,
                disposition=disposition,
                aapor=meanings.CLASS[disposition],
                channel=_canvass_channel(row["contact_info_type"], tasks.get(task, {}).get("action_type")),
                direction="outbound",
                agent=_name("action_builder", row["created_by_id"]),
            )


def _canvass_channel(info: str | None, task: str | None) -> str:
    """By the contact info; of a number the task tells whether it was called or texted."""
    words = (task or "").lower()
    if info in ("Address", "Email"):
        return {"Address": "door", "Email": "email"}[info]
    if "text" in words:
        return "text"
    if info == "PhoneNumber" or "phone" in words:
        return "phone"
    return {"canvass": "door", "email": "email"}.get(words, "unknown")


def _of_voipbin(rows: Rows, until: datetime) -> Iterator[Attempt]:
    calls = {row["id"]: row for row in existing(rows, "voipbin_calls", until)}
    for row in rows.get("voipbin_campaigncalls", ()):
        if _has_begun(row, row["tm_create"], until):
            written = row["tm_update"]
            has_ended = row["status"] == "done" and (written is None or written <= until)
            says = meanings.of_voipbin(row, calls, has_ended=has_ended)
            key = f"voipbin:campaigncalls:{row['id']}"
            yield Attempt(
                key=key,
                source="voipbin",
                campaign=_name("voipbin", row["campaign_id"]) or "voipbin:none",
                target=_name("voipbin", row["outdial_target_id"]) or key,
                at=row["tm_create"],
                ended_at=written if has_ended else None,
                disposition=says.disposition,
                aapor=says.aapor,
                channel=_dialed_channel(row["reference_type"], row["destination"]),
                direction="outbound",
                agent=None,
                destination_index=row["destination_index"],
                unmapped=_unmapped("voipbin", row, says.disposition),
                says=says,
            )


def _dialed_channel(reference: str | None, destination: Mapping[str, str] | None) -> str:
    is_call = reference == "call" or (destination or {}).get("type") in ("tel", "sip")
    return "phone" if is_call else "unknown"


def _of_outreach(rows: Rows, until: datetime) -> Iterator[Attempt]:
    dispositions = {row["id"]: row for row in rows.get("outreach_call_dispositions", ())}
    for row in rows.get("outreach_calls", ()):
        at = row["dialed_at"] or row.get("answered_at") or row["completed_at"] or row["created_at"]
        if _has_begun(row, at, until):
            disposition, aapor = meanings.of_outreach(row, dispositions)
            key = f"outreach:calls:{row['id']}"
            yield Attempt(
                key=key,
                source="outreach",
                campaign=_name("outreach", row["sequence_id"]) or "outreach:none",
                target=_name("outreach", row["prospect_id"]) or key,
                at=at,
                ended_at=row["completed_at"],
                disposition=disposition,
                aapor=aapor,
                channel="phone",
                direction=row["direction"] or "unknown",
                agent=_name("outreach", row["user_id"]),
                unmapped=_unmapped("outreach", row, disposition, dispositions),
            )


def _of_liondesk(rows: Rows, as_of: datetime) -> Iterator[Attempt]:
    for row in rows.get("liondesk_contact_communications", ()):
        completed_at = row["completed_at"] if meanings.is_completed(row, as_of) else None
        disposition = meanings.of_liondesk(row, as_of)
        by_hand = disposition == "completed_manually"
        yield Attempt(
            key=f"liondesk:contact_communications:{row['communication_key']}",
            source="liondesk",
            campaign=_by_name("liondesk", row["campaign_name"]),
            target=f"liondesk:{row['contact_id']}",
            at=completed_at or row["send_at"],
            ended_at=completed_at,
            disposition=disposition,
            aapor=meanings.CLASS.get(disposition),
            channel=_sent_channel(row["type"]),
            direction="outbound",
            agent=_name("liondesk", row["completing_user_id" if by_hand else "send_from_user_id"]),
            unmapped=_unmapped("liondesk", row, disposition),
        )


def _sent_channel(kind: str | None) -> str:
    return {"Email Contact": "email", "Call Contact": "phone", "Text Contact": "text"}.get(
        kind or "", "unknown"
    )


# --------------------------------------------------------------------------------------------------- histories


def histories(
    ledger: Sequence[Attempt], rows: Rows, outcomes: Mapping[str, Outcome], until: datetime
) -> dict[Key, list[History]]:
    """Every source and campaign, and every source as a whole (``all``): the histories of its targets.

    ``outcomes`` is what the replay makes of the dialer's targets, by id; ``until``: where its rows are cut off.
    Targets that a campaign lists are here whether they were dialled or not.
    """
    met: dict[Key, dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
    for attempt in ledger:
        for campaign in (attempt.campaign, "all"):
            met[attempt.source, campaign][attempt.target].append(attempt)
    listed = _lists(ledger, rows, outcomes, until)
    for campaign, targets in listed.items():
        for target in targets:
            met["voipbin", campaign].setdefault(target, [])
    by_name = {f"voipbin:{target}": outcome for target, outcome in outcomes.items()}

    def history(campaign: str, target: str, theirs: Sequence[Attempt]) -> History:
        outcome = by_name.get(target)
        return History(
            target,
            [row for row in theirs if row.is_real],
            theirs,
            is_listed=target in listed.get(campaign, ()),
            is_done=outcome is not None and outcome.status == "done",
            is_reached=outcome is not None and outcome.outcome == "reached",
            is_deleted=outcome is not None and outcome.deleted_at is not None,
        )

    return {
        key: [history(key[1], target, theirs) for target, theirs in targets.items()]
        for key, targets in met.items()
        if targets
    }


def _lists(
    ledger: Sequence[Attempt], rows: Rows, outcomes: Mapping[str, Outcome], until: datetime
) -> dict[str, set[str]]:
    """VoIPBIN: whom each campaign means to reach, and whom all of them do.

    These are the targets of the outdial that the campaign's own row names. A campaign without such a row means the
    outdials that it dialled.
    """
    members: dict[str | None, set[str]] = defaultdict(set)
    for row in existing(rows, "voipbin_outdialtargets", until):
        if row["id"] in outcomes:
            members[row["outdial_id"]].add(f"voipbin:{row['id']}")
    outdials: dict[str, set[str | None]] = defaultdict(set)
    for attempt in ledger:
        outcome = outcomes.get(attempt.target.removeprefix("voipbin:"))
        if outcome is not None and attempt.campaign != "voipbin:none":
            outdials[attempt.campaign].add(outcome.outdial)
    for row in existing(rows, "voipbin_campaigns", until):
        if row["outdial_id"] is not None:
            outdials[f"voipbin:{row['id']}"] = {row["outdial_id"]}
    lists = {
        campaign: {target for outdial in theirs if outdial is not None for target in members[outdial]}
        for campaign, theirs in outdials.items()
    }
    return lists | {"all": {target for targets in members.values() for target in targets}}
