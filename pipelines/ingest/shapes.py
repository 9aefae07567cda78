"""Container shapes: the records in a plain file, one a row, with every column as text. DuckDB does the reading.

Belongs here: the readers, the unwrapping of the documents in which tools wrap records, and the survey of a file's
columns. Does not belong here: bytes (``unpack``), what a column means (``names``), what a value must be (``values``).

No text of a file or a path is ever part of a statement: paths, keys and names are parameters, and the columns of flat
files are known by number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from pipelines.ingest import csv_text
from pipelines.ingest.names import Column, Matched, fields_of, has_own_fields, make_unique, match
from pipelines.ingest.unpack import LONGEST, UNREADABLE, Note, Unpacked
from pipelines.ingest.values import ALWAYS_NULL, NULL_WORDS
from pipelines.sources import DELETIONS, RESOURCES, Resource
from pipelines.sql_text import literal

_CONTAINERS = frozenset(
    {"attributes", "relationships", "record", "response", "_airbyte_data", "stream", UNREADABLE}
)
"""Keys of documents that may wrap a record. A document with none of them, and with a required field, is a plain record."""

_MESSAGES = ", ".join(
    f"'\"{word}\"'"
    for word in "SCHEMA STATE ACTIVATE_VERSION LOG TRACE CATALOG SPEC CONNECTION_STATUS CONTROL".split()
)
"""Types of the lines of a Singer or Airbyte file that are about the transfer, not about a record; as JSON texts."""

_WHOLE = 2 << 20
"""Bytes up to which a document is unwrapped as it is: DuckDB needs a multiple of them in memory, for each thread. A
larger document is taken apart first, as if it were broken, and a page becomes its rows."""

_GUESSED = 2_048
"""Rows that ``guess`` reads."""

_PLACEHOLDER = "string"
"""What a vendor's example says in place of a JSON:API type. It names no other resource."""

LOADER_META = "_airbyte_meta"
"""The column in which Airbyte says which values of a row it changed, and why."""

CREATIONS = ("create", "created", "insert", "inserted", "c", "r")
UPDATES = ("update", "updated", "changed", "u")
"""How the name of an event ends that carries a whole row, or only what changed of a row; in lower case."""

WHOLE, PARTIAL, GONE, OTHER = "whole", "partial", "gone", "other"
"""What an event carries. ``gone``: the last state of a deleted row, or a part of it. ``other``: perhaps only a part."""

PLAIN, RESOURCE_OBJECT = "records", "jsonapi"


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one format, read by one statement, in order: their landing file ids, and what their paths say.

    That is the owner of a page, and the values of fields in folders named ``key=value``.
    """

    files: tuple[Unpacked, ...]
    ids: tuple[int, ...]
    owners: tuple[str | None, ...]
    folders: tuple[Mapping[str, str], ...]

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> Batch:
        """Several batches of one format as one."""
        return cls(
            tuple(file for batch in batches for file in batch.files),
            tuple(number for batch in batches for number in batch.ids),
            tuple(owner for batch in batches for owner in batch.owners),
            tuple(folder for batch in batches for folder in batch.folders),
        )

    @property
    def format(self) -> str:
        """The format of all its files."""
        return self.files[0].format

    @property
    def kind(self) -> tuple[object, ...]:
        """What the files of a batch have in common."""
        first = self.files[0]
        return first.format, first.delimiter, first.header, first.has_header, first.has_markers

    @property
    def paths(self) -> list[str]:
        """The paths of its files, in order."""
        return [file.path for file in self.files]

    def only(self, chosen: Sequence[int]) -> Batch:
        """The batch of the files at these places."""
        return Batch(
            tuple(self.files[i] for i in chosen),
            tuple(self.ids[i] for i in chosen),
            tuple(self.owners[i] for i in chosen),
            tuple(self.folders[i] for i in chosen),
        )

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches, each with half of the files."""
        middle = len(self.files) // 2
        return self.only(range(middle)), self.only(range(middle, len(self.files)))


@dataclass(slots=True)
class Survey:
    """The rows, shapes and columns of a batch: by file (its index), columns with the number of rows that have them."""

    rows: Counter[int] = field(default_factory=Counter)
    shapes: dict[int, set[str]] = field(default_factory=dict)
    columns: Counter[tuple[int, Column]] = field(default_factory=Counter)
    types: dict[str, str] = field(default_factory=dict)
    """The DuckDB types of a Parquet file's columns, by place; bytes are ``BLOB``."""
    names: tuple[str, ...] = ()
    """The names of all columns of a flat file, in order."""
    flat: list[Column] = field(default_factory=list)
    """The columns of a flat file, in order; of several with one name, the first."""
    wrapped: bool = False
    """True if a document is more than a plain record."""
    nulls: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    """By column of a flat file (its place) and file: the words that stand for null."""
    notes: list[tuple[int, Note]] = field(default_factory=list)
    """What a reader of a file should know, by the file's index."""
    events: bool = False
    """True if a record is an event that may carry only a part of its row."""
    versions: bool = False
    """True if the file tells versions of a Singer stream: what the active version lacks was deleted."""
    changed_by_loader: bool = False
    """True if a loading tool may say of a row that it changed a value (``_airbyte_meta``)."""
    docs: str = ""
    """SQL for the document in a row of a flat file, if its columns hold documents (``_airbyte_data``, ``attributes``)."""

    @property
    def flat_at(self) -> dict[str, Column]:
        """The columns of a flat file by their place."""
        return {column.where: column for column in self.flat}

    def add(self, file: int, shape: str, rows: int, columns: Iterable[Column]) -> None:
        """Count ``rows`` records of one shape, each with these columns."""
        self.rows[file] += rows
        self.shapes.setdefault(file, set()).add(shape)
        for column in set(columns):
            self.columns[file, column] += rows


@dataclass(frozen=True, slots=True)
class Records:
    """A relation with one row a record. Beside the record's own columns it has columns about the record.

    Those are ``in_file`` (the file's index), ``in_status`` (a reason to reject it, or null), ``in_detail`` (more about
    that reason, in our words), ``in_value`` (more about it in a library's words, which may quote the file), ``in_page``
    (ordinal of its document), ``in_item`` (its place in the document), and what the document around it says
    (``in_owner``, ``in_total``, ``in_skip``; of an event ``in_event``, what it carries, and ``in_at``, when it was told;
    ``in_version``, the version of its Singer stream).

    By a column's place, ``text`` is SQL for its text, and ``json`` is SQL for its value as JSON. ``structs`` are the
    places of columns that are structs already. ``record`` is SQL for the record as it came. ``not_utf8`` is SQL, true if the
    bytes of a column are to be a text and are none; only columns that may hold bytes have it.
    """

    sql: str
    parameters: dict[str, Any]
    text: dict[str, str]
    json: dict[str, str]
    structs: frozenset[str]
    record: str
    not_utf8: dict[str, str] = field(default_factory=dict)


