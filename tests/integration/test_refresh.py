"""The whole pipeline on the sample: its numbers against the recount, what it publishes, and what Dagster keeps.

Belongs here: what `refresh` promises to users of the published file, the page and the web UI. Does not belong here:
the rules of single tables (tests/sql), shapes of files (test_ingest) and the command line (test_command).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.definitions import build_defs
from pipelines.settings import SAMPLE, Settings
from tests.recount.across import Across
from tests.recount.comparison import assert_communications_counted, assert_counted
from tests.recount.people import Matched, facts, match
from tests.recount.rates import wilson
from tests.recount.recount import TABLES as COUNTED
from tests.recount.recount import Recount
from tests.recount.rows import Rows
from tests.recount.tables import TABLES as RAW
from tests.recount.tables import Landing, read_landing
from tests.sql.test_across_recount import RECOUNTED, given_of
from tests.support import fetch

CONTRACT = {
    "core.attempts": """
        VARCHAR attempt_key source campaign_key campaign_name target_key channel direction attempted_at_basis disposition
            raw_disposition agent_key
        TIMESTAMP attempted_at ended_at
        INTEGER attempt_number destination_index try_count
        BOOLEAN is_attempt is_contact is_automated
    """,
    "replay.target_outcomes": """
        VARCHAR outdial_target_id outdial_id campaign_id status outcome platform_status status_agreement tries_agreement
        BOOLEAN ever_reached
        INTEGER try_count_0 try_count_1 try_count_2 try_count_3 try_count_4 attempts next_destination_index violations
        TIMESTAMP first_attempt_at last_attempt_at reached_at next_eligible_at as_of
    """,
    "replay.transitions": """
        VARCHAR outdial_target_id campaigncall_id event from_status to_status
        INTEGER sequence destination_index tries_used
        TIMESTAMP occurred_at
    """,
    "replay.violations": """
        VARCHAR outdial_target_id campaigncall_id code verdict detail
        TIMESTAMP occurred_at
    """,
    "reports.campaign_contact_rates": """
        VARCHAR source campaign_key campaign_name
        INTEGER targets targets_attempted targets_contacted attempts contacts
        DOUBLE contact_rate_per_attempt contact_rate_per_attempt_low contact_rate_per_attempt_high
            contact_rate_per_target contact_rate_per_target_low contact_rate_per_target_high penetration
            attempts_per_contact
        TIMESTAMP first_attempt_at last_attempt_at as_of
    """,
    "reports.campaign_dispositions": """
        VARCHAR source campaign_key disposition
        INTEGER attempts targets
        DOUBLE share_of_attempts share_of_targets
    """,
    "reports.campaign_outcomes": """
        VARCHAR campaign_id outcome
        INTEGER targets
        DOUBLE share
    """,
    "reports.attempt_curve": """
        VARCHAR source campaign_key
        INTEGER attempt_number at_risk contacts
        DOUBLE hazard hazard_low hazard_high cumulative_incidence
    """,
    "quality.row_accounting": """
        VARCHAR source resource file
        INTEGER rows_read rows_accepted rows_superseded rows_rejected
    """,
    "quality.rejected_rows": """
        VARCHAR source resource file reason field value record detail
        INTEGER position
    """,
    "quality.check_results": """
        VARCHAR table_name check_name severity observed detail
        BOOLEAN passed
        TIMESTAMP checked_at
    """,
}
"""The tables that users may rely on: their columns under the type that each must have. INTEGER is any whole number."""


@dataclass
class Refresh:
    """One run of the job `refresh`: its result, and a fingerprint of each table that it published."""

    settings: Settings
    result: dg.ExecuteInProcessResult
    instance: dg.DagsterInstance
    digests: dict[str, str]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query to the published file."""
        with duckdb.connect(self.settings.published_path, read_only=True) as con:
            return con.execute(sql).fetchall()

    def materialization(self, key: str) -> dg.AssetMaterialization:
        """Dagster's record of an asset's last materialization."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(key.split("/")))
        assert event is not None, f"{key} was never materialized"
        assert event.asset_materialization is not None
        return event.asset_materialization


def run_refresh(settings: Settings, instance: dg.DagsterInstance) -> Refresh:
    result = build_defs(settings).resolve_job_def("refresh").execute_in_process(instance=instance)
    return Refresh(settings, result, instance, digests(settings.published_path))


def digests(path: Path) -> dict[str, str]:
    """A fingerprint of each published table: rows, columns and types. The order of rows makes no difference."""
    with duckdb.connect(path, read_only=True) as con:
        tables = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        return {
            table: hashlib.sha256(
                repr(
                    (
                        con.execute(f"DESCRIBE {table}").fetchall(),
                        sorted(map(repr, con.execute(f"FROM {table}").fetchall())),
                    )
                ).encode()
            ).hexdigest()
            for (table,) in tables
        }


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Refresh:
    """The first run, on a copy of the sample."""
    folder = tmp_path_factory.mktemp("refresh")
    shutil.copytree(SAMPLE, folder / "landing")
    return run_refresh(Settings(landing=folder / "landing", output=folder / "output"), instance)


@pytest.fixture(scope="module")
def second(first: Refresh, tmp_path_factory: pytest.TempPathFactory) -> Refresh:
    """A second run with nothing new, on a copy of the first run's output.

    The content of every file of records is spoiled while its name, size and time stay: a run that opens one of them
    reads nonsense. The user's own files in the landing folder itself are read at every run, so they stay.
    """
    output = tmp_path_factory.mktemp("again") / "output"
    shutil.copytree(first.settings.output, output, symlinks=True)
    for path in first.settings.landing.glob("*/*/**/*"):
        if path.is_file():
            status = path.stat()
            path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with dg.DagsterInstance.ephemeral() as instance:
        return run_refresh(Settings(landing=first.settings.landing, output=output), instance)


@pytest.fixture(scope="module")
def landing() -> Landing:
    return read_landing(SAMPLE)


@pytest.fixture(scope="module")
def recount(landing: Landing) -> Recount:
    return Recount(landing.rows)


# ------------------------------------------------------------------------------------------------ the numbers


NOT_COUNTED = {
    "core.as_of",  # tested below
    "core.dispositions",  # the mapping is input; the recount has one of its own
    "reports.campaign_daily_snapshot",  # tested below
    "quality.check_results", "quality.notices", "quality.run_history",  # they are about the run
    "quality.rejected_rows", "quality.row_accounting",  # tested below
    "core.sources",  # the contracts' own words
    "core.contact_rules",  # the rules are input
    # Tested below, over all systems at once.
    "core.contact_points", "core.attempt_points", "core.person_targets", "core.people", "core.restrictions",
    "compliance.breaches", "reports.contact_rule_audit", "reports.contact_pressure", "reports.system_overlap",
    "reports.people_reached", "reports.contact_trace", "reports.called_hours",
    # Worked by hand in tests/sql: test_across_reports.py and test_contact_rule_counts.py.
    "reports.call_next", "reports.contact_rule_counts", "reports.undeclared_purposes",
    # They sum up other tables for the page: counted again in tests/sql/test_report_headline.py.
    "reports.headline", "reports.headline_sources", "reports.violation_counts", "reports.agreement_counts",
    "reports.campaign_standing", "reports.aapor_coverage", "quality.check_summary",
}  # fmt: skip


@pytest.mark.parametrize("table", COUNTED)
def test_a_table_is_that_of_the_recount(first: Refresh, recount: Recount, table: str) -> None:
    with duckdb.connect(first.settings.published_path, read_only=True) as con:
        assert_counted(con, recount, table)
    assert recount.table(table)


def test_every_published_table_is_counted(first: Refresh) -> None:
    published = {table for table in first.digests if not table.startswith("raw.")}
    assert published - NOT_COUNTED == set(COUNTED)


@pytest.mark.parametrize("recounted", RECOUNTED)
def test_what_was_done_across_systems_is_that_of_the_recount(
    first: Refresh, landing: Landing, recounted: Callable[[duckdb.DuckDBPyConnection, Across], None]
) -> None:
    """Points, marks, breaches, people and their reports. LionDesk's rows are named by the keys that the product gives."""
    messages = "liondesk_contact_communications"
    with duckdb.connect(first.settings.warehouse_path, read_only=True) as con:
        rows: Rows = {**landing.rows, messages: fetch(con, f"FROM raw.{messages}")}
        recounted(con, Across(rows, None, given_of(con)))


