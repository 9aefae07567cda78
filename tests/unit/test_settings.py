"""The environment becomes settings, or one sentence that says what to write instead."""

from datetime import datetime
from pathlib import Path

import pytest

from pipelines.orchestration.automation import daily_refresh
from pipelines.settings import ROOT, SettingError, Settings, unknown_settings


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.from_environment({"CONTACT_LEDGER_OUTPUT": "", "HOME": "/nowhere"})
    assert settings == Settings()
    assert settings.landing == ROOT / "data" / "sample"
    assert settings.published_path == ROOT / "data" / "output" / "contact_ledger.duckdb"
    assert settings.report_path == ROOT / "data" / "output" / "report" / "index.html"


def test_folders_are_found_from_the_project_and_not_from_where_one_stands() -> None:
    settings = Settings.from_environment(
        {"CONTACT_LEDGER_LANDING": "data/mine", "CONTACT_LEDGER_OUTPUT": "/elsewhere"}
    )
    assert settings.landing == ROOT / "data" / "mine"
    assert str(settings.output) == "/elsewhere"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-10-30T18:00:00Z", datetime(2026, 10, 30, 18)),
        ("2026-10-30T18:00:00+02:00", datetime(2026, 10, 30, 16)),
        ("2026-10-30 18:00", datetime(2026, 10, 30, 18)),
        ("2026-10-30", datetime(2026, 10, 30)),
    ],
)
def test_as_of_is_read_as_utc(value: str, moment: datetime) -> None:
    assert Settings.from_environment({"CONTACT_LEDGER_AS_OF": value}).as_of == moment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONTACT_LEDGER_AS_OF", "yesterday"),
        ("CONTACT_LEDGER_AS_OF", "0001-01-01T00:00:00+14:00"),
        ("CONTACT_LEDGER_AS_OF", "9999-12-31T00:00:00Z"),
        ("CONTACT_LEDGER_TIMEZONE", "Mars/Olympus"),
        ("CONTACT_LEDGER_TIMEZONE", "../../etc/passwd"),
        ("CONTACT_LEDGER_STUCK_AFTER_MS", "2h"),
        ("CONTACT_LEDGER_CLOCK_TOLERANCE_MS", "-1"),
        ("CONTACT_LEDGER_LOCK_WAIT_S", "1.5"),
        ("CONTACT_LEDGER_WATCH", "maybe"),
        ("CONTACT_LEDGER_STUCK_AFTER_MS", "99999999999999999999"),
        ("CONTACT_LEDGER_CLOCK_TOLERANCE_MS", "9" * 5000),
        ("CONTACT_LEDGER_LOCK_WAIT_S", "9" * 400),
        ("CONTACT_LEDGER_HISTORY_DAYS", "999999999999"),
        ("CONTACT_LEDGER_MEMORY_LIMIT", "4"),
        ("CONTACT_LEDGER_MEMORY_LIMIT", "lots"),
        ("CONTACT_LEDGER_MEMORY_LIMIT", "4GB'; SET threads = '1"),
        ("CONTACT_LEDGER_LANDING", "~nobody-of-this-name/landing"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environment({name: value})
    assert str(error.value).startswith(f"{name}={value!r} ")
    assert str(error.value).endswith(f"; {error.value.cure}")
    assert (error.value.variable, error.value.value) == (name, value)
    assert error.value.cure.startswith("write ")


def test_the_schedule_can_be_moved_and_switched_off() -> None:
    moved = daily_refresh(Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "30 4 * * 1-5"}))
    assert moved.cron_schedule == "30 4 * * 1-5"
    assert moved.default_status.value == "RUNNING"
    off = daily_refresh(Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "off"}))
    assert off.default_status.value == "STOPPED"
    with pytest.raises(SettingError, match="CONTACT_LEDGER_SCHEDULE='at dawn'"):
        daily_refresh(Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "at dawn"}))


def test_a_large_setting_that_can_be_used_is() -> None:
    settings = Settings.from_environment(
        {
            "CONTACT_LEDGER_STUCK_AFTER_MS": "3155760000000",
            "CONTACT_LEDGER_HISTORY_DAYS": "00036525",
            "CONTACT_LEDGER_MEMORY_LIMIT": "1.5 GiB",
        }
    )
    assert (settings.stuck_after_ms, settings.history_days) == (3_155_760_000_000, 36_525)
    assert settings.memory_limit == "1.5 GiB"


def test_blanks_alone_are_nothing_set() -> None:
    assert (
        Settings.from_environment({"CONTACT_LEDGER_OUTPUT": "  ", "CONTACT_LEDGER_TIMEZONE": " "})
        == Settings()
    )


def test_a_variable_that_is_no_setting_is_named_with_the_nearest_one() -> None:
    environment = {
        "CONTACT_LEDGER_TIMEZNE": "UTC",
        "CONTACT_LEDGER_SHADES": "blue",
        "CONTACT_LEDGER_WATCH": "on",
        "TIMEZONE": "UTC",
    }
    assert Settings.from_environment(environment) == Settings()
    assert unknown_settings(environment) == [
        'unknown setting CONTACT_LEDGER_SHADES (ignored); see "Settings" in the README',
        "unknown setting CONTACT_LEDGER_TIMEZNE (ignored); did you mean CONTACT_LEDGER_TIMEZONE?",
    ]


@pytest.mark.parametrize("output", ["", "ledger", "outreach/calls/../output"])
def test_the_output_is_never_in_the_landing_folder(tmp_path: Path, output: str) -> None:
    environment = {"CONTACT_LEDGER_LANDING": str(tmp_path), "CONTACT_LEDGER_OUTPUT": str(tmp_path / output)}
    with pytest.raises(SettingError, match="CONTACT_LEDGER_OUTPUT=.*lies in the landing folder"):
        Settings.from_environment(environment)


def test_a_link_does_not_hide_the_landing_folder(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "output").symlink_to("landing")
    environment = {
        "CONTACT_LEDGER_LANDING": str(tmp_path / "landing"),
        "CONTACT_LEDGER_OUTPUT": str(tmp_path / "output"),
    }
    with pytest.raises(SettingError, match="which is never written to"):
        Settings.from_environment(environment)


@pytest.mark.parametrize("landing", ["spill", "releases/old", "dagster/storage", "ingest-mine"])
def test_the_landing_folder_is_not_where_the_pipeline_clears_up(tmp_path: Path, landing: str) -> None:
    environment = {"CONTACT_LEDGER_LANDING": str(tmp_path / landing), "CONTACT_LEDGER_OUTPUT": str(tmp_path)}
    with pytest.raises(SettingError, match="CONTACT_LEDGER_LANDING=.*writes and deletes"):
        Settings.from_environment(environment)


def test_a_landing_folder_beside_what_the_pipeline_writes_is_fine(tmp_path: Path) -> None:
    environment = {
        "CONTACT_LEDGER_LANDING": str(tmp_path / "landing"),
        "CONTACT_LEDGER_OUTPUT": str(tmp_path),
    }
    assert Settings.from_environment(environment).landing == tmp_path / "landing"
