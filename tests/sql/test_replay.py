"""The replay's rules, one by one: the six worked cases, every code with its verdict, both agreements, any as-of.

Belongs here: small logs written by hand, whose result can be told without a computer. Does not belong here: random
logs (``test_replay_properties.py``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.support import build, fetch, ledger

START = datetime(2026, 3, 2, 9)
TARGET, OUTDIAL, CAMPAIGN, PLAN = (f"00000000-0000-4000-8000-0000000000{kind}1" for kind in "abcd")
MOST = 2**31 - 1
"""The largest count that a file's integer field takes."""
Row = dict[str, Any]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-9000-{number:012d}"


def phone(index: int) -> Row:
    return {"type": "tel", "target": f"+1202555010{index}", "target_name": "", "name": "", "detail": ""}


def call(
    number: int, index: int, began: float, ended: float | None, result: str | None = "fail", **changes: Any
) -> Row:
    """Call ``number`` at destination ``index``, in seconds from the start; ``try_count`` must be given when not 1."""
    return {
        "id": uuid(number),
        "campaign_id": CAMPAIGN,
        "outplan_id": PLAN,
        "outdial_id": OUTDIAL,
        "outdial_target_id": TARGET,
        "status": "dialing" if ended is None else "done",
        "result": None if ended is None else result,
        "destination": phone(index),
        "destination_index": index,
        "try_count": 1,
        "tm_create": at(began),
        "tm_update": None if ended is None else at(ended),
        **changes,
    }


def target(destinations: int = 1, **changes: Any) -> Row:
    return {
        "id": TARGET,
        "outdial_id": OUTDIAL,
        **{f"destination_{index}": phone(index) for index in range(destinations)},
        "tm_create": at(-3600),
        **changes,
    }


def plan(*maxima: int, interval: float = 60, since: float = -7200) -> Row:
    return {
        "id": PLAN,
        **{f"max_try_count_{index}": maximum for index, maximum in enumerate([*maxima, 0, 0, 0, 0, 0][:5])},
        "try_interval": int(interval * 1000),
        "tm_create": at(-7200),
        "tm_update": at(since),
    }


def campaign(status: str = "run", **changes: Any) -> Row:
    return {
        "id": CAMPAIGN,
        "status": status,
        "outplan_id": PLAN,
        "outdial_id": OUTDIAL,
        "tm_create": at(-7200),
        "tm_update": at(-7200),
        **changes,
    }


def replay(
    calls: list[Row],
    targets: list[Row] | None = None,
    plans: list[Row] | None = None,
    campaigns: list[Row] | None = None,
    as_of: float = 86_400,
) -> duckdb.DuckDBPyConnection:
    con = ledger(
        {
            "voipbin_campaigncalls": calls,
            "voipbin_outdialtargets": [target()] if targets is None else targets,
            "voipbin_outplans": [plan(3)] if plans is None else plans,
            "voipbin_campaigns": [campaign()] if campaigns is None else campaigns,
        },
        as_of=at(as_of),
    )
    build(con, "replay.transitions", "replay.target_outcomes")
    return con


def outcome(con: duckdb.DuckDBPyConnection) -> Row:
    (row,) = fetch(con, "SELECT * FROM replay.target_outcomes")
    return row


def tries(row: Row) -> list[int]:
    return [row[f"try_count_{index}"] for index in range(5)]


def violations(con: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str]]:
    """(call's number, code, verdict), in order."""
    return [
        (int(str(row["campaigncall_id"])[-12:]), row["code"], row["verdict"])
        for row in fetch(con, "SELECT * FROM replay.violations ORDER BY campaigncall_id, code")
    ]


