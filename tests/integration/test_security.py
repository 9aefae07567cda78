"""Files and names that mean harm, and personal data that is not to be published.

Belongs here: what reaches people or the disk that should not. Does not belong here: how broken files are read
(test_ingest_*), and the lock on DuckDB itself (test_warehouse).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import duckdb
import pytest

from pipelines.orchestration.metadata import table_schema
from pipelines.publish import personal_data
from pipelines.refresh import refresh as run_refresh
from pipelines.settings import SAMPLE, SettingError, Settings
from pipelines.sources import RESOURCES
from pipelines.warehouse.connection import open_warehouse

INJECTION = "x'; DROP TABLE core.attempts; --"
HOSTILE = (
    INJECTION,
    'x"; DROP SCHEMA raw CASCADE; --',
    "$$; ATTACH 'taken.duckdb'; $$",
    "two\nlines",
    "{braces} %s %(name)s :colon ?",
    "[glob]*?",
    "<script>alert(1)</script>",
    "up/../../etc",
)


def rows_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(path, read_only=True) as con:
        tables = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1"
        ).fetchall()
        return {table: con.execute(f"FROM {table}").fetchall() for (table,) in tables}


# -------------------------------------------------------------------------------------------------- hostile names


def attempt(number: int, name: str) -> dict[str, Any]:
    moment = "2026-03-01T12:00:00Z"
    return {
        "id": number,
        "entity_id": number,
        "action_entity_id": 1,
        "action_id": 1,
        "campaign_id": 1,
        "disposition": 2,
        "created_by_id": 1,
        "created_at": moment,
        "updated_at": moment,
        "note": name,
        "contact_info_type": name,
    }


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, int]:
    """A landing folder in which every name is an attack, its output folder's name too; and how many attempts it holds."""
    folder = tmp_path_factory.mktemp("hostile")
    settings = Settings(landing=folder / "land'ing; --", output=folder / "out'put\"; --")
    attempts = settings.landing / "action_builder" / "contact_attempts"
    campaigns = settings.landing / "action_builder" / "campaigns"
    campaigns.mkdir(parents=True)
    moment = "2026-03-01T12:00:00Z"
    for number, name in enumerate(HOSTILE, 1):
        inside = attempts / name.replace("/", "_").replace("..", "_")
        inside.mkdir(parents=True)
        (inside / f"{name.replace('/', '_')}.json").write_text(
            json.dumps([{**attempt(number, name), name: name}]), encoding="utf-8"
        )
        (inside / f"{name.replace('/', '_')}.csv").write_text(
            "id,entity_id,campaign_id,disposition,created_at,updated_at,note,"
            + json.dumps(name).replace('\\"', '""')
            + "\n"
            + f"{number + 100},1,1,2,{moment},{moment},note,value\n",
            encoding="utf-8",
        )
        (campaigns / f"{number}.json").write_text(
            json.dumps([{"id": number, "name": name, "created_at": moment, "updated_at": moment}]),
            encoding="utf-8",
        )
    run_refresh(settings, INJECTION)
    return settings, 2 * len(HOSTILE)


def test_hostile_names_are_only_names(hostile: tuple[Settings, int]) -> None:
    settings, attempts = hostile
    found = rows_of(settings.published_path)
    assert len(found["raw.action_builder_contact_attempts"]) + len(found["quality.rejected_rows"]) == attempts
    assert len(found["core.attempts"]) >= len(HOSTILE)
    assert {row[1] for row in found["raw.action_builder_campaigns"]} == set(HOSTILE)
    files = {row[2] for row in found["quality.row_accounting"]}
    assert sum("DROP TABLE" in file for file in files) == 2
    assert any("two\nlines" in file for file in files)
    assert not any(
        (folder / "taken.duckdb").exists() for folder in (Path.cwd(), settings.output, settings.landing)
    )


def test_hostile_names_are_no_markup_on_the_page(hostile: tuple[Settings, int]) -> None:
    page = hostile[0].report_path.read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "alert(1)" in page


def test_writing_stays_below_the_output_folder(hostile: tuple[Settings, int]) -> None:
    settings, _ = hostile
    assert {path.name for path in settings.output.parent.iterdir()} == {
        settings.landing.name,
        settings.output.name,
    }
    names = {path.name for path in settings.output.iterdir()}
    assert names <= {
        "contact_ledger.duckdb",
        "examples.sql",
        "release",
        "releases",
        "report",
        "warehouse.duckdb",
    }


# ------------------------------------------------------------------------------------------------------- links out


