"""Container shapes: the records in a plain file, one a row, with every column as text. DuckDB does the reading.

Belongs here: the readers, the unwrapping of the documents in which tools wrap records, and the survey of a file's
columns. Does not belong here: bytes (``unpack``), what a column means (``names``), what a value must be (``values``).

No text of a file or a path is ever part of a statement: paths, keys and names are parameters, and the columns of flat
files are known by number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from pipelines.ingest import flat_files
from pipelines.ingest.batches import NO_DETAIL, NO_WRAPPER, UNWRAPPED, Batch, Records, Refused, Survey, scan
from pipelines.ingest.names import Column, Matched, better_place, fields_of, has_own_fields, repeated
from pipelines.ingest.unpack import LONGEST, UNREADABLE, Note
from pipelines.ingest.values import whole_id
from pipelines.sources import DELETIONS, RESOURCES, Resource
from pipelines.sql_text import literal, quoted

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

_TWICE = (
    "told twice in one record: the record is rejected if the values differ, "
    "except that the field's own name counts before an alias"
)
_NAME_TWICE = "a name that stands twice in one record; the first value counts"

_OBJECT_MEMBERS = frozenset({"type", "attributes", "relationships", "links", "meta"})
"""Members of a JSON:API resource object that are no columns."""


def _pointer(*keys: str) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


# --- documents ---------------------------------------------------------------------------------------------------

_FORMATS = {"lines": "newline_delimited", "array": "array", "documents": "unstructured"}


def _documents(batch: Batch, survey: Survey | None = None) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the documents of the batch's files: ``f``, ``doc``. Apart if ``survey`` is None."""
    if survey is not None and survey.docs:
        rows, parameters = flat_files.rows(batch, survey, apart=False)
        return f"SELECT f, {survey.docs} AS doc FROM ({rows})", parameters
    largest = max(_WHOLE, *(file.longest for file in batch.files)) if batch.files[0].has_markers else _WHOLE
    reader = (
        f"read_json_objects({{}}, format='{_FORMATS[batch.format]}', compression='none', "
        f"maximum_object_size={largest}, hive_partitioning=false)"
    )
    return scan(batch, reader, "json AS doc", apart=survey is None)


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
    "version": "$.version",
    "meta": "$._airbyte_meta",
    "unreadable": f'$."{UNREADABLE}"',
}
"""Members whose presence and kind tell containers apart. All are taken at once: a page may be large, and is parsed once."""

_RARE_PARTS = {
    "event": "$.meta.eventName",
    "delivered": "$.meta.deliveredAt",
    "operation": "$.op",
    "before": "$.before",
    "after": "$.after",
    "happened": "$.ts_ms",
    "payload": "$.payload",
    "payload_op": "$.payload.op",
    "payload_before": "$.payload.before",
    "payload_after": "$.payload.after",
    "payload_happened": "$.payload.ts_ms",
    "schema": "$.schema",
    "error": "$.error",
    "errors": "$.errors",
    "message": "$.message",
    "status_code": "$.statusCode",
    "status": "$.status",
    "code": "$.code",
    "detail": "$.detail",
}
"""More such members. They are looked for only in a document that the others do not tell of."""


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


def _known_members(resource: Resource) -> dict[str, Any]:
    """The parameter of ``_IS_KNOWN``: the members that spell a field of the resource, and are not vague ones."""
    spellings = {
        spelling.replace("_", "")
        for f in resource.fields
        for spelling in (f.name, *f.aliases, *((f.relation,) if f.relation else ()))
    }
    return {"known_members": sorted(spellings - _VAGUE)}


