"""Values as people's files hold them: times and ids of databases, PostgreSQL's arrays, empty texts, and Parquet's types."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import polars as pl
import pytest

from pipelines.ingest import salvage_parquet
from pipelines.ingest.unpack import Unpacked
from pipelines.sources import RESOURCE, Field, Resource
from pipelines.sql_text import literal
from pipelines.warehouse.tables import create_schemas
from tests.landing_folder import Landing, Row, airbyte_raw, lines, to_csv, to_parquet

BOTH = pytest.mark.parametrize("large", [False, True], ids=["surveyed", "guessed"])


def landing(folder: Path, resource: str, large: bool = False) -> Landing:
    made = Landing(folder, resource)
    made.large = large
    return made


def all_taken(made: Landing) -> None:
    """Read what lies there, and hold that no row is refused."""
    result = made.run()
    made.law()
    assert made.wrong() == []
    assert result.accepted == result.rows_read > 0


# --- times -------------------------------------------------------------------------------------------------------

BIGQUERY = """\
id,entity_id,action_id,campaign_id,contact_info_type,disposition,created_at,updated_at,target_type,note
9001,501,31,7,PhoneNumber,1,2026-10-20 17:02:11.120 UTC,2026-10-20 17:02:11.120 UTC,Action,
9002,501,31,7,PhoneNumber,0,2026-10-22 17:40:03.5 UTC,2026-10-22 17:40:03.5 UTC,Action,"Will come, with two"
"""

SNOWFLAKE = """\
ID,DIRECTION,OUTCOME,DIALED_AT,CREATED_AT,UPDATED_AT,PROSPECT_ID,SEQUENCE_ID
41,outbound,Answered,2026-10-21 08:00:04.000 -0700,2026-10-21 08:00:03.000 -0700,2026-10-21 08:06:12.000 -0700,900,5
42,outbound,Not Answered,2026-10-21 08:07:00.000 -0700,2026-10-21 08:06:59.000 -0700,2026-10-21 08:07:31.000 -0700,901,5
"""


def test_times_of_bigquery(tmp_path: Path) -> None:
    attempts = landing(tmp_path, "action_builder.contact_attempts")
    attempts.put("contact_attempts-000000000000.csv", BIGQUERY)
    all_taken(attempts)
    assert attempts.columns("id", "created_at", "updated_at") == [
        (9001, datetime(2026, 10, 20, 17, 2, 11, 120_000), datetime(2026, 10, 20, 17, 2, 11, 120_000)),
        (9002, datetime(2026, 10, 22, 17, 40, 3, 500_000), datetime(2026, 10, 22, 17, 40, 3, 500_000)),
    ]


def test_times_of_snowflake(tmp_path: Path) -> None:
    calls = landing(tmp_path, "outreach.calls")
    calls.put("data_0_0_0.csv", SNOWFLAKE)
    all_taken(calls)
    assert calls.columns("id", "dialed_at", "created_at") == [
        (41, datetime(2026, 10, 21, 15, 0, 4), datetime(2026, 10, 21, 15, 0, 3)),
        (42, datetime(2026, 10, 21, 15, 7), datetime(2026, 10, 21, 15, 6, 59)),
    ]


@BOTH
def test_each_time_of_a_row_in_a_form_of_its_own(tmp_path: Path, large: bool) -> None:
    """Go, SQL Server, a decimal comma and Rails, in lines; as text beside them, what the same forms are in CSV."""
    calls = landing(tmp_path, "voipbin.campaigncalls", large)
    row = {
        "id": "11111111-2222-4333-8444-555555555555",
        "status": "done",
        "destination_index": 0,
        "tm_create": "2025-03-09 01:59:59.9 -0500",
        "tm_update": "2025-03-09 07:00:00,25 +0000 UTC",
        "tm_delete": " 9999-01-01 00:00:00 UTC",
    }
    calls.put("a.ndjson", lines([row, {**row, "id": "{11111111-2222-4333-8444-555555555556}"}]))
    calls.put("a.csv", to_csv([{**row, "id": "urn:uuid:11111111-2222-4333-8444-555555555557"}], ";"))
    all_taken(calls)
    assert {row[1:] for row in calls.columns("id", "tm_create", "tm_update", "tm_delete")} == {
        (datetime(2025, 3, 9, 6, 59, 59, 900_000), datetime(2025, 3, 9, 7, 0, 0, 250_000), None)
    }


def test_a_zone_by_name_is_not_guessed(tmp_path: Path) -> None:
    calls = landing(tmp_path, "outreach.calls")
    calls.put(
        "a.csv",
        "id,dialed_at\n1,2026-10-21 08:00:04 EST\n2,10/11/2026\n3,1792515731\n4,2026-10-21 08:00:04 UTC\n",
    )
    calls.run()
    calls.law()
    assert calls.wrong() == [
        ("dialed_at is not a time", "dialed_at", "2026-10-21 08:00:04 EST"),
        ("dialed_at is not a time", "dialed_at", "10/11/2026"),
        ("dialed_at is not a time", "dialed_at", "1792515731"),
    ]
    assert calls.columns("id") == [(4,)]


# --- lists -------------------------------------------------------------------------------------------------------


def test_an_array_of_postgresql_and_its_flags(tmp_path: Path) -> None:
    calls = landing(tmp_path, "outreach.calls")
    calls.put(
        "x.csv",
        "id,direction,outcome,dialed_at,created_at,updated_at,prospect_id,sequence_id,tags,should_record_call\n"
        "41,outbound,Answered,2026-10-21 15:00:04+00,2026-10-21 15:00:03+00,2026-10-21 15:06:12.5+00,900,5,"
        '"{q4,""call back""}",t\n',
    )
    all_taken(calls)
    assert calls.columns("id", "updated_at", "tags", "should_record_call") == [
        (41, datetime(2026, 10, 21, 15, 6, 12, 500_000), ["q4", "call back"], True)
    ]
    assert calls.notices("left_out") == []


@BOTH
def test_a_list_that_cannot_be_read_costs_the_field_and_not_the_row(tmp_path: Path, large: bool) -> None:
    """As pandas writes lists; the fast way and the careful way agree on the rows beside it."""
    calls = landing(tmp_path, "outreach.calls", large)
    rows: list[Row] = [
        {"id": 1, "tags": "{a,NULL}", "should_record_call": "yes"},
        {"id": 2, "tags": "['cold', 'east']", "should_record_call": "N"},
        {"id": 3, "tags": {"name": "cold"}, "should_record_call": ""},
        {"id": 4, "tags": "{}", "direction": " outbound  "},
        {"id": 5, "tags": "['x']", "direction": "sideways"},
    ]
    calls.put("a.ndjson", lines(rows))
    calls.run()
    calls.law()
    assert calls.columns("id", "direction", "tags", "should_record_call") == [
        (1, None, ["a", None], True),
        (2, None, None, False),
        (3, None, None, None),
        (4, "outbound", [], None),
    ]
    assert calls.wrong() == [("direction is not one of inbound, outbound", "direction", "sideways")]
    assert calls.notices("left_out") == [("tags", "['cold', 'east']", 2)]


# --- empty texts ---------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("write", [lines, to_csv, airbyte_raw], ids=["lines", "csv", "airbyte_raw"])
def test_an_empty_text_is_no_value_in_any_kind_of_field(tmp_path: Path, large: bool, write: Any) -> None:
    calls = landing(tmp_path, "outreach.calls", large)
    row = {"outcome": "Answered", "state": "completed", "dialedAt": "2026-10-21T15:00:04Z", "prospectId": 900}
    empty = dict.fromkeys(
        (
            "direction",
            "answeredAt",
            "tags",
            "note",
            "userId",
            "callDisposition",
            "shouldRecordCall",
            "sequenceAction",
        ),
        "",
    )
    blank = dict.fromkeys(("direction", "answeredAt", "tags", "userId", "shouldRecordCall"), "  ")
    calls.put(
        "x.csv" if write is to_csv else "x.jsonl",
        write([{"id": 41, **row, **empty}, {"id": 42, **row, **empty, **blank}, {"id": 43, **row}]),
    )
    all_taken(calls)
    none = ("direction", "answered_at", "tags", "note", "user_id", "call_disposition_id", "should_record_call",
            "sequence_action")  # fmt: skip
    assert [row[1:] for row in calls.columns("id", *none)] == [(None,) * 8] * 3
    assert calls.notices("unknown_value") == []


@BOTH
def test_an_empty_text_of_the_dialer(tmp_path: Path, large: bool) -> None:
    calls = landing(tmp_path, "voipbin.campaigncalls", large)
    row = {"id": str(UUID(int=5)), "status": "progressing", "destination_index": 1, "tm_create": "2026-10-21"}
    calls.put(
        "a.ndjson", lines([{**row, "result": "", "reference_type": "", "queue_id": "", "tm_delete": ""}])
    )
    calls.put("b.ndjson", lines([{**row, "id": str(UUID(int=6)), "status": "", "tm_create": " "}]))
    calls.run()
    calls.law()
    assert calls.columns("result", "reference_type", "queue_id", "tm_delete") == [(None,) * 4]
    assert calls.wrong() == [("status is missing; tm_create is missing", "status", "")]


# --- ids -----------------------------------------------------------------------------------------------------------

MYSQL = {
    "id": "563479015BB9422DADD55A2CA47FA737",
    "campaign_id": "183C0D5C691E42F3AF2B9BFFC2740F83",
    "outdial_target_id": "1B3D7A927146466D90F54BC701ADA4C0",
    "status": "done",
    "result": "fail",
    "destination_index": 0,
    "try_count": 1,
    "tm_create": "2026-10-20 17:52:45.808944",
    "tm_update": "2026-10-20 17:53:15.304704",
}


def test_one_call_in_every_spelling_of_its_id(tmp_path: Path) -> None:
    """MySQL's HEX(id), the usual form, braces, a URN, and the bytes themselves: five versions of one row."""
    calls = landing(tmp_path, "voipbin.campaigncalls")
    one = UUID("56347901-5bb9-422d-add5-5a2ca47fa737")
    row = {"status": "done", "destination_index": 0, "tm_create": "2026-10-20 17:52:45.808944"}
    calls.put("a.csv", to_csv([MYSQL], "\t"))
    calls.put(
        "b.ndjson",
        lines([{"id": str(one), **row}, {"id": f"{{{one}}}".upper(), **row}, {"id": one.urn, **row}]),
    )
    calls.put("c.parquet", parquet([{"id": one.bytes, **row}], {"id": pl.Binary}))
    result = calls.run()
    calls.law()
    assert (result.rows_read, result.accepted, result.rejected) == (5, 1, 0)
    assert calls.columns("id", "result", "outdial_target_id") == [
        (one, "fail", UUID("1b3d7a92-7146-466d-90f5-4bc701ada4c0"))
    ]


