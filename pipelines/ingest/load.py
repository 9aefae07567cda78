"""Loading one batch of files into its raw table.

Belongs here: the one statement that types a record, the rejected rows, and the notices of unknown columns and values.
Does not belong here: which version of a row stays (``merge``), and how files are read (``shapes``).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import duckdb

from pipelines.ingest import values
from pipelines.ingest.names import Column, Matched, fields_of, is_own_name, markers_of, match
from pipelines.ingest.shapes import (
    GONE,
    LOADER_META,
    NUMBERS_THAT_ARE_NONE,
    PARTIAL,
    Batch,
    Records,
    Survey,
    all_values,
    pages,
    records,
    versions,
)
from pipelines.ingest.sightings import row_key
from pipelines.sources import DELETIONS, Field, Marker, Resource
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.tables import kept_pages, kept_parts, raw_columns

_JUDGED = "ingest_judged"
"""The temporary table of a batch that is loaded row by row: its records, typed and judged."""

_MOST_JUDGED = 10_000
"""Rows of a batch up to which it has that table: planning its statement takes longer than reading it. A larger batch is
read by each function that needs it, for the table would need as much memory and disk as the file."""

_MOST_VALUES = 50
"""How many unknown values of a field become notices each time, the most frequent first."""


class State(IntEnum):
    """How much is known of a batch, which decides how it is loaded. A batch moves down this list and never up."""

    GUESSED = 1
    """Its columns are those of its first rows; the survey still runs. It is loaded whole: a row that is not good is an
    error."""
    SURVEYED = 2
    """Its columns and the number of its rows are known. It is loaded whole."""
    ROW_BY_ROW = 3
    """It holds a row that is not good, or was mended. Each row is checked, and such a row is rejected."""
    UNREADABLE = 4
    """Its one file cannot be read. A marker document stands for it, and is rejected."""


@dataclass(frozen=True, slots=True)
class Loading:
    """A batch, its columns and its state: everything that is needed to load it."""

    resource: Resource
    batch: Batch
    survey: Survey
    columns: tuple[Column, ...]
    matched: Matched
    state: State
    truth: Future[Survey] | None = None
    """The survey that still runs, while ``survey`` is a guess."""
    fault: str = ""
    """Why the batch is unreadable."""

    @classmethod
    def of(
        cls,
        resource: Resource,
        batch: Batch,
        survey: Survey,
        state: State,
        truth: Future[Survey] | None = None,
    ) -> Loading:
        """Return the batch with its columns matched to the resource's fields; matching happens once, here."""
        columns = sorted({column for _, column in survey.columns}, key=lambda c: c.order)
        return cls(resource, batch, survey, tuple(columns), match(resource, columns), state, truth)

    @property
    def owner(self) -> str | None:
        """The field that the document around a page, or the file's path, may give; None if there is none."""
        return None if self.resource.page_sets is None else self.resource.page_sets.owner

    @property
    def is_whole(self) -> bool:
        """True if the batch is loaded whole, and a row that is not good is an error."""
        return self.state <= State.SURVEYED

    @property
    def has_events(self) -> bool:
        """True if records of the batch may carry only a part of their row, which is merged over the row."""
        return bool(self.survey.events) and self.resource.takes_parts

    @property
    def has_sightings(self) -> bool:
        """True if the batch says which rows live by other means than a row: a history table, versions of a stream."""
        markers = markers_of(self.resource)
        is_history = any(markers[name].role == "active" for name in self.matched.markers)
        return self.resource.page_sets is None and (is_history or self.survey.versions)

    @property
    def rows(self) -> int:
        """The number of records in the batch, as the survey counted them."""
        return self.survey.rows.total()

    def shape(self, file: int) -> str:
        """Return the shapes found in a file of the batch, joined by ``+``; ``empty`` if there are none."""
        return "+".join(sorted(self.survey.shapes.get(file, ()))) or "empty"

    def moved(self, state: State, fault: str = "") -> Loading:
        """Return the same batch in this state, or in its own state if that is further down."""
        return replace(self, state=max(self.state, state), fault=fault or self.fault)

    def proven(self, rows: int) -> Loading | None:
        """Return the batch with its survey, after ``rows`` rows were loaded by a guess.

        Waits for the survey. Returns None if the survey found other columns, or another number of rows.
        """
        if self.truth is None:
            return self
        found = self.truth.result()
        is_other = (found.wrapped, found.list_in) != (self.survey.wrapped, self.survey.list_in)
        if is_other or not {column for _, column in found.columns} <= set(self.columns):
            return None
        if found.rows.total() != rows or found.repeated:
            return None
        return replace(self, survey=found, truth=None, state=State.SURVEYED)


