"""Personal data: which columns may hold it, and what stands in its place if it is hidden.

Belongs here: what each column of the ledger's tables may hold, the SQL that hides it, and errors that may quote a file.
Does not belong here: which fields of a source are personal or are labels (``pipelines.sources``), or writing the
published file (``publish.duckdb_file``).

A column is hidden by its content. Fields are replaced by a keyed hash. The key is a random text that never leaves the
warehouse, so nobody can find a phone number by hashing all of them. The same value has the same hash in every table and
every run, so rows can still be joined by it. Text that may quote anything from a file is withheld. Names that people
choose (of files, folders and unknown columns) stay where they are made of the contract's own words; anything else in
them is a keyed hash. Values of a field with known values stay if they are known.

What stays readable without a list: numbers, times, ids, and labels (``Field.label``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import duckdb

from pipelines.errors import LedgerError
from pipelines.settings import Settings
from pipelines.sources import RESOURCES, SOURCES
from pipelines.sources.contract import ADDRESS_TYPES, Field, Resource
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.failures import recognize

TAG = {"personal_data": "yes"}
"""The tag by which Dagster shows that a column or an asset holds personal data."""

WITHHELD = "(withheld)"
"""The text that replaces a value that is withheld."""

Content = Literal[
    "text",
    "texts",
    "json",
    "address",
    "person",
    "known",
    "quotation",
    "path",
    "name",
    "disposition",
    "note",
    "rule",
]
"""What a column may hold that must be hidden.

- ``text``, ``texts``, ``json``, ``address``, ``person``: a field of a source, by its kind.
- ``known``: a field with known values. A known value stays.
- ``quotation``: text that may quote anything from a file. It is withheld.
- ``path``: a file's path in the landing folder. Words of the contract and known endings stay.
- ``name``: a name that is a word of the contract, or anything. Words of the contract stay.
- ``disposition``: a raw disposition. A value that the mapping decided, and the name of a label, stay.
- ``note``: the project's own text, or that of a line of the landing folder's mapping.
- ``rule``: a text of a contact rule. The project's own texts stay, and so does a title that is the rule's name.
"""

_SALT = "(SELECT salt FROM landing.salt)"
_MEMBERS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "address": (("type", False), ("target", True), ("target_name", True), ("name", True), ("detail", True)),
    "person": (("id", False), ("first_name", True), ("last_name", True)),
}
"""Kind of structure → its members, and for each: True if it is personal."""

_QUOTING: Mapping[str, frozenset[str]] = {
    "quality.rejected_rows": frozenset({"record", "value"}),
    "quality.notices": frozenset({"value"}),
    "quality.check_results": frozenset({"detail"}),
}
"""The ledger's own tables that quote input files → the columns that do."""

_MAPPING: Mapping[str, Content] = {"source": "name", "field": "name", "note": "note"}
_RULE_TEXTS = ("title", "citation", "url", "note")
_RULES: Mapping[str, Content] = dict.fromkeys(_RULE_TEXTS, "rule")
_OWN: Mapping[str, Mapping[str, Content]] = {
    "quality.row_accounting": {"file": "path"},
    "quality.rejected_rows": {"file": "path", "field": "name"},
    "quality.notices": {"file": "path", "field": "name"},
    "landing.dispositions": _MAPPING,
    "core.dispositions": _MAPPING,
    "landing.contact_rules": _RULES,
    "core.contact_rules": _RULES,
    "reports.contact_rule_counts": _RULES,
    "landing.purposes": {"campaign": "name"},
    "core.attempts": {"raw_disposition": "disposition", "unmapped_value": "text"},
    "core.contact_points": {"value": "text", "status": "name"},
    "core.restrictions": {"evidence": "name"},
    "quality.unmapped_values": {"value": "text", "line": "quotation"},
    "core._match_links": {"link": "text"},
    "core._known_targets": {"first_name": "text"},
    "core._target_people": {"points": "texts"},
    "core._target_points": {"value": "text", "status": "name"},
    "reports.aapor_coverage": {"source": "name"},
    "reports.contact_rule_audit": {"title": "rule"},
}
"""The ledger's own tables → the columns with text that people choose."""

_UNDECIDED = "SELECT unnest([value, lower(label)]) FROM core.dispositions WHERE disposition = 'unknown' AND source <> '*'"
"""SQL: the words of the values that a line of the mapping names, and that decide nothing."""

_MACROS: tuple[Content, ...] = ("path", "name", "text")
"""The contents for which the warehouse has a macro."""

_PEOPLE: Mapping[str, Content] = dict.fromkeys(
    ("point_key", "person_key", "restriction_key", "display_name"), "text"
)
"""Columns of these names in any built table hold what leads to a person: a number, an address, or a name. A key is
hashed as a whole, so that tables can still be joined by it."""

