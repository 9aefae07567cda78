"""Bad input, and what it gets: the good rows stay, and everything else is told with file, position and reason."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

from pipelines.ingest import load, note_unread
from pipelines.ingest.files import LandingFolder, Unread
from pipelines.ingest.shapes import Batch, Records
from pipelines.sources import Resource
from tests.landing_folder import Landing, Row, Writer, array, jsonapi, lines, page, to_csv, to_parquet
from tests.support import examples

CALLS = "voipbin.campaigncalls"


def call(number: int, **changes: object) -> Row:
    """A good call, but for the changes."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "status": "done",
        "result": "fail",
        "destination_index": 0,
        "try_count": 1,
        "tm_create": "2026-02-01 10:00:00",
        "tm_update": "2026-02-01 10:00:30",
        **changes,
    }


def numbers(landing: Landing) -> list[int]:
    """The calls that are in the table."""
    return [int(str(row[0])[-12:]) for row in landing.columns("id")]


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path, CALLS)


# --- broken files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", [b"not json", b'{"id": ', b'{"id": "\xff"}', b'{"a": "\x00"}', b"]", b'"'])
def test_a_line_that_is_no_json(landing: Landing, junk: bytes) -> None:
    good = lines([call(1)])
    landing.put("a.ndjson", good + junk + b"\n" + lines([call(2)]) + lines([call(3)]))
    landing.run()
    expected = [1, 2, 3]
    assert numbers(landing) == expected
    assert landing.rejected() == [(2, "unreadable")]
    assert landing.files() == {"a.ndjson": (4, 3, 0, 1)}
    landing.law()


def test_what_follows_a_document_on_its_line(landing: Landing) -> None:
    landing.put("a.ndjson", lines([call(1)])[:-1] + b" and more\n" + lines([call(2)])[:-1] + lines([call(3)]))
    landing.run()
    assert numbers(landing) == [1, 2, 3]
    assert landing.rejected() == [(2, "unreadable")]


def test_good_lines_of_a_broken_file_are_taken_as_they_are(landing: Landing) -> None:
    """Lines in the first column that are documents, between such that are not, and one that spans two."""
    first, second, third, fourth = (lines([call(i)]) for i in range(4))
    spanning = second[:-2] + b',\n"queue_id": null}\n'
    inner = (
        b'{"data": [\n' + third[:-1] + b"\n]}\n"
    )  # its middle line is a document too, and is not read twice
    landing.put("a.ndjson", first[:-1] + b"\r\n" + spanning + b"{no\n" + inner + fourth[:-1])
    landing.run()
    assert numbers(landing) == [0, 1, 2, 3]
    assert landing.rejected() == [(3, "unreadable")]
    landing.law()


