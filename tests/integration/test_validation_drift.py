"""Figures are compared with those last published, and both numbers are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.refresh import refresh as run_refresh
from pipelines.settings import Settings
from pipelines.validation.drift import DRIFT_RULES, ENOUGH
from pipelines.validation.engine import evaluate
from pipelines.validation.results import detail
from pipelines.validation.rule import Finding
from pipelines.warehouse import run_log
from pipelines.warehouse.connection import Warehouse
from pipelines.warehouse.run_log import FIGURES, MEMORY, remember_published
from tests.support import build, ledger

ABOUT_ATTEMPTS = [rule for rule in DRIFT_RULES if rule.table == "core.attempts"]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """200 attempts of Outreach, a tenth of them contacts."""
    connection = ledger()
    build(connection)
    add(connection, "outreach", 200, contacts=20)
    yield connection
    connection.close()


def add(
    con: duckdb.DuckDBPyConnection, source: str, rows: int, *, contacts: int = 0, value: str = "No Answer"
) -> None:
    con.execute(
        "INSERT INTO core.attempts BY NAME SELECT $1 || ':x:' || uuid() AS attempt_key, $1 AS source, "
        "CASE WHEN range < $3 THEN 'contacted' WHEN $4 = 'mystery' THEN 'unknown' ELSE 'no_contact' END "
        "AS disposition, "
        "CASE WHEN range < $3 THEN 'Answered' ELSE $4 END AS raw_disposition, TRUE AS is_attempt, "
        "range < $3 AS is_contact, TRUE AS measures_contact FROM range($2)",
        [source, rows, contacts, value],
    )


def broken(con: duckdb.DuckDBPyConnection) -> dict[str, Finding]:
    findings = evaluate(con, ABOUT_ATTEMPTS)
    assert [finding.error for finding in findings if finding.error] == []
    return {finding.rule.name: finding for finding in findings if not finding.passed}


def publish(con: duckdb.DuckDBPyConnection, run: str = "r1") -> None:
    remember_published(Warehouse(con, Settings()), run)


def test_the_first_run_has_nothing_to_be_compared_with(con: duckdb.DuckDBPyConnection) -> None:
    assert broken(con) == {}


def test_the_same_again_is_no_drift(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    assert broken(con) == {}


def test_ordinary_growth_is_no_drift(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    add(con, "outreach", 50, contacts=4)
    assert broken(con) == {}


def test_attempts_that_vanish(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    con.execute(
        "DELETE FROM core.attempts WHERE attempt_key IN "
        "(SELECT attempt_key FROM core.attempts WHERE NOT is_contact LIMIT 10)"
    )
    finding = broken(con)["attempts_do_not_vanish"]
    assert [(row["scope"], row["last"], row["now"]) for row in finding.sample] == [("outreach", 200.0, 190.0)]
    assert "last 200.0, now 190.0" in str(detail(finding))


def test_a_source_that_vanishes(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    con.execute("DELETE FROM core.attempts")
    finding = broken(con)["attempts_do_not_vanish"]
    assert [(row["scope"], row["last"], row["now"]) for row in finding.sample] == [("outreach", 200.0, None)]


def test_attempts_that_explode(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    add(con, "outreach", 201, contacts=20)
    assert set(broken(con)) == {"attempts_do_not_explode"}


def test_a_small_source_may_grow_as_it_likes(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "voipbin", ENOUGH - 1)
    publish(con)
    add(con, "voipbin", 5000, contacts=4000)
    assert set(broken(con)) == {"no_value_is_new"}  # it had never reached anybody


def test_a_contact_rate_that_jumps(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    add(con, "outreach", 20, contacts=20)
    (row,) = broken(con)["contact_rate_does_not_jump"].sample
    assert (row["scope"], row["last"], round(row["now"], 4)) == ("outreach", 0.1, 0.1818)


def test_unknown_dispositions_that_jump_and_a_value_never_met(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    add(con, "outreach", 6, value="mystery")
    found = broken(con)
    assert set(found) == {"unknown_share_does_not_jump", "no_value_is_new"}
    (row,) = found["no_value_is_new"].sample
    assert (row["scope"], row["last"], row["now"]) == ("outreach mystery", None, 6.0)


def test_a_new_source_is_no_drift(con: duckdb.DuckDBPyConnection) -> None:
    publish(con)
    add(con, "voipbin", 500, contacts=400)
    assert broken(con) == {}


def test_the_latest_publication_counts(con: duckdb.DuckDBPyConnection) -> None:
    publish(con, "r1")
    add(con, "outreach", 201, contacts=20)
    assert broken(con)
    publish(con, "r2")
    assert broken(con) == {}


def test_a_publication_of_the_same_figures_is_kept_once(con: duckdb.DuckDBPyConnection) -> None:
    publish(con, "r1")
    publish(con, "r2")
    assert con.sql(f"SELECT DISTINCT run_id FROM {MEMORY}").fetchall() == [("r1",)]
    add(con, "outreach", 1)
    publish(con, "r3")
    publish(con, "r4")
    assert con.sql(f"SELECT DISTINCT run_id FROM {MEMORY} ORDER BY ALL").fetchall() == [("r1",), ("r3",)]


def test_old_publications_are_forgotten(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "PUBLICATIONS_KEPT", 3)
    for number in range(5):
        add(con, "outreach", 1)
        publish(con, f"r{number}")
    runs = con.sql(f"SELECT DISTINCT run_id FROM {MEMORY} ORDER BY run_id").fetchall()
    assert runs == [("r2",), ("r3",), ("r4",)]
    (now,) = con.sql(f"SELECT count(*) FROM ({FIGURES})").fetchall()[0]
    (kept,) = con.sql(f"SELECT count(*) FROM {MEMORY}").fetchall()[0]
    assert kept == 3 * now


@pytest.mark.parametrize(
    ("files", "suspicious"),
    [
        ([100], True),
        ([100, 100], True),
        ([100, 37], False),
        ([500, 500], True),
        ([99], False),
        ([0], False),
        ([300], False),
    ],
)
def test_row_counts_of_whole_pages(
    con: duckdb.DuckDBPyConnection, files: list[int], suspicious: bool
) -> None:
    for number, rows in enumerate(files):
        con.execute(
            "INSERT INTO quality.row_accounting BY NAME SELECT 'outreach' AS source, 'calls' AS resource, "
            "$1 AS file, $2 AS rows_in_file",
            [f"{number}.json", rows],
        )
    (rule,) = (rule for rule in DRIFT_RULES if rule.name == "row_counts_are_no_whole_pages")
    (finding,) = evaluate(con, [rule])
    assert finding.error is None
    assert finding.passed is not suspicious


def calls(first: int, count: int, *, answered: int, outcome: str = "No Answer") -> str:
    rows = [
        {
            "id": first + number,
            "prospectId": first + number,
            "direction": "outbound",
            "state": "complete",
            "outcome": "Answered" if number < answered else outcome,
            "createdAt": "2026-03-01T12:00:00Z",
        }
        for number in range(count)
    ]
    return json.dumps(rows)


def test_whole_runs_compare_with_what_was_last_published(tmp_path: Path) -> None:
    """End to end: the first run has nothing to compare, the same again is no drift, and both numbers are published."""
    settings = Settings(landing=tmp_path / "landing", output=tmp_path / "output")
    folder = settings.landing / "outreach" / "calls"
    folder.mkdir(parents=True)

    def warned(run: str) -> dict[str, str]:
        run_refresh(settings, run)
        with duckdb.connect(settings.published_path, read_only=True) as con:
            found = con.execute(
                "SELECT check_name, detail FROM quality.check_results WHERE NOT passed"
            ).fetchall()
        return {name: text for name, text in found if name in {rule.name for rule in DRIFT_RULES}}

    (folder / "1.json").write_text(calls(1, 120, answered=12), encoding="utf-8")
    assert warned("first") == {}
    assert warned("again") == {}
    (folder / "2.json").write_text(calls(1000, 180, answered=160, outcome="Mystery"), encoding="utf-8")
    found = warned("much more")
    assert found.keys() == {
        "attempts_do_not_explode",
        "contact_rate_does_not_jump",
        "unknown_share_does_not_jump",
        "no_value_is_new",
    }
    assert "last 120.0, now 300.0" in found["attempts_do_not_explode"]
    assert "last 0.1, now 0.57" in found["contact_rate_does_not_jump"]
    assert warned("the same") == {}
