"""Which field a column is: tools spell a vendor's field names in many ways, and each spelling leads to one field.

Belongs here: names only. Does not belong here: values (``values``) or where in a file a column stands (``shapes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote

from pipelines.ingest.values import MEMBERS
from pipelines.sources import RESOURCES, Field, Marker, Resource

_ACRONYM_THEN_WORD = re.compile(r"([A-Z]+)([A-Z][a-z])")
_WORD_THEN_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")
_ATTRIBUTE = re.compile(r"^attributes(?:__|\.)")
_RELATION = re.compile(r"^relationships?(?:__|\.|_)(?P<name>.+?)(?:(?:__|\.)data)?(?:(?:__|\.|_)id)?$")
_ENVELOPE = re.compile(r"^(relationships?(__|\.).+(__|\.)(type|links.*|self|related)|links((__|\.).+)?)$")

_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

METADATA = ("_airbyte_", "_ab_", "_sdc_", "_fivetran_", "_dlt_", "_hoodie_")
"""Prefixes of the columns that loading tools add to a row. They are the tool's, not the row's."""

MARKERS = (
    Marker("_ab_cdc_deleted_at", "deleted_at"),
    Marker("_sdc_deleted_at", "deleted_at"),
    Marker("_fivetran_deleted", "flag"),
    Marker("__deleted", "flag"),
    Marker("_hoodie_is_deleted", "flag"),
    Marker("_meta", "operation", member="op"),
    Marker("_meta/op", "operation"),
    Marker("_meta.op", "operation"),
    Marker("_meta__op", "operation"),
    Marker("__op", "operation"),
    Marker("op", "operation"),
    Marker("_fivetran_synced", "seen_at"),
    Marker("__source_ts_ms", "seen_at", is_epoch_ms=True),
    Marker("__ts_ms", "seen_at", is_epoch_ms=True),
    Marker("_fivetran_active", "active"),
    Marker("_fivetran_start", "began_at"),
    Marker("_fivetran_end", "ended_at"),
)
"""The columns in which copying tools say whether a row was deleted. Of several with one role, the first counts."""


@cache
def markers_of(resource: Resource) -> dict[str, Marker]:
    """The markers that files of the resource may have, by name: the source's own, then those of copying tools."""
    return {marker.name: marker for marker in (*resource.markers, *MARKERS)}


@lru_cache(maxsize=10_000)
def snake_case(name: str) -> str:
    """``callDisposition``, ``CallDisposition``, ``Call Disposition`` and ``CALL_DISPOSITION`` → ``call_disposition``."""
    name = re.sub(r"[\s-]+", "_", name.strip())
    return _WORD_THEN_CAPITAL.sub(r"\1_\2", _ACRONYM_THEN_WORD.sub(r"\1_\2", name)).lower()


def canonical(name: str) -> str:
    """The snake_case name without the prefixes and suffixes that a flattened JSON:API document leaves in it."""
    name = snake_case(name)
    if name.startswith("relationship") and (relation := _RELATION.match(name)):
        return relation["name"]
    return _ATTRIBUTE.sub("", name)


