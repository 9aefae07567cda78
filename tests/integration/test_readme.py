"""What the README shows works as it stands there: questions to tables, example files, links, settings.

Belongs here: what is read out of README.md and sql/examples.sql. Does not belong here: whether an answer is right
(tests/sql/test_questions.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest import ingest, load_contact_rules, load_dispositions, load_purposes
from pipelines.ingest.files import LandingFolder
from pipelines.models.incremental import build
from pipelines.models.sql_files import SQL_ROOT, Model, load_models
from pipelines.models.table_docs import PAGE, tables_page
from pipelines.refresh import refresh
from pipelines.settings import ROOT, SAMPLE, Settings
from pipelines.sources import RESOURCE
from tests.support import fetch, ledger

README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = load_models()

# ------------------------------------------------------------------------------------------------------ questions

QUESTIONS = [
    *((model.table, model.example[1]) for model in MODELS.values() if model.example is not None),
    ("raw.voipbin_campaigncalls", "SELECT * FROM raw.voipbin_campaigncalls LIMIT 5"),
]
"""Each published table and the query of its question."""

LONGER: list[tuple[str, str, str]] = re.findall(
    r"^-- (\d+)\. (.+)\n([^;]+);$",
    (SQL_ROOT / "examples.sql").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
"""The questions of examples.sql: number, question, query."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a run on the sample publishes."""
    settings = Settings(landing=SAMPLE, output=tmp_path_factory.mktemp("output"))
    refresh(settings, "readme")
    return settings.published_path


def answer(published: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query to the published file that say anything."""
    with duckdb.connect(published, read_only=True) as con:
        return [row for row in con.sql(query).fetchall() if any(value is not None for value in row)]


def test_the_tables_page_is_written_anew() -> None:
    """`make docs` has been run since a SQL file or a contract changed."""
    assert PAGE.read_text(encoding="utf-8") == tables_page(MODELS)


@pytest.mark.parametrize(("table", "query"), QUESTIONS, ids=[table for table, _ in QUESTIONS])
def test_a_tables_question_has_an_answer(published: Path, table: str, query: str) -> None:
    assert table.rstrip("…") in query
    assert answer(published, query)


def test_the_questions_are_numbered() -> None:
    assert [int(number) for number, _, _ in LONGER] == list(range(1, 34))
    assert all(question.endswith("?") for _, question, _ in LONGER)


ASKED = [(name, query) for name, query in QUESTIONS if not name.startswith("raw.")]
ASKED += [(number, query) for number, _, query in LONGER]
"""Every question of a model or of examples.sql."""
EVERY_QUESTION = pytest.mark.parametrize(("name", "query"), ASKED, ids=[name for name, _ in ASKED])


@pytest.fixture(scope="module")
def shuffled(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file with the rows of every table in another order."""
    path = tmp_path_factory.mktemp("shuffled") / "contact_ledger.duckdb"
    with duckdb.connect(path) as con:
        con.execute(f"ATTACH '{published}' AS published (READ_ONLY)")
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'published'"
        ).fetchall()
        for schema, table in tables:
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            con.execute(
                f"CREATE TABLE {schema}.{table} AS SELECT rows.* FROM published.{schema}.{table} AS rows "
                "ORDER BY hash(CAST(rows AS VARCHAR)), CAST(rows AS VARCHAR)"
            )
        con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    return path


@pytest.mark.parametrize("query", [query for _, _, query in LONGER], ids=[number for number, _, _ in LONGER])
def test_each_longer_question_has_an_answer(published: Path, query: str) -> None:
    assert answer(published, query)


@EVERY_QUESTION
def test_an_answer_has_one_order(published: Path, shuffled: Path, name: str, query: str) -> None:
    assert answer(published, query) == answer(shuffled, query), name


@EVERY_QUESTION
def test_an_answer_names_what_it_speaks_of(published: Path, name: str, query: str) -> None:
    """A campaign has its name and its key, and no row for all campaigns beside it; columns have words for names."""
    with duckdb.connect(published, read_only=True) as con:
        relation = con.sql(query)
        columns, rows = relation.columns, relation.fetchall()
    has_key = {"campaign_key", "campaign_id"} & set(columns)
    assert bool(has_key) == ("campaign_name" in columns), name
    for key in has_key:
        assert "all" not in {row[columns.index(key)] for row in rows}
    assert all(re.fullmatch(r"[a-z0-9_]+", column) for column in columns), columns