# --- Parquet -------------------------------------------------------------------------------------------------------


def parquet(rows: list[Row], schema: dict[str, Any] | None = None) -> bytes:
    """The rows as Parquet, uncompressed, so that a test can damage a text."""
    out = io.BytesIO()
    pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None).write_parquet(
        out, compression="uncompressed"
    )
    return out.getvalue()


def attempt(number: int, **changes: Any) -> Row:
    return {
        "id": number,
        "entity_id": 501,
        "disposition": 1,
        "contact_info_type": "PhoneNumber",
        "created_at": "2026-10-22 18:01:44",
        **changes,
    }


NOTES = [None, "José".encode(), "caf\xe9 latin1".encode("latin-1"), b"moved"]


def test_bytes_that_are_no_text_cost_their_row(tmp_path: Path) -> None:
    attempts = landing(tmp_path, "action_builder.contact_attempts")
    rows = [attempt(9001 + i, note=note) for i, note in enumerate(NOTES)]
    attempts.put("part.parquet", parquet(rows, {"note": pl.Binary}))
    attempts.run()
    attempts.law()
    assert attempts.columns("id", "note") == [(9001, None), (9002, "José"), (9004, "moved")]
    assert attempts.rejected() == [(3, "note is not UTF-8")]
    assert attempts.wrong() == [("note is not UTF-8", "note", "caf\\xE9 latin1")]


