"""Which field a column is: every spelling that tools give a vendor's field name, brought to the contract's one.

Belongs here: names only. Does not belong here: values (``values``) or where in a file a column sits (``shapes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.ingest.values import MEMBERS
from pipelines.sources import Resource

_ACRONYM_THEN_WORD = re.compile(r"([A-Z]+)([A-Z][a-z])")
_WORD_THEN_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")
_ATTRIBUTE = re.compile(r"^attributes(?:__|\.)")
_RELATION = re.compile(r"^relationships?(?:__|\.|_)(?P<name>.+?)(?:(?:__|\.)data)?(?:(?:__|\.|_)id)?$")
_ENVELOPE = re.compile(r"^(relationships?(__|\.).+(__|\.)(type|links.*|self|related)|links((__|\.).+)?)$")

METADATA = ("_airbyte_", "_ab_", "_sdc_", "_fivetran_", "_dlt_")
"""What loading tools put beside a row's own columns: theirs, not the row's."""

DELETED_AT = ("_ab_cdc_deleted_at", "_sdc_deleted_at")
"""Columns in which change-data-capture says when a row was deleted."""

DELETED = "_fivetran_deleted"
"""Fivetran's flag of a deleted row; ``SYNCED`` is when it saw that."""

SYNCED = "_fivetran_synced"


def snake_case(name: str) -> str:
    """``callDisposition``, ``CallDisposition``, ``Call Disposition`` and ``CALL_DISPOSITION`` → ``call_disposition``."""
    name = re.sub(r"[\s-]+", "_", name.strip())
    return _WORD_THEN_CAPITAL.sub(r"\1_\2", _ACRONYM_THEN_WORD.sub(r"\1_\2", name)).lower()


def canonical(name: str) -> str:
    """The snake_case name without what JSON:API's nesting left in it when a tool flattened it."""
    name = snake_case(name)
    if name.startswith("relationship") and (relation := _RELATION.match(name)):
        return relation["name"]
    return _ATTRIBUTE.sub("", name)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file. ``where`` is its place: a JSON pointer, or its number as text in a flat file."""

    where: str
    name: str
    nested: str = ""
    """``attributes`` or ``relationships`` when it sits under that member of a JSON:API resource."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Columns told apart: by field (first found wins), by struct member, markers of deletion, and the unknown."""

    fields: dict[str, tuple[str, ...]]
    members: dict[str, dict[str, str]]
    markers: dict[str, str]
    unknown: dict[str, str]


def match(resource: Resource, columns: Iterable[Column]) -> Matched:
    """Give every column to the field it spells; what nobody claims is unknown, under its canonical name."""
    spellings, members = _spellings(resource)
    fields: dict[str, list[tuple[bool, bool, str]]] = {}
    parts: dict[str, dict[str, str]] = {}
    markers: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for column in sorted(set(columns), key=lambda c: (c.nested, c.where)):
        lowered = snake_case(column.name)
        name = canonical(column.name)
        if lowered in (*DELETED_AT, DELETED, SYNCED):
            markers.setdefault(lowered, column.where)
        elif _ENVELOPE.match(lowered) or lowered.startswith(METADATA):
            continue
        elif (member := members.get(lowered)) is not None:
            parts.setdefault(member[0], {}).setdefault(member[1], column.where)
        elif (field := _find(spellings, name, lowered)) is not None:
            fields.setdefault(field, []).append((column.name != field, name != field, column.where))
        else:
            # Two columns of one canonical name: the second keeps the name it came with.
            unknown.setdefault(name if name not in unknown else column.name, column.where)
    return Matched(
        {field: tuple(where for *_, where in sorted(places)) for field, places in fields.items()},
        parts,
        markers,
        dict(sorted(unknown.items())),
    )


def _find(spellings: dict[str, str], name: str, lowered: str) -> str | None:
    for spelling in (name, lowered, name.replace("_", "")):
        if (field := spellings.get(spelling)) is not None:
            return field
    return None


def _spellings(resource: Resource) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    spellings: dict[str, str] = {}
    members: dict[str, tuple[str, str]] = {}
    for field in resource.fields:
        for spelling in (field.name, *field.aliases, *((field.relation,) if field.relation else ())):
            spellings.setdefault(spelling, field.name)
    for spelling, name in list(spellings.items()):
        # Some warehouses fold the case of camelCase names: updatedat, calldisposition.
        spellings.setdefault(spelling.replace("_", ""), name)
    for field in resource.fields:
        for member in MEMBERS.get(field.kind, ()):
            for joint in ("__", ".", "_"):
                if (spelling := f"{field.name}{joint}{member}") not in spellings:
                    members[spelling] = (field.name, member)
    return spellings, members
