"""Dagster's event log in SQLite, as one run writes it: one connection for each of its files, kept until the run ends.

Belongs here: how the log is reached. Does not belong here: what is in it; Dagster's own class writes and reads the same
files, and the web UI and the daemon go on to use that.

Dagster's class opens an engine and a connection for every statement, and waits for the disk after each: some five for
every event. A run here has hundreds of events. With kept connections, and without the wait (SQLite's write-ahead log
stays whole if the process dies; a power cut may lose the last events), writing them takes a quarter of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

_TIMEOUT_S = 60
"""How long a statement waits for a lock that another process holds (seconds)."""


class OneConnectionEventLog(SqliteEventLogStorage):
    """Dagster's event log, with one connection per file. One process writes it; others may read meanwhile."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._known_indexes: dict[str, bool] = {}
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> OneConnectionEventLog:
        """Return the log that Dagster's settings describe."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = self._engines[shard] = _engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def has_secondary_index(self, name: str) -> bool:
        """Return whether Dagster has built an index; asked once, because it stays true."""
        if not self._known_indexes.get(name):
            self._known_indexes[name] = super().has_secondary_index(name)
        return self._known_indexes[name]

    def has_table(self, table_name: str) -> bool:
        """Return whether the log has a table; asked until it has, because it stays true."""
        if table_name not in self._known_tables and super().has_table(table_name):
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def dispose(self) -> None:
        """Close the connections."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def configuration(home: Path) -> dict[str, Any]:
    """Return Dagster's setting for this log, in the place where its own class keeps it."""
    return {
        "module": __name__,
        "class": OneConnectionEventLog.__name__,
        "config": {"base_dir": str(home / "history" / "runs")},
    }


def _engine(address: str) -> Engine:
    engine = create_engine(
        address,
        poolclass=StaticPool,
        connect_args={"timeout": _TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    return engine
