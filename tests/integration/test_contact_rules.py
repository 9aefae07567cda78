"""The user's contact rules and purposes: what a file changes, and what is told of a line that cannot be used.

Belongs here: ``contact_rules.csv``, ``purposes.csv`` and the reference data, from file to table. Does not belong here:
judging attempts by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest import load_contact_rules, load_purposes, load_reference
from pipelines.ingest.files import LandingFolder
from pipelines.ingest.own_files import MappingError
from pipelines.settings import Settings
from tests.support import fetch, new_warehouse

HEADER = "rule,title,kind,jurisdiction,cap,period,unit,from_local,until_local,grace,days,channels,enabled"


class Landing:
    """A landing folder with files of the user, and a warehouse."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.con = new_warehouse()

    def load(self, **files: str | bytes) -> None:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (self.path / f"{name}.csv").write_bytes(data)
        load_contact_rules(self.con, self.path, Settings().contact_rules)
        load_purposes(self.con, self.path)

    def rule(self, name: str) -> dict[str, Any]:
        (row,) = fetch(self.con, f"SELECT * FROM landing.contact_rules WHERE rule = '{name}'")
        return row

    def notices(self) -> list[tuple[str, str | None, str, str]]:
        return self.con.sql("SELECT code, field, value, detail FROM landing.notices ORDER BY ALL").fetchall()


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    found = Landing(tmp_path)
    yield found
    found.con.close()


# -------------------------------------------------------------------------------------------------- contact rules


def test_without_a_file_the_projects_rules_hold(landing: Landing) -> None:
    landing.load()
    assert landing.rule("us-dnc-own")["enabled"] is False
    assert landing.rule("ca-hours")["days"] == [1, 2, 3, 4, 5]
    assert (landing.rule("us-dnc-own")["grace"], landing.rule("us-dnc-own")["grace_unit"]) == (
        10,
        "business_days",
    )
    assert landing.rule("us-regf-7in7")["counts"] == "connected"
    assert fetch(landing.con, "SELECT DISTINCT origin FROM landing.contact_rules") == [{"origin": "default"}]
    assert landing.notices() == []


def test_a_line_replaces_the_rule_of_its_name_and_takes_its_blanks(landing: Landing) -> None:
    landing.load()
    before = landing.rule("us-fl-cap")
    landing.load(contact_rules="RULE;Cap\nUS-FL-CAP;2\n")
    assert landing.rule("us-fl-cap") == {**before, "cap": 2, "origin": "landing folder"}
    assert landing.notices() == []
    (landing.path / "contact_rules.csv").unlink()
    landing.load()
    assert landing.rule("us-fl-cap") == before


def test_any_lifts_what_narrows_a_rule(landing: Landing) -> None:
    landing.load(
        contact_rules="rule,purposes,channels,in_force_from,days\nus-fl,any,ANY,any,\nca-hours,,,,any\n"
    )
    found = landing.rule("us-fl")
    assert (found["purposes"], found["channels"], found["in_force_from"]) == (None, None, None)
    assert landing.rule("ca-hours")["days"] is None
    assert landing.notices() == []


def test_a_rule_can_be_switched_off_and_on(landing: Landing) -> None:
    landing.load(contact_rules="rule,enabled\nus-hours,No\nus-dnc-own,yes\n")
    assert landing.rule("us-hours")["enabled"] is False
    assert landing.rule("us-dnc-own")["enabled"] is True


def test_a_rule_of_ones_own(landing: Landing) -> None:
    landing.load(
        contact_rules=f"{HEADER}\n"
        "late,,hours,,,,,9:00,24:00,,1-3 7,phone door,\n"
        "twice,Twice a day,CAP,us-ny,2,Calendar_Day,Point,,,,,,\n"
        "rest,,after_contact,,,,person,,,72 Hours,,,\n"
        "wish,,after_mark,gb,,,target,,,1 Business day,,,\n"
    )
    assert landing.notices() == []
    late = landing.rule("late")
    assert (late["title"], late["jurisdiction"], late["effect"], late["enabled"]) == (
        "late",
        "*",
        "house",
        True,
    )
    assert (late["from_local"], late["until_local"]) == (time(9), time(23, 59, 59, 999999))
    assert (late["days"], late["channels"], late["purposes"]) == ([1, 2, 3, 7], ["phone", "door"], None)
    twice = landing.rule("twice")
    assert (twice["kind"], twice["jurisdiction"], twice["period"]) == ("cap", "US-NY", "calendar_day")
    assert (twice["unit"], twice["counts"], twice["origin"]) == ("point", "dialled", "landing folder")
    assert (landing.rule("rest")["grace"], landing.rule("rest")["grace_unit"]) == (72, "hours")
    assert (landing.rule("wish")["grace"], landing.rule("wish")["grace_unit"]) == (1, "business_days")
    assert landing.rule("wish")["jurisdiction"] == "GB"


