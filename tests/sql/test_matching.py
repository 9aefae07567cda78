"""Which targets are one person: held to a population of whom it is known, and recounted in plain Python.

Belongs here: ``core.person_targets`` over made-up lists. Does not belong here: what is counted per person
(tests/sql/test_people.py) and the rates of the population (tests/simulation/population.py).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recount.people import Matched, facts, match
from tests.simulation.dialer import address, identifier
from tests.simulation.population import SHORT, Quality, pooled, population, quality
from tests.support import build, examples, fetch, ledger

SEEDS = range(5)
ADULTS = 2_000
NICKNAMES = {short.lower(): full.lower() for full, shorts in SHORT.items() for short in shorts}
"""The nicknames of these tests, so that a line in the data file changes none of them."""
LINES = [{"name": short, "first_name": full} for short, full in NICKNAMES.items()]

Lists = dict[str, list[dict[str, Any]]]


def person_targets(lists: Lists) -> dict[str, Matched]:
    """``core.person_targets`` of these lists, by target."""
    con = ledger(lists)
    _load_nicknames(con)
    build(con, "core.person_targets")
    rows = fetch(con, "SELECT target_key, person_key, basis, strength, is_ambiguous FROM core.person_targets")
    found = {row["target_key"]: Matched(**row) for row in rows}
    assert len(found) == len(rows), "a target is one person"
    return found


def _load_nicknames(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM landing.nicknames")
    con.executemany("INSERT INTO landing.nicknames VALUES (?, ?)", [list(line.values()) for line in LINES])


def persons(found: Mapping[str, Matched]) -> dict[str, str]:
    return {target: one.person_key for target, one in found.items()}


# ------------------------------------------------------------------------------------------------ known truth


def test_people_are_found_and_few_are_mistaken(capsys: pytest.CaptureFixture[str]) -> None:
    """A town more or less with a busy switchboard moves one figure by a hundredth; five together tell."""
    reached: list[Quality] = []
    for seed in SEEDS:
        made = population(seed, ADULTS)
        found = person_targets(made.rows)
        reached.append(quality(made.truth, persons(found)))
        with capsys.disabled():
            print(f"\ntown {seed}: {reached[-1]}", end="")
        assert found == match(facts(made.rows), NICKNAMES)
        assert reached[-1].precision >= 0.96
    together = pooled(reached)
    with capsys.disabled():
        print(f"\nall towns: {together}")
    assert together.pairs > 10_000
    assert together.precision >= 0.97
    assert together.recall >= 0.70


def test_over_many_towns(capsys: pytest.CaptureFixture[str]) -> None:
    """The rule itself, by the recount, over as many towns again."""
    towns = [population(seed, ADULTS) for seed in range(100, 100 + examples(10))]
    together = pooled([quality(made.truth, persons(match(facts(made.rows), NICKNAMES))) for made in towns])
    with capsys.disabled():
        print(f"\nthe rule over {len(towns)} more towns: {together}")
    assert together.precision >= 0.97
    assert together.recall >= 0.70


def test_the_names_guard_the_numbers() -> None:
    """Without first names, people of one household or firm become one: the population has what the rule is for."""
    made = population(0, ADULTS)
    known = facts(made.rows)
    for one in known.values():
        one.first_names = {"somebody"}
    assert quality(made.truth, persons(match(known, {}))).precision < 0.85


def test_a_population_is_the_same_every_time() -> None:
    one, two, other = population(3, 200), population(3, 200), population(4, 200)
    assert (one.rows, one.truth) == (two.rows, two.truth)
    assert one.rows != other.rows
    assert set(one.truth) == set(facts(one.rows))


def test_quality_counts_pairs() -> None:
    truth = {"a": 1, "b": 1, "c": 1, "d": 2}
    reached = quality(truth, {"a": "p", "b": "p", "c": "q", "d": "q"})
    assert (reached.precision, reached.recall, reached.pairs) == (0.5, 1 / 3, 3)
    assert quality(truth, dict.fromkeys(truth, "p")).precision == 0.5
    assert quality({"a": 1}, {"a": "p"}).precision == 1.0


# ---------------------------------------------------------------------------------------------------- recount

NAMES = st.sampled_from(
    ["Maria", "MARÍA López", "Bob", "Robert", "José", "", None, "R. Park", "Zoë", "Lopez, Maria"]
)
NUMBERS = st.sampled_from(
    [
        "+12125550142",
        "(212) 555-0142",
        "1-212-555-0143",
        "212.555.0144 x12",
        "0012125550145",
        "+12125550146",
        "+12125550147",
        "+12125550148",
        "n/a",
        "555-0142",
        None,
    ]
)
ADDRESSES = st.sampled_from(
    [
        "a@example.com",
        " A@Example.com",
        "b@example.com",
        "info@example.com",
        "Sales@example.com",
        "none",
        None,
    ]
)
MEMBERS = st.sampled_from([None, None, None, "M1", "M2"])
HOUSE = st.sampled_from([None, None, None, None, "one", "two"])


@st.composite
def lists(draw: st.DrawFn) -> Lists:
    """Up to 23 targets in four systems, at a handful of numbers: few examples, because each builds a ledger."""
    made: Lists = {}

    def add(table: str, **row: Any) -> None:
        made.setdefault(table, []).append(row)

    keys: list[tuple[str, str]] = []
    for number in range(draw(st.integers(0, 9))):
        native = identifier("entry", number)
        keys.append(("voipbin", native))
        name = draw(NAMES)
        numbers = draw(st.lists(NUMBERS, max_size=3))
        places = {
            f"destination_{i}": address(value, "") for i, value in enumerate(numbers) if value is not None
        }
        add("voipbin_outdialtargets", id=native, name=name, **places)
    for number in range(draw(st.integers(0, 6))):
        keys.append(("outreach", str(number)))
        add(
            "outreach_prospects",
            id=number,
            first_name=draw(NAMES),
            emails=[value for value in draw(st.lists(ADDRESSES, max_size=2)) if value is not None],
            work_phones=[value for value in draw(st.lists(NUMBERS, max_size=2)) if value is not None],
            external_id=draw(MEMBERS),
        )
    for number in range(draw(st.integers(0, 4))):
        keys.append(("action_builder", str(number)))
        add("action_builder_entities", id=number, first_name=draw(NAMES), custom_id=draw(MEMBERS))
        owner = {
            "id": number,
            "owner_id": number,
            "owner_type": draw(st.sampled_from(["Entity", "Entity", "User"])),
        }
        add("action_builder_phone_numbers", number=draw(NUMBERS), **owner)
        add("action_builder_emails", email=draw(ADDRESSES), **owner)
    for number in range(draw(st.integers(0, 4))):
        keys.append(("liondesk", str(number)))
        add(
            "liondesk_contacts",
            id=number,
            first_name=draw(NAMES),
            email=draw(ADDRESSES),
            mobile_phone=draw(NUMBERS),
            home_phone=draw(NUMBERS),
        )
    for source, target in keys:
        person = draw(HOUSE)
        if person is not None:
            add("house_people", source=source, target_id=target, person=person)
    return made


@settings(max_examples=examples(8), deadline=None)
@given(lists(), st.integers(0, 1_000))
def test_the_table_is_its_recount_in_any_order_of_rows(made: Lists, order: int) -> None:
    shuffle = random.Random(order).shuffle
    mixed = {table: list(rows) for table, rows in made.items()}
    for rows in mixed.values():
        shuffle(rows)
    names = list(mixed)
    shuffle(names)
    assert person_targets({name: mixed[name] for name in names}) == match(facts(made), NICKNAMES)


# ------------------------------------------------------------------------------------------- the rule, by hand


ZEROS = "00000000-0000-0000-0000-00000000000"


def told(lists: Lists) -> dict[str, tuple[str, str, bool]]:
    """Target → person, basis, ambiguous, by the table and by the recount, without what is the same in every key."""
    found = person_targets(lists)
    assert found == match(facts(lists), NICKNAMES)
    return {
        target.replace(ZEROS, ""): (
            one.person_key.removeprefix("person:").replace(ZEROS, ""),
            one.basis,
            one.is_ambiguous,
        )
        for target, one in found.items()
    }


def entry(number: int, name: str | None, *numbers: str) -> dict[str, Any]:
    row: dict[str, Any] = {"id": f"{ZEROS}{number}", "name": name}
    return row | {f"destination_{i}": address(value) for i, value in enumerate(numbers)}


LOPEZ = {
    "action_builder_entities": [{"id": 501, "first_name": "Maria", "last_name": "Lopez"}],
    "action_builder_phone_numbers": [
        {"id": 1, "number": "(212) 555-0142", "owner_id": 501, "owner_type": "Entity"}
    ],
    "outreach_prospects": [
        {"id": 900, "first_name": "Maria", "last_name": "Lopez", "work_phones": ["+1 212 555 0142"]}
    ],
    "voipbin_outdialtargets": [entry(7, "", "+12125550142")],
}
JOSE = {"liondesk_contacts": [{"id": 76, "first_name": "José", "mobile_phone": "1-212-555-0142"}]}


def test_a_nameless_entry_joins_if_everybody_at_its_number_has_one_name() -> None:
    one = "action_builder:501"
    assert told(LOPEZ) == {
        one: (one, "phone_and_name", False),
        "outreach:900": (one, "phone_and_name", False),
        "voipbin:7": (one, "phone", False),
    }
    assert told(LOPEZ | JOSE) == {
        one: (one, "phone_and_name", False),
        "outreach:900": (one, "phone_and_name", False),
        "voipbin:7": ("voipbin:7", "alone", True),
        "liondesk:76": ("liondesk:76", "alone", False),
    }


def test_nameless_entries_of_a_number_are_one_person() -> None:
    made = {"voipbin_outdialtargets": [entry(1, None, "+12125550142"), entry(2, " ", "+12125550142")]}
    assert told(made) == {
        "voipbin:1": ("voipbin:1", "phone", False),
        "voipbin:2": ("voipbin:1", "phone", False),
    }


def test_a_nameless_entry_with_two_numbers_unites_no_two_names() -> None:
    made = {
        "voipbin_outdialtargets": [
            entry(1, "Maria", "+12125550142"),
            entry(2, "Bob", "+12125550143"),
            entry(3, None, "+12125550142", "+12125550143"),
        ]
    }
    assert told(made) == {
        f"voipbin:{number}": (f"voipbin:{number}", "alone", number == 3) for number in (1, 2, 3)
    }


def test_a_number_of_nameless_entries_unites_no_two_names() -> None:
    made = {
        "voipbin_outdialtargets": [
            entry(1, "Maria", "+12125550142"),
            entry(2, None, "+12125550142", "+12125550144"),
            entry(3, None, "+12125550144"),
            entry(4, None, "+12125550144", "+12125550143"),
            entry(5, "Bob", "+12125550143"),
        ]
    }
    assert told(made) == {
        "voipbin:1": ("voipbin:1", "phone", False),
        "voipbin:2": ("voipbin:1", "phone", False),
        "voipbin:3": ("voipbin:3", "alone", False),
        "voipbin:4": ("voipbin:4", "phone", False),
        "voipbin:5": ("voipbin:4", "phone", False),
    }


def test_the_crosswalk_wins() -> None:
    """Two persons of the crosswalk share an address: it unites nobody, and who has it is ambiguous."""
    made: Lists = {
        "outreach_prospects": [
            {"id": number, "first_name": "Maria", "emails": ["a@example.com"]} for number in (1, 2, 3)
        ],
        "liondesk_contacts": [{"id": 4, "first_name": "Ann", "email": "b@example.com"}],
        "house_people": [
            {"source": "outreach", "target_id": "1", "person": "one"},
            {"source": "outreach", "target_id": "2", "person": "two"},
            {"source": "liondesk", "target_id": "4", "person": "one"},
        ],
    }
    assert told(made) == {
        "outreach:1": ("house:one", "crosswalk", True),
        "outreach:2": ("house:two", "crosswalk", True),
        "outreach:3": ("outreach:3", "alone", True),
        "liondesk:4": ("house:one", "crosswalk", False),
    }
