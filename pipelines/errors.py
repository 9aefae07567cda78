"""The one base class of the errors that speak to a person.

Belongs here: how such an error is put together. Does not belong here: any error itself; each stands in the module that
raises it.
"""

from __future__ import annotations


class LedgerError(Exception):
    """An error whose message is one line for the person at the terminal: what is wrong, where, and what to do.

    ``what`` says what is wrong and names the values. ``where`` names the place: a file, a row, a setting. ``cure`` says
    what to do; it follows after a semicolon. Each part is kept as an attribute, so that a caller can tell them apart.
    """

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        self.what = what
        self.where = where
        self.cure = cure
        place = f"{where}: " if where else ""
        super().__init__(f"{place}{what}{f'; {cure}' if cure else ''}")
