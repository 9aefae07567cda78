"""List pages through the fast way and through the general one: the same rows, rejects, accounts, notices and extras."""

from __future__ import annotations

import functools
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest import run as ingest_run
from pipelines.ingest import shapes
from tests.landing_folder import Landing, Row, lines, resource_object
from tests.support import examples

CALLS, DIALS = "voipbin.campaigncalls", "outreach.calls"


def dial(number: int, **changes: object) -> Row:
    """A call of the dialer, as its API lists it."""
    return {
        "id": f"5bb94890-0000-4000-8000-{number:012d}",
        "outdial_target_id": f"72af1e00-0000-4000-8000-{number % 7:012d}",
        "status": "done",
        "result": "fail",
        "destination": {
            "type": "tel",
            "target": "+15550100188",
            "target_name": "",
            "name": "Ann",
            "detail": "",
        },
        "destination_index": 0,
        "try_count": 1 + number % 3,
        "tm_create": "2026-03-02 09:00:00.125000",
        "tm_update": f"2026-03-02 09:{number % 60:02d}:00.000000",
        **changes,
    }


def call(number: int, **changes: object) -> Row:
    """A call of Outreach as a JSON:API resource object."""
    row = {
        "id": number,
        "created_at": "2026-03-02T09:00:00Z",
        "updated_at": f"2026-03-02T09:{number % 60:02d}:00Z",
        "direction": "outbound",
        "outcome": "Answered",
        "tags": ["warm", "west"] if number % 2 else [],
        "call_disposition_id": 4,
        "prospect_id": None if number % 5 == 0 else number,
        **changes,
    }
    return resource_object("call", row)


def voipbin_page(rows: list[Any], **more: object) -> Row:
    return {"result": rows, "next_page_token": "2026-03-02 09:00:00.125000", **more}


def outreach_page(rows: list[Any], **more: object) -> Row:
    return {"data": rows, "links": {"next": "https://127.0.0.1/calls?page=2"}, "meta": {"count": 3}, **more}


def outcome(folder: Path, resource: str, files: dict[str, bytes], *, fast: bool, large: bool = False) -> Row:
    """Everything that ingest writes about these files, each way."""
    landing = Landing(folder, resource)
    landing.large = large
    for name, content in files.items():
        landing.put(name, content)
    # No member lists the records of a plain page: every page goes the general way.
    with mock.patch.object(shapes, "_LISTS", shapes._LISTS if fast else ()):
        landing.run()
    landing.law()
    con = landing.con
    result = {
        "rows": landing.rows(),
        "files": con.sql("SELECT * EXCLUDE (modified_ns) FROM landing.files ORDER BY ALL").fetchall(),
        "rejected": con.sql("SELECT * FROM landing.rejected_rows ORDER BY ALL").fetchall(),
        "notices": con.sql("SELECT * FROM landing.notices ORDER BY ALL").fetchall(),
    }
    con.close()
    return result


def takes_fast_way(landing: Landing) -> bool:
    """Ingest with the general way closed; False if something has to take it."""
    with mock.patch.object(shapes, "_survey_wrapped", side_effect=AssertionError("the general way")):
        try:
            landing.run()
        except AssertionError:
            return False
    landing.law()
    return True


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("resource", "content"),
    [
        (
            CALLS,
            lines([voipbin_page([dial(i) for i in range(40)]), voipbin_page([]), voipbin_page([dial(50)])]),
        ),
        (DIALS, lines([outreach_page([call(i) for i in range(1, 40)]), outreach_page([call(50)])])),
        (CALLS, lines([{"data": [dial(1), dial(2, mood="calm")]}])),
        (CALLS, json.dumps(voipbin_page([dial(i) for i in range(3)]), indent=2).encode()),
        (DIALS, json.dumps([outreach_page([call(3)]), outreach_page([call(4, note=None)])]).encode()),
    ],
)
def test_plain_pages_take_the_fast_way(tmp_path: Path, resource: str, content: bytes, large: bool) -> None:
    landing = Landing(tmp_path, resource)
    landing.large = large
    landing.put("pages.json", content)
    assert takes_fast_way(landing)
    assert landing.rejected() == []
    read, accepted, *_ = landing.files()["pages.json"]
    assert read == accepted == content.count(b'"attributes"') + content.count(b'"destination_index"')


