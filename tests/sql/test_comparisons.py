"""Comparisons of contact rates: the interval and the p of a difference, whom a whole family names, and alike hours.

Belongs here: figures from the literature, small logs counted by hand, and simulated logs in which nobody differs.
`make long` simulates more of them (EQUAL_LOGS in the environment). Does not belong here: the recount over generated logs
(test_reports_recount.py).
"""

from __future__ import annotations

import math
import os
import statistics
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.recount.comparisons import holm
from tests.sql.logs import START, Row, action_builder, merged, voipbin, with_mapping
from tests.sql.test_reports import with_macros
from tests.support import build, fetch

MACROS = with_macros()
ROUNDS = int(os.environ.get("EQUAL_LOGS", "1"))


def macro(name: str, *arguments: float | None) -> Any:
    row = MACROS.execute(f"SELECT reports.{name}({', '.join('?' * len(arguments))})", arguments).fetchone()
    assert row is not None
    return row[0]


def comparisons(rows: dict[str, list[Row]], where: str = "TRUE", **settings: Any) -> list[Row]:
    con = with_mapping(rows, **settings)
    build(con, "reports.comparisons")
    return fetch(con, f"FROM reports.comparisons WHERE {where} ORDER BY ALL")


# ------------------------------------------------------------------------------------------------------- macros


@pytest.mark.parametrize(
    ("counts", "difference", "low", "high"),
    [
        ((56, 70, 48, 80), 0.2000, 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.6000, 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.5714, 0.0582, 0.8062),
        ((5, 56, 0, 29), 0.0893, -0.0381, 0.1926),
        ((0, 10, 0, 20), 0.0000, -0.1611, 0.2775),
        ((0, 10, 0, 10), 0.0000, -0.2775, 0.2775),
        ((10, 10, 0, 20), 1.0000, 0.6791, 1.0000),
        ((10, 10, 0, 10), 1.0000, 0.6075, 1.0000),
    ],
)
def test_newcombe(counts: tuple[int, ...], difference: float, low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17:873-890, table II, method 10."""
    reached, tried, other_reached, other_tried = counts
    assert reached / tried - other_reached / other_tried == pytest.approx(difference, abs=5e-5)
    assert macro("diff_low", *counts) == pytest.approx(low, abs=5e-5)
    assert macro("diff_high", *counts) == pytest.approx(high, abs=5e-5)
    turned = (other_reached, other_tried, reached, tried)
    assert macro("diff_low", *turned) == pytest.approx(-high, abs=5e-5)
    assert macro("diff_high", *turned) == pytest.approx(-low, abs=5e-5)


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (1, 2, 0, 0), (3, 2, 1, 2), (1, 2, -1, 2), (None, 2, 1, 2)])
@pytest.mark.parametrize("name", ["diff_low", "diff_high", "diff_z", "diff_p"])
def test_a_difference_of_what_is_no_rate_is_null(name: str, counts: tuple[int | None, ...]) -> None:
    assert macro(name, *counts) is None


def test_erfc_of_every_size() -> None:
    """Abramowitz and Stegun, table 7.1, and the standard library's own function, in every branch and at its ends."""
    for x, table in ((0.0, 1), (0.5, 1 - 0.5204998778), (1.0, 1 - 0.8427007929), (2.0, 1 - 0.9953222650)):
        assert macro("erfc", x) == pytest.approx(table, abs=5e-11)
    steps = MACROS.execute(
        "SELECT i / 100, reports.erfc(i / 100) FROM range(1, 2600) AS steps (i)"
    ).fetchall()
    assert all(found == pytest.approx(math.erfc(x), rel=1e-13) for x, found in steps)
    for x in (0.46874999, 0.46875, 4.0, 4.00000001):
        assert macro("erfc", x) == pytest.approx(math.erfc(x), rel=1e-14)
    assert macro("erfc", 40.0) == 0
    for p in (0.5, 0.05, 0.01, 0.05 / 190, 1e-12):
        z = statistics.NormalDist().inv_cdf(1 - p / 2)
        assert macro("erfc", z / math.sqrt(2)) == pytest.approx(p, rel=1e-4 if p < 1e-9 else 1e-9)


def test_the_deviate_is_the_smaller_of_two() -> None:
    """Physicians' Health Study, heart attacks under placebo and aspirin: X² 25.014, G² 25.372 (Agresti's example)."""
    z = macro("diff_z", 189, 11034, 104, 11037)
    assert z**2 == pytest.approx(25.014, abs=5e-4)
    assert macro("diff_p", 189, 11034, 104, 11037) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-12)
    # One side reached nobody: 0 of 30 against 20 of 100. G² is 11.6, X² is 7.1.
    assert macro("diff_z", 0, 30, 20, 100) ** 2 == pytest.approx(
        130 * 600**2 / (30 * 100 * 20 * 110), rel=1e-12
    )
    # One side is small: 2 of 10 against 10 of 1000. X² is 30.7, G² only 9.6.
    ratio = 2 * (
        2 * math.log(0.2 / (12 / 1010)) + 8 * math.log(0.8 / (998 / 1010))
        + 10 * math.log(0.01 / (12 / 1010)) + 990 * math.log(0.99 / (998 / 1010))
    )  # fmt: skip
    assert macro("diff_z", 2, 10, 10, 1000) ** 2 == pytest.approx(ratio, rel=1e-9)
    assert ratio < 15


