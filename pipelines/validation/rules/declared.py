"""Rules that a SQL file or a source's contract states.

Belongs here: reading such a rule: a table's key, the marks of its columns, the rows of a source's first resource, and
the rules of one system. Does not belong here: a rule that is written out for one table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.models.sql_files import Model, ModelError, expand_known
from pipelines.sources import SOURCES, Resource, Source
from pipelines.sql_text import literal, quoted
from pipelines.validation.rule import Rule, Severity, text_list, unique
from pipelines.validation.rules.vocabulary import EPSILON


def slack(figure: str) -> str:
    """Return SQL: how far a figure may be off through rounding. A larger figure has fewer digits behind the point."""
    return f"{EPSILON} * greatest(1, abs({figure}))"


def key_rules(models: Mapping[str, Model]) -> Iterator[Rule]:
    """Yield, for each published table, the rule that its key names one row.

    The key is the one in the SQL file. A part of it may be null if its column is marked ``[null]``. Tables of schema
    ``quality`` have no such rule: they are lists, kept as they come.
    """
    for model in models.values():
        if not model.internal and model.schema != "quality":
            nullable = tuple(part for part in model.key if "null" in model.marks[part])
            yield unique(model.table, model.key, nullable)


def figure_rules(models: Mapping[str, Model]) -> Iterator[Rule]:
    """Yield, for each published table, the rule that its shares and its intervals are possible.

    A column marked ``[share]`` or ``[probability]`` lies between 0 and 1, one marked ``[difference]`` between -1 and 1. A
    column ``x`` with ``x_low`` and ``x_high`` lies between them, and so does one with ``x_predicted_low`` and
    ``x_predicted_high``. An end that is marked ``[null]`` may be missing.
    """
    for model in models.values():
        shares = [name for name, marks in model.marks.items() if marks & {"share", "probability"}]
        differences = [name for name, marks in model.marks.items() if "difference" in marks]
        held = [
            (name, f"{name}{kind}_low", f"{name}{kind}_high")
            for name in model.columns
            for kind in ("", "_predicted")
            if {f"{name}{kind}_low", f"{name}{kind}_high"} <= model.columns.keys()
        ]
        broken = [
            *(f"{name} NOT BETWEEN 0 AND 1" for name in shares),
            *(f"{name} NOT BETWEEN -1 AND 1" for name in differences),
            *(
                f"{name} IS NOT NULL AND NOT coalesce({order} <= {slack(name)}, {_may_be_null(model, end)})"
                for name, low, high in held
                for end, order in ((low, f"{low} - {name}"), (high, f"{name} - {high}"))
            ),
            *(f"{end} NOT BETWEEN 0 AND 1" for name, *ends in held if name in shares for end in ends),
        ]
        if broken and not model.internal:
            columns = ", ".join(
                dict.fromkeys((*model.key, *shares, *differences, *(name for each in held for name in each)))
            )
            yield Rule(
                model.table,
                "rates_lie_between_0_and_1" if shares else "intervals_hold_their_figures",
                "Every rate and share lies between 0 and 1, and every figure lies within its interval.",
                query=f"SELECT {columns} FROM {model.table} WHERE {' OR '.join(broken)}",
            )


def _may_be_null(model: Model, column: str) -> str:
    return "TRUE" if "null" in model.marks[column] else "FALSE"


def source_rules(models: Mapping[str, Model]) -> Iterator[Rule]:
    """Yield what must hold of every source: the rows of its first resource are its attempts.

    A source that has a list of campaigns must list each campaign of its attempts.
    """
    yield Rule(
        "core.attempts",
        "every_record_becomes_one_attempt",
        "Each source has as many rows here as its first resource has rows that had begun and were not withdrawn by "
        "as-of.",
        query=f"""
WITH recorded AS (
    {" UNION ALL ".join(_records(source, resource) for source in SOURCES if (resource := source.attempts))}
)
SELECT recorded.source, recorded.records, coalesce(ledger.attempts, 0) AS attempts
FROM recorded
LEFT JOIN (SELECT source, count(*) AS attempts FROM core.attempts GROUP BY source) AS ledger
    ON ledger.source = recorded.source
WHERE recorded.records <> coalesce(ledger.attempts, 0)""",
    )
    listing = [branch.source.name for branch in models["core._listed_campaigns"].unions["sources.campaigns"]]
    yield Rule(
        "core.campaigns",
        "campaigns_are_listed",
        "Every campaign with attempts is in its source's list of campaigns. A campaign that is not listed has its id "
        "for a name.",
        "warn",
        query=f"""
SELECT source, campaign_key
FROM core.campaigns
WHERE is_in_ledger AND NOT is_listed AND source IN ({text_list(listing)}) AND campaign_key <> source || ':none'""",
    )


def _records(source: Source, resource: Resource) -> str:
    """Return SQL: the source, and how many rows of its attempts' resource had begun and were not withdrawn by as-of."""
    began = ", ".join(f"records.{quoted(name)}" for name in resource.began)
    begun = f"coalesce(coalesce({began}) <= clock.cutoff_at, TRUE)" if began else "TRUE"
    kept = (
        "TRUE"
        if resource.keeps_deleted
        else "coalesce(records._deleted_at > clock.cutoff_at, records._deleted_at IS NULL)"
    )
    rows = f"known.{resource.table}" if resource.has_versions else resource.raw_table
    return expand_known(
        f"SELECT {literal(source.name)} AS source, count(*) AS records "
        f"FROM {rows} AS records, core._cutoff AS clock "
        f"WHERE clock.source = {literal(source.name)} AND {begun} AND {kept}",
        source.resources,
    )


SEVERITIES: Mapping[str, Severity] = {"error": "error", "warn": "warn"}


def rule_files(root: Path) -> Iterator[Rule]:
    """Yield the rules of single systems: ``sql/sources/<system>/rules/<name>.sql`` below ``root``.

    A file is a comment block above a query. The comment block holds the description, ``Table:`` and ``Severity:``.
    Raises ModelError if one of the two labels is missing, or if the severity is neither ``error`` nor ``warn``.
    """
    for path in sorted((root / "sources").glob("*/rules/*.sql")):
        lines = path.read_text(encoding="utf-8").splitlines()
        length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
        words, labels = [], {}
        for line in lines[:length]:
            found = re.match(r"^-- (Table|Severity): (\S+)$", line)
            if found:
                labels[found[1]] = found[2]
            else:
                words.append(line[2:].strip())
        severity = SEVERITIES.get(labels.get("Severity", ""))
        if "Table" not in labels or severity is None:
            raise ModelError(
                "has no 'Table: <schema.table>' or no 'Severity: error|warn'",
                where=path.relative_to(root.parent).as_posix(),
                cure="write both below the description",
            )
        query = expand_known("\n".join(lines[length:]).strip())
        yield Rule(labels["Table"], path.stem, " ".join(words), severity, query=query)
