"""The SQL files: reading what each says about its table, and checking it.

Belongs here: the form of a SQL file, and the order in which tables are built. Does not belong here: building them
(``incremental``), and any SQL of the domain. A new table is a new file below ``sql/``; nothing else changes.

A file is one comment block and one SELECT::

    -- One row per source + campaign: what was tried and who was reached.
    -- Key: source, campaign_key
    -- Example: Which campaigns reach fewer than 30 % of their targets?
    --   SELECT campaign_key FROM reports.some_rates WHERE contact_rate < 0.3
    SELECT
        source, -- the system
        campaign_key, -- `<source>:<native id or name>`
        -- targets_contacted / targets_attempted [share]
        targets_contacted / targets_attempted AS contact_rate
    FROM core.some_table

The comment above or behind a column is its description; the words in brackets at its end are its marks (``MARKS``).
``sql/<schema>/<name>.sql`` makes the table ``<schema>.<name>``. A table whose name begins with ``_`` is intermediate and
is not published. ``sql/sources/<system>/reports/<name>.sql`` makes ``reports.<name>``, a report that only this system
has.

The labels of the comment block, ``Key`` first:

- ``Key: <column>, ...``: the columns that name one row.
- ``Example: <question>``: a question, with its query on the lines below. Every published table has one.
- ``Group: <name>``: the group of the table's asset, if it is not the schema.
- ``Order: <column>, ...``: how the published table is sorted, if not by its key.
- ``Metric: <name> = <aggregate>``: a figure that Dagster plots over time. May be repeated.
- ``Incremental: <key> [from <table>, ...] [across <table>, ...]``: only the rows of changed keys are built again. The key
  is one of the table's columns, or ``hash(<text>)``, which is kept as a 64-bit number in a hidden column. The tables
  behind ``from`` are those whose rows belong to the same keys. The tables behind ``across`` are kept by another key, and
  have the columns of this one: a row of theirs that is added or removed changes the key that stands in it. With
  neither, the SELECT always runs over everything, and its result is compared with the table.
- ``Sums: from <table>, ...``: all columns besides the key are whole numbers that add up over the rows of these tables.
  The old contribution of changed keys is subtracted, and the new one is added.
- ``Each: sources.<kind>``: the SELECT runs for each source by itself, and the results are united. Ids keep their own
  types until they become text, and sort faster.
- ``Words: <column>, ... = <word>, ...; ...``: these columns are an enumeration in the warehouse. The published file
  holds text.

``known.<table>`` stands for the rows of ``raw.<table>`` in the version that was in force at the source's cut-off
(``known_rows``); a file that reads the raw table itself reads the latest versions.

``sources.attempts``, ``sources.campaigns`` and ``sources.targets`` stand for the union of the files of that name in
``sql/sources/<system>/``. These files give the columns of the contract (``pipelines.sources.FACTS``) by name, without
descriptions. Every file is checked when it is loaded: against the contract, against the tables and columns that it
reads, and against its own labels.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from pipelines.errors import LedgerError
from pipelines.models.compiled import kept
from pipelines.models.known_rows import known_rows
from pipelines.settings import ROOT
from pipelines.sources import FACTS, RESOURCES, SOURCES, Resource, Source
from pipelines.sql_text import literal, quoted
from pipelines.warehouse.tables import MACROS, create_schemas

SQL_ROOT = ROOT / "sql"
SCHEMAS = ("core", "replay", "compliance", "reports", "quality")

MARKS: Mapping[str, str] = {
    "share": "a part of a whole, 0 to 1",
    "difference": "a share minus a share, -1 to 1",
    "probability": "a p, 0 to 1",
    "ratio": "a quotient, 0 or more",
    "count": "a whole number of things",
    "seconds": "a length of time in seconds",
    "null": "may be null, even where it is part of the key",
    "constant": "has one value in all rows",
}
"""Mark at the end of a column's description → what it says of the column."""

