"""What kind of failure an error of another program is: a held lock, damage, no room, no memory, an interruption.

Belongs here: the classes, numbers and words by which DuckDB, SQLite and the system report such a failure, and what a
person can do about it. Does not belong here: the project's own errors, which have a class each.

The class or the number decides where a program has one for the failure. DuckDB and SQLite report several failures under
one class; the words that tell those apart stand in this module and nowhere else.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from enum import Enum

import duckdb


class Failure(Enum):
    """A kind of failure. The value says what to do about it."""

    HELD = "wait for that run to end, or end it, and start again"
    NEWER = "go on with the newer version of the project, or move warehouse.duckdb aside to begin a new one"
    DAMAGED = (
        "move warehouse.duckdb aside (and warehouse.duckdb.wal, if there): the next run makes a new one and reads every "
        "landing file anew, and only the history of past runs is lost"
    )
    NO_ROOM = "make room on the disk of the output folder, and start again"
    NO_MEMORY = "raise CONTACT_LEDGER_MEMORY_LIMIT, or use a machine with more memory"
    INTERRUPTED = "start again"

    @property
    def cure(self) -> str:
        """What to do about it."""
        return self.value


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_SIGNS: tuple[tuple[type[BaseException], str, Failure], ...] = (
    (duckdb.InterruptException, "", Failure.INTERRUPTED),
    # What DuckDB makes of the exception that a signal's handler raises in the middle of a query.
    (RuntimeError, "Query interrupted", Failure.INTERRUPTED),
    (duckdb.OutOfMemoryException, "", Failure.NO_MEMORY),
    (duckdb.IOException, "Could not set lock on file", Failure.HELD),
    (duckdb.IOException, "created with a newer version of DuckDB", Failure.NEWER),
    (duckdb.IOException, "is not a valid DuckDB database file", Failure.DAMAGED),
    (duckdb.IOException, "Could not read enough bytes from file", Failure.DAMAGED),
    (duckdb.Error, "Corrupt database file", Failure.DAMAGED),
    # SQLite has a number for each (sqlite_errorcode), but Dagster keeps only an error's class and message.
    (sqlite3.OperationalError, "database or disk is full", Failure.NO_ROOM),
    (sqlite3.OperationalError, "disk I/O error", Failure.NO_ROOM),
    *((OSError, f"[Errno {number}]", Failure.NO_ROOM) for number in _NO_ROOM),
    # DuckDB puts the system's own words for the number into its message, under several classes.
    *((duckdb.Error, os.strerror(number), Failure.NO_ROOM) for number in _NO_ROOM),
)
"""An error of the class (or a subclass) whose message holds the text is that failure. The first that fits decides."""

_CLASSES = {
    kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}": kind
    for kind in (OSError, RuntimeError, sqlite3.OperationalError, *vars(duckdb).values())
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def recognize(error: BaseException) -> Failure | None:
    """The kind of failure that an error reports, itself or by an error it came from; None when it is another kind."""
    found = (_find(type(each), str(each)) for each in _chain(error))
    return next(filter(None, found), None)


def recognize_line(line: str) -> Failure | None:
    """The same for an error of which only a traceback's last line is left: ``package.Class: message``."""
    name, _, message = line.partition(": ")
    return _find(_CLASSES[name], message) if name in _CLASSES else None


def lock_holder(error: duckdb.Error) -> str:
    """The process that holds the lock that ``error`` is about: program and process id, where DuckDB names them."""
    found = re.search(r"held in (.+? \(PID \d+\))", str(error))
    return found[1] if found else "another process"


def first_line(text: str) -> str:
    """What happened. The advice that DuckDB and SQLAlchemy add in further lines is not for a user of the pipeline."""
    return text.strip().partition("\n")[0]


def _find(kind: type[BaseException], message: str) -> Failure | None:
    fitting = (failure for cls, words, failure in _SIGNS if issubclass(kind, cls) and words in message)
    return next(fitting, None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it came from, step by step."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        seen.append(each)
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def with_cure(words: str, failure: Failure | None) -> str:
    """Return a message with what to do about it, where that is known."""
    return f"{words.rstrip('.')}; {failure.cure}" if failure else words