def walk(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return [
        (row["event"], row["from_status"], row["to_status"])
        for row in fetch(con, "SELECT * FROM replay.transitions ORDER BY sequence")
    ]


class TestWorkedCases:
    def test_every_destination_used_up(self) -> None:
        con = replay(
            [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2), call(3, 1, 160, 170)],
            [target(2)],
            [plan(2, 1)],
        )
        row = outcome(con)
        assert (row["outcome"], row["status"], tries(row)) == ("exhausted", "done", [2, 1, 0, 0, 0])
        assert (row["next_destination_index"], row["next_eligible_at"]) == (None, None)
        assert violations(con) == []
        assert walk(con) == [
            ("dial", "idle", "progressing"),
            ("hangup", "progressing", "idle"),
            ("dial", "idle", "progressing"),
            ("hangup", "progressing", "idle"),
            ("dial", "idle", "progressing"),
            ("hangup", "progressing", "done"),
        ]

    def test_waiting_for_the_interval(self) -> None:
        con = replay([call(1, 0, 0, 11)], as_of=40)
        row = outcome(con)
        assert (row["outcome"], row["status"]) == ("retry_waiting", "idle")
        assert (row["next_destination_index"], row["next_eligible_at"]) == (0, at(71))

    def test_the_interval_is_over(self) -> None:
        assert outcome(replay([call(1, 0, 0, 11)], as_of=71))["outcome"] == "retry_due"

    def test_one_try_too_many(self) -> None:
        con = replay(
            [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2), call(3, 0, 160, 170, try_count=3)],
            plans=[plan(2)],
        )
        assert (outcome(con)["outcome"], tries(outcome(con))[0]) == ("exhausted", 3)
        assert violations(con) == [(3, "try_limit_exceeded", "illegal")]
        assert walk(con)[3:] == [
            ("hangup", "progressing", "done"),
            ("dial", "done", "progressing"),
            ("hangup", "progressing", "done"),
        ]

    def test_a_raised_maximum_lets_the_index_go_back(self) -> None:
        calls = [
            call(1, 0, 0, 11),
            call(2, 0, 80, 90, try_count=2),
            call(3, 1, 160, 170),
            call(4, 0, 300, 310, try_count=3),
        ]
        con = replay(calls, [target(2)], [plan(2, 1), plan(3, 1, since=200)])
        assert violations(con) == []
        assert outcome(con)["outcome"] == "exhausted"
        assert walk(con)[5:7] == [("hangup", "progressing", "done"), ("dial", "done", "progressing")]

    def test_a_maximum_of_nothing_disables_the_first_destination(self) -> None:
        con = replay([call(1, 1, 0, 11)], [target(2)], [plan(0, 3)])
        assert violations(con) == []
        assert outcome(con)["next_destination_index"] == 1

    def test_a_call_missing_from_the_log(self) -> None:
        con = replay([call(1, 0, 0, 11, try_count=2)], plans=[plan(2)])
        row = outcome(con)
        assert (row["outcome"], tries(row)[0], row["attempts"], row["calls_missing"]) == (
            "exhausted",
            2,
            1,
            1,
        )
        assert violations(con) == [(1, "try_count_mismatch", "illegal")]
        assert fetch(con, "SELECT tries_used FROM replay.transitions") == [
            {"tries_used": 2},
            {"tries_used": 2},
        ]

    def test_what_is_left_of_a_budget(self) -> None:
        """Of 3 tries at one destination one is left, of 2 at another both; the third it does not have."""
        calls = [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2)]
        assert outcome(replay(calls, [target(2)], [plan(3, 2, 4)]))["tries_left"] == 1 + 2
        running = [call(1, 0, 0, 11), call(2, 0, 80, None, try_count=2)]
        assert outcome(replay(running, [target(2)], [plan(3, 2, 4)]))["tries_left"] == 1 + 2
        assert outcome(replay(running, [target(1)], [plan(1)]))["tries_left"] == 0
        assert outcome(replay(calls, [target(1)], [plan(1)]))["tries_left"] is None  # exhausted
        assert outcome(replay([call(1, 0, 0, 11, "success")]))["tries_left"] is None
        assert outcome(replay([], [target(0)], [plan(3)]))["tries_left"] is None
        assert outcome(replay(calls, plans=[]))["tries_left"] is None

    @pytest.mark.parametrize("claimed", [1, MOST])
    @pytest.mark.parametrize("maximum", [-MOST, MOST])
    @pytest.mark.parametrize("counted", [-MOST, MOST])
    def test_counts_as_large_as_the_log_can_claim(self, claimed: int, maximum: int, counted: int) -> None:
        calls = [call(n, n, 100 * n, 100 * n + 10, try_count=claimed) for n in range(2)]
        listed = target(3, **{f"try_count_{index}": counted for index in range(5)})
        con = replay(calls, [listed], [plan(*[maximum] * 5)])
        build(con)
        row = outcome(con)
        left = MOST + 2 * (MOST - claimed) if maximum > 0 else 0
        assert (tries(row), row["calls_missing"], row["tries_left"]) == (
            [claimed, claimed, 0, 0, 0],
            2 * claimed - 2,
            left or None,
        )
        drifts = {-MOST: "impossible", MOST: "missing_calls"}
        assert row["tries_agreement"] == drifts[counted]
        (inventory,) = fetch(con, "SELECT * FROM reports.inventory WHERE campaign_key = 'all'")
        assert inventory["remaining_tries"] == left