PUBLISHED_MARKS = tuple(mark for mark in MARKS if mark != "constant")
"""The marks that stand in the published comments too; the others only tell how a table is built."""
_LABELS = ("Key", "Group", "Order", "Metric", "Example", "Incremental", "Sums", "Each", "Words")
_LABEL = re.compile(r"^([A-Z]\w+):\s*(.*)$")
_WORDS = re.compile(r"^(\w+(?:, \w+)*) = (\w+(?:, \w+)*)$")
_TABLES = r"from (\w+\.\w+(?:,\s*\w+\.\w+)*)"
_INCREMENTAL = re.compile(
    rf"^(?:(\w+)|hash\((.+?)\))(?: {_TABLES})?(?: across (\w+\.\w+(?:,\s*\w+\.\w+)*))?$"
)
_SUMS = re.compile(rf"^{_TABLES}$")
_FROM = re.compile(rf"^{_TABLES}$")
_MARKED = re.compile(r"^(.*?)((?:\s*\[[^\[\]]*\])*)$", re.DOTALL)

HASH_COLUMN = "_key"
"""The hidden column that holds a hashed key."""


class ModelError(LedgerError):
    """A SQL file does not keep to the form, or reads something that does not exist. Names the file and the line."""


_Fail = Callable[..., ModelError]
"""Makes the error of one file from what is wrong, the label whose line is wrong, and the cure."""


@dataclass(frozen=True, slots=True)
class Incremental:
    """The key by which a table's rows are built again, and the tables that it reads by the same key.

    ``expression`` is SQL over the table's own columns. ``is_hashed``: True if the key is the 64-bit hash of the
    expression, in a hidden column.
    """

    expression: str
    is_hashed: bool
    inputs: tuple[str, ...]
    across: tuple[str, ...] = ()
    """The tables that it reads by the same key, and that are kept by another."""

    @property
    def of_row(self) -> str:
        """SQL over the columns of a row: its key."""
        return f"hash({self.expression})" if self.is_hashed else self.expression

    @property
    def column(self) -> str:
        """The table's column that holds the key."""
        return HASH_COLUMN if self.is_hashed else self.expression


@dataclass(frozen=True)
class Branch:
    """One source's part of a union. ``inputs`` are the tables that it reads by the key of the whole table."""

    source: Source
    path: Path
    select: str
    inputs: tuple[str, ...]

    @cached_property
    def upstream(self) -> frozenset[str]:
        """The ``schema.table`` names that it reads."""
        return _read_by(self.select)


