"""Flat files: CSV and Parquet as relations, with every column as text.

Belongs here: reading them with DuckDB, and surveying them. Does not belong here: how a CSV file is written
(``csv_text``), broken files (``salvage_csv``, ``salvage_parquet``), and documents, which a column may hold (``shapes``).

The columns of flat files are known by number: c0, c1, …. No name in a file is part of a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from pipelines.ingest import csv_text
from pipelines.ingest.batches import NO_WRAPPER, UNWRAPPED, Batch, Doubtful, Records, Refused, Survey, scan
from pipelines.ingest.names import Column, Matched, fields_of, make_unique, match, snake_case
from pipelines.ingest.null_words import is_null_word, survey_null_words, text_columns, without_null_words
from pipelines.ingest.unpack import LONGEST, UNREADABLE, Note, Unpacked
from pipelines.ingest.values import FLOAT_ID, MEMBERS, relation_id, typed, whole_id
from pipelines.sources import Field, Resource
from pipelines.sql_text import literal

# --- CSV -----------------------------------------------------------------------------------------------------------

_NO_RECORD = {1: csv_text.BLANK, 2: csv_text.AGAIN}
"""Column ``no`` of a row that is no record → what the row is."""


def csv_rows(batch: Batch, apart: bool, *, kept: bool = True) -> tuple[str, dict[str, Any]]:
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
    sql, parameters = scan(batch, reader, ", ".join(columns), apart)
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


def _spelt(resource: Resource, name: str) -> str:
    """A column's name without what tools change in it, if it is a field's: ``createdAt`` is ``created_at``."""
    return snake_case(name) if fields_of(resource, [name]) else name.strip().lower()


def _flat_columns(resource: Resource, names: Sequence[str]) -> list[Column]:
    """The columns of a flat file. A marker is none, and of several columns with one name the first stands."""
    first: dict[str, Column] = {}
    for i, name in enumerate(names):
        if name != UNREADABLE:
            first.setdefault(_spelt(resource, name), Column(str(i), name))
    return list(first.values())


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two columns of one name or one field, by place: the one that counts, and the other. ``name`` is the other's.

    ``field`` is None if they have one name. Then the first column counts, also where it is empty. Of two names of one
    field, the second fills what the first leaves empty.
    """

    first: int
    second: int
    name: str
    field: Field | None = None

    def differs(self) -> str:
        """SQL: true if the two columns differ in a row."""
        a, b = (f"CAST(c{place} AS VARCHAR)" for place in (self.first, self.second))
        if self.field is None:
            return f"{a} IS DISTINCT FROM {b}"
        if self.field.relation:
            a, b = relation_id(a), relation_id(b)
        if self.field.kind not in MEMBERS:
            a, b = typed(self.field, a), typed(self.field, b)
        return f"coalesce({a} <> {b}, false)"

    def words(self, rows: int) -> str:
        """What a notice says of it."""
        same, counts = (
            ("have the same name", "the first is taken")
            if self.field is None
            else ("are the same field", "the first of these counts where it has a value")
        )
        differ = f", and they differ in {rows} rows" if rows else ""
        return f"columns {self.first + 1} and {self.second + 1} {same}; {counts}{differ}"


def _repeated(resource: Resource, names: Sequence[str], matched: Matched) -> list[_Pair]:
    """The columns that have the name of an earlier one, or fill a field that another one fills.

    ``matched`` are the columns of the file without the ones that have the name of an earlier one.
    """
    first: dict[str, int] = {}
    found = []
    for i, name in enumerate(names):
        if (place := first.setdefault(_spelt(resource, name), i)) != i and name.strip():
            found.append(_Pair(place, i, name.strip()))
    for field_name, places in matched.fields.items():
        for other in places[1:]:
            pair = (int(places[0]), int(other))
            found.append(_Pair(*pair, names[pair[1]].strip(), resource.field_named(field_name)))
    return found


def _text_ids(resource: Resource, matched: Matched) -> list[str]:
    """The places of the columns that hold ids as texts."""
    return [
        place
        for field in resource.fields
        if field.kind == "text" and field.name in resource.key
        for place in matched.fields.get(field.name, ())
    ]


def _counted_ids(places: Sequence[str]) -> list[str]:
    """SQL for two counts a column: its values, and those that are whole numbers written as floats."""
    counts = []
    for place in places:
        x = f"CAST(c{place} AS VARCHAR)"
        counts += [
            f"count(CASE WHEN {x} >= '0' AND {x} < ':' THEN 1 WHEN {is_null_word(x)} THEN NULL WHEN trim({x}) <> '' THEN 1 END)",
            f"count(CASE WHEN {x} LIKE '%.0%' THEN CASE WHEN regexp_full_match({x}, '{FLOAT_ID}') THEN 1 END END)",
        ]
    return counts


