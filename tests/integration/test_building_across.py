"""Tables kept by another key than the tables they read: built for some keys alone, they are what building all gives.

Belongs here: the engine, over a few small tables of its own. Does not belong here: what the project's tables say of people
(tests/sql/test_across_recount.py), and the other ways to build (test_building.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.incremental import Builder, create
from pipelines.models.sql_files import Model, load_models
from tests.support import examples, fetch, file_arrives, ledger

CALLS = """\
-- One row per call, by who was called.
-- Key: call
-- Incremental: target from raw.action_builder_contact_attempts
SELECT
    id AS call, -- the call
    entity_id AS target, -- who was called; null if nobody
    created_by_id AS team, -- the team; null if none
    'c' || CAST(campaign_id AS VARCHAR) AS campaign, -- the campaign; null if none
    row_number() OVER (PARTITION BY entity_id ORDER BY id ASC) AS place -- 1, 2, … of its target
FROM raw.action_builder_contact_attempts
"""
NAMED = """\
-- One row per call, with the name of its campaign. Always compared, as names are read by no key.
-- Key: call
-- Incremental: target
SELECT
    calls.call, -- the call
    calls.target, -- who was called
    calls.team, -- the team
    coalesce(names.name, calls.campaign) AS name -- the campaign's name, else its key
FROM core._calls AS calls LEFT JOIN raw.action_builder_campaigns AS names ON 'c' || CAST(names.id AS VARCHAR) = calls.campaign
"""
TEAMS = """\
-- One row per team, and one for calls without a team.
-- Key: team
-- Incremental: team across core._calls
SELECT
    team, -- the team
    CAST(count(*) AS BIGINT) AS calls, -- how many
    max(place) AS most -- the greatest place of a call
FROM core._calls GROUP BY team
"""
ORDERED = """\
-- One row per call, by campaign.
-- Key: call
-- Incremental: hash(campaign) across core._calls
SELECT
    call, -- the call
    campaign, -- its campaign
    target, -- who was called
    row_number() OVER (PARTITION BY campaign ORDER BY call ASC) AS nth -- 1, 2, … of its campaign
FROM core._calls
"""
CAMPAIGNS = """\
-- One row per campaign: by its own key from one table, across that of another.
-- Key: campaign
-- Incremental: hash(campaign) from core._ordered across core._calls
SELECT
    calls.campaign, -- the campaign
    CAST(count(*) AS BIGINT) AS calls, -- how many
    max(ordered.nth) AS last, -- the last of its calls
    sum(calls.place) AS places -- of its calls
FROM core._calls AS calls INNER JOIN core._ordered AS ordered ON ordered.call = calls.call
GROUP BY calls.campaign
"""
NAMES = """\
-- One row per name of a campaign, across a table that is compared.
-- Key: name
-- Incremental: hash(name) across core._named
SELECT
    name, -- the name
    CAST(count(*) AS BIGINT) AS calls, -- how many
    CAST(count(DISTINCT target) AS BIGINT) AS targets -- who was called
FROM core._named GROUP BY name
"""
BUSY = """\
-- One row per busy team: from a table that is itself kept across.
-- Key: team
-- Incremental: team from core._teams
SELECT
    team, -- the team
    calls -- how many
FROM core._teams WHERE calls > 1
"""
MODELS = {
    "calls": CALLS,
    "named": NAMED,
    "teams": TEAMS,
    "ordered": ORDERED,
    "campaigns": CAMPAIGNS,
    "names": NAMES,
    "busy": BUSY,
}
ACROSS = ("teams", "ordered", "campaigns")

Call = tuple[int, int | None, int | None, int | None]
"""Id, target, team and campaign."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> list[Model]:
    folder = tmp_path_factory.mktemp("sql")
    (folder / "core").mkdir()
    for name, text in MODELS.items():
        (folder / "core" / f"_{name}.sql").write_text(text, encoding="utf-8")
    loaded = load_models(folder, sources=())
    return [loaded[f"core._{name}"] for name in MODELS]