def insert(con: duckdb.DuckDBPyConnection, loading: Loading, table: str, ordered: bool = False) -> int:
    """Append the batch's good rows to ``table``, which has the raw table's columns. Returns how many there are.

    A batch that is loaded whole has no filter, because DuckDB would push it below the casts and do each cast twice.
    Instead, the first row that is not good raises duckdb.InvalidInputException.
    """
    if loading.is_whole:
        sql, parameters = _whole(loading, ordered)
    else:
        if _is_kept(loading):
            _keep(con, loading)
        sql, parameters = _judged_records(loading)
        good = "in_reason IS NULL AND in_event IS NULL" if loading.has_events else "in_reason IS NULL"
        sql = _apart(sql, good)
    names = ", ".join(map(quoted, raw_columns(loading.resource)))
    into, taken = (
        (", page, item, total, skip", ", in_page, in_item, in_total, in_skip") if ordered else ("", "")
    )
    result = con.execute(
        f"INSERT INTO {table} ({names}{into}) SELECT {names}{taken} FROM ({sql})", parameters
    ).fetchall()
    return int(result[0][0])


def _is_kept(loading: Loading) -> bool:
    """True if the batch's records are judged once, into a temporary table."""
    return not loading.is_whole and loading.rows <= _MOST_JUDGED


def _keep(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write the batch's records, typed and judged, into the temporary table. It lasts until ``forget``, or a rollback."""
    sql, parameters = _numbered(*_judged(loading), loading)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_JUDGED} AS {sql}", parameters)


def _judged_records(loading: Loading, numbered: bool = False) -> tuple[str, dict[str, Any]]:
    """SQL for the batch's records, typed and judged, and its parameters; ``numbered``: with their ``in_position``."""
    if _is_kept(loading):
        return f"FROM {_JUDGED}", {}
    sql, parameters = _judged(loading)
    return _numbered(sql, parameters, loading) if numbered else (sql, parameters)


def _numbered(sql: str, parameters: dict[str, Any], loading: Loading) -> tuple[str, dict[str, Any]]:
    """The records with ``in_position``, which counts a file's records from 1.

    DuckDB reads a file's records in their order, but the files in any order.
    """
    numbered = f"SELECT *, row_number() OVER () AS in_place FROM ({sql})"
    position = "row_number() OVER (PARTITION BY in_file ORDER BY in_place)"
    if len(loading.batch.files) == 1:
        position = "in_place"  # a large file is a batch of its own, and is not sorted
    return f"SELECT *, {position} AS in_position FROM ({numbered})", parameters


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the table of a batch that was judged, if there is one."""
    con.execute(f"DROP TABLE IF EXISTS {_JUDGED}")


def insert_parts(con: duckdb.DuckDBPyConnection, loading: Loading) -> int:
    """Append the batch's good events to the table of parts (``tables.kept_parts``). Returns how many there are.

    An event that carries a whole row is a row like any other, and ``insert`` takes it.
    """
    sql, parameters = _judged_records(loading, numbered=True)
    names = ", ".join(map(quoted, raw_columns(loading.resource)))
    at = values.typed(Field("in_at", "timestamp", ""), "in_at")
    result = con.execute(
        f"""INSERT INTO {kept_parts(loading.resource)}
            ({names}, _kind, _carried, _unknown, _at, _position, _record)
        SELECT {names}, in_event, in_carried, in_unknown, {at}, in_position, in_came FROM ({sql})
        WHERE in_reason IS NULL AND in_event IS NOT NULL""",
        parameters,
    ).fetchall()
    return int(result[0][0])


def enter_sightings(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write what the batch says of the life of rows to ``landing.sightings`` and ``landing.stream_versions``."""
    resource = loading.resource
    about = {"table": resource.raw_table}
    if loading.rows:
        sql, parameters = _judged_records(loading)
        changed = quoted(resource.version) if resource.version is not None else "CAST(NULL AS TIMESTAMP)"
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE ingest_sightings AS
            SELECT {row_key(resource)} AS row_key, in_alive_at, in_ended_at, in_version, {changed} AS changed_at
            FROM ({_apart(sql, "in_reason IS NULL")})
            WHERE in_alive_at IS NOT NULL OR in_ended_at IS NOT NULL OR in_version IS NOT NULL""",
            parameters,
        )
        con.execute(
            """INSERT INTO landing.sightings (table_name, row_key, alive_at, ended_at, stream_version, changed_at, is_new)
            SELECT $table, row_key, max(in_alive_at), max(in_ended_at), max(in_version), max(changed_at), TRUE
            FROM ingest_sightings GROUP BY row_key""",
            about,
        )
        con.execute(
            """INSERT INTO landing.stream_versions
            SELECT $table, in_version, FALSE, NULL, max(changed_at), TRUE FROM ingest_sightings
            WHERE in_version IS NOT NULL GROUP BY in_version""",
            about,
        )
        con.execute("DROP TABLE ingest_sightings")
    if loading.survey.versions:
        sql, parameters = versions(resource, loading.batch, loading.survey)
        told = values.typed(Field("extracted_at", "timestamp", ""), "extracted_at")
        con.execute(
            f"""INSERT INTO landing.stream_versions
            SELECT $table, version, bool_or(is_activated), max({told}), NULL, TRUE FROM ({sql}) GROUP BY version""",
            {**parameters, **about},
        )


def rehearse(con: duckdb.DuckDBPyConnection, loading: Loading) -> str | None:
    """Read the batch as ``insert`` does, but write nothing. Returns DuckDB's message if that fails, else None."""
    sql, parameters = _judged(loading)
    try:
        con.execute(f"SELECT max(hash(t)) FROM ({sql}) AS t", parameters).fetchall()
    except duckdb.Error as error:
        return str(error)
    return None