class TestOutcomes:
    def test_untouched_is_eligible_from_its_creation(self) -> None:
        row = outcome(replay([]))
        assert (row["outcome"], row["next_destination_index"], row["next_eligible_at"]) == (
            "untouched",
            0,
            at(-3600),
        )
        assert (row["campaign_id"], row["attempts"]) == (row["campaign_id"].__class__(CAMPAIGN), 0)

    @pytest.mark.parametrize(
        ("targets", "plans"),
        [
            ([target(0)], [plan(3)]),
            ([target(1)], [plan(0, 3)]),
            ([target(0, destination_0={"type": "tel", "target": ""})], [plan(3)]),
            ([target(0, destination_0={"type": None, "target": "+12025550100"})], [plan(3)]),
        ],
        ids=["no destination", "its only destination is disabled", "no number", "no type"],
    )
    def test_not_dialable(self, targets: list[Row], plans: list[Row]) -> None:
        row = outcome(replay([], targets, plans))
        assert (row["outcome"], row["next_destination_index"], row["next_eligible_at"]) == (
            "not_dialable",
            None,
            None,
        )

    def test_without_any_outplan_a_target_never_called_is_untouched(self) -> None:
        row = outcome(replay([], plans=[], campaigns=[]))
        assert (row["outcome"], row["next_destination_index"]) == ("untouched", None)

    def test_reached_for_good(self) -> None:
        con = replay([call(1, 0, 0, 11, "success"), call(2, 0, 500, 510, try_count=2)])
        row = outcome(con)
        assert (row["outcome"], row["ever_reached"], row["reached_at"]) == ("reached", True, at(11))
        assert walk(con) == [
            ("dial", "idle", "progressing"),
            ("hangup", "progressing", "done"),
            ("dial", "done", "done"),
            ("hangup", "done", "done"),
        ]
        assert violations(con) == [(2, "dial_after_done", "illegal")]

    @pytest.mark.parametrize(("as_of", "name"), [(7200, "in_flight"), (7200.000001, "stuck")])
    def test_an_open_call(self, as_of: float, name: str) -> None:
        con = replay([call(1, 0, 0, None)], as_of=as_of)
        assert (outcome(con)["outcome"], outcome(con)["status"]) == (name, "progressing")
        assert walk(con) == [("dial", "idle", "progressing")]

    @pytest.mark.parametrize("as_of", [200, 86_400])
    def test_reached_comes_before_a_call_that_is_still_open(self, as_of: float) -> None:
        con = replay([call(1, 0, 0, 11, "success"), call(2, 0, 100, None, try_count=2)], as_of=as_of)
        row = outcome(con)
        assert (row["outcome"], row["status"], row["reached_at"]) == ("reached", "done", at(11))
        assert walk(con)[-1] == ("dial", "done", "done")
        assert violations(con) == [(2, "dial_after_done", "illegal")]

    def test_unresolved_without_an_outplan(self) -> None:
        assert outcome(replay([call(1, 0, 0, 11)], plans=[]))["status"] == "idle"
        unknown = replay([call(1, 0, 0, 11)], [], plans=[])
        assert (outcome(unknown)["status"], walk(unknown)[-1]) == ("idle", ("hangup", "progressing", "idle"))
        con = replay([call(1, 0, 0, 11)], [target(status="done", tm_update=at(11))], plans=[])
        row = outcome(con)
        assert (row["outcome"], row["status"], row["status_agreement"]) == ("unresolved", "done", "match")
        assert walk(con)[-1] == ("hangup", "progressing", "done")

    @pytest.mark.parametrize(("status", "word", "ends"), [("idle", "attempted", 0), ("done", "closed", 1)])
    def test_outcome_and_curve_say_the_same_of_an_unresolved_target(
        self, status: str, word: str, ends: int
    ) -> None:
        con = replay([call(1, 0, 0, 11)], [target(status=status, tm_update=at(11))], plans=[])
        build(con, "replay.contact_outcomes", "reports.attempt_curve")
        assert fetch(con, "SELECT outcome, detail FROM replay.contact_outcomes") == [
            {"outcome": word, "detail": "unresolved"}
        ]
        (step,) = fetch(con, "SELECT * FROM reports.attempt_curve WHERE campaign_key = 'all'")
        assert (step["at_risk"], step["competing_ends"], step["censored"]) == (1, ends, 1 - ends)

    @pytest.mark.parametrize(
        ("campaigns", "name"),
        [
            ([campaign("stop")], "stranded"),
            ([campaign("stopping")], "stranded"),
            ([campaign("run", tm_delete=at(86_400))], "stranded"),
            ([campaign("run", _deleted_at=at(86_400))], "stranded"),
            ([campaign("run", tm_delete=at(86_400.000001))], "retry_due"),
            ([campaign("run")], "retry_due"),
            ([], "retry_due"),
        ],
    )
    def test_stranded_when_its_campaign_does_not_run(self, campaigns: list[Row], name: str) -> None:
        assert outcome(replay([call(1, 0, 0, 11)], campaigns=campaigns))["outcome"] == name

    def test_a_deleted_target_keeps_its_outcome(self) -> None:
        row = outcome(replay([call(1, 0, 0, 11)], [target(tm_delete=at(50))]))
        assert (row["outcome"], row["deleted_at"]) == ("retry_due", at(50))

    @pytest.mark.parametrize(
        ("changes", "counts"),
        [
            ({"status": "stop", "tm_create": at(0)}, False),
            ({"status": "run", "tm_create": at(0)}, True),
            ({"status": "run", "tm_create": at(-9000)}, False),
            ({"status": "run", "tm_create": at(0), "tm_delete": at(1)}, False),
        ],
        ids=["younger, stopped", "younger, running", "older", "deleted"],
    )
    def test_of_several_campaigns_on_one_outdial(self, changes: Row, counts: bool) -> None:
        other = {"id": uuid(9), "outplan_id": uuid(8), "outdial_id": OUTDIAL, **changes}
        row = outcome(replay([], campaigns=[other, campaign()]))
        assert str(row["campaign_id"]) == (uuid(9) if counts else CAMPAIGN)

    def test_budgets_are_those_of_the_latest_call_at_the_as_of_moment(self) -> None:
        con = replay([call(1, 0, 0, 11)], plans=[plan(1), plan(2, since=500)], as_of=600)
        assert outcome(con)["outcome"] == "retry_due"
        assert walk(con)[-1] == ("hangup", "progressing", "idle")
        assert outcome(replay([call(1, 0, 0, 11)], plans=[plan(1), plan(2, since=500)], as_of=400))[
            "outcome"
        ] == ("exhausted")

    def test_a_target_known_from_calls_alone(self) -> None:
        con = replay([call(1, 0, 0, 11)], [])
        row = outcome(con)
        assert (row["outcome"], str(row["outdial_id"])) == ("retry_due", OUTDIAL)
        assert (row["status_agreement"], row["tries_agreement"]) == ("no_platform_row", "no_platform_row")
        assert violations(con) == [(1, "orphan_call", "illegal")]

    def test_a_call_that_does_not_say_its_try_counts_by_its_place(self) -> None:
        con = replay([call(1, 0, 0, 11, try_count=None), call(2, 0, 100, 111, "success", try_count=None)])
        assert (outcome(con)["outcome"], tries(outcome(con))) == ("reached", [2, 0, 0, 0, 0])
        assert violations(con) == []

    def test_a_call_that_names_no_target(self) -> None:
        con = replay([call(1, 0, 0, 11, None, outdial_target_id=None, try_count=7)], [])
        assert fetch(con, "SELECT * FROM replay.target_outcomes") == []
        assert violations(con) == [
            (1, "orphan_call", "illegal"),
            (1, "result_missing", "illegal"),
            # It says that it is the seventh try, and six calls are missing from the log.
            (1, "try_limit_exceeded", "unverifiable"),
        ]

    @pytest.mark.parametrize(
        ("plans", "try_count", "verdict"),
        [
            ([plan(0)], 1, "illegal"),  # a try at a destination that the plan never dials
            ([plan(2)], 2, None),
            ([plan(2)], 3, "unverifiable"),  # as for a call that names its target: two calls are missing
            ([plan(3), plan(2, since=50)], 3, None),  # the plan in force at the dial allowed it
            ([], 2, "unverifiable"),  # no plan is known
            ([], 1, None),
        ],
    )
    def test_the_limit_of_a_call_that_names_no_target(
        self, plans: list[Row], try_count: int, verdict: str | None
    ) -> None:
        nameless = call(1, 0, 0, 11, outdial_target_id=None, try_count=try_count)
        # A target that was called too often lends the other call none of its calls.
        others = [call(2, 1, 20, 30, try_count=1)]
        expected = [(1, "orphan_call", "illegal")]
        if verdict:
            expected.append((1, "try_limit_exceeded", verdict))
        con = replay([nameless, *others], [target(2)], plans)
        assert [row for row in violations(con) if row[0] == 1] == expected


