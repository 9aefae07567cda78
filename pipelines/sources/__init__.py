"""The sources, as data: one module for each system.

Every module in this folder except ``contract`` describes a source and holds a ``SOURCE``. Nothing else lists them.
"""

from importlib import import_module
from pkgutil import iter_modules

from pipelines.errors import LedgerError
from pipelines.sources.contract import (
    COMMON_FIELDS,
    DELETIONS,
    DUCKDB_TYPES,
    FACTS,
    NEVER,
    Fact,
    Field,
    Kind,
    Marker,
    PageSets,
    Resource,
    Source,
)


class SourceError(LedgerError):
    """A module of ``pipelines/sources`` does not describe a source as the contract asks."""


def _load() -> tuple[Source, ...]:
    found = []
    for module in iter_modules(__path__):
        if module.name == "contract":
            continue
        source = getattr(import_module(f"{__name__}.{module.name}"), "SOURCE", None)
        where = f"pipelines/sources/{module.name}.py"
        if not isinstance(source, Source):
            raise SourceError("has no SOURCE", where=where, cure="write SOURCE = Source(name=..., ...)")
        if source.name != module.name:
            raise SourceError(
                f"SOURCE is named {source.name!r}",
                where=where,
                cure=f"name it {module.name!r}, like its module",
            )
        found.append(source)
    return tuple(sorted(found, key=lambda source: source.name))


SOURCES: tuple[Source, ...] = _load()
"""Every source, sorted by name."""

RESOURCES: tuple[Resource, ...] = tuple(resource for source in SOURCES for resource in source.resources)
"""Every resource of every source. Where a source has attempts, its first resource holds them."""

RESOURCE: dict[str, Resource] = {resource.full_name: resource for resource in RESOURCES}
"""``<source>.<name>`` → resource."""

__all__ = [
    "COMMON_FIELDS",
    "DELETIONS",
    "DUCKDB_TYPES",
    "FACTS",
    "NEVER",
    "RESOURCE",
    "RESOURCES",
    "SOURCES",
    "Fact",
    "Field",
    "Kind",
    "Marker",
    "PageSets",
    "Resource",
    "Source",
    "SourceError",
]
