"""Whether the landing folder is one: a folder that is one level off looks like an empty one to every step of a run.

Belongs here: telling that before a run replaces good figures by none. Does not belong here: a folder that is missing
(``warehouse``) or in part not understood (``ingest.files``).
"""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.ingest.files import SOURCES, unread
from pipelines.sources import RESOURCES

_SHOWN = 5


class LandingMistakenError(RuntimeError):
    """There are files below the landing folder, and none where a source's are looked for; the message says where."""


def assert_landing(landing: Path) -> None:
    """Raise LandingMistakenError when nothing in a folder that holds files can be any source's.

    A folder without a file is none: a source that has nothing yet is an empty table.
    """
    if any(os.path.lexists(landing / resource.source / resource.name) for resource in RESOURCES):
        return
    found = list(dict.fromkeys(each.name.partition("/")[0] for each in unread(landing)))
    if not found:
        return
    names = ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
    raise LandingMistakenError(
        f"no file in {landing} lies where one is looked for, in <source>/<resource>/ with a source of {', '.join(SOURCES)}; "
        f"found: {names}; {_hint(landing)}"
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