def _pointer(*keys: str) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


# --- documents ---------------------------------------------------------------------------------------------------

_FORMATS = {"lines": "newline_delimited", "array": "array", "documents": "unstructured"}


def _scan(batch: Batch, reader: str, columns: str, apart: bool) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for a batch's files, with ``f``, the file's index. ``reader`` is a call with {} for the files.

    ``apart``: read each file by a scan of its own. A scan over several files may silently drop rows that it cannot read
    (seen with DuckDB 2.0 on more than one thread); a scan over one file raises. So files are surveyed apart. Once all
    are known to be whole they are read together, which plans faster.
    """
    if apart and len(batch.files) > 1:
        scans = [
            f"SELECT {i} AS f, {columns} FROM {reader.format(f'$file{i}')}" for i in range(len(batch.files))
        ]
        return " UNION ALL ".join(scans), {f"file{i}": [path] for i, path in enumerate(batch.paths)}
    index = "CAST(file_index AS INTEGER)" if len(batch.files) > 1 else "0"
    return f"SELECT {index} AS f, {columns} FROM {reader.format('$files')}", {"files": batch.paths}


def _documents(batch: Batch, survey: Survey | None = None) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the documents of the batch's files: ``f``, ``doc``. Apart if ``survey`` is None."""
    if survey is not None and survey.docs:
        flat, parameters = (
            _csv(batch, apart=False) if batch.format == "csv" else _parquet(batch, survey.types)
        )
        return f"SELECT f, {survey.docs} AS doc FROM ({flat})", parameters
    largest = LONGEST if batch.files[0].has_markers else _WHOLE
    reader = (
        f"read_json_objects({{}}, format='{_FORMATS[batch.format]}', compression='none', "
        f"maximum_object_size={largest}, hive_partitioning=false)"
    )
    return _scan(batch, reader, "json AS doc", apart=survey is None)


_PARTS = {
    "its_type": "$.type",
    "its_id": "$.id",
    "stream": "$.stream",
    "record": "$.record",
    "record_stream": "$.record.stream",
    "record_data": "$.record.data",
    "data": "$.data",
    "result": "$.result",
    "total": "$.total",
    "skip": "$.skip",
    "response": "$.response",
    "response_data": "$.response.data",
    "response_result": "$.response.result",
    "response_total": "$.response.total",
    "response_skip": "$.response.skip",
    "raw": "$._airbyte_data",
    "event": "$.meta.eventName",
    "delivered": "$.meta.deliveredAt",
    "operation": "$.op",
    "before": "$.before",
    "after": "$.after",
    "happened": "$.ts_ms",
    "version": "$.version",
    "meta": "$._airbyte_meta",
    "error": "$.error",
    "errors": "$.errors",
    "message": "$.message",
    "status_code": "$.statusCode",
    "status": "$.status",
    "code": "$.code",
    "detail": "$.detail",
    "unreadable": f'$."{UNREADABLE}"',
}
"""Members whose presence and kind tell containers apart. All are taken at once: a page may be large, and is parsed once."""


_TOLD = {
    "batch": "a message of a Singer batch: the records are in the files that its manifest names; land those files",
    "error": "an error page of an API, not records",
    "graphql": "an answer of GraphQL without a list of this resource",
    "list": "a document with a list under another name than this resource's; save the list by itself",
}
"""What a document is that holds no record, by its kind."""

NUMBERS_THAT_ARE_NONE = ("NaN", "Infinity", "-Infinity")
"""What programs write into JSON for a missing number; JSON has no such values. Each is null."""

_VAGUE = frozenset({"code", "data", "detail", "error", "errors", "message", "status", "title", "type"})
"""Names of fields that an error page has as well."""


def _named_lists(resource: Resource) -> dict[str, str]:
    """Members that may hold the resource's records under its own name, alone or in an answer of GraphQL."""
    names = {
        spelling
        for name in resource.stream_names
        for spelling in (name, name.replace("_", " ").title().replace(" ", ""))
        for spelling in (spelling, spelling[0].lower() + spelling[1:])
    }
    return {
        f"list_{i}_{j}": f"$.{place.format(name)}"
        for i, name in enumerate(sorted(names))
        for j, place in enumerate(("{}", "data.{}", "data.{}.nodes", "data.{}.edges"))
    }


def _is_known(resource: Resource, x: str) -> str:
    """SQL: a JSON object has a member that spells a field of the resource, and is not one of the vague ones."""
    spellings = {
        spelling.replace("_", "")
        for f in resource.fields
        for spelling in (f.name, *f.aliases, *((f.relation,) if f.relation else ()))
    }
    return (
        f"list_has_any(list_transform(json_keys({x}), lambda k: lower(replace(k, '_', ''))), "
        f"[{', '.join(map(literal, sorted(spellings - _VAGUE)))}])"
    )


def _lists(x: str) -> str:
    """SQL: how many members of a JSON object are arrays."""
    place = "'/' || replace(replace(k, '~', '~0'), '/', '~1')"
    return f"len(list_filter(json_keys({x}), lambda k: json_type({x}, {place}) = 'ARRAY'))"


