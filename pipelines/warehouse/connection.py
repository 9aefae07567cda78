"""The pipeline's own DuckDB file: how it is opened, locked down, and replaced when it cannot be used.

Belongs here: connections, and the errors of a warehouse that cannot be had. Does not belong here: the tables in it
(``warehouse.tables``, ``models``) or what fills them (``ingest``).

One DuckDB file has one writing process. A run holds the file from its first step to its last, so that it publishes
tables of one moment. Another run waits and names the process that it waits for.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from pipelines.errors import LedgerError
from pipelines.settings import Settings
from pipelines.sql_text import literal, transaction
from pipelines.warehouse.failures import Failure, first_line, lock_holder, recognize
from pipelines.warehouse.tables import create_schemas, layout, write_settings

_HISTORY = ("landing.runs", "landing.daily_figures", "landing.published_figures", "landing.salt")
"""Tables that cannot be rebuilt from landing files; copied when the schema version changes."""

Log = Callable[[str], None]


class LandingMissingError(LedgerError):
    """The landing folder does not exist. An empty one is no error."""

    def __init__(self, landing: Path) -> None:
        # A mistyped path or a volume that is not mounted: publishing nothing over yesterday's figures helps nobody.
        super().__init__(
            f"the landing folder {landing} does not exist",
            cure="create or mount it, or set CONTACT_LEDGER_LANDING to another",
        )


class WarehouseBusyError(LedgerError):
    """Another process held the warehouse for longer than a run is willing to wait."""

    def __init__(self, path: Path, holder: str, seconds: int) -> None:
        super().__init__(f"still held by {holder} after {seconds} s", where=str(path), cure=Failure.HELD.cure)


class WarehouseDamagedError(LedgerError):
    """DuckDB cannot read the warehouse's file. ``reason`` is DuckDB's own."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot be read ({reason})", where=str(path), cure=Failure.DAMAGED.cure)


