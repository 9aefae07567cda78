"""People over all systems with personal data hidden: who is who is found before it is hidden, and nobody is in clear.

Belongs here: one made-up person in every system, on every list and in the user's own files, published once as it is and
once hashed. Does not belong here: damaged files and what a run prints (test_field_secrets), and single columns of one
source (test_security).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.models.sql_files import SQL_ROOT, load_models
from pipelines.publish import personal_data
from pipelines.refresh import refresh
from pipelines.settings import Settings
from tests.sql import across_logs as logs
from tests.sql.logs import merged

FIRST, LAST = "Zebedee", "Quillfeather"
WHO = f"{FIRST} {LAST}"
NUMBER, WRITTEN, OTHER = "+14155550142", "(415) 555-0142", "415.555.0143"
MAIL = "zebedee@quillfeather.example"
SECRET = f"{WHO}, {WRITTEN}, {MAIL}"
NEEDLES = ("zebedee", "quillfeather", "4155550142", "4155550143")
DAY = datetime(2026, 10, 20, 10, 30)
"""Half past three in the morning where the number is, and half past midnight in Honolulu."""
HOUR = timedelta(hours=1)

MODELS = load_models()
TABLES = (
    *(f"core.{name}" for name in ("contact_points", "attempt_points", "person_targets", "people", "restrictions")),
    *("core.contact_rules", "core.attempts", "compliance.breaches"),
    *(
        f"reports.{name}"
        for name in (
            *("contact_rule_audit", "contact_pressure", "system_overlap", "people_reached", "contact_trace"),
            "call_next",
        )
    ),
)  # fmt: skip


def found_in(text: str) -> list[str]:
    """The needles in a text, whatever its case and the signs between its digits."""
    plain = text.casefold()
    bare = re.sub(r"(?<=\d)[\s().+/_-]+(?=\d)", "", plain)
    return [needle for needle in NEEDLES if needle in plain or needle in bare]


def log() -> logs.Log:
    """One person in all four systems, nameless at the dialer, and a neighbour at the same number in none of them."""
    return merged(
        logs.outdialtarget(1, NUMBER),
        *(logs.dialled(n, NUMBER, DAY + n * HOUR) for n in range(4)),
        logs.outdialtarget(2, OTHER, name="Anybody"),
        logs.dialled(9, OTHER, DAY + 9 * HOUR, target=2),
        logs.prospect(
            900,
            WRITTEN,
            first_name=FIRST,
            last_name=LAST,
            emails=[MAIL],
            calls_opt_status="opted_out",
            calls_opted_at=DAY - 48 * HOUR,
            time_zone_iana="America/Los_Angeles",
            external_id=SECRET,
        ),
        logs.called(1, "4155550142", DAY + 5 * HOUR),
        logs.entity(501, first_name=FIRST, last_name=LAST),
        logs.phone_number(88001, f"1-{WRITTEN}", status="do_not_contact", updated_at=DAY - 24 * HOUR),
        logs.emails(5, MAIL.upper()),
        logs.address(7, "America/Los_Angeles", street_address=f"c/o {WHO}", city=LAST),
        logs.tried(1, 88001, DAY + 6 * HOUR),
        logs.contact(
            76,
            first_name=FIRST.lower(),
            last_name=LAST,
            email=MAIL,
            mobile_phone=NUMBER,
            tags=f"Do Not Call, {WHO}",
        ),
        logs.sent(1, DAY + 7 * HOUR),
        logs.suppressed(WRITTEN, reason=SECRET, since=DAY - 12 * HOUR),
        logs.suppressed(MAIL, kind="email", channel=WHO, reason=SECRET),
        logs.crosswalk("liondesk", "76", WHO),
        logs.crosswalk(WHO, "1", WHO),
        logs.crosswalk("outreach", "900", WHO),
    )


PURPOSES = f"""source,campaign,purpose,consent,subject
voipbin,%,solicitation,no,"{SECRET}"
outreach,{WHO},solicitation,no,"{SECRET}"
outreach,%,solicitation,{WHO},
{WHO},%,solicitation,no,
"""
RULES = f"""rule,title,kind,cap,period,unit,citation,url,note
house_day,,,2,,,,,
house_week,"{SECRET}",,2,,,"{SECRET}",https://quillfeather.example/,"{SECRET}"
own,"Calls of {WHO}",cap,1,24h,point,"{SECRET}",,"{MAIL}"
plain,,cap,1,24h,target,,,
{WHO},,cap,1,24h,point,,,
"""


@dataclass(frozen=True)
class Published:
    """A ledger as it is published, and what its warehouse says."""

    settings: Settings

    def rows(self, query: str) -> list[dict[str, Any]]:
        with duckdb.connect(self.settings.published_path, read_only=True) as con:
            found = con.sql(query)
            return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        names = self.rows("SELECT schema_name || '.' || table_name AS name FROM duckdb_tables()")
        return {each["name"]: self.rows(f"FROM {each['name']}") for each in names}


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "landing"
    for table, rows in log().items():
        source = next(
            name
            for name in ("action_builder", "voipbin", "outreach", "liondesk", "house")
            if table.startswith(name)
        )
        file = path / source / table.removeprefix(f"{source}_") / "full.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), encoding="utf-8")
    (path / "purposes.csv").write_text(PURPOSES, encoding="utf-8")
    (path / "contact_rules.csv").write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def kept(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    settings = Settings(landing=landing, output=tmp_path_factory.mktemp("keep") / "output", as_of=logs.AS_OF)
    refresh(settings, "1")
    return Published(settings)


@pytest.fixture(scope="module")
def hashed(kept: Published, tmp_path_factory: pytest.TempPathFactory) -> Published:
    settings = replace(kept.settings, output=tmp_path_factory.mktemp("hash") / "output", personal_data="hash")
    refresh(settings, "1")
    return Published(settings)


def cells(published: Published) -> dict[str, set[str]]:
    """``table.column`` → its texts in which somebody is found."""
    found: dict[str, set[str]] = {}
    for table, rows in published.tables().items():
        for row in rows:
            for column, value in row.items():
                if found_in(str(value)):
                    found.setdefault(f"{table}.{column}", set()).add(str(value))
    return found


def test_nobody_is_in_clear(hashed: Published) -> None:
    assert cells(hashed) == {}
    release = hashed.settings.published_path.resolve().parent
    files = [path for path in release.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"contact_ledger.duckdb", "index.html"}
    assert {
        path.name: found for path in files if (found := found_in(path.read_bytes().decode("latin-1")))
    } == {}


def test_kept_as_it_is_the_person_stands_in_every_place_that_was_searched(kept: Published) -> None:
    assert cells(kept).keys() >= {
        "core.contact_points.point_key",
        "core.contact_points.value",
        "core.attempts.point_key",
        "core.attempt_points.point_key",
        "core.attempt_points.subject",
        "core.person_targets.person_key",
        "core.people.person_key",
        "core.people.display_name",
        "core.restrictions.point_key",
        *(f"core.contact_rules.{column}" for column in ("title", "citation", "url", "note")),
        "compliance.breaches.point_key",
        "compliance.breaches.person_key",
        "reports.contact_rule_audit.title",
        "reports.contact_trace.person_key",
        "reports.contact_trace.point_key",
        "reports.call_next.person_key",
        "reports.call_next.point_key",
        *(f"raw.house_suppressions.{column}" for column in ("value", "channel", "reason")),
        "raw.house_people.person",
        "quality.notices.value",
    }
    assert found_in(kept.settings.report_path.read_text(encoding="utf-8"))


def test_every_column_that_may_hold_somebody_is_known(kept: Published) -> None:
    """Also of tables that are not published: Dagster shows the first rows of each."""
    with duckdb.connect(kept.settings.warehouse_path, read_only=True) as con:
        tables = con.sql(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name <> 'landing'"
        ).fetchall()
        found = {
            (table, column)
            for (table,) in tables
            for relation in (con.sql(f"FROM {table}"),)
            for row in relation.fetchall()
            for column, value in zip(relation.columns, row, strict=True)
            if found_in(str(value))
        }
    assert ("core._target_points", "value") in found
    assert {
        (table, column) for table, column in found if column not in personal_data.contents(table)
    } == set()


def test_who_is_who_and_every_verdict_is_found_before_anything_is_hidden(
    kept: Published, hashed: Published
) -> None:
    """Every table is that of the clear ledger with keyed hashes in place of what leads to somebody."""
    people = {row["target_key"]: row["strength"] for row in kept.rows("FROM core.person_targets")}
    (most,) = kept.rows("SELECT max(targets) AS targets, max(systems) AS systems FROM core.people")
    assert most == {"targets": 4, "systems": 4}
    assert set(people.values()) == {"sure", "likely", "alone"}
    with duckdb.connect(hashed.settings.warehouse_path, read_only=True) as con:

        def plain(table: str, row: dict[str, Any]) -> dict[str, Any]:
            """The row with texts that are hidden in another way than by one hash left out."""
            contents = personal_data.contents(table)
            return {
                column: "…" if contents.get(column, "text") != "text" else value
                for column, value in row.items()
            }

        def masked(table: str, row: dict[str, Any]) -> dict[str, Any]:
            hidden = {c for c, content in personal_data.contents(table).items() if content == "text"}
            return plain(table, row) | {
                column: con.execute("SELECT landing.masked_text(?)", [value]).fetchall()[0][0]
                for column, value in row.items()
                if column in hidden and value is not None
            }

        for table in TABLES:
            clear, hidden = kept.rows(f"FROM {table}"), hashed.rows(f"FROM {table}")
            assert clear, table
            assert Counter(str(plain(table, row)) for row in hidden) == Counter(
                str(masked(table, row)) for row in clear
            ), table
    verdicts = {row["verdict"] for row in kept.rows("FROM compliance.breaches")}
    assert verdicts >= {"breach", "unverifiable"}


QUESTIONS = {model.table: model.example[1] for model in MODELS.values() if model.example is not None}
QUESTIONS |= dict(
    re.findall(r"^-- (\d+)\. .+\n([^;]+);$", (SQL_ROOT / "examples.sql").read_text("utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("name", QUESTIONS)
def test_tables_are_joined_by_hashed_keys(kept: Published, hashed: Published, name: str) -> None:
    """A question has as many answers as in clear, with the same figures and times."""

    def figures(row: dict[str, Any]) -> str:
        return str({name: value for name, value in row.items() if not isinstance(value, str | None)})

    clear, hidden = (each.rows(QUESTIONS[name]) for each in (kept, hashed))
    if name not in ("quality.run_history", "quality.check_results"):
        assert Counter(map(figures, hidden)) == Counter(map(figures, clear))
    assert len(hidden) == len(clear)


def test_own_texts_of_the_project_stay_and_those_of_the_user_are_hidden(hashed: Published) -> None:
    titles = {row["rule"]: row["title"] for row in hashed.rows("SELECT rule, title FROM core.contact_rules")}
    assert titles["house_day"] == "House cap per 24 hours"
    assert titles["plain"] == "plain"
    assert re.fullmatch("[0-9a-f]{32}", titles["house_week"])
    assert re.fullmatch("[0-9a-f]{32}", titles["own"])
    audit = {row["rule"]: row["title"] for row in hashed.rows("FROM reports.contact_rule_audit")}
    assert audit == {rule: titles[rule] for rule in audit}
