"""CSV as people have it: joined exports, spreadsheets, files without a header, folders that hold values, words for null.

Each kind has two files that differ in every detail, and the right value is written out by hand.
"""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipelines.ingest import flat_files, load_dispositions
from pipelines.ingest.batches import Batch, Doubtful, Survey
from pipelines.ingest.files import LandingFolder
from pipelines.ingest.names import better_place
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from tests.landing_folder import Landing, lines, to_parquet
from tests.support import examples

HEADER = (
    "id,entity_id,action_entity_id,action_id,campaign_id,contact_info_type,contact_info_id,disposition,"
    "created_by_id,created_at,updated_at,target_type,target_id,note"
)
ROWS = (
    "9001,501,7001,31,7,PhoneNumber,88001,1,12,2026-10-20 17:02:11,2026-10-20 17:02:11,Action,31,",
    (
        "9002,501,7001,31,7,PhoneNumber,88001,0,12,2026-10-22 17:40:03,2026-10-22 17:40:03,Action,31,"
        '"Will come, brings ""two friends"""'
    ),
    "9003,502,7002,31,7,PhoneNumber,88002,1,12,2026-10-22 18:01:44,2026-10-22 18:01:44,Action,31,",
)
NOTE = 'Will come, brings "two friends"'
TABLE = "\n".join([HEADER, *ROWS]) + "\n"


@pytest.fixture
def attempts(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "action_builder.contact_attempts")


@pytest.fixture
def calls(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "outreach.calls")


@pytest.fixture
def sequences(tmp_path: Path) -> Landing:
    return Landing(tmp_path, "outreach.sequences")


def told(landing: Landing) -> list[tuple[str, str | None]]:
    """Reason and detail of every rejected row."""
    return landing.con.sql(
        "SELECT reason, detail FROM landing.rejected_rows ORDER BY file, position"
    ).fetchall()


def is_the_table(landing: Landing) -> None:
    """The three attempts are there, each with its own values."""
    assert landing.columns("id", "campaign_id", "disposition", "note") == [
        (9001, 7, 1, None),
        (9002, 7, 0, NOTE),
        (9003, 7, 1, None),
    ]
    assert landing.rejected() == []
    landing.law()


# --- two columns of one name ----------------------------------------------------------------------------------------


def test_a_join_whose_keys_differ_is_refused_with_both_places(attempts: Landing) -> None:
    joined = [HEADER + ",id,name,created_at", *(row + ",501,Ada Muster,2019-03-01 08:00:00" for row in ROWS)]
    attempts.put("joined.csv", "\n".join(joined))
    attempts.run()
    assert attempts.columns("id") == []
    assert told(attempts) == [
        (
            "two columns of one name",
            "columns 1 and 15 have the same name and differ in 3 rows: give each its own name",
        )
    ]
    attempts.law()


def test_a_join_the_other_way_round_is_refused_too(calls: Landing) -> None:
    calls.put(
        "j.csv",
        "ID;Name;direction;Id;dialed_at\n4;Ada;outbound;15;2026-01-05\n4;Ada;outbound;16;2026-01-06\n",
    )
    calls.run()
    assert calls.columns("id") == []
    assert told(calls) == [
        (
            "two columns of one name",
            "columns 1 and 4 have the same name and differ in 2 rows: give each its own name",
        )
    ]


def test_the_first_of_two_columns_counts_and_a_notice_says_so(attempts: Landing) -> None:
    # Fifteen columns and more: as texts, "15" would stand before "4".
    rows = [row + ",2019-03-01 08:00:00,99" for row in ROWS]
    attempts.put("joined.csv", "\n".join([HEADER + ",created_at,campaign_id", *rows]))
    attempts.run()
    is_the_table(attempts)
    assert {str(created)[:4] for (created,) in attempts.columns("created_at")} == {"2026"}
    assert attempts.notices("repeated_column") == [("campaign_id", None, 3), ("created_at", None, 3)]


def test_an_empty_first_column_is_not_filled_from_the_second(calls: Landing) -> None:
    calls.put("j.csv", "id,direction,note,note\n1,outbound,,of another table\n")
    calls.run()
    assert calls.columns("id", "note") == [(1, None)]


# --- values in folder names -----------------------------------------------------------------------------------------


def test_folders_fill_fields_that_the_file_lacks(attempts: Landing) -> None:
    for disposition, rows in {"1": "9001,501\n9003,502\n", "0": "9002,501\n"}.items():
        attempts.put(f"campaign_id=7/disposition={disposition}/part-0.csv", "id,entity_id\n" + rows)
    attempts.run()
    assert attempts.columns("id", "campaign_id", "disposition") == [(9001, 7, 1), (9002, 7, 0), (9003, 7, 1)]
    attempts.law()


