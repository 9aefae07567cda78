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

    ``found`` names what it holds; ``meant`` is a folder near it that looks like a landing folder, None without one.
    """

    def __init__(self, landing: Path, found: Sequence[str], meant: Path | None) -> None:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        super().__init__(
            f"no file lies in <source>/<resource>/ of a source ({', '.join(SOURCES)}); "
            f"found: {', '.join(found[:_SHOWN])}{more}",
            where=str(landing),
            cure=f"did you mean CONTACT_LEDGER_LANDING={meant}?"
            if meant
            else "set CONTACT_LEDGER_LANDING to the folder that holds the sources' folders",
        )


def assert_landing(landing: LandingFolder) -> None:
    """Raise LandingMistakenError when the folder holds files and no source can own any of them.

    An empty folder passes: a source without files is an empty table.
    """
    path = landing.path
    if any(os.path.lexists(path / resource.source / resource.name) for resource in RESOURCES):
        return
    found = list(dict.fromkeys(each.name.partition("/")[0] for each in landing.unread))
    if found:
        raise LandingMistakenError(path, found, _nearest(path))


def _nearest(landing: Path) -> Path | None:
    """A folder one level up or down that looks like a landing folder."""
    if landing.name in SOURCES:
        return landing.parent
    below = sorted(landing.iterdir())
    return next((folder for folder in below if any(os.path.isdir(folder / name) for name in SOURCES)), None)