def test_people_are_matched_as_the_recount_matches_them(first: Refresh, landing: Landing) -> None:
    with duckdb.connect(first.settings.warehouse_path, read_only=True) as con:
        nicknames = dict(con.execute("SELECT name, first_name FROM landing.nicknames").fetchall())
        found = fetch(
            con, "SELECT target_key, person_key, basis, strength, is_ambiguous FROM core.person_targets"
        )
    assert {row["target_key"]: Matched(**row) for row in found} == match(facts(landing.rows), nicknames)


def test_communications_are_those_of_the_recount(first: Refresh, recount: Recount) -> None:
    with duckdb.connect(first.settings.published_path, read_only=True) as con:
        assert_communications_counted(con, recount)


def test_the_moment_is_the_latest_that_happened(first: Refresh, recount: Recount) -> None:
    assert first.query("SELECT as_of FROM core.as_of") == [(recount.as_of,)]


def test_the_days_figures_are_the_campaigns_rates(first: Refresh) -> None:
    columns = [row[0] for row in first.query("DESCRIBE reports.campaign_daily_snapshot")]
    columns.remove("published_on")
    of_the_day, rates = (
        first.query(f"SELECT {', '.join(columns)} FROM reports.{table} ORDER BY ALL")
        for table in ("campaign_daily_snapshot", "campaign_contact_rates")
    )
    assert of_the_day == rates
    assert len(first.query("SELECT DISTINCT published_on FROM reports.campaign_daily_snapshot")) == 1