def test_folders_of_another_spelling_fill_json_and_parquet(calls: Landing) -> None:
    calls.put("sequenceId=5/direction=outbound/a.jsonl", lines([{"id": 1, "note": "x"}]))
    calls.con.sql("SELECT 2 AS id, 'y' AS note").write_parquet(
        str(calls.put("sequenceId=6/note=a%20b%2Fc/b.parquet", b""))
    )
    calls.put("sequence_id=__HIVE_DEFAULT_PARTITION__/note=a%20b/c.csv", "id,direction\n3,inbound\n")
    calls.run()
    assert calls.columns("id", "sequence_id", "direction", "note") == [
        (1, 5, "outbound", "x"),
        (2, 6, None, "y"),
        (3, None, "inbound", "a b"),
    ]
    assert calls.notices("folder_differs") == [("note", "a b/c", 1)]


def test_one_file_in_two_folders_is_two_files(attempts: Landing) -> None:
    for campaign in (7, 8):
        attempts.put(f"campaign_id={campaign}/a.csv", f"entity_id,id\n1,{5}\n")
    attempts.run()
    assert (
        len(attempts.columns("campaign_id")) == 1
    )  # one id, whose versions differ: not a copy that is not read
    assert attempts.con.sql("SELECT count(same_as) FROM landing.files").fetchall() == [(0,)]


def test_a_file_that_contradicts_its_folder_counts_and_is_told(attempts: Landing) -> None:
    attempts.put("campaign_id=8/a.csv", TABLE)
    attempts.run()
    is_the_table(attempts)
    assert attempts.notices("folder_differs") == [("campaign_id", "8", 3)]


# --- no header ------------------------------------------------------------------------------------------------------


def test_a_file_without_a_header_is_one_reject_and_publishes_nothing(attempts: Landing) -> None:
    attempts.put("full.csv", TABLE)
    attempts.put("part2.csv", "\n".join(ROWS))
    attempts.run()
    assert attempts.files() == {"full.csv": (3, 3, 0, 0), "part2.csv": (1, 0, 0, 1)}
    assert told(attempts) == [
        (
            "no header",
            (
                "no header: none of the 14 values in its first record names a column of the resource; "
                "export it with a header, or name its columns in columns.csv"
            ),
        )
    ]
    assert attempts.con.sql("FROM landing.notices").fetchall() == []


def test_values_that_are_words_of_the_contract_make_no_header(calls: Landing) -> None:
    calls.put("unload_000", "41|outbound|note|2026-10-21 15:00:04\n42|inbound||2026-10-21 15:00:05\n")
    calls.put("b.csv", "41|outbound|note|2026-10-21 15:00:04\n42|inbound||2026-10-21 15:00:05\n")
    calls.run()
    assert calls.columns("id") == []
    assert {reason for reason, _ in told(calls)} == {"no header"}


def test_columns_csv_names_the_columns_and_reads_the_file_again(attempts: Landing) -> None:
    attempts.put("2026/part2.csv", "\n".join(ROWS))
    attempts.run()
    assert attempts.columns("id") == []
    attempts.put("columns.csv", f'file,columns\nother*.csv,"a,b"\npart*.csv,"{HEADER}"\n')
    result = attempts.run()
    assert result.files_read == 1
    is_the_table_after_naming = attempts.columns("id", "note")
    assert is_the_table_after_naming == [(9001, None), (9002, NOTE), (9003, None)]
    assert attempts.run().files_read == 0
    attempts.law()


def test_columns_csv_of_a_spreadsheet_and_of_the_wrong_length(calls: Landing) -> None:
    calls.put("columns.csv", "\ufefffile;columns\r\na*;id,direction,note\r\nb*;id,direction\r\n")
    calls.put("a.csv", "1\toutbound\tx\n2\tinbound\t\n")
    calls.put("b.csv", "3\toutbound\tx\n")
    calls.run()
    assert calls.columns("id", "direction", "note") == [(1, "outbound", "x"), (2, "inbound", None)]
    assert told(calls) == [
        ("no header", "columns.csv gives 2 names, but the file's first record has 3 values")
    ]


# --- another table --------------------------------------------------------------------------------------------------


def test_another_table_in_the_folder_is_refused_as_such(calls: Landing) -> None:
    calls.put("calls.jsonl", lines([{"id": 41, "direction": "outbound"}]))
    calls.put(
        "prospects.csv",
        "id,firstName,emails,createdAt,updatedAt\n900,Ada,ada@example.com,2026-01-01,2026-10-01\n",
    )
    calls.put(
        "users.jsonl",
        lines([{"id": n, "email": "ben@example.com", "createdAt": "2026-01-01"} for n in range(4)]),
    )
    calls.put("page.json", '{"data": [{"id": 1, "stageName": "x"}, {"id": 2, "stageName": "y"}]}')
    calls.run()
    assert calls.columns("id") == [(41,)]
    assert {reason for reason, _ in told(calls)} == {"another table"}
    assert len(told(calls)) == 3
    calls.law()


