"""A column's origins are the columns its value is computed from, however many parts the SELECT has."""

from pipelines.models.incremental import build
from pipelines.models.lineage import column_lineage
from pipelines.models.sql_files import load_models
from tests.support import ledger

COLUMNS = {
    "core.calls": {"id": "INTEGER", "target": "INTEGER", "seconds": "INTEGER"},
    "core.names": {"target": "INTEGER", "name": "VARCHAR", "address": "STRUCT(street VARCHAR)"},
}


def test_through_joins_windows_and_parts() -> None:
    found = column_lineage(
        """
        WITH long AS (SELECT id, target, seconds * 2 AS twice FROM core.calls WHERE seconds > 3),
        ranked AS (SELECT *, row_number() OVER (PARTITION BY target ORDER BY id) AS place FROM long)
        SELECT ranked.place, twice + 1 AS more, n.name, n.address.street AS street, 7 AS constant
        FROM ranked LEFT JOIN core.names AS n ON n.target = ranked.target
        """,
        COLUMNS,
    )
    assert found == {
        "place": [("core.calls", "id"), ("core.calls", "target")],
        "more": [("core.calls", "seconds")],
        "name": [("core.names", "name")],
        "street": [("core.names", "address")],
        "constant": [],
    }


def test_a_union_takes_columns_by_their_place() -> None:
    found = column_lineage(
        "SELECT id AS a, seconds AS b FROM core.calls UNION ALL SELECT target, target FROM core.names",
        COLUMNS,
    )
    assert found == {
        "a": [("core.calls", "id"), ("core.names", "target")],
        "b": [("core.calls", "seconds"), ("core.names", "target")],
    }


def test_every_model_of_the_project_has_its_lineage() -> None:
    con = ledger()
    build(con)
    models = load_models()
    for model in models.values():
        columns = {
            table: {name: kind for name, kind, *_ in con.sql(f"DESCRIBE {table}").fetchall()}
            for table in model.upstream
        }
        found = column_lineage(model.select, columns)
        assert list(found) == list(model.columns), model.table
        assert {
            table for origins in found.values() for table, _ in origins
        } <= model.upstream | model.unions.keys()
    rates = models["reports.campaign_contact_rates"]
    columns = {
        table: {name: kind for name, kind, *_ in con.sql(f"DESCRIBE {table}").fetchall()}
        for table in rates.upstream
    }
    assert column_lineage(rates.select, columns)["contacts"] == [("reports._target_histories", "contacts")]
