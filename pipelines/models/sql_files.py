"""The SQL files: what a file says about its table is read from it, and nothing is written twice.

Belongs here: the header's form, and the order in which tables are built. Does not belong here: building them
(``models.incremental``), and any SQL of the domain. A new table is a new file below ``sql/``; nothing else changes.

A file holds one SELECT below one comment block::

    -- One row per source + campaign: what was tried and who was reached.
    -- Key: source, campaign_key
    -- Metric: contact_rate = sum(targets_contacted) / nullif(sum(targets_attempted), 0)
    -- Columns:
    --   source: the system the attempts come from
    --   campaign_key: `<source>:<native id or name>`

Between key and columns may stand: ``Group:`` (the asset's group, when not the schema), ``Order:`` (how the published
table is sorted, when not by its key), ``Internal: yes`` (not published), any number of ``Metric: name = aggregate``
(figures that Dagster plots over time), ``Constant:`` (columns that have one value in all rows, such as the moment that
the table speaks of), ``Words:`` (columns that hold one of a few words: a number each in the warehouse, where text takes
three times the time to write; text again in the published file)::

    -- Words: event = dial, hangup; from_status, to_status = idle, progressing, done

and ``Incremental:`` (rows are built again for changed keys alone)::

    -- Incremental: outdial_target_id row campaigncall_id from raw.voipbin_campaigncalls.outdial_target_id

names the key's column, the column that holds the raw row's own id where a later version of the row can change its key,
and every keyed input with its key's column. Without any, the table is always built whole, and compared with what it
was. ``Sums:`` says instead that all columns beside the table's key are whole numbers that add up over the keys of its
inputs, which it lists like ``Incremental:``, without a column of its own::

    -- Sums: from core.attempts.outdial_target_id, core.targets.outdial_target_id

What changed keys had put in is taken out, and what they give now is put in; a row whose numbers are all zero is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

from pipelines.errors import LedgerError
from pipelines.settings import ROOT

SQL_ROOT = ROOT / "sql"
SCHEMAS = ("core", "replay", "reports", "quality")

_LABEL = re.compile(r"^(Key|Group|Order|Internal|Constant|Words|Incremental|Sums|Metric|Columns):\s*(.*)$")
_WORDS = re.compile(r"^(\w+(?:, \w+)*) = (\w+(?:, \w+)*)$")
_INPUTS = r"from (\w+\.\w+\.\w+(?:,\s*\w+\.\w+\.\w+)*)"
_INCREMENTAL = re.compile(rf"^(\w+)(?: row (\w+))?(?: {_INPUTS})?$")
_SUMS = re.compile(rf"^{_INPUTS}$")
_COLUMN = re.compile(r"^  (\w+):\s+(.*)$")


class ModelError(LedgerError):
    """A SQL file that does not keep to the form, or whose columns are not those it describes; names the file."""


@dataclass(frozen=True)
class Incremental:
    """By which column a table's rows are built again: ``inputs`` maps each keyed input to its column for the key."""

    column: str
    row: str | None
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Model:
    """One SQL file: the table ``schema.name``, what one row of it is, its key, its columns with their descriptions."""

    path: Path
    schema: str
    name: str
    description: str
    key: tuple[str, ...]
    group: str
    order: str
    columns: Mapping[str, str]
    metrics: Mapping[str, str]
    internal: bool
    constant: tuple[str, ...]
    incremental: Incremental | None
    sums: Mapping[str, str] | None
    """Keyed inputs with their key's column, when the table holds sums over those keys."""
    select: str
    words: Mapping[str, tuple[str, ...]]
    """Columns that hold one of a few words, with these; kept as an enumeration."""
    summed: frozenset[str] = frozenset()
    """The columns of this table that tables of sums are made of: what they were is kept when rows change."""

    @property
    def table(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"

    @property
    def keyed_inputs(self) -> Mapping[str, str]:
        """The inputs whose changed rows can be told by a key, with its column."""
        return self.incremental.inputs if self.incremental else self.sums or {}

    @property
    def tree(self) -> exp.Expr:
        """The SELECT, parsed; whoever changes it takes a copy."""
        return _parsed(self.select)

    @property
    def statement(self) -> str:
        """The SELECT as DuckDB runs it for a whole table: words are members of their enumeration from the start.

        The SELECT itself stays what any engine understands. Turning text into members afterwards would cost half of
        what it saves.
        """
        if not self.words:
            return self.select
        kinds = {
            word: "ENUM (" + ", ".join(f"'{other}'" for other in words) + ")"
            for words in self.words.values()
            for word in words
        }
        typed, end = [], 0
        for token in sqlglot.tokenize(self.select, read="duckdb"):
            if token.token_type is TokenType.STRING and token.text in kinds:
                typed += [self.select[end : token.start], f"CAST('{token.text}' AS {kinds[token.text]})"]
                end = token.end + 1
        return "".join([*typed, self.select[end:]])

    @property
    def upstream(self) -> frozenset[str]:
        """The ``schema.table`` names that the SELECT reads."""
        return _read_by(self.select)


# Parsing takes most of the time of loading, and a process loads the same files more than once.
@lru_cache(maxsize=1024)
def _parsed(select: str) -> exp.Expr:
    return sqlglot.parse_one(select, dialect="duckdb")


@lru_cache(maxsize=1024)
def _read_by(select: str) -> frozenset[str]:
    return frozenset(f"{table.db}.{table.name}" for table in _parsed(select).find_all(exp.Table) if table.db)


def read_model(path: Path) -> Model:
    """The model in one file. Raises ModelError, naming the file, when its header is not of the form."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    header = [line[2:].removeprefix(" ") for line in lines[: _header_length(lines)]]
    description: list[str] = []
    labels: dict[str, str] = {}
    metrics: dict[str, str] = {}
    columns: dict[str, str] = {}
    for line in header:
        if "Columns" in labels:
            if found := _COLUMN.match(line):
                if found[1] in columns:
                    raise ModelError(f"{path}: 'Columns:' lists {found[1]} twice")
                columns[found[1]] = found[2].strip()
            elif columns and line.startswith("   "):
                columns[next(reversed(columns))] += " " + line.strip()
            elif line.strip():
                raise ModelError(
                    f"{path}: {line!r} below 'Columns:' is neither '  name: text' nor its continuation"
                )
        elif found := _LABEL.match(line):
            if found[1] == "Metric":
                name, _, expression = found[2].partition("=")
                metrics[name.strip()] = expression.strip()
            else:
                labels[found[1]] = found[2].strip()
        elif labels and line.strip():
            last = next(reversed(labels))
            labels[last] = f"{labels[last]} {line.strip()}"
        else:
            description.append(line)
    if missing := {"Key", "Columns"} - labels.keys():
        raise ModelError(f"{path}: the header lacks {' and '.join(sorted(missing))}")
    return Model(
        path=path,
        schema=path.parent.name,
        name=path.stem,
        description="\n".join(description).strip(),
        key=tuple(part.strip() for part in labels["Key"].split(",")),
        group=labels.get("Group", path.parent.name),
        order=labels.get("Order", labels["Key"]),
        columns=columns,
        metrics=metrics,
        internal=labels.get("Internal", "no").lower() == "yes",
        constant=tuple(part.strip() for part in labels["Constant"].split(","))
        if "Constant" in labels
        else (),
        incremental=_incremental(path, labels["Incremental"]) if "Incremental" in labels else None,
        sums=_sums(path, labels["Sums"]) if "Sums" in labels else None,
        select="\n".join(lines[_header_length(lines) :]).strip().rstrip(";"),
        words=_words(path, labels["Words"], columns) if "Words" in labels else {},
    )


def load_models(root: Path = SQL_ROOT) -> dict[str, Model]:
    """Every model below a folder, by ``schema.name``, upstream before downstream. Raises ModelError."""
    models = {
        model.table: model
        for schema in SCHEMAS
        for path in sorted((root / schema).glob("*.sql"))
        if (model := read_model(path))
    }
    order = TopologicalSorter({name: models[name].upstream & models.keys() for name in models})
    ordered = list(order.static_order())
    models |= {table: replace(models[table], summed=columns) for table, columns in _summed(models).items()}
    return {name: models[name] for name in ordered}


def with_upstream(models: Mapping[str, Model], names: Iterable[str]) -> list[Model]:
    """The named models and everything they are built from, in order. An unknown name raises KeyError."""
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(models[name].upstream & models.keys())
    return [model for name, model in models.items() if name in wanted]


def _summed(models: Mapping[str, Model]) -> dict[str, frozenset[str]]:
    """Table → those of its columns that tables of sums read, its key among them."""
    found: dict[str, frozenset[str]] = {}
    for model in models.values():
        if model.sums is None:
            continue
        named = {column.name for column in model.tree.find_all(exp.Column)}
        for table, key in model.sums.items():
            if table in models:
                read = {key, *(named & models[table].columns.keys())}
                found[table] = found.get(table, frozenset()) | read
    return found


def _inputs(text: str | None) -> dict[str, str]:
    return dict(part.strip().rsplit(".", 1) for part in (text or "").split(",") if part)


def _sums(path: Path, text: str) -> dict[str, str]:
    found = _SUMS.match(text)
    if found is None:
        raise ModelError(f"{path}: 'Sums: {text}' is not 'from <table.column>, …'")
    return _inputs(found[1])


def _words(path: Path, text: str, columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        matched = _WORDS.match(part.strip())
        if matched is None or not set(matched[1].split(", ")) <= set(columns):
            raise ModelError(
                f"{path}: 'Words: {text}' is not '<column>, … = <word>, …; …' of its own columns"
            )
        words = tuple(matched[2].split(", "))
        if any(set(words) & set(other) for other in found.values()):
            raise ModelError(f"{path}: 'Words: {text}' has a word in two enumerations")
        found |= dict.fromkeys(matched[1].split(", "), words)
    return found


def _incremental(path: Path, text: str) -> Incremental:
    found = _INCREMENTAL.match(text)
    if found is None:
        raise ModelError(
            f"{path}: 'Incremental: {text}' is not '<column> [row <column>] from <table.column>, …'"
        )
    return Incremental(found[1], found[2], _inputs(found[3]))


def _header_length(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
