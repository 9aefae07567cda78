"""The whole pipeline on the sample: its published numbers against a recount, its hand-over, and what Dagster keeps.

Belongs here: what `refresh` promises to whoever opens the published file, the page or the web UI. Does not belong
here: the rules of single tables (tests/sql), shapes of files (test_ingest) and the command line (test_command).
"""

from __future__ import annotations

import hashlib
import math
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
from tests.integration.recount import Recount

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""

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
"""The published tables that users may rely on: their columns under the type they must have. INTEGER is any whole one."""


@dataclass
class Refresh:
    """One run of `refresh`: its result, what it published, and a fingerprint of each published table."""

    settings: Settings
    result: dg.ExecuteInProcessResult
    instance: dg.DagsterInstance
    digests: dict[str, str]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the published file, as an analyst would ask it."""
        with duckdb.connect(self.settings.published_path, read_only=True) as con:
            return con.execute(sql).fetchall()

    def materialization(self, key: str) -> dg.AssetMaterialization:
        """What Dagster keeps of an asset's last materialization."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(key.split("/")))
        assert event is not None, f"{key} was never materialized"
        assert event.asset_materialization is not None
        return event.asset_materialization


def run_refresh(settings: Settings, instance: dg.DagsterInstance) -> Refresh:
    result = build_defs(settings).resolve_job_def("refresh").execute_in_process(instance=instance)
    return Refresh(settings, result, instance, digests(settings.published_path))


def digests(path: Path) -> dict[str, str]:
    """A fingerprint of every published table's rows, columns and types, whatever their order."""
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
    """Everything from nothing, on a copy of the sample."""
    folder = tmp_path_factory.mktemp("refresh")
    landing = folder / "landing"
    shutil.copytree(SAMPLE, landing)
    return run_refresh(Settings(landing=landing, output=folder / "output"), instance)


@pytest.fixture(scope="module")
def second(first: Refresh, tmp_path_factory: pytest.TempPathFactory) -> Refresh:
    """Once more, with nothing new, from where the first run left off; whoever opens a data file now reads nonsense.

    The files keep their names, sizes and times, so that only their content could tell that they were read again. The
    output is a copy, so that the first run's stays what it was.
    """
    output = tmp_path_factory.mktemp("again") / "output"
    shutil.copytree(first.settings.output, output, symlinks=True)
    for path in first.settings.landing.rglob("*"):
        if path.is_file():
            status = path.stat()
            path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with dg.DagsterInstance.ephemeral() as instance:
        return run_refresh(Settings(landing=first.settings.landing, output=output), instance)


@pytest.fixture(scope="module")
def recount() -> Recount:
    return Recount(SAMPLE)


# ------------------------------------------------------------------------------------------------ the numbers


def test_contact_rates_are_those_of_the_recount(first: Refresh, recount: Recount) -> None:
    published = first.query("""
        SELECT source, campaign_key, targets, targets_attempted, targets_contacted, attempts, contacts,
            contact_rate_per_attempt, contact_rate_per_target, penetration, attempts_per_contact
        FROM reports.campaign_contact_rates
    """)
    expected = {
        (
            *key,
            counted.targets,
            counted.targets_attempted,
            counted.targets_contacted,
            counted.attempts,
            counted.contacts,
            ratio(counted.contacts, counted.attempts),
            ratio(counted.targets_contacted, counted.targets_attempted),
            ratio(counted.targets_attempted, counted.targets) if key[0] == "voipbin" else None,
            ratio(counted.attempts, counted.targets_contacted),
        )
        for key, counted in recount.campaigns.items()
    }
    assert len(expected) == 17
    assert set(published) == expected


def test_a_targets_interval_is_wilsons(first: Refresh) -> None:
    for attempted, contacted, low, high in first.query("""
        SELECT targets_attempted, targets_contacted, contact_rate_per_target_low, contact_rate_per_target_high
        FROM reports.campaign_contact_rates WHERE targets_attempted > 0
    """):
        rate = contacted / attempted
        middle = rate + Z**2 / (2 * attempted)
        half = Z * math.sqrt(rate * (1 - rate) / attempted + Z**2 / (4 * attempted**2))
        assert (low, high) == pytest.approx(
            ((middle - half) / (1 + Z**2 / attempted), (middle + half) / (1 + Z**2 / attempted)), abs=1e-9
        )


