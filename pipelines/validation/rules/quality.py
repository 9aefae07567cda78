"""The rules of schema ``quality``: the row accounting, and the notices that somebody should act on."""

from __future__ import annotations

from pipelines.sources import RESOURCES
from pipelines.sql_text import literal, quoted
from pipelines.validation.rule import Rule
from pipelines.validation.rules.vocabulary import REJECTED_SHARE

_RAW_COUNTS = " UNION ALL ".join(
    f"SELECT {literal(r.source)} AS source, {literal(r.name)} AS resource, count(*) AS rows FROM raw.{quoted(r.table)}"
    for r in RESOURCES
)

_NAMED = 3
"""How many files a rule names."""

QUALITY_RULES = (
    Rule(
        "quality.row_accounting",
        "accounting_law_holds",
        "For every file, rows read = accepted + superseded + rejected.",
        query="""
SELECT source, resource, file, rows_read, rows_accepted, rows_superseded, rows_rejected
FROM quality.row_accounting
WHERE NOT coalesce(rows_read = rows_accepted + rows_superseded + rows_rejected, FALSE)
    OR least(rows_read, rows_accepted, rows_superseded, rows_rejected) < 0""",
    ),
    Rule(
        "quality.row_accounting",
        "accepted_rows_equal_the_table",
        "The rows accepted from all files of a resource are as many as the rows of its raw table.",
        query=f"""
SELECT stored.source, stored.resource, stored.rows, coalesce(accounted.rows, 0) AS accepted
FROM ({_RAW_COUNTS}) AS stored
LEFT JOIN (
    SELECT source, resource, sum(rows_accepted) AS rows FROM quality.row_accounting GROUP BY source, resource
) AS accounted ON accounted.source = stored.source AND accounted.resource = stored.resource
WHERE stored.rows <> coalesce(accounted.rows, 0)""",
    ),
    Rule(
        "quality.row_accounting",
        "rejected_rows_are_listed",
        "Every rejected row of a file is listed in quality.rejected_rows.",
        query="""
SELECT accounted.source, accounted.resource, accounted.file, accounted.rows_rejected, coalesce(listed.rows, 0) AS listed
FROM quality.row_accounting AS accounted
LEFT JOIN (
    SELECT source, resource, file, count(*) AS rows FROM quality.rejected_rows GROUP BY source, resource, file
) AS listed
    ON listed.source = accounted.source AND listed.resource = accounted.resource AND listed.file = accounted.file
WHERE accounted.rows_rejected <> coalesce(listed.rows, 0)""",
    ),
    Rule(
        "quality.row_accounting",
        "some_row_is_taken",
        "Of the rows in the files that lie in the landing folder, at least one is accepted or superseded.",
        # A copy has the rows of the file that has the same bytes, so each content counts once.
        query=f"""
WITH contents AS (
    SELECT coalesce(same_as, file_id) AS file_id, min(file) AS file
    FROM landing.files
    WHERE is_current AND is_present
    GROUP BY coalesce(same_as, file_id)
),
first_rejects AS (
    SELECT file_id, arg_min(reason || coalesce(' (' || detail || ')', ''), position) AS reason
    FROM landing.rejected_rows
    GROUP BY file_id
)
SELECT CAST(sum(files.rows_read) AS BIGINT) AS rows, count(*) AS number,
    list_slice(list(contents.file ORDER BY contents.file), 1, {_NAMED}) AS files,
    arg_min(first_rejects.reason, contents.file) AS reason
FROM contents
INNER JOIN landing.files AS files ON files.file_id = contents.file_id
LEFT JOIN first_rejects ON first_rejects.file_id = contents.file_id
WHERE files.rows_read > 0
HAVING sum(files.rows_accepted + files.rows_superseded) = 0""",
        sentence="every row was refused: {rows} rows in {number} files; first reason: {reason}; files: {files}; correct them "
        "and run again",
    ),
    Rule(
        "quality.row_accounting",
        "rejected_share_is_low",
        f"At most {REJECTED_SHARE:.0%} of the rows in a resource's present files are rejected.",
        "warn",
        query=f"""
SELECT source, resource, sum(rows_rejected) AS rejected, sum(rows_in_file) AS rows_in_files
FROM quality.row_accounting
GROUP BY source, resource
HAVING sum(rows_rejected) > {REJECTED_SHARE} * sum(rows_in_file)""",
    ),
    *(
        Rule(
            "quality.notices",
            name,
            description,
            "warn",
            query=f"""
SELECT source, resource, field, value, sum(rows) AS rows, min(file) AS first_file, min(detail) AS detail
FROM quality.notices
WHERE code = {literal(code)}
GROUP BY source, resource, field, value
ORDER BY rows DESC, source, resource, field, value""",
        )
        for name, code, description in (
            (
                "values_are_known",
                "unknown_value",
                "Fields with a known set of values have no other value; map the new ones.",
            ),
            (
                "side_matters_are_read",
                "left_out",
                "Every value can be read, also of the fields that cost no row, such as tags.",
            ),
            (
                "states_are_consistent",
                "inconsistent",
                "No row contradicts itself. The state of a row that does is derived from its other fields.",
            ),
            (
                "no_page_is_missing",
                "page_total",
                "A page set holds as many rows as its pages say.",
            ),
            (
                "no_pull_has_stopped",
                "round_page",
                "No pull has ended after one page with a round number of rows.",
            ),
            (
                "loaders_keep_values",
                "loader_changed",
                "No loading tool says that it emptied or cut a value.",
            ),
        )
    ),
    Rule(
        "quality.notices",
        "every_file_is_read",
        "Every file in the landing folder lies in a resource's folder and has a name that is read.",
        "warn",
        query="""
SELECT file AS first_file, rows AS files, detail
FROM quality.notices
WHERE code = 'not_read'
ORDER BY file, detail""",
    ),
)