def test_a_file_of_deletions_is_no_other_table(calls: Landing) -> None:
    calls.put("calls.jsonl", lines([{"id": 41, "direction": "outbound", "updatedAt": "2026-01-01"}]))
    calls.put("gone.csv", "id,_fivetran_deleted,_fivetran_synced\n41,true,2026-02-01\n")
    calls.run()
    assert calls.columns("id", "direction", "_deleted_at")[0][:2] == (41, "outbound")
    assert calls.columns("_deleted_at")[0][0] is not None


# --- null as a word -------------------------------------------------------------------------------------------------


def test_null_in_a_text_column(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "liondesk.contact_communications")
    landing.put(
        "contacts/76/x.csv",
        "campaign_name,type,is_active,send_at,completed_at,template_name\n"
        "NULL,Call Contact,true,2026-10-12T18:31:35.000Z,,\\N\n"
        "Autumn,Call Contact,true,2026-10-12T18:31:35.000Z,,NULL\n",
    )
    landing.run()
    assert landing.columns("campaign_name", "template_name") == [("Autumn", None), (None, None)]
    landing.law()


def test_words_for_null_in_columns_of_every_type(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "voipbin.campaigncalls")
    landing.put(
        "calls.tsv.csv",
        "id\tstatus\tresult\tqueue_id\tdestination_index\ttry_count\ttm_create\ttm_update\ttm_delete\tsource\n"
        "563479015BB9422DADD55A2CA47FA737\tdone\tNaN\tNone\t0\tnan\t2026-10-20 17:52:45\tN/A\tNULL\t\\N\n",
    )
    landing.run()
    assert landing.rejected() == []
    assert landing.columns("result", "queue_id", "try_count", "tm_update", "tm_delete", "source") == [
        (None,) * 6
    ]


def test_a_word_is_null_in_a_text_column_if_the_file_writes_null_with_it(calls: Landing) -> None:
    calls.put("a.csv", "id,note,prospect_id,uid\n1,None,5,x\n2,,None,None\n")
    calls.run()
    assert calls.columns("id", "note", "prospect_id", "uid") == [(1, None, 5, "x"), (2, None, None, None)]
    assert calls.notices("null_word") == [("note", None, 1), ("uid", None, 1)]


def test_a_word_is_null_in_a_text_column_that_has_no_other_way_to_say_it(calls: Landing) -> None:
    calls.put("a.csv", "id,note,uid\n1,N/A,\n2,hello,N/A\n")
    calls.run()
    # `uid` has an empty value, so there N/A is what somebody wrote.
    assert calls.columns("id", "note", "uid") == [(1, None, None), (2, "hello", "N/A")]


def test_each_file_of_a_batch_has_its_own_words(calls: Landing) -> None:
    calls.put("a.csv", "id,note,uid\n1,None,x\n")
    calls.put("b.csv", "id,note,uid\n2,None,x\n3,,x\n")
    calls.run()
    assert calls.columns("id", "note") == [(1, None), (2, "None"), (3, None)]


def test_words_in_a_file_of_documents_stay(calls: Landing) -> None:
    calls.put("a.jsonl", lines([{"id": 1, "note": "NULL"}]))
    calls.run()
    assert calls.columns("note") == [("NULL",)]


# --- values that shift ----------------------------------------------------------------------------------------------


def test_a_surplus_empty_value_is_refused_if_other_rows_have_none(sequences: Landing) -> None:
    sequences.put(
        "x.csv",
        "id,name,description,tag_line\n5,Autumn,Second wave,\n6,Spring, follow-up,Third wave,\n7,Winter,Fourth,\n",
    )
    sequences.run()
    assert sequences.columns("id", "description") == [(5, "Second wave"), (7, "Fourth")]
    assert sequences.rejected() == [(2, "unreadable")]
    sequences.law()


def test_surplus_empty_values_in_every_row_are_none(calls: Landing) -> None:
    calls.put("x.csv", 'id;direction;note\n1;outbound;a;;\n2;inbound;"b;c";;\n3;inbound;;;\n')
    calls.run()
    assert calls.columns("id", "note") == [(1, "a"), (2, "b;c"), (3, None)]
    assert calls.rejected() == []