def intervals(model: Model) -> dict[str, tuple[str, str]]:
    """Each column that has an interval in the table → the columns of its two ends."""
    found = {"difference": ("low", "high")} if {"difference", "low", "high"} <= set(model.columns) else {}
    for column, marks in model.marks.items():
        kinds = ("_predicted", "") if "count" in marks else ("",)
        for kind in kinds:
            if f"{column}{kind}_low" in model.columns:
                found.setdefault(column, (f"{column}{kind}_low", f"{column}{kind}_high"))
    return found


@EVERY_QUESTION
def test_a_rate_has_its_interval_beside_it(published: Path, name: str, query: str) -> None:
    """Whatever column of a table that the query reads has an interval there, has it in the answer.

    A difference has `low` and `high`, an extrapolated figure its predicted interval. A figure that is counted in the log
    has none: there the predicted interval is the figure itself.
    """
    with duckdb.connect(published, read_only=True) as con:
        columns = set(con.sql(query).columns)
    words = set(re.findall(r"\w+", query))
    for model in MODELS.values():
        if re.search(rf"\b{re.escape(model.table)}\b", query):
            for column, ends in intervals(model).items():
                # A duration may have another unit in the answer, and so another name.
                shown = column in words if "seconds" in model.marks[column] else column in columns
                is_counted = "count" in model.marks[column] and "basis = 'log'" in query
                if shown and not is_counted:
                    assert set(ends) <= (words if "seconds" in model.marks[column] else columns), (
                        name,
                        column,
                    )


def test_the_intervals_of_every_kind_are_known() -> None:
    found = {model.table: intervals(model) for model in MODELS.values()}
    assert found["reports.comparisons"] == {"difference": ("low", "high")}
    assert found["reports.time_to_contact"]["median_seconds"] == ("median_seconds_low", "median_seconds_high")
    assert found["reports.retry_what_if"]["targets_contacted"] == (
        "targets_contacted_predicted_low",
        "targets_contacted_predicted_high",
    )
    assert found["reports.retry_what_if"]["contact_rate_per_target"] == (
        "contact_rate_per_target_low",
        "contact_rate_per_target_high",
    )


def test_the_oldest_client_gives_the_same_answers(published: Path, old_duckdb: Callable[..., Any]) -> None:
    code = """
import duckdb
con = duckdb.connect(path, read_only=True)
def plain(value):
    return round(value, 9) if isinstance(value, float) else None if value is None else str(value)
result = [[[plain(value) for value in row] for row in con.sql(query).fetchall()] for query in queries]
"""
    queries = [query for _, query in ASKED]
    found = old_duckdb(code, path=str(published), queries=queries)
    with duckdb.connect(published, read_only=True) as con:
        for query, rows in zip(queries, found, strict=True):
            own = con.sql(query).fetchall()
            assert rows == [
                [round(v, 9) if isinstance(v, float) else None if v is None else str(v) for v in row]
                for row in own
            ], query


# ---------------------------------------------------------------------------------------------------- example files