def test_neighbouring_lines_that_begin_no_record_are_one_rejected_row(landing: Landing) -> None:
    landing.put("a.ndjson", b"x\ny\n" + lines([call(1)]) + b"z\n" + lines([call(2)]))
    landing.run()
    assert landing.rejected() == [(1, "unreadable"), (3, "unreadable")]
    assert numbers(landing) == [1, 2]
    landing.law()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_compressed_data_that_ends_early(landing: Landing, pack: object) -> None:
    # Random ids do not compress, so that half of the bytes hold about half of the rows.
    rows = [
        call(i, reference_id=str(__import__("uuid").UUID(int=hash((i, "x")) % 2**128))) for i in range(20_000)
    ]
    packed = pack(lines(rows))  # type: ignore[operator]
    landing.put("a.ndjson.gz", packed[: len(packed) // 2])
    landing.run()
    kept = numbers(landing)
    assert kept == list(range(len(kept)))
    assert 1_000 < len(kept) < 20_000
    assert landing.rejected() == [(len(kept) + 1, "unreadable")]
    landing.law()


def cut_after(text: bytes) -> bytes:
    """Compressed, and ended where exactly this much of it can be had."""
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize("write", [lines, array, page, to_csv], ids=["lines", "array", "page", "csv"])
def test_compressed_data_that_ends_early_between_two_rows_is_told(landing: Landing, write: Writer) -> None:
    whole = write([call(i) for i in range(3)])
    landing.put("a.csv.gz", cut_after(whole))
    landing.run()
    assert numbers(landing) == [0, 1, 2]
    assert landing.rejected() == [(4, "unreadable")]
    landing.law()


def test_a_csv_row_whose_end_is_missing_is_not_taken_for_whole(landing: Landing) -> None:
    landing.put(
        "a.csv.gz", cut_after(to_csv([call(i, tm_update="2026-02-01 10:00:30") for i in range(3)])[:-8])
    )
    landing.run()
    assert numbers(landing) == [0, 1]
    assert landing.rejected() == [(3, "unreadable")]
    landing.law()


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data)],
    ids=["gz", "zst"],
)
def test_compressed_data_that_is_damaged_is_not_trusted(landing: Landing, pack: object) -> None:
    packed = bytearray(pack(lines([call(i) for i in range(2_000)])))  # type: ignore[operator]
    packed[len(packed) // 2] ^= 0x55
    landing.put("a.ndjson.gz", bytes(packed))
    landing.run()
    assert numbers(landing) == []
    assert landing.rejected() == [(1, "unreadable")]
    landing.law()


@pytest.mark.parametrize("write", [page, array], ids=["page", "array"])
def test_a_truncated_page(landing: Landing, write: object) -> None:
    whole = write([call(i) for i in range(5)])  # type: ignore[operator]
    landing.put("a.json", whole[: whole.rindex(b'"tm_create"')])
    landing.run()
    assert numbers(landing) == [0, 1, 2, 3]
    assert landing.rejected() == [(5, "unreadable")]
    assert landing.files() == {"a.json": (5, 4, 0, 1)}
    landing.law()


@pytest.mark.slow
@pytest.mark.parametrize(("write", "cut", "kept"), [(lines, 40, 4), (to_csv, 5, 4)], ids=["lines", "csv"])
def test_no_broken_file_goes_unnoticed_among_many(tmp_path: Path, write: Writer, cut: int, kept: int) -> None:
    # A scan of DuckDB 2.0 over many files on several threads may drop, without a word, what it cannot read.
    for attempt in range(examples(2)):
        landing = Landing(tmp_path / str(attempt), CALLS)
        landing.con.execute("SET threads = 4")
        for file in range(60):
            content = write([call(10 * file + i, reference_type='a "quote"') for i in range(5)])
            landing.put(
                f"{file:02}.x.{'csv' if write is to_csv else 'json'}",
                content[:-cut] if file == 0 else content,
            )
        landing.run()
        assert len(landing.rows()) == 59 * 5 + kept
        assert landing.rejected() == [(5, "unreadable")]
        landing.law()


def test_a_truncated_json_api_document(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    whole = jsonapi("call")([{"id": i, "outcome": "Answered", "user_id": 3} for i in range(4)])
    landing.put("a.json", whole[: whole.index(b'"id": 2, "attributes"') + 10])
    landing.run()
    assert landing.columns("id", "user_id") == [(0, 3), (1, 3)]
    assert landing.rejected() == [(3, "unreadable")]


def test_a_truncated_parquet_file(landing: Landing) -> None:
    whole = to_parquet([call(i) for i in range(5)])
    landing.put("a.parquet", whole[:-20])
    landing.run()
    assert landing.rejected() == [(1, "unreadable")]
    landing.law()


def test_a_parquet_file_that_can_be_surveyed_and_not_loaded(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What DuckDB makes of damaged pages may be another thing at the second reading.
    records = load.records

    def damaged(resource: Resource, batch: Batch, *others: Any, **options: Any) -> Records:
        found = records(resource, batch, *others, **options)
        if batch.format != "parquet":
            return found
        return replace(
            found, sql=f"SELECT * FROM ({found.sql}) WHERE in_item >= 0 AND error('Out of buffer') IS NULL"
        )

    monkeypatch.setattr(load, "records", damaged)
    landing.put("a.parquet", to_parquet([call(i) for i in range(5)]))
    landing.put("b.ndjson", lines([call(i) for i in range(5, 8)]))
    landing.run()
    assert numbers(landing) == [5, 6, 7]
    assert landing.rejected() == [(1, "unreadable")]
    # What DuckDB says may quote the file, so it is no detail.
    assert landing.con.sql("SELECT field, value, detail FROM landing.rejected_rows").fetchall() == [
        (None, "Invalid Input Error: Out of buffer", "DuckDB cannot read this file")
    ]
    landing.law()


def test_csv_rows_of_another_width(landing: Landing) -> None:
    text = to_csv([call(i) for i in range(3)]).decode().splitlines()
    landing.put("a.csv", "\n".join([*text[:2], "1,2", *text[2:3], text[3] + ",more,and more"]) + "\n")
    landing.run()
    assert numbers(landing) == [0, 1]
    assert landing.rejected() == [(2, "unreadable"), (4, "unreadable")]
    landing.law()


def test_a_line_of_200_mb(landing: Landing) -> None:
    with (landing.folder / "a.ndjson").open("wb") as out:
        out.write(lines([call(1)]))
        out.write(b'{"id": "' + b"x" * 200_000_000 + b'"}\n')
        out.write(lines([call(2)]))
    landing.run()
    assert numbers(landing) == [1, 2]
    assert landing.rejected() == [(2, "unreadable")]
    assert landing.con.sql("SELECT max(length(record)) <= 2000 FROM landing.rejected_rows").fetchall() == [
        (True,)
    ]
    landing.law()


def test_a_long_line_of_csv(landing: Landing) -> None:
    text = to_csv([call(1, reference_type="none"), call(2, reference_type="x" * 20_000_000), call(3)])
    landing.put("a.csv", text)
    landing.run()
    assert numbers(landing) == [1, 3]
    assert landing.rejected() == [(2, "unreadable")]
    landing.law()


def test_a_page_of_40_mb_in_one_line(landing: Landing) -> None:
    rows = [call(i, source={"type": "tel", "target": "x" * 1000}) for i in range(30_000)]
    landing.put("a.json", page(rows))
    landing.run()
    assert landing.files() == {"a.json": (30_000, 30_000, 0, 0)}
    landing.law()


# --- things that are no files ------------------------------------------------------------------------------------


def test_empty_files_are_no_rows(landing: Landing) -> None:
    for name, content in {
        "empty.ndjson": b"",
        "blank.json": b" \n\r\n",
        "bom.csv": b"\xef\xbb\xbf",
        "empty.json.gz": gzip.compress(b""),
        "array.json": b"[]",
        "page.json": b'{"result": [], "next_page_token": "x"}',
        "header.csv": to_csv([call(1)]).splitlines()[0] + b"\n",
        "bare_header.csv": to_csv([call(1)]).splitlines()[0],
        "empty.parquet": to_parquet([call(1)])[:0],
    }.items():
        landing.put(name, content)
    landing.run()
    assert landing.rejected() == []
    assert set(landing.files().values()) == {(0, 0, 0, 0)}


def test_what_is_no_file_is_told_and_not_opened(landing: Landing, tmp_path: Path) -> None:
    outside = tmp_path / "secret.json"
    outside.write_bytes(lines([call(9)]))
    (landing.folder / "folder.json").mkdir()
    landing.put("folder.json/inside.json", lines([call(1)]))
    (landing.folder / "link.json").symlink_to(outside)
    (landing.folder / "dangling.json").symlink_to(tmp_path / "nothing")
    (landing.folder / "linked_folder").symlink_to(tmp_path)
    (landing.folder / "loop").symlink_to(landing.folder)
    (landing.folder / "inner.json").symlink_to(landing.folder / "folder.json" / "inside.json")
    os.mkfifo(landing.folder / "pipe.json")
    for _ in range(2):
        landing.run()
        assert numbers(landing) == [1]
        assert landing.files() == {
            "dangling.json": (1, 0, 0, 1),
            "folder.json": (1, 0, 0, 1),
            "folder.json/inside.json": (1, 1, 0, 0),
            "inner.json": (1, 0, 1, 0),
            "link.json": (1, 0, 0, 1),
            "linked_folder": (1, 0, 0, 1),
            "pipe.json": (1, 0, 0, 1),
        }
        landing.law()
    assert landing.rejected() == [(1, "unreadable")] * 5
    details = landing.con.sql("SELECT file, record FROM landing.rejected_rows ORDER BY file").fetchall()
    assert dict(details)["voipbin/campaigncalls/link.json"] == "a link that leads out of the landing folder"


@pytest.mark.parametrize("make", [Path.touch, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_a_file_where_a_resources_folder_should_be_is_told_once(
    landing: Landing, make: Callable[[Path], None]
) -> None:
    landing.folder.rmdir()
    make(landing.folder)
    landing.run()
    assert landing.con.sql("SELECT file, reason, record FROM landing.rejected_rows").fetchall() == [
        (
            "voipbin/campaigncalls",
            "unreadable",
            "no folder: make a folder of this name, and put the files into it",
        )
    ]
    assert note_unread(landing.con, LandingFolder(landing.path)) == []
    landing.law()


def test_names_that_mean_something_to_a_database(landing: Landing) -> None:
    for i, name in enumerate(
        ["a'b.ndjson", "*.ndjson", "[a-z]?.ndjson", "{x,y}.ndjson", "ü 🙂;--.ndjson", 'q"$1.ndjson']
    ):
        landing.put(name, lines([call(i)]))
    landing.run()
    assert numbers(landing) == [0, 1, 2, 3, 4, 5]
    assert landing.rejected() == []
    landing.law()


def test_a_missing_resource_is_an_empty_table(landing: Landing) -> None:
    landing.folder.rmdir()
    assert landing.run().files_seen == 0
    assert landing.rows() == []


# --- bad rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason", "field", "value"),
    [
        ({"id": None}, "id is missing", "id", None),
        ({"id": "00000000-0000-0000-0000-000000000000"}, "id is missing", "id", "00000000-0000-0000-0000-000000000000"),
        ({"id": "x"}, "id is not a UUID", "id", "x"),
        ({"status": "finished"}, "status is not one of dialing, progressing, done", "status", "finished"),
        ({"status": "it's"}, "status is not one of dialing, progressing, done", "status", "it's"),
        ({"status": None}, "status is missing", "status", None),
        ({"result": "busy"}, "result is not one of success, fail", "result", "busy"),
        ({"destination_index": -1}, "destination_index is less than 0", "destination_index", "-1"),
        ({"destination_index": 5}, "destination_index is more than 4", "destination_index", "5"),
        ({"destination_index": 1.5}, "destination_index is not a whole number", "destination_index", "1.5"),
        ({"destination_index": "1e0"}, "destination_index is not a whole number", "destination_index", "1e0"),
        ({"destination_index": True}, "destination_index is not a whole number", "destination_index", "true"),
        ({"try_count": 0}, "try_count is less than 1", "try_count", "0"),
        ({"try_count": [1]}, "try_count is not a whole number", "try_count", "[1]"),
        ({"tm_create": "2022-13-01"}, "tm_create is not a time", "tm_create", "2022-13-01"),
        ({"tm_create": "epoch"}, "tm_create is not a time", "tm_create", "epoch"),
        ({"tm_create": 1651215705}, "tm_create is not a time", "tm_create", "1651215705"),
        ({"tm_update": "2026-02-01T10:00:00+25:00"}, "tm_update is not a time", "tm_update", "2026-02-01T10:00:00+25:00"),
        ({"tm_update": "2026-02-01 10:00:00 Europe/Berlin"}, "tm_update is not a time", "tm_update",
         "2026-02-01 10:00:00 Europe/Berlin"),
        ({"tm_update": "long " * 50}, "tm_update is not a time", "tm_update", "long " * 40),
        ({"source": "nobody"}, "source is not an address", "source", "nobody"),
        ({"source": [1]}, "source is not an address", "source", "[1]"),
        # Of two, the first in the order of the contract.
        ({"tm_update": "x", "queue_id": 7}, "queue_id is not a UUID; tm_update is not a time", "queue_id", "7"),
        ({"id": None, "status": "finished"}, "id is missing; status is not one of dialing, progressing, done", "id", None),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_by_reason_field_and_value(
    landing: Landing, changes: Row, reason: str, field: str, value: str | None
) -> None:
    landing.put("a.ndjson", lines([call(1), call(2, **changes), call(3)]))
    landing.run()
    assert numbers(landing) == [1, 3]
    assert landing.con.sql(
        "SELECT position, reason, field, value, detail FROM landing.rejected_rows"
    ).fetchall() == [(2, reason, field, value, None)]
    record = landing.con.sql("SELECT record FROM landing.rejected_rows").fetchall()[0][0]
    assert json.loads(record) == call(2, **changes)
    landing.law()


@pytest.mark.parametrize(
    "write", [lines, array, to_csv, to_parquet], ids=["lines", "array", "csv", "parquet"]
)
def test_a_bad_value_is_told_alike_in_every_format(landing: Landing, write: Writer) -> None:
    landing.put("a.csv", write([call(1), call(2, status="finished", try_count=0)]))
    landing.run()
    assert landing.wrong() == [
        ("status is not one of dialing, progressing, done; try_count is less than 1", "status", "finished")
    ]


@pytest.mark.parametrize("disposition", [-1, 5, "reached"])
def test_a_disposition_out_of_its_range(tmp_path: Path, disposition: object) -> None:
    landing = Landing(tmp_path, "action_builder.contact_attempts")
    landing.put("a.csv", to_csv([{"id": 1, "disposition": disposition}, {"id": 2, "disposition": "0.0"}]))
    landing.run()
    assert landing.columns("id", "disposition") == [(2, 0)]
    reason = "is not a whole number" if disposition == "reached" else "is not one of 0, 1, 2, 3, 4"
    assert landing.wrong() == [(f"disposition {reason}", "disposition", str(disposition))]
    assert landing.rejected()[0][0] == 1


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2022-04-29 07:01:45.808944", "2022-04-29 07:01:45.808944"),
        ("2026-02-05T10:00:00.12Z", "2026-02-05 10:00:00.120000"),
        ("2026-02-05T10:00:00.123456789Z", "2026-02-05 10:00:00.123456"),
        ("2026-02-05T10:00:00", "2026-02-05 10:00:00"),
        ("2026-02-05T10:00Z", "2026-02-05 10:00:00"),
        ("2026-02-05", "2026-02-05 00:00:00"),
        ("2026-02-05T10:00:00+02:00", "2026-02-05 08:00:00"),
        ("2026-02-05 10:00:00.5-0730", "2026-02-05 17:30:00.500000"),
        ("2026-02-05 10:00:00+02", "2026-02-05 08:00:00"),
        ("2026-02-05 10:00:00 +02:00", "2026-02-05 08:00:00"),
        ("9999-01-01 00:00:00.000000", "None"),
        ("9999-12-31T23:59:59.999999Z", "None"),
        ("", "None"),
        ("null", "None"),
        (None, "None"),
    ],
)
def test_times_of_every_era(landing: Landing, text: str | None, stored: str) -> None:
    landing.put("a.ndjson", lines([call(1, tm_update=text)]))
    landing.run()
    assert landing.rejected() == []
    assert [str(row[0]) for row in landing.columns("tm_update")] == [stored]


def test_a_call_that_does_not_say_its_try_is_kept(landing: Landing) -> None:
    landing.put(
        "a.ndjson", lines([call(1, try_count=None), {k: v for k, v in call(2).items() if k != "try_count"}])
    )
    assert landing.run().accepted == 2
    assert landing.columns("try_count") == [(None,), (None,)]


def test_numbers_and_flags_in_quotes(tmp_path: Path, landing: Landing) -> None:
    landing.put("a.ndjson", lines([call(1, destination_index="2", try_count="3.0"), call(2, try_count=4.0)]))
    landing.run()
    assert landing.columns("destination_index", "try_count") == [(0, 4), (2, 3)]
    outreach = Landing(tmp_path / "o", "outreach.calls")
    values = [True, "true", "TRUE", "t", 1, "1", False, "false", 0, None, ""]
    outreach.put(
        "a.ndjson", lines([{"id": i, "should_record_call": value} for i, value in enumerate(values)])
    )
    outreach.run()
    assert [row[1] for row in outreach.columns("id", "should_record_call")] == [True] * 6 + [False] * 3 + [
        None
    ] * 2


def test_no_destination_has_three_forms(landing: Landing) -> None:
    empty = {"type": "", "target": "", "target_name": "", "name": "", "detail": ""}
    landing.put("a.ndjson", lines([call(i, destination=d) for i, d in enumerate([None, {}, empty])]))
    landing.run()
    assert [row[1] for row in landing.columns("id", "destination")] == [None, None, empty]


def test_values_outside_an_open_set_are_kept_and_reported(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    landing.put(
        "a.ndjson",
        lines([{"id": i, "state": s, "sequenceAction": "Jump"} for i, s in enumerate(["x", "x", "y"])]),
    )
    landing.run()
    assert [row[1] for row in landing.columns("id", "state")] == ["x", "x", "y"]
    assert landing.notices("unknown_value") == [
        ("sequence_action", "Jump", 3),
        ("state", "x", 2),
        ("state", "y", 1),
    ]


def test_rows_of_another_stream(landing: Landing) -> None:
    landing.put("singer.jsonl", lines([
        {"type": "RECORD", "stream": "campaigncalls", "record": call(1)},
        {"type": "RECORD", "stream": "outplans", "record": call(2, dial_timeout=30_000)},
        {"type": "RECORD", "stream": "public-campaigncalls", "record": call(3)},
    ]))  # fmt: skip
    landing.put("airbyte.jsonl", lines([
        {"type": "RECORD", "record": {"stream": "campaigns", "data": call(4), "emitted_at": 1}},
        {"stream": "voipbin.campaigncalls", "data": call(5), "emitted_at": 1},
    ]))  # fmt: skip
    landing.run()
    assert numbers(landing) == [1, 3, 5]
    assert landing.wrong() == [("wrong_stream", None, None)] * 2
    assert [position for position, _ in landing.rejected()] == [1, 2]
    assert landing.notices("new_field") == []
    landing.law()


def test_awkward_text_is_stored_as_it_is(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "action_builder.contact_attempts")
    notes = [
        "'; DROP TABLE raw.x; --",
        '"quoted"',
        "$1 $$",
        "a\x00b",
        "🙂‍↔️",
        "<script>alert(1)</script>",
        "=1+1",
        "\r\n\t",
        "\\",
        "null",
    ]
    landing.put("a.ndjson", lines([{"id": i, "note": note} for i, note in enumerate(notes)]))
    landing.run()
    assert [row[1] for row in landing.columns("id", "note")] == notes
    landing.law()


def test_column_names_that_mean_something_to_a_database(landing: Landing) -> None:
    names = [
        '"',
        "'; DROP SCHEMA raw; --",
        "a/b~c",
        "",
        " ",
        "$1",
        "x\x00y",
        "ID ",
        "c0",
        "in_file",
        "_file_id",
        "extra",
        "🙂",
    ]
    # Beside `id`, `ID ` is the same field once more.
    names.remove("ID ")
    landing.put("a.ndjson", lines([call(1, **dict.fromkeys(names, "v")), call(2)]))
    others = [name for name in names if "\x00" not in name]
    landing.put("b.csv", to_csv([call(3, **dict.fromkeys(others, "v"))]))
    landing.run()
    assert landing.rejected() == []
    assert numbers(landing) == [1, 2, 3]
    extras = [json.loads(row[0]) for row in landing.columns("extra") if row[0]]
    assert len(extras) == 2
    assert all(value == "v" for extra in extras for value in extra.values())


def test_unknown_columns_are_kept_and_reported_once(landing: Landing) -> None:
    landing.put(
        "a.ndjson", lines([call(1, hangupReason="busy", cost={"USD": 1.5}), call(2, hangupReason=None)])
    )
    landing.run()
    landing.put("b.ndjson", lines([call(3, hangup_reason="x"), call(4)]))
    landing.run()
    assert [json.loads(row[0]) for row in landing.columns("extra") if row[0]] == [
        {"cost": {"USD": 1.5}, "hangup_reason": "busy"}, {"hangup_reason": "x"}
    ]  # fmt: skip
    assert landing.notices("new_field") == [("cost", None, 1), ("hangup_reason", None, 2)]


def test_an_unknown_column_at_two_depths_is_kept_at_both(tmp_path: Path) -> None:
    calls = Landing(tmp_path, "outreach.calls")
    flat = {"id": 1, "direction": "outbound", "mood": "good"}
    nested = {"type": "call", "id": 2, "attributes": {"direction": "inbound", "mood": "bad"}}
    calls.put("a.ndjson", lines([flat, nested]))
    calls.run()
    assert [json.loads(extra) for (extra,) in calls.columns("extra")] == [
        {"/attributes/mood": "bad"},
        {"mood": "good"},
    ]


def test_scalars_and_nulls_are_no_records(landing: Landing) -> None:
    landing.put("a.json", json.dumps([call(1), 5, None, "x", [], call(2)]))
    landing.run()
    assert numbers(landing) == [1, 2]
    assert landing.wrong() == [("unreadable", None, None)] * 4
    landing.law()


def test_utf_16_is_read(landing: Landing) -> None:
    landing.put("a.csv", b"\xff\xfe" + to_csv([call(1)]).decode().encode("utf-16-le"))
    landing.run()
    assert numbers(landing) == [1]


def test_a_json_file_that_is_none(landing: Landing) -> None:
    landing.put("a.json", "<html><body>502 Bad Gateway</body></html>\n")
    landing.run()
    assert landing.rejected() == [(1, "unreadable")]


# --- what nobody reads -------------------------------------------------------------------------------------------


def test_what_nobody_reads_is_told_until_it_is_gone(landing: Landing) -> None:
    landing.put("a.ndjson", lines([call(1)]))
    landing.put("b/2026-02-01/more.csv.gz", gzip.compress(to_csv([call(2)])))
    for name in (
        "dispositions.csv", "README.md", "_state/sync.json", ".partial.ndjson", "voipbin/campaigncalls/_dlt/x.ndjson",
    ):  # fmt: skip
        put(landing, name)
    own = (
        "voipbin/campaigncalls/_dlt",
        1,
        "names that begin with _ are left alone: they belong to the tool that wrote the files",
    )
    assert note_unread(landing.con, LandingFolder(landing.path)) == [Unread(*own)]
    for name in (
        "stray.csv", "hubspot/calls/a.json", "hubspot/calls/b.json", "voipbin/a.ndjson", "voipbin/campaign_calls/a.ndjson",
        "voipbin/campaigncalls/deep/er/a.pdf", "voipbin/campaigncalls/a.ndjson.rar", "sub/dispositions.csv",
    ):  # fmt: skip
        put(landing, name)
    for _ in range(2):  # told once, however often it is looked at
        note_unread(landing.con, LandingFolder(landing.path))
    systems = "action_builder, house, liondesk, outreach, voipbin"
    resources = "campaigncalls, outdialtargets, outplans, campaigns, calls, queuecalls"
    ending = (
        "its name ends in none of .json, .jsonl, .ndjson, .csv, .tsv, .txt, .parquet, .avro, .xlsx, .xlsm, .sqlite, "
        ".sqlite3, .db, .duckdb, .zip, nor in one of them with .gz, .zst, .bz2 or .xz"
    )
    assert landing.con.sql(
        "SELECT file, rows, detail FROM landing.notices WHERE code = 'not_read' ORDER BY file"
    ).fetchall() == [
        ("hubspot/calls/a.json", 2, f"it lies in no source's folder; there are {systems}"),
        ("stray.csv", 1, f"it lies in no source's folder; there are {systems}"),
        ("sub/dispositions.csv", 1, f"it lies in no source's folder; there are {systems}"),
        ("voipbin/a.ndjson", 1, f"it lies in no resource's folder of voipbin; there are {resources}"),
        (
            "voipbin/campaign_calls/a.ndjson",
            1,
            f"it lies in no resource's folder of voipbin; there are {resources}",
        ),
        own,
        ("voipbin/campaigncalls/a.ndjson.rar", 2, ending),
    ]
    shutil.rmtree(landing.path / "hubspot")
    assert len(note_unread(landing.con, LandingFolder(landing.path))) == 6
    landing.run()
    assert numbers(landing) == [1, 2]


def put(landing: Landing, name: str) -> None:
    path = landing.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
