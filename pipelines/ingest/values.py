"""What a value must be: for each kind of field, the SQL that turns the text of a file into the typed value.

Belongs here: how a text becomes a whole number, a time or an address, and the reason if it does not. Does not belong
here: where the text comes from (``shapes``), and any fact about one system (``pipelines.sources``).

DuckDB's casts alone accept too much. They round ``1.5``, read ``1e3`` and ``0x1F`` as integers, accept ``epoch`` as a
time, and drop the offset of ``10:00:00+02:00`` in a cast to TIMESTAMP. Every cast is therefore guarded by a pattern.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pipelines.sources import Field, Kind
from pipelines.sql_text import literal, quoted

ALWAYS_NULL = ("\\N", "NULL")
"""Words that databases write for null, in any column of a flat file."""

NULL_WORDS = (
    *ALWAYS_NULL, "null", "Null", "(null)", "<null>", "None", "nan", "NaN", "NAN", "NaT", "N/A", "n/a", "#N/A", "NA",
    "<NA>", "nil",
)  # fmt: skip
"""Words that tools write for null. Where a value is a text, one of them may also be that text."""

_WHOLE = r"\s*[+-]?[0-9]+(\.0*)?\s*"
FLOAT_ID = r"\s*([0-9]{1,15})\.0+\s*"
"""A whole number that was written as a float, with the number as its group. Longer ones may have been rounded."""

_BLANK = rf"[\s\pZ]*(?:{'|'.join(map(re.escape, NULL_WORDS))})?[\s\pZ]*"
_UUID = r"(?i)\s*(?:urn:uuid:|0x|\\x)?(\{?[0-9a-f-]+\}?)\s*"
_SHORTENED = r"\s*-?[0-9]([.,][0-9]+)?E\+[0-9]+\s*"
"""A whole number as spreadsheets show and save a long one: its last digits are gone. ``1e3`` is none."""

_PLAIN_TIME = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z?)?"
_OFFSET = r"[+-](?:0\d|1[0-5])(?::?[0-5]\d)?"
_OFFSET_TIME = rf"\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{{1,9}})?)?{_OFFSET}"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
# A day alone is its first moment. Go writes its zone behind the offset, and then the reading of a second clock:
# `+0000 UTC m=+0.001`.
_UTC_WORDS = r"(?: ?(?:Z|UTC|GMT)| ?[+-]00(?::?00)? (?:Z|UTC|GMT)(?: m=[+-]\d+\.\d+)?)"
_UTC_IN_OTHER_WORDS = rf"(?is)^\s*(\d{{4}}-\d\d-\d\d)(?:[ T]({_CLOCK}){_UTC_WORDS}?)?\s*$"
_ZONES = (
    "ACDT ACST AEDT AEST AKDT AKST AWST BST CAT CDT CEST CET CST EAT EDT EEST EET EST HDT HKT HST IST JST KST MDT MSK MST "
    "NDT NST NZDT NZST PDT PKT PST SAST SST WAT WEST WET WIB WIT WITA"
).split()
"""Names of zones as programs write them behind an offset. The offset counts: alone, such a name may be several zones."""

# Go writes the zone's name behind the offset, or the offset again if the zone has no name.
_ZONE = rf"(?: (?:{'|'.join(_ZONES)}|[+-]\d\d(?:\d\d)?)(?: m=[+-]\d+\.\d+)?)?"
_OFFSET_IN_OTHER_WORDS = rf"(?is)^\s*(\d{{4}}-\d\d-\d\d)[ T]({_CLOCK}) ?({_OFFSET}){_ZONE}\s*$"
_OFFSET_AGAIN = rf"({_OFFSET}) ([+-]\d\d(?:\d\d)?)(?: m=[+-]\d+\.\d+)?\s*$"

# What PostgreSQL writes for an array of texts. It quotes an element that is empty, is the word NULL, or holds a space,
# a quote, a backslash, a comma or a brace.
_QUOTED_ELEMENT = r'"(?:[^"\\]|\\.)*"'
_BARE_ELEMENT = r'[^",{}\\\s]+'
_ELEMENT = rf"\s*(?:{_QUOTED_ELEMENT}|{_BARE_ELEMENT})\s*"
_TEXT_ARRAY = rf"(?s)\s*\{{\s*(?:{_ELEMENT}(?:,{_ELEMENT})*)?\}}\s*"

_ONE_ELEMENT = r'\s*\{\s*"?([^",{}\\\s]+)"?\s*\}\s*'
"""An array of PostgreSQL with one element, which is the group."""

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

    ``when`` is SQL: true if the value is refused, false if it is not, never null. ``reason`` is SQL for what is wrong, and
    quotes no value. ``value`` is SQL for the value as it came; null if none came. ``costs_row`` is False if the row stays,
    without this value. ``is_unread``: the field has a text and no value, and the text does not stand for none.
    """

    when: str
    field: str
    reason: str
    value: str
    costs_row: bool = True
    is_unread: bool = False


