"""Read a landing folder into records, one file after the other.

Belongs here: the containers that the sample uses (CSV, Parquet, JSON by the line or by the page; Airbyte, Singer, API
pages), and field names in one spelling. Does not belong here: what a field holds (``tables.py``).
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

Record = dict[str, Any]

EXTENSIONS = (".json", ".jsonl", ".ndjson", ".csv", ".parquet")
ENVELOPES = frozenset({"SCHEMA", "STATE", "ACTIVATE_VERSION", "LOG", "TRACE"})
"""Lines of a Singer or Airbyte file that speak of the transfer and hold no record."""


@dataclass
class File:
    """One landing file: its records, and the number of rows turned away, by reason.

    ``path`` is relative to the landing folder.
    """

    path: str
    source: str
    resource: str
    records: list[Record] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def table(self) -> str:
        """The raw table that the file's rows go to."""
        return f"{self.source}_{self.resource}"

    @property
    def rows_read(self) -> int:
        """Rows found in the file, turned away or not."""
        return len(self.records) + self.rejected.total()


def read_files(landing: Path) -> list[File]:
    """Every data file below ``<source>/<resource>/``, in the order of paths."""
    files = []
    for path in sorted(landing.rglob("*")):
        parts = path.relative_to(landing).parts
        if len(parts) > 2 and path.is_file() and _extension(path.name) in EXTENSIONS:
            files.append(_read(path, File("/".join(parts), parts[0], parts[1])))
    return files


def _extension(name: str) -> str:
    return Path(name.removesuffix(".gz").removesuffix(".zst")).suffix


def _read(path: Path, file: File) -> File:
    documents: Iterable[Any]
    if _extension(path.name) == ".csv":
        documents = pl.read_csv(path, infer_schema=False).to_dicts()
    elif _extension(path.name) == ".parquet":
        documents = pl.read_parquet(path).to_dicts()
    else:
        content = path.read_bytes()
        text = gzip.decompress(content) if path.suffix == ".gz" else content
        documents = _json(text.decode("utf-8-sig"), file)
    for document in documents:
        _unpack(document, file, contact=_contact_in(file.path))
    return file


def _json(text: str, file: File) -> Iterator[Any]:
    """The one JSON value of a text, or the values of its lines.

    A line that is no JSON counts as rejected. The lines after it that do not begin like a record are part of it.
    """
    try:
        yield json.loads(text)
    except json.JSONDecodeError:
        goes_on = False
        for line in filter(str.strip, text.split("\n")):
            try:
                yield json.loads(line)
                goes_on = False
            except json.JSONDecodeError:
                file.rejected["unreadable"] += line.startswith(("{", "[")) or not goes_on
                goes_on = True


def _contact_in(path: str) -> int | None:
    """LionDesk: the contact that a folder is named for."""
    found = re.search(r"(?:^|/)contacts/(\d+)/|(?:^|/)contact_id=(\d+)/", path)
    return int(found[1] or found[2]) if found else None


def _unpack(value: Any, file: File, contact: int | None) -> None:
    """Take the envelopes off one value and put the records in it into the file."""
    match value:
        case list():
            for item in value:
                _unpack(item, file, contact)
        case {"type": "RECORD", "record": {"stream": stream, "data": inner}}:  # Airbyte
            _of_stream(stream, inner, file, contact)
        case {"type": "RECORD", "stream": stream, "record": inner}:  # Singer
            _of_stream(stream, inner, file, contact)
        case {"type": kind, **rest} if kind in ENVELOPES and "id" not in rest:
            pass
        case {"_airbyte_data": inner}:
            _unpack(json.loads(inner) if isinstance(inner, str) else inner, file, contact)
        case {"contact_id": owner, "response": inner}:  # LionDesk, a page in a wrapper
            _unpack(inner, file, int(owner))
        case {"result": list() as inner, **rest} if "id" not in rest:  # VoIPBIN
            _unpack(inner, file, contact)
        case {"data": list() | dict() as inner, **rest} if "id" not in rest:  # LionDesk, JSON:API
            _unpack(inner, file, contact)
        case dict():
            file.records.append(_flat(value) | ({} if contact is None else {"contact_id": contact}))


def _of_stream(stream: str, inner: Any, file: File, contact: int | None) -> None:
    if _canonical(stream) == file.resource:
        _unpack(inner, file, contact)
    else:
        file.rejected["wrong_stream"] += 1


def _canonical(name: str) -> str:
    """A field's name in snake_case, without JSON:API's prefixes."""
    name = re.sub(r"^(attributes|relationships?)(__|\.|_)", "", name)
    name = re.sub(r"(__|\.|_)data(__|\.|_)id$", "_id", name)
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _flat(record: Record) -> Record:
    """A record as one level of canonical names, be it flat or a JSON:API resource."""
    flat: Record = {}
    for name, value in record.items():
        if name in ("attributes", "relationships") and isinstance(value, dict):
            flat |= _flat(value)
        else:
            flat[_canonical(name)] = value
    return flat