def test_versions_of_a_rule_come_from_one_file(landing: Landing) -> None:
    landing.load(
        contact_rules="rule,in_force_from,in_force_until,cap\n"
        "us-fl-cap,2026-01-01,,2\n"
        "us-fl-cap,2021-07-01,,\n"  # ends when the other one begins
        "us-fl-cap,any,2020-12-31,9\n"
    )
    assert landing.con.sql(
        "SELECT in_force_from, in_force_until, cap, same_subject, origin FROM landing.contact_rules "
        "WHERE rule = 'us-fl-cap' ORDER BY in_force_from NULLS FIRST"
    ).fetchall() == [
        (None, date(2020, 12, 31), 9, True, "landing folder"),
        (date(2021, 7, 1), date(2025, 12, 31), 3, True, "landing folder"),
        (date(2026, 1, 1), None, 2, True, "landing folder"),
    ]


def test_of_two_lines_of_one_version_the_later_counts(landing: Landing) -> None:
    landing.load(contact_rules="rule,cap\nhouse_day,4\nHouse_Day,5\n")
    assert landing.rule("house_day")["cap"] == 5
    assert [(code, field) for code, field, _, _ in landing.notices()] == [("contact_rules", "rule")]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("x,,never,,,,,,,,,,", "kind"),
        ("x,,,,,,,,,,,,", "kind"),
        ("house_day,,,,many,,,,,,,,", "cap"),
        ("house_day,,,,0,,,,,,,,", "cap"),
        ("house_day,,,,3.5,,,,,,,,", "cap"),
        ("house_day,,,,,8d,,,,,,,", "period"),
        ("house_day,,,,,,household,,,,,,", "unit"),
        ("house_day,,,,,,,9:00,20:00,,,,", "from_local"),
        ("house_hours,,,,,,,21:00,8:00,,,,", "until_local"),
        ("house_hours,,,,,,,8:00,8:00,,,,", "until_local"),
        ("house_hours,,,,,,,8 am,,,,,", "from_local"),
        ("house_hours,,,,,,,,24:30,,,,", "until_local"),
        ("house_hours,,,,,,,,,,0-5,,", "days"),
        ("house_hours,,,,,,,,,,6-2,,", "days"),
        ("house_hours,,,,,,,,,,,pigeon,", "channels"),
        ("house_hours,,,America/New_York,,,,,,,,,", "jurisdiction"),
        ("house_hours,,,,,,,,,,,,perhaps", "enabled"),
        ("house_mark,,,,,,,,,soon,,,", "grace"),
        ("rest,,after_contact,,,,person,,,,,,", "grace"),
        ("rest,,after_contact,,,,person,,,3 business_days,,,", "grace"),
        ("one rule,,after_mark,,,,person,,,,,,", "rule"),
        (",,hours,,,,,9:00,20:00,,,,", "rule"),
        ("house_day,,", None),
    ],
)
def test_an_unusable_line_is_told_and_changes_nothing(landing: Landing, line: str, field: str | None) -> None:
    landing.load()
    before = fetch(landing.con, "SELECT * FROM landing.contact_rules")
    landing.load(contact_rules=f"{HEADER}\n{line}\n")
    assert fetch(landing.con, "SELECT * FROM landing.contact_rules") == before
    ((code, told, value, detail),) = landing.notices()
    assert (code, told) == ("contact_rules", field)
    assert value.split(",")[0] == line.split(",", maxsplit=1)[0]
    assert detail
    landing.load(contact_rules="rule\n")
    assert landing.notices() == []


def test_an_unknown_column_is_told(landing: Landing) -> None:
    landing.load(contact_rules="rule,capp,cap\nhouse_day,9,4\n")
    assert landing.rule("house_day")["cap"] == 4
    ((code, field, value, detail),) = landing.notices()
    assert (code, field, value) == ("contact_rules", "capp", "capp")
    assert detail.startswith("unknown column (ignored); there are rule, title, kind,")


@pytest.mark.parametrize("name", ["contact_rules", "purposes"])
@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\xff\xfe", b'rule,source,"', b"a,b\n1,2\n", b"\x00\x01\x02"]
)
def test_a_broken_file_is_told_and_changes_nothing(landing: Landing, name: str, content: bytes) -> None:
    landing.load()
    before = fetch(landing.con, "SELECT * FROM landing.contact_rules")
    landing.load(**{name: content})
    assert fetch(landing.con, "SELECT * FROM landing.contact_rules") == before
    assert fetch(landing.con, "SELECT * FROM landing.purposes") == []
    assert bool(landing.notices()) == bool(content.strip(b"\n\xff\xfe"))