class TestAsOf:
    CALLS = (call(1, 0, 0, 11), call(2, 0, 100, 130, "success", try_count=2))

    @pytest.mark.parametrize(
        ("as_of", "name", "attempts"),
        [
            (-3601, None, None),
            (-1, "untouched", 0),
            (0, "in_flight", 1),
            (11, "retry_waiting", 1),
            (71, "retry_due", 1),
            (100, "in_flight", 2),
            (130, "reached", 2),
        ],
    )
    def test_what_lies_later_has_not_happened(
        self, as_of: float, name: str | None, attempts: int | None
    ) -> None:
        rows = fetch(
            replay(list(self.CALLS), as_of=as_of), "SELECT outcome, attempts FROM replay.target_outcomes"
        )
        assert [(row["outcome"], row["attempts"]) for row in rows] == ([(name, attempts)] if name else [])

    def test_without_a_moment_there_is_nothing(self) -> None:
        con = ledger({})
        build(con, "replay.transitions", "replay.target_outcomes")
        assert fetch(con, "SELECT * FROM replay.target_outcomes") == []


class TestViolations:
    @pytest.mark.parametrize(
        ("gap", "expected"),
        [
            (60, []),
            (59.999999, [(2, "retry_too_soon", "tolerated")]),
            (55, [(2, "retry_too_soon", "tolerated")]),
            (54.999999, [(2, "retry_too_soon", "illegal")]),
            (0, [(2, "retry_too_soon", "illegal")]),
            (-0.000001, [(2, "dial_while_active", "tolerated")]),
            (-5, [(2, "dial_while_active", "tolerated")]),
            (-5.000001, [(2, "dial_while_active", "illegal")]),
        ],
    )
    def test_the_time_of_a_dial(self, gap: float, expected: list[tuple[int, str, str]]) -> None:
        con = replay([call(1, 0, 0, 11), call(2, 0, 11 + gap, 200, try_count=2)])
        assert violations(con) == expected

    def test_too_soon_also_across_destinations(self) -> None:
        con = replay([call(1, 0, 0, 11), call(2, 1, 30, 40)], [target(2)], [plan(1, 1)])
        assert violations(con) == [(2, "retry_too_soon", "illegal")]

    def test_active_is_compared_with_all_earlier_calls(self) -> None:
        calls = [call(1, 0, 0, 500), call(2, 0, 100, 110, try_count=2), call(3, 0, 300, 310, try_count=3)]
        con = replay(calls)
        assert violations(con) == [(2, "dial_while_active", "illegal"), (3, "dial_while_active", "illegal")]
        assert walk(con) == [
            ("dial", "idle", "progressing"),
            *[("dial", "progressing", "progressing"), ("hangup", "progressing", "progressing")] * 2,
            ("hangup", "progressing", "done"),
        ]
        ends = fetch(con, "SELECT tries_used FROM replay.transitions ORDER BY sequence")
        assert [row["tries_used"] for row in ends] == [1, 2, 2, 3, 3, 3]

    def test_an_open_call_is_active_for_ever(self) -> None:
        con = replay([call(1, 0, 0, None), call(2, 0, 80_000, 80_010, try_count=2)])
        assert violations(con) == [(2, "dial_while_active", "illegal")]
        assert outcome(con)["outcome"] == "stuck"

    @pytest.mark.parametrize(
        ("after", "verdict"), [(0, "tolerated"), (5, "tolerated"), (5.000001, "illegal")]
    )
    def test_after_done(self, after: float, verdict: str) -> None:
        con = replay(
            [call(1, 0, 0, 11, "success"), call(2, 0, 11 + after, 200, try_count=2)],
            plans=[plan(3, interval=0)],
        )
        assert violations(con) == [(2, "dial_after_done", verdict)]

    def test_a_plan_known_only_later_judges_nothing(self) -> None:
        calls = [call(1, 0, 0, 11), call(2, 0, 12, 20, try_count=2), call(3, 1, 100, 110)]
        con = replay(calls, [target(2)], [plan(1, 1, since=1000)])
        assert violations(con) == [
            (2, "retry_too_soon", "unverifiable"),
            (2, "try_limit_exceeded", "unverifiable"),
            (3, "destination_out_of_order", "unverifiable"),
            (3, "retry_too_soon", "unverifiable"),
        ]

    def test_a_first_call_without_a_plan_breaks_nothing(self) -> None:
        assert violations(replay([call(1, 0, 0, 11)], plans=[])) == []

    def test_out_of_order(self) -> None:
        con = replay([call(1, 1, 0, 11)], [target(2)], [plan(1, 1)])
        assert violations(con) == [(1, "destination_out_of_order", "illegal")]

    def test_out_of_order_but_the_platform_counted_calls_that_are_missing(self) -> None:
        con = replay(
            [call(1, 1, 0, 11)], [target(2, try_count_0=1, try_count_1=1, tm_update=at(11))], [plan(1, 1)]
        )
        assert violations(con) == [(1, "destination_out_of_order", "unverifiable")]
        assert outcome(con)["tries_agreement"] == "missing_calls"

    def test_past_the_limit_but_the_platform_counted_more(self) -> None:
        calls = [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2)]
        con = replay(calls, [target(try_count_0=3, tm_update=at(90))], [plan(1)])
        assert violations(con) == [(2, "try_limit_exceeded", "unverifiable")]

    @pytest.mark.parametrize("logged", [True, False])
    def test_a_call_that_shows_others_missing_proves_no_wrong_order(self, logged: bool) -> None:
        """The third try at 0 is in the log, the first two are lost: they made the dial of 1 legal."""
        calls = [call(1, 1, 160, 170), *([call(2, 0, 260, 270, try_count=3)] if logged else [])]
        con = replay(calls, [target(2, try_count_0=3, try_count_1=1)], [plan(2, 1), plan(3, 1, since=250)])
        assert [row for row in violations(con) if row[1] != "try_count_mismatch"] == [
            (1, "destination_out_of_order", "unverifiable")
        ]

    def test_a_call_past_the_limit_with_others_missing(self) -> None:
        (limit,) = [
            row
            for row in violations(replay([call(1, 0, 0, 11, try_count=3)], [], [plan(2)]))
            if "limit" in row[1]
        ]
        assert limit == (1, "try_limit_exceeded", "unverifiable")
        calls = [call(number, 0, 100 * number, 100 * number + 10, try_count=number) for number in (1, 2, 3)]
        assert violations(replay(calls, plans=[plan(2)])) == [(3, "try_limit_exceeded", "illegal")]

    def test_calls_missing_at_another_destination_prove_the_order_wrong(self) -> None:
        con = replay([call(1, 1, 0, 11)], [target(2, try_count_1=4)], [plan(1, 1)])
        assert violations(con) == [(1, "destination_out_of_order", "illegal")]

    def test_a_dial_at_a_disabled_destination(self) -> None:
        assert violations(replay([call(1, 0, 0, 11)], plans=[plan(0, 3)])) == [
            (1, "try_limit_exceeded", "illegal")
        ]

    def test_a_phantom_attempt(self) -> None:
        con = replay([call(1, 0, 0, 11), call(2, 1, 100, 101, destination=None)], plans=[plan(1, 1)])
        assert violations(con) == [(2, "destination_missing", "illegal")]
        assert outcome(con)["outcome"] == "exhausted"

    def test_another_address(self) -> None:
        assert violations(replay([call(1, 0, 0, 11, destination=phone(4))])) == [
            (1, "destination_mismatch", "illegal")
        ]

    def test_results(self) -> None:
        con = replay([call(1, 0, 0, 11, None), call(2, 0, 100, None, try_count=2) | {"result": "success"}])
        assert violations(con) == [(1, "result_missing", "illegal"), (2, "result_premature", "illegal")]
        assert outcome(con)["ever_reached"] is False

    @pytest.mark.parametrize(("ended", "verdict"), [(95, "tolerated"), (94.999999, "illegal")])
    def test_time_reversed(self, ended: float, verdict: str) -> None:
        con = replay([call(1, 0, 100, ended)])
        assert violations(con) == [(1, "time_reversed", verdict)]
        assert walk(con) == [("dial", "idle", "progressing"), ("hangup", "progressing", "idle")]
        assert outcome(con)["last_hangup_at"] == at(100)

    @pytest.mark.parametrize(
        ("deleted", "expected"), [(0, []), (-5, ["tolerated"]), (-5.000001, ["illegal"])]
    )
    def test_dial_after_delete(self, deleted: float, expected: list[str]) -> None:
        con = replay([call(1, 0, 0, 11)], [target(tm_delete=at(deleted))])
        assert violations(con) == [(1, "dial_after_delete", verdict) for verdict in expected]

    def test_calls_of_all_campaigns_count(self) -> None:
        other = {"campaign_id": uuid(90), "outplan_id": uuid(91)}
        con = replay(
            [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2, **other)],
            plans=[plan(1), plan(1) | {"id": uuid(91)}],
        )
        assert violations(con) == [(2, "try_limit_exceeded", "illegal")]

    def test_they_are_counted(self) -> None:
        con = replay([call(1, 0, 0, None), call(2, 0, 0, None, try_count=5)], plans=[plan(1)])
        assert outcome(con)["violations"] == len(violations(con)) == 3