def test_a_text_that_is_none_costs_its_row_though_the_column_is_declared_as_text(tmp_path: Path) -> None:
    """In a list, in a text, and in a column that the contract does not know, which costs nothing."""
    calls = landing(tmp_path, "outreach.calls")
    rows = [
        {"id": 1, "direction": "outbound", "note": "naïve", "tags": ["é", None], "mood": {"word": "fine"}},
        {"id": 2, "direction": "outbound", "note": "caf??", "tags": None, "mood": None},
        {"id": 3, "direction": "inbound", "note": None, "tags": ["a", "t??"], "mood": None},
        {"id": 4, "direction": "inbound", "note": "", "tags": [], "mood": {"word": "s??"}},
        {"id": 5, "direction": "in??", "note": "last", "tags": ["b"], "mood": None},
    ]
    calls.put("a.parquet", parquet(rows).replace(b"??", b"\xe9\xff"))
    calls.run()
    calls.law()
    assert calls.columns("id", "direction", "note", "tags") == [
        (1, "outbound", "naïve", ["é", None]),
        (4, "inbound", None, []),
    ]
    assert calls.rejected() == [
        (2, "note is not UTF-8"),
        (3, "tags is not UTF-8"),
        (5, "direction is not UTF-8; direction is not one of inbound, outbound"),
    ]
    assert [json.loads(extra) for _, extra in calls.columns("id", "extra")] == [
        {"mood": {"word": "fine"}},
        {"mood": {"word": "s\\xE9\\xFF"}},
    ]


