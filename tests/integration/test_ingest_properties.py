"""Properties of ingest: every shape the same, every order and split of the files the same, and the law always."""

from __future__ import annotations

import json
import random
import string
import tempfile
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.values import NULL_WORDS
from pipelines.sources import RESOURCE, Field
from tests.landing_folder import Landing, Row, array, lines, page, shapes_of, to_csv
from tests.support import examples

RESOURCES = [
    "action_builder.contact_attempts",
    "action_builder.actions",
    "voipbin.campaigncalls",
    "voipbin.outdialtargets",
    "voipbin.outplans",
    "voipbin.campaigns",
    "outreach.calls",
    "outreach.sequences",
]

# Not what a file cannot carry (lone surrogates) or only some can (an empty text and a word for null are null in CSV).
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12
).filter(lambda text: text not in NULL_WORDS)
TIME = st.one_of(
    st.datetimes(min_value=datetime(1000, 1, 1)).flatmap(
        lambda t: st.sampled_from(
            [
                t.isoformat(" "),
                t.isoformat("T") + "Z",
                t.isoformat() + "+02:00",
                t.isoformat(" ", "seconds"),
                t.date().isoformat(),
            ]
        )
    ).filter(lambda text: not text.startswith("9999")),
    st.just("9999-01-01 00:00:00.000000"),
)  # fmt: skip
ADDRESS = st.fixed_dictionaries(dict.fromkeys(("type", "target", "target_name", "name", "detail"), TEXT))


def value(field: Field) -> st.SearchStrategy[Any]:
    """A value that the field may have."""
    if field.closed:
        chosen: st.SearchStrategy[Any] = st.sampled_from(field.closed)
        if field.kind in ("integer", "bigint"):
            chosen = chosen.map(int)
    else:
        chosen = {
            "integer": st.integers(
                field.minimum or 0, field.maximum if field.maximum is not None else 2**31 - 1
            ),
            "bigint": st.integers(-(2**53), 2**53),
            "uuid": st.uuids().map(str),
            "text": TEXT,
            "timestamp": TIME,
            "boolean": st.booleans(),
            "texts": st.lists(TEXT, max_size=3),
            "address": ADDRESS,
        }[field.kind]
    if field.minimum is None and field.kind == "integer" and not field.closed:
        chosen = st.integers(-(2**31), 2**31 - 1)
    if not field.required:
        return st.none() | chosen
    return chosen.filter(lambda text: not str(text).startswith("9999"))


@st.composite
def records(draw: st.DrawFn, resource: str) -> list[Row]:
    """Up to four good rows of the resource, all with all of its columns."""
    fields = RESOURCE[resource].fields
    return draw(st.lists(st.fixed_dictionaries({f.name: value(f) for f in fields}), min_size=1, max_size=4))


@settings(max_examples=examples(6))
@given(st.data())
def test_every_shape_gives_the_same_table(data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(RESOURCES))
    rows = data.draw(records(resource))
    shapes = shapes_of(resource)
    tables = {}
    for name in (
        "lines.ndjson",
        *data.draw(st.lists(st.sampled_from(sorted(shapes)), min_size=2, max_size=4)),
    ):
        with tempfile.TemporaryDirectory() as folder:
            landing = Landing(Path(folder), resource)
            landing.put(name, shapes[name](rows))
            landing.run()
            landing.law()
            assert landing.rejected() == [], name
            tables[name] = landing.rows()
    for name, table in tables.items():
        assert table == tables["lines.ndjson"], name


def version(key: int, chance: random.Random) -> Row:
    """A version of one of a few calls, with many ties."""
    row: Row = {
        "id": str(uuid.UUID(int=key + 1)),
        "status": chance.choice(["dialing", "progressing", "done"]),
        "destination_index": chance.randrange(2),
        "try_count": 1,
        "tm_create": "2026-02-01",
        "tm_update": chance.choice([None, "2026-02-01", "2026-02-02", "2026-02-03"]),
        "result": chance.choice([None, "fail"]),
    }
    if chance.random() < 0.2:
        row["_ab_cdc_deleted_at"] = chance.choice(["2026-01-01", "2026-02-02", "2026-02-09"])
        if chance.random() < 0.5:
            row = {name: row[name] for name in ("id", "_ab_cdc_deleted_at")}
    return row


