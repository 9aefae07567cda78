"""The report package keeps to its plan: it states no figure of its own and knows no system.

Belongs here: what can be told from the package's files. Does not belong here: what a page looks like (tests/ui).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from pipelines.report import templates
from pipelines.report.chapters import CHAPTERS
from pipelines.report.page import TEMPLATES
from pipelines.settings import ROOT
from pipelines.sources import RESOURCES, SOURCES
from tests.unit.test_house import OWN_WORDS

PACKAGE = ROOT / "pipelines" / "report"
MODULES = sorted(PACKAGE.rglob("*.py"))
FILES = [*MODULES, *sorted(TEMPLATES.iterdir())]

FIGURES_IN_SQL = re.compile(
    r"\b(group\s+by|having|over\s*\(|union|join)\b|\b(sum|count|avg|min|max|median|quantile\w*|arg_m\w+|bool_\w+)\s*\(",
    re.IGNORECASE,
)
FIGURES = {"sum", "fsum", "Counter", "mean", "median", "max", "min", "abs", "statistics"}
ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
DISPLAY = {"text.py": "rounding for display", "charts": "geometry"}
"""Modules that may compute, and what."""
LAYOUT = {"_is_large"}
"""Functions that weigh how much markup there is."""


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def computed(tree: ast.AST) -> Iterator[str]:
    """Arithmetic, and functions that make one figure of several."""
    if isinstance(tree, ast.FunctionDef) and tree.name in LAYOUT:
        return
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ARITHMETIC):
        yield f"line {tree.lineno}: {ast.unparse(tree)}"
    if isinstance(tree, ast.Name | ast.Attribute):
        found = tree.id if isinstance(tree, ast.Name) else tree.attr
        if found in FIGURES:
            yield f"line {tree.lineno}: {found}"
    for child in ast.iter_child_nodes(tree):
        yield from computed(child)


def summed(tree: ast.AST) -> list[str]:
    return [
        f"line {call.lineno}: {ast.unparse(call)}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"sum", "Counter"}
    ]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_query_makes_a_figure(path: Path) -> None:
    texts = [
        found.value
        for found in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(found, ast.Constant) and isinstance(found.value, str)
    ]
    queries = [text for text in texts if re.search(r"\b(SELECT|ORDER BY|WHERE)\b", text)]
    catalogue = "duckdb_"  # which tables there are, of several kinds
    assert [query for query in queries if FIGURES_IN_SQL.search(query) and catalogue not in query] == []


def test_no_section_makes_a_figure() -> None:
    sections = [section for chapter in CHAPTERS for section in chapter.sections]
    said = [words for section in sections for words in (section.where, section.order)]
    said += [words for section in sections for each in section.cautions for words in (each.where, each.order)]
    assert [words for words in said if FIGURES_IN_SQL.search(words)] == []
    assert [words for words in said if re.search(r"[-+*/%]", words)] == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_computes_a_figure(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if name(path).partition("/")[0] in DISPLAY:
        assert summed(tree) == []
    else:
        assert list(computed(tree)) == []


def test_no_template_computes_a_figure() -> None:
    environment = templates()
    for file in environment.list_templates(extensions=["html"]):
        tree = environment.parse((TEMPLATES / file).read_text(encoding="utf-8"))
        # Every second tick is the charts' own.
        kinds = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Pow)
        assert [f"{file}:{found.lineno}" for kind in kinds for found in tree.find_all(kind)] == []
        assert not {found.name for found in tree.find_all(nodes.Filter)} & {"sum", "max", "min"}, file


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_system_is_named(path: Path) -> None:
    systems = {resource.source for resource in RESOURCES} | {source.title for source in SOURCES}
    words = path.read_text(encoding="utf-8").casefold()
    assert [system for system in systems - OWN_WORDS if system.casefold() in words] == []


def test_every_section_has_a_place_of_its_own() -> None:
    for chapter in CHAPTERS:
        ids = [section.id for section in chapter.sections]
        assert len(set(ids)) == len(ids), chapter.place
    of_the_page = [
        section.id for chapter in CHAPTERS if chapter.place != "campaign" for section in chapter.sections
    ]
    assert len(set(of_the_page)) == len(of_the_page)
