"""Personal data: which published columns hold it, and what stands in their place when it is not to be published.

Belongs here: what of a table speaks of a person, beyond the fields that ``pipelines.sources`` marks, and the SQL that
hides it. Does not belong here: writing the published file (``publish.duckdb_file``).

Whole columns are hidden, never parts of a text. A hash is keyed by a random text that never leaves the warehouse, so
that nobody can find a phone number by hashing all of them. The same value has the same hash in every table and every
run, so that what belonged together still does. Of text that may hold anything, nothing is published.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from pipelines.sources import RESOURCES
from pipelines.sources.contract import Kind

TAG = {"personal_data": "yes"}
"""How Dagster marks a column or an asset that holds personal data."""

WITHHELD = "(withheld)"

_SALT = "(SELECT salt FROM landing.salt)"
_MEMBERS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "address": (("type", False), ("target", True), ("target_name", True), ("name", True), ("detail", True)),
    "person": (("id", False), ("first_name", True), ("last_name", True)),
}
"""Kind of structure → its members, and whether each is personal."""

_FIELDS: Mapping[str, Mapping[str, Kind]] = {
    # A field that the contract does not know may hold anything.
    f"raw.{r.table}": {**{f.name: f.kind for f in r.fields if f.personal}, "extra": "json"}
    for r in RESOURCES
}
_TEXTS: Mapping[str, frozenset[str]] = {
    "quality.rejected_rows": frozenset({"record", "value"}),
    "quality.notices": frozenset({"value"}),
    "quality.check_results": frozenset({"detail"}),
}
"""Tables of our own that quote what was in the files → the columns that do. Their other columns never quote it."""


def columns(table: str) -> frozenset[str]:
    """The columns of a ``schema.table`` that hold, or may hold, personal data."""
    return frozenset(_FIELDS.get(table, ())) | _TEXTS.get(table, frozenset())


def is_hidden(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether this run publishes hashes in place of personal data: ``CONTACT_LEDGER_PERSONAL_DATA``."""
    return con.sql("SELECT personal_data FROM landing.settings").fetchall() == [("hash",)]


def hidden(table: str, column: str) -> str:
    """The SQL expression that stands in the place of a personal column."""
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
    """A column's description, with the word that it holds personal data where it does."""
    if column not in columns(table):
        return text
    if not is_hidden:
        return f"{text.rstrip('.')}. Personal data."
    how = "withheld" if table in _TEXTS else "a keyed hash stands in its place"
    return f"{text.rstrip('.')}. Personal data: {how}."


def _hash(value: str) -> str:
    """Half of a keyed SHA-256 (as HMAC nests it), in hexadecimal; what is empty or null says nothing and stays."""
    keyed = f"left(sha256({_SALT} || sha256({_SALT} || {value})), 32)"
    return f"CASE WHEN {value} <> '' THEN {keyed} ELSE {value} END"
