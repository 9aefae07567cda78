"""One resource's new files into its raw table, in one transaction.

Belongs here: the order of the steps, which files are read, and what happens when reading fails. Does not belong here:
the steps themselves.

Files are read in batches, and each batch has a state (``load.State``). A large batch starts as guessed, any other as
surveyed. A batch that turns out to hold a bad row is loaded row by row; one that cannot be loaded is unreadable. Since
everything is written in one transaction, a change of state rolls it back, and the next attempt starts from the new states.
A broken file is salvaged first, and then belongs to a batch of mended files.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.errors import LedgerError
from pipelines.ingest import (
    changes,
    earlier_versions,
    files,
    load,
    merge,
    names,
    page_sets,
    parts,
    shapes,
    sightings,
    unpack,
)
from pipelines.ingest.batches import Batch, Doubtful, Refused, Survey
from pipelines.ingest.files import LandingFile, LandingFolder
from pipelines.ingest.load import Loading, State
from pipelines.ingest.salvage_csv import mend_csv
from pipelines.ingest.salvage_json import mend_json
from pipelines.ingest.salvage_parquet import mend_parquet
from pipelines.ingest.unpack import Unpacked
from pipelines.sources import Resource
from pipelines.sql_text import quoted, transaction
from pipelines.warehouse.tables import kept_parts, kept_rows

_SMALL = 32 << 20
"""Bytes up to which a file is read together with others of its format."""

_TOGETHER = 500
"""Files that one statement reads at most."""

_ROUND = frozenset({100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000})
"""Rows on a page, as APIs limit it."""

_TEXT_ERRORS = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
    duckdb.IOException,
)
"""What DuckDB raises for a JSON or CSV file that is not what it seems to be. Any other error is not the file's fault."""

_NOT_THE_FILE = (duckdb.OutOfMemoryException, duckdb.InterruptException, duckdb.FatalException)
"""What is not the file's fault even for a Parquet file, where anything else may be."""


class IngestError(LedgerError):
    """The row accounts do not add up, so nothing was written.

    ``rows`` counts rows by what became of them; the first count should be the sum of the others.
    """

    def __init__(self, where: str, **rows: int) -> None:
        (name, total), *parts = rows.items()
        told = ", ".join(f"{count} {part}" for part, count in parts)
        super().__init__(
            f"{total} rows {name}, {told}",
            where=where,
            cure="nothing was written; report this, for these counts must always add up",
        )


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What one call did. ``files_seen`` counts all files that lie there, everything else the new ones."""

    files_seen: int = 0
    files_read: int = 0
    rows_read: int = 0
    accepted: int = 0
    superseded: int = 0
    rejected: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _New:
    """A file that was not there before, and its landing file id. ``hash`` is None for a file that cannot be read."""

    file: LandingFile
    id: int
    hash: Future[str] | None
    same_as: int | None = None
    content: str | None = None
    shape: str = "empty"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as an earlier run saw it."""

    id: int
    size: int
    modified_ns: int | None
    columns: list[str]


class _RollBack(Exception):
    """Nothing of this attempt is to stay. The states of the batches, or the changed files, say why."""


def ingest(
    con: duckdb.DuckDBPyConnection, resource: Resource, landing: LandingFolder, work_dir: Path
) -> IngestResult:
    """Read every file of the resource that was not read before: all of them, or nothing.

    ``work_dir`` holds files that have to be unpacked or mended, as long as the call lasts. A file that changes while it
    is read is left for the next call. Raises IngestError when the accounts do not add up, and duckdb.Error for what is
    not a file's fault (memory, disk); the warehouse is then as it was.
    """
    started = time.monotonic()
    work_dir.mkdir(parents=True, exist_ok=True)
    changed: set[str] = set()
    result = None
    while result is None:
        with tempfile.TemporaryDirectory(prefix="ingest-", dir=work_dir) as scratch:
            result = _Run(con, resource, landing, Path(scratch), changed).run()
    return replace(result, seconds=time.monotonic() - started)