# What may stand in a file of pages beside good pages.
_VOIPBIN_ODD: list[Any] = [
    voipbin_page([]),
    {"result": None, "next_page_token": ""},
    {"next_page_token": ""},
    {"error": "too many requests"},
    voipbin_page([dial(60)], _airbyte_data=None),
    voipbin_page([dial(61)], response=None),
    voipbin_page([dial(62)], type="RECORD"),
    voipbin_page([dial(63)], data=[dial(64)]),
    {"response": voipbin_page([dial(65)])},
    {"data": [dial(66)]},
    dial(67),
    voipbin_page([None, dial(68)]),
    voipbin_page([3, "text", [dial(69)], {}]),
    voipbin_page([dial(70, id="none")]),
    voipbin_page([dial(71, status=None), dial(72)]),
    voipbin_page([dial(73, destination="+15550100188")]),
    voipbin_page([dial(74, destination=7)]),
    voipbin_page([{"id": dial(75)["id"]}]),
    voipbin_page([dial(76, mood="calm"), dial(77, Mood=1), dial(78, mood=None)]),
    voipbin_page([dial(79, **{"": 1, 'a"b; DROP': {"x": [1.5, None]}, "Zoë 🙂": True})]),
    voipbin_page([dial(80, result="NaN"), dial(81, result=float("nan"))]),
    voipbin_page([dial(82, _airbyte_meta={"changes": [{"field": "result", "change": "NULLED"}]})]),
    voipbin_page([dial(83, _fivetran_deleted=True)]),
    voipbin_page([{"$unreadable": {"reason": "x"}}]),
    voipbin_page([dial(84, attributes={"a": 1})]),
    {"type": "STATE", "value": {}},
    voipbin_page([dial(85)], response={"result": [dial(86)]}),
    voipbin_page([dial(87)], _airbyte_data=dial(88)),
    voipbin_page([dial(89)], type="STATE"),
    voipbin_page([dial(90)], type="RECORD", stream="campaigncalls", record=dial(91)),
]
_OUTREACH_ODD: list[Any] = [
    outreach_page([]),
    {"errors": [{"id": "x", "detail": "no"}]},
    {"data": call(60)},
    outreach_page([call(61), {**call(62), "type": "prospect"}]),
    outreach_page([{**call(63), "type": None}]),
    outreach_page([{"id": 64, "type": "call"}]),
    outreach_page([{"id": 65, "type": "call", "attributes": None, "relationships": {}}]),
    outreach_page([{**call(66), "relationships": []}]),
    outreach_page([{**call(67), "Type": "x", "Attributes": 1}]),
    outreach_page([{**call(68), "weight": 7, "links": {"self": "x"}, "meta": {}}]),
    outreach_page([call(69, mood="calm"), call(70, Mood=2)]),
    outreach_page([call(71, created_at="yesterday")]),
    outreach_page([None, 3]),
    outreach_page([call(72)], included=[{"type": "prospect", "id": 1}]),
    outreach_page([call(73)], type="call"),
    outreach_page([{**call(78), "type": "prospect"}]),
    outreach_page([call(76)], result=[call(77)]),
    {"data": {"calls": [call(74)]}},
    {"data": [{**call(75)["attributes"], "id": 75}]},
]


@settings(max_examples=examples(4), deadline=None)
@given(st.integers(0, 2**32))
def test_both_ways_give_the_same(seed: int) -> None:
    chance = random.Random(seed)
    resource, make, page, odd = chance.choice(
        [(CALLS, dial, voipbin_page, _VOIPBIN_ODD), (DIALS, call, outreach_page, _OUTREACH_ODD)]
    )
    files = {}
    for number in range(chance.randrange(1, 4)):
        pages = []
        for _ in range(chance.randrange(1, 5)):
            rows = [make(chance.randrange(1, 50)) for _ in range(chance.randrange(5))]
            if chance.random() < 0.3:
                rows.append(
                    make(
                        chance.randrange(1, 50),
                        **{chance.choice(["mood", "Mood", "note"]): chance.choice([None, 1, "x"])},
                    )
                )
            pages.append(page(rows))
        for _ in range(chance.choice([0, 0, 1, 2])):
            pages.insert(chance.randrange(len(pages) + 1), chance.choice(odd))
        files[f"{number}.ndjson"] = lines(pages)
    with tempfile.TemporaryDirectory() as folder:
        large = chance.random() < 0.4
        ways = [
            outcome(Path(folder) / str(fast), resource, files, fast=fast, large=large)
            for fast in (True, False)
        ]
        for what in ways[0]:
            assert ways[0][what] == ways[1][what], what


