"""What the engine makes of rules, on tables of a few rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.settings import ROOT
from pipelines.sources import RESOURCE
from pipelines.validation import Rule
from pipelines.validation.engine import SAMPLE_ROWS, evaluate
from pipelines.validation.rule import Finding, filled, one_of, unique, within
from pipelines.validation.rules.raw import raw_rules


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA s")
        yield connection


def found(con: duckdb.DuckDBPyConnection, rule: Rule) -> Finding:
    (finding,) = evaluate(con, [rule])
    return finding


def test_counts_are_exact_and_samples_short(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE s.t AS SELECT range AS id, 'x' AS kind, NULL AS nothing FROM range(5000)")
    for rule in (
        Rule("s.t", "own", "Own words.", query="SELECT id FROM s.t WHERE id >= 1"),
        one_of("s.t", "kind", ("y",), ("id",)),
        filled("s.t", "nothing", ("id",)),
        within("s.t", {"id": (None, 0)}, ("id",)),
    ):
        finding = found(con, rule)
        assert not finding.passed
        assert finding.offending == (5000 if rule.query is None else 4999)
        assert finding.checked == 5000
        assert len(finding.sample) == SAMPLE_ROWS
        assert all("id" in row for row in finding.sample)


def test_a_table_without_rows_keeps_every_rule(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE s.t (id INTEGER, kind VARCHAR)")
    rules = [
        unique("s.t", ("id",)),
        one_of("s.t", "kind", ("y",), ("id",)),
        filled("s.t", "kind", ("id",)),
        within("s.t", {"id": (0, 9)}, ("id",)),
    ]
    assert [(finding.passed, finding.offending, finding.checked) for finding in evaluate(con, rules)] == [
        (True, 0, 0)
    ] * len(rules)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("s.missing", "own", "Own words.", query="SELECT 1 FROM s.missing"), "missing does not exist"),
        (one_of("s.missing", "kind", ("y",), ("id",)), "missing does not exist"),
        (one_of("s.t", "absent", ("y",), ("id",)), "absent"),
        (Rule("s.t", "own", "Own words.", query="SELECT absent FROM s.t"), '"absent" not found'),
        (Rule("s.t", "own", "Own words.", query="SELECT id FROM s.t WHERE"), "syntax error"),
        (
            Rule("s.t", "own", "Own words.", query="SELECT id FROM s.t WHERE CAST(kind AS INTEGER) = 1"),
            "Could not convert",
        ),
        # Counting its rows converts nothing.
        (
            Rule("s.t", "own", "Own words.", query="SELECT CAST(kind AS INTEGER) AS number FROM s.t"),
            "Could not convert",
        ),
    ],
)
def test_a_rule_that_cannot_be_evaluated_says_why_in_one_line(
    con: duckdb.DuckDBPyConnection, rule: Rule, words: str
) -> None:
    con.execute("CREATE TABLE s.t AS SELECT 1 AS id, 'x' AS kind")
    good = Rule("s.t", "good", "Good.", query="SELECT id FROM s.t WHERE id <> 1")
    findings = {finding.rule.name: finding for finding in evaluate(con, [good, rule])}
    assert findings["good"].passed
    broken = findings[rule.name]
    assert not broken.passed
    assert broken.error is not None
    assert words in broken.error
    assert "\n" not in broken.error
    assert "Traceback" not in broken.error


def test_queries_mean_what_they_say(con: duckdb.DuckDBPyConnection) -> None:
    """Braces, colons, percent signs and backslashes mean nothing to the libraries between the rule and DuckDB."""
    con.execute("CREATE TABLE s.t AS SELECT 10 AS id, 'a:b{c}%(d)s' AS x")
    rule = Rule(
        "s.t",
        "odd",
        "Odd.",
        query=r"SELECT id FROM s.t WHERE id % 3 = 1 AND x LIKE '%:b{c}%' AND id::VARCHAR = '10' AND x <> '\n:none'",
    )
    assert found(con, rule).offending == 1


def test_hostile_values_come_back_as_they_are(con: duckdb.DuckDBPyConnection) -> None:
    value = "<script>alert(1)</script>'; DROP TABLE s.t; -- {x} :y 🙂"
    con.execute("CREATE TABLE s.t (id VARCHAR, kind VARCHAR)")
    con.execute("INSERT INTO s.t VALUES ($1, $1)", [value])
    finding = found(con, one_of("s.t", "kind", ("y", "it's"), ("id",)))
    assert [dict(row) for row in finding.sample] == [{"id": value, "kind": value}]
    assert found(con, Rule("s.t", "own", "Own.", query="SELECT kind FROM s.t")).sample == ({"kind": value},)


def test_a_key_may_have_the_parts_null_that_say_so(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE s.t AS SELECT * FROM (VALUES (1, NULL), (1, 2), (2, NULL)) AS t (id, version)")
    assert found(con, unique("s.t", ("id", "version"), nullable=("version",))).passed
    assert found(con, unique("s.t", ("id", "version"))).offending == 2
    con.execute("INSERT INTO s.t VALUES (1, NULL)")
    assert found(con, unique("s.t", ("id", "version"), nullable=("version",))).sample == (
        {"id": 1, "version": None, "rows": 2},
    )


def test_odd_types_and_names_are_no_trouble(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE TABLE s.t AS SELECT uuid() AS id, {'type': 'tel'} AS place, ['a'] AS tags, '{}'::JSON AS extra, "
        "1::HUGEINT AS big, 1 AS \"order\", 'x' AS \"from\", TIMESTAMP '2026-01-01' AS at, INTERVAL 1 DAY AS wait"
    )
    rules = [
        unique("s.t", ("id",)),
        filled("s.t", "order", ("id",)),
        one_of("s.t", "from", ("x",), ("id",)),
        within("s.t", {"order": (1, 1)}, ("id",)),
        filled("s.t", "tags", ("id",)),
    ]
    assert all(finding.passed for finding in evaluate(con, rules))


def test_the_connection_stays_as_it_was(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE s.t AS SELECT 1 AS id")
    con.execute("SET TimeZone = 'Asia/Tokyo'")
    found(con, unique("s.t", ("id",)))
    assert con.sql("SELECT current_setting('TimeZone')").fetchall() == [("Asia/Tokyo",)]
    con.execute("CREATE OR REPLACE TABLE s.t AS SELECT 2 AS id")
    con.execute("BEGIN")
    con.execute("COMMIT")
    assert con.sql("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall() == []


def test_a_locked_down_warehouse_is_enough(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE s.t AS SELECT 1 AS id")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    assert found(con, unique("s.t", ("id",))).passed


def test_raw_rules_are_the_contract() -> None:
    rules = {rule.name: rule for rule in raw_rules(RESOURCE["voipbin.campaigncalls"])}
    assert set(rules) == {
        "id_is_unique",
        "status_is_filled",
        "status_is_known",
        "result_is_known",
        "destination_index_is_filled",
        "tm_create_is_filled",
        "numbers_lie_in_range",
    }
    assert rules["status_is_known"].arguments["value_set"] == ["dialing", "progressing", "done"]
    (disposition,) = (
        rule
        for rule in raw_rules(RESOURCE["action_builder.contact_attempts"])
        if rule.name == "disposition_is_known"
    )
    assert disposition.arguments["value_set"] == [0, 1, 2, 3, 4]


def test_loading_the_checks_imports_no_heavy_library() -> None:
    code = (
        "import sys, pipelines.orchestration.checks\n"
        "pipelines.orchestration.checks.build_checks()\n"
        "heavy = {'great_expectations', 'pandas', 'duckdb_engine', 'altair'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_is_said_while_and_after_validating() -> None:
    """No progress bar, no advice, no warning, and no page of leaked objects when the interpreter ends."""
    code = (
        "import duckdb\n"
        "from pipelines.validation.engine import evaluate\n"
        "from pipelines.validation.rule import one_of, unique\n"
        "con = duckdb.connect()\n"
        "con.execute('CREATE SCHEMA s')\n"
        "con.execute('CREATE TABLE s.t AS SELECT 1 AS id')\n"
        "evaluate(con, [unique('s.t', ('id',)), one_of('s.t', 'id', (2,), ('id',))])\n"
        "con.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
