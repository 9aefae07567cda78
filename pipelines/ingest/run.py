"""One resource's new files into its raw table, in one transaction.

Belongs here: the order of the steps, what is read and what is not, and what happens when reading fails. Does not
belong here: any of the steps themselves.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.ingest import files, load, merge, page_sets, shapes, unpack
from pipelines.ingest.files import LandingFile
from pipelines.ingest.load import Loading
from pipelines.ingest.names import Column, match
from pipelines.ingest.shapes import Batch, Survey
from pipelines.ingest.unpack import Unpacked
from pipelines.sources import Resource
from pipelines.sql_text import quoted, transaction

_SMALL = 32 << 20
"""Bytes up to which a file is read together with others of its format."""

_TOGETHER = 500
"""Files that one statement reads at most."""

_TEXT_ERRORS = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
    duckdb.IOException,
)
"""What DuckDB raises for a JSON or CSV file that is not what it seems; anything else is no fault of the file."""

_NOT_THE_FILE = (duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.FatalException)
"""A broken Parquet file raises anything; these are still no fault of it."""


class IngestError(RuntimeError):
    """The accounts do not add up, so nothing was written; the message says where."""


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What one call did. ``files_seen`` are all that lie there, the rest is of the files that are new."""

    files_seen: int = 0
    files_read: int = 0
    rows_read: int = 0
    accepted: int = 0
    superseded: int = 0
    rejected: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _New:
    """A file that was not there before, under its number."""

    file: LandingFile
    id: int
    hash: Future[str] | None
    same_as: int | None = None
    content: str | None = None
    shape: str = "empty"


class _Changed(Exception):
    """Files that were written to while they were being read."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)


class _NotTyped(Exception):
    """A batch whose values DuckDB's typed reader does not take."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Damaged(Exception):
    """A Parquet file that could be surveyed, and can be loaded in no way."""

    def __init__(self, number: int, detail: str) -> None:
        self.number = number
        self.detail = detail


def ingest(con: duckdb.DuckDBPyConnection, resource: Resource, landing: Path, work_dir: Path) -> IngestResult:
    """Read every file of the resource below ``landing`` that was not read before, all or nothing.

    ``work_dir`` takes what has to be unpacked or mended, for as long as the call lasts. A file that somebody writes to
    meanwhile is left for the next call. Raises IngestError when the accounts do not add up, and duckdb.Error for what
    is no fault of a file (memory, disk); the warehouse is then as it was.
    """
    started = time.monotonic()
    # A name is a place in the books: the landing folder is taken as it is now, whatever links lead to it.
    landing = Path(os.path.realpath(landing))
    work_dir.mkdir(parents=True, exist_ok=True)
    later: frozenset[str] = frozenset()
    while True:
        with tempfile.TemporaryDirectory(prefix="ingest-", dir=work_dir) as scratch:
            try:
                result = _Run(con, resource, landing, Path(scratch), later).go()
                return replace(result, seconds=time.monotonic() - started)
            except _Changed as changed:
                later |= changed.names