def is_unset(field: Field, x: str) -> str:
    """SQL: true if the text stands for "no value": it is empty or a sentinel of the field.

    For an address or a person, any object counts too: callers ask only if no member of it has a value.
    """
    blank = is_blank(x)
    if field.kind == "timestamp":
        return f"({blank}{_begins_unset(field, f'ltrim({x})')})"
    if field.kind == "uuid":
        nobody = "".join(
            f" OR {_uuid(x)} IS NOT DISTINCT FROM UUID {literal(uuid)}" for uuid in field.sentinels
        )
        return f"({blank}{nobody})"
    if field.kind == "text":
        return f"{x} IN ({', '.join(map(literal, ('', *field.sentinels)))})"
    if field.kind == "texts":
        return f"({blank})"
    if field.kind in ("address", "person"):
        is_object = f"CASE WHEN json_valid({x}) THEN json_type({x}) = 'OBJECT' ELSE false END"
        return f"({blank} OR {is_object})"
    return blank


def is_blank(x: str) -> str:
    """SQL: true if the text is empty, a word for null, or nothing but space."""
    return f"regexp_full_match({x}, '{_BLANK}')"


def typed(field: Field, x: str, *, strict: bool = False) -> str:
    """SQL: the value of text ``x`` in the field's type; null if there is no value or it is refused.

    ``strict``: a value that is not good is an error, and the caller reads the file again without ``strict``. So what only
    makes a value good, the spaces around one of a closed set, is not looked for.
    Raises ValueError for an address or a person, which take two steps: ``parsed`` and ``filled_struct``.
    """
    match field.kind:
        case "integer" | "bigint":
            return whole(x, field.duckdb_type)
        case "uuid":
            value = _uuid(x)
            for uuid in field.sentinels:
                value = f"nullif({value}, UUID {literal(uuid)})"
            return value
        case "timestamp":
            return moment(field, x)
        case "boolean":
            return flag(x)
        case "texts":
            return texts(x)
        case "json":
            return f"CASE WHEN json_valid({x}) THEN CAST({x} AS JSON) END"
        case "address" | "person":
            raise ValueError(f"{field.name}: a {field.kind} is typed in two steps, parsed and filled_struct")
        case "text":
            value = f"nullif({x}, '')"
            for text in field.sentinels:
                value = f"nullif({value}, {literal(text)})"
            # A column of fixed width, SQL's CHAR(n), fills its values up with spaces.
            return f"nullif(trim({value}), '')" if field.closed and not strict else value


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
    is_plain = f"CAST(try_cast({x} AS {duckdb_type}) AS VARCHAR) = {x}"
    number = f"CASE WHEN {is_plain} THEN {x} WHEN regexp_full_match({x}, '{_WHOLE}') THEN {x} END"
    return f"try_cast({number} AS {duckdb_type})"


def whole_id(x: str) -> str:
    """SQL: the text without the ``.0`` of a whole number that was written as a float."""
    return f"regexp_replace({x}, '^{FLOAT_ID}$', '\\1')"