def test_a_broken_row_costs_itself_alone(attempts: Landing) -> None:
    rows = (
        "id,disposition,created_at,target_id,note\n"
        "1,1,2026-10-20 17:02:11,5,first\n"
        '2,1,2026-10-20 17:02:11,5,"left, no card" \n'
        '3,0,2026-10-20 17:02:11,5, "spoke, will come"\n'
        '4,1,2026-10-20 17:02:11,5,"a,b",\n'
    )
    taken = [(1, "first"), (2, "left, no card"), (3, "spoke, will come")]
    attempts.put("x.csv", rows)
    attempts.run()
    assert attempts.columns("id", "note") == taken
    assert attempts.rejected() == [(4, "unreadable")]
    attempts.put("x.csv", rows + "bad\n")
    attempts.run()
    assert attempts.columns("id", "note") == taken
    read_, accepted, superseded, refused = attempts.files()["x.csv"]
    assert (read_, accepted + superseded, refused) == (5, 3, 2)


# --- what stands around the rows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "rows"),
    [
        ("Contact attempts export\nGenerated 2026-10-30 03:00 by Looker\n\n", 2),
        ('"Report, of all"\r\n\r\nCampaign:,7\r\nid,\r\n', 3),
        ("sep=,\r\n", 1),
    ],
)
def test_lines_before_the_header_are_named(attempts: Landing, before: str, rows: int) -> None:
    attempts.put("x.csv", before + TABLE)
    attempts.run()
    is_the_table(attempts)
    assert attempts.notices("no_record") == [(None, None, rows)]


def test_sep_names_the_delimiter(attempts: Landing) -> None:
    attempts.put(
        "x.csv",
        "sep=;\r\n"
        + "\r\n".join(line.replace(",", ";").replace("come;", "come,") for line in TABLE.splitlines()),
    )
    attempts.run()
    is_the_table(attempts)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff\ufeff" + TABLE,
        "\ufeff\ufeff\ufeff" + TABLE.replace("\n", "\r\n"),
        "\n".join([HEADER, *ROWS[:2], "\ufeff" + ROWS[2]]),
        "\n".join([HEADER, *ROWS[:1], "\ufeff" + HEADER, *ROWS[1:]]),
        "\n".join([HEADER, *ROWS[:1], HEADER, *ROWS[1:]]),
    ],
)
def test_byte_order_marks_and_headers_of_joined_files(attempts: Landing, text: str) -> None:
    attempts.put("x.csv", text)
    attempts.run()
    is_the_table(attempts)
    again = text.count(HEADER) - 1
    assert sum(rows for *_, rows in attempts.notices("no_record")) == again


@pytest.mark.parametrize("blank", ["," * 13, " , ,,,,,,,,,,,, ", '"",,,,,,,,,,,,,'])
def test_blank_rows_are_no_rows(attempts: Landing, blank: str) -> None:
    attempts.put("x.csv", "\r\n".join([HEADER, ROWS[0], blank, "", *ROWS[1:], blank, blank]))
    attempts.run()
    is_the_table(attempts)
    assert attempts.notices("no_record") == [(None, None, 3)]


def test_spaces_after_each_delimiter(attempts: Landing) -> None:
    attempts.put("x.csv", "\n".join(line.replace(",", ", ") for line in [HEADER, ROWS[0], ROWS[2]]))
    attempts.run()
    assert attempts.columns("id", "contact_info_type", "note") == [
        (9001, "PhoneNumber", None),
        (9003, "PhoneNumber", None),
    ]
    assert attempts.notices("unknown_value") == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("broken", [False, True])
def test_line_ends_of_every_system(attempts: Landing, end: str, broken: bool) -> None:
    attempts.put("x.csv", end.join([*TABLE.splitlines(), *(["bad"] if broken else []), ""]))
    attempts.run()
    assert attempts.columns("id", "note") == [(9001, None), (9002, NOTE), (9003, None)]
    assert attempts.rejected() == [(4, "unreadable")] * broken


# --- letters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [False, True])
def test_windows_1252_is_read_and_told(attempts: Landing, broken: bool) -> None:
    text = f"{HEADER}\n{ROWS[0]}José kommt später – “ja”\n{ROWS[2]}Müller\n" + "bad\n" * broken
    attempts.put("x.csv", text.encode("cp1252"))
    attempts.run()
    assert attempts.columns("id", "note") == [(9001, "José kommt später – “ja”"), (9003, "Müller")]
    assert attempts.notices("encoding") == [(None, "José", 2)]
    assert attempts.rejected() == [(3, "unreadable")] * broken
    attempts.law()


def test_a_header_in_windows_1252(calls: Landing) -> None:
    calls.put("x.csv", "id;Größe;direction\r\n1;5;outbound\r\n".encode("cp1252"))
    calls.run()
    assert calls.columns("id", "direction", "extra") == [(1, "outbound", '{"größe":"5"}')]


