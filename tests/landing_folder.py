"""A landing folder for tests of ingest: files in every shape that tools write, and what became of their rows.

Belongs here: writing and reading back. Does not belong here: any expectation.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import fastavro
import openpyxl
import polars as pl
import zstandard

from pipelines.ingest import IngestResult, ingest
from pipelines.ingest import run as ingest_run
from pipelines.ingest.files import LandingFolder
from pipelines.sources import RESOURCE
from pipelines.sql_text import quoted
from tests.support import fetch, new_warehouse

Row = dict[str, Any]
Writer = Callable[[Sequence[Row]], bytes]


class Landing:
    """A landing folder, a work folder and a warehouse in memory, for one resource."""

    large = False
    """Treat every file as a large one: read alone, and loaded by a guess while the survey is under way."""
    apart = False
    """Read every file by itself, as one that is the only new file of its run."""

    def __init__(self, folder: Path, resource: str) -> None:
        self.resource = RESOURCE[resource]
        self.path = folder / "landing"
        self.work = folder / "work"
        self.folder = self.path / self.resource.source / self.resource.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.con = new_warehouse(threads=2)

    def put(self, name: str, content: bytes | str) -> Path:
        """Write a file below the resource's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self) -> IngestResult:
        """Ingest what is new."""
        with (
            mock.patch.object(ingest_run, "_SMALL", -1 if self.large else ingest_run._SMALL),
            mock.patch.object(ingest_run, "_TOGETHER", 1 if self.apart else ingest_run._TOGETHER),
        ):
            return ingest(self.con, self.resource, LandingFolder(self.path), self.work)

    def rows(self) -> list[Row]:
        """The raw table by content, without the file each row came from."""
        return fetch(
            self.con, f"SELECT * EXCLUDE (_file_id) FROM raw.{quoted(self.resource.table)} ORDER BY ALL"
        )

    def columns(self, *names: str) -> list[tuple[Any, ...]]:
        """These columns of the raw table, sorted by the first."""
        listed = ", ".join(map(quoted, names))
        return self.con.sql(f"SELECT {listed} FROM raw.{quoted(self.resource.table)} ORDER BY ALL").fetchall()

    def files(self) -> dict[str, tuple[int, int, int, int]]:
        """File name within the resource's folder → rows read, accepted, superseded, rejected; the last version."""
        start = len(f"{self.resource.source}/{self.resource.name}/")
        return {
            row[0][start:]: row[1:]
            for row in self.con.sql(
                "SELECT file, rows_read, rows_accepted, rows_superseded, rows_rejected FROM landing.files ORDER BY file_id"
            ).fetchall()
        }

    def shapes(self) -> dict[str, str]:
        """File name → the shape that was recognized."""
        start = len(f"{self.resource.source}/{self.resource.name}/")
        return {
            row[0][start:]: row[1] for row in self.con.sql("SELECT file, shape FROM landing.files").fetchall()
        }

    def rejected(self, name: str | None = None) -> list[tuple[int, str]]:
        """Position and reason of every rejected row; of the named file's, if one is named."""
        return self.con.execute(
            "SELECT position, reason FROM landing.rejected_rows WHERE file = $file OR $file IS NULL "
            "ORDER BY file, position",
            {"file": name and f"{self.resource.source}/{self.resource.name}/{name}"},
        ).fetchall()

    def wrong(self) -> list[tuple[str, str | None, str | None]]:
        """Reason, field and value of every rejected row."""
        return self.con.sql(
            'SELECT reason, field, "value" FROM landing.rejected_rows ORDER BY file, position'
        ).fetchall()

    def notices(self, code: str) -> list[tuple[str | None, str | None, int]]:
        """Field, value and number of rows of every notice of that code."""
        return self.con.execute(
            'SELECT field, "value", "rows" FROM landing.notices WHERE code = ? ORDER BY ALL', [code]
        ).fetchall()

    def law(self) -> None:
        """Rows read = accepted + superseded + rejected by file, and all the accepted are in the table."""
        assert all(read == sum(rest) and min(rest) >= 0 for read, *rest in self.files().values()), (
            self.files()
        )
        accounts = self.con.sql("""
            SELECT file_id, rows_accepted, rows_rejected FROM landing.files ORDER BY file_id""").fetchall()
        kept = dict(
            self.con.sql(
                f"SELECT _file_id, count(*) FROM raw.{quoted(self.resource.table)} GROUP BY ALL"
            ).fetchall()
        )
        refused = dict(
            self.con.sql("SELECT file_id, count(*) FROM landing.rejected_rows GROUP BY ALL").fetchall()
        )
        assert accounts == [(number, kept.get(number, 0), refused.get(number, 0)) for number, *_ in accounts]


