"""Lines for a person at a terminal, on the standard output.

Belongs here: writing them, whether or not somebody still reads. Does not belong here: what they say.
"""

from __future__ import annotations

import os
import sys


def write(*lines: str) -> None:
    """Write lines. If whoever read them has gone, as `head` does, nothing is written from then on, and the run goes on."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
