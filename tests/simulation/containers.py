"""The containers of the sample's files, and how the systems write times.

Belongs here: bytes, gzip, CSV, JSON lines, Parquet. Does not belong here: what stands in them (`landing.py`, `lists.py`).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tests.simulation.dialer import to_datetime


class Folder:
    """The folder to fill. Writes bytes, gzipped when the name ends in `.gz`, and keeps the list of what it wrote."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written: dict[str, int] = {}

    def write(self, name: str, content: bytes) -> None:
        """Write one file."""
        if name.endswith(".gz"):
            packed = io.BytesIO()
            with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
                stream.write(content)
            content = packed.getvalue()
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.written[name] = len(content)

    def json(self, name: str, value: Any, indent: int | None = None) -> None:
        """Write one JSON document."""
        self.write(name, (dumps(value, indent) + "\n").encode())

    def lines(self, name: str, values: Iterable[Any]) -> None:
        """One JSON text a line; a string is written as it is."""
        self.write(
            name,
            "".join(f"{value if isinstance(value, str) else dumps(value)}\n" for value in values).encode(),
        )

    def csv(self, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write flat rows; what is None is an empty field."""
        self.write(name, csv_text(columns, rows).encode())

    def frame(self, name: str, frame: pl.DataFrame) -> None:
        """Parquet, or CSV packed with zstd."""
        packed = io.BytesIO()
        if name.endswith(".parquet"):
            frame.write_parquet(packed, compression="zstd", compression_level=9, statistics=False)
        else:
            frame.write_csv(packed, compression="zstd", check_extension=False)
        self.write(name, packed.getvalue())


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON as compact as can be, or indented; text as it is, not escaped."""
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=(",", ": " if indent else ":"))


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], end: str = "\n") -> str:
    """Flat rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator=end, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def chunks(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """The rows in pages of a size; one empty page when there are none."""
    return [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]


def iso(at: int | None) -> str | None:
    """`2026-10-06T16:00:00.5Z`: a T, a Z, zeros trimmed."""
    value = to_datetime(at)
    if value is None:
        return None
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def spaced(at: int | None) -> str | None:
    """`2026-10-06 16:00:00.500000`: a space, no zone, six digits."""
    value = to_datetime(at)
    return None if value is None else value.strftime("%Y-%m-%d %H:%M:%S.%f")


def millis(at: int | None) -> str | None:
    """`2026-10-06T16:00:00.500Z`, as JavaScript writes it."""
    value = to_datetime(at)
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
