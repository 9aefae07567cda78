"""Rows without an identity: LionDesk's lists, where a row is known only by what it says and where in a set it stands.

Belongs here: sets of pages, the key made from them, and what can be said of a set (its total) or a row (whether it
contradicts itself). Does not belong here: reading (``load``) and versions of rows that have a key (``merge``).

Every row read is kept in ``landing.page_rows``, and the raw table is made anew from all of them, so that it does not
matter in which run a page of a set arrives. A set is what one listing of one contact gave: pages of one folder, one
contact and one ``total``; where a page with the same ``skip`` comes again, by file name, the second is of the second
listing. A file without pages is a set of its own. A file with the bytes of another one is a page again: it is not
read twice, but it stands in its sets, where its rows may be others than the original's.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.ingest import changes
from pipelines.sources import Resource
from pipelines.sql_text import quoted
from pipelines.warehouse.tables import raw_columns


@dataclass(frozen=True, slots=True)
class PageSets:
    """How the rows of one resource get their key: ``native`` where it is there, else a hash of these fields."""

    owner: str
    native: str
    same: tuple[str, ...]


PAGE_SETS = {
    "liondesk.contact_communications": PageSets(
        owner="contact_id",
        native="id",
        same=("contact_id", "campaign_name", "type", "template_folder_name", "template_name", "send_at"),
    )
}
"""Resources whose rows have no identity of their own."""

ROWS = "landing.page_rows"
PAGES = "landing.pages"

INCONSISTENT = (
    ("completing_user_id", "is_active AND completing_user_id IS NOT NULL", "active, with a completing user"),
    ("completed_at", "is_active AND completed_at IS NOT NULL", "active, with a time of completion"),
    ("completed_at", "NOT is_active AND completed_at IS NULL", "not active, without a time of completion"),
)
"""Field, condition (SQL) and words for a row that contradicts what the vendor says of it. It is kept."""


def create_books(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Make the two tables that remember rows and pages, where they are missing."""
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in raw_columns(resource).items())
    con.execute(
        f"CREATE TABLE IF NOT EXISTS {ROWS} ({columns}, page BIGINT, item BIGINT, total BIGINT, skip BIGINT)"
    )
    con.execute(
        f"CREATE TABLE IF NOT EXISTS {PAGES} "
        "(file_id INTEGER, page BIGINT, contact_id BIGINT, total BIGINT, skip BIGINT, rows BIGINT)"
    )