@settings(max_examples=examples(6))
@given(st.integers(0, 2**32), st.sampled_from(["voipbin.campaigncalls", "voipbin.outplans"]))
def test_any_split_and_order_of_the_files_gives_the_same_table(seed: int, resource: str) -> None:
    chance = random.Random(seed)
    versions = [version(chance.randrange(4), chance) for _ in range(chance.randrange(1, 16))]
    if resource == "voipbin.outplans":
        names = {
            "try_count": "dial_timeout",
            "destination_index": "try_interval",
            "result": None,
            "status": None,
        }
        versions = [
            {name: v for k, v in row.items() if (name := names.get(k, k)) is not None} for row in versions
        ]
    with tempfile.TemporaryDirectory() as folder:
        whole = Landing(Path(folder) / "whole", resource)
        whole.put("all.ndjson", lines(versions))
        whole.run()
        whole.law()
        chance.shuffle(versions)
        parts = Landing(Path(folder) / "parts", resource)
        parts.large = chance.random() < 0.3
        number = 0
        while versions:
            size = chance.randrange(1, 5)
            piece, versions = versions[:size], versions[size:]
            parts.put(f"{chance.random()}-{number}.json", chance.choice([lines, array, page])(piece))
            number += 1
            if chance.random() < 0.5:
                parts.run()
                parts.law()
        parts.run()
        parts.law()
        assert parts.rows() == whole.rows()


@settings(max_examples=examples(3))
@given(st.integers(0, 2**32))
def test_any_order_of_runs_gives_the_same_page_sets(seed: int) -> None:
    chance = random.Random(seed)
    files: dict[str, bytes] = {}
    for contact, listing in [(c, d) for c in (1, 2) for d in (1, 2)]:
        rows = [
            {
                "campaign_name": "C",
                "template_name": chance.choice("AB"),
                "is_active": chance.random() < 0.7,
                "id": chance.choice([None, None, None, 5]),
            }
            for _ in range(chance.randrange(1, 6))
        ]
        for skip in range(0, len(rows), 2):
            listed = {"total": len(rows), "limit": 2, "skip": skip, "data": rows[skip : skip + 2]}
            files[f"contacts/{contact}/day{listing}-{skip}.json"] = json.dumps(listed).encode()
    files["flat.csv"] = to_csv(
        [{"contact_id": 1, "campaign_name": "C", "template_name": "A", "is_active": "false"}] * 2
    )
    with tempfile.TemporaryDirectory() as folder:
        whole = Landing(Path(folder) / "whole", "liondesk.contact_communications")
        for name, content in files.items():
            whole.put(name, content)
        whole.run()
        whole.law()
        parts = Landing(Path(folder) / "parts", "liondesk.contact_communications")
        names = list(files)
        chance.shuffle(names)
        for name in names:
            parts.put(name, files[name])
            if chance.random() < 0.6:
                parts.run()
                parts.law()
        parts.run()
        parts.law()
        assert parts.rows() == whole.rows()
        assert parts.notices("page_total") == whole.notices("page_total") == []


MESS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\r\n", b"null", b"\xff", b"\x00", b'{"id":1}', b'{"result":[',
     b'{"data":[', b'{"type":"RECORD","stream":"calls","record":{"id":3}}', b'{"_airbyte_data":"{\\"id\\":4}"}',
     b'{"id":"5","tags":["a"],"user":[7]}', b'"id":6', b"id,note\n", b"7,x", b"\xef\xbb\xbf", b"\x1f\x8b\x08", b"PAR1",
     b"(\xb5/\xfd", b" "]
)  # fmt: skip


@settings(max_examples=examples(10))
@given(
    st.lists(st.lists(MESS, max_size=14).map(b"".join), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
)
def test_the_accounts_add_up_whatever_lies_there(contents: list[bytes], chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder), "outreach.calls")
        for content in contents:
            name = "".join(chance.choices(string.ascii_lowercase, k=5))
            suffix = chance.choice([".json", ".ndjson", ".csv", ".parquet", ".json.gz", ".csv.zst"])
            landing.put(f"{name}{suffix}", content)
            landing.run()
            landing.law()
        assert landing.run().files_read == 0