def files_with_odd_pages(resource: str) -> dict[str, dict[str, bytes]]:
    """Files for each odd page, which begin with its number, with good rows of its own: three files, or one."""
    found: dict[str, dict[str, bytes]] = {"three": {}, "alone": {}}
    for odd, between in enumerate(_VOIPBIN_ODD if resource == CALLS else _OUTREACH_ODD):
        first = 1_000 + 10 * odd
        good = (
            [voipbin_page([dial(first), dial(first + 1)]), voipbin_page([dial(first + 2)])]
            if resource == CALLS
            else [outreach_page([call(first)])] * 2
        )
        found["three"] |= {
            f"{odd:02}-a.ndjson": lines([good[0], between, good[1]]),
            f"{odd:02}-b.ndjson": lines([between]),
            f"{odd:02}-c.ndjson": lines(good),
        }
        found["alone"] |= {f"{odd:02}-a.ndjson": lines([between])}
    return found


Found = dict[str, list[tuple[Any, ...]]]


def found_in(landing: Landing, odd: int) -> Found:
    """Everything that ingest wrote about the files of one odd page."""
    resource = landing.resource
    files = f"{resource.source}/{resource.name}/{odd:02}-%"
    ids = "_file_id IN (SELECT file_id FROM landing.files WHERE file LIKE $files)"
    queries = {
        "rows": f"SELECT * FROM {resource.raw_table} WHERE {ids}",
        "files": "SELECT * EXCLUDE (modified_ns) FROM landing.files WHERE file LIKE $files",
        "rejected": "SELECT * FROM landing.rejected_rows WHERE file LIKE $files",
        "notices": "SELECT * FROM landing.notices WHERE file LIKE $files",
    }
    return {
        what: landing.con.execute(f"{query} ORDER BY ALL", {"files": files}).fetchall()
        for what, query in queries.items()
    }


Way = Callable[[str, str, bool], Landing]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Way:
    """Resource, "three" or "alone", and whether the fast way is open → what became of the files; read when first asked for.

    Each odd page's files are read by themselves, so that none closes the fast way for another's. An error of ingest names
    the files.
    """

    @functools.cache
    def landed(resource: str, name: str, fast: bool) -> Landing:
        landing = Landing(tmp_path_factory.mktemp("way"), resource)
        for file, content in files_with_odd_pages(resource)[name].items():
            landing.put(file, content)
        with (
            mock.patch.object(shapes, "_LISTS", shapes._LISTS if fast else ()),
            mock.patch.object(ingest_run, "_TOGETHER", 3 if name == "three" else 1),
        ):
            landing.run()
        landing.law()
        return landing

    return landed


@pytest.mark.parametrize("name", ["three", "alone"])
@pytest.mark.parametrize(
    ("resource", "odd"),
    [(CALLS, odd) for odd in range(len(_VOIPBIN_ODD))] + [(DIALS, odd) for odd in range(len(_OUTREACH_ODD))],
)
def test_one_odd_page_between_good_ones(way: Way, resource: str, odd: int, name: str) -> None:
    fast, general = (found_in(way(resource, name, is_open), odd) for is_open in (True, False))
    for what in fast:
        assert fast[what] == general[what], what
    assert len(fast["files"]) == (3 if name == "three" else 1)


def test_a_null_beside_the_list_costs_no_row(tmp_path: Path) -> None:
    landing = Landing(tmp_path, CALLS)
    landing.put("a.json", lines([voipbin_page([dial(1), dial(2)], response=None)]))
    landing.put("b.json", lines([voipbin_page([dial(3)], _airbyte_data=None)]))
    with mock.patch.object(shapes, "_LISTS", ()):
        landing.run()
    assert (landing.rejected(), len(landing.rows())) == ([], 3)