@pytest.mark.parametrize("counts", [(0, 5, 0, 7), (5, 5, 7, 7), (2, 4, 3, 6)])
def test_equal_rates_do_not_differ(counts: tuple[int, ...]) -> None:
    assert macro("diff_p", *counts) == pytest.approx(1, abs=1e-7)


def test_holm() -> None:
    """The worked example of the article on the method: .01, .04, .03, .005 become .03, .06, .06, .02."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1, 1]


# ------------------------------------------------------------------------------------------------ logs by hand


def campaign(number: int, reached: int, tried: int, first_target: int = 0) -> dict[str, list[Row]]:
    """A campaign that tried so many targets once."""
    words = {first_target + 1000 * number + n: ["C" if n < reached else "NA"] for n in range(tried)}
    return action_builder(words, campaign=number, first_id=1 + 10_000 * number)


def test_without_input_there_is_nothing_to_compare() -> None:
    assert comparisons({}) == []


def test_one_campaign_of_one_agent_has_nobody_beside_it() -> None:
    assert comparisons(voipbin({1: ["C"], 2: ["NA"]})) == []


def test_campaigns_with_one_another_by_hand() -> None:
    """56/70 v 48/80, Newcombe's own example; 56/70 v 5/50; 48/80 v 5/50; and 1 of 1, which is thin."""
    rows = comparisons(
        merged(campaign(1, 56, 70), campaign(2, 48, 80), campaign(3, 5, 50), campaign(4, 1, 1)),
        "family = 'campaigns'",
    )
    assert {(row["source"], row["campaign_key"], row["campaign_name"]) for row in rows} == {
        ("action_builder", "all", None)
    }
    found = {(row["side"][-1], row["other"][-1]): row for row in rows}
    assert found.keys() == {("1", "2"), ("1", "3"), ("2", "3"), ("1", "4"), ("2", "4"), ("3", "4")}
    first = found["1", "2"]
    assert (first["reached"], first["tried"], first["other_reached"], first["other_tried"]) == (
        56,
        70,
        48,
        80,
    )
    assert (first["size"], first["other_size"], first["unit"]) == (70, 80, "targets")
    assert (first["difference"], first["low"], first["high"]) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=5e-5
    )
    # X² = 150 (56 * 32 - 14 * 48)² / (70 * 80 * 104 * 46), G² is above it. Of three, it is the greatest p: not multiplied.
    squared = 150 * (56 * 32 - 14 * 48) ** 2 / (70 * 80 * 104 * 46)
    assert first["p"] == pytest.approx(math.erfc(math.sqrt(squared / 2)))
    assert (first["p_holm"], first["comparisons"]) == (first["p"], 3)
    assert found["1", "3"]["p_holm"] == pytest.approx(3 * found["1", "3"]["p"])
    assert found["2", "3"]["p_holm"] == pytest.approx(2 * found["2", "3"]["p"])
    assert [row["is_clear"] for pair, row in found.items() if "4" not in pair] == [True] * 3
    for pair in ("14", "24", "34"):
        thin = found[pair[0], pair[1]]
        assert (thin["is_thin"], thin["is_clear"], thin["p"], thin["p_holm"]) == (True, False, None, None)
        assert thin["high"] is not None


def test_what_is_clear_alone_may_not_be_clear_among_many() -> None:
    """30/60 v 18/60 alone has p = .025, and its interval leaves 0 out. Among ten comparisons that is not told apart."""
    alone = comparisons(merged(campaign(1, 30, 60), campaign(2, 18, 60)), "family = 'campaigns'")
    assert [(row["is_clear"], row["low"] > 0) for row in alone] == [(True, True)]
    among = comparisons(
        merged(campaign(1, 30, 60), campaign(2, 18, 60), *(campaign(n, 24, 60) for n in (3, 4, 5))),
        "family = 'campaigns'",
    )
    assert len(among) == 10
    assert among[0]["p"] == alone[0]["p"] < 0.05 < among[0]["p_holm"] == pytest.approx(10 * alone[0]["p"])
    assert [row["is_clear"] for row in among] == [False] * 10


