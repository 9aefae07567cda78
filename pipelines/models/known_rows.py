"""Rows as they were known at a source's cut-off: the version in force then.

Belongs here: the query that ``known.<table>`` stands for in SQL files, and the fingerprint of a table of earlier
versions. Does not belong here: how earlier versions are kept (``pipelines.ingest.earlier_versions``).

A raw table holds the latest version of each row. If as-of lies in the past, ``core._cutoff`` cuts the source's log there,
and a row counts in the version that was in force: the latest one that is not later. If no version is so early, the
first that is known stands for the row, unless the row did not exist yet (``Resource.created``). If nothing is cut off,
the query is the raw table itself: the cut-off is then the year 9999, and no earlier version holds in that year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.sources import RESOURCES, Resource
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.tables import kept_versions, raw_columns

EARLIER: Mapping[str, Resource] = {
    kept_versions(resource).replace('"', ""): resource for resource in RESOURCES if resource.has_versions
}
"""Every table of earlier versions with its resource."""


def known_rows(resources: Iterable[Resource]) -> dict[str, str]:
    """Return, for each resource with versions, ``known.<table>`` and its query, which stands on one line."""
    return {f"known.{resource.table}": _known(resource) for resource in resources if resource.has_versions}


def _known(resource: Resource) -> str:
    version, clock = quoted(resource.version or ""), f"clock.source = {literal(resource.source)}"
    latest = f"SELECT r.* FROM {resource.raw_table} AS r INNER JOIN core._cutoff AS clock ON {clock}"
    earlier = ", ".join(f"e.{quoted(name)}" for name in raw_columns(resource))
    existed = (
        f" AND coalesce({{}}.{quoted(resource.created)} <= clock.cutoff_at, TRUE)" if resource.created else ""
    )
    return (
        f"{latest} WHERE coalesce(r.{version} <= clock.cutoff_at, TRUE){existed.format('r')} UNION ALL "
        f"{latest} ANTI JOIN {kept_versions(resource)} AS e ON {resource.same_key('r', 'e')} AND e._until IS NOT NULL "
        f"WHERE r.{version} > clock.cutoff_at{existed.format('r')} UNION ALL "
        f"SELECT {earlier} FROM {kept_versions(resource)} AS e INNER JOIN core._cutoff AS clock ON {clock} "
        f"WHERE {holds_at_cutoff('e', 'clock')}{existed.format('e')}"
    )


def holds_at_cutoff(earlier: str, clock: str) -> str:
    """SQL: true if an earlier version was in force at the cut-off. The arguments are the aliases of the two tables."""
    return f"{earlier}._since <= {clock}.cutoff_at AND {clock}.cutoff_at < {earlier}._until"
