"""The report page: one self-contained HTML file made of the published database alone.

Belongs here: which published tables are shown, in what order and with what chart, and how they look. Does not belong
here: any figure's arithmetic (that is SQL, published before the page is made), or what a table or column means (that
is its comment in the published file, printed as it stands).

A published ``reports`` table that nothing here names still appears, with its comment and its columns' comments. A
table that was not published does not appear.
"""

from pipelines.report.page import render, templates, write_report

__all__ = ["render", "templates", "write_report"]
