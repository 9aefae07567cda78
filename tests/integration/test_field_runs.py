"""Runs over folders that people really have: what a run says at its end, and when it is a failed one.

Belongs here: whole runs over a few files, their exit code, their closing lines and the head of the page. Does not belong
here: why a row is refused (test_ingest_*), and the command line otherwise (test_command).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.definitions import build_defs
from pipelines.ingest import ingest
from pipelines.ingest.files import LandingFolder
from pipelines.settings import Settings
from pipelines.sources import RESOURCE
from pipelines.validation import load_rules
from pipelines.validation.engine import evaluate
from pipelines.validation.results import detail
from tests.integration.started import Started
from tests.landing_folder import Landing

LIONDESK_ALONE = {
    "total": 2, "limit": 10, "skip": 0, "data": [
        {"campaign_name": "New Contact Campaign", "type": "Text Contact", "is_stopped_on_text_reply": True,
         "template_subject": "Import Deadline", "template_name": "Text Template", "template_folder_name": "F",
         "is_active": False, "send_at": "2026-10-12T18:31:35.000Z", "completed_at": "2026-10-12T18:31:36.000Z",
         "send_from_user_id": 3, "completing_user_id": None},
        {"campaign_name": "New Contact Campaign", "type": "Call Contact", "is_stopped_on_text_reply": False,
         "template_subject": "Call", "template_name": "Call", "template_folder_name": "F", "is_active": True,
         "send_at": "2026-10-10T18:31:35.000Z", "completed_at": None, "send_from_user_id": 3,
         "completing_user_id": None}]}  # fmt: skip
"""shared/field/liondesk-alone: the page of one contact."""

OTHER_SENT = [
    {"id": number, "contact_id": 900 + number, "campaign_name": "Open house", "type": "Email Contact",
     "is_active": False, "send_at": f"2026-05-0{number}T09:00:00Z", "completed_at": f"2026-05-0{number}T09:00:05Z"}
    for number in range(1, 6)
]  # fmt: skip


def call(number: int, outcome: str = "Answered") -> str:
    return json.dumps(
        {"id": number, "direction": "outbound", "outcome": outcome, "prospectId": number, "sequenceId": 5,
         "dialedAt": "2026-10-21T15:00:04Z", "updatedAt": "2026-10-21T15:06:12Z"}) + "\n"  # fmt: skip


@dataclass
class Folder:
    """A landing folder, an output folder, and the runs over them."""

    path: Path
    said: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(landing=self.path / "landing", output=self.path / "output")

    def put(self, name: str, text: str) -> Path:
        path = self.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self) -> tuple[int, str]:
        """Carry out a run: its exit code, and what it printed."""
        started = Started(self.settings.output, self.settings.landing)
        code = started.code(600)
        return code, started.text

    def release(self) -> str:
        return self.settings.published_path.resolve().parent.name

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.settings.published_path, read_only=True) as con:
            return con.sql(query).fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path)
    found.settings.landing.mkdir()
    return found


# ------------------------------------------------------------------------------------------ every row is refused


def test_a_run_in_which_every_row_was_refused_fails_until_the_folder_is_mended(folder: Folder) -> None:
    bad = folder.put("outreach/calls/a.jsonl", call(1).replace('"id": 1', '"id": "none"'))
    folder.put("outreach/calls/copy of a.jsonl", bad.read_text(encoding="utf-8"))
    folder.put("liondesk/contact_communications/b.json", json.dumps([{"is_active": "perhaps"}]))
    for _ in range(2):
        code, text = folder.run()
        assert code == 1
        line = next(line for line in text.splitlines() if line.startswith("contact-ledger: "))
        assert "nothing was published; failed checks: quality/row_accounting some_row_is_taken" in line
        assert "every row was refused: 2 rows in 2 files; first reason: " in line
        assert "files: liondesk/contact_communications/b.json, outreach/calls/a.jsonl; correct them" in line
        assert "Traceback" not in text
        assert not folder.settings.published_path.exists()
    bad.write_text(call(1), encoding="utf-8")
    code, text = folder.run()
    assert code == 0
    assert "warning:   2 files gave no row" in text or "warning:   1 file gave no row" in text
    release = folder.release()
    # What was good is rotated away, and what comes is refused: the last good publication stays.
    bad.unlink()
    (folder.settings.landing / "outreach/calls/copy of a.jsonl").unlink()
    folder.put("outreach/calls/c.csv", "id,direction\nx,outbound\n")
    code, text = folder.run()
    assert code == 1
    assert "every row was refused: 2 rows in 2 files" in text
    assert folder.release() == release
    assert folder.rows("SELECT count(*) FROM raw.outreach_calls") == [(1,)]


def test_one_refused_file_beside_good_ones_is_a_warning(folder: Folder) -> None:
    folder.put("outreach/calls/good.jsonl", call(1) + call(2, "Not Answered"))
    assert folder.run()[0] == 0
    folder.put("outreach/calls/bad.csv", "id,direction\nx,outbound\ny,outbound\n")
    folder.put("outreach/calls/mixed.csv", "id,direction\nx,outbound\n9,outbound\n")
    folder.put("outreach/calls/new.csv", "id,direction,shade\n10,outbound,blue\n")
    code, text = folder.run()
    assert code == 0
    assert "rejected   all 2 in outreach/calls/bad.csv; first: id is not a whole number\n" in text
    assert "rejected   1 in outreach/calls/mixed.csv; first: id is not a whole number\n" in text
    assert "warning:   1 file gave no row: correct or remove what is wrong, and run again" in text
    assert "notices    1 (quality.notices): new_field 1\n" in text
    code, again = folder.run()
    assert code == 0
    assert "all 2 in outreach/calls/bad.csv" in again


def test_the_job_fails_in_dagster_too_and_names_the_files_as_the_published_tables_do(folder: Folder) -> None:
    folder.put("outreach/calls/Zebedee Quillfeather.csv", "id,direction\nx,outbound\n")
    settings = Settings(landing=folder.settings.landing, output=folder.settings.output, personal_data="hash")
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            build_defs(settings)
            .resolve_job_def("refresh")
            .execute_in_process(instance=instance, raise_on_error=False)
        )
        events = [dg.serialize_value(each) for each in instance.all_logs(result.run_id)]
    assert not result.success
    failed = [each for each in result.get_asset_check_evaluations() if not each.passed and each.blocking]
    assert {each.check_name for each in failed if each.severity == dg.AssetCheckSeverity.ERROR} == {
        "some_row_is_taken"
    }
    told = str(
        next(each for each in failed if each.check_name == "some_row_is_taken").metadata["detail"].value
    )
    assert re.search(
        r"every row was refused: 1 rows in 1 files; first reason: id is not a whole number; "
        r"files: outreach/calls/[0-9a-f]{16}\.csv; correct them", told,
    )  # fmt: skip
    assert [each for each in events if "zebedee" in each.casefold()] == []


@pytest.mark.parametrize(
    ("files", "broken"),
    [
        ({}, False),
        ({"empty.json": ""}, False),
        ({"header.csv": "id,direction\n"}, False),
        ({"bad.csv": "id,direction\nx,outbound\n"}, True),
        ({"bad.csv": "id,direction\nx,outbound\n", "header.csv": "id,direction\n"}, True),
        ({"bad.csv": "id,direction\nx,outbound\n", "copy.csv": "id,direction\nx,outbound\n"}, True),
        ({"bad.csv": "id,direction\nx,outbound\n", "good.jsonl": call(1)}, False),
        ({"mixed.csv": "id,direction\nx,outbound\n1,outbound\n"}, False),
        ({"page.json": "<html>gone</html>"}, True),
    ],
)  # fmt: skip
def test_when_every_row_is_refused(tmp_path: Path, files: dict[str, str], broken: bool) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    for name, text in files.items():
        landing.put(name, text)
    landing.run()
    assert (refusal(landing) is not None) is broken
    landing.run()
    assert (refusal(landing) is not None) is broken, "as long as the folder is so"


def test_files_that_are_gone_do_not_excuse_those_that_lie_there(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    good = landing.put("good.jsonl", call(1))
    landing.put("bad.csv", "id,direction\nx,outbound\n")
    landing.run()
    assert refusal(landing) is None
    good.unlink()
    landing.run()
    assert refusal(landing) == (
        "every row was refused: 1 rows in 1 files; first reason: id is not a whole number; "
        "files: outreach/calls/bad.csv; correct them and run again"
    )
    landing.put("good.jsonl", call(1))
    landing.run()
    assert refusal(landing) is None
    landing.put("good.jsonl", call(1).replace("outbound", "sideways"))  # the version before it does not count
    landing.run()
    assert "2 rows in 2 files" in str(refusal(landing))


def test_another_resource_with_rows_is_enough(tmp_path: Path) -> None:
    landing = Landing(tmp_path, "outreach.calls")
    landing.put("bad.csv", "id,direction\nx,outbound\n")
    landing.run()
    other = landing.path / "outreach" / "sequences" / "a.csv"
    other.parent.mkdir()
    other.write_text("id,name\n1,Autumn\n", encoding="utf-8")
    ingest(landing.con, RESOURCE["outreach.sequences"], LandingFolder(landing.path), landing.work)
    assert refusal(landing) is None


def refusal(landing: Landing) -> str | None:
    """What the rule says; None if it holds."""
    landing.con.execute("CREATE OR REPLACE VIEW quality.row_accounting AS SELECT 1 AS one")
    (rule,) = (rule for rule in load_rules() if rule.name == "some_row_is_taken")
    assert rule.severity == "error"
    (finding,) = evaluate(landing.con, [rule])
    assert finding.error is None
    assert finding.passed is (finding.sample == ())
    return detail(finding)


# ------------------------------------------------------------------------------------------------- closing lines


def test_a_source_that_measures_no_contact_has_reports_all_the_same(folder: Folder) -> None:
    folder.put("liondesk/contact_communications/contacts/76/page-1.json", json.dumps(LIONDESK_ALONE))
    code, text = folder.run()
    assert code == 0
    assert "reports are empty" not in text
    assert "no contact rate can be given; reports with rows: reports.campaign_dispositions (2), " in text
    assert "reports.scheduled_communications (2)\n" in text
    assert "LionDesk's 2 rows say that something was sent, not that anybody was reached" in text
    page = folder.settings.report_path.read_text(encoding="utf-8")
    finding = re.search(r'id="finding">(.+?)</p>', page)
    assert finding is not None
    assert finding[1] == "LionDesk cannot tell whether anybody was reached: no contact rate can be given."
    assert "No contact attempt is in this report" not in page


def test_the_source_is_named_beside_others_too(folder: Folder) -> None:
    folder.put("liondesk/contact_communications/sent.json", json.dumps(OTHER_SENT))
    folder.put("outreach/calls/a.jsonl", call(1))
    code, text = folder.run()
    assert code == 0
    assert "LionDesk's 5 rows say that something was sent, not that anybody was reached" in text
    assert "Contact rates as of" in text
    assert "no contact rate can be given" not in text


def test_lists_without_attempts_give_no_rates(folder: Folder) -> None:
    folder.put("outreach/sequences/a.csv", "id,name\n1,Autumn\n")
    code, text = folder.run()
    assert code == 0
    assert "no contact attempts in the landing folder" in text
    assert "say that something was sent" not in text
    assert "No contact attempt is in this report" in folder.settings.report_path.read_text(encoding="utf-8")
