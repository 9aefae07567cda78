"""Files in the containers that people have: archives, workbooks, Avro, databases, no ending; and what is left alone.

Belongs here: which files are read, and that a row comes out of each container as it went in. Does not belong here: what
the text in a container may look like (headers, delimiters), and random damage (``test_ingest_fuzz``).
"""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import decimal
import gzip
import io
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import fastavro
import openpyxl
import pytest
import zstandard
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pipelines.ingest import archives, note_unread
from pipelines.ingest.files import LandingFolder
from pipelines.settings import ROOT
from tests.landing_folder import Landing, Row, lines, page, to_csv, to_parquet

HEADER = (
    "id,entity_id,action_entity_id,action_id,campaign_id,contact_info_type,contact_info_id,disposition,created_by_id,"
    "created_at,updated_at,target_type,target_id,note"
).split(",")
FULL = (
    ",".join(HEADER)
    + '''
9001,501,7001,31,7,PhoneNumber,88001,1,12,2026-10-20 17:02:11.120,2026-10-20 17:02:11.120,Action,31,
9002,501,7001,31,7,PhoneNumber,88001,0,12,2026-10-22 17:40:03.5,2026-10-22 17:40:03.5,Action,31,"Will come with ""two friends"""
9003,502,7002,31,7,PhoneNumber,88002,1,12,2026-10-22 18:01:44,2026-10-22 18:01:44,Action,31,
9004,503,7003,31,7,Address,88003,2,13,2026-10-23 09:11:00,2026-10-23 09:11:00,Action,31,moved
'''
)
ATTEMPTS = list(csv.DictReader(io.StringIO(FULL)))
CREATED = [
    dt.datetime(2026, 10, 20, 17, 2, 11, 120000),
    dt.datetime(2026, 10, 22, 17, 40, 3, 500000),
    dt.datetime(2026, 10, 22, 18, 1, 44),
    dt.datetime(2026, 10, 23, 9, 11),
]
TAKEN = [
    (9001, 7, 1, CREATED[0], None),
    (9002, 7, 0, CREATED[1], 'Will come with "two friends"'),
    (9003, 7, 1, CREATED[2], None),
    (9004, 7, 2, CREATED[3], "moved"),
]


@pytest.fixture
def attempts(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "action_builder.contact_attempts")


@pytest.fixture
def calls(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "voipbin.campaigncalls")


def taken(landing: Landing) -> list[tuple[Any, ...]]:
    """What every test of the attempts compares."""
    note = "json_extract_string(extra, '$.note')"
    table = f"raw.{landing.resource.table}"
    columns = [row[0] for row in landing.con.sql(f"DESCRIBE {table}").fetchall()]
    return landing.con.sql(
        f"SELECT id, campaign_id, disposition, created_at, {'note' if 'note' in columns else note} FROM {table} ORDER BY id"
    ).fetchall()


def refused(landing: Landing) -> list[tuple[str, str, str | None]]:
    """File, what is told, and what a library or the file adds."""
    start = len(f"{landing.resource.source}/{landing.resource.name}/")
    return [
        (file[start:], record, value)
        for file, record, value in landing.con.sql(
            'SELECT file, record, "value" FROM landing.rejected_rows ORDER BY file, position'
        ).fetchall()
    ]


def not_read(landing: Landing) -> list[tuple[str, int, str]]:
    """Name within the resource's folder, number of files, and why."""
    start = len(f"{landing.resource.source}/{landing.resource.name}/")
    return [
        (each.name[start:], each.files, each.why)
        for each in note_unread(landing.con, LandingFolder(landing.path))
    ]


def call(number: int, **values: Any) -> Row:
    """A call with the id ``number``."""
    return {
        "id": str(uuid.UUID(int=number)),
        "status": "done",
        "result": "fail",
        "destination_index": 0,
        "try_count": 1,
        "tm_create": "2026-02-01 10:00:00",
        "tm_update": "2026-02-01 10:00:00",
        **values,
    }


