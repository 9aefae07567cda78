"""The systems, as data: one module a system, each with a ``SOURCE``.

A module beside this file is a source. Nothing else lists it.
"""

from importlib import import_module
from pkgutil import iter_modules

from pipelines.errors import LedgerError
from pipelines.sources.contract import (
    COMMON_FIELDS,
    DUCKDB_TYPES,
    FACTS,
    NEVER,
    Fact,
    Field,
    Kind,
    PageSets,
    Resource,
    Source,
)


class SourceError(LedgerError):
    """A module of ``pipelines/sources`` that describes no source as the contract wants it."""


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
"""Every system, by name."""

RESOURCES: tuple[Resource, ...] = tuple(resource for source in SOURCES for resource in source.resources)
"""Every resource of every system; each system's first is the one that holds its attempts."""

RESOURCE: dict[str, Resource] = {resource.full_name: resource for resource in RESOURCES}
"""The same by ``<source>.<name>``."""

__all__ = [
    "COMMON_FIELDS",
    "DUCKDB_TYPES",
    "FACTS",
    "NEVER",
    "RESOURCE",
    "RESOURCES",
    "SOURCES",
    "Fact",
    "Field",
    "Kind",
    "PageSets",
    "Resource",
    "Source",
    "SourceError",
]