def test_an_attempts_interval_is_at_least_as_wide_as_wilsons(first: Refresh) -> None:
    """Attempts of one target are alike or, where a contact ends them, at most as good as independent."""
    for attempts, contacts, rate, low, high in first.query("""
        SELECT attempts, contacts, contact_rate_per_attempt, contact_rate_per_attempt_low,
            contact_rate_per_attempt_high
        FROM reports.campaign_contact_rates WHERE attempts > 0
    """):
        independent = wilson(contacts, attempts)
        assert 0 <= low <= rate <= high <= 1
        assert high - low >= independent[1] - independent[0] - 1e-9


# ------------------------------------------------------------------------------------------- rows, read and kept


@pytest.mark.parametrize("table", RAW)
def test_a_raw_table_holds_the_rows_of_its_files(first: Refresh, landing: Landing, table: str) -> None:
    """The latest version of every key, field by field, as far as the reader knows the fields."""
    columns = list(RAW[table].fields)
    quoted = ", ".join(f'"{column}"' for column in columns)
    published = first.query(f"SELECT {quoted} FROM raw.{table}")
    expected = [tuple(row[column] for column in columns) for row in landing.rows[table]]
    assert Counter(tuple(map(plain, row)) for row in published) == Counter(
        tuple(map(plain, row)) for row in expected
    )


