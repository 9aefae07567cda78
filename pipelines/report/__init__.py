"""The report page: one self-contained HTML file, made from the published database alone.

Belongs here: which published tables the page shows, in what order, with which chart, and how they look. Does not belong
here: the arithmetic of any figure, what a table or column means, and facts about a system.

The line is drawn so. The page reads a published table whole, or filters it (``WHERE campaign_key = 'all'``) and orders
it for display. It groups no rows, sums none, divides none, and counts none that it then states as a figure: such a
figure is a column of a published table, where rules and recounts can hold it. Positions within a chart are geometry and
may be computed. The length of a table that stands on the page may be told.

Meaning is read from data: a column's kind from the marks in its comment, a system's title from ``core.sources``.

A published ``reports`` table that no chapter names still appears, with its comments. A table that was not published does
not appear.
"""

from pipelines.report.page import render, templates, write_report

__all__ = ["render", "templates", "write_report"]