@dataclass(frozen=True)
class Model:
    """One SQL file: the table ``schema.name``, its description, its key, and its columns with their descriptions.

    What follows from the text is computed when it is first asked for, and kept.
    """

    path: Path
    schema: str
    name: str
    description: str
    key: tuple[str, ...]
    group: str
    order: str
    columns: Mapping[str, str]
    """Column → description, with its published marks at the end."""
    marks: Mapping[str, frozenset[str]]
    types: Mapping[str, str]
    """Column → DuckDB type."""
    metrics: Mapping[str, str]
    example: tuple[str, str] | None
    """A question, and the query that answers it."""
    incremental: Incremental | None
    sums: tuple[str, ...] | None
    """The tables whose rows are summed up; None if the table holds no sums."""
    select: str
    words: Mapping[str, tuple[str, ...]]
    """Column that is kept as an enumeration → its words."""
    is_for_each: bool = False
    """True if the SELECT runs for each source by itself."""
    unions: Mapping[str, tuple[Branch, ...]] = field(default_factory=dict)
    """``sources.<kind>`` that the SELECT reads → its branches."""
    summed: frozenset[str] = frozenset()
    """The columns of this table whose old values are kept when rows change: tables of sums read them, or they are the key
    of a table that reads this one across its own key."""

    @property
    def table(self) -> str:
        """``schema.name``."""
        return f"{self.schema}.{self.name}"

    @property
    def internal(self) -> bool:
        """True if the table is intermediate, so that it is not published."""
        return self.name.startswith("_")

    @cached_property
    def constant(self) -> tuple[str, ...]:
        """The columns that have one value in all rows."""
        return tuple(name for name, marks in self.marks.items() if "constant" in marks)

    @cached_property
    def keyed_inputs(self) -> frozenset[str]:
        """The tables that it reads by its key, those of its branches included."""
        own = (*self.incremental.inputs, *self.incremental.across) if self.incremental else self.sums or ()
        branches = (branch for union in self.unions.values() for branch in union)
        return (
            frozenset({*own, *(table for branch in branches for table in branch.inputs)}) - self.unions.keys()
        )

    def __getstate__(self) -> dict[str, Any]:
        # A tree takes longer to keep and to read again than to parse.
        return {name: value for name, value in vars(self).items() if name != "tree"}

    @cached_property
    def expanded(self) -> str:
        """The SELECT with the union of all sources' queries in place of every ``sources.<kind>``."""
        return self.expanded_with(
            {name: [branch.select for branch in union] for name, union in self.unions.items()}
        )

    def expanded_with(self, branches: Mapping[str, Sequence[str]]) -> str:
        """Return the SELECT with the union of these queries in place of every ``sources.<kind>``."""
        if self.is_for_each:
            ((name, queries),) = branches.items()
            parts = (_replace_tables(self.select, {name: query}) for query in queries)
            return "\nUNION ALL\n".join(f"SELECT * FROM (\n{part}\n) AS of_source" for part in parts)
        return _replace_tables(
            self.select, {name: "\nUNION ALL\n".join(queries) for name, queries in branches.items()}
        )

    @cached_property
    def tree(self) -> exp.Expr:
        """The expanded SELECT, parsed. It is shared: copy it before you change it."""
        return _parsed(self.expanded)

    @cached_property
    def statement(self) -> str:
        """The SELECT as DuckDB runs it for a whole table: its words are cast to their enumeration.

        ``select`` itself holds no such cast, so that any engine understands it. Casting the finished columns would cost
        half of what the enumeration saves.
        """
        select = self.expanded
        if not self.words:
            return select
        kinds = {
            word: "ENUM (" + ", ".join(f"'{other}'" for other in words) + ")"
            for words in self.words.values()
            for word in words
        }
        typed, end = [], 0
        for token in sqlglot.tokenize(select, read="duckdb"):
            if token.token_type is TokenType.STRING and token.text in kinds:
                typed += [select[end : token.start], f"CAST('{token.text}' AS {kinds[token.text]})"]
                end = token.end + 1
        return "".join([*typed, select[end:]])

    @cached_property
    def upstream(self) -> frozenset[str]:
        """The ``schema.table`` names that the SELECT reads."""
        return _read_by(self.expanded)


# Parsing takes most of the time of loading, and a process loads the same files several times.
@lru_cache(maxsize=1024)
def _parsed(select: str) -> exp.Expr:
    return sqlglot.parse_one(select, dialect="duckdb")


@lru_cache(maxsize=1024)
def _read_by(select: str) -> frozenset[str]:
    return frozenset(f"{table.db}.{table.name}" for table in _parsed(select).find_all(exp.Table) if table.db)


def load_models(root: Path = SQL_ROOT, sources: Sequence[Source] = SOURCES) -> dict[str, Model]:
    """Return every model below a folder, by ``schema.name``, upstream before downstream.

    Raises ModelError for the first file that does not keep to the form, and if tables are built from one another in a
    circle.
    """
    files = _table_files(root)
    paths = (*files.values(), *_fact_files(root, sources), *((root / "macros.sql"),) * (root == SQL_ROOT))
    texts = tuple(f"{path}\n{path.read_text(encoding='utf-8')}" for path in paths)
    # One process loads the same files many times, above all in tests.
    return dict(_load(root, tuple(sources), texts))


@lru_cache(maxsize=8)
def _load(root: Path, sources: tuple[Source, ...], texts: tuple[str, ...]) -> dict[str, Model]:
    if (root, sources) != (SQL_ROOT, SOURCES):
        return _read_all(root, sources)
    return kept("models", texts, lambda: _read_all(root, sources))


