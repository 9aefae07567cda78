"""SQL as text: quoted names, literals, and a transaction as a `with` block.

Belongs here: what every module that writes SQL needs. Does not belong here: any statement of the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


def quoted(name: str) -> str:
    """A name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL string literal, for the statements that take no parameters (SET, ATTACH, COMMENT)."""
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """All or nothing: what the block writes is there when it ends well, and was never there otherwise."""
    con.execute("BEGIN")
    try:
        yield con
    except BaseException:
        with suppress(duckdb.Error):  # not to hide a failure that has ended the transaction by itself
            con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