def test_utf_8_with_one_bad_row_stays_utf_8(attempts: Landing) -> None:
    rows = [f"{ROWS[0]}José".encode(), f"{ROWS[2]}Müller".encode("cp1252")]
    attempts.put("x.csv", b"\n".join([HEADER.encode(), *rows]))
    attempts.run()
    assert attempts.columns("id", "note") == [(9001, "José")]
    assert told(attempts) == [("unreadable", "not UTF-8")]


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (r'"Will come, brings \"two friends\""', NOTE),
        (r'"a\\b, \"c\""', r'a\b, "c"'),
        (r'"C:\new, \"x\""', r'C:\new, "x"'),
    ],
)
def test_backslashes_that_escape(attempts: Landing, note: str, text: str) -> None:
    attempts.put("x.csv", f"{HEADER}\n{ROWS[0]}\n{ROWS[2]}{note}\n")
    attempts.run()
    assert attempts.columns("id", "note") == [(9001, None), (9003, text)]
    assert attempts.rejected() == []


def test_backslashes_without_quotes(calls: Landing) -> None:
    calls.put("x.csv", "id|direction|note\n1|outbound|a \\| b\n2|inbound|\\N\n3|inbound|c:\\temp\n")
    calls.run()
    assert calls.columns("id", "note") == [(1, "a | b"), (2, None), (3, "c:\\temp")]


def test_backslashes_that_escape_nothing(calls: Landing) -> None:
    calls.put("x.csv", 'id,direction,note\n1,outbound,"C:\\"\n2,inbound,"D:\\temp\\"\n')
    calls.run()
    assert calls.columns("id", "note") == [(1, "C:\\"), (2, "D:\\temp\\")]


# --- the mapping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "source,field,value,disposition\r\noutreach,call_disposition,Rückruf vereinbart,contacted\r\n".encode(
            "cp1252"
        ),
        "\ufeffsource;field;value;disposition\r\noutreach;call_disposition;Rückruf vereinbart;contacted\r\n".encode(),
        "sep=\t\nfield\tsource\tvalue\tdisposition\ncall_disposition\toutreach\tRückruf vereinbart\tcontacted\n".encode(
            "utf-16"
        ),
    ],
)
def test_a_mapping_saved_by_a_spreadsheet(attempts: Landing, data: bytes) -> None:
    (attempts.path / "dispositions.csv").write_bytes(data)
    load_dispositions(attempts.con, attempts.path, Settings().mappings)
    assert attempts.con.sql(
        "SELECT source, field, value, disposition FROM landing.dispositions WHERE origin = 'landing folder'"
    ).fetchall() == [("outreach", "call_disposition", "Rückruf vereinbart", "contacted")]
    assert attempts.notices("mapping") == []


def test_case_does_not_matter_in_a_mapping(attempts: Landing) -> None:
    (attempts.path / "dispositions.csv").write_text(
        "source,field,value,disposition\n"
        "Outreach,Outcome,Answered,Voicemail\n"
        "outreach,outcome,answered,NO_CONTACT\n"
        "ACTION_BUILDER,disposition,1,contacted\n"
        "outreach,outcome,busy,contact\n"
    )
    load_dispositions(attempts.con, attempts.path, Settings().mappings)
    assert attempts.con.sql(
        "SELECT source, field, lower(value), disposition FROM landing.dispositions "
        "WHERE origin = 'landing folder' ORDER BY ALL"
    ).fetchall() == [
        ("action_builder", "disposition", "1", "contacted"),
        ("outreach", "outcome", "answered", "no_contact"),
    ]
    assert attempts.notices("mapping") == [
        ("disposition", "outreach,outcome,busy,contact", 1),
        ("value", "Outreach,Outcome,Answered,Voicemail", 1),
    ]


# --- properties -------------------------------------------------------------------------------------------------------

LETTERS = st.text(st.sampled_from(list('ab1é,;" \n\\|–')), max_size=6)
SPACES = st.sampled_from(["", "", "", " "])