@pytest.mark.parametrize("name", ["contact_rules.csv", "purposes.csv"])
def test_a_link_out_of_the_folder_is_not_read(
    landing: Landing, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text("rule,cap\nhouse_day,9\n")
    (landing.path / name).symlink_to(outside)
    landing.load()
    assert landing.rule("house_day")["cap"] == 3
    assert [detail for *_, detail in landing.notices()] == ["a link that leads out of the landing folder"]


def test_the_files_are_no_files_that_nothing_reads(landing: Landing) -> None:
    for name in ("contact_rules.csv", "purposes.csv", "rules.csv"):
        (landing.path / name).write_text("rule\n")
    assert [each.name for each in LandingFolder(landing.path).unread] == ["rules.csv"]


# ------------------------------------------------------------------------------------------------------- purposes


def test_purposes_as_a_spreadsheet_saves_them(landing: Landing) -> None:
    landing.load(
        purposes="Campaign;Source;Purpose;Subject;Since;Until\r\n"
        "Fälle %;Outreach;Debt_Collection;Karte;2026-01-01;2026-01-31\r\n"
        "voipbin:1;voipbin;survey;;2026-02-01T09:30:00+01:00;\r\n".encode("cp1252")
    )
    assert landing.notices() == []
    assert landing.con.sql("SELECT * FROM landing.purposes ORDER BY line").fetchall() == [
        (
            1,
            "outreach",
            "Fälle %",
            "debt_collection",
            "unknown",
            "karte",
            datetime(2026, 1, 1),
            datetime(2026, 2, 1),
        ),
        (2, "voipbin", "voipbin:1", "survey", "unknown", None, datetime(2026, 2, 1, 8, 30), None),
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("salesforce,x,survey,,,", "source"),
        ("voipbin,x,call people at home,,,", "purpose"),
        ("voipbin,x,survey,maybe,,", "consent"),
        ("voipbin,x,survey,,soon,", "since"),
        ("voipbin,x,survey,,,2026-02-30", "until"),
        ("voipbin,x,survey,,2026-02-02,2026-02-01", "until"),
        ("voipbin,,survey,,,", "campaign"),
        ("voipbin,x,,,,", "purpose"),
        ("voipbin,x", None),
    ],
)
def test_an_unusable_purpose_is_told_and_left_out(landing: Landing, line: str, field: str | None) -> None:
    landing.load(purposes=f"source,campaign,purpose,consent,since,until\n{line}\nvoipbin,y,survey,,,\n")
    assert fetch(landing.con, "SELECT line, campaign FROM landing.purposes") == [{"line": 1, "campaign": "y"}]
    ((code, told, value, detail),) = landing.notices()
    assert (code, told) == ("purposes", field)
    assert line.startswith(value.rstrip(",")) and detail


def test_a_purpose_that_no_rule_names_is_kept_and_told(landing: Landing) -> None:
    purposes = "source,campaign,purpose\nvoipbin,x,solicitaton\n"
    landing.load(purposes=purposes)
    assert fetch(landing.con, "SELECT purpose FROM landing.purposes") == [{"purpose": "solicitaton"}]
    assert [(field, value) for _, field, value, _ in landing.notices()] == [
        ("purpose", "voipbin,x,solicitaton")
    ]
    landing.load(
        purposes=purposes,
        contact_rules="rule,kind,purposes,cap,period,unit\nmine,cap,solicitaton,1,24h,person\n",
    )
    assert landing.notices() == []


# ------------------------------------------------------------------------------------------------- reference data


def test_the_reference_data_is_loaded_once(landing: Landing) -> None:
    load_reference(landing.con, Settings().data)
    counts = " UNION ALL ".join(
        f"SELECT count(*) FROM landing.{name}" for name in ("number_plan", "nicknames", "holidays")
    )
    loaded = landing.con.sql(counts).fetchall()
    assert min(loaded) > (300,)
    rowids = "SELECT min(rowid), max(rowid) FROM landing.number_plan"
    before = landing.con.sql(rowids).fetchall()
    load_reference(landing.con, Settings().data)
    assert landing.con.sql(rowids).fetchall() == before
    landing.con.execute("DELETE FROM landing.number_plan WHERE prefix = '1212'")
    load_reference(landing.con, Settings().data)
    assert landing.con.sql(counts).fetchall() == loaded


@pytest.mark.parametrize(
    "text",
    ["prefix,country\n", "prefix,country,region,zones\n1212,US\n", "prefix,country,region,zones\n+1,US,,\n"],
)
def test_a_broken_file_of_the_project_stops_the_run(landing: Landing, tmp_path: Path, text: str) -> None:
    (tmp_path / "number_plan.csv").write_text(text)
    with pytest.raises(MappingError, match="number_plan.csv"):
        load_reference(landing.con, tmp_path)