def reject(con: duckdb.DuckDBPyConnection, loading: Loading) -> int:
    """Write the batch's rejected rows to ``landing.rejected_rows``. Returns how many there are.

    ``position`` counts a file's records from 1. ``field`` and ``value`` are the first field that is wrong, and the first
    characters of its value as it came.
    """
    sql, parameters = _judged_records(loading, numbered=True)
    result = con.execute(
        f"""INSERT INTO landing.rejected_rows
            (file_id, source, resource, file, position, reason, field, value, record, detail)
        SELECT file_id, source, resource, file, in_position, in_reason, in_wrong.field, in_wrong.value,
            coalesce(nullif(in_came, ''), in_detail), in_detail
        FROM (
            SELECT _file_id, in_position, in_reason, in_wrong, in_came, in_detail FROM ({sql})
            WHERE in_reason IS NOT NULL
        ) JOIN landing.files ON file_id = _file_id""",
        parameters,
    ).fetchall()
    return int(result[0][0])


def enter_pages(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write the batch's pages to the table of pages (``tables.kept_pages``) of a resource with page sets."""
    if not any("pages" in shapes for shapes in loading.survey.shapes.values()) and not loading.survey.wrapped:
        return
    sql, parameters = pages(loading.resource, loading.batch, loading.survey)
    kind = next(field.duckdb_type for field in loading.resource.fields if field.name == loading.owner)
    con.execute(
        f"""INSERT INTO {kept_pages(loading.resource)}
        SELECT $ids[f + 1], page, try_cast(coalesce(owner, $owners[f + 1]) AS {kind}), total, skip, rows FROM ({sql})""",
        {**parameters, "ids": list(loading.batch.ids), "owners": list(loading.batch.owners)},
    )


def note_files(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write a notice for each thing that was found about a file, beside its rows."""
    found = [(i, note) for i, file in enumerate(loading.batch.files) for note in file.notes]
    for i, note in [*found, *loading.survey.notes]:
        con.execute(
            """INSERT INTO landing.notices
            SELECT file_id, source, resource, file, $code, $field, $value, $rows, $detail
            FROM landing.files WHERE file_id = $file""",
            {
                "code": note.code,
                "field": note.field,
                "value": note.value,
                "rows": note.rows,
                "detail": note.detail,
                "file": loading.batch.ids[i],
            },
        )


def note_folders(con: duckdb.DuckDBPyConnection, loading: Loading, table: str) -> None:
    """Write a notice for each file with rows that say something else than its folders named ``key=value``."""
    for field in loading.resource.fields:
        told = {
            number: folder[field.name]
            for number, folder in zip(loading.batch.ids, loading.batch.folders, strict=True)
            if field.name in folder
        }
        if not told or field.kind not in ("integer", "bigint", "uuid", "text", "timestamp", "boolean"):
            continue
        con.execute(
            f"""INSERT INTO landing.notices
            SELECT file_id, source, resource, file, 'folder_differs', $field, said, n,
                'rows that say something else than the folder; the rows count'
            FROM (
                SELECT _file_id, said, count(*) AS n
                FROM {table} JOIN (SELECT unnest($ids) AS told_id, unnest($said) AS said) ON told_id = _file_id
                WHERE {quoted(field.name)} <> {values.typed(field, "said")}
                GROUP BY ALL
            ) JOIN landing.files ON file_id = _file_id""",
            {"field": field.name, "ids": list(told), "said": list(told.values())},
        )


def note_undated(con: duckdb.DuckDBPyConnection, loading: Loading, table: str) -> None:
    """Write a notice for each file with rows that are deleted, while nothing says when."""
    if not (loading.matched.markers or loading.survey.events):
        return
    con.execute(
        f"""INSERT INTO landing.notices
        SELECT file_id, source, resource, file, 'undated_deletion', '_deleted_at', NULL, n,
            'deleted rows of which nothing says when: they count at no time, and have the year 1970'
        FROM (
            SELECT _file_id, count(*) AS n FROM {table}
            WHERE _deleted_at = TIMESTAMP 'epoch' AND list_contains($ids, _file_id) GROUP BY _file_id
        ) JOIN landing.files ON file_id = _file_id""",
        {"ids": list(loading.batch.ids)},
    )


def note_new_fields(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write a notice for each column that the contract does not know, the first time that the resource has it."""
    place_of = {where: name for name, where in loading.matched.unknown.items()}
    rows: dict[str, tuple[int, int]] = {}
    for (file, column), count in sorted(loading.survey.columns.items(), key=lambda entry: entry[0][0]):
        if (name := place_of.get(column.where)) is not None:
            first, total = rows.get(name, (file, 0))
            rows[name] = (first, total + count)
    for name, (file, count) in sorted(rows.items()):
        con.execute(
            """INSERT INTO landing.notices
            SELECT file_id, source, resource, file, 'new_field', $name, NULL, $count,
                'a column that the contract does not know; kept in extra'
            FROM landing.files WHERE file_id = $file AND NOT EXISTS (
                FROM landing.notices AS n WHERE n.source = $source AND n.resource = $resource
                    AND n.code = 'new_field' AND n.field = $name)""",
            {
                "name": name,
                "count": count,
                "file": loading.batch.ids[file],
                "source": loading.resource.source,
                "resource": loading.resource.name,
            },
        )


def note_loader_changes(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write a notice for each field of which a loading tool says that it changed values, and for each reason."""
    found = loading.survey
    places = [column.where for column in loading.columns if column.name.lower() == LOADER_META]
    if not found.changed_by_loader and not (found.flat and places):
        return
    source = records(
        loading.resource, loading.batch, found, loading.columns, loading.matched, ordered=False, fast=False
    )
    text = "in_meta ->> '$'" if found.wrapped else source.text[places[0]]
    groups = con.execute(
        f"""SELECT in_file, change ->> '$.field', concat_ws(': ', change ->> '$.change', change ->> '$.reason'), count(*)
        FROM (
            SELECT in_file, unnest(CASE WHEN json_valid(meta) THEN json_extract(meta, '$.changes[*]') END) AS change
            FROM (SELECT in_file, {text} AS meta FROM ({source.sql}))
        ) GROUP BY ALL ORDER BY ALL""",
        source.parameters,
    ).fetchall()
    for file, name, value, rows in groups:
        field = min(fields_of(loading.resource, [name]), default=name) if name is not None else None
        con.execute(
            """INSERT INTO landing.notices
            SELECT file_id, source, resource, file, 'loader_changed', $field, $value, $rows,
                'the loading tool emptied or cut the value, and says why'
            FROM landing.files WHERE file_id = $file""",
            {"field": field, "value": value, "rows": rows, "file": loading.batch.ids[file]},
        )


def note_round_page(con: duckdb.DuckDBPyConnection, file_id: int, rows: int) -> None:
    """Write a notice that a file holds exactly as many rows as a page of an API may hold."""
    con.execute(
        """INSERT INTO landing.notices
        SELECT file_id, source, resource, file, 'round_page', NULL, NULL, $rows,
            'one page with a round number of rows and no other page beside it: the pull may have stopped there'
        FROM landing.files WHERE file_id = $file""",
        {"rows": rows, "file": file_id},
    )


def is_single_page(con: duckdb.DuckDBPyConnection, loading: Loading, index: int) -> bool:
    """True if a file of the batch is one JSON array, or one list page that does not say how many rows there are."""
    if loading.batch.format == "array":
        return loading.survey.shapes.get(index) != {"unreadable"}
    if not loading.survey.wrapped or loading.batch.format not in ("lines", "documents"):
        return False
    sql, parameters = pages(loading.resource, loading.batch, loading.survey)
    found = con.execute(
        f"SELECT total, rows FROM ({sql}) WHERE f = $index", {**parameters, "index": index}
    ).fetchall()
    return found == [(None, loading.survey.rows[index])]


def note_unknown_values(
    con: duckdb.DuckDBPyConnection, resource: Resource, table: str, first_id: int
) -> None:
    """Write notices for values that are not among a field's ``known`` ones, in files numbered from ``first_id``.

    The rows stay.
    """
    for field in resource.fields:
        if field.known:
            known = ", ".join(map(literal, field.known))
            con.execute(
                f"""INSERT INTO landing.notices
                SELECT file_id, source, resource, file, 'unknown_value', {literal(field.name)}, value, n,
                    'not among the values met so far; kept'
                FROM (
                    SELECT _file_id, {quoted(field.name)} AS value, count(*) AS n FROM {table}
                    WHERE _file_id >= $first AND {quoted(field.name)} NOT IN ({known}) AND {quoted(field.name)} <> ''
                    GROUP BY ALL ORDER BY n DESC, value LIMIT {_MOST_VALUES}
                ) JOIN landing.files ON file_id = _file_id""",
                {"first": first_id},
            )


def note_left_out(con: duckdb.DuckDBPyConnection, loading: Loading) -> None:
    """Write a notice (code ``left_out``) for each side matter that could not be read, by file: the rows stay without it.

    Nothing is read if the batch was loaded whole, for then every value could be read.
    """
    has_side_matter = any(
        f.is_side_matter and f.name in loading.matched.fields for f in loading.resource.fields
    )
    if loading.is_whole or not has_side_matter:
        return
    sql, parameters = _judged_records(loading)
    con.execute(
        f"""INSERT INTO landing.notices
        SELECT file_id, source, resource, file, 'left_out', problem.field, min(problem.value), count(*),
            problem.reason || '; stored as null'
        FROM (
            SELECT _file_id, unnest(in_left_out) AS problem FROM ({_apart(sql, "in_reason IS NULL")})
        ) JOIN landing.files ON file_id = _file_id
        GROUP BY file_id, source, resource, file, problem.field, problem.reason ORDER BY file_id, problem.field""",
        parameters,
    )


@dataclass(frozen=True, slots=True)
class _Typed:
    """SQL for every record of a batch, typed, and what there is to say of it.

    ``columns`` lists the raw table's columns and the record's place. ``status`` is a reason to reject it, whatever its
    values are. ``surely`` are conditions that are true of nearly every good record. ``checks`` is all that may be wrong;
    they need the columns ``without``, name and SQL of each.
    """

    sql: str
    parameters: dict[str, Any]
    columns: list[str]
    status: str
    surely: list[str]
    checks: list[values.Problem]
    without: list[tuple[str, str]]
    no_owner: str


def _whole(loading: Loading, ordered: bool) -> tuple[str, dict[str, Any]]:
    """Return SQL for the records of a batch that is loaded whole, and its parameters. A bad record raises an error."""
    typed = _typed(loading, ordered, strict=True)
    doubts = _doubts(loading)
    unread = [f"list_contains({name}, false)" for name, _ in typed.without]
    others = [check.when for check in typed.checks if not check.is_unread]
    valid = " AND ".join(
        [f"{typed.status} IS NULL", *(f"NOT {each}" for each in (*unread, *others)), *doubts]
    )
    file_id = "$ids[in_file + 1]"
    file_id = (
        f"CASE WHEN in_fine THEN {file_id} WHEN {valid} THEN {file_id} ELSE error('a row is not good') END"
    )
    sql = _looked_at(typed, doubts)
    return (
        f"SELECT {', '.join(typed.columns)}, CAST({file_id} AS INTEGER) AS _file_id FROM ({sql})",
        {**typed.parameters, "ids": list(loading.batch.ids)},
    )


def _looked_at(typed: _Typed, doubts: Iterable[str] = ()) -> str:
    """SQL: the typed records with ``in_fine``, true of nearly every good one, and the columns ``without``.

    Those are null for a record that is surely good: only another is looked at closely.
    """
    fine = " AND ".join([f"{typed.status} IS NULL", *typed.surely, *doubts])
    without = "".join(f", CASE WHEN NOT in_fine THEN {sql} END AS {name}" for name, sql in typed.without)
    return f"SELECT *{without} FROM (SELECT *, coalesce({fine}, false) AS in_fine FROM ({typed.sql}))"


def _judged(loading: Loading) -> tuple[str, dict[str, Any]]:
    """Return SQL for every record of the batch, typed and judged, and its parameters.

    ``in_reason`` says what is wrong with a record, and is null if it is good. ``in_wrong`` holds the first wrong field and
    its value as it came. ``in_left_out`` lists the side matters that cannot be read, which does not make a record wrong.
    Only a bad record and an event keep ``in_came``, the record as it came. Pages are read in order, as their rows are numbered.
    """
    typed = _typed(loading, ordered=loading.owner is not None, strict=False)
    left_out = [
        f"CASE WHEN {c.when} THEN struct_pack(field := {literal(c.field)}, reason := {c.reason}, "
        f"value := {values.shown(c.value)}) END"
        for c in typed.checks
        if not c.costs_row
    ]
    checks = [check for check in typed.checks if check.costs_row]
    # Each check is a number in a list. The words for it are looked for in refused rows alone.
    numbers = ", ".join(f"CASE WHEN {check.when} THEN {i} END" for i, check in enumerate(checks, 1))
    flaws, unread = (
        f"CASE WHEN NOT in_fine THEN list_filter([{listed}], lambda e: e IS NOT NULL) END" if listed else "[]"
        for listed in (numbers, ", ".join(left_out))
    )
    fields = _text_list(literal(check.field) for check in checks)
    reasons = _text_list(check.reason for check in checks)
    first = values.shown(f"{_text_list(check.value for check in checks)}[in_flaws[1]]")
    sql = f"""
        SELECT * REPLACE (CASE WHEN in_reason IS NOT NULL OR in_event IS NOT NULL THEN in_came END AS in_came),
            CASE WHEN in_reason IS NULL THEN NULL WHEN in_status IS NOT NULL THEN {_wrong("NULL", "in_value")}
                {typed.no_owner} ELSE {_wrong(f"{fields}[in_flaws[1]]", first)} END AS in_wrong
        FROM (
            SELECT *, {unread} AS in_left_out, coalesce({typed.status}, CASE WHEN len(in_flaws) > 0
                THEN array_to_string(list_select({reasons}, in_flaws), '; ') END) AS in_reason
            FROM (SELECT *, {flaws} AS in_flaws FROM ({_looked_at(typed)}))
        )"""
    listed = ", ".join([*typed.columns, "in_came", "in_left_out", "in_reason", "in_wrong"])
    return (
        f"SELECT {listed}, CAST($ids[in_file + 1] AS INTEGER) AS _file_id FROM ({sql})",
        {**typed.parameters, "ids": list(loading.batch.ids)},
    )


def _typed(loading: Loading, ordered: bool, strict: bool) -> _Typed:
    """Return every record of the batch, typed. ``strict``: the caller makes an error of a record that is not good."""
    resource, matched = loading.resource, loading.matched
    source = _relations_named(
        loading,
        records(
            resource, loading.batch, loading.survey, loading.columns, matched, ordered=ordered, fast=strict
        ),
    )
    parameters = dict(source.parameters)
    fields = list(resource.fields)
    texts, parsed, typed = [], [], []
    markers = {name: marker for name, marker in markers_of(resource).items() if name in matched.markers}
    is_struct: set[str] = set()
    for i, field in enumerate(fields):
        text, struct = _text(field, matched, source)
        if not struct and any(field.name in folder for folder in loading.batch.folders):
            text = f"coalesce(nullif({text}, ''), $folder_{i}[in_file + 1])"
            parameters[f"folder_{i}"] = [folder.get(field.name) for folder in loading.batch.folders]
        if field.name == loading.owner:
            text = f"coalesce({text}, in_owner, $owners[in_file + 1])"
            parameters["owners"] = list(loading.batch.owners)
        if struct:
            is_struct.add(field.name)
            typed.append(f"{values.filled_struct(field, f'x{i}')} AS {quoted(field.name)}")
        elif field.kind in values.MEMBERS:
            parsed.append(f", {values.parsed(field, f'x{i}')} AS s{i}")
            typed.append(f"{values.filled_struct(field, f's{i}')} AS {quoted(field.name)}")
        else:
            typed.append(f"{values.typed(field, f'x{i}', strict=strict)} AS {quoted(field.name)}")
        texts.append(f"{text} AS x{i}")
    for name, marker in markers.items():
        text = source.text[matched.markers[name]]
        if marker.member:
            text = f"CASE WHEN json_valid({text}) THEN {text} ->> {literal('$.' + marker.member)} END"
        texts.append(f"{text} AS {quoted('m' + name)}")
    without, column_of = _without(loading, is_struct)
    surely, checks = _checks(loading, markers, is_struct, column_of)
    doubled, told_parameters = ({}, {}) if strict else _told_twice(loading, source)
    parameters |= told_parameters
    texts += [f"{told} AS d{i}" for i, told in doubled.items()]
    differ = [values.differ(fields[i], f"d{i}") for i in doubled]
    surely += [f"NOT {each.when}" for each in differ]
    checks = [*differ, *checks]
    flawed = {
        i: f"({' OR '.join(flaws)})"
        for i, field in enumerate(fields)
        if (flaws := [source.not_utf8[p] for p in matched.fields.get(field.name, ()) if p in source.not_utf8])
    }
    texts += [f"{flaw} AS b{i}" for i, flaw in flawed.items()]
    surely += [f"NOT b{i}" for i in flawed]
    checks = [*(values.not_utf8(fields[i], f"x{i}", f"b{i}") for i in flawed), *checks]
    status, no_owner = "in_status", ""
    if (sets := resource.page_sets) is not None:
        number = [f.name for f in fields].index(sets.owner)
        owner = fields[number]
        checks += values.problems(replace(owner, required=False), f"x{number}", quoted(owner.name))
        is_missing = f"x{number} IS NULL OR trim(x{number}) = ''"
        status = f"coalesce(in_status, CASE WHEN {is_missing} THEN {literal(sets.ownerless)} END)"
        no_owner = f"WHEN {is_missing} THEN {_wrong(literal(owner.name), f'x{number}')}"
    extra, extra_parameters = _extra(matched, source)
    parameters |= extra_parameters
    parts = ""
    about = "in_file in_status in_detail in_page in_item in_total in_skip in_event in_at in_version".split()
    columns = [*(quoted(f.name) for f in fields), "in_extra AS extra"]
    deleted = (
        "in_gone" if resource.deleted_at is None else f"coalesce(in_gone, {quoted(resource.deleted_at)})"
    )
    columns += [f"{deleted} AS _deleted_at", *about, "in_alive_at", "in_ended_at"]
    if loading.has_events and not strict:
        columns += ["in_carried", "in_unknown"]
        parts = f", {_carried(resource, matched, source)} AS in_carried, {_unknown(matched, source)} AS in_unknown"
    alive, ended = _lifetime(resource, markers)
    sql = f"""
        SELECT *, {_gone(loading, markers)} AS in_gone, {alive} AS in_alive_at, {ended} AS in_ended_at
        FROM (
            SELECT *, {", ".join(typed)}
            FROM (
                SELECT *{"".join(parsed)}
                FROM (
                    SELECT {", ".join(about)}, in_value, {source.record} AS in_came, {extra} AS in_extra{parts},
                        {", ".join(texts)}
                    FROM ({source.sql})
                )
            )
        )"""
    return _Typed(sql, parameters, columns, status, surely, checks, without, no_owner)


def _without(loading: Loading, is_struct: set[str]) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return columns with ``values.is_unset`` of each field that has no value, and SQL for it by field.

    Each column is a list, for all fields of which it is asked in the same words: name and SQL. It is null for a field that
    has a value, and for one that has no text.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for i, field in enumerate(loading.resource.fields):
        if field.name not in is_struct and field.kind not in ("text", "json"):
            text = f"CASE WHEN {quoted(field.name)} IS NULL THEN x{i} END"
            alike.setdefault(values.is_unset(field, "e"), []).append((field.name, text))
    columns: list[tuple[str, str]] = []
    column_of: dict[str, str] = {}
    for n, (asked, fields) in enumerate(alike.items()):
        listed = ", ".join(text for _, text in fields)
        columns.append(
            (f"n{n}", f"list_transform([{listed}], lambda e: CASE WHEN e IS NOT NULL THEN {asked} END)")
        )
        column_of |= {name: f"n{n}[{k}]" for k, (name, _) in enumerate(fields, 1)}
    return columns, column_of


def _text_list(items: Iterable[str]) -> str:
    """SQL: a list of texts, from SQL for each."""
    return f"CAST([{', '.join(items)}] AS VARCHAR[])"


def _wrong(name: str, value: str) -> str:
    """SQL: a struct of a wrong field's name and its value as it came, from SQL for each."""
    return f"struct_pack(field := CAST({name} AS VARCHAR), value := {value})"


def _checks(
    loading: Loading, markers: dict[str, Marker], is_struct: set[str], without: dict[str, str]
) -> tuple[list[str], list[values.Problem]]:
    """Return, for a typed record, the conditions that make it surely good, and everything that may be wrong with it.

    ``without`` is what ``_without`` says by field.
    """
    told = {name: marker for name, marker in markers.items() if marker.role not in ("seen_at", "operation")}
    surely = [f"{quoted('m' + name)} IS NULL" for name in told]
    checks = []
    waivers = ["in_gone IS NOT NULL"] if markers or loading.has_events else []
    if loading.has_events:
        waivers.append(f"in_event IN ({literal(PARTIAL)}, {literal(GONE)})")
    lacking = f"coalesce({' OR '.join(waivers)}, false)" if waivers else "false"
    for i, field in enumerate(loading.resource.fields):
        if field.name in is_struct:
            continue
        surely += values.surely_fine(field, f"x{i}", quoted(field.name))
        if field.name == loading.owner:
            continue
        waived = "false" if field.name in loading.resource.key else lacking
        checks += values.problems(field, f"x{i}", quoted(field.name), waived, without.get(field.name, ""))
    for name, marker in told.items():
        checks += values.problems(marker.field, quoted("m" + name), _marked(marker))
    return surely, checks


def _told_twice(loading: Loading, source: Records) -> tuple[dict[int, str], dict[str, Any]]:
    """SQL for a list of all that a record tells of a field, and the parameters.

    It is given by the index of each field that a record may tell twice under its own name.
    """
    found: dict[int, str] = {}
    repeated: list[str] = []
    names = {name for _, name in loading.survey.repeated}
    column_at = {column.where: column for column in loading.columns}
    for i, field in enumerate(loading.resource.fields):
        if field.name in names:
            places = [
                place
                for place in loading.matched.fields[field.name]
                if is_own_name(field, column_at[place].name)
            ]
            told = []
            for place in places:
                if place in loading.survey.repeated_places:
                    repeated.append(column_at[place].name)
                    told.append(all_values(column_at[place], f"$told_twice[{len(repeated)}]", "in_document"))
                else:
                    told.append(f"[{source.text[place]}]")
            if told:
                found[i] = f"list_concat({', '.join(told)})"
    return found, {"told_twice": repeated} if repeated else {}


def _doubts(loading: Loading) -> list[str]:
    """Conditions without which a JSON file has to be read row by row: a text may be a number that is none.

    As texts, the two look alike. Row by row, they are told apart.
    """
    if loading.batch.format in ("csv", "parquet"):
        return []
    none = ", ".join(map(literal, NUMBERS_THAT_ARE_NONE))
    found = [
        i
        for i, field in enumerate(loading.resource.fields)
        if field.name in loading.matched.fields and field.kind == "text"
    ]
    floats = [i for i in found if loading.resource.fields[i].name in loading.resource.key]
    return [
        *(f"coalesce(x{i} NOT IN ({none}), true)" for i in found),
        *(f"(x{i} IS NULL OR NOT regexp_full_match(x{i}, '{values.FLOAT_ID}'))" for i in floats),
    ]


def _relations_named(loading: Loading, source: Records) -> Records:
    """The records with a name for the text of each relation: the SQL that looks for its id names the text many times."""
    places = [
        p for f in loading.resource.fields if f.relation for p in loading.matched.fields.get(f.name, ())
    ]
    names = {place: f"r{number}" for number, place in enumerate(places)}
    if not names:
        return source
    named = ", ".join(f"{source.text[place]} AS {name}" for place, name in names.items())
    return replace(source, sql=f"SELECT *, {named} FROM ({source.sql})", text=source.text | names)


def _text(field: Field, matched: Matched, source: Records) -> tuple[str, bool]:
    """Return SQL for the field's text, from the columns that hold it, and True if that is a struct already."""
    places = matched.fields.get(field.name, ())
    if len(places) == 1 and places[0] in source.structs:
        return source.text[places[0]], True
    found = [source.text[place] for place in places]
    if field.relation and len(found) > 1:
        ids = f"list_transform([{', '.join(found)}], lambda e: {values.relation_id('e')})"
        found = [f"list_any_value({ids})"]
    elif field.relation:
        found = [values.relation_id(each) for each in found]
    if (members := matched.members.get(field.name)) is not None:
        pairs = ", ".join(f"{literal(name)}, {source.text[where]}" for name, where in sorted(members.items()))
        any_of = ", ".join(source.text[where] for where in members.values())
        found.append(
            f"CASE WHEN coalesce({any_of}) IS NOT NULL THEN CAST(json_object({pairs}) AS VARCHAR) END"
        )
    if not found:
        return "CAST(NULL AS VARCHAR)", False
    return (found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"), False


def _extra(matched: Matched, source: Records) -> tuple[str, dict[str, Any]]:
    """Return SQL, and its parameters, for the unknown columns as one JSON object without nulls; null if it is empty."""
    if not matched.unknown:
        return "CAST(NULL AS JSON)", {}
    as_json = ", ".join(f"CAST({source.json[where]} AS JSON)" for where in matched.unknown.values())
    none = ", ".join(map(literal, ("null", *NUMBERS_THAT_ARE_NONE)))
    entries = (
        f"list_filter(list_zip($extra, [{as_json}]), lambda e: e[2] IS NOT NULL AND e[2] NOT IN ({none}))"
    )
    return f"CAST(nullif(CAST(to_json(map_from_entries({entries})) AS VARCHAR), '{{}}') AS JSON)", {
        "extra": list(matched.unknown)
    }


def _carried(resource: Resource, matched: Matched, source: Records) -> str:
    """SQL: the names of the fields that the record has, be it with a null."""
    names = []
    for field in resource.fields:
        places = [*matched.fields.get(field.name, ()), *matched.members.get(field.name, {}).values()]
        if places:
            found = ", ".join(source.json[where] for where in places)
            names.append(f"CASE WHEN coalesce({found}) IS NOT NULL THEN {literal(field.name)} END")
    return f"list_filter(CAST([{', '.join(names)}] AS VARCHAR[]), lambda x: x IS NOT NULL)"


def _unknown(matched: Matched, source: Records) -> str:
    """SQL: the names of the unknown fields that the record has, be it with a null."""
    names = [
        f"CASE WHEN {source.json[where]} IS NOT NULL THEN $extra[{i}] END"
        for i, where in enumerate(matched.unknown.values(), 1)
    ]
    return f"list_filter(CAST([{', '.join(names)}] AS VARCHAR[]), lambda x: x IS NOT NULL)"


def _marked(marker: Marker) -> str:
    """SQL: the value of a marker's column."""
    x = quoted("m" + marker.name)
    if marker.is_epoch_ms:
        return f"make_timestamp(try_cast({x} AS BIGINT) * 1000)"
    return values.typed(marker.field, x)


def _with_role(markers: dict[str, Marker], role: str) -> list[str]:
    """SQL for the values of the markers that have this role."""
    return [_marked(marker) for marker in markers.values() if marker.role == role]


def _gone(loading: Loading, markers: dict[str, Marker]) -> str:
    """SQL: the time (UTC) at which the row was deleted, as a marker or an event says; null if none does.

    A deletion without a time happened when a tool saw it, else at the row's own version, else at some time (1970).
    """
    version = [quoted(loading.resource.version)] if loading.resource.version is not None else []
    seen = [*_with_role(markers, "seen_at"), *version, "TIMESTAMP 'epoch'"]
    times = _with_role(markers, "deleted_at")
    flags = [f"coalesce({flag}, false)" for flag in _with_role(markers, "flag")]
    words = ", ".join(map(literal, DELETIONS))
    flags += [
        f"coalesce(lower(trim({word})) IN ({words}), false)" for word in _with_role(markers, "operation")
    ]
    if flags:
        times.append(f"CASE WHEN {' OR '.join(flags)} THEN coalesce({', '.join(seen)}) END")
    if loading.survey.events:
        at = values.typed(Field("in_at", "timestamp", ""), "in_at")
        times.append(f"CASE WHEN in_event = {literal(GONE)} THEN coalesce({', '.join([at, *seen])}) END")
    return f"coalesce({', '.join(times)})" if times else "CAST(NULL AS TIMESTAMP)"


def _lifetime(resource: Resource, markers: dict[str, Marker]) -> tuple[str, str]:
    """SQL: since when the row lives, and when it ended, as a history table says; null if it does not."""
    active = _with_role(markers, "active")
    if not active:
        return "CAST(NULL AS TIMESTAMP)", "CAST(NULL AS TIMESTAMP)"
    version = [quoted(resource.version)] if resource.version is not None else []
    began = ", ".join([*_with_role(markers, "began_at"), *version, "TIMESTAMP 'epoch'"])
    ended = ", ".join(
        [*_with_role(markers, "ended_at"), *_with_role(markers, "seen_at"), *version, "TIMESTAMP 'epoch'"]
    )
    return (
        f"CASE WHEN {active[0]} THEN coalesce({began}) END",
        f"CASE WHEN NOT {active[0]} THEN coalesce({ended}) END",
    )


def _apart(sql: str, condition: str) -> str:
    """SQL: the rows for which the condition is true, tested after their columns are computed.

    DuckDB would push a plain filter below these columns, and each part of the filter would parse every document again.
    It pushes no filter below a LIMIT, even one that no number of rows reaches.
    """
    return f"SELECT * FROM ({sql} LIMIT {(1 << 63) - 1}) WHERE {condition}"