@pytest.mark.parametrize("index", range(5))
class TestEachDestination:
    """What holds for one of the five destinations holds for each."""

    def one_try(self, index: int, tries: int) -> Row:
        """A plan with so many tries at this destination alone."""
        return plan(*(tries if other == index else 0 for other in range(5)))

    @pytest.mark.parametrize("most", [1, 2])
    def test_the_last_with_a_try_left_keeps_a_target_open(self, index: int, most: int) -> None:
        con = replay(
            [call(1 + place, place, 100 * place, 100 * place + 11) for place in range(5)],
            [target(5)],
            [plan(*(most if other == index else 1 for other in range(5)))],
        )
        row = outcome(con)
        assert tries(row) == [1, 1, 1, 1, 1]
        assert (row["outcome"], row["next_destination_index"], row["tries_left"]) == (
            ("exhausted", None, None) if most == 1 else ("retry_due", index, 1)
        )
        assert walk(con)[-1] == ("hangup", "progressing", "done" if most == 1 else "idle")
        assert violations(con) == [
            (1 + later, "destination_out_of_order", "illegal") for later in range(index + 1, 5) if most == 2
        ]

    @pytest.mark.parametrize(("counted", "verdict"), [(0, "illegal"), (1, "unverifiable")])
    def test_it_must_not_be_skipped(self, index: int, counted: int, verdict: str) -> None:
        if index == 4:
            assert violations(replay([call(1, 4, 0, 11)], [target(5)], [self.one_try(4, 1)])) == []
            return
        plans = [plan(*(1 if other in (index, 4) else 0 for other in range(5)))]
        row = target(5, **{f"try_count_{index}": counted}, try_count_4=1, tm_update=at(11))
        found = replay([call(1, 4, 0, 11)], [row], plans)
        assert violations(found) == [(1, "destination_out_of_order", verdict)]
        assert fetch(found, "SELECT detail FROM replay.violations") == [
            {"detail": f"dialled destination 4 though destination {index} still had tries left"}
        ]
        # What is missing at another destination excuses nothing.
        row = target(5, **{f"try_count_{(index + 1) % 4}": 1}, try_count_4=1, tm_update=at(11))
        found = replay([call(1, 4, 0, 11)], [row], plans)
        assert violations(found) == [(1, "destination_out_of_order", "illegal")]

    @pytest.mark.parametrize(("counted", "verdict"), [(2, "illegal"), (3, "unverifiable"), (None, "illegal")])
    def test_its_limit(self, index: int, counted: int | None, verdict: str) -> None:
        calls = [call(1, index, 0, 11), call(2, index, 80, 90, try_count=2)]
        row = target(5, **{f"try_count_{index}": counted}, tm_update=at(90))
        con = replay(calls, [row], [self.one_try(index, 1)])
        assert violations(con) == [(2, "try_limit_exceeded", verdict)]
        other = target(5, **{f"try_count_{index}": 2, f"try_count_{(index + 1) % 5}": 9}, tm_update=at(90))
        assert violations(replay(calls, [other], [self.one_try(index, 1)])) == [
            (2, "try_limit_exceeded", "illegal")
        ]

    @pytest.mark.parametrize(
        ("counted", "agreement"),
        [(2, "match"), (3, "missing_calls"), (1, "lost_increment"), (0, "impossible")],
    )
    def test_the_platforms_own_count(self, index: int, counted: int, agreement: str) -> None:
        calls = [call(1, index, 0, 11), call(2, index, 80, 90, try_count=2)]
        counters = {f"try_count_{other}": counted if other == index else 0 for other in range(5)}
        row = outcome(replay(calls, [target(5, tm_update=at(90), **counters)], [self.one_try(index, 2)]))
        assert row["tries_agreement"] == agreement

    def test_a_try_that_the_log_lacks(self, index: int) -> None:
        calls = [call(1, index, 0, 11, try_count=1), call(2, index, 80, 90, try_count=3)]
        con = replay(calls, [target(5)], [self.one_try(index, 4)])
        row = outcome(con)
        assert tries(row) == [3 if other == index else 0 for other in range(5)]
        assert (row["attempts"], row["calls_missing"], row["tries_left"]) == (2, 1, 1)
        assert violations(con) == [(2, "try_count_mismatch", "illegal")]
        used = fetch(con, "SELECT destination_index, tries_used FROM replay.transitions ORDER BY sequence")
        assert [(row["destination_index"], row["tries_used"]) for row in used] == [
            (index, number) for number in (1, 1, 3, 3)
        ]

    @pytest.mark.parametrize(
        ("there", "code"),
        [
            ({}, None),
            ({"target": "+12025550199"}, "destination_mismatch"),
            ({"type": "sip"}, "destination_mismatch"),
            ({"type": ""}, "destination_missing"),
            ({"target": ""}, "destination_missing"),
            (None, "destination_missing"),
        ],
    )
    def test_the_address_there(self, index: int, there: Row | None, code: str | None) -> None:
        address = None if there is None else phone(index) | there
        row = target(5, **{f"destination_{index}": address})
        con = replay([call(1, index, 0, 11)], [row], [self.one_try(index, 1)])
        assert violations(con) == ([(1, code, "illegal")] if code else [])

    @pytest.mark.parametrize("there", [{"type": ""}, {"target": ""}, None, {}])
    def test_a_target_that_has_it_alone(self, index: int, there: Row | None) -> None:
        address = None if there is None else phone(index) | there
        row = target(0, **{f"destination_{index}": address})
        is_there = there == {}
        for plans in ([self.one_try(index, 2)], []):
            found = outcome(replay([], [row], plans))
            assert found["outcome"] == ("untouched" if is_there else "not_dialable")
            known = is_there and bool(plans)
            assert (found["next_destination_index"], found["tries_left"]) == (
                (index, 2) if known else (None, None)
            )
        assert outcome(replay([], [row], [self.one_try((index + 1) % 5, 1)]))["outcome"] == "not_dialable"

    @pytest.mark.parametrize(("most", "name"), [(1, "exhausted"), (2, "retry_due")])
    def test_of_a_target_that_nobody_knows(self, index: int, most: int, name: str) -> None:
        """Such a target has the destinations at which it was dialled."""
        con = replay(
            [call(1, index, 0, 11)], [], [plan(*(most if other == index else 1 for other in range(5)))]
        )
        row = outcome(con)
        assert (row["outcome"], row["next_destination_index"]) == (name, index if most == 2 else None)
        assert walk(con)[-1] == ("hangup", "progressing", "done" if most == 1 else "idle")

    @pytest.mark.parametrize("most", [None, 0, -1])
    def test_a_plan_that_allows_no_try_there(self, index: int, most: int | None) -> None:
        plans = [self.one_try(index, 1) | {f"max_try_count_{index}": most}]
        con = replay([call(1, index, 0, 11)], [target(5)], plans)
        assert violations(con) == [(1, "try_limit_exceeded", "illegal")]
        assert outcome(con)["outcome"] == "exhausted"
        assert outcome(replay([], [target(5)], plans))["outcome"] == "not_dialable"

    def test_it_is_used_up_though_others_that_the_target_lacks_are_not(self, index: int) -> None:
        row = target(0, **{f"destination_{index}": phone(index)})
        first = call(1, index, 0, 50)
        con = replay([first], [row], [plan(1, 1, 1, 1, 1)])
        assert outcome(con)["outcome"] == "exhausted"
        assert walk(con)[-1] == ("hangup", "progressing", "done")
        calls = [first, call(2, index, 10, 60, try_count=2), call(3, index, 500, 510, try_count=3)]
        assert walk(replay(calls, [row], [plan(2, 2, 2, 2, 2)]))[3] == ("hangup", "progressing", "done")

    def test_overlapping_calls_of_a_target_that_nobody_knows(self, index: int) -> None:
        """By the last hangup of the two it has been dialled at both destinations, and one of them has a try left."""
        other = (index + 1) % 5
        calls = [call(1, other, 0, 50), call(2, index, 10, 60), call(3, index, 500, 510, try_count=2)]
        plans = [plan(*({other: 1, index: 2}.get(place, 0) for place in range(5)))]
        assert walk(replay(calls, [], plans))[3:] == [
            ("hangup", "progressing", "idle"),
            ("dial", "idle", "progressing"),
            ("hangup", "progressing", "done"),
        ]

    def test_overlapping_calls_use_it_up(self, index: int) -> None:
        """Two of two tries are used up when the last call ends; then a third is allowed, and used up."""
        calls = [
            call(1, index, 0, 50),
            call(2, index, 10, 60, try_count=2),
            call(3, index, 500, 510, try_count=3),
        ]
        plans = [self.one_try(index, 2), self.one_try(index, 3) | {"tm_update": at(200)}]
        con = replay(calls, [target(5)], plans)
        assert walk(con) == [
            ("dial", "idle", "progressing"),
            ("dial", "progressing", "progressing"),
            ("hangup", "progressing", "progressing"),
            ("hangup", "progressing", "done"),
            ("dial", "done", "progressing"),
            ("hangup", "progressing", "done"),
        ]
        used = fetch(con, "SELECT tries_used FROM replay.transitions ORDER BY sequence")
        assert [row["tries_used"] for row in used] == [1, 2, 2, 2, 3, 3]
        # With one try more at first, the target waits in between.
        plans = [self.one_try(index, 3)]
        assert walk(replay(calls, [target(5)], plans))[3:5] == [
            ("hangup", "progressing", "idle"),
            ("dial", "idle", "progressing"),
        ]


