"""Nothing is built that need not be, and what is built for some keys alone is what building everything gives."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.incremental import Builder, build_whole
from pipelines.models.sql_files import Model, load_models, read_model
from tests.support import examples, fetch, file_arrives, ledger

CALLS = """\
-- One row per call, with its place among the target's calls.
-- Key: call
-- Incremental: target from raw.action_builder_contact_attempts
SELECT
    id AS call, -- the call
    entity_id AS target, -- who was called
    row_number() OVER (PARTITION BY entity_id ORDER BY created_at, id) AS place -- 1..
FROM raw.action_builder_contact_attempts
"""
TARGETS = """\
-- One row per target.
-- Key: target
-- Incremental: target from core._calls
SELECT
    c.target, -- who was called
    max(n.name) AS name, -- their name
    max(c.place) AS calls -- how many
FROM core._calls AS c LEFT JOIN raw.action_builder_campaigns AS n ON n.id = c.target
GROUP BY c.target
"""
CLOCK = """\
-- One row: the moment that the tables speak of.
-- Key: moment
SELECT max(created_at) AS moment -- the latest call
FROM raw.action_builder_contact_attempts
"""
STANDINGS = """\
-- One row per target, as of the moment.
-- Key: target
-- Incremental: target
SELECT
    targets.target, -- who was called
    clock.moment, -- the moment [constant]
    targets.calls > second(clock.moment) AS is_busy -- called more often than the moment's second
FROM core._targets AS targets CROSS JOIN core._clock AS clock
"""
BUSY = """\
-- One row per busy target.
-- Key: target
-- Incremental: target from core._standings
SELECT
    target, -- who was called
    is_busy -- that they were called often
FROM core._standings WHERE is_busy
"""
TOTAL = """\
-- One row.
-- Key: calls
SELECT CAST(count(*) AS BIGINT) AS calls -- how many
FROM core._targets
"""
TALLY = """\
-- One row per number of calls and standing: the targets that have it.
-- Key: calls, is_busy
-- Sums: from core._targets, core._standings
SELECT
    targets.calls, -- how many calls
    standings.is_busy, -- whether that is many
    CAST(count(*) AS BIGINT) AS targets, -- how many targets
    CAST(sum(targets.calls * targets.calls) AS BIGINT) AS squares -- sum of calls * calls
FROM core._targets AS targets INNER JOIN core._standings AS standings ON standings.target IS NOT DISTINCT FROM targets.target
GROUP BY targets.calls, standings.is_busy
"""


MODELS = {
    "calls": CALLS,
    "targets": TARGETS,
    "clock": CLOCK,
    "standings": STANDINGS,
    "busy": BUSY,
    "total": TOTAL,
    "tally": TALLY,
}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    folder = tmp_path_factory.mktemp("sql")
    (folder / "core").mkdir()
    for name, text in MODELS.items():
        (folder / "core" / f"_{name}.sql").write_text(text, encoding="utf-8")
    loaded = load_models(folder, sources=())
    return [loaded[f"core._{name}"] for name in MODELS]


def arrive(con: duckdb.DuckDBPyConnection, file: int, calls: list[tuple[int, int | None]]) -> None:
    """A file brings these calls' latest versions: (id, target)."""
    with file_arrives(con, "action_builder_contact_attempts", file):
        for number, (call, target) in enumerate(calls):
            con.execute("DELETE FROM raw.action_builder_contact_attempts WHERE id = ?", [call])
            con.execute(
                "INSERT INTO raw.action_builder_contact_attempts (id, entity_id, created_at, _file_id) "
                "VALUES (?, ?, TIMESTAMP '2026-01-01' + to_seconds(?), ?)",
                [call, target, number % 3, file],
            )


def build(con: duckdb.DuckDBPyConnection, chain: list[Model]) -> dict[str, str]:
    builder = Builder(con, {model.table: model for model in chain})
    return {model.name.removeprefix("_"): builder.build(model) for model in chain}


def contents(con: duckdb.DuckDBPyConnection, chain: list[Model]) -> list[list[dict[str, object]]]:
    return [fetch(con, f"SELECT * FROM {model.table} ORDER BY ALL") for model in chain]


