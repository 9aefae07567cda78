"""The project's own data files: the number plan, nicknames, holidays and contact rules.

Belongs here: what must hold of the files as they stand. Does not belong here: how they are loaded.
"""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta

import duckdb
import pytest

from pipelines.settings import ROOT
from tests.simulation.holidays import holidays
from tests.simulation.number_plan import OVERLAYS, TWO_CLOCKS


def read(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


PLAN = {row["prefix"]: row for row in read("number_plan")}

# ---------------------------------------------------------------------------------------------------- number plan


def zones(prefix: str) -> list[str]:
    return PLAN[prefix]["zones"].split()


def test_the_area_codes_with_two_clocks_have_both() -> None:
    listed = (
        "208 219 250 270 308 418 423 541 574 605 606 620 701 709 775 785 807 812 850 867 879 906 907 928 986"
    )
    assert sorted(TWO_CLOCKS) == listed.split()
    assert [code for code in TWO_CLOCKS if len(zones(f"1{code}")) < 2] == []
    several = {prefix[1:] for prefix in PLAN if re.fullmatch(r"1\d{3}", prefix) and len(zones(prefix)) > 1}
    assert several == {*TWO_CLOCKS, *OVERLAYS}


@pytest.mark.parametrize(
    ("overlay", "base"),
    [
        ("448", "850"), ("364", "270"), ("930", "812"), ("458", "541"), ("729", "423"), ("236", "250"), ("672", "250"),
        ("778", "250"), ("367", "418"), ("581", "418"), ("986", "208"), ("879", "709"),
    ],
)  # fmt: skip
def test_an_overlay_has_the_clocks_of_its_base(overlay: str, base: str) -> None:
    assert zones(f"1{overlay}") == zones(f"1{base}")
    assert PLAN[f"1{overlay}"]["region"] == PLAN[f"1{base}"]["region"] != ""


def test_every_zone_is_a_listed_one_that_duckdb_knows() -> None:
    used = {zone for row in PLAN.values() for zone in row["zones"].split()}
    with duckdb.connect() as con:
        known = {name for (name,) in con.sql("SELECT name FROM pg_timezone_names()").fetchall()}
    assert used - known == set()
    # Old names that the time zone database keeps for compatibility alone.
    assert not used & {"America/Buenos_Aires", "Asia/Calcutta", "Europe/Kiev", "Asia/Saigon", "US/Eastern"}


def test_a_country_is_the_union_of_its_prefixes() -> None:
    of_country: dict[str, set[str]] = {}
    for row in PLAN.values():
        of_country.setdefault(row["country"], set()).update(row["zones"].split())
    assert of_country[""] == set()
    assert of_country["US"] == {
        "America/Adak", "America/Anchorage", "America/Boise", "America/Chicago", "America/Denver",
        "America/Los_Angeles", "America/New_York", "America/Phoenix", "Pacific/Honolulu",
    }  # fmt: skip
    assert of_country["PR"] == {"America/Puerto_Rico"}
    assert {"GU", "VI", "AS", "MP", "DO", "JM"} <= set(of_country)
    assert len(of_country["CA"]) >= 8


@pytest.mark.parametrize(
    ("prefix", "country", "region"),
    [
        ("1212", "US", "NY"), ("1416", "CA", "ON"), ("1850", "US", "FL"), ("1787", "PR", ""), ("1867", "CA", ""),
        ("1800", "", ""), ("1888", "", ""), ("1900", "", ""), ("44", "GB", ""), ("441481", "GG", ""), ("77", "KZ", ""),
        ("800", "", ""), ("33", "FR", ""),
    ],
)  # fmt: skip
def test_where_a_prefix_is(prefix: str, country: str, region: str) -> None:
    assert (PLAN[prefix]["country"], PLAN[prefix]["region"]) == (country, region)


def test_every_area_code_of_two_countries_has_a_region_and_zones() -> None:
    codes = [row for prefix, row in PLAN.items() if prefix.startswith("1") and row["country"] in ("US", "CA")]
    assert len(codes) > 350
    assert {row["prefix"] for row in codes if not row["zones"]} == set()
    assert {row["prefix"] for row in codes if not re.fullmatch("[A-Z]{2}", row["region"])} == {
        "1782",
        "1867",
        "1902",
    }
    with_region = {
        row["country"]: {each["region"] for each in codes if each["country"] == row["country"]}
        for row in codes
    }
    assert (len(with_region["US"]), len(with_region["CA"] - {""})) == (51, 8)


# ------------------------------------------------------------------------------------------------------ nicknames


def test_a_nickname_leads_to_one_name_in_one_step() -> None:
    rows = read("nicknames")
    first_name = {row["name"]: row["first_name"] for row in rows}
    assert len(first_name) == len(rows) > 300
    assert [name for name, first in first_name.items() if first_name.get(first, first) != first] == []
    assert [word for row in rows for word in row.values() if not re.fullmatch("[a-z]+", word)] == []
    assert [(first_name[name]) for name in ("bob", "liz", "pepe", "jack")] == [
        "robert",
        "elizabeth",
        "jose",
        "john",
    ]


# ------------------------------------------------------------------------------------------------------- holidays


def test_the_holidays_follow_from_their_rules() -> None:
    written = [(row["country"], date.fromisoformat(row["day"])) for row in read("holidays")]
    assert written == holidays()
    assert all(day.weekday() < 5 for _, day in written)


@pytest.mark.parametrize(
    ("country", "day"),
    [
        ("US", "2026-10-12"), ("US", "2026-11-26"), ("US", "2021-12-31"), ("US", "2022-12-26"), ("US", "2026-07-03"),
        ("US", "2027-05-31"), ("CA", "2026-04-03"), ("CA", "2026-05-18"), ("CA", "2026-10-12"), ("CA", "2021-12-27"),
        ("CA", "2021-12-28"), ("CA", "2022-12-27"), ("CA", "2025-04-18"),
    ],
)  # fmt: skip
def test_a_known_holiday_is_there(country: str, day: str) -> None:
    assert (country, date.fromisoformat(day)) in holidays()


def test_ten_business_days_after_5_october_2026_end_on_the_20th() -> None:
    kept = {day for country, day in holidays() if country == "US"}
    day, left = date(2026, 10, 5), 10
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in kept
    assert day == date(2026, 10, 20)


# -------------------------------------------------------------------------------------------------- contact rules


def test_what_was_read_second_hand_is_off_and_says_so() -> None:
    rules = read("contact_rules")
    house = [row for row in rules if row["rule"].startswith("house_")]
    laws = [row for row in rules if row not in house]
    assert {row["rule"] for row in house if row["enabled"] == "yes"} == {
        "house_hours", "house_day", "house_week", "house_mark", "house_bad_number",
    }  # fmt: skip
    assert all((row["jurisdiction"], row["effect"], row["purposes"]) == ("*", "house", "") for row in house)
    assert all("no law is meant" in row["note"] for row in house)
    assert {row["rule"] for row in laws if row["enabled"] == "yes"} == {
        "us-hours", "us-fl", "us-fl-cap", "us-wa", "us-regf-7in7", "us-regf-after", "ca-hours", "ca-hours-weekend", "ca-dnc",
    }  # fmt: skip
    for row in laws:
        assert row["citation"] and row["url"].startswith("http") and row["checked_on"] and row["purposes"], (
            row["rule"]
        )
        assert (row["checked_how"] == "secondary") == (row["enabled"] == "no"), row["rule"]
        assert row["enabled"] == "yes" or "Second-hand" in row["note"], row["rule"]
