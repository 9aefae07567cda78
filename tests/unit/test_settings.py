"""The environment becomes settings, or one sentence that says what to write instead."""

from datetime import datetime

import pytest

from pipelines.automation import daily_refresh
from pipelines.settings import ROOT, SettingError, Settings


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
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environment({name: value})
    assert name in str(error.value)
    assert repr(value) in str(error.value)


def test_the_schedule_can_be_moved_and_switched_off() -> None:
    moved = daily_refresh(Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "30 4 * * 1-5"}))
    assert moved.cron_schedule == "30 4 * * 1-5"
    assert moved.default_status.value == "RUNNING"
    off = daily_refresh(Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "off"}))
    assert off.default_status.value == "STOPPED"
    with pytest.raises(SettingError, match="CONTACT_LEDGER_SCHEDULE='at dawn'"):
        daily_refresh(Settings.from_environment({"CONTACT_LEDGER_SCHEDULE": "at dawn"}))
