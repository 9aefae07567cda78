"""A malformed row of a file of rows is one row read and one rejected record; what has no rows to tell apart is one."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest import load
from pipelines.settings import SAMPLE
from tests.landing_folder import Landing, Row, lines, page, pretty_array, to_csv

ROWS = 50
COLUMNS = "id,direction,note,updatedAt"


@pytest.fixture
def calls(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "outreach.calls")


def call(number: int, **changes: object) -> Row:
    return {"id": number, "direction": "outbound", "note": f"note {number}", **changes}


def table(*rows: str) -> str:
    return "\n".join([COLUMNS, *rows]) + "\n"


def good(number: int) -> str:
    return f"{number},outbound,note {number},2026-02-01"


def counts(landing: Landing) -> tuple[int, int, int, int]:
    """Rows read, accepted, superseded and rejected of the one file; every position is told once."""
    landing.law()
    places = [position for position, _ in landing.rejected()]
    assert len(set(places)) == len(places)
    (found,) = landing.files().values()
    return found


def told(landing: Landing) -> list[tuple[int, str, str]]:
    """Position, record and detail of every rejected row."""
    return landing.con.sql(
        "SELECT position, record, detail FROM landing.rejected_rows ORDER BY position"
    ).fetchall()


# --- CSV -----------------------------------------------------------------------------------------------------------


def test_an_unquoted_comma_in_every_row(calls: Landing) -> None:
    rows = [f"{n},outbound,note, {n},2026-02-01" for n in range(ROWS)]
    calls.put("a.csv", table(*rows))
    calls.run()
    assert counts(calls) == (ROWS, 0, 0, ROWS)
    assert told(calls) == [(n + 1, row, "5 values under 4 columns") for n, row in enumerate(rows)]
    assert calls.wrong() == [("unreadable", None, None)] * ROWS


def test_an_unquoted_comma_in_three_of_five_rows(calls: Landing) -> None:
    rows = [good(n) if n % 5 in (0, 3) else f"{n},outbound,note, {n},2026-02-01" for n in range(ROWS)]
    calls.put("a.csv", table(*rows))
    calls.run()
    assert counts(calls) == (50, 20, 0, 30)
    assert [position for position, *_ in told(calls)] == [n + 1 for n in range(ROWS) if n % 5 not in (0, 3)]


def test_latin_1_in_every_row(calls: Landing) -> None:
    calls.put("a.csv", table(*(f"{n},outbound,café,2026-02-01" for n in range(ROWS))).encode("latin-1"))
    calls.run()
    assert counts(calls) == (ROWS, ROWS, 0, 0)
    assert calls.columns("note") == [("café",)] * ROWS
    assert [(value, rows) for _, value, rows in calls.notices("encoding")] == [("café", ROWS)]


def test_latin_1_in_one_row_of_a_utf_8_file(calls: Landing) -> None:
    rows = [f"{n},outbound,café,2026-02-01".encode("latin-1" if n == 7 else "utf-8") for n in range(ROWS)]
    calls.put("a.csv", b"\n".join([COLUMNS.encode(), *rows]))
    calls.run()
    assert counts(calls) == (ROWS, ROWS - 1, 0, 1)
    assert told(calls) == [(8, "7,outbound,caf\ufffd,2026-02-01", "not UTF-8")]


@pytest.mark.parametrize("of", [1, 2, 5, ROWS])
@pytest.mark.parametrize("bad", ['{},outbound,"say "hi" to them",2026-02-01', '{},outbound,"open,2026-02-01'])
def test_quotes_that_do_not_match_cost_their_row_alone(calls: Landing, bad: str, of: int) -> None:
    rows = [bad.format(n) if n % of == of // 2 else good(n) for n in range(ROWS)]
    calls.put("a.csv", table(*rows))
    calls.run()
    assert counts(calls) == (ROWS, ROWS - ROWS // of, 0, ROWS // of)
    assert [(place, record) for place, record, _ in told(calls)] == [
        (n + 1, row) for n, row in enumerate(rows) if n % of == of // 2
    ]
    assert {detail for *_, detail in told(calls)} == {"not CSV: quotes or line breaks do not match"}


def test_a_row_of_several_lines_is_one(calls: Landing) -> None:
    calls.put(
        "a.csv",
        table(good(1), '2,outbound,"first,\nsecond\nthird",2026-02-01,more', '3,outbound,"a\nb",2026-02-01'),
    )
    calls.run()
    assert counts(calls) == (3, 2, 0, 1)
    assert told(calls) == [
        (2, '2,outbound,"first,\nsecond\nthird",2026-02-01,more', "5 values under 4 columns")
    ]


def test_a_row_that_swallows_others_gives_them_back(calls: Landing) -> None:
    calls.put("a.csv", table(good(1), '2,"outbound,note,2026-02-01', *map(good, range(3, 9)), '9,o",x,y,z'))
    calls.run()
    assert counts(calls) == (9, 7, 0, 2)
    assert [position for position, *_ in told(calls)] == [2, 9]


def test_quotes_that_swallow_all_that_follows_again_and_again_come_to_an_end(
    calls: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.ingest.salvage_csv._READ_AGAIN", 100_000)
    calls.put("a.csv", table(good(1), *['x",,,"'] * 5_000))
    calls.run()
    _, accepted, _, refused = counts(calls)
    assert accepted == 1
    assert 1 < refused < 100
    assert told(calls)[-1][2] == "the rest cannot be told apart into rows: its quotes do not match"


# --- JSON lines ----------------------------------------------------------------------------------------------------


def test_latin_1_in_every_line(calls: Landing) -> None:
    text = "".join(json.dumps(call(n, note="café"), ensure_ascii=False) + "\n" for n in range(ROWS))
    calls.put("a.jsonl", text.encode("latin-1"))
    calls.run()
    assert counts(calls) == (ROWS, 0, 0, ROWS)


@pytest.mark.parametrize(
    "bad", ["{bad", '{"id": 1', '{"id": "', "{", '{"data": [{"id": 1}, {"id":', "[bad", "5"]
)
def test_every_line_that_begins_like_a_record_counts(calls: Landing, bad: str) -> None:
    calls.put("a.jsonl", lines([call(100)]).decode() + f"{bad}\n" * ROWS + lines([call(101)]).decode())
    calls.run()
    inner = ROWS if "data" in bad else 0  # of a page that breaks off, the rows before are read
    read, accepted, superseded, refused = counts(calls)
    assert refused == ROWS
    assert (read, accepted + superseded) == (2 + ROWS + inner, 2 + inner)


def test_lines_that_are_values_count_the_same_in_a_whole_and_in_a_broken_file(calls: Landing) -> None:
    values = '5\n"x"\nnull\n'
    calls.put("whole.jsonl", lines([call(1)]).decode() + values)
    calls.put("broken.jsonl", lines([call(2)]).decode() + values + "{no\n")
    calls.run()
    assert calls.files() == {"whole.jsonl": (4, 1, 0, 3), "broken.jsonl": (5, 1, 0, 4)}


# --- what is one ---------------------------------------------------------------------------------------------------

HTML = "<!DOCTYPE html>\n<html>\n<head><style>\np {\n}\n</style></head>\n<body>\n502, Bad Gateway\n</body>\n</html>\n"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.csv.gz"])
@pytest.mark.parametrize(
    "content", [HTML.encode(), random.Random(1).randbytes(200_000)], ids=["html", "garbage"]
)
def test_what_holds_no_rows_is_one_record(calls: Landing, name: str, content: bytes) -> None:
    calls.put(name, gzip.compress(content) if name.endswith(".gz") else content)
    calls.run()
    assert counts(calls) == (1, 0, 0, 1)
    assert calls.notices("new_field") == []


def test_an_error_page_among_lines_is_one_record(calls: Landing) -> None:
    calls.put("a.jsonl", lines([call(1)]).decode() + HTML + lines([call(2)]).decode())
    calls.run()
    assert counts(calls) == (3, 2, 0, 1)


@pytest.mark.parametrize("write", [page, pretty_array, lambda rows: json.dumps(rows[0], indent=1).encode()])
def test_a_document_that_breaks_off_is_one_record(calls: Landing, write: object) -> None:
    whole: bytes = write([call(n) for n in range(4)])  # type: ignore[operator]
    calls.put("a.json", whole[: whole.rindex(b'"note"') + 9])
    calls.run()
    assert counts(calls)[3] == 1


def test_the_missing_end_of_compressed_data_is_one_record_beside_malformed_rows(calls: Landing) -> None:
    text = table(good(1), "2,outbound,a,b,c", "3,outb").rstrip("\n").encode()
    compressor = zlib.compressobj(wbits=31)
    calls.put("a.csv.gz", compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))
    calls.run()
    assert counts(calls) == (3, 1, 0, 2)


# --- counted once more ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_each_row_of_a_mixed_file_is_what_it_is(calls: Landing, seed: int) -> None:
    """Good and malformed rows in any order: the good ones are in the table, and each of the others is one record."""
    chance = random.Random(seed)
    rows = [(n, chance.random() < 0.6) for n in range(80)]
    if seed % 2:
        junk = [
            "{0},outbound,a,b,c",
            # After a quote that nothing closes, a line is a row's own when it has as many delimiters as one.
            "{0}" if seed % 4 == 1 else '{0},outbound,"open,x',
            '{0},outbound,"a\\"b",x',
            "{0},outbound,\xe9,x",
        ]
        text = table(*(good(n) if fine else chance.choice(junk).format(n) for n, fine in rows))
        calls.put("a.csv", text.encode("latin-1"))
    else:
        spoilt = [
            "{{bad {0}",
            '{{"id": {0}',
            '{{"id": {0}, "note": "\xe9"}}',
            '{{"id": {0}, "note": "',
        ]
        text = "".join(
            json.dumps(call(n)) + "\n" if fine else chance.choice(spoilt).format(n) + "\n" for n, fine in rows
        )
        calls.put("a.jsonl", text.encode("latin-1"))
    calls.large = seed % 3 == 0
    calls.run()
    assert [row[0] for row in calls.columns("id")] == [n for n, fine in rows if fine]
    assert [position for position, *_ in told(calls)] == [n + 1 for n, fine in rows if not fine]
    counts(calls)


def test_refused_values_and_malformed_rows_have_their_own_positions(
    calls: Landing,
) -> None:
    calls.put("a.csv", to_csv([call(1), call(2, direction="up"), call(3)]) + b"4,outbound\n5,outbound,a,b\n")
    calls.run()
    assert counts(calls) == (5, 2, 0, 3)
    assert [position for position, *_ in told(calls)] == [2, 4, 5]


@pytest.mark.parametrize("most", [load._MOST_JUDGED, 0])
def test_a_position_counts_the_records_of_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """The sample's pages are read in one statement, and DuckDB takes files in any order."""
    monkeypatch.setattr(load, "_MOST_JUDGED", most)
    texts = Landing(tmp_path, "liondesk.contact_communications")
    folder = SAMPLE / "liondesk" / "contact_communications"
    for path in filter(Path.is_file, sorted(folder.rglob("*"))):
        texts.put(str(path.relative_to(folder)), path.read_bytes())
    texts.run()
    texts.law()
    found = texts.con.sql(
        "SELECT parse_filename(file), position FROM landing.rejected_rows ORDER BY ALL"
    ).fetchall()
    assert found == [("page-1.json", place) for place in (1, 2, 3, 4)]


