"""The pipeline's own DuckDB file: how it is opened, locked down, and what exists in it before anything is built.

Belongs here: connections, schemas, and the tables that no SQL file builds (``raw`` and ``landing``). Does not belong
here: what fills them (``pipelines.ingest``) or what is built from them (``models.sql_files``).

One DuckDB file has one writing process. A run holds the file from its first step to its last, so that what it
publishes is of one moment; another run waits for it and says for whom it waits.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from pipelines.settings import Settings
from pipelines.sql_text import literal, transaction
from pipelines.warehouse.tables import create_schemas, layout, write_settings

_HISTORY = ("landing.runs", "landing.daily_figures", "landing.published_figures", "landing.salt")
"""What no landing file can give again: taken over from a warehouse that another version of the project made."""

DAMAGED_HELP = (
    "move warehouse.duckdb aside (and warehouse.duckdb.wal, if there): the next run makes a new one and reads every "
    "landing file anew, and only the history of past runs is lost"
)
"""What to do about a warehouse that DuckDB cannot read."""

Say = Callable[[str], None]


class LandingMissingError(RuntimeError):
    """The landing folder does not exist; the message names it. An empty one is no error."""


class WarehouseBusyError(RuntimeError):
    """Another process has held the warehouse for longer than a run is willing to wait; the message names it."""


class WarehouseDamagedError(RuntimeError):
    """The warehouse's file is none that DuckDB can read; the message says what to do."""


class Draft(Protocol):
    """The next published file, which takes in each table once it is built."""

    path: Path
    is_open: bool

    def add(self, table: str) -> None:
        """Queue a table (``schema.name``) for copying. Tables that are not published are ignored."""

    def finish(self) -> Future[dict[str, int]]:
        """Copy what is left and close the file. The result, rows by table, comes once the file has been read back."""

    def discard(self) -> None:
        """Let go of the file, finished or not. May be called again."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """An open warehouse: the run's one connection, and the settings it was opened with."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    draft: Draft | None = None
    """The next published file, which takes in each table once it is built; None when none is made meanwhile."""

    def transaction(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """All or nothing: what the block writes is there when it ends well, and was never there otherwise."""
        return transaction(self.con)


@contextmanager
def open_warehouse(settings: Settings, say: Say = print) -> Iterator[Warehouse]:
    """Open (and on first use make) the output folder's warehouse for writing, waiting for its lock.

    A warehouse that was filled from another landing folder, or by a version of the project with other tables, is set
    aside under another name, never mixed with this one; from that of another version the history is taken over. What a
    killed run left in the output folder is removed. Raises LandingMissingError when there is no landing folder,
    WarehouseBusyError when another process keeps the file for ``settings.lock_wait_s`` seconds, and
    WarehouseDamagedError when the file cannot be read.
    """
    if not settings.landing.is_dir():
        # A mistyped path or a volume that is not mounted: publishing nothing over yesterday's figures helps nobody.
        raise LandingMissingError(
            f"there is no landing folder {settings.landing}; set CONTACT_LEDGER_LANDING"
        )
    settings.output.mkdir(parents=True, exist_ok=True)
    con = _connect(settings, say)
    try:
        warehouse = Warehouse(con, settings)
        if foreign := _foreign(con, settings):
            con.close()
            aside = _set_aside(settings.warehouse_path, foreign, say)
            con = _connect(settings, say)
            warehouse = Warehouse(con, settings)
            create_schemas(con)
            if not foreign.other_data:
                _take_over(warehouse, aside)
        create_schemas(con)
        with warehouse.transaction():
            write_settings(con, settings)
        _clear_scratch(settings.output)
        yield warehouse
    finally:
        con.close()


@dataclass(frozen=True, slots=True)
class _Foreign:
    """Why an existing warehouse cannot be gone on with, and whether that is because it holds other data."""

    reason: str
    other_data: bool = False


def _foreign(con: duckdb.DuckDBPyConnection, settings: Settings) -> _Foreign | None:
    """Why an existing warehouse cannot be gone on with; None when it can, or is new."""
    columns = {
        row[0]
        for row in con.sql(
            "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'landing' AND table_name = 'settings'"
        ).fetchall()
    }
    if not columns:
        return None
    if "layout" not in columns:
        return _Foreign("the warehouse is of an earlier version of the project")
    found = con.sql("SELECT landing, layout FROM landing.settings").fetchall()
    if found and found[0][0] != str(settings.landing):
        moved = f"the warehouse was filled from {found[0][0]}; the landing folder is now {settings.landing}"
        return _Foreign(moved, other_data=True)
    if found and found[0][1] != layout():
        return _Foreign("the warehouse is of another version of the project")
    return None


def _connect(settings: Settings, say: Say) -> duckdb.DuckDBPyConnection:
    con = _when_free(settings, say)
    try:
        _configure(con, settings)
    except BaseException:
        con.close()
        raise
    return con


def _when_free(settings: Settings, say: Say) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + settings.lock_wait_s
    told = False
    while True:
        try:
            return duckdb.connect(settings.warehouse_path)
        except duckdb.Error as error:
            if not isinstance(error, duckdb.IOException) or "Could not set lock" not in str(error):
                raise _unreadable(settings.warehouse_path, error) from None
            holder = re.search(r"held in (.+? \(PID \d+\))", str(error))
            who = holder[1] if holder else "another process"
            if time.monotonic() > deadline:
                raise WarehouseBusyError(
                    f"{settings.warehouse_path} is still held by {who} after {settings.lock_wait_s} s; "
                    "wait for that run to end, or end it, and start again"
                ) from None
            if not told:
                say(f"waiting for {settings.warehouse_path.name}: it is held by {who}")
                told = True
            time.sleep(0.5)


def _unreadable(path: Path, error: duckdb.Error) -> Exception:
    """What to raise for a file that could not be opened: the error itself where the file's content is not to blame."""
    told = str(error).partition("\n")[0]
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK) or "newer version" in str(error):
        return error
    return WarehouseDamagedError(f"{path} cannot be read ({told}); {DAMAGED_HELP}")