def plain(value: Any) -> Any:
    """A value that can be counted: of an address what is dialled, None when there is nothing; a list as a tuple."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        dialed = (value.get("type"), value.get("target"))
        return dialed if all(dialed) else None
    return value


def test_every_row_read_is_accounted_for(first: Refresh, landing: Landing) -> None:
    accounting = first.query("""
        SELECT source || '_' || resource, file, rows_read, rows_accepted, rows_superseded, rows_rejected
        FROM quality.row_accounting
    """)
    accepted = Counter[str]()
    for table, _, read, taken, superseded, rejected in accounting:
        assert read == taken + superseded + rejected
        accepted[table] += taken
    assert accepted == {table: len(rows) for table, rows in landing.rows.items()}
    assert {file: (read, rejected) for _, file, read, *_, rejected in accounting} == {
        file.path: (file.rows_read, file.rejected.total()) for file in landing.files
    }


def test_accepted_rows_are_the_rows_of_the_raw_tables(first: Refresh) -> None:
    accepted = first.query(
        "SELECT source, resource, sum(rows_accepted) FROM quality.row_accounting GROUP BY ALL"
    )
    assert len(accepted) == len(RAW)
    for source, resource, count in accepted:
        assert first.query(f"SELECT count(*) FROM raw.{source}_{resource}") == [(count,)], (source, resource)


def test_the_same_file_twice_counts_once(first: Refresh) -> None:
    twice = dict(
        first.query("""
        SELECT file, (rows_read, rows_accepted, rows_superseded) FROM quality.row_accounting
        WHERE file LIKE '%2026-10-30_delta%'
    """)
    )
    accepted = sorted(counts[1] for counts in twice.values())
    assert len(twice) == 2
    assert accepted[0] == 0 < accepted[1]
    assert all(read == accepted + superseded for read, accepted, superseded in twice.values())


def test_rejected_rows_say_where_they_stood_and_why(first: Refresh, landing: Landing) -> None:
    rejected = first.query(
        "SELECT file, reason, field, value, detail, position, record FROM quality.rejected_rows"
    )
    assert Counter(file for file, *_ in rejected) == {
        file.path: file.rejected.total() for file in landing.files if file.rejected
    }
    assert all(position is not None and record for *_, position, record in rejected)
    assert {(Path(file).name, *why) for file, *why, _, _, _ in rejected} == {
        ("2026-10-30.airbyte.jsonl.gz", "wrong_stream", None, None),
        ("broken_off.ndjson", "unreadable", None, None),
        ("edited_by_hand.csv", "created_at is not a time", "created_at", "yesterday"),
        ("edited_by_hand.csv", "disposition is not one of 0, 1, 2, 3, 4", "disposition", "7"),
        ("edited_by_hand.csv", "id is missing", "id", None),
        ("page-1.json", "no_contact", "contact_id", None),
        ("vendor_example.json", "direction is not one of inbound, outbound", "direction", "string"),
    }
    # What is unreadable, and nothing else, has a detail that says what makes it so.
    assert all((reason == "unreadable") is (detail is not None) for _, reason, _, _, detail, *_ in rejected)


# ----------------------------------------------------------------------------------------------- what is published


def test_every_promised_column_is_published_under_its_type(first: Refresh) -> None:
    integers = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}
    wrong = []
    for table, lines in CONTRACT.items():
        described = {row[0]: row[1] for row in first.query(f"DESCRIBE {table}")}
        kind = ""
        for word in lines.split():
            if word.isupper():
                kind = word
            elif not (found := described.get(word)):
                wrong.append(f"{table}.{word} is missing")
            elif found != kind and not (kind == "INTEGER" and found in integers):
                wrong.append(f"{table}.{word} is {found}, not {kind}")
    assert not wrong, "\n".join(wrong)


def test_published_timestamps_have_no_zone_and_no_id_is_a_uuid(first: Refresh) -> None:
    odd = first.query("""
        SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()
        WHERE NOT internal
            AND (data_type IN ('TIMESTAMP WITH TIME ZONE', 'UUID', 'HUGEINT') OR data_type LIKE 'DECIMAL%'
                OR data_type LIKE 'ENUM%')
    """)
    assert not odd


def test_every_table_and_column_carries_a_comment(first: Refresh) -> None:
    bare = first.query("""
        SELECT schema_name, table_name, NULL FROM duckdb_tables() WHERE NOT internal AND coalesce(trim(comment), '') = ''
        UNION ALL
        SELECT schema_name, table_name, column_name FROM duckdb_columns()
        WHERE NOT internal AND coalesce(trim(comment), '') = ''
    """)
    assert not bare
    assert len(first.query("SELECT 1 FROM duckdb_tables() WHERE NOT internal")) >= len(CONTRACT) + 11


def test_the_oldest_client_reads_everything(first: Refresh, old_duckdb: Callable[..., Any]) -> None:
    code = """
