"""A past as-of gives the past's figures: every row counts in the version that was in force then.

Belongs here: versions that are landed, and what the tables make of them as of a moment in the past. Does not belong here:
which version is the latest (``test_ingest_versions``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from pipelines.ingest import ingest
from pipelines.ingest.dispositions import load_dispositions
from pipelines.ingest.files import LandingFolder
from pipelines.models.incremental import Builder, build_whole
from pipelines.models.sql_files import load_models
from pipelines.settings import Settings
from pipelines.sources import RESOURCE, RESOURCES
from pipelines.warehouse.tables import kept_versions, write_settings
from tests.landing_folder import lines
from tests.support import build, examples, fetch, new_warehouse

Row = dict[str, Any]
Version = tuple[datetime, str, Row]
"""When a version was written, the resource as ``<source>/<resource>``, and the row."""

START = datetime(2026, 3, 2, 9)
MINUTE = timedelta(minutes=1)
ADDRESS = {"type": "tel", "target": "+12125550101"}


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def uuid(kind: int, number: int) -> str:
    return f"00000000-0000-4000-8{kind:03x}-{number:012x}"


class Ledger:
    """A landing folder and a warehouse in memory, as of a moment."""

    def __init__(self, folder: Path, as_of: datetime | None) -> None:
        self.landing, self.work = folder / "landing", folder / "work"
        self.landing.mkdir(parents=True)
        self.con = new_warehouse(threads=2)
        self.set(as_of)
        load_dispositions(self.con, self.landing, Settings().mappings)

    def set(self, as_of: datetime | None) -> None:
        write_settings(self.con, Settings(as_of=as_of))

    def land(self, name: str, versions: Sequence[Version]) -> None:
        """Write a file of each resource, and ingest them."""
        by_resource: dict[str, list[Row]] = {}
        for _, resource, row in versions:
            by_resource.setdefault(resource, []).append(row)
        for resource, rows in by_resource.items():
            file = self.landing / resource / f"{name}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(lines([json.loads(json.dumps(row, default=str)) for row in rows]))
        for each in RESOURCES:
            ingest(self.con, each, LandingFolder(self.landing), self.work)

    def build(self) -> None:
        """Build what has changed."""
        models = load_models()
        builder = Builder(self.con, models)
        for model in models.values():
            builder.build(model)

    def build_whole(self) -> None:
        for model in load_models().values():
            build_whole(self.con, model)

    def tables(self) -> dict[str, list[Row]]:
        """The published tables of core, replay and reports, without what tells of the input and not of the moment."""
        of_the_input = {
            "core.as_of": ("latest_at",),
            "core.observed": ("latest_at",),
            "reports.headline": ("files", "rows_read", "rows_accepted", "rows_superseded", "rows_rejected"),
        }
        found = {}
        for table, model in load_models().items():
            if not model.internal and model.schema != "quality":
                left = of_the_input.get(table, ())
                columns = ", ".join(f'"{name}"' for name in model.columns if name not in left)
                found[table] = fetch(self.con, f"SELECT {columns} FROM {table} ORDER BY ALL")
        return found


@contextmanager
def ledger(folder: Path, as_of: datetime | None = None) -> Iterator[Ledger]:
    made = Ledger(folder, as_of)
    try:
        yield made
    finally:
        made.con.close()


# --- by hand -----------------------------------------------------------------------------------------------------


def campaign(
    number: int = 1, *, created: float = 0, updated: float | None = None, **changes: object
) -> Version:
    """A version of a campaign, which dials list 1 by plan 1."""
    written = at(created if updated is None else updated)
    row = {
        "id": uuid(1, number), "name": f"Campaign {number}", "status": "run", "outplan_id": uuid(2, 1),
        "outdial_id": uuid(3, number), "tm_create": at(created), "tm_update": written, "tm_delete": None, **changes,
    }  # fmt: skip
    return written, "voipbin/campaigns", row


def outplan(most: int, *, updated: float = 0) -> Version:
    row = {
        "id": uuid(2, 1), "try_interval": 60_000, "dial_timeout": 30_000, "max_try_count_0": most,
        "tm_create": at(0), "tm_update": at(updated),
    }  # fmt: skip
    return at(updated), "voipbin/outplans", row


def target(
    number: int = 1, *, outdial: int = 1, created: float = 0, updated: float | None = None, **changes: object
) -> Version:
    written = at(created if updated is None else updated)
    row = {
        "id": uuid(4, number), "outdial_id": uuid(3, outdial), "status": "idle", "destination_0": ADDRESS,
        **{f"try_count_{index}": 0 for index in range(5)}, "tm_create": at(created), "tm_update": written,
        "tm_delete": None, **changes,
    }  # fmt: skip
    return written, "voipbin/outdialtargets", row


def call(
    number: int,
    target: int,
    began: float,
    ended: float | None,
    result: str | None = None,
    *,
    campaign: int = 1,
    tries: int = 1,
) -> Version:
    """A version of a call: dialling, if it has no end."""
    written = at(began if ended is None else ended)
    row = {
        "id": uuid(5, number), "campaign_id": uuid(1, campaign), "outplan_id": uuid(2, 1), "outdial_id": uuid(3, campaign),
        "outdial_target_id": uuid(4, target), "reference_type": "call", "status": "dialing" if ended is None else "done",
        "result": result, "destination": ADDRESS, "destination_index": 0, "try_count": tries, "tm_create": at(began),
        "tm_update": written,
    }  # fmt: skip
    return written, "voipbin/campaigncalls", row


def as_of(folder: Path, moment: float, versions: Sequence[Version], query: str) -> list[tuple[Any, ...]]:
    with ledger(folder / f"{moment}", at(moment)) as made:
        made.land("all", versions)
        build(made.con, *re.findall(r"FROM (\w+\.\w+)", query))
        return made.con.sql(query).fetchall()


OUTCOMES = "SELECT outcome, tries_left FROM replay.target_outcomes ORDER BY outdial_target_id"


def test_a_campaign_that_stopped_later_still_runs(tmp_path: Path) -> None:
    log = [
        campaign(), outplan(3), target(), call(1, 1, 5, 6, "fail"), campaign(updated=20, status="stop"),
        campaign(updated=40, status="run", name="Again"),
    ]  # fmt: skip
    assert as_of(tmp_path, 10, log, OUTCOMES) == [("retry_due", 2)]
    assert as_of(tmp_path, 20, log, OUTCOMES) == [("stranded", 2)]
    assert as_of(tmp_path, 39, log, OUTCOMES) == [("stranded", 2)]
    assert as_of(tmp_path, 40, log, OUTCOMES) == [("retry_due", 2)]
    names = "SELECT campaign_name FROM core.campaigns"
    assert as_of(tmp_path / "names", 39, log, names) == [("Campaign 1",)]
    assert as_of(tmp_path / "names", 40, log, names) == [("Again",)]


def test_what_was_created_later_has_no_row(tmp_path: Path) -> None:
    log = [
        campaign(), outplan(3), target(), call(1, 1, 5, 6, "fail"),
        campaign(2, created=30), target(2, created=30, outdial=2), target(3, created=30),
    ]  # fmt: skip
    campaigns = "SELECT campaign_name, targets FROM reports.campaign_contact_rates ORDER BY ALL"
    assert as_of(tmp_path / "a", 10, log, campaigns) == [("Campaign 1", 1)]
    assert as_of(tmp_path / "a", 30, log, campaigns) == [("Campaign 1", 2), ("Campaign 2", 1)]
    listed = "SELECT campaign_name FROM core.campaigns ORDER BY ALL"
    assert as_of(tmp_path / "b", 29, log, listed) == [("Campaign 1",)]
    assert as_of(tmp_path / "b", 30, log, listed) == [("Campaign 1",), ("Campaign 2",)]


def test_budgets_and_deletions_are_those_of_the_time(tmp_path: Path) -> None:
    log = [
        campaign(), outplan(1), outplan(3, updated=20), target(), call(1, 1, 5, 6, "fail"),
        target(updated=30, status="idle", try_count_0=1, tm_delete=at(30)),
    ]  # fmt: skip
    query = "SELECT outcome, tries_left, deleted_at FROM replay.target_outcomes"
    assert as_of(tmp_path, 10, log, query) == [("exhausted", None, None)]
    assert as_of(tmp_path, 25, log, query) == [("retry_due", 2, None)]
    assert as_of(tmp_path, 31, log, query) == [("retry_due", 2, at(30))]


def test_a_target_that_moved_to_another_list_is_on_its_list_of_the_time(tmp_path: Path) -> None:
    log = [campaign(), campaign(2), outplan(3), target(), target(2, outdial=2), target(updated=20, outdial=2)]
    query = "SELECT campaign_name, targets FROM reports.inventory WHERE campaign_key <> 'all' ORDER BY ALL"
    assert as_of(tmp_path, 10, log, query) == [("Campaign 1", 1), ("Campaign 2", 1)]
    assert as_of(tmp_path, 20, log, query) == [("Campaign 2", 2)]


def test_the_first_version_that_is_known_stands_for_those_before_it(tmp_path: Path) -> None:
    """A source that keeps no earlier version cannot give one."""
    log = [campaign(updated=20, status="stop"), outplan(3), target(), call(1, 1, 5, 6, "fail")]
    assert as_of(tmp_path, 10, log, OUTCOMES) == [("stranded", 2)]


# --- versions as they are kept -----------------------------------------------------------------------------------


def held(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    table = kept_versions(RESOURCE["voipbin.campaigns"])
    return con.sql(f"SELECT name, _kind, _since, _until, _deleted_at FROM {table} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_arrival_does_not_matter(tmp_path: Path, seed: int) -> None:
    """Five versions, one of them twice, one without a time, and a deletion between two of them."""
    names = [(None, "none"), (10, "a"), (20, "b"), (20, "b"), (30, "c"), (40, "d")]
    log: list[Version] = [campaign(updated=when or 0, name=name) for when, name in names]
    log[0][2]["tm_update"] = None
    gone = {"id": uuid(1, 1), "_sdc_deleted_at": at(25)}
    log.append((at(25), "voipbin/campaigns", gone))
    chance = Random(seed)
    chance.shuffle(log)
    first, never = datetime(1, 1, 1), None
    with ledger(tmp_path) as made:
        while log:
            some = chance.randint(1, len(log))
            made.land(f"{len(log)}", log[:some])
            log = log[some:]
        assert held(made.con) == [
            ("a", "version", at(10), at(20), never),
            ("b", "version", at(20), at(30), at(25)),
            ("c", "version", at(30), at(40), never),
            ("none", "version", first, at(10), never),
            (None, "deletion", None, None, at(25)),
        ]
        assert made.con.sql("SELECT name FROM raw.voipbin_campaigns").fetchall() == [("d",)]


def test_the_same_version_again_is_kept_once(tmp_path: Path) -> None:
    with ledger(tmp_path) as made:
        for number in range(3):
            made.land(f"{number}", [campaign()])
        assert held(made.con) == []


# --- the law -----------------------------------------------------------------------------------------------------


def history(chance: Random) -> list[Version]:
    """Everything that four systems wrote in two hours, version by version."""
    found: list[Version] = [outplan(chance.randint(1, 3))]
    if chance.random() < 0.7:
        found.append(outplan(chance.randint(1, 4), updated=chance.randint(1, 100)))
    for number in (1, 2, 3):
        created = 0 if number == 1 else chance.randint(0, 90)
        found.append(campaign(number, created=created))
        for _ in range(chance.randint(0, 3)):
            when = chance.randint(created + 1, 120)
            changes: Row = {
                "status": chance.choice(["run", "stop", "stopping"]),
                "name": f"Renamed at {when}",
            }
            changes["outdial_id"] = uuid(3, chance.choice([number, 1]))
            changes["tm_delete"] = at(when) if chance.random() < 0.2 else None
            found.append(campaign(number, created=created, updated=when, **changes))
    calls = 0
    for number in range(1, 9):
        outdial, clock = chance.randint(1, 3), chance.uniform(0, 60)
        found.append(target(number, outdial=outdial, created=clock))
        listed = clock
        for tries in range(1, chance.randint(0, 3) + 1):
            calls += 1
            began = clock + chance.uniform(0.05, 15)
            clock = began + chance.uniform(0.05, 8)
            result = chance.choice(["success", "fail", "fail"])
            by = chance.choice([outdial, 1])
            found += [call(calls, number, began, None, campaign=by, tries=tries)]
            moved = target(
                number,
                outdial=outdial,
                created=listed,
                updated=began,
                status="progressing",
                try_count_0=tries,
            )
            found.append(moved)
            if chance.random() < 0.1:
                break
            found.append(call(calls, number, began, clock, result, campaign=by, tries=tries))
            status = "done" if result == "success" else "idle"
            found.append(
                target(
                    number,
                    outdial=outdial,
                    created=listed,
                    updated=clock + 0.01,
                    status=status,
                    try_count_0=tries,
                )
            )
        if chance.random() < 0.2:
            gone = clock + 5
            found.append(target(number, outdial=outdial, created=listed, updated=gone, tm_delete=at(gone)))
    for number in range(1, 10):
        found += _canvass(chance, number)
        found += _called(chance, number)
        found += _sent(chance, number)
    for number in (1, 2):
        created = chance.randint(0, 60)
        for when in (created, created + chance.randint(1, 60)):
            times = {"created_at": at(created), "updated_at": at(when)}
            found.append(
                (at(when), "action_builder/campaigns", {"id": number, "name": f"Doors {when}", **times})
            )
            found.append(
                (at(when), "outreach/sequences", {"id": number, "name": f"Sequence {when}", **times})
            )
    for when, name in ((0, "Answered - Happy"), (chance.randint(1, 100), "No Answer - Busy")):
        row = {"id": 1, "name": name, "created_at": at(0), "updated_at": at(when)}
        found.append((at(when), "outreach/call_dispositions", row))
    return found


def _canvass(chance: Random, number: int) -> Iterator[Version]:
    """An attempt at a door, whose result is corrected later."""
    created = chance.uniform(0, 110)
    for when in (created, created + chance.uniform(0.1, 30))[: chance.randint(1, 2)]:
        row = {
            "id": number, "entity_id": chance.randint(1, 4), "campaign_id": chance.randint(1, 2),
            "contact_info_type": "Address", "disposition": chance.randint(0, 4), "created_by_id": 7,
            "created_at": at(created), "updated_at": at(when),
        }  # fmt: skip
        yield at(when), "action_builder/contact_attempts", row


def _called(chance: Random, number: int) -> Iterator[Version]:
    """A call that gets its disposition later: as a whole row, or as an event that carries what changed. Some go."""
    dialed = chance.uniform(0, 100)
    row: Row = {
        "id": number, "direction": "outbound", "outcome": chance.choice([None, "Not Answered"]), "dialed_at": at(dialed),
        "created_at": at(dialed), "updated_at": at(dialed), "prospect_id": 900 + number % 4,
        "sequence_id": chance.choice([1, 2, None]), "user_id": 7,
    }  # fmt: skip
    yield at(dialed), "outreach/calls", row
    when = dialed
    for _ in range(chance.randint(0, 3)):
        when += chance.uniform(0.1, 20)
        change: Row = {
            "updated_at": at(when),
            "outcome": chance.choice(["Answered", "Not Answered", "Odd", None]),
        }
        change["call_disposition_id"] = chance.choice([1, None])
        row = row | change
        if number % 2:
            yield at(when), "outreach/calls", row
        else:
            attributes = {"outcome": change["outcome"], "updatedAt": at(when)}
            relation = {"id": 1, "type": "callDisposition"} if change["call_disposition_id"] else None
            data = {
                "type": "call", "id": number, "attributes": attributes,
                "relationships": {"callDisposition": {"data": relation}},
            }  # fmt: skip
            yield (
                at(when),
                "outreach/calls",
                {"data": data, "meta": {"eventName": "call.updated", "deliveredAt": at(when)}},
            )
    if chance.random() < 0.3:
        when += 3
        if number % 2:
            yield at(when), "outreach/calls", row | {"_sdc_deleted_at": at(when)}
        else:
            gone = {"type": "call", "id": number, "attributes": {"updatedAt": at(when)}}
            yield (
                at(when),
                "outreach/calls",
                {"data": gone, "meta": {"eventName": "call.destroyed", "deliveredAt": at(when)}},
            )


def _sent(chance: Random, number: int) -> Iterator[Version]:
    """A communication, which has no version: it is there from the start, and completed at a time, or not."""
    row = {
        "id": number, "contact_id": 40 + number, "campaign_name": "Drip", "type": "Text Contact", "is_active": True,
        "send_at": at(chance.uniform(0, 150)), "send_from_user_id": 4, "completed_at": None,
    }  # fmt: skip
    yield at(-60), "liondesk/contact_communications", row
    if chance.random() < 0.6:
        when = chance.uniform(0, 120)
        by = chance.choice([None, 5])
        done = row | {"is_active": False, "completed_at": at(when), "completing_user_id": by}
        yield at(when), "liondesk/contact_communications", done


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(examples(2)))
def test_a_past_moment_is_the_log_cut_there(tmp_path: Path, seed: int) -> None:
    """As of a moment, the whole log gives what the log gives that was written until then.

    The whole log comes in three files, in any order, and every table is brought up to date after each. In between as-of
    is set elsewhere.
    """
    chance = Random(seed)
    log = history(chance)
    moments = [chance.choice(log)[0], at(chance.uniform(5, 115))]
    with ledger(tmp_path / "whole") as whole:
        shuffled = sorted(log, key=lambda _: chance.random())
        third = len(log) // 3
        for number, part in enumerate((shuffled[:third], shuffled[third : 2 * third], shuffled[2 * third :])):
            whole.set(None if number == 1 else moments[0])
            whole.land(f"part{number}", part)
            whole.build()
        for moment in moments:
            whole.set(moment)
            whole.build()
            found = whole.tables()
            with ledger(tmp_path / f"cut{moment:%H%M%S%f}", moment) as cut:
                cut.land("all", [version for version in log if version[0] <= moment])
                cut.build_whole()
                expected = cut.tables()
            assert found.keys() == expected.keys()
            for table, rows in expected.items():
                assert found[table] == rows, (table, moment)
