"""How often 95 % intervals hold the truth, by simulation: what is measured, and how it is printed and judged.

Belongs here: a measurement, what is promised of it, and the table. Does not belong here: the simulated logs
(``logs.py`` for the intervals of rates and curves; a module of its own for any other).

``COVERAGE_LOGS`` is the number of logs of each design and size: 40 in the suite, more in ``make long``. The seed is
fixed, so the same number of logs gives the same table.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

LOGS = int(os.environ.get("COVERAGE_LOGS", "40"))
LEAST, MOST = 0.93, 0.97
"""What a promised interval keeps, apart from the error of the simulation."""


class Measured(NamedTuple):
    """Of so many ``logs``, how many had an interval that ``held`` the truth.

    ``at_least`` and ``at_most``: whether the lower and the upper bound of the coverage are promised here.
    """

    figure: str
    design: str
    targets: int
    logs: int
    held: int
    at_least: bool = True
    at_most: bool = True

    @property
    def coverage(self) -> float:
        """The share of logs whose interval held the truth."""
        return self.held / self.logs


def allowance(coverage: float, logs: int) -> float:
    """The error of a simulated coverage: 3.3 standard errors, which chance passes once in 1,000 times."""
    return 3.3 * math.sqrt(coverage * (1 - coverage) / logs)


def broken(measured: Sequence[Measured]) -> list[str]:
    """Every promise that is not kept, in words."""
    found = []
    for one in measured:
        name = f"{one.figure}, {one.design}, {one.targets} targets: {one.coverage:.1%}"
        if one.at_least and one.coverage < LEAST - allowance(LEAST, one.logs):
            found.append(f"{name} is less than {LEAST:.0%}")
        if one.at_most and one.coverage > MOST + allowance(MOST, one.logs):
            found.append(f"{name} is more than {MOST:.0%}")
    return found


def table(measured: Sequence[Measured]) -> str:
    """Markdown: one table a figure, one line a design, one column a size. Coverage that is not promised is in italics."""
    parts = []
    for figure, rows in groupby(measured, key=lambda one: one.figure):
        cells = list(rows)
        sizes = sorted({one.targets for one in cells})
        head = ["design", *(f"{size:,} targets" for size in sizes)]
        lines = [f"### {figure}", "", f"| {' | '.join(head)} |", f"|---|{'---|' * len(sizes)}"]
        for design in dict.fromkeys(one.design for one in cells):
            shown = {one.targets: _shown(one) for one in cells if one.design == design}
            lines.append(f"| {' | '.join([design, *(shown.get(size, '') for size in sizes)])} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _shown(one: Measured) -> str:
    text = f"{100 * one.coverage:.1f}"
    outside = (one.coverage < LEAST and not one.at_least) or (one.coverage > MOST and not one.at_most)
    return f"*{text}*" if outside else text
