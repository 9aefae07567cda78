"""Hundreds of broken files: never a crash, never a changed good row, and the accounts always add up.

``INGEST_FUZZ`` (a number) makes it so many times longer, with other seeds and three times as many files of each shape.
"""

from __future__ import annotations

import json
import os
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.landing_folder import CONTAINERS, Landing, Row, Writer, shapes_of
from tests.support import fetch

ROUNDS = int(os.environ.get("INGEST_FUZZ", "1"))
FILES = 20 if ROUNDS == 1 else 60
"""Mutated files of one shape, ingested together; each has rows of its own.."""
ROWS = 6
RESOURCES = ("voipbin.campaigncalls", "outreach.calls")
CASES = list(
    dict.fromkeys(
        [
            *[(resource, shape) for resource in RESOURCES for shape in shapes_of(resource)][::3],
            *(
                ("voipbin.campaigncalls", shape)
                for shape in (
                    "lines.ndjson", "page.json", "pretty.json", "table.csv", "lines.json.zst", "table.parquet",
                )
            ),
            *(("outreach.calls", shape) for shape in ("jsonapi.json", "airbyte.jsonl", "underscores.csv")),
        ]
    )
)  # fmt: skip


LOADED_BY_A_GLANCE = "named_wrongly.csv"
"""The one shape whose files (lines, in truth) are taken for large ones, each read alone."""


def rows_of(resource: str, file: int) -> list[Row]:
    """Good rows, the key first, with keys that no flipped bit turns into another's."""
    chance = random.Random(file)
    if resource == "outreach.calls":
        return [
            {
                "id": chance.randrange(10**15, 10**16),
                "created_at": f"2026-02-01T10:{file % 60:02}:{i:02}Z",
                "direction": "outbound",
                "note": f'note {i}, "quoted"; it\'s {"long " * i}',
                "tags": ["a", "b"],
                "should_record_call": True,
                "user_id": i,
            }
            for i in range(ROWS)
        ]
    return [
        {
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "outdial_target_id": str(uuid.UUID(int=chance.getrandbits(128))),
            "status": "done",
            "result": "fail",
            "destination": {
                "type": "tel",
                "target": f"+155501001{i:02}",
                "target_name": "",
                "name": "x",
                "detail": "=",
            },
            "destination_index": i % 5,
            "try_count": i + 1,
            "tm_create": f"2026-02-01 10:{file % 60:02}:{i:02}.500000",
            "tm_update": f"2026-02-01 11:{file % 60:02}:{i:02}",
        }
        for i in range(ROWS)
    ]


@dataclass(frozen=True)
class Mutation:
    """What was done to a file's bytes, and from where to where they are no longer the original's."""

    content: bytes
    start: int
    end: int


def truncate(data: bytes, chance: random.Random) -> Mutation:
    at = chance.choice(
        [match.start() for match in re.finditer(rb'[\[\]{}":,\n\r]', data)] or [len(data) // 2]
    )
    return Mutation(data[:at], at, len(data))


def flip(data: bytes, chance: random.Random) -> Mutation:
    at = chance.randrange(len(data))
    changed = bytes([data[at] ^ (1 << chance.randrange(8))])
    return Mutation(data[:at] + changed + data[at + 1 :], at, at + 1)


def scribble(data: bytes, chance: random.Random) -> Mutation:
    at, length = chance.randrange(len(data)), chance.randrange(1, 40)
    junk = bytes(chance.choice(b'{}[]",:\n\r\x00\xff 0nt\\') for _ in range(length))
    return Mutation(data[:at] + junk + data[at + length :], at, at + length)


def swap_types(data: bytes, chance: random.Random) -> Mutation:
    """Another kind of value in the place of one that follows a colon or a comma."""
    places = list(re.finditer(rb'(?<=[:,])\s*("(?:[^"\\\n]|\\.)*"|[\w.+-]+)(?=[,}\]\n])', data))
    if not places:
        return flip(data, chance)
    place = chance.choice(places)
    other = chance.choice(
        [b"null", b"1", b"-1", b"1.5", b"true", b'"x"', b"[]", b"{}", b"[1]", b'{"a":1}', b'""', b"1e400"]
    )
    return Mutation(data[: place.start(1)] + other + data[place.end(1) :], place.start(), place.end())


def duplicate(data: bytes, chance: random.Random) -> Mutation:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 400)]
    return Mutation(data[:start] + piece + data[start:], start, start + 1)


def reorder(data: bytes, chance: random.Random) -> Mutation:
    pieces = data.split(b"\n")
    chance.shuffle(pieces)
    return Mutation(b"\n".join(pieces), 0, len(data))


def drop(data: bytes, chance: random.Random) -> Mutation:
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.randrange(1, 200))
    return Mutation(data[:start] + data[end:], start, end)


MUTATIONS: tuple[Callable[[bytes, random.Random], Mutation], ...] = (
    truncate, flip, scribble, swap_types, duplicate, reorder, drop,
)  # fmt: skip


