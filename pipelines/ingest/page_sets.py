"""Rows without an identity: list pages whose rows are known only by what they say, and by their place in a set of pages.

Belongs here: sets of pages, the key made from them, and the total that a set's pages state. Does not belong here:
reading (``load``), versions of rows that have a key (``merge``), and which resources have such rows (``sources``).

Every row read is kept (``tables.kept_rows``), and the raw table is rebuilt from all of them. So it does not matter in
which run a page of a set arrives. A set is what one listing for one owner returned: the pages with one folder, one owner
and one ``total``. When a page with the same ``skip`` comes again, by file name, it belongs to the next listing. A file
without pages is a set of its own. A file with the bytes of another is a page again: it is not read twice, but it stands
in its own set, where its rows may be others than the original's.
"""

from __future__ import annotations

import re

import duckdb

from pipelines.ingest import changes
from pipelines.ingest.merge import finality
from pipelines.sources import PageSets, Resource
from pipelines.sql_text import quoted
from pipelines.warehouse.tables import kept_pages, kept_rows, raw_columns


def owner_in_path(sets: PageSets, name: str) -> str | None:
    """The owner that a file's name (relative to the landing folder) gives: the innermost of several. None without one."""
    found = re.findall(sets.owner_in_path, name)
    return str(found[-1]) if found else None


def rebuild(con: duckdb.DuckDBPyConnection, resource: Resource, sets: PageSets, first_id: int) -> None:
    """Rebuild the raw table from every row ever read, and account for each file anew.

    Changes count from file ``first_id``.
    """
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
            p.page, p.owner, p.total, p.skip, p.rows,
            row_number() OVER (PARTITION BY p.owner, regexp_replace(a.file, '/[^/]*$', ''), p.total, p.skip
                ORDER BY a.file, a.file_id, p.page) AS listing
        FROM {kept_pages(resource)} AS p JOIN landing.files AS a ON coalesce(a.same_as, a.file_id) = p.file_id""")
    changes.keep_fingerprints(con, resource, "ingest_before")
    con.execute(f"DELETE FROM {table}")
    con.execute(f"""
        INSERT INTO {table} ({quoted(resource.key[0])}, {listed})
        WITH placed AS (
            SELECT r.*, a.file, a.file_id AS as_file, s.folder AS set_folder, s.total AS set_total, s.listing AS set_listing,
                s.skip AS set_skip, CASE WHEN s.page IS NULL THEN a.file_id END AS set_file
            FROM {kept_rows(resource)} AS r
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
                {finality(resource)} DESC, CAST(json_array({content}, extra) AS VARCHAR) DESC,
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
    _note_totals(con, resource, sets)
    con.execute("DROP TABLE ingest_sets")


def _note_totals(con: duckdb.DuckDBPyConnection, resource: Resource, sets: PageSets) -> None:
    """Report the sets that have more or fewer rows than the ``total`` of their pages."""
    about = {"source": resource.source, "resource": resource.name}
    con.execute(
        "DELETE FROM landing.notices WHERE source = $source AND resource = $resource AND code = 'page_total'",
        about,
    )
    con.execute(
        """INSERT INTO landing.notices
        SELECT min(as_file), $source, $resource, min(file), 'page_total', $field, CAST(owner AS VARCHAR),
            sum(rows), format('{} rows in {} pages, where the pages say {}', sum(rows), count(*), total)
        FROM ingest_sets WHERE total IS NOT NULL
        GROUP BY owner, folder, total, listing HAVING sum(rows) <> total
        ORDER BY min(file), owner""",
        {**about, "field": sets.owner},
    )