def _read_all(root: Path, sources: tuple[Source, ...]) -> dict[str, Model]:
    unions = _unions(root, sources)
    models = {}
    for table, path in _table_files(root).items():
        model = _read_model(path, table, root)
        used = {name: unions[name] for name in _read_by(model.select) if name in unions}
        models[table] = replace(model, unions=used)
    try:
        order = list(
            TopologicalSorter({name: models[name].upstream & models.keys() for name in models}).static_order()
        )
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise ModelError(
            f"tables are built from one another in a circle: {circle}",
            where="sql",
            cure="let one of them read other tables",
        ) from None
    models |= {table: replace(models[table], summed=columns) for table, columns in _summed(models).items()}
    resources = dict.fromkeys(
        [*RESOURCES, *(resource for source in sources for resource in source.resources)]
    )
    types = _check({name: models[name] for name in order}, unions, resources, root)
    found = {name: replace(models[name], types=types[name]) for name in order}
    for model in found.values():
        # Asked for once, they are kept with the model.
        for name in ("statement", "upstream"):
            getattr(model, name)
    return found


def read_model(path: Path, root: Path = SQL_ROOT) -> Model:
    """Return the model in one file below ``root``. What it reads is not checked.

    Raises ModelError if the file does not keep to the form.
    """
    return _read_model(path, _table_of(path, root), root)


def with_upstream(models: Mapping[str, Model], names: Iterable[str]) -> list[Model]:
    """Return the named models and everything they are built from, in order. Raises KeyError for an unknown name."""
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(models[name].upstream & models.keys())
    return [model for name, model in models.items() if name in wanted]


# --- files -------------------------------------------------------------------------------------------------------


def _table_files(root: Path) -> dict[str, Path]:
    own = [path for schema in SCHEMAS for path in sorted((root / schema).glob("*.sql"))]
    of_sources = sorted((root / "sources").glob("*/reports/*.sql"))
    found: dict[str, Path] = {}
    for path in (*own, *of_sources):
        table = _table_of(path, root)
        if table in found:
            raise ModelError(
                f"{table} is made by {_shown(found[table], root)} too",
                where=_shown(path, root),
                cure="rename one",
            )
        found[table] = path
    return found


def _table_of(path: Path, root: Path) -> str:
    is_of_source = path.relative_to(root).parts[0] == "sources"
    return f"{'reports' if is_of_source else path.parent.name}.{path.stem}"


def _fact_files(root: Path, sources: Iterable[Source]) -> list[Path]:
    """Return the existing files that give a source's facts."""
    places = [root / "sources" / source.name / f"{kind}.sql" for source in sources for kind in FACTS]
    return [path for path in places if path.is_file()]


def _shown(path: Path, root: Path, line: int | None = None) -> str:
    name = path.relative_to(root.parent).as_posix()
    return name if line is None else f"{name}:{line}"


# --- one file ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Header:
    """The parts of a comment block. ``lines``: label → its line, from 1. ``length``: lines of the block."""

    description: str
    labels: dict[str, str]
    lines: dict[str, int]
    metrics: dict[str, str]
    example: tuple[str, str] | None
    length: int


def _header(path: Path, root: Path, lines: list[str], allowed: Sequence[str]) -> _Header:
    length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    description: list[str] = []
    labels: dict[str, str] = {}
    numbers: dict[str, int] = {}
    metrics: dict[str, str] = {}
    question, query = "", []
    last = ""
    for number, line in enumerate(lines[:length], 1):
        text = line[2:].removeprefix(" ")
        found = _LABEL.match(text)
        if found is not None and (found[1] in allowed or labels):
            last = found[1]
            if last not in allowed:
                raise ModelError(
                    f"unknown label {last!r}", where=_shown(path, root, number), cure=_nearest(last, allowed)
                )
            if last == "Metric":
                name, _, expression = found[2].partition("=")
                metrics[name.strip()] = expression.strip()
            elif last == "Example":
                question = found[2].strip()
            else:
                labels[last] = found[2].strip()
            numbers[last] = number
        elif last == "Example" and text.strip():
            query.append(text.strip())
        elif last == "Metric" and text.strip():
            metrics[next(reversed(metrics))] += f" {text.strip()}"
        elif labels and text.strip():
            labels[last] = f"{labels[last]} {text.strip()}"
        else:
            description.append(text)
    example = (question, " ".join(query)) if question else None
    return _Header("\n".join(description).strip(), labels, numbers, metrics, example, length)


