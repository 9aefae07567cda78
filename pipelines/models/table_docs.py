"""``docs/tables.md``, written from the SQL files and the sources' contracts by ``make docs``.

Belongs here: the form of that document. Does not belong here: a description of a table, which stands in its SQL file or
its source's module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from pipelines.models.sql_files import MARKS, PUBLISHED_MARKS, SCHEMAS, Model, load_models
from pipelines.settings import ROOT
from pipelines.sources import COMMON_FIELDS, RESOURCES

PAGE = ROOT / "docs" / "tables.md"

_TITLES = {
    "core": "Attempts and campaigns of all systems: `core`",
    "replay": "What became of the dialer's targets: `replay`",
    "reports": "Reports: `reports`",
    "quality": "What was read, rejected and checked: `quality`",
}
_HEAD = """\
# The published tables

<!-- Written by `make docs` from the SQL files. Change the file of a table, not this page. -->

`contact_ledger.duckdb` holds the tables below. Every table and every column carries its description as a comment.
Timestamps are UTC without a time zone. Keys are text. Rates lie between 0 and 1; a rate whose denominator is 0 is null.
`examples.sql` beside the file holds more questions, with longer queries.

A description may end with marks:
"""


def tables_page(models: Mapping[str, Model]) -> str:
    """Return the document as Markdown."""
    return "\n".join(_lines(models)) + "\n"


def _lines(models: Mapping[str, Model]) -> Iterator[str]:
    yield _HEAD
    yield from (f"- `[{mark}]`: {MARKS[mark]}" for mark in PUBLISHED_MARKS)
    published = {
        schema: [m for m in models.values() if m.schema == schema and not m.internal] for schema in SCHEMAS
    }
    for schema, title in _TITLES.items():
        yield from ("", f"## {title}", "", "| table | question | query |", "|---|---|---|")
        for model in sorted(published[schema], key=lambda model: model.name):
            assert model.example is not None
            question, query = (_cell(part) for part in model.example)
            yield f"| [`{model.table}`](#{_anchor(model.table)}) | {question} | `{query}` |"
    yield from ("", "## The rows as they came: `raw`", "")
    yield "One table a resource of the landing folder, with the latest version of every row."
    yield from ("", "| table | one row |", "|---|---|")
    for resource in RESOURCES:
        yield f"| [`{resource.raw_table}`](#{_anchor(resource.raw_table)}) | {_cell(resource.description)} |"
    yield from ("", "# Columns")
    for schema in SCHEMAS:
        for model in sorted(published[schema], key=lambda model: model.name):
            rows = [(name, model.types[name], text) for name, text in model.columns.items()]
            yield from _table(model.table, model.description, ", ".join(model.key), rows)
    for resource in RESOURCES:
        rows = [
            (field.name, field.duckdb_type, field.description) for field in (*resource.fields, *COMMON_FIELDS)
        ]
        yield from _table(resource.raw_table, resource.description, ", ".join(resource.key), rows)


def _table(name: str, description: str, key: str, rows: list[tuple[str, str, str]]) -> Iterator[str]:
    yield from (
        "",
        f"## {name}",
        "",
        description,
        "",
        f"Key: `{key}`",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
    )
    yield from (f"| `{column}` | {_kind(kind)} | {_cell(text)} |" for column, kind, text in rows)


def _kind(kind: str) -> str:
    """Return a type as the published file has it, where ids and enumerations are text, without its parameters."""
    return "VARCHAR" if kind == "UUID" or kind.startswith("ENUM") else kind.partition("(")[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _anchor(table: str) -> str:
    return table.replace(".", "").lower()


if __name__ == "__main__":
    PAGE.write_text(tables_page(load_models()), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")