@st.composite
def cells(draw: st.DrawFn, delimiter: str) -> str:
    """The text of one value as some program writes it: quoted or not, with spaces around it."""
    value = draw(LETTERS)
    if draw(st.booleans()):
        return draw(SPACES) + '"' + value.replace('"', '""') + '"' + draw(SPACES)
    return "".join(letter for letter in value if letter not in f'{delimiter}"\n')


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, str]:
    """A CSV file of calls with the columns id, direction and note, and its delimiter."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    surplus = draw(st.sampled_from(["", "", delimiter, delimiter * 2]))
    null = draw(st.sampled_from(["", "NULL", "\\N", "None"]))
    found = [delimiter.join(["id", "direction", "note"])]
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["row", "row", "row", "row", "blank", "empty", "again"]))
        if kind == "row":
            note = draw(st.one_of(st.just(null), cells(delimiter)))
            found.append(
                delimiter.join([str(number), draw(st.sampled_from(["outbound", "inbound", null])), note])
                + surplus
            )
        else:
            found.append({"blank": delimiter * 2, "empty": "", "again": found[0]}[kind])
    text = end.join(found).replace("\n", end) if end == "\n" else end.join(found)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "cp1252"]))
    return (text + draw(st.sampled_from(["", end]))).encode(encoding), delimiter


def read(folder: Path, data: bytes, monkeypatch: pytest.MonkeyPatch | None = None) -> tuple[object, ...]:
    """Rows, rejects and accounts of one file. ``monkeypatch``: take the careful way, whatever the file holds."""
    landing = Landing(folder, "outreach.calls")
    landing.put("x.csv", data)
    if monkeypatch is None:
        landing.run()
    else:
        survey = flat_files.survey_csv

        def doubted(con: object, resource: object, batch: Batch) -> Survey:
            if not batch.files[0].has_markers:
                raise Doubtful
            return survey(con, resource, batch)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(flat_files, "survey_csv", doubted)
            landing.run()
    landing.law()
    found = landing.columns("id", "direction", "note"), landing.rejected(), landing.files()
    landing.con.close()
    return found


PROPERTY = settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@PROPERTY
@given(table=tables())
def test_both_ways_take_the_same_values_from_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, table: tuple[bytes, str]
) -> None:
    folder = tmp_path_factory.mktemp("ways")
    assert read(folder / "fast", table[0]) == read(folder / "careful", table[0], monkeypatch)


@PROPERTY
@given(table=tables())
def test_one_broken_row_more_loses_that_row_alone(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[bytes, str]
) -> None:
    data, _ = table
    folder = tmp_path_factory.mktemp("broken")
    rows, rejected, _ = read(folder / "good", data)
    end = b"" if data.endswith(b"\n") else b"\n"
    broken_rows, broken_rejected, _ = read(folder / "broken", data + end + b"bad\n")
    assert broken_rows == rows
    assert len(broken_rejected) == len(rejected) + 1  # type: ignore[arg-type]


@PROPERTY
@given(table=tables(), titles=st.lists(st.sampled_from(["A title", '"of, two"', ""]), max_size=3))
def test_every_record_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[bytes, str], titles: list[str]
) -> None:
    data, delimiter = table
    assume(not titles or not data.startswith(b"\xef"))
    assume(
        b'\\"' not in data
    )  # where a backslash may escape a quote, the standard's reader knows less than ingest
    data = "".join(title + "\n" for title in titles).encode() + data
    landing = Landing(tmp_path_factory.mktemp("law"), "outreach.calls")
    landing.put("x.csv", data)
    landing.run()
    landing.law()
    text = data.decode("utf-8-sig" if data.startswith(b"\xef") else "utf-8", "surrogateescape")
    records = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        if row
    ]
    named = sum(rows for *_, rows in landing.notices("no_record"))
    ((read_, *_),) = landing.files().values()
    assert read_ + 1 + named == len(records)
    landing.con.close()


# --- rows above a header, and two spellings of one name ---------------------------------------------------------------


def test_rows_above_the_header_are_no_titles(attempts: Landing) -> None:
    """A file that somebody sorted has its header at its end."""
    attempts.put("sorted.csv", "\n".join([*ROWS, HEADER]) + "\n")
    attempts.run()
    assert [reason for reason, _ in told(attempts)] == ["no header"]
    attempts.law()


def test_two_spellings_of_one_name_are_two_columns_of_one_name(calls: Landing) -> None:
    """An Outreach call joined with a table of another system: no value of the second stands in the first's place."""
    calls.put(
        "joined.csv",
        "id,direction,prospectId,createdAt,prospect_id,created_at\n"
        "1,outbound,900,2026-10-20T10:00:00Z,77,2019-01-01T00:00:00Z\n"
        "2,outbound,,2026-10-20T11:00:00Z,78,2019-01-01T00:00:00Z\n",
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "prospect_id", "created_at") == [
        (1, 900, datetime(2026, 10, 20, 10)),
        (2, None, datetime(2026, 10, 20, 11)),
    ]
    assert [(field, rows) for field, _, rows in calls.notices("repeated_column")] == [
        ("created_at", 2),
        ("prospect_id", 2),
    ]


def test_two_spellings_of_one_name_in_parquet(calls: Landing) -> None:
    rows = [
        {"id": 1, "direction": "outbound", "createdAt": "2026-10-20T10:00:00Z", "created_at": "2019-01-01"},
        {"id": 2, "direction": "outbound", "createdAt": "2026-10-20T10:00:00Z", "created_at": "2019-01-01"},
    ]
    calls.put("joined.parquet", to_parquet(rows))
    calls.run()
    calls.law()
    moment = datetime(2026, 10, 20, 10)
    assert calls.columns("id", "created_at") == [(1, moment), (2, moment)]
    assert [(field, rows) for field, _, rows in calls.notices("repeated_column")] == [("created_at", 2)]


