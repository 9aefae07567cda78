"""The plan of the house, held: who knows Dagster, who knows a system, which way imports go, one word, said once.

Belongs here: what can be read off the tree. Does not belong here: what the code does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipelines
from pipelines.models.sql_files import load_models
from pipelines.settings import ROOT
from pipelines.sources import FACTS, SOURCES

CODE = sorted((ROOT / "pipelines").rglob("*.py"))
SQL = sorted((ROOT / "sql").rglob("*.sql"))
PAGE = sorted((ROOT / "pipelines" / "report" / "templates").iterdir())


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in it, with the line. ``from a import b`` counts as a.b if that is one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                inner = ROOT.joinpath(*node.module.split("."), name.name)
                is_module = inner.with_suffix(".py").exists() or inner.is_dir()
                yield (f"{node.module}.{name.name}" if is_module else node.module), node.lineno


# --- 1: Dagster ---------------------------------------------------------------------------------------------------


def test_dagster_is_known_in_three_places() -> None:
    allowed = ("pipelines/orchestration/", "pipelines/definitions.py", "pipelines/cli/terminal.py")
    knowing = [
        f"{shown(path)}:{line}"
        for path in CODE
        for name, line in imports(path)
        if name.partition(".")[0] in ("dagster", "dagster_webserver") and not shown(path).startswith(allowed)
    ]
    assert not knowing


# --- 2: systems ---------------------------------------------------------------------------------------------------


OWN_WORDS = {"house", "opted_out"}
"""Words of the ledger itself that are a source's name, or a field's: a rule's effect, and the kind of a mark."""


def words_of_systems() -> set[str]:
    """What only a system's own places may say: its name, its title, and names of its raw tables and their own fields."""
    words = {source.name for source in SOURCES} | {source.title for source in SOURCES}
    shared = {name for name, count in field_counts().items() if count > 1}
    for source in SOURCES:
        for resource in source.resources:
            words.add(resource.table)
            words |= {field.name for field in resource.fields if "_" in field.name} - shared
    # A column of the ledger's own tables may have the name of the field that it comes from, and so may a fact.
    words -= {column for model in load_models().values() for column in model.columns}
    words -= {fact.name for facts in FACTS.values() for fact in facts}
    return words - OWN_WORDS


def field_counts() -> dict[str, int]:
    counts: dict[str, int] = {}
    for source in SOURCES:
        for name in {field.name for resource in source.resources for field in resource.fields}:
            counts[name] = counts.get(name, 0) + 1
    return counts


def test_a_system_is_known_in_its_two_places() -> None:
    words = re.compile(r"(?<![\w])(" + "|".join(sorted(map(re.escape, words_of_systems()))) + r")(?![\w])")
    own = tuple(f"pipelines/sources/{source.name}.py" for source in SOURCES)
    # The replay is the dialer's own. The examples are questions to a real ledger.
    allowed = (*own, "sql/sources/", "sql/replay/", "sql/examples.sql")
    found = [
        f"{shown(path)}:{number}: {match[0]}"
        for path in (*CODE, *SQL, *PAGE)
        if not shown(path).startswith(allowed)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in words.finditer(line)
    ]
    assert not found, "\n".join(found)


def test_a_systems_own_files_speak_of_no_other() -> None:
    found = []
    for source in SOURCES:
        others = [other for other in SOURCES if other is not source]
        words = re.compile(
            r"(?<!\w)(" + "|".join(re.escape(w) for o in others for w in (o.name, o.title)) + r")(?!\w)"
        )
        for path in (
            ROOT / "pipelines" / "sources" / f"{source.name}.py",
            *(ROOT / "sql" / "sources" / source.name).rglob("*.sql"),
        ):
            found += [f"{shown(path)}: {m[0]}" for m in words.finditer(path.read_text(encoding="utf-8"))]
    assert not found


# --- 3: imports ---------------------------------------------------------------------------------------------------


def stated_order() -> dict[str, int]:
    """Package or module below ``pipelines`` → its line in the order that the package's docstring states."""
    lines = [line.split() for line in (pipelines.__doc__ or "").splitlines() if line.startswith("    ")]
    return {name: place for place, names in enumerate(lines) for name in names}