class TestCallsBesideOthers:
    def test_what_was_reached_stays_reached(self) -> None:
        con = replay([call(1, 0, 0, 50, "success"), call(2, 0, 10, 60, try_count=2)])
        assert walk(con) == [
            ("dial", "idle", "progressing"),
            ("dial", "progressing", "progressing"),
            ("hangup", "progressing", "done"),
            ("hangup", "done", "done"),
        ]
        assert outcome(con)["reached_at"] == at(50)

    def test_the_first_success_counts(self) -> None:
        calls = [
            call(1, 0, 0, 11, "success"),
            call(2, 0, 100, 130, "success", try_count=2),
            call(3, 0, 200, 210, try_count=3),
        ]
        con = replay(calls)
        assert outcome(con)["reached_at"] == at(11)
        assert fetch(con, "SELECT detail FROM replay.violations ORDER BY occurred_at") == [
            {"detail": "began 89000 ms after the target was reached"},
            {"detail": "began 189000 ms after the target was reached"},
        ]

    def test_without_an_outplan_nothing_is_used_up(self) -> None:
        calls = [call(1, 0, 0, 50), call(2, 0, 10, 60, try_count=2), call(3, 0, 500, 510, try_count=3)]
        con = replay(calls, plans=[])
        assert [status for *_, status in walk(con)] == ["progressing"] * 3 + ["idle", "progressing", "idle"]
        assert outcome(con)["outcome"] == "unresolved"