# --- another table that shares a field -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "name", "content", "better"),
    [
        (
            "outreach.sequences",
            "a.csv",
            "id,name,outcome,order,createdAt\n3,Answered,completed,1,2026-01-01\n",
            "outreach/call_dispositions",
        ),
        (
            "action_builder.actions",
            "a.jsonl",
            '{"id":1,"campaign_id":7,"entity_id":2,"disposition":1,"created_at":"2026-01-01"}\n',
            "action_builder/contact_attempts",
        ),
        (
            "voipbin.campaigns",
            "a.tsv",
            "id\tname\tdetail\ttry_interval\tmax_try_count_0\n5bb94890-0000-4000-8000-000000000001\ta\tb\t1\t2\n",
            "voipbin/outplans",
        ),
        (
            "action_builder.campaigns",
            "other system.csv",
            "id;name;description;sequenceType;enabled\n1;a;b;interval;true\n",
            "outreach/sequences",
        ),
    ],
)
@pytest.mark.parametrize("large", [False, True])
def test_a_table_that_fits_another_resource_better_is_refused(
    tmp_path: Path, folder: str, name: str, content: str, better: str, large: bool
) -> None:
    landing = Landing(tmp_path, folder)
    landing.large = large
    landing.put(name, content)
    landing.run()
    assert landing.rows() == []
    assert told(landing) == [
        ("another table", f"its columns are those of another resource: put the file into {better}/")
    ]
    landing.law()


@pytest.mark.parametrize(
    ("folder", "header"),
    [
        ("outreach.sequences", "id,name"),
        ("outreach.sequences", "id,name,order"),  # one column of call_dispositions, and no more
        ("outreach.sequences", "id,name,outcome,order,enabled"),  # a field that call_dispositions lacks
        ("action_builder.campaigns", "id,name,description,status,created_at"),
        ("outreach.calls", "id,createdAt,sequence,mood,weather"),
    ],
)
def test_a_sparse_export_is_no_other_table(tmp_path: Path, folder: str, header: str) -> None:
    landing = Landing(tmp_path, folder)
    landing.put("a.csv", f"{header}\n7{',' * header.count(',')}\n")
    landing.run()
    assert landing.columns("id") == [(7,)]


def test_no_resource_with_all_its_fields_is_another_one() -> None:
    for resource in RESOURCES:
        names = [field.name for field in resource.fields]
        assert better_place(resource, names) == ""
        assert all(
            better_place(other, names) in ("", resource.full_name.replace(".", "/")) for other in RESOURCES
        )


# --- words for null with spaces around them ----------------------------------------------------------------------------


def test_spaces_around_a_word_for_null(calls: Landing) -> None:
    calls.put(
        "a.csv",
        "id,note,outcome,sequence_id,to\n1,None ,Answered, NULL,x\n2, NULL,  None,5,nullable \n"
        "3,called,NULL          ,6,NA is a name\n",
    )
    calls.run()
    calls.law()
    assert calls.columns("id", "note", "outcome", "sequence_id", "to") == [
        (1, None, "Answered", None, "x"),
        (2, None, None, 5, "nullable "),
        (3, "called", None, 6, "NA is a name"),
    ]


# --- a first row that looks like names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "content"),
    [
        ("outreach.sequences", "1,name,description\n2,Spring,warm\n"),
        ("voipbin.outplans", "5bb94890-0000-4000-8000-000000000001|name|detail|source\n"),
        ("outreach.sequences", "name\tdescription\t2026-01-01 00:00:00\nSpring\twarm\t2026-01-01 00:00:00\n"),
    ],
)
def test_a_first_row_with_an_id_in_it_is_no_header(tmp_path: Path, folder: str, content: str) -> None:
    landing = Landing(tmp_path, folder)
    landing.put("unload.csv", content)
    landing.run()
    assert landing.rows() == []
    assert told(landing) == [
        (
            "no header",
            (
                "no header: its first record holds a number, a time or a UUID, and does not name the row's id; "
                "export it with a header, or name its columns in columns.csv"
            ),
        )
    ]
    assert landing.notices("new_field") == []


def test_a_number_as_a_columns_name_beside_an_id(sequences: Landing) -> None:
    sequences.put("pivot.csv", "id,name,2026\n1,Spring,4\n")
    sequences.run()
    assert sequences.columns("id", "name") == [(1, "Spring")]


# --- delimiters, encodings, and what stands around rows ----------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["^", "~"])
def test_delimiters_of_mainframes(calls: Landing, delimiter: str) -> None:
    text = 'id,direction,note\n1,outbound,"a~^b"\n2,inbound,\n'
    calls.put("a.txt", text.replace(",", delimiter))
    calls.run()
    calls.law()
    assert calls.columns("id", "direction", "note") == [(1, "outbound", "a~^b"), (2, "inbound", None)]


