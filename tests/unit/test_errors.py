"""Every error that speaks to a person is built the same way: where, what, and what to do."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import pipelines
from pipelines.errors import LedgerError
from pipelines.ingest.dispositions import MappingError
from pipelines.ingest.landing_folder import LandingMistakenError
from pipelines.ingest.run import IngestError
from pipelines.publish.duckdb_file import RowsDifferError, UncommentedError
from pipelines.settings import SettingError
from pipelines.warehouse.connection import (
    LandingMissingError,
    WarehouseBusyError,
    WarehouseDamagedError,
    WarehouseNewerError,
)

HERE = Path("/ledger/here")


def test_a_message_puts_the_place_first_and_the_cure_last() -> None:
    assert str(LedgerError("what")) == "what"
    assert str(LedgerError("what", where="where")) == "where: what"
    assert str(LedgerError("what", where="where", cure="cure")) == "where: what; cure"


@pytest.mark.parametrize(
    ("error", "culprits"),
    [
        (
            SettingError("CONTACT_LEDGER_WATCH", "perhaps", "is neither on nor off", "write on or off"),
            ("CONTACT_LEDGER_WATCH='perhaps' is neither on nor off; write on or off",),
        ),
        (LandingMissingError(HERE), ("the landing folder /ledger/here does not", "CONTACT_LEDGER_LANDING")),
        (
            LandingMistakenError(HERE, list("abcdefg"), HERE / "below"),
            (
                "/ledger/here: ",
                "found: a, b, c, d, e and 2 more; ",
                "CONTACT_LEDGER_LANDING=/ledger/here/below?",
            ),
        ),
        (LandingMistakenError(HERE, ["a"], None), ("found: a; set CONTACT_LEDGER_LANDING to",)),
        (
            WarehouseBusyError(HERE, "python3 (PID 7)", 900),
            ("/ledger/here: still held by python3 (PID 7) after 900 s; wait",),
        ),
        (
            WarehouseDamagedError(HERE, "IO Error: why"),
            ("/ledger/here: cannot be read (IO Error: why); move",),
        ),
        (WarehouseNewerError(HERE, "IO Error: why"), ("/ledger/here: ", "(IO Error: why); ")),
        (
            IngestError("calls/a.json", read=3, accepted=1, superseded=0, rejected=1),
            ("calls/a.json: 3 rows read, 1 accepted, 0 superseded, 1 rejected; nothing was written",),
        ),
        (MappingError(HERE, "a,b,,d", "has no value"), ("here: a,b,,d: has no value; ",)),
        (
            RowsDifferError("core.attempts", expected=7, found=6),
            ("core.attempts: 7 rows in the warehouse, 6 in the published file; ",),
        ),
        (UncommentedError(["core.attempts.source", "a.b.c"]), ("a comment: core.attempts.source, a.b.c; ",)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, LedgerError) else "",
)
def test_an_error_names_its_culprits_and_what_to_do(error: LedgerError, culprits: tuple[str, ...]) -> None:
    assert [culprit for culprit in culprits if culprit not in str(error)] == []
    assert error.cure
    assert "\n" not in str(error)


def test_every_error_of_the_project_is_of_the_one_base_class() -> None:
    """An exception that steers a loop inside one module has no name that ends in Error."""
    found = {
        value
        for module in pkgutil.walk_packages(pipelines.__path__, "pipelines.")
        for value in vars(importlib.import_module(module.name)).values()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and value.__module__.startswith("pipelines.")
        and value.__name__.endswith("Error")
    }
    assert SettingError in found
    assert [error for error in found if not issubclass(error, LedgerError)] == []