def make_unique(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each repeated one."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file. ``where`` is its place: a JSON pointer, or its number as text in a flat file."""

    where: str
    name: str
    nested: str = ""
    """``attributes`` or ``relationships`` when it stands under that member of a JSON:API resource."""

    @property
    def order(self) -> tuple[str, int, str]:
        """Its place among the columns of a file: numbers count as numbers."""
        return self.nested, int(self.where) if self.where.isdecimal() else -1, self.where


@dataclass(frozen=True, slots=True)
class Matched:
    """What a file's columns are. Values are places (``Column.where``).

    ``fields``: by field, the preferred spelling first. ``members``: by field and member of its struct. ``markers``: by
    name of the marker. ``unknown``: by canonical name, sorted.
    """

    fields: dict[str, tuple[str, ...]]
    members: dict[str, dict[str, str]]
    markers: dict[str, str]
    unknown: dict[str, str]


def match(resource: Resource, columns: Iterable[Column]) -> Matched:
    """Assign every column to the field that it spells. A column that spells none is unknown."""
    spellings, known = _spellings(resource), markers_of(resource)
    fields: dict[str, list[tuple[bool, bool, tuple[str, int, str]]]] = {}
    members: dict[str, dict[str, str]] = {}
    markers: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for column in sorted(set(columns), key=lambda c: c.order):
        lowered, name = snake_case(column.name), canonical(column.name)
        if lowered in known:
            markers.setdefault(lowered, column.where)
        elif _is_metadata(lowered):
            continue
        elif (member := spellings.members.get(lowered)) is not None:
            members.setdefault(member[0], {}).setdefault(member[1], column.where)
        elif (field := spellings.field(name, lowered)) is not None:
            fields.setdefault(field, []).append((column.name != field, name != field, column.order))
        else:
            # Two columns of one canonical name: the second keeps the name it came with, and a third its place.
            free = [each for each in (name, column.name) if each not in unknown]
            unknown[free[0] if free else column.where] = column.where
    return Matched(
        {field: tuple(where for *_, (_, _, where) in sorted(places)) for field, places in fields.items()},
        members,
        markers,
        dict(sorted(unknown.items())),
    )


def is_known(resource: Resource, name: str) -> bool:
    """True if a column of this name is a field, a member of one, or a marker of deletion."""
    lowered = snake_case(name)
    return (
        lowered in markers_of(resource)
        or lowered in _spellings(resource).members
        or bool(fields_of(resource, [name]))
    )


def is_id(resource: Resource, name: str) -> bool:
    """True if a column of this name is the row's own id, or the owner of a row that may have none."""
    ids = set(resource.own_key)
    if resource.page_sets is not None:
        ids |= {resource.page_sets.native, resource.page_sets.owner}
    return not ids.isdisjoint(fields_of(resource, [name]))


def fields_of(resource: Resource, names: Iterable[str]) -> set[str]:
    """The fields that columns of these names fill as a whole."""
    spellings = _spellings(resource)
    found = set()
    for name in names:
        lowered = snake_case(name)
        if (
            lowered not in markers_of(resource)
            and not _is_metadata(lowered)
            and lowered not in spellings.members
        ):
            found.add(spellings.field(canonical(name), lowered))
    return {field for field in found if field is not None}


@lru_cache(maxsize=10_000)
def _filled(resource: Resource, name: str) -> str | None:
    """The field that a column of this name fills as a whole; None if there is none."""
    return next(iter(fields_of(resource, [name])), None)


def is_own_name(field: Field, name: str) -> bool:
    """True if a column's name is the field's own, or its relation's, in any spelling; false for an alias."""
    own = {field.name, field.relation or field.name}
    spelt = {canonical(name), snake_case(name)}
    return not {each.replace("_", "") for each in spelt}.isdisjoint(each.replace("_", "") for each in own)


def repeated(resource: Resource, columns: Sequence[Column]) -> set[str]:
    """What the columns of one record tell twice: fields with two names, and names that stand twice.

    ``columns`` are listed as the record has them, so one may occur twice.
    """
    seen: set[tuple[str, str]] = set()
    found = set()
    for column in columns:
        field = _filled(resource, column.name)
        told = ("", column.where) if field is None else (field, "")
        if told in seen:
            found.add(field or column.name)
        seen.add(told)
    return found


def folder_values(resource: Resource, name: str) -> dict[str, str]:
    """Field → text, from the folders named ``key=value`` in the name of a landing file: the way of Hive and Spark.

    A key that is no field, and the folder for null, give nothing.
    """
    found: dict[str, str] = {}
    for folder in name.split("/")[2:-1]:
        key, equals, value = folder.partition("=")
        if equals and value != _NULL_FOLDER:
            found |= dict.fromkeys(fields_of(resource, [unquote(key)]), unquote(value))
    return found


def has_own_fields(resource: Resource, names: Iterable[str]) -> bool:
    """False if columns of these names are those of another table: some are unknown, and no known one tells the resource.

    Its key does not tell it, nor the times that the source's other resources have, too.
    """
    known = _spellings(resource).members
    lowered = [snake_case(name) for name in names]
    if any(name in known for name in lowered) or not fields_of(resource, lowered) <= _common_fields(resource):
        return True
    return all(is_known(resource, name) or _is_metadata(name) for name in lowered)


def better_place(resource: Resource, names: Sequence[str]) -> str:
    """The folder of the resource whose table has columns of these names, if it is surely another one; else empty.

    It is another one if it knows every column that this resource knows, at least two more, and has all that its rows
    need. A resource of another source must also find half of its own fields. So a file with one field that the other
    resource lacks stays, and so does a file with one column too many.
    """
    lowered = {snake_case(name) for name in names}
    here = {name for name in lowered if _tells(resource, name)}
    if not here or len(here) == len(lowered):
        return ""
    found = []
    for other in RESOURCES:
        if other.full_name == resource.full_name:
            continue
        there = {name for name in lowered if _tells(other, name)}
        filled = fields_of(other, lowered)
        own = {f.name for f in other.fields} - _common_fields(other)
        needed = {f.name for f in other.fields if f.required}
        is_surer = other.source == resource.source or len(filled & own) * 2 >= len(own)
        if here <= there and len(there) >= len(here) + 2 and needed <= filled and is_surer:
            # Of two that know equally many columns, the one of which fewer fields are missing.
            missing = len(other.fields) - len(filled)
            found.append((len(there), -missing, other.source == resource.source, other.source, other.name))
    return "/".join(max(found)[3:]) if found else ""


def _tells(resource: Resource, lowered: str) -> bool:
    """True if a column of this name is a field, or a member of one, of the resource. Marks of deletion tell nothing."""
    return lowered in _spellings(resource).members or bool(fields_of(resource, [lowered]))


@cache
def _common_fields(resource: Resource) -> frozenset[str]:
    """The resource's key, and its times that another resource of the source has, too."""
    others = {
        field.name
        for other in RESOURCES
        if other.source == resource.source and other.name != resource.name
        for field in other.fields
        if field.kind == "timestamp"
    }
    return frozenset(resource.key) | {
        f.name for f in resource.fields if f.kind == "timestamp" and f.name in others
    }


def _is_metadata(lowered: str) -> bool:
    return _ENVELOPE.match(lowered) is not None or lowered.startswith(METADATA)


@dataclass(frozen=True, slots=True)
class _Spellings:
    """Spelling → field, and spelling → field and member of its struct."""

    fields: dict[str, str]
    members: dict[str, tuple[str, str]]

    def field(self, name: str, lowered: str) -> str | None:
        for spelling in (name, lowered, name.replace("_", "")):
            if (field := self.fields.get(spelling)) is not None:
                return field
        return None


@cache
def _spellings(resource: Resource) -> _Spellings:
    fields: dict[str, str] = {}
    members: dict[str, tuple[str, str]] = {}
    for field in resource.fields:
        for spelling in (field.name, *field.aliases, *((field.relation,) if field.relation else ())):
            fields.setdefault(spelling, field.name)
    for spelling, name in list(fields.items()):
        # Some warehouses fold the case of camelCase names: updatedat, calldisposition.
        fields.setdefault(spelling.replace("_", ""), name)
    for field in resource.fields:
        for member in MEMBERS.get(field.kind, ()):
            for joint in ("__", ".", "_"):
                if (spelling := f"{field.name}{joint}{member}") not in fields:
                    members[spelling] = (field.name, member)
    return _Spellings(fields, members)
