"""Nothing in clear: people planted wherever a file can carry them, and searched wherever a run writes for others.

Belongs here: a run with CONTACT_LEDGER_PERSONAL_DATA=hash, whole and failing, and everything that it leaves outside the
warehouse. Does not belong here: what single columns hold instead (test_security), and how broken files are read
(test_ingest_*).

Not planted are labels: names of campaigns, of dispositions and of contact rules, and the values that a line of the
user's own mapping maps. Reports show them by themselves, so they stay readable (DECISIONS.md, Personal data). Nor are
ids: a number in an id's column is an id.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote_plus

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.cli.summary import summary
from pipelines.definitions import build_defs
from pipelines.models import incremental
from pipelines.refresh import refresh
from pipelines.settings import ROOT, Settings
from pipelines.sources import RESOURCES, Field, Resource

WHO = "Zebedee Quillfeather"
NUMBER = "(415) 555-0142"
MAIL = "zebedee@quillfeather.example"
PLANT = f"{WHO}, {NUMBER}, {MAIL}"
NEEDLES = ("zebedee", "quillfeather", "555-0142", "555 0142", "4155550142")
README = ROOT / "README.md"
MOMENT = "2026-03-01T12:00:00Z"
ID = {"uuid": "00000000-0000-4000-8000-{:012d}", "text": "{}"}


def found_in(text: str) -> list[str]:
    """What of the planted stands in a text, whatever its case, percent-encoded, or as a number without its signs."""
    plain = f"{text}\n{unquote_plus(text)}".casefold()
    bare = re.sub(r"(?<=\d)[\s().+/_-]+(?=\d)", "", plain)
    return [f"…{around(where, needle)}…" for where in (plain, bare) for needle in NEEDLES if needle in where]


def around(text: str, needle: str) -> str:
    """The text near a needle, to read in a failure."""
    place = text.index(needle)
    return text[max(0, place - 60) : place + 60]


# ------------------------------------------------------------------------------------------------- what is planted


def good_value(field: Field, number: int) -> Any:
    """A value that is taken; planted where the field is neither a label nor an id, and its set of values is open."""
    if field.closed:
        return field.closed[0]
    match field.kind:
        case "uuid":
            return ID["uuid"].format(number)
        case "bigint" | "integer":
            return number if field.maximum is None else min(number, field.maximum)
        case "timestamp":
            return MOMENT
        case "boolean":
            return True
        case "texts":
            return [PLANT, WHO]
        case "json":
            return {WHO: [PLANT]}
        case "address":
            return dict.fromkeys(("type", "target", "target_name", "name", "detail"), PLANT)
        case "person":
            return {"id": number, "first_name": WHO, "last_name": PLANT}
        case _:
            return "Autumn" if field.label else PLANT


def row(resource: Resource, number: int) -> dict[str, Any]:
    """A row that is taken, with planted fields, and with fields that nobody knows."""
    key = {name for name in (*resource.key, resource.target) if name}
    if resource.is_whole_list:  # people write its keys, and they write anything but ids
        named = {f.name for f in resource.fields if f.kind == "text" and not f.closed} & key
        key = {name for name in key if name.endswith("_id")}
        return {
            **_known(resource, key, number),
            **dict.fromkeys(named - key, f"{PLANT} {number}"),
            WHO: PLANT,
        }
    return {
        **_known(resource, key, number),
        WHO: PLANT,
        "quillfeatherNumber": NUMBER,
        "Zebedee's e-mail": {MAIL: [MAIL]},
    }


def _known(resource: Resource, key: set[str], number: int) -> dict[str, Any]:
    return {
        field.name: f"{number}" if field.name in key and field.kind == "text" else good_value(field, number)
        for field in resource.fields
    }


def flat(record: Mapping[str, Any]) -> dict[str, str]:
    """The row as a CSV has it."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in record.items()}


def csv_text(records: list[dict[str, str]], *, header: bool = True) -> str:
    def line(values: Any) -> str:
        return ",".join('"' + value.replace('"', '""') + '"' for value in values) + "\n"

    return (line(records[0]) if header and records else "") + "".join(
        line(record.values()) for record in records
    )


