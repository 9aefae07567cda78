"""Intervals of rates, curves and quantiles hold the truth as often as they promise.

Belongs here: what is promised. Does not belong here: the simulation (``logs.py``). ``make long`` runs the same tests with
many more logs.
"""

from __future__ import annotations

import pytest

from tests.coverage import LOGS, Measured, broken, table
from tests.coverage.logs import SIZES, rates_and_curves, times

QUICK = (5, 12, 40)
LONG = 1000
"""From so many logs on, every size is measured."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_coverage_of_rates_and_curves() -> None:
    measured = rates_and_curves(LOGS, SIZES if LOGS >= LONG else QUICK)
    print(table(measured))
    assert broken(measured) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_coverage_of_times() -> None:
    measured = times(LOGS, SIZES if LOGS >= LONG else QUICK)
    print(table(measured))
    assert broken(measured) == []


def test_a_broken_promise_is_named() -> None:
    """86 % of 2,000 logs is not 93 %, and chance does not make it so; of 40 logs it may."""
    short = Measured("Rate", "a few tried very often", 12, 2000, 1720)
    assert broken([short]) == ["Rate, a few tried very often, 12 targets: 86.0% is less than 93%"]
    assert broken([short._replace(logs=40, held=34)]) == []
    assert broken([short._replace(held=1990)]) == [
        "Rate, a few tried very often, 12 targets: 99.5% is more than 97%"
    ]
    assert broken([short._replace(held=1990, at_most=False)]) == []
    assert broken([short._replace(held=1880)]) == []
    assert "*99.5*" in table([short._replace(held=1990, at_most=False)])