@pytest.mark.parametrize("kind", ["rows", "events", "history"])
def test_a_large_batch_is_judged_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A small batch is judged once, into a table; a large one is read by each function that asks."""
    updated = "2026-02-01T00:00:00Z"
    rows = [call(n, updatedAt=updated, tags=["a"] if n % 3 else "[1,") for n in range(1, ROWS)]
    found: list[tuple[list[Any], ...]] = []
    spoilt = [call(100, direction="up"), call(101, updatedAt="soon"), {"note": "no id"}]
    if kind == "history":
        periods = {"_fivetran_start": updated, "_fivetran_end": "9999-01-01", "_fivetran_synced": updated}
        rows = [{**row, **periods, "_fivetran_active": row["id"] % 4 > 0} for row in rows]
    elif kind == "events":
        rows = [
            {
                "data": {"type": "call", "id": row["id"], "attributes": dict(list(row.items())[1:])},
                "meta": {"eventName": f"call.{action}", "deliveredAt": updated},
            }
            for action in ("created", "updated")
            for row in rows
        ]
    for name, most in (("small", load._MOST_JUDGED), ("large", 0)):
        monkeypatch.setattr(load, "_MOST_JUDGED", most)
        calls = Landing(tmp_path / name, "outreach.calls")
        calls.put("a.jsonl", lines(rows + spoilt))
        calls.run()
        calls.law()
        tables = ("rejected_rows", "notices", "sightings", "outreach_calls_parts")
        kept = [calls.con.sql(f"FROM landing.{table} ORDER BY ALL").fetchall() for table in tables]
        found.append((calls.rows(), *kept))
    small, large = found
    assert small == large
    accepted, rejected, notices, sightings, parts = small
    assert len(rejected) == len(spoilt)
    assert accepted
    assert any(notice[4] == "left_out" for notice in notices)
    assert (bool(sightings), bool(parts)) == (kind == "history", kind == "events")