def _open(resource: Resource, documents: str, ordered: bool) -> str:
    """SQL for the documents and the records in them: ``f``, ``page``, ``kind``, ``stream``, ``owner``, ``items``, ….

    Shapes are told apart in the order of the CASE.
    """
    ordinal = "row_number() OVER ()" if ordered else "0"
    lists = _named_lists(resource)
    members, owner = _PARTS | lists, "CAST(NULL AS VARCHAR)"
    if (sets := resource.page_sets) is not None:
        members |= {"owner": f"$.{sets.owner}", "response_owner": f"$.response.{sets.owner}"}
        owner = "coalesce(response_owner, owner) ->> '$'"
    parts = ", ".join(f"p[{i}] AS {name}" for i, name in enumerate(members, 1))
    paths = ", ".join(map(literal, members.values()))
    nodes = [f"CASE WHEN {_is(x, '[')} THEN {x} END" for x in lists]
    named = ", ".join(
        f"json_extract({x}, '$[*].node')" if path.endswith(".edges") else f"json_extract({node}, '$[*]')"
        for (x, path), node in zip(lists.items(), nodes, strict=True)
    )
    known, known_data = _is_known(resource, "doc"), _is_known(resource, "data")
    action = "lower(regexp_extract(event ->> '$', '[^.]*$'))"
    return f"""
        SELECT f, page, CASE kind WHEN 'named' THEN 'pages' ELSE kind END AS kind, meta,
            CASE WHEN kind = 'change' THEN CASE WHEN operation = '"d"' THEN '{GONE}' END
                WHEN kind <> 'jsonapi_one' OR event IS NULL OR {action} IN {_texts(CREATIONS)} THEN NULL
                WHEN {action} IN {_texts(UPDATES)} THEN '{PARTIAL}'
                WHEN {action} IN {_texts(DELETIONS)} THEN '{GONE}' ELSE '{OTHER}' END AS event,
            CASE kind WHEN 'change' THEN CAST(make_timestamp(try_cast(happened ->> '$' AS BIGINT) * 1000) AS VARCHAR)
                WHEN 'jsonapi_one' THEN delivered ->> '$' END AS told_at,
            CASE kind WHEN 'singer' THEN try_cast(version ->> '$' AS BIGINT) END AS version,
            CASE kind WHEN 'singer' THEN stream ->> '$'
                WHEN 'airbyte' THEN coalesce(record_stream, stream) ->> '$' END AS stream,
            {owner} AS owner,
            try_cast(coalesce(response_total, total) ->> '$' AS BIGINT) AS total,
            try_cast(coalesce(response_skip, skip) ->> '$' AS BIGINT) AS skip,
            CASE kind
                WHEN 'singer' THEN [record]
                WHEN 'airbyte' THEN [coalesce(record_data, data)]
                WHEN 'airbyte_raw' THEN [CASE WHEN NOT {_is("raw", '"')} THEN raw
                    WHEN json_valid(raw ->> '$') THEN CAST(raw ->> '$' AS JSON) END]
                WHEN 'pages' THEN json_extract(CASE
                    WHEN {_is("response", "[")} THEN response
                    WHEN {_is("response_result", "[")} THEN response_result
                    WHEN response IS NOT NULL THEN response_data
                    WHEN {_is("result", "[")} THEN result
                    ELSE data END, '$[*]')
                WHEN 'named' THEN coalesce({named})
                WHEN 'jsonapi_one' THEN [data]
                WHEN 'change' THEN [CASE WHEN {_is("after", "{")} THEN after ELSE before END]
                ELSE [doc] END AS items
        FROM (
            SELECT *, CASE
                WHEN NOT {_is("doc", "{")} THEN 'scalar'
                WHEN unreadable IS NOT NULL THEN 'unreadable'
                WHEN its_type = '"RECORD"' AND {_is("record", "{")} AND stream IS NOT NULL THEN 'singer'
                WHEN its_type = '"RECORD"' AND record_stream IS NOT NULL AND record_data IS NOT NULL THEN 'airbyte'
                WHEN its_type IN ({_MESSAGES}) AND its_id IS NULL THEN 'message'
                WHEN {_is("data", "{")} AND {_is("stream", '"')} THEN 'airbyte'
                WHEN raw IS NOT NULL THEN 'airbyte_raw'
                WHEN {_is("response", "{")} OR {_is("response", "[")} THEN 'pages'
                WHEN {_is("result", "[")} OR {_is("data", "[")} THEN 'pages'
                WHEN its_id IS NULL AND coalesce({", ".join(nodes)}) IS NOT NULL THEN 'named'
                WHEN its_type = '"BATCH"' AND its_id IS NULL AND stream IS NOT NULL THEN 'batch'
                WHEN its_id IS NULL AND (error IS NOT NULL OR errors IS NOT NULL OR detail IS NOT NULL OR (message IS NOT NULL
                        AND (len(json_keys(doc)) = 1 OR coalesce(status_code, status, code) IS NOT NULL)))
                    AND NOT {known} THEN 'error'
                WHEN {_is("data", "{")} AND its_id IS NULL AND event IS NULL
                    AND len(json_extract(data, '$.*.nodes') || json_extract(data, '$.*.edges')
                        || json_extract(data, '$.*.*.nodes') || json_extract(data, '$.*.*.edges')) > 0 THEN 'graphql'
                WHEN {_is("data", "{")} AND its_id IS NULL AND event IS NULL AND {_lists("data")} = 1 AND NOT {known_data}
                    AND json_type(data, '$.attributes') IS NULL THEN 'list'
                WHEN {_is("data", "{")} AND (its_id IS NULL OR event IS NOT NULL) THEN 'jsonapi_one'
                WHEN {_is("operation", '"')} AND its_id IS NULL AND ({_is("after", "{")} OR {_is("before", "{")})
                    THEN 'change'
                WHEN its_id IS NULL AND {_lists("doc")} = 1 AND NOT {known} THEN 'list'
                ELSE 'records' END AS kind
            FROM (
                SELECT f, page, doc, {parts}
                FROM (SELECT f, {ordinal} AS page, doc, json_extract(doc, [{paths}]) AS p FROM ({documents}))
            )
        )
        WHERE kind <> 'message'"""


def _snake(x: str) -> str:
    return f"lower(regexp_replace({x}, '([a-z0-9])([A-Z])', '\\1_\\2', 'g'))"


def _texts(words: Iterable[str]) -> str:
    """SQL: a list of texts, as ``IN`` takes it."""
    return f"({', '.join(map(literal, words))})"


def _is_stream(x: str) -> str:
    """SQL: the stream's name is the resource's, alone or after a prefix (``public.calls``, ``prod_outreach-calls``).

    The name of another resource of the source, or a word that such a name begins with, is no prefix.
    """
    name = f"regexp_replace({_snake(x)}, '[^a-z0-9]+', '_', 'g')"
    return f"(regexp_full_match({name}, $stream) AND NOT regexp_full_match({name}, $other_stream))"


_IS_RESOURCE_OBJECT = (
    "(coalesce(json_type(record, '$.attributes') = 'OBJECT' OR json_type(record, '$.relationships') = 'OBJECT', false) "
    "OR (kind = 'jsonapi_one' AND event IS NOT NULL))"
)
"""SQL: the record is a JSON:API resource object. One that tells only a change may lack its attributes."""

_WRONG_STREAM = f"""CASE WHEN kind IN ('singer', 'airbyte') AND NOT {_is_stream("stream")} THEN true
    WHEN {_IS_RESOURCE_OBJECT}
        THEN NOT list_contains($types, {_snake("record ->> '$.type'")})
    ELSE false END"""
"""SQL: the record belongs to another resource, by the name of its stream or by its JSON:API type. Null if it has none."""


def _is(x: str, first: str) -> str:
    """SQL: the JSON value begins with ``first``: ``{`` is an object, ``[`` an array, ``"`` a text. False if missing."""
    return f"coalesce(starts_with(CAST({x} AS VARCHAR), '{first}'), false)"


def _records(resource: Resource, documents: str, ordered: bool) -> str:
    """SQL for the records in the documents: ``f``, ``kind``, ``stream``, ``owner``, ``record``, …."""
    item = "generate_subscripts(items, 1)" if ordered else "0"
    return f"""
        SELECT f, page, kind, meta, event, told_at, version, stream, owner, total, skip, unnest(items) AS record, {item} AS item
        FROM ({_open(resource, documents, ordered)})"""


def pages(resource: Resource, batch: Batch, found: Survey) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the batch's list pages: ``f``, ``page``, ``owner``, ``total``, ``skip``, ``rows``."""
    documents, parameters = _documents(batch, found)
    return (
        f"""SELECT f, page, owner, total, skip, len(items) AS rows
        FROM ({_open(resource, documents, ordered=True)}) WHERE kind = 'pages'""",
        parameters,
    )