def test_a_text_that_is_none_in_a_document_costs_its_row(tmp_path: Path) -> None:
    calls = landing(tmp_path, "outreach.calls")
    rows = [
        {"_airbyte_raw_id": str(number), "_airbyte_data": json.dumps({"id": number, "note": note})}
        for number, note in enumerate(["good", "caf??", "fine"])
    ]
    calls.put("a.parquet", parquet(rows).replace(b"??", b"\xe9\xff"))
    calls.run()
    calls.law()
    assert calls.columns("id", "note") == [(0, "good"), (2, "fine")]
    assert calls.con.sql("SELECT position, reason, detail FROM landing.rejected_rows").fetchall() == [
        (2, "unreadable", "not UTF-8")
    ]


def test_one_bad_text_among_many_row_groups(tmp_path: Path) -> None:
    made = landing(tmp_path, "action_builder.contact_attempts")
    rows = 30_000
    texts = ("caf??" if i == 20_000 else f"note {i % 7}" for i in range(rows))
    frame = pl.DataFrame([attempt(i, note=text) for i, text in enumerate(texts)])
    out = io.BytesIO()
    frame.write_parquet(out, compression="uncompressed", row_group_size=1_000)
    made.put("a.parquet", out.getvalue().replace(b"caf??", b"caf\xe9\xff"))
    made.run()
    assert made.rejected() == [(20_001, "note is not UTF-8")]
    assert made.files() == {"a.parquet": (rows, rows - 1, 0, 1)}
    made.law()


@pytest.mark.parametrize("compression", ["zstd", "snappy", "uncompressed"])
@pytest.mark.parametrize("writer", ["polars", "duckdb"])
def test_a_copy_with_texts_declared_as_bytes_has_every_value(
    tmp_path: Path, compression: Any, writer: str
) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as con:
        con.execute(
            """CREATE TABLE written AS SELECT i AS id, CASE WHEN i % 5 > 0 THEN 'größer ' || i % 900 END AS note,
            list_transform(range(i % 3), lambda x: 'ü') AS tags, TIMESTAMP '2026-01-01' + to_hours(i % 24) AS moment
            FROM range(5000) AS r(i)"""
        )
        if writer == "polars":
            rows = con.sql("FROM written").fetchall()
            frame = pl.DataFrame(
                rows, ["id", "note", "tags", "moment"], orient="row", infer_schema_length=None
            )
            frame.write_parquet(path, compression=compression, row_group_size=700)
        else:
            con.execute(f"COPY written TO {literal(str(path))} (FORMAT parquet, COMPRESSION {compression})")
        mended = salvage_parquet.mend_parquet(Unpacked(str(path), "parquet"), tmp_path, 1)
        assert mended is not None
        assert salvage_parquet.mend_parquet(mended, tmp_path, 2) is None
        types = [row[1] for row in con.execute("DESCRIBE FROM read_parquet(?)", [mended.path]).fetchall()]
        assert types == ["BIGINT", "BLOB", "BLOB[]", "TIMESTAMP"]
        read = "SELECT id, {}, list_transform(tags, lambda x: {}), moment FROM read_parquet(?) WHERE id > 1 ORDER BY id"
        again = con.execute(read.format("decode(note)", "decode(x)"), [mended.path]).fetchall()
        assert again == con.execute(read.format("note", "x"), [str(path)]).fetchall()
        assert len(again) == 4_998


def test_a_footer_that_is_cut_or_changed_is_no_crash(tmp_path: Path) -> None:
    """Any footer is either declared anew or left, and never an error."""
    path = tmp_path / "a.parquet"
    whole = parquet([attempt(i, note="x") for i in range(3)])
    length = int.from_bytes(whole[-8:-4], "little")
    for place in range(len(whole) - 8 - length, len(whole)):
        for value in (0, 0xFF, 0x1C, whole[place] ^ 1):
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            salvage_parquet.mend_parquet(Unpacked(str(path), "parquet"), tmp_path, 1)
    for size in range(1, 12):
        path.write_bytes(b"PAR1"[:size] + whole[-size:])
        assert salvage_parquet.mend_parquet(Unpacked(str(path), "parquet"), tmp_path, 1) is None