def untouched(data: bytes, rows: list[Row], mutation: Mutation) -> set[str]:
    """Keys of rows that stand, with all of their bytes, before the mutation."""
    keys = [str(row["id"]) for row in rows]
    starts = [data.find(key.encode()) for key in keys]
    if -1 in starts:  # packed
        return set()
    ends = [*starts[1:], len(data)]
    return {key for key, end in zip(keys, ends, strict=True) if end <= mutation.start - 150}


def test_the_mutations_are_hundreds() -> None:
    assert len(CASES) * FILES >= 500


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize(("resource", "shape"), CASES)
def test_broken_files(tmp_path: Path, resource: str, shape: str, seed: int) -> None:
    write: Writer = shapes_of(resource)[shape]
    chance = random.Random(f"{resource} {shape} {seed}")
    clean, broken = Landing(tmp_path / "clean", resource), Landing(tmp_path / "broken", resource)
    broken.large = seed % 2 == 1 or shape == LOADED_BY_A_GLANCE
    stem, _, suffix = shape.partition(".")
    mutations = {}
    for file in range(FILES):
        rows = rows_of(resource, file)
        data = write(rows)
        mutation = chance.choice(MUTATIONS)(data, chance)
        name = f"{stem}{file}.{suffix}"
        clean.put(name, data)
        broken.put(name, mutation.content)
        mutations[name] = (data, rows, mutation)
    clean.run()
    assert clean.rejected() == []
    broken.run()
    broken.law()
    good = _by_key(clean)
    found = _by_key(broken)
    packed = shape.endswith((".gz", ".zst")) or "parquet" in shape
    # Packed data has its checksum at its end. Where damage makes it end too early, nothing proves what came before.
    unproven = {
        file.rpartition("/")[2]
        for (file,) in broken.con.sql(
            "SELECT file FROM landing.rejected_rows WHERE reason = 'unreadable'"
        ).fetchall()
    }
    for name, (data, rows, mutation) in mutations.items():
        certain = untouched(data, rows, mutation)
        assert certain <= found.keys() or packed, (name, mutation)
        if packed and name in unproven and not data.startswith(mutation.content):
            continue
        first = data.find(str(rows[0]["id"]).encode())
        for row in rows:
            key = str(row["id"])
            at = data.find(key.encode())
            if key not in found or "parquet" in shape or mutation.content.count(key.encode()) > 1:
                continue
            header_touched = mutation.start < first and "csv" in shape
            own_touched = at < 0 or (mutation.start < at + 1_500 and mutation.end > at - 150)
            if key in certain or not (header_touched or own_touched) or (at < 0 and ".parquet" not in shape):
                assert found[key] == good[key], (
                    f"{name}: {mutation.start}..{mutation.end} of {data[max(0, mutation.start - 200) : mutation.end + 200]!r} → "
                    f"{mutation.content[max(0, mutation.start - 200) : mutation.end + 200]!r}"
                )


UNPROVEN = ("plain.avro", "snappy.avro", "deflate.avro", "table.sqlite")
"""Containers in which no checksum proves all of them: what a flipped bit leaves readable may be another value."""


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("container", CONTAINERS)
def test_broken_containers(tmp_path: Path, container: str, seed: int) -> None:
    """Damage costs rows of its own file alone, changes none, and is told."""
    write = CONTAINERS[container]
    chance = random.Random(f"{container} {seed}")
    clean, broken = (
        Landing(tmp_path / "clean", "voipbin.campaigncalls"),
        Landing(tmp_path / "broken", "voipbin.campaigncalls"),
    )
    stem, _, suffix = container.partition(".")
    original = write(rows_of("voipbin.campaigncalls", FILES))
    mutations = (truncate, flip, scribble, duplicate, drop)
    for file in range(FILES):
        data = (
            write(rows_of("voipbin.campaigncalls", file)) if file % 4 == 0 or suffix != "duckdb" else original
        )
        clean.put(f"{stem}{file}.{suffix}", data)
        broken.put(f"{stem}{file}.{suffix}", chance.choice(mutations)(data, chance).content)
    broken.put(f"{stem}.{suffix}", original)
    clean.put(f"{stem}.{suffix}", original)
    clean.run()
    assert clean.rejected() == []
    broken.run()
    broken.law()
    assert broken.run().files_read == 0
    good, found = _by_key(clean), _by_key(broken)
    assert {str(row["id"]) for row in rows_of("voipbin.campaigncalls", FILES)} <= found.keys()
    if container not in UNPROVEN and not suffix.endswith((".bz2", ".xz", ".gz")):
        assert found.items() <= good.items()
    told = {
        file.split("/")[2] for (file,) in broken.con.sql("SELECT file FROM landing.rejected_rows").fetchall()
    }
    whole = {file.split("/")[2] for (file,) in broken.con.sql("SELECT file FROM landing.files").fetchall()}
    assert told <= whole
    assert len(told) > FILES // 4


def _by_key(landing: Landing) -> dict[str, str]:
    table = f"raw.{landing.resource.table}"
    rows = fetch(landing.con, f"SELECT * EXCLUDE (extra, _file_id) FROM {table}")
    return {str(row["id"]): json.dumps(row, default=str) for row in rows}