def _uuid(x: str) -> str:
    r"""SQL: the UUID in text ``x``, else null.

    It has dashes or none, and may stand in braces, or behind ``urn:uuid:`` or the signs of bytes, ``0x`` and ``\x``.
    """
    return f"coalesce(try_cast({x} AS UUID), try_cast(regexp_extract({x}, '^{_UUID}$', 1) AS UUID))"


def moment(field: Field, x: str) -> str:
    """SQL: the time in text ``x``, in UTC, to the microsecond; further digits are cut off.

    Null for an empty text, ``null``, a sentinel of the field, and any other text. A time without a zone is UTC. The forms
    that most files have come first; only what is none of them is compared with the others. A text that has none of those
    becomes a text that is no time.
    """
    in_utc = f"regexp_replace({x}, '{_UTC_IN_OTHER_WORDS}|^.*$', '\\1 \\2')"
    in_zone = f"regexp_replace({x}, '{_OFFSET_IN_OTHER_WORDS}|^.*$', '\\1 \\2\\3')"
    offset, again = (f"regexp_extract({x}, '{_OFFSET_AGAIN}', {group})" for group in (1, 2))
    return (
        f"CASE WHEN {x} IS NULL{_begins_unset(field, x)} THEN NULL "
        f"WHEN regexp_full_match({x}, '{_PLAIN_TIME}') THEN try_cast({x} AS TIMESTAMP) "
        f"WHEN regexp_full_match({x}, '{_OFFSET_TIME}') THEN timezone('UTC', try_cast({x} AS TIMESTAMPTZ)) "
        f"WHEN false{_begins_unset(field, f'ltrim({x})')} THEN NULL "
        f"WHEN starts_with(replace({offset}, ':', ''), {again}) THEN coalesce("
        f"try_cast(rtrim(replace({in_utc}, ',', '.')) AS TIMESTAMP), "
        f"timezone('UTC', try_cast(replace({in_zone}, ',', '.') AS TIMESTAMPTZ))) END"
    )


def _begins_unset(field: Field, x: str) -> str:
    return "".join(f" OR starts_with({x}, {literal(beginning)})" for beginning in field.sentinels)


def flag(x: str) -> str:
    """SQL: true or false from a word, a letter or a digit in text ``x``, else null."""
    words = {
        "true": ("true", "t", "yes", "y", "1", "1.0"),
        "false": ("false", "f", "no", "n", "0", "0.0"),
    }
    known = ", ".join(literal(word) for spellings in words.values() for word in spellings)
    values = ", ".join(value for value, spellings in words.items() for _ in spellings)
    return f"map([{known}], [{values}])[lower(trim({x}))]"


def texts(x: str) -> str:
    """SQL: the list of texts in text ``x``: a list in JSON, an array as PostgreSQL writes it, or a text alone; else null."""
    element = (
        "CASE WHEN starts_with(e, '\"') THEN regexp_replace(e[2:-2], '(?s)\\\\(.)', '\\1', 'g') "
        "WHEN upper(e) <> 'NULL' THEN e END"
    )
    elements = f"regexp_extract_all({x}, '(?s){_QUOTED_ELEMENT}|{_BARE_ELEMENT}')"
    in_json = f"CASE WHEN json_valid({x}) THEN json_transform({x}, '[\"VARCHAR\"]') END"
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN starts_with({x}, '[') THEN {in_json} "
        f"WHEN trim({x}) = 'null' OR {is_blank(x)} THEN NULL WHEN starts_with(ltrim({x}), '[') THEN {in_json} "
        f"WHEN starts_with(ltrim({x}), '{{') THEN CASE WHEN regexp_full_match({x}, '{_TEXT_ARRAY}') "
        f"THEN list_transform({elements}, lambda e: {element}) END ELSE [{x}] END"
    )