class _Run:
    """The new files of one resource, and the batches in which they are read.

    ``changed`` are the names of files that changed while they were read. They are left out, and more may be added.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        resource: Resource,
        landing: LandingFolder,
        scratch: Path,
        changed: set[str],
    ) -> None:
        self.con = con
        self.reader = con.cursor()  # an error while reading must not spoil the transaction
        self.resource = resource
        self.landing = landing
        self.scratch = scratch
        self.changed = changed
        self.sets = resource.page_sets
        self.raw_table = f"raw.{quoted(resource.table)}"
        self.target = self.raw_table if self.sets is None else kept_rows(resource)
        self.mended: list[Batch] = []
        self.found: list[LandingFile] = []
        self.loadings: list[Loading] = []
        self.about = {"source": resource.source, "resource": resource.name}
        self.is_anew = False

    def run(self) -> IngestResult | None:
        """Read and write everything. None, with nothing written, if a file changed meanwhile."""
        self.found = found = self.landing.files(self.resource)
        ended = self._end_refusals(found)
        self._note_present(found)
        known = self._known()
        fresh = [file for file in found if self._is_fresh(file, known)]
        gone = known.keys() - {file.name for file in found}
        if self.resource.is_whole_list and (fresh or gone or ended):
            # Without a file that is being written, the list would not be whole. The earlier one holds meanwhile.
            self.is_anew = not self.changed
            fresh = found if self.is_anew else []
        if not fresh and not self.is_anew:
            self.reader.close()
            return IngestResult(files_seen=len(found))
        pool = ThreadPoolExecutor(max_workers=2)
        self.surveyor = ThreadPoolExecutor(max_workers=1)
        try:
            new = self._number(fresh, pool)
            touched = self._find_duplicates(new)
            new = [n for n in new if n.file.name not in touched]
            to_read = [n for n in new if n.same_as is None]
            self.loadings = self._with_mended(x for b in self._batches(to_read) for x in self._survey(b))
            while (result := self._attempt(new, to_read, touched, len(found))) is None:
                if not self.changed.isdisjoint(n.file.name for n in new):
                    return None
                self.loadings = self._with_mended(x for y in self.loadings for x in self._survey_certainly(y))
            return result
        finally:
            pool.shutdown(cancel_futures=True)
            self.surveyor.shutdown(cancel_futures=True)
            self.reader.close()

    # --- which files ---------------------------------------------------------------------------------------------

    def _known(self) -> dict[str, _Seen]:
        """Name → the file as last seen. A refused file has no time of change."""
        rows = self.con.execute(
            "SELECT file, file_id, size, modified_ns, columns FROM landing.files "
            "WHERE source = $source AND resource = $resource AND is_current",
            self.about,
        ).fetchall()
        return {name: _Seen(*seen) for name, *seen in rows}

    def _end_refusals(self, found: list[LandingFile]) -> bool:
        """Take out of force the entries of files that could not be read, and now can be, or are gone.

        The last version that was read under the name is then current again. Returns True if there are such files.
        """
        refused = {file.name for file in found if file.refused is not None}
        ended = [
            name for name, seen in self._known().items() if seen.modified_ns is None and name not in refused
        ]
        if not ended:
            return False
        with transaction(self.con):
            for name in ended:
                self.con.execute(
                    """UPDATE landing.files SET is_current = (file_id = (
                        SELECT max(file_id) FROM landing.files WHERE source = $source AND resource = $resource
                            AND file = $name AND modified_ns IS NOT NULL))
                    WHERE source = $source AND resource = $resource AND file = $name""",
                    {**self.about, "name": name},
                )
        return True

    def _note_present(self, found: list[LandingFile]) -> None:
        """Write which of the known files lie in the landing folder now. The rows of the others stay in the ledger."""
        self.con.execute(
            """UPDATE landing.files SET is_present = NOT is_present
            WHERE source = $source AND resource = $resource
                AND is_present <> (file IN (SELECT unnest(CAST($names AS VARCHAR[]))))""",
            {**self.about, "names": [file.name for file in found]},
        )

    def _is_fresh(self, file: LandingFile, known: dict[str, _Seen]) -> bool:
        """True if the file is new, or may have changed since it was last seen."""
        if file.name in self.changed:
            return False
        seen = known.get(file.name)
        if seen is None:
            return True
        if file.refused is not None:
            return seen.modified_ns is not None  # refused before: that is already reported
        return (file.size, file.modified_ns, list(file.columns)) != (
            seen.size,
            seen.modified_ns,
            seen.columns,
        )

    def _number(self, fresh: list[LandingFile], pool: ThreadPoolExecutor) -> list[_New]:
        """Give each file the next id, and start hashing it."""
        first = self.con.execute("SELECT coalesce(max(file_id), 0) + 1 FROM landing.files").fetchall()[0][0]
        return [
            _New(file, first + i, None if file.refused else pool.submit(files.fingerprint, file))
            for i, file in enumerate(fresh)
        ]

    def _owner(self, file: LandingFile) -> str | None:
        return None if self.sets is None else page_sets.owner_in_path(self.sets, file.name)

    def _content(self, new: _New) -> str:
        """What two files with the same rows have in common: their bytes, and what is said of them outside."""
        if new.content is None:
            assert new.hash is not None
            owner = self._owner(new.file)
            folders = names.folder_values(self.resource, new.file.name)
            told = [
                owner or "",
                *(f"{key}={value}" for key, value in sorted(folders.items())),
                *new.file.columns,
            ]
            new.content = ":".join([new.hash.result(), *told]) if any(told) else new.hash.result()
        return new.content

    def _find_duplicates(self, new: list[_New]) -> dict[str, tuple[int, int]]:
        """Mark the new files that have the bytes of another file (``same_as``).

        Returns files that hold again what they held before: name → the file id of that version, and the time of change now.
        Files of different sizes have different bytes, so most hashes are not waited for here. A list that is read anew
        knows no earlier file.
        """
        rows = self.con.execute(
            "SELECT size, content_hash, coalesce(same_as, file_id), file, file_id FROM landing.files "
            "WHERE source = $source AND resource = $resource AND content_hash IS NOT NULL AND NOT $anew "
            "ORDER BY file_id DESC",
            {**self.about, "anew": self.is_anew},
        ).fetchall()
        first_with: dict[str, int] = {content: original for _, content, original, _, _ in rows}
        versions = {(name, content): number for _, content, _, name, number in reversed(rows)}
        sizes = [size for size, *_ in rows] + [n.file.size for n in new if n.hash is not None]
        shared = {size for size in sizes if sizes.count(size) > 1} if len(sizes) < 1000 else _repeated(sizes)
        touched: dict[str, tuple[int, int]] = {}
        for n in new:
            if n.hash is None or n.file.size not in shared:
                continue
            try:
                content = self._content(n)
            except OSError as error:
                n.file, n.hash = replace(n.file, refused=f"cannot be read: {error.strerror}"), None
                continue
            if (number := versions.get((n.file.name, content))) is not None:
                touched[n.file.name] = (number, n.file.modified_ns)
            elif content in first_with:
                n.same_as = first_with[content]
            else:
                first_with[content] = n.id
        return touched

    # --- how they are read ---------------------------------------------------------------------------------------

    def _is_known(self, name: str) -> bool:
        return names.is_known(self.resource, name) or name.strip().lower() == "_airbyte_data"

    def _is_id(self, name: str) -> bool:
        return names.is_id(self.resource, name) or name.strip().lower() == "_airbyte_data"

    def _valid(self, texts: list[str]) -> list[bool]:
        rows = self.reader.execute("SELECT json_valid(unnest($texts))", {"texts": texts}).fetchall()
        return [row[0] for row in rows]

    def _batches(self, new: Sequence[_New]) -> Iterator[Batch]:
        """The files, unpacked, in groups that one statement can read."""
        groups: dict[tuple[object, ...], list[Batch]] = {}
        for n in new:
            try:
                if n.file.refused is not None:
                    plain = unpack.unreadable(self.scratch, n.id, n.file.refused)
                else:
                    plain = unpack.unpack(
                        n.file.path,
                        self.scratch,
                        n.id,
                        self._is_known,
                        given=n.file.columns,
                        member=n.file.member,
                        tables=(self.resource.name, f"{self.resource.source}_{self.resource.name}"),
                        is_id=self._is_id,
                    )
            except OSError as error:
                plain = unpack.unreadable(self.scratch, n.id, f"cannot be read: {error.strerror}")
            if plain.condition in ("broken", "cut"):
                plain = self._salvage(plain, n.id)
            if plain.format == "empty":
                continue
            is_alone = plain.format == "parquet" or os.path.getsize(plain.path) > _SMALL
            folders = names.folder_values(self.resource, n.file.name)
            one = Batch((plain,), (n.id,), (self._owner(n.file),), (folders,))
            groups.setdefault((one.kind, n.id if is_alone else None), []).append(one)
        for group in groups.values():
            for start in range(0, len(group), _TOGETHER):
                yield Batch.of(group[start : start + _TOGETHER])

    def _salvage(self, plain: Unpacked, number: int) -> Unpacked:
        """What can be read of a broken text file."""
        try:
            if plain.format == "csv":
                if not plain.is_recoded:
                    recoded = unpack.recode_csv(plain, self.scratch, number, self._is_known, self._is_id)
                    if recoded is not None and recoded.condition == "whole":
                        return recoded
                    plain = recoded or plain
                return mend_csv(plain, self.scratch, number)
            owner = None if self.sets is None else self.sets.owner
            return mend_json(plain, self.scratch, number, self._valid, owner)
        except FileNotFoundError as error:  # it was removed meanwhile
            return unpack.unreadable(self.scratch, number, f"cannot be read: {error.strerror}")

    def _as_bytes(self, batch: Batch) -> Batch | None:
        """The batch's one Parquet file with its texts declared as bytes, if that was not tried before; else None."""
        file = batch.files[0]
        if file.format != "parquet" or file.condition != "whole":
            return None
        try:
            mended = mend_parquet(file, self.scratch, batch.ids[0])
        except FileNotFoundError:  # it was removed meanwhile
            return None
        return None if mended is None else replace(batch, files=(mended,))

    def _unreadable(self, batch: Batch, error: str) -> Batch:
        """A marker in place of the batch's one file; ``error`` is what DuckDB says of it."""
        said = error.partition("\n")[0]
        marked = unpack.unreadable(self.scratch, batch.ids[0], "DuckDB cannot read this file", value=said)
        return replace(batch, files=(marked,))

    def _refused(self, batch: Batch, error: Refused) -> Batch:
        """A marker in place of the batch's one file, whose rows are not to be taken."""
        marked = unpack.unreadable(
            self.scratch, batch.ids[0], str(error), value=error.value, reason=error.reason
        )
        return replace(batch, files=(replace(marked, notes=batch.files[0].notes),))

    def _is_large(self, batch: Batch) -> bool:
        """True for a file of lines that is not known to be broken, and so large that reading it twice takes long."""
        file = batch.files[0]
        return file.format == "lines" and not file.has_markers and os.path.getsize(file.path) > _SMALL

    def _survey_apart(self, batch: Batch) -> Survey:
        with self.con.cursor() as reader:
            return shapes.survey(reader, self.resource, batch)

    def _survey(self, batch: Batch, *, guess: bool = True) -> Iterator[Loading]:
        """The batch, surveyed, in parts if it has to be divided. A file that turns out to be broken is salvaged.

        ``guess``: load a large file by a guess while its survey runs. The two nearly always agree.
        """
        try:
            if guess and self.sets is None and self._is_large(batch):
                likely = shapes.guess(self.reader, self.resource, batch)
                if likely is not None:
                    truth = self.surveyor.submit(self._survey_apart, batch)
                    yield Loading.of(self.resource, batch, likely, State.GUESSED, truth)
                    return
            found = shapes.survey(self.reader, self.resource, batch)
        except (duckdb.Error, Doubtful, Refused) as error:
            if isinstance(error, duckdb.Error) and not _is_files_fault(batch, error):
                raise
            if len(batch.files) > 1:
                for half in batch.halves():
                    yield from self._survey(half)
            elif isinstance(error, Refused):
                yield from self._survey(self._refused(batch, error))
            elif (redeclared := self._as_bytes(batch)) is not None:
                yield from self._survey(redeclared)
            elif batch.files[0].has_markers or batch.format == "parquet":
                yield from self._survey(self._unreadable(batch, str(error)))
            else:
                mended = self._salvage(batch.files[0], batch.ids[0])
                self.mended.append(replace(batch, files=(mended,)))
            return
        nested = [shapes.RESOURCE_OBJECT in found.shapes.get(i, ()) for i in range(len(batch.files))]
        if any(nested) and not all(nested):
            # What wraps a record in one file may be a column in another.
            for wanted in (True, False):
                chosen = [i for i, is_nested in enumerate(nested) if is_nested is wanted]
                yield from self._survey(batch.only(chosen))
            return
        yield Loading.of(self.resource, batch, found, _first_state(batch, found))

    def _survey_certainly(self, loading: Loading) -> Iterator[Loading]:
        """The batch after an attempt, with everything that its state needs: a survey after a guess, or a marker."""
        if loading.state is State.UNREADABLE and loading.batch.files[0].condition != "unreadable":
            yield from self._survey(self._unreadable(loading.batch, loading.fault))
        elif loading.state is not State.GUESSED and loading.truth is not None:
            for surveyed in self._survey(loading.batch, guess=False):
                yield surveyed.moved(loading.state)
        else:
            yield loading

    def _with_mended(self, loadings: Iterable[Loading]) -> list[Loading]:
        """The batches, and batches of the files that turned out to be broken, as they are once they are mended."""
        listed = list(loadings)
        while self.mended:
            groups: dict[tuple[object, ...], list[Batch]] = {}
            for each in self.mended:
                groups.setdefault(each.kind, []).append(each)
            self.mended = []
            for group in groups.values():
                for start in range(0, len(group), _TOGETHER):
                    listed += self._survey(Batch.of(group[start : start + _TOGETHER]))
        return listed

    # --- writing -------------------------------------------------------------------------------------------------

    def _attempt(
        self, new: list[_New], to_read: list[_New], touched: dict[str, tuple[int, int]], seen: int
    ) -> IngestResult | None:
        """Write everything. None, with nothing written, if a batch changed its state or a file changed."""
        try:
            with transaction(self.con):
                return self._write(new, to_read, touched, seen)
        except _RollBack:
            return None
        except duckdb.OutOfMemoryException:
            # A survey that runs while its batch is loaded doubles the memory.
            if not (running := [loading.truth for loading in self.loadings if loading.truth is not None]):
                raise
            wait(running)
            self.loadings = [loading.moved(State.SURVEYED) for loading in self.loadings]
            return None

    def _write(
        self, new: list[_New], to_read: list[_New], touched: dict[str, tuple[int, int]], seen: int
    ) -> IngestResult:
        if self.is_anew:
            self._empty()
        self._touch(touched)
        if not new:
            if self.is_anew:
                changes.write_moments(self.con, self.resource)
                self._prove()
            return IngestResult(files_seen=seen)
        first_id = new[0].id
        shape_of = {i: loading.shape(k) for loading in self.loadings for k, i in enumerate(loading.batch.ids)}
        for n in new:
            n.shape = shape_of.get(n.id, n.shape)
        self._enter(new)
        for number in range(len(self.loadings)):
            self._load(number)
        self._account(first_id)
        for loading in self.loadings:
            load.note_files(self.con, loading)
            load.note_folders(self.con, loading, self.target)
            load.note_undated(self.con, loading, self.target)
            load.note_new_fields(self.con, loading)
            load.note_loader_changes(self.con, loading)
        self._note_round_pages(new)
        load.note_unknown_values(self.con, self.resource, self.target, first_id)
        if self.sets is not None:
            page_sets.rebuild(self.con, self.resource, self.sets, first_id)
        else:
            self._merge(first_id)
        merge.note_contradictions(self.con, self.resource)
        changes.write_moments(self.con, self.resource)
        self._finish(new)
        self._prove()
        counts = self.con.execute(
            "SELECT sum(rows_read)::BIGINT, sum(rows_accepted)::BIGINT, sum(rows_superseded)::BIGINT, "
            "sum(rows_rejected)::BIGINT FROM landing.files WHERE file_id >= ?",
            [first_id],
        ).fetchall()[0]
        return IngestResult(seen, len(to_read), *counts)

    def _empty(self) -> None:
        """Take every row of the list out of the ledger, and every file of it out of force: the list is read anew."""
        self.con.execute(f"DELETE FROM {self.raw_table}")
        self.con.execute(
            """UPDATE landing.files SET is_current = FALSE, rows_superseded = rows_read - rows_rejected, rows_accepted = 0
            WHERE source = $source AND resource = $resource""",
            self.about,
        )

    def _merge(self, first_id: int) -> None:
        """Let the latest version of each row stay, with the parts that came after it."""
        if any(loading.has_events for loading in self.loadings):
            load.note_unknown_values(self.con, self.resource, kept_parts(self.resource), first_id)
        news = sightings.has_news(self.con, self.resource)
        has_parts = parts.take_out(self.con, self.resource, first_id, everything=news)
        has_superseded = merge.merge(self.con, self.resource, first_id)
        if has_parts:
            parts.put_back(self.con, self.resource, first_id)
        if self.resource.has_versions:
            earlier_versions.keep(self.con, self.resource, has_superseded=has_superseded, has_parts=has_parts)

    def _touch(self, touched: dict[str, tuple[int, int]]) -> None:
        """Make the version that a touched file holds again the current one, under its new time of change."""
        for name, (number, modified) in sorted(touched.items()):
            self.con.execute(
                "UPDATE landing.files SET is_current = (file_id = $number), "
                "modified_ns = CASE WHEN file_id = $number THEN $modified ELSE modified_ns END "
                "WHERE source = $source AND resource = $resource AND file = $name",
                {**self.about, "modified": modified, "name": name, "number": number},
            )

    def _enter(self, new: list[_New]) -> None:
        """Insert the new files into ``landing.files``, as yet without rows."""
        self.con.execute(
            "UPDATE landing.files SET is_current = FALSE WHERE source = $source AND resource = $resource AND is_current "
            "AND list_contains($names, file)",
            {**self.about, "names": [n.file.name for n in new]},
        )
        self.con.execute(
            """INSERT INTO landing.files (file_id, source, resource, file, size, modified_ns, columns, same_as, shape,
                rows_read, rows_accepted, rows_superseded, rows_rejected)
            SELECT n.id, $source, $resource, n.name, n.size, n.modified, n.columns, n.same_as, n.shape, 0, 0, 0, 0
            FROM (SELECT unnest($ids) AS id, unnest($names) AS name, unnest($sizes) AS size,
                unnest($modified) AS modified, unnest(CAST($columns AS VARCHAR[][])) AS columns,
                unnest($same) AS same_as, unnest($shapes) AS shape) AS n""",
            {
                **self.about,
                "ids": [n.id for n in new],
                "names": [n.file.name for n in new],
                "sizes": [n.file.size for n in new],
                "modified": [None if n.file.refused else n.file.modified_ns for n in new],
                "columns": [list(n.file.columns) for n in new],
                "same": [n.same_as for n in new],
                "shapes": [n.shape for n in new],
            },
        )

    def _load(self, number: int) -> None:
        """Load one batch. If it cannot be loaded in its state, change the state and raise _RollBack."""
        loading = self.loadings[number]
        if not loading.rows and loading.truth is None:
            if loading.has_sightings:
                load.enter_sightings(self.con, loading)
            return
        is_ordered = self.sets is not None
        try:
            inserted = load.insert(self.con, loading, self.target, is_ordered)
            proven = loading.proven(inserted)
            if proven is None or (loading.is_whole and inserted != proven.rows):
                self._check_rows_from(number)
                raise _RollBack
            self.loadings[number] = loading = proven
            inserted += load.insert_parts(self.con, loading) if loading.has_events else 0
            rejected = load.reject(self.con, loading) if inserted < loading.rows else 0
            if loading.has_sightings:
                load.enter_sightings(self.con, loading)
        except duckdb.Error as error:
            if not _is_files_fault(loading.batch, error):
                raise
            if loading.is_whole:
                self._check_rows_from(number)
                raise _RollBack from None
            # The disk may be full: the file is at fault if reading it alone, with nothing written, fails too.
            if (
                loading.batch.format == "parquet"
                and (fault := load.rehearse(self.reader, loading)) is not None
            ):
                self.loadings[number] = loading.moved(State.UNREADABLE, fault)
                raise _RollBack from None
            raise
        if inserted + rejected != loading.rows:
            shown = ", ".join(os.path.basename(path) for path in loading.batch.paths[:3])
            raise IngestError(
                f"{self.resource.full_name} ({shown})", read=loading.rows, taken=inserted, rejected=rejected
            )
        load.note_left_out(self.con, loading)
        load.forget(self.con)
        if is_ordered:
            load.enter_pages(self.con, loading)

    def _check_rows_from(self, number: int) -> None:
        """Let this batch and those after it be loaded row by row: one more attempt, not one for each of them."""
        for later, loading in enumerate(self.loadings[number:], number):
            self.loadings[later] = loading.moved(State.ROW_BY_ROW)

    def _account(self, first_id: int) -> None:
        """Write each file's rows: those read as the survey counted them, the others as they stand in the tables."""
        rows = {i: s.survey.rows[k] for s in self.loadings for k, i in enumerate(s.batch.ids)}
        self.con.execute(
            f"""UPDATE landing.files SET rows_read = n.rows, rows_accepted = coalesce(a.rows, 0),
                rows_rejected = coalesce(r.rows, 0)
            FROM (SELECT unnest($ids) AS id, unnest($rows) AS rows) AS n
            LEFT JOIN (SELECT _file_id, count(*) AS rows FROM {self.target} WHERE _file_id >= $first GROUP BY ALL) AS a
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

    def _note_round_pages(self, new: list[_New]) -> None:
        """Write a notice for each new file that is the only page of a pull and has a round number of rows.

        Notices of files that have changed, or are no longer alone in their folder, are removed.
        """
        beside = Counter(os.path.dirname(file.name) for file in self.found)
        changed = {n.file.name for n in new}
        for (name,) in self.con.execute(
            "SELECT file FROM landing.notices WHERE code = 'round_page' AND source = $source AND resource = $resource",
            self.about,
        ).fetchall():
            if name in changed or beside[os.path.dirname(name)] != 1:
                self.con.execute(
                    "DELETE FROM landing.notices WHERE code = 'round_page' AND source = $source "
                    "AND resource = $resource AND file = $name",
                    {**self.about, "name": name},
                )
        names_by_id = {n.id: n.file.name for n in new}
        for loading in self.loadings:
            for index, number in enumerate(loading.batch.ids):
                rows = loading.survey.rows[index]
                alone = beside[os.path.dirname(names_by_id[number])] == 1
                if rows in _ROUND and alone and load.is_single_page(self.con, loading, index):
                    load.note_round_page(self.con, number, rows)

    def _finish(self, new: list[_New]) -> None:
        """Write the files' hashes. Raises _RollBack if a file has changed since it was listed."""
        changed = set()
        for n in new:
            if n.hash is not None:
                try:
                    self._content(n)
                    if not n.file.is_unchanged():
                        changed.add(n.file.name)
                except OSError:
                    changed.add(n.file.name)
        if changed:
            self.changed |= changed
            raise _RollBack
        self.con.execute(
            """UPDATE landing.files SET content_hash = n.content
            FROM (SELECT unnest($ids) AS id, unnest($content) AS content) AS n WHERE file_id = n.id""",
            {"ids": [n.id for n in new], "content": [n.content for n in new]},
        )

    def _prove(self) -> None:
        """Raise IngestError unless each row read is accepted, superseded or rejected, and the table has the accepted ones."""
        wrong = self.con.execute(
            """SELECT file, rows_read, rows_accepted, rows_superseded, rows_rejected FROM landing.files
            WHERE source = $source AND resource = $resource AND
                (rows_read <> rows_accepted + rows_superseded + rows_rejected OR least(rows_accepted, rows_superseded) < 0)
            LIMIT 1""",
            self.about,
        ).fetchall()
        if wrong:
            file, *counts = wrong[0]
            raise IngestError(
                file, **dict(zip(("read", "accepted", "superseded", "rejected"), counts, strict=True))
            )
        kept, accepted = self.con.execute(
            f"""SELECT (SELECT count(*) FROM {self.raw_table}), (SELECT coalesce(sum(rows_accepted), 0)::BIGINT
            FROM landing.files WHERE source = $source AND resource = $resource)""",
            self.about,
        ).fetchall()[0]
        if kept != accepted:
            raise IngestError(self.raw_table, stored=kept, accepted=accepted)


def _is_files_fault(batch: Batch, error: duckdb.Error) -> bool:
    """True if the error comes from the batch's files, and not from memory or the disk."""
    if isinstance(error, _NOT_THE_FILE):
        return False
    return batch.format == "parquet" or isinstance(error, _TEXT_ERRORS)


def _first_state(batch: Batch, found: Survey) -> State:
    """The state of a batch that was surveyed.

    One with markers has rows to reject, one with events has parts of rows, and one with names that stand twice may have
    rows that contradict themselves.
    """
    conditions = {file.condition for file in batch.files}
    if conditions == {"unreadable"}:
        return State.UNREADABLE
    if found.events or found.repeated or "mended" in conditions or "unreadable" in conditions:
        return State.ROW_BY_ROW
    return State.SURVEYED


def _repeated(sizes: Iterable[int]) -> set[int]:
    """The sizes that occur more than once."""
    seen: set[int] = set()
    twice: set[int] = set()
    for size in sizes:
        (twice if size in seen else seen).add(size)
    return twice