_SPELLED_AS: Mapping[str, Content] = {
    "type": "name",
    "subject": "text",
    **_PEOPLE,
}
"""Columns of these names in any built table → what they hold."""

_ALIASES: Mapping[str, Content] = {"file": "path", "files": "path", "first_file": "path"}
"""What a rule calls a column of paths."""

_ENDINGS = (
    "json jsonl ndjson csv tsv txt parquet avro xlsx xls ods zip tar gz zst bz2 xz sqlite sqlite3 db duckdb sql xml html "
    "md pdf log manifest metadata"
).split()
"""Endings of file names that stay. Whether files of that ending are read does not matter."""

_MORE_WORDS = (
    *("columns", "contacts", "data", "delta", "dispositions", "export", "full", "page", "part", "pulled"),
    *("aapor", "class", "label", "value", "version"),
    *(
        "rules",
        "purposes",
        "rule",
        "title",
        "kind",
        "jurisdiction",
        "in",
        "force",
        "from",
        "until",
        "channels",
        "consent",
    ),
    *(
        "lifts",
        "location",
        "presumption",
        "days",
        "local",
        "cap",
        "period",
        "unit",
        "same",
        "subject",
        "counts",
        "grace",
    ),
    *("effect", "citation", "url", "checked", "on", "how", "enabled", "note", "purpose", "since", "campaign"),
)
"""Words that names are made of beside those of the sources: of file names, and of the columns of the user's own files."""

_MOST_DIGITS = 6
"""A name with more digits is hidden: seven make a phone number."""


class WithheldError(LedgerError):
    """A step failed with a message that may quote a file, in a run that hides personal data. ``kind`` names the error."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"{kind}: {WITHHELD}",
            cure="run with CONTACT_LEDGER_PERSONAL_DATA=keep into another output folder to see the message",
        )


def columns(table: str) -> frozenset[str]:
    """Return the columns of a ``schema.table`` that hold, or may hold, personal data, whether it is hidden or not."""
    if table in _personal_fields():
        return _personal_fields()[table]
    values = frozenset({"value"}) if table == "core.contact_points" else frozenset()
    return _QUOTING.get(table, frozenset()) | _PEOPLE.keys() | values


def contents(table: str) -> Mapping[str, Content]:
    """Return the columns of a ``schema.table`` that are not published as they are when personal data is hidden.

    Columns that the table does not have may be among them.
    """
    if table in _fields():
        return _fields()[table]
    quoting: dict[str, Content] = dict.fromkeys(_QUOTING.get(table, ()), "quotation")
    return {**_SPELLED_AS, **_OWN.get(table, {}), **quoting}


def is_hidden(con: duckdb.DuckDBPyConnection) -> bool:
    """True if this run hides personal data: ``CONTACT_LEDGER_PERSONAL_DATA`` is ``hash``."""
    return con.sql("SELECT personal_data FROM landing.settings").fetchall() == [("hash",)]


def hidden(table: str, column: str) -> str:
    """Return the SQL expression that replaces a column when personal data is hidden.

    Raises KeyError if the column is published as it is.
    """
    content = contents(table)[column]
    if content == "known":
        return _known(_field(table, column), quoted(column))
    return _replacement(content, quoted(column))


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Create the macros by which the owner of the warehouse finds what a hash stands for.

    ``landing.masked_path``, ``landing.masked_name`` and ``landing.masked_text`` return what is published of a text.
    """
    for content in _MACROS:
        con.execute(
            f"CREATE OR REPLACE MACRO landing.masked_{content}(hidden_text) AS {_replacement(content, 'hidden_text')}"
        )


def masked(con: duckdb.DuckDBPyConnection, text: str, content: Literal["path", "name"] = "path") -> str:
    """Return what stands in place of one text in this run, as in the published tables: itself if nothing is hidden.

    Needs the macros of ``create_macros``.
    """
    if not is_hidden(con):
        return text
    return str(con.execute(f"SELECT landing.masked_{content}(?)", [text]).fetchall()[0][0])


def masked_row(
    con: duckdb.DuckDBPyConnection, row: Mapping[str, Any], tables: Iterable[str]
) -> dict[str, Any]:
    """Return an offending row of a rule that reads ``tables``, with everything hidden that may be personal.

    A column has the content of the column of this name in one of the tables. A text in a column that none of them has
    stays only if it is made of the contract's words.
    """
    read = sorted(tables)
    held = dict(pair for table in read for pair in contents(table).items())
    known = {name for table in read for name in _column_names(con, table)}
    return {name: _masked_cell(con, name, value, held, known) for name, value in row.items()}


