"""What a value must be: for each kind of field, the SQL that turns the text of a file into the typed value.

Belongs here: how a text becomes a whole number, a time or an address, and the reason if it does not. Does not belong
here: where the text comes from (``shapes``), and any fact about one system (``pipelines.sources``).

DuckDB's casts alone accept too much. They round ``1.5``, read ``1e3`` and ``0x1F`` as integers, accept ``epoch`` as a
time, and drop the offset of ``10:00:00+02:00`` in a cast to TIMESTAMP. Every cast is therefore guarded by a pattern.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pipelines.sources import Field, Kind
from pipelines.sql_text import literal, quoted

_WHOLE = r"\s*[+-]?[0-9]+(\.0*)?\s*"
_SHORTENED = r"\s*-?[0-9]([.,][0-9]+)?E\+[0-9]+\s*"
"""A whole number as spreadsheets show and save a long one: its last digits are gone. ``1e3`` is none."""

_PLAIN_TIME = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z?)?"
_OFFSET_TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)? ?[+-](0\d|1[0-5])(:?[0-5]\d)?"
_SHOWN = 200
"""How many characters of a refused value are kept beside the reason. The record holds all of them."""


MEMBERS: dict[Kind, tuple[str, ...]] = {
    "address": ("type", "target", "target_name", "name", "detail"),
    "person": ("id", "first_name", "last_name"),
}
"""Kind of structure → its members, in the order of its DuckDB struct."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that may be wrong with a field.

    ``when`` is SQL: true if the value is refused, false if it is not, never null. ``reason`` says what is wrong, and
    quotes no value. ``value`` is SQL for the first characters of the value as it came; null if none came.
    """

    when: str
    field: str
    reason: str
    value: str


def is_unset(field: Field, x: str) -> str:
    """SQL: true if the text stands for "no value": it is empty or a sentinel of the field.

    For an address or a person, any object counts too: callers ask only if no member of it has a value.
    """
    if field.kind == "timestamp":
        return f"(trim({x}) IN ('', 'null'){_begins_unset(field, x)})"
    if field.kind == "uuid":
        nobody = "".join(
            f" OR try_cast({x} AS UUID) IS NOT DISTINCT FROM UUID {literal(uuid)}" for uuid in field.sentinels
        )
        return f"(trim({x}) = ''{nobody})"
    if field.kind == "text":
        return f"{x} IN ({', '.join(map(literal, field.sentinels))})" if field.sentinels else "false"
    if field.kind in ("address", "person"):
        is_object = f"CASE WHEN json_valid({x}) THEN json_type({x}) = 'OBJECT' ELSE false END"
        return f"(trim({x}) IN ('', 'null') OR {is_object})"
    return f"trim({x}) = ''"


def typed(field: Field, x: str) -> str:
    """SQL: the value of text ``x`` in the field's type; null if there is no value or it is refused.

    Raises ValueError for an address or a person, which take two steps: ``parsed`` and ``filled_struct``.
    """
    match field.kind:
        case "integer" | "bigint":
            return whole(x, field.duckdb_type)
        case "uuid":
            value = f"try_cast({x} AS UUID)"
            for uuid in field.sentinels:
                value = f"nullif({value}, UUID {literal(uuid)})"
            return value
        case "timestamp":
            return moment(field, x)
        case "boolean":
            return flag(x)
        case "texts":
            return (
                f"CASE WHEN {x} IS NULL OR trim({x}) IN ('', 'null') THEN NULL "
                f"WHEN starts_with({x}, '[') THEN CASE WHEN json_valid({x}) THEN json_transform({x}, '[\"VARCHAR\"]') END "
                f"WHEN starts_with({x}, '{{') THEN NULL ELSE [{x}] END"
            )
        case "json":
            return f"CASE WHEN json_valid({x}) THEN CAST({x} AS JSON) END"
        case "address" | "person":
            raise ValueError(f"{field.name}: a {field.kind} is typed in two steps, parsed and filled_struct")
        case "text":
            return f"CASE WHEN {is_unset(field, x)} THEN NULL ELSE {x} END" if field.sentinels else x


def parsed(field: Field, x: str) -> str:
    """SQL: the struct in JSON text ``x``; null if there is none.

    Make it a column before using it. DuckDB evaluates an expression inside a CASE again at every place that names it,
    and this one is expensive.
    """
    shape = json.dumps(dict.fromkeys(MEMBERS[field.kind], "VARCHAR"))
    return f"TRY(json_transform(CASE WHEN starts_with(ltrim({x}), '{{') THEN {x} END, '{shape}'))"


def filled_struct(field: Field, x: str) -> str:
    """SQL: the struct ``x``; null if no member has a value."""
    members = [f"({x}).{quoted(name)}" for name in MEMBERS[field.kind]]
    if field.kind == "person":
        value = f"struct_pack(id := {whole(members[0], 'BIGINT')}, first_name := {members[1]}, last_name := {members[2]})"
    else:
        value = x
    return f"CASE WHEN coalesce({', '.join(members)}) IS NOT NULL THEN {value} END"


def whole(x: str, duckdb_type: str) -> str:
    """SQL: the whole number in text ``x``, else null. ``7.0`` is one; ``7.5``, ``1e3`` and ``0x1F`` are not."""
    cast = f"try_cast({x} AS {duckdb_type})"
    return f"CASE WHEN CAST({cast} AS VARCHAR) = {x} OR regexp_full_match({x}, '{_WHOLE}') THEN {cast} END"


def moment(field: Field, x: str) -> str:
    """SQL: the time in text ``x``, in UTC; null for an empty text, ``null``, a sentinel of the field, and any other text.

    A time without a zone is UTC.
    """
    return (
        f"CASE WHEN {x} IS NULL{_begins_unset(field, x)} THEN NULL "
        f"WHEN regexp_full_match({x}, '{_PLAIN_TIME}') THEN try_cast({x} AS TIMESTAMP) "
        f"WHEN regexp_full_match({x}, '{_OFFSET_TIME}') "
        f"THEN timezone('UTC', try_cast(replace(replace({x}, ' ', 'T'), 'T+', '+') AS TIMESTAMPTZ)) END"
    )


def _begins_unset(field: Field, x: str) -> str:
    return "".join(f" OR starts_with({x}, {literal(beginning)})" for beginning in field.sentinels)


def flag(x: str) -> str:
    """SQL: true or false from a word, a letter or a digit in text ``x``, else null."""
    return (
        f"CASE lower(trim({x})) WHEN 'true' THEN true WHEN 'false' THEN false WHEN 't' THEN true WHEN 'f' THEN false "
        "WHEN '1' THEN true WHEN '0' THEN false WHEN '1.0' THEN true WHEN '0.0' THEN false END"
    )


def relation_id(x: str) -> str:
    """SQL: the id (text) in a to-one relation: ``7``, ``[7]``, ``{"id":7}``, ``{"data":{"id":7}}``, ``[]`` or null.

    Any other text stays as it is, and the field's type refuses it.
    """
    first = f"json_extract_string({x}, ['/data/id', '/data/0/id', '/id', '/0/data/id', '/0/id', '/0'])"
    return (
        f"CASE WHEN {x} IS NULL OR left(ltrim({x}), 1) NOT IN ('[', '{{') THEN {x} WHEN NOT json_valid({x}) THEN {x} "
        f"WHEN json_array_length({x}) > 1 OR json_array_length({x}, '$.data') > 1 THEN {x} "
        f"ELSE coalesce(({first})[1], ({first})[2], ({first})[3], ({first})[4], ({first})[5], ({first})[6], "
        f"CASE WHEN json_array_length({x}) = 0 AND NOT json_exists({x}, '$.data') AND NOT json_exists({x}, '$.id') "
        f"AND NOT json_exists({x}, '$.links') AND {x} NOT IN ('{{}}', '[]') AND json_type({x}) = 'OBJECT' THEN {x} END) END"
    )


def problems(field: Field, x: str, y: str, waived: str = "false") -> list[Problem]:
    """Return everything that may be wrong with the field. ``x`` is SQL for its text, ``y`` for its typed value.

    ``waived`` is SQL: true if a required value may be missing, as in a tombstone.
    """
    found = []

    def refuse(when: str, why: str) -> None:
        found.append(
            Problem(when, field.name, f"{field.name} {why}", f"left(CAST({x} AS VARCHAR), {_SHOWN})")
        )

    # CASE, not AND: DuckDB then looks at the text only where there is no value, which is rare.
    if field.kind not in ("text", "json"):
        unset = f"trim({x}) IN ('', 'null')" if field.kind == "texts" else is_unset(field, x)
        refused = f"CASE WHEN {y} IS NULL AND {x} IS NOT NULL THEN NOT {unset} ELSE false END"
        if field.kind in ("integer", "bigint"):
            shortened = f"CASE WHEN {refused} THEN regexp_full_match({x}, '{_SHORTENED}') ELSE false END"
            refuse(shortened, f"is not {_article(field)}: a spreadsheet shortened it")
            refused = f"({refused} AND NOT {shortened})"
        refuse(refused, f"is not {_article(field)}")
        missing = f"CASE WHEN {y} IS NULL THEN ({x} IS NULL OR {is_unset(field, x)}) AND NOT {waived} ELSE false END"
    else:
        missing = f"({y} IS NULL AND NOT {waived})"
    if field.required:
        refuse(missing, "is missing")
    if field.closed:
        allowed = ", ".join(map(literal, field.closed))
        refuse(
            f"coalesce(CAST({y} AS VARCHAR) NOT IN ({allowed}), false)",
            f"is not one of {', '.join(field.closed)}",
        )
    if field.minimum is not None:
        refuse(f"coalesce({y} < {field.minimum}, false)", f"is less than {field.minimum}")
    if field.maximum is not None:
        refuse(f"coalesce({y} > {field.maximum}, false)", f"is more than {field.maximum}")
    return found


def surely_fine(field: Field, x: str, y: str) -> list[str]:
    """Return cheap SQL conditions that are all true of nearly every good row, and of no row that ``problems`` refuses.

    A good row for which one is not true (it holds an empty time, or an all-zero UUID) is checked with ``problems``.
    """
    conditions = []
    if field.required:
        conditions.append(f"{y} IS NOT NULL")
    elif field.kind == "timestamp":
        conditions.append(f"({y} IS NOT NULL OR {x} IS NULL{_begins_unset(field, x)})")
    elif field.kind not in ("text", "json"):
        conditions.append(f"({y} IS NOT NULL OR {x} IS NULL)")
    unless = "" if field.required else f"{y} IS NULL OR "
    if field.closed:
        closed = ", ".join(map(literal, field.closed) if field.kind == "text" else field.closed)
        conditions.append(f"({unless}{y} IN ({closed}))")
    if field.minimum is not None:
        conditions.append(f"({unless}{y} >= {field.minimum})")
    if field.maximum is not None:
        conditions.append(f"({unless}{y} <= {field.maximum})")
    return conditions


def _article(field: Field) -> str:
    return {
        "integer": "a whole number",
        "bigint": "a whole number",
        "uuid": "a UUID",
        "timestamp": "a time",
        "boolean": "true or false",
        "texts": "a list of texts",
        "address": "an address",
        "person": "a person",
        "text": "a text",
        "json": "JSON",
    }[field.kind]
