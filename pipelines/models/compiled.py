"""What loading the SQL files has found out, kept between processes as Python keeps compiled modules.

Belongs here: one file per kind of result in ``__pycache__``, with the key of what it was made from. Does not belong here:
what is kept (``sql_files``, ``lineage``).

Parsing and checking the SQL files takes a second, and finding the origins of their columns another. Both follow from the
texts of the files, the project's own code and the versions of SQLGlot, DuckDB and Python alone. If the folder cannot be
written, as in a read-only installation, each process finds everything out by itself.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from pipelines import sources
from pipelines.sources import SOURCES, Source

T = TypeVar("T")

_FOLDER = Path(__file__).with_name("__pycache__")
_KNOWN = {source.name: source for source in SOURCES}
_TRUSTED = ("pipelines.models.", "pathlib")
"""Modules whose classes may stand in a kept result."""


def kept(kind: str, texts: Iterable[str], make: Callable[[], T]) -> T:
    """Return what was kept of this kind for these texts, or make and keep it. Raises what ``make`` raises."""
    key = hashlib.sha256("\0".join([*_basis(), *texts]).encode()).hexdigest()[:20]
    path = _FOLDER / f"sql-{kind}.{key}.pickle"
    try:
        found: T = _Reader(io.BytesIO(path.read_bytes())).load()
    except (OSError, pickle.UnpicklingError, EOFError, AttributeError, KeyError, TypeError, ValueError):
        found = make()
        _keep(path, kind, found)
    return found


def _keep(path: Path, kind: str, found: object) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    kept_bytes = io.BytesIO()
    _Writer(kept_bytes, protocol=pickle.HIGHEST_PROTOCOL).dump(found)
    try:
        path.parent.mkdir(exist_ok=True)
        beside.write_bytes(kept_bytes.getvalue())
        os.replace(beside, path)
        for other in path.parent.glob(f"sql-{kind}.*.pickle"):
            if other != path:
                other.unlink(missing_ok=True)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@cache
def _basis() -> tuple[str, ...]:
    """Return what every result follows from, whatever the texts: code and versions."""
    code = [Path(__file__).parent, Path(sources.__file__).parent, Path(__file__).parent.parent / "warehouse"]
    files = sorted(path for folder in code for path in folder.glob("*.py"))
    packages = [f"{name} {version(name)}" for name in ("sqlglot", "duckdb")]
    return sys.version, *packages, *(path.read_text(encoding="utf-8") for path in files)


class _Writer(pickle.Pickler):
    def persistent_id(self, obj: Any) -> str | None:
        """Keep a source by its name."""
        return obj.name if isinstance(obj, Source) else None


class _Reader(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Source:
        """Return the source of that name."""
        return _KNOWN[pid]

    def find_class(self, module: str, name: str) -> Any:
        """Return a class that may be kept. Raises UnpicklingError for any other."""
        if module.startswith(_TRUSTED) or (module, name) == ("builtins", "frozenset"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not kept")