class TestTheMomentAPlanChanges:
    def test_a_dial_at_that_moment_is_judged_by_the_new_plan(self) -> None:
        calls = [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2)]
        con = replay(calls, plans=[plan(1), plan(2, since=80)])
        assert violations(con) == []
        assert outcome(con)["attempts"] == 2
        late = replay(calls, plans=[plan(1), plan(2, since=80.000001)])
        assert violations(late) == [(2, "try_limit_exceeded", "illegal")]

    @pytest.mark.parametrize(("since", "status"), [(11, "idle"), (11.000001, "done")])
    def test_a_hangup_at_that_moment_leaves_what_the_new_plan_says(self, since: float, status: str) -> None:
        calls = [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2)]
        con = replay(calls, plans=[plan(1), plan(2, since=since)])
        assert walk(con)[1] == ("hangup", "progressing", status)

    @pytest.mark.parametrize(("since", "status"), [(60, "idle"), (60.000001, "done")])
    def test_so_does_the_last_of_overlapping_calls(self, since: float, status: str) -> None:
        calls = [call(1, 0, 0, 50), call(2, 0, 10, 60, try_count=2), call(3, 0, 500, 510, try_count=3)]
        con = replay(calls, plans=[plan(2), plan(4, since=since)])
        assert walk(con)[3] == ("hangup", "progressing", status)


