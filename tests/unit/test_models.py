"""A SQL file says what it is; a file that says it wrongly is named."""

from pathlib import Path

import duckdb
import pytest

from pipelines.models.incremental import build_whole
from pipelines.models.sql_files import ModelError, load_models, read_model, with_upstream

GOOD = """\
-- One row per fruit:
-- what it costs.
-- Key: fruit
-- Metric: dearest = max(price)
-- Columns:
--   fruit: its name
--   price: in cents, with
--     a second line
WITH p AS (SELECT * FROM core.prices)
SELECT fruit, price FROM p JOIN raw.voipbin_campaigns USING (fruit)
"""


def write(folder: Path, text: str, name: str = "reports/fruits.sql") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_header_is_the_description(tmp_path: Path) -> None:
    model = read_model(write(tmp_path, GOOD))
    assert model.table == "reports.fruits"
    assert model.description == "One row per fruit:\nwhat it costs."
    assert model.key == ("fruit",)
    assert model.columns == {"fruit": "its name", "price": "in cents, with a second line"}
    assert model.metrics == {"dearest": "max(price)"}
    assert model.upstream == {"core.prices", "raw.voipbin_campaigns"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace("-- Key: fruit\n", ""), "lacks Key"),
        (GOOD.replace("-- Columns:\n", ""), "lacks Columns"),
        (GOOD.replace("--   price: in", "-- price in"), "neither"),
        (GOOD.replace("-- Columns:\n", "-- Columns:\n--   price: in euros\n"), "lists price twice"),
        (
            GOOD.replace("-- Columns:\n", "-- Incremental: fruit from core.trees\n-- Columns:\n"),
            "Incremental: fruit from",
        ),
        (
            GOOD.replace("-- Columns:\n", "-- Sums: fruit from core.trees.fruit\n-- Columns:\n"),
            "Sums: fruit from",
        ),
        (GOOD.replace("-- Columns:\n", "-- Words: fruit: pear\n-- Columns:\n"), "Words: fruit: pear"),
        (GOOD.replace("-- Columns:\n", "-- Words: colour = red\n-- Columns:\n"), "of its own columns"),
        (
            GOOD.replace("-- Columns:\n", "-- Words: fruit = a, b; price = b, c\n-- Columns:\n"),
            "two enumerations",
        ),
    ],
)
def test_a_header_out_of_form_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ModelError, match=complaint) as error:
        read_model(path)
    assert str(path) in str(error.value)


def test_columns_that_differ_from_the_header_stop_the_build(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reports")
    text = "-- One row.\n-- Key: a\n-- Columns:\n--   a: the one\nSELECT 1 AS a"
    build_whole(con, read_model(write(tmp_path, text, "reports/one.sql")))
    assert con.sql("FROM reports.one").fetchall() == [(1,)]
    with pytest.raises(ModelError, match="lists the columns a; the SELECT gives a, b"):
        build_whole(con, read_model(write(tmp_path, text + ", 2 AS b", "reports/one.sql")))


WORDS = """-- One row per number.
-- Key: n
-- Words: size = small, large
-- Columns:
--   n: the number
--   size: small or large
--   said: the same in words
WITH sized AS (SELECT n, CASE WHEN n < 2 THEN 'small' ELSE 'large' END AS size FROM (VALUES (1), (2)) AS v (n))
SELECT n, size, 'it is ''small'' or ' || size AS said FROM sized"""


def test_words_are_an_enumeration_in_the_table_and_text_in_the_select(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reports")
    model = read_model(write(tmp_path, WORDS))
    build_whole(con, model)
    rows = [(1, "small", "it is 'small' or small"), (2, "large", "it is 'small' or large")]
    assert con.sql("FROM reports.fruits ORDER BY n").fetchall() == rows
    assert con.sql(model.select).order("n").fetchall() == rows
    kinds = {name: kind for name, kind, *_ in con.sql("DESCRIBE reports.fruits").fetchall()}
    assert kinds == {"n": "INTEGER", "size": "ENUM('small', 'large')", "said": "VARCHAR"}
    other = WORDS.replace("'large' END", "upper('large') END")
    with pytest.raises(ModelError, match="words of size; the SELECT gives other text"):
        build_whole(con, read_model(write(tmp_path, other)))


def test_the_projects_own_files_load_in_an_order_that_can_be_built() -> None:
    models = load_models()
    done: set[str] = set()
    for model in models.values():
        assert model.upstream & models.keys() <= done, model.table
        done.add(model.table)
        assert set(model.key) <= set(model.columns), f"{model.table}: the key is not among the columns"
        assert model.description.splitlines()[0].startswith("One row"), f"{model.table}: say what one row is"


def test_upstream_is_found_through_every_step() -> None:
    models = load_models()
    names = [model.table for model in with_upstream(models, ["reports.campaign_contact_rates"])]
    assert names[-1] == "reports.campaign_contact_rates"
    assert {"core.as_of", "core.attempts"} <= set(names)
