"""The SQL files stay portable: they must one day run on Spark, through SQLGlot.

Belongs here: what can be told from the text of the files. Does not belong here: what they compute.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for path in (ROOT / "sql").rglob("*.sql") if path.parent != ROOT / "sql")
PORTABLE = [path for path in FILES if path.parent.name != "rules"]


def name(path: Path) -> str:
    return path.relative_to(ROOT / "sql").as_posix()


def parsed(path: Path) -> exp.Expr:
    statements = sqlglot.parse(path.read_text(), read="duckdb")
    assert len(statements) == 1, "one SELECT a file"
    statement = statements[0]
    assert isinstance(statement, exp.Query)
    return statement


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_table_is_named_with_its_schema(path: Path) -> None:
    tree = parsed(path)
    steps = {step.alias for step in tree.find_all(exp.CTE)}
    assert [
        table.sql() for table in tree.find_all(exp.Table) if not table.db and table.name not in steps
    ] == []


@pytest.mark.parametrize("path", PORTABLE, ids=name)
def test_it_is_said_without_what_only_one_database_knows(path: Path) -> None:
    tree = parsed(path)
    assert not list(tree.find_all(exp.Pivot, exp.Lambda)), "PIVOT or a lambda"
    assert [join.sql() for join in tree.find_all(exp.Join) if join.args.get("method") == "ASOF"] == []
    ordered = [
        aggregate.sql()
        for aggregate in tree.find_all(exp.ArrayAgg, exp.GroupConcat)
        if aggregate.find(exp.Order, exp.WithinGroup)
    ]
    assert ordered == []


@pytest.mark.parametrize("path", PORTABLE, ids=name)
def test_it_can_be_said_in_sparks_words(path: Path) -> None:
    spark = parsed(path).sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
    sqlglot.parse_one(spark, read="spark")
