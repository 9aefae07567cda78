"""Findings that still stand, and rules evaluated over changed rows alone: the same as evaluating everything.

Belongs here: when a rule is due, and what a finding holds that was not made anew. Does not belong here: the rules
(``test_validation_rules``), and what Dagster shows (``test_validation_checks``).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models.incremental import Builder
from pipelines.models.sql_files import load_models, with_upstream
from pipelines.settings import ROOT, Settings
from pipelines.validation import Finding, Rule, engine, load_rules
from pipelines.validation.due import find, judges_rows
from pipelines.validation.engine import evaluate
from pipelines.validation.results import shown
from pipelines.validation.rule import filled, one_of, unique, within
from pipelines.warehouse.connection import Warehouse
from tests.sql.logs import Row, action_builder, voipbin, with_mapping
from tests.support import examples, file_arrives

ATTEMPTS = with_upstream(load_models(), ["core._targets"])
KEY = ("attempt_key",)
# A door that nobody opened breaks the first three, so that generated rows break them, mend them and leave.
RULES = [
    Rule("core.attempts", "no_no_answer", "…", query="SELECT attempt_key, attempted_at, disposition FROM core.attempts "
        "WHERE disposition = 'no_answer'"),
    Rule("core.attempts", "no_no_answer_by_alias", "…", query="SELECT a.attempt_key FROM core.attempts AS a WHERE "
        "a.disposition = 'no_answer' ORDER BY a.attempt_key DESC"),
    one_of("core.attempts", "disposition", ("contact",), KEY),
    filled("core.attempts", "agent_key", KEY),
    unique("core.attempts", ("campaign_key",)),
    within("core.attempts", {"attempt_number": (1, 2)}, KEY),
    Rule("core.attempts", "no_two", "…", query="SELECT target_key, count(*) AS n FROM core.attempts GROUP BY ALL "
        "HAVING count(*) > 1"),
    unique("core.attempts", ("target_key",)),
    Rule("core.attempts", "no_two_of_a_key", "…", is_keyed=True, query="SELECT target_key, count(*) AS n "
        "FROM core.attempts GROUP BY ALL HAVING count(*) > 1"),
    Rule("core.attempts", "no_two_of_a_key_of_two_tables", "…", is_keyed=True, query="SELECT t.target_key, a.n "
        "FROM core._targets AS t LEFT JOIN (SELECT target_key, count(*) AS n FROM core.attempts GROUP BY ALL) AS a "
        "ON a.target_key = t.target_key WHERE a.n > 1"),
]  # fmt: skip


def told(finding: Finding) -> tuple[object, ...]:
    """All that is shown of a finding."""
    sample = [{name: str(value) for name, value in row.items()} for row in finding.sample]
    return finding.rule.name, finding.passed, finding.offending, finding.checked, sample, finding.error


def arrive(con: duckdb.DuckDBPyConnection, file: int, rows: list[Row]) -> None:
    """The rows' latest versions come with a file."""
    with file_arrives(con, "action_builder_contact_attempts", file):
        for row in rows:
            con.execute("DELETE FROM raw.action_builder_contact_attempts WHERE id = ?", [row["id"]])
            columns = ", ".join(f'"{name}"' for name in (*row, "_file_id"))
            con.execute(
                f"INSERT INTO raw.action_builder_contact_attempts ({columns}) VALUES ({', '.join('?' * (len(row) + 1))})",
                [*row.values(), file],
            )


