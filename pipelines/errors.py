"""The base class of every error that speaks to a person.

Belongs here: how such a message is put together. Does not belong here: any one error; each stands in the module that
raises it.
"""

from __future__ import annotations


class LedgerError(Exception):
    """An error whose message is one line for a person: where it is, what is wrong, and what to do.

    A subclass takes its culprits as arguments (a path, a variable, two counts) and builds the sentence from them.
    ``what`` says what is wrong. ``where`` names the file, table or resource, and comes first. ``cure`` says what to do,
    and comes last, after a semicolon. All three stay readable as attributes.
    """

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        self.what = what
        self.where = where
        self.cure = cure
        place = f"{where}: " if where else ""
        super().__init__(f"{place}{what}{f'; {cure}' if cure else ''}")
