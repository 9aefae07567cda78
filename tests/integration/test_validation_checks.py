"""What Dagster ends up holding: evaluations, severity and metadata, and what a broken rule keeps from being built."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg
import duckdb
import pytest

from pipelines.models.sql_files import load_models
from pipelines.orchestration.checks import RuleNameError, build_checks, check_result, without_personal_data
from pipelines.settings import Settings
from pipelines.sources import RESOURCES
from pipelines.validation import Rule, load_rules
from pipelines.validation.engine import evaluate
from pipelines.validation.results import detail, observed
from pipelines.validation.rule import Finding, Severity, filled
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.tables import write_settings
from tests.support import ledger


def breaks(table: str, name: str, severity: Severity = "error") -> Rule:
    return Rule(
        table, name, f"{name}, in words.", severity, query=f"SELECT id, note FROM {table} WHERE id > 1"
    )


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    con = ledger()
    for table in ("core.a", "core.b", "reports.c"):
        con.execute(f"CREATE TABLE {table} AS SELECT range AS id, '<b>''x''</b>' AS note FROM range(2)")
    yield Warehouse(con, Settings())
    con.close()


def break_table(con: duckdb.DuckDBPyConnection, table: str) -> None:
    con.execute(f"INSERT INTO {table} SELECT range, '<b>''x''</b>' FROM range(2, 16)")


def run(
    warehouse: Warehouse, rules: Sequence[Rule], *, select: dg.AssetSelection | None = None
) -> tuple[dg.ExecuteInProcessResult, list[str]]:
    """Run core/a → core/b → reports/c with the rules' checks; the result, and the assets that were built."""
    built: list[str] = []

    def asset(table: str, *deps: str) -> dg.AssetsDefinition:
        @dg.asset(key=table.split("."), deps=[dep.split(".") for dep in deps])
        def build() -> None:
            built.append(table)

        return build

    definitions = dg.Definitions(
        assets=[asset("core.a"), asset("core.b", "core.a"), asset("reports.c", "core.b")],
        asset_checks=build_checks(rules),
        jobs=[
            dg.define_asset_job(
                "job", selection=select or dg.AssetSelection.assets("core/a", "core/b", "reports/c")
            )
        ],
        resources={"warehouse": warehouse},
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("job").execute_in_process(
            instance=instance, raise_on_error=False
        )
    return result, built


def evaluations(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {
        (evaluation.asset_key.to_user_string(), evaluation.check_name): evaluation
        for evaluation in result.get_asset_check_evaluations()
    }


def test_good_rules_pass_with_their_counts(warehouse: Warehouse) -> None:
    result, built = run(
        warehouse, [breaks("core.a", "first"), breaks("core.b", "second"), breaks("reports.c", "third")]
    )
    assert result.success
    assert built == ["core.a", "core.b", "reports.c"]
    held = evaluations(result)
    assert set(held) == {("core/a", "first"), ("core/b", "second"), ("reports/c", "third")}
    for evaluation in held.values():
        assert evaluation.passed
        assert evaluation.blocking
        assert evaluation.severity == dg.AssetCheckSeverity.ERROR
        metadata = {name: value.value for name, value in evaluation.metadata.items()}
        evaluated_at = metadata.pop("evaluated_at")
        assert isinstance(evaluated_at, float)
        assert abs(time.time() - evaluated_at) < 60
        assert metadata == {
            "observed": "0 offending, 2 rows checked",
            "offending_rows": 0,
            "checked_rows": 2,
        }


def test_a_broken_error_rule_stops_what_follows(warehouse: Warehouse) -> None:
    break_table(warehouse.con, "core.a")
    result, built = run(warehouse, [breaks("core.a", "first"), breaks("core.b", "second")])
    assert not result.success
    assert built == ["core.a"]
    evaluation = evaluations(result)["core/a", "first"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert evaluation.metadata["offending_rows"].value == 14
    assert evaluation.metadata["checked_rows"].value == 16
    assert evaluation.metadata["observed"].value == "14 offending, 16 rows checked"
    assert evaluation.metadata["detail"].value == "id 2, note <b>'x'</b>"
    assert evaluation.description == "14 offending, 16 rows checked; id 2, note <b>'x'</b>"
    sample = evaluation.metadata["sample"]
    assert isinstance(sample, dg.TableMetadataValue)
    assert [record.data for record in sample.records] == [
        {"id": str(number), "note": "<b>'x'</b>"} for number in range(2, 12)
    ]


def test_a_broken_warn_rule_stops_nothing(warehouse: Warehouse) -> None:
    break_table(warehouse.con, "core.a")
    result, built = run(warehouse, [breaks("core.a", "first", "warn")])
    assert result.success
    assert built == ["core.a", "core.b", "reports.c"]
    evaluation = evaluations(result)["core/a", "first"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_a_rule_that_cannot_be_evaluated_is_an_error(warehouse: Warehouse) -> None:
    warehouse.con.execute("DROP TABLE core.a")
    result, built = run(warehouse, [breaks("core.a", "first", "warn"), breaks("core.b", "second")])
    assert not result.success
    assert built == ["core.a"]
    evaluation = evaluations(result)["core/a", "first"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert evaluation.metadata["observed"].value == "could not be evaluated"
    assert "a does not exist" in str(evaluation.metadata["detail"].value)
    ((logged, why),) = warehouse.con.sql("SELECT observed, detail FROM landing.check_log").fetchall()
    assert (logged, why) == ("could not be evaluated", evaluation.metadata["detail"].value)


def test_hashed_dagster_keeps_no_value_of_a_personal_column(warehouse: Warehouse) -> None:
    """The number called is personal in raw.outreach_calls: neither it nor a message that quotes it is kept."""
    con = warehouse.con
    con.execute(
        """INSERT INTO raw.outreach_calls BY NAME SELECT 7 AS id, '+15555550143' AS "to", 'up' AS direction"""
    )
    rules = [
        Rule(
            "core.a",
            "shows",
            "Of another table.",
            "warn",
            query='SELECT id, "to", direction FROM raw.outreach_calls',
        ),
        Rule(
            "core.a",
            "fails",
            "Quotes what it cannot convert.",
            query='SELECT CAST("to" AS DATE) AS day FROM raw.outreach_calls',
        ),
    ]
    told = evaluations(run(warehouse, rules)[0])
    assert told["core/a", "shows"].metadata["detail"].value == "id 7, to +15555550143, direction up"
    assert "+15555550143" in str(told["core/a", "fails"].metadata["detail"].value)

    write_settings(con, Settings(personal_data="hash"))
    told = evaluations(run(warehouse, rules)[0])
    assert "5555550143" not in str(told)
    shows, fails = told["core/a", "shows"], told["core/a", "fails"]
    sample = shows.metadata["sample"]
    assert isinstance(sample, dg.TableMetadataValue)
    assert [record.data for record in sample.records] == [{"id": "7", "to": "(withheld)", "direction": "up"}]
    assert shows.description == "1 offending, 2 rows checked; id 7, to (withheld), direction up"
    assert fails.description == "could not be evaluated; (withheld)"
    # The warehouse, which is never published, keeps both.
    logged = dict(con.sql("SELECT check_name, detail FROM landing.check_log").fetchall())
    assert logged["shows"] == "id 7, to +15555550143, direction up"
    assert "+15555550143" in logged["fails"]


def test_the_sample_of_an_expectation_is_hidden_by_column_too(warehouse: Warehouse) -> None:
    warehouse.con.execute(
        """INSERT INTO raw.outreach_calls BY NAME SELECT 7 AS id, '+15555550143' AS "to" """
    )
    (finding,) = evaluate(warehouse.con, [filled("raw.outreach_calls", "direction", ("id", "to"))])
    assert detail(finding) is not None
    assert "+15555550143" in str(detail(finding))
    assert [
        {name: row[name] for name in ("id", "to")}
        for row in without_personal_data(warehouse.con, finding).sample
    ] == [{"id": 7, "to": "(withheld)"}]


def test_a_check_waits_for_every_table_it_looks_at() -> None:
    """A rule of one table that reads another is evaluated after both are built."""
    rule = Rule(
        "core.a",
        "both",
        "Both.",
        query="SELECT b.id FROM core.b AS b WHERE b.id NOT IN (SELECT id FROM core.a)",
    )
    (checks,) = build_checks([rule])
    (spec,) = checks.check_specs
    assert {dep.asset_key for dep in spec.additional_deps} == {dg.AssetKey(["core", "b"])}


def test_a_selection_takes_the_checks_it_names(warehouse: Warehouse) -> None:
    rules = [breaks("core.a", "first"), breaks("core.a", "second"), breaks("core.b", "third")]
    select = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey(["core", "a"]), "second"))
    result, built = run(warehouse, rules, select=select)
    assert result.success
    assert built == []
    assert set(evaluations(result)) == {("core/a", "second")}


def test_the_log_holds_the_latest_result_of_each_check(warehouse: Warehouse) -> None:
    rules = [breaks("core.a", "first"), breaks("core.b", "second", "warn")]
    first, _ = run(warehouse, rules)
    break_table(warehouse.con, "core.b")
    second, _ = run(warehouse, rules)
    logged = warehouse.con.sql(
        "SELECT table_name, check_name, severity, passed, observed, detail, run_id "
        "FROM landing.check_log ORDER BY ALL"
    ).fetchall()
    assert first.run_id != second.run_id
    assert logged == [
        # Found again as it was: the log still tells which run found it first.
        ("core.a", "first", "ERROR", True, "0 offending, 2 rows checked", None, first.run_id),
        (
            "core.b",
            "second",
            "WARN",
            False,
            "14 offending, 16 rows checked",
            "id 2, note <b>'x'</b>",
            second.run_id,
        ),
    ]
    ((late, zone_free),) = warehouse.con.sql(
        "SELECT min(checked_at) > TIMESTAMP '2026-01-01', "
        "max(checked_at) <= (now() AT TIME ZONE 'UTC') + INTERVAL 1 MINUTE FROM landing.check_log"
    ).fetchall()
    assert (late, zone_free) == (True, True)


def test_a_failed_run_logs_its_findings_too(warehouse: Warehouse) -> None:
    break_table(warehouse.con, "core.a")
    result, _ = run(warehouse, [breaks("core.a", "first")])
    assert not result.success
    assert warehouse.con.sql("SELECT check_name, passed FROM landing.check_log").fetchall() == [
        ("first", False)
    ]


def test_a_retired_rule_leaves_the_log(warehouse: Warehouse) -> None:
    break_table(warehouse.con, "core.a")
    run(
        warehouse,
        [breaks("core.a", "first", "warn"), breaks("core.b", "second"), breaks("reports.c", "third")],
    )
    run(warehouse, [breaks("core.b", "second")])
    logged = warehouse.con.sql("SELECT table_name, check_name FROM landing.check_log ORDER BY ALL").fetchall()
    assert logged == [("core.b", "second"), ("reports.c", "third")]


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(RuleNameError, match=r"^core\.a: two rules have the same name, first; rename one"):
        build_checks([breaks("core.a", "first"), breaks("core.a", "first")])


def test_every_published_table_is_checked_and_no_other() -> None:
    """Except the tables of schema quality that are lists, kept as they come."""
    models = load_models()
    published = {model.table for model in models.values() if not model.internal}
    raw = {f"raw.{resource.table}" for resource in RESOURCES}
    checked = {rule.table for rule in load_rules()}
    assert checked <= raw | published
    assert {table for table in raw | published if not table.startswith("quality.")} <= checked


def test_every_check_tells_its_rule_in_words() -> None:
    for checks in build_checks():
        for spec in checks.check_specs:
            assert spec.description
            assert spec.blocking
            assert spec.metadata["severity"] in {"error", "warn"}


def test_long_values_are_cut() -> None:
    finding = Finding(
        breaks("core.a", "first"), passed=False, offending=1, checked=1, sample=({"note": "x" * 9000},)
    )
    assert observed(finding) == "1 offending, 1 rows checked"
    # The cell is cut, and so is what a row of long cells comes to.
    assert detail(finding) == f"note {'x' * 199}…"
    wide = replace(finding, sample=({"note": "x" * 9000, "name": "y" * 9000},))
    assert len(str(detail(wide))) == 300
    assert len(str(detail(replace(finding, sample=(), error="z" * 9000)))) == 300
    sample = check_result(finding).metadata["sample"]
    assert isinstance(sample, dg.TableMetadataValue)
    assert len(str(sample.records[0].data["note"])) == 200
