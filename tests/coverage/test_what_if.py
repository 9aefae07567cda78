"""The predicted intervals of further attempts hold what would come out as often as they promise.

Belongs here: what is promised. Does not belong here: the simulation (``what_if.py``). ``make long`` runs the same tests
with many more logs.
"""

from __future__ import annotations

import pytest

from tests.coverage import LEAST, LOGS, broken, table
from tests.coverage.what_if import SIZES, what_if

LONG = 1000
"""From so many logs on, every size is measured."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_coverage_of_what_further_attempts_bring() -> None:
    """These logs are cheap, so that even the suite has enough of them to see 90 % for 95."""
    measured = what_if(max(LOGS, 300), SIZES if LOGS >= LONG else (20, 400))
    print(table(measured))
    assert broken(measured) == []


def test_the_band_of_the_expectation_does_not_hold_what_comes_out() -> None:
    """This is why the predicted interval stands beside it."""
    bands = [one for one in what_if(300, (400,), kind="") if "targets reached" in one.figure]
    assert len(bands) == 12
    assert max(one.coverage for one in bands) < LEAST
