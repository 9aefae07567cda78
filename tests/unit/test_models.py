"""A SQL file says what it is; a file that says it wrongly is refused when it is loaded, by name and line."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.models.incremental import build_whole
from pipelines.models.sql_files import ModelError, load_models, read_model, with_upstream
from pipelines.sources import Field, Resource, Source

GOOD = """\
-- One row per fruit:
-- what it costs.
-- Key: fruit
-- Metric: dearest = max(price)
-- Example: Which is the dearest?
--   SELECT fruit FROM reports.fruits
--   ORDER BY price DESC LIMIT 1
WITH p AS (SELECT id, name FROM raw.voipbin_campaigns)

SELECT
    name AS fruit, -- its name [null]
    -- in cents, with
    -- a second line [count]
    count(*) AS price,
    max(id) AS latest -- the last
FROM p
GROUP BY name
"""


def write(folder: Path, text: str, name: str = "reports/fruits.sql") -> Path:
    path = folder / "sql" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder / "sql"


def load(folder: Path, text: str, name: str = "reports/fruits.sql") -> None:
    load_models(write(folder, text, name), sources=())


def test_the_file_is_the_description(tmp_path: Path) -> None:
    model = load_models(write(tmp_path, GOOD), sources=())["reports.fruits"]
    assert model.table == "reports.fruits"
    assert model.description == "One row per fruit:\nwhat it costs."
    assert model.key == ("fruit",)
    assert model.columns == {
        "fruit": "its name [null]",
        "price": "in cents, with a second line [count]",
        "latest": "the last",
    }
    assert model.marks["price"] == {"count"}
    assert model.types == {"fruit": "VARCHAR", "price": "BIGINT", "latest": "UUID"}
    assert model.metrics == {"dearest": "max(price)"}
    assert model.example == (
        "Which is the dearest?",
        "SELECT fruit FROM reports.fruits ORDER BY price DESC LIMIT 1",
    )
    assert model.upstream == {"raw.voipbin_campaigns"}
    assert not model.internal


@pytest.mark.parametrize(
    ("old", "new", "line", "complaint"),
    [
        ("-- Key: fruit\n", "", "", "no 'Key:'"),
        ("-- Key: fruit", "-- Key: friut", ":3", "'friut', which is no column; did you mean fruit"),
        ("-- Metric", "-- Order: prise\n-- Metric", ":4", "'prise', which is no column; did you mean price"),
        ("-- Metric:", "-- Metrik:", ":4", "unknown label 'Metrik'; did you mean Metric"),
        ("max(price)", "max(prise)", "", "prise.*did you mean.*price"),
        ("[count]", "[cuont]", ":14", r"unknown mark \[cuont\] on column price; did you mean count"),
        (" -- the last", "", ":15", "column latest has no description"),
        (
            "voipbin_campaigns",
            "voipbin_campains",
            ":8",
            "voipbin_campains does not exist.*did you mean.*voipbin_campaigns",
        ),
        ("SELECT id, name", "SELECT id, nmae AS name", ":8", "nmae.*did you mean.*name"),
        ("GROUP BY name\n", "GROUP BY name LIMIT\n", "", "cannot be parsed"),
        ("SELECT fruit FROM", "SELECT colour FROM", "", "Example:.*colour"),
        (
            "-- Metric",
            "-- Incremental: target from raw.voipbin_campaigns.id\n-- Metric",
            ":4",
            "is not '<column> or hash",
        ),
        ("-- Metric", "-- Incremental: trget\n-- Metric", "", "trget"),
        (
            "-- Metric",
            "-- Incremental: fruit from raw.voipbin_outplans\n-- Metric",
            "",
            "a table that it does not read",
        ),
        ("-- Metric", "-- Sums: fruit\n-- Metric", ":4", "is not 'from <table>"),
        ("-- Metric", "-- Words: fruit: pear\n-- Metric", ":4", "of its own columns"),
        ("-- Metric", "-- Words: fruit = a, b; price = b, c\n-- Metric", ":4", "two enumerations"),
        ("max(id) AS latest", "max(id) AS price", ":15", "two columns are called price"),
        ("FROM p\nGROUP BY name", "FROM p", "", "GROUP BY"),
    ],
)
def test_a_mistake_is_refused_at_loading(
    tmp_path: Path, old: str, new: str, line: str, complaint: str
) -> None:
    assert old in GOOD
    with pytest.raises(ModelError, match=f"(?s){complaint}") as error:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert error.value.where.startswith(f"sql/reports/fruits.sql{line}")
    assert "\n" not in str(error.value)


def test_a_published_table_needs_an_example_and_an_intermediate_one_does_not(tmp_path: Path) -> None:
    text = "-- One row.\n-- Key: a\nSELECT 1 AS a -- the one"
    with pytest.raises(ModelError, match="no 'Example:'"):
        load(tmp_path / "published", text)
    load(tmp_path / "intermediate", text, "reports/_fruits.sql")


def test_two_files_for_one_table_are_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(ModelError, match=r"reports\.fruits is made by .* too"):
        load(tmp_path, GOOD, "sources/north/reports/fruits.sql")


def test_tables_in_a_circle_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "-- One row.\n-- Key: a\nSELECT a -- it\nFROM core._two", "core/_one.sql")
    with pytest.raises(ModelError, match="in a circle"):
        load(tmp_path, "-- One row.\n-- Key: a\nSELECT a -- it\nFROM core._one", "core/_two.sql")


CALLS = """-- One row per call, by who was called.
-- Key: call
-- Incremental: hash(target)
SELECT
    id AS call, -- the call
    CAST(entity_id AS VARCHAR) AS target, -- who was called
    campaign_id AS campaign -- in which campaign