_IS_KNOWN = (
    "list_has_any(list_transform(json_keys({}), lambda k: lower(replace(k, '_', ''))), $known_members)"
)
"""SQL: a JSON object has a member that spells a field of the resource, and is not one of the vague ones."""


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
    members, owner = dict(_PARTS), "CAST(NULL AS VARCHAR)"
    if (sets := resource.page_sets) is not None:
        members |= {"owner": f"$.{sets.owner}", "response_owner": f"$.response.{sets.owner}"}
        owner = "coalesce(response_owner, owner) ->> '$'"
    place = {name: f"p[{i}]" for i, name in enumerate(members, 1)}
    parts = ", ".join(f"{where} AS {name}" for name, where in place.items())
    parts += "".join(f", q[{i}] AS {name}" for i, name in enumerate(_RARE_PARTS, 1))
    # What most documents are asked for several times has a name.
    kinds = ", ".join(
        f"{_is(place[name], first)} AS {name}_{kind}"
        for name, first, kind in (
            ("record", "{", "object"),
            ("response", "{", "object"),
            ("response", "[", "list"),
            ("result", "[", "list"),
            ("data", "{", "object"),
            ("data", "[", "list"),
        )
    )
    is_page = "record_object OR response_object OR response_list OR result_list OR data_list"
    is_rare = f"NOT ({is_page}) AND {place['raw']} IS NULL AND ({place['its_id']} IS NULL OR data_object)"
    paths = ", ".join(map(literal, members.values()))
    rare_paths = ", ".join(map(literal, (*_RARE_PARTS.values(), *lists.values())))
    # The first of the named lists that is there, and its place among them. The items of an edge stand in its node.
    named = "list_position(list_transform(named, lambda e: starts_with(CAST(e AS VARCHAR), '[')), true)"
    edges = [i for i, path in enumerate(lists.values(), 1) if path.endswith(".edges")]
    known, known_data = _IS_KNOWN.format("doc"), _IS_KNOWN.format("data")
    action = "lower(regexp_extract(event ->> '$', '[^.]*$'))"
    told_type = "lower(regexp_extract(its_type ->> '$', '[^._]*$'))"
    return f"""
        SELECT f, page, CASE kind WHEN 'named' THEN 'pages' ELSE kind END AS kind, meta,
            CASE WHEN kind = 'change' THEN CASE WHEN coalesce(payload_op, operation) = '"d"' THEN '{GONE}' END
                WHEN kind = 'jsonapi_one' AND event IS NULL AND {told_type} IN {_texts(DELETIONS)} THEN '{GONE}'
                WHEN kind <> 'jsonapi_one' OR event IS NULL OR {action} IN {_texts(CREATIONS)} THEN NULL
                WHEN {action} IN {_texts(UPDATES)} THEN '{PARTIAL}'
                WHEN {action} IN {_texts(DELETIONS)} THEN '{GONE}' ELSE '{OTHER}' END AS event,
            CASE kind WHEN 'change' THEN CAST(make_timestamp(
                    try_cast(coalesce(payload_happened, happened) ->> '$' AS BIGINT) * 1000) AS VARCHAR)
                WHEN 'jsonapi_one' THEN delivered ->> '$' END AS told_at,
            CASE kind WHEN 'singer' THEN try_cast(version ->> '$' AS BIGINT) END AS version,
            CASE kind WHEN 'singer' THEN stream ->> '$'
                WHEN 'airbyte' THEN coalesce(record_stream, stream) ->> '$'
                WHEN 'jsonapi_one' THEN CASE WHEN event IS NULL THEN its_type ->> '$' END END AS stream,
            {owner} AS owner,
            try_cast(coalesce(response_total, total) ->> '$' AS BIGINT) AS total,
            try_cast(coalesce(response_skip, skip) ->> '$' AS BIGINT) AS skip,
            CASE kind
                WHEN 'singer' THEN [record]
                WHEN 'airbyte' THEN [coalesce(record_data, data)]
                WHEN 'airbyte_raw' THEN [CASE WHEN NOT {_is("raw", '"')} THEN raw
                    WHEN json_valid(raw ->> '$') THEN CAST(raw ->> '$' AS JSON) END]
                WHEN 'pages' THEN json_extract(CASE
                    WHEN response_list THEN response
                    WHEN {_is("response_result", "[")} THEN response_result
                    WHEN response_object THEN response_data
                    WHEN result_list THEN result
                    ELSE data END, '$[*]')
                WHEN 'named' THEN CASE WHEN named_at IN {tuple(edges)} THEN json_extract(named[named_at], '$[*].node')
                    ELSE json_extract(named[named_at], '$[*]') END
                WHEN 'jsonapi_one' THEN [data]
                WHEN 'change' THEN [CASE WHEN {_is("payload_after", "{")} THEN payload_after
                    WHEN {_is("after", "{")} THEN after
                    ELSE json_merge_patch('{{}}', coalesce(payload_before, before)) END]
                WHEN 'payload' THEN [payload]
                ELSE [doc] END AS items
        FROM (
            SELECT *, CASE
                WHEN NOT {_is("doc", "{")} THEN 'scalar'
                WHEN unreadable IS NOT NULL THEN 'unreadable'
                WHEN its_type = '"RECORD"' AND record_object AND stream IS NOT NULL THEN 'singer'
                WHEN its_type = '"RECORD"' AND record_stream IS NOT NULL AND record_data IS NOT NULL THEN 'airbyte'
                WHEN its_type IN ({_MESSAGES}) AND its_id IS NULL THEN 'message'
                WHEN data_object AND {_is("stream", '"')} THEN 'airbyte'
                WHEN raw IS NOT NULL AND NOT (raw = 'null' AND (result_list OR data_list)) THEN 'airbyte_raw'
                WHEN response_object OR response_list OR result_list OR data_list THEN 'pages'
                WHEN its_id IS NULL AND named_at IS NOT NULL THEN 'named'
                WHEN its_type = '"BATCH"' AND its_id IS NULL AND stream IS NOT NULL THEN 'batch'
                WHEN its_id IS NULL AND (error IS NOT NULL OR errors IS NOT NULL OR detail IS NOT NULL OR (message IS NOT NULL
                        AND (len(json_keys(doc)) = 1 OR coalesce(status_code, status, code) IS NOT NULL)))
                    AND NOT {known} THEN 'error'
                WHEN data_object AND its_id IS NULL AND event IS NULL
                    AND len(json_extract(data, '$.*.nodes') || json_extract(data, '$.*.edges')
                        || json_extract(data, '$.*.*.nodes') || json_extract(data, '$.*.*.edges')) > 0 THEN 'graphql'
                WHEN data_object AND its_id IS NULL AND event IS NULL AND {_lists("data")} = 1 AND NOT {known_data}
                    AND json_type(data, '$.attributes') IS NULL THEN 'list'
                WHEN data_object AND (its_id IS NULL OR event IS NOT NULL) THEN 'jsonapi_one'
                WHEN its_id IS NULL AND (
                    ({_is("operation", '"')} AND ({_is("after", "{")} OR {_is("before", "{")}))
                    OR ({_is("payload_op", '"')} AND ({_is("payload_after", "{")} OR {_is("payload_before", "{")})))
                    THEN 'change'
                WHEN its_id IS NULL AND schema IS NOT NULL AND payload = 'null' THEN 'message'
                WHEN its_id IS NULL AND schema IS NOT NULL AND {_is("payload", "{")} AND NOT {known} THEN 'payload'
                WHEN its_id IS NULL AND {_lists("doc")} = 1 AND NOT {known} THEN 'list'
                ELSE 'records' END AS kind
            FROM (
                SELECT *, {parts}, CASE WHEN named IS NOT NULL THEN {named} END AS named_at
                FROM (
                    SELECT *, q[{len(_RARE_PARTS) + 1}:] AS named
                    FROM (
                        SELECT *, CASE WHEN {is_rare} THEN json_extract(doc, [{rare_paths}]) END AS q
                        FROM (
                            SELECT *, {kinds}
                            FROM (SELECT f, {ordinal} AS page, doc, json_extract(doc, [{paths}]) AS p FROM ({documents}))
                        )
                    )
                )
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
    fits = f"regexp_full_match({name}, $stream) AND NOT regexp_full_match({name}, $other_stream)"
    return f"CASE WHEN list_contains($own_streams, {x}) THEN true ELSE {fits} END"


_IS_RESOURCE_OBJECT = (
    "CASE WHEN kind = 'jsonapi_one' AND event IS NOT NULL THEN true "
    "ELSE coalesce(json_type(record, '$.attributes') = 'OBJECT', false) END"
)
"""SQL: the record is a JSON:API resource object. One that tells only a change may lack its attributes."""

_WRONG_STREAM = f"""CASE WHEN kind IN ('singer', 'airbyte') AND NOT {_is_stream("stream")} THEN true
    WHEN {_IS_RESOURCE_OBJECT}
        THEN NOT list_contains($types, {_snake("record ->> '$.type'")})
    WHEN kind = 'jsonapi_one' AND stream IS NOT NULL THEN NOT regexp_full_match({_snake("stream")}, $event_type)
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


