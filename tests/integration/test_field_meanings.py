"""What a call meant, and whose id it is: files as organizations of this field really have them.

Belongs here: dispositions that no line maps, names that speak of a voicemail, and ids that are unique within one
organization only; each kind with the file that showed it and a second one. Does not belong here: the ladder of one
call's fields (tests/sql/test_core.py).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.cli.summary import summary
from pipelines.ingest import ingest, load_dispositions
from pipelines.ingest.files import LandingFolder
from pipelines.models.incremental import Builder, build_whole
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.refresh import refresh
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from pipelines.validation.engine import evaluate
from pipelines.validation.rules import load_rules
from tests.sql.logs import voipbin
from tests.support import examples, fetch, ledger

MODELS = load_models()
CHAIN = with_upstream(
    MODELS,
    ["core.attempts", "core._targets", "core.campaigns", "quality.unmapped_values", "reports.headline"],
)

Row = dict[str, Any]


class Landed:
    """A landing folder whose files are ingested, and the tables that are built of them."""

    def __init__(self, folder: Path, files: Mapping[str, str | bytes | Sequence[Row]] | None = None) -> None:
        self.folder = folder / "landing"
        self.work = folder
        self.con: duckdb.DuckDBPyConnection = ledger()
        self.put(files or {})

    def put(self, files: Mapping[str, str | bytes | Sequence[Row]]) -> None:
        """Write files, by path, and ingest whatever is new. Rows become JSON lines."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif isinstance(content, str):
                path.write_text(content, encoding="utf-8")
            else:
                path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        load_dispositions(self.con, self.folder, Settings().mappings)
        for resource in RESOURCES:
            assert ingest(self.con, resource, LandingFolder(self.folder), self.work).rejected == 0

    def build(self) -> None:
        builder = Builder(self.con)
        for model in CHAIN:
            builder.build(model)

    def attempts(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of core.attempts, in the order of the rows' keys."""
        self.build()
        return self.con.sql(f"SELECT {', '.join(columns)} FROM core.attempts ORDER BY attempt_key").fetchall()

    def unmapped(self) -> list[tuple[Any, ...]]:
        """Source, field, number of rows and line of the unmapped values; core.attempts must be built."""
        return self.con.sql(
            "SELECT source, field, rows, line FROM quality.unmapped_values ORDER BY line"
        ).fetchall()

    def rows(self) -> dict[str, list[Row]]:
        return {model.table: fetch(self.con, f"FROM {model.table} ORDER BY ALL") for model in CHAIN}


@pytest.fixture
def landed(tmp_path: Path) -> Iterator[Landed]:
    found = Landed(tmp_path)
    yield found
    found.con.close()


# ------------------------------------------------------------------------------- a disposition that no line maps

_LOGGED = {
    "direction": "outbound",
    "createdAt": "2026-10-21T15:00:03Z",
    "updatedAt": "2026-10-21T15:06:12Z",
    "sequenceId": 5,
    "userId": 2,
}
UNMAPPED: dict[str, Sequence[Row]] = {
    "outreach/calls/c.jsonl": [
        {
            **_LOGGED,
            "id": 41,
            "dialedAt": "2026-10-21T15:00:04Z",
            "callDispositionId": 12,
            "prospectId": 900,
        },
        {
            **_LOGGED,
            "id": 42,
            "dialedAt": "2026-10-21T15:10:04Z",
            "callDispositionId": 99,
            "prospectId": 901,
        },
        {
            **_LOGGED,
            "id": 43,
            "callDispositionId": 12,
            "prospectId": 902,
            "completedAt": "2026-10-21T15:20:00Z",
            "state": "completed",
        },
    ],
    "outreach/call_dispositions/d.jsonl": [{"id": 12, "name": "Rückruf vereinbart", "outcome": None}],
}


def test_a_disposition_that_no_line_maps_is_unknown_and_listed(landed: Landed) -> None:
    landed.put(UNMAPPED)
    assert landed.attempts("disposition", "raw_disposition", "is_contact", "disposition_basis") == [
        ("unknown", "Rückruf vereinbart", False, None),
        ("unknown", "call disposition 99", False, None),
        ("unknown", "Rückruf vereinbart", False, None),
    ]
    assert landed.unmapped() == [
        ("outreach", "call_disposition", 2, "outreach,call_disposition,Rückruf vereinbart,unknown"),
        ("outreach", "call_disposition_id", 1, "outreach,call_disposition_id,99,unknown"),
    ]


def test_completed_alone_is_unknown_and_needs_no_line(landed: Landed) -> None:
    call = {"id": 43, "state": "completed", "completedAt": "2026-10-21T15:20:00Z"}
    landed.put({"outreach/calls/c.jsonl": [call, call | {"id": 44, "answeredAt": "2026-10-21T15:19:00Z"}]})
    assert landed.attempts("disposition", "disposition_basis") == [("unknown", None)] * 2
    assert landed.unmapped() == []


def test_it_falls_through_to_no_other_field(landed: Landed) -> None:
    """Another organization, in CSV: the same disposition beside fields that would each say something else."""
    landed.put(
        {
            "outreach/call_dispositions/all.csv": 'ID,NAME,OUTCOME\n70,"Asked ""when?"", maybe",\n71,Agreed,Answered\n'
            "72,Later,no_answer\n73,,\n",
            "outreach/calls/calls.csv": "id,call_disposition_id,outcome,state,answered_at,dialed_at,prospect_id\n"
            "1,70,Answered,answered,2026-05-04 10:00:00,2026-05-04 09:59:50,1\n"
            "2,70,Not Answered,busy,,2026-05-04 09:00:00,2\n"
            "3,70,,,,2026-05-04 09:00:00,3\n"
            "4,71,Not Answered,busy,,2026-05-04 09:00:00,4\n"
            "5,72,Answered,answered,2026-05-04 09:00:00,2026-05-04 09:00:00,5\n"
            "6,73,Answered,,,2026-05-04 09:00:00,6\n"
            "7,,,completed,2026-05-04 09:00:00,2026-05-04 09:00:00,7\n"
            "8,,Answered,completed,,2026-05-04 09:00:00,8\n",
        }
    )
    found = landed.attempts("disposition")
    assert [row[0] for row in found] == [
        *["unknown"] * 3,
        "contacted",
        "no_contact",
        "unknown",
        "unknown",
        "contacted",
    ]
    assert [(rows, line) for _, _, rows, line in landed.unmapped()] == [
        (3, 'outreach,call_disposition,"Asked ""when?"", maybe",unknown'),
        (1, "outreach,call_disposition_id,73,unknown"),
    ]


def test_the_lines_to_write_map_the_values(landed: Landed) -> None:
    """Each line, appended as it stands but for its disposition, maps its value: names, ids and states alike."""
    landed.put(UNMAPPED)
    strange = 'Later; "maybe", or\tnot | 5 % of _them'
    landed.put(
        {
            "outreach/call_dispositions/e.jsonl": [{"id": 13, "name": strange}, {"id": 14, "name": "???"}],
            "outreach/calls/e.jsonl": [
                {"id": 50, "callDispositionId": 13, "dialedAt": "2026-10-21T15:00:00Z"},
                {"id": 51, "callDispositionId": 14, "dialedAt": "2026-10-21T15:00:00Z"},
                {"id": 52, "state": "Parked", "dialedAt": "2026-10-21T15:00:00Z"},
                {"id": 53, "outcome": "Hm", "state": "completed", "dialedAt": "2026-10-21T15:00:00Z"},
                {"id": 54, "o_id": "Org", "callDispositionId": 99, "dialedAt": "2026-10-21T15:00:00Z"},
            ],
        }
    )
    assert {row[0] for row in landed.attempts("disposition")} == {"unknown"}
    lines = [line for *_, line in landed.unmapped()]
    assert len(lines) == len({tuple(row) for row in csv.reader(lines)}) == 7
    mapped = [line.removesuffix("unknown") + "do_not_contact" for line in lines]
    landed.put({"dispositions.csv": "\n".join(["source,field,value,disposition", *mapped, ""])})
    assert landed.attempts("disposition") == [("do_not_contact",)] * 8
    assert landed.unmapped() == []


def test_a_value_of_any_source_is_listed(landed: Landed) -> None:
    calls = voipbin({1: ["C", "MUTE"], 2: ["MUTE"]})["voipbin_campaigncalls"]
    landed.put({"voipbin/campaigncalls/calls.jsonl": json.loads(json.dumps(calls, default=str))})
    landed.build()
    assert landed.unmapped() == [("voipbin", "status/result", 2, "voipbin,status/result,done,unknown")]


def test_a_run_tells_of_them(tmp_path: Path) -> None:
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    more = [
        {"id": number, "state": f"s{number}", "dialedAt": "2026-10-21T15:00:00Z"} for number in (60, 61, 62)
    ]
    Landed(tmp_path, {**UNMAPPED, "outreach/calls/more.jsonl": more}).con.close()
    refresh(settings, "one")
    told = [line for line in summary(settings) if "unmapped" in line]
    assert [" ".join(line.split()) for line in told] == [
        (
            "unmapped 6 rows of 5 values (quality.unmapped_values); "
            "a line for dispositions.csv: outreach,call_disposition,Rückruf vereinbart,unknown"
        )
    ]
    page = settings.report_path.read_text(encoding="utf-8")
    chapter = page.partition('id="unmapped-values"')[2].partition("</section>")[0]
    assert "outreach,call_disposition,Rückruf vereinbart,unknown" in chapter


# ------------------------------------------------------------------------------------------- names of voicemails


NAMED = [
    ("Answered - Left Voicemail", "voicemail"),
    ("Answered - VM", "voicemail"),
    ("Answered - Answering Machine", "voicemail"),
    ("Answered – Voice mail", "voicemail"),
    ("answered —  LEFT VM", "voicemail"),
    ("ANSWERED-vm", "voicemail"),
    ("Answered\u00a0-\u00a0Left voice-mail", "voicemail"),
    ("Answered - Left VM with assistant", "voicemail"),
    ("Answered - VM, no callback", "voicemail"),
    ("Answered - Left a message (VM)", "voicemail"),
    ("Answered - Machine", "voicemail"),
    ("Answered - Mailbox full", "voicemail"),
    ("Answered − Voicemail/Gatekeeper", "voicemail"),
    ("Answered - VMware renewal", "contacted"),
    ("Answered – Meeting Set", "contacted"),
    ("ANSWERED -Left message with a colleague", "contacted"),
    ("answered—not  interested", "contacted"),
    ("Answered", "contacted"),
    ("No answer.", "no_contact"),
    ("Unanswered - VM", "unknown"),
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each name that a disposition has → the disposition of the call that names it."""
    numbered = list(enumerate((name for name, _ in NAMED), start=50))
    landed = Landed(
        tmp_path_factory.mktemp("named"),
        {
            "outreach/call_dispositions/d.jsonl": [{"id": number, "name": name} for number, name in numbered],
            "outreach/calls/c.jsonl": [
                {
                    "id": number,
                    "callDispositionId": number,
                    "dialedAt": "2026-10-21T15:00:00Z",
                    "state": "answered",
                }
                for number, _ in numbered
            ],
        },
    )
    found = dict(landed.attempts("raw_disposition", "disposition"))
    landed.con.close()
    return found


@pytest.mark.parametrize(("name", "disposition"), NAMED)
def test_a_name_that_says_voicemail_is_no_contact(named: dict[str, str], name: str, disposition: str) -> None:
    assert named[name] == disposition


def test_the_refusal_keeps_its_class_whatever_its_dash(landed: Landed) -> None:
    landed.put(
        {
            "outreach/call_dispositions/d.jsonl": [{"id": 50, "name": "Answered – Not Interested"}],
            "outreach/calls/c.jsonl": [
                {"id": 1, "callDispositionId": 50, "dialedAt": "2026-10-21T15:00:00Z"}
            ],
        }
    )
    assert landed.attempts("disposition", "aapor_class") == [("contacted", "R")]


def test_the_flag_and_the_recording_win_over_the_name(landed: Landed) -> None:
    landed.put(
        {
            "outreach/call_dispositions/d.jsonl": [
                {"id": 1, "name": "Answered - Meeting Set", "defaultForOutboundVoicemail": True},
                {"id": 2, "name": "Answered - Meeting Set", "defaultForOutboundVoicemail": False},
            ],
            "outreach/calls/c.jsonl": [
                {"id": 1, "callDispositionId": 1, "dialedAt": "2026-10-21T15:00:00Z", "outcome": "Answered"},
                {"id": 2, "callDispositionId": 2, "dialedAt": "2026-10-21T15:00:00Z"},
                {
                    "id": 3,
                    "callDispositionId": 2,
                    "voicemailRecordingUrl": "https://recordings.example.com/3",
                },
            ],
        }
    )
    assert landed.attempts("disposition", "disposition_basis") == [
        ("voicemail", "call_disposition.default_for_outbound_voicemail"),
        ("contacted", "call_disposition"),
        ("voicemail", "voicemail_recording_url"),
    ]


# ---------------------------------------------------------------------- ids that are unique per organization only

TWO_ORGANIZATIONS = {
    "outreach/calls/CALLS.csv": """\
BENTO,O_ID,ID,CALL_STATE,DIRECTION,DIALED_AT,CREATED_AT,UPDATED_AT,PROSPECT_ID,SEQUENCE_ID,CALL_DISPOSITION_ID,USER_ID,DML_TYPE,IS_DELETED_IN_APP
app1,7,41,completed,outbound,2026-10-21 15:00:04.000,2026-10-21 15:00:03.000,2026-10-21 15:06:12.000,900,5,3,2,insert,false
app2,8,41,no_answer,outbound,2026-10-21 16:00:04.000,2026-10-21 16:00:03.000,2026-10-21 16:06:12.000,12,1,6,9,insert,false
"""
}


def test_two_calls_of_one_id_are_two_attempts(landed: Landed) -> None:
    landed.put(TWO_ORGANIZATIONS)
    assert landed.attempts("attempt_key", "campaign_key", "target_key", "agent_key", "disposition") == [
        (
            "outreach:calls:app1.7.41",
            "outreach:app1.7.5",
            "outreach:app1.7.900",
            "outreach:app1.7.2",
            "contacted",
        ),
        (
            "outreach:calls:app2.8.41",
            "outreach:app2.8.1",
            "outreach:app2.8.12",
            "outreach:app2.8.9",
            "no_contact",
        ),
    ]


@pytest.mark.parametrize(("bento", "front"), [(None, ""), ("eu-1", "eu-1.")])
def test_every_id_is_its_organizations_own(
    landed: Landed, tmp_path: Path, bento: str | None, front: str
) -> None:
    """Everything the same but the organization, in Parquet; with two dimensions, and calls that name nobody."""
    call = {"ID": 3, "PROSPECT_ID": 5, "SEQUENCE_ID": 6, "USER_ID": 7, "CALL_DISPOSITION_ID": 12}
    times = {"DIALED_AT": "2026-02-03 10:00:00", "UPDATED_AT": "2026-02-03 10:05:00"}
    rows = [
        {"BENTO": bento, "O_ID": organization, **call, **times, **other}
        for organization in (100, 200)
        for other in ({}, {"ID": 4, "PROSPECT_ID": None, "SEQUENCE_ID": None, "USER_ID": None})
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "calls.parquet")
    place = bento or ""
    landed.put(
        {
            "outreach/calls/a.parquet": (tmp_path / "calls.parquet").read_bytes(),
            "outreach/call_dispositions/a.csv": "ID,NAME,O_ID,BENTO\n"
            f"12,Answered - Yes,100,{place}\n12,No Answer,200,{place}\n",
            "outreach/sequences/a.csv": f"BENTO,O_ID,ID,NAME\n{place},100,6,Renewals\n{place},200,6,Trials\n",
        }
    )
    columns = ("attempt_key", "campaign_key", "campaign_name", "target_key", "agent_key", "disposition")
    expected: list[tuple[str | None, ...]] = []
    for organization, name, disposition in (
        ("100", "Renewals", "contacted"),
        ("200", "Trials", "no_contact"),
    ):
        own = f"{front}{organization}"
        named = (f"outreach:{own}.6", name, f"outreach:{own}.5", f"outreach:{own}.7")
        nobody = ("outreach:none", "none", f"outreach:calls:{own}.4", None)
        expected.append((f"outreach:calls:{own}.3", *named, disposition))
        expected.append((f"outreach:calls:{own}.4", *nobody, disposition))
    assert landed.attempts(*columns) == expected


def test_files_without_an_organization_keep_their_keys(landed: Landed) -> None:
    landed.put(
        {
            "outreach/calls/c.jsonl": [
                {
                    "id": 41,
                    "prospectId": 900,
                    "sequenceId": 5,
                    "userId": 2,
                    "dialedAt": "2026-10-21T15:00:00Z",
                }
            ]
        }
    )
    assert landed.attempts("attempt_key", "campaign_key", "target_key", "agent_key") == [
        ("outreach:calls:41", "outreach:5", "outreach:900", "outreach:2")
    ]


def test_a_disposition_of_another_organization_says_nothing(landed: Landed) -> None:
    """Disposition 12 means a contact in one organization, and nothing is known of it in the others."""
    landed.put(
        {
            "outreach/call_dispositions/d.csv": "BENTO,O_ID,ID,NAME\napp1,7,12,Answered - Yes\napp1,7,6,Answered - Hi\n",
            "outreach/calls/c.csv": "BENTO,O_ID,ID,CALL_DISPOSITION_ID,DIALED_AT\n"
            "app1,7,1,12,2026-10-21 15:00:00\n"
            "app1,8,1,12,2026-10-21 15:00:00\n"
            "app2,7,1,12,2026-10-21 15:00:00\n"
            ",,1,12,2026-10-21 15:00:00\n"
            "app1,7,2,6,2026-10-21 15:00:00\n"
            "app1,8,2,6,2026-10-21 15:00:00\n",
        }
    )
    assert landed.attempts("attempt_key", "disposition") == [
        ("outreach:calls:1", "unknown"),
        ("outreach:calls:app1.7.1", "contacted"),
        ("outreach:calls:app1.7.2", "contacted"),
        ("outreach:calls:app1.8.1", "unknown"),
        ("outreach:calls:app1.8.2", "no_contact"),
        ("outreach:calls:app2.7.1", "unknown"),
    ]
    # One line for all organizations maps them all; one that names an organization goes before it.
    landed.put(
        {
            "dispositions.csv": "source,field,value,disposition\n"
            "outreach,call_disposition_id,12,voicemail\noutreach,call_disposition_id,APP2.7.12,do_not_contact\n"
        }
    )
    assert [row[0] for row in landed.attempts("disposition")] == [
        "voicemail",
        "contacted",
        "contacted",
        "voicemail",
        "no_contact",
        "do_not_contact",
    ]


def failing(con: duckdb.DuckDBPyConnection) -> dict[str, int | None]:
    """The rules on the raw table of calls that do not hold, with the number of rows that break each."""
    rules = [rule for rule in load_rules() if rule.table == "raw.outreach_calls"]
    return {found.rule.name: found.offending for found in evaluate(con, rules) if not found.passed}


def test_the_same_calls_with_and_without_an_organization_are_told(landed: Landed) -> None:
    landed.put(TWO_ORGANIZATIONS)
    assert failing(landed.con) == {"dispositions_are_loaded": 2}
    landed.put(
        {
            "outreach/calls/api.jsonl": [
                {"id": 41, "dialedAt": "2026-10-21T15:00:04Z"},
                {"id": 42, "dialedAt": "2026-10-21T15:00:04Z"},
            ]
        }
    )
    assert failing(landed.con) == {"dispositions_are_loaded": 2, "calls_name_their_organization": 1}


ORGANIZATIONS = st.sampled_from([("app1", "7"), ("app1", "8"), ("app2", "7"), (None, "7"), (None, None)])
CALLS = st.lists(
    st.tuples(
        ORGANIZATIONS, st.integers(1, 3), st.sampled_from([None, 5, 6]), st.sampled_from([1, 6]), st.integers(0, 9)
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


def call_row(call: tuple[tuple[str | None, str | None], int, int | None, int, int]) -> Row:
    (bento, o_id), number, prospect, disposition, hour = call
    return {
        "BENTO": bento,
        "O_ID": o_id,
        "ID": number,
        "PROSPECT_ID": prospect,
        "CALL_DISPOSITION_ID": disposition,
        "DIALED_AT": f"2026-03-02 0{hour}:00:00",
        "UPDATED_AT": f"2026-03-02 0{hour}:30:00",
    }


@settings(max_examples=examples(3))
@given(first=CALLS, then=CALLS)
def test_later_files_touch_the_targets_of_their_own_organization(
    tmp_path_factory: pytest.TempPathFactory, first: list[Any], then: list[Any]
) -> None:
    """Calls that change their target, or name nobody, in any organization: built step by step or whole, it is the same.

    Both are also what one run over both files gives.
    """
    one, other = (Landed(tmp_path_factory.mktemp("landed")) for _ in range(2))
    files = {
        "outreach/calls/1.jsonl": [call_row(call) for call in first],
        "outreach/calls/2.jsonl": [call_row(call) for call in then],
    }
    for name, rows in files.items():
        one.put({name: rows})
        one.build()
    stepwise = one.rows()
    for model in CHAIN:
        build_whole(one.con, model)
    assert one.rows() == stepwise
    other.put(files)
    other.build()
    assert other.rows() == stepwise
    one.con.close()
    other.con.close()


def test_one_more_call_builds_its_organizations_target_alone(landed: Landed) -> None:
    landed.put(
        {
            "outreach/calls/1.jsonl": [
                call_row(((bento, "7"), 1, prospect, 6, 1))
                for bento, prospect in (("app1", 5), ("app2", 5), ("app3", None))
            ]
        }
    )
    landed.build()
    landed.put({"outreach/calls/2.jsonl": [call_row((("app2", "7"), 2, 5, 1, 3))]})
    landed.build()
    assert fetch(
        landed.con, "SELECT target_key, attempt_number FROM scratch.added_core_attempts ORDER BY ALL"
    ) == [
        {"target_key": "outreach:app2.7.5", "attempt_number": 1},
        {"target_key": "outreach:app2.7.5", "attempt_number": 2},
    ]
    # One call more that names nobody is a target of its own, and no other call of its id is built.
    landed.put({"outreach/calls/2b.jsonl": [call_row((("app1", "7"), 9, None, 1, 3))]})
    landed.put({"outreach/calls/2c.jsonl": [call_row((("app2", "7"), 9, None, 1, 3))]})
    landed.build()
    landed.put({"outreach/calls/2d.jsonl": [call_row((("app1", "7"), 9, None, 6, 4))]})
    landed.build()
    assert fetch(landed.con, "SELECT target_key, disposition FROM scratch.added_core_attempts") == [
        {"target_key": "outreach:calls:app1.7.9", "disposition": "no_contact"}
    ]
    # A call that named nobody names somebody now: the target that it was of its own is gone.
    landed.put({"outreach/calls/3.jsonl": [call_row((("app3", "7"), 1, 5, 6, 4))]})
    landed.build()
    assert [row[0] for row in landed.attempts("target_key")] == [
        "outreach:app1.7.5",
        "outreach:calls:app1.7.9",
        "outreach:app2.7.5",
        "outreach:app2.7.5",
        "outreach:calls:app2.7.9",
        "outreach:app3.7.5",
    ]


def test_the_published_calls_follow_a_change_in_one_organization(tmp_path: Path) -> None:
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    targets = "SELECT target_key FROM core.attempts WHERE attempt_key LIKE '%.41'"
    # Enough other calls that the published table is not written anew for one.
    others = [call_row((("app9", "9"), number, 5, 6, 1)) for number in range(100, 900)]
    folder = Landed(tmp_path, {**TWO_ORGANIZATIONS, "outreach/calls/others.jsonl": others})
    refresh(settings, "one")
    later = call_row((("app2", "8"), 41, 13, 1, 9)) | {"UPDATED_AT": "2026-10-22 09:00:00"}
    folder.put({"outreach/calls/later.jsonl": [later]})
    folder.con.close()
    refresh(settings, "two")
    with duckdb.connect(settings.published_path, read_only=True) as con:
        assert con.sql(
            "SELECT bento, o_id, id, prospect_id FROM raw.outreach_calls WHERE id = 41 ORDER BY ALL"
        ).fetchall() == [
            ("app1", "7", 41, 900),
            ("app2", "8", 41, 13),
        ]  # fmt: skip
        assert con.sql(f"{targets} ORDER BY ALL").fetchall() == [
            ("outreach:app1.7.900",),
            ("outreach:app2.8.13",),
        ]
    # A row that is marked as deleted where it stands: no row of the new file is left to tell of it.
    gone = {"BENTO": "app1", "O_ID": "7", "ID": 41, "_sdc_deleted_at": "2026-10-23T00:00:00Z"}
    (settings.landing / "outreach/calls/gone.jsonl").write_text(json.dumps(gone), encoding="utf-8")
    refresh(settings, "three")
    with duckdb.connect(settings.published_path, read_only=True) as con:
        deleted = con.sql("SELECT o_id FROM raw.outreach_calls WHERE _deleted_at IS NOT NULL")
        assert deleted.fetchall() == [("7",)]
        assert con.sql(targets).fetchall() == [("outreach:app2.8.13",)]
