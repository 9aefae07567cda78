"""The folders that must be there before anything starts: the output folder, and in it Dagster's home.

Belongs here: making them, laying Dagster's settings, and refusing in words what cannot be used. Does not belong here:
what is written into them later.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path

from sqlalchemy import make_url

from pipelines.settings import ROOT, SettingError, Settings

VARIABLE = "DAGSTER_HOME"
_CONFIG = ROOT / "deploy" / "dagster.yaml"


def make_output(settings: Settings) -> Path:
    """The output folder, made if it is missing. Raises SettingError when nothing can be written there."""
    if "?" in str(settings.output):
        raise SettingError(
            f"CONTACT_LEDGER_OUTPUT={str(settings.output)!r} has a ? in it, which ends a file's name for DuckDB; name a "
            "folder without"
        )
    return _make("CONTACT_LEDGER_OUTPUT", settings.output)


def prepare(settings: Settings) -> Path:
    """Make Dagster's home, lay the project's ``dagster.yaml`` into it and name it in ``DAGSTER_HOME``.

    Runs from the shell and runs from the web UI so share one history, beside what they write unless ``DAGSTER_HOME``
    names another folder. Raises SettingError when there can be no such folder.
    """
    make_output(settings)
    set_to = os.environ.get(VARIABLE, "").strip()
    home = (ROOT / Path(set_to).expanduser()).resolve() if set_to else settings.output / "dagster"
    name = VARIABLE if set_to else "CONTACT_LEDGER_OUTPUT"
    if home.is_relative_to(settings.landing):
        raise SettingError(
            f"{VARIABLE}={str(home)!r} lies in the landing folder, which is never written to; name a folder outside it"
        )
    if not _is_taken_literally(home):
        # Dagster would look for its settings elsewhere, find none, and turn telemetry on; or write to another file.
        other = "" if set_to else f", or keep Dagster's history elsewhere with {VARIABLE}"
        raise SettingError(
            f"{name}: Dagster, which keeps its history in {str(home)!r}, does not take *, [ and % in a path as they "
            f"are; name a folder without them{other}"
        )
    _lay(name, _make(name, home) / _CONFIG.name)
    os.environ[VARIABLE] = str(home)
    return home


def _is_taken_literally(home: Path) -> bool:
    """Whether Dagster, which reads its settings by a pattern and writes its history by a URL, finds this folder."""
    path = str(home / "runs.db")
    return glob.escape(path) == path and make_url(f"sqlite:///{path}").database == path


def _lay(name: str, path: Path) -> None:
    """Bring Dagster's settings in line with the project's, in one step: another run may be reading them."""
    wanted = _CONFIG.read_bytes()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if not path.is_file() or path.read_bytes() != wanted:
            beside.write_bytes(wanted)
            os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _refused(name, path, error) from None


def _make(name: str, folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(name, folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refused(name, folder, PermissionError(0, "Permission denied"))
    return folder


def _refused(name: str, path: Path, error: OSError) -> SettingError:
    return SettingError(
        f"{name}: {str(path)!r} cannot be written ({error.strerror}); name a folder that you may write to, on a disk "
        "with room"
    )
