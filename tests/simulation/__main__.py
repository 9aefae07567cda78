"""`python -m tests.simulation [folder]`: write the sample landing files (default `data/sample`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.simulation.landing import write_sample


def main(arguments: list[str]) -> int:
    """Write the sample into the folder named, say what was written, and return the exit code."""
    if len(arguments) > 1:
        print("usage: python -m tests.simulation [folder]", file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path("data/sample")
    try:
        written = write_sample(root)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(written)} files, {sum(written.values()):,} bytes in {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