def _check_ids(found: Survey, file: int, places: Sequence[str], counts: Sequence[int]) -> None:
    """Note the columns in which every id is a float: tools turn whole numbers with gaps into floats."""
    for i, place in enumerate(places):
        values, floats = counts[2 * i : 2 * i + 2]
        if floats and floats == values:
            found.floats.setdefault(place, []).append(file)
            what = "ids written as floats (8.0): taken for the whole numbers"
            found.notes.append((file, Note("float_id", floats, what, field=found.flat_at[place].name)))


def _as_id(found: Survey, where: str, x: str) -> str:
    """SQL: the value ``x`` of a column, without ``.0`` in the files in which all its values are floats."""
    if (files := found.floats.get(where)) is None:
        return x
    return f"CASE WHEN f IN ({', '.join(map(str, files))}) THEN {whole_id(x)} ELSE {x} END"


def survey_csv(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    """Survey CSV files. Raises Doubtful or Refused for a file that is not to be read as it stands."""
    header = batch.files[0].header
    found = Survey(names=header, flat=_flat_columns(resource, header))
    matched = match(resource, found.flat)
    repeated = _repeated(resource, header, matched)
    facts = [
        None if file.has_markers else csv_text.count(file.path, file.body, file.delimiter)
        for file in batch.files
    ]
    sql, parameters = csv_rows(batch, apart=True, kept=False)
    names = _names(batch.files[0])
    all_values = f"concat({', '.join(names)})" if any(f is not None and f.has_quotes for f in facts) else "''"
    texts = text_columns(resource, found)
    differ = "".join(f", count(*) FILTER (WHERE no IS NULL AND {pair.differs()})" for pair in repeated)
    ids = _text_ids(resource, matched)
    as_floats = "".join(f", {count} FILTER (WHERE no IS NULL)" for count in _counted_ids(ids))
    # count(*) alone would not read the values, nor notice that they are broken.
    used = "".join(f", count({c})" for c in names)
    words = "".join(f", count(CASE WHEN {is_null_word(f'c{where}')} THEN 1 END)" for where in texts)
    rows = con.execute(
        f"""SELECT f, count(*) FILTER (WHERE no IS NULL), count(*) FILTER (WHERE no = 1), count(*) FILTER (WHERE no = 2),
            coalesce(sum(CASE WHEN contains(line, $delimiter)
                THEN length(line) - length(replace(line, $delimiter, '')) END), 0){words}{as_floats}{differ}{used}
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
        after_words, after_ids = len(texts), len(texts) + 2 * len(ids)
        _check_ids(found, file, ids, counts[after_words:after_ids])
        _check_repeated(resource, found, file, repeated, counts[after_ids : after_ids + len(repeated)])
    if has_words:
        its, parameters = csv_rows(batch, apart=True)
        if batch.files[0].has_markers:
            its = f"FROM ({its}) WHERE c{len(header) - 1} IS NULL"
        survey_null_words(con, resource, found, matched, found.flat_at, its, parameters)
    return found


def _check_repeated(
    resource: Resource,
    found: Survey,
    file: int,
    repeated: Sequence[_Pair],
    differing: Sequence[int],
) -> None:
    """Note the columns that have the name of an earlier one. Raises Refused if rows rest on them and they differ."""
    needed = {*resource.key, *(f.name for f in resource.fields if f.required)}
    for pair, rows in zip(repeated, differing, strict=True):
        if rows and needed & fields_of(resource, [pair.name]):
            places = f"columns {pair.first + 1} and {pair.second + 1}"
            same = "have the same name" if pair.field is None else "are the same field"
            raise Refused(
                "two columns of one name",
                f"{places} {same} and differ in {rows} rows: give each its own name",
                pair.name,
            )
        found.notes.append((file, Note("repeated_column", rows, pair.words(rows), field=pair.name)))


# --- Parquet -------------------------------------------------------------------------------------------------------

BYTES = "BLOB"


def parquet_rows(batch: Batch, types: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the rows of a Parquet file, with columns c0, c1, …, in which bytes are texts.

    The bytes themselves are in b0, b1, …. A tool that does not declare its texts writes bytes.
    """
    members: list[str] = []
    texts = ", ".join(
        (_decoded(f"b{i}", DuckDBPyType(kind), members) if BYTES in kind else f"b{i}") + f" AS c{i}"
        for i, kind in types.items()
    )
    held = "".join(f", b{i}" for i, kind in types.items() if BYTES in kind)
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


def survey_parquet(con: duckdb.DuckDBPyConnection, resource: Resource, batch: Batch) -> Survey:
    """Survey a Parquet file. Raises duckdb.Error for one that cannot be read."""
    found = Survey()
    described = con.execute(
        "DESCRIBE SELECT * FROM read_parquet($files, hive_partitioning=false)", {"files": batch.paths}
    ).fetchall()
    names = [row[0] for row in described]
    found.names = tuple(names)
    found.flat = _flat_columns(resource, names)
    found.types = {str(i): row[1] for i, row in enumerate(described)}
    sql, parameters = parquet_rows(batch, found.types)
    # count(*) alone would not unpack the values, nor notice that they are damaged.
    used = ", ".join(f"b{i}" if BYTES in kind else f"c{i}" for i, kind in found.types.items())
    strings = [place for place, kind in found.types.items() if kind in ("VARCHAR", BYTES)]
    words = [
        f"count(CASE WHEN {is_null_word(f'c{place}')} THEN 1 END)"
        for place in text_columns(resource, found)
        if place in strings
    ]
    matched = match(resource, found.flat)
    repeated = _repeated(resource, names, matched)
    differ = [f"count(*) FILTER (WHERE {pair.differs()})" for pair in repeated]
    ids = [place for place in _text_ids(resource, matched) if place in strings]
    count, *counts = con.execute(
        f"SELECT {', '.join(['count(*)', *words, *_counted_ids(ids), *differ])}, max(hash({used})) FROM ({sql})",
        parameters,
    ).fetchall()[0][:-1]
    found.add(0, "parquet", count, found.flat)
    _check_ids(found, 0, ids, counts[len(words) :])
    _check_repeated(resource, found, 0, repeated, counts[len(words) + 2 * len(ids) :])
    if any(counts[: len(words)]):
        survey_null_words(con, resource, found, matched, strings, sql, parameters)
    return found


def _flaws(types: dict[str, str]) -> dict[str, str]:
    """By place of a column that holds bytes: SQL, true if they are not UTF-8."""
    return {i: _not_utf8(f"b{i}", DuckDBPyType(kind)) for i, kind in types.items() if BYTES in kind}


_WHOLE_BELOW = {"DOUBLE": 2**53, "FLOAT": 2**24}
"""Type of a float → the first whole number that others may have been rounded to. From there on none is taken for an id."""


def _parquet_text(x: str, kind: str) -> str:
    """SQL: a Parquet value as the text that it would have in a JSON file."""
    if kind in ("VARCHAR", BYTES):
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


# --- records -------------------------------------------------------------------------------------------------------


def flat_records(
    resource: Resource,
    batch: Batch,
    found: Survey,
    columns: Sequence[Column],
    matched: Matched,
    ordered: bool,
) -> Records:
    """The rows of the batch as a relation of records. ``matched`` is what the ``columns`` are."""
    flaws: dict[str, str] = {}
    status = NO_WRAPPER
    width = len(found.names)
    came = "CAST(to_json(map($names, [{}])) AS VARCHAR)"
    if batch.format == "csv":
        sql, parameters = csv_rows(batch, apart=False)
        text = {
            c.where: _as_id(found, c.where, without_null_words(found, c.where, f"c{c.where}"))
            for c in columns
        }
        as_json = {where: f"to_json({x})" for where, x in text.items()}
        if batch.files[0].has_markers:
            width -= 1
            marker = f"c{width}"
            told = ", ".join(f"{marker} ->> '/{name}' AS in_{name}" for name in ("detail", "value"))
            status = f"{marker} ->> '/reason' AS in_status, {told}, {UNWRAPPED}"
            came = f"CASE WHEN {marker} IS NULL THEN {came} ELSE {marker} ->> '/text' END"
    else:
        sql, parameters = parquet_rows(batch, found.types)
        flaws = _flaws(found.types)
        text = {
            c.where: _as_id(
                found,
                c.where,
                without_null_words(found, c.where, _parquet_text(f"c{c.where}", found.types[c.where])),
            )
            for c in columns
        }
        for place in {p for f in resource.fields if f.kind == "uuid" for p in matched.fields.get(f.name, ())}:
            if found.types[place] == BYTES:
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


def rows(batch: Batch, found: Survey, apart: bool) -> tuple[str, dict[str, Any]]:
    """SQL and parameters for the rows of the batch's files, with columns c0, c1, …."""
    return csv_rows(batch, apart) if batch.format == "csv" else parquet_rows(batch, found.types)


def marker_of(batch: Batch, found: Survey, documents: str) -> tuple[str, str] | None:
    """SQL for whether a row cannot be read, and for the marker that then stands for its document.

    None if every row can be read. ``documents`` is SQL for the document.
    """
    if batch.format == "csv":
        marker = f"c{len(found.names) - 1}"
        marked = f"json_object({literal(UNREADABLE)}, CAST({marker} AS JSON))"
        return (f"{marker} IS NOT NULL", marked) if batch.files[0].has_markers else None
    detail = f"'detail', 'not UTF-8', 'text', CAST({documents} AS VARCHAR)"
    flaws = _flaws(found.types)
    marked = f"json_object({literal(UNREADABLE)}, json_object({detail}))"
    return (" OR ".join(flaws.values()), marked) if flaws else None
