"""The rules of schema ``raw``, read from the sources' contracts.

Belongs here: what a contract says of a resource's rows. Does not belong here: a rule of one source; that is a file in
``sql/sources/<system>/rules/``.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.sources import Resource
from pipelines.validation.rule import Rule, filled, one_of, unique, within


def raw_rules(resource: Resource) -> Iterator[Rule]:
    """Yield the rules of a resource's table, as its contract states them.

    The key names one row, required fields are filled, closed fields hold their values alone, and numbers lie within
    their bounds. Rows that break a rule are shown by the parts of their key that are not personal.
    """
    table, key = f"raw.{resource.table}", resource.key
    shown = tuple(name for name in key if not resource.field_named(name).personal)
    nullable = [resource.version] if resource.version else []
    if resource.is_whole_list:
        nullable += [name for name in key if not resource.field_named(name).required]
    yield unique(table, key, tuple(nullable), resource.scope)
    for column in resource.fields:
        if column.required and column.name not in key:
            yield filled(table, column.name, shown)
        if column.closed:
            values = tuple(int(value) if column.kind == "integer" else value for value in column.closed)
            yield one_of(table, column.name, values, shown)
    bounds = {
        f.name: (f.minimum, f.maximum) for f in resource.fields if (f.minimum, f.maximum) != (None, None)
    }
    if bounds:
        yield within(table, bounds, shown)