def _configure(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """No downloads, nothing read or written outside the landing and output folders, and no way to change that."""
    tune(con)
    con.execute("SET autoinstall_known_extensions = false")
    con.execute("SET autoload_known_extensions = false")
    con.execute("SET enable_progress_bar = false")
    con.execute(f"SET temp_directory = {literal(str(settings.output / 'spill'))}")
    if settings.memory_limit:
        con.execute(f"SET memory_limit = {literal(settings.memory_limit)}")
    folders = [str(settings.landing), str(settings.output), str(settings.mappings.parent)]
    con.execute(f"SET allowed_directories = [{', '.join(literal(folder) for folder in folders)}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def tune(con: duckdb.DuckDBPyConnection) -> None:
    """How the project's own statements run: times are UTC, and what is not sorted has no order.

    Makes the database ``scratch``, in memory: what a run keeps for itself, for all its connections to see.
    """
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute("ATTACH IF NOT EXISTS ':memory:' AS scratch")
    # No statement may rest on the order of rows that nothing sorted; so writers need not wait for one another.
    con.execute("SET preserve_insertion_order = false")
    # A run changes some rows of many tables: fold its log into the file once, at its end, not after every few tables.
    con.execute("SET checkpoint_threshold = '1GB'")


def _set_aside(path: Path, foreign: _Foreign, say: Say) -> Path:
    number = 1
    while (aside := path.with_name(f"warehouse.set-aside-{number}.duckdb")).exists():
        number += 1
    path.rename(aside)
    say(f"{foreign.reason}: every file is read anew into a new one; the old one is kept as {aside.name}")
    return aside


def _take_over(warehouse: Warehouse, aside: Path) -> None:
    """Copy the history from a warehouse that was set aside, as far as it had the same columns."""
    con = warehouse.con
    con.execute(f"ATTACH {literal(str(aside))} AS aside (READ_ONLY)")
    try:
        columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for database, table, column, kind in con.sql(
            "SELECT database_name, schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
            "ORDER BY column_index"
        ).fetchall():
            columns.setdefault((database, table), []).append((column, kind))
        (own,) = con.sql("SELECT current_database()").fetchall()[0]
        with warehouse.transaction():
            for table in _HISTORY:
                if columns[own, table] == columns.get(("aside", table)):
                    con.execute(f"INSERT INTO {table} FROM aside.{table}")
    finally:
        con.execute("DETACH aside")


def _clear_scratch(output: Path) -> None:
    """Remove what runs unpack and spill, and a killed one left behind. Who holds the warehouse is the only one to."""
    for left in (output / "spill", *output.glob("ingest-*")):
        shutil.rmtree(left, ignore_errors=True)


@atexit.register
def _let_go() -> None:
    """Empty DuckDB's package before the interpreter ends.

    Libraries written in Rust (rpds, which Great Expectations brings, and Polars) outlive the interpreter's modules and
    keep DuckDB's types alive through them; DuckDB's bindings would then print a page of "leaked" lines after every run.
    """
    gc.unfreeze()  # what importing Great Expectations has kept from being looked through
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "duckdb":
            vars(module).clear()
