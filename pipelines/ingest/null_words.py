"""Null as a word: what tools write into a flat file where a value is missing.

Belongs here: which words of a file stand for null, and the SQL that leaves them out. Does not belong here: the words in
columns whose values are no texts, which are never values (``values``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from pipelines.ingest.batches import Survey
from pipelines.ingest.names import Matched, fields_of, is_known
from pipelines.ingest.unpack import Note
from pipelines.ingest.values import ALWAYS_NULL, NULL_WORDS
from pipelines.sources import Resource
from pipelines.sql_text import literal


def is_null_word(x: str) -> str:
    """SQL: true if the text is such a word, be it with spaces around it.

    Most values are told by their first letter, their last one or their length.
    """
    longest = max(map(len, NULL_WORDS))
    words = ", ".join(map(literal, NULL_WORDS))
    return (
        f"CASE WHEN {x} >= '0' AND {x} < ':' THEN false WHEN {x} < '!' OR {x} LIKE '% ' THEN trim({x}) IN ({words}) "
        f"WHEN strlen({x}) > {longest} THEN false ELSE {x} IN ({words}) END"
    )


def text_columns(resource: Resource, found: Survey) -> list[str]:
    """The places of a flat file's columns in which a word for null may be a text. In any other it is no value."""
    texts = {field.name for field in resource.fields if field.kind in ("text", "texts")}
    return [
        column.where
        for column in found.flat
        if not is_known(resource, column.name) or texts & fields_of(resource, [column.name])
    ]


def survey_null_words(
    con: duckdb.DuckDBPyConnection,
    resource: Resource,
    found: Survey,
    matched: Matched,
    places: Iterable[str],
    sql: str,
    parameters: dict[str, Any],
) -> None:
    r"""Find the words that stand for null in these columns of a flat file, which hold texts: ``Survey.nulls``.

    ``\N`` and ``NULL`` always do, and so does every other word in a column whose values are no texts. In a column of
    texts another word does if the same file writes null with it in a column of another type, or if the column has no
    empty value, and so no other way to say null. A value that the contract knows stays. ``matched`` is what the columns
    are.
    """
    field_at = {place: f for f in resource.fields for place in matched.fields.get(f.name, ())}
    counts = []
    for where in places:
        x = f"c{where}"
        counts += con.execute(
            f"""SELECT f, {literal(where)}, CASE WHEN {is_null_word(x)} THEN trim({x}) END AS word, count(*) AS n,
                count(*) FILTER (WHERE coalesce(trim({x}), '') = '') AS empty
            FROM ({sql}) GROUP BY f, word""",
            parameters,
        ).fetchall()
    empty_in = {(file, where): empty for file, where, word, _, empty in counts if word is None}
    counts = [each for each in counts if each[2] is not None]
    surely = {
        (file, word)
        for file, where, word, _, _ in counts
        if (f := field_at.get(where)) is not None
        and f.kind != "text"
        and where not in matched.markers.values()
    }
    for file, where, word, rows, _ in sorted(counts):
        field = field_at.get(where)
        if field is not None and word in (*field.closed, *field.known):
            continue
        is_text = field is None or (field.kind == "text" and not field.closed)
        if word in ALWAYS_NULL or not is_text or (file, word) in surely or not empty_in.get((file, where)):
            found.nulls.setdefault(where, {}).setdefault(file, []).append(word)
            if is_text and word not in ALWAYS_NULL:
                name = found.flat_at[where].name
                found.notes.append((file, Note("null_word", rows, f"{word} is taken for null", field=name)))


def without_null_words(found: Survey, where: str, x: str) -> str:
    """SQL: the value ``x`` of a column of a flat file; null where it is a word that stands for null in its file."""
    for words in sorted({tuple(words) for words in found.nulls.get(where, {}).values()}):
        files = [str(file) for file, its in found.nulls[where].items() if tuple(its) == words]
        listed = ", ".join(map(literal, words))
        x = f"CASE WHEN trim({x}) IN ({listed}) AND f IN ({', '.join(files)}) THEN NULL ELSE {x} END"
    return x