def arrive(con: duckdb.DuckDBPyConnection, file: int, calls: list[Call]) -> None:
    """A file brings these calls' latest versions."""
    with file_arrives(con, "action_builder_contact_attempts", file):
        for call, target, team, campaign in calls:
            con.execute("DELETE FROM raw.action_builder_contact_attempts WHERE id = ?", [call])
            con.execute(
                "INSERT INTO raw.action_builder_contact_attempts (id, entity_id, created_by_id, campaign_id, created_at, "
                "_file_id) VALUES (?, ?, ?, ?, TIMESTAMP '2026-01-01', ?)",
                [call, target, team, campaign, file],
            )


def rename(con: duckdb.DuckDBPyConnection, file: int, names: Mapping[int, str]) -> None:
    """A file brings the campaigns' latest names."""
    for campaign, name in names.items():
        con.execute("DELETE FROM raw.action_builder_campaigns WHERE id = ?", [campaign])
        con.execute(
            "INSERT INTO raw.action_builder_campaigns (id, name, _file_id) VALUES (?, ?, ?)",
            [campaign, name, file],
        )


def build(con: duckdb.DuckDBPyConnection, chain: list[Model]) -> dict[str, str]:
    builder = Builder(con, {model.table: model for model in chain})
    return {model.name.removeprefix("_"): builder.build(model) for model in chain}


def assert_whole(con: duckdb.DuckDBPyConnection, chain: list[Model]) -> None:
    """Each table is what building it whole from its inputs gives. The tables stay as they are."""
    for model in chain:
        create(con, model, "scratch.whole")
        found, wanted = (fetch(con, f"FROM {table} ORDER BY ALL") for table in (model.table, "scratch.whole"))
        assert found == wanted, model.table


def test_a_call_that_moves_changes_the_key_that_it_leaves_and_the_one_that_it_joins(
    chain: list[Model],
) -> None:
    con = ledger()
    arrive(con, 1, [(n, n, n % 4, n % 3) for n in range(1, 25)])
    assert set(build(con, chain).values()) == {"whole"}
    arrive(con, 2, [(1, 1, 3, 2)])
    extents = build(con, chain)
    assert {extents[name] for name in ACROSS} == {"changed keys"}
    changed = fetch(con, "SELECT key FROM scratch.changed_core__teams ORDER BY key")
    assert [row["key"] for row in changed] == [1, 3]
    assert_whole(con, chain)


def test_a_call_without_a_team_belongs_to_the_key_null(chain: list[Model]) -> None:
    con = ledger()
    arrive(con, 1, [(1, 1, 1, None), (2, 2, None, 1), (3, 3, 2, 1)])
    build(con, chain)
    arrive(con, 2, [(1, 1, None, 1)])
    assert build(con, chain)["teams"] == "changed keys"
    assert fetch(con, "SELECT team, calls FROM core._teams ORDER BY team NULLS FIRST") == [
        {"team": None, "calls": 2},
        {"team": 2, "calls": 1},
    ]
    assert_whole(con, chain)


def test_without_the_rows_that_a_change_removed_everything_is_compared(chain: list[Model]) -> None:
    """What another run has changed, nobody has kept."""
    con = ledger()
    arrive(con, 1, [(n, n, n % 4, n % 3) for n in range(1, 25)])
    build(con, chain)
    arrive(con, 2, [(1, 1, 3, 2)])
    Builder(con, {model.table: model for model in chain}).build(chain[0])
    con.execute("DROP TABLE scratch.changes")
    assert build(con, chain)["teams"] == "compared"
    assert_whole(con, chain)


CALLS_OF_A_FILE = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.none() | st.integers(1, 4),
        st.none() | st.integers(1, 3),
        st.none() | st.integers(1, 3),
    ),
    max_size=5,
    unique_by=lambda call: call[0],
)
NAMES_OF_A_FILE = st.dictionaries(st.integers(1, 3), st.sampled_from(["North", "South", "c1"]), max_size=2)


@settings(max_examples=examples(10))
@given(files=st.lists(st.tuples(CALLS_OF_A_FILE, NAMES_OF_A_FILE), min_size=2, max_size=5))
def test_any_files_give_what_building_everything_gives(
    chain: list[Model], files: list[tuple[list[Call], dict[int, str]]]
) -> None:
    con = ledger()
    for number, (calls, names) in enumerate(files, start=1):
        arrive(con, number, calls)
        rename(con, number, names)
        build(con, chain)
        assert_whole(con, chain)
    con.close()