def _read_model(path: Path, table: str, root: Path) -> Model:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = _header(path, root, lines, _LABELS)
    labels = header.labels
    schema, _, name = table.partition(".")

    def fail(what: str, label: str | None = None, cure: str = "") -> ModelError:
        return ModelError(what, where=_shown(path, root, header.lines.get(label or "")), cure=cure)

    if "Key" not in labels:
        raise fail("the comment block has no 'Key:'", cure="name the columns that make one row")
    if header.example is None and not name.startswith("_"):
        raise fail(
            "the comment block has no 'Example:'",
            cure="write a question, and its query on the lines below it",
        )
    select = expand_known("\n".join(lines[header.length :]).strip().rstrip(";"))
    columns, marks = _columns(path, root, select, _offset(lines, header.length))
    key = tuple(part.strip() for part in labels["Key"].split(","))
    order = labels.get("Order", labels["Key"])
    for label, named in (("Key", key), ("Order", tuple(part.split()[0] for part in order.split(",")))):
        for column in named:
            if column not in columns:
                raise fail(
                    f"'{label}:' names {column!r}, which is no column", label, _nearest(column, columns)
                )
    return Model(
        path=path,
        schema=schema,
        name=name,
        description=header.description,
        key=key,
        group=labels.get("Group", schema),
        order=order,
        columns=columns,
        marks=marks,
        types={},
        metrics=header.metrics,
        example=header.example,
        incremental=_incremental(fail, labels["Incremental"]) if "Incremental" in labels else None,
        sums=_sums(fail, labels["Sums"]) if "Sums" in labels else None,
        select=select,
        words=_words(fail, labels["Words"], columns) if "Words" in labels else {},
        is_for_each="Each" in labels,
    )


def _offset(lines: list[str], header: int) -> int:
    """Return the number of lines before the first line of the SELECT."""
    return next(number for number, line in enumerate([*lines[header:], "end"], header) if line.strip())


def _incremental(fail: _Fail, text: str) -> Incremental:
    found = _INCREMENTAL.match(text)
    if found is None:
        raise fail(
            f"'Incremental: {text}' is not '<column> or hash(<text>) [from <table>, …] [across <table>, …]'",
            "Incremental",
        )
    return Incremental(found[1] or found[2], found[2] is not None, _listed(found[3]), _listed(found[4]))


def _sums(fail: _Fail, text: str) -> tuple[str, ...]:
    found = _SUMS.match(text)
    if found is None:
        raise fail(f"'Sums: {text}' is not 'from <table>, …'", "Sums")
    return _listed(found[1])