@pytest.mark.parametrize("kind", ["file", "folder", "mapping", "fifo"])
def test_links_out_of_the_landing_folder_are_refused(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text(json.dumps([attempt(1, "secret")]), encoding="utf-8")
    (outside / "dispositions.csv").write_text("secret,field\n", encoding="utf-8")
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    folder = settings.landing / "action_builder" / "contact_attempts"
    folder.mkdir(parents=True)
    match kind:
        case "file":
            (folder / "link.json").symlink_to(outside / "secret.json")
        case "folder":
            (folder / "link").symlink_to(outside)
        case "mapping":
            (settings.landing / "dispositions.csv").symlink_to(outside / "dispositions.csv")
        case "fifo":
            os.mkfifo(settings.landing / "dispositions.csv")
    run_refresh(settings, "run", checked=False)
    found = rows_of(settings.published_path)
    assert found["raw.action_builder_contact_attempts"] == []
    refusal = str(found["quality.rejected_rows"] if kind in ("file", "folder") else found["quality.notices"])
    assert ("not a regular file" if kind == "fifo" else "leads out of the landing folder") in refusal
    assert "secret," not in str(found)


# --------------------------------------------------------------------------------------------------- personal data


@dataclass
class Hidden:
    """The sample published with personal data hashed: once, again as it is, and once more hashed."""

    settings: Settings
    hashed: dict[str, list[tuple[Any, ...]]]
    page: str
    as_it_is: dict[str, list[tuple[Any, ...]]]
    hashed_again: dict[str, list[tuple[Any, ...]]]

    def columns(self, table: str, *names: str) -> list[tuple[Any, ...]]:
        """Columns of a table as it was first published, hashed."""
        places = [name for name, _ in described(self.settings, table)]
        return [tuple(row[places.index(name)] for name in names) for row in self.hashed[table]]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Hidden:
    folder = tmp_path_factory.mktemp("hidden")
    shutil.copytree(SAMPLE, folder / "landing")
    broken = {**attempt(1, "Call +15555550142 back"), "disposition": "ask for Maria Fictitious, +15555550143"}
    path = folder / "landing" / "action_builder" / "contact_attempts" / "broken.json"
    path.write_text(json.dumps([broken]), encoding="utf-8")
    settings = Settings(landing=folder / "landing", output=folder / "output", personal_data="hash")
    run_refresh(settings, "1")
    hashed, page = rows_of(settings.published_path), settings.report_path.read_text(encoding="utf-8")
    run_refresh(replace(settings, personal_data="keep"), "2")
    as_it_is = rows_of(settings.published_path)
    run_refresh(settings, "3")
    return Hidden(settings, hashed, page, as_it_is, rows_of(settings.published_path))


def secrets(settings: Settings) -> set[str]:
    """What the raw tables hold in personal columns alone, as far as it is long enough to be told from chance.

    A time zone is published as where a point may be, in whatever column it came.
    """
    personal_texts: set[str] = set()
    other_texts: set[str] = set()
    with open_warehouse(settings) as warehouse:
        for resource in RESOURCES:
            for field in resource.fields:
                into = personal_texts if field.personal else other_texts
                for (value,) in warehouse.con.sql(
                    f'SELECT DISTINCT "{field.name}" FROM raw.{resource.table}'
                ).fetchall():
                    members = value if isinstance(value, dict) else {"": value}
                    into |= {
                        str(text) for name, text in members.items() if name not in ("type", "id") and text
                    }
    found = personal_texts - other_texts - available_timezones()
    # Six digits, such as the id of a postal address, may stand in a hash by chance.
    return {text for text in found if len(text) > (6 if text.isdecimal() else 5)}


def test_hashed_nothing_personal_is_in_the_file_or_on_the_page(sample: Hidden) -> None:
    known = secrets(sample.settings) | {"+15555550142", "Maria Fictitious", "+15555550143"}
    assert len(known) > 100
    for table, rows in sample.hashed.items():
        text = "\n".join(map(str, rows))
        assert [secret for secret in known if secret in text] == [], table
    assert [secret for secret in known if secret in sample.page] == []
    published = "\n".join(str(row) for rows in sample.as_it_is.values() for row in rows)
    assert len([secret for secret in known if secret in published]) > 100, "the search finds what is there"


def test_equal_values_have_equal_hashes_in_every_run_and_no_others(sample: Hidden) -> None:
    columns = [column for column, *_ in described(sample.settings, "raw.outreach_calls")]
    place = columns.index("to")
    numbers = [row[place] for row in sample.as_it_is["raw.outreach_calls"]]
    hashes = [row[place] for row in sample.hashed["raw.outreach_calls"]]
    assert len(set(zip(numbers, hashes, strict=True))) == len(set(numbers)) == len(set(hashes)) > 50
    assert all(value is None or re.fullmatch("[0-9a-f]{32}", value) for value in hashes)
    volatile = {"quality.run_history"}
    for table in sample.hashed.keys() - volatile:
        if table.startswith("raw."):
            assert sample.hashed_again[table] == sample.hashed[table], table


def test_another_ledger_has_other_hashes(sample: Hidden, tmp_path: Path) -> None:
    other = replace(sample.settings, output=tmp_path / "output")
    run_refresh(other, "1", checked=False)
    calls = "raw.outreach_calls"
    ours, theirs = (str(rows[calls]) for rows in (sample.hashed, rows_of(other.published_path)))
    assert not set(re.findall("'[0-9a-f]{32}'", ours)) & set(re.findall("'[0-9a-f]{32}'", theirs))


def test_what_is_not_personal_is_published_as_it_is(sample: Hidden) -> None:
    for table in ("core.campaigns", "replay.target_outcomes", "reports.campaign_contact_rates"):
        assert sample.hashed[table] == sample.as_it_is[table]
    # Of attempts, only where they went is hidden, and a value that nothing maps; of the accounts, only names of files.
    names = [name for name, _ in described(sample.settings, "core.attempts")]
    basis, may_be_hidden = names.index("disposition_basis"), {"raw_disposition", "unmapped_value"}
    for ours, theirs in zip(sample.hashed["core.attempts"], sample.as_it_is["core.attempts"], strict=True):
        hidden = {name for name, our, their in zip(names, ours, theirs, strict=True) if our != their}
        assert all(re.fullmatch("[0-9a-f]{32}", ours[names.index(name)]) for name in hidden)
        hidden -= {"point_key"}
        assert hidden <= may_be_hidden
        assert not hidden or theirs[names.index("unmapped_value")] is not None or ours[basis] is None
    accounts = [
        sorted(row[3:] for row in found["quality.row_accounting"])
        for found in (sample.hashed, sample.as_it_is)
    ]
    assert accounts[0] == accounts[1]
    kinds = {row[0]["type"] for row in sample.columns("raw.voipbin_campaigncalls", "destination") if row[0]}
    assert kinds >= {"tel"}
    rejected = sample.columns("quality.rejected_rows", "file", "reason", "field", "value", "record")
    assert [
        row[1:]
        for row in rejected
        if row[0].startswith("action_builder/contact_attempts/") and row[0].endswith(".json")
    ] == [
        ("disposition is not a whole number", "disposition", personal_data.WITHHELD, personal_data.WITHHELD)
    ]


PLANTED = {
    "a refused field": "Maria Fictitious +15555550143",
    "a value outside a closed set": "Pat Imaginary +15555550144",
    "a broken row of CSV": "Sam Invented +15555550145",
    "a broken line of JSON": "Kim Unreal +15555550146",
    "a file that holds no records": "Lee Nobody +15555550147",
    "a value of the mapping": "Ana Phantom +15555550148",
    "a disposition of the mapping": "Jo Nowhere +15555550149",
    "a version of the mapping": "Max Mustermann +15555550150",
    "a broken row of the mapping": "Erika Mustermann +15555550151",
}
"""Where a file may carry a person that it should not → somebody made up, who stands there."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A landing folder with all of them, refreshed with personal data hashed."""
    folder = tmp_path_factory.mktemp("planted")
    settings = Settings(landing=folder / "landing", output=folder / "output", personal_data="hash")
    who = PLANTED.values()
    refused, closed, csv_row, json_line, markup, value, disposition, version, mapping_row = who
    files = {
        "action_builder/contact_attempts/refused.json": json.dumps(
            [{**attempt(1, "fine"), "created_at": refused}, attempt(2, "fine")]
        ),
        "voipbin/campaigncalls/closed.ndjson": "".join(
            json.dumps({"id": number, "status": closed, "destination_index": 0, "tm_create": "2026-03-01"})
            + "\n"
            for number in ("x", "00000000-0000-4000-8000-000000000001")
        ),
        "outreach/calls/broken.csv": f'id,direction,note\n1,outbound,fine\n2,outbound,"of "{csv_row}""\n'
        f"3,outbound,{csv_row},,\n",
        "outreach/calls/broken.ndjson": '{"id": 4, "direction": "inbound"}\n{"id": 5, "note": "' + json_line,
        "outreach/calls/none.json": f"<html><body>{markup}</body></html>",
        "dispositions.csv": "source,field,value,disposition,version\n"
        f"outreach,outcome,{value},,\n"
        f"outreach,outcome,Answered,{disposition},\n"
        f"outreach,outcome,Answered,contacted,{version}\n"
        f"{mapping_row}\n",
    }
    for name, content in files.items():
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    run_refresh(settings, "1")
    return settings


def test_what_is_wrong_is_told_and_nobody_who_stands_there(planted: Settings) -> None:
    withheld = personal_data.WITHHELD
    with duckdb.connect(planted.published_path, read_only=True) as con:
        assert con.sql(
            "SELECT regexp_extract(file, '[.].*'), position, reason, field, value, record, detail "
            "FROM quality.rejected_rows ORDER BY ALL NULLS FIRST"
        ).fetchall() == [
            (".csv", 2, "unreadable", None, None, withheld, "not CSV: quotes or line breaks do not match"),
            (".csv", 3, "unreadable", None, None, withheld, "5 values under 3 columns"),
            (".json", 1, "created_at is not a time", "created_at", withheld, withheld, None),
            (".json", 1, "unreadable", None, None, withheld,
             "markup, not records: no column of its first line is known"),
            (".ndjson", 1, "id is not a UUID; status is not one of dialing, progressing, done", "id",
             withheld, withheld, None),
            (".ndjson", 2, "status is not one of dialing, progressing, done", "status", withheld, withheld, None),
            (".ndjson", 2, "unreadable", None, None, withheld, "a document that does not end, or is broken"),
        ]  # fmt: skip
        assert con.sql(
            "SELECT field, value, detail FROM quality.notices WHERE code = 'mapping' ORDER BY ALL NULLS FIRST"
        ).fetchall() == [
            (None, withheld, "1 values under 5 columns"),
            ("disposition", withheld, "has no disposition"),
            ("disposition", withheld, "its disposition is none of the unified ones"),
            ("version", withheld, "its version is not a whole number"),
        ]
    published = rows_of(planted.published_path)
    assert [
        (where, table)
        for where, who in PLANTED.items()
        for part in (who, *who.rsplit(" ", 1))
        for table, rows in published.items()
        if part in str(rows)
    ] == []
    page = planted.report_path.read_text(encoding="utf-8")
    assert [where for where, who in PLANTED.items() for part in who.rsplit(" ", 1) if part in page] == []
    assert "created_at is not a time" in page


def test_who_stands_there_is_told_where_nothing_is_hidden(planted: Settings, tmp_path: Path) -> None:
    """The search above finds what there is: kept as it is, everybody is in the table that tells of the row."""
    settings = replace(planted, personal_data="keep", output=tmp_path / "output")
    run_refresh(settings, "1", checked=False)
    published = rows_of(settings.published_path)
    for where, who in PLANTED.items():
        table = "quality.notices" if "mapping" in where else "quality.rejected_rows"
        assert who in str(published[table]), where


def test_checks_count_in_the_open_and_withhold_the_rows_that_they_found(sample: Hidden) -> None:
    found = sample.columns("quality.check_results", "passed", "observed", "detail")
    assert {(passed, detail) for passed, _, detail in found} == {
        (True, None),
        (False, personal_data.WITHHELD),
    }
    assert all(re.fullmatch(r"\d+ offending, \d+ rows checked", observed) for _, observed, _ in found)


def test_columns_say_that_they_are_personal(sample: Hidden) -> None:
    comments = dict(described(sample.settings, "raw.action_builder_contact_attempts"))
    assert comments["note"].endswith("Personal data: a keyed hash stands in its place.")
    assert "ersonal" not in comments["campaign_id"]
    rejects = dict(described(sample.settings, "quality.rejected_rows"))
    assert rejects["record"].endswith("Personal data: withheld.")
    assert rejects["value"].endswith("Personal data: withheld.")
    assert [name for name in ("reason", "field", "detail") if "Personal data" in rejects[name]] == []
    run_refresh(replace(sample.settings, personal_data="keep"), "4", checked=False)
    assert dict(described(sample.settings, "raw.outreach_calls"))["to"].endswith("Personal data.")


def test_dagster_is_told_which_columns_are_personal() -> None:
    schema = table_schema("raw.outreach_calls", {"to": "Whom.", "state": "What."}, {})
    assert {column.name: dict(column.tags) for column in schema.columns} == {
        "to": personal_data.TAG,
        "state": {},
    }


def test_the_key_of_the_hashes_is_not_published(sample: Hidden) -> None:
    with open_warehouse(sample.settings) as warehouse:
        ((salt,),) = warehouse.con.sql("SELECT salt FROM landing.salt").fetchall()
    assert len(salt) == 64
    assert salt.encode() not in sample.settings.published_path.read_bytes()
    assert salt not in str(sample.hashed_again)


def test_the_setting_is_one_of_two_words() -> None:
    assert Settings.from_environment({}).personal_data == "keep"
    assert Settings.from_environment({"CONTACT_LEDGER_PERSONAL_DATA": "HASH"}).personal_data == "hash"
    with pytest.raises(SettingError, match="neither keep nor hash"):
        Settings.from_environment({"CONTACT_LEDGER_PERSONAL_DATA": "yes"})


def described(settings: Settings, table: str) -> list[tuple[str, str]]:
    schema, name = table.split(".")
    with duckdb.connect(settings.published_path, read_only=True) as con:
        return con.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? "
            "ORDER BY column_index",
            [schema, name],
        ).fetchall()
