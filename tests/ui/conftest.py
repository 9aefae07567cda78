"""What the browser tests of the page share: a published file, its page, and a browser that must stay silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.report import write_report
from tests.ui.published_file import write_published

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("published") / "contact_ledger.duckdb")


@pytest.fixture(scope="session")
def report(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(published, tmp_path_factory.mktemp("report"))


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page that must ask for nothing but its own file and print nothing on the console."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    yield page
    assert {url.partition("#")[0] for url in asked if not url.startswith("blob:")} <= {
        page.url.partition("#")[0]
    }
    assert not said