def rebuild(con: duckdb.DuckDBPyConnection, resource: Resource, first_id: int) -> None:
    """Make the raw table from every row ever read, and account for each file anew.

    Changes count from file ``first_id``.
    """
    sets = PAGE_SETS[resource.full_name]
    table = f"raw.{quoted(resource.table)}"
    columns = [name for name in raw_columns(resource) if name != resource.key[0]]
    listed = ", ".join(map(quoted, columns))
    # A row of a copied page that no row of the original stands for is the copy's.
    chosen = {"_deleted_at": "latest_deletion", "_file_id": "as_file"}
    taken = ", ".join(chosen.get(name, quoted(name)) for name in columns)
    same = ", ".join(map(quoted, sets.same))
    content = ", ".join(quoted(f.name) for f in resource.fields if f.name not in resource.key)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE ingest_sets AS
        SELECT a.file_id AS as_file, a.file, regexp_replace(a.file, '/[^/]*$', '') AS folder,
            p.page, p.contact_id, p.total, p.skip, p.rows,
            row_number() OVER (PARTITION BY p.contact_id, regexp_replace(a.file, '/[^/]*$', ''), p.total, p.skip
                ORDER BY a.file, a.file_id, p.page) AS listing
        FROM {PAGES} AS p JOIN landing.files AS a ON coalesce(a.same_as, a.file_id) = p.file_id""")
    changes.keep_fingerprints(con, resource, "ingest_before")
    con.execute(f"DELETE FROM {table}")
    con.execute(f"""
        INSERT INTO {table} ({quoted(resource.key[0])}, {listed})
        WITH placed AS (
            SELECT r.*, a.file, a.file_id AS as_file, s.folder AS set_folder, s.total AS set_total, s.listing AS set_listing,
                s.skip AS set_skip, CASE WHEN s.page IS NULL THEN a.file_id END AS set_file
            FROM {ROWS} AS r
            JOIN landing.files AS a ON coalesce(a.same_as, a.file_id) = r._file_id
            LEFT JOIN ingest_sets AS s ON s.as_file = a.file_id AND s.page = r.page
        ),
        numbered AS (
            SELECT *, row_number() OVER (
                PARTITION BY set_folder, set_total, set_listing, set_file, {same}
                ORDER BY set_skip, file, page, item) AS ordinal
            FROM placed
        ),
        keyed AS (
            SELECT *, CASE WHEN {quoted(sets.native)} IS NOT NULL THEN CAST({quoted(sets.native)} AS VARCHAR)
                ELSE sha256(CAST(json_array({same}, ordinal) AS VARCHAR)) END AS made_key
            FROM numbered
        )
        SELECT made_key, {taken} FROM (
            SELECT *, row_number() OVER (PARTITION BY made_key ORDER BY
                coalesce(CAST({resource.settled} AS INTEGER), 0) DESC, CAST(json_array({content}, extra) AS VARCHAR) DESC,
                as_file <> _file_id, as_file, page, item) AS place,
                max(_deleted_at) OVER (PARTITION BY made_key) AS latest_deletion
            FROM keyed
        ) WHERE place = 1""")
    con.execute(
        f"""UPDATE landing.files SET rows_accepted = coalesce(kept, 0),
            rows_superseded = rows_read - rows_rejected - coalesce(kept, 0)
        FROM (
            SELECT file_id AS id, kept FROM landing.files
            LEFT JOIN (SELECT _file_id, count(*) AS kept FROM {table} GROUP BY _file_id) ON _file_id = file_id
            WHERE source = $source AND resource = $resource
        ) WHERE id = file_id""",
        {"source": resource.source, "resource": resource.name},
    )
    changes.note_differences(con, resource, "ingest_before", first_id)
    _note_totals(con, resource)
    _note_contradictions(con, resource, table)
    con.execute("DROP TABLE ingest_sets")


def _note_totals(con: duckdb.DuckDBPyConnection, resource: Resource) -> None:
    """Say of which sets there are more or fewer rows than their pages' ``total``."""
    about = {"source": resource.source, "resource": resource.name}
    con.execute(
        "DELETE FROM landing.notices WHERE source = $source AND resource = $resource AND code = 'page_total'",
        about,
    )
    con.execute(
        """INSERT INTO landing.notices
        SELECT min(as_file), $source, $resource, min(file), 'page_total', 'contact_id', CAST(contact_id AS VARCHAR),
            sum(rows), format('{} rows in {} pages, where the pages say {}', sum(rows), count(*), total)
        FROM ingest_sets WHERE total IS NOT NULL
        GROUP BY contact_id, folder, total, listing HAVING sum(rows) <> total
        ORDER BY min(file), contact_id""",
        about,
    )


def _note_contradictions(con: duckdb.DuckDBPyConnection, resource: Resource, table: str) -> None:
    about = {"source": resource.source, "resource": resource.name}
    con.execute(
        "DELETE FROM landing.notices WHERE source = $source AND resource = $resource AND code = 'inconsistent'",
        about,
    )
    for name, condition, words in INCONSISTENT:
        con.execute(
            f"""INSERT INTO landing.notices
            SELECT file_id, source, resource, file, 'inconsistent', $field, NULL, n, $words
            FROM (SELECT _file_id, count(*) AS n FROM {table} WHERE {condition} GROUP BY _file_id)
            JOIN landing.files ON file_id = _file_id""",
            {"field": name, "words": words},
        )
