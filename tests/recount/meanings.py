"""What a source's own values mean: the unified disposition of a row, and its final class in AAPOR's terms.

Belongs here: the mapping, stated a second time as data, for the values that the sample and the generated logs use;
and the order in which the fields of a row are asked. Does not belong here: anything read from the product's own
mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.recount.rows import Row

NO_ATTEMPT = frozenset({"skipped", "never_placed", "scheduled", "overdue", "completed_manually"})
"""Dispositions of rows that are no attempt: nobody was really tried."""

CLASS = {
    "contacted": "I",
    "no_contact": "NC",
    "voicemail": "NC",
    "bad_contact_info": "NE",
    "do_not_contact": "R",
    "skipped": "UH",
    "in_progress": "UH",
    "never_placed": "UH",
    "unknown": "UO",
}
"""Unified disposition → AAPOR's class. A message that was sent, or is to be, has none."""

ACTION_BUILDER = {
    0: "contacted",
    1: "no_contact",
    2: "bad_contact_info",
    3: "skipped",
    4: "do_not_contact",
}

VOIPBIN = {"success": "contacted", "fail": "no_contact"}
"""Result of a call that ended → disposition."""

HANGUP_REASONS = {
    "busy": ("no_contact", "NC"),
    "noanswer": ("no_contact", "NC"),
    "unanswer": ("no_contact", "NC"),
    "dialout": ("no_contact", "NC"),
    "cancel": ("no_contact", "NC"),
    "failed": ("no_contact", "UH"),  # it never reached the phone network, so nothing is known of the target
    "amd": ("voicemail", "NC"),
}
"""Why the call of a failed campaigncall was hung up → disposition and AAPOR's class. Other reasons say nothing more."""

OUTREACH_NAMES = {
    "Answered - Meeting Set": "contacted",
    "Answered - Not Interested": "contacted",
    "Answered - Wrong Contact": "contacted",
    "Answered - Call Back Later": "contacted",
    "No Answer": "no_contact",
    "Left Voicemail": "voicemail",
    "Bad Number": "bad_contact_info",
    "Do Not Call": "do_not_contact",
}
"""Name of a call disposition → disposition. A name that is not here is asked for by its outcome."""

OUTREACH_CLASSES = {"Answered - Not Interested": "R", "Answered - Wrong Contact": "O"}
"""Name of a call disposition → AAPOR's class, where it is not that of the unified disposition."""

OUTREACH_DEFAULTS = {
    1: "Answered - Meeting Set",
    3: "Answered - Not Interested",
    5: "Answered - Wrong Contact",
    6: "No Answer",
    7: "Left Voicemail",
    9: "Bad Number",
}
"""Id of a call disposition → its name, for a call whose disposition the organization's list lacks."""

OUTREACH_OUTCOMES = {
    "Answered": "contacted",
    "completed": "contacted",
    "Not Answered": "no_contact",
    "no_answer": "no_contact",
}

OUTREACH_STATES = {
    "completed": "unknown",
    "no_answer": "no_contact",
    "failed": "no_contact",
    "left_voicemail": "voicemail",
}


@dataclass(frozen=True)
class Meaning:
    """What a row says, and the field that decided; None when none did."""

    disposition: str
    aapor: str
    raw: str | None
    basis: str | None


def of_action_builder(row: Row) -> str:
    """The disposition of a contact attempt."""
    return ACTION_BUILDER.get(row["disposition"], "unknown")


def of_voipbin(row: Row, calls: Mapping[str, Row], *, has_ended: bool) -> Meaning:
    """What a campaigncall says. One without an address was never placed, unless it is on record as a success.

    Of one that failed, its voice call says why. ``calls``: the voice calls by id.
    """
    destination = row.get("destination") or {}
    status, result = row["status"], row["result"]
    is_success = has_ended and result == "success"
    state = status
    if status == "done" and not has_ended:
        state = "open at as-of"
    elif status == "done" and result in VOIPBIN:
        state = f"done/{result}"
    if not (destination.get("type") and destination.get("target")) and not is_success:
        return Meaning("never_placed", CLASS["never_placed"], state, "destination")
    if not has_ended:
        return Meaning("in_progress", CLASS["in_progress"], state, "status/result")
    if result == "fail":
        reason = (calls.get(row.get("reference_id") or "", {}).get("hangup_reason") or "").strip().lower()
        if reason in HANGUP_REASONS:
            return Meaning(*HANGUP_REASONS[reason], reason, "hangup_reason")
    found = VOIPBIN.get(result, "unknown")
    return Meaning(found, CLASS[found], state, None if found == "unknown" else "status/result")


def of_outreach(row: Row, dispositions: Mapping[int, Row]) -> tuple[str, str]:
    """The disposition and class of a call: the first field that says something decides.

    They are asked in this order: a voicemail's recording; the call's disposition, by the organization's flag for
    voicemails, by its name, then by the outcome that the organization gave it; the call's outcome; its state; whether
    it was answered. A disposition that says nothing leaves the call unknown.
    """
    if row.get("voicemail_recording_url"):
        return "voicemail", CLASS["voicemail"]
    number = row.get("call_disposition_id")
    if number is not None:
        listed = dispositions.get(number, {"name": OUTREACH_DEFAULTS.get(number)})
        if listed.get("default_for_outbound_voicemail"):
            return "voicemail", CLASS["voicemail"]
        name = listed["name"] or ""
        found = OUTREACH_NAMES.get(name) or OUTREACH_OUTCOMES.get(listed.get("outcome") or "", "unknown")
        return found, OUTREACH_CLASSES.get(name, CLASS[found])
    outcome, state = row.get("outcome"), row.get("state")
    found = OUTREACH_OUTCOMES.get(outcome or "") or OUTREACH_STATES.get(state or "", "unknown")
    if (
        outcome is None
        and state is None
        and row.get("answered_at") is None
        and row.get("dialed_at") is not None
    ):
        found = "no_contact"
    return found, CLASS[found]


def unmapped(source: str, row: Row, dispositions: Mapping[int, Row]) -> tuple[str, str] | None:
    """The field and the value that nobody has mapped, in a row that is unknown; None if it has no such value."""
    if source == "voipbin":
        return ("status/result", row["status"]) if row["status"] is not None else None
    if source == "liondesk":
        return ("is_active/send_at", "active/no send_at") if row["is_active"] else None
    if source != "outreach":
        return None
    number, outcome, state = (row.get(name) for name in ("call_disposition_id", "outcome", "state"))
    if number is not None:
        name = dispositions.get(number, {}).get("name")
        return ("call_disposition", name.strip().lower()) if name else ("call_disposition_id", str(number))
    if outcome is not None:
        return "outcome", outcome.strip().lower()
    return ("state", state.strip().lower()) if state is not None and state not in OUTREACH_STATES else None


def of_liondesk(row: Row, as_of: datetime) -> str:
    """The disposition of a communication, by whether it is still to be sent, by when, and by who completed it."""
    if row["is_active"] is None:
        return "unknown"
    if is_completed(row, as_of):
        return "completed_manually" if row["completing_user_id"] is not None else "dispatched"
    if row["send_at"] is None:
        return "unknown"
    return "overdue" if row["send_at"] <= as_of else "scheduled"


def is_completed(row: Row, as_of: datetime) -> bool:
    """Whether a communication was completed by a moment. What has no time of completion was completed before."""
    return row["is_active"] is False and (row["completed_at"] is None or row["completed_at"] <= as_of)