def lines(rows: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def array(rows: Sequence[Row]) -> bytes:
    return json.dumps(list(rows)).encode()


def pretty_array(rows: Sequence[Row]) -> bytes:
    return json.dumps(list(rows), indent=2, ensure_ascii=False).encode()


def documents(rows: Sequence[Row]) -> bytes:
    return "\n".join(json.dumps(row, indent=2) for row in rows).encode()


def singer(stream: str) -> Writer:
    def write(rows: Sequence[Row]) -> bytes:
        schema = {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}, "key_properties": ["id"]}
        records = [{"type": "RECORD", "stream": stream, "record": row} for row in rows]
        return lines([schema, *records, {"type": "STATE", "value": {"bookmarks": {}}}])

    return write


def airbyte(stream: str) -> Writer:
    def write(rows: Sequence[Row]) -> bytes:
        log = {"type": "LOG", "log": {"level": "INFO", "message": "started"}}
        records = [
            {"type": "RECORD", "record": {"stream": stream, "data": row, "emitted_at": 1772000000000}}
            for row in rows
        ]
        return lines([log, *records, {"type": "STATE", "state": {"type": "STREAM"}}])

    return write


def airbyte_bare(stream: str) -> Writer:
    return lambda rows: lines([{"stream": stream, "data": row, "emitted_at": 1772000000000} for row in rows])


def _airbyte_columns(number: int) -> Row:
    return {
        "_airbyte_raw_id": f"raw-{number}",
        "_airbyte_extracted_at": "2026-02-01T00:00:00Z",
        "_airbyte_meta": "{}",
    }


def airbyte_raw(rows: Sequence[Row]) -> bytes:
    return lines([{**_airbyte_columns(i), "_airbyte_data": row} for i, row in enumerate(rows)])


def airbyte_raw_text(rows: Sequence[Row]) -> bytes:
    return lines([{**_airbyte_columns(i), "_airbyte_data": json.dumps(row)} for i, row in enumerate(rows)])


def airbyte_raw_csv(rows: Sequence[Row]) -> bytes:
    return to_csv([{**_airbyte_columns(i), "_airbyte_data": json.dumps(row)} for i, row in enumerate(rows)])


def airbyte_raw_parquet(rows: Sequence[Row]) -> bytes:
    return to_parquet(
        [{**_airbyte_columns(i), "_airbyte_data": json.dumps(row)} for i, row in enumerate(rows)]
    )


def airbyte_flat(rows: Sequence[Row]) -> bytes:
    return lines([{**_airbyte_columns(i), **row} for i, row in enumerate(rows)])


def page(rows: Sequence[Row]) -> bytes:
    """A page of the dialer's list."""
    return json.dumps({"result": list(rows), "next_page_token": "2022-04-29 07:01:45.808944"}).encode()