def relation_id(x: str) -> str:
    """SQL: the id (text) in a to-one relation: ``7``, ``[7]``, ``{7}``, ``{"id":7}``, ``{"data":{"id":7}}``, ``[]`` or null.

    Any other text stays as it is, and the field's type refuses it.
    """
    first = f"list_any_value(json_extract_string({x}, ['/data/id', '/data/0/id', '/id', '/0/data/id', '/0/id', '/0']))"
    other = f"json_type({x}) = 'OBJECT' AND {x} <> '{{}}' AND NOT list_has_any(json_keys({x}), ['data', 'id', 'links'])"
    return (
        f"CASE WHEN regexp_matches({x}, '^ *[[{{]') THEN CASE WHEN NOT json_valid({x}) "
        f"THEN regexp_replace({x}, '^{_ONE_ELEMENT}$', '\\1') "
        f"WHEN json_array_length({x}) > 1 THEN {x} WHEN json_array_length({x}, '$.data') > 1 THEN {x} "
        f"ELSE coalesce({first}, CASE WHEN {other} THEN {x} END) END ELSE {x} END"
    )


def not_utf8(field: Field, x: str, is_flawed: str) -> Problem:
    """Return the problem of a field whose bytes were to be a text: ``is_flawed`` is SQL, true if they are not UTF-8."""
    return Problem(is_flawed, field.name, literal(f"{field.name} is not UTF-8"), x)


def differ(field: Field, x: str) -> Problem:
    """Return the problem of a field that a record tells more than once. ``x`` is SQL for the list of its texts."""
    text = relation_id("z") if field.relation else "z"
    value = "NULL" if field.kind in MEMBERS else typed(field, "z")
    texts = f"list_distinct(list_transform({x}, lambda z: nullif(trim({text}), '')))"
    typed_values = f"list_distinct(list_transform({texts}, lambda z: coalesce(CAST({value} AS VARCHAR), z)))"
    return Problem(
        f"(len({typed_values}) > 1)",
        field.name,
        literal(f"{field.name} stands twice in the record, with different values"),
        f"array_to_string(list_sort({texts}), ' and ')",
    )


def shown(x: str) -> str:
    """SQL: the first characters of a refused value."""
    return f"left(CAST({x} AS VARCHAR), {_SHOWN})"


def problems(field: Field, x: str, y: str, waived: str = "false", without: str = "") -> list[Problem]:
    """Return everything that may be wrong with the field. ``x`` is SQL for its text, ``y`` for its typed value.

    ``waived`` is SQL: true if a required value may be missing, as in a tombstone. ``without`` is SQL for
    ``is_unset`` where there is a text and no value, and null elsewhere, if the caller has it as a column.
    """
    found = []

    def refuse(when: str, why: str, costs_row: bool = True, is_unread: bool = False) -> None:
        found.append(Problem(when, field.name, why, x, costs_row, is_unread))

    def told(why: str) -> str:
        return literal(f"{field.name} {why}")

    if field.kind not in ("text", "json"):
        has_column = bool(without)
        without = without or f"CASE WHEN {y} IS NULL THEN {is_unset(field, x)} END"
        why = told(f"is not {_article(field)}")
        if field.kind in ("integer", "bigint"):
            shortened = told(f"is not {_article(field)}: a spreadsheet shortened it")
            why = f"CASE WHEN regexp_full_match({x}, '{_SHORTENED}') THEN {shortened} ELSE {why} END"
        refuse(
            f"coalesce(NOT {without}, false)", why, costs_row=not field.is_side_matter, is_unread=has_column
        )
        missing = f"({y} IS NULL AND coalesce({without}, true) AND NOT {waived})"
    else:
        missing = f"({y} IS NULL AND NOT {waived})"
    if field.required:
        refuse(missing, told("is missing"))
    if field.closed:
        allowed = ", ".join(map(literal, field.closed))
        refuse(
            f"coalesce(CAST({y} AS VARCHAR) NOT IN ({allowed}), false)",
            told(f"is not one of {', '.join(field.closed)}"),
        )
    if field.minimum is not None:
        refuse(f"coalesce({y} < {field.minimum}, false)", told(f"is less than {field.minimum}"))
    if field.maximum is not None:
        refuse(f"coalesce({y} > {field.maximum}, false)", told(f"is more than {field.maximum}"))
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
