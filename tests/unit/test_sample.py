"""The committed sample: what the generator writes, whole, harmless and as varied as it says.

Read here in a plain way of its own, not by the pipeline's ingest.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.simulation.__main__ import main
from tests.simulation.damage import CODES
from tests.simulation.dialer import moment, simulate
from tests.simulation.landing import (
    ATTEMPT_COLUMNS,
    END,
    SEED,
    STORY,
    VENDOR_CAMPAIGNCALL,
    VENDOR_OUTDIALTARGET,
    VENDOR_OUTREACH_CALL,
    dialed,
    vendor_communications,
    write_sample,
)
from tests.unit.test_dialer import judge

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
FICTIONAL = re.compile(r"\+1\d{3}55501\d{2}|\+447700900\d{3}")
VENDOR_NUMBERS = {"+15559876543", "+821100000001"}


def content(path: Path) -> str:
    """A file's text, unpacked; Parquet and zstd as JSON of their rows."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
        return json.dumps(frame.rows(named=True), default=str, ensure_ascii=False)
    if path.suffix == ".zst":
        return json.dumps(pl.read_csv(path).rows(named=True), ensure_ascii=False)
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects (or rows) of a file, in whatever container; a broken line is left out."""
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    text = content(path)
    if name.endswith(".csv") and path.suffix != ".zst":
        yield from csv.DictReader(io.StringIO(text))
        return
    if name.endswith((".ndjson", ".jsonl")):
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue
        return
    document = json.loads(text)
    if isinstance(document, list):
        yield from document
    elif isinstance(document.get("result"), list):
        yield from document["result"]
    else:
        yield document


@cache
def voipbin_calls() -> dict[str, dict[str, Any]]:
    """The latest version of every campaigncall in the files."""
    latest: dict[str, dict[str, Any]] = {}
    for path in files(SAMPLE / "voipbin" / "campaigncalls"):
        for record in records(path):
            if record.get("type") in ("SCHEMA", "STATE"):
                continue
            row = record.get("record", record)
            last = latest.get(row["id"])
            if last is None or row["status"] == "done" or last["status"] == "dialing":
                latest[row["id"]] = row
    return latest


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    write_sample(tmp_path)
    assert [path.relative_to(tmp_path) for path in files(tmp_path)] == [
        path.relative_to(SAMPLE) for path in files(SAMPLE)
    ]
    for path in files(tmp_path):
        # Another zlib or Polars may pack the same content otherwise; what is not packed is the same to the byte.
        assert content(path) == content(SAMPLE / path.relative_to(tmp_path)), path


def test_byte_for_byte(tmp_path: Path) -> None:
    write_sample(tmp_path / "one")
    write_sample(tmp_path / "two")
    write_sample(tmp_path / "two")  # over itself
    for one, two in zip(files(tmp_path / "one"), files(tmp_path / "two"), strict=True):
        assert one.read_bytes() == two.read_bytes(), one


def test_small_enough_to_commit() -> None:
    assert sum(path.stat().st_size for path in files(SAMPLE)) < 2_000_000


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "voipbin").mkdir()
    (tmp_path / "voipbin" / "mine.json").write_text("{}")
    assert main([str(tmp_path)]) == 1
    assert "name another folder" in capsys.readouterr().err
    assert [path.name for path in files(tmp_path)] == ["mine.json"]
    assert main(["one", "two"]) == 2


def test_nobody_real_can_be_called() -> None:
    numbers = {
        number for path in files(SAMPLE) for number in re.findall(r"\+\d{9,15}", content(path)) if number
    }
    strange = {number for number in numbers if not FICTIONAL.fullmatch(number)}
    assert strange == VENDOR_NUMBERS
    assert len(numbers) > 500


def test_addresses_are_example_com_only() -> None:
    hosts = {host for path in files(SAMPLE) for host in re.findall(r"https?://([^/\"\\]+)", content(path))}
    assert hosts
    assert all(host == "example.com" or host.endswith(".example.com") for host in hosts)


def test_the_vendors_examples_stand_as_they_are() -> None:
    def read(name: str) -> Any:
        return json.loads(content(SAMPLE / name))

    assert read("voipbin/campaigncalls/vendor_example.json") == VENDOR_CAMPAIGNCALL
    assert read("voipbin/outdialtargets/vendor_example.json") == VENDOR_OUTDIALTARGET
    assert read("outreach/calls/vendor_example.json") == VENDOR_OUTREACH_CALL
    base = "liondesk/contact_communications"
    assert read(f"{base}/vendor_example/contacts/76/page-1.json") == vendor_communications(loaded=False)
    assert read(f"{base}/vendor_example_loaded/contacts/76/page-1.json") == vendor_communications(loaded=True)


def test_nothing_has_happened_after_the_end() -> None:
    """The latest thing that happened is within the last minute of the dialer's log; only send_at lies ahead."""
    latest: dict[str, int] = defaultdict(int)
    for path in files(SAMPLE):
        text = re.sub(r'"send_at":\s*"[^"]*"|9999-01-01[ 0-9:.]*', "", content(path))
        for stamp in re.findall(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?", text):
            system = path.relative_to(SAMPLE).parts[0]
            latest[system] = max(latest[system], moment(stamp))
    systems = {name: latest[name] for name in ("action_builder", "liondesk", "outreach", "voipbin")}
    assert max(systems.values()) <= END
    assert systems["voipbin"] > END - 60_000_000
    assert min(systems.values()) > END - 3 * 3_600_000_000


def test_the_files_hold_the_whole_log() -> None:
    log = dialed().log
    calls = {row_id: row for row_id, row in voipbin_calls().items() if row_id != VENDOR_CAMPAIGNCALL["id"]}
    assert set(calls) == {call.id for call in log.calls}
    for call in log.calls:
        row = calls[call.id]
        assert (row["status"], row["result"] or None) == (call.status, call.result), call
        assert (row["outdial_target_id"], int(row["try_count"])) == (call.target_id, call.try_count)


def test_the_log_was_clean_before_it_was_damaged() -> None:
    log = simulate(STORY, SEED)
    assert judge(log.rows()) == {}
    rates = Counter(call.result for call in log.calls)
    assert 0.08 < rates["success"] / len(log.calls) < 0.25
    assert 2_000 < len(log.calls) < 3_500
    assert len(log.targets) > 800


def test_what_is_wrong_with_the_log_is_known() -> None:
    sample = dialed()
    found = judge(sample.log.rows())
    lost = {call.target_id for call in sample.lost}
    targets = {call.id: call.target_id for call in sample.log.calls}
    expected = {fault.call_id: {fault.code: fault.verdict} for fault in sample.faults}
    assert {call: codes for call, codes in found.items() if targets[call] not in lost} == expected
    assert {fault.code for fault in sample.faults} == set(CODES)
    assert {drift.status_agreement for drift in sample.drifts} == {
        "match",
        "lost_write",
        "done_unexplained",
        "open_call_unseen",
        "differs",
    }
    assert {drift.tries_agreement for drift in sample.drifts} == {
        "match",
        "lost_increment",
        "impossible",
        "missing_calls",
    }


def test_calls_are_open_at_the_end_and_polled_twice() -> None:
    statuses: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    for path in files(SAMPLE / "voipbin" / "campaigncalls"):
        for record in records(path):
            row = record.get("record", record)
            if "destination_index" in row:
                statuses[row["id"]].add(row["status"])
                times[row["id"]] += 1
    assert any({"dialing", "done"} <= seen for seen in statuses.values())
    assert sum(count > 1 for count in times.values()) > 3, "pages overlap"
    recent = [call for call in dialed().log.calls if call.tm_create > END - 10 * 60_000_000]
    assert {call.status for call in recent} == {"dialing", "progressing", "done"}


def test_every_container_is_there() -> None:
    names = [path.relative_to(SAMPLE).as_posix() for path in files(SAMPLE)]
    for ending in (
        ".json",
        ".json.gz",
        ".ndjson",
        ".ndjson.gz",
        ".jsonl.gz",
        ".csv",
        ".csv.gz",
        ".csv.zst",
        ".parquet",
    ):
        assert any(name.endswith(ending) for name in names), ending
    starts = {path: content(path)[:60] for path in files(SAMPLE)}
    for start in (
        '{"type":"SCHEMA"',
        '{"type":"RECORD","record":{"stream"',
        "_airbyte_ab_id,",
        '[{"id"',
        '{"contact_id"',
    ):
        assert any(text.startswith(start) for text in starts.values()), start
    contents = Counter(path.read_bytes() for path in files(SAMPLE))
    assert sum(count == 2 for count in contents.values()) == 1, "one file is there twice"


def test_relations_come_in_every_spelling() -> None:
    rows = list(records(SAMPLE / "outreach/calls/2026-10-26.airbyte.ndjson.gz"))
    keys = {key for row in rows for key in row}
    for key in (
        "callDisposition",
        "call_disposition_id",
        "callDispositionId",
        "relationship_call_disposition_id",
        "relationships__call_disposition__data__id",
        "relationships.callDisposition.data.id",
    ):
        assert key in keys, key
    assert any(isinstance(row.get("user"), list) for row in rows)


def test_dumps_of_action_builder() -> None:
    base = SAMPLE / "action_builder" / "contact_attempts"
    assert content(base / "2024-01_archive.csv").splitlines()[0].split(",") == ATTEMPT_COLUMNS[:11]
    full = {row["id"]: row for row in records(base / "2026-10-23_full.csv.gz")}
    delta = {row["id"]: row for row in records(base / "2026-10-30_delta.csv")}
    again = set(full) & set(delta)
    assert len(again) > 5, "rows were updated late"
    assert all(full[number]["updated_at"] < delta[number]["updated_at"] for number in again)
    assert any(full[number]["disposition"] != delta[number]["disposition"] for number in again)
    assert {row["disposition"] for row in full.values()} == {"0", "1", "2", "3", "4", ""}
    assert "utc_created_at" in pl.read_parquet_schema(base / "warehouse" / "part-0.parquet")


def test_communications_are_in_every_state() -> None:
    rows = [
        row
        for path in files(SAMPLE / "liondesk" / "contact_communications")
        for record in records(path)
        for row in record.get("response", record).get("data", [record])
    ]
    end = "2026-10-30T20:10:00.000Z"
    states = Counter(
        "scheduled"
        if str(row["is_active"]).lower() == "true" and row["send_at"] > end
        else "overdue"
        if str(row["is_active"]).lower() == "true"
        else "dispatched"
        if row["completing_user_id"] is None
        else "completed_manually"
        for row in rows
    )
    assert set(states) == {"scheduled", "overdue", "dispatched", "completed_manually"}
    assert min(states.values()) > 10
    assert sum(states.values()) > 280


# --- lists --------------------------------------------------------------------------------------------------------


@cache
def listed(place: str) -> list[dict[str, Any]]:
    """Every row of a list's files: JSON:API resources with their attributes beside the id, pages taken apart."""
    found: list[dict[str, Any]] = []
    for path in files(SAMPLE / place):
        if path.suffix == ".parquet":
            found += pl.read_parquet(path).rows(named=True)
            continue
        if path.suffix == ".zst":
            found += pl.read_csv(path, infer_schema=False).rows(named=True)
            continue
        for record in records(path):
            for row in record.get("data", [record]) if isinstance(record.get("data"), list) else [record]:
                related = {name: one["data"]["id"] for name, one in row.get("relationships", {}).items()}
                found.append(row | row.get("attributes", {}) | related)
    return found


def outreach_calls() -> list[dict[str, Any]]:
    """The calls in the containers that spell them as resources: all but those of the flat extract."""
    paths = [path for path in files(SAMPLE / "outreach" / "calls") if "airbyte" not in path.name]
    rows = [
        row
        for path in paths
        for record in records(path)
        for row in (record["data"] if isinstance(record.get("data"), list) else [record])
    ]
    return [row for row in rows if (row["id"] and row["id"] < 790_000) or row["id"] > 795_000]


def plain(number: str) -> str:
    """A number of the sample in E.164, whichever way it is typed."""
    digits = re.sub(r"\D", "", number).removeprefix("00")
    return f"+1{digits}" if len(digits) == 10 else f"+{digits}"


def test_lists_agree_with_the_attempts() -> None:
    phones = {row["id"]: row for row in listed("outreach/phone_numbers")}
    prospects = {row["id"] for row in listed("outreach/prospects")}
    assert len(prospects) == 381
    for call in outreach_calls():
        number = phones[call["relationships"]["phoneNumber"]["data"]["id"]]
        assert number["prospect"] == call["relationships"]["prospect"]["data"]["id"]
        side = "to" if call["attributes"]["direction"] == "outbound" else "from"
        assert number["number"] == call["attributes"][side]
    assert {row["prospect"] for row in phones.values()} == prospects

    owners = {
        ("PhoneNumber", str(row["id"])): str(row["owner_id"])
        for row in listed("action_builder/phone_numbers")
    }
    owners |= {("Email", row["id"]): row["owner_id"] for row in listed("action_builder/emails")}
    owners |= {("Address", row["id"]): row["owner_id"] for row in listed("action_builder/addresses")}
    entities = {row["id"] for row in listed("action_builder/entities")}
    attempts = [
        row
        for path in files(SAMPLE / "action_builder" / "contact_attempts")
        if path.suffix in (".csv", ".gz") and "edited" not in path.name
        for row in records(path)
    ]
    assert len(attempts) > 800
    for row in attempts:
        assert row["entity_id"] in entities
        if row["contact_info_type"]:
            assert owners[row["contact_info_type"], row["contact_info_id"]] == row["entity_id"]

    voice = {row["id"]: row for row in listed("voipbin/calls") if "id" in row}
    voice |= {row["id"]: row for page in listed("voipbin/calls") for row in page.get("result", [])}
    calls = {row["reference_id"]: row for row in voipbin_calls().values()}
    assert len(voice) > 1_900
    for number, row in voice.items():
        assert (row["hangup_reason"] == "normal") == (
            calls[number]["result"] == "success" and row["status"] == "hangup"
        )
        assert row["destination"]["target"] == calls[number]["destination"]["target"]
    latest = max(
        moment(str(row[name])) for row in calls.values() for name in ("tm_create", "tm_update") if row[name]
    )
    assert all(
        moment(row[name]) <= latest for row in voice.values() for name in row if name.startswith("tm_")
    )
    reasons = Counter(row["hangup_reason"] for row in voice.values())
    assert {"normal", "busy", "noanswer", "dialout", "failed", "amd", None} == set(reasons)
    stays = listed("voipbin/queuecalls")
    assert {row["reference_id"] for row in stays} <= set(voice)
    assert Counter(row["status"] for row in stays)["abandoned"] > 3


def test_numbers_move_and_marks_are_not_heard_everywhere() -> None:
    """Numbers that Outreach knows as bad, or whose owner opted out there, are dialled by the dialer afterwards."""
    dials: dict[str, int] = defaultdict(int)
    for row in voipbin_calls().values():
        place = row["destination"]
        number = (json.loads(place) if isinstance(place, str) else place).get("target", "")
        dials[number] = max(dials[number], moment(str(row["tm_create"])))
    bad = {
        row["number"]
        for row in listed("outreach/phone_numbers")
        if row["status"] == "bad" and moment(row["statusChangedAt"]) < dials[row["number"]]
    }
    assert len(bad) >= 4
    called = {
        row["prospect"]: row["number"] for row in listed("outreach/phone_numbers") if row["id"] < 60_000
    }
    opted_out = [
        row
        for row in listed("outreach/prospects")
        if row["callsOptStatus"] == "opted_out" and moment(row["callsOptedAt"]) < dials[called[row["id"]]]
    ]
    assert len(opted_out) >= 4
    assert sum(row["callsOptStatus"] == "opted_in" for row in listed("outreach/prospects")) >= 20
    statuses = Counter(row["status"] for row in listed("action_builder/phone_numbers"))
    assert set(statuses) == {"verified", "user_added", "bad", "do_not_contact"}
    tags = {tag for page in listed("liondesk/contacts") for tag in page["tags"]}
    assert {"Do Not Call", "DNC", "opted-out"} <= tags


def test_people_are_on_several_lists() -> None:
    """Under the same address, or at the same number with another spelling of the name."""
    prospects = {email: row for row in listed("outreach/prospects") for email in row["emails"]}
    contacts = [row for row in listed("liondesk/contacts") if row["email"] in prospects]
    assert len(contacts) >= 8
    assert any(row["first_name"] != prospects[row["email"]]["firstName"] for row in contacts), "a nickname"
    targets = {
        place["target"]: row["name"]
        for path in files(SAMPLE / "voipbin" / "outdialtargets")
        if path.name.startswith("page")
        for row in records(path)
        for place in (row[f"destination_{index}"] for index in range(5))
        if place is not None
    }
    entities = {row["id"]: row for row in listed("action_builder/entities")}
    at_number = [
        (entities[str(row["owner_id"])], targets[plain(row["number"])])
        for row in listed("action_builder/phone_numbers")
        if plain(row["number"]) in targets
    ]
    assert len(at_number) >= 100
    same_last = [
        (entity, name) for entity, name in at_number if name and name.split(" ", 1)[1] == entity["last_name"]
    ]
    assert any(name.split(" ")[0] != entity["first_name"] for entity, name in same_last), "a household"
    assert any(not name for _, name in at_number), "a bare number"
    assert {row["source"] for row in listed("house/people")} == {
        "voipbin",
        "outreach",
        "action_builder",
        "liondesk",
    }


def test_london_is_called_before_and_after_its_clocks_change() -> None:
    rows = next(records(SAMPLE / "outreach" / "calls" / "2026-10-28_london.json"))["data"]
    zone = ZoneInfo("Europe/London")
    dialled = [datetime.fromisoformat(row["attributes"]["dialedAt"]).astimezone(zone) for row in rows]
    assert [(at.day, at.hour, at.utcoffset()) for at in dialled] == [
        (23, 20, timedelta(hours=1)),
        (24, 20, timedelta(hours=1)),
        (26, 19, timedelta(0)),
        (27, 19, timedelta(0)),
    ]


def test_some_campaigns_are_declared() -> None:
    lines = list(records(SAMPLE / "purposes.csv"))
    assert {line["source"] for line in lines} == {"voipbin", "outreach", "action_builder"}
    assert {line["purpose"] for line in lines} >= {"solicitation", "political", "fundraising"}
    patterns = [re.compile(line["campaign"].replace("%", ".*")) for line in lines]
    names = [row["name"] for row in listed("outreach/sequences")]
    declared = [name for name in names if any(pattern.fullmatch(name) for pattern in patterns)]
    assert len(declared) == 3 < len(names)


def test_every_typed_number_is_fictional() -> None:
    """Numbers without a plus, which `test_nobody_real_can_be_called` does not see."""
    typed = [row["number"] for row in listed("action_builder/phone_numbers")]
    typed += [row["rawNumber"] for row in listed("outreach/phone_numbers")]
    typed += [number for row in listed("outreach/prospects") for number in row["workPhones"]]
    names = ("mobile_phone", "home_phone", "spouse_phone")
    typed += [row[name] for row in listed("liondesk/contacts") for name in names if row[name]]
    typed += [row["value"] for row in listed("house/suppressions") if row["kind"] == "phone"]
    assert len(typed) > 1_000
    assert {number for number in typed if not FICTIONAL.fullmatch(plain(number))} == set()
