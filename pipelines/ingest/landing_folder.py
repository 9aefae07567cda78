"""Whether the landing folder is one: a folder that is one level off looks like an empty one to every step of a run.

Belongs here: telling that before a run replaces good figures by none. Does not belong here: a folder that is missing
(``warehouse``) or in part not understood (``ingest.files``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import LedgerError
from pipelines.ingest.files import SOURCES, unread
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


def assert_landing(landing: Path) -> None:
    """Raise LandingMistakenError when a folder holds files and no source can own any of them.

    An empty folder passes: a source that has nothing yet is an empty table.
    """
    if any(os.path.lexists(landing / resource.source / resource.name) for resource in RESOURCES):
        return
    found = list(dict.fromkeys(each.name.partition("/")[0] for each in unread(landing)))
    if found:
        raise LandingMistakenError(landing, found, _nearest(landing))


def _nearest(landing: Path) -> Path | None:
    """A folder one level up or down that looks like a landing folder."""
    if landing.name in SOURCES:
        return landing.parent
    below = sorted(landing.iterdir())
    return next((folder for folder in below if any(os.path.isdir(folder / name) for name in SOURCES)), None)