WRITTEN = re.findall(r"^```\w+ (\S+/\S+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
NAMED = {path.rpartition("/")[0]: text for path, text in WRITTEN if path.endswith("/columns.csv")}
"""Folder → the columns that a user names for its files."""
EXAMPLES = [(path, text) for path, text in WRITTEN if not path.endswith("/columns.csv")]


def test_every_tool_has_its_example() -> None:
    assert (len(EXAMPLES), len(NAMED)) == (14, 1)


@pytest.mark.parametrize(("path", "text"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_an_example_file_is_read_as_it_stands(tmp_path: Path, path: str, text: str) -> None:
    source, name, *_ = path.split("/")
    file = tmp_path / "landing" / path
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    named = NAMED.get(path.rpartition("/")[0])
    if named is not None:
        (file.parent / "columns.csv").write_text(named, encoding="utf-8")
    con = ledger()
    result = ingest(con, RESOURCE[f"{source}.{name}"], LandingFolder(tmp_path / "landing"), tmp_path)
    has_header = not path.endswith(".jsonl") and "{" not in text and named is None
    records = text.count('"record":') or len(text.splitlines()) - has_header
    assert (result.accepted + result.superseded, result.rejected) == (records, 0)
    assert fetch(con, "SELECT * FROM landing.notices") == []


RECIPES = re.findall(r"^```(sh|python) makes (\S+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
"""Language, the file that it makes, and the lines."""


def test_every_container_has_its_recipe() -> None:
    endings = {path.partition(".")[2] for _, path, _ in RECIPES}
    assert endings == {"zip", "csv.bz2", "csv.xz", "csv.gz.gz", "xlsx", "avro", "sqlite", "duckdb"}


@pytest.mark.parametrize(("language", "path", "text"), RECIPES, ids=[path for _, path, _ in RECIPES])
def test_a_recipe_makes_a_file_that_is_read(tmp_path: Path, language: str, path: str, text: str) -> None:
    source, name, *_ = path.split("/")
    plain = dict(EXAMPLES)[f"{source}/{name}/full.csv"]
    (tmp_path / "full.csv").write_text(plain, encoding="utf-8")
    file = tmp_path / "landing" / path
    file.parent.mkdir(parents=True)
    program = [sys.executable, "-c"] if language == "python" else ["sh", "-c"]
    done = subprocess.run([*program, text], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    con, own = ledger(), ledger()
    result = ingest(con, RESOURCE[f"{source}.{name}"], LandingFolder(tmp_path / "landing"), tmp_path)
    assert (result.accepted, result.rejected) == (2, 0)
    assert fetch(con, "SELECT * FROM landing.notices") == []
    file.unlink()
    shutil.copy(tmp_path / "full.csv", file.parent)
    ingest(own, RESOURCE[f"{source}.{name}"], LandingFolder(tmp_path / "landing"), tmp_path)
    rows = f"SELECT * EXCLUDE (_file_id) FROM {RESOURCE[f'{source}.{name}'].raw_table} ORDER BY ALL"
    assert fetch(con, rows) == fetch(own, rows)


def test_the_examples_together_make_a_ledger(tmp_path: Path) -> None:
    for path, text in EXAMPLES:
        file = tmp_path / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    con = ledger()
    load_dispositions(con, tmp_path / "landing", Settings().mappings)
    for resource in RESOURCE.values():
        ingest(con, resource, LandingFolder(tmp_path / "landing"), tmp_path)
    build(con)
    assert fetch(
        con, "SELECT campaign_key, attempts, contacts FROM reports.campaign_contact_rates ORDER BY ALL"
    ) == [
        {"campaign_key": "action_builder:7", "attempts": 2, "contacts": 1},
        {"campaign_key": "outreach:5", "attempts": 5, "contacts": 4},
        {"campaign_key": "voipbin:183c0d5c-691e-42f3-af2b-9bffc2740f83", "attempts": 1, "contacts": 1},
    ]
    assert fetch(con, "SELECT id FROM raw.outreach_sequences WHERE _deleted_at IS NOT NULL") == [{"id": 6}]


def test_the_users_own_rules_and_purposes_are_read_as_they_stand(tmp_path: Path) -> None:
    own = re.findall(r"^```csv ([a-z_]+\.csv)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert [name for name, _ in own] == ["purposes.csv", "contact_rules.csv"]
    for name, text in own:
        (tmp_path / name).write_text(text, encoding="utf-8")
    con = ledger()
    load_contact_rules(con, tmp_path, Settings().contact_rules)
    assert load_purposes(con, tmp_path) == 3
    assert fetch(con, "SELECT * FROM landing.notices") == []
    assert con.sql(
        "SELECT rule, enabled, cap, grace FROM landing.contact_rules WHERE origin = 'landing folder' ORDER BY rule"
    ).fetchall() == [
        ("house_day", True, 2, None),
        ("house_hours", True, None, None),
        ("quiet_after_talk", True, None, 3),
        ("us-wa", False, None, None),
    ]


# -------------------------------------------------------------------------------------------------- links, settings


def test_every_file_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_it_names_every_setting_that_is_read_and_no_other() -> None:
    named = set(re.findall(r"CONTACT_LEDGER_[A-Z_]+[A-Z]", README))
    code = (ROOT / "pipelines" / "settings.py").read_text(encoding="utf-8")
    assert named == {
        f"CONTACT_LEDGER_{name}"
        for name in re.findall(r'get\("([A-Z_]+)"\)|"([A-Z_]+)", \w+\)', code)
        for name in name
        if name
    }