class _Run:
    """The state of one attempt: which files are new, and how each is read."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        resource: Resource,
        landing: Path,
        scratch: Path,
        later: frozenset[str],
    ) -> None:
        self.con = con
        self.reader = con.cursor()  # reading that fails must not spoil the transaction
        self.resource = resource
        self.landing = landing
        self.scratch = scratch
        self.later = later
        self.sets = page_sets.PAGE_SETS.get(resource.full_name)
        self.table = f"raw.{quoted(resource.table)}"
        self.mended: list[Batch] = []
        self.about = {"source": resource.source, "resource": resource.name}

    def go(self) -> IngestResult:
        found = files.find(self.landing, self.resource.source, self.resource.name)
        if self.sets is not None:
            page_sets.create_books(self.con, self.resource)
        self._end_refusals(found)
        known = self._known()
        fresh = [file for file in found if self._is_fresh(file, known)]
        if not fresh:
            self.reader.close()
            return IngestResult(files_seen=len(found))
        pool = ThreadPoolExecutor(max_workers=2)
        self.surveyor = ThreadPoolExecutor(max_workers=1)
        try:
            new = self._number(fresh, pool)
            touched = self._find_duplicates(new)
            new = [n for n in new if n.file.name not in touched]
            to_read = [n for n in new if n.same_as is None]
            loadings = self._with_mended(x for batch in self._batches(to_read) for x in self._surveyed(batch))
            while True:
                try:
                    with transaction(self.con):
                        return self._write(new, to_read, touched, loadings, len(found))
                except _NotTyped as error:
                    # Not every row is good: what was not yet taken whole goes the careful way, in one more attempt.
                    rest = loadings[error.number :]
                    loadings[error.number :] = self._with_mended(x for y in rest for x in self._carefully(y))
                except _Damaged as error:
                    batch = loadings[error.number].batch
                    loadings[error.number : error.number + 1] = self._surveyed(
                        self._lost(batch, error.detail)
                    )
                except duckdb.OutOfMemoryException:
                    # A survey beside the loading takes memory twice.
                    if not (beside := [y.truth for y in loadings if y.truth is not None]):
                        raise
                    wait(beside)
                    loadings = self._with_mended(x for y in loadings for x in self._certainly(y))
        finally:
            pool.shutdown(cancel_futures=True)
            self.surveyor.shutdown(cancel_futures=True)
            self.reader.close()

    # --- which files ---------------------------------------------------------------------------------------------

    def _known(self) -> dict[str, tuple[int, int, int | None]]:
        """Name → number, size and time of change, as last seen; a refused file has no time of change."""
        rows = self.con.execute(
            "SELECT file, file_id, size, modified_ns FROM landing.files "
            "WHERE source = $source AND resource = $resource AND is_current",
            self.about,
        ).fetchall()
        return {name: (number, size, modified) for name, number, size, modified in rows}

    def _end_refusals(self, found: list[LandingFile]) -> None:
        """Strike from the books what could not be read and now can be, or is gone: nothing of it was ever read.

        What was read under its name before is then again the last that is known of it.
        """
        refused = {file.name for file in found if file.refused is not None}
        ended = [
            name
            for name, (_, _, modified) in self._known().items()
            if modified is None and name not in refused
        ]
        if not ended:
            return
        with transaction(self.con):
            for name in ended:
                self.con.execute(
                    """UPDATE landing.files SET is_current = (file_id = (
                        SELECT max(file_id) FROM landing.files WHERE source = $source AND resource = $resource
                            AND file = $name AND modified_ns IS NOT NULL))
                    WHERE source = $source AND resource = $resource AND file = $name""",
                    {**self.about, "name": name},
                )

    def _is_fresh(self, file: LandingFile, known: dict[str, tuple[int, int, int | None]]) -> bool:
        if file.name in self.later:
            return False
        seen = known.get(file.name)
        if seen is None:
            return True
        if file.refused is not None:
            return seen[2] is not None  # refused before: still so, and already told
        return (file.size, file.modified_ns) != seen[1:]

    def _number(self, fresh: list[LandingFile], pool: ThreadPoolExecutor) -> list[_New]:
        first = self.con.execute("SELECT coalesce(max(file_id), 0) + 1 FROM landing.files").fetchall()[0][0]
        return [
            _New(file, first + i, None if file.refused else pool.submit(files.fingerprint, file.path))
            for i, file in enumerate(fresh)
        ]

    def _content(self, new: _New) -> str:
        """What makes the file's rows the same as another's: its bytes, and the contact in its path where that counts."""
        if new.content is None:
            assert new.hash is not None
            new.content = new.hash.result()
            if self.sets is not None and new.file.contact is not None:
                new.content += f":{new.file.contact}"
        return new.content

    def _find_duplicates(self, new: list[_New]) -> dict[str, int]:
        """Find files with the bytes of another. Returns, by name, files that hold what they held before: its number.

        Files of different sizes have different bytes, so most hashes are not waited for here.
        """
        rows = self.con.execute(
            "SELECT size, content_hash, coalesce(same_as, file_id), file, file_id FROM landing.files "
            "WHERE source = $source AND resource = $resource AND content_hash IS NOT NULL ORDER BY file_id DESC",
            self.about,
        ).fetchall()
        first_with: dict[str, int] = {content: original for _, content, original, _, _ in rows}
        versions = {(name, content): number for _, content, _, name, number in reversed(rows)}
        sizes = [size for size, *_ in rows] + [n.file.size for n in new if n.hash is not None]
        shared = {size for size in sizes if sizes.count(size) > 1} if len(sizes) < 1000 else _repeated(sizes)
        touched: dict[str, int] = {}
        for n in new:
            if n.hash is None or n.file.size not in shared:
                continue
            try:
                content = self._content(n)
            except OSError as error:
                n.file, n.hash = replace(n.file, refused=f"cannot be read: {error.strerror}"), None
                continue
            if (number := versions.get((n.file.name, content))) is not None:
                touched[n.file.name] = number
            elif content in first_with:
                n.same_as = first_with[content]
            else:
                first_with[content] = n.id
        return touched

    # --- how they are read ---------------------------------------------------------------------------------------

    def _knows(self, name: str) -> bool:
        found = match(self.resource, [Column("", name)])
        return bool(found.fields or found.members or found.markers or name.strip().lower() == "_airbyte_data")

    def _valid(self, texts: list[str]) -> list[bool]:
        rows = self.reader.execute("SELECT json_valid(unnest($texts))", {"texts": texts}).fetchall()
        return [row[0] for row in rows]

    def _batches(self, new: Sequence[_New]) -> Iterator[Batch]:
        """The files, unpacked, in groups that one statement can read."""
        groups: dict[tuple[object, ...], list[tuple[Unpacked, _New]]] = {}
        for n in new:
            try:
                if n.file.refused is not None:
                    plain = unpack.unreadable(self.scratch, n.id, n.file.refused)
                else:
                    plain = unpack.unpack(n.file.path, self.scratch, n.id, self._knows)
            except OSError as error:
                plain = unpack.unreadable(self.scratch, n.id, f"cannot be read: {error.strerror}")
            if plain.mended:
                plain = self._mended(plain, n.id)
            if plain.format == "empty":
                continue
            alone = plain.format == "parquet" or os.path.getsize(plain.path) > _SMALL
            kind = (plain.format, plain.delimiter, plain.header, plain.mended, n.id if alone else None)
            groups.setdefault(kind, []).append((plain, n))
        for group in groups.values():
            for start in range(0, len(group), _TOGETHER):
                part = group[start : start + _TOGETHER]
                yield Batch(
                    tuple(plain for plain, _ in part),
                    tuple(n.id for _, n in part),
                    tuple(n.file.contact if self.sets is not None else None for _, n in part),
                )

    def _mended(self, plain: Unpacked, number: int) -> Unpacked:
        if plain.path.endswith(".unreadable"):
            return plain
        try:
            return unpack.mend(plain, self.scratch, number, self._valid)
        except FileNotFoundError as error:  # gone meanwhile
            return unpack.unreadable(self.scratch, number, f"cannot be read: {error.strerror}")

    def _lost(self, batch: Batch, error: str) -> Batch:
        """The batch of one file, of which nothing can be read; ``error`` is what DuckDB says of it."""
        said = error.partition("\n")[0]
        lost = unpack.unreadable(self.scratch, batch.ids[0], "DuckDB cannot read this file", value=said)
        return replace(batch, files=(lost,), careful=False)

    def _is_large(self, batch: Batch) -> bool:
        """Lines, whole as far as is known, and enough of them that a second reading counts."""
        file = batch.files[0]
        return file.format == "lines" and not file.mended and os.path.getsize(file.path) > _SMALL

    def _survey_apart(self, batch: Batch) -> Survey:
        with self.con.cursor() as reader:
            return shapes.survey(reader, self.resource, batch)

    def _surveyed(self, batch: Batch, *, glance: bool = True) -> Iterator[Loading]:
        """The batch, surveyed; in parts when a file of it is broken, and that one mended.

        A large file of lines is loaded by a ``glance`` at it, while the survey is under way: nearly always they agree.
        """
        owner = self.sets.owner if self.sets is not None else None
        try:
            if glance and owner is None and self._is_large(batch):
                likely = shapes.glance(self.reader, self.resource, batch)
                if likely is not None:
                    truth = self.surveyor.submit(self._survey_apart, batch)
                    yield replace(Loading.of(self.resource, batch, likely, owner), truth=truth)
                    return
            found = shapes.survey(self.reader, self.resource, batch)
        except duckdb.Error as error:
            if isinstance(error, _NOT_THE_FILE) or not (
                batch.format == "parquet" or isinstance(error, _TEXT_ERRORS)
            ):
                raise
            if len(batch.files) > 1:
                middle = len(batch.files) // 2
                yield from self._surveyed(batch.part(0, middle))
                yield from self._surveyed(batch.part(middle, len(batch.files)))
            elif batch.files[0].mended or batch.format == "parquet":
                yield from self._surveyed(self._lost(batch, str(error)))
            else:
                mended = self._mended(batch.files[0], batch.ids[0])
                self.mended.append(replace(batch, files=(mended,)))
            return
        nested = [shapes.RESOURCE_OBJECT in found.shapes.get(i, ()) for i in range(len(batch.files))]
        if any(nested) and not all(nested):
            # What is an envelope in one of them may be a column in another.
            for wanted in (True, False):
                chosen = [i for i, is_nested in enumerate(nested) if is_nested is wanted]
                yield from self._surveyed(batch.only(chosen))
            return
        loading = Loading.of(self.resource, batch, found, owner)
        yield loading.careful() if batch.files[0].mended else loading  # a mended file has rows to refuse

    def _certainly(self, loading: Loading) -> Iterator[Loading]:
        """The loading; when it rests on a glance, by a survey."""
        if loading.truth is None:
            yield loading
        else:
            yield from self._surveyed(loading.batch, glance=False)

    def _carefully(self, loading: Loading) -> Iterator[Loading]:
        yield from (certain.careful() for certain in self._certainly(loading))

    def _with_mended(self, loadings: Iterable[Loading]) -> list[Loading]:
        """These, and the files that turned out to be broken, mended: they are all of one format now, so together."""
        listed = list(loadings)
        mended, self.mended = self.mended, []
        for start in range(0, len(mended), _TOGETHER):
            listed += self._surveyed(Batch.of(mended[start : start + _TOGETHER]))
        return listed

    # --- writing -------------------------------------------------------------------------------------------------

    def _write(
        self,
        new: list[_New],
        to_read: list[_New],
        touched: dict[str, int],
        loadings: list[Loading],
        seen: int,
    ) -> IngestResult:
        self._touch(touched)
        if not new:
            return IngestResult(files_seen=seen)
        first_id = new[0].id
        shape_of = {i: loading.shape(k) for loading in loadings for k, i in enumerate(loading.batch.ids)}
        for n in new:
            n.shape = shape_of.get(n.id, n.shape)
        self._enter(new)
        ordered = self.sets is not None
        target = page_sets.ROWS if ordered else self.table
        for number in range(len(loadings)):
            self._load(loadings, number, target, ordered)
        self._account(loadings, target, first_id)
        for loading in loadings:
            load.note_new_fields(self.con, loading)
        load.note_unknown_values(self.con, self.resource, target, first_id)
        if ordered:
            page_sets.rebuild(self.con, self.resource)
        else:
            merge.merge(self.con, self.resource, first_id)
        self._finish(new)
        self._prove()
        counts = self.con.execute(
            "SELECT sum(rows_read)::BIGINT, sum(rows_accepted)::BIGINT, sum(rows_superseded)::BIGINT, "
            "sum(rows_rejected)::BIGINT FROM landing.files WHERE file_id >= ?",
            [first_id],
        ).fetchall()[0]
        return IngestResult(seen, len(to_read), *counts)

    def _touch(self, touched: dict[str, int]) -> None:
        """Files with another time of change and the bytes that they had, last or before: that version is current."""
        for name, number in sorted(touched.items()):
            status = os.stat(self.landing / name)
            self.con.execute(
                "UPDATE landing.files SET is_current = (file_id = $number), "
                "modified_ns = CASE WHEN file_id = $number THEN $modified ELSE modified_ns END "
                "WHERE source = $source AND resource = $resource AND file = $name",
                {**self.about, "modified": status.st_mtime_ns, "name": name, "number": number},
            )

    def _enter(self, new: list[_New]) -> None:
        """Enter the new files into the books, so far without rows; a copy has its original's, all superseded."""
        self.con.execute(
            "UPDATE landing.files SET is_current = FALSE WHERE source = $source AND resource = $resource AND is_current "
            "AND list_contains($names, file)",
            {**self.about, "names": [n.file.name for n in new]},
        )
        self.con.execute(
            """INSERT INTO landing.files (file_id, source, resource, file, size, modified_ns, same_as, shape,
                rows_read, rows_accepted, rows_superseded, rows_rejected)
            SELECT n.id, $source, $resource, n.name, n.size, n.modified, n.same_as, n.shape, 0, 0, 0, 0
            FROM (SELECT unnest($ids) AS id, unnest($names) AS name, unnest($sizes) AS size,
                unnest($modified) AS modified, unnest($same) AS same_as, unnest($shapes) AS shape) AS n""",
            {
                **self.about,
                "ids": [n.id for n in new],
                "names": [n.file.name for n in new],
                "sizes": [n.file.size for n in new],
                "modified": [None if n.file.refused else n.file.modified_ns for n in new],
                "same": [n.same_as for n in new],
                "shapes": [n.shape for n in new],
            },
        )

    def _load(self, loadings: list[Loading], number: int, target: str, ordered: bool) -> None:
        """Load one batch; where that was done by a glance, put what is proven in its place in the list."""
        loading = loadings[number]
        if not loading.rows and loading.truth is None:
            return
        strict = not loading.batch.careful
        try:
            inserted = load.insert(self.con, loading, target, ordered)
            proven = loading.proven(inserted)
            if proven is None or (strict and inserted != proven.rows):
                raise _NotTyped(number)
            loadings[number] = loading = proven
            rejected = load.reject(self.con, loading) if inserted < loading.rows else 0
        except duckdb.Error as error:
            is_parquet = loading.batch.format == "parquet"
            if isinstance(error, _NOT_THE_FILE) or not (is_parquet or isinstance(error, _TEXT_ERRORS)):
                raise
            if strict:
                raise _NotTyped(number) from None
            # The disk may be full: the file is at fault when it alone, with nothing written, fails too.
            if is_parquet and (damage := load.rehearse(self.reader, loading)) is not None:
                raise _Damaged(number, damage) from None
            raise
        if inserted + rejected != loading.rows:
            names = ", ".join(os.path.basename(path) for path in loading.batch.paths[:3])
            raise IngestError(
                f"{self.resource.full_name}: {loading.rows} rows read, {inserted} taken, {rejected} rejected in {names}"
            )
        if ordered:
            load.enter_pages(self.con, loading)

    def _account(self, loadings: list[Loading], target: str, first_id: int) -> None:
        """Each file's rows: read as the survey counted them, the others as they lie in the tables."""
        rows = {i: s.survey.rows[k] for s in loadings for k, i in enumerate(s.batch.ids)}
        self.con.execute(
            f"""UPDATE landing.files SET rows_read = n.rows, rows_accepted = coalesce(a.rows, 0),
                rows_rejected = coalesce(r.rows, 0)
            FROM (SELECT unnest($ids) AS id, unnest($rows) AS rows) AS n
            LEFT JOIN (SELECT _file_id, count(*) AS rows FROM {target} WHERE _file_id >= $first GROUP BY ALL) AS a
                ON a._file_id = n.id
            LEFT JOIN (SELECT file_id, count(*) AS rows FROM landing.rejected_rows WHERE file_id >= $first
                GROUP BY ALL) AS r ON r.file_id = n.id
            WHERE landing.files.file_id = n.id""",
            {"ids": list(rows), "rows": list(rows.values()), "first": first_id},
        )
        # A copy has the rows of its original, all superseded by them.
        self.con.execute(
            """UPDATE landing.files SET rows_read = o.rows_read, rows_superseded = o.rows_read, shape = o.shape
            FROM (SELECT file_id AS original, rows_read, shape FROM landing.files) AS o
            WHERE same_as = o.original AND file_id >= $first""",
            {"first": first_id},
        )

    def _finish(self, new: list[_New]) -> None:
        """What was still missing in the books: hashes, now that they are needed, and whether a file has changed."""
        changed = []
        for n in new:
            if n.hash is not None:
                try:
                    self._content(n)
                    status = os.stat(n.file.path)
                except OSError:
                    changed.append(n.file.name)
                    continue
                if (status.st_size, status.st_mtime_ns) != (n.file.size, n.file.modified_ns):
                    changed.append(n.file.name)
        if changed:
            raise _Changed(changed)
        self.con.execute(
            """UPDATE landing.files SET content_hash = n.content
            FROM (SELECT unnest($ids) AS id, unnest($content) AS content) AS n WHERE file_id = n.id""",
            {"ids": [n.id for n in new], "content": [n.content for n in new]},
        )

    def _prove(self) -> None:
        """The law: a file's rows are accepted, superseded or rejected, and the accepted ones are the table's."""
        wrong = self.con.execute(
            """SELECT file, rows_read, rows_accepted, rows_superseded, rows_rejected FROM landing.files
            WHERE source = $source AND resource = $resource AND
                (rows_read <> rows_accepted + rows_superseded + rows_rejected OR least(rows_accepted, rows_superseded) < 0)
            LIMIT 1""",
            self.about,
        ).fetchall()
        if wrong:
            raise IngestError(
                "{}: {} rows read, but {} accepted, {} superseded, {} rejected".format(*wrong[0])
            )
        kept, accepted = self.con.execute(
            f"""SELECT (SELECT count(*) FROM {self.table}), (SELECT coalesce(sum(rows_accepted), 0)::BIGINT
            FROM landing.files WHERE source = $source AND resource = $resource)""",
            self.about,
        ).fetchall()[0]
        if kept != accepted:
            raise IngestError(f"{self.table}: {kept} rows, but {accepted} accepted")


def _repeated(sizes: Iterable[int]) -> set[int]:
    seen: set[int] = set()
    twice: set[int] = set()
    for size in sizes:
        (twice if size in seen else seen).add(size)
    return twice
