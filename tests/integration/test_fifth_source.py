"""A source is two places: one module, one SQL folder. A fifth one, and its lines in the mapping, is all that it takes.

Belongs here: a scratch tree with one source more, and what a run on it publishes. Does not belong here: the four
sources that the project has.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import ROOT
from tests.support import fetch

_RECIPE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a source")[2]


def _recipe(language: str) -> str:
    """The first block of this language in the recipe that CONTRIBUTING.md gives."""
    block = re.search(rf"^   ```{language}\n(.*?)^   ```$", _RECIPE, re.DOTALL | re.MULTILINE)
    assert block is not None
    return textwrap.dedent(block[1])


MODULE, ATTEMPTS, MAPPING = (_recipe(language) for language in ("python", "sql", "csv"))
# Resident 1 talks at the second knock, 2 at the first, 3 never, 4 has moved; the last knock names nobody.
KNOCKS = [
    (1, 1, "Elm St", "nobody", "2026-05-01T10:00:00Z"),
    (2, 1, "Elm St", "talked", "2026-05-02T10:00:00Z"),
    (3, 2, "Elm St", "talked", "2026-05-01T10:05:00Z"),
    (4, 3, "Elm St", "nobody", "2026-05-01T10:10:00Z"),
    (5, 4, "Oak Ave", "moved", "2026-05-03T09:00:00Z"),
    (6, None, "Oak Ave", "nobody", "2026-05-03T09:30:00Z"),
    (7, 5, "Oak Ave", "asleep", "2026-05-03T09:40:00Z"),
]


@dataclass(frozen=True)
class Tree:
    """A scratch copy of the project."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Start Python in the copy, on its own landing and output folders."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.root), os.environ.get("PYTHONPATH", "")]),
            "CONTACT_LEDGER_LANDING": str(self.root / "landing"),
            "CONTACT_LEDGER_OUTPUT": str(self.root / "output"),
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def scratch(folder: Path) -> Tree:
    """A copy of the project with the fifth source in its two places, its mapping lines, and its file."""
    files = [str(path.relative_to(ROOT)) for path in (ROOT / "data").glob("*.csv")]
    for name in ("pipelines", "sql", *files, "deploy/dagster.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    tree = Tree(folder)
    tree.write("pipelines/sources/doorbell.py", MODULE)
    tree.write("sql/sources/doorbell/attempts.sql", ATTEMPTS)
    with (folder / "data/dispositions.csv").open("a", encoding="utf-8") as mapping:
        mapping.write(MAPPING)
    names = ("id", "resident", "walk", "answer", "knocked_at")
    rows = [json.dumps(dict(zip(names, row, strict=True)) | {"updated_at": row[-1]}) for row in KNOCKS]
    tree.write("landing/doorbell/knocks/may.jsonl", "\n".join(rows))
    return tree


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = scratch(tmp_path_factory.mktemp("fifth"))
    ended = tree.run("-m", "pipelines", "run")
    assert ended.returncode == 0, ended.stderr
    return tree


def asked(tree: Tree, query: str) -> list[dict[str, Any]]:
    with duckdb.connect(tree.root / "output" / "contact_ledger.duckdb", read_only=True) as con:
        return fetch(con, query)


def test_it_takes_fewer_than_eighty_lines() -> None:
    assert sum(text.count("\n") for text in (MODULE, ATTEMPTS, MAPPING)) < 80


def test_its_attempts_campaigns_and_rates(published: Tree) -> None:
    assert asked(
        published,
        "SELECT attempt_key, campaign_key, campaign_name, target_key, channel, attempt_number, disposition "
        "FROM core.attempts ORDER BY attempt_key",
    ) == [
        {
            "attempt_key": f"doorbell:knocks:{number}",
            "campaign_key": f"doorbell:{walk}",
            "campaign_name": walk,
            "target_key": f"doorbell:{resident or f'knocks:{number}'}",
            "channel": "door",
            "attempt_number": 2 if number == 2 else 1,
            "disposition": {"talked": "contacted", "nobody": "no_contact", "moved": "bad_contact_info"}[
                answer
            ],
        }
        for number, resident, walk, answer, _ in KNOCKS[:6]
    ]
    assert asked(
        published,
        "SELECT campaign_name, targets, targets_attempted, targets_contacted, attempts, contacts, penetration "
        "FROM reports.campaign_contact_rates ORDER BY campaign_name",
    ) == [
        {
            "campaign_name": "Elm St",
            "targets": 3,
            "targets_attempted": 3,
            "targets_contacted": 2,
            "attempts": 4,
            "contacts": 2,
            "penetration": None,
        },
        {
            "campaign_name": "Oak Ave",
            "targets": 2,
            "targets_attempted": 2,
            "targets_contacted": 0,
            "attempts": 2,
            "contacts": 0,
            "penetration": None,
        },
    ]
    assert asked(
        published, "SELECT source, title, target_words FROM core.sources WHERE source = 'doorbell'"
    ) == [{"source": "doorbell", "title": "Doorbell", "target_words": "a resident"}]


def test_its_dispositions_curves_and_outcomes(published: Tree) -> None:
    assert asked(
        published,
        "SELECT disposition, attempts, share_of_attempts FROM reports.campaign_dispositions "
        "WHERE campaign_key = 'doorbell:Elm St' ORDER BY disposition",
    ) == [
        {"disposition": "contacted", "attempts": 2, "share_of_attempts": 0.5},
        {"disposition": "no_contact", "attempts": 2, "share_of_attempts": 0.5},
    ]
    assert asked(
        published,
        "SELECT attempt_number, at_risk, contacts FROM reports.attempt_curve "
        "WHERE campaign_key = 'doorbell:Elm St' ORDER BY attempt_number",
    ) == [
        {"attempt_number": 1, "at_risk": 3, "contacts": 1},
        {"attempt_number": 2, "at_risk": 1, "contacts": 1},
    ]
    assert asked(
        published,
        "SELECT outcome, count(*) AS targets FROM replay.contact_outcomes GROUP BY ALL ORDER BY ALL",
    ) == [
        {"outcome": "attempted", "targets": 2},
        {"outcome": "closed", "targets": 1},
        {"outcome": "reached", "targets": 2},
    ]


def test_its_as_of_accounting_and_checks(published: Tree) -> None:
    assert asked(published, "SELECT CAST(as_of AS VARCHAR) AS as_of, as_of_basis FROM core.as_of") == [
        {"as_of": "2026-05-03 09:30:00", "as_of_basis": "raw.doorbell_knocks.knocked_at"}
    ]
    assert asked(
        published, "SELECT file, rows_read, rows_accepted, rows_rejected FROM quality.row_accounting"
    ) == [{"file": "doorbell/knocks/may.jsonl", "rows_read": 7, "rows_accepted": 6, "rows_rejected": 1}]
    checks = asked(
        published,
        "SELECT check_name, passed FROM quality.check_results WHERE table_name = 'raw.doorbell_knocks' "
        "OR check_name = 'every_record_becomes_one_attempt' ORDER BY check_name",
    )
    assert checks == [
        {"check_name": "answer_is_known", "passed": True},
        {"check_name": "every_record_becomes_one_attempt", "passed": True},
        {"check_name": "id_is_unique", "passed": True},
    ]


def test_its_section_of_the_page(published: Tree) -> None:
    page = (published.root / "output" / "report" / "index.html").read_text(encoding="utf-8")
    assert 'id="campaign-doorbell-elm-st' in page
    assert "Doorbell" in page


def test_its_lineage(published: Tree) -> None:
    code = (
        "import json; import dagster as dg; from pipelines.definitions import build_defs\n"
        "from pipelines.models.lineage import column_lineage; from pipelines.models.sql_files import load_models\n"
        "import duckdb\n"
        "specs = {spec.key.to_user_string(): spec for spec in build_defs().resolve_all_asset_specs()}\n"
        "deps = [dep.asset_key.to_user_string() for dep in specs['core/attempts'].deps]\n"
        "con = duckdb.connect('output/warehouse.duckdb', read_only=True)\n"
        "model = load_models()['core.attempts']\n"
        "types = {t: {r[0]: r[1] for r in con.sql(f'DESCRIBE {t}').fetchall()} for t in model.upstream}\n"
        "origins = column_lineage(model.expanded, types)['attempted_at']\n"
        "print(json.dumps([deps, origins]))\n"
    )
    ended = published.run("-c", code)
    assert ended.returncode == 0, ended.stderr
    deps, origins = json.loads(ended.stdout.splitlines()[-1])
    assert "raw/doorbell/knocks" in deps
    assert ["raw.doorbell_knocks", "knocked_at"] in origins


@pytest.mark.parametrize(
    ("name", "old", "complaint"),
    [
        ("pipelines/sources/doorbell.py", None, "pipelines/sources/doorbell.py: is missing"),
        ("sql/sources/doorbell/attempts.sql", None, "sql/sources/doorbell/attempts.sql: is missing"),
        (
            "sql/sources/doorbell/attempts.sql",
            "    'door' AS channel,\n",
            "sql/sources/doorbell/attempts.sql: lacks the column channel",
        ),
        (
            "pipelines/sources/doorbell.py",
            "SOURCE = Source(",
            "pipelines/sources/doorbell.py: has no SOURCE",
        ),
    ],
)
def test_what_is_left_out_is_named(tmp_path: Path, name: str, old: str | None, complaint: str) -> None:
    tree = scratch(tmp_path)
    path = tree.root / name
    if old is None:
        path.unlink()
    else:
        path.write_text(path.read_text().replace(old, "OTHER = Source(" if "SOURCE" in old else ""))
    ended = tree.run("-m", "pipelines", "run")
    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
