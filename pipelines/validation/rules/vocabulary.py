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

POINT_KINDS = ("phone", "email", "address")
"""Kinds of points."""

ZONE_BASES = ("address", "stated", "inferred", "area_code", "country", "none")
"""How the time zones of a point are known, the best first."""

TIME_BASES = ("dialled", "completed", "recorded", "scheduled")
"""What the time of an attempt is the time of."""

MATCHES: Mapping[str, str] = {
    "crosswalk": "sure",
    "external_id": "sure",
    "email": "sure",
    "phone_and_name": "likely",
    "phone": "likely",
    "alone": "alone",
}
"""What joins a target to others → how sure that is."""

MARKS = ("house_list", "do_not_contact", "opted_out", "bad_contact_info")
"""Kinds of marks, the gravest first."""

MARK_TIMES = ("attempt", "status_changed", "updated_at_latest", "list", "unknown")
"""Where the time of a mark comes from."""

UNITS = ("point", "target", "person")
"""What a contact rule counts by."""

REASONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "hours": {
        "breach": ("outside_hours",),
        "unverifiable": (
            "outside_hours_in_some_zones",
            "recorded_not_dialled",
            "area_code_is_no_place",
            "consent_unknown",
            "no_location",
        ),
    },
    "cap": {
        "breach": ("over_cap",),
        "unverifiable": (
            "likely_match",
            "may_not_have_connected",
            "area_code_is_no_place",
            "consent_unknown",
        ),
    },
    "after_contact": {
        "breach": ("after_contact",),
        "unverifiable": (
            "likely_match",
            "may_not_have_connected",
            "area_code_is_no_place",
            "consent_unknown",
        ),
    },
    "after_mark": {
        "breach": ("after_mark",),
        "unverifiable": (
            "marked_on_another_point",
            "likely_match",
            "mark_without_date",
            "area_code_is_no_place",
            "consent_unknown",
        ),
        "tolerated": ("within_grace",),
    },
}
"""Kind of a contact rule → verdict → the reasons that it can have."""

VERDICTS = ("breach", "unverifiable", "tolerated")
"""Verdicts on an attempt."""

VIAS = ("same_point", "same_target", "matched_person")
"""What makes attempts, or an attempt and a mark, those of one unit."""

NOT_JUDGED = (
    "purpose_undeclared",
    "other_purpose",
    "other_channel",
    "other_jurisdiction",
    "no_location",
    "no_point",
    "consent",
)
"""Why a contact rule does not judge an attempt."""

HELD_BACK = (
    "restricted",
    "cap",
    "outside_hours",
    "in_flight",
    "exhausted",
    "no_usable_point",
    "reached_elsewhere",
)
"""What holds the next call to a target back."""

UNKNOWN_SHARE = 0.05
"""The largest share of a source's attempts that may have the disposition ``unknown`` (0 to 1)."""

REJECTED_SHARE = 0.01
"""The largest share of a resource's rows that may be rejected (0 to 1)."""

EPSILON = 1e-9
"""How far a rate or a share may be off through rounding."""