THINGS = Resource(
    source="crm",
    name="things",
    description="One row per thing, with a field of every kind.",
    version=None,
    fields=(
        Field("id", "bigint", "Identifier.", required=True),
        Field("number", "integer", "A number."),
        Field("uuid", "uuid", "A UUID."),
        Field("text", "text", "A text."),
        Field("time", "timestamp", "A time."),
        Field("flag", "boolean", "A flag."),
        Field("texts", "texts", "Texts."),
        Field("place", "address", "An address."),
    ),
)
WRONG = object()
"""The row is rejected for this field."""

ONE = UUID("56347901-5bb9-422d-add5-5a2ca47fa737")
ADDRESS = {"type": "tel", "target": "+15555550142", "target_name": None, "name": None, "detail": None}
MATRIX: list[tuple[str, str, Any]] = [
    ("id", "7::TINYINT", 7),
    ("id", "7::UBIGINT", 7),
    ("id", "7.0::DOUBLE", 7),
    ("id", "7.0::FLOAT", 7),
    ("id", "7.5::DOUBLE", WRONG),
    ("id", "9007199254740993::DOUBLE", WRONG),  # rounded: another id
    ("id", "16777217::FLOAT", WRONG),
    ("id", "7::DECIMAL(18, 0)", 7),
    ("id", "7::DECIMAL(38, 9)", 7),
    ("id", "7.5::DECIMAL(18, 2)", WRONG),
    ("id", "' 7 '", 7),
    ("id", "'7'::BLOB", 7),
    ("id", "'7,0'", WRONG),
    ("number", "3000000000", WRONG),
    ("number", "'NaN'::DOUBLE", None),
    ("number", "'inf'::DOUBLE", WRONG),
    ("number", "true", WRONG),
    ("number", "DATE '2026-10-20'", WRONG),
    ("uuid", f"'{ONE}'::UUID", ONE),
    ("uuid", f"'{ONE.hex.upper()}'", ONE),
    ("uuid", f"unhex('{ONE.hex}')", ONE),
    ("uuid", "unhex('00000000000040008000000000000041')", UUID("00000000-0000-4000-8000-000000000041")),
    ("uuid", "'abcdefghijklmnop'::BLOB", UUID(bytes=b"abcdefghijklmnop")),
    ("uuid", "'abcdefghijklmnop'", WRONG),
    ("uuid", f"'{ONE}'::BLOB", ONE),
    ("uuid", "''::BLOB", None),
    ("uuid", "unhex('ff')", WRONG),
    ("text", "encode('grün')", "grün"),
    ("text", "unhex('ff')", WRONG),
    ("text", "'x'::ENUM ('x', 'y')", "x"),
    ("text", "15555550142::DOUBLE", "15555550142"),
    ("text", "''", None),
    ("text", "12.50::DECIMAL(9, 2)", "12.50"),
    ("text", "['a']", '["a"]'),
    ("time", "TIMESTAMP '2026-10-20 17:02:11.12'", datetime(2026, 10, 20, 17, 2, 11, 120_000)),
    ("time", "TIMESTAMP_NS '2026-10-20 17:02:11.123456789'", datetime(2026, 10, 20, 17, 2, 11, 123_456)),
    ("time", "TIMESTAMP_MS '2026-10-20 17:02:11.123'", datetime(2026, 10, 20, 17, 2, 11, 123_000)),
    ("time", "TIMESTAMP_S '2026-10-20 17:02:11'", datetime(2026, 10, 20, 17, 2, 11)),
    ("time", "TIMESTAMPTZ '2026-10-20 17:02:11.5-07:00'", datetime(2026, 10, 21, 0, 2, 11, 500_000)),
    ("time", "DATE '2026-10-20'", datetime(2026, 10, 20)),
    ("time", "TIME '17:02:11'", WRONG),
    ("time", "1792515731", WRONG),
    ("time", "TIMESTAMP '9999-12-31'", None),
    ("time", "'2026-10-20 17:02:11 UTC'::BLOB", datetime(2026, 10, 20, 17, 2, 11)),
    ("flag", "true", True),
    ("flag", "0::TINYINT", False),
    ("flag", "1::DOUBLE", True),
    ("flag", "2", WRONG),
    ("flag", "'Y'", True),
    ("texts", "['a', NULL]", ["a", None]),
    ("texts", "[]::VARCHAR[]", []),
    ("texts", "[encode('ü'), NULL]", ["ü", None]),
    ("texts", "[unhex('ff')]", WRONG),
    ("texts", "[1, 2]", ["1", "2"]),
    ("texts", "'{a,b}'", ["a", "b"]),
    ("texts", "{'a': 1}", None),  # and a notice
    ("place", "{'type': 'tel', 'target': '+15555550142'}", ADDRESS),
    ("place", "{'type': encode('tel'), 'target': encode('+15555550142')}", ADDRESS),
    ("place", "MAP {'type': 'tel', 'target': '+15555550142'}", ADDRESS),
    ("place", "MAP {encode('type'): encode('tel'), encode('target'): encode('+15555550142')}", ADDRESS),
    ("place", "{'type': 'tel', 'target': unhex('ff')}", WRONG),
    ("place", '\'{"type": "tel", "target": "+15555550142"}\'', ADDRESS),
]