def test_an_attempts_interval_is_never_narrower_than_if_attempts_were_independent(first: Refresh) -> None:
    """Attempts of one target are alike or, where a contact ends the attempts, at most as good as independent."""
    for attempts, rate, low, high in first.query("""
        SELECT attempts, contact_rate_per_attempt, contact_rate_per_attempt_low, contact_rate_per_attempt_high
        FROM reports.campaign_contact_rates WHERE attempts > 0
    """):
        independent = (
            Z * math.sqrt(rate * (1 - rate) / attempts + Z**2 / (4 * attempts**2)) / (1 + Z**2 / attempts)
        )
        assert 0 <= low <= rate <= high <= 1
        assert (high - low) / 2 >= independent - 1e-9


def test_dispositions_are_those_of_the_recount(first: Refresh, recount: Recount) -> None:
    published = first.query(
        "SELECT source, campaign_key, disposition, attempts, targets FROM reports.campaign_dispositions"
    )
    assert set(published) == {(*key, *counts) for key, counts in recount.dispositions.items()}
    shares = first.query("""
        SELECT source, campaign_key, sum(share_of_attempts), sum(share_of_targets)
        FROM reports.campaign_dispositions GROUP BY ALL
    """)
    assert all(share == pytest.approx(1) for _, _, *both in shares for share in both)


def test_the_attempt_curve_is_that_of_the_recount(first: Refresh, recount: Recount) -> None:
    published = first.query("""
        SELECT source, campaign_key, attempt_number, at_risk, contacts, hazard
        FROM reports.attempt_curve WHERE campaign_key <> 'all'
    """)
    assert set(published) == {
        (*key, at_risk, contacts, ratio(contacts, at_risk))
        for key, (at_risk, contacts) in recount.curve.items()
    }


def test_the_replays_outcomes_are_those_of_the_recount(first: Refresh, recount: Recount) -> None:
    per_target = first.query("SELECT campaign_id, outcome, count(*) FROM replay.target_outcomes GROUP BY ALL")
    assert {(campaign, outcome): count for campaign, outcome, count in per_target} == recount.outcomes
    reported = first.query("SELECT campaign_id, outcome, targets, share FROM reports.campaign_outcomes")
    totals = Counter[str | None]()
    for (campaign, _), count in recount.outcomes.items():
        totals[campaign] += count
    assert {row[:3]: row[3] for row in reported if row[2]} == {
        (campaign, outcome, count): pytest.approx(count / totals[campaign])
        for (campaign, outcome), count in recount.outcomes.items()
    }


def test_totals_and_the_moment_are_those_of_the_recount(first: Refresh, recount: Recount) -> None:
    assert first.query("SELECT as_of FROM core.as_of") == [(recount.as_of,)]
    assert first.query("SELECT count(*), count(DISTINCT attempt_key) FROM core.attempts") == [
        (len(recount.attempts), len(recount.attempts))
    ]
    assert dict(first.query("SELECT disposition, count(*) FROM core.attempts GROUP BY ALL")) == Counter(
        attempt.disposition for attempt in recount.attempts
    )
    keys = {key for (key,) in first.query("SELECT attempt_key FROM core.attempts WHERE source <> 'liondesk'")}
    assert keys == {attempt.key for attempt in recount.attempts if attempt.source != "liondesk"}


def test_attempt_numbers_run_from_one_in_order_of_time(first: Refresh, recount: Recount) -> None:
    expected = {
        row.key: place
        for targets in recount.histories.values()
        for history in targets.values()
        for place, row in enumerate((row for row in history if row.is_attempt), 1)
        if row.source != "liondesk"  # its keys are the product's own
    }
    published = first.query("""
        SELECT attempt_key, attempt_number FROM core.attempts WHERE attempt_number IS NOT NULL AND source <> 'liondesk'
    """)
    assert dict(published) == expected


