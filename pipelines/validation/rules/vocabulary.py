"""The words and limits that rules count with.

Belongs here: the lists of values, and how far a share may go. The SQL files state the lists too. They stand here a
second time on purpose: a change of meaning in the SQL breaks a rule. Does not belong here: a rule.
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
"""Unified disposition → whether somebody was tried, and whether somebody was reached."""

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
"""Outcome of a replayed target → the statuses it can have."""

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
FINAL_OUTCOMES = ("reached", "exhausted", "not_dialable", "in_flight", "stuck")
"""Outcomes after which the platform will not dial again, or not before the open call has ended."""

UNKNOWN_SHARE = 0.05
"""Largest share of attempts without a known disposition that a source may have before somebody should map them."""
REJECTED_SHARE = 0.01
"""Largest share of a resource's rows that may be rejected before somebody should look at the files."""
EPSILON = 1e-9
"""Rounding that rates and shares are allowed."""