def survey(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    """Read all of every file: count its rows and find its columns.

    Raises duckdb.Error when a file cannot be read in the format that it seems to have, Doubtful when it has to be read
    in another way, and Refused when its rows are not to be taken.
    """
    found = _survey(con, resource, batch)
    for i, folder in enumerate(batch.folders):
        columns = [
            column.name
            for _, column in sorted(found.columns, key=lambda each: each[1].order)
            if (i, column) in found.columns
        ]
        if columns and not has_own_fields(resource, [*columns, *folder]):
            raise Refused(
                "another table",
                "it has no field of the resource beside its key and its times",
                ", ".join(columns),
            )
    return found


def _survey(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    if batch.format == "parquet":
        return _survey_parquet(con, resource, batch)
    if batch.format == "csv":
        return _survey_csv(con, resource, batch)
    found = Survey()
    documents, parameters = _documents(batch)
    if _survey_plain(con, resource, documents, parameters, found):
        return found
    found = Survey(wrapped=True)
    _survey_wrapped(con, resource, documents, parameters, found)
    return found


def guess(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey | None:
    """Guess from the first rows of a file of lines that it holds plain records with these columns; nothing is counted.

    None if the first rows are not plain records. A caller that acts on the guess must compare it with ``survey``.
    """
    documents, parameters = _documents(batch)
    groups = con.execute(
        f"SELECT DISTINCT json_keys(doc) FROM (SELECT doc FROM ({documents}) LIMIT {_GUESSED})", parameters
    ).fetchall()
    likely = Survey()
    for (keys,) in groups:
        columns = _plain_columns(resource, keys)
        if columns is None:
            return None
        likely.add(0, PLAIN, 0, columns)
    is_own = has_own_fields(resource, [*(column.name for _, column in likely.columns), *batch.folders[0]])
    return likely if is_own else None


def _plain_columns(resource: Resource, keys: Sequence[str]) -> set[Column] | None:
    """The columns of a document with these keys; None if it may be more than a plain record."""
    required = {f.name for f in resource.fields if f.required}
    if _CONTAINERS & set(keys) or not required & fields_of(resource, keys):
        return None
    return {Column(_pointer(key), key) for key in keys}


def _survey_plain(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    documents: str,
    parameters: dict[str, Any],
    found: Survey,
) -> bool:
    """Survey the keys of the documents alone, which is cheap. False if one may be more than a plain record."""
    first = con.execute(f"SELECT json_keys(doc) FROM ({documents}) LIMIT 1", parameters).fetchone()
    if first is None:
        return True
    # Nearly always all rows have the first row's keys. Then no row is grouped by a list of texts.
    is_changed = "false"
    if LOADER_META in first[0]:
        text = "CAST(doc AS VARCHAR)"
        is_changed = f"contains({text}, '\"change\"') OR contains({text}, '\\\"change\\\"')"
    groups = con.execute(
        f"""SELECT f, CASE WHEN keys <> $first THEN keys END AS other, count(*), bool_or(is_changed)
        FROM (SELECT f, json_keys(doc) AS keys, {is_changed} AS is_changed FROM ({documents})) GROUP BY ALL""",
        {**parameters, "first": first[0]},
    ).fetchall()
    for file, other, rows, changed in groups:
        found.changed_by_loader |= changed
        keys = first[0] if other is None else other
        columns = set() if keys == [UNREADABLE] else _plain_columns(resource, keys)
        if columns is None:
            return False
        found.add(file, PLAIN if columns else "unreadable", rows, columns)
    return True


def _survey_wrapped(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    documents: str,
    parameters: dict[str, Any],
    found: Survey,
) -> None:
    groups = con.execute(
        f"""SELECT f, kind, {_WRONG_STREAM}, json_keys(record), {_IS_RESOURCE_OBJECT},
            json_keys(record, '$.attributes'), json_keys(record, '$.relationships'), event IS NOT NULL,
            version IS NOT NULL, count(*), coalesce(bool_or(contains(CAST(meta AS VARCHAR), 'field')), false)
        FROM ({_records(resource, documents, ordered=False)}) GROUP BY ALL""",
        parameters | _streams(resource),
    ).fetchall()
    for (
        file,
        kind,
        is_other,
        keys,
        is_resource,
        attributes,
        relations,
        is_event,
        has_version,
        rows,
        changed,
    ) in groups:
        found.changed_by_loader |= changed
        if kind in ("unreadable", "scalar", *_TOLD):
            found.add(file, "unreadable", rows, ())
            continue
        if is_other:
            found.add(file, kind, rows, ())
            continue
        found.events |= is_event
        found.versions |= has_version
        columns: set[Column] = set()
        shape = "jsonapi" if kind == "jsonapi_one" or (is_resource and kind in ("records", "pages")) else kind
        for key in keys or ():
            if not is_resource or key not in ("type", "attributes", "relationships", "links", "meta"):
                columns.add(Column(_pointer(key), key))
        if is_resource:
            columns |= {Column(_pointer("attributes", key), key, "attributes") for key in attributes or ()}
            columns |= {
                Column(_pointer("relationships", key), key, "relationships") for key in relations or ()
            }
        found.add(file, shape, rows, columns)
    if not groups:
        sql, more = _versions(resource, documents)
        found.versions = bool(con.execute(f"{sql} LIMIT 1", parameters | more).fetchall())


def _versions(resource: Resource, documents: str) -> tuple[str, dict[str, Any]]:
    """SQL for the versions of the resource's Singer stream: ``f``, ``version``, ``is_activated``, ``extracted_at``."""
    return (
        f"""SELECT f, try_cast(doc ->> '$.version' AS BIGINT) AS version,
            doc ->> '$.type' = 'ACTIVATE_VERSION' AS is_activated, doc ->> '$.time_extracted' AS extracted_at
        FROM ({documents})
        WHERE doc ->> '$.type' IN ('RECORD', 'ACTIVATE_VERSION') AND try_cast(doc ->> '$.version' AS BIGINT) IS NOT NULL
            AND {_is_stream("doc ->> '$.stream'")}""",
        _stream_patterns(resource),
    )


def versions(resource: Resource, batch: Batch, found: Survey) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the versions that the batch's Singer files tell, one row a line of a file."""
    documents, parameters = _documents(batch, found)
    sql, more = _versions(resource, documents)
    return sql, parameters | more


# --- flat files --------------------------------------------------------------------------------------------------


class Doubtful(Exception):
    """DuckDB reads the CSV file, but may take other values from it than are meant: it has to be salvaged."""


class Refused(Exception):
    """A file whose rows are not to be taken: the reason in a word, and the message in a sentence that quotes nothing."""

    def __init__(self, reason: str, detail: str, value: str | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.value = value


_NO_RECORD = {1: csv_text.BLANK, 2: csv_text.AGAIN}
"""Column ``no`` of a row that is no record → what the row is."""


def _csv(batch: Batch, apart: bool, *, kept: bool = True) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the rows of CSV files, with columns c0, c1, …. An empty value is null, quoted or not.

    ``kept``: leave out the rows that are no records. Otherwise they are told by a column ``no``; it is null for a record.
    """
    first = batch.files[0]
    columns = {f"c{i}": "VARCHAR" for i in range(len(first.header))}
    header = "true" if first.has_header else "false"
    reader = (
        f"read_csv({{}}, auto_detect=false, header={header}, delim=$delimiter, quote='\"', escape='\"', "
        f"strict_mode=true, columns=$columns, hive_partitioning=false, compression='none', max_line_size={LONGEST})"
    )
    sql, parameters = _scan(batch, reader, ", ".join(columns), apart)
    # Nearly every row is decided by the first letter of its first value, or by that value.
    first_letter = "c0 <> '' AND ascii(c0) > 32"
    blank = " AND ".join(f"coalesce(trim({c}), '') = ''" for c in columns)
    again = " AND ".join(f"trim({c}) = $header[{i}]" for i, c in enumerate(columns, 1))
    blank = f"CASE WHEN {first_letter} THEN false ELSE {blank} END"
    again = f"CASE WHEN {first_letter} AND c0 <> $first THEN false ELSE {again} END"
    no = f"CASE WHEN {blank} THEN 1 WHEN {again} THEN 2 END"
    if any(name != name.strip(" ") for name in first.header):
        # The file has spaces around its values, as around its names.
        columns = {f"nullif(trim({c}), '') AS {c}": kind for c, kind in columns.items()}
    names = [name.strip() for name in first.header]
    values = ", ".join(columns)
    return (
        f"SELECT f, {values} FROM ({sql}) WHERE {no} IS NULL"
        if kept
        else f"SELECT f, {values}, {no} AS no FROM ({sql})"
    ), {
        **parameters,
        "delimiter": first.delimiter,
        "columns": dict.fromkeys(_names(first), "VARCHAR"),
        "header": names,
        "first": names[0],
    }


def _names(file: Unpacked) -> list[str]:
    """The names of a CSV file's columns in SQL."""
    return [f"c{i}" for i in range(len(file.header))]


def _flat_columns(names: Sequence[str]) -> list[Column]:
    """The columns of a flat file. A marker is none, and of several columns with one name the first stands."""
    first: dict[str, Column] = {}
    for i, name in enumerate(names):
        if name != UNREADABLE:
            first.setdefault(name.strip().lower(), Column(str(i), name))
    return list(first.values())


def _repeated(names: Sequence[str]) -> list[tuple[int, int, str]]:
    """The columns that have the name of an earlier one: the place of the first, their own place, and the name."""
    first: dict[str, int] = {}
    found = []
    for i, name in enumerate(names):
        if (place := first.setdefault(name.strip().lower(), i)) != i and name.strip():
            found.append((place, i, name.strip()))
    return found


def _survey_csv(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    """Survey CSV files. Raises Doubtful or Refused for a file that is not to be read as it stands."""
    header = batch.files[0].header
    found = Survey(names=header, flat=_flat_columns(header))
    repeated = _repeated(header)
    facts = [
        None if file.has_markers else csv_text.count(file.path, file.body, file.delimiter)
        for file in batch.files
    ]
    sql, parameters = _csv(batch, apart=True, kept=False)
    names = _names(batch.files[0])
    all_values = f"concat({', '.join(names)})" if any(f is not None and f.has_quotes for f in facts) else "''"
    texts = _text_columns(resource, found)
    differ = "".join(
        f", count(*) FILTER (WHERE no IS NULL AND c{a} IS DISTINCT FROM c{b})" for a, b, _ in repeated
    )
    # count(*) alone would not read the values, nor notice that they are broken.
    used = "".join(f", count({c})" for c in names)
    words = "".join(f", count(CASE WHEN {_is_null_word(f'c{where}')} THEN 1 END)" for where in texts)
    rows = con.execute(
        f"""SELECT f, count(*) FILTER (WHERE no IS NULL), count(*) FILTER (WHERE no = 1), count(*) FILTER (WHERE no = 2),
            coalesce(sum(CASE WHEN contains(line, $delimiter)
                THEN length(line) - length(replace(line, $delimiter, '')) END), 0){words}{differ}{used}
        FROM (SELECT *, {all_values} AS line FROM ({sql})) GROUP BY f""",
        parameters,
    ).fetchall()
    has_words = False
    for file, records, blank, again, within, *counts in rows:
        fact, plain = facts[file], batch.files[file]
        if fact is not None:
            # A surplus value, even an empty one, has a delimiter before it.
            surplus = fact.delimiters - within - (records + blank + again) * (len(header) - 1)
            escapes = fact.backslashed and csv_text.escapes_quotes(
                fact.backslashed, plain.delimiter, len(header)
            )
            if (surplus and len(header) > 1) or fact.is_doubtful or escapes:
                raise Doubtful
        found.add(file, "csv", records, found.flat)
        for what, n in ((csv_text.BLANK, blank), (csv_text.AGAIN, again)):
            if n:
                found.notes.append((file, Note("no_record", n, what)))
        has_words = has_words or any(counts[: len(texts)])
        _check_repeated(resource, found, file, repeated, counts[len(texts) : len(texts) + len(repeated)])
    if has_words:
        its, parameters = _csv(batch, apart=True)
        if batch.files[0].has_markers:
            its = f"FROM ({its}) WHERE c{len(header) - 1} IS NULL"
        _survey_null_words(con, resource, found, found.flat_at, its, parameters)
    if documents := _documents_of_columns(resource, header, {}):
        if batch.files[0].has_markers:
            marker = f"c{len(header) - 1}"
            documents = (
                f"CASE WHEN {marker} IS NULL THEN {documents} "
                f"ELSE json_object({literal(UNREADABLE)}, CAST({marker} AS JSON)) END"
            )
        return _survey_documents(con, resource, found, documents, *_csv(batch, apart=True))
    return found


def _check_repeated(
    resource: Resource,
    found: Survey,
    file: int,
    repeated: Sequence[tuple[int, int, str]],
    differing: Sequence[int],
) -> None:
    """Note the columns that have the name of an earlier one. Raises Refused if rows rest on them and they differ."""
    needed = {*resource.key, *(f.name for f in resource.fields if f.required)}
    for (first, second, name), rows in zip(repeated, differing, strict=True):
        places = f"columns {first + 1} and {second + 1} have one name"
        if rows and needed & fields_of(resource, [name]):
            raise Refused("two columns of one name", f"{places} and differ in {rows} rows", name)
        what = f"{places}; the first is taken" + (f", and they differ in {rows} rows" if rows else "")
        found.notes.append((file, Note("repeated_column", rows, what, field=name)))


# --- null as a word ------------------------------------------------------------------------------------------------


def _is_null_word(x: str) -> str:
    """SQL: true if the text is such a word. Most values are told by their length or as numbers."""
    longest = max(map(len, NULL_WORDS))
    return (
        f"CASE WHEN strlen({x}) > {longest} OR ({x} >= '0' AND {x} < ':') THEN false "
        f"ELSE {x} IN ({', '.join(map(literal, NULL_WORDS))}) END"
    )


def _text_columns(resource: Resource, found: Survey) -> list[str]:
    """The places of a flat file's columns in which a word for null may be a text. In any other it is no value."""
    matched = match(resource, found.flat)
    texts = {
        place
        for f in resource.fields
        if f.kind in ("text", "texts")
        for place in matched.fields.get(f.name, ())
    }
    return [place for place in found.flat_at if place in texts or place in matched.unknown.values()]


def _survey_null_words(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    found: Survey,
    places: Iterable[str],
    sql: str,
    parameters: dict[str, Any],
) -> None:
    r"""Find the words that stand for null in these columns of a flat file, which hold texts: ``Survey.nulls``.

    ``\N`` and ``NULL`` always do, and so does every other word in a column whose values are no texts. In a column of
    texts another word does if the same file writes null with it in a column of another type, or if the column has no
    empty value, and so no other way to say null. A value that the contract knows stays.
    """
    matched = match(resource, found.flat)
    field_at = {place: f for f in resource.fields for place in matched.fields.get(f.name, ())}
    counts = []
    for where in places:
        x = f"c{where}"
        counts += con.execute(
            f"""SELECT f, {literal(where)}, CASE WHEN {_is_null_word(x)} THEN {x} END AS word, count(*) AS n,
                count(*) FILTER (WHERE coalesce(trim({x}), '') = '') AS empty
            FROM ({sql}) GROUP BY f, word""",
            parameters,
        ).fetchall()
    empty_in = {(file, where): empty for file, where, word, _, empty in counts if word is None}
    counts = [each for each in counts if each[2] is not None]
    surely = {
        (file, word)
        for file, where, word, _, _ in counts
        if (f := field_at.get(where)) is not None
        and f.kind != "text"
        and where not in matched.markers.values()
    }
    for file, where, word, rows, _ in sorted(counts):
        field = field_at.get(where)
        if field is not None and word in (*field.closed, *field.known):
            continue
        is_text = field is None or (field.kind == "text" and not field.closed)
        if word in ALWAYS_NULL or not is_text or (file, word) in surely or not empty_in.get((file, where)):
            found.nulls.setdefault(where, {}).setdefault(file, []).append(word)
            if is_text and word not in ALWAYS_NULL:
                name = found.flat_at[where].name
                found.notes.append((file, Note("null_word", rows, f"{word} is taken for null", field=name)))


def without_null_words(found: Survey, where: str, x: str) -> str:
    """SQL: the value ``x`` of a column of a flat file; null where it is a word that stands for null in its file."""
    for words in sorted({tuple(words) for words in found.nulls.get(where, {}).values()}):
        files = [str(file) for file, its in found.nulls[where].items() if tuple(its) == words]
        listed = ", ".join(map(literal, words))
        x = f"CASE WHEN {x} IN ({listed}) AND f IN ({', '.join(files)}) THEN NULL ELSE {x} END"
    return x


_BYTES = "BLOB"


def _parquet(batch: Batch, types: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the rows of a Parquet file, with columns c0, c1, …, in which bytes are texts.

    The bytes themselves are in b0, b1, …. A tool that does not declare its texts writes bytes.
    """
    members: list[str] = []
    texts = ", ".join(
        (_decoded(f"b{i}", DuckDBPyType(kind), members) if _BYTES in kind else f"b{i}") + f" AS c{i}"
        for i, kind in types.items()
    )
    held = "".join(f", b{i}" for i, kind in types.items() if _BYTES in kind)
    listed = ", ".join(f"b{i}" for i in types)
    sql = f"SELECT 0 AS f, {texts}{held} FROM read_parquet($files, hive_partitioning=false) AS t({listed})"
    return sql, {"files": batch.paths} | ({"members": members} if members else {})


def _decoded(x: str, kind: DuckDBPyType, members: list[str], depth: int = 0) -> str:
    """SQL: ``x`` with a text in place of its bytes; bytes that are not UTF-8 are spelt in hexadecimal.

    A struct becomes JSON. The names of its members are added to ``members``, a parameter of the statement.
    """
    e = f"e{depth}"
    match kind.id:
        case "blob":
            return f"coalesce(TRY(decode({x})), CAST({x} AS VARCHAR))"
        case "list" | "array":
            return (
                f"list_transform({x}, lambda {e}: {_decoded(e, _children(kind)[0][1], members, depth + 1)})"
            )
        case "struct":
            pairs = []
            for place, (name, of) in enumerate(_children(kind), 1):
                members.append(name)
                named = f"$members[{len(members)}]"
                pairs.append(f"{named}, {_decoded(f'struct_extract_at({x}, {place})', of, members, depth)}")
            return f"CASE WHEN {x} IS NOT NULL THEN json_object({', '.join(pairs)}) END"
        case "map":
            keys, values = (
                f"list_transform({part}({x}), lambda {e}: {_decoded(e, of, members, depth + 1)})"
                for part, (_, of) in zip(("map_keys", "map_values"), _children(kind), strict=True)
            )
            return f"CASE WHEN {x} IS NOT NULL THEN map({keys}, {values}) END"
    return x


def _not_utf8(x: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """SQL: true if bytes in ``x`` are not UTF-8; else false."""
    e = f"e{depth}"
    match kind.id:
        case "blob":
            return f"({x} IS NOT NULL AND TRY(decode({x})) IS NULL)"
        case "list" | "array":
            flaw = _not_utf8(e, _children(kind)[0][1], depth + 1)
            return f"coalesce(list_bool_or(list_transform({x}, lambda {e}: {flaw})), false)"
        case "struct":
            flaws = [
                _not_utf8(f"struct_extract_at({x}, {place})", of, depth)
                for place, (_, of) in enumerate(_children(kind), 1)
            ]
            return f"({' OR '.join(flaws)})"
        case "map":
            keys, values = (
                f"list_transform({part}({x}), lambda {e}: {_not_utf8(e, of, depth + 1)})"
                for part, (_, of) in zip(("map_keys", "map_values"), _children(kind), strict=True)
            )
            return f"coalesce(list_bool_or(list_concat({keys}, {values})), false)"
    return "false"


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """The names and types within a type, in order. The length of an array, which DuckDB lists too, is none."""
    return [(name, of) for name, of in kind.children if isinstance(of, DuckDBPyType)]


def _survey_parquet(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    found = Survey()
    described = con.execute(
        "DESCRIBE SELECT * FROM read_parquet($files, hive_partitioning=false)", {"files": batch.paths}
    ).fetchall()
    names = [row[0] for row in described]
    found.names = tuple(names)
    found.flat = _flat_columns(names)
    found.types = {str(i): row[1] for i, row in enumerate(described)}
    sql, parameters = _parquet(batch, found.types)
    # count(*) alone would not unpack the values, nor notice that they are damaged.
    used = ", ".join(f"b{i}" if _BYTES in kind else f"c{i}" for i, kind in found.types.items())
    strings = [place for place, kind in found.types.items() if kind in ("VARCHAR", _BYTES)]
    words = [
        f"count(CASE WHEN {_is_null_word(f'c{place}')} THEN 1 END)"
        for place in _text_columns(resource, found)
        if place in strings
    ]
    count, *words_found = con.execute(
        f"SELECT {', '.join(['count(*)', *words])}, max(hash({used})) FROM ({sql})", parameters
    ).fetchall()[0][:-1]
    found.add(0, "parquet", count, _flat_columns(names))
    if any(words_found):
        _survey_null_words(con, resource, found, strings, sql, parameters)
    if documents := _documents_of_columns(resource, names, found.types):
        if flaws := _flaws(found.types):
            detail = f"'detail', 'not UTF-8', 'text', CAST({documents} AS VARCHAR)"
            marker = f"json_object({literal(UNREADABLE)}, json_object({detail}))"
            documents = f"CASE WHEN {' OR '.join(flaws.values())} THEN {marker} ELSE {documents} END"
        return _survey_documents(con, resource, found, documents, sql, parameters)
    return found


def _flaws(types: dict[str, str]) -> dict[str, str]:
    """By place of a column that holds bytes: SQL, true if they are not UTF-8."""
    return {i: _not_utf8(f"b{i}", DuckDBPyType(kind)) for i, kind in types.items() if _BYTES in kind}


def _survey_documents(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    flat: Survey,
    documents: str,
    sql: str,
    parameters: dict[str, Any],
) -> Survey:
    found = Survey(wrapped=True, docs=documents, types=flat.types, names=flat.names, notes=flat.notes)
    _survey_wrapped(con, resource, f"SELECT f, {documents} AS doc FROM ({sql})", parameters, found)
    return found


def _documents_of_columns(resource: Resource, names: Sequence[str], types: dict[str, str]) -> str | None:
    """SQL for the document that a flat row stands for, if some of its columns hold documents; else None."""
    lowered = [name.strip().lower() for name in names]
    nested = {"_airbyte_data", "attributes", "relationships", "record", "response"} & set(lowered)
    if not nested and not ("data" in lowered and "stream" in lowered):
        return None
    kept = nested | {"data", "stream", "type", "id", LOADER_META}
    if resource.page_sets is not None:
        kept.add(resource.page_sets.owner)
    members = []
    for i, name in enumerate(lowered):
        if name in kept or types.get(str(i)) is not None:
            value = f"to_json(c{i})"
            if types.get(str(i), "VARCHAR") in ("VARCHAR", _BYTES) and name in nested | {"data", LOADER_META}:
                value = f"CASE WHEN json_valid(c{i}) THEN CAST(c{i} AS JSON) ELSE to_json(c{i}) END"
            members.append(f"{literal(name)}, {value}")
    return f"json_object({', '.join(members)})"


# --- records -----------------------------------------------------------------------------------------------------

_STRUCTS = {
    "address": "STRUCT(type VARCHAR, target VARCHAR, target_name VARCHAR, name VARCHAR, detail VARCHAR)",
}


def records(
    resource: Resource,
    batch: Batch,
    found: Survey,
    columns: Sequence[Column],
    matched: Matched,
    *,
    ordered: bool,
    fast: bool,
) -> Records:
    """The batch as a relation of records. ``matched`` is what the ``columns`` are.

    ``ordered``: number every document and record, at the cost of reading on one thread. ``fast``: let DuckDB's typed
    JSON reader read plain records; it raises at the first value of another type.
    """
    if batch.format in ("csv", "parquet") and not found.docs:
        return _flat_records(resource, batch, found, columns, matched, ordered)
    is_plain = not found.wrapped and not ordered
    if is_plain and fast and (typed := _typed_records(resource, batch, columns, matched)) is not None:
        return typed
    documents, parameters = _documents(batch, found)
    places = [column.where for column in columns]
    parameters = {**parameters, "places": places}
    if found.wrapped or ordered:
        parameters |= _streams(resource)
        told = " ".join(f"WHEN kind = {literal(kind)} THEN {literal(words)}" for kind, words in _TOLD.items())
        sql = f"""
            SELECT f AS in_file, page AS in_page, item AS in_item, owner AS in_owner, total AS in_total,
                skip AS in_skip, json_extract_string(record, $places) AS v, json_extract(record, $places) AS j,
                CASE WHEN kind = 'unreadable' THEN coalesce(record ->> '/{UNREADABLE}/reason', 'unreadable')
                    WHEN kind IN {_texts(_TOLD)} OR NOT {_is("record", "{")} THEN 'unreadable'
                    WHEN {_WRONG_STREAM} THEN 'wrong_stream' END AS in_status,
                CASE kind WHEN 'unreadable' THEN record ->> '/{UNREADABLE}/text' ELSE CAST(record AS VARCHAR) END
                    AS in_came,
                CASE WHEN kind = 'unreadable' THEN record ->> '/{UNREADABLE}/detail'
                    {told} WHEN NOT {_is("record", "{")} THEN 'not a record' END AS in_detail,
                CASE WHEN kind = 'unreadable' THEN record ->> '/{UNREADABLE}/value' END AS in_value,
                meta AS in_meta, event AS in_event, told_at AS in_at, version AS in_version
            FROM ({_records(resource, documents, ordered)})"""
    else:
        marker = f"starts_with(CAST(doc AS VARCHAR), '{{\"{UNREADABLE}\":')"
        sql = f"""
            SELECT f AS in_file, {_UNWRAPPED}, 0 AS in_item,
                json_extract_string(doc, $places) AS v, json_extract(doc, $places) AS j,
                CASE WHEN {marker} THEN coalesce(doc ->> '/{UNREADABLE}/reason', 'unreadable') END AS in_status,
                CASE WHEN {marker} THEN doc ->> '/{UNREADABLE}/text' ELSE CAST(doc AS VARCHAR) END AS in_came,
                CASE WHEN {marker} THEN doc ->> '/{UNREADABLE}/detail' END AS in_detail,
                CASE WHEN {marker} THEN doc ->> '/{UNREADABLE}/value' END AS in_value
            FROM ({documents})"""
    # A number that is none looks like a text of the same letters: only the value as JSON tells them apart.
    value = (
        "v[{0}]"
        if fast
        else f"CASE WHEN j[{{0}}] IN {_texts(NUMBERS_THAT_ARE_NONE)} THEN NULL ELSE v[{{0}}] END"
    )
    return Records(
        sql,
        parameters,
        {place: value.format(i + 1) for i, place in enumerate(places)},
        {place: f"j[{i + 1}]" for i, place in enumerate(places)},
        frozenset(),
        "in_came",
    )


def _streams(resource: Resource) -> dict[str, Any]:
    """The parameters of ``_WRONG_STREAM``: the patterns of ``_is_stream``, and the resource's JSON:API types."""
    own = resource.stream_names
    return _stream_patterns(resource) | {
        "types": sorted({word for name in own for word in (name, name.removesuffix("s"))} | {_PLACEHOLDER})
    }


def _stream_patterns(resource: Resource) -> dict[str, Any]:
    """The parameters of ``_is_stream``: a pattern of the resource's names, and one of other resources' names."""
    own = resource.stream_names
    others = {
        name
        for other in RESOURCES
        if other.source == resource.source and other.name != resource.name
        for name in other.stream_names
    } - own
    longer = [other for other in others if any(other.endswith(f"_{name}") for name in own)]
    words = {word for name in others for word in (name, name.removesuffix("s"), name.partition("_")[0])}
    names = "|".join(sorted(own))
    return {
        "stream": f"(.*_)?({names})",
        "other_stream": "|".join(
            [*(f"(.*_)?{name}" for name in sorted(longer)), f"({'|'.join(sorted(words))})_+({names})"]
        ),
    }


_UNWRAPPED = (
    "CAST(NULL AS VARCHAR) AS in_owner, CAST(NULL AS BIGINT) AS in_total, CAST(NULL AS BIGINT) AS in_skip, "
    "0 AS in_page, CAST(NULL AS JSON) AS in_meta, CAST(NULL AS VARCHAR) AS in_event, "
    "CAST(NULL AS VARCHAR) AS in_at, CAST(NULL AS BIGINT) AS in_version"
)
_NO_WRAPPER = (
    "CAST(NULL AS VARCHAR) AS in_status, CAST(NULL AS VARCHAR) AS in_detail, CAST(NULL AS VARCHAR) AS in_value, "
    f"{_UNWRAPPED}"
)


def _typed_records(
    resource: Resource, batch: Batch, columns: Sequence[Column], matched: Matched
) -> Records | None:
    """The records as DuckDB's typed JSON reader gives them: an address as a struct, every other field as text.

    None if two keys differ only in case, which the reader ignores.
    """
    if len({column.name.lower() for column in columns}) < len(columns):
        return None
    field_at = {place: f for f in resource.fields for place in matched.fields.get(f.name, ())}
    types, structs = {}, set()
    for column in columns:
        found = field_at.get(column.where)
        if found is not None and found.kind in _STRUCTS and len(matched.fields[found.name]) == 1:
            types[column.name] = _STRUCTS[found.kind]
            structs.add(column.where)
        else:
            is_text = found is not None or column.where in matched.markers.values()
            types[column.name] = "VARCHAR" if is_text else "JSON"
    names = ", ".join(f"c{i}" for i in range(len(columns)))
    index = "CAST(file_index AS BIGINT)" if len(batch.files) > 1 else "0"
    return Records(
        f"SELECT {index} AS in_file, {names}, {_NO_WRAPPER}, 0 AS in_item FROM read_json($files, columns=$columns, "
        f"format='{_FORMATS[batch.format]}', compression='none', maximum_object_size={LONGEST}, "
        f"hive_partitioning=false) AS t({names})",
        {"files": batch.paths, "columns": types},
        {column.where: f"c{i}" for i, column in enumerate(columns)},
        {column.where: f"c{i}" for i, column in enumerate(columns)},
        frozenset(structs),
        "NULL",
    )


def _flat_records(
    resource: Resource,
    batch: Batch,
    found: Survey,
    columns: Sequence[Column],
    matched: Matched,
    ordered: bool,
) -> Records:
    flaws: dict[str, str] = {}
    status = _NO_WRAPPER
    width = len(found.names)
    came = "CAST(to_json(map($names, [{}])) AS VARCHAR)"
    if batch.format == "csv":
        sql, parameters = _csv(batch, apart=False)
        text = {c.where: without_null_words(found, c.where, f"c{c.where}") for c in columns}
        as_json = {where: f"to_json({x})" for where, x in text.items()}
        if batch.files[0].has_markers:
            width -= 1
            marker = f"c{width}"
            told = ", ".join(f"{marker} ->> '/{name}' AS in_{name}" for name in ("detail", "value"))
            status = f"{marker} ->> '/reason' AS in_status, {told}, {_UNWRAPPED}"
            came = f"CASE WHEN {marker} IS NULL THEN {came} ELSE {marker} ->> '/text' END"
    else:
        sql, parameters = _parquet(batch, found.types)
        flaws = _flaws(found.types)
        text = {
            c.where: without_null_words(found, c.where, _parquet_text(f"c{c.where}", found.types[c.where]))
            for c in columns
        }
        for place in {p for f in resource.fields if f.kind == "uuid" for p in matched.fields.get(f.name, ())}:
            if found.types[place] == _BYTES:
                # A UUID as databases store it: its 16 bytes. No text of 16 characters is one.
                is_raw = f"octet_length(b{place}) = 16"
                text[place] = f"CASE WHEN {is_raw} THEN lower(hex(b{place})) ELSE {text[place]} END"
                flaws[place] = f"(NOT coalesce({is_raw}, false) AND {flaws[place]})"
        as_json = {c.where: f"to_json(c{c.where})" for c in columns}
    values = ", ".join(f"to_json(c{i})" for i in range(width))
    return Records(
        f"SELECT *, f AS in_file, {status}, {'row_number() OVER ()' if ordered else '0'} AS in_item, "
        f"{came.format(values)} AS in_came FROM ({sql})",
        {**parameters, "names": make_unique(found.names[:width])},
        text,
        as_json,
        frozenset(),
        "in_came",
        flaws,
    )


_WHOLE_BELOW = {"DOUBLE": 2**53, "FLOAT": 2**24}
"""Type of a float → the first whole number that others may have been rounded to. From there on none is taken for an id."""


def _parquet_text(x: str, kind: str) -> str:
    """SQL: a Parquet value as the text that it would have in a JSON file."""
    if kind in ("VARCHAR", _BYTES):
        return x
    if kind in _WHOLE_BELOW:
        # Tools turn nullable integers into floats, and nulls into NaN.
        return (
            f"CASE WHEN isnan({x}) THEN NULL WHEN {x} = trunc({x}) AND abs({x}) < {_WHOLE_BELOW[kind]} "
            f"THEN CAST(CAST({x} AS BIGINT) AS VARCHAR) WHEN {x} = trunc({x}) THEN format('{{:e}}', {x}) "
            f"ELSE CAST({x} AS VARCHAR) END"
        )
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")) or kind == "JSON":
        return f"CAST(to_json({x}) AS VARCHAR)"
    return f"CAST({x} AS VARCHAR)"
