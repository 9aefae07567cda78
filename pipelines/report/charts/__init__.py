"""Geometry of the charts: published numbers in, positions in percent of the drawing out.

Belongs here: scales, ticks, order, and the words a chart carries. Does not belong here: markup (``templates/
charts.html``), colours (``page.css``), or the arithmetic of any figure shown: a chart states columns.

The charts are SVG laid out in percent. So text keeps its size at every width, no script draws anything, and the page's
policy can forbid inline styles. Every figure in a chart also stands as text beside it or in its table.
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines.report.charts.heat import Heat, Remark, heat
from pipelines.report.charts.intervals import intervals
from pipelines.report.charts.matrix import matrix
from pipelines.report.charts.plot import Drawn, Plot, plot
from pipelines.report.charts.pressure import Pressure, pressure
from pipelines.report.charts.rows import RowChart
from pipelines.report.charts.stack import stack
from pipelines.report.charts.verdicts import verdicts

__all__ = [
    "CHARTS", "Drawn", "Heat", "Plot", "Pressure", "Remark", "RowChart", "heat", "intervals", "matrix", "plot",
    "pressure", "stack", "verdicts",
]  # fmt: skip

CHARTS: dict[str, Callable[..., RowChart | Plot | Heat | Pressure | Remark | None]] = {
    "intervals": intervals,
    "stack": stack,
    "plot": plot,
    "heat": heat,
    "matrix": matrix,
    "pressure": pressure,
    "verdicts": verdicts,
}