def _words(fail: _Fail, text: str, columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        matched = _WORDS.match(part.strip())
        if matched is None or not set(matched[1].split(", ")) <= set(columns):
            raise fail(f"'Words: {text}' is not '<column>, … = <word>, …; …' of its own columns", "Words")
        words = tuple(matched[2].split(", "))
        if any(set(words) & set(other) for other in found.values()):
            raise fail(f"'Words: {text}' has a word in two enumerations", "Words")
        found |= dict.fromkeys(matched[1].split(", "), words)
    return found


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


# --- columns -----------------------------------------------------------------------------------------------------


def _columns(
    path: Path, root: Path, select: str, offset: int
) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """Return the SELECT's columns in order: their descriptions, with published marks at the end, and their marks."""
    try:
        tree = _parsed(select)
    except SqlglotError as error:
        line = next((found["line"] for found in getattr(error, "errors", ()) if found.get("line")), 1)
        told = " ".join(str(error).split("\n")[0].split())
        raise ModelError(
            f"cannot be parsed: {told}", where=_shown(path, root, offset + line), cure="correct the SQL"
        ) from None
    if not isinstance(tree, exp.Query):
        raise ModelError(
            "is not a SELECT",
            where=_shown(path, root, offset + 1),
            cure="write one SELECT below the comment block",
        )
    items = _items(sqlglot.tokenize(select, read="duckdb"))
    names = tree.named_selects
    if len(items) != len(names) or "*" in names:
        raise ModelError(
            "the first SELECT of the result does not list its columns",
            where=_shown(path, root, offset + 1),
            cure="list them one by one, without *",
        )
    texts: dict[str, str] = {}
    marks: dict[str, frozenset[str]] = {}
    for name, (tokens, comma) in zip(names, items, strict=True):
        where = _shown(path, root, offset + tokens[0].line)
        # A comment behind a column stands behind its comma. Behind the last column, it stands behind its last word.
        behind = comma.comments if comma is not None else tokens[-1].comments if len(tokens) > 1 else []
        words = " ".join(part.strip() for part in (*tokens[0].comments, *behind)).strip()
        found = _MARKED.match(words)
        assert found is not None
        own = re.findall(r"\[([^\[\]]*)\]", found[2])
        for mark in own:
            if mark not in MARKS:
                raise ModelError(
                    f"unknown mark [{mark}] on column {name}", where=where, cure=_nearest(mark, MARKS)
                )
        if not found[1].strip():
            raise ModelError(
                f"column {name} has no description", where=where, cure="write one in a comment above it"
            )
        if name in texts:
            raise ModelError(f"two columns are called {name}", where=where, cure="rename one")
        published = [f"[{mark}]" for mark in own if mark in PUBLISHED_MARKS]
        texts[name] = " ".join([found[1].strip(), *published])
        marks[name] = frozenset(own)
    return texts, marks


def _items(tokens: list[Token]) -> list[tuple[list[Token], Token | None]]:
    """Return the items of the first SELECT list at the outermost level: their tokens, and the comma behind each."""
    opening, closing = (
        {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE},
        {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE},
    )
    depth, begun = 0, False
    items: list[tuple[list[Token], Token | None]] = []
    current: list[Token] = []
    for token in tokens:
        kind = token.token_type
        depth += (kind in opening) - (kind in closing)
        if not begun:
            begun = depth == 0 and kind is TokenType.SELECT
        elif depth == 0 and kind in (TokenType.FROM, TokenType.UNION, TokenType.WHERE):
            break
        elif depth == 0 and kind is TokenType.COMMA:
            items.append((current, token))
            current = []
        elif current or kind is not TokenType.DISTINCT:
            current.append(token)
    return [*items, (current, None)] if current else items


# --- sources -----------------------------------------------------------------------------------------------------


def _unions(root: Path, sources: Iterable[Source]) -> dict[str, tuple[Branch, ...]]:
    """Return the branches of each ``sources.<kind>``.

    Raises ModelError for a source whose module or whose ``attempts.sql`` is missing, for an ``attempts.sql`` of a source
    that has no attempts, and for a file that does not give the columns of the contract.
    """
    known = {source.name: source for source in sources}
    folder = root / "sources"
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if place.is_dir() and place.name not in known:
            module = f"pipelines/sources/{place.name}.py"
            raise ModelError(
                "is missing",
                where=module,
                cure=f"write it, or delete {_shown(place, root)}/, which gives facts of a source that no module describes",
            )
    for source in known.values():
        attempts = folder / source.name / "attempts.sql"
        module = f"pipelines/sources/{source.name}.py"
        if source.has_attempts and not attempts.is_file():
            raise ModelError(
                "is missing",
                where=f"sql/sources/{source.name}/attempts.sql",
                cure=f"write it, or say has_attempts=False in {module}",
            )
        if not source.has_attempts and attempts.is_file():
            raise ModelError(
                "gives attempts of a source that has none",
                where=f"sql/sources/{source.name}/attempts.sql",
                cure=f"delete it, or leave has_attempts=False out of {module}",
            )
    return {
        f"sources.{kind}": tuple(
            _branch(root, source, kind, path)
            for source in known.values()
            if (path := folder / source.name / f"{kind}.sql").is_file()
        )
        for kind in FACTS
    }


def _branch(root: Path, source: Source, kind: str, path: Path) -> Branch:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = _header(path, root, lines, ("Incremental",))
    select = expand_known("\n".join(lines[header.length :]).strip().rstrip(";"), source.resources)
    try:
        tree = _parsed(select)
    except SqlglotError as error:
        raise ModelError(
            f"cannot be parsed: {str(error).splitlines()[0]}",
            where=_shown(path, root),
            cure="correct the SQL",
        ) from None
    given = tree.named_selects if isinstance(tree, exp.Query) else []
    facts = {fact.name: fact for fact in FACTS[kind]}
    if missing := [name for name, fact in facts.items() if name not in given and not fact.optional]:
        raise ModelError(
            f"lacks the column {', '.join(missing)}",
            where=_shown(path, root),
            cure="add it, because the contract asks for it",
        )
    if foreign := [name for name in given if name not in facts]:
        raise ModelError(
            f"gives {', '.join(foreign)}, which the contract does not know",
            where=_shown(path, root),
            cure=_nearest(foreign[0], facts),
        )
    own = [f"{literal(source.name)} AS source"]
    inputs: tuple[str, ...] = ()
    if kind == "attempts" and (resource := source.attempts) is not None:
        measures = "TRUE" if source.measures_contact else "FALSE"
        own += [f"{literal(resource.name)} AS resource", f"{measures} AS measures_contact"]
        inputs = (resource.raw_table,)
    if "Incremental" in header.labels:
        found = _FROM.match(header.labels["Incremental"])
        if found is None:
            text = header.labels["Incremental"]
            raise ModelError(
                f"'Incremental: {text}' is not 'from <table>, …'",
                where=_shown(path, root, header.lines["Incremental"]),
            )
        inputs = _listed(found[1])
    own += [
        quoted(name) if name in given else f"CAST(NULL AS {fact.duckdb_type}) AS {quoted(name)}"
        for name, fact in facts.items()
    ]
    return Branch(source, path, f"SELECT {', '.join(own)} FROM (\n{select}\n) AS facts", inputs)


def expand_known(select: str, resources: Iterable[Resource] = RESOURCES) -> str:
    """Return the SELECT with its query in place of each ``known.<table>``. The lines stay the same."""
    return _replace_tables(select, known_rows(resources), "") if "known." in select else select


def _replace_tables(select: str, queries: Mapping[str, str], edge: str = "\n") -> str:
    """Return the SELECT with a query in parentheses in place of each named ``schema.table``, under the same alias.

    ``edge``: what stands between a parenthesis and the query.
    """
    if not queries:
        return select
    tokens = sqlglot.tokenize(select, read="duckdb")
    parts, end = [], 0
    for place in range(len(tokens) - 2):
        first, dot, last = tokens[place : place + 3]
        name = f"{first.text}.{last.text}"
        if dot.token_type is not TokenType.DOT or name not in queries:
            continue
        following = tokens[place + 3] if place + 3 < len(tokens) else None
        alias = (
            "" if following is not None and following.token_type is TokenType.ALIAS else f" AS {last.text}"
        )
        parts += [select[end : first.start], f"({edge}{queries[name]}{edge}){alias}"]
        end = last.end + 1
    return "".join([*parts, select[end:]])


def _summed(models: Mapping[str, Model]) -> dict[str, frozenset[str]]:
    """Return, for each table, those of its columns that tables of sums read, and the keys that stand in its rows."""
    found: dict[str, frozenset[str]] = {}
    for model in models.values():
        if model.incremental is not None:
            key = sqlglot.parse_one(model.incremental.expression, dialect="duckdb")
            named = {column.name for column in key.find_all(exp.Column)}
            for table in model.incremental.across:
                if table in models:
                    found[table] = found.get(table, frozenset()) | named
        if model.sums is None:
            continue
        named = {column.name for column in model.tree.find_all(exp.Column)}
        for table in model.sums:
            if table in models:
                found[table] = found.get(table, frozenset()) | (named & models[table].columns.keys())
    return found


# --- the check ---------------------------------------------------------------------------------------------------


def _check(
    models: Mapping[str, Model],
    unions: Mapping[str, tuple[Branch, ...]],
    resources: Iterable[Resource],
    root: Path,
) -> dict[str, dict[str, str]]:
    """Let DuckDB bind every SELECT over empty tables. Returns, by table, the DuckDB type of each column.

    Raises ModelError, with file and line, for a table or column that does not exist.
    """
    with duckdb.connect(config={"threads": 1}) as con:
        create_schemas(con, resources, macros if (macros := root / "macros.sql").is_file() else MACROS)
        con.execute("CREATE SCHEMA sources")
        for kind, facts in FACTS.items():
            own = [
                "source VARCHAR",
                *(["resource VARCHAR", "measures_contact BOOLEAN"] if kind == "attempts" else []),
            ]
            columns = ", ".join([*own, *(f"{quoted(fact.name)} {fact.duckdb_type}" for fact in facts)])
            con.execute(f"CREATE TABLE sources.{kind} ({columns})")
        branches = {branch.path: branch for union in unions.values() for branch in union}
        types: dict[str, dict[str, str]] = {}
        for model in models.values():
            types[model.table] = _bind(
                con, model.path, root, f"CREATE TABLE {model.schema}.{quoted(model.name)} AS", model.select
            )
        for path, branch in branches.items():
            _bind(
                con,
                path,
                root,
                "CREATE OR REPLACE TABLE sources.checked AS",
                expand_known(
                    "\n".join(path.read_text(encoding="utf-8").splitlines()[_select_line(path) :])
                    .rstrip()
                    .rstrip(";"),
                    branch.source.resources,
                ),
            )
        for model in models.values():
            _check_labels(con, model, root)
        return types


def _select_line(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))


