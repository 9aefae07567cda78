"""Failures of other programs are told apart, each shown on the real one: a damaged file, a held lock, a full disk.

Belongs here: what `recognize` makes of an error. Does not belong here: what a run does about it (test_warehouse,
test_command, test_unattended).
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse import failures
from pipelines.warehouse.failures import Failure, lock_holder, recognize, recognize_line

ENDLESS = "SELECT hash(a.i * b.i) AS h FROM rows AS a JOIN rows AS b ON a.i % 1000 = b.i % 1000"
ROWS = "CREATE TABLE rows AS SELECT range AS i, hash(range)::VARCHAR AS text FROM range(300000)"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a DuckDB file with one table."""
    path = tmp_path_factory.mktemp("database") / "good.duckdb"
    with duckdb.connect(path) as con:
        con.execute(ROWS)
    return path.read_bytes()


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, which to the process is a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def error_of(action: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what a test looks at
        action()
    return caught.value


def read(path: Path) -> None:
    with duckdb.connect(path) as con:
        con.execute("SELECT max(text), sum(i) FROM rows").fetchall()


def of_newer_version(database: bytes) -> bytes:
    """The same file with a storage version that is still to come; the header's checksum fits again."""
    header = bytearray(database[:4096])
    struct.pack_into("<Q", header, 12, 9999)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", header[8:]):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    struct.pack_into("<Q", header, 0, checksum)
    return bytes(header) + database[4096:]


def held(folder: Path, database: bytes) -> BaseException:
    path = folder / "held.duckdb"
    code = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        error = error_of(lambda: duckdb.connect(path))
        assert isinstance(error, duckdb.Error)
        assert f"(PID {holder.pid})" in lock_holder(error)
        holder.communicate()
    return error


def unreadable(folder: Path, content: bytes) -> BaseException:
    path = folder / "unreadable.duckdb"
    path.write_bytes(content)
    return error_of(lambda: read(path))


def newer(folder: Path, database: bytes) -> BaseException:
    return unreadable(folder, of_newer_version(database))


def cut(folder: Path, database: bytes) -> BaseException:
    return unreadable(folder, database[: len(database) // 2])


def another_file(folder: Path, database: bytes) -> BaseException:
    return unreadable(folder, b"not what it was" * 1000)


def turned_bytes(folder: Path, database: bytes) -> BaseException:
    return unreadable(folder, database[:5000] + bytes(255 - byte for byte in database[5000:]))


def disk_full_for_a_new_database(folder: Path, database: bytes) -> BaseException:
    with files_up_to(8192):
        return error_of(lambda: duckdb.connect(folder / "new.duckdb"))


def disk_full_at_a_commit(folder: Path, database: bytes) -> BaseException:
    with files_up_to(1 << 20), duckdb.connect(folder / "commit.duckdb") as con:
        return error_of(lambda: con.execute(ROWS))


def device_full_for_duckdb(folder: Path, database: bytes) -> BaseException:
    return error_of(lambda: duckdb.execute("COPY (FROM range(1000000)) TO '/dev/full' (FORMAT csv)"))


def device_full_for_python(folder: Path, database: bytes) -> BaseException:
    return error_of(lambda: Path("/dev/full").write_bytes(b"x"))


def file_too_large_for_python(folder: Path, database: bytes) -> BaseException:
    with files_up_to(1000):
        return error_of(lambda: (folder / "large").write_bytes(b"x" * 2000))


def fill(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as con:
        con.execute("CREATE TABLE t (x)")
        for statement in statements:
            con.execute(statement)
        con.execute("INSERT INTO t SELECT zeroblob(1000000)")
        con.commit()


def disk_full_for_sqlite(folder: Path, database: bytes) -> BaseException:
    with files_up_to(20_000):
        return error_of(lambda: fill(folder / "limited.db"))


def no_page_left_for_sqlite(folder: Path, database: bytes) -> BaseException:
    return error_of(lambda: fill(folder / "full.db", "PRAGMA max_page_count = 10"))


def too_little_memory(folder: Path, database: bytes) -> BaseException:
    with duckdb.connect(config={"memory_limit": "5MB"}) as con:
        return error_of(lambda: con.execute(ROWS.replace("300000", "9000000")))


def interrupted_by_another_thread(folder: Path, database: bytes) -> BaseException:
    with duckdb.connect() as con:
        con.execute(ROWS)
        threading.Timer(0.2, con.interrupt).start()
        return error_of(lambda: con.execute(f"CREATE TABLE endless AS {ENDLESS}"))


def interrupted_by_a_signal(folder: Path, database: bytes) -> BaseException:
    def stop(*_: object) -> None:
        raise LookupError("as Dagster does it")

    before = signal.signal(signal.SIGINT, stop)
    try:
        with duckdb.connect() as con:
            con.execute(ROWS)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            return error_of(lambda: con.sql(f"CREATE TABLE endless AS {ENDLESS}"))
    finally:
        signal.signal(signal.SIGINT, before)


REAL: dict[Callable[[Path, bytes], BaseException], Failure] = {
    held: Failure.HELD,
    newer: Failure.NEWER,
    cut: Failure.DAMAGED,
    another_file: Failure.DAMAGED,
    turned_bytes: Failure.DAMAGED,
    disk_full_for_a_new_database: Failure.NO_ROOM,
    disk_full_at_a_commit: Failure.NO_ROOM,
    device_full_for_duckdb: Failure.NO_ROOM,
    device_full_for_python: Failure.NO_ROOM,
    file_too_large_for_python: Failure.NO_ROOM,
    disk_full_for_sqlite: Failure.NO_ROOM,
    no_page_left_for_sqlite: Failure.NO_ROOM,
    too_little_memory: Failure.NO_MEMORY,
    interrupted_by_another_thread: Failure.INTERRUPTED,
    interrupted_by_a_signal: Failure.INTERRUPTED,
}


@pytest.fixture(scope="module")
def met(
    tmp_path_factory: pytest.TempPathFactory, database: bytes
) -> dict[Callable[[Path, bytes], BaseException], BaseException]:
    """Every real failure, brought about once."""
    return {bring_about: bring_about(tmp_path_factory.mktemp("real"), database) for bring_about in REAL}


@pytest.mark.parametrize("bring_about", REAL, ids=lambda real: real.__name__)
def test_a_real_failure_is_recognized(
    met: dict[Callable[[Path, bytes], BaseException], BaseException],
    bring_about: Callable[[Path, bytes], BaseException],
) -> None:
    """As an exception, and as the line that Dagster keeps of one."""
    error = met[bring_about]
    assert recognize(error) is REAL[bring_about], repr(error)
    line = "".join(traceback.format_exception_only(error))
    assert recognize_line(line) is REAL[bring_about], line


def test_every_sign_stands_in_a_real_failure(
    met: dict[Callable[[Path, bytes], BaseException], BaseException],
) -> None:
    """A phrase that a new version of its program says in other words is missed here."""
    quota = (f"[Errno {errno.EDQUOT}]", os.strerror(errno.EDQUOT))  # needs a disk with quotas
    unmet = [
        (kind.__name__, words)
        for kind, words, _ in failures._SIGNS
        if not any(isinstance(error, kind) and words in str(error) for error in met.values())
    ]
    assert [sign for sign in unmet if sign[1] not in quota] == []
    assert recognize(OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))) is Failure.NO_ROOM


def test_other_errors_are_none_of_these(tmp_path: Path) -> None:
    (tmp_path / "folder.duckdb").mkdir()
    for action in (
        lambda: duckdb.execute("FROM missing"),
        lambda: duckdb.connect(tmp_path / "nowhere" / "new.duckdb"),
        lambda: duckdb.connect(tmp_path / "folder.duckdb"),
        (tmp_path / "nowhere").read_bytes,
        lambda: int("disk I/O error"),
        lambda: fill(tmp_path / "nowhere" / "new.db"),
    ):
        error = error_of(action)
        assert recognize(error) is None, repr(error)
        assert recognize_line("".join(traceback.format_exception_only(error))) is None


def test_an_error_is_recognized_by_what_it_came_from() -> None:
    def wrapped(*, hidden: bool) -> None:
        try:
            Path("/dev/full").write_bytes(b"x")
        except OSError as error:
            raise ValueError("cannot be kept") from (None if hidden else error)

    assert recognize(error_of(lambda: wrapped(hidden=False))) is Failure.NO_ROOM
    assert recognize(error_of(lambda: wrapped(hidden=True))) is None
