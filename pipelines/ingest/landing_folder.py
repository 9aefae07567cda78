"""A check that the landing setting names a landing folder: one level too high or too low, it looks like an empty one.

Belongs here: refusing such a folder before a run replaces good figures with none. Does not belong here: a folder that
does not exist (``warehouse``), or one in which some files are not understood (``ingest.files``).
"""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.ingest.files import SOURCES, LandingFolder
from pipelines.sources import RESOURCES

_SHOWN = 5


class LandingMistakenError(RuntimeError):
    """The landing folder holds files, and none of them where a source's files belong; the message says where."""


def assert_landing(landing: LandingFolder) -> None:
    """Raise LandingMistakenError if the folder holds files and none of them can belong to a source.

    A folder without files is a landing folder: a source without files is an empty table.
    """
    path = landing.path
    if any(os.path.lexists(path / resource.source / resource.name) for resource in RESOURCES):
        return
    found = list(dict.fromkeys(each.name.partition("/")[0] for each in landing.unread))
    if not found:
        return
    names = ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
    raise LandingMistakenError(
        f"no file in {path} lies where one is looked for, in <source>/<resource>/ with a source of {', '.join(SOURCES)}; "
        f"found: {names}; {_hint(path)}"
    )


def _hint(landing: Path) -> str:
    if landing.name in SOURCES:
        near = [landing.parent]
    else:
        near = [
            folder
            for folder in sorted(landing.iterdir())
            if any(os.path.isdir(folder / name) for name in SOURCES)
        ]
    if near:
        return f"did you mean CONTACT_LEDGER_LANDING={near[0]}?"
    return "set CONTACT_LEDGER_LANDING to the folder that holds the sources' folders"