FROM raw.action_builder_contact_attempts"""
CAMPAIGNS = """-- One row per campaign.
-- Key: campaign
-- Incremental: hash(campaign) across core._calls
SELECT
    campaign, -- the campaign
    count(*) AS calls -- how many
FROM core._calls
GROUP BY campaign"""


def test_a_table_may_be_kept_by_another_key_than_the_table_that_it_reads(tmp_path: Path) -> None:
    root = write(tmp_path, CALLS, "core/_calls.sql")
    models = load_models(write(tmp_path, CAMPAIGNS, "core/_campaigns.sql"), sources=())
    model = models["core._campaigns"]
    assert model.incremental is not None
    assert (model.incremental.inputs, model.incremental.across) == ((), ("core._calls",))
    assert model.keyed_inputs == {"core._calls"}
    assert models["core._calls"].summed == {"campaign"}, "its old campaigns are kept when rows change"
    write(tmp_path, CAMPAIGNS.replace("hash(campaign)", "campaign"), "core/_campaigns.sql")
    plain = load_models(root, sources=())["core._campaigns"].incremental
    assert plain is not None
    assert (plain.of_row, model.incremental.of_row) == ("campaign", "hash(campaign)")


def test_a_table_may_read_one_by_its_own_key_and_another_across_it(tmp_path: Path) -> None:
    write(tmp_path, CALLS, "core/_calls.sql")
    write(tmp_path, CAMPAIGNS, "core/_campaigns.sql")
    text = CAMPAIGNS.replace("across", "from core._campaigns across").replace(
        "FROM core._calls", "FROM core._calls INNER JOIN core._campaigns USING (campaign)"
    )
    model = load_models(write(tmp_path, text, "core/_both.sql"), sources=())["core._both"]
    assert model.incremental is not None
    assert model.incremental.inputs == ("core._campaigns",)
    assert model.incremental.across == ("core._calls",)
    assert model.keyed_inputs == {"core._calls", "core._campaigns"}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        # The column is one of the table's own, and the table behind `across` has none of that name.
        ("campaign, -- the", "campaign AS project, -- the", "'across core._calls': .*project"),
        (
            "across core._calls",
            "across core._cals",
            "'across core._cals' names a table that it does not read; did you mean core._calls",
        ),
        ("core._calls", "raw.action_builder_campaigns", "names a table of a source"),
        ("across core._calls", "across", "is not '<column> or hash"),
        ("across core._calls", "across core._calls.campaign", "is not '<column> or hash"),
    ],
)
def test_a_table_behind_across_must_have_the_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    write(tmp_path, CALLS, "core/_calls.sql")
    text = CAMPAIGNS.replace(old, new)
    if "raw" in new:
        text = text.replace("    campaign, --", "    id AS campaign, --").replace("BY campaign", "BY id")
    if "project" in new:
        text = text.replace("Key: campaign", "Key: project").replace("hash(campaign)", "hash(project)")
    with pytest.raises(ModelError, match=f"(?s){complaint}") as error:
        load(tmp_path, text, "core/_campaigns.sql")
    assert error.value.where.startswith("sql/core/_campaigns.sql")
    assert "\n" not in str(error.value)


WORDS = """-- One row per number.
-- Key: n
-- Words: size = small, large
WITH sized AS (SELECT n, CASE WHEN n < 2 THEN 'small' ELSE 'large' END AS size FROM (VALUES (1), (2)) AS v (n))
SELECT
    n, -- the number
    size, -- small or large
    'it is ''small'' or ' || size AS said -- the same in words