def _bind(con: duckdb.DuckDBPyConnection, path: Path, root: Path, create: str, select: str) -> dict[str, str]:
    table = create.split()[-2]
    try:
        con.execute(f"{create}\n{select}\nWITH NO DATA")
    except duckdb.Error as error:
        raise _not_bound(path, root, error) from None
    return {name: kind for name, kind, *_ in con.sql(f"DESCRIBE {table}").fetchall()}


def _not_bound(path: Path, root: Path, error: duckdb.Error) -> ModelError:
    text = str(error)
    what = " ".join(text.partition("\n")[0].split())
    near = re.search(r"(?:Did you mean|Candidate bindings:|Candidate functions:)\s*(.+)", text)
    found = re.search(r"^LINE (\d+):", text, re.MULTILINE)
    line = _select_line(path) + int(found[1]) - 1 if found else None
    cure = "" if near is None else f"did you mean {near[1].strip().rstrip('?')}?"
    return ModelError(re.sub(r"^\w+ Error: ", "", what), where=_shown(path, root, line), cure=cure)


def _check_labels(con: duckdb.DuckDBPyConnection, model: Model, root: Path) -> None:
    """Check what the labels name: the key's expression, the metrics, the tables read by key, and the example's query.

    Raises ModelError for one that does not exist or does not run.
    """
    named = [("Incremental", model.incremental.expression)] if model.incremental else []
    named += [("Metric", expression) for expression in model.metrics.values()]
    for label, expression in named:
        try:
            con.sql(f"SELECT {expression} FROM {model.schema}.{quoted(model.name)}")
        except duckdb.Error as error:
            told = _not_bound(model.path, root, error)
            raise ModelError(
                f"'{label}: {expression}': {told.what}", where=_shown(model.path, root), cure=told.cure
            ) from None
    across = model.incremental.across if model.incremental else ()
    own = model.incremental.inputs if model.incremental else model.sums or ()
    for word, tables in (("from", own), ("across", across)):
        for table in tables:
            if table not in (model.upstream | model.unions.keys()):
                raise ModelError(
                    f"'{word} {table}' names a table that it does not read",
                    where=_shown(model.path, root),
                    cure=_nearest(table, model.upstream | model.unions.keys()),
                )
    for table in across:
        assert model.incremental is not None
        if table.startswith("raw.") or table in model.unions:
            raise ModelError(
                f"'across {table}' names a table of a source, whose changes are known by its own targets alone",
                where=_shown(model.path, root),
                cure="name a table that a SQL file makes, or leave it out: then everything is compared",
            )
        try:
            con.sql(f"SELECT {model.incremental.expression} FROM {table}")
        except duckdb.Error as error:
            told = _not_bound(model.path, root, error)
            raise ModelError(
                f"'across {table}': {told.what}", where=_shown(model.path, root), cure=told.cure
            ) from None
    if model.example is not None:
        try:
            con.sql(model.example[1])
        except duckdb.Error as error:
            told = _not_bound(model.path, root, error)
            raise ModelError(
                f"the query of 'Example:' fails: {told.what}", where=_shown(model.path, root), cure=told.cure
            ) from None