def test_the_order_names_every_room() -> None:
    rooms = {path.relative_to(ROOT / "pipelines").parts[0].removesuffix(".py") for path in CODE}
    assert rooms - {"__init__"} == stated_order().keys()


def test_imports_go_one_way() -> None:
    order = stated_order()
    wrong = []
    for path in CODE:
        parts = path.relative_to(ROOT / "pipelines").with_suffix("").parts
        if parts == ("__init__",):
            continue
        for name, line in imports(path):
            if name.startswith("pipelines."):
                other = name.split(".")[1]
                if order[other] > order[parts[0]] or (order[other] == order[parts[0]] and other != parts[0]):
                    wrong.append(f"{shown(path)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_no_module_is_in_a_circle() -> None:
    """Within a room too. Imports inside functions count: they are circles that wait."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in CODE
    }
    graph = {
        name: {other for other, _ in imports(path) if other in modules and other != name}
        for name, path in modules.items()
    }
    # A package's own __init__ gathers its modules; they do not import it back.
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


# --- 4: one word --------------------------------------------------------------------------------------------------

RETIRED = (
    "told_apart bring glance careful sorry heeded settle announce restricted followed_by fail_the_dead sign books "
    "closing misspelt building personal processes home console"
).split()
"""Names that were replaced: a thing has one name."""


def identifiers(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
    yield path.stem


def test_no_retired_name_is_in_use() -> None:
    found = [
        f"{shown(path)}: {name}"
        for path in CODE
        for name in identifiers(path)
        if name.strip("_").lower() in RETIRED
    ]
    assert not found


GLOSSARY = re.findall(
    r"^\| (?!word )([^|]+) \| ([^|]+) \| ([^|]+) \|$",
    (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Glossary")[2].partition("\n## ")[0],
    re.MULTILINE,
)
"""Word, what it means, what it is not called."""


def test_the_glossary_says_each_word_once() -> None:
    words = [word.strip() for entry, _, _ in GLOSSARY for word in entry.split(",")]
    assert len(words) > 60
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    "word", ["lead", "conversion", "survival", "watermark", "dashboard", "books", "stray", "ghost", "PII"]
)
def test_a_word_that_is_not_used_for_a_thing_is_in_no_name(word: str) -> None:
    """Of the glossary's last column: words that stand for nothing else in this house."""
    assert any(word in refused for _, _, refused in GLOSSARY), word
    names = {name.lower() for path in CODE for name in identifiers(path)} | {path.stem for path in SQL}
    assert not [name for name in names if word.lower() in name.split("_")]


# --- 5: said once -------------------------------------------------------------------------------------------------


def test_a_formula_is_a_macro() -> None:
    """The constants of Wilson's interval stand in the macros alone; so does the design effect's variance."""
    constants = ("1.95996398", "1.92072941", "3.84145882", "0.96036470")
    found = [
        f"{shown(path)}: {constant}"
        for path in (*CODE, *SQL)
        for constant in constants
        if path.name != "macros.sql" and constant in path.read_text(encoding="utf-8")
    ]
    assert not found
    assert not [shown(path) for path in SQL if path.name != "macros.sql" and "sum_xx - 2" in path.read_text()]


def test_meaning_is_not_read_out_of_prose() -> None:
    """Marks say what a column is: no code looks for words in a description."""
    found = [shown(path) for path in CODE if "0..1" in path.read_text(encoding="utf-8")]
    assert not found


def test_a_setting_has_one_default() -> None:
    numbers: dict[object, list[int]] = {}
    for node in ast.walk(ast.parse((ROOT / "pipelines" / "settings.py").read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Constant)
            and type(node.value) is int
            and node.value > 99
            and node.value != 9999
        ):
            numbers.setdefault(node.value, []).append(node.lineno)
    assert {number: lines for number, lines in numbers.items() if len(lines) > 1} == {}


def test_a_description_stands_beside_its_column_alone() -> None:
    """No SQL file has a list of columns apart from its SELECT."""
    assert not [shown(path) for path in SQL if re.search(r"^-- Columns:", path.read_text(), re.MULTILINE)]