def test_what_has_not_changed_is_not_built_and_what_has_is_built_for_its_keys(chain: list[Model]) -> None:
    con = ledger()
    arrive(con, 1, [(1, 10), (2, 10), (3, 20)])
    assert set(build(con, chain).values()) == {"whole"}
    assert set(build(con, chain).values()) == {"unchanged"}
    arrive(con, 2, [(4, 10)])
    assert build(con, chain) == {
        "calls": "changed keys",
        "targets": "changed keys",
        "clock": "whole",
        "standings": "compared",
        "busy": "changed keys",
        "total": "whole",
        "tally": "changed keys",
    }
    assert fetch(con, "FROM core._targets ORDER BY target") == [
        {"target": 10, "name": None, "calls": 3},
        {"target": 20, "name": None, "calls": 1},
    ]
    con.execute("INSERT INTO raw.action_builder_campaigns (id, name, _file_id) VALUES (20, 'north', 3)")
    assert build(con, chain) == {
        "calls": "unchanged",
        "targets": "compared",
        "clock": "unchanged",
        "standings": "compared",
        "busy": "unchanged",
        "total": "whole",
        "tally": "changed keys",
    }
    assert fetch(con, "FROM core._tally ORDER BY calls") == [
        {"calls": 1, "is_busy": False, "targets": 1, "squares": 1},
        {"calls": 3, "is_busy": True, "targets": 1, "squares": 9},
    ]
    assert fetch(con, "SELECT name FROM core._targets ORDER BY target") == [{"name": None}, {"name": "north"}]


def test_where_only_the_clock_moved_on_only_who_stands_differently_has_changed(chain: list[Model]) -> None:
    """Ten targets with one call each in second 0; then a call of another in second 1: nobody's one call is more than 1."""
    con = ledger()
    arrive(con, 1, [(n, n) for n in range(0, 60, 3)])  # `arrive` times calls by their place: 0, 1, 2, 0, …
    con.execute("UPDATE raw.action_builder_contact_attempts SET created_at = TIMESTAMP '2026-01-01'")
    build(con, chain)
    before = fetch(con, "FROM core._standings ORDER BY target")
    assert all(row["is_busy"] for row in before)
    con.execute(
        "INSERT INTO raw.action_builder_contact_attempts (id, entity_id, created_at, _file_id) VALUES "
        "(100, 100, TIMESTAMP '2026-01-01 00:01:00', 2)"
    )
    build(con, chain)
    keys = "SELECT key FROM scratch.changed_core__standings"
    assert fetch(con, keys) == [{"key": 100}]
    assert {row["moment"] for row in fetch(con, "FROM core._standings")} == {datetime(2026, 1, 1, 0, 1)}
    con.execute(
        "UPDATE raw.action_builder_contact_attempts SET created_at = '2026-01-01 00:01:01', _file_id = 3 WHERE id = 100"
    )
    build(con, chain)
    assert len(fetch(con, keys)) == 21
    assert fetch(con, "FROM core._busy") == []


def test_a_changed_select_builds_everything_of_it(chain: list[Model], tmp_path: Path) -> None:
    con = ledger()
    arrive(con, 1, [(1, 10)])
    build(con, chain)
    path = tmp_path / "core" / "_total.sql"
    path.parent.mkdir()
    path.write_text(TOTAL.replace("count(*)", "count(*) + 1"), encoding="utf-8")
    assert Builder(con).build(read_model(path, tmp_path)) == "whole"
    assert fetch(con, "FROM core._total") == [{"calls": 2}]


def test_a_build_whose_upstream_was_built_in_another_run_is_of_everything(chain: list[Model]) -> None:
    con = ledger()
    arrive(con, 1, [(1, 10), (2, 20)])
    build(con, chain)
    arrive(con, 2, [(3, 10)])
    build(con, chain[:1])
    con.execute("DROP TABLE scratch.changes")  # what another run knew is gone
    rest = {
        model.name.removeprefix("_"): Builder(con, {one.table: one for one in chain}).build(model)
        for model in chain[1:]
    }
    assert (rest["targets"], rest["total"]) == ("compared", "whole")
    assert fetch(con, "SELECT target, calls FROM core._targets ORDER BY target") == [
        {"target": 10, "calls": 2},
        {"target": 20, "calls": 1},
    ]


calls_of_a_file = st.lists(
    st.tuples(st.integers(1, 12), st.one_of(st.none(), st.integers(1, 4))),
    max_size=6,
    unique_by=lambda call: call[0],
)


@settings(max_examples=examples(20))
@given(files=st.lists(calls_of_a_file, min_size=1, max_size=5))
def test_building_for_changed_keys_gives_what_building_everything_gives(
    chain: list[Model], files: list[list[tuple[int, int | None]]]
) -> None:
    con = ledger()
    for number, calls in enumerate(files, start=1):
        arrive(con, number, calls)
        build(con, chain)
        stepwise = contents(con, chain)
        for model in chain:
            build_whole(con, model)
        assert stepwise == contents(con, chain)
