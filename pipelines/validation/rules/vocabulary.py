"""The closed lists of words, and the limits, that rules use.

Belongs here: every list of values that a column may hold, and how large a share may be. The SQL files hold the lists
too. They stand here a second time on purpose: a change of meaning in the SQL breaks a rule. Does not belong here: a
rule.
"""

from __future__ import annotations

from collections.abc import Mapping

DISPOSITIONS: Mapping[str, tuple[bool, bool]] = {
    "contacted": (True, True),
    "no_contact": (True, False),
    "voicemail": (True, False),
    "bad_contact_info": (True, False),
    "do_not_contact": (True, False),
    "skipped": (False, False),
    "in_progress": (True, False),
    "never_placed": (False, False),
    "scheduled": (False, False),
    "overdue": (False, False),
    "dispatched": (True, False),
    "completed_manually": (False, False),
    "unknown": (True, False),
}
"""Disposition → is it an attempt, and is it a contact."""

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "reached": ("done",),
    "stuck": ("progressing",),
    "in_flight": ("progressing",),
    "untouched": ("idle",),
    "not_dialable": ("idle",),
    "unresolved": ("idle", "done"),
    "exhausted": ("done",),
    "stranded": ("idle",),
    "retry_due": ("idle",),
    "retry_waiting": ("idle",),
}
"""Outcome of a target → the statuses that a target of this outcome can have."""

VIOLATIONS = (
    "dial_after_done",
    "dial_while_active",
    "retry_too_soon",
    "try_limit_exceeded",
    "destination_out_of_order",
    "destination_missing",
    "destination_mismatch",
    "try_count_mismatch",
    "result_missing",
    "result_premature",
    "time_reversed",
    "orphan_call",
    "dial_after_delete",
)
"""Codes of violations."""

FINAL_OUTCOMES = ("reached", "exhausted", "not_dialable", "in_flight", "stuck")
"""Outcomes after which the platform does not dial again, or not before the open call has ended."""

UNKNOWN_SHARE = 0.05
"""The largest share of a source's attempts that may have the disposition ``unknown`` (0 to 1)."""

REJECTED_SHARE = 0.01
"""The largest share of a resource's rows that may be rejected (0 to 1)."""

EPSILON = 1e-9
"""How far a rate or a share may be off through rounding."""