KEYS = [case for case in MATRIX if case[0] == "id"]
OTHERS = [case for case in MATRIX if case[0] != "id"]


def write_parquet(con: duckdb.DuckDBPyConnection, path: Path, first: str, second: str) -> None:
    """Write two rows, each the columns of a SELECT."""
    con.execute(f"COPY (SELECT {first} UNION ALL SELECT {second}) TO {literal(str(path))} (FORMAT parquet)")


@pytest.fixture
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    monkeypatch.setitem(RESOURCE, THINGS.full_name, THINGS)
    made = Landing(tmp_path, THINGS.full_name)
    create_schemas(made.con, [THINGS])
    return made


@pytest.mark.parametrize(("value", "expected"), [case[1:] for case in KEYS])
def test_a_type_of_parquet_in_a_key(things: Landing, value: str, expected: Any) -> None:
    """The value in one row, and no value in the row after it."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'America/Denver'")
        write_parquet(con, things.put("a.parquet", b""), f"{value} AS id", "NULL")
    things.run()
    things.law()
    assert [column for _, column, _ in things.wrong()] == (["id", "id"] if expected is WRONG else ["id"])
    if expected is not WRONG:
        assert things.columns("id")[0] == (expected,)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """A file for each of OTHERS, ``<place>.parquet``: the value in one row, and no value in the row after it.

    The ids are twice the place, and one more. Parquet files are read one by one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RESOURCE, THINGS.full_name, THINGS)
        made = Landing(tmp_path_factory.mktemp("matrix"), THINGS.full_name)
        create_schemas(made.con, [THINGS])
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'America/Denver'")
            for place, (field, value, _) in enumerate(OTHERS):
                path = made.put(f"{place}.parquet", b"")
                write_parquet(con, path, f"{2 * place} AS id, {value} AS {field}", f"{2 * place + 1}, NULL")
        made.run()
        made.law()
        return made


@pytest.mark.parametrize(
    ("place", "field", "value", "expected"), [(place, *case) for place, case in enumerate(OTHERS)]
)
def test_a_type_of_parquet_in_a_kind_of_field(
    matrix: Landing, place: int, field: str, value: str, expected: Any
) -> None:
    refused = matrix.con.execute(
        "SELECT field FROM landing.rejected_rows WHERE file = ?", [f"crm/things/{place}.parquet"]
    ).fetchall()
    assert refused == ([(field,)] if expected is WRONG else []), value
    found = dict(matrix.columns("id", field))
    assert found[2 * place + 1] is None
    if expected is not WRONG:
        assert found[2 * place] == expected