def test_more_than_twenty_campaigns_are_compared_with_the_rest() -> None:
    """21 campaigns of 10 targets, of which one is the same in all: 190 targets + 1, in 210 rows of campaigns."""
    logs = [campaign(n, 5, 10) for n in range(1, 21)]
    assert len(comparisons(merged(*logs), "family = 'campaigns'")) == 190
    logs.append(campaign(21, 10, 10))
    for rows in (log["action_builder_contact_attempts"] for log in logs):
        rows[-1]["entity_id"] = 7
    found = comparisons(merged(*logs), "family = 'campaigns'")
    assert [(row["other"], row["other_name"]) for row in found] == [("rest", "rest")] * 21
    last = next(row for row in found if row["side"] == "action_builder:21")
    assert (last["reached"], last["tried"], last["size"]) == (10, 10, 10)
    assert (last["other_reached"], last["other_tried"]) == (100, 200)
    assert last["other_size"] == pytest.approx(200 * 190 / 210)
    assert last["comparisons"] == 21
    assert last["is_clear"]


def test_attempts_outside_campaigns_are_no_campaign() -> None:
    rows = merged(campaign(1, 30, 40), campaign(2, 10, 40))
    for row in rows["action_builder_contact_attempts"]:
        row["campaign_id"] = None if row["campaign_id"] == 2 else 1
    assert comparisons(rows, "family = 'campaigns'") == []


def weekly(*weeks: tuple[int, int, int]) -> dict[str, list[Row]]:
    """(week, reached, tried): new targets of one campaign, tried on that week's Monday."""
    rows: list[Row] = []
    for week, reached, tried in weeks:
        for number in range(tried):
            moment = START + timedelta(days=7 * week, minutes=number)
            rows.append({"id": len(rows), "entity_id": len(rows), "campaign_id": 1, "created_at": moment,
                         "updated_at": moment, "disposition": 0 if number < reached else 1})  # fmt: skip
    return {"action_builder_contact_attempts": rows}


def test_each_week_with_the_week_before() -> None:
    """Weeks 0, 1 and 3; nobody was tried in week 2. The source's weeks are a family of their own."""
    found = comparisons(weekly((0, 10, 40), (1, 30, 40), (3, 28, 40)), as_of=datetime(2026, 3, 30))
    for key in ("action_builder:1", "all"):
        rows = [row for row in found if row["campaign_key"] == key]
        assert [(row["family"], row["side"], row["other"]) for row in rows] == [
            ("weeks", "2026-03-09", "2026-03-02"), ("weeks", "2026-03-23", "2026-03-09"),
        ]  # fmt: skip
        assert [(row["reached"], row["other_reached"], row["is_clear"]) for row in rows] == [
            (30, 10, True), (28, 30, False),
        ]  # fmt: skip
        assert {row["comparisons"] for row in rows} == {2}


@pytest.mark.parametrize(
    ("as_of", "zone", "weeks"),
    [
        (datetime(2026, 3, 15, 23, 59), "UTC", 0),
        (datetime(2026, 3, 16), "UTC", 1),
        (datetime(2026, 3, 15, 23, 59), "Europe/Berlin", 1),
        (datetime(2026, 3, 16), "America/New_York", 0),
        (None, "UTC", 0),
    ],
)
def test_a_week_that_is_not_over_is_not_compared(as_of: datetime | None, zone: str, weeks: int) -> None:
    """The second week ends with Sunday, 15 March, in the reporting time zone. Without a setting it has only begun."""
    found = comparisons(weekly((0, 10, 40), (1, 1, 40)), "campaign_key = 'all'", as_of=as_of, timezone=zone)
    assert len(found) == weeks


def agents(*people: tuple[int, list[str]]) -> dict[str, list[Row]]:
    """(agent, one word a target): each target of one campaign, tried once."""
    rows: list[Row] = []
    for agent, words in people:
        for word in words:
            log = action_builder({len(rows): [word]}, first_id=len(rows))["action_builder_contact_attempts"]
            rows += [row | {"created_by_id": agent} for row in log]
    return {"action_builder_contact_attempts": rows}