class TestAgreement:
    """Rows of the platform polled long before the as-of moment, unless the test says otherwise."""

    @pytest.mark.parametrize(
        ("calls", "status", "agreement"),
        [
            ([call(1, 0, 0, 11)], "idle", "match"),
            ([call(1, 0, 0, 11)], "done", "done_unexplained"),
            ([call(1, 0, 0, 11)], "progressing", "lost_write"),
            ([call(1, 0, 0, 11, try_count=3)], "idle", "exhausted_left_idle"),
            ([call(1, 0, 0, 11, try_count=3)], "done", "match"),
            ([call(1, 0, 0, None)], "idle", "open_call_unseen"),
            ([call(1, 0, 0, None)], "done", "open_call_unseen"),
            ([call(1, 0, 0, None)], "progressing", "match"),
            ([call(1, 0, 0, 11, "success")], "idle", "differs"),
            ([call(1, 0, 0, 11, "success")], "progressing", "lost_write"),
            ([], "idle", "match"),
            ([], "done", "done_unexplained"),
        ],
    )
    def test_status(self, calls: list[Row], status: str, agreement: str) -> None:
        row = outcome(replay(calls, [target(status=status, tm_update=at(11))]))
        assert (row["platform_status"], row["status_agreement"]) == (status, agreement)

    @pytest.mark.parametrize(
        ("counters", "agreement"),
        [
            ([2, 1], "match"),
            ([3, 1], "missing_calls"),
            ([1, 1], "lost_increment"),
            ([1, 0], "lost_increment"),
            ([0, 1], "impossible"),
            ([0, 2], "impossible"),
            ([1, 2], "missing_calls"),
        ],
    )
    def test_tries(self, counters: list[int], agreement: str) -> None:
        calls = [call(1, 0, 0, 11), call(2, 0, 80, 90, try_count=2), call(3, 1, 160, 170)]
        counted = {f"try_count_{index}": number for index, number in enumerate([*counters, 0, 0, 0])}
        row = outcome(replay(calls, [target(2, status="idle", tm_update=at(170), **counted)], [plan(3, 3)]))
        assert row["tries_agreement"] == agreement

    def test_drift_younger_than_the_gap_between_the_polls(self) -> None:
        calls, row = [call(1, 0, 0, 100)], target(status="progressing", try_count_0=3, tm_update=at(0))
        # The lists are 100 s apart, the clocks 5 s: what is younger than 105 s may only be a write not yet polled.
        young, old = outcome(replay(calls, [row], as_of=204)), outcome(replay(calls, [row], as_of=205))
        assert (young["status_agreement"], young["tries_agreement"]) == (
            "not_yet_comparable",
            "not_yet_comparable",
        )
        assert (old["status_agreement"], old["tries_agreement"]) == ("lost_write", "missing_calls")

    def test_another_systems_later_call_makes_no_drift_older(self) -> None:
        """The dialer's own moment does not move on with what another system did a day later."""
        rows = {
            "voipbin_campaigncalls": [call(1, 0, 0, 100)],
            "voipbin_outdialtargets": [target(status="progressing", try_count_0=3, tm_update=at(0))],
            "voipbin_outplans": [plan(3)],
        }
        later = {"outreach_calls": [{"id": 1, "created_at": at(86_400), "updated_at": at(86_400)}]}
        for log in (rows, rows | later):
            con = ledger(log)
            build(con, "replay.target_outcomes")
            assert outcome(con)["as_of"] == at(100)
            assert outcome(con)["status_agreement"] == "not_yet_comparable"
            assert outcome(con)["tries_agreement"] == "not_yet_comparable"

    @pytest.mark.parametrize(
        ("latest_call", "latest_row"),
        [
            (call(2, 0, 0, 100, outdial_target_id=uuid(8)), {"tm_create": at(-500), "tm_update": at(0)}),
            (call(2, 0, 100, None, outdial_target_id=uuid(8)), {"tm_create": at(0), "tm_update": None}),
        ],
        ids=["a hangup and a change", "a dial and a creation"],
    )
    def test_a_list_was_polled_when_the_latest_write_was_that_it_shows(
        self, latest_call: Row, latest_row: Row
    ) -> None:
        calls = [call(1, 0, -90, 11), latest_call]
        rows = [target(status="progressing", tm_update=at(-800)), target(id=uuid(8), **latest_row)]

        def agreement(as_of: float) -> str:
            con = replay(calls, rows, as_of=as_of)
            found = f"SELECT * FROM replay.target_outcomes WHERE outdial_target_id = '{TARGET}'"
            return str(fetch(con, found)[0]["status_agreement"])

        assert [agreement(11 + 104), agreement(11 + 105)] == ["not_yet_comparable", "lost_write"]

    def test_a_row_of_a_later_moment_is_not_comparable(self) -> None:
        row = outcome(
            replay([call(1, 0, 0, 11)], [target(status="idle", try_count_0=1, tm_update=at(500))], as_of=400)
        )
        assert (row["status_agreement"], row["tries_agreement"]) == (
            "not_yet_comparable",
            "not_yet_comparable",
        )