def test_rows_that_end_in_a_delimiter_and_a_space(calls: Landing) -> None:
    calls.put("a.csv", "id,direction,note\n1,outbound,a, \n2,inbound,, \n")
    calls.put("b.csv", "id,direction,note, \n3,outbound,a, \n4,inbound,, \n")
    calls.put("c.csv", "id,direction,note\n5,outbound,a, \n6,inbound,\n")
    calls.run()
    calls.law()
    assert calls.columns("id", "note") == [(1, "a"), (2, None), (3, "a"), (4, None), (6, None)]
    assert told(calls) == [("unreadable", "4 values under 3 columns")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(calls: Landing, encoding: str) -> None:
    calls.put("a.csv", "id,direction,note\n1,outbound,Zoë – later\n".encode(encoding))
    calls.put("b.jsonl", '{"id":2,"direction":"inbound","note":"Zoë"}\n'.encode(encoding))
    calls.run()
    calls.law()
    assert calls.columns("id", "note") == [(1, "Zoë – later"), (2, "Zoë")]


@pytest.mark.parametrize(
    ("content", "dropped"),
    [
        ("id|direction|note\n1|outbound|a\n2|inbound|\n(2 rows)\n", 1),
        (
            " id | direction | note \n----+-----------+------\n  1 | outbound  | a\n  2 | inbound   | \n(2 rows)\n\n",
            2,
        ),
        ("id,direction,note\n--,---------,----\n1,outbound,a\n2,inbound,\n\n(2 rows affected)\n", 2),
    ],
    ids=["psql unaligned", "psql", "sqlcmd"],
)
def test_what_database_clients_write_around_rows(calls: Landing, content: str, dropped: int) -> None:
    calls.put("out.txt", content)
    calls.run()
    calls.law()
    assert calls.columns("id", "direction", "note") == [(1, "outbound", "a"), (2, "inbound", None)]
    assert ("lines of a database client", dropped) in calls.con.sql(
        "SELECT detail, rows FROM landing.notices WHERE code = 'no_record'"
    ).fetchall()
    assert calls.rejected() == []


@pytest.mark.parametrize("folder", ["", "outreach/", "outreach/calls/", "outreach/calls/2026/"])
def test_columns_are_named_in_every_folder_above(calls: Landing, folder: str) -> None:
    names = calls.path / folder / "columns.csv"
    names.parent.mkdir(parents=True, exist_ok=True)
    names.write_text('file,columns\nunload*,"id,direction"\n')
    calls.put("2026/unload_0", "1,outbound\n")
    calls.run()
    assert calls.columns("id", "direction") == [(1, "outbound")]
    assert LandingFolder(calls.path).unread == []


def test_the_nearest_names_of_columns_count(calls: Landing) -> None:
    (calls.path / "columns.csv").write_text('file,columns\n*,"direction,id"\n')
    calls.put("columns.csv", 'file,columns\nnear*,"id,direction"\n')
    calls.put("near.csv", "1,outbound\n")
    calls.put("far.csv", "inbound,2\n")
    calls.run()
    assert calls.columns("id", "direction") == [(1, "outbound"), (2, "inbound")]


def test_columns_are_named_in_an_archive(calls: Landing) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("dump/columns.csv", 'file,columns\n*.csv,"id,direction"\n')
        archive.writestr("dump/calls/part.csv", "1,outbound\n")
        archive.writestr("other/part.csv", "2,outbound\n")
    calls.put("dump.zip", out.getvalue())
    calls.run()
    assert calls.columns("id", "direction") == [(1, "outbound")]
    assert [reason for reason, _ in told(calls)] == ["no header"]


def test_a_tar_archive_says_so(calls: Landing) -> None:
    out, content = io.BytesIO(), b"id,direction\n1,outbound\n"
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("calls.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    what = "a tar archive is not read: unpack it, and put the files that are in it into the folder"
    calls.put("calls.csv.gz", out.getvalue())
    for name in ("calls.tar.gz", "calls.tgz", "calls.tar"):
        calls.put(name, out.getvalue())
    calls.run()
    assert told(calls) == [("unreadable", what)]
    assert [(each.files, each.why) for each in LandingFolder(calls.path).unread] == [(3, what)]


def test_columns_of_hudi_are_no_news(calls: Landing) -> None:
    calls.put(
        "a.csv",
        "_hoodie_commit_time,_hoodie_record_key,_hoodie_file_name,_hoodie_is_deleted,id,updated_at\n"
        "20260101,1,a.parquet,true,1,2026-01-01\n20260101,2,a.parquet,false,2,2026-01-01\n",
    )
    calls.run()
    assert calls.columns("id", "_deleted_at", "extra") == [(1, datetime(2026, 1, 1), None), (2, None, None)]
    assert calls.notices("new_field") == []