def _flat(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else value


def to_csv(rows: Sequence[Row], delimiter: str = ",", newline: str = "\n") -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO(newline="")
    # Python leaves a lone carriage return without quotes, which no reader could tell from the end of a line.
    risky = any("\r" in str(value) for row in rows for value in row.values())
    writer = csv.writer(
        out,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if risky else csv.QUOTE_MINIMAL,
    )
    writer.writerow(names)
    writer.writerows([_flat(row.get(name)) for name in names] for row in rows)
    return out.getvalue().encode()


def to_parquet(rows: Sequence[Row]) -> bytes:
    """Flat columns; objects and lists as JSON text."""
    out = io.BytesIO()
    flat = [
        {name: _flat(value) if isinstance(value, dict | list) else value for name, value in row.items()}
        for row in rows
    ]
    pl.DataFrame(flat, infer_schema_length=None, strict=False).write_parquet(out)
    return out.getvalue()


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def is_relation(name: str) -> bool:
    """True if a field of Outreach is the id of another record."""
    return any(
        field.name == name and field.relation is not None
        for resource in RESOURCE.values()
        if resource.source == "outreach"
        for field in resource.fields
    )


def resource_object(kind: str, row: Mapping[str, Any]) -> Row:
    """A flat row of Outreach as a JSON:API resource: ``…_id`` columns become relationships."""
    attributes = {camel(k): v for k, v in row.items() if k != "id" and not is_relation(k)}
    relationships = {
        camel(k.removesuffix("_id")): {
            "data": None if v is None else {"id": v, "type": camel(k.removesuffix("_id"))}
        }
        for k, v in row.items()
        if is_relation(k)
    }
    return {"type": kind, "id": row.get("id"), "attributes": attributes, "relationships": relationships}


def jsonapi(kind: str, *, bare: bool = False) -> Writer:
    def write(rows: Sequence[Row]) -> bytes:
        document: Row = {"data": [resource_object(kind, row) for row in rows]}
        if not bare:
            document["links"] = {"next": None}
            document["included"] = [{"type": "user", "id": 1, "attributes": {"name": "somebody"}}]
        return json.dumps(document).encode()

    return write


def jsonapi_lines(kind: str) -> Writer:
    return lambda rows: lines([resource_object(kind, row) for row in rows])


def flattened(joint: str, write: Writer) -> Writer:
    """Column names as tools flatten a JSON:API resource: ``attributes__answeredAt``, ``relationships.user.data.id``."""

    def rename(name: str) -> str:
        if name == "id":
            return name
        if is_relation(name):
            return joint.join(("relationships", camel(name.removesuffix("_id")), "data", "id"))
        return joint.join(("attributes", camel(name)))

    return lambda rows: write([{rename(name): value for name, value in row.items()} for row in rows])


def gz(write: Writer) -> Writer:
    return lambda rows: gzip.compress(write(rows))


def zst(write: Writer) -> Writer:
    return lambda rows: zstandard.ZstdCompressor(write_checksum=True).compress(write(rows))


def zipped(write: Writer) -> Writer:
    """An archive with one file for each half of the rows."""

    def pack(rows: Sequence[Row]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/first", write(rows[: len(rows) // 2]))
            archive.writestr("a/second", write(rows[len(rows) // 2 :]))
        return out.getvalue()

    return pack


def to_workbook(rows: Sequence[Row]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([str(_flat(value)) for value in row.values()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_avro(codec: str) -> Writer:
    """Flat columns of text, in blocks of a row or two."""

    def write(rows: Sequence[Row]) -> bytes:
        fields = [{"name": name, "type": "string"} for name in rows[0]]
        schema = {"type": "record", "name": "row", "fields": fields}
        out = io.BytesIO()
        texts = [{name: str(_flat(value)) for name, value in row.items()} for row in rows]
        fastavro.writer(out, schema, texts, codec=codec, sync_interval=100)
        return out.getvalue()

    return write


def to_sqlite(rows: Sequence[Row]) -> bytes:
    with sqlite3.connect(":memory:") as con:
        con.execute(f"CREATE TABLE t ({', '.join(map(quoted, rows[0]))})")
        values = [[_flat(value) for value in row.values()] for row in rows]
        con.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", values)
        content = con.serialize()
    con.close()
    return content


def to_duckdb(rows: Sequence[Row]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect(f"{folder}/a.duckdb") as con:
            con.execute(f"CREATE TABLE t ({', '.join(f'{quoted(name)} VARCHAR' for name in rows[0])})")
            values = [[str(_flat(value)) for value in row.values()] for row in rows]
            con.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", values)
        return Path(f"{folder}/a.duckdb").read_bytes()


CONTAINERS: dict[str, Writer] = {
    "lines.zip": zipped(lines),
    "packed.zip": zipped(gz(to_csv)),
    "lines.ndjson.bz2": lambda rows: bz2.compress(lines(rows)),
    "lines.ndjson.xz": lambda rows: lzma.compress(lines(rows)),
    "table.csv.gz.gz": gz(gz(to_csv)),
    "table.xlsx": to_workbook,
    "plain.avro": to_avro("null"),
    "snappy.avro": to_avro("snappy"),
    "deflate.avro": to_avro("deflate"),
    "table.sqlite": to_sqlite,
    "table.duckdb": to_duckdb,
}
"""Every container that is no text, by a name with its suffix."""


def shapes_of(resource: str) -> dict[str, Writer]:
    """Every shape in which the resource's rows (flat, canonical names) may come, by a name with its suffix."""
    name = resource.partition(".")[2]
    shapes: dict[str, Writer] = {
        "lines.ndjson": lines,
        "array.json": array,
        "pretty.json": pretty_array,
        "documents.json": documents,
        "table.csv": to_csv,
        "semicolons.csv": lambda rows: to_csv(rows, ";"),
        "crlf.csv": lambda rows: to_csv(rows, newline="\r\n"),
        "table.parquet": to_parquet,
        "singer.jsonl": singer(name),
        "airbyte.jsonl": airbyte(name),
        "airbyte_bare.jsonl": airbyte_bare(name),
        "airbyte_raw.jsonl": airbyte_raw,
        "airbyte_raw_text.jsonl": airbyte_raw_text,
        "airbyte_raw.csv": airbyte_raw_csv,
        "airbyte_raw.parquet": airbyte_raw_parquet,
        "airbyte_flat.jsonl": airbyte_flat,
        "camel.ndjson": lambda rows: lines([{camel(k): v for k, v in row.items()} for row in rows]),
        "upper.csv": lambda rows: to_csv([{k.upper(): v for k, v in row.items()} for row in rows]),
        "bom.ndjson": lambda rows: b"\xef\xbb\xbf" + lines(rows),
        "bom.csv": lambda rows: b"\xef\xbb\xbf" + to_csv(rows),
        "lines.ndjson.gz": gz(lines),
        "lines.json.zst": zst(lines),
        "table.csv.gz": gz(to_csv),
        "table.parquet.zst": zst(to_parquet),
        "named_wrongly.csv": lines,
        "named_wrongly.json": to_csv,
    }
    if resource.startswith("voipbin."):
        shapes |= {
            "page.json": page,
            "pages.ndjson": lambda rows: b"".join(page([row]) + b"\n" for row in rows),
        }
    if resource == "outreach.calls":
        shapes |= {
            "jsonapi.json": jsonapi("call"),
            "jsonapi_bare.json": jsonapi("call", bare=True),
            "jsonapi.ndjson": jsonapi_lines("call"),
            "underscores.csv": flattened("__", to_csv),
            "dots.ndjson": flattened(".", lines),
            "dots.parquet": flattened(".", to_parquet),
        }
    return shapes