def zipped(files: Iterable[tuple[str, bytes | str]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


# --- which files are data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "full.tsv", "full.txt", "FULL.CSV", "full.tsv.gz.gz", "0000_part_00", "000000000000", "export.2026-10-20",
        "part_00.gz", "000.bz2", "v2.export.0003-01.zst", "full.csv.zst.xz.gz",
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_content(attempts: Landing, name: str) -> None:
    content = FULL.encode()
    if ".tsv" in name:
        content = to_csv([dict(row) for row in ATTEMPTS], "\t")
    packers: dict[str, Callable[[bytes], bytes]] = {
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "zst": zstandard.compress,
    }
    for ending in name.split("."):
        if (packer := packers.get(ending)) is not None:
            content = packer(content)
    attempts.put(name, content)
    attempts.run()
    assert refused(attempts) == []
    assert taken(attempts) == TAKEN
    assert not_read(attempts) == []
    attempts.law()


@pytest.mark.parametrize("name", ["full.v2", "full.sql", "full.csv~", "full.csv.gz.gz.gz.gz", "a.zip.gz"])
def test_another_ending_is_told(attempts: Landing, name: str) -> None:
    attempts.put(name, FULL)
    attempts.run()
    assert attempts.files() == {}
    [(told, count, why)] = not_read(attempts)
    assert (told, count) == (name, 1)
    assert why.startswith("its name ends in none of .json, ")


def test_manifests_and_what_belongs_to_tools_is_left_alone_and_told_once(attempts: Landing) -> None:
    attempts.put("contact_attempts_0000_part_00", FULL)
    attempts.put(
        "contact_attempts_manifest", '{"entries":[{"url":"s3://bucket/contact_attempts_0000_part_00"}]}'
    )
    attempts.put("old/manifest.json", "{}")
    attempts.put("_delta_log/00000000000000000000.json", '{"commitInfo":{"operation":"WRITE"}}')
    attempts.put("y/_delta_log/00000000000000000000.checkpoint.parquet", b"PAR1")
    for name in ("_SUCCESS", "_committed_12", "_temporary/0/part-0.csv", "x/_started_12"):
        attempts.put(name, "id\n1\n")
    attempts.put("iceberg/data/00000-0.csv", FULL.replace("900", "800"))
    attempts.put("iceberg/metadata/v1.metadata.json", "{}")
    attempts.put("iceberg/metadata/snap-1.avro", b"Obj\x01")
    attempts.put("hadoop/metadata/version-hint.text", "3")
    attempts.put("hadoop/metadata/v3.json", "{}")
    attempts.put("columns.csv", "file pattern,columns\n")
    attempts.put("metadata/kept.csv", FULL.replace("900", "700"))
    for name in (".hidden.csv", "~$open.xlsx", "Thumbs.db", "README.md"):
        attempts.put(name, "x")
    attempts.run()
    assert sorted(attempts.files()) == [
        "contact_attempts_0000_part_00", "iceberg/data/00000-0.csv", "metadata/kept.csv"
    ]  # fmt: skip
    assert [row[0] for row in taken(attempts)] == [
        number + i for number in (7001, 8001, 9001) for i in range(4)
    ]
    log = "the log of a table format is not read, so files that the table has dropped are read too"
    assert not_read(attempts) == [
        (
            "_SUCCESS",
            4,
            "names that begin with _ are left alone: they belong to the tool that wrote the files",
        ),
        ("_delta_log", 4, log),
        (
            "contact_attempts_manifest",
            2,
            "a manifest is left alone: it lists files, and says nothing of contacts",
        ),
    ]


# --- compression -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_what_came_out_of_a_cut_file_is_kept(calls: Landing, pack: Callable[[bytes], bytes]) -> None:
    rows = [call(i, note=os.urandom(2_000).hex()) for i in range(1, 501)]
    packed = pack(lines(rows))
    calls.put("a.jsonl.gz", packed[: len(packed) // 2])
    calls.run()
    read, accepted, _, rejected = calls.files()["a.jsonl.gz"]
    assert (read, rejected) == (accepted + 1, 1)
    assert 50 < accepted < 300
    assert calls.wrong()[0][0] == "unreadable"
    calls.law()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_nothing_of_a_damaged_file_is_kept(calls: Landing, pack: Callable[[bytes], bytes]) -> None:
    content = lines([call(i) for i in range(1, 11)])
    calls.put("two.jsonl.gz", pack(content) + pack(content)[:12] + b"\xff" * 2_000)
    calls.put("good.jsonl", lines([call(99)]))
    calls.run()
    assert [name for name, *_ in refused(calls)] == ["two.jsonl.gz"]
    assert calls.files()["good.jsonl"] == (1, 1, 0, 0)
    calls.law()


def bombs() -> dict[str, Callable[[bytes], bytes]]:
    return {
        "a.json.gz": gzip.compress,
        "a.json.bz2": bz2.compress,
        "a.json.xz": lzma.compress,
        "a.json.zst": zstandard.compress,
        "a.json.gz.gz": lambda data: gzip.compress(gzip.compress(data)),
        "a.zip": lambda data: zipped([("a.json", data)]),
        "a.xlsx": lambda data: zipped([("xl/workbook.xml", data)]),
    }


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_refused(attempts: Landing, name: str) -> None:
    attempts.put(name, bombs()[name](b"[" + b" " * 30_000_000))
    attempts.put("good.csv", FULL)
    with mock.patch.object(archives, "LIMIT", 20_000_000):
        attempts.run()
    [(file, record, value)] = refused(attempts)
    assert file == name
    assert "times its own size" in f"{record} {value}"
    assert taken(attempts) == TAKEN
    attempts.law()


def test_what_is_only_large_is_read(attempts: Landing) -> None:
    """Both must hold of a bomb: much, and much more than went in."""
    attempts.put("a.csv.gz", gzip.compress(FULL.encode()))
    attempts.put("b.zip", zipped([("b.csv", FULL.replace("900", "800"))]))
    with mock.patch.object(archives, "LIMIT", 10):
        attempts.run()
    assert len(taken(attempts)) == 8


# --- zip ---------------------------------------------------------------------------------------------------------


def test_the_members_of_an_archive_are_files_of_their_own(attempts: Landing) -> None:
    attempts.put("full.zip", zipped([("full.csv", FULL)]))
    attempts.run()
    assert taken(attempts) == TAKEN
    assert attempts.files() == {"full.zip/full.csv": (4, 4, 0, 0)}
    assert not_read(attempts) == []
    attempts.law()


def test_what_is_in_an_archive_is_judged_as_in_a_folder(calls: Landing) -> None:
    calls.put(
        "sub/Export 1.ZIP",
        zipped(
            [
                ("pages/1.json", page([call(1)])),
                ("pages\\2.json", page([call(2)])),
                ("part_0", lines([call(3)])),
                ("packed.jsonl.gz", gzip.compress(lines([call(4)]))),
                ("table.parquet", to_parquet([call(5)])),
                ("__MACOSX/._1.json", b"\0"),
                (".DS_Store", b"\0"),
                ("_SUCCESS", b""),
                ("empty/", b""),
                ("notes.pdf", b"%PDF"),
                ("same.jsonl", lines([call(6)])),
            ]
        ),
    )
    calls.run()
    assert [row[0].int for row in calls.columns("id")] == [1, 2, 3, 4, 5, 6]
    assert sorted(name.removeprefix("sub/Export 1.ZIP/") for name in calls.files()) == [
        "packed.jsonl.gz", "pages/1.json", "pages/2.json", "part_0", "same.jsonl", "table.parquet"
    ]  # fmt: skip
    assert [name for name, *_ in not_read(calls)] == [
        "sub/Export 1.ZIP/_SUCCESS", "sub/Export 1.ZIP/notes.pdf"
    ]  # fmt: skip
    calls.law()


def test_a_folder_in_an_archive_gives_the_owner(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "liondesk.contact_communications")
    row = {
        "campaign_name": "x",
        "type": "Text Contact",
        "is_active": False,
        "send_at": "2026-10-12T18:31:35.000Z",
    }
    content = json.dumps({"total": 1, "limit": 10, "skip": 0, "data": [row]})
    landing.put(
        "all.zip", zipped([("contacts/76/page-1.json", content), ("contacts/77/page-1.json", content)])
    )
    landing.run()
    assert [row[0] for row in landing.columns("contact_id")] == [76, 77]
    landing.law()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_second_run_reads_nothing_and_same_bytes_are_read_once(attempts: Landing, method: int) -> None:
    attempts.put("a.csv", FULL)
    attempts.put("full.zip", zipped([("full.csv", FULL), ("more.csv", FULL.replace("900", "800"))], method))
    first = attempts.run()
    assert (first.files_seen, first.files_read, first.accepted, first.superseded) == (3, 2, 8, 4)
    again = attempts.run()
    assert (again.files_seen, again.files_read) == (3, 0)
    assert again.rows_read == 0
    os.utime(attempts.folder / "full.zip", (1, 1))
    assert attempts.run().files_read == 0
    with mock.patch.object(archives, "read_member", side_effect=AssertionError("it is read again")):
        assert attempts.run().files_read == 0  # the new time of change is known
    attempts.put(
        "full.zip",
        zipped([("more.csv", FULL.replace("900", "800")), ("new.csv", FULL.replace("900", "700"))]),
    )
    assert attempts.run().files_read == 1
    assert len(taken(attempts)) == 12
    attempts.law()


def test_names_that_lead_out_are_refused_and_nothing_is_written_there(
    attempts: Landing, tmp_path: Path
) -> None:
    attempts.put(
        "a.zip",
        zipped(
            [
                ("../../../../up.csv", FULL.replace("900", "100")),
                ("/root.csv", FULL.replace("900", "200")),
                ("C:\\drive.csv", FULL.replace("900", "300")),
                ("x/../y.csv", FULL.replace("900", "400")),
                ("good.csv", FULL),
            ]
        ),
    )
    before = sorted(path for path in tmp_path.rglob("*") if "work" not in path.parts)
    attempts.run()
    assert taken(attempts) == TAKEN
    assert [record for _, record, _ in refused(attempts)] == [
        "a name in an archive that leads out of the archive"
    ] * 4
    assert sorted(path for path in tmp_path.rglob("*") if "work" not in path.parts) == before
    assert not list(tmp_path.rglob("up.csv"))
    attempts.law()


def test_two_members_of_one_name_are_both_read(attempts: Landing) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped([("a.csv", FULL), ("a.csv", FULL.replace("900", "800"))])
    attempts.put("a.zip", content)
    attempts.run()
    assert attempts.files() == {"a.zip/a.csv": (4, 4, 0, 0), "a.zip/a.csv (2)": (4, 4, 0, 0)}


def test_what_cannot_be_read_of_an_archive_is_one_line_and_nothing_else_is_lost(attempts: Landing) -> None:
    good = zipped([("good.csv", FULL)])
    encrypted = bytearray(zipped([("secret.csv", FULL), ("open.csv", FULL.replace("900", "800"))]))
    at = encrypted.index(b"PK\x01\x02")
    encrypted[at + 8] |= 1
    damaged = bytearray(zipped([("bad.csv", FULL), ("open.csv", FULL.replace("900", "700"))]))
    damaged[60] ^= 0xFF
    attempts.put("encrypted.zip", bytes(encrypted))
    attempts.put("damaged.zip", bytes(damaged))
    flipped = zipped([("bad.csv", FULL)], zipfile.ZIP_STORED).replace(b"moved", b"loved", 1)
    attempts.put("flipped.zip", flipped)
    attempts.put("nested.zip", zipped([("inner.zip", good), ("open.csv", FULL.replace("900", "600"))]))
    attempts.put("cut.zip", good[:-30])
    attempts.put("empty.zip", zipped([]))
    attempts.put("download", good)
    attempts.run()
    assert [row[0] for row in taken(attempts)] == [n + i for n in (6001, 7001, 8001) for i in range(4)]
    assert [(file, record) for file, record, _ in refused(attempts)] == [
        ("cut.zip", "a damaged archive: File is not a zip file"),
        ("damaged.zip/bad.csv", "damaged compressed data"),
        ("download", "a zip archive under another name: let its name end in .zip"),
        (
            "encrypted.zip/secret.csv",
            "an encrypted file in an archive: unpack it, and put the files into the folder",
        ),
        ("flipped.zip/bad.csv", "damaged compressed data"),
        (
            "nested.zip/inner.zip",
            "an archive in an archive: unpack it once, and put what is in it into the folder",
        ),
    ]
    assert not_read(attempts) == [("empty.zip", 1, "an archive without a data file")]
    attempts.law()
    assert attempts.run().files_read == 0
    attempts.put("cut.zip", good)  # the copy is complete now
    attempts.run()
    assert len(taken(attempts)) == 16
    assert "cut.zip" not in [
        file.rpartition("/")[2]
        for (file,) in attempts.con.sql(
            "SELECT file FROM landing.files WHERE is_current AND rows_rejected > 0"
        ).fetchall()
    ]
    attempts.law()


def test_many_members_cost_their_directory_once(calls: Landing) -> None:
    calls.put("all.zip", zipped((f"{i}.json", page([call(i)])) for i in range(1, 601)))
    with mock.patch.object(archives.zipfile, "ZipFile", wraps=zipfile.ZipFile) as opened:
        calls.run()
    assert opened.call_count == 1
    assert len(calls.columns("id")) == 600


# --- workbooks ---------------------------------------------------------------------------------------------------


def workbook(
    *sheets: tuple[str, Sequence[Sequence[Any]]], change: Callable[[Any], None] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def typed_rows() -> list[list[Any]]:
    """The attempts as a spreadsheet holds them: numbers and times, not texts."""
    rows: list[list[Any]] = []
    for row, created in zip(ATTEMPTS, CREATED, strict=True):
        values: dict[str, Any] = {k: int(v) if v.isdigit() else v or None for k, v in row.items()}
        rows.append(list((values | {"created_at": created, "updated_at": created}).values()))
    return [list(HEADER), *rows]


def test_a_workbook_is_read(attempts: Landing) -> None:
    attempts.put("x.xlsx", workbook(("Sheet1", typed_rows())))
    attempts.put("text.xlsm", workbook(("Sheet1", [HEADER, *(list(r.values()) for r in ATTEMPTS)])))
    attempts.run()
    assert refused(attempts) == []
    assert taken(attempts) == TAKEN
    assert attempts.files() == {"x.xlsx": (4, 0, 4, 0), "text.xlsm": (4, 4, 0, 0)}
    assert attempts.notices("other_sheet") == []
    attempts.law()


def mac(book: Any) -> None:
    book.epoch = CALENDAR_MAC_1904


@pytest.mark.parametrize("change", [None, mac])
def test_values_come_as_they_are_stored(calls: Landing, change: Callable[[Any], None] | None) -> None:
    stored = {
        "id": str(uuid.UUID(int=1)), "outdial_target_id": str(uuid.UUID(int=2)), "status": "done",
        "result": "fail", "destination_index": 0,
        "try_count": 3, "tm_create": dt.datetime(2026, 2, 1, 10, 0, 0, 123000), "tm_update": dt.date(2026, 2, 2),
        "zeros": "007", "number": 7, "fraction": 7.25, "flag": True, "time": dt.time(9, 5, 7),
        "span": dt.timedelta(hours=25, minutes=30), "long": 123456789012345678, "empty": None, "text": '  a\nb, "c" ',
    }  # fmt: skip
    calls.put("x.xlsx", workbook(("s", [list(stored), list(stored.values())]), change=change))
    calls.run()
    assert refused(calls) == []
    assert calls.columns("try_count", "tm_create", "tm_update") == [
        (3, dt.datetime(2026, 2, 1, 10, 0, 0, 123000), dt.datetime(2026, 2, 2))
    ]
    assert json.loads(calls.columns("extra")[0][0]) == {
        "zeros": "007", "number": "7", "fraction": "7.25", "flag": "true", "time": "09:05:07", "span": "25:30:00",
        "long": "1.23456789012346E+17", "text": '  a\nb, "c" ',
    }  # fmt: skip


@pytest.mark.parametrize("text", ["1.23457E+17", "1.23E+11", "1,23E+11"])
def test_a_number_that_a_spreadsheet_shortened_is_refused_with_the_reason(
    attempts: Landing, text: str
) -> None:
    shortened = [dict(row) for row in ATTEMPTS]
    shortened[1]["id"] = text
    attempts.put("a.csv", to_csv(shortened))
    attempts.put("good.csv", FULL.replace("900", "800"))
    attempts.run()
    assert attempts.wrong() == [("id is not a whole number: a spreadsheet shortened it", "id", text)]
    attempts.law()


def test_a_long_number_in_a_workbook_is_refused_with_the_reason(attempts: Landing) -> None:
    rows = typed_rows()
    rows[1][0] = 1234567890123456789
    attempts.put("a.xlsx", workbook(("s", rows)))
    attempts.run()
    assert attempts.wrong() == [
        ("id is not a whole number: a spreadsheet shortened it", "id", "1.23456789012346E+18")
    ]
    assert len(taken(attempts)) == 3


def test_an_error_in_a_cell_is_no_empty_cell(attempts: Landing) -> None:
    rows = typed_rows()
    rows[1][7], rows[2][7], rows[3][13] = "#N/A", "#DIV/0!", "#REF!"
    attempts.put("a.xlsx", workbook(("s", [[], *rows])))
    attempts.run()
    assert attempts.wrong() == [
        ("disposition is not a whole number", "disposition", "#DIV/0!"),
    ]
    # `#N/A` says that there is no value.
    assert [(row[0], row[4]) for row in taken(attempts)][1:] == [(9003, "#REF!"), (9004, "moved")]
    assert attempts.columns("id", "disposition")[0] == (9001, None)


def test_the_sheet_is_the_one_with_the_resources_name_else_the_first_with_a_header(attempts: Landing) -> None:
    cover: list[list[Any]] = [["Export", "of the spring"], ["Name", "somebody"], ["id", None]]
    other = [row[:] for row in typed_rows()]
    for row in other[1:]:
        row[0] += 1_000
    attempts.put(
        "headed.xlsx", workbook(("About", cover), ("One", typed_rows()), ("Two", other), ("Empty", []))
    )
    attempts.run()
    assert taken(attempts) == TAKEN
    assert [value for _, value, _ in attempts.notices("other_sheet")] == ["About", "Two"]
    attempts.put("named.xlsx", workbook(("One", typed_rows()), ("Contact Attempts", other)))
    attempts.run()
    assert [row[0] for row in taken(attempts)] == [9001, 9002, 9003, 9004, 10001, 10002, 10003, 10004]
    attempts.law()


def test_a_hidden_sheet_comes_after_the_others(attempts: Landing) -> None:
    def hide(book: Any) -> None:
        book["lists"].sheet_state = "hidden"

    lists: list[list[Any]] = [["id", "campaign_id"], [1, 2]]
    attempts.put("a.xlsx", workbook(("lists", lists), ("data", typed_rows()), change=hide))
    attempts.run()
    assert taken(attempts) == TAKEN


def test_merged_cells_and_an_offset(attempts: Landing) -> None:
    """A value that stands once for several rows belongs to each of them."""

    def merge(book: Any) -> None:
        sheet = book["s"]
        sheet.insert_cols(1, 2)
        sheet.insert_rows(1, 3)
        sheet.merge_cells("G5:G8")  # campaign_id

    attempts.put("a.xlsx", workbook(("s", [*typed_rows(), [None] * 14]), change=merge))
    attempts.run()
    assert refused(attempts) == []
    assert taken(attempts) == TAKEN


def test_workbooks_that_hold_no_table(attempts: Landing) -> None:
    attempts.put("empty.xlsx", workbook(("s", [])))
    attempts.put("header.xlsx", workbook(("s", [HEADER])))
    attempts.put("password.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3_000))
    good = workbook(("s", typed_rows()))
    attempts.put("cut.xlsx", good[:-100])
    attempts.put("good.xlsx", good)
    attempts.run()
    assert [(file, record) for file, record, _ in refused(attempts)] == [
        ("cut.xlsx", "a damaged workbook"),
        ("empty.xlsx", "a workbook without a filled cell"),
        ("password.xlsx", "a damaged workbook"),
    ]
    assert attempts.files()["header.xlsx"] == (0, 0, 0, 0)
    assert taken(attempts) == TAKEN
    attempts.law()


# --- Avro --------------------------------------------------------------------------------------------------------

CALL_SCHEMA = {
    "type": "record",
    "name": "call",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "outdial_target_id", "type": {"type": "fixed", "name": "uuid_bytes", "size": 16}},
        {"name": "status", "type": {"type": "enum", "name": "status", "symbols": ["dialing", "progressing", "done"]}},
        {"name": "result", "type": "string"},
        {"name": "destination_index", "type": "int"},
        {"name": "try_count", "type": ["null", "long"]},
        {"name": "tm_create", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "tm_update", "type": ["null", {"type": "long", "logicalType": "local-timestamp-millis"}]},
        {
            "name": "destination",
            "type": {
                "type": "record",
                "name": "address",
                "fields": [{"name": "type", "type": "string"}, {"name": "target", "type": "string"}],
            },
        },
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "labels", "type": {"type": "map", "values": "string"}},
        {"name": "ratio", "type": "double"},
        {"name": "text_bytes", "type": "bytes"},
        {"name": "other_bytes", "type": "bytes"},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    ],
}  # fmt: skip


def avro_call(number: int) -> Row:
    return {
        "id": uuid.UUID(int=number), "outdial_target_id": uuid.UUID(int=100 + number).bytes, "status": "done",
        "result": "fail", "destination_index": 0, "try_count": 2,
        "tm_create": dt.datetime(2026, 2, 1, 10, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        "tm_update": dt.datetime(2026, 2, 1, 9, 0, 0, 5000), "destination": {"type": "tel", "target": "+15555550142"},
        "price": decimal.Decimal("1.50"), "labels": {"a": "b"}, "ratio": float("nan"), "text_bytes": "grün".encode(),
        "other_bytes": b"\xff\x00", "day": dt.date(2026, 2, 3),
    }  # fmt: skip


def avro(rows: Sequence[Row], schema: Any, codec: str = "null", interval: int = 16_000) -> bytes:
    out = io.BytesIO()
    if codec != "zstandard":
        fastavro.writer(out, schema, rows, codec=codec, sync_interval=interval)
        return out.getvalue()
    # Its writer needs another package for this codec: the blocks are packed here.
    plain = avro(rows, schema, "null", interval)
    reader: Any = fastavro.block_reader(io.BytesIO(plain))
    sync = plain[-16:]
    out.write(plain[: plain.index(sync)].replace(b"\x08null", b"\x12zstandard") + sync)
    for block in reader:
        packed = zstandard.compress(block.bytes_.getvalue())
        out.write(_varint(block.num_records) + _varint(len(packed)) + packed + sync)
    return out.getvalue()


def _varint(value: int) -> bytes:
    value, out = value * 2, b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_avro_is_read(calls: Landing, codec: str) -> None:
    calls.put("a.avro", avro([avro_call(1), avro_call(2)], CALL_SCHEMA, codec))
    calls.put("b.avro.gz", gzip.compress(avro([avro_call(3)], CALL_SCHEMA, codec)))
    calls.run()
    assert refused(calls) == []
    assert calls.columns("id", "outdial_target_id", "status", "try_count", "tm_create", "tm_update") == [
        (
            uuid.UUID(int=i), uuid.UUID(int=100 + i), "done", 2, dt.datetime(2026, 2, 1, 8, 0, 0, 123456),
            dt.datetime(2026, 2, 1, 9, 0, 0, 5000),
        )
        for i in (1, 2, 3)
    ]  # fmt: skip
    assert calls.columns("destination")[0][0]["target"] == "+15555550142"
    assert json.loads(calls.columns("extra")[0][0]) == {
        "price": "1.50", "labels": {"a": "b"}, "text_bytes": "grün", "other_bytes": "ff00", "day": "2026-02-03"
    }  # fmt: skip
    calls.law()


def test_avro_of_a_flat_table_and_of_no_record(attempts: Landing) -> None:
    names = [{"name": name, "type": ["null", "string"]} for name in HEADER]
    schema = {"type": "record", "name": "attempts", "fields": names}
    attempts.put(
        "export-000000000000", avro([{k: v or None for k, v in r.items()} for r in ATTEMPTS], schema)
    )
    attempts.put("none.avro", avro([], schema))
    attempts.run()
    assert taken(attempts) == TAKEN
    assert attempts.files()["none.avro"] == (0, 0, 0, 0)


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
def test_damage_in_an_avro_file_costs_its_block(calls: Landing, codec: str) -> None:
    content = bytearray(avro([avro_call(i) for i in range(1, 401)], CALL_SCHEMA, codec, interval=4_000))
    sync = bytes(content[-16:])
    places = [i for i in range(len(content)) if content.startswith(sync, i)]
    middle = places[len(places) // 2]
    content[middle + 10 : middle + 16] = bytes(6)  # the mark between two blocks: neither of them is lost
    content[places[1] + 17 : places[1] + 30] = bytes(13)
    calls.put("a.avro", bytes(content))
    calls.put("cut.avro", avro([avro_call(i) for i in range(1000, 1400)], CALL_SCHEMA, codec, 4_000)[:-1_000])
    calls.run()
    for name in ("a.avro", "cut.avro"):
        read, accepted, _, rejected = calls.files()[name]
        assert rejected == 1
        assert read == accepted + 1
        assert 250 < accepted < 400
    assert refused(calls)[0][1].startswith("an Avro file with a damaged block")
    calls.law()


# --- databases ---------------------------------------------------------------------------------------------------


def sqlite(path: Path, *tables: str, extra: Sequence[str] = ()) -> None:
    with sqlite3.connect(path) as con:
        for table in tables:
            types = {"id": "INTEGER", "created_at": "TEXT"}
            columns = ", ".join(f"{name} {types.get(name, '')}" for name in HEADER)
            con.execute(f'CREATE TABLE "{table}" ({columns})')
            marks = ", ".join("?" * len(HEADER))
            con.executemany(
                f'INSERT INTO "{table}" VALUES ({marks})', [[v or None for v in r.values()] for r in ATTEMPTS]
            )
        for statement in extra:
            con.execute(statement)
    con.close()


def duck(path: Path, *tables: str, extra: Sequence[str] = ()) -> None:
    with duckdb.connect(path) as con:
        con.execute(
            "CREATE TABLE loaded AS FROM read_csv($path, all_varchar = true)", {"path": [str(path) + ".csv"]}
        )
        for table in tables:
            con.execute(
                f"CREATE TABLE {table} AS SELECT * REPLACE (id::HUGEINT AS id, created_at::TIMESTAMPTZ AS created_at) FROM loaded"
            )
        con.execute("DROP TABLE loaded")
        for statement in extra:
            con.execute(statement)


@pytest.fixture
def make(attempts: Landing, request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Make a database in the landing folder, of either kind."""

    def write(name: str, *tables: str, extra: Sequence[str] = ()) -> Path:
        path = attempts.folder / name
        if request.param == "sqlite":
            sqlite(path, *tables, extra=extra)
        else:
            Path(f"{path}.csv").write_text(FULL)
            with mock.patch.dict(os.environ, {"TZ": "UTC"}):
                duck(path, *tables, extra=["SET timezone = 'UTC'", *extra])
            Path(f"{path}.csv").unlink()
        return path

    return write


both = pytest.mark.parametrize("make", ["sqlite", "duckdb"], indirect=True)


@both
@pytest.mark.parametrize("table", ["contact_attempts", "Contact_Attempts", "action_builder_contact_attempts"])
def test_a_database_is_read_by_the_name_of_its_table(
    attempts: Landing, make: Callable[..., Path], table: str
) -> None:
    make("a.db", table, extra=["CREATE TABLE other (id INTEGER)", "CREATE VIEW v AS SELECT * FROM other"])
    attempts.run()
    assert refused(attempts) == []
    assert [row[0] for row in taken(attempts)] == [9001, 9002, 9003, 9004]
    assert taken(attempts)[1][4] == 'Will come with "two friends"'
    attempts.law()
    assert sorted(path.name for path in attempts.folder.iterdir()) == ["a.db"]


@both
def test_the_only_table_of_a_database_may_have_any_name(attempts: Landing, make: Callable[..., Path]) -> None:
    make("export", "exported", extra=["CREATE VIEW contact_attempts AS SELECT 1 AS id"])
    attempts.run()
    assert [row[0] for row in taken(attempts)] == [9001, 9002, 9003, 9004]


@both
def test_tables_of_other_names_are_told(attempts: Landing, make: Callable[..., Path]) -> None:
    make("a.duckdb", "one", "two", extra=["CREATE VIEW contact_attempts AS SELECT * FROM one"])
    make("none.sqlite", extra=["CREATE TABLE empty (id INTEGER)", "DROP TABLE empty"])
    attempts.run()
    names = "contact_attempts or action_builder_contact_attempts"
    assert refused(attempts) == [
        ("a.duckdb", f"a database with several tables, and none is named {names}", "its tables: one, two"),
        ("none.sqlite", "a database without a table", None),
    ]
    attempts.law()


@both
def test_a_damaged_database_is_refused(attempts: Landing, make: Callable[..., Path]) -> None:
    path = make("a.db", "contact_attempts")
    content = path.read_bytes()
    path.write_bytes(content[:600] + b"\xff" * (len(content) - 600))
    attempts.put("good.csv", FULL)
    attempts.run()
    [(name, record, _)] = refused(attempts)
    assert name == "a.db"
    assert record.startswith("a damaged ")
    assert taken(attempts) == TAKEN
    attempts.law()


def test_a_sqlite_file_that_is_being_written_waits(attempts: Landing) -> None:
    path = attempts.folder / "a.db"
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("PRAGMA journal_mode = WAL")
    con.execute("CREATE TABLE contact_attempts (id INTEGER)")
    attempts.run()
    assert refused(attempts) == [
        ("a.db", "a database with unsaved changes beside it: close the program that writes it", None)
    ]
    assert not_read(attempts) == []
    con.close()
    path.unlink()
    sqlite(path, "contact_attempts")
    attempts.run()
    assert taken(attempts) == TAKEN


def test_a_duckdb_file_that_another_program_writes_waits(attempts: Landing) -> None:
    path = attempts.folder / "a.duckdb"
    code = """
import duckdb, sys
con = duckdb.connect(sys.argv[1])
con.execute("CREATE TABLE contact_attempts (id INT)")
con.execute("CHECKPOINT")
print("open", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        attempts.run()
        writer.communicate("\n")
    assert [record for _, record, _ in refused(attempts)] == [
        "a DuckDB file that another program has open for writing: close it there"
    ]


def test_a_sqlite_file_is_not_trusted(attempts: Landing) -> None:
    """Nothing in it is run: a virtual table of the resource's name is no table."""
    path = attempts.folder / "a.db"
    sqlite(path, "one", "two", extra=["CREATE VIRTUAL TABLE contact_attempts USING fts5(id)"])
    attempts.run()
    assert refused(attempts)[0][1].startswith("a database with ")
    assert taken(attempts) == []


def test_sqlite_values(calls: Landing) -> None:
    path = calls.folder / "a.sqlite3"
    with sqlite3.connect(path) as con:
        row = call(1, b=b"\x01\xfe", n=2.5)
        con.execute(f"CREATE TABLE campaigncalls ({', '.join(row)})")
        marks = ", ".join("?" * len(row))
        con.execute(
            f"INSERT INTO campaigncalls VALUES ({marks})", [uuid.UUID(int=1).bytes, *list(row.values())[1:]]
        )
        for number, text in ((2, "CAST(x'ff41' AS TEXT)"), (3, "'text'")):
            con.execute(
                f"INSERT INTO campaigncalls VALUES ({marks[:-4]} {text}, 9e999)", list(call(number).values())
            )
    con.close()
    calls.run()
    assert [row[0].int for row in calls.columns("id")] == [1, 3]
    assert [json.loads(row[0]) for row in calls.columns("extra")] == [{"b": "01fe", "n": 2.5}, {"b": "text"}]
    assert [reason for reason, _, _ in calls.wrong()] == ["unreadable"]
    calls.law()


# --- cost --------------------------------------------------------------------------------------------------------


def test_no_reader_is_imported_before_such_a_file_is_there(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "action_builder.contact_attempts")
    landing.put("a.csv", FULL)
    landing.put("b.jsonl", lines([dict(row, id=1) for row in ATTEMPTS[:1]]))
    code = f"""
import sys
from pathlib import Path
import pipelines.refresh
from pipelines.ingest import ingest
from pipelines.ingest.files import LandingFolder
from pipelines.sources import RESOURCE
from tests.support import ledger

con, folder = ledger(), Path({str(tmp_path)!r})

def run():
    return ingest(con, RESOURCE["action_builder.contact_attempts"], LandingFolder(folder / "landing"), folder)

def loaded():
    return [name for name in ("python_calamine", "fastavro", "cramjam", "openpyxl") if name in sys.modules]

assert run().accepted == 5
print(loaded())
(folder / "c.xlsx").rename(Path(sys.argv[1]))
run()
print(loaded())
"""
    (tmp_path / "c.xlsx").write_bytes(workbook(("s", typed_rows())))
    done = subprocess.run(
        [sys.executable, "-c", code, str(landing.folder / "c.xlsx")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["[]", "['python_calamine']"], done.stderr


def test_a_title_above_the_header_of_a_sheet_costs_no_row(attempts: Landing) -> None:
    attempts.put("x.xlsx", workbook(("Data", [["Contact attempts"], [], *typed_rows()]), ("Old", [HEADER])))
    attempts.run()
    assert refused(attempts) == []
    assert taken(attempts) == TAKEN
    attempts.law()
