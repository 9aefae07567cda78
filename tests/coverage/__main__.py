"""Write docs/coverage.md: ``COVERAGE_LOGS=2000 python -m tests.coverage``.

Belongs here: the page around the tables. Does not belong here: a simulation.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.coverage import LEAST, LOGS, MOST, broken, table
from tests.coverage.logs import SEED, rates_and_curves, times
from tests.coverage.what_if import what_if

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"
MEASUREMENTS = (rates_and_curves, times, what_if)
"""Each is called with the number of logs, and returns what it measured."""

HEAD = f"""# Coverage of the intervals

A 95 % interval should hold the truth in 95 of 100 logs. This page shows in how many it does, in percent. Each cell is
{{logs:,}} simulated logs (seed {SEED}), which went through the whole pipeline, from the raw rows to the published tables.
For the what-if, the logs begin at the counts of histories, the further attempts are played too, and the cell says how
often the predicted interval held what came out.
`COVERAGE_LOGS={{logs}} python -m tests.coverage` writes this page; `make long` fails if a promise is broken.

The promise is {LEAST:.0%} to {MOST:.0%}, apart from the error of the simulation (3.3 standard errors, about
{{error:.1f}} points here). Figures in *italics* lie outside, where that is not promised:

- **Few targets.** With 5 or 12 targets, a contact more or less moves a rate by much. An interval may then hold the truth
  more often. The time by which a quarter is reached may miss it more often, because the share is the same in all logs:
  of 12 targets, only whole numbers near 3 can fall on either side.
- **Rates per attempt from few targets.** No interval is narrower than that of independent attempts. Where the attempts
  really are independent, the interval therefore holds the truth more often than it has to.
- **A few tried very often.** If few targets have most of the attempts, the log hardly shows whether attempts on one
  target end alike. The interval allows for it. Where they do not, it holds the truth too often.
- **What-if with few targets left.** Where fewer than 40 targets are to be tried again, one of them is a large part of all
  results. The predicted interval then holds what comes out more often.
- **Later attempts.** Where few of the targets are still at risk, the curve's interval is kept on the safe side.

Every log has rates of its own: 10 to 50 % of attempts reach a person; with mixed people, 50 to 80 % for two in five
of them and 2 to 20 % for the others. "Stop at contact" stops after at most four attempts, and one attempt in twenty ends
in a refusal. "Tried on" makes one to six attempts, whatever they give. "A few tried very often" makes 25 to 60 attempts
on three people in twenty, and one to three on the others.
"""


def main() -> int:
    """Measure, write the page, and print what is broken. Returns the exit code."""
    measured = [one for measure in MEASUREMENTS for one in measure(LOGS)]
    error = 330 * (0.05 * 0.95 / LOGS) ** 0.5
    PAGE.write_text(f"{HEAD.format(logs=LOGS, error=error)}\n{table(measured)}", encoding="utf-8")
    print(*broken(measured), sep="\n", file=sys.stderr)
    return 1 if broken(measured) else 0


if __name__ == "__main__":
    raise SystemExit(main())