def test_each_agent_with_the_rest_of_the_campaign() -> None:
    rows = agents((1, ["C"] * 15 + ["NA"] * 5), (2, ["C"] * 4 + ["NA"] * 36), (3, ["C"] * 4), (4, ["NA"] * 6))
    for row in rows["action_builder_contact_attempts"]:
        row["created_by_id"] = None if row["created_by_id"] == 4 else row["created_by_id"]
    found = {row["side"]: row for row in comparisons(rows)}
    assert found.keys() == {"action_builder:1", "action_builder:2", "action_builder:3"}
    assert {(row["campaign_key"], row["family"], row["other"], row["unit"]) for row in found.values()} == {
        ("action_builder:1", "agents", "rest", "attempts")
    }
    # The rest holds whoever is not named, too.
    first = found["action_builder:1"]
    assert (first["reached"], first["tried"], first["other_reached"], first["other_tried"]) == (15, 20, 8, 50)
    assert (first["size"], first["other_size"]) == (20, 50)
    assert [found[f"action_builder:{agent}"]["is_clear"] for agent in (1, 2, 3)] == [True, True, False]
    assert [found[f"action_builder:{agent}"]["is_thin"] for agent in (1, 2, 3)] == [False, False, True]
    assert first["comparisons"] == 2


def test_attempts_on_the_same_people_count_for_less() -> None:
    """Two agents, each with 8 people whom they tried ten times: always reached, or never. That is 8 people, not 80."""
    rows: list[Row] = []
    for person in range(16):
        word = "C" if person in (0, 1, 2, 3, 4, 5, 8, 9) else "NA"
        log = action_builder({person: [word] * 10}, first_id=10 * person)["action_builder_contact_attempts"]
        rows += [row | {"created_by_id": person // 8} for row in log]
    found = comparisons({"action_builder_contact_attempts": rows}, "family = 'agents'")
    assert [(row["reached"], row["tried"]) for row in found] == [(60, 80), (20, 80)]
    for row in found:
        assert max(row["size"], row["other_size"]) <= 8.5
        assert not row["is_clear"]
    assert macro("diff_p", 60, 80, 20, 80) < 1e-9


# ----------------------------------------------------------------------------------------- logs without a difference


def uniform(*of: str) -> str:
    """SQL: a number from 0 to 1, the same in every run, another for each value of the expressions."""
    return f"(hash({', '.join(of)}) % 1000000007 / 1000000007.0)"


def equal_agents(
    con: duckdb.DuckDBPyConnection,
    logs: int,
    targets: int,
    rate: float,
    *,
    mixed: float,
    own: bool,
    seed: int,
) -> None:
    """So many campaigns in which 20 agents reach people equally often, with at most four tries until a contact.

    Agents have unequal numbers of people. ``mixed``: how far people differ, 0 to 1; ``own``: every target has one agent.
    """
    seeds = str(seed)
    agent = f"floor(20 * power({uniform(seeds, '1', 'log', 'target', *([] if own else ['try']))}, 1.5))"
    easy = f"{uniform(seeds, '2', 'log', 'target')} < 0.5"
    con.execute(f"""
INSERT INTO raw.action_builder_contact_attempts
    (id, campaign_id, entity_id, created_by_id, disposition, created_at, updated_at)
SELECT row_number() OVER (ORDER BY log, target, try), log, target, agent, CASE WHEN hit THEN 0 ELSE 1 END,
    TIMESTAMP '2026-03-02' + to_minutes(try * 60), TIMESTAMP '2026-03-02' + to_minutes(try * 60)
FROM (
    SELECT log, target, try, CAST({agent} AS BIGINT) AS agent, hit,
        coalesce(bool_or(hit) OVER (
            PARTITION BY log, target ORDER BY try ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), FALSE) AS is_over
    FROM (
        SELECT log, target, try,
            {uniform(seeds, "3", "log", "target", "try")} < {rate} * CASE WHEN {easy} THEN 1 + {mixed} ELSE 1 - {mixed} END AS hit
        FROM range({logs}) AS a (log), range({targets}) AS b (target), range(4) AS c (try)
    )
)
WHERE NOT is_over""")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize(
    ("targets", "rate", "mixed", "own"),
    [(300, 0.01, 0.0, False), (200, 0.1, 0.5, False), (200, 0.35, 0.8, False), (200, 0.35, 0.8, True)],
)
def test_among_equal_agents_nobody_is_named(
    targets: int, rate: float, mixed: float, own: bool, seed: int
) -> None:
    """The family names somebody in at most 5 % of 150 logs, chance aside; comparing one by one would in most."""
    logs = 150
    con = with_mapping({})
    equal_agents(con, logs, targets, rate, mixed=mixed, own=own, seed=seed)
    build(con, "reports.comparisons")
    ((families, named, one_by_one, most),) = con.execute("""
SELECT count(*), count(*) FILTER (clear > 0), count(*) FILTER (apart > 0), max(agents)
FROM (
    SELECT campaign_key, count(*) AS agents, count(*) FILTER (is_clear) AS clear,
        count(*) FILTER ((low > 0 OR high < 0) AND NOT is_thin) AS apart
    FROM reports.comparisons WHERE family = 'agents' GROUP BY campaign_key
)""").fetchall()
    con.close()
    assert (families, most) == (logs, 20)
    assert named <= logs * 0.05 + 2.33 * math.sqrt(logs * 0.05 * 0.95)
    if rate > 0.05 and not own:
        assert one_by_one > 0.3 * logs


def test_an_agent_who_differs_is_named() -> None:
    """The same logs, with one agent who reaches three times as many: a test that names nobody would pass the other."""
    con = with_mapping({})
    equal_agents(con, 20, 300, 0.1, mixed=0.5, own=False, seed=0)
    con.execute("""
UPDATE raw.action_builder_contact_attempts SET disposition = 0
WHERE created_by_id = 3 AND hash(id) % 4 = 0""")
    build(con, "reports.comparisons")
    found = fetch(con, "SELECT side, count(*) AS logs FROM reports.comparisons WHERE is_clear GROUP BY side")
    con.close()
    assert [row["side"] for row in found] == ["action_builder:3"]
    assert found[0]["logs"] >= 15


CELLS = {
    "even": [100] * 12,
    "uneven": [6] * 15 + [200] * 5,
    "one large": [8, 8, 8, 8, 400],
    "a week": [10] * 60,
}
"""Attempts in each hour of the week that has any."""


def equal_hours(con: duckdb.DuckDBPyConnection, logs: int, cells: list[int], rate: float, seed: int) -> None:
    """So many campaigns that reach people equally often at every hour. Each target is tried once."""
    hours = ", ".join(f"({place}, {attempts})" for place, attempts in enumerate(cells))
    con.execute(f"""
INSERT INTO raw.action_builder_contact_attempts
    (id, campaign_id, entity_id, disposition, created_at, updated_at)
SELECT row_number() OVER (ORDER BY log, place, number), log, row_number() OVER (ORDER BY log, place, number),
    CASE WHEN {uniform(str(seed), "4", "log", "place", "number")} < {rate} THEN 0 ELSE 1 END,
    TIMESTAMP '2026-03-02' + to_hours(place), TIMESTAMP '2026-03-02' + to_hours(place)
FROM range({logs}) AS a (log)
CROSS JOIN (VALUES {hours}) AS b (place, attempts)
CROSS JOIN range({max(cells)}) AS c (number)
WHERE number < attempts""")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("rate", [0.01, 0.03, 0.2])
@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS)
def test_hours_that_are_alike_are_not_told_apart(cells: list[int], rate: float, seed: int) -> None:
    """In at most 5 % of 150 logs, chance aside; chi-squared's own limit is passed in up to 20 % of them."""
    logs = 150
    con = with_mapping({})
    equal_hours(con, logs, cells, rate, seed)
    build(con, "reports.best_time")
    ((kept, told),) = con.execute("""
SELECT count(DISTINCT campaign_key), count(DISTINCT CASE WHEN prior_attempts IS NOT NULL THEN campaign_key END)
FROM reports.best_time WHERE clock = 'reporting' AND attempts_kind = 'first'""").fetchall()
    con.close()
    assert kept == logs
    assert told <= logs * 0.05 + 2.33 * math.sqrt(logs * 0.05 * 0.95)


def test_one_good_hour_is_told_at_a_rate_of_one_in_a_hundred() -> None:
    """12 of 200 against 2 of 200 in each of nine hours: with so many attempts it shows."""
    rows = [
        {"id": 1000 * hour + number, "entity_id": 1000 * hour + number, "campaign_id": 1,
         "created_at": START.replace(hour=hour), "updated_at": START.replace(hour=hour),
         "disposition": 0 if number < (12 if hour == 18 else 2) else 1}
        for hour in range(9, 19) for number in range(200)
    ]  # fmt: skip
    con = with_mapping({"action_builder_contact_attempts": rows})
    build(con, "reports.best_time")
    found = fetch(
        con,
        "FROM reports.best_time WHERE clock = 'reporting' AND attempts_kind = 'first' ORDER BY shrunk_rate_per_attempt DESC",
    )
    con.close()
    assert found[0]["hour"] == 18
    assert found[0]["prior_attempts"] is not None
    assert found[0]["shrunk_rate_per_attempt"] > 2 * found[1]["shrunk_rate_per_attempt"]
