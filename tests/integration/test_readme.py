"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.ingest import ingest, load_dispositions
from pipelines.ingest.files import LandingFolder
from pipelines.models.incremental import build
from pipelines.models.sql_files import load_models
from pipelines.publish.duckdb_file import write_database
from pipelines.settings import ROOT, Settings
from pipelines.sources import RESOURCE
from tests.support import fetch, ledger

README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = load_models()
QUESTIONS = re.findall(r"^\| `(\w+\.\w+)` \|.*`(SELECT .+)` \|$", README, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    con = ledger()
    build(con)
    path = tmp_path_factory.mktemp("published") / "contact_ledger.duckdb"
    write_database(con, path, MODELS)
    return path


def test_every_published_table_has_its_question() -> None:
    listed = [table for table, _ in QUESTIONS]
    published = {model.table for model in MODELS.values() if not model.internal}
    assert set(listed) == published
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(("table", "query"), QUESTIONS)
def test_the_question_to_a_published_table_runs_and_asks_that_table(
    published: Path, table: str, query: str
) -> None:
    assert table in query
    with duckdb.connect(published, read_only=True) as con:
        con.sql(query).fetchall()


EXAMPLES = re.findall(r"^```\w+ (\S+/\S+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_every_tool_has_its_example() -> None:
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize(("path", "text"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_an_example_file_is_read_as_it_stands(tmp_path: Path, path: str, text: str) -> None:
    source, name, *_ = path.split("/")
    file = tmp_path / "landing" / path
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    con = ledger()
    result = ingest(con, RESOURCE[f"{source}.{name}"], LandingFolder(tmp_path / "landing"), tmp_path)
    records = text.count('"record":') or len(text.splitlines()) - path.endswith(".csv")
    assert (result.accepted, result.rejected) == (records, 0)
    assert fetch(con, "SELECT * FROM landing.notices") == []


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
        {"campaign_key": "outreach:5", "attempts": 3, "contacts": 2},
        {"campaign_key": "voipbin:183c0d5c-691e-42f3-af2b-9bffc2740f83", "attempts": 1, "contacts": 1},
    ]
    assert fetch(con, "SELECT id FROM raw.outreach_sequences WHERE _deleted_at IS NOT NULL") == [{"id": 6}]


def test_every_file_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_setting_it_names_is_read_and_every_one_read_is_named() -> None:
    named = set(re.findall(r"CONTACT_LEDGER_[A-Z_]+[A-Z]", README))
    code = (ROOT / "pipelines" / "settings.py").read_text(encoding="utf-8")
    assert named == {
        f"CONTACT_LEDGER_{name}"
        for name in re.findall(r'get\("([A-Z_]+)"\)|"([A-Z_]+)", \w+\)', code)
        for name in name
        if name
    }