def all_values(column: Column, name: str, record: str) -> str:
    """SQL: a list of the texts of every member of one name in the JSON ``record``; a path leads to the first alone.

    ``column`` is the member's place, and ``name`` is SQL for its name.
    """
    above = f"json_extract({record}, '/{column.nested}')" if column.nested else record
    members = f"list_zip(json_keys({above}), json_extract({above}, '$.*'))"
    return f"list_transform(list_filter({members}, lambda z: z[1] = {name}), lambda z: z[2] ->> '$')"


def pages(resource: Resource, batch: Batch, found: Survey) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the batch's list pages: ``f``, ``page``, ``owner``, ``total``, ``skip``, ``rows``."""
    documents, parameters = _documents(batch, found)
    return (
        f"""SELECT f, page, owner, total, skip, len(items) AS rows
        FROM ({_open(resource, documents, ordered=True)}) WHERE kind = 'pages'""",
        parameters | _known_members(resource),
    )


def survey(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    """Read all of every file: count its rows and find its columns.

    Raises duckdb.Error when a file cannot be read in the format that it seems to have, Doubtful when it has to be read
    in another way, and Refused when its rows are not to be taken.
    """
    found = _survey(con, resource, batch)
    for (file, name), rows in sorted(found.repeated.items()):
        is_field = any(field.name == name for field in resource.fields)
        what = _TWICE if is_field else _NAME_TWICE
        found.notes.append((file, Note("repeated_column", rows, what, field=name)))
    names: dict[int, list[str]] = {}
    for file, column in sorted(found.columns, key=lambda each: each[1].order):
        if file not in found.events:
            names.setdefault(file, []).append(column.name)
    # Thousands of small files hold the same columns.
    for columns, folder in dict.fromkeys(
        (tuple(each), tuple(batch.folders[file])) for file, each in names.items()
    ):
        if better := better_place(resource, [*columns, *folder]):
            told = f"its columns are those of another resource: put the file into {better}/"
        elif not has_own_fields(resource, [*columns, *folder]):
            told = "no column but key and times is a field of this resource: put the file into its own folder"
        else:
            continue
        raise Refused("another table", told, ", ".join(columns))
    return found


def _survey(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    if batch.format in ("csv", "parquet"):
        found = (flat_files.survey_csv if batch.format == "csv" else flat_files.survey_parquet)(
            con, resource, batch
        )
        documents = _documents_of_columns(resource, found.names, found.types)
        return found if documents is None else _survey_documents(con, resource, batch, found, documents)
    documents, parameters = _documents(batch)
    first = con.execute(f"SELECT json_keys(doc) FROM ({documents}) LIMIT 1", parameters).fetchone()
    if first is None:
        return Survey()
    if (pages_found := _survey_pages(con, resource, batch, first[0])) is not None:
        return pages_found
    found = Survey()
    if _survey_plain(con, resource, documents, parameters, found):
        return found
    found = Survey(wrapped=True)
    _survey_wrapped(con, resource, documents, parameters, found)
    return found


def guess(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey | None:
    """Guess from the first rows of a file of lines that it holds records with these columns; nothing is counted.

    The records are plain, or stand in plain list pages; None if the first rows are neither. A caller that acts on the guess
    must compare it with ``survey``.
    """
    documents, parameters = _documents(batch)
    first = con.execute(f"SELECT json_keys(doc) FROM ({documents}) LIMIT 1", parameters).fetchone()
    if first is None:
        return None
    likely = Survey()
    if (paged := _survey_pages(con, resource, batch, first[0], limit=_GUESSED)) is not None:
        if not paged.rows or paged.repeated:
            return None
        likely = replace(paged, rows=Counter(), columns=Counter(dict.fromkeys(paged.columns, 0)))
    else:
        groups = con.execute(
            f"SELECT DISTINCT json_keys(doc) FROM (SELECT doc FROM ({documents}) LIMIT {_GUESSED})",
            parameters,
        ).fetchall()
        for (keys,) in groups:
            columns = _plain_columns(resource, keys)
            if columns is None or repeated(resource, columns):
                return None
            likely.add(0, PLAIN, 0, columns)
    names = [*(column.name for _, column in likely.columns), *batch.folders[0]]
    return likely if has_own_fields(resource, names) and not better_place(resource, names) else None


def _add(
    found: Survey, resource: Resource, file: int, shape: str, rows: int, columns: Sequence[Column]
) -> None:
    """Count ``rows`` records of one shape, each with these columns, and what they tell twice."""
    found.add(file, shape, rows, columns)
    for name in repeated(resource, columns):
        found.repeated[file, name] += rows
        found.repeated_places |= {column.where for column, times in Counter(columns).items() if times > 1}


def _plain_columns(resource: Resource, keys: Sequence[str]) -> list[Column] | None:
    """The columns of a document with these keys; None if it may be more than a plain record."""
    required = {f.name for f in resource.fields if f.required}
    if _CONTAINERS & set(keys) or not required & fields_of(resource, keys):
        return None
    return [Column(_pointer(key), key) for key in keys]


def _survey_plain(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    documents: str,
    parameters: dict[str, Any],
    found: Survey,
) -> bool:
    """Survey the keys of the documents alone, which is cheap. False if one may be more than a plain record.

    A document may be null: it is none.
    """
    first = con.execute(f"SELECT json_keys(doc) FROM ({documents}) LIMIT 1", parameters).fetchone()
    if first is None:
        return True
    if first[0] != [UNREADABLE] and _plain_columns(resource, first[0] or ()) is None:
        return False
    # Nearly always all rows have the first row's keys. Then no row is grouped by a list of texts.
    is_changed = "false"
    if LOADER_META in first[0]:
        text = "CAST(doc AS VARCHAR)"
        is_changed = f"contains({text}, '\"change\"') OR contains({text}, '\\\"change\\\"')"
    groups = con.execute(
        f"""SELECT f, CASE WHEN keys = $first THEN NULL ELSE coalesce(keys, []) END AS other, count(*), bool_or(is_changed)
        FROM (SELECT f, json_keys(doc) AS keys, {is_changed} AS is_changed FROM ({documents})) GROUP BY ALL""",
        {**parameters, "first": first[0]},
    ).fetchall()
    for file, other, rows, changed in groups:
        found.changed_by_loader |= changed
        keys = first[0] if other is None else other
        columns = [] if keys == [UNREADABLE] else _plain_columns(resource, keys)
        if columns is None:
            return False
        _add(found, resource, file, PLAIN if columns else "unreadable", rows, columns)
    return True


# --- plain list pages ----------------------------------------------------------------------------------------------

_LISTS = ("result", "data")
"""Members that list the records of a page."""

_NOT_IN_PAGES = (*_LISTS, "type", "stream", "record", "response", "_airbyte_data", LOADER_META, UNREADABLE)
"""Members that a plain list page lacks, beside the one that lists its records: they may make it another document."""


def _list_of(resource: Resource, batch: Batch, keys: Sequence[str]) -> str:
    """The member that lists the records, if a document with these keys may be a plain list page; else empty.

    A page of a set of pages is none, for its rows are numbered; nor is a document of a mended file.
    """
    lists = [key for key in keys if key in _NOT_IN_PAGES]
    is_plain = len(lists) == 1 and lists[0] in _LISTS
    return lists[0] if is_plain and resource.page_sets is None and not batch.files[0].has_markers else ""


def _items(batch: Batch, member: str, kind: str, apart: bool) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the items of plain list pages, as DuckDB's typed JSON reader gives them: ``f``, ``doc``.

    ``kind`` is the DuckDB type of an item. A document that is no such page gives one null.
    """
    others = [name for name in _NOT_IN_PAGES if name != member]
    lacking = " AND ".join(f"o{i} IS NULL" for i in range(len(others)))
    reader = (
        f"read_json({{}}, columns=$columns, format='{_FORMATS[batch.format]}', compression='none', "
        f"maximum_object_size={_WHOLE}, hive_partitioning=false) "
        f"AS t(items, {', '.join(f'o{i}' for i in range(len(others)))})"
    )
    item = f"unnest(CASE WHEN items IS NOT NULL AND {lacking} THEN items ELSE [NULL] END) AS doc"
    sql, parameters = scan(batch, reader, item, apart)
    return sql, {**parameters, "columns": {member: f"{kind}[]", **dict.fromkeys(others, "JSON")}}


def _survey_pages(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    batch: Batch,
    keys: Sequence[str],
    limit: int | None = None,
) -> Survey | None:
    """The survey of files whose documents are plain list pages; ``keys`` are those of the first document.

    Each page is parsed once, and not held as a whole. None if a document is something else, or an item is neither a plain
    record nor a JSON:API resource object like the first. ``limit``: look at so many items alone.
    """
    member = _list_of(resource, batch, keys)
    if not member:
        return None
    items, parameters = _items(batch, member, "JSON", apart=True)
    if limit is not None:
        items = f"SELECT * FROM ({items}) LIMIT {limit}"
    found = Survey()
    try:
        if _survey_plain(con, resource, items, parameters, found):
            shapes = {shape for its in found.shapes.values() for shape in its}
            if shapes <= {PLAIN} and LOADER_META not in {column.name for _, column in found.columns}:
                pages_of = {file: {"pages"} for file in found.shapes}
                return replace(found, wrapped=True, list_in=member, shapes=pages_of)
            return None
        found = Survey(wrapped=True, list_in=member)
        is_object = _survey_objects(con, resource, items, parameters, found)
    except duckdb.InvalidInputException:
        return None  # the general way tells whether the file is broken
    return found if is_object else None


def _survey_objects(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    items: str,
    parameters: dict[str, Any],
    found: Survey,
) -> bool:
    """Survey the keys and types of JSON:API resource objects. False if an item is none, or has no attributes."""
    keys_and_type = (
        "json_keys(doc, ['$', '$.attributes', '$.relationships']) AS keys, doc ->> '$.type' AS its_type"
    )
    first = con.execute(f"SELECT {keys_and_type} FROM ({items}) LIMIT 1", parameters).fetchone()
    if first is None or first[0] is None or not first[0][1]:
        return False
    known = {"first": first[0], "first_type": first[1], "types": _streams(resource)["types"]}
    # As with plain records: hardly any item has other keys than the first.
    groups = con.execute(
        f"""SELECT f, is_first, CASE WHEN is_first THEN $first ELSE keys END,
            NOT list_contains($types, {_snake("CASE WHEN is_first THEN $first_type ELSE its_type END")}), n
        FROM (
            SELECT f, is_first, CASE WHEN NOT is_first THEN keys END AS keys,
                CASE WHEN NOT is_first THEN its_type END AS its_type, count(*) AS n
            FROM (
                SELECT *, coalesce(keys = $first, false) AND its_type IS NOT DISTINCT FROM $first_type AS is_first
                FROM (SELECT f, {keys_and_type} FROM ({items}))
            ) GROUP BY ALL
        )""",
        parameters | known,
    ).fetchall()
    for file, _, keys, is_other, rows in groups:
        if keys is None or not keys[1]:
            return False
        if is_other:
            found.add(file, "pages", rows, ())
        else:
            _add(found, resource, file, RESOURCE_OBJECT, rows, _object_columns(*keys))
    return True


def _object_columns(
    keys: Sequence[str] | None, attributes: Sequence[str] | None, relations: Sequence[str] | None
) -> list[Column]:
    """The columns of a JSON:API resource object with these members, attributes and relationships."""
    return [
        *(Column(_pointer(key), key) for key in keys or () if key not in _OBJECT_MEMBERS),
        *(Column(_pointer("attributes", key), key, "attributes") for key in attributes or ()),
        *(Column(_pointer("relationships", key), key, "relationships") for key in relations or ()),
    ]


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
        parameters | _streams(resource) | _known_members(resource),
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
        if is_event:
            found.events.add(file)
        found.versions |= has_version
        is_object = kind == "jsonapi_one" or (is_resource and kind in ("records", "pages"))
        columns = (
            _object_columns(keys, attributes, relations)
            if is_resource
            else [Column(_pointer(key), key) for key in keys or ()]
        )
        _add(found, resource, file, RESOURCE_OBJECT if is_object else kind, rows, columns)
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


# --- documents in flat files ---------------------------------------------------------------------------------------


def _survey_documents(
    con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch, flat: Survey, documents: str
) -> Survey:
    """The survey of a flat file whose columns hold documents. A row that cannot be read is a marker."""
    if (marker := flat_files.marker_of(batch, flat, documents)) is not None:
        condition, marked = marker
        documents = f"CASE WHEN {condition} THEN {marked} ELSE {documents} END"
    found = Survey(wrapped=True, docs=documents, types=flat.types, names=flat.names, notes=flat.notes)
    rows, parameters = flat_files.rows(batch, flat, apart=True)
    _survey_wrapped(con, resource, f"SELECT f, {documents} AS doc FROM ({rows})", parameters, found)
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
            if types.get(str(i), "VARCHAR") in ("VARCHAR", flat_files.BYTES) and name in nested | {
                "data",
                LOADER_META,
            }:
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
        return flat_files.flat_records(resource, batch, found, columns, matched, ordered)
    is_plain = not found.wrapped and not ordered
    if fast and (is_plain or found.list_in):
        typed = _typed_records(resource, batch, found, columns, matched)
        if typed is not None:
            return typed
    documents, parameters = _documents(batch, found)
    places = [column.where for column in columns]
    parameters = {**parameters, "places": places}
    if found.wrapped or ordered:
        parameters |= _streams(resource) | _known_members(resource)
        told = " ".join(f"WHEN kind = {literal(kind)} THEN {literal(words)}" for kind, words in _TOLD.items())
        sql = f"""
            SELECT f AS in_file, page AS in_page, item AS in_item, owner AS in_owner, total AS in_total,
                skip AS in_skip, json_extract_string(record, $places) AS v, json_extract(record, $places) AS j,
                record AS in_document,
                CASE WHEN kind = 'unreadable' THEN coalesce(record ->> '/{UNREADABLE}/reason', 'unreadable')
                    WHEN kind IN {_texts(_TOLD)} OR NOT {_is("record", "{")} THEN 'unreadable'
                    WHEN {_WRONG_STREAM} THEN 'wrong_stream' END AS in_status,
                CASE kind WHEN 'unreadable' THEN record ->> '/{UNREADABLE}/text' ELSE CAST(record AS VARCHAR) END
                    AS in_came,
                CASE WHEN kind = 'unreadable' THEN record ->> '/{UNREADABLE}/detail'
                    {told} WHEN NOT {_is("record", "{")} THEN 'not a record' END AS in_detail,
                CASE WHEN kind = 'unreadable' THEN record ->> '/{UNREADABLE}/value' END AS in_value,
                meta AS in_meta, event AS in_event, told_at AS in_at, version AS in_version,
                kind = 'change' AS in_change
            FROM ({_records(resource, documents, ordered)})"""
    else:
        marker = f"starts_with(CAST(doc AS VARCHAR), '{{\"{UNREADABLE}\":')"
        sql = f"""
            SELECT f AS in_file, {UNWRAPPED}, 0 AS in_item,
                json_extract_string(doc, $places) AS v, json_extract(doc, $places) AS j, doc AS in_document,
                CASE WHEN {marker} THEN coalesce(doc ->> '/{UNREADABLE}/reason', 'unreadable') END AS in_status,
                CASE WHEN {marker} THEN doc ->> '/{UNREADABLE}/text' ELSE CAST(doc AS VARCHAR) END AS in_came,
                CASE WHEN {marker} THEN doc ->> '/{UNREADABLE}/detail' END AS in_detail,
                CASE WHEN {marker} THEN doc ->> '/{UNREADABLE}/value' END AS in_value
            FROM ({documents})"""
    ids = {f.name for f in resource.fields if f.kind == "text" and f.name in resource.key}
    id_places = {place for name in ids for place in matched.fields.get(name, ())}
    # A number that is none looks like a text of the same letters: only the value as JSON tells them apart. It is looked
    # at where the letters are met, because all values as JSON need as much memory as the document.
    if not fast:
        none = _texts(NUMBERS_THAT_ARE_NONE)
        met = " OR ".join(f"contains(CAST(in_document AS VARCHAR), '{word}')" for word in ("NaN", "Infinity"))
        value = (
            f"CASE WHEN e IN {none} THEN CASE WHEN json_extract(in_document, $places[i]) IN {none} THEN NULL ELSE e END "
            "ELSE e END"
        )
        values = f"CASE WHEN {met} THEN list_transform(v, lambda e, i: {value}) ELSE v END"
        sql = f"SELECT * REPLACE ({values} AS v) FROM ({sql})"
    texts = {place: f"v[{i}]" for i, place in enumerate(places, 1)}
    in_json = {place: f"j[{i + 1}]" for i, place in enumerate(places)}
    if any("change" in shapes for shapes in found.shapes.values()):
        for field in resource.fields:
            for place in matched.fields.get(field.name, ()) if field.kind == "timestamp" else ():
                texts[place] = _as_time(texts[place], in_json[place])
    texts |= {place: _as_id(texts[place], in_json[place]) for place in id_places}
    return Records(
        sql,
        parameters,
        texts,
        in_json,
        frozenset(),
        "in_came",
    )


def _as_id(x: str, in_json: str) -> str:
    """SQL: the text ``x`` of an id; without ``.0`` if it is a number in the record, for 8.0 is 8 there."""
    return (
        f"CASE WHEN ends_with({x}, '0') AND CAST({in_json} AS VARCHAR) = {x} THEN {whole_id(x)} ELSE {x} END"
    )


def _as_time(x: str, in_json: str) -> str:
    """SQL: the text ``x`` of a time; as a time if it is a number in a change log, which counts since 1970 in UTC.

    Change logs write a time without a zone as the number of milliseconds, microseconds or nanoseconds. Its digits tell
    which: until the year 2286 there are up to 13, 16 or 19.
    """
    number = f"CAST({x} AS BIGINT)"
    return (
        f"CASE WHEN in_change AND CAST({in_json} AS VARCHAR) = {x} AND regexp_full_match({x}, '[0-9]{{12,19}}') "
        f"THEN CAST(make_timestamp(CASE WHEN strlen({x}) <= 13 THEN {number} * 1000 WHEN strlen({x}) <= 16 THEN {number} "
        f"ELSE {number} // 1000 END) AS VARCHAR) ELSE {x} END"
    )


def _streams(resource: Resource) -> dict[str, Any]:
    """The parameters of ``_WRONG_STREAM``: the patterns of ``_is_stream``, and the resource's JSON:API types."""
    own = resource.stream_names
    return _stream_patterns(resource) | {
        "types": sorted({word for name in own for word in (name, name.removesuffix("s"))} | {_PLACEHOLDER}),
        # {"type":"campaigncall_updated","data":{…}}: the name of the resource, and what happened to it.
        "event_type": f"({'|'.join(sorted(name.removesuffix('s') for name in own))})s?([^a-z0-9].*)?",
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
        "own_streams": sorted(own),
        "stream": f"(.*_)?({names})",
        "other_stream": "|".join(
            [*(f"(.*_)?{name}" for name in sorted(longer)), f"({'|'.join(sorted(words))})_+({names})"]
        ),
    }


def _typed_records(
    resource: Resource, batch: Batch, found: Survey, columns: Sequence[Column], matched: Matched
) -> Records | None:
    """The records as DuckDB's typed JSON reader gives them: an address as a struct, every other field as text.

    None if two keys differ only in case, which the reader ignores, or if every record is of another resource.
    """
    names = [(column.nested, column.name.lower()) for column in columns]
    if any(column.nested for column in columns):
        names += [("", member) for member in _OBJECT_MEMBERS]
    if not columns or len(set(names)) < len(names):
        return None
    field_at = {place: f for f in resource.fields for place in matched.fields.get(f.name, ())}
    types, structs = [], set()
    for column in columns:
        field = field_at.get(column.where)
        if field is not None and field.kind in _STRUCTS and len(matched.fields[field.name]) == 1:
            types.append(_STRUCTS[field.kind])
            structs.add(column.where)
        else:
            is_text = field is not None or column.where in matched.markers.values()
            types.append("VARCHAR" if is_text else "JSON")
    parameters: dict[str, Any]
    if found.list_in:
        sql, parameters = _typed_items(resource, batch, found, columns, types)
    else:
        listed = ", ".join(f"c{i}" for i in range(len(columns)))
        reader = (
            f"read_json({{}}, columns=$columns, format='{_FORMATS[batch.format]}', compression='none', "
            f"maximum_object_size={LONGEST}, hive_partitioning=false) AS t({listed})"
        )
        sql, parameters = scan(batch, reader, listed, apart=False)
        sql = f"SELECT f AS in_file, {listed}, {NO_WRAPPER}, 0 AS in_item FROM ({sql})"
        parameters |= {"columns": {c.name: kind for c, kind in zip(columns, types, strict=True)}}
    by_place = {column.where: f"c{i}" for i, column in enumerate(columns)}
    return Records(sql, parameters, by_place, by_place, frozenset(structs), "NULL")


def _typed_items(
    resource: Resource, batch: Batch, found: Survey, columns: Sequence[Column], types: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the items of plain list pages, with a column ``c0``, ``c1``, … for each of ``columns``."""
    typed = list(zip(columns, types, strict=True))
    members = [(column.name, kind) for column, kind in typed if not column.nested]
    places = {
        column.where: f"struct_extract_at(doc, {i})" for i, (column, _) in enumerate(_under("", typed), 1)
    }
    nests = [nest for nest in ("attributes", "relationships") if _under(nest, typed)]
    for nest in nests:
        members.append((nest, _struct((column.name, kind) for column, kind in _under(nest, typed))))
        place = f"struct_extract_at(doc, {len(members)})"
        for i, (column, _) in enumerate(_under(nest, typed), 1):
            places[column.where] = f"struct_extract_at({place}, {i})"
    status, about = NO_WRAPPER, {}
    if nests:
        members.append(("type", "VARCHAR"))
        about = {"types": _streams(resource)["types"]}
        its_type = _snake(f"struct_extract_at(doc, {len(members)})")
        status = f"CASE WHEN NOT list_contains($types, {its_type}) THEN 'wrong_stream' END AS in_status, {NO_DETAIL}"
    sql, parameters = _items(batch, found.list_in, _struct(members), apart=False)
    values = ", ".join(f"{places[column.where]} AS c{i}" for i, column in enumerate(columns))
    return f"SELECT f AS in_file, {values}, {status}, 0 AS in_item FROM ({sql})", parameters | about


def _under(nest: str, typed: Iterable[tuple[Column, str]]) -> list[tuple[Column, str]]:
    """Of columns and their types, those under a member of a JSON:API resource object, or under none."""
    return [(column, kind) for column, kind in typed if column.nested == nest]


def _struct(members: Iterable[tuple[str, str]]) -> str:
    """A DuckDB type, as a text: a struct of these members and types."""
    return f"STRUCT({', '.join(f'{quoted(name)} {kind}' for name, kind in members)})"