import duckdb
con = duckdb.connect(path, read_only=True)
tables = con.execute("SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() WHERE NOT internal").fetchall()
result = {
    "version": duckdb.__version__,
    "rows": {table: len(con.execute(f"FROM {table}").fetchall()) for table, _ in tables},
    "uncommented": [table for table, comment in tables if not comment],
    "wilson": con.execute("SELECT reports.wilson_low(5, 9), reports.wilson_high(5, 9)").fetchone(),
    "nobody": con.execute("SELECT reports.wilson_low(0, 0), reports.wilson_high(0, 0)").fetchone(),
    "aapor": con.execute("FROM reports.aapor(40, 10, 20, 20, 10, 5, 3, 2, 50, NULL, NULL, NULL)").fetchall(),
    "columns": [c[0] for c in con.description],
}
"""
    found = old_duckdb(code, path=str(first.settings.published_path))
    assert found["version"].startswith("1.2.")
    assert found["rows"] == {
        table: first.query(f"SELECT count(*) FROM {table}")[0][0] for table in first.digests
    }
    assert not found["uncommented"]
    assert found["wilson"] == pytest.approx([0.2667, 0.8112], abs=5e-4)
    assert found["nobody"] == [None, None]
    (rates,) = found["aapor"]
    aapor = dict(zip(found["columns"], rates, strict=True))
    e = 100 / 150  # K / (K + NE)
    assert aapor["rr1"] == pytest.approx(40 / 110)
    assert aapor["rr2"] == pytest.approx(50 / 110)
    assert aapor["rr3"] == pytest.approx(40 / (100 + e * 10))
    assert aapor["rr5"] == pytest.approx(40 / 100)
    assert aapor["coop1"] == pytest.approx(40 / 80)
    assert aapor["con3"] == pytest.approx(80 / 100)


def test_file_and_page_are_of_one_run_and_change_together(first: Refresh) -> None:
    file, page = first.settings.published_path, first.settings.report_path
    assert file.resolve().parent == page.resolve().parent.parent
    ((as_of,),) = first.query("SELECT as_of FROM core.as_of")
    text = page.read_text(encoding="utf-8")
    assert f"{as_of:%Y-%m-%d}" in text or f"{as_of.day} {as_of:%B %Y}" in text
    for (campaign,) in first.query(
        "SELECT campaign_name FROM reports.campaign_contact_rates WHERE source = 'voipbin'"
    ):
        assert campaign.split()[0] in text


def test_old_releases_do_not_pile_up(first: Refresh, second: Refresh) -> None:
    """The release before the last may stay, for a reader that is opening it."""
    assert len(list((first.settings.output / "releases").iterdir())) == 1
    assert len(list((second.settings.output / "releases").iterdir())) <= 2


def test_the_output_folder_holds_what_the_contract_names(first: Refresh) -> None:
    names = {path.name for path in first.settings.output.iterdir()}
    assert {"contact_ledger.duckdb", "report", "warehouse.duckdb"} <= names


def test_the_landing_folder_is_left_alone(first: Refresh) -> None:
    assert {path.relative_to(first.settings.landing) for path in first.settings.landing.rglob("*")} == {
        path.relative_to(SAMPLE) for path in SAMPLE.rglob("*")
    }


# --------------------------------------------------------------------------------------------------- once more


def test_a_second_refresh_reads_and_changes_nothing(first: Refresh, second: Refresh) -> None:
    read = {
        key: metadata["files_read"].value
        for key, metadata in materialized(second).items()
        if key.startswith("raw/")
    }
    assert len(read) == len(RAW)
    assert read == dict.fromkeys(read, 0)
    of_the_run = {"quality.check_results", "quality.run_history", "reports.campaign_daily_snapshot"}
    assert {table: digest for table, digest in second.digests.items() if table not in of_the_run} == {
        table: digest for table, digest in first.digests.items() if table not in of_the_run
    }


def test_tables_about_runs_tell_of_both_runs(first: Refresh, second: Refresh) -> None:
    """The second run repeats every check, adds itself to the history, and publishes the same figures."""
    checks = (
        "SELECT table_name, check_name, severity, passed, observed FROM quality.check_results ORDER BY ALL"
    )
    assert second.query(checks) == first.query(checks)
    before, after = (
        refresh.query("FROM quality.run_history ORDER BY started_at") for refresh in (first, second)
    )
    assert after[:-1] == before
    assert second.query(
        "SELECT run_id, rows_in, published FROM quality.run_history ORDER BY started_at DESC LIMIT 1"
    ) == [(second.result.run_id, 0, True)]
    figures = "SELECT DISTINCT * EXCLUDE (published_on) FROM reports.campaign_daily_snapshot ORDER BY ALL"
    assert second.query(figures) == first.query(figures)


def test_a_second_refresh_builds_nothing_again(second: Refresh) -> None:
    built = {
        key: metadata["built"].value for key, metadata in materialized(second).items() if "built" in metadata
    }
    assert len(built) > 10
    again = {key for key, extent in built.items() if extent != "unchanged"}
    assert again <= {"quality/check_results", "quality/run_history", "reports/campaign_daily_snapshot"}


# ------------------------------------------------------------------------------------------ what Dagster keeps


def test_dagster_holds_rows_columns_and_a_preview_of_every_table(first: Refresh) -> None:
    for table in first.digests:
        schema, name = table.split(".")
        key = f"{schema}/{name}" if schema != "raw" else None
        if key is None:
            continue
        metadata = first.materialization(key).metadata
        ((rows,),) = first.query(f"SELECT count(*) FROM {table}")
        assert metadata["dagster/row_count"].value == rows, key
        columns = metadata["dagster/column_schema"].value.columns  # type: ignore[union-attr]
        assert [column.name for column in columns] == [row[0] for row in first.query(f"DESCRIBE {table}")], (
            key
        )
        assert all(column.description and column.type != "?" for column in columns), key
        assert ("preview" in metadata) == (rows > 0), key


def test_dagster_holds_the_accounting_of_every_ingest(first: Refresh) -> None:
    for source, resource, *counts in first.query("""
        SELECT source, resource, count(*), sum(rows_read), sum(rows_accepted), sum(rows_superseded), sum(rows_rejected)
        FROM quality.row_accounting GROUP BY ALL
    """):
        metadata = first.materialization(f"raw/{source}/{resource}").metadata
        fields = ("files_seen", "rows_read", "rows_accepted", "rows_superseded", "rows_rejected")
        assert [metadata[field].value for field in fields] == counts, (source, resource)
        assert (
            metadata["dagster/row_count"].value
            == first.query(f"SELECT count(*) FROM raw.{source}_{resource}")[0][0]
        )


def test_no_personal_data_shows_in_a_preview(first: Refresh) -> None:
    """The web UI shows no note, name or number of a person."""
    shown = "".join(
        str(metadata["preview"].value)
        for key, metadata in materialized(first).items()
        if "preview" in metadata and key.startswith("raw/")
    )
    notes = [
        note
        for (note,) in first.query(
            "SELECT DISTINCT note FROM raw.action_builder_contact_attempts WHERE length(note) > 5"
        )
    ]
    numbers = [
        to for (to,) in first.query('SELECT DISTINCT "to" FROM raw.outreach_calls WHERE "to" IS NOT NULL')
    ]
    assert notes
    assert numbers
    assert not [text for text in (*notes, *numbers) if text in shown]
    assert "+1" not in shown


def test_columns_lead_back_to_the_columns_they_are_made_from(first: Refresh) -> None:
    """Every origin of a column exists, and three known origins are found."""
    origins: dict[str, set[str]] = {}
    for key, metadata in materialized(first).items():
        if "dagster/column_lineage" in metadata:
            for column, deps in metadata["dagster/column_lineage"].value.deps_by_column.items():
                origins[f"{key}.{column}"] = {
                    f"{'/'.join(dep.asset_key.path)}.{dep.column_name}" for dep in deps
                }
    existing = {
        f"{key}.{column.name}"
        for key, metadata in materialized(first).items()
        if "dagster/column_schema" in metadata
        for column in metadata["dagster/column_schema"].value.columns
    }
    assert not set().union(*origins.values()) - existing
    assert "reports/_target_histories.contacts" in origins["reports/campaign_contact_rates.contacts"]
    assert "core/dispositions.disposition" in origins["core/attempts.disposition"]
    assert "raw/voipbin/campaigncalls.tm_create" in origins["core/attempts.attempted_at"]
    assert "raw/outreach/calls.dialed_at" in origins["core/attempts.attempted_at"]


def test_every_check_was_evaluated_and_no_blocking_one_failed(first: Refresh) -> None:
    evaluations = {
        (check.asset_key, check.check_name): check for check in first.result.get_asset_check_evaluations()
    }
    defined = build_defs(first.settings).resolve_asset_graph().asset_check_keys
    assert set(evaluations) == {(key.asset_key, key.name) for key in defined}
    failed = [
        key
        for key, check in evaluations.items()
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
    ]
    assert not failed
    for key, check in evaluations.items():
        assert check.metadata["observed"].value, key
        if not check.passed and check.severity == dg.AssetCheckSeverity.WARN:
            assert check.metadata["sample"], key


def test_check_results_are_published_as_dagster_has_them(first: Refresh) -> None:
    published = {
        (table, check): (passed, observed, detail)
        for table, check, passed, observed, detail in first.query(
            "SELECT table_name, check_name, passed, observed, detail FROM quality.check_results"
        )
    }
    evaluations = first.result.get_asset_check_evaluations()
    assert len(published) == len(evaluations)
    for check in evaluations:
        schema, *rest = check.asset_key.path
        passed, observed, detail = published[f"{schema}.{'_'.join(rest)}", check.check_name]
        assert passed == check.passed
        assert observed == check.metadata["observed"].value
        assert detail == (check.metadata["detail"].value if "detail" in check.metadata else None)


def test_what_is_wrong_with_the_sample_is_seen(first: Refresh) -> None:
    """The sample has faults on purpose, and the checks warn of them."""
    warned = {
        (table, check)
        for table, check in first.query(
            "SELECT table_name, check_name FROM quality.check_results WHERE NOT passed"
        )
    }
    assert {
        ("raw.voipbin_campaigncalls", "outplans_are_loaded"),
        ("raw.outreach_calls", "dispositions_are_loaded"),
        ("replay.target_outcomes", "no_call_is_stuck"),
        ("replay.target_outcomes", "platform_agrees"),
        ("replay.violations", "no_orphan_calls"),
    } <= warned


# -------------------------------------------------------------------------------------------------------- aids


def materialized(refresh: Refresh) -> dict[str, Any]:
    """Asset key → metadata of what the run materialized."""
    return {
        "/".join(event.asset_key.path): event.step_materialization_data.materialization.metadata
        for event in refresh.result.get_asset_materialization_events()
        if event.asset_key is not None
    }
