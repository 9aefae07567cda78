"""The folders that must exist before a run starts: the output folder, and Dagster's home in it.

Belongs here: making them, writing Dagster's settings, and refusing a folder that cannot be used. Does not belong here:
what a run writes into them.
"""

from __future__ import annotations

import errno
import glob
import os
from pathlib import Path

from sqlalchemy import make_url

from pipelines.settings import ROOT, SettingError, Settings

VARIABLE = "DAGSTER_HOME"
_OUTPUT = "CONTACT_LEDGER_OUTPUT"
_CONFIG = ROOT / "deploy" / "dagster.yaml"


def make_output(settings: Settings) -> Path:
    """Make the output folder where it is missing, and return it. Raises SettingError when it cannot be written."""
    if "?" in str(settings.output):
        raise SettingError(
            _OUTPUT,
            str(settings.output),
            "has a ? in it, which ends a file's name for DuckDB",
            "name a folder without one",
        )
    return _make(_OUTPUT, settings.output)


def prepare(settings: Settings) -> Path:
    """Make Dagster's home, write the project's ``dagster.yaml`` into it, and set ``DAGSTER_HOME``. Returns the home.

    It is ``dagster`` in the output folder unless ``DAGSTER_HOME`` names another, so runs from the shell and from the web
    UI share one history. Raises SettingError when the folder cannot be used.
    """
    make_output(settings)
    set_to = os.environ.get(VARIABLE, "").strip()
    home = (ROOT / Path(set_to).expanduser()).resolve() if set_to else settings.output / "dagster"
    name, value = (VARIABLE, home) if set_to else (_OUTPUT, settings.output)
    if home.is_relative_to(settings.landing):
        raise SettingError(
            VARIABLE,
            str(home),
            "lies in the landing folder, which is never written to",
            "name a folder outside it",
        )
    if not _is_taken_literally(home):
        # Dagster would look for its settings elsewhere, find none, and turn telemetry on; or write to another file.
        other = "" if set_to else f", or set {VARIABLE} to another"
        raise SettingError(
            name,
            str(value),
            "has a *, [ or % in it, and Dagster, which keeps its history there, takes it for another path",
            f"name a folder without them{other}",
        )
    path = _make(name, value, home) / _CONFIG.name
    try:
        _write_config(path)
    except OSError as error:
        raise _refused(name, value, path, error) from None
    os.environ[VARIABLE] = str(home)
    return home


def _is_taken_literally(home: Path) -> bool:
    """True if Dagster finds this folder: it reads its settings by a pattern and writes its history by a URL."""
    path = str(home / "runs.db")
    return glob.escape(path) == path and make_url(f"sqlite:///{path}").database == path


def _write_config(path: Path) -> None:
    """Bring Dagster's settings in line with the project's, in one step: another run may be reading them."""
    wanted = _CONFIG.read_bytes()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if not path.is_file() or path.read_bytes() != wanted:
            beside.write_bytes(wanted)
            os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _make(name: str, value: Path, folder: Path | None = None) -> Path:
    """Make a folder (``value``, unless another is given) on behalf of a variable and its value."""
    folder = folder or value
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(name, value, folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refused(name, value, folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return folder


def _refused(name: str, value: Path, path: Path, error: OSError) -> SettingError:
    place = "" if path == value else f"{path}: "
    return SettingError(
        name,
        str(value),
        f"cannot be written ({place}{error.strerror})",
        "name a folder that you may write to, on a disk with room",
    )