class WarehouseNewerError(LedgerError):
    """A newer DuckDB wrote the warehouse's file in a format that this one cannot read. ``reason`` is DuckDB's own."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"written by a newer version of DuckDB ({reason})", where=str(path), cure=Failure.NEWER.cure
        )


class Draft(Protocol):
    """The next published file. Each table is copied into it once the table is built."""

    path: Path
    is_open: bool

    def add(self, table: str) -> None:
        """Queue a table (``schema.name``) for copying. Tables that are not published are ignored."""

    def close(self) -> Future[dict[str, int]]:
        """Copy the remaining tables and close the file. The result, rows by table, follows once it has been read back."""

    def discard(self) -> None:
        """Release the file, closed or not. A second call does nothing."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """An open warehouse: the run's one connection, and the settings it was opened with."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    draft: Draft | None = None
    """The next published file; None when this run drafts none while it builds."""

    def transaction(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Commit what the block writes when it ends well, and undo all of it otherwise."""
        return transaction(self.con)


@contextmanager
def open_warehouse(settings: Settings, log: Log = print) -> Iterator[Warehouse]:
    """Open the output folder's warehouse for writing. The first call creates it; a locked one is waited for.

    A warehouse that was filled from another landing folder, or by a version of the project with other tables, is
    renamed and kept, and a new one takes its place; the history of another version is copied into the new one. Whatever
    a killed run left in the output folder is removed. ``log`` is told of waiting and of renaming.

    Raises LandingMissingError when there is no landing folder, WarehouseBusyError when another process keeps the file
    for ``settings.lock_wait_s`` seconds, WarehouseDamagedError and WarehouseNewerError when DuckDB cannot read the file,
    and duckdb.Error when something else than the file's content is in the way (permissions, a full disk).
    """
    if not settings.landing.is_dir():
        raise LandingMissingError(settings.landing)
    settings.output.mkdir(parents=True, exist_ok=True)
    con = _open(settings, log)
    try:
        yield Warehouse(con, settings)
    finally:
        con.close()


def _open(settings: Settings, log: Log) -> duckdb.DuckDBPyConnection:
    con = _connect(settings, log)
    try:
        if foreign := _foreign(con, settings):
            con.close()
            aside = _set_aside(settings.warehouse_path, foreign, log)
            con = _connect(settings, log)
            create_schemas(con)
            if not foreign.other_data:
                _copy_history(con, aside)
        create_schemas(con)
        with transaction(con):
            write_settings(con, settings)
        _clear_scratch(settings.output)
    except BaseException as error:
        con.close()
        if isinstance(error, duckdb.Error) and recognize(error) is Failure.DAMAGED:
            raise WarehouseDamagedError(settings.warehouse_path, first_line(str(error))) from None
        raise
    return con


@dataclass(frozen=True, slots=True)
class _Foreign:
    """Why an existing warehouse cannot be used, and whether that is because it holds other data."""

    reason: str
    other_data: bool = False


def _foreign(con: duckdb.DuckDBPyConnection, settings: Settings) -> _Foreign | None:
    """Why an existing warehouse cannot be used; None when it can, or is new."""
    columns = {
        row[0]
        for row in con.sql(
            "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'landing' AND table_name = 'settings'"
        ).fetchall()
    }
    if not columns:
        return None
    if "layout" not in columns:
        return _Foreign("an earlier version of the project made the warehouse")
    found = con.sql("SELECT landing, layout FROM landing.settings").fetchall()
    if found and found[0][0] != str(settings.landing):
        moved = f"the warehouse was filled from {found[0][0]}; the landing folder is now {settings.landing}"
        return _Foreign(moved, other_data=True)
    if found and found[0][1] != layout():
        return _Foreign("another version of the project made the warehouse")
    return None


def _connect(settings: Settings, log: Log) -> duckdb.DuckDBPyConnection:
    con = _when_free(settings, log)
    try:
        _configure(con, settings)
    except BaseException:
        con.close()
        raise
    return con


def _when_free(settings: Settings, log: Log) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + settings.lock_wait_s
    told = False
    while True:
        try:
            return duckdb.connect(settings.warehouse_path)
        except duckdb.Error as error:
            if recognize(error) is not Failure.HELD:
                raise _unreadable(settings.warehouse_path, error) from None
            holder = lock_holder(error)
            if time.monotonic() > deadline:
                raise WarehouseBusyError(settings.warehouse_path, holder, settings.lock_wait_s) from None
            if not told:
                log(f"waiting for {settings.warehouse_path.name}: it is held by {holder}")
                told = True
            time.sleep(0.5)


def _unreadable(path: Path, error: duckdb.Error) -> Exception:
    """What to raise for a file that could not be opened: ``error`` itself unless the file's content is to blame."""
    match recognize(error):
        case Failure.NEWER:
            return WarehouseNewerError(path, first_line(str(error)))
        case Failure.NO_ROOM | Failure.NO_MEMORY:
            return error
        case _ if path.is_file() and os.access(path, os.R_OK | os.W_OK):
            return WarehouseDamagedError(path, first_line(str(error)))
        case _:
            return error


def _configure(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Forbid downloads, and files outside the landing and output folders, for as long as the connection lives."""
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
    """Set what the project's statements rely on: times are UTC, and rows that nothing sorts have no order.

    Attaches the in-memory database ``scratch``, which all connections of a run share.
    """
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute("ATTACH IF NOT EXISTS ':memory:' AS scratch")
    # No statement relies on the order of rows that nothing sorted, so writers need not wait for one another.
    con.execute("SET preserve_insertion_order = false")
    # A run changes some rows of many tables: checkpoint once, at its end, not after every few tables.
    con.execute("SET checkpoint_threshold = '1GB'")


def _set_aside(path: Path, foreign: _Foreign, log: Log) -> Path:
    number = 1
    while (aside := path.with_name(f"warehouse.set-aside-{number}.duckdb")).exists():
        number += 1
    path.rename(aside)
    log(f"{foreign.reason}: this run reads every file into a new one and keeps the old one as {aside.name}")
    return aside


def _copy_history(con: duckdb.DuckDBPyConnection, aside: Path) -> None:
    """Copy the history from a warehouse that was set aside. A table that had other columns is skipped."""
    con.execute(f"ATTACH {literal(str(aside))} AS aside (READ_ONLY)")
    try:
        columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for database, table, column, kind in con.sql(
            "SELECT database_name, schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
            "ORDER BY column_index"
        ).fetchall():
            columns.setdefault((database, table), []).append((column, kind))
        (own,) = con.sql("SELECT current_database()").fetchall()[0]
        with transaction(con):
            for table in _HISTORY:
                if columns[own, table] == columns.get(("aside", table)):
                    con.execute(f"INSERT INTO {table} FROM aside.{table}")
    finally:
        con.execute("DETACH aside")


def _clear_scratch(output: Path) -> None:
    """Remove what a killed run unpacked or spilled. Only the run that holds the warehouse writes there."""
    for left in (output / "spill", *output.glob("ingest-*")):
        shutil.rmtree(left, ignore_errors=True)
