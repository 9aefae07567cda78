"""A check that the landing setting names a landing folder: one level too high or too low, it looks like an empty one.

Belongs here: refusing such a folder before a run replaces good figures with none. Does not belong here: a folder that
does not exist (``warehouse``), or one in which some files are not understood (``ingest.files``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import LedgerError
from pipelines.ingest.files import SOURCES, LandingFolder
from pipelines.sources import RESOURCES

_SHOWN = 5


class LandingMistakenError(LedgerError):
    """The landing folder holds files, but none where a source's files belong.

    ``found`` names what it holds, or is the number of names where names are personal data that is hidden. ``meant`` is a
    folder near it that looks like a landing folder, None without one.
    """

    def __init__(self, landing: Path, found: Sequence[str] | int, meant: Path | None) -> None:
        if isinstance(found, int):
            told = f"{found} other {'name' if found == 1 else 'names'}"
        else:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            told = f"{', '.join(found[:_SHOWN])}{more}"
        super().__init__(
            f"no file lies in <source>/<resource>/ of a source ({', '.join(SOURCES)}); found: {told}",
            where=str(landing),
            cure=f"did you mean CONTACT_LEDGER_LANDING={meant}?"
            if meant
            else "set CONTACT_LEDGER_LANDING to the folder that holds the sources' folders",
        )


def assert_landing(landing: LandingFolder, *, names: bool = True) -> None:
    """Raise LandingMistakenError when the folder holds files and no source can own any of them.

    An empty folder passes: a source without files is an empty table. ``names``: False if personal data is hidden; the
    error then names nothing that lies in the folder.
    """
    path = landing.path
    if any(os.path.lexists(path / resource.source / resource.name) for resource in RESOURCES):
        return
    found = list(dict.fromkeys(each.name.partition("/")[0] for each in landing.unread))
    if found:
        nearest = _nearest(path)
        is_above = nearest is not None and nearest == path.parent
        raise LandingMistakenError(
            path, found if names else len(found), nearest if names or is_above else None
        )


def _nearest(landing: Path) -> Path | None:
    """A folder one level up or down that looks like a landing folder."""
    if landing.name in SOURCES:
        return landing.parent
    below = sorted(landing.iterdir())
    return next((folder for folder in below if any(os.path.isdir(folder / name) for name in SOURCES)), None)
