"""Personal data: which columns hold it, and what the published file holds instead if it is hidden.

Belongs here: the columns of the ledger's own tables that hold personal data, and the SQL that hides it. Does not belong
here: which fields of a source are personal (``pipelines.sources``), or writing the published file
(``publish.duckdb_file``).

Whole columns are hidden, never parts of a text. Fields are replaced by a keyed hash. The key is a random text that never
leaves the warehouse, so nobody can find a phone number by hashing all of them. The same value has the same hash in every
table and every run, so rows can still be joined by it. Text that may quote anything from a file is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from pipelines.sources import RESOURCES
from pipelines.sources.contract import Kind

TAG = {"personal_data": "yes"}
"""The tag by which Dagster shows that a column or an asset holds personal data."""

WITHHELD = "(withheld)"
"""The text that replaces a value that is withheld."""

_SALT = "(SELECT salt FROM landing.salt)"
_MEMBERS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "address": (("type", False), ("target", True), ("target_name", True), ("name", True), ("detail", True)),
    "person": (("id", False), ("first_name", True), ("last_name", True)),
}
"""Kind of structure → its members, and for each: True if it is personal."""

_FIELDS: Mapping[str, Mapping[str, Kind]] = {
    # ``extra`` holds the fields that the contract does not know, and may hold anything.
    f"raw.{r.table}": {**{f.name: f.kind for f in r.fields if f.personal}, "extra": "json"}
    for r in RESOURCES
}
_TEXTS: Mapping[str, frozenset[str]] = {
    "quality.rejected_rows": frozenset({"record", "value"}),
    "quality.notices": frozenset({"value"}),
    "quality.check_results": frozenset({"detail"}),
}
"""The ledger's own tables that quote input files → the columns that do. Their other columns never quote a file."""


def columns(table: str) -> frozenset[str]:
    """Return the columns of a ``schema.table`` that hold, or may hold, personal data."""
    return frozenset(_FIELDS.get(table, ())) | _TEXTS.get(table, frozenset())


def is_hidden(con: duckdb.DuckDBPyConnection) -> bool:
    """True if this run hides personal data: ``CONTACT_LEDGER_PERSONAL_DATA`` is ``hash``."""
    return con.sql("SELECT personal_data FROM landing.settings").fetchall() == [("hash",)]


def hidden(table: str, column: str) -> str:
    """Return the SQL expression that replaces a personal column when personal data is hidden.

    Raises KeyError if the column holds no personal data.
    """
    if table in _TEXTS:
        return f"CASE WHEN \"{column}\" IS NOT NULL THEN '{WITHHELD}' END"
    kind = _FIELDS[table][column]
    if kind == "json":
        return f'to_json({_hash(f"""CAST("{column}" AS VARCHAR)""")})'
    if kind in _MEMBERS:
        parts = (
            f'"{name}" := {_hash(f"""("{column}")."{name}" """) if personal else f"""("{column}")."{name}" """}'
            for name, personal in _MEMBERS[kind]
        )
        return f'CASE WHEN "{column}" IS NOT NULL THEN struct_pack({", ".join(parts)}) END'
    return _hash(f'"{column}"')


def comment(table: str, column: str, text: str, *, is_hidden: bool) -> str:
    """Return a column's description, with a note if the column holds personal data."""
    if column not in columns(table):
        return text
    if not is_hidden:
        return f"{text.rstrip('.')}. Personal data."
    how = "withheld" if table in _TEXTS else "a keyed hash stands in its place"
    return f"{text.rstrip('.')}. Personal data: {how}."


def _hash(value: str) -> str:
    """Return SQL: half of a keyed SHA-256, nested as in HMAC: 32 hexadecimal digits. Null and empty text stay as is."""
    keyed = f"left(sha256({_SALT} || sha256({_SALT} || {value})), 32)"
    return f"CASE WHEN {value} <> '' THEN {keyed} ELSE {value} END"