def files_of(resource: Resource) -> Iterator[tuple[str, bytes]]:
    """One file of every shape and with every fault, for one resource; by their names below the resource's folder."""
    one, two, three, four, five, six, seven = (row(resource, number) for number in range(1, 8))
    typed = [f for f in resource.fields if f.kind in ("bigint", "integer", "uuid", "timestamp", "boolean")]
    closed = [f for f in resource.fields if f.closed]

    def lines(*records: Any) -> bytes:
        return "".join(json.dumps(record) + "\n" for record in records).encode()

    sparse = row(resource, 17)
    needed = {field.name for field in resource.fields if field.required or field.known} | {*resource.key}
    yield "good.jsonl", lines(one, {name: value for name, value in sparse.items() if name in needed})
    yield f"contacts/7/{WHO}.json", json.dumps({WHO: PLANT, "result": [two], "data": [two]}).encode()
    yield (
        f"contacts/7/{MAIL}/{NUMBER}/page-1.json",
        json.dumps({"total": 9, "skip": 0, "data": [two]}).encode(),
    )
    yield "wrapper.json", json.dumps({"quillfeather": {WHO: [two]}}).encode()
    yield f"{NUMBER}.csv.gz", gzip.compress(csv_text([flat(three)]).encode())
    yield (
        f"Quillfeather={WHO}/id={NUMBER}/campaign_id=Zebedee%20Quillfeather/{WHO}.csv",
        csv_text([flat(four)]).encode(),
    )
    frame = pl.DataFrame([flat(five)])
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    yield f"{MAIL}.parquet", parquet.getvalue()
    yield f"not {WHO}.parquet", b"PAR1" + PLANT.encode()
    # Rows that are refused.
    yield "refused.jsonl", lines(
        *({**row(resource, 100 + place), field.name: PLANT} for place, field in enumerate([*typed, *closed])),
        *({**row(resource, 300 + place), field.name: NUMBER} for place, field in enumerate(typed)),
        PLANT, [PLANT], {WHO: PLANT},
    )  # fmt: skip
    yield (
        "refused.csv",
        csv_text(
            [
                flat({**row(resource, 200 + place), field.name: WHO})
                for place, field in enumerate(typed + closed)
            ]
        ).encode(),
    )
    yield "broken.jsonl", lines(six) + f'{{"id": 9, "note": "{PLANT}\n{{"{WHO}": \n'.encode()
    yield "broken.json", f'[{json.dumps(six)}, {{"id": "{PLANT}", '.encode()
    head = ",".join(f'"{name}"' for name in flat(seven))
    yield (
        "broken.csv",
        f'{csv_text([flat(seven)])}{PLANT},"{WHO}" x "{NUMBER},,,,\n{head},{PLANT},{PLANT}\n'.encode(),
    )
    yield "none.csv", f"{WHO},{NUMBER},{MAIL}\n{MAIL},{WHO},{NUMBER}\n".encode()
    yield "headless.csv", csv_text([flat(row(resource, 8)), flat(row(resource, 9))], header=False).encode()
    yield "titled.csv", f"Calls of {WHO}\n\n{csv_text([flat(row(resource, 10))])}".encode()
    yield "twice.csv", f"id,{WHO},{WHO},id\n1,{PLANT},{WHO},{NUMBER}\n".encode()
    yield "ansi.csv", csv_text([{**flat(row(resource, 11)), "note": f"{WHO} é"}]).encode("cp1252")
    yield "wide.csv", csv_text([flat(row(resource, 12))]).encode("utf-16")
    yield "cut.csv.gz", gzip.compress(csv_text([flat(row(resource, 13))] * 50).encode())[:-9]
    yield "columns.csv", f"file pattern,columns\n*{WHO}*,{WHO} {NUMBER}\n{MAIL},{PLANT}\n".encode()
    yield "list.tsv", csv_text([flat(row(resource, 14))]).replace('","', '"\t"').encode()
    yield WHO, csv_text([flat(row(resource, 15))]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{MAIL}/{WHO}.csv", csv_text([flat(row(resource, 16))]))
        archive.writestr(f"{NUMBER}.csv", PLANT)
    yield f"{WHO}.zip", packed.getvalue()
    # Documents of tools, and documents that are something else.
    seen = row(resource, 20)
    yield "singer.jsonl", lines(
        {"type": "SCHEMA", "stream": "quillfeather", "schema": {"properties": {WHO: {}}}},
        {"type": "RECORD", "stream": "zebedee_quillfeather", "record": seen},
        {"type": "RECORD", "stream": resource.name, "record": seen},
        {"type": WHO, "stream": WHO, "record": seen},
        {"type": "BATCH", "stream": WHO, "manifest": [f"/exports/{MAIL}.jsonl"]},
        {"type": "STATE", "value": {"bookmarks": {WHO: PLANT}}},
    )  # fmt: skip
    yield "airbyte.jsonl", lines(
        {"type": "RECORD", "record": {"stream": "Zebedee Quillfeather", "data": row(resource, 21)}},
        {"type": "LOG", "log": {"message": PLANT}},
        {"_airbyte_data": row(resource, 22), "_airbyte_meta": {"changes": [
            {"field": WHO, "change": "NULLED", "reason": PLANT}, {"field": "note", "change": WHO, "reason": WHO}]}},
    )  # fmt: skip
    yield "jsonapi.json", json.dumps(
        {
            "data": [
                {"type": "zebedeeQuillfeather", "id": 23, "attributes": row(resource, 23)},
                {"type": "call", "id": WHO, "attributes": {WHO: PLANT},
                 "relationships": {WHO: {"data": {"type": WHO, "id": NUMBER}}}},
            ],
            "included": [{"type": WHO, "id": MAIL, "attributes": {"note": PLANT}}],
            "meta": {WHO: PLANT},
        }
    ).encode()  # fmt: skip
    yield (
        "events.jsonl",
        lines(
            {"type": WHO, "data": {"type": WHO, "id": 24, "attributes": {"note": PLANT}}},
            {"type": "zebedee_quillfeather_updated", "data": row(resource, 25)},
        ),
    )
    yield "error.json", json.dumps({"errors": [{"title": f"no {WHO}", "detail": PLANT, WHO: 1}]}).encode()
    yield "error.html.json", f"<html><body>{PLANT}</body></html>".encode()
    yield "graphql.json", json.dumps({"data": {WHO: {"nodes": [row(resource, 26)]}}}).encode()
    yield "other.jsonl", lines({"first_name": WHO, "phone": NUMBER, MAIL: MAIL})


MAPPING = f"""source,field,value,label,disposition,aapor_class,version,note
{WHO},outcome,Reached,Reached,contacted,,,"{PLANT}"
outreach,{NUMBER},Reached,Reached,contacted,{WHO},,"{PLANT}"
outreach,outcome,Reached,Reached,contacted,,,{WHO} said so
outreach,outcome,{WHO},,{WHO},,,
outreach,outcome,Answered,,contacted,,{NUMBER},
outreach,outcome,"{PLANT}",,,,,
{PLANT}
"""
PURPOSES = f"""source,campaign,purpose,consent,subject,{WHO}
outreach,%,survey,no,"{PLANT}",{NUMBER}
outreach,{WHO},survey,no,"{PLANT}",
outreach,%,{NUMBER},no,,
outreach,%,survey,"{PLANT}",,
{WHO},%,survey,no,,
"""
RULES = f"""rule,title,kind,cap,period,unit,citation,url,note,{MAIL}
house_day,"{PLANT}",,2,,,"{PLANT}","https://{MAIL}","{PLANT}",{WHO}
{WHO},,cap,2,24h,point,,,,
house_week,,{WHO},2,,,,,,
"""


ALWAYS = {
    "good.jsonl": {resource.full_name for resource in RESOURCES},
    "refused.jsonl": {resource.full_name for resource in RESOURCES},
    "broken.csv": {"outreach.calls"},
    "columns.csv": {"outreach.calls"},
    f"contacts/7/{WHO}.json": {"outreach.calls", "liondesk.contact_communications"},
    f"contacts/7/{MAIL}/{NUMBER}/page-1.json": {"outreach.calls", "liondesk.contact_communications"},
}
"""Where a file stands in any case: its fields, or the folder's name, mean something there."""


def has_file(resource: Resource, kind: int, name: str) -> bool:
    """True if the resource's folder has that kind of file (by its number): two resources have each, in turn.

    What reads a shape, or tells of a fault, is the same for all of them.
    """
    number, many = RESOURCES.index(resource), len(RESOURCES)
    return resource.full_name in ALWAYS.get(name, ()) or number in (kind % many, (kind + many // 2) % many)


def plant(landing: Path) -> None:
    """Make a landing folder in which the planted stand everywhere: each field of each resource, and each kind of file."""
    for resource in RESOURCES:
        folder = landing / resource.source / resource.name
        for kind, (name, content) in enumerate(files_of(resource)):
            if not has_file(resource, kind, name):
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (folder / f"{MAIL}.json").mkdir()
        (folder / f"{WHO} nowhere.json").symlink_to(landing / "nowhere.json")
        (folder / f"{WHO} outside.json").symlink_to("/etc/hostname")
        (folder / f"{WHO}.docx").write_text(PLANT, encoding="utf-8")
        os.mkfifo(folder / f"{WHO} pipe.json")
    for name in (
        f"{WHO}/{MAIL}/{NUMBER}.json",
        f"outreach/{WHO}/1.json",
        f"{WHO}.csv",
        "outreach/Quillfeather.csv",
    ):
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text(PLANT, encoding="utf-8")
    (landing / "dispositions.csv").write_text(MAPPING, encoding="utf-8")
    (landing / "purposes.csv").write_text(PURPOSES, encoding="utf-8")
    (landing / "contact_rules.csv").write_text(RULES, encoding="utf-8")


# ------------------------------------------------------------------------------------------------------- whole runs


@dataclass
class Ran:
    """A whole run in a process of its own: what it printed, and where it wrote."""

    settings: Settings
    home: Path
    code: int
    printed: str

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Every published table."""
        with duckdb.connect(self.settings.published_path, read_only=True) as con:
            names = con.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
            found = {}
            for (name,) in names:
                rows = con.sql(f"FROM {name}")
                found[name] = [dict(zip(rows.columns, each, strict=True)) for each in rows.fetchall()]
            return found

    def comments(self) -> str:
        """Every comment, macro and view of the published file."""
        with duckdb.connect(self.settings.published_path, read_only=True) as con:
            return str(
                con.sql("SELECT table_name, comment FROM duckdb_tables()").fetchall()
                + con.sql("SELECT column_name, comment FROM duckdb_columns()").fetchall()
                + con.sql("SELECT function_name, macro_definition FROM duckdb_functions()").fetchall()
            )

    def events(self) -> list[str]:
        """Every event that Dagster keeps of the run, as JSON."""
        with dg.DagsterInstance.local_temp(str(self.home)) as instance:
            (record,) = instance.get_runs()
            return [dg.serialize_value(entry) for entry in instance.all_logs(record.run_id)]


def run(landing: Path, output: Path, personal_data: str = "hash") -> Ran:
    settings = Settings(landing=landing, output=output, personal_data=personal_data)
    home = output.with_name(f"{output.name}-dagster")
    home.mkdir()
    environment = {
        **os.environ,
        "CONTACT_LEDGER_LANDING": str(landing),
        "CONTACT_LEDGER_OUTPUT": str(output),
        "CONTACT_LEDGER_PERSONAL_DATA": personal_data,
        "DAGSTER_HOME": str(home),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines", "run"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return Ran(settings, home, ended.returncode, ended.stdout + ended.stderr)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("field") / "landing"
    plant(path)
    return path


@pytest.fixture(scope="module")
def hashed(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    ran = run(landing, tmp_path_factory.mktemp("hash") / "output")
    assert ran.code == 0, ran.printed
    return ran


@pytest.fixture(scope="module")
def kept(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    ran = run(landing, tmp_path_factory.mktemp("keep") / "output", "keep")
    assert ran.code == 0, ran.printed
    return ran


def cells(ran: Ran) -> Iterator[tuple[str, str]]:
    """Every different cell of the published tables: ``table.column`` and its text."""
    for table, rows in ran.tables().items():
        for column in rows[0] if rows else ():
            for text in {str(each[column]) for each in rows}:
                yield f"{table}.{column}", text


def test_no_published_cell_holds_anybody(hashed: Ran) -> None:
    assert {where: found[0] for where, text in cells(hashed) if (found := found_in(text))} == {}
    assert found_in(hashed.comments()) == []


def test_the_bytes_of_what_is_published_hold_nobody(hashed: Ran) -> None:
    release = hashed.settings.published_path.resolve().parent
    files = [path for path in release.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"contact_ledger.duckdb", "index.html", "examples.sql"}
    assert {
        path.name: found for path in files if (found := found_in(path.read_bytes().decode("latin-1")))
    } == {}


def test_the_terminal_shows_nobody(hashed: Ran) -> None:
    assert found_in(hashed.printed) == []
    assert "not read:" in hashed.printed
    assert re.search(r"rejected   [\d,]+ in \w+/\w+/", hashed.printed)


def test_dagster_keeps_nobody(hashed: Ran) -> None:
    events = hashed.events()
    assert any("ASSET_CHECK_EVALUATION" in event for event in events)
    assert [found[0] for event in events if (found := found_in(event))] == []
    files = [path for path in hashed.home.rglob("*") if path.is_file()]
    assert {
        path.name: found for path in files if (found := found_in(path.read_bytes().decode("latin-1")))
    } == {}


def test_everybody_is_there_where_nothing_is_hidden(kept: Ran) -> None:
    """The searches above find what there is: kept as it is, the planted stand in every place that was searched."""
    found = {where for where, text in cells(kept) if found_in(text)}
    assert found >= {
        "quality.row_accounting.file",
        *(f"quality.rejected_rows.{column}" for column in ("file", "value", "record")),
        *(f"quality.notices.{column}" for column in ("file", "field", "value")),
        "quality.check_results.detail",
        "core.dispositions.source",
        "core.dispositions.field",
        "core.dispositions.note",
        "core.attempts.raw_disposition",
        "core.attempts.point_key",
        "core.attempt_points.subject",
        "core.contact_points.value",
        "core.people.display_name",
        "core.restrictions.point_key",
        "reports.contact_trace.point_key",
        *(f"core.contact_rules.{column}" for column in ("title", "citation", "url", "note")),
        "reports.contact_rule_audit.title",
        "raw.house_people.source",
        *(f"{resource.raw_table}.extra" for resource in RESOURCES),
    }
    open_fields = {
        f"{resource.raw_table}.{field.name}"
        for resource in RESOURCES
        for field in resource.fields
        if field.kind in ("text", "texts", "json", "address", "person")
        and not (field.closed or field.label or field.name in (*resource.key, resource.target))
    }
    assert len(open_fields) > 30
    assert open_fields - found == set()
    assert found_in(kept.settings.report_path.read_text(encoding="utf-8"))
    assert found_in(kept.printed)
    assert any(map(found_in, kept.events()))


def test_equal_names_stay_equal_and_the_contract_stays_readable(hashed: Ran, kept: Ran) -> None:
    masked = [row["file"] for row in hashed.tables()["quality.row_accounting"]]
    clear = [row["file"] for row in kept.tables()["quality.row_accounting"]]
    assert len(masked) == len(set(masked)) == len(clear)
    assert {"/".join(file.split("/")[:2]) for file in masked} == {
        "/".join(file.split("/")[:2]) for file in clear
    }
    endings = [
        sorted(re.findall(r"\.(?:csv|jsonl?|parquet)(?:\.gz)?$", file) for file in files)
        for files in (masked, clear)
    ]
    assert endings[0] == endings[1]
    (name,) = {
        found[1] for file in masked if (found := re.search(r"/contacts/7/([0-9a-f]{16})\.json$", file))
    }
    in_folders_and_in_zips = [file for file in clear if file.endswith(f"/{WHO}.csv")]
    assert (
        len({tuple(file.split("/")[:2]) for file in in_folders_and_in_zips})
        == len(in_folders_and_in_zips)
        == 4
    )
    assert len([file for file in masked if file.endswith(f"/{name}.csv")]) == 4
    assert "outreach/calls/broken.csv" not in masked  # broken is no word of the contract
    assert "outreach/calls/columns.csv" not in clear  # a setting, not data
    fields = {row["field"] for row in hashed.tables()["quality.notices"] if row["code"] == "new_field"}
    hashes = {field for field in fields if re.fullmatch("[0-9a-f]{32}", field)}
    assert len(hashes) >= 3
    assert [field for field in fields - hashes if not re.fullmatch("[a-z_0-9]{,32}", field)] == []


def test_the_warehouse_says_what_a_masked_name_stands_for(hashed: Ran) -> None:
    """README's query, on the warehouse alone, with nothing of the project loaded."""
    (query,) = re.findall(
        r"```sql\n(SELECT file, landing\.masked_path.+?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    with duckdb.connect(hashed.settings.warehouse_path, read_only=True) as con:
        looked_up = dict(con.sql(query).fetchall())
        fields = dict(
            con.sql("SELECT DISTINCT field, landing.masked_name(field) FROM landing.notices").fetchall()
        )
        state = con.sql("SELECT landing.masked_text($$" + PLANT + "$$)").fetchall()[0][0]
    assert f"outreach/calls/contacts/7/{WHO}.json" in looked_up
    published = hashed.tables()
    assert set(looked_up.values()) == {row["file"] for row in published["quality.row_accounting"]}
    assert set(fields.values()) == {row["field"] for row in published["quality.notices"]}
    assert state in {row["note"] for row in published["raw.outreach_calls"]}


# ------------------------------------------------------------------------------------------------- runs that fail


def events_of(settings: Settings) -> tuple[bool, str]:
    """Run Dagster's job in this process: True if it succeeded, and every event that Dagster kept, as JSON."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            build_defs(settings)
            .resolve_job_def("refresh")
            .execute_in_process(instance=instance, raise_on_error=False)
        )
        return result.success, "\n".join(
            dg.serialize_value(each) for each in instance.all_logs(result.run_id)
        )


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """A landing folder with one planted file, hidden."""
    resource = next(each for each in RESOURCES if each.full_name == "outreach.calls")
    path = tmp_path / "landing" / "outreach" / "calls" / f"{WHO}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(row(resource, 1)) + "\n", encoding="utf-8")
    return Settings(landing=tmp_path / "landing", output=tmp_path / "output", personal_data="hash")


def test_an_error_that_quotes_a_row_is_withheld(small: Settings) -> None:
    error = duckdb.ConversionException(f"Could not convert string '{PLANT}' to INT64")
    with mock.patch.object(incremental, "update_table", side_effect=error):
        succeeded, events = events_of(small)
    assert not succeeded
    assert found_in(events) == []
    assert "ConversionException: (withheld); run with CONTACT_LEDGER_PERSONAL_DATA=keep" in events
    with mock.patch.object(incremental, "update_table", side_effect=error):
        _, events = events_of(replace(small, personal_data="keep"))
    assert found_in(events)


def test_accounts_that_do_not_add_up_name_a_masked_file(small: Settings) -> None:
    with mock.patch("pipelines.ingest.run.load.insert", return_value=7):
        succeeded, events = events_of(small)
    assert not succeeded
    assert "these counts must always add up" in events
    assert found_in(events) == []


def test_a_folder_that_is_no_landing_folder_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "landing" / WHO / "outreach").mkdir(parents=True)
    (tmp_path / "landing" / WHO / "a.csv").write_text(PLANT, encoding="utf-8")
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output", personal_data="hash")
    succeeded, events = events_of(settings)
    assert not succeeded
    assert "found: 1 other name" in events
    assert found_in(events) == []
    assert found_in(events_of(replace(settings, personal_data="keep"))[1])


def test_a_file_published_in_the_clear_is_hidden_by_the_next_run(small: Settings) -> None:
    refresh(replace(small, personal_data="keep"), "1", checked=False)
    assert found_in(small.published_path.read_bytes().decode("latin-1"))
    refresh(small, "2", checked=False)
    assert found_in(small.published_path.read_bytes().decode("latin-1")) == []
    assert found_in("\n".join(summary(small))) == []