def _masked_cell(
    con: duckdb.DuckDBPyConnection, name: str, value: Any, held: Mapping[str, Content], known: set[str]
) -> Any:
    content = held.get(name) or _ALIASES.get(name) or (None if name in known else "name")
    if content is None or value is None:
        return value
    if content in ("path", "name"):
        if isinstance(value, list):
            return [masked(con, str(each), content) for each in value]
        return masked(con, value, content) if isinstance(value, str) else value
    return WITHHELD


def _column_names(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    schema, _, name = table.partition(".")
    found = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?", [schema, name]
    )
    return [row[0] for row in found.fetchall()]


@contextmanager
def withhold_errors(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Replace an error of another program by one that quotes nothing, if personal data is hidden.

    Errors of the project pass, and so do those that the failures of ``warehouse.failures`` make: they quote no row.
    Raises WithheldError instead of any other.
    """
    if not is_hidden(con):
        yield
        return
    try:
        yield
    except LedgerError:
        raise
    except Exception as error:
        if recognize(error) is not None:
            raise
        raise WithheldError(type(error).__name__) from None


def comment(table: str, column: str, text: str, *, is_hidden: bool) -> str:
    """Return a column's description, with a note if the column holds personal data, or if it is hidden."""
    said = text.rstrip(".")
    if not is_hidden:
        return f"{said}. Personal data." if column in columns(table) else text
    content = contents(table).get(column)
    if content is None:
        return text
    if column in columns(table):
        how = "withheld" if content == "quotation" else "a keyed hash stands in its place"
        return f"{said}. Personal data: {how}."
    return f"{said}. {_HOW.get(content, 'Free text: a keyed hash stands in its place')}."


_HOW: Mapping[Content, str] = {
    "known": "A keyed hash stands in place of a value that is not known",
    "path": "Keyed hashes stand in place of names that are no words of the contract",
    "name": "A keyed hash stands in place of a name that is no word of the contract",
    "disposition": "A keyed hash stands in place of a value that neither the mapping nor a label knows",
    "note": "A keyed hash stands in place of a note from the landing folder",
    "rule": "A keyed hash stands in place of a text from the landing folder",
}


# --- which columns -----------------------------------------------------------------------------------------------


@cache
def _personal_fields() -> Mapping[str, frozenset[str]]:
    """Raw table → its columns with personal data. ``extra`` holds unknown fields, and may hold anything."""
    return {r.raw_table: frozenset({"extra", *(f.name for f in r.fields if f.personal)}) for r in RESOURCES}


@cache
def _fields() -> Mapping[str, Mapping[str, Content]]:
    """Raw table → its columns that are hidden."""
    found: dict[str, Mapping[str, Content]] = {}
    for resource in RESOURCES:
        fields = {f.name: content for f in resource.fields if (content := _content(resource, f)) is not None}
        found[resource.raw_table] = {**fields, "extra": "json"}
    return found


def _content(resource: Resource, field: Field) -> Content | None:
    """What the field may hold that must be hidden; None for numbers, times, ids, labels and closed sets.

    The key of a list that people write is made of ids and names, and people write anything for a name.
    """
    match field.kind:
        case "texts" | "json" | "address" | "person":
            return field.kind
        case "text" if field.personal:
            return "text"
        case "text" if field.known and not field.closed:
            return "known"
        case "text" if resource.is_whole_list and field.name in resource.key and not field.closed:
            return None if field.name.endswith("_id") else "name"
        case "text" if not (field.closed or field.label or field.name in (*resource.key, resource.target)):
            return "text"
    return None


def _field(table: str, column: str) -> Field:
    return next(r for r in RESOURCES if r.raw_table == table).field_named(column)


# --- what replaces them ------------------------------------------------------------------------------------------


def _replacement(content: Content, value: str) -> str:
    """Return SQL: what stands in place of a value of this content. ``value`` is SQL for it."""
    match content:
        case "quotation":
            return f"CASE WHEN {value} IS NOT NULL THEN '{WITHHELD}' END"
        case "json":
            return f"to_json({_hash(f'CAST({value} AS VARCHAR)')})"
        case "texts":
            return f"CASE WHEN len({value}) > 0 THEN {_each(value, _hash('part'))} ELSE {value} END"
        case "address" | "person":
            members = (
                _member(name, f"({value}).{quoted(name)}", is_personal)
                for name, is_personal in _MEMBERS[content]
            )
            return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({', '.join(members)}) END"
        case "path":
            parts = _each(f"string_split({value}, '/')", _path_part(_has_few_digits(value)))
            return f"array_to_string({parts}, '/')"
        case "note":
            return f"CASE WHEN origin = 'default' THEN {value} ELSE {_hash(value)} END"
        case "rule":
            own = ", ".join(map(literal, _rule_texts()))
            return f"CASE WHEN {value} IN (rule, {own}) THEN {value} ELSE {_hash(value)} END"
        case "disposition":
            is_told = f"{value} IN ({_labels()}) OR lower({value}) IN ({_UNDECIDED})"
            return (
                f"CASE WHEN disposition_basis IS NOT NULL OR {is_told} THEN {value} ELSE {_name(value)} END"
            )
        case "name" | "known":
            return _name(value)
        case "text":
            return _hash(value)


def _known(field: Field, value: str) -> str:
    """Return SQL: the value if it is one of the field's known ones, else as a name."""
    return (
        f"CASE WHEN {value} IN ({', '.join(map(literal, field.known))}) THEN {value} ELSE {_name(value)} END"
    )


def _member(name: str, value: str, is_personal: bool) -> str:
    """Return SQL for one member of a structure, with its name."""
    if is_personal:
        value = _hash(value)
    elif name == "type":
        types = ", ".join(map(literal, ADDRESS_TYPES))
        value = f"CASE WHEN {value} IN ({types}) THEN {value} ELSE {_hash(value)} END"
    return f"{quoted(name)} := {value}"


def _each(values: str, part: str) -> str:
    """Return SQL: the list with ``part`` in place of each element. ``part`` is SQL that reads the column ``part``."""
    return (
        f"(SELECT list({part} ORDER BY place) "
        f"FROM (SELECT unnest({values}) AS part, generate_subscripts({values}, 1) AS place))"
    )


def _hash(value: str, digits: int = 32) -> str:
    """Return SQL: the first digits of a keyed SHA-256, nested as in HMAC, in hexadecimal. Null and empty text stay."""
    keyed = f"left(sha256({_SALT} || sha256({_SALT} || {value})), {digits})"
    return f"CASE WHEN {value} <> '' THEN {keyed} ELSE {value} END"


def _name(value: str) -> str:
    """Return SQL: the name if it is made of the contract's words, else its hash."""
    return f"CASE WHEN {_is_readable(value)} THEN {value} ELSE {_hash(value)} END"


def _path_part(few: str) -> str:
    """Return SQL for one part of a path. ``few`` is SQL: true if the whole path has few digits."""

    def name(value: str) -> str:
        fits = f"{_is_readable(value)} AND ({few} OR NOT regexp_matches({value}, '[0-9]'))"
        return f"CASE WHEN {fits} THEN {value} ELSE {_hash(value, 16)} END"

    ending = f"regexp_extract(part, '(?i)((\\.({'|'.join(_ENDINGS)}))+)$', 1)"
    stem = f"left(part, length(part) - length({ending}))"
    key, value = "split_part(part, '=', 1)", "substring(part, position('=' IN part) + 1)"
    return (
        f"CASE WHEN contains(part, '=') THEN concat({name(key)}, '=', {name(value)}) "
        f"ELSE concat({name(stem)}, {ending}) END"
    )


def _is_readable(value: str) -> str:
    """Return SQL: true if the text is made of the contract's words, signs, and few digits."""
    words = (
        f"list_has_all([{', '.join(map(literal, _words()))}], regexp_extract_all(lower({value}), '[a-z]+'))"
    )
    return f"(regexp_full_match({value}, '[A-Za-z0-9 _./:()+*-]*') AND {_has_few_digits(value)} AND {words})"


def _has_few_digits(value: str) -> str:
    return f"length(regexp_replace({value}, '[^0-9]', '', 'g')) <= {_MOST_DIGITS}"


@cache
def _words() -> tuple[str, ...]:
    """The words of the contract: of the names of sources, resources, streams and fields, and of known values."""
    texts = [source.name for source in SOURCES]
    for resource in RESOURCES:
        texts += [resource.name, *resource.stream_names]
        for field in resource.fields:
            texts += [field.name, *field.aliases, field.relation or "", *field.known, *field.closed]
    texts += [*_MORE_WORDS, *ADDRESS_TYPES, *(name for members in _MEMBERS.values() for name, _ in members)]
    return tuple(sorted({word for text in texts for word in re.findall("[a-z]+", text.lower())}))


@cache
def _rule_texts() -> tuple[str, ...]:
    """The texts of the project's own contact rules."""
    with Settings().contact_rules.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    return tuple(sorted({text.strip() for line in lines for name in _RULE_TEXTS if (text := line[name])}))


@cache
def _labels() -> str:
    """Return SQL for every label that stands in a list of a source. A source's attempts are no list."""
    lists = [resource for source in SOURCES for resource in source.lists]
    found = [
        f"SELECT {quoted(field.name)} FROM {resource.raw_table}"
        for resource in lists
        for field in resource.fields
        if field.label
    ]
    return " UNION ALL ".join(found) or "SELECT NULL"