# ------------------------------------------------------------------------------------------- rows, read and kept


def test_every_row_read_is_accepted_superseded_or_rejected(first: Refresh, recount: Recount) -> None:
    accounting = first.query("""
        SELECT source || '.' || resource, source || '/' || resource, file, rows_read, rows_accepted, rows_superseded,
            rows_rejected
        FROM quality.row_accounting
    """)
    assert all(
        read == accepted + superseded + rejected for *_, read, accepted, superseded, rejected in accounting
    )
    assert {file: (read, rejected) for _, _, file, read, *_, rejected in accounting} == {
        file.path: (file.rows_read, file.rejected.total()) for file in recount.files
    }
    accepted = Counter[str]()
    for resource, *_, count, _, _ in accounting:
        accepted[resource] += count
    assert accepted == {resource: len(rows) for resource, rows in recount.tables.items()}


def test_accepted_rows_are_the_rows_of_the_raw_tables(first: Refresh) -> None:
    accepted = first.query(
        "SELECT source, resource, sum(rows_accepted) FROM quality.row_accounting GROUP BY ALL"
    )
    assert len(accepted) == 11
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


def test_rejected_rows_say_where_they_stood_and_why(first: Refresh, recount: Recount) -> None:
    rejected = first.query(
        "SELECT file, reason, field, value, detail, position, record FROM quality.rejected_rows"
    )
    assert Counter(file for file, *_ in rejected) == {
        file.path: file.rejected.total() for file in recount.files if file.rejected
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


# ----------------------------------------------------------------------------------------------- the hand-over


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
    """The one before may stay, for whoever is opening it just now."""
    assert len(list((first.settings.output / "releases").iterdir())) == 1
    assert len(list((second.settings.output / "releases").iterdir())) <= 2


def test_the_output_folder_holds_what_the_contract_names_and_the_landing_folder_is_left_alone(
    first: Refresh,
) -> None:
    output = first.settings.output
    assert {"contact_ledger.duckdb", "report", "warehouse.duckdb"} <= {path.name for path in output.iterdir()}
    assert {path.relative_to(first.settings.landing) for path in first.settings.landing.rglob("*")} == {
        path.relative_to(SAMPLE) for path in SAMPLE.rglob("*")
    }


# --------------------------------------------------------------------------------------------------- once more


def test_a_second_refresh_reads_no_data_file_and_changes_no_published_row(
    first: Refresh, second: Refresh
) -> None:
    read = {
        key: metadata["files_read"].value
        for key, metadata in materialized(second).items()
        if key.startswith("raw/")
    }
    assert len(read) == 11
    assert read == dict.fromkeys(read, 0)
    of_the_run = {"quality.check_results", "quality.run_history", "reports.campaign_daily_snapshot"}
    assert {table: digest for table, digest in second.digests.items() if table not in of_the_run} == {
        table: digest for table, digest in first.digests.items() if table not in of_the_run
    }


def test_what_is_published_of_runs_tells_of_the_second_and_still_of_the_first(
    first: Refresh, second: Refresh
) -> None:
    """Three tables are about runs: each check was made again, a run was added, and a day has figures of its own."""
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


def test_no_personal_data_shows_in_a_preview(first: Refresh, recount: Recount) -> None:
    """Notes, names and numbers of people stay out of what the web UI shows of a raw table."""
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
    """Lineage of columns: every origin exists, and a few lead where anybody would follow them to."""
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
    assert "reports/target_histories.contacts" in origins["reports/campaign_contact_rates.contacts"]
    assert "core/attempts_voipbin.disposition" in origins["core/attempts.disposition"]
    assert "raw/voipbin/campaigncalls.tm_create" in origins["core/attempts_voipbin.attempted_at"]


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
    """The sample has faults on purpose; a ledger that warns of none of them has looked at nothing."""
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


def ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None


def materialized(refresh: Refresh) -> dict[str, Any]:
    """Asset key → metadata of what the run materialized."""
    return {
        "/".join(event.asset_key.path): event.step_materialization_data.materialization.metadata
        for event in refresh.result.get_asset_materialization_events()
        if event.asset_key is not None
    }