def test_sixteen_bytes_of_a_fixed_length_are_a_uuid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some writers store the bytes without the word UUID; here it is taken out of what DuckDB wrote."""
    path, target = tmp_path / "written.parquet", landing(tmp_path, "voipbin.campaigncalls")
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT '{ONE}'::UUID AS id, 'done' AS status, 0 AS destination_index, DATE '2026-10-20' AS tm_create) "
            f"TO {literal(str(path))} (FORMAT parquet)"
        )
    monkeypatch.setattr(salvage_parquet, "_TEXTS_LOGICAL", {14})
    monkeypatch.setattr(salvage_parquet, "_TEXTS_CONVERTED", set())
    bare = salvage_parquet.mend_parquet(Unpacked(str(path), "parquet"), tmp_path, 1)
    assert bare is not None
    with duckdb.connect() as con:
        (kind,) = con.execute(
            "SELECT type, logical_type FROM parquet_schema(?) WHERE name = 'id'", [bare.path]
        ).fetchall()
    assert kind == ("FIXED_LEN_BYTE_ARRAY", None)
    target.put("a.parquet", Path(bare.path).read_bytes())
    all_taken(target)
    assert target.columns("id") == [(ONE,)]


# --- told twice ----------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "record",
    [
        '{"id":1,"disposition":1,"Disposition":0}',
        '{"id":1,"disposition":1,"disposition":0}',
        '{"id":1,"Disposition":"0","DISPOSITION":"1"}',
        '{"type":"RECORD","stream":"contact_attempts","record":{"id":1,"disposition":0,"disposition":1}}',
    ],
)
def test_a_field_told_twice_and_differently_rejects_its_record(
    tmp_path: Path, record: str, large: bool
) -> None:
    made = landing(tmp_path, "action_builder.contact_attempts", large)
    good = record.replace('"id":1', '"id":2').replace("0", "1")
    made.put("a.jsonl", f"{record}\n{good}\n")
    made.run()
    made.law()
    assert made.columns("id", "disposition") == [(2, 1)]
    assert made.wrong() == [
        ("disposition stands twice in the record, with different values", "disposition", "0 and 1")
    ]
    assert made.notices("repeated_column") == [("disposition", None, 2)]


@BOTH
def test_a_repeated_key_rejects_its_record_alone(tmp_path: Path, large: bool) -> None:
    made = landing(tmp_path, "outreach.calls", large)
    rows = [f'{{"id":{n},"direction":"outbound","prospectId":{n}}}' for n in range(1, 3000)]
    rows.append('{"id":5000,"id":5001,"direction":"inbound","prospectId":7}')
    made.put("a.jsonl", "\n".join(rows))
    result = made.run()
    made.law()
    assert (result.accepted, result.rejected) == (2999, 1)
    assert made.wrong() == [("id stands twice in the record, with different values", "id", "5000 and 5001")]


def test_a_field_told_twice_alike_is_taken_with_a_notice(tmp_path: Path) -> None:
    made = landing(tmp_path, "outreach.calls")
    made.put(
        "page.json",
        '{"data":[{"type":"call","id":1,"attributes":{"createdAt":"2026-01-01T01:00:00+01:00",'
        '"created_at":"2026-01-01T00:00:00.000Z","note":"a","note":"a"},'
        '"relationships":{"prospect":{"data":{"type":"prospect","id":4}},"Prospect":{"data":{"id":"4"}}}}]}',
    )
    all_taken(made)
    assert made.columns("id", "created_at", "note", "prospect_id") == [(1, datetime(2026, 1, 1), "a", 4)]
    assert [field for field, *_ in made.notices("repeated_column")] == ["created_at", "note", "prospect_id"]


def test_a_name_that_is_no_field_costs_nothing_when_it_stands_twice(tmp_path: Path) -> None:
    made = landing(tmp_path, "outreach.calls")
    made.put("a.json", '{"id":1,"direction":"outbound","mood":1,"mood":2}')
    all_taken(made)
    assert made.columns("id", "extra") == [(1, '{"mood":1}')]
    assert made.notices("repeated_column") == [("mood", None, 1)]


def test_an_alias_stands_behind_the_fields_own_name(tmp_path: Path) -> None:
    made = landing(tmp_path, "action_builder.contact_attempts")
    early, late = "2026-01-01T01:00:00Z", "2026-01-01T08:00:00Z"
    made.put("a.jsonl", lines([{"id": 1, "disposition": 1, "utc_created_at": late, "created_at": early}]))
    made.put(
        "a.csv", f"id,utc_created_at,created_at\n2,{late},{early}\n3,{late},\n4,{late},2026-01-01 08:00\n"
    )
    all_taken(made)
    assert [(n, at.hour) for n, at in made.columns("id", "created_at")] == [(1, 1), (2, 1), (3, 8), (4, 8)]
    assert made.notices("repeated_column") == [("created_at", None, 1), ("utc_created_at", None, 1)]


# --- ids written as floats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["share.csv", "share.parquet", "share.jsonl"])
def test_an_organization_written_as_a_float(tmp_path: Path, name: str) -> None:
    """Pandas turns whole numbers with gaps into floats."""
    made = landing(tmp_path, "outreach.calls")
    made.put("first.csv", "ID,O_ID,BENTO,NOTE,UPDATED_AT\n1,8,app1,old,2026-01-01 00:00:00\n")
    text = '{"ID":1,"O_ID":8.0,"BENTO":"app1","NOTE":"new","UPDATED_AT":"2026-02-01 00:00:00"}\n'
    row = {"ID": 1, "O_ID": "8.0", "BENTO": "app1", "NOTE": "new", "UPDATED_AT": "2026-02-01 00:00:00"}
    gap = {**row, "ID": 2, "O_ID": None}
    write: dict[str, bytes] = {
        "share.csv": to_csv([row, gap]),
        "share.parquet": to_parquet([row, gap]),
        "share.jsonl": text.encode() + lines([gap]),
    }
    made.put(name, write[name])
    result = made.run()
    made.law()
    assert result.rejected == 0
    assert made.columns("id", "o_id", "note") == [(1, "8", "new"), (2, None, "new")]
    told = [] if name.endswith("jsonl") else [("O_ID", None, 1)]
    assert made.notices("float_id") == told


def test_words_for_null_are_no_ids_beside_floats(tmp_path: Path) -> None:
    made = landing(tmp_path, "outreach.calls")
    made.put("share.csv", "id,O_ID,sequence_id\n1,8.0,NULL\n2,NULL,4\n3, ,4\n4,9.00,4\n")
    all_taken(made)
    assert made.columns("id", "o_id") == [(1, "8"), (2, None), (3, " "), (4, "9")]


def test_a_text_that_looks_like_a_float_beside_others_stays(tmp_path: Path) -> None:
    made = landing(tmp_path, "outreach.calls")
    made.put("share.csv", "id,O_ID,note\n1,8.0,1.0\n2,v8,2.0\n")
    made.put("share.jsonl", '{"id":3,"O_ID":"8.0","note":"3.0"}\n')
    all_taken(made)
    assert made.columns("id", "o_id", "note") == [(1, "8.0", "1.0"), (2, "v8", "2.0"), (3, "8.0", "3.0")]


# --- more forms of times, ids and relations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-10-21 08:00:04 -0700 PDT", 15),
        ("2026-10-21 08:00:04.5 +0530 IST", 2),
        ("2026-10-21 08:00:04 -0300 -03", 11),
        ("2026-10-21 08:00:04.000000001 +0200 CEST m=+0.000012", 6),
    ],
)
def test_a_zone_that_is_named_behind_its_offset(tmp_path: Path, text: str, hour: int) -> None:
    made = landing(tmp_path, "outreach.calls")
    made.put("a.csv", f"id,dialed_at\n1,{text}\n")
    made.put("b.jsonl", lines([{"id": 2, "dialed_at": text}]))
    all_taken(made)
    assert [at.hour for _, at in made.columns("id", "dialed_at")] == [hour, hour]


def test_a_zones_name_alone_is_refused(tmp_path: Path) -> None:
    """PDT may be several zones, and nothing says which."""
    made = landing(tmp_path, "outreach.calls")
    made.put("a.csv", "id,dialed_at\n1,2026-10-21 08:00:04 PDT\n")
    made.run()
    assert made.wrong() == [("dialed_at is not a time", "dialed_at", "2026-10-21 08:00:04 PDT")]


def test_uuids_as_databases_show_bytes(tmp_path: Path) -> None:
    made = landing(tmp_path, "voipbin.campaigns")
    made.put(
        "a.csv",
        "id,name,outplan_id\n"
        "0x5BB94890000040008000000000000001,a,\\x5bb94890000040008000000000000002\n"
        "0x5bb9,b,\n",
    )
    made.run()
    assert made.columns("id", "outplan_id") == [
        (UUID("5bb94890-0000-4000-8000-000000000001"), UUID("5bb94890-0000-4000-8000-000000000002"))
    ]
    assert made.wrong() == [("id is not a UUID", "id", "0x5bb9")]


def test_a_relation_as_an_array_of_postgresql(tmp_path: Path) -> None:
    made = landing(tmp_path, "outreach.calls")
    made.put("a.csv", 'id,prospect,sequence_id\n1,{4},"{""5""}"\n2,{},\n3,"{4,5}",\n')
    made.run()
    assert made.columns("id", "prospect_id", "sequence_id") == [(1, 4, 5), (2, None, None)]
    assert made.wrong() == [("prospect_id is not a whole number", "prospect_id", "{4,5}")]
