"""The four systems, as data: one module a system, each with its resources.

A new system is one module here and one SQL file in ``sql/core``.
"""

from pipelines.sources import action_builder, liondesk, outreach, voipbin
from pipelines.sources.contract import (
    BOOK_FIELDS,
    DUCKDB_TYPES,
    NEVER,
    Contradiction,
    Field,
    Kind,
    PageSets,
    Resource,
)

RESOURCES: tuple[Resource, ...] = (
    *action_builder.RESOURCES,
    *voipbin.RESOURCES,
    *outreach.RESOURCES,
    *liondesk.RESOURCES,
)
"""Every resource of every system, in the order of the landing folder's table."""

RESOURCE: dict[str, Resource] = {resource.full_name: resource for resource in RESOURCES}
"""The same by ``<source>.<name>``."""

__all__ = [
    "BOOK_FIELDS",
    "DUCKDB_TYPES",
    "NEVER",
    "RESOURCE",
    "RESOURCES",
    "Contradiction",
    "Field",
    "Kind",
    "PageSets",
    "Resource",
]