FROM sized"""


def test_words_are_an_enumeration_in_the_table(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reports")
    root = write(tmp_path, WORDS, "reports/_fruits.sql")
    model = read_model(root / "reports" / "_fruits.sql", root)
    build_whole(con, model)
    rows = [(1, "small", "it is 'small' or small"), (2, "large", "it is 'small' or large")]
    assert con.sql("FROM reports._fruits ORDER BY n").fetchall() == rows
    assert con.sql(model.select).order("n").fetchall() == rows
    kinds = {name: kind for name, kind, *_ in con.sql("DESCRIBE reports._fruits").fetchall()}
    assert kinds == {"n": "INTEGER", "size": "ENUM('small', 'large')", "said": "VARCHAR"}
    write(tmp_path, WORDS.replace("'large' END", "upper('large') END"), "reports/_fruits.sql")
    with pytest.raises(ModelError, match="other text than the words of size"):
        build_whole(con, read_model(root / "reports" / "_fruits.sql", root))


def test_the_projects_own_files_load_in_an_order_that_can_be_built() -> None:
    models = load_models()
    done: set[str] = set()
    for model in models.values():
        assert model.upstream & models.keys() <= done, model.table
        done.add(model.table)
        assert model.description.splitlines()[0].startswith("One row"), f"{model.table}: say what one row is"
        assert list(model.types) == list(model.columns), model.table


def test_upstream_is_found_through_every_step() -> None:
    models = load_models()
    names = [model.table for model in with_upstream(models, ["reports.campaign_contact_rates"])]
    assert names[-1] == "reports.campaign_contact_rates"
    assert {"core.observed", "core.attempts"} <= set(names)


LISTS = Source(
    name="lists",
    title="Lists",
    target="a line",
    resources=(
        Resource("lists", "names", "One row per name.", (Field("id", "bigint", "Its id.", required=True),)),
    ),
    has_attempts=False,
)


def test_a_source_without_attempts_has_no_file_of_them(tmp_path: Path) -> None:
    root = write(tmp_path, GOOD)
    (root / "sources" / "lists").mkdir(parents=True)
    assert LISTS.attempts is None
    assert LISTS.lists == LISTS.resources
    assert load_models(root, sources=(LISTS,))["reports.fruits"]
    (root / "sources" / "lists" / "attempts.sql").write_text("SELECT 1 AS native_id\n", encoding="utf-8")
    with pytest.raises(ModelError, match="gives attempts of a source that has none; delete it"):
        load_models(root, sources=(LISTS,))


def test_a_source_with_attempts_needs_the_file(tmp_path: Path) -> None:
    source = replace(LISTS, has_attempts=True)
    with pytest.raises(ModelError, match=r"sql/sources/lists/attempts\.sql: is missing"):
        load_models(write(tmp_path, GOOD), sources=(source,))