@settings(max_examples=examples(8), deadline=None)
@given(
    st.lists(
        st.dictionaries(st.integers(1, 5), st.lists(st.sampled_from(["NA", "C"]), min_size=1, max_size=3)),
        min_size=2,
        max_size=4,
    )
)
def test_broken_rows_that_appear_move_and_vanish(files: list[dict[int, list[str]]]) -> None:
    con = with_mapping(action_builder({}))
    warehouse = Warehouse(con, Settings())
    for number, targets in enumerate(files, 1):
        log = action_builder(targets)
        # Later files leave the first rows as they are.
        arrive(con, number, log["action_builder_contact_attempts"][number - 1 :])
        for model in ATTEMPTS:
            Builder(con).build(model)
        found, anew = find(warehouse, RULES), evaluate(con, RULES)
        assert [told(finding) for finding in found] == [told(finding) for finding in anew]
        again = find(warehouse, RULES)
        assert [(told(f), f.evaluated_at) for f in again] == [(told(f), f.evaluated_at) for f in found]
    con.close()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    con = with_mapping(action_builder({1: ["C"]}))
    for model in ATTEMPTS:
        Builder(con).build(model)
    with Warehouse(con, Settings()).con:
        yield Warehouse(con, Settings())


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The tables and names of the rules of every evaluation, as they happen."""
    calls: list[list[str]] = []

    def seen(con: duckdb.DuckDBPyConnection, rules: object) -> list[Finding]:
        found = evaluate(con, rules)  # type: ignore[arg-type]
        calls.append([f"{finding.rule.table} {finding.rule.name}" for finding in found])
        return found

    monkeypatch.setattr(engine, "evaluate", seen)
    return calls


def test_a_rule_is_due_once_and_again_when_its_table_changes(
    warehouse: Warehouse, evaluated: list[list[str]]
) -> None:
    rules = [RULES[0], *RULES[5:]]
    find(warehouse, rules)
    find(warehouse, rules)
    assert len(evaluated) == 1
    arrive(warehouse.con, 2, action_builder({1: ["C"], 2: ["C"]})["action_builder_contact_attempts"])
    for model in ATTEMPTS:
        Builder(warehouse.con).build(model)
    found = find(warehouse, rules)
    assert all((finding.passed, finding.offending, finding.checked) == (True, 0, 2) for finding in found)
    # Less than the table can decide all but the last, which neither says that it is keyed nor names rows.
    narrow, whole = evaluated[1:]
    assert {name.partition(" ")[2] for name in narrow} == {rule.name for rule in rules} - {"no_two"}
    assert whole == ["core.attempts no_two"]


def test_a_key_that_a_new_row_shares_with_an_old_one_is_found(warehouse: Warehouse) -> None:
    """The two rows have different targets, so the old one is not among the changed rows."""
    rule = unique("core.attempts", ("campaign_key",))
    assert [finding.passed for finding in find(warehouse, [rule])] == [True]
    arrive(warehouse.con, 2, action_builder({1: ["C"], 2: ["C"]})["action_builder_contact_attempts"][1:])
    for model in ATTEMPTS:
        Builder(warehouse.con).build(model)
    (found,) = find(warehouse, [rule])
    assert (found.passed, found.offending, found.checked) == (False, 1, 2)


def test_tables_that_a_killed_run_has_built_are_evaluated_whole(
    warehouse: Warehouse, evaluated: list[list[str]]
) -> None:
    """What changed in them is forgotten with the run that built them."""
    find(warehouse, RULES)
    arrive(warehouse.con, 2, action_builder({1: ["C"], 2: ["C", "NA"]})["action_builder_contact_attempts"])
    for model in ATTEMPTS:
        Builder(warehouse.con).build(model)
    warehouse.con.execute("DROP TABLE scratch.changes")
    found = find(warehouse, RULES)
    assert len(evaluated) == 2
    assert [told(finding) for finding in found] == [
        told(finding) for finding in evaluate(warehouse.con, RULES)
    ]


def test_a_moment_that_moves_on_in_all_rows_is_seen() -> None:
    """As-of is one value in all outcomes. A new one changes no row, and may break a rule in every row."""
    con = with_mapping(voipbin({1: ["NA"]}))
    outcomes = with_upstream(load_models(), ["replay.target_outcomes"])
    rule = Rule(
        "replay.target_outcomes",
        "known_until_2027",
        "…",
        query="SELECT outdial_target_id FROM replay.target_outcomes WHERE as_of > TIMESTAMP '2027-01-01'",
    )
    passed = []
    for moment in ("2026-12-30", "2026-12-31", "2027-02-01"):
        con.execute("UPDATE landing.settings SET as_of = CAST(? AS TIMESTAMP)", [moment])
        for model in outcomes:
            Builder(con).build(model)
        (found,) = find(Warehouse(con, Settings()), [rule])
        passed.append(found.passed)
    assert passed == [True, True, False]
    con.close()


def test_a_rule_is_due_when_its_own_words_change(warehouse: Warehouse, evaluated: list[list[str]]) -> None:
    find(warehouse, RULES[:1])
    find(warehouse, [replace(RULES[0], severity="warn")])
    find(warehouse, [replace(RULES[0], severity="warn")])
    assert len(evaluated) == 2


def test_that_a_rule_could_not_be_evaluated_does_not_stand(
    warehouse: Warehouse, evaluated: list[list[str]]
) -> None:
    broken = Rule("core.attempts", "broken", "…", query="SELECT nobody FROM core.attempts")
    missing = Rule("core.missing", "missing", "…", query="SELECT * FROM core.missing")
    for _ in range(2):
        assert [finding.passed for finding in find(warehouse, [broken, missing])] == [False, False]
    assert len(evaluated) == 2


def test_which_rules_judge_each_row_by_itself() -> None:
    table = "core.attempts"
    of_rows = [
        "SELECT attempt_key FROM core.attempts WHERE attempt_number < 1",
        "SELECT a.* FROM core.attempts AS a WHERE NOT starts_with(a.attempt_key, a.source)",
    ]
    of_more = [
        "SELECT attempt_key FROM core.attempts GROUP BY attempt_key HAVING count(*) > 1",
        "SELECT count(*) FROM core.attempts",
        "SELECT attempt_key FROM core.attempts WHERE attempt_number > (SELECT 1)",
        "SELECT attempt_key, row_number() OVER () FROM core.attempts",
        "SELECT attempt_key FROM core.attempts QUALIFY row_number() OVER (PARTITION BY attempt_key) > 1",
        "SELECT a.attempt_key FROM core.attempts AS a JOIN core.attempts AS b ON a.attempt_key = b.target_key",
        "SELECT a.attempt_key FROM core.attempts AS a, core.as_of",
        "SELECT DISTINCT source FROM core.attempts",
        "SELECT attempt_key FROM core.attempts UNION ALL SELECT attempt_key FROM core.attempts",
        "WITH x AS (SELECT * FROM core.attempts) SELECT attempt_key FROM x",
        "SELECT source FROM core.sources",
    ]
    assert all(judges_rows(Rule(table, "x", "…", query=query)) for query in of_rows)
    assert not any(judges_rows(Rule(table, "x", "…", query=query)) for query in of_more)
    assert judges_rows(filled(table, "source", KEY))
    assert not judges_rows(Rule(table, "x", "…", expectation="ExpectColumnValuesToBeUnique"))
    judged = [rule for rule in load_rules() if judges_rows(rule)]
    assert {"core.attempts", "replay.transitions", "raw.voipbin_campaigncalls"} <= {
        rule.table for rule in judged
    }


def test_great_expectations_is_not_imported_when_no_rule_is_due(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pipelines import refresh\n"
        "from pipelines.settings import Settings\n"
        "from pipelines.validation import load_rules\n"
        "from pipelines.models.sql_files import load_models\n"
        "settings = Settings.from_environment()\n"
        "with refresh.open_run(settings, 'x', load_models(), publishes=False) as run:\n"
        "    rules = [rule for rule in load_rules() if rule.reads <= {'core.sources', 'landing.dispositions'}]\n"
        "    refresh.load_mapping(run)\n"
        "    refresh.build_table(run, load_models()['core.sources'], load_models())\n"
        "    found = refresh.check(run, rules, 'x')\n"
        "    print(len(found), all(f.passed for f in found), 'great_expectations' in sys.modules)\n"
    )
    (tmp_path / "landing").mkdir()
    environment = {
        "CONTACT_LEDGER_LANDING": str(tmp_path / "landing"),
        "CONTACT_LEDGER_OUTPUT": str(tmp_path / "output"),
        "PYTHONPATH": str(ROOT),
        "GX_ANALYTICS_ENABLED": "false",
    }
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    )
    assert int(first[0]) > 0
    assert first == [first[0], "True", "True"]
    assert second == [first[0], "True", "False"]


CELLS = ("1", "NULL", "TIMESTAMP '2026-01-02'", "CAST('00000000-0000-0000-0000-000000000007' AS UUID)", "1.50",
    "['a', 'b']", "'a text'")  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_a_kept_row_is_shown_as_it_was(cell: str, warehouse: Warehouse) -> None:
    rule = Rule("core.attempts", "x", "…", query=f"SELECT {cell} AS cell FROM core.attempts")
    (fresh,), (kept,) = find(warehouse, [rule]), find(warehouse, [rule])
    assert fresh.offending == kept.offending == 1
    assert shown(kept.sample[0]["cell"]) == shown(fresh.sample[0]["cell"])
    # What hides texts must not take a time or an id for one.
    assert isinstance(kept.sample[0]["cell"], str) == isinstance(fresh.sample[0]["cell"], str)
